/*
 * envelope.h: libp2p's signed envelopes: a payload, its type, the key that
 * signed it. The domain keeps a signature made for one purpose from counting
 * for another. We sign with Ed25519; all four kinds of keys are verified.
 *
 * The bytes are the deployed ones: the signature covers the domain, the type
 * and the payload, each with its length before it.
 * Spec: github.com/libp2p/specs, RFC 0002.
 */
#pragma once

#include "proto/libp2p/keys.h"
#include "proto/libp2p/peer_id.h"

#define ENVELOPE_MAX         4096 /* bytes of one that we look at */
#define ENVELOPE_PAYLOAD_MAX 2048 /* bytes of a payload that we sign */

/* An opened envelope: all of it lies in the room given. */
#define ENVELOPE_ROOM (3 * ENVELOPE_MAX)
struct envelope {
	struct peer_id signer;
	struct slice type, payload;
};

/**
 * signed_envelope_seal(out, secret, domain, type, payload):
 * Append an envelope signed by the Ed25519 ${secret} (ED25519_SECRET bytes).
 * ERR_MORE: no room; ERR_LIMIT: the payload is too long.
 */
NODISCARD err signed_envelope_seal(struct buf *out, const uint8_t *secret,
    const char *domain, struct slice type, struct slice payload);

/**
 * signed_envelope_open(in, domain, type, room, out):
 * Take apart and verify. ERR_PEER: malformed, or of another type; ERR_LIMIT:
 * over ENVELOPE_MAX; ERR_AUTH: wrong signature; ERR_NOTFOUND: a kind of key
 * that we do not know.
 */
NODISCARD err signed_envelope_open(struct slice in, const char *domain,
    struct slice type, uint8_t room[ENVELOPE_ROOM], struct envelope *out);
