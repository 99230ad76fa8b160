#include "store/map.h"

static bool
key_fits(struct slice key)
{
	return key.n >= 1 && key.n <= MAP_KEY_MAX;
}

void
map_close(struct map *m)
{
	if (m != NULL)
		m->ops->close(m);
}

err
map_begin(struct map *m, bool write, struct map_txn **txn)
{
	*txn = NULL;
	TRY(m->ops->begin(m, write, txn));
	(*txn)->map = m;
	(*txn)->write = write;
	(*txn)->failed = OK;
	(*txn)->changes = 0;
	return OK;
}

err
map_commit(struct map_txn *t)
{
	const err failed = t->failed;

	if (failed == OK)
		return t->map->ops->commit(t);
	t->map->ops->abort(t);
	return failed;
}

void
map_abort(struct map_txn *t)
{
	if (t != NULL)
		t->map->ops->abort(t);
}

err
map_get(
    struct map_txn *t, unsigned table, struct slice key, struct slice *value)
{
	ASSERT(table < MAP_TABLES && key_fits(key));
	return t->map->ops->get(t, table, key, value);
}

err
map_put(struct map_txn *t, unsigned table, struct slice key, struct slice value,
    enum map_put how)
{
	ASSERT(t->write && table < MAP_TABLES && key_fits(key));
	ASSERT(value.n <= MAP_VALUE_MAX);
	if (t->failed != OK)
		return t->failed;
	t->changes++;
	t->failed = t->map->ops->put(t, table, key, value, how);
	return t->failed;
}

err
map_del(struct map_txn *t, unsigned table, struct slice key)
{
	ASSERT(t->write && table < MAP_TABLES && key_fits(key));
	if (t->failed != OK)
		return t->failed;
	t->changes++;
	const err e = t->map->ops->del(t, table, key);
	if (e != OK && e != ERR_NOTFOUND)
		t->failed = e;
	return e;
}

err
map_cursor_open(struct map_txn *t, unsigned table, struct map_cursor **c)
{
	ASSERT(table < MAP_TABLES);
	*c = NULL;
	TRY(t->map->ops->cursor_open(t, table, c));
	(*c)->txn = t;
	return OK;
}

err
map_cursor_seek(struct map_cursor *c, struct slice from, struct slice *key,
    struct slice *value)
{
	ASSERT(from.n <= MAP_KEY_MAX);
	return c->txn->map->ops->cursor_seek(c, from, key, value);
}

err
map_cursor_next(struct map_cursor *c, struct slice *key, struct slice *value)
{
	return c->txn->map->ops->cursor_next(c, key, value);
}

err
map_cursor_prev(struct map_cursor *c, struct slice *key, struct slice *value)
{
	return c->txn->map->ops->cursor_prev(c, key, value);
}

void
map_cursor_close(struct map_cursor *c)
{
	if (c != NULL)
		c->txn->map->ops->cursor_close(c);
}

err
map_table_stats(struct map_txn *t, unsigned table, struct map_table_stats *out)
{
	ASSERT(table < MAP_TABLES);
	*out = (struct map_table_stats){ 0 };
	return t->map->ops->table_stats(t, table, out);
}

err
map_stats(struct map *m, struct map_stats *out)
{
	*out = (struct map_stats){ 0 };
	return m->ops->stats(m, out);
}

err
map_sync(struct map *m)
{
	return m->ops->sync(m);
}

err
map_copy(struct map *m, const char *path)
{
	return m->ops->copy(m, path);
}

const char *
map_why(const struct map *m)
{
	return m->ops->why(m);
}
