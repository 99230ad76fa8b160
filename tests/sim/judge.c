/*
 * The pipeline of node/record/pipeline.c without threads: the same stages with the
 * same rules (node/record/judge.h), each with a price in virtual time.
 */
#include <stdlib.h>

#include "tests/sim/world.h"

#define COMMIT_BATCH 4096
#define SEEN_SURELY  (100 * SIM_SECOND) /* below the time-to-live of a seen id */

static struct job *
pop(struct fifo *q)
{
	struct fifo_link *l = fifo_pop(q);

	return l == NULL ? NULL : CONTAINER_OF(l, struct job, link);
}

static void
finish(struct sim_node *n, struct job *j, bool over_quota)
{
	const struct judge_result r = { .outcome = j->j.outcome,
		.record = &j->j.record,
		.rid = j->j.rid,
		.came_back = j->j.outcome == RECORD_DUPLICATE && j->j.returned,
		.over_quota = over_quota };

	sim_note(n->s, (uint64_t)r.outcome << 32 | n->index);
	if (r.outcome == RECORD_STORED)
		record_acked(n, j->j.record.id);
	if (j->done != NULL)
		j->done(j->ctx, &r);
	n->jobs_n--;
	free(j->bytes);
	free(j);
}

static void
to_commit(struct sim_node *n, struct job *j)
{
	fifo_push(&n->committing, &j->link);
	if (n->commit_due)
		return;
	n->commit_due = true;
	sim_put(n->s, n->s->now + n->s->cf.commit_us, EVENT_COMMIT, n->index, 0,
	    n->life);
}

/* The queue is full: the record is refused for now. */
static void
refuse(struct sim_node *n, enum record_outcome o, judge_done *done, void *ctx)
{
	const struct judge_result r = { .outcome = o };

	sim_note(n->s, (uint64_t)o << 32 | n->index);
	if (done != NULL)
		done(ctx, &r);
}

void
judge_submit(struct sim_node *n, struct slice bytes, uint32_t class_mask,
    bool own, judge_done *done, void *ctx)
{
	struct sim *s = n->s;
	const struct record_rules rules = { slice_str(SIM_NET),
		sim_wall_s(s, n->index), class_mask };
	const bool full =
	    n->jobs_n >= s->cf.queue_max && !planted(PLANT_QUEUE_OPEN);

	if (bytes.n > RECORD_BYTES_MAX || bytes.n == 0 || full) {
		refuse(n,
		    bytes.n == 0                 ? RECORD_NOT_CANONICAL
		    : bytes.n > RECORD_BYTES_MAX ? RECORD_OVERSIZE
						 : RECORD_QUEUE_FULL,
		    done, ctx);
		return;
	}
	struct job *j = calloc(1, sizeof(*j));
	ASSERT(j != NULL && (j->bytes = malloc(bytes.n)) != NULL);
	memcpy(j->bytes, bytes.p, bytes.n);
	j->n = bytes.n;
	j->done = done;
	j->ctx = ctx;
	j->j.own = own;
	n->jobs_n++;
	struct store_view *view = NULL;
	bool go_on = store_view_open(n->store, &view) == OK;
	if (go_on)
		go_on = judge_before(
		    view, slice_of(j->bytes, j->n), &rules, &s->scratch, &j->j);
	else
		j->j.outcome = RECORD_QUEUE_FULL;
	store_view_close(view);
	if (planted(PLANT_REVOCATION_OFF) && go_on && !own &&
	    j->j.record.kind == KIND_REVOCATION) {
		j->j.outcome = RECORD_OUT_OF_SCOPE;
		go_on = false;
	}
	if (!go_on) {
		finish(n, j, false);
		return;
	}
	if (j->j.verified) {
		to_commit(n, j);
		return;
	}
	fifo_push(&n->verifying, &j->link);
	n->verify_free_at = MAX(n->verify_free_at, s->now) + n->verify_us;
	sim_put(s, n->verify_free_at, EVENT_VERIFIED, n->index, 0, n->life);
}

static void
acknowledge_early(struct sim_node *n, struct job *j)
{
	const struct judge_result r = { .outcome = RECORD_STORED,
		.record = &j->j.record };

	record_acked(n, j->j.record.id);
	if (j->done != NULL)
		j->done(j->ctx, &r);
	j->done = NULL;
	j->early = true;
}

void
judge_verified(struct sim_node *n)
{
	struct job *j = pop(&n->verifying);

	ASSERT(j != NULL);
	if (!(planted(PLANT_SIGNATURE_OFF) && n->verifying.n > 2))
		j->j.outcome = record_verify(&j->j.record, &n->s->scratch);
	if (j->j.outcome != RECORD_FINE) {
		finish(n, j, false);
		return;
	}
	if (planted(PLANT_ACK_EARLY))
		acknowledge_early(n, j);
	to_commit(n, j);
}

void
judge_commit(struct sim_node *n)
{
	static struct store_item items[COMMIT_BATCH];
	static struct job *jobs[COMMIT_BATCH];
	size_t count = 0;

	n->commit_due = false;
	while (count < COMMIT_BATCH && n->committing.n > 0) {
		jobs[count] = pop(&n->committing);
		items[count] =
		    (struct store_item){ .record = &jobs[count]->j.record,
			    .own = jobs[count]->j.own,
			    .quiet = n->stem != NULL };
		count++;
	}
	const err e = store_apply(
	    n->store, items, count, sim_wall_s(n->s, n->index), NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		jobs[i]->j.outcome =
		    e == OK ? items[i].outcome : RECORD_QUEUE_FULL;
		jobs[i]->j.rid = e == OK ? items[i].rid : 0;
		jobs[i]->j.returned = e == OK && items[i].returned;
		finish(n, jobs[i],
		    e == OK && items[i].outcome == RECORD_QUEUE_FULL);
	}
}

/* The process dies: nobody gets an answer any more that counts. */
void
judge_drop(struct sim_node *n)
{
	struct job *j;

	while ((j = pop(&n->verifying)) != NULL ||
	       (j = pop(&n->committing)) != NULL) {
		j->j.outcome = RECORD_QUEUE_FULL;
		finish(n, j, false);
	}
}

/* ---- gossip ---- */

struct asked {
	struct sim_node *n;
	uint64_t handle;
	uint32_t message; /* SIM_NONE: not one of ours */
	uint64_t at;      /* gossip remembers it from then on */
};

/* Gossip must not hand out again what got a lasting verdict. */
static void
note_heard(struct sim_node *n, uint32_t m, uint64_t at)
{
	while (n->heard_n <= m) {
		n->heard_at =
		    realloc(n->heard_at, (m + 64) * sizeof(n->heard_at[0]));
		ASSERT(n->heard_at != NULL);
		while (n->heard_n < m + 64)
			n->heard_at[n->heard_n++] = 0;
	}
	n->heard_at[m] = at;
}

static void
on_judged(void *ctx, const struct judge_result *r)
{
	struct asked *a = ctx;
	struct sim_node *n = a->n;
	enum gossip_verdict v = judge_verdict(r);

	if (n->s->cf.loud && a->message != SIM_NONE)
		sim_trace(n->s, "node %u hears message %" PRIu32 ": %s",
		    n->index, a->message, record_outcome_name(r->outcome));
	if (r->record != NULL && n->stem != NULL)
		stem_heard(n->stem, r->record->id, r->record->bytes);
	if (planted(PLANT_STALE_ACCEPTED) && r->outcome == RECORD_STALE)
		v = GOSSIP_ACCEPT;
	/* An own record that nobody knew of is as new to others as any. */
	n->accepts += r->outcome == RECORD_STORED ||
		      r->outcome == RECORD_RELAYED || r->came_back;
	if (v != GOSSIP_FORGET && a->message != SIM_NONE)
		note_heard(n, a->message, a->at);
	host_verdict(n->host, a->handle, v, sim_mono_ms(n->s, n->index));
	free(a);
}

static uint32_t
class_of(const char *topic)
{
	for (unsigned c = 0; c < RECORD_CLASSES; c++) {
		char mine[TOPIC_TEXT];
		sim_topic((enum record_class)c, mine);
		if (strcmp(mine, topic) == 0)
			return 1U << c;
	}
	return 0;
}

void
judge_message(struct sim_node *n, const struct gossip_message *m)
{
	const uint32_t mask = class_of(m->topic);
	struct asked *a = malloc(sizeof(*a));

	ASSERT(a != NULL && mask != 0);
	*a = (struct asked){ n, m->handle, message_of_bytes(n->s, m->data),
		n->s->now };
	if (a->message < n->heard_n && n->heard_at[a->message] != 0 &&
	    n->s->now < n->heard_at[a->message] + SEEN_SURELY)
		sim_fail(n->s, "node %u got message %" PRIu32 " twice",
		    n->index, a->message);
	judge_submit(n, m->data, mask, false, on_judged, a);
}
