#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/forecast.h"
#include "match_world.h"

static void
test_short(void **state)
{
	const int64_t y[] = { 5, FORECAST_MISSING, 7, 6, FORECAST_MISSING, 9 };
	struct forecast f;

	(void)state;
	forecast_series(y, 0, 4, &f);
	assert_int_equal(f.method, FORECAST_NONE);
	assert_int_equal(f.points_n, 0);
	forecast_series(y, 4, 4, &f); /* three are known */
	assert_int_equal(f.method, FORECAST_NONE);
	assert_int_equal(f.n, 3);
	forecast_series(y, 6, 4, &f);
	assert_int_equal(f.method, FORECAST_NAIVE);
	assert_int_equal(f.n, 4);
	assert_int_equal(f.points[0].value, 9);
	assert_int_equal(f.points[3].value, 9);
}

static void
test_flat(void **state)
{
	int64_t y[40];
	struct forecast f;

	(void)state;
	for (size_t i = 0; i < 40; i++)
		y[i] = 200;
	forecast_series(y, 40, 13, &f);
	assert_int_equal(f.method, FORECAST_HOLT);
	assert_int_equal(f.points[12].value, 200);
	assert_true(f.points[12].high - f.points[12].low < 10);
	assert_int_equal(f.trend_milli, 0);
	for (size_t i = 0; i < 40; i++)
		y[i] = 1 + (int64_t)(i * i + 2 * i / 3) % 5;
	forecast_series(y, 40, 4, &f);
	assert_int_equal(f.method, FORECAST_GAMMA);
	assert_int_equal(f.points[0].value, 3);
	/* of a Poisson count of mean 3 80 % are 1 to 5; the mean itself is
	 * not known that well */
	assert_int_equal(f.points[0].low, 1);
	assert_in_range(f.points[0].high, 5, 6);
}

static void
test_trend(void **state)
{
	int64_t y[30];
	struct forecast f;

	(void)state;
	for (int64_t i = 0; i < 30; i++)
		y[i] = 100 + 10 * i;
	y[12] = FORECAST_MISSING;
	forecast_series(y, 30, 4, &f);
	assert_int_equal(f.method, FORECAST_HOLT);
	assert_int_equal(f.trend_milli, 10000);
	assert_in_range(f.points[0].value, 394, 402);
	assert_in_range(f.points[3].value, 405, 432);
}

/* Whatever comes: in order, not below zero, wider from week to week. */
static void
test_any(void **state)
{
	uint64_t seed = 12;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		int64_t y[600];
		const size_t n = 1 + chance(&seed, 600);
		const uint64_t top = UINT64_C(1) << (1 + chance(&seed, 30));
		struct forecast f;
		for (size_t i = 0; i < n; i++)
			y[i] = chance(&seed, 6) == 0
				   ? FORECAST_MISSING
				   : (int64_t)chance(&seed, top);
		forecast_series(y, n, 13, &f);
		for (uint32_t h = 0; h < f.points_n; h++) {
			const struct forecast_point *p = &f.points[h];
			assert_true(p->low >= 0 && p->low <= p->value);
			assert_true(p->value <= p->high + 1);
			assert_true(p->high < INT64_C(1) << 40);
			if (h > 0 && f.method != FORECAST_GAMMA)
				assert_true(p->high - p->value >=
					    p[-1].high - p[-1].value);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_trend),
		cmocka_unit_test(test_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
