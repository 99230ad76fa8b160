#include "crypto/crypto.h"
#include "proto/stem/stem_internal.h"

#define LOOK_MS 5000 /* for a peer, when there is none */
#define TICK_MS 250  /* of a time without memory */
#define BUSY_MS 3000 /* until a busy guard is asked again, and as much more */

struct stem_limits
stem_limits_default(void)
{
	return (struct stem_limits){
		.pool_max = 1024,
		.per_peer_max = 64,
		.own_max = 256,
		.bytes_max = 4 << 20,
		.streams_max = 64,
		.checks_per_s = 50,
		.checks_each = 2,
		.timeout_ms = 10000,
		.dial_ms = 60000,
		.busy_max = 3,
		.epoch_ms = 600000,
		.epoch_spread_ms = 60000,
		.spread_permille = 200,
		.embargo_min_ms = 5000,
		.embargo_mean_ms = 15000,
		.patience_ms = 25000,
		.patience_spread_ms = 10000,
		.tries_max = 6,
		.alone_ms = 600000,
		.guard_days = 90,
		.guard_spread_days = 30,
		.guard_gone_h = 72,
		.guard_misses = 3,
		.guard_miss_h = 8,
		.guard_choice = 6,
		.guard_wait_ms = 120000,
		.redraws_max = 2,
	};
}

struct stem *
stem_new(const struct stem_config *cf, uint64_t now_ms)
{
	const struct stem_limits *l = &cf->limits;
	struct stem *s = mem_alloc(cf->mem, sizeof(*s));

	ASSERT(net_is_valid(cf->net));
	ASSERT(l->guard_days > l->guard_spread_days);
	if (s == NULL)
		return NULL;
	s->cf = *cf;
	s->carried_n = l->own_max + l->pool_max;
	s->carried = mem_alloc(cf->mem, s->carried_n * sizeof(s->carried[0]));
	s->incoming =
	    mem_alloc(cf->mem, l->streams_max * sizeof(s->incoming[0]));
	s->scratch = mem_alloc(cf->mem, RECORD_SCRATCH_BYTES);
	if (s->carried == NULL || s->incoming == NULL || s->scratch == NULL) {
		stem_free(s);
		return NULL;
	}
	stem_epoch(s, now_ms);
	s->began_ms = now_ms;
	s->checks_left = l->checks_per_s;
	s->checks_ms = now_ms;
	return s;
}

static void
carried_free(struct stem *s, struct stem_carried *c)
{
	if (c->stream.conn != 0)
		host_stream_reset(s->cf.host, c->stream);
	mem_free(s->cf.mem, c->frame, c->frame_n);
	s->stats.bytes_now -= c->frame_n;
	if (c->own)
		s->stats.own_now--;
	else
		s->stats.pool_now--;
	*c = (struct stem_carried){ .state = STEM_FREE };
}

void
stem_free(struct stem *s)
{
	if (s == NULL)
		return;
	struct mem *mem = s->cf.mem;

	for (uint32_t i = 0; s->carried != NULL && i < s->carried_n; i++)
		if (s->carried[i].state != STEM_FREE)
			carried_free(s, &s->carried[i]);
	mem_free(mem, s->carried, s->carried_n * sizeof(s->carried[0]));
	mem_free(mem, s->incoming,
	    s->cf.limits.streams_max * sizeof(s->incoming[0]));
	mem_free(mem, s->scratch, RECORD_SCRATCH_BYTES);
	mem_free(mem, s, sizeof(*s));
}

/* ---- the table ---- */

/* An own one that comes by is carried a second time, as if it were not. */
static struct stem_carried *
carried_find(const struct stem *s, const uint8_t id[RECORD_ID], bool own)
{
	const uint32_t now = own ? s->stats.own_now : s->stats.pool_now;

	for (uint32_t i = 0; now > 0 && i < s->carried_n; i++)
		if (s->carried[i].state != STEM_FREE &&
		    s->carried[i].own == own &&
		    memcmp(s->carried[i].id, id, RECORD_ID) == 0)
			return &s->carried[i];
	return NULL;
}

/* Most of the time nothing is, and the table need not be walked. */
static bool
any_carried(const struct stem *s)
{
	return s->stats.own_now > 0 || s->stats.pool_now > 0;
}

static struct stem_carried *
carried_of_stream(const struct stem *s, const struct host_event *ev)
{
	for (uint32_t i = 0; any_carried(s) && i < s->carried_n; i++)
		if (s->carried[i].stream.conn == ev->conn && ev->conn != 0 &&
		    s->carried[i].stream.stream == ev->stream)
			return &s->carried[i];
	return NULL;
}

static uint32_t
carried_from(const struct stem *s, const struct peer_id *from)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->carried_n; i++)
		n += s->carried[i].state != STEM_FREE && !s->carried[i].own &&
		     peer_id_eq(&s->carried[i].from, from);
	return n;
}

/* NULL: no room. */
static struct stem_carried *
carried_new(struct stem *s, const struct record *r, bool own, uint64_t now_ms)
{
	const size_t size = stem_frame_size(r->bytes.n);
	struct stem_carried *c = NULL;

	if (own ? s->stats.own_now >= s->cf.limits.own_max
		: s->stats.pool_now >= s->cf.limits.pool_max)
		return NULL;
	/* Others may fill their own part, not the owner's. */
	if (size == 0 ||
	    (!own && s->stats.bytes_now + size > s->cf.limits.bytes_max))
		return NULL;
	for (uint32_t i = 0; c == NULL && i < s->carried_n; i++)
		if (s->carried[i].state == STEM_FREE)
			c = &s->carried[i];
	ASSERT(c != NULL);
	c->frame = mem_alloc(s->cf.mem, size);
	if (c->frame == NULL)
		return NULL;
	c->frame_n = size;
	stem_frame_put(c->frame, r->bytes);
	ASSERT(stem_frame_get(slice_of(c->frame, size), &c->record) == OK);
	memcpy(c->id, r->id, RECORD_ID);
	c->kind = r->kind;
	c->own = own;
	c->began_ms = now_ms;
	c->state = STEM_WAITING;
	s->stats.bytes_now += size;
	if (own)
		s->stats.own_now++;
	else
		s->stats.pool_now++;
	return c;
}

/* ---- times ---- */

/*
 * A time whose rest does not depend on what is over of it: who sees a record
 * spread cannot tell by the time for how long it was under way.
 */
static uint64_t
time_without_memory(const struct stem *s, uint32_t mean_ms)
{
	const uint64_t ticks = MAX(mean_ms / TICK_MS, 1U);
	uint64_t n = 0;

	while (n < 16 * ticks && env_random_below(s->cf.env, ticks) != 0)
		n++;
	return n * TICK_MS + env_random_below(s->cf.env, TICK_MS);
}

static uint64_t
patience(const struct stem *s)
{
	return s->cf.limits.patience_ms +
	       env_random_below(
		   s->cf.env, s->cf.limits.patience_spread_ms + UINT64_C(1));
}

/* ---- handing on ---- */

static void way_next(struct stem *s, struct stem_carried *c, uint64_t now_ms);

static void
leave(struct stem *s, struct stem_carried *c)
{
	if (c->stream.conn != 0)
		host_stream_reset(s->cf.host, c->stream);
	c->stream = (struct host_stream){ 0 };
	if (c->own)
		s->stats.fell_back++;
	c->state = STEM_LEAVING;
}

static void
way_failed(struct stem *s, struct stem_carried *c, uint64_t now_ms)
{
	if (c->stream.conn != 0)
		host_stream_reset(s->cf.host, c->stream);
	c->stream = (struct host_stream){ 0 };
	way_next(s, c, now_ms);
}

static void
push(struct stem *s, struct stem_carried *c, uint64_t now_ms)
{
	size_t taken = 0;

	if (c->sent == c->frame_n)
		return;
	if (host_stream_write(s->cf.host, c->stream,
		slice_of(c->frame + c->sent, c->frame_n - c->sent),
		&taken) != OK) {
		way_failed(s, c, now_ms);
		return;
	}
	c->sent += taken;
	if (c->sent == c->frame_n)
		host_stream_close(s->cf.host, c->stream);
}

static void
send_to(struct stem *s, struct stem_carried *c, uint64_t now_ms)
{
	c->sent = 0;
	if (host_stream_open(
		s->cf.host, &c->to, STEM_PROTOCOL, now_ms, &c->stream) != OK) {
		c->stream = (struct host_stream){ 0 };
		way_next(s, c, now_ms);
		return;
	}
	c->state = STEM_SENDING;
	c->at_ms = now_ms + s->cf.limits.timeout_ms;
	push(s, c, now_ms);
}

static void
wait_for(struct stem_carried *c, uint64_t at_ms)
{
	c->state = STEM_WAITING;
	c->at_ms = at_ms;
}

/* Send when it is connected, else ask for a connection. */
static void
go_to(struct stem *s, struct stem_carried *c, const struct stem_guard *g,
    uint64_t now_ms)
{
	struct host_peer_info info;

	c->to = g->id;
	if (host_peer_find(s->cf.host, &c->to, &info)) {
		stem_guard_seen(s, c->route, &c->to, true);
		send_to(s, c, now_ms);
		return;
	}
	err e = host_peer_add(s->cf.host, &c->to, slice_of(g->addr, g->addr_n),
	    PEER_DISK, now_ms);
	/* Whatever came of that, the host may know another address. */
	e = host_connect(s->cf.host, &c->to, now_ms);
	if (e == OK || e == ERR_EXISTS) {
		wait_for(c, now_ms + s->cf.limits.dial_ms);
		return;
	}
	stem_guard_seen(s, c->route, &c->to, false);
	way_next(s, c, now_ms);
}

static bool
alone_for(const struct stem *s, const struct stem_carried *c, uint32_t part,
    uint64_t now_ms)
{
	const uint32_t all = s->cf.limits.alone_ms;

	return all != UINT32_MAX && now_ms - c->began_ms >= all / part;
}

static bool
was_tried(const struct stem_carried *c, const struct peer_id *id)
{
	for (uint32_t i = 0; i < c->tried_n; i++)
		if (peer_id_eq(&c->tried[i], id))
			return true;
	return false;
}

/*
 * The guards first, each once; then others. Who shares a guard with another
 * persona is linked by it to that one, so that comes after some waiting only.
 */
static void
own_next(struct stem *s, struct stem_carried *c, uint64_t now_ms)
{
	const struct stem_guard *g = NULL;
	const bool share = alone_for(s, c, 2, now_ms);

	if (c->tried_n == s->cf.limits.tries_max ||
	    c->tried_n == STEM_TRIED_MAX) {
		leave(s, c);
		return;
	}
	for (uint32_t i = 0; i < STEM_GUARDS && g == NULL; i++) {
		g = stem_guard_of(s, c->route, i, share, now_ms);
		if (g != NULL && was_tried(c, &g->id))
			g = NULL;
	}
	if (g != NULL || (c->tried_n > 0 && stem_other(s, c, share, &c->to))) {
		if (g != NULL)
			c->to = g->id;
		c->tried[c->tried_n++] = c->to;
		c->busy_n = 0;
		s->stats.tried++;
		if (g != NULL)
			go_to(s, c, g, now_ms);
		else
			send_to(s, c, now_ms);
		return;
	}
	if (alone_for(s, c, 1, now_ms)) {
		leave(s, c);
		return;
	}
	c->to.n = 0;
	wait_for(c, now_ms + MIN(LOOK_MS, s->cf.limits.alone_ms));
}

static void
others_next(struct stem *s, struct stem_carried *c, uint64_t now_ms)
{
	stem_epoch(s, now_ms);
	if (s->spreads || c->tried_n == 2 ||
	    !stem_relay_of(s, &c->from, &c->to) ||
	    (c->tried_n == 1 && peer_id_eq(&c->to, &c->tried[0]))) {
		s->stats.spread++;
		leave(s, c);
		return;
	}
	c->tried[c->tried_n++] = c->to;
	send_to(s, c, now_ms);
}

static void
way_next(struct stem *s, struct stem_carried *c, uint64_t now_ms)
{
	if (c->own)
		own_next(s, c, now_ms);
	else
		others_next(s, c, now_ms);
}

/*
 * A guard that has too much to do is asked again soon: to take the next way
 * at once would let whoever keeps it busy choose the way of our records.
 */
static bool
ask_again(struct stem *s, struct stem_carried *c, uint64_t now_ms)
{
	if (!c->own || c->busy_n == s->cf.limits.busy_max ||
	    stem_guard_find(s, c->route, &c->to) == NULL)
		return false;
	c->busy_n++;
	c->asks_again = true;
	host_stream_close(s->cf.host, c->stream);
	c->stream = (struct host_stream){ 0 };
	wait_for(c, now_ms + BUSY_MS + env_random_below(s->cf.env, BUSY_MS));
	return true;
}

/* The peer has answered, with one byte. */
static void
on_answer(struct stem *s, struct stem_carried *c, uint64_t now_ms)
{
	const struct slice in = host_stream_read(s->cf.host, c->stream);

	if (in.n == 0)
		return;
	const uint8_t status = in.p[0];
	host_stream_consume(s->cf.host, c->stream, in.n);
	const bool sound = c->sent == c->frame_n && in.n == 1;
	if (sound && status == STEM_BUSY && ask_again(s, c, now_ms))
		return;
	if (!sound || status != STEM_TAKEN) {
		way_failed(s, c, now_ms);
		return;
	}
	host_stream_close(s->cf.host, c->stream);
	c->stream = (struct host_stream){ 0 };
	c->state = STEM_SENT;
	c->at_ms = c->own ? now_ms + patience(s) : UINT64_MAX;
	if (!c->own)
		s->stats.handed_on++;
}

/* ---- what others bring ---- */

/* Of this second; NULL: too many peers. */
static struct stem_checks *
checks_of(struct stem *s, const struct peer_id *from)
{
	for (uint32_t i = 0; i < s->checks_n; i++)
		if (peer_id_eq(&s->checks[i].peer, from))
			return &s->checks[i];
	if (s->checks_n == STEM_CHECK_PEERS)
		return NULL;
	s->checks[s->checks_n] = (struct stem_checks){ .peer = *from };
	return &s->checks[s->checks_n++];
}

/*
 * Each peer has a few a second that no other one can take from it; beyond
 * these there is one store for all, of which nobody gets more than a quarter.
 * Who floods is then busy with itself alone.
 */
static bool
may_check(struct stem *s, const struct peer_id *from, uint64_t now_ms)
{
	const struct stem_limits *l = &s->cf.limits;

	if (now_ms - s->checks_ms >= 1000) {
		s->checks_left = l->checks_per_s;
		s->checks_ms = now_ms;
		s->checks_n = 0;
	}
	struct stem_checks *own = checks_of(s, from);
	if (own != NULL && own->n < l->checks_each) {
		own->n++;
		return true;
	}
	if (s->checks_left == 0 ||
	    (own != NULL && own->n >= l->checks_each + l->checks_per_s / 4))
		return false;
	if (own != NULL)
		own->n++;
	s->checks_left--;
	return true;
}

/* The last quarter of the pool is for those who have little in it. */
static uint32_t
per_peer_max(const struct stem *s)
{
	const struct stem_limits *l = &s->cf.limits;

	return s->stats.pool_now < l->pool_max - l->pool_max / 4
		   ? l->per_peer_max
		   : MIN(l->per_peer_max, 4U);
}

/*
 * One that comes a second time has gone in a circle, and is spread here. Who
 * it began with does as everybody else does, so that nobody can find out by
 * handing it back.
 */
static enum stem_status
take(struct stem *s, const struct peer_id *from, struct slice bytes,
    uint64_t now_ms)
{
	struct arena scratch = arena_of(s->scratch, RECORD_SCRATCH_BYTES);
	const struct record_rules rules = { .net = s->cf.net,
		.now_s = s->cf.env->wall_s(s->cf.env->ctx) };
	struct record r;

	if (record_open(bytes, &rules, &scratch, &r) != RECORD_FINE) {
		s->stats.refused++;
		return STEM_REFUSED;
	}
	struct stem_carried *c = carried_find(s, r.id, false);
	if (c != NULL && slice_eq(c->record, bytes)) {
		if (c->state != STEM_LEAVING && c->state != STEM_LEFT) {
			s->stats.spread++;
			leave(s, c);
		}
		return STEM_TAKEN;
	}
	if (c != NULL || carried_from(s, from) >= per_peer_max(s) ||
	    !may_check(s, from, now_ms)) {
		s->stats.busy++;
		return STEM_BUSY;
	}
	if (record_verify(&r, &scratch) != RECORD_FINE) {
		s->stats.refused++;
		return STEM_REFUSED;
	}
	c = carried_new(s, &r, false, now_ms);
	if (c == NULL) {
		s->stats.busy++;
		return STEM_BUSY;
	}
	c->from = *from;
	c->embargo_ms = now_ms + s->cf.limits.embargo_min_ms +
			time_without_memory(s, s->cf.limits.embargo_mean_ms);
	s->stats.taken++;
	others_next(s, c, now_ms);
	return STEM_TAKEN;
}

static void
incoming_free(struct stem *s, struct stem_incoming *in)
{
	*in = (struct stem_incoming){ 0 };
	s->incoming_now--;
}

static void
incoming_cut(struct stem *s, struct stem_incoming *in)
{
	host_stream_reset(s->cf.host, in->stream);
	incoming_free(s, in);
}

static void
incoming_read(
    struct stem *s, struct stem_incoming *in, bool last, uint64_t now_ms)
{
	const struct slice got = host_stream_read(s->cf.host, in->stream);
	struct slice record = { NULL, 0 };
	size_t taken = 0;
	const err e = stem_frame_get(got, &record);

	if (e == ERR_MORE && !last)
		return;
	if (e != OK) {
		s->stats.refused++;
		incoming_cut(s, in);
		return;
	}
	const struct host_stream stream = in->stream;
	const uint8_t status = (uint8_t)take(s, &in->peer, record, now_ms);
	host_stream_consume(s->cf.host, stream, got.n);
	if (host_stream_write(
		s->cf.host, stream, slice_of(&status, 1), &taken) != OK ||
	    taken != 1) {
		incoming_cut(s, in);
		return;
	}
	host_stream_close(s->cf.host, stream);
	in->answered = true;
	if (last)
		incoming_free(s, in);
}

/* Its place is its peer's until the peer has closed its side too. */
static void
on_incoming(struct stem *s, struct stem_incoming *in,
    const struct host_event *ev, uint64_t now_ms)
{
	if (ev->type == HOST_STREAM_CLOSED ||
	    (in->answered && ev->type == HOST_STREAM_END))
		incoming_free(s, in);
	else if (!in->answered)
		incoming_read(s, in, ev->type == HOST_STREAM_END, now_ms);
	else if (ev->type == HOST_STREAM_DATA) /* longer than its frame */
		incoming_cut(s, in);
}

static void
incoming_new(struct stem *s, const struct host_event *ev, uint64_t now_ms)
{
	const struct host_stream stream = { ev->conn, ev->stream };

	for (uint32_t i = 0; i < s->cf.limits.streams_max; i++)
		if (s->incoming[i].stream.conn == 0) {
			s->incoming[i] =
			    (struct stem_incoming){ .stream = stream,
				    .peer = ev->peer,
				    .at_ms = now_ms + s->cf.limits.timeout_ms };
			s->incoming_now++;
			return;
		}
	s->stats.busy++;
	host_stream_reset(s->cf.host, stream);
}

static struct stem_incoming *
incoming_of(const struct stem *s, const struct host_event *ev)
{
	for (uint32_t i = 0;
	     s->incoming_now > 0 && i < s->cf.limits.streams_max; i++)
		if (s->incoming[i].stream.conn == ev->conn && ev->conn != 0 &&
		    s->incoming[i].stream.stream == ev->stream)
			return &s->incoming[i];
	return NULL;
}

/* ---- events ---- */

static void
on_conn_closed(struct stem *s, host_conn conn, uint64_t now_ms)
{
	for (uint32_t i = 0; i < s->cf.limits.streams_max; i++)
		if (conn != 0 && s->incoming[i].stream.conn == conn)
			incoming_free(s, &s->incoming[i]);
	for (uint32_t i = 0; any_carried(s) && i < s->carried_n; i++) {
		struct stem_carried *c = &s->carried[i];
		if (conn == 0 || c->stream.conn != conn)
			continue;
		c->stream = (struct host_stream){ 0 };
		way_next(s, c, now_ms);
	}
}

static void
on_peer(struct stem *s, const struct host_event *ev, uint64_t now_ms)
{
	const bool up = ev->type == HOST_PEER_UP;

	for (uint32_t i = 0; any_carried(s) && i < s->carried_n; i++) {
		struct stem_carried *c = &s->carried[i];
		if (c->state != STEM_WAITING || c->to.n == 0 || c->asks_again ||
		    !peer_id_eq(&c->to, &ev->peer))
			continue;
		stem_guard_seen(s, c->route, &c->to, up);
		if (up)
			send_to(s, c, now_ms);
		else
			way_next(s, c, now_ms);
	}
}

static void
on_own_stream(struct stem *s, struct stem_carried *c,
    const struct host_event *ev, uint64_t now_ms)
{
	if (ev->type == HOST_STREAM_READY || ev->type == HOST_STREAM_WRITABLE) {
		push(s, c, now_ms);
	} else if (ev->type == HOST_STREAM_DATA) {
		on_answer(s, c, now_ms);
	} else if (ev->type == HOST_STREAM_END) {
		on_answer(s, c, now_ms);
		if (c->state == STEM_SENDING && c->stream.conn != 0)
			way_failed(s, c, now_ms);
	} else { /* refused, or reset */
		c->stream = (struct host_stream){ 0 };
		way_next(s, c, now_ms);
	}
}

bool
stem_event(struct stem *s, const struct host_event *ev, uint64_t now_ms)
{
	struct stem_carried *c = NULL;
	struct stem_incoming *in = NULL;

	if (ev->type == HOST_PEER_UP || ev->type == HOST_UNREACHABLE)
		on_peer(s, ev, now_ms);
	if (ev->type == HOST_CLOSE)
		on_conn_closed(s, ev->conn, now_ms);
	if (ev->type == HOST_STREAM_OPENED && ev->protocol == s->cf.protocol) {
		incoming_new(s, ev, now_ms);
		return true;
	}
	if (ev->type < HOST_STREAM_READY || ev->type > HOST_STREAM_CLOSED)
		return false;
	if ((c = carried_of_stream(s, ev)) != NULL)
		on_own_stream(s, c, ev, now_ms);
	else if ((in = incoming_of(s, ev)) == NULL)
		return false;
	else
		on_incoming(s, in, ev, now_ms);
	return true;
}

/* ---- time ---- */

static uint64_t
due_ms(const struct stem_carried *c)
{
	if (c->state != STEM_WAITING && c->state != STEM_SENDING &&
	    c->state != STEM_SENT)
		return UINT64_MAX;
	return c->own ? c->at_ms : MIN(c->at_ms, c->embargo_ms);
}

uint64_t
stem_expiry(const struct stem *s)
{
	uint64_t at = UINT64_MAX;

	for (uint32_t i = 0;
	     s->incoming_now > 0 && i < s->cf.limits.streams_max; i++)
		if (s->incoming[i].stream.conn != 0)
			at = MIN(at, s->incoming[i].at_ms);
	for (uint32_t i = 0; any_carried(s) && i < s->carried_n; i++)
		at = MIN(at, due_ms(&s->carried[i]));
	return at;
}

static void
carried_on_time(struct stem *s, struct stem_carried *c, uint64_t now_ms)
{
	if (!c->own && c->embargo_ms <= now_ms) {
		s->stats.embargoed++;
		leave(s, c);
		return;
	}
	if (c->asks_again) {
		const struct stem_guard *g =
		    stem_guard_find(s, c->route, &c->to);
		c->asks_again = false;
		if (g != NULL) {
			go_to(s, c, g, now_ms);
			return;
		}
	} else if (c->own && c->state == STEM_WAITING && c->to.n > 0)
		stem_guard_seen(s, c->route, &c->to, false);
	way_failed(s, c, now_ms);
}

void
stem_on_time(struct stem *s, uint64_t now_ms)
{
	for (uint32_t i = 0;
	     s->incoming_now > 0 && i < s->cf.limits.streams_max; i++)
		if (s->incoming[i].stream.conn != 0 &&
		    s->incoming[i].at_ms <= now_ms)
			incoming_cut(s, &s->incoming[i]);
	for (uint32_t i = 0; any_carried(s) && i < s->carried_n; i++)
		if (due_ms(&s->carried[i]) <= now_ms)
			carried_on_time(s, &s->carried[i], now_ms);
}

/* ---- the owner's side ---- */

err
stem_publish(
    struct stem *s, uint32_t route, struct slice bytes, uint64_t now_ms)
{
	struct arena scratch = arena_of(s->scratch, RECORD_SCRATCH_BYTES);
	const struct record_rules rules = { .net = s->cf.net,
		.now_s = s->cf.env->wall_s(s->cf.env->ctx) };
	struct record r;

	ASSERT(route < STEM_ROUTES_MAX);
	if (record_open(bytes, &rules, &scratch, &r) != RECORD_FINE)
		return ERR_FORM;
	struct stem_carried *c = carried_find(s, r.id, true);
	if (c != NULL)
		return ERR_EXISTS;
	c = carried_new(s, &r, true, now_ms);
	if (c == NULL)
		return ERR_LIMIT;
	c->route = route;
	s->stats.published++;
	own_next(s, c, now_ms);
	return OK;
}

void
stem_heard(struct stem *s, const uint8_t id[RECORD_ID], struct slice bytes)
{
	for (int own = 0; own < 2; own++) {
		struct stem_carried *c = carried_find(s, id, own != 0);
		if (c == NULL || c->state == STEM_LEFT ||
		    !slice_eq(c->record, bytes))
			continue;
		s->stats.heard += c->own;
		carried_free(s, c);
	}
}

bool
stem_next(struct stem *s, struct stem_news *out)
{
	if (s->left > 0)
		carried_free(s, &s->carried[s->left - 1]);
	s->left = 0;
	for (uint32_t r = 0; r < STEM_ROUTES_MAX; r++)
		if (s->changed[r]) {
			s->changed[r] = false;
			*out = (struct stem_news){ .type = STEM_NEW_GUARDS,
				.route = r };
			return true;
		}
	for (uint32_t i = 0; any_carried(s) && i < s->carried_n; i++) {
		struct stem_carried *c = &s->carried[i];
		if (c->state != STEM_LEAVING)
			continue;
		c->state = STEM_LEFT;
		s->left = i + 1;
		*out = (struct stem_news){ .type = STEM_SPREAD,
			.route = c->route,
			.own = c->own,
			.kind = c->kind,
			.id = c->id,
			.bytes = c->record };
		return true;
	}
	return false;
}

void
stem_guards(const struct stem *s, uint32_t route, struct stem_guards *out)
{
	ASSERT(route < STEM_ROUTES_MAX);
	*out = s->routes[route];
}

void
stem_guards_set(struct stem *s, uint32_t route, const struct stem_guards *g)
{
	ASSERT(route < STEM_ROUTES_MAX);
	s->routes[route] = *g;
}

void
stem_guards_drop(struct stem *s, uint32_t route)
{
	const struct stem_guards none = { 0 };

	stem_guards_set(s, route, &none);
	s->changed[route] = true;
}

void
stem_stats(struct stem *s, struct stem_stats *out)
{
	s->stats.relays = stem_relays_count(s);
	s->stats.untaken_now = 0;
	for (uint32_t i = 0; i < s->carried_n; i++)
		s->stats.untaken_now +=
		    s->carried[i].own &&
		    (s->carried[i].state == STEM_WAITING ||
			s->carried[i].state == STEM_SENDING);
	*out = s->stats;
}
