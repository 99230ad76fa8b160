/*
 * api/find.h: the best of what this node holds for a demand or a person: by
 * the match index when it is ready, else by looking at each record; the
 * answer is the same. Own records, tombstones and what has expired are no
 * part of it. For a worker.
 */
#pragma once

#include "match/scan.h"
#include "node/api/filter.h"
#include "node/api/task.h"
#include "node/matcher.h"

struct find_options {
	const struct match_filter *filter;
	size_t max; /* results, from 1 */
	bool all;   /* the excluded too, after all others */
	bool scan;  /* look at each record, whatever there is */
};

struct found {
	struct scan_result *list; /* found_free() */
	size_t n;
	struct scan_counts counts; /* of what passed the filter */
	bool counted;   /* else ${counts} are not known, but for ${known} */
	uint64_t known; /* records of this list, without filter */
	bool by_index;
};

/*
 * All three: false: task_fail() was called, nothing is to be freed. The
 * search may open a newer view in the place of ${t}->view; what was read
 * from the view before stays readable until the task ends.
 */
NODISCARD bool find_people(struct task *t, const struct posting *p,
    const struct find_options *o, struct found *out);
/* ${c}: without the private skills of ${w}, which may be NULL. */
NODISCARD bool find_postings(struct task *t, enum match_list list,
    const struct card *c, const struct wishes *w, const struct find_options *o,
    struct found *out);

/* Whom each gate keeps out, of those who pass the filter. */
struct find_barriers {
	struct scan_barrier list[SCAN_BARRIERS_MAX];
	size_t n;
	uint64_t looked_at, known; /* evenly chosen when there are many */
};
#define FIND_BARRIERS_MAX 20000 /* people looked at */
NODISCARD bool find_barriers(struct task *t, const struct posting *p,
    const struct match_filter *filter, bool scan, struct find_barriers *out);

void found_free(struct found *h);

/** find_fail(t, e): task_fail() with what ${e} means here. */
void find_fail(struct task *t, err e);

/** matcher_json(m): how the index is, for status and lists; any thread. */
json_t *matcher_json(struct matcher *m);
