#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "proto/base/varint.h"
#include "proto/libp2p/gossip_table.h"
#include "tests/unit/gossip_bench.h"

#define NODES    20
#define MESSAGES 32

/* Routers that see each other by their index, and what reached whom. */
struct world {
	struct test_env t;
	struct gossip *g[NODES];
	bool linked[NODES][NODES];
	unsigned got[NODES][MESSAGES];
	bool split; /* cut the bytes at random places */
};

static void
world_init(struct world *w, uint64_t seed, const struct gossip_params *p)
{
	memset(w, 0, sizeof(*w));
	test_env_init(&w->t, seed);
	for (unsigned i = 0; i < NODES; i++) {
		w->g[i] = gossip_new(p, &w->t.env, &w->t.mem, w->t.now_ms);
		assert_non_null(w->g[i]);
	}
}

static void
world_fini(struct world *w)
{
	for (unsigned i = 0; i < NODES; i++)
		gossip_free(w->g[i]);
	test_env_check(&w->t);
}

static void
world_link(struct world *w, unsigned a, unsigned b)
{
	const struct peer_id ida = bench_id(a), idb = bench_id(b);

	if (a == b || w->linked[a][b])
		return;
	w->linked[a][b] = true;
	w->linked[b][a] = true;
	assert_int_equal(gossip_peer_up(w->g[a], b, &idb, true, true), OK);
	assert_int_equal(gossip_peer_up(w->g[b], a, &ida, false, true), OK);
}

static void
world_accept_all(struct world *w, unsigned node)
{
	struct gossip_message m;

	while (gossip_next(w->g[node], &m)) {
		assert_string_equal(m.topic, T);
		const unsigned n = m.data.p[0];
		assert_true(n < MESSAGES);
		w->got[node][n]++;
		gossip_verdict(
		    w->g[node], m.handle, GOSSIP_ACCEPT, w->t.now_ms);
	}
}

static void
world_pump(struct world *w)
{
	static uint8_t bytes[1 << 16];
	bool moved = true;

	while (moved) {
		moved = false;
		for (unsigned a = 0; a < NODES; a++) {
			uint32_t b;
			if (!gossip_next_output(w->g[a], &b))
				continue;
			moved = true;
			struct buf out = { bytes, 0, sizeof(bytes) };
			while (out.n = 0, gossip_send(w->g[a], b, &out),
			    out.n > 0) {
				struct slice in = buf_slice(&out);
				while (in.n > 0) {
					struct slice part = in;
					if (w->split)
						part.n =
						    1 + test_below(&w->t, in.n);
					const size_t n = part.n;
					assert_int_equal(
					    gossip_recv(
						w->g[b], a, w->t.now_ms, &part),
					    OK);
					slice_skip(&in, n - part.n);
					world_accept_all(w, b);
				}
			}
		}
	}
}

static void
world_run(struct world *w, uint64_t ms)
{
	const uint64_t end = w->t.now_ms + ms;

	for (world_pump(w); w->t.now_ms < end; world_pump(w)) {
		w->t.now_ms += 50;
		for (unsigned i = 0; i < NODES; i++)
			gossip_on_time(w->g[i], w->t.now_ms);
	}
}

static void
world_publish(struct world *w, unsigned node, uint8_t n)
{
	const uint8_t body[3] = { n, 'o', 'k' };
	uint32_t sent = 0;

	assert_int_equal(
	    gossip_publish(w->g[node], T, slice_of(body, sizeof(body)), false,
		w->t.now_ms, &sent),
	    OK);
	w->got[node][n]++;
	assert_int_equal(
	    gossip_publish(w->g[node], T, slice_of(body, sizeof(body)), false,
		w->t.now_ms, &sent),
	    ERR_EXISTS);
}

static void
test_spread(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		const struct gossip_params p = gossip_params_default();
		static struct world w;
		world_init(&w, seed, &p);
		w.split = seed % 2 == 0;
		for (unsigned i = 0; i < NODES; i++) {
			assert_int_equal(
			    gossip_subscribe(w.g[i], T, w.t.now_ms), OK);
			if (i > 0)
				world_link(&w, i - 1, i);
		}
		for (unsigned i = 0; i < 120; i++)
			world_link(&w, (unsigned)test_below(&w.t, NODES),
			    (unsigned)test_below(&w.t, NODES));
		world_run(&w, 3000);
		for (uint8_t n = 0; n < MESSAGES; n++) {
			world_publish(&w, (unsigned)test_below(&w.t, NODES), n);
			world_run(&w, n % 3 * 400);
		}
		world_run(&w, 4000);
		uint64_t bodies = 0;
		for (unsigned i = 0; i < NODES; i++) {
			struct gossip_topic t;
			struct gossip_stats s;
			for (unsigned n = 0; n < MESSAGES; n++)
				if (w.got[i][n] != 1)
					fail_msg("seed %u node %u got %u "
						 "%u times",
					    (unsigned)seed, i, n, w.got[i][n]);
			assert_true(gossip_topic(w.g[i], T, &t));
			/* Few to choose from may all have pruned it. */
			if (t.peers >= p.d)
				assert_in_range(t.mesh, p.d_lo, p.d_hi);
			gossip_stats(w.g[i], &s);
			bodies += s.messages_in;
			assert_int_equal(s.dropped_queue, 0);
			assert_int_equal(s.promises_broken, 0);
			assert_int_equal(s.pending_now, 0);
		}
		/* A mesh, not a flood: each body a few times, not d_hi. */
		assert_in_range(bodies, MESSAGES * (NODES - 1),
		    (uint64_t)MESSAGES * NODES * 9);
		world_fini(&w);
	}
}

static void
test_late_joiner(void **state)
{
	const struct gossip_params p = gossip_params_default();
	static struct world w;
	struct gossip_stats s;

	(void)state;
	world_init(&w, 7, &p);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(gossip_subscribe(w.g[i], T, 0), OK);
	for (unsigned i = 1; i < 10; i++)
		world_link(&w, i - 1, i);
	world_run(&w, 3000);
	world_publish(&w, 0, 1);  /* reaches 0..9 */
	world_publish(&w, 12, 2); /* into the void: nobody is linked */
	world_run(&w, 2000);
	assert_int_equal(w.got[9][1], 1);
	assert_int_equal(gossip_subscribe(w.g[15], T, w.t.now_ms), OK);
	world_link(&w, 15, 9);
	world_link(&w, 12, 15);
	world_run(&w, 2500);
	assert_int_equal(w.got[15][1], 1);
	assert_int_equal(w.got[15][2], 1);
	gossip_stats(w.g[15], &s);
	assert_true(s.ihave_in >= 1);
	world_run(&w, 8000); /* past the history: too late */
	assert_int_equal(gossip_subscribe(w.g[16], T, w.t.now_ms), OK);
	world_link(&w, 16, 9);
	world_run(&w, 5000);
	assert_int_equal(w.got[16][1], 0);
	gossip_stats(w.g[9], &s);
	assert_int_equal(s.cached_now, 0);
	world_fini(&w);
}

static void
test_verdicts(void **state)
{
	static const struct {
		const char *name;
		enum gossip_verdict v;
		bool forwarded, again;
	} cases[] = {
		{ "accept", GOSSIP_ACCEPT, true, false },
		{ "ignore", GOSSIP_IGNORE, false, false },
		{ "reject", GOSSIP_REJECT, false, false },
		{ "forget", GOSSIP_FORGET, false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct bench b;
		struct gossip_message m, none;
		bench_init(&b, 4);
		assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
		for (uint32_t p = 0; p < 4; p++) {
			bench_tell_subscribe(&b, p, T, true);
			bench_tell_graft(&b, p, T);
			(void)bench_listen(&b, p);
		}
		bench_tell_message(&b, 0, T, 'x', 10);
		assert_true(gossip_next(b.g, &m));
		assert_int_equal(m.data.n, 10);
		assert_true(
		    peer_id_eq(&m.from, &(struct peer_id){ 38, { 0 } }));
		bench_tell_message(&b, 1, T, 'x', 10); /* while it waits */
		assert_false(gossip_next(b.g, &none));
		assert_int_equal(bench_listen(&b, 2).messages, 0);
		gossip_verdict(b.g, m.handle, cases[i].v, b.t.now_ms);
		/* Never back to those who had it. */
		assert_int_equal(bench_listen(&b, 0).messages, 0);
		assert_int_equal(bench_listen(&b, 1).messages, 0);
		for (uint32_t p = 2; p < 4; p++)
			if (bench_listen(&b, p).messages != cases[i].forwarded)
				fail_msg("%s", cases[i].name);
		bench_tell_message(&b, 3, T, 'x', 10);
		assert_int_equal(gossip_next(b.g, &m), cases[i].again);
		bench_fini(&b);
	}
}

/* The same record with another signature is another message. */
static void
test_forged_first(void **state)
{
	struct bench b;
	struct gossip_message m;
	struct gossip_stats s;

	(void)state;
	bench_init(&b, 3);
	assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
	bench_tell_graft(&b, 2, T);
	(void)bench_listen(&b, 2);
	bench_tell_message(&b, 0, T, 'f', 64);
	assert_true(gossip_next(b.g, &m));
	gossip_verdict(b.g, m.handle, GOSSIP_REJECT, b.t.now_ms);
	bench_tell_message(&b, 1, T, 'g', 64);
	assert_true(gossip_next(b.g, &m));
	assert_int_equal(m.data.p[0], 'g');
	gossip_verdict(b.g, m.handle, GOSSIP_ACCEPT, b.t.now_ms);
	const struct said out = bench_listen(&b, 2);
	assert_int_equal(out.messages, 1);
	assert_int_equal(out.first, 'g');
	gossip_stats(b.g, &s);
	assert_int_equal(s.rejected, 1);
	assert_int_equal(s.accepted, 1);
	bench_fini(&b);
}

static void
test_no_sign(void **state)
{
	static const uint32_t fields[] = { MESSAGE_FROM, MESSAGE_SEQNO,
		MESSAGE_SIGNATURE, MESSAGE_KEY };
	struct bench b;
	struct gossip_stats s;
	struct gossip_message m;

	(void)state;
	bench_init(&b, 1);
	assert_int_equal(gossip_subscribe(b.g, "t", 0), OK);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		uint8_t raw[] = { 11, 0x12, 9, 0x12, 1, (uint8_t)i, 0x22, 1,
			't', (uint8_t)(fields[i] << 3 | 2), 1, 7 };
		struct buf w = { raw, sizeof(raw), sizeof(raw) };
		bench_tell(&b, 0, &w);
		assert_false(gossip_next(b.g, &m));
		gossip_stats(b.g, &s);
		assert_int_equal(s.signed_refused, i + 1);
		raw[0] = 8; /* the same without the field is taken */
		raw[2] = 6;
		w.n = 9;
		bench_tell(&b, 0, &w);
		assert_true(gossip_next(b.g, &m));
	}
	bench_fini(&b);
}

static void
test_prune_and_backoff(void **state)
{
	struct bench b;
	struct gossip_stats s;

	(void)state;
	bench_init(&b, 1);
	bench_tell_subscribe(&b, 0, T, true);
	assert_int_equal(gossip_subscribe(b.g, T, b.t.now_ms), OK);
	struct said out = bench_listen(&b, 0);
	assert_int_equal(out.subs, 1);
	assert_int_equal(out.graft, 1); /* at once, not at a heartbeat */
	assert_int_equal(gossip_peer_meshes(b.g, 0), 1);

	/* It prunes us: we stay away for as long as it says, and a bit. */
	bench_tell_prune(&b, 0, T, 30);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	const uint64_t start = b.t.now_ms;
	while (bench_listen(&b, 0).graft == 0) {
		bench_beat(&b);
		assert_true(b.t.now_ms < start + 40000);
	}
	assert_true(b.t.now_ms >= start + 30000);

	/* It comes back early: PRUNE again, and the time starts anew. */
	bench_tell_prune(&b, 0, T, 5);
	bench_tell_graft(&b, 0, T);
	out = bench_listen(&b, 0);
	assert_int_equal(out.prune, 1);
	assert_int_equal(out.backoff, 60);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	gossip_stats(b.g, &s);
	assert_int_equal(s.backoff_breached, 1);
	b.t.now_ms += 61000;
	bench_tell_graft(&b, 0, T);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 1);

	/* No backoff is eternal, and the largest number does no harm. */
	bench_tell_prune(&b, 0, T, UINT64_MAX);
	b.t.now_ms += 3599000;
	bench_tell_graft(&b, 0, T);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	b.t.now_ms += 61001;
	bench_tell_graft(&b, 0, T);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 1);

	/* Reconnecting does not shorten it. */
	bench_tell_prune(&b, 0, T, 60);
	gossip_peer_down(b.g, 0);
	const struct peer_id id = bench_id(0);
	assert_int_equal(gossip_peer_up(b.g, 0, &id, false, true), OK);
	bench_tell_graft(&b, 0, T);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	bench_fini(&b);
}

static void
test_unsubscribe(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 2);
	bench_tell_subscribe(&b, 0, T, true);
	assert_int_equal(gossip_subscribe(b.g, T, b.t.now_ms), OK);
	(void)bench_listen(&b, 0);
	(void)bench_listen(&b, 1);
	gossip_unsubscribe(b.g, T, b.t.now_ms);
	const struct said in_mesh = bench_listen(&b, 0),
			  other = bench_listen(&b, 1);
	assert_int_equal(in_mesh.prune, 1);
	assert_int_equal(in_mesh.backoff, 10);
	assert_int_equal(in_mesh.unsubs, 1);
	assert_int_equal(other.prune, 0);
	assert_int_equal(other.unsubs, 1);
	/* GRAFT for a topic that is not ours is met with silence. */
	bench_tell_graft(&b, 0, T);
	assert_int_equal(bench_listen(&b, 0).prune, 0);
	/* The remote one leaves: it is no longer in the mesh. */
	b.t.now_ms += 20000;
	assert_int_equal(gossip_subscribe(b.g, T, b.t.now_ms), OK);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 1);
	bench_tell_subscribe(&b, 0, T, false);
	assert_int_equal(gossip_peer_meshes(b.g, 0), 0);
	bench_fini(&b);
}

static void
test_mesh_bounds(void **state)
{
	struct bench b;
	struct gossip_topic t;
	unsigned pruned = 0;

	(void)state;
	bench_init(&b, 60);
	assert_int_equal(gossip_subscribe(b.g, T, b.t.now_ms), OK);
	for (uint32_t i = 0; i < 60; i++) {
		bench_tell_subscribe(&b, i, T, true);
		(void)bench_listen(&b, i);
	}
	for (uint32_t i = 0; i < 60; i++) {
		bench_tell_graft(&b, i, T);
		pruned += bench_listen(&b, i).prune;
	}
	/* Inbound ones are refused at D_hi, outbound ones at twice that. */
	assert_true(gossip_topic(b.g, T, &t));
	assert_int_equal(t.peers, 60);
	assert_int_equal(t.mesh, 2 * b.p.d_hi);
	assert_int_equal(pruned, 60 - t.mesh);
	bench_beat(&b);
	assert_true(gossip_topic(b.g, T, &t));
	assert_int_equal(t.mesh, b.p.d);
	/* Who dialled us cannot have the mesh for itself. */
	for (uint32_t i = 0; i < 60; i += 2)
		gossip_peer_down(b.g, i);
	for (uint32_t i = 0; i < 60; i += 2) {
		const struct peer_id id = bench_id(1000 + i);
		assert_int_equal(gossip_peer_up(b.g, i, &id, true, true), OK);
		bench_tell_subscribe(&b, i, T, true);
	}
	for (uint32_t i = 0; i < 70; i++)
		bench_beat(&b);
	unsigned out = 0;
	for (uint32_t i = 0; i < 60; i += 2)
		out += gossip_peer_meshes(b.g, i);
	assert_true(out >= b.p.d_out);
	bench_fini(&b);
}

static void
test_idontwant(void **state)
{
	struct bench b;
	struct gossip_message m;
	struct gossip_stats s;
	uint8_t id[32];

	(void)state;
	bench_init(&b, 4); /* 0 and 1 speak 1.2; 2 and 3 do not */
	assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
	for (uint32_t p = 0; p < 4; p++) {
		bench_tell_graft(&b, p, T);
		(void)bench_listen(&b, p);
	}
	bench_tell_message(&b, 0, T, 's', 255); /* small: not worth it */
	assert_int_equal(bench_listen(&b, 1).idontwant, 0);
	bench_tell_message(&b, 0, T, 'l', 256);
	assert_int_equal(bench_listen(&b, 0).idontwant, 0); /* it has it */
	assert_int_equal(bench_listen(&b, 1).idontwant, 1);
	assert_int_equal(bench_listen(&b, 2).idontwant, 0); /* 1.1 */
	assert_true(gossip_next(b.g, &m));
	gossip_verdict(b.g, m.handle, GOSSIP_IGNORE, 0);

	/* Before the verdict, and while it is queued already. */
	bench_message_id(id, 'l', 256);
	bench_tell_ids(&b, 1, CONTROL_IDONTWANT, id, 1);
	assert_true(gossip_next(b.g, &m));
	gossip_verdict(b.g, m.handle, GOSSIP_ACCEPT, 0);
	bench_message_id(id, 'l', 256);
	bench_tell_ids(&b, 2, CONTROL_IDONTWANT, id, 1);
	assert_int_equal(bench_listen(&b, 1).messages, 0);
	assert_int_equal(bench_listen(&b, 2).messages, 0);
	assert_int_equal(bench_listen(&b, 3).messages, 1);
	gossip_stats(b.g, &s);
	assert_int_equal(s.idontwant_in, 2);
	assert_int_equal(s.idontwant_saved, 2);
	bench_fini(&b);
}

static void
test_iwant(void **state)
{
	struct bench b;
	struct gossip_message m;
	uint8_t ids[32];

	(void)state;
	bench_init(&b, 8);
	assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
	for (uint32_t p = 0; p < 8; p++)
		(void)bench_listen(&b, p);
	/* A message is served three times to one peer, then no more. */
	bench_tell_message(&b, 0, T, 'a', 100);
	bench_message_id(ids, 'a', 100);
	bench_tell_ids(&b, 1, CONTROL_IWANT, ids, 1);
	assert_int_equal(bench_listen(&b, 1).messages, 0); /* not yet judged */
	assert_true(gossip_next(b.g, &m));
	gossip_verdict(b.g, m.handle, GOSSIP_ACCEPT, 0);
	for (unsigned i = 0; i < 5; i++) {
		bench_tell_ids(&b, 1, CONTROL_IWANT, ids, 1);
		assert_int_equal(bench_listen(&b, 1).messages, i < 3 ? 1 : 0);
	}
	bench_tell_ids(&b, 2, CONTROL_IWANT, ids, 1);
	assert_int_equal(bench_listen(&b, 2).messages, 1);

	bench_fini(&b);
}

/* What is announced is asked for after a while, of one, then of others. */
static void
test_pull(void **state)
{
	struct bench b;
	struct gossip_message m;
	struct gossip_stats s;
	uint8_t ids[2 * 32];
	unsigned asked = 0, rounds[4] = { 0 };

	(void)state;
	bench_init(&b, 8);
	assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
	bench_message_id(ids, 'b', 100);
	bench_message_id(ids + 32, 'c', 100);
	bench_beat(&b);
	for (uint32_t p = 0; p < 8; p++) {
		(void)bench_listen(&b, p);
		bench_tell_ids(&b, p, CONTROL_IHAVE, ids, 2);
		bench_tell_ids(&b, p, CONTROL_IHAVE, ids, 2);
		assert_int_equal(bench_listen(&b, p).iwant, 0);
	}
	/* The body comes in time: nobody is asked for it. */
	bench_tell_message(&b, 3, T, 'b', 100);
	assert_true(gossip_next(b.g, &m));
	const uint64_t start = b.t.now_ms;
	assert_int_equal(gossip_expiry(b.g), start + b.p.lazy.pull_ms);
	for (unsigned r = 0; r < 4; r++) {
		b.t.now_ms = start + b.p.lazy.pull_ms + r * b.p.lazy.retry_ms;
		gossip_on_time(b.g, b.t.now_ms);
		for (uint32_t p = 0; p < 8; p++) {
			const struct said out = bench_listen(&b, p);
			assert_true(out.ids <= 1 || out.ihave > 0);
			rounds[r] += out.iwant;
		}
		asked += rounds[r];
	}
	assert_int_equal(rounds[0], 1);
	assert_int_equal(rounds[1], 2);
	assert_int_equal(rounds[2], 4);
	assert_int_equal(rounds[3], 1);
	assert_int_equal(asked, 8);
	while (b.t.now_ms < start + 2 * b.p.iwant_followup_ms)
		bench_beat(&b);
	gossip_stats(b.g, &s);
	assert_int_equal(s.promises_broken, 8);
	assert_int_equal(s.pulls_now, 0);
	/* Announced again, it is asked for again; and it comes. */
	bench_tell_ids(&b, 7, CONTROL_IHAVE, ids, 2);
	b.t.now_ms += b.p.lazy.pull_ms;
	gossip_on_time(b.g, b.t.now_ms);
	assert_int_equal(bench_listen(&b, 7).iwant, 1);
	bench_tell_message(&b, 7, T, 'c', 100);
	gossip_stats(b.g, &s);
	assert_int_equal(s.pulled, 1);
	assert_int_equal(s.pulls_now, 0);
	gossip_verdict(b.g, m.handle, GOSSIP_ACCEPT, 0);
	bench_fini(&b);
}

static void
test_slow_peer(void **state)
{
	struct bench b;
	struct gossip_stats s;
	unsigned sent = 0, refused = 0;

	(void)state;
	bench_init(&b, 1);
	assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
	bench_tell_graft(&b, 0, T);
	(void)bench_listen(&b, 0);
	const size_t before = b.t.mem.used;
	for (unsigned i = 0; i < 200; i++) {
		static uint8_t data[4096];
		uint32_t to = 0;
		put_u32be(data, i);
		const err e = gossip_publish(
		    b.g, T, slice_of(data, sizeof(data)), false, 0, &to);
		sent += e == OK;
		refused += e == ERR_MORE;
		assert_int_equal(to, e == OK);
	}
	assert_in_range(sent, 1, b.p.peer_queue_bytes / 4096);
	assert_int_equal(sent + refused, 200);
	gossip_stats(b.g, &s);
	assert_int_equal(s.dropped_queue, refused);
	assert_int_equal(s.published, sent);
	assert_true(b.t.mem.used - before < 2 * b.p.peer_queue_bytes);
	/* Control is not stuck behind bodies, and nothing is cut in two. */
	gossip_unsubscribe(b.g, T, 0);
	uint8_t first[64];
	struct buf out = { first, 0, sizeof(first) };
	assert_true(gossip_send(b.g, 0, &out));
	assert_int_equal(first[1], 0x1a); /* a control message */
	/* What is left are a part of a frame and then whole ones. */
	for (unsigned more = 1; more != 0;) {
		out.n = 0;
		more = gossip_send(b.g, 0, &out);
	}
	assert_true(b.t.mem.used < before + b.p.cache_bytes_max);
	bench_fini(&b);
}

static void
test_fanout(void **state)
{
	struct bench b;
	struct gossip_topic t;
	uint32_t to = 0;
	unsigned got = 0;

	(void)state;
	bench_init(&b, 20);
	for (uint32_t p = 0; p < 20; p++)
		bench_tell_subscribe(&b, p, T, true);
	assert_int_equal(
	    gossip_publish(b.g, T, slice_str("one"), false, 0, &to), OK);
	assert_int_equal(to, b.p.d);
	assert_true(gossip_topic(b.g, T, &t));
	assert_int_equal(t.fanout, b.p.d);
	assert_int_equal(t.mesh, 0);
	assert_false(t.subscribed);
	for (uint32_t p = 0; p < 20; p++) {
		const struct said s = bench_listen(&b, p);
		got += s.messages;
		assert_int_equal(s.graft, 0);
	}
	assert_int_equal(got, b.p.d);
	assert_int_equal(
	    gossip_publish(b.g, T, slice_str("two"), true, 0, &to), OK);
	assert_int_equal(to, 20);
	b.t.now_ms += b.p.fanout_ttl_ms;
	bench_beat(&b);
	assert_true(gossip_topic(b.g, T, &t));
	assert_int_equal(t.fanout, 0);
	assert_int_equal(t.peers, 20);
	bench_fini(&b);
}

static void
test_seen_is_forgotten(void **state)
{
	struct bench b;
	struct gossip_message m;

	(void)state;
	bench_init(&b, 1);
	assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
	bench_tell_message(&b, 0, T, 'x', 9);
	assert_true(gossip_next(b.g, &m));
	gossip_verdict(b.g, m.handle, GOSSIP_IGNORE, 0);
	const uint64_t start = b.t.now_ms;
	while (b.t.now_ms < start + b.p.seen_ttl_ms) {
		bench_tell_message(&b, 0, T, 'x', 9);
		assert_false(gossip_next(b.g, &m));
		bench_beat(&b);
	}
	b.t.now_ms += b.p.seen_ttl_ms;
	bench_beat(&b);
	b.t.now_ms += b.p.seen_ttl_ms;
	bench_beat(&b);
	bench_tell_message(&b, 0, T, 'x', 9);
	assert_true(gossip_next(b.g, &m));
	bench_fini(&b);
}

/* Whatever a peer pours in, memory stays below a figure and none leaks. */
static void
test_hostile(void **state)
{
	static uint8_t ids[2000 * 32];
	struct bench b;
	struct gossip_stats s;
	char topic[200];

	(void)state;
	bench_init(&b, 3);
	assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
	(void)bench_listen(&b, 0);
	const size_t idle = b.t.mem.used;

	for (unsigned i = 0; i < 20000; i++) {
		(void)snprintf(topic, sizeof(topic), "junk/%u", i);
		bench_tell_subscribe(&b, 0, topic, true);
	}
	assert_true(b.t.mem.used <= idle + 100 * 8);
	gossip_stats(b.g, &s);
	assert_int_equal(s.topics_ignored, 19900);
	memset(topic, 'x', 150);
	topic[150] = '\0';
	bench_tell_subscribe(&b, 1, topic, true);
	gossip_stats(b.g, &s);
	assert_int_equal(s.topics_ignored, 19901);

	for (unsigned i = 0; i < 20000; i++)
		bench_tell_graft(&b, 1, T);
	for (unsigned i = 0; i < 20000; i++) {
		bench_tell_prune(&b, 1, T, i);
		bench_tell_graft(
		    &b, 1, T); /* answered by PRUNE, up to a bound */
	}
	gossip_stats(b.g, &s);
	assert_true(s.graylisted > 30000); /* it is no longer listened to */
	for (unsigned i = 0; i < 200; i++) {
		for (size_t j = 0; j < 2000; j++)
			put_u64be(ids + j * 32, test_random(&b.t));
		bench_tell_ids(&b, 2, CONTROL_IHAVE, ids, 2000);
		bench_tell_ids(&b, 2, CONTROL_IWANT, ids, 2000);
		bench_tell_ids(&b, 2, CONTROL_IDONTWANT, ids, 2000);
	}
	gossip_stats(b.g, &s);
	assert_true(s.control_ignored > 100000);
	assert_int_equal(s.idontwant_in, b.p.idontwant_ids_max);
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t n = (uint8_t)i;
		bench_tell_message(&b, 2, "not ours", n, 1000);
	}
	bench_tell_message(&b, 2, T, 1, b.p.message_bytes_max + 1);
	gossip_stats(b.g, &s);
	assert_int_equal(s.unwanted, 2000);
	assert_int_equal(s.oversize, 1);
	assert_true(b.t.mem.used < idle + (1 << 20));
	for (unsigned i = 0; i < 10; i++)
		bench_beat(&b);
	(void)bench_listen(&b, 1);
	const struct said out = bench_listen(&b, 2);
	assert_in_range(out.ids, 1, b.p.ihave_ids_max);
	assert_true(out.frame_max <= 65536);
	gossip_stats(b.g, &s);
	assert_int_equal(s.pulls_now, 0);
	assert_true(b.t.mem.used < idle + 4096);
	bench_fini(&b);
}

static void
test_pending_is_bounded(void **state)
{
	struct bench b;
	struct gossip_message m;
	struct gossip_stats s;
	uint8_t raw[256];

	(void)state;
	test_env_init(&b.t, 5);
	b.p = gossip_params_default();
	b.p.pending_max = 8;
	b.g = gossip_new(&b.p, &b.t.env, &b.t.mem, 0);
	const struct peer_id id = bench_id(1);
	assert_int_equal(gossip_peer_up(b.g, 0, &id, true, true), OK);
	assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
	for (uint8_t i = 0; i < 8; i++)
		bench_tell_message(&b, 0, T, i, 5);
	assert_true(gossip_full(b.g));
	struct buf w = { raw, 0, sizeof(raw) };
	(void)rpc_message_put(&w, slice_str(T), slice_str("ninth"));
	struct slice in = buf_slice(&w);
	assert_int_equal(gossip_recv(b.g, 0, 0, &in), OK);
	assert_int_equal(in.n, w.n); /* nothing taken: back-pressure */
	assert_true(gossip_next(b.g, &m));
	gossip_verdict(b.g, m.handle, GOSSIP_IGNORE, 0);
	assert_int_equal(gossip_recv(b.g, 0, 0, &in), OK);
	assert_int_equal(in.n, 0);

	/* Ten in one frame find room for one; the rest may come again. */
	assert_true(gossip_next(b.g, &m));
	gossip_verdict(b.g, m.handle, GOSSIP_IGNORE, 0);
	uint8_t body[200];
	struct buf f = { body, 0, sizeof(body) };
	rpc_frame_put(&f, 100);
	for (uint8_t i = 0; i < 10; i++) {
		const uint8_t one[] = { 0x12, 8, 0x12, 1, (uint8_t)(100 + i),
			0x22, 3, 'a', 'b', 'c' };
		assert_int_equal(buf_put(&f, one, sizeof(one)), OK);
	}
	assert_int_equal(gossip_subscribe(b.g, "abc", 0), OK);
	bench_tell(&b, 0, &f);
	gossip_stats(b.g, &s);
	assert_int_equal(s.dropped_pending, 9);
	while (gossip_next(b.g, &m))
		gossip_verdict(b.g, m.handle, GOSSIP_IGNORE, 0);
	unsigned again = 0;
	struct slice rest = buf_slice(&f);
	assert_int_equal(gossip_recv(b.g, 0, 0, &rest), OK);
	while (gossip_next(b.g, &m)) {
		again++;
		gossip_verdict(b.g, m.handle, GOSSIP_IGNORE, 0);
	}
	assert_int_equal(again, 8);
	bench_fini(&b);
}

static void
test_malformed(void **state)
{
	static const struct {
		const char *name;
		uint8_t n, bytes[14];
		err want;
	} cases[] = {
		{ "empty RPC", 1, { 0 }, OK },
		{ "unknown fields", 9, { 8, 0x52, 2, 1, 2, 0x58, 7, 0x5a, 0 },
		    OK },
		{ "group", 2, { 1, 0x53 }, ERR_PEER },
		{ "field 0", 3, { 2, 0x02, 0 }, OK },
		{ "cut field", 3, { 2, 0x12, 9 }, ERR_PEER },
		{ "wrong wire type", 3, { 2, 0x10, 0 }, ERR_PEER },
		{ "length not minimal", 2, { 0x80, 0 }, ERR_PEER },
		{ "over the limit", 4, { 0x81, 0x80, 0x80, 1 }, ERR_LIMIT },
		{ "eleven byte varint", 13,
		    { 12, 0x50, 255, 255, 255, 255, 255, 255, 255, 255, 255,
			255, 1 },
		    ERR_PEER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (unsigned bytewise = 0; bytewise < 2; bytewise++) {
			struct bench b;
			struct gossip_stats s;
			err e = OK;
			bench_init(&b, 1);
			for (size_t at = 0; at < cases[i].n && e == OK;) {
				struct slice in = slice_of(cases[i].bytes + at,
				    bytewise ? 1 : cases[i].n - at);
				const size_t n = in.n;
				e = gossip_recv(b.g, 0, 0, &in);
				at += n - in.n;
			}
			if (e != cases[i].want)
				fail_msg("%s: %s", cases[i].name, err_name(e));
			gossip_stats(b.g, &s);
			assert_int_equal(s.protocol_errors, e != OK);
			bench_fini(&b);
		}
}

static void
test_table(void **state)
{
	static uint64_t model[512];
	struct test_env t;
	struct gossip_table table;
	uint32_t alive = 0;

	(void)state;
	test_env_init(&t, 3);
	table_init(&table, &t.mem, 400);
	memset(model, 0, sizeof(model));
	for (unsigned i = 0; i < 40000; i++) {
		/* Few distinct homes, so that runs and gaps are long. */
		const uint64_t k = test_below(&t, 512);
		const uint64_t key = k << 3 | (k >> 7 & 1);
		const uint64_t *v = table_get(&table, key);
		const uint64_t at = key == 0 ? 1 : key;
		uint64_t *m = &model[k];
		if (key <= 1 || at == 0)
			continue;
		assert_int_equal(v != NULL, *m != 0);
		if (v != NULL)
			assert_int_equal(*v, *m);
		if (test_below(&t, 3) > 0) {
			const err e = table_put(&table, key, i + 1);
			assert_int_equal(
			    e, *m == 0 && alive == 400 ? ERR_LIMIT : OK);
			alive += e == OK && *m == 0;
			if (e == OK)
				*m = i + 1;
		} else {
			assert_int_equal(table_del(&table, key), *m != 0);
			alive -= *m != 0;
			*m = 0;
		}
		assert_int_equal(table.n, alive);
	}
	table_fini(&table);
	test_env_check(&t);
}

/* What a connected peer costs as long as it is quiet. */
static void
test_idle_peer_bytes(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, 0);
	assert_int_equal(gossip_subscribe(b.g, T, 0), OK);
	const size_t before = b.t.mem.used;
	for (uint32_t i = 0; i < 100; i++) {
		const struct peer_id id = bench_id(i);
		assert_int_equal(gossip_peer_up(b.g, i, &id, true, true), OK);
		bench_tell_subscribe(&b, i, T, true);
		(void)bench_listen(&b, i);
	}
	for (unsigned k = 0; k < 20; k++) {
		bench_beat(&b);
		for (uint32_t i = 0; i < 100; i++)
			(void)bench_listen(&b, i);
	}
	const size_t each = (b.t.mem.used - before) / 100;
	print_message("router: %zu bytes per idle peer\n", each);
	assert_true(each < 1000);
	bench_fini(&b);
}

/* Who begins long RPCs and waits gets a part of the memory, not all of it. */
static void
test_cut_rpcs(void **state)
{
	static uint8_t half[600000];
	struct gossip_params gp = gossip_params_default();
	struct test_env t;
	struct buf head = { half, 0, sizeof(half) };
	uint32_t refused = 0;

	(void)state;
	test_env_init(&t, 4);
	t.mem.cap = 16 << 20;
	assert_int_equal(varint_put(&head, gp.rpc_bytes_max), OK);
	struct gossip *g = gossip_new(&gp, &t.env, &t.mem, t.now_ms);
	assert_non_null(g);
	for (uint32_t i = 0; i < 40; i++) {
		const struct peer_id id = bench_id(i);
		struct slice in = slice_of(half, sizeof(half));
		assert_int_equal(gossip_peer_up(g, i, &id, false, true), OK);
		const err e = gossip_recv(g, i, t.now_ms, &in);
		assert_true(e == OK || e == ERR_LIMIT);
		refused += e == ERR_LIMIT;
	}
	assert_in_range(refused, 30, 39);
	assert_in_range(t.mem.used, 1 << 20, 5 << 20);

	/* A whole RPC needs none of it. */
	const uint8_t whole[] = { 2, 0x1a, 0 };
	struct slice in = slice_of(whole, sizeof(whole));
	const struct peer_id id = bench_id(99);
	assert_int_equal(gossip_peer_up(g, 99, &id, false, true), OK);
	assert_int_equal(gossip_recv(g, 99, t.now_ms, &in), OK);
	assert_int_equal(in.n, 0);
	gossip_free(g);
	test_env_check(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_no_sign),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_forged_first),
		cmocka_unit_test(test_prune_and_backoff),
		cmocka_unit_test(test_unsubscribe),
		cmocka_unit_test(test_mesh_bounds),
		cmocka_unit_test(test_idontwant),
		cmocka_unit_test(test_iwant),
		cmocka_unit_test(test_pull),
		cmocka_unit_test(test_fanout),
		cmocka_unit_test(test_slow_peer),
		cmocka_unit_test(test_seen_is_forgotten),
		cmocka_unit_test(test_pending_is_bounded),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_idle_peer_bytes),
		cmocka_unit_test(test_late_joiner),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_cut_rpcs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
