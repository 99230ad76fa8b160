/*
 * ping.h: /ipfs/ping/1.0.0: 32 bytes that come back. One side opens a stream
 * and sends them, the other echoes what it reads, as often as asked.
 *
 * Spec: github.com/libp2p/specs, ping.
 */
#pragma once

#include "proto/base/env.h"

#define PING_PROTOCOL   "/ipfs/ping/1.0.0"
#define PING_BYTES      32
#define PING_TIMEOUT_MS 10000

/* A ping of ours that is under way. */
struct ping {
	uint8_t bytes[PING_BYTES];
	uint32_t got; /* echoed so far */
	uint64_t sent_ms;
};

/** ping_start(p, env, now_ms): draw the bytes; send p->bytes then. */
void ping_start(struct ping *p, const struct env *env, uint64_t now_ms);

/**
 * ping_recv(p, now_ms, in, rtt_ms):
 * Take echoed bytes off ${in}. OK: all came back, ${rtt_ms} is set;
 * ERR_MORE: not yet; ERR_PEER: other bytes than we sent.
 */
NODISCARD err ping_recv(
    struct ping *p, uint64_t now_ms, struct slice *in, uint32_t *rtt_ms);
