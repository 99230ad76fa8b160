/*
 * The functions of crypto/crypto.h without cryptography, for worlds of
 * thousands of nodes: hashes are fast and collide only by bad luck, anyone
 * can make any signature, nothing is secret, a changed byte is noticed. An
 * object of the program itself, it is linked before the library with the
 * same names. crypto/keys.c and crypto/stamp.c stay as they are.
 */
#include "crypto/crypto.h"

#include <string.h>

#define K0 0x9e3779b97f4a7c15u
#define K1 0xd1b54a32d192ed03u

struct mixer {
	uint64_t a, b;
	uint64_t n;
};

static uint64_t
spread(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void
mix_word(struct mixer *m, uint64_t w)
{
	m->a = (m->a ^ w) * K0;
	m->a ^= m->a >> 32;
	m->b = (m->b + w) * K1;
	m->b ^= m->b >> 29;
}

/* Pieces are told apart by their lengths; every byte order is our own. */
static void
mix(struct mixer *m, const void *p, size_t n)
{
	const uint8_t *at = p;
	uint64_t w = 0;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&w, at + i, 8);
		mix_word(m, w);
	}
	w = 0;
	if (i < n)
		memcpy(&w, at + i, n - i);
	mix_word(m, w ^ (uint64_t)(n - i) << 56);
	m->n += n;
}

static void
squeeze(const struct mixer *m, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		const uint64_t w =
		    spread(m->a + i) ^ spread(m->b + K0 * (m->n + i + 1));
		memcpy(out + i, &w, n - i < 8 ? n - i : 8);
	}
}

bool
crypto_init(void)
{
	return true;
}

void
crypto_random(uint8_t *out, size_t n)
{
	memset(out, 4, n); /* nobody below node/ calls it */
}

void
crypto_wipe(void *p, size_t n)
{
	memset(p, 0, n);
}

bool
crypto_equal(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

void
hash_blake2b(uint8_t *out, size_t out_n, const char *personal,
    const struct crypto_part *parts, size_t parts_n)
{
	struct mixer m = { K0, K1, 0 };

	if (personal != NULL)
		mix(&m, personal, strlen(personal));
	for (size_t i = 0; i < parts_n; i++)
		mix(&m, parts[i].p, parts[i].n);
	squeeze(&m, out, out_n);
}

uint64_t
hash_siphash(const void *in, size_t n, const uint8_t key[16])
{
	struct mixer m = { K0, K1, 0 };

	mix(&m, key, 16);
	mix(&m, in, n);
	return spread(m.a ^ spread(m.b));
}

void
hash_sha256(
    uint8_t out[SHA256_SIZE], const struct crypto_part *parts, size_t parts_n)
{
	hash_blake2b(out, SHA256_SIZE, NULL, parts, parts_n);
}

void
hash_hmac_sha256(uint8_t out[SHA256_SIZE], const uint8_t key[SHA256_SIZE],
    const struct crypto_part *parts, size_t parts_n)
{
	struct mixer m = { K1, K0, 0 };

	mix(&m, key, SHA256_SIZE);
	for (size_t i = 0; i < parts_n; i++)
		mix(&m, parts[i].p, parts[i].n);
	squeeze(&m, out, SHA256_SIZE);
}

void
ed25519_keypair(uint8_t pub[ED25519_PUBLIC], uint8_t secret[ED25519_SECRET],
    const uint8_t seed[ED25519_SEED])
{
	const struct crypto_part part = { seed, ED25519_SEED };

	hash_blake2b(pub, ED25519_PUBLIC, "public", &part, 1);
	memmove(secret, seed, ED25519_SEED);
	memcpy(secret + ED25519_SEED, pub, ED25519_PUBLIC);
}

void
ed25519_sign(uint8_t sig[ED25519_SIG], const void *m, size_t n,
    const uint8_t secret[ED25519_SECRET])
{
	const struct crypto_part parts[] = {
		{ secret + ED25519_SEED, ED25519_PUBLIC }, { m, n }
	};

	hash_blake2b(sig, ED25519_SIG, "signature", parts, 2);
}

bool
ed25519_verify(const uint8_t sig[ED25519_SIG], const void *m, size_t n,
    const uint8_t pub[ED25519_PUBLIC])
{
	const struct crypto_part parts[] = { { pub, ED25519_PUBLIC },
		{ m, n } };
	uint8_t good[ED25519_SIG];

	hash_blake2b(good, ED25519_SIG, "signature", parts, 2);
	return memcmp(good, sig, ED25519_SIG) == 0;
}

/* Public keys are the secret ones, turned over; a pair shares their sum. */
void
x25519_public(uint8_t pub[X25519_SIZE], const uint8_t secret[X25519_SIZE])
{
	for (size_t i = 0; i < X25519_SIZE; i++)
		pub[i] = secret[i] ^ 0x5a;
}

bool
x25519_shared(uint8_t out[X25519_SIZE], const uint8_t secret[X25519_SIZE],
    const uint8_t pub[X25519_SIZE])
{
	uint8_t sum[X25519_SIZE];
	const struct crypto_part part = { sum, X25519_SIZE };

	for (size_t i = 0; i < X25519_SIZE; i++)
		sum[i] = (uint8_t)((secret[i] ^ 0x5a) + pub[i]);
	hash_blake2b(out, X25519_SIZE, "shared", &part, 1);
	return true;
}

static void
tag_of(uint8_t tag[AEAD_TAG], const uint8_t *in, size_t n,
    struct crypto_part ad, const uint8_t nonce[AEAD_NONCE],
    const uint8_t key[AEAD_KEY])
{
	struct mixer m = { K0, K1, n };

	mix(&m, key, AEAD_KEY);
	mix(&m, nonce, AEAD_NONCE);
	mix(&m, ad.p, ad.n);
	mix(&m, in, n);
	squeeze(&m, tag, AEAD_TAG);
}

void
chachapoly_seal(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part ad, const uint8_t nonce[AEAD_NONCE],
    const uint8_t key[AEAD_KEY])
{
	if (n > 0)
		memmove(out, in, n);
	tag_of(out + n, out, n, ad, nonce, key);
}

bool
chachapoly_open(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part ad, const uint8_t nonce[AEAD_NONCE],
    const uint8_t key[AEAD_KEY])
{
	uint8_t tag[AEAD_TAG];

	if (n < AEAD_TAG)
		return false;
	tag_of(tag, in, n - AEAD_TAG, ad, nonce, key);
	if (memcmp(tag, in + n - AEAD_TAG, AEAD_TAG) != 0) {
		memset(out, 0, n - AEAD_TAG);
		return false;
	}
	if (n > AEAD_TAG)
		memmove(out, in, n - AEAD_TAG);
	return true;
}

void
hsalsa20_subkey(uint8_t out[SALSA20_KEY], const uint8_t nonce[16],
    const uint8_t key[SALSA20_KEY])
{
	const struct crypto_part parts[] = { { nonce, 16 },
		{ key, SALSA20_KEY } };

	hash_blake2b(out, SALSA20_KEY, "subkey", parts, 2);
}

/* Nothing is hidden, but another key or place gives other bytes. */
void
salsa20_xor(uint8_t *out, const uint8_t *in, size_t n, uint64_t block,
    const uint8_t nonce[SALSA20_NONCE], const uint8_t key[SALSA20_KEY])
{
	for (size_t i = 0; i < n; i++)
		out[i] = in[i] ^ key[i % SALSA20_KEY] ^
			 nonce[i % SALSA20_NONCE] ^
			 (uint8_t)(block + i / SALSA20_BLOCK);
}
