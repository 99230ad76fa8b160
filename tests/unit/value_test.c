#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/record/value.h"

static uint8_t arena_bytes[VALUE_ARENA_BYTES];

static err
parse(const char *hex, uint8_t *raw, size_t cap, struct value *v)
{
	struct arena a = arena_of(arena_bytes, sizeof(arena_bytes));
	struct buf b = { raw, 0, cap };

	assert_int_equal(hex_get(slice_str(hex), &b), OK);
	return value_parse(buf_slice(&b), &a, v);
}

static void
test_forms(void **state)
{
	static const struct {
		const char *hex;
		err want;
		enum value_type type;
		int64_t number; /* the integer, or the size */
	} cases[] = {
		{ "00", OK, VALUE_UINT, 0 },
		{ "7f", OK, VALUE_UINT, 127 },
		{ "cc80", OK, VALUE_UINT, 128 },
		{ "cdffff", OK, VALUE_UINT, 65535 },
		{ "ce00010000", OK, VALUE_UINT, 65536 },
		{ "cf0000000100000000", OK, VALUE_UINT, INT64_C(1) << 32 },
		{ "ff", OK, VALUE_INT, -1 },
		{ "e0", OK, VALUE_INT, -32 },
		{ "d0df", OK, VALUE_INT, -33 },
		{ "d080", OK, VALUE_INT, -128 },
		{ "d1ff7f", OK, VALUE_INT, -129 },
		{ "d2ffff7fff", OK, VALUE_INT, -32769 },
		{ "d3ffffffff7fffffff", OK, VALUE_INT, -2147483649 },
		{ "d38000000000000000", OK, VALUE_INT, INT64_MIN },
		{ "c2", OK, VALUE_BOOL, 0 },
		{ "c3", OK, VALUE_BOOL, 1 },
		{ "a0", OK, VALUE_STR, 0 },
		{ "a161", OK, VALUE_STR, 1 },
		{ "c400", OK, VALUE_BIN, 0 },
		{ "c402c0c1", OK, VALUE_BIN, 2 },
		{ "90", OK, VALUE_ARRAY, 0 },
		{ "93010203", OK, VALUE_ARRAY, 3 },
		{ "80", OK, VALUE_MAP, 0 },
		{ "8201000200", OK, VALUE_MAP, 2 },
		{ "", ERR_FORM, VALUE_UINT, 0 },
		{ "cc", ERR_FORM, VALUE_UINT, 0 },
		{ "cc7f", ERR_FORM, VALUE_UINT, 0 },
		{ "d001", ERR_FORM, VALUE_UINT, 0 },
		{ "d1ff80", ERR_FORM, VALUE_UINT, 0 },
		{ "0000", ERR_FORM, VALUE_UINT, 0 },
		{ "c0", ERR_FORM, VALUE_UINT, 0 },
		{ "c1", ERR_FORM, VALUE_UINT, 0 },
		{ "ca00000000", ERR_FORM, VALUE_UINT, 0 },
		{ "cb0000000000000000", ERR_FORM, VALUE_UINT, 0 },
		{ "d40100", ERR_FORM, VALUE_UINT, 0 },
		{ "c70001", ERR_FORM, VALUE_UINT, 0 },
		{ "a1", ERR_FORM, VALUE_UINT, 0 },
		{ "a10a", ERR_FORM, VALUE_UINT, 0 },
		{ "a1ff", ERR_FORM, VALUE_UINT, 0 },
		{ "c401", ERR_FORM, VALUE_UINT, 0 },
		{ "91", ERR_FORM, VALUE_UINT, 0 },
		{ "8100", ERR_FORM, VALUE_UINT, 0 },
		{ "81a16100", ERR_FORM, VALUE_UINT, 0 },
		{ "8202000100", ERR_FORM, VALUE_UINT, 0 },
		{ "8201000100", ERR_FORM, VALUE_UINT, 0 },
		{ "ddffffffff", ERR_FORM, VALUE_UINT, 0 },
		{ "dfffffffff", ERR_FORM, VALUE_UINT, 0 },
		{ "919191919190", OK, VALUE_ARRAY, 1 },
		{ "91919191919190", ERR_LIMIT, VALUE_UINT, 0 },
		{ "91919191919180", ERR_LIMIT, VALUE_UINT, 0 },
		{ "91919191919100", OK, VALUE_ARRAY, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[64];
		struct value v;
		const err e = parse(cases[i].hex, raw, sizeof(raw), &v);
		if (e != cases[i].want)
			fail_msg("%s: %s", cases[i].hex, err_name(e));
		if (e != OK)
			continue;
		const int64_t number =
		    v.type == VALUE_UINT || v.type == VALUE_BOOL ? (int64_t)v.u
		    : v.type == VALUE_INT                        ? v.i
		    : v.type == VALUE_STR || v.type == VALUE_BIN
			? (int64_t)v.s.n
			: (int64_t)v.n;
		if (v.type != cases[i].type || number != cases[i].number)
			fail_msg("%s: type %d, %" PRId64, cases[i].hex,
			    (int)v.type, number);
	}
}

/* [n integers]: n + 1 items. */
static size_t
array_of_zeros(uint8_t *raw, uint16_t n)
{
	raw[0] = 0xdc;
	put_u16be(raw + 1, n);
	memset(raw + 3, 0, n);
	return 3 + (size_t)n;
}

static void
test_items(void **state)
{
	static uint8_t raw[5000];
	struct arena a = arena_of(arena_bytes, sizeof(arena_bytes));
	struct value v;

	(void)state;
	size_t n = array_of_zeros(raw, VALUE_ITEMS_MAX - 1);
	assert_int_equal(value_parse(slice_of(raw, n), &a, &v), OK);
	assert_int_equal(v.n, VALUE_ITEMS_MAX - 1);
	arena_reset(&a);
	n = array_of_zeros(raw, VALUE_ITEMS_MAX);
	assert_int_equal(value_parse(slice_of(raw, n), &a, &v), ERR_LIMIT);

	/* As deep and as many as may be: the arena is enough. */
	n = 0;
	for (unsigned i = 0; i < VALUE_DEPTH_MAX - 1; i++)
		raw[n++] = 0x91;
	n += array_of_zeros(raw + n, VALUE_ITEMS_MAX - VALUE_DEPTH_MAX);
	arena_reset(&a);
	assert_int_equal(value_parse(slice_of(raw, n), &a, &v), OK);

	/* Too small an arena is an error, no more. */
	struct arena small = arena_of(arena_bytes, 256);
	assert_int_equal(value_parse(slice_of(raw, n), &small, &v), ERR_LIMIT);
}

static void
test_tree(void **state)
{
	uint8_t raw[64];
	struct value v;

	(void)state;
	/* {0: [1, -1], 7: {300: "a"}, 256: h'ff'} */
	assert_int_equal(
	    parse("83009201ff0781cd012ca161cd0100c401ff", raw, sizeof(raw), &v),
	    OK);
	assert_int_equal(v.n, 3);
	const struct value *list = value_find(&v, 0);
	assert_non_null(list);
	assert_int_equal(list->n, 2);
	assert_int_equal(list->items[0].u, 1);
	assert_int_equal(list->items[1].i, -1);
	const struct value *text = value_find(value_find(&v, 7), 300);
	assert_non_null(text);
	assert_true(slice_eq_str(text->s, "a"));
	assert_int_equal(value_find(&v, 256)->s.p[0], 0xff);
	assert_null(value_find(&v, 1));
	assert_null(value_find(&v, 300));
}

static void
test_write(void **state)
{
	uint8_t raw[64], again[64];
	struct value v;
	struct buf out = { again, 0, sizeof(again) };

	(void)state;
	assert_int_equal(
	    parse("83009201ff0781cd012ca161cd0100c401ff", raw, sizeof(raw), &v),
	    OK);
	assert_int_equal(value_write(&v, &out), OK);
	assert_int_equal(out.n, 18);
	assert_memory_equal(raw, again, out.n);
	for (size_t cap = 0; cap < 18; cap++) {
		struct buf less = { again, 0, cap };
		assert_int_equal(value_write(&v, &less), ERR_MORE);
	}
	/* An empty text and empty bytes, whose slices have no address. */
	struct value none[] = { value_str(slice_of(NULL, 0)),
		value_bin(slice_of(NULL, 0)) };
	const struct value both = value_array(none, 2);
	out.n = 0;
	assert_int_equal(value_write(&both, &out), OK);
	assert_memory_equal(again, "\x92\xa0\xc4\x00", 4);
	assert_int_equal(value_int(5).type, VALUE_UINT);
	assert_int_equal(value_int(-5).type, VALUE_INT);
}

static void
test_skip(void **state)
{
	static const struct {
		const char *hex;
		size_t left; /* bytes after the first value */
	} cases[] = {
		{ "00ff", 1 },
		{ "cdffff", 0 },
		{ "a26161c0", 1 },
		{ "9301029103c4", 1 },
		{ "8200a0018100c3c3", 1 },
		{ "90808090", 3 },
	};
	uint8_t raw[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = { raw, 0, sizeof(raw) };
		assert_int_equal(hex_get(slice_str(cases[i].hex), &b), OK);
		struct slice s = buf_slice(&b);
		assert_int_equal(value_skip(&s), OK);
		if (s.n != cases[i].left)
			fail_msg("%s: %zu left", cases[i].hex, s.n);
	}
	struct slice cut = slice_of("\x92\x00", 2);
	assert_int_equal(value_skip(&cut), ERR_FORM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_skip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
