/*
 * seen.h: a table of 64-bit hashes that remembers some of what was put in:
 * bounded, the oldest of a small group gives way. For records whose signature
 * was found good and which the store does not hold. The hash is keyed, so
 * that nobody can choose whom it displaces.
 */
#pragma once

#include "proto/base/base.h"

struct seen {
	uint64_t *v; /* groups of SEEN_GROUP, the newest first; 0: free */
	size_t groups;
};
#define SEEN_GROUP 8

/** seen_new(s, max): room for about ${max} entries; ERR_NOMEM. 0: none. */
NODISCARD err seen_new(struct seen *s, size_t max);
void seen_free(struct seen *s);

void seen_put(struct seen *s, uint64_t hash);
bool seen_has(const struct seen *s, uint64_t hash);
