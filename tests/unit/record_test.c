#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/record/schema.h"
#include "test_records.h"

static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];

static enum record_outcome
judge(struct slice bytes, const struct record_rules *rules, struct record *r)
{
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	const enum record_outcome o = record_open(bytes, rules, &scratch, r);

	return o == RECORD_FINE ? record_verify(r, &scratch) : o;
}

static void
test_each_kind(void **state)
{
	(void)state;
	for (uint32_t kind = 1; kind <= KIND_OPEN_LAST; kind++) {
		uint8_t raw[RECORD_BYTES_MAX];
		struct record r;
		const struct record_rules rules = test_rules();
		const size_t n = test_record_make(
		    &(struct test_record){ .kind = kind }, raw, sizeof(raw));
		const enum record_outcome o =
		    judge(slice_of(raw, n), &rules, &r);
		const enum record_outcome want =
		    kind_info(kind) == NULL ? RECORD_UNKNOWN_KIND : RECORD_FINE;
		if (o != want)
			fail_msg("kind %u: %s", kind, record_outcome_name(o));
		if (o != RECORD_FINE)
			continue;
		assert_int_equal(r.kind, kind);
		assert_int_equal(r.seq, TEST_HOUR << 8);
		assert_string_equal(r.region, "de");
		assert_int_equal(r.opaque, kind >= KIND_OPEN_FIRST);
		assert_true(r.payload.p + r.payload.n == r.body.p + r.body.n);
	}
}

static void
test_headers(void **state)
{
	static const struct {
		const char *name;
		struct test_record t;
		enum record_outcome want;
	} cases[] = {
		{ "made within the next hour, clock 10 min ahead",
		    { .seq = (TEST_HOUR + 1) << 8 }, RECORD_FROM_FUTURE },
		{ "expired",
		    { .seq = (TEST_HOUR - 30) << 8, .expires_h = TEST_HOUR },
		    RECORD_EXPIRED },
		{ "expires before it is made", { .expires_h = TEST_HOUR },
		    RECORD_BAD_TIMES },
		{ "lives too long", { .expires_h = TEST_HOUR + 90 * 24 + 1 },
		    RECORD_BAD_TIMES },
		{ "lives as long as may be",
		    { .expires_h = TEST_HOUR + 90 * 24 }, RECORD_FINE },
		{ "revocation of 9600 hours",
		    { .kind = KIND_REVOCATION, .expires_h = TEST_HOUR + 9600 },
		    RECORD_FINE },
		{ "revocation of 9599 hours",
		    { .kind = KIND_REVOCATION, .expires_h = TEST_HOUR + 9599 },
		    RECORD_BAD_TIMES },
		{ "revocation of 9601 hours",
		    { .kind = KIND_REVOCATION, .expires_h = TEST_HOUR + 9601 },
		    RECORD_BAD_TIMES },
		{ "revocation of one hour",
		    { .kind = KIND_REVOCATION, .expires_h = TEST_HOUR + 1 },
		    RECORD_BAD_TIMES },
		{ "organisation of 9599 hours",
		    { .kind = KIND_ORGANISATION,
			.expires_h = TEST_HOUR + 9599 },
		    RECORD_FINE },
		{ "counter 63", { .seq = TEST_HOUR << 8 | 63 }, RECORD_FINE },
		{ "counter 64", { .seq = TEST_HOUR << 8 | 64 },
		    RECORD_BAD_TIMES },
		{ "slot 1 of 1", { .slot = 1 }, RECORD_BAD_SLOT },
		{ "slot 1023 of 1024", { .kind = KIND_DEMAND, .slot = 1023 },
		    RECORD_FINE },
		{ "slot 1024 of 1024", { .kind = KIND_DEMAND, .slot = 1024 },
		    RECORD_BAD_SLOT },
		{ "unknown flag", { .flags = 2 }, RECORD_UNKNOWN_FLAG },
		{ "deleted", { .flags = 1 }, RECORD_FINE },
		{ "deleted with content", { .flags = 1, .payload = "810601" },
		    RECORD_BAD_PAYLOAD },
		{ "a revocation taken back",
		    { .kind = KIND_REVOCATION, .flags = 1 },
		    RECORD_BAD_PAYLOAD },
		{ "another network", { .net = "test-b" }, RECORD_WRONG_NET },
		{ "no network's name", { .net = "Test" }, RECORD_MALFORMED },
		{ "capital region", { .region = "DE" }, RECORD_MALFORMED },
		{ "payload of an unknown version",
		    { .pv = 9, .payload = "8100a17a" }, RECORD_FINE },
		{ "hours of no bucket", { .payload = "810606" },
		    RECORD_BAD_PAYLOAD },
		{ "unknown even key", { .payload = "81cc8801" }, RECORD_FINE },
		{ "keys out of order", { .payload = "820a010601" },
		    RECORD_NOT_CANONICAL },
		{ "nil", { .payload = "8106c0" }, RECORD_NOT_CANONICAL },
		{ "float", { .payload = "8106ca3f800000" },
		    RECORD_NOT_CANONICAL },
		{ "map with text keys", { .payload = "81a16101" },
		    RECORD_NOT_CANONICAL },
		{ "long form of 1", { .payload = "8106cc01" },
		    RECORD_NOT_CANONICAL },
		{ "payload is no map", { .payload = "06" }, RECORD_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[RECORD_BYTES_MAX];
		struct record r;
		const struct record_rules rules = test_rules();
		const size_t n =
		    test_record_make(&cases[i].t, raw, sizeof(raw));
		const enum record_outcome o =
		    judge(slice_of(raw, n), &rules, &r);
		if (o != cases[i].want)
			fail_msg(
			    "%s: %s", cases[i].name, record_outcome_name(o));
	}
}

static void
test_future_is_ten_minutes(void **state)
{
	uint8_t raw[RECORD_BYTES_MAX];
	struct record r;
	struct record_rules rules = test_rules();
	const size_t n = test_record_make(
	    &(struct test_record){ .seq = TEST_HOUR << 8 }, raw, sizeof(raw));

	(void)state;
	rules.now_s = TEST_HOUR * 3600 - 600;
	assert_int_equal(judge(slice_of(raw, n), &rules, &r), RECORD_FINE);
	rules.now_s--;
	assert_int_equal(
	    judge(slice_of(raw, n), &rules, &r), RECORD_FROM_FUTURE);
	rules = test_rules();
	rules.class_mask = 1U << CLASS_DEMAND;
	assert_int_equal(
	    judge(slice_of(raw, n), &rules, &r), RECORD_WRONG_CLASS);
	rules.class_mask = 1U << CLASS_PEOPLE | 1U << CLASS_META;
	assert_int_equal(judge(slice_of(raw, n), &rules, &r), RECORD_FINE);
}

/* Whatever single bit is flipped, the record no longer passes. */
static void
test_every_bit_counts(void **state)
{
	uint8_t raw[RECORD_BYTES_MAX];
	struct record r;
	const struct record_rules rules = test_rules();
	const size_t n = test_record_make(
	    &(struct test_record){ .kind = KIND_DEMAND }, raw, sizeof(raw));

	(void)state;
	for (size_t i = 0; i < n; i++) {
		raw[i] ^= (uint8_t)(1U << i % 8);
		if (judge(slice_of(raw, n), &rules, &r) == RECORD_FINE)
			fail_msg("byte %zu may change", i);
		raw[i] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(
		    judge(slice_of(raw, i), &rules, &r), RECORD_FINE);
	raw[n] = 0xc2;
	assert_int_equal(
	    judge(slice_of(raw, n + 1), &rules, &r), RECORD_NOT_CANONICAL);
}

static void
test_stamp_is_the_authors(void **state)
{
	const struct test_author a = test_author(1), b = test_author(2);
	uint8_t raw[RECORD_BYTES_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	struct record r;
	const struct record_rules rules = test_rules();
	struct record_draft d = {
		.net = slice_str(TEST_NET),
		.kind = KIND_PROFILE,
		.region = "fr",
		.seq = TEST_HOUR << 8,
		.expires_h = TEST_HOUR + 1,
		.payload = slice_of("\x80", 1),
	};

	(void)state;
	assert_int_equal(record_make(&d, a.pub, a.secret, &out), OK);
	assert_int_equal(judge(buf_slice(&out), &rules, &r), RECORD_BAD_STAMP);
	d.stamp = slice_of(b.stamp, sizeof(b.stamp));
	out.n = 0;
	assert_int_equal(record_make(&d, a.pub, a.secret, &out), OK);
	assert_int_equal(judge(buf_slice(&out), &rules, &r), RECORD_BAD_STAMP);
	uint8_t other[STAMP_WORK_BYTES];
	memcpy(other, a.stamp, sizeof(other));
	other[0] = 2; /* reserved for a memory-hard proof */
	d.stamp = slice_of(other, sizeof(other));
	out.n = 0;
	assert_int_equal(record_make(&d, a.pub, a.secret, &out), OK);
	assert_int_equal(
	    judge(buf_slice(&out), &rules, &r), RECORD_UNKNOWN_STAMP);
	/* Signed by another key than the author says. */
	d.stamp = slice_of(a.stamp, sizeof(a.stamp));
	out.n = 0;
	assert_int_equal(record_make(&d, a.pub, b.secret, &out), OK);
	assert_int_equal(
	    judge(buf_slice(&out), &rules, &r), RECORD_BAD_SIGNATURE);
}

static void
test_next_seq(void **state)
{
	const uint64_t now = TEST_HOUR * 3600 + 5, hour = TEST_HOUR << 8;

	(void)state;
	assert_int_equal(record_next_seq(now, 0), hour);
	assert_int_equal(record_next_seq(now, hour - 200), hour);
	assert_int_equal(record_next_seq(now, hour), hour + 1);
	assert_int_equal(record_next_seq(now, hour + 62), hour + 63);
	assert_int_equal(record_next_seq(now, hour + 63), 0);
	/* A clock that went back: stay above the last one. */
	assert_int_equal(record_next_seq(now - 7200, hour + 3), hour + 4);
}

static void
test_names(void **state)
{
	uint8_t id[RECORD_ID], back[RECORD_ID];
	char text[RECORD_ID_TEXT], did[DID_KEY_TEXT], letters[4];
	char topic[TOPIC_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(id); i++)
		id[i] = (uint8_t)(i * 7);
	record_id_put(text, id);
	assert_int_equal(record_id_get(slice_str(text), back), OK);
	assert_memory_equal(id, back, sizeof(id));
	text[10] = text[10] == 'a' ? 'b' : 'a';
	assert_int_equal(record_id_get(slice_str("bafy"), back), ERR_FORM);
	/* The did:key specification's first Ed25519 example. */
	const char *example =
	    "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";
	assert_int_equal(did_key_get(slice_str(example), id), OK);
	did_key_put(did, id);
	assert_string_equal(did, example);
	assert_int_equal(language_code(slice_str("de")), 0x6465);
	assert_int_equal(language_code(slice_str("gsw")), 0x677377);
	assert_int_equal(language_code(slice_str("D")), 0);
	assert_true(language_put(letters, 0x677377));
	assert_string_equal(letters, "gsw");
	assert_false(language_put(letters, 0x6400));
	assert_false(language_put(letters, 0));
	topic_put(topic, slice_str("main"), CLASS_PEOPLE);
	assert_string_equal(topic, "/ohcn/1/main/people/0");
	assert_int_equal(net_stamp_bits(slice_str("main")), 24);
	assert_int_equal(net_stamp_bits(slice_str("test-x")), 8);
}

/* msgpack-c would allocate gigabytes for these few bytes. */
static void
test_declared_counts(void **state)
{
	static const char *const cases[] = { "dd00100000", "df08000000",
		"ddffffffff", "dfffffffff", "c6ffffffff", "dbffffffff",
		"9191919191919100", "93a1", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[16];
		struct buf b = { raw, 0, sizeof(raw) };
		struct arena a = arena_of(scratch_bytes, sizeof(scratch_bytes));
		struct value v;
		assert_int_equal(hex_get(slice_str(cases[i]), &b), OK);
		if (value_parse(buf_slice(&b), &a, &v) == OK)
			fail_msg("%s was read", cases[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_future_is_ten_minutes),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_stamp_is_the_authors),
		cmocka_unit_test(test_next_seq),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_declared_counts),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
