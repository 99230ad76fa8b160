#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/record/payload_json.h"
#include "proto/record/names.h"
#include "test_env.h"

static uint8_t arena_bytes[PAYLOAD_ARENA_BYTES];

/* ---- random payloads that fit a schema ---- */

struct maker {
	struct test_env env;
	struct arena arena;
	unsigned depth;
};

static uint64_t
draw(struct maker *m, uint64_t below)
{
	return test_random(&m->env) % below;
}

static struct slice
random_bytes(struct maker *m, size_t n, bool text)
{
	static const char letters[] = "abc XYZ09-\"\\{}[],:";
	uint8_t *p = arena_alloc(&m->arena, n + 1);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = text ? (uint8_t)letters[draw(m, sizeof(letters) - 1)]
			    : (uint8_t)draw(m, 256);
	/* one letter of two bytes, where it fits */
	if (text && n >= 2 && draw(m, 2) == 0)
		memcpy(p, "\xc3\xa9", 2);
	return slice_of(p, n);
}

static struct value random_fields(struct maker *m, const struct field *fields);

static struct value random_list(struct maker *m, const struct field *f);

static struct value
random_text(struct maker *m, const struct field *f)
{
	static const char *const codes[] = { "de", "en", "es", "fr", "gsw" };
	const size_t n = 1 + (size_t)draw(m, ARRAY_LEN(codes));
	struct value *pairs =
	    arena_alloc(&m->arena, 2 * n * sizeof(struct value));

	assert_non_null(pairs);
	for (size_t i = 0; i < n; i++) {
		pairs[2 * i] = value_uint(language_code(slice_str(codes[i])));
		pairs[2 * i + 1] = value_str(random_bytes(
		    m, 1 + (size_t)draw(m, (uint64_t)MIN(f->max, 40)), true));
	}
	return value_map(pairs, n);
}

static struct value
random_choice(struct maker *m, const struct field *f)
{
	uint64_t n = 0, sum = 0;

	for (const struct field_choice *c = f->choices; c->name; c++, n++)
		sum |= draw(m, 2) == 0 ? c->number : 0;
	if (f->type == FIELD_BITS)
		return value_uint(sum == 0 ? f->choices[0].number : sum);
	return value_uint(f->choices[draw(m, n)].number);
}

static struct value
random_value(struct maker *m, const struct field *f)
{
	const uint64_t span = (uint64_t)(f->max - f->min) + 1;

	switch (f->type) {
	case FIELD_UINT:
	case FIELD_INT:
		return value_int(f->min + (int64_t)draw(m, span));
	case FIELD_BOOL:
		return value_uint(draw(m, 2));
	case FIELD_STR:
		return value_str(random_bytes(
		    m, (size_t)f->min + (size_t)draw(m, MIN(span, 30)), true));
	case FIELD_TEXT:
		return random_text(m, f);
	case FIELD_BYTES:
		return value_bin(random_bytes(m,
		    (size_t)f->min +
			(f->choices == NULL ? (size_t)draw(m, span) : 0),
		    false));
	case FIELD_TERM:
		return value_bin(random_bytes(m, TERM_ID, false));
	case FIELD_LANGUAGE:
		return value_uint(language_code(slice_str("nds")));
	case FIELD_REGION:
		return value_str(slice_str("ch"));
	case FIELD_CURRENCY:
		return value_str(slice_str("CHF"));
	case FIELD_CHOICE:
	case FIELD_BITS:
		return random_choice(m, f);
	case FIELD_LIST:
		return random_list(m, f);
	case FIELD_MAP:
		return random_fields(m, f->fields);
	}
	fail_msg("a new type of field: add it here");
	return value_uint(0);
}

static struct value
random_list(struct maker *m, const struct field *f)
{
	const uint64_t span = (uint64_t)(f->max - f->min) + 1;
	const size_t n = (size_t)f->min + (size_t)draw(m, MIN(span, 6));
	struct value *items =
	    arena_alloc(&m->arena, n * sizeof(struct value) + 1);

	assert_non_null(items);
	for (size_t i = 0; i < n; i++)
		items[i] = random_value(m, f->element);
	return value_array(items, n);
}

static struct value
random_fields(struct maker *m, const struct field *fields)
{
	size_t n = 0;

	for (const struct field *f = fields; f->name != NULL; f++)
		n++;
	struct value *pairs =
	    arena_alloc(&m->arena, 2 * n * sizeof(struct value));
	assert_non_null(pairs);
	n = 0;
	for (const struct field *f = fields; f->name != NULL; f++) {
		if (!f->required && draw(m, 3) == 0)
			continue;
		pairs[2 * n] = value_uint(f->key);
		pairs[2 * n++ + 1] = random_value(m, f);
	}
	return value_map(pairs, n);
}

/* Payload -> JSON text -> JSON -> payload gives the same canonical bytes. */
static void
test_round_trip(void **state)
{
	static uint8_t made[1 << 20], first[1 << 16], second[1 << 16];
	struct maker m = { .arena = arena_of(made, sizeof(made)) };
	unsigned schemas = 0;

	(void)state;
	test_env_init(&m.env, 7);
	for (uint32_t kind = 0; kind <= KIND_LAST; kind++) {
		const struct schema *s = schema_latest(kind);
		schemas += s != NULL;
		for (unsigned i = 0; s != NULL && i < 200; i++) {
			struct buf a = { first, 0, sizeof(first) };
			struct buf b = { second, 0, sizeof(second) };
			struct arena arena =
			    arena_of(arena_bytes, sizeof(arena_bytes));
			struct payload_fault fault;
			struct value back;
			json_t *json, *again;
			arena_reset(&m.arena);
			const struct value v = random_fields(&m, s->fields);
			assert_int_equal(value_write(&v, &a), OK);
			assert_int_equal(
			    payload_to_json(s, &v, NULL, &json), OK);
			char *text = json_dumps(json, JSON_COMPACT);
			again = json_loads(text, 0, NULL);
			assert_non_null(again);
			if (payload_from_json(
				s, again, &arena, &back, &fault) != OK)
				fail_msg("%s: %s in %s", fault.path, fault.why,
				    text);
			assert_int_equal(value_write(&back, &b), OK);
			assert_true(slice_eq(buf_slice(&a), buf_slice(&b)));
			free(text);
			json_decref(json);
			json_decref(again);
		}
	}
	assert_true(schemas >= 6);
}

/* ---- what people write ---- */

static err
read_demand(const char *text, struct value *out, struct payload_fault *fault,
    json_t **json)
{
	static uint8_t bytes[PAYLOAD_ARENA_BYTES];
	struct arena arena = arena_of(bytes, sizeof(bytes));

	*json = json_loads(text, 0, NULL);
	if (*json == NULL)
		fail_msg("test JSON: %s", text);
	return payload_from_json(
	    schema_latest(KIND_DEMAND), *json, &arena, out, fault);
}

#define HEAD "{\"type\":\"job\",\"title\":{\"en\":\"x\"}"

static void
test_faults(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{ "[]", "must be an object, not a list (write {...})" },
		{ "{\"type\":\"job\"}", "title: is missing" },
		{ "{\"type\":\"jop\"}",
		    "type: \"jop\" is not known (did you mean \"job\"?)" },
		{ HEAD ",\"requirement\":[]}",
		    "requirement: is not a known name (did you mean "
		    "\"requirements\"?)" },
		{ HEAD ",\"requirements\":[{\"term\":\"urn:a\",\"weight\":1},"
		       "{\"term\":\"urn:b\",\"weight\":1},"
		       "{\"term\":\"urn:c\",\"weight\":1,\"level\":6}]}",
		    "requirements[2].level: must be 0 to 5" },
		{ HEAD ",\"requirements\":[]}",
		    "requirements: is an empty list (leave the field out)" },
		{ HEAD ",\"teaches\":[{\"term\":\"welding\",\"level\":2}]}",
		    "teaches[0].term: \"welding\" is no term (write its URI, "
		    "like \"urn:ohcn:welding\", or its 16 hexadecimal "
		    "digits)" },
		{ HEAD ",\"seats\":\"3\"}",
		    "seats: must be a whole number, not text (leave out the "
		    "quotation marks)" },
		{ HEAD ",\"seats\":2.5}",
		    "seats: must be a whole number, not a number with a "
		    "fraction" },
		{ HEAD ",\"languages\":[{\"language\":\"german\","
		       "\"cefr\":2}]}",
		    "languages[0].language: \"german\" is no language code "
		    "(write the ISO 639 code, like \"de\")" },
		{ HEAD ",\"languages\":[{\"language\":\"de\","
		       "\"cefr\":\"B7\"}]}",
		    "languages[0].cefr: \"B7\" is no level of a language "
		    "(write 1 to 7 or A1 to C2, native)" },
		{ HEAD ",\"pay\":{\"currency\":\"EURO\",\"period\":\"hour\"}}",
		    "pay.currency: must be a currency of three letters, not "
		    "\"EURO\"" },
		{ HEAD ",\"pay\":{\"currency\":\"EU\",\"period\":\"hour\"}}",
		    "pay.currency: must be a currency: three capital "
		    "letters" },
		{ HEAD ",\"organisation\":\"did:key:x\"}",
		    "organisation: is no key (write did:key:z6Mk... or 64 hex "
		    "digits)" },
		{ HEAD ",\"experience\":\"much\"}",
		    "experience: needs a language (write {\"en\": \"much\"})" },
		{ HEAD ",\"place\":\"a\\nb\"}",
		    "place: has control or direction characters (put spaces in "
		    "place of line breaks and tabs)" },
		{ HEAD ",\"_unknown_keys\":[60]}",
		    "_unknown_keys: was written by a newer version (update "
		    "ohcn, then edit it)" },
		{ "{\"type\":\"job\",\"title\":{\"en\":\"x\",\"EN\":\"y\"}}",
		    "title.EN: is there twice (keep one of them)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct payload_fault fault;
		struct value v;
		json_t *json;
		char text[512];
		assert_int_equal(
		    read_demand(cases[i].json, &v, &fault, &json), ERR_FORM);
		payload_fault_text(&fault, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
		json_decref(json);
	}
}

static bool
label_of(void *ctx, uint64_t term, struct slice *label)
{
	*label = slice_str("Welding");
	return term == *(uint64_t *)ctx;
}

static void
test_lenient_and_labels(void **state)
{
	uint64_t welding = term_of_uri(slice_str("urn:ohcn:welding"));
	const struct payload_labels labels = { label_of, &welding };
	struct payload_fault fault;
	struct value v;
	json_t *json, *out, *want;
	char hex[17], text[768];

	(void)state;
	(void)snprintf(hex, sizeof(hex), "%016" PRIx64, welding);
	assert_int_equal(
	    read_demand(
		"{\"type\":\"job\",\"title\":{\"FR\":\"Soudeur\",\"de\":"
		"\"Schweißer\"},\"requirements\":[{\"term\":{\"uri\":"
		"\"urn:ohcn:welding\"},\"label\":\"old\",\"weight\":50,"
		"\"must\":1}],\"occupation\":\"urn:ohcn:welding\","
		"\"purposes\":[\"urn:other\"],\"pay\":{\"min\":1,\"currency\":"
		"\"eur\",\"period\":\"hour\"},\"languages\":[{\"language\":"
		"\"DE\",\"cefr\":\"b2\"}],\"seats\":null}",
		&v, &fault, &json),
	    OK);
	assert_int_equal(
	    payload_to_json(schema_latest(KIND_DEMAND), &v, &labels, &out), OK);
	(void)snprintf(text, sizeof(text),
	    "{\"type\":\"job\",\"title\":{\"de\":\"Schweißer\",\"fr\":"
	    "\"Soudeur\"},\"requirements\":[{\"term\":\"%s\",\"label\":"
	    "\"Welding\",\"weight\":50,\"must\":true}],\"occupation\":{"
	    "\"term\":\"%s\",\"label\":\"Welding\"},\"purposes\":[\"%016" PRIx64
	    "\"],\"pay\":{\"min\":1,\"currency\":\"EUR\",\"period\":\"hour\"},"
	    "\"languages\":[{\"language\":\"de\",\"cefr\":4}]}",
	    hex, hex, term_of_uri(slice_str("urn:other")));
	want = json_loads(text, 0, NULL);
	assert_non_null(want);
	if (!json_equal(out, want))
		fail_msg("%s", json_dumps(out, 0));
	json_decref(json);
	json_decref(out);
	json_decref(want);
}

/* What a newcomer leaves out, a requirement's weight, is its usual value. */
static void
test_usual(void **state)
{
	static const char *const texts[] = {
		HEAD ",\"requirements\":[{\"term\":\"urn:a\"},"
		     "{\"term\":\"urn:b\",\"weight\":null,\"level\":2},"
		     "{\"term\":\"urn:c\",\"weight\":7}]}",
		HEAD ",\"requirements\":[{\"term\":\"urn:a\",\"weight\":50},"
		     "{\"term\":\"urn:b\",\"weight\":50,\"level\":2},"
		     "{\"term\":\"urn:c\",\"weight\":7}]}",
	};
	struct payload_fault fault;
	struct value v;
	json_t *in, *out[2];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(read_demand(texts[i], &v, &fault, &in), OK);
		assert_int_equal(payload_to_json(schema_latest(KIND_DEMAND), &v,
				     NULL, &out[i]),
		    OK);
		json_decref(in);
	}
	assert_int_equal(
	    json_array_size(json_object_get(out[0], "requirements")), 3);
	assert_true(json_equal(out[0], out[1]));
	json_decref(out[0]);
	json_decref(out[1]);
}

static void
test_unknown_and_limits(void **state)
{
	struct value pairs[] = { value_uint(0), value_uint(1), value_uint(60),
		value_uint(9) };
	const struct value v = value_map(pairs, 2);
	const struct schema *s = schema_latest(KIND_REVOCATION);
	uint8_t small[64];
	struct arena arena = arena_of(small, sizeof(small));
	struct payload_fault fault;
	struct value out;
	json_t *json;

	(void)state;
	assert_int_equal(payload_to_json(s, &v, NULL, &json), OK);
	assert_int_equal(json_integer_value(json_array_get(
			     json_object_get(json, "_unknown_keys"), 0)),
	    60);
	json_decref(json);
	/* what does not fit the schema is not shown as if it did */
	pairs[1] = value_uint(77);
	assert_int_equal(payload_to_json(s, &v, NULL, &json), ERR_FORM);
	/* too small an arena is an answer, not a crash */
	json = json_loads(HEAD "}", 0, NULL);
	assert_int_equal(payload_from_json(schema_latest(KIND_DEMAND), json,
			     &arena, &out, &fault),
	    ERR_LIMIT);
	assert_string_equal(fault.why, "is larger than a record may be");
	json_decref(json);
	assert_int_equal(cefr_level(slice_str("c2")), 6);
	assert_int_equal(cefr_level(slice_str("Native")), 7);
	assert_int_equal(cefr_level(slice_str("D1")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_lenient_and_labels),
		cmocka_unit_test(test_usual),
		cmocka_unit_test(test_unknown_and_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
