/*
 * store.h: the record log: which records this node holds, found by id, slot,
 * author, time and arrival. It decides the outcomes that depend on other
 * records: stored, relayed, duplicate, stale, revoked, full.
 *
 * What it holds is a function of the set of records seen and the time, never
 * of their order: per slot the record that record_beats() all others; of a
 * revoked author the revocation alone; nothing that has expired. A slot
 * remembers its last winner as a floor until the largest `expires` ever seen
 * in it has passed, so that nothing older comes back. Of all these it holds
 * what lies in its scope; a record outside of it is held only where it beats
 * one that is held (a profile that moved away: the answer to whoever offers
 * the old one) and then belongs to no set of sync. Revocations are held
 * always, the owner's records too. SPEC.md, "Held".
 *
 * An own record that nobody else has been heard to hold (store_is_hidden())
 * is on its way: it lies beside the one of its slot that it is to replace,
 * which others are given until it comes back; so do the author's records when
 * a revocation is on its way. There are two ways to look, then: what others
 * may see (store_look(), store_get_open(), store_each_open(), the set of
 * sync), in which nothing tells that there is a hidden record; and what the
 * owner sees (all other walks and store_get_slot()), where the hidden one
 * counts and what it supersedes is left out.
 *
 * The quota does not shut newcomers out. A store that is over it narrows its
 * scope: it keeps the authors whose salted hash lies below a threshold, takes
 * that down by a tenth at a time, and removes who is above it, little by
 * little, at the begin of the transactions that follow. So a flood of fresh
 * authors displaces itself: a newcomer is in with the same chance as anybody,
 * not with none. With room again (below 62 %) the threshold rises by an
 * eighth an hour. Own records and revocations are never removed for it.
 *
 * Records must have passed record_open() and record_verify() before; the
 * store does not check signatures. Their bytes are kept as they came.
 *
 * Threads: store_apply(), store_expire(), store_set_scope(), store_migrate(),
 * store_private_put(), store_private_delete() and store_close() belong to one
 * writer thread. Views may be used by other threads at the same time, each by
 * one at a time; store_scope() by any. The store has no thread of its own.
 */
#pragma once

#include "proto/record/record.h"
#include "proto/record/scope.h"
#include "store/map.h"

#define STORE_VERSION     3
#define STORE_SECRET      16
#define STORE_MARK        16
#define STORE_WHY         MAP_WHY
#define STORE_KINDS       128 /* kinds are below this */
#define STORE_PRIVATE_KEY 60  /* bytes at most */
#define STORE_BATCH_MAX   16384

#define STORE_FLOOR_COST 128 /* bytes of the quota that a floor takes */
#define STORE_ITEM_ID    16  /* bytes of an id that name an item of sync */
#define STORE_LEAVES_S   600 /* an item leaves the set before it expires */

struct store;

struct store_config {
	struct slice net; /* of all its records */
	/* The quota: a batch and an eighth of it may be held above. */
	uint64_t max_bytes;   /* of records, and STORE_FLOOR_COST a floor; 0:
	                       * no quota */
	uint64_t max_records; /* records and floors; 0: no quota */
	/* What to hold, its sample apart, which the store chooses itself; NULL:
	 * everything. Copied. */
	const struct scope *scope;
	uint8_t
	    random[STORE_SECRET]; /* fresh; becomes the secret of a new store */
	/* Names node and machine; a change of it is told (store_info.moved).
	 * Zeros: not known; the next to open the store takes it as its own. */
	uint8_t mark[STORE_MARK];
	/* To look at it, in a map that is read_only: nothing is written, not
	 * even that it was opened; all that writes gives ERR_IO. */
	bool read_only;
	/* For tests alone: a hash that collides. NULL: hash_siphash(). */
	uint64_t (*hash)(const void *in, size_t n, const uint8_t key[16]);
};

struct store_info {
	bool created;      /* this open made the store */
	bool clean;        /* it was closed the last time, not cut off */
	bool moved;        /* the mark differs from the last open */
	uint32_t version;  /* of its layout when it was opened */
	bool must_migrate; /* see store_migrate(); nothing else works yet */
};

/**
 * store_open(map, config, store, why):
 * Open the store in ${map}, which stays the caller's and must outlive it; an
 * empty map becomes a new store. ${config} is copied. ${why} gets an
 * explanation on errors. Takes the same time whatever is in it. A store of
 * an older version opens as well: look at store_info().must_migrate.
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

/**
 * store_migrate(s, now_s, max, done):
 * Bring a store of an older version to this one: one transaction that works
 * on up to ${max} rows; call again until ${done}, at best after a
 * store_backup(), which works before. A migration that was cut off goes on
 * where it was after the next open. From its first transaction on an older
 * ohcn refuses the store as too new. Not needed: ${done} at once. Until then
 * all but store_info(), store_backup() and store_close() give ERR_CONFIG.
 * OK; errors as store_apply(): the transaction changed nothing.
 */
NODISCARD err store_migrate(
    struct store *s, uint64_t now_s, size_t max, bool *done);

/**
 * store_set_scope(s, scope):
 * From now on hold what is in ${scope} (copied; its sample is ignored: the
 * store has its own). What is held and lies outside leaves with the next
 * transactions (STORE_EVICTED), the owner's and revocations apart; where an
 * older record of its slot could be in the scope it leaves a floor.
 */
void store_set_scope(struct store *s, const struct scope *scope);

/**
 * store_scope(s, out):
 * What the store holds: the scope that was set, with the sample of its own,
 * which may change with every transaction. Any thread.
 */
void store_scope(struct store *s, struct scope *out);

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
	bool kept;    /* was outside the scope, but beat one that was held */
	bool quiet;   /* the owner's: not to be shown before it is heard */
};

/**
 * store_is_hidden(r): an own profile, or a quiet record, that has not come
 * from the network yet: who is shown it knows whose it is.
 */
bool store_is_hidden(const struct store_record *r);

/* ---- writing ---- */

struct store_item {
	const struct record *record; /* verified */
	bool own;                    /* admitted over the quota */
	bool quiet;                  /* own: see store_is_hidden() */

	/* Filled by store_apply(). */
	enum record_outcome outcome;
	uint64_t rid;      /* STORED, ${returned}: of this record; DUPLICATE: of
		       * the held one */
	uint64_t replaced; /* STORED: rid of the loser that it replaced, or 0 */
	uint8_t replaced_id[RECORD_ID]; /* if ${replaced} */
	/* DUPLICATE: the held one was hidden until now; it has a new number,
	 * as if it had arrived now. */
	bool returned;
};

enum store_gone_why {
	STORE_REPLACED,
	STORE_REVOKED,
	STORE_EXPIRED,
	STORE_EVICTED, /* outside the scope, which was narrowed */
};

/* A record that left the store, or that the owner sees no more: then it is
 * told at once, and not again when it goes. */
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
 * EXPIRED, RELAYED (outside the scope, and beats no record that is held: not
 * kept; whether it was seen before, which makes it OUT_OF_SCOPE, only the
 * caller knows), QUEUE_FULL (more than an eighth over the quota, counted: the
 * records to go could not be removed as fast as others came; later there is
 * room). The outcome does not depend on the order of the items, with one
 * exception: of those outside the scope, see SPEC.md, "Held". ${gone} (may be
 * NULL) is told of each record that left: replaced, of a revoked author, or
 * evicted to make room, before anything of this batch was stored. A hidden
 * record leaves what others may see as it is, also a hidden revocation; when
 * it comes back, it does what it would have done, in one transaction.
 * ERR_IO, ERR_LIMIT (the map is full), ERR_CORRUPT, ERR_NOMEM: nothing has
 * changed, no outcome is set; store_why().
 */
NODISCARD err store_apply(struct store *s, struct store_item *items, size_t n,
    uint64_t now_s, store_gone_fn *gone, void *ctx);

/**
 * store_expire(s, now_s, max, gone, ctx, removed):
 * Remove up to ${max} records and floors whose time has passed or that lie
 * outside the scope, in one transaction; ${removed} of them. Call again while
 * it equals ${max}. Widens the sample when there is room. Call it at least
 * once an hour. Errors as store_apply().
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
	bool outside; /* FINE, but outside the scope: it would be RELAYED */
};

/**
 * store_look(v, r, now_s, held):
 * The cheap check before the signature is verified. RECORD_FINE: the store
 * wants it, or it is stale, but makes the slot's floor last longer, or it is
 * to be passed on only (${held}->outside: no need to hand it to the store);
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

/** store_get_open(): as store_get_slot(), of what others may see. */
NODISCARD err store_get_open(struct store_view *v,
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

/**
 * All of a kind, in order of hour and id (revocations among themselves by
 * id). Walks the whole time index, about 50 ms per million records held, and
 * reads the records of this kind alone.
 */
NODISCARD err store_each_kind(
    struct store_view *v, uint32_t kind, store_each_fn *fn, void *ctx);

/**
 * Revocations, and what was made in hour ${from_h} or later, of classes
 * 1 << class; by hour and id.
 */
NODISCARD err store_each_time(struct store_view *v, uint64_t from_h,
    uint32_t class_mask, store_each_fn *fn, void *ctx);

/** All with a number above ${after_rid}, in order of arrival. */
NODISCARD err store_each_arrival(
    struct store_view *v, uint64_t after_rid, store_each_fn *fn, void *ctx);

/** As store_each_arrival(), of what others may see. */
NODISCARD err store_each_open(
    struct store_view *v, uint64_t after_rid, store_each_fn *fn, void *ctx);

/** The owner's, in order of arrival. */
NODISCARD err store_each_own(
    struct store_view *v, store_each_fn *fn, void *ctx);

/* What names a record in sync: SPEC.md, "Sync". */
struct store_item_key {
	uint64_t arrival; /* a number that grows with each that comes; for
			   * others: it leaves out what is hidden */
	uint32_t hour;    /* of its seq; of a revocation 0 */
	uint32_t kind;
	uint8_t id[STORE_ITEM_ID];
};
typedef bool store_item_fn(void *ctx, const struct store_item_key *key);

/**
 * store_each_item(v, scope, now_s, fn, ctx):
 * The set of sync: what is held and in ${scope}, by hour and id, revocations
 * first. Not in it: what expires within STORE_LEAVES_S, and what
 * store_is_hidden(). Reads one index and no record: about 60 ms per
 * million held, whatever the scope. As the walks above.
 */
NODISCARD err store_each_item(struct store_view *v, const struct scope *scope,
    uint64_t now_s, store_item_fn *fn, void *ctx);

/** store_get_item(v, hour, id, out): as store_get(), of an item. */
NODISCARD err store_get_item(struct store_view *v, uint32_t hour,
    const uint8_t id[STORE_ITEM_ID], struct store_record *out);

/* All of it is kept in the transactions: nothing is counted when asked. */
struct store_totals {
	uint64_t records;
	uint64_t bytes;             /* of record bytes */
	uint64_t floors;            /* slots whose winner is gone */
	uint64_t own;               /* records of the owner */
	uint64_t evicted;           /* records that left for the scope, ever */
	uint64_t next_rid;          /* rids given so far are below it */
	uint64_t refused_full;      /* QUEUE_FULL since the store was opened */
	uint32_t kind[STORE_KINDS]; /* records of each, tombstones included */
};

NODISCARD err store_totals(struct store_view *v, struct store_totals *out);

enum store_table {
	TABLE_META,
	TABLE_RECORD,
	TABLE_ID,
	TABLE_SLOT,
	TABLE_TIME,
	TABLE_EXPIRY,
	TABLE_OWN,
	TABLE_PRIVATE,
	TABLE_HIDDEN,
};
#define STORE_TABLES (TABLE_HIDDEN + 1)

/* For people: `ohcn store stat`. */
struct store_stat {
	struct store_totals totals;
	struct {
		const char *name; /* "record"; static */
		uint64_t rows;
		uint64_t bytes; /* of pages or memory that it takes */
	} table[STORE_TABLES];
	uint64_t max_bytes, max_records; /* the quota; 0: none */
	uint32_t oldest_h, newest_h;     /* hour of seq; 0: no records */
	uint32_t first_expiry_h;         /* of a record or floor; 0: none */
	uint32_t sample;     /* as in struct scope; UINT32_MAX: everybody */
	uint32_t narrowed_s; /* when the sample last changed; 0: never */
	bool evicting;       /* records outside the scope are still held */
	uint32_t version;
	uint32_t migrated_from; /* the version before; 0: never migrated */
	uint32_t migrated_s;    /* when */
};

/** store_stat(v, out): in a few microseconds. Errors as the walks. */
NODISCARD err store_stat(struct store_view *v, struct store_stat *out);

/** store_private_get(v, key, value): OK; ERR_NOTFOUND; ERR_IO. */
NODISCARD err store_private_get(
    struct store_view *v, struct slice key, struct slice *value);
typedef bool store_private_fn(void *ctx, struct slice key, struct slice value);
/** Keys that begin with ${prefix}, in order. */
NODISCARD err store_private_each(
    struct store_view *v, struct slice prefix, store_private_fn *fn, void *ctx);

/* ---- care ---- */

#define STORE_FAULTS_TOLD 1000 /* in words; the others are counted */

/** One fault in words, "record 12: no entry in the time index". */
typedef void store_fault_fn(void *ctx, const char *text);

struct store_report {
	uint64_t records; /* read */
	uint64_t entries; /* of indexes compared */
	uint64_t faults;  /* 0: all is well */
};

enum store_check_how {
	/* Compute each id and checksum again, work out every index entry and
	 * compare both ways; compare the totals. Finds any bit of a record or
	 * an index that has changed. About 4 microseconds a record. */
	STORE_CHECK,
	/* And verify each signature: about 60 more on one thread. */
	STORE_CHECK_SIGNATURES,
};

/**
 * store_check(v, how, fn, ctx, report):
 * Does all that is held agree with itself? ${fn} is told the first
 * STORE_FAULTS_TOLD faults. Changes nothing. OK (also with faults); ERR_IO; ERR_NOMEM.
 */
NODISCARD err store_check(struct store_view *v, enum store_check_how how,
    store_fault_fn *fn, void *ctx, struct store_report *report);

struct store_repaired {
	uint64_t records; /* kept */
	uint64_t floors;  /* kept */
	uint64_t private; /* values kept */
	uint64_t own;     /* records of the owner kept */
	uint64_t lost;    /* records that cannot be read, or are spoilt */
	uint64_t floors_lost;
	uint64_t private_lost;
};

/**
 * store_repair(from, to, config, fn, ctx, report):
 * Copy what is sound in a store of this version, damaged as it may be, into
 * the empty map ${to}: records whose bytes have their checksum or, where the
 * checksum is lost, their id and signature, with their numbers and marks;
 * floors; private values. All indexes and totals are made anew. ${fn} is told
 * what is lost. ${from} is only read; there must be no store open in it.
 * Afterwards ${to} is a store, closed cleanly, for the caller to put in its
 * place; what is lost comes back by sync.
 * OK; ERR_AUTH (of another net); ERR_CONFIG (of another version: migrate it
 * first, or made by a newer ohcn); ERR_CORRUPT (nothing of a store is left);
 * ERR_EXISTS (${to} is not empty); ERR_IO, ERR_LIMIT, ERR_NOMEM; ${why} gets
 * an explanation.
 */
NODISCARD err store_repair(struct map *from, struct map *to,
    const struct store_config *config, store_fault_fn *fn, void *ctx,
    struct store_repaired *report, char why[STORE_WHY]);

/**
 * store_backup(s, path): as map_copy(); from any thread. The copy is compact:
 * to give space back to the disk, put it in the place of the store.
 */
NODISCARD err store_backup(struct store *s, const char *path);
