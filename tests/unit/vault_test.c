/* The private data at rest: what opens it, what does not, what is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/keys/vault.h"
#include "test_env.h"
#include "test_store.h"

#define TEXT_MAX (MAP_VALUE_MAX - AEAD_NONCE - AEAD_TAG)

static const uint8_t key[AEAD_KEY] = { 1, 2, 3 };
static struct test_env env;
static char folder[TEST_PATH];

static int
setup(void **state)
{
	(void)state;
	test_env_init(&env, 5);
	test_folder_make(folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	test_folder_remove(folder);
	return 0;
}

static struct vault *
opened(const uint8_t with[AEAD_KEY])
{
	struct vault *v = NULL;
	struct problem p;

	const err e = vault_open(folder, with, &env.env, &v, &p);
	if (e != OK)
		fail_msg("%s: %s", p.what, p.why);
	return v;
}

static void
put(struct vault *v, const char *name, const char *text)
{
	json_t *value = json_string(text);

	assert_non_null(value);
	assert_int_equal(vault_put(v, name, value), OK);
	json_decref(value);
}

/* NULL: absent. "?": there, and it cannot be opened. */
static void
expect(struct vault *v, const char *name, const char *want)
{
	bool bad = false;
	json_t *value = vault_get(v, name, &bad);
	const char *got = bad ? "?" : json_string_value(value);

	if (want == NULL ? got != NULL || value != NULL
			 : got == NULL || strcmp(got, want) != 0)
		fail_msg("%s: %s", name, got == NULL ? "absent" : got);
	json_decref(value);
	/* Who does not ask why it is not there gets the same. */
	value = vault_get(v, name, NULL);
	assert_int_equal(value != NULL, want != NULL && want[0] != '?');
	json_decref(value);
}

static void
test_keeps(void **state)
{
	struct problem p;
	struct vault *v = opened(key), *second = NULL;

	(void)state;
	expect(v, "draft", NULL);
	put(v, "draft", "one");
	put(v, "draft", "two");
	put(v, "wish", "three");
	expect(v, "draft", "two");
	assert_int_equal(
	    vault_open(folder, key, &env.env, &second, &p), ERR_EXISTS);
	assert_int_equal(p.exit, EXIT_CONFLICT);
	assert_string_equal(p.code, "E1201");
	vault_close(v);

	v = opened(key);
	expect(v, "draft", "two");
	assert_int_equal(vault_delete(v, "draft"), OK);
	assert_int_equal(vault_delete(v, "draft"), OK);
	expect(v, "draft", NULL);
	expect(v, "wish", "three");
	vault_close(v);
	v = opened(key);
	expect(v, "draft", NULL);
	vault_close(v);
	vault_close(NULL);
}

/* Any JSON value, not texts alone. */
static void
test_values(void **state)
{
	static const char *const values[] = { "{}", "[1,null,\"x\"]", "0", "-7",
		"true", "null", "\"\"", "{\"a\":{\"b\":[1.5]}}",
		"\"\\u00e4\\u0000\"" };
	struct vault *v = opened(key);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		json_t *in = json_loads(
		    values[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(in);
		assert_int_equal(vault_put(v, "value", in), OK);
		json_t *out = vault_get(v, "value", NULL);
		if (out == NULL || !json_equal(in, out))
			fail_msg("%s", values[i]);
		json_decref(in);
		json_decref(out);
	}
	vault_close(v);
}

static bool
count_value(void *ctx, const char *name, json_t *value)
{
	(void)name, (void)value;
	++*(unsigned *)ctx;
	return true;
}

static void
test_wrong_key(void **state)
{
	uint8_t other[AEAD_KEY];
	unsigned n = 0;
	struct vault *v = opened(key);

	(void)state;
	put(v, "draft", "mine");
	vault_close(v);
	memcpy(other, key, sizeof(other));
	other[31] ^= 1;
	v = opened(other);
	expect(v, "draft", "?");
	expect(v, "nothing", NULL);
	vault_each(v, "", count_value, &n);
	assert_int_equal(n, 0);
	put(v, "wish", "theirs");
	vault_close(v);
	v = opened(key);
	expect(v, "draft", "mine");
	expect(v, "wish", "?");
	vault_each(v, "", count_value, &n);
	assert_int_equal(n, 1);
	vault_close(v);
}

/* ---- what lies on the disk ---- */

/* Puts ${n} bytes of ${sealed} under ${name} behind the vault's back. */
static void
plant(const char *name, const uint8_t *sealed, size_t n)
{
	const struct map_lmdb_options o = { .map_bytes = 1 << 24 };
	struct map *m = NULL;
	struct map_txn *txn = NULL;
	char why[MAP_WHY];

	assert_int_equal(map_lmdb_open(folder, &o, &m, why), OK);
	assert_int_equal(map_begin(m, true, &txn), OK);
	assert_int_equal(
	    map_put(txn, 0, slice_str(name), slice_of(sealed, n), MAP_PUT), OK);
	assert_int_equal(map_commit(txn), OK);
	map_close(m);
}

static size_t
dig(const char *name, uint8_t out[MAP_VALUE_MAX])
{
	const struct map_lmdb_options o = { .map_bytes = 1 << 24 };
	struct map *m = NULL;
	struct map_txn *txn = NULL;
	struct slice sealed;
	char why[MAP_WHY];

	assert_int_equal(map_lmdb_open(folder, &o, &m, why), OK);
	assert_int_equal(map_begin(m, false, &txn), OK);
	assert_int_equal(map_get(txn, 0, slice_str(name), &sealed), OK);
	memcpy(out, sealed.p, sealed.n);
	map_abort(txn);
	map_close(m);
	return sealed.n;
}

static void
test_flipped(void **state)
{
	uint8_t sealed[MAP_VALUE_MAX];
	struct vault *v = opened(key);

	(void)state;
	put(v, "draft", "secret");
	vault_close(v);
	const size_t n = dig("draft", sealed);
	assert_int_equal(n, AEAD_NONCE + strlen("\"secret\"") + AEAD_TAG);
	for (size_t i = 0; i < n; i++) {
		sealed[i] ^= 0x40;
		plant("draft", sealed, n);
		sealed[i] ^= 0x40;
		v = opened(key);
		expect(v, "draft", "?");
		vault_close(v);
	}
	/* cut, and longer; empty values are none of the map's */
	for (size_t cut = 1; cut < n; cut++) {
		plant("draft", sealed, cut);
		v = opened(key);
		expect(v, "draft", "?");
		vault_close(v);
	}
	sealed[n] = 0;
	plant("draft", sealed, n + 1);
	/* under another name it is worth nothing: the name is sealed, too */
	plant("drafu", sealed, n);
	v = opened(key);
	expect(v, "draft", "?");
	expect(v, "drafu", "?");
	vault_close(v);
	plant("draft", sealed, n);
	v = opened(key);
	expect(v, "draft", "secret");
	vault_close(v);
}

/* No text of it in the file, and no nonce twice. */
static void
test_sealed(void **state)
{
	static const char secret[] = "a very private wish of mine";
	uint8_t a[MAP_VALUE_MAX], b[MAP_VALUE_MAX];
	char path[TEST_PATH + 16];
	struct vault *v = opened(key);

	(void)state;
	put(v, "draft", secret);
	vault_close(v);
	const size_t n = dig("draft", a);
	v = opened(key);
	put(v, "draft", secret);
	vault_close(v);
	assert_int_equal(dig("draft", b), n);
	assert_memory_not_equal(a, b, AEAD_NONCE);
	assert_memory_not_equal(a + AEAD_NONCE, b + AEAD_NONCE, 16);

	(void)snprintf(path, sizeof(path), "%s/data.mdb", folder);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t same = 0, bytes = 0;
	for (int c = fgetc(f); c != EOF; c = fgetc(f), bytes++) {
		same = c == secret[same] ? same + 1 : c == secret[0];
		assert_true(same < 8);
	}
	assert_true(bytes >= n);
	assert_int_equal(fclose(f), 0);
}

static void
test_too_big(void **state)
{
	static char text[TEXT_MAX + 2];
	struct vault *v = opened(key);

	(void)state;
	put(v, "draft", "small");
	memset(text, 'a', sizeof(text) - 1);
	json_t *value = json_string(text); /* and two quotation marks */
	assert_int_equal(vault_put(v, "draft", value), ERR_LIMIT);
	json_decref(value);
	text[TEXT_MAX - 1] = 0;
	value = json_string(text);
	assert_int_equal(vault_put(v, "draft", value), ERR_LIMIT);
	json_decref(value);
	expect(v, "draft", "small");
	text[TEXT_MAX - 2] = 0;
	put(v, "draft", text);
	expect(v, "draft", text);
	vault_close(v);
}

/* ---- walks ---- */

struct walk {
	char names[256];
	unsigned left; /* ends the walk when it reaches 0 */
};

static bool
note_name(void *ctx, const char *name, json_t *value)
{
	struct walk *w = ctx;

	assert_string_equal(json_string_value(value), name);
	(void)strncat(w->names, name, 70);
	(void)strncat(w->names, " ", 2);
	return --w->left > 0;
}

static void
test_walk(void **state)
{
	static const char longest[] =
	    "z23456789012345678901234567890123456789012345678901234567890";
	static const char *const names[] = { "b", "a/2", "ab", "a", "a/1",
		"a/10", "a0", longest };
	static const struct {
		const char *prefix;
		unsigned at_most;
		const char *want;
	} cases[] = {
		{ "a/", 99, "a/1 a/10 a/2 " },
		{ "a", 99, "a a/1 a/10 a/2 a0 ab " },
		{ "a", 3, "a a/1 a/10 " },
		{ "a/1", 99, "a/1 a/10 " },
		{ "b", 99, "b " },
		{ "c", 99, "" },
		{ "a/3", 99, "" },
		{ "zz", 99, "" },
	};
	struct walk w;
	struct vault *v = opened(key);

	(void)state;
	_Static_assert(sizeof(longest) == VAULT_NAME_MAX + 1, "as long as may");
	w = (struct walk){ .left = 9 };
	vault_each(v, "", note_name, &w);
	assert_string_equal(w.names, "");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		put(v, names[i], names[i]);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		w = (struct walk){ .left = cases[i].at_most };
		vault_each(v, cases[i].prefix, note_name, &w);
		if (strcmp(w.names, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].prefix, w.names);
	}
	w = (struct walk){ .left = 99 };
	vault_each(v, "", note_name, &w);
	assert_int_equal(w.left, 99 - ARRAY_LEN(names));
	w = (struct walk){ .left = 99 };
	vault_each(v, "z", note_name, &w);
	assert_memory_equal(w.names, longest, VAULT_NAME_MAX);
	vault_close(v);

	/* One that cannot be opened is passed over, not the end. */
	plant("a/10", (const uint8_t *)longest, 40);
	v = opened(key);
	w = (struct walk){ .left = 99 };
	vault_each(v, "a/", note_name, &w);
	assert_string_equal(w.names, "a/1 a/2 ");
	vault_close(v);
}

/* ---- what was deleted is not on the disk ---- */

struct found {
	uint8_t bytes[64];
	const char *name;
	bool any;
};

static bool
note_sealed(void *ctx, struct slice name, struct slice sealed)
{
	struct found *f = ctx;

	if (!slice_eq(name, slice_str(f->name)))
		return true;
	assert_true(sealed.n >= sizeof(f->bytes));
	memcpy(f->bytes, sealed.p, sizeof(f->bytes));
	f->any = true;
	return false;
}

static bool
on_disk(const char *file, const struct found *f)
{
	char path[TEST_PATH + 32];
	static uint8_t all[1 << 20];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	FILE *from = fopen(path, "rb");
	if (from == NULL)
		return false;
	const size_t n = fread(all, 1, sizeof(all), from);
	assert_true(n < sizeof(all));
	fclose(from);
	for (size_t i = 0; i + sizeof(f->bytes) <= n; i++)
		if (memcmp(all + i, f->bytes, sizeof(f->bytes)) == 0)
			return true;
	return false;
}

static bool
is_there(const char *file)
{
	char path[TEST_PATH + 32];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return access(path, F_OK) == 0;
}

#define LONG                                                                   \
	"a sentence that nobody should find on this disk any more, once it "   \
	"has been deleted"

/* How what was put becomes waste, and what clears it away. */
static void
test_shredded(void **state)
{
	(void)state;
	for (int how = 0; how < 4; how++) {
		const bool deleted = how % 2 == 0, closes = how >= 2;
		struct found f = { .name = "secret" };
		struct vault *v = opened(key);

		put(v, "kept", "still here");
		put(v, "secret", LONG);
		assert_int_equal(vault_each_sealed(v, note_sealed, &f), OK);
		assert_true(f.any);
		if (deleted)
			assert_int_equal(vault_delete(v, "secret"), OK);
		else
			put(v, "secret", "another one");
		assert_true(on_disk("data.mdb", &f)); /* the test sees */
		if (!closes)
			assert_int_equal(vault_shred(v), OK);
		else {
			vault_close(v);
			v = opened(key);
		}
		assert_false(on_disk("data.mdb", &f));
		assert_false(is_there("data.old") || is_there("fresh"));
		expect(v, "kept", "still here");
		expect(v, "secret", deleted ? NULL : "another one");
		put(v, "kept", "and can be written");
		expect(v, "kept", "and can be written");
		vault_close(v);
	}
}

/* By itself: soon after something was deleted, an hour after a change. */
static void
test_shredded_in_time(void **state)
{
	struct found f = { .name = "secret" };
	struct vault *v = opened(key);

	(void)state;
	put(v, "kept", "still here");
	put(v, "secret", LONG);
	assert_int_equal(vault_each_sealed(v, note_sealed, &f), OK);
	put(v, "secret", "another one");
	assert_int_equal(vault_tick(v), OK); /* the first one begins the hour */
	env.now_ms += 3590000;
	assert_int_equal(vault_tick(v), OK);
	assert_true(on_disk("data.mdb", &f));
	env.now_ms += 20000;
	assert_int_equal(vault_tick(v), OK);
	assert_false(on_disk("data.mdb", &f));
	put(v, "other", LONG);
	f.name = "other";
	assert_int_equal(vault_each_sealed(v, note_sealed, &f), OK);
	assert_int_equal(vault_delete(v, "other"), OK);
	env.now_ms += 61000;
	assert_int_equal(vault_tick(v), OK);
	assert_false(on_disk("data.mdb", &f));
	vault_close(v);
}

/* A crash at each step of it. */
static void
test_shredding_cut_short(void **state)
{
	char data[TEST_PATH + 32], old[TEST_PATH + 32], fresh[TEST_PATH + 32];
	struct vault *v = opened(key);

	(void)state;
	put(v, "kept", "still here");
	vault_close(v);
	snprintf(data, sizeof(data), "%s/data.mdb", folder);
	snprintf(old, sizeof(old), "%s/data.old", folder);
	snprintf(fresh, sizeof(fresh), "%s/fresh", folder);
	/* The second name was given, and that was all. */
	assert_int_equal(link(data, old), 0);
	v = opened(key);
	expect(v, "kept", "still here");
	assert_false(is_there("data.old"));
	vault_close(v);
	/* The new file has taken its place; the old one is there. */
	FILE *f = fopen(old, "wb");
	assert_non_null(f);
	fputs("old", f);
	fclose(f);
	v = opened(key);
	expect(v, "kept", "still here");
	assert_false(is_there("data.old"));
	vault_close(v);
	/* Half of a new one was written. */
	assert_int_equal(mkdir(fresh, 0700), 0);
	snprintf(fresh, sizeof(fresh), "%s/fresh/data.mdb", folder);
	f = fopen(fresh, "wb");
	assert_non_null(f);
	fputs("half", f);
	fclose(f);
	v = opened(key);
	expect(v, "kept", "still here");
	assert_false(is_there("fresh"));
	assert_int_equal(vault_shred(v), OK);
	expect(v, "kept", "still here");
	vault_close(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keeps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_wrong_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flipped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sealed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_big, setup, teardown),
		cmocka_unit_test_setup_teardown(test_walk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shredded, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_shredded_in_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_shredding_cut_short, setup, teardown),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
