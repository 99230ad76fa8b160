/*
 * t2.h: task T2: a person looks for the demand of the own occupation among
 * those of all. Right is the occupation that the person was made from
 * (gain 3), and less so those of the same ISCO group (gain 1).
 */
#pragma once

#include "esco.h"

#define T2_RECALL_AT 50
#define T2_GAIN_AT   10

/* A question, and how well an order of all demands answers it. */
struct t2_marks {
	double mrr;    /* 1 / rank of the occupation itself */
	double recall; /* share of the right ones within T2_RECALL_AT */
	double ndcg;   /* at T2_GAIN_AT */
};

/**
 * t2_mark(e, of, scores):
 * ${scores}[i] is for ${e}->occupations[i]; larger is better, on a tie the
 * earlier one comes first.
 */
struct t2_marks t2_mark(const struct esco *e, size_t of, const double *scores);

/** t2_ours(m, postings, n, c, fit, both): as a person without wishes. */
void t2_ours(const struct meaning *m, const struct posting *postings, size_t n,
    const struct card *c, double *fit, double *both);

/** t2_coverage(p, c): the share of requirements that are held. */
double t2_coverage(const struct posting *p, const struct card *c);

/*
 * The usual methods: vectors of terms, also with everything broader added at
 * a discount for each step.
 */
struct t2_rivals;
enum t2_rival {
	T2_COVERAGE,
	T2_JACCARD,
	T2_TFIDF,
	T2_BM25,
	T2_TFIDF_UP,
	T2_BM25_UP,
	T2_RIVALS
};

/** t2_rivals_new(e, discount): of a step up; .35 in the domain notes. */
struct t2_rivals *t2_rivals_new(const struct esco *e, double discount);
void t2_rivals_free(struct t2_rivals *r);

/** t2_rivals_score(r, c, out): by rival, then by occupation. */
void t2_rivals_score(
    struct t2_rivals *r, const struct card *c, double *out[T2_RIVALS]);

/** t2_rival_name(rival): "BM25"; static text. */
const char *t2_rival_name(enum t2_rival rival);

/**
 * t2_odds(e, s, c, scores):
 * By occupation: the odds that ${c} was made from it, by how esco_person()
 * makes people with ${s} (skills as if drawn one by one, so not exact). No
 * ranking can know this; it tells how much of a question can be answered.
 */
void t2_odds(const struct esco *e, const struct esco_person *s,
    const struct card *c, double *scores);
