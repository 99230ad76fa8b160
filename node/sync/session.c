/* sync/session.c: sessions: bytes, events, their end. */
#include <stdlib.h>

#include "node/sync/internal.h"

#define FLUSH_MS 20000 /* for the last words of a session */
/* Who is waited for so long in all must have moved so much on average. */
#define SLOW_MS   180000
#define SLOW_RATE 512   /* bytes a second */
#define SHORT_MS  30000 /* one of ours waits so long for memory of theirs */

static uint64_t
mono_ms(const struct syncer *y)
{
	return y->cf.env->mono_ms(y->cf.env->ctx);
}

struct syncer *
syncer_new(const struct syncer_config *cf)
{
	ASSERT(net_is_valid(cf->net) && cf->sessions_max > 0);
	struct syncer *y = calloc(1, sizeof(*y));

	if (y == NULL)
		return NULL;
	y->cf = *cf;
	memcpy(y->net, cf->net.p, cf->net.n);
	y->cf.net = slice_str(y->net);
	y->mem = cf->mem;
	y->sessions_n = cf->sessions_max + SYNCER_DECLINES;
	y->sessions = calloc(y->sessions_n, sizeof(*y->sessions));
	y->no_wants = calloc(SYNCER_NO_WANTS, sizeof(*y->no_wants));
	cf->env->random(cf->env->ctx, y->key, sizeof(y->key));
	y->seen_ms = mono_ms(y);
	if (y->sessions == NULL || y->no_wants == NULL) {
		syncer_free(y);
		return NULL;
	}
	return y;
}

unsigned
sessions_now(const struct syncer *y, bool own)
{
	unsigned n = 0;

	for (unsigned i = 0; i < y->sessions_n; i++) {
		const struct syncer_session *s = &y->sessions[i];
		n += s->used && !s->declined && s->dialer == own;
	}
	return n;
}

/* ---- the end of a session ---- */

/* What it cost and brought; the core is about to go. */
static void
account(struct syncer *y, struct syncer_session *s)
{
	const struct sync_figures f = sync_figures(s->core);
	struct syncer_entry *e = entry_find(y, &s->peer);

	y->stats.bytes_in += f.bytes_in;
	y->stats.bytes_out += f.bytes_out;
	y->stats.records_out += f.records_out;
	y->stats.winners_out += f.beaten;
	if (e == NULL || s->declined)
		return;
	e->p.sessions++;
	e->p.bytes_in += f.bytes_in;
	e->p.bytes_out += f.bytes_out;
	e->p.records_in += f.records_in;
	e->p.records_out += f.records_out;
	e->p.last_bytes = f.bytes_in + f.bytes_out;
	e->p.light = f.peer_light;
	e->p.crawler = f.peer_crawler;
}

/* Once it is over: last words, the core, and then what is still judged. */
static void
settle(struct syncer *y, struct syncer_session *s)
{
	if (!s->used || !s->over || session_works(y, s))
		return;
	if (s->core != NULL) {
		if (s->open && !s->reset && sync_send(s->core).n > 0 &&
		    mono_ms(y) < s->over_ms + FLUSH_MS)
			return;
		if (s->open && !s->reset && sync_send(s->core).n == 0)
			host_stream_close(y->cf.host, s->stream);
		else if (s->open)
			host_stream_reset(y->cf.host, s->stream);
		s->open = false;
		account(y, s);
		sync_free(s->core);
		s->core = NULL;
		items_free(y, s);
		records_tell(y, s);
	}
	if (s->waiting.n == 0 && s->judging == 0)
		*s = (struct syncer_session){ 0 };
}

static void
log_end(struct syncer *y, const struct syncer_session *s, const char *why)
{
	const struct sync_figures f = sync_figures(s->core);
	char id[PEER_ID_TEXT_MAX];

	if (why[0] == '\0' && f.records_in + f.records_out == 0)
		return; /* nothing new is no news */
	peer_id_put(id, &s->peer);
	env_log(y->cf.env, LOG_INFO,
	    why[0] == '\0' ? "sync_done" : "sync_failed",
	    "peer=%s own=%s in=%" PRIu64 " new=%" PRIu64 " out=%" PRIu64
	    " bytes=%" PRIu64 " turns=%u why=%s",
	    id, s->dialer ? "yes" : "no", f.records_in, s->fresh_in,
	    f.records_out, f.bytes_in + f.bytes_out, f.turns_in + f.turns_out,
	    why[0] == '\0' ? "-" : why);
}

/* It ends now: what the policy learns from it. */
static void
over(struct syncer *y, struct syncer_session *s, const char *why)
{
	struct syncer_entry *e = entry_find(y, &s->peer);

	s->over = true;
	s->over_ms = mono_ms(y);
	s->wants = WORK_NONE;
	if (e != NULL && !s->declined) {
		e->p.talking = false;
		if (s->core != NULL && !session_works(y, s))
			e->p.peer_items = sync_figures(s->core).peer_items;
		e->p.records_new += s->fresh_in;
	}
	if (!s->declined && s->core != NULL && !session_works(y, s))
		log_end(y, s, why);
	if (!s->declined && y->cf.over != NULL)
		y->cf.over(y->cf.ctx, &s->peer, why);
}

void
session_end(struct syncer *y, struct syncer_session *s, enum syncer_fault fault,
    const char *why)
{
	struct syncer_entry *e = entry_find(y, &s->peer);

	if (s->over)
		return;
	s->reset = true;
	over(y, s, why);
	if (s->declined)
		return;
	y->stats.busy += fault == SYNCER_BUSY;
	y->stats.failed += fault != SYNCER_BUSY;
	y->stats.lied += fault == SYNCER_LIED;
	if (e != NULL)
		policy_failed(y, e, fault, why);
}

static void
on_done(struct syncer *y, struct syncer_session *s, const struct sync_event *ev)
{
	const struct sync_figures f = sync_figures(s->core);
	struct syncer_entry *e = entry_find(y, &s->peer);
	/* Before all is judged nobody knows what we have. */
	const bool partial = ev->partial || s->judging + s->waiting.n > 0;

	over(y, s, "");
	y->stats.agreed++;
	y->stats.equal += f.records_in + f.records_out == 0;
	if (e == NULL)
		return;
	e->p.turns = f.turns_in + f.turns_out;
	e->p.differences = f.records_in + f.records_out;
	if (!partial)
		e->p.cursor = ev->cursor;
	/* Where nothing got better, nothing will soon. */
	policy_agreed(y, e, s->late_in, partial,
	    partial && s->fresh_in + f.records_out + f.beaten > 0);
}

static enum syncer_fault
fault_of(const struct sync_event *ev)
{
	switch (ev->why) {
	case SYNC_BAD_MESSAGE:
	case SYNC_BAD_TURN:
	case SYNC_BAD_RECORD:
	case SYNC_BAD_CODED:
	case SYNC_TOO_MANY_TURNS:
	case SYNC_TOO_MUCH:
		return SYNCER_LIED;
	case SYNC_CLOSED:
		return ev->close == SYNC_CLOSE_BUSY    ? SYNCER_BUSY
		       : ev->close == SYNC_CLOSE_LIMIT ? SYNCER_FAILED
						       : SYNCER_REFUSED;
	case SYNC_DECLINED:
		return ev->close == SYNC_CLOSE_BUSY ? SYNCER_GONE
						    : SYNCER_REFUSED;
	case SYNC_FINE:
	case SYNC_NO_MEMORY:
	case SYNC_IDLE:
	case SYNC_TOO_LONG:
		break;
	}
	return SYNCER_FAILED;
}

static void
on_failed(
    struct syncer *y, struct syncer_session *s, const struct sync_event *ev)
{
	const bool closed = ev->why == SYNC_CLOSED || ev->why == SYNC_DECLINED;

	session_end(y, s, fault_of(ev),
	    closed ? sync_close_name(ev->close) : sync_why_name(ev->why));
	s->reset = !closed; /* the peer may read why */
}

/* ---- what the core wants ---- */

static struct store_view *
view_of(struct syncer *y)
{
	if (y->view == NULL && store_view_open(y->cf.store, &y->view) != OK)
		y->view = NULL;
	return y->view;
}

static void
give_body(struct syncer *y, struct syncer_session *s, const struct sync_item *i)
{
	struct store_view *view = view_of(y);
	struct store_record r;

	if (view != NULL && store_get_item(view, i->hour, i->id, &r) == OK)
		sync_body(s->core, r.bytes);
	else
		sync_body(s->core, slice_of(NULL, 0));
}

static void
note_refused(
    struct syncer *y, struct syncer_session *s, const struct sync_item *i)
{
	struct store_view *view = view_of(y);
	struct store_record r;

	y->stats.refused_in++;
	if (view != NULL && store_get_item(view, i->hour, i->id, &r) == OK)
		no_want_add(y, &s->peer, i, r.expires_h);
}

static void
on_event(
    struct syncer *y, struct syncer_session *s, const struct sync_event *ev)
{
	switch (ev->type) {
	case SYNC_NEED_ITEMS:
		s->scope = ev->scope;
		s->since = ev->since;
		s->wants = WORK_LIST;
		return;
	case SYNC_WORK:
		s->wants = WORK_CORE;
		return;
	case SYNC_RECORD:
		records_take(y, s, ev->bytes);
		return;
	case SYNC_BODY:
		give_body(y, s, &ev->item);
		return;
	case SYNC_REFUSED:
		note_refused(y, s, &ev->item);
		return;
	case SYNC_DONE:
		on_done(y, s, ev);
		return;
	case SYNC_FAILED:
		on_failed(y, s, ev);
		return;
	}
}

/* ---- bytes ---- */

/* May the core be touched, and is it not waiting for a job? */
static bool
is_free(const struct syncer *y, const struct syncer_session *s)
{
	return s->core != NULL && s->wants == WORK_NONE && !session_works(y, s);
}

static bool
pump_events(struct syncer *y, struct syncer_session *s)
{
	struct sync_event ev;
	bool any = false;

	while (is_free(y, s) && !s->over && sync_next(s->core, &ev)) {
		on_event(y, s, &ev);
		any = true;
	}
	return any;
}

/* The budget is spent: what is here is paid for and taken, and no more. */
static void
take_last(struct syncer *y, struct syncer_session *s)
{
	struct slice in = host_stream_read(y->cf.host, s->stream);
	bool more = true;

	while (more && in.n > 0 && is_free(y, s) && !s->over) {
		const size_t n = sync_recv(s->core, in, mono_ms(y));
		in = slice_of(in.p + n, in.n - n);
		more = pump_events(y, s) || n > 0;
	}
	session_end(y, s, SYNCER_GONE, "budget");
}

/* Nothing is read while the pipeline is full: the peer waits. */
static bool
pump_in(struct syncer *y, struct syncer_session *s)
{
	if (!is_free(y, s) || s->over || !s->open || s->stalled)
		return false;
	if (y->cf.left != NULL && y->cf.left(y->cf.ctx) == 0) {
		take_last(y, s);
		return false;
	}
	const struct slice in = host_stream_read(y->cf.host, s->stream);
	if (in.n == 0)
		return false;
	const size_t n = sync_recv(s->core, in, mono_ms(y));
	host_stream_consume(y->cf.host, s->stream, n);
	return n > 0;
}

static bool
pump_out(struct syncer *y, struct syncer_session *s)
{
	if (!is_free(y, s) || !s->open || s->reset)
		return false;
	const struct slice out = sync_send(s->core);
	size_t taken = 0;
	if (out.n == 0 ||
	    host_stream_write(y->cf.host, s->stream, out, &taken) != OK)
		return false;
	sync_sent(s->core, taken, mono_ms(y));
	return taken > 0;
}

/* It has said its last and we wait for more. */
static bool
has_left(const struct syncer *y, const struct syncer_session *s)
{
	return s->open && is_free(y, s) && !s->over && s->judging == 0 &&
	       s->waiting.n == 0 && sync_send(s->core).n == 0 &&
	       host_stream_ended(y->cf.host, s->stream) &&
	       host_stream_read(y->cf.host, s->stream).n == 0;
}

void
session_pump(struct syncer *y, struct syncer_session *s)
{
	bool more = true;

	if (!s->used || s->pumping)
		return;
	s->pumping = true;
	while (more) {
		more = pump_events(y, s);
		more = records_drain(y, s) || more;
		more = pump_in(y, s) || more;
		more = pump_out(y, s) || more;
	}
	store_view_close(y->view);
	y->view = NULL;
	if (has_left(y, s))
		session_end(y, s, SYNCER_GONE, "left");
	s->pumping = false;
	settle(y, s);
	job_next(y);
}

/* ---- beginning ---- */

static struct syncer_session *
place(struct syncer *y)
{
	for (unsigned i = 0; i < y->sessions_n; i++)
		if (!y->sessions[i].used)
			return &y->sessions[i];
	return NULL;
}

static err
session_new(struct syncer *y, struct syncer_session *s, struct syncer_entry *e,
    bool dialer, enum sync_close decline)
{
	struct sync_config sc = {
		.dialer = dialer,
		.net = slice_str(y->net),
		.crawler = y->cf.crawler,
		.light = y->cf.light,
		.take_only = y->cf.take_only,
		.decline = decline,
		.no_crawlers = y->cf.no_crawl,
		.limits = { .judging = SYNCER_JUDGING },
	};

	memcpy(sc.tag, y->cf.tag, SYNC_TAG);
	if (e != NULL)
		sc.cursor = e->p.cursor;
	y->cf.scope(y->cf.ctx, &sc.scope);
	scope_fit(y, &sc.scope);
	y->cf.env->random(y->cf.env->ctx, sc.nonce, SYNC_NONCE);
	_Static_assert(sizeof(sc.secret) == sizeof(y->key), "a key each");
	memcpy(sc.secret, y->key, sizeof(sc.secret));
	*s = (struct syncer_session){ .dialer = dialer,
		.declined = decline != SYNC_CLOSE_NONE };
	s->core = sync_new(y->mem, &sc, mono_ms(y));
	return s->core == NULL ? ERR_NOMEM : OK;
}

static err
begin(struct syncer *y, struct syncer_entry *e)
{
	struct syncer_session *s = place(y);

	if (s == NULL)
		return ERR_LIMIT;
	TRY(session_new(y, s, e, true, SYNC_CLOSE_NONE));
	s->peer = e->p.id;
	const err x = host_stream_open(
	    y->cf.host, &s->peer, SYNC_PROTOCOL, mono_ms(y), &s->stream);
	if (x != OK) {
		sync_free(s->core);
		s->core = NULL;
		policy_failed(y, e, SYNCER_GONE, "no stream");
		return x;
	}
	s->used = s->open = true;
	e->p.talking = true;
	y->stats.begun++;
	policy_begun(y, e);
	session_pump(y, s);
	return OK;
}

/*
 * Of two that begin with each other at once one session is enough: that of
 * the peer with the larger id goes on.
 */
static bool
ours_counts(struct syncer *y, const struct peer_id *peer)
{
	const struct peer_id *self = host_self(y->cf.host);

	for (unsigned i = 0; i < y->sessions_n; i++) {
		const struct syncer_session *s = &y->sessions[i];
		if (!s->used || s->over || s->declined ||
		    !peer_id_eq(&s->peer, peer))
			continue;
		if (!s->dialer || session_works(y, s) || s->items != NULL ||
		    self->n != peer->n ||
		    memcmp(self->bytes, peer->bytes, self->n) > 0)
			return true;
	}
	return false;
}

/* The places of our own sessions stay free for them. */
static bool
is_full(const struct syncer *y)
{
	const unsigned max = y->cf.sessions_max,
		       theirs = sessions_now(y, false);

	return theirs + sessions_now(y, true) >= max ||
	       (max > 1 && theirs >= max - sessions_own_max(y));
}

/* Enough are being told that we are busy. */
static bool
declines_full(const struct syncer *y)
{
	unsigned n = 0;

	for (unsigned i = 0; i < y->sessions_n; i++)
		n += y->sessions[i].used && y->sessions[i].declined;
	return n >= SYNCER_DECLINES;
}

static void
serve(struct syncer *y, const struct host_event *ev)
{
	const struct host_stream stream = { ev->conn, ev->stream };
	struct syncer_session *s = place(y);
	struct syncer_entry *e = entry_take(y, &ev->peer);
	const bool busy = e == NULL || is_full(y) ||
			  ours_counts(y, &ev->peer) || !policy_may_serve(y, e);

	if (busy)
		y->stats.declined++;
	if (y->stopped || s == NULL || (busy && declines_full(y)) ||
	    session_new(y, s, e, false,
		busy ? SYNC_CLOSE_BUSY : SYNC_CLOSE_NONE) != OK) {
		host_stream_reset(y->cf.host, stream);
		return;
	}
	s->used = s->open = true;
	s->stream = stream;
	s->peer = ev->peer;
	if (!busy) {
		e->p.talking = true;
		e->p.tried_s = y->cf.env->wall_s(y->cf.env->ctx);
		y->stats.served++;
	}
	session_pump(y, s);
}

err
syncer_now(struct syncer *y, const struct peer_id *peer)
{
	struct syncer_entry *e = entry_find(y, peer);

	if (e == NULL || !e->p.connected || !e->speaks || y->stopped)
		return ERR_NOTFOUND;
	if (e->p.talking)
		return ERR_EXISTS;
	if (sessions_now(y, true) + sessions_now(y, false) >=
	    y->cf.sessions_max)
		return ERR_LIMIT;
	const err x = begin(y, e);
	y->cf.wake(y->cf.ctx);
	return x;
}

/* ---- events and time ---- */

bool
syncer_event(struct syncer *y, const struct host_event *ev)
{
	if (ev->type == HOST_STREAM_OPENED) {
		serve(y, ev);
		return true;
	}
	for (unsigned i = 0; i < y->sessions_n; i++) {
		struct syncer_session *s = &y->sessions[i];
		struct syncer_entry *e;
		if (!s->used || !s->open || s->stream.conn != ev->conn ||
		    s->stream.stream != ev->stream)
			continue;
		if (ev->type == HOST_STREAM_REFUSED) {
			s->open = false;
			e = entry_find(y, &s->peer);
			if (e != NULL)
				e->speaks = false;
			session_end(y, s, SYNCER_REFUSED, "not spoken");
		} else if (ev->type == HOST_STREAM_CLOSED) {
			s->open = false;
			session_end(y, s, SYNCER_GONE, "connection");
		}
		session_pump(y, s);
		return true;
	}
	return false;
}

void
syncer_peer_gone(struct syncer *y, const struct peer_id *peer)
{
	for (unsigned i = 0; i < y->sessions_n; i++) {
		struct syncer_session *s = &y->sessions[i];
		if (!s->used || !peer_id_eq(&s->peer, peer))
			continue;
		s->open = false;
		session_end(y, s, SYNCER_GONE, "connection");
		session_pump(y, s);
	}
	policy_peer_gone(y, peer);
}

/* Who drips keeps a place and memory from others. */
static bool
is_slow(const struct syncer *y, struct syncer_session *s, uint64_t now)
{
	const uint64_t ms = s->ticked_ms == 0 ? 0 : now - s->ticked_ms;

	s->ticked_ms = now;
	if (!is_free(y, s) || s->over || s->stalled ||
	    s->judging + s->waiting.n > 0)
		return false;
	const struct sync_figures f = sync_figures(s->core);
	s->due_ms += ms;
	return s->due_ms > SLOW_MS &&
	       (f.bytes_in + f.bytes_out) * 1000 < s->due_ms * SLOW_RATE;
}

/* One of ours waits for memory: of theirs the one that waits longest for its
 * peer gives it back. */
static void
yield_memory(struct syncer *y, const struct syncer_session *ours, uint64_t now)
{
	struct syncer_session *most = NULL;

	if (!ours->dialer || ours->short_ms == 0 ||
	    now < ours->short_ms + SHORT_MS)
		return;
	for (unsigned i = 0; i < y->sessions_n; i++) {
		struct syncer_session *s = &y->sessions[i];
		if (!s->used || s->over || s->dialer || s->items == NULL ||
		    session_works(y, s))
			continue;
		if (most == NULL || s->due_ms > most->due_ms)
			most = s;
	}
	if (most == NULL)
		return;
	session_end(y, most, SYNCER_GONE, "yields");
	session_pump(y, most);
}

static void
session_tick(struct syncer *y, struct syncer_session *s)
{
	const uint64_t now = mono_ms(y);

	if (is_slow(y, s, now)) {
		struct syncer_entry *e = entry_find(y, &s->peer);
		if (e != NULL && !s->declined)
			e->slow = true;
		session_end(y, s, SYNCER_FAILED, "slow");
	}
	yield_memory(y, s, now);
	s->stalled = false;
	if (is_free(y, s) && !s->over && sync_expiry(s->core) <= now)
		sync_on_time(s->core, now);
	session_pump(y, s);
}

void
syncer_tick(struct syncer *y)
{
	for (unsigned i = 0; i < y->sessions_n; i++)
		if (y->sessions[i].used)
			session_tick(y, &y->sessions[i]);
	job_next(y);
	policy_tick(y);
	struct syncer_entry *e = policy_next(y);
	if (e != NULL && begin(y, e) == OK)
		y->cf.wake(y->cf.ctx);
}

void
syncer_room(struct syncer *y)
{
	for (unsigned i = 0; i < y->sessions_n; i++) {
		struct syncer_session *s = &y->sessions[i];
		if (!s->used || !s->stalled)
			continue;
		s->stalled = false;
		session_pump(y, s);
	}
	y->cf.wake(y->cf.ctx);
}

void
syncer_stop(struct syncer *y)
{
	y->stopped = true;
	for (unsigned i = 0; i < y->sessions_n; i++) {
		struct syncer_session *s = &y->sessions[i];
		if (!s->used)
			continue;
		session_end(y, s, SYNCER_GONE, "we stop");
		records_drop(y, s);
		session_pump(y, s);
	}
}

void
syncer_free(struct syncer *y)
{
	if (y == NULL)
		return;
	ASSERT(y->job == NULL);
	for (unsigned i = 0; y->sessions != NULL && i < y->sessions_n; i++)
		ASSERT(!y->sessions[i].used);
	free(y->sessions);
	free(y->no_wants);
	free(y);
}

struct syncer_stats
syncer_stats(const struct syncer *y)
{
	struct syncer_stats out = y->stats;

	out.own_now = sessions_now(y, true);
	out.serving_now = sessions_now(y, false);
	out.memory_now = y->mem->used;
	out.behind = policy_behind(y);
	return out;
}
