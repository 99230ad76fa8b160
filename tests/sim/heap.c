#include "tests/sim/heap.h"

#include <stdlib.h>

static bool
before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->number < b->number;
}

void
heap_put(struct heap *h, struct event e)
{
	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 256 : 2 * h->cap;
		h->v = realloc(h->v, h->cap * sizeof(h->v[0]));
		ASSERT(h->v != NULL);
	}
	e.number = h->next_number++;
	size_t at = h->n++;
	while (at > 0 && before(&e, &h->v[(at - 1) / 2])) {
		h->v[at] = h->v[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	h->v[at] = e;
}

const struct event *
heap_first(const struct heap *h)
{
	return h->n == 0 ? NULL : &h->v[0];
}

struct event
heap_take(struct heap *h)
{
	ASSERT(h->n > 0);
	const struct event first = h->v[0];
	const struct event last = h->v[--h->n];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= h->n)
			break;
		if (child + 1 < h->n && before(&h->v[child + 1], &h->v[child]))
			child++;
		if (!before(&h->v[child], &last))
			break;
		h->v[at] = h->v[child];
		at = child;
	}
	if (h->n > 0)
		h->v[at] = last;
	return first;
}

void
heap_free(struct heap *h)
{
	free(h->v);
	*h = (struct heap){ 0 };
}
