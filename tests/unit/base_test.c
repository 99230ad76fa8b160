#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/varint.h"

static void
test_varint(void **state)
{
	static const struct {
		const char *name, *hex;
		err want;
		uint64_t v;
	} cases[] = {
		{ "empty", "", ERR_MORE, 0 },
		{ "zero", "00", OK, 0 },
		{ "two bytes", "8001", OK, 128 },
		{ "cut short", "80", ERR_MORE, 0 },
		{ "not minimal", "8000", ERR_PEER, 0 },
		{ "nine bytes", "ffffffffffffffff7f", OK, INT64_MAX },
		{ "ten bytes", "ffffffffffffffffff01", ERR_PEER, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[16], again[16];
		struct buf b = { raw, 0, sizeof(raw) };
		struct buf w = { again, 0, sizeof(again) };
		uint64_t v = 0;
		size_t used = 0;
		assert_int_equal(hex_get(slice_str(cases[i].hex), &b), OK);
		const err e = varint_get(buf_slice(&b), &v, &used);
		if (e != cases[i].want || v != cases[i].v)
			fail_msg("%s: %s", cases[i].name, err_name(e));
		if (e != OK)
			continue;
		assert_int_equal(varint_put(&w, v), OK);
		assert_true(slice_eq(buf_slice(&w), buf_slice(&b)));
		assert_int_equal(varint_len(v), used);
	}
}

static void
test_text_forms(void **state)
{
	static const struct {
		const char *hex, *b32, *b58;
	} cases[] = {
		{ "", "", "" },
		{ "00", "aa", "1" },
		{ "0000287fb4cd", "aaacq75uzu", "11233QC4" },
		{ "48656c6c6f20576f726c6421", "jbswy3dpeblw64tmmqqq",
		    "2NEpo7TZRRrLZSi2U" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[64], back[64];
		char text[64];
		struct buf b = { raw, 0, sizeof(raw) };
		assert_int_equal(hex_get(slice_str(cases[i].hex), &b), OK);
		const struct slice s = buf_slice(&b);

		assert_int_equal(base32_put(text, sizeof(text), s), OK);
		assert_string_equal(text, cases[i].b32);
		struct buf c = { back, 0, sizeof(back) };
		assert_int_equal(base32_get(slice_str(text), &c), OK);
		assert_true(slice_eq(buf_slice(&c), s));

		assert_int_equal(base58_put(text, sizeof(text), s), OK);
		assert_string_equal(text, cases[i].b58);
		c.n = 0;
		assert_int_equal(base58_get(slice_str(text), &c), OK);
		assert_true(slice_eq(buf_slice(&c), s));
	}
	uint8_t raw[4];
	struct buf b = { raw, 0, sizeof(raw) };
	assert_int_equal(hex_get(slice_str("0"), &b), ERR_FORM);
	assert_int_equal(hex_get(slice_str("0g"), &b), ERR_FORM);
	assert_int_equal(hex_get(slice_str("0\x10"), &b), ERR_FORM);
	assert_int_equal(base58_get(slice_str("0"), &b), ERR_FORM);
	assert_int_equal(base32_get(slice_str("a1"), &b), ERR_FORM);
	assert_int_equal(base32_get(slice_str("ab"), &b), ERR_FORM);
	assert_int_equal(base58_get(slice_str("zzzzzzzz"), &b), ERR_MORE);
}

static void
test_clean_text(void **state)
{
	static const struct {
		const char *s;
		bool clean;
	} cases[] = {
		{ "", true },
		{ "Stra\xc3\x9f"
		  "e \xf0\x9f\x8c\x8d",
		    true },
		{ "a\tb", false }, { "a\x7f", false },
		{ "\xc2\x80", false },         /* C1 */
		{ "\xe2\x80\xae", false },     /* right-to-left override */
		{ "\xe2\x81\xa6", false },     /* isolate */
		{ "\xd8\x9c", false },         /* arabic letter mark */
		{ "\xc0\xaf", false },         /* overlong */
		{ "\xed\xa0\x80", false },     /* surrogate */
		{ "\xf4\x90\x80\x80", false }, /* above U+10FFFF */
		{ "\xe2\x82", false },         /* cut short */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (text_is_clean(slice_str(cases[i].s)) != cases[i].clean)
			fail_msg("case %zu", i);
}

static void *
heap_alloc(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void
heap_free(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static void
test_budget(void **state)
{
	struct mem all = { heap_alloc, heap_free, NULL, NULL, 0, 1000 };
	struct mem part = mem_child(&all, 600);

	(void)state;
	void *a = mem_alloc(&part, 500);
	assert_non_null(a);
	assert_null(mem_alloc(&part, 101)); /* over the child's budget */
	assert_null(mem_alloc(&all, 501));  /* the child's use counts */
	mem_free(&part, a, 500);
	assert_int_equal(all.used, 0);
	assert_int_equal(part.used, 0);
}

static void
test_queue(void **state)
{
	struct mem mem = { heap_alloc, heap_free, NULL, NULL, 0, 1 << 20 };
	struct queue q;
	uint8_t in = 0, out = 0;

	(void)state;
	queue_init(&q, &mem, 5000);
	for (unsigned round = 0; round < 4000; round++) {
		uint8_t chunk[97];
		const size_t n = round * 31 % sizeof(chunk);
		for (size_t i = 0; i < n; i++)
			chunk[i] = (uint8_t)(in + i);
		if (queue_put(&q, chunk, n) == OK)
			in = (uint8_t)(in + n);
		else
			assert_true(queue_room(&q) < n);
		const size_t take = MIN(q.n, (size_t)(round * 17 % 101));
		const struct slice s = queue_peek(&q);
		for (size_t i = 0; i < take; i++)
			assert_int_equal(s.p[i], out++);
		queue_skip(&q, take);
	}
	assert_true(mem.used > 0);
	queue_skip(&q, q.n);
	assert_int_equal(mem.used, 0); /* an empty queue holds nothing */
	queue_fini(&q);
}

static void
test_arena(void **state)
{
	uint8_t block[256];
	struct arena a = arena_of(block, sizeof(block));

	(void)state;
	uint8_t *p = arena_alloc(&a, 3);
	uint8_t *q = arena_alloc(&a, 8);
	assert_non_null(p);
	assert_non_null(q);
	assert_int_equal((uintptr_t)q % 8, 0);
	assert_null(arena_alloc(&a, 256));
	assert_null(arena_alloc(&a, SIZE_MAX));
	arena_reset(&a);
	assert_non_null(arena_alloc(&a, 200));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varint),
		cmocka_unit_test(test_text_forms),
		cmocka_unit_test(test_clean_text),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
