/*
 * rivals.h: what others do with the same people and the same postings: Xapian
 * and SQLite's FTS5, which rank by BM25 and know no gates, SQLite with our
 * formula in SQL, our own linear scan, and what the memory allows. Each row
 * holds what it needs, so that a machine without a rival says so and goes on.
 * Those of others come from Debian packages and are linked by nothing else.
 */
#pragma once

#include "match/index/index.h"
#include "tests/bench/people.h"

/**
 * rivals_run(w, ix, n, json):
 * Over the first ${n} people of ${w}, which is flat (terms without links, so
 * that there is a formula a table can hold); ${ix} is the index of them.
 * Prints the rows match.vs_*; not for more than RIVAL_PEOPLE_MAX. OHCN_BENCH_SQL_ALL in the environment: SQLite
 * with all of them, too, instead of 100,000.
 */
#define RIVAL_PEOPLE_MAX 1000000
void rivals_run(
    const struct people_world *w, struct index *ix, uint64_t n, bool json);

/* ---- one rival each ---- */

#define RIVAL_TOP 10

/* A posting for those who look for skills alone, by number. */
struct rival_query {
	uint32_t skills[POSTING_REQUIREMENTS_MAX];
	uint32_t weights[POSTING_REQUIREMENTS_MAX];
	uint16_t n;
};

/* FTS5: skills as words. All abort when something fails. */
struct rival_fts;
struct rival_fts *rival_fts_new(void); /* NULL: not built in */
void rival_fts_add(struct rival_fts *f, const struct card *c);
void rival_fts_ready(struct rival_fts *f);
size_t rival_fts_search(struct rival_fts *f, const struct rival_query *q);
void rival_fts_free(struct rival_fts *f);

/* The formula in SQL: the same ids, scores and order as ours. */
struct rival_sql;
struct rival_sql *rival_sql_new(const struct meaning *m); /* NULL: the same */
void rival_sql_add(
    struct rival_sql *s, const uint8_t id[RECORD_ID], const struct card *c);
void rival_sql_ready(struct rival_sql *s);
/* Only id and both of the results are set. */
size_t rival_sql_search(struct rival_sql *s, const struct posting *p,
    struct scan_result out[RIVAL_TOP]);
void rival_sql_free(struct rival_sql *s);

/* "3.40.1"; NULL: not installed. */
const char *rival_sqlite_version(void);
