/*
 * keys.h: the public keys that name libp2p peers, as PublicKey protobufs,
 * and their signatures. We sign with Ed25519 alone; others are verified with
 * OpenSSL's libcrypto, which takes its memory from the heap: what it takes is
 * bounded by the sizes accepted here and given back before the return.
 *
 * Spec: github.com/libp2p/specs, peer-ids, "Keys".
 */
#pragma once

#include "proto/base/base.h"

#define PEER_KEY_MAX  2048 /* bytes of a key protobuf; RSA 8192 is 1066 */
#define PEER_KEY_ROOM 4096 /* scratch for peer_key_parse() */

enum peer_key_type {
	PEER_KEY_RSA = 0,
	PEER_KEY_ED25519 = 1,
	PEER_KEY_SECP256K1 = 2,
	PEER_KEY_ECDSA = 3,
};

struct peer_key {
	enum peer_key_type type;
	struct slice data; /* lies in the room given */
};

/**
 * peer_key_parse(key, room, out):
 * Take a PublicKey protobuf apart. ERR_PEER: malformed, too long, not in the
 * one deterministic form (two fields in order, nothing else), or an Ed25519
 * key that is not 32 bytes. An unknown type is no error here.
 */
NODISCARD err peer_key_parse(
    struct slice key, uint8_t room[PEER_KEY_ROOM], struct peer_key *out);

/** peer_key_put_ed25519(out, pub): append the 36 bytes; ERR_MORE. */
#define PEER_KEY_ED25519_SIZE 36
NODISCARD err peer_key_put_ed25519(struct buf *out, const uint8_t pub[32]);

/**
 * peer_key_check(key, message, sig): OK; ERR_AUTH: wrong signature;
 * ERR_PEER: malformed key, RSA outside 2048..8192 bits, ECDSA not on P-256;
 * ERR_NOTFOUND: a type that we do not know.
 */
NODISCARD err peer_key_check(
    const struct peer_key *key, struct slice message, struct slice sig);
