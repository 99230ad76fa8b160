/*
 * What a store holds and answers must be a function of the set of records
 * and the time: compared with a naive model under random order, duplication,
 * batches, a moving clock and late joiners, on both backends. The seed of a
 * failing round is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "test_env.h"
#include "test_records.h"
#include "test_store.h"

#define RECORDS 70
#define AUTHORS 5

/* The universe of a round: all records that there are. */
struct world {
	struct test_env env;
	uint8_t bytes[RECORDS][1024];
	struct record r[RECORDS];
	bool seen[RECORDS]; /* came before it expired */
	uint64_t now_s;
};

struct node {
	struct test_map tm;
	struct store *s;
};

/* ---- the naive model ---- */

static bool
same_slot(const struct record *a, const struct record *b)
{
	return a->kind == b->kind && a->slot == b->slot &&
	       memcmp(a->author, b->author, RECORD_AUTHOR) == 0;
}

static bool
alive(const struct world *w, const struct record *r)
{
	return r->expires_h > w->now_s / 3600;
}

/* The best of a slot among all that were seen, alive or not. */
static const struct record *
best_of(const struct world *w, const struct record *like)
{
	const struct record *best = NULL;

	for (size_t i = 0; i < RECORDS; i++) {
		const struct record *r = &w->r[i];
		if (w->seen[i] && same_slot(r, like) &&
		    (best == NULL ||
			record_beats(r->seq, r->id, best->seq, best->id)))
			best = r;
	}
	return best;
}

static const struct record *
revocation_of(const struct world *w, const struct record *r)
{
	struct record like = *r;

	like.kind = KIND_REVOCATION;
	like.slot = 0;
	const struct record *best = best_of(w, &like);
	return best != NULL && alive(w, best) ? best : NULL;
}

static enum record_outcome
model_answer(const struct world *w, const struct record *r)
{
	if (!alive(w, r))
		return RECORD_EXPIRED;
	if (r->kind != KIND_REVOCATION && revocation_of(w, r) != NULL)
		return RECORD_REVOKED;
	const struct record *best = best_of(w, r);
	if (best == NULL)
		return RECORD_FINE;
	if (best == r)
		return RECORD_DUPLICATE;
	return record_beats(r->seq, r->id, best->seq, best->id) ? RECORD_FINE
								: RECORD_STALE;
}

static bool
model_holds(const struct world *w, size_t i)
{
	return w->seen[i] && model_answer(w, &w->r[i]) == RECORD_DUPLICATE;
}

/* ---- a world ---- */

/*
 * Few authors and slots, so that much collides; equal seqs, tombstones and
 * revocations among them. If ${orderly}, `expires` never decreases within a
 * slot, as the standard asks of authors. ${revoked_h} > 0: revocations all
 * expire that many hours from the start.
 */
static void
world_make(struct world *w, uint64_t seed, bool orderly, uint64_t revoked_h)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES];
	static const char *const regions[] = { "de", "fr", "es", "at", "ch" };
	struct arena a = arena_of(scratch, sizeof(scratch));

	memset(w, 0, sizeof(*w));
	test_env_init(&w->env, seed);
	w->now_s = TEST_NOW;
	for (size_t i = 0; i < RECORDS; i++) {
		const size_t k = test_below(&w->env, 40);
		const uint64_t ago = test_below(&w->env, 12);
		struct test_record t = {
			.author = test_below(&w->env, AUTHORS),
			.kind = k == 0   ? KIND_REVOCATION
				: k < 20 ? KIND_PROFILE
					 : KIND_DEMAND,
			.seq = (TEST_HOUR - ago) << 8 | test_below(&w->env, 3),
			.region = regions[test_below(&w->env, 5)],
		};
		if (t.kind == KIND_DEMAND)
			t.slot = (uint32_t)test_below(&w->env, 3);
		if (t.kind != KIND_REVOCATION && test_below(&w->env, 6) == 0)
			t.flags = RECORD_FLAG_DELETED;
		t.expires_h = TEST_HOUR + 40 - 3 * ago + t.author;
		if (!orderly)
			t.expires_h = TEST_HOUR - 5 + test_below(&w->env, 60);
		if (t.kind == KIND_REVOCATION && revoked_h > 0)
			t.expires_h = TEST_HOUR + revoked_h;
		if (t.kind ==
		    KIND_REVOCATION) /* which lives 9600 h, or is bad */
			t.seq = (t.expires_h - 9600) << 8 | (t.seq & 0xff);
		if (t.expires_h <= t.seq >> 8)
			t.expires_h = (t.seq >> 8) + 1;
		const size_t n =
		    test_record_make(&t, w->bytes[i], sizeof(w->bytes[i]));
		const enum record_outcome o =
		    record_read(slice_of(w->bytes[i], n), &a, &w->r[i]);
		assert_int_equal(o, RECORD_FINE);
		/* the same record twice would be two entries of the model */
		for (size_t j = 0; j < i; j++) {
			if (memcmp(w->r[j].id, w->r[i].id, RECORD_ID) == 0) {
				i--;
				break;
			}
		}
	}
}

static void
node_open(struct node *n, enum test_backend backend, uint64_t seed)
{
	struct store_config c = { .net = slice_str(TEST_NET) };
	char why[STORE_WHY];

	put_u64be(c.random, seed);
	test_map_open(&n->tm, backend);
	assert_int_equal(store_open(n->tm.map, &c, &n->s, why), OK);
}

static void
node_reopen(struct node *n)
{
	struct store_config c = { .net = slice_str(TEST_NET) };
	char why[STORE_WHY];

	store_close(n->s);
	test_map_reopen(&n->tm);
	assert_int_equal(store_open(n->tm.map, &c, &n->s, why), OK);
}

static void
node_close(struct node *n)
{
	store_close(n->s);
	test_map_close(&n->tm);
}

static void
print_fault(void *ctx, const char *text)
{
	(void)ctx;
	print_message("fault: %s\n", text);
}

/* Holdings, answers, totals and indexes against the model. */
static void
node_compare(struct node *n, const struct world *w, uint64_t seed)
{
	struct store_view *v;
	struct store_totals t;
	struct store_report report;
	size_t held = 0;

	assert_int_equal(store_view_open(n->s, &v), OK);
	for (size_t i = 0; i < RECORDS; i++) {
		struct store_record got;
		enum record_outcome o;
		const bool want = model_holds(w, i);
		const err e = store_get(v, w->r[i].id, &got);
		if (e != (want ? OK : ERR_NOTFOUND))
			fail_msg("seed %" PRIu64 ", record %zu: %s", seed, i,
			    err_name(e));
		held += want;
		assert_int_equal(
		    store_look(v, &w->r[i], w->now_s, &o, NULL), OK);
		const enum record_outcome answer = model_answer(w, &w->r[i]);
		/* a loser not seen yet may make a floor last longer */
		if (o != answer && !(answer == RECORD_STALE && !w->seen[i] &&
				       o == RECORD_FINE))
			fail_msg("seed %" PRIu64 ", record %zu: %s, not %s",
			    seed, i, record_outcome_name(o),
			    record_outcome_name(answer));
	}
	assert_int_equal(store_totals(v, &t), OK);
	assert_int_equal(t.records, held);
	assert_int_equal(
	    store_check(v, STORE_CHECK_SIGNATURES, print_fault, NULL, &report),
	    OK);
	assert_int_equal(report.faults, 0);
	assert_int_equal(report.records, held);
	store_view_close(v);
}

static void
node_sweep(struct node *n, const struct world *w, size_t max)
{
	size_t removed;

	do {
		assert_int_equal(
		    store_expire(n->s, w->now_s, max, NULL, NULL, &removed),
		    OK);
	} while (removed == max);
}

/* Hand records over in batches of random sizes. */
static void
node_feed(struct node *n, struct world *w, const size_t *order, size_t count)
{
	while (count > 0) {
		struct store_item items[20];
		const size_t batch =
		    1 + test_below(&w->env, MIN(count, ARRAY_LEN(items)));
		for (size_t i = 0; i < batch; i++)
			items[i] =
			    (struct store_item){ .record = &w->r[order[i]] };
		assert_int_equal(
		    store_apply(n->s, items, batch, w->now_s, NULL, NULL), OK);
		for (size_t i = 0; i < batch; i++)
			assert_int_not_equal(items[i].outcome, RECORD_FINE);
		order += batch;
		count -= batch;
	}
}

/* All in random order, some of them several times. */
static size_t
shuffled(struct world *w, size_t order[2 * RECORDS])
{
	size_t n = RECORDS;

	for (size_t i = 0; i < RECORDS; i++)
		order[i] = i;
	for (size_t extra = test_below(&w->env, RECORDS); extra > 0; extra--)
		order[n++] = test_below(&w->env, RECORDS);
	for (size_t i = n; i > 1; i--) {
		const size_t j = test_below(&w->env, i);
		const size_t swap = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swap;
	}
	return n;
}

static void
mark_seen(struct world *w, const size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (alive(w, &w->r[order[i]]))
			w->seen[order[i]] = true;
	}
}

static struct world world;

/* Any order, any batches, one moment: the same holdings and answers. */
static void
test_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		size_t order[2 * RECORDS];
		struct node n;
		/* authors that break the rule of `expires` as well */
		world_make(&world, seed, seed % 2 == 0, 0);
		for (int round = 0; round < 4; round++) {
			const enum test_backend backend =
			    round == 0 ? TEST_LMDB : TEST_MEMORY;
			node_open(&n, backend, seed + (uint64_t)round);
			const size_t all = shuffled(&world, order);
			memset(world.seen, 0, sizeof(world.seen));
			/* part of it first, so that answers are compared
			 * while records are missing too */
			const size_t part = all / 3;
			mark_seen(&world, order, part);
			node_feed(&n, &world, order, part);
			node_compare(&n, &world, seed);
			mark_seen(&world, order, all);
			node_feed(&n, &world, order + part, all - part);
			node_compare(&n, &world, seed);
			if (round < 2)
				node_reopen(&n);
			node_compare(&n, &world, seed);
			node_close(&n);
		}
	}
}

/* A clock that moves: after each step it holds what the model says, whether
 * swept at once, in small bits, or late. */
static void
test_clock(void **state)
{
	(void)state;
	for (uint64_t seed = 100; seed < 130; seed++) {
		struct node n;
		/* here revocations outlive all; not so in test_joiners() */
		world_make(&world, seed, true, 60);
		node_open(&n, seed % 5 == 0 ? TEST_LMDB : TEST_MEMORY, seed);
		for (uint64_t hour = 0; hour < 48; hour += 4) {
			size_t order[2 * RECORDS];
			world.now_s = (TEST_HOUR + hour) * 3600;
			const size_t all = shuffled(&world, order);
			const size_t some = test_below(&world.env, all / 3);
			if (test_below(&world.env, 2) == 0)
				node_sweep(&n, &world, 3);
			mark_seen(&world, order, some);
			node_feed(&n, &world, order, some);
			if (test_below(&world.env, 3) == 0)
				continue;
			node_sweep(&n, &world, 1 + test_below(&world.env, 20));
			node_compare(&n, &world, seed);
		}
		world.now_s = (TEST_HOUR + 100) * 3600;
		node_sweep(&n, &world, 7);
		node_compare(&n, &world, seed);
		node_close(&n);
	}
}

/* Who was there from the start and who comes late hold the same, once both
 * have been offered all; revocations may expire on the way. */
static void
test_joiners(void **state)
{
	(void)state;
	for (uint64_t seed = 200; seed < 230; seed++) {
		struct node old;
		size_t order[2 * RECORDS];
		world_make(&world, seed, true, 0);
		node_open(&old, TEST_MEMORY, seed);
		for (uint64_t hour = 0; hour < 48; hour += 6) {
			struct node late;
			world.now_s = (TEST_HOUR + hour) * 3600;
			if (test_below(&world.env, 2) == 0)
				node_sweep(&old, &world, 5);
			size_t n = shuffled(&world, order);
			mark_seen(&world, order, n);
			node_feed(&old, &world, order, n);
			node_sweep(&old, &world, 5);
			node_compare(&old, &world, seed);

			node_open(&late,
			    hour % 12 == 0 && seed % 5 == 0 ? TEST_LMDB
							    : TEST_MEMORY,
			    seed + hour);
			n = shuffled(&world, order);
			node_feed(&late, &world, order, n);
			node_compare(&late, &world, seed);
			node_close(&late);
		}
		node_close(&old);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_joiners),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
