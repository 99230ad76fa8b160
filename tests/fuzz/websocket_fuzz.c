/*
 * The first byte says which side we are and whether the upgrade is behind us,
 * the rest is what the peer says: the upgrade, then frames. Any split of it
 * gives the same stream, the same words of ours, the same end.
 */
#include "proto/libp2p/websocket.h"
#include "tests/unit/test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_LIMIT 20000

struct outcome {
	err e;
	const char *why;
	bool open;
	uint8_t raw[SIZE_LIMIT], said[2000];
	struct buf got, out;
};

static const uint8_t nonce[16] = "the sample nonce";
static const uint8_t mask[4] = { 1, 2, 3, 4 };

static void
frames(struct outcome *o, struct websocket *w, uint8_t *in, size_t n)
{
	while (o->e == OK && n > 0) {
		struct slice payload;
		size_t used = 0;
		o->e = websocket_recv(w, in, n, &used, &payload);
		ASSERT(used <= n && (used > 0 || o->e != OK));
		ASSERT(payload.n == 0 ||
		       (payload.p >= in && payload.p + payload.n <= in + used));
		ASSERT(buf_put(&o->got, payload.p, payload.n) == OK);
		in += used;
		n -= used;
	}
}

static void
play(struct outcome *o, struct test_env *t, uint8_t how, struct slice all,
    size_t step)
{
	static uint8_t piece[SIZE_LIMIT];
	struct websocket_upgrade u;
	struct websocket w;

	*o = (struct outcome){ .e = ERR_MORE, .open = (how & 2) != 0 };
	o->got = (struct buf){ o->raw, 0, sizeof(o->raw) };
	o->out = (struct buf){ o->said, 0, sizeof(o->said) };
	websocket_init(&w, how & 1);
	if (how & 1)
		ASSERT(websocket_connect(&u, "example.org", 80, nonce) == OK);
	else
		websocket_accept(&u);
	if (o->open)
		o->e = OK;
	while (all.n > 0 && (o->e == OK || o->e == ERR_MORE)) {
		const size_t want = step == 0 ? 1 + test_below(t, 90) : step;
		struct slice in = slice_of(piece, MIN(all.n, want));
		memcpy(piece, all.p, in.n);
		slice_skip(&all, in.n);
		if (!o->open) {
			o->e = websocket_upgrade_recv(&u, &in);
			ASSERT(o->e != ERR_MORE || in.n == 0);
			o->open = o->e == OK;
		}
		if (o->open)
			frames(o, &w, piece + (in.p - piece), in.n);
	}
	websocket_upgrade_send(&u, &o->out);
	websocket_reply_send(&w, &o->out, mask);
	ASSERT(u.out_n == 0 && !websocket_reply_pending(&w));
	o->why = o->open ? w.why : u.why;
	ASSERT((o->e == OK || o->e == ERR_MORE) == (o->why[0] == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { SIZE_MAX, 1, 0 };
	static struct outcome o[3];
	struct test_env t;

	if (size < 1 || size > SIZE_LIMIT)
		return 0;
	test_env_init(&t, size);
	for (size_t i = 0; i < 3; i++) {
		play(
		    &o[i], &t, data[0], slice_of(data + 1, size - 1), steps[i]);
		ASSERT(o[i].e == o[0].e && o[i].why == o[0].why);
		ASSERT(slice_eq(buf_slice(&o[i].got), buf_slice(&o[0].got)));
		ASSERT(slice_eq(buf_slice(&o[i].out), buf_slice(&o[0].out)));
	}
	return 0;
}
