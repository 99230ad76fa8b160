/*
 * Co-signatures of records: what they stand for, and each way in which one
 * does not count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/record/cosign.h"
#include "proto/record/value.h"
#include "test_records.h"

#define UNTIL 500100

static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];
static struct arena scratch;

struct stand_for {
	uint64_t signer;
	uint64_t until; /* 0: none */
	bool spoilt;
};

/* A course of author 1 with these co-signatures, as a record that is fine. */
static void
make_course(const struct stand_for *by, size_t n, const char *title,
    uint32_t slot, uint8_t *bytes, size_t cap, struct record *r)
{
	struct value text[2] = { value_uint(0x656e),
		value_str(slice_str(title)) };
	struct value teach[4] = { value_uint(0),
		value_bin(slice_of("12345678", 8)), value_uint(4),
		value_uint(3) };
	struct value teaches[1] = { value_map(teach, 2) };
	struct value pairs[8] = { value_uint(0), value_uint(1), value_uint(2),
		value_map(text, 1), value_uint(4), value_array(teaches, 1) };
	struct value maps[COSIGN_MAX][8], list[COSIGN_MAX];
	struct test_author who[COSIGN_MAX];
	uint8_t sig[COSIGN_MAX][ED25519_SIG], id[COSIGN_ID], plain[512];
	struct buf payload = { plain, 0, sizeof(plain) };
	const struct test_author author = test_author(1);

	const struct value bare = value_map(pairs, 3);
	assert_int_equal(value_write(&bare, &payload), OK);
	assert_int_equal(cosign_id(KIND_COURSE, author.pub, "de", 3, 1,
			     buf_slice(&payload), &scratch, id),
	    OK);
	for (size_t i = 0; i < n; i++) {
		who[i] = test_author(by[i].signer);
		cosign_make(sig[i], slice_str(TEST_NET), 2,
		    (uint32_t)by[i].until, id, who[i].secret);
		sig[i][5] ^= by[i].spoilt ? 1 : 0;
		maps[i][0] = value_uint(0);
		maps[i][1] = value_bin(slice_of(who[i].pub, 32));
		maps[i][2] = value_uint(2);
		maps[i][3] = value_uint(2);
		maps[i][4] = value_uint(4);
		maps[i][5] = value_bin(slice_of(sig[i], ED25519_SIG));
		maps[i][6] = value_uint(6);
		maps[i][7] = value_uint(by[i].until);
		list[i] = value_map(maps[i], by[i].until == 0 ? 3 : 4);
	}
	pairs[6] = value_uint(COSIGN_KEY);
	pairs[7] = value_array(list, n);
	const struct value whole = value_map(pairs, n == 0 ? 3 : 4);
	uint8_t raw[2048];
	struct buf b = { raw, 0, sizeof(raw) };
	char hex[4096];
	assert_int_equal(value_write(&whole, &b), OK);
	struct buf h = { (uint8_t *)hex, 0, sizeof(hex) - 1 };
	for (size_t i = 0; i < b.n; i++) {
		char two[3];
		(void)snprintf(two, sizeof(two), "%02x", raw[i]);
		assert_int_equal(buf_put(&h, two, 2), OK);
	}
	hex[h.n] = 0;
	const size_t size = test_record_make(&(struct test_record){ .author = 1,
						 .kind = KIND_COURSE,
						 .slot = slot,
						 .payload = hex },
	    bytes, cap);
	const struct record_rules rules = test_rules();
	assert_int_equal(
	    record_open(slice_of(bytes, size), &rules, &scratch, r),
	    RECORD_FINE);
	assert_int_equal(record_verify(r, &scratch), RECORD_FINE);
}

static void
test_each_result(void **state)
{
	static const struct stand_for by[] = { { 2, UNTIL, false },
		{ 2, UNTIL + 1, false }, { 1, UNTIL, false }, { 3, 0, false },
		{ 4, TEST_HOUR, false }, { 5, UNTIL, true },
		{ 6, UNTIL, false } };
	static const enum cosign_result want[] = { COSIGN_GOOD, COSIGN_TWICE,
		COSIGN_SELF, COSIGN_NO_END, COSIGN_EXPIRED, COSIGN_BAD,
		COSIGN_GOOD };
	uint8_t bytes[RECORD_BYTES_MAX];
	struct cosignature out[COSIGN_MAX];
	struct record r;
	size_t n = 0;

	(void)state;
	make_course(by, ARRAY_LEN(by), "A", 3, bytes, sizeof(bytes), &r);
	assert_int_equal(cosign_check(&r, TEST_HOUR, &scratch, out, &n), OK);
	assert_int_equal(n, ARRAY_LEN(by));
	for (size_t i = 0; i < n; i++) {
		const struct test_author a = test_author(by[i].signer);
		if (out[i].result != want[i])
			fail_msg(
			    "%zu: %s", i, cosign_result_name(out[i].result));
		assert_memory_equal(out[i].key, a.pub, 32);
		assert_int_equal(out[i].role, 2);
		assert_int_equal(out[i].until_h, by[i].until);
	}
	assert_int_equal(cosign_check(&r, UNTIL, &scratch, out, &n), OK);
	assert_int_equal(out[0].result, COSIGN_EXPIRED);
	make_course(NULL, 0, "A", 3, bytes, sizeof(bytes), &r);
	assert_int_equal(cosign_check(&r, 0, &scratch, out, &n), OK);
	assert_int_equal(n, 0);
}

/* Renewed, it goes on; in another slot, or with other content, it ends. */
static void
test_what_it_stands_for(void **state)
{
	static const struct stand_for by[] = { { 2, UNTIL, false } };
	uint8_t bytes[RECORD_BYTES_MAX], other[COSIGN_ID], id[COSIGN_ID];
	const struct test_author a = test_author(1), b = test_author(2);
	struct cosignature out[COSIGN_MAX];
	struct record r;
	size_t n = 0;

	(void)state;
	make_course(by, 1, "A", 4, bytes, sizeof(bytes), &r);
	assert_int_equal(cosign_check(&r, TEST_HOUR, &scratch, out, &n), OK);
	assert_int_equal(out[0].result, COSIGN_BAD); /* made for slot 3 */
	make_course(by, 1, "A", 3, bytes, sizeof(bytes), &r);
	/* With and without the field, it is the same content. */
	uint8_t kept[RECORD_BYTES_MAX];
	memcpy(kept, r.payload.p, r.payload.n);
	const struct slice payload = slice_of(kept, r.payload.n);
	assert_int_equal(
	    cosign_id(KIND_COURSE, a.pub, "de", 3, 1, payload, &scratch, id),
	    OK);
	static const struct {
		uint32_t kind, slot;
		uint64_t pv;
		const char *region;
		bool other_author;
	} cases[] = { { KIND_PATHWAY, 3, 1, "de", false },
		{ KIND_COURSE, 2, 1, "de", false },
		{ KIND_COURSE, 3, 0, "de", false },
		{ KIND_COURSE, 3, 1, "at", false },
		{ KIND_COURSE, 3, 1, "de", true } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		    cosign_id(cases[i].kind,
			cases[i].other_author ? b.pub : a.pub, cases[i].region,
			cases[i].slot, cases[i].pv, payload, &scratch, other),
		    OK);
		assert_memory_not_equal(other, id, COSIGN_ID);
	}
	assert_int_equal(
	    cosign_id(KIND_DEMAND, a.pub, "de", 3, 1, payload, &scratch, id),
	    ERR_FORM);
	assert_int_equal(cosign_id(KIND_COURSE, a.pub, "de", 3, 1,
			     slice_str("\x90"), &scratch, id),
	    ERR_FORM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_result),
		cmocka_unit_test(test_what_it_stands_for),
	};

	if (!crypto_init())
		return 1;
	scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
