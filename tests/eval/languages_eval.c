/*
 * languages_eval [--json]: words of a person to a term, in German, French and
 * Spanish. The question is the preferred name of an ESCO occupation as its
 * 1.0.8 release has it; that name is kept out of the vocabulary, so only the
 * other names in the language can lead there. Beside BM25 over the same
 * names, and a node that has the English names alone. Skills are not asked
 * about: the data has their names in English only. Even questions were for
 * tuning; what is printed are the odd ones.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "match/bag.h"
#include "match/search.h"
#include "node/import/import.h"
#include "node/import/parts.h"
#include "node/import/vocabulary.h"

#define QUESTIONS_MAX 4000
#define LABELS_MAX    512
#define SURE          50 /* percent: taken without being asked */

static const char *const languages[] = { "de", "fr", "es" };
enum method { ENGLISH, BM25, OURS, METHODS };
static const char *const method_names[METHODS] = { "English names alone",
	"BM25 over names", "ours" };

struct question {
	uint64_t term;
	uint32_t language;
	char text[TERM_LABEL_MAX + 1];
};

/* Hands all entries on, but for the names that are asked about. */
struct filter {
	struct vocabulary_sink to;
	struct question *questions; /* NULL: leave out all of the language */
	size_t n;
};

struct marks {
	double rr[QUESTIONS_MAX];
	double first, all, taken, right; /* ${right}: of those taken */
	size_t n;
};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "languages_eval: %s failed\n", what);
	exit(1);
}

/* ${text} is the whole ${name} or a form of it: "Koch/Köchin". */
static bool
is_form(struct slice text, struct slice name)
{
	struct slice form;

	if (slice_eq(text, name))
		return true;
	while (slice_split(&name, "/", &form))
		if (slice_eq(text, form))
			return true;
	return false;
}

static bool
is_asked(const struct term_entry *e, const struct term_label *l)
{
	for (size_t i = 0; i < e->labels_n; i++)
		if (e->labels[i].preferred &&
		    e->labels[i].language == l->language &&
		    is_form(l->text, e->labels[i].text))
			return true;
	return false;
}

static void
ask(struct filter *f, const struct term_entry *e, const struct term_label *l)
{
	struct slice name = l->text, form;

	if (f->questions == NULL || !slice_split(&name, "/", &form))
		return;
	must(f->n < QUESTIONS_MAX * ARRAY_LEN(languages), "room");
	struct question *q = &f->questions[f->n++];
	q->term = term_of_uri(e->uri);
	q->language = l->language;
	(void)snprintf(q->text, sizeof(q->text), "%.*s", (int)form.n,
	    (const char *)form.p);
}

static err
take_entry(void *ctx, const struct term_entry *e)
{
	struct filter *f = ctx;
	struct term_entry out = *e;
	struct term_label labels[LABELS_MAX];
	size_t left[3] = { 0 };

	out.labels = labels;
	out.labels_n = 0;
	for (size_t i = 0; i < e->labels_n && out.labels_n < LABELS_MAX; i++) {
		const struct term_label *l = &e->labels[i];
		if (l->language != VOCABULARY_ENGLISH &&
		    (f->questions == NULL || is_asked(e, l)))
			continue;
		labels[out.labels_n++] = *l;
		for (size_t k = 0; k < ARRAY_LEN(languages); k++)
			left[k] += l->language ==
				   language_code(slice_str(languages[k]));
	}
	/* without another name there is nothing to ask */
	for (size_t i = 0; i < e->labels_n; i++)
		for (size_t k = 0; k < ARRAY_LEN(languages); k++)
			if (e->labels[i].preferred && left[k] > 0 &&
			    e->labels[i].language ==
				language_code(slice_str(languages[k])))
				ask(f, e, &e->labels[i]);
	return f->to.add(f->to.ctx, &out);
}

static struct vocabulary *
load(const char *english, const char *others, struct question *questions,
    size_t *n)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	struct filter f = { .questions = questions };
	struct vocabulary *v;
	json_t *said;

	must(b != NULL, "memory");
	f.to = vocabulary_sink_of(b);
	const struct vocabulary_sink sink = { .add = take_entry, .ctx = &f };
	must(import_esco(english, f.to, NULL, &said) == OK, english);
	json_decref(said);
	must(import_esco(others, sink, NULL, &said) == OK, others);
	json_decref(said);
	must(vocabulary_builder_finish(b, &v) == OK, "vocabulary");
	*n = f.n;
	return v;
}

/* ---- the rival ---- */

struct rival {
	struct stems *stems;
	struct bag_field *field;
	uint64_t *scores;
	uint32_t n;
};

static void
rival_make(struct rival *r, const struct vocabulary *v, uint32_t language)
{
	struct bag *bags = calloc(vocabulary_size(v), sizeof(*bags));

	r->n = vocabulary_size(v);
	r->stems = stems_new();
	r->scores = malloc(r->n * sizeof(*r->scores));
	must(bags != NULL && r->stems != NULL && r->scores != NULL, "memory");
	for (uint32_t i = 0; i < vocabulary_labels(v); i++) {
		const struct vocabulary_label l = vocabulary_label_at(v, i);
		if (l.language == language)
			must(bag_text(&bags[l.at], r->stems, l.text, language,
				 1, true) == OK,
			    "bag");
	}
	for (uint32_t i = 0; i < r->n; i++)
		bag_settle(&bags[i]);
	must(bag_field_new(bags, r->n, stems_count(r->stems), &r->field) == OK,
	    "rival");
	for (uint32_t i = 0; i < r->n; i++)
		bag_free(&bags[i]);
	free(bags);
}

static void
rival_free(struct rival *r)
{
	stems_free(r->stems);
	bag_field_free(r->field);
	free(r->scores);
}

static size_t
rival_rank(
    struct rival *r, const struct vocabulary *v, const struct question *q)
{
	const uint32_t at = vocabulary_find(v, q->term);
	struct bag b = { 0 };
	size_t rank = 1;

	must(bag_text(
		 &b, r->stems, slice_str(q->text), q->language, 1, false) == OK,
	    "bag");
	bag_settle(&b);
	memset(r->scores, 0, r->n * sizeof(*r->scores));
	bag_field_score(r->field, &b, r->scores);
	bag_free(&b);
	for (uint32_t i = 0; i < r->n; i++)
		rank += r->scores[i] > r->scores[at] ||
			(r->scores[i] == r->scores[at] && i < at);
	return r->scores[at] == 0 || rank > TERM_GUESSES_MAX ? 0 : rank;
}

/* ---- ours ---- */

struct ours {
	struct vocabulary *v;
	struct search_index *index;
	struct term_source_search source;
	struct term_lookup lookup;
};

static void
ours_make(struct ours *o, struct vocabulary *v)
{
	o->v = v;
	must(search_index_new(v, &o->index) == OK, "index");
	o->source = (struct term_source_search){ v, o->index };
	o->lookup = term_lookup_of_search(&o->source);
}

static void
ours_free(struct ours *o)
{
	search_index_free(o->index);
	vocabulary_free(o->v);
}

static size_t
our_rank(const struct ours *o, const struct question *q, struct marks *m)
{
	struct term_guess g[TERM_GUESSES_MAX];
	const size_t n = o->lookup.guess(o->lookup.ctx, slice_str(q->text),
	    q->language, g, TERM_GUESSES_MAX);
	const uint32_t want = vocabulary_find(o->v, q->term);
	size_t rank = 0;

	for (size_t i = 0; i < n && rank == 0; i++)
		if (vocabulary_find(o->v, g[i].term) == want)
			rank = i + 1;
	m->taken += n > 0 && g[0].confidence >= SURE;
	m->right += rank == 1 && g[0].confidence >= SURE;
	return rank;
}

static void
mark(struct marks *m, size_t rank)
{
	m->rr[m->n++] = rank == 0 ? 0 : 1.0 / (double)rank;
	m->first += rank == 1;
	m->all += rank > 0;
}

static double
mean(const struct marks *m)
{
	double sum = 0;

	for (size_t i = 0; i < m->n; i++)
		sum += m->rr[i];
	return m->n == 0 ? 0 : sum / (double)m->n;
}

static void
report(const char *language, const struct marks marks[METHODS])
{
	const struct marks *m = &marks[OURS];
	char name[32];

	eval_note("\n%s, %zu questions %6s %6s %6s  taken, right of these\n",
	    language, m->n, "MRR@4", "hit@1", "hit@4");
	for (int i = 0; i < METHODS; i++) {
		const double n = (double)marks[i].n;
		eval_note("  %-19s %6.3f %6.3f %6.3f", method_names[i],
		    mean(&marks[i]), marks[i].first / n, marks[i].all / n);
		if (i != BM25)
			eval_note("  %.3f  %.3f", marks[i].taken / n,
			    marks[i].taken == 0
				? 0
				: marks[i].right / marks[i].taken);
		eval_note("\n");
	}
	(void)snprintf(name, sizeof(name), "languages.%s.mrr", language);
	eval_figure(
	    name, mean(m), "MRR", -1, method_names[BM25], mean(&marks[BM25]));
}

int
main(int argc, char **argv)
{
	static struct question questions[QUESTIONS_MAX * ARRAY_LEN(languages)];
	static struct marks marks[METHODS];
	char english[512], others[512];
	struct ours ours, alone;
	size_t n, none;

	eval_begin(argc, argv);
	if (!eval_data(
		"esco-1.2.0/occupations_en.csv", english, sizeof(english)) ||
	    !eval_data("esco-1.0.8-occupations-multilingual/occupations_de.csv",
		others, sizeof(others)))
		return eval_skip("eval/languages", "no ../shared/data");
	*strrchr(english, '/') = 0;
	*strrchr(others, '/') = 0;
	ours_make(&ours, load(english, others, questions, &n));
	ours_make(&alone, load(english, others, NULL, &none));
	for (size_t k = 0; k < ARRAY_LEN(languages); k++) {
		const uint32_t code = language_code(slice_str(languages[k]));
		struct rival rival;
		memset(marks, 0, sizeof(marks));
		rival_make(&rival, ours.v, code);
		for (size_t i = 1; i < n; i += 2) {
			const struct question *q = &questions[i];
			if (q->language != code)
				continue;
			mark(&marks[ENGLISH],
			    our_rank(&alone, q, &marks[ENGLISH]));
			mark(&marks[BM25], rival_rank(&rival, ours.v, q));
			mark(&marks[OURS], our_rank(&ours, q, &marks[OURS]));
		}
		rival_free(&rival);
		report(languages[k], marks);
	}
	ours_free(&ours);
	ours_free(&alone);
	return 0;
}
