/*
 * The first byte says which side we are, the rest is what the peer says. Any
 * split of it gives the same answers, the same result and the same rest.
 */
#include "proto/libp2p/multistream.h"
#include "tests/unit/test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const ids[] = { "/a/1", "/ohcn/sync/1", "/b/1" };

struct outcome {
	err e;
	size_t chosen;
	struct queue in, out;
};

static void
play(struct outcome *o, struct test_env *t, bool dialer, struct slice all,
    size_t step)
{
	struct multistream m;

	queue_init(&o->in, &t->mem, SIZE_MAX);
	queue_init(&o->out, &t->mem, 2000);
	ASSERT(multistream_start(&m, dialer, ids, 3, &o->out) == OK);
	o->e = ERR_MORE;
	while (all.n > 0) {
		const size_t want = step == 0 ? 1 + test_below(t, 30) : step;
		const size_t n = MIN(want, all.n);
		ASSERT(queue_put(&o->in, all.p, n) == OK);
		slice_skip(&all, n);
		if (o->e != ERR_MORE)
			continue;
		struct slice in = queue_peek(&o->in);
		o->e = multistream_recv(&m, &in, &o->out);
		if (o->e == ERR_MORE)
			ASSERT(in.n < MULTISTREAM_PARTIAL);
		queue_skip(&o->in, o->in.n - in.n);
	}
	ASSERT((o->e == OK) == (m.state == MULTISTREAM_DONE));
	ASSERT(o->e != ERR_NOTFOUND || dialer);
	o->chosen = m.chosen;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { SIZE_MAX, 1, 0 };
	struct outcome o[3];
	struct test_env t;

	if (size < 1 || size > 20000)
		return 0;
	test_env_init(&t, size);
	for (size_t i = 0; i < 3; i++) {
		play(&o[i], &t, data[0] & 1, slice_of(data + 1, size - 1),
		    steps[i]);
		ASSERT(o[i].e == o[0].e && o[i].chosen == o[0].chosen);
		ASSERT(slice_eq(queue_peek(&o[i].out), queue_peek(&o[0].out)));
		if (o[0].e == OK || o[0].e == ERR_MORE)
			ASSERT(slice_eq(
			    queue_peek(&o[i].in), queue_peek(&o[0].in)));
	}
	for (size_t i = 0; i < 3; i++) {
		queue_fini(&o[i].in);
		queue_fini(&o[i].out);
	}
	test_env_check(&t);
	return 0;
}
