#include "node/fetch.h"

#include <stdlib.h>

#include "proto/base/varint.h"
#include "proto/record/value.h"

#define REQUEST_MAX     64
#define TIMEOUT_S       60   /* without progress */
#define ANSWER_S        900  /* for a whole answer, however it trickles */
#define SERVED_PER_PEER 2    /* answers to one peer at once */
#define OVERLAP_HOURS   24   /* what we ask for again, before what we have */
#define WHOLE_PEERS     3    /* so many must have answered to the end, */
#define WHOLE_S         3600 /* or as many as there were within this time */
#define RETRY_S         30   /* another peer, as long as they have not */
#define ROUND_S         600  /* the slow round: one peer, the last hours */
#define ROUND_HOURS     2
#define IN_PIPELINE_MAX 64 /* records of one answer under judgement */
#define ALL_CLASSES     ((1U << RECORD_CLASSES) - 1)

/* What a request asks for. */
struct request {
	uint64_t class_mask, since, max;
};

/* One answer that we give. */
struct serving {
	struct host_stream stream;
	struct peer_id peer;
	unsigned serial;  /* tells a late search from a new request's */
	bool used, asked; /* the request was read */
	bool searching;   /* on a worker, now */
	bool found;       /* ${rids} are there */
	bool ending;
	struct request request;
	uint64_t *rids;
	size_t n, at;
	size_t sent; /* bytes of the record at ${at} */
	bool more;
	uint64_t begun_s, last_s;
};

/*
 * The walk over the time index that finds what a request asks for. A rare
 * class makes it long, so it is a worker's; one at a time, so that askers
 * take turns and not all workers.
 */
struct fetch_search {
	struct fetch *f;
	size_t slot;
	unsigned serial;
	struct store_view *view;
	struct request request;
	uint64_t *rids;
	size_t n;
	bool more;
	err result;
};

/* One question that we ask. */
struct asking {
	struct host_stream stream;
	struct peer_id peer;
	bool used, stepping;
	unsigned serial; /* tells a late result from a new question's */
	unsigned in_pipeline;
	uint64_t first; /* hour that the first page was asked from */
	uint64_t since;
	uint64_t last_hour; /* of the last record, as it says itself */
	uint64_t got, fresh, refused; /* our queue was full */
	uint64_t begun_s, last_s;
};

struct fetch {
	struct fetch_config cf;
	char net[NET_MAX + 1];
	struct serving serving[FETCH_SERVED_AT_ONCE];
	struct asking asking[FETCH_ASKED_AT_ONCE];
	unsigned serial;
	struct fetch_stats stats;
	uint32_t window; /* records under judgement, as our queue takes them */
	uint64_t next_round_s, next_try_s;
	struct arena scratch;
	struct fetch_search *search; /* NULL: none under way */
	size_t turn;                 /* of the servings, for the next search */
	/*
	 * From this hour on something may be missing, until WHOLE_PEERS have
	 * told all they have since. That we hold something newer proves
	 * nothing: gossip brings it before the gap is closed, and a single
	 * peer may answer what it likes.
	 */
	uint64_t behind_h;
	struct peer_id whole[WHOLE_PEERS];
	unsigned whole_n;
	uint64_t whole_s; /* when the first of them had */
	uint64_t seen_h;  /* when we last had a peer */
};

/* Time-outs must not depend on a wall clock that jumps. */
static uint64_t
mono_s(const struct fetch *f)
{
	return f->cf.env->mono_ms(f->cf.env->ctx) / 1000;
}

static uint64_t
now_s(const struct fetch *f)
{
	return f->cf.env->wall_s(f->cf.env->ctx);
}

static uint64_t
now_h(const struct fetch *f)
{
	return now_s(f) / 3600;
}

struct fetch *
fetch_new(const struct fetch_config *cf, uint64_t behind_h)
{
	ASSERT(net_is_valid(cf->net));
	struct fetch *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->cf = *cf;
	memcpy(f->net, cf->net.p, cf->net.n);
	f->window = IN_PIPELINE_MAX;
	f->behind_h = behind_h;
	f->seen_h = now_h(f);
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
	ASSERT(f->search == NULL);
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
	host_stream_reset(f->cf.host, s->stream);
	f->stats.refused++;
	serving_end(s);
}

/* ERR_MORE: not all of it is here. */
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
	    !slice_eq_str(v.items[1].s, f->net) ||
	    v.items[2].type != VALUE_UINT || v.items[3].type != VALUE_UINT ||
	    v.items[4].type != VALUE_UINT)
		return ERR_PEER;
	*out = (struct request){ v.items[2].u, v.items[3].u, v.items[4].u };
	*used = head + (size_t)len;
	return OK;
}

static bool
on_found(void *ctx, const struct store_record *r)
{
	struct fetch_search *q = ctx;

	/* Nobody may learn from us alone that a card is ours. */
	if (r->kind == KIND_PROFILE && r->own && !r->heard)
		return true;
	if (q->n == q->request.max) {
		q->more = true;
		return false;
	}
	q->rids[q->n++] = r->rid;
	return true;
}

void
fetch_search_run(struct fetch_search *q)
{
	q->result = store_each_time(q->view, q->request.since,
	    (uint32_t)q->request.class_mask, on_found, q);
}

static void serving_write(struct fetch *f, struct serving *s);
static void search_next(struct fetch *f);

void
fetch_search_done(struct fetch_search *q)
{
	struct fetch *f = q->f;
	struct serving *s = &f->serving[q->slot];

	store_view_close(q->view);
	f->search = NULL;
	if (!s->used || s->serial != q->serial) {
		free(q->rids); /* the asker has left */
	} else if (q->result != OK) {
		free(q->rids);
		serving_reset(f, s);
	} else {
		s->searching = false;
		s->found = true;
		s->rids = q->rids;
		s->n = q->n;
		s->more = q->more;
		s->last_s = mono_s(f);
		serving_write(f, s);
	}
	free(q);
	search_next(f);
	f->cf.wake(f->cf.ctx);
}

static err
search_start(struct fetch *f, size_t slot)
{
	struct serving *s = &f->serving[slot];
	struct fetch_search *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return ERR_NOMEM;
	q->f = f;
	q->slot = slot;
	q->serial = s->serial;
	q->request = s->request;
	q->rids = calloc(q->request.max + 1, sizeof(*q->rids));
	if (q->rids == NULL || store_view_open(f->cf.store, &q->view) != OK) {
		free(q->rids);
		free(q);
		return ERR_NOMEM;
	}
	const err e = f->cf.search(f->cf.ctx, q);
	if (e != OK) {
		store_view_close(q->view);
		free(q->rids);
		free(q);
		return e;
	}
	s->searching = true;
	f->search = q;
	return OK;
}

/* Whose turn it is, when nobody's search is under way. */
static void
search_next(struct fetch *f)
{
	for (size_t i = 0; i < FETCH_SERVED_AT_ONCE && f->search == NULL; i++) {
		const size_t slot = (f->turn + i) % FETCH_SERVED_AT_ONCE;
		struct serving *s = &f->serving[slot];
		if (!s->used || !s->asked || s->found || s->searching)
			continue;
		if (search_start(f, slot) != OK)
			serving_reset(f, s);
		else
			f->turn = slot + 1;
	}
}

/* The record at ${at} with its length in front; false: it was replaced. */
static bool
serving_frame(struct store_view *view, const struct serving *s, struct buf *b)
{
	struct store_record r;

	return store_get_rid(view, s->rids[s->at], &r) == OK &&
	       varint_put(b, r.bytes.n) == OK &&
	       buf_put(b, r.bytes.p, r.bytes.n) == OK;
}

/* Sends records while the stream takes them; an event tells when it goes on. */
static void
serving_write(struct fetch *f, struct serving *s)
{
	struct host *h = f->cf.host;
	struct store_view *view = NULL;

	if (!s->found || s->ending || store_view_open(f->cf.store, &view) != OK)
		return;
	while (s->at < s->n) {
		uint8_t frame[RECORD_BYTES_MAX + VARINT_MAX];
		struct buf b = { frame, 0, sizeof(frame) };
		size_t taken = 0;
		if (!serving_frame(view, s, &b)) {
			if (s->sent > 0) { /* half of it is out */
				store_view_close(view);
				serving_reset(f, s);
				return;
			}
			s->at++;
			continue;
		}
		if (host_stream_write(h, s->stream,
			slice_of(frame + s->sent, b.n - s->sent), &taken) != OK)
			break;
		s->sent += taken;
		if (taken > 0)
			s->last_s = mono_s(f);
		if (s->sent < b.n)
			break;
		s->sent = 0;
		s->at++;
		f->stats.records_out++;
	}
	store_view_close(view);
	if (s->at < s->n || host_stream_room(h, s->stream) < 2)
		return;
	const uint8_t end[2] = { 0, s->more ? 1 : 0 };
	size_t taken = 0;
	if (host_stream_write(h, s->stream, slice_of(end, 2), &taken) == OK) {
		if (taken < 2) { /* no memory for both */
			serving_reset(f, s);
			return;
		}
		s->ending = true;
		f->stats.served++;
		host_stream_close(h, s->stream);
	}
}

static void
serving_data(struct fetch *f, struct serving *s)
{
	const struct slice in = host_stream_read(f->cf.host, s->stream);
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
	host_stream_consume(f->cf.host, s->stream, used);
	s->asked = true;
	s->request = (struct request){ q.class_mask & ALL_CLASSES, q.since,
		MIN(q.max, (uint64_t)FETCH_RECORDS_MAX) };
	if (s->request.class_mask == 0) { /* asks for nothing: no search */
		s->found = true;
		serving_write(f, s);
		return;
	}
	search_next(f);
}

static void
serving_open(struct fetch *f, const struct host_event *ev)
{
	const struct host_stream stream = { ev->conn, ev->stream };

	struct serving *place = NULL;
	unsigned same = 0;

	for (size_t i = 0; i < FETCH_SERVED_AT_ONCE; i++) {
		struct serving *s = &f->serving[i];
		if (!s->used)
			place = s;
		else if (peer_id_eq(&s->peer, &ev->peer))
			same++;
	}
	if (place != NULL && same < SERVED_PER_PEER) {
		*place = (struct serving){ .stream = stream,
			.peer = ev->peer,
			.serial = ++f->serial,
			.used = true,
			.begun_s = mono_s(f),
			.last_s = mono_s(f) };
		return;
	}
	f->stats.refused++;
	host_stream_reset(f->cf.host, stream);
}

/* ---- asking ---- */

static void
asking_end(struct fetch *f, struct asking *a, bool good)
{
	if (good) {
		f->stats.answered++;
		env_log(f->cf.env, LOG_INFO, "fetch_done",
		    "records=%" PRIu64 " new=%" PRIu64, a->got, a->fresh);
	} else {
		f->stats.failed++;
		host_stream_reset(f->cf.host, a->stream);
	}
	*a = (struct asking){ 0 };
}

/* ${first}: the hour of the first page, of which this may be a later one. */
static void
ask(struct fetch *f, const struct peer_id *peer, uint64_t first, uint64_t since)
{
	uint8_t raw[REQUEST_MAX], framed[REQUEST_MAX + VARINT_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct buf out = { framed, 0, sizeof(framed) };
	struct value items[] = { value_uint(1), value_str(slice_str(f->net)),
		value_uint(ALL_CLASSES), value_uint(since),
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
		.first = first,
		.since = since,
		.last_hour = since,
		.serial = ++f->serial,
		.begun_s = mono_s(f),
		.last_s = mono_s(f) };
	if (host_stream_open(f->cf.host, peer, FETCH_PROTOCOL,
		f->cf.env->mono_ms(f->cf.env->ctx), &a->stream) != OK)
		return;
	a->used = true;
	f->stats.asked++;
	if (host_stream_write(f->cf.host, a->stream, buf_slice(&out), &taken) !=
		OK ||
	    taken != out.n)
		asking_end(f, a, false);
	else
		host_stream_close(f->cf.host, a->stream);
}

static bool
told_all(const struct fetch *f, const struct peer_id *peer)
{
	for (unsigned i = 0; i < f->whole_n; i++)
		if (peer_id_eq(&f->whole[i], peer))
			return true;
	return false;
}

/* A peer has told all it has since ${first}. */
static void
note_whole(struct fetch *f, const struct peer_id *peer, uint64_t first)
{
	if (first > f->behind_h || f->whole_n == WHOLE_PEERS ||
	    told_all(f, peer))
		return;
	if (f->whole_n == 0)
		f->whole_s = mono_s(f);
	f->whole[f->whole_n++] = *peer;
}

static bool
is_behind(const struct fetch *f)
{
	return f->whole_n == 0 ||
	       (f->whole_n < WHOLE_PEERS && mono_s(f) < f->whole_s + WHOLE_S);
}

static uint64_t
back(uint64_t hour, uint64_t by)
{
	return hour - MIN(hour, by);
}

uint64_t
fetch_behind(const struct fetch *f)
{
	return is_behind(f) ? f->behind_h : back(f->seen_h, OVERLAP_HOURS);
}

void
fetch_peer(struct fetch *f, const struct peer_id *peer)
{
	const uint64_t recent = back(now_h(f), OVERLAP_HOURS);
	const uint64_t from =
	    is_behind(f) && !told_all(f, peer) ? f->behind_h : recent;

	ask(f, peer, from, from);
}

/* Where a judged record came from. */
struct origin {
	struct fetch *f;
	size_t slot;
	unsigned serial;
};

static void asking_data(struct fetch *f, struct asking *a);

static void
on_judged(void *ctx, const struct judge_result *r)
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
	if (r->outcome == RECORD_QUEUE_FULL) {
		a->refused++;
		f->window = MAX(1u, f->window / 2);
	}
	if (record_verdict(r->outcome) == VERDICT_REJECT) {
		env_log(f->cf.env, LOG_UNUSUAL, "fetch_bad_record",
		    "outcome=%s", record_outcome_name(r->outcome));
		asking_end(f, a, false);
	} else if (!a->stepping && a->in_pipeline <= f->window / 2) {
		asking_data(f, a);
		f->cf.wake(f->cf.ctx);
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
	const uint64_t first = a->first, refused = a->refused;
	const bool moved = a->fresh > 0;
	const uint64_t from =
	    a->last_hour > a->since ? a->last_hour : a->since + 1;

	more =
	    more && a->got > 0 && from <= (now_s(f) + RECORD_FUTURE_S) / 3600;
	asking_end(f, a, true);
	if (more && refused == 0)
		ask(f, &peer, first, from);
	else if (refused == 0)
		note_whole(f, &peer, first);
	if (refused == 0)
		f->window = MIN(f->window + 1, IN_PIPELINE_MAX);
	else if (moved) /* what was refused is asked for again, soon */
		f->next_round_s = MIN(f->next_round_s, mono_s(f) + RETRY_S);
}

/* Takes one record or the end off the stream; false: wait, or it is over. */
static bool
asking_step(struct fetch *f, struct asking *a)
{
	const struct slice in = host_stream_read(f->cf.host, a->stream);
	uint64_t len = 0;
	size_t head = 0;

	if (a->in_pipeline >= f->window)
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
	a->last_s = mono_s(f);
	f->stats.records_in++;
	note_hour(f, a, slice_of(in.p + head, (size_t)len));
	f->cf.submit(
	    f->cf.ctx, slice_of(in.p + head, (size_t)len), on_judged, o);
	if (!a->used)
		return false; /* it was bad, and the question is over */
	host_stream_consume(f->cf.host, a->stream, head + (size_t)len);
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

void
fetch_peer_gone(struct fetch *f, const struct peer_id *peer)
{
	for (size_t i = 0; i < FETCH_SERVED_AT_ONCE; i++)
		if (f->serving[i].used && peer_id_eq(&f->serving[i].peer, peer))
			serving_end(&f->serving[i]);
	for (size_t i = 0; i < FETCH_ASKED_AT_ONCE; i++)
		if (f->asking[i].used && peer_id_eq(&f->asking[i].peer, peer))
			asking_end(f, &f->asking[i], false);
}

/* Any peer that speaks fetch. */
static bool
pick_peer(struct fetch *f, struct peer_id *out)
{
	struct host_peer_info peer;
	uint32_t n = 0;

	while (host_peer_at(f->cf.host, n, &peer))
		n++;
	if (n == 0 || !host_peer_at(f->cf.host,
			  (uint32_t)env_random_below(f->cf.env, n), &peer))
		return false;
	*out = peer.id;
	return host_peer_speaks(f->cf.host, out, FETCH_PROTOCOL);
}

/*
 * The slow round: one peer after the other, so that what gossip lost is found
 * again. While we are behind, another one is tried soon: those who were asked
 * first may have been busy, or may not want us to know.
 */
static void
rounds(struct fetch *f, uint64_t now)
{
	struct peer_id peer;

	if (is_behind(f) && now >= f->next_try_s) {
		f->next_try_s = now + RETRY_S;
		if (pick_peer(f, &peer) && !told_all(f, &peer))
			fetch_peer(f, &peer);
	}
	if (now < f->next_round_s)
		return;
	f->next_round_s = now + ROUND_S;
	if (pick_peer(f, &peer)) {
		const uint64_t from = back(now_h(f), ROUND_HOURS);
		ask(f, &peer, from, from);
	}
}

/* Without a peer for an hour, or asleep: what came meanwhile is missing. */
static void
note_absence(struct fetch *f)
{
	const uint64_t hour = now_h(f);
	struct host_peer_info peer;

	if (hour > f->seen_h + 1) {
		f->behind_h = fetch_behind(f);
		f->whole_n = 0;
	}
	if (host_peer_at(f->cf.host, 0, &peer))
		f->seen_h = hour;
}

void
fetch_tick(struct fetch *f)
{
	const uint64_t now = mono_s(f);

	for (size_t i = 0; i < FETCH_SERVED_AT_ONCE; i++) {
		struct serving *s = &f->serving[i];
		/* How long our own search takes is not the asker's fault. */
		if (!s->used || (s->asked && !s->found))
			continue;
		if (now > s->last_s + TIMEOUT_S || now > s->begun_s + ANSWER_S)
			serving_reset(f, s);
		else
			serving_write(f, s);
	}
	for (size_t i = 0; i < FETCH_ASKED_AT_ONCE; i++) {
		struct asking *a = &f->asking[i];
		if (!a->used)
			continue;
		if (now > a->last_s + TIMEOUT_S || now > a->begun_s + ANSWER_S)
			asking_end(f, a, false);
		else
			asking_data(f, a);
	}
	note_absence(f);
	rounds(f, now);
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
