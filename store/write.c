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
	TRY(gone_add(w, r, why));
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
		TRY(work_remove(w, &old, why));
	} else {
		count_down(&w->totals.floors);
		TRY(work_del(w, TABLE_EXPIRY, &floor));
	}
	return work_del(w, TABLE_SLOT, &st->row);
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
	TRY(map_get(w->view.txn, TABLE_SLOT, key_slice(&k.slot), &value));
	if (store_slot_parse(value, &until_h) != SLOT_WINNER)
		return ERR_CORRUPT;
	memcpy(id, r.id, RECORD_ID);
	memcpy(author, r.author, RECORD_AUTHOR);
	TRY(work_remove(w, &r, why));
	if (!floor || store_is_past(until_h, w->now_s))
		return work_del(w, TABLE_SLOT, &k.slot);
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
	TRY(map_put(w->view.txn, TABLE_RECORD, key_slice(&k.record), value,
	    MAP_APPEND));
	if (own) {
		w->totals.own++;
		TRY(map_put(w->view.txn, TABLE_OWN, key_slice(&k.record),
		    (struct slice){ 0 }, MAP_APPEND));
	}
	return map_put(w->view.txn, TABLE_SLOT, key_slice(&k.slot),
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

err
work_holds_other(
    struct work *w, const uint8_t author[RECORD_AUTHOR], bool *found)
{
	struct others o = { 0 };

	TRY(store_each_author(&w->view, author, 0, other_found, &o));
	*found = o.found;
	return OK;
}

/* No floors stay: while the revocation is held nothing gets in anyway. */
err
work_author_clear(struct work *w, const uint8_t author[RECORD_AUTHOR])
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
		TRY(work_clear(w, &st, STORE_REVOKED));
	}
}
