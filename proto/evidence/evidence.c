#include "proto/evidence/evidence.h"

const char *
evidence_type_name(uint32_t t)
{
	static const char *const names[EVIDENCE_TYPES + 1] = { NULL,
		"agreement", "progress", "outcome", "follow-up", "one-sided",
		"session", "credential", "credential-end", "moved", "linked" };

	return t > EVIDENCE_TYPES ? NULL : names[t];
}

void
terms_hash(uint8_t out[32], struct slice text)
{
	const struct crypto_part part = { text.p, text.n };

	hash_blake2b(out, 32, "ohcn-terms-v1", &part, 1);
}
