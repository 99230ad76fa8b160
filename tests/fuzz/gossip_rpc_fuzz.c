/*
 * The router fed with whatever a peer may write. However the bytes are cut,
 * it counts the same, hands out the same messages and answers the same
 * bytes; it stays within a budget; and a frame that protobuf-c can read is
 * one that we can read.
 */
#include <stdlib.h>

#include <protobuf-c/protobuf-c.h>

#include "crypto/crypto.h"
#include "proto/base/varint.h"
#include "proto/libp2p/gossipsub.h"
#include "proto/libp2p/protobuf.h"
#include "tests/unit/test_env.h"

#define OUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const ProtobufCMessageDescriptor libp2p__rpc__descriptor;

struct outcome {
	err e;
	struct gossip_stats stats;
	uint8_t digest[SHA256_SIZE]; /* of messages, verdicts and output */
};

static void
mix(struct outcome *o, struct slice s)
{
	const struct crypto_part parts[] = { { o->digest, SHA256_SIZE },
		{ s.p, s.n } };

	hash_sha256(o->digest, parts, 2);
}

static struct gossip *
router(struct test_env *t)
{
	struct gossip_params p = gossip_params_default();
	const struct peer_id id = { .n = 1, .bytes = { 7 } };

	p.peers_max = 4;
	p.rpc_bytes_max = 1 << 16;
	struct gossip *g = gossip_new(&p, &t->env, &t->mem, t->now_ms);
	ASSERT(g != NULL);
	for (uint32_t i = 0; i < 3; i++)
		ASSERT(gossip_peer_up(g, i, &id, i > 0, i < 2) == OK);
	ASSERT(gossip_subscribe(g, "t", t->now_ms) == OK);
	ASSERT(gossip_subscribe(g, "topic", t->now_ms) == OK);
	return g;
}

static void
judge(struct gossip *g, struct outcome *o, uint64_t now_ms)
{
	struct gossip_message m;

	while (gossip_next(g, &m)) {
		mix(o, m.data);
		gossip_verdict(
		    g, m.handle, (enum gossip_verdict)(m.data.n % 4), now_ms);
	}
}

/* The verdicts come at the end, so that cuts cannot move them. */
static struct outcome
run(struct slice in, size_t cut)
{
	static uint8_t bytes[OUT_MAX];
	struct outcome o = { OK, { 0 }, { 0 } };
	struct test_env t;

	test_env_init(&t, 1);
	t.mem.cap = 8 << 20;
	struct gossip *g = router(&t);
	while (in.n > 0 && o.e == OK) {
		struct slice part = slice_of(in.p, MIN(in.n, cut));
		const size_t n = part.n;
		o.e = gossip_recv(g, 0, t.now_ms, &part);
		slice_skip(&in, n - part.n);
		if (o.e == OK && part.n > 0)
			judge(g, &o, t.now_ms);
	}
	judge(g, &o, t.now_ms);
	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 3; i++) {
			struct buf out = { bytes, 0, sizeof(bytes) };
			ASSERT(!gossip_send(g, i, &out));
			mix(&o, buf_slice(&out));
		}
		t.now_ms = gossip_expiry(g);
		gossip_on_time(g, t.now_ms);
	}
	gossip_stats(g, &o.stats);
	gossip_free(g);
	test_env_check(&t);
	return o;
}

/* Would protobuf-c read every frame of the stream? */
static bool
reference_accepts(struct slice in)
{
	struct test_env t;

	test_env_init(&t, 1);
	while (in.n > 0) {
		struct protobuf pb;
		ProtobufCMessage *m = NULL;
		uint64_t n = 0;
		size_t used = 0;
		if (varint_get(in, &n, &used) != OK || n > 1 << 16)
			return false;
		slice_skip(&in, used);
		if (n > in.n)
			return true; /* cut short: still to come */
		protobuf_init(&pb, &t.mem, 64 << 20);
		const err e = protobuf_get(&pb, &libp2p__rpc__descriptor,
		    slice_of(in.p, (size_t)n), &m);
		protobuf_fini(&pb);
		if (e != OK)
			return false;
		slice_skip(&in, (size_t)n);
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice in = slice_of(data, size);

	if (size == 0 || size > 1 << 17)
		return 0;
	const struct outcome whole = run(in, size);
	const struct outcome cut = run(in, 1 + data[size - 1] % 7);
	ASSERT(whole.e == cut.e);
	ASSERT(memcmp(&whole.stats, &cut.stats, sizeof(cut.stats)) == 0);
	ASSERT(memcmp(whole.digest, cut.digest, SHA256_SIZE) == 0);
	if (reference_accepts(in))
		ASSERT(whole.e == OK);
	return 0;
}
