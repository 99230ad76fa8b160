#include "node/record/pipeline.h"

#include <stdlib.h>

#include "crypto/crypto.h"
#include "node/record/pipeline_internal.h"

#define JOB_ROOM  1024 /* bytes of a record; larger ones come from the heap */
#define SPARE_MAX 256  /* jobs kept for the next records */
#define STAGE_MAX 16   /* records handed to the threads at once */
#define VIEW_MAX  64   /* looks through one view */

/* ---- jobs ---- */

static struct job *
job_new(struct pipeline *p, size_t n)
{
	const size_t room = MAX(n, (size_t)JOB_ROOM);
	struct job *j = room == JOB_ROOM ? job_pop(&p->spare) : NULL;

	if (j == NULL)
		j = malloc(sizeof(*j) + room);
	if (j == NULL)
		return NULL;
	*j = (struct job){ .n = n, .room = room };
	p->queued++;
	p->queued_bytes += n;
	return j;
}

static void
job_end(struct pipeline *p, struct job *j)
{
	ASSERT(p->queued > 0 && p->queued_bytes >= j->n);
	p->queued--;
	p->queued_bytes -= j->n;
	if (j->room == JOB_ROOM && p->spare.n < SPARE_MAX)
		fifo_push(&p->spare, &j->link);
	else
		free(j);
}

/* ---- flights: which bytes are under way ---- */

static void
job_hash(const struct pipeline *p, struct job *j)
{
	uint8_t both[RECORD_ID + ED25519_SIG];

	memcpy(both, j->j.record.id, RECORD_ID);
	memcpy(both + RECORD_ID, j->j.record.sig, ED25519_SIG);
	j->hash = hash_siphash(both, sizeof(both), p->key);
}

static struct job *
flight_find(const struct pipeline *p, const struct job *like)
{
	struct job *j = p->flights[like->hash & (p->rows - 1)];

	while (
	    j != NULL &&
	    (j->hash != like->hash ||
		memcmp(j->j.record.id, like->j.record.id, RECORD_ID) != 0 ||
		memcmp(j->j.record.sig, like->j.record.sig, ED25519_SIG) != 0))
		j = j->next;
	return j;
}

static void
flight_add(struct pipeline *p, struct job *j)
{
	struct job **row = &p->flights[j->hash & (p->rows - 1)];

	j->next = *row;
	*row = j;
	j->flying = true;
}

static void
flight_remove(struct pipeline *p, struct job *j)
{
	struct job **at = &p->flights[j->hash & (p->rows - 1)];

	if (!j->flying)
		return;
	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	j->flying = false;
}

/* ---- the end of a record's way ---- */

static void
count(struct pipeline *p, enum pipeline_stage s, enum record_outcome o)
{
	p->stats.outcomes[o]++;
	p->stats.ended[s][o]++;
}

static void hand_on(struct pipeline *p, struct job *j);
static void copies_finish(struct pipeline *p, struct job *j);

/* Count it, tell who brought it. */
static void
job_finish(struct pipeline *p, struct job *j, enum pipeline_stage stage)
{
	char why[STORE_WHY];
	const enum record_outcome o = j->j.outcome;
	const struct judge_result r = { .outcome = o,
		.record = &j->j.record,
		.rid = j->j.rid,
		.came_back = o == RECORD_DUPLICATE && j->j.returned,
		.over_quota = j->over_quota,
		.broken = j->unwritten ? why : NULL };

	if (j->unwritten) {
		uv_mutex_lock(&p->lock);
		memcpy(why, p->last_error, sizeof(why));
		uv_mutex_unlock(&p->lock);
	}
	if (j->flying && j->j.verified && o != RECORD_STORED &&
	    o != RECORD_DUPLICATE)
		seen_put(&p->seen, j->hash);
	flight_remove(p, j);
	count(p, stage, o);
	if (o == RECORD_STORED && p->cf.stored != NULL)
		p->cf.stored(p->cf.ctx, &j->j.record, j->j.rid, j->j.own);
	if (r.came_back && p->cf.returned != NULL)
		p->cf.returned(p->cf.ctx, &j->j.record, j->j.rid);
	if (p->cf.judged != NULL && !j->j.own && j->j.parsed)
		p->cf.judged(p->cf.ctx, &j->j.record);
	if (j->done != NULL)
		j->done(j->ctx, &r);
	copies_finish(p, j);
	job_end(p, j);
}

static void
copies_finish(struct pipeline *p, struct job *j)
{
	struct job *copy;

	while ((copy = job_pop(&j->copies)) != NULL) {
		if (!judge_copy(&j->j, &copy->j)) {
			hand_on(p, copy);
			continue;
		}
		copy->unwritten = j->unwritten;
		copy->over_quota = j->over_quota;
		job_finish(p, copy, PIPELINE_SEEN);
	}
}

/* ---- a record's way, the part on the loop ---- */

static void
flush(struct pipeline *p)
{
	if (p->staged.n > 0)
		threads_hand(p, &p->staged);
}

static void
view_close(struct pipeline *p)
{
	store_view_close(p->view);
	p->view = NULL;
	p->looks = 0;
}

/* Before the loop waits for the world. */
static void
on_prepare(uv_prepare_t *prepare)
{
	struct pipeline *p = CONTAINER_OF(prepare, struct pipeline, prepare);

	view_close(p);
	flush(p);
	(void)uv_prepare_stop(prepare);
}

/* To the threads, together with others. */
static void
hand_on(struct pipeline *p, struct job *j)
{
	fifo_push(&p->staged, &j->link);
	if (p->staged.n >= STAGE_MAX)
		flush(p);
	else
		(void)uv_prepare_start(&p->prepare, on_prepare);
}

/* For a look: what was committed a moment ago is found by the writer. */
static bool
view_open(struct pipeline *p)
{
	if (p->looks++ >= VIEW_MAX)
		view_close(p);
	if (p->view != NULL)
		return true;
	(void)uv_prepare_start(&p->prepare, on_prepare);
	return store_view_open(p->cf.store, &p->view) == OK;
}

/* True: its signature is to be checked, or the writer to be asked. */
static bool
checks(struct pipeline *p, struct job *j, uint32_t class_mask)
{
	const struct record_rules rules = { slice_str(p->net),
		p->cf.env->wall_s(p->cf.env->ctx), class_mask };
	const uint64_t begin = uv_hrtime();
	bool go_on = view_open(p);

	if (go_on)
		go_on = judge_before(p->view, slice_of(j->bytes, j->n), &rules,
		    &p->scratch, &j->j);
	else
		j->j.outcome = RECORD_QUEUE_FULL;
	p->stats.loop_ns += uv_hrtime() - begin;
	return go_on;
}

/* Is it known already that its bytes are good, or will it be? */
static void
depart(struct pipeline *p, struct job *j)
{
	job_hash(p, j);
	struct job *first = flight_find(p, j);
	if (first != NULL) {
		p->stats.spared++;
		fifo_push(&first->copies, &j->link);
		return;
	}
	flight_add(p, j);
	if (seen_has(&p->seen, j->hash)) {
		p->stats.spared++;
		j->seen = j->j.verified = true;
	}
	hand_on(p, j);
}

void
pipeline_submit(struct pipeline *p, struct slice bytes, uint32_t class_mask,
    bool own, judge_done *done, void *ctx)
{
	struct judge_result r = { .outcome = RECORD_QUEUE_FULL };
	struct job *j = NULL;

	if (bytes.n > RECORD_BYTES_MAX || bytes.n == 0)
		r.outcome =
		    bytes.n == 0 ? RECORD_NOT_CANONICAL : RECORD_OVERSIZE;
	else if (!p->stop_asked && p->queued < p->cf.queue_max &&
		 bytes.n <= p->cf.bytes_max - p->queued_bytes)
		j = job_new(p, bytes.n);
	if (j == NULL) {
		count(p, PIPELINE_QUEUE, r.outcome);
		if (done != NULL)
			done(ctx, &r);
		return;
	}
	memcpy(j->bytes, bytes.p, bytes.n);
	j->j.own = own;
	j->done = done;
	j->ctx = ctx;
	if (!checks(p, j, class_mask))
		job_finish(p, j, j->j.parsed ? PIPELINE_LOOK : PIPELINE_PARSE);
	else if (j->j.verified) /* ours, come back */
		hand_on(p, j);
	else
		depart(p, j);
}

err
pipeline_write(
    struct pipeline *p, writer_work *work, writer_done *done, void *ctx)
{
	if (p->stop_asked || p->queued >= p->cf.queue_max)
		return ERR_LIMIT;
	struct job *j = job_new(p, 0);
	if (j == NULL)
		return ERR_NOMEM;
	j->work = work;
	j->work_done = done;
	j->ctx = ctx;
	hand_on(p, j);
	return OK;
}

/* ---- room ---- */

bool
pipeline_room(const struct pipeline *p)
{
	return !p->stop_asked && 2 * (uint64_t)p->queued < p->cf.queue_max &&
	       2 * p->queued_bytes < p->cf.bytes_max;
}

void
pipeline_when_room(struct pipeline *p, struct pipeline_waiter *w)
{
	if (w->waiting || p->stop_asked)
		return;
	w->waiting = true;
	fifo_push(&p->waiters, &w->link);
	if (pipeline_room(p))
		(void)uv_async_send(&p->async);
}

void
pipeline_forget(struct pipeline *p, struct pipeline_waiter *w)
{
	struct fifo all = p->waiters;
	struct fifo_link *l;

	if (!w->waiting)
		return;
	w->waiting = false;
	p->waiters = (struct fifo){ 0 };
	while ((l = fifo_pop(&all)) != NULL)
		if (l != &w->link)
			fifo_push(&p->waiters, l);
}

static void
room_tell(struct pipeline *p)
{
	for (uint32_t n = p->waiters.n; n > 0 && pipeline_room(p); n--) {
		struct fifo_link *l = fifo_pop(&p->waiters);
		if (l == NULL) /* another one's call made it forget */
			return;
		struct pipeline_waiter *w =
		    CONTAINER_OF(l, struct pipeline_waiter, link);
		w->waiting = false;
		w->room(w->ctx);
	}
}

/* ---- what comes back ---- */

static void
gone_tell(struct pipeline *p, struct gone_list *gone)
{
	while (gone != NULL) {
		struct gone_list *next = gone->next;
		for (size_t i = 0; p->cf.gone != NULL && i < gone->n; i++)
			p->cf.gone(p->cf.ctx, &gone->v[i]);
		free(gone);
		gone = next;
	}
}

/* Verified again and again, it would pass as new each time. */
static void
relayed_before(struct job *j)
{
	if (j->seen && j->j.outcome == RECORD_RELAYED)
		j->j.outcome = RECORD_OUT_OF_SCOPE;
}

static void stop_if_idle(struct pipeline *p);

static void
on_written(uv_async_t *async)
{
	struct pipeline *p = CONTAINER_OF(async, struct pipeline, async);
	struct job *j;

	/* What flies no longer must be found in the store from now on. */
	view_close(p);
	uv_mutex_lock(&p->lock);
	struct fifo done = p->written;
	p->written = (struct fifo){ 0 };
	struct gone_list *gone = p->gone;
	p->gone = NULL;
	p->gone_end = &p->gone;
	uv_mutex_unlock(&p->lock);
	gone_tell(p, gone);
	while ((j = job_pop(&done)) != NULL) {
		if (j->work == NULL) {
			relayed_before(j);
			job_finish(p, j,
			    j->j.verified ? PIPELINE_STORE : PIPELINE_VERIFY);
			continue;
		}
		if (j->work_done != NULL)
			j->work_done(j->ctx, j->work_result);
		job_end(p, j);
	}
	room_tell(p);
	stop_if_idle(p);
}

/* ---- life ---- */

static void
on_closed(uv_handle_t *handle)
{
	struct pipeline *p = handle->data;

	if (--p->closing == 0)
		p->stopped(p->stopped_ctx);
}

static void
stop_if_idle(struct pipeline *p)
{
	if (!p->stop_asked || p->queued > 0 || p->stopping)
		return;
	view_close(p);
	threads_stop(p);
	p->closing = 2;
	uv_close((uv_handle_t *)&p->async, on_closed);
	uv_close((uv_handle_t *)&p->prepare, on_closed);
}

void
pipeline_stop(struct pipeline *p, void (*stopped)(void *ctx), void *ctx)
{
	ASSERT(!p->stop_asked);
	p->stop_asked = true;
	p->stopped = stopped;
	p->stopped_ctx = ctx;
	flush(p);
	stop_if_idle(p);
}

static void
memory_free(struct pipeline *p)
{
	struct job *j;

	for (unsigned t = 0; p->verifiers != NULL && t < p->cf.threads; t++)
		free(p->verifiers[t].scratch.p);
	free(p->verifiers);
	free(p->scratch.p);
	free(p->flights);
	free(p->commit);
	seen_free(&p->seen);
	while ((j = job_pop(&p->spare)) != NULL)
		free(j);
	free(p);
}

void
pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	ASSERT(p->stopping);
	uv_mutex_destroy(&p->lock);
	uv_cond_destroy(&p->verify_wake);
	uv_cond_destroy(&p->write_wake);
	memory_free(p);
}

static bool
scratch_new(struct arena *a)
{
	*a = arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	return a->p != NULL;
}

static bool
memory_new(struct pipeline *p)
{
	const unsigned threads = p->cf.threads;

	for (p->rows = 64; p->rows < p->cf.queue_max; p->rows *= 2)
		;
	p->verifiers = calloc(threads, sizeof(*p->verifiers));
	p->flights = calloc(p->rows, sizeof(p->flights[0]));
	p->commit = calloc(1, sizeof(*p->commit));
	bool good = p->verifiers != NULL && p->flights != NULL &&
		    p->commit != NULL && scratch_new(&p->scratch) &&
		    seen_new(&p->seen, p->cf.seen_max) == OK;
	for (unsigned t = 0; good && t < threads; t++) {
		p->verifiers[t].p = p;
		good = scratch_new(&p->verifiers[t].scratch);
	}
	return good;
}

struct pipeline *
pipeline_new(const struct pipeline_config *cf)
{
	ASSERT(cf->threads >= 1 && cf->threads <= THREADS_MAX);
	ASSERT(cf->net.n <= NET_MAX);
	struct pipeline *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->cf = *cf;
	memcpy(p->net, cf->net.p, cf->net.n);
	p->gone_end = &p->gone;
	if (!memory_new(p)) {
		memory_free(p);
		return NULL;
	}
	crypto_random(p->key, sizeof(p->key));
	if (uv_async_init(cf->loop, &p->async, on_written) != 0 ||
	    uv_prepare_init(cf->loop, &p->prepare) != 0)
		abort(); /* the system has nothing left at start-up */
	p->async.data = p->prepare.data = p;
	uv_unref((uv_handle_t *)&p->prepare);
	threads_start(p);
	return p;
}

const char *
pipeline_stage_name(enum pipeline_stage s)
{
	static const char *const names[PIPELINE_STAGES] = { "queue", "parse",
		"look", "seen", "verify", "store" };

	return names[s];
}

void
pipeline_stats(struct pipeline *p, struct pipeline_stats *out)
{
	*out = p->stats;
	out->queued = p->queued;
	out->queued_bytes = p->queued_bytes;
	uv_mutex_lock(&p->lock);
	out->to_verify = p->to_verify.n + p->staged.n;
	out->to_write = p->to_write.n;
	out->verified = p->verified;
	out->verify_ns = p->verify_ns;
	out->write_ns = p->write_ns;
	out->commits = p->commits;
	out->committed = p->committed;
	out->write_errors = p->write_errors;
	memcpy(out->last_error, p->last_error, STORE_WHY);
	uv_mutex_unlock(&p->lock);
}
