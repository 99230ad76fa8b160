/*
 * Histories between nodes that sync in pairs: all end with what the model
 * computes, and then with nothing left to say. OHCN_CONVERGE=A-B runs other
 * seeds: 1-300 by default. And bugs planted in the driver are found, so the
 * test is not blind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "converge_world.h"

#define SEEDS       300
#define PLANT_SEEDS 300

static void
test_histories(void **state)
{
	const char *asked = getenv("OHCN_CONVERGE");
	uint64_t first = 1, last = SEEDS;
	struct converge_result all = { 0 };
	unsigned failed = 0;

	(void)state;
	if (asked != NULL) {
		char *end;
		first = last = strtoull(asked, &end, 10);
		if (*end == '-')
			last = strtoull(end + 1, NULL, 10);
	}
	for (uint64_t seed = first; seed <= last; seed++) {
		struct converge_result r;
		converge_run(seed, CONVERGE_SOUND, &r);
		if (r.failed && failed++ < 20)
			print_message(
			    "seed %llu: %s\n", (unsigned long long)seed, r.why);
		all.records += r.records;
		all.sessions += r.sessions;
		all.cut += r.cut;
		all.held += r.held;
		all.stale += r.stale;
		all.revoked += r.revoked;
		all.expired += r.expired;
		all.refused += r.refused;
		all.beaten += r.beaten;
		all.evicted += r.evicted;
		if (r.rounds > all.rounds)
			all.rounds = r.rounds;
		if (r.equal_bytes > all.equal_bytes)
			all.equal_bytes = r.equal_bytes;
	}
	print_message("%llu histories: %u records, %u sessions (%u cut), %lu "
		      "stored, %lu stale, %lu of revoked keys, %lu expired, "
		      "%lu refused, %lu answered with a winner, %lu evicted; "
		      "at most %u rounds, then %u bytes a session\n",
	    (unsigned long long)(last - first + 1), all.records, all.sessions,
	    all.cut, all.held, all.stale, all.revoked, all.expired, all.refused,
	    all.beaten, all.evicted, all.rounds, all.equal_bytes);
	assert_int_equal(failed, 0);
	if (asked == NULL) {
		/* All of it happens. */
		assert_true(all.cut > 0 && all.stale > 0 && all.revoked > 0);
		assert_true(all.refused > 0 && all.beaten > 0);
		assert_true(all.expired > 0 && all.evicted > 0);
	}
}

static void
test_plants(void **state)
{
	unsigned missed = 0;

	(void)state;
	for (unsigned p = 1; p < CONVERGE_PLANTS; p++) {
		struct converge_result r = { 0 };
		uint64_t seed = 0;
		while (!r.failed && seed < PLANT_SEEDS)
			converge_run(++seed, (enum converge_plant)p, &r);
		missed += !r.failed;
		print_message("%-16s %s %llu: %s\n",
		    converge_plant_name((enum converge_plant)p),
		    r.failed ? "seed" : "NOT FOUND up to",
		    (unsigned long long)seed, r.why);
	}
	assert_int_equal(missed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histories),
		cmocka_unit_test(test_plants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
