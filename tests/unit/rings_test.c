/*
 * Small rings of every topology against the proved bounds; and that the test
 * sees it when budgets and caps are missing. All of it: `./dev rings`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/eval/rings.h"

static unsigned
run_all(bool unbounded, unsigned fakes)
{
	unsigned exceeded = 0;

	for (unsigned n = 0; n < RING_TOPOLOGIES * 2; n++) {
		for (unsigned edges = 0; edges <= 4; edges += 2) {
			const struct ring_case c = {
				.topology = (enum ring_topology)(n / 2),
				.role = n % 2 ? LEARN_COMPANY : LEARN_PERSON,
				.fakes = fakes,
				.edges = edges,
				.seed = n + 1,
				.unbounded = unbounded,
			};
			struct ring_result r;
			assert_int_equal(rings_run(&c, &r), OK);
			if (!r.holds && !unbounded)
				rings_print(&c, &r, stderr);
			exceeded += !r.holds;
			if (edges == 0 && !unbounded)
				assert_int_equal(r.best, 0);
			assert_true(r.honest > 0);
		}
	}
	return exceeded;
}

static void
test_rings_hold(void **state)
{
	(void)state;
	assert_int_equal(run_all(false, 40), 0);
}

static void
test_planted_is_seen(void **state)
{
	(void)state;
	assert_true(run_all(true, 40) >= 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rings_hold),
		cmocka_unit_test(test_planted_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
