/* Reading: views, searches and walks. */
#include <stdlib.h>

#include "store/internal.h"

err
store_view_open(struct store *s, struct store_view **v)
{
	*v = NULL;
	if (s->info.must_migrate)
		return ERR_CONFIG;
	struct store_view *view = calloc(1, sizeof(*view));
	if (view == NULL)
		return ERR_NOMEM;
	view->store = s;
	view->revocations = -1;
	store_scope(s, &view->scope);
	const err e = map_begin(s->map, false, &view->txn);
	if (e != OK) {
		free(view);
		return e;
	}
	*v = view;
	return OK;
}

void
store_view_close(struct store_view *v)
{
	if (v == NULL)
		return;
	map_cursor_close(v->slots);
	map_cursor_close(v->hidden);
	map_abort(v->txn);
	free(v);
}

err
store_look(struct store_view *v, const struct record *r, uint64_t now_s,
    enum record_outcome *outcome, struct store_held *held)
{
	struct slot_state st, hidden;

	*outcome = RECORD_QUEUE_FULL;
	if (held != NULL)
		*held = (struct store_held){ 0 };
	TRY(store_judge(v, r, false, now_s, outcome, &st, &hidden));
	if (*outcome == RECORD_DUPLICATE && store_is_its(&hidden, r))
		st = hidden;
	if (*outcome == RECORD_STALE && store_raises(r, &st))
		*outcome = RECORD_FINE;
	if (held != NULL && st.live)
		*held = (struct store_held){
			.rid = st.rid, .own = st.own, .heard = st.heard
		};
	if (held != NULL && *outcome == RECORD_FINE && !st.own &&
	    !store_ends(&hidden, r))
		held->outside = store_outside(&v->scope, r, &st, now_s) &&
				!store_raises(r, &st);
	return OK;
}

err
store_get_rid(struct store_view *v, uint64_t rid, struct store_record *out)
{
	const struct store_key k = store_key_rid(rid);
	struct slice value;

	TRY(map_get(v->txn, TABLE_RECORD, key_slice(&k), &value));
	return store_record_parse(rid, value, out);
}

/* The record that an index names; its absence is damage. */
static err
get_named(struct store_view *v, uint64_t rid, struct store_record *out)
{
	const err e = store_get_rid(v, rid, out);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

/*
 * A walk over one table: keys of ${key_n} bytes from ${from} on, as long as
 * they begin with ${prefix}.
 */
struct walk {
	struct map_cursor *c;
	struct slice prefix;
	size_t key_n;
};

static err
walk_take(const struct walk *w, err e, const struct slice *key)
{
	TRY(e);
	if (w->key_n != 0 && key->n != w->key_n)
		return ERR_CORRUPT;
	if (key->n < w->prefix.n ||
	    (w->prefix.n > 0 && memcmp(key->p, w->prefix.p, w->prefix.n) != 0))
		return ERR_NOTFOUND;
	return OK;
}

static err
walk_begin(struct walk *w, struct store_view *v, enum store_table table,
    struct slice from, struct slice *key, struct slice *value)
{
	TRY(map_cursor_open(v->txn, table, &w->c));
	return walk_take(w, map_cursor_seek(w->c, from, key, value), key);
}

static err
walk_next(struct walk *w, struct slice *key, struct slice *value)
{
	return walk_take(w, map_cursor_next(w->c, key, value), key);
}

/* The end of the table or of the prefix is the end of a good walk. */
static err
walk_end(struct walk *w, err e)
{
	map_cursor_close(w->c);
	return e == ERR_NOTFOUND ? OK : e;
}

err
store_get(
    struct store_view *v, const uint8_t id[RECORD_ID], struct store_record *out)
{
	uint8_t prefix[8];
	struct walk w = { .prefix = slice_of(prefix, 8), .key_n = 16 };
	struct slice key, value;
	bool found = false;

	put_u64be(prefix, store_hash_id(v->store, id));
	err e = walk_begin(&w, v, TABLE_ID, w.prefix, &key, &value);
	while (e == OK && !found) {
		e = get_named(v, get_u64be(key.p + 8), out);
		if (e != OK)
			break;
		found = memcmp(out->id, id, RECORD_ID) == 0;
		if (!found)
			e = walk_next(&w, &key, &value);
	}
	TRY(walk_end(&w, e));
	return found ? OK : ERR_NOTFOUND;
}

err
store_get_slot(struct store_view *v, const uint8_t author[RECORD_AUTHOR],
    uint32_t kind, uint32_t slot, struct store_record *out)
{
	const struct slot_name name = { author, kind, slot };
	struct slot_state st;
	bool gone = false;

	TRY(store_slot_find(v, TABLE_HIDDEN, &name, &st));
	if (st.live)
		return get_named(v, st.rid, out);
	TRY(store_get_open(v, author, kind, slot, out));
	TRY(store_superseded(v, out, &gone));
	return gone ? ERR_NOTFOUND : OK;
}

err
store_get_open(struct store_view *v, const uint8_t author[RECORD_AUTHOR],
    uint32_t kind, uint32_t slot, struct store_record *out)
{
	const struct slot_name name = { author, kind, slot };
	struct slot_state st;

	TRY(store_slot_find(v, TABLE_SLOT, &name, &st));
	return st.live ? get_named(v, st.rid, out) : ERR_NOTFOUND;
}

err
store_slot_seq(struct store_view *v, const uint8_t author[RECORD_AUTHOR],
    uint32_t kind, uint32_t slot, uint64_t *seq)
{
	const struct slot_name name = { author, kind, slot };
	struct slot_state st, hidden;

	*seq = 0;
	TRY(store_slot_find(v, TABLE_SLOT, &name, &st));
	TRY(store_slot_find(v, TABLE_HIDDEN, &name, &hidden));
	*seq = MAX(st.seq, hidden.seq);
	return OK;
}

/* Hand a record to the owner, unless another has its place. */
static err
owner_told(struct store_view *v, const struct store_record *r, bool *more,
    store_each_fn *fn, void *ctx)
{
	bool gone;

	TRY(store_superseded(v, r, &gone));
	if (!gone)
		*more = fn(ctx, r);
	return OK;
}

/* What a row of a slot tells of the author; a floor, or another's: nothing. */
static err
row_told(struct store_view *v, const uint8_t author[RECORD_AUTHOR],
    struct slice key, struct slice value, bool *more, store_each_fn *fn,
    void *ctx)
{
	struct store_record r;
	uint32_t until_h;

	if (store_slot_parse(value, &until_h) != SLOT_WINNER)
		return OK;
	TRY(get_named(v, get_u64be(key.p + SLOT_PREFIX), &r));
	if (memcmp(r.author, author, RECORD_AUTHOR) != 0)
		return OK;
	return owner_told(v, &r, more, fn, ctx);
}

/* Slot and hidden at once, in the order of their keys. */
err
store_each_author(struct store_view *v, const uint8_t author[RECORD_AUTHOR],
    uint32_t kind, store_each_fn *fn, void *ctx)
{
	static const enum store_table tables[2] = { TABLE_SLOT, TABLE_HIDDEN };
	struct slice key[2], value[2];
	struct walk w[2];
	uint8_t prefix[10];
	bool more = true;
	err at[2], e = OK;

	put_u64be(prefix, store_hash_author(v->store, author));
	put_u16be(prefix + 8, (uint16_t)kind);
	for (unsigned i = 0; i < 2; i++) {
		w[i] = (struct walk){ .prefix =
					  slice_of(prefix, kind == 0 ? 8 : 10),
			.key_n = SLOT_KEY };
		at[i] = walk_begin(
		    &w[i], v, tables[i], w[i].prefix, &key[i], &value[i]);
	}
	while (more && e == OK) {
		const unsigned i =
		    at[0] != OK ||
		    (at[1] == OK && slice_cmp(key[1], key[0]) < 0);
		if (at[i] != OK)
			break;
		e = row_told(v, author, key[i], value[i], &more, fn, ctx);
		at[i] = walk_next(&w[i], &key[i], &value[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		at[i] = walk_end(&w[i], at[i]);
		if (e == OK)
			e = at[i];
	}
	return e;
}

/* The time index holds the kind, so that others are passed by unread. */
static err
each_time(struct store_view *v, uint64_t from_h, uint64_t to_h, uint32_t kind,
    uint32_t class_mask, bool *more, store_each_fn *fn, void *ctx)
{
	struct walk w = { .key_n = TIME_KEY };
	struct slice key, value;
	uint8_t from[4];

	put_u32be(from, (uint32_t)MIN(from_h, UINT32_MAX));
	err e = walk_begin(&w, v, TABLE_TIME, slice_of(from, 4), &key, &value);
	while (e == OK && *more) {
		struct store_record r;
		struct time_row row;
		e = store_time_parse(key, value, &row);
		if (e != OK || row.hour > to_h)
			break;
		const struct kind_info *info = kind_info(row.kind);
		if ((kind == 0 || kind == row.kind) && info != NULL &&
		    (class_mask & 1U << info->class) != 0) {
			e = get_named(v, row.rid, &r);
			if (e == OK)
				e = owner_told(v, &r, more, fn, ctx);
			if (e != OK)
				break;
		}
		if (*more)
			e = walk_next(&w, &key, &value);
	}
	return walk_end(&w, e);
}

err
store_each_kind(
    struct store_view *v, uint32_t kind, store_each_fn *fn, void *ctx)
{
	const bool ends = kind == KIND_REVOCATION;
	bool more = true;

	return each_time(v, ends ? 0 : 1, ends ? 0 : UINT64_MAX, kind,
	    UINT32_MAX, &more, fn, ctx);
}

err
store_each_time(struct store_view *v, uint64_t from_h, uint32_t class_mask,
    store_each_fn *fn, void *ctx)
{
	bool more = true;

	TRY(each_time(v, 0, 0, 0, class_mask, &more, fn, ctx));
	return each_time(
	    v, MAX(from_h, 1), UINT64_MAX, 0, class_mask, &more, fn, ctx);
}

static err
each_arrival(struct store_view *v, uint64_t after_rid, bool open,
    store_each_fn *fn, void *ctx)
{
	struct walk w = { .key_n = 8 };
	struct slice key, value;
	bool more = true;

	if (after_rid == UINT64_MAX)
		return OK;
	const struct store_key from = store_key_rid(after_rid + 1);
	err e = walk_begin(&w, v, TABLE_RECORD, key_slice(&from), &key, &value);
	while (e == OK && more) {
		struct store_record r;
		e = store_record_parse(get_u64be(key.p), value, &r);
		if (e == OK && !open)
			e = owner_told(v, &r, &more, fn, ctx);
		else if (e == OK && !store_is_hidden(&r))
			more = fn(ctx, &r);
		if (e != OK)
			break;
		if (more)
			e = walk_next(&w, &key, &value);
	}
	return walk_end(&w, e);
}

err
store_each_arrival(
    struct store_view *v, uint64_t after_rid, store_each_fn *fn, void *ctx)
{
	return each_arrival(v, after_rid, false, fn, ctx);
}

err
store_each_open(
    struct store_view *v, uint64_t after_rid, store_each_fn *fn, void *ctx)
{
	return each_arrival(v, after_rid, true, fn, ctx);
}

err
store_each_own(struct store_view *v, store_each_fn *fn, void *ctx)
{
	struct walk w = { .key_n = 8 };
	struct slice key, value;
	bool more = true;

	err e = walk_begin(&w, v, TABLE_OWN, (struct slice){ 0 }, &key, &value);
	while (e == OK && more) {
		struct store_record r;
		e = get_named(v, get_u64be(key.p), &r);
		if (e == OK)
			e = owner_told(v, &r, &more, fn, ctx);
		if (e != OK)
			break;
		if (more)
			e = walk_next(&w, &key, &value);
	}
	return walk_end(&w, e);
}

/* ---- the set of sync ---- */

err
store_each_item(struct store_view *v, const struct scope *scope, uint64_t now_s,
    store_item_fn *fn, void *ctx)
{
	/* it is in the set as long as expires_h * 3600 > now_s + 600 */
	const uint64_t leaves_h = (now_s + STORE_LEAVES_S) / 3600;
	struct walk w = { .key_n = TIME_KEY };
	struct slice key, value;
	const struct scope all = scope_all();
	const bool any = scope_covers(scope, &all);
	struct unshown unshown;
	bool more = true;

	TRY(store_unshown(v->txn, &unshown));
	err e =
	    walk_begin(&w, v, TABLE_TIME, (struct slice){ 0 }, &key, &value);
	while (e == OK && more) {
		struct time_row row;
		e = store_time_parse(key, value, &row);
		if (e != OK)
			break;
		if ((row.flags & TIME_HIDDEN) == 0 &&
		    row.expires_h > leaves_h &&
		    (any || scope_has(scope, row.kind, row.region, row.hour,
				row.author))) {
			struct store_item_key item = { store_arrival(
							   &unshown, row.rid),
				row.hour, row.kind, { 0 } };
			memcpy(item.id, row.id, STORE_ITEM_ID);
			more = fn(ctx, &item);
		}
		if (more)
			e = walk_next(&w, &key, &value);
	}
	return walk_end(&w, e);
}

err
store_get_item(struct store_view *v, uint32_t hour,
    const uint8_t id[STORE_ITEM_ID], struct store_record *out)
{
	uint8_t prefix[4 + STORE_ITEM_ID];
	struct walk w = { .prefix = slice_of(prefix, sizeof(prefix)),
		.key_n = TIME_KEY };
	struct slice key, value;
	struct time_row row = { 0 };

	put_u32be(prefix, hour);
	memcpy(prefix + 4, id, STORE_ITEM_ID);
	err e = walk_begin(&w, v, TABLE_TIME, w.prefix, &key, &value);
	if (e == OK)
		e = store_time_parse(key, value, &row);
	map_cursor_close(w.c);
	TRY(e);
	return get_named(v, row.rid, out);
}

/* ---- figures ---- */

err
store_totals(struct store_view *v, struct store_totals *out)
{
	TRY(store_totals_of(v, out));
	out->refused_full =
	    __atomic_load_n(&v->store->refused_full, __ATOMIC_RELAXED);
	return OK;
}

/* The hour that the first key >= ${from} begins with, or (${last}) the last
 * key of all; 0: there is none. */
static err
hour_at(struct store_view *v, enum store_table table, struct slice from,
    bool last, uint32_t *hour)
{
	struct map_cursor *c;
	struct slice key, value;

	*hour = 0;
	TRY(map_cursor_open(v->txn, table, &c));
	const err e = last ? map_cursor_prev(c, &key, &value)
			   : map_cursor_seek(c, from, &key, &value);
	if (e == OK && key.n >= 4)
		*hour = get_u32be(key.p);
	map_cursor_close(c);
	return e == ERR_NOTFOUND ? OK : e;
}

err
store_stat(struct store_view *v, struct store_stat *out)
{
	static const char *const names[STORE_TABLES] = { "meta", "record", "id",
		"slot", "time", "expiry", "own", "private", "hidden" };
	static const uint8_t first[4] = { 0, 0, 0, 1 };
	const struct store *s = v->store;
	struct slice m;

	*out = (struct store_stat){ .max_bytes = s->max_bytes,
		.max_records = s->max_records,
		.sample = v->scope.samples[0].below,
		.evicting = __atomic_load_n(&s->evicting, __ATOMIC_RELAXED),
		.version = STORE_VERSION };
	TRY(store_totals(v, &out->totals));
	for (unsigned i = 0; i < STORE_TABLES; i++) {
		struct map_table_stats t;
		TRY(map_table_stats(v->txn, i, &t));
		out->table[i].name = names[i];
		out->table[i].rows = t.rows;
		out->table[i].bytes = t.bytes;
	}
	TRY(hour_at(v, TABLE_TIME, slice_of(first, 4), false, &out->oldest_h));
	TRY(hour_at(v, TABLE_TIME, (struct slice){ 0 }, true, &out->newest_h));
	TRY(hour_at(
	    v, TABLE_EXPIRY, (struct slice){ 0 }, false, &out->first_expiry_h));
	err e = map_get(v->txn, TABLE_META, slice_str("sample"), &m);
	if (e == OK && m.n == 12)
		out->narrowed_s = get_u32be(m.p + 8);
	if (e == OK || e == ERR_NOTFOUND)
		e = map_get(v->txn, TABLE_META, slice_str("migrated"), &m);
	if (e == OK && m.n == 12) {
		out->migrated_from = get_u32be(m.p);
		out->migrated_s = get_u32be(m.p + 8);
	}
	return e == ERR_NOTFOUND ? OK : e;
}

err
store_private_get(struct store_view *v, struct slice key, struct slice *value)
{
	if (key.n < 1 || key.n > STORE_PRIVATE_KEY)
		return ERR_NOTFOUND;
	return map_get(v->txn, TABLE_PRIVATE, key, value);
}

err
store_private_each(
    struct store_view *v, struct slice prefix, store_private_fn *fn, void *ctx)
{
	struct walk w = { .prefix = prefix };
	struct slice key, value;

	if (prefix.n > STORE_PRIVATE_KEY)
		return OK;
	err e = walk_begin(&w, v, TABLE_PRIVATE, prefix, &key, &value);
	while (e == OK && fn(ctx, key, value))
		e = walk_next(&w, &key, &value);
	return walk_end(&w, e);
}
