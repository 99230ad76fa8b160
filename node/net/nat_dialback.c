#include <netinet/in.h>
#include <stdlib.h>

#include "node/net/nat.h"
#include "proto/libp2p/autonat_dial.h"

#define DIALBACKS_MAX 8
#define DIALBACK_MS   10000
#define WRITE_BYTES   4096
#define READ_BYTES    16384

struct dialback {
	struct dialbacks *all;
	bool used, connected, closing;
	unsigned handles; /* open ones */
	uint32_t id;
	uint64_t nonce;
	struct peer_id peer;
	dialback_done *done;
	void *ctx;
	struct autonat_dial *dial;
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_timer_t timer;
	uv_write_t write;
	bool writing;
	uint8_t out[WRITE_BYTES];
};

struct dialbacks {
	struct node *n;
	bool stopping;
	struct dialback slots[DIALBACKS_MAX];
	uint8_t in[READ_BYTES];
};

static uint64_t
now_of(const struct dialback *b)
{
	return b->all->n->env.mono_ms(b->all->n->env.ctx);
}

struct dialbacks *
dialbacks_new(struct node *n)
{
	struct dialbacks *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->n = n;
	return d;
}

static void
on_closed(uv_handle_t *handle)
{
	struct dialback *b = handle->data;

	if (--b->handles > 0)
		return;
	autonat_dial_free(b->dial);
	b->dial = NULL;
	b->used = false;
}

static void
finish(struct dialback *b, enum autonat_dial_status status)
{
	if (b->closing)
		return;
	b->closing = true;
	uv_close((uv_handle_t *)&b->tcp, on_closed);
	uv_close((uv_handle_t *)&b->timer, on_closed);
	if (!b->all->stopping)
		b->done(b->ctx, b->id, status);
}

static void step(struct dialback *b);

static void
on_write(uv_write_t *req, int status)
{
	struct dialback *b = CONTAINER_OF(req, struct dialback, write);

	b->writing = false;
	if (b->closing)
		return;
	if (status < 0)
		autonat_dial_recv(b->dial, slice_of(NULL, 0), now_of(b));
	step(b);
}

static void
on_timer(uv_timer_t *timer)
{
	struct dialback *b = CONTAINER_OF(timer, struct dialback, timer);

	if (!b->connected) {
		finish(b, AUTONAT_DIAL_ERROR);
		return;
	}
	autonat_dial_on_time(b->dial, now_of(b));
	step(b);
}

/* Sends what there is; ends it when it is over. */
static void
step(struct dialback *b)
{
	enum autonat_dial_status status;
	struct buf out = { b->out, 0, sizeof(b->out) };

	if (b->closing)
		return;
	if (!b->writing) {
		autonat_dial_send(b->dial, &out, now_of(b));
		const uv_buf_t uv =
		    uv_buf_init((char *)b->out, (unsigned)out.n);
		if (out.n > 0 && autonat_dial_done(b->dial, &status)) {
			(void)uv_try_write((uv_stream_t *)&b->tcp, &uv, 1);
		} else if (out.n > 0 &&
			   uv_write(&b->write, (uv_stream_t *)&b->tcp, &uv, 1,
			       on_write) == 0) {
			b->writing = true;
		}
	}
	if (autonat_dial_done(b->dial, &status)) {
		finish(b, status);
		return;
	}
	const uint64_t at = autonat_dial_expiry(b->dial), now = now_of(b);
	(void)uv_timer_start(&b->timer, on_timer, at > now ? at - now : 0, 0);
}

static void
on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *out)
{
	struct dialback *b = handle->data;

	(void)want;
	*out = uv_buf_init((char *)b->all->in, READ_BYTES);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct dialback *b = stream->data;

	if (n == 0 || b->closing)
		return;
	autonat_dial_recv(b->dial,
	    n < 0 ? slice_of(NULL, 0) : slice_of(buf->base, (size_t)n),
	    now_of(b));
	step(b);
}

static void
on_connect(uv_connect_t *req, int status)
{
	struct dialback *b = CONTAINER_OF(req, struct dialback, connect);

	if (b->closing)
		return;
	if (status == 0)
		b->dial = autonat_dial_new(&b->all->n->env, &b->all->n->mem,
		    host_psk(b->all->n->host), &b->peer, b->nonce, now_of(b));
	if (b->dial == NULL ||
	    uv_read_start((uv_stream_t *)&b->tcp, on_alloc, on_read) != 0) {
		finish(b, AUTONAT_DIAL_ERROR);
		return;
	}
	b->connected = true;
	step(b);
}

static bool
connect_to(struct dialback *b, const struct autonat_news *news)
{
	struct multiaddr_ip ip;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (multiaddr_ip_tcp(slice_of(news->addr, news->addr_n), &ip) != OK)
		return false;
	v4.sin_port = v6.sin6_port = htons(ip.port);
	memcpy(&v4.sin_addr, ip.ip, 4);
	memcpy(&v6.sin6_addr, ip.ip, 16);
	/* From any port but the one we listen on, or it would come through a
	 * hole that our own connection has made. */
	return uv_tcp_connect(&b->connect, &b->tcp,
		   ip.v6 ? (const struct sockaddr *)&v6
			 : (const struct sockaddr *)&v4,
		   on_connect) == 0;
}

void
dialbacks_start(struct dialbacks *d, const struct autonat_news *news,
    dialback_done *done, void *ctx)
{
	struct dialback *b = NULL;

	for (size_t i = 0; i < DIALBACKS_MAX && b == NULL; i++)
		if (!d->slots[i].used)
			b = &d->slots[i];
	if (d->stopping || b == NULL ||
	    uv_tcp_init(&d->n->loop, &b->tcp) != 0) {
		done(ctx, news->id, AUTONAT_DIAL_ERROR);
		return;
	}
	b->all = d;
	b->used = true;
	b->connected = b->closing = b->writing = false;
	b->handles = 2;
	b->id = news->id;
	b->nonce = news->nonce;
	b->peer = news->peer;
	b->done = done;
	b->ctx = ctx;
	b->tcp.data = b;
	(void)uv_timer_init(&d->n->loop, &b->timer);
	b->timer.data = b;
	(void)uv_timer_start(&b->timer, on_timer, DIALBACK_MS, 0);
	if (!connect_to(b, news))
		finish(b, AUTONAT_DIAL_ERROR);
}

void
dialbacks_stop(struct dialbacks *d)
{
	d->stopping = true;
	for (size_t i = 0; i < DIALBACKS_MAX; i++)
		if (d->slots[i].used)
			finish(&d->slots[i], AUTONAT_DIAL_ERROR);
}

void
dialbacks_free(struct dialbacks *d)
{
	free(d);
}
