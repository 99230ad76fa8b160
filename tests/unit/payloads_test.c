/*
 * tests/vectors/payloads.json, which payloads.py makes from the tables of
 * SPEC.md alone: what fits, what is opaque, what is bad and where. What fits
 * is also the same again after a walk through JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "node/record/payload_json.h"
#include "proto/base/text.h"
#include "proto/record/kind.h"
#include "proto/record/record.h"

#define TYPICAL_BYTES 600 /* a record that says what most say */

static uint8_t arena_bytes[PAYLOAD_ARENA_BYTES],
    other_bytes[PAYLOAD_ARENA_BYTES];

static const char *
text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	assert_non_null(s);
	return s;
}

static const char *
result_name(enum schema_result r)
{
	return r == SCHEMA_OK ? "fine" : r == SCHEMA_OPAQUE ? "opaque" : "bad";
}

/* To JSON and back: the same bytes. */
static void
check_json(const struct schema *s, const struct value *payload,
    struct slice bytes, const char *name)
{
	struct arena arena = arena_of(other_bytes, sizeof(other_bytes));
	struct payload_fault fault;
	struct value back;
	uint8_t raw[RECORD_BODY_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	json_t *o;

	assert_int_equal(payload_to_json(s, payload, NULL, &o), OK);
	if (json_object_get(o, "_unknown_keys") == NULL &&
	    strstr(name, "999") == NULL) {
		if (payload_from_json(s, o, &arena, &back, &fault) != OK)
			fail_msg("%s: %s %s", name, fault.path, fault.why);
		assert_int_equal(value_write(&back, &out), OK);
		if (!slice_eq(buf_slice(&out), bytes))
			fail_msg("%s: JSON says something else", name);
	}
	json_decref(o);
}

static void
check_case(const json_t *c)
{
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	const uint32_t kind =
	    (uint32_t)json_integer_value(json_object_get(c, "kind"));
	const char *name = text(c, "name"), *want = text(c, "result");
	const json_t *path = json_object_get(c, "path");
	const struct schema *s = schema_of(kind, 1);
	struct schema_fault fault;
	struct value payload;
	uint8_t raw[RECORD_BODY_MAX];
	struct buf b = { raw, 0, sizeof(raw) };

	assert_ptr_equal(s, schema_latest(kind));
	assert_int_equal(hex_get(slice_str(text(c, "payload")), &b), OK);
	assert_int_equal(value_parse(buf_slice(&b), &arena, &payload), OK);
	const enum schema_result r = schema_check(s, &payload, &fault);
	if (strcmp(result_name(r), want) != 0)
		fail_msg("kind %u: %s: %s, not %s (%s %s)", kind, name,
		    result_name(r), want, fault.path, fault.why);
	if (path != NULL && strncmp(fault.path, json_string_value(path),
				strlen(json_string_value(path))) != 0)
		fail_msg("kind %u: %s: the fault is said to be at %s", kind,
		    name, fault.path);
	if (r == SCHEMA_OK)
		check_json(s, &payload, buf_slice(&b), name);
	/* net, author, stamp, signature and so on take 149 bytes at most */
	if (strcmp(name, "usual") == 0 && kind != KIND_ENVELOPE)
		assert_true(b.n + 149 < TYPICAL_BYTES);
	if (kind == KIND_PROFILE && strcmp(want, "fine") == 0)
		assert_true(b.n < kind_info(kind)->body_bytes_max);
}

static void
test_payloads(void **state)
{
	json_error_t why;
	size_t i, seen[KIND_LAST + 1] = { 0 };
	json_t *o = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/payloads.json", 0, &why);
	json_t *c;

	(void)state;
	if (o == NULL)
		fail_msg("%s", why.text);
	json_array_foreach(json_object_get(o, "cases"), i, c)
	{
		check_case(c);
		seen[json_integer_value(json_object_get(c, "kind"))]++;
	}
	for (uint32_t kind = 1; kind <= KIND_LAST; kind++)
		assert_true(seen[kind] >= 10);
	json_decref(o);
}

/* No kind is read with another pv than 1. */
static void
test_versions(void **state)
{
	(void)state;
	for (uint32_t kind = 0; kind < 256; kind++) {
		const bool known = kind >= 1 && kind <= KIND_LAST;
		assert_int_equal(schema_pv(kind), known);
		assert_int_equal(schema_of(kind, 1) != NULL, known);
		assert_null(schema_of(kind, 0));
		assert_null(schema_of(kind, 2));
		assert_null(schema_of(kind, UINT64_MAX));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
