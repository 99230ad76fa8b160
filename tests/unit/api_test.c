/* What the API's handlers share and needs no node: ids that people type,
 * wishes, payloads of users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "node/api/parts.h"

static void
test_record_text(void **state)
{
	uint8_t id[RECORD_ID], other[RECORD_ID];
	char full[RECORD_ID_TEXT], wrong[RECORD_ID_TEXT];

	(void)state;
	for (size_t i = 0; i < RECORD_ID; i++) {
		id[i] = (uint8_t)(7 * i + 1);
		other[i] = (uint8_t)(5 * i + 2);
	}
	record_id_put(full, id);
	record_id_put(wrong, other);
	const size_t n = strlen(full);
	assert_true(record_text_is(id, full));
	assert_false(record_text_is(id, wrong));
	assert_true(record_text_is(id, full + n - 6));
	assert_false(record_text_is(id, full + n - 5)); /* too short */
	/* What every id begins with names none of them. */
	size_t head = 0;
	while (full[head] == wrong[head])
		head++;
	full[head + 2] = 0;
	assert_false(record_text_is(id, full));
	assert_false(record_text_is(other, full));
	record_id_put(full, id);
	assert_true(record_text_is(id, full + 12));
	char longer[RECORD_ID_TEXT + 1];
	(void)snprintf(longer, sizeof(longer), "%sa", full);
	assert_false(record_text_is(id, longer));
	assert_false(record_text_is(id, ""));
}

static const struct {
	const char *json;
	err error;
	const char *path; /* of the fault */
} wishes_cases[] = {
	{ "{}", OK, "" },
	{ "{\"hours_week_max\": 20}", OK, "" },
	{ "{\"hours_week_max\": 169}", ERR_FORM, "hours_week_max" },
	{ "{\"contracts\": [\"permanent\", \"volunteer\"]}", OK, "" },
	{ "{\"contracts\": [\"permanent\", \"serfdom\"]}", ERR_FORM,
	    "contracts[1]" },
	{ "{\"pay\": {\"min\": 5, \"currency\": \"EUR\"}}", ERR_FORM,
	    "pay.period" },
	{ "{\"unwanted\": [\"b3b196d603a7458b\"]}", OK, "" },
	{ "{\"unwanted\": [\"welding\"]}", ERR_FORM, "unwanted[0]" },
	{ "{\"skills\": [{\"term\": \"b3b196d603a7458b\", \"level\": 6}]}",
	    ERR_FORM, "skills[0].level" },
	{ "{\"employer\": \"Acme\"}", ERR_FORM, "employer" },
};

static void
test_wishes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wishes_cases); i++) {
		struct payload_fault f = { 0 };
		struct wishes w;
		json_t *in = json_loads(wishes_cases[i].json, 0, NULL);
		assert_non_null(in);
		assert_int_equal(
		    wishes_read(in, &w, &f), wishes_cases[i].error);
		assert_string_equal(f.path, wishes_cases[i].path);
		json_decref(in);
	}
}

static void
test_wishes_content(void **state)
{
	struct payload_fault f = { 0 };
	struct wishes w;
	json_t *in = json_loads(
	    "{\"pay\": {\"min\": 300000, \"currency\": \"EUR\", \"period\": "
	    "\"month\"}, \"hours_week_max\": 30, \"contracts\": "
	    "[\"fixed-term\"], \"unwanted\": [\"b3b196d603a7458b\"], "
	    "\"skills\": [{\"term\": \"0000000000000001\", \"level\": 4}]}",
	    0, NULL);

	(void)state;
	assert_non_null(in);
	assert_int_equal(wishes_read(in, &w, &f), OK);
	assert_int_equal(w.floor.min, 300000);
	assert_string_equal(w.floor.currency, "EUR");
	assert_int_equal(w.floor.period, 4);
	assert_int_equal(w.hours_week_max, 30);
	assert_int_equal(w.contract_mask, 1U << 2);
	assert_int_equal(w.unwanted_n, 1);
	assert_true(w.unwanted[0] == UINT64_C(0xb3b196d603a7458b));
	assert_int_equal(w.skills_n, 1);
	assert_true(w.skills[0].term == 1 && w.skills[0].level == 4);
	json_decref(in);
}

static void
test_user_payload(void **state)
{
	static struct user_payload a, b;
	struct payload_fault f = { 0 };
	uint8_t x[FINGERPRINT], y[FINGERPRINT];
	json_t *in = json_loads("{\"region\": \"AT\", \"type\": \"gig\", "
				"\"title\": {\"de\": \"Hilfe\"}}",
	    0, NULL);

	(void)state;
	assert_non_null(in);
	assert_int_equal(user_payload_read(KIND_DEMAND, in, "de", &a, &f), OK);
	assert_string_equal(a.region, "at");            /* its own counts */
	assert_non_null(json_object_get(in, "region")); /* left as it was */
	(void)json_object_del(in, "region");
	assert_int_equal(user_payload_read(KIND_DEMAND, in, "de", &b, &f), OK);
	assert_string_equal(b.region, "de");
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.bytes, b.bytes, a.n);
	owner_content(x, a.region, slice_of(a.bytes, a.n));
	owner_content(y, b.region, slice_of(b.bytes, b.n));
	assert_memory_not_equal(x, y, FINGERPRINT); /* another region */
	assert_int_equal(
	    user_payload_read(KIND_DEMAND, in, "deu", &b, &f), ERR_FORM);
	assert_string_equal(f.path, "region");
	json_decref(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_text),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_wishes_content),
		cmocka_unit_test(test_user_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
