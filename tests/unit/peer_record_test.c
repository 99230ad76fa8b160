/*
 * Signed envelopes and peer records, against records that js-libp2p made; and
 * peers with each of the four kinds of keys, in records and in handshakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "crypto/crypto.h"
#include "proto/base/text.h"
#include "proto/libp2p/multiaddr.h"
#include "proto/libp2p/peer_record.h"
#include "tests/unit/raw_peer.h"

#define SEQ 1790000000000

static const char *const addrs[] = { "/ip4/203.0.113.7/tcp/4001",
	"/ip6/2001:db8::7/tcp/4001/ws" };

static json_t *
vectors(const char *name)
{
	json_error_t error;
	json_t *root = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/peer_records.json", 0, &error);
	json_t *list = json_incref(json_object_get(root, name));

	assert_true(json_array_size(list) >= 3);
	json_decref(root);
	return list;
}

static struct slice
unhex(const json_t *o, const char *name, uint8_t *room, size_t cap)
{
	const char *s = json_string_value(json_object_get(o, name));
	struct buf b = { room, 0, cap };

	if (s == NULL || hex_get(slice_str(s), &b) != OK)
		fail_msg("the vector has no %s", name);
	return buf_slice(&b);
}

static void
check_record(const struct peer_record *r)
{
	assert_true(r->seq == SEQ);
	assert_int_equal(r->addrs_n, 2);
	for (unsigned i = 0; i < 2; i++) {
		char text[256];
		assert_int_equal(
		    multiaddr_put(text, sizeof(text), r->addrs[i]), OK);
		assert_string_equal(text, addrs[i]);
	}
}

/* Each byte of an envelope counts. */
static void
check_forgeries(struct slice envelope)
{
	static uint8_t room[ENVELOPE_ROOM], bytes[ENVELOPE_MAX];
	struct peer_record r;

	for (size_t i = 0; i < envelope.n; i++) {
		memcpy(bytes, envelope.p, envelope.n);
		bytes[i] ^= 0x20;
		const err e =
		    peer_record_open(slice_of(bytes, envelope.n), room, &r);
		if (e == OK)
			fail_msg("byte %zu does not count", i);
		assert_true(e == ERR_AUTH || e == ERR_PEER ||
			    e == ERR_NOTFOUND || e == ERR_LIMIT);
		assert_true(
		    peer_record_open(slice_of(envelope.p, i), room, &r) != OK);
	}
}

static void
test_records_of_js(void **state)
{
	json_t *list = vectors("js"), *v;
	static uint8_t room[ENVELOPE_ROOM];
	uint8_t raw[ENVELOPE_MAX];
	size_t i;

	(void)state;
	json_array_foreach(list, i, v)
	{
		const struct slice in = unhex(v, "envelope", raw, sizeof(raw));
		struct peer_record r;
		struct peer_id id;
		assert_int_equal(peer_record_open(in, room, &r), OK);
		assert_int_equal(peer_id_get(slice_str(json_string_value(
						 json_object_get(v, "id"))),
				     &id),
		    OK);
		assert_true(peer_id_eq(&r.id, &id));
		check_record(&r);
		check_forgeries(in);
	}
	json_decref(list);
}

/* Ours are js's to the byte. */
static void
test_seal_as_js(void **state)
{
	json_t *list = vectors("js");
	uint8_t seed[ED25519_SEED], pub[32], secret[ED25519_SECRET];
	uint8_t raw[2][64], want_raw[ENVELOPE_MAX], got_raw[ENVELOPE_MAX];
	struct buf got = { got_raw, 0, sizeof(got_raw) };
	struct slice list_of[2];

	(void)state;
	memset(seed, 7, sizeof(seed));
	ed25519_keypair(pub, secret, seed);
	for (unsigned i = 0; i < 2; i++) {
		struct buf b = { raw[i], 0, sizeof(raw[i]) };
		assert_int_equal(multiaddr_get(slice_str(addrs[i]), &b), OK);
		list_of[i] = buf_slice(&b);
	}
	const struct slice want = unhex(
	    json_array_get(list, 0), "envelope", want_raw, sizeof(want_raw));
	assert_int_equal(peer_record_seal(&got, secret, SEQ, list_of, 2), OK);
	assert_true(slice_eq(buf_slice(&got), want));
	json_decref(list);
}

static void
test_foreign_records(void **state)
{
	json_t *list = vectors("foreign"), *v;
	static uint8_t room[ENVELOPE_ROOM];
	uint8_t raw[ENVELOPE_MAX], id[64];
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(list), 4);
	json_array_foreach(list, i, v)
	{
		const struct slice in = unhex(v, "envelope", raw, sizeof(raw));
		struct peer_record r;
		assert_int_equal(peer_record_open(in, room, &r), OK);
		assert_true(slice_eq(
		    peer_id_slice(&r.id), unhex(v, "id", id, sizeof(id))));
		check_record(&r);
		check_forgeries(in);
	}
	json_decref(list);
}

static void
put_field(struct buf *b, uint8_t tag, struct slice s)
{
	uint8_t head[] = { tag, (uint8_t)(s.n & 0x7f), (uint8_t)(s.n >> 7) };

	if (s.n > 0x7f)
		head[1] |= 0x80;
	assert_true(s.n < 16384);
	assert_int_equal(buf_put(b, head, s.n > 0x7f ? 3 : 2), OK);
	assert_int_equal(buf_put(b, s.p, s.n), OK);
}

/* A peer with such a key shakes hands, on either side. */
static void
test_foreign_handshakes(void **state)
{
	json_t *list = vectors("foreign"), *v;
	static struct raw_peer p;
	size_t i;

	(void)state;
	for (unsigned turn = 0; turn < 2; turn++)
		json_array_foreach(list, i, v)
		{
			uint8_t payload[1024], key[512], sig[512], id[64];
			uint8_t ours[ED25519_SECRET], pub[32], seed[32] = { 1 };
			uint8_t static_key[32], once[32] = { 9 };
			struct buf b = { payload, 0, sizeof(payload) };
			struct test_env t;
			test_env_init(&t, 1 + i);
			ed25519_keypair(pub, ours, seed);
			const struct conn_config cf = { .env = &t.env,
				.secret = ours,
				.limits = conn_limits_default() };
			put_field(&b, 0x0a, unhex(v, "key", key, sizeof(key)));
			put_field(
			    &b, 0x12, unhex(v, "noise_sig", sig, sizeof(sig)));
			raw_peer_init(&p, &t, turn == 0, ours);
			memset(static_key, 0x42, sizeof(static_key));
			noise_handshake_init(&p.hs, turn == 0,
			    slice_of(NULL, 0), static_key, once);
			p.payload = buf_slice(&b);
			assert_int_equal(
			    peer_id_parse(
				unhex(v, "id", id, sizeof(id)), &p.id),
			    OK);
			struct conn *c =
			    conn_new(&cf, &t.mem, turn == 1, &p.id, t.now_ms);
			assert_non_null(c);
			raw_peer_handshake(&p, c, &t);
			assert_true(peer_id_eq(conn_peer(c), &p.id));
			conn_free(c);
			test_env_check(&t);
		}
	json_decref(list);
}

/* Another domain, another type, another peer's id inside, too long. */
static void
test_refused(void **state)
{
	static const uint8_t type[] = { 3, 1 }, other[] = { 3, 2 };
	static uint8_t room[ENVELOPE_ROOM], big[ENVELOPE_MAX + 1];
	uint8_t seed[ED25519_SEED] = { 5 }, pub[32], secret[ED25519_SECRET];
	uint8_t raw[1024];
	struct buf b = { raw, 0, sizeof(raw) };
	const struct slice t = slice_of(type, 2);
	struct peer_record r;
	struct envelope e;

	(void)state;
	ed25519_keypair(pub, secret, seed);
	assert_int_equal(
	    signed_envelope_seal(&b, secret, "a-domain", t, slice_str("hello")),
	    OK);
	assert_int_equal(
	    signed_envelope_open(buf_slice(&b), "a-domain", t, room, &e), OK);
	assert_true(slice_eq_str(e.payload, "hello"));
	const struct peer_id me = peer_id_of_ed25519(pub);
	assert_true(peer_id_eq(&e.signer, &me));
	assert_int_equal(
	    signed_envelope_open(buf_slice(&b), "b-domain", t, room, &e),
	    ERR_AUTH);
	assert_int_equal(signed_envelope_open(buf_slice(&b), "a-domain",
			     slice_of(other, 2), room, &e),
	    ERR_PEER);
	assert_int_equal(peer_record_open(buf_slice(&b), room, &r), ERR_AUTH);
	assert_int_equal(signed_envelope_open(slice_of(big, sizeof(big)),
			     "a-domain", t, room, &e),
	    ERR_LIMIT);
	assert_int_equal(signed_envelope_seal(&b, secret, "a", t,
			     slice_of(big, ENVELOPE_PAYLOAD_MAX + 1)),
	    ERR_LIMIT);

	/* Signed by us, and about somebody else. */
	uint8_t payload[64] = { 0x0a, 38, 0, 0x24, 8, 1, 0x12, 0x20 };
	payload[40] = 0x10; /* seq */
	payload[41] = 1;
	b.n = 0;
	assert_int_equal(signed_envelope_seal(&b, secret, "libp2p-peer-record",
			     t, slice_of(payload, 42)),
	    OK);
	assert_int_equal(peer_record_open(buf_slice(&b), room, &r), ERR_AUTH);
	memcpy(payload + 2, me.bytes, me.n);
	b.n = 0;
	assert_int_equal(signed_envelope_seal(&b, secret, "libp2p-peer-record",
			     t, slice_of(payload, 42)),
	    OK);
	assert_int_equal(peer_record_open(buf_slice(&b), room, &r), OK);
	assert_true(r.seq == 1 && r.addrs_n == 0);
	/* No number, no id: none. */
	b.n = 0;
	assert_int_equal(signed_envelope_seal(&b, secret, "libp2p-peer-record",
			     t, slice_of(payload, 40)),
	    OK);
	assert_int_equal(peer_record_open(buf_slice(&b), room, &r), ERR_PEER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_of_js),
		cmocka_unit_test(test_seal_as_js),
		cmocka_unit_test(test_foreign_records),
		cmocka_unit_test(test_foreign_handshakes),
		cmocka_unit_test(test_refused),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
