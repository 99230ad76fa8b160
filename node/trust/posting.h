/*
 * posting.h: which keys an organisation posts under. An organisation record
 * lists them, and they say so themselves: in an organisation record of their
 * own or in what they post. Only both together make two keys one party
 * (trust_postings() of match/trust.h); a revoked key is linked with none.
 *
 * Reads the store; for the worker that makes a view. SPEC.md, "Posting keys".
 */
#pragma once

#include "match/trust.h"
#include "proto/base/mem.h"
#include "store/store.h"

#define POSTING_LISTED 64 /* keys in an organisation record */
#define POSTING_NAMED  16 /* organisations that a key names; more: of none */

/* Zeros but for the view, the hour and the memory. */
struct posting_keys {
	struct store_view *view;
	uint32_t now_h;
	struct arena *record_scratch, *value_scratch;
	/* found so far, bounded by TRUST_LINKS_MAX with those it began with */
	struct trust_link *links;
	size_t links_n;
	bool cut; /* there are more */
	/* Whose organisation and revocation were looked up, in any order and
	 * some twice; NULL: not to be noted. Full: some are missing. */
	uint8_t (*asked)[TRUST_KEY];
	size_t asked_n, asked_cap;
	bool asked_full;
	/* of the key that is looked at */
	struct trust_claim lists[POSTING_LISTED + POSTING_LISTED +
				 (POSTING_LISTED + 1) * POSTING_NAMED];
	struct trust_claim names[(POSTING_LISTED + 1) * POSTING_NAMED];
	size_t lists_n, names_n;
};

/**
 * posting_look(p, key): add the links of ${key} to ${p}->links, which has
 * room for TRUST_LINKS_MAX; those that are there already not again. Of the
 * store: ERR_IO, ERR_CORRUPT.
 */
NODISCARD err posting_look(
    struct posting_keys *p, const uint8_t key[TRUST_KEY]);
