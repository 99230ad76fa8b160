/*
 * A week of signals as it lies on the disk: whatever is read is written again
 * with the same bytes. Any payload, checked by no schema, into the counters:
 * they take it or not, and what comes in goes out again without a rest. The
 * first byte says which; the fingerprint of a week is put right, for nobody
 * guesses it.
 */
#include <stdlib.h>

#include "match/core.h"
#include "match/signal/signal.h"
#include "match/signal/week.h"
#include "proto/base/arena.h"
#include "proto/record/fingerprint.h"
#include "proto/record/kind.h"
#include "proto/record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_week(struct slice in)
{
	uint8_t *bytes = malloc(in.n + FINGERPRINT);
	struct signal_week w;

	ASSERT(bytes != NULL);
	if (in.n > 0)
		memcpy(bytes, in.p, in.n);
	fingerprint(bytes + in.n, "ohcn-signal-week", in);
	const struct slice whole = slice_of(bytes, in.n + FINGERPRINT);
	if (signal_week_read(whole, &w) == OK) {
		const struct signal_release r = { .week = w.week,
			.k_people = w.k_people,
			.n = w.n,
			.rows = w.rows };
		struct buf out;
		ASSERT(signal_week_write(&r, SIGNAL_WEEK_ROWS_MAX, &out) == OK);
		ASSERT(slice_eq(buf_slice(&out), whole));
		free(out.p);
		free(w.rows);
	}
	free(bytes);
}

static void
fuzz_payload(uint32_t kind, struct slice in)
{
	static struct vocabulary *v;
	static uint8_t space[VALUE_ARENA_BYTES];
	static const uint8_t author[RECORD_AUTHOR] = { 7 };
	struct arena arena = arena_of(space, sizeof(space));
	struct signal_table *t;
	struct signal_release *r;
	struct signal_stats stats;
	struct value payload;

	if (v == NULL)
		ASSERT(core_vocabulary_new(&v) == OK);
	if (value_parse(in, &arena, &payload) != OK)
		return;
	ASSERT(signal_table_new(v, &signal_limits_default, 5, 2967, &t) == OK);
	const struct signal_record rec = { .rid = 1,
		.kind = kind,
		.author = author,
		.region = "de",
		.made_h = 498600,
		.expires_h = 500000,
		.payload = &payload };
	(void)!signal_put(t, &rec);
	ASSERT(signal_release_new(t, 0, NULL, 0, &r) == OK);
	ASSERT(r->n == 0); /* one is too few to be shown */
	signal_release_free(r);
	signal_set_week(t, 2968);
	signal_remove(t, author, kind, 0);
	signal_stats(t, &stats);
	ASSERT(stats.records == 0 && stats.cells == 0 && stats.shares == 0 &&
	       stats.employers == 0);
	signal_table_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t kinds[] = { KIND_PROFILE, KIND_ORGANISATION,
		KIND_DEMAND, KIND_COURSE };

	if (size < 1)
		return 0;
	const struct slice rest = slice_of(data + 1, size - 1);
	if (data[0] == 'w')
		fuzz_week(rest);
	else
		fuzz_payload(kinds[data[0] % ARRAY_LEN(kinds)], rest);
	return 0;
}
