/*
 * Records over the API: list, show, export, import. A file of records is a
 * sequence of (unsigned varint length, record bytes).
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/feed.h"
#include "proto/base/varint.h"

#define SUBMIT_AT_ONCE 256
#define RETRY_MS       50
#define RETRIES_MAX    200 /* in a row, without any progress */

/* ---- listing ---- */

struct filter {
	uint32_t kind; /* 0: any */
	const char *region;
	bool by_author;
	uint8_t author[RECORD_AUTHOR];
	uint64_t now_s;
};

static bool
passes(const struct filter *f, const struct store_record *s)
{
	if (s->expires_h <= f->now_s / 3600 ||
	    (f->kind != 0 && s->kind != f->kind) ||
	    (f->region != NULL && strcmp(f->region, s->region) != 0))
		return false;
	return !f->by_author ||
	       memcmp(f->author, s->author, RECORD_AUTHOR) == 0;
}

struct page {
	struct task *t;
	struct filter filter;
	struct reader rd;
	uint32_t language;
	uint64_t limit, cursor, last;
	bool more;
	uint64_t *ring; /* by author, newest: the last ${limit} + 1 */
	uint64_t ring_n;
	json_t *list;
};

static void
page_add(struct page *p, const struct store_record *s)
{
	struct slice title;
	json_t *o =
	    record_json(&p->rd, s, p->t->terms->vocabulary, p->language, false);

	if (o == NULL)
		return;
	p->last = s->rid;
	if ((s->kind == KIND_DEMAND || s->kind == KIND_COURSE) &&
	    text_pick(value_find(&p->rd.payload, 2), p->language, &title))
		json_text(o, "title", title);
	else if (s->kind == KIND_ORGANISATION &&
		 text_pick(value_find(&p->rd.payload, 0), p->language, &title))
		json_text(o, "title", title);
	(void)json_array_append_new(p->list, o);
}

static bool
on_forward(void *ctx, const struct store_record *s)
{
	struct page *p = ctx;

	if (!passes(&p->filter, s))
		return true;
	p->more = json_array_size(p->list) >= p->limit;
	if (!p->more)
		page_add(p, s);
	return !p->more;
}

static bool
on_author(void *ctx, const struct store_record *s)
{
	struct page *p = ctx;

	if (s->rid >= p->cursor)
		return false;
	if (passes(&p->filter, s))
		p->ring[p->ring_n++ % (p->limit + 1)] = s->rid;
	return true;
}

/* The newest records of one author below the cursor. */
static err
list_author(struct page *p)
{
	struct store_record s;

	p->ring = calloc(p->limit + 1, sizeof(*p->ring));
	if (p->ring == NULL)
		return ERR_NOMEM;
	TRY(store_each_author(
	    p->t->view, p->filter.author, p->filter.kind, on_author, p));
	for (uint64_t i = 0; i < MIN(p->ring_n, p->limit); i++) {
		const uint64_t at = (p->ring_n - 1 - i) % (p->limit + 1);
		if (store_get_rid(p->t->view, p->ring[at], &s) == OK)
			page_add(p, &s);
	}
	p->more = p->ring_n > p->limit;
	return OK;
}

/* From the newest, or the cursor, back; gaps in the numbers are skipped. */
static err
list_newest(struct page *p)
{
	struct store_totals totals;
	struct store_record s;

	TRY(store_totals(p->t->view, &totals));
	for (uint64_t rid = MIN(totals.next_rid, p->cursor);
	     rid-- > 1 && !p->more;) {
		const err e = store_get_rid(p->t->view, rid, &s);
		if (e == OK)
			(void)on_forward(p, &s);
		else if (e != ERR_NOTFOUND)
			return e;
	}
	return OK;
}

static void
list_run(struct task *t)
{
	struct page p = { .t = t };
	json_t *in = t->input, *o;
	const char *author = json_string_value(json_object_get(in, "author"));
	const bool arrival = json_is_true(json_object_get(in, "arrival"));
	err e;

	p.filter.now_s = t->now_s;
	p.filter.kind =
	    (uint32_t)json_integer_value(json_object_get(in, "kind"));
	p.filter.region = json_string_value(json_object_get(in, "region"));
	p.language =
	    (uint32_t)json_integer_value(json_object_get(in, "language"));
	p.limit = (uint64_t)json_integer_value(json_object_get(in, "limit"));
	p.cursor = (uint64_t)json_integer_value(json_object_get(in, "cursor"));
	p.filter.by_author = author != NULL;
	if (author != NULL &&
	    did_key_get(slice_str(author), p.filter.author) != OK) {
		task_fail(t, 422, "E3501", "did:key:z6Mk...",
		    "the author is not a did:key");
		return;
	}
	p.list = json_array();
	e = reader_init(&p.rd);
	if (e == OK && arrival)
		e = store_each_arrival(t->view, p.cursor, on_forward, &p);
	else if (e == OK && author != NULL)
		e = list_author(&p);
	else if (e == OK)
		e = list_newest(&p);
	reader_fini(&p.rd);
	free(p.ring);
	if (e != OK) {
		json_decref(p.list);
		task_fail(t, 500, "E3902", "ohcn store check",
		    "the store cannot be read: %s", err_name(e));
		return;
	}
	o = json_object();
	(void)json_object_set_new(
	    o, "order", json_string(arrival ? "arrival" : "newest"));
	(void)json_object_set_new(o, "cursor",
	    p.more ? json_sprintf("%" PRIu64, p.last) : json_null());
	(void)json_object_set_new(o, "records", p.list);
	t->result = o;
}

/* Puts ?kind= into ${input}; false: answered. */
static bool
kind_input(struct http_request *r, json_t *input)
{
	const char *kind = http_query(r, "kind");

	if (kind == NULL || kind[0] == 0)
		return true;
	const uint32_t k = kind_by_name(kind);
	if (k == 0) {
		http_fail(r, 422, "E3502", "kind",
		    "profile, organisation, demand, course, ...",
		    "there is no kind \"%.40s\"", kind);
		return false;
	}
	json_uint(input, "kind", k);
	return true;
}

static void
text_input(const struct http_request *r, const char *name, json_t *input)
{
	const char *text = http_query(r, name);

	if (text != NULL && text[0] != 0)
		(void)json_object_set_new(input, name, json_string(text));
}

void
api_records(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *order = http_query(r, "order");
	const bool arrival = order != NULL && strcmp(order, "arrival") == 0;
	uint64_t limit = 0, cursor = 0;
	json_t *input = json_object();

	if (!http_query_uint(r, "limit",
		MIN((uint64_t)LIST_DEFAULT, n->config->limits.list_rows),
		n->config->limits.list_rows, &limit) ||
	    !http_query_uint(r, "cursor", 0, INT64_MAX, &cursor) ||
	    !kind_input(r, input)) {
		json_decref(input);
		return;
	}
	text_input(r, "region", input);
	text_input(r, "author", input);
	json_uint(input, "limit", MAX(limit, 1U));
	json_uint(input, "language", language_of(n, r));
	if (http_query(r, "cursor") == NULL && !arrival)
		cursor = INT64_MAX;
	json_uint(input, "cursor", cursor);
	json_truth(input, "arrival", arrival);
	task_start(n, r, list_run, input);
}

static void
show_run(struct task *t)
{
	struct store_record s;
	struct reader rd;

	if (!find_record(t,
		json_string_value(json_object_get(t->input, "record")), 0, &s))
		return;
	if (reader_init(&rd) != OK) {
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
		return;
	}
	t->result = record_json(&rd, &s, t->terms->vocabulary,
	    (uint32_t)json_integer_value(json_object_get(t->input, "language")),
	    true);
	reader_fini(&rd);
	if (t->result == NULL)
		task_fail(t, 500, "E3902", "ohcn store check",
		    "the record on our disk cannot be read");
}

void
api_record(struct http_request *r, void *ctx)
{
	json_t *input = json_object();

	(void)json_object_set_new(
	    input, "record", json_string(http_param(r, "id")));
	json_uint(input, "language", language_of(ctx, r));
	task_start(ctx, r, show_run, input);
}

/* ---- export ---- */

struct export
{
	struct node *n;
	uint32_t kind;
	uint64_t since_h, after; /* after: the last record that was staged */
	uint64_t now_s;
	uint8_t staged[VARINT_MAX + RECORD_BYTES_MAX];
	size_t staged_n, staged_at;
	/* of one pull */
	uint8_t *out;
	size_t cap, n_out;
};

static void
export_flush(struct export *x)
{
	const size_t n = MIN(x->staged_n - x->staged_at, x->cap - x->n_out);

	memcpy(x->out + x->n_out, x->staged + x->staged_at, n);
	x->staged_at += n;
	x->n_out += n;
}

static bool
on_export(void *ctx, const struct store_record *s)
{
	struct export *x = ctx;

	if (s->expires_h <= x->now_s / 3600 ||
	    (x->kind != 0 && s->kind != x->kind) ||
	    (s->seq >> 8) < x->since_h ||
	    /* A card of ours that nobody has sent back yet would show who
	     * made it. */
	    (s->own && !s->heard && s->kind == KIND_PROFILE) ||
	    s->bytes.n > RECORD_BYTES_MAX) {
		x->after = s->rid;
		return true;
	}
	if (x->staged_at < x->staged_n || x->n_out == x->cap)
		return false;
	struct buf b = { x->staged, 0, sizeof(x->staged) };
	if (varint_put(&b, s->bytes.n) != OK ||
	    buf_put(&b, s->bytes.p, s->bytes.n) != OK)
		return false;
	x->staged_n = b.n;
	x->staged_at = 0;
	x->after = s->rid;
	export_flush(x);
	return true;
}

/* Each pull has a view of its own, so that a slow reader holds no pages. */
static int64_t
export_pull(void *ctx, uint8_t *out, size_t cap)
{
	struct export *x = ctx;
	struct store_view *view = NULL;

	x->out = out;
	x->cap = cap;
	x->n_out = 0;
	export_flush(x);
	if (x->n_out == cap)
		return (int64_t)x->n_out;
	if (x->n->stopping || store_view_open(x->n->store, &view) != OK)
		return -1;
	const err e = store_each_arrival(view, x->after, on_export, x);
	store_view_close(view);
	return e == OK ? (int64_t)x->n_out : -1;
}

void
api_records_export(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct export *x = calloc(1, sizeof(*x));
	json_t *input = json_object();
	uint64_t since = 0;

	if (x == NULL) {
		json_decref(input);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	if (!kind_input(r, input) ||
	    !http_query_uint(r, "since", 0, INT64_MAX, &since)) {
		json_decref(input);
		free(x);
		return;
	}
	x->n = n;
	x->kind = (uint32_t)json_integer_value(json_object_get(input, "kind"));
	x->since_h = since / 3600;
	x->now_s = node_now(n);
	json_decref(input);
	const struct http_stream stream = { export_pull, free, x };
	http_reply_stream(r, 200, "application/octet-stream", &stream);
}

/* ---- import ---- */

struct intake {
	struct node *n;
	struct http_request *r;
	struct slice rest; /* of the request's body */
	uint64_t read, counts[RECORD_OUTCOMES];
	unsigned outstanding, retries;
	char broken[STORE_WHY]; /* why the store could not be written; "" */
	bool pumping, refused;  /* refused: the last submission, at once */
	uv_timer_t timer;
	bool waiting;
};

static void intake_pump(struct intake *x);

static void
on_intake_closed(uv_handle_t *h)
{
	free(CONTAINER_OF((uv_timer_t *)h, struct intake, timer));
}

static void
intake_reply(struct intake *x)
{
	json_t *o = json_object(), *outcomes = json_object();
	uint64_t rejected = 0;

	if (x->broken[0] != 0) {
		json_decref(o);
		json_decref(outcomes);
		http_fail_err(x->r, ERR_IO,
		    "not all records were taken, the same file may be "
		    "imported again: %s",
		    x->broken);
		uv_close((uv_handle_t *)&x->timer, on_intake_closed);
		return;
	}
	for (int i = RECORD_FINE + 1; i < RECORD_OUTCOMES; i++) {
		const enum record_outcome outcome = (enum record_outcome)i;
		if (x->counts[i] == 0)
			continue;
		json_uint(outcomes, record_outcome_name(outcome), x->counts[i]);
		if (record_verdict(outcome) == VERDICT_REJECT)
			rejected += x->counts[i];
	}
	(void)json_object_set_new(o, "outcomes", outcomes);
	json_uint(o, "read", x->read);
	json_uint(o, "rejected", rejected);
	http_reply(x->r, 200, o);
	uv_close((uv_handle_t *)&x->timer, on_intake_closed);
}

/* One frame off the front; the file was checked before. */
static struct slice
next_frame(struct slice *in)
{
	uint64_t n = 0;
	size_t used = 0;

	const err e = varint_get(*in, &n, &used);
	ASSERT(e == OK && n <= in->n - used);
	slice_skip(in, used);
	const struct slice frame = { in->p, (size_t)n };
	slice_skip(in, (size_t)n);
	return frame;
}

static void
on_judged(void *ctx, const struct judge_result *r)
{
	struct intake *x = ctx;

	x->outstanding--;
	if (x->pumping && r->outcome == RECORD_QUEUE_FULL) {
		x->refused = true; /* at once: the queue has no room */
		return;
	}
	x->counts[r->outcome]++;
	x->read++;
	x->retries = 0;
	if (r->broken != NULL)
		memcpy(x->broken, r->broken,
		    MIN(strlen(r->broken), sizeof(x->broken) - 1));
	intake_pump(x);
}

static void
on_retry(uv_timer_t *timer)
{
	struct intake *x = CONTAINER_OF(timer, struct intake, timer);

	x->waiting = false;
	intake_pump(x);
}

static void
intake_pump(struct intake *x)
{
	if (x->pumping || x->waiting)
		return;
	x->pumping = true;
	while (x->rest.n > 0 && x->outstanding < SUBMIT_AT_ONCE) {
		const struct slice before = x->rest;
		const struct slice frame = next_frame(&x->rest);
		x->refused = x->n->stopping;
		if (!x->n->stopping) {
			x->outstanding++;
			pipeline_submit(
			    x->n->pipeline, frame, 0, false, on_judged, x);
		}
		if (!x->refused)
			continue;
		if (x->n->stopping || x->retries++ >= RETRIES_MAX) {
			x->counts[RECORD_QUEUE_FULL]++;
			x->read++;
			continue;
		}
		x->rest = before;
		/* The next one that is judged makes room; else look again. */
		x->waiting = x->outstanding == 0;
		if (x->waiting)
			(void)uv_timer_start(&x->timer, on_retry, RETRY_MS, 0);
		break;
	}
	x->pumping = false;
	if (x->rest.n == 0 && x->outstanding == 0)
		intake_reply(x);
}

/* Where a file stops being one of records; false: it is sound. */
static bool
find_damage(struct slice in, uint64_t *offset, const char **why)
{
	const uint8_t *begin = in.p;

	while (in.n > 0) {
		uint64_t n = 0;
		size_t used = 0;
		*offset = (uint64_t)(in.p - begin);
		if (varint_get(in, &n, &used) != OK) {
			*why = "there is no length";
			return true;
		}
		slice_skip(&in, used);
		if (n == 0 || n > RECORD_BYTES_MAX) {
			*why = "the length is that of no record";
			return true;
		}
		if (n > in.n) {
			*why = "the file is cut short";
			return true;
		}
		if (in.p[0] != 0x93) { /* msgpack: an array of three */
			*why = "this is not a record";
			return true;
		}
		slice_skip(&in, (size_t)n);
	}
	return false;
}

void
api_records_import(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const struct slice body = http_body(r);
	const char *why = "";
	uint64_t offset = 0;

	if (find_damage(body, &offset, &why)) {
		http_fail(r, 422, "E3503", NULL,
		    "a file that ohcn record export made",
		    "at byte %" PRIu64 ": %s; nothing was imported", offset,
		    why);
		return;
	}
	struct intake *x = calloc(1, sizeof(*x));
	if (x == NULL || uv_timer_init(&n->loop, &x->timer) != 0) {
		free(x);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	x->n = n;
	x->r = r;
	x->rest = body;
	intake_pump(x);
}
