/*
 * fault.h: what can be wrong with evidence: one name for each fault, part of
 * the standard (SPEC.md, "Evidence", "Faults"). The numbers are ours.
 */
#pragma once

#include "proto/base/base.h"

enum evidence_fault {
	EVIDENCE_FINE,
	/* the bytes */
	EVIDENCE_OVERSIZE,
	EVIDENCE_NOT_CANONICAL,
	EVIDENCE_MALFORMED, /* not the outer shape */
	EVIDENCE_UNKNOWN_VERSION,
	EVIDENCE_UNKNOWN_TYPE,
	EVIDENCE_WRONG_NET,
	EVIDENCE_BAD_BODY,      /* a field is missing or does not fit */
	EVIDENCE_UNKNOWN_FIELD, /* an even key that this version lacks */
	EVIDENCE_BAD_PARTIES,   /* one key on two sides; not in order */
	EVIDENCE_BAD_TIMES,
	EVIDENCE_FROM_FUTURE,
	/* signatures */
	EVIDENCE_BAD_ROLE,  /* a role that the type lacks, twice, unsorted */
	EVIDENCE_BAD_ORDER, /* the person signed before the company */
	EVIDENCE_BAD_SIGNATURE,
	EVIDENCE_INCOMPLETE, /* a signature that is needed is not there */
	/* beside other documents */
	EVIDENCE_WRONG_REFERENCE, /* of another agreement or outcome */
	EVIDENCE_CONTRADICTS,     /* says what the agreement does not allow */
	EVIDENCE_TOO_EARLY,       /* one-sided or follow-up before its time */
	EVIDENCE_EXPIRED,
	EVIDENCE_REVOKED,
	/* presentations of claims */
	EVIDENCE_WRONG_VERIFIER, /* made for somebody else */
	EVIDENCE_WRONG_NONCE,    /* an old one, shown again */
	EVIDENCE_BAD_CLAIM,      /* a leaf that is no claim */
	EVIDENCE_BAD_PATH,       /* it does not lead to the root */
	EVIDENCE_BAD_RANGE,      /* the chain does not meet the commitment */
	/* ledgers */
	EVIDENCE_BAD_SUMS,       /* counts that contradict each other */
	EVIDENCE_NOT_CONSISTENT, /* the newer ledger does not extend the older */
	/* presentations in a conversation */
	EVIDENCE_WRONG_HOLDER, /* of another key than the conversation's */
	EVIDENCE_NOT_ASKED,    /* a claim that nobody had asked for */
};
#define EVIDENCE_FAULTS (EVIDENCE_NOT_ASKED + 1)

/** evidence_fault_name(f): "bad-path"; static, as in SPEC.md. */
const char *evidence_fault_name(enum evidence_fault f);
