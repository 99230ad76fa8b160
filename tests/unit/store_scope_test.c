/*
 * The scope: what is held, passed on, evicted and in the set of sync must be
 * what a naive model says of the set of records, the scope and the time, in
 * any order, with duplicates, in any batches; a scope that is narrowed, a
 * horizon that moves on, a quota that takes authors at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/internal.h"
#include "test_env.h"
#include "test_records.h"
#include "test_store.h"

#define RECORDS 90
#define AUTHORS 14

struct world {
	struct test_env env;
	uint8_t bytes[RECORDS][1024];
	struct record r[RECORDS];
	bool own[RECORDS];
	bool seen[RECORDS]; /* came while it counted */
	struct scope scope;
	uint64_t now_s;
};

struct node {
	struct test_map tm;
	struct store *s;
	struct store_config cf;
	size_t evicted;
};

/* ---- the naive model: of everything that ever came ---- */

static bool
alive(const struct world *w, const struct record *r)
{
	return r->expires_h > w->now_s / 3600;
}

static bool
same_slot(const struct record *a, const struct record *b)
{
	return a->kind == b->kind && a->slot == b->slot &&
	       memcmp(a->author, b->author, RECORD_AUTHOR) == 0;
}

static bool
inside(const struct scope *s, const struct record *r)
{
	return r->kind == KIND_REVOCATION ||
	       scope_has(s, r->kind, r->region, record_hour(r), r->author);
}

static bool
revoked(const struct world *w, const struct record *r)
{
	for (size_t i = 0; i < RECORDS; i++) {
		const struct record *q = &w->r[i];
		if (w->seen[i] && q->kind == KIND_REVOCATION && alive(w, q) &&
		    r->kind != KIND_REVOCATION &&
		    memcmp(q->author, r->author, RECORD_AUTHOR) == 0)
			return true;
	}
	return false;
}

/* Does the record ${i} win its slot? */
static bool
wins(const struct world *w, size_t i)
{
	const struct record *r = &w->r[i];

	if (!w->seen[i] || !alive(w, r) || revoked(w, r))
		return false;
	for (size_t k = 0; k < RECORDS; k++) {
		const struct record *q = &w->r[k];
		if (k != i && w->seen[k] && same_slot(q, r) &&
		    record_beats(q->seq, q->id, r->seq, r->id))
			return false;
	}
	return true;
}

/* The set of sync: SPEC.md, "Held". */
static bool
in_set(const struct world *w, const struct scope *s, size_t i)
{
	const struct record *r = &w->r[i];

	return wins(w, i) && inside(s, r) &&
	       r->expires_h * 3600 > w->now_s + 600 &&
	       !(w->own[i] && r->kind == KIND_PROFILE);
}

/* Held in any case; what lies outside may be held or not. */
static bool
must_hold(const struct world *w, size_t i)
{
	return wins(w, i) && (w->own[i] || inside(&w->scope, &w->r[i]));
}

/* ---- a world ---- */

static struct scope
some_scope(struct world *w)
{
	struct scope s = scope_all();

	if (test_below(&w->env, 3) > 0) {
		assert_int_equal(scope_add_region(&s, "de"), OK);
		if (test_below(&w->env, 2) == 0)
			assert_int_equal(scope_add_region(&s, "fr"), OK);
	}
	if (test_below(&w->env, 4) == 0)
		s.class_mask &= ~(1U << CLASS_LEARN);
	if (test_below(&w->env, 4) == 0)
		s.since_h = (uint32_t)(TEST_HOUR - test_below(&w->env, 8));
	return s;
}

/*
 * Few authors and slots; records move from region to region. `expires` never
 * decreases within a slot, as authors are asked to.
 */
static void
world_make(struct world *w, uint64_t seed)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES];
	static const char *const regions[] = { "de", "fr", "es" };
	static const uint32_t kinds[] = { KIND_PROFILE, KIND_PROFILE,
		KIND_DEMAND, KIND_DEMAND, KIND_COURSE };
	struct arena a = arena_of(scratch, sizeof(scratch));

	memset(w, 0, sizeof(*w));
	test_env_init(&w->env, seed);
	w->now_s = TEST_NOW;
	w->scope = some_scope(w);
	for (size_t i = 0; i < RECORDS; i++) {
		const uint64_t ago = test_below(&w->env, 12);
		struct test_record t = {
			.author = test_below(&w->env, AUTHORS),
			.kind = kinds[test_below(&w->env, 5)],
			.seq = (TEST_HOUR - ago) << 8 | test_below(&w->env, 60),
			.region = regions[test_below(&w->env, 3)],
		};
		if (test_below(&w->env, 45) == 0)
			t.kind = KIND_REVOCATION;
		if (t.kind == KIND_DEMAND)
			t.slot = (uint32_t)test_below(&w->env, 2);
		if (t.kind != KIND_REVOCATION) {
			t.expires_h = TEST_HOUR + 20 - ago;
			t.flags = test_below(&w->env, 6) == 0
				      ? RECORD_FLAG_DELETED
				      : 0;
		}
		const size_t n =
		    test_record_make(&t, w->bytes[i], sizeof(w->bytes[i]));
		assert_int_equal(
		    record_read(slice_of(w->bytes[i], n), &a, &w->r[i]),
		    RECORD_FINE);
		/* authors 0 and 1 are the owner's personas */
		w->own[i] = t.author < 2;
		for (size_t k = 0; k < i; k++) { /* the same twice */
			if (memcmp(w->r[k].id, w->r[i].id, RECORD_ID) == 0) {
				i--;
				break;
			}
		}
	}
}

static void
node_open(struct node *n, const struct world *w, enum test_backend backend,
    uint64_t seed)
{
	char why[STORE_WHY];

	*n = (struct node){ .cf = { .net = slice_str(TEST_NET) } };
	put_u64be(n->cf.random, seed);
	n->cf.scope = &w->scope;
	test_map_open(&n->tm, backend);
	assert_int_equal(store_open(n->tm.map, &n->cf, &n->s, why), OK);
}

static void
node_reopen(struct node *n)
{
	char why[STORE_WHY];

	store_close(n->s);
	test_map_reopen(&n->tm);
	assert_int_equal(store_open(n->tm.map, &n->cf, &n->s, why), OK);
}

static void
node_close(struct node *n)
{
	store_close(n->s);
	test_map_close(&n->tm);
}

static void
note_gone(void *ctx, const struct store_gone *gone)
{
	struct node *n = ctx;

	if (gone->why == STORE_EVICTED) {
		assert_false(gone->own);
		assert_int_not_equal(gone->kind, KIND_REVOCATION);
		n->evicted++;
	}
}

static void
node_feed(struct node *n, struct world *w, const size_t *order, size_t count)
{
	while (count > 0) {
		struct store_item items[20];
		const size_t batch =
		    1 + test_below(&w->env, MIN(count, ARRAY_LEN(items)));
		for (size_t i = 0; i < batch; i++)
			items[i] = (struct store_item){
				.record = &w->r[order[i]],
				.own = w->own[order[i]],
			};
		assert_int_equal(
		    store_apply(n->s, items, batch, w->now_s, note_gone, n),
		    OK);
		struct scope scope;
		store_scope(n->s, &scope);
		for (size_t i = 0; i < batch; i++) {
			const struct store_item *x = &items[i];
			assert_int_not_equal(x->outcome, RECORD_FINE);
			if (x->outcome == RECORD_RELAYED)
				assert_false(
				    x->own || inside(&scope, x->record));
			if (alive(w, x->record))
				w->seen[order[i]] = true;
		}
		order += batch;
		count -= batch;
	}
}

static void
node_sweep(struct node *n, const struct world *w, size_t max)
{
	size_t removed;

	do {
		assert_int_equal(
		    store_expire(n->s, w->now_s, max, note_gone, n, &removed),
		    OK);
	} while (removed == max);
}

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
feed_all(struct node *n, struct world *w)
{
	size_t order[2 * RECORDS];
	const size_t all = shuffled(w, order);

	node_feed(n, w, order, all);
}

/* ---- comparing ---- */

static void
print_fault(void *ctx, const char *text)
{
	(void)ctx;
	print_message("fault: %s\n", text);
}

struct items {
	struct store_item_key keys[RECORDS];
	size_t n;
};

static bool
note_item(void *ctx, const struct store_item_key *key)
{
	struct items *it = ctx;

	assert_true(it->n < RECORDS);
	if (it->n > 0) {
		const struct store_item_key *last = &it->keys[it->n - 1];
		assert_true(last->hour < key->hour ||
			    (last->hour == key->hour &&
				memcmp(last->id, key->id, STORE_ITEM_ID) < 0));
	}
	it->keys[it->n++] = *key;
	return true;
}

static bool
has_item(struct store_view *v, const struct items *it, const struct record *r)
{
	const uint32_t hour =
	    r->kind == KIND_REVOCATION ? 0 : (uint32_t)record_hour(r);

	for (size_t i = 0; i < it->n; i++) {
		struct store_record got;
		const struct store_item_key *k = &it->keys[i];
		if (memcmp(k->id, r->id, STORE_ITEM_ID) != 0)
			continue;
		assert_int_equal(k->hour, hour);
		assert_int_equal(k->kind, r->kind);
		assert_int_equal(store_get_item(v, k->hour, k->id, &got), OK);
		assert_true(got.rid >= k->arrival);
		assert_memory_equal(got.id, r->id, RECORD_ID);
		assert_int_equal(
		    store_get_item(v, k->hour + 1, k->id, &got), ERR_NOTFOUND);
		return true;
	}
	return false;
}

/* The set under ${scope} is exactly the model's. */
static void
compare_set(struct node *n, const struct world *w, const struct scope *scope,
    uint64_t seed)
{
	struct items it = { .n = 0 };
	struct store_view *v;
	size_t want = 0;

	assert_int_equal(store_view_open(n->s, &v), OK);
	assert_int_equal(
	    store_each_item(v, scope, w->now_s, note_item, &it), OK);
	for (size_t i = 0; i < RECORDS; i++) {
		const bool in = in_set(w, scope, i);
		if (has_item(v, &it, &w->r[i]) != in)
			fail_msg("seed %" PRIu64 ", record %zu: %s the set",
			    seed, i, in ? "not in" : "in");
		want += in;
	}
	assert_int_equal(it.n, want);
	store_view_close(v);
}

static void
compare(struct node *n, const struct world *w, uint64_t seed)
{
	struct store_report report;
	struct store_view *v;
	size_t records = 0;

	compare_set(n, w, &w->scope, seed);
	assert_int_equal(store_view_open(n->s, &v), OK);
	for (size_t i = 0; i < RECORDS; i++) {
		struct store_record got;
		const err e = store_get(v, w->r[i].id, &got);
		assert_true(e == OK || e == ERR_NOTFOUND);
		/* nothing is held that has lost */
		if (e == OK && !wins(w, i) && alive(w, &w->r[i]))
			fail_msg("seed %" PRIu64 ": %zu has lost", seed, i);
		if (e != OK && must_hold(w, i))
			fail_msg("seed %" PRIu64 ": %zu is lost", seed, i);
		/* outside it is an answer, and says so */
		if (e == OK && alive(w, &w->r[i]) && !must_hold(w, i))
			assert_true(got.kept);
		records += e == OK;
	}
	assert_int_equal(
	    store_check(v, STORE_CHECK, print_fault, NULL, &report), OK);
	assert_int_equal(report.faults, 0);
	assert_int_equal(report.records, records);
	store_view_close(v);
}

static struct world world;

/* ---- tests ---- */

/*
 * All in any order, until nothing outside the scope can be missed as an
 * answer: twice. (Once is enough for what lies inside, and offers bring the
 * rest.)
 */
static void
test_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		world_make(&world, seed);
		for (unsigned round = 0; round < 3; round++) {
			struct node n;
			memset(world.seen, 0, sizeof(world.seen));
			node_open(&n, &world,
			    round == 0 && seed % 4 == 0 ? TEST_LMDB
							: TEST_MEMORY,
			    seed);
			feed_all(&n, &world);
			feed_all(&n, &world);
			compare(&n, &world, seed);
			if (round == 0) {
				node_reopen(&n);
				node_sweep(&n, &world, 5);
				compare(&n, &world, seed);
			}
			assert_int_equal(n.evicted, 0);
			node_close(&n);
		}
	}
}

/*
 * A set within a narrower scope is the same whoever has it: a node that holds
 * everything, and one that holds that scope alone. It is what sync compares.
 */
static void
test_meet(void **state)
{
	(void)state;
	for (uint64_t seed = 100; seed < 130; seed++) {
		struct node a, b;
		struct scope both;
		world_make(&world, seed);
		const struct scope first = world.scope;
		const struct scope second = some_scope(&world);
		node_open(&a, &world, TEST_MEMORY, seed);
		feed_all(&a, &world);
		feed_all(&a, &world);
		world.scope = second;
		node_open(&b, &world, TEST_MEMORY, seed + 1);
		feed_all(&b, &world);
		feed_all(&b, &world);
		assert_int_equal(scope_meet(&first, &second, &both), OK);
		compare_set(&a, &world, &both, seed);
		compare_set(&b, &world, &both, seed);
		node_close(&a);
		node_close(&b);
	}
}

/* The scope is narrowed and widened; a clock that moves; what was evicted
 * does not come back as something older. */
static void
test_narrowed(void **state)
{
	(void)state;
	for (uint64_t seed = 200; seed < 240; seed++) {
		struct node n;
		world_make(&world, seed);
		node_open(
		    &n, &world, seed % 5 == 0 ? TEST_LMDB : TEST_MEMORY, seed);
		feed_all(&n, &world);
		for (unsigned step = 0; step < 6; step++) {
			const struct scope was = world.scope;
			world.scope = some_scope(&world);
			if (test_below(&world.env, 3) == 0) {
				world.scope = was; /* only the horizon */
				world.scope.since_h =
				    (uint32_t)(TEST_HOUR - 8 + step);
			}
			if (test_below(&world.env, 3) == 0)
				world.now_s += 3600;
			store_set_scope(n.s, &world.scope);
			if (test_below(&world.env, 2) == 0) {
				/* cut off on the way: the next run goes on */
				size_t removed;
				assert_int_equal(
				    store_expire(n.s, world.now_s, 1, note_gone,
					&n, &removed),
				    OK);
				n.cf.scope = &world.scope;
				node_reopen(&n);
			}
			node_sweep(&n, &world, 1 + test_below(&world.env, 9));
			feed_all(&n, &world);
			feed_all(&n, &world);
			node_sweep(&n, &world, 7);
			compare(&n, &world, seed);
		}
		assert_true(n.evicted > 0);
		node_close(&n);
	}
}

/* ---- the quota ---- */

static size_t
revocations(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < RECORDS; i++)
		n += w->r[i].kind == KIND_REVOCATION;
	return n;
}

/*
 * Over the quota authors go by their salted hash alone: what is held is what
 * the announced sample says, in whatever order a flood came. With more room
 * all may come back.
 */
static void
test_sample(void **state)
{
	(void)state;
	for (uint64_t seed = 300; seed < 330; seed++) {
		struct node n;
		struct store_view *v;
		struct store_totals t;
		world_make(&world, seed);
		if (revocations(&world) > 2) /* an eighth: test_revocations */
			continue;
		world.scope = scope_all();
		node_open(
		    &n, &world, seed % 5 == 0 ? TEST_LMDB : TEST_MEMORY, seed);
		n.cf.max_records = 20 + test_below(&world.env, 10);
		node_reopen(&n);
		for (unsigned round = 0; round < 12; round++) {
			feed_all(&n, &world);
			node_sweep(&n, &world, 1 + test_below(&world.env, 9));
			if (round == 6)
				node_reopen(&n);
		}
		store_scope(n.s, &world.scope);
		const uint32_t below = world.scope.samples[0].below;
		assert_true(below < SCOPE_EVERYBODY);
		compare(&n, &world, seed);
		assert_int_equal(store_view_open(n.s, &v), OK);
		assert_int_equal(store_totals(v, &t), OK);
		store_view_close(v);
		assert_true(t.records + t.floors <= n.cf.max_records);
		assert_int_equal(t.evicted, n.evicted);
		assert_int_equal(t.refused_full, 0);

		/* the disk has grown: an eighth an hour */
		n.cf.max_records = 1000;
		node_reopen(&n);
		for (unsigned h = 0; h < 18; h++) {
			struct scope is;
			node_sweep(&n, &world, 50);
			store_scope(n.s, &is);
			assert_true(is.samples[0].below >= below);
			world.now_s += 3600;
			node_sweep(&n, &world, 50);
			node_sweep(&n, &world, 50); /* once an hour */
		}
		store_scope(n.s, &world.scope);
		feed_all(&n, &world);
		feed_all(&n, &world);
		compare(&n, &world, seed);
		node_close(&n);
	}
}

/* The narrowing fails at each operation in turn: nothing is half gone. */
static void
test_failures(void **state)
{
	unsigned fail_at = 1;
	size_t removed = 0;

	(void)state;
	for (;; fail_at++) {
		struct node n;
		struct test_faulty faulty;
		struct scope before, after;
		char why[STORE_WHY];
		world_make(&world, 400);
		world.scope = scope_all();
		node_open(&n, &world, TEST_MEMORY, 400);
		feed_all(&n, &world);
		store_close(n.s);
		test_faulty_init(&faulty, n.tm.map);
		n.cf.max_records = 25;
		assert_int_equal(store_open(&faulty.map, &n.cf, &n.s, why), OK);
		store_scope(n.s, &before);
		faulty.count = 0;
		faulty.fail_at = fail_at;
		const err e =
		    store_expire(n.s, world.now_s, 1000, NULL, NULL, &removed);
		faulty.fail_at = 0;
		store_scope(n.s, &after);
		if (e != OK) {
			assert_int_equal(e, ERR_IO);
			assert_true(scope_equal(&before, &after));
			compare(&n, &world, 400);
			assert_int_equal(store_expire(n.s, world.now_s, 1000,
					     NULL, NULL, &removed),
			    OK);
		}
		store_scope(n.s, &world.scope);
		assert_false(scope_equal(&before, &world.scope));
		compare(&n, &world, 400);
		node_close(&n);
		if (e == OK)
			break;
	}
	assert_true(fail_at > 50);
}

/* Revocations need no stamp: of strangers they take an eighth at most. */
static void
test_revocations(void **state)
{
	static uint8_t bytes[40][1024], scratch[RECORD_SCRATCH_BYTES];
	struct arena a = arena_of(scratch, sizeof(scratch));
	struct node n;
	size_t stored = 0;

	(void)state;
	world_make(&world, 1);
	world.scope = scope_all();
	node_open(&n, &world, TEST_MEMORY, 1);
	n.cf.max_records = 80;
	node_reopen(&n);
	for (size_t i = 0; i < 40; i++) {
		const struct test_record t = { .author = 1000 + i % 35,
			.kind = i < 35 ? KIND_REVOCATION : KIND_DEMAND };
		struct record r;
		/* of the last three something is held before */
		const struct test_record first = { .author = 1000 + i };
		if (i >= 32 && i < 35) {
			static uint8_t b[1024];
			const size_t k = test_record_make(&first, b, sizeof(b));
			assert_int_equal(
			    record_read(slice_of(b, k), &a, &r), RECORD_FINE);
			struct store_item item = { .record = &r };
			assert_int_equal(
			    store_apply(n.s, &item, 1, world.now_s, NULL, NULL),
			    OK);
			assert_int_equal(item.outcome, RECORD_STORED);
		}
		const size_t m =
		    test_record_make(&t, bytes[i], sizeof(bytes[i]));
		assert_int_equal(
		    record_read(slice_of(bytes[i], m), &a, &r), RECORD_FINE);
		struct store_item item = { .record = &r };
		assert_int_equal(
		    store_apply(n.s, &item, 1, world.now_s, NULL, NULL), OK);
		if (i < 32)
			stored += item.outcome == RECORD_STORED;
		else if (i < 35)
			assert_int_equal(item.outcome, RECORD_STORED);
	}
	assert_int_equal(stored, 10);
	node_close(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_meet),
		cmocka_unit_test(test_narrowed),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_revocations),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
