/*
 * bridge.h: which occupation of another vocabulary an occupation most likely
 * is, from what both say about themselves: titles, other titles,
 * descriptions, what is done and used there. No crosswalk is needed; the
 * answers are suggestions with a confidence and never links by themselves.
 *
 * Six comparisons by BM25 (bag.h), each on a scale of its best, are added by
 * weight; the same set of words as a whole title counts extra. Then each
 * occupation hears those of its own ISCO group, since relatives on one side
 * are relatives on the other. Weights were tuned on half of the pairs of
 * tests/eval/bridge_eval.c. English labels alone are compared.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"

struct bridge;

struct bridge_options {
	struct slice from, to; /* beginnings of URIs: "urn:onet:" */
	bool alone;            /* without relatives of the ISCO group */
	/* Instead of ${from}, with a title: one occupation in somebody's own
	 * English words, asked for as TERM_NOWHERE; both are borrowed for the
	 * call. */
	struct slice title, text;
};

/**
 * bridge_new(v, o, out): all occupations on both sides; ${v} must live longer
 * than the call alone. About a second for ESCO and O*NET. ERR_NOTFOUND: one
 * side has no occupation; ERR_NOMEM.
 */
NODISCARD err bridge_new(const struct vocabulary *v,
    const struct bridge_options *o, struct bridge **out);
void bridge_free(struct bridge *b);

struct bridge_hit {
	uint32_t at;    /* the place on the other side */
	uint32_t score; /* for the order alone */
	uint16_t
	    confidence; /* 0..1000: its share of what all candidates have */
};

#define BRIDGE_HITS_MAX 200

/**
 * bridge_find(b, at, hits, max): best first; equal ones by place. Returns
 * their number; 0 for a place that is not on the first side.
 */
size_t bridge_find(
    const struct bridge *b, uint32_t at, struct bridge_hit *hits, size_t max);
