/*
 * rivals_xapian.h: Xapian behind calls that C can make; see rivals.h. Built
 * where it is installed, in a library of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rival_xapian;

const char *rival_xapian_version(void);

/** rival_xapian_new(folder): a fresh database there. NULL: it failed. */
struct rival_xapian *rival_xapian_new(const char *folder);

/**
 * rival_xapian_add(x, skills, levels, n, marks):
 * One person; ${levels} >= 1; ${marks}: words apart by a space, to filter by.
 */
int rival_xapian_add(struct rival_xapian *x, const uint32_t *skills,
    const uint8_t *levels, size_t n, const char *marks);

/** rival_xapian_ready(x): committed, from now on searched. */
int rival_xapian_ready(struct rival_xapian *x);

/**
 * rival_xapian_search(x, skills, weights, n, filter, top):
 * How many it found. ${filter}: lines of marks; of each line one must be
 * there; "": no filter.
 */
size_t rival_xapian_search(struct rival_xapian *x, const uint32_t *skills,
    const uint32_t *weights, size_t n, const char *filter, size_t top);

void rival_xapian_free(struct rival_xapian *x);

#ifdef __cplusplus
}
#endif
