#include "t2.h"

#include <math.h>
#include <stdlib.h>

struct t2_marks
t2_mark(const struct esco *e, size_t of, const double *scores)
{
	const struct esco_occupation *o = e->occupations;
	struct t2_marks marks = { 0 };
	double gain = 0, best = 0;
	size_t right_n = 0, found = 0;

	for (size_t i = 0; i < e->occupations_n; i++) {
		if (i != of && strcmp(o[i].isco, o[of].isco) != 0)
			continue;
		size_t rank = 1;
		for (size_t k = 0; k < e->occupations_n; k++)
			rank += scores[k] > scores[i] ||
				(scores[k] == scores[i] && k < i);
		right_n++;
		found += rank <= T2_RECALL_AT;
		if (rank <= T2_GAIN_AT)
			gain += (i == of ? 3 : 1) / log2((double)rank + 1);
		if (right_n <= T2_GAIN_AT)
			best +=
			    (right_n == 1 ? 3 : 1) / log2((double)right_n + 1);
		if (i == of)
			marks.mrr = 1 / (double)rank;
	}
	marks.recall = (double)found / (double)right_n;
	marks.ndcg = gain / best;
	return marks;
}

void
t2_ours(const struct meaning *m, const struct posting *postings, size_t n,
    const struct card *c, double *fit, double *both)
{
	struct card_plan *plan;
	const err e = card_plan_new(m, c, NULL, &plan);

	ASSERT(e == OK);
	for (size_t i = 0; i < n; i++) {
		const int32_t f = card_plan_fit_brief(plan, &postings[i]).total;
		const int32_t w =
		    card_plan_brief(plan, &postings[i]).wish.total;
		fit[i] = f;
		both[i] = score_both(f, w);
	}
	card_plan_free(plan);
}

double
t2_coverage(const struct posting *p, const struct card *c)
{
	unsigned there = 0;

	for (uint16_t i = 0; i < p->requirements_n; i++) {
		for (uint16_t k = 0; k < c->skills_n; k++) {
			if (c->skills[k].at != p->requirements[i].at ||
			    c->skills[k].at == TERM_NOWHERE)
				continue;
			there++;
			break;
		}
	}
	return p->requirements_n == 0 ? 0 : (double)there / p->requirements_n;
}

/* ---- rivals ---- */

const char *
t2_rival_name(enum t2_rival rival)
{
	static const char *const names[T2_RIVALS] = { "coverage", "Jaccard",
		"TF-IDF", "BM25", "TF-IDF+up", "BM25+up" };

	return names[rival];
}

#define BM25_K 1.2
#define BM25_B 0.75

struct part {
	uint32_t at;
	double tf;
};

/* Postings as vectors. */
struct space {
	struct part **docs;
	uint32_t *docs_n;
	double *idf, *length, *norm; /* by place, by posting twice */
	double mean_length;
	double discount; /* 0: nothing broader */
};

struct t2_rivals {
	const struct esco *e;
	size_t places_n;
	struct space plain, up;
	double *weight; /* by place, of the query or of a posting */
	uint32_t *touched;
	size_t touched_n;
};

static void
touch(struct t2_rivals *r, uint32_t at, double tf)
{
	if (r->weight[at] == 0)
		r->touched[r->touched_n++] = at;
	r->weight[at] += tf;
}

/* A term, and all above it, each by the shortest way. */
static void
spread(struct t2_rivals *r, const struct space *s, uint32_t at, double tf)
{
	uint32_t above[512];
	size_t n = 0, from = 0;

	touch(r, at, tf);
	above[n++] = at;
	while (s->discount > 0 && from < n) {
		const size_t to = n;
		tf *= s->discount;
		for (; from < to; from++) {
			const struct term_list up =
			    vocabulary_broader(r->e->v, above[from]);
			for (uint32_t i = 0; i < up.n; i++) {
				bool seen = false;
				for (size_t k = 0; k < n && !seen; k++)
					seen = above[k] == up.at[i];
				if (seen || n == ARRAY_LEN(above))
					continue;
				above[n++] = up.at[i];
				touch(r, up.at[i], tf);
			}
		}
	}
}

static void
clear(struct t2_rivals *r)
{
	for (size_t i = 0; i < r->touched_n; i++)
		r->weight[r->touched[i]] = 0;
	r->touched_n = 0;
}

static void
space_make(struct t2_rivals *r, struct space *s, double discount)
{
	const size_t n = r->e->occupations_n;

	*s = (struct space){ .docs = calloc(n, sizeof(*s->docs)),
		.docs_n = calloc(n, sizeof(*s->docs_n)),
		.idf = calloc(r->places_n, sizeof(*s->idf)),
		.length = calloc(n, sizeof(*s->length)),
		.norm = calloc(n, sizeof(*s->norm)),
		.discount = discount };
	ASSERT(s->docs != NULL && s->docs_n != NULL && s->idf != NULL &&
	       s->length != NULL && s->norm != NULL);
	for (size_t i = 0; i < n; i++) {
		const struct posting *p = &r->e->postings[i];
		for (uint16_t k = 0; k < p->requirements_n; k++) {
			/* a few name what is protected: not understood */
			if (p->requirements[k].at != TERM_NOWHERE)
				spread(r, s, p->requirements[k].at,
				    p->requirements[k].weight / 100.0);
		}
		s->docs[i] = calloc(r->touched_n + 1, sizeof(struct part));
		ASSERT(s->docs[i] != NULL);
		for (size_t k = 0; k < r->touched_n; k++) {
			const uint32_t at = r->touched[k];
			s->docs[i][s->docs_n[i]++] =
			    (struct part){ at, r->weight[at] };
			s->idf[at]++;
			s->length[i] += r->weight[at];
		}
		s->mean_length += s->length[i] / (double)n;
		clear(r);
	}
	for (size_t at = 0; at < r->places_n; at++)
		s->idf[at] =
		    log(1 + ((double)n - s->idf[at] + .5) / (s->idf[at] + .5));
	for (size_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < s->docs_n[i]; k++) {
			const struct part *t = &s->docs[i][k];
			s->norm[i] += pow(t->tf * s->idf[t->at], 2);
		}
		s->norm[i] = sqrt(s->norm[i]);
	}
}

static void
space_free(struct space *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(s->docs[i]);
	free(s->docs);
	free(s->docs_n);
	free(s->idf);
	free(s->length);
	free(s->norm);
}

struct t2_rivals *
t2_rivals_new(const struct esco *e, double discount)
{
	struct t2_rivals *r = calloc(1, sizeof(*r));

	ASSERT(r != NULL);
	r->e = e;
	r->places_n = vocabulary_size(e->v);
	r->weight = calloc(r->places_n, sizeof(*r->weight));
	r->touched = calloc(r->places_n, sizeof(*r->touched));
	ASSERT(r->weight != NULL && r->touched != NULL);
	space_make(r, &r->plain, 0);
	space_make(r, &r->up, discount);
	return r;
}

void
t2_rivals_free(struct t2_rivals *r)
{
	space_free(&r->plain, r->e->occupations_n);
	space_free(&r->up, r->e->occupations_n);
	free(r->weight);
	free(r->touched);
	free(r);
}

/* The query's norm is the same for all and left out. */
static void
space_score(struct t2_rivals *r, const struct space *s, const struct card *c,
    double *cosine, double *bm25)
{
	for (uint16_t k = 0; k < c->skills_n; k++) {
		if (c->skills[k].at != TERM_NOWHERE)
			spread(r, s, c->skills[k].at, 1);
	}
	for (size_t i = 0; i < r->e->occupations_n; i++) {
		const double room =
		    BM25_K *
		    (1 - BM25_B + BM25_B * s->length[i] / s->mean_length);
		cosine[i] = bm25[i] = 0;
		for (uint32_t k = 0; k < s->docs_n[i]; k++) {
			const struct part *t = &s->docs[i][k];
			const double q = r->weight[t->at], idf = s->idf[t->at];
			if (q == 0)
				continue;
			cosine[i] += q * t->tf * idf * idf / s->norm[i];
			bm25[i] +=
			    q * idf * t->tf * (BM25_K + 1) / (t->tf + room);
		}
	}
	clear(r);
}

void
t2_rivals_score(
    struct t2_rivals *r, const struct card *c, double *out[T2_RIVALS])
{
	for (size_t i = 0; i < r->e->occupations_n; i++) {
		const struct posting *p = &r->e->postings[i];
		const double share = t2_coverage(p, c);
		const double n = p->requirements_n;
		out[T2_COVERAGE][i] = share;
		out[T2_JACCARD][i] = share * n / (n + c->skills_n - share * n);
	}
	space_score(r, &r->plain, c, out[T2_TFIDF], out[T2_BM25]);
	space_score(r, &r->up, c, out[T2_TFIDF_UP], out[T2_BM25_UP]);
}

/* ---- the odds ---- */

/* Of each skill, how often it comes when one skill of noise is drawn. */
static double *
noise_make(const struct esco *e)
{
	double *noise = calloc(e->skills_n, sizeof(*noise));

	ASSERT(noise != NULL);
	for (size_t i = 0; i < e->occupations_n; i++) {
		const struct esco_occupation *o = &e->occupations[i];
		for (size_t k = 0; k < o->essential_n; k++)
			noise[o->essential[k]] += 1 / (double)e->occupations_n /
						  (double)o->essential_n;
	}
	return noise;
}

/* How often a skill is kept: alone, and together with those of its group. */
struct kept {
	double *skill, *group;
};

static size_t
group_of(const struct esco *e, uint32_t skill)
{
	return (size_t)(e->skills[skill].same - e->by_group);
}

/* Returns how many are kept of ${o}; ${times} 0 takes all back. */
static double
keep(const struct esco *e, const struct esco_occupation *o,
    const struct kept *k, double times)
{
	const size_t n = o->essential_n + o->optional_n;
	double all = 0;

	for (size_t i = 0; i < n; i++) {
		const bool first = i < o->essential_n;
		const uint32_t skill =
		    first ? o->essential[i] : o->optional[i - o->essential_n];
		const double p = first ? times : times / 3;
		all += p;
		k->skill[skill] = p;
		k->group[group_of(e, skill)] =
		    times > 0 ? k->group[group_of(e, skill)] + p : 0;
	}
	return all;
}

void
t2_odds(const struct esco *e, const struct esco_person *s, const struct card *c,
    double *scores)
{
	const double drift = s->drift / 100.0;
	const double drawn =
	    c->skills_n * (double)s->noise / (100.0 + s->noise);
	const struct kept k = { calloc(e->skills_n, sizeof(double)),
		calloc(e->skills_n, sizeof(double)) };
	double *noise = noise_make(e);
	uint32_t held[CARD_SKILLS_MAX];
	size_t held_n = 0;

	ASSERT(k.skill != NULL && k.group != NULL);
	for (uint32_t i = 0; i < e->skills_n; i++)
		for (uint16_t j = 0; j < c->skills_n; j++)
			if (c->skills[j].term == e->skills[i].term)
				held[held_n++] = i;
	for (size_t i = 0; i < e->occupations_n; i++) {
		const struct esco_occupation *o = &e->occupations[i];
		scores[i] = -keep(e, o, &k, s->keep / 100.0);
		for (size_t j = 0; j < held_n; j++) {
			const uint32_t h = held[j];
			const uint32_t n = e->skills[h].same_n;
			double own = k.skill[h];
			if (n > 1)
				own = (1 - drift) * own +
				      drift * (k.group[group_of(e, h)] - own) /
					  (n - 1);
			scores[i] += log1p(own / (drawn * noise[h] + 1e-6));
		}
		(void)keep(e, o, &k, 0);
	}
	free(noise);
	free(k.skill);
	free(k.group);
}
