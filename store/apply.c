/* Storing: what each record of a batch does to what is held. */
#include <stdlib.h>

#include "store/write.h"

/* For each record that comes so many rows are looked at, and so many records
 * may go, while the scope is being narrowed. */
#define EVICT_ROWS     16U
#define EVICT_ROWS_MIN 4096U
#define EVICT_EACH     4U
#define EVICT_MIN      64U

#define REVOCATION_COST 256 /* bytes: about what one takes */

/* ---- one record ---- */

/*
 * Revocations need no stamp and are in every scope, so that nothing evicts
 * them: of authors of whom nothing is held they get an eighth of the quota.
 */
static bool
revocations_full(const struct work *w)
{
	const struct store *s = w->view.store;
	const uint64_t n = w->totals.kind[KIND_REVOCATION];

	return (s->max_records > 0 && n >= MAX(s->max_records / 8, 1)) ||
	       (s->max_bytes > 0 &&
		   n * REVOCATION_COST >= MAX(s->max_bytes / 8, 1));
}

/* Must it wait until there is room? What shrinks the store may always in, and
 * what is the owner's; ${ends_own}: it ends a hidden one of the owner's. */
static err
quota_check(struct work *w, const struct store_item *item,
    const struct slot_state *st, bool ends_own, bool *full)
{
	const struct record *r = item->record;
	const uint64_t old = st->live ? st->bytes_n : 0;
	const bool ends = r->kind == KIND_REVOCATION;
	bool other = false;

	*full = (ends && !st->live && revocations_full(w)) ||
		work_over(w, st->found ? 0 : 1,
		    r->bytes.n > old ? r->bytes.n - old : 0, 9);
	if (!*full)
		return OK;
	if (item->own || st->own || ends_own ||
	    (st->live && r->bytes.n <= old)) {
		*full = false;
		return OK;
	}
	if (ends)
		TRY(work_holds_other(w, r->author, &other));
	*full = !other;
	return OK;
}

/* A held record came again: note whose it is and that it has been heard. */
static err
duplicate_note(
    struct work *w, struct store_item *item, const struct slot_state *st)
{
	const bool own = st->own || item->own;
	const bool heard = st->heard || !item->own;
	struct store_record r;

	item->rid = st->rid;
	if (own == st->own && heard == st->heard)
		return OK;
	TRY(store_get_rid(&w->view, st->rid, &r));
	r.own = own;
	r.heard = heard;
	return work_mark(w, &r);
}

/* It becomes what others may see, in the place of what they saw. */
static err
open_store(struct work *w, struct store_item *item, const struct slot_state *st,
    struct store_record *new)
{
	const struct record *r = item->record;
	uint32_t until_h = (uint32_t)r->expires_h;

	if (st->found) {
		const bool past = store_is_past(st->until_h, w->now_s);
		const bool lost =
		    !st->live || store_is_past(st->expires_h, w->now_s);
		if (!past)
			until_h = MAX(until_h, st->until_h);
		if (!lost) {
			item->replaced = st->rid;
			memcpy(item->replaced_id, st->id, RECORD_ID);
		}
		TRY(work_clear(w, st, lost ? STORE_EXPIRED : STORE_REPLACED));
	}
	if (r->kind == KIND_REVOCATION) {
		TRY(work_author_clear(w, TABLE_SLOT, r->author));
		TRY(work_author_clear(w, TABLE_HIDDEN, r->author));
	}
	item->rid = new->rid = w->totals.next_rid++;
	return work_insert(w, new, until_h);
}

/* Beside what others see, which is the owner's from now on. */
static err
hidden_store(struct work *w, struct store_item *item,
    const struct slot_state *st, const struct slot_state *hidden,
    struct store_record *new)
{
	const struct record *r = item->record;
	struct store_record old;

	if (hidden->found) {
		item->replaced = hidden->rid;
		memcpy(item->replaced_id, hidden->id, RECORD_ID);
		TRY(work_clear(w, hidden, STORE_REPLACED));
	} else if (st->live) {
		item->replaced = st->rid;
		memcpy(item->replaced_id, st->id, RECORD_ID);
		TRY(store_get_rid(&w->view, st->rid, &old));
		TRY(work_gone(w, &old, STORE_REPLACED));
	}
	if (st->live && !st->own) {
		TRY(store_get_rid(&w->view, st->rid, &old));
		old.own = true;
		TRY(work_mark(w, &old));
	}
	if (r->kind == KIND_REVOCATION) {
		TRY(work_author_gone(w, r->author));
		TRY(work_author_clear(w, TABLE_HIDDEN, r->author));
	}
	item->rid = new->rid = w->totals.next_rid++;
	return work_insert(w, new, (uint32_t)r->expires_h);
}

static err
item_store(struct work *w, struct store_item *item, const struct slot_state *st,
    const struct slot_state *hidden)
{
	const struct record *r = item->record;
	struct store_record new = {
		.id = r->id,
		.author = r->author,
		.bytes = r->bytes,
		.seq = r->seq,
		.expires_h = r->expires_h,
		.received_s = (uint32_t)MIN(w->now_s, UINT32_MAX),
		.kind = r->kind,
		.slot = r->slot,
		.region = { r->region[0], r->region[1], '\0' },
		.deleted = record_deleted(r),
		.opaque = r->opaque,
		.own = item->own || st->own || hidden->found,
		.heard = !item->own,
		.quiet = item->own && item->quiet,
		.kept = !scope_has(&w->view.scope, r->kind, r->region,
		    record_hour(r), r->author),
	};
	if (store_is_hidden(&new))
		return hidden_store(w, item, st, hidden, &new);
	TRY(open_store(w, item, st, &new));
	if (hidden->found &&
	    record_beats(r->seq, r->id, hidden->seq, hidden->id))
		return work_clear(w, hidden, STORE_REPLACED);
	return OK;
}

/*
 * A hidden record has come from the network: it does now what it would have
 * done when it was made. Its own row goes last: as long as it is there, what
 * goes is superseded, and the owner was told of it.
 */
static err
hidden_returned(struct work *w, struct store_item *item,
    const struct slot_state *st, const struct slot_state *hidden)
{
	struct store_record old;

	item->returned = true;
	TRY(item_store(w, item, st, hidden));
	item->replaced = 0;
	TRY(store_get_rid(&w->view, hidden->rid, &old));
	TRY(work_remove(w, &old, STORE_REPLACED));
	return work_del(w, TABLE_HIDDEN, &hidden->row);
}

static err
item_apply(struct work *w, struct store_item *item)
{
	struct slot_state st, hidden;
	bool full;

	w->view.revocations = w->totals.kind[KIND_REVOCATION];
	TRY(store_judge(&w->view, item->record, item->own, w->now_s,
	    &item->outcome, &st, &hidden));
	if (item->outcome == RECORD_DUPLICATE &&
	    store_is_its(&hidden, item->record)) {
		item->rid = hidden.rid;
		return item->own ? OK : hidden_returned(w, item, &st, &hidden);
	}
	if (item->outcome == RECORD_DUPLICATE)
		return duplicate_note(w, item, &st);
	/* a loser that lives longer than all others: so does the floor */
	if (item->outcome == RECORD_STALE && store_raises(item->record, &st))
		return work_until(w, &st, item->record->author,
		    (uint32_t)item->record->expires_h);
	if (item->outcome != RECORD_FINE)
		return OK;
	if (!item->own && !st.own && !store_ends(&hidden, item->record) &&
	    store_outside(&w->view.scope, item->record, &st, w->now_s)) {
		item->outcome = RECORD_RELAYED;
		return OK;
	}
	TRY(quota_check(
	    w, item, &st, store_ends(&hidden, item->record), &full));
	if (full) {
		item->outcome = RECORD_QUEUE_FULL;
		w->refused++;
		return OK;
	}
	item->outcome = RECORD_STORED;
	return item_store(w, item, &st, &hidden);
}

/* ---- a batch ---- */

struct order {
	uint64_t hash;
	size_t at;
	const struct store_item *item;
};

/*
 * Revocations first, since they decide about others; then slot by slot, and
 * within a slot the best first, so that no loser is written at all.
 */
static int
order_cmp(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	const struct record *r = x->item->record, *q = y->item->record;
	const bool r_ends = r->kind == KIND_REVOCATION;
	const bool q_ends = q->kind == KIND_REVOCATION;

	if (r_ends != q_ends)
		return r_ends ? -1 : 1;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (r->kind != q->kind)
		return r->kind < q->kind ? -1 : 1;
	if (r->slot != q->slot)
		return r->slot < q->slot ? -1 : 1;
	if (record_beats(r->seq, r->id, q->seq, q->id))
		return -1;
	if (record_beats(q->seq, q->id, r->seq, r->id))
		return 1;
	if (x->item->own != y->item->own) /* the quota must not depend on it */
		return x->item->own ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

static err
items_apply(struct work *w, struct store_item *items, size_t n)
{
	struct order *order = calloc(MAX(n, 1), sizeof(*order));
	err e = OK;

	if (order == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct record *r = items[i].record;
		order[i] =
		    (struct order){ store_hash_author(w->view.store, r->author),
			    i, &items[i] };
	}
	if (n > 1)
		qsort(order, n, sizeof(*order), order_cmp);
	for (size_t i = 0; i < n && e == OK; i++)
		e = item_apply(w, &items[order[i].at]);
	/* what lies outside the scope may beat what came with it */
	for (size_t i = 0; i < n && e == OK; i++) {
		if (items[order[i].at].outcome == RECORD_RELAYED)
			e = item_apply(w, &items[order[i].at]);
	}
	free(order);
	return e;
}

static void
items_reset(struct store_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		items[i].outcome = RECORD_FINE;
		items[i].rid = 0;
		items[i].replaced = 0;
		items[i].returned = false;
	}
}

err
store_apply(struct store *s, struct store_item *items, size_t n, uint64_t now_s,
    store_gone_fn *gone, void *ctx)
{
	struct work w;
	size_t removed = 0;

	ASSERT(n <= STORE_BATCH_MAX);
	items_reset(items, n);
	err e = work_begin(&w, s, now_s, n);
	if (e == OK)
		e = work_evict(&w, MAX(n * EVICT_ROWS, EVICT_ROWS_MIN),
		    MAX(n * EVICT_EACH, EVICT_MIN), &removed);
	if (e == OK)
		e = items_apply(&w, items, n);
	e = work_end(&w, e, gone, ctx);
	if (e == OK)
		return OK;
	items_reset(items, n);
	if (e == ERR_NOTFOUND) /* a row that another one names */
		e = ERR_CORRUPT;
	return store_fail(s, "store records", e);
}
