/* The table of verified records: what is in it, and its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "node/record/seen.h"

static uint64_t
hash_of(uint32_t i)
{
	static const uint8_t key[16] = { 1 };

	return hash_siphash(&i, sizeof(i), key);
}

static void
test_bounded(void **state)
{
	struct seen s;
	unsigned found = 0;

	(void)state;
	assert_int_equal(seen_new(&s, 1024), OK);
	assert_int_equal(s.groups, 128);
	for (uint32_t i = 0; i < 512; i++) {
		assert_false(seen_has(&s, hash_of(i)));
		seen_put(&s, hash_of(i));
		assert_true(seen_has(&s, hash_of(i)));
	}
	for (uint32_t i = 0; i < 512; i++)
		found += seen_has(&s, hash_of(i));
	assert_in_range(found, 450, 512); /* half full: few groups overflow */
	for (uint32_t i = 512; i < 100000; i++)
		seen_put(&s, hash_of(i));
	found = 0;
	for (uint32_t i = 0; i < 100000; i++)
		found += seen_has(&s, hash_of(i));
	assert_int_equal(found, 1024);
	seen_free(&s);
}

/* Within a group the oldest goes; who comes again is the newest. */
static void
test_order(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(seen_new(&s, 1), OK);
	assert_int_equal(s.groups, 1);
	for (uint64_t i = 0; i < SEEN_GROUP; i++)
		seen_put(&s, i); /* 0 as well, which means free inside */
	seen_put(&s, 2);
	for (uint64_t i = 0; i < SEEN_GROUP; i++)
		assert_int_equal(seen_has(&s, i), true);
	for (uint64_t i = 100; i < 100 + SEEN_GROUP - 1; i++)
		seen_put(&s, i);
	assert_true(seen_has(&s, 2));
	assert_false(seen_has(&s, 3));
	seen_free(&s);
}

static void
test_none(void **state)
{
	struct seen s;

	(void)state;
	assert_int_equal(seen_new(&s, 0), OK);
	seen_put(&s, 5);
	assert_false(seen_has(&s, 5));
	seen_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
