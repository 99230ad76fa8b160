#include "match/index.h"

#include <stdlib.h>

#include "match/index_internal.h"

#define USES 64 /* steps of the credit of what is used */
#define STEP 64 /* units that have one bound */

/* A place that a posting may ask for, and what the card earns there. */
struct earning {
	uint32_t at;
	uint16_t credit;
};

struct reach {
	const struct part *part;
	uint16_t *fit;   /* of each posting at most, in SHARE_UNITS */
	uint32_t *taken; /* rarity * credit of what it asks for */
	int16_t *both;   /* the score */
};

struct search {
	const struct index_snapshot *s;
	const struct index *ix;
	const struct index_filter *filter;
	struct card card;
	const struct wishes *wishes;
	struct card_plan *plan;
	struct index_counts counts;
	struct top top;
	bool excluded;
	int32_t fits[UINT16_MAX / STEP + 1]; /* known ones, by units */
	int32_t wish_most;                   /* of any posting */
	int32_t wishes_most[USES + 1]; /* by what is used, -1: not known */
	uint32_t rarity;               /* of all that the card holds */
	struct earning *earnings;
	uint32_t earnings_n;
	struct reach *reaches;
	uint32_t reaches_n;
	struct bounds bounds;
	struct posting posting;
};

/* ---- what each posting may reach ---- */

/* The best credit of each place, level aside. */
NODISCARD static err
make_earnings(struct search *s)
{
	struct card_plan_parts p;
	uint32_t n;

	card_plan_parts(s->plan, &p);
	s->rarity = p.rarity;
	const struct relate_entry *e = relate_entries(p.fit, &n);
	s->earnings = calloc((size_t)n + 1, sizeof(*s->earnings));
	if (s->earnings == NULL)
		return ERR_NOMEM;
	struct earning *last = s->earnings;
	for (uint32_t i = 0; i < n; i++) {
		if (s->earnings_n > 0 && last->at == e[i].at) {
			last->credit = MAX(last->credit, e[i].credit);
			continue;
		}
		last = &s->earnings[s->earnings_n++];
		*last = (struct earning){ e[i].at, e[i].credit };
	}
	return OK;
}

static void
fit_raise(uint16_t *fit, uint32_t by)
{
	*fit = (uint16_t)MIN(*fit + by, (uint32_t)UINT16_MAX);
}

/* The fit that so many units stand for, at most. */
static int32_t
fit_of(struct search *s, uint16_t units)
{
	int32_t *known = &s->fits[units / STEP];

	if (*known < 0)
		*known = fit_of_share(
		    MIN((uint64_t)(units | (STEP - 1)), (uint64_t)SHARE_UNITS),
		    SHARE_UNITS);
	return *known;
}

/*
 * What a posting may come to. Those of which a card cannot tell anything may
 * ask for nothing at all, and have no line of what is used.
 */
static int32_t
both_most(struct search *s, uint16_t fit, uint32_t taken)
{
	if (fit == UINT16_MAX || s->rarity == 0)
		return score_both(fit_of(s, fit), s->wish_most);
	const uint64_t most = (uint64_t)s->rarity * CREDIT_MAX;
	const uint64_t uses =
	    MIN(((uint64_t)taken * USES + most - 1) / most, (uint64_t)USES);
	int32_t *wish = &s->wishes_most[uses];

	if (*wish < 0)
		*wish = card_plan_wish_most(
		    s->plan, (uint32_t)((uses * CREDIT_MAX + USES - 1) / USES));
	return score_both(fit_of(s, fit), *wish);
}

NODISCARD static err
reach_new(struct search *s, const struct part *p, struct reach *r)
{
	const struct segment *seg = p->segment;
	const size_t room = (size_t)seg->n + 1;

	const uint8_t *rarity = s->ix->m.rarity->sixteenths;
	*r = (struct reach){ .part = p };
	r->fit = calloc(room, sizeof(*r->fit));
	r->taken = calloc(room, sizeof(*r->taken));
	r->both = calloc(room, sizeof(*r->both));
	if (r->fit == NULL || r->taken == NULL || r->both == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < s->earnings_n; i++) {
		const struct earning *e = &s->earnings[i];
		const struct list *l = segment_list(seg, e->at, 0);
		for (uint32_t k = 0; l != NULL && k < l->n; k++) {
			const uint32_t share = seg->shares[l->from + k];
			r->taken[share >> 16] +=
			    (uint32_t)rarity[e->at] * e->credit;
			fit_raise(&r->fit[share >> 16],
			    ((share & UINT16_MAX) * e->credit + CREDIT_MAX -
				1) /
				CREDIT_MAX);
		}
		s->counts.entries += l != NULL ? l->n : 0;
	}
	const struct list *any = segment_list(seg, LIST_ANYBODY(s->ix), 0);
	for (uint32_t k = 0; any != NULL && k < any->n; k++)
		r->fit[seg->shares[any->from + k] >> 16] = UINT16_MAX;
	for (uint32_t i = 0; i < seg->n; i++)
		r->both[i] = (int16_t)both_most(s, r->fit[i], r->taken[i]);
	return OK;
}

/* ---- postings ---- */

static void
look_at(struct search *s, const uint8_t *id, const uint8_t *bytes, int32_t both)
{
	if (!top_wants(&s->top, both, id))
		return;
	s->counts.records_read++;
	forward_posting(&s->ix->form, bytes, &s->posting);
	if (s->filter != NULL && !index_filter_posting(s->filter, &s->posting))
		return;
	s->counts.records_scored++;
	const struct score_brief f = card_plan_fit_brief(s->plan, &s->posting);
	if (!top_wants(&s->top, score_both(f.total, s->wish_most), id))
		return;
	const struct score_brief w = card_plan_wish_brief(s->plan, &s->posting);
	struct scan_result r = { .fit = f.total,
		.wish = w.total,
		.both = score_both(f.total, w.total),
		.excluded = f.excluded || w.excluded,
		.near = f.near || w.near };
	memcpy(r.id, id, RECORD_ID);
	if (r.excluded == s->excluded)
		top_put(&s->top, &r);
}

/* ---- the search ---- */

static void
try_posting(void *search, uint32_t reach, uint32_t i)
{
	struct search *s = search;
	const struct reach *r = &s->reaches[reach];
	const struct segment *seg = r->part->segment;

	if (!dead_at(r->part->dead, i))
		look_at(
		    s, seg->ids[i], seg->bytes + seg->offsets[i], r->both[i]);
}

static void
open_tail(struct search *s, const struct part *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (!dead_at(p->dead, i))
			look_at(
			    s, p->tail->ids[i], p->tail->records[i], SCORE_MAX);
	}
}

static void
search_run(struct search *s)
{
	for (uint32_t i = 0; i < s->s->parts_n; i++) {
		if (s->s->parts[i].tail != NULL)
			open_tail(s, &s->s->parts[i]);
	}
	bounds_run(&s->bounds, &s->top, try_posting, s);
}

NODISCARD static err
search_start(struct search *s)
{
	uint32_t stretches = 1;

	TRY(card_plan_new(&s->ix->m, &s->card, s->wishes, &s->plan));
	s->wish_most = card_plan_wish_most(s->plan, CREDIT_MAX + 1);
	memset(s->fits, 0xff, sizeof(s->fits));
	memset(s->wishes_most, 0xff, sizeof(s->wishes_most));
	TRY(make_earnings(s));
	for (uint32_t i = 0; i < s->s->parts_n; i++)
		stretches += s->s->parts[i].n / STRETCH + 1;
	s->reaches = calloc(s->s->parts_n + 1, sizeof(*s->reaches));
	s->bounds.stretches = calloc(stretches, sizeof(*s->bounds.stretches));
	if (s->reaches == NULL || s->bounds.stretches == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < s->s->parts_n; i++) {
		const struct part *p = &s->s->parts[i];
		if (p->segment == NULL)
			continue;
		const uint32_t at = s->reaches_n++;
		TRY(reach_new(s, p, &s->reaches[at]));
		bounds_put(&s->bounds, at, s->reaches[at].both, p->segment->n);
		s->counts.blocks += p->segment->blocks_n;
	}
	return OK;
}

static void
search_end(struct search *s)
{
	for (uint32_t i = 0; i < s->reaches_n; i++) {
		free(s->reaches[i].fit);
		free(s->reaches[i].taken);
		free(s->reaches[i].both);
	}
	free(s->reaches);
	free(s->bounds.stretches);
	free(s->earnings);
	card_plan_free(s->plan);
}

err
index_postings(const struct index_snapshot *s, const struct card *c,
    const struct wishes *w, const struct index_filter *f, bool with_excluded,
    struct scan_result *out, size_t max, size_t *n, struct index_counts *counts)
{
	struct search *x = calloc(1, sizeof(*x));

	*n = 0;
	if (x == NULL)
		return ERR_NOMEM;
	ASSERT(s->ix->kind == INDEX_POSTINGS);
	x->s = s;
	x->ix = s->ix;
	x->filter = f;
	x->wishes = w;
	x->card = *c;
	if (w != NULL)
		card_with_wishes(c, w, &x->card);
	x->bounds.width_bits = 6;
	x->top = (struct top){ out, max, 0 };
	err e = search_start(x);
	if (e == OK && max > 0) {
		search_run(x);
		*n = x->top.n;
	}
	if (e == OK && with_excluded && *n < max) {
		x->excluded = true;
		x->top = (struct top){ out + *n, max - *n, 0 };
		search_run(x);
		*n += x->top.n;
	}
	x->counts.records = s->live;
	if (counts != NULL)
		*counts = x->counts;
	search_end(x);
	free(x);
	return e;
}
