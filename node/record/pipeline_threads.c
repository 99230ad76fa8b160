/* The threads of the pipeline: signatures in parallel, one writer. */
#include <stdlib.h>

#include "node/record/pipeline.h"
#include "node/record/pipeline_internal.h"

#define MS          UINT64_C(1000000)
#define BUSY_BATCH  4   /* records in a commit: from here on waiting pays */
#define ACK_MS      40  /* from the record's arrival here to its commit */
#define GAP_MS      3   /* as long as nobody comes: nobody will */
#define BACKLOG     512 /* unverified: throughput counts, not the delay */
#define BULK_FACTOR 16  /* then a commit may wait so much longer */

/* ---- order ---- */

/* What is judged goes on, up to the first that is not. */
static void
advance(struct pipeline *p)
{
	const uint32_t before = p->to_write.n;
	bool refused = false;

	while (p->order.first != NULL) {
		struct job *j = CONTAINER_OF(p->order.first, struct job, order);
		if (!j->judged)
			break;
		(void)fifo_pop(&p->order);
		const bool writes = j->work != NULL || j->j.verified;
		fifo_push(writes ? &p->to_write : &p->written, &j->link);
		refused = refused || !writes;
	}
	if (p->to_write.n > before)
		p->write_last = uv_hrtime();
	if (before == 0)
		p->write_since = p->write_last;
	if (p->to_write.n >= p->write_wanted)
		uv_cond_signal(&p->write_wake);
	if (refused)
		(void)uv_async_send(&p->async);
}

void
threads_hand(struct pipeline *p, struct fifo *jobs)
{
	struct job *j;

	uv_mutex_lock(&p->lock);
	while ((j = job_pop(jobs)) != NULL) {
		j->judged = j->work != NULL || j->j.verified;
		fifo_push(&p->order, &j->order);
		if (!j->judged)
			fifo_push(&p->to_verify, &j->link);
	}
	advance(p);
	if (p->to_verify.n > 0 && p->verifiers_idle > 0)
		uv_cond_signal(&p->verify_wake);
	uv_mutex_unlock(&p->lock);
}

/* ---- signatures ---- */

/* Waits for records and takes a share of them; false: the end. */
static bool
verify_take(struct verifier *v)
{
	struct pipeline *p = v->p;

	p->verifiers_idle++;
	while (p->to_verify.n == 0 && !p->stopping)
		uv_cond_wait(&p->verify_wake, &p->lock);
	p->verifiers_idle--;
	/* Leave some for the other threads when there are few. */
	const unsigned share =
	    MIN(p->to_verify.n / p->cf.threads + 1, (unsigned)VERIFY_BATCH);
	v->n = 0;
	while (v->n < share && p->to_verify.n > 0)
		v->jobs[v->n++] = job_pop(&p->to_verify);
	if (p->to_verify.n > 0 && p->verifiers_idle > 0)
		uv_cond_signal(&p->verify_wake);
	return v->n > 0;
}

static void
verifier_main(void *ctx)
{
	struct verifier *v = ctx;
	struct pipeline *p = v->p;

	uv_mutex_lock(&p->lock);
	while (verify_take(v)) {
		uv_mutex_unlock(&p->lock);
		const uint64_t begin = uv_hrtime();
		for (unsigned i = 0; i < v->n; i++) {
			struct judging *j = &v->jobs[i]->j;
			j->outcome = record_verify(&j->record, &v->scratch);
			j->verified = j->outcome == RECORD_FINE;
		}
		const uint64_t took = uv_hrtime() - begin;
		uv_mutex_lock(&p->lock);
		p->verified += v->n;
		p->verify_ns += took;
		for (unsigned i = 0; i < v->n; i++)
			v->jobs[i]->judged = true;
		advance(p);
	}
	uv_mutex_unlock(&p->lock);
}

/* ---- the writer ---- */

static void
on_gone(void *ctx, const struct store_gone *gone)
{
	struct commit *c = ctx;
	const size_t n = c->gone == NULL ? 0 : c->gone->n;

	if (n == c->gone_cap) {
		const size_t cap = MAX(64, 2 * c->gone_cap);
		struct gone_list *more =
		    realloc(c->gone, sizeof(*more) + cap * sizeof(more->v[0]));
		if (more == NULL)
			return; /* the index notices when it reads the record */
		if (c->gone == NULL)
			*more = (struct gone_list){ 0 };
		c->gone = more;
		c->gone_cap = cap;
	}
	c->gone->v[c->gone->n++] = *gone;
}

static void
commit_outcomes(struct commit *c, err e)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct job *j = c->jobs[i];
		j->j.outcome =
		    e == OK ? c->items[i].outcome : RECORD_QUEUE_FULL;
		j->j.rid = e == OK ? c->items[i].rid : 0;
		j->j.returned = e == OK && c->items[i].returned;
		j->unwritten = e != OK;
		j->over_quota = e == OK && j->j.outcome == RECORD_QUEUE_FULL;
	}
}

/* A person's answer to a company goes quietly, whoever runs the node. */
static bool
is_answer(const struct record *r)
{
	return r->kind == KIND_ENVELOPE && r->stamp.n > 0 &&
	       r->stamp.p[0] == STAMP_CERTIFICATE;
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
			    .own = c->jobs[i]->j.own,
			    .quiet = p->cf.own_quiet ||
				     is_answer(&c->jobs[i]->j.record) };
	const uint64_t begin = uv_hrtime();
	const err e = store_apply(p->cf.store, c->items, c->n,
	    p->cf.env->wall_s(p->cf.env->ctx), on_gone, c);
	const uint64_t took = uv_hrtime() - begin;
	p->commit_ns = MAX(took, p->commit_ns - p->commit_ns / 8);
	commit_outcomes(c, e);
	uv_mutex_lock(&p->lock);
	p->write_ns += took;
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
		p->gone_end = &c->gone->next;
	}
	uv_mutex_unlock(&p->lock);
	(void)uv_async_send(&p->async);
	c->n = 0;
	c->gone = NULL;
	c->gone_cap = 0;
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

/*
 * Until when those that wait may wait for others to share their fsync. Not at
 * all while hardly any come. When more wait for a signature than are verified
 * in that time, it is the work done that counts: larger commits are cheaper.
 * Else the whole way must stay below ACK_MS: a commit that runs when the
 * record comes, and its own; and when no more come (a stream waits for its
 * answers) there is nothing to wait for.
 */
static uint64_t
commit_at(const struct pipeline *p, uint32_t *enough)
{
	const uint64_t most = (uint64_t)p->cf.commit_ms * MS;
	const uint64_t two = 2 * p->commit_ns;

	*enough = COMMIT_BATCH;
	if (p->last_batch < BUSY_BATCH)
		return p->write_since;
	if (p->order.n > BACKLOG) {
		/* The rest of the queue keeps the other threads busy. */
		*enough = MIN(p->cf.queue_max / 4, (unsigned)COMMIT_BATCH);
		return p->write_since + BULK_FACTOR * most;
	}
	if (two >= ACK_MS * MS)
		return p->write_since;
	const uint64_t until = p->write_since + MIN(most, ACK_MS * MS - two);
	return p->order.n > 0 ? until : MIN(until, p->write_last + GAP_MS * MS);
}

/* Waits for jobs; takes them all; false: the end. */
static bool
take_jobs(struct pipeline *p, struct fifo *out)
{
	uv_mutex_lock(&p->lock);
	while (p->to_write.n == 0 && !p->stopping) {
		p->write_wanted = 1;
		uv_cond_wait(&p->write_wake, &p->lock);
	}
	while (!p->stopping) {
		uint32_t enough;
		const uint64_t until = commit_at(p, &enough);
		const uint64_t now = uv_hrtime();
		if (now >= until || p->to_write.n >= enough)
			break;
		/* Not to the end at once: the load may change meanwhile. */
		p->write_wanted = enough;
		(void)uv_cond_timedwait(&p->write_wake, &p->lock,
		    MIN(until - now, p->cf.commit_ms * MS));
	}
	p->write_wanted = UINT32_MAX;
	*out = p->to_write;
	p->to_write = (struct fifo){ 0 };
	p->last_batch = out->n;
	uv_mutex_unlock(&p->lock);
	return out->n > 0;
}

static void
writer_main(void *ctx)
{
	struct pipeline *p = ctx;
	struct commit *c = p->commit;
	struct fifo jobs;

	while (take_jobs(p, &jobs)) {
		struct job *j;
		while ((j = job_pop(&jobs)) != NULL) {
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
}

/* ---- life ---- */

void
threads_start(struct pipeline *p)
{
	bool good = uv_mutex_init(&p->lock) == 0 &&
		    uv_cond_init(&p->verify_wake) == 0 &&
		    uv_cond_init(&p->write_wake) == 0 &&
		    uv_thread_create(&p->writer, writer_main, p) == 0;

	for (unsigned t = 0; good && t < p->cf.threads; t++)
		good = uv_thread_create(&p->verifiers[t].thread, verifier_main,
			   &p->verifiers[t]) == 0;
	if (!good)
		abort(); /* the system is out of threads at start-up */
}

void
threads_stop(struct pipeline *p)
{
	uv_mutex_lock(&p->lock);
	p->stopping = true;
	uv_cond_signal(&p->write_wake);
	uv_cond_broadcast(&p->verify_wake);
	uv_mutex_unlock(&p->lock);
	(void)uv_thread_join(&p->writer);
	for (unsigned t = 0; t < p->cf.threads; t++)
		(void)uv_thread_join(&p->verifiers[t].thread);
}
