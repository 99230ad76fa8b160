#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "proto/libp2p/identify.h"
#include "proto/libp2p/ping.h"
#include "tests/unit/test_net.h"

#define T        "/ohcn/1/test/people"
#define HOSTS    20
#define MESSAGES 16

static const char *const app[] = { "/test/echo/1" };

static struct test_net net; /* large: not on the stack */

static unsigned
add(void)
{
	const struct host_config cf = test_net_config();

	return test_net_add(&net, &cf);
}

static void
test_identify(void **state)
{
	static const uint8_t addr[] = { 4, 1, 2, 3, 4, 6, 0x10, 0x01 };
	static const uint8_t other[] = { 4, 9, 9, 9, 9, 6, 0x10, 0x02 };
	const struct slice listen[] = { slice_of(addr, 8), slice_of(other, 8) };
	struct host_peer_info info;

	(void)state;
	test_net_init(&net, 1);
	struct host_config cf = test_net_config();
	cf.agent = "weird/\x01\xff";
	cf.protocols = app;
	cf.protocols_n = 1;
	const unsigned a = add(), b = test_net_add(&net, &cf);
	host_listen_set(net.nodes[b].host, listen, 1);
	assert_int_equal(test_net_connect(&net, a, b, NULL), OK);
	test_net_run(&net, 500);

	assert_int_equal(net.nodes[a].ups, 1);
	assert_int_equal(net.nodes[a].identified, 1);
	assert_int_equal(net.nodes[b].identified, 1);
	assert_true(
	    host_peer_find(net.nodes[a].host, test_net_id(&net, b), &info));
	assert_true(info.identified && info.outbound && info.gossips);
	assert_string_equal(info.agent, "weird/??");
	assert_int_equal(info.addrs_n, 1);
	assert_true(slice_eq(info.addrs[0], listen[0]));
	assert_int_equal(info.conns, 1);
	assert_true(host_peer_at(net.nodes[b].host, 0, &info));
	assert_false(info.outbound);
	assert_string_equal(info.agent, "test/1");
	assert_int_equal(info.addrs_n, 0);
	assert_false(host_peer_at(net.nodes[b].host, 1, &info));
	assert_true(
	    host_peer_speaks(net.nodes[a].host, test_net_id(&net, b), app[0]));
	assert_false(
	    host_peer_speaks(net.nodes[b].host, test_net_id(&net, a), app[0]));
	assert_true(host_peer_speaks(
	    net.nodes[b].host, test_net_id(&net, a), GOSSIP_PROTOCOL_12));

	/* A push replaces what was known. */
	host_listen_set(net.nodes[b].host, listen, 2);
	test_net_run(&net, 200);
	assert_int_equal(net.nodes[a].identified, 2);
	assert_true(
	    host_peer_find(net.nodes[a].host, test_net_id(&net, b), &info));
	assert_int_equal(info.addrs_n, 2);
	assert_true(slice_eq(info.addrs[1], listen[1]));
	assert_true(
	    host_peer_speaks(net.nodes[a].host, test_net_id(&net, b), app[0]));
	test_net_fini(&net);
}

/* Not each push of a flood is news; what it says is learnt all the same. */
static void
test_push_flood(void **state)
{
	static const uint8_t addr[] = { 4, 1, 2, 3, 4, 6, 0x10, 0x01 };
	const struct slice listen[] = { slice_of(addr, 8), slice_of(addr, 8) };
	struct host_peer_info info;

	(void)state;
	test_net_init(&net, 5);
	const unsigned a = add(), b = add();
	assert_int_equal(test_net_connect(&net, a, b, NULL), OK);
	test_net_run(&net, 200);
	for (unsigned i = 0; i < 40; i++) {
		host_listen_set(net.nodes[b].host, listen, 1 + i % 2);
		test_net_run(&net, 200);
	}
	assert_int_equal(net.nodes[a].identified, 4);
	assert_true(
	    host_peer_find(net.nodes[a].host, test_net_id(&net, b), &info));
	assert_int_equal(info.addrs_n, 2);
	test_net_run(&net, 10000);
	host_listen_set(net.nodes[b].host, listen, 1);
	test_net_run(&net, 200);
	assert_int_equal(net.nodes[a].identified, 5);
	test_net_fini(&net);
}

/* A connection without memory for what gossip has to say: no gap in it. */
static void
test_gossip_short_of_memory(void **state)
{
	struct host_config cf = test_net_config();
	uint8_t data[1000] = { 0 };
	uint32_t to = 0;

	(void)state;
	test_net_init(&net, 6);
	cf.limits.conn.memory_bytes = 150 << 10;
	const unsigned a = test_net_add(&net, &cf), b = add();
	assert_int_equal(
	    host_subscribe(net.nodes[a].host, T, net.t.now_ms), OK);
	assert_int_equal(
	    host_subscribe(net.nodes[b].host, T, net.t.now_ms), OK);
	assert_int_equal(test_net_connect(&net, a, b, NULL), OK);
	test_net_run(&net, 3000);
	for (unsigned i = 0; i < 190; i++) {
		put_u16be(data, (uint16_t)i);
		const err e = host_publish(net.nodes[a].host, T,
		    slice_of(data, sizeof(data)), true, net.t.now_ms, &to);
		assert_true(e == OK || e == ERR_LIMIT);
	}
	test_net_run(&net, 5000);
	struct host_stats s;
	host_stats(net.nodes[b].host, &s);
	assert_int_equal(s.peers_now, 1);
	assert_int_equal(s.gossip.protocol_errors, 0);
	test_net_fini(&net);
}

static err
open_one(struct host *h, bool dialer, struct slice remote, host_conn *id)
{
	const struct host_conn_config cf = { .dialer = dialer,
		.remote = remote };

	return host_conn_open(h, &cf, net.t.now_ms, id);
}

/* IPv6 by the /64; and strangers do not get every place. */
static void
test_places(void **state)
{
	uint8_t addr[] = { 0x29, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 1, 6, 0x10, 0x01 };
	struct host_config cf = test_net_config();
	const struct slice from = slice_of(addr, sizeof(addr));
	host_conn id = 0;

	(void)state;
	test_net_init(&net, 9);
	cf.limits.conns_max = 16;
	cf.limits.conns_per_ip_max = 2;
	struct host *h = net.nodes[test_net_add(&net, &cf)].host;
	for (unsigned i = 0; i < 14; i++) {
		addr[8] = (uint8_t)(i / 2); /* within the /64's number */
		addr[16] = (uint8_t)i;      /* another host of it */
		assert_int_equal(open_one(h, false, from, &id), OK);
		if (i % 2 == 1) {
			addr[16] = 77;
			assert_int_equal(
			    open_one(h, false, from, &id), ERR_LIMIT);
		}
	}
	addr[8] = 99;
	assert_int_equal(open_one(h, false, from, &id), ERR_LIMIT);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(open_one(h, true, from, &id), OK);
	assert_int_equal(open_one(h, true, from, &id), ERR_LIMIT);
	test_net_fini(&net);
}

struct seen {
	unsigned got[HOSTS][MESSAGES];
	uint32_t rtt_ms;
	unsigned pings;
};
static struct seen seen;

static void
note(struct test_net *n, unsigned node, const struct host_event *ev)
{
	(void)n;
	if (ev->type == HOST_PING) {
		seen.pings++;
		seen.rtt_ms = ev->rtt_ms;
	}
	if (ev->type != HOST_MESSAGE)
		return;
	assert_string_equal(ev->message.topic, T);
	assert_true(ev->message.data.p[0] < MESSAGES);
	seen.got[node][ev->message.data.p[0]]++;
}

static void
test_ping(void **state)
{
	unsigned wire = 0;

	(void)state;
	test_net_init(&net, 2);
	memset(&seen, 0, sizeof(seen));
	net.on_event = note;
	const unsigned a = add(), b = add();
	assert_int_equal(host_ping(net.nodes[a].host, test_net_id(&net, b), 0),
	    ERR_NOTFOUND);
	assert_int_equal(test_net_connect(&net, a, b, &wire), OK);
	test_net_run(&net, 300);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(host_ping(net.nodes[a].host,
				     test_net_id(&net, b), net.t.now_ms),
		    OK);
		assert_int_equal(host_ping(net.nodes[a].host,
				     test_net_id(&net, b), net.t.now_ms),
		    ERR_EXISTS);
		test_net_run(&net, 100);
		assert_int_equal(seen.pings, i);
		assert_in_range(seen.rtt_ms, 2 * net.step_ms, 50);
	}
	/* One whose connection breaks, and one that nobody answers. */
	assert_int_equal(
	    host_ping(net.nodes[a].host, test_net_id(&net, b), net.t.now_ms),
	    OK);
	test_net_cut(&net, wire);
	test_net_run(&net, 20);
	assert_int_equal(seen.pings, 4);
	assert_int_equal(seen.rtt_ms, UINT32_MAX);
	assert_int_equal(net.nodes[a].downs, 1);
	assert_int_equal(net.nodes[b].downs, 1);
	test_net_fini(&net);
}

static void
test_gossip_reaches_all(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		test_net_init(&net, seed);
		memset(&seen, 0, sizeof(seen));
		net.on_event = note;
		net.whole = seed == 2;
		for (unsigned i = 0; i < HOSTS; i++) {
			(void)add();
			assert_int_equal(
			    host_subscribe(net.nodes[i].host, T, 0), OK);
			if (i > 0)
				assert_int_equal(
				    test_net_connect(&net, i - 1, i, NULL), OK);
		}
		for (unsigned i = 0; i < 60; i++) {
			const unsigned a = (unsigned)test_below(&net.t, HOSTS);
			const unsigned b = (unsigned)test_below(&net.t, HOSTS);
			if (a != b)
				assert_int_equal(
				    test_net_connect(&net, a, b, NULL), OK);
		}
		test_net_run(&net, 4000);
		for (uint8_t m = 0; m < MESSAGES; m++) {
			const unsigned from =
			    (unsigned)test_below(&net.t, HOSTS);
			uint8_t body[3000] = { m };
			uint32_t sent = 0;
			assert_int_equal(host_publish(net.nodes[from].host, T,
					     slice_of(body, m % 2 ? 3000 : 300),
					     false, net.t.now_ms, &sent),
			    OK);
			assert_true(sent > 0);
			seen.got[from][m]++;
			test_net_run(&net, 60);
		}
		test_net_run(&net, 3000);
		for (unsigned i = 0; i < HOSTS; i++)
			for (unsigned m = 0; m < MESSAGES; m++)
				if (seen.got[i][m] != 1)
					fail_msg("node %u message %u: %u", i, m,
					    seen.got[i][m]);
		test_net_fini(&net);
	}
}

/* The same seed twice gives the same run to the byte. */
static void
test_deterministic(void **state)
{
	struct host_stats s[2];

	(void)state;
	for (unsigned run = 0; run < 2; run++) {
		uint32_t sent;
		test_net_init(&net, 77);
		for (unsigned i = 0; i < 8; i++) {
			(void)add();
			assert_int_equal(
			    host_subscribe(net.nodes[i].host, T, 0), OK);
			for (unsigned k = 0; k < i; k++)
				assert_int_equal(
				    test_net_connect(&net, k, i, NULL), OK);
		}
		test_net_run(&net, 3000);
		assert_int_equal(host_publish(net.nodes[0].host, T,
				     slice_str("x"), true, net.t.now_ms, &sent),
		    OK);
		assert_int_equal(sent, 7);
		test_net_run(&net, 1000);
		host_stats(net.nodes[3].host, &s[run]);
		test_net_fini(&net);
	}
	assert_memory_equal(&s[0], &s[1], sizeof(s[0]));
}

static void
test_limits(void **state)
{
	struct host_stats s;

	(void)state;
	test_net_init(&net, 3);
	struct host_config cf = test_net_config();
	cf.limits.conns_max = 5;
	cf.limits.conns_per_ip_max = 3;
	cf.limits.conns_per_peer_max = 2;
	const unsigned hub = test_net_add(&net, &cf);
	const unsigned a = add(), b = add(), c = add(), d = add();

	/* Three from one address; the third one of a peer is closed. */
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(test_net_connect(&net, a, hub, NULL), OK);
	assert_int_equal(test_net_connect(&net, a, hub, NULL), ERR_LIMIT);
	test_net_run(&net, 300);
	assert_int_equal(net.nodes[hub].closes, 1);
	assert_int_equal(net.nodes[hub].error, ERR_LIMIT);
	assert_string_equal(
	    net.nodes[hub].why, "too many connections to this peer");
	host_stats(net.nodes[hub].host, &s);
	assert_int_equal(s.conns_now, 2);
	assert_int_equal(s.peers_now, 1);
	assert_int_equal(s.conns_refused, 1);
	assert_int_equal(s.closed_limit, 1);
	assert_int_equal(test_net_connect(&net, b, hub, NULL), OK);
	assert_int_equal(test_net_connect(&net, c, hub, NULL), OK);
	assert_int_equal(test_net_connect(&net, d, hub, NULL), OK);
	assert_int_equal(test_net_connect(&net, d, hub, NULL), ERR_LIMIT);
	test_net_run(&net, 300);
	host_stats(net.nodes[hub].host, &s);
	assert_int_equal(s.peers_now, 4);

	/* Ourselves, by whatever address. */
	assert_int_equal(test_net_connect(&net, a, a, NULL), OK);
	test_net_run(&net, 300);
	assert_string_equal(net.nodes[a].why, "connected to ourselves");
	assert_int_equal(net.nodes[a].error, ERR_EXISTS);
	host_stats(net.nodes[a].host, &s);
	assert_int_equal(s.peers_now, 1);
	test_net_fini(&net);
}

/* Somebody connects and then says nothing. */
static void
test_silence_times_out(void **state)
{
	static const uint8_t addr[] = { 4, 1, 2, 3, 4, 6, 0x10, 0x01 };
	struct host_stats s;
	host_conn id = 0;

	(void)state;
	test_net_init(&net, 8);
	const unsigned a = add();
	struct host *h = net.nodes[a].host;
	struct host_event ev;
	assert_int_equal(open_one(h, false, slice_of(addr, 8), &id), OK);
	assert_true(host_expiry(h) <= net.t.now_ms + 10000);
	net.t.now_ms += 10001;
	host_on_time(h, net.t.now_ms);
	assert_true(host_next(h, &ev));
	assert_int_equal(ev.type, HOST_CLOSE);
	assert_int_equal(ev.conn, id);
	host_conn_gone(h, id, net.t.now_ms);
	host_stats(h, &s);
	assert_int_equal(s.closed_time, 1);
	assert_int_equal(s.conns_now, 0);
	assert_false(host_next(h, &ev));
	test_net_fini(&net);
}

/* Gossip goes over the first connection, and over the next when it goes. */
static void
test_gossip_moves(void **state)
{
	unsigned first = 0, second = 0;
	uint32_t sent = 0;
	struct host_peer_info info;

	(void)state;
	test_net_init(&net, 4);
	memset(&seen, 0, sizeof(seen));
	net.on_event = note;
	const unsigned a = add(), b = add();
	assert_int_equal(host_subscribe(net.nodes[a].host, T, 0), OK);
	assert_int_equal(host_subscribe(net.nodes[b].host, T, 0), OK);
	assert_int_equal(test_net_connect(&net, a, b, &first), OK);
	test_net_run(&net, 1);
	assert_int_equal(test_net_connect(&net, b, a, &second), OK);
	test_net_run(&net, 3000);
	assert_true(host_peer_at(net.nodes[a].host, 0, &info));
	assert_int_equal(info.conns, 2);
	assert_int_equal(info.meshes, 1);
	assert_int_equal(net.nodes[a].ups, 1);
	for (uint8_t m = 0; m < 4; m++) {
		assert_int_equal(
		    host_publish(net.nodes[m % 2 ? a : b].host, T,
			slice_of(&m, 1), false, net.t.now_ms, &sent),
		    OK);
		test_net_run(&net, 2500);
		assert_int_equal(seen.got[m % 2 ? b : a][m], 1);
		if (m == 1) {
			test_net_cut(&net, first);
			test_net_run(&net, 2500);
			assert_int_equal(net.nodes[a].downs, 0);
			assert_true(host_peer_at(net.nodes[a].host, 0, &info));
			assert_true(info.gossips);
			assert_int_equal(info.conns, 1);
		}
	}
	test_net_cut(&net, second);
	test_net_run(&net, 10);
	assert_int_equal(net.nodes[a].downs, 1);
	assert_false(host_peer_at(net.nodes[a].host, 0, &info));
	test_net_fini(&net);
}

/* An application on top: echoes what it reads, and closes after. */
struct application {
	size_t sent, got, want;
	unsigned opened, ready, refused, closed;
	struct host_stream client;
};
static struct application the_app;

static uint8_t
pattern(size_t at)
{
	return (uint8_t)(at * 7 + at / 251);
}

static void
app_write(struct host *h)
{
	struct application *x = &the_app;

	while (x->sent < x->want) {
		uint8_t bytes[5000];
		size_t taken = 0;
		const size_t n = MIN(sizeof(bytes), x->want - x->sent);
		for (size_t i = 0; i < n; i++)
			bytes[i] = pattern(x->sent + i);
		assert_int_equal(
		    host_stream_write(h, x->client, slice_of(bytes, n), &taken),
		    OK);
		x->sent += taken;
		if (taken < n)
			return;
	}
	host_stream_close(h, x->client);
}

static void
app_event(struct test_net *n, unsigned node, const struct host_event *ev)
{
	struct application *x = &the_app;
	struct host *h = n->nodes[node].host;
	const struct host_stream s = { ev->conn, ev->stream };
	const struct slice in = host_stream_read(h, s);
	const bool server = node == 1;
	size_t taken = 0;

	x->opened += ev->type == HOST_STREAM_OPENED;
	x->ready += ev->type == HOST_STREAM_READY;
	x->refused += ev->type == HOST_STREAM_REFUSED;
	x->closed += ev->type == HOST_STREAM_CLOSED;
	if (ev->type == HOST_STREAM_OPENED) {
		assert_true(server);
		assert_int_equal(ev->protocol, 0);
		assert_true(peer_id_eq(&ev->peer, test_net_id(n, 0)));
	}
	if (ev->type != HOST_STREAM_DATA && ev->type != HOST_STREAM_END &&
	    ev->type != HOST_STREAM_WRITABLE)
		return;
	if (server) {
		if (in.n > 0)
			assert_int_equal(
			    host_stream_write(h, s, in, &taken), OK);
		host_stream_consume(h, s, taken);
		if (host_stream_ended(h, s))
			host_stream_close(h, s);
		return;
	}
	for (size_t i = 0; i < in.n; i++)
		assert_int_equal(in.p[i], pattern(x->got + i));
	x->got += in.n;
	host_stream_consume(h, s, in.n);
	if (ev->type == HOST_STREAM_WRITABLE)
		app_write(h);
}

static void
test_application_streams(void **state)
{
	struct host_stream none;

	(void)state;
	test_net_init(&net, 5);
	memset(&the_app, 0, sizeof(the_app));
	struct host_config cf = test_net_config();
	cf.protocols = app;
	cf.protocols_n = 1;
	cf.limits.events_max = 4;
	for (unsigned i = 0; i < 2; i++)
		(void)test_net_add(&net, &cf);
	net.on_event = app_event;
	struct host *h = net.nodes[0].host;
	const struct peer_id server = *test_net_id(&net, 1);
	assert_int_equal(
	    host_stream_open(h, &server, app[0], 0, &none), ERR_NOTFOUND);
	assert_int_equal(test_net_connect(&net, 0, 1, NULL), OK);
	test_net_run(&net, 300);
	the_app.want = 3 << 20;
	assert_int_equal(
	    host_stream_open(h, &server, app[0], net.t.now_ms, &the_app.client),
	    OK);
	app_write(h);
	assert_true(the_app.sent < the_app.want); /* bounded */
	test_net_run(&net, 20000);
	assert_int_equal(the_app.got, the_app.want);
	assert_int_equal(the_app.opened, 1);
	assert_int_equal(the_app.ready, 1);
	assert_int_equal(the_app.closed, 2);
	assert_true(net.nodes[1].mem.used < 1 << 20);

	assert_int_equal(
	    host_stream_open(h, &server, "/nobody/1", net.t.now_ms, &none), OK);
	test_net_run(&net, 300);
	assert_int_equal(the_app.refused, 1);
	test_net_fini(&net);
}

/* Bytes that are no RPC, on a gossip stream of one's own making. */
static void
test_hostile_gossip(void **state)
{
	static const struct {
		const char *name, *why;
		uint8_t bytes[8];
		size_t n;
	} cases[] = {
		{ "garbage", "gossip: malformed RPC", { 3, 0x13, 1, 1 }, 4 },
		{ "too long", "gossip: RPC too long",
		    { 0xff, 0xff, 0xff, 0x7f }, 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct host_stream s;
		struct host_stats st;
		size_t taken = 0;
		test_net_init(&net, 6);
		const unsigned evil = add(), good = add();
		assert_int_equal(test_net_connect(&net, evil, good, NULL), OK);
		test_net_run(&net, 500);
		assert_int_equal(host_stream_open(net.nodes[evil].host,
				     test_net_id(&net, good),
				     GOSSIP_PROTOCOL_12, net.t.now_ms, &s),
		    OK);
		assert_int_equal(
		    host_stream_write(net.nodes[evil].host, s,
			slice_of(cases[i].bytes, cases[i].n), &taken),
		    OK);
		test_net_run(&net, 500);
		assert_int_equal(net.nodes[good].closes, 1);
		assert_string_equal(net.nodes[good].why, cases[i].why);
		assert_int_equal(net.nodes[good].downs, 1);
		assert_int_equal(net.nodes[evil].downs, 1);
		host_stats(net.nodes[good].host, &st);
		assert_int_equal(st.gossip.protocol_errors, 1);
		assert_int_equal(st.conns_now, 0);
		test_net_fini(&net);
	}
}

/* Garbage on a stream that is not gossip costs the stream, and is counted. */
static void
test_stream_faults(void **state)
{
	static const uint8_t garbage[] = { 3, 0x0f, 0xff, 0xff };
	struct host_stream s;
	struct host_stats st;
	size_t taken = 0;

	(void)state;
	test_net_init(&net, 8);
	const unsigned evil = add(), good = add();
	assert_int_equal(test_net_connect(&net, evil, good, NULL), OK);
	test_net_run(&net, 500);
	host_stats(net.nodes[good].host, &st);
	assert_int_equal(st.stream_faults, 0);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(host_stream_open(net.nodes[evil].host,
				     test_net_id(&net, good),
				     IDENTIFY_PUSH_PROTOCOL, net.t.now_ms, &s),
		    OK);
		assert_int_equal(
		    host_stream_write(net.nodes[evil].host, s,
			slice_of(garbage, sizeof(garbage)), &taken),
		    OK);
		test_net_run(&net, 500);
		host_stats(net.nodes[good].host, &st);
		assert_int_equal(st.stream_faults, i);
		assert_int_equal(st.conns_now, 1);
	}
	test_net_fini(&net);
}

/* Streams opened by the hundred stay within bounds, and gossip goes on. */
static void
test_stream_flood(void **state)
{
	static const char *const ids[] = { IDENTIFY_PROTOCOL,
		IDENTIFY_PUSH_PROTOCOL, PING_PROTOCOL, GOSSIP_PROTOCOL_11 };
	struct host_stream s;
	uint32_t sent = 0;

	(void)state;
	test_net_init(&net, 9);
	memset(&seen, 0, sizeof(seen));
	net.on_event = note;
	const unsigned evil = add(), good = add(), other = add();
	assert_int_equal(host_subscribe(net.nodes[good].host, T, 0), OK);
	assert_int_equal(host_subscribe(net.nodes[other].host, T, 0), OK);
	assert_int_equal(test_net_connect(&net, evil, good, NULL), OK);
	assert_int_equal(test_net_connect(&net, other, good, NULL), OK);
	test_net_run(&net, 1500);
	const size_t before = net.nodes[good].mem.used;
	size_t most = 0;
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t junk[100] = { 0xff, 0x3f };
		size_t taken = 0;
		if (host_stream_open(net.nodes[evil].host,
			test_net_id(&net, good), ids[i % 4], net.t.now_ms,
			&s) == OK)
			(void)!host_stream_write(net.nodes[evil].host, s,
			    slice_of(junk, sizeof(junk)), &taken);
		if (i % 10 == 0)
			test_net_run(&net, 10);
		most = MAX(most, net.nodes[good].mem.used);
	}
	assert_true(most - before < 1 << 20);
	assert_int_equal(host_publish(net.nodes[other].host, T,
			     slice_str("\x01"), false, net.t.now_ms, &sent),
	    OK);
	test_net_run(&net, 1000);
	assert_int_equal(seen.got[good][1], 1);
	test_net_fini(&net);
}

static uint64_t held[4096];
static unsigned held_n;

static void
hold(struct test_net *n, unsigned node, const struct host_event *ev)
{
	(void)n;
	if (ev->type == HOST_MESSAGE && node == 1)
		held[held_n++ % 4096] = ev->message.handle;
}

/* While verdicts are owed, the sender waits; nothing is lost. */
static void
test_gossip_back_pressure(void **state)
{
	struct host_stats s;
	unsigned judged = 0, published = 0;

	(void)state;
	test_net_init(&net, 10);
	held_n = 0;
	net.on_event = hold;
	struct host_config cf = test_net_config();
	cf.gossip.pending_max = 16;
	cf.gossip.peer_queue_bytes = 1 << 20;
	const unsigned a = test_net_add(&net, &cf);
	const unsigned b = test_net_add(&net, &cf);
	net.nodes[b].manual = true;
	assert_int_equal(host_subscribe(net.nodes[a].host, T, 0), OK);
	assert_int_equal(host_subscribe(net.nodes[b].host, T, 0), OK);
	assert_int_equal(test_net_connect(&net, a, b, NULL), OK);
	test_net_run(&net, 2000);
	for (; published < 400; published++) {
		uint8_t body[1500] = { 0 };
		uint32_t sent = 0;
		put_u32be(body, published);
		assert_int_equal(host_publish(net.nodes[a].host, T,
				     slice_of(body, sizeof(body)), false,
				     net.t.now_ms, &sent),
		    OK);
	}
	test_net_run(&net, 500);
	assert_int_equal(held_n, 16);
	host_stats(net.nodes[b].host, &s);
	assert_int_equal(s.gossip.pending_now, 16);
	while (judged < published) {
		assert_true(judged < held_n);
		host_verdict(net.nodes[b].host, held[judged],
		    judged % 3 ? GOSSIP_ACCEPT : GOSSIP_IGNORE, net.t.now_ms);
		judged++;
		if (judged % 16 == 0)
			test_net_run(&net, 50);
		host_stats(net.nodes[b].host, &s);
		assert_true(s.gossip.pending_now <= 16);
	}
	assert_int_equal(held_n, published);
	host_stats(net.nodes[b].host, &s);
	assert_int_equal(s.gossip.dropped_pending, 0);
	assert_int_equal(s.gossip.delivered, published);
	test_net_fini(&net);
}

static void
test_close(void **state)
{
	struct host_stats s;
	unsigned wire = 0;

	(void)state;
	test_net_init(&net, 11);
	const unsigned a = add(), b = add();
	assert_int_equal(test_net_connect(&net, a, b, &wire), OK);
	test_net_run(&net, 500);
	host_conn_close(net.nodes[a].host, net.wires[wire].conn[0],
	    "the operator said so", net.t.now_ms);
	test_net_run(&net, 100);
	assert_string_equal(net.nodes[a].why, "the operator said so");
	assert_int_equal(net.nodes[a].error, OK);
	assert_int_equal(net.nodes[b].downs, 1);
	host_stats(net.nodes[a].host, &s);
	assert_int_equal(s.closed_ok, 1);
	host_stats(net.nodes[b].host, &s);
	assert_int_equal(s.closed_ok, 1);
	assert_int_equal(s.conns_now, 0);
	test_net_fini(&net);
}

/* What a peer costs that is connected, identified, in the mesh and quiet. */
static void
test_idle_peer_bytes(void **state)
{
	size_t before = 0;

	(void)state;
	test_net_init(&net, 12);
	const unsigned hub = add();
	assert_int_equal(host_subscribe(net.nodes[hub].host, T, 0), OK);
	for (unsigned i = 1; i <= 120; i++) {
		const unsigned n = add();
		assert_int_equal(host_subscribe(net.nodes[n].host, T, 0), OK);
		assert_int_equal(test_net_connect(&net, n, hub, NULL), OK);
		if (i == 20) {
			test_net_run(&net, 20000);
			before = net.nodes[hub].mem.used;
		}
	}
	test_net_run(&net, 20000);
	const size_t each = (net.nodes[hub].mem.used - before) / 100;
	print_message("host: %zu bytes per idle peer\n", each);
	assert_in_range(each, 500, 10 * 1024);
	assert_int_equal(net.nodes[hub].ups, 120);
	assert_int_equal(net.nodes[hub].identified, 120);
	test_net_fini(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identify),
		cmocka_unit_test(test_push_flood),
		cmocka_unit_test(test_gossip_short_of_memory),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_silence_times_out),
		cmocka_unit_test(test_application_streams),
		cmocka_unit_test(test_gossip_moves),
		cmocka_unit_test(test_gossip_back_pressure),
		cmocka_unit_test(test_hostile_gossip),
		cmocka_unit_test(test_stream_faults),
		cmocka_unit_test(test_stream_flood),
		cmocka_unit_test(test_idle_peer_bytes),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_gossip_reaches_all),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
