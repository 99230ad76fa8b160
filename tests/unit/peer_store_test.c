/*
 * peer_store: what stays and what goes, whatever is said by whom. Each test
 * plays a poisoner.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/libp2p/peer_store.h"
#include "tests/unit/test_env.h"

#define HOUR_MS 3600000ULL

static struct test_env t;
static struct peer_store *s;
static struct peer_store_limits limits;

static void
begin(void)
{
	test_env_init(&t, 1);
	limits = peer_store_limits_default();
	limits.peers_max = 200;
	limits.per_source_max = 40;
	limits.per_net_max = 10;
	s = peer_store_new(&limits, &t.env, &t.mem);
	assert_non_null(s);
}

static void
end(void)
{
	peer_store_free(s);
	test_env_check(&t);
}

static struct peer_id
peer(unsigned n)
{
	uint8_t pub[32] = { 1 };

	put_u32be(pub + 4, n);
	return peer_id_of_ed25519(pub);
}

static struct slice
raw_of(const char *text)
{
	static uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };

	assert_int_equal(multiaddr_get(slice_str(text), &b), OK);
	return buf_slice(&b);
}

static err
add(unsigned n, const char *addr, enum peer_source source)
{
	const struct peer_id id = peer(n);

	return peer_store_add(s, &id, raw_of(addr), source, t.now_ms, NULL);
}

/* In a /24 of its own. */
static err
add_far(unsigned n, enum peer_source source)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "/ip4/%u.%u.%u.1/tcp/9",
	    20 + n / 65536, n / 256 % 256, n % 256);
	return add(n, text, source);
}

static struct known_peer *
find(unsigned n)
{
	const struct peer_id id = peer(n);

	return peer_store_find(s, &id);
}

static void
prove(unsigned n)
{
	struct known_peer *p = find(n);

	peer_store_proven(s, p, p->addrs, t.now_ms);
}

static struct peer_store_stats
stats(void)
{
	struct peer_store_stats out;

	peer_store_stats(s, &out);
	assert_true(out.bytes <= limits.bytes_max);
	assert_true(out.peers <= limits.peers_max);
	return out;
}

/* A hundred thousand peers of one source: its share, and nobody else's. */
static void
test_one_source(void **state)
{
	(void)state;
	begin();
	for (unsigned n = 1; n <= 20; n++)
		assert_int_equal(add_far(n, PEER_LAN + n % 4), OK);
	assert_int_equal(add_far(30, PEER_BOOTSTRAP), OK);
	assert_int_equal(add_far(31, PEER_DISK), OK);
	for (unsigned n = 1000; n < 21000; n++)
		(void)!add_far(n, PEER_DHT);
	const struct peer_store_stats st = stats();
	assert_int_equal(st.by_source[PEER_DHT], 40);
	assert_int_equal(st.peers, 62);
	for (unsigned n = 1; n <= 20; n++)
		assert_non_null(find(n));
	/* The first came and stay: nobody has tried them yet. */
	assert_non_null(find(1000));
	assert_null(find(1040));
	/* Tried in vain, they give way. */
	for (unsigned n = 1000; n < 1040; n++)
		find(n)->fails = 1;
	for (unsigned n = 2000; n < 2040; n++)
		assert_int_equal(add_far(n, PEER_DHT), OK);
	assert_null(find(1000));
	assert_int_equal(stats().evicted, 40);
	end();
}

/* All sources at once: what is proven and what is wanted stays. */
static void
test_all_sources(void **state)
{
	(void)state;
	begin();
	for (unsigned n = 0; n < 10; n++) {
		assert_int_equal(add_far(n, PEER_EXCHANGE), OK);
		prove(n);
	}
	for (unsigned n = 1000; n < 20000; n++)
		(void)!add_far(n, PEER_LAN + n % (PEER_SOURCES - PEER_LAN));
	struct peer_store_stats st = stats();
	assert_int_equal(st.peers, 200);
	for (unsigned n = 0; n < 10; n++)
		assert_non_null(find(n));
	/* The operator's get in at any time, up to the last place. */
	for (unsigned n = 100; n < 150; n++)
		assert_int_equal(add_far(n, PEER_OPERATOR), OK);
	st = stats();
	assert_int_equal(st.by_source[PEER_OPERATOR], 50);
	assert_int_equal(st.peers, 200);
	for (unsigned n = 0; n < 10; n++)
		assert_non_null(find(n));
	end();
}

/* One network has its share; a LAN is not counted so. */
static void
test_one_net(void **state)
{
	char text[64];

	(void)state;
	begin();
	for (unsigned n = 0; n < 30; n++) {
		(void)snprintf(
		    text, sizeof(text), "/ip4/198.51.100.%u/tcp/9", n);
		assert_int_equal(
		    add(n, text, PEER_DHT), n < 10 ? OK : ERR_LIMIT);
		(void)snprintf(
		    text, sizeof(text), "/ip6/2001:db8:1:%x::1/tcp/9", n);
		assert_int_equal(
		    add(100 + n, text, PEER_EXCHANGE), n < 10 ? OK : ERR_LIMIT);
		(void)snprintf(text, sizeof(text), "/ip4/10.0.0.%u/tcp/9", n);
		assert_int_equal(add(200 + n, text, PEER_LAN), OK);
	}
	end();
}

/* One peer names ten thousand addresses. */
/*
 * A machine with a thousand keys answers each dial: that earns it no more
 * places than its network has; nor does another's address in front.
 */
static void
test_one_net_proven(void **state)
{
	struct known_peer *p = NULL;
	unsigned taken = 0, second = 0;
	char text[64];

	(void)state;
	begin();
	for (unsigned i = 0; i < 100; i++) {
		const struct peer_id id = peer(i);
		(void)snprintf(
		    text, sizeof(text), "/ip4/198.51.100.7/tcp/%u", 1000 + i);
		if (peer_store_add(s, &id, raw_of(text), PEER_EXCHANGE,
			t.now_ms, &p) != OK)
			continue;
		taken++;
		peer_store_proven(s, p, p->addrs, t.now_ms);
	}
	assert_int_equal(taken, limits.per_net_max);
	for (unsigned i = 200; i < 230; i++) {
		(void)snprintf(
		    text, sizeof(text), "/ip4/198.51.100.7/tcp/%u", 1000 + i);
		assert_int_equal(add_far(i, PEER_EXCHANGE), OK);
		second += add(i, text, PEER_EXCHANGE) == OK;
	}
	assert_int_equal(second, 0);
	/* The operator knows what he does. */
	assert_int_equal(
	    add(300, "/ip4/198.51.100.7/tcp/9", PEER_OPERATOR), OK);
	end();
}

static void
test_one_peer(void **state)
{
	char text[64];

	(void)state;
	begin();
	assert_int_equal(add(1, "/ip4/203.0.113.1/tcp/1", PEER_BOOTSTRAP), OK);
	assert_int_equal(add(1, "/ip4/203.0.113.1/tcp/2", PEER_IDENTIFY), OK);
	prove(1); /* the one added last */
	for (unsigned i = 3; i < 10000; i++) {
		t.now_ms++;
		(void)snprintf(
		    text, sizeof(text), "/ip4/203.0.113.1/tcp/%u", i);
		(void)!add(1, text, PEER_IDENTIFY);
	}
	const struct known_peer *p = find(1);
	assert_int_equal(p->addrs_n, PEER_ADDRS_MAX);
	unsigned kept = 0, proven = 0;
	for (const struct known_addr *a = p->addrs; a != NULL; a = a->next) {
		kept += a->source == PEER_BOOTSTRAP;
		proven += a->proven;
	}
	assert_int_equal(kept, 1);
	assert_int_equal(proven, 1);
	assert_int_equal(p->source, PEER_BOOTSTRAP);
	end();
}

/* Long addresses and records fill the bytes, but not all of them. */
static void
test_bytes(void **state)
{
	static uint8_t record[PEER_RECORD_MAX];
	char text[400], name[240];

	(void)state;
	begin();
	peer_store_free(s);
	limits.bytes_max = 64 << 10;
	s = peer_store_new(&limits, &t.env, &t.mem);
	memset(name, 'a', sizeof(name));
	for (unsigned n = 0; n < 2000; n++) {
		(void)snprintf(
		    text, sizeof(text), "/dns4/%.*s%u/tcp/9", 220, name, n);
		if (add(n, text, PEER_EXCHANGE) == OK)
			(void)!peer_store_record(
			    s, find(n), 1, slice_of(record, sizeof(record)));
	}
	struct peer_store_stats st = stats();
	assert_true(st.bytes > limits.bytes_max / 2);
	assert_true(st.bytes < limits.bytes_max / 5 * 4);
	for (unsigned n = 5000; n < 5010; n++)
		assert_int_equal(add_far(n, PEER_OPERATOR), OK);
	assert_int_equal(peer_store_record(s, find(5000), 1,
			     slice_of(record, sizeof(record))),
	    ERR_LIMIT);
	end();
}

static void
test_records(void **state)
{
	(void)state;
	begin();
	assert_int_equal(add_far(1, PEER_RECORD), OK);
	struct known_peer *p = find(1);
	assert_int_equal(peer_store_record(s, p, 5, slice_str("five")), OK);
	assert_int_equal(
	    peer_store_record(s, p, 5, slice_str("FIVE")), ERR_EXISTS);
	assert_int_equal(
	    peer_store_record(s, p, 4, slice_str("four")), ERR_EXISTS);
	assert_int_equal(peer_store_record(s, p, 6, slice_str("six")), OK);
	assert_int_equal(p->record_n, 3);
	assert_int_equal(stats().records, 1);
	end();
}

/* Each source has its time; what is proven or wanted outlives it. */
static void
test_time(void **state)
{
	static const struct {
		enum peer_source source;
		uint64_t hours;
	} cases[] = {
		{ PEER_LAN, 1 },
		{ PEER_DHT, 1 },
		{ PEER_EXCHANGE, 2 },
		{ PEER_IDENTIFY, 24 },
		{ PEER_RECORD, 24 },
		{ PEER_DISK, 24 * 7 },
		{ PEER_INVITATION, 24 * 14 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin();
		assert_int_equal(add_far(1, cases[i].source), OK);
		assert_int_equal(add_far(2, cases[i].source), OK);
		assert_int_equal(add_far(3, PEER_BOOTSTRAP), OK);
		prove(2);
		if (cases[i].hours > 1)
			t.now_ms += (cases[i].hours - 1) * HOUR_MS;
		peer_store_sweep(s, t.now_ms);
		assert_non_null(find(1));
		t.now_ms += 2 * HOUR_MS;
		peer_store_sweep(s, t.now_ms);
		assert_null(find(1));
		assert_true(find(2) != NULL || cases[i].hours >= 24 * 14);
		t.now_ms += 24 * 15 * HOUR_MS;
		peer_store_sweep(s, t.now_ms);
		assert_null(find(2));
		assert_non_null(find(3));
		end();
	}
}

/* What is in use is never taken away. */
static void
test_in_use(void **state)
{
	(void)state;
	begin();
	assert_int_equal(add_far(1, PEER_DHT), OK);
	assert_int_equal(add_far(2, PEER_DHT), OK);
	assert_int_equal(add_far(3, PEER_DHT), OK);
	find(1)->connected = true;
	find(2)->dials = 1;
	find(3)->asked = true;
	for (unsigned n = 1; n <= 3; n++) {
		find(n)->fails = 200;
		peer_store_drop(s, find(n));
	}
	for (unsigned n = 1000; n < 3000; n++)
		(void)!add_far(n, PEER_DHT);
	t.now_ms += 1000 * HOUR_MS;
	peer_store_sweep(s, t.now_ms);
	for (unsigned n = 1; n <= 3; n++)
		assert_non_null(find(n));
	assert_int_equal(stats().peers, 3);
	end();
}

static void
test_forms(void **state)
{
	static const struct {
		const char *addr;
		err e;
	} cases[] = {
		{ "/ip4/203.0.113.1/tcp/9", OK },
		{ "/ip6/2001:db8::1/tcp/9/ws", OK },
		{ "/dns/example.org/tcp/443/tls/ws", OK },
		{ "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcop"
		  "npyyd:1234",
		    OK },
		{ "/ip4/203.0.113.1/tcp/0", ERR_FORM },
		{ "/ip4/203.0.113.1/udp/9/quic-v1", ERR_FORM },
		{ "/ip4/0.0.0.0/tcp/9", ERR_FORM },
		{ "/ip4/224.0.0.1/tcp/9", ERR_FORM },
		{ "/unix/tmp", ERR_FORM },
		{ "/dnsaddr/example.org", ERR_FORM },
		{ "/ip4/203.0.113.1", ERR_FORM },
	};

	(void)state;
	begin();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (add((unsigned)i, cases[i].addr, PEER_OPERATOR) !=
		    cases[i].e)
			fail_msg("%s", cases[i].addr);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_source),
		cmocka_unit_test(test_all_sources),
		cmocka_unit_test(test_one_net),
		cmocka_unit_test(test_one_net_proven),
		cmocka_unit_test(test_one_peer),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
