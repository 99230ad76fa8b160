#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/noise.h"

static uint64_t seed;

/* splitmix64: good enough to draw from, and the same each time. */
static void
draw(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0)
			seed += UINT64_C(0x9e3779b97f4a7c15);
		uint64_t x = seed;
		x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
		x ^= x >> 31;
		out[i] = (uint8_t)(x >> 8 * (i % 8));
	}
}

static const struct env env = { .random = draw };

#define DRAWS 40000

/* exp(-1/1000)^v by itself; the tests may use floating point. */
static double
ratio(uint32_t epsilon_milli, uint32_t sensitivity)
{
	const double x = (double)epsilon_milli / 1000 / (double)sensitivity;
	double term = 1, sum = 1;

	for (int i = 1; i < 60; i++) {
		term *= -x / i;
		sum += term;
	}
	return sum;
}

/* How often each value comes, against its probability: chi squared. */
static void
test_distribution(void **state)
{
	static const struct {
		uint32_t epsilon_milli, sensitivity;
	} cases[] = { { 1000, 1 }, { 500, 1 }, { 1000, 3 }, { 2500, 1 },
		{ 333, 2 } };

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		const double p =
		    ratio(cases[c].epsilon_milli, cases[c].sensitivity);
		unsigned count[41] = { 0 }, outside = 0;
		int64_t sum = 0;
		seed = c;
		for (unsigned i = 0; i < DRAWS; i++) {
			const int64_t x = noise_laplace(
			    &env, cases[c].epsilon_milli, cases[c].sensitivity);
			sum += x;
			if (x < -20 || x > 20)
				outside++;
			else
				count[x + 20]++;
		}
		double chi = 0, within = 0;
		unsigned bins = 0;
		for (int x = -20; x <= 20; x++) {
			double want = (1 - p) / (1 + p) * DRAWS;
			for (int k = 0; k < abs(x); k++)
				want *= p;
			within += want;
			if (want < 10)
				continue;
			const double d = count[x + 20] - want;
			chi += d * d / want;
			bins++;
		}
		/* mean ${bins}, deviation sqrt(2 bins): five of them */
		const double most = bins + 5 * 9.1;
		if (chi > most)
			fail_msg("case %zu: chi squared %d of %u", c, (int)chi,
			    bins);
		const double rest = DRAWS - within;
		assert_true(outside < rest + 6 + 5 * rest / 10 + 60);
		/* no bias: the deviation of the sum is at most 2,000 here */
		assert_true(sum > -10000 && sum < 10000);
	}
}

/* Two data sets that differ by one person: how far the answers are apart. */
static void
test_neighbours(void **state)
{
	unsigned a[21] = { 0 }, b[21] = { 0 };

	(void)state;
	seed = 77;
	for (unsigned i = 0; i < DRAWS; i++) {
		const int64_t x = noise_laplace(&env, 1000, 1);
		const int64_t y = 1 + noise_laplace(&env, 1000, 1);
		if (x >= -10 && x <= 10)
			a[x + 10]++;
		if (y >= -10 && y <= 10)
			b[y + 10]++;
	}
	for (size_t i = 0; i < 21; i++) {
		if (a[i] < 400 || b[i] < 400)
			continue;
		/* e is 2.718; a tenth for chance */
		assert_true(a[i] * 10 < b[i] * 30 && b[i] * 10 < a[i] * 30);
	}
}

static void
test_threshold(void **state)
{
	(void)state;
	/* 10 + ln(1 / (2e-6)) = 10 + 13.12 */
	assert_int_equal(noise_threshold(10, 1000, 1, 6), 24);
	assert_int_equal(noise_threshold(0, 500, 1, 6), 27);
	assert_int_equal(noise_threshold(0, 1000, 2, 6), 27);
	assert_int_equal(noise_threshold(0, 1000000, 1, 1), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distribution),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
