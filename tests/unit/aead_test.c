#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/libp2p/aead.h"

#define BYTES_MAX 65535

static uint8_t plain[BYTES_MAX], sealed[BYTES_MAX + AEAD_TAG];
static uint8_t other[BYTES_MAX + AEAD_TAG], opened[BYTES_MAX + AEAD_TAG];

static const size_t sizes[] = { 0, 1, 63, 64, AEAD_LONG - 1, AEAD_LONG,
	AEAD_LONG + 1, 16384, BYTES_MAX - AEAD_TAG };

static void
fill(uint8_t *out, size_t n, uint8_t from)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(from + i * 7 + (i >> 8));
}

/* Whoever does the work, the bytes are those of libsodium. */
static void
test_same_bytes_as_libsodium(void **state)
{
	uint8_t key[AEAD_KEY], nonce[AEAD_NONCE], ad[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t ad_n = 0; ad_n <= sizeof(ad); ad_n += 16) {
			const size_t n = sizes[i];
			fill(key, sizeof(key), (uint8_t)i);
			fill(nonce, sizeof(nonce), (uint8_t)(i + ad_n));
			fill(ad, sizeof(ad), 9);
			fill(plain, n, (uint8_t)(i * 3));
			const struct slice with = { ad, ad_n };
			aead_seal(sealed, plain, n, with, nonce, key);
			chachapoly_seal(other, plain, n,
			    (struct crypto_part){ ad, ad_n }, nonce, key);
			assert_memory_equal(sealed, other, n + AEAD_TAG);
			assert_true(aead_open(
			    opened, sealed, n + AEAD_TAG, with, nonce, key));
			assert_memory_equal(opened, plain, n);
			/* in place, both ways */
			memcpy(other, plain, n);
			aead_seal(other, other, n, with, nonce, key);
			assert_memory_equal(sealed, other, n + AEAD_TAG);
			assert_true(aead_open(
			    other, other, n + AEAD_TAG, with, nonce, key));
			assert_memory_equal(other, plain, n);
		}
	}
}

/* Nothing of a forged message reaches the caller. */
static void
test_forged_messages(void **state)
{
	const uint8_t key[AEAD_KEY] = { 1 }, nonce[AEAD_NONCE] = { 2 };
	const struct slice none = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const size_t n = sizes[i], all = n + AEAD_TAG;
		const size_t places[] = { 0, all / 2, all - AEAD_TAG, all - 1 };
		fill(plain, n, 5);
		aead_seal(sealed, plain, n, none, nonce, key);
		for (size_t k = 0; k < ARRAY_LEN(places); k++) {
			sealed[places[k]] ^= 0x40;
			fill(opened, n, 77);
			assert_false(
			    aead_open(opened, sealed, all, none, nonce, key));
			for (size_t b = 0; b < n; b++)
				assert_int_equal(opened[b], 0);
			sealed[places[k]] ^= 0x40;
		}
		const uint8_t ad[] = { 1 };
		assert_false(aead_open(
		    opened, sealed, all, slice_of(ad, sizeof(ad)), nonce, key));
		if (n > 0)
			assert_false(aead_open(
			    opened, sealed, all - 1, none, nonce, key));
	}
	assert_false(aead_open(opened, sealed, AEAD_TAG - 1, none, nonce, key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes_as_libsodium),
		cmocka_unit_test(test_forged_messages),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
