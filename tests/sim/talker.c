#include "tests/sim/talker.h"

#include <stdlib.h>

#include "proto/libp2p/gossipsub.h"
#include "proto/libp2p/identify.h"
#include "proto/libp2p/keys.h"
#include "tests/sim/talker_raw.h"

#define READ_MAX (1 << 20)

static const char *const protocols[TALKER_PROTOCOLS] = {
	[TALKER_IDENTIFY] = IDENTIFY_PROTOCOL,
	[TALKER_PUSH] = IDENTIFY_PUSH_PROTOCOL,
	[TALKER_GOSSIP_11] = GOSSIP_PROTOCOL_11,
};

struct talker {
	struct sim *s;
	unsigned from;
	uint32_t wire;
	bool open, raw, deaf;
	const struct talker_ops *ops;
	void *ctx;
	uint8_t secret[ED25519_SECRET];
	struct peer_id id;
	struct env env;
	struct mem mem;
	struct prng random;
	struct conn_config cf;
	struct conn *c;             /* not raw */
	struct talker_noise *noise; /* raw */
	uint8_t *read;
};

/* ---- its surroundings ---- */

static uint64_t
now_ms(const struct talker *t)
{
	return sim_now(t->s) / 1000;
}

static uint64_t
env_mono_ms(void *ctx)
{
	return now_ms(ctx);
}

static uint64_t
env_wall_s(void *ctx)
{
	return sim_wall_s(
	    ((struct talker *)ctx)->s, ((struct talker *)ctx)->from);
}

static void
env_random(void *ctx, uint8_t *out, size_t n)
{
	prng_fill(&((struct talker *)ctx)->random, out, n);
}

static void *
mem_take(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void
mem_give(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

/* ---- the wire ---- */

static void
identify_answer(struct talker *t, uint32_t stream)
{
	uint8_t key[64], room[1024];
	struct buf k = { key, 0, sizeof(key) }, out = { room, 0, sizeof(room) };
	struct identify id = { .agent = slice_str("talker/1"),
		.protocols_n = TALKER_PROTOCOLS };
	size_t taken = 0;

	for (unsigned i = 0; i < TALKER_PROTOCOLS; i++)
		id.protocols[i] = slice_str(protocols[i]);
	err e = peer_key_put_ed25519(&k, t->secret + ED25519_SEED);
	ASSERT(e == OK);
	id.public_key = buf_slice(&k);
	e = identify_put(&out, &id);
	ASSERT(e == OK);
	e = conn_stream_write(t->c, stream, buf_slice(&out), &taken);
	ASSERT(e == OK && taken == out.n);
	conn_stream_close(t->c, stream);
}

static void
tell(struct talker *t)
{
	struct conn_event ev;

	while (t->open && t->c != NULL && conn_next(t->c, &ev)) {
		if (ev.type == CONN_STREAM_OPENED &&
		    ev.protocol == TALKER_IDENTIFY)
			identify_answer(t, ev.stream);
		else if (ev.type == CONN_SECURED && t->ops->secured != NULL)
			t->ops->secured(t, t->ctx);
		else if (ev.type != CONN_SECURED && t->ops->event != NULL)
			t->ops->event(t, t->ctx, &ev);
	}
	if (t->open && t->c != NULL && conn_pending(t->c))
		sim_ready(t->s, t->wire);
}

static void
over(struct talker *t)
{
	if (!t->open)
		return;
	t->open = false;
	if (t->ops->gone != NULL)
		t->ops->gone(t, t->ctx);
}

static void
recv_conn(struct talker *t, struct slice in)
{
	size_t before = 0;

	while (t->open && in.n > 0 && in.n != before) {
		before = in.n;
		if (conn_recv(t->c, now_ms(t), &in) != OK) {
			sim_hang_up(t->s, t->wire);
			over(t);
			return;
		}
		tell(t);
	}
	tell(t);
}

static void
recv_raw(struct talker *t, struct slice in)
{
	const bool before = talker_noise_done(t->noise);
	struct slice plain;

	if (talker_noise_recv(t->noise, in) != OK) {
		sim_hang_up(t->s, t->wire);
		over(t);
		return;
	}
	if (!before && talker_noise_done(t->noise) && t->ops->secured != NULL)
		t->ops->secured(t, t->ctx);
	while (t->open && talker_noise_plain(t->noise, &plain))
		if (t->ops->plain != NULL)
			t->ops->plain(t, t->ctx, plain);
	if (t->open && talker_noise_pending(t->noise))
		sim_ready(t->s, t->wire);
}

static void
on_recv(struct sim *s, uint32_t wire, void *ctx, struct slice in)
{
	struct talker *t = ctx;

	(void)s;
	(void)wire;
	if (t->raw)
		recv_raw(t, in);
	else
		recv_conn(t, in);
}

static void
on_send(struct sim *s, uint32_t wire, void *ctx, struct buf *out)
{
	struct talker *t = ctx;

	if (t->raw) {
		talker_noise_send(t->noise, out);
		if (talker_noise_pending(t->noise))
			sim_ready(s, wire);
		return;
	}
	if (conn_send(t->c, now_ms(t), out) == OK)
		tell(t); /* something may be writable now */
}

static void
on_gone(struct sim *s, uint32_t wire, void *ctx)
{
	(void)s;
	(void)wire;
	over(ctx);
}

/* ---- life ---- */

static void
identity_set(struct talker *t, uint64_t identity)
{
	uint8_t seed[ED25519_SEED] = "talker", pub[ED25519_PUBLIC];

	put_u64be(seed + 8, identity);
	ed25519_keypair(pub, t->secret, seed);
	t->id = peer_id_of_ed25519(pub);
	t->random = prng_of(identity, PRNG_ATTACK);
}

err
talker_dial(struct sim *s, unsigned from, unsigned to, uint64_t identity,
    bool raw, const struct talker_ops *ops, void *ctx, struct talker **out)
{
	static const struct sim_end end = { on_recv, on_send, on_gone };
	struct talker *t = calloc(1, sizeof(*t));

	ASSERT(t != NULL && (t->read = malloc(READ_MAX)) != NULL);
	t->s = s;
	t->from = from;
	t->raw = raw;
	t->ops = ops;
	t->ctx = ctx;
	identity_set(t, identity);
	t->env = (struct env){ env_mono_ms, env_wall_s, env_random, NULL, t };
	t->mem = (struct mem){
		.alloc = mem_take, .release = mem_give, .cap = SIZE_MAX / 2
	};
	t->cf = (struct conn_config){ .env = &t->env,
		.secret = t->secret,
		.limits = conn_limits_default(),
		.protocols = protocols,
		.protocols_n = TALKER_PROTOCOLS };
	if (raw)
		t->noise = talker_noise_new(t->secret, &t->random);
	else
		t->c = conn_new(&t->cf, &t->mem, true, NULL, now_ms(t));
	t->open = true;
	const err e = sim_dial_raw(s, from, to, &end, t, &t->wire);
	if (e != OK) {
		t->open = false;
		talker_free(t);
		return e;
	}
	*out = t;
	return OK;
}

void
talker_free(struct talker *t)
{
	if (t == NULL)
		return;
	if (t->open)
		sim_hang_up(t->s, t->wire);
	t->open = false;
	conn_free(t->c);
	talker_noise_free(t->noise);
	free(t->read);
	free(t);
}

struct sim *
talker_sim(struct talker *t)
{
	return t->s;
}

const struct peer_id *
talker_id(const struct talker *t)
{
	return &t->id;
}

/* ---- streams ---- */

err
talker_open(struct talker *t, const char *protocol, uint32_t *stream)
{
	if (!t->open || t->raw)
		return ERR_CLOSED;
	TRY(conn_stream_open(t->c, protocol, now_ms(t), stream));
	sim_ready(t->s, t->wire);
	return OK;
}

size_t
talker_write(struct talker *t, uint32_t stream, struct slice in)
{
	size_t taken = 0;

	if (!t->open || t->raw ||
	    conn_stream_write(t->c, stream, in, &taken) != OK)
		return 0;
	sim_ready(t->s, t->wire);
	return taken;
}

struct slice
talker_read(struct talker *t, uint32_t stream)
{
	if (!t->open || t->raw || t->deaf)
		return slice_of(NULL, 0);
	const struct slice in = conn_stream_read(t->c, stream);
	const size_t n = MIN(in.n, (size_t)READ_MAX);
	if (n > 0)
		memcpy(t->read, in.p, n);
	conn_stream_consume(t->c, stream, n);
	sim_ready(t->s, t->wire);
	return slice_of(t->read, n);
}

void
talker_stop_reading(struct talker *t)
{
	t->deaf = true;
}

void
talker_say(struct talker *t, struct slice in)
{
	if (!t->open || !t->raw)
		return;
	talker_noise_say(t->noise, in);
	sim_ready(t->s, t->wire);
}
