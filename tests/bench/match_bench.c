/*
 * match_bench [--json] [people [queries [order [seed]]]]: the index of
 * match/index/index.h over people shaped like ESCO (people.h): complete scores, the
 * same without expansion ("core"), with filters, the other direction, what it
 * costs to build, to keep and to add to, and what rivals need for the same
 * (rivals.h). 1,000,000 people and 1,000 queries unless told; order:
 * shuffled, clustered, adversarial; OHCN_BENCH_10M in the environment: ten
 * million. Times are
 * processor time of the one thread. Every 100th answer is compared with a
 * linear scan over the same records when there are at most 100,000 of them,
 * else one in all.
 */
#include "bench.h"
#include "match/index/index.h"
#include "people.h"
#include "rivals.h"

#define TOP   10
#define BATCH 256 /* records that are timed together */

static struct people_world *w;
static uint64_t people = 1000000, queries = 1000;

static struct index *
build(enum index_kind kind, uint64_t n, const char *name)
{
	struct index_limits limits = index_limits_default;
	struct index *ix;
	struct index_stat stat;
	uint8_t(*ids)[RECORD_ID] = calloc(BATCH, sizeof(*ids));
	struct card *cards = calloc(BATCH, sizeof(*cards));
	struct posting *postings = calloc(BATCH, sizeof(*postings));
	double t, all = 0;

	must(ids != NULL && cards != NULL && postings != NULL, "memory");
	limits.seed = 99;
	must(index_new(&w->m, kind, &limits, &ix) == OK, "index");
	must(index_load(ix, true) == OK, "load");
	for (uint64_t i = 0; i < n; i += BATCH) {
		const uint64_t batch = MIN(n - i, (uint64_t)BATCH);
		for (uint64_t k = 0; k < batch; k++) {
			people_id(kind, i + k, ids[k]);
			if (kind == INDEX_PEOPLE)
				people_card(w, i + k, &cards[k]);
			else
				people_posting(w, i + k, &postings[k]);
		}
		/* what it takes to make the records is not part of it */
		t = thread_now();
		for (uint64_t k = 0; k < batch; k++)
			must((kind == INDEX_PEOPLE
				     ? index_put_card(ix, ids[k], &cards[k])
				     : index_put_posting(
					   ix, ids[k], &postings[k])) == OK,
			    "put");
		all += thread_now() - t;
	}
	t = thread_now();
	must(index_load(ix, false) == OK, "load");
	all += thread_now() - t;
	free(ids);
	free(cards);
	free(postings);
	index_stat(ix, &stat);
	char text[64];
	(void)snprintf(text, sizeof(text), "match.%sbuild_per_s", name);
	figure(text, (double)n / all, "1/s",
	    kind == INDEX_PEOPLE ? 2000000 : -1, NULL, 0);
	(void)snprintf(text, sizeof(text), "match.%sbytes_per_%s", name,
	    kind == INDEX_PEOPLE ? "profile" : "posting");
	figure(text, (double)stat.bytes / (double)n, "bytes",
	    kind == INDEX_PEOPLE ? 160 : -1, NULL, 0);
	return ix;
}

static void
report(const char *name, double *ms, size_t n, double p50, double p99,
    double max, const struct index_counts *sum)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "match.%s.p50_ms", name);
	figure(text, quantile(ms, n, 0.5), "ms", p50, NULL, 0);
	(void)snprintf(text, sizeof(text), "match.%s.p99_ms", name);
	figure(text, quantile(ms, n, 0.99), "ms", p99, NULL, 0);
	(void)snprintf(text, sizeof(text), "match.%s.max_ms", name);
	figure(text, ms[n - 1], "ms", max, NULL, 0);
	note("  each: %.0f of %.0f blocks, %.0f list entries, %.0f records "
	     "read, %.0f scored\n",
	    (double)sum->blocks_opened / (double)n,
	    (double)sum->blocks / (double)n, (double)sum->entries / (double)n,
	    (double)sum->records_read / (double)n,
	    (double)sum->records_scored / (double)n);
}

static void
counts_add(struct index_counts *sum, const struct index_counts *c)
{
	sum->blocks += c->blocks;
	sum->blocks_opened += c->blocks_opened;
	sum->entries += c->entries;
	sum->records_read += c->records_read;
	sum->records_scored += c->records_scored;
}

/* The same over all records, one by one; ms. */
static double
compare(const struct index_snapshot *s, const struct posting *p,
    const struct scan_result *got, size_t got_n)
{
	struct index_walk *walk = calloc(1, sizeof(*walk));
	struct scan_result want[TOP];
	size_t n;

	must(walk != NULL, "memory");
	walk->s = s;
	const struct card_source source = { index_next_card, walk };
	const double t = thread_now();
	must(scan_people(&w->m, p, &source, false, want, TOP, &n, NULL) == OK,
	    "scan");
	must(n == got_n && memcmp(want, got, n * sizeof(*want)) == 0,
	    "equal answers");
	free(walk);
	return (thread_now() - t) * 1e3;
}

/* ${goals}: p50, p99, max; < 0: none. */
static void
search_people(struct index *ix, const char *name, const struct index_filter *f,
    const double goals[3])
{
	static struct posting p;
	struct index_counts sum = { 0 }, c;
	double *ms = calloc(queries, sizeof(*ms));
	struct scan_result out[TOP];
	struct index_snapshot *s;
	double scan = 0;
	size_t n, compared = 0;

	must(ms != NULL, "memory");
	must(index_snapshot_new(ix, &s) == OK, "snapshot");
	const uint64_t each = people <= 100000 ? 100 : queries;
	for (uint64_t i = 0; i < queries + 3; i++) {
		memset(out, 0, sizeof(out));
		people_posting(w, i, &p);
		const double t = thread_now();
		must(index_people(s, &p, f, false, out, TOP, &n, &c) == OK,
		    "search");
		if (i < 3)
			continue; /* warm-up */
		ms[i - 3] = (thread_now() - t) * 1e3;
		counts_add(&sum, &c);
		if (f == NULL && i % each == 3 % each) {
			scan += compare(s, &p, out, n);
			compared++;
		}
	}
	index_snapshot_free(ix, s);
	report(name, ms, queries, goals[0], goals[1], goals[2], &sum);
	if (compared > 0)
		note("  linear scan: %.0f ms, %zu answers equal\n",
		    scan / (double)compared, compared);
	free(ms);
}

static void
search_filtered(struct index *ix)
{
	static const char german[][3] = { "de" }, maltese[][3] = { "mt" };
	static const uint32_t english[] = { 0x656e }, swahili[] = { 0x7377 };
	static const struct {
		const char *name;
		struct index_filter f;
		double goals[3];
	} rows[] = {
		{ "region", { .regions = german, .regions_n = 1 },
		    { 0.5, 2, -1 } },
		{ "region_small", { .regions = maltese, .regions_n = 1 },
		    { 0.5, 2, -1 } },
		{ "language", { .languages = english, .languages_n = 1 },
		    { -1, -1, -1 } },
		{ "language_rare", { .languages = swahili, .languages_n = 1 },
		    { -1, -1, -1 } },
		{ "hours", { .hours = 1U << 5 }, { -1, -1, -1 } },
		{ "hours_rare", { .hours = 1U << 1, .remote = 1U << 3 },
		    { -1, -1, -1 } },
		{ "region_language_hours",
		    { .regions = german,
			.regions_n = 1,
			.languages = english,
			.languages_n = 1,
			.hours = 1U << 5 },
		    { 0.5, 2, -1 } },
		{ "rare_in_all",
		    { .regions = maltese,
			.regions_n = 1,
			.languages = swahili,
			.languages_n = 1,
			.hours = 1U << 1,
			.seeks = SEEKS_TASK },
		    { -1, -1, -1 } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "filter.%s", rows[i].name);
		search_people(ix, name, &rows[i].f, rows[i].goals);
	}
}

/* The same over all postings, one by one; ms. */
static double
compare_postings(const struct index_snapshot *s, const struct card *c,
    const struct wishes *wishes, const struct scan_result *got, size_t got_n)
{
	struct index_walk *walk = calloc(1, sizeof(*walk));
	struct scan_result want[TOP];
	size_t n;

	must(walk != NULL, "memory");
	walk->s = s;
	const struct posting_source source = { index_next_posting, walk };
	const double t = thread_now();
	must(scan_postings(
		 &w->m, c, wishes, &source, false, want, TOP, &n, NULL) == OK,
	    "scan");
	must(n == got_n && memcmp(want, got, n * sizeof(*want)) == 0,
	    "equal answers");
	free(walk);
	return (thread_now() - t) * 1e3;
}

static void
search_postings(struct index *ix, const char *name, const struct wishes *wishes,
    uint16_t skills_max, const double goals[3])
{
	static struct card c;
	struct index_counts sum = { 0 }, one;
	double *ms = calloc(queries, sizeof(*ms)), scan = 0;
	struct scan_result out[TOP];
	struct index_snapshot *s;
	size_t found, compared = 0;

	must(ms != NULL && index_snapshot_new(ix, &s) == OK, "snapshot");
	for (uint64_t i = 0; i < queries + 3; i++) {
		memset(out, 0, sizeof(out));
		people_card(w, i * 37, &c);
		c.skills_n = MIN(c.skills_n, skills_max);
		const double t = thread_now();
		must(index_postings(s, &c, wishes, NULL, false, out, TOP,
			 &found, &one) == OK,
		    "search");
		if (i < 3)
			continue;
		ms[i - 3] = (thread_now() - t) * 1e3;
		counts_add(&sum, &one);
		if (i % 100 == 3) {
			scan += compare_postings(s, &c, wishes, out, found);
			compared++;
		}
	}
	index_snapshot_free(ix, s);
	report(name, ms, queries, goals[0], goals[1], goals[2], &sum);
	note("  linear scan: %.0f ms, %zu answers equal\n",
	    scan / (double)compared, compared);
	free(ms);
}

/*
 * Postings for a person; also with what the person never publishes, and for
 * people who told little.
 */
static void
postings(uint64_t n)
{
	static const double goals[3] = { 1, 4, -1 }, none[3] = { -1, -1, -1 };
	static const struct wishes private = {
		.floor = { 250000, 0, "EUR", 4 },
		.hours_week_max = 30,
		.contract_mask = 1U << 1 | 1U << 2,
	};
	struct index *ix = build(INDEX_POSTINGS, n, "postings.");

	search_postings(ix, "postings_100k", NULL, CARD_SKILLS_MAX, goals);
	search_postings(
	    ix, "postings_100k.private", &private, CARD_SKILLS_MAX, none);
	search_postings(ix, "postings_100k.newcomer", NULL, 2, none);
	search_postings(ix, "postings_100k.without_skills", NULL, 0, none);
	index_free(ix);
}

/* Records that arrive one by one, jobs as they fall due beside them. */
static void
arrivals(struct index *ix)
{
	const uint64_t n = MIN(people / 10, UINT64_C(100000));
	struct card *cards = calloc(BATCH, sizeof(*cards));
	uint8_t ids[2][BATCH][RECORD_ID];
	double put = 0, removal = 0, jobs = 0, job_max = 0, t;
	struct index_job *job;

	must(cards != NULL, "memory");
	for (uint32_t i = 0; i < BATCH; i++)
		people_card(w, people + i, &cards[i]);
	for (uint64_t i = 0; i < n; i += BATCH) {
		for (uint64_t k = 0; k < BATCH; k++) {
			people_id(0, people + i + k, ids[0][k]);
			people_id(0, (i + k) * 7, ids[1][k]);
		}
		t = thread_now();
		for (uint64_t k = 0; k < BATCH; k++)
			must(index_put_card(ix, ids[0][k], &cards[k]) == OK,
			    "put");
		put += thread_now() - t;
		t = thread_now();
		for (uint64_t k = 0; k < BATCH; k++)
			(void)index_remove(ix, ids[1][k]);
		removal += thread_now() - t;
		t = thread_now();
		if (index_job_new(ix, &job) != OK)
			continue;
		must(index_job_run(job) == OK, "job");
		index_job_finish(ix, job);
		t = thread_now() - t;
		jobs += t;
		job_max = MAX(job_max, t);
	}
	figure("match.arrival_us", put * 1e6 / (double)n, "us", 2, NULL, 0);
	figure(
	    "match.removal_us", removal * 1e6 / (double)n, "us", -1, NULL, 0);
	figure("match.upkeep_us", jobs * 1e6 / (double)n, "us", -1, NULL, 0);
	figure("match.upkeep_max_ms", job_max * 1e3, "ms", -1, NULL, 0);
	free(cards);
}

/* The other orders, briefly: the easiest and the worst. */
static void
other_orders(uint64_t seed)
{
	static const double none[3] = { -1, -1, -1 };
	static const struct {
		enum people_order order;
		const char *name;
	} rows[] = {
		{ PEOPLE_CLUSTERED, "clustered_100k" },
		{ PEOPLE_ADVERSARIAL, "adversarial_100k" },
	};

	people = MIN(people, UINT64_C(100000));
	queries = MIN(queries, UINT64_C(200));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char name[64];
		w = people_world_new(seed, rows[i].order, people, false);
		(void)snprintf(name, sizeof(name), "%s.", rows[i].name);
		struct index *ix = build(INDEX_PEOPLE, people, name);
		search_people(ix, rows[i].name, NULL, none);
		index_free(ix);
		people_world_free(w);
	}
}

int
main(int argc, char **argv)
{
	static const char *const orders[] = { "shuffled", "clustered",
		"adversarial" };
	static const double complete[3] = { 1, 4, 10 },
			    core[3] = { 0.2, 1, -1 },
			    core_10m[3] = { 0.6, 3, -1 };
	enum people_order order = PEOPLE_SHUFFLED;
	uint64_t seed = 1;
	int at = 1;

	if (at < argc && strcmp(argv[at], "--json") == 0) {
		bench_json = true;
		at++;
	}
	if (getenv("OHCN_BENCH_10M") != NULL)
		people = 10000000;
	if (at < argc)
		people = strtoull(argv[at++], NULL, 10);
	if (at < argc)
		queries = strtoull(argv[at++], NULL, 10);
	if (at < argc) {
		for (unsigned i = 0; i < ARRAY_LEN(orders); i++) {
			if (strcmp(argv[at], orders[i]) == 0)
				order = (enum people_order)i;
		}
		at++;
	}
	if (at < argc)
		seed = strtoull(argv[at], NULL, 10);
	note("%llu people, %s, seed %llu, %llu queries\n",
	    (unsigned long long)people, orders[order], (unsigned long long)seed,
	    (unsigned long long)queries);
	w = people_world_new(seed, order, people, false);
	struct index *ix = build(INDEX_PEOPLE, people, "");
	const char *const size = people == 1000000    ? "1m"
				 : people == 10000000 ? "10m"
						      : "all";
	search_people(ix, size, NULL, complete);
	search_filtered(ix);
	postings(100000);
	arrivals(ix);
	search_people(ix, "changed", NULL, complete);
	index_free(ix);
	people_world_free(w);

	w = people_world_new(seed, order, people, true);
	ix = build(INDEX_PEOPLE, people, "core.");
	search_people(ix, people == 10000000 ? "core.10m" : "core", NULL,
	    people == 10000000 ? core_10m : core);
	if (people <= RIVAL_PEOPLE_MAX)
		rivals_run(w, ix, people, bench_json);
	index_free(ix);
	people_world_free(w);
	if (order == PEOPLE_SHUFFLED)
		other_orders(seed);
	return 0;
}
