/*
 * The page check on files that LMDB itself wrote: nothing wrong is found in
 * sound ones, and whatever bit of their structure changes is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/base/paths.h"
#include "store/pages.h"
#include "test_store.h"

#define ROWS 3000

static uint32_t seed = 1;

static uint32_t
draw(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static void
put_row(struct map_txn *t, uint32_t i, size_t n)
{
	static uint8_t value[12000];
	uint8_t key[12] = { 0 };

	put_u32be(key, i * 2654435761U);
	put_u64be(key + 4, i);
	memset(value, (int)i, n);
	assert_int_equal(map_put(t, 1 + i % 3, slice_of(key, 12),
			     slice_of(value, n), MAP_PUT),
	    OK);
}

static void
del_row(struct map_txn *t, uint32_t i)
{
	uint8_t key[12];

	put_u32be(key, i * 2654435761U);
	put_u64be(key + 4, i);
	const err e = map_del(t, 1 + i % 3, slice_of(key, 12));
	assert_true(e == OK || e == ERR_NOTFOUND);
}

/* Long and short values, deep trees, deletions, replaced long values. */
static void
fill(struct map *m)
{
	struct map_txn *t;

	for (uint32_t from = 0; from < ROWS; from += 500) {
		assert_int_equal(map_begin(m, true, &t), OK);
		for (uint32_t i = from; i < from + 500; i++)
			put_row(t, i, i % 50 == 0 ? 9000 : draw() % 700);
		if (from > 0)
			for (uint32_t i = from - 300; i < from; i += 3)
				del_row(t, i);
		for (uint32_t i = 0; i < from; i += 100)
			put_row(t, i, 5000);
		assert_int_equal(map_commit(t), OK);
	}
}

static struct slice
read_file(const char *folder)
{
	char path[TEST_PATH + 16];
	struct problem p;
	struct slice file;

	(void)snprintf(path, sizeof(path), "%s/data.mdb", folder);
	assert_int_equal(file_read(path, (size_t)1 << 30, &file, &p), OK);
	/* In memory of exactly its size, so that a step outside shows. */
	uint8_t *exact = malloc(file.n);
	assert_non_null(exact);
	memcpy(exact, file.p, file.n);
	free((void *)(uintptr_t)file.p);
	return slice_of(exact, file.n);
}

static void
show(void *ctx, const char *text)
{
	(void)ctx;
	print_message("%s\n", text);
}

static struct pages_report
sound(struct slice file)
{
	struct pages_report r;

	assert_int_equal(pages_check(file, show, NULL, NULL, &r), OK);
	assert_int_equal(r.faults, 0);
	assert_int_equal(r.used + r.unused + r.lost, r.pages);
	return r;
}

static void
test_sound(void **state)
{
	struct test_map t;
	char copy[TEST_PATH];

	(void)state;
	test_map_open(&t, TEST_LMDB);
	struct slice file = read_file(t.folder);
	(void)sound(file);
	free((void *)(uintptr_t)file.p);
	fill(t.map);
	file = read_file(t.folder);
	const struct pages_report r = sound(file);
	assert_true(r.entries > ROWS * 4 / 5);
	assert_true(r.unused > 0);
	assert_int_equal(r.lost, 0);
	free((void *)(uintptr_t)file.p);
	test_folder_make(copy);
	assert_int_equal(map_copy(t.map, copy), OK);
	file = read_file(copy);
	assert_int_equal(sound(file).unused, 0);
	free((void *)(uintptr_t)file.p);
	test_folder_remove(copy);
	test_map_close(&t);
}

/* 1 if the flip is found, else 0. */
static unsigned
faults_with(uint8_t *file, size_t n, size_t at, unsigned bit)
{
	struct pages_report r;

	file[at] ^= (uint8_t)(1U << bit);
	assert_int_equal(
	    pages_check(slice_of(file, n), NULL, NULL, NULL, &r), OK);
	file[at] ^= (uint8_t)(1U << bit);
	return r.faults > 0 ? 1 : 0;
}

/*
 * Each bit of what holds the trees together: both heads, and of pages in use
 * number, kind, bounds, places of entries, their sizes.
 */
static void
test_structure(void **state)
{
	static const uint8_t meta[] = { 0, 10, 16, 20, 40, 44, 46, 48, 56, 64,
		72, 80, 92, 94, 96, 104, 112, 120, 128, 144 };
	struct test_map t;
	unsigned missed = 0;

	(void)state;
	test_map_open(&t, TEST_LMDB);
	fill(t.map);
	struct slice f = read_file(t.folder);
	uint8_t *file = (uint8_t *)(uintptr_t)f.p;
	const struct pages_report all = sound(f);

	/* The newest head, and the number of the other one. */
	uint64_t txn[2];
	memcpy(&txn[0], file + 144, 8);
	memcpy(&txn[1], file + 4096 + 144, 8);
	const size_t newest = txn[1] > txn[0] ? 4096 : 0;
	for (size_t i = 0; i < ARRAY_LEN(meta); i++)
		for (unsigned bit = 0; bit < 8; bit++)
			if (faults_with(file, f.n, newest + meta[i], bit) == 0)
				missed++;
	for (unsigned bit = 0; bit < 64; bit++)
		if (faults_with(
			file, f.n, 4096 - newest + 144 + bit / 8, bit % 8) == 0)
			missed++;
	/* Commit 7 as 5 beside 6 looks like the state before: only the node,
	 * which remembers how far it was, can tell. */
	assert_true(missed <= 1);

	/* Pages: a flip that is missed must be in one that nobody uses. */
	unsigned tried = 0, found = 0;
	for (uint64_t page = 2; page < all.pages; page += 11) {
		const uint8_t *p = file + page * 4096;
		uint16_t kind, lower;
		memcpy(&kind, p + 10, 2);
		memcpy(&lower, p + 12, 2);
		if ((kind != 1 && kind != 2) || lower > 4096)
			continue;
		const unsigned hits =
		    faults_with(file, f.n, page * 4096, 0) +
		    faults_with(file, f.n, page * 4096 + 10, 2) +
		    faults_with(file, f.n, page * 4096 + 12, 1) +
		    faults_with(file, f.n, page * 4096 + 14, 3) +
		    faults_with(file, f.n, page * 4096 + 17, 1);
		uint16_t node;
		memcpy(&node, p + 16, 2);
		const unsigned sizes =
		    node + 8 > 4096
			? 0
			: faults_with(file, f.n, page * 4096 + node, 1) +
			      faults_with(
				  file, f.n, page * 4096 + node + 4, 1) +
			      faults_with(file, f.n, page * 4096 + node + 6, 2);
		assert_true(hits == 0 || hits == 5);
		/* The length of a long value is its reader's to doubt. */
		assert_true(hits == 0 || sizes >= 2);
		tried++;
		found += hits == 5;
	}
	assert_true(tried > 50);
	assert_true(found > tried / 3);
	free(file);
	test_map_close(&t);
}

static bool
count_one(void *ctx, struct slice key, struct slice value)
{
	uint64_t *bad = ctx;

	for (size_t i = 1; i < value.n; i++)
		*bad += value.p[i] != value.p[0];
	*bad += key.n != 12;
	return true;
}

/* Any byte anywhere: it ends, and stays within its memory. */
static void
test_any(void **state)
{
	struct test_map t;
	struct pages_report r;

	(void)state;
	test_map_open(&t, TEST_LMDB);
	fill(t.map);
	struct slice f = read_file(t.folder);
	uint8_t *file = (uint8_t *)(uintptr_t)f.p;
	uint64_t found, bad = 0;
	pages_salvage(f, 12, 1, count_one, &bad, &found);
	assert_true(found >= ROWS * 4 / 5);
	for (unsigned i = 0; i < 150; i++) {
		/* Mostly into the heads of pages, where it hurts. */
		size_t at = (size_t)draw() * 977 % f.n;
		if (i % 2 == 0)
			at = at / 4096 * 4096 + draw() % 64;
		const uint8_t old = file[at];
		file[at] = (uint8_t)draw();
		assert_int_equal(pages_check(f, NULL, NULL, NULL, &r), OK);
		pages_salvage(f, 12, 1, count_one, &bad, &found);
		file[at] = old;
	}
	(void)sound(f);
	for (size_t n = 0; n < f.n; n += 1 + n / 3)
		assert_int_equal(
		    pages_check(slice_of(file, n), NULL, NULL, NULL, &r), OK);
	free(file);
	test_map_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
