#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/credential/credential.h"
#include "proto/base/text.h"
#include "proto/record/names.h"
#include "test_evidence.h"

/* ---- JSON in its one form: RFC 8785 ---- */

/* Appendix B, and powers of two where rounding is not symmetric. */
static void
numbers_are_those_of_the_rfc(void **state)
{
	static const struct {
		uint64_t bits;
		const char *text; /* NULL: refused */
	} cases[] = {
		{ 0x0000000000000000, "0" },
		{ 0x8000000000000000, "0" },
		{ 0x0000000000000001, "5e-324" },
		{ 0x8000000000000001, "-5e-324" },
		{ 0x7fefffffffffffff, "1.7976931348623157e+308" },
		{ 0xffefffffffffffff, "-1.7976931348623157e+308" },
		{ 0x4340000000000000, "9007199254740992" },
		{ 0xc340000000000000, "-9007199254740992" },
		{ 0x4430000000000000, "295147905179352830000" },
		{ 0x7fffffffffffffff, NULL },
		{ 0x7ff0000000000000, NULL },
		{ 0xfff0000000000000, NULL },
		{ 0x44b52d02c7e14af5, "9.999999999999997e+22" },
		{ 0x44b52d02c7e14af6, "1e+23" },
		{ 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
		{ 0x444b1ae4d6e2ef4e, "999999999999999700000" },
		{ 0x444b1ae4d6e2ef4f, "999999999999999900000" },
		{ 0x444b1ae4d6e2ef50, "1e+21" },
		{ 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
		{ 0x3eb0c6f7a0b5ed8d, "0.000001" },
		{ 0x41b3de4355555553, "333333333.3333332" },
		{ 0x41b3de4355555554, "333333333.33333325" },
		{ 0x41b3de4355555555, "333333333.3333333" },
		{ 0x41b3de4355555556, "333333333.3333334" },
		{ 0x41b3de4355555557, "333333333.33333343" },
		{ 0xbecbf647612f3696, "-0.0000033333333333333333" },
		{ 0x43143ff3c1cb0959, "1424953923781206.2" },
		{ 0x3d30000000000000, "5.684341886080802e-14" }, /* 2^-44 */
		{ 0x0010000000000000, "2.2250738585072014e-308" },
		{ 0x3ff0000000000000, "1" },
		{ 0x4024000000000000, "10" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[JCS_NUMBER];
		double x;
		memcpy(&x, &cases[i].bits, sizeof(x));
		assert_int_equal(jcs_number(text, x), cases[i].text != NULL);
		assert_string_equal(
		    text, cases[i].text == NULL ? "" : cases[i].text);
	}
}

/* Whatever is written reads back as the same double. */
static void
numbers_read_back(void **state)
{
	uint64_t bits = 0x9e3779b97f4a7c15u;

	(void)state;
	for (size_t i = 0; i < 20000; i++) {
		char text[JCS_NUMBER];
		double x;
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		/* every fourth one a power of two */
		const uint64_t some =
		    i % 4 == 0 ? bits & ~0xfffffffffffffu : bits;
		memcpy(&x, &some, sizeof(x));
		if (!jcs_number(text, x))
			continue;
		assert_true(strtod(text, NULL) == x);
		assert_true(strlen(text) < 26);
	}
}

static void
texts_have_one_form(void **state)
{
	/* the second and third are the examples of sections 3.2.2 and 3.2.3 */
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ " { \"b\" : 1 , \"a\" : [ true , null , { } ] } ",
		    "{\"a\":[true,null,{}],\"b\":1}" },
		{ "{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, "
		  "0.000000000000000000000000001], \"string\": "
		  "\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/"
		  "\","
		  " \"literals\": [null, true, false]}",
		    "{\"literals\":[null,true,false],\"numbers\":"
		    "[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":"
		    "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}" },
		{ "{\"\\u20ac\": \"Euro Sign\", \"\\r\": \"Carriage Return\", "
		  "\"\\ufb33\": \"Hebrew Letter Dalet With Dagesh\", "
		  "\"1\": \"One\", \"\\ud83d\\ude00\": \"Emoji: Grinning "
		  "Face\", \"\\u0080\": \"Control\", \"\\u00f6\": \"Latin "
		  "Small Letter O With Diaeresis\"}",
		    "{\"\\r\":\"Carriage Return\",\"1\":\"One\","
		    "\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin Small "
		    "Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
		    "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
		    "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}" },
		{ "{\"ab\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"ab\":1}" },
		{ "[-0, -0.0, 1.0, 9007199254740992, -1e0]",
		    "[0,0,1,9007199254740992,-1]" },
		{ "\"\\b\\t\\f\\u001f\\u007f\"", "\"\\b\\t\\f\\u001f\x7f\"" },
		{ "9007199254740994", "9007199254740994" },
		{ "4611686018427387904", "4611686018427388000" },
		{ "4611686018427388000", "4611686018427388000" },
		{ "[100000000000000000000, \"-99999999999999999999\", 1]",
		    "[100000000000000000000,\"-99999999999999999999\",1]" },
		{ "[-999999999999999900000, 1e20]",
		    "[-999999999999999900000,100000000000000000000]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char why[JCS_WHY] = "";
		struct slice out;
		json_t *v;
		assert_int_equal(jcs_read(slice_str(cases[i].in), &v, why), OK);
		assert_int_equal(jcs_write(v, &out, why), OK);
		assert_string_equal((const char *)out.p, cases[i].out);
		assert_int_equal(out.n, strlen(cases[i].out));
		free((void *)(uintptr_t)out.p);
		json_decref(v);
	}
}

static void
what_signers_would_disagree_about_is_refused(void **state)
{
	static const struct {
		const char *in, *why; /* a part of it */
	} cases[] = {
		{ "{\"a\":1,\"a\":2}", "duplicate" },
		{ "{\"a\":{\"b\":1,\"\\u0062\":1}}", "duplicate" },
		{ "\"\xff\"", "decode byte" },
		{ "\"\xed\xa0\x80\"", "decode byte" },
		{ "\"\\ud800\"", "" },
		{ "\"\\u0000\"", "\\u0000" },
		{ "1e999", "overflow" },
		{ "[1] 2", "end of file" },
		{ "", "" },
		{ "{", "" },
		{ "NaN", "" },
		{ "99999999999999999999", "2^53" },
		{ "[100000000000000000000, 9007199254740993]", "2^53" },
		{ "1000000000000000000000000000000000000000000", "2^53" },
		{ "9007199254740993", "2^53" },
		{ "9223372036854775807", "2^53" },
	};
	char deep[2 * JCS_DEPTH + 8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char why[JCS_WHY] = "";
		struct slice out;
		json_t *v;
		err e = jcs_read(slice_str(cases[i].in), &v, why);
		if (e == OK)
			e = jcs_write(v, &out, why);
		assert_int_equal(e, ERR_FORM);
		assert_true(why[0] != '\0');
		assert_non_null(strstr(why, cases[i].why));
		json_decref(v);
	}
	for (size_t levels = JCS_DEPTH; levels <= JCS_DEPTH + 1; levels++) {
		char why[JCS_WHY] = "";
		json_t *v;
		memset(deep, '[', levels);
		memset(deep + levels, ']', levels);
		assert_int_equal(jcs_read(slice_of(deep, 2 * levels), &v, why),
		    levels <= JCS_DEPTH ? OK : ERR_LIMIT);
		json_decref(v);
	}
}

/* ---- proofs ---- */

static json_t *
load(const char *path)
{
	json_error_t where;
	json_t *v = json_load_file(path, 0, &where);

	if (v == NULL)
		fail_msg("%s: %s", path, where.text);
	return v;
}

static const char *
string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	assert_non_null(s);
	return s;
}

/* What another program made: credential.py. */
static json_t *
vectors(void)
{
	return load(OHCN_SOURCE_DIR "/tests/vectors/credential.json");
}

static void
every_fault_of_a_proof_has_its_name(void **state)
{
	bool seen[PROOF_FAULTS] = { 0 };
	json_t *all = vectors(), *v;
	const json_t *cases = json_object_get(all, "cases");
	const uint64_t now =
	    (uint64_t)json_integer_value(json_object_get(all, "now"));
	uint8_t issuer[ED25519_PUBLIC];
	size_t i;

	(void)state;
	assert_int_equal(
	    did_key_get(slice_str(string(all, "issuer")), issuer), OK);
	assert_true(json_array_size(cases) >= 40);
	json_array_foreach(cases, i, v)
	{
		struct proof_result r;
		const enum proof_fault f =
		    proof_verify(json_object_get(v, "document"), now, &r);
		if (strcmp(proof_fault_name(f), string(v, "proof")) != 0)
			fail_msg("%s: %s, not %s (%s)", string(v, "name"),
			    proof_fault_name(f), string(v, "proof"), r.why);
		assert_int_equal(f, r.fault);
		seen[f] = true;
		if (strcmp(string(v, "name"), "good") != 0)
			continue;
		assert_memory_equal(r.key, issuer, sizeof(issuer));
		assert_int_equal(r.created, 1788220800);
	}
	for (unsigned f = 0; f < PROOF_FAULTS; f++)
		if (!seen[f] && f != PROOF_NOT_CANONICAL)
			fail_msg("no vector: %s", proof_fault_name(f));
	json_decref(all);
}

/* The same signature as the other program's, since Ed25519 draws nothing. */
static void
a_proof_of_ours_is_theirs(void **state)
{
	uint8_t seed[ED25519_SEED + 1], pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	struct buf b = { seed, 0, sizeof(seed) };
	json_t *all = vectors();
	json_t *good = json_object_get(
	    json_array_get(json_object_get(all, "cases"), 0), "document");
	json_t *bare = json_deep_copy(good);
	char why[JCS_WHY];
	struct slice text;

	(void)state;
	assert_int_equal(hex_get(slice_str(string(all, "seed")), &b), OK);
	ed25519_keypair(pub, secret, seed);
	assert_int_equal(
	    proof_create(bare, secret, 1788220800, why), ERR_EXISTS);
	assert_int_equal(json_object_del(bare, "proof"), 0);
	assert_int_equal(jcs_write(bare, &text, why), OK);
	assert_string_equal((const char *)text.p, string(all, "canonical"));
	free((void *)(uintptr_t)text.p);
	assert_int_equal(proof_create(bare, secret, 1788220800, why), OK);
	assert_true(json_equal(bare, good));
	json_decref(bare);
	json_decref(all);
}

/* No change of one character of a text leaves the signature good. */
static void
any_change_is_seen(void **state)
{
	json_t *all = vectors();
	json_t *good = json_object_get(
	    json_array_get(json_object_get(all, "cases"), 0), "document");
	char *text = json_dumps(good, JSON_COMPACT), why[JCS_WHY];
	const size_t n = strlen(text);
	unsigned changed = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct proof_result r;
		json_t *v;
		text[i] ^= 1;
		if (jcs_read(slice_of(text, n), &v, why) == OK) {
			if (!json_equal(v, good)) {
				changed++;
				assert_int_not_equal(
				    proof_verify(v, 0, &r), PROOF_FINE);
			}
			json_decref(v);
		}
		text[i] ^= 1;
	}
	assert_true(changed > n / 2);
	free(text);
	json_decref(all);
}

static void
what_has_no_form_is_not_signed(void **state)
{
	static const uint8_t seed[ED25519_SEED] = { 1 };
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	char why[JCS_WHY] = "";
	struct proof_result r;
	json_t *v;

	(void)state;
	ed25519_keypair(pub, secret, seed);
	assert_int_equal(
	    jcs_read(slice_str("{\"n\":9007199254740993}"), &v, why), OK);
	assert_int_equal(proof_create(v, secret, 0, why), ERR_FORM);
	assert_non_null(strstr(why, "2^53"));
	assert_null(json_object_get(v, "proof"));
	json_decref(v);
	assert_int_equal(jcs_read(slice_str("{\"n\":1}"), &v, why), OK);
	assert_int_equal(proof_create(v, secret, 0, why), OK);
	assert_int_equal(proof_verify(v, 0, &r), PROOF_FINE);
	assert_int_equal(json_object_set_new(
			     v, "n", json_integer(INT64_C(9007199254740993))),
	    0);
	assert_int_equal(proof_verify(v, 0, &r), PROOF_NOT_CANONICAL);
	assert_string_equal(proof_fault_name(r.fault), "not-canonical");
	json_decref(v);
	v = json_string("text");
	assert_int_equal(proof_create(v, secret, 0, why), ERR_FORM);
	assert_int_equal(proof_verify(v, 0, &r), PROOF_MALFORMED);
	json_decref(v);
}

static void
times_are_those_of_xml_schema(void **state)
{
	static const struct {
		const char *text;
		int64_t t; /* -1: refused */
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2000-02-29T12:00:00Z", 951825600 },
		{ "2026-11-22T19:30:00Z", 1795375800 },
		{ "2026-11-22T20:30:00.5+01:00", 1795375800 },
		{ "2026-11-22T14:00:00-05:30", 1795375800 },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
		{ "2023-02-29T00:00:00Z", -1 },
		{ "1900-02-29T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-00-01T00:00:00Z", -1 },
		{ "2026-01-00T00:00:00Z", -1 },
		{ "2026-01-01T24:00:00Z", -1 },
		{ "2026-01-01T00:60:00Z", -1 },
		{ "2026-01-01T00:00:60Z", -1 },
		{ "2026-01-01T00:00:00", -1 },
		{ "2026-01-01T00:00:00.Z", -1 },
		{ "2026-01-01T00:00:00Z ", -1 },
		{ "2026-01-01T00:00:00+15:00", -1 },
		{ "2026-01-01T00:00:00+0100", -1 },
		{ "2026-01-01", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t t = -1;
		const err e = proof_time(cases[i].text, &t);
		if (e != (cases[i].t < 0 ? ERR_FORM : OK) || t != cases[i].t)
			fail_msg("%s: %" PRId64, cases[i].text, t);
	}
	for (uint64_t t = 0; t < 253402300799; t += 86399 * 977 + 12345) {
		char text[PROOF_TIME_TEXT];
		int64_t back;
		proof_time_put(text, t);
		assert_int_equal(proof_time(text, &back), OK);
		assert_int_equal(back, (int64_t)t);
	}
}

/* ---- the vectors of the W3C, which are not part of the repository ---- */

#define W3C "vc-test-vectors/TestVectors/"

static const char *
data_folder(void)
{
	const char *named = getenv("OHCN_TEST_DATA");

	return named != NULL ? named : OHCN_SOURCE_DIR "/../shared/data";
}

static json_t *
w3c(const char *name)
{
	char path[512];
	json_error_t where;

	(void)snprintf(path, sizeof(path), "%s/" W3C "%s", data_folder(), name);
	return json_load_file(path, JSON_REJECT_DUPLICATES, &where);
}

/* The secret of a key pair of theirs: multicodec 0x1300, seed. */
static void
w3c_secret(const json_t *pair, uint8_t secret[ED25519_SECRET])
{
	uint8_t raw[2 + ED25519_SEED + 1], pub[ED25519_PUBLIC];
	struct buf b = { raw, 0, sizeof(raw) };

	assert_int_equal(
	    base58_get(slice_str(string(pair, "privateKeyMultibase") + 1), &b),
	    OK);
	assert_int_equal(b.n, 2 + ED25519_SEED);
	assert_int_equal(get_u16be(raw), 0x8026);
	ed25519_keypair(pub, secret, raw + 2);
}

static void
the_vectors_of_the_w3c_hold(void **state)
{
	uint8_t secret[ED25519_SECRET];
	json_t *done = w3c("eddsa-jcs-2022/signedJCS.json");
	json_t *bare = w3c("unsigned.json"), *pair = w3c("keyPair.json");
	json_t *set = w3c("proof-set-chain/signedProofSet2.json");
	char why[JCS_WHY];
	struct proof_result r;

	(void)state;
	if (done == NULL || bare == NULL || pair == NULL || set == NULL) {
		print_message(
		    "SKIP credential/w3c: no " W3C " in %s\n", data_folder());
		skip();
	}
	assert_int_equal(proof_verify(done, 1795375800, &r), PROOF_FINE);
	w3c_secret(pair, secret);
	assert_memory_equal(r.key, secret + ED25519_SEED, ED25519_PUBLIC);
	/* the same proof from the same key: 2023-02-24T23:36:38Z */
	assert_int_equal(proof_create(bare, secret, 1677281798, why), OK);
	assert_true(json_equal(bare, done));
	assert_int_equal(
	    json_object_set_new(done, "name", json_string("Dean")), 0);
	assert_int_equal(
	    proof_verify(done, 1795375800, &r), PROOF_BAD_SIGNATURE);
	/* their sets are made by another suite, which is said */
	assert_int_equal(proof_verify(set, 0, &r), PROOF_UNKNOWN_SUITE);
	json_decref(done);
	json_decref(bare);
	json_decref(pair);
	json_decref(set);
}

/* ---- credentials ---- */

static const char *
name_of(const struct credential_check *c)
{
	return c->fault == CREDENTIAL_BAD_PROOF
		   ? proof_fault_name(c->proof.fault)
		   : credential_fault_name(c->fault);
}

static void
every_fault_of_a_credential_has_its_name(void **state)
{
	bool seen[CREDENTIAL_FAULTS] = { 0 };
	json_t *all = vectors(), *v;
	const uint64_t now =
	    (uint64_t)json_integer_value(json_object_get(all, "now"));
	uint8_t issuer[ED25519_PUBLIC];
	struct credential_check c;
	size_t i;

	(void)state;
	assert_int_equal(
	    did_key_get(slice_str(string(all, "issuer")), issuer), OK);
	json_array_foreach(json_object_get(all, "cases"), i, v)
	{
		const json_t *document = json_object_get(v, "document");
		const char *name = string(v, "name");
		(void)credential_verify(document, now, NULL, &c);
		if (strcmp(name_of(&c), string(v, "credential")) != 0)
			fail_msg("%s: %s, not %s (%s)", name, name_of(&c),
			    string(v, "credential"), c.why);
		seen[c.fault] = true;
		/* a key that is known from elsewhere binds a website */
		if (c.fault == CREDENTIAL_UNBOUND_ISSUER) {
			assert_int_equal(
			    credential_verify(document, now, issuer, &c),
			    CREDENTIAL_FINE);
			issuer[0] ^= 1;
			assert_int_equal(
			    credential_verify(document, now, issuer, &c),
			    CREDENTIAL_WRONG_ISSUER);
			issuer[0] ^= 1;
		}
		if (strcmp(name, "status") == 0)
			assert_true(c.view.has_status);
	}
	for (unsigned f = 0; f < CREDENTIAL_FAULTS; f++)
		if (!seen[f])
			fail_msg("no vector: %s",
			    credential_fault_name((enum credential_fault)f));
	json_decref(all);
}

/* The second skill has a URI and a label. */
static bool
name_one(void *ctx, uint64_t term, struct slice *uri, struct slice *label)
{
	const struct credential *c = ctx;

	if (term != c->skills.at[1].term)
		return false;
	*uri = slice_str("http://data.europa.eu/esco/skill/x");
	*label = slice_str("weld");
	return true;
}

static struct credential
two_skills(void)
{
	const struct evidence e = test_evidence(EVIDENCE_CREDENTIAL);
	struct credential c = e.credential;

	c.skills.n = 2;
	c.skills.at[0] = (struct evidence_skill){ 0x0123456789abcdef, 4 };
	c.skills.at[1] = (struct evidence_skill){
		term_of_uri(slice_str("http://data.europa.eu/esco/skill/x")), 2
	};
	return c;
}

static void
a_native_credential_goes_out_and_in(void **state)
{
	static const uint8_t id[EVIDENCE_ID] = { 0xab, 0xcd };
	struct credential c = two_skills();
	const struct credential_names names = { name_one, &c };
	const struct test_author issuer = test_author(1);
	char why[JCS_WHY], did[DID_KEY_TEXT];
	struct credential_check check;
	json_t *out;

	(void)state;
	assert_int_equal(credential_write(&c, id, &names, &out), OK);
	assert_null(json_object_get(out, "credentialStatus"));
	assert_memory_equal(c.issuer, issuer.secret + 32, 32);
	const uint64_t now = (uint64_t)c.issued * 3600 + 60;
	assert_int_equal(proof_create(out, issuer.secret, now, why), OK);
	assert_int_equal(
	    credential_verify(out, now, NULL, &check), CREDENTIAL_FINE);

	const struct credential_view *v = &check.view;
	did_key_put(did, c.issuer);
	assert_string_equal(v->issuer, did);
	did_key_put(did, c.holder);
	assert_string_equal(v->subject, did);
	assert_string_equal(v->name, c.title);
	assert_true(v->badge && v->has_from && !v->has_status);
	assert_int_equal(v->from, (int64_t)c.issued * 3600);
	assert_int_equal(v->has_until, c.expires != 0);
	assert_int_equal(v->until, (int64_t)c.expires * 3600);
	assert_int_equal(v->skills_n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(v->skills[i].term, c.skills.at[i].term);
		assert_int_equal(v->skills[i].level, c.skills.at[i].level);
	}
	assert_string_equal(v->skills[0].url, "urn:ohcn:term:0123456789abcdef");
	assert_string_equal(v->skills[1].name, "weld");

	/* signed by the holder instead, it is nobody's */
	const struct test_author holder = test_author(2);
	assert_int_equal(json_object_del(out, "proof"), 0);
	assert_int_equal(proof_create(out, holder.secret, now, why), OK);
	assert_int_equal(
	    credential_verify(out, now, NULL, &check), CREDENTIAL_WRONG_ISSUER);
	json_decref(out);
}

static bool
sign_text(
    void *ctx, struct slice text, uint64_t created_s, uint8_t sig[ED25519_SIG])
{
	return proof_text_sign(text, created_s, ctx, sig) == OK;
}

/* Where the key is elsewhere: the same proof, and nothing but badges of it. */
static void
a_key_elsewhere_signs_badges_alone(void **state)
{
	static const uint8_t id[EVIDENCE_ID] = { 0xab, 0xcd };
	struct credential c = two_skills();
	struct test_author issuer = test_author(1), holder = test_author(2);
	struct proof_signer by = { .sign = sign_text, .ctx = issuer.secret };
	struct proof_signer wrong = { .sign = sign_text, .ctx = holder.secret };
	const uint64_t now = (uint64_t)c.issued * 3600 + 60;
	uint8_t sig[ED25519_SIG];
	char why[JCS_WHY];
	struct slice text;
	json_t *here, *there;

	(void)state;
	memcpy(by.key, issuer.pub, ED25519_PUBLIC);
	memcpy(wrong.key, holder.pub, ED25519_PUBLIC);
	assert_int_equal(credential_write(&c, id, NULL, &here), OK);
	there = json_deep_copy(here);
	assert_int_equal(jcs_write(here, &text, why), OK);
	/* of another issuer, cut short, without its contexts */
	assert_int_equal(proof_create_by(there, &wrong, now, why), ERR_AUTH);
	assert_null(json_object_get(there, "proof"));
	assert_int_equal(proof_text_sign(text, now, issuer.secret, sig), OK);
	assert_int_equal(
	    proof_text_sign(text, now, holder.secret, sig), ERR_FORM);
	assert_int_equal(proof_text_sign(slice_of(text.p, text.n - 1), now,
			     issuer.secret, sig),
	    ERR_FORM);
	assert_int_equal(proof_text_sign(slice_of(text.p + 1, text.n - 1), now,
			     issuer.secret, sig),
	    ERR_FORM);
	assert_int_equal(
	    proof_text_sign(text, UINT64_MAX, issuer.secret, sig), ERR_FORM);
	assert_int_equal(
	    proof_text_sign(slice_of(NULL, 0), now, issuer.secret, sig),
	    ERR_FORM);
	free((void *)(uintptr_t)text.p);
	assert_int_equal(proof_create_by(there, &by, now, why), OK);
	assert_int_equal(proof_create(here, issuer.secret, now, why), OK);
	assert_true(json_equal(here, there));
	json_decref(here);
	json_decref(there);
}

static void
credentials_without_skills_or_end_go_out(void **state)
{
	static const uint8_t id[EVIDENCE_ID] = { 1 };
	struct credential c = two_skills();
	char why[JCS_WHY];
	struct credential_view v;
	json_t *out;

	(void)state;
	c.skills.n = 0;
	c.grade = 301;
	c.coach = true;
	c.expires = 0;
	c.refs_n = 0;
	assert_int_equal(credential_write(&c, id, NULL, &out), OK);
	assert_null(json_object_get(out, "validUntil"));
	assert_null(json_object_get(out, "evidence"));
	const json_t *a = json_object_get(
	    json_object_get(out, "credentialSubject"), "achievement");
	assert_string_equal(string(a, "achievementType"), "Certification");
	assert_string_equal(string(a, "humanCode"), "301");
	assert_non_null(strstr(string(a, "description"), "may coach"));
	assert_int_equal(credential_read(out, &v, why), CREDENTIAL_FINE);
	assert_int_equal(v.skills_n, 0);
	json_decref(out);
	memcpy(c.title, "a\x1b[2Jb", 7);
	assert_int_equal(credential_write(&c, id, NULL, &out), ERR_FORM);
}

/* As others write badges: names with a language, lists of one, their scale. */
static void
foreign_badges_are_read(void **state)
{
	static const char text[] =
	    "{\"@context\":[\"" CREDENTIAL_CONTEXT "\"],\"type\":"
	    "[\"VerifiableCredential\",\"AchievementCredential\"],\"issuer\":"
	    "{\"id\":\"https://school.example\",\"name\":\"School\"},"
	    "\"credentialSubject\":[{\"id\":\"did:web:a\",\"achievement\":"
	    "{\"name\":{\"@value\":\"Bakery\",\"@language\":\"en\"},"
	    "\"alignment\":{\"targetUrl\":\"https://e.example/1\","
	    "\"targetName\":\"bake\"},\"resultDescription\":[{\"id\":"
	    "\"https://school.example/r\",\"alignment\":[{\"targetUrl\":"
	    "\"https://e.example/1\"}]}]},\"result\":[{\"value\":\"3\","
	    "\"resultDescription\":\"https://school.example/r\"}]},{}]}";
	char why[JCS_WHY];
	struct credential_view v;
	json_t *o;

	(void)state;
	assert_int_equal(jcs_read(slice_str(text), &o, why), OK);
	assert_int_equal(credential_read(o, &v, why), CREDENTIAL_FINE);
	assert_string_equal(v.name, "Bakery");
	assert_string_equal(v.issuer_name, "School");
	assert_int_equal(v.subjects_n, 2);
	assert_int_equal(v.skills_n, 1);
	assert_string_equal(v.skills[0].name, "bake");
	assert_string_equal(v.skills[0].value, "3");
	assert_int_equal(v.skills[0].level, 0); /* a three of theirs */
	assert_int_equal(
	    v.skills[0].term, term_of_uri(slice_str("https://e.example/1")));
	assert_false(v.has_from || v.has_until);
	json_t *subject =
	    json_array_get(json_object_get(o, "credentialSubject"), 0);
	assert_int_equal(json_object_del(subject, "achievement"), 0);
	assert_int_equal(credential_read(o, &v, why), CREDENTIAL_MALFORMED);
	assert_string_equal(why, "credentialSubject.achievement");
	json_decref(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_the_rfc),
		cmocka_unit_test(numbers_read_back),
		cmocka_unit_test(texts_have_one_form),
		cmocka_unit_test(what_signers_would_disagree_about_is_refused),
		cmocka_unit_test(every_fault_of_a_proof_has_its_name),
		cmocka_unit_test(a_proof_of_ours_is_theirs),
		cmocka_unit_test(any_change_is_seen),
		cmocka_unit_test(what_has_no_form_is_not_signed),
		cmocka_unit_test(times_are_those_of_xml_schema),
		cmocka_unit_test(the_vectors_of_the_w3c_hold),
		cmocka_unit_test(every_fault_of_a_credential_has_its_name),
		cmocka_unit_test(a_native_credential_goes_out_and_in),
		cmocka_unit_test(a_key_elsewhere_signs_badges_alone),
		cmocka_unit_test(credentials_without_skills_or_end_go_out),
		cmocka_unit_test(foreign_badges_are_read),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
