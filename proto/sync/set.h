/*
 * set.h: a set of items as one session sees it: each item has a value that
 * is salted with the session's nonces, its short id; ranges have
 * fingerprints. Internal to proto/sync. SPEC.md, "Sync".
 */
#pragma once

#include "proto/sync/wire.h"

#define SET_SALT 16
#define SET_Z    8 /* estimators in a fingerprint */

struct set {
	const struct sync_item *items; /* ascending */
	const uint64_t *values;
	size_t n;
};

/* Of the items in a range. */
struct set_print {
	uint64_t count;
	uint64_t sum;      /* of the values, mod 2^64 */
	uint16_t z[SET_Z]; /* items with bit j of the value 0 minus those with
			      1, mod 2^16 */
};

/** set_salt(dialer, listener, out): of the two nonces. */
void set_salt(const uint8_t dialer[SYNC_NONCE],
    const uint8_t listener[SYNC_NONCE], uint8_t out[SET_SALT]);

/** set_values(salt, items, n, out): the value of each. */
void set_values(const uint8_t salt[SET_SALT], const struct sync_item *items,
    size_t n, uint64_t *out);

/** set_at(s, bound): position of the first item that is not before it. */
size_t set_at(const struct set *s, const struct wire_bound *bound);

/** set_between(s, at): the shortest bound between item at - 1 and item at;
 * 0: the beginning; n: the end. */
struct wire_bound set_between(const struct set *s, size_t at);

/** set_print(s, from, to): of items [from, to). */
struct set_print set_print(const struct set *s, size_t from, size_t to);

bool set_print_equal(const struct set_print *a, const struct set_print *b);

/** set_difference(a, b): about how many items are in one of them alone; at
 * least 1 where they differ, 0 where they are equal. */
uint64_t set_difference(const struct set_print *a, const struct set_print *b);

/**
 * set_cut(s, at, max): where we cut our items into ranges for RANGES: at[0] = 0
 * < at[1] < ... < n; returns how many, at least 1. Revocations (hour 0) have
 * one of their own, the newest are small, the rest of about equal size.
 */
size_t set_cut(const struct set *s, size_t at[WIRE_RANGES_MAX]);

/*
 * Short ids of a peer, to be looked for among our values: a hash table with
 * open addressing in the caller's memory.
 */
struct set_table {
	uint64_t *slots; /* set_table_slots(n) of them */
	size_t mask;
	uint64_t key[2];           /* unknown to who chose the ids */
	bool has_zero, found_zero; /* 0 marks an empty slot */
	uint8_t *found;            /* a bit per slot */
	uint8_t *filter;           /* 16 bits per slot: most values end here */
};

size_t set_table_slots(size_t n);
/** Bytes for a table of n ids. */
size_t set_table_bytes(size_t n);
/** set_table_make(t, memory, n, secret): an empty one for n ids. */
void set_table_make(struct set_table *t, void *memory, size_t n,
    const uint8_t secret[SYNC_SECRET]);
/** set_table_put(t, v): two equal ones count as one. */
void set_table_put(struct set_table *t, uint64_t v);
/** set_table_put_all(t, ids): each 8 bytes, big-endian. */
void set_table_put_all(struct set_table *t, struct slice ids);
/** set_table_find(t, v): is it there? Then it is marked as found. */
bool set_table_find(struct set_table *t, uint64_t v);
/** set_table_rest(t, at, v): the next that was not found; *at starts at 0. */
bool set_table_rest(const struct set_table *t, size_t *at, uint64_t *v);
