/*
 * Care of a store: a store of version 1 is migrated, in one go and cut off
 * at every place; a damaged one is repaired; any flipped bit is found.
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

#define NOW ((TEST_HOUR + 1) * 3600)

static struct store_config
config(void)
{
	struct store_config c = { .net = slice_str(TEST_NET) };

	memset(c.random, 0x5a, STORE_SECRET);
	memset(c.mark, 1, STORE_MARK);
	return c;
}

static struct store *
open_store(struct map *m)
{
	const struct store_config c = config();
	struct store *s;
	char why[STORE_WHY];

	const err e = store_open(m, &c, &s, why);
	if (e != OK)
		fail_msg("%s: %s", err_name(e), why);
	return s;
}

static void
print_fault(void *ctx, const char *text)
{
	(void)ctx;
	print_message("fault: %s\n", text);
}

static uint64_t
faults(struct store *s, store_fault_fn *fn)
{
	struct store_report report;
	struct store_view *v;

	assert_int_equal(store_view_open(s, &v), OK);
	assert_int_equal(
	    store_check(v, STORE_CHECK_SIGNATURES, fn, NULL, &report), OK);
	store_view_close(v);
	return report.faults;
}

static struct store_totals
totals(struct store *s)
{
	struct store_totals t;
	struct store_view *v;

	assert_int_equal(store_view_open(s, &v), OK);
	assert_int_equal(store_totals(v, &t), OK);
	store_view_close(v);
	return t;
}

/* ---- migration ---- */

static size_t
unhex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;

	for (; hex[0] != '\0' && hex[0] != '-'; hex += 2) {
		unsigned byte;
		assert_true(n < cap);
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		out[n++] = (uint8_t)byte;
	}
	return n;
}

/* Rows that ohcn wrote when a store had version 1: table, key, value. */
static void
load_v1(struct map *m)
{
	static char line[8192], key_hex[200], value_hex[8000];
	static uint8_t key[100], value[4000];
	FILE *f = fopen(OHCN_SOURCE_DIR "/tests/vectors/store_v1.txt", "r");
	struct map_txn *t;
	unsigned table;

	assert_non_null(f);
	assert_int_equal(map_begin(m, true, &t), OK);
	while (fgets(line, sizeof(line), f) != NULL) {
		assert_int_equal(
		    sscanf(line, "%u %199s %7999s", &table, key_hex, value_hex),
		    3);
		const size_t k = unhex(key_hex, key, sizeof(key));
		const size_t v = unhex(value_hex, value, sizeof(value));
		assert_int_equal(map_put(t, table, slice_of(key, k),
				     slice_of(value, v), MAP_PUT),
		    OK);
	}
	fclose(f);
	assert_int_equal(map_commit(t), OK);
}

static void
assert_migrated(struct store *s)
{
	const struct test_author a3 = test_author(3);
	struct store_totals t = totals(s);
	struct store_stat stat;
	struct store_view *v;
	struct store_record r;
	struct slice value;
	uint64_t seq;

	assert_int_equal(faults(s, print_fault), 0);
	assert_int_equal(t.records, 8);
	assert_int_equal(t.floors, 1);
	assert_int_equal(t.own, 2);
	assert_int_equal(t.next_rid, 11);
	assert_int_equal(store_view_open(s, &v), OK);
	assert_int_equal(store_get_rid(v, 1, &r), OK);
	assert_true(r.own && !r.heard && !r.kept);
	assert_int_equal(store_get_rid(v, 7, &r), OK);
	assert_true(r.own && r.heard);
	/* its payloads are of pv 0, which was read then and is not now */
	for (uint64_t rid = 1; rid <= 10; rid++)
		if (store_get_rid(v, rid, &r) == OK)
			assert_int_equal(r.opaque, !r.deleted);
	/* a floor is one still */
	assert_int_equal(store_slot_seq(v, a3.pub, KIND_DEMAND, 1, &seq), OK);
	assert_int_equal(seq, (TEST_HOUR - 4) << 8);
	assert_int_equal(
	    store_private_get(v, slice_str("draft/1"), &value), OK);
	assert_true(slice_eq_str(value, "sealed"));
	assert_int_equal(store_stat(v, &stat), OK);
	assert_int_equal(stat.version, STORE_VERSION);
	assert_int_equal(stat.migrated_from, 1);
	assert_int_equal(stat.migrated_s, NOW);
	assert_int_equal(stat.oldest_h, TEST_HOUR - 3);
	assert_int_equal(stat.newest_h, TEST_HOUR);
	assert_int_equal(stat.table[TABLE_TIME].rows, 8);
	assert_int_equal(stat.table[TABLE_EXPIRY].rows, 9);
	store_view_close(v);
}

/* In steps of any size, cut off after each of them. */
static void
test_migrate(void **state)
{
	static const size_t steps[] = { 1, 3, 5, 100 };
	static const enum test_backend backends[] = { TEST_MEMORY, TEST_LMDB };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps) * 2; i++) {
		struct test_map tm;
		struct store_view *v;
		struct store_item item = { 0 };
		size_t removed;
		bool done = false;
		test_map_open(&tm, backends[i % 2]);
		load_v1(tm.map);
		struct store *s = open_store(tm.map);
		assert_true(store_info(s).must_migrate);
		assert_int_equal(store_info(s).version, 1);
		assert_int_equal(store_view_open(s, &v), ERR_CONFIG);
		assert_int_equal(
		    store_apply(s, &item, 0, NOW, NULL, NULL), ERR_CONFIG);
		assert_non_null(strstr(store_why(s), "migrated first"));
		assert_int_equal(
		    store_expire(s, NOW, 9, NULL, NULL, &removed), ERR_CONFIG);
		assert_int_equal(
		    store_private_put(s, slice_str("k"), slice_str("v")),
		    ERR_CONFIG);
		unsigned calls = 0;
		while (!done) {
			assert_int_equal(
			    store_migrate(s, NOW, steps[i / 2], &done), OK);
			assert_true(++calls < 100);
			if (done)
				break;
			store_close(s);
			test_map_reopen(&tm);
			s = open_store(tm.map);
			assert_true(store_info(s).must_migrate);
			/* an older ohcn leaves it alone from now on */
			assert_int_equal(store_info(s).version, STORE_VERSION);
		}
		assert_true(steps[i / 2] == 100 ? calls == 1 : calls > 2);
		assert_migrated(s);
		store_close(s);
		test_map_reopen(&tm);
		s = open_store(tm.map);
		assert_false(store_info(s).must_migrate);
		assert_int_equal(store_migrate(s, NOW, 1, &done), OK);
		assert_true(done);
		assert_migrated(s);
		store_close(s);
		test_map_close(&tm);
	}
}

/* Each of its operations fails once: it goes on where it was. */
static void
test_migrate_failures(void **state)
{
	unsigned fail_at = 1;
	bool done = false;

	(void)state;
	for (;; fail_at++) {
		struct test_map tm;
		struct test_faulty faulty;
		test_map_open(&tm, TEST_MEMORY);
		load_v1(tm.map);
		test_faulty_init(&faulty, tm.map);
		struct store *s = open_store(&faulty.map);
		faulty.count = 0;
		faulty.fail_at = fail_at;
		bool failed = false;
		for (done = false; !done;) {
			const err e = store_migrate(s, NOW, 4, &done);
			assert_true(e == OK || (e == ERR_IO && !failed));
			failed = failed || e != OK;
		}
		faulty.fail_at = 0;
		assert_migrated(s);
		store_close(s);
		test_map_close(&tm);
		if (!failed)
			break;
	}
	assert_true(fail_at > 60);
}

/* ---- a store to be damaged ---- */

#define RECORDS 12

static struct record records[RECORDS];

static const struct test_record wanted[RECORDS] = {
	{ .author = 0, .expires_h = TEST_HOUR + 90 },
	{ .author = 1, .region = "fr", .expires_h = TEST_HOUR + 40 },
	{ .author = 1, .kind = KIND_DEMAND, .slot = 3 },
	{ .author = 2, .kind = KIND_REVOCATION },
	/* its replacement expires first: a floor */
	{ .author = 3,
	    .kind = KIND_DEMAND,
	    .seq = (TEST_HOUR - 9) << 8,
	    .expires_h = TEST_HOUR + 60 },
	{ .author = 3,
	    .kind = KIND_DEMAND,
	    .seq = (TEST_HOUR - 8) << 8,
	    .expires_h = TEST_HOUR + 1 },
	/* a winner whose loser lives longer */
	{ .author = 4,
	    .kind = KIND_COURSE,
	    .seq = (TEST_HOUR - 9) << 8,
	    .expires_h = TEST_HOUR + 50 },
	{ .author = 4,
	    .kind = KIND_COURSE,
	    .seq = (TEST_HOUR - 8) << 8,
	    .expires_h = TEST_HOUR + 20 },
	{ .author = 5, .kind = 64 },
	{ .author = 6, .kind = KIND_DEMAND, .flags = RECORD_FLAG_DELETED },
	{ .author = 7, .kind = KIND_REVOCATION },
	{ .author = 8, .kind = KIND_DEMAND, .slot = 9 },
};
#define HELD 9 /* at NOW, with one floor */

static void
records_make(void)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES], bytes[RECORDS][2048];
	struct arena a = arena_of(scratch, sizeof(scratch));

	for (size_t i = 0; i < RECORDS; i++) {
		const size_t n =
		    test_record_make(&wanted[i], bytes[i], sizeof(bytes[i]));
		assert_int_equal(
		    record_read(slice_of(bytes[i], n), &a, &records[i]),
		    RECORD_FINE);
	}
}

static void
fill(struct store *s)
{
	size_t removed;

	for (size_t i = 0; i < RECORDS; i++) {
		struct store_item item = { .record = &records[i],
			.own = i < 2 || i == 8 };
		assert_int_equal(
		    store_apply(s, &item, 1, TEST_NOW, NULL, NULL), OK);
		assert_int_equal(item.outcome, RECORD_STORED);
	}
	struct store_item heard = { .record = &records[8] };
	assert_int_equal(store_apply(s, &heard, 1, TEST_NOW, NULL, NULL), OK);
	assert_int_equal(store_expire(s, NOW, 100, NULL, NULL, &removed), OK);
	assert_int_equal(removed, 1);
	assert_int_equal(
	    store_private_put(s, slice_str("a"), slice_str("one")), OK);
	assert_int_equal(
	    store_private_put(s, slice_str("b"), slice_str("two")), OK);
}

static err
repair(struct map *from, struct map *to, struct store_repaired *report)
{
	const struct store_config c = config();
	char why[STORE_WHY];

	const err e = store_repair(from, to, &c, NULL, NULL, report, why);
	if (e != OK)
		assert_true(why[0] != '\0');
	return e;
}

/* Nothing is damaged: the same store comes out. */
static void
test_repair_sound(void **state)
{
	static const enum test_backend backends[] = { TEST_MEMORY, TEST_LMDB };

	(void)state;
	for (size_t b = 0; b < ARRAY_LEN(backends); b++) {
		struct test_map from, to;
		struct store_repaired report;
		struct store_view *v, *w;
		test_map_open(&from, backends[b]);
		test_map_open(&to, backends[b]);
		struct store *s = open_store(from.map);
		fill(s);
		assert_int_equal(repair(from.map, to.map, &report), OK);
		assert_int_equal(report.records, HELD);
		assert_int_equal(report.floors, 1);
		assert_int_equal(report.own, 3);
		assert_int_equal(report.private, 2);
		assert_int_equal(
		    report.lost + report.floors_lost + report.private_lost, 0);
		struct store *r = open_store(to.map);
		assert_true(store_info(r).clean && !store_info(r).moved);
		assert_int_equal(faults(r, print_fault), 0);
		struct store_totals was = totals(s), is = totals(r);
		assert_memory_equal(&was, &is, sizeof(is));
		assert_int_equal(store_view_open(s, &v), OK);
		assert_int_equal(store_view_open(r, &w), OK);
		/* every row but those of meta is the same */
		for (unsigned t = TABLE_RECORD; t < STORE_TABLES; t++) {
			struct map_cursor *x, *y;
			struct slice k, l, p, q;
			err e;
			assert_int_equal(map_cursor_open(v->txn, t, &x), OK);
			assert_int_equal(map_cursor_open(w->txn, t, &y), OK);
			do {
				e = map_cursor_next(x, &k, &p);
				assert_int_equal(map_cursor_next(y, &l, &q), e);
				if (e == OK)
					assert_true(
					    slice_eq(k, l) && slice_eq(p, q));
			} while (e == OK);
			map_cursor_close(x);
			map_cursor_close(y);
		}
		store_view_close(v);
		store_view_close(w);
		assert_int_equal(repair(from.map, to.map, &report), ERR_EXISTS);
		store_close(r);
		store_close(s);
		test_map_close(&to);
		test_map_close(&from);
	}
}

/* The row number ${at} of all rows; false: there are fewer. */
static bool
row_at(struct map *m, size_t at, unsigned *table, uint8_t key[MAP_KEY_MAX],
    size_t *key_n, uint8_t *value, size_t *value_n)
{
	struct map_txn *t;
	bool found = false;

	assert_int_equal(map_begin(m, false, &t), OK);
	for (unsigned i = 0; i < STORE_TABLES && !found; i++) {
		struct map_cursor *c;
		struct slice k, v;
		assert_int_equal(map_cursor_open(t, i, &c), OK);
		while (!found && map_cursor_next(c, &k, &v) == OK) {
			if (at-- > 0)
				continue;
			found = true;
			*table = i;
			*key_n = k.n;
			*value_n = v.n;
			memcpy(key, k.p, k.n);
			if (v.n > 0)
				memcpy(value, v.p, v.n);
		}
		map_cursor_close(c);
	}
	map_abort(t);
	return found;
}

static void
row_set(struct map *m, unsigned table, struct slice old, struct slice key,
    struct slice value)
{
	struct map_txn *t;

	assert_int_equal(map_begin(m, true, &t), OK);
	assert_int_equal(map_del(t, table, old), OK);
	assert_int_equal(map_put(t, table, key, value, MAP_PUT), OK);
	assert_int_equal(map_commit(t), OK);
}

static bool
has_row(struct map *m, unsigned table, struct slice key)
{
	struct map_txn *t;
	struct slice value;

	assert_int_equal(map_begin(m, false, &t), OK);
	const err e = map_get(t, table, key, &value);
	map_abort(t);
	return e == OK;
}

/* Is it fine to hold less, but nothing else? */
static void
assert_subset(struct store *r)
{
	struct store_view *v;

	assert_int_equal(store_view_open(r, &v), OK);
	for (size_t i = 0; i < RECORDS; i++) {
		struct store_record got;
		if (store_get(v, records[i].id, &got) == OK)
			assert_true(slice_eq(got.bytes, records[i].bytes));
	}
	store_view_close(v);
}

/*
 * A bit in any row, key or value, is flipped: the check, without signatures,
 * tells (floors' and private values apart, which nothing else knows), and
 * repair makes a store that is sound and lacks one record at most.
 */
static void
test_flips(void **state)
{
	struct test_env env;
	struct test_map from;
	unsigned table;
	uint8_t key[MAP_KEY_MAX], bad_key[MAP_KEY_MAX];
	static uint8_t value[MAP_VALUE_MAX], bad[MAP_VALUE_MAX];
	size_t key_n, value_n, told = 0, total = 0;

	(void)state;
	test_env_init(&env, 7);
	test_map_open(&from, TEST_MEMORY);
	store_close(NULL);
	struct store *s = open_store(from.map);
	fill(s);
	assert_int_equal(faults(s, print_fault), 0);
	for (size_t at = 0;
	     row_at(from.map, at, &table, key, &key_n, value, &value_n); at++) {
		for (unsigned flip = 0; flip < 12; flip++) {
			struct test_map to;
			struct store_repaired report = { 0 };
			struct store_report check;
			struct store_view *v;
			memcpy(bad_key, key, key_n);
			memcpy(bad, value, value_n);
			const bool in_key = value_n == 0 || flip < 4;
			const size_t byte =
			    test_below(&env, in_key ? key_n : value_n);
			const uint8_t bit =
			    (uint8_t)(1U << test_below(&env, 8));
			if (in_key)
				bad_key[byte] ^= bit;
			else
				bad[byte] ^= bit;
			if (in_key &&
			    has_row(from.map, table, slice_of(bad_key, key_n)))
				continue; /* it would take that one's place */
			row_set(from.map, table, slice_of(key, key_n),
			    slice_of(bad_key, key_n), slice_of(bad, value_n));

			assert_int_equal(store_view_open(s, &v), OK);
			assert_int_equal(
			    store_check(v, STORE_CHECK, NULL, NULL, &check),
			    OK);
			store_view_close(v);
			const bool floor =
			    table == TABLE_SLOT && value_n == FLOOR_BYTES;
			const bool until =
			    table == TABLE_SLOT && value_n == WINNER_BYTES;
			if (table != TABLE_META && table != TABLE_PRIVATE &&
			    !floor && !until) {
				total++;
				told += check.faults > 0;
			}
			test_map_open(&to, TEST_MEMORY);
			const err e = repair(from.map, to.map, &report);
			if (e == OK) {
				struct store *r = open_store(to.map);
				assert_int_equal(faults(r, print_fault), 0);
				assert_subset(r);
				if (report.records + 1 < HELD)
					fail_msg("table %u, row %zu, %s byte "
						 "%zu: %d records left",
					    table, at, in_key ? "key" : "value",
					    byte, (int)report.records);
				store_close(r);
			} else {
				assert_int_equal(table, TABLE_META);
			}
			test_map_close(&to);
			row_set(from.map, table, slice_of(bad_key, key_n),
			    slice_of(key, key_n), slice_of(value, value_n));
		}
	}
	assert_true(total > 300);
	assert_int_equal(told, total);
	store_close(s);
	test_map_close(&from);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_migrate),
		cmocka_unit_test(test_migrate_failures),
		cmocka_unit_test(test_repair_sound),
		cmocka_unit_test(test_flips),
	};
	if (!crypto_init())
		return 1;
	records_make();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
