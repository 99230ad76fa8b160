/*
 * tests/vectors/assessments.json, which assessments.py makes from the text of
 * SPEC.md: hidden keys, levels and the next item after each answer, what
 * cannot be taken, and signed results in the eyes of who they are about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "match/assess.h"
#include "proto/base/text.h"
#include "proto/record/kind.h"
#include "proto/record/schema.h"

static uint8_t arena_bytes[VALUE_ARENA_BYTES];
static json_t *vectors;

static const json_t *
member(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL)
		fail_msg("no %s", key);
	return v;
}

static int64_t
number(const json_t *o, const char *key)
{
	assert_true(json_is_integer(member(o, key)));
	return json_integer_value(member(o, key));
}

static struct slice
hex_of(const json_t *o, const char *key, uint8_t *raw, size_t cap)
{
	struct buf b = { raw, 0, cap };

	assert_int_equal(
	    hex_get(slice_str(json_string_value(member(o, key))), &b), OK);
	return buf_slice(&b);
}

/* Its payload fits the schema; can it be taken? */
static err
decode(const json_t *o, const char *key, struct assessment *a)
{
	static uint8_t raw[RECORD_BODY_MAX];
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	struct schema_fault fault;
	struct value payload;

	assert_int_equal(
	    value_parse(hex_of(o, key, raw, sizeof(raw)), &arena, &payload),
	    OK);
	if (schema_check(schema_latest(KIND_ASSESSMENT), &payload, &fault) !=
	    SCHEMA_OK)
		fail_msg("%s %s", fault.path, fault.why);
	return assess_decode(&payload, a, NULL);
}

static void
test_hidden_keys(void **state)
{
	uint8_t salt[ANSWER_SALT], want[ANSWER_HASH], got[ANSWER_HASH];
	size_t i;
	json_t *c;

	(void)state;
	json_array_foreach(json_object_get(vectors, "hashes"), i, c)
	{
		(void)hex_of(c, "salt", salt, sizeof(salt));
		(void)hex_of(c, "hash", want, sizeof(want));
		answer_hash(got, salt, (unsigned)number(c, "item"),
		    number(c, "answer"));
		assert_memory_equal(got, want, ANSWER_HASH);
	}
	assert_int_equal(i, 6);
}

static struct assess_answer
answer_of(const json_t *v)
{
	if (json_is_integer(v))
		return (struct assess_answer){ ASSESS_GIVEN,
			json_integer_value(v) };
	return (struct assess_answer){
		strcmp(json_string_value(v), "skipped") == 0 ? ASSESS_SKIPPED
							     : ASSESS_UNKNOWN,
		0
	};
}

static void
check_levels(const json_t *want, const struct assess_level *got, const char *at)
{
	size_t m;
	json_t *w;

	json_array_foreach(want, m, w)
	{
		if (json_is_null(w)) {
			assert_int_equal(got[m].basis, ASSESS_NOTHING);
			continue;
		}
		if (got[m].basis == ASSESS_NOTHING ||
		    number(w, "level") != got[m].level ||
		    number(w, "confidence") != got[m].confidence ||
		    number(w, "low") != got[m].low ||
		    number(w, "high") != got[m].high ||
		    number(w, "items") != got[m].items)
			fail_msg("%s, measure %zu: level %u, confidence %u, "
				 "%u..%u of %u items",
			    at, m, got[m].level, got[m].confidence, got[m].low,
			    got[m].high, got[m].items);
	}
}

static void
check_taken(const json_t *c)
{
	static struct assessment a;
	struct assess_answers answers = { 0 };
	struct assess_level got[ASSESS_MEASURES_MAX];
	const char *name = json_string_value(member(c, "name"));
	size_t i;
	json_t *s;

	assert_int_equal(decode(c, "payload", &a), OK);
	json_array_foreach(member(c, "steps"), i, s)
	{
		const json_t *item = member(s, "item"), *next;
		if (!json_is_null(item))
			assert_int_equal(assess_answer(&a, &answers,
					     (unsigned)json_integer_value(item),
					     answer_of(member(s, "answer"))),
			    OK);
		assess_levels(&a, &answers, got);
		check_levels(member(s, "levels"), got, name);
		next = member(s, "next");
		const uint16_t want = json_is_null(next)
					  ? ASSESS_DONE
					  : (uint16_t)json_integer_value(next);
		if (assess_next(&a, &answers) != want)
			fail_msg("%s, after %zu: asks %u, not %u", name, i,
			    assess_next(&a, &answers), want);
	}
}

static void
test_taken(void **state)
{
	size_t i;
	json_t *c;

	(void)state;
	json_array_foreach(json_object_get(vectors, "taken"), i, c)
	    check_taken(c);
	assert_true(i > 40);
}

static void
test_cannot(void **state)
{
	static struct assessment a;
	size_t i;
	json_t *c;

	(void)state;
	json_array_foreach(json_object_get(vectors, "cannot"), i,
	    c) if (decode(c, "payload", &a) != ERR_FORM)
	    fail_msg("can be taken: %s", json_string_value(member(c, "name")));
	assert_true(i > 15);
}

static void
test_results(void **state)
{
	static struct assessment a;
	const json_t *r = json_object_get(vectors, "results");
	uint8_t author[RECORD_AUTHOR], person[ED25519_PUBLIC];
	size_t i;
	json_t *c;

	(void)state;
	assert_int_equal(decode(r, "assessment", &a), OK);
	assert_true(a.external);
	(void)hex_of(r, "author", author, sizeof(author));
	(void)hex_of(r, "person", person, sizeof(person));
	json_array_foreach(member(r, "cases"), i, c)
	{
		struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
		uint8_t raw[2 * ASSESS_RESULT_MAX], id[RECORD_ID];
		uint8_t want_id[RECORD_ID];
		struct assess_result got;
		const err e = assess_result_read(
		    hex_of(c, "bytes", raw, sizeof(raw)), &arena, &got, id);
		const char *want = json_string_value(member(c, "result"));
		const char *is = e == ERR_FORM   ? "form"
				 : e == ERR_AUTH ? "signature"
						 : "fine";
		if (e == OK) {
			/* what is held here is slot ${slot} of ${author} */
			const bool held =
			    got.slot == number(r, "slot") &&
			    memcmp(got.author, author, RECORD_AUTHOR) == 0;
			const struct assess_expected who = {
				.assessment = held ? &a : NULL,
				.author = author,
				.slot = (uint32_t)number(r, "slot"),
				.person = person,
				.net = json_string_value(member(r, "net")),
				.now_s = (uint64_t)number(r, "now")
			};
			if (assess_result_judge(&got, &who) != ASSESS_ACCEPTED)
				is = "refused";
			(void)hex_of(c, "id", want_id, sizeof(want_id));
			assert_memory_equal(id, want_id, RECORD_ID);
		}
		if (strcmp(is, want) != 0)
			fail_msg("%s: %s, not %s",
			    json_string_value(member(c, "name")), is, want);
	}
	assert_true(i > 35);
}

/* What is signed here is what the text says, to the bit. */
static void
test_signing(void **state)
{
	const json_t *r = json_object_get(vectors, "results");
	const json_t *plain = json_array_get(member(r, "cases"), 0);
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	uint8_t raw[ASSESS_RESULT_MAX], again[ASSESS_RESULT_MAX];
	uint8_t seed[ED25519_SEED], pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET], id[RECORD_ID];
	struct buf out = { again, 0, sizeof(again) };
	struct assess_result got;

	(void)state;
	(void)hex_of(r, "seed", seed, sizeof(seed));
	ed25519_keypair(pub, secret, seed);
	const struct slice bytes = hex_of(plain, "bytes", raw, sizeof(raw));
	assert_int_equal(assess_result_read(bytes, &arena, &got, id), OK);
	assert_int_equal(assess_result_sign(&got, secret, &out), OK);
	assert_true(slice_eq(buf_slice(&out), bytes));
}

int
main(void)
{
	json_error_t why;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hidden_keys),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_cannot),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_signing),
	};

	vectors = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/assessments.json", 0, &why);
	if (vectors == NULL)
		return 1;
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(vectors);
	return failed;
}
