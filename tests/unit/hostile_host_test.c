/*
 * A peer that tries to make a host grow, or work without end, by every kind
 * of message: the attacks that libp2p implementations were found open to, as
 * a list. Of each: the host's memory stays below a stated bound, what it
 * allocates and answers stays in proportion to what it was sent, and another
 * peer is served meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "proto/base/varint.h"
#include "proto/libp2p/identify.h"
#include "proto/libp2p/noise.h"
#include "proto/libp2p/ping.h"
#include "proto/libp2p/yamux.h"
#include "tests/unit/test_net.h"

#define T     "/ohcn/1/test/people"
#define GOOD  0
#define EVIL  1
#define OTHER 2

static const char *const app[] = { "/test/app/1" };

static struct test_net net; /* large: not on the stack */
static uint64_t events[3];
static unsigned served, opened;

static void
note(struct test_net *n, unsigned node, const struct host_event *ev)
{
	(void)n;
	events[node]++;
	if (node == GOOD && ev->type == HOST_MESSAGE &&
	    ev->message.data.n == 5 &&
	    memcmp(ev->message.data.p, "serve", 4) == 0)
		served++;
	opened += node == GOOD && ev->type == HOST_STREAM_OPENED;
}

static void
add(bool limits)
{
	struct host_config cf = test_net_config();

	if (limits)
		cf.limits = host_limits_default();
	cf.protocols = app;
	cf.protocols_n = 1;
	cf.limits.outbound_wanted = 0;
	const unsigned n = test_net_add(&net, &cf);
	assert_int_equal(host_subscribe(net.nodes[n].host, T, 0), OK);
}

/* ---- what an attacker writes ---- */

static uint8_t room[70000];

static void
put(struct buf *b, const void *p, size_t n)
{
	assert_int_equal(buf_put(b, p, n), OK);
}

static void
put_head(struct buf *b, uint8_t tag, uint64_t n)
{
	assert_int_equal(buf_put_u8(b, tag), OK);
	assert_int_equal(varint_put(b, n), OK);
}

static void
put_noise(struct buf *b, size_t n)
{
	while (n-- > 0)
		assert_int_equal(
		    buf_put_u8(b, (uint8_t)test_random(&net.t)), OK);
}

/* Field ${tag} of the RPC, its content filled by a function of the turn. */
typedef void fill_fn(struct buf *b, unsigned turn);

static void
fill_topics(struct buf *b, unsigned turn)
{
	for (unsigned i = 0; i < 400; i++) {
		char topic[64];
		const int n = snprintf(
		    topic, sizeof(topic), "topic-%u-%u-of-a-flood", turn, i);
		put_head(b, 0x0a, (uint64_t)n + 4);
		put_head(b, 0x08, 1);
		put_head(b, 0x12, (uint64_t)n);
		put(b, topic, (size_t)n);
	}
}

static void
fill_long_topics(struct buf *b, unsigned turn)
{
	(void)turn;
	for (unsigned i = 0; i < 30; i++) {
		put_head(b, 0x0a, 2000 + 5);
		put_head(b, 0x08, 1);
		put_head(b, 0x12, 2000);
		put_noise(b, 2000);
	}
}

/* Control with one kind of entry, many times. */
static void
control(struct buf *b, uint8_t tag, unsigned n, fill_fn *fill, unsigned turn)
{
	static uint8_t inner[60000];
	struct buf c = { inner, 0, sizeof(inner) };

	for (unsigned i = 0; i < n; i++) {
		uint8_t one_raw[8192];
		struct buf one = { one_raw, 0, sizeof(one_raw) };
		fill(&one, turn * n + i);
		if (buf_room(&c) < one.n + 4)
			break;
		put_head(&c, tag, one.n);
		put(&c, one.p, one.n);
	}
	put_head(b, 0x1a, c.n);
	put(b, c.p, c.n);
}

static void
ids(struct buf *b, uint8_t tag, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		put_head(b, tag, 32);
		put_noise(b, 32);
	}
}

static void
one_ihave(struct buf *b, unsigned turn)
{
	(void)turn;
	put_head(b, 0x0a, strlen(T));
	put(b, T, strlen(T));
	ids(b, 0x12, 100);
}

static void
one_iwant(struct buf *b, unsigned turn)
{
	(void)turn;
	ids(b, 0x0a, 100);
}

static void
one_graft(struct buf *b, unsigned turn)
{
	char topic[64];
	const int n = snprintf(topic, sizeof(topic), "graft-%u", turn);

	put_head(b, 0x0a, (uint64_t)n);
	put(b, topic, (size_t)n);
}

/* A back-off of 2^63 seconds. */
static void
one_prune(struct buf *b, unsigned turn)
{
	char topic[64];
	const int n = turn % 2 == 0
			  ? snprintf(topic, sizeof(topic), "%s", T)
			  : snprintf(topic, sizeof(topic), "prune-%u", turn);

	put_head(b, 0x0a, (uint64_t)n);
	put(b, topic, (size_t)n);
	put_head(b, 0x18, (1ULL << 63) - 1);
}

/* Peer exchange with records that nobody signed. */
static void
one_exchange(struct buf *b, unsigned turn)
{
	(void)turn;
	put_head(b, 0x0a, strlen(T));
	put(b, T, strlen(T));
	for (unsigned i = 0; i < 40; i++) {
		put_head(b, 0x12, 38 + 100 + 4);
		put_head(b, 0x0a, 38);
		put(b, "\x00\x24\x08\x01\x12\x20", 6);
		put_noise(b, 32);
		put_head(b, 0x12, 100);
		put_noise(b, 100);
	}
}

static void
one_empty(struct buf *b, unsigned turn)
{
	(void)b;
	(void)turn;
}

static void
fill_ihave(struct buf *b, unsigned turn)
{
	control(b, 0x0a, 15, one_ihave, turn);
}

static void
fill_iwant(struct buf *b, unsigned turn)
{
	control(b, 0x12, 15, one_iwant, turn);
}

static void
fill_graft(struct buf *b, unsigned turn)
{
	control(b, 0x1a, 2000, one_graft, turn);
}

static void
fill_prune(struct buf *b, unsigned turn)
{
	control(b, 0x22, 1500, one_prune, turn);
}

static void
fill_exchange(struct buf *b, unsigned turn)
{
	control(b, 0x22, 10, one_exchange, turn);
}

static void
fill_idontwant(struct buf *b, unsigned turn)
{
	control(b, 0x2a, 15, one_iwant, turn);
}

/* Thirty thousand entries of two bytes each. */
static void
fill_counts(struct buf *b, unsigned turn)
{
	control(b, turn % 2 == 0 ? 0x0a : 0x1a, 29000, one_empty, turn);
}

static void
fill_publish(struct buf *b, unsigned turn)
{
	for (unsigned i = 0; i < 200; i++) {
		char topic[32];
		const int n = snprintf(topic, sizeof(topic), "nobody-%u", turn);
		put_head(b, 0x12, (uint64_t)n + 2 + 102);
		put_head(b, 0x12, 100);
		put_noise(b, 100);
		put_head(b, 0x22, (uint64_t)n);
		put(b, topic, (size_t)n);
	}
}

static void
fill_nothing(struct buf *b, unsigned turn)
{
	(void)b;
	(void)turn;
}

static void
fill_addresses(struct buf *b, unsigned turn)
{
	for (unsigned i = 0; i < 700; i++) {
		uint8_t addr[] = { 4, 203, 0, (uint8_t)turn, (uint8_t)i, 6,
			(uint8_t)(i >> 8), 9 };
		put_head(b, 0x12, sizeof(addr));
		put(b, addr, sizeof(addr));
	}
}

static void
fill_protocols(struct buf *b, unsigned turn)
{
	for (unsigned i = 0; i < 500; i++) {
		char id[32];
		const int n = snprintf(id, sizeof(id), "/flood/%u/%u", turn, i);
		put_head(b, 0x1a, (uint64_t)n);
		put(b, id, (size_t)n);
	}
}

static void
fill_garbage(struct buf *b, unsigned turn)
{
	(void)turn;
	put_noise(b, 3000);
}

/* ---- the attacks of a peer that speaks the lower layers well ---- */

static struct host_stream flood_stream;
static size_t most; /* bytes that the good host held at any step */

static void
run(unsigned ms)
{
	for (unsigned at = 0; at < ms; at += net.step_ms) {
		test_net_run(&net, net.step_ms);
		most = MAX(most, net.nodes[GOOD].mem.used);
	}
}

static bool flood_open;

static struct host *
evil(void)
{
	return net.nodes[EVIL].host;
}

static bool
open_stream(const char *protocol)
{
	flood_open = host_stream_open(evil(), test_net_id(&net, GOOD), protocol,
			 net.t.now_ms, &flood_stream) == OK;
	return flood_open;
}

/* One message with its length; as much as goes through, it waits for none. */
static void
send_message(fill_fn *fill, unsigned turn)
{
	struct buf b = { room, 5, sizeof(room) };
	uint8_t head_raw[5];
	struct buf head = { head_raw, 0, sizeof(head_raw) };
	size_t taken = 0;

	fill(&b, turn);
	assert_int_equal(varint_put(&head, b.n - 5), OK);
	memcpy(room + 5 - head.n, head_raw, head.n);
	struct slice all = slice_of(room + 5 - head.n, b.n - 5 + head.n);
	for (unsigned i = 0; all.n > 0 && i < 50; i++) {
		if (host_stream_write(evil(), flood_stream, all, &taken) !=
		    OK) {
			flood_open = false;
			return;
		}
		slice_skip(&all, taken);
		run(net.step_ms);
	}
	flood_open = flood_open && all.n == 0;
}

struct attack {
	const char *name;
	const char *protocol; /* of the stream that is written to */
	fill_fn *fill;
	unsigned turns;
	unsigned streams; /* a new stream each so many messages; 0: one */
	void (*custom)(unsigned turn);
};

static void
ping_without_reading(unsigned turn)
{
	uint8_t bytes[4096];
	size_t taken = 0;

	if (turn % 100 == 0)
		(void)open_stream(PING_PROTOCOL);
	memset(bytes, 7, sizeof(bytes));
	(void)!host_stream_write(
	    evil(), flood_stream, slice_of(bytes, sizeof(bytes)), &taken);
	run(net.step_ms);
}

static void
open_and_reset(unsigned turn)
{
	struct host_stream streams[40];
	unsigned n = 0;

	(void)turn;
	for (unsigned i = 0; i < ARRAY_LEN(streams); i++)
		if (open_stream(app[0]))
			streams[n++] = flood_stream;
	run(net.step_ms);
	for (unsigned i = 0; i < n; i++)
		host_stream_reset(evil(), streams[i]);
	run(net.step_ms);
}

static void
open_and_stay(unsigned turn)
{
	static const char *const all[] = { "/test/app/1", IDENTIFY_PROTOCOL,
		IDENTIFY_PUSH_PROTOCOL, PING_PROTOCOL, GOSSIP_PROTOCOL_12 };

	(void)open_stream(all[turn % ARRAY_LEN(all)]);
	if (turn % 8 == 0)
		run(net.step_ms);
}

static void
open_unknown(unsigned turn)
{
	static char names[64][24];
	char *name = names[turn % 64];

	(void)snprintf(name, sizeof(names[0]), "/unknown/%u", turn % 64);
	(void)open_stream(name);
	if (turn % 8 == 0)
		run(net.step_ms);
}

static void
replace_gossip(unsigned turn)
{
	if (open_stream(GOSSIP_PROTOCOL_12)) {
		size_t taken = 0;
		(void)!host_stream_write(evil(), flood_stream,
		    slice_of("\xff\xff\x03junk", 7), &taken);
	}
	(void)turn;
	run(net.step_ms);
}

static const struct attack attacks[] = {
	{ "subscriptions to ever new topics", GOSSIP_PROTOCOL_12, fill_topics,
	    60, 0, NULL },
	{ "subscriptions to very long topics", GOSSIP_PROTOCOL_12,
	    fill_long_topics, 40, 0, NULL },
	{ "PRUNE with a huge back-off", GOSSIP_PROTOCOL_12, fill_prune, 40, 0,
	    NULL },
	{ "PRUNE with false peers", GOSSIP_PROTOCOL_12, fill_exchange, 40, 0,
	    NULL },
	{ "GRAFT of ever new topics", GOSSIP_PROTOCOL_12, fill_graft, 40, 0,
	    NULL },
	{ "IHAVE of nothing", GOSSIP_PROTOCOL_12, fill_ihave, 60, 0, NULL },
	{ "IWANT of nothing", GOSSIP_PROTOCOL_12, fill_iwant, 60, 0, NULL },
	{ "IDONTWANT of everything", GOSSIP_PROTOCOL_12, fill_idontwant, 60, 0,
	    NULL },
	{ "control with huge counts", GOSSIP_PROTOCOL_12, fill_counts, 20, 0,
	    NULL },
	{ "messages for topics of nobody", GOSSIP_PROTOCOL_12, fill_publish, 60,
	    0, NULL },
	{ "empty RPCs", GOSSIP_PROTOCOL_12, fill_nothing, 3000, 0, NULL },
	{ "gossip streams one after the other", NULL, NULL, 400, 0,
	    replace_gossip },
	{ "identify with thousands of addresses", IDENTIFY_PUSH_PROTOCOL,
	    fill_addresses, 100, 9, NULL },
	{ "identify with thousands of protocols", IDENTIFY_PUSH_PROTOCOL,
	    fill_protocols, 100, 9, NULL },
	{ "identify push without end", IDENTIFY_PUSH_PROTOCOL, fill_nothing,
	    1000, 1, NULL },
	{ "identify that is garbage", IDENTIFY_PUSH_PROTOCOL, fill_garbage, 200,
	    1, NULL },
	{ "pings that are not read", NULL, NULL, 1000, 0,
	    ping_without_reading },
	{ "streams opened and reset", NULL, NULL, 400, 0, open_and_reset },
	{ "streams opened and left", NULL, NULL, 2000, 0, open_and_stay },
	{ "streams of unknown protocols", NULL, NULL, 2000, 0, open_unknown },
};

/* The other peer publishes and pings while all this goes on. */
static void
serve(unsigned turn)
{
	uint8_t body[5] = { 's', 'e', 'r', 'v', (uint8_t)turn };
	uint32_t sent = 0;

	(void)!host_publish(net.nodes[OTHER].host, T, slice_of(body, 5), false,
	    net.t.now_ms, &sent);
}

static void
run_attack(const struct attack *a)
{
	struct host_stats s;
	const size_t bound = 1 << 20; /* bytes beside what was used before */

	test_net_init(&net, 1);
	net.on_event = note;
	memset(events, 0, sizeof(events));
	served = opened = 0;
	for (unsigned i = 0; i < 3; i++)
		add(i == GOOD);
	assert_int_equal(test_net_connect(&net, EVIL, GOOD, NULL), OK);
	assert_int_equal(test_net_connect(&net, OTHER, GOOD, NULL), OK);
	test_net_run(&net, 2500);
	const size_t before = most = net.nodes[GOOD].mem.used;
	host_stats(net.nodes[GOOD].host, &s);
	const uint64_t in_before = s.bytes_in, out_before = s.bytes_out;
	const uint64_t takes_before = net.t.takes;
	const size_t all_before = net.t.peak = net.t.mem.used;
	flood_open = false;
	for (unsigned turn = 0; turn < a->turns; turn++) {
		if (turn % (a->turns / 10) == 0)
			serve(turn / (a->turns / 10));
		if (a->custom != NULL) {
			a->custom(turn);
		} else {
			if (!flood_open ||
			    (a->streams > 0 && turn % a->streams == 0)) {
				if (turn > 0 && flood_open)
					host_stream_close(evil(), flood_stream);
				(void)open_stream(a->protocol);
			}
			if (flood_open)
				send_message(a->fill, turn);
		}
	}
	test_net_run(&net, 2000);
	host_stats(net.nodes[GOOD].host, &s);
	const uint64_t in = s.bytes_in - in_before;
	const uint64_t takes = net.t.takes - takes_before;
	print_message("%-40s %7" PRIu64 " B in, %6zu B held, %3u served\n",
	    a->name, in, most - MIN(most, before), served);
	if (most > before + bound)
		fail_msg("%s: %zu bytes", a->name, most - before);
	/* Within a step, too; what the attacker queues counts here. */
	if (net.t.peak > all_before + 2 * bound)
		fail_msg("%s: %zu bytes for a moment", a->name, net.t.peak);
	if (served < 10)
		fail_msg("%s: %u of 10 served", a->name, served);
	/* Answers do not outweigh what was said; the other peer's share of
	 * the traffic is within the second number. */
	if (s.bytes_out - out_before > 2 * in + 65536)
		fail_msg("%s: %" PRIu64 " bytes out", a->name,
		    s.bytes_out - out_before);
	/* All three hosts together: an allocation for each 8 bytes sent. */
	if (takes > in / 8 + 20000)
		fail_msg("%s: %" PRIu64 " allocations", a->name, takes);
	assert_true(events[GOOD] <= in / 8 + 20000);
	assert_int_equal(net.nodes[OTHER].downs, 0);
	assert_true(s.memory_now < s.memory_cap);
	test_net_run(&net, 60000);
	/* Nothing of it stays for ever: what waits is given back. */
	if (net.nodes[GOOD].mem.used > before + 256 * 1024)
		fail_msg("%s: %zu bytes stay", a->name,
		    net.nodes[GOOD].mem.used - before);
	test_net_fini(&net);
}

static void
test_attacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++)
		run_attack(&attacks[i]);
}

/* ---- the attacks of one that speaks nothing well ---- */

#define HEADER "\x13/multistream/1.0.0\n"
#define NOISE  "\x07/noise\n"

struct guest {
	host_conn id;
	bool closed;
	struct noise_handshake hs;
	struct noise_cipher send, recv;
	uint8_t from[1 << 17];
	size_t from_n;
	uint64_t heard; /* bytes that the host sent, all in all */
};
static struct guest guest;

static bool
closes(struct test_net *n, unsigned node, const struct host_event *ev)
{
	note(n, node, ev);
	if (node != GOOD || ev->type != HOST_CLOSE || ev->conn != guest.id)
		return false;
	guest.closed = true;
	(void)snprintf(
	    n->nodes[GOOD].why, sizeof(n->nodes[GOOD].why), "%s", ev->why);
	host_conn_gone(n->nodes[GOOD].host, ev->conn, n->t.now_ms);
	return true;
}

static bool
no_output(struct test_net *n, unsigned node, host_conn conn)
{
	(void)n;
	return node == GOOD && conn == guest.id;
}

static bool
no_poll(struct test_net *n, unsigned node)
{
	(void)n;
	(void)node;
	return false;
}

static void
no_time(struct test_net *n, unsigned node)
{
	(void)n;
	(void)node;
}

static err
guest_connect(struct guest *g, uint32_t ip)
{
	const uint8_t addr[8] = { 4, (uint8_t)(ip >> 24), (uint8_t)(ip >> 16),
		(uint8_t)(ip >> 8), (uint8_t)ip, 6, 9, 9 };
	const struct host_conn_config cf = { .remote = slice_of(addr, 8) };
	uint8_t keys[2 * X25519_SIZE];

	*g = (struct guest){ 0 };
	net.t.env.random(net.t.env.ctx, keys, sizeof(keys));
	noise_handshake_init(
	    &g->hs, true, slice_of(NULL, 0), keys, keys + X25519_SIZE);
	return host_conn_open(net.nodes[GOOD].host, &cf, net.t.now_ms, &g->id);
}

static void
guest_give(struct guest *g, struct slice bytes)
{
	for (unsigned i = 0; bytes.n > 0 && !g->closed && i < 100; i++) {
		host_recv(net.nodes[GOOD].host, g->id, net.t.now_ms, &bytes);
		test_net_run(&net, 0);
	}
}

static void
guest_pull(struct guest *g)
{
	struct buf b = { g->from, g->from_n, sizeof(g->from) };

	if (g->closed)
		return;
	host_send(net.nodes[GOOD].host, g->id, net.t.now_ms, &b);
	g->heard += b.n - g->from_n;
	g->from_n = b.n;
}

/* What the host says is of no interest but for its size. */
static void
guest_drop(struct guest *g)
{
	do {
		g->from_n = 0;
		guest_pull(g);
	} while (g->from_n > 0 && !g->closed);
}

static void
guest_say(struct guest *g, struct slice plain)
{
	static uint8_t frame[2 + NOISE_MESSAGE_MAX];

	put_u16be(frame, (uint16_t)(plain.n + AEAD_TAG));
	assert_int_equal(noise_seal(&g->send, frame + 2, plain.p, plain.n), OK);
	guest_give(g, slice_of(frame, 2 + plain.n + AEAD_TAG));
}

static void
guest_secure(struct guest *g, uint32_t who)
{
	uint8_t seed[ED25519_SEED] = { 0xbb }, pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET], raw[1024], payload_raw[1024];
	const size_t skip = strlen(HEADER NOISE);

	put_u32be(seed + 4, who);
	ed25519_keypair(pub, secret, seed);
	guest_give(g, slice_str(HEADER NOISE));
	while (!noise_handshake_done(&g->hs)) {
		struct buf payload = { payload_raw, 0, sizeof(payload_raw) };
		struct buf b = { raw, 2, sizeof(raw) };
		if (g->hs.messages % 2 == 1) {
			guest_pull(g);
			assert_true(g->from_n > skip + 2);
			const size_t n = get_u16be(g->from + skip);
			assert_int_equal(
			    noise_handshake_read(&g->hs,
				slice_of(g->from + skip + 2, n), &payload),
			    OK);
			g->from_n = 0;
			continue;
		}
		if (g->hs.messages > 0)
			assert_int_equal(
			    noise_payload_put(&payload, secret, g->hs.s), OK);
		assert_int_equal(
		    noise_handshake_write(&g->hs, buf_slice(&payload), &b), OK);
		put_u16be(raw, (uint16_t)(b.n - 2));
		guest_give(g, buf_slice(&b));
	}
	noise_handshake_split(&g->hs, &g->send, &g->recv);
}

static void
guest_frames(struct guest *g, const struct yamux_frame *f, unsigned n)
{
	static uint8_t many[YAMUX_HEAD * 1000];

	for (unsigned i = 0; i < n; i++)
		yamux_frame_put(many + (size_t)i * YAMUX_HEAD, &f[i]);
	guest_say(g, slice_of(many, (size_t)n * YAMUX_HEAD));
}

typedef void frames_fn(struct yamux_frame f[500], unsigned turn);

static void
frames_resets(struct yamux_frame f[500], unsigned turn)
{
	for (unsigned i = 0; i < 500; i += 2) {
		const uint32_t id = (turn * 250 + i / 2) * 2 + 1;
		f[i] = (struct yamux_frame){ YAMUX_WINDOW_UPDATE, YAMUX_SYN, id,
			0 };
		f[i + 1] = (struct yamux_frame){ YAMUX_WINDOW_UPDATE, YAMUX_RST,
			id, 0 };
	}
}

static void
frames_pings(struct yamux_frame f[500], unsigned turn)
{
	for (unsigned i = 0; i < 500; i++)
		f[i] = (struct yamux_frame){ YAMUX_PING, YAMUX_SYN, 0,
			turn * 500 + i };
}

static void
frames_opens(struct yamux_frame f[500], unsigned turn)
{
	for (unsigned i = 0; i < 500; i++)
		f[i] = (struct yamux_frame){ YAMUX_WINDOW_UPDATE, YAMUX_SYN,
			(turn * 500 + i) * 2 + 1, UINT32_MAX };
}

static void
frames_windows(struct yamux_frame f[500], unsigned turn)
{
	for (unsigned i = 0; i < 500; i++)
		f[i] = (struct yamux_frame){ YAMUX_WINDOW_UPDATE,
			turn == 0 && i == 0 ? YAMUX_SYN : 0, 1, UINT32_MAX };
}

static void
frames_empty(struct yamux_frame f[500], unsigned turn)
{
	for (unsigned i = 0; i < 500; i++)
		f[i] = (struct yamux_frame){ YAMUX_DATA,
			turn == 0 && i == 0 ? YAMUX_SYN : 0, 1, 0 };
}

static void
frames_over_window(struct yamux_frame f[500], unsigned turn)
{
	(void)turn;
	for (unsigned i = 0; i < 500; i++)
		f[i] = (struct yamux_frame){ YAMUX_DATA, YAMUX_SYN, 2 * i + 1,
			UINT32_MAX };
}

static void
frames_strangers(struct yamux_frame f[500], unsigned turn)
{
	for (unsigned i = 0; i < 500; i++)
		f[i] = (struct yamux_frame){ YAMUX_WINDOW_UPDATE, YAMUX_FIN,
			(turn * 500 + i) * 2 + 1, 1 };
}

/* Each is cut off, or bounded, whether the answers are read or not. */
static void
test_frames(void **state)
{
	static const struct {
		const char *name;
		frames_fn *fill;
		bool cut; /* the connection must not survive it */
	} cases[] = {
		{ "streams opened and reset at once", frames_resets, true },
		{ "Yamux pings without pause", frames_pings, true },
		{ "streams opened, and none used", frames_opens, true },
		{ "windows of four gigabytes", frames_windows, false },
		{ "frames without content", frames_empty, true },
		{ "more than the window", frames_over_window, true },
		{ "ends of streams that never were", frames_strangers, false },
	};
	static struct yamux_frame f[500];

	(void)state;
	for (size_t c = 0; c < 2 * ARRAY_LEN(cases); c++) {
		const bool reads = c % 2 == 0;
		most = 0;
		test_net_init(&net, 3);
		served = opened = 0;
		net.service_event = closes;
		net.service_output = no_output;
		net.service_poll = no_poll;
		net.service_time = no_time;
		for (unsigned i = 0; i < 3; i++)
			add(i == GOOD);
		assert_int_equal(test_net_connect(&net, OTHER, GOOD, NULL), OK);
		test_net_run(&net, 2500);
		assert_int_equal(guest_connect(&guest, 0x0a090909), OK);
		guest_secure(&guest, 1);
		guest_drop(&guest);
		const size_t before = net.nodes[GOOD].mem.used;
		const uint64_t takes = net.t.takes;
		unsigned turn = 0;
		for (; turn < 100 && !guest.closed; turn++) {
			cases[c / 2].fill(f, turn);
			guest_frames(&guest, f, 500);
			if (reads)
				guest_drop(&guest);
			most = MAX(most, net.nodes[GOOD].mem.used);
		}
		print_message("%-40s %s after %5u frames, %6zu B held\n",
		    cases[c / 2].name, guest.closed ? "cut" : "let", turn * 500,
		    most - MIN(before, most));
		if (cases[c / 2].cut && !guest.closed)
			fail_msg("%s: not cut", cases[c / 2].name);
		if (most > before + (1 << 20))
			fail_msg(
			    "%s: %zu bytes", cases[c / 2].name, most - before);
		assert_true(net.t.takes - takes < 3 * 500 * turn + 1000);
		serve((unsigned)c);
		test_net_run(&net, 1500);
		assert_int_equal(served, 1);
		if (!guest.closed)
			host_conn_gone(
			    net.nodes[GOOD].host, guest.id, net.t.now_ms);
		test_net_fini(&net);
	}
}

/* Noise messages of one byte, and of none: the work is that of the bytes. */
static void
test_tiny_messages(void **state)
{
	static const uint8_t ping[YAMUX_HEAD] = { 0, YAMUX_PING, 0, YAMUX_SYN };

	(void)state;
	test_net_init(&net, 4);
	net.service_event = closes;
	net.service_output = no_output;
	net.service_poll = no_poll;
	net.service_time = no_time;
	for (unsigned i = 0; i < 3; i++)
		add(i == GOOD);
	assert_int_equal(guest_connect(&guest, 0x0a090909), OK);
	guest_secure(&guest, 1);
	guest_drop(&guest);
	const size_t before = net.nodes[GOOD].mem.used;
	for (unsigned i = 0; i < 20000 && !guest.closed; i++) {
		guest_say(&guest, slice_of(ping + i / 2 % YAMUX_HEAD, i % 2));
		if (i % 100 == 0)
			guest_drop(&guest);
		assert_true(net.nodes[GOOD].mem.used < before + 65536);
	}
	assert_false(guest.closed);
	host_conn_gone(net.nodes[GOOD].host, guest.id, net.t.now_ms);
	test_net_fini(&net);
}

/*
 * Strangers connect and say nothing, garbage, or half a handshake: sixteen at
 * a time; whoever comes honestly gets in within seconds.
 */
static void
test_half_open(void **state)
{
	static struct guest g[64];
	struct host_stats s;
	unsigned in = 0;

	(void)state;
	test_net_init(&net, 5);
	net.on_event = note;
	for (unsigned i = 0; i < 3; i++)
		add(i == GOOD);
	struct host *h = net.nodes[GOOD].host;
	const size_t before = most = net.nodes[GOOD].mem.used;
	for (unsigned i = 0; i < 64; i++) {
		const uint32_t ip = (20 + i) << 24 | i << 16 | 0x0101;
		if (guest_connect(&g[i], ip) != OK)
			continue;
		in++;
		struct slice part = slice_str(HEADER NOISE);
		part.n = i % 3 == 0 ? 0 : part.n;
		host_recv(h, g[i].id, net.t.now_ms, &part);
		most = MAX(most, net.nodes[GOOD].mem.used);
	}
	assert_int_equal(in, 16);
	host_stats(h, &s);
	assert_int_equal(s.half_open, 16);
	assert_int_equal(s.conns_refused, 48);
	assert_true(most < before + 256 * 1024);
	assert_int_equal(test_net_connect(&net, OTHER, GOOD, NULL), ERR_LIMIT);
	/* Three seconds later the slowest gives way; ours are told so. */
	net.t.now_ms += 3001;
	assert_int_equal(test_net_connect(&net, OTHER, GOOD, NULL), OK);
	struct host_event ev;
	assert_true(host_next(h, &ev));
	assert_int_equal(ev.type, HOST_CLOSE);
	assert_string_equal(ev.why, "slow handshake, others wait");
	host_conn_gone(h, ev.conn, net.t.now_ms);
	for (unsigned i = 0; i < 64; i++)
		if (g[i].id != 0)
			host_conn_gone(h, g[i].id, net.t.now_ms);
	test_net_run(&net, 1000);
	assert_int_equal(net.nodes[GOOD].ups, 1);
	test_net_fini(&net);
}

/* More handshakes a second than we want to compute. */
static void
test_handshake_rate(void **state)
{
	struct guest g;
	unsigned in = 0;

	(void)state;
	test_net_init(&net, 6);
	for (unsigned i = 0; i < 3; i++)
		add(i == GOOD);
	for (unsigned sec = 0; sec < 10; sec++) {
		for (unsigned i = 0; i < 200; i++) {
			const uint32_t ip =
			    (20 + i) << 24 | sec << 16 | i << 8 | 1;
			if (guest_connect(&g, ip) != OK)
				continue;
			in++;
			host_conn_gone(
			    net.nodes[GOOD].host, g.id, net.t.now_ms);
		}
		net.t.now_ms += 1000;
	}
	/* A burst of 64, then 32 each second. */
	assert_in_range(in, 64 + 9 * 32, 64 + 9 * 32 + 2);
	test_net_fini(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_tiny_messages),
		cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_handshake_rate),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
