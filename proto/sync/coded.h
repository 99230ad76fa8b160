/*
 * coded.h: coded symbols of a set, a rateless invertible Bloom table: symbol
 * i sums the values that map to it, the first holds all, later ones ever
 * fewer. Of two sets the difference of their symbols is the symbols of their
 * difference; about 1.4 symbols per differing item are enough to read it.
 * Integer arithmetic alone. Internal to proto/sync. SPEC.md, "Coded symbols".
 *
 * The mapping is a public function of the value; the value is salted.
 */
#pragma once

#include "proto/base/base.h"

#define CODED_MAX ((size_t)1 << 20) /* indices are below */

/* Symbols [first, end), in arrays of end - first. */
struct coded {
	uint64_t *sum;   /* of values, mod 2^64 */
	uint32_t *check; /* of coded_check(value), mod 2^32 */
	size_t first, end;
};

uint32_t coded_check(uint64_t v);

/* Walks the indices of a value: 0, then coded_step() each. */
struct coded_walk {
	uint32_t hi, lo, k;
	uint64_t at;
};
struct coded_walk coded_walk(uint64_t v);
/** coded_step(w): the next index; any above CODED_MAX ends the walk. */
void coded_step(struct coded_walk *w);

/** coded_add(c, v), coded_sub(c, v): a value more, a value less. */
void coded_add(struct coded *c, uint64_t v);
void coded_sub(struct coded *c, uint64_t v);

/** coded_enough(differences, deviation): symbols that nearly always do. */
size_t coded_enough(uint64_t differences, uint64_t deviation);

/* What the difference of symbols, theirs minus ours, decodes to: the first
 * plus values are theirs alone, the last minus ours alone. */
struct coded_found {
	uint64_t *values; /* room for n */
	size_t plus, minus;
};

/** Bytes of scratch that coded_decode() needs for symbols [0, n). */
size_t coded_scratch(size_t n);

/**
 * coded_decode(c, scratch, out): takes ${c}, from symbol 0 on, apart. True: all of it, and ${c} is
 * zero; false: more symbols are needed.
 */
NODISCARD bool coded_decode(
    struct coded *c, void *scratch, struct coded_found *out);
