/*
 * crawl/records.c: the records of the network: what each peer offers is
 * compared with what the crawl has by now (sync), judged by the pipeline like
 * in a node, and kept in a store of the working folder until the files are
 * written. So each record crosses the wire once, however many hold it. The
 * peers get nothing from us.
 */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "node/base/env.h"
#include "node/crawl/internal.h"
#include "node/record/pipeline.h"
#include "node/sync/sync_node.h"

#define MAP_BYTES   (UINT64_C(1) << 40) /* of addresses, not of disk */
#define SYNC_MEMORY (UINT64_C(512) << 20)
#define SESSIONS    32 /* a quarter of them are ours */
#define QUEUE       8192
#define QUEUE_BYTES (UINT64_C(64) << 20)
#define SEEN        65536
#define COMMIT_MS   25
#define JUDGED_MS   5000 /* for what a session that failed has brought */
#define FLUSH_MS    100  /* for the last words of a session */

struct crawl_records {
	struct crawl *c;
	struct map *map;
	struct store *store;
	struct pipeline *pipeline;
	struct mem mem;
	struct syncer *syncer;
	struct scope scope;
	uint64_t held; /* records in the store, as far as told */
	unsigned talking;
	uint64_t tick_ms;
	bool stopped;
};

/* ---- the surroundings of sync ---- */

static void
submit(void *ctx, struct slice bytes, judge_done *done, void *done_ctx)
{
	struct crawl_records *r = ctx;

	pipeline_submit(r->pipeline, bytes, 0, false, done, done_ctx);
}

static err
run_job(void *ctx, struct syncer_job *job)
{
	return sync_job_queue(&((struct crawl_records *)ctx)->c->n.loop, job);
}

static void
wake(void *ctx)
{
	struct crawl_records *r = ctx;

	transport_wake(r->c->transport);
}

static void
scope_now(void *ctx, struct scope *out)
{
	const struct crawl_records *r = ctx;

	*out = r->scope;
}

static void
on_over(void *ctx, const struct peer_id *peer, const char *why)
{
	struct crawl_records *r = ctx;
	struct syncer_peer p;
	struct visit *v = visit_find(r->c, peer);
	const bool good = why[0] == 0;

	r->talking -= r->talking > 0;
	if (v == NULL || v->stage != VISIT_COMPARING)
		return;
	if (syncer_peer_find(r->syncer, peer, &p)) {
		v->offered = p.peer_items;
		v->offered_known = good;
		v->fresh = p.records_new;
	}
	visit_compared(r->c, v, good, why, good ? FLUSH_MS : JUDGED_MS);
}

static void
on_stored(void *ctx, const struct record *record, uint64_t rid, bool own)
{
	struct crawl_records *r = ctx;

	(void)record;
	(void)rid;
	(void)own;
	r->held++;
}

static void
on_gone(void *ctx, const struct store_gone *gone)
{
	struct crawl_records *r = ctx;

	(void)gone;
	r->held -= r->held > 0;
}

/* ---- opening ---- */

static err
open_store(struct crawl_records *r)
{
	struct crawl *c = r->c;
	char path[PATH_TEXT_MAX], why[STORE_WHY] = "";
	const struct map_lmdb_options options = { .map_bytes = MAP_BYTES,
		.create = true };
	struct store_config sc = { .net = slice_str(c->p.network),
		.scope = &r->scope };
	struct store_totals totals;
	struct store_view *view = NULL;

	crawl_path(path, "%s/%s/store", c->cf->dir, CRAWL_WORK);
	c->env.random(c->env.ctx, sc.random, sizeof(sc.random));
	err e = map_lmdb_open(path, &options, &r->map, why);
	if (e == OK)
		e = store_open(r->map, &sc, &r->store, why);
	if (e != OK) {
		problem_set(c->problem, problem_exit(e), "E1301",
		    "cannot open the store in %s", path);
		problem_why(c->problem, "%s", why);
		return e;
	}
	TRY(store_view_open(r->store, &view));
	if (store_totals(view, &totals) == OK)
		r->held = totals.records;
	store_view_close(view);
	return OK;
}

static err
open_pipeline(struct crawl_records *r)
{
	struct crawl *c = r->c;
	const struct pipeline_config pc = { .loop = &c->n.loop,
		.env = &c->env,
		.store = r->store,
		.net = slice_str(c->p.network),
		.threads = MAX(1U, MIN(uv_available_parallelism(), 4U)),
		.queue_max = QUEUE,
		.bytes_max = QUEUE_BYTES,
		.commit_ms = COMMIT_MS,
		.seen_max = SEEN,
		.stored = on_stored,
		.gone = on_gone,
		.ctx = r };

	r->pipeline = pipeline_new(&pc);
	return r->pipeline == NULL ? ERR_NOMEM : OK;
}

static err
open_sync(struct crawl_records *r)
{
	struct crawl *c = r->c;
	struct syncer_config cf = { .host = c->host,
		.env = &c->env,
		.store = r->store,
		.net = slice_str(c->p.network),
		.sessions_max = SESSIONS,
		.mem = &r->mem,
		.pace_s = 86400,
		.light = true, /* whom we visit is decided here */
		.crawler = true,
		.no_crawl = true,
		.take_only = true,
		.scope = scope_now,
		.submit = submit,
		.work = run_job,
		.wake = wake,
		.over = on_over,
		.ctx = r };

	r->mem = mem_heap(SYNC_MEMORY);
	c->env.random(c->env.ctx, cf.tag, sizeof(cf.tag));
	r->syncer = syncer_new(&cf);
	return r->syncer == NULL ? ERR_NOMEM : OK;
}

err
records_open(struct crawl *c, struct crawl_records **out)
{
	struct crawl_records *r = calloc(1, sizeof(*r));

	*out = r; /* what was opened is freed by records_free() */
	if (r == NULL)
		return ERR_NOMEM;
	r->c = c;
	r->scope = scope_all();
	r->scope.kinds[0] = c->p.kinds[0];
	r->scope.kinds[1] = c->p.kinds[1];
	TRY(open_store(r));
	TRY(open_pipeline(r));
	return open_sync(r);
}

/* ---- visits ---- */

bool
records_compare(struct crawl_records *r, struct visit *v)
{
	/* The first copy comes once; what follows are differences. */
	if (r->stopped || (r->held == 0 && r->talking > 0))
		return false;
	syncer_peer(r->syncer, &v->peer.id);
	if (syncer_now(r->syncer, &v->peer.id) != OK)
		return false;
	v->comparing = true;
	r->talking++;
	return true;
}

bool
records_event(struct crawl_records *r, const struct host_event *ev)
{
	return syncer_event(r->syncer, ev);
}

void
records_gone(struct crawl_records *r, const struct peer_id *peer)
{
	syncer_peer_gone(r->syncer, peer);
}

bool
records_idle(struct crawl_records *r)
{
	struct pipeline_stats s;

	pipeline_stats(r->pipeline, &s);
	return s.queued == 0;
}

void
records_tick(struct crawl_records *r)
{
	const uint64_t now = r->c->env.mono_ms(r->c->env.ctx);

	if (now - r->tick_ms < 1000)
		return;
	r->tick_ms = now;
	syncer_tick(r->syncer);
}

/* ---- the end ---- */

static void
on_stopped(void *ctx)
{
	(void)ctx;
}

void
records_stop(struct crawl_records *r)
{
	if (r == NULL || r->stopped)
		return;
	r->stopped = true;
	if (r->syncer != NULL)
		syncer_stop(r->syncer);
	if (r->pipeline != NULL)
		pipeline_stop(r->pipeline, on_stopped, r);
}

void
records_free(struct crawl_records *r)
{
	if (r == NULL)
		return;
	syncer_free(r->syncer);
	pipeline_free(r->pipeline);
	store_close(r->store);
	map_close(r->map);
	free(r);
}

uint64_t
records_count(struct crawl_records *r)
{
	return r->held;
}

struct store *
records_store(struct crawl_records *r)
{
	return r->store;
}
