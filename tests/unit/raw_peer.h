/*
 * raw_peer.h: the other end of a conn, made of noise.h alone: it does an
 * honest handshake and then says whatever the test wants, frame by frame.
 */
#pragma once

#include "proto/libp2p/conn.h"
#include "proto/libp2p/noise.h"
#include "tests/unit/test_env.h"

struct raw_peer {
	bool dialer;
	bool no_muxers;       /* does not name muxers within Noise */
	struct slice payload; /* of its handshake message; empty: an honest
				 one by ${secret} */
	uint8_t secret[ED25519_SECRET];
	struct peer_id id;
	struct noise_handshake hs;
	struct noise_cipher send, recv;
	uint8_t from[1 << 18]; /* bytes that the conn has sent, unread */
	size_t from_n;
	uint8_t plain[1 << 18]; /* what was decrypted of it */
	size_t plain_n;
};

/** raw_peer_init(p, t, dialer, secret): fresh Noise keys from ${t}. */
void raw_peer_init(struct raw_peer *p, struct test_env *t, bool dialer,
    const uint8_t secret[ED25519_SECRET]);

/**
 * raw_peer_handshake(p, c, t): all the way to CONN_SECURED, which is taken;
 * the muxer is agreed on within Noise, unless ${no_muxers} is set before.
 * Aborts when anything goes wrong.
 */
void raw_peer_handshake(struct raw_peer *p, struct conn *c, struct test_env *t);

/** raw_peer_pull(p, c, t): take what the conn sends into ${from}. */
void raw_peer_pull(struct raw_peer *p, struct conn *c, struct test_env *t);

/** raw_peer_open(p): decrypt whole frames of ${from} into ${plain}. */
void raw_peer_open(struct raw_peer *p);

/** raw_peer_say(p, c, t, plain): one Noise frame; what conn_recv() says. */
NODISCARD err raw_peer_say(
    struct raw_peer *p, struct conn *c, struct test_env *t, struct slice plain);

/** raw_peer_give(c, t, bytes): unencrypted bytes; what conn_recv() says. */
NODISCARD err raw_peer_give(
    struct conn *c, struct test_env *t, struct slice bytes);
