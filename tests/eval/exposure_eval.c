/*
 * exposure_eval [--json]: what it costs and brings that people who are nearly
 * as good take turns on top of the lists (match/exposure.h). A market from
 * ESCO: people made from occupations, demands that ask for a part of an
 * occupation's skills, a few occupations far more often than others, so that
 * many demands want the same few. Each demand shows ten and asks the first
 * three; a person who is asked by several takes the one with the best score.
 *
 * The band that ships (EXPOSURE_BAND_DEFAULT) is the widest that cost next to
 * nothing on the first market, about a seventh of a percent of the scale; twice
 * that brings more, and costs three times as much. What is reported is the
 * second market. "exact" is the list by score; "shuffle" knows nothing of other
 * lists, as on separate nodes; "load" knows the lists that its own node made
 * before, twenty demands a node; "auction" sees all at once and is what could
 * be had.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "esco.h"
#include "eval.h"
#include "match/exposure.h"
#include "match/market.h"

#define PEOPLE   3000
#define DEMANDS  600
#define KEPT     100 /* of each list */
#define SHOWN    10
#define ASKED    3
#define NODE     20 /* demands a node has */
#define KEEP_ONE 60 /* percent of an occupation's skills that are asked */

struct world {
	struct esco *e;
	struct card *cards;
	struct posting *postings;
	struct scan_result (*lists)[KEPT];
	size_t n[DEMANDS];
};

struct marks {
	double gini, seen, filled, value, lost;
	uint32_t most;
};

/* Few of them often: the smaller of three draws. */
static size_t
some_occupation(const struct esco *e, uint64_t *seed)
{
	const uint64_t n = e->occupations_n;
	uint64_t best = eval_chance(seed, n);

	for (int i = 0; i < 3; i++) {
		const uint64_t x = eval_chance(seed, n);
		best = x < best ? x : best;
	}
	return (size_t)(best * 7919 % n); /* neighbours are not alike */
}

static void
make_people(struct world *w, uint64_t *seed)
{
	static const struct esco_person person = { 40, 30, 20 };

	for (size_t i = 0; i < PEOPLE; i++)
		esco_person(w->e, &person, some_occupation(w->e, seed), seed,
		    &w->cards[i]);
}

/* A part of the occupation's requirements. */
static void
make_demands(struct world *w, uint64_t *seed)
{
	for (size_t i = 0; i < DEMANDS; i++) {
		struct posting *p = &w->postings[i];
		uint16_t n = 0;
		*p = w->e->postings[some_occupation(w->e, seed)];
		for (uint16_t k = 0; k < p->requirements_n; k++)
			if (eval_chance(seed, 100) < KEEP_ONE)
				p->requirements[n++] = p->requirements[k];
		p->requirements_n = n;
	}
}

struct walk {
	const struct world *w;
	size_t at;
	uint8_t id[RECORD_ID];
};

static void
id_of(size_t i, uint8_t id[RECORD_ID])
{
	uint64_t x = i * UINT64_C(0x9e3779b97f4a7c15);

	memset(id, 0, RECORD_ID);
	put_u64be(id, x);
	put_u64be(id + 8, i);
}

static size_t
person_of(const uint8_t id[RECORD_ID])
{
	return (size_t)get_u64be(id + 8);
}

static bool
next_card(void *ctx, struct card_item *item)
{
	struct walk *x = ctx;

	if (x->at == PEOPLE)
		return false;
	id_of(x->at, x->id);
	*item = (struct card_item){ x->id, x->id, &x->w->cards[x->at++] };
	return true;
}

static void
make_lists(struct world *w)
{
	for (size_t i = 0; i < DEMANDS; i++) {
		struct walk walk = { .w = w };
		const struct card_source source = { next_card, &walk };
		if (scan_people(&w->e->m, &w->postings[i], &source, false,
			w->lists[i], KEPT, &w->n[i], NULL) != OK)
			abort();
	}
}

/* ---- a round of the market ---- */

/* Who asks first is no matter: everybody takes the best. */
static void
play(
    const struct world *w, struct scan_result (*lists)[KEPT], struct marks *out)
{
	static uint32_t shown[PEOPLE];
	static int32_t best[PEOPLE];
	static size_t by[PEOPLE];
	static int32_t got[DEMANDS];
	double lost = 0, value = 0;
	size_t entries = 0, filled = 0, seen = 0;

	memset(shown, 0, sizeof(shown));
	memset(best, 0, sizeof(best));
	memset(got, 0, sizeof(got));
	for (size_t i = 0; i < DEMANDS; i++)
		for (size_t k = 0; k < SHOWN && k < w->n[i]; k++) {
			const size_t p = person_of(lists[i][k].id);
			shown[p]++;
			lost += w->lists[i][k].both - lists[i][k].both;
			entries++;
			if (k < ASKED && lists[i][k].both > best[p]) {
				best[p] = lists[i][k].both;
				by[p] = i;
			}
		}
	for (size_t p = 0; p < PEOPLE; p++)
		if (best[p] > got[by[p]])
			got[by[p]] = best[p];
	for (size_t i = 0; i < DEMANDS; i++) {
		filled += got[i] > 0;
		value += got[i];
	}
	out->most = 0;
	for (size_t p = 0; p < PEOPLE; p++) {
		seen += shown[p] > 0;
		out->most = shown[p] > out->most ? shown[p] : out->most;
	}
	out->gini = exposure_gini(shown, PEOPLE) / 1000.0;
	out->seen = (double)seen / PEOPLE;
	out->filled = (double)filled / DEMANDS;
	out->value = value;
	out->lost = entries == 0 ? 0 : lost / (double)entries;
}

static void
reorder(const struct world *w, int32_t band, bool load,
    struct scan_result (*out)[KEPT])
{
	static uint16_t on[PEOPLE];

	for (size_t i = 0; i < DEMANDS; i++) {
		uint16_t loads[KEPT];
		uint8_t key[8];
		if (i % NODE == 0)
			memset(on, 0, sizeof(on));
		put_u64be(key, i * UINT64_C(0xd1342543de82ef95));
		memcpy(out[i], w->lists[i], sizeof(out[i]));
		for (size_t k = 0; k < w->n[i]; k++)
			loads[k] = on[person_of(out[i][k].id)];
		if (exposure_order(out[i], w->n[i], band, key,
			load ? loads : NULL, NULL) != OK)
			abort();
		for (size_t k = 0; k < SHOWN && k < w->n[i]; k++)
			on[person_of(out[i][k].id)]++;
	}
}

/* All lists at once: one person for each demand. */
static void
auction(const struct world *w, struct marks *out)
{
	uint32_t *start = calloc(DEMANDS + 1, sizeof(*start));
	struct market_edge *edges =
	    calloc((size_t)DEMANDS * KEPT, sizeof(*edges));
	struct market_result r;
	uint32_t n = 0;

	if (start == NULL || edges == NULL)
		abort();
	for (size_t i = 0; i < DEMANDS; i++) {
		for (size_t k = 0; k < w->n[i]; k++)
			edges[n++] = (struct market_edge){
				(uint32_t)person_of(w->lists[i][k].id),
				w->lists[i][k].both
			};
		start[i + 1] = n;
	}
	const struct market m = { DEMANDS, PEOPLE, start, edges, NULL, NULL };
	if (market_solve(&m, NULL, &r) != OK)
		abort();
	*out = (struct marks){ .filled = (double)r.pairs_n / DEMANDS,
		.value = (double)r.value };
	market_free(&r);
	free(start);
	free(edges);
}

/* ---- figures ---- */

static void
say(const char *name, int32_t band, const struct marks *m,
    const struct marks *exact)
{
	char figure[64];

	if (!eval_is_json())
		printf("%-8s %5d %7.3f %6u %7.1f %9.1f %9.2f %8.1f\n", name,
		    band, m->gini, m->most, m->seen * 100, m->filled * 100,
		    (m->value / exact->value - 1) * 100, m->lost);
	(void)snprintf(
	    figure, sizeof(figure), "exposure.%s.%d.gini", name, band);
	eval_figure(figure, m->gini, "", -1, "exact", exact->gini);
	(void)snprintf(
	    figure, sizeof(figure), "exposure.%s.%d.filled", name, band);
	eval_figure(figure, m->filled, "", -1, "exact", exact->filled);
	(void)snprintf(
	    figure, sizeof(figure), "exposure.%s.%d.value", name, band);
	eval_figure(figure, m->value, "", -1, "exact", exact->value);
}

static void
market(struct world *w, uint64_t seed, const char *title)
{
	static const int32_t bands[] = { 25, 50, 100, 200, 400, 800 };
	static struct scan_result lists[DEMANDS][KEPT];
	struct marks exact, m;

	make_people(w, &seed);
	make_demands(w, &seed);
	make_lists(w);
	play(w, w->lists, &exact);
	eval_note("%s: %d demands, %d people\n", title, DEMANDS, PEOPLE);
	eval_note("%-8s %5s %7s %6s %7s %9s %9s %8s\n", "order", "band", "gini",
	    "most", "seen %", "filled %", "value %", "points");
	say("exact", 0, &exact, &exact);
	for (int load = 0; load < 2; load++)
		for (size_t i = 0; i < sizeof(bands) / sizeof(*bands); i++) {
			reorder(w, bands[i], load == 1, lists);
			play(w, lists, &m);
			say(load == 1 ? "load" : "shuffle", bands[i], &m,
			    &exact);
		}
	auction(w, &m);
	if (!eval_is_json())
		printf("%-8s %5s %7s %6s %7s %9.1f %9.2f\n", "auction", "", "",
		    "", "", m.filled * 100, (m.value / exact.value - 1) * 100);
	eval_figure(
	    "exposure.auction.value", m.value, "", -1, "exact", exact.value);
}

int
main(int argc, char **argv)
{
	struct world w = { 0 };

	eval_begin(argc, argv);
	w.e = esco_open();
	if (w.e == NULL)
		return eval_skip("exposure_eval", "the ESCO data is not there");
	w.cards = calloc(PEOPLE, sizeof(*w.cards));
	w.postings = calloc(DEMANDS, sizeof(*w.postings));
	w.lists = calloc(DEMANDS, sizeof(*w.lists));
	if (w.cards == NULL || w.postings == NULL || w.lists == NULL)
		abort();
	if (!eval_is_json())
		market(&w, 20261, "first market (where the band was chosen)");
	market(&w, 20262, "second market");
	eval_note("gini, most: of how often each person is among the first %d; "
		  "seen: people who are on any list\n",
	    SHOWN);
	eval_note("filled: demands that get one of the %d they ask; value: sum "
		  "of their scores against exact; points: below the exact "
		  "list, on average\n",
	    ASKED);
	free(w.cards);
	free(w.postings);
	free(w.lists);
	esco_close(w.e);
	return 0;
}
