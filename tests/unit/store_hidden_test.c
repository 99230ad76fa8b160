/*
 * Own records on their way: what others may see stays as it was until they
 * come back, number by number, whatever is renewed, ended or deleted
 * meanwhile; what the owner sees is the new one at once. The map fails at
 * each operation in turn; a store of version 2 is moved.
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

/* ---- helpers ---- */

struct made {
	uint8_t bytes[2048];
	struct record r;
};

/* In the order in which they beat each other. */
static struct made first, second, third, fourth, demand, end_of, stranger[3];

static const struct record *
make(struct made *m, struct test_record t)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES];
	struct arena a = arena_of(scratch, sizeof(scratch));

	if (t.kind != KIND_REVOCATION)
		t.expires_h = TEST_HOUR + 100;
	const size_t n = test_record_make(&t, m->bytes, sizeof(m->bytes));
	assert_int_equal(
	    record_read(slice_of(m->bytes, n), &a, &m->r), RECORD_FINE);
	return &m->r;
}

static int
make_all(void **state)
{
	struct made *const cards[] = { &first, &second, &third, &fourth };

	for (size_t i = 0; i < ARRAY_LEN(cards); i++)
		make(cards[i],
		    (struct test_record){ .seq = (TEST_HOUR - 9 + i) << 8 });
	make(&demand, (struct test_record){ .kind = KIND_DEMAND, .slot = 2 });
	make(&end_of, (struct test_record){ .kind = KIND_REVOCATION });
	for (size_t i = 0; i < ARRAY_LEN(stranger); i++)
		make(&stranger[i], (struct test_record){ .author = 1 + i });
	(void)state;
	return 0;
}

struct fixture {
	struct test_map tm;
	struct map *map; /* that of ${tm}, or around it */
	struct store *s;
	struct store_gone gone[16];
	size_t gone_n;
};

static void
open_store(struct fixture *f)
{
	const struct store_config c = { .net = slice_str(TEST_NET),
		.mark = { 1 } };
	char why[STORE_WHY];

	assert_int_equal(store_open(f->map, &c, &f->s, why), OK);
}

static void
setup(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	test_map_open(&f->tm, TEST_MEMORY);
	f->map = f->tm.map;
	open_store(f);
}

static void
print_fault(void *ctx, const char *text)
{
	(void)ctx;
	print_message("fault: %s\n", text);
}

static struct store_view *
view(struct fixture *f)
{
	struct store_view *v;
	assert_int_equal(store_view_open(f->s, &v), OK);
	return v;
}

static void
assert_sound(struct fixture *f)
{
	struct store_report report;
	struct store_view *v = view(f);

	assert_int_equal(
	    store_check(v, STORE_CHECK_SIGNATURES, print_fault, NULL, &report),
	    OK);
	assert_int_equal(report.faults, 0);
	store_view_close(v);
}

static void
teardown(struct fixture *f)
{
	assert_sound(f);
	store_close(f->s);
	test_map_close(&f->tm);
}

static void
note_gone(void *ctx, const struct store_gone *gone)
{
	struct fixture *f = ctx;
	assert_true(f->gone_n < ARRAY_LEN(f->gone));
	f->gone[f->gone_n++] = *gone;
}

enum whose { THEIRS, OURS, OURS_QUIET };

static struct store_item
put(struct fixture *f, const struct made *m, enum whose whose)
{
	struct store_item item = { .record = &m->r,
		.own = whose != THEIRS,
		.quiet = whose == OURS_QUIET };

	f->gone_n = 0;
	assert_int_equal(
	    store_apply(f->s, &item, 1, TEST_NOW, note_gone, f), OK);
	return item;
}

/* Own, and come back. */
static void
put_open(struct fixture *f, const struct made *m)
{
	put(f, m, OURS_QUIET);
	assert_int_equal(put(f, m, THEIRS).outcome, RECORD_DUPLICATE);
}

/* ---- the two ways to look ---- */

/* All that a stranger can ask of a store. */
struct seen {
	size_t n;
	struct store_item_key keys[16];
	size_t walked_n;
	uint64_t head;
	enum record_outcome asked[8]; /* of what is offered */
};

static bool
on_item(void *ctx, const struct store_item_key *key)
{
	struct seen *s = ctx;

	s->keys[s->n++] = *key;
	s->head = MAX(s->head, key->arrival);
	return true;
}

static bool
on_open(void *ctx, const struct store_record *r)
{
	struct seen *s = ctx;

	assert_false(store_is_hidden(r));
	s->walked_n++;
	return true;
}

static struct seen
others_see(struct fixture *f)
{
	const struct made *const offers[] = { &first, &second, &demand };
	const struct scope all = scope_all();
	struct store_view *v = view(f);
	struct seen s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(store_each_item(v, &all, TEST_NOW, on_item, &s), OK);
	assert_int_equal(store_each_open(v, 0, on_open, &s), OK);
	assert_int_equal(s.n, s.walked_n);
	for (size_t i = 0; i < ARRAY_LEN(offers); i++)
		assert_int_equal(
		    store_look(v, &offers[i]->r, TEST_NOW, &s.asked[i], NULL),
		    OK);
	store_view_close(v);
	return s;
}

static void
assert_same(const struct seen *a, const struct seen *b)
{
	assert_int_equal(a->n, b->n);
	assert_memory_equal(a, b, sizeof(*a));
}

static bool
has(const struct seen *s, const struct made *m)
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->keys[i].id, m->r.id, STORE_ITEM_ID) == 0)
			return true;
	return false;
}

struct owned {
	uint8_t id[8][RECORD_ID];
	size_t n;
};

static bool
on_own(void *ctx, const struct store_record *r)
{
	struct owned *o = ctx;

	if (memcmp(r->author, first.r.author, RECORD_AUTHOR) == 0)
		memcpy(o->id[o->n++], r->id, RECORD_ID);
	return true;
}

/* By each way to look the owner finds exactly these. */
static void
assert_owner_sees(
    struct fixture *f, const struct made *const *want, size_t want_n)
{
	struct store_view *v = view(f);
	struct owned o[5] = { 0 };

	assert_int_equal(store_each_own(v, on_own, &o[0]), OK);
	assert_int_equal(
	    store_each_author(v, first.r.author, 0, on_own, &o[1]), OK);
	assert_int_equal(store_each_arrival(v, 0, on_own, &o[2]), OK);
	assert_int_equal(store_each_time(v, 0, UINT32_MAX, on_own, &o[3]), OK);
	for (uint32_t kind = 0; kind < STORE_KINDS; kind++)
		if (kind_info(kind) != NULL)
			assert_int_equal(
			    store_each_kind(v, kind, on_own, &o[4]), OK);
	for (size_t w = 0; w < ARRAY_LEN(o); w++) {
		assert_int_equal(o[w].n, want_n);
		for (size_t i = 0; i < want_n; i++) {
			bool found = false;
			for (size_t j = 0; j < o[w].n; j++)
				found =
				    found || memcmp(o[w].id[j], want[i]->r.id,
						 RECORD_ID) == 0;
			assert_true(found);
		}
	}
	store_view_close(v);
}

/* ---- tests ---- */

/* A card is renewed, twice: nobody else can tell, until it comes back. */
static void
test_renewed(void **state)
{
	struct store_record r;
	struct fixture f;
	uint64_t seq;

	(void)state;
	setup(&f);
	put_open(&f, &first);
	put(&f, &stranger[0], THEIRS);
	const struct seen before = others_see(&f);
	assert_true(has(&before, &first));

	const struct store_item item = put(&f, &second, OURS);
	assert_int_equal(item.outcome, RECORD_STORED);
	assert_memory_equal(item.replaced_id, first.r.id, RECORD_ID);
	assert_int_equal(f.gone_n, 1); /* for the owner */
	assert_memory_equal(f.gone[0].id, first.r.id, RECORD_ID);
	struct seen now = others_see(&f);
	now.asked[1] = before.asked[1]; /* what nobody else could offer */
	assert_same(&before, &now);
	assert_owner_sees(&f, (const struct made *[]){ &second }, 1);
	assert_sound(&f);

	put(&f, &third, OURS);
	assert_int_equal(f.gone_n, 1);
	assert_memory_equal(f.gone[0].id, second.r.id, RECORD_ID);
	now = others_see(&f);
	assert_same(&before, &now);
	struct store_view *v = view(&f);
	assert_int_equal(
	    store_get_open(v, first.r.author, KIND_PROFILE, 0, &r), OK);
	assert_memory_equal(r.id, first.r.id, RECORD_ID);
	assert_int_equal(
	    store_get_slot(v, first.r.author, KIND_PROFILE, 0, &r), OK);
	assert_memory_equal(r.id, third.r.id, RECORD_ID);
	assert_true(r.own && store_is_hidden(&r));
	assert_int_equal(
	    store_slot_seq(v, first.r.author, KIND_PROFILE, 0, &seq), OK);
	assert_int_equal(seq, third.r.seq);
	store_view_close(v);

	/* arrivals go on without a gap, and so does it itself */
	put(&f, &stranger[1], THEIRS);
	now = others_see(&f);
	assert_int_equal(now.head, before.head + 1);
	const struct store_item back = put(&f, &third, THEIRS);
	assert_int_equal(back.outcome, RECORD_DUPLICATE);
	assert_true(back.returned);
	assert_int_equal(f.gone_n, 0); /* was told before */
	now = others_see(&f);
	assert_int_equal(now.head, before.head + 2);
	assert_int_equal(now.n, before.n + 1);
	assert_true(has(&now, &third) && !has(&now, &first));
	v = view(&f);
	assert_int_equal(store_get_rid(v, back.rid, &r), OK);
	assert_memory_equal(r.id, third.r.id, RECORD_ID);
	assert_true(r.own && r.heard);
	store_view_close(v);
	assert_false(put(&f, &third, THEIRS).returned); /* once */
	teardown(&f);
}

/* Another device, an attacker, a late peer: what comes meanwhile. */
static void
test_meanwhile(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	put(&f, &third, OURS);
	/* an older version: as anybody would, it is taken */
	assert_int_equal(put(&f, &first, THEIRS).outcome, RECORD_STORED);
	struct seen s = others_see(&f);
	assert_true(has(&s, &first));
	assert_owner_sees(&f, (const struct made *[]){ &third }, 1);
	assert_int_equal(put(&f, &second, THEIRS).outcome, RECORD_STORED);
	assert_int_equal(put(&f, &first, THEIRS).outcome, RECORD_STALE);
	/* the owner's own older one is not */
	assert_int_equal(put(&f, &second, OURS).outcome, RECORD_DUPLICATE);
	assert_int_equal(put(&f, &first, OURS).outcome, RECORD_STALE);
	assert_sound(&f);
	/* a newer one ends it */
	assert_int_equal(put(&f, &fourth, THEIRS).outcome, RECORD_STORED);
	assert_owner_sees(&f, (const struct made *[]){ &fourth }, 1);
	assert_int_equal(put(&f, &third, THEIRS).outcome, RECORD_STALE);
	teardown(&f);
}

/* Outside of the scope: what replaces the owner's is taken all the same, else
 * that would be on its way for ever. */
static void
test_beaten_outside(void **state)
{
	struct scope narrow = scope_all();
	struct store_held held;
	enum record_outcome o;
	struct fixture f;

	(void)state;
	assert_int_equal(scope_add_region(&narrow, "fr"), OK);
	setup(&f);
	store_set_scope(f.s, &narrow);
	put(&f, &third, OURS);
	struct store_view *v = view(&f);
	assert_int_equal(store_look(v, &fourth.r, TEST_NOW, &o, &held), OK);
	assert_int_equal(o, RECORD_FINE);
	assert_false(held.outside);
	store_view_close(v);
	assert_int_equal(put(&f, &fourth, THEIRS).outcome, RECORD_STORED);
	assert_int_equal(f.gone_n, 1);
	assert_memory_equal(f.gone[0].id, third.r.id, RECORD_ID);
	assert_owner_sees(&f, (const struct made *[]){ &fourth }, 1);
	/* but a stranger's is passed on, no more */
	assert_int_equal(put(&f, &stranger[0], THEIRS).outcome, RECORD_RELAYED);
	teardown(&f);
}

/* All that an author has stays in sight until the end comes back. */
static void
test_revoked(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	put_open(&f, &first);
	put_open(&f, &demand);
	put(&f, &second, OURS);
	const struct seen before = others_see(&f);

	assert_int_equal(put(&f, &end_of, OURS_QUIET).outcome, RECORD_STORED);
	assert_int_equal(f.gone_n, 2); /* first was told of before */
	const struct seen now = others_see(&f);
	assert_int_equal(before.n, now.n);
	assert_memory_equal(before.keys, now.keys, sizeof(now.keys));
	assert_owner_sees(&f, (const struct made *[]){ &end_of }, 1);
	assert_int_equal(put(&f, &third, OURS).outcome, RECORD_REVOKED);
	assert_sound(&f);

	assert_true(put(&f, &end_of, THEIRS).returned);
	const struct seen after = others_see(&f);
	assert_int_equal(after.n, 1);
	assert_true(has(&after, &end_of));
	assert_int_equal(put(&f, &first, THEIRS).outcome, RECORD_REVOKED);
	teardown(&f);
}

/* It expires, alone or with what it was to replace. */
static void
test_expires(void **state)
{
	struct fixture f;
	size_t removed;

	(void)state;
	setup(&f);
	put_open(&f, &first);
	put(&f, &second, OURS);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(store_expire(f.s, TEST_NOW + 101 * 3600, 1,
				     note_gone, &f, &removed),
		    OK);
	const struct seen s = others_see(&f);
	assert_int_equal(s.n, 0);
	assert_owner_sees(&f, NULL, 0);
	teardown(&f);
}

/* The map fails at each operation of the return: all of it, or nothing. */
static void
test_failures(void **state)
{
	unsigned fail_at = 1;

	(void)state;
	for (bool failed = true; failed; fail_at++) {
		struct store_item item = { .record = &second.r };
		struct test_faulty faulty;
		struct fixture f;

		setup(&f);
		put_open(&f, &first);
		put(&f, &second, OURS);
		store_close(f.s);
		test_faulty_init(&faulty, f.tm.map);
		f.map = &faulty.map;
		open_store(&f);
		struct seen before = others_see(&f);
		faulty.count = 0;
		faulty.fail_at = fail_at;
		const err e = store_apply(f.s, &item, 1, TEST_NOW, NULL, NULL);
		faulty.fail_at = 0;
		failed = e != OK;
		assert_sound(&f);
		const struct seen now = others_see(&f);
		if (failed) {
			assert_same(&before, &now);
			assert_owner_sees(
			    &f, (const struct made *[]){ &second }, 1);
		} else {
			assert_true(has(&now, &second) && !has(&now, &first));
		}
		put(&f, &second, THEIRS);
		const struct seen after = others_see(&f);
		assert_true(has(&after, &second) && !has(&after, &first));
		teardown(&f);
	}
	assert_true(fail_at > 10);
}

/* What a damaged store had on its way is on its way in the new one. */
static void
test_repaired(void **state)
{
	const struct store_config c = { .net = slice_str(TEST_NET) };
	struct store_repaired report;
	struct fixture f, g;
	char why[STORE_WHY];

	(void)state;
	setup(&f);
	put_open(&f, &first);
	put(&f, &stranger[0], THEIRS);
	put(&f, &second, OURS);
	const struct seen before = others_see(&f);
	store_close(f.s);
	memset(&g, 0, sizeof(g));
	test_map_open(&g.tm, TEST_MEMORY);
	g.map = g.tm.map;
	assert_int_equal(
	    store_repair(f.tm.map, g.map, &c, print_fault, NULL, &report, why),
	    OK);
	assert_int_equal(report.records, 3);
	assert_int_equal(report.lost, 0);
	open_store(&g);
	const struct seen now = others_see(&g);
	assert_same(&before, &now);
	struct store_view *v = view(&g);
	struct store_record r;
	assert_int_equal(
	    store_get_slot(v, first.r.author, KIND_PROFILE, 0, &r), OK);
	assert_memory_equal(r.id, second.r.id, RECORD_ID);
	store_view_close(v);
	assert_true(put(&g, &second, THEIRS).returned);
	teardown(&g);
	open_store(&f);
	teardown(&f);
}

/* As version 2 left it: the row of the hidden one in slot. */
static void
test_migrated(void **state)
{
	struct store_key row;
	struct map_txn *t;
	struct slice v;
	struct fixture f;
	uint8_t format[16], value[WINNER_BYTES];
	bool done = false;

	(void)state;
	setup(&f);
	put(&f, &stranger[0], THEIRS);
	put(&f, &demand, OURS); /* not hidden */
	put(&f, &second, OURS);
	const struct seen before = others_see(&f);
	struct slot_state st;
	struct store_view *look = view(&f);
	const struct slot_name name = { second.r.author, KIND_PROFILE, 0 };
	assert_int_equal(store_slot_find(look, TABLE_HIDDEN, &name, &st), OK);
	row = st.row;
	store_view_close(look);
	store_close(f.s);

	assert_int_equal(map_begin(f.map, true, &t), OK);
	assert_int_equal(map_get(t, TABLE_HIDDEN, key_slice(&row), &v), OK);
	memcpy(value, v.p, WINNER_BYTES);
	assert_int_equal(map_del(t, TABLE_HIDDEN, key_slice(&row)), OK);
	assert_int_equal(map_put(t, TABLE_SLOT, key_slice(&row),
			     slice_of(value, WINNER_BYTES), MAP_PUT),
	    OK);
	assert_int_equal(map_get(t, TABLE_META, slice_str("format"), &v), OK);
	memcpy(format, v.p, sizeof(format));
	put_u32be(format + 8, 2);
	assert_int_equal(map_put(t, TABLE_META, slice_str("format"),
			     slice_of(format, sizeof(format)), MAP_PUT),
	    OK);
	assert_int_equal(map_commit(t), OK);

	open_store(&f);
	assert_true(store_info(f.s).must_migrate);
	assert_int_equal(store_migrate(f.s, TEST_NOW, 2, &done), OK);
	assert_true(done);
	const struct seen now = others_see(&f);
	assert_int_equal(before.n, now.n);
	assert_true(put(&f, &second, THEIRS).returned);
	teardown(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renewed),
		cmocka_unit_test(test_meanwhile),
		cmocka_unit_test(test_beaten_outside),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_repaired),
		cmocka_unit_test(test_migrated),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, make_all, NULL);
}
