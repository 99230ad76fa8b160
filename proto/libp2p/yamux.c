#include "proto/libp2p/yamux.h"

#define ID_MAX     (UINT32_MAX - 2)
#define DRAIN_MAX  (1u << 20) /* body for a stream that is gone */
#define SPLIT_MIN  1024       /* do not cut smaller frames to fill a buffer */
#define FLAGS_NONE 0

err
yamux_frame_get(struct slice in, struct yamux_frame *out)
{
	if (in.n < YAMUX_HEAD)
		return ERR_MORE;
	if (in.p[0] != 0 || in.p[1] > YAMUX_GOAWAY)
		return ERR_PEER;
	*out = (struct yamux_frame){
		.type = (enum yamux_type)in.p[1],
		.flags = get_u16be(in.p + 2),
		.stream = get_u32be(in.p + 4),
		.length = get_u32be(in.p + 8),
	};
	return OK;
}

void
yamux_frame_put(uint8_t out[YAMUX_HEAD], const struct yamux_frame *f)
{
	out[0] = 0;
	out[1] = (uint8_t)f->type;
	put_u16be(out + 2, f->flags);
	put_u32be(out + 4, f->stream);
	put_u32be(out + 8, f->length);
}

void
yamux_init(struct yamux *y, const struct yamux_config *cf)
{
	ASSERT(cf->window >= YAMUX_WINDOW && cf->streams_max > 0);
	ASSERT(cf->events_max > 0 && cf->tx_max > 0);
	*y = (struct yamux){
		.cf = *cf,
		.why = "",
		.next_id = cf->dialer ? 1 : 2,
		.rtt_ms = UINT32_MAX,
	};
	queue_init(&y->control, cf->mem, YAMUX_CONTROL_MAX);
	link_init(&y->events);
	link_init(&y->controls);
	link_init(&y->datas);
}

/* ---- the table of streams ---- */

static struct yamux_stream **
bucket_of(struct yamux *y, uint32_t id)
{
	return &y->buckets[(id >> 1) % YAMUX_BUCKETS];
}

/* Dead ones as well. */
static struct yamux_stream *
find_any(const struct yamux *y, uint32_t id)
{
	struct yamux_stream *s = y->buckets[(id >> 1) % YAMUX_BUCKETS];

	while (s != NULL && s->id != id)
		s = s->bucket_next;
	return s;
}

struct yamux_stream *
yamux_find(const struct yamux *y, uint32_t id)
{
	struct yamux_stream *s = find_any(y, id);

	return s == NULL || s->dead ? NULL : s;
}

static bool
is_ours(const struct yamux *y, uint32_t id)
{
	return (id % 2 == 1) == y->cf.dialer;
}

static struct yamux_stream *
stream_new(struct yamux *y, uint32_t id)
{
	struct yamux_stream *s = mem_alloc(y->cf.mem, sizeof(*s));
	struct yamux_stream **bucket = bucket_of(y, id);

	if (s == NULL)
		return NULL;
	s->id = id;
	queue_init(&s->rx, y->cf.mem, y->cf.window);
	queue_init(&s->tx, y->cf.mem, y->cf.tx_max);
	s->rx_credit = y->cf.window;
	s->tx_credit = YAMUX_WINDOW;
	s->grant = y->cf.window - YAMUX_WINDOW;
	link_init(&s->event);
	link_init(&s->control);
	link_init(&s->data);
	s->bucket_next = *bucket;
	*bucket = s;
	y->streams_n++;
	if (!is_ours(y, id))
		y->inbound_n++;
	return s;
}

static void
stream_acked(struct yamux *y, struct yamux_stream *s)
{
	if (s->unacked) {
		s->unacked = false;
		y->unacked_n--;
	}
}

static void
stream_free(struct yamux *y, struct yamux_stream *s)
{
	struct yamux_stream **at = bucket_of(y, s->id);

	while (*at != s)
		at = &(*at)->bucket_next;
	*at = s->bucket_next;
	y->streams_n--;
	if (!is_ours(y, s->id))
		y->inbound_n--;
	if (!link_is_alone(&s->event))
		y->events_n--;
	stream_acked(y, s);
	link_drop(&s->event);
	link_drop(&s->control);
	link_drop(&s->data);
	queue_fini(&s->rx);
	queue_fini(&s->tx);
	mem_free(y->cf.mem, s, sizeof(*s));
}

void
yamux_fini(struct yamux *y)
{
	for (size_t i = 0; i < YAMUX_BUCKETS; i++)
		while (y->buckets[i] != NULL)
			stream_free(y, y->buckets[i]);
	queue_fini(&y->control);
}

/* ---- what waits to be polled or sent ---- */

static void
stream_event(
    struct yamux *y, struct yamux_stream *s, enum yamux_event_type type)
{
	if (link_is_alone(&s->event))
		y->events_n++;
	s->events |= (uint8_t)(1u << type);
	list_put(&y->events, &s->event);
}

bool
yamux_next(struct yamux *y, struct yamux_event *ev)
{
	if (list_is_empty(&y->events))
		return false;
	struct yamux_stream *s =
	    CONTAINER_OF(y->events.next, struct yamux_stream, event);
	unsigned type = 0;
	while ((s->events >> type & 1) == 0)
		type++;
	s->events &= (uint8_t) ~(1u << type);
	if (s->events == 0) {
		link_drop(&s->event);
		y->events_n--;
	}
	*ev = (struct yamux_event){ (enum yamux_event_type)type, s };
	return true;
}

/* Puts the stream into, or out of, the round of those that can send. */
void
yamux_flush(struct yamux *y, struct yamux_stream *s)
{
	const bool data = s->tx.n > 0 && s->tx_credit > 0;
	const bool fin = s->tx.n == 0 && s->closing && !s->fin_sent;

	if (!s->dead && (data || fin))
		list_put(&y->datas, &s->data);
	else
		link_drop(&s->data);
}

/* Closed both ways and nothing to read: it is over. */
static void
stream_settle(struct yamux *y, struct yamux_stream *s)
{
	if (s->rx_ended && s->fin_sent && s->rx.n == 0 && !s->dead) {
		s->dead = true;
		stream_event(y, s, YAMUX_CLOSED);
	}
}

static err
fail(struct yamux *y, err e, const char *why)
{
	if (y->failed == OK) {
		y->failed = e;
		y->why = why;
	}
	return y->failed;
}

static void
control_put(struct yamux *y, enum yamux_type type, uint16_t flags,
    uint32_t stream, uint32_t length)
{
	uint8_t head[YAMUX_HEAD];

	yamux_frame_put(
	    head, &(struct yamux_frame){ type, flags, stream, length });
	if (queue_put(&y->control, head, sizeof(head)) != OK)
		(void)fail(y, ERR_LIMIT, "yamux: replies are not read");
}

/* The peer broke the protocol: tell it, and be done. */
static err
fail_peer(struct yamux *y, const char *why)
{
	if (y->failed == OK && !y->goaway_sent) {
		control_put(
		    y, YAMUX_GOAWAY, FLAGS_NONE, 0, YAMUX_PROTOCOL_ERROR);
		y->goaway_sent = true;
	}
	return fail(y, ERR_PEER, why);
}

/*
 * Opening a stream and resetting it at once, or pinging without end, costs
 * the peer a few bytes and us an allocation or an answer each time.
 */
static err
churn(struct yamux *y)
{
	const uint64_t gone = (y->now_ms - y->churn_ms) * YAMUX_CHURN_PER_S;

	if (gone >= 1000) {
		y->churn -= (uint32_t)MIN(gone / 1000, (uint64_t)y->churn);
		y->churn_ms = y->now_ms;
	}
	if (++y->churn > YAMUX_CHURN_BURST)
		return fail(y, ERR_LIMIT, "yamux: resets or pings without end");
	return OK;
}

/* Reset from either side: everything is forgotten but the last event. */
static void
stream_kill(struct yamux *y, struct yamux_stream *s)
{
	s->dead = true;
	stream_acked(y, s);
	link_drop(&s->control);
	link_drop(&s->data);
	queue_fini(&s->rx);
	queue_fini(&s->tx);
	if (s->events & 1u << YAMUX_OPENED) {
		stream_free(y, s); /* nobody has heard of it */
		return;
	}
	s->events = 0;
	stream_event(y, s, YAMUX_CLOSED);
}

/* ---- receiving ---- */

/* NULL: refused by RST, the frame is drained. */
static struct yamux_stream *
stream_accept(struct yamux *y, uint32_t id)
{
	const uint32_t inbound_max = y->cf.streams_max - y->cf.streams_max / 8;
	struct yamux_stream *s = NULL;

	if (!y->goaway_wanted && !y->goaway_sent &&
	    y->inbound_n < inbound_max && y->streams_n < y->cf.streams_max)
		s = stream_new(y, id);
	if (s == NULL) {
		control_put(y, YAMUX_WINDOW_UPDATE, YAMUX_RST, id, 0);
		return NULL;
	}
	s->need_ack = true;
	list_put(&y->controls, &s->control);
	stream_event(y, s, YAMUX_OPENED);
	return s;
}

static void
on_fin(struct yamux *y, struct yamux_stream *s)
{
	if (s->rx_ended)
		return;
	s->rx_ended = true;
	stream_event(y, s, YAMUX_END);
	stream_settle(y, s);
}

static void
on_credit(struct yamux *y, struct yamux_stream *s, uint32_t credit)
{
	s->tx_credit += MIN(credit, UINT32_MAX - s->tx_credit);
	yamux_flush(y, s);
}

/* A body begins: whose is it, and is it within the window? */
static err
on_data_head(struct yamux *y, struct yamux_stream *s)
{
	const struct yamux_frame *f = &y->frame;

	y->body_left = f->length;
	y->body_drained = s == NULL || s->rx_ended;
	if (s == NULL) {
		if (f->length > MAX(DRAIN_MAX, y->cf.window))
			return fail_peer(y, "yamux: frame too long");
		return OK;
	}
	if (f->length > s->rx_credit)
		return fail_peer(y, "yamux: window exceeded");
	s->rx_credit -= f->length;
	if (f->length == 0 && f->flags & YAMUX_FIN)
		on_fin(y, s);
	return OK;
}

/* Data and window updates carry the same flags. */
static err
on_stream_frame(struct yamux *y)
{
	const struct yamux_frame *f = &y->frame;
	struct yamux_stream *s = yamux_find(y, f->stream);

	if (f->stream == 0)
		return fail_peer(y, "yamux: data on the session");
	if (f->flags & YAMUX_SYN) {
		if (find_any(y, f->stream) != NULL)
			return fail_peer(y, "yamux: stream opened twice");
		if (is_ours(y, f->stream))
			return fail_peer(y, "yamux: stream id of our side");
		s = stream_accept(y, f->stream);
		if (y->failed != OK)
			return y->failed;
		if (s == NULL)
			TRY(churn(y));
	}
	const bool moves =
	    f->length > 0 ||
	    (f->flags & (YAMUX_SYN | YAMUX_ACK | YAMUX_FIN)) != 0;
	if (!moves || (f->flags & YAMUX_RST && !is_ours(y, f->stream)))
		TRY(churn(y));
	if (s != NULL && f->flags & YAMUX_ACK)
		stream_acked(y, s);
	if (s != NULL && f->flags & YAMUX_RST) {
		stream_kill(y, s);
		s = NULL;
	}
	if (f->type == YAMUX_DATA)
		return on_data_head(y, s);
	/* with RST the length is an error code, so only here it is credit */
	if (s != NULL) {
		on_credit(y, s, f->length);
		if (f->flags & YAMUX_FIN)
			on_fin(y, s);
	}
	return OK;
}

static err
on_goaway(struct yamux *y)
{
	y->goaway_seen = true;
	switch (y->frame.length) {
	case YAMUX_NORMAL:
		return fail(y, ERR_CLOSED, "the peer said goodbye");
	case YAMUX_PROTOCOL_ERROR:
		return fail(y, ERR_CLOSED, "the peer saw a protocol error");
	default:
		return fail(y, ERR_CLOSED, "the peer had an internal error");
	}
}

static err
on_ping(struct yamux *y, uint64_t now_ms)
{
	const struct yamux_frame *f = &y->frame;

	TRY(churn(y));
	if (f->flags & YAMUX_SYN)
		control_put(y, YAMUX_PING, YAMUX_ACK, 0, f->length);
	if (f->flags & YAMUX_ACK && y->ping_out && f->length == y->ping_id) {
		y->ping_out = false;
		y->rtt_ms = (uint32_t)MIN(
		    now_ms - y->ping_ms, (uint64_t)UINT32_MAX - 1);
	}
	return y->failed;
}

static err
on_head(struct yamux *y, uint64_t now_ms)
{
	if (yamux_frame_get(slice_of(y->head, YAMUX_HEAD), &y->frame) != OK)
		return fail_peer(y, "yamux: not a frame");
	y->head_n = 0;
	switch (y->frame.type) {
	case YAMUX_DATA:
	case YAMUX_WINDOW_UPDATE:
		return on_stream_frame(y);
	case YAMUX_PING:
		return on_ping(y, now_ms);
	case YAMUX_GOAWAY:
		return on_goaway(y);
	}
	return fail_peer(y, "yamux: not a frame");
}

static void
on_body(struct yamux *y, struct slice part)
{
	struct yamux_stream *s =
	    y->body_drained ? NULL : yamux_find(y, y->frame.stream);

	y->body_left -= (uint32_t)part.n;
	if (s == NULL)
		return;
	if (queue_put(&s->rx, part.p, part.n) != OK) {
		/* over the budget of the connection: this stream gives way */
		control_put(y, YAMUX_WINDOW_UPDATE, YAMUX_RST, s->id, 0);
		stream_kill(y, s);
		y->body_drained = true;
		return;
	}
	stream_event(y, s, YAMUX_READABLE);
	if (y->body_left == 0 && y->frame.flags & YAMUX_FIN)
		on_fin(y, s);
}

err
yamux_recv(struct yamux *y, uint64_t now_ms, struct slice *in)
{
	y->now_ms = MAX(y->now_ms, now_ms);
	while (y->failed == OK && in->n > 0 && y->events_n < y->cf.events_max) {
		if (y->body_left > 0) {
			const size_t n = MIN(in->n, y->body_left);
			on_body(y, slice_of(in->p, n));
			slice_skip(in, n);
			continue;
		}
		const size_t n = MIN(in->n, (size_t)(YAMUX_HEAD - y->head_n));
		memcpy(y->head + y->head_n, in->p, n);
		y->head_n = (uint8_t)(y->head_n + n);
		slice_skip(in, n);
		if (y->head_n == YAMUX_HEAD)
			TRY(on_head(y, now_ms));
	}
	return y->failed;
}

/* ---- sending ---- */

bool
yamux_pending(const struct yamux *y)
{
	if (y->control.n > 0)
		return true;
	return y->failed == OK &&
	       (!list_is_empty(&y->controls) || !list_is_empty(&y->datas) ||
		   (y->goaway_wanted && !y->goaway_sent));
}

static void
put_head(struct buf *out, enum yamux_type type, uint16_t flags, uint32_t stream,
    uint32_t length)
{
	yamux_frame_put(out->p + out->n,
	    &(struct yamux_frame){ type, flags, stream, length });
	out->n += YAMUX_HEAD;
}

/* Opening, acceptance and credit of one stream: one window update. */
static void
send_control(struct yamux_stream *s, struct buf *out)
{
	uint16_t flags = 0;

	if (s->need_syn)
		flags |= YAMUX_SYN;
	if (s->need_ack)
		flags |= YAMUX_ACK;
	put_head(out, YAMUX_WINDOW_UPDATE, flags, s->id, s->grant);
	s->need_syn = s->need_ack = false;
	s->grant = 0;
	link_drop(&s->control);
}

/* One frame of one stream, which then goes to the end of the round. */
static bool
send_data(struct yamux *y, struct yamux_stream *s, struct buf *out)
{
	const size_t room = buf_room(out) - YAMUX_HEAD;
	size_t n = MIN(s->tx.n, (size_t)YAMUX_FRAME_MAX);

	n = MIN(n, (size_t)s->tx_credit);
	if (n > room && room < SPLIT_MIN && out->n > 0)
		return false;
	n = MIN(n, room);
	if (s->tx.n > 0 && n == 0)
		return false;
	link_drop(&s->data);
	if (s->tx.n == 0) {
		put_head(out, YAMUX_DATA, YAMUX_FIN, s->id, 0);
		s->fin_sent = true;
		stream_settle(y, s);
		return true;
	}
	put_head(out, YAMUX_DATA, FLAGS_NONE, s->id, (uint32_t)n);
	memcpy(out->p + out->n, queue_peek(&s->tx).p, n);
	out->n += n;
	queue_skip(&s->tx, n);
	s->tx_credit -= (uint32_t)n;
	if (s->want_room && s->tx.n <= s->tx.max / 2) {
		s->want_room = false;
		stream_event(y, s, YAMUX_WRITABLE);
	}
	yamux_flush(y, s);
	return true;
}

void
yamux_send(struct yamux *y, struct buf *out)
{
	const size_t whole = MIN(y->control.n, buf_room(out)) / YAMUX_HEAD;
	const size_t n = whole * YAMUX_HEAD;

	if (n > 0) {
		memcpy(out->p + out->n, queue_peek(&y->control).p, n);
		out->n += n;
		queue_skip(&y->control, n);
	}
	if (y->failed != OK)
		return;
	while (!list_is_empty(&y->controls)) {
		if (buf_room(out) < YAMUX_HEAD)
			return;
		send_control(CONTAINER_OF(y->controls.next, struct yamux_stream,
				 control),
		    out);
	}
	while (!list_is_empty(&y->datas)) {
		if (buf_room(out) < YAMUX_HEAD)
			return;
		if (!send_data(y,
			CONTAINER_OF(y->datas.next, struct yamux_stream, data),
			out))
			return;
	}
	if (y->goaway_wanted && !y->goaway_sent &&
	    buf_room(out) >= YAMUX_HEAD) {
		put_head(out, YAMUX_GOAWAY, FLAGS_NONE, 0, YAMUX_NORMAL);
		y->goaway_sent = true;
	}
}

/* ---- the owner's verbs ---- */

err
yamux_open(struct yamux *y, struct yamux_stream **out)
{
	if (y->failed != OK || y->goaway_wanted || y->goaway_sent ||
	    y->goaway_seen || y->next_id > ID_MAX)
		return ERR_CLOSED;
	if (y->streams_n >= y->cf.streams_max ||
	    y->unacked_n >= YAMUX_UNACKED_MAX)
		return ERR_LIMIT;
	struct yamux_stream *s = stream_new(y, y->next_id);
	if (s == NULL)
		return ERR_LIMIT;
	y->next_id += 2;
	s->need_syn = true;
	s->unacked = true;
	y->unacked_n++;
	list_put(&y->controls, &s->control);
	*out = s;
	return OK;
}

err
yamux_write(
    struct yamux *y, struct yamux_stream *s, struct slice in, size_t *taken)
{
	size_t n = MIN(in.n, queue_room(&s->tx));

	*taken = 0;
	if (s->dead || s->closing)
		return ERR_CLOSED;
	/* a budget that is nearly used up may still hold a smaller piece */
	while (n > 0 && queue_put(&s->tx, in.p, n) != OK)
		n /= 2;
	if (in.n > 0 && n == 0 && s->tx.n == 0)
		return ERR_LIMIT;
	*taken = n;
	if (n < in.n)
		s->want_room = true;
	yamux_flush(y, s);
	return OK;
}

void
yamux_consume(struct yamux *y, struct yamux_stream *s, size_t n)
{
	queue_skip(&s->rx, n);
	s->consumed += (uint32_t)n;
	if (!s->rx_ended && !s->dead && s->consumed >= y->cf.window / 2) {
		s->rx_credit += s->consumed;
		s->grant += s->consumed;
		s->consumed = 0;
		list_put(&y->controls, &s->control);
	}
	stream_settle(y, s);
}

void
yamux_close(struct yamux *y, struct yamux_stream *s)
{
	s->closing = true;
	yamux_flush(y, s);
}

void
yamux_drop(struct yamux *y, struct yamux_stream *s)
{
	/* a peer that has not heard of it needs no RST */
	if (!s->dead && !s->need_syn)
		control_put(y, YAMUX_WINDOW_UPDATE, YAMUX_RST, s->id, 0);
	stream_free(y, s);
}

void
yamux_ping(struct yamux *y, uint64_t now_ms)
{
	y->ping_out = true;
	y->ping_id++;
	y->ping_ms = now_ms;
	control_put(y, YAMUX_PING, YAMUX_SYN, 0, y->ping_id);
}

void
yamux_goaway(struct yamux *y)
{
	y->goaway_wanted = true;
}
