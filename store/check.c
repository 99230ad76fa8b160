/*
 * The check: every record is read anew, each index is compared with what the
 * records ask for, both ways, and the totals with a count. Only records and
 * floors are believed.
 *
 * An index is compared as a whole: the sum of a keyed hash of each row that
 * there must be, in the order of the records, with that of each row that
 * there is, in the order of the index. That reads every page once, one after
 * the other. Only where they differ the rows are looked up one by one, to
 * say which.
 */
#include <stdlib.h>

#include "store/faults.h"
#include "store/internal.h"

/* All rows of an index, in any order. */
struct row_sum {
	uint64_t rows;
	uint64_t sum;
};

struct check {
	struct store_view *v;
	enum store_check_how how;
	struct store_faults faults;
	struct store_report *report;
	struct store_totals seen;
	struct row_sum want[STORE_TABLES], have[STORE_TABLES];
	bool slots_differ;
	enum store_table only; /* the index that is looked up row by row */
	struct store_key last_slot;
	enum store_table
	    slot_table; /* slot or hidden, that is looked through */
	uint64_t largest_rid;
	struct arena scratch;
};

/* A map's error that is damage goes into the report, any other ends it. */
static err
damage(struct check *c, err e, const char *where)
{
	if (e != ERR_CORRUPT)
		return e;
	store_fault(&c->faults, "%s: cannot be read on", where);
	return OK;
}

/* ---- records, and what each must have in the indexes ---- */

static err
expect(struct check *c, uint64_t rid, enum store_table table,
    const struct store_key *key, struct slice want, const char *name)
{
	struct slice value;
	const err e = map_get(c->v->txn, table, key_slice(key), &value);

	c->report->entries++;
	if (e == ERR_NOTFOUND)
		store_fault(&c->faults,
		    "record %" PRIu64 ": no entry in the %s index", rid, name);
	else if (e != OK)
		return damage(c, e, name);
	else if (!slice_eq(value, want))
		store_fault(&c->faults,
		    "record %" PRIu64 ": wrong entry in the %s index", rid,
		    name);
	return OK;
}

static err
expect_slot(
    struct check *c, const struct store_record *r, const struct store_key *key)
{
	struct slice value;
	uint32_t until_h = 0;
	const err e =
	    map_get(c->v->txn, store_slot_table(r), key_slice(key), &value);

	c->report->entries++;
	if (e == ERR_NOTFOUND)
		store_fault(&c->faults,
		    "record %" PRIu64 ": no entry in the slot index", r->rid);
	else if (e != OK)
		return damage(c, e, "slot");
	else if (store_slot_parse(value, &until_h) != SLOT_WINNER)
		store_fault(&c->faults,
		    "record %" PRIu64 ": its slot says that it is gone",
		    r->rid);
	else if (until_h < r->expires_h)
		store_fault(&c->faults,
		    "record %" PRIu64 ": its slot ends before it does", r->rid);
	else if (until_h != r->expires_h && store_is_hidden(r))
		store_fault(&c->faults,
		    "record %" PRIu64 ": its slot ends after it does", r->rid);
	return OK;
}

static void
row_add(struct check *c, struct row_sum *sum, enum store_table table,
    struct slice key, struct slice value)
{
	uint8_t row[2 + STORE_KEY_MAX + TIME_BYTES] = { (uint8_t)table,
		(uint8_t)key.n };

	sum->rows++;
	if (key.n > STORE_KEY_MAX || value.n > TIME_BYTES)
		return; /* none of ours: the sums differ */
	memcpy(row + 2, key.p, key.n);
	if (value.n > 0)
		memcpy(row + 2 + key.n, value.p, value.n);
	sum->sum += hash_siphash(row, 2 + key.n + value.n, c->v->store->secret);
}

static void
want_all(struct check *c, const struct store_record *r, struct slice value)
{
	const struct slice none = { 0 };
	struct row_sum *want = c->want;
	struct record_keys k;
	uint8_t time[TIME_BYTES];

	store_keys(c->v->store, r, &k);
	store_time_put(time, r, store_sum(c->v->store, value));
	row_add(c, &want[TABLE_ID], TABLE_ID, key_slice(&k.id), none);
	row_add(c, &want[TABLE_TIME], TABLE_TIME, key_slice(&k.time),
	    slice_of(time, TIME_BYTES));
	row_add(
	    c, &want[TABLE_EXPIRY], TABLE_EXPIRY, key_slice(&k.expiry), none);
	if (r->own)
		row_add(
		    c, &want[TABLE_OWN], TABLE_OWN, key_slice(&k.record), none);
}

/* The time index holds the checksum of the record as well. */
static err
expect_time(struct check *c, const struct store_record *r,
    const struct store_key *key, struct slice record)
{
	uint8_t want[TIME_BYTES];
	struct slice value;

	store_time_put(want, r, store_sum(c->v->store, record));
	const err e = map_get(c->v->txn, TABLE_TIME, key_slice(key), &value);
	if (e == OK && value.n == TIME_BYTES &&
	    memcmp(value.p, want, TIME_BYTES - 4) == 0 &&
	    memcmp(value.p, want, TIME_BYTES) != 0) {
		store_fault(&c->faults,
		    "record %" PRIu64 ": its bytes have changed", r->rid);
		return OK;
	}
	return expect(
	    c, r->rid, TABLE_TIME, key, slice_of(want, TIME_BYTES), "time");
}

/* Row by row, in the index that differs. */
static err
expect_one(struct check *c, struct slice key, struct slice value)
{
	const struct slice none = { 0 };
	struct store_record r;
	struct record_keys k;

	if (key.n != 8 || store_record_parse(get_u64be(key.p), value, &r) != OK)
		return OK; /* told before */
	store_keys(c->v->store, &r, &k);
	if (c->only == TABLE_ID)
		return expect(c, r.rid, TABLE_ID, &k.id, none, "id");
	if (c->only == TABLE_TIME)
		return expect_time(c, &r, &k.time, value);
	if (c->only == TABLE_EXPIRY)
		return expect(
		    c, r.rid, TABLE_EXPIRY, &k.expiry, none, "expiry");
	return r.own ? expect(c, r.rid, TABLE_OWN, &k.record, none, "own") : OK;
}

/* Is the id that of the body, which is the first of three in the bytes? */
static bool
id_fits(const struct store_record *r)
{
	const uint8_t *p = r->bytes.p;
	uint8_t id[RECORD_ID];
	size_t at, n;

	if (r->bytes.n < 4 || p[0] != 0x93)
		return false;
	if (p[1] == 0xc4) { /* bin 8 */
		n = p[2];
		at = 3;
	} else if (p[1] == 0xc5) { /* bin 16 */
		n = get_u16be(p + 2);
		at = 4;
	} else {
		return false;
	}
	if (n > r->bytes.n - at)
		return false;
	record_id_of(slice_of(p + at, n), id);
	return memcmp(id, r->id, RECORD_ID) == 0;
}

/* Does the header say what the signed bytes say? */
static void
header_check(struct check *c, const struct store_record *h)
{
	const struct store *s = c->v->store;
	struct record r;
	const char *what = NULL;
	enum record_outcome o = record_read(h->bytes, &c->scratch, &r);

	/* a signature that the disk has spoilt would be held against us */
	if (o == RECORD_FINE && c->how == STORE_CHECK_SIGNATURES)
		o = record_verify(&r, &c->scratch);
	if (o != RECORD_FINE) {
		store_fault(&c->faults, "record %" PRIu64 ": its bytes are %s",
		    h->rid, record_outcome_name(o));
		return;
	}
	if (memcmp(r.id, h->id, RECORD_ID) != 0)
		what = "id";
	else if (!slice_eq(r.net, slice_of(s->net, s->net_n)))
		what = "network";
	else if (memcmp(r.author, h->author, RECORD_AUTHOR) != 0)
		what = "author";
	else if (r.kind != h->kind)
		what = "kind";
	else if (r.slot != h->slot)
		what = "slot";
	else if (r.seq != h->seq)
		what = "seq";
	else if (r.expires_h != h->expires_h)
		what = "expiry";
	else if (memcmp(r.region, h->region, 2) != 0)
		what = "region";
	else if (record_deleted(&r) != h->deleted)
		what = "deletion mark";
	if (what != NULL)
		store_fault(&c->faults,
		    "record %" PRIu64 ": wrong %s in its header", h->rid, what);
}

static err
check_record(struct check *c, struct slice key, struct slice value)
{
	struct store_record r;

	c->report->records++;
	if (key.n != 8) {
		store_fault(
		    &c->faults, "record table: a key of %zu bytes", key.n);
		return OK;
	}
	const uint64_t rid = get_u64be(key.p);
	c->largest_rid = MAX(c->largest_rid, rid);
	if (store_record_parse(rid, value, &r) != OK) {
		store_fault(&c->faults,
		    "record %" PRIu64 ": its header is damaged", rid);
		return OK;
	}
	c->seen.records++;
	c->seen.bytes += r.bytes.n;
	c->seen.kind[r.kind]++;
	c->seen.own += r.own;
	/* what is in the time index too says that the rest is as it was when
	 * it was read */
	if (c->how == STORE_CHECK_SIGNATURES || !id_fits(&r))
		header_check(c, &r);
	want_all(c, &r, value);
	const struct slot_name name = { r.author, r.kind, r.slot };
	const struct store_key slot = store_key_slot(c->v->store, &name, rid);
	return expect_slot(c, &r, &slot);
}

/* ---- indexes, and the record that each entry must have ---- */

/* The record that an entry names; not found is a fault. */
static err
named(struct check *c, const char *index, uint64_t rid, struct store_record *r,
    bool *found)
{
	const err e = store_get_rid(c->v, rid, r);

	*found = e == OK;
	if (e == ERR_NOTFOUND)
		store_fault(&c->faults,
		    "%s index: names record %" PRIu64 ", which is not there",
		    index, rid);
	else if (e != OK && e != ERR_CORRUPT) /* damage was told before */
		return e;
	return OK;
}

/* Which of a record's keys an index holds. */
typedef const struct store_key *key_fn(const struct record_keys *k);

static const struct store_key *
key_id(const struct record_keys *k)
{
	return &k->id;
}

static const struct store_key *
key_slot(const struct record_keys *k)
{
	return &k->slot;
}

static const struct store_key *
key_time(const struct record_keys *k)
{
	return &k->time;
}

static const struct store_key *
key_expiry(const struct record_keys *k)
{
	return &k->expiry;
}

static err
check_entry(struct check *c, const char *index, struct slice key, size_t key_n,
    key_fn *key_of)
{
	struct store_record r;
	struct record_keys k;
	bool found;

	if (key.n != key_n) {
		store_fault(
		    &c->faults, "%s index: a key of %zu bytes", index, key.n);
		return OK;
	}
	TRY(named(c, index, get_u64be(key.p + key_n - 8), &r, &found));
	if (!found)
		return OK;
	store_keys(c->v->store, &r, &k);
	if (!slice_eq(key_slice(key_of(&k)), key))
		store_fault(&c->faults,
		    "%s index: an entry names record %" PRIu64
		    ", which does not belong there",
		    index, r.rid);
	return OK;
}

static err
check_id(struct check *c, struct slice key, struct slice value)
{
	(void)value;
	return check_entry(c, "id", key, 16, key_id);
}

static err
check_time(struct check *c, struct slice key, struct slice value)
{
	(void)value;
	return check_entry(c, "time", key, TIME_KEY, key_time);
}

static err
check_own(struct check *c, struct slice key, struct slice value)
{
	struct store_record r;
	bool found;

	(void)value;
	if (key.n != 8) {
		store_fault(&c->faults, "own index: a key of %zu bytes", key.n);
		return OK;
	}
	TRY(named(c, "own", get_u64be(key.p), &r, &found));
	if (found && !r.own)
		store_fault(&c->faults,
		    "own index: record %" PRIu64 " is not the owner's", r.rid);
	return OK;
}

/* A floor's entry in the expiry index must lead to that floor. */
static err
check_expiry(struct check *c, struct slice key, struct slice value)
{
	struct slice row;
	uint32_t until_h = 0;

	if (value.n == 0)
		return check_entry(c, "expiry", key, EXPIRY_KEY, key_expiry);
	if (key.n != EXPIRY_KEY || value.n != SLOT_PREFIX) {
		store_fault(&c->faults, "expiry index: a malformed entry");
		return OK;
	}
	const uint64_t rid = get_u64be(key.p + 4);
	struct store_key k = { .n = SLOT_KEY };
	memcpy(k.p, value.p, SLOT_PREFIX);
	put_u64be(k.p + SLOT_PREFIX, rid);
	const err e = map_get(c->v->txn, TABLE_SLOT, key_slice(&k), &row);
	if (e != OK && e != ERR_NOTFOUND)
		return damage(c, e, "slot");
	if (e != OK || store_slot_parse(row, &until_h) != SLOT_FLOOR ||
	    until_h != get_u32be(key.p))
		store_fault(&c->faults,
		    "expiry index: names floor %" PRIu64 ", which is not there",
		    rid);
	return OK;
}

static err
check_floor(
    struct check *c, struct slice key, struct slice value, uint32_t until_h)
{
	const uint8_t *p = value.p;
	const struct slot_name name = { p + 45, get_u16be(key.p + 8),
		get_u32be(key.p + 10) };
	const uint64_t rid = get_u64be(key.p + SLOT_PREFIX);
	const struct store_key k = store_key_expiry(until_h, rid);
	struct slot_state st;
	struct slice back;

	TRY(damage(c, store_slot_find(c->v, TABLE_SLOT, &name, &st), "slot"));
	if (st.found && st.rid != rid)
		store_fault(&c->faults,
		    "slot index: two entries for one slot, %" PRIu64
		    " and %" PRIu64,
		    rid, st.rid);
	const err e = map_get(c->v->txn, TABLE_EXPIRY, key_slice(&k), &back);
	if (e == ERR_NOTFOUND ||
	    (e == OK && !slice_eq(back, slice_of(key.p, SLOT_PREFIX))))
		store_fault(&c->faults,
		    "slot index: floor %" PRIu64
		    " has no entry in the expiry index",
		    rid);
	else if (e != OK)
		return damage(c, e, "expiry");
	return OK;
}

static err
check_slot(struct check *c, struct slice key, struct slice value)
{
	struct store_record r;
	struct slot_state st;
	uint32_t until_h;
	bool found;
	const int type = store_slot_parse(value, &until_h);

	if (key.n != SLOT_KEY || type == 0) {
		store_fault(&c->faults, "slot index: a malformed entry");
		return OK;
	}
	if (type == SLOT_FLOOR && c->slot_table == TABLE_SLOT)
		return check_floor(c, key, value, until_h);
	TRY(check_entry(c, "slot", key, SLOT_KEY, key_slot));
	TRY(named(c, "slot", get_u64be(key.p + SLOT_PREFIX), &r, &found));
	if (!found)
		return OK;
	if (type == SLOT_FLOOR || store_slot_table(&r) != c->slot_table)
		store_fault(&c->faults,
		    "%s index: an entry names record %" PRIu64
		    ", which does not belong there",
		    c->slot_table == TABLE_SLOT ? "slot" : "hidden", r.rid);
	const struct slot_name name = { r.author, r.kind, r.slot };
	TRY(damage(
	    c, store_slot_find(c->v, c->slot_table, &name, &st), "slot"));
	if (st.found && st.rid != r.rid)
		store_fault(&c->faults,
		    "slot index: two entries for one slot, %" PRIu64
		    " and %" PRIu64,
		    r.rid, st.rid);
	return OK;
}

/* ---- the whole ---- */

typedef err check_fn(struct check *c, struct slice key, struct slice value);

static err
check_table(
    struct check *c, enum store_table table, const char *name, check_fn *fn)
{
	struct map_cursor *cursor;
	struct slice key, value;

	TRY(map_cursor_open(c->v->txn, table, &cursor));
	err e = map_cursor_next(cursor, &key, &value);
	while (e == OK) {
		e = fn(c, key, value);
		if (e == OK)
			e = map_cursor_next(cursor, &key, &value);
	}
	map_cursor_close(cursor);
	return e == ERR_NOTFOUND ? OK : damage(c, e, name);
}

static err
sum_row(struct check *c, struct slice key, struct slice value)
{
	c->report->entries++;
	row_add(c, &c->have[c->only], c->only, key, value);
	return OK;
}

/*
 * A hidden record beats what others see, and that is the owner's. The floor
 * may be its own: it was here before as somebody's, and had to leave.
 */
static err
sum_hidden(struct check *c, struct slice key)
{
	struct store_record r;
	struct slot_state st;

	if (store_get_rid(c->v, get_u64be(key.p + SLOT_PREFIX), &r) != OK) {
		c->slots_differ = true;
		return OK;
	}
	const struct slot_name name = { r.author, r.kind, r.slot };
	TRY(damage(c, store_slot_find(c->v, TABLE_SLOT, &name, &st), "slot"));
	const bool left =
	    st.found && !st.live && memcmp(st.id, r.id, RECORD_ID) == 0;
	if (st.found && !left && !record_beats(r.seq, r.id, st.seq, st.id))
		store_fault(&c->faults,
		    "hidden index: record %" PRIu64
		    " does not beat what others see",
		    r.rid);
	else if (st.live && !st.own)
		store_fault(&c->faults,
		    "record %" PRIu64 ": not the owner's, but %" PRIu64
		    " is to replace it",
		    st.rid, r.rid);
	return OK;
}

/*
 * The first look at slot: floors, and how many rows there are. Each record
 * has found its own, so that the right number means no others.
 */
static err
sum_slot(struct check *c, struct slice key, struct slice value)
{
	uint32_t until_h = 0;
	const int type = store_slot_parse(value, &until_h);

	c->report->entries++;
	c->have[TABLE_SLOT].rows++;
	if (key.n != SLOT_KEY || type == 0 ||
	    (type == SLOT_FLOOR && c->slot_table == TABLE_HIDDEN)) {
		c->slots_differ = true;
		return OK;
	}
	/* two rows for one slot, or two authors whose hashes collide */
	if (memcmp(key.p, c->last_slot.p, SLOT_PREFIX) == 0)
		c->slots_differ = true;
	memcpy(c->last_slot.p, key.p, SLOT_PREFIX);
	if (c->slot_table == TABLE_HIDDEN)
		return sum_hidden(c, key);
	if (type != SLOT_FLOOR)
		return OK;
	c->seen.floors++;
	const uint64_t rid = get_u64be(key.p + SLOT_PREFIX);
	const struct store_key k = store_key_expiry(until_h, rid);
	row_add(c, &c->want[TABLE_EXPIRY], TABLE_EXPIRY, key_slice(&k),
	    slice_of(key.p, SLOT_PREFIX));
	if (get_u64be(key.p) != store_hash_author(c->v->store, value.p + 45))
		store_fault(&c->faults,
		    "slot index: floor %" PRIu64 " is not where it belongs",
		    rid);
	return OK;
}

static err
check_totals(struct check *c)
{
	struct store_totals t;
	const err e = store_totals_get(c->v->txn, &t);

	if (e == ERR_NOTFOUND || e == ERR_CORRUPT) {
		store_fault(&c->faults, "totals: damaged");
		return OK;
	}
	TRY(e);
	if (t.records != c->seen.records)
		store_fault(&c->faults,
		    "totals: %" PRIu64 " records, counted %" PRIu64, t.records,
		    c->seen.records);
	if (t.bytes != c->seen.bytes)
		store_fault(&c->faults,
		    "totals: %" PRIu64 " bytes, counted %" PRIu64, t.bytes,
		    c->seen.bytes);
	if (t.floors != c->seen.floors)
		store_fault(&c->faults,
		    "totals: %" PRIu64 " floors, counted %" PRIu64, t.floors,
		    c->seen.floors);
	if (t.own != c->seen.own)
		store_fault(&c->faults,
		    "totals: %" PRIu64 " of the owner, counted %" PRIu64, t.own,
		    c->seen.own);
	if (t.next_rid <= c->largest_rid)
		store_fault(&c->faults,
		    "totals: the next number is %" PRIu64 ", but %" PRIu64
		    " is taken",
		    t.next_rid, c->largest_rid);
	for (unsigned i = 0; i < STORE_KINDS; i++) {
		if (t.kind[i] != c->seen.kind[i])
			store_fault(&c->faults,
			    "totals: %" PRIu32 " of kind %u, counted %" PRIu32,
			    t.kind[i], i, c->seen.kind[i]);
	}
	return OK;
}

static err
check_slots(struct check *c)
{
	static const enum store_table tables[2] = { TABLE_SLOT, TABLE_HIDDEN };
	static const char *const names[2] = { "slot", "hidden" };

	for (unsigned i = 0; i < 2; i++) {
		c->slot_table = tables[i];
		c->last_slot.n = 0;
		memset(c->last_slot.p, 0xff, SLOT_PREFIX);
		TRY(check_table(c, tables[i], names[i], sum_slot));
	}
	if (c->have[TABLE_SLOT].rows != c->seen.records + c->seen.floors)
		c->slots_differ = true;
	for (unsigned i = 0; i < 2 && c->slots_differ; i++) {
		c->slot_table = tables[i];
		TRY(check_table(c, tables[i], names[i], check_slot));
	}
	return OK;
}

static err
check_index(
    struct check *c, enum store_table table, const char *name, check_fn *back)
{
	const struct row_sum *want = &c->want[table], *have = &c->have[table];
	const uint64_t before = c->report->faults;

	c->only = table;
	TRY(check_table(c, table, name, sum_row));
	if (want->rows == have->rows && want->sum == have->sum)
		return OK;
	TRY(check_table(c, TABLE_RECORD, "record", expect_one));
	TRY(check_table(c, table, name, back));
	if (c->report->faults == before)
		store_fault(
		    &c->faults, "%s index: not what the records ask for", name);
	return OK;
}

static err
check_all(struct check *c)
{
	TRY(check_table(c, TABLE_RECORD, "record", check_record));
	TRY(check_slots(c));
	TRY(check_index(c, TABLE_ID, "id", check_id));
	TRY(check_index(c, TABLE_TIME, "time", check_time));
	TRY(check_index(c, TABLE_EXPIRY, "expiry", check_expiry));
	TRY(check_index(c, TABLE_OWN, "own", check_own));
	return check_totals(c);
}

err
store_check(struct store_view *v, enum store_check_how how, store_fault_fn *fn,
    void *ctx, struct store_report *report)
{
	struct check c = { .v = v,
		.how = how,
		.faults = { fn, ctx, &report->faults },
		.report = report };

	*report = (struct store_report){ 0 };
	uint8_t *scratch = malloc(RECORD_SCRATCH_BYTES);
	if (scratch == NULL)
		return ERR_NOMEM;
	c.scratch = arena_of(scratch, RECORD_SCRATCH_BYTES);
	const err e = check_all(&c);
	free(scratch);
	return e;
}
