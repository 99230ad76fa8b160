/*
 * arena.h: scratch memory for one job. Allocation moves a mark forward in
 * the caller's block; nothing is freed alone, arena_reset() forgets it all.
 */
#pragma once

#include "proto/base/base.h"

struct arena {
	uint8_t *p;
	size_t used;
	size_t cap;
};

static inline struct arena
arena_of(void *p, size_t cap)
{
	return (struct arena){ (uint8_t *)p, 0, cap };
}

/** arena_alloc(a, n): zeroed, aligned for any type; NULL when full. */
void *arena_alloc(struct arena *a, size_t n);

static inline void
arena_reset(struct arena *a)
{
	a->used = 0;
}
