#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/base/paths.h"
#include "node/keys/keyfile.h"

static char dir[] = "/tmp/ohcn-key-test-XXXXXX";
static char path[64];

static void
put(const char *name, struct slice bytes)
{
	struct problem p;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(file_replace(path, bytes, 0600, &p), OK);
}

static void
test_all(void **state)
{
	const struct seal_cost cost = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };
	static const uint8_t zero[SEED_SIZE];
	uint8_t seed[SEED_SIZE], changed[512];
	struct key_material km, got;
	struct problem p;
	struct slice file;
	struct stat st;

	(void)state;
	memset(seed, 7, sizeof(seed));
	key_material_new(&km, seed, 1700000000);
	assert_memory_equal(km.seed, seed, SEED_SIZE);
	snprintf(path, sizeof(path), "%s/key", dir);
	assert_int_equal(
	    keyfile_open(path, "secret", 6, &got, &p), ERR_NOTFOUND);
	assert_int_equal(p.exit, EXIT_NOTFOUND);
	assert_int_equal(keyfile_create(path, &km, "secret", 6, cost, &p), OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Never overwritten, and the old one still opens. */
	assert_int_equal(
	    keyfile_create(path, &km, "other", 5, cost, &p), ERR_EXISTS);
	assert_int_equal(p.exit, EXIT_CONFLICT);
	assert_int_equal(keyfile_open(path, "secret", 6, &got, &p), OK);
	assert_memory_equal(got.seed, km.seed, SEED_SIZE);
	assert_memory_equal(got.node_seed, km.node_seed, ED25519_SEED);
	assert_memory_equal(got.private_key, km.private_key, AEAD_KEY);
	assert_int_equal(got.created, km.created);
	assert_true(got.guarded);
	assert_int_equal(keyfile_open(path, "Secret", 6, &got, &p), ERR_AUTH);
	assert_int_equal(p.exit, EXIT_AUTH);
	assert_memory_equal(got.seed, zero, SEED_SIZE);
	assert_int_equal(keyfile_open(path, "", 0, &got, &p), ERR_AUTH);

	assert_int_equal(file_read(path, 4096, &file, &p), OK);
	assert_true(file.n <= sizeof(changed));
	put("short", slice_of(file.p, file.n - 1));
	assert_int_equal(
	    keyfile_open(path, "secret", 6, &got, &p), ERR_CORRUPT);
	assert_int_equal(p.exit, EXIT_DAMAGED);
	assert_non_null(strstr(p.why, "cut short"));
	put("empty", slice_of(file.p, 0));
	assert_int_equal(
	    keyfile_open(path, "secret", 6, &got, &p), ERR_CORRUPT);
	memcpy(changed, file.p, file.n);
	changed[file.n - 1] ^= 1;
	put("flipped", slice_of(changed, file.n));
	assert_int_equal(keyfile_open(path, "secret", 6, &got, &p), ERR_AUTH);
	changed[file.n - 1] ^= 1;
	changed[0] ^= 1;
	put("foreign", slice_of(changed, file.n));
	assert_int_equal(
	    keyfile_open(path, "secret", 6, &got, &p), ERR_CORRUPT);
	changed[0] ^= 1;
	changed[13] = 0xff; /* memory of the cost */
	put("costly", slice_of(changed, file.n));
	assert_int_equal(keyfile_open(path, "secret", 6, &got, &p), ERR_LIMIT);
	assert_int_equal(p.exit, EXIT_DAMAGED);
	free((void *)(uintptr_t)file.p);
}

/* Sealed well, but not by us: the inner mark differs. */
static void
test_foreign_inside(void **state)
{
	const struct seal_cost cost = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };
	uint8_t plain[114] = "otherkey", sealed[114 + SEAL_OVERHEAD];
	uint8_t random[40] = { 1 };
	struct key_material got;
	struct problem p;

	(void)state;
	assert_true(seal_make(sealed, plain, 114, "x", 1, cost, random));
	put("inside", slice_of(sealed, sizeof(sealed)));
	assert_int_equal(keyfile_open(path, "x", 1, &got, &p), ERR_CORRUPT);
}

static void
test_fresh_keys_differ(void **state)
{
	struct key_material a, b;

	(void)state;
	key_material_new(&a, NULL, 1);
	key_material_new(&b, NULL, 1);
	assert_memory_not_equal(a.seed, b.seed, SEED_SIZE);
	assert_memory_not_equal(a.node_seed, b.node_seed, ED25519_SEED);
	assert_memory_not_equal(a.seed, a.node_seed, SEED_SIZE);
	key_material_wipe(&a);
	assert_int_equal(a.seed[0] | a.seed[31] | a.private_key[5], 0);
}

static void
test_passphrase(void **state)
{
	struct passphrase_source source = { 0 };
	char out[PASSPHRASE_MAX];
	struct problem p;
	size_t n;

	(void)state;
	put("pass", slice_str("correct horse\nignored\n"));
	source.file = path;
	assert_int_equal(passphrase_get(&source, out, &n, &p), OK);
	assert_string_equal(out, "correct horse");
	assert_int_equal(n, 13);
	put("nopass", slice_str("\n"));
	assert_int_equal(passphrase_get(&source, out, &n, &p), ERR_AUTH);
	assert_int_equal(p.exit, EXIT_AUTH);
	assert_non_null(strstr(p.hint, "--no-passphrase"));
	source.none = true;
	assert_int_equal(passphrase_get(&source, out, &n, &p), OK);
	assert_int_equal(n, 0);
	source = (struct passphrase_source){ .file = "/nonexistent/x" };
	assert_int_equal(passphrase_get(&source, out, &n, &p), ERR_NOTFOUND);
}

static void
test_cost(void **state)
{
	const struct seal_cost cost = keyfile_cost(1);

	(void)state;
	assert_true(cost.mem_kib >= SEAL_MEM_KIB_MIN);
	assert_true(cost.ops >= SEAL_OPS_MIN && cost.ops <= SEAL_OPS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_foreign_inside),
		cmocka_unit_test(test_fresh_keys_differ),
		cmocka_unit_test(test_passphrase),
		cmocka_unit_test(test_cost),
	};

	if (!crypto_init() || mkdtemp(dir) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
