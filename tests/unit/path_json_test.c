/* A learning path as the API tells it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/api/path_json.h"
#include "tests/unit/match_world.h"

#define NOW UINT64_C(1800000000)

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

static struct path_offer
offer(const char *slug, uint8_t to, uint32_t hours, uint64_t cost)
{
	struct path_offer o = { .id = { to },
		.kind = PATH_COURSE,
		.region = "de",
		.self_paced = true,
		.hours = hours,
		.cost = cost,
		.currency = "EUR",
		.teaches_n = 1 };

	o.teaches[0] = (struct lesson_item){ slug_term(slug),
		vocabulary_find(world.v, slug_term(slug)), 0, to };
	return o;
}

static void
who(void *ctx, uint32_t at, json_t *o)
{
	(void)ctx;
	(void)json_object_set_new(o, "id", json_string("bafy"));
	(void)json_object_set_new(
	    o, "title", json_sprintf("course %u", (unsigned)at));
}

static json_t *
ask(const char *card, const char *posting, const struct path_offer *offers,
    size_t n, const struct path_means *means)
{
	const struct label_scope scope = { world.v, VOCABULARY_ENGLISH,
		{ NULL, NULL } };
	const struct path_value value = { 9, 2, 3 };
	struct path_target target;
	struct posting p;
	struct card c;

	card_of(&world, card, &c);
	posting_of(&world, posting, &p);
	path_target_posting(world.v, &p, &target);
	assert_int_equal(
	    path_find(&world.m, &c, &target, offers, n, means, result), OK);
	return path_json(&(struct path_view){ .scope = &scope,
	    .target = &target,
	    .offers = offers,
	    .means = means,
	    .result = result,
	    .value = result->points_n > 0 ? &value : NULL,
	    .name = "a job",
	    .demand = "bafydemand",
	    .hours_assumed = means->hours_week == 0,
	    .now_s = NOW,
	    .who = who });
}

static const char *
str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s == NULL ? "" : s;
}

static json_int_t
num(const json_t *o, const char *key)
{
	assert_true(json_is_integer(json_object_get(o, key)));
	return json_integer_value(json_object_get(o, key));
}

static const json_t *
at(const json_t *o, const char *key, size_t i)
{
	return json_array_get(json_object_get(o, key), i);
}

static void
test_a_way(void **state)
{
	const struct path_means means = { .now_h = NOW / 3600,
		.hours_week = 10 };
	const struct path_offer offers[] = { offer("python", 3, 30, 12050) };
	json_t *o = ask("welding:2 empathy:3",
	    "python:3! metalworking:1 teamwork:2 ?runes", offers, 1, &means);
	const json_t *path = at(o, "paths", 0), *step = at(path, "steps", 0);

	(void)state;
	assert_string_equal(str(at(o, "diagnosis", 0), "state"), "missing");
	assert_true(
	    json_is_true(json_object_get(at(o, "diagnosis", 0), "must")));
	assert_string_equal(str(at(o, "diagnosis", 1), "state"), "have");
	assert_string_equal(
	    str(json_object_get(at(o, "diagnosis", 1), "via"), "label"),
	    "welding");
	assert_string_equal(str(at(o, "diagnosis", 2), "state"), "near");
	assert_string_equal(str(at(o, "diagnosis", 3), "state"), "unknown");
	const json_t *counts = json_object_get(o, "counts");
	assert_int_equal(num(counts, "have"), 1);
	assert_int_equal(num(counts, "gap"), 2);
	assert_string_equal(str(o, "strategy"),
	    "1 of 2 missing skills in 3 weeks and 30 hours by 1 offer, for "
	    "120.50 EUR: no other way is cheaper; 1 stays open.");
	assert_string_equal(
	    str(json_object_get(o, "next_action"), "kind"), "take");
	assert_string_equal(
	    str(json_object_get(o, "next_action"), "record"), "bafy");
	assert_int_equal(num(path, "cost"), 12050);
	assert_string_equal(str(path, "payer"), "person");
	assert_int_equal(num(path, "done"), NOW + 3 * 7 * 86400);
	assert_string_equal(str(step, "title"), "course 0");
	assert_string_equal(str(step, "kind"), "course");
	assert_int_equal(num(at(step, "gains", 0), "to"), 3);
	assert_int_equal(json_array_size(json_object_get(o, "open")), 2);
	assert_true(json_is_true(
	    json_object_get(json_object_get(o, "search"), "exact")));
	assert_int_equal(num(json_object_get(o, "value"), "unlocked"), 2);
	assert_true(json_is_null(json_object_get(o, "block")));
	json_decref(o);
}

static void
test_bars_and_blocks(void **state)
{
	struct path_means means = { .now_h = NOW / 3600 };
	struct path_offer offers[] = { offer("python", 2, 10, 6000),
		offer("sql", 3, 10, 6000) };
	json_t *o;

	(void)state;
	means.has_budget = true;
	means.budget = 10000;
	o = ask("", "python:2 sql:2", offers, 2, &means);
	assert_string_equal(str(json_object_get(o, "block"), "why"), "budget");
	assert_string_equal(str(json_object_get(o, "next_action"), "text"),
	    "ask again: 20.00 EUR more would do");
	assert_true(json_is_true(
	    json_object_get(json_object_get(o, "means"), "hours_assumed")));
	json_decref(o);
	means.budget = 100;
	o = ask("", "python:2", offers, 1, &means);
	assert_int_equal(json_array_size(json_object_get(o, "paths")), 0);
	/* there is one, but not for this budget: not "nothing teaches it" */
	assert_ptr_equal(
	    strstr(str(o, "strategy"), "No offer that you can take"),
	    str(o, "strategy"));
	assert_non_null(strstr(str(o, "strategy"),
	    "Offers for 1 of them would with more money: --budget."));
	const json_t *open = at(o, "open", 0);
	assert_int_equal(num(json_object_get(open, "barred"), "budget"), 1);
	assert_string_equal(
	    str(open, "help"), "1 offer would help with more money: --budget");
	assert_true(json_is_false(json_object_get(open, "self_study")));
	assert_true(json_is_null(json_object_get(o, "value")));
	json_decref(o);
	/* an offer that ends below what is asked helps and closes nothing */
	means.has_budget = false;
	offers[0] = offer("python", 1, 10, 6000);
	o = ask("", "python:2", offers, 1, &means);
	assert_ptr_equal(strstr(str(o, "strategy"), "No offer here closes"),
	    str(o, "strategy"));
	assert_non_null(strstr(str(o, "strategy"), "1 leads towards it"));
	json_decref(o);
	o = ask("", "python:2", NULL, 0, &means);
	assert_string_equal(
	    str(json_object_get(o, "block"), "why"), "no-offer");
	assert_string_equal(
	    str(json_object_get(o, "next_action"), "kind"), "study");
	assert_non_null(strstr(str(o, "strategy"), "study them in the order"));
	json_decref(o);
	/* an occupation and a purpose are asked for, too: nothing to learn */
	o = ask(
	    "python:2", "python:2 nurse climate-protection", NULL, 0, &means);
	assert_string_equal(
	    str(o, "strategy"), "Nothing that is asked is missing.");
	assert_int_equal(json_array_size(json_object_get(o, "diagnosis")), 1);
	assert_string_equal(str(at(o, "asked_too", 0), "label"), "nurse");
	assert_string_equal(
	    str(at(o, "asked_too", 1), "label"), "climate protection");
	json_decref(o);
	o = ask("python:2", "python:2", NULL, 0, &means);
	assert_string_equal(
	    str(json_object_get(o, "next_action"), "kind"), "apply");
	assert_string_equal(
	    str(o, "strategy"), "Nothing that is asked is missing.");
	json_decref(o);
}

static void
test_money(void **state)
{
	char out[48];

	(void)state;
	path_money(out, sizeof(out), 0, "EUR");
	assert_string_equal(out, "nothing");
	path_money(out, sizeof(out), 1205, "EUR");
	assert_string_equal(out, "12.05 EUR");
	path_money(out, sizeof(out), 1205, "JPY");
	assert_string_equal(out, "1205 JPY");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_way),
		cmocka_unit_test(test_bars_and_blocks),
		cmocka_unit_test(test_money),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
