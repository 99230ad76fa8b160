/*
 * trust.h: whom the owner of this node relies on, and what follows from it.
 *
 * The owner names anchors (private, in the vault). From them tau flows along
 * the attestation records that the store holds and the credentials and links
 * among the documents of this node (match/trust.h). Learnability is worked
 * out of those documents with it (match/learn/learnability.h).
 *
 * All of it is one value, a *view*, made on a worker from what there was at
 * one moment, and then only read: it is counted by its users and goes with
 * the last one. When anchors, documents, vocabulary or attestations of whom
 * trust reaches change, a new one is made within a few seconds; making them
 * takes a twentieth of the time, more only where one takes over 3 s (they are
 * 60 s apart at most). Nothing of it is published, sent
 * to anybody, or orders a list of people.
 *
 * SPEC.md, "Trust and Learnability".
 */
#pragma once

#include "match/learn/learnability.h"
#include "node/node.h"

struct trust_keeper; /* ${n}->trust */

/* ---- life; the loop's thread ---- */

/** trust_open(n): after vault, store and documents. ERR_NOMEM. */
NODISCARD err trust_open(struct node *n);
/** trust_stop(n): no work begins any more. */
void trust_stop(struct node *n);
/** trust_keeper_free(k): when the loop has ended; NULL is fine. */
void trust_keeper_free(struct trust_keeper *k);
/** trust_tick(n): each second; makes a new view when something changed. */
void trust_tick(struct node *n);

/** trust_changed(n): a document came or went, or an anchor. Cheap. */
void trust_changed(struct node *n);
/**
 * trust_stored(n, kind, author): a record was stored or has gone. Cheap; any
 * thread. Most of what comes is of strangers and changes no view.
 */
void trust_stored(
    struct node *n, uint32_t kind, const uint8_t author[TRUST_KEY]);

/* ---- what others ask; any time, cheap ---- */

/**
 * trust_of_key(n, key):
 * How far the owner relies on ${key}, 0..TRUST_ONE, as of the latest view; 0
 * before there is one, and for all whom nobody known vouches for. From the
 * loop's thread.
 */
uint32_t trust_of_key(struct node *n, const uint8_t key[TRUST_KEY]);

/**
 * trust_peer_json(n, key): for the owner, beside an offer or a candidate:
 * {"trust_permille", "stranger", "anchor", "practice_level", "learnability":
 * {"score_permille", "confidence", "counterparties"} or null, "warnings"}.
 * From the latest view; the loop's thread.
 */
json_t *trust_peer_json(
    struct node *n, const uint8_t key[TRUST_KEY], enum learn_role role);

/* What the owner's rules say about an offer that comes in. */
enum trust_inbox {
	TRUST_INBOX_IN,    /* keep and tell the owner */
	TRUST_INBOX_QUIET, /* keep, tell nobody; it stands behind the others */
	TRUST_INBOX_STRANGER, /* drop: from a stranger */
	TRUST_INBOX_PLEDGE,   /* drop: a stranger who pledges too little */
	TRUST_INBOX_WARNED,   /* drop: on a warning list taken for a block */
	TRUST_INBOX_DEMAND,   /* drop: names the demand of somebody else */
};
#define TRUST_INBOX_RULES (TRUST_INBOX_DEMAND + 1)

/**
 * trust_inbox(n, sender, pledge, foreign):
 * By the settings inbox.strangers, inbox.stranger_pledge and
 * inbox.others_demands and the warning lists that stand for blocks. ${pledge}
 * in minor units (mailbox.c); ${foreign}: the offer names the demand of
 * somebody else, who is not of the sender's organisation. Changes nothing.
 * Blocks and places are the mailbox's own rules (mail/inbox.h).
 */
enum trust_inbox trust_inbox(struct node *n, const uint8_t sender[TRUST_KEY],
    uint64_t pledge, bool foreign);

/** trust_inbox_drops(rule): does it keep an offer out? */
static inline bool
trust_inbox_drops(enum trust_inbox rule)
{
	return rule > TRUST_INBOX_QUIET;
}

/** trust_inbox_count(n, rule): one offer was dropped by it: for the owner's
 * status alone; the sender never learns. */
void trust_inbox_count(struct node *n, enum trust_inbox rule);

/** trust_inbox_counted(n, rule): since the start. */
uint64_t trust_inbox_counted(const struct node *n, enum trust_inbox rule);

/** trust_inbox_name(rule): "in", "quiet", "stranger", "pledge", "warned",
 * "demand". */
const char *trust_inbox_name(enum trust_inbox rule);
