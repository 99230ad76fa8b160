#include "rivals.h"

#include <dirent.h>

#include "bench.h"
#include "match/forward.h"
#include "rivals_xapian.h"

#define QUERIES   40
#define SCANS     3
#define SQL_FEWER UINT64_C(100000)

struct run {
	const struct people_world *w;
	struct index *ix;
	uint64_t n;
};

/* A row with all its fields; ${goal} and ${limit} < 0: none. */
static void
row(const char *name, double value, const char *unit, double goal,
    const char *peer, double peer_value, double limit)
{
	if (!bench_json || limit < 0) {
		figure(name, value, unit, goal, peer, peer_value);
		return;
	}
	printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",", name, value,
	    unit);
	printf(goal >= 0 ? "\"goal\":%.2f," : "\"goal\":null,", goal);
	if (peer != NULL)
		printf(
		    "\"peer\":\"%s\",\"peer_value\":%.2f,", peer, peer_value);
	else
		printf("\"peer\":null,\"peer_value\":null,");
	printf("\"limit\":%.4g}\n", limit);
	(void)fflush(stdout);
}

static void
missing(const char *rows, const char *package)
{
	if (bench_json)
		printf("{\"name\":\"%s\",\"value\":null,"
		       "\"skip\":\"%s is not installed\"}\n",
		    rows, package);
	else
		printf("SKIP %s: %s is not installed\n", rows, package);
}

/* ---- ours ---- */

/* The best for posting ${i}; its time in ms. */
static double
ours(const struct index_snapshot *s, const struct run *r, uint64_t i,
    struct scan_result out[RIVAL_TOP], size_t *n, struct index_counts *c)
{
	static struct posting p;

	people_posting(r->w, i, &p);
	const double t = thread_now();
	must(index_people(s, &p, NULL, false, out, RIVAL_TOP, n, c) == OK,
	    "search");
	return (thread_now() - t) * 1e3;
}

struct times {
	double ms[QUERIES], ours[QUERIES];
};

/* One row: how many times faster, by the median. */
static void
compared(
    struct times *t, size_t n, const char *name, const char *peer, double goal)
{
	char text[96];
	const double median = quantile(t->ms, n, 0.5);

	row(name, median / quantile(t->ours, n, 0.5), "x", goal, peer, median,
	    -1);
	(void)snprintf(text, sizeof(text), "%s.peer_p99_ms", name);
	row(text, quantile(t->ms, n, 0.99), "ms", -1, peer,
	    quantile(t->ms, n, 0.99), -1);
	note("  ours at the same queries: p50 %.3f ms, p99 %.3f ms\n",
	    quantile(t->ours, n, 0.5), quantile(t->ours, n, 0.99));
}

static void
query_make(const struct posting *p, struct rival_query *q)
{
	q->n = p->requirements_n;
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		q->skills[i] = p->requirements[i].at;
		q->weights[i] = p->requirements[i].weight;
	}
}

/* ---- Xapian ---- */

#ifdef OHCN_XAPIAN
static void
folder_empty(const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *f;
	char path[400];

	if (d == NULL)
		return;
	while ((f = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, f->d_name);
		if (f->d_name[0] != '.')
			(void)unlink(path);
	}
	(void)closedir(d);
	(void)rmdir(folder);
}

/* What the gates look at, as words. */
static void
marks_make(const struct card *c, char out[1024])
{
	size_t n = 0;

	n += (size_t)snprintf(out, 1024, "P%u Q%s%u H%u", c->remote, c->region,
	    c->remote, c->hours);
	if (c->seeks == 0)
		n += (size_t)snprintf(out + n, 1024 - n, " K0");
	for (uint32_t bit = 1; bit <= SEEKS_TASK; bit *= 2) {
		if ((c->seeks & bit) != 0)
			n += (size_t)snprintf(out + n, 1024 - n, " K%u", bit);
	}
	if (c->languages_n == 0)
		n += (size_t)snprintf(out + n, 1024 - n, " L0");
	for (uint16_t i = 0; i < c->languages_n; i++)
		n += (size_t)snprintf(out + n, 1024 - n, " L%u:%u",
		    c->languages[i].language, c->languages[i].cefr);
}

/* The places that pass, as marks; ${region} "": wherever they live. */
static size_t
place_marks(const struct posting *p, const char *region, char *out, size_t max)
{
	struct card c = { .region = "qq" };
	size_t n = 0;

	if (region[0] != '\0')
		memcpy(c.region, region, 2);
	for (c.remote = 0; c.remote <= PLACE_REMOTE; c.remote++) {
		if (gate_place(p, &c).state != GATE_FAIL)
			n += (size_t)snprintf(out + n, max - n, "%c%s%u ",
			    region[0] == '\0' ? 'P' : 'Q', region, c.remote);
	}
	return n;
}

/* The gates of a posting, a line each; ours, but for a language told twice. */
static void
filter_make(const struct posting *p, char out[2048])
{
	static const uint32_t sought[] = { 0, SEEKS_JOB, SEEKS_GIG,
		SEEKS_PROJECT, SEEKS_TASK };
	const uint32_t need = posting_hours_week(p);
	const size_t max = 2048;
	size_t n = place_marks(p, "", out, max);

	n += place_marks(p, p->region, out + n, max - n);
	n += place_marks(p, "zz", out + n, max - n);
	n += (size_t)snprintf(out + n, max - n, "\n");
	for (uint8_t h = 0; h <= 5; h++) {
		if (gate_hours(need, card_hours_max(h)).state != GATE_FAIL)
			n += (size_t)snprintf(out + n, max - n, "H%u ", h);
	}
	must(p->type > 0 && p->type < ARRAY_LEN(sought), "a posting's type");
	n += (size_t)snprintf(out + n, max - n, "\nK0 K%u\n", sought[p->type]);
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		if (p->requirements[i].must)
			n += (size_t)snprintf(
			    out + n, max - n, "s%u\n", p->requirements[i].at);
	}
	for (uint16_t i = 0; i < p->languages_n; i++) {
		const struct spoken_language *l = &p->languages[i];
		n +=
		    (size_t)snprintf(out + n, max - n, "L0 L%u:0", l->language);
		for (unsigned k = MAX(l->cefr, 2) - 1U; k <= CEFR_NATIVE; k++)
			n += (size_t)snprintf(
			    out + n, max - n, " L%u:%u", l->language, k);
		n += (size_t)snprintf(out + n, max - n, "\n");
	}
}

static void
xapian_fill(struct rival_xapian *x, const struct run *r)
{
	static struct card c;
	uint32_t skills[CARD_SKILLS_MAX];
	uint8_t levels[CARD_SKILLS_MAX];
	char marks[1024];

	for (uint64_t i = 0; i < r->n; i++) {
		people_card(r->w, i, &c);
		marks_make(&c, marks);
		for (uint16_t k = 0; k < c.skills_n; k++) {
			skills[k] = c.skills[k].at;
			levels[k] = MAX(c.skills[k].level, 1);
		}
		must(rival_xapian_add(x, skills, levels, c.skills_n, marks),
		    "xapian");
	}
	must(rival_xapian_ready(x), "xapian");
}

static void
xapian_search(
    const struct run *r, struct rival_xapian *x, bool gated, struct times *t)
{
	static struct posting p;
	struct index_snapshot *s;
	char filter[2048] = "";

	must(index_snapshot_new(r->ix, &s) == OK, "snapshot");
	for (uint64_t i = 0; i < QUERIES + 3; i++) {
		struct scan_result out[RIVAL_TOP];
		struct rival_query q;
		size_t n;
		people_posting(r->w, i, &p);
		query_make(&p, &q);
		if (gated)
			filter_make(&p, filter);
		const double start = thread_now();
		must(rival_xapian_search(
			 x, q.skills, q.weights, q.n, filter, RIVAL_TOP) > 0 ||
			 gated,
		    "xapian's answer");
		const double ms = (thread_now() - start) * 1e3;
		const double mine = ours(s, r, i, out, &n, NULL);
		if (i < 3)
			continue; /* warm-up */
		t->ms[i - 3] = ms;
		t->ours[i - 3] = mine;
	}
	index_snapshot_free(r->ix, s);
}

static void
xapian_run(const struct run *r)
{
	char folder[] = "/dev/shm/ohcn-xapian-XXXXXX";
	char other[] = "/tmp/ohcn-xapian-XXXXXX", name[64];
	const char *at = mkdtemp(folder);
	struct times t = { 0 };

	if (at == NULL)
		at = mkdtemp(other);
	must(at != NULL, "a folder");
	struct rival_xapian *x = rival_xapian_new(at);
	must(x != NULL, "xapian");
	const double start = thread_now();
	xapian_fill(x, r);
	note("  xapian: %.0f people/s put in, with their making\n",
	    (double)r->n / (thread_now() - start));
	(void)snprintf(name, sizeof(name), "xapian %s, OR by BM25, no gates",
	    rival_xapian_version());
	xapian_search(r, x, false, &t);
	compared(&t, QUERIES, "match.vs_xapian", name, 30);
	(void)snprintf(name, sizeof(name), "xapian %s, the same, with gates",
	    rival_xapian_version());
	xapian_search(r, x, true, &t);
	compared(&t, QUERIES, "match.vs_xapian_gated", name, -1);
	rival_xapian_free(x);
	folder_empty(at);
}
#endif

/* ---- SQLite ---- */

static void
fts_run(const struct run *r)
{
	struct rival_fts *f = rival_fts_new();
	static struct card c;
	static struct posting p;
	struct times t = { 0 };
	struct index_snapshot *s;
	char name[64];

	for (uint64_t i = 0; i < r->n; i++) {
		people_card(r->w, i, &c);
		rival_fts_add(f, &c);
	}
	rival_fts_ready(f);
	must(index_snapshot_new(r->ix, &s) == OK, "snapshot");
	for (uint64_t i = 0; i < QUERIES; i++) {
		struct scan_result out[RIVAL_TOP];
		struct rival_query q;
		size_t n;
		people_posting(r->w, i, &p);
		query_make(&p, &q);
		const double start = thread_now();
		must(rival_fts_search(f, &q) > 0, "fts5's answer");
		t.ms[i] = (thread_now() - start) * 1e3;
		t.ours[i] = ours(s, r, i, out, &n, NULL);
	}
	index_snapshot_free(r->ix, s);
	rival_fts_free(f);
	(void)snprintf(name, sizeof(name), "fts5 %s, OR by BM25, no gates",
	    rival_sqlite_version());
	compared(&t, QUERIES, "match.vs_fts5", name, -1);
}

static void
sql_run(const struct run *r)
{
	struct rival_sql *q = rival_sql_new(&r->w->m);
	static struct card c;
	static struct posting p;
	struct times t = { 0 };
	struct index_snapshot *s;
	uint8_t id[RECORD_ID];
	char name[64];

	for (uint64_t i = 0; i < r->n; i++) {
		people_card(r->w, i, &c);
		people_id(0, i, id);
		rival_sql_add(q, id, &c);
	}
	rival_sql_ready(q);
	must(index_snapshot_new(r->ix, &s) == OK, "snapshot");
	for (uint64_t i = 0; i < QUERIES; i++) {
		struct scan_result out[RIVAL_TOP], sql[RIVAL_TOP];
		size_t n, found;
		people_posting(r->w, i, &p);
		const double start = thread_now();
		found = rival_sql_search(q, &p, sql);
		t.ms[i] = (thread_now() - start) * 1e3;
		t.ours[i] = ours(s, r, i, out, &n, NULL);
		/* SQL does not list those without any of the skills */
		while (n > 0 && out[n - 1].both == 0)
			n--;
		must(found >= n, "as many in SQL");
		for (size_t k = 0; k < n; k++)
			must(sql[k].both == out[k].both &&
				 memcmp(sql[k].id, out[k].id, RECORD_ID) == 0,
			    "the same ids in SQL");
	}
	index_snapshot_free(r->ix, s);
	rival_sql_free(q);
	note("  %d answers of SQL are ours: same ids, same scores\n", QUERIES);
	(void)snprintf(name, sizeof(name), "sqlite %s, same formula, %llu k",
	    rival_sqlite_version(), (unsigned long long)r->n / 1000);
	compared(&t, QUERIES, "match.vs_sql", name, -1);
}

/* Over the first ${n} of them, in an index of their own. */
static struct index *
smaller(const struct people_world *w, uint64_t n)
{
	struct index *ix;
	static struct card c;
	uint8_t id[RECORD_ID];

	must(index_new(&w->m, INDEX_PEOPLE, &index_limits_default, &ix) == OK &&
		 index_load(ix, true) == OK,
	    "index");
	for (uint64_t i = 0; i < n; i++) {
		people_card(w, i, &c);
		people_id(0, i, id);
		must(index_put_card(ix, id, &c) == OK, "put");
	}
	must(index_load(ix, false) == OK && index_settle(ix) == OK, "index");
	return ix;
}

/* ---- ours without an index, and the memory ---- */

static void
scan_run(const struct run *r)
{
	struct times t = { 0 };
	struct index_snapshot *s;
	static struct posting p;

	must(index_snapshot_new(r->ix, &s) == OK, "snapshot");
	for (uint64_t i = 0; i < SCANS; i++) {
		struct index_walk walk = { .s = s };
		const struct card_source source = { index_next_card, &walk };
		struct scan_result out[RIVAL_TOP], scan[RIVAL_TOP];
		size_t n, found;
		memset(out, 0, sizeof(out));
		memset(scan, 0, sizeof(scan));
		people_posting(r->w, i, &p);
		const double start = thread_now();
		must(scan_people(&r->w->m, &p, &source, false, scan, RIVAL_TOP,
			 &found, NULL) == OK,
		    "scan");
		t.ms[i] = (thread_now() - start) * 1e3;
		t.ours[i] = ours(s, r, i, out, &n, NULL);
		must(n == found && memcmp(out, scan, n * sizeof(*out)) == 0,
		    "equal answers");
	}
	index_snapshot_free(r->ix, s);
	compared(&t, SCANS, "match.vs_scan", "linear scan, same answers", -1);
}

/* Bytes a second that one thread reads in a row: the best of a few rounds. */
static double
bandwidth(void)
{
	const size_t n = (size_t)256 << 20;
	uint64_t *m = malloc(n), sum = 0;
	double best = 0;

	must(m != NULL, "memory");
	memset(m, 1, n);
	for (int round = 0; round < 5; round++) {
		uint64_t a[8] = { 0 };
		const double t = thread_now();
		for (size_t i = 0; i < n / 8; i += 8) {
			for (size_t k = 0; k < 8; k++)
				a[k] += m[i + k];
		}
		best = MAX(best, (double)n / (thread_now() - t));
		for (size_t k = 0; k < 8; k++)
			sum += a[k];
	}
	must(sum != 0, "reading"); /* so that it is not left out */
	free(m);
	return best;
}

/* Bytes of a record in the index, on average. */
static double
record_bytes(const struct run *r)
{
	const struct forward_form form = forward_form(r->w->v);
	static struct card c;
	uint8_t bytes[FORWARD_MAX];
	size_t sum = 0;
	const uint64_t n = MIN(r->n, UINT64_C(1000));

	for (uint64_t i = 0; i < n; i++) {
		people_card(r->w, i, &c);
		sum += forward_put_card(&form, &c, bytes);
	}
	return (double)sum / (double)n;
}

#define ENTRY_BYTES 2 /* of a list */

/*
 * What a search has to read at least: the entries and the records that it
 * read, at full bandwidth.
 */
static void
limit_run(const struct run *r)
{
	const double per_s = bandwidth(), record = record_bytes(r);
	struct index_snapshot *s;
	double ms[QUERIES * 5], bytes = 0;

	must(index_snapshot_new(r->ix, &s) == OK, "snapshot");
	for (uint64_t i = 0; i < ARRAY_LEN(ms); i++) {
		struct scan_result out[RIVAL_TOP];
		struct index_counts c;
		size_t n;
		ms[i] = ours(s, r, i, out, &n, &c);
		bytes += (double)c.entries * ENTRY_BYTES +
			 (double)c.records_read * record;
	}
	index_snapshot_free(r->ix, s);
	bytes /= (double)ARRAY_LEN(ms);
	double sum = 0;
	for (size_t i = 0; i < ARRAY_LEN(ms); i++)
		sum += ms[i];
	const double limit = bytes / per_s * 1e3;
	const double mean = sum / (double)ARRAY_LEN(ms);
	row("match.memory_gb_per_s", per_s / 1e9, "GB/s", -1, NULL, 0, -1);
	row("match.core.touched_kb", bytes / 1e3, "kB", -1,
	    "all records, for a scan", (double)r->n * record / 1e3, -1);
	row("match.core.mean_ms", mean, "ms", -1, "scan at full bandwidth",
	    (double)r->n * record / per_s * 1e3, limit);
	row("match.core.vs_limit", mean / limit, "x", -1, NULL, 0, 1);
}

void
rivals_run(
    const struct people_world *w, struct index *ix, uint64_t n, bool json)
{
	const struct run all = { w, ix, n };

	bench_json = json; /* each file has its own */
	limit_run(&all);
	scan_run(&all);
#ifdef OHCN_XAPIAN
	xapian_run(&all);
#else
	missing("match.vs_xapian", "libxapian-dev");
#endif
	if (rival_sqlite_version() == NULL) {
		missing("match.vs_fts5", "libsqlite3-dev");
		missing("match.vs_sql", "libsqlite3-dev");
		return;
	}
	fts_run(&all);
	if (n <= SQL_FEWER || getenv("OHCN_BENCH_SQL_ALL") != NULL) {
		sql_run(&all);
		return;
	}
	struct run few = { w, smaller(w, SQL_FEWER), SQL_FEWER };
	sql_run(&few);
	index_free(few.ix);
}
