/* Multicast DNS: the packets, hostile ones too, and when what is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/net/mdns.h"
#include "proto/libp2p/mdns.h"
#include "proto/libp2p/multiaddr.h"
#include "tests/unit/test_env.h"

#define ID "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"

static struct slice
binary(const char *text, uint8_t raw[MULTIADDR_MAX])
{
	struct buf b = { raw, 0, MULTIADDR_MAX };

	if (multiaddr_get(slice_str(text), &b) != OK)
		fail_msg("%s", text);
	return buf_slice(&b);
}

static struct peer_id
other_id(void)
{
	struct peer_id id;

	assert_int_equal(peer_id_get(slice_str(ID), &id), OK);
	return id;
}

static struct mdns *
machine(struct test_env *t, uint8_t number, bool silent)
{
	const uint8_t pub[32] = { number };
	const struct mdns_config cf = {
		.env = &t->env,
		.mem = &t->mem,
		.self = peer_id_of_ed25519(pub),
		.silent = silent,
		.each_ms = 60000,
	};
	struct mdns *m = mdns_new(&cf, t->now_ms);

	assert_non_null(m);
	return m;
}

/* ---- packets ---- */

static void
test_query(void **state)
{
	static struct mdns_packet p;
	/* As another implementation would write it. */
	static const uint8_t bytes[] = "\0\0\0\0\0\1\0\0\0\0\0\0"
				       "\4_p2p\4_udp\5local\0\0\14\0\1";
	uint8_t raw[MDNS_SEND_MAX];
	struct buf b = { raw, 0, sizeof(raw) };

	(void)state;
	assert_int_equal(mdns_put_query(&b), OK);
	assert_int_equal(b.n, sizeof(bytes) - 1);
	assert_memory_equal(raw, bytes, b.n);
	assert_int_equal(mdns_get(buf_slice(&b), &p), OK);
	assert_int_equal(p.type, MDNS_QUERY);
	assert_false(p.unicast);
	raw[13] = 'X'; /* another service */
	assert_int_equal(mdns_get(buf_slice(&b), &p), OK);
	assert_int_equal(p.type, MDNS_OTHER);
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(mdns_get(slice_of(raw, n), &p), ERR_PEER);
	/* No room: nothing is written. */
	b.n = 0;
	b.cap = 20;
	assert_int_equal(mdns_put_query(&b), ERR_MORE);
	assert_int_equal(b.n, 0);
}

static void
test_answer(void **state)
{
	static struct mdns_packet p;
	uint8_t raw[MDNS_SEND_MAX], a[2][MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	const struct peer_id id = other_id();
	const struct slice addrs[] = { binary(
					   "/ip4/192.168.1.7/tcp/4141", a[0]),
		binary("/ip6/fd00::7/tcp/4141", a[1]) };

	(void)state;
	assert_int_equal(
	    mdns_put_answer(&b, false, "abcdefgh", &id, addrs, 2), OK);
	assert_int_equal(mdns_get(buf_slice(&b), &p), OK);
	assert_int_equal(p.type, MDNS_ANSWER);
	assert_int_equal(p.addrs_n, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct peer_id got;
		const struct slice full = slice_of(p.addr[i], p.addr_n[i]);
		assert_int_equal(multiaddr_peer(full, &got), OK);
		assert_true(peer_id_eq(&got, &id));
		assert_true(slice_eq(multiaddr_strip_peer(full), addrs[i]));
	}
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(mdns_get(slice_of(raw, n), &p), ERR_PEER);
	/* The enumeration says which service there is, and no more. */
	b.n = 0;
	assert_int_equal(
	    mdns_put_answer(&b, true, "abcdefgh", &id, addrs, 2), OK);
	assert_int_equal(mdns_get(buf_slice(&b), &p), OK);
	assert_int_equal(p.addrs_n, 0);
	/* Nothing that may be said: nothing is. */
	b.n = 0;
	assert_int_equal(
	    mdns_put_answer(&b, false, "abcdefgh", &id, addrs, 0), ERR_MORE);
	assert_int_equal(b.n, 0);
}

/* More than one packet holds: as many as fit. */
static void
test_answer_bounds(void **state)
{
	static struct mdns_packet p;
	static uint8_t a[MDNS_ADDRS_MAX][MULTIADDR_MAX];
	uint8_t raw[4000];
	struct buf b = { raw, 0, sizeof(raw) };
	const struct peer_id id = other_id();
	struct slice addrs[MDNS_ADDRS_MAX];
	char text[300];

	(void)state;
	for (size_t i = 0; i < MDNS_ADDRS_MAX; i++) {
		(void)snprintf(text, sizeof(text),
		    "/dns/%064zu.%032zu.example.org/tcp/4141", i, i);
		addrs[i] = binary(text, a[i]);
	}
	assert_int_equal(
	    mdns_put_answer(&b, false, "abcdefgh", &id, addrs, MDNS_ADDRS_MAX),
	    OK);
	assert_true(b.n <= MDNS_SEND_MAX);
	assert_int_equal(mdns_get(buf_slice(&b), &p), OK);
	assert_true(p.addrs_n > 3 && p.addrs_n < MDNS_ADDRS_MAX);
	/* One whose text is longer than a string may be is left out. */
	(void)snprintf(text, sizeof(text), "/dns/%0180d/tcp/1", 7);
	addrs[0] = binary(text, a[0]);
	b.n = 0;
	assert_int_equal(
	    mdns_put_answer(&b, false, "abcdefgh", &id, addrs, 1), ERR_MORE);
}

/* What others may send; the bytes by hand. */
static void
test_hostile(void **state)
{
#define HEAD_Q "\0\0\0\0\0\1\0\0\0\0\0\0"
#define HEAD_R "\0\0\204\0\0\0\0\1\0\0\0\0"
#define TXT    "\1a\4_p2p\4_udp\5local\0\0\20\200\1\0\0\0\170"
	static const struct {
		const char *what, *bytes;
		size_t n;
		err e;
		enum mdns_packet_type type;
	} cases[] = {
#define CASE(what, bytes, e, type) { what, bytes, sizeof(bytes) - 1, e, type }
		CASE("a pointer to itself", HEAD_Q "\300\14\0\14\0\1", ERR_PEER,
		    MDNS_OTHER),
		CASE("a pointer forwards", HEAD_Q "\300\20\0\14\0\1\0\0",
		    ERR_PEER, MDNS_OTHER),
		CASE("two that point to each other",
		    HEAD_Q "\1a\300\16\300\14\0\14\0\1", ERR_PEER, MDNS_OTHER),
		CASE("a label of another kind", HEAD_Q "\100a\0\0\14\0\1",
		    ERR_PEER, MDNS_OTHER),
		CASE("a pointer into the head, that is sound",
		    HEAD_Q "\300\1\0\14\0\1", OK, MDNS_OTHER),
		CASE("65535 questions",
		    "\0\0\0\0\377\377\0\0\0\0\0\0"
		    "\4_p2p\4_udp\5local\0\0\14\0\1",
		    ERR_PEER, MDNS_OTHER),
		CASE("upper case", HEAD_Q "\4_P2P\4_Udp\5LOCAL\0\0\14\0\1", OK,
		    MDNS_QUERY),
		CASE("a dot within a label is no dot",
		    HEAD_Q "\11_p2p._udp\5local\0\0\14\0\1", OK, MDNS_OTHER),
		CASE("another type", HEAD_Q "\4_p2p\4_udp\5local\0\0\1\0\1", OK,
		    MDNS_OTHER),
		CASE("wants its answer back",
		    HEAD_Q "\4_p2p\4_udp\5local\0\0\14\200\1", OK, MDNS_QUERY),
		CASE("a string longer than its record", HEAD_R TXT "\0\2\7d",
		    ERR_PEER, MDNS_OTHER),
		CASE("a record longer than the packet", HEAD_R TXT "\0\7\1d",
		    ERR_PEER, MDNS_OTHER),
		CASE("no address", HEAD_R TXT "\0\12\11dnsaddr=x", OK,
		    MDNS_OTHER),
		CASE("an address without a peer",
		    HEAD_R TXT "\0\37\36dnsaddr=/ip4/127.0.0.1/tcp/80 ", OK,
		    MDNS_OTHER),
		CASE("an address",
		    HEAD_R TXT
		    "\0\130\127dnsaddr=/ip4/10.0.0.1/tcp/4141/p2p/" ID,
		    OK, MDNS_ANSWER),
		CASE("a peer without an address",
		    HEAD_R TXT "\0\102\101dnsaddr=/p2p/" ID, OK, MDNS_OTHER),
		CASE("goodbye",
		    HEAD_R "\1a\4_p2p\4_udp\5local\0\0\20\200\1\0\0\0\0"
			   "\0\130\127dnsaddr=/ip4/10.0.0.1/tcp/4141/p2p/" ID,
		    OK, MDNS_OTHER),
		CASE("another service's",
		    HEAD_R "\1a\4_ssh\4_tcp\5local\0\0\20\200\1\0\0\0\170"
			   "\0\130\127dnsaddr=/ip4/10.0.0.1/tcp/4141/p2p/" ID,
		    OK, MDNS_OTHER),
		CASE("another opcode", "\0\0\50\0\0\1\0\0\0\0\0\0", OK,
		    MDNS_OTHER),
	};
	static struct mdns_packet p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const err e =
		    mdns_get(slice_of(cases[i].bytes, cases[i].n), &p);
		if (e != cases[i].e || (e == OK && p.type != cases[i].type))
			fail_msg("%s: %s, type %d", cases[i].what, err_name(e),
			    (int)p.type);
	}
	uint8_t big[MDNS_PACKET_MAX + 1] = { 0 };
	assert_int_equal(mdns_get(slice_of(big, sizeof(big)), &p), ERR_PEER);
}

/* A name that doubles itself by pointers stays within its bound. */
static void
test_long_names(void **state)
{
	static struct mdns_packet p;
	uint8_t raw[2000] = { 0 };
	size_t n = 12, last = 0;

	(void)state;
	raw[5] = 40; /* questions */
	for (int q = 0; q < 40; q++) {
		const size_t here = n;
		raw[n++] = 20;
		memset(raw + n, 'a', 20);
		n += 20;
		if (last == 0) {
			raw[n++] = 0;
		} else {
			put_u16be(raw + n, (uint16_t)(0xc000 | last));
			n += 2;
		}
		last = here;
		memcpy(raw + n, "\0\14\0\1", 4);
		n += 4;
	}
	assert_int_equal(mdns_get(slice_of(raw, n), &p), ERR_PEER);
}

/* ---- the machine ---- */

/* What it sends within ${ms}: counts by type. */
struct said {
	unsigned queries, answers, enumerations;
	uint64_t first_answer_ms;
	struct mdns_packet last;
};

static void
run(struct test_env *t, struct mdns *m, uint64_t ms, struct said *said)
{
	const uint64_t end = t->now_ms + ms;

	while (t->now_ms < end) {
		t->now_ms += 5;
		if (mdns_expiry(m) <= t->now_ms)
			mdns_on_time(m, t->now_ms);
		for (;;) {
			uint8_t raw[MDNS_SEND_MAX];
			struct buf b = { raw, 0, sizeof(raw) };
			if (!mdns_send(m, false, &b))
				break;
			mdns_sent(m, t->now_ms);
			if (b.n == 0)
				continue;
			assert_int_equal(
			    mdns_get(buf_slice(&b), &said->last), OK);
			said->queries += said->last.type == MDNS_QUERY;
			said->answers += said->last.type == MDNS_ANSWER;
			said->enumerations += said->last.type == MDNS_OTHER;
			if (said->last.type == MDNS_ANSWER &&
			    said->first_answer_ms == 0)
				said->first_answer_ms = t->now_ms;
		}
	}
}

static void
ask(struct test_env *t, struct mdns *m, bool enumerate)
{
	uint8_t raw[MDNS_SEND_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	static const uint8_t all[] = "\0\0\0\0\0\1\0\0\0\0\0\0"
				     "\11_services\7_dns-sd\4_udp\5local\0"
				     "\0\14\0\1";

	assert_int_equal(mdns_put_query(&b), OK);
	mdns_recv(m, enumerate ? slice_of(all, sizeof(all) - 1) : buf_slice(&b),
	    t->now_ms);
}

static void
test_talk(void **state)
{
	struct test_env t;
	struct said said = { 0 };
	uint8_t raw[3][MULTIADDR_MAX];
	const struct slice addrs[] = { binary(
					   "/ip4/127.0.0.1/tcp/4141", raw[0]),
		binary("/ip4/10.0.0.7/tcp/4141", raw[1]),
		binary("/ip4/0.0.0.0/tcp/4141", raw[2]) };

	(void)state;
	test_env_init(&t, 1);
	struct mdns *m = machine(&t, 1, false);
	run(&t, m, 10000, &said);
	assert_int_equal(said.queries, 3);
	/* Without an address nobody is answered. */
	ask(&t, m, false);
	run(&t, m, 2000, &said);
	assert_int_equal(said.answers, 0);
	mdns_addrs_set(m, addrs, 3);
	const uint64_t asked_ms = t.now_ms;
	ask(&t, m, false);
	run(&t, m, 2000, &said);
	assert_int_equal(said.answers, 1);
	assert_int_equal(said.last.addrs_n, 1); /* not the machine's own */
	assert_true(said.first_answer_ms >= asked_ms + 20 &&
		    said.first_answer_ms <= asked_ms + 130);
	/* A flood of questions gets an answer a second. */
	for (unsigned i = 0; i < 1000; i++) {
		ask(&t, m, false);
		run(&t, m, 5, &said);
	}
	assert_in_range(said.answers, 4, 7);
	ask(&t, m, true);
	run(&t, m, 2000, &said);
	assert_int_equal(said.enumerations, 1);
	/* A new network: three questions again. */
	const unsigned before = said.queries;
	mdns_changed(m, t.now_ms);
	run(&t, m, 10000, &said);
	assert_int_equal(said.queries, before + 3);
	run(&t, m, 200000, &said);
	assert_in_range(said.queries, before + 5, before + 6);
	mdns_free(m);
	/* One that only listens tells nothing. */
	m = machine(&t, 1, true);
	said = (struct said){ 0 };
	mdns_addrs_set(m, addrs, 3);
	run(&t, m, 5000, &said);
	ask(&t, m, false);
	ask(&t, m, true);
	run(&t, m, 5000, &said);
	assert_int_equal(said.queries, 3);
	assert_int_equal(said.answers + said.enumerations, 0);
	mdns_free(m);
	test_env_check(&t);
}

static void
test_names(void **state)
{
	struct test_env t;
	uint8_t raw[2][MDNS_SEND_MAX], a[MULTIADDR_MAX];
	const struct slice addr = binary("/ip4/10.0.0.7/tcp/4141", a);

	(void)state;
	test_env_init(&t, 1);
	for (unsigned i = 0; i < 2; i++) {
		struct buf b = { raw[i], 0, MDNS_SEND_MAX };
		struct mdns *m = machine(&t, 1, false);
		mdns_addrs_set(m, &addr, 1);
		ask(&t, m, false);
		t.now_ms += 200;
		mdns_on_time(m, t.now_ms);
		mdns_sent(m, t.now_ms); /* the question */
		assert_true(mdns_send(m, false, &b));
		/* ... 12 of head, 17 of service, 10, then the name. */
		assert_int_equal(raw[i][12 + 17 + 10], 32);
		for (unsigned k = 0; k < 32; k++)
			assert_in_range(raw[i][12 + 17 + 11 + k], 'a', 'z');
		mdns_free(m);
	}
	assert_memory_not_equal(raw[0] + 40, raw[1] + 40, 32);
	test_env_check(&t);
}

/* Peers that it hears of: once a minute, bounded, not itself. */
static void
test_found(void **state)
{
	struct test_env t;
	struct mdns_event ev;
	uint8_t raw[MDNS_SEND_MAX], a[MULTIADDR_MAX];
	const struct slice addr = binary("/ip4/10.0.0.7/tcp/4141", a);
	struct mdns_stats stats;
	unsigned found = 0;

	(void)state;
	test_env_init(&t, 1);
	struct mdns *m = machine(&t, 1, false);
	for (unsigned peer = 1; peer < 4; peer++) {
		const uint8_t pub[32] = { (uint8_t)peer };
		const struct peer_id id = peer_id_of_ed25519(pub);
		struct buf b = { raw, 0, sizeof(raw) };
		assert_int_equal(
		    mdns_put_answer(&b, false, "n", &id, &addr, 1), OK);
		mdns_recv(m, buf_slice(&b), t.now_ms);
		mdns_recv(m, buf_slice(&b), t.now_ms + 1000);
		found = 0;
		while (mdns_next(m, &ev)) {
			found++;
			assert_true(peer_id_eq(&ev.id, &id));
			assert_true(
			    slice_eq(slice_of(ev.addr, ev.addr_n), addr));
		}
		assert_int_equal(found, peer == 1 ? 0 : 1);
		mdns_recv(m, buf_slice(&b), t.now_ms + 61000);
		found = 0;
		while (mdns_next(m, &ev))
			found++;
		assert_int_equal(found, peer == 1 ? 0 : 1);
	}
	/* A thousand liars: bounded within a minute, and memory stands. */
	const size_t used = t.mem.used;
	t.now_ms += 1000000;
	found = 0;
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t pub[32] = { 9 };
		put_u32be(pub + 4, i);
		const struct peer_id id = peer_id_of_ed25519(pub);
		struct buf b = { raw, 0, sizeof(raw) };
		assert_int_equal(
		    mdns_put_answer(&b, false, "n", &id, &addr, 1), OK);
		mdns_recv(m, buf_slice(&b), t.now_ms);
		if (i % 7 == 0)
			while (mdns_next(m, &ev))
				found++;
	}
	assert_in_range(found, 100, 128);
	assert_int_equal(t.mem.used, used);
	mdns_recv(m, slice_of(raw, 5), t.now_ms);
	mdns_stats(m, &stats);
	assert_int_equal(stats.bad, 1);
	assert_true(stats.dropped >= 800);
	mdns_free(m);
	test_env_check(&t);
}

/* ---- who is a neighbour ---- */

static struct sockaddr_storage
sockaddr(const char *ip)
{
	struct sockaddr_storage out = { 0 };

	if (uv_ip4_addr(ip, 5353, (struct sockaddr_in *)(void *)&out) != 0)
		assert_int_equal(
		    uv_ip6_addr(ip, 5353, (struct sockaddr_in6 *)(void *)&out),
		    0);
	return out;
}

static void
test_on_link(void **state)
{
	static const struct {
		const char *from, *at, *mask;
		bool near;
	} cases[] = {
		{ "192.168.7.9", "192.168.7.1", "255.255.255.0", true },
		{ "192.168.8.9", "192.168.7.1", "255.255.255.0", false },
		{ "192.168.8.9", "192.168.7.1", "255.255.0.0", true },
		{ "203.0.113.5", "192.168.7.1", "255.255.255.0", false },
		{ "203.0.113.5", "203.0.113.4", "255.255.255.255", false },
		{ "127.0.0.1", "192.168.7.1", "255.255.255.0", false },
		{ "fe80::1", "2001:db8::1", "ffff:ffff:ffff:ffff::", true },
		{ "2001:db8::9", "2001:db8::1", "ffff:ffff:ffff:ffff::", true },
		{ "2001:db9::9", "2001:db8::1",
		    "ffff:ffff:ffff:ffff::", false },
		{ "fe80::1", "192.168.7.1", "255.255.255.0", false },
		{ "192.168.7.9", "fe80::1", "ffff:ffff:ffff:ffff::", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct sockaddr_storage from = sockaddr(cases[i].from);
		const struct sockaddr_storage at = sockaddr(cases[i].at);
		const struct sockaddr_storage mask = sockaddr(cases[i].mask);
		if (mdns_on_link((const struct sockaddr *)&from,
			(const struct sockaddr *)&at,
			(const struct sockaddr *)&mask) != cases[i].near)
			fail_msg("%s at %s/%s", cases[i].from, cases[i].at,
			    cases[i].mask);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_answer_bounds),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_on_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
