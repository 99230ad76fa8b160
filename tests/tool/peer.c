/*
 * peer.c: a bare libp2p peer of ours for interop tests: the host on real
 * TCP, without records or store. It prints one JSON object a line on standard
 * output and takes commands, one a line, on standard input:
 *
 *   dial ADDR             connect
 *   ping PEER             one ping
 *   echo PEER BYTES       open /ohcn-test/echo/1, send BYTES, expect them back
 *   subscribe TOPIC       publish TOPIC HEX
 *   raw PEER PROTOCOL HEX   these bytes on a stream for that protocol
 *   reject HEX            messages with this prefix get the verdict reject
 *   close PEER            end                quit
 *
 * Streams that others open for /ohcn-test/echo/1 are echoed; "slow" as the
 * first argument makes the echo read in small steps with pauses, to show
 * back-pressure. Ends when standard input ends.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "node/transport.h"
#include "proto/base/text.h"

#define ECHO_PROTOCOL  "/ohcn-test/echo/1"
#define LINE_MAX_BYTES (256 * 1024)
#define REJECTS_MAX    16
#define ECHOES_MAX     32

struct echo {
	struct host_stream s;
	struct peer_id peer;
	bool used, ours;
	bool raw; /* send peer.raw, whatever comes back */
	uint64_t to_send, sent, received;
	bool wrong;
};

struct peer {
	uv_loop_t loop;
	uv_pipe_t in;
	uv_timer_t slow_timer;
	struct env env;
	struct mem mem;
	struct host *host;
	struct transport *transport;
	bool slow;
	struct echo echoes[ECHOES_MAX];
	char reject[REJECTS_MAX][65];
	unsigned rejects;
	uint8_t raw[LINE_MAX_BYTES / 2];
	size_t raw_n;
	char line[LINE_MAX_BYTES];
	size_t line_n;
	char read_buf[65536];
};

static struct peer peer;
static const char *const protocols[] = { ECHO_PROTOCOL };

static uint64_t
mono_ms(void *ctx)
{
	(void)ctx;
	return uv_hrtime() / 1000000;
}

static uint64_t
wall_s(void *ctx)
{
	uv_timeval64_t tv = { 0 };

	(void)ctx;
	(void)uv_gettimeofday(&tv);
	return (uint64_t)tv.tv_sec;
}

static void
fill_random(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	crypto_random(out, n);
}

static void
log_line(void *ctx, enum log_level level, const char *event, const char *kv)
{
	(void)ctx;
	if (level > LOG_DEBUG)
		(void)fprintf(stderr, "%s %s\n", event, kv);
}

static void *
heap_alloc(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void
heap_release(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static uint64_t
now_ms(void)
{
	return mono_ms(NULL);
}

static const char *
id_text(const struct peer_id *id)
{
	static char text[PEER_ID_TEXT_MAX];

	peer_id_put(text, id);
	return text;
}

/* ---- echo ---- */

/* The byte at a place of the stream that an echo client sends. */
static uint8_t
pattern(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 11));
}

static struct echo *
echo_of(const struct host_event *ev)
{
	for (size_t i = 0; i < ECHOES_MAX; i++) {
		struct echo *e = &peer.echoes[i];
		if (e->used && e->s.conn == ev->conn &&
		    e->s.stream == ev->stream)
			return e;
	}
	return NULL;
}

static struct echo *
echo_new(struct host_stream s, bool ours)
{
	for (size_t i = 0; i < ECHOES_MAX; i++) {
		if (peer.echoes[i].used)
			continue;
		peer.echoes[i] =
		    (struct echo){ .s = s, .used = true, .ours = ours };
		return &peer.echoes[i];
	}
	return NULL;
}

static void
echo_send(struct echo *e)
{
	uint8_t chunk[16384];

	while (e->sent < e->to_send) {
		const size_t n =
		    (size_t)MIN(e->to_send - e->sent, sizeof(chunk));
		size_t taken = 0;
		for (size_t i = 0; i < n; i++)
			chunk[i] = pattern(e->sent + i);
		if (host_stream_write(
			peer.host, e->s, slice_of(chunk, n), &taken) != OK)
			return;
		e->sent += taken;
		if (taken < n)
			return; /* HOST_STREAM_WRITABLE goes on */
	}
	if (e->sent == e->to_send) {
		host_stream_close(peer.host, e->s);
		e->sent++; /* closed once */
	}
}

/* Back to the sender what came, as far as there is room. */
static void
echo_return(struct echo *e, size_t most)
{
	const struct slice in = host_stream_read(peer.host, e->s);
	size_t taken = 0;

	if (in.n > 0) {
		const struct slice part = { in.p, MIN(in.n, most) };
		if (host_stream_write(peer.host, e->s, part, &taken) == OK)
			host_stream_consume(peer.host, e->s, taken);
		e->received += taken;
	}
	if (host_stream_ended(peer.host, e->s))
		host_stream_close(peer.host, e->s);
}

static void
echo_check(struct echo *e)
{
	const struct slice in = host_stream_read(peer.host, e->s);

	for (size_t i = 0; i < in.n; i++)
		e->wrong = e->wrong || in.p[i] != pattern(e->received + i);
	e->received += in.n;
	host_stream_consume(peer.host, e->s, in.n);
}

static void
on_slow(uv_timer_t *timer)
{
	(void)timer;
	for (size_t i = 0; i < ECHOES_MAX; i++)
		if (peer.echoes[i].used && !peer.echoes[i].ours)
			echo_return(&peer.echoes[i], 256 * 1024);
	transport_wake(peer.transport);
}

static void
on_stream(const struct host_event *ev)
{
	struct echo *e = echo_of(ev);

	if (ev->type == HOST_STREAM_OPENED) {
		const struct host_stream s = { ev->conn, ev->stream };
		if (echo_new(s, false) == NULL)
			host_stream_reset(peer.host, s);
		return;
	}
	if (e == NULL)
		return;
	if (e->raw && ev->type == HOST_STREAM_READY) {
		size_t taken = 0;
		const err w = host_stream_write(
		    peer.host, e->s, slice_of(peer.raw, peer.raw_n), &taken);
		printf("{\"event\":\"raw\",\"bytes\":%zu,\"error\":\"%s\"}\n",
		    taken, err_name(w));
		return;
	}
	if (ev->type == HOST_STREAM_REFUSED || ev->type == HOST_STREAM_CLOSED) {
		if (e->ours && !e->raw)
			printf("{\"event\":\"echo\",\"bytes\":%" PRIu64
			       ",\"good\":%s}\n",
			    e->received,
			    !e->wrong && e->received == e->to_send ? "true"
								   : "false");
		e->used = false;
	} else if (e->raw) {
		const struct slice in = host_stream_read(peer.host, e->s);
		host_stream_consume(peer.host, e->s, in.n);
	} else if (!e->ours) {
		if (!peer.slow)
			echo_return(e, SIZE_MAX);
	} else if (ev->type == HOST_STREAM_READY ||
		   ev->type == HOST_STREAM_WRITABLE) {
		echo_send(e);
	} else {
		echo_check(e);
	}
}

/* ---- events ---- */

static void
on_message(const struct gossip_message *m)
{
	char hex[2 * 16384 + 1];
	enum gossip_verdict v = GOSSIP_ACCEPT;

	if (hex_put(hex, sizeof(hex), m->data) != OK)
		hex[0] = 0;
	for (unsigned i = 0; i < peer.rejects; i++)
		if (strncmp(hex, peer.reject[i], strlen(peer.reject[i])) == 0)
			v = GOSSIP_REJECT;
	printf("{\"event\":\"message\",\"topic\":\"%s\",\"from\":\"%s\","
	       "\"data\":\"%s\",\"verdict\":\"%s\"}\n",
	    m->topic, id_text(&m->from), hex,
	    v == GOSSIP_ACCEPT ? "accept" : "reject");
	host_verdict(peer.host, m->handle, v, now_ms());
}

static void
on_event(void *ctx, const struct host_event *ev)
{
	struct host_peer_info info;

	(void)ctx;
	switch (ev->type) {
	case HOST_PEER_UP:
	case HOST_PEER_DOWN:
		printf("{\"event\":\"%s\",\"peer\":\"%s\"}\n",
		    ev->type == HOST_PEER_UP ? "up" : "down",
		    id_text(&ev->peer));
		return;
	case HOST_IDENTIFIED:
		if (host_peer_find(peer.host, &ev->peer, &info))
			printf("{\"event\":\"identified\",\"peer\":\"%s\","
			       "\"agent\":\"%s\",\"addresses\":%" PRIu32
			       ",\"echo\":%s}\n",
			    id_text(&ev->peer), info.agent, info.addrs_n,
			    host_peer_speaks(
				peer.host, &ev->peer, ECHO_PROTOCOL)
				? "true"
				: "false");
		return;
	case HOST_PING:
		printf("{\"event\":\"ping\",\"peer\":\"%s\",\"good\":%s}\n",
		    id_text(&ev->peer),
		    ev->rtt_ms == UINT32_MAX ? "false" : "true");
		return;
	case HOST_MESSAGE:
		on_message(&ev->message);
		return;
	case HOST_CLOSE:
		return;
	case HOST_STREAM_OPENED:
	case HOST_STREAM_READY:
	case HOST_STREAM_REFUSED:
	case HOST_STREAM_DATA:
	case HOST_STREAM_WRITABLE:
	case HOST_STREAM_END:
	case HOST_STREAM_CLOSED:
		on_stream(ev);
		return;
	}
}

/* ---- commands ---- */

static void
answer(const char *command, err e)
{
	printf("{\"event\":\"done\",\"command\":\"%s\",\"error\":\"%s\"}\n",
	    command, err_name(e));
}

static void
on_dialled(void *ctx, err e, const char *why)
{
	(void)ctx;
	if (e != OK)
		(void)fprintf(stderr, "dial: %s\n", why);
	answer("dial", e);
}

static err
publish(const char *topic, const char *hex)
{
	static uint8_t raw[LINE_MAX_BYTES / 2];
	struct buf b = { raw, 0, sizeof(raw) };
	uint32_t sent = 0;

	TRY(hex_get(slice_str(hex), &b));
	return host_publish(
	    peer.host, topic, buf_slice(&b), true, now_ms(), &sent);
}

static err
start_echo(const struct peer_id *id, const char *bytes)
{
	struct host_stream s;

	TRY(host_stream_open(peer.host, id, ECHO_PROTOCOL, now_ms(), &s));
	struct echo *e = echo_new(s, true);
	if (e == NULL)
		return ERR_LIMIT;
	e->to_send = strtoull(bytes, NULL, 10);
	return OK;
}

static err
start_raw(const struct peer_id *id, const char *protocol, const char *hex)
{
	struct buf b = { peer.raw, 0, sizeof(peer.raw) };
	static char name[64]; /* the host keeps the pointer */
	struct host_stream s;

	TRY(hex_get(slice_str(hex), &b));
	peer.raw_n = b.n;
	(void)snprintf(name, sizeof(name), "%s", protocol);
	TRY(host_stream_open(peer.host, id, name, now_ms(), &s));
	struct echo *e = echo_new(s, true);
	if (e == NULL)
		return ERR_LIMIT;
	e->raw = true;
	return OK;
}

static void
stop(void)
{
	uv_close((uv_handle_t *)&peer.in, NULL);
	uv_close((uv_handle_t *)&peer.slow_timer, NULL);
	transport_stop(peer.transport);
}

static void
command(char *line)
{
	char *rest = NULL;
	const char *verb = strtok_r(line, " ", &rest);
	const char *a = strtok_r(NULL, " ", &rest);
	const char *b = strtok_r(NULL, " ", &rest);
	const char *c = strtok_r(NULL, " ", &rest);
	struct peer_id id;
	err e = ERR_FORM;

	if (verb == NULL)
		return;
	const bool has_peer = a != NULL && peer_id_get(slice_str(a), &id) == OK;
	if (strcmp(verb, "quit") == 0) {
		stop();
		return;
	}
	if (strcmp(verb, "dial") == 0 && a != NULL) {
		e = transport_dial(peer.transport, a, on_dialled, NULL);
		if (e == OK)
			return; /* answered later */
	} else if (strcmp(verb, "ping") == 0 && has_peer) {
		e = host_ping(peer.host, &id, now_ms());
	} else if (strcmp(verb, "echo") == 0 && has_peer && b != NULL) {
		e = start_echo(&id, b);
	} else if (strcmp(verb, "raw") == 0 && has_peer && c != NULL) {
		e = start_raw(&id, b, c);
	} else if (strcmp(verb, "subscribe") == 0 && a != NULL) {
		e = host_subscribe(peer.host, a, now_ms());
	} else if (strcmp(verb, "publish") == 0 && b != NULL) {
		e = publish(a, b);
	} else if (strcmp(verb, "reject") == 0 && a != NULL &&
		   peer.rejects < REJECTS_MAX) {
		(void)snprintf(peer.reject[peer.rejects++],
		    sizeof(peer.reject[0]), "%s", a);
		e = OK;
	} else if (strcmp(verb, "memory") == 0) {
		struct host_stats s;
		host_stats(peer.host, &s);
		printf("{\"event\":\"memory\",\"now\":%zu,\"cap\":%zu}\n",
		    s.memory_now, s.memory_cap);
		e = OK;
	}
	answer(verb, e);
}

static void
on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *out)
{
	(void)handle;
	(void)want;
	*out = uv_buf_init(peer.read_buf, sizeof(peer.read_buf));
}

static void
on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	(void)stream;
	if (n < 0) {
		stop();
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (b->base[i] != '\n') {
			if (peer.line_n < sizeof(peer.line) - 1)
				peer.line[peer.line_n++] = b->base[i];
			continue;
		}
		peer.line[peer.line_n] = 0;
		peer.line_n = 0;
		command(peer.line);
		if (uv_is_closing((uv_handle_t *)&peer.in))
			return;
		transport_wake(peer.transport);
	}
	(void)fflush(stdout);
}

static bool
open_host(void)
{
	uint8_t seed[ED25519_SEED], pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	struct problem p;
	char addr[MULTIADDR_TEXT_MAX];

	peer.env = (struct env){ mono_ms, wall_s, fill_random, log_line, NULL };
	peer.mem = (struct mem){
		.alloc = heap_alloc, .release = heap_release, .cap = 256U << 20
	};
	crypto_random(seed, sizeof(seed));
	ed25519_keypair(pub, secret, seed);
	const struct host_config hc = {
		.env = &peer.env,
		.mem = &peer.mem,
		.secret = secret,
		.agent = "ohcn-peer/1",
		.protocol_version = "ohcn/1",
		.protocols = protocols,
		.protocols_n = 1,
		.limits = host_limits_default(),
		.gossip = gossip_params_default(),
	};
	peer.host = host_new(&hc, now_ms());
	if (peer.host == NULL)
		return false;
	const struct transport_config tc = { .loop = &peer.loop,
		.env = &peer.env,
		.host = peer.host,
		.dials_max = 16,
		.dial_timeout_ms = 5000,
		.event = on_event };
	peer.transport = transport_new(&tc);
	if (peer.transport == NULL ||
	    transport_listen(peer.transport, "/ip4/127.0.0.1/tcp/0", &p) !=
		OK ||
	    !transport_listen_at(peer.transport, 0, addr))
		return false;
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	if (multiaddr_get(slice_str(addr), &b) != OK)
		return false;
	const struct slice listen = buf_slice(&b);
	host_listen_set(peer.host, &listen, 1);
	printf("{\"event\":\"listening\",\"peer\":\"%s\",\"address\":"
	       "\"%s/p2p/%s\"}\n",
	    id_text(host_self(peer.host)), addr, id_text(host_self(peer.host)));
	return true;
}

int
main(int argc, char **argv)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigaction(SIGPIPE, &ignore, NULL);
	peer.slow = argc > 1 && strcmp(argv[1], "slow") == 0;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (!crypto_init() || uv_loop_init(&peer.loop) != 0 || !open_host())
		return 1;
	(void)uv_pipe_init(&peer.loop, &peer.in, 0);
	(void)uv_timer_init(&peer.loop, &peer.slow_timer);
	if (peer.slow)
		(void)uv_timer_start(&peer.slow_timer, on_slow, 20, 20);
	if (uv_pipe_open(&peer.in, STDIN_FILENO) != 0 ||
	    uv_read_start((uv_stream_t *)&peer.in, on_alloc, on_input) != 0)
		return 1;
	(void)uv_run(&peer.loop, UV_RUN_DEFAULT);
	transport_free(peer.transport);
	host_free(peer.host);
	(void)uv_loop_close(&peer.loop);
	/* What is still held here leaked. */
	return peer.mem.used == 0 ? 0 : 3;
}
