#include "node/fetch.h"

#include <stdlib.h>

#include "proto/base/varint.h"
#include "proto/record/value.h"

#define REQUEST_MAX     64
#define TIMEOUT_S       60  /* without progress */
#define OVERLAP_HOURS   24  /* what we ask for again, before our newest */
#define ROUND_S         600 /* the slow round: one peer, the last hours */
#define ROUND_HOURS     2
#define IN_PIPELINE_MAX 64 /* records of one answer under judgement */

/* One answer that we give. */
struct serving {
	struct host_stream stream;
	bool used, asked; /* the request was read */
	bool ending;
	uint64_t *rids;
	size_t n, at;
	bool more;
	uint64_t last_s;
};

/* One question that we ask. */
struct asking {
	struct host_stream stream;
	struct peer_id peer;
	bool used, stepping;
	unsigned serial; /* tells a late result from a new question's */
	unsigned in_pipeline;
	uint64_t since;
	uint64_t last_hour; /* of the last record, as it says itself */
	uint64_t got, fresh;
	uint64_t last_s;
};

struct fetch {
	struct node *n;
	struct serving serving[FETCH_SERVED_AT_ONCE];
	struct asking asking[FETCH_ASKED_AT_ONCE];
	unsigned serial;
	struct fetch_stats stats;
	uint64_t next_round_s;
	struct arena scratch;
};

struct fetch *
fetch_new(struct node *n)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->n = n;
	f->scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	if (f->scratch.p == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

void
fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < FETCH_SERVED_AT_ONCE; i++)
		free(f->serving[i].rids);
	free(f->scratch.p);
	free(f);
}

static bool
same_stream(struct host_stream a, const struct host_event *ev)
{
	return a.conn == ev->conn && a.stream == ev->stream;
}

/* ---- serving ---- */

static void
serving_end(struct serving *s)
{
	free(s->rids);
	*s = (struct serving){ 0 };
}

static void
serving_reset(struct fetch *f, struct serving *s)
{
	host_stream_reset(f->n->host, s->stream);
	f->stats.refused++;
	serving_end(s);
}

/* What a request asks for; ERR_MORE: not all of it is here. */
struct request {
	uint64_t class_mask, since, max;
};

static err
request_parse(
    struct fetch *f, struct slice in, struct request *out, size_t *used)
{
	uint64_t len = 0;
	size_t head = 0;
	struct value v;

	TRY(varint_get(in, &len, &head));
	if (len > REQUEST_MAX)
		return ERR_PEER;
	if (in.n - head < len)
		return ERR_MORE;
	arena_reset(&f->scratch);
	if (value_parse(slice_of(in.p + head, (size_t)len), &f->scratch, &v) !=
		OK ||
	    v.type != VALUE_ARRAY || v.n != 5 ||
	    v.items[0].type != VALUE_UINT || v.items[0].u != 1 ||
	    v.items[1].type != VALUE_STR ||
	    !slice_eq_str(v.items[1].s, f->n->config->node.network) ||
	    v.items[2].type != VALUE_UINT || v.items[3].type != VALUE_UINT ||
	    v.items[4].type != VALUE_UINT)
		return ERR_PEER;
	*out = (struct request){ v.items[2].u, v.items[3].u, v.items[4].u };
	*used = head + (size_t)len;
	return OK;
}

struct collect {
	struct serving *s;
	uint64_t max;
};

static bool
on_collect(void *ctx, const struct store_record *r)
{
	struct collect *c = ctx;

	/* Nobody may learn from us alone that a card is ours. */
	if (r->kind == KIND_PROFILE && r->own && !r->heard)
		return true;
	if (c->s->n == c->max) {
		c->s->more = true;
		return false;
	}
	c->s->rids[c->s->n++] = r->rid;
	return true;
}

static err
serving_collect(struct fetch *f, struct serving *s, const struct request *q)
{
	struct collect c = { s, MIN(q->max, (uint64_t)FETCH_RECORDS_MAX) };
	struct store_view *view = NULL;

	s->rids = calloc(c.max + 1, sizeof(*s->rids));
	if (s->rids == NULL)
		return ERR_NOMEM;
	TRY(store_view_open(f->n->store, &view));
	const err e = store_each_time(view, q->since,
	    (uint32_t)(q->class_mask & UINT32_MAX), on_collect, &c);
	store_view_close(view);
	return e;
}

/* Sends whole records while the stream has room. */
static void
serving_write(struct fetch *f, struct serving *s)
{
	struct host *h = f->n->host;
	struct store_view *view = NULL;

	if (!s->asked || s->ending || store_view_open(f->n->store, &view) != OK)
		return;
	while (s->at < s->n) {
		uint8_t frame[RECORD_BYTES_MAX + VARINT_MAX];
		struct buf b = { frame, 0, sizeof(frame) };
		struct store_record r;
		size_t taken = 0;
		if (store_get_rid(view, s->rids[s->at], &r) != OK) {
			s->at++; /* replaced meanwhile */
			continue;
		}
		if (varint_put(&b, r.bytes.n) != OK ||
		    buf_put(&b, r.bytes.p, r.bytes.n) != OK)
			break;
		if (host_stream_room(h, s->stream) < b.n)
			break;
		if (host_stream_write(h, s->stream, buf_slice(&b), &taken) !=
			OK ||
		    taken != b.n)
			break;
		s->at++;
		s->last_s = node_now(f->n);
		f->stats.records_out++;
	}
	store_view_close(view);
	if (s->at < s->n || host_stream_room(h, s->stream) < 2)
		return;
	const uint8_t end[2] = { 0, s->more ? 1 : 0 };
	size_t taken = 0;
	if (host_stream_write(h, s->stream, slice_of(end, 2), &taken) == OK) {
		s->ending = true;
		f->stats.served++;
		host_stream_close(h, s->stream);
	}
}

static void
serving_data(struct fetch *f, struct serving *s)
{
	const struct slice in = host_stream_read(f->n->host, s->stream);
	struct request q = { 0 };
	size_t used = 0;

	if (s->asked)
		return; /* nothing more is expected */
	const err e = request_parse(f, in, &q, &used);
	if (e == ERR_MORE && in.n <= REQUEST_MAX + VARINT_MAX)
		return;
	if (e != OK) {
		serving_reset(f, s);
		return;
	}
	host_stream_consume(f->n->host, s->stream, used);
	s->asked = true;
	if (serving_collect(f, s, &q) != OK) {
		serving_reset(f, s);
		return;
	}
	serving_write(f, s);
}

static void
serving_open(struct fetch *f, const struct host_event *ev)
{
	const struct host_stream stream = { ev->conn, ev->stream };

	for (size_t i = 0; i < FETCH_SERVED_AT_ONCE; i++) {
		struct serving *s = &f->serving[i];
		if (s->used)
			continue;
		*s = (struct serving){
			.stream = stream, .used = true, .last_s = node_now(f->n)
		};
		return;
	}
	f->stats.refused++;
	host_stream_reset(f->n->host, stream);
}

/* ---- asking ---- */

static void
asking_end(struct fetch *f, struct asking *a, bool good)
{
	if (good) {
		f->stats.answered++;
		env_log(&f->n->env, LOG_INFO, "fetch_done",
		    "records=%" PRIu64 " new=%" PRIu64, a->got, a->fresh);
	} else {
		f->stats.failed++;
		host_stream_reset(f->n->host, a->stream);
	}
	*a = (struct asking){ 0 };
}

static bool
on_newest(void *ctx, const struct store_record *r)
{
	uint64_t *newest = ctx;

	*newest = MAX(*newest, r->seq >> 8);
	return true;
}

/* From where to ask: a day before our newest record. */
static uint64_t
since_hour(struct fetch *f)
{
	const uint64_t now_h = node_now(f->n) / 3600;
	struct store_view *view = NULL;
	uint64_t newest = 0;

	if (store_view_open(f->n->store, &view) != OK)
		return 0;
	/* Walk back in steps, so that a big store is not read whole. */
	err e = OK;
	for (uint64_t back = 24; e == OK && newest == 0 && back < now_h;
	     back *= 4)
		e = store_each_time(
		    view, now_h - back, UINT32_MAX, on_newest, &newest);
	store_view_close(view);
	return newest > OVERLAP_HOURS ? newest - OVERLAP_HOURS : 0;
}

static void
ask(struct fetch *f, const struct peer_id *peer, uint64_t since)
{
	uint8_t raw[REQUEST_MAX], framed[REQUEST_MAX + VARINT_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct buf out = { framed, 0, sizeof(framed) };
	struct value items[] = { value_uint(1),
		value_str(slice_str(f->n->config->node.network)),
		value_uint((1U << RECORD_CLASSES) - 1), value_uint(since),
		value_uint(FETCH_RECORDS_MAX) };
	const struct value v = value_array(items, ARRAY_LEN(items));
	struct asking *a = NULL;
	size_t taken = 0;

	for (size_t i = 0; i < FETCH_ASKED_AT_ONCE; i++) {
		if (!f->asking[i].used)
			a = &f->asking[i];
		else if (peer_id_eq(&f->asking[i].peer, peer))
			return;
	}
	if (a == NULL || value_write(&v, &b) != OK ||
	    varint_put(&out, b.n) != OK || buf_put(&out, b.p, b.n) != OK)
		return;
	*a = (struct asking){ .peer = *peer,
		.since = since,
		.last_hour = since,
		.serial = ++f->serial,
		.last_s = node_now(f->n) };
	if (host_stream_open(f->n->host, peer, FETCH_PROTOCOL,
		f->n->env.mono_ms(f->n->env.ctx), &a->stream) != OK)
		return;
	a->used = true;
	f->stats.asked++;
	if (host_stream_write(f->n->host, a->stream, buf_slice(&out), &taken) !=
		OK ||
	    taken != out.n)
		asking_end(f, a, false);
	else
		host_stream_close(f->n->host, a->stream);
}

void
fetch_peer(struct fetch *f, const struct peer_id *peer)
{
	ask(f, peer, since_hour(f));
}

/* Where a judged record came from. */
struct origin {
	struct fetch *f;
	size_t slot;
	unsigned serial;
};

static void asking_data(struct fetch *f, struct asking *a);

static void
on_judged(void *ctx, const struct pipeline_result *r)
{
	struct origin *o = ctx;
	struct fetch *f = o->f;
	struct asking *a = &f->asking[o->slot];
	const bool current = a->used && a->serial == o->serial;

	free(o);
	if (r->outcome == RECORD_STORED)
		f->stats.records_new++;
	if (!current)
		return;
	a->in_pipeline--;
	a->fresh += r->outcome == RECORD_STORED;
	if (record_verdict(r->outcome) == VERDICT_REJECT) {
		env_log(&f->n->env, LOG_UNUSUAL, "fetch_bad_record",
		    "outcome=%s", record_outcome_name(r->outcome));
		asking_end(f, a, false);
	} else if (!a->stepping && a->in_pipeline < IN_PIPELINE_MAX / 2) {
		asking_data(f, a);
		transport_wake(f->n->transport);
	}
}

/* What is no record has no hour; it is the pipeline that refuses it. */
static void
note_hour(struct fetch *f, struct asking *a, struct slice bytes)
{
	struct record r;

	if (record_read(bytes, &f->scratch, &r) == RECORD_FINE)
		a->last_hour = record_hour(&r);
}

/*
 * The answer is whole. Is there more, we ask from its last hour on; if all
 * of it lies in the hour we asked for, from the next. So each question is
 * for a later hour than the one before, and none is for the future.
 */
static void
asking_page(struct fetch *f, struct asking *a, bool more)
{
	const struct peer_id peer = a->peer;
	const uint64_t from =
	    a->last_hour > a->since ? a->last_hour : a->since + 1;

	more = more && a->got > 0;
	asking_end(f, a, true);
	if (more && from <= (node_now(f->n) + RECORD_FUTURE_S) / 3600)
		ask(f, &peer, from);
}

/* Takes one record or the end off the stream; false: wait, or it is over. */
static bool
asking_step(struct fetch *f, struct asking *a)
{
	const struct slice in = host_stream_read(f->n->host, a->stream);
	uint64_t len = 0;
	size_t head = 0;

	if (a->in_pipeline >= IN_PIPELINE_MAX)
		return false;
	const err e = varint_get(in, &len, &head);
	if (e == ERR_MORE)
		return false;
	if (e != OK || len > RECORD_BYTES_MAX ||
	    (len > 0 && a->got >= FETCH_RECORDS_MAX)) {
		asking_end(f, a, false);
		return false;
	}
	if (in.n - head < (len == 0 ? 1 : len))
		return false;
	if (len == 0) {
		/* The next page comes when this one is judged, not on top. */
		if (a->in_pipeline > 0)
			return false;
		asking_page(f, a, in.p[head] == 1);
		return false;
	}
	struct origin *o = malloc(sizeof(*o));
	if (o == NULL)
		return false;
	*o = (struct origin){ f, (size_t)(a - f->asking), a->serial };
	a->in_pipeline++;
	a->got++;
	a->last_s = node_now(f->n);
	f->stats.records_in++;
	note_hour(f, a, slice_of(in.p + head, (size_t)len));
	pipeline_submit(f->n->pipeline, slice_of(in.p + head, (size_t)len), 0,
	    false, on_judged, o);
	if (!a->used)
		return false; /* it was bad, and the question is over */
	host_stream_consume(f->n->host, a->stream, head + (size_t)len);
	return a->used;
}

static void
asking_data(struct fetch *f, struct asking *a)
{
	a->stepping = true;
	while (a->used && asking_step(f, a))
		continue;
	a->stepping = false;
}

/* ---- events and time ---- */

bool
fetch_event(struct fetch *f, const struct host_event *ev)
{
	if (ev->type == HOST_STREAM_OPENED) {
		serving_open(f, ev);
		return true;
	}
	for (size_t i = 0; i < FETCH_SERVED_AT_ONCE; i++) {
		struct serving *s = &f->serving[i];
		if (!s->used || !same_stream(s->stream, ev))
			continue;
		if (ev->type == HOST_STREAM_DATA)
			serving_data(f, s);
		else if (ev->type == HOST_STREAM_WRITABLE)
			serving_write(f, s);
		else if (ev->type == HOST_STREAM_CLOSED)
			serving_end(s);
		return true;
	}
	for (size_t i = 0; i < FETCH_ASKED_AT_ONCE; i++) {
		struct asking *a = &f->asking[i];
		if (!a->used || !same_stream(a->stream, ev))
			continue;
		if (ev->type == HOST_STREAM_DATA || ev->type == HOST_STREAM_END)
			asking_data(f, a);
		else if (ev->type == HOST_STREAM_CLOSED ||
			 ev->type == HOST_STREAM_REFUSED)
			asking_end(f, a, false);
		return true;
	}
	return false;
}

/* One peer after the other, so that what gossip lost is found again. */
static void
slow_round(struct fetch *f, uint64_t now)
{
	struct host_peer_info peer;
	uint32_t n = 0;

	if (now < f->next_round_s)
		return;
	f->next_round_s = now + ROUND_S;
	while (host_peer_at(f->n->host, n, &peer))
		n++;
	if (n == 0)
		return;
	const uint32_t pick = (uint32_t)env_random_below(&f->n->env, n);
	if (host_peer_at(f->n->host, pick, &peer) &&
	    host_peer_speaks(f->n->host, &peer.id, FETCH_PROTOCOL)) {
		const struct peer_id id = peer.id;
		const uint64_t hour = now / 3600;
		ask(f, &id, hour > ROUND_HOURS ? hour - ROUND_HOURS : 0);
	}
}

void
fetch_tick(struct fetch *f)
{
	const uint64_t now = node_now(f->n);

	for (size_t i = 0; i < FETCH_SERVED_AT_ONCE; i++) {
		struct serving *s = &f->serving[i];
		if (s->used && now > s->last_s + TIMEOUT_S)
			serving_reset(f, s);
		else if (s->used)
			serving_write(f, s);
	}
	for (size_t i = 0; i < FETCH_ASKED_AT_ONCE; i++) {
		struct asking *a = &f->asking[i];
		if (a->used && now > a->last_s + TIMEOUT_S)
			asking_end(f, a, false);
		else
			asking_data(f, a);
	}
	slow_round(f, now);
}

struct fetch_stats
fetch_stats(const struct fetch *f)
{
	struct fetch_stats out = f->stats;

	for (size_t i = 0; i < FETCH_SERVED_AT_ONCE; i++)
		out.serving_now += f->serving[i].used;
	for (size_t i = 0; i < FETCH_ASKED_AT_ONCE; i++)
		out.asking_now += f->asking[i].used;
	return out;
}
