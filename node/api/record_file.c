/*
 * Files of records over the API (proto/record/file.h): export and import,
 * both for millions. An export is filled piece by piece on a worker, each
 * piece with a view of its own, so that a slow reader holds no pages of the
 * store. An import goes through the pipeline like what peers send.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/base/since.h"
#include "proto/record/file.h"

#define CHUNK_BYTES    ((size_t)512 << 10)
#define WALK_MAX       20000 /* records that one view looks at */
#define SUBMIT_AT_ONCE 1024
#define RETRY_MS       50
#define RETRIES_MAX    200 /* in a row, without any progress */
#define DAMAGES_MAX    100 /* told one by one */

/* ---- export ---- */

struct export
{
	struct node *n;
	struct http_waiting *waiting;
	uv_work_t work;
	struct store_view *view; /* of the piece that is made */
	/* what is wanted */
	uint32_t kind; /* 0: all */
	char region[3];
	uint64_t since_h, now_s;
	/* where it stands */
	uint64_t after; /* the last record that was looked at */
	uint64_t count; /* records written */
	unsigned walked;
	bool begun, walk_ended, ended, failed, working, closed, full;
	/* the piece */
	struct buf chunk;
	size_t sent;
};

/*
 * What leaves this node. A record of ours that nobody has sent back yet
 * would show who made it. Revocations are of every selection.
 */
static bool
is_exported(const struct export *x, const struct store_record *s)
{
	if (s->expires_h <= x->now_s / 3600 || store_is_hidden(s) ||
	    s->bytes.n > RECORD_BYTES_MAX)
		return false;
	return s->kind == KIND_REVOCATION ||
	       ((x->kind == 0 || s->kind == x->kind) &&
		   (x->region[0] == 0 || strcmp(x->region, s->region) == 0) &&
		   s->seq >> 8 >= x->since_h);
}

static bool
on_export(void *ctx, const struct store_record *s)
{
	struct export *x = ctx;

	if (is_exported(x, s)) {
		x->full = record_file_add(&x->chunk, s->bytes) != OK;
		if (x->full)
			return false;
		x->count++;
	}
	x->after = s->rid;
	return ++x->walked < WALK_MAX;
}

/* On a worker: the next piece. */
static void
export_run(uv_work_t *work)
{
	struct export *x = CONTAINER_OF(work, struct export, work);
	err e = OK;

	x->walked = 0;
	x->full = false;
	if (!x->begun)
		e = record_file_head(
		    &x->chunk, slice_str(x->n->config->node.network));
	x->begun = true;
	if (e == OK && !x->walk_ended) {
		e = store_each_open(x->view, x->after, on_export, x);
		x->walk_ended = !x->full && x->walked < WALK_MAX;
	}
	if (e == OK && x->walk_ended)
		x->ended = record_file_end(&x->chunk, x->count) == OK;
	x->failed = e != OK;
}

static void
export_free(struct export *x)
{
	free(x->chunk.p);
	free(x);
}

static void
export_ran(uv_work_t *work, int status)
{
	struct export *x = CONTAINER_OF(work, struct export, work);

	(void)status;
	store_view_close(x->view);
	x->view = NULL;
	x->working = false;
	if (x->closed)
		export_free(x);
	else
		http_stream_wake(x->waiting);
}

static int64_t
export_pull(void *ctx, uint8_t *out, size_t cap)
{
	struct export *x = ctx;

	if (x->working)
		return HTTP_STREAM_WAIT;
	if (x->failed || x->n->stopping)
		return -1;
	if (x->sent < x->chunk.n) {
		const size_t n = MIN(cap, x->chunk.n - x->sent);
		memcpy(out, x->chunk.p + x->sent, n);
		x->sent += n;
		return (int64_t)n;
	}
	if (x->ended)
		return 0;
	x->sent = x->chunk.n = 0;
	if (store_view_open(x->n->store, &x->view) != OK)
		return -1;
	x->working = true;
	const int rc =
	    uv_queue_work(&x->n->loop, &x->work, export_run, export_ran);
	ASSERT(rc == 0);
	return HTTP_STREAM_WAIT;
}

static void
export_close(void *ctx)
{
	struct export *x = ctx;

	x->closed = true;
	if (!x->working)
		export_free(x);
}

/* What ?kind=, ?region= and ?since= ask for; false: answered. */
static bool
export_wants(struct export *x, struct http_request *r)
{
	const char *kind = http_query(r, "kind");
	const char *region = http_query(r, "region");
	const char *since = http_query(r, "since");

	if (kind != NULL && kind[0] != 0) {
		x->kind = kind_by_name(kind);
		if (x->kind == 0) {
			http_fail(r, 422, "E3502", "kind",
			    "profile, organisation, demand, course, ...",
			    "there is no kind \"%.40s\"", kind);
			return false;
		}
	}
	if (region != NULL && region[0] != 0) {
		if (strlen(region) != 2 || region[0] < 'a' || region[0] > 'z' ||
		    region[1] < 'a' || region[1] > 'z') {
			http_fail(r, 422, "E3505", "region", "such as de",
			    "a region has two letters, not \"%.20s\"", region);
			return false;
		}
		memcpy(x->region, region, sizeof(x->region));
	}
	if (since != NULL && since[0] != 0 &&
	    since_read(since, x->now_s, &x->since_h) != OK) {
		http_fail(r, 422, "E3506", "since",
		    "30d, 12h, 2026-11-22, 2026-11-22T10, or a unix hour",
		    "\"%.40s\" is no time", since);
		return false;
	}
	return true;
}

void
api_records_export(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct export *x = calloc(1, sizeof(*x));

	if (x != NULL)
		x->chunk = (struct buf){ malloc(CHUNK_BYTES), 0, CHUNK_BYTES };
	if (x == NULL || x->chunk.p == NULL) {
		free(x);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	x->n = n;
	x->now_s = node_now(n);
	if (!export_wants(x, r)) {
		export_free(x);
		return;
	}
	const struct http_stream stream = { export_pull, export_close, x,
		&x->waiting };
	http_reply_stream(r, 200, "application/octet-stream", &stream);
}

/* ---- import ---- */

struct intake {
	struct node *n;
	struct http_request *r;
	struct slice rest; /* of the request's body */
	struct record_file file;
	struct slice frame; /* the next one; n == 0: read on */
	bool foreign;       /* what follows is of another network */
	uint64_t foreign_n, foreign_at;
	uint64_t read, counts[RECORD_OUTCOMES];
	json_t *damages; /* the first of them */
	uint64_t damages_n, damaged_bytes;
	unsigned outstanding, retries;
	char broken[STORE_WHY]; /* why the store could not be written; "" */
	bool pumping, refused;  /* refused: the last submission, at once */
	bool done, waiting;
	uv_timer_t timer;
};

static void intake_pump(struct intake *x);

static void
on_intake_closed(uv_handle_t *h)
{
	free(CONTAINER_OF((uv_timer_t *)h, struct intake, timer));
}

static void
note_damage(struct intake *x, uint64_t offset, uint64_t bytes, const char *why)
{
	x->damages_n++;
	x->damaged_bytes += bytes;
	if (json_array_size(x->damages) < DAMAGES_MAX)
		(void)json_array_append_new(x->damages,
		    json_pack("{s:I,s:I,s:s}", "offset", (json_int_t)offset,
			"bytes", (json_int_t)bytes, "why", why));
}

static void
intake_reply(struct intake *x)
{
	json_t *o = json_object(), *outcomes = json_object();
	uint64_t rejected = 0;

	if (x->foreign_n > 0)
		note_damage(
		    x, x->foreign_at, 0, "what follows is of another network");
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
	json_truth(o, "whole", x->damages_n == 0);
	json_uint(o, "damages", x->damages_n);
	json_uint(o, "damaged_bytes", x->damaged_bytes);
	(void)json_object_set_new(o, "damaged", x->damages);
	if (x->broken[0] != 0) {
		http_fail_err(x->r, ERR_IO,
		    "not all records were taken, the same file may be "
		    "imported again: %s",
		    x->broken);
		json_decref(o);
	} else {
		http_reply(x->r, 200, o);
	}
	uv_close((uv_handle_t *)&x->timer, on_intake_closed);
}

/* Puts the next record into ${frame}; false: the file has ended. */
static bool
next_frame(struct intake *x)
{
	struct record_file_item item;

	while (x->frame.n == 0 && !x->done) {
		record_file_next(&x->file, &x->rest, true, &item);
		if (item.event == RECORD_FILE_DONE) {
			x->done = true;
		} else if (item.event == RECORD_FILE_DAMAGE) {
			note_damage(x, item.offset, item.bytes, item.why);
		} else if (item.event == RECORD_FILE_NET) {
			x->foreign = strcmp(x->file.net,
					 x->n->config->node.network) != 0;
			if (x->foreign && x->foreign_n == 0)
				x->foreign_at = x->file.offset;
		} else if (!x->foreign) {
			x->frame = item.record;
		} else {
			x->foreign_n++;
		}
	}
	return !x->done;
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
	while (x->outstanding < SUBMIT_AT_ONCE && next_frame(x)) {
		x->refused = x->n->stopping;
		if (!x->n->stopping) {
			x->outstanding++;
			pipeline_submit(
			    x->n->pipeline, x->frame, 0, false, on_judged, x);
		}
		if (x->refused && !x->n->stopping &&
		    x->retries++ < RETRIES_MAX) {
			/* The next one that is judged makes room; else look
			 * again. */
			x->waiting = x->outstanding == 0;
			if (x->waiting)
				(void)uv_timer_start(
				    &x->timer, on_retry, RETRY_MS, 0);
			break;
		}
		if (x->refused) {
			x->counts[RECORD_QUEUE_FULL]++;
			x->read++;
		}
		x->frame.n = 0;
	}
	x->pumping = false;
	if (x->done && x->outstanding == 0 && !x->waiting)
		intake_reply(x);
}

/* A body that is no file of records of ours is refused as a whole. */
static bool
begins_well(struct node *n, struct http_request *r)
{
	struct slice body = http_body(r);
	struct record_file f = { 0 };
	struct record_file_item item;

	record_file_next(&f, &body, true, &item);
	if (item.event != RECORD_FILE_NET) {
		http_fail(r, 422, "E3503", NULL,
		    "a file that ohcn record export made",
		    "at byte 0: %s; nothing was imported", item.why);
		return false;
	}
	if (strcmp(f.net, n->config->node.network) != 0) {
		http_fail(r, 422, "E3504", NULL, NULL,
		    "the records are of the network \"%s\", this node is of "
		    "\"%s\"; nothing was imported",
		    f.net, n->config->node.network);
		return false;
	}
	return true;
}

void
api_records_import(struct http_request *r, void *ctx)
{
	struct node *n = ctx;

	if (!begins_well(n, r))
		return;
	struct intake *x = calloc(1, sizeof(*x));
	if (x == NULL || uv_timer_init(&n->loop, &x->timer) != 0) {
		free(x);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	x->n = n;
	x->r = r;
	x->rest = http_body(r);
	x->damages = json_array();
	intake_pump(x);
}
