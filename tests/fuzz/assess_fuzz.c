/*
 * The first half of the bytes is a payload, the rest answers. A payload that
 * is taken fits its bounds; taking it ends after at most as many items as it
 * has, each asked once, and its levels lie within what is measured. Bytes are
 * also read as a signed result, which must never be accepted by chance.
 */
#include "match/assess.h"

static void
take(const struct assessment *a, const uint8_t *data, size_t size)
{
	struct assess_answers w = { 0 };
	struct assess_level out[ASSESS_MEASURES_MAX];
	unsigned asked = 0;

	for (uint16_t i; (i = assess_next(a, &w)) != ASSESS_DONE; asked++) {
		struct assess_answer one = { ASSESS_SKIPPED, 0 };
		ASSERT(i < a->items_n && asked < a->items_n);
		ASSERT(w.of[i].state == ASSESS_OPEN);
		if (2U * asked + 1 < size)
			one = (struct assess_answer){ data[2 * asked] % 5,
				(int8_t)data[2 * asked + 1] };
		if (one.state == ASSESS_OPEN ||
		    assess_answer(a, &w, i, one) != OK) {
			one = (struct assess_answer){ ASSESS_SKIPPED, 0 };
			ASSERT(assess_answer(a, &w, i, one) == OK);
		}
	}
	assess_levels(a, &w, out);
	for (unsigned m = 0; m < a->measures_n; m++) {
		ASSERT(out[m].level == 0 ||
		       (out[m].level >= a->measures[m].from &&
			   out[m].level <= a->measures[m].to));
		ASSERT(out[m].confidence <= ASSESS_CONFIDENCE_MAX);
		ASSERT(out[m].low <= out[m].high);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(16) uint8_t space[2 * VALUE_ARENA_BYTES];
	static struct assessment a;
	struct arena arena = arena_of(space, sizeof(space));
	struct slice in = slice_of(data, size), rest = in;
	struct assess_result r;
	uint8_t id[RECORD_ID];
	struct value v;

	ASSERT(assess_result_read(in, &arena, &r, id) != OK || r.levels_n > 0);
	arena_reset(&arena);
	/* The first value is the payload. */
	if (value_skip(&rest) != OK)
		return 0;
	if (value_parse(slice_of(data, size - rest.n), &arena, &v) != OK)
		return 0;
	if (assess_decode(&v, &a, NULL) == OK) {
		ASSERT(a.measures_n > 0 && (a.items_n > 0 || a.external));
		take(&a, rest.p, rest.n);
	}
	return 0;
}
