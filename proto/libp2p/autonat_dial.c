#include "proto/libp2p/autonat_dial.h"

#include "crypto/crypto.h"
#include "proto/libp2p/autonat_wire.h"
#include "proto/libp2p/conn.h"

#define DEADLINE_MS 10000

struct autonat_dial {
	struct mem *mem;
	uint8_t secret[ED25519_SECRET];
	struct conn_config config;
	struct conn *c;
	uint64_t nonce, deadline_ms;
	uint32_t stream; /* 0: not yet */
	bool secured, done;
	enum autonat_dial_status status;
};

struct autonat_dial *
autonat_dial_new(const struct env *env, struct mem *mem, const uint8_t *psk,
    const struct peer_id *peer, uint64_t nonce, uint64_t now_ms)
{
	struct autonat_dial *d = mem_alloc(mem, sizeof(*d));
	uint8_t seed[ED25519_SEED], pub[ED25519_PUBLIC];

	if (d == NULL)
		return NULL;
	env->random(env->ctx, seed, sizeof(seed));
	ed25519_keypair(pub, d->secret, seed);
	crypto_wipe(seed, sizeof(seed));
	d->mem = mem;
	d->nonce = nonce;
	d->deadline_ms = now_ms + DEADLINE_MS;
	d->status = AUTONAT_DIAL_ERROR;
	d->config = (struct conn_config){ .env = env,
		.secret = d->secret,
		.psk = psk,
		.limits = conn_limits_default() };
	d->config.limits.streams_max = 16;
	d->config.limits.memory_bytes = 256 << 10;
	d->c = conn_new(&d->config, mem, true, peer, now_ms);
	if (d->c == NULL) {
		autonat_dial_free(d);
		return NULL;
	}
	return d;
}

void
autonat_dial_free(struct autonat_dial *d)
{
	if (d == NULL)
		return;
	conn_free(d->c);
	crypto_wipe(d->secret, sizeof(d->secret));
	mem_free(d->mem, d, sizeof(*d));
}

static void
finish(struct autonat_dial *d, enum autonat_dial_status status, uint64_t now_ms)
{
	if (d->done)
		return;
	d->done = true;
	d->status = status;
	conn_close(d->c, now_ms);
}

/* It went wrong at the place where it is now. */
static void
fail(struct autonat_dial *d, uint64_t now_ms)
{
	finish(d, d->secured ? AUTONAT_DIAL_BACK_ERROR : AUTONAT_DIAL_ERROR,
	    now_ms);
}

static void
deliver(struct autonat_dial *d, uint64_t now_ms)
{
	uint8_t bytes[32];
	struct buf out = { bytes, 0, sizeof(bytes) };
	size_t taken = 0;

	d->secured = true;
	if (conn_stream_open(d->c, AUTONAT_BACK_PROTOCOL, now_ms, &d->stream) !=
		OK ||
	    autonat_back_put(&out, d->nonce) != OK ||
	    conn_stream_write(d->c, d->stream, buf_slice(&out), &taken) != OK ||
	    taken < out.n)
		fail(d, now_ms);
}

static void
answer(struct autonat_dial *d, uint64_t now_ms)
{
	struct slice body = { NULL, 0 };
	size_t used = 0;
	const err e = frame_get(
	    conn_stream_read(d->c, d->stream), AUTONAT_BACK_MAX, &body, &used);

	if (e == ERR_MORE && !conn_stream_ended(d->c, d->stream))
		return;
	if (e != OK || autonat_back_answer_get(body) != OK)
		fail(d, now_ms);
	else
		finish(d, AUTONAT_DIAL_OK, now_ms);
}

static void
drain(struct autonat_dial *d, uint64_t now_ms)
{
	struct conn_event ev;

	while (!d->done && conn_next(d->c, &ev)) {
		if (ev.type == CONN_SECURED) {
			deliver(d, now_ms);
			continue;
		}
		if (d->stream == 0 || ev.stream != d->stream)
			continue;
		if (ev.type == CONN_STREAM_REFUSED ||
		    ev.type == CONN_STREAM_CLOSED)
			fail(d, now_ms);
		else if (ev.type == CONN_STREAM_DATA ||
			 ev.type == CONN_STREAM_END)
			answer(d, now_ms);
	}
}

void
autonat_dial_recv(struct autonat_dial *d, struct slice in, uint64_t now_ms)
{
	if (in.n == 0)
		fail(d, now_ms);
	while (in.n > 0 && !d->done) {
		const size_t before = in.n;
		const err e = conn_recv(d->c, now_ms, &in);
		drain(d, now_ms);
		if (e != OK || in.n == before)
			fail(d, now_ms);
	}
}

void
autonat_dial_send(struct autonat_dial *d, struct buf *out, uint64_t now_ms)
{
	if (conn_send(d->c, now_ms, out) != OK)
		fail(d, now_ms);
	drain(d, now_ms);
}

uint64_t
autonat_dial_expiry(const struct autonat_dial *d)
{
	return d->done ? UINT64_MAX : MIN(d->deadline_ms, conn_expiry(d->c));
}

void
autonat_dial_on_time(struct autonat_dial *d, uint64_t now_ms)
{
	if (d->done)
		return;
	if (d->deadline_ms <= now_ms || conn_on_time(d->c, now_ms) != OK)
		fail(d, now_ms);
	drain(d, now_ms);
}

bool
autonat_dial_done(
    const struct autonat_dial *d, enum autonat_dial_status *status)
{
	*status = d->status;
	return d->done;
}
