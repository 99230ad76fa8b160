#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/people.h"

#define LIMIT_LAG 50 /* how far a limit may be behind */

/* ---- what may be wanted ---- */

static void
credit_add(struct wish_bounds *w, uint16_t credit)
{
	uint8_t i = w->credits_n;

	for (uint8_t k = 0; k < w->credits_n; k++) {
		if (w->credits[k] == credit)
			return;
	}
	if (w->credits_n == CREDITS) { /* the last one stands for more */
		w->credits[CREDITS - 1] = MAX(w->credits[CREDITS - 1], credit);
		return;
	}
	for (; i > 0 && w->credits[i - 1] > credit; i--)
		w->credits[i] = w->credits[i - 1];
	w->credits[i] = credit;
	w->credits_n++;
}

/* The rank of a credit among those that occur; the last is for all above. */
static uint8_t
rank_of(const struct wish_bounds *w, uint16_t credit)
{
	uint8_t i = 0;

	while (i + 1 < w->credits_n && w->credits[i] < credit)
		i++;
	return (uint8_t)(i + 1);
}

static int
run_order(const void *a, const void *b)
{
	const struct wish_run *x = a, *y = b;

	if (x->want != y->want)
		return x->want < y->want ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

/* One run for neighbours that are worth the same. */
static void
join_runs(struct wish_bounds *w)
{
	uint32_t kept = 0;

	if (w->runs_n > 0)
		qsort(w->runs, w->runs_n, sizeof(*w->runs), run_order);
	for (uint32_t i = 0; i < w->runs_n; i++) {
		struct wish_run *last = &w->runs[kept - (kept > 0)];
		const struct wish_run *r = &w->runs[i];
		if (kept > 0 && last->want == r->want && r->first <= last->end)
			last->end = MAX(last->end, r->end);
		else
			w->runs[kept++] = *r;
	}
	w->runs_n = kept;
}

/* What wants both. */
static inline uint8_t
want_join(uint8_t a, uint8_t b)
{
	return (uint8_t)(MAX(a & 0xf0, b & 0xf0) | MAX(a & 0x0f, b & 0x0f));
}

NODISCARD static err
make_runs(struct search *s)
{
	struct wish_bounds *w = &s->wish;
	uint32_t n;
	const struct relate_entry *e = relate_entries(s->parts.wish, &n);

	for (uint32_t i = 0; i < n; i++)
		credit_add(w, e[i].credit);
	w->runs = malloc(((size_t)n + 1) * sizeof(*w->runs));
	if (w->runs == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t rank = s->ix->shape->rank[e[i].at];
		const uint8_t r = rank_of(w, e[i].credit);
		const bool learn = s->parts.given[e[i].item].group == 0;
		const uint8_t want = learn ? WANT(r, 0) : WANT(0, r);
		w->runs[i] = (struct wish_run){ rank, rank + 1, want };
		w->want_all = want_join(w->want_all, want);
	}
	w->runs_n = n;
	join_runs(w);
	return OK;
}

err
wish_bounds_make(struct search *s)
{
	struct wish_bounds *w = &s->wish;
	const uint32_t places = s->ix->shape->places_n;
	uint32_t n;
	const struct relate_entry *e = relate_entries(s->parts.wish, &n);

	TRY(make_runs(s));
	w->first = malloc(((size_t)places + 1) * sizeof(*w->first));
	w->filter = calloc(places / 64 + 1, sizeof(*w->filter));
	if (w->first == NULL || w->filter == NULL)
		return ERR_NOMEM;
	for (uint32_t i = n; i-- > 0;) {
		w->first[e[i].at] = i;
		w->filter[e[i].at / 64] |= UINT64_C(1) << e[i].at % 64;
	}
	memset(w->fits, 0xff, sizeof(w->fits));
	return OK;
}

void
wish_bounds_end(struct search *s)
{
	free(s->wish.runs);
	free(s->wish.first);
	free(s->wish.filter);
}

/* ---- a card's ---- */

/* The best credit of a wanted term, by what the posting gives. */
static uint16_t
wish_credit(const struct search *s, uint32_t at, uint8_t level, uint8_t group)
{
	uint32_t n, best = 0;
	const struct relate_entry *e = relate_entries(s->parts.wish, &n);

	if ((s->wish.filter[at / 64] >> at % 64 & 1) == 0)
		return 0;
	for (uint32_t i = s->wish.first[at]; i < n && e[i].at == at; i++) {
		const struct relate_item *g = &s->parts.given[e[i].item];
		if (g->group != group)
			continue;
		const uint32_t credit =
		    e[i].credit * level_adequacy(level, g->level) / CREDIT_MAX;
		best = MAX(best, credit);
	}
	return (uint16_t)best;
}

static int32_t
wish_of(struct search *s, const struct wish_facts *f)
{
	const uint64_t facts =
	    1 | (uint64_t)f->aspirations << 1 | (uint64_t)f->purposes << 3 |
	    (uint64_t)f->hours << 4 | (uint64_t)f->first << 8 |
	    (uint64_t)f->second << 19 | (uint64_t)f->purpose << 30 |
	    (uint64_t)(f->uses + 1) << 41;
	struct known_wish *k =
	    &s->wish.known[facts * UINT64_C(0x9e3779b97f4a7c15) >> 56];

	if (k->facts != facts) {
		k->facts = facts;
		k->total = plan_wish_total(s->plan, f);
	}
	return k->total;
}

int32_t
view_wish(struct search *s, const struct forward_card_view *v, int32_t uses)
{
	struct wish_facts f = { .aspirations =
				    (uint8_t)MIN(v->aspirations_n, 2),
		.purposes = v->purposes_n > 0,
		.hours = v->hours,
		.uses = (int16_t)uses };
	const bool wide = s->ix->form.wide;
	size_t n = v->skills_n;

	for (uint16_t i = 0; i < v->aspirations_n; i++, n++) {
		const uint16_t credit =
		    wish_credit(s, forward_place(v->places, n, wide),
			forward_level(v->levels, n), 0);
		f.second = MAX(f.second, MIN(f.first, credit));
		f.first = MAX(f.first, credit);
	}
	for (uint16_t i = 0; i < v->purposes_n; i++, n++) {
		const uint16_t credit =
		    wish_credit(s, forward_place(v->places, n, wide), 0, 1);
		f.purpose = MAX(f.purpose, credit);
	}
	return wish_of(s, &f);
}

/* ---- what is possible ---- */

/* What the want stands for. */
static uint16_t
credit_of(const struct search *s, unsigned rank)
{
	return rank == 0 ? 0 : s->wish.credits[rank - 1];
}

int32_t
wish_bound(const struct search *s, uint8_t want, uint8_t kind, uint8_t hours,
    int32_t uses)
{
	const struct wish_facts f = { .aspirations = kind / 2,
		.purposes = kind % 2 != 0,
		.hours = hours,
		.first = credit_of(s, want >> 4),
		.second = credit_of(s, want >> 4),
		.purpose = credit_of(s, want & 15),
		.uses = (int16_t)uses };

	return plan_wish_total(s->plan, &f);
}

/* The same whatever the hours, of who uses so many USES-ths. */
static int32_t
wish_most(const struct search *s, struct limit *l, uint8_t want, uint8_t kind,
    uint32_t uses)
{
	int16_t *m = &l->most[uses];

	if (*m < 0)
		*m = (int16_t)plan_wish_most(s->plan, kind,
		    credit_of(s, want >> 4), credit_of(s, want & 15),
		    (uses * CREDIT_MAX + USES - 1) / USES, true);
	return *m;
}

int32_t
fit_most(struct search *s, uint32_t units)
{
	const struct sum_plan *p = s->plan_sums;
	int16_t *known = &s->wish.fits[units >> FINE_BITS];
	uint64_t share =
	    MIN(units | ((1U << FINE_BITS) - 1), (uint32_t)SUM_UNITS);

	if (*known >= 0)
		return *known;
	/* what cannot be told from a card counts if it is there in full */
	if (p->asks > 0)
		share = MIN((share * p->told + SUM_UNITS * p->asks) /
				    (p->told + p->asks) +
				1,
		    (uint64_t)SUM_UNITS);
	*known = (int16_t)(p->items_n == 0 ? SCORE_NEUTRAL
			   : p->told == 0  ? SCORE_MAX
					   : fit_of_share(share, SUM_UNITS));
	return *known;
}

/* Is score_both() so much? Without the division. */
static inline bool
both_is(int32_t fit, int32_t wish, int32_t least)
{
	return 2 * (int64_t)fit * wish >= (int64_t)least * (fit + wish);
}

/* More fit needs fewer uses: both are gone through once. */
static void
limit_make(struct search *s, uint8_t want, uint8_t kind, struct limit *l)
{
	const int32_t least = top_least(&s->top);
	uint32_t uses = USES;
	int32_t most = wish_most(s, l, want, kind, uses);

	l->both = MAX(least, 0);
	l->fit = FIT_BOUNDS << FIT_BITS;
	memset(l->uses, USES_UNKNOWN, sizeof(l->uses));
	for (uint32_t i = 0; i < FIT_BOUNDS; i++) {
		const int32_t fit = fit_most(s, ((i + 1) << FIT_BITS) - 1);
		if (!both_is(fit, most, least))
			continue;
		while (
		    uses > 0 &&
		    both_is(fit, wish_most(s, l, want, kind, uses - 1), least))
			uses--;
		l->uses[i] = (uint8_t)uses;
		l->fit = MIN(l->fit, i << FIT_BITS);
		if (uses == 0) { /* nor do those with more fit need any */
			memset(l->uses + i, 0, FIT_BOUNDS - i);
			break;
		}
		most = wish_most(s, l, want, kind, uses);
	}
}

void
limits_begin(struct search *s)
{
	for (unsigned w = 0; w < WANT_CLASSES; w++) {
		for (uint8_t kind = 0; kind <= KIND_CLOSED; kind++) {
			struct limit *l = &s->wish.limits[w][kind];
			l->both = -1;
			memset(l->most, 0xff, sizeof(l->most));
		}
		struct limit *closed = &s->wish.limits[w][KIND_CLOSED];
		closed->fit = FIT_BOUNDS << FIT_BITS;
		memset(closed->uses, USES_UNKNOWN, sizeof(closed->uses));
	}
}

/* An older one lets a few more through, and costs nothing. */
void
limits_open(struct search *s, uint8_t kind)
{
	const uint8_t all = s->wish.want_all;

	for (unsigned class = 0; class < WANT_CLASSES; class ++) {
		struct limit *l = &s->wish.limits[class][kind];
		const uint8_t want =
		    (uint8_t)(((class & WANT_LEARNS) != 0 ? all & 0xf0 : 0) |
			      ((class & WANT_CARES) != 0 ? all & 0x0f : 0));
		if (WANT_CLASS(want) != class)
			continue;
		if (l->both < 0 || top_least(&s->top) > l->both + LIMIT_LAG)
			limit_make(s, want, kind, l);
	}
}

/* ---- who wants ---- */

void
wants_open(struct search *s, uint32_t chunk)
{
	if (s->wants_chunk == chunk)
		return;
	memset(s->want, 0, s->wants_n);
	memset(s->learns, 0, sizeof(s->learns));
	memset(s->cares, 0, sizeof(s->cares));
	s->wants_chunk = chunk;
	s->wants_n =
	    MIN(s->part->segment->n - chunk * WANTS_CARDS, WANTS_CARDS);
	for (uint32_t r = 0; r < s->wish.runs_n; r++) {
		const struct wish_run *run = &s->wish.runs[r];
		uint32_t n, *bits = run->want >> 4 != 0 ? s->learns : s->cares;
		const uint16_t *e = cards_list(
		    &s->cards->wants, chunk, run->first, run->end, &n);
		for (uint32_t i = 0; i < n; i++) {
			s->want[e[i]] = want_join(s->want[e[i]], run->want);
			bits[e[i] / 32] |= 1U << e[i] % 32;
		}
	}
}
