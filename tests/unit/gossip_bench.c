#include "tests/unit/gossip_bench.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "proto/base/varint.h"

struct peer_id
bench_id(uint32_t i)
{
	struct peer_id id = { .n = 38 };

	put_u32be(id.bytes + 34, i);
	return id;
}

void
bench_init(struct bench *b, unsigned peers)
{
	b->p = gossip_params_default();
	test_env_init(&b->t, 99);
	b->g = gossip_new(&b->p, &b->t.env, &b->t.mem, b->t.now_ms);
	assert_non_null(b->g);
	for (uint32_t i = 0; i < peers; i++) {
		const struct peer_id id = bench_id(i);
		assert_int_equal(
		    gossip_peer_up(b->g, i, &id, i % 2 == 0, i % 4 < 2), OK);
	}
}

void
bench_fini(struct bench *b)
{
	gossip_free(b->g);
	test_env_check(&b->t);
}

static void
said_control(struct said *s, struct slice in)
{
	struct rpc_field f, inner;

	while (rpc_field_next(&in, &f) == OK) {
		struct slice body = f.bytes;
		s->ihave += f.number == CONTROL_IHAVE;
		s->iwant += f.number == CONTROL_IWANT;
		s->graft += f.number == CONTROL_GRAFT;
		s->prune += f.number == CONTROL_PRUNE;
		s->idontwant += f.number == CONTROL_IDONTWANT;
		while (rpc_field_next(&body, &inner) == OK) {
			if (f.number == CONTROL_PRUNE &&
			    inner.number == PRUNE_BACKOFF)
				s->backoff = inner.value;
			s->ids +=
			    inner.bytes.n == 32 && inner.bytes.p[0] != '/';
		}
	}
}

static void
said_rpc(struct said *s, struct slice in)
{
	struct rpc_field f, inner;

	while (rpc_field_next(&in, &f) == OK) {
		struct slice body = f.bytes;
		if (f.number == RPC_CONTROL)
			said_control(s, f.bytes);
		s->messages += f.number == RPC_PUBLISH;
		while (f.number != RPC_CONTROL &&
		       rpc_field_next(&body, &inner) == OK) {
			if (f.number == RPC_PUBLISH &&
			    inner.number == MESSAGE_DATA && inner.bytes.n > 0)
				s->first = inner.bytes.p[0];
			if (f.number == RPC_SUBSCRIPTION &&
			    inner.number == SUB_SUBSCRIBE) {
				s->subs += inner.value == 1;
				s->unsubs += inner.value == 0;
			}
		}
	}
}

/* Drain what the router has for a peer. */
struct said
bench_listen(struct bench *b, uint32_t peer)
{
	static uint8_t bytes[4 << 20];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct said s = { 0 };

	assert_false(gossip_send(b->g, peer, &out));
	struct slice in = buf_slice(&out);
	while (in.n > 0) {
		uint64_t n = 0;
		size_t used = 0;
		assert_int_equal(varint_get(in, &n, &used), OK);
		slice_skip(&in, used);
		assert_true(n <= in.n); /* whole frames alone */
		said_rpc(&s, slice_of(in.p, (size_t)n));
		s.frame_max = MAX(s.frame_max, (size_t)n + used);
		slice_skip(&in, (size_t)n);
	}
	return s;
}

void
bench_tell(struct bench *b, uint32_t peer, const struct buf *frame)
{
	struct slice in = buf_slice(frame);

	assert_int_equal(gossip_recv(b->g, peer, b->t.now_ms, &in), OK);
	assert_int_equal(in.n, 0);
}

void
bench_tell_subscribe(
    struct bench *b, uint32_t peer, const char *topic, bool yes)
{
	uint8_t raw[256];
	struct buf w = { raw, 0, sizeof(raw) };

	rpc_frame_put(&w, rpc_subscription_size(strlen(topic)));
	rpc_subscription_put(&w, yes, slice_str(topic));
	bench_tell(b, peer, &w);
}

void
bench_tell_graft(struct bench *b, uint32_t peer, const char *topic)
{
	uint8_t raw[RPC_GRAFT_MAX];
	struct buf w = { raw, 0, sizeof(raw) };

	rpc_graft_put(&w, slice_str(topic));
	bench_tell(b, peer, &w);
}

void
bench_tell_prune(
    struct bench *b, uint32_t peer, const char *topic, uint64_t backoff_s)
{
	uint8_t raw[RPC_GRAFT_MAX];
	struct buf w = { raw, 0, sizeof(raw) };

	rpc_prune_put(&w, slice_str(topic), backoff_s, slice_of(NULL, 0));
	bench_tell(b, peer, &w);
}

void
bench_tell_message(
    struct bench *b, uint32_t peer, const char *topic, uint8_t n, size_t size)
{
	static uint8_t raw[100000], data[90000];
	struct buf w = { raw, 0, sizeof(raw) };

	memset(data, n, size);
	(void)rpc_message_put(&w, slice_str(topic), slice_of(data, size));
	bench_tell(b, peer, &w);
}

void
bench_tell_ids(
    struct bench *b, uint32_t peer, uint32_t kind, const uint8_t *ids, size_t n)
{
	static uint8_t raw[1 << 20];
	struct buf w = { raw, 0, sizeof(raw) };
	const struct rpc_ids r = { kind, slice_str(T), ids, n };

	rpc_ids_put(&w, &r);
	bench_tell(b, peer, &w);
}

void
bench_message_id(uint8_t id[32], uint8_t n, size_t size)
{
	static uint8_t data[90000];
	const struct crypto_part part = { data, size };

	memset(data, n, size);
	hash_sha256(id, &part, 1);
}

void
bench_beat(struct bench *b)
{
	b->t.now_ms = MAX(b->t.now_ms, gossip_expiry(b->g));
	gossip_on_time(b->g, b->t.now_ms);
}
