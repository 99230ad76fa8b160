/*
 * fetch: two nodes over hosts in memory and virtual time. The pipeline is
 * played by a queue that judges and stores 20 records each 20 ms, so that
 * results come late and back-pressure is felt. One answer has at most 100
 * records here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/fetch.h"
#include "proto/base/text.h"
#include "tests/unit/test_net.h"
#include "tests/unit/test_records.h"

#undef FETCH_RECORDS_MAX
#define FETCH_RECORDS_MAX 100
#include "node/fetch.c" /* NOLINT: with the one above in its place */

#define QUEUE  256
#define PER_GO 20
#define BYTES  1024 /* of a record here, at most */

struct job {
	uint8_t raw[BYTES];
	size_t n;
	judge_done *done;
	void *ctx;
};

struct side {
	struct fetch *fetch;
	struct fetch_search *search; /* given to us, not run yet */
	struct map *map;
	struct store *store;
	struct job jobs[QUEUE];
	unsigned jobs_n;
	unsigned most; /* jobs at once */
};

static struct test_net net;
static struct side sides[2];
static uint8_t scratch[RECORD_SCRATCH_BYTES];
static const char *const protocols[] = { FETCH_PROTOCOL };

static enum record_outcome
take(struct side *s, struct slice bytes, bool own, struct record *r)
{
	struct arena a = arena_of(scratch, sizeof(scratch));
	const struct record_rules rules = test_rules();
	struct store_item item = { .record = r, .own = own };

	enum record_outcome o = record_open(bytes, &rules, &a, r);
	if (o == RECORD_FINE)
		o = record_verify(r, &a);
	if (o != RECORD_FINE)
		return o;
	assert_int_equal(
	    store_apply(s->store, &item, 1, TEST_NOW, NULL, NULL), OK);
	return item.outcome;
}

static void
test_submit(void *side, struct slice bytes, judge_done *done, void *ctx)
{
	struct side *s = side;

	assert_true(s->jobs_n < QUEUE && bytes.n <= BYTES);
	struct job *j = &s->jobs[s->jobs_n++];
	memcpy(j->raw, bytes.p, bytes.n);
	j->n = bytes.n;
	j->done = done;
	j->ctx = ctx;
	s->most = MAX(s->most, s->jobs_n);
}

static err
test_search(void *side, struct fetch_search *q)
{
	struct side *s = side;

	assert_null(s->search);
	s->search = q;
	return OK;
}

static void
test_wake(void *side)
{
	(void)side; /* the net looks at every host in every step */
}

static void
search_some(struct side *s)
{
	struct fetch_search *q = s->search;

	if (q == NULL)
		return;
	s->search = NULL; /* the next one may begin within the call */
	fetch_search_run(q);
	fetch_search_done(q);
}

static void
judge_some(struct side *s)
{
	for (unsigned i = 0; i < PER_GO && s->jobs_n > 0; i++) {
		struct job j = s->jobs[0];
		struct record r = { 0 };
		memmove(s->jobs, s->jobs + 1, --s->jobs_n * sizeof(j));
		const struct judge_result result = {
			.outcome = take(s, slice_of(j.raw, j.n), false, &r),
			.record = &r,
		};
		j.done(j.ctx, &result);
	}
}

static void
on_event(struct test_net *t, unsigned node, const struct host_event *ev)
{
	(void)t;
	if (sides[node].fetch != NULL)
		(void)fetch_event(sides[node].fetch, ev);
}

static void
go(unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 20) {
		test_net_run(&net, 20);
		judge_some(&sides[0]);
		judge_some(&sides[1]);
		for (unsigned n = 0; n < 2; n++)
			search_some(&sides[n]);
	}
}

static void
setup_queue(size_t stream_queue_bytes)
{
	struct host_config cf = test_net_config();
	char why[STORE_WHY];

	test_net_init(&net, 7);
	net.t.wall_s = TEST_NOW;
	net.on_event = on_event;
	cf.protocols = protocols;
	cf.protocols_n = 1;
	cf.limits.conn.stream_queue_bytes = stream_queue_bytes;
	for (unsigned i = 0; i < 2; i++) {
		const struct store_config sc = { .net = slice_str(TEST_NET) };
		struct side *s = &sides[i];
		memset(s, 0, sizeof(*s));
		assert_int_equal(map_memory_open(64 << 20, &s->map), OK);
		assert_int_equal(store_open(s->map, &sc, &s->store, why), OK);
		const struct fetch_config fc = {
			.host = net.nodes[test_net_add(&net, &cf)].host,
			.env = &net.t.env,
			.store = s->store,
			.net = slice_str(TEST_NET),
			.submit = test_submit,
			.search = test_search,
			.wake = test_wake,
			.ctx = s,
		};
		s->fetch = fetch_new(&fc, 0);
		assert_non_null(s->fetch);
		s->fetch->next_round_s = UINT64_MAX; /* no slow round */
		s->fetch->next_try_s = UINT64_MAX;   /* nor another try */
	}
	assert_int_equal(test_net_connect(&net, 0, 1, NULL), OK);
	go(500);
}

static void
setup(void)
{
	setup_queue(conn_limits_default().stream_queue_bytes);
}

/* As if the node had been away since this hour. */
static void
away_since(struct side *s, uint64_t hour)
{
	s->fetch->behind_h = hour;
	s->fetch->whole_n = 0;
}

static void
teardown(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct side *s = &sides[i];
		assert_int_equal(s->jobs_n, 0);
		fetch_free(s->fetch);
		s->fetch = NULL;
		assert_null(s->search);
		store_close(s->store);
		map_close(s->map);
	}
	test_net_fini(&net);
}

static void
put(struct side *s, const struct test_record *t, bool own)
{
	uint8_t raw[BYTES];
	struct record r;
	const size_t n = test_record_make(t, raw, sizeof(raw));

	assert_int_equal(take(s, slice_of(raw, n), own, &r), RECORD_STORED);
}

static uint64_t
held(const struct side *s)
{
	struct store_view *view = NULL;
	struct store_totals t;

	assert_int_equal(store_view_open(s->store, &view), OK);
	assert_int_equal(store_totals(view, &t), OK);
	store_view_close(view);
	return t.records;
}

/* How often it asks and what it then holds, by the records of each hour. */
static void
test_pages(void **state)
{
	static const struct {
		const char *name;
		unsigned of_hour[4]; /* oldest first, two hours apart */
		unsigned asked, in, held;
	} cases[] = {
		{ "nothing", { 0 }, 1, 0, 0 },
		{ "a few", { 3, 0, 0, 2 }, 1, 5, 5 },
		{ "one whole page", { 40, 60 }, 1, 100, 100 },
		{ "two pages, an hour over both", { 60, 80 }, 2, 180, 140 },
		{ "three pages", { 90, 90, 90 }, 3, 290, 270 },
		{ "an hour of more than a page", { 30, 250, 50 }, 3, 250, 180 },
		{ "all in the hour that is now", { 0, 0, 0, 150 }, 2, 200,
		    100 },
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		unsigned slot = 0;
		setup_queue(700); /* records are cut anywhere */
		for (unsigned h = 0; h < 4; h++)
			for (unsigned i = 0; i < cases[c].of_hour[h]; i++)
				put(&sides[1],
				    &(struct test_record){ .kind = KIND_DEMAND,
					.slot = slot++,
					.seq = (TEST_HOUR - 6 + 2 * h) << 8,
					.expires_h = TEST_HOUR + 24 },
				    false);
		fetch_peer(sides[0].fetch, test_net_id(&net, 1));
		go(4000);
		const struct fetch_stats st = fetch_stats(sides[0].fetch);
		if (st.asked != cases[c].asked ||
		    st.records_in != cases[c].in ||
		    held(&sides[0]) != cases[c].held ||
		    st.records_new != cases[c].held)
			fail_msg("%s: asked %u, in %u, new %u", cases[c].name,
			    (unsigned)st.asked, (unsigned)st.records_in,
			    (unsigned)st.records_new);
		assert_int_equal(st.answered, st.asked);
		assert_int_equal(st.failed, 0);
		assert_int_equal(st.asking_now, 0);
		assert_true(sides[0].most <= IN_PIPELINE_MAX);
		const struct fetch_stats by = fetch_stats(sides[1].fetch);
		assert_int_equal(by.served, cases[c].asked);
		assert_int_equal(by.serving_now, 0);
		teardown();
	}
}

/* A card of the node's own is served when it has come back, not before. */
static void
test_own_card(void **state)
{
	static const struct test_record card = { .seq = TEST_HOUR << 8 };

	(void)state;
	setup();
	put(&sides[1], &card, true);
	put(&sides[1], &(struct test_record){ .kind = KIND_COURSE }, true);
	fetch_peer(sides[0].fetch, test_net_id(&net, 1));
	go(1000);
	assert_int_equal(held(&sides[0]), 1);

	uint8_t raw[BYTES];
	struct record r;
	const size_t n = test_record_make(&card, raw, sizeof(raw));
	assert_int_equal(take(&sides[1], slice_of(raw, n), false, &r),
	    RECORD_DUPLICATE); /* heard from another */
	fetch_peer(sides[0].fetch, test_net_id(&net, 1));
	go(1000);
	assert_int_equal(held(&sides[0]), 2);
	teardown();
}

/* ---- a peer that answers what it likes ---- */

static uint8_t answer[BYTES * (FETCH_RECORDS_MAX + 2)];
static struct buf answer_buf = { answer, 0, sizeof(answer) };

static void
on_event_of_liar(struct test_net *t, unsigned node, const struct host_event *ev)
{
	const struct host_stream s = { ev->conn, ev->stream };
	struct host *h = t->nodes[node].host;
	size_t taken = 0;

	if (node == 0) {
		(void)fetch_event(sides[0].fetch, ev);
		return;
	}
	if (ev->type != HOST_STREAM_DATA)
		return;
	host_stream_consume(h, s, host_stream_read(h, s).n);
	assert_int_equal(
	    host_stream_write(h, s, buf_slice(&answer_buf), &taken), OK);
	assert_int_equal(taken, answer_buf.n);
	host_stream_close(h, s);
}

static void
put_answer(const struct test_record *t, unsigned times, const char *end)
{
	uint8_t raw[BYTES];
	const size_t n = test_record_make(t, raw, sizeof(raw));

	answer_buf.n = 0;
	for (unsigned i = 0; i < times; i++) {
		assert_int_equal(varint_put(&answer_buf, n), OK);
		assert_int_equal(buf_put(&answer_buf, raw, n), OK);
	}
	assert_int_equal(hex_get(slice_str(end), &answer_buf), OK);
}

static void
test_liars(void **state)
{
	static const struct test_record now = { .seq = TEST_HOUR << 8 };
	static const struct test_record later = { .seq = (TEST_HOUR + 1000)
							 << 8 };
	static const struct test_record alien = { .seq = TEST_HOUR << 8,
		.net = "test-b" };
	static const struct {
		const char *name;
		const struct test_record *t;
		unsigned times;
		const char *end;
		unsigned asked, failed, in;
	} cases[] = {
		{ "nothing, and more of it", &now, 0, "0001", 1, 0, 0 },
		{ "more for ever", &now, 1, "0001", 2, 0, 2 },
		{ "more from the future", &later, 1, "0001", 1, 0, 1 },
		{ "a last byte of 2 is 0", &now, 1, "0002", 1, 0, 1 },
		{ "as many as asked for", &now, 100, "0000", 1, 0, 100 },
		{ "one too many", &now, 101, "0000", 1, 1, 100 },
		{ "a record too long", &now, 1, "d18001", 1, 1, 1 },
		{ "a length too long", &now, 0, "ffffffffffffffffffff01", 1, 1,
		    0 },
		{ "another network's", &alien, 1, "0000", 1, 1, 1 },
		{ "ends within a record", &now, 1, "05aa", 1, 1, 1 },
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		setup();
		net.on_event = on_event_of_liar;
		put_answer(cases[c].t, cases[c].times, cases[c].end);
		fetch_peer(sides[0].fetch, test_net_id(&net, 1));
		go(2000);
		net.t.wall_s -= 1000000; /* a clock that is set back */
		test_net_run(&net, (TIMEOUT_S + 1) * 1000);
		fetch_tick(sides[0].fetch);
		const struct fetch_stats st = fetch_stats(sides[0].fetch);
		if (st.asked != cases[c].asked ||
		    st.failed != cases[c].failed ||
		    st.records_in != cases[c].in)
			fail_msg("%s: asked %u, failed %u, in %u",
			    cases[c].name, (unsigned)st.asked,
			    (unsigned)st.failed, (unsigned)st.records_in);
		assert_int_equal(st.asking_now, 0);
		teardown();
	}
}

/* ---- a peer that asks what it likes ---- */

static const char all_of_two[] = "0c9501a6746573742d611f0002";

static struct host_stream
request(const char *hex)
{
	uint8_t raw[64];
	struct buf b = { raw, 0, sizeof(raw) };
	struct host_stream s = { 0 };
	size_t taken = 0;

	assert_int_equal(hex_get(slice_str(hex), &b), OK);
	assert_int_equal(
	    host_stream_open(net.nodes[0].host, test_net_id(&net, 1),
		FETCH_PROTOCOL, net.t.now_ms, &s),
	    OK);
	assert_int_equal(
	    host_stream_write(net.nodes[0].host, s, buf_slice(&b), &taken), OK);
	return s;
}

/* One peer cannot take the places of all; and gone, it gives them back. */
static void
test_places(void **state)
{
	(void)state;
	setup();
	for (unsigned i = 0; i < FETCH_SERVED_AT_ONCE; i++)
		(void)request("41"); /* incomplete: more than a request */
	for (unsigned i = 0; i < FETCH_SERVED_AT_ONCE; i++)
		(void)request("0c95"); /* half a request */
	go(500);
	struct fetch_stats st = fetch_stats(sides[1].fetch);
	assert_int_equal(st.serving_now, SERVED_PER_PEER);
	fetch_peer_gone(sides[1].fetch, test_net_id(&net, 0));
	st = fetch_stats(sides[1].fetch);
	assert_int_equal(st.serving_now, 0);
	teardown();
}

/* An asker that leaves while its search is under way. */
static void
test_left(void **state)
{
	(void)state;
	setup();
	put(&sides[1], &(struct test_record){ .kind = KIND_COURSE }, false);
	const struct host_stream s = request(all_of_two);
	for (unsigned i = 0; i < 50; i++) {
		test_net_run(&net, 1); /* but not the loop */
		if (sides[1].fetch->search != NULL)
			break;
	}
	assert_non_null(sides[1].fetch->search);
	host_stream_reset(net.nodes[0].host, s);
	test_net_run(&net, 500);
	assert_int_equal(fetch_stats(sides[1].fetch).serving_now, 0);
	assert_non_null(sides[1].fetch->search);
	go(20);
	assert_null(sides[1].fetch->search);
	assert_int_equal(fetch_stats(sides[1].fetch).served, 0);
	teardown();
}

/* What we hold that is newer does not hide what is missing before it. */
static void
test_behind(void **state)
{
	struct fetch *f;

	(void)state;
	setup();
	f = sides[0].fetch;
	away_since(&sides[0], TEST_HOUR - 200);
	assert_int_equal(fetch_behind(f), TEST_HOUR - 200);
	put(&sides[1],
	    &(struct test_record){ .kind = KIND_COURSE,
		.seq = (TEST_HOUR - 150) << 8,
		.expires_h = TEST_HOUR + 24 },
	    false);
	put(&sides[0],
	    &(struct test_record){ .kind = KIND_DEMAND, .seq = TEST_HOUR << 8 },
	    false);
	fetch_peer(f, test_net_id(&net, 1));
	go(1000);
	assert_int_equal(held(&sides[0]), 2);

	/* One peer's word is not enough at once; after an hour it is. */
	assert_int_equal(f->whole_n, 1);
	assert_int_equal(fetch_behind(f), TEST_HOUR - 200);
	net.t.now_ms += WHOLE_S * 1000;
	assert_int_equal(fetch_behind(f), TEST_HOUR - OVERLAP_HOURS);

	/* Asleep for 100 hours: all of them may be missing. */
	net.t.wall_s += 100 * 3600;
	fetch_tick(f);
	assert_int_equal(fetch_behind(f), TEST_HOUR - OVERLAP_HOURS);
	assert_int_equal(f->whole_n, 0);
	go(500);
	teardown();
}

static void
test_requests(void **state)
{
	static const struct {
		const char *name, *hex;
		bool served;
	} cases[] = {
		{ "all of 2 at most", all_of_two, true },
		{ "no class", "0c9501a6746573742d61000002", true },
		{ "version 2", "0c9502a6746573742d611f0002", false },
		{ "another network", "0c9501a6746573742d621f0002", false },
		{ "four fields", "0b9401a6746573742d611f00", false },
		{ "not canonical", "0d9501a6746573742d611fcc0002", false },
		{ "65 bytes", "41", false },
		{ "a negative hour", "0c9501a6746573742d611fff02", false },
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		setup();
		const struct host_stream s = request(cases[c].hex);
		go(500);
		const struct fetch_stats st = fetch_stats(sides[1].fetch);
		if (st.served != cases[c].served ||
		    st.refused != !cases[c].served)
			fail_msg("%s", cases[c].name);
		if (cases[c].served)
			host_stream_close(net.nodes[0].host, s);
		go(500);
		assert_int_equal(fetch_stats(sides[1].fetch).serving_now, 0);
		teardown();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_own_card),
		cmocka_unit_test(test_liars),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_behind),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
