#include "match/index.h"

#include <stdlib.h>

#include "match/index_asked.h"

#define DENSE_SHARE 4 /* one block in so many has it */

/* What a block (or posting) has of a feature, before it is sorted. */
struct found {
	uint32_t key; /* place * FEATURES + feature */
	uint32_t value;
};

struct gathering {
	const struct index *ix;
	struct found *found;
	uint64_t n, cap;
	/* of the block at hand: 1 + least level class of each key */
	uint8_t *level;
	uint32_t *touched;
	uint32_t touched_n;
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

/* Whole stretches, so that they are read in steps of one size. */
static uint32_t
masks_stride(const struct segment *s)
{
	return (s->blocks_n + SUPER_BLOCKS - 1) / SUPER_BLOCKS * SUPER_BLOCKS;
}

/*
 * Lists of many blocks become masks, where they are of what bounds are made
 * of most: what is held, and what lies beside it.
 */
static bool
is_dense(const struct gathering *g, const struct segment *s, uint32_t key,
    uint32_t n)
{
	const unsigned feature = key % FEATURES;
	const enum term_type type =
	    vocabulary_type(g->ix->m.vocabulary, key / FEATURES);

	return (feature == FEATURE_HELD || feature == FEATURE_HELD_1) &&
	       (type == TERM_SKILL || type == TERM_KNOWLEDGE) &&
	       n >= masks_stride(s) / DENSE_SHARE;
}

/*
 * The lists by place and feature, their entries in the order in which they
 * were found. ${narrow}: entries of 16 bits.
 */
NODISCARD static err
make_lists(struct gathering *g, struct segment *s, bool narrow)
{
	const uint32_t places = g->ix->shape->places_n + 1;
	const uint32_t keys = places * FEATURES;
	uint32_t *count = calloc((size_t)keys + 1, sizeof(*count));
	uint32_t lists = 0, at = 0, masks = 0;

	s->list_from = calloc((size_t)places + 1, sizeof(*s->list_from));
	if (count == NULL || s->list_from == NULL)
		goto fail;
	for (uint64_t i = 0; i < g->n; i++)
		lists += count[g->found[i].key]++ == 0;
	for (uint32_t k = 0; k < keys && narrow; k++) {
		if (count[k] > 0 && is_dense(g, s, k, count[k])) {
			s->masks_n += masks_stride(s);
			s->entries_n -= count[k];
		}
	}
	s->entries_n += g->n;
	s->lists = calloc((size_t)lists + 1, sizeof(*s->lists));
	if (narrow)
		s->entries = malloc((s->entries_n + 1) * sizeof(*s->entries));
	else
		s->shares = malloc((s->entries_n + 1) * sizeof(*s->shares));
	s->masks = calloc(s->masks_n + 1, sizeof(*s->masks));
	if (s->lists == NULL || s->masks == NULL ||
	    (s->entries == NULL && s->shares == NULL))
		goto fail;
	for (uint32_t k = 0; k < keys; k++) {
		if (k % FEATURES == 0)
			s->list_from[k / FEATURES] = s->lists_n;
		if (count[k] == 0)
			continue;
		const uint32_t n = count[k];
		const bool dense = narrow && is_dense(g, s, k, n);
		s->lists[s->lists_n++] = (struct list){ dense ? masks : at, n,
			(uint8_t)(k % FEATURES), dense };
		count[k] = dense ? UINT32_MAX : at;
		at += dense ? 0 : n;
		masks += dense ? masks_stride(s) : 0;
	}
	s->list_from[places] = s->lists_n;
	for (uint64_t i = 0; i < g->n; i++) {
		if (count[g->found[i].key] == UINT32_MAX)
			continue;
		const uint32_t to = count[g->found[i].key]++;
		if (narrow)
			s->entries[to] = (uint16_t)g->found[i].value;
		else
			s->shares[to] = g->found[i].value;
	}
	free(count);
	return OK;
fail:
	free(count);
	return ERR_NOMEM;
}

/* ---- people ---- */

/* 0 to 3: level 1, 2, 3, or more; not told counts as the highest. */
static uint8_t
level_class(uint8_t level)
{
	return level == 0 ? 3 : (uint8_t)(MIN(level, (uint8_t)4) - 1);
}

static void
touch(struct gathering *g, uint32_t at, unsigned feature, uint8_t class)
{
	const uint32_t key = at * FEATURES + feature;

	if (g->level[key] == 0)
		g->touched[g->touched_n++] = key;
	g->level[key] = MAX(g->level[key], (uint8_t)(class + 1));
}

static void
block_widen(struct block *b, const struct forward_card_view *v, bool first)
{
	const uint8_t *at = v->languages;

	if (first)
		b->region_least = b->region_most = v->region;
	b->region_least = MIN(b->region_least, v->region);
	b->region_most = MAX(b->region_most, v->region);
	b->remote |= (uint8_t)(1U << v->remote);
	b->hours |= (uint8_t)(1U << v->hours);
	b->seeks |= v->seeks;
	b->offers |= v->offers;
	if (v->seeks == 0)
		b->silent |= SILENT_SEEKS;
	if (v->offers == 0)
		b->silent |= SILENT_OFFERS;
	if (v->languages_n == 0)
		b->languages |= LANGUAGE_NONE_BIT;
	for (uint16_t i = 0; i < v->languages_n; i++)
		b->languages |= language_bit(forward_language(&at).language);
}

/* Of all skills together; 0 when one may be there twice. */
static uint16_t
card_rarity(
    const struct gathering *g, const struct forward_card_view *v, bool wide)
{
	const uint8_t *rarity = g->ix->m.rarity->sixteenths;
	uint32_t sum = 0;

	for (uint16_t i = 0; i < v->skills_n; i++)
		sum += rarity[forward_place(v->places, i, wide)];
	return v->twice ? 0 : (uint16_t)sum;
}

static void
touch_card(struct gathering *g, const struct forward_card_view *v, bool wide)
{
	size_t n = 0;

	for (uint16_t i = 0; i < v->skills_n; i++, n++)
		touch(g, forward_place(v->places, n, wide), FEATURE_HELD,
		    level_class(forward_level(v->levels, n)));
	for (uint16_t i = 0; i < v->aspirations_n; i++, n++)
		touch(g, forward_place(v->places, n, wide), FEATURE_WANT, 3);
	for (uint16_t i = 0; i < v->purposes_n; i++, n++) {
		const uint32_t at = forward_place(v->places, n, wide);
		touch(g, at, FEATURE_CARE, 3);
		touch(g, at, FEATURE_HELD, 3);
	}
}

/* What the block holds, it holds a special case of further up. */
static void
touch_above(struct gathering *g)
{
	const struct shape *s = g->ix->shape;
	const uint32_t n = g->touched_n;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t key = g->touched[i];
		const uint32_t at = key / FEATURES;
		const unsigned feature = key % FEATURES;
		const uint8_t class = (uint8_t)(g->level[key] - 1);
		const unsigned steps = feature == FEATURE_HELD ? 3 : 2;
		for (uint32_t k = s->up_from[at]; k < s->up_from[at + 1]; k++) {
			if (s->up[k].steps <= steps)
				touch(g, s->up[k].at, feature + s->up[k].steps,
				    class);
		}
	}
}

NODISCARD static err
block_done(struct gathering *g, uint32_t block)
{
	for (uint32_t i = 0; i < g->touched_n; i++) {
		const uint32_t key = g->touched[i];
		TRY(found_put(
		    g, key, block << 2 | (uint32_t)(g->level[key] - 1)));
		g->level[key] = 0;
	}
	g->touched_n = 0;
	return OK;
}

NODISCARD static err
read_blocks(struct gathering *g, struct segment *s)
{
	const bool wide = g->ix->form.wide;
	const uint8_t *at = s->bytes;

	for (uint32_t i = 0; i < s->n; i++, at += forward_size(at)) {
		struct block *b = &s->blocks[i / BLOCK_RECORDS];
		struct forward_card_view v;
		forward_view_card(at, wide, &v);
		block_widen(b, &v, i % BLOCK_RECORDS == 0);
		touch_card(g, &v, wide);
		s->rarity[i] = card_rarity(g, &v, wide);
		if (i % BLOCK_RECORDS == 0)
			b->rarity_least = s->rarity[i];
		b->rarity_least = MIN(b->rarity_least, s->rarity[i]);
		if (i % BLOCK_RECORDS == BLOCK_RECORDS - 1 || i + 1 == s->n) {
			touch_above(g);
			TRY(block_done(g, i / BLOCK_RECORDS));
		}
	}
	return OK;
}

/* Where the masks of a dense list of a place begin, UINT32_MAX: nowhere. */
static uint32_t
masks_of(const struct segment *s, uint32_t at, unsigned feature)
{
	const struct list *l = segment_list(s, at, (uint8_t)feature);

	return l != NULL && l->dense ? l->from : UINT32_MAX;
}

static void
mark_card(const struct gathering *g, struct segment *s, uint32_t card,
    const uint32_t *held, const uint32_t *held_1)
{
	const struct shape *shape = g->ix->shape;
	const bool wide = g->ix->form.wide;
	const uint32_t block = card / BLOCK_RECORDS;
	const uint32_t bit = 1U << card % BLOCK_RECORDS;
	struct forward_card_view v;

	forward_view_card(
	    s->bytes + s->blocks[block].from + s->starts[card], wide, &v);
	const size_t wants = v.skills_n, wants_end = wants + v.aspirations_n;
	for (size_t i = 0; i < wants_end + v.purposes_n; i++) {
		if (i == wants)
			i = wants_end;
		if (i == wants_end + v.purposes_n)
			break;
		const uint32_t at = forward_place(v.places, i, wide);
		if (held[at] != UINT32_MAX)
			s->masks[held[at] + block] |= bit;
		for (uint32_t k = shape->up_from[at];
		     k < shape->up_from[at + 1]; k++) {
			const struct step_up *up = &shape->up[k];
			if (up->steps == 1 && held_1[up->at] != UINT32_MAX)
				s->masks[held_1[up->at] + block] |= bit;
		}
	}
}

NODISCARD static err
make_masks(const struct gathering *g, struct segment *s)
{
	const uint32_t places = g->ix->shape->places_n;
	uint32_t *held = malloc(((size_t)places * 2 + 1) * sizeof(*held));
	uint32_t *held_1 = held + places;

	if (held == NULL)
		return ERR_NOMEM;
	for (uint32_t at = 0; at < places; at++) {
		held[at] = masks_of(s, at, FEATURE_HELD);
		held_1[at] = masks_of(s, at, FEATURE_HELD_1);
	}
	for (uint32_t i = 0; i < s->n && s->masks_n > 0; i++)
		mark_card(g, s, i, held, held_1);
	free(held);
	return OK;
}

err
people_lists(const struct index *ix, struct segment *s)
{
	const size_t keys = (size_t)ix->shape->places_n * FEATURES;
	struct gathering g = { .ix = ix };
	err e = ERR_NOMEM;

	ASSERT(s->blocks_n <= SEGMENT_BLOCKS);
	g.level = calloc(keys + 1, 1);
	g.touched = malloc((keys + 1) * sizeof(*g.touched));
	if (g.level != NULL && g.touched != NULL)
		e = read_blocks(&g, s);
	if (e == OK)
		e = make_lists(&g, s, true);
	if (e == OK)
		e = make_masks(&g, s);
	free(g.level);
	free(g.touched);
	free(g.found);
	return e;
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
		e = make_lists(&g, s, false);
	free(p);
	free(g.found);
	return e;
}
