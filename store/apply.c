/* Writing: batches of records, and their expiry. */
#include <stdlib.h>

#include "store/internal.h"

/* An index entry of a record stored in this batch, written at its end. */
struct pending {
	enum store_table table;
	struct store_key key;
	uint8_t value[2];
	uint8_t value_n;
};
#define PENDING_EACH 3 /* id, time, expiry */

/* The work of one write transaction. */
struct work {
	struct store_view view; /* of the transaction itself */
	struct store_totals totals;
	uint64_t now_s;
	uint64_t refused;
	bool changed;
	struct pending *pending;
	size_t pending_n;
	struct store_gone *gone;
	size_t gone_n, gone_cap;
};

static err
work_begin(struct work *w, struct store *s, uint64_t now_s, size_t items)
{
	*w = (struct work){ .view = { .store = s }, .now_s = now_s };
	if (items > 0) {
		w->pending = calloc(items * PENDING_EACH, sizeof(*w->pending));
		if (w->pending == NULL)
			return ERR_NOMEM;
	}
	TRY(map_begin(s->map, true, &w->view.txn));
	const err e = store_totals_get(w->view.txn, &w->totals);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

static int
pending_cmp(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return slice_cmp(key_slice(&x->key), key_slice(&y->key));
}

/* Each tree in the order of its keys: one page after the other. */
static err
pending_write(struct work *w)
{
	if (w->pending_n == 0)
		return OK;
	qsort(w->pending, w->pending_n, sizeof(*w->pending), pending_cmp);
	for (size_t i = 0; i < w->pending_n; i++) {
		const struct pending *p = &w->pending[i];
		TRY(map_put(w->view.txn, p->table, key_slice(&p->key),
		    slice_of(p->value, p->value_n), MAP_PUT));
	}
	return OK;
}

/* Commit what changed, if all went well; let everything go in any case. */
static err
work_end(struct work *w, err e, store_gone_fn *gone, void *ctx)
{
	map_cursor_close(w->view.slots);
	if (e == OK)
		e = pending_write(w);
	if (e == OK && w->changed)
		e = store_totals_put(w->view.txn, &w->totals);
	if (e == OK && w->changed)
		e = map_commit(w->view.txn);
	else
		map_abort(w->view.txn);

	if (e == OK) {
		struct store *s = w->view.store;
		__atomic_add_fetch(
		    &s->refused_full, w->refused, __ATOMIC_RELAXED);
		for (size_t i = 0; gone != NULL && i < w->gone_n; i++)
			gone(ctx, &w->gone[i]);
	}
	free(w->pending);
	free(w->gone);
	return e;
}

static err
gone_add(struct work *w, const struct store_record *r, enum store_gone_why why)
{
	if (w->gone_n == w->gone_cap) {
		const size_t cap = MAX(64, w->gone_cap * 2);
		struct store_gone *more = realloc(w->gone, cap * sizeof(*more));
		if (more == NULL)
			return ERR_NOMEM;
		w->gone = more;
		w->gone_cap = cap;
	}
	struct store_gone *g = &w->gone[w->gone_n++];
	*g = (struct store_gone){ .rid = r->rid,
		.kind = r->kind,
		.slot = r->slot,
		.deleted = r->deleted,
		.own = r->own,
		.why = why };
	memcpy(g->id, r->id, RECORD_ID);
	memcpy(g->author, r->author, RECORD_AUTHOR);
	return OK;
}

static err
del(struct work *w, enum store_table table, const struct store_key *key)
{
	const err e = map_del(w->view.txn, table, key_slice(key));
	return e == ERR_NOTFOUND ? OK : e; /* a check would have told */
}

/* Remove a record from all tables but its slot's row. Ends ${r}'s bytes. */
static err
record_remove(
    struct work *w, const struct store_record *r, enum store_gone_why why)
{
	struct record_keys k;

	w->changed = true;
	store_keys(w->view.store, r, &k);
	TRY(gone_add(w, r, why));
	if (w->totals.records > 0)
		w->totals.records--;
	w->totals.bytes -= MIN(w->totals.bytes, r->bytes.n);
	if (w->totals.kind[r->kind] > 0)
		w->totals.kind[r->kind]--;

	const bool own = r->own;
	TRY(del(w, TABLE_RECORD, &k.record));
	TRY(del(w, TABLE_ID, &k.id));
	TRY(del(w, TABLE_TIME, &k.time));
	TRY(del(w, TABLE_EXPIRY, &k.expiry));
	return own ? del(w, TABLE_OWN, &k.record) : OK;
}

/* Remove whatever stands in a slot: record and row, or floor and row. */
static err
slot_clear(struct work *w, const struct slot_state *st, enum store_gone_why why)
{
	const struct store_key floor = store_key_expiry(st->until_h, st->rid);

	w->changed = true;
	if (st->live) {
		struct store_record old;
		TRY(store_get_rid(&w->view, st->rid, &old));
		TRY(record_remove(w, &old, why));
	} else {
		TRY(del(w, TABLE_EXPIRY, &floor));
	}
	return del(w, TABLE_SLOT, &st->row);
}

static void
pending_add(struct work *w, enum store_table table, const struct store_key *key,
    const uint8_t *value, uint8_t value_n)
{
	struct pending *p = &w->pending[w->pending_n++];

	p->table = table;
	p->key = *key;
	p->value_n = value_n;
	if (value_n > 0)
		memcpy(p->value, value, value_n);
}

static err
record_write(struct work *w, const struct store_record *r, enum map_put how)
{
	struct store *s = w->view.store;
	const struct store_key k = store_key_rid(r->rid);

	store_header_put(s->value, r);
	memcpy(s->value + HEADER_BYTES, r->bytes.p, r->bytes.n);
	w->changed = true;
	return map_put(w->view.txn, TABLE_RECORD, key_slice(&k),
	    slice_of(s->value, HEADER_BYTES + r->bytes.n), how);
}

static err
record_insert(struct work *w, const struct store_record *r, uint32_t until_h)
{
	uint8_t row[WINNER_BYTES] = { SLOT_WINNER };
	uint8_t kind[2];
	struct record_keys k;

	store_keys(w->view.store, r, &k);
	put_u32be(row + 1, until_h);
	put_u16be(kind, (uint16_t)r->kind);
	w->totals.records++;
	w->totals.bytes += r->bytes.n;
	w->totals.kind[r->kind]++;
	pending_add(w, TABLE_ID, &k.id, NULL, 0);
	pending_add(w, TABLE_TIME, &k.time, kind, 2);
	pending_add(w, TABLE_EXPIRY, &k.expiry, NULL, 0);
	TRY(record_write(w, r, MAP_APPEND));
	if (r->own)
		TRY(map_put(w->view.txn, TABLE_OWN, key_slice(&k.record),
		    (struct slice){ 0 }, MAP_APPEND));
	return map_put(w->view.txn, TABLE_SLOT, key_slice(&k.slot),
	    slice_of(row, sizeof(row)), MAP_PUT);
}

/* ---- revocation ---- */

struct others {
	struct store_record first;
	bool found;
};

static bool
other_found(void *ctx, const struct store_record *r)
{
	struct others *o = ctx;

	if (r->kind == KIND_REVOCATION)
		return true;
	o->first = *r;
	o->found = true;
	return false;
}

/* No floors stay: while the revocation is held nothing gets in anyway. */
static err
author_clear(struct work *w, const uint8_t author[RECORD_AUTHOR])
{
	for (;;) {
		struct others o = { 0 };
		struct slot_state st;

		TRY(store_each_author(&w->view, author, 0, other_found, &o));
		if (!o.found)
			return OK;
		const struct slot_name name = { author, o.first.kind,
			o.first.slot };
		TRY(store_slot_find(&w->view, &name, &st));
		if (!st.live || st.rid != o.first.rid)
			return ERR_CORRUPT;
		TRY(slot_clear(w, &st, STORE_REVOKED));
	}
}

/* ---- one record ---- */

/* Would it take the store over its quota? What shrinks it may always in. */
static err
quota_check(struct work *w, const struct store_item *item,
    const struct slot_state *st, bool *full)
{
	const struct store *s = w->view.store;
	const struct record *r = item->record;
	const uint64_t old = st->live ? st->bytes_n : 0;
	struct others o = { 0 };

	*full = (s->max_records > 0 && !st->live &&
		    w->totals.records >= s->max_records) ||
		(s->max_bytes > 0 && r->bytes.n > old &&
		    w->totals.bytes + r->bytes.n - old > s->max_bytes);
	if (!*full || item->own || st->own) {
		*full = false;
		return OK;
	}
	if (r->kind == KIND_REVOCATION) {
		TRY(store_each_author(&w->view, r->author, 0, other_found, &o));
		*full = !o.found;
	}
	return OK;
}

/* A held record came again: note whose it is and that it has been heard. */
static err
duplicate_note(
    struct work *w, struct store_item *item, const struct slot_state *st)
{
	const bool own = st->own || item->own;
	const bool heard = st->heard || !item->own;
	const struct store_key k = store_key_rid(st->rid);
	struct store_record r;

	item->rid = st->rid;
	if (own == st->own && heard == st->heard)
		return OK;
	TRY(store_get_rid(&w->view, st->rid, &r));
	r.own = own;
	r.heard = heard;
	TRY(record_write(w, &r, MAP_PUT));
	if (own == st->own)
		return OK;
	return map_put(w->view.txn, TABLE_OWN, key_slice(&k),
	    (struct slice){ 0 }, MAP_PUT);
}

/* A loser that lives longer than all others: the floor lasts as long. */
static err
slot_raise(struct work *w, const struct record *r, const struct slot_state *st)
{
	const struct store_key old = store_key_expiry(st->until_h, st->rid);
	const uint32_t until_h = (uint32_t)r->expires_h;
	const struct store_key new = store_key_expiry(until_h, st->rid);
	uint8_t value[FLOOR_BYTES] = { SLOT_WINNER };

	w->changed = true;
	put_u32be(value + 1, until_h);
	if (st->live)
		return map_put(w->view.txn, TABLE_SLOT, key_slice(&st->row),
		    slice_of(value, WINNER_BYTES), MAP_PUT);
	store_floor_put(value, until_h, st->seq, st->id, r->author);
	TRY(map_put(w->view.txn, TABLE_SLOT, key_slice(&st->row),
	    slice_of(value, FLOOR_BYTES), MAP_PUT));
	TRY(del(w, TABLE_EXPIRY, &old));
	return map_put(w->view.txn, TABLE_EXPIRY, key_slice(&new),
	    slice_of(st->row.p, SLOT_PREFIX), MAP_PUT);
}

static err
item_store(struct work *w, struct store_item *item, const struct slot_state *st)
{
	const struct record *r = item->record;
	uint32_t until_h = (uint32_t)r->expires_h;

	if (st->found) {
		const bool past = store_is_past(st->until_h, w->now_s);
		const bool lost =
		    !st->live || store_is_past(st->expires_h, w->now_s);
		if (!past)
			until_h = MAX(until_h, st->until_h);
		if (!lost) {
			item->replaced = st->rid;
			memcpy(item->replaced_id, st->id, RECORD_ID);
		}
		TRY(slot_clear(w, st, lost ? STORE_EXPIRED : STORE_REPLACED));
	}
	if (r->kind == KIND_REVOCATION)
		TRY(author_clear(w, r->author));

	const struct store_record new = {
		.rid = w->totals.next_rid++,
		.id = r->id,
		.author = r->author,
		.bytes = r->bytes,
		.seq = r->seq,
		.expires_h = r->expires_h,
		.received_s = (uint32_t)MIN(w->now_s, UINT32_MAX),
		.kind = r->kind,
		.slot = r->slot,
		.region = { r->region[0], r->region[1], '\0' },
		.deleted = record_deleted(r),
		.opaque = r->opaque,
		.own = item->own || st->own,
		.heard = !item->own,
	};
	item->rid = new.rid;
	return record_insert(w, &new, until_h);
}

static err
item_apply(struct work *w, struct store_item *item)
{
	struct slot_state st;
	bool full;

	TRY(store_judge(&w->view, item->record, w->now_s, &item->outcome, &st));
	if (item->outcome == RECORD_DUPLICATE)
		return duplicate_note(w, item, &st);
	if (item->outcome == RECORD_STALE && store_raises(item->record, &st))
		return slot_raise(w, item->record, &st);
	if (item->outcome != RECORD_FINE)
		return OK;
	TRY(quota_check(w, item, &st, &full));
	if (full) {
		item->outcome = RECORD_QUEUE_FULL;
		w->refused++;
		return OK;
	}
	item->outcome = RECORD_STORED;
	return item_store(w, item, &st);
}

/* ---- a batch ---- */

struct order {
	uint64_t hash;
	size_t at;
	const struct store_item *item;
};

/*
 * Revocations first, since they decide about others; then slot by slot, and
 * within a slot the best first, so that no loser is written at all.
 */
static int
order_cmp(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	const struct record *r = x->item->record, *q = y->item->record;
	const bool r_ends = r->kind == KIND_REVOCATION;
	const bool q_ends = q->kind == KIND_REVOCATION;

	if (r_ends != q_ends)
		return r_ends ? -1 : 1;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (r->kind != q->kind)
		return r->kind < q->kind ? -1 : 1;
	if (r->slot != q->slot)
		return r->slot < q->slot ? -1 : 1;
	if (record_beats(r->seq, r->id, q->seq, q->id))
		return -1;
	if (record_beats(q->seq, q->id, r->seq, r->id))
		return 1;
	if (x->item->own != y->item->own) /* the quota must not depend on it */
		return x->item->own ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

static err
items_apply(struct work *w, struct store_item *items, size_t n)
{
	struct order *order = calloc(MAX(n, 1), sizeof(*order));
	err e = OK;

	if (order == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct record *r = items[i].record;
		order[i] =
		    (struct order){ store_hash_author(w->view.store, r->author),
			    i, &items[i] };
	}
	if (n > 1)
		qsort(order, n, sizeof(*order), order_cmp);
	for (size_t i = 0; i < n && e == OK; i++)
		e = item_apply(w, &items[order[i].at]);
	free(order);
	return e;
}

static void
items_reset(struct store_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		items[i].outcome = RECORD_FINE;
		items[i].rid = 0;
		items[i].replaced = 0;
	}
}

err
store_apply(struct store *s, struct store_item *items, size_t n, uint64_t now_s,
    store_gone_fn *gone, void *ctx)
{
	struct work w;

	ASSERT(n <= STORE_BATCH_MAX);
	items_reset(items, n);
	err e = work_begin(&w, s, now_s, n);
	if (e == OK)
		e = items_apply(&w, items, n);
	e = work_end(&w, e, gone, ctx);
	if (e == OK)
		return OK;
	items_reset(items, n);
	if (e == ERR_NOTFOUND) /* a row that another one names */
		e = ERR_CORRUPT;
	return store_fail(s, "store records", e);
}

/* ---- expiry ---- */

/* A record's time has passed; its slot keeps a floor if it must. */
static err
record_expire(struct work *w, uint64_t rid)
{
	struct store_record r;
	struct record_keys k;
	struct slice value;
	uint8_t floor[FLOOR_BYTES];
	uint32_t until_h;

	TRY(store_get_rid(&w->view, rid, &r));
	store_keys(w->view.store, &r, &k);
	TRY(map_get(w->view.txn, TABLE_SLOT, key_slice(&k.slot), &value));
	if (store_slot_parse(value, &until_h) != SLOT_WINNER)
		return ERR_CORRUPT;
	store_floor_put(floor, until_h, r.seq, r.id, r.author);
	TRY(record_remove(w, &r, STORE_EXPIRED));
	if (store_is_past(until_h, w->now_s))
		return del(w, TABLE_SLOT, &k.slot);

	const struct store_key e = store_key_expiry(until_h, rid);
	TRY(map_put(w->view.txn, TABLE_SLOT, key_slice(&k.slot),
	    slice_of(floor, sizeof(floor)), MAP_PUT));
	return map_put(w->view.txn, TABLE_EXPIRY, key_slice(&e),
	    slice_of(k.slot.p, SLOT_PREFIX), MAP_PUT);
}

/* ${key} in expiry, ${prefix} of the floor's key in slot. */
static err
floor_expire(struct work *w, const struct store_key *key, struct slice prefix)
{
	struct store_key row = { .n = SLOT_KEY };

	memcpy(row.p, prefix.p, SLOT_PREFIX);
	memcpy(row.p + SLOT_PREFIX, key->p + 4, 8);

	w->changed = true;
	TRY(del(w, TABLE_SLOT, &row));
	return del(w, TABLE_EXPIRY, key);
}

static err
expire_some(struct work *w, size_t max, size_t *removed)
{
	struct map_cursor *c;

	TRY(map_cursor_open(w->view.txn, TABLE_EXPIRY, &c));
	err e = OK;
	while (e == OK && *removed < max) {
		struct slice key, value;
		struct store_key k = { .n = 12 };
		e = map_cursor_next(c, &key, &value);
		if (e != OK)
			break;
		if (key.n != 12 || (value.n != 0 && value.n != SLOT_PREFIX)) {
			e = ERR_CORRUPT;
			break;
		}
		if (!store_is_past(get_u32be(key.p), w->now_s))
			break;
		memcpy(k.p, key.p, 12);
		if (value.n == SLOT_PREFIX)
			e = floor_expire(w, &k, value);
		else
			e = record_expire(w, get_u64be(key.p + 4));
		if (e == ERR_NOTFOUND)
			e = ERR_CORRUPT; /* the index names what is not there */
		(*removed)++;
	}
	map_cursor_close(c);
	return e == ERR_NOTFOUND ? OK : e;
}

err
store_expire(struct store *s, uint64_t now_s, size_t max, store_gone_fn *gone,
    void *ctx, size_t *removed)
{
	struct work w;

	*removed = 0;
	err e = work_begin(&w, s, now_s, 0);
	if (e == OK)
		e = expire_some(&w, max, removed);
	e = work_end(&w, e, gone, ctx);
	if (e == OK)
		return OK;
	*removed = 0;
	return store_fail(s, "remove what expired", e);
}
