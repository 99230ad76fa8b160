/*
 * noise.h: Noise_XX_25519_ChaChaPoly_SHA256 and what libp2p puts into it: a
 * handshake of three messages, of which the second and third carry the
 * identity key of their sender with its signature over the static Noise key.
 * Messages here are without the 2-byte length that frames them on the wire.
 *
 * Static and ephemeral keys are given by the caller and must be fresh. All
 * secrets are wiped as soon as they are spent, the rest by _wipe().
 *
 * Specs: noiseprotocol.org revision 34; github.com/libp2p/specs, noise.
 */
#pragma once

#include "crypto/crypto.h"
#include "proto/base/mem.h"
#include "proto/libp2p/peer_id.h"

#define NOISE_FRAME_HEAD    2     /* u16be: bytes of the message */
#define NOISE_MESSAGE_MAX   65535 /* bytes of any message */
#define NOISE_PLAIN_MAX     (NOISE_MESSAGE_MAX - AEAD_TAG)
#define NOISE_HANDSHAKE_MAX 8192 /* of a handshake message that we accept */

/* Bytes that the three messages add to their payload. */
#define NOISE_FIRST_OVERHEAD  X25519_SIZE
#define NOISE_SECOND_OVERHEAD (2 * X25519_SIZE + 2 * AEAD_TAG)
#define NOISE_THIRD_OVERHEAD  (X25519_SIZE + 2 * AEAD_TAG)

/* One direction after (and each key within) the handshake. */
struct noise_cipher {
	uint8_t key[AEAD_KEY];
	uint64_t n; /* next nonce; 2^64-1 is never used */
};

/**
 * noise_seal(c, out, in, n): ${out} holds n + AEAD_TAG bytes and may be
 * ${in}; n <= NOISE_PLAIN_MAX. ERR_LIMIT: the nonces are used up.
 */
NODISCARD err noise_seal(
    struct noise_cipher *c, uint8_t *out, const uint8_t *in, size_t n);

/**
 * noise_open(c, out, in, n): ${out} holds n - AEAD_TAG bytes and may be
 * ${in}. ERR_AUTH: too short or forged; ERR_LIMIT: nonces are used up.
 */
NODISCARD err noise_open(
    struct noise_cipher *c, uint8_t *out, const uint8_t *in, size_t n);

struct noise_handshake {
	bool initiator;
	uint8_t messages; /* done, of three */
	bool keyed;
	struct noise_cipher cipher;
	uint8_t ck[SHA256_SIZE];
	uint8_t h[SHA256_SIZE];
	uint8_t s_secret[X25519_SIZE], s[X25519_SIZE];
	uint8_t e_secret[X25519_SIZE], e[X25519_SIZE];
	uint8_t re[X25519_SIZE], rs[X25519_SIZE];
};

/**
 * noise_handshake_init(hs, initiator, prologue, s_secret, e_secret):
 * libp2p has an empty prologue. The two secrets are copied.
 */
void noise_handshake_init(struct noise_handshake *hs, bool initiator,
    struct slice prologue, const uint8_t s_secret[X25519_SIZE],
    const uint8_t e_secret[X25519_SIZE]);

/**
 * noise_handshake_write(hs, payload, out):
 * Append the next message; it must be our turn. ERR_MORE: no room, nothing
 * happened; ERR_AUTH: the peer's ephemeral key is of low order.
 */
NODISCARD err noise_handshake_write(
    struct noise_handshake *hs, struct slice payload, struct buf *out);

/**
 * noise_handshake_read(hs, message, payload):
 * Take the peer's next message; it must be its turn. Its payload is appended
 * to ${payload}. ERR_PEER: too short, or longer than there is room for;
 * ERR_AUTH: forged, or a key of low order. After an error only _wipe().
 */
NODISCARD err noise_handshake_read(
    struct noise_handshake *hs, struct slice message, struct buf *payload);

/** noise_handshake_done(hs): have all three messages passed? */
bool noise_handshake_done(const struct noise_handshake *hs);

/**
 * noise_handshake_split(hs, send, recv): the transport ciphers, from a
 * handshake that is done; wipes ${hs} except its hash hs->h and hs->rs.
 */
void noise_handshake_split(struct noise_handshake *hs,
    struct noise_cipher *send, struct noise_cipher *recv);

void noise_handshake_wipe(struct noise_handshake *hs);

/* What libp2p says in the payload. */
struct noise_identity {
	struct peer_id peer;
	bool muxers; /* it named stream muxers */
	bool yamux;  /* and /yamux/1.0.0 was one of them */
};

/**
 * noise_payload_put(out, secret, s):
 * Our payload: identity key, its signature over the static key ${s}, and
 * /yamux/1.0.0 as the stream muxer. ERR_MORE: no room; NOISE_PAYLOAD_MAX is
 * enough.
 */
#define NOISE_PAYLOAD_MAX 160
NODISCARD err noise_payload_put(struct buf *out,
    const uint8_t secret[ED25519_SECRET], const uint8_t s[X25519_SIZE]);

/*
 * A static key that is kept over many handshakes, and our payload for it:
 * saves a key and a signature each time. The static key travels sealed, and
 * beside the peer id, so that keeping it tells nobody more.
 */
struct noise_static {
	uint8_t s_secret[X25519_SIZE], s[X25519_SIZE];
	size_t payload_n;
	uint8_t payload[NOISE_PAYLOAD_MAX];
};

/** noise_static_init(out, secret, s_secret): crypto_wipe() it at the end. */
void noise_static_init(struct noise_static *out,
    const uint8_t secret[ED25519_SECRET], const uint8_t s_secret[X25519_SIZE]);

/** noise_handshake_init_with(): as noise_handshake_init(); all is copied. */
void noise_handshake_init_with(struct noise_handshake *hs, bool initiator,
    struct slice prologue, const struct noise_static *own,
    const uint8_t e_secret[X25519_SIZE]);

/**
 * noise_payload_check(payload, rs, mem, out):
 * Verify the peer's payload against its static key ${rs}. ERR_PEER:
 * malformed; ERR_AUTH: a wrong signature, or a key type we do not know;
 * ERR_LIMIT: over the budget of ${mem}, which is used during the call only.
 */
NODISCARD err noise_payload_check(struct slice payload,
    const uint8_t rs[X25519_SIZE], struct mem *mem, struct noise_identity *out);
