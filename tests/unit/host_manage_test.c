/*
 * How many connections from where, who is closed when there are too many,
 * how many streams each peer may hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "tests/unit/test_net.h"

#define T "/ohcn/1/test/people"

static const char *const app[] = { "/test/a/1", "/test/b/1" };

static struct test_net net; /* large: not on the stack */

static unsigned
add(const struct host_limits *limits)
{
	struct host_config cf = test_net_config();

	if (limits != NULL)
		cf.limits = *limits;
	cf.limits.outbound_wanted = 0;
	cf.protocols = app;
	cf.protocols_n = ARRAY_LEN(app);
	return test_net_add(&net, &cf);
}

static struct host_stats
stats_of(unsigned node)
{
	struct host_stats s;

	host_stats(net.nodes[node].host, &s);
	return s;
}

static bool
is_up(unsigned node)
{
	struct host_peer_info info;

	return host_peer_find(
	    net.nodes[0].host, test_net_id(&net, node), &info);
}

/*
 * Forty places: 35 for those who come, trimmed from 31 to 27. Who is in the
 * mesh, protected, at work, wanted by the operator or new stays.
 */
static void
test_trim(void **state)
{
	struct host_limits limits = test_net_config().limits;
	struct host_stream s;
	uint8_t at[8];

	(void)state;
	test_net_init(&net, 1);
	limits.conns_max = 40;
	limits.conns_per_ip_max = 40;
	limits.grace_ms = 30000;
	struct host *h = net.nodes[add(&limits)].host;
	assert_int_equal(host_subscribe(h, T, 0), OK);
	for (unsigned i = 1; i <= 36; i++) {
		(void)add(NULL);
		if (i <= 4) /* these will be in the mesh */
			assert_int_equal(
			    host_subscribe(net.nodes[i].host, T, 0), OK);
	}
	for (unsigned i = 1; i <= 24; i++)
		assert_int_equal(test_net_connect(&net, i, 0, NULL), OK);
	test_net_run(&net, 32000);
	host_peer_protect(h, test_net_id(&net, 5), true);
	assert_int_equal(host_stream_open(net.nodes[6].host,
			     test_net_id(&net, 0), app[0], net.t.now_ms, &s),
	    OK);
	assert_int_equal(
	    host_peer_add(h, test_net_id(&net, 7), test_net_address(7, at),
		PEER_OPERATOR, net.t.now_ms),
	    OK);
	/* Two of our own choice, one of them connected to us as well. */
	assert_int_equal(test_net_connect(&net, 0, 36, NULL), OK);
	assert_int_equal(test_net_connect(&net, 0, 8, NULL), OK);
	for (unsigned i = 25; i <= 30; i++)
		assert_int_equal(test_net_connect(&net, i, 0, NULL), OK);
	test_net_run(&net, 12000);
	assert_int_equal(stats_of(0).trimmed, 0); /* 30 are not too many */
	for (unsigned i = 31; i <= 34; i++)
		assert_int_equal(test_net_connect(&net, i, 0, NULL), OK);
	test_net_run(&net, 12000);
	struct host_stats st = stats_of(0);
	assert_int_equal(st.trimmed, 34 - 27);
	assert_int_equal(st.conns_in, 27);
	assert_int_equal(st.conns_out, 2);
	for (unsigned i = 1; i <= 8; i++)
		assert_true(is_up(i));
	for (unsigned i = 25; i <= 34; i++)
		assert_true(is_up(i)); /* too new */
	assert_true(is_up(36));
	/* There is room again for who comes late. */
	assert_int_equal(test_net_connect(&net, 35, 0, NULL), OK);
	test_net_run(&net, 500);
	assert_true(is_up(35));
	test_net_fini(&net);
}

/* Strangers take no place of ours, however many they are. */
static void
test_ours_stay(void **state)
{
	struct host_limits limits = test_net_config().limits;
	host_conn id = 0;

	(void)state;
	test_net_init(&net, 2);
	limits.conns_max = 16;
	limits.conns_per_ip_max = 16;
	limits.grace_ms = 0;
	struct host *h = net.nodes[add(&limits)].host;
	for (unsigned i = 1; i <= 40; i++)
		(void)add(NULL);
	for (unsigned i = 1; i <= 14; i++)
		assert_int_equal(test_net_connect(&net, i, 0, NULL), OK);
	assert_int_equal(test_net_connect(&net, 15, 0, NULL), ERR_LIMIT);
	assert_int_equal(test_net_connect(&net, 0, 39, NULL), OK);
	assert_int_equal(test_net_connect(&net, 0, 40, NULL), OK);
	for (unsigned turn = 0; turn < 10; turn++) {
		test_net_run(&net, 2000);
		for (unsigned i = 15; i <= 38; i++)
			(void)!test_net_connect(&net, i, 0, NULL);
	}
	assert_true(is_up(39) && is_up(40));
	assert_true(stats_of(0).trimmed > 10);
	const struct host_conn_config cf = { .dialer = true };
	for (unsigned i = 0; i < 2; i++)
		(void)!host_conn_open(h, &cf, net.t.now_ms, &id);
	assert_int_equal(stats_of(0).peers_out, 2);
	test_net_fini(&net);
}

/*
 * Peers that others have named to us for a question: they are no choice of
 * ours, get a share of the places, and go again when they are too many.
 */
static void
test_once(void **state)
{
	struct host_config cf = test_net_config();
	unsigned asked = 0;
	uint8_t at[8];

	(void)state;
	test_net_init(&net, 6);
	net.dials = true;
	cf.limits.conns_max = 64;
	cf.limits.conns_per_ip_max = 64;
	cf.limits.grace_ms = 5000;
	cf.limits.outbound_wanted = 4;
	cf.limits.feeler_ms = 0;
	struct host *h = net.nodes[test_net_add(&net, &cf)].host;
	for (unsigned i = 1; i <= 60; i++)
		(void)add(NULL);
	for (unsigned i = 1; i <= 50; i++) {
		assert_int_equal(
		    host_peer_add(h, test_net_id(&net, i),
			test_net_address(i, at), PEER_DHT, net.t.now_ms),
		    OK);
		const err e =
		    host_connect_once(h, test_net_id(&net, i), net.t.now_ms);
		assert_true(e == OK || e == ERR_LIMIT);
		asked += e == OK;
	}
	assert_int_equal(asked, 16); /* a quarter */
	test_net_run(&net, 4000);
	/* Four more of our own choice: those asked do not count. */
	assert_int_equal(stats_of(0).peers_out, 4);
	assert_int_equal(stats_of(0).conns_out, 20);
	assert_int_equal(
	    host_connect_once(h, test_net_id(&net, 50), net.t.now_ms) == OK &&
		host_connect_once(h, test_net_id(&net, 49), net.t.now_ms) == OK,
	    false);
	test_net_run(&net, 20000);
	assert_int_equal(stats_of(0).peers_out, 4);
	assert_int_equal(stats_of(0).conns_out, 12); /* an eighth */
	test_net_fini(&net);
}

static err
open_from(struct host *h, const char *text, bool limited)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	host_conn id = 0;

	assert_int_equal(multiaddr_get(slice_str(text), &b), OK);
	const struct host_conn_config cf = { .remote = buf_slice(&b),
		.limited = limited };
	return host_conn_open(h, &cf, net.t.now_ms, &id);
}

/* Per address, per network, per wide network; near ones by address alone. */
static void
test_networks(void **state)
{
	static const struct {
		const char *before, *after;
		unsigned most;
	} cases[] = {
		{ "/ip4/198.51.100.1/tcp/", "", 3 },
		{ "/ip4/198.51.101.", "/tcp/9", 5 },
		{ "/ip4/198.52.", ".1/tcp/9", 8 },
		{ "/ip6/2001:db8:1:1::", "/tcp/9", 3 },
		{ "/ip6/2001:db8:2:", "::1/tcp/9", 5 },
		{ "/ip6/2001:db9:", "::1/tcp/9", 8 },
		{ "/ip4/10.0.0.1/tcp/", "", 3 },
		{ "/ip4/10.0.1.", "/tcp/9", 20 },
		{ "/ip4/127.0.0.1/tcp/", "", 20 },
		{ "/ip4/198.51.100.1/tcp/", "/ws", 3 },
	};
	struct host_limits limits = test_net_config().limits;
	char text[128];

	(void)state;
	limits.conns_max = 64;
	limits.conns_per_ip_max = 3;
	limits.conns_per_net_max = 5;
	limits.conns_per_wide_max = 8;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		unsigned in = 0;
		test_net_init(&net, 3);
		struct host *h = net.nodes[add(&limits)].host;
		for (unsigned i = 1; i <= 20; i++) {
			(void)snprintf(text, sizeof(text), "%s%u%s",
			    cases[c].before, i, cases[c].after);
			in += open_from(h, text, false) == OK;
		}
		if (in != cases[c].most)
			fail_msg("%s: %u", cases[c].before, in);
		/* Others are not kept out by that. */
		assert_int_equal(
		    open_from(h, "/ip4/203.0.113.1/tcp/9", false), OK);
		test_net_fini(&net);
	}
}

/* Circuits are a quarter of all connections at most. */
static void
test_circuits(void **state)
{
	static const char circuit[] =
	    "/ip4/198.51.100.1/tcp/9/p2p/"
	    "12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7/p2p-circuit";
	struct host_limits limits = test_net_config().limits;
	unsigned in = 0;

	(void)state;
	test_net_init(&net, 4);
	limits.conns_max = 40;
	struct host *h = net.nodes[add(&limits)].host;
	for (unsigned i = 0; i < 40; i++)
		in += open_from(h, circuit, true) == OK;
	assert_int_equal(in, 10);
	test_net_fini(&net);
}

/* One peer's streams, in all and of one protocol; they come back. */
static void
test_streams(void **state)
{
	struct host_limits limits = test_net_config().limits;
	static struct host_stream s[200];

	(void)state;
	test_net_init(&net, 5);
	limits.streams_per_protocol_max = 10;
	limits.streams_per_peer_max = 15;
	(void)add(&limits);
	for (unsigned i = 1; i <= 2; i++) {
		(void)add(NULL);
		assert_int_equal(test_net_connect(&net, i, 0, NULL), OK);
	}
	test_net_run(&net, 500);
	const struct peer_id *to = test_net_id(&net, 0);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(host_stream_open(net.nodes[1].host, to, app[0],
				     net.t.now_ms, &s[i]),
		    OK);
	test_net_run(&net, 200);
	assert_int_equal(stats_of(0).streams_refused, 10);
	for (unsigned i = 20; i < 30; i++)
		assert_int_equal(host_stream_open(net.nodes[1].host, to, app[1],
				     net.t.now_ms, &s[i]),
		    OK);
	test_net_run(&net, 200);
	assert_int_equal(stats_of(0).streams_refused, 15);
	/* Another peer has its own. */
	for (unsigned i = 100; i < 110; i++)
		assert_int_equal(host_stream_open(net.nodes[2].host, to, app[0],
				     net.t.now_ms, &s[i]),
		    OK);
	test_net_run(&net, 200);
	assert_int_equal(stats_of(0).streams_refused, 15);
	/* What ends makes room, whichever side ends it. */
	for (unsigned i = 0; i < 30; i++)
		host_stream_reset(net.nodes[1].host, s[i]);
	test_net_run(&net, 200);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(host_stream_open(net.nodes[1].host, to, app[0],
				     net.t.now_ms, &s[i]),
		    OK);
	test_net_run(&net, 200);
	assert_int_equal(stats_of(0).streams_refused, 15);
	test_net_fini(&net);
}

/* What "ohcn status" shows. */
static void
test_figures(void **state)
{
	uint8_t at[8];

	(void)state;
	test_net_init(&net, 6);
	for (unsigned i = 0; i < 4; i++)
		(void)add(NULL);
	struct host *h = net.nodes[0].host;
	assert_int_equal(test_net_connect(&net, 1, 0, NULL), OK);
	assert_int_equal(test_net_connect(&net, 0, 2, NULL), OK);
	assert_int_equal(test_net_relay(&net, 0, 3, NULL), OK);
	assert_int_equal(stats_of(0).half_open, 3);
	assert_int_equal(host_peer_add(h, test_net_id(&net, 1),
			     test_net_address(1, at), PEER_LAN, net.t.now_ms),
	    OK);
	test_net_run(&net, 500);
	const struct host_stats s = stats_of(0);
	assert_int_equal(s.conns_in, 1);
	assert_int_equal(s.conns_out, 2);
	assert_int_equal(s.conns_limited, 1);
	assert_int_equal(s.half_open, 0);
	assert_int_equal(s.peers_now, 3);
	assert_int_equal(s.peers_out, 1);
	assert_int_equal(s.known_peers, 1);
	assert_int_equal(s.known_addrs, 1);
	assert_true(s.known_bytes > 0 && s.known_bytes < s.memory_now);
	assert_true(s.memory_now < s.memory_cap);
	test_net_fini(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_ours_stay),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_circuits),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_figures),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
