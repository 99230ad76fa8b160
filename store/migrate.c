/*
 * To version 3: hidden records get rows of their own (few: the owner's). Done
 * in the last transaction, whatever version it was.
 *
 * From version 1 to 2: each row of the time index becomes wider, revocations
 * move to hour 0, floors and own records are counted. Done in place, in the
 * order of the index, so that a transaction writes pages that lie together.
 * The row "migrate" of meta says that it is under way:
 *   from u32, sweep u8, n u8, the last key looked at
 * First a sweep over the old rows; those written for hours to come are not
 * looked at twice, since they are longer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/internal.h"

#define MIGRATE_BYTES (6 + TIME_KEY)
#define FORMAT_AT     8 /* of the version in meta's "format" */

struct migration {
	struct store *s;
	struct store_view view; /* of the transaction */
	uint32_t from;
	struct store_key at;
};

static err
state_get(struct migration *m)
{
	struct slice v;
	const err e =
	    map_get(m->view.txn, TABLE_META, slice_str("migrate"), &v);

	m->from = m->s->info.version;
	m->at.n = 0;
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	if (v.n != MIGRATE_BYTES || v.p[5] > TIME_KEY)
		return ERR_CORRUPT;
	m->from = get_u32be(v.p);
	m->at.n = v.p[5];
	memcpy(m->at.p, v.p + 6, m->at.n);
	return OK;
}

static err
state_put(struct migration *m)
{
	uint8_t out[MIGRATE_BYTES] = { 0 };

	put_u32be(out, m->from);
	out[5] = (uint8_t)m->at.n;
	memcpy(out + 6, m->at.p, m->at.n);
	return map_put(m->view.txn, TABLE_META, slice_str("migrate"),
	    slice_of(out, sizeof(out)), MAP_PUT);
}

/* From the first transaction on an older ohcn must not touch it. */
static err
version_put(struct migration *m)
{
	uint8_t format[FORMAT_AT + 8];
	struct slice v;

	TRY(map_get(m->view.txn, TABLE_META, slice_str("format"), &v));
	if (v.n != sizeof(format))
		return ERR_CORRUPT;
	memcpy(format, v.p, sizeof(format));
	put_u32be(format + FORMAT_AT, STORE_VERSION);
	return map_put(m->view.txn, TABLE_META, slice_str("format"),
	    slice_of(format, sizeof(format)), MAP_PUT);
}

/* The new row of the record that the old row ${key} names. */
static err
row_widen(struct migration *m, const struct store_key *key)
{
	const uint64_t rid = get_u64be(key->p + TIME_KEY_V1 - 8);
	const struct store_key rk = store_key_rid(rid);
	struct store_record r;
	struct record_keys k;
	struct slice value;
	uint8_t time[TIME_BYTES];

	const err e =
	    map_get(m->view.txn, TABLE_RECORD, key_slice(&rk), &value);
	if (e == ERR_NOTFOUND ||
	    (e == OK && store_record_parse(rid, value, &r) != OK))
		return map_del(m->view.txn, TABLE_TIME, key_slice(key));
	TRY(e);
	store_keys(m->s, &r, &k);
	store_time_put(time, &r, store_sum(m->s, value));
	TRY(map_del(m->view.txn, TABLE_TIME, key_slice(key)));
	return map_put(m->view.txn, TABLE_TIME, key_slice(&k.time),
	    slice_of(time, TIME_BYTES), MAP_PUT);
}

static err
rows_widen(struct migration *m, size_t max)
{
	struct slice key, value;
	struct map_cursor *c;

	TRY(map_cursor_open(m->view.txn, TABLE_TIME, &c));
	err e = map_cursor_seek(c, key_slice(&m->at), &key, &value);
	for (size_t i = 0; e == OK && i < max; i++) {
		if (key.n > TIME_KEY) {
			e = ERR_CORRUPT;
			break;
		}
		m->at.n = key.n;
		memcpy(m->at.p, key.p, key.n);
		if (key.n == TIME_KEY_V1)
			e = row_widen(m, &m->at);
		if (e == OK)
			e = map_cursor_next(c, &key, &value);
	}
	map_cursor_close(c);
	return e;
}

static err
rows_count(
    struct migration *m, enum store_table table, size_t value_n, uint64_t *n)
{
	struct slice key, value;
	struct map_cursor *c;

	*n = 0;
	TRY(map_cursor_open(m->view.txn, table, &c));
	err e = map_cursor_next(c, &key, &value);
	for (; e == OK; e = map_cursor_next(c, &key, &value))
		*n += value.n == value_n;
	map_cursor_close(c);
	return e == ERR_NOTFOUND ? OK : e;
}

/* The row of an own record that is hidden, from slot to hidden. */
static err
row_hide(struct migration *m, uint64_t rid)
{
	const struct store_key rk = store_key_rid(rid);
	uint8_t row[WINNER_BYTES] = { SLOT_WINNER };
	struct store_record r;
	struct record_keys k;
	struct slice value;
	uint32_t until_h;

	err e = map_get(m->view.txn, TABLE_RECORD, key_slice(&rk), &value);
	if (e == OK)
		e = store_record_parse(rid, value, &r);
	if (e == ERR_NOTFOUND || e == ERR_CORRUPT ||
	    (e == OK && !store_is_hidden(&r)))
		return OK; /* damage is the check's to tell */
	TRY(e);
	store_keys(m->s, &r, &k);
	e = map_get(m->view.txn, TABLE_SLOT, key_slice(&k.slot), &value);
	if (e == ERR_NOTFOUND ||
	    (e == OK && store_slot_parse(value, &until_h) != SLOT_WINNER))
		return OK;
	TRY(e);
	put_u32be(row + 1, (uint32_t)r.expires_h);
	TRY(map_del(m->view.txn, TABLE_SLOT, key_slice(&k.slot)));
	return map_put(m->view.txn, TABLE_HIDDEN, key_slice(&k.slot),
	    slice_of(row, WINNER_BYTES), MAP_PUT);
}

static err
rows_hide(struct migration *m)
{
	struct slice key, value;
	struct map_cursor *c;

	TRY(map_cursor_open(m->view.txn, TABLE_OWN, &c));
	err e = map_cursor_next(c, &key, &value);
	while (e == OK) {
		if (key.n == 8)
			e = row_hide(m, get_u64be(key.p));
		if (e == OK)
			e = map_cursor_next(c, &key, &value);
	}
	map_cursor_close(c);
	return e == ERR_NOTFOUND ? OK : e;
}

/* Count what version 1 did not, and call it done. */
static err
finish(struct migration *m, uint64_t now_s)
{
	struct store_totals totals;
	uint8_t done[12];

	TRY(store_totals_get(m->view.txn, &totals));
	TRY(rows_count(m, TABLE_SLOT, FLOOR_BYTES, &totals.floors));
	TRY(rows_count(m, TABLE_OWN, 0, &totals.own));
	TRY(store_totals_put(m->view.txn, &totals));
	TRY(rows_hide(m));
	put_u32be(done, m->from);
	put_u32be(done + 4, STORE_VERSION);
	put_u32be(done + 8, (uint32_t)MIN(now_s, UINT32_MAX));
	TRY(map_put(m->view.txn, TABLE_META, slice_str("migrated"),
	    slice_of(done, sizeof(done)), MAP_PUT));
	const err e = map_del(m->view.txn, TABLE_META, slice_str("migrate"));
	return e == ERR_NOTFOUND ? OK : e;
}

static err
migrate_some(struct migration *m, uint64_t now_s, size_t max, bool *done)
{
	TRY(state_get(m));
	if (m->at.n == 0)
		TRY(version_put(m));
	const err e = m->from >= 2 ? ERR_NOTFOUND : rows_widen(m, max);
	*done = e == ERR_NOTFOUND;
	if (*done)
		return finish(m, now_s);
	TRY(e);
	return state_put(m);
}

err
store_migrate(struct store *s, uint64_t now_s, size_t max, bool *done)
{
	struct migration m = { .s = s, .view = { .store = s } };

	*done = true;
	if (!s->info.must_migrate)
		return OK;
	*done = false;
	err e = map_begin(s->map, true, &m.view.txn);
	if (e == OK) {
		e = migrate_some(&m, now_s, MAX(max, 2), done);
		if (e == OK)
			e = map_commit(m.view.txn);
		else
			map_abort(m.view.txn);
	}
	if (e != OK) {
		*done = false;
		if (e == ERR_NOTFOUND)
			e = ERR_CORRUPT;
		return store_fail(s, "migrate the store", e);
	}
	s->info.must_migrate = !*done;
	return OK;
}
