/*
 * bench_peer.c: our libp2p host as one side of the network benchmarks of
 * tests/bench/network.py. The peers in tests/bench/peers speak the same lines,
 * so that one driver measures ours, js, go and rust in the same way:
 *
 *   connect ADDR               subscribe TOPIC [signed]
 *   count                      messages accepted so far
 *   dial COUNT PARALLEL ADDR.. handshake, one ping, close; COUNT times
 *   send ADDR BYTES STREAMS    so many bytes in all, then the sink's receipt
 *   quit
 *
 * and ours alone, since every receiver has the same sender:
 *
 *   publish TOPIC COUNT SIZE [signed]
 *   swarm COUNT ADDR TOPIC...  so many more hosts that connect and stay
 *
 * Each answers with one line of JSON. "hosts N" as arguments: that many
 * hosts listen. "limits" instead prints what this machine can do without
 * libp2p, and ends. Not a part of any test: it asserts nothing about time.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "node/base/env.h"
#include "node/net/transport.h"
#include "proto/base/text.h"
#include "proto/libp2p/aead.h"
#include "proto/libp2p/gossip_internal.h"

#define SINK_PROTOCOL "/ohcn-bench/sink/1"
#define LINE_BYTES    65536
#define FRAME         65519 /* the longest of Noise, without its tag */
#define PARALLEL_MAX  64
#define STREAMS_MAX   64
#define MESSAGE_MAX   16384
#define SIGNED_HEAD   (ED25519_SIG + ED25519_PUBLIC)
#define WORDS_MAX     (PARALLEL_MAX + 4)
#define SWARM_MS      40 /* between two hosts of a swarm */

struct sink {
	struct host_stream s;
	uint64_t bytes;
	bool used, answered;
};

struct node {
	struct host *host;
	struct transport *transport;
	struct mem mem;
	char address[MULTIADDR_TEXT_MAX + PEER_ID_TEXT_MAX + 8];
	struct sink sinks[STREAMS_MAX]; /* of others */
};

/* One of the dials that go on side by side. */
struct dialling {
	bool busy, due;
	bool pinged; /* the answer came; the connection is being closed */
	const char *address;
	struct peer_id peer;
};

struct sending {
	struct host_stream s;
	uint64_t left;
	bool open, done;
};

struct bench {
	uv_loop_t loop;
	uv_pipe_t in;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t idle; /* runs while something is due at once */
	struct env env;
	struct node *nodes[20000];
	size_t nodes_n;
	char line[LINE_BYTES], words_of[LINE_BYTES];
	size_t line_n;
	char read_buf[LINE_BYTES];
	bool quitting;

	/* gossip */
	bool verify;
	uint64_t accepted, bad;
	char topic[GOSSIP_TOPIC_MAX + 1];
	uint64_t to_publish, published, started_ns;
	size_t size;
	bool sign;
	uint8_t secret[ED25519_SECRET], pub[ED25519_PUBLIC];

	/* dial */
	struct dialling dials[PARALLEL_MAX];
	uint32_t dials_n, to_dial, dialled, dial_failed;

	/* connect, send */
	struct peer_id wanted;
	bool connecting;
	struct sending sends[STREAMS_MAX];
	uint32_t sends_n, sends_done, sends_failed;
	uint64_t sends_bytes, send_each;
	bool sending, send_waits;

	/* swarm */
	uv_timer_t swarm_timer;
	uint32_t swarm_wanted, swarm_left, swarm_up;
	bool swarming;
	const char *swarm_address, *swarm_topics[WORDS_MAX];
	size_t swarm_topics_n;
};

static struct bench b;
static const char *const protocols[] = { SINK_PROTOCOL };
static uint8_t zeros[65536];

static void
log_line(void *ctx, enum log_level level, const char *event, const char *kv)
{
	(void)ctx;
	if (level == LOG_BROKEN || getenv("OHCN_BENCH_LOG") != NULL)
		(void)fprintf(stderr, "%s %s\n", event, kv);
}

static uint64_t
now_ms(void)
{
	return env_mono_ms();
}

static double
seconds_since(uint64_t ns)
{
	return (double)(uv_hrtime() - ns) / 1e9;
}

static void
fail(const char *what)
{
	printf("{\"event\":\"failed\",\"why\":\"%s\"}\n", what);
	(void)fflush(stdout);
}

static bool
peer_of(const char *address, struct peer_id *out)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf m = { raw, 0, sizeof(raw) };

	return multiaddr_get(slice_str(address), &m) == OK &&
	       multiaddr_peer(buf_slice(&m), out) == OK;
}

/* ---- gossip ---- */

static bool
signature_is_good(struct slice data)
{
	return data.n > SIGNED_HEAD &&
	       ed25519_verify(data.p, data.p + SIGNED_HEAD,
		   data.n - SIGNED_HEAD, data.p + ED25519_SIG);
}

static void
on_message(struct node *n, const struct gossip_message *m)
{
	const bool good = !b.verify || signature_is_good(m->data);

	b.accepted += good ? 1 : 0;
	b.bad += good ? 0 : 1;
	host_verdict(
	    n->host, m->handle, good ? GOSSIP_ACCEPT : GOSSIP_REJECT, now_ms());
}

static void
message_make(uint8_t *out, uint64_t number)
{
	const size_t head = b.sign ? SIGNED_HEAD : 0;

	put_u64be(out + head, number);
	put_u64be(out + head + 8, b.started_ns);
	if (!b.sign)
		return;
	ed25519_sign(out, out + head, b.size - head, b.secret);
	memcpy(out + ED25519_SIG, b.pub, sizeof(b.pub));
}

/* As many as the queues take; TCP's back-pressure stops us. */
static void
publish_on(struct node *n)
{
	static uint8_t data[MESSAGE_MAX];
	static uint64_t serial;
	static bool made; /* the one that the queues had no room for */
	uint32_t sent = 0;

	while (b.published < b.to_publish) {
		if (!made)
			message_make(data, ++serial);
		made = true;
		const err e = host_publish(n->host, b.topic,
		    slice_of(data, b.size), true, now_ms(), &sent);
		if (e != OK)
			break;
		made = false;
		if (sent == 0)
			break; /* nobody is there yet */
		b.published++;
	}
	transport_wake(n->transport);
	if (b.published < b.to_publish)
		return;
	printf("{\"event\":\"published\",\"messages\":%" PRIu64
	       ",\"seconds\":%.6f}\n",
	    b.published, seconds_since(b.started_ns));
	b.to_publish = 0;
}

/* ---- dial ---- */

static struct dialling *
dialling_of(const struct peer_id *peer)
{
	for (uint32_t i = 0; i < b.dials_n; i++)
		if (b.dials[i].busy && peer_id_eq(&b.dials[i].peer, peer))
			return &b.dials[i];
	return NULL;
}

static void
dialling_over(struct dialling *d, bool good)
{
	d->busy = false;
	b.dialled += good ? 1 : 0;
	b.dial_failed += good ? 0 : 1;
	d->due = b.dialled + b.dial_failed + b.dials_n <= b.to_dial;
	if (b.dialled + b.dial_failed < b.to_dial)
		return;
	printf("{\"event\":\"dialled\",\"count\":%" PRIu32
	       ",\"failed\":%" PRIu32 ",\"seconds\":%.6f}\n",
	    b.dialled, b.dial_failed, seconds_since(b.started_ns));
	b.to_dial = 0;
}

static void
on_dialled(void *ctx, err e, const char *why)
{
	struct dialling *d = ctx;

	if (e == OK)
		return;
	(void)fprintf(stderr, "dial: %s\n", why);
	dialling_over(d, false);
}

static void
dial_on(struct node *n)
{
	for (uint32_t i = 0; i < b.dials_n; i++) {
		struct dialling *d = &b.dials[i];
		if (!d->due)
			continue;
		d->due = false;
		d->busy = true;
		d->pinged = false;
		if (transport_dial(n->transport, d->address, on_dialled, d) !=
		    OK)
			dialling_over(d, false);
	}
}

static void
on_dial_event(struct node *n, const struct host_event *ev)
{
	struct dialling *d = dialling_of(&ev->peer);

	if (d == NULL)
		return;
	if (ev->type == HOST_PEER_UP &&
	    host_ping(n->host, &ev->peer, now_ms()) != OK)
		host_conn_close(n->host, ev->conn, "no ping", now_ms());
	if (ev->type == HOST_PING) {
		d->pinged = ev->rtt_ms != UINT32_MAX;
		host_conn_close(n->host, ev->conn, "done", now_ms());
	}
	if (ev->type == HOST_PEER_DOWN)
		dialling_over(d, d->pinged);
}

/* ---- streams: the sink ---- */

static struct sink *
sink_of(struct node *n, const struct host_event *ev)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (n->sinks[i].used && n->sinks[i].s.conn == ev->conn &&
		    n->sinks[i].s.stream == ev->stream)
			return &n->sinks[i];
	return NULL;
}

static void
sink_take(struct node *n, struct sink *k)
{
	uint8_t receipt[8];
	size_t taken = 0;

	for (;;) {
		const struct slice in = host_stream_read(n->host, k->s);
		if (in.n == 0)
			break;
		k->bytes += in.n;
		host_stream_consume(n->host, k->s, in.n);
	}
	if (k->answered || !host_stream_ended(n->host, k->s))
		return;
	k->answered = true;
	put_u64be(receipt, k->bytes);
	if (host_stream_write(n->host, k->s, slice_of(receipt, 8), &taken) ==
	    OK)
		host_stream_close(n->host, k->s);
}

static void
on_sink(struct node *n, const struct host_event *ev)
{
	struct sink *k = sink_of(n, ev);

	if (ev->type == HOST_STREAM_OPENED) {
		for (size_t i = 0; i < STREAMS_MAX && k == NULL; i++)
			if (!n->sinks[i].used)
				k = &n->sinks[i];
		if (k == NULL) {
			host_stream_reset(n->host,
			    (struct host_stream){ ev->conn, ev->stream });
			return;
		}
		*k = (struct sink){ .s = { ev->conn, ev->stream },
			.used = true };
	}
	if (k == NULL)
		return;
	if (ev->type == HOST_STREAM_CLOSED)
		k->used = false;
	else
		sink_take(n, k);
}

/* ---- streams: the sender ---- */

static void
send_all_done(void)
{
	if (b.sends_done + b.sends_failed < b.sends_n)
		return;
	printf("{\"event\":\"sent\",\"bytes\":%" PRIu64 ",\"failed\":%" PRIu32
	       ",\"seconds\":%.6f}\n",
	    b.sends_bytes, b.sends_failed, seconds_since(b.started_ns));
	b.sending = false;
	b.sends_n = 0;
}

static void
send_more(struct node *n, struct sending *s)
{
	while (s->left > 0) {
		size_t taken = 0;
		const size_t want = (size_t)MIN(s->left, sizeof(zeros));
		if (host_stream_write(
			n->host, s->s, slice_of(zeros, want), &taken) != OK)
			return;
		s->left -= taken;
		if (taken < want)
			return; /* HOST_STREAM_WRITABLE goes on */
	}
	if (!s->done)
		host_stream_close(n->host, s->s);
	s->done = true;
}

/* True: it was one of ours. */
static bool
on_send_event(struct node *n, const struct host_event *ev)
{
	struct sending *s = NULL;

	for (uint32_t i = 0; i < b.sends_n; i++)
		if (b.sends[i].open && b.sends[i].s.conn == ev->conn &&
		    b.sends[i].s.stream == ev->stream)
			s = &b.sends[i];
	if (s == NULL)
		return false;
	if (ev->type == HOST_STREAM_READY || ev->type == HOST_STREAM_WRITABLE) {
		send_more(n, s);
	} else if (ev->type == HOST_STREAM_DATA) {
		const struct slice in = host_stream_read(n->host, s->s);
		if (in.n >= 8)
			b.sends_bytes += get_u64be(in.p);
		host_stream_consume(n->host, s->s, in.n);
	} else if (ev->type == HOST_STREAM_CLOSED ||
		   ev->type == HOST_STREAM_REFUSED) {
		s->open = false;
		b.sends_done += s->done ? 1 : 0;
		b.sends_failed += s->done ? 0 : 1;
		send_all_done();
	}
	return true;
}

static void
send_start(struct node *n)
{
	b.send_waits = false;
	b.started_ns = uv_hrtime();
	for (uint32_t i = 0; i < b.sends_n; i++) {
		struct sending *s = &b.sends[i];
		*s = (struct sending){ .left = b.send_each };
		s->open = host_stream_open(n->host, &b.wanted, SINK_PROTOCOL,
			      now_ms(), &s->s) == OK;
		b.sends_failed += s->open ? 0 : 1;
	}
	send_all_done();
}

/* ---- events ---- */

static void
on_identified(const struct host_event *ev)
{
	if (b.connecting && peer_id_eq(&ev->peer, &b.wanted)) {
		b.connecting = false;
		if (b.sending)
			b.send_waits = true;
		else
			printf("{\"event\":\"connected\"}\n");
	}
	if (b.swarming && ++b.swarm_up == b.swarm_wanted) {
		b.swarming = false;
		printf("{\"event\":\"swarm\",\"hosts\":%" PRIu32 "}\n",
		    b.swarm_up);
	}
}

static bool
is_of_stream(enum host_event_type t)
{
	return t == HOST_STREAM_OPENED || t == HOST_STREAM_READY ||
	       t == HOST_STREAM_REFUSED || t == HOST_STREAM_DATA ||
	       t == HOST_STREAM_WRITABLE || t == HOST_STREAM_END ||
	       t == HOST_STREAM_CLOSED;
}

static void
on_event(void *ctx, const struct host_event *ev)
{
	struct node *n = ctx;

	if (ev->type == HOST_MESSAGE)
		on_message(n, &ev->message);
	else if (is_of_stream(ev->type) && !on_send_event(n, ev))
		on_sink(n, ev);
	else if (ev->type == HOST_IDENTIFIED)
		on_identified(ev);
	else if (b.to_dial > 0)
		on_dial_event(n, ev);
}

static bool
due(void)
{
	bool any = b.send_waits;

	for (uint32_t i = 0; i < b.dials_n; i++)
		any = any || b.dials[i].due;
	return any;
}

static void
work(void)
{
	if (b.quitting)
		return;
	struct node *n = b.nodes[0];
	if (b.send_waits) {
		send_start(n);
		transport_wake(n->transport);
	}
	if (b.to_dial > 0)
		dial_on(n);
	if (b.to_publish > 0)
		publish_on(n);
	(void)fflush(stdout);
}

static void
on_idle(uv_idle_t *handle)
{
	(void)handle;
}

/* Before the loop sleeps: not while something can be done at once. */
static void
on_prepare(uv_prepare_t *handle)
{
	(void)handle;
	work();
	if (b.quitting)
		return;
	if (due())
		(void)uv_idle_start(&b.idle, on_idle);
	else
		(void)uv_idle_stop(&b.idle);
}

static void
on_check(uv_check_t *handle)
{
	(void)handle;
	work();
}

/* ---- hosts ---- */

static struct node *
node_new(bool listens)
{
	uint8_t seed[ED25519_SEED], pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	char addr[MULTIADDR_TEXT_MAX], id[PEER_ID_TEXT_MAX];
	struct node *n = calloc(1, sizeof(*n));
	struct problem p;

	if (n == NULL || b.nodes_n == ARRAY_LEN(b.nodes))
		return NULL;
	n->mem = mem_heap(512U << 20);
	crypto_random(seed, sizeof(seed));
	ed25519_keypair(pub, secret, seed);
	struct host_config hc = { .env = &b.env,
		.mem = &n->mem,
		.secret = secret,
		.agent = "ohcn-bench/1",
		.protocol_version = "ohcn/1",
		.protocols = protocols,
		.protocols_n = 1,
		.limits = host_limits_default(),
		.gossip = gossip_params_default() };
	hc.limits.handshakes_per_s = 0; /* dials are what is measured */
	if (!listens)
		hc.limits.conns_max = 8;
	n->host = host_new(&hc, now_ms());
	if (n->host == NULL)
		return NULL;
	const struct transport_config tc = { .loop = &b.loop,
		.env = &b.env,
		.host = n->host,
		.dials_max = PARALLEL_MAX,
		.dial_timeout_ms = 20000,
		.event = on_event,
		.ctx = n };
	n->transport = transport_new(&tc);
	if (n->transport == NULL)
		return NULL;
	b.nodes[b.nodes_n++] = n;
	if (!listens)
		return n;
	if (transport_listen(n->transport, "/ip4/127.0.0.1/tcp/0", &p) != OK ||
	    !transport_listen_at(n->transport, 0, addr))
		return NULL;
	uint8_t raw[MULTIADDR_MAX];
	struct buf m = { raw, 0, sizeof(raw) };
	if (multiaddr_get(slice_str(addr), &m) != OK)
		return NULL;
	const struct slice listen = buf_slice(&m);
	host_listen_set(n->host, &listen, 1);
	peer_id_put(id, host_self(n->host));
	(void)snprintf(n->address, sizeof(n->address), "%s/p2p/%s", addr, id);
	return n;
}

static bool
swarm_grow(void)
{
	struct node *n = node_new(false);

	if (n == NULL)
		return false;
	for (size_t t = 0; t < b.swarm_topics_n; t++)
		if (host_subscribe(n->host, b.swarm_topics[t], now_ms()) != OK)
			return false;
	return transport_dial(n->transport, b.swarm_address, NULL, NULL) == OK;
}

/* One by one: a node takes only so many handshakes a second. */
static void
on_swarm(uv_timer_t *timer)
{
	if (b.swarm_left == 0) {
		(void)uv_timer_stop(timer);
		return;
	}
	b.swarm_left--;
	if (swarm_grow())
		return;
	fail("a host of the swarm could not start");
	(void)uv_timer_stop(timer);
}

static bool
swarm(char **w, size_t n)
{
	static char names[LINE_BYTES];

	memcpy(names, b.words_of, sizeof(names));
	b.swarm_wanted = b.swarm_left = (uint32_t)strtoul(w[1], NULL, 10);
	b.swarm_address = names + (w[2] - b.words_of);
	b.swarm_topics_n = n - 3;
	for (size_t i = 3; i < n; i++)
		b.swarm_topics[i - 3] = names + (w[i] - b.words_of);
	b.swarm_up = 0;
	b.swarming = true;
	return uv_timer_start(&b.swarm_timer, on_swarm, 0, SWARM_MS) == 0;
}

/* ---- commands ---- */

static void
stop(void)
{
	b.quitting = true;
	uv_close((uv_handle_t *)&b.in, NULL);
	uv_close((uv_handle_t *)&b.prepare, NULL);
	uv_close((uv_handle_t *)&b.check, NULL);
	uv_close((uv_handle_t *)&b.idle, NULL);
	uv_close((uv_handle_t *)&b.swarm_timer, NULL);
	for (size_t i = 0; i < b.nodes_n; i++)
		transport_stop(b.nodes[i]->transport);
}

static bool
connect_to(const char *address)
{
	b.connecting = true;
	return peer_of(address, &b.wanted) &&
	       transport_dial(b.nodes[0]->transport, address, NULL, NULL) == OK;
}

static bool
dial_start(char **w, size_t n)
{
	static char addresses[LINE_BYTES];

	if (n < 4)
		return false;
	b.to_dial = (uint32_t)strtoul(w[1], NULL, 10);
	b.dials_n = (uint32_t)strtoul(w[2], NULL, 10);
	if (b.dials_n == 0 || b.dials_n > n - 3 || b.dials_n > PARALLEL_MAX)
		return false;
	memcpy(addresses, b.words_of, sizeof(addresses));
	b.dialled = b.dial_failed = 0;
	for (uint32_t i = 0; i < b.dials_n; i++) {
		const char *a = addresses + (w[3 + i] - b.words_of);
		b.dials[i] = (struct dialling){ .due = true, .address = a };
		if (!peer_of(a, &b.dials[i].peer))
			return false;
	}
	b.started_ns = uv_hrtime();
	return true;
}

static bool
publish_start(char **w, size_t n)
{
	uint8_t seed[ED25519_SEED];

	if (n < 4 || strlen(w[1]) > GOSSIP_TOPIC_MAX)
		return false;
	(void)snprintf(b.topic, sizeof(b.topic), "%s", w[1]);
	b.size = (size_t)strtoul(w[3], NULL, 10);
	b.sign = n > 4 && strcmp(w[4], "signed") == 0;
	if (b.size < 16 + (b.sign ? SIGNED_HEAD : 0) || b.size > MESSAGE_MAX)
		return false;
	crypto_random(seed, sizeof(seed));
	ed25519_keypair(b.pub, b.secret, seed);
	b.published = 0;
	b.started_ns = uv_hrtime();
	b.to_publish = strtoull(w[2], NULL, 10);
	return true;
}

static bool
send_prepare(char **w, size_t n)
{
	if (n < 4)
		return false;
	b.sends_n = (uint32_t)strtoul(w[3], NULL, 10);
	if (b.sends_n == 0 || b.sends_n > STREAMS_MAX)
		return false;
	b.send_each = strtoull(w[2], NULL, 10) / b.sends_n;
	b.sends_done = b.sends_failed = 0;
	b.sends_bytes = 0;
	b.sending = true;
	if (!peer_of(w[1], &b.wanted))
		return false;
	struct host_peer_info info;
	if (host_peer_find(b.nodes[0]->host, &b.wanted, &info)) {
		b.send_waits = true;
		return true;
	}
	return connect_to(w[1]);
}

static bool
command(char **w, size_t n)
{
	struct node *first = b.nodes[0];

	if (strcmp(w[0], "connect") == 0 && n == 2)
		return connect_to(w[1]);
	if (strcmp(w[0], "subscribe") == 0 && n >= 2) {
		b.verify = n > 2 && strcmp(w[2], "signed") == 0;
		if (host_subscribe(first->host, w[1], now_ms()) != OK)
			return false;
		printf("{\"event\":\"done\"}\n");
		return true;
	}
	if (strcmp(w[0], "count") == 0) {
		printf("{\"event\":\"count\",\"messages\":%" PRIu64
		       ",\"bad\":%" PRIu64 "}\n",
		    b.accepted, b.bad);
		return true;
	}
	if (strcmp(w[0], "publish") == 0)
		return publish_start(w, n);
	if (strcmp(w[0], "dial") == 0)
		return dial_start(w, n);
	if (strcmp(w[0], "send") == 0)
		return send_prepare(w, n);
	if (strcmp(w[0], "swarm") == 0 && n >= 3)
		return swarm(w, n);
	return false;
}

static void
on_line(void)
{
	char *words[WORDS_MAX], *rest = NULL;
	size_t n = 0;

	memcpy(b.words_of, b.line, sizeof(b.words_of));
	for (char *w = strtok_r(b.words_of, " ", &rest);
	     w != NULL && n < WORDS_MAX; w = strtok_r(NULL, " ", &rest))
		words[n++] = w;
	if (n == 0)
		return;
	if (strcmp(words[0], "quit") == 0)
		stop();
	else if (!command(words, n))
		fail("this command is not one, or cannot be done now");
}

static void
on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *out)
{
	(void)handle;
	(void)want;
	*out = uv_buf_init(b.read_buf, sizeof(b.read_buf));
}

static void
on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *in)
{
	(void)stream;
	if (n < 0) {
		stop();
		return;
	}
	for (ssize_t i = 0; i < n && !b.quitting; i++) {
		if (in->base[i] != '\n') {
			if (b.line_n < sizeof(b.line) - 1)
				b.line[b.line_n++] = in->base[i];
			continue;
		}
		b.line[b.line_n] = 0;
		b.line_n = 0;
		on_line();
		if (!b.quitting)
			transport_wake(b.nodes[0]->transport);
	}
	(void)fflush(stdout);
}

/* ---- what the machine can do ---- */

static double
tcp_megabytes_per_s(void)
{
	const uint64_t total = UINT64_C(2) << 30;
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	uint64_t got = 0;
	const int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&at, &n) != 0)
		return 0;
	const uint64_t start = uv_hrtime();
	const pid_t child = fork();
	if (child == 0) {
		const int out = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(out, (struct sockaddr *)&at, sizeof(at)) != 0)
			_exit(1);
		for (uint64_t sent = 0; sent < total;) {
			const ssize_t w = write(out, zeros, sizeof(zeros));
			if (w <= 0)
				_exit(1);
			sent += (uint64_t)w;
		}
		_exit(0);
	}
	const int in = accept(listener, NULL, NULL);
	static uint8_t into[65536];
	for (ssize_t r = 1; in >= 0 && r > 0;) {
		r = read(in, into, sizeof(into));
		got += r > 0 ? (uint64_t)r : 0;
	}
	const double seconds = seconds_since(start);
	(void)waitpid(child, NULL, 0);
	close(in);
	close(listener);
	return (double)got / 1e6 / seconds;
}

/* CPU time, so that other programs disturb it little. */
static uint64_t
cpu_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static double
cpu_since(uint64_t ns)
{
	return (double)(cpu_ns() - ns) / 1e9;
}

static double
chachapoly_megabytes_per_s(void)
{
	static uint8_t sealed[FRAME + AEAD_TAG];
	uint8_t nonce[AEAD_NONCE] = { 0 }, key[AEAD_KEY] = { 1 };
	uint64_t bytes = 0;
	const uint64_t start = cpu_ns();

	while (cpu_ns() - start < 500000000)
		for (int i = 0; i < 64; i++, bytes += FRAME)
			aead_seal(sealed, zeros, FRAME,
			    (struct slice){ NULL, 0 }, nonce, key);
	return (double)bytes / 1e6 / cpu_since(start);
}

/*
 * CPU of what no receiver of a 512-byte message can leave out: its share of a
 * long frame opened, by the faster library, and its id.
 */
static double
message_microseconds(void)
{
	static uint8_t sealed[FRAME + AEAD_TAG], plain[FRAME];
	uint8_t nonce[AEAD_NONCE] = { 0 }, key[AEAD_KEY] = { 1 };
	uint8_t id[GOSSIP_ID];
	const struct slice none = { NULL, 0 };
	const int frames = 2000, each = FRAME / 576;

	aead_seal(sealed, zeros, FRAME, none, nonce, key);
	const uint64_t start = cpu_ns();
	for (int i = 0; i < frames; i++) {
		if (!aead_open(plain, sealed, sizeof(sealed), none, nonce, key))
			return 0;
		for (int m = 0; m < each; m++)
			gossip_id(id, slice_of(plain + m * 576, 512));
	}
	return cpu_since(start) * 1e6 / (frames * each);
}

static double
verifies_per_s(void)
{
	uint8_t seed[ED25519_SEED] = { 1 }, pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET], sig[ED25519_SIG];
	const int times = 4000;

	ed25519_keypair(pub, secret, seed);
	ed25519_sign(sig, zeros, 416, secret);
	const uint64_t start = cpu_ns();
	for (int i = 0; i < times; i++)
		if (!ed25519_verify(sig, zeros, 416, pub))
			return 0;
	return times / cpu_since(start);
}

/* Both sides of Noise XX: the curve operations alone, on one core. */
static double
handshakes_per_s(void)
{
	uint8_t seed[ED25519_SEED] = { 1 }, pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET], sig[ED25519_SIG];
	uint8_t x[X25519_SIZE] = { 9 }, px[X25519_SIZE], shared[X25519_SIZE];
	const int times = 1000;

	ed25519_keypair(pub, secret, seed);
	const uint64_t start = cpu_ns();
	for (int i = 0; i < times; i++) {
		for (int side = 0; side < 2; side++) {
			x25519_public(px, x); /* the ephemeral key */
			for (int dh = 0; dh < 3; dh++)
				if (!x25519_shared(shared, x, px))
					return 0;
			ed25519_sign(sig, zeros, 56, secret);
			if (!ed25519_verify(sig, zeros, 56, pub))
				return 0;
		}
	}
	return times / cpu_since(start);
}

static void
limits(void)
{
	printf("{\"tcp_mb_per_s\":%.0f,\"chachapoly_mb_per_s\":%.0f,"
	       "\"message_us\":%.3f,\"verifies_per_s\":%.0f,"
	       "\"handshakes_per_s\":%.0f}\n",
	    tcp_megabytes_per_s(), chachapoly_megabytes_per_s(),
	    message_microseconds(), verifies_per_s(), handshakes_per_s());
}

/* ---- life ---- */

static bool
start(size_t hosts)
{
	printf("{\"event\":\"listening\",\"addresses\":[");
	for (size_t i = 0; i < hosts; i++) {
		const struct node *n = node_new(true);
		if (n == NULL)
			return false;
		printf("%s\"%s\"", i == 0 ? "" : ",", n->address);
	}
	printf("]}\n");
	return fflush(stdout) == 0;
}

int
main(int argc, char **argv)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	if (!crypto_init())
		return 1;
	if (argc > 1 && strcmp(argv[1], "limits") == 0) {
		limits();
		return 0;
	}
	b.env = env_system(log_line, NULL);
	const size_t hosts = argc > 2 && strcmp(argv[1], "hosts") == 0
				 ? (size_t)strtoul(argv[2], NULL, 10)
				 : 1;
	if (uv_loop_init(&b.loop) != 0 || hosts == 0 || !start(hosts))
		return 1;
	(void)uv_pipe_init(&b.loop, &b.in, 0);
	(void)uv_prepare_init(&b.loop, &b.prepare);
	(void)uv_check_init(&b.loop, &b.check);
	(void)uv_idle_init(&b.loop, &b.idle);
	(void)uv_timer_init(&b.loop, &b.swarm_timer);
	(void)uv_prepare_start(&b.prepare, on_prepare);
	(void)uv_check_start(&b.check, on_check);
	if (uv_pipe_open(&b.in, STDIN_FILENO) != 0 ||
	    uv_read_start((uv_stream_t *)&b.in, on_alloc, on_input) != 0)
		return 1;
	(void)uv_run(&b.loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < b.nodes_n; i++) {
		transport_free(b.nodes[i]->transport);
		host_free(b.nodes[i]->host);
		free(b.nodes[i]);
	}
	(void)uv_loop_close(&b.loop);
	return 0;
}
