/*
 * The postings' scores in SQL are our definition for terms without links: a
 * posting becomes two small tables of what each skill at each level earns,
 * the database joins, sums and tests the gates, and the last step, a cube
 * root and a mean, is a function of ours that SQL calls.
 */
#include "bench.h"
#include "rivals.h"

#ifndef OHCN_SQLITE
const char *
rival_sqlite_version(void)
{
	return NULL;
}
struct rival_fts *
rival_fts_new(void)
{
	return NULL;
}
void
rival_fts_add(struct rival_fts *f, const struct card *c)
{
	(void)f;
	(void)c;
}
void
rival_fts_ready(struct rival_fts *f)
{
	(void)f;
}
size_t
rival_fts_search(struct rival_fts *f, const struct rival_query *q)
{
	(void)f;
	(void)q;
	return 0;
}
void
rival_fts_free(struct rival_fts *f)
{
	(void)f;
}
struct rival_sql *
rival_sql_new(const struct meaning *m)
{
	(void)m;
	return NULL;
}
void
rival_sql_add(
    struct rival_sql *s, const uint8_t id[RECORD_ID], const struct card *c)
{
	(void)s;
	(void)id;
	(void)c;
}
void
rival_sql_ready(struct rival_sql *s)
{
	(void)s;
}
size_t
rival_sql_search(struct rival_sql *s, const struct posting *p,
    struct scan_result out[RIVAL_TOP])
{
	(void)s;
	(void)p;
	(void)out;
	return 0;
}
void
rival_sql_free(struct rival_sql *s)
{
	(void)s;
}
#else

#include <sqlite3.h>

const char *
rival_sqlite_version(void)
{
	return sqlite3_libversion();
}

static sqlite3 *
memory_open(void)
{
	sqlite3 *db;

	must(sqlite3_open(":memory:", &db) == SQLITE_OK, "sqlite");
	return db;
}

static void
run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK)
		return;
	(void)fprintf(stderr, "bench: %s: %s\n", sql, why);
	exit(1);
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK)
		return s;
	(void)fprintf(stderr, "bench: %s: %s\n", sql, sqlite3_errmsg(db));
	exit(1);
}

static void
step(sqlite3_stmt *s, const int64_t *values, int n)
{
	for (int i = 0; i < n; i++)
		must(sqlite3_bind_int64(s, i + 1, values[i]) == SQLITE_OK,
		    "bind");
	must(sqlite3_step(s) == SQLITE_DONE, "insert");
	(void)sqlite3_reset(s);
}

/* ---- FTS5 ---- */

struct rival_fts {
	sqlite3 *db;
	sqlite3_stmt *add, *search;
	int64_t n;
};

struct rival_fts *
rival_fts_new(void)
{
	struct rival_fts *f = calloc(1, sizeof(*f));

	must(f != NULL, "memory");
	f->db = memory_open();
	run(f->db, "CREATE VIRTUAL TABLE people USING fts5("
		   "skills, content='', detail=none, columnsize=1); BEGIN");
	f->add =
	    prepare(f->db, "INSERT INTO people(rowid, skills) VALUES (?1, ?2)");
	f->search = prepare(f->db, "SELECT rowid FROM people WHERE people "
				   "MATCH ?1 ORDER BY rank LIMIT 10");
	return f;
}

void
rival_fts_add(struct rival_fts *f, const struct card *c)
{
	char text[CARD_SKILLS_MAX * 12];
	size_t n = 0;

	for (uint16_t i = 0; i < c->skills_n; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "s%u ", c->skills[i].at);
	(void)sqlite3_bind_int64(f->add, 1, ++f->n);
	(void)sqlite3_bind_text(f->add, 2, text, (int)n, SQLITE_STATIC);
	must(sqlite3_step(f->add) == SQLITE_DONE, "insert");
	(void)sqlite3_reset(f->add);
}

void
rival_fts_ready(struct rival_fts *f)
{
	run(f->db, "COMMIT; INSERT INTO people(people) VALUES ('optimize')");
}

size_t
rival_fts_search(struct rival_fts *f, const struct rival_query *q)
{
	char text[POSTING_REQUIREMENTS_MAX * 16];
	size_t n = 0, found = 0;

	for (uint16_t i = 0; i < q->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%ss%u",
		    i == 0 ? "" : " OR ", q->skills[i]);
	(void)sqlite3_bind_text(f->search, 1, text, (int)n, SQLITE_STATIC);
	while (sqlite3_step(f->search) == SQLITE_ROW)
		found++;
	(void)sqlite3_reset(f->search);
	return found;
}

void
rival_fts_free(struct rival_fts *f)
{
	(void)sqlite3_finalize(f->add);
	(void)sqlite3_finalize(f->search);
	(void)sqlite3_close(f->db);
	free(f);
}

/* ---- the formula ---- */

struct rival_sql {
	struct meaning m;
	sqlite3 *db;
	sqlite3_stmt *person, *held, *want, *care, *speaks;
	sqlite3_stmt *earns, *gives, *search;
	int64_t n;
	/* of the search that goes on */
	const struct plan *plan;
	uint64_t most;
};

static const char tables[] =
    "CREATE TABLE person(n INTEGER PRIMARY KEY, id BLOB, region TEXT,"
    " remote INT, hours INT, seeks INT, rarity INT, aspirations INT,"
    " purposes INT, languages INT);"
    "CREATE TABLE held(skill INT, person INT, level INT,"
    " PRIMARY KEY(skill, person)) WITHOUT ROWID;"
    "CREATE TABLE want(skill INT, person INT, i INT, level INT,"
    " PRIMARY KEY(skill, person, i)) WITHOUT ROWID;"
    "CREATE TABLE care(purpose INT, person INT,"
    " PRIMARY KEY(purpose, person)) WITHOUT ROWID;"
    "CREATE TABLE speaks(person INT, language INT, cefr INT,"
    " PRIMARY KEY(person, language)) WITHOUT ROWID;"
    "CREATE TEMP TABLE earns(skill INT, level INT, points INT, uses INT,"
    " must INT, PRIMARY KEY(skill, level)) WITHOUT ROWID;"
    "CREATE TEMP TABLE gives(skill INT, level INT, credit INT,"
    " PRIMARY KEY(skill, level)) WITHOUT ROWID;";

/*
 * ?1 musts, ?2 bit that must be sought, ?3 buckets of hours, ?4 region, ?5 to
 * ?7 places by whether the region is the same, not told, another, ?8
 * language, ?9 its level, ?10 purpose.
 */
static const char best[] =
    "WITH fit AS MATERIALIZED (SELECT h.person AS n, sum(e.points) AS points,"
    "  sum(e.uses) AS uses FROM earns e CROSS JOIN held h"
    "  ON h.skill = e.skill AND h.level = e.level"
    "  GROUP BY h.person HAVING sum(e.must) = ?1),"
    "learn AS MATERIALIZED (SELECT n, max(credit) AS first,"
    "  CASE WHEN count(*) > 1 THEN min(credit) ELSE 0 END AS second FROM"
    "  (SELECT w.person AS n, g.credit AS credit, row_number() OVER"
    "    (PARTITION BY w.person ORDER BY g.credit DESC) AS place"
    "    FROM gives g CROSS JOIN want w"
    "    ON w.skill = g.skill AND w.level = g.level)"
    "  WHERE place <= 2 GROUP BY n) "
    "SELECT p.id, score(f.points, f.uses / p.rarity, p.aspirations,"
    "  coalesce(l.first, 0), coalesce(l.second, 0), p.purposes,"
    "  EXISTS(SELECT 1 FROM care c WHERE c.purpose = ?10 AND c.person = p.n),"
    "  p.hours) AS both "
    "FROM fit f CROSS JOIN person p ON p.n = f.n"
    "  LEFT JOIN learn l ON l.n = f.n "
    "WHERE (?2 = 0 OR p.seeks = 0 OR (p.seeks & ?2) <> 0)"
    "  AND (?3 >> p.hours & 1) = 1"
    "  AND ((CASE WHEN p.region = 'zz' OR ?4 = 'zz' THEN ?6"
    "    WHEN p.region = ?4 THEN ?5 ELSE ?7 END) >> p.remote & 1) = 1"
    "  AND (?8 = 0 OR p.languages = 0 OR EXISTS(SELECT 1 FROM speaks s"
    "    WHERE s.person = p.n AND s.language = ?8"
    "    AND (s.cefr = 0 OR s.cefr >= ?9 - 1))) "
    "ORDER BY both DESC, p.id LIMIT 10";

/* The last step: two means and the mean of both. */
static void
score_in_sql(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	const struct rival_sql *s = sqlite3_user_data(ctx);
	int64_t a[8];

	for (int i = 0; i < n; i++)
		a[i] = sqlite3_value_int64(v[i]);
	const struct wish_facts facts = {
		.uses = (int16_t)a[1],
		.aspirations = (uint8_t)MIN(a[2], 2),
		.first = (uint16_t)a[3],
		.second = (uint16_t)a[4],
		.purposes = a[5] > 0,
		.purpose = a[6] != 0 ? CREDIT_MAX : 0,
		.hours = (uint8_t)a[7],
	};
	sqlite3_result_int(
	    ctx, score_both(fit_of_share((uint64_t)a[0], s->most),
		     plan_wish_total(s->plan, &facts)));
}

struct rival_sql *
rival_sql_new(const struct meaning *m)
{
	struct rival_sql *s = calloc(1, sizeof(*s));

	must(s != NULL, "memory");
	s->m = *m;
	s->db = memory_open();
	run(s->db, tables);
	must(sqlite3_create_function(s->db, "score", 8,
		 SQLITE_UTF8 | SQLITE_DETERMINISTIC, s, score_in_sql, NULL,
		 NULL) == SQLITE_OK,
	    "a function");
	s->person = prepare(s->db,
	    "INSERT INTO person VALUES (?1,?9,?10,?2,?3,?4,?5,?6,?7,?8)");
	s->held = prepare(s->db, "INSERT INTO held VALUES (?1, ?2, ?3)");
	s->want = prepare(s->db, "INSERT INTO want VALUES (?1, ?2, ?3, ?4)");
	s->care = prepare(s->db, "INSERT OR IGNORE INTO care VALUES (?1, ?2)");
	/* of a language told twice the better one counts */
	s->speaks = prepare(s->db,
	    "INSERT INTO speaks VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE "
	    "SET cefr = max(cefr, excluded.cefr)");
	s->earns =
	    prepare(s->db, "INSERT INTO earns VALUES (?1, ?2, ?3, ?4, ?5)");
	s->gives = prepare(s->db,
	    "INSERT INTO gives VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE "
	    "SET credit = max(credit, excluded.credit)");
	s->search = prepare(s->db, best);
	run(s->db, "BEGIN");
	return s;
}

void
rival_sql_add(
    struct rival_sql *s, const uint8_t id[RECORD_ID], const struct card *c)
{
	int64_t rarity = 0;

	s->n++;
	for (uint16_t i = 0; i < c->skills_n; i++) {
		const int64_t v[] = { c->skills[i].at, s->n,
			c->skills[i].level };
		step(s->held, v, 3);
		rarity += s->m.rarity->sixteenths[c->skills[i].at];
	}
	for (uint16_t i = 0; i < c->aspirations_n; i++) {
		const int64_t v[] = { c->aspirations[i].at, s->n, i,
			c->aspirations[i].level };
		step(s->want, v, 4);
	}
	for (uint16_t i = 0; i < c->purposes_n; i++) {
		const int64_t v[] = { c->purposes[i].at, s->n };
		step(s->care, v, 2);
	}
	for (uint16_t i = 0; i < c->languages_n; i++) {
		const int64_t v[] = { s->n, c->languages[i].language,
			c->languages[i].cefr };
		step(s->speaks, v, 3);
	}
	(void)sqlite3_bind_blob(s->person, 9, id, RECORD_ID, SQLITE_STATIC);
	(void)sqlite3_bind_text(s->person, 10, c->region, -1, SQLITE_STATIC);
	const int64_t v[] = { s->n, c->remote, c->hours, c->seeks, rarity,
		c->aspirations_n, c->purposes_n, c->languages_n };
	step(s->person, v, 8);
}

void
rival_sql_ready(struct rival_sql *s)
{
	run(s->db, "COMMIT; ANALYZE");
}

/* What a skill earns at each level that a card may tell. */
static void
put_tables(struct rival_sql *s, const struct posting *p)
{
	run(s->db, "DELETE FROM earns; DELETE FROM gives");
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		const uint32_t rarity = s->m.rarity->sixteenths[r->at];
		for (uint8_t level = 0; level <= LEVEL_MAX; level++) {
			const int64_t credit = level_adequacy(r->level, level);
			const int64_t v[] = { r->at, level,
				credit * r->weight * rarity, credit * rarity,
				r->must };
			step(s->earns, v, 5);
		}
	}
	for (uint16_t i = 0; i < p->teaches_n; i++) {
		const struct graded_term *t = &p->teaches[i];
		for (uint8_t level = 0; level <= LEVEL_MAX; level++) {
			const int64_t v[] = { t->at, level,
				level_adequacy(level, t->level) };
			step(s->gives, v, 3);
		}
	}
}

/* The values of a card's ${remote} that pass, by where the person lives. */
static int64_t
places(const struct posting *p, const char *region)
{
	struct card c = { .region = { region[0], region[1] } };
	int64_t mask = 0;

	for (c.remote = 0; c.remote <= PLACE_REMOTE; c.remote++)
		mask |= (int64_t)(gate_place(p, &c).state != GATE_FAIL)
			<< c.remote;
	return mask;
}

static void
bind_gates(sqlite3_stmt *q, const struct posting *p)
{
	static const int64_t sought[] = { 0, SEEKS_JOB, SEEKS_GIG,
		SEEKS_PROJECT, SEEKS_TASK };
	int64_t musts = 0, hours = 0;

	/* what the made-up postings have, and no more */
	must(p->languages_n <= 1 && p->purposes_n <= 1 &&
		 p->type < ARRAY_LEN(sought),
	    "a posting for SQL");
	for (uint16_t i = 0; i < p->requirements_n; i++)
		musts += p->requirements[i].must;
	for (uint8_t h = 0; h <= 5; h++) {
		const struct gate g =
		    gate_hours(posting_hours_week(p), card_hours_max(h));
		hours |= (int64_t)(g.state != GATE_FAIL) << h;
	}
	(void)sqlite3_bind_int64(q, 1, musts);
	(void)sqlite3_bind_int64(q, 2, sought[p->type]);
	(void)sqlite3_bind_int64(q, 3, hours);
	(void)sqlite3_bind_text(q, 4, p->region, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(q, 5, places(p, p->region));
	(void)sqlite3_bind_int64(q, 6, places(p, "zz"));
	(void)sqlite3_bind_int64(q, 7, places(p, "qq"));
	(void)sqlite3_bind_int64(
	    q, 8, p->languages_n > 0 ? p->languages[0].language : 0);
	(void)sqlite3_bind_int64(
	    q, 9, p->languages_n > 0 ? p->languages[0].cefr : 0);
	(void)sqlite3_bind_int64(
	    q, 10, p->purposes_n > 0 ? (int64_t)p->purposes[0].at : -1);
}

size_t
rival_sql_search(struct rival_sql *s, const struct posting *p,
    struct scan_result out[RIVAL_TOP])
{
	struct plan *plan;
	size_t n = 0;

	must(plan_new(&s->m, p, &plan) == OK, "a plan");
	s->plan = plan;
	s->most = 0;
	for (uint16_t i = 0; i < p->requirements_n; i++)
		s->most += (uint64_t)p->requirements[i].weight * CREDIT_MAX *
			   s->m.rarity->sixteenths[p->requirements[i].at];
	put_tables(s, p);
	bind_gates(s->search, p);
	while (sqlite3_step(s->search) == SQLITE_ROW && n < RIVAL_TOP) {
		memcpy(out[n].id, sqlite3_column_blob(s->search, 0), RECORD_ID);
		out[n++].both = sqlite3_column_int(s->search, 1);
	}
	(void)sqlite3_reset(s->search);
	plan_free(plan);
	return n;
}

void
rival_sql_free(struct rival_sql *s)
{
	sqlite3_stmt *const all[] = { s->person, s->held, s->want, s->care,
		s->speaks, s->earns, s->gives, s->search };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		(void)sqlite3_finalize(all[i]);
	(void)sqlite3_close(s->db);
	free(s);
}
#endif
