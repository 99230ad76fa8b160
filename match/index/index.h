/*
 * index.h: the best of millions without looking at each. It gives the same
 * ids, in the same order, with the same scores as a linear scan over the same
 * records (match/scan.h), always; it only looks at fewer.
 *
 * Records go into a tail where they are found at once; jobs turn full tails
 * into sorted, immutable segments and merge small segments into larger ones.
 * A segment of people has a list for each term of who holds it and at which
 * level; a search sums up from them what each could come to at most, and
 * reads the records of those who could be among the best.
 *
 * Threads: there are none here. Calls on a struct index are for the caller to
 * serialise. A snapshot may meanwhile be searched by any one thread, and a
 * job may run on another; neither touches what index_put_*() changes.
 *
 * Memory: malloc, within struct index_limits. What is put in must be resolved
 * against the vocabulary that the index was made for.
 */
#pragma once

#include "match/scan.h"

enum index_kind { INDEX_PEOPLE, INDEX_POSTINGS };

struct index_limits {
	uint32_t records_max; /* live ones */
	uint32_t tail_max;    /* records of a tail, 64 to 65536 */
	uint64_t seed;        /* secret; nobody should guess it */
};
extern const struct index_limits index_limits_default;

struct index;

/** index_new(m, kind, limits, out): borrows what ${m} points to. ERR_NOMEM. */
NODISCARD err index_new(const struct meaning *m, enum index_kind kind,
    const struct index_limits *limits, struct index **out);

/** index_free(ix): no snapshot and no job may be left. */
void index_free(struct index *ix);

/**
 * index_put_card(ix, id, c), index_put_posting(ix, id, p):
 * Searchable in every snapshot taken from now on. What had the same id is
 * replaced; a newer record of the same slot has another id, remove the old
 * one. When ${tail_max} records wait for a job eight times over, this call
 * does the job's work itself.
 * ERR_LIMIT: ${records_max} are there; ERR_NOMEM. Nothing is changed then.
 */
NODISCARD err index_put_card(
    struct index *ix, const uint8_t *id, const struct card *c);
NODISCARD err index_put_posting(
    struct index *ix, const uint8_t *id, const struct posting *p);

/** index_remove(ix, id): false: it is not there, or out of memory. */
bool index_remove(struct index *ix, const uint8_t *id);

/** index_has(ix, id): is it there and not removed? */
bool index_has(const struct index *ix, const uint8_t *id);

/**
 * index_load(ix, on):
 * For the first fill: while on, records gather in one large tail, which is
 * turned into a segment when full; searches are right and slow. Turning it
 * off makes segments of what is there. ERR_NOMEM (goes on as before).
 */
NODISCARD err index_load(struct index *ix, bool on);

struct index_stat {
	uint64_t records; /* live */
	uint64_t tail;    /* of these, not in a segment */
	uint64_t dead;    /* removed, not yet dropped */
	uint64_t segments, blocks;
	uint64_t bytes; /* of memory */
};
void index_stat(const struct index *ix, struct index_stat *out);

/* ---- upkeep ---- */

struct index_job;

/**
 * index_job_new(ix, out):
 * The next thing to do; one job at a time. Then index_job_run() on any
 * thread, then index_job_finish() where the index is. ERR_NOTFOUND: nothing
 * to do, or a job is under way; ERR_NOMEM.
 */
NODISCARD err index_job_new(struct index *ix, struct index_job **out);

/** index_job_run(job): half a second at most. ERR_NOMEM. */
NODISCARD err index_job_run(struct index_job *job);

/**
 * index_job_finish(ix, job):
 * Let searches see the result, or, if the run failed or was left out, go on
 * as before. Frees the job.
 */
void index_job_finish(struct index *ix, struct index_job *job);

/** index_settle(ix): run jobs until there are none. ERR_NOMEM. */
NODISCARD err index_settle(struct index *ix);

/* ---- search ---- */

/* The records at one moment. Costs microseconds; hold it for one search. */
struct index_snapshot;
NODISCARD err index_snapshot_new(struct index *ix, struct index_snapshot **out);
void index_snapshot_free(struct index *ix, struct index_snapshot *s);

/*
 * Which records are looked at, before any score. Zero or NULL: all. What a
 * record does not tell is a value of its own, and passes when asked for.
 */
#define INDEX_FILTER_MAX 64 /* regions, languages */
struct index_filter {
	const char (*regions)[3]; /* one of these; "zz": not told */
	uint16_t regions_n;
	/* a person: speaks one of these; a posting: asks for no other */
	const uint32_t *languages;
	uint16_t languages_n;
	uint32_t remote; /* bits: 1 << enum place */
	/* people */
	uint32_t hours; /* bits: 1 << bucket, 1: not told */
	uint32_t seeks; /* one of these SEEKS_* bits */
	/* postings */
	uint32_t types;     /* bits: 1 << enum posting_type, 1: not told */
	uint32_t contracts; /* bits: 1 << contract, 1: not told */
	uint32_t hours_max; /* a week; more, or not told: left out */
	struct pay pay;     /* ${min} of it at least; else left out */
};

/* Does the filter let it through? What the index does, record by record. */
bool index_filter_card(const struct index_filter *f, const struct card *c);
bool index_filter_posting(
    const struct index_filter *f, const struct posting *p);

/* What a search cost; of no meaning for its result. */
struct index_counts {
	uint64_t records;               /* live ones in the snapshot */
	uint64_t blocks, blocks_opened; /* chunks of people */
	uint64_t entries;               /* of lists, read for bounds */
	uint64_t records_read;          /* in segments and tails */
	uint64_t records_scored;        /* with their complete score */
};

/**
 * index_people(s, p, f, with_excluded, out, max, n, counts):
 * As scan_people() over the live records that ${f} (may be NULL) lets
 * through. ${counts} may be NULL. ERR_NOMEM.
 */
NODISCARD err index_people(const struct index_snapshot *s,
    const struct posting *p, const struct index_filter *f, bool with_excluded,
    struct scan_result *out, size_t max, size_t *n,
    struct index_counts *counts);

/** index_postings(...): as scan_postings(); ${w} may be NULL. ERR_NOMEM. */
NODISCARD err index_postings(const struct index_snapshot *s,
    const struct card *c, const struct wishes *w, const struct index_filter *f,
    bool with_excluded, struct scan_result *out, size_t max, size_t *n,
    struct index_counts *counts);

/**
 * index_next_card(s, walk, item), index_next_posting(...):
 * Every live record in turn, as the index keeps it: with the terms' standing
 * ids, without what the vocabulary does not know, and without an author.
 * ${walk} begins zeroed. For a struct card_source. false: the end.
 */
struct index_walk {
	const struct index_snapshot *s;
	uint32_t part, at, offset;
	union {
		struct card card;
		struct posting posting;
	} is;
};
bool index_next_card(void *walk, struct card_item *item);
bool index_next_posting(void *walk, struct posting_item *item);
