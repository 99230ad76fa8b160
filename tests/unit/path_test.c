/* Learning paths over the core vocabulary, each reckoned by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/path/path.h"
#include "tests/unit/match_world.h"

#define NOW  UINT64_C(500000)
#define WEEK 168U

static struct world world;
static struct path_result *result;

static int
open_world(void **state)
{
	(void)state;
	world_open(&world);
	result = calloc(1, sizeof(*result));
	return result == NULL;
}

static int
close_world(void **state)
{
	(void)state;
	free(result);
	world_close(&world);
	return 0;
}

/* ---- offers in a line of text: "python:0-2 sql:0-1; rust:2" ---- */

static const char *
slug_at(const char *text, char slug[64])
{
	int n = 0;

	while (*text == ' ')
		text++;
	if (sscanf(text, "%63[a-z-]%n", slug, &n) != 1)
		abort();
	return text + n;
}

static struct path_offer
offer(uint8_t id, const char *text, uint32_t hours, uint64_t cost)
{
	struct path_offer o = { .id = { id },
		.kind = PATH_COURSE,
		.region = "de",
		.self_paced = true,
		.hours = hours,
		.cost = cost,
		.currency = "EUR" };
	char slug[64];

	while (*text != '\0' && *text != ';') {
		struct lesson_item *t = &o.teaches[o.teaches_n++];
		text = slug_at(text, slug);
		t->term = slug_term(slug);
		t->at = vocabulary_find(world.v, t->term);
		assert_true(t->at != TERM_NOWHERE);
		t->from = (uint8_t)(text[1] - '0');
		t->to = (uint8_t)(text[3] - '0');
		text += 4;
	}
	while (*text != '\0') {
		struct graded_term *n = &o.needs[o.needs_n++];
		text = slug_at(text + 1, slug);
		n->term = slug_term(slug);
		n->at = vocabulary_find(world.v, n->term);
		assert_true(n->at != TERM_NOWHERE);
		n->level = (uint8_t)(text[1] - '0');
		text += 2;
	}
	return o;
}

static void
find(const char *card, const char *posting, const struct path_offer *offers,
    size_t n, const struct path_means *means)
{
	struct path_means plain = { .now_h = NOW, .hours_week = 10 };
	struct path_target target;
	struct posting p;
	struct card c;

	card_of(&world, card, &c);
	posting_of(&world, posting, &p);
	path_target_posting(world.v, &p, &target);
	assert_int_equal(path_find(&world.m, &c, &target, offers, n,
			     means == NULL ? &plain : means, result),
	    OK);
}

/* The offers of the first way by their ids, in order. */
static void
expect_way(uint16_t point, const char *ids)
{
	const struct path_point *p = &result->points[point];

	assert_true(result->points_n > point);
	assert_int_equal(p->taken_n, strlen(ids));
	for (size_t i = 0; ids[i] != '\0'; i++)
		assert_int_equal(p->taken[i].offer, ids[i] - '0');
}

/* ---- what is missing ---- */

static void
test_diagnosis(void **state)
{
	static const enum path_state states[] = { PATH_LEVEL, PATH_HAVE,
		PATH_NEAR, PATH_UNKNOWN, PATH_MISSING, PATH_HAVE };

	(void)state;
	find("python:3 welding:2 empathy:4 sql",
	    "python:4 metalworking:2 teamwork:2 ?runes:1 cooking sql:5", NULL,
	    0, NULL);
	assert_int_equal(result->lines_n, 6);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(result->lines[i].state, states[i]);
	assert_int_equal(result->lines[0].level, 3);
	assert_int_equal(result->lines[1].via, VIA_NARROWER);
	assert_true(result->lines[1].held == slug_term("welding"));
	assert_int_equal(result->lines[2].via, VIA_SIBLING);
	assert_int_equal(result->lines[5].level, 5); /* not told is enough */
	assert_int_equal(result->missing, 3);
	assert_int_equal(result->points_n, 0);
	assert_int_equal(result->block, PATH_BLOCK_NO_OFFER);
	assert_int_equal(result->open_n, 4);
}

static void
test_nothing_missing(void **state)
{
	(void)state;
	find("python:5", "python:2", NULL, 0, NULL);
	assert_int_equal(result->missing, 0);
	assert_int_equal(result->points_n, 0);
	assert_int_equal(result->block, PATH_BLOCK_NOTHING);
	assert_int_equal(result->open_n, 0);
}

/* ---- levels and needs ---- */

static void
test_levels(void **state)
{
	const struct path_offer offers[] = {
		offer(1, "python:2-4", 20, 100),
		offer(2, "python:0-2", 10, 50),
		offer(3, "python:0-4", 20, 200),
		offer(4, "python:0-3", 5, 1),
	};

	(void)state;
	find("python:1", "python:4", offers, 4, NULL);
	/* 4 reaches 3, which is more than the 2 that 1 wants */
	expect_way(0, "30");
	assert_int_equal(result->points[0].cost, 101);
	assert_int_equal(result->points[0].weeks, 3);
	assert_true(result->exact);
	/* dearer, but faster */
	expect_way(1, "2");
	assert_int_equal(result->points_n, 2);
	find("python:2", "python:4", offers, 3, NULL);
	expect_way(0, "0");
	assert_int_equal(result->points[0].taken[0].gains[0].from, 2);
	assert_int_equal(result->points[0].taken[0].gains[0].to, 4);
	find("python:1", "python:5", offers, 4, NULL);
	assert_int_equal(result->closed, 0);
	assert_int_equal(result->open_n, 1);
	assert_int_equal(result->lines[0].reachable, 4);
	expect_way(0, "30"); /* as far as it goes */
}

static void
test_needs(void **state)
{
	const struct path_offer offers[] = {
		offer(1, "rust:0-3; c-programming:2", 30, 0),
		offer(2, "c-programming:0-2; metalworking:1", 10, 0),
		offer(3, "rust:0-3; cooking:3", 1, 0),
		offer(4, "metalworking:0-1", 10, 500),
	};

	(void)state;
	find("", "rust:3", offers, 4, NULL);
	expect_way(0, "310");
	assert_int_equal(result->points[0].cost, 500);
	/* welding is metalworking */
	find("welding:1", "rust:3", offers, 4, NULL);
	expect_way(0, "10");
	find("", "rust:3", offers, 3, NULL);
	assert_int_equal(result->points_n, 0);
	assert_int_equal(result->open[0].offers, 2);
	assert_int_equal(result->open[0].barred[PATH_BAR_NEEDS], 2);
}

static void
test_special_case_teaches(void **state)
{
	const struct path_offer offers[] = {
		offer(1, "welding:0-3", 10, 10),
	};

	(void)state;
	find("", "metalworking:3 cooking:1", offers, 1, NULL);
	expect_way(0, "0");
	assert_int_equal(result->closed, 1);
	assert_int_equal(result->open_n, 1);
	assert_int_equal(result->open[0].line, 1);
	assert_int_equal(result->open[0].offers, 0);
}

/* ---- gates ---- */

static void
bars_at(enum path_bar bar, const struct path_means *means,
    const struct path_offer *o, const char *card)
{
	find(card, "python:2", o, 1, means);
	assert_int_equal(result->points_n, 0);
	assert_int_equal(result->open[0].barred[bar], 1);
	assert_int_equal(result->open[0].example[bar], 0);
}

static void
test_bars(void **state)
{
	struct path_means means = { .now_h = NOW, .hours_week = 10 };
	struct path_offer o = offer(1, "python:0-2", 40, 200);
	const uint64_t python = slug_term("python");

	(void)state;
	means.has_budget = true;
	means.budget = 199;
	bars_at(PATH_BAR_BUDGET, &means, &o, "");
	means.budget = 200;
	find("", "python:2", &o, 1, &means);
	expect_way(0, "0");

	o.languages_n = 1;
	o.languages[0].language = 0x6672; /* fr */
	means.language = 0x6465;
	bars_at(PATH_BAR_LANGUAGE, &means, &o, "");
	means.language = 0x6672;
	find("", "python:2", &o, 1, &means);
	expect_way(0, "0");

	means.formats = PATH_OFFLINE | PATH_PHONE;
	o.formats = PATH_ONLINE | PATH_VIDEO;
	bars_at(PATH_BAR_FORMAT, &means, &o, "");
	o.formats |= PATH_PHONE;
	find("", "python:2", &o, 1, &means);
	expect_way(0, "0");
	o.formats = PATH_PRINT; /* needs no connection */
	means.formats = PATH_OFFLINE;
	find("", "python:2", &o, 1, &means);
	expect_way(0, "0");
	assert_false(result->points[0].taken[0].asks_format);
	o.formats = 0;
	find("", "python:2", &o, 1, &means);
	assert_true(result->points[0].taken[0].asks_format);

	o.formats = PATH_ON_SITE;
	memcpy(o.region, "fr", 3);
	bars_at(PATH_BAR_PLACE, &means, &o, "");
	memcpy(o.region, "de", 3);

	o.self_paced = false;
	o.weeks = 2; /* 20 hours a week */
	bars_at(PATH_BAR_HOURS, &means, &o, "");
	o.weeks = 4;
	find("", "python:2", &o, 1, &means);
	expect_way(0, "0");

	o.start_h = NOW - 1;
	bars_at(PATH_BAR_DATE, &means, &o, "");
	o.start_h = NOW + 10 * WEEK;
	find("", "python:2", &o, 1, &means);
	assert_int_equal(result->points[0].taken[0].from_week, 10);
	assert_int_equal(result->points[0].weeks, 14);
	means.until_h = NOW + 13 * WEEK;
	bars_at(PATH_BAR_DATE, &means, &o, "");
	means.until_h = NOW + 14 * WEEK;
	find("", "python:2", &o, 1, &means);
	expect_way(0, "0");

	means.unwanted = &python;
	means.unwanted_n = 1;
	bars_at(PATH_BAR_UNWANTED, &means, &o, "");
}

static void
test_reading_level(void **state)
{
	struct path_offer o = offer(1, "python:0-2", 40, 0);
	struct path_target target;
	const struct path_means means = { .now_h = NOW };
	struct card c;

	(void)state;
	card_of(&world, "", &c);
	c.languages_n = 1;
	c.languages[0] = (struct spoken_language){ 0x6465, 2 };
	o.languages_n = 1;
	o.languages[0].language = 0x6465;
	o.reading_level = 3;
	path_target_skill(world.v, slug_term("python"), 2, &target);
	assert_int_equal(
	    path_find(&world.m, &c, &target, &o, 1, &means, result), OK);
	assert_int_equal(result->open[0].barred[PATH_BAR_LANGUAGE], 1);
	o.reading_level = 2;
	assert_int_equal(
	    path_find(&world.m, &c, &target, &o, 1, &means, result), OK);
	expect_way(0, "0");
	assert_int_equal(result->hours_week, PATH_HOURS_WEEK);
	assert_int_equal(result->points[0].weeks, 8);
}

/* ---- money ---- */

static void
test_budget_together(void **state)
{
	const struct path_means means = {
		.now_h = NOW, .has_budget = true, .budget = 100
	};
	const struct path_offer offers[] = {
		offer(1, "python:0-2", 10, 60),
		offer(2, "sql:0-2", 10, 60),
	};

	(void)state;
	find("", "python:2 sql:2", offers, 2, &means);
	assert_int_equal(result->block, PATH_BLOCK_BUDGET);
	assert_int_equal(result->short_money, 20);
	expect_way(0, "01");
	/* one of them can be closed; with enough money there is no part */
	assert_true(result->part_exact);
	assert_int_equal(__builtin_popcountll(result->part_lines), 1);
	assert_int_equal(result->part.cost, 60);
	assert_int_equal(result->part.taken_n, 1);
	find("", "python:2 sql:2", offers, 2, NULL);
	assert_int_equal(result->part_lines, 0);
}

/* The part that is worth most, not the one with most skills nor the dearest. */
static void
test_partial(void **state)
{
	struct path_means means = {
		.now_h = NOW, .has_budget = true, .budget = 100
	};
	const struct path_offer offers[] = {
		offer(1, "python:0-2", 10, 90),
		offer(2, "sql:0-2", 10, 40),
		offer(3, "cooking:0-2", 10, 50),
	};
	struct path_target target = { 0 };
	struct card c = { 0 };

	(void)state;
	find("", "python:2 sql:2 cooking:2", offers, 3, &means);
	assert_int_equal(result->block, PATH_BLOCK_BUDGET);
	assert_int_equal(__builtin_popcountll(result->part_lines), 2);
	assert_int_equal(result->part.cost, 90);
	/* a must-have counts more than two others */
	target.n = 3;
	for (uint16_t i = 0; i < 3; i++) {
		static const char *const slugs[] = { "sql", "python",
			"cooking" };
		const uint64_t term = slug_term(slugs[i]);
		target.goals[i] = (struct path_goal){ .term = term,
			.at = vocabulary_find(world.v, term),
			.level = 2,
			.weight = 50,
			.must = i == 1 };
	}
	assert_int_equal(
	    path_find(&world.m, &c, &target, offers, 3, &means, result), OK);
	assert_int_equal(result->part_lines, 2);
	assert_int_equal(result->part.cost, 90);
	means.budget = 39;
	assert_int_equal(
	    path_find(&world.m, &c, &target, offers, 3, &means, result), OK);
	assert_int_equal(result->part_lines, 0);
}

static void
find_invested(const struct investment *invests, uint16_t n,
    const struct path_offer *offers, size_t offers_n)
{
	const struct path_means means = { .now_h = NOW };
	struct path_target target;
	struct posting p;
	struct card c;

	card_of(&world, "", &c);
	posting_of(&world, "python:2 sql:2", &p);
	memcpy(p.invests, invests, n * sizeof(*invests));
	p.invests_n = n;
	path_target_posting(world.v, &p, &target);
	assert_int_equal(
	    path_find(&world.m, &c, &target, offers, offers_n, &means, result),
	    OK);
}

static void
test_investment(void **state)
{
	const uint64_t sql = slug_term("sql");
	const struct investment general = {
		.kind = 2, .amount = 100, .currency = "EUR", .at = TERM_NOWHERE
	};
	const struct investment tied = { .kind = 2,
		.amount = 100,
		.currency = "EUR",
		.term = sql,
		.at = vocabulary_find(world.v, sql) };
	const struct investment time = {
		.kind = 1, .hours = 12, .at = TERM_NOWHERE
	};
	const struct investment both[] = { general, tied, time };
	const struct path_offer offers[] = {
		offer(1, "python:0-2", 10, 70),
		offer(2, "sql:0-2", 10, 90),
		offer(3, "sql:0-2", 5, 95),
	};

	(void)state;
	find_invested(&general, 1, offers, 2);
	assert_int_equal(result->points[0].cost, 60);
	assert_int_equal(result->points[0].paid, 100);
	find_invested(&tied, 1, offers, 2);
	assert_int_equal(result->points[0].cost, 70);
	assert_int_equal(result->points[0].paid, 90);
	/* it costs the person nothing either way: then the faster one */
	find_invested(both, 3, offers, 3);
	assert_int_equal(result->points[0].cost, 0);
	assert_int_equal(result->points[0].hours_paid, 12);
	assert_int_equal(result->points_n, 1);
	expect_way(0, "02");
}

static void
test_prices_not_told(void **state)
{
	struct path_offer offers[] = {
		offer(1, "python:0-2", 10, 0),
		offer(2, "python:0-2", 10, 900),
		offer(3, "python:0-2", 10, 0),
	};

	(void)state;
	offers[0].currency[0] = '\0';
	memcpy(offers[2].currency, "JPY", 4);
	offers[2].cost = 5;
	find("", "python:2", offers, 3, NULL);
	assert_string_equal(result->currency, "EUR");
	expect_way(0, "1"); /* told is safer than not told */
	find("", "python:2", offers, 1, NULL);
	expect_way(0, "0");
	assert_int_equal(result->points[0].unpriced, 1);
}

/* ---- time ---- */

static void
test_calendar(void **state)
{
	struct path_means means = { .now_h = NOW, .hours_week = 10 };
	struct path_offer offers[] = {
		offer(1, "python:0-2", 20, 0),
		offer(2, "sql:0-2", 15, 0),
	};

	(void)state;
	means.busy_n = 1;
	means.busy[0].from_h = NOW + WEEK;
	means.busy[0].to_h = NOW + 3 * WEEK;
	find("", "python:2 sql:2", offers, 2, &means);
	/* weeks 0, 3, 4 and 5 */
	assert_int_equal(result->points[0].weeks, 6);
	/* two groups at the same time, with 4 hours a week each */
	for (int i = 0; i < 2; i++) {
		offers[i].self_paced = false;
		offers[i].hours = 16;
		offers[i].weeks = 4;
		offers[i].start_h = NOW + 5 * WEEK;
	}
	find("", "python:2 sql:2", offers, 2, &means);
	assert_int_equal(result->points[0].weeks, 9);
	means.hours_week = 7;
	find("", "python:2 sql:2", offers, 2, &means);
	assert_int_equal(result->block, PATH_BLOCK_DATES);
	assert_int_equal(result->points_n, 0);
	/* one after the other where the second has no date */
	offers[1].start_h = 0;
	find("", "python:2 sql:2", offers, 2, &means);
	assert_int_equal(result->block, PATH_BLOCK_NOTHING);
	assert_int_equal(result->points[0].weeks, 13);
	means.until_h = NOW + 11 * WEEK;
	find("", "python:2 sql:2", offers, 2, &means);
	assert_int_equal(result->block, PATH_BLOCK_DATES);
	assert_int_equal(result->short_weeks, 2);
}

/* ---- targets ---- */

static void
test_occupation_alone(void **state)
{
	const struct path_means means = { .now_h = NOW };
	const uint32_t at =
	    vocabulary_find(world.v, slug_term("software-developer"));
	struct path_target target;
	struct card c;

	(void)state;
	card_of(&world, "python:3", &c);
	assert_int_equal(path_target_occupation(&world.m, at, 0, &target), OK);
	assert_true(target.n >= 4);
	assert_int_equal(
	    path_find(&world.m, &c, &target, NULL, 0, &means, result), OK);
	assert_int_equal(result->open_n, result->missing);
	assert_true(result->open_n > 2);
	for (uint16_t i = 1; i < result->open_n; i++) {
		const struct path_open *a = &result->open[i - 1];
		const struct path_open *b = &result->open[i];
		assert_true(a->depth < b->depth ||
			    (a->depth == b->depth && a->rarity <= b->rarity));
	}
	assert_int_equal(
	    path_target_occupation(&world.m,
		vocabulary_find(world.v, slug_term("python")), 0, &target),
	    ERR_NOTFOUND);
}

static struct value
term_value(const char *slug, uint8_t bytes[8])
{
	put_u64be(bytes, slug_term(slug));
	return value_bin(slice_of(bytes, 8));
}

static void
test_pathway(void **state)
{
	const struct path_means means = { .now_h = NOW, .hours_week = 10 };
	const struct path_offer offers[] = {
		offer(1, "python:0-2", 10, 0),
		offer(2, "sql:0-2", 10, 0),
	};
	uint8_t id[3][8];
	struct value python[] = { value_uint(0), term_value("python", id[0]),
		value_uint(2), value_uint(2) };
	struct value sql[] = { value_uint(0), term_value("sql", id[1]),
		value_uint(2), value_uint(2) };
	struct value cooking[] = { value_uint(0), term_value("cooking", id[2]),
		value_uint(2), value_uint(1) };
	struct value first[] = { value_map(sql, 2) };
	struct value second[] = { value_map(python, 2) };
	struct value third[] = { value_map(cooking, 2) };
	struct value needs[] = { value_uint(0) };
	struct value step1[] = { value_uint(2), value_array(first, 1) };
	struct value step2[] = { value_uint(2), value_array(second, 1),
		value_uint(8), value_array(needs, 1) };
	struct value step3[] = { value_uint(2), value_array(third, 1),
		value_uint(14), value_uint(1) };
	struct value steps[] = { value_map(step1, 1), value_map(step2, 2),
		value_map(step3, 2) };
	struct value fields[] = { value_uint(4), value_array(steps, 3) };
	const struct value payload = value_map(fields, 1);
	struct path_target target;
	struct card c;

	(void)state;
	card_of(&world, "", &c);
	assert_int_equal(path_target_pathway(world.v, &payload, &target), OK);
	assert_int_equal(target.n, 2); /* the third is optional */
	assert_int_equal(target.goals[1].after, 1);
	assert_int_equal(
	    path_find(&world.m, &c, &target, offers, 2, &means, result), OK);
	expect_way(0, "10"); /* sql first, though python has the smaller id */
	steps[0] = value_uint(7);
	assert_int_equal(
	    path_target_pathway(world.v, &payload, &target), ERR_FORM);
}

static void
test_on_the_job(void **state)
{
	const struct path_offer offers[] = {
		offer(1, "sql:0-2", 10, 100),
	};
	const struct path_means means = { .now_h = NOW };
	struct path_reach reach;
	struct posting p;
	struct card c;

	(void)state;
	find("", "python:2 sql:2; python:2", offers, 1, NULL);
	assert_int_equal(result->points[0].taken_n, 2);
	assert_int_equal(result->points[0].cost, 100);
	bool own = false;
	for (uint16_t i = 0; i < 2; i++)
		own = own || result->points[0].taken[i].offer == UINT32_MAX;
	assert_true(own);
	card_of(&world, "teamwork:3", &c);
	posting_of(&world, "python:2! sql:2; python:2", &p);
	assert_int_equal(
	    path_reach(&world.m, &p, &c, offers, 1, &means, &reach), OK);
	assert_true(reach.excluded_before);
	assert_false(reach.excluded_after);
	assert_true(reach.after > reach.before);
	assert_int_equal(reach.after, SCORE_MAX);
	assert_int_equal(reach.payer, PATH_PAYS_PERSON);
	assert_int_equal(reach.cost, 100);
	assert_int_equal(reach.steps, 2);
	assert_int_equal(reach.closed, 2);
	posting_of(&world, "python:2!; python:2", &p);
	assert_int_equal(
	    path_reach(&world.m, &p, &c, offers, 1, &means, &reach), OK);
	assert_int_equal(reach.payer, PATH_PAYS_COMPANY);
	posting_of(&world, "cooking:2!", &p);
	assert_int_equal(
	    path_reach(&world.m, &p, &c, offers, 1, &means, &reach), OK);
	assert_int_equal(reach.steps, 0);
	assert_int_equal(reach.after, reach.before);
}

static void
test_value(void **state)
{
	const struct path_offer offers[] = {
		offer(1, "python:0-3 sql:0-2", 10, 0),
	};
	struct path_target target;
	struct card before, after;
	struct path_counter *counter;
	struct posting p;

	(void)state;
	find("teamwork:3", "python:3", offers, 1, NULL);
	card_of(&world, "teamwork:3", &before);
	path_target_skill(world.v, slug_term("python"), 3, &target);
	path_card_after(&before, &target, offers, &result->points[0], &after);
	assert_int_equal(after.skills_n, 3); /* sql, too */
	assert_int_equal(
	    path_counter_new(&world.m, &before, &after, &counter), OK);
	static const char *const demands[] = { "python:3!", "sql:2 python:2",
		"cooking:2!", "teamwork:2", "python:3 cooking:3 baking-bread" };
	for (size_t i = 0; i < ARRAY_LEN(demands); i++) {
		posting_of(&world, demands[i], &p);
		path_counter_add(counter, &p);
	}
	const struct path_value v = path_counter_value(counter);
	assert_int_equal(v.seen, 5);
	assert_int_equal(v.unlocked, 2);
	assert_int_equal(v.raised, 3);
	path_counter_free(counter);
}

/* ---- the same answer, whatever the order ---- */

static void
test_order_changes_nothing(void **state)
{
	static const char *const slugs[] = { "python", "sql", "rust", "cooking",
		"welding", "teamwork", "presenting", "java" };
	uint64_t seed = 4711;
	struct path_offer offers[40], other[40];
	struct path_result *first = malloc(sizeof(*first));

	(void)state;
	assert_non_null(first);
	for (size_t i = 0; i < 40; i++) {
		char text[120];
		snprintf(text, sizeof(text), "%s:0-%d %s:%d-3",
		    slugs[chance(&seed, 8)], (int)chance(&seed, 3) + 1,
		    slugs[chance(&seed, 8)], (int)chance(&seed, 3));
		offers[i] = offer((uint8_t)(i + 1), text,
		    (uint32_t)chance(&seed, 3) * 10 + 10,
		    chance(&seed, 3) * 100);
	}
	find("", "python:3 sql:2 rust:3 cooking:3 welding:2", offers, 40, NULL);
	*first = *result;
	assert_true(first->points_n > 0);
	for (size_t i = 0; i < 40; i++)
		other[i] = offers[(i * 7 + 3) % 40];
	find("", "python:3 sql:2 rust:3 cooking:3 welding:2", other, 40, NULL);
	assert_int_equal(result->points_n, first->points_n);
	for (uint16_t k = 0; k < first->points_n; k++) {
		const struct path_point *a = &first->points[k];
		const struct path_point *b = &result->points[k];
		assert_int_equal(a->taken_n, b->taken_n);
		for (uint16_t i = 0; i < a->taken_n; i++)
			assert_memory_equal(offers[a->taken[i].offer].id,
			    other[b->taken[i].offer].id, RECORD_ID);
	}
	free(first);
}

/* ---- from records ---- */

static void
test_offer_of_records(void **state)
{
	static const uint8_t record[RECORD_ID] = { 9 };
	uint8_t id[8];
	struct value teach[] = { value_uint(0), term_value("sql", id),
		value_uint(4), value_uint(3) };
	struct value teaches[] = { value_map(teach, 2) };
	struct value fields[] = { value_uint(0), value_uint(3), value_uint(4),
		value_array(teaches, 1), value_uint(8), value_uint(12),
		value_uint(12), value_uint(NOW), value_uint(20), value_uint(6),
		value_uint(26), value_uint(1) };
	const struct value course = value_map(fields, 6);
	struct value gig[] = { value_uint(46), value_uint(NOW + 5),
		value_uint(48), value_uint(4) };
	const struct value demand = value_map(gig, 2);
	struct path_offer o;
	struct posting p;

	(void)state;
	assert_int_equal(
	    path_offer_of_course(record, "fr", &course, world.v, &o), OK);
	assert_int_equal(o.kind, PATH_PEERS);
	assert_int_equal(o.start_h, NOW);
	assert_int_equal(o.formats, PATH_ON_SITE | PATH_PHONE | PATH_OFFLINE);
	assert_int_equal(o.teaches[0].to, 3);
	assert_true(o.teaches[0].at != TERM_NOWHERE);
	posting_of(&world, "teamwork:2! cooking; sql:2", &p);
	p.type = POSTING_GIG;
	p.hours_day = 4;
	p.days_week = 2;
	assert_int_equal(path_offer_of_posting(record, &demand, &p, &o), OK);
	assert_int_equal(o.kind, PATH_WORK);
	assert_int_equal(o.hours, 32);
	assert_int_equal(o.needs_n, 1); /* the must alone */
	p.type = POSTING_JOB;
	assert_int_equal(
	    path_offer_of_posting(record, &demand, &p, &o), ERR_NOTFOUND);
	p.type = POSTING_MENTORING;
	p.direction = POSTING_SEEKS_MENTOR;
	assert_int_equal(
	    path_offer_of_posting(record, &demand, &p, &o), ERR_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diagnosis),
		cmocka_unit_test(test_nothing_missing),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_special_case_teaches),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_reading_level),
		cmocka_unit_test(test_budget_together),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_investment),
		cmocka_unit_test(test_prices_not_told),
		cmocka_unit_test(test_calendar),
		cmocka_unit_test(test_occupation_alone),
		cmocka_unit_test(test_pathway),
		cmocka_unit_test(test_on_the_job),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_order_changes_nothing),
		cmocka_unit_test(test_offer_of_records),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
