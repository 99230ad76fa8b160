#include "node/trust/gaps.h"

#include <stdlib.h>

#include "match/signal/week.h"
#include "node/signals.h"

#define GAP_WEEKS 156 /* looked back for when a gap began */

/* A term in a region, as some event has it. */
struct asked {
	uint64_t term;
	char region[3];
	uint16_t gap;
	uint32_t month;
};

struct gaps {
	struct asked *list; /* ascending, each once */
	size_t n;
	char (*regions)[3]; /* of each event's learner */
};

static bool
gap_of(const struct signal_row *row, int64_t *gap)
{
	const unsigned both = 1U << SIGNAL_DEMAND | 1U << SIGNAL_SUPPLY;

	*gap = (int64_t)row->amount[SIGNAL_DEMAND] -
	       (int64_t)row->amount[SIGNAL_SUPPLY];
	return (row->shown & both) == both && row->term != 0 &&
	       row->sector == SECTOR_ALL;
}

int
gap_share(const struct signal_row *rows, size_t n, const struct signal_row *row)
{
	uint64_t all = 0, less = 0;
	int64_t own, other;

	if (!gap_of(row, &own))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (memcmp(rows[i].region, row->region, 2) != 0 ||
		    !gap_of(&rows[i], &other))
			continue;
		all++;
		less += other < own;
	}
	/* Where there is no gap nobody answered one. */
	return own <= 0 || all == 0 ? 0 : (int)(less * 1000 / all);
}

static int
asked_cmp(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;

	if (x->term != y->term)
		return x->term < y->term ? -1 : 1;
	return memcmp(x->region, y->region, 2);
}

static void
region_of_learner(const uint8_t key[TRUST_KEY], const struct gap_own *own,
    struct store_view *view, char out[3])
{
	struct store_record s;

	memcpy(out, "", 1);
	if (store_get_slot(view, key, KIND_PROFILE, 0, &s) == OK &&
	    !s.deleted) {
		memcpy(out, s.region, 3);
		return;
	}
	for (size_t i = 0; i < own->n; i++)
		if (memcmp(own->personas[i].key, key, TRUST_KEY) == 0)
			memcpy(out, own->region, 3);
}

/* Learned terms of all events, with the regions of their learners. */
static err
collect(struct gaps *g, struct evidence_set *e, const struct gap_own *own,
    struct store_view *view)
{
	size_t n = 0;

	g->regions = calloc(e->events_n + 1, sizeof(*g->regions));
	g->list = calloc(e->events_n * LEARN_TERMS + 1, sizeof(*g->list));
	if (g->regions == NULL || g->list == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < e->events_n; i++) {
		region_of_learner(
		    e->events[i].learner, own, view, g->regions[i]);
		for (uint8_t k = 0; k < e->events[i].terms_n; k++) {
			struct asked *a = &g->list[g->n];
			if (!e->terms[i][k].learned || g->regions[i][0] == 0)
				continue;
			*a = (struct asked){ .term = e->terms[i][k].term,
				.gap = LEARN_NOT_TOLD };
			memcpy(a->region, g->regions[i], 3);
			g->n++;
		}
	}
	qsort(g->list, g->n, sizeof(*g->list), asked_cmp);
	for (size_t i = 0; i < g->n; i++)
		if (n == 0 || asked_cmp(&g->list[n - 1], &g->list[i]) != 0)
			g->list[n++] = g->list[i];
	g->n = n;
	return OK;
}

/* The first week in which there was one. */
static bool
on_week(void *ctx, const struct signal_week *w)
{
	struct gaps *g = ctx;
	int64_t gap;

	for (size_t i = 0; i < g->n; i++) {
		struct asked *a = &g->list[i];
		const struct signal_row *row =
		    signal_find(w->rows, w->n, a->term, a->region, SECTOR_ALL);
		if (a->month == 0 && row != NULL && gap_of(row, &gap) &&
		    gap > 0)
			a->month = learn_month((uint32_t)week_begins(w->week));
	}
	return true;
}

static err
look_up(struct gaps *g, struct store_view *view, struct signals *signals,
    const struct terms *terms, uint64_t now_s, uint32_t weeks)
{
	const uint32_t week = week_of_hour(now_s / 3600);
	const struct signal_release *r;
	bool any = false;
	const err e = signals_take(signals, view, terms, now_s, 0, &r);

	if (e != OK)
		return e == ERR_NOMEM ? e : OK;
	for (size_t i = 0; i < g->n; i++) {
		const struct signal_row *row = signal_find(r->rows, r->n,
		    g->list[i].term, g->list[i].region, SECTOR_ALL);
		const int share =
		    row == NULL ? -1 : gap_share(r->rows, r->n, row);
		if (share < 0)
			continue;
		g->list[i].gap = (uint16_t)share;
		any = true;
	}
	signals_give(signals, r);
	if (!any)
		return OK;
	const err read = signals_weeks(
	    signals, week > weeks ? week - weeks : 0, week + 1, on_week, g);
	for (size_t i = 0; i < g->n; i++)
		if (g->list[i].month == 0) /* only now */
			g->list[i].month =
			    learn_month((uint32_t)(now_s / 3600));
	return read;
}

err
gaps_fill(struct evidence_set *e, const struct gap_own *own,
    struct store_view *view, struct signals *signals, const struct terms *terms,
    uint64_t now_s, size_t *told, size_t *n)
{
	struct gaps g = { 0 };
	err rc = collect(&g, e, own, view);

	*told = *n = 0;
	if (rc == OK && g.n > 0 && signals != NULL)
		rc = look_up(&g, view, signals, terms, now_s, GAP_WEEKS);
	for (size_t i = 0; rc == OK && i < e->events_n; i++)
		for (uint8_t k = 0; k < e->events[i].terms_n; k++) {
			struct learn_term *t = &e->terms[i][k];
			struct asked want = { .term = t->term };
			if (!t->learned)
				continue;
			++*n;
			memcpy(want.region, g.regions[i], 3);
			const struct asked *a = bsearch(
			    &want, g.list, g.n, sizeof(want), asked_cmp);
			if (a == NULL || a->gap == LEARN_NOT_TOLD)
				continue;
			t->gap = a->gap;
			t->gap_month = a->month;
			++*told;
		}
	free(g.list);
	free(g.regions);
	return rc;
}
