/*
 * scan.h: the best of many, by looking at each: people for a posting,
 * postings for a person, the next thing to learn; and counts. Whoever calls
 * supplies the records one after the other; the order in which they come
 * changes nothing. Faster ways to the same answers may come; this is what
 * they will be measured against.
 */
#pragma once

#include "match/score.h"

/* Records one after the other; what is pointed to lives until the next call. */
struct card_item {
	const uint8_t *id;     /* RECORD_ID bytes */
	const uint8_t *author; /* RECORD_AUTHOR bytes; scan_counts_*() only */
	const struct card *card;
};
struct card_source {
	bool (*next)(void *ctx, struct card_item *item); /* false: the end */
	void *ctx;
};
struct posting_item {
	const uint8_t *id;
	const uint8_t *author;
	const struct posting *posting;
};
struct posting_source {
	bool (*next)(void *ctx, struct posting_item *item);
	void *ctx;
};
struct lesson_entry {
	const uint8_t *id;
	const struct lesson *lesson;
};
struct lesson_source {
	bool (*next)(void *ctx, struct lesson_entry *item);
	void *ctx;
};

struct scan_result {
	uint8_t id[RECORD_ID];
	int32_t fit, wish, both;
	bool excluded, near;
};

struct scan_counts {
	uint64_t seen;
	uint64_t excluded;
};

/*
 * Both keep the best ${max} in ${out}, ordered by ${both}, larger first, then
 * by id, smaller first; those with a failed gate come after all others and
 * only when ${with_excluded}. ${counts} may be NULL. ERR_NOMEM.
 */
NODISCARD err scan_people(const struct meaning *m, const struct posting *p,
    const struct card_source *people, bool with_excluded,
    struct scan_result *out, size_t max, size_t *n, struct scan_counts *counts);

/* ${wishes} may be NULL; the private skills in it count. */
NODISCARD err scan_postings(const struct meaning *m, const struct card *c,
    const struct wishes *w, const struct posting_source *postings,
    bool with_excluded, struct scan_result *out, size_t max, size_t *n,
    struct scan_counts *counts);

/* How many people a gate of a posting keeps out. */
struct scan_barrier {
	enum gate_kind kind;
	uint64_t term;     /* GATE_MUST */
	uint32_t language; /* GATE_LANGUAGE */
	uint64_t failed;   /* people who fail it */
	uint64_t alone;    /* who fail nothing else */
	uint64_t asked;    /* of whom it is unknown */
};
#define SCAN_BARRIERS_MAX SCORE_GATES_MAX

/**
 * scan_barriers(m, p, people, out, n, counts):
 * For each gate of the posting, in the order of its explanation, whom it
 * excludes. ${out} has room for SCAN_BARRIERS_MAX. ERR_NOMEM.
 */
NODISCARD err scan_barriers(const struct meaning *m, const struct posting *p,
    const struct card_source *people, struct scan_barrier *out, size_t *n,
    struct scan_counts *counts);

/* Authors who hold, want or ask for a term in a region. */
struct scan_cell {
	uint64_t term;
	char region[3];
	uint32_t authors; /* distinct, never below the threshold */
};

enum count_what { COUNT_HELD, COUNT_WANTED };

#define SCAN_EVERYWHERE "zz" /* the region of the cells over all regions */

/*
 * An author counts for a term and for everything broader than it, in the
 * region and in SCAN_EVERYWHERE, once per cell.
 * Cells of term x region with at least ${k} distinct authors, ordered by
 * term, then region; what is below is not shown. ${entries_max} bounds the
 * memory (24 bytes each). ERR_LIMIT: more (author, term) pairs than that;
 * ERR_MORE: more than ${max} cells; ERR_NOMEM.
 */
NODISCARD err scan_count_people(const struct meaning *m,
    const struct card_source *people, enum count_what what, uint32_t k,
    size_t entries_max, struct scan_cell *out, size_t max, size_t *n);

enum who_pays {
	PAYS_NOBODY,  /* it is free */
	PAYS_POSTING, /* the posting teaches it, or its investment covers it */
	PAYS_SHARED,  /* the posting's investment covers a part */
	PAYS_PERSON,
	PAYS_UNKNOWN, /* the cost is not told */
};

/* One next step towards a posting. */
struct learning_step {
	uint64_t term; /* the requirement it closes */
	uint8_t from_level, to_level;
	bool by_posting;       /* taught on the job, there is no course */
	uint8_t id[RECORD_ID]; /* of the course */
	uint32_t hours, weeks; /* 0: not told */
	uint64_t cost;         /* minor units */
	char currency[4];      /* "": not told */
	enum who_pays payer;
	uint64_t paid_by_posting; /* minor units of ${currency} */
	int32_t before, after;    /* fit, each from a run */
	bool excluded_before, excluded_after;
};

/**
 * scan_learning_step(m, p, c, lessons, out):
 * For each requirement that the person lacks: the course that teaches it from
 * a level the person has, and whose needs the person meets; those that reach
 * the asked level first, then the posting's own teaching, then by hours, cost
 * and id (not told comes last). Of these the one that lifts an exclusion,
 * else raises fit most. ERR_NOTFOUND: nothing helps; ERR_NOMEM.
 */
NODISCARD err scan_learning_step(const struct meaning *m,
    const struct posting *p, const struct card *c,
    const struct lesson_source *lessons, struct learning_step *out);

/** who_pays_name(p): static text. */
const char *who_pays_name(enum who_pays p);
