/*
 * The pipeline against a model that knows no thread, queue or table: records
 * of a few authors and slots, in random order, again and again, forged,
 * revoked, ours, while some commits fail and the queue is short. In the end
 *
 * - each submission got one outcome, and those that were not decided at once
 *   came in the order of the submissions;
 * - the store holds what the model works out from all that was taken;
 * - no good bytes were verified twice;
 * - nothing is left in the queues, nor was there ever more than their bound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/record/pipeline.h"
#include "test_records.h"

#define SEEDS     24
#define STEPS     500
#define POOL      160
#define AUTHORS   6
#define SLOTS     3
#define QUEUE_MAX 40

struct pooled {
	uint8_t raw[600];
	size_t n;
	struct record r; /* of ${raw} */
	unsigned uses;   /* in this run */
	bool taken;      /* the pipeline took it, in this run */
	bool sent;       /* to be verified, in this run */
};

struct step {
	struct model *m;
	struct pooled *of;
	unsigned number;
	bool forged, own, within, done;
};

struct model {
	uv_loop_t loop;
	struct env env;
	struct map *map;
	struct store *store;
	struct pipeline *pipeline;
	uint64_t random;
	struct step steps[STEPS];
	unsigned done;
	unsigned last; /* the latest that was decided later */
	struct pipeline_waiter waiter;
	unsigned asked, told;
};

static struct pooled pool[POOL];
static const struct map_ops *good_ops;
static struct map_ops failing_ops;
static uint32_t fail_one_in; /* commits; 0: none */
static uint32_t commits;

static uint32_t
draw(struct model *m, uint32_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (uint32_t)(m->random >> 32) % below;
}

static uint64_t
wall_s(void *ctx)
{
	(void)ctx;
	return TEST_NOW;
}

static err
failing_commit(struct map_txn *t)
{
	if (fail_one_in == 0 || ++commits % fail_one_in != 0)
		return good_ops->commit(t);
	good_ops->abort(t);
	return ERR_IO;
}

/* Of each author all slots in several versions, and one revocation. */
static void
pool_make(void)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES];
	struct arena a = arena_of(scratch, sizeof(scratch));
	const struct record_rules rules = test_rules();

	for (unsigned i = 0; i < POOL; i++) {
		struct pooled *p = &pool[i];
		struct test_record t = { .author = i % AUTHORS,
			.kind = KIND_DEMAND,
			.slot = i / AUTHORS % SLOTS,
			.seq = (TEST_HOUR - 9 + i % 10) << 8 |
			       (i / AUTHORS / SLOTS) };
		if (i % 80 == 79)
			t = (struct test_record){ .author = i % AUTHORS,
				.kind = KIND_REVOCATION };
		p->n = test_record_make(&t, p->raw, sizeof(p->raw));
		assert_int_equal(
		    record_open(slice_of(p->raw, p->n), &rules, &a, &p->r),
		    RECORD_FINE);
	}
}

static void
on_done(void *ctx, const struct judge_result *r)
{
	struct step *s = ctx;

	assert_false(s->done);
	s->done = true;
	s->m->done++;
	if (s->forged) {
		assert_int_not_equal(r->outcome, RECORD_STORED);
		assert_int_not_equal(
		    record_verdict(r->outcome), VERDICT_ACCEPT);
		return;
	}
	assert_int_not_equal(record_verdict(r->outcome), VERDICT_REJECT);
	s->of->sent = s->of->sent || !s->within;
	if (r->outcome != RECORD_QUEUE_FULL)
		s->of->taken = true;
	/* A copy is told right behind its first; all others in their order. */
	if (!s->within && s->of->uses == 1) {
		assert_true(s->number >= s->m->last);
		s->m->last = s->number;
	}
}

static void
submit(struct model *m, struct step *s)
{
	uint8_t raw[sizeof(s->of->raw)];

	memcpy(raw, s->of->raw, s->of->n);
	if (s->forged)
		raw[s->of->n - 1] ^= 1; /* of the signature */
	s->within = true;
	pipeline_submit(
	    m->pipeline, slice_of(raw, s->of->n), 0, s->own, on_done, s);
	s->within = false;
}

static void
on_room(void *ctx)
{
	struct model *m = ctx;

	assert_true(pipeline_room(m->pipeline));
	m->told++;
}

/* Whatever a run begins with must be gone before the next. */
static void
begin(struct model *m, uint64_t seed)
{
	char why[STORE_WHY];
	const struct store_config sc = { .net = slice_str(TEST_NET) };

	memset(m, 0, sizeof(*m));
	m->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	m->env = (struct env){ .wall_s = wall_s };
	m->waiter = (struct pipeline_waiter){ .room = on_room, .ctx = m };
	assert_int_equal(uv_loop_init(&m->loop), 0);
	assert_int_equal(map_memory_open(64 << 20, &m->map), OK);
	assert_int_equal(store_open(m->map, &sc, &m->store, why), OK);
	good_ops = m->map->ops;
	failing_ops = *good_ops;
	failing_ops.commit = failing_commit;
	m->map->ops = &failing_ops;
	fail_one_in = seed % 3 == 0 ? 4 : 0;
	for (unsigned i = 0; i < POOL; i++)
		pool[i].uses = pool[i].taken = pool[i].sent = 0;
	for (unsigned i = 0; i < STEPS; i++) {
		struct step *s = &m->steps[i];
		/* Many are submitted once, some often. */
		const bool often = draw(m, 3) == 0;
		*s = (struct step){ .m = m,
			.of = &pool[draw(m, often ? 12 : POOL)],
			.number = i,
			.forged = draw(m, 8) == 0,
			.own = draw(m, 10) == 0 };
		s->of->uses++;
	}
	const struct pipeline_config pc = { .loop = &m->loop,
		.env = &m->env,
		.store = m->store,
		.net = slice_str(TEST_NET),
		.threads = 1 + (unsigned)seed % 4,
		.queue_max = QUEUE_MAX,
		.bytes_max = 1 << 20,
		.commit_ms = (unsigned)seed % 3,
		.seen_max = 4096 };
	m->pipeline = pipeline_new(&pc);
	assert_non_null(m->pipeline);
}

/* The model: the best of what was taken; a revocation leaves only itself. */
static const struct pooled *
best(uint64_t author_of, uint32_t kind, uint32_t slot)
{
	const struct pooled *found = NULL;

	for (unsigned i = 0; i < POOL; i++) {
		const struct pooled *p = &pool[i];
		if (!p->taken || i % AUTHORS != author_of ||
		    p->r.kind != kind || p->r.slot != slot)
			continue;
		if (found == NULL ||
		    record_beats(p->r.seq, p->r.id, found->r.seq, found->r.id))
			found = p;
	}
	return found;
}

static void
compare_slot(struct store_view *v, const struct pooled *want, uint64_t author,
    uint32_t kind, uint32_t slot)
{
	const struct test_author a = test_author(author);
	struct store_record r;
	const err e = store_get_slot(v, a.pub, kind, slot, &r);

	assert_int_equal(e, want == NULL ? ERR_NOTFOUND : OK);
	if (want != NULL)
		assert_memory_equal(r.id, want->r.id, RECORD_ID);
}

static void
compare(struct model *m)
{
	struct store_view *v = NULL;

	assert_int_equal(store_view_open(m->store, &v), OK);
	for (uint64_t a = 0; a < AUTHORS; a++) {
		const struct pooled *end = best(a, KIND_REVOCATION, 0);
		compare_slot(v, end, a, KIND_REVOCATION, 0);
		for (uint32_t slot = 0; slot < SLOTS; slot++)
			compare_slot(v,
			    end != NULL ? NULL : best(a, KIND_DEMAND, slot), a,
			    KIND_DEMAND, slot);
	}
	store_view_close(v);
}

static void
on_stopped(void *ctx)
{
	(void)ctx;
}

static void
end(struct model *m)
{
	struct pipeline_stats stats;
	unsigned good = 0;

	pipeline_stats(m->pipeline, &stats);
	assert_int_equal(m->done, STEPS);
	assert_int_equal(stats.queued, 0);
	assert_int_equal(stats.queued_bytes, 0);
	assert_int_equal(stats.to_verify, 0);
	assert_int_equal(stats.to_write, 0);
	for (unsigned i = 0; i < POOL; i++)
		good += pool[i].sent;
	assert_int_equal(stats.verified,
	    good + stats.ended[PIPELINE_VERIFY][RECORD_BAD_SIGNATURE]);
	uint64_t ended = 0;
	for (unsigned s = 0; s < PIPELINE_STAGES; s++)
		for (unsigned o = 0; o < RECORD_OUTCOMES; o++)
			ended += stats.ended[s][o];
	assert_int_equal(ended, STEPS);
	assert_true(m->told <= m->asked);
	pipeline_stop(m->pipeline, on_stopped, NULL);
	(void)uv_run(&m->loop, UV_RUN_DEFAULT);
	pipeline_free(m->pipeline);
	m->map->ops = good_ops;
	store_close(m->store);
	map_close(m->map);
	assert_int_equal(uv_loop_close(&m->loop), 0);
}

static void
run(uint64_t seed)
{
	static struct model m;
	struct pipeline_stats stats;

	begin(&m, seed);
	for (unsigned i = 0; i < STEPS; i++) {
		submit(&m, &m.steps[i]);
		pipeline_stats(m.pipeline, &stats);
		assert_true(stats.queued <= QUEUE_MAX);
		if (!m.waiter.waiting && draw(&m, 10) == 0) {
			m.asked++;
			pipeline_when_room(m.pipeline, &m.waiter);
		}
		/* Sometimes the queue fills up, sometimes it runs dry. */
		if (draw(&m, 60) == 0)
			while (m.done <= i)
				(void)uv_run(&m.loop, UV_RUN_ONCE);
		else if (draw(&m, 3) == 0)
			(void)uv_run(&m.loop, UV_RUN_NOWAIT);
	}
	while (m.done < STEPS)
		(void)uv_run(&m.loop, UV_RUN_ONCE);
	while (m.waiter.waiting)
		(void)uv_run(&m.loop, UV_RUN_ONCE);
	assert_int_equal(m.told, m.asked);
	compare(&m);
	end(&m);
}

static void
test_model(void **state)
{
	(void)state;
	pool_make();
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		run(seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
