/*
 * tests/vectors/mail.json, which another program made from SPEC.md's text:
 * sealing, signatures, messages, and a whole conversation byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "proto/base/text.h"
#include "proto/mail/conversation.h"

#define HEX_MAX 8192

static json_t *vectors;
static uint8_t arena_bytes[VALUE_ARENA_BYTES];
static uint8_t scratch[CONVERSATION_SCRATCH];

struct bytes {
	uint8_t p[HEX_MAX];
	size_t n;
};

static struct slice
read_hex(const json_t *o, const char *key, struct bytes *out)
{
	const json_t *text = key == NULL ? o : json_object_get(o, key);
	struct buf b = { out->p, 0, sizeof(out->p) };

	assert_true(json_is_string(text));
	assert_int_equal(hex_get(slice_str(json_string_value(text)), &b), OK);
	out->n = b.n;
	return buf_slice(&b);
}

static const char *
string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void
same(const void *got, size_t n, const json_t *o, const char *key)
{
	static struct bytes want;
	const struct slice s = read_hex(o, key, &want);

	if (s.n != n || memcmp(got, s.p, n) != 0)
		fail_msg("%s differs", key);
}

static void
test_sealing(void **state)
{
	static struct bytes secret, to, e, root, context, plain, sealed;
	static uint8_t out[HEX_MAX], back[HEX_MAX];
	const json_t *c;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(vectors, "sealing"), i, c)
	{
		uint8_t next[SEALING_ROOT], again[SEALING_ROOT];
		(void)read_hex(c, "secret", &secret);
		(void)read_hex(c, "to", &to);
		(void)read_hex(c, "e", &e);
		(void)read_hex(c, "root", &root);
		(void)read_hex(c, "context", &context);
		(void)read_hex(c, "plain", &plain);
		(void)read_hex(c, "sealed", &sealed);
		const struct crypto_part ad = { context.p, context.n };
		assert_true(sealing_seal(
		    out, plain.p, plain.n, ad, to.p, root.p, e.p, next));
		same(out, plain.n + SEALING_OVERHEAD, c, "sealed");
		same(next, sizeof(next), c, "next");
		assert_true(sealing_open(back, sealed.p, sealed.n, ad, secret.p,
		    to.p, root.p, again));
		assert_memory_equal(back, plain.p, plain.n);
		assert_memory_equal(again, next, sizeof(next));
	}
	assert_int_equal(i, 4);
}

/* Each byte counts, and a failure leaves nothing behind. */
static void
test_sealing_refuses(void **state)
{
	static struct bytes secret, to, e, root, context, plain, sealed, low;
	static uint8_t out[HEX_MAX], zeros[HEX_MAX];
	const json_t *c =
	    json_array_get(json_object_get(vectors, "sealing"), 2);
	const json_t *key;
	uint8_t next[SEALING_ROOT];
	size_t i;

	(void)state;
	(void)read_hex(c, "secret", &secret);
	(void)read_hex(c, "to", &to);
	(void)read_hex(c, "e", &e);
	(void)read_hex(c, "root", &root);
	(void)read_hex(c, "context", &context);
	(void)read_hex(c, "plain", &plain);
	(void)read_hex(c, "sealed", &sealed);
	struct {
		uint8_t *p;
		size_t n;
	} parts[] = { { sealed.p, sealed.n }, { root.p, 32 },
		{ context.p, context.n }, { to.p, 32 } };
	const struct crypto_part ad = { context.p, context.n };
	for (i = 0; i < ARRAY_LEN(parts); i++)
		for (size_t at = 0; at < parts[i].n; at++) {
			/* RFC 7748: the top bit of a key is not looked at, but
			 * the hash takes it in. */
			parts[i].p[at] ^= 0x80;
			memset(out, 1, plain.n);
			memset(next, 1, sizeof(next));
			assert_false(sealing_open(out, sealed.p, sealed.n, ad,
			    secret.p, to.p, root.p, next));
			assert_memory_equal(out, zeros, plain.n);
			assert_memory_equal(next, zeros, sizeof(next));
			parts[i].p[at] ^= 0x80;
		}
	for (size_t n = 0; n < sealed.n; n++)
		assert_false(sealing_open(
		    out, sealed.p, n, ad, secret.p, to.p, root.p, next));
	assert_true(sealing_open(
	    out, sealed.p, sealed.n, ad, secret.p, to.p, root.p, NULL));
	json_array_foreach(json_object_get(vectors, "low_order"), i, key)
	{
		(void)read_hex(key, NULL, &low);
		memset(out, 1, sizeof(out));
		memset(next, 1, sizeof(next));
		assert_false(sealing_seal(
		    out, plain.p, plain.n, ad, low.p, NULL, e.p, next));
		assert_memory_equal(out, zeros, plain.n + SEALING_OVERHEAD);
		assert_memory_equal(next, zeros, sizeof(next));
		memcpy(sealed.p, low.p, 32);
		assert_false(sealing_open(
		    out, sealed.p, sealed.n, ad, secret.p, to.p, root.p, next));
		memset(next, 1, sizeof(next));
		assert_false(
		    sealing_session(next, secret.p, low.p, root.p, to.p, e.p));
		assert_memory_equal(next, zeros, sizeof(next));
	}
	assert_int_equal(i, 5);
}

static bool
sign_with(void *ctx, const uint8_t *m, size_t n, uint8_t sig[ED25519_SIG])
{
	ed25519_sign(sig, m, n, ctx);
	return true;
}

static void
test_signatures(void **state)
{
	static struct bytes a, b, c, d, e;
	const json_t *o = json_object_get(vectors, "signatures");
	const struct slice net = slice_str(string(o, "net"));
	const uint32_t hour =
	    (uint32_t)json_integer_value(json_object_get(o, "not_after"));
	uint8_t secret[ED25519_SECRET], sig[ED25519_SIG];
	struct mail_signer s = { .sign = sign_with, .ctx = secret };

	(void)state;
	(void)read_hex(o, "seed", &a);
	ed25519_keypair(s.pub, secret, a.p);
	(void)read_hex(o, "author", &a);
	assert_int_equal(certificate_sign(&s, net, a.p, hour, sig), OK);
	same(sig, sizeof(sig), o, "certificate");
	assert_true(certificate_check(s.pub, net, a.p, hour, sig));
	assert_false(certificate_check(s.pub, net, a.p, hour + 1, sig));
	assert_false(
	    certificate_check(s.pub, slice_str("test-mai"), a.p, hour, sig));

	(void)read_hex(o, "conversation", &b);
	(void)read_hex(o, "to", &c);
	(void)read_hex(o, "key", &d);
	const struct slice terms = read_hex(o, "terms", &e);
	struct offer_bound bound = { net, b.p, c.p, d.p, terms };
	assert_int_equal(offer_sign(&s, &bound, sig), OK);
	same(sig, sizeof(sig), o, "offer");
	assert_true(offer_check(s.pub, &bound, sig));
	/* An offer to somebody else, to another key, or of something else. */
	bound.to = d.p;
	assert_false(offer_check(s.pub, &bound, sig));
	bound.to = c.p;
	bound.to_key = c.p;
	assert_false(offer_check(s.pub, &bound, sig));
	bound.to_key = d.p;
	bound.terms.n--;
	assert_false(offer_check(s.pub, &bound, sig));

	struct voucher v = { .until_h = hour };
	(void)read_hex(o, "company", &a);
	(void)read_hex(o, "token", &b);
	memcpy(v.token, b.p, sizeof(v.token));
	assert_int_equal(voucher_sign(&s, net, a.p, &v), OK);
	same(v.sig, sizeof(v.sig), o, "voucher");
	assert_true(voucher_check(net, a.p, hour - 1, &v));
	assert_false(voucher_check(net, a.p, hour, &v));
	assert_false(voucher_check(net, a.p, hour - VOUCHER_HOURS - 1, &v));
	assert_false(voucher_check(net, c.p, hour - 1, &v));

	o = json_object_get(vectors, "session");
	(void)read_hex(o, "secret", &a);
	(void)read_hex(o, "peer", &b);
	(void)read_hex(o, "root", &c);
	(void)read_hex(o, "first", &d);
	(void)read_hex(o, "second", &e);
	assert_true(sealing_session(sig, a.p, b.p, c.p, d.p, e.p));
	same(sig, SEALING_ROOT, o, "out");
	size_t i;
	json_array_foreach(json_object_get(vectors, "commitments"), i, o)
	{
		uint8_t out[MAIL_COMMITMENT];
		(void)read_hex(o, "conversation", &a);
		(void)read_hex(o, "salt", &b);
		identity_commit(out, a.p,
		    json_integer_value(json_object_get(o, "side")) == 1, b.p,
		    read_hex(o, "identity", &c));
		same(out, sizeof(out), o, "out");
	}
}

static void
test_messages(void **state)
{
	static struct bytes bytes;
	static uint8_t again[ENVELOPE_MESSAGE_MAX];
	const json_t *c;
	size_t i;
	unsigned fine = 0;

	(void)state;
	json_array_foreach(json_object_get(vectors, "messages"), i, c)
	{
		struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
		struct buf out = { again, 0, sizeof(again) };
		struct message m;
		const struct slice in = read_hex(c, "bytes", &bytes);
		const err e = message_read(in, &arena, &m);
		const char *got = e == OK             ? "fine"
				  : e == ERR_NOTFOUND ? "unknown"
						      : "malformed";
		if (strcmp(got, string(c, "outcome")) != 0)
			fail_msg("%s: %s", string(c, "name"), got);
		if (e != OK)
			continue;
		fine++;
		if (strcmp(string(c, "name"), "an odd key more") == 0)
			continue; /* we do not write what we skip */
		arena_reset(&arena);
		assert_int_equal(message_write(&m, &arena, &out), OK);
		assert_true(slice_eq(buf_slice(&out), in));
		/* Cut anywhere it is no message. */
		for (size_t n = 0; n < in.n; n += 1 + in.n / 64) {
			arena_reset(&arena);
			assert_int_equal(
			    message_read(slice_of(in.p, n), &arena, &m),
			    ERR_FORM);
		}
	}
	assert_true(fine >= 14 && i > 30);
}

/* ---- the exchange ---- */

struct end {
	struct conversation c;
	uint8_t secret[ED25519_SECRET];
	struct mail_signer signer;
	struct envelope_key stranger;
	struct conversation_actions out;
};

static enum conversation_event_type
event_of(const char *name)
{
	static const struct {
		const char *name;
		enum conversation_event_type type;
	} events[] = { { "offer", CONVERSATION_OWN_OFFER },
		{ "interest", CONVERSATION_OWN_INTEREST },
		{ "text", CONVERSATION_OWN_TEXT },
		{ "commit", CONVERSATION_OWN_COMMIT },
		{ "open", CONVERSATION_OWN_OPEN },
		{ "document", CONVERSATION_OWN_DOCUMENT },
		{ "withdraw", CONVERSATION_OWN_WITHDRAW } };

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (strcmp(events[i].name, name) == 0)
			return events[i].type;
	fail_msg("no event %s", name);
	return CONVERSATION_TIME;
}

static enum mail_outcome
step(struct end *s, const struct conversation_event *e, uint64_t hour)
{
	struct arena arena = arena_of(scratch, sizeof(scratch));

	return conversation_step(&s->c, e, hour * 3600 + 7, &arena, &s->out);
}

static void
deliver(struct end *s, const struct conversation_action *a, uint64_t hour,
    const json_t *vector)
{
	static uint8_t plain[ENVELOPE_PLAIN_MAX];
	struct envelope_key keys[CONVERSATION_RECEIVE_KEYS + 1];
	struct envelope_opened opened;
	size_t n = conversation_keys(&s->c, 0, keys);

	if (!s->c.company)
		keys[n++] = s->stranger;
	assert_int_equal(envelope_open(a->sealed, slice_str(s->c.net),
			     a->author, keys, n, plain, &opened),
	    OK);
	same(opened.message.p, opened.message.n, vector, "message");
	const struct conversation_event e = { .type = CONVERSATION_RECEIVE,
		.opened = &opened };
	assert_int_equal(step(s, &e, hour), MAIL_FINE);
	const struct conversation_event seen = { .type =
						     CONVERSATION_OWN_SEEN };
	if (s->c.state == CONVERSATION_OFFERED && !s->c.company)
		assert_int_equal(step(s, &seen, hour), MAIL_FINE);
}

static void
test_exchange(void **state)
{
	static struct end ends[2]; /* person, company */
	static struct bytes a, terms, data;
	static struct conversation_random random;
	const json_t *o = json_object_get(vectors, "exchange");
	const struct slice net = slice_str(string(o, "net"));
	const uint64_t hour =
	    (uint64_t)json_integer_value(json_object_get(o, "hour"));
	const json_t *v;
	size_t i;

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct end *s = &ends[k];
		s->signer =
		    (struct mail_signer){ .sign = sign_with, .ctx = s->secret };
		(void)read_hex(o, k == 1 ? "company_seed" : "person_seed", &a);
		ed25519_keypair(s->signer.pub, s->secret, a.p);
		(void)read_hex(o, "stamp", &a);
		memcpy(s->signer.stamp, a.p, 8);
		(void)read_hex(o, "intro_secret", &a);
		memcpy(s->stranger.secret, a.p, X25519_SIZE);
		x25519_public(s->stranger.pub, a.p);
		conversation_init(&s->c, net, k == 1, s->signer.pub, hour);
	}
	(void)read_hex(o, "terms", &terms);
	json_array_foreach(json_object_get(o, "steps"), i, v)
	{
		const unsigned by = strcmp(string(v, "side"), "company") == 0;
		struct end *s = &ends[by], *other = &ends[1 - by];
		(void)read_hex(v, "random", &a);
		assert_int_equal(a.n, sizeof(random));
		memcpy(&random, a.p, sizeof(random));
		const struct conversation_event e = {
			.type = event_of(string(v, "event")),
			.random = &random,
			.signer = &s->signer,
			.text = slice_str(string(v, "text")),
			.data = read_hex(v, "data", &data),
			.terms = slice_of(terms.p, terms.n),
			.peer = other->signer.pub,
			.key = other->stranger.pub,
			.document = MAIL_AGREEMENT,
		};
		assert_int_equal(step(s, &e, hour), MAIL_FINE);
		struct conversation_action *send = &s->out.list[0];
		assert_int_equal(send->type, CONVERSATION_SEND);
		same(send->author, RECORD_AUTHOR, v, "author");
		same(send->sealed.p, send->sealed.n, v, "sealed");
		if (by == 0)
			same(send->stamp, sizeof(send->stamp), v, "stamp");
		if (i == 6) { /* both roots, while they are there */
			same(s->c.root[0], SEALING_ROOT, o, "s0");
			same(s->c.root[1], SEALING_ROOT, o, "s1");
		}
		deliver(other, send, hour, v);
	}
	assert_int_equal(i, 10);
	assert_int_equal(ends[1].c.state, CONVERSATION_WITHDRAWN);
	assert_int_equal(ends[0].c.state, CONVERSATION_WITHDRAWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealing),
		cmocka_unit_test(test_sealing_refuses),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_exchange),
	};

	if (!crypto_init())
		return 1;
	vectors =
	    json_load_file(OHCN_SOURCE_DIR "/tests/vectors/mail.json", 0, NULL);
	if (vectors == NULL)
		return 1;
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(vectors);
	return failed;
}
