/* Reading: views, searches and walks. */
#include <stdlib.h>

#include "store/internal.h"

err
store_view_open(struct store *s, struct store_view **v)
{
	*v = NULL;
	struct store_view *view = calloc(1, sizeof(*view));
	if (view == NULL)
		return ERR_NOMEM;
	view->store = s;
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
	map_abort(v->txn);
	free(v);
}

err
store_look(struct store_view *v, const struct record *r, uint64_t now_s,
    enum record_outcome *outcome, struct store_held *held)
{
	struct slot_state st;

	*outcome = RECORD_QUEUE_FULL;
	if (held != NULL)
		*held = (struct store_held){ 0 };
	TRY(store_judge(v, r, now_s, outcome, &st));
	if (*outcome == RECORD_STALE && store_raises(r, &st))
		*outcome = RECORD_FINE;
	if (held != NULL && st.live)
		*held = (struct store_held){ st.rid, st.own, st.heard };
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

	TRY(store_slot_find(v, &name, &st));
	return st.live ? get_named(v, st.rid, out) : ERR_NOTFOUND;
}

err
store_slot_seq(struct store_view *v, const uint8_t author[RECORD_AUTHOR],
    uint32_t kind, uint32_t slot, uint64_t *seq)
{
	const struct slot_name name = { author, kind, slot };
	struct slot_state st;

	*seq = 0;
	TRY(store_slot_find(v, &name, &st));
	*seq = st.seq;
	return OK;
}

err
store_each_author(struct store_view *v, const uint8_t author[RECORD_AUTHOR],
    uint32_t kind, store_each_fn *fn, void *ctx)
{
	uint8_t prefix[10];
	struct walk w = { .prefix = slice_of(prefix, kind == 0 ? 8 : 10),
		.key_n = SLOT_KEY };
	struct slice key, value;
	uint32_t until_h;
	bool more = true;

	put_u64be(prefix, store_hash_author(v->store, author));
	put_u16be(prefix + 8, (uint16_t)kind);
	err e = walk_begin(&w, v, TABLE_SLOT, w.prefix, &key, &value);
	while (e == OK && more) {
		struct store_record r;
		if (store_slot_parse(value, &until_h) == SLOT_WINNER) {
			e = get_named(v, get_u64be(key.p + SLOT_PREFIX), &r);
			if (e != OK)
				break;
			if (memcmp(r.author, author, RECORD_AUTHOR) == 0)
				more = fn(ctx, &r);
		}
		if (more)
			e = walk_next(&w, &key, &value);
	}
	return walk_end(&w, e);
}

/* The time index holds the kind, so that others are passed by unread. */
static err
each_time(struct store_view *v, uint64_t from_h, uint32_t kind,
    uint32_t class_mask, store_each_fn *fn, void *ctx)
{
	struct walk w = { .key_n = 20 };
	struct slice key, value;
	uint8_t from[4];
	bool more = true;

	put_u32be(from, (uint32_t)MIN(from_h, UINT32_MAX));
	err e = walk_begin(&w, v, TABLE_TIME, slice_of(from, 4), &key, &value);
	while (e == OK && more) {
		struct store_record r;
		if (value.n != 2) {
			e = ERR_CORRUPT;
			break;
		}
		const uint32_t k = get_u16be(value.p);
		const struct kind_info *info = kind_info(k);
		if ((kind == 0 || kind == k) && info != NULL &&
		    (class_mask & 1U << info->class) != 0) {
			e = get_named(v, get_u64be(key.p + 12), &r);
			if (e != OK)
				break;
			more = fn(ctx, &r);
		}
		if (more)
			e = walk_next(&w, &key, &value);
	}
	return walk_end(&w, e);
}

err
store_each_kind(
    struct store_view *v, uint32_t kind, store_each_fn *fn, void *ctx)
{
	return each_time(v, 0, kind, UINT32_MAX, fn, ctx);
}

err
store_each_time(struct store_view *v, uint64_t from_h, uint32_t class_mask,
    store_each_fn *fn, void *ctx)
{
	return each_time(v, from_h, 0, class_mask, fn, ctx);
}

err
store_each_arrival(
    struct store_view *v, uint64_t after_rid, store_each_fn *fn, void *ctx)
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
		if (e != OK)
			break;
		more = fn(ctx, &r);
		if (more)
			e = walk_next(&w, &key, &value);
	}
	return walk_end(&w, e);
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
		if (e != OK)
			break;
		more = fn(ctx, &r);
		if (more)
			e = walk_next(&w, &key, &value);
	}
	return walk_end(&w, e);
}

err
store_totals(struct store_view *v, struct store_totals *out)
{
	const err e = store_totals_get(v->txn, out);

	if (e != OK)
		return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
	out->refused_full =
	    __atomic_load_n(&v->store->refused_full, __ATOMIC_RELAXED);
	return OK;
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
