/*
 * What importers make of any bytes. The first byte chooses: a table of
 * demands or courses, text, or JSON as résumé, as job postings and as a payload of
 * every schema. Whatever is accepted is a payload: it fits its schema, its
 * bytes are canonical, and JSON made of it reads back to the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/import/csv.h"
#include "node/import/job.h"
#include "node/import/resume.h"
#include "node/import/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
guess_some(void *ctx, struct slice text, uint32_t language,
    struct term_guess *out, size_t max)
{
	(void)ctx;
	(void)language;
	if (text.n == 0 || text.p[0] == 'x' || max == 0)
		return 0;
	out[0] =
	    (struct term_guess){ term_of_uri(text), text.n % 3 == 0 ? 20 : 90 };
	return 1;
}

static bool
describe_some(void *ctx, uint64_t term, uint32_t language, struct slice *uri,
    struct slice *label, enum term_type *type)
{
	(void)ctx;
	(void)language;
	*uri = *label = slice_of(NULL, 0);
	*type = term % 5 == 0 ? TERM_OCCUPATION : TERM_SKILL;
	return term % 7 != 0;
}

/* Every third byte is a term of its own. */
static size_t
find_some(void *ctx, struct slice text, uint32_t language,
    struct term_found *out, size_t max)
{
	size_t n = 0;

	(void)ctx;
	(void)language;
	for (size_t i = 0; i + 3 <= text.n && n < max; i += 3, n++)
		out[n] =
		    (struct term_found){ term_of_uri(slice_of(text.p + i, 3)),
			    i, i + 3, 70 };
	return n;
}

static const struct term_lookup lookup = { guess_some, describe_some, NULL,
	find_some };

static size_t
bytes_of(const struct schema *s, const json_t *json, uint8_t *out, size_t cap)
{
	static uint8_t room[PAYLOAD_ARENA_BYTES];
	static uint8_t again_room[PAYLOAD_ARENA_BYTES];
	struct arena arena = arena_of(room, sizeof(room));
	struct arena again = arena_of(again_room, sizeof(again_room));
	struct buf b = { out, 0, cap };
	struct payload_fault fault;
	struct value v, parsed;

	const err e = payload_from_json(s, json, &arena, &v, &fault);
	if (e != OK) {
		ASSERT(e == ERR_FORM || e == ERR_LIMIT);
		ASSERT(fault.why[0] != 0);
		return 0;
	}
	ASSERT(value_write(&v, &b) == OK);
	ASSERT(value_parse(buf_slice(&b), &again, &parsed) == OK);
	return b.n;
}

static bool
check_payload(const struct schema *s, const json_t *json)
{
	static uint8_t first[1 << 20], second[1 << 20];
	static uint8_t room[VALUE_ARENA_BYTES];
	struct arena arena = arena_of(room, sizeof(room));
	struct value v;
	json_t *back;

	const size_t n = bytes_of(s, json, first, sizeof(first));
	if (n == 0)
		return false;
	ASSERT(value_parse(slice_of(first, n), &arena, &v) == OK);
	ASSERT(payload_to_json(s, &v, NULL, &back) == OK);
	ASSERT(bytes_of(s, back, second, sizeof(second)) == n);
	ASSERT(memcmp(first, second, n) == 0);
	json_decref(back);
	return true;
}

/* Every draft in the list fits; those that failed have none. */
static void
check_drafts(uint32_t kind, json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		const json_t *draft = json_object_get(item, "draft");
		const char *state =
		    json_string_value(json_object_get(item, "state"));
		ASSERT(state != NULL);
		ASSERT((draft == NULL) == (strcmp(state, "failed") == 0));
		if (draft != NULL)
			ASSERT(check_payload(schema_latest(kind), draft));
	}
}

static void
fuzz_table(uint32_t kind, struct slice file)
{
	json_t *about = json_pack("{s:s,s:s,s:s,s:i}", "measure", "vacancies",
	    "title", "Vacancies", "unit", "places", "scale", 1);
	const struct import_options o = { .rows_max = 200, .about = about };
	json_t *report;

	if (import_csv(kind, file, &lookup, &o, &report) == OK)
		check_drafts(kind, json_object_get(report, "rows"));
	json_decref(report);
	json_decref(about);
}

static void
fuzz_json(struct slice text)
{
	const struct import_options o = { 0 };
	json_t *json =
	    json_loadb((const char *)text.p, text.n, JSON_DECODE_ANY, NULL);
	json_t *report;

	if (json == NULL)
		return;
	for (uint32_t kind = 0; kind <= KIND_LAST; kind++)
		if (schema_latest(kind) != NULL)
			(void)check_payload(schema_latest(kind), json);
	if (import_resume(json, &lookup, &o, &report) == OK &&
	    json_object_get(report, "draft") != NULL)
		ASSERT(check_payload(schema_latest(KIND_PROFILE),
		    json_object_get(report, "draft")));
	json_decref(report);
	if (import_job(json, &lookup, &o, &report) == OK)
		check_drafts(KIND_DEMAND, json_object_get(report, "demands"));
	json_decref(report);
	json_decref(json);
}

static void
fuzz_text(struct slice text)
{
	const struct import_options o = { 0 };
	json_t *report;

	if (import_text_resume(text, &lookup, &o, &report) == OK &&
	    json_object_get(report, "draft") != NULL)
		ASSERT(check_payload(schema_latest(KIND_PROFILE),
		    json_object_get(report, "draft")));
	json_decref(report);
	if (import_text_job(text, &lookup, &o, &report) == OK)
		check_drafts(KIND_DEMAND, json_object_get(report, "demands"));
	json_decref(report);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	const struct slice rest = slice_of(data + 1, size - 1);
	if (data[0] == 'd')
		fuzz_table(KIND_DEMAND, rest);
	else if (data[0] == 's')
		fuzz_table(KIND_STATISTIC, rest);
	else if (data[0] == 'c')
		fuzz_table(KIND_COURSE, rest);
	else if (data[0] == 't')
		fuzz_text(rest);
	else
		fuzz_json(slice_of(data, size));
	return 0;
}
