/*
 * A payload that its schema accepts can be decoded, by kind; any other value
 * is an error or a card within its bounds, never more. Terms of an accepted
 * vocabulary can be built into a snapshot.
 */
#include <stdlib.h>

#include "match/card.h"
#include "match/vocabulary/record.h"
#include "proto/record/kind.h"
#include "proto/record/schema.h"

static bool
accepted(uint32_t kind, const struct value *v)
{
	struct schema_fault fault;

	return schema_check(schema_latest(kind), v, &fault) == SCHEMA_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(16) uint8_t space[VALUE_ARENA_BYTES];
	static const struct vocabulary_limits limits = { 300, 3000, 9000,
		200000 };
	struct arena arena = arena_of(space, sizeof(space));
	struct value v;
	struct card c;
	struct posting p;
	struct lesson l;

	if (value_parse(slice_of(data, size), &arena, &v) != OK)
		return 0;
	if (card_decode(&v, "de", &c) == OK)
		ASSERT(c.skills_n <= CARD_SKILLS_MAX &&
		       c.languages_n <= CARD_LANGUAGES_MAX);
	else
		ASSERT(!accepted(KIND_PROFILE, &v));
	if (posting_decode(&v, "de", &p) == OK)
		ASSERT(p.requirements_n <= POSTING_REQUIREMENTS_MAX);
	else
		ASSERT(!accepted(KIND_DEMAND, &v));
	if (lesson_decode(&v, &l) == OK)
		ASSERT(l.teaches_n <= LESSON_TEACHES_MAX);
	else
		ASSERT(!accepted(KIND_COURSE, &v));
	struct vocabulary_builder *b = vocabulary_builder_new(&limits);
	struct vocabulary *vocabulary;
	ASSERT(b != NULL);
	const err e = vocabulary_add_record(b, &v);
	ASSERT(e == OK || e == ERR_LIMIT || !accepted(KIND_VOCABULARY, &v));
	ASSERT(vocabulary_builder_finish(b, &vocabulary) == OK);
	vocabulary_free(vocabulary);
	return 0;
}
