/*
 * The index against the linear scan: random worlds that change, filters of
 * every sort, ties, and what happens between a snapshot and a job.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "index_world.h"
#include "match/forward.h"

static struct world world;
static struct index_world *w;

static int
setup(void **state)
{
	(void)state;
	world_open(&world);
	w = calloc(1, sizeof(*w));
	return w == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	free(w);
	world_close(&world);
	return 0;
}

static void
random_id(uint64_t *seed, uint8_t id[RECORD_ID])
{
	for (size_t i = 0; i < RECORD_ID; i++)
		id[i] = (uint8_t)chance(seed, 256);
}

/* ---- forward records ---- */

static void
test_forward_card(void **state)
{
	const struct forward_form f = forward_form(world.v);
	uint8_t bytes[FORWARD_MAX];
	uint64_t seed = 5;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct card c, back;
		struct posting p;
		struct plan *plan;
		card_random(&world, &seed, &c);
		c.seeks <<= chance(&seed, 3);
		posting_random(&world, &seed, &p);
		const size_t n = forward_put_card(&f, &c, bytes);
		assert_int_equal(n, forward_size(bytes));
		assert_true(n <= FORWARD_MAX);
		forward_card(&f, bytes, &back);
		assert_int_equal(plan_new(&world.m, &p, &plan), OK);
		const struct score_brief a = plan_fit_brief(plan, &c);
		const struct score_brief b = plan_fit_brief(plan, &back);
		assert_int_equal(a.total, b.total);
		assert_int_equal(a.excluded, b.excluded);
		assert_int_equal(a.near, b.near);
		const struct score_brief u = plan_wish_brief(plan, &c, NULL);
		const struct score_brief v = plan_wish_brief(plan, &back, NULL);
		assert_int_equal(u.total, v.total);
		assert_int_equal(u.excluded, v.excluded);
		assert_int_equal(u.near, v.near);
		plan_free(plan);
	}
}

static void
test_forward_posting(void **state)
{
	const struct forward_form f = forward_form(world.v);
	uint8_t bytes[FORWARD_MAX];
	uint64_t seed = 6;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct card c;
		struct wishes wishes;
		struct posting p, back;
		struct card_plan *plan;
		card_random(&world, &seed, &c);
		wishes_random(&world, &seed, &wishes);
		posting_random(&world, &seed, &p);
		const size_t n = forward_put_posting(&f, &p, bytes);
		assert_int_equal(n, forward_size(bytes));
		forward_posting(&f, bytes, &back);
		assert_int_equal(
		    card_plan_new(&world.m, &c, &wishes, &plan), OK);
		const struct score_brief a = card_plan_fit_brief(plan, &p);
		const struct score_brief b = card_plan_fit_brief(plan, &back);
		assert_int_equal(a.total, b.total);
		assert_int_equal(a.excluded, b.excluded);
		assert_int_equal(a.near, b.near);
		const struct score_brief u = card_plan_brief(plan, &p).wish;
		const struct score_brief v = card_plan_brief(plan, &back).wish;
		assert_int_equal(u.total, v.total);
		assert_int_equal(u.excluded, v.excluded);
		assert_int_equal(u.near, v.near);
		card_plan_free(plan);
	}
}

/* The fullest records that there can be fit. */
static void
test_forward_full(void **state)
{
	const struct forward_form forms[] = { { world.v, false },
		{ world.v, true } };
	static struct card c, card_back;
	static struct posting p, posting_back;
	uint8_t bytes[FORWARD_MAX];

	(void)state;
	memset(&c, 0, sizeof(c));
	memset(&p, 0, sizeof(p));
	c.skills_n = CARD_SKILLS_MAX;
	c.aspirations_n = CARD_ASPIRATIONS_MAX;
	c.purposes_n = CARD_PURPOSES_MAX;
	c.languages_n = p.languages_n = CARD_LANGUAGES_MAX;
	for (size_t i = 0; i < CARD_LANGUAGES_MAX; i++)
		c.languages[i] = p.languages[i] =
		    (struct spoken_language){ UINT32_MAX, 7 };
	p.requirements_n = POSTING_REQUIREMENTS_MAX;
	p.teaches_n = POSTING_TEACHES_MAX;
	p.purposes_n = CARD_PURPOSES_MAX;
	p.invests_n = POSTING_INVESTS_MAX;
	for (size_t i = 0; i < POSTING_INVESTS_MAX; i++)
		p.invests[i] = (struct investment){ UINT32_MAX, UINT32_MAX,
			UINT64_MAX, "EUR", 1, TERM_NOWHERE };
	p.pay = (struct pay){ UINT64_MAX, UINT64_MAX, "EUR", UINT32_MAX };
	p.guaranteed_hours = p.hours_day = p.days_week = UINT32_MAX;
	p.occupation.term = 1;
	p.occupation.at = TERM_NOWHERE;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		assert_true(
		    forward_put_card(&forms[i], &c, bytes) <= FORWARD_MAX);
		forward_card(&forms[i], bytes, &card_back);
		assert_int_equal(card_back.skills_n, CARD_SKILLS_MAX);
		assert_int_equal(card_back.languages[15].language, UINT32_MAX);
		assert_true(
		    forward_put_posting(&forms[i], &p, bytes) <= FORWARD_MAX);
		forward_posting(&forms[i], bytes, &posting_back);
		assert_int_equal(posting_back.pay.max, UINT64_MAX);
		assert_int_equal(posting_back.hours_day, UINT32_MAX);
		assert_int_equal(posting_back.invests[15].amount, UINT64_MAX);
		assert_int_equal(posting_back.occupation.at, TERM_NOWHERE);
		assert_true(posting_back.occupation.term != 0);
	}
}

/* ---- searches ---- */

static void
put_random(uint64_t *seed, const uint8_t *id)
{
	if (w->kind == INDEX_PEOPLE) {
		struct card c;
		card_random(&world, seed, &c);
		index_world_put_card(w, id, &c);
	} else {
		struct posting p;
		posting_random(&world, seed, &p);
		index_world_put_posting(w, id, &p);
	}
}

static size_t
search_random(uint64_t *seed)
{
	static const size_t many[] = { 0, 1, 3, 10, 10, 10, 50, 2000 };
	const size_t max = many[chance(seed, ARRAY_LEN(many))];
	const bool with_excluded = chance(seed, 4) == 0;
	struct index_filter filter, *f = NULL;

	if (chance(seed, 2) == 0) {
		filter_random(seed, &filter);
		f = &filter;
	}
	if (w->kind == INDEX_PEOPLE) {
		struct posting p;
		posting_random(&world, seed, &p);
		return index_world_people(w, &p, f, with_excluded, max);
	}
	struct card c;
	struct wishes wishes;
	card_random(&world, seed, &c);
	wishes_random(&world, seed, &wishes);
	return index_world_postings(w, &c,
	    chance(seed, 2) == 0 ? &wishes : NULL, f, with_excluded, max);
}

/* One of the things that happen to an index. */
static void
step(uint64_t *seed, struct index_job **job, bool *ran)
{
	uint8_t id[RECORD_ID];
	const uint64_t what = chance(seed, 100);

	if (what < 4 && *job == NULL) {
		*ran = false;
		assert_true(index_job_new(w->ix, job) != ERR_NOMEM);
	} else if (what < 8 && *job != NULL && !*ran) {
		assert_int_equal(index_job_run(*job), OK);
		*ran = true;
	} else if (what < 12 && *job != NULL) {
		/* also without a run: then all stays as it was */
		index_job_finish(w->ix, *job);
		*job = NULL;
	} else if (what < 30 && w->n > 0) {
		index_world_remove(w, chance(seed, w->n));
	} else if (what < 40 && w->n > 0) {
		memcpy(id, w->ids[chance(seed, w->n)], RECORD_ID);
		put_random(seed, id);
	} else if (w->n < 900) {
		random_id(seed, id);
		put_random(seed, id);
	}
}

static void
random_world(enum index_kind kind, uint64_t seed)
{
	struct index_job *job = NULL;
	bool ran = false;
	size_t found = 0;

	index_world_open(w, &world, kind, 64);
	for (int i = 0; i < 1500; i++) {
		step(&seed, &job, &ran);
		if (i % 25 == 0)
			found += search_random(&seed);
	}
	index_job_finish(w->ix, job);
	assert_int_equal(index_settle(w->ix), OK);
	for (int i = 0; i < 20; i++)
		found += search_random(&seed);
	struct index_stat stat;
	index_stat(w->ix, &stat);
	assert_int_equal(stat.records, w->n);
	assert_true(stat.segments > 0);
	assert_true(found > 0);
	index_world_close(w);
}

static void
test_people(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++)
		random_world(INDEX_PEOPLE, seed * 7919);
}

static void
test_postings(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++)
		random_world(INDEX_POSTINGS, seed * 104729);
}

/* Everybody is the same: the smallest ids win, whatever came when. */
static void
test_ties(void **state)
{
	uint64_t seed = 99;
	struct card c;
	struct posting p;
	uint8_t id[RECORD_ID];

	(void)state;
	index_world_open(w, &world, INDEX_PEOPLE, 64);
	card_of(&world, "welding:3 teamwork; first-aid", &c);
	posting_of(&world, "welding:3; first-aid", &p);
	for (int i = 0; i < 700; i++) {
		random_id(&seed, id);
		if (i % 3 == 0) /* long common beginnings */
			memset(id, 1, 31);
		index_world_put_card(w, id, &c);
	}
	assert_int_equal(index_settle(w->ix), OK);
	static const size_t many[] = { 1, 2, 10, 33, 500, 800 };
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		index_world_people(w, &p, NULL, false, many[i]);
	index_world_close(w);
}

/* A snapshot stays as it was while everything changes. */
static void
test_snapshot(void **state)
{
	struct scan_result before[20], after[20];
	struct index_snapshot *s;
	uint64_t seed = 4;
	uint8_t id[RECORD_ID];
	struct posting p;
	size_t n, m;

	(void)state;
	index_world_open(w, &world, INDEX_PEOPLE, 64);
	for (int i = 0; i < 400; i++) {
		random_id(&seed, id);
		put_random(&seed, id);
		if (i == 300)
			assert_int_equal(index_settle(w->ix), OK);
	}
	posting_of(&world, "welding:3 teamwork:2 first-aid", &p);
	assert_int_equal(index_snapshot_new(w->ix, &s), OK);
	assert_int_equal(
	    index_people(s, &p, NULL, false, before, 20, &n, NULL), OK);
	assert_int_equal(n, 20);
	for (size_t i = 0; i < n; i++)
		assert_true(index_remove(w->ix, before[i].id));
	for (int i = 0; i < 200; i++) {
		random_id(&seed, id);
		put_random(&seed, id);
	}
	assert_int_equal(index_settle(w->ix), OK);
	assert_int_equal(
	    index_people(s, &p, NULL, false, after, 20, &m, NULL), OK);
	assert_int_equal(m, n);
	assert_memory_equal(before, after, sizeof(before));
	size_t walked = 0;
	struct index_walk *walk = calloc(1, sizeof(*walk));
	struct card_item item;
	walk->s = s;
	while (index_next_card(walk, &item))
		walked++;
	assert_int_equal(walked, 400);
	free(walk);
	index_snapshot_free(w->ix, s);
	index_world_close(w);
}

/* The first fill, and what it leaves. */
static void
test_load(void **state)
{
	uint64_t seed = 12;
	uint8_t id[RECORD_ID];
	struct index_stat stat;

	(void)state;
	index_world_open(w, &world, INDEX_PEOPLE, 64);
	assert_int_equal(index_load(w->ix, true), OK);
	for (int i = 0; i < 1000; i++) {
		random_id(&seed, id);
		put_random(&seed, id);
		if (i % 9 == 0)
			index_world_remove(w, chance(&seed, w->n));
	}
	search_random(&seed);
	assert_int_equal(index_load(w->ix, false), OK);
	index_stat(w->ix, &stat);
	assert_int_equal(stat.records, w->n);
	assert_int_equal(stat.segments, 1);
	assert_int_equal(stat.tail, 0);
	for (int i = 0; i < 60; i++)
		search_random(&seed);
	index_world_close(w);
}

/* Full is full, and nothing else happens. */
static void
test_limits(void **state)
{
	struct index_limits limits = index_limits_default;
	uint8_t id[RECORD_ID] = { 0 };
	struct index *ix;
	struct card c;
	uint64_t seed = 3;

	(void)state;
	limits.records_max = 10;
	assert_int_equal(index_new(&world.m, INDEX_PEOPLE, &limits, &ix), OK);
	card_random(&world, &seed, &c);
	for (uint8_t i = 0; i < 10; i++) {
		id[3] = i;
		assert_int_equal(index_put_card(ix, id, &c), OK);
	}
	assert_int_equal(index_put_card(ix, id, &c), OK); /* the same again */
	id[3] = 10;
	assert_int_equal(index_put_card(ix, id, &c), ERR_LIMIT);
	assert_false(index_has(ix, id));
	id[3] = 4;
	assert_true(index_remove(ix, id));
	id[3] = 10;
	assert_int_equal(index_put_card(ix, id, &c), OK);
	index_free(ix);
}

/* No vocabulary at all: nothing is understood, everybody is neutral. */
static void
test_no_words(void **state)
{
	struct world none;
	struct index_world *v = calloc(1, sizeof(*v));
	struct card c;
	struct posting p;
	uint8_t id[RECORD_ID] = { 0 };

	(void)state;
	world_open_tsv(&none,
	    "slug\ttype\tisco\ten\tde\tfr\tes\tbroader\trelated\tsame_as\n");
	for (int kind = 0; kind < 2; kind++) {
		index_world_open(v, &none, (enum index_kind)kind, 64);
		card_of(&world, "welding; teamwork; climate-protection", &c);
		posting_of(&world, "welding:3!; teamwork", &p);
		card_resolve(&c, none.v);
		posting_resolve(&p, none.v);
		for (uint8_t i = 0; i < 200; i++) {
			id[0] = i;
			if (kind == INDEX_PEOPLE)
				index_world_put_card(v, id, &c);
			else
				index_world_put_posting(v, id, &p);
		}
		assert_int_equal(index_settle(v->ix), OK);
		if (kind == INDEX_PEOPLE)
			index_world_people(v, &p, NULL, false, 10);
		else
			index_world_postings(v, &c, NULL, NULL, false, 10);
		index_world_close(v);
	}
	free(v);
	world_close(&none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forward_card),
		cmocka_unit_test(test_forward_posting),
		cmocka_unit_test(test_forward_full),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_postings),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_words),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
