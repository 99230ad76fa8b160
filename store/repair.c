/*
 * Repair: what is sound in a damaged store goes into a new one. Records are
 * taken in the order of their numbers, so that the new one's trees are packed;
 * the rules of slots and revocations are applied anew, since a damaged store
 * may hold what contradicts itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/faults.h"
#include "store/write.h"

#define BATCH       4096U
#define META_SAMPLE 12

struct repair {
	const struct store_config *config;
	struct store_view from; /* its store is ${old}: for keys and sums */
	struct store old;
	bool secret_known;
	struct store *to;
	struct work w; /* of the transaction under way */
	unsigned in_batch;
	struct store_totals totals; /* what the old store said; may be zeros */
	uint64_t next_rid;
	struct arena scratch;
	struct store_faults faults;
	struct store_repaired *report;
	uint64_t told;
};

/* ---- transactions of the new store ---- */

static err
batch_begin(struct repair *p)
{
	p->in_batch = 0;
	return work_begin(&p->w, p->to, 0, BATCH);
}

static err
batch_end(struct repair *p, err e)
{
	p->w.totals.next_rid = MAX(p->w.totals.next_rid, p->next_rid);
	p->w.changed = true;
	return work_end(&p->w, e, NULL, NULL);
}

/* One more row is coming. */
static err
batch_step(struct repair *p)
{
	if (p->in_batch++ < BATCH)
		return OK;
	/* also on an error nothing is open any more */
	const err e = batch_end(p, OK);
	const err f = batch_begin(p);
	p->in_batch = 1;
	return e != OK ? e : f;
}

/* ---- the old store, table by table ---- */

typedef err row_fn(struct repair *p, struct slice key, struct slice value);

/*
 * Every row that can be read. Where the table of records cannot be read on,
 * go on behind the gap; in others the rest is lost.
 */
static err
each_row(struct repair *p, enum store_table table, const char *name, row_fn *fn)
{
	struct slice key, value;
	struct map_cursor *c;
	uint64_t last = 0;

	TRY(map_cursor_open(p->from.txn, table, &c));
	err e = map_cursor_next(c, &key, &value);
	for (;;) {
		uint64_t step = 1;
		while (e == ERR_CORRUPT && table == TABLE_RECORD && step != 0 &&
		       last + step < p->next_rid) {
			const struct store_key k = store_key_rid(last + step);
			e = map_cursor_seek(c, key_slice(&k), &key, &value);
			step *= 2;
		}
		if (e == ERR_CORRUPT) {
			store_fault(&p->faults,
			    "%s: cannot be read on behind %" PRIu64, name,
			    last);
			e = ERR_NOTFOUND;
		} else if (e == OK && step > 1) {
			store_fault(&p->faults,
			    "%s: cannot be read right behind %" PRIu64, name,
			    last);
		}
		if (e != OK)
			break;
		if (table == TABLE_RECORD && key.n == 8)
			last = get_u64be(key.p);
		e = batch_step(p);
		if (e == OK)
			e = fn(p, key, value);
		if (e != OK)
			break;
		e = map_cursor_next(c, &key, &value);
	}
	map_cursor_close(c);
	return e == ERR_NOTFOUND ? OK : e;
}

/* ---- records ---- */

/* As it was when it was stored? */
static bool
sum_fits(struct repair *p, const struct store_record *r, struct slice value)
{
	uint8_t want[TIME_BYTES];
	struct record_keys k;
	struct slice time;

	if (!p->secret_known)
		return false;
	store_keys(&p->old, r, &k);
	store_time_put(want, r, store_sum(&p->old, value));
	return map_get(p->from.txn, TABLE_TIME, key_slice(&k.time), &time) ==
		   OK &&
	       slice_eq(time, slice_of(want, TIME_BYTES));
}

/* By its signature; what only the header says is believed if it can be. */
static bool
record_proves(struct repair *p, uint64_t rid, struct slice value,
    struct store_record *out)
{
	const struct store_key k = store_key_rid(rid);
	struct store_record h = { 0 };
	struct record r;
	struct slice own;

	if (value.n <= HEADER_BYTES)
		return false;
	const struct slice bytes =
	    slice_of(value.p + HEADER_BYTES, value.n - HEADER_BYTES);
	if (record_read(bytes, &p->scratch, &r) != RECORD_FINE ||
	    record_verify(&r, &p->scratch) != RECORD_FINE ||
	    !slice_eq(r.net, p->config->net) || r.kind >= STORE_KINDS ||
	    record_hour(&r) > UINT32_MAX || r.expires_h > UINT32_MAX)
		return false;
	const bool header = store_record_parse(rid, value, &h) == OK;
	memcpy(p->old.value, r.id, RECORD_ID);
	*out = (struct store_record){
		.rid = rid,
		.id = p->old.value, /* lives until the next record */
		.author = r.author,
		.bytes = bytes,
		.seq = r.seq,
		.expires_h = r.expires_h,
		.received_s = header ? h.received_s : 0,
		.kind = r.kind,
		.slot = r.slot,
		.region = { r.region[0], r.region[1], '\0' },
		.deleted = record_deleted(&r),
		.opaque = r.opaque,
		.own = (header && h.own) || map_get(p->from.txn, TABLE_OWN,
						key_slice(&k), &own) == OK,
		.heard = header && h.heard,
		.kept = header && h.kept,
		.quiet = !header || h.quiet,
	};
	return true;
}

/* A floor never lasts longer than a record of the slot could live. */
static uint32_t
until_sane(uint32_t kind, uint64_t seq, uint32_t until_h)
{
	const struct kind_info *info = kind_info(kind);
	const uint64_t most =
	    (seq >> 8) + (info == NULL ? 0 : info->lifetime_hours);

	return (uint32_t)MIN(until_h, most);
}

/* How long the slot must remember, said the old index. */
static uint32_t
until_of(struct repair *p, const struct store_record *r)
{
	uint32_t until_h = 0;
	struct record_keys k;
	struct slice value;

	store_keys(&p->old, r, &k);
	if (!p->secret_known ||
	    map_get(p->from.txn, store_slot_table(r), key_slice(&k.slot),
		&value) != OK ||
	    store_slot_parse(value, &until_h) != SLOT_WINNER)
		until_h = 0;
	if (store_is_hidden(r))
		return (uint32_t)r->expires_h;
	until_h = until_sane(r->kind, r->seq, until_h);
	return MAX(until_h, (uint32_t)r->expires_h);
}

static err
record_take(struct repair *p, const struct store_record *r)
{
	const struct slot_name name = { r->author, r->kind, r->slot };
	const struct slot_name end = { r->author, KIND_REVOCATION, 0 };
	const enum store_table table = store_slot_table(r);
	uint32_t until_h = until_of(p, r);
	struct work *w = &p->w;
	struct slot_state st, other;

	if (r->kind != KIND_REVOCATION && w->totals.kind[KIND_REVOCATION] > 0) {
		TRY(store_slot_find(&w->view, TABLE_SLOT, &end, &st));
		TRY(store_slot_find(&w->view, TABLE_HIDDEN, &end, &other));
		if (st.live || (table == TABLE_HIDDEN && other.live)) {
			p->report->lost++;
			store_fault(&p->faults,
			    "record %" PRIu64 ": its author is revoked",
			    r->rid);
			return OK;
		}
	}
	TRY(store_slot_find(&w->view, table, &name, &st));
	TRY(store_slot_find(&w->view,
	    table == TABLE_SLOT ? TABLE_HIDDEN : TABLE_SLOT, &name, &other));
	if ((st.found && !record_beats(r->seq, r->id, st.seq, st.id)) ||
	    (table == TABLE_HIDDEN && other.found &&
		!record_beats(r->seq, r->id, other.seq, other.id))) {
		p->report->lost++;
		store_fault(&p->faults,
		    "record %" PRIu64 ": a better one has its slot", r->rid);
		return OK;
	}
	if (st.found) {
		until_h = MAX(until_h, st.until_h);
		TRY(work_clear(w, &st, STORE_REPLACED));
	}
	if (table == TABLE_SLOT && other.found &&
	    !record_beats(other.seq, other.id, r->seq, r->id))
		TRY(work_clear(w, &other, STORE_REPLACED));
	if (r->kind == KIND_REVOCATION && table == TABLE_SLOT)
		TRY(work_author_clear(w, TABLE_SLOT, r->author));
	if (r->kind == KIND_REVOCATION)
		TRY(work_author_clear(w, TABLE_HIDDEN, r->author));
	return work_insert(w, r, until_h);
}

static err
take_record(struct repair *p, struct slice key, struct slice value)
{
	struct store_record r;

	const uint64_t rid = key.n == 8 ? get_u64be(key.p) : 0;
	if (rid == 0 || rid >= UINT64_MAX / 2) {
		p->report->lost++;
		store_fault(
		    &p->faults, "record table: a key that is no number");
		return OK;
	}
	const bool parsed = store_record_parse(rid, value, &r) == OK;
	if (!(parsed && sum_fits(p, &r, value)) &&
	    !record_proves(p, rid, value, &r)) {
		p->report->lost++;
		store_fault(&p->faults,
		    "record %" PRIu64 ": its bytes are spoilt", rid);
		return OK;
	}
	p->next_rid = MAX(p->next_rid, rid + 1);
	return record_take(p, &r);
}

/* ---- floors, private values ---- */

static err
floor_take(struct repair *p, const struct slot_name *name, uint64_t rid,
    uint32_t until_h, uint64_t seq, const uint8_t id[RECORD_ID])
{
	const struct store_key row = store_key_slot(p->to, name, rid);
	struct work *w = &p->w;
	struct slot_state st;

	TRY(store_slot_find(&w->view, TABLE_HIDDEN, name, &st));
	if (st.found && memcmp(st.id, id, RECORD_ID) != 0 &&
	    !record_beats(st.seq, st.id, seq, id)) {
		p->report->lost++;
		TRY(work_clear(w, &st, STORE_REPLACED));
	}
	TRY(store_slot_find(&w->view, TABLE_SLOT, name, &st));
	if (st.found && record_beats(st.seq, st.id, seq, id))
		return until_h > st.until_h
			   ? work_until(w, &st, name->author, until_h)
			   : OK;
	if (st.found) {
		until_h = MAX(until_h, st.until_h);
		if (st.live)
			p->report->lost++;
		TRY(work_clear(w, &st, STORE_REPLACED));
	}
	return work_floor(w, &row, until_h, seq, id, name->author);
}

static err
take_floor(struct repair *p, struct slice key, struct slice value)
{
	uint8_t author[RECORD_AUTHOR], id[RECORD_ID];
	uint32_t until_h = 0;
	const int type = store_slot_parse(value, &until_h);

	if (type == SLOT_WINNER && key.n == SLOT_KEY)
		return OK; /* made anew from the record */
	const uint32_t kind = key.n == SLOT_KEY ? get_u16be(key.p + 8) : 0;
	if (type != SLOT_FLOOR || kind_info(kind) == NULL ||
	    (p->secret_known &&
		store_hash_author(&p->old, value.p + 45) != get_u64be(key.p))) {
		p->report->floors_lost++;
		store_fault(&p->faults, "slot index: a row that is spoilt");
		return OK;
	}
	const uint64_t seq = get_u64be(value.p + 5);
	until_h = until_sane(kind, seq, until_h);
	memcpy(id, value.p + 13, RECORD_ID);
	memcpy(author, value.p + 45, RECORD_AUTHOR);
	const struct slot_name name = { author, kind, get_u32be(key.p + 10) };
	return floor_take(
	    p, &name, get_u64be(key.p + SLOT_PREFIX), until_h, seq, id);
}

static err
take_private(struct repair *p, struct slice key, struct slice value)
{
	if (key.n < 1 || key.n > STORE_PRIVATE_KEY || value.n > MAP_VALUE_MAX) {
		p->report->private_lost++;
		store_fault(&p->faults, "private table: a row that is spoilt");
		return OK;
	}
	p->report->private ++;
	return map_put(p->w.view.txn, TABLE_PRIVATE, key, value, MAP_APPEND);
}

/* ---- the whole ---- */

static err
say(char why[STORE_WHY], err e, const char *text)
{
	snprintf(why, STORE_WHY, "%s", text);
	return e;
}

static bool
meta_find(struct repair *p, const char *name, struct slice *v)
{
	return map_get(p->from.txn, TABLE_META, slice_str(name), v) == OK;
}

/* What the old head says, as far as it can be read. */
static err
head_read(struct repair *p, char why[STORE_WHY])
{
	struct slice v;

	const bool format = meta_find(p, "format", &v) && v.n == 16 &&
			    memcmp(v.p, "ohcnstor", 8) == 0;
	const uint32_t version = format ? get_u32be(v.p + 8) : STORE_VERSION;
	if (version > STORE_VERSION)
		return say(why, ERR_CONFIG,
		    "the store was made by a newer ohcn: repair it with that "
		    "one");
	if (version < STORE_VERSION || meta_find(p, "migrate", &v))
		return say(why, ERR_CONFIG,
		    "the store must be migrated before it can be repaired");
	if (meta_find(p, "net", &v) && net_is_valid(v) &&
	    !slice_eq(v, p->config->net))
		return say(
		    why, ERR_AUTH, "the store belongs to another network");
	p->secret_known = meta_find(p, "secret", &v) && v.n == STORE_SECRET;
	if (p->secret_known)
		memcpy(p->old.secret, v.p, STORE_SECRET);
	if (!format && !p->secret_known)
		return say(why, ERR_CORRUPT, "nothing of a store is left");
	if (store_totals_get(p->from.txn, &p->totals) != OK)
		p->totals = (struct store_totals){ .next_rid = 1 };
	p->next_rid = MIN(p->totals.next_rid, UINT64_MAX / 2);
	return OK;
}

static err
tables_take(struct repair *p)
{
	static const struct {
		enum store_table table;
		const char *name;
		row_fn *fn;
	} tables[] = {
		{ TABLE_RECORD, "record table", take_record },
		{ TABLE_SLOT, "slot index", take_floor },
		{ TABLE_PRIVATE, "private table", take_private },
	};
	struct slice v;

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		err e = batch_begin(p);
		if (e == OK)
			e = each_row(
			    p, tables[i].table, tables[i].name, tables[i].fn);
		TRY(batch_end(p, e));
	}
	err e = batch_begin(p);
	static const char *const rows[] = { "sample", "migrated" };
	for (size_t i = 0; i < ARRAY_LEN(rows) && e == OK; i++) {
		if (meta_find(p, rows[i], &v) && v.n == META_SAMPLE)
			e = map_put(p->w.view.txn, TABLE_META,
			    slice_str(rows[i]), v, MAP_PUT);
	}
	if (e == OK && meta_find(p, "unshown", &v) && v.n >= 8 &&
	    v.n % 8 == 0 && v.n <= 8 + 8 * UNSHOWN_MAX)
		e = map_put(p->w.view.txn, TABLE_META, slice_str("unshown"), v,
		    MAP_PUT);
	p->report->records = p->w.totals.records;
	p->report->floors = p->w.totals.floors;
	p->report->own = p->w.totals.own;
	return batch_end(p, e);
}

static err
repair_into(struct repair *p, struct map *to, char why[STORE_WHY])
{
	struct store_config cf = *p->config;

	TRY(head_read(p, why));
	if (p->secret_known)
		memcpy(cf.random, p->old.secret, STORE_SECRET);
	cf.max_bytes = cf.max_records = 0;
	cf.scope = NULL;
	cf.read_only = false;
	TRY(store_open(to, &cf, &p->to, why));
	if (!store_info(p->to).created) {
		store_close(p->to);
		return say(why, ERR_EXISTS, "there is a store already");
	}
	const err e = tables_take(p);
	if (e != OK) {
		store_fail(p->to, "repair", e);
		memcpy(why, store_why(p->to), STORE_WHY);
	}
	store_close(p->to);
	struct store_repaired *r = p->report;
	if (r->records + r->lost < p->totals.records)
		r->lost = p->totals.records - r->records; /* never seen */
	if (r->floors + r->floors_lost < p->totals.floors)
		r->floors_lost = p->totals.floors - r->floors;
	return e;
}

err
store_repair(struct map *from, struct map *to,
    const struct store_config *config, store_fault_fn *fn, void *ctx,
    struct store_repaired *report, char why[STORE_WHY])
{
	*report = (struct store_repaired){ 0 };
	why[0] = '\0';
	if (!net_is_valid(config->net))
		return say(why, ERR_CONFIG, "the network has no good name");
	struct repair *p = calloc(1, sizeof(*p));
	uint8_t *scratch = malloc(RECORD_SCRATCH_BYTES);
	err e = p == NULL || scratch == NULL ? ERR_NOMEM : OK;
	if (e == OK) {
		p->config = config;
		p->faults = (struct store_faults){ fn, ctx, &p->told };
		p->report = report;
		p->scratch = arena_of(scratch, RECORD_SCRATCH_BYTES);
		p->old.map = from;
		p->old.hash =
		    config->hash != NULL ? config->hash : hash_siphash;
		p->from.store = &p->old;
		e = map_begin(from, false, &p->from.txn);
	}
	if (e == OK) {
		e = repair_into(p, to, why);
		map_abort(p->from.txn);
	}
	if (p != NULL)
		crypto_wipe(p->old.secret, STORE_SECRET);
	free(scratch);
	free(p);
	return e;
}
