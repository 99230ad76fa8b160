#include "proto/evidence/fault.h"

const char *
evidence_fault_name(enum evidence_fault f)
{
	static const char *const names[EVIDENCE_FAULTS] = { "fine", "oversize",
		"not-canonical", "malformed", "unknown-version", "unknown-type",
		"wrong-net", "bad-body", "unknown-field", "bad-parties",
		"bad-times", "from-future", "bad-role", "bad-order",
		"bad-signature", "incomplete", "wrong-reference", "contradicts",
		"too-early", "expired", "revoked", "wrong-verifier",
		"wrong-nonce", "bad-claim", "bad-path", "bad-range", "bad-sums",
		"not-consistent", "wrong-holder", "not-asked" };

	ASSERT((unsigned)f < EVIDENCE_FAULTS);
	return names[f];
}
