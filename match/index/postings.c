#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/asked.h"

/* What the postings of a part may come to. */
struct reach {
	const struct part *part;
	struct asked_reach most;
	uint32_t block, posting; /* numbers of the first, of all parts */
};

/*
 * What is left to look at, the highest bounds first: blocks, and postings of
 * blocks that have been opened.
 */
#define WAITS_WIDTH 16 /* bounds of one bucket */
#define WAITS       (SCORE_MAX / WAITS_WIDTH + 1)
#define NONE        UINT32_MAX
struct wait {
	uint32_t next; /* of the same bucket */
	int32_t both;
};
struct waits {
	uint32_t blocks[WAITS], postings[WAITS]; /* the first of each bucket */
	struct wait *block, *posting;            /* by number */
};

struct search {
	const struct index_snapshot *s;
	const struct index *ix;
	const struct index_filter *filter;
	struct card card;
	const struct wishes *wishes;
	struct card_plan *plan;
	struct asked_kernel *kernel;
	struct asked_wishes *most; /* of its wishes */
	struct index_counts counts;
	struct top top;
	bool excluded;
	struct reach *reaches;
	uint32_t reaches_n;
	struct waits waits;
	struct posting posting;
};

/* ---- what each posting may reach ---- */

NODISCARD static err
reach_all(struct search *s)
{
	uint32_t block = 0, posting = 0;

	for (uint32_t i = 0; i < s->s->parts_n; i++) {
		const struct part *p = &s->s->parts[i];
		if (p->segment == NULL)
			continue;
		struct reach *r = &s->reaches[s->reaches_n++];
		r->part = p;
		r->block = block;
		r->posting = posting;
		block += p->segment->blocks_n;
		posting += p->segment->n;
		TRY(asked_reach_new(s->kernel, s->most, p->segment, &r->most));
		s->counts.blocks += p->segment->blocks_n;
		s->counts.entries += r->most.entries;
	}
	s->waits.block = malloc(((size_t)block + 1) * sizeof(struct wait));
	s->waits.posting = malloc(((size_t)posting + 1) * sizeof(struct wait));
	return s->waits.block == NULL || s->waits.posting == NULL ? ERR_NOMEM
								  : OK;
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
wait_put(uint32_t heads[WAITS], struct wait *waits, uint32_t at, int32_t both)
{
	uint32_t *head = &heads[both / WAITS_WIDTH];

	waits[at] = (struct wait){ *head, both };
	*head = at;
}

static uint32_t
wait_take(uint32_t *head, const struct wait *waits)
{
	const uint32_t at = *head;

	if (at != NONE)
		*head = waits[at].next;
	return at;
}

static bool
block_may_enter(const struct search *s, int32_t both, const struct block *b)
{
	if (both != top_least(&s->top))
		return both > top_least(&s->top);
	/* as good as the last: only with a smaller id */
	return b->id_least <= get_u64be(s->top.out[s->top.n - 1].id);
}

static void
open_block(struct search *s, uint32_t block)
{
	int16_t both[BLOCK_RECORDS];
	const struct reach *r = s->reaches + s->reaches_n - 1;

	while (r->block > block)
		r--;
	block -= r->block;
	const uint32_t first = block * BLOCK_RECORDS;
	const uint32_t end = MIN(first + BLOCK_RECORDS, r->most.s->n);
	if (!block_may_enter(s, r->most.both[block], &r->most.s->blocks[block]))
		return;
	s->counts.blocks_opened++;
	asked_reach_block(&r->most, s->most, block, top_least(&s->top), both);
	for (uint32_t i = first; i < end; i++) {
		if (both[i - first] >= 0 && !dead_at(r->part->dead, i))
			wait_put(s->waits.postings, s->waits.posting,
			    r->posting + i, both[i - first]);
	}
}

static void
try_posting(struct search *s, uint32_t posting, int32_t both)
{
	const struct reach *r = s->reaches + s->reaches_n - 1;

	while (r->posting > posting)
		r--;
	const uint32_t i = posting - r->posting;
	const struct segment *seg = r->most.s;
	look_at(s, seg->ids[i], seg->bytes + seg->offsets[i], both);
}

/* A posting's bound is in the bucket of its block or one below. */
static void
search_segments(struct search *s)
{
	struct waits *w = &s->waits;
	uint32_t at;

	memset(w->blocks, 0xff, sizeof(w->blocks));
	memset(w->postings, 0xff, sizeof(w->postings));
	for (uint32_t i = 0; i < s->reaches_n; i++) {
		const struct reach *r = &s->reaches[i];
		for (uint32_t b = 0; b < r->most.s->blocks_n; b++)
			wait_put(
			    w->blocks, w->block, r->block + b, r->most.both[b]);
	}
	for (uint32_t b = WAITS; b-- > 0;) {
		if ((int32_t)(b + 1) * WAITS_WIDTH - 1 < top_least(&s->top))
			return;
		do {
			while ((at = wait_take(&w->postings[b], w->posting)) !=
			       NONE)
				try_posting(s, at, w->posting[at].both);
			at = wait_take(&w->blocks[b], w->block);
			if (at != NONE)
				open_block(s, at);
		} while (at != NONE);
	}
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
	search_segments(s);
}

NODISCARD static err
search_start(struct search *s)
{
	TRY(card_plan_new(&s->ix->m, &s->card, s->wishes, &s->plan));
	TRY(asked_kernel_new(
	    s->ix, s->plan, &s->card, s->wishes, s->filter, &s->kernel));
	s->reaches = calloc(s->s->parts_n + 1, sizeof(*s->reaches));
	s->most = malloc(sizeof(*s->most));
	if (s->reaches == NULL || s->most == NULL)
		return ERR_NOMEM;
	asked_wishes(s->kernel, s->most);
	return reach_all(s);
}

static void
search_end(struct search *s)
{
	for (uint32_t i = 0; i < s->reaches_n; i++)
		asked_reach_free(&s->reaches[i].most);
	free(s->reaches);
	free(s->waits.block);
	free(s->waits.posting);
	free(s->most);
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
