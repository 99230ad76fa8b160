#include "tests/sim/disk.h"

#include <stdlib.h>

#include "store/internal.h"
#include "tests/sim/plant.h"

struct disk_txn {
	struct map_txn txn;
	struct map_txn *inner;
};

struct disk_cursor {
	struct map_cursor cursor;
	struct map_cursor *inner;
};

static struct sim_disk *
disk_of(struct map *m)
{
	return CONTAINER_OF(m, struct sim_disk, map);
}

static struct map_txn *
inner_of(struct map_txn *t)
{
	return CONTAINER_OF(t, struct disk_txn, txn)->inner;
}

static struct map_cursor *
inner_cursor(struct map_cursor *c)
{
	return CONTAINER_OF(c, struct disk_cursor, cursor)->inner;
}

static err
disk_begin(struct map *m, bool write, struct map_txn **txn)
{
	struct sim_disk *d = disk_of(m);

	if (d->dead)
		return ERR_IO;
	struct disk_txn *t = calloc(1, sizeof(*t));
	ASSERT(t != NULL);
	const err e = map_begin(d->inner, write, &t->inner);
	if (e != OK) {
		free(t);
		return e;
	}
	*txn = &t->txn;
	return OK;
}

static void
disk_abort(struct map_txn *t)
{
	map_abort(inner_of(t));
	free(CONTAINER_OF(t, struct disk_txn, txn));
}

static err
disk_commit(struct map_txn *t)
{
	struct sim_disk *d = disk_of(t->map);

	if (d->full) {
		disk_abort(t);
		return planted(PLANT_COMMIT_LIES) ? OK : ERR_IO;
	}
	d->commits++;
	const err e = map_commit(inner_of(t));
	free(CONTAINER_OF(t, struct disk_txn, txn));
	return e;
}

static err
disk_get(struct map_txn *t, unsigned table, struct slice key, struct slice *v)
{
	return map_get(inner_of(t), table, key, v);
}

static err
disk_put(struct map_txn *t, unsigned table, struct slice key,
    struct slice value, enum map_put how)
{
	if (planted(PLANT_INDEX_HOLE) && table == TABLE_TIME &&
	    disk_of(t->map)->puts++ % 16 == 9)
		return OK;
	if (planted(PLANT_FLOOR_LOST) && table == TABLE_SLOT &&
	    value.n == FLOOR_BYTES) {
		const err e = map_del(inner_of(t), table, key);
		return e == ERR_NOTFOUND ? OK : e;
	}
	return map_put(inner_of(t), table, key, value, how);
}

static err
disk_del(struct map_txn *t, unsigned table, struct slice key)
{
	return map_del(inner_of(t), table, key);
}

static err
disk_cursor_open(struct map_txn *t, unsigned table, struct map_cursor **c)
{
	struct disk_cursor *dc = calloc(1, sizeof(*dc));

	ASSERT(dc != NULL);
	const err e = map_cursor_open(inner_of(t), table, &dc->inner);
	if (e != OK) {
		free(dc);
		return e;
	}
	*c = &dc->cursor;
	return OK;
}

static err
disk_seek(struct map_cursor *c, struct slice from, struct slice *key,
    struct slice *value)
{
	return map_cursor_seek(inner_cursor(c), from, key, value);
}

static err
disk_next(struct map_cursor *c, struct slice *key, struct slice *value)
{
	return map_cursor_next(inner_cursor(c), key, value);
}

static err
disk_prev(struct map_cursor *c, struct slice *key, struct slice *value)
{
	return map_cursor_prev(inner_cursor(c), key, value);
}

static void
disk_cursor_close(struct map_cursor *c)
{
	map_cursor_close(inner_cursor(c));
	free(CONTAINER_OF(c, struct disk_cursor, cursor));
}

static err
disk_table_stats(struct map_txn *t, unsigned table, struct map_table_stats *out)
{
	return map_table_stats(inner_of(t), table, out);
}

static err
disk_stats(struct map *m, struct map_stats *out)
{
	return map_stats(disk_of(m)->inner, out);
}

static err
disk_sync(struct map *m)
{
	return map_sync(disk_of(m)->inner);
}

static err
disk_copy(struct map *m, const char *path)
{
	return map_copy(disk_of(m)->inner, path);
}

static const char *
disk_why(const struct map *m)
{
	(void)m;
	return "simulated";
}

static void
disk_close(struct map *m)
{
	(void)m;
}

void
sim_disk_init(struct sim_disk *d, struct map *inner)
{
	static const struct map_ops ops = {
		.begin = disk_begin,
		.commit = disk_commit,
		.abort = disk_abort,
		.get = disk_get,
		.put = disk_put,
		.del = disk_del,
		.cursor_open = disk_cursor_open,
		.cursor_seek = disk_seek,
		.cursor_next = disk_next,
		.cursor_prev = disk_prev,
		.cursor_close = disk_cursor_close,
		.table_stats = disk_table_stats,
		.stats = disk_stats,
		.sync = disk_sync,
		.copy = disk_copy,
		.why = disk_why,
		.close = disk_close,
	};
	*d = (struct sim_disk){ .map = { &ops }, .inner = inner };
}
