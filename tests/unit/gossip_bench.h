/*
 * gossip_bench.h: one router, and peers that are nothing but the bytes that a
 * test writes for them and reads of them.
 */
#pragma once

#include "proto/libp2p/gossip_rpc.h"
#include "proto/libp2p/gossipsub.h"
#include "tests/unit/test_env.h"

#define T "/ohcn/1/test/demand"

struct bench {
	struct test_env t;
	struct gossip *g;
	struct gossip_params p;
};

/* What the router wrote to a peer. */
struct said {
	unsigned subs, unsubs, messages, ihave, iwant, graft, prune, idontwant;
	unsigned ids; /* in ihave and iwant */
	size_t frame_max;
	uint64_t backoff;
	uint8_t first; /* of the last message's data */
};

struct peer_id bench_id(uint32_t i);
void bench_init(struct bench *b, unsigned peers);
void bench_fini(struct bench *b);
struct said bench_listen(struct bench *b, uint32_t peer);
void bench_tell(struct bench *b, uint32_t peer, const struct buf *frame);
void bench_tell_subscribe(
    struct bench *b, uint32_t peer, const char *topic, bool yes);
void bench_tell_graft(struct bench *b, uint32_t peer, const char *topic);
void bench_tell_prune(
    struct bench *b, uint32_t peer, const char *topic, uint64_t backoff_s);
void bench_tell_message(
    struct bench *b, uint32_t peer, const char *topic, uint8_t n, size_t size);
void bench_tell_ids(struct bench *b, uint32_t peer, uint32_t kind,
    const uint8_t *ids, size_t n);
void bench_message_id(uint8_t id[32], uint8_t n, size_t size);
/* To what comes next: a heartbeat, unless a question or news wait. */
void bench_beat(struct bench *b);
