/*
 * value.h: a msgpack value as a tree, and the canonical form that records
 * use. msgpack-c reads and writes; before it may allocate for a declared
 * count, the headers are scanned and bounded here, and afterwards the value
 * is packed again and must give the same bytes.
 *
 * Canonical (SPEC.md, "Canonical msgpack"): unsigned and negative integers,
 * bin, str, array, map and booleans in their shortest form; no float, ext or
 * nil; map keys are unsigned integers in ascending order, each once; str is
 * clean UTF-8 (text.h); at most VALUE_DEPTH_MAX nested containers and
 * VALUE_ITEMS_MAX items; nothing after the value.
 */
#pragma once

#include "proto/base/arena.h"

#define VALUE_DEPTH_MAX 6
#define VALUE_ITEMS_MAX 4096 /* values in all, map keys included */

enum value_type {
	VALUE_UINT,
	VALUE_INT, /* negative */
	VALUE_BOOL,
	VALUE_STR,
	VALUE_BIN,
	VALUE_ARRAY,
	VALUE_MAP,
};

struct value {
	enum value_type type;
	uint32_t n; /* ARRAY: items; MAP: pairs */
	union {
		uint64_t u;          /* UINT; BOOL: 0 or 1 */
		int64_t i;           /* INT, < 0 */
		struct slice s;      /* STR, BIN: into the parsed bytes */
		struct value *items; /* ARRAY: n; MAP: key, value, key, ... */
	};
};

/* Enough scratch for any value that value_parse() accepts. */
#define VALUE_ARENA_BYTES (VALUE_ITEMS_MAX * (sizeof(struct value) + 16) + 64)

/**
 * value_parse(in, arena, out):
 * Read one canonical value that fills ${in}. ${out} borrows ${in} and
 * ${arena}. OK; ERR_FORM: not canonical, or trailing bytes; ERR_LIMIT: over
 * the bounds above or the arena; ERR_NOMEM: msgpack-c found no memory.
 */
NODISCARD err value_parse(
    struct slice in, struct arena *arena, struct value *out);

/** value_write(v, out): append the canonical bytes; ERR_MORE: no room. */
NODISCARD err value_write(const struct value *v, struct buf *out);

/** value_find(map, key): the value of an integer key, or NULL. */
const struct value *value_find(const struct value *map, uint64_t key);

/** value_uint_at(map, key, max, out): false: none, no uint, or above max. */
bool value_uint_at(
    const struct value *map, uint64_t key, uint64_t max, uint64_t *out);

/** value_bytes_at(map, key, n): a bin of exactly ${n} bytes, or NULL. */
const uint8_t *value_bytes_at(const struct value *map, uint64_t key, size_t n);

/**
 * value_keys_known(map, last):
 * No even key beyond ${last}: one would say something that the reader of all
 * even keys up to it would not honour.
 */
bool value_keys_known(const struct value *map, uint64_t last);

/**
 * value_skip(in):
 * Drop the first value of ${in}, one that value_parse() accepted, without
 * reading it. ERR_FORM: cut short.
 */
NODISCARD err value_skip(struct slice *in);

/* Building, for those who write: all borrow their arguments. */
static inline struct value
value_uint(uint64_t u)
{
	return (struct value){ .type = VALUE_UINT, .u = u };
}

static inline struct value
value_int(int64_t i)
{
	if (i >= 0)
		return value_uint((uint64_t)i);
	return (struct value){ .type = VALUE_INT, .i = i };
}

static inline struct value
value_str(struct slice s)
{
	return (struct value){ .type = VALUE_STR, .s = s };
}

static inline struct value
value_bin(struct slice s)
{
	return (struct value){ .type = VALUE_BIN, .s = s };
}

static inline struct value
value_array(struct value *items, size_t n)
{
	ASSERT(n <= VALUE_ITEMS_MAX);
	return (struct value){
		.type = VALUE_ARRAY, .n = (uint32_t)n, .items = items
	};
}

static inline struct value
value_map(struct value *pairs, size_t n)
{
	ASSERT(n <= VALUE_ITEMS_MAX);
	return (struct value){
		.type = VALUE_MAP, .n = (uint32_t)n, .items = pairs
	};
}
