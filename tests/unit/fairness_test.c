/*
 * What must not count does not: protected attributes, Learnability, who comes
 * first, and that somebody tells little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

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
		cmocka_unit_test(test_untold_is_neutral),
		cmocka_unit_test(test_untold_levels),
		cmocka_unit_test(test_sparse_stays),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
