/*
 * Is a card one of many? The counts against a naive count, the proposals by
 * running them again, fakes, and the cards of newcomers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "match/klint.h"
#include "match_world.h"

#define PEOPLE 1200

static struct world world;
static struct card people[PEOPLE];
static struct klint_report report;

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

/* Terms that many have, some below others. */
static const char *const few[] = { "communication", "presenting", "teamwork",
	"welding", "cooking", "python", "planning", "time-management",
	"negotiation", "writing-texts", "report-writing", "first-aid" };

static void
few_terms(uint64_t *seed, struct graded_term *out, uint16_t *n, size_t most)
{
	*n = 0;
	for (size_t want = chance(seed, most + 1); want > 0; want--) {
		const uint64_t term =
		    slug_term(few[chance(seed, ARRAY_LEN(few))]);
		bool twice = false;
		for (uint16_t i = 0; i < *n; i++)
			twice |= out[i].term == term;
		if (!twice)
			out[(*n)++] = (struct graded_term){ term,
				vocabulary_find(world.v, term),
				(uint8_t)(1 + chance(seed, 5)) };
	}
}

static void
few_card(uint64_t *seed, struct card *c, size_t most)
{
	*c = (struct card){ 0 };
	memcpy(c->region, chance(seed, 4) == 0 ? "fr" : "de", 3);
	few_terms(seed, c->skills, &c->skills_n, most);
	few_terms(seed, c->aspirations, &c->aspirations_n, most / 3);
	if (chance(seed, 2) == 0) {
		c->languages_n = 1;
		c->languages[0].language =
		    chance(seed, 3) == 0 ? 0x7074U : 0x6465U;
	}
}

static void
lint(const struct card *c, const struct card *others, size_t n)
{
	struct klint *k;

	assert_int_equal(klint_new(&world.m, c, &k), OK);
	for (size_t i = 0; i < n; i++)
		klint_see(k, &others[i]);
	klint_report(k, &report);
	klint_free(k);
}

/* ---- a naive count ---- */

static bool
at_or_below(uint32_t at, uint32_t top)
{
	const struct term_list up = vocabulary_broader(world.v, at);

	if (at == top)
		return true;
	for (uint32_t i = 0; i < up.n; i++)
		if (at_or_below(up.at[i], top))
			return true;
	return false;
}

static bool
shows(const struct card *c, const struct klint_item *item)
{
	const struct graded_term *list = c->skills;
	uint16_t n = c->skills_n;

	if (item->list == KLINT_LANGUAGE) {
		for (uint16_t i = 0; i < c->languages_n; i++)
			if (c->languages[i].language == item->term)
				return true;
		return false;
	}
	if (item->list == KLINT_ASPIRATION) {
		list = c->aspirations;
		n = c->aspirations_n;
	} else if (item->list == KLINT_PURPOSE) {
		list = c->purposes;
		n = c->purposes_n;
	}
	for (uint16_t i = 0; i < n; i++)
		if (item->at != TERM_NOWHERE &&
		    at_or_below(list[i].at, item->at))
			return true;
	return false;
}

/* Whatever is expected, k is no more than this. */
static uint64_t
naive_seen(const struct card *c, uint16_t a, uint16_t b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < PEOPLE; i++)
		n += memcmp(people[i].region, c->region, 3) == 0 &&
		     shows(&people[i], &report.items[a]) &&
		     shows(&people[i], &report.items[b]);
	return n;
}

static void
check_now(const struct card *c)
{
	const struct klint_number *now = &report.now;
	uint64_t in_region = 0, least = UINT64_MAX;

	for (size_t i = 0; i < PEOPLE; i++)
		in_region += memcmp(people[i].region, c->region, 3) == 0;
	assert_int_equal(report.known, PEOPLE);
	assert_int_equal(report.in_region, in_region);
	assert_int_equal(now->k, MIN(now->seen, now->expected));
	if (report.items_n == 0) {
		assert_int_equal(now->k, in_region);
		return;
	}
	assert_int_equal(now->seen, naive_seen(c, now->a, now->b));
	for (uint16_t a = 0; a < report.items_n; a++)
		for (uint16_t b = a; b < report.items_n; b++)
			if (a != b || report.items_n == 1)
				least = MIN(least, naive_seen(c, a, b));
	assert_true(now->k <= least);
	/* no term alone is expected less often than the worst pair */
	for (uint16_t a = 0; a < report.items_n; a++)
		if (report.items[a].at != TERM_NOWHERE)
			assert_true(now->k <=
				    (in_region * klint_share(&world.m,
						     report.items[a].at)) >>
				    32);
}

static void
check_proposal(const struct card *c)
{
	const struct klint_report before = report;
	struct card coarse;

	if (before.now.k >= KLINT_WARN) {
		assert_int_equal(before.verdict, KLINT_FINE);
		assert_false(before.proposal);
		return;
	}
	assert_int_equal(before.verdict,
	    before.now.k < KLINT_REFUSE ? KLINT_REFUSED : KLINT_WARNED);
	/* there always is one: the others are somewhere */
	assert_true(before.proposal);
	klint_apply(&before, world.v, c, &coarse);
	lint(&coarse, people, PEOPLE);
	assert_int_equal(report.now.k, before.k_proposed);
	assert_true(report.now.k >= KLINT_WARN);
	assert_int_equal(report.verdict, KLINT_FINE);
}

static void
check_gains(const struct card *c)
{
	const struct klint_report before = report;

	for (uint16_t i = 0; i < before.items_n; i++) {
		const struct klint_item *item = &before.items[i];
		struct card less = *c;
		assert_true(item->k_dropped >= before.now.k);
		if (item->list != KLINT_SKILL)
			continue;
		less.skills_n--;
		memmove(&less.skills[item->number],
		    &less.skills[item->number + 1],
		    (size_t)(less.skills_n - item->number) *
			sizeof(less.skills[0]));
		lint(&less, people, PEOPLE);
		assert_int_equal(report.now.k, item->k_dropped);
	}
	report = before;
}

static void
test_naive(void **state)
{
	uint64_t seed = 7;
	unsigned proposals = 0, warned = 0;

	(void)state;
	for (size_t i = 0; i < PEOPLE; i++)
		few_card(&seed, &people[i], 8);
	for (int round = 0; round < 30; round++) {
		struct card c;
		few_card(&seed, &c, (size_t)(1 + round % 6));
		lint(&c, people, PEOPLE);
		check_now(&c);
		if (round % 6 == 0)
			check_gains(&c);
		proposals += report.proposal;
		warned += report.verdict == KLINT_WARNED;
		check_proposal(&c);
	}
	assert_true(proposals > 5 && proposals < 30);
	assert_true(warned > 0);
}

/* A small card: no cheaper choice of what to leave out would do. */
static void
test_cheapest(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (size_t i = 0; i < PEOPLE; i++)
		few_card(&seed, &people[i], 8);
	for (int round = 0; round < 8; round++) {
		struct card c;
		unsigned cost = 0;
		few_card(&seed, &c, 5);
		c.aspirations_n = c.languages_n = 0;
		lint(&c, people, PEOPLE);
		if (!report.proposal || report.to_nowhere)
			continue;
		assert_true(report.cheapest);
		for (uint16_t i = 0; i < report.items_n; i++) {
			const struct klint_item *item = &report.items[i];
			const uint8_t *r = world.m.rarity->sixteenths;
			if (item->act == KLINT_DROP)
				cost += r[item->at];
			else if (item->act == KLINT_REPLACE)
				cost += MAX(r[item->at] - r[item->becomes], 1);
		}
		const struct klint_report before = report;
		for (unsigned drop = 0; drop < 1U << c.skills_n; drop++) {
			struct card less = c;
			unsigned price = 0;
			less.skills_n = 0;
			for (uint16_t i = 0; i < c.skills_n; i++)
				if ((drop >> i & 1) != 0)
					price +=
					    world.m.rarity
						->sixteenths[c.skills[i].at];
				else
					less.skills[less.skills_n++] =
					    c.skills[i];
			if (price >= cost)
				continue;
			lint(&less, people, PEOPLE);
			assert_true(report.now.k < KLINT_WARN);
		}
		report = before;
	}
}

/* Many cards with just the same rare terms, all of one person. */
static void
test_flood(void **state)
{
	uint64_t seed = 3;
	struct klint *k;
	struct card c, fake;
	enum { FAKES = 20000 };

	(void)state;
	for (size_t i = 0; i < PEOPLE; i++)
		few_card(&seed, &people[i], 8);
	card_of(&world, "welding:3 python:3", &c);
	fake = c;
	lint(&c, people, PEOPLE);
	const uint64_t before = report.now.k;
	assert_int_equal(klint_new(&world.m, &c, &k), OK);
	for (size_t i = 0; i < PEOPLE; i++)
		klint_see(k, &people[i]);
	for (size_t i = 0; i < FAKES; i++)
		klint_see(k, &fake);
	klint_report(k, &report);
	klint_free(k);
	assert_true(report.now.seen >= FAKES);
	assert_int_equal(report.now.k, report.now.expected);
	const uint64_t share = MIN(klint_share(&world.m, c.skills[0].at),
	    klint_share(&world.m, c.skills[1].at));
	assert_true(report.now.k <=
		    before + (((uint64_t)FAKES + PEOPLE) * share >> 32));
	assert_true(report.now.k < FAKES / 8);
	/* and from elsewhere they do nothing at all */
	memcpy(fake.region, "fr", 3);
	assert_int_equal(klint_new(&world.m, &c, &k), OK);
	for (size_t i = 0; i < PEOPLE; i++)
		klint_see(k, &people[i]);
	for (size_t i = 0; i < FAKES; i++)
		klint_see(k, &fake);
	klint_report(k, &report);
	klint_free(k);
	assert_int_equal(report.now.k, before);
}

/* What nobody else can have said is found, whatever else is on the card. */
static void
test_own_term(void **state)
{
	uint64_t seed = 4;
	struct card c;

	(void)state;
	for (size_t i = 0; i < PEOPLE; i++)
		few_card(&seed, &people[i], 8);
	card_of(&world, "communication:3 ?my-own-words:2", &c);
	lint(&c, people, PEOPLE);
	assert_int_equal(report.now.k, 0);
	assert_int_equal(report.verdict, KLINT_REFUSED);
	assert_int_equal(report.items[1].at, TERM_NOWHERE);
	assert_true(report.items[1].k_dropped >= KLINT_WARN);
	assert_int_equal(report.items[1].act, KLINT_DROP);
	assert_int_equal(report.items[0].act, KLINT_KEEP);
	assert_false(report.to_nowhere);
}

/* ---- newcomers ---- */

static void
test_newcomer(void **state)
{
	static const struct {
		const char *card;
		bool fine;
		unsigned kept;
	} cases[] = {
		{ "", true, 0 },
		{ "welding:3", true, 1 },
		{ "welding:4", false, 1 },
		{ "welding:3 teamwork:1 cooking:5; python:1; "
		  "climate-protection",
		    true, 5 },
		{ "welding:3 teamwork:1 cooking:5 python:1 planning:3 "
		  "first-aid:1",
		    false, 5 },
		{ "welding:3 teamwork:1 cooking:5 planning:3; python:1; "
		  "climate-protection",
		    false, 5 },
		{ "welding:3 ?my-own-words", false, 1 },
		{ "?my-own-words", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct card c, coarse;
		card_of(&world, cases[i].card, &c);
		/* the first of all */
		lint(&c, NULL, 0);
		assert_true(report.newcomer);
		assert_int_equal(
		    report.verdict, cases[i].fine ? KLINT_FINE : KLINT_REFUSED);
		assert_int_equal(report.proposal, !cases[i].fine);
		klint_apply(&report, world.v, &c, &coarse);
		assert_int_equal(
		    coarse.skills_n + coarse.aspirations_n + coarse.purposes_n,
		    cases[i].kept);
		for (uint16_t s = 0; s < coarse.skills_n; s++)
			assert_true(coarse.skills[s].level == 0 ||
				    coarse.skills[s].level % 2 == 1);
		lint(&coarse, NULL, 0);
		assert_int_equal(report.verdict, KLINT_FINE);
		assert_false(report.proposal);
	}
}

/* Anything that a schema allows: no crash, and the proposal holds. */
static void
test_random(void **state)
{
	uint64_t seed = 99;

	(void)state;
	for (size_t i = 0; i < PEOPLE; i++)
		card_random(&world, &seed, &people[i]);
	for (int round = 0; round < 12; round++) {
		struct card c, coarse;
		const size_t n = round % 2 == 0 ? PEOPLE : 100;
		card_random(&world, &seed, &c);
		lint(&c, people, n);
		assert_int_equal(report.newcomer, n < KLINT_NEWCOMER);
		if (!report.proposal)
			continue;
		const struct klint_report before = report;
		klint_apply(&before, world.v, &c, &coarse);
		lint(&coarse, people, n);
		assert_int_equal(report.verdict, KLINT_FINE);
		if (!before.newcomer)
			assert_int_equal(report.now.k, before.k_proposed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_naive),
		cmocka_unit_test(test_cheapest),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_own_term),
		cmocka_unit_test(test_newcomer),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
