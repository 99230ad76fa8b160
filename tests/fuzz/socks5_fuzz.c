/*
 * The first byte says whom we ask for and as whom, the rest is what the proxy
 * says. Any split of it gives the same words, result and rest.
 */
#include "proto/libp2p/socks5.h"
#include "tests/unit/test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	err e;
	const char *why;
	size_t rest;
	uint8_t raw[1024];
	struct buf out;
};

static void
play(struct outcome *o, struct test_env *t, uint8_t how, struct slice all,
    size_t step)
{
	const struct socks5_target to = {
		.name = how & 1 ? "example.onion" : NULL,
		.v6 = (how & 2) != 0,
		.port = 4141,
		.user = how & 4 ? "user" : NULL,
		.password = how & 4 ? "password" : NULL,
		.password_optional = (how & 8) != 0,
	};
	struct socks5 s;

	*o = (struct outcome){ .e = ERR_MORE };
	o->out = (struct buf){ o->raw, 0, sizeof(o->raw) };
	ASSERT(socks5_init(&s, &to) == OK);
	while (all.n > 0 && o->e == ERR_MORE) {
		const size_t want = step == 0 ? 1 + test_below(t, 20) : step;
		struct slice in = slice_of(all.p, MIN(all.n, want));
		const size_t n = in.n;
		o->e = socks5_recv(&s, &in);
		ASSERT(o->e != ERR_MORE || in.n == 0);
		slice_skip(&all, n - in.n);
	}
	/* the words are the same, however they are fetched */
	while (s.out_n > 0) {
		o->out.cap = MIN(sizeof(o->raw), o->out.n + 1 + step % 7);
		socks5_send(&s, &o->out);
	}
	o->why = s.why;
	o->rest = all.n;
	ASSERT((o->e == OK) == (s.state == SOCKS5_OPEN));
	ASSERT(o->e == OK || o->e == ERR_MORE || o->why[0] != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { SIZE_MAX, 1, 0 };
	static struct outcome o[3];
	struct test_env t;

	if (size < 1 || size > 4000)
		return 0;
	test_env_init(&t, size);
	for (size_t i = 0; i < 3; i++) {
		play(
		    &o[i], &t, data[0], slice_of(data + 1, size - 1), steps[i]);
		ASSERT(o[i].e == o[0].e && o[i].why == o[0].why);
		ASSERT(slice_eq(buf_slice(&o[i].out), buf_slice(&o[0].out)));
		ASSERT(o[i].rest == o[0].rest);
	}
	return 0;
}
