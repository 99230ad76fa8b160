/*
 * make_vectors: writes tests/vectors/{records,names,keys,stamps,winners}.json
 * from the tables of vector_cases.h. Run by hand when the standard grows:
 *
 *   tool_make_vectors tests/vectors
 *
 * It packs bytes by itself and takes from the code under test only hashes,
 * keys and text forms; tests/unit/vectors_test.c includes this file, checks
 * that what is committed is what it makes, and judges every case.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/keys.h"
#include "crypto/stamp.h"
#include "proto/base/base.h"
#include "proto/base/text.h"
#include "proto/record/names.h"
#include "proto/record/record.h"
#include "tests/tool/vector_cases.h"

#define BYTES_MAX 20000

/* What the notation of a case may refer to. */
struct parts {
	struct slice body, sig;
};

/* A header of msgpack: the first bytes of the three or four forms. */
static void
put_head(struct buf *out, uint64_t n, int fix, unsigned fix_max, int first8,
    int first16)
{
	uint8_t raw[9] = { 0 };
	size_t len = 1;

	if (n <= fix_max && fix >= 0) {
		raw[0] = (uint8_t)((unsigned)fix | n);
	} else if (n <= 0xff && first8 >= 0) {
		raw[0] = (uint8_t)first8;
		raw[1] = (uint8_t)n;
		len = 2;
	} else if (n <= 0xffff) {
		raw[0] = (uint8_t)first16;
		put_u16be(raw + 1, (uint16_t)n);
		len = 3;
	} else if (n <= 0xffffffff) {
		raw[0] = (uint8_t)(first16 + 1);
		put_u32be(raw + 1, (uint32_t)n);
		len = 5;
	} else {
		raw[0] = (uint8_t)(first16 + 2);
		put_u64be(raw + 1, n);
		len = 9;
	}
	ASSERT(buf_put(out, raw, len) == OK);
}

static void
put_bin(struct buf *out, struct slice s)
{
	put_head(out, s.n, -1, 0, 0xc4, 0xc5);
	ASSERT(buf_put(out, s.p, s.n) == OK);
}

static void
put_str(struct buf *out, struct slice s)
{
	put_head(out, s.n, 0xa0, 31, 0xd9, 0xda);
	ASSERT(buf_put(out, s.p, s.n) == OK);
}

static void
put_negative(struct buf *out, int64_t v)
{
	uint8_t raw[9];

	put_u64be(raw + 1, (uint64_t)v);
	if (v >= -32) {
		ASSERT(buf_put(out, raw + 8, 1) == OK);
		return;
	}
	const size_t n = v >= INT8_MIN    ? 1
			 : v >= INT16_MIN ? 2
			 : v >= INT32_MIN ? 4
					  : 8;
	ASSERT(buf_put_u8(out, n == 1   ? 0xd0
			       : n == 2 ? 0xd1
			       : n == 4 ? 0xd2
					: 0xd3) == OK);
	ASSERT(buf_put(out, raw + 9 - n, n) == OK);
}

/* The letters of h'..' and x'..'. */
static void
put_hex(const char **text, struct buf *out)
{
	const char *from = *text + 2, *to = strchr(from, '\'');

	ASSERT(to != NULL);
	ASSERT(hex_get(slice_of(from, (size_t)(to - from)), out) == OK);
	*text = to + 1;
}

static void
put_quoted(const char **text, struct buf *out)
{
	uint8_t raw[BYTES_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	const char c = **text;

	if (c == '"') {
		const char *to = strchr(*text + 1, '"');
		ASSERT(to != NULL);
		put_str(out, slice_of(*text + 1, (size_t)(to - *text - 1)));
		*text = to + 1;
	} else if (c == 'h') {
		put_hex(text, &b);
		put_bin(out, buf_slice(&b));
	} else {
		char *end = NULL;
		b.n = strtoul(*text + 1, &end, 10);
		ASSERT(end != *text + 1 && b.n <= sizeof(raw));
		memset(raw, c == '~' ? 'a' : 0, b.n);
		*text = end;
		if (c == '~')
			put_str(out, buf_slice(&b));
		else
			put_bin(out, buf_slice(&b));
	}
}

static void
put_word(const char **text, struct buf *out, const struct parts *parts)
{
	size_t n = strspn(*text, "abcdefghijklmnopqrstuvwxyz");

	switch (**text) {
	case 'B':
		put_bin(out, parts->body);
		n = 1;
		break;
	case 'L': /* one size up from what put_bin() takes */
		ASSERT(parts->body.n <= 0xff);
		ASSERT(buf_put(out, "\xc5\0", 2) == OK);
		ASSERT(buf_put_u8(out, (uint8_t)parts->body.n) == OK);
		ASSERT(buf_put(out, parts->body.p, parts->body.n) == OK);
		n = 1;
		break;
	case 'S':
		put_bin(out, parts->sig);
		n = 1;
		break;
	case 'T':
		ASSERT(buf_put(out, "\xc5\0\x40", 3) == OK);
		ASSERT(buf_put(out, parts->sig.p, parts->sig.n) == OK);
		n = 1;
		break;
	default:
		if (n == 4 && memcmp(*text, "true", 4) == 0) {
			ASSERT(buf_put_u8(out, 0xc3) == OK);
		} else if (n == 5 && memcmp(*text, "false", 5) == 0) {
			ASSERT(buf_put_u8(out, 0xc2) == OK);
		} else {
			const uint32_t code = language_code(slice_of(*text, n));
			ASSERT(code != 0);
			put_head(out, code, 0, 0x7f, 0xcc, 0xcd);
		}
	}
	*text += n;
}

/* One value in the notation of vector_cases.h; how many values it stands
 * for: more than one with a repetition. */
static size_t
put_value(const char **text, struct buf *out, const struct parts *parts)
{
	const char c = **text;
	char *end = NULL;

	if (c == '[' || c == '{') {
		uint8_t *raw = malloc(BYTES_MAX);
		ASSERT(raw != NULL);
		struct buf b = { raw, 0, BYTES_MAX };
		(*text)++;
		/* The items come first, since the header has their number. */
		size_t n = 0;
		const char close = c == '[' ? ']' : '}';
		while (true) {
			*text += strspn(*text, " ,:");
			ASSERT(**text != 0);
			if (**text == close)
				break;
			n += put_value(text, &b, parts);
		}
		(*text)++;
		if (c == '[')
			put_head(out, n, 0x90, 15, -1, 0xdc);
		else
			put_head(out, n / 2, 0x80, 15, -1, 0xde);
		ASSERT(buf_put(out, raw, b.n) == OK);
		free(raw);
		return 1;
	}
	if (c == 'x' && (*text)[1] == '\'') {
		put_hex(text, out);
		return 1;
	}
	if (c == '"' || c == '~' || c == '#' ||
	    (c == 'h' && (*text)[1] == '\'')) {
		put_quoted(text, out);
		return 1;
	}
	if (c == '-') {
		const long long v = strtoll(*text, &end, 10);
		put_negative(out, v);
		*text = end;
		return 1;
	}
	if (c < '0' || c > '9') {
		put_word(text, out, parts);
		return 1;
	}
	const unsigned long long v = strtoull(*text, &end, 10);
	*text = end;
	if (*end != '*') {
		put_head(out, v, 0, 0x7f, 0xcc, 0xcd);
		return 1;
	}
	const char *what = end + 1;
	for (unsigned long long i = 0; i < v; i++) {
		*text = what;
		ASSERT(put_value(text, out, parts) == 1);
	}
	return (size_t)v;
}

/* Values one after the other, up to the end of the text. */
static void
put_text(const char *text, struct buf *out, const struct parts *parts)
{
	text += strspn(text, " ,");
	while (*text != 0) {
		(void)put_value(&text, out, parts);
		text += strspn(text, " ,");
	}
}

struct author {
	uint8_t pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	uint8_t nonce[STAMP_NONCE];
};

static void
find_nonce(const char *net, const uint8_t *pub, uint8_t nonce[STAMP_NONCE])
{
	const struct slice s = slice_str(net);

	ASSERT(
	    stamp_search(s.p, s.n, pub, net_stamp_bits(s), 0, 1U << 20, nonce));
}

/* Author n signs with the Ed25519 seed u64be(n + 1) and 24 zero bytes. */
static struct author
author_of(unsigned n)
{
	struct author a;
	uint8_t seed[ED25519_SEED] = { 0 };

	put_u64be(seed, n + 1);
	ed25519_keypair(a.pub, a.secret, seed);
	find_nonce(VECTOR_NET, a.pub, a.nonce);
	return a;
}

static struct author
author_of_case(const struct vector_case *c)
{
	struct author a = author_of(c->author);
	struct buf key = { a.pub, 0, sizeof(a.pub) };

	if (c->key != NULL) {
		ASSERT(hex_get(slice_str(c->key), &key) == OK);
		find_nonce(VECTOR_NET, a.pub, a.nonce);
	}
	return a;
}

static uint32_t
kind_of(const struct vector_case *c)
{
	return c->kind == 0 ? 1 : c->kind;
}

static uint64_t
seq_of(const struct vector_case *c)
{
	return c->seq == 0 ? VECTOR_HOUR << 8 : c->seq;
}

static uint64_t
expires_of(const struct vector_case *c)
{
	const uint64_t hours = kind_of(c) == 12 ? 9600 : 24;

	return c->expires_h == 0 ? (seq_of(c) >> 8) + hours : c->expires_h;
}

/* domain 16, the net's length, the net. */
static size_t
signed_head(uint8_t *m, const char *domain, const char *net)
{
	const size_t n = strlen(net);

	memset(m, 0, 16);
	memcpy(m, domain, strlen(domain));
	m[16] = (uint8_t)n;
	memcpy(m + 17, net, n);
	return 17 + n;
}

static void
put_certificate(
    const struct vector_case *c, const struct author *a, struct buf *out)
{
	const struct author company = author_of(100), other = author_of(101);
	const enum stamp_way w = c->stamp;
	uint8_t raw[1 + 32 + 8 + 4 + 64 + 1] = { 3 };
	uint8_t m[128];
	uint32_t not_after = (uint32_t)expires_of(c);

	if (w == CERT_ENDS_EARLY || w == CERT_NOT_AFTER)
		not_after--;
	memcpy(raw + 1, company.pub, 32);
	memcpy(raw + 33, company.nonce, 8);
	if (w == CERT_NONCE_OF_AUTHOR)
		memcpy(raw + 33, a->nonce, 8);
	if (w == CERT_UNWORKED)
		raw[33] ^= 0x80;
	put_u32be(raw + 41, not_after);
	size_t n = signed_head(m,
	    w == CERT_OTHER_DOMAIN ? "ohcn-sig-v1" : "ohcn-cert-v1",
	    w == CERT_OTHER_NET ? "test-b" : VECTOR_NET);
	memcpy(m + n, w == CERT_FOR_OTHER ? other.pub : a->pub, 32);
	put_u32be(m + n + 32, not_after);
	n += 36;
	ed25519_sign(raw + 45, m, n,
	    w == CERT_OTHER_KEY ? other.secret : company.secret);
	if (w == CERT_FLIPPED)
		raw[45 + 40] ^= 1;
	if (w == CERT_NOT_AFTER)
		put_u32be(raw + 41, not_after + 1);
	put_bin(out, slice_of(raw, w == CERT_SHORT  ? 108
				   : w == CERT_LONG ? 110
						    : 109));
}

static void
put_stamp(const struct vector_case *c, const struct author *a, struct buf *out)
{
	const struct slice net = slice_str(VECTOR_NET);
	uint8_t raw[10] = { 1 };
	size_t n = 9;

	memcpy(raw + 1, a->nonce, 8);
	if (c->stamp >= CERT_RIGHT) {
		put_certificate(c, a, out);
		return;
	}
	switch ((int)c->stamp) {
	case STAMP_RIGHT:
		n = kind_of(c) == 12 ? 0 : 9;
		break;
	case STAMP_ABSENT:
		n = 0;
		break;
	case STAMP_OF_OTHER:
		memcpy(raw + 1, author_of(c->author + 1).nonce, 8);
		break;
	case STAMP_UNWORKED:
		do
			raw[8]++;
		while (stamp_check(
		    net.p, net.n, a->pub, raw + 1, net_stamp_bits(net)));
		break;
	case STAMP_SHORT:
		n = 8;
		break;
	case STAMP_LONG:
		n = 10;
		break;
	case STAMP_TYPE_2:
		raw[0] = 2;
		break;
	case STAMP_TYPE_0:
		raw[0] = 0;
		break;
	default:
		break;
	}
	put_bin(out, slice_of(raw, n));
}

static uint64_t
pv_of(const struct vector_case *c)
{
	return c->pv == PV_0 ? 0 : c->pv == 0 ? 1 : c->pv;
}

static const char *
small_payload(const struct vector_case *c)
{
	if ((c->flags & 1) != 0 || pv_of(c) != 1)
		return "{}";
	switch (kind_of(c)) {
	case 2:
		return "{" ORG "}";
	case 3:
		return "{" GIG "}";
	case 4:
		return "{" CLASS "}";
	case 5:
		return "{" TEST "}";
	case 6:
		return "{" WAY "}";
	case 7:
		return "{" GROUP "}";
	case 8:
		return "{" VOUCH "}";
	case 9:
		return "{0:[" ENTRY "] 2:" EN_A "}";
	case 10:
		return "{" TABLE "}";
	case 11:
		return "{0:#1024}";
	case 12:
		return "{0:1}";
	default:
		return "{}";
	}
}

/* The payload; ${fill} bytes as a bin under key 5 close it, if not 0. */
static void
put_payload(const struct vector_case *c, size_t fill, struct buf *out)
{
	const char *text = c->payload != NULL ? c->payload : small_payload(c);
	char longer[256];

	if (fill > 0) {
		const size_t n = strlen(text);
		ASSERT(c->payload == NULL && n < 200);
		(void)snprintf(longer, sizeof(longer), "%.*s 5:#%zu}",
		    (int)n - 1, text, fill);
		text = longer;
	}
	put_text(text, out, NULL);
}

static void
put_field(const struct vector_case *c, const struct author *a, unsigned i,
    size_t fill, struct buf *out)
{
	const uint64_t numbers[12] = { [0] = 1,
		[2] = kind_of(c),
		[5] = c->slot,
		[6] = seq_of(c),
		[7] = expires_of(c),
		[8] = c->flags,
		[10] = pv_of(c) };

	if (c->field[i] != NULL)
		put_text(c->field[i], out, NULL);
	else if (i == 1)
		put_str(out, slice_str(c->net == NULL ? VECTOR_NET : c->net));
	else if (i == 3)
		put_bin(out, slice_of(a->pub, 32));
	else if (i == 4)
		put_str(out, slice_str(c->region == NULL ? "de" : c->region));
	else if (i == 9)
		put_stamp(c, a, out);
	else if (i == 11)
		put_payload(c, fill, out);
	else
		put_head(out, numbers[i], 0, 0x7f, 0xcc, 0xcd);
}

static void
put_fields(const struct vector_case *c, const struct author *a, size_t fill,
    struct buf *out)
{
	const unsigned count = c->count == 0 ? 12 : c->count;

	if (c->body != NULL) {
		put_text(c->body, out, NULL);
		return;
	}
	put_head(out, count, 0x90, 15, -1, 0xdc);
	for (unsigned i = 0; i < count && i < 12; i++)
		put_field(c, a, i, fill, out);
	for (unsigned i = 12; i < count; i++)
		put_head(out, 0, 0, 0x7f, 0xcc, 0xcd);
}

static void
put_body(const struct vector_case *c, const struct author *a, struct buf *out)
{
	if (c->body_bytes == 0) {
		put_fields(c, a, 0, out);
	} else {
		/* Some fill gives the size: a longer one, a longer body. */
		for (size_t fill = c->body_bytes; out->n != c->body_bytes;
		     fill--) {
			ASSERT(fill > 0);
			out->n = 0;
			put_fields(c, a, fill, out);
		}
	}
	if (c->body_tail != NULL)
		put_text(c->body_tail, out, NULL);
	out->n -= c->body_cut;
}

/* S + L, which names the same number: added as little-endian bytes. */
static void
add_group_order(uint8_t s[32])
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
		0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
		0x14, [31] = 0x10 };
	unsigned carry = 0;

	for (unsigned i = 0; i < 32; i++) {
		carry += (unsigned)s[i] + order[i];
		s[i] = (uint8_t)carry;
		carry >>= 8;
	}
	ASSERT(carry == 0);
}

static void
make_signature(const struct vector_case *c, const struct author *a,
    struct slice body, const uint8_t id[32], uint8_t sig[64])
{
	static const char two_b[] =
	    "c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd6022";
	const enum sign_way w = c->sign;
	const char *net = c->net == NULL ? VECTOR_NET : c->net;
	const struct author other = author_of(c->author + 1);
	struct buf given = { sig, 0, 64 };
	uint8_t m[128];

	size_t n = signed_head(m,
	    w == SIGN_OTHER_DOMAIN ? "ohcn-sig-v2" : "ohcn-sig-v1",
	    w == SIGN_OTHER_NET ? "test-b" : net);
	m[n++] = w == SIGN_OTHER_TYPE ? 2 : 1;
	memcpy(m + n, id, 32);
	n += 32;
	if (w == SIGN_BODY)
		ed25519_sign(sig, body.p, body.n, a->secret);
	else
		ed25519_sign(
		    sig, m, n, w == SIGN_OTHER_KEY ? other.secret : a->secret);
	switch ((int)w) {
	case SIGN_FLIPPED:
		sig[40] ^= 0x10;
		break;
	case SIGN_FLIPPED_R:
		sig[3] ^= 1;
		break;
	case SIGN_PLUS_L:
		add_group_order(sig + 32);
		break;
	case SIGN_ZERO:
		memset(sig, 0, 64);
		break;
	case SIGN_TWO_B:
		memset(sig, 0, 64);
		ASSERT(hex_get(slice_str(two_b), &given) == OK);
		sig[32] = 2;
		break;
	case SIGN_GIVEN:
		ASSERT(hex_get(slice_str(c->sig), &given) == OK);
		break;
	default:
		break;
	}
}

static void
set_hex(json_t *o, const char *key, struct slice s)
{
	const size_t cap = 2 * s.n + 1;
	char *text = malloc(cap);

	ASSERT(text != NULL && hex_put(text, cap, s) == OK);
	ASSERT(json_object_set_new(o, key, json_string(text)) == 0);
	free(text);
}

static void
set_text(json_t *o, const char *key, const char *text)
{
	json_t *v = text == NULL ? json_null() : json_string(text);

	ASSERT(json_object_set_new(o, key, v) == 0);
}

static void
set_number(json_t *o, const char *key, uint64_t n)
{
	ASSERT(n <= INT64_MAX);
	ASSERT(json_object_set_new(o, key, json_integer((json_int_t)n)) == 0);
}

static void
set_bool(json_t *o, const char *key, bool b)
{
	ASSERT(json_object_set_new(o, key, json_boolean(b)) == 0);
}

/* What a reader must find in a record that is fine. */
static void
set_fields(json_t *o, const struct vector_case *c, const struct author *a,
    const uint8_t id[32], struct slice payload)
{
	char text[RECORD_ID_TEXT], did[DID_KEY_TEXT];

	record_id_put(text, id);
	did_key_put(did, a->pub);
	set_hex(o, "id", slice_of(id, 32));
	set_text(o, "cid", text);
	set_hex(o, "author", slice_of(a->pub, 32));
	set_text(o, "did", did);
	set_number(o, "kind", kind_of(c));
	set_text(o, "region", c->region == NULL ? "de" : c->region);
	set_number(o, "slot", c->slot);
	set_number(o, "seq", seq_of(c));
	set_number(o, "expires", expires_of(c));
	set_number(o, "flags", c->flags);
	set_number(o, "pv", pv_of(c));
	set_bool(o, "opaque", c->opaque);
	set_hex(o, "payload", payload);
}

static const char *
verdict_of(const char *outcome)
{
	static const char *const ignored[] = { "unknown-version",
		"unknown-kind", "unknown-sigtype", "unknown-flag",
		"unknown-stamp", "from-future", "expired" };

	if (outcome == NULL)
		return "accept";
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		if (strcmp(outcome, ignored[i]) == 0)
			return "ignore";
	return "reject";
}

static json_t *
make_case(const struct vector_case *c)
{
	static uint8_t body_bytes[BYTES_MAX], raw[BYTES_MAX];
	static uint8_t head_bytes[BYTES_MAX];
	const struct author a = author_of_case(c);
	struct buf body = { body_bytes, 0, sizeof(body_bytes) };
	struct buf out = { raw, 0, sizeof(raw) };
	struct buf head = { head_bytes, 0, sizeof(head_bytes) };
	uint8_t id[32], sig[64];
	json_t *o = json_object();

	put_body(c, &a, &body);
	const struct crypto_part part = { body.p, body.n };
	hash_blake2b(id, 32, "ohcn-rec-v1", &part, 1);
	make_signature(c, &a, buf_slice(&body), id, sig);
	const struct parts parts = { buf_slice(&body), slice_of(sig, 64) };
	put_text(c->outer == NULL ? "[B 1 S]" : c->outer, &out, &parts);
	out.n -= c->cut;

	set_text(o, "name", c->name);
	set_text(o, "class", c->topic);
	if (c->now != 0)
		set_number(o, "now", c->now);
	set_text(o, "outcome", c->want == NULL ? "fine" : c->want);
	set_text(o, "verdict", verdict_of(c->want));
	set_hex(o, "bytes", buf_slice(&out));
	if (c->want == NULL) {
		/* The payload is the body without its first 11 fields. */
		for (unsigned i = 0; i < 11; i++)
			put_field(c, &a, i, 0, &head);
		set_fields(o, c, &a, id,
		    slice_of(body.p + 1 + head.n, body.n - 1 - head.n));
	}
	return o;
}

static json_t *
make_records(void)
{
	json_t *o = json_object(), *cases = json_array();

	set_text(o, "net", VECTOR_NET);
	set_number(o, "now", VECTOR_NOW);
	for (size_t i = 0; i < ARRAY_LEN(vector_cases); i++)
		ASSERT(json_array_append_new(
			   cases, make_case(&vector_cases[i])) == 0);
	ASSERT(json_object_set_new(o, "cases", cases) == 0);
	return o;
}

static void
add(json_t *list, json_t *o)
{
	ASSERT(json_array_append_new(list, o) == 0);
}

/* Changes of a CIDv1 and a did:key that a reader must refuse. */
static json_t *
make_refused_names(const char *cid, const char *did)
{
	json_t *list = json_array();
	char text[128];

	for (unsigned i = 0; i < 7; i++) {
		json_t *o = json_object();
		(void)snprintf(text, sizeof(text), "%s", cid);
		switch (i) {
		case 0: /* cut */
			text[strlen(text) - 1] = 0;
			break;
		case 1: /* longer */
			text[strlen(text) + 1] = 0;
			text[strlen(text)] = 'a';
			break;
		case 2: /* another multibase */
			text[0] = 'c';
			break;
		case 3: /* a capital */
			text[5] = 'A';
			break;
		case 4: /* another codec */
			text[4] = text[4] == 'a' ? 'b' : 'a';
			break;
		case 5: /* a bit after the last byte */
			text[strlen(text) - 1]++;
			break;
		default:
			text[0] = 0;
			break;
		}
		set_text(o, "cid", text);
		add(list, o);
	}
	for (unsigned i = 0; i < 9; i++) {
		json_t *o = json_object();
		(void)snprintf(text, sizeof(text), "%s", did);
		switch (i) {
		case 0:
			text[strlen(text) - 1] = 0;
			break;
		case 1: /* not of the alphabet */
			text[20] = 'l';
			break;
		case 2: /* another multibase */
			text[8] = 'm';
			break;
		case 3: /* another key type */
			text[10] = text[10] == '1' ? '2' : '1';
			break;
		case 4:
			text[4] = 'K';
			break;
		case 5: /* another byte in front */
			(void)snprintf(
			    text, sizeof(text), "did:key:z1%s", did + 9);
			break;
		case 6: /* one behind */
			(void)snprintf(text, sizeof(text), "%s1", did);
			break;
		case 7: /* a fragment, as in a DID document */
			(void)snprintf(
			    text, sizeof(text), "%s#%s", did, did + 8);
			break;
		default: /* the key alone */
			(void)snprintf(text, sizeof(text), "%s", did + 8);
			break;
		}
		set_text(o, "did", text);
		add(list, o);
	}
	return list;
}

static json_t *
make_ids(const char **cid, const char **did)
{
	static char texts[2][RECORD_ID_TEXT];
	json_t *ids = json_array();

	for (unsigned i = 0; i < 4; i++) {
		uint8_t raw[32];
		json_t *o = json_object();
		for (unsigned k = 0; k < 32; k++)
			raw[k] = (uint8_t)(i == 0 ? 0 : i == 1 ? 0xff : k * i);
		record_id_put(texts[0], raw);
		did_key_put(texts[1], raw);
		set_hex(o, "bytes", slice_of(raw, 32));
		set_text(o, "cid", texts[0]);
		set_text(o, "did", texts[1]);
		add(ids, o);
	}
	*cid = texts[0];
	*did = texts[1];
	return ids;
}

static json_t *
make_names(void)
{
	json_t *o = json_object(), *terms = json_array();
	json_t *languages = json_array(), *nets = json_array();
	json_t *topics = json_array();
	const char *cid = NULL, *did = NULL;

	ASSERT(json_object_set_new(o, "ids", make_ids(&cid, &did)) == 0);
	for (size_t i = 0; i < ARRAY_LEN(vector_uris); i++) {
		uint8_t term[TERM_ID];
		json_t *t = json_object();
		put_u64be(term, term_of_uri(slice_str(vector_uris[i])));
		set_text(t, "uri", vector_uris[i]);
		set_hex(t, "term", slice_of(term, sizeof(term)));
		add(terms, t);
	}
	for (size_t i = 0; i < ARRAY_LEN(vector_languages); i++) {
		json_t *l = json_object();
		set_text(l, "text", vector_languages[i].text);
		set_number(l, "code", vector_languages[i].code);
		add(languages, l);
	}
	for (size_t i = 0; i < ARRAY_LEN(vector_nets); i++) {
		json_t *n = json_object();
		set_text(n, "net", vector_nets[i].name);
		set_number(n, "bits", vector_nets[i].bits);
		add(nets, n);
	}
	for (unsigned i = 0; i < RECORD_CLASSES; i++) {
		char text[TOPIC_TEXT];
		json_t *t = json_object();
		topic_put(text, slice_str("main"), (enum record_class)i);
		set_text(t, "net", "main");
		set_text(t, "class", class_name((enum record_class)i));
		set_number(t, "number", i);
		set_text(t, "topic", text);
		add(topics, t);
	}
	ASSERT(json_object_set_new(o, "terms", terms) == 0);
	ASSERT(json_object_set_new(o, "languages", languages) == 0);
	ASSERT(json_object_set_new(o, "nets", nets) == 0);
	ASSERT(json_object_set_new(o, "topics", topics) == 0);
	ASSERT(json_object_set_new(
		   o, "refused", make_refused_names(cid, did)) == 0);
	return o;
}

/* Texts that read as these words too. */
static json_t *
make_spellings(const char *words)
{
	static const char *const blanks[] = { "\t", "\n", "\r\n", " \t\r\n " };
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(blanks); i++) {
		char text[4 * SEED_TEXT_MAX] = { 0 };
		struct buf b = { (uint8_t *)text, 0, sizeof(text) - 1 };
		for (const char *c = words; *c != 0; c++) {
			const bool capital = (c - words) % 3 == (int)i;
			if (c == words || *c == ' ')
				ASSERT(buf_put(&b, blanks[i],
					   strlen(blanks[i])) == OK);
			if (*c != ' ')
				ASSERT(buf_put_u8(&b,
					   (uint8_t)(capital ? *c - 'a' + 'A'
							     : *c)) == OK);
		}
		ASSERT(buf_put(&b, blanks[i], strlen(blanks[i])) == OK);
		ASSERT(json_array_append_new(list, json_string(text)) == 0);
	}
	return list;
}

static json_t *
make_keys(void)
{
	static const char passphrase[] = "correct horse battery staple";
	json_t *o = json_object(), *seeds = json_array();
	json_t *sealed = json_object();
	uint8_t seed[SEED_SIZE], random[40], out[SEED_SIZE + SEAL_OVERHEAD];

	for (unsigned i = 0; i < 3; i++) {
		json_t *s = json_object(), *personas = json_array();
		char words[SEED_TEXT_MAX];
		for (unsigned k = 0; k < SEED_SIZE; k++)
			seed[k] = (uint8_t)(i == 0 ? 0 : i == 1 ? 0xff : k);
		seed_to_words(words, seed);
		set_hex(s, "seed", slice_of(seed, SEED_SIZE));
		set_text(s, "words", words);
		ASSERT(json_object_set_new(
			   s, "spellings", make_spellings(words)) == 0);
		for (unsigned k = 0; k < 3; k++) {
			uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
			json_t *p = json_object();
			persona_keypair(pub, secret, seed, k);
			set_number(p, "index", k);
			set_hex(p, "public", slice_of(pub, sizeof(pub)));
			add(personas, p);
		}
		ASSERT(json_object_set_new(s, "personas", personas) == 0);
		add(seeds, s);
	}
	for (unsigned k = 0; k < sizeof(random); k++)
		random[k] = (uint8_t)(200 - k);
	const struct seal_cost cost = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };
	ASSERT(seal_make(out, seed, sizeof(seed), passphrase,
	    strlen(passphrase), cost, random));
	set_text(sealed, "passphrase", passphrase);
	set_hex(sealed, "secret", slice_of(seed, sizeof(seed)));
	set_hex(sealed, "file", slice_of(out, sizeof(out)));
	ASSERT(json_object_set_new(o, "seeds", seeds) == 0);
	ASSERT(json_object_set_new(o, "sealed", sealed) == 0);
	return o;
}

static json_t *
make_stamp(const char *net, const uint8_t *key, const uint8_t *nonce, bool good)
{
	json_t *s = json_object();

	set_text(s, "net", net);
	set_number(s, "bits", net_stamp_bits(slice_str(net)));
	set_hex(s, "key", slice_of(key, 32));
	set_hex(s, "nonce", slice_of(nonce, 8));
	set_bool(s, "good", good);
	return s;
}

static json_t *
make_stamps(void)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(vector_stamps); i++) {
		uint8_t nonce[8];
		const struct author a = author_of(vector_stamps[i].author);
		put_u64be(nonce, vector_stamps[i].nonce);
		add(list, make_stamp(vector_stamps[i].net, a.pub, nonce,
			      vector_stamps[i].good));
	}
	for (unsigned i = 0; i < 4; i++) {
		struct author a = author_of(i);
		add(list, make_stamp(VECTOR_NET, a.pub, a.nonce, true));
		/* The first one that is good: all below it are not. */
		put_u64be(a.nonce, get_u64be(a.nonce) - 1);
		add(list, make_stamp(VECTOR_NET, a.pub, a.nonce, false));
	}
	ASSERT(json_object_set_new(o, "stamps", list) == 0);
	return o;
}

static json_t *
make_winners(void)
{
	json_t *o = json_object(), *sets = json_array();

	for (size_t i = 0; i < ARRAY_LEN(vector_winners); i++) {
		json_t *s = json_object(), *of = json_array();
		for (unsigned k = 0; k < vector_winners[i].n; k++) {
			const struct vector_contender *v =
			    &vector_winners[i].of[k];
			uint8_t id[32] = { v->first, [31] = v->last };
			json_t *r = json_object();
			set_number(r, "seq", v->seq);
			set_hex(r, "id", slice_of(id, sizeof(id)));
			add(of, r);
		}
		set_text(s, "name", vector_winners[i].name);
		ASSERT(json_object_set_new(s, "records", of) == 0);
		set_number(s, "winner", vector_winners[i].winner);
		add(sets, s);
	}
	ASSERT(json_object_set_new(o, "sets", sets) == 0);
	return o;
}

static const struct {
	const char *name;
	json_t *(*make)(void);
} vector_files[] = {
	{ "records.json", make_records },
	{ "names.json", make_names },
	{ "keys.json", make_keys },
	{ "stamps.json", make_stamps },
	{ "winners.json", make_winners },
};

#ifndef VECTORS_WITHOUT_MAIN
int
main(int argc, char **argv)
{
	if (argc != 2 || !crypto_init()) {
		(void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < ARRAY_LEN(vector_files); i++) {
		char path[512];
		json_t *o = vector_files[i].make();
		(void)snprintf(
		    path, sizeof(path), "%s/%s", argv[1], vector_files[i].name);
		const int bad = json_dump_file(
		    o, path, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
		json_decref(o);
		if (bad != 0) {
			(void)fprintf(stderr, "cannot write %s\n", path);
			return 1;
		}
	}
	return 0;
}
#endif
