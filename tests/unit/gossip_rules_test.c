/* Rules between routers: exchange, lost words, eager and lazy members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/varint.h"
#include "tests/unit/gossip_bench.h"

#define POINT GOSSIP_POINT

static void
mesh_init(struct bench *b, unsigned n)
{
	bench_init(b, n);
	for (uint32_t i = 0; i < n; i++)
		bench_tell_subscribe(b, i, T, true);
	assert_int_equal(gossip_subscribe(b->g, T, b->t.now_ms), OK);
	for (uint32_t i = 0; i < n; i++) {
		bench_tell_graft(b, i, T);
		(void)bench_listen(b, i);
	}
}

static void
applied(struct bench *b, uint32_t peer, int32_t points)
{
	const struct peer_id id = bench_id(peer);

	assert_int_equal(
	    gossip_application_score(b->g, &id, points * POINT), OK);
}

static void
accept_next(struct bench *b)
{
	struct gossip_message m;

	assert_true(gossip_next(b->g, &m));
	gossip_verdict(b->g, m.handle, GOSSIP_ACCEPT, b->t.now_ms);
}

/* ---- peer exchange ---- */

struct records {
	size_t bytes; /* of each; 0: there are none */
	unsigned asked;
	uint8_t raw[5000];
};

static struct slice
record_of(void *ctx, const struct peer_id *id)
{
	struct records *r = ctx;

	r->asked++;
	memcpy(r->raw, id->bytes + 34, 4);
	return slice_of(r->raw, r->bytes);
}

/* How many peers came with the PRUNE; what they are is checked. */
static unsigned
exchanged(struct bench *b, uint32_t to)
{
	static uint8_t bytes[1 << 16];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct rpc_field f, in;
	unsigned n = 0;

	assert_false(gossip_send(b->g, to, &out));
	struct slice s = buf_slice(&out);
	while (s.n > 0) {
		uint64_t len = 0;
		size_t head = 0;
		assert_int_equal(varint_get(s, &len, &head), OK);
		slice_skip(&s, head);
		struct slice frame = slice_of(s.p, (size_t)len);
		slice_skip(&s, (size_t)len);
		assert_int_equal(rpc_field_next(&frame, &f), OK);
		if (f.number != RPC_CONTROL)
			continue;
		struct slice control = f.bytes;
		while (rpc_field_next(&control, &f) == OK)
			while (f.number == CONTROL_PRUNE &&
			       rpc_field_next(&f.bytes, &in) == OK) {
				struct slice peer = in.bytes;
				struct rpc_field id, record;
				if (in.number != PRUNE_PEERS)
					continue;
				n++;
				assert_int_equal(
				    rpc_field_next(&peer, &id), OK);
				assert_int_equal(
				    rpc_field_next(&peer, &record), OK);
				assert_int_equal(id.bytes.n, 38);
				assert_memory_equal(
				    id.bytes.p + 34, record.bytes.p, 4);
				assert_int_not_equal(
				    get_u32be(record.bytes.p), to);
			}
	}
	return n;
}

static void
test_exchange_out(void **state)
{
	static const struct {
		const char *name;
		size_t bytes;
		int32_t score; /* of the one who is refused */
		unsigned bad;  /* others with a score below 0 */
		unsigned want;
	} cases[] = {
		{ "all that may", 300, 0, 0, 16 },
		{ "no records", 0, 0, 0, 0 },
		{ "records too long", 4097, 0, 0, 0 },
		{ "few fit", 4000, 0, 0, 3 },
		{ "at fault itself", 300, -1, 0, 0 },
		{ "others are bad", 300, 0, 16, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct records r = { .bytes = cases[i].bytes };
		struct bench b;
		mesh_init(&b, 20);
		const struct peer_id id = bench_id(99);
		gossip_exchange_set(b.g, record_of, &r);
		applied(&b, 99, cases[i].score);
		for (uint32_t p = 0; p < cases[i].bad; p++)
			applied(&b, p, -1);
		assert_int_equal(gossip_peer_up(b.g, 99, &id, false, true), OK);
		(void)bench_listen(&b, 99);
		bench_tell_graft(&b, 99, T);
		const unsigned n = exchanged(&b, 99);
		if (n < cases[i].want || n > cases[i].want + 1)
			fail_msg("%s: %u", cases[i].name, n);
		/* In back-off it is at fault: nobody. */
		bench_tell_graft(&b, 99, T);
		assert_int_equal(exchanged(&b, 99), 0);
		bench_fini(&b);
	}
}

/* A visitor gets no place, though there is room, and no messages; it is told
 * of others unless nobody may be named to it. */
static void
test_visitors(void **state)
{
	(void)state;
	for (unsigned names = 0; names < 2; names++)
		for (unsigned late = 0; late < 2; late++) {
			struct records r = { .bytes = 300 };
			struct gossip_topic topic;
			struct bench b;
			mesh_init(&b, 4);
			const struct peer_id id = bench_id(99);
			gossip_exchange_set(b.g, record_of, &r);
			assert_int_equal(
			    gossip_peer_up(b.g, 99, &id, false, true), OK);
			if (!late)
				gossip_visitor(b.g, 99, names == 1);
			bench_tell_subscribe(&b, 99, T, true);
			(void)bench_listen(&b, 99);
			bench_tell_graft(&b, 99, T);
			assert_true(gossip_topic(b.g, T, &topic));
			assert_int_equal(topic.mesh, 4 + late);
			if (late)
				gossip_visitor(b.g, 99, names == 1);
			assert_int_equal(exchanged(&b, 99), names == 1 ? 4 : 0);
			assert_true(gossip_topic(b.g, T, &topic));
			assert_int_equal(topic.mesh, 4);
			bench_fini(&b);
		}
}

static void
tell_peers(struct bench *b, uint32_t from, unsigned n, size_t bytes)
{
	static uint8_t peers[200000], raw[200300];
	static const uint8_t record[5000] = { 1 };
	struct buf p = { peers, 0, sizeof(peers) };
	struct buf w = { raw, 0, sizeof(raw) };

	for (unsigned i = 0; i < n; i++) {
		uint8_t id[38] = { 0, 36, 8, 1, 18, 32 };
		put_u32be(id + 34, i);
		rpc_peer_put(
		    &p, slice_of(id, sizeof(id)), slice_of(record, bytes));
	}
	rpc_prune_put(&w, slice_str(T), 60, buf_slice(&p));
	bench_tell(b, from, &w);
}

static void
test_exchange_in(void **state)
{
	struct gossip_exchange x;
	struct gossip_stats s;
	struct bench b;
	unsigned n = 0;

	(void)state;
	mesh_init(&b, 6);
	tell_peers(&b, 0, 3, 200); /* who is not trusted is not believed */
	assert_false(gossip_next_exchange(b.g, &x));
	applied(&b, 1, 1000);
	tell_peers(&b, 1, 3, 200);
	while (gossip_next_exchange(b.g, &x)) {
		const struct peer_id from = bench_id(1);
		assert_true(peer_id_eq(&x.from, &from));
		assert_int_equal(get_u32be(x.id.bytes + 34), n++);
		assert_int_equal(x.record.n, 200);
	}
	assert_int_equal(n, 3);
	/* No record, or one too long, is of no use. */
	tell_peers(&b, 1, 3, 0);
	tell_peers(&b, 1, 3, 4097);
	assert_false(gossip_next_exchange(b.g, &x));
	/* Sixteen of a PRUNE, and so many in all. */
	tell_peers(&b, 1, 40, 4096);
	gossip_stats(b.g, &s);
	assert_int_equal(s.exchange_in, 3 + 16);
	const size_t before = b.t.mem.used;
	for (unsigned i = 0; i < 1000; i++)
		tell_peers(&b, 1, 16, 4096);
	gossip_stats(b.g, &s);
	assert_int_equal(s.exchange_in, 3 + b.p.exchange_max);
	assert_true(b.t.mem.used - before < b.p.exchange_max * 5000);
	for (n = 0; gossip_next_exchange(b.g, &x); n++)
		;
	assert_int_equal(n, b.p.exchange_max);
	bench_fini(&b);
}

/* What a peer may impose on us ends, whatever number it says. */
static void
test_backoff_arithmetic(void **state)
{
	static const struct {
		uint64_t said_s, want_s;
	} cases[] = {
		{ 0, 60 },
		{ 1, 1 },
		{ 3600, 3600 },
		{ 3601, 3600 },
		{ UINT64_MAX, 3600 },
		{ UINT64_MAX / 1000, 3600 },
		{ UINT64_MAX / 1000 + 1, 3600 },
		{ (uint64_t)1 << 63, 3600 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gossip_peer_explain x;
		struct bench b;
		mesh_init(&b, 1);
		bench_tell_prune(&b, 0, T, cases[i].said_s);
		assert_true(gossip_peer_explain(b.g, 0, b.t.now_ms, &x));
		assert_int_equal(x.topics[0].standing, GOSSIP_BACKOFF);
		assert_int_equal(x.topics[0].backoff_until_ms,
		    b.t.now_ms + cases[i].want_s * 1000);
		bench_fini(&b);
	}
}

/* ---- lost words ---- */

/* With its control queue full a peer hears of our leaving later. */
static void
test_unsubscribe_is_said_again(void **state)
{
	const struct peer_id id = bench_id(0);
	struct gossip_stats s;
	struct said out;
	struct bench b;

	(void)state;
	mesh_init(&b, 2);
	/* PRUNEs and, in what room they leave, questions fill its queue. */
	assert_int_equal(gossip_direct_add(b.g, &id), OK);
	for (unsigned i = 0; i < 4000; i++)
		bench_tell_graft(&b, 0, T);
	for (uint32_t i = 0; i < 10; i++) {
		uint8_t ask[32] = { 5 };
		put_u32be(ask + 4, i);
		bench_tell_ids(&b, 0, CONTROL_IHAVE, ask, 1);
		b.t.now_ms += b.p.lazy.pull_ms;
		gossip_on_time(b.g, b.t.now_ms);
	}
	(void)bench_listen(&b, 1);
	gossip_stats(b.g, &s);
	assert_true(s.dropped_queue > 0);
	gossip_unsubscribe(b.g, T, b.t.now_ms);
	assert_int_equal(bench_listen(&b, 1).unsubs, 1);
	out = bench_listen(&b, 0);
	assert_int_equal(out.unsubs, 0);
	b.t.now_ms += b.p.heartbeat_ms;
	gossip_on_time(b.g, b.t.now_ms);
	out = bench_listen(&b, 0);
	assert_int_equal(out.unsubs, 1);
	assert_int_equal(bench_listen(&b, 1).unsubs, 0);
	bench_beat(&b);
	bench_beat(&b);
	assert_int_equal(bench_listen(&b, 0).unsubs, 0);
	/* Coming back before that is said is said as well. */
	assert_int_equal(gossip_subscribe(b.g, T, b.t.now_ms), OK);
	assert_int_equal(bench_listen(&b, 0).subs, 1);
	bench_fini(&b);
}

/* A member with a full queue hears at the next heartbeat what it missed. */
static void
test_full_queue_is_told_later(void **state)
{
	static uint8_t data[30000];
	struct bench b;
	uint32_t to = 0, least = 2;

	(void)state;
	mesh_init(&b, 2);
	for (uint32_t i = 0; i < 12; i++) {
		put_u32be(data, i);
		assert_int_equal(
		    gossip_publish(b.g, T, slice_of(data, sizeof(data)), false,
			b.t.now_ms, &to),
		    OK);
		least = MIN(least, to);
		(void)bench_listen(&b, 1);
	}
	assert_int_equal(least, 1); /* accepted, if not by all */
	assert_true(bench_listen(&b, 0).messages < 12);
	bench_beat(&b);
	const struct said out = bench_listen(&b, 0);
	assert_int_equal(out.ihave, 1);
	assert_int_equal(out.ids, 12);
	bench_fini(&b);
}

static void
test_publish_outcomes(void **state)
{
	static uint8_t data[70000];
	const struct peer_id id = bench_id(0);
	struct bench b;
	uint32_t to = 9;

	(void)state;
	bench_init(&b, 0);
	assert_int_equal(
	    gossip_publish(b.g, "", slice_str("x"), false, 0, &to), ERR_FORM);
	assert_int_equal(
	    gossip_publish(b.g, T, slice_of(data, 65537), false, 0, &to),
	    ERR_LIMIT);
	/* Queued: nobody is there, and who comes is told. */
	assert_int_equal(
	    gossip_publish(b.g, T, slice_str("early"), false, 0, &to), OK);
	assert_int_equal(to, 0);
	assert_int_equal(gossip_peer_up(b.g, 0, &id, true, true), OK);
	bench_tell_subscribe(&b, 0, T, true);
	bench_beat(&b);
	assert_int_equal(bench_listen(&b, 0).ids, 1);
	/* Accepted. */
	assert_int_equal(
	    gossip_publish(b.g, T, slice_str("now"), false, 0, &to), OK);
	assert_int_equal(to, 1);
	assert_int_equal(
	    gossip_publish(b.g, T, slice_str("now"), false, 0, &to),
	    ERR_EXISTS);
	/* Would block; and later not. */
	err e = OK;
	for (uint32_t i = 0; e == OK; i++) {
		put_u32be(data, i);
		e = gossip_publish(
		    b.g, T, slice_of(data, 20000), false, 0, &to);
	}
	assert_int_equal(e, ERR_MORE);
	assert_int_equal(to, 0);
	(void)bench_listen(&b, 0);
	assert_int_equal(
	    gossip_publish(b.g, T, slice_of(data, 20000), false, 0, &to), OK);
	bench_fini(&b);
}

/* ---- eager and lazy members ---- */

static bool
is_eager(struct bench *b, uint32_t peer)
{
	struct gossip_peer_explain x;

	assert_true(gossip_peer_explain(b->g, peer, b->t.now_ms, &x));
	assert_int_equal(x.topics[0].standing, GOSSIP_MEMBER);
	return x.topics[0].eager;
}

/* Peer 1 has each message before ours comes: in the end it gets ids. */
static void
test_lazy(void **state)
{
	uint8_t id[32];
	struct bench b;
	struct said out;
	uint8_t n = 0;

	(void)state;
	mesh_init(&b, 6); /* 0, 1, 4, 5 speak 1.2 */
	for (; is_eager(&b, 1); n++) {
		bench_tell_message(&b, 0, T, n, 300);
		accept_next(&b);
		assert_int_equal(bench_listen(&b, 1).messages, 1);
		bench_message_id(id, n, 300);
		bench_tell_ids(&b, 1, CONTROL_IDONTWANT, id, 1);
		assert_int_equal(bench_listen(&b, 4).messages, 1);
		assert_true(n < 10);
	}
	/* Now it is told; the others still get all. */
	bench_beat(&b);
	for (uint32_t i = 0; i < 6; i++)
		(void)bench_listen(&b, i);
	bench_tell_message(&b, 0, T, n, 300);
	accept_next(&b);
	out = bench_listen(&b, 1);
	assert_int_equal(out.messages, 0);
	assert_int_equal(out.ihave, 1);
	assert_int_equal(out.ids, 1 + out.idontwant);
	assert_int_equal(bench_listen(&b, 4).messages, 1);
	/* Small ones go to everybody. */
	bench_tell_message(&b, 0, T, 100, 255);
	accept_next(&b);
	assert_int_equal(bench_listen(&b, 1).messages, 1);
	/* More come in one IHAVE, after a while. */
	for (uint8_t k = 0; k < 5; k++) {
		bench_tell_message(&b, 0, T, (uint8_t)(50 + k), 300);
		accept_next(&b);
	}
	assert_int_equal(bench_listen(&b, 1).ihave, 0);
	b.t.now_ms += b.p.lazy.announce_ms;
	gossip_on_time(b.g, b.t.now_ms);
	out = bench_listen(&b, 1);
	assert_int_equal(out.ihave, 1);
	assert_int_equal(out.ids, 5);
	/* It asks: the body, and all bodies from now on. */
	bench_message_id(id, 50, 300);
	bench_tell_ids(&b, 1, CONTROL_IWANT, id, 1);
	assert_int_equal(bench_listen(&b, 1).messages, 1);
	assert_true(is_eager(&b, 1));
	bench_tell_message(&b, 0, T, 60, 300);
	accept_next(&b);
	assert_int_equal(bench_listen(&b, 1).messages, 1);
	/* Ours go to all members, lazy or not. */
	bench_fini(&b);
}

/* 1.1 has no IDONTWANT: the same body from it says as much. */
static void
test_lazy_11(void **state)
{
	struct bench b;
	uint32_t to = 0;
	uint8_t n = 0;

	(void)state;
	mesh_init(&b, 4);
	for (; is_eager(&b, 2); n++) {
		bench_tell_message(&b, 0, T, n, 300);
		accept_next(&b);
		(void)bench_listen(&b, 2);
		bench_tell_message(&b, 2, T, n, 300);
		assert_true(n < 10);
	}
	assert_int_equal(
	    gossip_publish(b.g, T, slice_str("mine"), false, b.t.now_ms, &to),
	    OK);
	assert_int_equal(to, 4);
	assert_int_equal(bench_listen(&b, 2).messages, 1);
	bench_fini(&b);
}

/* At most eight at once per heartbeat: others take ten of all kinds. */
static void
test_announcements_are_paced(void **state)
{
	struct bench b;
	unsigned ihave = 0, ids = 0;
	uint8_t n = 0;

	(void)state;
	mesh_init(&b, 2);
	for (; is_eager(&b, 1); n++) {
		uint8_t id[32];
		bench_tell_message(&b, 0, T, n, 300);
		accept_next(&b);
		(void)bench_listen(&b, 1);
		bench_message_id(id, n, 300);
		bench_tell_ids(&b, 1, CONTROL_IDONTWANT, id, 1);
	}
	bench_beat(&b);
	(void)bench_listen(&b, 1);
	const uint64_t end = gossip_expiry(b.g);
	for (unsigned k = 0; k < 99; k++) {
		bench_tell_message(&b, 0, T, (uint8_t)(100 + k), 300);
		accept_next(&b);
		b.t.now_ms = MIN(end - 1, b.t.now_ms + 10);
		gossip_on_time(b.g, b.t.now_ms);
		const struct said out = bench_listen(&b, 1);
		ihave += out.ihave;
		ids += out.ids - out.idontwant;
		assert_int_equal(out.messages, 0);
	}
	assert_in_range(ihave, 5, 8);
	bench_beat(&b);
	b.t.now_ms += b.p.lazy.announce_ms;
	gossip_on_time(b.g, b.t.now_ms);
	const struct said out = bench_listen(&b, 1);
	assert_int_equal(ids + out.ids, 99); /* none is lost */
	bench_fini(&b);
}

/* What waits in a peer's queue leaves it when the peer says so. */
static void
test_idontwant_frees_the_queue(void **state)
{
	struct gossip_peer_explain x;
	struct gossip_stats s;
	struct bench b;
	uint8_t id[32];

	(void)state;
	mesh_init(&b, 6);
	for (uint8_t n = 0; n < 3; n++) {
		bench_tell_message(&b, 0, T, n, 10000);
		accept_next(&b);
	}
	/* A part of the first is on its way. */
	uint8_t part[600];
	struct buf out = { part, 0, sizeof(part) };
	assert_true(gossip_send(b.g, 1, &out));
	assert_true(gossip_peer_explain(b.g, 1, b.t.now_ms, &x));
	const size_t before = x.queued_bytes;
	for (uint8_t n = 0; n < 2; n++) {
		bench_message_id(id, n, 10000);
		bench_tell_ids(&b, 1, CONTROL_IDONTWANT, id, 1);
	}
	assert_true(gossip_peer_explain(b.g, 1, b.t.now_ms, &x));
	assert_in_range(before - x.queued_bytes, 10000, 10100);
	gossip_stats(b.g, &s);
	assert_int_equal(s.idontwant_saved, 1);
	bench_fini(&b);
}

/* A publisher's choice, but nothing for those of a very bad score. */
static void
test_flood(void **state)
{
	struct bench b;
	uint32_t to = 0;

	(void)state;
	mesh_init(&b, 30);
	assert_int_equal(gossip_publish(b.g, T, slice_str("to the mesh"), false,
			     b.t.now_ms, &to),
	    OK);
	assert_in_range(to, b.p.d_hi, 2 * b.p.d_hi);
	assert_int_equal(
	    gossip_publish(b.g, T, slice_str("to all"), true, b.t.now_ms, &to),
	    OK);
	assert_int_equal(to, 30);
	for (uint32_t i = 0; i < 7; i++)
		applied(&b, i, i < 3 ? -1001 : -1000);
	bench_beat(&b);
	assert_int_equal(
	    gossip_publish(b.g, T, slice_str("to most"), true, b.t.now_ms, &to),
	    OK);
	assert_int_equal(to, 27);
	bench_fini(&b);
}

/* ---- why ---- */

static void
test_explain(void **state)
{
	struct gossip_topic_explain t;
	struct gossip_peer_explain x;
	struct bench b;
	struct peer_id id = bench_id(3);

	(void)state;
	bench_init(&b, 6);
	assert_false(gossip_peer_explain(b.g, 9, b.t.now_ms, &x));
	assert_false(gossip_topic_explain(b.g, T, b.t.now_ms, &t));
	for (uint32_t i = 0; i < 5; i++)
		bench_tell_subscribe(&b, i, T, true);
	assert_true(gossip_topic_explain(b.g, T, b.t.now_ms, &t));
	assert_false(t.subscribed);
	assert_int_equal(t.standing[GOSSIP_NOT_OURS], 5);
	assert_int_equal(gossip_direct_add(b.g, &id), OK);
	applied(&b, 2, -1);
	assert_int_equal(gossip_subscribe(b.g, T, b.t.now_ms), OK);
	bench_tell_prune(&b, 1, T, 60);
	static const enum gossip_standing want[] = { GOSSIP_MEMBER,
		GOSSIP_BACKOFF, GOSSIP_POOR_SCORE, GOSSIP_EXPLICIT,
		GOSSIP_MEMBER, GOSSIP_NOT_WANTED };
	for (uint32_t i = 0; i < 6; i++) {
		assert_true(gossip_peer_explain(b.g, i, b.t.now_ms, &x));
		assert_int_equal(x.topics_n, 1);
		assert_int_equal(x.topics[0].standing, want[i]);
		assert_true(strlen(gossip_standing_text(want[i])) > 5);
		assert_int_equal(
		    x.topics[0].member_since_ms != 0, want[i] == GOSSIP_MEMBER);
		assert_true(peer_id_eq(&x.id, &(struct peer_id){ 0 }) == 0);
	}
	assert_true(gossip_topic_explain(b.g, T, b.t.now_ms, &t));
	assert_true(t.subscribed);
	assert_int_equal(t.peers, 5);
	assert_int_equal(t.mesh, 2);
	assert_int_equal(t.eager, 2);
	assert_int_equal(t.outbound, 2);
	assert_int_equal(t.missing, b.p.d_lo - 2);
	assert_int_equal(t.missing_outbound, b.p.d_out - 2);
	assert_int_equal(t.missing_peers, b.p.d - 3);
	assert_true(t.poor);
	unsigned all = 0;
	for (size_t i = 0; i < ARRAY_LEN(t.standing); i++)
		all += t.standing[i];
	assert_int_equal(all, t.peers);
	/* One that is not chosen, and one that need not be. */
	id = bench_id(50);
	assert_int_equal(gossip_peer_up(b.g, 50, &id, true, true), OK);
	bench_tell_subscribe(&b, 50, T, true);
	assert_true(gossip_peer_explain(b.g, 50, b.t.now_ms, &x));
	assert_int_equal(x.topics[0].standing, GOSSIP_NOT_CHOSEN);
	bench_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange_out),
		cmocka_unit_test(test_exchange_in),
		cmocka_unit_test(test_visitors),
		cmocka_unit_test(test_backoff_arithmetic),
		cmocka_unit_test(test_unsubscribe_is_said_again),
		cmocka_unit_test(test_full_queue_is_told_later),
		cmocka_unit_test(test_publish_outcomes),
		cmocka_unit_test(test_lazy),
		cmocka_unit_test(test_lazy_11),
		cmocka_unit_test(test_announcements_are_paced),
		cmocka_unit_test(test_idontwant_frees_the_queue),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_explain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
