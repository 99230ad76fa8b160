#include "match/index.h"

#include <stdlib.h>

#include "match/index_asked.h"

struct reach {
	const struct part *part;
	int16_t *both; /* the score of each posting at most */
};

struct search {
	const struct index_snapshot *s;
	const struct index *ix;
	const struct index_filter *filter;
	struct card card;
	const struct wishes *wishes;
	struct card_plan *plan;
	struct asked_kernel *kernel;
	struct index_counts counts;
	struct top top;
	bool excluded;
	struct reach *reaches;
	uint32_t reaches_n;
	struct bounds bounds;
	struct posting posting;
};

/* ---- what each posting may reach ---- */

NODISCARD static err
reach_new(struct search *s, const struct asked_wishes *w,
    struct asked_room *room, const struct part *p, struct reach *r)
{
	*r = (struct reach){ .part = p };
	r->both = malloc(((size_t)p->segment->n + 1) * sizeof(*r->both));
	if (r->both == NULL)
		return ERR_NOMEM;
	s->counts.entries +=
	    asked_bounds(s->kernel, w, p->segment, room, r->both);
	s->counts.blocks += p->segment->blocks_n;
	return OK;
}

NODISCARD static err
reach_all(struct search *s)
{
	struct asked_wishes *w = malloc(sizeof(*w));
	struct asked_room room = {
		.sums = calloc(SEGMENT_JOBS, sizeof(*room.sums)),
		.learn = calloc(SEGMENT_JOBS, sizeof(*room.learn)),
		.care = calloc(SEGMENT_JOBS, sizeof(*room.care)),
		.given = calloc(SEGMENT_JOBS, sizeof(*room.given)),
	};
	err e = w == NULL || room.sums == NULL || room.learn == NULL ||
			room.care == NULL || room.given == NULL
		    ? ERR_NOMEM
		    : OK;

	if (e == OK)
		asked_wishes(s->kernel, w);
	for (uint32_t i = 0; i < s->s->parts_n && e == OK; i++) {
		const struct part *p = &s->s->parts[i];
		if (p->segment == NULL)
			continue;
		const uint32_t at = s->reaches_n++;
		e = reach_new(s, w, &room, p, &s->reaches[at]);
		if (e == OK)
			bounds_put(
			    &s->bounds, at, s->reaches[at].both, p->segment->n);
	}
	free(w);
	free(room.sums);
	free(room.learn);
	free(room.care);
	free(room.given);
	return e;
}

/* ---- postings ---- */

static void
look_at(struct search *s, const uint8_t *id, const uint8_t *bytes, int32_t both)
{
	struct forward_posting_view v;
	bool missing;

	if (!top_wants(&s->top, both, id))
		return;
	s->counts.records_read++;
	forward_view_posting(bytes, s->ix->form.wide, &v);
	if (s->filter != NULL && !asked_wanted(s->kernel, &v))
		return;
	if (!s->excluded && !asked_passes(s->kernel, &v))
		return;
	if (!top_wants(&s->top,
		asked_both(s->kernel, &v, top_least(&s->top), &missing), id) ||
	    (missing && !s->excluded))
		return;
	forward_posting(&s->ix->form, bytes, &s->posting);
	if (s->filter != NULL && !index_filter_posting(s->filter, &s->posting))
		return;
	s->counts.records_scored++;
	const struct card_plan_brief b = card_plan_brief(s->plan, &s->posting);
	struct scan_result r = { .fit = b.fit.total,
		.wish = b.wish.total,
		.both = score_both(b.fit.total, b.wish.total),
		.excluded = b.fit.excluded || b.wish.excluded,
		.near = b.fit.near || b.wish.near };
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
	TRY(asked_kernel_new(
	    s->ix, s->plan, &s->card, s->wishes, s->filter, &s->kernel));
	for (uint32_t i = 0; i < s->s->parts_n; i++)
		stretches += s->s->parts[i].n / STRETCH + 1;
	s->reaches = calloc(s->s->parts_n + 1, sizeof(*s->reaches));
	s->bounds.stretches = calloc(stretches, sizeof(*s->bounds.stretches));
	if (s->reaches == NULL || s->bounds.stretches == NULL)
		return ERR_NOMEM;
	return reach_all(s);
}

static void
search_end(struct search *s)
{
	for (uint32_t i = 0; i < s->reaches_n; i++)
		free(s->reaches[i].both);
	free(s->reaches);
	free(s->bounds.stretches);
	asked_kernel_free(s->kernel);
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
