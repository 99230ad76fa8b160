#include "proto/sync/session.h"

#include "proto/base/varint.h"

#define OUT_MAX (2 * SYNC_MESSAGE_MAX + 64)

static const struct sync_limits defaults = {
	.turns = 16,
	.judging = 64,
	.records = 16000000,
	.overhead_bytes = 1 << 20,
	.peer_items = 16000000,
	.symbols = 1 << 18,
	.wants = 1 << 18,
	.idle_ms = 60000,
	.whole_ms = 7200000,
};

static void
limits_fill(struct sync_limits *l)
{
	const struct sync_limits *d = &defaults;

	l->turns = l->turns == 0 ? d->turns : l->turns;
	l->judging = l->judging == 0 ? d->judging : l->judging;
	l->records = l->records == 0 ? d->records : l->records;
	l->overhead_bytes =
	    l->overhead_bytes == 0 ? d->overhead_bytes : l->overhead_bytes;
	l->peer_items = l->peer_items == 0 ? d->peer_items : l->peer_items;
	l->symbols = l->symbols == 0 ? d->symbols : l->symbols;
	l->symbols = MIN(l->symbols, CODED_MAX);
	l->wants = l->wants == 0 ? d->wants : l->wants;
	l->idle_ms = l->idle_ms == 0 ? d->idle_ms : l->idle_ms;
	l->whole_ms = l->whole_ms == 0 ? d->whole_ms : l->whole_ms;
}

struct sync *
sync_new(struct mem *mem, const struct sync_config *config, uint64_t now_ms)
{
	struct sync *s = mem_alloc(mem, sizeof(*s));

	if (s == NULL)
		return NULL;
	ASSERT(net_is_valid(config->net));
	s->mem = mem;
	s->cf = *config;
	memcpy(s->net, config->net.p, config->net.n);
	s->cf.net.p = s->net;
	limits_fill(&s->cf.limits);
	s->began_ms = s->last_ms = now_ms;
	queue_init(&s->in, mem, SYNC_MESSAGE_MAX + VARINT_MAX);
	queue_init(&s->out, mem, OUT_MAX);
	if (config->dialer) {
		s->plan.hello = true;
		s->phase = PHASE_SPEAK;
	}
	return s;
}

void
ids_free(struct sync *s, struct ids *ids)
{
	mem_free(s->mem, ids->v, ids->cap * sizeof(*ids->v));
	*ids = (struct ids){ 0 };
}

void
left_free(struct sync *s)
{
	const size_t n = s->left.end;

	mem_free(s->mem, s->left.sum, n * sizeof(uint64_t));
	mem_free(s->mem, s->left.check, n * sizeof(uint32_t));
	mem_free(s->mem, s->scratch, coded_scratch(n));
	mem_free(s->mem, s->found.values, n * sizeof(uint64_t));
	s->left = (struct coded){ 0 };
	s->found = (struct coded_found){ 0 };
	s->scratch = NULL;
}

void
coded_cells_free(struct sync *s)
{
	mem_free(s->mem, s->cells.sum, s->cells_cap * sizeof(uint64_t));
	mem_free(s->mem, s->cells.check, s->cells_cap * sizeof(uint32_t));
	s->cells = (struct coded){ 0 };
	s->cells_cap = 0;
}

void
sync_free(struct sync *s)
{
	if (s == NULL)
		return;
	struct mem *mem = s->mem;
	queue_fini(&s->in);
	queue_fini(&s->out);
	ids_free(s, &s->asked);
	ids_free(s, &s->wants);
	ids_free(s, &s->refuses);
	ids_free(s, &s->fresh);
	coded_cells_free(s);
	left_free(s);
	mem_free(mem, s->values, s->set.n * sizeof(*s->values));
	mem_free(mem, s->give, s->bits);
	mem_free(mem, s->refused, s->bits);
	mem_free(mem, s->winners, s->winners_cap * sizeof(*s->winners));
	mem_free(mem, s->ranges, WIRE_RANGES_MAX * sizeof(*s->ranges));
	mem_free(mem, s->answers, WIRE_RANGES_MAX * sizeof(*s->answers));
	mem_free(mem, s, sizeof(*s));
}

bool
ids_push(struct sync *s, struct ids *ids, uint64_t v)
{
	if (ids->n == ids->cap) {
		const size_t cap = ids->cap == 0 ? 64 : 2 * ids->cap;
		uint64_t *p = mem_alloc_raw(s->mem, cap * sizeof(*p));
		if (p == NULL)
			return false;
		if (ids->n > 0)
			memcpy(p, ids->v, ids->n * sizeof(*p));
		mem_free(s->mem, ids->v, ids->cap * sizeof(*p));
		ids->v = p;
		ids->cap = cap;
	}
	ids->v[ids->n++] = v;
	return true;
}

size_t
bit_next(const uint8_t *bits, size_t from, size_t n)
{
	while (from < n) {
		if (from % 8 == 0 && bits[from / 8] == 0)
			from += 8;
		else if (bit_get(bits, from))
			return from;
		else
			from++;
	}
	return n;
}

void
session_fail(struct sync *s, enum sync_why why)
{
	if (s->phase == PHASE_OVER)
		return;
	s->why = why;
	s->phase = PHASE_OVER;
	s->told = false;
}

void
session_over(struct sync *s)
{
	session_fail(s, SYNC_FINE);
}

void
session_salt(const struct sync *s, uint8_t out[SET_SALT])
{
	if (s->cf.dialer)
		set_salt(s->cf.nonce, s->peer_nonce, out);
	else
		set_salt(s->peer_nonce, s->cf.nonce, out);
}

/* ---- bytes ---- */

size_t
sync_recv(struct sync *s, struct slice in, uint64_t now_ms)
{
	if (in.n == 0 || s->phase == PHASE_OVER)
		return in.n;
	s->last_ms = now_ms;
	if (s->in_skip > 0) {
		queue_skip(&s->in, s->in_skip);
		s->in_skip = 0;
	}
	const size_t n = MIN(in.n, queue_room(&s->in));
	if (n > 0 && queue_put(&s->in, in.p, n) != OK) {
		session_fail(s, SYNC_NO_MEMORY);
		return in.n;
	}
	s->figures.bytes_in += n;
	return n;
}

struct slice
sync_send(const struct sync *s)
{
	return queue_peek(&s->out);
}

void
sync_sent(struct sync *s, size_t n, uint64_t now_ms)
{
	ASSERT(n <= s->out.n);
	if (n > 0)
		s->last_ms = now_ms;
	s->figures.bytes_out += n;
	queue_skip(&s->out, n);
}

/* ---- events ---- */

static void
fill_over(struct sync *s, struct sync_event *ev)
{
	ev->type = s->why == SYNC_FINE ? SYNC_DONE : SYNC_FAILED;
	ev->why = s->why;
	ev->close = s->close;
	ev->partial =
	    s->partial || s->winners_at < s->winners_n || s->refuses.n > 0;
	if (s->why == SYNC_FINE && !ev->partial)
		ev->cursor = s->peer_head;
}

static enum step
next_judge(struct sync *s, struct sync_event *ev)
{
	/* What is over the bound is offered again, and refused again. */
	if (s->refused != NULL && s->refused_at < s->set.n &&
	    s->figures.refused_by_peer < REFUSES_MAX) {
		const size_t at = bit_next(s->refused, s->refused_at, s->set.n);
		s->refused_at = at < s->set.n ? at + 1 : at;
		if (at < s->set.n) {
			s->figures.refused_by_peer++;
			ev->type = SYNC_REFUSED;
			ev->item = s->set.items[at];
			return STEP_EVENT;
		}
	}
	if (s->judging > 0)
		return STEP_WAIT;
	plan_turn(s);
	return STEP_ON;
}

/* An event that is given once and waits for its answer. */
static enum step
next_once(struct sync *s, struct sync_event *ev, enum sync_event_type type)
{
	if (s->told)
		return STEP_WAIT;
	s->told = true;
	ev->type = type;
	return STEP_EVENT;
}

static enum step
next_step(struct sync *s, struct sync_event *ev)
{
	enum step step = STEP_WAIT;

	switch (s->phase) {
	case PHASE_HEAR:
		return hear(s, ev);
	case PHASE_JUDGE:
		return next_judge(s, ev);
	case PHASE_ITEMS:
		step = next_once(s, ev, SYNC_NEED_ITEMS);
		ev->scope = &s->common;
		ev->since = s->peer_cursor;
		return step;
	case PHASE_WORK:
		if (s->worked) {
			plan_worked(s);
			return STEP_ON;
		}
		return next_once(s, ev, SYNC_WORK);
	case PHASE_SPEAK:
		return speak(s, ev);
	case PHASE_OVER:
		step = next_once(s, ev, SYNC_DONE);
		if (step == STEP_EVENT)
			fill_over(s, ev);
		return step;
	}
	return STEP_WAIT;
}

bool
sync_next(struct sync *s, struct sync_event *ev)
{
	enum step step;

	memset(ev, 0, sizeof(*ev));
	if (s->in_skip > 0) {
		queue_skip(&s->in, s->in_skip);
		s->in_skip = 0;
	}
	do {
		const enum phase before = s->phase;
		step = next_step(s, ev);
		/* What we did ourselves is not the peer's time. */
		if (s->phase != before)
			s->touched = true;
	} while (step == STEP_ON);
	return step == STEP_EVENT;
}

/* ---- the driver's answers ---- */

void
sync_items(struct sync *s, const struct sync_set *set)
{
	if (s->phase == PHASE_OVER)
		return;
	ASSERT(s->phase == PHASE_ITEMS && s->values == NULL);
	ASSERT(set->n < UINT32_MAX && set->fresh_n <= SYNC_FRESH_MAX);
	s->set_in = *set;
	s->figures.items = set->n;
	s->bits = set->n / 8 + 1;
	s->set = (struct set){ set->items, NULL, set->n };
	s->give = mem_alloc(s->mem, s->bits);
	if (set->n > 0)
		s->values = mem_alloc_raw(s->mem, set->n * sizeof(*s->values));
	if (s->give == NULL || (set->n > 0 && s->values == NULL)) {
		session_fail(s, SYNC_NO_MEMORY);
		return;
	}
	s->set.values = s->values;
	s->work = WORK_START;
	s->worked = s->told = false;
	s->phase = PHASE_WORK;
}

void
sync_work(struct sync *s)
{
	if (s->phase == PHASE_OVER)
		return;
	ASSERT(s->phase == PHASE_WORK && !s->worked);
	work(s);
	s->worked = true;
}

static void
note_winner(struct sync *s, const struct sync_item *winner)
{
	const size_t size = sizeof(*s->winners);

	if (s->winners_n == s->winners_cap && s->winners_cap < WINNERS_MAX) {
		const size_t cap =
		    s->winners_cap == 0 ? 64 : 2 * s->winners_cap;
		struct sync_item *p = mem_alloc_raw(s->mem, cap * size);
		if (p != NULL) {
			if (s->winners_n > 0)
				memcpy(p, s->winners, s->winners_n * size);
			mem_free(s->mem, s->winners, s->winners_cap * size);
			s->winners = p;
			s->winners_cap = cap;
		}
	}
	if (s->winners_n < s->winners_cap)
		s->winners[s->winners_n++] = *winner;
	else
		s->partial = true; /* the next session asks again */
}

void
sync_judged(struct sync *s, enum sync_verdict verdict, const uint8_t *id,
    const struct sync_item *winner)
{
	uint8_t salt[SET_SALT];
	struct sync_item item = { 0 };
	uint64_t v = 0;

	ASSERT(s->judging > 0);
	s->judging--;
	s->touched = true;
	if (s->phase == PHASE_OVER)
		return;
	switch (verdict) {
	case SYNC_KEPT:
		s->figures.kept++;
		break;
	case SYNC_REFUSE:
		s->figures.refused++;
		if (s->refuses.n == REFUSES_MAX)
			break; /* it is offered again, and told then */
		memcpy(item.id, id, SYNC_ID);
		session_salt(s, salt);
		set_values(salt, &item, 1, &v);
		(void)ids_push(s, &s->refuses, v);
		break;
	case SYNC_BEATEN:
		s->figures.beaten++;
		note_winner(s, winner);
		break;
	case SYNC_LATER:
		s->figures.later++;
		s->partial = true;
		break;
	case SYNC_REJECT:
		session_fail(s, SYNC_BAD_RECORD);
		break;
	}
}

/* ---- time and the rest ---- */

/* Whether it is the peer that we wait for. */
static bool
peer_is_due(const struct sync *s)
{
	return s->out.n > 0 || (s->phase == PHASE_HEAR && s->judging == 0);
}

uint64_t
sync_expiry(const struct sync *s)
{
	const struct sync_limits *l = &s->cf.limits;

	if (s->phase == PHASE_OVER)
		return UINT64_MAX;
	const uint64_t whole = s->began_ms + l->whole_ms;
	return peer_is_due(s) ? MIN(whole, s->last_ms + l->idle_ms) : whole;
}

void
sync_on_time(struct sync *s, uint64_t now_ms)
{
	if (s->touched || !peer_is_due(s))
		s->last_ms = now_ms;
	s->touched = false;
	if (now_ms < sync_expiry(s))
		return;
	session_fail(s, now_ms >= s->began_ms + s->cf.limits.whole_ms
			    ? SYNC_TOO_LONG
			    : SYNC_IDLE);
}

void
sync_abort(struct sync *s, enum sync_close close)
{
	if (s->phase == PHASE_OVER)
		return;
	if (s->phase != PHASE_HEAR)
		say_close(s, close);
	s->close = close;
	session_fail(s, SYNC_DECLINED);
}

struct sync_figures
sync_figures(const struct sync *s)
{
	return s->figures;
}
