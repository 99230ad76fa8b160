#include "node/pipeline.h"

#include <stdlib.h>

#include "proto/base/fifo.h"

#define VERIFY_BATCH 32
#define COMMIT_BATCH 4096
#define BUSY_BATCH   4 /* records in a commit: from here on it pays to wait */

/* One record on its way, or one piece of work for the writer. */
struct job {
	struct fifo_link link;
	struct judging j;
	uint8_t *bytes;
	size_t n;
	bool unwritten; /* the writer's transaction failed */
	bool over_quota;
	judge_done *done;
	void *ctx;

	writer_work *work; /* instead of a record */
	writer_done *work_done;
	err work_result;
};

struct gone_event {
	struct gone_event *next;
	struct store_gone gone;
};

struct verify {
	uv_work_t work;
	struct pipeline *p;
	struct job *jobs[VERIFY_BATCH];
	unsigned n;
	struct arena scratch;
	bool busy;
};

struct pipeline {
	struct pipeline_config cf;
	char net[NET_MAX + 1];
	struct arena scratch;  /* of the loop */
	struct verify *verify; /* cf.threads of them */
	unsigned queued;
	uint64_t queued_bytes;
	struct pipeline_stats stats;

	uv_thread_t writer;
	uv_mutex_t lock;
	uv_cond_t wake;
	uv_async_t async;
	/* under ${lock} */
	struct fifo waiting; /* for a verify thread */
	struct fifo to_write, written;
	uint64_t verified;
	struct gone_event *gone, **gone_end;
	uint64_t commits, committed, write_errors;
	char last_error[STORE_WHY];
	bool stopping; /* the writer ends when its queue is empty */

	bool stop_asked;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

static struct job *
pop(struct fifo *q)
{
	struct fifo_link *l = fifo_pop(q);

	return l == NULL ? NULL : CONTAINER_OF(l, struct job, link);
}

static void
count(struct pipeline *p, enum record_outcome o)
{
	p->stats.outcomes[o]++;
}

static void
job_end(struct pipeline *p, struct job *j)
{
	ASSERT(p->queued > 0 && p->queued_bytes >= j->n);
	p->queued--;
	p->queued_bytes -= j->n;
	free(j->bytes);
	free(j);
}

/* A record's way is over: count it, tell who brought it. */
static void
job_finish(struct pipeline *p, struct job *j)
{
	char why[STORE_WHY];
	const struct judge_result r = { j->j.outcome, &j->j.record, j->j.rid,
		j->over_quota, j->unwritten ? why : NULL };

	if (j->unwritten) {
		uv_mutex_lock(&p->lock);
		memcpy(why, p->last_error, sizeof(why));
		uv_mutex_unlock(&p->lock);
	}
	count(p, j->j.outcome);
	if (j->j.outcome == RECORD_STORED && p->cf.stored != NULL)
		p->cf.stored(p->cf.ctx, &j->j.record, j->j.rid, j->j.own);
	if (j->done != NULL)
		j->done(j->ctx, &r);
	job_end(p, j);
}

static void
send_to_writer(struct pipeline *p, struct job *j)
{
	uv_mutex_lock(&p->lock);
	fifo_push(&p->to_write, &j->link);
	uv_cond_signal(&p->wake);
	uv_mutex_unlock(&p->lock);
}

static void verify_start(struct pipeline *p, unsigned waiting);
static void stop_if_idle(struct pipeline *p);

/* Takes a share of what waits; how many. */
static unsigned
verify_take(struct verify *v)
{
	struct pipeline *p = v->p;

	uv_mutex_lock(&p->lock);
	/* Leave some for the other workers when there are few. */
	const unsigned share =
	    MIN(p->waiting.n / p->cf.threads + 1, (unsigned)VERIFY_BATCH);
	v->n = 0;
	while (v->n < share && p->waiting.n > 0)
		v->jobs[v->n++] = pop(&p->waiting);
	uv_mutex_unlock(&p->lock);
	return v->n;
}

/* Good records go straight on to the writer, the others back to the loop. */
static void
verify_give(struct verify *v)
{
	struct pipeline *p = v->p;
	bool refused = false;

	uv_mutex_lock(&p->lock);
	p->verified += v->n;
	for (unsigned i = 0; i < v->n; i++) {
		const bool good = v->jobs[i]->j.outcome == RECORD_FINE;
		fifo_push(good ? &p->to_write : &p->written, &v->jobs[i]->link);
		refused = refused || !good;
	}
	uv_cond_signal(&p->wake);
	uv_mutex_unlock(&p->lock);
	if (refused)
		(void)uv_async_send(&p->async);
}

/*
 * A worker goes on while records wait: if the loop had to hand it each batch,
 * it would stand idle whenever the loop is busy taking in more.
 */
static void
on_verify(uv_work_t *work)
{
	struct verify *v = CONTAINER_OF(work, struct verify, work);

	while (verify_take(v) > 0) {
		for (unsigned i = 0; i < v->n; i++)
			v->jobs[i]->j.outcome =
			    record_verify(&v->jobs[i]->j.record, &v->scratch);
		verify_give(v);
	}
}

static void
on_verified(uv_work_t *work, int status)
{
	struct verify *v = CONTAINER_OF(work, struct verify, work);
	struct pipeline *p = v->p;

	(void)status; /* nothing cancels it */
	v->busy = false;
	uv_mutex_lock(&p->lock);
	const unsigned waiting = p->waiting.n;
	uv_mutex_unlock(&p->lock);
	verify_start(p, waiting); /* what came after the worker's last look */
	stop_if_idle(p);
}

/* Wakes workers, as many as there is something to do for: ${waiting}. */
static void
verify_start(struct pipeline *p, unsigned waiting)
{
	for (unsigned t = 0; t < p->cf.threads && waiting > 0; t++) {
		struct verify *v = &p->verify[t];
		if (v->busy)
			continue;
		v->busy = true;
		waiting--;
		const int rc =
		    uv_queue_work(p->cf.loop, &v->work, on_verify, on_verified);
		ASSERT(rc == 0);
	}
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
		j = calloc(1, sizeof(*j));
	if (j != NULL && (j->bytes = malloc(bytes.n)) == NULL) {
		free(j);
		j = NULL;
	}
	if (j == NULL) {
		count(p, r.outcome);
		if (done != NULL)
			done(ctx, &r);
		return;
	}
	memcpy(j->bytes, bytes.p, bytes.n);
	j->n = bytes.n;
	j->j.own = own;
	j->done = done;
	j->ctx = ctx;
	p->queued++;
	p->queued_bytes += j->n;
	const struct record_rules rules = { slice_str(p->net),
		p->cf.env->wall_s(p->cf.env->ctx), class_mask };
	if (!judge_before(p->cf.store, slice_of(j->bytes, j->n), &rules,
		&p->scratch, &j->j)) {
		job_finish(p, j);
		return;
	}
	if (j->j.verified) {
		send_to_writer(p, j);
		return;
	}
	uv_mutex_lock(&p->lock);
	fifo_push(&p->waiting, &j->link);
	const unsigned waiting = p->waiting.n;
	uv_mutex_unlock(&p->lock);
	verify_start(p, waiting);
}

err
pipeline_write(
    struct pipeline *p, writer_work *work, writer_done *done, void *ctx)
{
	if (p->stop_asked || p->queued >= p->cf.queue_max)
		return ERR_LIMIT;
	struct job *j = calloc(1, sizeof(*j));
	if (j == NULL)
		return ERR_NOMEM;
	j->work = work;
	j->work_done = done;
	j->ctx = ctx;
	p->queued++;
	send_to_writer(p, j);
	return OK;
}

/* ---- the writer thread ---- */

/* What one commit covers. */
struct commit {
	struct job *jobs[COMMIT_BATCH];
	struct store_item items[COMMIT_BATCH];
	unsigned n;
	struct gone_event *gone, **gone_end;
};

static void
on_gone(void *ctx, const struct store_gone *gone)
{
	struct commit *c = ctx;
	struct gone_event *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return; /* the index notices when it reads the record */
	g->gone = *gone;
	*c->gone_end = g;
	c->gone_end = &g->next;
}

/* Records of the commit, in one transaction. */
static void
commit_records(struct pipeline *p, struct commit *c)
{
	if (c->n == 0)
		return;
	for (unsigned i = 0; i < c->n; i++)
		c->items[i] =
		    (struct store_item){ .record = &c->jobs[i]->j.record,
			    .own = c->jobs[i]->j.own };
	const err e = store_apply(p->cf.store, c->items, c->n,
	    p->cf.env->wall_s(p->cf.env->ctx), on_gone, c);
	for (unsigned i = 0; i < c->n; i++) {
		struct job *j = c->jobs[i];
		j->j.outcome =
		    e == OK ? c->items[i].outcome : RECORD_QUEUE_FULL;
		j->j.rid = e == OK ? c->items[i].rid : 0;
		j->unwritten = e != OK;
		j->over_quota = e == OK && j->j.outcome == RECORD_QUEUE_FULL;
	}
	uv_mutex_lock(&p->lock);
	if (e == OK) {
		p->commits++;
		p->committed += c->n;
	} else {
		p->write_errors++;
		memcpy(p->last_error, store_why(p->cf.store), STORE_WHY);
		p->last_error[STORE_WHY - 1] = 0;
	}
	for (unsigned i = 0; i < c->n; i++)
		fifo_push(&p->written, &c->jobs[i]->link);
	if (c->gone != NULL) {
		*p->gone_end = c->gone;
		p->gone_end = c->gone_end;
	}
	uv_mutex_unlock(&p->lock);
	(void)uv_async_send(&p->async);
	c->n = 0;
	c->gone = NULL;
	c->gone_end = &c->gone;
}

static void
do_work(struct pipeline *p, struct job *j)
{
	j->work_result = j->work(p->cf.store, j->ctx);
	uv_mutex_lock(&p->lock);
	fifo_push(&p->written, &j->link);
	uv_mutex_unlock(&p->lock);
	(void)uv_async_send(&p->async);
}

/* Waits for jobs; takes them all; false: the end. */
static bool
take_jobs(struct pipeline *p, struct fifo *out, unsigned last_batch)
{
	uv_mutex_lock(&p->lock);
	while (p->to_write.n == 0 && !p->stopping)
		uv_cond_wait(&p->wake, &p->lock);
	/*
	 * Under load wait a little, so that more records share the fsync; a
	 * single record is committed at once.
	 */
	const uint64_t until =
	    uv_hrtime() + (uint64_t)p->cf.commit_ms * 1000000U;
	while (last_batch >= BUSY_BATCH && p->to_write.n < COMMIT_BATCH &&
	       !p->stopping) {
		const uint64_t now = uv_hrtime();
		if (now >= until ||
		    uv_cond_timedwait(&p->wake, &p->lock, until - now) != 0)
			break;
	}
	*out = p->to_write;
	p->to_write = (struct fifo){ 0 };
	const bool some = out->n > 0;
	uv_mutex_unlock(&p->lock);
	return some;
}

static void
writer_main(void *ctx)
{
	struct pipeline *p = ctx;
	struct commit *c = calloc(1, sizeof(*c));
	struct fifo jobs;
	unsigned last_batch = 0;

	if (c == NULL)
		abort(); /* at start-up, before anything was acknowledged */
	c->gone_end = &c->gone;
	while (take_jobs(p, &jobs, last_batch)) {
		struct job *j;
		last_batch = jobs.n;
		while ((j = pop(&jobs)) != NULL) {
			if (j->work == NULL) {
				c->jobs[c->n++] = j;
				if (c->n == COMMIT_BATCH)
					commit_records(p, c);
			} else {
				/* Order is kept: what came before it first. */
				commit_records(p, c);
				do_work(p, j);
			}
		}
		commit_records(p, c);
	}
	free(c);
}

static void
on_written(uv_async_t *async)
{
	struct pipeline *p = CONTAINER_OF(async, struct pipeline, async);
	struct fifo done;
	struct job *j;

	uv_mutex_lock(&p->lock);
	done = p->written;
	p->written = (struct fifo){ 0 };
	struct gone_event *gone = p->gone;
	p->gone = NULL;
	p->gone_end = &p->gone;
	uv_mutex_unlock(&p->lock);
	while (gone != NULL) {
		struct gone_event *next = gone->next;
		if (p->cf.gone != NULL)
			p->cf.gone(p->cf.ctx, &gone->gone);
		free(gone);
		gone = next;
	}
	while ((j = pop(&done)) != NULL) {
		if (j->work == NULL) {
			job_finish(p, j);
			continue;
		}
		if (j->work_done != NULL)
			j->work_done(j->ctx, j->work_result);
		job_end(p, j);
	}
	stop_if_idle(p);
}

static void
on_async_closed(uv_handle_t *handle)
{
	struct pipeline *p =
	    CONTAINER_OF((uv_async_t *)handle, struct pipeline, async);

	p->stopped(p->stopped_ctx);
}

static void
stop_if_idle(struct pipeline *p)
{
	if (!p->stop_asked || p->queued > 0 || p->stopping)
		return;
	for (unsigned t = 0; t < p->cf.threads; t++)
		if (p->verify[t].busy)
			return; /* on_verified() comes here again */
	uv_mutex_lock(&p->lock);
	p->stopping = true;
	uv_cond_signal(&p->wake);
	uv_mutex_unlock(&p->lock);
	(void)uv_thread_join(&p->writer);
	uv_close((uv_handle_t *)&p->async, on_async_closed);
}

void
pipeline_stop(struct pipeline *p, void (*stopped)(void *ctx), void *ctx)
{
	ASSERT(!p->stop_asked);
	p->stop_asked = true;
	p->stopped = stopped;
	p->stopped_ctx = ctx;
	stop_if_idle(p);
}

void
pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	ASSERT(p->stopping);
	uv_mutex_destroy(&p->lock);
	uv_cond_destroy(&p->wake);
	for (unsigned t = 0; t < p->cf.threads; t++)
		free(p->verify[t].scratch.p);
	free(p->verify);
	free(p->scratch.p);
	free(p);
}

static bool
scratch_new(struct arena *a)
{
	*a = arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	return a->p != NULL;
}

static struct pipeline *
pipeline_alloc(const struct pipeline_config *cf)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->cf = *cf;
	memcpy(p->net, cf->net.p, cf->net.n);
	p->gone_end = &p->gone;
	p->verify = calloc(cf->threads, sizeof(*p->verify));
	bool good = p->verify != NULL && scratch_new(&p->scratch);
	for (unsigned t = 0; good && t < cf->threads; t++) {
		p->verify[t].p = p;
		good = scratch_new(&p->verify[t].scratch);
	}
	if (good)
		return p;
	for (unsigned t = 0; p->verify != NULL && t < cf->threads; t++)
		free(p->verify[t].scratch.p);
	free(p->verify);
	free(p->scratch.p);
	free(p);
	return NULL;
}

struct pipeline *
pipeline_new(const struct pipeline_config *cf)
{
	ASSERT(cf->threads >= 1 && cf->threads <= 16);
	ASSERT(cf->net.n <= NET_MAX);
	struct pipeline *p = pipeline_alloc(cf);
	if (p == NULL)
		return NULL;
	if (uv_mutex_init(&p->lock) != 0 || uv_cond_init(&p->wake) != 0 ||
	    uv_async_init(cf->loop, &p->async, on_written) != 0 ||
	    uv_thread_create(&p->writer, writer_main, p) != 0)
		abort(); /* the system is out of threads at start-up */
	return p;
}

void
pipeline_stats(struct pipeline *p, struct pipeline_stats *out)
{
	*out = p->stats;
	out->queued = p->queued;
	out->queued_bytes = p->queued_bytes;
	uv_mutex_lock(&p->lock);
	out->verified = p->verified;
	out->commits = p->commits;
	out->committed = p->committed;
	out->write_errors = p->write_errors;
	memcpy(out->last_error, p->last_error, STORE_WHY);
	uv_mutex_unlock(&p->lock);
}
