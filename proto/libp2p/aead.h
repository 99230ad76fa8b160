/*
 * aead.h: ChaCha20-Poly1305 (RFC 8439) for the frames of Noise. What is short
 * goes through crypto.h; what is long through libcrypto, whose code for wide
 * registers is three to four times as fast as libsodium 1.0.18's, but costs
 * about a microsecond to set up. Both make the same bytes. No state; libcrypto
 * allocates within a call, and without memory for it libsodium does the work.
 */
#pragma once

#include "crypto/crypto.h"
#include "proto/base/base.h"

#define AEAD_LONG 2048 /* bytes from which libcrypto pays */

/** aead_seal(out, in, n, ad, nonce, key): as chachapoly_seal(). */
void aead_seal(uint8_t *out, const uint8_t *in, size_t n, struct slice ad,
    const uint8_t nonce[AEAD_NONCE], const uint8_t key[AEAD_KEY]);

/**
 * aead_open(out, in, n, ad, nonce, key): as chachapoly_open(): false: it is
 * forged or shorter than a tag, and ${out} holds nothing of it.
 */
NODISCARD bool aead_open(uint8_t *out, const uint8_t *in, size_t n,
    struct slice ad, const uint8_t nonce[AEAD_NONCE],
    const uint8_t key[AEAD_KEY]);
