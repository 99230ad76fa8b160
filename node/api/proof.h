/*
 * api/proof.h: openings of the ledgers of others (evidence/ledger.h), held
 * against the root that the company has published.
 */
#pragma once

#include "node/api/parts.h"

/**
 * proof_json(n, language, bytes, company):
 * As POST /ledger/verify answers; a root that is good for the first time is
 * remembered, and what an opening said. ${company}: whose it has to be; NULL:
 * whose it says. NULL: it is no proof at all, or no memory.
 */
json_t *proof_json(struct node *n, uint32_t language, struct slice bytes,
    const uint8_t *company);

/**
 * proof_told(n, company, proofs, count):
 * What the proofs of one conversation show together (company/told.h): {good,
 * proofs, refused, fault, since, size, counts, says}; JSON null: none of them
 * is an extension. A root that is proven to extend the one that was verified
 * here before takes its place.
 */
json_t *proof_told(struct node *n, const uint8_t company[ED25519_PUBLIC],
    const struct slice *proofs, size_t count);

/**
 * proof_opened(n, company):
 * {at, size, counts, current} of the last opening of that company that was
 * good here; ${current}: its root is still the published one. JSON null: none.
 */
json_t *proof_opened(struct node *n, const uint8_t company[ED25519_PUBLIC]);
