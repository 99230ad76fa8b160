#include "labels_sqlite.h"

#ifndef OHCN_SQLITE

struct labels_sqlite *
labels_sqlite_new(const struct vocabulary *v)
{
	(void)v;
	return NULL;
}

void
labels_sqlite_free(struct labels_sqlite *l)
{
	(void)l;
}

size_t
labels_sqlite_ask(struct labels_sqlite *l, struct slice text, size_t max)
{
	(void)l;
	(void)text;
	(void)max;
	return 0;
}

#else

#include <sqlite3.h>
#include <stdlib.h>

#include "bench.h"

#include "match/normal.h"

struct labels_sqlite {
	sqlite3 *db;
	sqlite3_stmt *ask;
};

static void
run(struct labels_sqlite *l, const char *sql)
{
	must(sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

struct labels_sqlite *
labels_sqlite_new(const struct vocabulary *v)
{
	struct labels_sqlite *l = calloc(1, sizeof(*l));
	sqlite3_stmt *put;

	must(l != NULL && sqlite3_open(":memory:", &l->db) == SQLITE_OK,
	    "sqlite");
	run(l, "CREATE VIRTUAL TABLE t USING fts5(label, prefix='1 2 3')");
	run(l, "BEGIN");
	must(sqlite3_prepare_v2(l->db, "INSERT INTO t(label) VALUES(?)", -1,
		 &put, NULL) == SQLITE_OK,
	    "insert");
	for (uint32_t i = 0; i < vocabulary_labels(v); i++) {
		uint8_t space[2 * TERM_LABEL_MAX];
		struct buf b = { space, 0, sizeof(space) };
		normal_put(vocabulary_label_at(v, i).text, &b);
		must(sqlite3_bind_text(put, 1, (const char *)b.p, (int)b.n,
			 SQLITE_TRANSIENT) == SQLITE_OK &&
			 sqlite3_step(put) == SQLITE_DONE,
		    "insert");
		(void)sqlite3_reset(put);
	}
	(void)sqlite3_finalize(put);
	run(l, "INSERT INTO t(t) VALUES('optimize')");
	run(l, "COMMIT");
	must(sqlite3_prepare_v2(l->db,
		 "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?",
		 -1, &l->ask, NULL) == SQLITE_OK,
	    "select");
	return l;
}

void
labels_sqlite_free(struct labels_sqlite *l)
{
	if (l == NULL)
		return;
	(void)sqlite3_finalize(l->ask);
	(void)sqlite3_close(l->db);
	free(l);
}

static void
put(struct buf *b, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		must(buf_put_u8(b, (uint8_t)text[i]) == OK, "query");
}

/* "opera"* "plan"* */
static void
query_put(struct slice text, struct buf *out)
{
	const char *p = (const char *)text.p;

	for (size_t i = 0, n; i < text.n; i += n + 1) {
		for (n = 0; i + n < text.n && p[i + n] != ' '; n++)
			;
		put(out, " ", i > 0);
		put(out, "\"", 1);
		put(out, p + i, n);
		put(out, "\"*", 2);
	}
}

size_t
labels_sqlite_ask(struct labels_sqlite *l, struct slice text, size_t max)
{
	uint8_t space[2 * TERM_LABEL_MAX], query[16 * TERM_LABEL_MAX];
	struct buf normal = { space, 0, sizeof(space) };
	struct buf b = { query, 0, sizeof(query) };
	size_t n = 0;

	normal_put(text, &normal);
	query_put(buf_slice(&normal), &b);
	if (b.n == 0)
		return 0;
	(void)sqlite3_reset(l->ask);
	must(sqlite3_bind_text(l->ask, 1, (const char *)b.p, (int)b.n,
		 SQLITE_STATIC) == SQLITE_OK &&
		 sqlite3_bind_int(l->ask, 2, (int)max) == SQLITE_OK,
	    "bind");
	while (sqlite3_step(l->ask) == SQLITE_ROW)
		n++;
	(void)sqlite3_reset(l->ask);
	return n;
}

#endif
