/*
 * peer_id.h: who a libp2p peer is: the multihash of its public key.
 *
 * An Ed25519 key (and any key whose protobuf is at most 42 bytes) is inlined
 * by the identity hash; longer ones are SHA-256.
 * Spec: github.com/libp2p/specs, peer-ids.
 */
#pragma once

#include "proto/base/base.h"

#define PEER_ID_MAX      48 /* bytes of the longest multihash accepted */
#define PEER_ID_TEXT_MAX 80 /* characters of the text form, with zero */

struct peer_id {
	uint8_t n;
	uint8_t bytes[PEER_ID_MAX];
};

static inline struct slice
peer_id_slice(const struct peer_id *id)
{
	return (struct slice){ id->bytes, id->n };
}

static inline bool
peer_id_eq(const struct peer_id *a, const struct peer_id *b)
{
	return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

/** peer_id_of_ed25519(pub): the id of a raw Ed25519 public key. */
struct peer_id peer_id_of_ed25519(const uint8_t pub[32]);

/** peer_id_of_key(key, out): of a PublicKey protobuf; ERR_PEER malformed. */
NODISCARD err peer_id_of_key(struct slice key, struct peer_id *out);

/** peer_id_parse(bytes, out): from multihash bytes; ERR_FORM malformed. */
NODISCARD err peer_id_parse(struct slice bytes, struct peer_id *out);

/** peer_id_put(out, id): "12D3KooW...", always base58btc; zero-terminated. */
void peer_id_put(char out[PEER_ID_TEXT_MAX], const struct peer_id *id);

/** peer_id_get(text, out): base58btc or a CIDv1 in base32; ERR_FORM. */
NODISCARD err peer_id_get(struct slice text, struct peer_id *out);

/** peer_id_ed25519(id, pub): the key inside; false: another type, or hashed. */
bool peer_id_ed25519(const struct peer_id *id, uint8_t pub[32]);

/**
 * peer_key_verify(key, message, sig):
 * Check a signature by a PublicKey protobuf. OK; ERR_AUTH wrong; ERR_PEER
 * malformed key; ERR_NOTFOUND a key type that we do not know.
 */
NODISCARD err peer_key_verify(
    struct slice key, struct slice message, struct slice sig);
