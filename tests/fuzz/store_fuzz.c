/*
 * The store as a program: the bytes feed records of a small world, alone or
 * in batches, move the clock, change scope and quota, sweep, cut the store
 * off (it is opened again without a close), or have the map fail once.
 * After each step nothing contradicts itself: the check finds no fault, the
 * set of sync is in order and in the scope, the owner's records and
 * revocations are there as long as they count, nothing beaten is held, and an
 * operation that failed has changed nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/internal.h"
#include "tests/unit/test_records.h"
#include "tests/unit/test_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS 30
#define AUTHORS 6
#define STEPS   40

static struct record records[RECORDS];

struct world {
	struct map *map;
	struct test_faulty faulty;
	struct store *s;
	struct store_config config;
	struct scope scope;
	uint64_t now_s;
	bool given[RECORDS]; /* accepted as the owner's */
};

struct program {
	const uint8_t *p;
	size_t n;
};

static uint8_t
take(struct program *p)
{
	if (p->n == 0)
		return 0;
	p->n--;
	return *p->p++;
}

static void
records_make(void)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES], bytes[RECORDS][1024];
	static const char *const regions[] = { "de", "fr", "es" };
	struct arena a = arena_of(scratch, sizeof(scratch));

	for (size_t i = 0; i < RECORDS; i++) {
		const struct test_record t = {
			.author = i % AUTHORS,
			.kind = i == 7 || i == 20 ? KIND_REVOCATION
				: i % 3 == 0      ? KIND_PROFILE
						  : KIND_DEMAND,
			.slot = i % 3 == 2 && i != 20,
			.seq = (TEST_HOUR - i % 11) << 8 | i,
			.region = regions[i / 2 % 3],
			.flags = i % 13 == 5 ? RECORD_FLAG_DELETED : 0,
		};
		const size_t n =
		    test_record_make(&t, bytes[i], sizeof(bytes[i]));
		ASSERT(record_read(slice_of(bytes[i], n), &a, &records[i]) ==
		       RECORD_FINE);
	}
}

static void
store_start(struct world *w)
{
	char why[STORE_WHY];

	w->config.scope = &w->scope;
	ASSERT(store_open(&w->faulty.map, &w->config, &w->s, why) == OK);
}

static struct store_totals
totals(struct world *w)
{
	struct store_totals t;
	struct store_view *v;

	ASSERT(store_view_open(w->s, &v) == OK);
	ASSERT(store_totals(v, &t) == OK);
	store_view_close(v);
	return t;
}

static void
on_gone(void *ctx, const struct store_gone *gone)
{
	const struct world *w = ctx;

	ASSERT(w != NULL);
	ASSERT(gone->why != STORE_EVICTED ||
	       (!gone->own && gone->kind != KIND_REVOCATION));
}

static void
feed(struct world *w, struct program *p)
{
	struct store_item items[8];
	const struct store_totals was = totals(w);
	const size_t n = 1 + take(p) % ARRAY_LEN(items);

	for (size_t i = 0; i < n; i++) {
		const uint8_t b = take(p);
		const size_t at = b % RECORDS;
		/* authors 0 and 1 are the owner's; copies come back */
		items[i] = (struct store_item){ .record = &records[at],
			.own = at % AUTHORS < 2 && b < 128 };
	}
	const err e = store_apply(w->s, items, n, w->now_s, on_gone, w);
	if (e != OK) {
		const struct store_totals is = totals(w);
		ASSERT(memcmp(&was, &is, sizeof(is)) == 0);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const size_t at = (size_t)(items[i].record - records);
		ASSERT(items[i].outcome != RECORD_FINE);
		if (items[i].own && (items[i].outcome == RECORD_STORED ||
					items[i].outcome == RECORD_DUPLICATE))
			w->given[at] = true;
		ASSERT(!items[i].own || items[i].outcome != RECORD_QUEUE_FULL);
	}
}

static void
rescope(struct world *w, struct program *p)
{
	const uint8_t b = take(p);

	w->scope = scope_all();
	if ((b & 1) != 0)
		ASSERT(scope_add_region(&w->scope, "de") == OK);
	if ((b & 2) != 0)
		ASSERT(scope_add_region(&w->scope, "fr") == OK);
	if ((b & 4) != 0)
		w->scope.since_h = (uint32_t)(TEST_HOUR - (b >> 4));
	if ((b & 8) != 0)
		w->scope.class_mask &= ~(1U << CLASS_PEOPLE);
	store_set_scope(w->s, &w->scope);
}

struct order {
	const struct scope *scope;
	struct store_item_key last;
	bool any;
};

static bool
on_item(void *ctx, const struct store_item_key *key)
{
	struct order *o = ctx;

	ASSERT(!o->any || o->last.hour < key->hour ||
	       (o->last.hour == key->hour &&
		   memcmp(o->last.id, key->id, STORE_ITEM_ID) < 0));
	ASSERT(key->kind == KIND_REVOCATION || key->hour >= o->scope->since_h);
	o->last = *key;
	o->any = true;
	return true;
}

static void
on_fault(void *ctx, const char *text)
{
	(void)ctx;
	fprintf(stderr, "fault: %s\n", text);
}

enum held { HELD_NOT, HELD_OPEN, HELD_HIDDEN };

static enum held
held_as(struct store_view *v, size_t i)
{
	struct store_record got;

	if (store_get(v, records[i].id, &got) != OK)
		return HELD_NOT;
	return store_is_hidden(&got) ? HELD_HIDDEN : HELD_OPEN;
}

/* One slot has one record that others see, and one better that waits. */
static void
look_at_pair(const enum held *held, size_t i, size_t k)
{
	const struct record *a = &records[i], *b = &records[k];

	if (held[i] == HELD_NOT || held[k] == HELD_NOT || a->kind != b->kind ||
	    a->slot != b->slot ||
	    memcmp(a->author, b->author, RECORD_AUTHOR) != 0)
		return;
	ASSERT(held[i] != held[k]);
	ASSERT(record_beats(a->seq, a->id, b->seq, b->id) ==
	       (held[i] == HELD_HIDDEN));
}

/* An own record leaves for a better one, a revocation or its hour alone. */
static bool
may_be_gone(const struct world *w, const enum held *held, size_t i)
{
	const struct record *r = &records[i];

	if (r->expires_h <= w->now_s / 3600)
		return true;
	for (size_t k = 0; k < RECORDS; k++) {
		const struct record *q = &records[k];
		if (k != i && held[k] != HELD_NOT &&
		    memcmp(q->author, r->author, RECORD_AUTHOR) == 0 &&
		    (q->kind == KIND_REVOCATION ||
			(q->kind == r->kind && q->slot == r->slot &&
			    record_beats(q->seq, q->id, r->seq, r->id))))
			return true;
	}
	return false;
}

static void
look(struct world *w)
{
	struct store_report report;
	struct store_view *v;
	struct scope scope;
	struct order o = { .scope = &scope };

	store_scope(w->s, &scope);
	ASSERT(store_view_open(w->s, &v) == OK);
	ASSERT(store_check(v, STORE_CHECK, on_fault, NULL, &report) == OK);
	ASSERT(report.faults == 0);
	ASSERT(store_each_item(v, &scope, w->now_s, on_item, &o) == OK);
	enum held held[RECORDS];
	for (size_t i = 0; i < RECORDS; i++)
		held[i] = held_as(v, i);
	for (size_t i = 0; i < RECORDS; i++) {
		if (w->given[i] && held[i] == HELD_NOT) {
			ASSERT(may_be_gone(w, held, i));
			w->given[i] = false;
		}
		for (size_t k = 0; k < i; k++)
			look_at_pair(held, i, k);
	}
	store_view_close(v);
}

static void
step(struct world *w, struct program *p)
{
	const uint8_t b = take(p);
	size_t removed;

	w->faulty.count = 0;
	w->faulty.fail_at = (b & 0x80) != 0 ? 1 + take(p) : 0;
	const bool fails = w->faulty.fail_at != 0;
	switch (b & 7) {
	case 0:
		w->now_s += 3600 * (uint64_t)(1 + (b >> 3 & 3));
		break;
	case 1:
		w->faulty.fail_at = 0;
		rescope(w, p);
		break;
	case 2: {
		const err e = store_expire(
		    w->s, w->now_s, 1 + (b >> 3 & 15), on_gone, w, &removed);
		ASSERT(e == OK || fails);
		break;
	}
	case 3:
		w->faulty.fail_at = 0;
		w->config.max_records = (b & 8) != 0 ? 0 : 4 + take(p) % 20;
		store_close(w->s);
		store_start(w);
		break;
	case 4: /* cut off: nothing of it is written any more */
		w->faulty.count = 0;
		w->faulty.fail_at = 1;
		store_close(w->s);
		w->faulty.fail_at = 0;
		store_start(w);
		break;
	default:
		if (fails) /* totals() is an operation too */
			w->faulty.fail_at += 2;
		feed(w, p);
	}
	w->faulty.fail_at = 0;
	look(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct program p = { data, size };
	struct world w = { .config = { .net = slice_str(TEST_NET) },
		.scope = scope_all(),
		.now_s = TEST_NOW };

	if (!ready) {
		ASSERT(crypto_init());
		records_make();
		ready = true;
	}
	ASSERT(map_memory_open(16 << 20, &w.map) == OK);
	test_faulty_init(&w.faulty, w.map);
	store_start(&w);
	for (unsigned i = 0; i < STEPS && p.n > 0; i++)
		step(&w, &p);
	store_close(w.s);
	map_close(w.map);
	return 0;
}
