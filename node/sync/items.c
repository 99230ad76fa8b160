/* sync/items.c: jobs: the list of what we hold; who refused what. */
#include <stdlib.h>

#include "node/sync/internal.h"

/* What the core takes for each item, and for buffers beside them. */
#define CORE_ITEM_BYTES 9
#define CORE_BYTES      (512U << 10)
#define NO_WANT_ROW     8U

/* ---- what peers do not want ---- */

static uint64_t
peer_hash(const struct syncer *y, const struct peer_id *id)
{
	return hash_siphash(id->bytes, id->n, y->key);
}

static int
item_compare(const void *a, const void *b)
{
	const struct sync_item *x = a, *y = b;

	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return memcmp(x->id, y->id, SYNC_ID);
}

static int
no_want_compare(const void *a, const void *b)
{
	const struct no_want *x = a, *y = b;

	return item_compare(&x->item, &y->item);
}

/*
 * A row of few places for each pair of peer and record, by a secret hash: who
 * refuses everything costs us little, and pushes out others at random only.
 */
static struct no_want *
no_want_row(struct syncer *y, uint64_t peer, const uint8_t id[SYNC_ID])
{
	uint8_t of[8 + SYNC_ID];

	put_u64be(of, peer);
	memcpy(of + 8, id, SYNC_ID);
	return &y->no_wants[hash_siphash(of, sizeof(of), y->key) %
			    (SYNCER_NO_WANTS / NO_WANT_ROW) * NO_WANT_ROW];
}

void
no_want_add(struct syncer *y, const struct peer_id *peer,
    const struct sync_item *item, uint64_t expires_h)
{
	const uint64_t hash = peer_hash(y, peer);
	struct no_want *row = no_want_row(y, hash, item->id);
	struct no_want *at = NULL;

	for (unsigned i = 0; i < NO_WANT_ROW; i++) {
		if (row[i].peer == hash &&
		    item_compare(&row[i].item, item) == 0)
			return;
		if (row[i].peer == 0)
			at = &row[i];
	}
	if (at == NULL)
		at = &row[y->no_wants_at++ % NO_WANT_ROW];
	*at = (struct no_want){ hash, *item,
		(uint32_t)MIN(expires_h, UINT32_MAX) };
}

void
no_want_drop(
    struct syncer *y, const struct peer_id *peer, const uint8_t id[SYNC_ID])
{
	const uint64_t hash = peer_hash(y, peer);
	struct no_want *row = no_want_row(y, hash, id);

	for (unsigned i = 0; i < NO_WANT_ROW; i++)
		if (row[i].peer == hash &&
		    memcmp(row[i].item.id, id, SYNC_ID) == 0)
			row[i].peer = 0;
}

/* Those of one peer, in order, for a job; forgets what has expired. */
static err
no_wants_of(struct syncer *y, const struct peer_id *peer, struct syncer_job *j)
{
	const uint64_t hash = peer_hash(y, peer);
	const uint64_t hour = j->now_s / 3600;
	size_t n = 0;

	for (unsigned i = 0; i < SYNCER_NO_WANTS; i++) {
		struct no_want *w = &y->no_wants[i];
		if (w->peer == hash && w->expires_h < hour)
			w->peer = 0;
		n += w->peer == hash;
	}
	if (n == 0)
		return OK;
	j->no_wants = calloc(n, sizeof(*j->no_wants));
	if (j->no_wants == NULL)
		return ERR_NOMEM;
	for (unsigned i = 0; j->no_wants_n < n; i++)
		if (y->no_wants[i].peer == hash)
			j->no_wants[j->no_wants_n++] = y->no_wants[i];
	qsort(j->no_wants, n, sizeof(*j->no_wants), no_want_compare);
	return OK;
}

/* Both go up: one look ahead is enough. */
static bool
is_refused(struct syncer_job *j, const struct sync_item *item)
{
	while (j->no_wants_at < j->no_wants_n) {
		const int c =
		    item_compare(&j->no_wants[j->no_wants_at].item, item);
		if (c >= 0)
			return c == 0;
		j->no_wants_at++;
	}
	return false;
}

/* ---- on a worker ---- */

static bool
on_item(void *ctx, const struct store_item_key *key)
{
	struct syncer_job *j = ctx;
	struct syncer_session *s = j->s;
	struct sync_item item = { .hour = key->hour };

	memcpy(item.id, key->id, SYNC_ID);
	j->head = MAX(j->head, key->arrival);
	if (is_refused(j, &item))
		return true;
	if (j->kind == WORK_COUNT) {
		j->n++;
		return true;
	}
	if (j->n == s->items_cap) {
		j->result = ERR_LIMIT; /* the view's totals were wrong */
		return false;
	}
	if (s->fresh != NULL && key->arrival > s->since.rid) {
		if (j->fresh_n < SYNC_FRESH_MAX)
			s->fresh[j->fresh_n++] = (uint32_t)j->n;
		else
			j->fresh_many = true;
	}
	s->items[j->n++] = item;
	return true;
}

void
syncer_job_run(struct syncer_job *j)
{
	if (j->kind == WORK_CORE) {
		sync_work(j->s->core);
		return;
	}
	const err e =
	    store_each_item(j->view, j->s->scope, j->now_s, on_item, j);
	if (e != OK)
		j->result = e;
}

/* ---- memory ---- */

void
items_free(struct syncer *y, struct syncer_session *s)
{
	mem_free(y->mem, s->items, s->items_cap * sizeof(*s->items));
	if (s->fresh != NULL)
		mem_free(y->mem, s->fresh, SYNC_FRESH_MAX * sizeof(*s->fresh));
	s->items = NULL;
	s->fresh = NULL;
	s->items_n = s->items_cap = 0;
}

/*
 * More records than there is memory to list are compared in parts: a session
 * is about a random sample of authors, and the next one about another.
 */
void
scope_fit(struct syncer *y, struct scope *scope)
{
	const size_t fixed = CORE_BYTES + SYNC_FRESH_MAX * sizeof(uint32_t);
	const uint64_t fits = (y->mem->cap - MIN(y->mem->cap, fixed)) /
			      (sizeof(struct sync_item) + CORE_ITEM_BYTES);
	struct scope part = scope_all();
	struct store_totals totals = { 0 };
	struct store_view *view;

	if (store_view_open(y->cf.store, &view) != OK)
		return;
	const err e = store_totals(view, &totals);
	store_view_close(view);
	if (e != OK || totals.records <= fits)
		return;
	/* By a quarter smaller, since authors have more or fewer records. */
	part.samples[0].below =
	    (uint32_t)((uint64_t)UINT32_MAX / 4 * 3 * fits / totals.records);
	y->cf.env->random(y->cf.env->ctx, part.samples[0].salt, SCOPE_SALT);
	if (scope_meet(scope, &part, &part) == OK)
		*scope = part;
}

/* Room for ${n} items here and in the core. */
static err
items_room(struct syncer *y, struct syncer_session *s, size_t n)
{
	const size_t need = n * (sizeof(*s->items) + CORE_ITEM_BYTES) +
			    CORE_BYTES + SYNC_FRESH_MAX * sizeof(*s->fresh);

	if (need > y->mem->cap - MIN(y->mem->cap, y->mem->used)) {
		if (s->short_ms == 0)
			s->short_ms = y->cf.env->mono_ms(y->cf.env->ctx);
		return ERR_LIMIT;
	}
	s->short_ms = 0;
	s->items_cap = MAX(n, 1U);
	s->items = mem_alloc_raw(y->mem, s->items_cap * sizeof(*s->items));
	if (s->items == NULL) {
		s->items_cap = 0;
		return ERR_LIMIT;
	}
	if (s->since.known) {
		s->fresh =
		    mem_alloc_raw(y->mem, SYNC_FRESH_MAX * sizeof(*s->fresh));
		if (s->fresh == NULL) {
			items_free(y, s);
			return ERR_LIMIT;
		}
	}
	return OK;
}

/* Do others hold what we wait for? */
static bool
others_hold(const struct syncer *y, const struct syncer_session *s)
{
	for (unsigned i = 0; i < y->sessions_n; i++)
		if (&y->sessions[i] != s && y->sessions[i].used &&
		    y->sessions[i].items != NULL)
			return true;
	return false;
}

/* ---- jobs ---- */

static void
job_free(struct syncer_job *j)
{
	store_view_close(j->view);
	free(j->no_wants);
	free(j);
}

/*
 * A scope that has nearly everything is listed at once into room for all
 * that the store holds; of a narrow one the items are counted first.
 */
static bool
is_wide(const struct scope *scope)
{
	const struct scope all = scope_all();

	return scope_covers(scope, &all);
}

static err
list_begin(struct syncer *y, struct syncer_session *s, struct syncer_job *j)
{
	struct store_totals t;

	j->now_s = y->cf.env->wall_s(y->cf.env->ctx);
	if (store_view_open(y->cf.store, &j->view) != OK)
		return ERR_IO;
	TRY(store_totals(j->view, &t));
	TRY(no_wants_of(y, &s->peer, j));
	s->refused_n = j->no_wants_n;
	j->kind = is_wide(s->scope) ? WORK_LIST : WORK_COUNT;
	return j->kind == WORK_LIST ? items_room(y, s, t.records) : OK;
}

static err
job_begin(struct syncer *y, struct syncer_session *s)
{
	struct syncer_job *j = calloc(1, sizeof(*j));
	err e = j == NULL ? ERR_NOMEM : OK;

	if (e == OK) {
		j->y = y;
		j->s = s;
		j->kind = s->wants;
	}
	if (e == OK && s->wants == WORK_LIST)
		e = list_begin(y, s, j);
	if (e == OK)
		e = y->cf.work(y->cf.ctx, j);
	if (e == OK) {
		y->job = j;
		s->wants = WORK_NONE;
	} else if (j != NULL) {
		items_free(y, s);
		job_free(j);
	}
	return e;
}

void
job_next(struct syncer *y)
{
	for (unsigned i = 0; i < y->sessions_n && y->job == NULL; i++) {
		struct syncer_session *s =
		    &y->sessions[(y->job_turn + i) % y->sessions_n];
		if (!s->used || s->over || s->wants == WORK_NONE)
			continue;
		const err e = job_begin(y, s);
		if (e == OK) {
			y->job_turn = (unsigned)(s - y->sessions) + 1;
		} else if (e != ERR_LIMIT || !others_hold(y, s)) {
			env_log(y->cf.env, LOG_UNUSUAL, "sync_no_list",
			    "error=%s why=\"%s\"", err_name(e),
			    e == ERR_LIMIT ? "limits.sync_memory is too small"
					   : "the store cannot be read");
			session_end(y, s, SYNCER_FAILED, "no_memory");
		}
	}
}

/* Counted: now there is room for so many, or it waits. */
static bool
list_after_count(struct syncer *y, struct syncer_job *j)
{
	err e = items_room(y, j->s, j->n);

	j->kind = WORK_LIST;
	j->n = j->no_wants_at = 0;
	if (e == OK)
		e = y->cf.work(y->cf.ctx, j);
	if (e == OK)
		return true;
	items_free(y, j->s);
	if (e == ERR_LIMIT && others_hold(y, j->s))
		j->s->wants = WORK_LIST; /* from the begin, later */
	else
		j->result = e;
	return false;
}

static void
list_done(struct syncer_job *j)
{
	struct syncer_session *s = j->s;

	s->items_n = j->n;
	const struct sync_set set = {
		.items = s->items,
		.n = j->n,
		.fresh = s->fresh,
		.fresh_n = j->fresh_many ? 0 : j->fresh_n,
		.fresh_known = s->fresh != NULL && !j->fresh_many,
		.head = j->head,
	};
	sync_items(s->core, &set);
}

void
syncer_job_done(struct syncer_job *j)
{
	struct syncer *y = j->y;
	struct syncer_session *s = j->s;
	const bool gone = s->over; /* while it ran */

	if (!gone && j->result == OK && j->kind == WORK_COUNT &&
	    list_after_count(y, j))
		return;
	y->job = NULL;
	const bool waits = s->wants != WORK_NONE;
	if (!gone && !waits && j->result != OK)
		session_end(y, s, SYNCER_FAILED,
		    j->result == ERR_LIMIT ? "no_memory" : "store");
	else if (!gone && !waits && j->kind == WORK_LIST)
		list_done(j);
	job_free(j);
	records_tell(y, s);
	session_pump(y, s);
	job_next(y);
	y->cf.wake(y->cf.ctx);
}
