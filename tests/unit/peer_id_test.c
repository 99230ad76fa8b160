#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "crypto/crypto.h"
#include "proto/base/text.h"
#include "proto/libp2p/keys.h"
#include "proto/libp2p/peer_id.h"

static const char *
field(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	if (s == NULL)
		fail_msg("the vector has no %s", name);
	return s;
}

static struct slice
unhex(const json_t *object, const char *name, struct buf *b)
{
	b->n = 0;
	assert_int_equal(hex_get(slice_str(field(object, name)), b), OK);
	return buf_slice(b);
}

static json_t *
load(void)
{
	json_error_t error;
	json_t *root = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/peer_keys.json", 0, &error);

	if (root == NULL)
		fail_msg("%s", error.text);
	return root;
}

static void
test_ids_of_the_specification(void **state)
{
	json_t *root = load();
	const json_t *ids = json_object_get(root, "ids");

	(void)state;
	assert_int_equal(json_array_size(ids), 4);
	for (size_t i = 0; i < json_array_size(ids); i++) {
		const json_t *v = json_array_get(ids, i);
		uint8_t key_room[PEER_KEY_MAX], id_room[64], pub[32];
		struct buf key_buf = { key_room, 0, sizeof(key_room) };
		struct buf id_buf = { id_room, 0, sizeof(id_room) };
		const struct slice key = unhex(v, "key", &key_buf);
		const struct slice want = unhex(v, "id", &id_buf);
		char text[PEER_ID_TEXT_MAX];
		struct peer_id id, again;

		assert_int_equal(peer_id_of_key(key, &id), OK);
		assert_true(slice_eq(peer_id_slice(&id), want));
		peer_id_put(text, &id);
		assert_string_equal(text, field(v, "text"));
		assert_int_equal(peer_id_get(slice_str(text), &again), OK);
		assert_true(peer_id_eq(&id, &again));
		assert_int_equal(
		    peer_id_get(slice_str(field(v, "cid")), &again), OK);
		assert_true(peer_id_eq(&id, &again));
		assert_int_equal(peer_id_parse(want, &again), OK);
		assert_true(peer_id_eq(&id, &again));

		const bool ed = strcmp(field(v, "name"), "ed25519") == 0;
		assert_int_equal(peer_id_ed25519(&id, pub), ed);
		if (ed) {
			assert_memory_equal(pub, key.p + 4, 32);
			const struct peer_id of = peer_id_of_ed25519(pub);
			assert_true(peer_id_eq(&of, &id));
		}
	}
	json_decref(root);
}

static void
test_foreign_signatures(void **state)
{
	json_t *root = load();
	const json_t *list = json_object_get(root, "signatures");
	uint8_t message_room[64];
	struct buf mb = { message_room, 0, sizeof(message_room) };
	const struct slice message = unhex(root, "message", &mb);

	(void)state;
	assert_int_equal(json_array_size(list), 14);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		uint8_t key_room[PEER_KEY_MAX], sig_room[512];
		struct buf key_buf = { key_room, 0, sizeof(key_room) };
		struct buf sig_buf = { sig_room, 0, sizeof(sig_room) };
		const struct slice key = unhex(v, "key", &key_buf);
		const struct slice sig = unhex(v, "sig", &sig_buf);
		const err e = peer_key_verify(key, message, sig);

		if (strcmp(err_name(e), field(v, "verdict")) != 0)
			fail_msg("%s: %s", field(v, "name"), err_name(e));
		if (e != OK)
			continue;
		message_room[3] ^= 1;
		assert_int_equal(peer_key_verify(key, message, sig), ERR_AUTH);
		message_room[3] ^= 1;
		sig_room[sig.n - 1] ^= 1;
		assert_int_equal(peer_key_verify(key, message, sig), ERR_AUTH);
	}
	json_decref(root);
}

static void
test_ed25519_signatures(void **state)
{
	static const uint8_t seed[ED25519_SEED] = { 7 };
	const struct slice message = slice_str("hello");
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET], sig[ED25519_SIG];
	uint8_t room[PEER_KEY_ED25519_SIZE];
	struct buf key = { room, 0, sizeof(room) };

	(void)state;
	ed25519_keypair(pub, secret, seed);
	ed25519_sign(sig, message.p, message.n, secret);
	assert_int_equal(peer_key_put_ed25519(&key, pub), OK);
	assert_int_equal(key.n, PEER_KEY_ED25519_SIZE);
	assert_int_equal(peer_key_put_ed25519(&key, pub), ERR_MORE);
	const struct slice k = buf_slice(&key);
	assert_int_equal(
	    peer_key_verify(k, message, slice_of(sig, sizeof(sig))), OK);
	assert_int_equal(
	    peer_key_verify(k, message, slice_of(sig, 63)), ERR_AUTH);
	assert_int_equal(
	    peer_key_verify(k, slice_str("hallo"), slice_of(sig, sizeof(sig))),
	    ERR_AUTH);
}

static void
test_malformed_keys(void **state)
{
#define KEY32 "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
	static const struct {
		const char *name, *hex;
	} cases[] = {
		{ "empty", "" },
		{ "no data", "0801" },
		{ "no type", "1220" KEY32 },
		{ "fields in the other order", "1220" KEY32 "0801" },
		{ "type twice", "080108011220" KEY32 },
		{ "type not minimal", "0881001220" KEY32 },
		{ "length not minimal", "080112a000" KEY32 },
		{ "an unknown field", "08011220" KEY32 "1800" },
		{ "cut short", "08011221" KEY32 },
		{ "ed25519 of 31 bytes", "0801121f"
					 "d1e8fae2c4a144b8be8fd4b47bf3d3b34b871"
					 "c3cacf6010f0e42d474fce2"
					 "7e" },
		{ "not a protobuf", "ffffffffff" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t room[64];
		struct buf b = { room, 0, sizeof(room) };
		struct peer_id id;
		assert_int_equal(hex_get(slice_str(cases[i].hex), &b), OK);
		if (peer_id_of_key(buf_slice(&b), &id) != ERR_PEER)
			fail_msg("%s is accepted", cases[i].name);
	}
}

static void
test_malformed_ids(void **state)
{
	static const char *const hex[] = { "", "00", "0000", "000201",
		"00020102ff", "1220",
		"1221"
		"00000000000000000000000000000000"
		"0000000000000000000000000000000000",
		"1320"
		"0000000000000000000000000000000000000000000000000000000000000"
		"000",
		"800001" };
	static const char *const text[] = { "", "1", "Qm", "12D3KooW",
		"12D3KooW0", "QmInvalid", "bafzaa", "b",
		"b=", "zQmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
		"qmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hex); i++) {
		uint8_t room[64];
		struct buf b = { room, 0, sizeof(room) };
		struct peer_id id;
		assert_int_equal(hex_get(slice_str(hex[i]), &b), OK);
		if (peer_id_parse(buf_slice(&b), &id) != ERR_FORM)
			fail_msg("%s is accepted", hex[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		struct peer_id id;
		if (peer_id_get(slice_str(text[i]), &id) != ERR_FORM)
			fail_msg("%s is accepted", text[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_of_the_specification),
		cmocka_unit_test(test_foreign_signatures),
		cmocka_unit_test(test_ed25519_signatures),
		cmocka_unit_test(test_malformed_keys),
		cmocka_unit_test(test_malformed_ids),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
