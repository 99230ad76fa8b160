/*
 * search_bench [--json]: label search as one types, over the labels of ESCO
 * (four languages) and O*NET from ../shared/data, where they are, else over
 * as many made from the core vocabulary. Every beginning of labels drawn at
 * random is a query, one in three with a typing error: processor time of one
 * search, p50, p99 and the worst; a linear scan over the labels beside it.
 * The same at 100,000 of them, the size of the goal, drawn at random, with
 * SQLite's FTS5 beside it, by beginnings of words: it forgives no error.
 */
#define _GNU_SOURCE

#include <sys/stat.h>

#include "bench.h"
#include "labels_sqlite.h"

#include "match/core.h"
#include "match/normal.h"
#include "match/search.h"
#include "node/import/vocabulary.h"

#define TYPED       60 /* labels that are typed, letter by letter */
#define HITS        20
#define MADE        100000
#define LINEAR      20
#define GOAL_LABELS 100000

static uint64_t
chance(uint64_t below)
{
	static uint64_t seed = 88172645463325252U;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % below;
}

static bool
add_real(struct vocabulary_builder *b)
{
	static const struct {
		const char *dir;
		bool esco;
	} parts[] = { { "esco-1.2.0", true },
		{ "esco-1.0.8-occupations-multilingual", true },
		{ "onet-29.2", false } };
	const char *data = getenv("OHCN_TEST_DATA");
	char path[512];
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		json_t *report;
		(void)snprintf(path, sizeof(path), "%s/%s",
		    data != NULL ? data : "../shared/data", parts[i].dir);
		if (stat(path, &st) != 0)
			return false;
		const struct vocabulary_sink sink = vocabulary_sink_of(b);
		must((parts[i].esco
			     ? import_esco(path, sink, NULL, &report)
			     : import_onet(path, sink, NULL, &report)) == OK,
		    path);
		json_decref(report);
	}
	return true;
}

/* Pairs of words of the core's labels. */
static void
add_made(struct vocabulary_builder *b, const struct vocabulary *core)
{
	const uint32_t n = vocabulary_labels(core);

	for (uint32_t i = 0; i < MADE; i++) {
		char text[2 * TERM_LABEL_MAX + 2], uri[40];
		const struct slice x =
		    vocabulary_label_at(core, (uint32_t)chance(n)).text;
		const struct slice y =
		    vocabulary_label_at(core, (uint32_t)chance(n)).text;
		const int bytes = snprintf(text, sizeof(text), "%.*s %.*s",
		    (int)x.n, (const char *)x.p, (int)y.n, (const char *)y.p);
		const struct term_label l = { VOCABULARY_ENGLISH, true,
			slice_of(
			    text, MIN((size_t)bytes, (size_t)TERM_LABEL_MAX)) };
		(void)snprintf(uri, sizeof(uri), "x:%u", i);
		const err e = vocabulary_builder_add(
		    b, &(struct term_entry){ .uri = slice_str(uri),
			   .type = TERM_SKILL,
			   .source = SOURCE_IMPORTED,
			   .labels = &l,
			   .labels_n = 1 });
		must(e == OK || e == ERR_FORM, "term");
	}
}

static struct vocabulary *
load(void)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	struct vocabulary *core = NULL, *v = NULL;

	must(b != NULL && core_vocabulary_add(b) == OK &&
		 core_vocabulary_new(&core) == OK,
	    "core");
	if (!add_real(b)) {
		note("no ../shared/data: labels are made up\n");
		add_made(b, core);
	}
	vocabulary_free(core);
	must(vocabulary_builder_finish(b, &v) == OK, "vocabulary");
	return v;
}

/* One letter changed, left out, doubled or swapped. */
static size_t
mistype(uint8_t *text, size_t n)
{
	const size_t at = chance(n);

	switch (chance(4)) {
	case 0:
		text[at] = (uint8_t)('a' + chance(26));
		break;
	case 1:
		memmove(text + at + 1, text + at, n - at);
		return n + 1;
	case 2:
		if (n > 1) {
			memmove(text + at, text + at + 1, n - at - 1);
			return n - 1;
		}
		break;
	default:
		if (at + 1 < n) {
			const uint8_t c = text[at];
			text[at] = text[at + 1];
			text[at + 1] = c;
		}
	}
	return n;
}

struct typed {
	uint8_t text[TERM_LABEL_MAX + 1];
	size_t n;
};

static size_t
type_labels(const struct vocabulary *v, struct typed **out)
{
	struct typed *list =
	    malloc((size_t)TYPED * TERM_LABEL_MAX * sizeof(*list));
	size_t n = 0;

	must(list != NULL, "memory");
	for (int i = 0; i < TYPED; i++) {
		const struct slice label = vocabulary_label_at(
		    v, (uint32_t)chance(vocabulary_labels(v)))
					       .text;
		for (size_t k = 1; k <= label.n && k < TERM_LABEL_MAX; k++) {
			struct typed *t = &list[n++];
			memcpy(t->text, label.p, k);
			t->n = chance(3) == 0 ? mistype(t->text, k) : k;
		}
	}
	*out = list;
	return n;
}

/* What the same costs without an index: a look at every label. */
static double
linear_ms(const struct vocabulary *v, const struct typed *typed, size_t n)
{
	double sum = 0;
	size_t found = 0;

	for (size_t i = 0; i < LINEAR; i++) {
		const struct typed *t = &typed[chance(n)];
		const double start = thread_now();
		for (uint32_t k = 0; k < vocabulary_labels(v); k++) {
			const struct slice l = vocabulary_label_at(v, k).text;
			found += memmem(l.p, l.n, t->text, t->n) != NULL;
		}
		sum += thread_now() - start;
	}
	must(found > 0, "linear scan");
	return sum / LINEAR * 1e3;
}

/* Some of the labels, each as a term of its own. */
static struct vocabulary *
some_of(const struct vocabulary *all, uint32_t want)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	const uint32_t n = vocabulary_labels(all);
	struct vocabulary *v;
	uint32_t left = want;

	must(b != NULL, "memory");
	for (uint32_t i = 0; i < n && left > 0; i++) {
		const struct vocabulary_label from =
		    vocabulary_label_at(all, i);
		const struct term_label l = { from.language, true, from.text };
		char uri[40];
		if (chance(n - i) >= left)
			continue;
		left--;
		(void)snprintf(uri, sizeof(uri), "x:%u", i);
		must(vocabulary_builder_add(
			 b, &(struct term_entry){ .uri = slice_str(uri),
				.type = TERM_SKILL,
				.source = SOURCE_IMPORTED,
				.labels = &l,
				.labels_n = 1 }) == OK,
		    "term");
	}
	must(vocabulary_builder_finish(b, &v) == OK, "vocabulary");
	return v;
}

struct times {
	double p50, p99, max;
	size_t found;
};

/* ${l} NULL: ours. */
static struct times
ask_all(const struct search_index *s, struct labels_sqlite *l,
    const struct typed *typed, size_t n)
{
	double *took = malloc(n * sizeof(*took));
	const struct search_options english = { VOCABULARY_ENGLISH, 0 };
	struct search_hit hits[HITS];
	struct times t = { 0 };

	must(took != NULL, "memory");
	for (size_t i = 0; i < n; i++) {
		const struct slice text = slice_of(typed[i].text, typed[i].n);
		const double start = thread_now();
		size_t found =
		    l != NULL ? labels_sqlite_ask(l, text, HITS)
			      : search_labels(s, text, english, hits, HITS);
		/* as a node answers: what has some of the words behind it */
		if (l == NULL && found < HITS)
			found += search_some(
			    s, text, english, hits + found, HITS - found);
		t.found += found > 0;
		took[i] = (thread_now() - start) * 1e3;
	}
	t.p50 = quantile(took, n, 0.5);
	t.p99 = quantile(took, n, 0.99);
	t.max = took[n - 1];
	free(took);
	return t;
}

static void
beside(const char *name, const struct vocabulary *v, const struct typed *typed,
    size_t n, const struct times *ours)
{
	struct labels_sqlite *l = labels_sqlite_new(v);

	if (l == NULL) {
		note("SKIP %s: no SQLite\n", name);
		return;
	}
	const struct times t = ask_all(NULL, l, typed, n);
	labels_sqlite_free(l);
	note("%s: something found for %zu of %zu, ours for %zu; worst %.2f "
	     "ms\n",
	    name, t.found, n, ours->found, t.max);
	figure("label_search.100k.p50_ms", ours->p50, "ms", 1, name, t.p50);
	figure("label_search.100k.p99_ms", ours->p99, "ms", 1, name, t.p99);
}

/* At the size of the goal. */
static void
at_goal(const struct vocabulary *all)
{
	struct vocabulary *v = some_of(all, GOAL_LABELS);
	struct search_index *s;
	struct typed *typed;

	must(search_index_new(v, &s) == OK, "index");
	const size_t n = type_labels(v, &typed);
	const struct times ours = ask_all(s, NULL, typed, n);
	figure(
	    "label_search.100k.labels", vocabulary_labels(v), "", -1, NULL, 0);
	figure("label_search.100k.max_ms", ours.max, "ms", -1, NULL, 0);
	beside("FTS5 beginnings", v, typed, n, &ours);
	free(typed);
	search_index_free(s);
	vocabulary_free(v);
}

int
main(int argc, char **argv)
{
	bench_json = argc > 1 && strcmp(argv[1], "--json") == 0;
	struct vocabulary *v = load();
	struct search_index *s;
	struct typed *typed;
	double start = thread_now();

	must(search_index_new(v, &s) == OK, "index");
	figure("label_search.labels", vocabulary_labels(v), "", -1, NULL, 0);
	figure("label_search.build_ms", (thread_now() - start) * 1e3, "ms", -1,
	    NULL, 0);
	const size_t n = type_labels(v, &typed);
	const struct times t = ask_all(s, NULL, typed, n);
	note("%zu searches, something found for %zu\n", n, t.found);
	const double linear = linear_ms(v, typed, n);
	figure("label_search.p50_ms", t.p50, "ms", 1, "a scan without errors",
	    linear);
	figure("label_search.p99_ms", t.p99, "ms", 1, "a scan without errors",
	    linear);
	figure("label_search.max_ms", t.max, "ms", -1, NULL, 0);
	free(typed);
	search_index_free(s);
	if (vocabulary_labels(v) >= GOAL_LABELS)
		at_goal(v);
	vocabulary_free(v);
	return 0;
}
