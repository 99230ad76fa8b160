/* The bytes of keys and values, and the search for a slot's row. */
#include "proto/record/schema.h"
#include "store/internal.h"

#define FLAG_OWN     1U
#define FLAG_HEARD   2U
#define FLAG_DELETED 4U
#define FLAG_OPAQUE  8U
#define FLAG_KEPT    16U
#define FLAG_QUIET   32U
#define FLAG_PV_1    64U /* opaque was judged with the schemas of pv 1 */

/*
 * The header of a value in the record table:
 *   0 version u8 = 1      1 flags u8       2 kind u16
 *   4 author_at u16       6 region 2       8 slot u32
 *  12 seq u64            20 expires u32   24 received u32   28 id 32
 */
#define HEADER_VERSION 1

uint64_t
store_hash_id(const struct store *s, const uint8_t id[RECORD_ID])
{
	return s->hash(id, RECORD_ID, s->secret);
}

uint64_t
store_hash_author(const struct store *s, const uint8_t author[RECORD_AUTHOR])
{
	return s->hash(author, RECORD_AUTHOR, s->secret);
}

struct store_key
store_key_rid(uint64_t rid)
{
	struct store_key k = { .n = 8 };
	put_u64be(k.p, rid);
	return k;
}

struct store_key
store_key_hash(uint64_t hash, uint64_t rid)
{
	struct store_key k = { .n = 16 };
	put_u64be(k.p, hash);
	put_u64be(k.p + 8, rid);
	return k;
}

struct store_key
store_key_expiry(uint32_t hour, uint64_t rid)
{
	struct store_key k = { .n = EXPIRY_KEY };
	put_u32be(k.p, hour);
	put_u64be(k.p + 4, rid);
	return k;
}

struct store_key
store_key_slot(
    const struct store *s, const struct slot_name *name, uint64_t rid)
{
	struct store_key k = { .n = SLOT_KEY };
	put_u64be(k.p, store_hash_author(s, name->author));
	put_u16be(k.p + 8, (uint16_t)name->kind);
	put_u32be(k.p + 10, name->slot);
	put_u64be(k.p + SLOT_PREFIX, rid);
	return k;
}

/* Revocations stand before all others. */
static uint32_t
time_hour(const struct store_record *r)
{
	return r->kind == KIND_REVOCATION ? 0 : (uint32_t)(r->seq >> 8);
}

void
store_keys(
    const struct store *s, const struct store_record *r, struct record_keys *k)
{
	const struct slot_name name = { r->author, r->kind, r->slot };

	k->record = store_key_rid(r->rid);
	k->id = store_key_hash(store_hash_id(s, r->id), r->rid);
	k->slot = store_key_slot(s, &name, r->rid);
	k->expiry = store_key_expiry((uint32_t)r->expires_h, r->rid);
	k->time.n = TIME_KEY;
	put_u32be(k->time.p, time_hour(r));
	memcpy(k->time.p + 4, r->id, STORE_ITEM_ID);
	put_u64be(k->time.p + 4 + STORE_ITEM_ID, r->rid);
}

void
store_header_put(uint8_t out[HEADER_BYTES], const struct store_record *r)
{
	const ptrdiff_t author_at = r->author - r->bytes.p;

	ASSERT(author_at >= 0 &&
	       (size_t)author_at + RECORD_AUTHOR <= r->bytes.n &&
	       r->bytes.n <= RECORD_BYTES_MAX);
	out[0] = HEADER_VERSION;
	out[1] =
	    (uint8_t)((r->own ? FLAG_OWN : 0) | (r->heard ? FLAG_HEARD : 0) |
		      (r->deleted ? FLAG_DELETED : 0) |
		      (r->opaque ? FLAG_OPAQUE : 0) |
		      (r->kept ? FLAG_KEPT : 0) | (r->quiet ? FLAG_QUIET : 0) |
		      FLAG_PV_1);
	put_u16be(out + 2, (uint16_t)r->kind);
	put_u16be(out + 4, (uint16_t)author_at);
	memcpy(out + 6, r->region, 2);
	put_u32be(out + 8, r->slot);
	put_u64be(out + 12, r->seq);
	put_u32be(out + 20, (uint32_t)r->expires_h);
	put_u32be(out + 24, r->received_s);
	memcpy(out + 28, r->id, RECORD_ID);
}

uint32_t
store_sum(const struct store *s, struct slice value)
{
	return (uint32_t)hash_siphash(value.p, value.n, s->secret);
}

bool
store_is_hidden(const struct store_record *r)
{
	return r->own && !r->heard && (r->quiet || r->kind == KIND_PROFILE);
}

void
store_time_put(
    uint8_t out[TIME_BYTES], const struct store_record *r, uint32_t sum)
{
	const bool hidden = store_is_hidden(r);

	put_u16be(out, (uint16_t)r->kind);
	memcpy(out + 2, r->region, 2);
	out[4] = (uint8_t)((hidden ? TIME_HIDDEN : 0) |
			   (r->own ? TIME_OWN : 0) | (r->kept ? TIME_KEPT : 0));
	put_u32be(out + 5, (uint32_t)r->expires_h);
	memcpy(out + 9, r->author, SCOPE_AUTHOR);
	put_u32be(out + 17, sum);
}

err
store_time_parse(struct slice key, struct slice value, struct time_row *row)
{
	if (key.n != TIME_KEY || value.n != TIME_BYTES)
		return ERR_CORRUPT;
	const uint8_t *p = value.p;
	*row = (struct time_row){
		.hour = get_u32be(key.p),
		.id = key.p + 4,
		.rid = get_u64be(key.p + 4 + STORE_ITEM_ID),
		.kind = get_u16be(p),
		.region = (const char *)p + 2,
		.flags = p[4],
		.expires_h = get_u32be(p + 5),
		.author = p + 9,
		.sum = get_u32be(p + 17),
	};
	return row->kind < STORE_KINDS ? OK : ERR_CORRUPT;
}

/*
 * Was it written by an ohcn that read payloads of pv 0, which are unread now?
 * Behind the author come region, slot, seq, expires, flags, stamp and pv.
 */
static bool
is_draft(uint32_t kind, struct slice bytes, size_t author_at)
{
	struct slice rest = slice_of(bytes.p + author_at + RECORD_AUTHOR,
	    bytes.n - author_at - RECORD_AUTHOR);

	for (unsigned i = 0; i < 6; i++)
		if (value_skip(&rest) != OK)
			return true;
	return rest.n == 0 || schema_of(kind, rest.p[0]) == NULL;
}

err
store_record_parse(uint64_t rid, struct slice value, struct store_record *r)
{
	if (value.n <= HEADER_BYTES || value.p[0] != HEADER_VERSION)
		return ERR_CORRUPT;
	const uint8_t *h = value.p;
	const struct slice bytes =
	    slice_of(value.p + HEADER_BYTES, value.n - HEADER_BYTES);
	const size_t author_at = get_u16be(h + 4);
	if (author_at + RECORD_AUTHOR > bytes.n ||
	    get_u16be(h + 2) >= STORE_KINDS)
		return ERR_CORRUPT;
	*r = (struct store_record){
		.rid = rid,
		.id = h + 28,
		.author = bytes.p + author_at,
		.bytes = bytes,
		.seq = get_u64be(h + 12),
		.expires_h = get_u32be(h + 20),
		.received_s = get_u32be(h + 24),
		.kind = get_u16be(h + 2),
		.slot = get_u32be(h + 8),
		.region = { (char)h[6], (char)h[7], '\0' },
		.deleted = (h[1] & FLAG_DELETED) != 0,
		.opaque = (h[1] & FLAG_OPAQUE) != 0 ||
			  ((h[1] & (FLAG_PV_1 | FLAG_DELETED)) == 0 &&
			      is_draft(get_u16be(h + 2), bytes, author_at)),
		.own = (h[1] & FLAG_OWN) != 0,
		.heard = (h[1] & FLAG_HEARD) != 0,
		.kept = (h[1] & FLAG_KEPT) != 0,
		.quiet = (h[1] & FLAG_QUIET) != 0,
	};
	return OK;
}

int
store_slot_parse(struct slice value, uint32_t *until_h)
{
	const bool winner =
	    value.n == WINNER_BYTES && value.p[0] == SLOT_WINNER;
	const bool floor = value.n == FLOOR_BYTES && value.p[0] == SLOT_FLOOR;

	if (!winner && !floor)
		return 0;
	*until_h = get_u32be(value.p + 1);
	return value.p[0];
}

void
store_floor_put(uint8_t out[FLOOR_BYTES], uint32_t until_h, uint64_t seq,
    const uint8_t id[RECORD_ID], const uint8_t author[RECORD_AUTHOR])
{
	out[0] = SLOT_FLOOR;
	put_u32be(out + 1, until_h);
	put_u64be(out + 5, seq);
	memcpy(out + 13, id, RECORD_ID);
	memcpy(out + 45, author, RECORD_AUTHOR);
}

/* Is this row that of the slot we look for? Then ${st} is filled. */
static err
slot_match(struct store_view *v, const struct slot_name *name, uint64_t rid,
    struct slice value, struct slot_state *st)
{
	uint32_t until_h;
	const int type = store_slot_parse(value, &until_h);

	if (type == SLOT_WINNER) {
		struct store_record r;
		const err e = store_get_rid(v, rid, &r);
		if (e != OK)
			return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
		if (r.kind != name->kind || r.slot != name->slot)
			return ERR_CORRUPT;
		if (memcmp(r.author, name->author, RECORD_AUTHOR) != 0)
			return OK;
		*st = (struct slot_state){ .found = true,
			.live = true,
			.own = r.own,
			.heard = r.heard,
			.kept = r.kept,
			.seq = r.seq,
			.expires_h = r.expires_h,
			.bytes_n = r.bytes.n };
		memcpy(st->id, r.id, RECORD_ID);
	} else if (type == SLOT_FLOOR) {
		const uint8_t *p = value.p;
		if (memcmp(p + 45, name->author, RECORD_AUTHOR) != 0)
			return OK;
		*st = (struct slot_state){ .found = true,
			.seq = get_u64be(p + 5) };
		memcpy(st->id, p + 13, RECORD_ID);
	} else {
		return ERR_CORRUPT;
	}
	st->until_h = until_h;
	st->rid = rid;
	return OK;
}

err
store_slot_find(struct store_view *v, enum store_table table,
    const struct slot_name *name, struct slot_state *st)
{
	struct map_cursor **c = table == TABLE_SLOT ? &v->slots : &v->hidden;
	const struct store_key from = store_key_slot(v->store, name, 0);
	const struct slice prefix = slice_of(from.p, SLOT_PREFIX);
	struct slice key, value;

	*st = (struct slot_state){ .table = table };
	if (*c == NULL)
		TRY(map_cursor_open(v->txn, table, c));
	err e = map_cursor_seek(*c, prefix, &key, &value);
	while (e == OK) {
		if (key.n != SLOT_KEY)
			return ERR_CORRUPT;
		if (memcmp(key.p, prefix.p, prefix.n) != 0)
			break;
		const uint64_t rid = get_u64be(key.p + SLOT_PREFIX);
		TRY(slot_match(v, name, rid, value, st));
		st->table = table;
		if (st->found) {
			st->row = store_key_slot(v->store, name, rid);
			break;
		}
		e = map_cursor_next(*c, &key, &value);
	}
	return e == ERR_NOTFOUND ? OK : e;
}

enum store_table
store_slot_table(const struct store_record *r)
{
	return store_is_hidden(r) ? TABLE_HIDDEN : TABLE_SLOT;
}

/* Is the author's end held, among what others may see or what is hidden? */
static err
is_revoked(struct store_view *v, enum store_table table, const uint8_t *author,
    uint64_t now_s, struct slot_state *st, bool *yes)
{
	const struct slot_name end = { author, KIND_REVOCATION, 0 };

	TRY(store_slot_find(v, table, &end, st));
	*yes = st->live && !store_is_past(st->expires_h, now_s);
	return OK;
}

err
store_superseded(struct store_view *v, const struct store_record *r, bool *yes)
{
	const struct slot_name name = { r->author, r->kind, r->slot };
	struct slot_state st;

	*yes = false;
	if (!r->own || store_is_hidden(r))
		return OK;
	TRY(store_slot_find(v, TABLE_HIDDEN, &name, &st));
	*yes = st.found;
	if (*yes || r->kind == KIND_REVOCATION)
		return OK;
	return is_revoked(v, TABLE_HIDDEN, r->author, 0, &st, yes);
}

/* What record_open() refuses; asked again where a table would overflow. */
static enum record_outcome
outside_tables(const struct record *r)
{
	if (r->kind >= STORE_KINDS)
		return RECORD_UNKNOWN_KIND;
	if (r->bytes.n == 0 || r->bytes.n > RECORD_BYTES_MAX)
		return RECORD_OVERSIZE;
	if (record_hour(r) > UINT32_MAX || r->expires_h > UINT32_MAX)
		return RECORD_BAD_TIMES;
	return RECORD_FINE;
}

/* By one row of the slot. */
static enum record_outcome
judge_row(const struct slot_state *st, const struct record *r, uint64_t now_s)
{
	if (!st->found || store_is_past(st->until_h, now_s))
		return RECORD_FINE; /* or only what nobody has swept yet */
	if (store_is_its(st, r))    /* evicted, it comes again */
		return st->live ? RECORD_DUPLICATE : RECORD_FINE;
	return record_beats(r->seq, r->id, st->seq, st->id) ? RECORD_FINE
							    : RECORD_STALE;
}

err
store_judge(struct store_view *v, const struct record *r, bool own,
    uint64_t now_s, enum record_outcome *outcome, struct slot_state *st,
    struct slot_state *hidden)
{
	const struct slot_name name = { r->author, r->kind, r->slot };
	bool revoked = false;

	*st = *hidden = (struct slot_state){ 0 };
	*outcome = outside_tables(r);
	if (*outcome != RECORD_FINE)
		return OK;
	if (store_is_past(r->expires_h, now_s)) {
		*outcome = RECORD_EXPIRED;
		return OK;
	}
	if (r->kind != KIND_REVOCATION && v->revocations < 0) {
		struct store_totals totals;
		TRY(store_totals_of(v, &totals));
		v->revocations = totals.kind[KIND_REVOCATION];
	}
	if (r->kind != KIND_REVOCATION && v->revocations > 0) {
		TRY(is_revoked(v, TABLE_SLOT, r->author, now_s, st, &revoked));
		if (!revoked && own)
			TRY(is_revoked(
			    v, TABLE_HIDDEN, r->author, now_s, st, &revoked));
		if (revoked) {
			*outcome = RECORD_REVOKED;
			return OK;
		}
	}

	TRY(store_slot_find(v, TABLE_SLOT, &name, st));
	TRY(store_slot_find(v, TABLE_HIDDEN, &name, hidden));
	*outcome = judge_row(st, r, now_s);
	if (*outcome == RECORD_FINE && (own || store_is_its(hidden, r)))
		*outcome = judge_row(hidden, r, now_s);
	return OK;
}

/* ---- numbers of arrival ---- */

err
store_unshown(struct map_txn *t, struct unshown *out)
{
	struct slice v;
	const err e = map_get(t, TABLE_META, slice_str("unshown"), &v);

	*out = (struct unshown){ 0 };
	if (e != OK)
		return e == ERR_NOTFOUND ? OK : e;
	if (v.n < 8 || v.n % 8 != 0)
		return ERR_CORRUPT;
	*out = (struct unshown){ get_u64be(v.p), v.n / 8 - 1, v.p + 8 };
	return OK;
}

uint64_t
store_arrival(const struct unshown *u, uint64_t rid)
{
	size_t lo = 0, hi = u->n;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;
		if (get_u64be(u->rids + 8 * mid) < rid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return rid - MIN(rid, u->forgotten + lo);
}

bool
store_outside(const struct scope *scope, const struct record *r,
    const struct slot_state *st, uint64_t now_s)
{
	if (st->live && !store_is_past(st->expires_h, now_s))
		return false; /* whoever offers the loser needs the answer */
	return !scope_has(scope, r->kind, r->region, record_hour(r), r->author);
}

err
store_totals_get(struct map_txn *t, struct store_totals *out)
{
	struct slice v;

	TRY(map_get(t, TABLE_META, slice_str("totals"), &v));
	if (v.n != TOTALS_BYTES && v.n != TOTALS_V1)
		return ERR_CORRUPT;
	const uint8_t *kinds = v.p + v.n - 4 * (size_t)STORE_KINDS;
	*out = (struct store_totals){
		.next_rid = get_u64be(v.p),
		.records = get_u64be(v.p + 8),
		.bytes = get_u64be(v.p + 16),
	};
	if (v.n == TOTALS_BYTES) {
		out->floors = get_u64be(v.p + 24);
		out->own = get_u64be(v.p + 32);
		out->evicted = get_u64be(v.p + 40);
	}
	for (size_t i = 0; i < STORE_KINDS; i++)
		out->kind[i] = get_u32be(kinds + 4 * i);
	return OK;
}

err
store_totals_of(struct store_view *v, struct store_totals *out)
{
	const err e = store_totals_get(v->txn, out);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

err
store_totals_put(struct map_txn *t, const struct store_totals *totals)
{
	uint8_t out[TOTALS_BYTES];

	put_u64be(out, totals->next_rid);
	put_u64be(out + 8, totals->records);
	put_u64be(out + 16, totals->bytes);
	put_u64be(out + 24, totals->floors);
	put_u64be(out + 32, totals->own);
	put_u64be(out + 40, totals->evicted);
	for (size_t i = 0; i < STORE_KINDS; i++)
		put_u32be(out + 48 + 4 * i, totals->kind[i]);
	return map_put(t, TABLE_META, slice_str("totals"),
	    slice_of(out, sizeof(out)), MAP_PUT);
}
