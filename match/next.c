#include "match/next.h"

#include <stdlib.h>

#define SMOOTH     5       /* people who are taken to be like everybody */
#define ALIKE_UNIT 16384U  /* of one person's likeness */
#define SHARE_UNIT 1000000 /* of people who want a term */
#define ASKED_MAX  (1U << 20)

enum { HELD = 1, NEVER = 2, WISH = 4 };

struct term {
	uint32_t held_by, wanted_by, needed_by, asked_by, occupations;
	uint32_t mark;
	uint8_t flags;
	uint64_t wanted, holds; /* likeness of those who want, and can */
	uint64_t beside, demand;
	uint64_t share;
};

/* One organisation and one term that it asks for. */
struct asked {
	uint64_t author;
	uint32_t at; /* TERM_NOWHERE: empty */
	uint32_t credit;
};

struct next {
	struct next_options o;
	uint32_t people, mark;
	uint64_t likeness; /* of all people */
	struct asked *asked;
	uint32_t asked_n, asked_cap; /* a power of two, or 0 */
	struct term terms[];
};

err
next_new(const struct next_options *o, const uint32_t *held, size_t held_n,
    struct next **out)
{
	struct next *n =
	    calloc(1, sizeof(*n) + (size_t)o->terms * sizeof(n->terms[0]));

	*out = n;
	if (n == NULL)
		return ERR_NOMEM;
	n->o = *o;
	if (n->o.k == 0)
		n->o.k = NEXT_K;
	if (n->o.asked_max == 0)
		n->o.asked_max = ASKED_MAX;
	for (size_t i = 0; i < MIN(held_n, (size_t)NEXT_HELD_MAX); i++)
		if (held[i] < o->terms)
			n->terms[held[i]].flags |= HELD;
	return OK;
}

void
next_free(struct next *n)
{
	if (n == NULL)
		return;
	free(n->asked);
	free(n);
}

void
next_never(struct next *n, uint32_t at)
{
	if (at < n->o.terms)
		n->terms[at].flags |= NEVER;
}

void
next_wish(struct next *n, uint32_t at)
{
	if (at < n->o.terms)
		n->terms[at].flags |= WISH;
}

/* Each known place of a list once, none that is marked already. */
static size_t
distinct(struct next *n, struct next_list list, uint32_t out[NEXT_TERMS_MAX])
{
	size_t found = 0;

	for (size_t i = 0; i < list.n && found < NEXT_TERMS_MAX; i++) {
		if (list.at[i] >= n->o.terms ||
		    n->terms[list.at[i]].mark == n->mark)
			continue;
		n->terms[list.at[i]].mark = n->mark;
		out[found++] = list.at[i];
	}
	return found;
}

/* Marks are not to come round again. */
static void
next_mark(struct next *n)
{
	if (++n->mark != 0)
		return;
	for (uint32_t i = 0; i < n->o.terms; i++)
		n->terms[i].mark = 0;
	n->mark = 1;
}

struct pair {
	uint32_t has[NEXT_TERMS_MAX], wants[NEXT_TERMS_MAX];
	size_t has_n, wants_n; /* wants without what is there already */
};

static void
read_pair(struct next *n, struct next_list has, struct next_list wants,
    struct pair *out)
{
	next_mark(n);
	out->has_n = distinct(n, has, out->has);
	out->wants_n = distinct(n, wants, out->wants);
}

/* ---- first round ---- */

void
next_count_card(struct next *n, struct next_list has, struct next_list wants)
{
	struct pair p;

	read_pair(n, has, wants, &p);
	n->people++;
	for (size_t i = 0; i < p.has_n; i++)
		n->terms[p.has[i]].held_by++;
	for (size_t i = 0; i < p.wants_n; i++)
		n->terms[p.wants[i]].wanted_by++;
}

void
next_count_occupation(struct next *n, struct next_list needs)
{
	uint32_t at[NEXT_TERMS_MAX];

	next_mark(n);
	const size_t found = distinct(n, needs, at);
	for (size_t i = 0; i < found; i++)
		n->terms[at[i]].needed_by++;
}

static struct asked *
asked_place(struct asked *table, uint32_t cap, uint64_t author, uint32_t at)
{
	uint64_t h =
	    (author ^ (uint64_t)at << 32) * UINT64_C(0x9e3779b97f4a7c15);

	for (uint32_t i = (uint32_t)(h >> 32);; i++) {
		struct asked *a = &table[i & (cap - 1)];
		if (a->at == TERM_NOWHERE ||
		    (a->author == author && a->at == at))
			return a;
	}
}

static err
asked_grow(struct next *n)
{
	const uint32_t cap = n->asked_cap == 0 ? 1024 : 2 * n->asked_cap;
	struct asked *bigger = malloc(cap * sizeof(*bigger));

	if (bigger == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < cap; i++)
		bigger[i] = (struct asked){ .at = TERM_NOWHERE };
	for (uint32_t i = 0; i < n->asked_cap; i++)
		if (n->asked[i].at != TERM_NOWHERE)
			*asked_place(bigger, cap, n->asked[i].author,
			    n->asked[i].at) = n->asked[i];
	free(n->asked);
	n->asked = bigger;
	n->asked_cap = cap;
	return OK;
}

err
next_count_demand(struct next *n, uint64_t author, struct next_list asks)
{
	uint32_t at[NEXT_TERMS_MAX];
	size_t held = 0;

	next_mark(n);
	const size_t found = distinct(n, asks, at);
	if (n->asked_n + found > n->o.asked_max)
		return ERR_LIMIT;
	while (2 * (n->asked_n + found) > n->asked_cap)
		TRY(asked_grow(n));
	for (size_t i = 0; i < found; i++)
		held += (n->terms[at[i]].flags & HELD) != 0;
	const uint32_t credit = (uint32_t)(1000 * (held + 1) / (found + 1));
	for (size_t i = 0; i < found; i++) {
		struct asked *a =
		    asked_place(n->asked, n->asked_cap, author, at[i]);
		if (a->at == TERM_NOWHERE) {
			*a = (struct asked){ author, at[i], 0 };
			n->asked_n++;
		}
		/* One organisation counts once, with its nearest demand. */
		a->credit = MAX(a->credit, credit);
	}
	return OK;
}

void
next_turn(struct next *n)
{
	for (uint32_t i = 0; i < n->asked_cap; i++) {
		if (n->asked[i].at == TERM_NOWHERE)
			continue;
		n->terms[n->asked[i].at].demand += n->asked[i].credit;
		n->terms[n->asked[i].at].asked_by++;
	}
}

/* ---- second round ---- */

/* How much it tells that somebody can this, in sixteenths of a bit. */
static uint64_t
weight_of(const struct next *n, uint32_t at)
{
	return log2_sixteenths(
	    2 + (uint64_t)n->people / MAX(n->terms[at].held_by, 1U));
}

static uint64_t
root_of(uint64_t v)
{
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1)
		if ((root | bit) * (root | bit) <= v)
			root |= bit;
	return root;
}

void
next_weigh_card(struct next *n, struct next_list has, struct next_list wants)
{
	struct pair p;
	uint64_t common = 0, all = 0;

	read_pair(n, has, wants, &p);
	for (size_t i = 0; i < p.has_n; i++) {
		const uint64_t w = weight_of(n, p.has[i]);
		all += w;
		if ((n->terms[p.has[i]].flags & HELD) != 0)
			common += w;
	}
	if (common == 0)
		return;
	/* (common / all^0.75)^2: those who can much are like everybody. */
	const uint64_t like =
	    common * common * ALIKE_UNIT / (all * MAX(root_of(all), 1U));
	n->likeness += like;
	for (size_t i = 0; i < p.has_n; i++)
		n->terms[p.has[i]].holds += like;
	for (size_t i = 0; i < p.wants_n; i++)
		n->terms[p.wants[i]].wanted += like;
}

/* floor(2^22 / 2^(i/16)) */
static const uint32_t power[16] = { 4194304, 4016479, 3846193, 3683127, 3526975,
	3377443, 3234250, 3097128, 2965820, 2840079, 2719669, 2604364, 2493948,
	2388212, 2286960, 2190000 };

/* What a held term tells of an occupation: 2^22 / needed_by^(5/8). */
static uint64_t
tells(const struct term *t)
{
	const uint32_t x = log2_sixteenths(MAX(t->needed_by, 1U)) * 5 / 8;

	return power[x % 16] >> (x / 16);
}

void
next_weigh_occupation(struct next *n, struct next_list needs)
{
	uint32_t at[NEXT_TERMS_MAX];
	uint64_t sum = 0;

	next_mark(n);
	const size_t found = distinct(n, needs, at);
	for (size_t i = 0; i < found; i++)
		if ((n->terms[at[i]].flags & HELD) != 0)
			sum += tells(&n->terms[at[i]]);
	if (sum == 0)
		return;
	/* Squared: one occupation that has much in common tells more than
	 * several that have a little. */
	for (size_t i = 0; i < found; i++) {
		n->terms[at[i]].beside += (sum * sum >> 16) / found;
		n->terms[at[i]].occupations++;
	}
}

/* ---- the best ---- */

/* Of the people alike who cannot do it yet, the share that wants to; with a
 * few more who are like everybody, for there may be few alike. */
static uint64_t
share_of(const struct next *n, const struct term *t)
{
	if (t->wanted_by < n->o.k)
		return 0;
	const uint64_t some = n->likeness * SMOOTH / n->people;
	const uint64_t free_people =
	    (uint64_t)(n->people - t->held_by) + SMOOTH;
	const uint64_t wanted = t->wanted + some * t->wanted_by / free_people;
	const uint64_t lack = n->likeness - t->holds + some;
	if (lack == 0)
		return (uint64_t)t->wanted_by * SHARE_UNIT / free_people;
	return wanted * SHARE_UNIT / lack;
}

static bool
before(const struct next_suggestion *a, const struct next_suggestion *b)
{
	return a->score != b->score ? a->score > b->score : a->at < b->at;
}

static void
keep(struct next_suggestion *out, size_t max, size_t *n,
    const struct next_suggestion *s)
{
	size_t i = *n;

	if (*n == max && !before(s, &out[max - 1]))
		return;
	if (*n < max)
		(*n)++;
	else
		i = max - 1;
	for (; i > 0 && before(s, &out[i - 1]); i--)
		out[i] = out[i - 1];
	out[i] = *s;
}

static uint32_t
part(uint64_t v, uint64_t best)
{
	/* Without an overflow for the largest sums. */
	while (best >> 40 != 0) {
		best >>= 1;
		v >>= 1;
	}
	return best == 0 ? 0 : (uint32_t)(v * NEXT_PART_MAX / best);
}

static struct next_suggestion
suggestion(const struct next *n, uint32_t at, const struct term *best)
{
	const struct term *t = &n->terms[at];
	struct next_suggestion s = { .at = at,
		.demand = part(t->demand, best->demand),
		.alike = part(t->share, best->share),
		.beside = part(t->beside, best->beside),
		.wish = (t->flags & WISH) != 0,
		.asked_by = t->asked_by,
		.wanted_by = t->wanted_by < n->o.k ? 0 : t->wanted_by,
		.occupations = t->occupations };

	uint64_t score = (uint64_t)s.demand * NEXT_DEMAND_WEIGHT +
			 (uint64_t)s.alike * NEXT_ALIKE_WEIGHT +
			 (uint64_t)s.beside * NEXT_BESIDE_WEIGHT;
	/* An aspiration alone is no news. */
	if (score > 0 && s.wish)
		score += (uint64_t)NEXT_PART_MAX * NEXT_WISH_WEIGHT;
	s.score = score;
	return s;
}

size_t
next_best(struct next *n, struct next_suggestion *out, size_t max)
{
	struct term best = { 0 };
	size_t found = 0;

	for (uint32_t i = 0; i < n->o.terms; i++) {
		struct term *t = &n->terms[i];
		if ((t->flags & (HELD | NEVER)) != 0)
			continue;
		t->share = share_of(n, t);
		best.demand = MAX(best.demand, t->demand);
		best.share = MAX(best.share, t->share);
		best.beside = MAX(best.beside, t->beside);
	}
	for (uint32_t i = 0; max > 0 && i < n->o.terms; i++) {
		if ((n->terms[i].flags & (HELD | NEVER)) != 0)
			continue;
		const struct next_suggestion s = suggestion(n, i, &best);
		if (s.score > 0)
			keep(out, max, &found, &s);
	}
	return found;
}
