#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/evidence/document.h"
#include "proto/record/kind.h"
#include "proto/record/names.h"
#include "proto/record/schema.h"

/* Values of one test; given back all at once. */
static uint8_t arena_bytes[1 << 20];
static struct arena arena;
static const uint8_t zeros[4097];
static uint8_t text_bytes[4096];

static struct value *
values(size_t n)
{
	struct value *v = arena_alloc(&arena, n * sizeof(struct value));

	assert_non_null(v);
	return v;
}

static struct value
text(uint64_t n)
{
	memset(text_bytes, 'a', sizeof(text_bytes));
	assert_true(n <= sizeof(text_bytes));
	return value_str(slice_of(text_bytes, (size_t)n));
}

static struct value
bytes(uint64_t n)
{
	assert_true(n <= sizeof(zeros));
	return value_bin(slice_of(zeros, (size_t)n));
}

static struct value
by_language(unsigned languages, struct value v)
{
	static const char *const codes[] = { "bg", "cs", "da", "de", "en", "es",
		"fr", "gsw", "it" };
	struct value *pairs = values(2 * (size_t)languages + 1);

	assert_true(languages <= ARRAY_LEN(codes));
	for (unsigned i = 0; i < languages; i++) {
		pairs[2 * i] = value_uint(language_code(slice_str(codes[i])));
		pairs[2 * i + 1] = v;
	}
	return value_map(pairs, languages);
}

static struct value good(const struct field *f, bool most);

/* A map with what it must have, and of ${also} what it may; with ${v} in
 * place of the field ${except}. */
static struct value
map_of(const struct field *fields, bool also, const struct field *except,
    const struct value *v)
{
	struct value *pairs = values(128);
	size_t n = 0;

	for (const struct field *f = fields; f->name != NULL; f++) {
		if (f == except && v == NULL)
			continue;
		if (f != except && !f->required && !also)
			continue;
		pairs[2 * n] = value_uint(f->key);
		pairs[2 * n + 1] = f == except ? *v : good(f, also);
		n++;
	}
	return value_map(pairs, n);
}

static struct value
repeat(struct value v, int64_t n)
{
	struct value *items = values((size_t)n + 1);

	for (int64_t i = 0; i < n; i++)
		items[i] = v;
	return value_array(items, (size_t)n);
}

static uint64_t
choice_of(const struct field *f, bool most)
{
	uint64_t sum = 0, last = 0;

	for (const struct field_choice *c = f->choices; c->name != NULL; c++) {
		last = c->number;
		sum |= c->number;
		if (!most)
			return last;
	}
	return f->type == FIELD_BITS ? sum : last;
}

/* The least, or the most, that a field takes. */
static struct value
good(const struct field *f, bool most)
{
	switch (f->type) {
	case FIELD_UINT:
	case FIELD_INT:
		return value_int(most ? f->max : f->min);
	case FIELD_BOOL:
		return value_uint(most);
	case FIELD_STR:
		return text((uint64_t)(most ? f->max : f->min));
	case FIELD_TEXT:
		return by_language(
		    most ? 8 : 1, text((uint64_t)(most ? f->max : f->min)));
	case FIELD_BYTES:
		return bytes((uint64_t)(most ? f->max : f->min));
	case FIELD_TERM:
		return bytes(TERM_ID);
	case FIELD_LANGUAGE:
		return value_uint(
		    language_code(slice_str(most ? "zzz" : "aa")));
	case FIELD_REGION:
		return value_str(slice_str(most ? "zz" : "aa"));
	case FIELD_CURRENCY:
		return value_str(slice_str(most ? "ZZZ" : "AAA"));
	case FIELD_CHOICE:
	case FIELD_BITS:
		return value_uint(choice_of(f, most));
	case FIELD_LIST:
		return repeat(good(f->element, false), most ? f->max : f->min);
	case FIELD_MAP:
		return map_of(f->fields, most, NULL, NULL);
	}
	fail_msg("no such type");
	return value_uint(0);
}

/* The i-th value that a field must refuse; false: there are no more. */
static bool
bad(const struct field *f, unsigned i, struct value *v)
{
	static struct value none;

	if (i == 0) { /* no type takes msgpack's booleans */
		*v = (struct value){ .type = VALUE_BOOL, .u = 1 };
		return true;
	}
	if (i == 1) { /* each takes one type, seldom two */
		*v = f->type == FIELD_REGION || f->type == FIELD_CURRENCY ||
			     f->type == FIELD_STR
			 ? bytes(2)
			 : text(2);
		return true;
	}
	none = value_uint(0);
	switch (f->type) {
	case FIELD_UINT:
	case FIELD_INT:
		*v = i == 2   ? value_int(f->min - 1)
		     : i == 3 ? value_int(f->max + 1)
			      : value_uint(UINT64_MAX);
		return i <= 4;
	case FIELD_BOOL:
		*v = value_uint(2);
		return i == 2;
	case FIELD_STR:
		*v = text((uint64_t)(i == 2 ? f->min - 1 : f->max + 1));
		return i <= 3;
	case FIELD_TEXT:
		*v = i == 2   ? by_language(0, text(1))
		     : i == 3 ? by_language(9, text(1))
		     : i == 4 ? by_language(1, text((uint64_t)f->max + 1))
		     : i == 5 ? by_language(2, text((uint64_t)f->min - 1))
			      : by_language(1, bytes(1));
		return i <= 6;
	case FIELD_BYTES:
		*v = bytes((uint64_t)(i == 2 ? f->min - 1 : f->max + 1));
		return i <= 3;
	case FIELD_TERM:
		*v = bytes(i == 2 ? TERM_ID - 1 : TERM_ID + 1);
		return i <= 3;
	case FIELD_LANGUAGE:
		*v = value_uint(i == 2   ? 0
				: i == 3 ? 'd'
				: i == 4 ? 0x4445
					 : 0x64656667);
		return i <= 5;
	case FIELD_REGION:
		*v = value_str(slice_str(i == 2   ? "DE"
					 : i == 3 ? "deu"
						  : "d1"));
		return i <= 4;
	case FIELD_CURRENCY:
		*v = value_str(slice_str(i == 2   ? "eur"
					 : i == 3 ? "EU"
						  : "EURO"));
		return i <= 4;
	case FIELD_CHOICE:
	case FIELD_BITS:
		*v = value_uint(i == 2   ? 0
				: i == 3 ? choice_of(f, true) + 1
					 : UINT64_MAX);
		return i <= 4;
	case FIELD_LIST:
		*v = i == 2   ? repeat(good(f->element, false), f->min - 1)
		     : i == 3 ? repeat(good(f->element, false), f->max + 1)
			      : repeat(none, 1);
		if (i == 4) { /* an item that is refused */
			struct value item;
			assert_true(bad(f->element, 0, &item));
			*v = repeat(item, f->min);
		}
		return i <= 4;
	case FIELD_MAP:
		*v = i == 2 ? value_array(NULL, 0) : value_uint(1);
		return i <= 3;
	}
	return false;
}

static void
expect(const struct field *fields, const char *name, const struct value *v,
    enum schema_result want)
{
	const struct schema s = { 1, 0, fields };
	struct schema_fault fault;
	const enum schema_result r = schema_check(&s, v, &fault);

	if (r != want)
		fail_msg("%s: result %d: %s %s", name, (int)r, fault.path,
		    fault.why);
	if (r != SCHEMA_BAD)
		return;
	if (strncmp(fault.path, name, strlen(name)) != 0)
		fail_msg("%s: blames %s", name, fault.path);
	assert_true(fault.why[0] != 0);
}

/* Every field of a table: what it takes, and what it refuses. */
static void
check_table(const struct field *fields)
{
	arena_reset(&arena);
	struct value all = map_of(fields, true, NULL, NULL);
	expect(fields, "all", &all, SCHEMA_OK);
	for (const struct field *f = fields; f->name != NULL; f++) {
		struct value v = good(f, false);
		struct value map = map_of(fields, false, f, &v);
		expect(fields, f->name, &map, SCHEMA_OK);
		v = good(f, true);
		map = map_of(fields, false, f, &v);
		expect(fields, f->name, &map, SCHEMA_OK);
		map = map_of(fields, true, f, NULL);
		expect(fields, f->name, &map,
		    f->required ? SCHEMA_BAD : SCHEMA_OK);
		for (unsigned i = 0; bad(f, i, &v); i++) {
			map = map_of(fields, false, f, &v);
			expect(fields, f->name, &map, SCHEMA_BAD);
		}
		arena_reset(&arena);
	}
}

/* Calls ${each} with a table and with every table within it. */
static void
walk(const struct field *fields, void (*each)(const struct field *))
{
	each(fields);
	for (const struct field *f = fields; f->name != NULL; f++) {
		const struct field *inner =
		    f->type == FIELD_LIST ? f->element : f;
		if (inner->type == FIELD_MAP)
			walk(inner->fields, each);
	}
}

static void
walk_all(void (*each)(const struct field *))
{
	unsigned found = 0;

	for (uint32_t kind = 1; kind <= KIND_LAST; kind++) {
		const struct schema *s = schema_latest(kind);
		if (s == NULL)
			continue;
		found++;
		assert_ptr_equal(schema_of(kind, s->pv), s);
		assert_null(schema_of(kind, s->pv + 1));
		walk(s->fields, each);
	}
	assert_int_equal(found, 12);
}

static void
test_every_field(void **state)
{
	(void)state;
	walk_all(check_table);
}

static void
check_shape(const struct field *fields)
{
	for (const struct field *f = fields; f->name != NULL; f++) {
		if (f > fields)
			assert_true(f->key > f[-1].key);
		assert_ptr_equal(field_by_key(fields, f->key), f);
		assert_ptr_equal(field_find(fields, slice_str(f->name)), f);
		assert_true(f->min <= f->max);
		const struct field *item =
		    f->type == FIELD_LIST ? f->element : f;
		assert_non_null(item);
		if (f->type == FIELD_LIST)
			assert_true(f->min >= 1);
		if (item->type != FIELD_CHOICE && item->type != FIELD_BITS)
			continue;
		uint64_t seen = 0;
		for (const struct field_choice *c = item->choices;
		     c->name != NULL; c++) {
			/* Bits are powers of two; numbers come once. */
			const uint64_t bit = item->type == FIELD_BITS
						 ? c->number
						 : UINT64_C(1) << c->number;
			assert_true(c->number > 0 && (bit & (bit - 1)) == 0);
			assert_true((seen & bit) == 0);
			seen |= bit;
		}
	}
	assert_null(field_by_key(fields, 999));
	assert_null(field_find(fields, slice_str("")));
}

static void
test_shape(void **state)
{
	(void)state;
	walk_all(check_shape);
	assert_null(schema_of(0, 0));
	assert_null(schema_of(KIND_ENVELOPE, 0));
	assert_null(schema_latest(KIND_OPEN_FIRST));
}

static void
test_faults(void **state)
{
	static const struct {
		uint32_t kind;
		const char *payload; /* hexadecimal */
		enum schema_result want;
		const char *path, *why;
	} cases[] = {
		{ KIND_PROFILE, "80", SCHEMA_OK, "", "" },
		{ KIND_PROFILE, "810100", SCHEMA_OK, "", "" },
		{ KIND_PROFILE, "8114c3", SCHEMA_OPAQUE, "", "" },
		{ KIND_PROFILE,
		    "8100918300c40801020304050607080203"
		    "0400",
		    SCHEMA_OPAQUE, "", "" },
		{ KIND_PROFILE, "8206071400", SCHEMA_BAD, "hours",
		    "is not one of the known choices" },
		{ KIND_PROFILE, "8100918200c40801020304050607080206",
		    SCHEMA_BAD, "skills[0].level", "must be 1 to 5" },
		{ KIND_PROFILE, "8100918100c4080102030405060708", SCHEMA_BAD,
		    "skills[0].level", "is missing" },
		{ KIND_PROFILE, "810492c408010203040506070800", SCHEMA_BAD,
		    "purposes[1]", "must be a term: 8 bytes" },
		{ KIND_PROFILE, "810490", SCHEMA_BAD, "purposes",
		    "must have 1 to 16 items" },
		{ KIND_ORGANISATION, "8100a141", SCHEMA_BAD, "name",
		    "must be a text by language" },
		{ KIND_ORGANISATION, "810081cd6465a0", SCHEMA_BAD, "name.de",
		    "must have 1 to 120 bytes" },
		{ KIND_ORGANISATION, "80", SCHEMA_BAD, "name", "is missing" },
		{ KIND_REVOCATION, "90", SCHEMA_BAD, "", "must be a map" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[64];
		struct buf b = { raw, 0, sizeof(raw) };
		struct value v;
		struct schema_fault fault;
		arena_reset(&arena);
		assert_int_equal(hex_get(slice_str(cases[i].payload), &b), OK);
		assert_int_equal(value_parse(buf_slice(&b), &arena, &v), OK);
		assert_int_equal(
		    schema_check(schema_latest(cases[i].kind), &v, &fault),
		    cases[i].want);
		if (cases[i].want != SCHEMA_BAD)
			continue;
		assert_string_equal(fault.path, cases[i].path);
		assert_string_equal(fault.why, cases[i].why);
	}
}

/* SPEC.md, with its tables, as one text. */
static char *spec;

static void
put_number(char *out, size_t cap, int64_t n)
{
	if (n == FIELD_INTEGER_MAX)
		(void)snprintf(out, cap, "2⁵³−1");
	else if (n == UINT32_MAX)
		(void)snprintf(out, cap, "2³²−1");
	else
		(void)snprintf(out, cap, "%" PRId64, n);
}

/* A field's type as SPEC.md writes it; of a map, without its name. */
static void
put_type(const struct field *f, char *out, size_t cap)
{
	static const char *const names[] = { "uint ", "int ", "bool", "str ",
		"text ", "bytes ", "term", "language", "region", "currency",
		"choice:", "bits:", "list ", "map " };
	char min[32], max[32];
	size_t n = (size_t)snprintf(out, cap, "%s", names[f->type]);

	put_number(min, sizeof(min), f->min);
	put_number(max, sizeof(max), f->max);
	if (f->type == FIELD_BYTES && f->min == f->max)
		(void)snprintf(out + n, cap - n, "%s", min);
	else if (strchr(names[f->type], ' ') != NULL && f->type != FIELD_MAP)
		(void)snprintf(out + n, cap - n, "%s..%s", min, max);
	if (f->type == FIELD_LIST) {
		(void)strncat(out, " of ", cap - strlen(out) - 1);
		n = strlen(out);
		put_type(f->element, out + n, cap - n);
	}
	if (f->type != FIELD_CHOICE && f->type != FIELD_BITS)
		return;
	for (const struct field_choice *c = f->choices; c->name != NULL; c++)
		n += (size_t)snprintf(out + n, cap - n, "%s %" PRIu32 " = %s",
		    c == f->choices ? "" : ",", c->number, c->name);
}

static const char *
find_section(const char *heading)
{
	const char *at = strstr(spec, heading);

	if (at == NULL)
		fail_msg("SPEC.md has no \"%s\"", heading);
	return at + strlen(heading);
}

static void
check_spec_table(const char *heading, const struct field *fields)
{
	const char *section = find_section(heading);
	const char *end = strstr(section, "\n#");
	unsigned rows = 0, want = 0;

	for (const char *p = section;
	     (p = strstr(p, "\n| ")) != NULL && p < end; p += 3)
		rows += p[3] >= '0' && p[3] <= '9';
	for (const struct field *f = fields; f->name != NULL; f++, want++) {
		char row[1024];
		size_t n = (size_t)snprintf(row, sizeof(row),
		    "\n| %" PRIu32 " | `%s` | ", f->key, f->name);
		put_type(f, row + n, sizeof(row) - n);
		const char *at = strstr(section, row);
		if (at == NULL || at > end)
			fail_msg("SPEC.md,%s lacks%s", heading, row);
		at += strlen(row);
		const struct field *inner =
		    f->type == FIELD_LIST ? f->element : f;
		if (inner->type == FIELD_MAP) {
			char within[64];
			const char *to = strstr(at, " |");
			(void)snprintf(within, sizeof(within),
			    "\n#### Map %.*s\n", (int)(to - at), at);
			check_spec_table(within, inner->fields);
			at = to;
		}
		const char *must = f->required ? " | yes | " : " | no | ";
		if (strncmp(at, must, strlen(must)) != 0)
			fail_msg("SPEC.md: %s %s: must", heading, f->name);
	}
	if (rows != want)
		fail_msg("SPEC.md,%s: %u rows, not %u", heading, rows, want);
}

static void
read_spec(void)
{
	FILE *f = fopen(OHCN_SOURCE_DIR "/proto/SPEC.md", "rb");

	assert_non_null(f);
	spec = calloc(1, 1 << 18);
	assert_non_null(spec);
	assert_true(fread(spec, 1, (1 << 18) - 1, f) > 10000);
	(void)fclose(f);
}

/* The standard and the tables of the program say the same. */
static void
test_spec(void **state)
{
	(void)state;
	read_spec();
	for (uint32_t kind = 1; kind <= KIND_LAST; kind++) {
		const struct kind_info *k = kind_info(kind);
		const struct schema *s = schema_latest(kind);
		char heading[64], row[128], hours[16];
		const unsigned h = k->lifetime_hours;
		if (h < 1000)
			(void)snprintf(hours, sizeof(hours), "%u", h);
		else
			(void)snprintf(hours, sizeof(hours), "%u,%03u",
			    h / 1000, h % 1000);
		(void)snprintf(row, sizeof(row), "\n| %" PRIu32 " | %s | %s | ",
		    kind, k->name, class_name(k->class));
		const char *at = find_section(row);
		(void)snprintf(row, sizeof(row),
		    " | %s%s (%u d) | %u,%03u | %s |",
		    kind == KIND_REVOCATION ? "exactly " : "", hours, h / 24,
		    k->body_bytes_max / 1000, k->body_bytes_max % 1000,
		    k->stamped ? "yes" : "no");
		const char *to = strchr(at, '\n');
		const char *rest = strstr(at, row);
		if (rest == NULL || rest > to)
			fail_msg("SPEC.md: kind %s lacks%s", k->name, row);
		char *comma = NULL;
		unsigned long slots = strtoul(at, &comma, 10);
		if (*comma == ',')
			slots = slots * 1000 + strtoul(comma + 1, NULL, 10);
		assert_int_equal(slots, k->slots);
		if (s == NULL)
			continue;
		(void)snprintf(heading, sizeof(heading),
		    "\n### Kind %s, pv %" PRIu64 "\n", k->name, s->pv);
		check_spec_table(heading, s->fields);
	}
	/* Documents of evidence; the first three fields are common to all. */
	for (uint32_t type = 1; type <= EVIDENCE_TYPES; type++) {
		char heading[64];
		(void)snprintf(heading, sizeof(heading), "\n#### Type %s\n",
		    evidence_type_name(type));
		check_spec_table(heading, document_schema(type)->fields + 3);
	}
	free(spec);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_spec),
	};

	arena = arena_of(arena_bytes, sizeof(arena_bytes));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
