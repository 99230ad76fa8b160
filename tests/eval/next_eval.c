/*
 * next_eval [--json]: what to learn next, by match/next.c as the node uses
 * it, beside the usual methods.
 *
 * T4: of 291 respondents of a survey of developers, what do they want to
 * learn that they cannot yet do? Each is asked about with two thirds of the
 * others known; in ten random ways to make thirds. Respondents with an even
 * number were for tuning; what is reported comes from the odd.
 * Hidden skills: a tenth of O*NET's technology skills is hidden and ranked
 * from the rest of an occupation.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval.h"
#include "match/next.h"

#define TOP      10
#define TERMS    9000
#define ROWS     1024
#define LIST_MAX 700
#define ROUNDS   10

struct row {
	uint32_t has[LIST_MAX], wants[LIST_MAX], hidden[LIST_MAX];
	uint32_t has_n, wants_n, hidden_n;
	bool asked; /* about whom a question can be asked */
	unsigned third;
};
static struct row rows[ROWS];
static uint32_t rows_n;
static char *names[TERMS];
static uint32_t names_n;

static uint32_t
name_at(const char *text, size_t n)
{
	for (uint32_t i = 0; i < names_n; i++)
		if (strlen(names[i]) == n && memcmp(names[i], text, n) == 0)
			return i;
	ASSERT(names_n < TERMS);
	names[names_n] = strndup(text, n);
	return names_n++;
}

static bool
is_in(const uint32_t *list, uint32_t n, uint32_t at)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i] == at)
			return true;
	return false;
}

static void
put_in(uint32_t *list, uint32_t *n, uint32_t at)
{
	if (*n < LIST_MAX && !is_in(list, *n, at))
		list[(*n)++] = at;
}

static void
forget(void)
{
	for (uint32_t i = 0; i < names_n; i++)
		free(names[i]);
	names_n = rows_n = 0;
	memset(rows, 0, sizeof(rows));
}

/* ---- the survey ---- */

#define CELLS    400
#define CELL     8192
#define SECTIONS 4
static char cells[CELLS][CELL];

/* One record of RFC 4180; the number of its cells, 0 at the end. */
static int
record_read(FILE *f)
{
	int n = 0, c = fgetc(f);
	size_t at = 0;
	bool quoted = false;

	if (c == EOF)
		return 0;
	for (;; c = fgetc(f)) {
		if (quoted && c == '"') {
			c = fgetc(f);
			quoted = c == '"';
			if (!quoted) {
				(void)ungetc(c, f);
				continue;
			}
		} else if (!quoted && c == '"') {
			quoted = true;
			continue;
		} else if (c == EOF || (!quoted && (c == ',' || c == '\n'))) {
			cells[n++][at] = 0;
			at = 0;
			if (c != ',' || n == CELLS)
				return n;
			continue;
		}
		if (c != '\r' && at < CELL - 1)
			cells[n][at++] = (char)c;
	}
}

static void
take_answers(const char *section, const char *text, uint32_t *list, uint32_t *n)
{
	char name[512];

	if (strcmp(text, "NA") == 0)
		return;
	while (*text != 0) {
		const size_t len = strcspn(text, ";");
		const int k = snprintf(
		    name, sizeof(name), "%s:%.*s", section, (int)len, text);
		put_in(list, n, name_at(name, (size_t)k));
		text += len + (text[len] == ';');
	}
}

static bool
read_survey(void)
{
	static const char *const sections[SECTIONS] = { "Language", "Database",
		"Platform", "Webframe" };
	int has[SECTIONS] = { 0 }, wants[SECTIONS] = { 0 };
	char path[1024], name[64];

	if (!eval_data("people-jobs-courses/stackoverflow_2025_dev500.csv",
		path, sizeof(path)))
		return false;
	FILE *f = fopen(path, "r");
	const int n = f == NULL ? 0 : record_read(f);
	for (int c = 0; c < n; c++)
		for (int s = 0; s < SECTIONS; s++) {
			(void)snprintf(name, sizeof(name), "%sHaveWorkedWith",
			    sections[s]);
			has[s] = strcmp(cells[c], name) == 0 ? c : has[s];
			(void)snprintf(name, sizeof(name), "%sWantToWorkWith",
			    sections[s]);
			wants[s] = strcmp(cells[c], name) == 0 ? c : wants[s];
		}
	while (f != NULL && rows_n < ROWS && record_read(f) > 0) {
		struct row *r = &rows[rows_n++];
		for (int s = 0; s < SECTIONS; s++) {
			take_answers(
			    sections[s], cells[has[s]], r->has, &r->has_n);
			take_answers(sections[s], cells[wants[s]], r->wants,
			    &r->wants_n);
		}
		for (uint32_t i = 0; i < r->wants_n; i++)
			if (!is_in(r->has, r->has_n, r->wants[i]))
				r->hidden[r->hidden_n++] = r->wants[i];
		r->asked = r->has_n >= 3 && r->hidden_n > 0;
	}
	if (f != NULL)
		(void)fclose(f);
	return rows_n > 100;
}

/* ---- ranking ---- */

static uint32_t top[TOP];

static size_t
best_of(const double *scores, const struct row *r)
{
	size_t n = 0;

	for (; n < TOP; n++) {
		uint32_t best = TERM_NOWHERE;
		for (uint32_t t = 0; t < names_n; t++)
			if (scores[t] > 0 && !is_in(r->has, r->has_n, t) &&
			    !is_in(top, (uint32_t)n, t) &&
			    (best == TERM_NOWHERE || scores[t] > scores[best]))
				best = t;
		if (best == TERM_NOWHERE)
			break;
		top[n] = best;
	}
	return n;
}

static double
ndcg(const struct row *r, size_t n)
{
	double got = 0, ideal = 0;

	for (size_t i = 0; i < n; i++)
		if (is_in(r->hidden, r->hidden_n, top[i]))
			got += 1 / log2((double)i + 2);
	for (uint32_t i = 0; i < MIN(r->hidden_n, (uint32_t)TOP); i++)
		ideal += 1 / log2((double)i + 2);
	return got / ideal;
}

static double
recall(const struct row *r, size_t n)
{
	unsigned hits = 0;

	for (size_t i = 0; i < n; i++)
		hits += is_in(r->hidden, r->hidden_n, top[i]);
	return (double)hits / (double)r->hidden_n;
}

static double
reciprocal(const struct row *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_in(r->hidden, r->hidden_n, top[i]))
			return 1 / (double)(i + 1);
	return 0;
}

/* ---- T4 ---- */

enum { WANT_HAVE, WANT_POPULAR, WANT_ITEM, WANT_USER, WANT_OURS, WANT_METHODS };
static const char *const want_names[] = { "popularity (have)",
	"popularity (new wants)", "item-kNN", "user-kNN (40)",
	"match/next.c (ours)" };

static unsigned
common_of(const struct row *a, const struct row *b)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < a->has_n; i++)
		n += is_in(b->has, b->has_n, a->has[i]);
	return n;
}

/* The 40 most similar people, or all of them. */
static void
user_knn(const struct row *q, double *scores)
{
	static double like[ROWS], sorted[ROWS];
	size_t n = 0;

	for (uint32_t i = 0; i < rows_n; i++) {
		const struct row *r = &rows[i];
		like[i] = 0;
		if (r->third == q->third || r->has_n == 0 || !r->asked)
			continue;
		like[i] =
		    common_of(q, r) / sqrt((double)q->has_n * (double)r->has_n);
		sorted[n++] = like[i];
	}
	for (size_t i = 0; i < 40 && i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			if (sorted[j] > sorted[i]) {
				const double t = sorted[i];
				sorted[i] = sorted[j];
				sorted[j] = t;
			}
	for (uint32_t i = 0; i < rows_n; i++)
		if (like[i] > 0 && like[i] >= sorted[MIN(n, (size_t)40) - 1])
			for (uint32_t k = 0; k < rows[i].hidden_n; k++)
				scores[rows[i].hidden[k]] += like[i];
}

static void
simple_scores(const struct row *q, int method, double *scores)
{
	static double df[TERMS];

	memset(df, 0, sizeof(df));
	if (method == WANT_USER) {
		user_knn(q, scores);
		return;
	}
	for (uint32_t i = 0; i < rows_n; i++) {
		const struct row *r = &rows[i];
		if (r->third == q->third || !r->asked)
			continue;
		const unsigned common = common_of(q, r);
		for (uint32_t k = 0; k < r->has_n; k++)
			scores[r->has[k]] += method == WANT_HAVE;
		for (uint32_t k = 0; k < r->hidden_n; k++) {
			df[r->hidden[k]]++;
			scores[r->hidden[k]] += method == WANT_POPULAR ? 1
						: method == WANT_ITEM  ? common
								       : 0;
		}
	}
	/* Cosine of the item and what is held. */
	for (uint32_t t = 0; method == WANT_ITEM && t < names_n; t++)
		scores[t] /= sqrt(MAX(df[t], 1.0));
}

static struct next_list
list_of(const uint32_t *at, uint32_t n)
{
	return (struct next_list){ at, n };
}

static size_t
ours(const struct row *q)
{
	const struct next_options o = { .terms = names_n };
	struct next_suggestion out[TOP];
	struct next *n;

	ASSERT(next_new(&o, q->has, q->has_n, &n) == OK);
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < rows_n; i++) {
			const struct row *r = &rows[i];
			if (r->third == q->third && r->asked)
				continue;
			(round == 0 ? next_count_card : next_weigh_card)(n,
			    list_of(r->has, r->has_n),
			    list_of(r->wants, r->wants_n));
		}
		if (round == 0)
			next_turn(n);
	}
	const size_t found = next_best(n, out, TOP);
	for (size_t i = 0; i < found; i++)
		top[i] = out[i].at;
	next_free(n);
	return found;
}

static size_t
rank_wants(const struct row *q, int method)
{
	static double scores[TERMS];

	if (method == WANT_OURS)
		return ours(q);
	memset(scores, 0, sizeof(scores));
	simple_scores(q, method, scores);
	return best_of(scores, q);
}

static void
deal(uint64_t *seed)
{
	static uint32_t order[ROWS];

	for (uint32_t i = 0; i < rows_n; i++)
		order[i] = i;
	for (uint32_t i = rows_n; i > 1; i--) {
		const uint32_t j = (uint32_t)eval_chance(seed, i);
		const uint32_t t = order[i - 1];
		order[i - 1] = order[j];
		order[j] = t;
	}
	unsigned k = 0;
	for (uint32_t i = 0; i < rows_n; i++)
		if (rows[order[i]].asked)
			rows[order[i]].third = k++ % 3;
}

static bool
eval_wants(void)
{
	static double sums[WANT_METHODS][ROWS];
	double half[WANT_METHODS][2] = { { 0 } };
	unsigned n[2] = { 0 };
	uint64_t seed = 20262;

	if (!read_survey())
		return false;
	for (unsigned round = 0; round < ROUNDS; round++) {
		deal(&seed);
		for (uint32_t i = 0; i < rows_n; i++)
			for (int m = 0; rows[i].asked && m < WANT_METHODS; m++)
				sums[m][i] +=
				    ndcg(&rows[i], rank_wants(&rows[i], m)) /
				    ROUNDS;
	}
	static double odd[WANT_METHODS][ROWS];
	for (uint32_t i = 0; i < rows_n; i++) {
		if (!rows[i].asked)
			continue;
		for (int m = 0; m < WANT_METHODS; m++) {
			half[m][i % 2] += sums[m][i];
			/* Respondents count from 1. */
			if (i % 2 == 0)
				odd[m][n[0]] = sums[m][i];
		}
		n[i % 2]++;
	}
	eval_note("T4, nDCG@10: %u people; %u of odd number are reported\n",
	    n[0] + n[1], n[0]);
	eval_note("%-24s %9s %9s %9s\n", "", "reported", "tuned", "all");
	for (int m = 0; m < WANT_METHODS; m++) {
		eval_note("%-24s %9.3f %9.3f %9.3f\n", want_names[m],
		    half[m][0] / n[0], half[m][1] / n[1],
		    (half[m][0] + half[m][1]) / (n[0] + n[1]));
	}
	double share, low, high;
	eval_better(odd[WANT_OURS], odd[WANT_USER], n[0], &share, &low, &high);
	eval_note("ours - user-kNN: 95 %% of resamples in %+.3f .. %+.3f\n",
	    low, high);
	eval_figure("eval.t4.ndcg10", half[WANT_OURS][0] / n[0], "", 0.34,
	    "popularity(want)", half[WANT_POPULAR][0] / n[0]);
	forget();
	return true;
}

/* ---- hidden skills ---- */

enum {
	HID_POPULAR,
	HID_COUNT,
	HID_RA,
	HID_COSINE,
	HID_GIVEN,
	HID_RA_DF,
	HID_OURS,
	HID_METHODS
};
static const char *const hid_names[] = { "popularity", "co-occurrence",
	"resource allocation", "cosine", "P(b given a)",
	"resource allocation / df", "match/next.c (ours)" };

static double df[TERMS];

static void
count_df(void)
{
	memset(df, 0, sizeof(df));
	for (uint32_t i = 0; i < rows_n; i++)
		for (uint32_t k = 0; k < rows[i].has_n; k++)
			df[rows[i].has[k]]++;
}

static bool
read_technology(void)
{
	static char line[4096];
	char path[1024], code[16] = "";
	uint64_t seed = 1;

	if (!eval_data("onet-29.2/Technology Skills.txt", path, sizeof(path)))
		return false;
	FILE *f = fopen(path, "r");
	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL) {
		char *example = strchr(line, '\t');
		example = example == NULL ? NULL : strchr(example + 1, '\t');
		if (example == NULL || rows_n == ROWS)
			continue;
		if (strncmp(code, line, 10) != 0)
			rows_n++;
		(void)snprintf(code, sizeof(code), "%.10s", line);
		example++;
		const uint32_t at = name_at(example, strcspn(example, "\t"));
		struct row *r = &rows[rows_n - 1];
		if (eval_chance(&seed, 10) == 0)
			put_in(r->hidden, &r->hidden_n, at);
		else
			put_in(r->has, &r->has_n, at);
	}
	(void)fclose(f);
	count_df();
	for (uint32_t i = 0; i < rows_n; i++) {
		struct row *r = &rows[i];
		/* What nobody else has cannot be found by any method. */
		uint32_t n = 0;
		for (uint32_t k = 0; k < r->hidden_n; k++)
			if (df[r->hidden[k]] > 0)
				r->hidden[n++] = r->hidden[k];
		r->hidden_n = n;
		r->asked = n > 0 && r->has_n > 0;
	}
	return rows_n > 100;
}

static void
hidden_scores(const struct row *q, int method, double *scores)
{
	for (uint32_t i = 0; i < rows_n; i++) {
		const struct row *r = &rows[i];
		double w = 0;
		for (uint32_t k = 0; k < r->has_n; k++)
			if (is_in(q->has, q->has_n, r->has[k]))
				w += method == HID_GIVEN ? 1 / df[r->has[k]]
				     : method == HID_COSINE
					 ? 1 / sqrt(df[r->has[k]])
				     : method == HID_RA_DF
					 ? 1 / df[r->has[k]] / (double)r->has_n
				     : method == HID_RA ? 1 / (double)r->has_n
							: 1;
		for (uint32_t k = 0; k < r->has_n; k++)
			scores[r->has[k]] += method == HID_POPULAR ? 1 : w;
	}
	for (uint32_t t = 0; method == HID_COSINE && t < names_n; t++)
		scores[t] /= sqrt(MAX(df[t], 1.0));
}

static size_t
our_hidden(const struct row *q)
{
	const struct next_options o = { .terms = names_n };
	struct next_suggestion out[TOP];
	struct next *n;

	ASSERT(next_new(&o, q->has, q->has_n, &n) == OK);
	for (uint32_t i = 0; i < rows_n; i++)
		next_count_occupation(n, list_of(rows[i].has, rows[i].has_n));
	next_turn(n);
	for (uint32_t i = 0; i < rows_n; i++)
		next_weigh_occupation(n, list_of(rows[i].has, rows[i].has_n));
	const size_t found = next_best(n, out, TOP);
	for (size_t i = 0; i < found; i++)
		top[i] = out[i].at;
	next_free(n);
	return found;
}

static bool
eval_hidden(void)
{
	static double scores[TERMS];
	double r10[HID_METHODS][2] = { { 0 } }, rr[HID_METHODS] = { 0 };
	unsigned n[2] = { 0 };

	if (!read_technology())
		return false;
	for (uint32_t i = 0; i < rows_n; i++) {
		if (!rows[i].asked)
			continue;
		n[i % 2]++;
		for (int m = 0; m < HID_METHODS; m++) {
			size_t found;
			memset(scores, 0, sizeof(scores));
			if (m == HID_OURS) {
				found = our_hidden(&rows[i]);
			} else {
				hidden_scores(&rows[i], m, scores);
				found = best_of(scores, &rows[i]);
			}
			r10[m][i % 2] += recall(&rows[i], found);
			rr[m] += i % 2 == 0 ? reciprocal(&rows[i], found) : 0;
		}
	}
	eval_note("\nhidden technology skills of O*NET: %u occupations, %u of "
		  "odd number are reported\n",
	    n[0] + n[1], n[0]);
	eval_note("%-24s %9s %9s %9s %9s\n", "recall@10", "reported", "tuned",
	    "all", "MRR@10");
	for (int m = 0; m < HID_METHODS; m++)
		eval_note("%-24s %9.3f %9.3f %9.3f %9.3f\n", hid_names[m],
		    r10[m][0] / n[0], r10[m][1] / n[1],
		    (r10[m][0] + r10[m][1]) / (n[0] + n[1]), rr[m] / n[0]);
	eval_figure("eval.hidden.recall10", r10[HID_OURS][0] / n[0], "", 0.565,
	    "P(b given a)", r10[HID_GIVEN][0] / n[0]);
	forget();
	return true;
}

int
main(int argc, char **argv)
{
	eval_begin(argc, argv);
	if (!eval_wants() || !eval_hidden())
		return eval_skip("next_eval", "the shared data is not there");
	return 0;
}
