/*
 * write.h: one write transaction of the store, shared by the files that
 * store, expire, evict and repair.
 */
#pragma once

#include "store/internal.h"

/* An index entry of a record stored in this transaction, written at its end
 * in the order of the keys. */
struct pending {
	uint64_t rid;
	uint8_t table; /* an enum store_table; TABLE_META: taken back */
	uint8_t value_n;
	uint8_t value[TIME_BYTES];
	struct store_key key;
};
#define PENDING_EACH 3 /* id, time, expiry; lies in this order */

struct work {
	struct store_view view; /* of the transaction itself */
	struct store_totals totals;
	uint64_t now_s;
	uint64_t refused;
	bool changed;
	/* What becomes the store's if the transaction is kept. */
	struct sampling sampling;
	struct pass pass;
	bool sampled;            /* ${sampling} has changed */
	struct pending *pending; /* by rid */
	size_t pending_n;
	struct store_gone *gone;
	size_t gone_n, gone_cap;
};

/**
 * work_begin(w, s, now_s, records): room for the index entries of so many
 * new records. Always followed by work_end().
 */
NODISCARD err work_begin(
    struct work *w, struct store *s, uint64_t now_s, size_t records);

/**
 * work_end(w, e, gone, ctx): commit what changed if ${e} is OK, tell ${gone};
 * let everything go in any case.
 */
NODISCARD err work_end(struct work *w, err e, store_gone_fn *gone, void *ctx);

/** work_del(w, table, key): OK also when it is not there. */
NODISCARD err work_del(
    struct work *w, enum store_table table, const struct store_key *key);

/**
 * work_gone(w, r, why): the owner sees it no more; told after the commit,
 * unless it was superseded, since then it was told before.
 */
NODISCARD err work_gone(
    struct work *w, const struct store_record *r, enum store_gone_why why);

/**
 * work_remove(w, r, why): from all tables but slot and hidden; tells nobody.
 * Ends ${r}'s bytes.
 */
NODISCARD err work_remove(
    struct work *w, const struct store_record *r, enum store_gone_why why);

/** work_clear(w, st, why): whatever stands in a slot, its row as well; told
 * by work_gone(). */
NODISCARD err work_clear(
    struct work *w, const struct slot_state *st, enum store_gone_why why);

/**
 * work_leave(w, rid, why, floor): remove a live record; its slot keeps a
 * floor if ${floor} and the slot's time is not over.
 */
NODISCARD err work_leave(
    struct work *w, uint64_t rid, enum store_gone_why why, bool floor);

/** work_floor(w, row, until_h, st): make ${row} of slot a floor. */
NODISCARD err work_floor(struct work *w, const struct store_key *row,
    uint32_t until_h, uint64_t seq, const uint8_t id[RECORD_ID],
    const uint8_t author[RECORD_AUTHOR]);

/** work_insert(w, r, until_h): a record with a new, largest rid. */
NODISCARD err work_insert(
    struct work *w, const struct store_record *r, uint32_t until_h);

/** work_mark(w, r): a held record's marks are now as in ${r}. */
NODISCARD err work_mark(struct work *w, const struct store_record *r);

/** work_until(w, st, author, until_h): the slot's time becomes longer. */
NODISCARD err work_until(struct work *w, const struct slot_state *st,
    const uint8_t author[RECORD_AUTHOR], uint32_t until_h);

/**
 * work_author_clear(w, table, author): all but revocations, floors stay; of
 * TABLE_SLOT or TABLE_HIDDEN.
 */
NODISCARD err work_author_clear(struct work *w, enum store_table table,
    const uint8_t author[RECORD_AUTHOR]);

/** work_author_gone(w, author): all but revocations, as work_gone(). */
NODISCARD err work_author_gone(
    struct work *w, const uint8_t author[RECORD_AUTHOR]);

/** work_holds_other(w, author, found): any record but a revocation? */
NODISCARD err work_holds_other(
    struct work *w, const uint8_t author[RECORD_AUTHOR], bool *found);

/**
 * work_evict(w, rows, max, removed):
 * Make room and remove what lies outside the scope: look at up to ${rows}
 * rows, remove up to ${max}.
 */
NODISCARD err work_evict(
    struct work *w, size_t rows, size_t max, size_t *removed);

/** work_widen(w): the sample grows if there is room for it. */
NODISCARD err work_widen(struct work *w);

/** quota_used(): would the store be over ${share} eighths of its quota? */
bool work_over(const struct work *w, uint64_t more_records, uint64_t more_bytes,
    unsigned eighths);
