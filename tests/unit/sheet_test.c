/* Sheets of claims: there and back, and nothing that was changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/evidence/sheet.h"
#include "test_records.h"

static struct sheet
some(struct credential *c)
{
	static struct fact_tree tree;
	struct sheet s = { .credential = { 9 }, .tree = { 8 }, .key = { 7 } };

	s.leaves = json_pack("[{s:s,s:s},{s:s,s:b},{s:s,s:i,s:i}]", "name",
	    "centre", "value", "Hall 4", "name", "passed", "value", 1, "name",
	    "exam", "number", 87, "max", 100);
	assert_non_null(s.leaves);
	assert_int_equal(facts_tree(s.leaves, s.key, s.tree, &tree), OK);
	*c = (struct credential){ .grade = 0 };
	memcpy(c->claims, tree.tree.root, 32);
	return s;
}

static void
test_round_trip(void **state)
{
	uint8_t bytes[SHEET_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct credential c;
	struct sheet s = some(&c), back;

	(void)state;
	assert_int_equal(sheet_write(&s, slice_str(TEST_NET), &out), OK);
	assert_int_equal(
	    sheet_read(buf_slice(&out), slice_str(TEST_NET), &back), OK);
	assert_true(json_equal(s.leaves, back.leaves));
	assert_true(sheet_fits(&back, s.credential, &c));
	back.credential[0]++;
	assert_false(sheet_fits(&back, s.credential, &c));
	back.credential[0]--;
	back.key[31]++;
	assert_false(sheet_fits(&back, s.credential, &c));
	json_decref(back.leaves);
	assert_int_equal(
	    sheet_read(buf_slice(&out), slice_str("elsewhere"), &back),
	    ERR_FORM);
	json_decref(s.leaves);
}

/* Each byte changed, each length: not read, or not of that credential. */
static void
test_damage(void **state)
{
	uint8_t bytes[SHEET_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct credential c;
	struct sheet s = some(&c), back;
	unsigned read = 0;

	(void)state;
	assert_int_equal(sheet_write(&s, slice_str(TEST_NET), &out), OK);
	for (size_t i = 0; i < out.n; i++) {
		assert_int_equal(
		    sheet_read(slice_of(bytes, i), slice_str(TEST_NET), &back),
		    ERR_FORM);
		bytes[i] ^= 1;
		if (sheet_read(buf_slice(&out), slice_str(TEST_NET), &back) ==
		    OK) {
			read++;
			assert_false(sheet_fits(&back, s.credential, &c));
			json_decref(back.leaves);
		}
		bytes[i] ^= 1;
	}
	assert_true(read > 0); /* some of them are sheets of something else */
	json_decref(s.leaves);
}

/* What a tree cannot hold is not written. */
static void
test_refused(void **state)
{
	static const char *const cases[] = { "[]", "[{\"name\":\"a\"}]",
		"[{\"value\":\"x\"}]", "[{\"name\":\"a b\",\"value\":\"x\"}]",
		"[{\"name\":\"a\",\"value\":1.5}]" };
	uint8_t bytes[SHEET_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = { bytes, 0, sizeof(bytes) };
		struct sheet s = { .leaves = json_loads(cases[i], 0, NULL) };
		assert_int_not_equal(
		    sheet_write(&s, slice_str(TEST_NET), &out), OK);
		json_decref(s.leaves);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
