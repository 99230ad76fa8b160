/*
 * What must not count does not: protected attributes, Learnability, who comes
 * first, and that somebody tells little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/learn/learnability.h"
#include "match/scan.h"
#include "match_world.h"

#define PEOPLE 40
#define TOP    10
#define ROUNDS 2000

static struct world world;

static int
setup(void **state)
{
	(void)state;
	world_open(&world);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

static struct score
fit(const struct meaning *m, const struct posting *p, const struct card *c)
{
	struct score s;

	assert_int_equal(score_fit(m, p, c, &s), OK);
	return s;
}

static struct score
wish(const struct meaning *m, const struct posting *p, const struct card *c)
{
	struct score s;

	assert_int_equal(score_wish(m, p, c, NULL, &s), OK);
	return s;
}

/* Whoever brings such a term: it never gets a place, so it never scores. */
static void
test_protected_cannot_score(void **state)
{
	static const struct {
		const char *label;
		uint32_t language;
	} labels[] = {
		{ "religion", 0x656e }, { "my age", 0x656e },
		{ "Religion", 0x6465 }, { "Geschlecht", 0x6465 },
		{ "edad", 0x6573 },
		{ "religion", 0x6974 }, /* another language */
	};
	static const enum term_source sources[] = { SOURCE_CORE,
		SOURCE_IMPORTED, SOURCE_RECORD };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		for (size_t k = 0; k < ARRAY_LEN(sources); k++) {
			const struct slice uri = slice_str("urn:test:hidden");
			const uint64_t term = term_of_uri(uri);
			const struct term_label own[] = {
				{ labels[i].language, true,
				    slice_str(labels[i].label) },
				{ 0x6672, true, slice_str("soudage") },
			};
			const struct term_entry e = { .uri = uri,
				.type = TERM_SKILL,
				.source = sources[k],
				.labels = own,
				.labels_n = 2 };
			struct vocabulary_builder *b =
			    vocabulary_builder_new(&vocabulary_limits_default);
			struct vocabulary *v;
			assert_int_equal(vocabulary_builder_add(b, &e), OK);
			assert_int_equal(vocabulary_builder_finish(b, &v), OK);
			assert_int_equal(
			    vocabulary_find(v, term), TERM_NOWHERE);
			const struct meaning m = { v, vocabulary_rarity(v) };
			struct posting p = { .region = "zz",
				.occupation.at = TERM_NOWHERE,
				.requirements = { { .term = term,
				    .weight = 100,
				    .must = true } },
				.requirements_n = 1,
				.teaches = { { .term = term } },
				.teaches_n = 1 };
			struct card with = { .region = "zz",
				.skills = { { .term = term, .level = 5 } },
				.skills_n = 1,
				.aspirations = { { .term = term } },
				.aspirations_n = 1 };
			struct card without = { .region = "zz" };
			posting_resolve(&p, v);
			card_resolve(&with, v);
			const struct score a = fit(&m, &p, &with);
			const struct score z = fit(&m, &p, &without);
			assert_int_equal(a.total, z.total);
			assert_false(a.excluded || z.excluded);
			assert_int_equal(wish(&m, &p, &with).total,
			    wish(&m, &p, &without).total);
			vocabulary_free(v);
		}
	}
}

struct people {
	struct card cards[PEOPLE];
	uint8_t ids[PEOPLE][RECORD_ID], authors[PEOPLE][RECORD_AUTHOR];
	size_t at;
};

static bool
next_card(void *ctx, struct card_item *item)
{
	struct people *p = ctx;

	if (p->at == PEOPLE) {
		p->at = 0;
		return false;
	}
	const size_t i = p->at++;
	*item = (struct card_item){ p->ids[i], p->authors[i], &p->cards[i] };
	return true;
}

static void
top_of(
    struct people *people, const struct posting *p, struct scan_result out[TOP])
{
	const struct card_source source = { next_card, people };
	size_t n;

	people->at = 0;
	memset(out, 0, TOP * sizeof(*out));
	assert_int_equal(
	    scan_people(&world.m, p, &source, false, out, TOP, &n, NULL), OK);
	assert_int_equal(n, TOP);
}

/*
 * Equal people are ordered by the ids of their records alone. All that a
 * search can see of a person is the card and the id: Learnability belongs to
 * the author's key, and another author changes nothing.
 */
static void
test_learnability_moves_nobody(void **state)
{
	static struct people people;
	struct scan_result before[TOP], after[TOP];
	struct posting p;
	uint64_t seed = 41;

	(void)state;
	posting_of(&world, "welding:3 first-aid teamwork", &p);
	for (unsigned i = 0; i < PEOPLE; i++) {
		card_of(&world, "welding:2 teamwork:4", &people.cards[i]);
		people.ids[i][0] = (uint8_t)(PEOPLE - i);
		people.authors[i][0] = (uint8_t)i;
	}
	top_of(&people, &p, before);
	for (unsigned i = 0; i < TOP; i++)
		assert_int_equal(before[i].id[0], i + 1);
	/* who has learned how much is known by author: others, any way */
	for (int round = 0; round < 20; round++) {
		for (unsigned i = 0; i < PEOPLE; i++)
			people.authors[i][0] = (uint8_t)chance(&seed, 256);
		top_of(&people, &p, after);
		assert_memory_equal(before, after, sizeof(before));
	}
	/* nor does wanting to learn more lift anybody over an equal fit */
	const struct score plain = fit(&world.m, &p, &people.cards[0]);
	struct card eager;
	card_of(&world, "welding:2 teamwork:4; python:5 cooking:5", &eager);
	assert_int_equal(fit(&world.m, &p, &eager).total, plain.total);
}

/* ---- random histories ---- */

#define HISTORY 160
#define WORLDS  40
#define ANCHORS 8

/* Who has learned how much, by author: outcomes with partners that are known */
struct history {
	struct learn_event events[HISTORY];
	struct learn_term terms[HISTORY];
	struct trust_attestation known[PEOPLE];
	uint32_t scores[PEOPLE];
};

static void
history_key(uint8_t out[TRUST_KEY], unsigned who)
{
	memset(out, 0x22, TRUST_KEY);
	out[0] = (uint8_t)who;
}

static void
history_event(struct history *h, unsigned i, uint64_t *seed)
{
	struct learn_event *e = &h->events[i];
	/* some have learned much, many little */
	const unsigned learner =
	    (unsigned)chance(seed, 1 + chance(seed, PEOPLE));

	*e = (struct learn_event){ .kind = (uint8_t)(1 + chance(seed, 10)),
		.method = (uint8_t)chance(seed, LEARN_METHODS),
		.value = (uint16_t)chance(seed, 1001),
		.completion = (uint8_t)chance(seed, 4),
		.pledge = (uint8_t)chance(seed, 4),
		.answer_days = LEARN_NOT_TOLD,
		.hours = (uint32_t)chance(seed, 60),
		.first_day = (uint32_t)(20000 + 4 * i),
		.last_day = (uint32_t)(20003 + 4 * i),
		.month = (uint32_t)(680 - chance(seed, 24)),
		.terms = &h->terms[i],
		.terms_n = 1 };
	history_key(e->learner, learner);
	history_key(e->partner, PEOPLE + (unsigned)chance(seed, ANCHORS));
	e->id[0] = e->agreement[0] = (uint8_t)i;
	e->id[1] = e->agreement[1] = 1;
	h->terms[i] = (struct learn_term){ .term = 1 + chance(seed, 50),
		.learned = true,
		.gap = LEARN_NOT_TOLD };
}

/* Learnability of all, from random outcomes; how many have any. */
static unsigned
history_random(struct history *h, uint64_t *seed)
{
	struct trust *t;
	struct learn_book *b;
	struct learnability l;
	uint8_t anchors[ANCHORS][TRUST_KEY], key[TRUST_KEY];
	unsigned some = 0;

	memset(h, 0, sizeof(*h));
	for (unsigned i = 0; i < ANCHORS; i++)
		history_key(anchors[i], PEOPLE + i);
	for (unsigned i = 0; i < PEOPLE; i++) {
		memcpy(h->known[i].from, anchors[i % ANCHORS], TRUST_KEY);
		history_key(h->known[i].to, i);
		h->known[i].share = 1000 * ANCHORS / PEOPLE;
		h->known[i].vouches = TRUST_VOUCHES_ALL;
	}
	for (unsigned i = 0; i < HISTORY; i++)
		history_event(h, i, seed);
	const struct trust_input trust = { .anchors = anchors[0],
		.anchors_n = ANCHORS,
		.attestations = h->known,
		.attestations_n = PEOPLE };
	const struct learn_input in = {
		.events = h->events, .events_n = HISTORY, .month = 680
	};
	assert_int_equal(trust_new(&trust, &t), OK);
	assert_int_equal(learn_book_new(&in, t, &b), OK);
	for (unsigned i = 0; i < PEOPLE; i++) {
		history_key(key, i);
		assert_int_equal(learnability_of(b, key, LEARN_PERSON, &l), OK);
		h->scores[i] = l.score;
		some += l.score > 0;
	}
	learn_book_free(b);
	trust_free(t);
	return some;
}

static bool
next_one(void *ctx, struct card_item *item)
{
	struct card_item *one = ctx;

	if (one->card == NULL)
		return false;
	*item = *one;
	one->card = NULL;
	return true;
}

/* What each gets when nobody else is there. */
static void
alone_of(struct people *people, size_t i, const struct posting *p,
    struct scan_result *out)
{
	struct card_item one = { people->ids[i], people->authors[i],
		&people->cards[i] };
	const struct card_source source = { next_one, &one };
	size_t n;

	memset(out, 0, sizeof(*out));
	assert_int_equal(
	    scan_people(&world.m, p, &source, true, out, 1, &n, NULL), OK);
	assert_int_equal(n, 1);
}

static int
result_order(const void *a, const void *b)
{
	const struct scan_result *x = a, *y = b;

	if (x->excluded != y->excluded)
		return x->excluded ? 1 : -1;
	if (x->both != y->both)
		return x->both > y->both ? -1 : 1;
	return memcmp(x->id, y->id, RECORD_ID);
}

static void
all_of(struct people *people, const struct posting *p,
    struct scan_result out[PEOPLE])
{
	const struct card_source source = { next_card, people };
	size_t n;

	people->at = 0;
	memset(out, 0, PEOPLE * sizeof(*out));
	assert_int_equal(
	    scan_people(&world.m, p, &source, true, out, PEOPLE, &n, NULL), OK);
	assert_int_equal(n, PEOPLE);
}

/*
 * Random outcomes, random cards, random demands: the order is that of what
 * each card gets alone, then of the ids, whoever has which Learnability and
 * whoever comes first.
 */
static void
test_order_of_card_and_demand(void **state)
{
	static struct people people;
	static struct history history;
	struct scan_result expected[PEOPLE], got[PEOPLE];
	uint64_t seed = 271;
	unsigned better_below = 0, moved = 0;

	(void)state;
	for (unsigned round = 0; round < WORLDS; round++) {
		struct posting p;
		assert_true(history_random(&history, &seed) > PEOPLE / 4);
		posting_random(&world, &seed, &p);
		for (unsigned i = 0; i < PEOPLE; i++) {
			card_random(&world, &seed, &people.cards[i]);
			memset(people.ids[i], 0, RECORD_ID);
			people.ids[i][0] = (uint8_t)chance(&seed, 256);
			people.ids[i][1] = (uint8_t)i;
			history_key(people.authors[i], i);
		}
		for (unsigned i = 0; i < PEOPLE; i++)
			alone_of(&people, i, &p, &expected[i]);
		qsort(expected, PEOPLE, sizeof(expected[0]), result_order);
		all_of(&people, &p, got);
		assert_memory_equal(expected, got, sizeof(got));
		for (unsigned i = 1; i < PEOPLE; i++)
			better_below += history.scores[got[i].id[1]] >
					history.scores[got[i - 1].id[1]];
		/* the same Learnabilities with other people */
		for (unsigned i = PEOPLE - 1; i > 0; i--) {
			const unsigned j = (unsigned)chance(&seed, i + 1);
			uint8_t key[RECORD_AUTHOR];
			moved += history.scores[people.authors[i][0]] !=
				 history.scores[people.authors[j][0]];
			memcpy(key, people.authors[i], sizeof(key));
			memcpy(
			    people.authors[i], people.authors[j], sizeof(key));
			memcpy(people.authors[j], key, sizeof(key));
		}
		all_of(&people, &p, got);
		assert_memory_equal(expected, got, sizeof(got));
	}
	/* the histories did differ, and the order did not follow them */
	assert_true(moved > WORLDS * PEOPLE / 4);
	assert_true(better_below > WORLDS * PEOPLE / 8);
}

/* Nothing that is left untold excludes anybody, or lowers a fit. */
static void
test_untold_is_neutral(void **state)
{
	uint64_t seed = 43;
	unsigned excluded = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct posting p;
		struct card c;
		posting_random(&world, &seed, &p);
		card_random(&world, &seed, &c);
		struct card silent = c;
		silent.languages_n = 0;
		silent.hours = 0;
		silent.remote = PLACE_UNKNOWN;
		silent.seeks = silent.offers = 0;
		memcpy(silent.region, "zz", 3);
		const struct score told = fit(&world.m, &p, &c);
		const struct score untold = fit(&world.m, &p, &silent);
		assert_int_equal(told.total, untold.total);
		for (uint16_t k = 0; k < untold.gates_n; k++) {
			const struct gate *g = &untold.gates[k];
			if (g->kind != GATE_STATUS && g->kind != GATE_MUST)
				assert_true(g->state != GATE_FAIL &&
					    g->state != GATE_NEAR);
		}
		assert_true(!untold.excluded || told.excluded);
		excluded += told.excluded && !untold.excluded;
	}
	assert_true(excluded > 0);
}

/* A level that is not told is asked for, never held against anybody. */
static void
test_untold_levels(void **state)
{
	uint64_t seed = 47;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct posting p;
		struct card c;
		posting_random(&world, &seed, &p);
		card_random(&world, &seed, &c);
		struct card silent = c;
		for (uint16_t k = 0; k < silent.skills_n; k++)
			silent.skills[k].level = 0;
		const struct score told = fit(&world.m, &p, &c);
		const struct score untold = fit(&world.m, &p, &silent);
		assert_true(untold.total >= told.total);
		assert_true(!untold.excluded || told.excluded);
	}
}

/*
 * A card with two skills, both called for, stays in the default top 10 among
 * people who list as many more that nobody called for.
 */
static void
test_sparse_stays(void **state)
{
	static struct people people;
	struct scan_result top[TOP];
	struct posting p;

	(void)state;
	posting_of(&world, "welding:3 first-aid teamwork", &p);
	for (unsigned i = 0; i < PEOPLE; i++) {
		card_of(&world,
		    "welding:3 teamwork:3 cooking:3 python:3 baking-bread:2",
		    &people.cards[i]);
		people.cards[i].hours = 4;
		people.cards[i].remote = PLACE_EITHER;
		people.ids[i][0] = (uint8_t)(i + 1);
	}
	card_of(&world, "welding teamwork", &people.cards[PEOPLE - 1]);
	people.cards[PEOPLE - 1].region[0] = 'z';
	people.cards[PEOPLE - 1].region[1] = 'z';
	top_of(&people, &p, top);
	assert_int_equal(top[0].id[0], PEOPLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protected_cannot_score),
		cmocka_unit_test(test_learnability_moves_nobody),
		cmocka_unit_test(test_order_of_card_and_demand),
		cmocka_unit_test(test_untold_is_neutral),
		cmocka_unit_test(test_untold_levels),
		cmocka_unit_test(test_sparse_stays),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
