/*
 * keys.h: one 32-byte seed, many unlinkable personas, and the file that
 * keeps secrets at rest. SPEC.md, "Keys".
 *
 *   root      = BLAKE2b-256(key = seed, personal "ohcn-root-v1")
 *   persona i = KDF(root, i, "persona_")        hardened: no public derivation
 *   sign seed = KDF(persona i, 1, "sign____")   -> Ed25519
 *
 * KDF is libsodium's crypto_kdf_derive_from_key (keyed BLAKE2b, the id as
 * salt, the 8-byte context as personalisation).
 */
#pragma once

#include "crypto/crypto.h"

#define SEED_SIZE 32

/** persona_keypair(pub, secret, seed, index): the signing key of persona i. */
void persona_keypair(uint8_t pub[ED25519_PUBLIC],
    uint8_t secret[ED25519_SECRET], const uint8_t seed[SEED_SIZE],
    uint64_t index);

/**
 * key_derive(out, key, n, context):
 * The n-th key below ${key} for a purpose; ${context} is 8 bytes long. What
 * SPEC.md calls keyed(key, n, context).
 */
void key_derive(
    uint8_t out[32], const uint8_t key[32], uint64_t n, const char *context);

/**
 * persona_claim_secret(out, seed, index):
 * From which the salts of persona ${index}'s claims come (SPEC.md,
 * "Evidence"): keyed(persona, 2, "claim___"). It tells nothing of other
 * personas or of the signing key.
 */
void persona_claim_secret(
    uint8_t out[32], const uint8_t seed[SEED_SIZE], uint64_t index);

/*
 * A seed as 24 words: 256 bits and an 8-bit checksum (the first byte of
 * SHA-256), eleven bits a word, from the 2048-word English list of BIP-39.
 */
#define SEED_WORDS    24
#define SEED_TEXT_MAX 256 /* bytes of the words, single spaces, zero */

void seed_to_words(char out[SEED_TEXT_MAX], const uint8_t seed[SEED_SIZE]);

enum seed_words_result {
	SEED_WORDS_OK,
	SEED_WORDS_COUNT,    /* not 24 words */
	SEED_WORDS_UNKNOWN,  /* *bad is the index of a word not in the list */
	SEED_WORDS_CHECKSUM, /* words are fine, but one is not the right one */
};

/**
 * seed_from_words(seed, text, bad):
 * Words in any case, separated by blanks or line ends.
 */
CRYPTO_CHECKED enum seed_words_result seed_from_words(
    uint8_t seed[SEED_SIZE], const char *text, unsigned *bad);

/*
 * A sealed file: header || XChaCha20-Poly1305(secret), the key from a
 * passphrase by Argon2id. The header carries the cost, so that it can grow.
 *   "ohcnkey1" | version u8 = 1 | ops u32be | mem_kib u32be | salt 16 | nonce 24
 */
#define SEAL_HEADER      (8 + 1 + 4 + 4 + 16 + 24)
#define SEAL_OVERHEAD    (SEAL_HEADER + 16)
#define SEAL_MEM_KIB_MIN 65536   /* 64 MiB */
#define SEAL_MEM_KIB_MAX 2097152 /* a file that asks for more is refused */
#define SEAL_OPS_MIN     2
#define SEAL_OPS_MAX     64

struct seal_cost {
	uint32_t ops;
	uint32_t mem_kib;
};

/**
 * seal_make(out, in, n, pass, pass_n, cost, random):
 * ${out} holds n + SEAL_OVERHEAD bytes. ${random} are 40 fresh random bytes
 * (salt and nonce). false: not enough memory for the cost.
 */
CRYPTO_CHECKED bool seal_make(uint8_t *out, const uint8_t *in, size_t n,
    const char *pass, size_t pass_n, struct seal_cost cost,
    const uint8_t random[40]);

enum seal_result {
	SEAL_OK,
	SEAL_FOREIGN,    /* not such a file, or of a later version */
	SEAL_TOO_COSTLY, /* outside the accepted cost: refused untried */
	SEAL_NO_MEMORY,
	SEAL_WRONG, /* wrong passphrase, or the file was changed */
};

/** seal_open(out, in, n, pass, pass_n): ${out} holds n - SEAL_OVERHEAD. */
CRYPTO_CHECKED enum seal_result seal_open(
    uint8_t *out, const uint8_t *in, size_t n, const char *pass, size_t pass_n);
