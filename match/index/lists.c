#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/asked.h"

/* What a posting has of a feature, before it is sorted. */
struct found {
	uint32_t key; /* place * FEATURES + feature */
	uint32_t value;
};

struct gathering {
	const struct index *ix;
	struct found *found;
	uint64_t n, cap;
};

NODISCARD static err
found_put(struct gathering *g, uint32_t key, uint32_t value)
{
	if (g->n == g->cap) {
		const uint64_t cap = g->cap == 0 ? 65536 : g->cap * 2;
		void *p = realloc(g->found, cap * sizeof(*g->found));
		if (p == NULL)
			return ERR_NOMEM;
		g->found = p;
		g->cap = cap;
	}
	g->found[g->n++] = (struct found){ key, value };
	return OK;
}

/* By place and feature, entries in the order in which they were found. */
NODISCARD static err
make_lists(struct gathering *g, struct segment *s)
{
	const uint32_t places = g->ix->shape->places_n + 1;
	const uint32_t keys = places * FEATURES;
	uint32_t *count = calloc((size_t)keys + 1, sizeof(*count));
	uint32_t lists = 0, at = 0;

	s->list_from = calloc((size_t)places + 1, sizeof(*s->list_from));
	if (count == NULL || s->list_from == NULL)
		goto fail;
	for (uint64_t i = 0; i < g->n; i++)
		lists += count[g->found[i].key]++ == 0;
	s->entries_n = g->n;
	s->lists = calloc((size_t)lists + 1, sizeof(*s->lists));
	s->shares = malloc((s->entries_n + 1) * sizeof(*s->shares));
	if (s->lists == NULL || s->shares == NULL)
		goto fail;
	for (uint32_t k = 0; k < keys; k++) {
		const uint32_t n = count[k];
		if (k % FEATURES == 0)
			s->list_from[k / FEATURES] = s->lists_n;
		if (n > 0)
			s->lists[s->lists_n++] =
			    (struct list){ at, n, (uint8_t)(k % FEATURES) };
		count[k] = at;
		at += n;
	}
	s->list_from[places] = s->lists_n;
	for (uint64_t i = 0; i < g->n; i++)
		s->shares[count[g->found[i].key]++] = g->found[i].value;
	free(count);
	return OK;
fail:
	free(count);
	return ERR_NOMEM;
}

/* ---- postings ---- */

/*
 * An entry says which posting asks for the place, at the level that the
 * feature tells, and what share of its fit that is at most, in SHARE_UNITS.
 * Twice asked is there twice. Where a card can tell nothing of what is asked,
 * a requirement that it meets all the same is one unit.
 */
NODISCARD static err
posting_shares(struct gathering *g, const struct posting *p, uint32_t number)
{
	const uint8_t *rarity = g->ix->m.rarity->sixteenths;
	uint64_t all = 0;

	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		if (r->at != TERM_NOWHERE)
			all += (uint64_t)r->weight * g->ix->shape->told[r->at];
	}
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		if (r->at == TERM_NOWHERE)
			continue;
		const uint64_t weight = (uint64_t)r->weight * rarity[r->at];
		const uint64_t share =
		    all == 0 ? 1 : (weight * SHARE_UNITS + all - 1) / all;
		const unsigned feature =
		    r->level < ASKED_LEVELS ? r->level : ASKED_ANY;
		TRY(found_put(g, r->at * FEATURES + feature,
		    number << 16 |
			(uint32_t)MIN(share, (uint64_t)SHARE_UNITS)));
	}
	return OK;
}

/* What it teaches and invests in, and its purposes. */
NODISCARD static err
posting_gifts(struct gathering *g, const struct posting *p, uint32_t number)
{
	for (uint16_t i = 0; i < p->teaches_n; i++) {
		const uint32_t at = p->teaches[i].at;
		if (at != TERM_NOWHERE)
			TRY(found_put(
			    g, at * FEATURES + FEATURE_TEACHES, number << 16));
	}
	for (uint16_t i = 0; i < p->invests_n; i++) {
		const uint32_t at = p->invests[i].at;
		if (p->invests[i].term != 0 && at != TERM_NOWHERE)
			TRY(found_put(
			    g, at * FEATURES + FEATURE_TEACHES, number << 16));
	}
	for (uint16_t i = 0; i < p->purposes_n; i++) {
		const uint32_t at = p->purposes[i].at;
		if (at != TERM_NOWHERE)
			TRY(found_put(
			    g, at * FEATURES + FEATURE_PURPOSE, number << 16));
	}
	return OK;
}

err
posting_lists(const struct index *ix, struct segment *s)
{
	struct gathering g = { .ix = ix };
	struct posting *p = malloc(sizeof(*p));
	err e = p == NULL ? ERR_NOMEM : OK;

	ASSERT(s->n <= SEGMENT_JOBS);
	for (uint32_t i = 0; i < s->n && e == OK; i++) {
		const uint8_t *bytes = s->bytes + s->offsets[i];
		s->classes[i] = asked_class(ix, bytes);
		forward_posting(&ix->form, bytes, p);
		e = posting_shares(&g, p, i);
		if (e == OK)
			e = posting_gifts(&g, p, i);
	}
	if (e == OK)
		e = make_lists(&g, s);
	free(p);
	free(g.found);
	return e;
}
