#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/exposure.h"
#include "match_world.h"

#define ENTRIES 300

static const uint8_t key_a[8] = "list one", key_b[8] = "list two";

static int
exact_order(const void *a, const void *b)
{
	const struct scan_result *x = a, *y = b;

	if (x->excluded != y->excluded)
		return x->excluded ? 1 : -1;
	if (x->both != y->both)
		return x->both > y->both ? -1 : 1;
	return memcmp(x->id, y->id, RECORD_ID);
}

static void
list_random(struct scan_result *list, size_t n, uint64_t *seed)
{
	for (size_t i = 0; i < n; i++) {
		list[i] =
		    (struct scan_result){ .both = (int32_t)chance(seed, 3000),
			    .excluded = chance(seed, 10) == 0 };
		for (size_t k = 0; k < RECORD_ID; k++)
			list[i].id[k] = (uint8_t)chance(seed, 256);
	}
	qsort(list, n, sizeof(*list), exact_order);
}

/* Whatever the loads: everybody is there, and the distances are kept. */
static void
test_distances(void **state)
{
	static const int32_t bands[] = { 0, 1, 50, 100, 500, 1000 };
	static struct scan_result exact[ENTRIES], list[ENTRIES];
	static struct exposure_place places[ENTRIES];
	uint16_t loads[ENTRIES];
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 60; round++) {
		const int32_t band = bands[round % (int)ARRAY_LEN(bands)];
		const size_t n = chance(&seed, ENTRIES);
		bool seen[ENTRIES] = { false };
		list_random(exact, n, &seed);
		memcpy(list, exact, sizeof(list));
		for (size_t i = 0; i < n; i++)
			loads[i] = (uint16_t)chance(&seed, 5);
		assert_int_equal(
		    exposure_order(list, n, band, key_a, loads, places), OK);
		for (size_t i = 0; i < n; i++) {
			const size_t from = places[i].exact;
			assert_true(from < n && !seen[from]);
			seen[from] = true;
			assert_memory_equal(
			    &list[i], &exact[from], sizeof(list[i]));
			assert_int_equal(places[i].load, loads[from]);
			assert_int_equal(
			    places[i].below, exact[i].both - list[i].both);
			assert_int_equal(exact[i].excluded, list[i].excluded);
			if (list[i].excluded || band == 0)
				assert_int_equal(from, i);
			else
				assert_true(places[i].below <= band);
			/* overtaken by nobody who is worse by more */
			for (size_t k = 0; k < i; k++)
				if (!list[k].excluded && !list[i].excluded)
					assert_true(
					    list[i].both - list[k].both <=
					    band);
		}
	}
}

static void
test_load_and_shuffle(void **state)
{
	struct scan_result a[3] = { 0 }, b[3];
	const uint16_t loads[3] = { 2, 0, 1 };
	int different = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		a[i].both = 5000 - i;
		a[i].id[0] = (uint8_t)i;
	}
	memcpy(b, a, sizeof(b));
	assert_int_equal(exposure_order(b, 3, 10, key_a, loads, NULL), OK);
	assert_int_equal(b[0].id[0], 1);
	assert_int_equal(b[1].id[0], 2);
	assert_int_equal(b[2].id[0], 0);
	/* another list, another shuffle; the same list, the same */
	for (uint8_t i = 0; i < 20; i++) {
		struct scan_result x[3], y[3], again[3];
		memcpy(x, a, sizeof(x));
		for (int k = 0; k < 3; k++)
			x[k].id[5] = i;
		memcpy(y, x, sizeof(y));
		memcpy(again, x, sizeof(again));
		assert_int_equal(
		    exposure_order(x, 3, 10, key_a, NULL, NULL), OK);
		assert_int_equal(
		    exposure_order(again, 3, 10, key_a, NULL, NULL), OK);
		assert_int_equal(
		    exposure_order(y, 3, 10, key_b, NULL, NULL), OK);
		assert_memory_equal(x, again, sizeof(x));
		different += memcmp(x, y, sizeof(x)) != 0;
	}
	assert_in_range(different, 8, 20);
}

static void
test_gini(void **state)
{
	uint32_t alike[4] = { 3, 3, 3, 3 }, one[4] = { 0, 8, 0, 0 };
	uint32_t none[4] = { 0 }, two[2] = { 3, 1 };

	(void)state;
	assert_int_equal(exposure_gini(alike, 4), 0);
	assert_int_equal(exposure_gini(one, 4), 750);
	assert_int_equal(exposure_gini(none, 4), 0);
	assert_int_equal(exposure_gini(two, 2), 250);
	assert_int_equal(exposure_gini(none, 0), 0);
}

static void
test_too_long(void **state)
{
	struct scan_result one = { 0 };

	(void)state;
	assert_int_equal(
	    exposure_order(&one, EXPOSURE_LIST_MAX + 1, 5, key_a, NULL, NULL),
	    ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distances),
		cmocka_unit_test(test_load_and_shuffle),
		cmocka_unit_test(test_gini),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
