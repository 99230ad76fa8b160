/*
 * old_store DIR: makes the store in DIR, which no node has open, one of
 * version 1, as an older ohcn left it, for the tests of its migration: the
 * way back from store/migrate.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/internal.h"

#define ROWS_MAX 100000

static struct store_key old[ROWS_MAX], new[ROWS_MAX];
static uint8_t kinds[ROWS_MAX][2];

static err
row(struct map_txn *t, struct slice key, size_t i)
{
	const uint64_t rid = get_u64be(key.p + TIME_KEY - 8);
	const struct store_key rk = store_key_rid(rid);
	struct store_record r;
	struct slice value;

	old[i].n = key.n;
	memcpy(old[i].p, key.p, key.n);
	TRY(map_get(t, TABLE_RECORD, key_slice(&rk), &value));
	TRY(store_record_parse(rid, value, &r));
	new[i].n = TIME_KEY_V1;
	put_u32be(new[i].p, (uint32_t)(r.seq >> 8));
	memcpy(new[i].p + 4, r.id, 8);
	put_u64be(new[i].p + 12, rid);
	put_u16be(kinds[i], (uint16_t)r.kind);
	return OK;
}

static err
rows(struct map_txn *t, size_t *n)
{
	struct map_cursor *c;
	struct slice key, value;

	*n = 0;
	TRY(map_cursor_open(t, TABLE_TIME, &c));
	err e = map_cursor_next(c, &key, &value);
	for (; e == OK && *n < ROWS_MAX; ++*n) {
		e = key.n == TIME_KEY ? row(t, key, *n) : ERR_CORRUPT;
		if (e == OK)
			e = map_cursor_next(c, &key, &value);
	}
	map_cursor_close(c);
	if (e != ERR_NOTFOUND)
		return e;
	for (size_t i = 0; i < *n; i++)
		TRY(map_del(t, TABLE_TIME, key_slice(&old[i])));
	for (size_t i = 0; i < *n; i++)
		TRY(map_put(t, TABLE_TIME, key_slice(&new[i]),
		    slice_of(kinds[i], 2), MAP_PUT));
	return OK;
}

static err
meta(struct map_txn *t)
{
	uint8_t totals[TOTALS_V1], format[16];
	struct slice v;

	TRY(map_get(t, TABLE_META, slice_str("totals"), &v));
	if (v.n != TOTALS_BYTES)
		return ERR_CORRUPT;
	memcpy(totals, v.p, 24);
	memcpy(totals + 24, v.p + 48, sizeof(totals) - 24);
	TRY(map_put(t, TABLE_META, slice_str("totals"),
	    slice_of(totals, sizeof(totals)), MAP_PUT));
	TRY(map_get(t, TABLE_META, slice_str("format"), &v));
	if (v.n != sizeof(format))
		return ERR_CORRUPT;
	memcpy(format, v.p, sizeof(format));
	put_u32be(format + 8, 1);
	return map_put(t, TABLE_META, slice_str("format"),
	    slice_of(format, sizeof(format)), MAP_PUT);
}

int
main(int argc, char **argv)
{
	const struct map_lmdb_options options = { .map_bytes = 1U << 30 };
	char why[MAP_WHY] = "";
	struct map *m = NULL;
	struct map_txn *t = NULL;
	size_t n = 0;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: old_store DIR\n");
		return 2;
	}
	err e = map_lmdb_open(argv[1], &options, &m, why);
	if (e == OK)
		e = map_begin(m, true, &t);
	if (e == OK) {
		e = rows(t, &n);
		if (e == OK)
			e = meta(t);
		if (e == OK)
			e = map_commit(t);
		else
			map_abort(t);
	}
	map_close(m);
	if (e != OK) {
		(void)fprintf(stderr, "old_store: %s %s\n", err_name(e), why);
		return 1;
	}
	printf("%zu\n", n);
	return 0;
}
