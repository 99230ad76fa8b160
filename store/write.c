/* One write transaction: rows that go together are written together. */
#include <stdlib.h>

#include "store/write.h"

err
work_begin(struct work *w, struct store *s, uint64_t now_s, size_t records)
{
	*w = (struct work){ .view = { .store = s, .scope = s->scope },
		.now_s = now_s,
		.sampling = s->sampling,
		.pass = s->pass };
	TRY(store_usable(s));
	if (records > 0) {
		w->pending =
		    calloc(records * PENDING_EACH, sizeof(*w->pending));
		if (w->pending == NULL)
			return ERR_NOMEM;
	}
	TRY(map_begin(s->map, true, &w->view.txn));
	return store_totals_of(&w->view, &w->totals);
}

/* ---- entries written at the end ---- */

struct pending_ref {
	uint64_t prefix; /* of the key */
	const struct pending *p;
};

static int
ref_cmp(const void *a, const void *b)
{
	const struct pending_ref *x = a, *y = b;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return slice_cmp(key_slice(&x->p->key), key_slice(&y->p->key));
}

/* Eight bytes that tell most keys of a table apart, in their order. */
static uint64_t
prefix_of(const struct pending *p)
{
	if (p->table != TABLE_EXPIRY)
		return get_u64be(p->key.p);
	/* of the rid its low half: then it is the order nearly always */
	return (uint64_t)get_u32be(p->key.p) << 32 | get_u32be(p->key.p + 8);
}

/* Each tree in the order of its keys: one page after the other. */
static err
pending_write(struct work *w)
{
	err e = OK;

	if (w->pending_n == 0)
		return OK;
	struct pending_ref *refs =
	    calloc(w->pending_n / PENDING_EACH, sizeof(*refs));
	if (refs == NULL)
		return ERR_NOMEM;
	for (size_t t = 0; t < PENDING_EACH && e == OK; t++) {
		size_t n = 0;
		for (size_t i = t; i < w->pending_n; i += PENDING_EACH) {
			const struct pending *p = &w->pending[i];
			if (p->table != TABLE_META)
				refs[n++] =
				    (struct pending_ref){ prefix_of(p), p };
		}
		qsort(refs, n, sizeof(*refs), ref_cmp);
		for (size_t i = 0; i < n && e == OK; i++) {
			const struct pending *p = refs[i].p;
			e = map_put(w->view.txn, p->table, key_slice(&p->key),
			    slice_of(p->value, p->value_n), MAP_PUT);
		}
	}
	free(refs);
	return e;
}

static void
pending_add(struct work *w, uint64_t rid, enum store_table table,
    const struct store_key *key, const uint8_t *value, size_t value_n)
{
	struct pending *p = &w->pending[w->pending_n++];

	p->rid = rid;
	p->table = (uint8_t)table;
	p->key = *key;
	p->value_n = (uint8_t)value_n;
	if (value_n > 0)
		memcpy(p->value, value, value_n);
}

/* The entries of a record of this transaction; NULL: of an earlier one. */
static struct pending *
pending_find(struct work *w, uint64_t rid)
{
	size_t lo = 0, hi = w->pending_n / PENDING_EACH;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;
		struct pending *p = &w->pending[mid * PENDING_EACH];
		if (p->rid == rid)
			return p;
		if (p->rid < rid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* ---- the end ---- */

static err
work_commit(struct work *w)
{
	TRY(pending_write(w));
	if (!w->changed)
		return OK;
	if (w->sampled)
		TRY(store_sampling_put(w->view.txn, &w->sampling));
	TRY(store_totals_put(w->view.txn, &w->totals));
	struct map_txn *t = w->view.txn;
	w->view.txn = NULL; /* gone either way */
	return map_commit(t);
}

err
work_end(struct work *w, err e, store_gone_fn *gone, void *ctx)
{
	struct store *s = w->view.store;

	map_cursor_close(w->view.slots);
	map_cursor_close(w->view.hidden);
	if (e == OK)
		e = work_commit(w);
	map_abort(w->view.txn);
	if (e == OK) {
		__atomic_add_fetch(
		    &s->refused_full, w->refused, __ATOMIC_RELAXED);
		s->sampling = w->sampling;
		s->pass = w->pass;
		__atomic_store_n(
		    &s->evicting, w->pass.phase != PASS_NONE, __ATOMIC_RELAXED);
		if (w->sampled)
			store_scope_swap(s, &w->view.scope);
		for (size_t i = 0; gone != NULL && i < w->gone_n; i++)
			gone(ctx, &w->gone[i]);
	}
	free(w->pending);
	free(w->gone);
	return e;
}

/* ---- rows ---- */

err
work_gone(struct work *w, const struct store_record *r, enum store_gone_why why)
{
	bool before;

	TRY(store_superseded(&w->view, r, &before));
	if (before)
		return OK;
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

err
work_del(struct work *w, enum store_table table, const struct store_key *key)
{
	const err e = map_del(w->view.txn, table, key_slice(key));
	return e == ERR_NOTFOUND ? OK : e; /* a check would have told */
}

static void
count_down(uint64_t *n)
{
	if (*n > 0)
		(*n)--;
}

err
work_remove(
    struct work *w, const struct store_record *r, enum store_gone_why why)
{
	struct pending *p = pending_find(w, r->rid);
	struct record_keys k;

	w->changed = true;
	store_keys(w->view.store, r, &k);
	count_down(&w->totals.records);
	w->totals.bytes -= MIN(w->totals.bytes, r->bytes.n);
	if (w->totals.kind[r->kind] > 0)
		w->totals.kind[r->kind]--;
	if (r->own)
		count_down(&w->totals.own);
	if (why == STORE_EVICTED)
		w->totals.evicted++;

	const bool own = r->own;
	TRY(work_del(w, TABLE_RECORD, &k.record));
	for (size_t i = 0; p != NULL && i < PENDING_EACH; i++)
		p[i].table = TABLE_META;
	if (p == NULL) {
		TRY(work_del(w, TABLE_ID, &k.id));
		TRY(work_del(w, TABLE_TIME, &k.time));
		TRY(work_del(w, TABLE_EXPIRY, &k.expiry));
	}
	return own ? work_del(w, TABLE_OWN, &k.record) : OK;
}

err
work_clear(struct work *w, const struct slot_state *st, enum store_gone_why why)
{
	const struct store_key floor = store_key_expiry(st->until_h, st->rid);

	w->changed = true;
	if (st->live) {
		struct store_record old;
		TRY(store_get_rid(&w->view, st->rid, &old));
		TRY(work_gone(w, &old, why));
		TRY(work_remove(w, &old, why));
	} else {
		count_down(&w->totals.floors);
		TRY(work_del(w, TABLE_EXPIRY, &floor));
	}
	return work_del(w, st->table, &st->row);
}

err
work_floor(struct work *w, const struct store_key *row, uint32_t until_h,
    uint64_t seq, const uint8_t id[RECORD_ID],
    const uint8_t author[RECORD_AUTHOR])
{
	const struct store_key e =
	    store_key_expiry(until_h, get_u64be(row->p + SLOT_PREFIX));
	uint8_t value[FLOOR_BYTES];

	w->changed = true;
	w->totals.floors++;
	store_floor_put(value, until_h, seq, id, author);
	TRY(map_put(w->view.txn, TABLE_SLOT, key_slice(row),
	    slice_of(value, FLOOR_BYTES), MAP_PUT));
	return map_put(w->view.txn, TABLE_EXPIRY, key_slice(&e),
	    slice_of(row->p, SLOT_PREFIX), MAP_PUT);
}

err
work_leave(struct work *w, uint64_t rid, enum store_gone_why why, bool floor)
{
	uint8_t id[RECORD_ID], author[RECORD_AUTHOR];
	struct store_record r;
	struct record_keys k;
	struct slice value;
	uint32_t until_h;

	TRY(store_get_rid(&w->view, rid, &r));
	store_keys(w->view.store, &r, &k);
	const enum store_table table = store_slot_table(&r);
	TRY(map_get(w->view.txn, table, key_slice(&k.slot), &value));
	if (store_slot_parse(value, &until_h) != SLOT_WINNER)
		return ERR_CORRUPT;
	memcpy(id, r.id, RECORD_ID);
	memcpy(author, r.author, RECORD_AUTHOR);
	TRY(work_gone(w, &r, why));
	TRY(work_remove(w, &r, why));
	if (!floor || table == TABLE_HIDDEN || store_is_past(until_h, w->now_s))
		return work_del(w, table, &k.slot);
	return work_floor(w, &k.slot, until_h, r.seq, id, author);
}

/* A record's row, ready in the scratch; its checksum. */
static struct slice
record_pack(struct work *w, const struct store_record *r, uint32_t *sum)
{
	struct store *s = w->view.store;
	const struct slice value =
	    slice_of(s->value, HEADER_BYTES + r->bytes.n);

	store_header_put(s->value, r);
	memcpy(s->value + HEADER_BYTES, r->bytes.p, r->bytes.n);
	*sum = store_sum(s, value);
	return value;
}

/* Its number is one that others never hear of. */
static err
unshown_add(struct work *w, uint64_t rid)
{
	uint8_t out[8 + 8 * UNSHOWN_MAX];
	struct unshown u;

	TRY(store_unshown(w->view.txn, &u));
	const size_t drop = u.n >= UNSHOWN_MAX ? UNSHOWN_MAX / 2 : 0;
	const size_t keep = u.n - drop;
	put_u64be(out, u.forgotten + drop);
	if (keep > 0)
		memcpy(out + 8, u.rids + 8 * drop, 8 * keep);
	put_u64be(out + 8 + 8 * keep, rid);
	return map_put(w->view.txn, TABLE_META, slice_str("unshown"),
	    slice_of(out, 16 + 8 * keep), MAP_PUT);
}

err
work_insert(struct work *w, const struct store_record *r, uint32_t until_h)
{
	uint8_t row[WINNER_BYTES] = { SLOT_WINNER };
	uint8_t time[TIME_BYTES];
	struct record_keys k;
	uint32_t sum;

	store_keys(w->view.store, r, &k);
	put_u32be(row + 1, until_h);
	const struct slice value = record_pack(w, r, &sum);
	store_time_put(time, r, sum);
	w->changed = true;
	w->totals.records++;
	w->totals.bytes += r->bytes.n;
	w->totals.kind[r->kind]++;
	pending_add(w, r->rid, TABLE_ID, &k.id, NULL, 0);
	pending_add(w, r->rid, TABLE_TIME, &k.time, time, TIME_BYTES);
	pending_add(w, r->rid, TABLE_EXPIRY, &k.expiry, NULL, 0);
	const bool own = r->own;
	const enum store_table table = store_slot_table(r);
	TRY(map_put(w->view.txn, TABLE_RECORD, key_slice(&k.record), value,
	    MAP_APPEND));
	if (table == TABLE_HIDDEN)
		TRY(unshown_add(w, get_u64be(k.record.p)));
	if (own) {
		w->totals.own++;
		TRY(map_put(w->view.txn, TABLE_OWN, key_slice(&k.record),
		    (struct slice){ 0 }, MAP_APPEND));
	}
	return map_put(w->view.txn, table, key_slice(&k.slot),
	    slice_of(row, sizeof(row)), MAP_PUT);
}

err
work_mark(struct work *w, const struct store_record *r)
{
	struct pending *p = pending_find(w, r->rid);
	uint8_t time[TIME_BYTES];
	struct store_record was;
	struct record_keys k;
	uint32_t sum;

	TRY(store_get_rid(&w->view, r->rid, &was));
	const bool now_own = !was.own && r->own;
	store_keys(w->view.store, r, &k);
	const struct slice value = record_pack(w, r, &sum);
	store_time_put(time, r, sum);
	w->changed = true;
	TRY(map_put(
	    w->view.txn, TABLE_RECORD, key_slice(&k.record), value, MAP_PUT));
	if (p != NULL)
		memcpy(p[1].value, time, TIME_BYTES);
	else
		TRY(map_put(w->view.txn, TABLE_TIME, key_slice(&k.time),
		    slice_of(time, TIME_BYTES), MAP_PUT));
	if (!now_own)
		return OK;
	w->totals.own++;
	return map_put(w->view.txn, TABLE_OWN, key_slice(&k.record),
	    (struct slice){ 0 }, MAP_PUT);
}

err
work_until(struct work *w, const struct slot_state *st,
    const uint8_t author[RECORD_AUTHOR], uint32_t until_h)
{
	const struct store_key old = store_key_expiry(st->until_h, st->rid);
	uint8_t row[WINNER_BYTES] = { SLOT_WINNER };

	w->changed = true;
	put_u32be(row + 1, until_h);
	if (st->live)
		return map_put(w->view.txn, TABLE_SLOT, key_slice(&st->row),
		    slice_of(row, WINNER_BYTES), MAP_PUT);
	TRY(work_del(w, TABLE_EXPIRY, &old));
	count_down(&w->totals.floors);
	return work_floor(w, &st->row, until_h, st->seq, st->id, author);
}

/* ---- an author ---- */

/* What stands in one table of an author, revocations apart. */
typedef err author_fn(struct work *w, const struct store_record *r, bool *more);

static err
author_each(struct work *w, enum store_table table,
    const uint8_t author[RECORD_AUTHOR], author_fn *fn)
{
	struct slice key, value;
	struct map_cursor *c;
	uint8_t prefix[8];
	uint32_t until_h;
	bool more = true;

	put_u64be(prefix, store_hash_author(w->view.store, author));
	TRY(map_cursor_open(w->view.txn, table, &c));
	err e = map_cursor_seek(c, slice_of(prefix, 8), &key, &value);
	while (e == OK && more && key.n == SLOT_KEY &&
	       memcmp(key.p, prefix, 8) == 0) {
		struct store_record r;
		if (store_slot_parse(value, &until_h) == SLOT_WINNER) {
			e = store_get_rid(
			    &w->view, get_u64be(key.p + SLOT_PREFIX), &r);
			if (e == OK && r.kind != KIND_REVOCATION &&
			    memcmp(r.author, author, RECORD_AUTHOR) == 0)
				e = fn(w, &r, &more);
			if (e == ERR_NOTFOUND)
				e = ERR_CORRUPT;
		}
		if (e == OK)
			e = map_cursor_next(c, &key, &value);
	}
	map_cursor_close(c);
	return e == ERR_NOTFOUND ? OK : e;
}

static err
author_found(struct work *w, const struct store_record *r, bool *more)
{
	(void)w;
	(void)r;
	*more = false;
	return ERR_EXISTS;
}

err
work_holds_other(
    struct work *w, const uint8_t author[RECORD_AUTHOR], bool *found)
{
	const err e = author_each(w, TABLE_SLOT, author, author_found);

	*found = e == ERR_EXISTS;
	return *found ? OK : e;
}

/* The walk's cursor stays right; what ${r} points to does not. */
static err
author_end(struct work *w, const struct store_record *r, bool *more)
{
	const enum store_table table = store_slot_table(r);
	struct record_keys k;

	(void)more;
	store_keys(w->view.store, r, &k);
	TRY(work_gone(w, r, STORE_REVOKED));
	TRY(work_remove(w, r, STORE_REVOKED));
	return work_del(w, table, &k.slot);
}

/* No floors stay: while the revocation is held nothing gets in anyway. */
err
work_author_clear(
    struct work *w, enum store_table table, const uint8_t author[RECORD_AUTHOR])
{
	return author_each(w, table, author, author_end);
}

static err
author_told(struct work *w, const struct store_record *r, bool *more)
{
	(void)more;
	return work_gone(w, r, STORE_REVOKED);
}

err
work_author_gone(struct work *w, const uint8_t author[RECORD_AUTHOR])
{
	return author_each(w, TABLE_SLOT, author, author_told);
}
