/* Each part of the score, and what a score does to a peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/gossip_bench.h"

#define POINT GOSSIP_POINT

/* ${n} peers that want T, of which the first ${members} are in our mesh. */
static void
mesh_init(struct bench *b, unsigned n, unsigned members)
{
	bench_init(b, n);
	for (uint32_t i = 0; i < n; i++)
		bench_tell_subscribe(b, i, T, true);
	assert_int_equal(gossip_subscribe(b->g, T, b->t.now_ms), OK);
	for (uint32_t i = 0; i < n; i++) {
		if (i < members)
			bench_tell_graft(b, i, T);
		else
			bench_tell_prune(b, i, T, 3600);
		(void)bench_listen(b, i);
		assert_int_equal(gossip_peer_meshes(b->g, i), i < members);
	}
}

/* Heartbeats for so long; what is said is thrown away. */
static void
pass(struct bench *b, unsigned peers, uint64_t ms)
{
	const uint64_t end = b->t.now_ms + ms;

	while (gossip_expiry(b->g) <= end) {
		bench_beat(b);
		for (uint32_t i = 0; i < peers; i++)
			(void)bench_listen(b, i);
	}
	b->t.now_ms = end;
}

static void
applied(struct bench *b, uint32_t peer, int32_t points)
{
	const struct peer_id id = bench_id(peer);

	assert_int_equal(
	    gossip_application_score(b->g, &id, points * POINT), OK);
}

/* A peer brings message ${n}; the verdict follows. */
static void
bring(struct bench *b, uint32_t peer, uint8_t n, enum gossip_verdict v)
{
	struct gossip_message m;

	bench_tell_message(b, peer, T, n, 300);
	assert_true(gossip_next(b->g, &m));
	gossip_verdict(b->g, m.handle, v, b->t.now_ms);
}

static struct gossip_peer_explain
explain(struct bench *b, uint32_t peer)
{
	static struct gossip_peer_explain x;

	assert_true(gossip_peer_explain(b->g, peer, b->t.now_ms, &x));
	assert_int_equal(x.score.total,
	    x.score.mesh_time + x.score.first + x.score.mesh + x.score.failure +
		x.score.invalid + x.score.capped + x.score.application +
		x.score.colocation + x.score.behaviour + x.score.slow);
	return x;
}

static void
test_decay(void **state)
{
	static const uint64_t times[] = { 1000, 5000, 60000, 600000, 3600000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		const uint64_t left = gossip_decay(times[i]);
		double x = 1;
		for (uint64_t t = 0; t < times[i] / 1000; t++)
			x = x * (double)left / GOSSIP_DECAY_UNIT;
		assert_true(x <= 0.0101 && x > 0.0095);
	}
	assert_int_equal(gossip_decay(0), gossip_decay(1000));
}

/* P1 grows with time in the mesh up to its cap, and ends with it. */
static void
test_mesh_time(void **state)
{
	struct bench b;

	(void)state;
	mesh_init(&b, 2, 1);
	assert_int_equal(gossip_score(b.g, 0), 0);
	pass(&b, 2, 100500);
	assert_in_range(explain(&b, 0).score.mesh_time, 198, 202);
	assert_int_equal(explain(&b, 1).score.mesh_time, 0);
	pass(&b, 2, 1000000);
	assert_int_equal(explain(&b, 0).score.mesh_time, POINT);
	/* Time alone never makes a mesh good. */
	assert_true(gossip_score(b.g, 0) < b.p.score.opportunistic_threshold);
	bench_tell_prune(&b, 0, T, 60);
	assert_int_equal(gossip_score(b.g, 0), 0);
	bench_fini(&b);
}

/* P2: the first to bring it, up to a cap; it fades. */
static void
test_first(void **state)
{
	struct bench b;

	(void)state;
	mesh_init(&b, 3, 1);
	bring(&b, 1, 1, GOSSIP_ACCEPT);
	bench_tell_message(&b, 0, T, 1, 300); /* the second gets nothing */
	assert_int_equal(explain(&b, 1).score.first, POINT);
	assert_int_equal(explain(&b, 0).score.first, 0);
	bring(&b, 2, 2, GOSSIP_IGNORE);
	assert_int_equal(gossip_score(b.g, 2), 0);
	for (uint8_t n = 3; n < 103; n++)
		bring(&b, 1, n, GOSSIP_ACCEPT);
	assert_int_equal(
	    explain(&b, 1).score.first, b.p.score.topic.first_cap * POINT);
	assert_int_equal(explain(&b, 1).counts.first, 101);
	assert_int_equal(explain(&b, 0).counts.duplicates, 1);
	pass(&b, 3, 121000);
	const int64_t later = explain(&b, 1).score.first;
	assert_in_range(later, 400, 510); /* a hundredth of 50 */
	bench_fini(&b);
}

static const struct gossip_topic_score strict = {
	.weight = POINT,
	.mesh_weight = -POINT,
	.mesh_decay = 999999,
	.mesh_cap = 100,
	.mesh_threshold = 4,
	.mesh_window_ms = 400,
	.mesh_activation_ms = 10000,
	.failure_weight = -POINT,
	.failure_decay = 990000,
	.mesh_time_quantum_ms = 1000,
};

/* P3: a member has to deliver, first or nearly; P3b: leaving is no way out. */
static void
test_mesh_deliveries(void **state)
{
	struct bench b;

	(void)state;
	mesh_init(&b, 5, 4);
	assert_int_equal(
	    gossip_topic_score_set(b.g, "none", &strict), ERR_NOTFOUND);
	assert_int_equal(gossip_topic_score_set(b.g, T, &strict), OK);
	for (uint8_t n = 0; n < 4; n++) {
		bring(&b, 0, n, GOSSIP_ACCEPT);
		bench_tell_message(&b, 1, T, n, 300); /* in time */
		bench_tell_message(&b, 1, T, n, 300); /* and once */
		b.t.now_ms += 401;
		bench_tell_message(&b, 2, T, n, 300); /* too late */
		bench_tell_message(&b, 4, T, n, 300); /* no member */
	}
	pass(&b, 5, 7000);
	for (uint32_t i = 0; i < 5; i++) /* not yet active */
		assert_int_equal(explain(&b, i).score.mesh, 0);
	pass(&b, 5, 3000);
	assert_in_range(-explain(&b, 0).score.mesh, 0, 1);
	assert_in_range(-explain(&b, 1).score.mesh, 0, 1);
	assert_int_equal(explain(&b, 4).score.mesh, 0);
	/* Those two lacked four: 16 points, and then pruned for it. */
	for (uint32_t i = 2; i < 4; i++) {
		const struct gossip_peer_explain x = explain(&b, i);
		assert_int_equal(gossip_peer_meshes(b.g, i), 0);
		assert_int_equal(x.score.mesh, 0);
		assert_in_range(-x.score.failure, 15 * POINT, 16 * POINT);
	}
	bench_fini(&b);
}

/* By default a silent topic punishes nobody. */
static void
test_silence_is_no_crime(void **state)
{
	struct bench b;

	(void)state;
	mesh_init(&b, 8, 8);
	pass(&b, 8, 1800000);
	for (uint32_t i = 0; i < 8; i++) {
		assert_true(gossip_score(b.g, i) > 0);
		assert_int_equal(gossip_peer_meshes(b.g, i), 1);
	}
	bench_fini(&b);
}

/* P4: all who sent it, those who come later with it, those who hang up. */
static void
test_invalid(void **state)
{
	const struct peer_id gone = bench_id(3), leaver = bench_id(0);
	struct gossip_message m;
	struct bench b;

	(void)state;
	mesh_init(&b, 5, 5);
	bench_tell_message(&b, 0, T, 'x', 300);
	bench_tell_message(&b, 1, T, 'x', 300);
	assert_true(gossip_next(b.g, &m));
	gossip_verdict(b.g, m.handle, GOSSIP_REJECT, b.t.now_ms);
	bench_tell_message(&b, 2, T, 'x', 300);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(explain(&b, i).score.invalid, -100 * POINT);
		assert_int_equal(explain(&b, i).counts.invalid, 1);
	}
	assert_true(gossip_score(b.g, 4) >= 0);
	bench_beat(&b);
	assert_int_equal(bench_listen(&b, 0).prune, 1);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	assert_int_equal(gossip_peer_meshes(b.g, 4), 1);

	/* Squared: the tenth costs more than the first. */
	for (uint8_t n = 0; n < 4; n++)
		bring(&b, 2, n, GOSSIP_REJECT);
	assert_in_range(
	    -explain(&b, 2).score.invalid, 2480 * POINT, 2500 * POINT);

	/* Gone before the verdict, and back: it is remembered. */
	bench_tell_message(&b, 3, T, 'y', 300);
	assert_true(gossip_next(b.g, &m));
	gossip_peer_down(b.g, 3);
	gossip_verdict(b.g, m.handle, GOSSIP_REJECT, b.t.now_ms);
	assert_int_equal(gossip_peer_up(b.g, 3, &gone, false, true), OK);
	assert_in_range(-explain(&b, 3).score.invalid, 99 * POINT, 100 * POINT);
	/* So is one who leaves with a bad score; until it is forgotten. */
	gossip_peer_down(b.g, 0);
	assert_int_equal(gossip_peer_up(b.g, 7, &leaver, true, true), OK);
	assert_true(gossip_score(b.g, 7) < -90 * POINT);
	gossip_peer_down(b.g, 7);
	b.t.now_ms += b.p.score.retain_ms + 1000;
	bench_beat(&b);
	bench_beat(&b);
	assert_int_equal(gossip_peer_up(b.g, 7, &leaver, true, true), OK);
	assert_int_equal(gossip_score(b.g, 7), 0);
	bench_fini(&b);
}

/* What no verdict is needed for counts as invalid as well. */
static void
test_breaches_of_form(void **state)
{
	const uint8_t with_from[] = { 0x0a, 1, 7 };
	uint8_t raw[256];
	struct bench b;

	(void)state;
	mesh_init(&b, 3, 3);
	struct buf w = { raw, 0, sizeof(raw) };
	const size_t inner = sizeof(with_from) + 2 + sizeof(T) - 1 + 3;
	rpc_frame_put(&w, inner + 2);
	const uint8_t head[] = { 0x12, (uint8_t)inner };
	assert_int_equal(buf_put(&w, head, 2), OK);
	assert_int_equal(buf_put(&w, with_from, sizeof(with_from)), OK);
	const uint8_t data[] = { 0x12, 1, 'd', 0x22, sizeof(T) - 1 };
	assert_int_equal(buf_put(&w, data, sizeof(data)), OK);
	assert_int_equal(buf_put(&w, T, sizeof(T) - 1), OK);
	bench_tell(&b, 0, &w);
	assert_int_equal(explain(&b, 0).counts.signed_refused, 1);
	assert_int_equal(explain(&b, 0).score.invalid, -100 * POINT);
	bench_tell_message(&b, 1, T, 1, b.p.message_bytes_max + 1);
	assert_int_equal(explain(&b, 1).counts.oversize, 1);
	assert_int_equal(explain(&b, 1).score.invalid, -100 * POINT);
	/* What cannot be read costs the connection, and is remembered. */
	struct slice in = slice_of("\x02\x12\x09", 3);
	const struct peer_id id = bench_id(2);
	assert_int_equal(gossip_recv(b.g, 2, b.t.now_ms, &in), ERR_PEER);
	gossip_peer_down(b.g, 2);
	assert_int_equal(gossip_peer_up(b.g, 2, &id, false, true), OK);
	assert_int_equal(explain(&b, 2).score.behaviour, -160 * POINT);
	bench_fini(&b);
}

/* P6 */
static void
test_colocation(void **state)
{
	static const struct {
		const char *name;
		uint8_t n, ip[16];
		uint8_t step; /* this byte is another one for each peer */
		uint32_t peers, same[2];
		int64_t want; /* points */
	} cases[] = {
		{ "alone", 4, { 198, 51, 100, 1 }, 3, 8, { 1, 8 }, 0 },
		{ "one address", 4, { 198, 51, 100, 1 }, 16, 3, { 3, 3 }, 0 },
		{ "too many", 4, { 198, 51, 100, 1 }, 16, 5, { 5, 5 }, -200 },
		{ "a subnet", 4, { 198, 51, 100, 1 }, 3, 12, { 1, 12 }, -80 },
		{ "a LAN", 4, { 192, 168, 1, 1 }, 3, 12, { 1, 0 }, 0 },
		{ "one of a LAN", 4, { 10, 0, 1, 1 }, 16, 5, { 5, 0 }, -200 },
		{ "loopback", 4, { 127, 0, 0, 1 }, 16, 12, { 0, 0 }, 0 },
		{ "v6 host part", 16, { 0x20, 1, 0xd, 0xb8 }, 15, 5, { 5, 5 },
		    -200 },
		{ "v6 subnet", 16, { 0x20, 1, 0xd, 0xb8 }, 7, 12, { 1, 12 },
		    -80 },
		{ "v6 far", 16, { 0x20, 1, 0xd, 0xb8 }, 5, 12, { 1, 1 }, 0 },
		{ "v6 own", 16, { 0xfd, 1 }, 15, 5, { 5, 0 }, -200 },
		{ "mapped", 16,
		    { [10] = 0xff, [11] = 0xff, [12] = 198, [13] = 51 }, 16, 5,
		    { 5, 5 }, -200 },
		{ "nonsense", 7, { 1 }, 16, 12, { 0, 0 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bench b;
		bench_init(&b, cases[i].peers);
		for (uint32_t p = 0; p < cases[i].peers; p++) {
			uint8_t ip[17] = { 0 };
			memcpy(ip, cases[i].ip, 16);
			ip[cases[i].step] = (uint8_t)(1 + p);
			gossip_peer_ip(b.g, p, slice_of(ip, cases[i].n));
		}
		bench_beat(&b); /* the first ones were there alone */
		const struct gossip_peer_explain x = explain(&b, 0);
		if (x.score.colocation != cases[i].want * POINT ||
		    x.same_ip[0] != cases[i].same[0] ||
		    x.same_ip[1] != cases[i].same[1])
			fail_msg("%s: %d, %u, %u", cases[i].name,
			    (int)(x.score.colocation / POINT), x.same_ip[0],
			    x.same_ip[1]);
		/* Who leaves, or moves, no longer counts. */
		gossip_peer_ip(b.g, 1, slice_of(cases[i].ip, 0));
		gossip_peer_down(b.g, cases[i].peers - 1);
		bench_beat(&b);
		assert_true(explain(&b, 0).same_ip[1] ==
				MAX(2u, cases[i].same[1]) - 2 ||
			    cases[i].same[1] <= 1);
		bench_fini(&b);
	}
}

/* P7 by GRAFT in back-off: twice as much in the first ten seconds. */
static void
test_graft_flood(void **state)
{
	struct bench b;

	(void)state;
	mesh_init(&b, 2, 2);
	applied(&b, 0, -1); /* so that it is pruned */
	bench_beat(&b);
	assert_int_equal(bench_listen(&b, 0).prune, 1);
	applied(&b, 0, 0);
	for (unsigned i = 1; i <= 3; i++) {
		bench_tell_graft(&b, 0, T);
		assert_int_equal(bench_listen(&b, 0).prune, 1);
		assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
		assert_int_equal(explain(&b, 0).counts.backoff_breached, i);
		assert_int_equal(explain(&b, 0).score.behaviour, 0);
	}
	bench_tell_graft(&b, 0, T);
	assert_int_equal(explain(&b, 0).score.behaviour, -40 * POINT);
	b.t.now_ms += 11000;
	bench_tell_graft(&b, 0, T); /* now it counts once */
	assert_int_equal(explain(&b, 0).score.behaviour, -90 * POINT);
	/* After its time it is welcome, if the score allows. */
	applied(&b, 0, -1);
	pass(&b, 2, 61000);
	assert_int_equal(explain(&b, 0).score.behaviour, 0); /* faded */
	bench_tell_graft(&b, 0, T);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	assert_int_equal(explain(&b, 0).counts.score_ignored, 1);
	applied(&b, 0, 0);
	b.t.now_ms += 61000;
	bench_tell_graft(&b, 0, T);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 1);
	bench_fini(&b);
}

/* P7 by announcing what never comes; and then it is not asked any more. */
static void
test_promises(void **state)
{
	struct bench b;
	uint8_t id[32] = { 0 };
	uint64_t when = 0;

	(void)state;
	mesh_init(&b, 2, 2);
	const uint64_t start = b.t.now_ms;
	for (uint32_t n = 0; when == 0; n++) {
		put_u32be(id, n);
		bench_tell_ids(&b, 0, CONTROL_IHAVE, id, 1);
		pass(&b, 2, 1000);
		assert_true(n < 60);
		if (gossip_score(b.g, 0) < b.p.score.gossip_threshold)
			when = b.t.now_ms;
	}
	assert_true(when - start < 30000);
	const uint32_t asked = explain(&b, 0).counts.asked;
	assert_true(explain(&b, 0).counts.promises_broken > 6);
	put_u32be(id, 1 << 20);
	bench_tell_ids(&b, 0, CONTROL_IHAVE, id, 1);
	pass(&b, 2, 1000);
	assert_int_equal(explain(&b, 0).counts.asked, asked);
	assert_int_equal(explain(&b, 0).counts.score_ignored, 1);
	assert_int_equal(explain(&b, 1).score.behaviour, 0);
	bench_fini(&b);
}

/* While we sleep, or do not read, nobody can keep a promise. */
static void
test_no_promise_in_sleep(void **state)
{
	static const struct {
		const char *name;
		uint64_t sleep_ms;
		bool full;
		uint64_t broken;
	} cases[] = {
		{ "awake", 0, false, 1 },
		{ "asleep", 3600000, false, 0 },
		{ "full", 0, true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gossip_stats s;
		struct bench b;
		uint8_t id[32] = { 4 };
		mesh_init(&b, 2, 2);
		bench_tell_ids(&b, 0, CONTROL_IHAVE, id, 1);
		pass(&b, 2, 1000);
		assert_int_equal(explain(&b, 0).counts.asked, 1);
		for (uint32_t n = 0;
		     n < b.p.pending_per_peer_max && cases[i].full; n++) {
			uint8_t raw[256], body[4];
			struct buf w = { raw, 0, sizeof(raw) };
			put_u32be(body, n);
			(void)rpc_message_put(
			    &w, slice_str(T), slice_of(body, 4));
			bench_tell(&b, 0, &w);
		}
		b.t.now_ms += cases[i].sleep_ms;
		gossip_on_time(b.g, b.t.now_ms);
		pass(&b, 2, 8000);
		gossip_stats(b.g, &s);
		if (s.promises_broken != cases[i].broken)
			fail_msg("%s", cases[i].name);
		assert_int_equal(s.pulls_now, 0);
		struct gossip_message m;
		while (gossip_next(b.g, &m))
			gossip_verdict(
			    b.g, m.handle, GOSSIP_IGNORE, b.t.now_ms);
		bench_fini(&b);
	}
}

/* Who does not read is left out of the mesh for a while, no more. */
static void
test_slow(void **state)
{
	static uint8_t data[40000];
	struct bench b;
	uint32_t to = 0;

	(void)state;
	mesh_init(&b, 3, 3);
	for (uint32_t i = 0; i < 60; i++) {
		put_u32be(data, i);
		assert_int_equal(
		    gossip_publish(b.g, T, slice_of(data, sizeof(data)), false,
			b.t.now_ms, &to),
		    OK);
		(void)bench_listen(&b, 1);
		(void)bench_listen(&b, 2);
	}
	assert_true(explain(&b, 0).counts.dropped_queue > 30);
	assert_true(explain(&b, 0).score.slow < -POINT);
	assert_int_equal(explain(&b, 1).score.slow, 0);
	assert_true(gossip_score(b.g, 0) > b.p.score.gossip_threshold);
	bench_beat(&b);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	assert_int_equal(gossip_peer_meshes(b.g, 1), 1);
	pass(&b, 3, 40000);
	assert_int_equal(explain(&b, 0).score.slow, 0);
	bench_fini(&b);
}

/* What a score of so many points still gets, and is heard with. */
static void
test_thresholds(void **state)
{
	static const struct {
		int32_t points;
		bool mesh, gossip, publish, heard;
	} cases[] = {
		{ 0, true, true, true, true },
		{ -1, false, true, true, true },
		{ -500, false, true, true, true },
		{ -501, false, false, true, true },
		{ -1000, false, false, true, true },
		{ -1001, false, false, false, true },
		{ -2500, false, false, false, true },
		{ -2501, false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gossip_message m;
		struct bench b;
		uint8_t ids[64] = { 1 };
		uint32_t to = 0;

		mesh_init(&b, 1, 1);
		bring(&b, 0, 'a', GOSSIP_ACCEPT);
		gossip_peer_down(b.g, 0); /* so that it has earned nothing */
		const struct peer_id id = bench_id(0);
		assert_int_equal(gossip_peer_up(b.g, 0, &id, false, true), OK);
		bench_tell_subscribe(&b, 0, T, true);
		bench_tell_graft(&b, 0, T);
		applied(&b, 0, cases[i].points);
		bench_beat(&b);
		struct said out = bench_listen(&b, 0);
		assert_int_equal(gossip_peer_meshes(b.g, 0), cases[i].mesh);
		assert_int_equal(out.prune, !cases[i].mesh);
		assert_int_equal(gossip_publish(b.g, T, slice_str("ours"), true,
				     b.t.now_ms, &to),
		    OK);
		assert_int_equal(to, cases[i].publish);
		assert_int_equal(
		    bench_listen(&b, 0).messages, cases[i].publish);
		bench_beat(&b);
		/* In the mesh it has it; else it is told. */
		assert_int_equal(bench_listen(&b, 0).ihave > 0,
		    cases[i].gossip && !cases[i].mesh);
		bench_message_id(ids + 32, 'a', 300);
		bench_tell_ids(&b, 0, CONTROL_IWANT, ids, 2);
		assert_int_equal(bench_listen(&b, 0).messages, cases[i].gossip);
		bench_tell_ids(&b, 0, CONTROL_IHAVE, ids, 1);
		b.t.now_ms += b.p.lazy.pull_ms;
		gossip_on_time(b.g, b.t.now_ms);
		assert_int_equal(bench_listen(&b, 0).iwant, cases[i].gossip);
		bench_tell_message(&b, 0, T, 'b', 300);
		assert_int_equal(gossip_next(b.g, &m), cases[i].heard);
		/* Subscriptions are heard in any case. */
		bench_tell_subscribe(&b, 0, T, false);
		bench_tell_subscribe(&b, 0, "other", true);
		assert_int_equal(explain(&b, 0).topics_told, 1);
		const struct gossip_peer_explain x = explain(&b, 0);
		assert_int_equal(x.gossips, cases[i].gossip);
		assert_int_equal(x.publishes, cases[i].publish);
		assert_int_equal(x.graylisted, !cases[i].heard);
		if (cases[i].heard)
			gossip_verdict(
			    b.g, m.handle, GOSSIP_IGNORE, b.t.now_ms);
		bench_fini(&b);
	}
}

/* Explicit peers: no mesh, everything sent, never graylisted. */
static void
test_direct(void **state)
{
	struct gossip_message m;
	struct peer_id id = bench_id(0), other;
	struct bench b;

	(void)state;
	mesh_init(&b, 3, 3);
	assert_int_equal(gossip_direct_add(b.g, &id), OK);
	assert_int_equal(gossip_direct_add(b.g, &id), ERR_EXISTS);
	assert_int_equal(bench_listen(&b, 0).prune, 1);
	bench_tell_graft(&b, 0, T);
	struct said out = bench_listen(&b, 0);
	assert_int_equal(out.prune, 1);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	assert_int_equal(explain(&b, 0).topics[0].standing, GOSSIP_EXPLICIT);
	bring(&b, 1, 'f', GOSSIP_ACCEPT);
	assert_int_equal(bench_listen(&b, 0).messages, 1);
	applied(&b, 0, -9000);
	bench_tell_message(&b, 0, T, 'g', 300);
	assert_true(gossip_next(b.g, &m));
	gossip_verdict(b.g, m.handle, GOSSIP_ACCEPT, b.t.now_ms);
	for (unsigned i = 0; i < 70; i++)
		bench_beat(&b);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	/* It is dialled when gone, at once and then now and again. */
	assert_false(gossip_next_direct(b.g, b.t.now_ms, &other));
	gossip_peer_down(b.g, 0);
	assert_true(gossip_next_direct(b.g, b.t.now_ms, &other));
	assert_true(peer_id_eq(&other, &id));
	assert_false(gossip_next_direct(b.g, b.t.now_ms, &other));
	b.t.now_ms += b.p.direct_connect_ms;
	assert_true(gossip_next_direct(b.g, b.t.now_ms, &other));
	gossip_direct_del(b.g, &id);
	b.t.now_ms += b.p.direct_connect_ms;
	assert_false(gossip_next_direct(b.g, b.t.now_ms, &other));
	for (uint32_t i = 0; i < b.p.direct_max; i++) {
		id = bench_id(100 + i);
		assert_int_equal(gossip_direct_add(b.g, &id), OK);
	}
	id = bench_id(5000);
	assert_int_equal(gossip_direct_add(b.g, &id), ERR_LIMIT);
	bench_fini(&b);
}

/* ---- the mesh by score ---- */

static void
test_best_are_kept(void **state)
{
	struct bench b;
	unsigned kept = 0, out = 0;

	(void)state;
	mesh_init(&b, 12, 12);
	for (uint32_t i = 0; i < b.p.d_score; i++)
		applied(&b, 2 * i + 1, 100); /* inbound ones */
	bench_beat(&b);
	for (uint32_t i = 0; i < 12; i++) {
		const bool in = gossip_peer_meshes(b.g, i) > 0;
		kept += in && i % 2 == 1 && i < 2 * b.p.d_score;
		out += in && i % 2 == 0;
	}
	assert_int_equal(kept, b.p.d_score);
	assert_int_equal(out, b.p.d_out);
	struct gossip_topic t;
	assert_true(gossip_topic(b.g, T, &t));
	assert_int_equal(t.mesh, b.p.d);
	bench_fini(&b);
}

/* A mesh of do-nothings gets members who do better. */
static void
test_opportunistic(void **state)
{
	struct gossip_stats s;
	struct bench b;

	(void)state;
	mesh_init(&b, 10, 6);
	for (uint32_t i = 6; i < 10; i++)
		applied(&b, i, i < 8 ? 5 : 0);
	pass(&b, 10, 3700000); /* until the back-offs are over */
	gossip_stats(b.g, &s);
	assert_int_equal(s.opportunistic, 2);
	assert_int_equal(gossip_peer_meshes(b.g, 6), 1);
	assert_int_equal(gossip_peer_meshes(b.g, 7), 1);
	/* Now and with a good median nothing more happens. */
	for (uint32_t i = 0; i < 6; i++)
		applied(&b, i, 3);
	applied(&b, 8, 50);
	pass(&b, 10, 120000);
	assert_int_equal(gossip_peer_meshes(b.g, 8), 0);
	bench_fini(&b);
}

/* A full mesh stays as large: for those who come the worst leave. */
static void
test_worst_leave(void **state)
{
	struct bench b;
	unsigned members = 0;

	(void)state;
	mesh_init(&b, 10, 8);
	applied(&b, 8, 5);
	applied(&b, 9, 5);
	applied(&b, 1, 1);
	pass(&b, 10, 3700000);
	for (uint32_t i = 0; i < 10; i++)
		members += gossip_peer_meshes(b.g, i);
	assert_int_equal(members, b.p.d);
	assert_int_equal(gossip_peer_meshes(b.g, 8), 1);
	assert_int_equal(gossip_peer_meshes(b.g, 9), 1);
	assert_int_equal(gossip_peer_meshes(b.g, 1), 1);
	bench_fini(&b);
}

/*
 * Members 1 to 7 bring messages and 0 does not: it makes room, stays out for
 * the longer the more often, and a full mesh that is brought to takes one
 * stranger at a time.
 */
static void
test_silent(void **state)
{
	struct gossip_stats s;
	struct bench b;
	uint32_t strangers = 0;

	(void)state;
	mesh_init(&b, 12, 8);
	for (unsigned n = 0; n < 35; n++) {
		bring(&b, 1 + n % 7, (uint8_t)n, GOSSIP_ACCEPT);
		pass(&b, 12, 1000);
	}
	gossip_stats(b.g, &s);
	assert_int_equal(s.silent, 1);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	for (uint32_t i = 1; i < 8; i++)
		assert_int_equal(gossip_peer_meshes(b.g, i), 1);
	/* It comes back after its time, and loses its place again. */
	pass(&b, 12, 62000);
	bench_tell_graft(&b, 0, T);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 1);
	for (uint32_t i = 8; i < 12; i++) {
		pass(&b, 12, 3700000 / 4);
	}
	for (uint32_t i = 8; i < 12; i++) {
		bench_tell_graft(&b, i, T);
		strangers += gossip_peer_meshes(b.g, i);
	}
	assert_int_equal(strangers, 1);
	bench_fini(&b);
}

/* ---- bounds ---- */

/* Ids are cheap: whoever comes and goes with a bad one fills no memory. */
static void
test_retained_is_bounded(void **state)
{
	struct gossip_stats s;
	struct bench b;
	struct peer_id id = bench_id(77777);
	size_t most = 0;

	(void)state;
	bench_init(&b, 0);
	assert_int_equal(gossip_subscribe(b.g, T, b.t.now_ms), OK);
	/* The worst of all comes first, and is remembered to the end. */
	assert_int_equal(gossip_peer_up(b.g, 0, &id, false, true), OK);
	bring(&b, 0, 1, GOSSIP_REJECT);
	bring(&b, 0, 2, GOSSIP_REJECT);
	gossip_peer_down(b.g, 0);
	id = bench_id(1);
	assert_int_equal(gossip_peer_up(b.g, 0, &id, false, true), OK);
	bring(&b, 0, 3, GOSSIP_REJECT);
	gossip_peer_down(b.g, 0);
	for (uint32_t i = 0; i < 3000; i++) {
		id = bench_id(100000 + i);
		assert_int_equal(gossip_peer_up(b.g, 0, &id, false, true), OK);
		bench_tell_message(&b, 0, T, 3, 300); /* known as bad */
		assert_true(gossip_score(b.g, 0) < 0);
		gossip_peer_down(b.g, 0);
		if (i == 2000)
			most = b.t.mem.used;
	}
	gossip_stats(b.g, &s);
	assert_int_equal(s.retained_now, b.p.score.retain_max);
	assert_true(b.t.mem.used <= most);
	id = bench_id(77777);
	assert_int_equal(gossip_peer_up(b.g, 0, &id, false, true), OK);
	assert_true(gossip_score(b.g, 0) < -300 * POINT);
	for (uint32_t i = 0; i < b.p.score.retain_max; i++) {
		id = bench_id(i);
		assert_int_equal(gossip_application_score(b.g, &id, 5), OK);
	}
	id = bench_id(1 << 20);
	assert_int_equal(gossip_application_score(b.g, &id, 5), ERR_LIMIT);
	bench_fini(&b);
}

/* ---- who misbehaves in any one way falls below 0; the honest never ---- */

static void
bad_invalid(struct bench *b, uint32_t second)
{
	struct gossip_message m;

	bench_tell_message(b, 0, T, (uint8_t)second, 300);
	if (gossip_next(b->g, &m)) /* graylisted, it is not even heard */
		gossip_verdict(b->g, m.handle, GOSSIP_REJECT, b->t.now_ms);
}

static void
bad_oversize(struct bench *b, uint32_t second)
{
	(void)second;
	bench_tell_message(b, 0, T, 1, b->p.message_bytes_max + 1);
}

static void
bad_graft(struct bench *b, uint32_t second)
{
	if (second == 0)
		bench_tell_prune(b, 0, T, 60);
	bench_tell_graft(b, 0, T);
}

static void
bad_promise(struct bench *b, uint32_t second)
{
	uint8_t id[32] = { 9 };

	put_u32be(id + 4, second);
	bench_tell_ids(b, 0, CONTROL_IHAVE, id, 1);
}

static void
bad_crowd(struct bench *b, uint32_t second)
{
	const uint8_t ip[4] = { 198, 51, 100, 9 };

	for (uint32_t i = 0; i < 5 && second == 0; i++)
		gossip_peer_ip(b->g, i, slice_of(ip, 4));
}

static void
bad_reader(struct bench *b, uint32_t second)
{
	static uint8_t data[60000];
	uint32_t to = 0;

	/* Nobody drains peer 0 in this one. */
	for (uint32_t i = 0; i < 10; i++) {
		put_u32be(data, second << 8 | i);
		assert_int_equal(
		    gossip_publish(b->g, T, slice_of(data, sizeof(data)), false,
			b->t.now_ms, &to),
		    OK);
		for (uint32_t p = 1; p < 6; p++)
			(void)bench_listen(b, p);
	}
}

static void
test_monotone(void **state)
{
	static const struct {
		const char *name;
		void (*each_second)(struct bench *b, uint32_t second);
		uint32_t within_s;
		bool reads;
	} cases[] = {
		{ "invalid", bad_invalid, 2, true },
		{ "oversize", bad_oversize, 2, true },
		{ "graft in back-off", bad_graft, 8, true },
		{ "broken promises", bad_promise, 20, true },
		{ "one address", bad_crowd, 2, true },
		{ "does not read", bad_reader, 10, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bench b;
		uint32_t second = 0;
		int64_t last = 1;

		mesh_init(&b, 6, 6);
		for (; gossip_score(b.g, 0) >= 0; second++) {
			cases[i].each_second(&b, second);
			b.t.now_ms += 1000;
			gossip_on_time(b.g, b.t.now_ms);
			for (uint32_t p = cases[i].reads ? 0 : 1; p < 6; p++)
				(void)bench_listen(&b, p);
			if (second >= cases[i].within_s)
				fail_msg("%s: still %d after %u s",
				    cases[i].name, (int)gossip_score(b.g, 0),
				    second);
		}
		/* Going on never betters it. */
		for (unsigned more = 0; more < 10; more++) {
			last = gossip_score(b.g, 0);
			cases[i].each_second(&b, second++);
			if (gossip_score(b.g, 0) > last)
				fail_msg("%s: better", cases[i].name);
			b.t.now_ms += 1000;
			gossip_on_time(b.g, b.t.now_ms);
			for (uint32_t p = cases[i].reads ? 0 : 1; p < 6; p++)
				(void)bench_listen(&b, p);
		}
		assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
		bench_fini(&b);
	}
}

static void
test_honest_stay_above(void **state)
{
	struct bench b;
	struct gossip_message m;

	(void)state;
	mesh_init(&b, 6, 6);
	for (uint32_t second = 0; second < 3600; second++) {
		for (uint32_t p = 0; p < 6; p++) {
			uint8_t data[8] = { 0 };
			uint8_t raw[256];
			struct buf w = { raw, 0, sizeof(raw) };
			if (second % 7 != p % 7) {
				if (second % 200 == 100)
					bench_tell_prune(&b, p, T, 60);
				if (second % 200 == 162)
					bench_tell_graft(&b, p, T);
				continue;
			}
			put_u32be(data, second);
			put_u32be(data + 4, p);
			(void)rpc_message_put(
			    &w, slice_str(T), slice_of(data, sizeof(data)));
			bench_tell(&b, p, &w);
			bench_tell(&b, (p + 1) % 6, &w); /* a copy of it */
			while (gossip_next(b.g, &m))
				gossip_verdict(b.g, m.handle,
				    second % 5 == 0 ? GOSSIP_IGNORE
						    : GOSSIP_ACCEPT,
				    b.t.now_ms);
			/* Now and again a promise is lost. */
			if (second % 300 < 7)
				bad_promise(&b, second);
		}
		b.t.now_ms += 1000;
		gossip_on_time(b.g, b.t.now_ms);
		for (uint32_t p = 0; p < 6; p++) {
			(void)bench_listen(&b, p);
			if (gossip_score(b.g, p) < 0)
				fail_msg("peer %u at second %u: %d", p, second,
				    (int)gossip_score(b.g, p));
		}
	}
	bench_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decay),
		cmocka_unit_test(test_mesh_time),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_mesh_deliveries),
		cmocka_unit_test(test_silence_is_no_crime),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_breaches_of_form),
		cmocka_unit_test(test_colocation),
		cmocka_unit_test(test_graft_flood),
		cmocka_unit_test(test_promises),
		cmocka_unit_test(test_no_promise_in_sleep),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_best_are_kept),
		cmocka_unit_test(test_opportunistic),
		cmocka_unit_test(test_worst_leave),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_retained_is_bounded),
		cmocka_unit_test(test_monotone),
		cmocka_unit_test(test_honest_stay_above),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
