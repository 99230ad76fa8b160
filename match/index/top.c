#include "match/index/index.h"

#include "match/index/internal.h"

bool
top_wants(const struct top *t, int32_t both, const uint8_t *id)
{
	if (t->n < t->max)
		return true;
	const struct scan_result *last = &t->out[t->n - 1];
	if (both != last->both)
		return both > last->both;
	return memcmp(id, last->id, RECORD_ID) < 0;
}

void
top_put(struct top *t, const struct scan_result *r)
{
	size_t lo = 0, hi = t->n;

	if (!top_wants(t, r->both, r->id))
		return;
	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;
		const struct scan_result *m = &t->out[mid];
		if (m->both > r->both ||
		    (m->both == r->both && memcmp(m->id, r->id, RECORD_ID) < 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (t->n < t->max)
		t->n++;
	memmove(
	    &t->out[lo + 1], &t->out[lo], (t->n - lo - 1) * sizeof(*t->out));
	t->out[lo] = *r;
}
