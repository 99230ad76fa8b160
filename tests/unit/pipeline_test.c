/* The ingest pipeline over a real loop, real threads and a store in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/record/pipeline.h"
#include "test_records.h"

struct rig {
	uv_loop_t loop;
	struct env env;
	struct map *map;
	struct store *store;
	struct pipeline *pipeline;
	uint64_t now_s;
	unsigned outcomes[RECORD_OUTCOMES];
	unsigned done, stored, gone;
	bool stopped;
	unsigned over_quota;
	unsigned accepts, came_back; /* verdicts; of DUPLICATE */
	/* a map whose commits fail while ${failing} */
	const struct map_ops *good_ops;
	struct map_ops ops;
	bool failing;
	unsigned broken;
};
static struct rig *failing_rig;

static uint64_t
rig_wall(void *ctx)
{
	return ((struct rig *)ctx)->now_s;
}

static void
on_stored(void *ctx, const struct record *r, uint64_t rid, bool own)
{
	struct rig *g = ctx;

	(void)own;
	assert_true(rid > 0);
	assert_non_null(r->author);
	g->stored++;
}

static void
on_gone(void *ctx, const struct store_gone *gone)
{
	(void)gone;
	((struct rig *)ctx)->gone++;
}

static void
on_stopped(void *ctx)
{
	((struct rig *)ctx)->stopped = true;
}

static void
on_done(void *ctx, const struct judge_result *r)
{
	struct rig *g = ctx;

	g->outcomes[r->outcome]++;
	g->over_quota += r->over_quota;
	g->accepts += judge_verdict(r) == GOSSIP_ACCEPT;
	g->came_back += r->came_back;
	g->broken += r->broken != NULL;
	g->done++;
}

static void
rig_start_with(struct rig *g, unsigned queue_max, uint64_t max_records,
    const struct scope *scope)
{
	char why[STORE_WHY];
	const struct store_config sc = { .net = slice_str(TEST_NET),
		.max_records = max_records,
		.scope = scope };

	*g = (struct rig){ .now_s = TEST_NOW };
	g->env = (struct env){ .wall_s = rig_wall, .ctx = g };
	assert_int_equal(uv_loop_init(&g->loop), 0);
	assert_int_equal(map_memory_open(64 << 20, &g->map), OK);
	assert_int_equal(store_open(g->map, &sc, &g->store, why), OK);
	const struct pipeline_config pc = {
		.loop = &g->loop,
		.env = &g->env,
		.store = g->store,
		.net = slice_str(TEST_NET),
		.threads = 2,
		.queue_max = queue_max,
		.bytes_max = 1 << 20,
		.commit_ms = 1,
		.seen_max = 64,
		.stored = on_stored,
		.gone = on_gone,
		.ctx = g,
	};
	g->pipeline = pipeline_new(&pc);
	assert_non_null(g->pipeline);
}

static void
rig_start_quota(struct rig *g, unsigned queue_max, uint64_t max_records)
{
	rig_start_with(g, queue_max, max_records, NULL);
}

static void
rig_start(struct rig *g, unsigned queue_max)
{
	rig_start_quota(g, queue_max, 0);
}

static void
rig_run(struct rig *g, unsigned until)
{
	while (g->done < until)
		(void)uv_run(&g->loop, UV_RUN_ONCE);
}

static void
rig_stop(struct rig *g)
{
	pipeline_stop(g->pipeline, on_stopped, g);
	(void)uv_run(&g->loop, UV_RUN_DEFAULT);
	assert_true(g->stopped);
	pipeline_free(g->pipeline);
	store_close(g->store);
	map_close(g->map);
	assert_int_equal(uv_loop_close(&g->loop), 0);
}

static void
submit(struct rig *g, const struct test_record *t)
{
	uint8_t raw[RECORD_BYTES_MAX];
	const size_t n = test_record_make(t, raw, sizeof(raw));

	pipeline_submit(g->pipeline, slice_of(raw, n), 0, false, on_done, g);
}

static void
test_each_once(void **state)
{
	struct rig g;

	(void)state;
	rig_start(&g, 1000);
	for (unsigned i = 0; i < 20; i++)
		submit(&g, &(struct test_record){ .author = i });
	rig_run(&g, 20);
	assert_int_equal(g.outcomes[RECORD_STORED], 20);
	assert_int_equal(g.stored, 20);
	/* Again: known; newer: replaces; older: stale. */
	submit(&g, &(struct test_record){ .author = 3 });
	submit(&g,
	    &(struct test_record){ .author = 4, .seq = TEST_HOUR << 8 | 1 });
	submit(&g,
	    &(struct test_record){ .author = 5, .seq = (TEST_HOUR - 1) << 8 });
	rig_run(&g, 23);
	assert_int_equal(g.outcomes[RECORD_DUPLICATE], 1);
	assert_int_equal(g.outcomes[RECORD_STORED], 21);
	assert_int_equal(g.outcomes[RECORD_STALE], 1);
	assert_int_equal(g.gone, 1);
	rig_stop(&g);
}

/* A forged copy first must not stop the genuine one. */
static void
test_forged_first(void **state)
{
	struct rig g;
	uint8_t raw[RECORD_BYTES_MAX];
	const size_t n =
	    test_record_make(&(struct test_record){ 0 }, raw, sizeof(raw));

	(void)state;
	rig_start(&g, 1000);
	raw[n - 1] ^= 1; /* the signature's last byte */
	pipeline_submit(g.pipeline, slice_of(raw, n), 0, false, on_done, &g);
	raw[n - 1] ^= 1;
	pipeline_submit(g.pipeline, slice_of(raw, n), 0, false, on_done, &g);
	rig_run(&g, 2);
	assert_int_equal(g.outcomes[RECORD_BAD_SIGNATURE], 1);
	assert_int_equal(g.outcomes[RECORD_STORED], 1);
	rig_stop(&g);
}

static void
test_bounds(void **state)
{
	struct rig g;
	struct pipeline_stats stats;

	(void)state;
	rig_start(&g, 4);
	for (unsigned i = 0; i < 10; i++)
		submit(&g, &(struct test_record){ .author = i });
	pipeline_stats(g.pipeline, &stats);
	assert_int_equal(stats.queued, 4);
	rig_run(&g, 10);
	assert_int_equal(g.outcomes[RECORD_QUEUE_FULL], 6);
	assert_int_equal(g.outcomes[RECORD_STORED], 4);
	pipeline_submit(g.pipeline, slice_of("", 0), 0, false, on_done, &g);
	assert_int_equal(g.outcomes[RECORD_NOT_CANONICAL], 1);
	static const uint8_t big[RECORD_BYTES_MAX + 1];
	pipeline_submit(
	    g.pipeline, slice_of(big, sizeof(big)), 0, false, on_done, &g);
	assert_int_equal(g.outcomes[RECORD_OVERSIZE], 1);
	pipeline_stats(g.pipeline, &stats);
	assert_int_equal(stats.queued, 0);
	assert_int_equal(stats.queued_bytes, 0);
	rig_stop(&g);
}

static struct pipeline_stats
stats_of(struct rig *g)
{
	struct pipeline_stats stats;

	pipeline_stats(g->pipeline, &stats);
	return stats;
}

static void
submit_as(struct rig *g, const struct test_record *t, bool own)
{
	uint8_t raw[RECORD_BYTES_MAX];
	const size_t n = test_record_make(t, raw, sizeof(raw));

	pipeline_submit(g->pipeline, slice_of(raw, n), 0, own, on_done, g);
}

/* What comes again while it is under way is not verified again. */
static void
test_copies_wait(void **state)
{
	struct rig g;
	uint8_t raw[RECORD_BYTES_MAX];
	size_t n;

	(void)state;
	rig_start(&g, 1000);
	for (unsigned i = 0; i < 5; i++)
		submit(&g, &(struct test_record){ 0 });
	assert_int_equal(g.done, 0);
	rig_run(&g, 5);
	struct pipeline_stats stats = stats_of(&g);
	assert_int_equal(g.outcomes[RECORD_STORED], 1);
	assert_int_equal(g.outcomes[RECORD_DUPLICATE], 4);
	assert_int_equal(stats.verified, 1);
	assert_int_equal(stats.spared, 4);
	assert_int_equal(stats.ended[PIPELINE_SEEN][RECORD_DUPLICATE], 4);
	assert_int_equal(stats.ended[PIPELINE_STORE][RECORD_STORED], 1);

	/* Forged ones share their fate, not that of the genuine. */
	const struct test_record t = { .author = 1 };
	n = test_record_make(&t, raw, sizeof(raw));
	for (unsigned i = 0; i < 6; i++) {
		raw[n - 1] ^= i % 2 == 0;
		pipeline_submit(
		    g.pipeline, slice_of(raw, n), 0, false, on_done, &g);
		raw[n - 1] ^= i % 2 == 0;
	}
	rig_run(&g, 11);
	stats = stats_of(&g);
	assert_int_equal(g.outcomes[RECORD_BAD_SIGNATURE], 3);
	assert_int_equal(g.outcomes[RECORD_STORED], 2);
	assert_int_equal(g.outcomes[RECORD_DUPLICATE], 6);
	assert_int_equal(stats.verified, 3);
	rig_stop(&g);
}

/* A copy that is ours makes the record ours, and the other way round. */
static void
test_copy_of_ours(void **state)
{
	(void)state;
	for (int ours_first = 0; ours_first < 2; ours_first++) {
		struct rig g;
		struct store_view *v = NULL;
		struct store_record held;
		const struct test_author a = test_author(3);
		const struct test_record t = { .author = 3 };

		rig_start(&g, 1000);
		submit_as(&g, &t, ours_first);
		submit_as(&g, &t, !ours_first);
		submit_as(&g, &t, ours_first);
		rig_run(&g, 3);
		assert_int_equal(g.outcomes[RECORD_STORED], 1);
		assert_int_equal(g.outcomes[RECORD_DUPLICATE], 2);
		assert_int_equal(stats_of(&g).verified, 1);
		assert_int_equal(store_view_open(g.store, &v), OK);
		assert_int_equal(
		    store_get_slot(v, a.pub, KIND_PROFILE, 0, &held), OK);
		assert_true(held.own && held.heard);
		store_view_close(v);
		rig_stop(&g);
	}
}

/*
 * What nobody knew of is news to all who hear it, so its author passes it on
 * like anybody, once; what was published openly is not, or each replay of it
 * would go around again.
 */
static void
test_hidden_comes_back(void **state)
{
	static const struct {
		uint32_t kind;
		bool forged;
		unsigned came_back;
	} rows[] = {
		{ KIND_PROFILE, false, 1 }, { KIND_PROFILE, true, 0 },
		{ KIND_DEMAND, false, 0 }, /* said openly */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig g;
		uint8_t raw[RECORD_BYTES_MAX];
		const struct test_record t = { .author = 5,
			.kind = rows[i].kind };
		const size_t n = test_record_make(&t, raw, sizeof(raw));

		rig_start(&g, 1000);
		pipeline_submit(
		    g.pipeline, slice_of(raw, n), 0, true, on_done, &g);
		rig_run(&g, 1);
		assert_int_equal(g.accepts, 1); /* what is new is fit for it */
		raw[n - 1] ^= rows[i].forged;
		for (unsigned k = 2; k <= 4; k++) {
			pipeline_submit(g.pipeline, slice_of(raw, n), 0, false,
			    on_done, &g);
			rig_run(&g, k);
		}
		assert_int_equal(g.came_back, rows[i].came_back);
		assert_int_equal(g.accepts, 1 + rows[i].came_back);
		rig_stop(&g);
	}
}

static err
failing_commit(struct map_txn *t)
{
	if (!failing_rig->failing)
		return failing_rig->good_ops->commit(t);
	failing_rig->good_ops->abort(t);
	return ERR_IO;
}

/* What the disk did not take is not verified again when it comes again. */
static void
test_seen_unwritten(void **state)
{
	struct rig g;
	uint8_t raw[RECORD_BYTES_MAX];
	const struct test_record t = { .author = 7 };
	const size_t n = test_record_make(&t, raw, sizeof(raw));

	(void)state;
	rig_start(&g, 1000);
	failing_rig = &g;
	g.good_ops = g.map->ops;
	g.ops = *g.good_ops;
	g.ops.commit = failing_commit;
	g.map->ops = &g.ops;
	g.failing = true;
	submit(&g, &t);
	submit(&g, &t);
	rig_run(&g, 2);
	assert_int_equal(g.outcomes[RECORD_QUEUE_FULL], 2);
	assert_int_equal(g.broken, 2);
	assert_int_equal(g.over_quota, 0);
	assert_int_equal(stats_of(&g).write_errors, 1);

	g.failing = false;
	/* Another signature under its id is not what was verified. */
	raw[n - 1] ^= 1;
	pipeline_submit(g.pipeline, slice_of(raw, n), 0, false, on_done, &g);
	rig_run(&g, 3);
	assert_int_equal(g.outcomes[RECORD_BAD_SIGNATURE], 1);
	assert_int_equal(stats_of(&g).verified, 2);
	submit(&g, &t);
	rig_run(&g, 4);
	assert_int_equal(g.outcomes[RECORD_STORED], 1);
	assert_int_equal(stats_of(&g).verified, 2);
	g.map->ops = g.good_ops;
	rig_stop(&g);
}

/* What is outside our scope is passed on once and verified once. */
static void
test_seen_outside(void **state)
{
	struct rig g;
	struct scope scope = scope_all();
	const struct test_record moved = { .author = 2,
		.seq = TEST_HOUR << 8 | 1 };

	(void)state;
	scope.regions_n = 1;
	memcpy(scope.regions[0], "fr", 2);
	rig_start_with(&g, 1000, 0, &scope);
	submit(&g, &(struct test_record){ .author = 1 });
	submit(&g, &(struct test_record){ .author = 1 });
	rig_run(&g, 2);
	assert_int_equal(g.outcomes[RECORD_RELAYED], 1);
	assert_int_equal(g.outcomes[RECORD_OUT_OF_SCOPE], 1);
	submit(&g, &(struct test_record){ .author = 1 });
	rig_run(&g, 3);
	assert_int_equal(g.outcomes[RECORD_OUT_OF_SCOPE], 2);
	assert_int_equal(stats_of(&g).verified, 1);

	/* Known from before or not: it replaces what is held. */
	submit(&g, &moved);
	rig_run(&g, 4);
	assert_int_equal(g.outcomes[RECORD_RELAYED], 2);
	submit(&g, &(struct test_record){ .author = 2, .region = "fr" });
	submit(&g, &moved);
	rig_run(&g, 6);
	assert_int_equal(
	    g.outcomes[RECORD_STORED] + g.outcomes[RECORD_STALE], 2);
	assert_true(g.outcomes[RECORD_STORED] >= 1);
	assert_int_equal(stats_of(&g).verified, 3);
	const struct test_author a = test_author(2);
	struct store_view *v = NULL;
	struct store_record held;
	assert_int_equal(store_view_open(g.store, &v), OK);
	assert_int_equal(store_get_slot(v, a.pub, KIND_PROFILE, 0, &held), OK);
	assert_string_equal(held.region, "de");
	store_view_close(v);
	rig_stop(&g);
}

struct stream {
	struct rig *g;
	struct pipeline_waiter w;
	unsigned next, end, told;
	unsigned most; /* under way at once */
};

static void
stream_pump(void *ctx)
{
	struct stream *s = ctx;

	s->told++;
	while (s->next < s->end && pipeline_room(s->g->pipeline)) {
		submit(s->g, &(struct test_record){ .author = s->next++ });
		s->most = MAX(s->most, stats_of(s->g).queued);
	}
	if (s->next < s->end)
		pipeline_when_room(s->g->pipeline, &s->w);
}

static void
test_room(void **state)
{
	struct rig g;
	struct stream s[2];

	(void)state;
	rig_start(&g, 16);
	for (unsigned i = 0; i < 2; i++) {
		s[i] = (struct stream){
			.g = &g, .next = 100 * i, .end = 100 * i + 60
		};
		s[i].w = (struct pipeline_waiter){ .room = stream_pump,
			.ctx = &s[i] };
		pipeline_when_room(g.pipeline, &s[i].w);
		pipeline_when_room(g.pipeline, &s[i].w);
	}
	assert_int_equal(g.done, 0); /* not told within the call */
	rig_run(&g, 120);
	assert_int_equal(g.outcomes[RECORD_STORED], 120);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(s[i].most, 8);
		assert_true(s[i].told > 1);
	}
	/* Streams leave half to others. */
	for (unsigned i = 0; i < 8; i++)
		submit(&g, &(struct test_record){ .author = 200 + i });
	assert_false(pipeline_room(g.pipeline));
	for (unsigned i = 0; i < 8; i++)
		submit(&g, &(struct test_record){ .author = 210 + i });
	assert_int_equal(g.done, 120);
	submit(&g, &(struct test_record){ .author = 220 });
	assert_int_equal(g.outcomes[RECORD_QUEUE_FULL], 1);

	/* Who forgets is not told; the others are. */
	for (unsigned i = 0; i < 2; i++) {
		s[i].told = 0;
		pipeline_when_room(g.pipeline, &s[i].w);
	}
	pipeline_forget(g.pipeline, &s[0].w);
	pipeline_forget(g.pipeline, &s[0].w);
	rig_run(&g, 137);
	while (s[1].told == 0)
		(void)uv_run(&g.loop, UV_RUN_ONCE);
	assert_int_equal(s[0].told, 0);
	/* Nor is anybody after the stop. */
	pipeline_when_room(g.pipeline, &s[0].w);
	rig_stop(&g);
	assert_int_equal(s[0].told, 0);
}

/* The loop looks into the store and the counts while the writer writes. */
static void
test_looks_meanwhile(void **state)
{
	struct rig g;
	struct pipeline_stats stats = { 0 };
	struct store_totals totals = { 0 };
	uint64_t most = 0;

	(void)state;
	rig_start(&g, 1000);
	for (unsigned i = 0; i < 294; i++) {
		struct store_view *v = NULL;
		submit(&g, &(struct test_record){ .author = i % 7,
			       .kind = KIND_DEMAND,
			       .slot = i / 14,
			       .seq = TEST_HOUR << 8 | (i / 7 % 2) });
		(void)uv_run(&g.loop, UV_RUN_NOWAIT);
		assert_int_equal(store_view_open(g.store, &v), OK);
		assert_int_equal(store_totals(v, &totals), OK);
		store_view_close(v);
		assert_true(totals.records >= most);
		most = totals.records;
		pipeline_stats(g.pipeline, &stats);
		assert_true(stats.committed >= g.stored);
	}
	rig_run(&g, 294);
	/* Of two for one slot in one commit the later alone is written. */
	assert_int_equal(
	    g.outcomes[RECORD_STORED] + g.outcomes[RECORD_STALE], 294);
	assert_int_equal(g.stored - g.gone, 7 * 21);
	pipeline_stats(g.pipeline, &stats);
	assert_int_equal(stats.write_errors, 0);
	rig_stop(&g);
}

struct counted {
	struct rig *g;
	uint64_t records;
};

static err
count_work(struct store *s, void *ctx)
{
	struct counted *c = ctx;
	struct store_view *v = NULL;
	struct store_totals totals;

	TRY(store_view_open(s, &v));
	const err e = store_totals(v, &totals);
	store_view_close(v);
	c->records = totals.records;
	return e;
}

static void
on_counted(void *ctx, err e)
{
	assert_int_equal(e, OK);
	((struct counted *)ctx)->g->done++;
}

/* A full store is told from a full queue: it is not over in a moment. */
static void
test_full_store(void **state)
{
	struct rig g;

	(void)state;
	rig_start_quota(&g, 1000, 3);
	for (unsigned i = 0; i < 150; i++)
		submit(&g, &(struct test_record){ .author = i });
	rig_run(&g, 150);
	/* it makes room by itself; how much is refused goes by the batches */
	assert_int_equal(g.outcomes[RECORD_STORED] +
			     g.outcomes[RECORD_RELAYED] +
			     g.outcomes[RECORD_QUEUE_FULL],
	    150);
	assert_true(g.outcomes[RECORD_STORED] > 3);
	assert_true(g.outcomes[RECORD_RELAYED] + g.over_quota > 0);
	assert_int_equal(g.over_quota, g.outcomes[RECORD_QUEUE_FULL]);
	rig_stop(&g);

	rig_start_quota(&g, 1, 3);
	submit(&g, &(struct test_record){ .author = 1 });
	submit(&g, &(struct test_record){ .author = 2 });
	rig_run(&g, 2);
	assert_int_equal(g.outcomes[RECORD_QUEUE_FULL], 1);
	assert_int_equal(g.over_quota, 0);
	rig_stop(&g);
}

/* Stopping finishes what is queued; other work keeps its place in line. */
static void
test_stop_drains(void **state)
{
	struct rig g;
	struct counted c = { &g, 0 };

	(void)state;
	rig_start(&g, 1000);
	for (unsigned i = 0; i < 50; i++)
		submit(&g, &(struct test_record){ .author = i });
	assert_int_equal(
	    pipeline_write(g.pipeline, count_work, on_counted, &c), OK);
	for (unsigned i = 50; i < 80; i++)
		submit(&g, &(struct test_record){ .author = i });
	pipeline_stop(g.pipeline, on_stopped, &g);
	submit(&g, &(struct test_record){ .author = 99 });
	(void)uv_run(&g.loop, UV_RUN_DEFAULT);
	assert_true(g.stopped);
	assert_int_equal(g.outcomes[RECORD_STORED], 80);
	assert_int_equal(g.outcomes[RECORD_QUEUE_FULL], 1);
	assert_int_equal(c.records, 50);
	pipeline_free(g.pipeline);
	store_close(g.store);
	map_close(g.map);
	assert_int_equal(uv_loop_close(&g.loop), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_forged_first),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_copies_wait),
		cmocka_unit_test(test_copy_of_ours),
		cmocka_unit_test(test_hidden_comes_back),
		cmocka_unit_test(test_seen_unwritten),
		cmocka_unit_test(test_seen_outside),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_looks_meanwhile),
		cmocka_unit_test(test_full_store),
		cmocka_unit_test(test_stop_drains),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
