/*
 * relay: reservations, circuits and their limits, in virtual time; node 0 is
 * the relay, 1 has a place there, 2 comes to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/libp2p/envelope.h"
#include "proto/libp2p/relay_wire.h"
#include "tests/unit/nat_net.h"

enum { R, A, B };

static struct host *
host_at(unsigned i)
{
	return nat.net.nodes[i].host;
}

static const struct peer_id *
id_of(unsigned i)
{
	return test_net_id(&nat.net, i);
}

static void
setup(const struct relay_limits *limits, unsigned nodes)
{
	struct nat_options o = nat_options();
	uint8_t raw[8];

	nat_init(7);
	if (limits != NULL)
		o.relay = *limits;
	o.service = true;
	(void)nat_add(&o);
	o.service = false;
	for (unsigned i = 1; i < nodes; i++) {
		(void)nat_add(&o);
		assert_int_equal(test_net_connect(&nat.net, i, R, NULL), OK);
	}
	const struct slice addr = nat_address(R, raw);
	relay_addrs_set(nat.nodes[R].relay, &addr, 1);
	nat_run(500);
}

static void
reserve(unsigned i)
{
	assert_int_equal(
	    relay_reserve(nat.nodes[i].relay, id_of(R), nat.net.t.now_ms), OK);
	nat_run(500);
}

static host_conn
dial(unsigned from, unsigned to)
{
	assert_int_equal(relay_dial(nat.nodes[from].relay, id_of(R), id_of(to),
			     0, nat.net.t.now_ms),
	    OK);
	nat_run(1000);
	return nat_circuit(from, to);
}

static void
reserves_and_renews(void **state)
{
	struct relay_held held;
	struct slice addrs[4];
	uint8_t space[512];
	struct buf b = { space, 0, sizeof(space) };
	char text[MULTIADDR_TEXT_MAX];
	struct relay_stats s;

	(void)state;
	setup(NULL, 3);
	reserve(A);
	assert_true(relay_held_at(nat.nodes[A].relay, 0, &held));
	assert_true(held.held);
	assert_int_equal(held.limit_s, 120);
	assert_int_equal(held.limit_bytes, 128 << 10);
	assert_int_equal(held.until_s, nat.net.t.wall_s + 3600);
	assert_int_equal(
	    relay_reserve(nat.nodes[A].relay, id_of(R), nat.net.t.now_ms),
	    ERR_EXISTS);
	assert_int_equal(relay_addrs(nat.nodes[A].relay, addrs, 4, &b), 1);
	assert_int_equal(multiaddr_put(text, sizeof(text), addrs[0]), OK);
	assert_non_null(strstr(text, "/ip4/10.0.0.0/tcp/4001/p2p/12D3"));
	assert_string_equal(text + strlen(text) - 12, "/p2p-circuit");
	/* At three quarters of its life. */
	nat.nodes[A].news_n = 0;
	nat.net.step_ms = 1000;
	nat.net.t.wall_s += 2800;
	nat_run(2800 * 1000);
	assert_int_equal(nat.nodes[A].news_n, 1);
	assert_int_equal(nat.nodes[A].news[0].type, RELAY_RESERVED);
	assert_true(relay_held_at(nat.nodes[A].relay, 0, &held));
	assert_int_equal(held.until_s, nat.net.t.wall_s + 3600);
	relay_stats(nat.nodes[R].relay, &s);
	assert_int_equal(s.reservations_now, 1);
	assert_int_equal(s.reservations, 1);
	nat_fini();
}

/* What the relay signs says what it should. */
static void
voucher_is_signed(void **state)
{
	static const uint8_t type[2] = { 3, 2 };
	struct host_stream s;
	struct protobuf p;
	struct relay_message m = { .type = HOP_RESERVE };
	struct envelope env;
	static uint8_t block[32768], room[ENVELOPE_ROOM];
	uint8_t bytes[64];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct slice body;
	size_t taken = 0, used = 0;

	(void)state;
	setup(NULL, 2);
	assert_int_equal(host_stream_open(host_at(A), id_of(R),
			     RELAY_HOP_PROTOCOL, nat.net.t.now_ms, &s),
	    OK);
	assert_int_equal(relay_message_put(&out, false, &m), OK);
	assert_int_equal(
	    host_stream_write(host_at(A), s, buf_slice(&out), &taken), OK);
	/* Keep the application's hands off the answer. */
	nat.nodes[A].opened = s;
	nat.nodes[A].deaf = true;
	nat_run(500);
	assert_int_equal(frame_get(host_stream_read(host_at(A), s),
			     RELAY_MESSAGE_MAX, &body, &used),
	    OK);
	protobuf_init_block(&p, block, sizeof(block));
	assert_int_equal(relay_message_get(&p, false, body, &m), OK);
	assert_int_equal(m.status, RELAY_OK);
	assert_true(m.has_reservation);
	assert_int_equal(m.addrs_n, 1);
	assert_int_equal(signed_envelope_open(m.voucher, "libp2p-relay-rsvp",
			     slice_of(type, 2), room, &env),
	    OK);
	assert_true(peer_id_eq(&env.signer, id_of(R)));
	assert_int_equal(env.payload.n, 2 * (2 + id_of(R)->n) + 1 + 5);
	assert_memory_equal(env.payload.p + 2, id_of(R)->bytes, id_of(R)->n);
	nat_fini();
}

static void
circuit_carries_streams(void **state)
{
	struct host_stream s;
	struct host_conn_info info;
	static const uint8_t data[40000];
	size_t taken = 0, sent = 0;
	struct relay_stats stats;

	(void)state;
	setup(NULL, 3);
	reserve(A);
	const host_conn c = dial(B, A);
	assert_int_not_equal(c, 0);
	assert_true(host_conn_find(host_at(B), c, &info));
	assert_true(info.limited);
	assert_true(info.dialer);
	assert_true(peer_id_eq(&info.peer, id_of(A)));
	assert_int_equal(nat.net.nodes[B].ups, 2);
	assert_int_equal(nat.net.nodes[A].ups, 2);
	assert_int_equal(nat.net.nodes[A].identified, 2);
	/* Only what is made for it runs there. */
	assert_int_not_equal(
	    host_stream_open(host_at(B), id_of(A), PLAIN, nat.net.t.now_ms, &s),
	    OK);
	assert_int_equal(
	    host_stream_open(host_at(B), id_of(A), ECHO, nat.net.t.now_ms, &s),
	    OK);
	while (sent < sizeof(data)) {
		assert_int_equal(
		    host_stream_write(host_at(B), s,
			slice_of(data + sent, sizeof(data) - sent), &taken),
		    OK);
		sent += taken;
		nat_run(50);
	}
	nat_run(1000);
	assert_int_equal(nat.nodes[A].echoed, sizeof(data));
	assert_int_equal(nat.nodes[B].got, sizeof(data));
	relay_stats(nat.nodes[R].relay, &stats);
	assert_int_equal(stats.circuits_now, 1);
	assert_true(stats.bytes > 2 * sizeof(data));
	/* Its end is felt by the other. */
	host_conn_close(host_at(B), c, "enough", nat.net.t.now_ms);
	nat_run(1000);
	assert_int_equal(nat.net.nodes[A].downs, 1);
	assert_false(host_conn_find(host_at(A), nat_circuit(A, B), &info));
	relay_stats(nat.nodes[R].relay, &stats);
	assert_int_equal(stats.circuits_now, 0);
	relay_stats(nat.nodes[A].relay, &stats);
	assert_int_equal(stats.own_now, 0);
	nat_fini();
}

static void
bytes_are_limited(void **state)
{
	struct host_stream s;
	static const uint8_t data[4096];
	struct relay_stats stats;

	(void)state;
	setup(NULL, 3);
	reserve(A);
	assert_int_not_equal(dial(B, A), 0);
	assert_int_equal(
	    host_stream_open(host_at(B), id_of(A), ECHO, nat.net.t.now_ms, &s),
	    OK);
	for (int i = 0; i < 64; i++) {
		size_t taken = 0;
		if (host_stream_write(host_at(B), s,
			slice_of(data, sizeof(data)), &taken) != OK)
			break;
		nat_run(50);
	}
	relay_stats(nat.nodes[R].relay, &stats);
	assert_int_equal(stats.cut_bytes, 1);
	assert_int_equal(stats.circuits_now, 0);
	assert_true(nat.nodes[A].echoed < 128 << 10);
	assert_int_equal(nat.net.nodes[A].downs, 1);
	assert_int_equal(nat.net.nodes[B].downs, 1);
	nat_fini();
}

static void
time_is_limited(void **state)
{
	struct relay_stats stats;

	(void)state;
	setup(NULL, 3);
	reserve(A);
	assert_int_not_equal(dial(B, A), 0);
	nat.net.step_ms = 50;
	nat_run(117 * 1000);
	relay_stats(nat.nodes[R].relay, &stats);
	assert_int_equal(stats.circuits_now, 1);
	nat_run(5 * 1000);
	relay_stats(nat.nodes[R].relay, &stats);
	assert_int_equal(stats.cut_time, 1);
	assert_int_equal(stats.circuits_now, 0);
	assert_int_equal(nat.net.nodes[A].downs, 1);
	nat_fini();
}

static const struct relay_news *
last_news(unsigned i)
{
	assert_true(nat.nodes[i].news_n > 0);
	return &nat.nodes[i].news[nat.nodes[i].news_n - 1];
}

static void
refusals_say_why(void **state)
{
	struct relay_limits l = relay_limits_default();

	(void)state;
	l.reservations_max = 2;
	l.circuits_per_peer_max = 1;
	setup(&l, 6);
	/* Without a place there. */
	assert_int_equal(dial(B, A), 0);
	assert_string_equal(
	    last_news(B)->why, "the peer has no reservation at the relay");
	assert_int_equal(last_news(B)->error, ERR_CLOSED);
	reserve(A);
	reserve(3);
	reserve(4);
	assert_int_equal(last_news(4)->type, RELAY_LOST);
	assert_string_equal(
	    last_news(4)->why, "the relay refuses reservations");
	assert_int_not_equal(dial(B, A), 0);
	assert_int_equal(dial(5, A), 0);
	assert_string_equal(last_news(5)->why, "the relay is at a limit");
	/* Not to oneself, nor to the relay through itself. */
	assert_int_equal(relay_dial(nat.nodes[A].relay, id_of(R), id_of(A), 0,
			     nat.net.t.now_ms),
	    ERR_FORM);
	/* A node that is no relay does not speak it. */
	assert_int_equal(test_net_connect(&nat.net, A, B, NULL), OK);
	nat_run(500);
	assert_int_equal(
	    relay_reserve(nat.nodes[A].relay, id_of(B), nat.net.t.now_ms), OK);
	nat_run(500);
	assert_int_equal(last_news(A)->type, RELAY_LOST);
	assert_string_equal(last_news(A)->why, "it is no relay");
	nat_fini();
}

static void
one_subnet_does_not_take_all(void **state)
{
	struct relay_limits l = relay_limits_default();
	struct relay_stats s;

	(void)state;
	l.reservations_per_ip_max = 2;
	setup(&l, 8); /* each has an address of its own */
	for (unsigned i = 1; i < 8; i++)
		reserve(i);
	relay_stats(nat.nodes[R].relay, &s);
	assert_int_equal(s.reservations_now, 7);
	nat_fini();
	/* The same address for all. */
	setup(&l, 1);
	struct nat_options o = nat_options();
	o.relay = l;
	for (unsigned i = 1; i < 6; i++) {
		(void)nat_add(&o);
		assert_int_equal(
		    test_net_connect_as(&nat.net, i, R, 77, NULL), OK);
		nat_run(500);
		reserve(i);
	}
	relay_stats(nat.nodes[R].relay, &s);
	assert_int_equal(s.reservations_now, 2);
	assert_int_equal(s.refused, 3);
	nat_fini();
}

static void
losing_the_relay_ends_all(void **state)
{
	struct relay_stats s;
	struct slice addrs[4];
	uint8_t space[512];
	struct buf b = { space, 0, sizeof(space) };

	(void)state;
	setup(NULL, 3);
	reserve(A);
	assert_int_not_equal(dial(B, A), 0);
	test_net_cut(&nat.net, 0); /* A's wire */
	nat_run(2000);
	assert_int_equal(last_news(A)->type, RELAY_LOST);
	assert_int_equal(relay_addrs(nat.nodes[A].relay, addrs, 4, &b), 0);
	assert_int_equal(nat.net.nodes[A].downs, 2);
	assert_int_equal(nat.net.nodes[B].downs, 1);
	relay_stats(nat.nodes[R].relay, &s);
	assert_int_equal(s.circuits_now, 0);
	assert_int_equal(s.reservations_now, 0);
	nat_fini();
}

/* Somebody who holds no place for us may not bring anybody. */
static void
stop_floods_cost_nothing(void **state)
{
	struct relay_limits l = relay_limits_default();
	struct relay_stats s;
	size_t before, most = 0;

	(void)state;
	l.own_max = 8;
	setup(&l, 3);
	for (int round = 0; round < 2; round++) {
		before = nat.net.nodes[A].mem.used;
		for (int i = 0; i < 60; i++) {
			struct host_stream st;
			const err e = host_stream_open(host_at(R), id_of(A),
			    RELAY_STOP_PROTOCOL, nat.net.t.now_ms, &st);
			(void)e;
			nat_run(20);
			most = MAX(most, nat.net.nodes[A].mem.used);
		}
		relay_stats(nat.nodes[A].relay, &s);
		assert_int_equal(s.own_now, 0);
		assert_true(most < before + 65536);
		/* Now it has one: six may come, and no more. */
		if (round == 0)
			reserve(A);
	}
	nat_run(20000);
	assert_true(nat.net.nodes[A].mem.used < before + 8192);
	/* It is of use still. */
	assert_int_not_equal(dial(B, A), 0);
	nat_fini();
}

/* A circuit whose end does not read costs the relay two windows. */
static void
slow_ends_are_felt(void **state)
{
	struct relay_limits l = relay_limits_default();
	static const uint8_t data[16384];
	struct host_stream s;
	size_t sent = 0, taken = 1;

	(void)state;
	l.data_bytes = 0;
	l.duration_s = 0;
	setup(&l, 3);
	reserve(A);
	assert_int_not_equal(dial(B, A), 0);
	nat.nodes[A].deaf = true;
	/* Without limits it is a connection like any other. */
	assert_int_equal(
	    host_stream_open(host_at(B), id_of(A), PLAIN, nat.net.t.now_ms, &s),
	    OK);
	for (int i = 0; i < 400; i++) {
		if (host_stream_write(host_at(B), s,
			slice_of(data, sizeof(data)), &taken) != OK)
			break;
		sent += taken;
		nat_run(50);
	}
	assert_true(sent > 256 << 10);
	assert_true(sent < 3 << 20);
	assert_true(nat.net.nodes[R].mem.used < 3 << 20);
	assert_int_equal(nat.net.nodes[B].downs, 0);
	/* It goes on when the other reads. */
	nat.nodes[A].deaf = false;
	nat_echo(A);
	nat_run(5000);
	assert_int_equal(nat.nodes[A].echoed, sent);
	nat_fini();
}

static void
reservation_floods_are_bounded(void **state)
{
	struct relay_stats st;
	size_t most = 0;

	(void)state;
	setup(NULL, 2);
	const size_t before = nat.net.nodes[R].mem.used;
	/* Streams that ask for nothing, and that ask for nonsense. */
	for (int i = 0; i < 300; i++) {
		struct host_stream s;
		size_t taken = 0;
		if (host_stream_open(host_at(A), id_of(R), RELAY_HOP_PROTOCOL,
			nat.net.t.now_ms, &s) == OK &&
		    i % 2 == 0)
			assert_int_equal(
			    host_stream_write(host_at(A), s,
				slice_of("\xff\xff\x03junk", 7), &taken),
			    OK);
		nat_run(10);
		most = MAX(most, nat.net.nodes[R].mem.used);
	}
	assert_true(most < before + (1 << 20));
	nat_run(30000);
	assert_true(nat.net.nodes[R].mem.used < before + 65536);
	relay_stats(nat.nodes[R].relay, &st);
	assert_int_equal(st.reservations_now, 0);
	reserve(A);
	assert_int_equal(last_news(A)->type, RELAY_RESERVED);
	nat_fini();
}

static void
splits_addresses(void **state)
{
	static const struct {
		const char *addr;
		err e;
		bool target;
		const char *before;
	} cases[] = {
		{ "/ip4/1.2.3.4/tcp/5/p2p/"
		  "12D3KooWLRPJAA5o6x6zXjMKB4bDVmVx9FYwBEKVEaHHMUYD7UQi/"
		  "p2p-circuit",
		    OK, false, "/ip4/1.2.3.4/tcp/5" },
		{ "/p2p/12D3KooWLRPJAA5o6x6zXjMKB4bDVmVx9FYwBEKVEaHHMUYD7UQi/"
		  "p2p-circuit/p2p/"
		  "12D3KooWLRPJAA5o6x6zXjMKB4bDVmVx9FYwBEKVEaHHMUYD7UQi",
		    OK, true, "" },
		{ "/ip4/1.2.3.4/tcp/5/p2p-circuit", ERR_FORM, false, "" },
		{ "/ip4/1.2.3.4/tcp/5", ERR_NOTFOUND, false, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[MULTIADDR_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		struct slice before = { NULL, 0 };
		struct peer_id relay, target;
		char text[MULTIADDR_TEXT_MAX] = "";
		assert_int_equal(
		    multiaddr_get(slice_str(cases[i].addr), &b), OK);
		assert_int_equal(
		    relay_addr_split(buf_slice(&b), &before, &relay, &target),
		    cases[i].e);
		if (cases[i].e != OK)
			continue;
		assert_int_equal(target.n > 0, cases[i].target);
		if (before.n > 0)
			assert_int_equal(
			    multiaddr_put(text, sizeof(text), before), OK);
		assert_string_equal(text, cases[i].before);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserves_and_renews),
		cmocka_unit_test(voucher_is_signed),
		cmocka_unit_test(circuit_carries_streams),
		cmocka_unit_test(bytes_are_limited),
		cmocka_unit_test(time_is_limited),
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(one_subnet_does_not_take_all),
		cmocka_unit_test(losing_the_relay_ends_all),
		cmocka_unit_test(stop_floods_cost_nothing),
		cmocka_unit_test(slow_ends_are_felt),
		cmocka_unit_test(reservation_floods_are_bounded),
		cmocka_unit_test(splits_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
