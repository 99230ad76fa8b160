#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/internal.h"

#define VOTE_OCCUPATIONS 32 /* what more of them need tells little */

/* ---- in which order lists lie ---- */

/* What begins an order of its own: nothing lies above it. */
static bool
is_root(const struct vocabulary *v, uint32_t at)
{
	return vocabulary_broader(v, at).n == 0;
}

/* Level by level, each below the first place that it lies below. */
NODISCARD static err
make_ranks(const struct vocabulary *v, struct shape *s)
{
	uint32_t *order = malloc(((size_t)s->places_n + 1) * sizeof(*order));
	uint32_t n = 0;

	if (order == NULL)
		return ERR_NOMEM;
	memset(s->rank, 0xff, s->places_n * sizeof(*s->rank));
	for (uint32_t at = 0; at < s->places_n; at++) {
		if (is_root(v, at))
			order[n++] = at;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct term_list l = vocabulary_narrower(v, order[i]);
		s->rank[order[i]] = i;
		for (uint32_t k = 0; k < l.n; k++) {
			if (vocabulary_broader(v, l.at[k]).at[0] == order[i])
				order[n++] = l.at[k];
		}
	}
	ASSERT(n <= s->places_n);
	for (uint32_t at = 0; at < s->places_n; at++) {
		if (s->rank[at] == UINT32_MAX)
			s->rank[at] = n++;
	}
	free(order);
	return OK;
}

/* ---- which terms go together ---- */

struct occupation {
	uint32_t isco, at;
};

static int
occupation_order(const void *a, const void *b)
{
	const struct occupation *x = a, *y = b;

	if (x->isco != y->isco)
		return x->isco < y->isco ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/* Calls ${put} for each need of each occupation. */
static void
each_need(const struct vocabulary *v, const struct occupation *o, uint32_t n,
    void (*put)(struct shape *s, uint32_t at, uint32_t cluster, bool essential),
    struct shape *s)
{
	for (uint32_t i = 0; i < n; i++) {
		for (int essential = 0; essential < 2; essential++) {
			const struct term_list l =
			    vocabulary_needs(v, o[i].at, essential != 0);
			for (uint32_t k = 0; k < l.n; k++)
				put(s, l.at[k], i, essential != 0);
		}
	}
}

static void
count_need(struct shape *s, uint32_t at, uint32_t cluster, bool essential)
{
	(void)cluster;
	(void)essential;
	s->vote_from[at + 1]++;
}

/* Until all are there vote_from[at] is where the next one goes. */
static void
place_need(struct shape *s, uint32_t at, uint32_t cluster, bool essential)
{
	s->votes[s->vote_from[at]++] =
	    (struct vote){ cluster, essential ? 2 : 1 };
}

static void
weigh_votes(struct shape *s)
{
	for (uint32_t at = 0; at < s->places_n; at++) {
		const uint32_t n = s->vote_from[at + 1] - s->vote_from[at];
		for (uint32_t i = s->vote_from[at]; i < s->vote_from[at + 1];
		     i++)
			s->votes[i].weight = n > VOTE_OCCUPATIONS
						 ? 0
						 : s->votes[i].weight * 64 / n;
	}
}

NODISCARD static err
make_votes(const struct vocabulary *v, struct shape *s)
{
	struct occupation *o = calloc(s->places_n + 1, sizeof(*o));
	uint32_t n = 0;

	if (o == NULL)
		return ERR_NOMEM;
	for (uint32_t at = 0; at < s->places_n; at++) {
		if (vocabulary_type(v, at) == TERM_OCCUPATION)
			o[n++] =
			    (struct occupation){ vocabulary_isco(v, at), at };
	}
	qsort(o, n, sizeof(*o), occupation_order);
	s->clusters_n = n;
	each_need(v, o, n, count_need, s);
	for (uint32_t at = 0; at < s->places_n; at++)
		s->vote_from[at + 1] += s->vote_from[at];
	s->votes = calloc(s->vote_from[s->places_n] + 1, sizeof(*s->votes));
	if (s->votes != NULL) {
		each_need(v, o, n, place_need, s);
		memmove(s->vote_from + 1, s->vote_from,
		    s->places_n * sizeof(*s->vote_from));
		s->vote_from[0] = 0;
		weigh_votes(s);
	}
	free(o);
	return s->votes == NULL ? ERR_NOMEM : OK;
}

static void
make_told(const struct meaning *m, struct shape *s)
{
	for (uint32_t at = 0; at < s->places_n; at++) {
		const enum term_type t = vocabulary_type(m->vocabulary, at);
		if (t == TERM_SKILL || t == TERM_KNOWLEDGE)
			s->told[at] = m->rarity->sixteenths[at];
	}
}

err
shape_new(const struct meaning *m, struct shape **out)
{
	struct shape *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return ERR_NOMEM;
	s->places_n = vocabulary_size(m->vocabulary);
	s->rank = malloc(((size_t)s->places_n + 1) * sizeof(*s->rank));
	s->vote_from = calloc(s->places_n + 1, sizeof(*s->vote_from));
	s->told = calloc(s->places_n + 1, sizeof(*s->told));
	err e = s->rank == NULL || s->vote_from == NULL || s->told == NULL
		    ? ERR_NOMEM
		    : OK;
	if (e == OK)
		make_told(m, s);
	if (e == OK)
		e = make_ranks(m->vocabulary, s);
	if (e == OK)
		e = make_votes(m->vocabulary, s);
	if (e != OK) {
		shape_free(s);
		return e;
	}
	*out = s;
	return OK;
}

void
shape_free(struct shape *s)
{
	if (s == NULL)
		return;
	free(s->rank);
	free(s->vote_from);
	free(s->votes);
	free(s->told);
	free(s);
}

uint64_t
shape_bytes(const struct shape *s)
{
	return sizeof(*s) + s->places_n +
	       2 * ((uint64_t)s->places_n + 1) * sizeof(*s->rank) +
	       (uint64_t)s->vote_from[s->places_n] * sizeof(*s->votes);
}
