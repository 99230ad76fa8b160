/*
 * What value_parse() accepts is written back to the same bytes, skipped as a
 * whole, and is neither longer nor shorter than it says.
 */
#include <stdlib.h>

#include "proto/record/value.h"

#define INPUT_MAX 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t arena_bytes[VALUE_ARENA_BYTES];
static uint8_t again[INPUT_MAX + 1];

/* Depth and number of values, as SPEC.md counts them. */
static size_t
count(const struct value *v, unsigned depth)
{
	size_t n = 1;
	const bool map = v->type == VALUE_MAP;

	if (v->type != VALUE_ARRAY && !map)
		return n;
	ASSERT(depth + 1 <= VALUE_DEPTH_MAX);
	for (uint32_t i = 0; i < (map ? 2 * v->n : v->n); i++) {
		n += count(&v->items[i], depth + 1);
		if (!map || i % 2 != 0)
			continue;
		ASSERT(v->items[i].type == VALUE_UINT);
		ASSERT(i == 0 || v->items[i].u > v->items[i - 2].u);
		ASSERT(value_find(v, v->items[i].u) == &v->items[i + 1]);
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	struct slice in = slice_of(data, size);
	struct buf out = { again, 0, sizeof(again) };
	struct value v;

	if (size > INPUT_MAX)
		return 0;
	if (value_parse(in, &arena, &v) != OK) {
		/* Skipping may fail here; it may not read too far. */
		ASSERT(value_skip(&in) != OK || in.n <= size);
		return 0;
	}
	ASSERT(count(&v, 0) <= VALUE_ITEMS_MAX);
	ASSERT(value_write(&v, &out) == OK);
	ASSERT(slice_eq(buf_slice(&out), in));
	ASSERT(value_skip(&in) == OK && in.n == 0);

	again[size] = 0;
	arena_reset(&arena);
	ASSERT(value_parse(slice_of(again, size + 1), &arena, &v) == ERR_FORM);
	arena_reset(&arena);
	ASSERT(value_parse(slice_of(again, size - 1), &arena, &v) == ERR_FORM);
	return 0;
}
