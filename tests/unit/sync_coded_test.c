/* Coded symbols, prints, tables and how items are cut into ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "proto/sync/coded.h"
#include "proto/sync/set.h"
#include "tests/unit/test_env.h"

static struct coded
cells_new(size_t first, size_t end)
{
	struct coded c = { calloc(end - first + 1, sizeof(uint64_t)),
		calloc(end - first + 1, sizeof(uint32_t)), first, end };

	assert_non_null(c.sum);
	assert_non_null(c.check);
	return c;
}

static void
cells_free(struct coded *c)
{
	free(c->sum);
	free(c->check);
}

/* Symbol i is hit with probability 2 / (i + 2). */
static void
test_walk_hits_as_it_should(void **state)
{
	static unsigned hits[1000];
	const unsigned n = 20000;
	struct test_env t;

	(void)state;
	test_env_init(&t, 1);
	memset(hits, 0, sizeof(hits));
	for (unsigned k = 0; k < n; k++) {
		uint64_t last = 0;
		for (struct coded_walk w = coded_walk(test_random(&t));
		     w.at < ARRAY_LEN(hits); coded_step(&w)) {
			assert_true(w.k == 0 ? w.at == 0 : w.at > last);
			last = w.at;
			hits[w.at]++;
		}
	}
	assert_int_equal(hits[0], n);
	/* Of tenths of the symbols together, within four deviations. */
	for (unsigned from = 1; from < ARRAY_LEN(hits) - 100; from += 100) {
		double expected = 0, got = 0;
		for (unsigned i = from; i < from + 100; i++) {
			expected += 2.0 * n / (i + 2);
			got += hits[i];
		}
		const double off = got - expected;
		assert_true(off * off < 16 * expected);
	}
}

/* n values, of which plus are theirs alone and minus ours; do m symbols do? */
static bool
decodes(struct test_env *t, size_t common, size_t plus, size_t minus, size_t m)
{
	struct coded c = cells_new(0, m);
	uint64_t *v = calloc(plus + minus + 1, sizeof(*v));
	struct coded_found f = { calloc(m + 1, sizeof(uint64_t)), 0, 0 };
	void *scratch = malloc(coded_scratch(m));

	assert_non_null(v);
	for (size_t i = 0; i < common; i++) {
		const uint64_t x = test_random(t);
		coded_add(&c, x);
		coded_sub(&c, x);
	}
	for (size_t i = 0; i < plus + minus; i++) {
		v[i] = test_random(t);
		if (i < plus)
			coded_add(&c, v[i]);
		else
			coded_sub(&c, v[i]);
	}
	const bool all = coded_decode(&c, scratch, &f);
	if (all) {
		assert_int_equal(f.plus, plus);
		assert_int_equal(f.minus, minus);
		/* Whichever order: the sums are theirs. */
		uint64_t sum = 0;
		for (size_t i = 0; i < plus; i++)
			sum += v[i] - f.values[i];
		for (size_t i = 0; i < minus; i++)
			sum += v[plus + i] - f.values[m - 1 - i];
		assert_int_equal(sum, 0);
	}
	cells_free(&c);
	free(v);
	free(f.values);
	free(scratch);
	return all;
}

static void
test_enough_is_enough(void **state)
{
	static const struct {
		size_t d, runs, failures_max;
	} table[] = { { 0, 3, 0 }, { 1, 500, 0 }, { 2, 500, 10 },
		{ 7, 500, 15 }, { 30, 400, 15 }, { 200, 200, 8 },
		{ 3000, 8, 0 } };
	struct test_env t;

	(void)state;
	test_env_init(&t, 2);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const size_t d = table[i].d, m = coded_enough(d, 0);
		size_t failures = 0;
		assert_true(m <= d + d / 2 + 13 + d % 3000 / 3 + 12);
		for (size_t k = 0; k < table[i].runs; k++) {
			const size_t plus = test_below(&t, d + 1);
			failures += !decodes(&t, 20, plus, d - plus, m);
		}
		if (failures > table[i].failures_max)
			fail_msg("%zu: %zu failures", d, failures);
	}
	/* Half as many never are. */
	assert_false(decodes(&t, 0, 100, 100, 100));
}

/* Symbols [a, b) are the same whether they are computed alone or not. */
static void
test_pieces(void **state)
{
	struct coded whole = cells_new(0, 300), part = cells_new(120, 300);
	struct test_env t;

	(void)state;
	test_env_init(&t, 3);
	for (unsigned i = 0; i < 500; i++) {
		const uint64_t v = test_random(&t);
		coded_add(&whole, v);
		coded_add(&part, v);
	}
	assert_memory_equal(part.sum, whole.sum + 120, 180 * sizeof(*part.sum));
	assert_memory_equal(
	    part.check, whole.check + 120, 180 * sizeof(*part.check));
	cells_free(&whole);
	cells_free(&part);
}

/* Whatever a liar sends, decoding ends, within what it may find. */
static void
test_any_symbols_end(void **state)
{
	struct test_env t;
	unsigned ended = 0;

	(void)state;
	test_env_init(&t, 4);
	for (unsigned i = 0; i < 300; i++) {
		const size_t m = 1 + test_below(&t, 400);
		struct coded c = cells_new(0, m);
		struct coded_found f = { calloc(m, sizeof(uint64_t)), 0, 0 };
		void *scratch = malloc(coded_scratch(m));
		for (size_t k = 0; k < m; k++) {
			/* Random, or pure wherever it stands. */
			c.sum[k] = test_random(&t) % 8;
			c.check[k] = test_below(&t, 4) == 0
					 ? (uint32_t)test_random(&t)
					 : coded_check(c.sum[k]);
		}
		const bool all = coded_decode(&c, scratch, &f);
		assert_true(f.plus + f.minus <= m);
		ended += all;
		cells_free(&c);
		free(f.values);
		free(scratch);
	}
	assert_true(ended < 100);
}

/* ---- sets ---- */

static void
test_estimate(void **state)
{
	static const size_t table[] = { 0, 1, 10, 100, 1000 };
	struct test_env t;

	(void)state;
	test_env_init(&t, 5);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const size_t d = table[i];
		uint64_t sum = 0;
		for (unsigned k = 0; k < 200; k++) {
			uint64_t v[2][600];
			for (size_t j = 0; j < 600; j++) {
				v[0][j] = test_random(&t);
				v[1][j] = j < d / 2 ? test_random(&t) : v[0][j];
			}
			const struct set a = { NULL, v[0], 600 };
			const struct set b = { NULL, v[1], 600 - d % 2 };
			const struct set_print x = set_print(&a, 0, a.n);
			const struct set_print y = set_print(&b, 0, b.n);
			assert_int_equal(set_print_equal(&x, &y), d == 0);
			sum += set_difference(&x, &y);
		}
		assert_in_range(sum / 200, d * 85 / 100, d * 115 / 100);
	}
}

/* Counts that a liar made up do not overflow. */
static void
test_estimate_of_lies(void **state)
{
	const struct set_print a = { .count = UINT64_MAX,
		.z = { 0x8000, 1, 2 } };
	const struct set_print b = { .count = UINT64_MAX, .sum = 1 };
	const struct set_print none = { .count = 0 };

	(void)state;
	assert_true(set_difference(&a, &b) > 100000000);
	assert_int_equal(set_difference(&a, &none), UINT64_MAX);
}

static void
test_cut(void **state)
{
	static const size_t sizes[] = { 0, 1, 5, 40, 1000, 30000 };
	struct test_env t;

	(void)state;
	test_env_init(&t, 6);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const size_t n = sizes[i];
		struct sync_item *items = calloc(n + 1, sizeof(*items));
		size_t at[WIRE_RANGES_MAX];
		assert_non_null(items);
		for (size_t k = 0; k < n; k++) {
			/* The first 3 are revocations; ids count up. */
			items[k].hour = k < 3 ? 0 : 1000 + (uint32_t)(k / 700);
			put_u32be(items[k].id, (uint32_t)k);
		}
		const struct set s = { items, NULL, n };
		const size_t ranges = set_cut(&s, at);
		assert_in_range(ranges, 1, 100);
		assert_int_equal(at[0], 0);
		for (size_t k = 1; k < ranges; k++) {
			assert_true(at[k] > at[k - 1] && at[k] < n);
			/* A bound lies where it is cut. */
			const struct wire_bound b = set_between(&s, at[k]);
			assert_int_equal(set_at(&s, &b), at[k]);
		}
		if (n > 3)
			assert_int_equal(at[1], 3);
		const struct wire_bound begin = set_between(&s, 0);
		const struct wire_bound end = set_between(&s, n);
		assert_int_equal(set_at(&s, &begin), 0);
		assert_int_equal(set_at(&s, &end), n);
		free(items);
	}
}

static void
test_table(void **state)
{
	struct test_env t;

	(void)state;
	test_env_init(&t, 7);
	for (size_t n = 0; n < 200; n++) {
		const uint8_t secret[SYNC_SECRET] = { (uint8_t)n };
		struct set_table table;
		void *memory = malloc(set_table_bytes(n));
		size_t at = 0, rest = 0;
		uint64_t v = 0;
		assert_non_null(memory);
		set_table_make(&table, memory, n, secret);
		/* 0, then numbers that a weak hash puts side by side. */
		for (size_t i = 0; i < n; i++)
			set_table_put(&table, (uint64_t)i << 40);
		set_table_put(&table, 0);
		for (size_t i = 0; i < n; i += 2)
			assert_true(set_table_find(&table, (uint64_t)i << 40));
		assert_false(set_table_find(&table, 77));
		while (set_table_rest(&table, &at, &v)) {
			assert_int_equal(v >> 40 & 1, n > 0);
			rest++;
		}
		assert_int_equal(rest, n > 0 ? n / 2 : 1);
		free(memory);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk_hits_as_it_should),
		cmocka_unit_test(test_enough_is_enough),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_any_symbols_end),
		cmocka_unit_test(test_estimate),
		cmocka_unit_test(test_estimate_of_lies),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_table),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
