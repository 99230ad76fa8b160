/* Keys for offers: they rotate, they last over a restart, and after three
 * weeks nothing on the disk opens them any more. */
#define _GNU_SOURCE /* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/keys/erase.h"
#include "node/keys/intro.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "proto/record/value.h"
#include "test_env.h"
#include "test_store.h"

#define DAY 86400U

struct fixture {
	char folder[TEST_PATH];
	struct test_env env;
	struct paths paths;
	struct problem problem;
	struct key_material km;
	struct node n;
};

static void
up(struct fixture *f)
{
	struct key_material km = f->km;

	f->n.env = f->env.env;
	f->n.paths = &f->paths;
	f->n.problem = &f->problem;
	assert_int_equal(signer_start(&km, &f->n.signer, &f->problem), OK);
	assert_int_equal(vault_open(f->folder, f->km.private_key, &f->env.env,
			     &f->n.vault, &f->problem),
	    OK);
	assert_int_equal(personas_open(&f->n), OK);
	assert_int_equal(intro_open(&f->n), OK);
}

static void
down(struct fixture *f)
{
	intro_close(&f->n);
	vault_close(f->n.vault);
	signer_stop(f->n.signer);
	f->n = (struct node){ 0 };
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_env_init(&f->env, 3);
	test_folder_make(f->folder);
	snprintf(f->paths.private_dir, sizeof(f->paths.private_dir), "%s",
	    f->folder);
	key_material_new(&f->km, NULL, 1700000000);
	up(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const made[] = { "erase.keys", "other.keys" };
	struct fixture *f = *state;
	char path[TEST_PATH + 32];

	down(f);
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->folder, made[i]);
		(void)remove(path);
	}
	test_folder_remove(f->folder);
	free(f);
	return 0;
}

static void
current(struct fixture *f, uint32_t persona, uint8_t out[X25519_SIZE])
{
	assert_int_equal(intro_current(&f->n, persona, out), OK);
	assert_non_null(intro_find(&f->n, out));
	assert_int_equal(intro_find(&f->n, out)->persona, persona);
}

static void
pass(struct fixture *f, uint64_t seconds, bool expires)
{
	f->env.wall_s += seconds;
	f->n.ticks = 0;
	intro_tick(&f->n, expires);
}

static unsigned
live(const struct fixture *f)
{
	unsigned n = 0;

	while (intro_at(&f->n, n) != NULL)
		n++;
	return n;
}

static bool
works(struct fixture *f, const uint8_t pub[X25519_SIZE])
{
	uint8_t mine[X25519_SIZE], my_pub[X25519_SIZE], a[32], b[32];

	crypto_random(mine, sizeof(mine));
	x25519_public(my_pub, mine);
	if (intro_shared(&f->n, pub, my_pub, a) != OK)
		return false;
	assert_true(x25519_shared(b, mine, pub));
	assert_memory_equal(a, b, sizeof(a));
	return true;
}

static void
test_rotation(void **state)
{
	struct fixture *f = *state;
	uint8_t first[X25519_SIZE], again[X25519_SIZE], other[X25519_SIZE];
	uint32_t second = 0;

	assert_int_equal(persona_add(&f->n, "quiet", &second), OK);
	current(f, 0, first);
	current(f, second, other);
	assert_memory_not_equal(first, other, X25519_SIZE);
	pass(f, 7 * DAY - 1, true);
	current(f, 0, again);
	assert_memory_equal(first, again, X25519_SIZE);
	pass(f, 1, true);
	current(f, 0, again);
	assert_memory_not_equal(first, again, X25519_SIZE);
	/* The earlier one still opens what is on its way, over a restart. */
	assert_true(works(f, first));
	down(f);
	up(f);
	assert_true(works(f, first));
	assert_true(works(f, again));
	assert_int_equal(live(f), 3);
	pass(f, 14 * DAY - 1, true);
	assert_true(works(f, first));
	/* A clock that has leapt erases nothing. */
	pass(f, 1, false);
	assert_true(works(f, first));
	pass(f, 0, true);
	assert_false(works(f, first));
	assert_false(works(f, other));
	assert_true(works(f, again));
	assert_int_equal(live(f), 1);
	/* Revoked: gone at once. */
	assert_int_equal(intro_erase(&f->n, 0), 0);
	assert_int_equal(live(f), 0);
	/* Back to before: a key of the future is not put on a card. */
	current(f, 0, first);
	f->env.wall_s -= 30 * DAY;
	current(f, 0, again);
	assert_memory_not_equal(first, again, X25519_SIZE);
}

static bool
file_holds(const struct fixture *f, const char *name, const void *p, size_t n)
{
	char path[TEST_PATH + 32];
	struct slice file;
	struct problem why;

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	assert_int_equal(file_read(path, 1 << 24, &file, &why), OK);
	const bool found = memmem(file.p, file.n, p, n) != NULL;
	free((void *)(uintptr_t)file.p);
	return found;
}

static bool
first_value(void *ctx, const char *name, json_t *value)
{
	(void)name;
	*(json_t **)ctx = json_incref(value);
	return false;
}

/* Who copied the vault before, and has seed and key of the vault, still opens
 * nothing afterwards: the half of the key that lay in the file is gone. */
static void
test_bytes_gone(void **state)
{
	struct fixture *f = *state;
	uint8_t pub[X25519_SIZE], wrap[ERASE_KEY], got[X25519_SIZE];
	struct problem p;
	json_t *copy = NULL;
	struct slice file;
	char path[TEST_PATH + 32];

	current(f, 0, pub);
	vault_each(f->n.vault, "intro/", first_value, &copy);
	assert_non_null(copy);
	snprintf(path, sizeof(path), "%s/erase.keys", f->folder);
	assert_int_equal(file_read(path, 1 << 16, &file, &p), OK);
	assert_int_equal(file.n, ERASE_SLOTS * ERASE_KEY);
	const json_int_t slot =
	    json_integer_value(json_object_get(copy, "slot"));
	memcpy(wrap, file.p + slot * ERASE_KEY, ERASE_KEY);
	free((void *)(uintptr_t)file.p);
	assert_true(file_holds(f, "erase.keys", wrap, ERASE_KEY));
	assert_false(file_holds(f, "data.mdb", wrap, ERASE_KEY));

	pass(f, 21 * DAY, true);
	assert_false(works(f, pub));
	assert_false(file_holds(f, "erase.keys", wrap, ERASE_KEY));
	assert_false(file_holds(f, "data.mdb", wrap, ERASE_KEY));
	/* The copy of the vault put back: refused and thrown away. */
	assert_int_equal(vault_put(f->n.vault, "intro/copy", copy), OK);
	down(f);
	up(f);
	assert_false(works(f, pub));
	assert_int_equal(live(f), 0);
	json_t *left = vault_get(f->n.vault, "intro/copy", NULL);
	assert_null(left);
	/* With the wrap it would have opened: the test looks at the right
	 * thing. */
	const char *hex = json_string_value(json_object_get(copy, "sealed"));
	uint8_t sealed[SIGNER_SEALED];
	for (size_t i = 0; i < sizeof(sealed); i++) {
		unsigned v;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		sealed[i] = (uint8_t)v;
	}
	assert_int_equal(
	    signer_receive_load(f->n.signer, wrap, sealed, got), OK);
	assert_memory_equal(got, pub, X25519_SIZE);
	json_decref(copy);
}

static void
expect_card(struct fixture *f, struct slice payload, err want)
{
	uint8_t raw[1024], pub[X25519_SIZE];
	struct buf out = { raw, 0, sizeof(raw) };
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct value v;

	current(f, 0, pub);
	assert_int_equal(
	    intro_into(&f->n, 0, KIND_PROFILE, payload, &out), want);
	if (want == OK) {
		assert_int_equal(value_parse(buf_slice(&out), &arena, &v), OK);
		const struct value *key = value_find(&v, 16);
		assert_non_null(key);
		assert_int_equal(key->s.n, X25519_SIZE);
		assert_memory_equal(key->s.p, pub, X25519_SIZE);
	}
	free(memory);
}

/* Wherever the key's place is among the others, and whatever was there. */
static void
test_card(void **state)
{
	struct fixture *f = *state;
	uint8_t raw[64] = { 0x83, 0x02, 0x01, 0x10, 0xc4, 32 };

	expect_card(f, slice_of("\x80", 1), OK);
	expect_card(f, slice_of("\x81\x02\x01", 3), OK);
	expect_card(f, slice_of("\x82\x02\x01\x12\x01", 5), OK);
	expect_card(f, slice_of("\x81\x12\x01", 3), OK);
	raw[38] = 0x14;
	raw[39] = 0x01;
	expect_card(f, slice_of(raw, 40), OK);
	expect_card(f, slice_of("\x01", 1), ERR_FORM);
	expect_card(f, slice_of("\x81", 1), ERR_FORM);
}

static void
test_eraser(void **state)
{
	struct fixture *f = *state;
	char path[TEST_PATH + 32];
	struct eraser *e = NULL;
	struct problem p;
	uint8_t key[ERASE_KEY], got[ERASE_KEY];
	uint32_t slot, last = 0;

	snprintf(path, sizeof(path), "%s/other.keys", f->folder);
	assert_int_equal(eraser_open(path, &e, &p), OK);
	assert_int_equal(eraser_get(e, 0, got), ERR_NOTFOUND);
	for (unsigned i = 0; i < ERASE_SLOTS; i++) {
		assert_int_equal(eraser_new(e, &last, key), OK);
		assert_int_equal(last, i);
	}
	assert_int_equal(eraser_new(e, &slot, key), ERR_LIMIT);
	eraser_close(e);
	assert_int_equal(eraser_open(path, &e, &p), OK);
	assert_int_equal(eraser_get(e, last, key), OK);
	assert_int_equal(eraser_wipe(e, last), OK);
	assert_int_equal(eraser_wipe(e, last), OK);
	assert_int_equal(eraser_wipe(e, ERASE_SLOTS), OK);
	assert_int_equal(eraser_get(e, last, got), ERR_NOTFOUND);
	assert_int_equal(eraser_get(e, ERASE_SLOTS, got), ERR_NOTFOUND);
	assert_false(file_holds(f, "other.keys", key, sizeof(key)));
	assert_int_equal(eraser_new(e, &slot, got), OK);
	assert_int_equal(slot, last);
	assert_memory_not_equal(key, got, sizeof(key));
	eraser_close(e);
	/* Cut short: said, not taken. */
	assert_int_equal(
	    file_replace(path, slice_of(key, sizeof(key)), 0600, &p), OK);
	assert_int_equal(eraser_open(path, &e, &p), ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rotation, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_bytes_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_card, setup, teardown),
		cmocka_unit_test_setup_teardown(test_eraser, setup, teardown),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
