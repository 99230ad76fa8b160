#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "proto/base/text.h"
#include "proto/libp2p/keys.h"
#include "proto/libp2p/noise.h"
#include "tests/unit/test_env.h"

static struct slice
unhex(const json_t *object, const char *name, uint8_t *room, size_t cap)
{
	const char *s = json_string_value(json_object_get(object, name));
	struct buf b = { room, 0, cap };

	if (s == NULL || hex_get(slice_str(s), &b) != OK)
		fail_msg("the vector has no %s", name);
	return buf_slice(&b);
}

static void
init_from(struct noise_handshake *hs, const json_t *root, bool initiator)
{
	uint8_t prologue[64], s[32], e[32];
	const struct slice p =
	    unhex(root, initiator ? "init_prologue" : "resp_prologue", prologue,
		sizeof(prologue));

	(void)unhex(root, initiator ? "init_static" : "resp_static", s, 32);
	(void)unhex(
	    root, initiator ? "init_ephemeral" : "resp_ephemeral", e, 32);
	noise_handshake_init(hs, initiator, p, s, e);
}

/* The public vector of cacophony and snow; see the file for its source. */
static void
test_public_vector(void **state)
{
	json_error_t error;
	json_t *root = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/noise_xx.json", 0, &error);
	struct noise_handshake hs[2];
	struct noise_cipher send[2], recv[2];
	uint8_t hash[32];

	(void)state;
	assert_non_null(root);
	init_from(&hs[0], root, true);
	init_from(&hs[1], root, false);
	const json_t *messages = json_object_get(root, "messages");
	assert_int_equal(json_array_size(messages), 6);
	for (size_t i = 0; i < 6; i++) {
		const json_t *m = json_array_get(messages, i);
		uint8_t plain[128], want[256], out[256], back[256];
		const struct slice p =
		    unhex(m, "payload", plain, sizeof(plain));
		const struct slice w =
		    unhex(m, "ciphertext", want, sizeof(want));
		struct buf b = { out, 0, sizeof(out) };
		struct buf r = { back, 0, sizeof(back) };
		const size_t from = i % 2, to = 1 - from;

		if (i < 3) {
			assert_int_equal(
			    noise_handshake_write(&hs[from], p, &b), OK);
			assert_int_equal(
			    noise_handshake_read(&hs[to], buf_slice(&b), &r),
			    OK);
		} else {
			assert_int_equal(
			    noise_seal(&send[from], out, p.p, p.n), OK);
			b.n = p.n + AEAD_TAG;
			assert_int_equal(
			    noise_open(&recv[to], back, out, b.n), OK);
			r.n = p.n;
		}
		assert_int_equal(b.n, w.n);
		assert_memory_equal(out, want, w.n);
		assert_true(slice_eq(buf_slice(&r), p));
		if (i != 2)
			continue;
		assert_true(noise_handshake_done(&hs[0]) &&
			    noise_handshake_done(&hs[1]));
		for (size_t k = 0; k < 2; k++)
			noise_handshake_split(&hs[k], &send[k], &recv[k]);
	}
	(void)unhex(root, "handshake_hash", hash, 32);
	assert_memory_equal(hs[0].h, hash, 32);
	assert_memory_equal(hs[1].h, hash, 32);
	json_decref(root);
}

/* Two sides up to the message numbered ${upto}, which lies in ${out}. */
static void
up_to(struct noise_handshake hs[2], size_t upto, struct buf *out)
{
	const uint8_t s[2][32] = { { 1 }, { 2 } }, e[2][32] = { { 3 }, { 4 } };

	for (size_t k = 0; k < 2; k++)
		noise_handshake_init(
		    &hs[k], k == 0, slice_of(NULL, 0), s[k], e[k]);
	for (size_t i = 0; i <= upto; i++) {
		uint8_t back[256];
		struct buf r = { back, 0, sizeof(back) };
		out->n = 0;
		assert_int_equal(noise_handshake_write(&hs[i % 2],
				     slice_str(i == 0 ? "" : "payload"), out),
		    OK);
		if (i < upto)
			assert_int_equal(noise_handshake_read(&hs[1 - i % 2],
					     buf_slice(out), &r),
			    OK);
	}
}

/* One changed byte or a cut anywhere is noticed in messages 2 and 3. */
static void
test_forged_handshakes(void **state)
{
	(void)state;
	for (size_t upto = 1; upto < 3; upto++) {
		uint8_t room[256], back[256];
		struct noise_handshake hs[2];
		struct buf out = { room, 0, sizeof(room) };
		up_to(hs, upto, &out);
		for (size_t at = 0; at < out.n; at++) {
			struct noise_handshake copy = hs[1 - upto % 2];
			struct buf r = { back, 0, sizeof(back) };
			room[at] ^= 0x10;
			const err e =
			    noise_handshake_read(&copy, buf_slice(&out), &r);
			room[at] ^= 0x10;
			assert_int_equal(e, ERR_AUTH);
			copy = hs[1 - upto % 2];
			r.n = 0;
			const err cut =
			    noise_handshake_read(&copy, slice_of(room, at), &r);
			assert_true(cut == ERR_PEER || cut == ERR_AUTH);
		}
	}
}

static void
test_low_order_key_is_refused(void **state)
{
	const uint8_t s[32] = { 1 }, e[32] = { 3 };
	const uint8_t zero[32] = { 0 };
	struct noise_handshake hs;
	uint8_t room[256];
	struct buf out = { room, 0, sizeof(room) };

	(void)state;
	noise_handshake_init(&hs, false, slice_of(NULL, 0), s, e);
	assert_int_equal(
	    noise_handshake_read(&hs, slice_of(zero, 32), &out), OK);
	assert_int_equal(
	    noise_handshake_write(&hs, slice_of(NULL, 0), &out), ERR_AUTH);
}

static void
test_transport_messages(void **state)
{
	static uint8_t plain[NOISE_PLAIN_MAX], out[NOISE_MESSAGE_MAX];
	static const size_t sizes[] = { 0, 1, 65518, NOISE_PLAIN_MAX };
	struct noise_cipher a = { { 9 }, 0 }, b = a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const size_t n = sizes[i];
		assert_int_equal(noise_seal(&a, out, plain, n), OK);
		const struct noise_cipher before = b;
		out[n + 3] ^= 1;
		assert_int_equal(
		    noise_open(&b, plain, out, n + AEAD_TAG), ERR_AUTH);
		assert_int_equal(b.n, before.n);
		out[n + 3] ^= 1;
		assert_int_equal(noise_open(&b, plain, out, n + AEAD_TAG), OK);
		/* the same once more is a replay */
		assert_int_equal(
		    noise_open(&b, plain, out, n + AEAD_TAG), ERR_AUTH);
	}
	assert_int_equal(noise_open(&b, plain, out, 15), ERR_AUTH);
	a.n = b.n = UINT64_MAX - 1;
	assert_int_equal(noise_seal(&a, out, plain, 8), OK);
	assert_int_equal(noise_open(&b, plain, out, 24), OK);
	assert_int_equal(noise_seal(&a, out, plain, 8), ERR_LIMIT);
	assert_int_equal(noise_open(&b, plain, out, 24), ERR_LIMIT);
}

static void
test_libp2p_payload(void **state)
{
	const uint8_t seed[32] = { 5 }, s[32] = { 6 }, other[32] = { 7 };
	uint8_t pub[32], secret[64], room[NOISE_PAYLOAD_MAX];
	struct buf b = { room, 0, sizeof(room) };
	struct noise_identity who;
	struct test_env t;

	(void)state;
	test_env_init(&t, 1);
	ed25519_keypair(pub, secret, seed);
	assert_int_equal(noise_payload_put(&b, secret, s), OK);
	assert_int_equal(
	    noise_payload_check(buf_slice(&b), s, &t.mem, &who), OK);
	const struct peer_id id = peer_id_of_ed25519(pub);
	assert_true(peer_id_eq(&id, &who.peer));
	assert_true(who.muxers && who.yamux);
	assert_int_equal(
	    noise_payload_check(buf_slice(&b), other, &t.mem, &who), ERR_AUTH);
	for (size_t at = 0; at < 104; at++)
		assert_int_not_equal(
		    noise_payload_check(slice_of(room, at), s, &t.mem, &who),
		    OK);
	/* without the extension: the muxer is negotiated later */
	assert_int_equal(
	    noise_payload_check(slice_of(room, 104), s, &t.mem, &who), OK);
	assert_false(who.muxers || who.yamux);
	/* a budget that is too small is no fault of the peer */
	t.mem.cap = 64;
	assert_int_equal(
	    noise_payload_check(buf_slice(&b), s, &t.mem, &who), ERR_LIMIT);
	test_env_check(&t);
}

static void
test_bad_payloads(void **state)
{
	static const struct {
		const char *name, *hex;
	} cases[] = {
		{ "empty", "" },
		{ "key alone", "0a24080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b3"
			       "4b871c3cacf6010f0e42d474fce27e" },
		{ "signature alone", "1203010203" },
		{ "not a protobuf", "0aff" },
		{ "key that is none", "0a03010203120301020322021a00" },
	};
	const uint8_t s[32] = { 6 };
	struct test_env t;

	(void)state;
	test_env_init(&t, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t room[128];
		struct buf b = { room, 0, sizeof(room) };
		struct noise_identity who;
		assert_int_equal(hex_get(slice_str(cases[i].hex), &b), OK);
		if (noise_payload_check(buf_slice(&b), s, &t.mem, &who) !=
		    ERR_PEER)
			fail_msg("%s is accepted", cases[i].name);
	}
	test_env_check(&t);
}

/* A key that is kept makes the handshake and payload that a fresh one does. */
static void
test_kept_static_key(void **state)
{
	const uint8_t seed[ED25519_SEED] = { 5 }, k[X25519_SIZE] = { 6 };
	const uint8_t e[X25519_SIZE] = { 7 };
	const struct slice none = { NULL, 0 };
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	uint8_t room[NOISE_PAYLOAD_MAX];
	struct buf b = { room, 0, sizeof(room) };
	struct noise_handshake fresh, kept;
	struct noise_static own;

	(void)state;
	ed25519_keypair(pub, secret, seed);
	noise_static_init(&own, secret, k);
	for (int initiator = 0; initiator < 2; initiator++) {
		noise_handshake_init(&fresh, initiator, none, k, e);
		noise_handshake_init_with(&kept, initiator, none, &own, e);
		assert_memory_equal(fresh.s, kept.s, X25519_SIZE);
		assert_memory_equal(fresh.s_secret, kept.s_secret, X25519_SIZE);
		assert_memory_equal(fresh.e, kept.e, X25519_SIZE);
		assert_memory_equal(fresh.h, kept.h, SHA256_SIZE);
	}
	assert_int_equal(noise_payload_put(&b, secret, fresh.s), OK);
	assert_int_equal(own.payload_n, b.n);
	assert_memory_equal(own.payload, b.p, b.n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_static_key),
		cmocka_unit_test(test_public_vector),
		cmocka_unit_test(test_forged_handshakes),
		cmocka_unit_test(test_low_order_key_is_refused),
		cmocka_unit_test(test_transport_messages),
		cmocka_unit_test(test_libp2p_payload),
		cmocka_unit_test(test_bad_payloads),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
