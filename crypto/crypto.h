/*
 * crypto.h: thin, total wrappers over libsodium and libb2. Raw pointers and
 * fixed sizes, no state, no allocation, no include of ours: this folder can
 * be read and audited alone.
 *
 * Functions that can fail return bool; true is success. Outputs of a failed
 * call are zeroed. Nothing here draws randomness except crypto_random(),
 * which only node/ and tests may call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_CHECKED __attribute__((warn_unused_result))

/** crypto_init(): once per process, before anything else; false: unusable. */
CRYPTO_CHECKED bool crypto_init(void);

/** crypto_random(out, n): bytes from the operating system. */
void crypto_random(uint8_t *out, size_t n);

/** crypto_wipe(p, n): zero ${n} bytes; the compiler may not leave it out. */
void crypto_wipe(void *p, size_t n);

/** crypto_equal(a, b, n): compare in constant time. */
CRYPTO_CHECKED bool crypto_equal(const void *a, const void *b, size_t n);

/* One piece of a message that is hashed as the concatenation of pieces. */
struct crypto_part {
	const void *p;
	size_t n;
};

/**
 * hash_blake2b(out, out_n, personal, parts, parts_n):
 * BLAKE2b (RFC 7693) of the concatenated parts with an output of ${out_n}
 * (1..64) bytes, unkeyed, no salt. ${personal} is a C string of at most 16
 * bytes, padded with zeros; NULL for none.
 */
void hash_blake2b(uint8_t *out, size_t out_n, const char *personal,
    const struct crypto_part *parts, size_t parts_n);

/** hash_siphash(out, in, n, key): SipHash-2-4, for tables and indexes. */
uint64_t hash_siphash(const void *in, size_t n, const uint8_t key[16]);

#define SHA256_SIZE 32
void hash_sha256(
    uint8_t out[SHA256_SIZE], const struct crypto_part *parts, size_t parts_n);
void hash_hmac_sha256(uint8_t out[SHA256_SIZE], const uint8_t key[SHA256_SIZE],
    const struct crypto_part *parts, size_t parts_n);

/*
 * Ed25519 (RFC 8032). The secret key is seed || public key, as libsodium and
 * libp2p have it. Verification is libsodium 1.0.18's: cofactorless, rejects
 * S >= L, small-order and non-canonical keys.
 */
#define ED25519_PUBLIC 32
#define ED25519_SECRET 64
#define ED25519_SEED   32
#define ED25519_SIG    64

void ed25519_keypair(uint8_t pub[ED25519_PUBLIC],
    uint8_t secret[ED25519_SECRET], const uint8_t seed[ED25519_SEED]);
void ed25519_sign(uint8_t sig[ED25519_SIG], const void *m, size_t n,
    const uint8_t secret[ED25519_SECRET]);
CRYPTO_CHECKED bool ed25519_verify(const uint8_t sig[ED25519_SIG],
    const void *m, size_t n, const uint8_t pub[ED25519_PUBLIC]);

/* X25519 (RFC 7748). */
#define X25519_SIZE 32
void x25519_public(uint8_t pub[X25519_SIZE], const uint8_t secret[X25519_SIZE]);
/** false: the peer's key is of low order, the result would be all zero. */
CRYPTO_CHECKED bool x25519_shared(uint8_t out[X25519_SIZE],
    const uint8_t secret[X25519_SIZE], const uint8_t pub[X25519_SIZE]);

/*
 * ChaCha20-Poly1305 (RFC 8439). ${out} holds n + AEAD_TAG bytes when sealing
 * and n - AEAD_TAG when opening; ${out} may be ${in}.
 */
#define AEAD_KEY   32
#define AEAD_NONCE 12
#define AEAD_TAG   16
void chachapoly_seal(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part ad, const uint8_t nonce[AEAD_NONCE],
    const uint8_t key[AEAD_KEY]);
CRYPTO_CHECKED bool chachapoly_open(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part ad, const uint8_t nonce[AEAD_NONCE],
    const uint8_t key[AEAD_KEY]);

/*
 * XSalsa20, the cipher of private libp2p networks: a stream to be XORed,
 * without any authentication. In two steps, since a connection keeps its key
 * and nonce: hsalsa20_subkey() once from the key and the first 16 bytes of
 * the nonce, then salsa20_xor() with the last 8. ${out} may be ${in};
 * ${block} is the 64-byte block of the stream at which ${in} begins.
 */
#define SALSA20_KEY    32
#define SALSA20_NONCE  8
#define SALSA20_BLOCK  64
#define XSALSA20_NONCE 24
void hsalsa20_subkey(uint8_t out[SALSA20_KEY], const uint8_t nonce[16],
    const uint8_t key[SALSA20_KEY]);
void salsa20_xor(uint8_t *out, const uint8_t *in, size_t n, uint64_t block,
    const uint8_t nonce[SALSA20_NONCE], const uint8_t key[SALSA20_KEY]);
