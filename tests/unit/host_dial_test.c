/*
 * Whom a host dials, where, in which order and when; what it takes from
 * hearsay; what it does after a sleep. Time is virtual, addresses lead where
 * the test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "tests/unit/test_net.h"

static struct test_net net; /* large: not on the stack */
static unsigned unreachable;

static void
note(struct test_net *n, unsigned node, const struct host_event *ev)
{
	(void)n;
	(void)node;
	unreachable += ev->type == HOST_UNREACHABLE;
}

static void
begin(uint64_t seed)
{
	test_net_init(&net, seed);
	net.dials = true;
	net.on_event = note;
	unreachable = 0;
}

static unsigned
add(uint32_t wanted)
{
	struct host_config cf = test_net_config();

	cf.limits.outbound_wanted = wanted;
	cf.limits.feeler_ms = 0;
	return test_net_add(&net, &cf);
}

static struct slice
raw_of(const char *text, uint8_t raw[MULTIADDR_MAX])
{
	struct buf b = { raw, 0, MULTIADDR_MAX };

	if (multiaddr_get(slice_str(text), &b) != OK)
		fail_msg("%s", text);
	return buf_slice(&b);
}

static err
tell(unsigned node, const struct peer_id *id, const char *addr,
    enum peer_source source)
{
	uint8_t raw[MULTIADDR_MAX];

	return host_peer_add(
	    net.nodes[node].host, id, raw_of(addr, raw), source, net.t.now_ms);
}

static err
tell_node(unsigned node, unsigned of, enum peer_source source)
{
	uint8_t at[8];

	return host_peer_add(net.nodes[node].host, test_net_id(&net, of),
	    test_net_address(of, at), source, net.t.now_ms);
}

static struct host_stats
stats_of(unsigned node)
{
	struct host_stats s;

	host_stats(net.nodes[node].host, &s);
	return s;
}

static struct peer_id
stranger(unsigned n)
{
	uint8_t pub[32] = { 0xee };

	put_u32be(pub + 4, n);
	return peer_id_of_ed25519(pub);
}

/* Asked for, dialled, there; asked again, there already. */
static void
test_connect(void **state)
{
	struct host_known k;

	(void)state;
	begin(1);
	const unsigned a = add(0), b = add(0);
	struct host *h = net.nodes[a].host;
	assert_int_equal(
	    host_connect(h, test_net_id(&net, b), net.t.now_ms), ERR_NOTFOUND);
	assert_int_equal(tell_node(a, b, PEER_DHT), OK);
	test_net_run(&net, 500);
	assert_int_equal(net.nodes[a].ups, 0); /* nobody has asked */
	assert_int_equal(
	    host_connect(h, test_net_id(&net, b), net.t.now_ms), OK);
	assert_int_equal(
	    host_connect(h, test_net_id(&net, b), net.t.now_ms), OK);
	test_net_run(&net, 500);
	assert_int_equal(net.nodes[a].ups, 1);
	assert_int_equal(net.nodes[b].ups, 1);
	assert_int_equal(
	    host_connect(h, test_net_id(&net, b), net.t.now_ms), ERR_EXISTS);
	assert_int_equal(
	    host_connect(h, test_net_id(&net, a), net.t.now_ms), ERR_EXISTS);
	const struct host_stats s = stats_of(a);
	assert_int_equal(s.dials, 1);
	assert_int_equal(s.dials_done, 1);
	assert_int_equal(s.dials_now, 0);
	assert_int_equal(s.peers_out, 1);
	assert_int_equal(s.conns_out, 1);
	assert_true(host_known_at(h, 0, &k));
	assert_true(k.proven && k.anchor && k.seen_ms > 0);
	assert_int_equal(unreachable, 0);
	test_net_fini(&net);
}

#define ORDER_MAX 16
static char order[ORDER_MAX][256];
static uint64_t order_ms[ORDER_MAX];
static unsigned order_n;

static int
log_route(struct test_net *n, unsigned from, struct slice addr)
{
	(void)from;
	assert_true(order_n < ORDER_MAX);
	assert_int_equal(multiaddr_put(order[order_n], 256, addr), OK);
	order_ms[order_n++] = n->t.now_ms;
	return TEST_NET_SILENT;
}

/* Near before far, TCP before WebSocket, relays last; 250 ms between. */
static void
test_order(void **state)
{
	static const char *const expect[] = { "/ip4/10.1.1.1/tcp/4001",
		"/ip4/192.0.2.1/tcp/4001", "/ip6/2001:db8::1/tcp/4001",
		"/dns4/example.org/tcp/443/wss", "/ip4/192.0.2.9/tcp/4001" };
	char relay[PEER_ID_TEXT_MAX], circuit[256];
	const struct peer_id id = stranger(1), other = stranger(2);

	(void)state;
	begin(2);
	net.route = log_route;
	order_n = 0;
	const unsigned a = add(0);
	peer_id_put(relay, &other);
	(void)snprintf(circuit, sizeof(circuit),
	    "/ip4/192.0.2.9/tcp/4001/p2p/%s/p2p-circuit", relay);
	assert_int_equal(tell(a, &id, circuit, PEER_INVITATION), OK);
	assert_int_equal(tell(a, &id, expect[3], PEER_INVITATION), OK);
	assert_int_equal(tell(a, &id, expect[1], PEER_INVITATION), OK);
	assert_int_equal(tell(a, &id, expect[0], PEER_INVITATION), OK);
	assert_int_equal(
	    tell(a, &id, "/ip4/192.0.2.1/udp/4001/quic-v1", PEER_INVITATION),
	    ERR_FORM);
	assert_int_equal(tell(a, &id, expect[2], PEER_INVITATION), OK);
	const uint64_t begun = net.t.now_ms;
	assert_int_equal(
	    host_connect(net.nodes[a].host, &id, net.t.now_ms), OK);
	test_net_run(&net, 4000);
	/* Three at once; then no more until one has failed. */
	assert_int_equal(order_n, 3);
	assert_int_equal(stats_of(a).dials_now, 3);
	test_net_run(&net, 12000);
	assert_int_equal(order_n, 5);
	assert_string_equal(order[0], expect[0]);
	assert_true(strcmp(order[1], order[2]) != 0);
	assert_int_equal(strncmp(order[3], expect[3], 64), 0);
	assert_int_equal(strncmp(order[4], expect[4], 20), 0);
	assert_in_range(order_ms[1] - begun, 250, 265);
	assert_in_range(order_ms[2] - begun, 500, 525);
	assert_int_equal(unreachable, 1);
	assert_int_equal(stats_of(a).dials_failed, 5);
	test_net_fini(&net);
}

/* Where one address is silent, the next is taken; the slow one is refused. */
static int
first_silent(struct test_net *n, unsigned from, struct slice addr)
{
	const int to = test_net_route(n, from, addr);

	return to >= 0 ? to : TEST_NET_SILENT;
}

static void
test_beside(void **state)
{
	(void)state;
	begin(3);
	net.route = first_silent;
	const unsigned a = add(0), b = add(0);
	assert_int_equal(tell(a, test_net_id(&net, b), "/ip4/10.9.9.9/tcp/1",
			     PEER_INVITATION),
	    OK);
	assert_int_equal(tell_node(a, b, PEER_INVITATION), OK);
	assert_int_equal(
	    host_connect(net.nodes[a].host, test_net_id(&net, b), net.t.now_ms),
	    OK);
	test_net_run(&net, 700);
	assert_int_equal(net.nodes[a].ups, 1);
	test_net_run(&net, 10000);
	assert_int_equal(stats_of(a).conns_now, 1);
	assert_int_equal(stats_of(a).dials_now, 0);
	test_net_fini(&net);
}

/* Who never answers is asked ever more rarely, not in step with others. */
static uint64_t tries_ms[64];
static unsigned tries;

static int
count_tries(struct test_net *n, unsigned from, struct slice addr)
{
	(void)from;
	(void)addr;
	if (tries < ARRAY_LEN(tries_ms))
		tries_ms[tries++] = n->t.now_ms;
	return TEST_NET_REFUSED;
}

static void
test_back_off(void **state)
{
	const struct peer_id id = stranger(1);
	uint64_t spread[2];

	(void)state;
	for (unsigned run = 0; run < 2; run++) {
		begin(10 + run);
		net.route = count_tries;
		net.step_ms = 50;
		tries = 0;
		const unsigned a = add(8);
		assert_int_equal(
		    tell(a, &id, "/ip4/192.0.2.1/tcp/1", PEER_BOOTSTRAP), OK);
		test_net_run(&net, 3600 * 1000);
		/* 2, 4, 8 ... 256, then every 300 s, a quarter more or less */
		assert_in_range(tries, 14, 24);
		for (unsigned i = 1; i < tries; i++) {
			const uint64_t want =
			    MIN(2000ULL << MIN(i - 1, 16U), 300000ULL);
			assert_in_range(tries_ms[i] - tries_ms[i - 1],
			    want * 3 / 4, want * 5 / 4 + 200);
		}
		spread[run] = tries_ms[8];
		assert_int_equal(unreachable, 0); /* nobody has asked */
		test_net_fini(&net);
	}
	assert_true(spread[0] != spread[1]);
}

/* The wanted number is kept up; who is lost is replaced. */
static void
test_wanted(void **state)
{
	unsigned others[20];

	(void)state;
	begin(4);
	const unsigned a = add(8);
	for (unsigned i = 0; i < 20; i++) {
		others[i] = add(0);
		assert_int_equal(tell_node(a, others[i], PEER_LAN), OK);
	}
	test_net_run(&net, 1000);
	assert_int_equal(stats_of(a).peers_out, 8);
	assert_int_equal(stats_of(a).dials, 8);
	test_net_cut(&net, 0);
	test_net_cut(&net, 3);
	test_net_run(&net, 1000);
	assert_int_equal(stats_of(a).peers_out, 8);
	/* Those that came to us by themselves do not count. */
	for (unsigned i = 10; i < 20; i++)
		(void)!test_net_connect(&net, others[i], a, NULL);
	test_net_run(&net, 1000);
	assert_int_equal(stats_of(a).peers_out, 8);
	test_net_fini(&net);
}

/* Explicit peers are dialled and dialled again, whatever is wanted. */
static void
test_explicit(void **state)
{
	(void)state;
	begin(17);
	const unsigned a = add(0), b = add(0), c = add(0);
	struct host *h = net.nodes[a].host;
	assert_int_equal(host_direct_add(h, test_net_id(&net, b)), OK);
	assert_int_equal(tell_node(a, b, PEER_DHT), OK);
	assert_int_equal(tell_node(a, c, PEER_DHT), OK);
	assert_int_equal(host_direct_add(h, test_net_id(&net, c)), OK);
	test_net_run(&net, 1000);
	assert_int_equal(stats_of(a).peers_out, 2);
	host_direct_del(h, test_net_id(&net, c));
	test_net_run(&net, 100000);
	for (unsigned i = 0; i < 2; i++)
		test_net_cut(&net, i);
	test_net_run(&net, 5000);
	assert_int_equal(stats_of(a).peers_out, 1);
	test_net_fini(&net);
}

/* One network does not get all places while there are others. */
static int
nowhere(struct test_net *n, unsigned from, struct slice addr)
{
	(void)n;
	(void)from;
	assert_true(order_n < ORDER_MAX);
	assert_int_equal(multiaddr_put(order[order_n++], 256, addr), OK);
	return TEST_NET_SILENT;
}

static void
test_networks(void **state)
{
	char addr[64];

	(void)state;
	begin(5);
	net.route = nowhere;
	order_n = 0;
	const unsigned a = add(8);
	for (unsigned i = 0; i < 24; i++) {
		const struct peer_id id = stranger(i);
		/* An attacker's /16 has many, seven others have one. */
		if (i < 17)
			(void)snprintf(
			    addr, sizeof(addr), "/ip4/198.51.%u.1/tcp/1", i);
		else
			(void)snprintf(
			    addr, sizeof(addr), "/ip4/203.%u.1.1/tcp/1", i);
		assert_int_equal(tell(a, &id, addr, PEER_INVITATION), OK);
	}
	test_net_run(&net, 200);
	assert_int_equal(order_n, 8);
	unsigned crowded = 0;
	for (unsigned i = 0; i < 8; i++)
		crowded += strncmp(order[i], "/ip4/198.51.", 12) == 0;
	assert_int_equal(crowded, 1);
	test_net_fini(&net);
}

/* Another peer answers where this one was said to be. */
static int
to_node_one(struct test_net *n, unsigned from, struct slice addr)
{
	(void)n;
	(void)from;
	(void)addr;
	return 1;
}

static void
test_impostor(void **state)
{
	const struct peer_id id = stranger(1);
	struct slice addrs[PEER_ADDRS_MAX];

	(void)state;
	begin(6);
	net.route = to_node_one;
	const unsigned a = add(0);
	(void)add(0);
	assert_int_equal(
	    tell(a, &id, "/ip4/203.0.113.1/tcp/1", PEER_EXCHANGE), OK);
	assert_int_equal(
	    host_connect(net.nodes[a].host, &id, net.t.now_ms), OK);
	test_net_run(&net, 1000);
	assert_int_equal(net.nodes[a].ups, 0);
	assert_int_equal(net.nodes[a].error, ERR_AUTH);
	assert_int_equal(unreachable, 1);
	assert_int_equal(host_peer_addrs(net.nodes[a].host, &id, addrs), 0);
	assert_int_equal(stats_of(a).known_peers, 0);
	test_net_fini(&net);
}

/* A bootstrap address without /p2p learns who is there. */
static void
test_nameless(void **state)
{
	struct host_known k;
	uint8_t at[8];

	(void)state;
	begin(7);
	const unsigned a = add(8), b = add(0);
	struct host *h = net.nodes[a].host;
	assert_int_equal(host_peer_add(h, NULL, test_net_address(b, at),
			     PEER_DHT, net.t.now_ms),
	    ERR_FORM);
	assert_int_equal(host_peer_add(h, NULL, test_net_address(b, at),
			     PEER_BOOTSTRAP, net.t.now_ms),
	    OK);
	test_net_run(&net, 500);
	assert_int_equal(net.nodes[a].ups, 1);
	assert_true(host_known_at(h, 0, &k));
	assert_true(peer_id_eq(&k.id, test_net_id(&net, b)) && k.proven);
	assert_false(host_known_at(h, 1, &k));

	/* Under its name as well: one peer, and a second dial is not made. */
	assert_int_equal(tell_node(a, b, PEER_LAN), OK);
	test_net_cut(&net, 0);
	test_net_run(&net, 6000);
	assert_int_equal(stats_of(a).peers_now, 1);
	assert_int_equal(stats_of(a).known_peers, 1);
	test_net_fini(&net);
}

static void
test_self(void **state)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };

	(void)state;
	begin(8);
	const unsigned a = add(8);
	assert_int_equal(tell_node(a, a, PEER_BOOTSTRAP), ERR_EXISTS);
	/* By an address that does not say so: seen when connected. */
	uint8_t at[8];
	const struct slice addr = test_net_address(a, at);
	assert_int_equal(host_peer_add(net.nodes[a].host, NULL, addr,
			     PEER_BOOTSTRAP, net.t.now_ms),
	    OK);
	test_net_run(&net, 500);
	assert_int_equal(stats_of(a).peers_now, 0);
	assert_int_equal(stats_of(a).conns_now, 0);
	assert_int_equal(buf_put(&b, addr.p, addr.n), OK);
	assert_int_equal(multiaddr_put_peer(&b, test_net_id(&net, a)), OK);
	assert_int_equal(host_peer_add(net.nodes[a].host, NULL, buf_slice(&b),
			     PEER_BOOTSTRAP, net.t.now_ms),
	    ERR_EXISTS);
	test_net_fini(&net);
}

/* What is said from far away does not have us knock at our own doors. */
static void
test_reach(void **state)
{
	static const struct {
		const char *from, *addr;
		err told;
	} cases[] = {
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/203.0.113.5/tcp/8", OK },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/127.0.0.1/tcp/8", ERR_AUTH },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/10.0.0.1/tcp/8", ERR_AUTH },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/172.31.0.1/tcp/8",
		    ERR_AUTH },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/172.32.0.1/tcp/8", OK },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/169.254.1.1/tcp/8",
		    ERR_AUTH },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/100.64.1.1/tcp/8",
		    ERR_AUTH },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/224.0.0.1/tcp/8", ERR_AUTH },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/203.0.113.5/tcp/0",
		    ERR_FORM },
		{ "/ip4/198.51.100.1/tcp/9", "/ip6/::ffff:7f00:1/tcp/8",
		    ERR_AUTH },
		{ "/ip4/198.51.100.1/tcp/9", "/ip6/fd00::1/tcp/8/ws",
		    ERR_AUTH },
		{ "/ip4/198.51.100.1/tcp/9", "/ip6/2001:db8::1/tcp/8", OK },
		{ "/ip4/192.168.1.7/tcp/9", "/ip4/192.168.1.8/tcp/8", OK },
		{ "/ip4/192.168.1.7/tcp/9", "/ip4/127.0.0.1/tcp/8", ERR_AUTH },
		{ "/ip4/192.168.1.7/tcp/9", "/ip4/203.0.113.5/tcp/8", OK },
		{ "/ip4/127.0.0.1/tcp/9", "/ip4/127.0.0.1/tcp/8", OK },
		{ "/ip4/127.0.0.1/tcp/9", "/ip4/10.0.0.1/tcp/8", OK },
		{ "/ip4/127.0.0.1/tcp/9", "/ip4/0.0.0.0/tcp/8", ERR_AUTH },
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		const struct peer_id id = stranger(9);
		uint8_t raw[MULTIADDR_MAX];
		begin(9);
		net.route = to_node_one;
		const unsigned a = add(0), b = add(0);
		/* b sits where the case says. */
		assert_int_equal(tell(a, test_net_id(&net, b), cases[c].from,
				     PEER_INVITATION),
		    OK);
		assert_int_equal(host_connect(net.nodes[a].host,
				     test_net_id(&net, b), net.t.now_ms),
		    OK);
		test_net_run(&net, 300);
		assert_int_equal(net.nodes[a].ups, 1);
		const err e =
		    host_peer_told(net.nodes[a].host, test_net_id(&net, b), &id,
			raw_of(cases[c].addr, raw), PEER_DHT, net.t.now_ms);
		if (e != cases[c].told)
			fail_msg("%s says %s: %s", cases[c].from, cases[c].addr,
			    err_name(e));
		/* Without a teller the farthest peer counts: here the same. */
		assert_int_equal(host_peer_add(net.nodes[a].host, &id,
				     raw_of(cases[c].addr, raw), PEER_EXCHANGE,
				     net.t.now_ms),
		    cases[c].told);
		test_net_fini(&net);
	}
}

/* Who told us and hung up at once may have been anywhere. */
static void
test_reach_gone(void **state)
{
	const struct peer_id gone = stranger(8), id = stranger(9);
	uint8_t raw[MULTIADDR_MAX];

	(void)state;
	begin(9);
	struct host *h = net.nodes[add(0)].host;
	assert_int_equal(
	    host_peer_told(h, &gone, &id, raw_of("/ip4/127.0.0.1/tcp/22", raw),
		PEER_EXCHANGE, net.t.now_ms),
	    ERR_AUTH);
	assert_int_equal(
	    host_peer_told(h, &gone, &gone, raw_of("/ip4/10.0.0.1/tcp/22", raw),
		PEER_EXCHANGE, net.t.now_ms),
	    ERR_AUTH);
	assert_int_equal(host_peer_told(h, &gone, &id,
			     raw_of("/ip4/203.0.113.5/tcp/22", raw),
			     PEER_EXCHANGE, net.t.now_ms),
	    OK);
	test_net_fini(&net);
}

/* A name may lead into our own network when we were told by a friend. */
static void
test_world(void **state)
{
	static const struct {
		enum peer_source source;
		bool world;
	} cases[] = {
		{ PEER_OPERATOR, false },
		{ PEER_BOOTSTRAP, false },
		{ PEER_INVITATION, false },
		{ PEER_DISK, true },
		{ PEER_RECORD, true },
		{ PEER_EXCHANGE, true },
		{ PEER_DHT, true },
	};
	struct host_dial dial;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct peer_id id = stranger(9);
		begin(9);
		net.dials = false;
		const unsigned a = add(1);
		assert_int_equal(
		    tell(a, &id, "/dns4/example.org/tcp/9", cases[i].source),
		    OK);
		assert_true(host_next_dial(net.nodes[a].host, &dial));
		assert_int_equal(dial.world, cases[i].world);
		test_net_fini(&net);
	}
}

static void
test_limited(void **state)
{
	static const char *const protocols[] = { "/test/any/1",
		"/test/direct/1" };
	static const uint8_t flags[] = { HOST_PROTOCOL_LIMITED, 0 };
	struct host_config cf = test_net_config();
	struct host_peer_info info;
	struct host_stream s;
	uint32_t sent = 0;

	(void)state;
	begin(12);
	cf.protocols = protocols;
	cf.protocols_n = 2;
	cf.protocol_flags = flags;
	const unsigned a = test_net_add(&net, &cf), b = test_net_add(&net, &cf);
	struct host *h = net.nodes[a].host;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
		    host_subscribe(net.nodes[i].host, "t", net.t.now_ms), OK);
	assert_int_equal(test_net_relay(&net, a, b, NULL), OK);
	test_net_run(&net, 3000);
	assert_true(host_peer_find(h, test_net_id(&net, b), &info));
	assert_true(info.limited && info.identified);
	assert_false(info.gossips);
	assert_true(host_peer_speaks(h, test_net_id(&net, b), protocols[0]));
	assert_false(host_peer_speaks(h, test_net_id(&net, b), protocols[1]));
	assert_int_equal(host_stream_open(h, test_net_id(&net, b), protocols[0],
			     net.t.now_ms, &s),
	    OK);
	assert_int_equal(host_stream_open(h, test_net_id(&net, b), protocols[1],
			     net.t.now_ms, &s),
	    ERR_NOTFOUND);
	assert_int_equal(
	    host_publish(h, "t", slice_str("x"), true, net.t.now_ms, &sent),
	    OK);
	assert_int_equal(sent, 0);

	/* A direct connection beside it takes all over. */
	assert_int_equal(test_net_connect(&net, a, b, NULL), OK);
	test_net_run(&net, 3000);
	assert_true(host_peer_find(h, test_net_id(&net, b), &info));
	assert_true(!info.limited && info.gossips && info.meshes == 1);
	assert_int_equal(info.conns, 2);
	assert_int_equal(stats_of(a).conns_limited, 1);
	assert_int_equal(host_stream_open(h, test_net_id(&net, b), protocols[1],
			     net.t.now_ms, &s),
	    OK);
	test_net_fini(&net);
}

static unsigned refused;

static void
note_refused(struct test_net *n, unsigned node, const struct host_event *ev)
{
	(void)n;
	(void)node;
	refused += ev->type == HOST_STREAM_REFUSED;
}

/* Off, a protocol is neither announced nor answered; on again, it is. */
static void
test_protocol_set(void **state)
{
	static const char *const protocols[] = { "/test/a/1", "/test/b/1" };
	static const uint8_t flags[] = { 0, HOST_PROTOCOL_OFF };
	struct host_config cf = test_net_config();
	struct host_stream s;

	(void)state;
	begin(13);
	net.on_event = note_refused;
	refused = 0;
	cf.protocols = protocols;
	cf.protocols_n = 2;
	cf.protocol_flags = flags;
	const unsigned a = add(0), b = test_net_add(&net, &cf);
	struct host *h = net.nodes[a].host;
	const struct peer_id *id = test_net_id(&net, b);
	assert_int_equal(test_net_connect(&net, a, b, NULL), OK);
	test_net_run(&net, 300);
	for (unsigned turn = 0; turn < 3; turn++) {
		const bool on = turn % 2 == 1;
		if (turn > 0)
			host_protocol_set(
			    net.nodes[b].host, 1, on, net.t.now_ms);
		test_net_run(&net, 300);
		assert_true(host_peer_speaks(h, id, protocols[0]));
		assert_int_equal(host_peer_speaks(h, id, protocols[1]), on);
		assert_int_equal(
		    host_stream_open(h, id, protocols[1], net.t.now_ms, &s),
		    OK);
		test_net_run(&net, 300);
		assert_int_equal(refused, turn < 2 ? 1 : 2);
		if (on)
			host_stream_reset(h, s);
	}
	test_net_fini(&net);
}

static void
set_when_up(struct test_net *n, unsigned node, const struct host_event *ev)
{
	if (ev->type == HOST_PEER_UP && node == 1)
		host_protocol_set(n->nodes[node].host, 1, true, n->t.now_ms);
}

/*
 * What changes after a peer has asked who we are, and before it has said that
 * it wants to hear of changes, reaches it all the same.
 */
static void
test_protocol_early(void **state)
{
	static const char *const protocols[] = { "/test/a/1", "/test/b/1" };
	static const uint8_t flags[] = { 0, HOST_PROTOCOL_OFF };
	struct host_config cf = test_net_config();

	(void)state;
	begin(15);
	net.on_event = set_when_up;
	cf.protocols = protocols;
	cf.protocols_n = 2;
	cf.protocol_flags = flags;
	const unsigned a = add(0), b = test_net_add(&net, &cf);
	assert_int_equal(b, 1);
	assert_int_equal(test_net_connect(&net, a, b, NULL), OK);
	test_net_run(&net, 300);
	assert_true(host_peer_speaks(
	    net.nodes[a].host, test_net_id(&net, b), protocols[1]));
	test_net_fini(&net);
}

/*
 * The machine sleeps: sockets are dead and nobody says so. Without a hint the
 * keep-alive finds out; told, the host knows within ten seconds.
 */
static void
test_resumed(void **state)
{
	(void)state;
	begin(14);
	const unsigned a = add(8), b = add(0), c = add(0);
	const struct peer_id gone = stranger(3);
	struct host *h = net.nodes[a].host;
	assert_int_equal(tell_node(a, b, PEER_BOOTSTRAP), OK);
	assert_int_equal(tell_node(a, c, PEER_BOOTSTRAP), OK);
	assert_int_equal(
	    tell(a, &gone, "/ip4/10.9.9.9/tcp/1", PEER_BOOTSTRAP), OK);
	test_net_run(&net, 120000);
	assert_int_equal(stats_of(a).peers_out, 2);
	const uint64_t failed = stats_of(a).dials_failed;
	assert_in_range(failed, 4, 8);

	/* b's wire is dead without a word, c's lives. */
	for (unsigned i = 0; i < net.wires_n; i++)
		if (net.wires[i].node[1] == b)
			net.wires[i].cut = true;
	net.t.now_ms += 8ULL * 3600 * 1000;
	host_resumed(h, net.t.now_ms);
	test_net_run(&net, 3000);
	assert_int_equal(net.nodes[a].downs, 0);
	/* What was backing off is tried at once. */
	assert_true(stats_of(a).dials_failed > failed);
	test_net_run(&net, 10000);
	assert_int_equal(net.nodes[a].downs, 1);
	assert_string_equal(net.nodes[a].why, "keep-alive unanswered");
	test_net_run(&net, 4000);
	assert_int_equal(net.nodes[a].ups, 3);
	assert_int_equal(stats_of(a).peers_out, 2);
	test_net_fini(&net);
}

/* A feeler looks whether an unproven address is any good, and leaves. */
static void
test_feeler(void **state)
{
	struct host_config cf = test_net_config();
	struct host_known k;
	unsigned proven = 0;

	(void)state;
	begin(15);
	cf.limits.outbound_wanted = 1;
	cf.limits.feeler_ms = 120000;
	const unsigned a = test_net_add(&net, &cf);
	for (unsigned i = 1; i <= 4; i++) {
		(void)add(0);
		assert_int_equal(tell_node(a, i, PEER_LAN), OK);
	}
	net.step_ms = 20;
	test_net_run(&net, 1000);
	assert_int_equal(stats_of(a).peers_out, 1);
	for (unsigned i = 0; i < 6; i++) {
		for (unsigned n = 1; n <= 4; n++) /* mDNS says it again */
			assert_int_equal(tell_node(a, n, PEER_LAN), OK);
		test_net_run(&net, 120000);
	}
	for (uint32_t i = 0; host_known_at(net.nodes[a].host, i, &k); i++)
		proven += k.proven;
	assert_int_equal(proven, 4);
	assert_int_equal(stats_of(a).peers_out, 1);
	assert_int_equal(stats_of(a).peers_now, 1);
	assert_int_equal(net.nodes[a].ups, net.nodes[a].downs + 1);
	test_net_fini(&net);
}

/* Identify carries the signed record; a newer one takes its place. */
static void
test_records(void **state)
{
	uint8_t at[8];
	const struct slice first[] = { test_net_address(1, at) };
	const struct slice more[] = { first[0],
		slice_of("\x04\x0a\x00\x09\x09\x06\x10\x01", 8) };

	(void)state;
	begin(16);
	const unsigned a = add(0), b = add(0);
	struct host *h = net.nodes[a].host;
	host_listen_set(net.nodes[b].host, first, 1);
	assert_int_equal(test_net_connect(&net, a, b, NULL), OK);
	test_net_run(&net, 500);
	struct slice r = host_peer_record(h, test_net_id(&net, b));
	assert_true(r.n > 100);
	uint8_t old[PEER_RECORD_MAX];
	const size_t old_n = r.n;
	memcpy(old, r.p, r.n);
	assert_true(slice_eq(
	    r, host_peer_record(net.nodes[b].host, test_net_id(&net, b))));
	host_listen_set(net.nodes[b].host, more, 2);
	test_net_run(&net, 500);
	r = host_peer_record(h, test_net_id(&net, b));
	assert_true(r.n > old_n);
	assert_int_equal(stats_of(a).known_records, 1);
	assert_int_equal(stats_of(a).known_addrs, 2);

	/* The old one again, ours, a forged one. */
	assert_int_equal(host_peer_record_add(h, NULL, slice_of(old, old_n),
			     PEER_EXCHANGE, net.t.now_ms, NULL),
	    ERR_EXISTS);
	assert_int_equal(
	    host_peer_record_add(net.nodes[b].host, NULL, slice_of(old, old_n),
		PEER_EXCHANGE, net.t.now_ms, NULL),
	    ERR_EXISTS);
	old[old_n - 1] ^= 1;
	assert_int_equal(host_peer_record_add(h, NULL, slice_of(old, old_n),
			     PEER_EXCHANGE, net.t.now_ms, NULL),
	    ERR_AUTH);

	/* A third learns of b by its record and gets there. */
	const unsigned c = add(0);
	struct peer_id id;
	r = host_peer_record(h, test_net_id(&net, b));
	assert_int_equal(host_peer_record_add(net.nodes[c].host, NULL, r,
			     PEER_EXCHANGE, net.t.now_ms, &id),
	    OK);
	assert_true(peer_id_eq(&id, test_net_id(&net, b)));
	assert_int_equal(
	    host_connect(net.nodes[c].host, &id, net.t.now_ms), OK);
	test_net_run(&net, 1000);
	assert_int_equal(net.nodes[c].ups, 1);
	test_net_fini(&net);
}

/* Held, a host dials whom it is asked to, and not even its bootstrap. */
static void
test_hold(void **state)
{
	(void)state;
	begin(77);
	const unsigned a = add(4);
	host_hold(net.nodes[a].host, true);
	for (unsigned i = 0; i < 3; i++) {
		const unsigned b = add(0);
		assert_int_equal(
		    tell_node(a, b, i == 0 ? PEER_BOOTSTRAP : PEER_EXCHANGE),
		    OK);
	}
	test_net_run(&net, 60000);
	assert_int_equal(stats_of(a).dials, 0);
	assert_int_equal(
	    host_connect(net.nodes[a].host, test_net_id(&net, 2), net.t.now_ms),
	    OK);
	test_net_run(&net, 1000);
	assert_int_equal(stats_of(a).conns_now, 1);
	host_hold(net.nodes[a].host, false);
	test_net_run(&net, 60000);
	assert_int_equal(stats_of(a).conns_now, 3);
	test_net_fini(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_explicit),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_impostor),
		cmocka_unit_test(test_nameless),
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_reach_gone),
		cmocka_unit_test(test_world),
		cmocka_unit_test(test_limited),
		cmocka_unit_test(test_protocol_set),
		cmocka_unit_test(test_protocol_early),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_feeler),
		cmocka_unit_test(test_records),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
