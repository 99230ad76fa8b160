#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/team.h"
#include "match_world.h"

#define PEOPLE 10

static struct world world;

static int
open_world(void **state)
{
	(void)state;
	world_open(&world);
	return 0;
}

static int
close_world(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

/* ---- against all teams ---- */

struct shape {
	size_t needs, people, size;
	uint8_t times;
	uint32_t diversity;
	bool language, musts;
};

static void
random_task(const struct shape *f, uint64_t *seed, struct team_need *needs,
    struct team_candidate *c, struct team_task *t)
{
	for (size_t i = 0; i < f->needs; i++)
		needs[i] = (struct team_need){ .term = i + 1,
			.times = (uint8_t)(1 + chance(seed, f->times)),
			.must = f->musts && chance(seed, 3) == 0,
			.weight = (uint32_t)(1 + chance(seed, 500)) };
	for (size_t i = 0; i < f->people; i++) {
		c[i] =
		    (struct team_candidate){ .load = (uint16_t)chance(seed, 3),
			    .excluded = chance(seed, 12) == 0,
			    .hours = (uint8_t)chance(seed, 6),
			    .languages_known = chance(seed, 4) > 0,
			    .backgrounds = UINT64_C(1) << chance(seed, 4) };
		c[i].id[0] = (uint8_t)i;
		for (size_t k = 0; k < f->needs; k++) {
			c[i].credit[k] =
			    (uint16_t)(chance(seed, 2) == 0
					   ? 0
					   : chance(seed, 5) * 250);
			c[i].holds[k] = c[i].credit[k] >= 750;
		}
		for (; c[i].languages_known && c[i].languages_n < 2;)
			c[i].languages[c[i].languages_n++] =
			    (uint32_t)(1 + chance(seed, 3));
	}
	*t = (struct team_task){ .needs = needs,
		.needs_n = f->needs,
		.size_max = f->size,
		.diversity = f->diversity,
		.one_language = f->language,
		.hours_each = (uint8_t)chance(seed, 3) };
}

static bool
may(const struct team_task *t, const struct team_candidate *c)
{
	return !c->excluded && (t->hours_each == 0 || c->hours == 0 ||
				   c->hours >= t->hours_each);
}

static bool
all_speak(const struct team_candidate *c, unsigned set, uint32_t language)
{
	for (size_t i = 0; i < PEOPLE; i++) {
		bool speaks = !c[i].languages_known;
		for (uint8_t k = 0; k < c[i].languages_n; k++)
			speaks = speaks || c[i].languages[k] == language;
		if ((set >> i & 1) != 0 && !speaks)
			return false;
	}
	return true;
}

/* The best of all sets of people. */
static int64_t
best_of_all(const struct team_task *t, const struct team_candidate *c, size_t n)
{
	int64_t best = 0;

	for (unsigned set = 0; set < 1U << n; set++) {
		uint16_t members[PEOPLE];
		size_t k = 0;
		bool good = true;
		for (size_t i = 0; i < n; i++)
			if ((set >> i & 1) != 0) {
				members[k++] = (uint16_t)i;
				good = good && may(t, &c[i]);
			}
		if (!good || k > t->size_max ||
		    (t->one_language && !all_speak(c, set, 1) &&
			!all_speak(c, set, 2) && !all_speak(c, set, 3)))
			continue;
		best = MAX(best, team_worth(t, c, members, k));
	}
	return best;
}

static void
check(const struct team_task *t, const struct team_candidate *c, size_t n,
    const struct team *out, int64_t best)
{
	int64_t sum = 0;
	unsigned set = 0;

	assert_true(out->members_n <= t->size_max);
	for (size_t i = 0; i < out->members_n; i++) {
		assert_true(out->members[i] < n);
		assert_true(may(t, &c[out->members[i]]));
		assert_true((set >> out->members[i] & 1) == 0);
		set |= 1U << out->members[i];
		sum += out->gain[i];
		if (i > 0)
			assert_true(out->gain[i] <= out->gain[i - 1]);
	}
	assert_int_equal(sum, out->worth);
	assert_int_equal(
	    team_worth(t, c, out->members, out->members_n), out->worth);
	if (t->one_language && out->language != 0)
		assert_true(all_speak(c, set, out->language));
	assert_true(out->worth <= best);
	assert_true(out->bound >= best);
	assert_true(out->worth * 1000 >= best * 632); /* 1 - 1/e */
	if (out->exact)
		assert_int_equal(out->worth, best);
	for (size_t i = 0; i < t->needs_n; i++) {
		uint16_t most = 0;
		uint8_t held = 0;
		for (size_t k = 0; k < out->members_n; k++) {
			most = MAX(most, c[out->members[k]].credit[i]);
			held += c[out->members[k]].holds[i];
		}
		assert_int_equal(out->cover[i].best, most);
		assert_int_equal(out->cover[i].held_by, held);
		assert_int_equal(out->cover[i].missing, held == 0);
	}
}

static void
test_against_all(void **state)
{
	static const struct shape shapes[] = {
		{ 4, 8, 3, 1, 0, false, false },
		{ 8, 9, 3, 1, 0, false, true },
		{ 12, 9, 4, 1, 0, false, true },
		{ 5, 9, 3, 3, 0, false, true },
		{ 5, 9, 4, 2, 50, false, false },
		{ 6, 9, 3, 1, 0, true, true },
		{ 6, 9, 3, 2, 20, true, true },
		{ 3, 1, 2, 1, 0, false, true },
		{ 3, 0, 2, 1, 0, true, true },
	};
	uint64_t seed = 9;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		for (int round = 0; round < 25; round++) {
			struct team_need needs[TEAM_NEEDS_MAX];
			struct team_candidate c[PEOPLE] = { 0 };
			struct team_task t;
			struct team out;
			random_task(&shapes[i], &seed, needs, c, &t);
			assert_int_equal(
			    team_form(&t, c, shapes[i].people, &out), OK);
			check(&t, c, shapes[i].people, &out,
			    best_of_all(&t, c, shapes[i].people));
			assert_true(out.exact); /* so few: always proven */
		}
}

/* More than can be proven: what it promises holds all the same. */
static void
test_large(void **state)
{
	enum { MANY = 300, NEEDS = 20 };
	struct team_candidate *c = calloc(MANY, sizeof(*c));
	struct team_need needs[NEEDS];
	struct team_task t = {
		.needs = needs, .needs_n = NEEDS, .size_max = 8, .diversity = 10
	};
	struct team out, again;
	uint64_t seed = 4;

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < NEEDS; i++)
		needs[i] = (struct team_need){ .term = i + 1,
			.times = 2,
			.weight = (uint32_t)(1 + chance(&seed, 99)) };
	for (size_t i = 0; i < MANY; i++) {
		c[i].id[0] = (uint8_t)(i >> 8);
		c[i].id[1] = (uint8_t)i;
		c[i].backgrounds = UINT64_C(1) << chance(&seed, 20);
		for (size_t k = 0; k < NEEDS; k++)
			c[i].credit[k] = chance(&seed, 6) == 0
					     ? (uint16_t)chance(&seed, 1001)
					     : 0;
	}
	assert_int_equal(team_form(&t, c, MANY, &out), OK);
	assert_int_equal(
	    team_worth(&t, c, out.members, out.members_n), out.worth);
	assert_true(out.worth <= out.bound);
	assert_true(out.worth * 1000 >= out.bound * 632);
	assert_int_equal(team_form(&t, c, MANY, &again), OK);
	assert_memory_equal(&out, &again, sizeof(out));
	free(c);
}

static void
test_limits(void **state)
{
	const struct team_need need = { .weight = 1, .times = 1 };
	struct team_task t = { .needs = &need, .needs_n = 1, .size_max = 0 };
	struct team out;

	(void)state;
	assert_int_equal(team_form(&t, NULL, 0, &out), ERR_LIMIT);
	t.size_max = TEAM_SIZE_MAX + 1;
	assert_int_equal(team_form(&t, NULL, 0, &out), ERR_LIMIT);
	t.size_max = 2;
	t.diversity = 1001;
	assert_int_equal(team_form(&t, NULL, 0, &out), ERR_LIMIT);
	t.diversity = 0;
	assert_int_equal(team_form(&t, NULL, 0, &out), OK);
	assert_int_equal(out.members_n, 0);
	assert_true(out.cover[0].missing);
}

/* ---- cards ---- */

static void
need_of(const char *slug, uint8_t level, bool must, struct team_need *out)
{
	*out = (struct team_need){ .term = slug_term(slug),
		.level = level,
		.times = 1,
		.must = must,
		.weight = 50 };
	out->at = vocabulary_find(world.v, out->term);
}

static void
test_cards(void **state)
{
	static const char *const people[] = {
		"welding:3 teamwork; ;",
		"first-aid:2; welding:2;",
		"agile-working:3 first-aid:1; ;",
		"cooking:4; ;",
	};
	struct team_need needs[4];
	struct team_view *v;
	struct team_candidate c[4];
	struct team_task t = { .needs = needs, .needs_n = 4, .size_max = 3 };
	struct team out;
	size_t n = 0;

	(void)state;
	need_of("welding", 2, true, &needs[0]);
	need_of("first-aid", 2, false, &needs[1]);
	need_of("project-management", 3, false, &needs[2]);
	needs[3] = (struct team_need){
		.term = 12345, .at = TERM_NOWHERE, .times = 1, .weight = 10
	};
	assert_int_equal(team_view_new(&world.m, needs, 4, &v), OK);
	for (size_t i = 0; i < ARRAY_LEN(people); i++) {
		uint8_t id[RECORD_ID] = { (uint8_t)i };
		struct card card;
		card_of(&world, people[i], &card);
		n += team_look(v, id, &card, &c[n]);
	}
	assert_int_equal(n, 3); /* the cook has nothing of it */
	assert_int_equal(c[0].credit[0], CREDIT_MAX);
	assert_true(c[0].holds[0]);
	assert_true(c[1].wants[0]);
	assert_false(c[0].wants[0]);
	assert_true(c[2].holds[2]); /* a special case of it */
	assert_int_equal(c[2].credit[1], CREDIT_MAX / 2);
	assert_false(c[2].holds[1]);
	assert_true(c[0].backgrounds != 0);
	assert_int_not_equal(c[0].backgrounds, c[2].backgrounds);
	assert_int_equal(team_form(&t, c, n, &out), OK);
	assert_int_equal(out.members_n, 3);
	assert_true(out.exact);
	assert_true(out.musts);
	assert_false(out.cover[0].missing);
	assert_true(out.cover[0].learner_is); /* who wants to */
	assert_int_equal(c[out.members[out.cover[0].learner]].id[0], 1);
	assert_true(out.cover[3].missing); /* nobody knows what it is */
	assert_false(out.cover[3].learner_is);
	team_view_free(v);
}

/* In whatever order they come, the same stay. */
static void
test_pool(void **state)
{
	enum { MANY = 3000, NEEDS = 9 };
	struct team_candidate *all = calloc(MANY, sizeof(*all));
	struct team_candidate *out =
	    calloc(2 * TEAM_CANDIDATES_MAX, sizeof(*out));
	struct team_pool *p;
	uint64_t seed = 21;
	size_t n[2];

	(void)state;
	assert_true(all != NULL && out != NULL);
	for (size_t i = 0; i < MANY; i++) {
		all[i].id[0] = (uint8_t)(i >> 8);
		all[i].id[1] = (uint8_t)i;
		for (size_t k = 0; k < NEEDS; k++) {
			all[i].credit[k] = (uint16_t)(chance(&seed, 5) * 250);
			all[i].holds[k] =
			    chance(&seed, 4) == 0 && all[i].credit[k] > 0;
		}
	}
	for (size_t way = 0; way < 2; way++) {
		assert_int_equal(team_pool_new(NEEDS, &p), OK);
		for (size_t i = 0; i < MANY; i++)
			team_pool_add(p, &all[way == 0 ? i : MANY - 1 - i]);
		n[way] = team_pool_take(p, &out[way * TEAM_CANDIDATES_MAX]);
		assert_in_range(n[way], team_pool_each(p), TEAM_CANDIDATES_MAX);
		team_pool_free(p);
	}
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(
	    out, &out[TEAM_CANDIDATES_MAX], n[0] * sizeof(*out));
	/* nobody outside is better at a need than all inside */
	for (size_t k = 0; k < NEEDS; k++) {
		unsigned best = 0, kept = 0;
		for (size_t i = 0; i < MANY; i++)
			best = MAX(best,
			    all[i].credit[k] + (all[i].holds[k] ? 1000U : 0));
		for (size_t i = 0; i < n[0]; i++)
			kept = MAX(kept,
			    out[i].credit[k] + (out[i].holds[k] ? 1000U : 0));
		assert_int_equal(best, kept);
	}
	free(all);
	free(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_all),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cards),
		cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
