/* Sync: two sessions against each other, and what the price is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/sync_pair.h"

#define HOUR 490000

/* ${both} items in common, ${a} and ${b} of one side alone, in hours from
 * ${first} on, ${revoked} of the common ones are revocations. */
struct sets {
	size_t both, a, b;
	uint32_t hours;
	size_t revoked;
};

static void
fill(struct sync_pair *p, const struct sets *sets)
{
	const size_t n = sets->both + sets->a + sets->b;

	for (size_t i = 0; i < n; i++) {
		const uint32_t hour =
		    i < sets->revoked
			? 0
			: HOUR + (uint32_t)test_below(&p->t, sets->hours);
		const struct sync_item item = sync_pair_item(p, hour);
		if (i < sets->both + sets->a)
			sync_side_add(&p->a, &item);
		if (i < sets->both || i >= sets->both + sets->a)
			sync_side_add(&p->b, &item);
	}
	sync_side_sort(&p->a);
	sync_side_sort(&p->b);
}

static void
run_fine(struct sync_pair *p)
{
	assert_true(sync_pair_run(p));
	if (p->a.end.type != SYNC_DONE || p->b.end.type != SYNC_DONE)
		fail_msg("a: %s, b: %s", sync_why_name(p->a.end.why),
		    sync_why_name(p->b.end.why));
}

static void
test_sets_become_equal(void **state)
{
	static const struct sets table[] = {
		{ 0, 0, 0, 1, 0 },
		{ 1, 0, 0, 1, 0 },
		{ 0, 1, 0, 1, 0 },
		{ 0, 0, 1, 1, 1 },
		{ 1, 1, 1, 1, 0 },
		{ 100, 0, 0, 10, 3 },
		{ 100, 1, 0, 10, 0 },
		{ 100, 0, 1, 10, 0 },
		{ 0, 500, 0, 20, 5 },
		{ 0, 0, 500, 20, 0 },
		{ 0, 300, 200, 20, 0 },
		{ 5, 900, 1, 1, 2 },
		{ 5, 1, 900, 1, 0 },
		{ 1000, 50, 50, 500, 10 },
		{ 5000, 3, 4, 1000, 0 },
		{ 5000, 400, 0, 3, 100 },
		{ 20000, 5, 5, 1, 0 },
		{ 20000, 200, 300, 1440, 0 },
		{ 20000, 9000, 9000, 1440, 0 },
		{ 1, 20000, 20000, 1440, 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sync_pair p;
		sync_pair_init(&p, 100 + i);
		fill(&p, &table[i]);
		run_fine(&p);
		const struct sync_figures f = sync_figures(p.a.s);
		assert_int_equal(f.equal, table[i].a + table[i].b == 0);
		assert_int_equal(p.a.got_n, table[i].b);
		assert_int_equal(p.b.got_n, table[i].a);
		sync_pair_merge(&p);
		assert_true(sync_pair_equal(&p));
		sync_pair_free(&p);
	}
}

/* Small sets of every shape, bytes cut anywhere, judgements late. */
static void
test_any_sets_any_cut(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct sync_pair p;
		sync_pair_init(&p, seed);
		const size_t size = (size_t)1 << test_below(&p.t, 10);
		const struct sets sets = { test_below(&p.t, size * 4),
			test_below(&p.t, size), test_below(&p.t, size),
			1 + (uint32_t)test_below(&p.t, 200), 0 };
		fill(&p, &sets);
		p.piece_max = 1 + test_below(&p.t, 300);
		p.a.late_max = test_below(&p.t, 8);
		p.b.late_max = test_below(&p.t, 8);
		run_fine(&p);
		sync_pair_merge(&p);
		if (!sync_pair_equal(&p))
			fail_msg("seed %d", (int)seed);
		/* Nothing is left to say. */
		run_fine(&p);
		assert_true(sync_figures(p.a.s).equal);
		assert_int_equal(sync_figures(p.a.s).turns_out, 2);
		sync_pair_free(&p);
	}
}

/* The stream breaks anywhere, again and again: it ends all the same. */
static void
test_resume_after_a_cut(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct sync_pair p;
		unsigned sessions = 0;
		sync_pair_init(&p, seed);
		fill(&p, &(struct sets){ 300, 200, 250, 50, 5 });
		do {
			p.cut_after = 2000 + test_below(&p.t, 20000);
			p.piece_max = 1000;
			assert_true(sync_pair_run(&p));
			sync_pair_merge(&p);
			assert_true(++sessions < 60);
		} while (!sync_pair_equal(&p));
		sync_pair_free(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets_become_equal),
		cmocka_unit_test(test_any_sets_any_cut),
		cmocka_unit_test(test_resume_after_a_cut),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
