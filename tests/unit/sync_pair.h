/*
 * sync_pair.h: two sessions of sync against each other, each with a small
 * model of a store: a sorted array of items whose records are made up from
 * their keys. Bytes are cut as a seed says, judgements come late. Used by
 * tests and by fuzz targets; without cmocka.
 */
#pragma once

#include "proto/sync/sync.h"
#include "tests/unit/test_env.h"

#define PAIR_RECORD 100 /* bytes of a record of the model */

struct sync_side {
	struct sync_config cf;
	struct sync *s;
	struct mem mem;
	/* The set: before, and after sync_pair_merge() with what came. */
	struct sync_item *items;
	size_t n, cap;
	struct sync_item *got;
	size_t got_n, got_cap;
	uint32_t fresh[SYNC_FRESH_MAX];
	size_t fresh_n;
	bool fresh_known;
	uint64_t head;
	/* What the model says to a record; NULL: kept. */
	enum sync_verdict (*judge)(struct sync_side *side,
	    const struct sync_item *item, struct sync_item *winner);
	void *ctx;
	size_t judged;             /* for the judge to count */
	size_t rejected;           /* were no record of the model */
	struct sync_item *refused; /* by the peer */
	size_t refused_n, refused_cap;
	struct sync_item late[64]; /* with the pipeline */
	size_t late_n;
	size_t late_max;          /* judged at once when 0 */
	struct sync_cursor since; /* of NEED_ITEMS */
	bool over;
	struct sync_event end;
	/* Told of every piece of bytes that it sends; may be NULL. */
	void (*tap)(void *ctx, struct sync_side *from, struct slice bytes);
	void *tap_ctx;
};

struct sync_pair {
	struct test_env t;
	struct sync_side a, b; /* a dials */
	size_t piece_max;      /* bytes moved at once: 1..; 0: all */
	uint64_t cut_after;    /* bytes after which the stream breaks; 0: no */
	uint64_t moved;
	bool cut;
	/* May change bytes on their way; at: how many went before. */
	void (*garble)(void *ctx, struct sync_side *from, uint8_t *bytes,
	    size_t n, uint64_t at);
	void *garble_ctx;
};

void sync_pair_init(struct sync_pair *p, uint64_t seed);
void sync_pair_free(struct sync_pair *p);

/** sync_side_add(side, item): to its set, in any order; then _sort(). */
void sync_side_add(struct sync_side *side, const struct sync_item *item);
void sync_side_sort(struct sync_side *side); /* and drops equal ones */
bool sync_side_has(const struct sync_side *side, const struct sync_item *item);
int sync_item_cmp(const void *a, const void *b);

/** sync_pair_item(p, hour): a random one of an hour. */
struct sync_item sync_pair_item(struct sync_pair *p, uint32_t hour);

/** sync_pair_start(p): new sessions, with nonces of their own. */
void sync_pair_start(struct sync_pair *p);

/** sync_pair_run(p): one session from the beginning to its end, or to the
 * cut. What came is in got. False: they got stuck. */
bool sync_pair_run(struct sync_pair *p);

/** sync_pair_merge(p): what came becomes part of the sets. */
void sync_pair_merge(struct sync_pair *p);

/** sync_pair_equal(p): are the two sets the same? */
bool sync_pair_equal(const struct sync_pair *p);

/** sync_side_serve(side, t): serve the events that there are. */
void sync_side_serve(struct sync_side *side, struct test_env *t);

/** The same, and adds type, bytes and item of each to a hash. */
void sync_side_serve_traced(
    struct sync_side *side, uint64_t *hash, uint64_t *events);

/** sync_side_record(item, out): the record of the model. */
void sync_side_record(const struct sync_item *item, uint8_t out[PAIR_RECORD]);
