/*
 * The sealed file of a whole node: each way in which it may be wrong is
 * noticed, and named.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/stream.h"
#include "node/base/paths.h"
#include "node/care/backup.h"

static const struct seal_cost cost = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };
static char dir[] = "/tmp/ohcn-backup-test-XXXXXX";
static char path[64];

/* Two private values, a record and the end, as they travel. */
static const uint8_t items[] = { BACKUP_PRIVATE, 0, 0, 0, 4, 1, 'a', 9, 9,
	BACKUP_PRIVATE, 0, 0, 0, 5, 2, 'b', 'c', 8, 8, BACKUP_RECORD, 0, 0, 0,
	3, 1, 7, 7, BACKUP_END, 0, 0, 0, 0 };

static void
make(struct backup *b)
{
	const uint8_t seed[SEED_SIZE] = { 5 };

	*b = (struct backup){ 0 };
	key_material_new(&b->keys, seed, 1700000000);
	b->manifest = json_pack("{s:s}", "network", "test");
	b->settings = slice_str("[node]\nrole = person\n");
	b->items = slice_of(items, sizeof(items));
}

static void
test_round_trip(void **state)
{
	struct backup b, got;
	struct problem p;

	(void)state;
	make(&b);
	assert_int_equal(
	    backup_save(path, &b, "secret", 6, cost, false, &p), OK);
	assert_int_equal(
	    backup_save(path, &b, "secret", 6, cost, false, &p), ERR_EXISTS);
	assert_int_equal(p.exit, EXIT_CONFLICT);
	assert_int_equal(
	    backup_save(path, &b, "secret", 6, cost, true, &p), OK);
	assert_int_equal(backup_load(path, "secret", 6, &got, &p), OK);
	assert_memory_equal(&got.keys, &b.keys, sizeof(b.keys));
	assert_true(slice_eq(got.items, b.items));
	assert_true(slice_eq(got.settings, b.settings));
	assert_int_equal(got.network.n, 0);
	assert_int_equal(got.private_n, 2);
	assert_int_equal(got.records_n, 1);
	assert_true(json_equal(got.manifest, b.manifest));
	backup_free(&got);
	assert_int_equal(backup_load(path, "Secret", 6, &got, &p), ERR_AUTH);
	assert_int_equal(p.exit, EXIT_AUTH);
	json_decref(b.manifest);
}

static void
put(const uint8_t *bytes, size_t n)
{
	struct problem p;

	assert_int_equal(file_replace(path, slice_of(bytes, n), 0600, &p), OK);
}

/*
 * The file of the test above, with one thing wrong. Each try takes the time
 * of the passphrase, so not every byte is tried: the head, the seams of the
 * pieces, and a few within.
 */
static void
test_wrong_files(void **state)
{
	struct backup got;
	struct problem p;
	struct slice file;

	(void)state;
	assert_int_equal(file_read(path, 65536, &file, &p), OK);
	uint8_t *bad = malloc(file.n + 1);
	assert_non_null(bad);

	const size_t second =
	    STREAM_HEADER + 4 + get_u32be(file.p + STREAM_HEADER);
	const size_t flips[] = { 0, 9, 13, 17, 33, STREAM_HEADER + 4, second,
		second + 4, file.n / 2, file.n - 1 };
	for (size_t i = 0; i < ARRAY_LEN(flips); i++) {
		memcpy(bad, file.p, file.n);
		bad[flips[i]] ^= 1;
		put(bad, file.n);
		const err e = backup_load(path, "secret", 6, &got, &p);
		assert_true(e == ERR_CORRUPT || e == ERR_AUTH);
		assert_int_equal(
		    p.exit, e == ERR_AUTH ? EXIT_AUTH : EXIT_DAMAGED);
		if (flips[i] >= second)
			assert_int_equal(e, ERR_CORRUPT);
	}
	const size_t cuts[] = { 0, 8, 20, STREAM_HEADER, STREAM_HEADER + 10,
		second, second + 3, second + 30, file.n - 22, file.n - 1 };
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		put(file.p, cuts[i]);
		assert_int_equal(
		    backup_load(path, "secret", 6, &got, &p), ERR_CORRUPT);
		assert_int_equal(p.exit, EXIT_DAMAGED);
	}
	/* A piece of its own taken out: the next does not fit. */
	const size_t third = second + 4 + get_u32be(file.p + second);
	memcpy(bad, file.p, second);
	memcpy(bad + second, file.p + third, file.n - third);
	put(bad, file.n - (third - second));
	assert_int_equal(backup_load(path, "secret", 6, &got, &p), ERR_CORRUPT);
	/* Something after the end. */
	memcpy(bad, file.p, file.n);
	bad[file.n] = 0;
	put(bad, file.n + 1);
	assert_int_equal(backup_load(path, "secret", 6, &got, &p), ERR_CORRUPT);
	/* Of the next version. */
	bad[8]++;
	put(bad, file.n);
	assert_int_equal(backup_load(path, "secret", 6, &got, &p), ERR_CONFIG);
	assert_int_equal(p.exit, EXIT_NEWER);
	/* A cost that would exhaust the machine is refused untried. */
	memcpy(bad, file.p, file.n);
	bad[13] = 0x7f;
	put(bad, file.n);
	assert_int_equal(backup_load(path, "secret", 6, &got, &p), ERR_CORRUPT);
	free(bad);
	free((void *)(uintptr_t)file.p);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(
	    backup_load(path, "secret", 6, &got, &p), ERR_NOTFOUND);
}

static void
test_next(void **state)
{
	static const struct {
		uint8_t bytes[8];
		size_t n;
	} bad[] = {
		{ { BACKUP_RECORD, 0, 0, 0 }, 4 },
		{ { BACKUP_RECORD, 0, 0, 0, 2, 1 }, 6 },
		{ { BACKUP_RECORD, 0, 2, 0, 0, 1 }, 6 },
		{ { BACKUP_END, 0, 0, 0, 0, 1 }, 6 },
		{ { BACKUP_END, 0, 0, 0, 1, 1 }, 6 },
	};
	enum backup_item type;
	struct slice out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct slice in = slice_of(bad[i].bytes, bad[i].n);
		assert_int_equal(backup_next(&in, &type, &out), ERR_FORM);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_wrong_files),
		cmocka_unit_test(test_next),
	};

	assert_true(crypto_init());
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/backup", dir);
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	(void)rmdir(dir);
	return failed;
}
