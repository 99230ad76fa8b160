/*
 * internal.h: the layout of the store's tables, shared by its own files.
 *
 *   meta     name                          -> see open.c
 *   record   rid                           -> header 60, record bytes
 *   id       H(id), rid                    -> nothing
 *   slot     H(author), kind u16, slot u32, rid -> winner or floor
 *   time     hour u32, id[0..16], rid      -> kind u16, region 2, flags u8,
 *                                             expires u32, author[0..8], sum u32
 *   expiry   hour u32, rid                 -> nothing; of a floor: the first 14
 *                                             bytes of its key in slot
 *   own      rid                           -> nothing
 *   private  the node's key                -> the node's value
 *   hidden   as slot                       -> winner; until is its `expires`
 *
 * What others may see stands in slot, and there alone. A record that is
 * hidden (store_is_hidden()) has its row in hidden instead, so that what it
 * is to replace stays as it is for everybody else; it beats what stands in
 * slot, and what stands there beside it is the owner's. Version 2 had one row
 * for both, in slot.
 *
 * The hour in time is that of the record's seq, 0 for a revocation, so that
 * they come first; which records a scope has is decided from this one index.
 * sum is a checksum of the row in record, since an id covers no signature and
 * no header. Version 1 had keys of hour, id[0..8], rid there, and the kind
 * alone as value.
 *
 * All integers are big-endian, rid and H are u64. H is SipHash under the
 * store's secret, so that nobody can grind keys that collide; since two may
 * collide all the same, each hit is compared with the record itself. There
 * is one row in slot for each (author, kind, slot):
 *   winner = 1, until u32
 *   floor  = 2, until u32, seq u64, id 32, author 32
 * so that an author's records lie side by side, for both searches. until is the largest `expires` seen in the slot; the rid of a floor is that
 * of the winner which it is left from.
 */
#pragma once

#include "store/store.h"

#define HEADER_BYTES  60
#define SLOT_WINNER   1
#define SLOT_FLOOR    2
#define WINNER_BYTES  5
#define FLOOR_BYTES   77
#define SLOT_PREFIX   14 /* of a key in slot: all but the rid */
#define SLOT_KEY      22
#define TIME_KEY      28
#define TIME_BYTES    21
#define TIME_KEY_V1   20
#define EXPIRY_KEY    12
#define TOTALS_BYTES  (48 + 4 * STORE_KINDS)
#define TOTALS_V1     (24 + 4 * STORE_KINDS)
#define STORE_KEY_MAX 28 /* of the tables above but meta and private */

/* flags in time */
#define TIME_HIDDEN 1U /* store_is_hidden(): in no set */
#define TIME_OWN    2U
#define TIME_KEPT   4U /* outside the scope when it came: see store.h */

_Static_assert(HEADER_BYTES + RECORD_BYTES_MAX <= MAP_VALUE_MAX,
    "a record fits into a value");

struct store_key {
	uint8_t p[STORE_KEY_MAX];
	size_t n;
};

/* Which authors the store holds. */
struct sampling {
	uint32_t below;     /* SCOPE_EVERYBODY: all */
	uint32_t epoch;     /* a salt each; a new one when all were in again */
	uint32_t changed_s; /* 0: never */
};

enum pass_phase { PASS_NONE, PASS_RECORDS, PASS_FLOORS };

/* The search for what lies outside the scope, a few rows each time. */
struct pass {
	enum pass_phase phase;
	uint32_t below_h;    /* records of earlier hours only; 0: all */
	struct store_key at; /* the row that was looked at last; n 0: none */
};

struct store {
	struct map *map;
	bool read_only;
	uint64_t max_bytes, max_records;
	uint64_t (*hash)(const void *in, size_t n, const uint8_t key[16]);
	uint8_t secret[STORE_SECRET];
	uint8_t net[NET_MAX];
	size_t net_n;
	struct store_info info;
	char lock;          /* atomic: of ${scope}, which others may read */
	struct scope scope; /* the sample included */
	struct sampling sampling; /* the writer's */
	struct pass pass;         /* the writer's */
	uint64_t refused_full;    /* atomic: the writer counts, views read */
	bool evicting;            /* atomic: ${pass} has not ended */
	char why[STORE_WHY];
	uint8_t value[MAP_VALUE_MAX]; /* the writer's scratch */
};

struct store_view {
	struct store *store;
	struct map_txn *txn;
	struct map_cursor *slots;  /* opened when first needed */
	struct map_cursor *hidden; /* the same */
	int64_t revocations;       /* held; -1: not asked yet */
	struct scope scope;        /* of the store, at its begin */
};

static inline struct slice
key_slice(const struct store_key *k)
{
	return slice_of(k->p, k->n);
}

/* What identifies a slot. */
struct slot_name {
	const uint8_t *author;
	uint32_t kind;
	uint32_t slot;
};

/* The row of a slot. */
struct slot_state {
	bool found;
	bool live; /* the winner is held; else a floor */
	bool own, heard, kept;
	enum store_table table; /* TABLE_SLOT or TABLE_HIDDEN */
	struct store_key row;   /* its key, if found */
	uint64_t rid;
	uint64_t seq;
	uint64_t expires_h; /* if live */
	uint64_t bytes_n;   /* if live: of the record */
	uint32_t until_h;
	uint8_t id[RECORD_ID];
};

/* Everything about a record that its index entries are made of. */
struct record_keys {
	struct store_key record, id, slot, time, expiry;
};

/** What a row of the time index says. */
struct time_row {
	uint32_t hour;
	const uint8_t *id; /* 16 bytes */
	uint64_t rid;
	uint32_t kind;
	const char *region;
	unsigned flags;
	uint32_t expires_h;
	const uint8_t *author; /* 8 bytes */
	uint32_t sum;
};

uint64_t store_hash_id(const struct store *s, const uint8_t id[RECORD_ID]);
uint64_t store_hash_author(
    const struct store *s, const uint8_t author[RECORD_AUTHOR]);

struct store_key store_key_rid(uint64_t rid);
struct store_key store_key_hash(uint64_t hash, uint64_t rid);
struct store_key store_key_expiry(uint32_t hour, uint64_t rid);
struct store_key store_key_slot(
    const struct store *s, const struct slot_name *name, uint64_t rid);

/** store_keys(s, r, k): every key of a record. */
void store_keys(
    const struct store *s, const struct store_record *r, struct record_keys *k);

/** store_sum(s, value): of a row in record. */
uint32_t store_sum(const struct store *s, struct slice value);

/** store_time_put(out, r, sum): the value of its row in time. */
void store_time_put(
    uint8_t out[TIME_BYTES], const struct store_record *r, uint32_t sum);

/** store_time_parse(key, value, row): ERR_CORRUPT. */
NODISCARD err store_time_parse(
    struct slice key, struct slice value, struct time_row *row);

/** store_header_put(out, r): the header; ${r}->author points into r->bytes. */
void store_header_put(uint8_t out[HEADER_BYTES], const struct store_record *r);

/** store_record_parse(rid, value, r): ERR_CORRUPT. */
NODISCARD err store_record_parse(
    uint64_t rid, struct slice value, struct store_record *r);

/**
 * store_slot_find(v, table, name, st):
 * In TABLE_SLOT or TABLE_HIDDEN. OK also when ${st}->found is false.
 */
NODISCARD err store_slot_find(struct store_view *v, enum store_table table,
    const struct slot_name *name, struct slot_state *st);

/** store_slot_table(r): where its row is. */
enum store_table store_slot_table(const struct store_record *r);

/**
 * store_superseded(v, r, yes): the owner has one in its place, or an end of
 * its author, which is hidden yet: others see ${r} still, the owner does not.
 */
NODISCARD err store_superseded(
    struct store_view *v, const struct store_record *r, bool *yes);

/*
 * Numbers that hidden records have, ascending: others are told numbers of
 * arrival without them, or a gap would show that there was one. Row "unshown"
 * of meta: how many were forgotten, then the numbers, all u64.
 */
#define UNSHOWN_MAX 2000
struct unshown {
	uint64_t forgotten;
	size_t n;
	const uint8_t *rids;
};

/** store_unshown(t, out): lives until the transaction's next write. */
NODISCARD err store_unshown(struct map_txn *t, struct unshown *out);

/** store_arrival(u, rid): the number that others are told. */
uint64_t store_arrival(const struct unshown *u, uint64_t rid);

/** store_slot_parse(value, until): a row's type, or 0 if malformed. */
int store_slot_parse(struct slice value, uint32_t *until_h);

void store_floor_put(uint8_t out[FLOOR_BYTES], uint32_t until_h, uint64_t seq,
    const uint8_t id[RECORD_ID], const uint8_t author[RECORD_AUTHOR]);

/**
 * store_judge(v, r, own, now_s, outcome, st, hidden):
 * The outcome by what others may see; if ${own}, by what is hidden, too. ${st}
 * is the slot's row, or that of the author's revocation if REVOKED. ${hidden}
 * is the hidden one of the slot; DUPLICATE may be of it: store_is_its().
 */
NODISCARD err store_judge(struct store_view *v, const struct record *r,
    bool own, uint64_t now_s, enum record_outcome *outcome,
    struct slot_state *st, struct slot_state *hidden);

/** store_is_its(st, r): ${r} is what stands there. */
static inline bool
store_is_its(const struct slot_state *st, const struct record *r)
{
	return st->found && memcmp(st->id, r->id, RECORD_ID) == 0;
}

/** store_totals_get(): of version 1 too, floors and own are then 0. */
NODISCARD err store_totals_get(struct map_txn *t, struct store_totals *out);
NODISCARD err store_totals_put(
    struct map_txn *t, const struct store_totals *totals);

/** store_totals_of(v, out): as above; their absence is damage. */
NODISCARD err store_totals_of(struct store_view *v, struct store_totals *out);

/**
 * store_ends(hidden, r): it beats what the owner has on its way: it is taken
 * wherever it lies, since that would be on its way for ever.
 */
static inline bool
store_ends(const struct slot_state *hidden, const struct record *r)
{
	return hidden->found &&
	       record_beats(r->seq, r->id, hidden->seq, hidden->id);
}

/**
 * store_outside(scope, r, st, now_s): does nothing but its being passed on
 * come of a record that the slot would take?
 */
bool store_outside(const struct scope *scope, const struct record *r,
    const struct slot_state *st, uint64_t now_s);

/** store_scope_swap(s, scope): the writer sets what store_scope() tells. */
void store_scope_swap(struct store *s, const struct scope *scope);

/** store_sampling_put(t, sampling): into the meta table. */
NODISCARD err store_sampling_put(
    struct map_txn *t, const struct sampling *sampling);

/** store_sample_of(s, sampling): with the salt of its epoch. */
struct scope_sample store_sample_of(
    const struct store *s, const struct sampling *sampling);

/** store_usable(s): ERR_CONFIG as long as it must be migrated. */
NODISCARD err store_usable(struct store *s);

/** store_fail(s, doing, e): remember in words what failed; returns ${e}. */
err store_fail(struct store *s, const char *doing, err e);

/**
 * store_raises(r, st): a stale record may have the largest `expires` of its
 * slot all the same; the floor must then last as long.
 */
static inline bool
store_raises(const struct record *r, const struct slot_state *st)
{
	return st->found && r->expires_h > st->until_h;
}

static inline bool
store_is_past(uint64_t hour, uint64_t now_s)
{
	return hour <= now_s / 3600;
}
