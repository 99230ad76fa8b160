/*
 * autonat: who can be reached and who cannot, in virtual time; node 0 asks,
 * the others answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/libp2p/autonat_wire.h"
#include "proto/libp2p/observed.h"
#include "tests/unit/nat_net.h"

static struct host *
host_at(unsigned i)
{
	return nat.net.nodes[i].host;
}

static void
setup(const struct nat_options *o, unsigned nodes)
{
	const struct nat_options d = nat_options();

	nat_init(11);
	for (unsigned i = 0; i < nodes; i++) {
		(void)nat_add(o == NULL ? &d : o);
		if (i > 0)
			assert_int_equal(
			    test_net_connect(&nat.net, 0, i, NULL), OK);
	}
	nat_run(500);
}

static void
set_addr(unsigned node, struct slice addr)
{
	autonat_addrs_set(nat.nodes[node].autonat, &addr, 1, nat.net.t.now_ms);
}

static void
reachable_is_proven(void **state)
{
	struct autonat_addr a;
	struct autonat_stats s;
	uint8_t raw[8];

	(void)state;
	setup(NULL, 5);
	nat.nodes[0].open = true;
	set_addr(0, nat_address(0, raw));
	nat_run(3000);
	assert_true(autonat_addr_at(nat.nodes[0].autonat, 0, &a));
	assert_int_equal(a.verdict, AUTONAT_REACHABLE);
	nat_run(10000);
	assert_true(autonat_addr_at(nat.nodes[0].autonat, 0, &a));
	/* Three voices are enough for a while. */
	assert_int_equal(a.yes, 3);
	assert_int_equal(a.no, 0);
	assert_int_equal(
	    autonat_verdict(nat.nodes[0].autonat), AUTONAT_REACHABLE);
	autonat_stats(nat.nodes[0].autonat, &s);
	assert_int_equal(s.asked, 3);
	/* It is where it comes from: nobody had to be paid. */
	for (unsigned i = 1; i < 5; i++) {
		autonat_stats(nat.nodes[i].autonat, &s);
		assert_int_equal(s.data_bytes, 0);
	}
	/* Later it is asked again, and the world has changed. */
	nat.nodes[0].open = false;
	nat.net.step_ms = 100;
	nat_run(4 * 610000);
	assert_int_equal(
	    autonat_verdict(nat.nodes[0].autonat), AUTONAT_UNREACHABLE);
	nat_fini();
}

static void
unreachable_takes_three(void **state)
{
	struct autonat_addr a;
	uint8_t raw[8];

	(void)state;
	setup(NULL, 4);
	set_addr(0, nat_address(0, raw));
	nat_run(4500);
	assert_int_equal(
	    autonat_verdict(nat.nodes[0].autonat), AUTONAT_UNKNOWN);
	nat_run(6000);
	assert_int_equal(
	    autonat_verdict(nat.nodes[0].autonat), AUTONAT_UNREACHABLE);
	assert_true(autonat_addr_at(nat.nodes[0].autonat, 0, &a));
	assert_int_equal(a.no, 3);
	/* Another address begins anew. */
	set_addr(0, nat_address(50, raw));
	assert_int_equal(
	    autonat_verdict(nat.nodes[0].autonat), AUTONAT_UNKNOWN);
	nat_fini();
}

/* An address that is not the asker's own costs it 30 kB at least. */
static void
other_addresses_are_paid(void **state)
{
	struct autonat_stats s;
	struct autonat_addr a;
	uint8_t raw[8];

	(void)state;
	setup(NULL, 2);
	nat.nodes[0].open = true;
	set_addr(0, nat_address(60, raw));
	nat_run(6000);
	autonat_stats(nat.nodes[1].autonat, &s);
	assert_int_equal(s.dialled, 1);
	assert_true(s.data_bytes >= 30000);
	assert_true(s.data_bytes <= 100000 + 4096);
	assert_true(autonat_addr_at(nat.nodes[0].autonat, 0, &a));
	assert_int_equal(a.yes, 1);
	nat_fini();
}

/* ---- a hostile asker ---- */

static struct host_stream
open_request(unsigned from, unsigned to)
{
	struct host_stream s = { 0 };

	assert_int_equal(
	    host_stream_open(host_at(from), test_net_id(&nat.net, to),
		AUTONAT_DIAL_PROTOCOL, nat.net.t.now_ms, &s),
	    OK);
	nat.nodes[from].opened = s; /* the application leaves it alone */
	nat.nodes[from].deaf = true;
	return s;
}

static void
write_message(
    unsigned from, struct host_stream s, const struct autonat_message *m)
{
	uint8_t bytes[8192];
	struct buf b = { bytes, 0, sizeof(bytes) };
	size_t taken = 0;

	assert_int_equal(autonat_message_put(&b, m), OK);
	assert_int_equal(
	    host_stream_write(host_at(from), s, buf_slice(&b), &taken), OK);
	assert_int_equal(taken, b.n);
}

static void
write_request(unsigned from, struct host_stream s, const struct slice *addrs,
    size_t n, uint64_t nonce)
{
	struct autonat_message m = {
		.type = AUTONAT_REQUEST, .nonce = nonce, .addrs_n = (uint32_t)n
	};

	for (size_t i = 0; i < n; i++)
		m.addrs[i] = addrs[i];
	write_message(from, s, &m);
}

/* The status of the answer; 9999: none. */
static uint32_t
status_of(unsigned from, struct host_stream s)
{
	static uint8_t block[8192];
	const struct slice in = host_stream_read(host_at(from), s);
	struct slice body;
	struct protobuf p;
	struct autonat_message m;
	size_t used = 0;

	if (frame_get(in, 8192, &body, &used) != OK)
		return 9999;
	protobuf_init_block(&p, block, sizeof(block));
	assert_int_equal(autonat_message_get(&p, body, &m), OK);
	return m.type == AUTONAT_RESPONSE ? m.status : 9998;
}

static void
paying_too_little_gets_nothing(void **state)
{
	static const uint8_t zeros[4096];
	struct autonat_stats st;
	uint8_t raw[8];

	(void)state;
	setup(NULL, 2);
	const struct slice addr = nat_address(70, raw);
	struct host_stream s = open_request(0, 1);
	write_request(0, s, &addr, 1, 5);
	nat_run(200);
	assert_int_equal(status_of(0, s), 9998); /* wants to be paid */
	for (int i = 0; i < 7; i++) {            /* 28,672 bytes */
		const struct autonat_message m = { .type = AUTONAT_DATA,
			.data = slice_of(zeros, sizeof(zeros)) };
		write_message(0, s, &m);
		nat_run(100);
	}
	nat_run(20000);
	autonat_stats(nat.nodes[1].autonat, &st);
	assert_int_equal(st.dialled, 0);
	/* Nor do crumbs count: they cost us more than they pay. */
	s = open_request(0, 1);
	write_request(0, s, &addr, 1, 5);
	nat_run(200);
	const struct autonat_message m = { .type = AUTONAT_DATA,
		.data = slice_of(zeros, 10) };
	write_message(0, s, &m);
	nat_run(200);
	autonat_stats(nat.nodes[1].autonat, &st);
	assert_int_equal(st.dialled, 0);
	assert_int_equal(st.refused, 1);
	nat_fini();
}

static void
askers_are_counted(void **state)
{
	struct autonat_stats st;
	uint8_t raw[8];
	unsigned rejected = 0;

	(void)state;
	setup(NULL, 2);
	const struct slice addr = nat_address(0, raw);
	const size_t before = nat.net.nodes[1].mem.used;
	for (int i = 0; i < 40; i++) {
		const struct host_stream s = open_request(0, 1);
		write_request(0, s, &addr, 1, 5);
		nat_run(200);
		rejected += status_of(0, s) == 100;
		host_stream_reset(host_at(0), s);
	}
	autonat_stats(nat.nodes[1].autonat, &st);
	assert_int_equal(st.dialled, 12);
	assert_int_equal(rejected, 28);
	assert_true(nat.net.nodes[1].mem.used < before + 65536);
	nat_fini();
}

static void
private_addresses_are_refused(void **state)
{
	static const uint8_t quic[] = { 4, 1, 2, 3, 4, 0x91, 2, 0x0f, 0xa1,
		0xcd, 3 };
	struct nat_options o = nat_options();
	struct autonat_stats st;
	uint8_t raw[8];
	struct slice addrs[2];

	(void)state;
	o.autonat.private_addrs = false;
	setup(&o, 2);
	addrs[0] = nat_address(0, raw);
	addrs[1] = slice_of(quic, sizeof(quic));
	const struct host_stream s = open_request(0, 1);
	write_request(0, s, addrs, 2, 5);
	nat_run(200);
	assert_int_equal(status_of(0, s), 101);
	/* The first that will do is taken, and no other. */
	static const uint8_t world[8] = { 4, 45, 1, 2, 3, 6, 0x0f, 0xa1 };
	addrs[1] = slice_of(world, 8);
	const struct host_stream t = open_request(0, 1);
	write_request(0, t, addrs, 2, 5);
	nat_run(200);
	assert_int_equal(status_of(0, t), 9998);
	autonat_stats(nat.nodes[1].autonat, &st);
	assert_int_equal(st.dialled, 0);
	/* And our own private one is not asked about. */
	set_addr(0, addrs[0]);
	struct autonat_addr a;
	assert_false(autonat_addr_at(nat.nodes[0].autonat, 0, &a));
	nat_fini();
}

/* A server that says yes without having dialled is not believed. */
static void
words_are_no_proof(void **state)
{
	struct autonat_addr a;
	struct autonat_stats s;
	uint8_t raw[8];

	(void)state;
	setup(NULL, 2);
	set_addr(0, nat_address(0, raw));
	nat.nodes[0].open = false;
	/* The dial is not answered by the net; somebody says OK instead. */
	nat.lies = true;
	nat_run(6000);
	assert_true(autonat_addr_at(nat.nodes[0].autonat, 0, &a));
	assert_int_equal(a.yes, 0);
	assert_int_equal(a.verdict, AUTONAT_UNKNOWN);
	autonat_stats(nat.nodes[0].autonat, &s);
	assert_int_equal(s.failed, 1);
	nat_fini();
}

/* Nor one that brings the nonce on the connection that we made to it. */
static void
nonce_must_come_by_itself(void **state)
{
	struct autonat_addr a;
	struct host_stream back;
	uint8_t raw[32];
	struct buf out = { raw, 0, sizeof(raw) };
	size_t taken = 0;

	(void)state;
	setup(NULL, 2);
	nat.mute = true;
	set_addr(0, nat_address(0, raw));
	nat_run(3000);
	assert_int_equal(nat.nodes[1].dials_n, 1);
	const struct autonat_news *n = &nat.nodes[1].dials[0];
	assert_int_equal(autonat_back_put(&out, n->nonce), OK);
	assert_int_equal(host_stream_open(host_at(1), test_net_id(&nat.net, 0),
			     AUTONAT_BACK_PROTOCOL, nat.net.t.now_ms, &back),
	    OK);
	assert_int_equal(
	    host_stream_write(host_at(1), back, buf_slice(&out), &taken), OK);
	nat_run(500);
	autonat_dialled(
	    nat.nodes[1].autonat, n->id, AUTONAT_DIAL_OK, nat.net.t.now_ms);
	nat_run(500);
	assert_true(autonat_addr_at(nat.nodes[0].autonat, 0, &a));
	assert_int_equal(a.yes, 0);
	assert_int_equal(a.verdict, AUTONAT_UNKNOWN);
	nat_fini();
}

static void
nonsense_is_refused(void **state)
{
	static const char *const junk[] = { "\x01\xff", "\xff\xff\x7f",
		"\x02\x0a\x00", "\x04\x22\x02\x0a\x00", "\x00" };
	struct autonat_stats st;

	(void)state;
	setup(NULL, 2);
	for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
		const struct host_stream s = open_request(0, 1);
		size_t taken = 0;
		assert_int_equal(
		    host_stream_write(host_at(0), s,
			slice_of(junk[i],
			    i == 4 ? 1 : strlen(junk[i]) + (i > 1 ? 1 : 0)),
			&taken),
		    OK);
		host_stream_close(host_at(0), s);
		nat_run(200);
	}
	autonat_stats(nat.nodes[1].autonat, &st);
	assert_int_equal(st.refused, ARRAY_LEN(junk));
	assert_int_equal(nat.net.nodes[1].closes, 0);
	nat_fini();
}

/* ---- observed addresses ---- */

static struct multiaddr_ip
ip4(uint32_t ip, uint16_t port)
{
	struct multiaddr_ip out = { .port = port };

	put_u32be(out.ip, ip);
	return out;
}

static void
observers_vote(void **state)
{
	static struct observed o;
	struct multiaddr_ip best;
	const struct multiaddr_ip mine = ip4(0x2d010203, 4141);
	const struct multiaddr_ip lie = ip4(0x2d010204, 4141);

	(void)state;
	memset(&o, 0, sizeof(o));
	assert_int_equal(observed_at(&o, 0, 1000, &best), 0);
	/* Ten peers of one subnet are one voice. */
	for (uint32_t i = 0; i < 10; i++) {
		const struct multiaddr_ip who = ip4(0x50000000 + i, 1);
		observed_add(&o, &lie, &who, 1000);
	}
	assert_int_equal(observed_at(&o, 0, 1000, &best), 1);
	for (uint32_t i = 0; i < 3; i++) {
		const struct multiaddr_ip who = ip4(0x60000000 + (i << 16), 1);
		observed_add(&o, &mine, &who, 2000);
	}
	assert_int_equal(observed_at(&o, 0, 2000, &best), 3);
	assert_memory_equal(best.ip, mine.ip, 4);
	assert_int_equal(observed_at(&o, 1, 2000, &best), 1);
	assert_int_equal(observed_at(&o, 2, 2000, &best), 0);
	assert_false(observed_symmetric(&o, 2000));
	/* Who changes its mind takes its vote along. */
	const struct multiaddr_ip who = ip4(0x60000005, 1);
	observed_add(&o, &lie, &who, 3000);
	assert_int_equal(observed_at(&o, 0, 3000, &best), 2);
	/* Votes grow old. */
	assert_int_equal(observed_at(&o, 0, 3000 + OBSERVED_MS, &best), 0);
	/* One address with two ports: each sees another. */
	const struct multiaddr_ip other = ip4(0x2d010203, 5555);
	observed_add(&o, &mine, &who, 4000000);
	const struct multiaddr_ip far = ip4(0x70000000, 1);
	observed_add(&o, &other, &far, 4000000);
	assert_true(observed_symmetric(&o, 4000000));
	/* However many come, the table is what it is, and the voted stay. */
	for (uint32_t i = 0; i < 3; i++) {
		const struct multiaddr_ip w = ip4(0x20000000 + (i << 16), 1);
		observed_add(&o, &mine, &w, 4000000);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		const struct multiaddr_ip w = ip4(0x61000000 + (i << 16), 1);
		const struct multiaddr_ip x = ip4(0x2d110203 + i, 1);
		observed_add(&o, &x, &w, 4000001);
	}
	assert_int_equal(observed_at(&o, 0, 4000002, &best), 4);
	assert_int_equal(best.port, 4141);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reachable_is_proven),
		cmocka_unit_test(unreachable_takes_three),
		cmocka_unit_test(other_addresses_are_paid),
		cmocka_unit_test(paying_too_little_gets_nothing),
		cmocka_unit_test(askers_are_counted),
		cmocka_unit_test(private_addresses_are_refused),
		cmocka_unit_test(words_are_no_proof),
		cmocka_unit_test(nonce_must_come_by_itself),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(observers_vote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
