/*
 * node/sync: nodes over hosts in memory and virtual time. The pipeline is
 * played by a queue that judges and stores some records each 20 ms and is
 * full when it is full, so that results come late and back-pressure is felt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/sync/sync.h"
#include "tests/unit/test_net.h"
#include "tests/unit/test_records.h"

#define SIDES  6
#define QUEUE  256
#define PER_GO 20
#define BYTES  1024 /* of a record here, at most */
#define PACE_S 300

struct queued {
	uint8_t raw[BYTES];
	size_t n;
	judge_done *done;
	void *ctx;
};

struct side {
	struct syncer *syncer;
	struct syncer_job *job; /* given to us, not run yet */
	struct map *map;
	struct store *store;
	struct mem mem;
	struct queued queue[QUEUE];
	unsigned queue_n, queue_max;
	unsigned most;     /* in the queue at once */
	unsigned room_max; /* asks first, and so many; 0: not asked */
	bool no_room_said;
	unsigned refused;        /* the queue was full */
	bool holds;              /* jobs are not run */
	enum record_outcome say; /* instead of judging; FINE: judge */
	uint64_t left;
	unsigned overs;
};

static struct test_net net;
static struct side sides[SIDES];
static unsigned sides_n;
static uint8_t scratch[RECORD_SCRATCH_BYTES];
static const char *const protocols[] = { SYNC_PROTOCOL };
static struct slice says; /* what a peer without a syncer answers */

static enum record_outcome
take(struct side *s, struct slice bytes, bool own, struct record *r)
{
	struct arena a = arena_of(scratch, sizeof(scratch));
	struct record_rules rules = test_rules();
	struct store_item item = { .record = r, .own = own };

	rules.now_s = net.t.wall_s;
	enum record_outcome o = record_open(bytes, &rules, &a, r);
	if (o == RECORD_FINE)
		o = record_verify(r, &a);
	if (o != RECORD_FINE)
		return o;
	assert_int_equal(
	    store_apply(s->store, &item, 1, net.t.wall_s, NULL, NULL), OK);
	return item.outcome;
}

static void
test_submit(void *side, struct slice bytes, judge_done *done, void *ctx)
{
	const struct judge_result full = { .outcome = RECORD_QUEUE_FULL };
	struct side *s = side;

	assert_true(bytes.n <= BYTES);
	if (s->queue_n == s->queue_max) {
		s->refused++;
		done(ctx, &full);
		return;
	}
	struct queued *j = &s->queue[s->queue_n++];
	memcpy(j->raw, bytes.p, bytes.n);
	j->n = bytes.n;
	j->done = done;
	j->ctx = ctx;
	s->most = MAX(s->most, s->queue_n);
}

static bool
test_room(void *side)
{
	struct side *s = side;

	if (s->room_max == 0 || s->queue_n < s->room_max)
		return true;
	s->no_room_said = true;
	return false;
}

static err
test_work(void *side, struct syncer_job *job)
{
	struct side *s = side;

	assert_null(s->job);
	s->job = job;
	return OK;
}

static void
test_wake(void *side)
{
	(void)side; /* the net looks at every host in every step */
}

static void
test_scope(void *side, struct scope *out)
{
	store_scope(((struct side *)side)->store, out);
}

static void
test_over(void *side, const struct peer_id *peer, const char *why)
{
	(void)peer;
	(void)why;
	((struct side *)side)->overs++;
}

static uint64_t
test_left(void *side)
{
	return ((struct side *)side)->left;
}

static void
work_some(struct side *s)
{
	struct syncer_job *job = s->job;

	if (job == NULL || s->holds)
		return;
	s->job = NULL; /* the next one may begin within the call */
	syncer_job_run(job);
	syncer_job_done(job);
}

static void
judge_some(struct side *s)
{
	for (unsigned i = 0; i < PER_GO && s->queue_n > 0; i++) {
		struct queued j = s->queue[0];
		struct record r = { 0 };
		memmove(s->queue, s->queue + 1, --s->queue_n * sizeof(j));
		const enum record_outcome o =
		    s->say != RECORD_FINE
			? s->say
			: take(s, slice_of(j.raw, j.n), false, &r);
		const struct judge_result result = { .outcome = o,
			.record = s->say != RECORD_FINE ? NULL : &r };
		j.done(j.ctx, &result);
	}
	if (s->no_room_said && s->queue_n < s->room_max) {
		s->no_room_said = false;
		syncer_room(s->syncer);
	}
}

static void
answer_raw(struct host *h, const struct host_event *ev)
{
	const struct host_stream s = { ev->conn, ev->stream };
	size_t taken = 0;

	if (ev->type != HOST_STREAM_DATA)
		return;
	host_stream_consume(h, s, host_stream_read(h, s).n);
	assert_int_equal(host_stream_write(h, s, says, &taken), OK);
}

static void
on_event(struct test_net *t, unsigned node, const struct host_event *ev)
{
	struct side *s = &sides[node];

	(void)t;
	if (node >= sides_n)
		return;
	if (s->syncer == NULL) {
		answer_raw(t->nodes[node].host, ev);
		return;
	}
	if (ev->type == HOST_IDENTIFIED &&
	    host_peer_speaks(t->nodes[node].host, &ev->peer, SYNC_PROTOCOL))
		syncer_peer(s->syncer, &ev->peer);
	else if (ev->type == HOST_PEER_DOWN)
		syncer_peer_gone(s->syncer, &ev->peer);
	else if (ev->type >= HOST_STREAM_OPENED &&
		 ev->type <= HOST_STREAM_CLOSED)
		(void)syncer_event(s->syncer, ev);
}

static void
go(unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 20) {
		const uint64_t second = net.t.now_ms / 1000;
		test_net_run(&net, 20);
		net.t.wall_s += net.t.now_ms / 1000 - second;
		for (unsigned n = 0; n < sides_n; n++) {
			if (sides[n].syncer == NULL)
				continue;
			judge_some(&sides[n]);
			work_some(&sides[n]);
			if (net.t.now_ms / 1000 != second)
				syncer_tick(sides[n].syncer);
		}
	}
}

/* ---- worlds ---- */

struct world {
	unsigned nodes, sessions, queue_max;
	size_t memory;
	bool light, no_crawl, crawler0;
	const struct scope *scope; /* of all but node 0 */
	bool mute_last;            /* it has no syncer: see ${says} */
};

static void
side_open(const struct world *w, unsigned i)
{
	struct host_config cf = test_net_config();
	struct side *s = &sides[i];
	char why[STORE_WHY];
	const struct store_config sc = { .net = slice_str(TEST_NET),
		.scope = i == 0 ? NULL : w->scope };

	memset(s, 0, sizeof(*s));
	cf.protocols = protocols;
	cf.protocols_n = 1;
	cf.limits.outbound_wanted = 0;
	assert_int_equal(test_net_add(&net, &cf), i);
	sides_n = i + 1;
	assert_int_equal(map_memory_open(64 << 20, &s->map), OK);
	assert_int_equal(store_open(s->map, &sc, &s->store, why), OK);
	s->mem = mem_child(&net.t.mem, w->memory != 0 ? w->memory : 8U << 20);
	s->queue_max = w->queue_max != 0 ? w->queue_max : QUEUE;
	s->left = UINT64_MAX;
	struct syncer_config yc = {
		.host = net.nodes[i].host,
		.env = &net.t.env,
		.store = s->store,
		.net = slice_str(TEST_NET),
		.tag = { 1, 2, 3, (uint8_t)i },
		.sessions_max = w->sessions != 0 ? w->sessions : 8,
		.mem = &s->mem,
		.pace_s = PACE_S,
		.light = w->light,
		.crawler = w->crawler0 && i == 0,
		.no_crawl = w->no_crawl && i != 0,
		.scope = test_scope,
		.submit = test_submit,
		.room = test_room,
		.work = test_work,
		.wake = test_wake,
		.over = test_over,
		.left = test_left,
		.ctx = s,
	};
	if (w->mute_last && i == w->nodes - 1)
		return;
	s->syncer = syncer_new(&yc);
	assert_non_null(s->syncer);
}

static void
setup(const struct world *w)
{
	test_net_init(&net, 7);
	net.t.wall_s = TEST_NOW;
	net.on_event = on_event;
	for (unsigned i = 0; i < w->nodes; i++)
		side_open(w, i);
}

static void
side_close(struct side *s)
{
	if (s->syncer != NULL) {
		syncer_stop(s->syncer);
		s->holds = false;
		s->say = RECORD_FINE;
		for (unsigned k = 0; k < 100; k++) {
			judge_some(s);
			work_some(s);
		}
		assert_int_equal(s->queue_n, 0);
		assert_null(s->job);
		syncer_free(s->syncer);
		s->syncer = NULL;
	}
	assert_int_equal(s->mem.used, 0);
	store_close(s->store);
	map_close(s->map);
}

static void
teardown(void)
{
	for (unsigned i = 0; i < sides_n; i++)
		side_close(&sides[i]);
	sides_n = 0;
	test_net_fini(&net);
}

static unsigned
join(unsigned a, unsigned b)
{
	unsigned wire = 0;

	assert_int_equal(test_net_connect(&net, a, b, &wire), OK);
	return wire;
}

/* ---- records ---- */

static void
put(unsigned side, const struct test_record *t, bool own)
{
	uint8_t raw[BYTES];
	struct record r;
	const size_t n = test_record_make(t, raw, sizeof(raw));
	const enum record_outcome o =
	    take(&sides[side], slice_of(raw, n), own, &r);

	if (o != RECORD_STORED)
		fail_msg("side %u: %s", side, record_outcome_name(o));
}

static void
put_demand(unsigned side, unsigned slot, unsigned back_h)
{
	put(side,
	    &(struct test_record){ .kind = KIND_DEMAND,
		.slot = slot,
		.seq = (TEST_HOUR - back_h) << 8,
		.expires_h = TEST_HOUR + 100 },
	    false);
}

/* More than an author has slots. */
static void
put_many(unsigned side, unsigned i, unsigned back_h)
{
	put(side,
	    &(struct test_record){ .author = 1 + i / 1000,
		.kind = KIND_DEMAND,
		.slot = i % 1000,
		.seq = (TEST_HOUR - back_h) << 8,
		.expires_h = TEST_HOUR + 100 },
	    false);
}

static uint64_t
held(unsigned side)
{
	struct store_view *view = NULL;
	struct store_totals t;

	assert_int_equal(store_view_open(sides[side].store, &view), OK);
	assert_int_equal(store_totals(view, &t), OK);
	store_view_close(view);
	return t.records;
}

static struct syncer_stats
stats(unsigned side)
{
	return syncer_stats(sides[side].syncer);
}

static struct syncer_peer
peer(unsigned side, unsigned of)
{
	struct syncer_peer p;

	assert_true(
	    syncer_peer_find(sides[side].syncer, test_net_id(&net, of), &p));
	return p;
}

/* ---- what holds ---- */

/* What each alone has, the other gets; then equal, and nearly nothing. */
static void
test_agree(void **state)
{
	static const struct {
		const char *name;
		unsigned both, a, b; /* records of both, and of one alone */
	} cases[] = {
		{ "nothing at all", 0, 0, 0 },
		{ "all the same", 120, 0, 0 },
		{ "one has one more", 120, 0, 1 },
		{ "both have some", 100, 20, 30 },
		{ "all is missing", 0, 300, 0 },
		{ "nothing in common", 0, 70, 90 },
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		unsigned slot = 0;
		setup(&(struct world){ .nodes = 2 });
		for (unsigned i = 0; i < cases[c].both; i++, slot++) {
			put_demand(0, slot, slot % 50);
			put_demand(1, slot, slot % 50);
		}
		for (unsigned i = 0; i < cases[c].a; i++, slot++)
			put_demand(0, slot, slot % 50);
		for (unsigned i = 0; i < cases[c].b; i++, slot++)
			put_demand(1, slot, slot % 50);
		(void)join(0, 1);
		go(20000);
		const uint64_t agreed = stats(0).agreed + stats(1).agreed;
		if (held(0) != slot || held(1) != slot || agreed < 2)
			fail_msg("%s: %u and %u of %u", cases[c].name,
			    (unsigned)held(0), (unsigned)held(1), slot);
		assert_int_equal(stats(0).failed + stats(1).failed, 0);
		assert_int_equal(stats(0).records_new + stats(1).records_new,
		    cases[c].a + cases[c].b);
		/* Once more: nothing differs, and that is told in 100 bytes. */
		const uint64_t before = peer(0, 1).sessions;
		assert_int_equal(
		    syncer_now(sides[0].syncer, test_net_id(&net, 1)), OK);
		go(1000);
		assert_int_equal(peer(0, 1).sessions, before + 1);
		if (peer(0, 1).last_bytes > 100)
			fail_msg("%s: %u bytes when equal", cases[c].name,
			    (unsigned)peer(0, 1).last_bytes);
		assert_int_equal(peer(0, 1).differences, 0);
		teardown();
	}
}

/* What the pipeline has no room for is kept and comes again. */
static void
test_full(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2, .queue_max = 7 });
	for (unsigned i = 0; i < 400; i++)
		put_demand(1, i, i % 50);
	(void)join(0, 1);
	go(30000);
	assert_int_equal(held(0), 400);
	assert_true(stats(0).held_back > 0);
	assert_int_equal(stats(0).records_in, 400); /* none came twice */
	assert_true(sides[0].most <= 7);
	assert_int_equal(stats(0).failed, 0);
	teardown();
}

/* Half of the queue is for others: a session asks, and goes on when told. */
static void
test_room_asked(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2, .queue_max = 7 });
	sides[0].room_max = 4;
	for (unsigned i = 0; i < 400; i++)
		put_demand(1, i, i % 50);
	(void)join(0, 1);
	go(30000);
	assert_int_equal(held(0), 400);
	assert_true(stats(0).held_back > 0);
	assert_int_equal(stats(0).records_in, 400);
	assert_int_equal(sides[0].most, 4);
	assert_int_equal(sides[0].refused, 0);
	assert_int_equal(stats(0).failed, 0);
	teardown();
}

/* A pipeline that takes nothing for minutes costs a session, and no record. */
static void
test_stuck(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2 });
	for (unsigned i = 0; i < 50; i++)
		put_demand(1, i, 3);
	sides[0].queue_max = 0;
	(void)join(0, 1);
	go(100000);
	assert_int_equal(held(0), 0);
	sides[0].queue_max = QUEUE;
	go(1200000);
	assert_int_equal(held(0), 50);
	teardown();
}

/* A card of the node's own shows when it has come back, not before. */
static void
test_own_card(void **state)
{
	static const struct test_record card = { .seq = TEST_HOUR << 8 };
	uint8_t raw[BYTES];
	struct record r;

	(void)state;
	setup(&(struct world){ .nodes = 2 });
	put(1, &card, true);
	put(1, &(struct test_record){ .kind = KIND_COURSE }, true);
	(void)join(0, 1);
	go(10000);
	assert_int_equal(held(0), 1);
	const size_t n = test_record_make(&card, raw, sizeof(raw));
	assert_int_equal(take(&sides[1], slice_of(raw, n), false, &r),
	    RECORD_DUPLICATE); /* heard from another */
	assert_int_equal(syncer_now(sides[0].syncer, test_net_id(&net, 1)), OK);
	go(2000);
	assert_int_equal(held(0), 2);
	teardown();
}

/* An older card of ours that a peer has betrays no newer one. */
static void
test_own_winner(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2 });
	put(0, &(struct test_record){ .seq = (TEST_HOUR - 2) << 8 }, false);
	put(1, &(struct test_record){ .seq = TEST_HOUR << 8 }, true);
	(void)join(0, 1);
	go(10000);
	assert_int_equal(held(0), 1);
	assert_int_equal(stats(1).winners_out, 0);
	assert_int_equal(stats(0).records_new, 0);
	teardown();
}

/* Who offers what was moved out of the scope is told where it is now. */
static void
test_moved(void **state)
{
	struct scope de = scope_all();
	struct store_view *view = NULL;
	struct test_author author = test_author(0);
	struct store_record r;

	(void)state;
	assert_int_equal(scope_add_region(&de, "de"), OK);
	setup(&(struct world){ .nodes = 2, .scope = &de });
	for (unsigned i = 0; i < 2; i++)
		put(i,
		    &(struct test_record){ .seq = (TEST_HOUR - 9) << 8,
			.expires_h = TEST_HOUR + 50 },
		    false);
	put(1,
	    &(struct test_record){ .seq = (TEST_HOUR - 1) << 8,
		.expires_h = TEST_HOUR + 50,
		.region = "fr" },
	    false);
	(void)join(0, 1);
	go(10000);
	assert_int_equal(store_view_open(sides[0].store, &view), OK);
	assert_int_equal(
	    store_get_slot(view, author.pub, KIND_PROFILE, 0, &r), OK);
	assert_string_equal(r.region, "fr");
	store_view_close(view);
	assert_int_equal(stats(0).failed + stats(1).failed, 0);
	assert_int_equal(syncer_now(sides[0].syncer, test_net_id(&net, 1)), OK);
	go(2000);
	assert_int_equal(peer(0, 1).differences, 0);
	teardown();
}

/* Of what is below a floor that nobody holds any more, the peer is told once. */
static void
test_floor(void **state)
{
	size_t removed = 0;

	(void)state;
	setup(&(struct world){ .nodes = 2 });
	/* A careless author: the later one expires sooner. */
	put(0,
	    &(struct test_record){
		.seq = (TEST_HOUR - 9) << 8, .expires_h = TEST_HOUR + 50 },
	    false);
	put(1,
	    &(struct test_record){
		.seq = (TEST_HOUR - 9) << 8, .expires_h = TEST_HOUR + 50 },
	    false);
	put(1,
	    &(struct test_record){
		.seq = (TEST_HOUR - 8) << 8, .expires_h = TEST_HOUR + 1 },
	    false);
	net.t.wall_s += 3 * 3600;
	assert_int_equal(store_expire(sides[1].store, net.t.wall_s, 100, NULL,
			     NULL, &removed),
	    OK);
	assert_int_equal(held(1), 0);
	(void)join(0, 1);
	go(10000);
	assert_int_equal(held(1), 0);
	assert_int_equal(stats(1).refused_out, 1);
	assert_int_equal(stats(0).refused_in, 1);
	const uint64_t in = stats(1).records_in;
	assert_int_equal(syncer_now(sides[0].syncer, test_net_id(&net, 1)), OK);
	go(2000);
	assert_int_equal(stats(1).records_in, in);
	assert_true(peer(0, 1).last_bytes <= 100);
	teardown();
}

/* The line goes at some time; later all is there. */
static void
test_cut(void **state)
{
	(void)state;
	for (unsigned at = 20; at < 600; at += 40) {
		setup(&(struct world){ .nodes = 2 });
		for (unsigned i = 0; i < 150; i++) {
			put_demand(0, i, i % 50);
			put_demand(1, 1000 - i, i % 50);
		}
		const unsigned wire = join(0, 1);
		go(400);
		(void)!syncer_now(sides[0].syncer, test_net_id(&net, 1));
		go(at);
		test_net_cut(&net, wire);
		go(3000);
		assert_int_equal(stats(0).own_now + stats(0).serving_now, 0);
		assert_int_equal(stats(1).own_now + stats(1).serving_now, 0);
		(void)join(0, 1);
		go(60000);
		if (held(0) != 300 || held(1) != 300)
			fail_msg("cut after %u ms: %u and %u", at,
			    (unsigned)held(0), (unsigned)held(1));
		teardown();
	}
}

/* Stopped in the middle, with work on a thread and records under judgement. */
static void
test_stop(void **state)
{
	(void)state;
	for (unsigned at = 0; at < 400; at += 20) {
		setup(&(struct world){ .nodes = 2 });
		for (unsigned i = 0; i < 100; i++)
			put_demand(1, i, i % 50);
		(void)join(0, 1);
		go(400);
		(void)!syncer_now(sides[0].syncer, test_net_id(&net, 1));
		go(at);
		sides[0].holds = true;
		sides[0].queue_max = at % 3 == 0 ? 0 : QUEUE;
		go(100);
		teardown();
	}
}

/* Of two that begin at once one session goes on. */
static void
test_both(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2, .light = true });
	for (unsigned i = 0; i < 40; i++)
		put_demand(i % 2, i, i % 50);
	(void)join(0, 1);
	go(1000);
	assert_int_equal(stats(0).begun, 0); /* light: not by itself */
	assert_int_equal(syncer_now(sides[0].syncer, test_net_id(&net, 1)), OK);
	assert_int_equal(syncer_now(sides[1].syncer, test_net_id(&net, 0)), OK);
	assert_int_equal(
	    syncer_now(sides[0].syncer, test_net_id(&net, 1)), ERR_EXISTS);
	go(5000);
	assert_int_equal(stats(0).agreed, 1);
	assert_int_equal(stats(1).agreed, 1);
	assert_int_equal(held(0), 40);
	assert_int_equal(held(1), 40);
	teardown();
}

/* Many at once: some are told to come later, and do. */
static void
test_busy(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 6, .sessions = 2 });
	for (unsigned i = 0; i < 60; i++)
		put_demand(i % 6, i, i % 50);
	for (unsigned i = 1; i < 6; i++)
		(void)join(i, 0);
	uint64_t most = 0;
	for (unsigned t = 0; t < 1000; t++) {
		go(1000);
		const struct syncer_stats s = stats(0);
		most = MAX(most, s.own_now + s.serving_now);
	}
	assert_true(most <= 2);
	assert_true(stats(0).declined > 0);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(held(i), 60);
	teardown();
}

/* For ever, at a slow pace, for nearly nothing. */
static void
test_pace(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 3 });
	for (unsigned i = 0; i < 30; i++)
		put_demand(i % 3, i, i % 50);
	(void)join(0, 1);
	(void)join(1, 2);
	(void)join(2, 0);
	go(3600000);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(held(i), 30);
	const uint64_t agreed = stats(0).agreed, bytes = stats(0).bytes_in;
	go(7200000);
	const uint64_t more = stats(0).agreed - agreed;
	if (more < 4 || more > 50)
		fail_msg("%u sessions in two hours", (unsigned)more);
	assert_true(stats(0).bytes_in - bytes <= 100 * more);
	/* What comes to be held by one alone is found. */
	put_demand(2, 900, 3);
	go(2 * 5 * PACE_S * 1000);
	assert_int_equal(held(0), 31);
	assert_int_equal(held(1), 31);
	teardown();
}

/* One peer is asked long before its turn, when there is a reason. */
static void
test_soon(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2 });
	put_demand(0, 0, 0);
	(void)join(0, 1);
	go(3600000);
	put_demand(1, 900, 3);
	const uint64_t agreed = stats(0).agreed;
	syncer_soon(sides[0].syncer);
	go(5000);
	assert_int_equal(stats(0).agreed, agreed); /* not at once */
	go(10000);
	assert_int_equal(stats(0).agreed, agreed + 1);
	assert_int_equal(held(0), 2);
	teardown();
}

/* Nobody is there to ask. */
static void
test_soon_alone(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2 });
	syncer_soon(sides[0].syncer);
	go(60000);
	assert_int_equal(stats(0).begun, 0);
	teardown();
}

/* The wall clock leaps in the middle, and sync goes on. */
static void
test_clock(void **state)
{
	static const int64_t steps[] = { -86400 * 400, -7200, 7200, 40000 };

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(steps); c++) {
		setup(&(struct world){ .nodes = 2 });
		for (unsigned i = 0; i < 60; i++)
			put_demand(1, i, 60);
		(void)join(0, 1);
		go(500);
		net.t.wall_s = (uint64_t)((int64_t)net.t.wall_s + steps[c]);
		go(2000);
		net.t.wall_s = (uint64_t)((int64_t)net.t.wall_s - steps[c]);
		go(900000);
		if (held(0) != 60)
			fail_msg(
			    "step %d: %u", (int)steps[c], (unsigned)held(0));
		teardown();
	}
}

/* Too little memory for the list: it fails and says so, and nothing else. */
static void
test_memory(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2, .memory = 64 << 10 });
	for (unsigned i = 0; i < 50; i++)
		put_demand(1, i, 3);
	(void)join(0, 1);
	go(60000);
	assert_int_equal(held(0), 0);
	assert_string_equal(
	    peer(0, 1).why[0] == '\0' ? "" : "failed", "failed");
	assert_true(stats(0).failed > 0);
	teardown();
}

/* More than there is memory to list: part by part, and in the end all. */
static void
test_parts(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2, .memory = (516 << 10) + 29 * 400 });
	for (unsigned i = 0; i < 1000; i++)
		put(i % 2,
		    &(struct test_record){ .author = 1 + i / 10,
			.kind = KIND_DEMAND,
			.slot = i % 10,
			.seq = (TEST_HOUR - i % 20) << 8,
			.expires_h = TEST_HOUR + 100 },
		    false);
	(void)join(0, 1);
	go(60000);
	assert_true(held(0) > 500 && held(0) < 1000);
	go(6 * 3600000);
	assert_int_equal(held(0), 1000);
	assert_int_equal(held(1), 1000);
	assert_int_equal(stats(0).failed, 0);
	teardown();
}

/* Whose budget ends in the middle breaks off, and takes what has come. */
static void
test_budget(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2, .light = true });
	for (unsigned i = 0; i < 1800; i++)
		put_many(1, i, i % 20);
	(void)join(0, 1);
	go(1000);
	assert_int_equal(syncer_now(sides[0].syncer, test_net_id(&net, 1)), OK);
	for (unsigned i = 0; held(0) == 0 && i < 100; i++)
		go(20);
	sides[0].left = 0;
	go(5000);
	const uint64_t some = held(0);
	assert_true(some > 0 && some < 1800);
	assert_string_equal(peer(0, 1).why, "budget");
	sides[0].left = UINT64_MAX;
	assert_int_equal(syncer_now(sides[0].syncer, test_net_id(&net, 1)), OK);
	go(20000);
	assert_int_equal(held(0), 1800);
	/* What came before the end did not come again. */
	assert_true(stats(0).records_in < 1800 + 100);
	teardown();
}

/* ---- peers that do not play by the rules ---- */

static void
test_liars(void **state)
{
	static const struct {
		const char *name, *answer;
		size_t n;
	} cases[] = {
		{ "a long length", "\xff\xff\xff\xff\xff\xff\x01", 7 },
		{ "an empty message", "\x00", 1 },
		{ "no msgpack", "\x03\xc1\xc1\xc1", 4 },
		{ "a type of its own", "\x02\x91\x7f", 3 },
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		setup(&(struct world){ .nodes = 2, .mute_last = true });
		put_demand(0, 1, 1);
		says = slice_of(cases[c].answer, cases[c].n);
		(void)join(0, 1);
		go(200000);
		const struct syncer_peer p = peer(0, 1);
		if (stats(0).lied != 1 || p.lies != 1 || p.wait_s < 1800 ||
		    p.why[0] == '\0')
			fail_msg("%s: lied %u, why %s", cases[c].name,
			    (unsigned)stats(0).lied, p.why);
		assert_int_equal(stats(0).own_now, 0);
		teardown();
	}
}

/* Who sends what the pipeline rejects has lied. */
static void
test_bad_record(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2 });
	for (unsigned i = 0; i < 50; i++)
		put_demand(1, i, 3);
	sides[0].say = RECORD_BAD_SIGNATURE;
	(void)join(0, 1);
	go(10000);
	assert_int_equal(stats(0).lied, 1);
	assert_true(peer(0, 1).wait_s > 1800);
	/* It opens one: not now. */
	sides[0].say = RECORD_FINE;
	const uint64_t served = stats(0).served;
	assert_int_equal(syncer_now(sides[1].syncer, test_net_id(&net, 0)), OK);
	go(2000);
	assert_int_equal(stats(0).served, served);
	assert_string_equal(peer(1, 0).why, "busy");
	teardown();
}

/* A peer that says nothing is left. */
static void
test_silent(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2, .mute_last = true });
	says = slice_of("", 0);
	(void)join(0, 1);
	go(200000);
	assert_int_equal(stats(0).own_now, 0);
	assert_string_equal(peer(0, 1).why, "idle");
	assert_int_equal(peer(0, 1).lies, 0);
	teardown();
}

/* Who opens sessions without end is told to come later. */
static void
test_flood(void **state)
{
	(void)state;
	setup(&(struct world){ .nodes = 2, .light = true });
	(void)join(0, 1);
	go(1000);
	for (unsigned i = 0; i < 60; i++) {
		(void)!syncer_now(sides[1].syncer, test_net_id(&net, 0));
		go(1000);
	}
	assert_true(stats(0).served <= 10);
	assert_true(stats(0).declined >= 40);
	teardown();
}

/* Who opens many and drips keeps neither places nor honest peers away. */
static void
test_drip(void **state)
{
	struct host_stream open[20];
	unsigned n = 0;

	(void)state;
	setup(&(struct world){ .nodes = 3, .sessions = 2, .mute_last = true });
	says = slice_of("", 0);
	struct host *liar = net.nodes[2].host;
	(void)join(2, 0);
	go(150000); /* ours with it ends */
	for (unsigned i = 0; i < ARRAY_LEN(open); i++)
		if (host_stream_open(liar, test_net_id(&net, 0), SYNC_PROTOCOL,
			net.t.now_ms, &open[n]) == OK)
			n++;
	assert_true(n > 5);
	for (unsigned t = 0; t < 40; t++) {
		static const uint8_t length[] = { 0x80, 0x7f };
		size_t taken = 0;
		for (unsigned i = 0; i < n && t < 3; i++)
			(void)!host_stream_write(liar, open[i],
			    slice_of(t < 2 ? &length[t] : length, 1), &taken);
		for (unsigned i = 0; i < n && t >= 3; i++)
			(void)!host_stream_write(
			    liar, open[i], slice_of("", 1), &taken);
		go(10000);
		if (t == 5) {
			assert_int_equal(stats(0).serving_now, 1);
			put_demand(1, 1, 1);
			(void)join(0, 1);
		}
	}
	assert_int_equal(held(0), 1);
	assert_int_equal(stats(0).serving_now, 0);
	assert_string_equal(peer(0, 2).why, "slow");
	/* Nor does it get another one at once. */
	struct host_stream again;
	assert_int_equal(host_stream_open(liar, test_net_id(&net, 0),
			     SYNC_PROTOCOL, net.t.now_ms, &again),
	    OK);
	go(2000);
	assert_int_equal(stats(0).serving_now, 0);
	teardown();
}

static void
test_crawler(void **state)
{
	(void)state;
	setup(&(struct world){
	    .nodes = 2, .light = true, .no_crawl = true, .crawler0 = true });
	for (unsigned i = 0; i < 5; i++)
		put_demand(1, i, 3);
	(void)join(0, 1);
	go(1000);
	assert_int_equal(syncer_now(sides[0].syncer, test_net_id(&net, 1)), OK);
	go(5000);
	assert_int_equal(held(0), 0);
	assert_string_equal(peer(0, 1).why, "crawler");
	teardown();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agree),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_room_asked),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_own_card),
		cmocka_unit_test(test_own_winner),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_floor),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_soon),
		cmocka_unit_test(test_soon_alone),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_liars),
		cmocka_unit_test(test_bad_record),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_drip),
		cmocka_unit_test(test_crawler),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
