#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match_world.h"
#include "proto/base/text.h"

#define PAIRS 4000

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
fit(const struct posting *p, const struct card *c)
{
	struct score s;

	assert_int_equal(score_fit(&world.m, p, c, &s), OK);
	return s;
}

static struct score
fit_of(const char *posting, const char *card)
{
	struct posting p;
	struct card c;

	posting_of(&world, posting, &p);
	card_of(&world, card, &c);
	return fit(&p, &c);
}

/* One requirement, one person: what it earns of 10000, and why. */
static void
test_credit(void **state)
{
	static const struct {
		const char *asked, *held;
		int32_t want;
		enum match_via via;
	} cases[] = {
		{ "welding:3", "welding:3", 10000, VIA_EXACT },
		{ "welding:3", "welding:5", 10000, VIA_EXACT },
		{ "welding", "welding:1", 10000, VIA_EXACT },
		{ "welding:4", "welding:3", 7500, VIA_EXACT },
		{ "welding:4", "welding:1", 2500, VIA_EXACT },
		{ "welding:4", "welding", 10000, VIA_EXACT }, /* not told */
		{ "welding:3", "", 0, VIA_NOTHING },
		{ "welding:3", "cooking:5", 0, VIA_NOTHING },
		/* a special case of it, and the other way round */
		{ "welding:3", "mig-welding:3", 9000, VIA_NARROWER },
		{ "metalworking:3", "mig-welding:3", 8000, VIA_NARROWER },
		{ "mig-welding:3", "welding:3", 5000, VIA_BROADER },
		{ "mig-welding:3", "metalworking:3", 2500, VIA_BROADER },
		/* beside it */
		{ "welding:3", "brazing-and-soldering:3", 5000, VIA_RELATED },
		{ "welding:4", "brazing-and-soldering:3", 3750, VIA_RELATED },
		/* several ways: the best counts, they do not add up */
		{ "welding:4",
		    "welding:1 mig-welding:4 brazing-and-soldering:5", 9000,
		    VIA_NARROWER },
		{ "welding:4", "welding:4 mig-welding:4", 10000, VIA_EXACT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct score s = fit_of(cases[i].asked, cases[i].held);
		const int32_t earned = s.lines[0].credit * 10;
		if (earned != cases[i].want || s.lines_n != 2 ||
		    s.lines[0].via != cases[i].via)
			fail_msg("%s <- %s: %d by %s", cases[i].asked,
			    cases[i].held, earned, via_name(s.lines[0].via));
		assert_int_equal(s.lines[1].kind, LINE_OVERLAP);
		assert_int_equal(
		    s.total, fit_of_share((uint64_t)earned * CREDIT_MAX,
				 UINT64_C(10000) * CREDIT_MAX));
	}
	assert_true(RELATED_CREDIT <= NEAR_CREDIT_MAX);
	assert_true(SIBLING_CREDIT <= NEAR_CREDIT_MAX);
}

/* The ESCO id of a term is the term. */
static void
test_same_as_is_exact(void **state)
{
	struct posting p;
	struct card c;

	(void)state;
	posting_of(&world, "teamwork:3", &p);
	card_of(&world, "?x:3", &c);
	c.skills[0].term =
	    term_of_uri(slice_str("http://data.europa.eu/esco/skill/"
				  "60c78287-22eb-4103-9c8c-28deaa460da0"));
	card_resolve(&c, world.v);
	const struct score s = fit(&p, &c);
	assert_int_equal(s.total, 10000);
	assert_int_equal(s.lines[0].via, VIA_EXACT);
	assert_true(s.lines[0].held == c.skills[0].term);
	assert_int_equal(s.not_understood_n, 0);
}

static enum gate_state
state_of(const struct score *s, enum gate_kind kind)
{
	for (uint16_t i = 0; i < s->gates_n; i++) {
		if (s->gates[i].kind == kind)
			return s->gates[i].state;
	}
	fail_msg("no gate %s", gate_name(kind));
	return GATE_PASS;
}

static void
test_must(void **state)
{
	static const struct {
		const char *asked, *held;
		enum gate_state want;
		unsigned short_by;
	} cases[] = {
		{ "welding:3!", "welding:3", GATE_PASS, 0 },
		{ "welding:3!", "mig-welding:4", GATE_PASS, 0 },
		{ "welding:3!", "welding:1", GATE_NEAR, 2 },
		{ "welding:3!", "brazing-and-soldering:5", GATE_NEAR, 0 },
		{ "welding:3!", "welding", GATE_ASK, 0 },
		{ "welding:3!", "cooking:5", GATE_FAIL, 0 },
		{ "welding:3!", "", GATE_FAIL, 0 },
		/* a card cannot tell what one is interested in: ask */
		{ "working-outdoors!", "", GATE_ASK, 0 },
		{ "working-outdoors!", "working-outdoors", GATE_PASS, 0 },
		{ "carpenter!", "carpentry:4", GATE_ASK, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct score s = fit_of(cases[i].asked, cases[i].held);
		const struct gate *g = &s.gates[2];
		assert_int_equal(g->kind, GATE_MUST);
		if (g->state != cases[i].want ||
		    g->short_by != cases[i].short_by)
			fail_msg("%s <- %s: %s", cases[i].asked, cases[i].held,
			    gate_state_name(g->state));
		assert_int_equal(s.excluded, g->state == GATE_FAIL);
		assert_int_equal(s.near, g->state == GATE_NEAR);
	}
}

/* What a card cannot tell is neutral: no line of it counts. */
static void
test_unknown_is_neutral(void **state)
{
	(void)state;
	const struct score without = fit_of("welding:3 cooking", "welding:3");
	const struct score with =
	    fit_of("welding:3 cooking working-outdoors", "welding:3");
	assert_int_equal(with.total, without.total);
	assert_int_equal(with.lines_n, 4);
	unsigned asks = 0;
	for (uint16_t i = 0; i < with.lines_n; i++)
		asks += with.lines[i].ask;
	assert_int_equal(asks, 1);

	const struct score nothing = fit_of("", "welding:3");
	assert_int_equal(nothing.total, SCORE_NEUTRAL);
	assert_int_equal(nothing.lines_n, 1);
	assert_int_equal(nothing.lines[0].kind, LINE_NEUTRAL);
	assert_int_equal(nothing.lines[0].points, SCORE_NEUTRAL);
}

/* Rare terms weigh more than those that everybody lists. */
static void
test_rarity_weighs(void **state)
{
	(void)state;
	const struct score common =
	    fit_of("teamwork mig-welding", "teamwork:3");
	const struct score rare =
	    fit_of("teamwork mig-welding", "mig-welding:3");
	assert_true(rare.total > common.total);
	/* said weights count as well */
	const struct score light =
	    fit_of("teamwork*1 mig-welding*100", "teamwork:3");
	assert_true(light.total < common.total);
}

static void
test_gates(void **state)
{
	static const struct {
		const char *name;
		enum gate_kind kind;
		struct posting p;
		struct card c;
		enum gate_state want;
	} cases[] = {
		{ "open", GATE_STATUS, { .status = POSTING_OPEN },
		    { .hours = 0 }, GATE_PASS },
		{ "filled", GATE_STATUS, { .status = POSTING_FILLED },
		    { .hours = 0 }, GATE_FAIL },
		{ "seeks a job, gets one", GATE_KIND, { .type = POSTING_JOB },
		    { .seeks = SEEKS_JOB | SEEKS_GIG }, GATE_PASS },
		{ "seeks a mentor, gets a job", GATE_KIND,
		    { .type = POSTING_JOB }, { .seeks = SEEKS_MENTORING },
		    GATE_FAIL },
		{ "does not say what is sought", GATE_KIND,
		    { .type = POSTING_JOB }, { .seeks = 0 }, GATE_ASK },
		{ "offers mentoring to who seeks it", GATE_KIND,
		    { .type = POSTING_MENTORING,
			.direction = POSTING_SEEKS_MENTOR },
		    { .offers = SEEKS_MENTORING, .seeks = SEEKS_JOB },
		    GATE_PASS },
		{ "seeks a mentor where one is sought", GATE_KIND,
		    { .type = POSTING_MENTORING,
			.direction = POSTING_SEEKS_MENTOR },
		    { .seeks = SEEKS_MENTORING, .offers = SEEKS_PEERS },
		    GATE_FAIL },
		{ "same region, on site", GATE_PLACE,
		    { .region = "de", .remote = PLACE_ON_SITE },
		    { .region = "de" }, GATE_PASS },
		{ "other region, on site", GATE_PLACE,
		    { .region = "de", .remote = PLACE_ON_SITE },
		    { .region = "fr" }, GATE_FAIL },
		{ "region not told, on site", GATE_PLACE,
		    { .region = "de", .remote = PLACE_ON_SITE },
		    { .region = "zz" }, GATE_ASK },
		{ "other region, remote", GATE_PLACE,
		    { .region = "de", .remote = PLACE_REMOTE },
		    { .region = "ke", .remote = PLACE_EITHER }, GATE_PASS },
		{ "remote work for who wants to be there", GATE_PLACE,
		    { .region = "de", .remote = PLACE_REMOTE },
		    { .region = "de", .remote = PLACE_ON_SITE }, GATE_FAIL },
		{ "at home only, work on site", GATE_PLACE,
		    { .region = "de", .remote = PLACE_ON_SITE },
		    { .region = "de", .remote = PLACE_REMOTE }, GATE_FAIL },
		{ "20 hours for up to 20", GATE_HOURS,
		    { .guaranteed_hours = 20 }, { .hours = 3 }, GATE_PASS },
		{ "5 x 5 hours for up to 20", GATE_HOURS,
		    { .hours_day = 5, .days_week = 5 }, { .hours = 3 },
		    GATE_NEAR },
		{ "40 hours for up to 20", GATE_HOURS,
		    { .guaranteed_hours = 40 }, { .hours = 3 }, GATE_FAIL },
		{ "hours not told", GATE_HOURS, { .guaranteed_hours = 40 },
		    { .hours = 0 }, GATE_ASK },
		{ "German B2 for B2", GATE_LANGUAGE,
		    { .languages = { { 0x6465, 4 } }, .languages_n = 1 },
		    { .languages = { { 0x6465, 4 } }, .languages_n = 1 },
		    GATE_PASS },
		{ "German B1 for B2", GATE_LANGUAGE,
		    { .languages = { { 0x6465, 4 } }, .languages_n = 1 },
		    { .languages = { { 0x6465, 3 } }, .languages_n = 1 },
		    GATE_NEAR },
		{ "German A1 for B2", GATE_LANGUAGE,
		    { .languages = { { 0x6465, 4 } }, .languages_n = 1 },
		    { .languages = { { 0x6465, 1 } }, .languages_n = 1 },
		    GATE_FAIL },
		{ "French for German", GATE_LANGUAGE,
		    { .languages = { { 0x6465, 1 } }, .languages_n = 1 },
		    { .languages = { { 0x6672, 7 } }, .languages_n = 1 },
		    GATE_FAIL },
		{ "no language told", GATE_LANGUAGE,
		    { .languages = { { 0x6465, 4 } }, .languages_n = 1 },
		    { .languages_n = 0 }, GATE_ASK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct score s = fit(&cases[i].p, &cases[i].c);
		const enum gate_state got = state_of(&s, cases[i].kind);
		if (got != cases[i].want)
			fail_msg("%s: %s", cases[i].name, gate_state_name(got));
		if (got == GATE_FAIL)
			assert_true(s.excluded);
	}
}

static struct score
wish(const struct posting *p, const struct card *c, const struct wishes *w)
{
	struct score s;

	assert_int_equal(score_wish(&world.m, p, c, w, &s), OK);
	return s;
}

/* What makes a posting more, or less, of what a person wants. */
static void
test_wish(void **state)
{
	struct posting p, q;
	struct card c;
	struct wishes w = { .floor = { 300000, 0, "EUR", 4 } };

	(void)state;
	card_of(
	    &world, "welding:3; python:3 cooking:2; climate-protection", &c);
	posting_of(&world, "welding:3", &p);
	const int32_t plain = wish(&p, &c, NULL).total;

	posting_of(&world, "welding:3; python:3", &q);
	const int32_t taught = wish(&q, &c, NULL).total;
	assert_true(taught > plain);
	posting_of(&world, "welding:3; python:3 cooking:2", &q);
	assert_true(wish(&q, &c, NULL).total > taught);
	posting_of(&world, "welding:3; python:1", &q);
	assert_true(wish(&q, &c, NULL).total < taught);

	posting_of(&world, "welding:3;; climate-protection", &q);
	assert_true(wish(&q, &c, NULL).total > plain);

	q = p;
	q.invests_n = 1;
	q.invests[0] = (struct investment){ .kind = 1, .hours = 40 };
	assert_true(wish(&q, &c, NULL).total > plain);

	/* pay counts in the same currency and period, and gates */
	q = p;
	q.pay = (struct pay){ 0, 400000, "EUR", 4 };
	assert_true(wish(&q, &c, &w).total > plain);
	assert_int_equal(wish(&q, &c, NULL).total, plain);
	q.pay.max = 100000;
	struct score s = wish(&q, &c, &w);
	assert_true(s.excluded);
	assert_int_equal(s.gates[4].kind, GATE_PAY);
	assert_int_equal(s.gates[4].short_by, 200000);
	q.pay.max = 290000;
	s = wish(&q, &c, &w);
	assert_true(!s.excluded && s.near);
	q.pay = (struct pay){ 0, 20, "EUR", 1 };
	s = wish(&q, &c, &w);
	assert_false(s.excluded);
	assert_int_equal(s.gates[4].state, GATE_ASK);
	assert_int_equal(s.total, plain);

	/* can do it, never wants it */
	w = (struct wishes){ .unwanted_n = 1 };
	w.unwanted[0] = slug_term("welding");
	posting_of(&world, "welding:3 cooking", &q);
	s = wish(&q, &c, &w);
	assert_true(s.total < wish(&q, &c, NULL).total);
	assert_false(s.excluded);
	assert_int_equal(s.lines[s.lines_n - 1].kind, LINE_UNWANTED);
	assert_true(s.lines[s.lines_n - 1].points < 0);
	q.requirements[0].must = true;
	assert_true(wish(&q, &c, &w).excluded);
}

#define DAYS 24U /* hours */

/* The private calendar and purse: by how much it is missed. */
static void
test_private_gates(void **state)
{
	static const struct {
		const char *name;
		enum gate_kind kind;
		struct posting p;
		struct wishes w;
		enum gate_state want;
		unsigned short_by;
	} cases[] = {
		{ "no limit", GATE_DAY, { .hours_day = 12 },
		    { .hours_day_max = 0 }, GATE_PASS, 0 },
		{ "8 hours for 6", GATE_DAY, { .hours_day = 8 },
		    { .hours_day_max = 6 }, GATE_FAIL, 2 },
		{ "7 hours for 6", GATE_DAY, { .hours_day = 7 },
		    { .hours_day_max = 6 }, GATE_NEAR, 1 },
		{ "hours not told", GATE_DAY, { .hours_day = 0 },
		    { .hours_day_max = 6 }, GATE_ASK, 0 },
		{ "5 days for 3", GATE_DAYS, { .days_week = 5 },
		    { .days_week_max = 3 }, GATE_FAIL, 2 },
		{ "4 days for 3", GATE_DAYS, { .days_week = 4 },
		    { .days_week_max = 3 }, GATE_NEAR, 1 },
		{ "contract wanted", GATE_CONTRACT, { .contract = 2 },
		    { .contract_mask = 4 }, GATE_PASS, 0 },
		{ "another contract", GATE_CONTRACT, { .contract = 1 },
		    { .contract_mask = 4 }, GATE_FAIL, 0 },
		{ "contract not told", GATE_CONTRACT, { .contract = 0 },
		    { .contract_mask = 4 }, GATE_ASK, 0 },
		{ "Nairobi for Berlin, 2 hours", GATE_ZONE,
		    { .zone_told = true, .time_zone = 180 },
		    { .zone_told = true,
			.time_zone = 60,
			.zone_shift_max = 120 },
		    GATE_PASS, 0 },
		{ "the same within an hour and a half", GATE_ZONE,
		    { .zone_told = true, .time_zone = 180 },
		    { .zone_told = true,
			.time_zone = 60,
			.zone_shift_max = 90 },
		    GATE_NEAR, 30 },
		{ "around the date line", GATE_ZONE,
		    { .zone_told = true, .time_zone = -600 },
		    { .zone_told = true,
			.time_zone = 780,
			.zone_shift_max = 60 },
		    GATE_PASS, 0 },
		{ "half a world", GATE_ZONE,
		    { .zone_told = true, .time_zone = -480 },
		    { .zone_told = true,
			.time_zone = 120,
			.zone_shift_max = 120 },
		    GATE_FAIL, 480 },
		{ "zone not told", GATE_ZONE, { .zone_told = false },
		    { .zone_told = true }, GATE_ASK, 0 },
		{ "who is there has its time", GATE_ZONE,
		    { .remote = PLACE_ON_SITE },
		    { .zone_told = true, .time_zone = 60 }, GATE_PASS, 0 },
		{ "begins in time", GATE_START, { .start = 500 * DAYS },
		    { .free_from = 500 * DAYS }, GATE_PASS, 0 },
		{ "begins a week early", GATE_START, { .start = 493 * DAYS },
		    { .free_from = 500 * DAYS }, GATE_NEAR, 7 },
		{ "begins a month early", GATE_START, { .start = 470 * DAYS },
		    { .free_from = 500 * DAYS }, GATE_FAIL, 30 },
		{ "start not told", GATE_START, { .start = 0 },
		    { .free_from = 500 * DAYS }, GATE_ASK, 0 },
		{ "ends in time", GATE_END, { .start = 500 * DAYS, .weeks = 2 },
		    { .free_until = 514 * DAYS }, GATE_PASS, 0 },
		{ "ends an hour late", GATE_END,
		    { .start = 500 * DAYS + 1, .weeks = 2 },
		    { .free_until = 514 * DAYS }, GATE_NEAR, 1 },
		{ "ends three weeks late", GATE_END,
		    { .start = 500 * DAYS, .weeks = 5 },
		    { .free_until = 514 * DAYS }, GATE_FAIL, 21 },
		{ "weeks not told", GATE_END, { .start = 500 * DAYS },
		    { .free_until = 514 * DAYS }, GATE_ASK, 0 },
		{ "a year is 12 months", GATE_PAY,
		    { .pay = { 0, 3600000, "EUR", 5 } },
		    { .floor = { 300000, 0, "EUR", 4 } }, GATE_PASS, 0 },
		{ "10 a year short", GATE_PAY,
		    { .pay = { 0, 3599000, "EUR", 5 } },
		    { .floor = { 300000, 0, "EUR", 4 } }, GATE_NEAR, 1000 },
		{ "a month of hours is not exact", GATE_PAY,
		    { .pay = { 0, 2000, "EUR", 1 } },
		    { .floor = { 300000, 0, "EUR", 4 } }, GATE_ASK, 0 },
		{ "a day of 8 hours", GATE_PAY,
		    { .hours_day = 8, .pay = { 0, 10000, "EUR", 2 } },
		    { .floor = { 1500, 0, "EUR", 1 } }, GATE_FAIL, 2000 },
		{ "a day of nobody knows how many", GATE_PAY,
		    { .pay = { 0, 10000, "EUR", 2 } },
		    { .floor = { 1500, 0, "EUR", 1 } }, GATE_ASK, 0 },
		{ "the whole of 4 weeks of 10 hours", GATE_PAY,
		    { .guaranteed_hours = 10,
			.weeks = 4,
			.pay = { 0, 60000, "EUR", 6 } },
		    { .floor = { 1500, 0, "EUR", 1 } }, GATE_PASS, 0 },
		{ "other money", GATE_PAY, { .pay = { 0, 60000, "USD", 1 } },
		    { .floor = { 1500, 0, "EUR", 1 } }, GATE_ASK, 0 },
		{ "thirds are rounded up", GATE_PAY,
		    { .guaranteed_hours = 10,
			.weeks = 1,
			.hours_day = 3,
			.days_week = 1,
			.pay = { 0, 33, "EUR", 1 } },
		    { .floor = { 100, 0, "EUR", 2 } }, GATE_NEAR, 1 },
	};
	const struct card c = { .region = "zz" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct posting p = cases[i].p;
		memcpy(p.region, "zz", 3);
		const struct score s = wish(&p, &c, &cases[i].w);
		const struct gate *g = NULL;
		for (uint16_t k = 0; k < s.gates_n; k++) {
			if (s.gates[k].kind == cases[i].kind)
				g = &s.gates[k];
		}
		assert_non_null(g);
		if (g->state != cases[i].want ||
		    g->short_by != cases[i].short_by)
			fail_msg("%s: %s by %u", cases[i].name,
			    gate_state_name(g->state), (unsigned)g->short_by);
		assert_int_equal(s.excluded, g->state == GATE_FAIL);
		/* the public side knows nothing of it */
		assert_false(wish(&p, &c, NULL).excluded);
		assert_false(fit(&p, &c).excluded);
	}
}

static int32_t
sum(const struct score *s)
{
	int32_t points = 0;

	for (uint16_t i = 0; i < s->lines_n; i++)
		points += s->lines[i].points;
	return points;
}

/* Field by field: between fields there may be anything. */
static void
assert_same(const struct score *a, const struct score *b)
{
	assert_int_equal(a->total, b->total);
	assert_int_equal(a->excluded, b->excluded);
	assert_int_equal(a->near, b->near);
	assert_int_equal(a->lines_n, b->lines_n);
	assert_int_equal(a->gates_n, b->gates_n);
	assert_int_equal(a->not_understood_n, b->not_understood_n);
	assert_int_equal(a->unused_n, b->unused_n);
	for (uint16_t i = 0; i < a->lines_n; i++) {
		const struct score_line *x = &a->lines[i], *y = &b->lines[i];
		assert_true(x->kind == y->kind && x->via == y->via &&
			    x->asked == y->asked && x->held == y->held &&
			    x->asked_level == y->asked_level &&
			    x->held_level == y->held_level &&
			    x->must == y->must && x->ask == y->ask &&
			    x->credit == y->credit && x->weight == y->weight &&
			    x->points == y->points &&
			    x->points_most == y->points_most);
	}
	for (uint16_t i = 0; i < a->gates_n; i++) {
		const struct gate *x = &a->gates[i], *y = &b->gates[i];
		assert_true(x->kind == y->kind && x->state == y->state &&
			    x->term == y->term && x->language == y->language &&
			    x->short_by == y->short_by);
	}
	assert_memory_equal(
	    a->not_understood, b->not_understood, sizeof(a->not_understood));
	assert_memory_equal(a->unused, b->unused, sizeof(a->unused));
}

/* Over thousands of random pairs. */
static void
test_sums_and_views(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < PAIRS; i++) {
		struct posting p;
		struct card c;
		struct wishes w;
		struct plan *plan;
		struct card_plan *mine;
		static struct score f, f2, wi, wi2;
		posting_random(&world, &seed, &p);
		card_random(&world, &seed, &c);
		wishes_random(&world, &seed, &w);
		const struct wishes *wp = i % 3 == 0 ? NULL : &w;
		assert_int_equal(score_fit(&world.m, &p, &c, &f), OK);
		assert_int_equal(score_wish(&world.m, &p, &c, wp, &wi), OK);
		assert_int_equal(sum(&f), f.total);
		assert_int_equal(sum(&wi), wi.total);
		assert_in_range(f.total, 0, SCORE_MAX);
		assert_in_range(wi.total, 0, SCORE_MAX);

		/* the same bytes, whichever way it is asked */
		assert_int_equal(plan_new(&world.m, &p, &plan), OK);
		plan_fit(plan, &c, &f2);
		plan_wish(plan, &c, wp, &wi2);
		assert_same(&f, &f2);
		assert_same(&wi, &wi2);
		const struct score_brief fb = plan_fit_brief(plan, &c);
		const struct score_brief wb = plan_wish_brief(plan, &c, wp);
		assert_int_equal(card_plan_new(&world.m, &c, wp, &mine), OK);
		const struct score_brief fc = card_plan_fit_brief(mine, &p);
		const struct score_brief wc = card_plan_brief(mine, &p).wish;
		assert_true(fb.total == f.total && fc.total == f.total);
		assert_true(wb.total == wi.total && wc.total == wi.total);
		assert_true(
		    fb.excluded == f.excluded && fc.excluded == f.excluded);
		assert_true(
		    wb.excluded == wi.excluded && wc.excluded == wi.excluded);
		assert_true(fb.near == f.near && wc.near == wi.near);
		plan_free(plan);
		card_plan_free(mine);

		const int32_t both = score_both(f.total, wi.total);
		assert_true(both >= MIN(f.total, wi.total) || f.total == 0 ||
			    wi.total == 0);
		assert_true(both <= MAX(f.total, wi.total));
	}
}

/* A line's points are what it brings: nothing held, nothing earned. */
static void
test_points_are_honest(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (int i = 0; i < PAIRS; i++) {
		struct posting p;
		struct card c;
		posting_random(&world, &seed, &p);
		card_random(&world, &seed, &c);
		const struct score s = fit(&p, &c);
		for (uint16_t k = 0; k < s.lines_n; k++) {
			const struct score_line *l = &s.lines[k];
			assert_true(l->points <= l->points_most);
			if (l->credit == 0 && l->kind == LINE_REQUIREMENT)
				assert_int_equal(l->points, 0);
			if (l->ask)
				assert_int_equal(l->points, 0);
			if (l->credit > 0 && l->kind == LINE_REQUIREMENT)
				assert_int_not_equal(l->held, 0);
		}
	}
}

static void
test_adding_a_skill_never_lowers(void **state)
{
	uint64_t seed = 13;

	(void)state;
	for (int i = 0; i < PAIRS; i++) {
		struct posting p;
		struct card c, more, extra;
		posting_random(&world, &seed, &p);
		card_random(&world, &seed, &c);
		card_random(&world, &seed, &extra);
		more = c;
		if (extra.skills_n == 0)
			continue;
		more.skills[more.skills_n++] = extra.skills[0];
		const struct score before = fit(&p, &c);
		const struct score after = fit(&p, &more);
		assert_true(after.total >= before.total);
		assert_true(!after.excluded || before.excluded);
	}
}

static void
shuffle(uint64_t *seed, void *rows, size_t n, size_t size)
{
	uint8_t tmp[64], *p = rows;

	assert_true(size <= sizeof(tmp));
	for (size_t i = n; i > 1; i--) {
		const size_t k = (size_t)chance(seed, i);
		memcpy(tmp, p + k * size, size);
		memcpy(p + k * size, p + (i - 1) * size, size);
		memcpy(p + (i - 1) * size, tmp, size);
	}
}

static void
test_order_does_not_matter(void **state)
{
	uint64_t seed = 17;

	(void)state;
	for (int i = 0; i < PAIRS; i++) {
		struct posting p, q;
		struct card c, d;
		static struct score a, b;
		posting_random(&world, &seed, &p);
		card_random(&world, &seed, &c);
		q = p;
		d = c;
		shuffle(&seed, q.requirements, q.requirements_n,
		    sizeof(q.requirements[0]));
		shuffle(&seed, q.teaches, q.teaches_n, sizeof(q.teaches[0]));
		shuffle(&seed, d.skills, d.skills_n, sizeof(d.skills[0]));
		shuffle(&seed, d.aspirations, d.aspirations_n,
		    sizeof(d.aspirations[0]));
		shuffle(&seed, d.purposes, d.purposes_n, sizeof(d.purposes[0]));
		assert_int_equal(score_fit(&world.m, &p, &c, &a), OK);
		assert_int_equal(score_fit(&world.m, &q, &d, &b), OK);
		assert_same(&a, &b);
		assert_int_equal(score_wish(&world.m, &p, &c, NULL, &a), OK);
		assert_int_equal(score_wish(&world.m, &q, &d, NULL, &b), OK);
		assert_same(&a, &b);
	}
}

static void
test_unknown_terms_change_nothing(void **state)
{
	uint64_t seed = 19;

	(void)state;
	for (int i = 0; i < PAIRS; i++) {
		struct posting p, q;
		struct card c, d;
		posting_random(&world, &seed, &p);
		card_random(&world, &seed, &c);
		q = p;
		d = c;
		/* even when both sides have the same one, as a must */
		const uint64_t term = 0x1234567800000000U + (uint64_t)i;
		q.requirements[q.requirements_n++] =
		    (struct requirement){ term, TERM_NOWHERE, 3, 100, true };
		d.skills[d.skills_n++] =
		    (struct graded_term){ term, TERM_NOWHERE, 5 };
		d.aspirations[d.aspirations_n++] =
		    (struct graded_term){ term, TERM_NOWHERE, 5 };
		q.teaches[q.teaches_n++] =
		    (struct graded_term){ term, TERM_NOWHERE, 5 };
		const struct score a = fit(&p, &c), b = fit(&q, &d);
		assert_int_equal(a.total, b.total);
		assert_int_equal(a.gates_n, b.gates_n);
		assert_int_equal(a.lines_n, b.lines_n);
		assert_int_equal(a.not_understood_n + 1, b.not_understood_n);
		assert_int_equal(
		    wish(&p, &c, NULL).total, wish(&q, &d, NULL).total);
	}
}

static void
test_change_is_true(void **state)
{
	uint64_t seed = 23;
	unsigned found = 0;

	(void)state;
	for (int i = 0; i < PAIRS / 4; i++) {
		struct posting p;
		struct card c, d;
		struct plan *plan;
		struct change ch;
		uint8_t from;
		posting_random(&world, &seed, &p);
		card_random(&world, &seed, &c);
		assert_int_equal(plan_new(&world.m, &p, &plan), OK);
		if (score_change(plan, &c, &ch)) {
			found++;
			d = c;
			assert_true(card_raise(&d, ch.term,
			    vocabulary_find(world.v, ch.term), ch.to_level,
			    &from));
			const struct score before = fit(&p, &c);
			const struct score after = fit(&p, &d);
			assert_int_equal(ch.before, before.total);
			assert_int_equal(ch.after, after.total);
			assert_int_equal(ch.from_level, from);
			assert_true(after.total > before.total ||
				    (before.excluded && !after.excluded));
		}
		plan_free(plan);
	}
	assert_true(found > PAIRS / 8);
}

static void
test_change_says(void **state)
{
	struct posting p;
	struct card c;
	struct plan *plan;
	struct change ch;

	(void)state;
	posting_of(&world, "welding:4*90 first-aid:1*10", &p);
	card_of(&world, "welding:3", &c);
	assert_int_equal(plan_new(&world.m, &p, &plan), OK);
	assert_true(score_change(plan, &c, &ch));
	assert_true(ch.term == slug_term("welding"));
	assert_int_equal(ch.from_level, 3);
	assert_int_equal(ch.to_level, 4);
	card_of(&world, "welding:4 first-aid:1", &c);
	assert_false(score_change(plan, &c, &ch));
	plan_free(plan);

	/* what excludes comes first, however little it weighs */
	posting_of(&world, "welding:4*90 first-aid:1*10!", &p);
	card_of(&world, "welding:1", &c);
	assert_int_equal(plan_new(&world.m, &p, &plan), OK);
	assert_true(score_change(plan, &c, &ch));
	assert_true(ch.term == slug_term("first-aid"));
	assert_true(ch.excluded_before && !ch.excluded_after);
	plan_free(plan);
}

/* A quarter the share, three quarters its cube root, all rounded down. */
static void
test_fit_of_share(void **state)
{
	static const struct {
		uint64_t earned, most;
		uint32_t overlap;
		int32_t want;
	} cases[] = {
		{ 0, 5000, 0, 0 },
		{ 5000, 5000, 1000, 10000 },
		{ 0, 0, 0, SCORE_NEUTRAL },
		{ 1000, 8000, 500, 4062 },
		{ 125, 1000, 500, 4062 },
		{ 500, 1000, 793, 7197 },
		{ 1, 1000, 100, 752 },
		{ 999, 1000, 999, 9990 },
		{ UINT64_C(1631999999), UINT64_C(1632000000), 999, 9992 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(fit_of_share(cases[i].earned, cases[i].most),
		    cases[i].want);
		if (cases[i].most > 0)
			assert_int_equal(
			    overlap_credit(cases[i].earned, cases[i].most),
			    cases[i].overlap);
	}
	for (uint64_t most = 1000; most <= 7000; most += 3000) {
		for (uint64_t e = 1; e <= most; e++)
			assert_true(
			    fit_of_share(e, most) >= fit_of_share(e - 1, most));
	}
}

/* The share of what one can do that is called for, by rarity. */
static void
test_uses(void **state)
{
	struct posting p;
	struct card c;

	(void)state;
	posting_of(&world, "welding:3 cooking:2", &p);
	card_of(&world, "welding:3", &c);
	struct score s = wish(&p, &c, NULL);
	assert_int_equal(s.lines[1].kind, LINE_USES);
	assert_int_equal(s.lines[1].credit, CREDIT_MAX);
	card_of(&world, "welding:3 python:3", &c);
	s = wish(&p, &c, NULL);
	assert_in_range(s.lines[1].credit, 300, 700);
	/* twice the same is once */
	card_of(&world, "welding:3 welding:1 python:3 python", &c);
	assert_int_equal(wish(&p, &c, NULL).total, s.total);
	/* a requirement takes up no more than itself */
	posting_of(&world, "welding:3", &p);
	card_of(&world, "mig-welding:3 tig-welding:3", &c);
	s = wish(&p, &c, NULL);
	assert_in_range(s.lines[1].credit, 200, 600);
	/* nobody can tell: there is no such line */
	card_of(&world, "", &c);
	assert_int_not_equal(wish(&p, &c, NULL).lines[1].kind, LINE_USES);
	posting_of(&world, "", &p);
	card_of(&world, "welding", &c);
	assert_int_not_equal(wish(&p, &c, NULL).lines[1].kind, LINE_USES);
}

static void
test_both(void **state)
{
	static const struct {
		int32_t fit, wish, want;
	} cases[] = {
		{ 0, 0, 0 },
		{ 10000, 0, 0 },
		{ 10000, 10000, 10000 },
		{ 8000, 4000, 5333 },
		{ 1, 10000, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		    score_both(cases[i].fit, cases[i].wish), cases[i].want);
		assert_int_equal(
		    score_both(cases[i].wish, cases[i].fit), cases[i].want);
	}
}

/*
 * The same on every machine, today and later: hashes and scores over a small
 * vocabulary that is written down here.
 */
static void
test_pinned(void **state)
{
	static const char tsv[] =
	    "slug\ttype\tisco\ten\tde\tfr\tes\tbroader\trelated\tsame_as\n"
	    "food\tskill\t*\tfood work\tKüche\tcuisine\tcocina\t\t\t\n"
	    "cook\tskill\t*\tcooking\tKochen\tcuire\tcocer\tfood\t\tx:1\n"
	    "bake\tskill\t*\tbaking\tBacken\tpain\tpan\tfood\tpastry\t\n"
	    "pastry\tskill\t*\tpastry\tTorten\tgateau\ttarta\tfood\t\t\n"
	    "rye\tskill\t*\trye bread\tRoggen\tseigle\tcenteno\tbake\t\t\n"
	    "chef\toccupation\t5120\tcook\tKoch\tchef\tjefe\t\tcook,bake\t\n"
	    "feed\tpurpose\t*\tfood for all\tbrot\tfaim\thambre\t\t\t\n";
	struct world small;
	uint64_t seed = 29, mix = 0;
	char hash[2 * VOCABULARY_HASH + 1];

	(void)state;
	world_open_tsv(&small, tsv);
	for (int i = 0; i < 1000; i++) {
		struct posting p;
		struct card c;
		struct score s;
		posting_random(&small, &seed, &p);
		card_random(&small, &seed, &c);
		assert_int_equal(score_fit(&small.m, &p, &c, &s), OK);
		mix = mix * 31 + (uint64_t)s.total;
		assert_int_equal(score_wish(&small.m, &p, &c, NULL, &s), OK);
		mix = mix * 31 + (uint64_t)s.total;
	}
	assert_int_equal(
	    hex_put(hash, sizeof(hash), slice_of(vocabulary_hash(small.v), 32)),
	    OK);
	assert_string_equal(hash,
	    "debd544cb01b3377fd2f464396ae7ba38f7a18b400a784a34dd42390bb3bb788");
	assert_int_equal(
	    hex_put(hash, sizeof(hash), slice_of(small.m.rarity->hash, 32)),
	    OK);
	assert_string_equal(hash,
	    "37be7ca940868e7cc7619e190b9931524c9691dba83789e26e94de9290a0b3f2");
	assert_int_equal(mix, UINT64_C(0x7cf4e4018eafbcb2));
	world_close(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_credit),
		cmocka_unit_test(test_same_as_is_exact),
		cmocka_unit_test(test_must),
		cmocka_unit_test(test_unknown_is_neutral),
		cmocka_unit_test(test_rarity_weighs),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_wish),
		cmocka_unit_test(test_private_gates),
		cmocka_unit_test(test_sums_and_views),
		cmocka_unit_test(test_points_are_honest),
		cmocka_unit_test(test_adding_a_skill_never_lowers),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_unknown_terms_change_nothing),
		cmocka_unit_test(test_change_is_true),
		cmocka_unit_test(test_change_says),
		cmocka_unit_test(test_fit_of_share),
		cmocka_unit_test(test_uses),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_pinned),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
