/*
 * A whole host among peers, under any sequence of what can happen to it: the
 * bytes are a program. Peers come, go and say anything on a stream of any
 * protocol, honest ones and some that lie; addresses of all kinds are told;
 * dials succeed, fail or hang; the application subscribes, publishes, opens
 * streams and judges late; time goes by, or jumps.
 *
 * After each step the host's memory is within its budget and its counters
 * agree with what it shows; at the end nothing leaks; and the same program
 * once more gives the same events and counters.
 */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "proto/libp2p/identify.h"
#include "proto/libp2p/ping.h"
#include "tests/unit/test_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OURS      0
#define PEERS     4 /* nodes 1 to 4 */
#define MEMORY    (6U << 20)
#define STEPS_MAX 64
#define WIRES_MAX 200

static const char *const app[] = { "/app/1", "/app/2" };
static const uint8_t flags[] = { HOST_PROTOCOL_LIMITED, 0 };
static const char *const topics[] = { "a", "b", "topic/of/more" };
static const char *const theirs[] = { "/app/1", "/app/2", "/meshsub/1.2.0",
	"/meshsub/1.1.0", "/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0",
	"/ipfs/ping/1.0.0", "/nobody/speaks/it" };

/* What is left of the input. */
struct program {
	const uint8_t *p;
	size_t n;
};

struct pending {
	uint64_t handle;
	bool used;
};

static struct test_net net; /* large: not on the stack */
static struct pending late[16];
static struct host_stream streams[8];
static uint8_t digest[SHA256_SIZE];

static uint8_t
take(struct program *p)
{
	if (p->n == 0)
		return 0;
	p->n--;
	return *p->p++;
}

static struct slice
take_bytes(struct program *p, size_t max)
{
	const size_t want = (size_t)take(p) * 16;
	const size_t n = MIN(MIN(want, max), p->n);
	const struct slice s = slice_of(p->p, n);

	p->p += n;
	p->n -= n;
	return s;
}

static void
mix(const void *bytes, size_t n)
{
	const struct crypto_part parts[] = { { digest, SHA256_SIZE },
		{ bytes, n } };

	hash_sha256(digest, parts, 2);
}

static void
on_event(struct test_net *n, unsigned node, const struct host_event *ev)
{
	const struct host_stream s = { ev->conn, ev->stream };
	struct host *h = n->nodes[node].host;
	size_t taken = 0;

	if (node != OURS)
		return;
	const uint32_t what[] = { (uint32_t)ev->type, ev->conn, ev->stream,
		(uint32_t)ev->error };
	mix(what, sizeof(what));
	if (ev->type == HOST_MESSAGE) {
		mix(ev->message.data.p, ev->message.data.n);
		for (size_t i = 0; i < ARRAY_LEN(late); i++)
			if (!late[i].used) {
				late[i] = (struct pending){ ev->message.handle,
					true };
				return;
			}
		host_verdict(h, ev->message.handle, GOSSIP_FORGET, n->t.now_ms);
	}
	if (ev->type == HOST_STREAM_DATA) { /* an echo that gives up */
		const struct slice in = host_stream_read(h, s);
		mix(in.p, in.n);
		(void)!host_stream_write(h, s, in, &taken);
		host_stream_consume(h, s, in.n);
	}
	if (ev->type == HOST_STREAM_END)
		host_stream_close(h, s);
}

static void
check(void)
{
	struct host *h = net.nodes[OURS].host;
	struct host_peer_info info;
	struct host_stats s;
	uint32_t peers = 0, conns = 0;

	host_stats(h, &s);
	ASSERT(net.nodes[OURS].mem.used <= MEMORY);
	ASSERT(s.memory_now <= s.memory_cap);
	ASSERT(s.conns_in + s.conns_out == s.conns_now);
	while (host_peer_at(h, peers, &info)) {
		struct host_peer_info found;
		ASSERT(host_peer_find(h, &info.id, &found));
		ASSERT(found.conns == info.conns && info.conns > 0);
		for (uint32_t i = 0; i < info.conns; i++)
			ASSERT(host_peer_conn(h, &info.id, i) != 0);
		ASSERT(host_peer_conn(h, &info.id, info.conns) == 0);
		conns += info.conns;
		peers++;
	}
	ASSERT(peers == s.peers_now && conns <= s.conns_now);
	ASSERT(s.known_addrs <= s.known_peers * PEER_ADDRS_MAX);
	ASSERT(s.dials_now <= HOST_DIALS_MAX);
}

static int
route(struct test_net *n, unsigned from, struct slice addr)
{
	const int to = test_net_route(n, from, addr);

	if (to >= 0)
		return to;
	return addr.n > 0 && (addr.p[addr.n - 1] & 1) ? TEST_NET_SILENT
						      : TEST_NET_REFUSED;
}

/* ---- the steps ---- */

static void
connect_peer(struct program *p)
{
	const uint8_t b = take(p);
	const unsigned peer = 1 + b % PEERS;

	if (net.wires_n >= WIRES_MAX)
		return;
	if (b & 0x80)
		(void)test_net_connect(&net, OURS, peer, NULL);
	else if (b & 0x40)
		(void)test_net_relay(&net, peer, OURS, NULL);
	else if (b & 0x20)
		(void)test_net_connect_as(
		    &net, peer, OURS, 10 + (b >> 3) % 4, NULL);
	else
		(void)test_net_connect(&net, peer, OURS, NULL);
}

/* A peer says anything on a stream that it opens to us. */
static void
peer_says(struct program *p)
{
	const uint8_t b = take(p);
	const unsigned peer = 1 + b % PEERS;
	struct host *h = net.nodes[peer].host;
	struct host_stream s;
	size_t taken = 0;

	if (host_stream_open(h, test_net_id(&net, OURS),
		theirs[(b >> 3) % ARRAY_LEN(theirs)], net.t.now_ms, &s) != OK)
		return;
	(void)!host_stream_write(h, s, take_bytes(p, 4096), &taken);
	if (b & 4)
		host_stream_close(h, s);
	else if (b & 0x40)
		host_stream_reset(h, s);
}

static void
tell_address(struct program *p)
{
	const uint8_t b = take(p);
	const unsigned peer = b % (PEERS + 1);
	struct host *h = net.nodes[OURS].host;
	struct peer_id id = *test_net_id(&net, peer);
	uint8_t raw[8];
	struct slice addr = test_net_address(peer, raw);

	if (b & 0x40) /* someone who does not exist, at a place like it */
		id.bytes[id.n - 1] ^= 1;
	if (b & 0x80)
		addr = take_bytes(p, 255);
	else if (b & 0x20)
		raw[4] = take(p);
	(void)!host_peer_add(h, b & 0x10 ? NULL : &id, addr,
	    (enum peer_source)(take(p) % PEER_SOURCES), net.t.now_ms);
	(void)!host_connect(h, &id, net.t.now_ms);
}

static void
our_stream(struct program *p)
{
	const uint8_t b = take(p);
	struct host *h = net.nodes[OURS].host;
	struct host_stream *s = &streams[b % ARRAY_LEN(streams)];
	size_t taken = 0;

	switch (b >> 6) {
	case 0:
		(void)!host_stream_open(h, test_net_id(&net, 1 + b % PEERS),
		    theirs[(b >> 3) % 8], net.t.now_ms, s);
		break;
	case 1:
		(void)!host_stream_write(h, *s, take_bytes(p, 4096), &taken);
		break;
	case 2:
		host_stream_close(h, *s);
		break;
	default:
		host_stream_reset(h, *s);
	}
}

static void
gossip_step(struct program *p)
{
	const uint8_t b = take(p);
	/* The last peer is as often us: what we say comes back. */
	const unsigned node = b % (PEERS + 1);
	struct host *h = net.nodes[node].host;
	const char *topic = topics[(b >> 3) % ARRAY_LEN(topics)];
	uint32_t sent = 0;

	switch (b >> 6) {
	case 0:
		(void)!host_subscribe(h, topic, net.t.now_ms);
		break;
	case 1:
		host_unsubscribe(h, topic, net.t.now_ms);
		break;
	default:
		(void)!host_publish(h, topic, take_bytes(p, 2048),
		    (b & 0x40) != 0, net.t.now_ms, &sent);
	}
}

static void
judge(struct program *p)
{
	const uint8_t b = take(p);
	struct pending *l = &late[b % ARRAY_LEN(late)];

	if (!l->used)
		return;
	l->used = false;
	host_verdict(net.nodes[OURS].host, l->handle,
	    (enum gossip_verdict)((b >> 4) % 4), net.t.now_ms);
}

static void
verbs(struct program *p)
{
	const uint8_t b = take(p);
	struct host *h = net.nodes[OURS].host;
	const struct peer_id *id = test_net_id(&net, 1 + b % PEERS);
	uint8_t raw[8];
	struct slice addr = test_net_address(b % 3, raw);

	switch ((b >> 3) % 11) {
	case 0:
		host_protocol_set(h, b >> 7, (b & 1) != 0, net.t.now_ms);
		break;
	case 1:
		host_listen_set(h, &addr, b & 1);
		break;
	case 2:
		host_resumed(h, net.t.now_ms);
		break;
	case 3:
		host_peer_forget(h, id);
		break;
	case 4:
		host_peer_protect(h, id, (b & 0x80) != 0);
		break;
	case 5:
		(void)!host_ping(h, id, net.t.now_ms);
		break;
	case 6:
		(void)!host_direct_add(h, id);
		break;
	case 7:
		host_direct_del(h, id);
		break;
	case 8:
		(void)!host_peer_app_score(h, id, (int8_t)take(p) * 100);
		break;
	case 9:
		if (host_peer_conn(h, id, 0) != 0)
			host_conn_close(h, host_peer_conn(h, id, 0), "enough",
			    net.t.now_ms);
		break;
	default:
		(void)!host_peer_record_add(h, id, take_bytes(p, 1024),
		    (enum peer_source)(b % PEER_SOURCES), net.t.now_ms, NULL);
	}
}

static void
step(struct program *p)
{
	const uint8_t b = take(p);

	switch (b % 10) {
	case 0:
	case 1:
		connect_peer(p);
		break;
	case 2:
	case 3:
		peer_says(p);
		break;
	case 4:
		tell_address(p);
		break;
	case 5:
		our_stream(p);
		break;
	case 6:
		gossip_step(p);
		break;
	case 7:
		judge(p);
		break;
	case 8:
		if (net.wires_n > 0)
			test_net_cut(&net, take(p) % net.wires_n);
		break;
	default:
		verbs(p);
	}
	if (b >= 250) { /* asleep */
		net.t.now_ms += 3600000;
		host_on_time(net.nodes[OURS].host, net.t.now_ms);
	}
	test_net_run(&net, b & 0x40 ? (b & 0x20 ? 1500 : 100) : 0);
	check();
}

static void
run(struct program p, struct host_stats *out)
{
	struct host_config cf = test_net_config();
	const unsigned kind = take(&p);

	memset(digest, 0, sizeof(digest));
	memset(late, 0, sizeof(late));
	memset(streams, 0, sizeof(streams));
	test_net_init(&net, 1 + kind);
	net.step_ms = 50;
	net.dials = true;
	net.route = route;
	net.on_event = on_event;
	cf.protocols = app;
	cf.protocols_n = ARRAY_LEN(app);
	cf.protocol_flags = flags;
	cf.limits = host_limits_default();
	cf.limits.memory_bytes = MEMORY;
	if (kind & 1) { /* hardly any room */
		cf.limits.memory_bytes = 1 << 20;
		cf.limits.conns_max = 4;
		cf.limits.events_max = 8;
		cf.limits.half_open_max = 2;
		cf.limits.inbound_low = 1;
		cf.limits.inbound_high = 2;
		cf.limits.grace_ms = 1000;
	}
	(void)test_net_add(&net, &cf);
	net.nodes[OURS].manual = true;
	cf.limits = host_limits_default();
	cf.limits.outbound_wanted = 0;
	for (unsigned i = 0; i < PEERS; i++)
		(void)test_net_add(&net, &cf);
	for (unsigned i = 0; i < STEPS_MAX && p.n > 0; i++)
		step(&p);
	test_net_run(&net, 3000);
	check();
	host_stats(net.nodes[OURS].host, out);
	test_net_fini(&net);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct host_stats first, second;
	uint8_t events[SHA256_SIZE];
	const struct program p = { data, size };

	if (size < 2 || size > 1 << 15)
		return 0;
	ASSERT(crypto_init());
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	run(p, &first);
	memcpy(events, digest, sizeof(events));
	run(p, &second);
	ASSERT(memcmp(events, digest, sizeof(events)) == 0);
	ASSERT(first.bytes_in == second.bytes_in &&
	       first.bytes_out == second.bytes_out);
	ASSERT(first.memory_now == second.memory_now);
	return 0;
}
