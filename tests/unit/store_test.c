/*
 * The record log case by case, on both backends; opening, quota, expiry,
 * reading, the check with planted damage, a hash that collides, and a map
 * that fails at each operation in turn.
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

static const enum test_backend backends[] = { TEST_MEMORY, TEST_LMDB };
#define EACH_BACKEND(b) for (size_t b = 0; b < ARRAY_LEN(backends); b++)

/* ---- helpers ---- */

struct fixture {
	struct test_map tm;
	struct store *s;
	struct store_config config;
	uint64_t now_s;
	struct store_gone gone[64];
	size_t gone_n;
};

static void
open_store(struct fixture *f)
{
	char why[STORE_WHY];
	const err e = store_open(f->tm.map, &f->config, &f->s, why);
	if (e != OK)
		fail_msg("%s: %s", err_name(e), why);
}

static void
setup(struct fixture *f, enum test_backend backend)
{
	*f = (struct fixture){ .now_s = TEST_NOW };
	f->config.net = slice_str(TEST_NET);
	memset(f->config.random, 0x5a, STORE_SECRET);
	memset(f->config.mark, 1, STORE_MARK);
	test_map_open(&f->tm, backend);
	open_store(f);
}

static void
reopen(struct fixture *f)
{
	store_close(f->s);
	test_map_reopen(&f->tm);
	open_store(f);
}

static struct store_view *
view(struct store *s)
{
	struct store_view *v;
	assert_int_equal(store_view_open(s, &v), OK);
	return v;
}

static void
print_fault(void *ctx, const char *text)
{
	(void)ctx;
	print_message("fault: %s\n", text);
}

static uint64_t
faults(struct store *s, store_fault_fn *fn, void *ctx)
{
	struct store_report report;
	struct store_view *v = view(s);
	assert_int_equal(
	    store_check(v, STORE_CHECK_SIGNATURES, fn, ctx, &report), OK);
	store_view_close(v);
	return report.faults;
}

static void
teardown(struct fixture *f)
{
	assert_int_equal(faults(f->s, print_fault, NULL), 0);
	store_close(f->s);
	test_map_close(&f->tm);
}

/* A record in memory of its own. */
struct made {
	uint8_t bytes[2048];
	struct record r;
};

static const struct record *
make(struct made *m, struct test_record t)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES];
	struct arena a = arena_of(scratch, sizeof(scratch));
	const size_t n = test_record_make(&t, m->bytes, sizeof(m->bytes));
	const enum record_outcome o =
	    record_read(slice_of(m->bytes, n), &a, &m->r);

	if (o != RECORD_FINE)
		fail_msg("record_read: %s", record_outcome_name(o));
	return &m->r;
}

static void
note_gone(void *ctx, const struct store_gone *gone)
{
	struct fixture *f = ctx;
	assert_true(f->gone_n < ARRAY_LEN(f->gone));
	f->gone[f->gone_n++] = *gone;
}

static struct store_item
apply_as(struct fixture *f, const struct record *r, bool own)
{
	struct store_item item = { .record = r, .own = own };
	f->gone_n = 0;
	assert_int_equal(
	    store_apply(f->s, &item, 1, f->now_s, note_gone, f), OK);
	return item;
}

static enum record_outcome
apply(struct fixture *f, const struct record *r)
{
	struct store_view *v = view(f->s);
	enum record_outcome look;
	assert_int_equal(store_look(v, r, f->now_s, &look, NULL), OK);
	store_view_close(v);
	const enum record_outcome o = apply_as(f, r, false).outcome;
	/* the look never refuses what would have been stored */
	if (o == RECORD_STORED)
		assert_int_equal(look, RECORD_FINE);
	return o;
}

static bool
holds(struct fixture *f, const struct record *r)
{
	struct store_view *v = view(f->s);
	struct store_record got;
	const err e = store_get(v, r->id, &got);
	if (e == OK)
		assert_true(slice_eq(got.bytes, r->bytes));
	else
		assert_int_equal(e, ERR_NOTFOUND);
	store_view_close(v);
	return e == OK;
}

static size_t
expire(struct fixture *f, size_t max)
{
	size_t removed;
	f->gone_n = 0;
	assert_int_equal(
	    store_expire(f->s, f->now_s, max, note_gone, f, &removed), OK);
	return removed;
}

static struct store_totals
totals(struct fixture *f)
{
	struct store_view *v = view(f->s);
	struct store_totals t;
	assert_int_equal(store_totals(v, &t), OK);
	store_view_close(v);
	return t;
}

#define SEQ(hours, counter)                                                    \
	((uint64_t)((int64_t)TEST_HOUR + (hours)) << 8 | (uint64_t)(counter))

/* ---- winner rules ---- */

/*
 * Letters are records of one slot, given one after the other; after each the
 * outcome: s stored, d duplicate, o stale, x expired, r revoked.
 */
static void
test_slot(void **state)
{
	static const struct {
		const char *name, *order, *want, *held;
	} cases[] = {
		{ "newer wins", "ab", "ss", "b" },
		{ "older loses", "ba", "so", "b" },
		{ "twice", "aa", "sd", "a" },
		{ "again after the winner", "aba", "sso", "b" },
		{ "a tombstone wins", "abt", "sss", "t" },
		{ "nothing older after a tombstone", "tabt", "sood", "t" },
		{ "newer than the tombstone", "tc", "ss", "c" },
		{ "expired", "xax", "xsx", "a" },
		{ "another slot", "as", "ss", "as" },
		{ "another kind", "ak", "ss", "ak" },
		{ "another author", "ae", "ss", "ae" },
		{ "revoked before", "ra", "sr", "r" },
		{ "revoked after", "aksr", "ssss", "r" },
		{ "revoked with tombstone", "tra", "ssr", "r" },
		{ "revocation of another", "aRe", "ssr", "aR" },
		{ "revocation replaced", "arqrb", "sssor", "q" },
	};
	static const struct {
		char name;
		struct test_record t;
	} letters[] = {
		{ 'a', { .kind = KIND_DEMAND, .seq = SEQ(0, 0) } },
		{ 'b', { .kind = KIND_DEMAND, .seq = SEQ(0, 1) } },
		{ 't', { .kind = KIND_DEMAND,
			   .seq = SEQ(0, 2),
			   .flags = RECORD_FLAG_DELETED } },
		{ 'c', { .kind = KIND_DEMAND, .seq = SEQ(0, 3) } },
		{ 'x', { .kind = KIND_DEMAND,
			   .seq = SEQ(-2, 0),
			   .expires_h = TEST_HOUR } },
		{ 's', { .kind = KIND_DEMAND, .slot = 1, .seq = SEQ(0, 0) } },
		{ 'k', { .kind = KIND_COURSE, .seq = SEQ(0, 0) } },
		{ 'e', { .kind = KIND_DEMAND, .author = 1, .seq = SEQ(0, 0) } },
		{ 'r', { .kind = KIND_REVOCATION, .seq = SEQ(0, 0) } },
		{ 'q', { .kind = KIND_REVOCATION, .seq = SEQ(0, 1) } },
		{ 'R', { .kind = KIND_REVOCATION,
			   .author = 1,
			   .seq = SEQ(0, 0) } },
	};
	static const struct {
		char name;
		enum record_outcome o;
	} outcomes[] = { { 's', RECORD_STORED }, { 'd', RECORD_DUPLICATE },
		{ 'o', RECORD_STALE }, { 'x', RECORD_EXPIRED },
		{ 'r', RECORD_REVOKED } };
	static struct made made[ARRAY_LEN(letters)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		make(&made[i], letters[i].t);
	EACH_BACKEND(b)
	{
		for (size_t n = 0; n < ARRAY_LEN(cases); n++) {
			struct fixture f;
			setup(&f, backends[b]);
			for (size_t i = 0; cases[n].order[i] != '\0'; i++) {
				size_t l = 0, o = 0;
				while (letters[l].name != cases[n].order[i])
					l++;
				while (outcomes[o].name != cases[n].want[i])
					o++;
				const enum record_outcome got =
				    apply(&f, &made[l].r);
				if (got != outcomes[o].o)
					fail_msg("%s, step %zu: %s",
					    cases[n].name, i,
					    record_outcome_name(got));
			}
			for (size_t l = 0; l < ARRAY_LEN(letters); l++) {
				const bool want = strchr(cases[n].held,
						      letters[l].name) != NULL;
				if (holds(&f, &made[l].r) != want)
					fail_msg("%s: %c", cases[n].name,
					    letters[l].name);
			}
			assert_int_equal(
			    totals(&f).records, strlen(cases[n].held));
			teardown(&f);
		}
	}
}

/* What apply says about what changed. */
static void
test_events(void **state)
{
	static struct made a, b, other, revocation;

	(void)state;
	make(&a, (struct test_record){ .seq = SEQ(0, 0) });
	make(&b, (struct test_record){ .seq = SEQ(0, 1) });
	make(&other, (struct test_record){ .kind = KIND_COURSE, .slot = 7 });
	make(&revocation, (struct test_record){ .kind = KIND_REVOCATION });
	EACH_BACKEND(i)
	{
		struct fixture f;
		setup(&f, backends[i]);
		const struct store_item x = apply_as(&f, &a.r, false);
		assert_int_equal(x.outcome, RECORD_STORED);
		assert_int_equal(x.rid, 1);
		assert_int_equal(x.replaced, 0);
		assert_int_equal(f.gone_n, 0);

		const struct store_item y = apply_as(&f, &b.r, false);
		assert_int_equal(y.rid, 2);
		assert_int_equal(y.replaced, 1);
		assert_memory_equal(y.replaced_id, a.r.id, RECORD_ID);
		assert_int_equal(f.gone_n, 1);
		assert_int_equal(f.gone[0].why, STORE_REPLACED);
		assert_memory_equal(f.gone[0].id, a.r.id, RECORD_ID);

		const struct store_item d = apply_as(&f, &b.r, false);
		assert_int_equal(d.outcome, RECORD_DUPLICATE);
		assert_int_equal(d.rid, 2);

		apply(&f, &other.r);
		const struct store_item z = apply_as(&f, &revocation.r, false);
		assert_int_equal(z.outcome, RECORD_STORED);
		assert_int_equal(z.replaced, 0);
		assert_int_equal(f.gone_n, 2);
		for (size_t n = 0; n < 2; n++) {
			assert_int_equal(f.gone[n].why, STORE_REVOKED);
			assert_memory_equal(
			    f.gone[n].author, a.r.author, RECORD_AUTHOR);
		}
		assert_int_equal(f.gone[0].kind + f.gone[1].kind,
		    KIND_PROFILE + KIND_COURSE);
		teardown(&f);
	}
}

/* ---- time ---- */

/* A floor outlives the winner as long as an older record could come back. */
static void
test_floor(void **state)
{
	static struct made old, tombstone, middle, newer;

	(void)state;
	make(&old, (struct test_record){
		       .seq = SEQ(0, 0), .expires_h = TEST_HOUR + 100 });
	make(&tombstone, (struct test_record){ .seq = SEQ(0, 2),
			     .expires_h = TEST_HOUR + 10,
			     .flags = RECORD_FLAG_DELETED });
	make(&middle, (struct test_record){
			  .seq = SEQ(0, 1), .expires_h = TEST_HOUR + 200 });
	make(&newer, (struct test_record){
			 .seq = SEQ(50, 0), .expires_h = TEST_HOUR + 120 });
	EACH_BACKEND(b)
	{
		struct fixture f;
		setup(&f, backends[b]);
		assert_int_equal(apply(&f, &old.r), RECORD_STORED);
		assert_int_equal(apply(&f, &tombstone.r), RECORD_STORED);
		assert_int_equal(expire(&f, 10), 0);
		f.now_s = (TEST_HOUR + 10) * 3600;
		/* unswept or swept, it makes no difference */
		assert_int_equal(apply(&f, &old.r), RECORD_STALE);
		assert_int_equal(expire(&f, 10), 1);
		assert_int_equal(f.gone[0].why, STORE_EXPIRED);
		assert_true(f.gone[0].deleted);
		assert_int_equal(totals(&f).records, 0);
		assert_int_equal(apply(&f, &old.r), RECORD_STALE);
		reopen(&f);
		assert_int_equal(apply(&f, &old.r), RECORD_STALE);
		/* a loser with a longer life makes the floor last as long */
		assert_int_equal(apply(&f, &middle.r), RECORD_STALE);
		assert_int_equal(faults(f.s, print_fault, NULL), 0);

		f.now_s = (TEST_HOUR + 100) * 3600;
		assert_int_equal(expire(&f, 10), 0);
		assert_int_equal(apply(&f, &middle.r), RECORD_STALE);
		assert_int_equal(apply(&f, &newer.r), RECORD_STORED);
		f.now_s = (TEST_HOUR + 120) * 3600;
		assert_int_equal(expire(&f, 10), 1);
		assert_int_equal(apply(&f, &middle.r), RECORD_STALE);
		f.now_s = (TEST_HOUR + 200) * 3600;
		assert_int_equal(expire(&f, 10), 1); /* the floor itself */
		assert_int_equal(apply(&f, &middle.r), RECORD_EXPIRED);
		assert_int_equal(expire(&f, 10), 0);
		teardown(&f);
	}
}

static void
test_expire_bounded(void **state)
{
	static struct made m[30];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(m); i++)
		make(&m[i], (struct test_record){ .kind = KIND_DEMAND,
				.slot = (uint32_t)i,
				.expires_h = TEST_HOUR + 1 + i / 3 });
	EACH_BACKEND(b)
	{
		struct fixture f;
		setup(&f, backends[b]);
		for (size_t i = 0; i < ARRAY_LEN(m); i++)
			assert_int_equal(apply(&f, &m[i].r), RECORD_STORED);
		f.now_s = (TEST_HOUR + 5) * 3600 - 1;
		assert_int_equal(expire(&f, 5), 5);
		assert_int_equal(expire(&f, 5), 5);
		assert_int_equal(expire(&f, 5), 2);
		assert_int_equal(expire(&f, 5), 0);
		for (size_t i = 0; i < ARRAY_LEN(m); i++)
			assert_int_equal(holds(&f, &m[i].r), i >= 12);
		teardown(&f);
	}
}

/* After the revocation has expired the key counts again. */
static void
test_revocation_expires(void **state)
{
	static struct made a, revocation;

	(void)state;
	make(&a, (struct test_record){ .expires_h = TEST_HOUR + 100 });
	make(&revocation, (struct test_record){ .kind = KIND_REVOCATION,
			      .seq = SEQ(50 - 9600, 0) });
	EACH_BACKEND(b)
	{
		for (int before = 0; before < 2; before++) {
			struct fixture f;
			setup(&f, backends[b]);
			if (before)
				apply(&f, &a.r);
			assert_int_equal(
			    apply(&f, &revocation.r), RECORD_STORED);
			assert_int_equal(apply(&f, &a.r), RECORD_REVOKED);
			f.now_s = (TEST_HOUR + 50) * 3600;
			assert_int_equal(apply(&f, &a.r), RECORD_STORED);
			assert_int_equal(expire(&f, 10), 1);
			assert_true(holds(&f, &a.r));
			teardown(&f);
		}
	}
}

/* ---- the owner, the quota ---- */

static void
test_own_and_heard(void **state)
{
	static struct made a, b, stranger;

	(void)state;
	make(&a, (struct test_record){ .seq = SEQ(0, 0) });
	make(&b, (struct test_record){ .seq = SEQ(0, 1) });
	make(&stranger, (struct test_record){ .author = 1 });
	EACH_BACKEND(i)
	{
		struct fixture f;
		struct store_record r;
		struct store_held held;
		enum record_outcome o;
		setup(&f, backends[i]);
		apply(&f, &stranger.r);
		apply_as(&f, &a.r, true);

		struct store_view *v = view(f.s);
		assert_int_equal(store_get(v, a.r.id, &r), OK);
		assert_true(r.own && !r.heard);
		assert_int_equal(store_look(v, &a.r, f.now_s, &o, &held), OK);
		assert_int_equal(o, RECORD_DUPLICATE);
		assert_true(held.own && !held.heard && held.rid == r.rid);
		store_view_close(v);

		assert_int_equal(apply(&f, &a.r), RECORD_DUPLICATE);
		reopen(&f);
		v = view(f.s);
		assert_int_equal(store_get(v, a.r.id, &r), OK);
		assert_true(r.own && r.heard);
		assert_int_equal(store_get(v, stranger.r.id, &r), OK);
		assert_true(!r.own && r.heard);
		store_view_close(v);

		/* the owner's other device: a newer one is the owner's too */
		assert_int_equal(apply(&f, &b.r), RECORD_STORED);
		/* a held one turns out to be the owner's */
		apply_as(&f, &stranger.r, true);
		v = view(f.s);
		assert_int_equal(store_get(v, b.r.id, &r), OK);
		assert_true(r.own && r.heard);
		assert_int_equal(store_get(v, stranger.r.id, &r), OK);
		assert_true(r.own && r.heard);
		store_view_close(v);
		teardown(&f);
	}
}

/* Over the quota at random authors leave, never the owner's records and no
 * revocation; only what comes faster than they can go is refused. */
static void
test_quota(void **state)
{
	static struct made m[300], own, revocation;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(m); i++)
		make(&m[i], (struct test_record){ .author = i });
	make(&own, (struct test_record){ .author = 900 });
	make(&revocation,
	    (struct test_record){ .author = 901, .kind = KIND_REVOCATION });
	EACH_BACKEND(b)
	{
		for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
			struct store_item items[ARRAY_LEN(m)];
			struct fixture f;
			size_t full = 0;
			setup(&f, backends[b]);
			f.config.max_records = by_bytes ? 0 : 20;
			f.config.max_bytes = by_bytes ? 20 * m[0].r.bytes.n : 0;
			reopen(&f);
			apply_as(&f, &own.r, true);
			assert_int_equal(
			    apply(&f, &revocation.r), RECORD_STORED);
			for (size_t i = 0; i < ARRAY_LEN(m); i++)
				items[i] =
				    (struct store_item){ .record = &m[i].r };
			assert_int_equal(store_apply(f.s, items, ARRAY_LEN(m),
					     f.now_s, NULL, NULL),
			    OK);
			for (size_t i = 0; i < ARRAY_LEN(m); i++)
				full += items[i].outcome == RECORD_QUEUE_FULL;
			assert_int_equal(totals(&f).refused_full, full);
			assert_int_equal(
			    totals(&f).records, 2 + ARRAY_LEN(m) - full);
			/* 20 and 64 of them, or as many bytes and 64 KiB */
			assert_true(full > 0 || by_bytes);
			assert_true(
			    totals(&f).records <= (by_bytes ? 400 : 84));

			f.gone_n = 0;
			size_t removed;
			assert_int_equal(store_expire(f.s, f.now_s, 1000, NULL,
					     NULL, &removed),
			    OK);
			assert_true(removed > 0);
			assert_int_equal(totals(&f).evicted, removed);
			assert_true(totals(&f).records <= 20);
			assert_true(totals(&f).records > 10);
			assert_true(
			    holds(&f, &own.r) && holds(&f, &revocation.r));
			teardown(&f);
		}
	}
}

/* ---- reading ---- */

struct seen {
	uint64_t rids[64];
	size_t n, stop_after;
};

static bool
note_seen(void *ctx, const struct store_record *r)
{
	struct seen *s = ctx;
	assert_true(s->n < ARRAY_LEN(s->rids));
	s->rids[s->n++] = r->rid;
	return s->n != s->stop_after;
}

static void
assert_seen(struct seen *s, const char *want)
{
	char got[256] = "";
	for (size_t i = 0; i < s->n; i++) {
		const size_t at = strlen(got);
		snprintf(got + at, sizeof(got) - at, "%s%d", i ? " " : "",
		    (int)s->rids[i]);
	}
	assert_string_equal(got, want);
	*s = (struct seen){ 0 };
}

static void
test_walks(void **state)
{
	/* the rid of each is its place here, from 1 */
	static const struct test_record ts[] = {
		{ .author = 0, .kind = KIND_PROFILE, .seq = SEQ(0, 0) },
		{ .author = 0,
		    .kind = KIND_DEMAND,
		    .slot = 3,
		    .seq = SEQ(-1, 0) },
		{ .author = 0,
		    .kind = KIND_DEMAND,
		    .slot = 1,
		    .seq = SEQ(-2, 0) },
		{ .author = 1, .kind = KIND_COURSE, .seq = SEQ(-3, 0) },
		{ .author = 1, .kind = KIND_DEMAND, .seq = SEQ(-3, 1) },
		{ .author = 2, .kind = 64, .seq = SEQ(-4, 0) },
		{ .author = 2,
		    .kind = KIND_PROFILE,
		    .seq = SEQ(-5, 0),
		    .region = "fr" },
	};
	static struct made m[ARRAY_LEN(ts)];
	const struct test_author zero = test_author(0);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ts); i++)
		make(&m[i], ts[i]);
	EACH_BACKEND(b)
	{
		struct fixture f;
		struct seen s = { 0 };
		struct store_record r;
		struct store_totals t;
		uint64_t seq;
		setup(&f, backends[b]);
		for (size_t i = 0; i < ARRAY_LEN(ts); i++)
			apply_as(&f, &m[i].r, i == 1 || i == 6);
		reopen(&f);
		struct store_view *v = view(f.s);

		assert_int_equal(store_each_arrival(v, 0, note_seen, &s), OK);
		assert_seen(&s, "1 2 3 4 5 6 7");
		assert_int_equal(store_each_arrival(v, 5, note_seen, &s), OK);
		assert_seen(&s, "6 7");
		s.stop_after = 2;
		assert_int_equal(store_each_arrival(v, 2, note_seen, &s), OK);
		assert_seen(&s, "3 4");
		assert_int_equal(
		    store_each_author(v, zero.pub, 0, note_seen, &s), OK);
		assert_seen(&s, "1 3 2");
		assert_int_equal(
		    store_each_author(v, zero.pub, KIND_DEMAND, note_seen, &s),
		    OK);
		assert_seen(&s, "3 2");
		assert_int_equal(
		    store_each_kind(v, KIND_DEMAND, note_seen, &s), OK);
		assert_true(s.n == 3 && s.rids[0] == 5 && s.rids[1] == 3);
		assert_seen(&s, "5 3 2");
		assert_int_equal(store_each_kind(v, 64, note_seen, &s), OK);
		assert_seen(&s, "6");
		assert_int_equal(
		    store_each_time(v, TEST_HOUR - 2,
			1U << CLASS_PEOPLE | 1U << CLASS_DEMAND, note_seen, &s),
		    OK);
		assert_seen(&s, "3 2 1");
		assert_int_equal(
		    store_each_time(v, TEST_HOUR - 4,
			1U << CLASS_META | 1U << CLASS_LEARN, note_seen, &s),
		    OK);
		assert_seen(&s, "6 4");
		assert_int_equal(store_each_own(v, note_seen, &s), OK);
		assert_seen(&s, "2 7");

		assert_int_equal(
		    store_get_slot(v, zero.pub, KIND_DEMAND, 3, &r), OK);
		assert_int_equal(r.rid, 2);
		assert_int_equal(
		    store_get_slot(v, zero.pub, KIND_DEMAND, 2, &r),
		    ERR_NOTFOUND);
		assert_int_equal(
		    store_slot_seq(v, zero.pub, KIND_DEMAND, 3, &seq), OK);
		assert_int_equal(seq, SEQ(-1, 0));
		assert_int_equal(
		    store_slot_seq(v, zero.pub, KIND_DEMAND, 2, &seq), OK);
		assert_int_equal(seq, 0);
		assert_int_equal(store_get_rid(v, 7, &r), OK);
		assert_string_equal(r.region, "fr");
		assert_int_equal(r.received_s, TEST_NOW);
		assert_memory_equal(r.author, m[6].r.author, RECORD_AUTHOR);
		assert_int_equal(store_get_rid(v, 8, &r), ERR_NOTFOUND);

		assert_int_equal(store_totals(v, &t), OK);
		assert_int_equal(t.records, 7);
		assert_int_equal(t.next_rid, 8);
		assert_int_equal(t.kind[KIND_DEMAND], 3);
		assert_int_equal(t.kind[64], 1);
		store_view_close(v);
		teardown(&f);
	}
}

static bool
note_private(void *ctx, struct slice key, struct slice value)
{
	char *text = ctx;
	const size_t at = strlen(text);
	snprintf(text + at, 64 - at, "%.*s=%.*s;", (int)key.n,
	    (const char *)key.p, (int)value.n, (const char *)value.p);
	return true;
}

static void
test_private(void **state)
{
	static uint8_t big[MAP_VALUE_MAX + 1];

	(void)state;
	EACH_BACKEND(b)
	{
		struct fixture f;
		struct slice value;
		char text[64] = "";
		setup(&f, backends[b]);
		assert_int_equal(store_private_put(f.s, slice_str("draft/1"),
				     slice_str("one")),
		    OK);
		assert_int_equal(store_private_put(f.s, slice_str("draft/2"),
				     slice_str("two")),
		    OK);
		assert_int_equal(
		    store_private_put(f.s, slice_str("peer"), slice_str("x")),
		    OK);
		assert_int_equal(
		    store_private_delete(f.s, slice_str("draft/2")), OK);
		assert_int_equal(
		    store_private_delete(f.s, slice_str("draft/2")), OK);
		assert_int_equal(store_private_put(f.s, slice_str("draft/0"),
				     slice_str("zero")),
		    OK);
		assert_int_equal(
		    store_private_put(f.s, slice_of(big, 61), slice_str("")),
		    ERR_LIMIT);
		assert_int_equal(store_private_put(f.s, slice_str("k"),
				     slice_of(big, sizeof(big))),
		    ERR_LIMIT);
		reopen(&f);
		struct store_view *v = view(f.s);
		assert_int_equal(store_private_each(v, slice_str("draft/"),
				     note_private, text),
		    OK);
		assert_string_equal(text, "draft/0=zero;draft/1=one;");
		assert_int_equal(
		    store_private_get(v, slice_str("peer"), &value), OK);
		assert_true(slice_eq_str(value, "x"));
		assert_int_equal(
		    store_private_get(v, slice_str("draft/2"), &value),
		    ERR_NOTFOUND);
		store_view_close(v);
		teardown(&f);
	}
}

/* ---- hashes that collide ---- */

static uint64_t
weak_hash(const void *in, size_t n, const uint8_t key[16])
{
	(void)key;
	return ((const uint8_t *)in)[n - 1] & 1;
}

static void
test_collisions(void **state)
{
	static struct made m[40];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(m); i++)
		make(&m[i], (struct test_record){ .author = i % 4,
				.kind = KIND_DEMAND,
				.slot = (uint32_t)(i / 4),
				.expires_h = TEST_HOUR + 1 + i % 5 });
	EACH_BACKEND(b)
	{
		struct fixture f;
		struct store_record r;
		struct seen s = { 0 };
		setup(&f, backends[b]);
		store_close(f.s);
		f.config.hash = weak_hash;
		open_store(&f);
		for (size_t i = 0; i < ARRAY_LEN(m); i++)
			assert_int_equal(apply(&f, &m[i].r), RECORD_STORED);
		for (size_t i = 0; i < ARRAY_LEN(m); i++) {
			assert_int_equal(apply(&f, &m[i].r), RECORD_DUPLICATE);
			assert_true(holds(&f, &m[i].r));
		}
		struct store_view *v = view(f.s);
		for (size_t i = 0; i < ARRAY_LEN(m); i++) {
			assert_int_equal(store_get_slot(v, m[i].r.author,
					     KIND_DEMAND, m[i].r.slot, &r),
			    OK);
			assert_memory_equal(r.id, m[i].r.id, RECORD_ID);
		}
		assert_int_equal(
		    store_each_author(v, m[2].r.author, 0, note_seen, &s), OK);
		assert_int_equal(s.n, 10);
		store_view_close(v);
		assert_int_equal(faults(f.s, print_fault, NULL), 0);
		f.now_s = (TEST_HOUR + 3) * 3600;
		assert_int_equal(expire(&f, 100), 24);
		for (size_t i = 0; i < ARRAY_LEN(m); i++)
			assert_int_equal(holds(&f, &m[i].r), i % 5 > 2);
		teardown(&f);
	}
}

/* One author's floor says nothing about another's slot in the same place. */
static void
test_floor_collision(void **state)
{
	static struct made tombstone[4], old[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(old); i++) {
		make(&old[i], (struct test_record){ .author = i,
				  .seq = SEQ(0, 0),
				  .expires_h = TEST_HOUR + 100 });
		make(&tombstone[i], (struct test_record){ .author = i,
					.seq = SEQ(0, 1),
					.expires_h = TEST_HOUR + 1,
					.flags = RECORD_FLAG_DELETED });
	}
	EACH_BACKEND(b)
	{
		struct fixture f;
		setup(&f, backends[b]);
		store_close(f.s);
		f.config.hash = weak_hash;
		open_store(&f);
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(apply(&f, &old[i].r), RECORD_STORED);
			assert_int_equal(
			    apply(&f, &tombstone[i].r), RECORD_STORED);
		}
		f.now_s = (TEST_HOUR + 1) * 3600;
		assert_int_equal(expire(&f, 10), 2);
		for (size_t i = 0; i < ARRAY_LEN(old); i++)
			assert_int_equal(apply(&f, &old[i].r),
			    i < 2 ? RECORD_STALE : RECORD_STORED);
		assert_int_equal(faults(f.s, print_fault, NULL), 0);
		f.now_s = (TEST_HOUR + 100) * 3600;
		assert_int_equal(expire(&f, 10), 4);
		teardown(&f);
	}
}

/* ---- opening ---- */

static void
meta_write(struct map *m, const char *name, struct slice value)
{
	struct map_txn *t;
	assert_int_equal(map_begin(m, true, &t), OK);
	assert_int_equal(
	    map_put(t, TABLE_META, slice_str(name), value, MAP_PUT), OK);
	assert_int_equal(map_commit(t), OK);
}

static void
test_open(void **state)
{
	uint8_t format[16] = "ohcnstor\0\0\0\2";
	const uint32_t order = 0x01020304;
	static struct made a;

	(void)state;
	make(&a, (struct test_record){ .author = 0 });
	memcpy(format + 12, &order, 4);
	EACH_BACKEND(b)
	{
		struct fixture f;
		struct store *s;
		char why[STORE_WHY];
		setup(&f, backends[b]);
		assert_true(store_info(f.s).created);
		apply(&f, &a.r);
		reopen(&f);
		assert_true(!store_info(f.s).created && store_info(f.s).clean &&
			    !store_info(f.s).moved);
		f.config.mark[0] ^= 1;
		memset(f.config.random, 0, STORE_SECRET); /* not used again */
		reopen(&f);
		assert_true(store_info(f.s).moved);
		assert_true(holds(&f, &a.r));

		/* Whose it was is not known: no reason to be alarmed. */
		memset(f.config.mark, 0, STORE_MARK);
		reopen(&f);
		memset(f.config.mark, 2, STORE_MARK);
		reopen(&f);
		assert_false(store_info(f.s).moved);

		/* cut off: the next open tells */
		assert_int_equal(store_open(f.tm.map, &f.config, &s, why), OK);
		assert_false(store_info(s).clean);
		store_close(s);

		struct store_config c = f.config;
		c.net = slice_str("other");
		assert_int_equal(store_open(f.tm.map, &c, &s, why), ERR_AUTH);
		assert_non_null(strstr(why, "\"test-a\""));
		c.net = slice_str("Not a name");
		assert_int_equal(store_open(f.tm.map, &c, &s, why), ERR_CONFIG);

		format[11] = STORE_VERSION + 1;
		meta_write(f.tm.map, "format", slice_of(format, 16));
		assert_int_equal(
		    store_open(f.tm.map, &f.config, &s, why), ERR_CONFIG);
		assert_non_null(strstr(why, "newer ohcn"));
		format[11] = STORE_VERSION;
		format[12] ^= 0xff;
		meta_write(f.tm.map, "format", slice_of(format, 16));
		assert_int_equal(
		    store_open(f.tm.map, &f.config, &s, why), ERR_CORRUPT);
		assert_non_null(strstr(why, "byte order"));
		format[12] ^= 0xff;
		meta_write(f.tm.map, "format", slice_str("else"));
		assert_int_equal(
		    store_open(f.tm.map, &f.config, &s, why), ERR_CORRUPT);
		meta_write(f.tm.map, "format", slice_of(format, 16));
		teardown(&f);
	}
}

static void
test_foreign_map(void **state)
{
	(void)state;
	EACH_BACKEND(b)
	{
		struct test_map tm;
		struct store *s;
		char why[STORE_WHY];
		const struct store_config c = { .net = slice_str("test-a") };
		test_map_open(&tm, backends[b]);
		meta_write(tm.map, "something", slice_str("else"));
		assert_int_equal(store_open(tm.map, &c, &s, why), ERR_CORRUPT);
		assert_non_null(strstr(why, "not a store"));
		test_map_close(&tm);
	}
}

static void
test_backup(void **state)
{
	static struct made a, b;
	struct fixture f, g = { 0 };

	(void)state;
	make(&a, (struct test_record){ .author = 0 });
	make(&b, (struct test_record){ .author = 1 });
	setup(&f, TEST_LMDB);
	apply(&f, &a.r);
	g.tm.backend = TEST_LMDB;
	test_folder_make(g.tm.folder);
	assert_int_equal(store_backup(f.s, g.tm.folder), OK);
	apply(&f, &b.r);
	g.config = f.config;
	g.now_s = f.now_s;
	const struct map_lmdb_options o = { .map_bytes = 64 << 20 };
	char why[MAP_WHY];
	assert_int_equal(map_lmdb_open(g.tm.folder, &o, &g.tm.map, why), OK);
	open_store(&g);
	assert_true(holds(&g, &a.r) && !holds(&g, &b.r));
	assert_int_equal(apply(&g, &b.r), RECORD_STORED);
	teardown(&g);
	teardown(&f);
}

/* ---- the check finds what is wrong ---- */

struct words {
	const char *want;
	bool found;
};

static void
look_for(void *ctx, const char *text)
{
	struct words *w = ctx;
	w->found = w->found || strstr(text, w->want) != NULL;
}

/* Damage one thing; the check must say what. */
static void
test_check(void **state)
{
	static const struct {
		const char *want;
		enum store_table table;
		char how; /* d delete the first row, v change the last byte of
			   * its value, k put a copy under a changed key */
	} damages[] = {
		{ "no entry in the id index", TABLE_ID, 'd' },
		{ "no entry in the slot index", TABLE_SLOT, 'd' },
		{ "no entry in the time index", TABLE_TIME, 'd' },
		{ "no entry in the expiry index", TABLE_EXPIRY, 'd' },
		{ "no entry in the own index", TABLE_OWN, 'd' },
		{ "wrong entry in the time index", TABLE_TIME, 'f' },
		{ "its bytes have changed", TABLE_TIME, 'v' },
		{ "record 1: its bytes have changed", TABLE_RECORD, 's' },
		{ "its slot ends before it does", TABLE_SLOT, 'v' },
		{ "totals: 255 of kind 127, counted 0", TABLE_META, 'v' },
		{ "id index: an entry names record", TABLE_ID, 'k' },
		{ "slot index: an entry names record", TABLE_SLOT, 'k' },
		{ "time index: an entry names record", TABLE_TIME, 'k' },
		{ "expiry index: an entry names record", TABLE_EXPIRY, 'k' },
		{ "id index: names record 1, which is not there", TABLE_RECORD,
		    'd' },
		{ "record 1: wrong id in its header", TABLE_RECORD, 'i' },
		{ "record 1: its bytes are ", TABLE_RECORD, 'b' },
		{ "record 1: its bytes are bad-signature", TABLE_RECORD, 's' },
		{ "record 1: its header is damaged", TABLE_RECORD, 'h' },
	};
	static struct made m[3];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(m); i++)
		make(&m[i], (struct test_record){ .author = i,
				.kind = KIND_DEMAND, /* not hidden */
				.expires_h = TEST_HOUR + 9 - i });
	for (size_t n = 0; n < ARRAY_LEN(damages); n++) {
		struct fixture f;
		struct map_txn *t;
		struct map_cursor *c;
		struct slice k, v;
		uint8_t key[64], value[4096];
		setup(&f, TEST_MEMORY);
		for (size_t i = 0; i < ARRAY_LEN(m); i++)
			apply_as(&f, &m[i].r, true);
		assert_int_equal(faults(f.s, print_fault, NULL), 0);

		const enum store_table table = damages[n].table;
		assert_int_equal(map_begin(f.tm.map, true, &t), OK);
		assert_int_equal(map_cursor_open(t, table, &c), OK);
		assert_int_equal(map_cursor_seek(c,
				     table == TABLE_META ? slice_str("totals")
							 : (struct slice){ 0 },
				     &k, &v),
		    OK);
		struct slice key_copy = slice_of(key, k.n);
		const struct slice copy = slice_of(value, v.n);
		memcpy(key, k.p, k.n);
		if (v.n > 0)
			memcpy(value, v.p, v.n);
		map_cursor_close(c);
		if (damages[n].how == 'd')
			assert_int_equal(map_del(t, table, key_copy), OK);
		if (damages[n].how == 'v')
			value[copy.n - 1] = table == TABLE_META ? 0xff : 0;
		if (damages[n].how == 's')
			value[copy.n - 1] ^= 1;
		if (damages[n].how == 'i')
			value[28] ^= 1;
		if (damages[n].how == 'b') /* the payload */
			value[copy.n - 68] ^= 1;
		if (damages[n].how == 'f') /* the hour of expiry */
			value[8] ^= 1;
		if (damages[n].how == 'h')
			value[0] = 9;
		if (damages[n].how == 'k') {
			/* the rid of the next record under this prefix */
			key[key_copy.n - 1] =
			    (uint8_t)(key[key_copy.n - 1] % 3 + 1);
		}
		if (damages[n].how != 'd')
			assert_int_equal(
			    map_put(t, table, key_copy, copy, MAP_PUT), OK);
		assert_int_equal(map_commit(t), OK);

		struct words w = { damages[n].want, false };
		assert_true(faults(f.s, look_for, &w) > 0);
		if (!w.found) {
			faults(f.s, print_fault, NULL);
			fail_msg("not told: %s", w.want);
		}
		store_close(f.s);
		test_map_close(&f.tm);
	}
}

/* ---- a map that fails ---- */

/* Fail the batch at each of its operations in turn: nothing may change. */
static void
test_failures(void **state)
{
	static struct made before[6], batch[6];
	struct fixture f;
	struct test_faulty faulty;
	struct store *s;
	char why[STORE_WHY];
	unsigned fail_at = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		make(&before[i],
		    (struct test_record){ .author = i, .seq = SEQ(0, i) });
		/* replacements, a revocation, a duplicate */
		make(&batch[i], (struct test_record){ .author = i,
				    .kind = i == 4 ? KIND_REVOCATION : 0,
				    .seq = SEQ(0, i == 5 ? 5 : i + 1) });
	}
	setup(&f, TEST_MEMORY);
	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		apply(&f, &before[i].r);
	const struct store_totals was = totals(&f);
	store_close(f.s);
	test_faulty_init(&faulty, f.tm.map);
	assert_int_equal(store_open(&faulty.map, &f.config, &s, why), OK);

	for (;; fail_at++) {
		struct store_item items[ARRAY_LEN(batch)];
		for (size_t i = 0; i < ARRAY_LEN(batch); i++)
			items[i] = (struct store_item){ .record = &batch[i].r,
				.own = i == 5 };
		faulty.count = 0;
		faulty.fail_at = fail_at;
		f.gone_n = 0;
		const err e = store_apply(
		    s, items, ARRAY_LEN(batch), f.now_s, note_gone, &f);
		faulty.fail_at = 0;
		if (e == OK)
			break;
		assert_int_equal(e, ERR_IO);
		assert_int_equal(f.gone_n, 0);
		assert_true(store_why(s)[0] != '\0');
		f.s = s;
		for (size_t i = 0; i < ARRAY_LEN(batch); i++) {
			assert_int_equal(items[i].outcome, RECORD_FINE);
			assert_true(holds(&f, &before[i].r));
		}
		const struct store_totals is = totals(&f);
		assert_memory_equal(&is, &was, sizeof(is));
		assert_int_equal(faults(s, print_fault, NULL), 0);
	}
	assert_true(fail_at > 50);
	assert_int_equal(f.gone_n, 5);
	assert_int_equal(faults(s, print_fault, NULL), 0);

	/* and the same for expiry */
	f.now_s += UINT64_C(9700) * 3600; /* the revocation, too */
	for (fail_at = 1;; fail_at++) {
		size_t removed;
		faulty.count = 0;
		faulty.fail_at = fail_at;
		const err e =
		    store_expire(s, f.now_s, 100, NULL, NULL, &removed);
		faulty.fail_at = 0;
		if (e == OK) {
			assert_int_equal(removed, 6);
			break;
		}
		assert_int_equal(e, ERR_IO);
		assert_int_equal(removed, 0);
		assert_int_equal(faults(s, print_fault, NULL), 0);
		assert_int_equal(totals(&f).records, 6);
	}
	assert_true(fail_at > 20);
	store_close(s);
	open_store(&f);
	assert_int_equal(totals(&f).records, 0);
	teardown(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slot),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_floor),
		cmocka_unit_test(test_expire_bounded),
		cmocka_unit_test(test_revocation_expires),
		cmocka_unit_test(test_own_and_heard),
		cmocka_unit_test(test_quota),
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_collisions),
		cmocka_unit_test(test_floor_collision),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_foreign_map),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_failures),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
