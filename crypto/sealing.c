#include "crypto/sealing.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

_Static_assert(
    crypto_aead_xchacha20poly1305_ietf_ABYTES == SEALING_OVERHEAD - X25519_SIZE,
    "the tag");

static const uint8_t no_root[SEALING_ROOT];

/* Keyed BLAKE2b, personalised; ${out_n} is 32 or 64. */
static void
keyed(uint8_t *out, size_t out_n, const uint8_t key[32], const char *name,
    const struct crypto_part *parts, size_t parts_n)
{
	crypto_generichash_blake2b_state state;
	uint8_t personal[16] = { 0 };

	assert(strlen(name) <= sizeof(personal));
	memcpy(personal, name, strlen(name));
	/* It fails on wrong sizes alone, which are constants here. */
	int bad = crypto_generichash_blake2b_init_salt_personal(
	    &state, key, 32, out_n, NULL, personal);
	for (size_t i = 0; i < parts_n; i++)
		bad |= crypto_generichash_blake2b_update(
		    &state, parts[i].p, parts[i].n);
	bad |= crypto_generichash_blake2b_final(&state, out, out_n);
	assert(bad == 0);
	(void)bad;
	sodium_memzero(&state, sizeof(state));
}

/* What both ends compute: the two halves of K, and the nonce. */
static void
derive_of(uint8_t k[64], uint8_t nonce[NONCE], const uint8_t q[X25519_SIZE],
    const uint8_t ephemeral[X25519_SIZE], const uint8_t to[X25519_SIZE],
    const uint8_t *root, struct crypto_part context)
{
	const struct crypto_part parts[] = { { ephemeral, X25519_SIZE },
		{ to, X25519_SIZE },
		{ root == NULL ? no_root : root, SEALING_ROOT }, context };

	keyed(k, 64, q, "ohcn-seal-v1", parts, 4);
	hash_blake2b(nonce, NONCE, "ohcn-nonce-v1", parts, 2);
}

static bool
derive(uint8_t k[64], uint8_t nonce[NONCE], const uint8_t secret[X25519_SIZE],
    const uint8_t peer[X25519_SIZE], const uint8_t ephemeral[X25519_SIZE],
    const uint8_t to[X25519_SIZE], const uint8_t *root,
    struct crypto_part context)
{
	uint8_t q[X25519_SIZE];

	if (!x25519_shared(q, secret, peer))
		return false;
	derive_of(k, nonce, q, ephemeral, to, root, context);
	sodium_memzero(q, sizeof(q));
	return true;
}

bool
sealing_seal(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part context, const uint8_t to[X25519_SIZE],
    const uint8_t root[SEALING_ROOT], const uint8_t ephemeral[X25519_SIZE],
    uint8_t next[SEALING_ROOT])
{
	uint8_t k[64], nonce[NONCE];

	x25519_public(out, ephemeral);
	if (!derive(k, nonce, ephemeral, to, out, to, root, context)) {
		sodium_memzero(out, n + SEALING_OVERHEAD);
		if (next != NULL)
			sodium_memzero(next, SEALING_ROOT);
		return false;
	}
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + X25519_SIZE,
	    NULL, in, n, context.p, context.n, NULL, nonce, k);
	if (next != NULL)
		memcpy(next, k + 32, SEALING_ROOT);
	sodium_memzero(k, sizeof(k));
	return true;
}

bool
sealing_open_shared(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part context, const uint8_t shared[X25519_SIZE],
    const uint8_t pub[X25519_SIZE], const uint8_t root[SEALING_ROOT],
    uint8_t next[SEALING_ROOT])
{
	uint8_t k[64], nonce[NONCE];

	if (next != NULL)
		sodium_memzero(next, SEALING_ROOT);
	if (n < SEALING_OVERHEAD)
		return false;
	derive_of(k, nonce, shared, in, pub, root, context);
	const bool ok = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL,
			    NULL, in + X25519_SIZE, n - X25519_SIZE, context.p,
			    context.n, nonce, k) == 0;
	if (ok && next != NULL)
		memcpy(next, k + 32, SEALING_ROOT);
	sodium_memzero(k, sizeof(k));
	if (!ok)
		sodium_memzero(out, n - SEALING_OVERHEAD);
	return ok;
}

bool
sealing_open(uint8_t *out, const uint8_t *in, size_t n,
    struct crypto_part context, const uint8_t secret[X25519_SIZE],
    const uint8_t pub[X25519_SIZE], const uint8_t root[SEALING_ROOT],
    uint8_t next[SEALING_ROOT])
{
	uint8_t q[X25519_SIZE];
	bool ok = false;

	if (next != NULL)
		sodium_memzero(next, SEALING_ROOT);
	if (n < SEALING_OVERHEAD)
		return false;
	if (x25519_shared(q, secret, in))
		ok = sealing_open_shared(
		    out, in, n, context, q, pub, root, next);
	else
		sodium_memzero(out, n - SEALING_OVERHEAD);
	sodium_memzero(q, sizeof(q));
	return ok;
}

bool
sealing_session(uint8_t out[SEALING_ROOT], const uint8_t secret[X25519_SIZE],
    const uint8_t peer[X25519_SIZE], const uint8_t root[SEALING_ROOT],
    const uint8_t first[X25519_SIZE], const uint8_t second[X25519_SIZE])
{
	uint8_t q[X25519_SIZE];
	const struct crypto_part parts[] = { { root, SEALING_ROOT },
		{ first, X25519_SIZE }, { second, X25519_SIZE } };

	if (!x25519_shared(q, secret, peer)) {
		sodium_memzero(out, SEALING_ROOT);
		return false;
	}
	keyed(out, SEALING_ROOT, q, "ohcn-session-v1", parts, 3);
	sodium_memzero(q, sizeof(q));
	return true;
}
