#include "crypto/keys.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "crypto/bytes.h"
#include "crypto/words_list.h" /* generated: seed_word_list[2048] */

#define WORD_BITS 11

_Static_assert(sizeof(seed_word_list) / sizeof(seed_word_list[0]) == 2048,
    "eleven bits a word");

void
key_derive(
    uint8_t out[32], const uint8_t key[32], uint64_t n, const char *context)
{
	assert(strlen(context) == crypto_kdf_CONTEXTBYTES);
	(void)crypto_kdf_derive_from_key(out, 32, n, context, key);
}

/* The secret that all of one persona's keys come from. */
static void
persona_secret(uint8_t out[32], const uint8_t seed[SEED_SIZE], uint64_t index)
{
	uint8_t root[32];
	static const uint8_t salt[16];
	static const uint8_t personal[16] = "ohcn-root-v1";

	(void)crypto_generichash_blake2b_salt_personal(
	    root, sizeof(root), NULL, 0, seed, SEED_SIZE, salt, personal);
	key_derive(out, root, index, "persona_");
	sodium_memzero(root, sizeof(root));
}

void
persona_keypair(uint8_t pub[ED25519_PUBLIC], uint8_t secret[ED25519_SECRET],
    const uint8_t seed[SEED_SIZE], uint64_t index)
{
	uint8_t persona[32], sign[32];

	persona_secret(persona, seed, index);
	key_derive(sign, persona, 1, "sign____");
	ed25519_keypair(pub, secret, sign);
	sodium_memzero(persona, sizeof(persona));
	sodium_memzero(sign, sizeof(sign));
}

void
persona_claim_secret(
    uint8_t out[32], const uint8_t seed[SEED_SIZE], uint64_t index)
{
	uint8_t persona[32];

	persona_secret(persona, seed, index);
	key_derive(out, persona, 2, "claim___");
	sodium_memzero(persona, sizeof(persona));
}

/* Eleven bits from position 11 * i of a bit string. */
static unsigned
word_at(const uint8_t *bits, unsigned i)
{
	unsigned v = 0;

	for (unsigned k = 0; k < WORD_BITS; k++) {
		const unsigned at = i * WORD_BITS + k;
		v = v << 1 | (bits[at / 8] >> (7 - at % 8) & 1U);
	}
	return v;
}

void
seed_to_words(char out[SEED_TEXT_MAX], const uint8_t seed[SEED_SIZE])
{
	uint8_t bits[SEED_SIZE + 1], sum[SHA256_SIZE];
	const struct crypto_part part = { seed, SEED_SIZE };
	size_t n = 0;

	memcpy(bits, seed, SEED_SIZE);
	hash_sha256(sum, &part, 1);
	bits[SEED_SIZE] = sum[0];
	for (unsigned i = 0; i < SEED_WORDS; i++) {
		const char *word = seed_word_list[word_at(bits, i)];
		const size_t len = strlen(word);
		assert(len + 1 < SEED_TEXT_MAX - n);
		if (i > 0)
			out[n++] = ' ';
		memcpy(out + n, word, len);
		n += len;
	}
	out[n] = 0;
	sodium_memzero(bits, sizeof(bits));
	sodium_memzero(sum, sizeof(sum));
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The index of a word in the list, or -1; ASCII case is ignored. */
static int
word_find(const char *p, size_t n)
{
	char low[16] = { 0 };

	if (n >= sizeof(low))
		return -1;
	for (size_t i = 0; i < n; i++)
		low[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) : p[i];
	for (int i = 0; i < 2048; i++)
		if (strcmp(seed_word_list[i], low) == 0)
			return i;
	return -1;
}

enum seed_words_result
seed_from_words(uint8_t seed[SEED_SIZE], const char *text, unsigned *bad)
{
	uint8_t bits[SEED_SIZE + 1] = { 0 }, sum[SHA256_SIZE];
	const struct crypto_part part = { bits, SEED_SIZE };
	unsigned count = 0;

	memset(seed, 0, SEED_SIZE);
	while (true) {
		while (is_blank(*text))
			text++;
		if (*text == 0)
			break;
		size_t n = 0;
		while (text[n] != 0 && !is_blank(text[n]))
			n++;
		if (count == SEED_WORDS)
			return SEED_WORDS_COUNT;
		const int w = word_find(text, n);
		if (w < 0) {
			*bad = count;
			return SEED_WORDS_UNKNOWN;
		}
		for (unsigned k = 0; k < WORD_BITS; k++) {
			const unsigned at = count * WORD_BITS + k;
			if (((unsigned)w >> (WORD_BITS - 1 - k) & 1U) != 0)
				bits[at / 8] |= (uint8_t)(0x80U >> at % 8);
		}
		count++;
		text += n;
	}
	if (count != SEED_WORDS)
		return SEED_WORDS_COUNT;
	hash_sha256(sum, &part, 1);
	const bool good = sum[0] == bits[SEED_SIZE];
	if (good)
		memcpy(seed, bits, SEED_SIZE);
	sodium_memzero(bits, sizeof(bits));
	sodium_memzero(sum, sizeof(sum));
	return good ? SEED_WORDS_OK : SEED_WORDS_CHECKSUM;
}

static const uint8_t seal_magic[9] = { 'o', 'h', 'c', 'n', 'k', 'e', 'y', '1',
	1 };

static bool
seal_key(uint8_t key[32], const char *pass, size_t pass_n,
    struct seal_cost cost, const uint8_t *salt)
{
	return crypto_pwhash(key, 32, pass, pass_n, salt, cost.ops,
		   (size_t)cost.mem_kib * 1024,
		   crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool
seal_make(uint8_t *out, const uint8_t *in, size_t n, const char *pass,
    size_t pass_n, struct seal_cost cost, const uint8_t random[40])
{
	uint8_t key[32];

	assert(cost.mem_kib >= SEAL_MEM_KIB_MIN && cost.ops >= SEAL_OPS_MIN);
	memcpy(out, seal_magic, 9);
	bytes_put_u32be(out + 9, cost.ops);
	bytes_put_u32be(out + 13, cost.mem_kib);
	memcpy(out + 17, random, 40);
	if (!seal_key(key, pass, pass_n, cost, out + 17))
		return false;
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + SEAL_HEADER,
	    NULL, in, n, out, SEAL_HEADER, NULL, out + 33, key);
	sodium_memzero(key, sizeof(key));
	return true;
}

enum seal_result
seal_open(
    uint8_t *out, const uint8_t *in, size_t n, const char *pass, size_t pass_n)
{
	uint8_t key[32];

	if (n < SEAL_OVERHEAD || memcmp(in, seal_magic, 9) != 0)
		return SEAL_FOREIGN;
	const struct seal_cost cost = { bytes_get_u32be(in + 9),
		bytes_get_u32be(in + 13) };
	if (cost.ops < SEAL_OPS_MIN || cost.ops > SEAL_OPS_MAX ||
	    cost.mem_kib < SEAL_MEM_KIB_MIN || cost.mem_kib > SEAL_MEM_KIB_MAX)
		return SEAL_TOO_COSTLY;
	if (!seal_key(key, pass, pass_n, cost, in + 17))
		return SEAL_NO_MEMORY;
	const int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL,
	    NULL, in + SEAL_HEADER, n - SEAL_HEADER, in, SEAL_HEADER, in + 33,
	    key);
	sodium_memzero(key, sizeof(key));
	return bad == 0 ? SEAL_OK : SEAL_WRONG;
}
