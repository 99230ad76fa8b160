#include "proto/base/varint.h"
#include "proto/sync/session.h"

#define LENGTH     3             /* bytes of the longest length in front */
#define ROOM       (LENGTH + 64) /* for messages of a few numbers */
#define RANGE_ROOM 64            /* of one range */
#define ENOUGH     32768 /* unsent bytes: more is composed when some left */

_Static_assert(WIRE_IDS_MAX *WIRE_VALUE + 96 < SYNC_MESSAGE_MAX, "LIST");
_Static_assert(WIRE_CELLS_MAX *WIRE_CELL + 96 < SYNC_MESSAGE_MAX, "CODED");
_Static_assert(RECORD_BYTES_MAX + 16 < SYNC_MESSAGE_MAX, "RECORD");

/* ---- one message ---- */

/* Room for a message of up to ${max} bytes; false: the session has failed. */
static bool
begin(struct sync *s, size_t max, struct buf *b)
{
	uint8_t *p;

	if (queue_reserve(&s->out, LENGTH + max, &p) != OK) {
		session_fail(s, SYNC_NO_MEMORY);
		return false;
	}
	*b = (struct buf){ p + LENGTH, 0, max };
	return true;
}

static void
begin_type(struct buf *b, uint32_t fields, enum wire_type type)
{
	wire_put_array(b, 1 + fields);
	wire_put_uint(b, type);
}

static void
finish(struct sync *s, const struct buf *b)
{
	struct buf length = { b->p - LENGTH, 0, LENGTH };
	const err e = varint_put(&length, b->n);

	ASSERT(e == OK);
	memmove(length.p + length.n, b->p, b->n);
	queue_commit(&s->out, length.n + b->n);
}

static void
put_cursor(struct buf *b, const struct sync_cursor *c)
{
	wire_put_bin(b, c->tag, c->known ? SYNC_TAG : 0);
	wire_put_uint(b, c->known ? c->rid : 0);
}

/* How far our own store is, as the items show it. */
static void
put_head(struct buf *b, const struct sync *s)
{
	wire_put_bin(b, s->cf.tag, SYNC_TAG);
	wire_put_uint(b, s->set_in.head);
}

static unsigned
flags(const struct sync *s)
{
	return (s->cf.crawler ? WIRE_FLAG_CRAWLER : 0) |
	       (s->cf.light ? WIRE_FLAG_LIGHT : 0) |
	       (s->cf.take_only ? WIRE_FLAG_TAKE_ONLY : 0);
}

static void
say_hello(struct sync *s)
{
	struct buf b;

	if (!begin(s, 256, &b))
		return;
	begin_type(&b, 6, WIRE_HELLO);
	wire_put_str(&b, s->cf.net);
	wire_put_scope(&b, &s->cf.scope);
	wire_put_bin(&b, s->cf.nonce, SYNC_NONCE);
	wire_put_uint(&b, flags(s));
	put_cursor(&b, &s->cf.cursor);
	finish(s, &b);
}

static void
say_welcome(struct sync *s)
{
	struct buf b;

	if (!begin(s, 256, &b))
		return;
	begin_type(&b, 10, WIRE_WELCOME);
	wire_put_scope(&b, &s->cf.scope);
	wire_put_bin(&b, s->cf.nonce, SYNC_NONCE);
	wire_put_uint(&b, flags(s));
	put_cursor(&b, &s->cf.cursor);
	put_head(&b, s);
	wire_put_uint(&b, s->set.n);
	wire_put_bin_head(&b, WIRE_VALUE);
	wire_put_u64be(&b, s->root.sum);
	wire_put_uint(&b, s->set_in.fresh_known ? s->set_in.fresh_n + 1 : 0);
	finish(s, &b);
}

void
say_close(struct sync *s, enum sync_close close)
{
	uint8_t *p;

	if (queue_reserve(&s->out, ROOM, &p) != OK)
		return;
	struct buf b = { p + LENGTH, 0, ROOM - LENGTH };
	begin_type(&b, 1, WIRE_CLOSE);
	wire_put_uint(&b, close);
	finish(s, &b);
}

/* ---- the steps of a turn, each says one message or that it is over ---- */

/* Short ids from ${at} on, as many as one message takes. */
static bool
say_ids(struct sync *s, enum wire_type type, const struct ids *ids, size_t *at)
{
	const size_t n = MIN(ids->n - *at, (size_t)WIRE_IDS_MAX);
	struct buf b;

	if (n == 0 || !begin(s, n * WIRE_VALUE + ROOM, &b))
		return false;
	begin_type(&b, 1, type);
	wire_put_bin_head(&b, n * WIRE_VALUE);
	for (size_t i = 0; i < n; i++)
		wire_put_u64be(&b, ids->v[*at + i]);
	finish(s, &b);
	*at += n;
	return true;
}

static bool
say_fresh(struct sync *s)
{
	const size_t n = s->set_in.fresh_n;
	struct buf b;

	if (!s->plan.fresh || s->plan.at++ > 0 ||
	    !begin(s, n * WIRE_VALUE + ROOM, &b))
		return false;
	begin_type(&b, 5, WIRE_FRESH);
	put_head(&b, s);
	wire_put_uint(&b, s->set.n);
	wire_put_bin_head(&b, WIRE_VALUE);
	wire_put_u64be(&b, s->root.sum);
	wire_put_bin_head(&b, n * WIRE_VALUE);
	for (size_t i = 0; i < n; i++)
		wire_put_u64be(&b, s->set.values[s->set_in.fresh[i]]);
	finish(s, &b);
	return true;
}

static bool
say_ranges(struct sync *s)
{
	struct buf b;
	uint64_t hour = 0;

	if (!s->plan.ranges || s->plan.at++ > 0 ||
	    !begin(s, s->ranges_n * RANGE_ROOM + ROOM, &b))
		return false;
	begin_type(
	    &b, 2 + WIRE_RANGE_ITEMS * (uint32_t)s->ranges_n, WIRE_RANGES);
	put_head(&b, s);
	for (size_t i = 0; i < s->ranges_n; i++) {
		const struct range *r = &s->ranges[i];
		wire_put_uint(&b, r->from.hour - hour);
		wire_put_prefix(&b, r->from.id);
		wire_put_uint(&b, r->print.count);
		wire_put_bin_head(&b, WIRE_PRINT);
		wire_put_u64be(&b, r->print.sum);
		for (unsigned j = 0; j < SET_Z; j++)
			wire_put_u16be(&b, r->print.z[j]);
		hour = r->from.hour;
	}
	finish(s, &b);
	return true;
}

/* The next piece of one range: our items in it, up to a bound of ours. */
static void
say_list_piece(struct sync *s, struct answer *a)
{
	const size_t from = a->at, end = set_at(&s->set, &a->to);
	const size_t n = MIN(end - from, (size_t)WIRE_IDS_MAX);
	const bool whole = from + n == end;
	struct buf b;

	if (!begin(s, n * WIRE_VALUE + 2 * ROOM, &b))
		return;
	const struct wire_bound to =
	    whole ? a->to : set_between(&s->set, from + n);
	begin_type(&b, 5, WIRE_LIST);
	wire_put_bound(&b, &a->from);
	wire_put_bound(&b, &to);
	wire_put_bin_head(&b, n * WIRE_VALUE);
	for (size_t i = 0; i < n; i++)
		wire_put_u64be(&b, s->set.values[from + i]);
	finish(s, &b);
	a->from = to;
	a->at = from + n;
	if (whole)
		s->plan.at++;
}

static bool
say_list(struct sync *s)
{
	while (s->plan.at < s->answers_n && s->answers[s->plan.at].ask)
		s->plan.at++;
	if (s->plan.at == s->answers_n)
		return false;
	struct answer *a = &s->answers[s->plan.at];
	if (!a->listing) {
		a->listing = true;
		a->at = set_at(&s->set, &a->from);
	}
	say_list_piece(s, a);
	return true;
}

static bool
say_ask(struct sync *s)
{
	struct buf b;

	while (s->plan.at < s->answers_n && !s->answers[s->plan.at].ask)
		s->plan.at++;
	if (s->plan.at == s->answers_n || !begin(s, 2 * ROOM, &b))
		return false;
	const struct answer *a = &s->answers[s->plan.at++];
	begin_type(&b, 4, WIRE_ASK);
	wire_put_bound(&b, &a->from);
	wire_put_bound(&b, &a->to);
	finish(s, &b);
	return true;
}

static bool
say_coded(struct sync *s)
{
	const struct coded *c = &s->cells;
	struct buf b;

	if (!s->coding || c->first + s->plan.at >= c->end)
		return false;
	const size_t left = c->end - c->first - s->plan.at;
	const size_t n = MIN(left, (size_t)WIRE_CELLS_MAX);
	if (!begin(s, n * WIRE_CELL + 2 * ROOM, &b))
		return false;
	begin_type(&b, 3, WIRE_CODED);
	wire_put_bin(&b, s->coded_ranges, (s->ranges_n + 7) / 8);
	wire_put_uint(&b, c->first + s->plan.at);
	wire_put_bin_head(&b, n * WIRE_CELL);
	for (size_t i = 0; i < n; i++) {
		wire_put_u64be(&b, c->sum[s->plan.at + i]);
		wire_put_u32be(&b, c->check[s->plan.at + i]);
	}
	finish(s, &b);
	s->plan.at += n;
	s->figures.symbols += n;
	return true;
}

static bool
say_more(struct sync *s)
{
	struct buf b;

	if (!s->plan.more || s->plan.at++ > 0 || !begin(s, ROOM, &b))
		return false;
	begin_type(&b, 1, WIRE_MORE);
	wire_put_uint(&b, s->more_upto);
	finish(s, &b);
	return true;
}

/* The next item to give, or winner to send back; asks the driver for it. */
static bool
next_body(struct sync *s, struct sync_item *item)
{
	if (s->cf.take_only)
		return false;
	const size_t at = bit_next(s->give, s->plan.at, s->set.n);
	if (at < s->set.n) {
		s->give[at / 8] &= (uint8_t) ~(1U << at % 8);
		s->plan.at = at + 1;
		*item = s->set.items[at];
		return true;
	}
	s->plan.at = s->set.n;
	if (s->winners_at == s->winners_n)
		return false;
	*item = s->winners[s->winners_at++];
	return true;
}

static void
say_end(struct sync *s)
{
	struct buf b;

	if (!begin(s, ROOM, &b))
		return;
	s->said_done = !s->plan.expecting;
	if (s->said_done) {
		begin_type(&b, 2, WIRE_DONE);
		put_head(&b, s);
	} else {
		begin_type(&b, 0, WIRE_END);
	}
	finish(s, &b);
}

/* ---- the turn ---- */

/* The turn is composed: the peer's begins, or the session is over. */
static void
turn_over(struct sync *s)
{
	const bool peer_done = s->heard.done;
	const bool record = s->plan.record;

	s->figures.turns_out++;
	s->plan = (struct plan){ 0 };
	s->heard = (struct heard){ 0 };
	s->answers_n = 0;
	s->winners_n = s->winners_at = 0;
	if (s->coding) { /* said; MORE goes on from there */
		const size_t n = s->cells.end;
		coded_cells_free(s);
		s->cells.first = s->cells.end = n;
	}
	ids_free(s, &s->wants);
	ids_free(s, &s->refuses);
	if (s->said_done && (peer_done || !record))
		session_over(s);
	else
		s->phase = PHASE_HEAR;
}

static bool
say_step(struct sync *s)
{
	switch (s->plan.step) {
	case WIRE_REFUSE:
		return say_ids(s, WIRE_REFUSE, &s->refuses, &s->plan.at);
	case WIRE_FRESH:
		return say_fresh(s);
	case WIRE_RANGES:
		return say_ranges(s);
	case WIRE_LIST:
		return say_list(s);
	case WIRE_ASK:
		return say_ask(s);
	case WIRE_CODED:
		return say_coded(s);
	case WIRE_MORE:
		return say_more(s);
	case WIRE_WANT:
		return say_ids(s, WIRE_WANT, &s->wants, &s->plan.at);
	case WIRE_HELLO:
	case WIRE_WELCOME:
	case WIRE_CLOSE:
	case WIRE_RECORD:
	case WIRE_END:
	case WIRE_DONE:
		break;
	}
	return false;
}

/* HELLO, WELCOME and CLOSE are a turn each. */
static bool
speak_alone(struct sync *s)
{
	if (s->plan.close != SYNC_CLOSE_NONE) {
		say_close(s, s->plan.close);
		s->close = s->plan.close;
		session_fail(s, SYNC_DECLINED);
		return true;
	}
	if (!s->plan.hello && !s->plan.welcome)
		return false;
	if (s->plan.hello)
		say_hello(s);
	else
		say_welcome(s);
	s->plan = (struct plan){ 0 };
	s->heard = (struct heard){ 0 };
	if (s->phase != PHASE_OVER) {
		s->figures.turns_out++;
		s->phase = PHASE_HEAR;
	}
	return true;
}

static enum step
speak_records(struct sync *s, struct sync_event *ev)
{
	struct sync_item item;

	if (!next_body(s, &item))
		return STEP_ON;
	s->body = true;
	ev->type = SYNC_BODY;
	ev->item = item;
	return STEP_EVENT;
}

enum step
speak(struct sync *s, struct sync_event *ev)
{
	if (speak_alone(s))
		return STEP_ON;
	ASSERT(!s->body); /* the driver owes us sync_body() */
	if (s->out.n > ENOUGH)
		return STEP_WAIT;
	if (s->plan.step == 0)
		s->plan.step = WIRE_REFUSE;
	if (s->plan.step == WIRE_RECORD) {
		if (speak_records(s, ev) == STEP_EVENT)
			return STEP_EVENT;
	} else if (say_step(s)) {
		if (s->plan.step != WIRE_REFUSE)
			s->plan.expecting = true;
		return STEP_ON;
	}
	if (s->phase == PHASE_OVER)
		return STEP_ON;
	if (s->plan.step == WIRE_RECORD) {
		say_end(s);
		if (s->phase != PHASE_OVER)
			turn_over(s);
		return STEP_ON;
	}
	s->plan.step++;
	s->plan.at = 0;
	return STEP_ON;
}

void
sync_body(struct sync *s, struct slice bytes)
{
	struct buf b;

	ASSERT(bytes.n <= RECORD_BYTES_MAX);
	if (s->phase == PHASE_OVER)
		return;
	ASSERT(s->body);
	s->body = false;
	if (bytes.n == 0 || !begin(s, bytes.n + ROOM, &b))
		return;
	begin_type(&b, 1, WIRE_RECORD);
	wire_put_bin(&b, bytes.p, bytes.n);
	finish(s, &b);
	s->plan.record = true;
	s->figures.records_out++;
	s->figures.record_bytes_out += bytes.n;
}
