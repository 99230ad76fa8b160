/* What the API's handlers share and needs no node: ids that people type,
 * wishes, payloads of users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "match/course.h"
#include "node/api/desk.h"

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

static const struct {
	const char *text;
	err error;
	uint64_t min;
	const char *currency;
	uint32_t period;
} pay_cases[] = {
	{ "3000EUR/month", OK, 300000, "EUR", 4 },
	{ "12.5EUR/hour", OK, 1250, "EUR", 1 },
	{ "12.05CHF/hour", OK, 1205, "CHF", 1 },
	{ "1500JPY/hour", OK, 1500, "JPY", 1 }, /* has no cents */
	{ "40000USD/year", OK, 4000000, "USD", 5 },
	{ "3000", ERR_FORM, 0, "", 0 },
	{ "3000EUR", ERR_FORM, 0, "", 0 },
	{ "3000EUR/", ERR_FORM, 0, "", 0 },
	{ "3000EUR/fortnight", ERR_FORM, 0, "", 0 },
	{ "3000eur/month", ERR_FORM, 0, "", 0 },
	{ "12.345EUR/hour", ERR_FORM, 0, "", 0 },
	{ "-1EUR/hour", ERR_FORM, 0, "", 0 },
	{ "EUR/hour", ERR_FORM, 0, "", 0 },
	{ "99999999999999999999EUR/hour", ERR_FORM, 0, "", 0 },
};

static void
test_filter_pay(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pay_cases); i++) {
		struct pay pay = { 0 };
		assert_int_equal(filter_pay_get(pay_cases[i].text, &pay),
		    pay_cases[i].error);
		if (pay_cases[i].error != OK)
			continue;
		assert_int_equal(pay.min, pay_cases[i].min);
		assert_string_equal(pay.currency, pay_cases[i].currency);
		assert_int_equal(pay.period, pay_cases[i].period);
	}
}

static const struct {
	uint64_t place;
	const char *text;
} rank_cases[] = {
	{ 1, "1st" },
	{ 2, "2nd" },
	{ 3, "3rd" },
	{ 4, "4th" },
	{ 11, "11th" },
	{ 12, "12th" },
	{ 13, "13th" },
	{ 20, "20th" },
	{ 21, "21st" },
	{ 102, "102nd" },
	{ 111, "111th" },
	{ 0, "below the 1000th" },
};

static void
test_rank_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rank_cases); i++) {
		char text[32];
		rank_text(text, sizeof(text), rank_cases[i].place);
		assert_string_equal(text, rank_cases[i].text);
	}
}

/* The posting that stands for a course; fails the test. */
static void
course_of(const char *json, struct posting *out)
{
	static uint8_t memory[VALUE_ARENA_BYTES];
	static struct user_payload bytes;
	struct arena arena = arena_of(memory, sizeof(memory));
	struct payload_fault f = { 0 };
	struct value payload;
	json_t *in = json_loads(json, 0, NULL);

	assert_non_null(in);
	if (user_payload_read(KIND_COURSE, in, "at", &bytes, &f) != OK)
		fail_msg("%s %s", f.path, f.why);
	assert_int_equal(
	    value_parse(slice_of(bytes.bytes, bytes.n), &arena, &payload), OK);
	assert_int_equal(course_posting(&payload, bytes.region, out), OK);
	json_decref(in);
}

#define COURSE                                                                 \
	"{\"type\": \"course\", \"title\": {\"en\": \"c\"}, \"teaches\": "     \
	"[{\"term\": \"b3b196d603a7458b\", \"from\": 1, \"to\": 3}]"

static void
test_course_posting(void **state)
{
	struct posting p;

	(void)state;
	course_of(COURSE ", \"needs\": [{\"term\": \"0000000000000001\", "
			 "\"level\": 2}], \"hours\": 100, \"weeks\": 30, "
			 "\"languages\": [\"de\"], \"formats\": [\"on-site\"]}",
	    &p);
	assert_string_equal(p.region, "at");
	assert_int_equal(p.requirements_n, 1);
	assert_true(p.requirements[0].term == 1);
	assert_int_equal(p.requirements[0].level, 2);
	assert_int_equal(p.requirements[0].weight, REQUIREMENT_WEIGHT_DEFAULT);
	assert_false(p.requirements[0].must);
	assert_int_equal(p.teaches_n, 1);
	assert_true(p.teaches[0].term == UINT64_C(0xb3b196d603a7458b));
	assert_int_equal(p.teaches[0].level, 3);
	assert_int_equal(posting_hours_week(&p), 4); /* rounded up */
	assert_int_equal(p.languages_n, 1);
	assert_int_equal(p.remote, PLACE_ON_SITE);
	assert_int_equal(p.type, 0);
	assert_int_equal(gate_status(&p).state, GATE_PASS);
	course_of(COURSE ", \"formats\": [\"online\", \"on-site\"]}", &p);
	assert_int_equal(p.remote, PLACE_EITHER);
	course_of(COURSE ", \"hours\": 100}", &p);
	assert_int_equal(p.remote, PLACE_EITHER);
	assert_int_equal(posting_hours_week(&p), 0); /* not told */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_pay),
		cmocka_unit_test(test_rank_text),
		cmocka_unit_test(test_course_posting),
		cmocka_unit_test(test_record_text),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_wishes_content),
		cmocka_unit_test(test_user_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
