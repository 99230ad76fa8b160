/*
 * sealing.h: a message sealed to an X25519 key, and what binds a row of them
 * to one conversation. SPEC.md, "Mail".
 *
 *   q      = X25519(ephemeral secret, receiver's key)   low order is refused
 *   K      = BLAKE2b-512(key q, personal "ohcn-seal-v1";
 *                        ephemeral key || receiver's key || root || context)
 *   sealed = ephemeral key 32 || XChaCha20-Poly1305-IETF(first half of K,
 *            nonce = BLAKE2b-192("ohcn-nonce-v1"; ephemeral || receiver's),
 *            ad = context, plain)
 *
 * The second half of K is a secret that only the two ends know, called root.
 * Whoever seals to a key whose root is not zero proves to know that root: so
 * a reply needs no signature, and both ends could have written it. The
 * ephemeral secret is for one message; whoever draws it wipes it.
 */
#pragma once

#include "crypto/crypto.h"

#define SEALING_ROOT     32
#define SEALING_OVERHEAD (X25519_SIZE + 16)

/**
 * sealing_seal(out, in, n, context, to, root, ephemeral, next):
 * Seal ${n} bytes into ${out}, which holds n + SEALING_OVERHEAD and does not
 * overlap ${in}. ${root}: NULL is 32 zero bytes. ${ephemeral}: 32 fresh random
 * bytes. ${next}: the second half of K, or NULL. false: ${to} is of low order;
 * all outputs are zeroed.
 */
CRYPTO_CHECKED bool sealing_seal(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part context, const uint8_t to[X25519_SIZE],
    const uint8_t root[SEALING_ROOT], const uint8_t ephemeral[X25519_SIZE],
    uint8_t next[SEALING_ROOT]);

/**
 * sealing_open(out, in, n, context, secret, pub, root, next):
 * The reverse; ${n} counts the overhead, ${out} holds n - SEALING_OVERHEAD.
 * ${pub} is the public key of ${secret}. false: not sealed to this key with
 * this root and context, or changed, or too short; outputs are zeroed.
 */
CRYPTO_CHECKED bool sealing_open(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part context, const uint8_t secret[X25519_SIZE],
    const uint8_t pub[X25519_SIZE], const uint8_t root[SEALING_ROOT],
    uint8_t next[SEALING_ROOT]);

/**
 * sealing_open_shared(..., shared, ...): the same for a key whose secret is
 * elsewhere: ${shared} is X25519(secret, first 32 bytes of ${in}).
 */
CRYPTO_CHECKED bool sealing_open_shared(uint8_t *out, const uint8_t *in,
    size_t n, struct crypto_part context, const uint8_t shared[X25519_SIZE],
    const uint8_t pub[X25519_SIZE], const uint8_t root[SEALING_ROOT],
    uint8_t next[SEALING_ROOT]);

/**
 * sealing_session(out, secret, peer, root, first, second):
 * The root of a conversation once both ends have told a key of their own:
 * BLAKE2b-256(key X25519(secret, peer), personal "ohcn-session-v1";
 * root || first || second). ${first} is the key that the opener told,
 * ${second} the answerer's. false: ${peer} is of low order; ${out} is zeroed.
 */
CRYPTO_CHECKED bool sealing_session(uint8_t out[SEALING_ROOT],
    const uint8_t secret[X25519_SIZE], const uint8_t peer[X25519_SIZE],
    const uint8_t root[SEALING_ROOT], const uint8_t first[X25519_SIZE],
    const uint8_t second[X25519_SIZE]);
