#include <stdlib.h>

#include "crypto/crypto.h"
#include "node/net/transport.h"
#include "node/net/transport_internal.h"

#define GOING_AWAY 1001 /* RFC 6455, 7.4.1 */

static void
handshake_free(struct link *l)
{
	if (l->handshake == NULL)
		return;
	socks5_wipe(&l->handshake->socks5);
	free(l->handshake);
	l->handshake = NULL;
}

static void
on_closed(uv_handle_t *handle)
{
	struct link *l = CONTAINER_OF((uv_tcp_t *)handle, struct link, tcp);

	*l->back = l->next;
	if (l->next != NULL)
		l->next->back = l->back;
	handshake_free(l);
	free(l->websocket);
	free(l->out);
	free(l);
}

struct link *
link_new(struct transport *t)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->t = t;
	l->phase = LINK_OPEN;
	if (uv_tcp_init(t->cf.loop, &l->tcp) != 0) {
		free(l);
		return NULL;
	}
	l->next = t->links;
	l->back = &t->links;
	if (l->next != NULL)
		l->next->back = &l->next;
	t->links = l;
	return l;
}

void
link_name(struct link *l, host_conn id)
{
	struct link **bucket = &l->t->buckets[id % BUCKETS];

	l->conn = id;
	l->bucket_next = *bucket;
	*bucket = l;
}

static void
link_unname(struct link *l)
{
	struct link **at = &l->t->buckets[l->conn % BUCKETS];

	while (*at != l)
		at = &(*at)->bucket_next;
	*at = l->bucket_next;
	l->conn = 0;
}

struct link *
link_of(struct transport *t, host_conn id)
{
	struct link *l = t->buckets[id % BUCKETS];

	while (l != NULL && l->conn != id)
		l = l->bucket_next;
	return l;
}

void
link_close(struct link *l)
{
	if (l->closing)
		return;
	l->closing = true;
	link_answer(l, ERR_CLOSED, "the other side hung up");
	if (l->conn != 0) {
		host_conn_gone(l->t->cf.host, l->conn, transport_now(l->t));
		link_unname(l);
	}
	uv_close((uv_handle_t *)&l->tcp, on_closed);
}

void
link_answer(struct link *l, err e, const char *why)
{
	transport_dialled *done = l->done;

	if (done == NULL)
		return;
	l->done = NULL;
	l->t->awaited_n--;
	done(l->ctx, e, why);
}

/* ---- sending ---- */

/* The next bytes for the socket; they lie in the transport's buffer. */
static struct slice
next_bytes(struct link *l)
{
	struct transport *t = l->t;
	struct websocket *w = l->websocket;
	struct buf b = { t->write_buf, 0, sizeof(t->write_buf) };
	uint8_t head[WEBSOCKET_HEAD_MAX], mask[4];
	size_t head_n = 0;

	if (l->phase == LINK_SOCKS5) {
		socks5_send(&l->handshake->socks5, &b);
		return buf_slice(&b);
	}
	if (l->handshake != NULL) {
		websocket_upgrade_send(&l->handshake->upgrade, &b);
		if (b.n > 0 || l->phase == LINK_UPGRADE)
			return buf_slice(&b);
	}
	if (w == NULL) {
		if (l->conn != 0)
			host_send(t->cf.host, l->conn, transport_now(t), &b);
		return buf_slice(&b);
	}
	/* a fresh mask for each frame, as RFC 6455, 10.3 asks of a client */
	if (w->client)
		t->cf.env->random(t->cf.env->ctx, mask, sizeof(mask));
	if (websocket_reply_pending(w)) {
		websocket_reply_send(w, &b, mask);
		return buf_slice(&b);
	}
	if (w->closing || l->conn == 0)
		return buf_slice(&b);
	b.p += WEBSOCKET_HEAD_MAX;
	b.cap -= WEBSOCKET_HEAD_MAX;
	host_send(t->cf.host, l->conn, transport_now(t), &b);
	if (b.n == 0)
		return buf_slice(&b);
	head_n = websocket_wrap(w, head, b.p, b.n, mask);
	memcpy(b.p - head_n, head, head_n);
	return slice_of(b.p - head_n, head_n + b.n);
}

/* A dial learns it by reading, and then says so to those who wait. */
static void
write_failed(struct link *l)
{
	if (l->dial == NULL)
		link_close(l);
}

static void
on_write(uv_write_t *req, int status)
{
	struct link *l = CONTAINER_OF(req, struct link, write);

	free(l->out);
	l->out = NULL;
	if (l->closing)
		return;
	if (status < 0)
		write_failed(l);
	else
		(void)link_flush(l);
	transport_pump(l->t);
}

/* The socket takes no more: what is left is written when it does. */
static void
write_later(struct link *l, struct slice rest)
{
	l->out = malloc(rest.n);
	if (l->out == NULL) {
		write_failed(l);
		return;
	}
	memcpy(l->out, rest.p, rest.n);
	const uv_buf_t uv = uv_buf_init((char *)l->out, (unsigned)rest.n);
	if (uv_write(&l->write, (uv_stream_t *)&l->tcp, &uv, 1, on_write) == 0)
		return;
	free(l->out);
	l->out = NULL;
	write_failed(l);
}

size_t
link_flush(struct link *l)
{
	size_t total = 0;

	while (!l->closing && l->out == NULL && total < TURN_BYTES) {
		struct slice bytes = next_bytes(l);
		if (bytes.n == 0)
			break;
		total += bytes.n;
		const uv_buf_t uv =
		    uv_buf_init((char *)(uintptr_t)bytes.p, (unsigned)bytes.n);
		const int n = uv_try_write((uv_stream_t *)&l->tcp, &uv, 1);
		if (n < 0 && n != UV_EAGAIN) {
			write_failed(l);
			break;
		}
		slice_skip(&bytes, n < 0 ? 0 : (size_t)n);
		if (bytes.n > 0)
			write_later(l, bytes);
	}
	return total;
}

void
link_finish(struct link *l)
{
	if (l->out == NULL && !l->closing) {
		(void)link_flush(l);
		if (l->websocket != NULL && l->phase == LINK_OPEN) {
			websocket_close(l->websocket, GOING_AWAY);
			(void)link_flush(l);
		}
	}
	link_close(l);
}

/* ---- receiving ---- */

static void
give_host(struct link *l, struct slice in)
{
	struct transport *t = l->t;

	while (in.n > 0 && !l->closing) {
		const size_t before = in.n;
		host_recv(t->cf.host, l->conn, transport_now(t), &in);
		transport_pump(t); /* may close the link, not free it */
		if (in.n == before && !l->closing) {
			/* All events are drained and it takes nothing. */
			link_close(l);
			transport_pump(t);
		}
	}
}

/* A layer below the host has failed, or the socket has ended. */
static void
link_failed(struct link *l, err e, const char *why)
{
	if (l->closing)
		return;
	if (why[0] != 0)
		env_log(l->t->cf.env, LOG_INFO, "link_failed",
		    "conn=%" PRIu32 " why=\"%s\"", l->conn, why);
	if (l->dial != NULL)
		dial_failed(l->dial, e, why);
	else
		link_finish(l);
	transport_pump(l->t);
}

static void
link_ready(struct link *l)
{
	l->phase = LINK_OPEN;
	if (l->dial != NULL)
		dial_ready(l->dial);
	else
		(void)link_flush(l);
	transport_pump(l->t);
}

static void
on_socks5(struct link *l, struct slice *in)
{
	const err e = socks5_recv(&l->handshake->socks5, in);

	if (e != OK && e != ERR_MORE) {
		link_failed(l, e, l->handshake->socks5.why);
		return;
	}
	(void)link_flush(l);
	if (e != OK || l->closing)
		return;
	if (l->websocket == NULL) {
		handshake_free(l);
		link_ready(l);
		return;
	}
	l->phase = LINK_UPGRADE;
	(void)link_flush(l);
}

static void
on_upgrade(struct link *l, struct slice *in)
{
	const err e = websocket_upgrade_recv(&l->handshake->upgrade, in);

	if (e == ERR_MORE)
		return;
	if (e != OK) {
		link_failed(l, e, l->handshake->upgrade.why);
		return;
	}
	(void)link_flush(l); /* the answer, before any frame */
	if (l->closing)
		return;
	/* a socket that takes not even that is no peer */
	if (l->handshake->upgrade.out_n > 0) {
		link_failed(l, ERR_LIMIT, "websocket: nothing is read");
		return;
	}
	handshake_free(l);
	link_ready(l);
}

static void
on_frames(struct link *l, uint8_t *in, size_t n)
{
	uint8_t *const begin = in;
	size_t got = 0;
	err e = OK;

	/* All that came in one piece: thousands of frames of a byte each are
	 * no more work than a few large ones. */
	while (n > 0 && e == OK) {
		struct slice payload;
		size_t used = 0;
		e = websocket_recv(l->websocket, in, n, &used, &payload);
		in += used;
		n -= used;
		if (payload.n > 0)
			memmove(begin + got, payload.p, payload.n);
		got += payload.n;
	}
	give_host(l, slice_of(begin, got));
	if (e != OK)
		link_failed(l, e, e == ERR_CLOSED ? "" : l->websocket->why);
	if (l->websocket != NULL && !l->closing &&
	    websocket_reply_pending(l->websocket))
		(void)link_flush(l);
}

static void
on_bytes(struct link *l, uint8_t *p, size_t n)
{
	struct slice in = slice_of(p, n);

	while (in.n > 0 && !l->closing) {
		uint8_t *at = p + (in.p - p);
		switch (l->phase) {
		case LINK_SOCKS5:
			on_socks5(l, &in);
			continue;
		case LINK_UPGRADE:
			on_upgrade(l, &in);
			continue;
		case LINK_OPEN:
			break;
		}
		if (l->websocket != NULL)
			on_frames(l, at, in.n);
		else
			give_host(l, in);
		return;
	}
}

static void
on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *out)
{
	struct link *l = CONTAINER_OF((uv_tcp_t *)handle, struct link, tcp);

	(void)want;
	*out = uv_buf_init((char *)l->t->read_buf, READ_BYTES);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct link *l = CONTAINER_OF((uv_tcp_t *)stream, struct link, tcp);

	if (n == 0 || l->closing)
		return;
	if (n > 0) {
		on_bytes(l, (uint8_t *)b->base, (size_t)n);
		return;
	}
	if (l->dial != NULL) {
		link_failed(l, ERR_CLOSED,
		    l->phase == LINK_SOCKS5
			? "the proxy hangs up"
			: "the peer hangs up before WebSocket stands");
		return;
	}
	link_close(l);
	transport_pump(l->t);
}

/* ---- beginning ---- */

static err
start_reading(struct link *l)
{
	(void)uv_tcp_nodelay(&l->tcp, 1);
	return uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read) == 0
		   ? OK
		   : ERR_IO;
}

static err
websocket_new(struct link *l, bool client)
{
	l->websocket = calloc(1, sizeof(*l->websocket));
	if (l->websocket == NULL)
		return ERR_NOMEM;
	websocket_init(l->websocket, client);
	return OK;
}

err
link_begin(struct link *l, const struct socks5_target *to, const char *host,
    uint16_t port)
{
	uint8_t random[16];

	TRY(start_reading(l));
	if (to == NULL && host == NULL) {
		link_ready(l);
		return OK;
	}
	l->handshake = calloc(1, sizeof(*l->handshake));
	if (l->handshake == NULL)
		return ERR_NOMEM;
	l->phase = LINK_UPGRADE;
	if (host != NULL) {
		l->t->cf.env->random(l->t->cf.env->ctx, random, sizeof(random));
		TRY(websocket_connect(
		    &l->handshake->upgrade, host, port, random));
		TRY(websocket_new(l, true));
	}
	if (to != NULL) {
		l->phase = LINK_SOCKS5;
		TRY(socks5_init(&l->handshake->socks5, to));
	}
	(void)link_flush(l);
	return OK;
}

err
link_accepted(struct link *l, bool websocket)
{
	if (websocket) {
		l->handshake = calloc(1, sizeof(*l->handshake));
		if (l->handshake == NULL)
			return ERR_NOMEM;
		l->phase = LINK_UPGRADE;
		websocket_accept(&l->handshake->upgrade);
		TRY(websocket_new(l, false));
	}
	return start_reading(l);
}
