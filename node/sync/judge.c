/* sync/judge.c: records that came: to the pipeline and back. */
#include "node/sync/internal.h"

#define STUCK_MS 60000 /* the pipeline takes nothing: give up for this time */

static uint64_t
mono_ms(const struct syncer *y)
{
	return y->cf.env->mono_ms(y->cf.env->ctx);
}

/* ---- what becomes of a record ---- */

/* Who is it that beats the record, of what others may see? */
static enum sync_verdict
winner_of(struct syncer *y, const struct record *r, bool revoked,
    struct sync_item *out)
{
	struct store_view *view = NULL;
	struct store_record w;
	enum sync_verdict v = SYNC_REFUSE; /* a floor alone */

	if (store_view_open(y->cf.store, &view) != OK)
		return SYNC_LATER;
	const err e = store_get_open(view, r->author,
	    revoked ? KIND_REVOCATION : r->kind, revoked ? 0 : r->slot, &w);
	if (e == OK) {
		out->hour =
		    w.kind == KIND_REVOCATION ? 0 : (uint32_t)(w.seq >> 8);
		memcpy(out->id, w.id, SYNC_ID);
		v = SYNC_BEATEN;
	} else if (e != ERR_NOTFOUND) {
		v = SYNC_LATER;
	}
	store_view_close(view);
	return v;
}

static enum sync_verdict
verdict_of(
    struct syncer *y, const struct judge_result *r, struct sync_item *winner)
{
	const enum record_outcome o = r->outcome;

	if (o == RECORD_STORED || o == RECORD_DUPLICATE)
		return SYNC_KEPT;
	/* Revocations have a share of the quota of their own: what is over it
	 * would come again and again. Who offers a record of that author gets
	 * the revocation told. */
	if (o == RECORD_QUEUE_FULL && r->over_quota && r->record != NULL &&
	    r->record->kind == KIND_REVOCATION)
		return SYNC_REFUSE;
	/* Our scope has changed since we announced it. To refuse would be for
	 * good, and it may change back. */
	if (o == RECORD_RELAYED || o == RECORD_OUT_OF_SCOPE)
		return SYNC_KEPT;
	/* By our clock, which may be wrong, or for want of room. */
	if (r->record == NULL || o == RECORD_EXPIRED ||
	    o == RECORD_FROM_FUTURE || o == RECORD_RATE_LIMITED ||
	    o == RECORD_QUEUE_FULL)
		return record_verdict(o) == VERDICT_REJECT ? SYNC_REJECT
							   : SYNC_LATER;
	if (o == RECORD_STALE || o == RECORD_REVOKED)
		return winner_of(y, r->record, o == RECORD_REVOKED, winner);
	return record_verdict(o) == VERDICT_REJECT ? SYNC_REJECT : SYNC_REFUSE;
}

/* ---- the way back ---- */

static void
tell(struct syncer *y, struct arrival *a)
{
	struct syncer_session *s = a->s;

	if (s->core != NULL && !s->over) {
		y->stats.refused_out += a->verdict == SYNC_REFUSE;
		sync_judged(s->core, a->verdict,
		    a->verdict == SYNC_REFUSE ? a->id : NULL,
		    a->verdict == SYNC_BEATEN ? &a->winner : NULL);
	}
	mem_free(y->mem, a, sizeof(*a) + a->n);
}

void
records_tell(struct syncer *y, struct syncer_session *s)
{
	struct fifo_link *l;

	while ((l = fifo_pop(&s->judged)) != NULL)
		tell(y, CONTAINER_OF(l, struct arrival, link));
}

/* Nobody touches a core that works. */
static void
answer(struct syncer *y, struct arrival *a, enum sync_verdict v)
{
	a->verdict = v;
	if (session_works(y, a->s))
		fifo_push(&a->s->judged, &a->link);
	else
		tell(y, a);
}

static void
note_stored(struct syncer *y, struct syncer_session *s, const struct record *r)
{
	const uint64_t hour = y->cf.env->wall_s(y->cf.env->ctx) / 3600;

	y->stats.records_new++;
	s->fresh_in++;
	/* What was made just now gossip may still bring. */
	if (r != NULL && record_hour(r) + 1 < hour)
		s->late_in++;
}

static void
on_judged(void *ctx, const struct judge_result *r)
{
	struct arrival *a = ctx;
	struct syncer *y = a->y;
	struct syncer_session *s = a->s;
	const uint64_t now = mono_ms(y);

	s->judging--;
	if (r->outcome == RECORD_QUEUE_FULL && !r->over_quota && !y->stopped &&
	    now < s->moved_ms + STUCK_MS) {
		y->stats.held_back++;
		s->stalled = true;
		fifo_push(&s->waiting, &a->link);
		return;
	}
	if (r->outcome != RECORD_QUEUE_FULL) {
		s->stalled = false;
		s->moved_ms = now;
	}
	if (r->outcome == RECORD_STORED)
		note_stored(y, s, r->record);
	if (r->record != NULL) {
		memcpy(a->id, r->record->id, SYNC_ID);
		if (s->refused_n > 0)
			no_want_drop(y, &s->peer, a->id);
	}
	answer(y, a, verdict_of(y, r, &a->winner));
	session_pump(y, s);
	y->cf.wake(y->cf.ctx);
}

/* ---- the way in ---- */

/* At the end what waits is dropped: it comes again with the next session. */
void
records_drop(struct syncer *y, struct syncer_session *s)
{
	struct fifo_link *l;

	while ((l = fifo_pop(&s->waiting)) != NULL)
		answer(y, CONTAINER_OF(l, struct arrival, link), SYNC_LATER);
}

bool
records_drain(struct syncer *y, struct syncer_session *s)
{
	struct fifo_link *l;
	bool any = false;

	while (!s->stalled && s->waiting.n > 0) {
		if (y->cf.room != NULL && !y->cf.room(y->cf.ctx)) {
			y->stats.held_back++;
			s->stalled = true;
			break;
		}
		l = fifo_pop(&s->waiting);
		struct arrival *a = CONTAINER_OF(l, struct arrival, link);
		s->judging++;
		y->cf.submit(y->cf.ctx, slice_of(a->bytes, a->n), on_judged, a);
		any = true;
	}
	return any;
}

void
records_take(struct syncer *y, struct syncer_session *s, struct slice bytes)
{
	struct arrival *a = mem_alloc_raw(y->mem, sizeof(*a) + bytes.n);

	y->stats.records_in++;
	if (a == NULL) { /* it comes again another time */
		sync_judged(s->core, SYNC_LATER, NULL, NULL);
		return;
	}
	*a = (struct arrival){ .y = y, .s = s, .n = bytes.n };
	memcpy(a->bytes, bytes.p, bytes.n);
	if (s->judging == 0 && s->waiting.n == 0)
		s->moved_ms = mono_ms(y);
	fifo_push(&s->waiting, &a->link);
}
