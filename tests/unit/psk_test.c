#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/libp2p/psk.h"
#include "tests/unit/test_env.h"

#define TAG   "/key/swarm/psk/1.0.0/\n"
#define HEX   "6189c5cf0b87fb800c1a9feeda73c6ab5e998db48fb9e6a978575c770ceef683"
#define B64   "YYnFzwuH+4AMGp/u2nPGq16ZjbSPueapeFdcdwzu9oM="
#define BIN32 "0123456789abcdef0123456789\nbcde"

static void
test_good_files(void **state)
{
	static const struct {
		const char *file;
		bool bin;
	} cases[] = {
		{ TAG "/base16/\n" HEX },
		{ TAG "/base16/\n" HEX "\n" },
		{ "/key/swarm/psk/1.0.0/\r\n/base16/\r\n" HEX "\r\n" },
		{ TAG "/base64/\n" B64 },
		{ TAG "/base64/\n" B64 "\n\n" },
		{ TAG "/bin/\n" BIN32 "x", true },
		{ TAG "/bin/\n" BIN32 "x\n", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t key[PSK_SIZE], want[PSK_SIZE];
		struct buf b = { want, 0, sizeof(want) };
		const char *why = NULL;

		if (cases[i].bin)
			memcpy(want, BIN32 "x", PSK_SIZE);
		else
			assert_int_equal(hex_get(slice_str(HEX), &b), OK);
		if (psk_file_get(slice_str(cases[i].file), key, &why) != OK)
			fail_msg("case %zu: %s", i, why);
		assert_memory_equal(key, want, PSK_SIZE);
	}
}

static void
test_bad_files(void **state)
{
	static const struct {
		const char *file, *why;
	} cases[] = {
		{ "", "first line" },
		{ "/key/swarm/psk/2.0.0/\n/base16/\n" HEX, "first line" },
		{ "/key/swarm/psk/1.0.0\n/base16/\n" HEX, "first line" },
		{ TAG, "second line" },
		{ TAG "/base32/\n" HEX, "second line" },
		{ TAG "/base16/\n", "64 hexadecimal" },
		{ TAG "/base16/\n" HEX "00", "64 hexadecimal" },
		{ TAG "/base16/\n" HEX "\nmore", "follows" },
		{ TAG "/base16/\n6189", "64 hexadecimal" },
		{ TAG "/base64/\n" HEX, "base64" },
		{ TAG "/base64/\n"
		      "YYnFzwuH-4AMGp_u2nPGq16ZjbSPueapeFdcdwzu9oM=",
		    "base64" },
		{ TAG "/bin/\n0123456789", "32 bytes" },
		{ TAG "/bin/\n" BIN32 "xy", "follows" },
	};
	static char big[2000] = TAG "/base16/\n" HEX "\n";
	static const uint8_t zero[PSK_SIZE];
	uint8_t key[PSK_SIZE];
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memset(key, 1, sizeof(key));
		if (psk_file_get(slice_str(cases[i].file), key, &why) !=
			ERR_FORM ||
		    strstr(why, cases[i].why) == NULL)
			fail_msg("case %zu: %s", i, why);
		assert_memory_equal(key, zero, PSK_SIZE);
	}
	memset(big + strlen(big), '\n', sizeof(big) - strlen(big));
	assert_int_equal(
	    psk_file_get(slice_of(big, sizeof(big)), key, &why), ERR_FORM);
}

/* What we write we read; the fingerprint is the one that kubo prints. */
static void
test_write_and_fingerprint(void **state)
{
	uint8_t key[PSK_SIZE], again[PSK_SIZE], file[200];
	struct buf k = { key, 0, sizeof(key) }, b = { file, 0, sizeof(file) };
	struct buf tight = { file, 0, 90 };
	char print[PSK_FINGERPRINT_TEXT];
	const char *why = NULL;

	(void)state;
	assert_int_equal(hex_get(slice_str(HEX), &k), OK);
	assert_int_equal(psk_file_put(&b, key), OK);
	assert_true(slice_eq_str(buf_slice(&b), TAG "/base16/\n" HEX "\n"));
	assert_int_equal(psk_file_get(buf_slice(&b), again, &why), OK);
	assert_memory_equal(key, again, PSK_SIZE);
	assert_int_equal(psk_file_put(&tight, key), ERR_MORE);
	assert_int_equal(tight.n, 0);
	psk_fingerprint(print, key);
	/* rust-libp2p's test has it, "checked against go-ipfs" */
	assert_string_equal(print, "45fc986bbc9388a11d939df26f730f0c");
}

/* Any cut of the bytes gives the same, there and back. */
static void
test_stream(void **state)
{
	enum { N = 5000 };
	static uint8_t plain[N], whole[N], cut[N];
	uint8_t key[PSK_SIZE], nonce[PSK_NONCE];
	struct psk_stream send, pieces, recv = { 0 };
	struct test_env t;

	(void)state;
	test_env_init(&t, 7);
	t.env.random(t.env.ctx, key, sizeof(key));
	t.env.random(t.env.ctx, nonce, sizeof(nonce));
	t.env.random(t.env.ctx, plain, sizeof(plain));
	psk_begin(&send, key, nonce);
	psk_xor(&send, whole, plain, N);
	assert_memory_not_equal(whole, plain, 64);
	psk_begin(&pieces, key, nonce);
	for (size_t at = 0; at < N;) {
		const size_t want = test_below(&t, 150);
		const size_t n = MIN(want, N - at);
		psk_xor(&pieces, cut + at, plain + at, n);
		psk_advance(&pieces, n);
		at += n;
	}
	assert_memory_equal(whole, cut, N);
	/* the nonce in pieces; in place; looked at twice */
	struct slice in = slice_of(nonce, 10);
	assert_int_equal(psk_nonce_recv(&recv, key, &in), ERR_MORE);
	in = slice_of(nonce + 10, 14);
	assert_int_equal(psk_nonce_recv(&recv, key, &in), OK);
	assert_int_equal(in.n, 0);
	psk_xor(&recv, cut, whole, 100);
	psk_xor(&recv, whole, whole, N);
	assert_memory_equal(cut, plain, 100);
	assert_memory_equal(whole, plain, N);
	psk_wipe(&send);
	psk_wipe(&pieces);
	psk_wipe(&recv);
	assert_false(recv.begun);
}

/* The stream is libsodium's XSalsa20: NaCl's published first bytes. */
static void
test_vector(void **state)
{
	uint8_t key[PSK_SIZE], nonce[PSK_NONCE], out[32] = { 0 };
	struct buf k = { key, 0, sizeof(key) }, n = { nonce, 0, sizeof(nonce) };
	char text[65];
	struct psk_stream s;

	(void)state;
	assert_int_equal(hex_get(slice_str("1b27556473e985d462cd51197a9a46c7"
					   "6009549eac6474f206c4ee0844f68389"),
			     &k),
	    OK);
	assert_int_equal(
	    hex_get(
		slice_str("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"),
		&n),
	    OK);
	psk_begin(&s, key, nonce);
	psk_xor(&s, out, out, sizeof(out));
	assert_int_equal(hex_put(text, sizeof(text), slice_of(out, 32)), OK);
	assert_string_equal(text, "eea6a7251c1e72916d11c2cb214d3c25"
				  "2539121d8e234e652d651fa4c8cff880");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_write_and_fingerprint),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
