/*
 * flow.c: the streams of the test peer: echoes, drains and those that are
 * passed on to who drives it.
 */
#include <string.h>

#include "tests/tool/peer/peer.h"

#define FLOWS_MAX     64
#define FLOW_NAME_MAX 64
#define SLOW_STEP     ((size_t)256 * 1024)
#define PROXY_CHUNK   8192

const enum flow_kind peer_serves[] = { FLOW_ECHO_SERVE, FLOW_DRAIN_SERVE,
	FLOW_PROXY };

struct flow {
	enum flow_kind kind;
	struct host_stream s;
	struct peer_id peer;
	unsigned number; /* never reused */
	uint64_t to_send, sent, received;
	bool closed; /* by us, for writing */
	bool ended;  /* by the other side */
	bool wrong;
	char name[FLOW_NAME_MAX]; /* the host keeps the pointer */
};

static struct flow flows[FLOWS_MAX];
static unsigned numbers = 1;

/* The byte at a place of the stream that an echo client sends. */
static uint8_t
pattern(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 11));
}

static struct flow *
flow_of(struct host_stream s)
{
	for (size_t i = 0; i < FLOWS_MAX; i++) {
		struct flow *f = &flows[i];
		if (f->kind != FLOW_NONE && f->s.conn == s.conn &&
		    f->s.stream == s.stream)
			return f;
	}
	return NULL;
}

static struct flow *
flow_number(unsigned number)
{
	for (size_t i = 0; i < FLOWS_MAX; i++)
		if (flows[i].kind != FLOW_NONE && flows[i].number == number)
			return &flows[i];
	return NULL;
}

static struct flow *
flow_free(void)
{
	for (size_t i = 0; i < FLOWS_MAX; i++)
		if (flows[i].kind == FLOW_NONE)
			return &flows[i];
	return NULL;
}

static void
close_once(struct flow *f)
{
	if (!f->closed)
		host_stream_close(peer.host, f->s);
	f->closed = true;
}

err
flow_start(enum flow_kind kind, const struct peer_id *to, const char *protocol,
    uint64_t bytes, unsigned *id)
{
	struct flow *f = flow_free();

	if (f == NULL)
		return ERR_LIMIT;
	*f = (struct flow){ .peer = *to, .to_send = bytes };
	(void)snprintf(f->name, sizeof(f->name), "%s", protocol);
	TRY(host_stream_open(peer.host, to, f->name, peer_now(), &f->s));
	f->kind = kind;
	f->number = numbers++;
	if (id != NULL)
		*id = f->number;
	return OK;
}

err
flow_write(unsigned id, struct slice in)
{
	struct flow *f = flow_number(id);
	size_t taken = 0;

	if (f == NULL)
		return ERR_NOTFOUND;
	TRY(host_stream_write(peer.host, f->s, in, &taken));
	return taken == in.n ? OK : ERR_LIMIT;
}

err
flow_shut(unsigned id)
{
	struct flow *f = flow_number(id);

	if (f == NULL)
		return ERR_NOTFOUND;
	close_once(f);
	return OK;
}

err
flow_abort(unsigned id)
{
	struct flow *f = flow_number(id);

	if (f == NULL)
		return ERR_NOTFOUND;
	host_stream_reset(peer.host, f->s);
	f->kind = FLOW_NONE;
	return OK;
}

/* As much of the pattern as there is room for. */
static void
send_pattern(struct flow *f)
{
	uint8_t chunk[16384];

	while (f->sent < f->to_send) {
		const size_t n =
		    (size_t)MIN(f->to_send - f->sent, sizeof(chunk));
		size_t taken = 0;
		for (size_t i = 0; i < n; i++)
			chunk[i] = pattern(f->sent + i);
		if (host_stream_write(
			peer.host, f->s, slice_of(chunk, n), &taken) != OK)
			return;
		f->sent += taken;
		if (taken < n)
			break; /* HOST_STREAM_WRITABLE goes on */
	}
	if (f->kind == FLOW_RESET_SEND && f->sent > 0) {
		host_stream_reset(peer.host, f->s);
		f->kind = FLOW_NONE;
		return;
	}
	if (f->sent == f->to_send)
		close_once(f);
}

/* Back to the sender what came, as far as there is room. */
static void
echo_return(struct flow *f, size_t most)
{
	const struct slice in = host_stream_read(peer.host, f->s);
	size_t taken = 0;

	if (in.n > 0) {
		const struct slice part = { in.p, MIN(in.n, most) };
		if (host_stream_write(peer.host, f->s, part, &taken) == OK)
			host_stream_consume(peer.host, f->s, taken);
		f->received += taken;
	}
	if (host_stream_ended(peer.host, f->s))
		close_once(f);
}

static void
read_pattern(struct flow *f)
{
	const struct slice in = host_stream_read(peer.host, f->s);

	for (size_t i = 0; i < in.n; i++)
		f->wrong = f->wrong || in.p[i] != pattern(f->received + i);
	f->received += in.n;
	host_stream_consume(peer.host, f->s, in.n);
}

static void
read_proxy(struct flow *f)
{
	char hex[2 * PROXY_CHUNK + 1];

	for (;;) {
		const struct slice in = host_stream_read(peer.host, f->s);
		const struct slice part = { in.p, MIN(in.n, PROXY_CHUNK) };
		if (part.n == 0 || hex_put(hex, sizeof(hex), part) != OK)
			break;
		printf("{\"event\":\"data\",\"stream\":%u,\"data\":\"%s\"}\n",
		    f->number, hex);
		host_stream_consume(peer.host, f->s, part.n);
	}
	if (f->ended)
		return;
	f->ended = host_stream_ended(peer.host, f->s);
	if (f->ended)
		printf("{\"event\":\"end\",\"stream\":%u}\n", f->number);
}

void
flow_on_slow(void)
{
	for (size_t i = 0; i < FLOWS_MAX; i++)
		if (flows[i].kind == FLOW_ECHO_SERVE)
			echo_return(&flows[i], SLOW_STEP);
}

static void
on_opened(const struct host_event *ev)
{
	const struct host_stream s = { ev->conn, ev->stream };
	struct flow *f = flow_free();

	if (f == NULL) {
		host_stream_reset(peer.host, s);
		return;
	}
	*f = (struct flow){ .kind = peer_serves[ev->protocol],
		.s = s,
		.peer = ev->peer,
		.number = numbers++ };
	if (f->kind == FLOW_DRAIN_SERVE)
		close_once(f);
	if (f->kind == FLOW_PROXY)
		printf("{\"event\":\"opened\",\"stream\":%u,\"peer\":\"%s\","
		       "\"protocol\":\"%s\"}\n",
		    f->number, peer_id_text(&ev->peer), PROXY_PROTOCOL);
}

static void
on_gone(struct flow *f, bool refused)
{
	const bool all = f->received == f->to_send && !f->wrong;

	switch (f->kind) {
	case FLOW_ECHO_SERVE:
		if (!f->ended)
			printf("{\"event\":\"gone\",\"bytes\":%" PRIu64 "}\n",
			    f->received);
		break;
	case FLOW_DRAIN_SERVE:
		printf("{\"event\":\"drained\",\"peer\":\"%s\","
		       "\"bytes\":%" PRIu64 ",\"good\":%s}\n",
		    peer_id_text(&f->peer), f->received,
		    f->ended ? "true" : "false");
		break;
	case FLOW_ECHO_SEND:
		printf("{\"event\":\"echo\",\"bytes\":%" PRIu64
		       ",\"good\":%s}\n",
		    f->received, all && f->ended ? "true" : "false");
		break;
	case FLOW_DRAIN_SEND:
		printf("{\"event\":\"drain\",\"bytes\":%" PRIu64
		       ",\"good\":%s}\n",
		    f->received,
		    f->received == 0 && f->ended && f->sent == f->to_send
			? "true"
			: "false");
		break;
	case FLOW_PROXY:
		printf("{\"event\":\"%s\",\"stream\":%u}\n",
		    refused ? "refused" : "closed", f->number);
		break;
	case FLOW_RESET_SEND:
	case FLOW_NONE:
		break;
	}
	f->kind = FLOW_NONE;
}

static void
on_bytes(struct flow *f)
{
	struct slice in;

	switch (f->kind) {
	case FLOW_ECHO_SERVE:
		if (!peer.slow)
			echo_return(f, SIZE_MAX);
		break;
	case FLOW_DRAIN_SERVE:
		in = host_stream_read(peer.host, f->s);
		f->received += in.n;
		host_stream_consume(peer.host, f->s, in.n);
		break;
	case FLOW_PROXY:
		read_proxy(f);
		break;
	case FLOW_ECHO_SEND:
	case FLOW_DRAIN_SEND:
	case FLOW_RESET_SEND:
		read_pattern(f);
		break;
	case FLOW_NONE:
		break;
	}
}

void
flow_event(const struct host_event *ev)
{
	const struct host_stream s = { ev->conn, ev->stream };
	struct flow *f = flow_of(s);

	if (ev->type == HOST_STREAM_OPENED) {
		on_opened(ev);
		return;
	}
	if (f == NULL)
		return;
	const bool sends = f->kind == FLOW_ECHO_SEND ||
			   f->kind == FLOW_DRAIN_SEND ||
			   f->kind == FLOW_RESET_SEND;
	if (ev->type == HOST_STREAM_END && f->kind != FLOW_PROXY)
		f->ended = true;
	if (ev->type == HOST_STREAM_REFUSED || ev->type == HOST_STREAM_CLOSED)
		on_gone(f, ev->type == HOST_STREAM_REFUSED);
	else if (f->kind == FLOW_PROXY && ev->type == HOST_STREAM_READY)
		printf("{\"event\":\"ready\",\"stream\":%u}\n", f->number);
	else if (sends && (ev->type == HOST_STREAM_READY ||
			      ev->type == HOST_STREAM_WRITABLE))
		send_pattern(f);
	else
		on_bytes(f);
}
