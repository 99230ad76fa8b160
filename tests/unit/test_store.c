#include "test_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

void
test_folder_make(char out[TEST_PATH])
{
	snprintf(out, TEST_PATH, "/tmp/ohcn-test-XXXXXX");
	assert_non_null(mkdtemp(out));
}

void
test_folder_remove(const char *path)
{
	static const char *const names[] = { "data.mdb", "lock.mdb",
		"owner.lock" };
	char file[TEST_PATH + 16];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		(void)unlink(file);
	}
	assert_int_equal(rmdir(path), 0);
}

static void
map_open(struct test_map *t)
{
	const struct map_lmdb_options o = { .map_bytes = 256 << 20,
		.create = true };
	char why[MAP_WHY];

	if (t->backend == TEST_MEMORY) {
		assert_int_equal(map_memory_open(256 << 20, &t->map), OK);
		return;
	}
	const err e = map_lmdb_open(t->folder, &o, &t->map, why);
	if (e != OK)
		fail_msg("%s: %s", err_name(e), why);
}

void
test_map_open(struct test_map *t, enum test_backend backend)
{
	*t = (struct test_map){ .backend = backend };
	if (backend == TEST_LMDB)
		test_folder_make(t->folder);
	map_open(t);
}

void
test_map_reopen(struct test_map *t)
{
	if (t->backend == TEST_MEMORY)
		return;
	map_close(t->map);
	map_open(t);
}

void
test_map_close(struct test_map *t)
{
	map_close(t->map);
	if (t->backend == TEST_LMDB)
		test_folder_remove(t->folder);
}

/* ---- a map that fails ---- */

struct faulty_txn {
	struct map_txn txn;
	struct map_txn *inner;
};

struct faulty_cursor {
	struct map_cursor cursor;
	struct map_cursor *inner;
};

static struct test_faulty *
faulty_of(const struct map *m)
{
	union {
		const struct map *in;
		struct map *out;
	} u = { m };
	return CONTAINER_OF(u.out, struct test_faulty, map);
}

static struct map_txn *
inner_of(struct map_txn *t)
{
	return CONTAINER_OF(t, struct faulty_txn, txn)->inner;
}

static struct map_cursor *
inner_cursor(struct map_cursor *c)
{
	return CONTAINER_OF(c, struct faulty_cursor, cursor)->inner;
}

static bool
fails(const struct map *m)
{
	struct test_faulty *f = faulty_of(m);
	return ++f->count == f->fail_at;
}

static err
faulty_begin(struct map *m, bool write, struct map_txn **txn)
{
	if (fails(m))
		return ERR_IO;
	struct faulty_txn *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	const err e = map_begin(faulty_of(m)->inner, write, &t->inner);
	if (e != OK) {
		free(t);
		return e;
	}
	*txn = &t->txn;
	return OK;
}

static void
faulty_abort(struct map_txn *t)
{
	map_abort(inner_of(t));
	free(CONTAINER_OF(t, struct faulty_txn, txn));
}

static err
faulty_commit(struct map_txn *t)
{
	if (fails(t->map)) {
		faulty_abort(t);
		return ERR_IO;
	}
	const err e = map_commit(inner_of(t));
	free(CONTAINER_OF(t, struct faulty_txn, txn));
	return e;
}

static err
faulty_get(struct map_txn *t, unsigned table, struct slice key, struct slice *v)
{
	return fails(t->map) ? ERR_IO : map_get(inner_of(t), table, key, v);
}

static err
faulty_put(struct map_txn *t, unsigned table, struct slice key,
    struct slice value, enum map_put how)
{
	return fails(t->map) ? ERR_IO
			     : map_put(inner_of(t), table, key, value, how);
}

static err
faulty_del(struct map_txn *t, unsigned table, struct slice key)
{
	return fails(t->map) ? ERR_IO : map_del(inner_of(t), table, key);
}

static err
faulty_cursor_open(struct map_txn *t, unsigned table, struct map_cursor **c)
{
	if (fails(t->map))
		return ERR_IO;
	struct faulty_cursor *fc = calloc(1, sizeof(*fc));
	assert_non_null(fc);
	const err e = map_cursor_open(inner_of(t), table, &fc->inner);
	if (e != OK) {
		free(fc);
		return e;
	}
	*c = &fc->cursor;
	return OK;
}

static err
faulty_seek(struct map_cursor *c, struct slice from, struct slice *key,
    struct slice *value)
{
	return fails(c->txn->map)
		   ? ERR_IO
		   : map_cursor_seek(inner_cursor(c), from, key, value);
}

static err
faulty_next(struct map_cursor *c, struct slice *key, struct slice *value)
{
	return fails(c->txn->map)
		   ? ERR_IO
		   : map_cursor_next(inner_cursor(c), key, value);
}

static err
faulty_prev(struct map_cursor *c, struct slice *key, struct slice *value)
{
	return fails(c->txn->map)
		   ? ERR_IO
		   : map_cursor_prev(inner_cursor(c), key, value);
}

static void
faulty_cursor_close(struct map_cursor *c)
{
	map_cursor_close(inner_cursor(c));
	free(CONTAINER_OF(c, struct faulty_cursor, cursor));
}

static err
faulty_table_stats(
    struct map_txn *t, unsigned table, struct map_table_stats *out)
{
	return map_table_stats(inner_of(t), table, out);
}

static err
faulty_stats(struct map *m, struct map_stats *out)
{
	return map_stats(faulty_of(m)->inner, out);
}

static err
faulty_sync(struct map *m)
{
	return map_sync(faulty_of(m)->inner);
}

static err
faulty_copy(struct map *m, const char *path)
{
	return map_copy(faulty_of(m)->inner, path);
}

static const char *
faulty_why(const struct map *m)
{
	return map_why(faulty_of(m)->inner);
}

static void
faulty_close(struct map *m)
{
	(void)m;
}

void
test_faulty_init(struct test_faulty *f, struct map *inner)
{
	static const struct map_ops ops = {
		.begin = faulty_begin,
		.commit = faulty_commit,
		.abort = faulty_abort,
		.get = faulty_get,
		.put = faulty_put,
		.del = faulty_del,
		.cursor_open = faulty_cursor_open,
		.cursor_seek = faulty_seek,
		.cursor_next = faulty_next,
		.cursor_prev = faulty_prev,
		.cursor_close = faulty_cursor_close,
		.table_stats = faulty_table_stats,
		.stats = faulty_stats,
		.sync = faulty_sync,
		.copy = faulty_copy,
		.why = faulty_why,
		.close = faulty_close,
	};
	*f = (struct test_faulty){ .map = { &ops }, .inner = inner };
}
