/*
 * credential/credential.h: a credential as the rest of the world has it: W3C
 * Verifiable Credentials 2.0, written with the data model of Open Badges 3.0
 * (an OpenBadgeCredential about an AchievementSubject), signed as in proof.h.
 *
 * What it is not: certifiable Open Badges 3.0. 1EdTech's conformance asks for
 * eddsa-rdfc-2022 or a JWT with RS256; wallets that insist refuse our badges
 * although they are valid Verifiable Credentials 2.0. And it is not our own
 * evidence: what counts in Learnability are native documents alone
 * (proto/evidence/), which both sides sign.
 *
 * https://www.w3.org/TR/vc-data-model-2.0/, https://www.imsglobal.org/spec/ob/v3p0
 */
#pragma once

#include "node/credential/proof.h"
#include "proto/evidence/evidence.h"

#define CREDENTIAL_CONTEXT "https://www.w3.org/ns/credentials/v2"
#define CREDENTIAL_BADGE_CONTEXT                                               \
	"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"

/* Where the URI and label of a term come from; both may stay empty. */
struct credential_names {
	bool (*name)(
	    void *ctx, uint64_t term, struct slice *uri, struct slice *label);
	void *ctx;
};

/**
 * credential_write(c, id, names, out):
 * The native credential ${c}, whose document has the id ${id}, as JSON
 * without a proof, for its issuer to sign (proof_create()). A skill whose URI
 * ${names} does not know (NULL: none) is "urn:ohcn:term:" and 16 hexadecimal
 * digits. It has no credentialStatus: native ends of credentials are
 * documents of their own. ERR_NOMEM; ERR_FORM: its texts are not UTF-8.
 */
NODISCARD err credential_write(const struct credential *c,
    const uint8_t id[EVIDENCE_ID], const struct credential_names *names,
    json_t **out);

enum credential_fault {
	CREDENTIAL_FINE,
	CREDENTIAL_NOT_ONE,         /* no VerifiableCredential */
	CREDENTIAL_UNKNOWN_VERSION, /* not of version 2.0 of the data model */
	CREDENTIAL_MALFORMED,       /* a member is missing or does not fit */
	CREDENTIAL_BAD_PROOF,       /* see the fault of the proof */
	CREDENTIAL_WRONG_ISSUER,   /* signed by another key than the issuer's */
	CREDENTIAL_UNBOUND_ISSUER, /* nothing says that the key is theirs */
	CREDENTIAL_NOT_YET_VALID,
	CREDENTIAL_EXPIRED,
};
#define CREDENTIAL_FAULTS (CREDENTIAL_EXPIRED + 1)

/** credential_fault_name(f): "wrong-issuer"; static, part of the interface. */
const char *credential_fault_name(enum credential_fault f);

/** credential_fault_text(f): a sentence for people, without a full stop. */
const char *credential_fault_text(enum credential_fault f);

struct credential_skill {
	const char *url, *name; /* "" if absent */
	uint64_t term;          /* that ${url} is; 0: there is no URL */
	const char *value;      /* of the result, in the issuer's words */
	uint8_t level;          /* 1..5 if ${value} is one; else 0 */
};

/* What it says; texts are borrowed from the JSON, "" if absent. */
struct credential_view {
	const char *id, *issuer, *issuer_name, *subject, *name, *description;
	bool badge;      /* Open Badges 3.0: it has an achievement */
	bool has_status; /* it names a status, which nobody asked */
	bool has_from, has_until;
	int64_t from, until; /* seconds since 1970 */
	size_t subjects_n;   /* of several only the first is looked at */
	size_t skills_n, skills_left_out;
	struct credential_skill skills[EVIDENCE_SKILLS];
};

/**
 * credential_read(document, out, why):
 * Of an object of jcs_read(); proof and times are not judged. FINE, NOT_ONE,
 * UNKNOWN_VERSION or MALFORMED (${why} names the member).
 */
enum credential_fault credential_read(
    const json_t *document, struct credential_view *out, char why[JCS_WHY]);

struct credential_check {
	enum credential_fault fault;
	struct proof_result proof; /* FINE unless the fault is BAD_PROOF ... */
	bool proof_checked;        /* ... or the form was wrong before */
	struct credential_view view;
	char why[JCS_WHY];
};

/**
 * credential_verify(document, now_s, key, out):
 * Form, proof, issuer, times, in this order; the first fault is told.
 * ${key} is the issuer's as you know it from elsewhere, NULL: the issuer has
 * to be a did:key, which names its own key. A status is not asked for.
 */
enum credential_fault credential_verify(const json_t *document, uint64_t now_s,
    const uint8_t key[ED25519_PUBLIC], struct credential_check *out);
