/*
 * The first byte says which side we are, the rest is what the peer sends.
 * Any split gives the same streams and the same replies. An owner that reads,
 * writes, closes and drops at random never makes a bound break.
 */
#include "proto/libp2p/yamux.h"
#include "tests/unit/test_env.h"

#define STREAMS_MAX 16
#define BUDGET      (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct session {
	struct test_env t;
	struct yamux y;
	err e;
	uint8_t out[1 << 16];
	size_t n;
};

static void
session_init(struct session *s, bool dialer, uint64_t seed)
{
	struct yamux_stream *mine = NULL;

	test_env_init(&s->t, seed);
	s->t.mem.cap = BUDGET;
	s->n = 0;
	yamux_init(&s->y, &(struct yamux_config){ .mem = &s->t.mem,
			      .dialer = dialer,
			      .streams_max = STREAMS_MAX,
			      .window = YAMUX_WINDOW,
			      .tx_max = 20000,
			      .events_max = 64 });
	ASSERT(yamux_open(&s->y, &mine) == OK);
}

static void
session_fini(struct session *s)
{
	yamux_fini(&s->y);
	test_env_check(&s->t);
}

static void
check(const struct session *s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < YAMUX_BUCKETS; i++)
		for (const struct yamux_stream *a = s->y.buckets[i]; a != NULL;
		     a = a->bucket_next, n++) {
			ASSERT(a->rx.n <= YAMUX_WINDOW);
			ASSERT(a->tx.n <= 20000);
			ASSERT(a->rx_credit <= YAMUX_WINDOW);
		}
	ASSERT(n == s->y.streams_n && n <= STREAMS_MAX);
	ASSERT(s->y.control.n <= YAMUX_CONTROL_MAX);
}

static void
feed(struct session *s, struct slice all, size_t step)
{
	s->e = OK;
	while (all.n > 0 && s->e == OK) {
		const size_t want =
		    step == 0 ? 1 + test_below(&s->t, 40) : step;
		const size_t n = MIN(want, all.n);
		struct slice in = slice_of(all.p, n);
		s->e = yamux_recv(&s->y, 1000, &in);
		ASSERT(s->e != OK || in.n == 0);
		slice_skip(&all, n);
		check(s);
	}
	struct buf b = { s->out, 0, sizeof(s->out) };
	yamux_send(&s->y, &b);
	s->n = b.n;
}

static void
same(const struct session *a, const struct session *b)
{
	ASSERT(a->e == b->e && a->n == b->n);
	ASSERT(memcmp(a->out, b->out, a->n) == 0);
	ASSERT(a->y.streams_n == b->y.streams_n);
	for (size_t i = 0; i < YAMUX_BUCKETS; i++)
		for (const struct yamux_stream *x = a->y.buckets[i]; x != NULL;
		     x = x->bucket_next) {
			const struct yamux_stream *y = b->y.buckets[i];
			while (y != NULL && y->id != x->id)
				y = y->bucket_next;
			ASSERT(y != NULL && x->dead == y->dead &&
			       x->rx_ended == y->rx_ended);
			ASSERT(
			    slice_eq(queue_peek(&x->rx), queue_peek(&y->rx)));
		}
}

static void
act(struct session *s, struct yamux_stream *a)
{
	static const uint8_t text[3000];
	size_t taken = 0;

	switch (test_below(&s->t, 6)) {
	case 0:
		yamux_consume(&s->y, a, a->rx.n);
		break;
	case 1:
		yamux_consume(&s->y, a, a->rx.n / 2);
		break;
	case 2:
		yamux_close(&s->y, a);
		break;
	case 3:
		yamux_drop(&s->y, a);
		break;
	default:
		(void)!yamux_write(
		    &s->y, a, slice_of(text, sizeof(text)), &taken);
		break;
	}
}

static void
live(struct session *s, struct slice all)
{
	struct yamux_event ev;
	struct yamux_stream *a = NULL;
	err e = OK;

	while (all.n > 0 && e == OK) {
		const size_t want = 1 + test_below(&s->t, 60);
		const size_t n = MIN(want, all.n);
		struct slice in = slice_of(all.p, n);
		e = yamux_recv(&s->y, 1000, &in);
		slice_skip(&all, n - in.n);
		while (yamux_next(&s->y, &ev)) {
			if (ev.type == YAMUX_CLOSED)
				yamux_drop(&s->y, ev.stream);
			else if (ev.type != YAMUX_OPENED)
				act(s, ev.stream);
			check(s);
		}
		if (test_below(&s->t, 4) == 0)
			(void)!yamux_open(&s->y, &a);
		struct buf b = { s->out, 0,
			YAMUX_HEAD + test_below(&s->t, 3000) };
		yamux_send(&s->y, &b);
		check(s);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct session s[4];

	if (size < 1 || size > 1 << 17)
		return 0;
	const struct slice all = slice_of(data + 1, size - 1);
	for (size_t i = 0; i < 4; i++)
		session_init(&s[i], data[0] & 1, size + i);
	feed(&s[0], all, SIZE_MAX);
	feed(&s[1], all, 1);
	feed(&s[2], all, 0);
	same(&s[0], &s[1]);
	same(&s[0], &s[2]);
	live(&s[3], all);
	for (size_t i = 0; i < 4; i++)
		session_fini(&s[i]);
	return 0;
}
