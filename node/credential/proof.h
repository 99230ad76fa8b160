/*
 * credential/proof.h: the signature on a JSON document as W3C Data Integrity
 * has it, in the one cryptosuite `eddsa-jcs-2022`: Ed25519 over
 * SHA-256(JCS(proof without proofValue)) || SHA-256(JCS(document without
 * proof)). Keys are did:key of Ed25519, so nothing is fetched, ever.
 *
 * A good proof says that this key signed these bytes for this purpose. Whether
 * the key is the issuer's is asked in credential.h.
 *
 * https://www.w3.org/TR/vc-di-eddsa/ 3.3, https://www.w3.org/TR/vc-data-integrity/
 */
#pragma once

#include "crypto/crypto.h"
#include "node/credential/jcs.h"

#define PROOF_SUITE     "eddsa-jcs-2022"
#define PROOF_SKEW_S    300 /* how far other clocks may be ahead */
#define PROOFS_MAX      8   /* in a set */
#define PROOF_TIME_TEXT 24  /* "2026-11-22T19:30:00Z" and a zero */

enum proof_fault {
	PROOF_FINE,
	PROOF_NONE,           /* the document has no proof */
	PROOF_MALFORMED,      /* a member is missing or of the wrong kind */
	PROOF_NOT_CANONICAL,  /* it has no one byte form: jcs.h */
	PROOF_TOO_MANY,       /* more than PROOFS_MAX */
	PROOF_UNKNOWN_TYPE,   /* not a DataIntegrityProof */
	PROOF_UNKNOWN_SUITE,  /* another cryptosuite */
	PROOF_WRONG_PURPOSE,  /* not assertionMethod */
	PROOF_FOREIGN_METHOD, /* a DID method that is not did:key */
	PROOF_BAD_KEY,       /* did:key, but no Ed25519 key, or another #part */
	PROOF_CHAIN,         /* previousProof: proof chains are not read */
	PROOF_WRONG_CONTEXT, /* @context is not that which was signed */
	PROOF_NOT_YET_VALID, /* created later than now */
	PROOF_EXPIRED,       /* expires is over */
	PROOF_BAD_SIGNATURE, /* changed since, or signed by another key */
};
#define PROOF_FAULTS (PROOF_BAD_SIGNATURE + 1)

/** proof_fault_name(f): "wrong-purpose"; static, part of the interface. */
const char *proof_fault_name(enum proof_fault f);

/** proof_fault_text(f): a sentence for people, without a full stop. */
const char *proof_fault_text(enum proof_fault f);

struct proof_result {
	enum proof_fault fault;
	unsigned n;                  /* proofs in the document */
	uint8_t key[ED25519_PUBLIC]; /* of the first; with FINE */
	bool has_created;
	int64_t created;   /* seconds since 1970 */
	char why[JCS_WHY]; /* which member; may be "" */
};

/**
 * proof_verify(document, now_s, out):
 * ${document} is an object of jcs_read(). Of a set every proof must be good,
 * and all by one key; the first fault is told. ${now_s} 0: times are not
 * compared with the clock.
 */
enum proof_fault proof_verify(
    const json_t *document, uint64_t now_s, struct proof_result *out);

/**
 * proof_create(document, secret, created_s, why):
 * Add a proof to ${document}, which has none. ERR_EXISTS: it has one;
 * ERR_FORM: no object, or no byte form (${why}); ERR_NOMEM.
 */
NODISCARD err proof_create(json_t *document,
    const uint8_t secret[ED25519_SECRET], uint64_t created_s,
    char why[JCS_WHY]);

/*
 * Signing by a key that is elsewhere: the signer process. A signature of this
 * suite has no domain of ours in front: what is signed are two hashes. So
 * whoever signs makes both himself, the first of a text that he writes alone:
 * that these 32 bytes, or the next, are the beginning of something else that
 * is signed here (all of it begins with 16 constant bytes) takes 2^128 tries.
 */

/**
 * proof_text_sign(text, created_s, secret, sig):
 * ${text} is the one byte form (jcs.h) of a document without a proof. Looks
 * first; ERR_FORM: not an Open Badge with the two contexts that
 * credential_write() gives it, of which ${secret} is the issuer; or
 * ${created_s} is beyond the year 9999. No JSON is parsed.
 */
NODISCARD err proof_text_sign(struct slice text, uint64_t created_s,
    const uint8_t secret[ED25519_SECRET], uint8_t sig[ED25519_SIG]);

struct proof_signer {
	uint8_t key[ED25519_PUBLIC];
	/* As proof_text_sign(); false: refused. */
	bool (*sign)(void *ctx, struct slice text, uint64_t created_s,
	    uint8_t sig[ED25519_SIG]);
	void *ctx;
};

/** proof_create_by(document, by, created_s, why): as proof_create(); ERR_AUTH:
 * the signer refused, or what it gave is not a signature of this. */
NODISCARD err proof_create_by(json_t *document, const struct proof_signer *by,
    uint64_t created_s, char why[JCS_WHY]);

/**
 * proof_time(text, out): dateTimeStamp of XML Schema: a date, a time and a
 * zone, to seconds since 1970; parts of seconds are dropped. ERR_FORM.
 */
NODISCARD err proof_time(const char *text, int64_t *out);

/** proof_time_put(out, t): "2026-11-22T19:30:00Z"; years 1970 to 9999. */
void proof_time_put(char out[PROOF_TIME_TEXT], uint64_t t);
