#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/keys.h"
#include "crypto/stamp.h"
#include "proto/base/text.h"

static void
assert_hex(const uint8_t *p, size_t n, const char *want)
{
	char text[257];

	assert_int_equal(hex_put(text, sizeof(text), slice_of(p, n)), OK);
	assert_string_equal(text, want);
}

/* RFC 7693 appendix A; the personalised one from Python's hashlib. */
static void
test_blake2b(void **state)
{
	const struct crypto_part parts[] = { { "a", 1 }, { "bc", 2 } };
	uint8_t out[64], other[64];

	(void)state;
	hash_blake2b(out, 64, NULL, parts, 2);
	assert_hex(out, 64,
	    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
	    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
	hash_blake2b(other, 32, "ohcn-rec-v1", parts, 2);
	assert_hex(other, 32,
	    "0fb2e931cdd6dc61991026519a7b5ba720dd007cc99687aea94655c18d21c919");
}

/* FIPS 180-2 "abc"; HMAC is covered by the Noise vector. */
static void
test_sha256(void **state)
{
	const struct crypto_part part = { "abc", 3 };
	uint8_t out[32];

	(void)state;
	hash_sha256(out, &part, 1);
	assert_hex(out, 32,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 8032, 7.1, test 2. */
static void
test_sign(void **state)
{
	uint8_t seed_raw[32], pub[32], secret[64], sig[64];
	struct buf seed = { seed_raw, 0, 32 };
	const uint8_t m = 0x72;

	(void)state;
	assert_int_equal(hex_get(slice_str("4ccd089b28ff96da9db6c346ec114e0f"
					   "5b8a319f35aba624da8cf6ed4fb8a6fb"),
			     &seed),
	    OK);
	ed25519_keypair(pub, secret, seed_raw);
	ed25519_sign(sig, &m, 1, secret);
	assert_hex(pub, 32,
	    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
	assert_hex(sig, 64,
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
	assert_true(ed25519_verify(sig, &m, 1, pub));
	sig[0] ^= 1;
	assert_false(ed25519_verify(sig, &m, 1, pub));
	memset(pub, 0, 32); /* small order */
	assert_false(ed25519_verify(sig, &m, 1, pub));
}

static void
test_dh_refuses_low_order(void **state)
{
	uint8_t secret[32] = { 1 }, zero[32] = { 0 }, out[32];

	(void)state;
	assert_false(x25519_shared(out, secret, zero));
	assert_memory_equal(out, zero, 32);
}

static void
test_personas_differ(void **state)
{
	uint8_t seed[32] = { 7 }, a[32], b[32], again[32], secret[64];

	(void)state;
	persona_keypair(a, secret, seed, 0);
	persona_keypair(b, secret, seed, 1);
	persona_keypair(again, secret, seed, 0);
	assert_memory_equal(a, again, 32);
	assert_memory_not_equal(a, b, 32);
	seed[31] = 1;
	persona_keypair(again, secret, seed, 0);
	assert_memory_not_equal(a, again, 32);
}

static void
test_words(void **state)
{
	uint8_t seed[32], back[32];
	char text[SEED_TEXT_MAX];
	unsigned bad = 99;

	(void)state;
	/* BIP-39's published vector for 32 zero bytes and for 32 times 0x7f. */
	memset(seed, 0, 32);
	seed_to_words(text, seed);
	assert_string_equal(text,
	    "abandon abandon abandon abandon abandon abandon abandon abandon "
	    "abandon abandon abandon abandon abandon abandon abandon abandon "
	    "abandon abandon abandon abandon abandon abandon abandon art");
	memset(seed, 0x7f, 32);
	seed_to_words(text, seed);
	assert_int_equal(seed_from_words(back, text, &bad), SEED_WORDS_OK);
	assert_memory_equal(seed, back, 32);
	text[0] = 'L'; /* "legal", capitals and blanks do not matter */
	assert_int_equal(seed_from_words(back, text, &bad), SEED_WORDS_OK);
	assert_int_equal(
	    seed_from_words(back, "abandon", &bad), SEED_WORDS_COUNT);
	assert_int_equal(
	    seed_from_words(back, "abandon nosuch", &bad), SEED_WORDS_UNKNOWN);
	assert_int_equal(bad, 1);
	memcpy(text, "zebra", 5);
	assert_int_equal(
	    seed_from_words(back, text, &bad), SEED_WORDS_CHECKSUM);
}

static void
test_seal(void **state)
{
	static const uint8_t secret[40] =
	    "forty bytes of something worth hiding";
	uint8_t sealed[40 + SEAL_OVERHEAD], out[40], random[40] = { 9 };
	const struct seal_cost cost = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };

	(void)state;
	assert_true(seal_make(sealed, secret, 40, "pass", 4, cost, random));
	assert_int_equal(
	    seal_open(out, sealed, sizeof(sealed), "pass", 4), SEAL_OK);
	assert_memory_equal(out, secret, 40);
	assert_int_equal(
	    seal_open(out, sealed, sizeof(sealed), "Pass", 4), SEAL_WRONG);
	assert_int_equal(seal_open(out, sealed, 20, "pass", 4), SEAL_FOREIGN);
	/* Each header byte is covered: by its meaning or by the MAC. */
	for (size_t i = 0; i < SEAL_HEADER; i += 5) {
		sealed[i] ^= 0x40;
		assert_int_not_equal(
		    seal_open(out, sealed, sizeof(sealed), "pass", 4), SEAL_OK);
		sealed[i] ^= 0x40;
	}
	sealed[13] = 0xff; /* memory of 4 TiB is refused untried */
	assert_int_equal(
	    seal_open(out, sealed, sizeof(sealed), "pass", 4), SEAL_TOO_COSTLY);
}

static void
test_stamp(void **state)
{
	const uint8_t *net = (const uint8_t *)"test-a";
	uint8_t author[32] = { 3 }, nonce[8];

	(void)state;
	assert_true(stamp_search(net, 6, author, 10, 0, 100000, nonce));
	assert_true(stamp_check(net, 6, author, nonce, 10));
	assert_false(stamp_check(net, 5, author, nonce, 30));
	author[0] = 4;
	assert_false(stamp_search(net, 6, author, 60, 0, 100, nonce));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blake2b),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_dh_refuses_low_order),
		cmocka_unit_test(test_personas_differ),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_stamp),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
