#include "node/sync/sync_node.h"

#include <stdlib.h>

#include "node/base/env.h"
#include "node/keys/vault.h"
#include "node/sync/light.h"
#include "proto/base/text.h"

#define TAG       "sync/tag"   /* in the vault */
#define PEERS     "sync/peers" /* a list */
#define SAVED_MAX 64

/* ---- its surroundings ---- */

struct work {
	uv_work_t work;
	struct syncer_job *job;
};

static void
submit(void *ctx, struct slice bytes, judge_done *done, void *done_ctx)
{
	const struct node *n = ctx;

	pipeline_submit(n->pipeline, bytes, 0, false, done, done_ctx);
}

/* Half of the pipeline's queue: gossip has the other one. */
static bool
room(void *ctx)
{
	struct node *n = ctx;

	if (n->stopping || pipeline_room(n->pipeline))
		return true;
	pipeline_when_room(n->pipeline, &n->sync_room);
	return false;
}

static void
on_room(void *ctx)
{
	syncer_room(((struct node *)ctx)->syncer);
}

static void
on_work(uv_work_t *work)
{
	syncer_job_run(CONTAINER_OF(work, struct work, work)->job);
}

static void
on_worked(uv_work_t *work, int status)
{
	struct work *w = CONTAINER_OF(work, struct work, work);

	(void)status; /* nothing cancels it */
	syncer_job_done(w->job);
	free(w);
}

err
sync_job_queue(uv_loop_t *loop, struct syncer_job *job)
{
	struct work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NOMEM;
	w->job = job;
	const int rc = uv_queue_work(loop, &w->work, on_work, on_worked);
	ASSERT(rc == 0);
	return OK;
}

static err
run_job(void *ctx, struct syncer_job *job)
{
	return sync_job_queue(&((struct node *)ctx)->loop, job);
}

static void
wake(void *ctx)
{
	transport_wake(((struct node *)ctx)->transport);
}

static void
scope_of_store(void *ctx, struct scope *out)
{
	const struct node *n = ctx;

	store_scope(n->store, out);
	if (n->light != NULL)
		light_scope(n->light, out);
}

static void
on_over(void *ctx, const struct peer_id *peer, const char *why)
{
	struct node *n = ctx;

	if (n->light != NULL)
		light_over(n->light, peer, why);
}

static uint64_t
bytes_left(void *ctx)
{
	const struct node *n = ctx;

	return n->light == NULL ? UINT64_MAX : light_left(n->light);
}

/* ---- over a restart ---- */

/* A store that is new has a new name: numbers of another mean nothing. */
static err
tag_make(struct node *n, uint8_t tag[SYNC_TAG])
{
	json_t *kept = store_info(n->store).created
			   ? NULL
			   : vault_get(n->vault, TAG, NULL);
	const char *text = json_string_value(kept);
	struct buf b = { tag, 0, SYNC_TAG };
	char hex[2 * SYNC_TAG + 1];
	const bool good = text != NULL && hex_get(slice_str(text), &b) == OK &&
			  b.n == SYNC_TAG;

	json_decref(kept);
	if (good)
		return OK;
	n->env.random(n->env.ctx, tag, SYNC_TAG);
	TRY(hex_put(hex, sizeof(hex), slice_of(tag, SYNC_TAG)));
	json_t *made = json_string(hex);
	const err e = made == NULL ? ERR_NOMEM : vault_put(n->vault, TAG, made);
	json_decref(made);
	return e;
}

static void
peer_restore(struct node *n, const json_t *o)
{
	const char *id = json_string_value(json_object_get(o, "id"));
	const char *tag = json_string_value(json_object_get(o, "tag"));
	struct syncer_peer p = { .why = "" };
	struct buf b = { p.cursor.tag, 0, SYNC_TAG };

	if (id == NULL || peer_id_get(slice_str(id), &p.id) != OK)
		return;
	p.agreed_s = (uint64_t)json_integer_value(json_object_get(o, "agreed"));
	p.lies = (uint32_t)json_integer_value(json_object_get(o, "lies"));
	p.cursor.rid = (uint64_t)json_integer_value(json_object_get(o, "rid"));
	p.cursor.known = tag != NULL && hex_get(slice_str(tag), &b) == OK &&
			 b.n == SYNC_TAG && !store_info(n->store).created;
	syncer_restore(n->syncer, &p);
}

static void
peers_restore(struct node *n)
{
	json_t *list = vault_get(n->vault, PEERS, NULL), *one;
	size_t i;

	json_array_foreach(list, i, one) peer_restore(n, one);
	json_decref(list);
}

static void
peer_append(json_t *list, const struct syncer_peer *p)
{
	char id[PEER_ID_TEXT_MAX], tag[2 * SYNC_TAG + 1];

	peer_id_put(id, &p->id);
	json_t *o =
	    json_pack("{s:s,s:I}", "id", id, "agreed", (json_int_t)p->agreed_s);
	if (o != NULL && p->lies > 0)
		(void)json_object_set_new(o, "lies", json_integer(p->lies));
	if (o != NULL && p->cursor.known &&
	    hex_put(tag, sizeof(tag), slice_of(p->cursor.tag, SYNC_TAG)) ==
		OK) {
		(void)json_object_set_new(o, "tag", json_string(tag));
		(void)json_object_set_new(
		    o, "rid", json_integer((json_int_t)p->cursor.rid));
	}
	(void)json_array_append_new(list, o);
}

/* Liars first, some of them, then those who agreed, the latest first. */
static int
by_use(const void *a, const void *b)
{
	const struct syncer_peer *x = a, *y = b;

	if ((x->lies > 0) != (y->lies > 0))
		return x->lies > 0 ? -1 : 1;
	return x->agreed_s > y->agreed_s ? -1 : x->agreed_s < y->agreed_s;
}

void
sync_save(struct node *n)
{
	struct syncer_peer *all = calloc(SYNCER_PEERS_MAX, sizeof(*all));
	json_t *list = json_array();
	unsigned count = 0, liars = 0;

	while (all != NULL && count < SYNCER_PEERS_MAX &&
	       syncer_peer_at(n->syncer, count, &all[count]))
		count++;
	if (all != NULL)
		qsort(all, count, sizeof(*all), by_use);
	for (unsigned i = 0; i < count && json_array_size(list) < SAVED_MAX;
	     i++)
		if (all[i].lies > 0 ? liars++ < SAVED_MAX / 4
				    : all[i].agreed_s > 0)
			peer_append(list, &all[i]);
	free(all);
	if (list == NULL || vault_put(n->vault, PEERS, list) != OK)
		env_log(&n->env, LOG_UNUSUAL, "sync_not_saved",
		    "what=\"the first sessions after a restart cost more\"");
	json_decref(list);
	if (n->light != NULL)
		light_save(n->light);
}

err
sync_open(struct node *n)
{
	const struct config *c = n->config;
	struct syncer_config cf = {
		.host = n->host,
		.env = &n->env,
		.store = n->store,
		.net = slice_str(c->node.network),
		.sessions_max = c->sync.sessions,
		.mem = &n->sync_mem,
		.pace_s = c->sync.pace_s,
		.light = c->node.mode == NODE_LIGHT,
		.no_crawl = c->crawl.allow == 0,
		.scope = scope_of_store,
		.submit = submit,
		.room = room,
		.work = run_job,
		.wake = wake,
		.over = on_over,
		.left = bytes_left,
		.ctx = n,
	};

	n->sync_room = (struct pipeline_waiter){ .room = on_room, .ctx = n };
	n->sync_mem = mem_heap((size_t)c->limits.sync_memory);
	TRY(tag_make(n, cf.tag));
	n->syncer = syncer_new(&cf);
	if (n->syncer == NULL)
		return ERR_NOMEM;
	peers_restore(n);
	if (c->node.mode == NODE_LIGHT) {
		n->light = light_new(n);
		if (n->light == NULL)
			return ERR_NOMEM;
	}
	return OK;
}

/* ---- for people ---- */

static void
put(json_t *o, const char *key, uint64_t v)
{
	(void)json_object_set_new(o, key, json_integer((json_int_t)v));
}

json_t *
sync_json(const struct node *n)
{
	const struct syncer_stats s = syncer_stats(n->syncer);
	json_t *o = json_object();

	put(o, "begun", s.begun);
	put(o, "served", s.served);
	put(o, "agreed", s.agreed);
	put(o, "equal", s.equal);
	put(o, "failed", s.failed);
	put(o, "lied", s.lied);
	put(o, "busy", s.busy);
	put(o, "declined", s.declined);
	put(o, "bytes_in", s.bytes_in);
	put(o, "bytes_out", s.bytes_out);
	put(o, "records_in", s.records_in);
	put(o, "records_new", s.records_new);
	put(o, "records_out", s.records_out);
	put(o, "winners_out", s.winners_out);
	put(o, "refused_in", s.refused_in);
	put(o, "refused_out", s.refused_out);
	put(o, "held_back", s.held_back);
	put(o, "memory", s.memory_now);
	put(o, "memory_max", n->config->limits.sync_memory);
	put(o, "own_now", s.own_now);
	put(o, "serving_now", s.serving_now);
	(void)json_object_set_new(o, "behind", json_boolean(s.behind));
	return o;
}

static void
put_time(json_t *o, const char *key, uint64_t t)
{
	if (t > 0)
		put(o, key, t);
	else
		(void)json_object_set_new(o, key, json_null());
}

json_t *
sync_peer_json(const struct syncer_peer *p)
{
	char id[PEER_ID_TEXT_MAX];
	json_t *o = json_object();

	peer_id_put(id, &p->id);
	(void)json_object_set_new(o, "peer_id", json_string(id));
	(void)json_object_set_new(o, "connected", json_boolean(p->connected));
	(void)json_object_set_new(o, "talking", json_boolean(p->talking));
	put_time(o, "agreed_at", p->agreed_s);
	put_time(o, "tried_at", p->tried_s);
	(void)json_object_set_new(o, "why", json_string(p->why));
	put(o, "fails", p->fails);
	put(o, "lies", p->lies);
	put(o, "equals", p->equals);
	put(o, "wait_s", p->wait_s);
	put(o, "turns", p->turns);
	put(o, "differences", p->differences);
	put(o, "last_bytes", p->last_bytes);
	put(o, "sessions", p->sessions);
	put(o, "bytes_in", p->bytes_in);
	put(o, "bytes_out", p->bytes_out);
	put(o, "records_in", p->records_in);
	put(o, "records_new", p->records_new);
	put(o, "records_out", p->records_out);
	return o;
}
