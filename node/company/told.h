/*
 * company/told.h: what a company has told of its ledger in one conversation:
 * an opening with its offer, and later, as its root changes, proofs that each
 * newer ledger begins with the older one (proto/evidence/ledger.h). Together
 * they show that nothing was taken back of what was told first, up to the root
 * that the company has published now.
 *
 * Nothing is taken for true because it came: each proof is checked again
 * whenever it is shown, against roots that were told before it, that this node
 * has verified, or that are published. SPEC.md 20, "Ledger".
 */
#pragma once

#include "node/mail/mailbox.h"
#include "proto/evidence/ledger.h"

#define TOLD_MAX 16 /* proofs of one conversation that are looked at */

struct told {
	unsigned openings, extensions; /* that hold */
	unsigned refused, unknown;     /* false ones; of a root never told */
	enum evidence_fault fault;     /* of the last false one */
	/* An extension leads to the published root, ... */
	bool reaches;
	bool from_seen; /* from the root that was verified here before */
	struct ledger_head head; /* of the ledger it leads to */
	uint32_t since;          /* leaves that were told first */
};

/**
 * told_check(l, proofs, n, seen, published, scratch, out):
 * In the order in which they came; the first TOLD_MAX - 1 and the last are
 * looked at. ${seen}: a root of 32 bytes that was verified here before, and
 * ${published}: NULL: none. ${scratch}: LEDGER_SCRATCH_BYTES.
 */
void told_check(const struct ledger_of *l, const struct slice *proofs, size_t n,
    const uint8_t *seen, const uint8_t *published, struct arena *scratch,
    struct told *out);

/**
 * told_take(n, t, bytes): a document of kind `ledger` has come. OK: it is one
 * that the other side may send; it stays in the history. ERR_FORM: it is none,
 * or false in itself.
 */
NODISCARD err told_take(struct node *n, struct talk *t, struct slice bytes);

/**
 * told_next(n, t, out, older, newer):
 * Of a company: what tells the other side of its ledger as it is published
 * now: an extension of the last root that it told in this conversation, or an
 * opening if it told none (then ${older} is 0). Sizes of both. ERR_EXISTS: it
 * told that root; ERR_NOTFOUND: no root is published that others could check
 * it against; ERR_CORRUPT: the root that was told is none of this list.
 */
NODISCARD err told_next(struct node *n, const struct talk *t, struct buf *out,
    uint32_t *older, uint32_t *newer);
