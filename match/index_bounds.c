#include "match/index.h"

#include "match/index_internal.h"

#define BUCKETS 160 /* of 64 bounds, more than SCORE_MAX in all */

void
bounds_put(struct bounds *q, uint32_t reach, const int16_t *both, uint32_t n)
{
	for (uint32_t first = 0; first < n; first += STRETCH) {
		struct stretch t = { .reach = reach,
			.first = first,
			.end = MIN(first + STRETCH, n),
			.both = both };
		for (uint32_t i = first; i < t.end; i++)
			t.best = MAX(t.best, both[i]);
		q->stretches[q->n++] = t;
	}
}

static uint32_t
bucket_of(const struct bounds *q, int16_t both)
{
	return (uint32_t)both >> q->width_bits;
}

static void
bucket_put(struct bounds *q, uint32_t heads[BUCKETS], uint32_t i)
{
	struct stretch *t = &q->stretches[i];
	const uint32_t bucket = bucket_of(q, t->left);

	t->next = heads[bucket];
	heads[bucket] = i;
}

/* Those of the bucket; true: there are some of buckets below. */
static bool
try_stretch(const struct bounds *q, struct stretch *t, uint32_t bucket,
    bounds_fn *fn, void *ctx)
{
	bool more = false;

	t->left = 0;
	for (uint32_t i = t->first; i < t->end; i++) {
		const uint32_t its = bucket_of(q, t->both[i]);
		if (its == bucket) {
			fn(ctx, t->reach, i);
		} else if (its < bucket) {
			more = true;
			t->left = MAX(t->left, t->both[i]);
		}
	}
	return more;
}

void
bounds_run(struct bounds *q, const struct top *top, bounds_fn *fn, void *ctx)
{
	uint32_t heads[BUCKETS];

	ASSERT(q->width_bits >= 6);
	memset(heads, 0xff, sizeof(heads));
	for (uint32_t i = 0; i < q->n; i++) {
		q->stretches[i].left = q->stretches[i].best;
		bucket_put(q, heads, i);
	}
	for (uint32_t b = BUCKETS; b-- > 0;) {
		if ((int32_t)((b + 1) << q->width_bits) - 1 < top_least(top))
			return;
		while (heads[b] != UINT32_MAX) {
			const uint32_t i = heads[b];
			heads[b] = q->stretches[i].next;
			if (try_stretch(q, &q->stretches[i], b, fn, ctx))
				bucket_put(q, heads, i);
		}
	}
}
