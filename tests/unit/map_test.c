/*
 * The ordered map: one table of cases and one property test (random
 * operations against a naive model) on both backends; then what only LMDB
 * can get wrong: foreign, damaged, locked, full, copied.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lmdb.h>

#include <cmocka.h>

#include "test_env.h"
#include "test_store.h"

static const enum test_backend backends[] = { TEST_MEMORY, TEST_LMDB };

static struct map_txn *
begin(struct map *m, bool write)
{
	struct map_txn *t;
	assert_int_equal(map_begin(m, write, &t), OK);
	return t;
}

/* ---- the table of cases ---- */

/* One step: an operation on table 3, key and value, what must come of it. */
struct step {
	char op; /* p put, a append, d del, g get, s seek, n next, v prev,
		  * c commit and begin, x abort and begin */
	const char *key;
	const char *value;
	err want;
};

static const struct {
	const char *name;
	struct step steps[12];
} cases[] = {
	{ "empty",
	    { { 'g', "a", "", ERR_NOTFOUND }, { 'd', "a", "", ERR_NOTFOUND },
		{ 's', "", "", ERR_NOTFOUND }, { 'n', "", "", ERR_NOTFOUND },
		{ 'v', "", "", ERR_NOTFOUND } } },
	{ "put, replace, delete",
	    { { 'p', "a", "1", OK }, { 'g', "a", "1", OK },
		{ 'p', "a", "22", OK }, { 'g', "a", "22", OK },
		{ 'p', "a", "", OK }, { 'g', "a", "", OK },
		{ 'd', "a", "", OK }, { 'g', "a", "", ERR_NOTFOUND } } },
	{ "a prefix comes first",
	    { { 'p', "ab", "2", OK }, { 'p', "a", "1", OK },
		{ 'p', "b", "3", OK }, { 'n', "a", "1", OK },
		{ 'n', "ab", "2", OK }, { 'n', "b", "3", OK },
		{ 'n', "", "", ERR_NOTFOUND } } },
	{ "the end leaves the cursor where it is",
	    { { 'p', "a", "1", OK }, { 'p', "b", "2", OK },
		{ 's', "b", "b=2", OK }, { 'n', "", "", ERR_NOTFOUND },
		{ 'v', "a", "1", OK }, { 'v', "", "", ERR_NOTFOUND },
		{ 'n', "b", "2", OK } } },
	{ "prev begins at the last",
	    { { 'p', "a", "1", OK }, { 'p', "b", "2", OK },
		{ 'v', "b", "2", OK }, { 'v', "a", "1", OK } } },
	{ "seek between keys",
	    { { 'p', "a", "1", OK }, { 'p', "c", "3", OK },
		{ 's', "b", "c=3", OK }, { 'v', "a", "1", OK },
		{ 's', "d", "", ERR_NOTFOUND }, { 'n', "c", "3", OK } } },
	{ "a cursor and writes around it",
	    { { 'p', "a", "1", OK }, { 'p', "c", "3", OK },
		{ 's', "a", "a=1", OK }, { 'd', "a", "", OK },
		{ 'p', "b", "2", OK }, { 'n', "b", "2", OK },
		{ 'd', "c", "", OK }, { 'd', "b", "", OK },
		{ 'p', "aa", "0", OK }, { 'v', "aa", "0", OK } } },
	{ "abort forgets",
	    { { 'p', "a", "1", OK }, { 'c', "", "", OK }, { 'p', "a", "2", OK },
		{ 'p', "b", "2", OK }, { 'x', "", "", OK },
		{ 'g', "a", "1", OK }, { 'g', "b", "", ERR_NOTFOUND },
		{ 'd', "a", "", OK }, { 'x', "", "", OK },
		{ 'g', "a", "1", OK } } },
	{ "an append hint that is wrong",
	    { { 'a', "b", "2", OK }, { 'a', "c", "3", OK },
		{ 'a', "a", "1", OK }, { 'a', "c", "4", OK },
		{ 'n', "a", "1", OK }, { 'n', "b", "2", OK },
		{ 'n', "c", "4", OK }, { 'n', "", "", ERR_NOTFOUND } } },
};

static err
step_do(struct map_txn *t, struct map_cursor *c, const struct step *s,
    struct slice *key, struct slice *value)
{
	const struct slice k = slice_str(s->key), v = slice_str(s->value);

	switch (s->op) {
	case 'p':
		return map_put(t, 3, k, v, MAP_PUT);
	case 'a':
		return map_put(t, 3, k, v, MAP_APPEND);
	case 'd':
		return map_del(t, 3, k);
	case 'g':
		return map_get(t, 3, k, value);
	case 's':
		return map_cursor_seek(c, k, key, value);
	case 'n':
		return map_cursor_next(c, key, value);
	default:
		return map_cursor_prev(c, key, value);
	}
}

static void
case_run(struct map *m, size_t number)
{
	struct map_txn *t = begin(m, true);
	struct map_cursor *c;

	assert_int_equal(map_cursor_open(t, 3, &c), OK);
	for (size_t i = 0; i < ARRAY_LEN(cases[0].steps); i++) {
		const struct step *s = &cases[number].steps[i];
		struct slice key = { 0 }, value = { 0 };
		char text[32] = "";
		if (s->op == '\0')
			break;
		if (s->op == 'c' || s->op == 'x') {
			map_cursor_close(c);
			if (s->op == 'c')
				assert_int_equal(map_commit(t), OK);
			else
				map_abort(t);
			t = begin(m, true);
			assert_int_equal(map_cursor_open(t, 3, &c), OK);
			continue;
		}
		const err e = step_do(t, c, s, &key, &value);
		bool same = e == s->want;
		if (e == OK && s->op == 's') {
			snprintf(text, sizeof(text), "%.*s=%.*s", (int)key.n,
			    (const char *)key.p, (int)value.n,
			    (const char *)value.p);
			same = same && strcmp(text, s->value) == 0;
		} else if (e == OK && strchr("gnv", s->op) != NULL) {
			same = same && slice_eq_str(value, s->value) &&
			       (s->op == 'g' || slice_eq_str(key, s->key));
		}
		if (!same)
			fail_msg("%s, step %zu: %s", cases[number].name, i,
			    err_name(e));
	}
	map_cursor_close(c);
	map_abort(t);
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_LEN(backends); b++) {
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			struct test_map tm;
			test_map_open(&tm, backends[b]);
			case_run(tm.map, i);
			test_map_close(&tm);
		}
	}
}

static void
test_bounds(void **state)
{
	static uint8_t big[MAP_VALUE_MAX];
	static const uint8_t key[MAP_KEY_MAX] = { 0xff };

	(void)state;
	memset(big, 7, sizeof(big));
	for (size_t b = 0; b < ARRAY_LEN(backends); b++) {
		struct test_map tm;
		struct slice v;
		test_map_open(&tm, backends[b]);
		struct map_txn *t = begin(tm.map, true);
		for (unsigned i = 0; i < MAP_TABLES; i++) {
			const struct slice k = slice_of(key, sizeof(key) - i);
			assert_int_equal(
			    map_put(t, i, k, slice_of(big, sizeof(big) - i),
				MAP_PUT),
			    OK);
		}
		assert_int_equal(map_commit(t), OK);
		test_map_reopen(&tm);
		t = begin(tm.map, false);
		for (unsigned i = 0; i < MAP_TABLES; i++) {
			const struct slice k = slice_of(key, sizeof(key) - i);
			assert_int_equal(map_get(t, i, k, &v), OK);
			assert_true(
			    slice_eq(v, slice_of(big, sizeof(big) - i)));
		}
		map_abort(t);
		test_map_close(&tm);
	}
}

/* ---- random operations against a naive model ---- */

#define MODEL_KEYS 400

/* Key number i is a text; the model is an array over all keys. */
struct model {
	int32_t value[MODEL_KEYS]; /* -1: absent */
};

static struct slice
model_key(size_t i, char out[8])
{
	/* of one to four letters, in the order of i */
	const int n = snprintf(out, 8, "%03zu", i);
	return slice_of(out, (size_t)n);
}

static struct slice
model_value(int32_t v, uint8_t out[128])
{
	const size_t n = (size_t)v % 100;
	memset(out, v & 0xff, 128);
	put_u32be(out, (uint32_t)v);
	return slice_of(out, 4 + n);
}

static void
model_compare(struct map_txn *t, const struct model *model, bool backwards)
{
	struct map_cursor *c;
	struct slice key, value;
	char name[8];
	uint8_t bytes[128];

	assert_int_equal(map_cursor_open(t, 5, &c), OK);
	for (size_t n = 0; n < MODEL_KEYS; n++) {
		const size_t i = backwards ? MODEL_KEYS - 1 - n : n;
		if (model->value[i] < 0)
			continue;
		assert_int_equal(backwards ? map_cursor_prev(c, &key, &value)
					   : map_cursor_next(c, &key, &value),
		    OK);
		assert_true(slice_eq(key, model_key(i, name)));
		assert_true(
		    slice_eq(value, model_value(model->value[i], bytes)));
	}
	assert_int_equal(backwards ? map_cursor_prev(c, &key, &value)
				   : map_cursor_next(c, &key, &value),
	    ERR_NOTFOUND);
	map_cursor_close(c);
}

/* A cursor that walks at random while the table changes around it. */
struct walker {
	struct map_cursor *c;
	int32_t at; /* the key it stands on; -1: none */
};

static void
walker_step(struct walker *w, const struct model *model, struct test_env *env)
{
	struct slice key, value;
	char name[8], seek[8];
	int32_t want = -1;
	err e;

	switch (test_below(env, 3)) {
	case 0: {
		const size_t from = test_below(env, MODEL_KEYS);
		for (size_t i = from; i < MODEL_KEYS && want < 0; i++)
			want = model->value[i] >= 0 ? (int32_t)i : -1;
		e = map_cursor_seek(w->c, model_key(from, seek), &key, &value);
		break;
	}
	case 1:
		for (int32_t i = w->at + 1; i < MODEL_KEYS && want < 0; i++)
			want = model->value[i] >= 0 ? i : -1;
		e = map_cursor_next(w->c, &key, &value);
		break;
	default:
		for (int32_t i = (w->at < 0 ? MODEL_KEYS : w->at) - 1;
		     i >= 0 && want < 0; i--)
			want = model->value[i] >= 0 ? i : -1;
		e = map_cursor_prev(w->c, &key, &value);
		break;
	}
	assert_int_equal(e, want < 0 ? ERR_NOTFOUND : OK);
	if (want < 0)
		return;
	w->at = want;
	assert_true(slice_eq(key, model_key((size_t)want, name)));
}

static void
random_txn(struct map *m, struct model *committed, struct test_env *env)
{
	struct map_txn *t = begin(m, true);
	struct model model = *committed;
	struct walker w = { NULL, -1 };
	char name[8];
	uint8_t bytes[128];
	const size_t bias = test_below(env, 10);

	assert_int_equal(map_cursor_open(t, 5, &w.c), OK);
	for (size_t n = test_below(env, 120); n > 0; n--) {
		const size_t i = test_below(env, MODEL_KEYS);
		const struct slice key = model_key(i, name);
		const size_t op = test_below(env, 12);
		struct slice value;
		if (op < bias) {
			const int32_t v = (int32_t)test_below(env, 1 << 20);
			assert_int_equal(
			    map_put(t, 5, key, model_value(v, bytes),
				test_below(env, 2) ? MAP_PUT : MAP_APPEND),
			    OK);
			model.value[i] = v;
		} else if (op < 10) {
			assert_int_equal(map_del(t, 5, key),
			    model.value[i] < 0 ? ERR_NOTFOUND : OK);
			model.value[i] = -1;
		} else {
			assert_int_equal(map_get(t, 5, key, &value),
			    model.value[i] < 0 ? ERR_NOTFOUND : OK);
		}
		walker_step(&w, &model, env);
	}
	model_compare(t, &model, test_below(env, 2) != 0);
	map_cursor_close(w.c);
	if (test_below(env, 4) == 0) {
		map_abort(t);
		return;
	}
	assert_int_equal(map_commit(t), OK);
	*committed = model;
}

static void
test_model(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_LEN(backends); b++) {
		struct test_map tm;
		struct test_env env;
		struct model model, seen;
		test_env_init(&env, 42);
		test_map_open(&tm, backends[b]);
		for (size_t i = 0; i < MODEL_KEYS; i++)
			model.value[i] = -1;
		for (int round = 0; round < 60; round++) {
			/* a reader keeps what it saw at its begin */
			struct map_txn *reader = begin(tm.map, false);
			seen = model;
			random_txn(tm.map, &model, &env);
			random_txn(tm.map, &model, &env);
			model_compare(reader, &seen, false);
			map_abort(reader);
			if (round % 20 == 19)
				test_map_reopen(&tm);
			reader = begin(tm.map, false);
			model_compare(reader, &model, true);
			map_abort(reader);
		}
		test_map_close(&tm);
	}
}

/* ---- readers on another thread ---- */

struct watcher {
	struct map *map;
	bool stop;  /* atomic */
	bool wrong; /* atomic */
};

/* The writer keeps key 0..9 equal; a reader must never see them differ. */
static void *
watch(void *arg)
{
	struct watcher *w = arg;

	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		struct map_txn *t;
		struct slice first, v;
		char name[8];
		if (map_begin(w->map, false, &t) != OK)
			break;
		bool same = map_get(t, 1, model_key(0, name), &first) == OK;
		for (size_t i = 1; i < 10 && same; i++)
			same = map_get(t, 1, model_key(i, name), &v) == OK &&
			       slice_eq(first, v);
		if (!same)
			__atomic_store_n(&w->wrong, true, __ATOMIC_RELEASE);
		map_abort(t);
	}
	return NULL;
}

static void
put_ten(struct map *m, int32_t v)
{
	struct map_txn *t = begin(m, true);
	char name[8];
	uint8_t bytes[128];

	for (size_t i = 0; i < 10; i++)
		assert_int_equal(map_put(t, 1, model_key(i, name),
				     model_value(v, bytes), MAP_PUT),
		    OK);
	assert_int_equal(map_commit(t), OK);
}

static void
test_threads(void **state)
{
	(void)state;
	for (size_t b = 0; b < ARRAY_LEN(backends); b++) {
		struct test_map tm;
		pthread_t thread;
		test_map_open(&tm, backends[b]);
		struct watcher w = { .map = tm.map };
		put_ten(tm.map, 0);
		assert_int_equal(pthread_create(&thread, NULL, watch, &w), 0);
		for (int32_t i = 1; i < 200; i++)
			put_ten(tm.map, i);
		__atomic_store_n(&w.stop, true, __ATOMIC_RELEASE);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_false(w.wrong);
		test_map_close(&tm);
	}
}

/* ---- full ---- */

/* Fill until it is full; then the map must hold what was committed before
 * and still take, after something was removed, more. */
static void
full_run(struct map *m)
{
	static uint8_t big[MAP_VALUE_MAX];
	uint8_t key[4];
	uint32_t n = 0;
	struct slice v;
	struct map_stats stats;
	err e = OK;

	for (; n < 1000; n++) {
		struct map_txn *t = begin(m, true);
		put_u32be(key, n);
		e = map_put(t, 2, slice_of(key, 4), slice_of(big, sizeof(big)),
		    MAP_APPEND);
		if (e == OK)
			e = map_commit(t);
		else
			assert_int_equal(map_commit(t), e);
		if (e != OK)
			break;
	}
	assert_int_equal(e, ERR_LIMIT);
	assert_true(n > 20);
	assert_int_equal(map_stats(m, &stats), OK);
	assert_true(stats.used_bytes > n * sizeof(big));
	assert_true(stats.used_bytes <= stats.max_bytes);

	struct map_txn *t = begin(m, false);
	for (uint32_t i = 0; i < n; i++) {
		put_u32be(key, i);
		assert_int_equal(map_get(t, 2, slice_of(key, 4), &v), OK);
		assert_int_equal(v.n, sizeof(big));
	}
	assert_int_equal(
	    map_get(t, 2, slice_of("\xff\xff", 2), &v), ERR_NOTFOUND);
	map_abort(t);
}

static void
test_full(void **state)
{
	const struct map_lmdb_options o = { .map_bytes = 2 << 20,
		.create = true };
	char folder[TEST_PATH], why[MAP_WHY];
	struct map *m;

	(void)state;
	assert_int_equal(map_memory_open(2 << 20, &m), OK);
	full_run(m);
	put_ten(m, 7); /* small things still fit */
	map_close(m);

	test_folder_make(folder);
	assert_int_equal(map_lmdb_open(folder, &o, &m, why), OK);
	full_run(m);
	assert_non_null(strstr(map_why(m), "map size"));
	for (uint32_t i = 0; i < 5; i++) {
		uint8_t key[4];
		put_u32be(key, i);
		struct map_txn *t = begin(m, true);
		assert_int_equal(map_del(t, 2, slice_of(key, 4)), OK);
		assert_int_equal(map_commit(t), OK);
	}
	put_ten(m, 7);
	map_close(m);
	test_folder_remove(folder);
}

/* ---- LMDB alone ---- */

static const struct map_lmdb_options normal = { .map_bytes = 64 << 20,
	.create = true };

static void
test_disk_full(void **state)
{
	static uint8_t big[MAP_VALUE_MAX];
	struct test_map tm;
	struct rlimit old, small;
	uint8_t key[4];
	struct slice v;
	uint32_t n = 0;
	err e = OK;

	(void)state;
	test_map_open(&tm, TEST_LMDB);
	put_ten(tm.map, 1);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 1 << 20; /* writes beyond fail as on a full disk */
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (; n < 200 && e == OK; n++) {
		struct map_txn *t = begin(tm.map, true);
		put_u32be(key, n);
		assert_int_equal(map_put(t, 2, slice_of(key, 4),
				     slice_of(big, sizeof(big)), MAP_APPEND),
		    OK);
		e = map_commit(t);
	}
	assert_int_equal(e, ERR_IO);
	assert_non_null(strstr(map_why(tm.map), "disk is full"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

	/* all that was committed is there, and it goes on */
	put_ten(tm.map, 2);
	test_map_reopen(&tm);
	struct map_txn *t = begin(tm.map, false);
	for (uint32_t i = 0; i < n; i++) {
		put_u32be(key, i);
		assert_int_equal(map_get(t, 2, slice_of(key, 4), &v),
		    i + 1 < n ? OK : ERR_NOTFOUND);
	}
	map_abort(t);
	test_map_close(&tm);
}

static void
test_one_owner(void **state)
{
	struct test_map tm;
	struct map *second;
	char why[MAP_WHY], pid[32];
	int status;

	(void)state;
	test_map_open(&tm, TEST_LMDB);
	assert_int_equal(
	    map_lmdb_open(tm.folder, &normal, &second, why), ERR_EXISTS);
	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	assert_non_null(strstr(why, pid));

	const pid_t child = fork();
	if (child == 0)
		_exit(map_lmdb_open(tm.folder, &normal, &second, why) ==
			      ERR_EXISTS
			  ? 0
			  : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);

	put_ten(tm.map, 1); /* nobody was harmed */
	test_map_reopen(&tm);
	test_map_close(&tm);
}

static void
file_write(const char *folder, const void *p, size_t n)
{
	char file[TEST_PATH + 16];
	FILE *f;

	snprintf(file, sizeof(file), "%s/data.mdb", folder);
	f = fopen(file, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void
test_foreign(void **state)
{
	static uint8_t junk[65536];
	static const size_t sizes[] = { 1, 100, 4096, 8192, 65536 };
	char folder[TEST_PATH], why[MAP_WHY];
	struct map *m;

	(void)state;
	test_folder_make(folder);
	memset(junk, 'x', sizeof(junk));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		file_write(folder, junk, sizes[i]);
		const err e = map_lmdb_open(folder, &normal, &m, why);
		if (e != ERR_CORRUPT || strstr(why, "data.mdb") == NULL)
			fail_msg(
			    "%zu bytes: %s: %s", sizes[i], err_name(e), why);
	}
	test_folder_remove(folder);

	/* absent, and not to be made */
	const struct map_lmdb_options look = { .map_bytes = 1 << 20 };
	assert_int_equal(map_lmdb_open(folder, &look, &m, why), ERR_NOTFOUND);
	assert_non_null(strstr(why, "no store"));
	assert_int_equal(
	    map_lmdb_open("/proc/nowhere", &normal, &m, why), ERR_IO);
	assert_true(why[0] != '\0');
}

/* Another program's LMDB environment stays as it is. */
static void
test_other_program(void **state)
{
	char folder[TEST_PATH], why[MAP_WHY];
	struct map *m;
	MDB_env *env;
	MDB_txn *t;
	MDB_dbi dbi;
	char key[] = "theirs";
	MDB_val k = { sizeof(key), key };

	(void)state;
	test_folder_make(folder);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, folder, 0, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &t), 0);
	assert_int_equal(mdb_dbi_open(t, NULL, 0, &dbi), 0);
	assert_int_equal(mdb_put(t, dbi, &k, &k, 0), 0);
	assert_int_equal(mdb_txn_commit(t), 0);
	mdb_env_close(env);

	assert_int_equal(map_lmdb_open(folder, &normal, &m, why), ERR_CORRUPT);
	assert_non_null(strstr(why, "another program"));
	test_folder_remove(folder);
}

static void
test_cut_short(void **state)
{
	static uint8_t big[MAP_VALUE_MAX];
	struct test_map tm;
	char file[TEST_PATH + 16], why[MAP_WHY];
	struct stat st;
	struct map *m;
	uint8_t key[4];

	(void)state;
	test_map_open(&tm, TEST_LMDB);
	struct map_txn *t = begin(tm.map, true);
	for (uint32_t i = 0; i < 100; i++) {
		put_u32be(key, i);
		assert_int_equal(map_put(t, 0, slice_of(key, 4),
				     slice_of(big, sizeof(big)), MAP_APPEND),
		    OK);
	}
	assert_int_equal(map_commit(t), OK);
	map_close(tm.map);

	snprintf(file, sizeof(file), "%s/data.mdb", tm.folder);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(truncate(file, st.st_size / 2), 0);
	assert_int_equal(
	    map_lmdb_open(tm.folder, &normal, &m, why), ERR_CORRUPT);
	assert_non_null(strstr(why, "cut short"));
	test_folder_remove(tm.folder);
}

static void
test_copy(void **state)
{
	struct test_map tm;
	char folder[TEST_PATH], why[MAP_WHY], name[8];
	uint8_t bytes[128];
	struct map *m;
	struct slice v;

	(void)state;
	test_map_open(&tm, TEST_LMDB);
	put_ten(tm.map, 77);
	test_folder_make(folder);
	assert_int_equal(map_copy(tm.map, folder), OK);
	put_ten(tm.map, 78);
	assert_int_equal(map_copy(tm.map, folder), ERR_EXISTS);
	assert_non_null(strstr(map_why(tm.map), "exists"));

	assert_int_equal(map_lmdb_open(folder, &normal, &m, why), OK);
	struct map_txn *t = begin(m, false);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(map_get(t, 1, model_key(i, name), &v), OK);
		assert_true(slice_eq(v, model_value(77, bytes)));
	}
	map_abort(t);
	put_ten(m, 79);
	map_close(m);
	test_folder_remove(folder);
	test_map_close(&tm);

	assert_int_equal(map_memory_open(1 << 20, &m), OK);
	assert_int_equal(map_copy(m, folder), ERR_CONFIG);
	map_close(m);
}

/*
 * In a process of its own: look at the map of ${folder} beside its owner;
 * 'y' when a read transaction is open that sees ten values and no write is
 * let through. It ends when it is killed.
 */
static void
look_on(const char *folder, int to)
{
	const struct map_lmdb_options look = { .map_bytes = 256 << 20,
		.read_only = true };
	char why[MAP_WHY], name[8], answer = 'y';
	uint8_t bytes[128];
	struct map *m = NULL;
	struct map_txn *t = NULL, *w = NULL;
	struct slice v;

	if (map_lmdb_open(folder, &look, &m, why) != OK ||
	    map_begin(m, true, &w) != ERR_IO || map_begin(m, false, &t) != OK)
		answer = 'n';
	for (size_t i = 0; i < 10 && answer == 'y'; i++)
		if (map_get(t, 1, model_key(i, name), &v) != OK ||
		    !slice_eq(v, model_value(77, bytes)))
			answer = 'n';
	if (write(to, &answer, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void
test_look_on(void **state)
{
	struct test_map tm;
	unsigned live, cleared;
	int ends[2], status;
	char answer = 0;

	(void)state;
	test_map_open(&tm, TEST_LMDB);
	put_ten(tm.map, 77);
	assert_int_equal(pipe(ends), 0);
	const pid_t pid = fork();
	if (pid == 0)
		look_on(tm.folder, ends[1]);
	assert_int_equal(read(ends[0], &answer, 1), 1);
	assert_int_equal(answer, 'y');
	put_ten(tm.map, 78); /* it is in nobody's way */
	assert_int_equal(map_lmdb_readers(tm.map, &live, &cleared), OK);
	assert_int_equal(live, 1);
	assert_int_equal(cleared, 0);
	/* Killed it leaves its place behind, which would pin pages. */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(map_lmdb_readers(tm.map, &live, &cleared), OK);
	assert_int_equal(cleared, 1);
	assert_int_equal(map_lmdb_readers(tm.map, &live, &cleared), OK);
	assert_int_equal(live + cleared, 0);
	close(ends[0]);
	close(ends[1]);
	test_map_close(&tm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_one_owner),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_other_program),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_look_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
