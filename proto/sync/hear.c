#include "proto/base/varint.h"
#include "proto/sync/session.h"

#define PER_ITEM      24 /* bytes of overhead allowed for an item of ours, */
#define PER_PEER_ITEM 16 /* and of the peer's */
#define COUNT_MAX     UINT32_MAX

/* A short way out of a handler. */
static void
bad(struct sync *s)
{
	session_fail(s, SYNC_BAD_MESSAGE);
}

static void
misplaced(struct sync *s)
{
	session_fail(s, SYNC_BAD_TURN);
}

static void
limit(struct sync *s)
{
	session_fail(s, SYNC_TOO_MUCH);
}

/* ---- handlers: fields after the type ---- */

static void
take_cursor(struct wire_in *w, struct sync_cursor *c)
{
	const struct slice tag = wire_bin(w, 0, SYNC_TAG);

	*c = (struct sync_cursor){ .rid = wire_uint(w, UINT64_MAX) };
	if (tag.n != 0 && tag.n != SYNC_TAG)
		w->bad = true;
	if (w->bad || tag.n == 0) {
		w->bad |= c->rid != 0;
		return;
	}
	c->known = true;
	memcpy(c->tag, tag.p, SYNC_TAG);
}

static void
take_head(struct sync *s, struct wire_in *w)
{
	const struct slice tag = wire_bin(w, SYNC_TAG, SYNC_TAG);
	const uint64_t rid = wire_uint(w, UINT64_MAX);

	if (w->bad)
		return;
	s->peer_head = (struct sync_cursor){ .known = true, .rid = rid };
	memcpy(s->peer_head.tag, tag.p, SYNC_TAG);
}

static uint64_t
take_sum(struct wire_in *w)
{
	const struct slice v = wire_bin(w, WIRE_VALUE, WIRE_VALUE);

	return w->bad ? 0 : get_u64be(v.p);
}

/* Short ids: whole ones. */
static struct slice
take_ids(struct wire_in *w, size_t min)
{
	const struct slice v = wire_bin(w, min, SYNC_MESSAGE_MAX);

	if (v.n % WIRE_VALUE != 0)
		w->bad = true;
	return v;
}

/* What HELLO and WELCOME have in common. */
static void
take_introduction(struct sync *s, struct wire_in *w)
{
	struct scope theirs = wire_scope(w);
	const struct slice nonce = wire_bin(w, SYNC_NONCE, SYNC_NONCE);
	const uint64_t f = wire_uint(w, UINT32_MAX);

	take_cursor(w, &s->peer_cursor);
	if (w->bad)
		return;
	/* Of another store than ours it says nothing. */
	if (memcmp(s->peer_cursor.tag, s->cf.tag, SYNC_TAG) != 0)
		s->peer_cursor.known = false;
	memcpy(s->peer_nonce, nonce.p, SYNC_NONCE);
	s->figures.peer_crawler = (f & WIRE_FLAG_CRAWLER) != 0;
	s->figures.peer_light = (f & WIRE_FLAG_LIGHT) != 0;
	s->figures.peer_take_only = (f & WIRE_FLAG_TAKE_ONLY) != 0;
	if (scope_meet(&s->cf.scope, &theirs, &s->common) != OK)
		s->plan.close = SYNC_CLOSE_SCOPE;
	else
		s->has_common = true;
}

static void
hear_hello(struct sync *s, struct wire_in *w)
{
	const struct slice net = wire_str(w, NET_MAX);

	take_introduction(s, w);
	if (w->bad)
		return;
	if (!slice_eq(net, s->cf.net))
		s->plan.close = SYNC_CLOSE_NET;
	else if (s->cf.decline != SYNC_CLOSE_NONE)
		s->plan.close = s->cf.decline;
	else if (s->cf.no_crawlers && s->figures.peer_crawler)
		s->plan.close = SYNC_CLOSE_CRAWLER;
	s->heard.hello = true;
}

static void
hear_welcome(struct sync *s, struct wire_in *w)
{
	take_introduction(s, w);
	take_head(s, w);
	s->peer_count = wire_uint(w, COUNT_MAX);
	s->peer_sum = take_sum(w);
	s->peer_fresh = wire_uint(w, SYNC_FRESH_MAX + 1);
	s->figures.peer_items = s->peer_count;
	s->heard.welcome = true;
}

static void
hear_close(struct sync *s, struct wire_in *w)
{
	const uint64_t reason = wire_uint(w, UINT32_MAX);

	if (w->bad || w->in.n > 0) {
		bad(s);
		return;
	}
	s->close = (enum sync_close)MIN(reason, (uint64_t)INT32_MAX);
	session_fail(s, SYNC_CLOSED);
}

static void
push_all(struct sync *s, struct ids *to, struct slice ids)
{
	for (size_t i = 0; i < ids.n; i += WIRE_VALUE)
		if (!ids_push(s, to, get_u64be(ids.p + i))) {
			session_fail(s, SYNC_NO_MEMORY);
			return;
		}
}

/* Ids to be looked up, many at once. */
static void
hear_asked(struct sync *s, struct wire_in *w, bool refuse)
{
	const struct slice ids = take_ids(w, WIRE_VALUE);

	if (w->bad)
		return;
	/* Looking up takes a walk over all items: it pays for many at once. */
	const size_t room = plan_memory(s) / ASKED_MEMORY;
	if (s->asked.n > 0 &&
	    (s->asked_refuse != refuse ||
		s->asked.n >= MAX(ASKED_AT_ONCE, MIN(s->set.n / 8, room))))
		if (!plan_asked(s))
			return;
	s->asked_refuse = refuse;
	push_all(s, &s->asked, ids);
}

static void
hear_fresh(struct sync *s, struct wire_in *w)
{
	if (s->cf.dialer || s->figures.turns_in != 1) {
		misplaced(s);
		return;
	}
	take_head(s, w);
	s->fresh_count = wire_uint(w, COUNT_MAX);
	s->fresh_sum = take_sum(w);
	const struct slice ids = take_ids(w, 0);
	if (w->bad)
		return;
	if (ids.n > SYNC_FRESH_MAX * WIRE_VALUE) {
		limit(s);
		return;
	}
	s->figures.peer_items = s->fresh_count;
	push_all(s, &s->fresh, ids);
	s->heard.fresh = true;
}

static bool
take_range(struct wire_in *w, const struct range *before, struct range *r)
{
	const uint64_t delta = wire_uint(w, UINT32_MAX);
	const uint64_t hour = before == NULL ? 0 : before->from.hour;

	r->from = (struct wire_bound){ .hour = hour + delta };
	const struct slice prefix = wire_bin(w, 0, SYNC_ID);
	r->print.count = wire_uint(w, COUNT_MAX);
	const struct slice p = wire_bin(w, WIRE_PRINT, WIRE_PRINT);
	if (w->bad || r->from.hour > UINT32_MAX ||
	    (prefix.n > 0 && prefix.p[prefix.n - 1] == 0))
		return false;
	if (prefix.n > 0)
		memcpy(r->from.id, prefix.p, prefix.n);
	r->print.sum = get_u64be(p.p);
	for (unsigned j = 0; j < SET_Z; j++)
		r->print.z[j] = get_u16be(p.p + 8 + 2 * j);
	/* The first begins at the beginning, the others ascend. */
	if (before == NULL)
		return delta == 0 && prefix.n == 0;
	return wire_bound_cmp(&before->from, &r->from) < 0;
}

static void
hear_ranges(struct sync *s, struct wire_in *w, uint32_t fields)
{
	const size_t n = fields / WIRE_RANGE_ITEMS;
	uint64_t count = 0;

	/* FRESH may make us send ranges of our own: not both. */
	if (s->ranges_done || s->heard.fresh) {
		misplaced(s);
		return;
	}
	take_head(s, w);
	if (w->bad || n == 0 || n > WIRE_RANGES_MAX) {
		bad(s);
		return;
	}
	s->ranges = mem_alloc(s->mem, WIRE_RANGES_MAX * sizeof(*s->ranges));
	if (s->ranges == NULL) {
		session_fail(s, SYNC_NO_MEMORY);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (!take_range(
			w, i == 0 ? NULL : &s->ranges[i - 1], &s->ranges[i])) {
			bad(s);
			return;
		}
		count += s->ranges[i].print.count;
	}
	s->ranges_n = n;
	s->ranges_done = true;
	s->figures.peer_items = count;
	s->heard.ranges = true;
}

/* Ranges within one turn ascend and do not overlap: ${end} is the last's. */
static bool
take_span(struct sync *s, struct wire_in *w, struct wire_bound *from,
    struct wire_bound *to, struct wire_bound *end)
{
	*from = wire_bound(w);
	*to = wire_bound(w);
	if (w->bad || wire_bound_cmp(from, to) >= 0 ||
	    wire_bound_cmp(from, end) < 0) {
		bad(s);
		return false;
	}
	*end = *to;
	return true;
}

static void
hear_list(struct sync *s, struct wire_in *w)
{
	struct wire_bound from, to;

	if (!s->ranges_done || s->heard.ranges) {
		misplaced(s);
		return;
	}
	if (!take_span(s, w, &from, &to, &s->heard.list_end))
		return;
	const struct slice ids = take_ids(w, 0);
	if (!w->bad)
		(void)plan_list(s, &from, &to, ids);
}

static void
hear_ask(struct sync *s, struct wire_in *w)
{
	struct wire_bound from, to;

	if (!s->ranges_done || s->heard.ranges) {
		misplaced(s);
		return;
	}
	if (take_span(s, w, &from, &to, &s->heard.ask_end))
		(void)plan_answer(s, &from, &to, false);
}

/* Room for ${n} more symbols of the peer's. */
static bool
cells_grow(struct sync *s, size_t n)
{
	struct coded *c = &s->cells;
	size_t cap = MAX(s->cells_cap, (size_t)64);

	while (cap < c->end + n)
		cap *= 2;
	if (cap == s->cells_cap)
		return true;
	uint64_t *sum = mem_alloc_raw(s->mem, cap * sizeof(*sum));
	uint32_t *check = mem_alloc_raw(s->mem, cap * sizeof(*check));
	if (sum == NULL || check == NULL) {
		mem_free(s->mem, sum, cap * sizeof(*sum));
		mem_free(s->mem, check, cap * sizeof(*check));
		return false;
	}
	if (c->end > 0) {
		memcpy(sum, c->sum, c->end * sizeof(*sum));
		memcpy(check, c->check, c->end * sizeof(*check));
	}
	mem_free(s->mem, c->sum, s->cells_cap * sizeof(*sum));
	mem_free(s->mem, c->check, s->cells_cap * sizeof(*check));
	c->sum = sum;
	c->check = check;
	s->cells_cap = cap;
	return true;
}

/* Which ranges of ours; the same in every message. False: not so. */
static bool
take_coded_ranges(struct sync *s, struct slice mask)
{
	const size_t bytes = (s->ranges_n + 7) / 8;
	uint8_t any = 0;

	if (mask.n != bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		any |= mask.p[i];
	if (any == 0 ||
	    (s->ranges_n % 8 != 0 && mask.p[bytes - 1] >> s->ranges_n % 8 != 0))
		return false;
	if (s->cells.end > 0)
		return memcmp(s->coded_ranges, mask.p, bytes) == 0;
	memcpy(s->coded_ranges, mask.p, bytes);
	return true;
}

static void
hear_coded(struct sync *s, struct wire_in *w)
{
	if (!s->decoding) {
		misplaced(s);
		return;
	}
	const struct slice mask = wire_bin(w, 1, WIRE_RANGES_MAX / 8);
	const uint64_t first = wire_uint(w, CODED_MAX);
	const struct slice cells = wire_bin(w, WIRE_CELL, SYNC_MESSAGE_MAX);
	const size_t n = cells.n / WIRE_CELL;

	if (w->bad || cells.n % WIRE_CELL != 0 || first != s->cells.end ||
	    !take_coded_ranges(s, mask)) {
		bad(s);
		return;
	}
	if (first + n > s->cf.limits.symbols) {
		limit(s);
		return;
	}
	s->cells_lost = s->cells_lost || !cells_grow(s, n);
	for (size_t i = 0; i < n && !s->cells_lost; i++) {
		const uint8_t *p = cells.p + i * WIRE_CELL;
		s->cells.sum[s->cells.end + i] = get_u64be(p);
		s->cells.check[s->cells.end + i] = get_u32be(p + 8);
	}
	s->cells.end += n;
	s->figures.symbols += n;
	s->heard.coded = true;
}

static void
hear_more(struct sync *s, struct wire_in *w)
{
	const uint64_t upto = wire_uint(w, CODED_MAX);

	if (!s->coding) {
		misplaced(s);
		return;
	}
	if (w->bad || upto <= s->cells.end) {
		bad(s);
		return;
	}
	if (upto > s->cf.limits.symbols || s->tries++ == TRIES_MAX) {
		limit(s);
		return;
	}
	s->more_upto = (size_t)upto;
	s->heard.more = true;
}

static enum step
hear_record(struct sync *s, struct wire_in *w, struct sync_event *ev)
{
	const struct slice bytes = wire_bin(w, 1, RECORD_BYTES_MAX);

	if (w->bad || w->in.n > 0) {
		bad(s);
		return STEP_ON;
	}
	/* What it has, and a winner for each that we sent. */
	if (s->figures.records_in >= s->cf.limits.records ||
	    s->figures.records_in >=
		s->figures.peer_items + s->figures.records_out) {
		limit(s);
		return STEP_ON;
	}
	s->figures.records_in++;
	s->figures.record_bytes_in += bytes.n;
	s->heard.record = true;
	s->judging++;
	ev->type = SYNC_RECORD;
	ev->bytes = bytes;
	return STEP_EVENT;
}

static void
hear_end(struct sync *s, struct wire_in *w, bool done)
{
	if (done)
		take_head(s, w);
	s->heard.done = done;
}

/* ---- a message ---- */

/* How many fields follow the type; RANGES has its own rule. */
static const uint8_t fields_of[WIRE_TYPES] = {
	[WIRE_HELLO] = 6,
	[WIRE_WELCOME] = 10,
	[WIRE_CLOSE] = 1,
	[WIRE_REFUSE] = 1,
	[WIRE_FRESH] = 5,
	[WIRE_LIST] = 5,
	[WIRE_ASK] = 4,
	[WIRE_CODED] = 3,
	[WIRE_MORE] = 1,
	[WIRE_WANT] = 1,
	[WIRE_RECORD] = 1,
	[WIRE_END] = 0,
	[WIRE_DONE] = 2,
};

static bool
fields_fit(unsigned type, uint32_t fields)
{
	if (type == WIRE_RANGES)
		return fields > 2 && (fields - 2) % WIRE_RANGE_ITEMS == 0;
	return fields == fields_of[type];
}

/* May a message of this type come now? Types ascend within a turn. */
static bool
in_place(const struct sync *s, unsigned type)
{
	const bool several = type == WIRE_REFUSE || type == WIRE_LIST ||
			     type == WIRE_ASK || type == WIRE_CODED ||
			     type == WIRE_WANT || type == WIRE_RECORD;

	if (type == WIRE_CLOSE)
		return true;
	if (s->figures.turns_in == 0)
		return type ==
		       (unsigned)(s->cf.dialer ? WIRE_WELCOME : WIRE_HELLO);
	if (type == WIRE_HELLO || type == WIRE_WELCOME)
		return false;
	return type > s->heard.last || (several && type == s->heard.last);
}

static enum step
hear_type(struct sync *s, unsigned type, uint32_t fields, struct wire_in *w,
    struct sync_event *ev)
{
	switch ((enum wire_type)type) {
	case WIRE_HELLO:
		hear_hello(s, w);
		break;
	case WIRE_WELCOME:
		hear_welcome(s, w);
		break;
	case WIRE_CLOSE:
		hear_close(s, w);
		break;
	case WIRE_REFUSE:
		hear_asked(s, w, true);
		break;
	case WIRE_FRESH:
		hear_fresh(s, w);
		break;
	case WIRE_RANGES:
		hear_ranges(s, w, fields - 2);
		break;
	case WIRE_LIST:
		hear_list(s, w);
		break;
	case WIRE_ASK:
		hear_ask(s, w);
		break;
	case WIRE_CODED:
		hear_coded(s, w);
		break;
	case WIRE_MORE:
		hear_more(s, w);
		break;
	case WIRE_WANT:
		hear_asked(s, w, false);
		break;
	case WIRE_RECORD:
		return hear_record(s, w, ev);
	case WIRE_END:
		hear_end(s, w, false);
		break;
	case WIRE_DONE:
		hear_end(s, w, true);
		break;
	}
	if (w->bad || w->in.n > 0)
		bad(s);
	return STEP_ON;
}

/* The peer's turn is over. */
static void
turn_heard(struct sync *s)
{
	if (s->phase == PHASE_OVER)
		return;
	s->figures.turns_in++;
	if (s->figures.turns_in > s->cf.limits.turns)
		session_fail(s, SYNC_TOO_MANY_TURNS);
	else if (s->asked.n == 0 || plan_asked(s)) {
		s->refused_at = 0;
		s->phase = PHASE_JUDGE;
	}
}

static bool
overhead_is_fine(struct sync *s, unsigned type, size_t n)
{
	const struct sync_limits *l = &s->cf.limits;
	const uint64_t most =
	    l->overhead_bytes + PER_ITEM * s->set.n +
	    PER_PEER_ITEM * MIN(s->figures.peer_items, l->peer_items);

	/* Symbols and records have limits of their own. */
	if (type == WIRE_CODED || type == WIRE_RECORD)
		return true;
	s->overhead_in += n;
	return s->overhead_in <= most;
}

static enum step
hear_message(struct sync *s, struct slice message, struct sync_event *ev)
{
	struct wire_in w = { .in = message };
	const uint32_t n = wire_array(&w);
	const unsigned type = (unsigned)wire_uint(&w, WIRE_TYPES - 1);

	if (w.bad || n == 0 || type == 0 || !fields_fit(type, n - 1)) {
		bad(s);
		return STEP_ON;
	}
	if (!in_place(s, type)) {
		misplaced(s);
		return STEP_ON;
	}
	if (!overhead_is_fine(s, type, message.n)) {
		limit(s);
		return STEP_ON;
	}
	s->heard.last = type;
	return hear_type(s, type, n - 1, &w, ev);
}

enum step
hear(struct sync *s, struct sync_event *ev)
{
	const struct slice in = queue_peek(&s->in);
	uint64_t len = 0;
	size_t head = 0;

	if (s->judging >= s->cf.limits.judging)
		return STEP_WAIT;
	const err e = varint_get(in, &len, &head);
	if (e == ERR_MORE && in.n < VARINT_MAX)
		return STEP_WAIT;
	if (e != OK || len == 0 || len > SYNC_MESSAGE_MAX) {
		bad(s);
		return STEP_ON;
	}
	if (in.n - head < len)
		return STEP_WAIT;
	const size_t used = head + (size_t)len;
	const enum step step =
	    hear_message(s, slice_of(in.p + head, (size_t)len), ev);
	const unsigned type = s->heard.last;
	if (type == WIRE_HELLO || type == WIRE_WELCOME || type == WIRE_END ||
	    type == WIRE_DONE)
		turn_heard(s);
	/* An event borrows the bytes until the next call. */
	if (step == STEP_EVENT)
		s->in_skip = used;
	else
		queue_skip(&s->in, used);
	return step;
}
