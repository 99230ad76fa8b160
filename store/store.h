/*
 * store.h: the record log: which records this node holds, found by id, slot,
 * author, time and arrival. It decides the outcomes that depend on other
 * records: stored, duplicate, stale, revoked, full.
 *
 * What it holds is a function of the set of records seen and the time, never
 * of their order: per slot the record that record_beats() all others; of a
 * revoked author the revocation alone; nothing that has expired. A slot
 * remembers its last winner as a floor until the largest `expires` ever seen
 * in it has passed, so that nothing older comes back.
 *
 * Records must have passed record_open() and record_verify() before; the
 * store does not check signatures. Their bytes are kept as they came.
 *
 * Threads: store_apply(), store_expire(), store_private_put(),
 * store_private_delete() and store_close() belong to one writer thread.
 * Views may be used by other threads at the same time, each by one at a
 * time. The store has no thread of its own.
 */
#pragma once

#include "proto/record/record.h"
#include "store/map.h"

#define STORE_VERSION     1
#define STORE_SECRET      16
#define STORE_MARK        16
#define STORE_WHY         MAP_WHY
#define STORE_KINDS       128 /* kinds are below this */
#define STORE_PRIVATE_KEY 60  /* bytes at most */
#define STORE_BATCH_MAX   16384

struct store;

struct store_config {
	struct slice net;     /* of all its records */
	uint64_t max_bytes;   /* of record bytes held; 0: no quota */
	uint64_t max_records; /* 0: no quota */
	uint8_t
	    random[STORE_SECRET]; /* fresh; becomes the secret of a new store */
	/* Names node and machine; a change of it is told (store_info.moved). */
	uint8_t mark[STORE_MARK];
	/* For tests alone: a hash that collides. NULL: hash_siphash(). */
	uint64_t (*hash)(const void *in, size_t n, const uint8_t key[16]);
};

struct store_info {
	bool created; /* this open made the store */
	bool clean;   /* it was closed the last time, not cut off */
	bool moved;   /* the mark differs from the last open */
	uint32_t version;
};

/**
 * store_open(map, config, store, why):
 * Open the store in ${map}, which stays the caller's and must outlive it; an
 * empty map becomes a new store. ${config} is copied. ${why} gets an
 * explanation on errors.
 * OK; ERR_CONFIG (made by a newer ohcn); ERR_AUTH (of another net);
 * ERR_CORRUPT (not a store of ours, or of another byte order); ERR_IO,
 * ERR_LIMIT (the map's); ERR_NOMEM.
 */
NODISCARD err store_open(struct map *map, const struct store_config *config,
    struct store **store, char why[STORE_WHY]);

/** store_close(s): marks it clean. NULL is fine. The map stays open. */
void store_close(struct store *s);

/** store_info(s): what open found. */
struct store_info store_info(const struct store *s);

/** store_why(s): the last error of the writer in words; or "". */
const char *store_why(const struct store *s);

/* A record as the store hands it out; pointers live as long as the view. */
struct store_record {
	uint64_t rid; /* number in the log, from 1, never used twice */
	const uint8_t *id;
	const uint8_t *author;
	struct slice bytes; /* for record_read() */
	uint64_t seq;
	uint64_t expires_h;
	uint32_t received_s; /* when it was stored, seconds since 1970 */
	uint32_t kind;
	uint32_t slot;
	char region[3];
	bool deleted; /* a tombstone */
	bool opaque;  /* as in struct record */
	bool own;     /* the owner's: listed, never evicted */
	bool heard;   /* has come from the network, not from the owner alone */
};

/* ---- writing ---- */

struct store_item {
	const struct record *record; /* verified */
	bool own;                    /* admitted over the quota */

	/* Filled by store_apply(). */
	enum record_outcome outcome;
	uint64_t rid; /* STORED: of this record; DUPLICATE: of the held one */
	uint64_t replaced; /* STORED: rid of the loser that it replaced, or 0 */
	uint8_t replaced_id[RECORD_ID]; /* if ${replaced} */
};

enum store_gone_why { STORE_REPLACED, STORE_REVOKED, STORE_EXPIRED };

/* A record that left the store. */
struct store_gone {
	uint64_t rid;
	uint8_t id[RECORD_ID];
	uint8_t author[RECORD_AUTHOR];
	uint32_t kind;
	uint32_t slot;
	bool deleted;
	bool own;
	enum store_gone_why why;
};

/** Called after the commit, on the thread of the writer. */
typedef void store_gone_fn(void *ctx, const struct store_gone *gone);

/**
 * store_apply(s, items, n, now_s, gone, ctx):
 * Take ${n} <= STORE_BATCH_MAX records in one transaction, on the disk when it
 * returns OK. Each item gets its outcome: STORED, DUPLICATE (an own record
 * becomes `heard`, a held one `own`, if the item says so), STALE, REVOKED,
 * EXPIRED, QUEUE_FULL (over quota, counted, nothing is evicted). What is held
 * afterwards does not depend on the order of the items. ${gone} (may be NULL)
 * is told of each record that left: replaced, or of a revoked author.
 * ERR_IO, ERR_LIMIT (the map is full), ERR_CORRUPT, ERR_NOMEM: nothing has
 * changed, no outcome is set; store_why().
 */
NODISCARD err store_apply(struct store *s, struct store_item *items, size_t n,
    uint64_t now_s, store_gone_fn *gone, void *ctx);

/**
 * store_expire(s, now_s, max, gone, ctx, removed):
 * Remove up to ${max} records and floors whose time has passed, in one
 * transaction; ${removed} of them. Call again while it equals ${max}.
 * Errors as store_apply().
 */
NODISCARD err store_expire(struct store *s, uint64_t now_s, size_t max,
    store_gone_fn *gone, void *ctx, size_t *removed);

/**
 * Small sealed values of the node: drafts, peers. Keys of 1..60 bytes, values
 * up to MAP_VALUE_MAX. Not part of any quota. store_private_delete(): OK also
 * when absent. Errors as store_apply().
 */
NODISCARD err store_private_put(
    struct store *s, struct slice key, struct slice value);
NODISCARD err store_private_delete(struct store *s, struct slice key);

/* ---- reading ---- */

/* A consistent view: what was held when it was opened. Keep it short: pages
 * that it can see are not reused meanwhile. */
struct store_view;

/** store_view_open(s, v): OK; ERR_LIMIT (too many views); ERR_IO; ERR_NOMEM. */
NODISCARD err store_view_open(struct store *s, struct store_view **v);
void store_view_close(struct store_view *v); /* NULL is fine */

/* What store_look() found in the slot. */
struct store_held {
	uint64_t rid; /* of the live winner of the slot, or of the author's
	               * revocation if REVOKED; 0: none, or a floor alone */
	bool own;
	bool heard;
};

/**
 * store_look(v, r, now_s, held):
 * The cheap check before the signature is verified. RECORD_FINE: the store
 * wants it (or it is stale, but makes the slot's floor last longer);
 * DUPLICATE, STALE, REVOKED, EXPIRED. ${held} may be NULL. To note
 * that an own record came back (DUPLICATE, own, not heard), pass it to
 * store_apply() all the same.
 * OK, or the map's error: ${outcome} is then RECORD_QUEUE_FULL.
 */
NODISCARD err store_look(struct store_view *v, const struct record *r,
    uint64_t now_s, enum record_outcome *outcome, struct store_held *held);

/** OK; ERR_NOTFOUND; ERR_CORRUPT; ERR_IO: for the three of them. */
NODISCARD err store_get(struct store_view *v, const uint8_t id[RECORD_ID],
    struct store_record *out);
NODISCARD err store_get_rid(
    struct store_view *v, uint64_t rid, struct store_record *out);
NODISCARD err store_get_slot(struct store_view *v,
    const uint8_t author[RECORD_AUTHOR], uint32_t kind, uint32_t slot,
    struct store_record *out);

/**
 * store_slot_seq(v, author, kind, slot, seq):
 * The largest seq seen in a slot, winner or floor: for record_next_seq(). 0:
 * none.
 */
NODISCARD err store_slot_seq(struct store_view *v,
    const uint8_t author[RECORD_AUTHOR], uint32_t kind, uint32_t slot,
    uint64_t *seq);

/** Called for each record found; false ends the walk. */
typedef bool store_each_fn(void *ctx, const struct store_record *r);

/* Walks: OK (to the end, or ${fn} said stop); ERR_IO; ERR_CORRUPT. Tombstones
 * and records that expired since the last store_expire() are among them. */

/** The author's records, of one kind or (kind 0) of all, by kind and slot. */
NODISCARD err store_each_author(struct store_view *v,
    const uint8_t author[RECORD_AUTHOR], uint32_t kind, store_each_fn *fn,
    void *ctx);

/** All of a kind, in order of hour and id. Walks the time index. */
NODISCARD err store_each_kind(
    struct store_view *v, uint32_t kind, store_each_fn *fn, void *ctx);

/** Made in hour ${from_h} or later, of classes 1 << class; by hour and id. */
NODISCARD err store_each_time(struct store_view *v, uint64_t from_h,
    uint32_t class_mask, store_each_fn *fn, void *ctx);

/** All with a number above ${after_rid}, in order of arrival. */
NODISCARD err store_each_arrival(
    struct store_view *v, uint64_t after_rid, store_each_fn *fn, void *ctx);

/** The owner's, in order of arrival. */
NODISCARD err store_each_own(
    struct store_view *v, store_each_fn *fn, void *ctx);

struct store_totals {
	uint64_t records;
	uint64_t bytes;             /* of record bytes */
	uint64_t next_rid;          /* rids given so far are below it */
	uint64_t refused_full;      /* QUEUE_FULL since the store was opened */
	uint32_t kind[STORE_KINDS]; /* records of each, tombstones included */
};

NODISCARD err store_totals(struct store_view *v, struct store_totals *out);

/** store_private_get(v, key, value): OK; ERR_NOTFOUND; ERR_IO. */
NODISCARD err store_private_get(
    struct store_view *v, struct slice key, struct slice *value);
typedef bool store_private_fn(void *ctx, struct slice key, struct slice value);
/** Keys that begin with ${prefix}, in order. */
NODISCARD err store_private_each(
    struct store_view *v, struct slice prefix, store_private_fn *fn, void *ctx);

/* ---- care ---- */

/** One fault in words, "record 12: no entry in the time index". */
typedef void store_fault_fn(void *ctx, const char *text);

struct store_report {
	uint64_t records; /* read */
	uint64_t entries; /* of indexes compared */
	uint64_t faults;  /* 0: all is well */
};

/**
 * store_check(v, fn, ctx, report):
 * Read every record, compute its id and verify its signature again, work out
 * every index entry and compare both ways; compare the totals. About 60
 * microseconds a record. ${fn} is told the first 1000 faults.
 * Changes nothing. OK (also with faults); ERR_IO; ERR_NOMEM.
 */
NODISCARD err store_check(struct store_view *v, store_fault_fn *fn, void *ctx,
    struct store_report *report);

/** store_backup(s, path): as map_copy(); from any thread. */
NODISCARD err store_backup(struct store *s, const char *path);
