/*
 * signal/internal.h: what the counters (signal.c) and what may be shown of
 * them (signal/release.c) share.
 */
#pragma once

#include "match/signal/signal.h"

#define SIGNAL_KEY     16 /* first bytes of an author that name it here */
#define COMPANY_COUNTS (SIGNAL_MEASURES - SIGNAL_PEOPLE)
#define POSTING_KEYS   64

/* Term's place, region and industry in one word, so that it sorts. */
static inline uint64_t
cell_key(uint32_t at, const char region[2], uint8_t sector)
{
	return (uint64_t)at << 32 | (uint64_t)(uint8_t)region[0] << 24 |
	       (uint64_t)(uint8_t)region[1] << 16 | sector;
}

struct cell {
	uint64_t key;
	uint32_t used; /* records that count in it; 0: the place is free */
	struct signal_counts counts;
};

/* What a company has in a cell. */
struct share {
	uint64_t key, company;
	uint32_t used;
	uint32_t amount[COMPANY_COUNTS];
};

/* An organisation that is held, or that records name. */
struct employer {
	uint8_t key[SIGNAL_KEY];
	bool held;
	uint8_t sector;
	uint16_t keys_n;
	uint8_t (*keys)[SIGNAL_KEY]; /* of posting keys */
	uint64_t rid, expires_h;     /* of its record */
	struct entry *first;         /* whose records name it */
};

/* One counted record. */
struct entry {
	uint8_t author[SIGNAL_KEY];
	uint64_t rid, expires_h, made_h, since_h; /* since_h 0: not told */
	uint32_t slot;
	uint8_t kind;
	char region[2];
	uint8_t own_sector; /* by its occupation */
	bool counted;
	/* as it is counted now */
	uint8_t sector;
	uint64_t company;
	uint32_t places_open, places_filled, places_all;
	uint16_t pay_bin; /* SIGNAL_BINS: not told */
	uint8_t pay_period;
	char currency[4];
	uint32_t fill_hours; /* 0: not known */
	struct employer *employer;
	struct entry *next, *prev; /* that name the same employer */
	uint16_t held_n, wanted_n;
	uint32_t at[]; /* held (asked, taught), then wanted */
};

/* Open addressing; ${rows} is a power of two, at most 3/4 are full. */
struct signal_table {
	const struct vocabulary *v;
	struct signal_limits limits;
	uint64_t seed;
	uint32_t week;
	uint64_t left_out;

	struct cell *cells;
	size_t cells_n, cells_rows;
	struct share *shares;
	size_t shares_n, shares_rows;
	struct entry **entries;
	size_t entries_n, entries_rows, entry_bytes;
	struct employer **employers;
	size_t employers_n, employers_rows;

	uint32_t *mark; /* a place a term: of the round it was met in */
	uint32_t round;
	uint32_t closure[SIGNAL_CLOSURE_MAX + 1];
};

/** signal_closure(t, at, n): the places and all that is broader, each once,
 * in t->closure, then all terms together (vocabulary_size()); how many. */
size_t signal_closure(struct signal_table *t, const uint32_t *at, size_t n);

/** signal_cell(t, key), signal_share(t, key, company): NULL: not there. */
const struct cell *signal_cell(const struct signal_table *t, uint64_t key);
const struct share *signal_share(
    const struct signal_table *t, uint64_t key, uint64_t company);
