#include "index_world.h"

#include <stdio.h>
#include <stdlib.h>

static void
check(err e)
{
	if (e == OK)
		return;
	(void)fprintf(stderr, "index_world: %s\n", err_name(e));
	abort();
}

void
index_world_open(struct index_world *w, const struct world *world,
    enum index_kind kind, uint32_t tail_max)
{
	struct index_limits limits = index_limits_default;

	*w = (struct index_world){ .world = world, .kind = kind };
	limits.tail_max = tail_max;
	limits.seed = 7;
	check(index_new(&world->m, kind, &limits, &w->ix));
	if (kind == INDEX_PEOPLE)
		w->cards = calloc(INDEX_WORLD_MAX, sizeof(*w->cards));
	else
		w->postings = calloc(INDEX_WORLD_MAX, sizeof(*w->postings));
	ASSERT(w->cards != NULL || w->postings != NULL);
}

void
index_world_close(struct index_world *w)
{
	index_free(w->ix);
	free(w->cards);
	free(w->postings);
}

/* Where the id is, or a new place. */
static size_t
place_of(struct index_world *w, const uint8_t *id)
{
	for (size_t i = 0; i < w->n; i++) {
		if (memcmp(w->ids[i], id, RECORD_ID) == 0)
			return i;
	}
	ASSERT(w->n < INDEX_WORLD_MAX);
	memcpy(w->ids[w->n], id, RECORD_ID);
	return w->n++;
}

void
index_world_put_card(
    struct index_world *w, const uint8_t *id, const struct card *c)
{
	check(index_put_card(w->ix, id, c));
	w->cards[place_of(w, id)] = *c;
	ASSERT(index_has(w->ix, id));
}

void
index_world_put_posting(
    struct index_world *w, const uint8_t *id, const struct posting *p)
{
	check(index_put_posting(w->ix, id, p));
	w->postings[place_of(w, id)] = *p;
	ASSERT(index_has(w->ix, id));
}

void
index_world_remove(struct index_world *w, size_t i)
{
	ASSERT(index_remove(w->ix, w->ids[i]));
	ASSERT(!index_has(w->ix, w->ids[i]));
	ASSERT(!index_remove(w->ix, w->ids[i]));
	w->n--;
	memmove(w->ids[i], w->ids[w->n], RECORD_ID);
	if (w->cards != NULL)
		w->cards[i] = w->cards[w->n];
	else
		w->postings[i] = w->postings[w->n];
}

/* ---- the same search twice ---- */

static bool
next_card(void *ctx, struct card_item *item)
{
	struct index_world *w = ctx;

	for (; w->at < w->n; w->at++) {
		const size_t i = w->at;
		if (w->filter != NULL &&
		    !index_filter_card(w->filter, &w->cards[i]))
			continue;
		w->at++;
		*item =
		    (struct card_item){ w->ids[i], w->ids[i], &w->cards[i] };
		return true;
	}
	return false;
}

static bool
next_posting(void *ctx, struct posting_item *item)
{
	struct index_world *w = ctx;

	for (; w->at < w->n; w->at++) {
		const size_t i = w->at;
		if (w->filter != NULL &&
		    !index_filter_posting(w->filter, &w->postings[i]))
			continue;
		w->at++;
		*item = (struct posting_item){ w->ids[i], w->ids[i],
			&w->postings[i] };
		return true;
	}
	return false;
}

static void
compare(const struct scan_result *want, size_t want_n,
    const struct scan_result *got, size_t got_n)
{
	bool same = want_n == got_n;
	size_t i = 0;

	for (; i < want_n && same; i++)
		same = memcmp(want[i].id, got[i].id, RECORD_ID) == 0 &&
		       want[i].fit == got[i].fit &&
		       want[i].wish == got[i].wish &&
		       want[i].both == got[i].both &&
		       want[i].excluded == got[i].excluded &&
		       want[i].near == got[i].near;
	if (same)
		return;
	(void)fprintf(stderr, "index and scan differ: %zu and %zu, at %zu\n",
	    got_n, want_n, i - 1);
	for (size_t k = 0; k < MAX(want_n, got_n) && k < 12; k++) {
		const struct scan_result none = { .both = -1 };
		const struct scan_result *a = k < want_n ? &want[k] : &none;
		const struct scan_result *b = k < got_n ? &got[k] : &none;
		(void)fprintf(stderr,
		    "scan %02x%02x %d %d %d %d %d   "
		    "index %02x%02x %d %d %d %d %d\n",
		    a->id[0], a->id[1], a->fit, a->wish, a->both, a->excluded,
		    a->near, b->id[0], b->id[1], b->fit, b->wish, b->both,
		    b->excluded, b->near);
	}
	abort();
}

size_t
index_world_people(struct index_world *w, const struct posting *p,
    const struct index_filter *f, bool with_excluded, size_t max)
{
	struct scan_result *want = calloc(max + 1, sizeof(*want));
	struct scan_result *got = calloc(max + 1, sizeof(*got));
	const struct card_source source = { next_card, w };
	struct index_snapshot *s;
	size_t want_n, got_n;

	ASSERT(want != NULL && got != NULL);
	w->at = 0;
	w->filter = f;
	check(scan_people(
	    &w->world->m, p, &source, with_excluded, want, max, &want_n, NULL));
	check(index_snapshot_new(w->ix, &s));
	check(index_people(s, p, f, with_excluded, got, max, &got_n, NULL));
	index_snapshot_free(w->ix, s);
	compare(want, want_n, got, got_n);
	free(want);
	free(got);
	return got_n;
}

size_t
index_world_postings(struct index_world *w, const struct card *c,
    const struct wishes *wishes, const struct index_filter *f,
    bool with_excluded, size_t max)
{
	struct scan_result *want = calloc(max + 1, sizeof(*want));
	struct scan_result *got = calloc(max + 1, sizeof(*got));
	const struct posting_source source = { next_posting, w };
	struct index_snapshot *s;
	size_t want_n, got_n;

	ASSERT(want != NULL && got != NULL);
	w->at = 0;
	w->filter = f;
	check(scan_postings(&w->world->m, c, wishes, &source, with_excluded,
	    want, max, &want_n, NULL));
	check(index_snapshot_new(w->ix, &s));
	check(index_postings(
	    s, c, wishes, f, with_excluded, got, max, &got_n, NULL));
	index_snapshot_free(w->ix, s);
	compare(want, want_n, got, got_n);
	free(want);
	free(got);
	return got_n;
}

void
filter_random(uint64_t *seed, struct index_filter *out)
{
	static const char regions[][3] = { "de", "ke", "zz", "fr", "nn" };
	static const uint32_t languages[] = { 0x6465, 0x656e, 0x7377 };

	*out = (struct index_filter){ 0 };
	if (chance(seed, 3) == 0) {
		out->regions_n = (uint16_t)(1 + chance(seed, 2));
		out->regions = &regions[chance(seed, 4)];
	}
	if (chance(seed, 3) == 0) {
		out->languages_n = (uint16_t)(1 + chance(seed, 2));
		out->languages = &languages[chance(seed, 2)];
	}
	if (chance(seed, 3) == 0)
		out->remote = (uint32_t)chance(seed, 16);
	if (chance(seed, 3) == 0)
		out->hours = (uint32_t)chance(seed, 64);
	if (chance(seed, 3) == 0)
		out->seeks = 1U << chance(seed, 8);
	if (chance(seed, 3) == 0)
		out->types = (uint32_t)chance(seed, 128);
	if (chance(seed, 3) == 0)
		out->contracts = (uint32_t)chance(seed, 256);
	if (chance(seed, 4) == 0)
		out->hours_max = (uint32_t)chance(seed, 45);
	if (chance(seed, 4) == 0)
		out->pay =
		    (struct pay){ chance(seed, 500000) + 1, 0, "EUR", 4 };
}
