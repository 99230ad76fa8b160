/* Where exact is promised, the cost is the optimum of another solver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/path_glpk.h"

#ifdef OHCN_GLPK
static void
compare(unsigned steps, size_t n, bool needs, uint64_t *seed)
{
	static struct cover_offer offers[400];
	static uint16_t free_h[COVER_WEEKS_MAX];
	static struct cover_answer a;
	struct cover_problem p = { .offers = offers,
		.offers_n = n,
		.free_h = free_h,
		.weeks_n = COVER_WEEKS_MAX,
		.goal = (UINT64_C(1) << steps) - 1 };

	for (unsigned w = 0; w < COVER_WEEKS_MAX; w++)
		free_h[w] = 40;
	random_cover(seed, steps, needs, n, offers);
	assert_int_equal(cover_solve(&p, &a), OK);
	assert_true(a.exact);
	const uint64_t best = glpk_cheapest(&p);
	const uint64_t ours = a.ways_n == 0 ? UINT64_MAX : a.ways[0].cost;
	if (ours != best)
		fail_msg("%u steps, %zu offers%s: %llu, GLPK says %llu", steps,
		    n, needs ? " with needs" : "", (unsigned long long)ours,
		    (unsigned long long)best);
}
#endif

static void
test_glpk(void **state)
{
	(void)state;
#ifdef OHCN_GLPK
	uint64_t seed = 20261122;
	for (unsigned steps = 2; steps <= 16; steps += 2) {
		for (unsigned i = 0; i < 4; i++) {
			compare(steps, 20 + 20 * i, false, &seed);
			compare(steps, 20 + 20 * i, true, &seed);
		}
	}
	compare(16, 400, false, &seed);
	compare(12, 200, true, &seed);
	glp_free_env();
#else
	print_message("SKIP path/glpk: libglpk-dev is not installed\n");
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_glpk) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
