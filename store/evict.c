/*
 * Narrowing: the sample of authors, and the pass over what is held that
 * removes what lies outside the scope, a few rows in each transaction.
 */
#include "store/write.h"

/* The quota is exceeded by a little before anything is refused. */
#define SLACK_RECORDS 64U
#define SLACK_BYTES   65536U
#define WIDEN_EVERY_S 3600U

/* Of a quota: ${eighths} of it, 9 with some slack for small ones. */
static uint64_t
share_of(uint64_t quota, unsigned eighths, uint64_t slack)
{
	const uint64_t part = quota / 8 * eighths + quota % 8 * eighths / 8;
	return eighths <= 8 ? part : MAX(part, quota + slack);
}

bool
work_over(const struct work *w, uint64_t more_records, uint64_t more_bytes,
    unsigned eighths)
{
	const struct store *s = w->view.store;
	const struct store_totals *t = &w->totals;
	const uint64_t records = t->records + t->floors + more_records;
	const uint64_t bytes =
	    t->bytes + t->floors * STORE_FLOOR_COST + more_bytes;

	return (s->max_records > 0 && records > share_of(s->max_records,
						    eighths, SLACK_RECORDS)) ||
	       (s->max_bytes > 0 &&
		   bytes > share_of(s->max_bytes, eighths, SLACK_BYTES));
}

static void
sample_set(struct work *w, uint32_t below)
{
	if (w->sampling.below == SCOPE_EVERYBODY)
		w->sampling.epoch++; /* who was unlucky is not so again */
	w->sampling.below = below;
	w->sampling.changed_s = (uint32_t)MIN(w->now_s, UINT32_MAX);
	w->view.scope.samples[0] = store_sample_of(w->view.store, &w->sampling);
	w->sampled = true;
	w->changed = true;
}

static void
pass_begin(struct work *w)
{
	w->pass = (struct pass){ .phase = PASS_RECORDS };
}

/* A tenth of the authors less. False: nobody is left who could go. */
static bool
narrow(struct work *w)
{
	const struct store_totals *t = &w->totals;
	const uint32_t below = w->sampling.below;
	const uint64_t stay =
	    t->own + t->kind[KIND_REVOCATION]; /* some may be both */

	if (below == 0 || (t->records <= stay && t->floors == 0))
		return false;
	sample_set(w, below - below / 10 - 1);
	pass_begin(w);
	return true;
}

err
work_widen(struct work *w)
{
	const uint32_t below = w->sampling.below;
	const uint32_t step = MAX(below / 8, 1U << 22);

	if (below == SCOPE_EVERYBODY || w->pass.phase != PASS_NONE ||
	    work_over(w, 0, 0, 5) || /* 62 %: an eighth more stays below 80 */
	    w->now_s < (uint64_t)w->sampling.changed_s + WIDEN_EVERY_S)
		return OK;
	sample_set(w,
	    SCOPE_EVERYBODY - below <= step ? SCOPE_EVERYBODY : below + step);
	return OK;
}

/* Must this record go, and must its slot remember it? */
static bool
must_go(const struct scope *scope, const struct time_row *row, bool *floor)
{
	if ((row->flags & (TIME_OWN | TIME_HIDDEN)) != 0 ||
	    row->kind == KIND_REVOCATION ||
	    scope_has(scope, row->kind, row->region, row->hour, row->author))
		return false;
	/* another one of the slot, older, may have a region of the scope */
	struct scope anywhere = *scope;
	anywhere.regions_n = 0;
	*floor = scope_has(
	    &anywhere, row->kind, row->region, row->hour, row->author);
	return !*floor || (row->flags & TIME_KEPT) == 0;
}

static err
records_some(struct work *w, struct map_cursor *c, size_t *rows, size_t max,
    size_t *removed)
{
	static const uint8_t first[4] = { 0, 0, 0, 1 };
	const struct slice from =
	    w->pass.at.n > 0 ? key_slice(&w->pass.at) : slice_of(first, 4);
	struct slice key, value;
	err e = map_cursor_seek(c, from, &key, &value);

	while (e == OK && *rows > 0 && *removed < max) {
		struct time_row row;
		bool floor = false;

		TRY(store_time_parse(key, value, &row));
		if (w->pass.below_h > 0 && row.hour >= w->pass.below_h)
			return ERR_NOTFOUND;
		(*rows)--;
		memcpy(w->pass.at.p, key.p, TIME_KEY);
		w->pass.at.n = TIME_KEY;
		if (must_go(&w->view.scope, &row, &floor)) {
			e = work_leave(w, row.rid, STORE_EVICTED, floor);
			if (e != OK)
				return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
			(*removed)++;
		}
		e = map_cursor_next(c, &key, &value);
	}
	return e;
}

/* Floors of authors, or kinds, of whom nothing can come any more. */
static err
floors_some(struct work *w, struct map_cursor *c, size_t *rows, size_t max,
    size_t *removed)
{
	struct scope anything = w->view.scope;
	struct slice key, value;
	err e = map_cursor_seek(c, key_slice(&w->pass.at), &key, &value);

	anything.regions_n = 0;
	anything.since_h = 0;
	while (e == OK && *rows > 0 && *removed < max) {
		uint32_t until_h;
		(*rows)--;
		if (key.n != SLOT_KEY)
			return ERR_CORRUPT;
		memcpy(w->pass.at.p, key.p, SLOT_KEY);
		w->pass.at.n = SLOT_KEY;
		const uint32_t kind = get_u16be(key.p + 8);
		if (store_slot_parse(value, &until_h) == SLOT_FLOOR &&
		    !scope_has(&anything, kind, "zz", 0, value.p + 45)) {
			const struct store_key row = w->pass.at;
			const struct store_key entry = store_key_expiry(
			    until_h, get_u64be(row.p + SLOT_PREFIX));
			w->changed = true;
			if (w->totals.floors > 0)
				w->totals.floors--;
			TRY(work_del(w, TABLE_EXPIRY, &entry));
			TRY(work_del(w, TABLE_SLOT, &row));
			(*removed)++;
		}
		e = map_cursor_next(c, &key, &value);
	}
	return e;
}

/* Until the phase ends (ERR_NOTFOUND) or enough was done. */
static err
pass_some(struct work *w, size_t *rows, size_t max, size_t *removed)
{
	const bool records = w->pass.phase == PASS_RECORDS;
	struct map_cursor *c;

	TRY(map_cursor_open(
	    w->view.txn, records ? TABLE_TIME : TABLE_SLOT, &c));
	const err e = records ? records_some(w, c, rows, max, removed)
			      : floors_some(w, c, rows, max, removed);
	map_cursor_close(c);
	return e;
}

err
work_evict(struct work *w, size_t rows, size_t max, size_t *removed)
{
	while (rows > 0 && *removed < max) {
		rows--;
		if (w->pass.phase == PASS_NONE) {
			if (!work_over(w, 0, 0, 8) || !narrow(w))
				return OK;
		}
		const err e = pass_some(w, &rows, max, removed);
		if (e != OK && e != ERR_NOTFOUND)
			return e;
		if (e == OK)
			continue;
		const bool floors = w->pass.phase == PASS_RECORDS &&
				    w->totals.floors > 0 &&
				    w->pass.below_h == 0;
		w->pass =
		    (struct pass){ .phase = floors ? PASS_FLOORS : PASS_NONE };
	}
	return OK;
}
