#include "node/credential/proof.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/record/names.h"

#define HASHES       (2 * SHA256_SIZE)
#define CONTEXTS_MAX 32
#define SIG_TEXT     96 /* base58 of 64 bytes */
#define METHOD_TEXT  (2 * DID_KEY_TEXT)
#define TIME_MAX_S   INT64_C(253402300799) /* the year 9999 */

static const struct {
	const char *name, *text;
} faults[PROOF_FAULTS] = {
	[PROOF_FINE] = { "fine", "the proof is good" },
	[PROOF_NONE] = { "no-proof", "it has no proof, so anybody may have "
				     "written it" },
	[PROOF_MALFORMED] = { "malformed", "the proof lacks something or is "
					   "not of the form it must have" },
	[PROOF_NOT_CANONICAL] = { "not-canonical",
	    "it holds what has no single byte form, so nobody can sign it" },
	[PROOF_TOO_MANY] = { "too-many-proofs", "it has more than 8 proofs" },
	[PROOF_UNKNOWN_TYPE] = { "unknown-type",
	    "the proof is not a DataIntegrityProof" },
	[PROOF_UNKNOWN_SUITE] = { "unknown-cryptosuite",
	    "the proof is made by a cryptosuite other than eddsa-jcs-2022" },
	[PROOF_WRONG_PURPOSE] = { "wrong-purpose",
	    "the proof was made for another purpose than assertionMethod" },
	[PROOF_FOREIGN_METHOD] = { "foreign-did-method",
	    "the key is named by something other than did:key" },
	[PROOF_BAD_KEY] = { "bad-key",
	    "the verificationMethod is no Ed25519 key as did:key writes it" },
	[PROOF_CHAIN] = { "proof-chain",
	    "the proof rests on another one; proof chains are not read" },
	[PROOF_WRONG_CONTEXT] = { "wrong-context",
	    "its @context is not the one that was signed" },
	[PROOF_NOT_YET_VALID] = { "proof-from-future",
	    "the proof says that it was made later than now" },
	[PROOF_EXPIRED] = { "proof-expired", "the proof has expired" },
	[PROOF_BAD_SIGNATURE] = { "bad-signature",
	    "it was changed after it was signed, or another key signed it" },
};

const char *
proof_fault_name(enum proof_fault f)
{
	ASSERT((unsigned)f < PROOF_FAULTS);
	return faults[f].name;
}

const char *
proof_fault_text(enum proof_fault f)
{
	ASSERT((unsigned)f < PROOF_FAULTS);
	return faults[f].text;
}

/* ---- times ---- */

/* Days from 1970-01-01 on, of the Gregorian calendar; years from 1 on. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	/* years begin in March here, so that the leap day is the last one */
	const int64_t y = month <= 2 ? year - 1 : year;
	const int64_t m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
	       1 - 719468;
}

static bool
is_day(int64_t year, int64_t month, int64_t day)
{
	if (year < 1 || month < 1 || month > 12 || day < 1)
		return false;
	const int64_t next =
	    month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
	return day <= next - days_of(year, month, 1);
}

/* ${n} digits at the front of ${*s}, then ${after} unless that is 0. */
static bool
take_number(const char **s, unsigned n, char after, int64_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < n; i++) {
		if ((*s)[i] < '0' || (*s)[i] > '9')
			return false;
		*out = *out * 10 + ((*s)[i] - '0');
	}
	*s += n;
	if (after == '\0')
		return true;
	if (**s != after)
		return false;
	(*s)++;
	return true;
}

/* "Z", "+01:00": seconds east of UTC, and nothing after it. */
static bool
take_zone(const char *s, int64_t *east)
{
	int64_t h, m;

	*east = 0;
	if (strcmp(s, "Z") == 0)
		return true;
	if (*s != '+' && *s != '-')
		return false;
	const int64_t sign = *s++ == '-' ? -1 : 1;
	if (!take_number(&s, 2, ':', &h) || !take_number(&s, 2, '\0', &m) ||
	    *s != '\0' || h > 14 || m > 59)
		return false;
	*east = sign * (h * 3600 + m * 60);
	return true;
}

err
proof_time(const char *text, int64_t *out)
{
	int64_t year, month, day, h, m, sec, east;

	if (!take_number(&text, 4, '-', &year) ||
	    !take_number(&text, 2, '-', &month) ||
	    !take_number(&text, 2, 'T', &day) ||
	    !take_number(&text, 2, ':', &h) ||
	    !take_number(&text, 2, ':', &m) ||
	    !take_number(&text, 2, '\0', &sec))
		return ERR_FORM;
	if (*text == '.') {
		const char *first = ++text;
		while (*text >= '0' && *text <= '9')
			text++;
		if (text == first)
			return ERR_FORM;
	}
	if (!take_zone(text, &east) || !is_day(year, month, day) || h > 23 ||
	    m > 59 || sec > 59)
		return ERR_FORM;
	*out =
	    days_of(year, month, day) * 86400 + h * 3600 + m * 60 + sec - east;
	return OK;
}

void
proof_time_put(char out[PROOF_TIME_TEXT], uint64_t t)
{
	const int64_t s = (int64_t)MIN(t, (uint64_t)TIME_MAX_S);
	const int64_t days = s / 86400, rest = s % 86400;
	int64_t year = days / 366 + 1970;

	while (days_of(year + 1, 1, 1) <= days)
		year++;
	int64_t month = 1;
	while (month < 12 && days_of(year, month + 1, 1) <= days)
		month++;
	(void)snprintf(out, PROOF_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned)year % 10000, (unsigned)month % 100,
	    (unsigned)(days - days_of(year, month, 1) + 1) % 100,
	    (unsigned)(rest / 3600) % 100, (unsigned)(rest / 60 % 60),
	    (unsigned)(rest % 60));
}

/* ---- what is signed ---- */

static bool
hash_json(uint8_t out[SHA256_SIZE], const json_t *v, char why[JCS_WHY])
{
	struct slice text;

	if (jcs_write(v, &text, why) != OK)
		return false;
	const struct crypto_part part = { text.p, text.n };
	hash_sha256(out, &part, 1);
	free((void *)(uintptr_t)text.p);
	return true;
}

/* Of a proof and a document that are whole: their copies lose two members. */
static enum proof_fault
hash_both(uint8_t out[HASHES], const json_t *proof, const json_t *document,
    const json_t *context, char why[JCS_WHY])
{
	json_t *options = json_copy((json_t *)(uintptr_t)proof);
	json_t *bare = json_copy((json_t *)(uintptr_t)document);
	bool ok = options != NULL && bare != NULL;

	if (ok) {
		(void)json_object_del(options, "proofValue");
		(void)json_object_del(bare, "proof");
		if (context != NULL)
			ok = json_object_set(bare, "@context",
				 (json_t *)(uintptr_t)context) == 0;
	}
	ok = ok && hash_json(out, options, why) &&
	     hash_json(out + SHA256_SIZE, bare, why);
	json_decref(options);
	json_decref(bare);
	return ok ? PROOF_FINE : PROOF_NOT_CANONICAL;
}

/* ---- verifying ---- */

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static enum proof_fault
fault_at(struct proof_result *r, enum proof_fault f, const char *why)
{
	(void)snprintf(r->why, sizeof(r->why), "%s", why);
	return f;
}

/* A context alone is a list of one. */
static const json_t *
context_at(const json_t *context, size_t i)
{
	if (json_is_array(context))
		return json_array_get(context, i);
	return i == 0 ? context : NULL;
}

static size_t
contexts_n(const json_t *context)
{
	return json_is_array(context) ? json_array_size(context)
				      : context != NULL;
}

/* The document's contexts begin with those of the proof. */
static bool
context_fits(const json_t *signed_one, const json_t *context)
{
	const size_t n = contexts_n(signed_one);

	if (n > CONTEXTS_MAX || n > contexts_n(context))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!json_equal(
			context_at(signed_one, i), context_at(context, i)))
			return false;
	return true;
}

/* "did:key:z6Mk...#z6Mk..." */
static enum proof_fault
method_key(
    const json_t *proof, uint8_t key[ED25519_PUBLIC], struct proof_result *r)
{
	const char *method = text_of(proof, "verificationMethod");

	if (method == NULL)
		return fault_at(r, PROOF_MALFORMED, "verificationMethod");
	if (strncmp(method, "did:key:", 8) != 0)
		return fault_at(r, PROOF_FOREIGN_METHOD, method);
	const char *part = strchr(method, '#');
	if (part == NULL)
		return fault_at(r, PROOF_BAD_KEY, "there is no #part");
	const struct slice did = slice_of(method, (size_t)(part - method));
	if (did_key_get(did, key) != OK)
		return fault_at(r, PROOF_BAD_KEY, method);
	/* the part names the same key again */
	if (strlen(part + 1) != did.n - 8 ||
	    memcmp(part + 1, method + 8, did.n - 8) != 0)
		return fault_at(r, PROOF_BAD_KEY, "the #part is another key");
	return PROOF_FINE;
}

static enum proof_fault
check_head(const json_t *proof, struct proof_result *r)
{
	const char *type = text_of(proof, "type");
	const char *suite = text_of(proof, "cryptosuite");
	const char *purpose = text_of(proof, "proofPurpose");

	if (type == NULL)
		return fault_at(r, PROOF_MALFORMED, "type");
	if (strcmp(type, "DataIntegrityProof") != 0)
		return fault_at(r, PROOF_UNKNOWN_TYPE, type);
	if (suite == NULL)
		return fault_at(r, PROOF_MALFORMED, "cryptosuite");
	if (strcmp(suite, PROOF_SUITE) != 0)
		return fault_at(r, PROOF_UNKNOWN_SUITE, suite);
	if (purpose == NULL)
		return fault_at(r, PROOF_MALFORMED, "proofPurpose");
	if (strcmp(purpose, "assertionMethod") != 0)
		return fault_at(r, PROOF_WRONG_PURPOSE, purpose);
	if (json_object_get(proof, "previousProof") != NULL)
		return fault_at(r, PROOF_CHAIN, "");
	return PROOF_FINE;
}

/* An optional time: false: it is there and is none. */
static bool
time_member(const json_t *proof, const char *key, bool *there, int64_t *t)
{
	const json_t *v = json_object_get(proof, key);

	*there = v != NULL;
	return v == NULL ||
	       (json_is_string(v) && proof_time(json_string_value(v), t) == OK);
}

static enum proof_fault
check_times(const json_t *proof, uint64_t now_s, struct proof_result *r,
    bool *created_there, int64_t *created)
{
	const int64_t now = (int64_t)MIN(now_s, (uint64_t)TIME_MAX_S);
	int64_t expires = 0;
	bool ends;

	*created = 0;
	if (!time_member(proof, "created", created_there, created))
		return fault_at(r, PROOF_MALFORMED, "created");
	if (!time_member(proof, "expires", &ends, &expires))
		return fault_at(r, PROOF_MALFORMED, "expires");
	if (now != 0 && *created_there && *created > now + PROOF_SKEW_S)
		return fault_at(
		    r, PROOF_NOT_YET_VALID, text_of(proof, "created"));
	if (now != 0 && ends && expires <= now)
		return fault_at(r, PROOF_EXPIRED, text_of(proof, "expires"));
	return PROOF_FINE;
}

static enum proof_fault
check_signature(const json_t *proof, const json_t *document,
    const uint8_t key[ED25519_PUBLIC], struct proof_result *r)
{
	const json_t *context = json_object_get(proof, "@context");
	const char *value = text_of(proof, "proofValue");
	uint8_t sig[ED25519_SIG + 1], hashes[HASHES];
	struct buf b = { sig, 0, sizeof(sig) };

	if (value == NULL || value[0] != 'z' ||
	    base58_get(slice_str(value + 1), &b) != OK || b.n != ED25519_SIG)
		return fault_at(r, PROOF_MALFORMED, "proofValue");
	if (context != NULL &&
	    !context_fits(context, json_object_get(document, "@context")))
		return fault_at(r, PROOF_WRONG_CONTEXT, "");
	const enum proof_fault f =
	    hash_both(hashes, proof, document, context, r->why);
	if (f != PROOF_FINE)
		return f;
	if (!ed25519_verify(sig, hashes, sizeof(hashes), key))
		return fault_at(r, PROOF_BAD_SIGNATURE, "");
	return PROOF_FINE;
}

static enum proof_fault
check_one(const json_t *proof, const json_t *document, uint64_t now_s,
    struct proof_result *r)
{
	uint8_t key[ED25519_PUBLIC];
	bool created_there;
	int64_t created;

	if (!json_is_object(proof))
		return fault_at(r, PROOF_MALFORMED, "proof");
	enum proof_fault f = check_head(proof, r);
	if (f == PROOF_FINE)
		f = method_key(proof, key, r);
	if (f == PROOF_FINE)
		f = check_times(proof, now_s, r, &created_there, &created);
	if (f == PROOF_FINE)
		f = check_signature(proof, document, key, r);
	if (f != PROOF_FINE)
		return f;
	if (r->n > 0 && memcmp(r->key, key, sizeof(key)) != 0)
		return fault_at(r, PROOF_BAD_KEY, "two keys have signed");
	memcpy(r->key, key, sizeof(key));
	if (r->n++ == 0) {
		r->has_created = created_there;
		r->created = created;
	}
	return PROOF_FINE;
}

static enum proof_fault
check_all(const json_t *document, uint64_t now_s, struct proof_result *r)
{
	const json_t *proof = json_object_get(document, "proof");

	if (!json_is_object(document))
		return fault_at(r, PROOF_MALFORMED, "no JSON object");
	if (proof == NULL)
		return fault_at(r, PROOF_NONE, "");
	if (!json_is_array(proof))
		return check_one(proof, document, now_s, r);
	if (json_array_size(proof) == 0)
		return fault_at(r, PROOF_NONE, "an empty list");
	if (json_array_size(proof) > PROOFS_MAX)
		return fault_at(r, PROOF_TOO_MANY, "");
	for (size_t i = 0; i < json_array_size(proof); i++) {
		const enum proof_fault f =
		    check_one(json_array_get(proof, i), document, now_s, r);
		if (f != PROOF_FINE)
			return f;
	}
	return PROOF_FINE;
}

enum proof_fault
proof_verify(const json_t *document, uint64_t now_s, struct proof_result *out)
{
	memset(out, 0, sizeof(*out));
	out->fault = check_all(document, now_s, out);
	if (out->fault != PROOF_FINE)
		memset(out->key, 0, sizeof(out->key));
	return out->fault;
}

/* ---- making ---- */

static json_t *
new_proof(const json_t *document, const uint8_t key[ED25519_PUBLIC],
    uint64_t created_s)
{
	char did[DID_KEY_TEXT], method[METHOD_TEXT], created[PROOF_TIME_TEXT];
	const json_t *context = json_object_get(document, "@context");

	did_key_put(did, key);
	(void)snprintf(method, sizeof(method), "%s#%s", did, did + 8);
	proof_time_put(created, created_s);
	json_t *proof = json_pack("{s:s,s:s,s:s,s:s,s:s}", "type",
	    "DataIntegrityProof", "cryptosuite", PROOF_SUITE, "created",
	    created, "verificationMethod", method, "proofPurpose",
	    "assertionMethod");
	if (proof != NULL && context != NULL &&
	    json_object_set_new(proof, "@context", json_deep_copy(context)) !=
		0) {
		json_decref(proof);
		return NULL;
	}
	return proof;
}

/* ---- a key that is elsewhere ---- */

#define CONTEXTS                                                               \
	"[\"https://www.w3.org/ns/credentials/v2\","                           \
	"\"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json\"]"
#define OPTIONS_TEXT (sizeof(CONTEXTS) + 2 * METHOD_TEXT + 256)

/* Members are sorted and quotes within texts are written with a backslash: so
 * this is the member, of the document or of something in it. */
static bool
names_issuer(struct slice text, const char *did)
{
	char member[METHOD_TEXT + 32];
	const int n =
	    snprintf(member, sizeof(member), ",\"issuer\":{\"id\":\"%s\"", did);
	size_t at = 0;

	while (at + (size_t)n <= text.n &&
	       memcmp(text.p + at, member, (size_t)n) != 0)
		at++;
	return at + (size_t)n <= text.n;
}

err
proof_text_sign(struct slice text, uint64_t created_s,
    const uint8_t secret[ED25519_SECRET], uint8_t sig[ED25519_SIG])
{
	static const char head[] = "{\"@context\":" CONTEXTS ",";
	char did[DID_KEY_TEXT], created[PROOF_TIME_TEXT], options[OPTIONS_TEXT];
	uint8_t hashes[HASHES];

	did_key_put(did, secret + ED25519_SEED);
	if (created_s > (uint64_t)TIME_MAX_S || text.n < sizeof(head) ||
	    memcmp(text.p, head, sizeof(head) - 1) != 0 ||
	    text.p[text.n - 1] != '}' || !names_issuer(text, did))
		return ERR_FORM;
	proof_time_put(created, created_s);
	const int n = snprintf(options, sizeof(options),
	    "{\"@context\":" CONTEXTS ",\"created\":\"%s\","
	    "\"cryptosuite\":\"" PROOF_SUITE "\","
	    "\"proofPurpose\":\"assertionMethod\","
	    "\"type\":\"DataIntegrityProof\","
	    "\"verificationMethod\":\"%s#%s\"}",
	    created, did, did + 8);
	const struct crypto_part of_options = { options, (size_t)n };
	const struct crypto_part of_text = { text.p, text.n };
	ASSERT(n > 0 && (size_t)n < sizeof(options));
	hash_sha256(hashes, &of_options, 1);
	hash_sha256(hashes + SHA256_SIZE, &of_text, 1);
	ed25519_sign(sig, hashes, sizeof(hashes), secret);
	return OK;
}

/* ${proof} gets its value and ${document} the proof; takes the reference. */
static err
attach(json_t *document, json_t *proof, const uint8_t sig[ED25519_SIG])
{
	char value[SIG_TEXT] = "z";
	const err e = base58_put(
	    value + 1, sizeof(value) - 1, slice_of(sig, ED25519_SIG));

	ASSERT(e == OK);
	if (json_object_set_new(proof, "proofValue", json_string(value)) != 0) {
		json_decref(proof);
		return ERR_NOMEM;
	}
	return json_object_set_new(document, "proof", proof) == 0 ? OK
								  : ERR_NOMEM;
}

/* Asks the signer, and looks whether it signed just this. */
static err
sign_by(const json_t *document, const json_t *proof,
    const struct proof_signer *by, uint64_t created_s, uint8_t sig[ED25519_SIG],
    char why[JCS_WHY])
{
	uint8_t hashes[HASHES];
	struct slice text;

	if (hash_both(hashes, proof, document, NULL, why) != PROOF_FINE)
		return ERR_FORM;
	TRY(jcs_write(document, &text, why));
	const bool signed_it = by->sign(by->ctx, text, created_s, sig);
	free((void *)(uintptr_t)text.p);
	return signed_it && ed25519_verify(sig, hashes, sizeof(hashes), by->key)
		   ? OK
		   : ERR_AUTH;
}

err
proof_create_by(json_t *document, const struct proof_signer *by,
    uint64_t created_s, char why[JCS_WHY])
{
	uint8_t sig[ED25519_SIG];
	json_t *proof;

	why[0] = '\0';
	if (!json_is_object(document)) {
		(void)snprintf(why, JCS_WHY, "no JSON object");
		return ERR_FORM;
	}
	if (json_object_get(document, "proof") != NULL)
		return ERR_EXISTS;
	proof = new_proof(document, by->key, created_s);
	if (proof == NULL)
		return ERR_NOMEM;
	const err e = sign_by(document, proof, by, created_s, sig, why);
	if (e != OK) {
		json_decref(proof);
		return e;
	}
	return attach(document, proof, sig);
}

err
proof_create(json_t *document, const uint8_t secret[ED25519_SECRET],
    uint64_t created_s, char why[JCS_WHY])
{
	/* a secret key ends with its public one: crypto.h */
	const uint8_t *key = secret + ED25519_SEED;
	uint8_t hashes[HASHES], sig[ED25519_SIG];
	json_t *proof;

	why[0] = '\0';
	if (!json_is_object(document)) {
		(void)snprintf(why, JCS_WHY, "no JSON object");
		return ERR_FORM;
	}
	if (json_object_get(document, "proof") != NULL)
		return ERR_EXISTS;
	proof = new_proof(document, key, created_s);
	if (proof == NULL)
		return ERR_NOMEM;
	if (hash_both(hashes, proof, document, NULL, why) != PROOF_FINE) {
		json_decref(proof);
		return ERR_FORM;
	}
	ed25519_sign(sig, hashes, sizeof(hashes), secret);
	return attach(document, proof, sig);
}
