/* Expiry, and what lies outside the scope: what leaves by itself. */
#include "store/write.h"

#define EVICT_ROWS 262144U /* looked at in one transaction: some 20 ms */

/* ${key} in expiry, ${prefix} of the floor's key in slot. */
static err
floor_expire(struct work *w, const struct store_key *key, struct slice prefix)
{
	struct store_key row = { .n = SLOT_KEY };

	memcpy(row.p, prefix.p, SLOT_PREFIX);
	memcpy(row.p + SLOT_PREFIX, key->p + 4, 8);

	w->changed = true;
	if (w->totals.floors > 0)
		w->totals.floors--;
	TRY(work_del(w, TABLE_SLOT, &row));
	return work_del(w, TABLE_EXPIRY, key);
}

static err
expire_some(struct work *w, size_t max, size_t *removed)
{
	struct map_cursor *c;

	TRY(map_cursor_open(w->view.txn, TABLE_EXPIRY, &c));
	err e = OK;
	while (e == OK && *removed < max) {
		struct slice key, value;
		struct store_key k = { .n = EXPIRY_KEY };
		e = map_cursor_next(c, &key, &value);
		if (e != OK)
			break;
		if (key.n != EXPIRY_KEY ||
		    (value.n != 0 && value.n != SLOT_PREFIX)) {
			e = ERR_CORRUPT;
			break;
		}
		if (!store_is_past(get_u32be(key.p), w->now_s))
			break;
		memcpy(k.p, key.p, EXPIRY_KEY);
		if (value.n == SLOT_PREFIX)
			e = floor_expire(w, &k, value);
		else
			e = work_leave(
			    w, get_u64be(key.p + 4), STORE_EXPIRED, true);
		if (e == ERR_NOTFOUND)
			e = ERR_CORRUPT; /* the index names what is not there */
		(*removed)++;
	}
	map_cursor_close(c);
	return e == ERR_NOTFOUND ? OK : e;
}

err
store_expire(struct store *s, uint64_t now_s, size_t max, store_gone_fn *gone,
    void *ctx, size_t *removed)
{
	struct work w;

	*removed = 0;
	err e = work_begin(&w, s, now_s, 0);
	if (e == OK)
		e = expire_some(&w, max, removed);
	if (e == OK)
		e = work_evict(&w, EVICT_ROWS, max, removed);
	if (e == OK)
		e = work_widen(&w);
	e = work_end(&w, e, gone, ctx);
	if (e == OK)
		return OK;
	*removed = 0;
	return store_fail(s, "remove what expired", e);
}
