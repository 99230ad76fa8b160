#include "crypto/crypto.h"

#include <assert.h>
#include <blake2.h>
#include <sodium.h>
#include <string.h>

bool
crypto_init(void)
{
	return sodium_init() >= 0;
}

void
crypto_random(uint8_t *out, size_t n)
{
	randombytes_buf(out, n);
}

void
crypto_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

bool
crypto_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void
hash_blake2b(uint8_t *out, size_t out_n, const char *personal,
    const struct crypto_part *parts, size_t parts_n)
{
	blake2b_param param = { 0 };
	blake2b_state state;

	assert(out_n >= 1 && out_n <= BLAKE2B_OUTBYTES);
	param.digest_length = (uint8_t)out_n;
	param.fanout = 1;
	param.depth = 1;
	if (personal != NULL) {
		const size_t n = strlen(personal);
		assert(n <= sizeof(param.personal));
		memcpy(param.personal, personal, n);
	}
	/* libb2 fails only on wrong arguments, which are constants here. */
	int bad = blake2b_init_param(&state, &param);
	for (size_t i = 0; i < parts_n; i++)
		if (parts[i].n > 0)
			bad |= blake2b_update(&state, parts[i].p, parts[i].n);
	bad |= blake2b_final(&state, out, out_n);
	assert(bad == 0);
	(void)bad;
	sodium_memzero(&state, sizeof(state));
}

uint64_t
hash_siphash(const void *in, size_t n, const uint8_t key[16])
{
	uint8_t raw[crypto_shorthash_BYTES];
	uint64_t v = 0;

	(void)crypto_shorthash(raw, in, n, key);
	for (size_t i = 0; i < sizeof(raw); i++)
		v |= (uint64_t)raw[i] << (8 * i);
	return v;
}

void
hash_sha256(
    uint8_t out[SHA256_SIZE], const struct crypto_part *parts, size_t parts_n)
{
	crypto_hash_sha256_state state;

	(void)crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < parts_n; i++)
		(void)crypto_hash_sha256_update(&state, parts[i].p, parts[i].n);
	(void)crypto_hash_sha256_final(&state, out);
}

void
hash_hmac_sha256(uint8_t out[SHA256_SIZE], const uint8_t key[SHA256_SIZE],
    const struct crypto_part *parts, size_t parts_n)
{
	crypto_auth_hmacsha256_state state;

	(void)crypto_auth_hmacsha256_init(&state, key, SHA256_SIZE);
	for (size_t i = 0; i < parts_n; i++)
		(void)crypto_auth_hmacsha256_update(
		    &state, parts[i].p, parts[i].n);
	(void)crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

void
ed25519_keypair(uint8_t pub[ED25519_PUBLIC], uint8_t secret[ED25519_SECRET],
    const uint8_t seed[ED25519_SEED])
{
	(void)crypto_sign_seed_keypair(pub, secret, seed);
}

void
ed25519_sign(uint8_t sig[ED25519_SIG], const void *m, size_t n,
    const uint8_t secret[ED25519_SECRET])
{
	(void)crypto_sign_detached(sig, NULL, m, n, secret);
}

bool
ed25519_verify(const uint8_t sig[ED25519_SIG], const void *m, size_t n,
    const uint8_t pub[ED25519_PUBLIC])
{
	return crypto_sign_verify_detached(sig, m, n, pub) == 0;
}

void
x25519_public(uint8_t pub[X25519_SIZE], const uint8_t secret[X25519_SIZE])
{
	(void)crypto_scalarmult_base(pub, secret);
}

bool
x25519_shared(uint8_t out[X25519_SIZE], const uint8_t secret[X25519_SIZE],
    const uint8_t pub[X25519_SIZE])
{
	if (crypto_scalarmult(out, secret, pub) == 0)
		return true;
	sodium_memzero(out, X25519_SIZE);
	return false;
}

void
chachapoly_seal(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part ad, const uint8_t nonce[AEAD_NONCE],
    const uint8_t key[AEAD_KEY])
{
	(void)crypto_aead_chacha20poly1305_ietf_encrypt(
	    out, NULL, in, n, ad.p, ad.n, NULL, nonce, key);
}

bool
chachapoly_open(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part ad, const uint8_t nonce[AEAD_NONCE],
    const uint8_t key[AEAD_KEY])
{
	return crypto_aead_chacha20poly1305_ietf_decrypt(
		   out, NULL, NULL, in, n, ad.p, ad.n, nonce, key) == 0;
}

void
hsalsa20_subkey(uint8_t out[SALSA20_KEY], const uint8_t nonce[16],
    const uint8_t key[SALSA20_KEY])
{
	(void)crypto_core_hsalsa20(out, nonce, key, NULL);
}

void
salsa20_xor(uint8_t *out, const uint8_t *in, size_t n, uint64_t block,
    const uint8_t nonce[SALSA20_NONCE], const uint8_t key[SALSA20_KEY])
{
	(void)crypto_stream_salsa20_xor_ic(out, in, n, nonce, block, key);
}
