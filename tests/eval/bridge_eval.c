/*
 * bridge_eval [--json]: task T3 of the domain notes. First: which O*NET
 * occupation is an ESCO occupation? 1,500 pairs that people checked, which
 * the node never sees; beside plain BM25 over titles, other titles and
 * descriptions. Pairs with an even number were for tuning; what is reported
 * comes from the odd ones. Names in other languages: languages_eval.c.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "match/bag.h"
#include "match/bridge.h"
#include "match/search.h"
#include "node/import/table.h"
#include "node/import/vocabulary.h"

#define PAIRS_MAX 2000

enum method { LABEL, TITLES, TEXTS, OURS_ALONE, OURS, METHODS };
static const char *const method_names[METHODS] = { "BM25, label",
	"BM25, + other labels", "BM25, + description", "ours, no relatives",
	"ours" };

struct pair {
	uint32_t esco, onet;
	struct slice esco_uri, onet_uri;
};

struct pairs {
	const struct vocabulary *v;
	struct pair list[PAIRS_MAX];
	size_t n;
};

struct marks {
	double rr[PAIRS_MAX];
	double first, ten;
	size_t n;
};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bridge_eval: %s failed\n", what);
	exit(1);
}

static void
mark(struct marks *m, size_t rank)
{
	m->rr[m->n++] = rank == 0 ? 0 : 1.0 / (double)rank;
	m->first += rank == 1;
	m->ten += rank >= 1 && rank <= 10;
}

static double
mean(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return n == 0 ? 0 : sum / (double)n;
}

/* ---- the pairs ---- */

static uint32_t
onet_place(const struct vocabulary *v, struct slice code)
{
	char uri[64];
	const int n = snprintf(uri, sizeof(uri), "urn:onet:%.*s",
	    (int)MIN(code.n, 40), (const char *)code.p);
	uint32_t at = vocabulary_find(v, term_of_uri(slice_of(uri, (size_t)n)));

	if (at != TERM_NOWHERE || n < 3)
		return at;
	memcpy(uri + n - 2, "00", 2);
	return vocabulary_find(v, term_of_uri(slice_of(uri, (size_t)n)));
}

static err
take_pair(void *ctx, const struct table_row *row)
{
	struct pairs *p = ctx;
	const uint64_t esco = term_of_uri(table_cell(row, "concept_uri"));
	const uint32_t from = vocabulary_find(p->v, esco);
	const uint32_t to = onet_place(p->v, table_cell(row, "onet_code"));

	if (from == TERM_NOWHERE || to == TERM_NOWHERE)
		return OK;
	must(p->n < PAIRS_MAX, "room for pairs");
	p->list[p->n++] = (struct pair){ from, to, vocabulary_uri(p->v, from),
		vocabulary_uri(p->v, to) };
	return OK;
}

static int
pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	const int d = slice_cmp(x->esco_uri, y->esco_uri);

	return d != 0 ? d : slice_cmp(x->onet_uri, y->onet_uri);
}

/* ---- the rivals: BM25 without stems ---- */

struct rival {
	struct stems *stems;
	struct bag_field *titles, *texts;
	uint32_t *docs;
	uint32_t n;
	uint64_t *scores;
};

static void
put_labels(const struct vocabulary *v, struct bag *b, struct stems *s,
    uint32_t at, bool all, bool add)
{
	static uint32_t *from; /* of each place; built once */

	if (from == NULL) {
		from = calloc((size_t)vocabulary_size(v) + 1, sizeof(*from));
		must(from != NULL, "memory");
		for (uint32_t i = 0; i < vocabulary_labels(v); i++)
			from[vocabulary_label_at(v, i).at + 1] = i + 1;
		for (uint32_t i = 0; i < vocabulary_size(v); i++)
			from[i + 1] = MAX(from[i], from[i + 1]);
	}
	for (uint32_t i = from[at]; i < from[at + 1]; i++) {
		const struct vocabulary_label l = vocabulary_label_at(v, i);
		if (l.language == VOCABULARY_ENGLISH && (all || l.preferred))
			must(bag_text(b, s, l.text, 0, 1, add) == OK, "bag");
	}
}

static void
rival_make(struct rival *r, const struct vocabulary *v)
{
	struct bag *titles = calloc(vocabulary_size(v), sizeof(*titles));
	struct bag *texts = calloc(vocabulary_size(v), sizeof(*texts));

	*r = (struct rival){ .stems = stems_new(),
		.docs = malloc(vocabulary_size(v) * sizeof(uint32_t)) };
	must(titles != NULL && texts != NULL && r->stems != NULL &&
		 r->docs != NULL,
	    "memory");
	for (uint32_t at = 0; at < vocabulary_size(v); at++) {
		const struct slice uri = vocabulary_uri(v, at);
		if (vocabulary_type(v, at) != TERM_OCCUPATION || uri.n < 9 ||
		    memcmp(uri.p, "urn:onet:", 9) != 0)
			continue;
		put_labels(v, &titles[r->n], r->stems, at, true, true);
		put_labels(v, &texts[r->n], r->stems, at, true, true);
		must(bag_text(&texts[r->n], r->stems,
			 vocabulary_description(v, at), 0, 1, true) == OK,
		    "bag");
		bag_settle(&titles[r->n]);
		bag_settle(&texts[r->n]);
		r->docs[r->n++] = at;
	}
	must(bag_field_new(titles, r->n, stems_count(r->stems), &r->titles) ==
		     OK &&
		 bag_field_new(texts, r->n, stems_count(r->stems), &r->texts) ==
		     OK,
	    "rival");
	r->scores = malloc(r->n * sizeof(*r->scores));
	for (uint32_t i = 0; i < r->n; i++) {
		bag_free(&titles[i]);
		bag_free(&texts[i]);
	}
	free(titles);
	free(texts);
}

static size_t
rival_rank(struct rival *r, const struct vocabulary *v, const struct pair *p,
    enum method method)
{
	struct bag b = { 0 };
	size_t rank = 1;
	uint64_t want = 0;

	put_labels(v, &b, r->stems, p->esco, method != LABEL, false);
	if (method == TEXTS)
		must(bag_text(&b, r->stems, vocabulary_description(v, p->esco),
			 0, 1, false) == OK,
		    "bag");
	bag_settle(&b);
	memset(r->scores, 0, r->n * sizeof(*r->scores));
	bag_field_score(method == TEXTS ? r->texts : r->titles, &b, r->scores);
	bag_free(&b);
	for (uint32_t i = 0; i < r->n; i++)
		if (r->docs[i] == p->onet)
			want = r->scores[i];
	for (uint32_t i = 0; i < r->n; i++)
		rank += r->scores[i] > want ||
			(r->scores[i] == want && r->docs[i] < p->onet);
	return want == 0 ? 0 : rank;
}

static size_t
our_rank(const struct bridge *b, const struct pair *p)
{
	struct bridge_hit hits[BRIDGE_HITS_MAX];
	const size_t n = bridge_find(b, p->esco, hits, BRIDGE_HITS_MAX);

	for (size_t i = 0; i < n; i++)
		if (hits[i].at == p->onet)
			return i + 1;
	return 0;
}

static void
rival_free(struct rival *r)
{
	stems_free(r->stems);
	bag_field_free(r->titles);
	bag_field_free(r->texts);
	free(r->docs);
	free(r->scores);
}

/* ---- the report ---- */

static void
report(struct marks marks[2][METHODS])
{
	double share, low, high;

	eval_note("%-22s %8s %8s %8s   %s\n", "reported half", "MRR", "hit@1",
	    "hit@10", "(MRR of the tuned half)");
	for (int i = 0; i < METHODS; i++) {
		const struct marks *m = &marks[1][i];
		eval_note("%-22s %8.3f %8.3f %8.3f   (%.3f)\n", method_names[i],
		    mean(m->rr, m->n), m->first / (double)m->n,
		    m->ten / (double)m->n, mean(marks[0][i].rr, marks[0][i].n));
	}
	eval_better(marks[1][OURS].rr, marks[1][TEXTS].rr, marks[1][OURS].n,
	    &share, &low, &high);
	eval_note(
	    "ours against BM25 with descriptions: %+.3f to %+.3f\n", low, high);
	eval_figure("bridge.mrr", mean(marks[1][OURS].rr, marks[1][OURS].n),
	    "MRR", 0.70, method_names[TEXTS],
	    mean(marks[1][TEXTS].rr, marks[1][TEXTS].n));
}

static void
bridge(const struct vocabulary *v, const char *crosswalk)
{
	static struct marks marks[2][METHODS];
	static struct pairs pairs;
	const struct table_reader reader = { .each = take_pair, .ctx = &pairs };
	const struct bridge_options o = { slice_str("http://data.europa.eu/"),
		slice_str("urn:onet:"), false };
	struct bridge_options alone = o;
	struct bridge *ours, *no_relatives;
	struct table_fault fault;
	struct rival rival;
	uint64_t rows;

	pairs.v = v;
	must(table_read(crosswalk, &reader, &rows, &fault) == OK, crosswalk);
	qsort(pairs.list, pairs.n, sizeof(pairs.list[0]), pair_order);
	alone.alone = true;
	must(bridge_new(v, &o, &ours) == OK &&
		 bridge_new(v, &alone, &no_relatives) == OK,
	    "bridge");
	rival_make(&rival, v);
	for (size_t i = 0; i < pairs.n; i++) {
		struct marks *m = marks[i % 2];
		const struct pair *p = &pairs.list[i];
		for (int k = LABEL; k <= TEXTS; k++)
			mark(&m[k], rival_rank(&rival, v, p, (enum method)k));
		mark(&m[OURS_ALONE], our_rank(no_relatives, p));
		mark(&m[OURS], our_rank(ours, p));
	}
	eval_note("%zu pairs of ESCO and O*NET occupations\n", pairs.n);
	report(marks);
	rival_free(&rival);
	bridge_free(ours);
	bridge_free(no_relatives);
}

static struct vocabulary *
load(const char *const *dirs, size_t n)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	struct vocabulary *v;

	must(b != NULL, "memory");
	for (size_t i = 0; i < n; i++) {
		const struct vocabulary_sink sink = vocabulary_sink_of(b);
		json_t *said;
		must((strstr(dirs[i], "onet") != NULL
			     ? import_onet(dirs[i], sink, NULL, &said)
			     : import_esco(dirs[i], sink, NULL, &said)) == OK,
		    dirs[i]);
		json_decref(said);
	}
	must(vocabulary_builder_finish(b, &v) == OK, "vocabulary");
	return v;
}

/* The folder of a file of the shared data. */
static bool
folder(const char *file, char *path, size_t n)
{
	if (!eval_data(file, path, n))
		return false;
	*strrchr(path, '/') = 0;
	return true;
}

int
main(int argc, char **argv)
{
	char esco[512], onet[512], crosswalk[512];

	eval_begin(argc, argv);
	if (!folder("esco-1.2.0/occupations_en.csv", esco, sizeof(esco)) ||
	    !folder("onet-29.2/Occupation Data.txt", onet, sizeof(onet)) ||
	    !eval_data("crosswalk/esco_onet_crosswalk_Nov2020.csv", crosswalk,
		sizeof(crosswalk)))
		return eval_skip("eval/bridge", "no ../shared/data");
	const char *const dirs[] = { esco, onet };
	struct vocabulary *v = load(dirs, 2);
	bridge(v, crosswalk);
	vocabulary_free(v);
	return 0;
}
