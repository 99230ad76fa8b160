/*
 * internal.h: the layout of the store's tables, shared by its own files.
 *
 *   meta     name                          -> see open.c
 *   record   rid                           -> header 60, record bytes
 *   id       H(id), rid                    -> nothing
 *   slot     H(author), kind u16, slot u32, rid -> winner or floor
 *   time     hour of seq u32, id[0..8], rid -> kind u16
 *   expiry   hour u32, rid                 -> nothing; of a floor: the first 14
 *                                             bytes of its key in slot
 *   own      rid                           -> nothing
 *   private  the node's key                -> the node's value
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
#define TOTALS_BYTES  (24 + 4 * STORE_KINDS)
#define STORE_KEY_MAX 22 /* of the tables above but meta and private */

_Static_assert(HEADER_BYTES + RECORD_BYTES_MAX <= MAP_VALUE_MAX,
    "a record fits into a value");

struct store {
	struct map *map;
	bool read_only;
	uint64_t max_bytes, max_records;
	uint64_t (*hash)(const void *in, size_t n, const uint8_t key[16]);
	uint8_t secret[STORE_SECRET];
	uint8_t net[NET_MAX];
	size_t net_n;
	struct store_info info;
	uint64_t refused_full; /* atomic: the writer counts, views read */
	char why[STORE_WHY];
	uint8_t value[MAP_VALUE_MAX]; /* the writer's scratch */
};

struct store_view {
	struct store *store;
	struct map_txn *txn;
	struct map_cursor *slots; /* opened when first needed */
};

struct store_key {
	uint8_t p[STORE_KEY_MAX];
	size_t n;
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
	bool own, heard;
	struct store_key row; /* its key, if found */
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

/** store_header_put(out, r): the header; ${r}->author points into r->bytes. */
void store_header_put(uint8_t out[HEADER_BYTES], const struct store_record *r);

/** store_record_parse(rid, value, r): ERR_CORRUPT. */
NODISCARD err store_record_parse(
    uint64_t rid, struct slice value, struct store_record *r);

/** store_slot_find(v, name, st): OK also when ${st}->found is false. */
NODISCARD err store_slot_find(
    struct store_view *v, const struct slot_name *name, struct slot_state *st);

/** store_slot_parse(value, until): a row's type, or 0 if malformed. */
int store_slot_parse(struct slice value, uint32_t *until_h);

void store_floor_put(uint8_t out[FLOOR_BYTES], uint32_t until_h, uint64_t seq,
    const uint8_t id[RECORD_ID], const uint8_t author[RECORD_AUTHOR]);

/**
 * store_judge(v, r, now_s, outcome, st):
 * The outcome by what is held; ${st} is the slot's row, or that of the
 * author's revocation if REVOKED.
 */
NODISCARD err store_judge(struct store_view *v, const struct record *r,
    uint64_t now_s, enum record_outcome *outcome, struct slot_state *st);

NODISCARD err store_totals_get(struct map_txn *t, struct store_totals *out);
NODISCARD err store_totals_put(
    struct map_txn *t, const struct store_totals *totals);

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
