/*
 * t2_eval [--json]: does the ranking that a person sees put the right demands
 * first? Task T2 of the domain notes at three sizes of profile, with and
 * without drift, beside the usual methods over the same demands. Questions
 * with an even number were for tuning; what is printed comes from the odd.
 * The last row is no method: it knows how the people were made, and tells how
 * much there is to be had.
 */
#include <stdio.h>
#include <stdlib.h>

#include "eval.h"
#include "t2.h"

#define QUERIES  600
#define DISCOUNT 0.35 /* of a step up, for the rivals */
#define SEED     UINT64_C(20261)

struct setting {
	unsigned size;
	struct esco_person person;
};
static const struct setting settings[] = {
	{ 20, { 60, 30, 0 } },
	{ 20, { 60, 30, 40 } },
	{ 10, { 30, 50, 0 } },
	{ 10, { 30, 50, 40 } },
	{ 5, { 15, 50, 0 } },
	{ 5, { 15, 50, 60 } },
};

enum { OURS_FIT = T2_RIVALS, OURS, ODDS, METHODS };

struct marks {
	double mrr[QUERIES], recall[QUERIES], ndcg[QUERIES];
};

static const char *
method_name(int method)
{
	if (method < T2_RIVALS)
		return t2_rival_name((enum t2_rival)method);
	if (method == ODDS)
		return "odds";
	return method == OURS ? "both (ours)" : "fit (ours)";
}

static double
mean(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum / (double)n;
}

/* Of the reported half; returns the mean number of skills. */
static double
ask(const struct esco *e, struct t2_rivals *r, const struct setting *s,
    double *scores[METHODS], struct marks *marks)
{
	double skills = 0;

	for (size_t q = 0; q < QUERIES; q++) {
		uint64_t seed =
		    SEED + (2 * q + 1) * UINT64_C(0x9e3779b97f4a7c15);
		for (int i = 0; i < 8; i++)
			(void)eval_chance(&seed, 2);
		const size_t of =
		    2 * (size_t)eval_chance(&seed, e->occupations_n / 2) + 1;
		struct card c;
		esco_person(e, &s->person, of, &seed, &c);
		skills += c.skills_n;
		t2_rivals_score(r, &c, scores);
		t2_ours(&e->m, e->postings, e->occupations_n, &c,
		    scores[OURS_FIT], scores[OURS]);
		t2_odds(e, &s->person, &c, scores[ODDS]);
		for (int i = 0; i < METHODS; i++) {
			const struct t2_marks m = t2_mark(e, of, scores[i]);
			marks[i].mrr[q] = m.mrr;
			marks[i].recall[q] = m.recall;
			marks[i].ndcg[q] = m.ndcg;
		}
	}
	return skills / QUERIES;
}

static int
best_rival(const struct marks *marks, bool by_mrr)
{
	int best = 0;

	for (int i = 1; i < T2_RIVALS; i++) {
		const double *a = by_mrr ? marks[i].mrr : marks[i].recall;
		const double *b = by_mrr ? marks[best].mrr : marks[best].recall;
		if (mean(a, QUERIES) > mean(b, QUERIES))
			best = i;
	}
	return best;
}

static void
say(const struct setting *s, const struct marks *marks, bool by_mrr)
{
	const int rival = best_rival(marks, by_mrr);
	const double *a = by_mrr ? marks[OURS].mrr : marks[OURS].recall;
	const double *b = by_mrr ? marks[rival].mrr : marks[rival].recall;
	double share, low, high;
	char name[64];

	eval_better(a, b, QUERIES, &share, &low, &high);
	(void)snprintf(name, sizeof(name), "t2.skills%u.drift%u.%s", s->size,
	    s->person.drift, by_mrr ? "mrr" : "recall50");
	eval_note("  %-9s %.3f against %.3f (%s): %+.3f, 95%% of resamples "
		  "%+.3f to %+.3f\n",
	    by_mrr ? "MRR" : "recall@50", mean(a, QUERIES), mean(b, QUERIES),
	    method_name(rival), mean(a, QUERIES) - mean(b, QUERIES), low, high);
	eval_figure(name, mean(a, QUERIES), "", mean(b, QUERIES),
	    method_name(rival), mean(b, QUERIES));
}

int
main(int argc, char **argv)
{
	static struct marks marks[METHODS];
	double *scores[METHODS];
	struct esco *e;

	eval_begin(argc, argv);
	e = esco_open();
	if (e == NULL)
		return eval_skip("eval/t2", "no ../shared/data/esco-1.2.0");
	struct t2_rivals *r = t2_rivals_new(e, DISCOUNT);
	for (int i = 0; i < METHODS; i++) {
		scores[i] = calloc(e->occupations_n, sizeof(double));
		ASSERT(scores[i] != NULL);
	}
	eval_note("%d questions, %zu demands each; MRR, recall@%d, nDCG@%d\n",
	    QUERIES, e->occupations_n, T2_RECALL_AT, T2_GAIN_AT);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *s = &settings[i];
		const double size = ask(e, r, s, scores, marks);
		eval_note("\nabout %u skills (mean %.1f): keep %u, noise %u, "
			  "drift %u in hundredths\n",
		    s->size, size, s->person.keep, s->person.noise,
		    s->person.drift);
		for (int k = 0; k < METHODS; k++)
			eval_note("  %-12s %.3f  %.3f  %.3f\n", method_name(k),
			    mean(marks[k].mrr, QUERIES),
			    mean(marks[k].recall, QUERIES),
			    mean(marks[k].ndcg, QUERIES));
		say(s, marks, true);
		say(s, marks, false);
	}
	for (int i = 0; i < METHODS; i++)
		free(scores[i]);
	t2_rivals_free(r);
	esco_close(e);
	return 0;
}
