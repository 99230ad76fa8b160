/*
 * index_world.h: an index beside a plain list of the same records, which are
 * searched by linear scan; for the tests of match/index/index.h and its fuzz target.
 */
#pragma once

#include "match/index/index.h"
#include "match_world.h"

#define INDEX_WORLD_MAX 4096

struct index_world {
	const struct world *world;
	enum index_kind kind;
	struct index *ix;
	size_t n; /* live records */
	uint8_t ids[INDEX_WORLD_MAX][RECORD_ID];
	struct card *cards; /* of one kind alone */
	struct posting *postings;
	/* the scan */
	size_t at;
	const struct index_filter *filter;
};

void index_world_open(struct index_world *w, const struct world *world,
    enum index_kind kind, uint32_t tail_max);
void index_world_close(struct index_world *w);

/* To both; an id that is there is replaced. */
void index_world_put_card(
    struct index_world *w, const uint8_t *id, const struct card *c);
void index_world_put_posting(
    struct index_world *w, const uint8_t *id, const struct posting *p);
void index_world_remove(struct index_world *w, size_t i);

/*
 * The same search in both; aborts with a message when they differ. The
 * snapshot is of now. Returns how many there were.
 */
size_t index_world_people(struct index_world *w, const struct posting *p,
    const struct index_filter *f, bool with_excluded, size_t max);
size_t index_world_postings(struct index_world *w, const struct card *c,
    const struct wishes *wishes, const struct index_filter *f,
    bool with_excluded, size_t max);

/* The filter's lists are static. */
void filter_random(uint64_t *seed, struct index_filter *out);
