/*
 * rules.h: what may be concluded from several documents together. All
 * functions take documents that document_open() found fine, are pure, and do
 * not care about the order in which things arrived. SPEC.md, "Evidence",
 * "Rules".
 */
#pragma once

#include "proto/evidence/document.h"

/**
 * evidence_belongs(d, agreement):
 * May progress, outcome, one-sided statement or session count beside this
 * agreement? EVIDENCE_INCOMPLETE: one of the two lacks a signature (progress
 * too); EVIDENCE_WRONG_REFERENCE: another agreement or other parties;
 * EVIDENCE_CONTRADICTS: an outcome's kind, pledge or team is not the
 * agreement's, or it is older than it; EVIDENCE_TOO_EARLY: one-sided before
 * evidence_due() + EVIDENCE_GRACE_H.
 */
NODISCARD enum evidence_fault evidence_belongs(
    const struct document *d, const struct document *agreement);

/**
 * evidence_follows(follow_up, outcome):
 * The same of a follow-up beside its outcome; EVIDENCE_TOO_EARLY: before
 * EVIDENCE_FOLLOW_H have gone by.
 */
NODISCARD enum evidence_fault evidence_follows(
    const struct document *follow_up, const struct document *outcome);

/** evidence_due(a): the hour by which all that was agreed is to be done. */
uint32_t evidence_due(const struct agreement *a);

/**
 * evidence_wins(a, b):
 * Of two outcomes of one agreement exactly one counts: the later one, of two
 * of the same hour the one with the smaller id. Both signed both. (In a
 * ledger the first one stays: ledger.h.)
 */
bool evidence_wins(const struct document *a, const struct document *b);

/**
 * pledge_standing_of(agreement, outcome, one_sided, now_h):
 * How the company's pledge stands. ${outcome} and ${one_sided} may be NULL;
 * what does not belong to the agreement is as if it were not there. An
 * outcome decides. Without one, a person's one-sided statement of a broken or
 * partly kept pledge is shown as claimed, since the company signed the
 * agreement and no outcome; a company's own statement changes nothing.
 */
enum pledge_standing {
	STANDING_NONE,    /* nothing was pledged, or nothing agreed */
	STANDING_OPEN,    /* not due yet, or in the days of grace */
	STANDING_OVERDUE, /* due and nobody said anything */
	STANDING_KEPT,
	STANDING_PARTLY,
	STANDING_BROKEN,
	STANDING_CLAIMED, /* broken or partly, says the person alone */
};
enum pledge_standing pledge_standing_of(const struct document *agreement,
    const struct document *outcome, const struct document *one_sided,
    uint32_t now_h);

/** pledge_standing_name(s): "overdue". */
const char *pledge_standing_name(enum pledge_standing s);

/**
 * credential_state(credential, end, now_h):
 * EVIDENCE_FINE: it counts; EVIDENCE_INCOMPLETE: not accepted by its holder;
 * EVIDENCE_EXPIRED; EVIDENCE_REVOKED: ${end} (NULL: none is known) is the
 * issuer's and of this credential. An end of another one is ignored.
 */
NODISCARD enum evidence_fault credential_state(
    const struct document *credential, const struct document *end,
    uint32_t now_h);

/** session_attended(d, key): did that participant sign? */
bool session_attended(
    const struct document *d, const uint8_t key[ED25519_PUBLIC]);

/**
 * moved_covers(moved, d):
 * Does what ${d} says of ${moved}'s old key hold for the new one? Only if the
 * same company signed ${d}, it is not younger than the move, and it is among
 * the references if there are any.
 */
bool moved_covers(const struct document *moved, const struct document *d);
