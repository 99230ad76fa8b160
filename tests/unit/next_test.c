#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "match/next.h"

#define TERMS 40
#define CARDS 60

static uint32_t seed;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525U + 1013904223U;
	return (seed >> 8) % below;
}

struct lists {
	uint32_t at[CARDS][2][6];
};

static struct next_list
list_of(const uint32_t *at, size_t n)
{
	return (struct next_list){ at, n };
}

static void
fill(struct lists *l)
{
	for (int c = 0; c < CARDS; c++)
		for (int s = 0; s < 2; s++)
			for (int i = 0; i < 6; i++)
				l->at[c][s][i] = draw(TERMS);
}

/* Cards and occupations in the order of ${from}, ${from} + ${step}, ... */
static size_t
best_of(const struct lists *l, unsigned from, unsigned step, uint32_t k,
    struct next_suggestion *out, size_t max)
{
	static const uint32_t held[] = { 1, 2, 3, 4, 5 };
	const struct next_options o = { .terms = TERMS, .k = k };
	struct next *n;

	assert_int_equal(next_new(&o, held, 5, &n), OK);
	next_never(n, 6);
	next_wish(n, 7);
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < CARDS; i++) {
			const unsigned c = (from + i * step) % CARDS;
			const struct next_list a = list_of(l->at[c][0], 6);
			const struct next_list b = list_of(l->at[c][1], 6);
			if (round == 0) {
				next_count_card(n, a, b);
				next_count_occupation(n, b);
				assert_int_equal(
				    next_count_demand(n, c % 7, a), OK);
			} else {
				next_weigh_card(n, a, b);
				next_weigh_occupation(n, b);
			}
		}
		if (round == 0)
			next_turn(n);
	}
	const size_t found = next_best(n, out, max);
	next_free(n);
	return found;
}

/* The order in which things come changes nothing; what is held or refused is
 * never suggested; the list is ordered. */
static void
test_order(void **state)
{
	struct lists l;
	struct next_suggestion a[NEXT_BEST_MAX], b[NEXT_BEST_MAX];

	(void)state;
	for (seed = 1; seed < 200000; seed += 4001) {
		const uint32_t kept = seed;
		fill(&l);
		const size_t n = best_of(&l, 0, 1, 3, a, 20);
		assert_int_equal(n, 20);
		assert_int_equal(best_of(&l, 17, 7, 3, b, 20), n);
		assert_memory_equal(a, b, n * sizeof(a[0]));
		for (size_t i = 0; i < n; i++) {
			assert_true(a[i].at > 6 || a[i].at == 0);
			assert_true(i == 0 || a[i - 1].score >= a[i].score);
			assert_true(a[i].score <= NEXT_SCORE_MAX);
			assert_int_equal(a[i].wish, a[i].at == 7);
			assert_true(a[i].asked_by <= 7);
		}
		seed = kept;
	}
}

/* What fewer than k people want says nothing, and its count is not told. */
static void
test_few_people(void **state)
{
	struct lists l;
	struct next_suggestion out[NEXT_BEST_MAX];

	(void)state;
	seed = 5;
	fill(&l);
	const size_t n = best_of(&l, 0, 1, CARDS + 1, out, NEXT_BEST_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(out[i].alike, 0);
		assert_int_equal(out[i].wanted_by, 0);
	}
}

/* By hand: two organisations ask for 8 beside what is held, five demands of
 * one organisation ask for 9; an organisation counts once. */
static void
test_demand(void **state)
{
	static const uint32_t held[] = { 1 }, eight[] = { 1, 8 },
			      nine[] = { 9 };
	const struct next_options o = { .terms = TERMS };
	struct next_suggestion out[4];
	struct next *n;

	(void)state;
	assert_int_equal(next_new(&o, held, 1, &n), OK);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(next_count_demand(n, 3, list_of(nine, 1)), OK);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
		    next_count_demand(n, i, list_of(eight, 2)), OK);
	next_turn(n);
	assert_int_equal(next_best(n, out, 4), 2);
	next_free(n);
	assert_int_equal(out[0].at, 8);
	assert_int_equal(out[0].asked_by, 2);
	assert_int_equal(out[0].demand, NEXT_PART_MAX);
	assert_int_equal(out[1].at, 9);
	assert_int_equal(out[1].asked_by, 1);
	/* 2 x 1000 x 2/3 against 1000 x 1/2. */
	assert_int_equal(out[1].demand, (uint64_t)NEXT_PART_MAX * 500 / 1332);
}

static void
test_bounds(void **state)
{
	static const uint32_t held[] = { 1, 99 },
			      out_of[] = { 8, TERMS, 99, 8 };
	const struct next_options o = { .terms = TERMS, .asked_max = 2 };
	struct next_suggestion out[4];
	struct next *n;

	(void)state;
	assert_int_equal(next_new(&o, held, 2, &n), OK);
	next_never(n, 1000);
	next_wish(n, 1000);
	next_count_card(n, list_of(NULL, 0), list_of(out_of, 4));
	assert_int_equal(next_count_demand(n, 1, list_of(out_of, 4)), OK);
	assert_int_equal(next_count_demand(n, 2, list_of(out_of, 4)), OK);
	assert_int_equal(
	    next_count_demand(n, 3, list_of(out_of, 4)), ERR_LIMIT);
	next_turn(n);
	next_weigh_card(n, list_of(NULL, 0), list_of(out_of, 4));
	assert_int_equal(next_best(n, out, 4), 1);
	assert_int_equal(out[0].asked_by, 2);
	assert_int_equal(next_best(n, out, 0), 0);
	next_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_few_people),
		cmocka_unit_test(test_demand),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
