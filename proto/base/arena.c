#include "proto/base/arena.h"

#include <stdalign.h>

void *
arena_alloc(struct arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	const uintptr_t at = (uintptr_t)a->p + a->used;
	const size_t pad = (align - at % align) % align;

	ASSERT(a->used <= a->cap);
	if (pad > a->cap - a->used || n > a->cap - a->used - pad)
		return NULL;
	uint8_t *p = a->p + a->used + pad;
	a->used += pad + n;
	memset(p, 0, n);
	return p;
}
