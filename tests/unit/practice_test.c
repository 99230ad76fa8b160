/* The practice level: each criterion counts, unknown is neither met nor not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/company/practice.h"

static const struct {
	const char *name;
	struct practice_facts facts;
	unsigned shown, allow;
} cases[] = {
	{ "nothing", { .documents = true }, 0, 0 },
	{ "given", { .counts = { .pledged = 1, .open = 1 }, .documents = true },
	    1, 1 },
	{ "one kept",
	    { .counts = { .pledged = 1, .kept = 1 }, .documents = true }, 2,
	    2 },
	{ "five kept of three people",
	    { .counts = { .pledged = 6, .kept = 5, .broken = 1 },
		.documents = true,
		.people = 3 },
	    3, 3 },
	{ "the same of two people",
	    { .counts = { .pledged = 6, .kept = 5, .broken = 1 },
		.documents = true,
		.people = 2 },
	    2, 2 },
	{ "what lapsed and what is overdue was not kept",
	    { .counts = { .pledged = 7, .kept = 5, .lapsed = 1, .overdue = 1 },
		.documents = true,
		.people = 3 },
	    2, 2 },
	{ "of a stranger the counts alone",
	    { .counts = { .pledged = 50, .kept = 50 } }, 2, 5 },
	{ "all of it",
	    { .counts = { .pledged = 50, .kept = 50 },
		.documents = true,
		.people = 8,
		.learned = 5,
		.follow_ups = 5 },
	    5, 5 },
	{ "nobody was asked half a year later",
	    { .counts = { .pledged = 50, .kept = 50 },
		.documents = true,
		.people = 8,
		.learned = 5,
		.follow_ups = 4 },
	    4, 4 },
};

static void
test_levels(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct practice p;
		practice_of(&cases[i].facts, &p);
		if (p.shown != cases[i].shown || p.allow != cases[i].allow)
			fail_msg("%s: %u, %u", cases[i].name, p.shown, p.allow);
		assert_int_equal(p.n, PRACTICE_CRITERIA);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_levels) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
