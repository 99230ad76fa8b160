/*
 * company/ledger.h: the ledgers of this node: for each persona that pledged
 * something the list of proto/evidence/ledger.h, which only grows. It is fed
 * by documents (evidence/documents.h): an agreement with a pledge that all
 * have signed, its outcome; and by time: 30 days after it was due a pledge
 * without an outcome has lapsed.
 *
 * What is published of it is a root in the organisation record. It changes at
 * the turn of a week alone (or when the owner says so), so that it tells
 * nobody when something was signed: the root is that of the first
 * ledger_state.committed leaves, also when the record is published between.
 *
 * A node whose published root is none of its own list's (an old backup was
 * restored, another device goes on with the ledger) is *behind*: it publishes
 * no root, since one that does not extend the published one would convict the
 * company by its own signatures. A list that contradicts itself is *damaged*:
 * nothing is appended.
 *
 * In the vault: ledger/PERSONA/CHUNK {leaves: hex}, ledger/PERSONA/head.
 * For the loop's thread.
 */
#pragma once

#include "node/node.h"
#include "proto/evidence/ledger.h"

#define COMPANY_LEAVES_MAX 20000 /* of one ledger */

struct ledgers;

/** ledgers_open(n): after documents; takes in what it missed. ERR_NOMEM. */
NODISCARD err ledgers_open(struct node *n);
void ledgers_close(struct node *n);

/** ledger_forget(n, persona): all of it, here. Of the vault. */
NODISCARD err ledger_forget(struct node *n, uint32_t persona);

/** ledgers_tick(n): each second: what lapses; the turn of the week. */
void ledgers_tick(struct node *n);

enum ledger_condition {
	LEDGER_SOUND,
	LEDGER_BEHIND,  /* the published root is not of this list */
	LEDGER_DAMAGED, /* the list contradicts itself, or a part is lost */
	LEDGER_FULL,    /* COMPANY_LEAVES_MAX */
};

/** ledger_condition_name(c): "sound", "behind", "damaged", "full". */
const char *ledger_condition_name(enum ledger_condition c);

struct ledger_state {
	enum ledger_condition condition;
	uint32_t n;         /* leaves; 0: there is no ledger */
	uint32_t committed; /* of them under the root that may be published */
	uint64_t next_s;    /* when the root changes next; 0: nothing new */
	bool published;     /* a root stands in the live organisation record */
	uint8_t published_root[32];
	const struct ledger_leaf *leaves; /* until the loop goes on */
};

/** ledger_state_of(n, persona, out). */
void ledger_state_of(
    struct node *n, uint32_t persona, struct ledger_state *out);

/**
 * ledger_root_of(n, persona, leaves_n, out): of the first ${leaves_n}.
 * false: none, or not so many.
 */
bool ledger_root_of(
    const struct node *n, uint32_t persona, uint32_t leaves_n, uint8_t out[32]);

/** ledger_size_of(n, persona, root): how many of the leaves under the root
 * that may be published have that root; 0: no such list was ours. */
uint32_t ledger_size_of(
    const struct node *n, uint32_t persona, const uint8_t root[32]);

/**
 * ledger_root_now(n, persona, out): what an organisation record is to say
 * now: the committed root, or of a ledger that is behind or damaged the
 * published one. false: none.
 */
bool ledger_root_now(struct node *n, uint32_t persona, uint8_t out[32]);

/**
 * ledger_commit(n, persona): all leaves are under the root from now on.
 * ERR_CORRUPT: behind or damaged; ERR_NOTFOUND: no leaf; ERR_IO.
 */
NODISCARD err ledger_commit(struct node *n, uint32_t persona);

/** ledger_of_persona(n, persona): for openings and extensions. */
struct ledger_of ledger_of_persona(const struct node *n, uint32_t persona);

/**
 * ledger_is_open(n, persona, s, root): is the committed root the one that is
 * published, so that others can check proofs of it? ${s}: as
 * ledger_state_of().
 */
bool ledger_is_open(
    struct node *n, uint32_t persona, struct ledger_state *s, uint8_t root[32]);

/**
 * ledger_for_offer(n, persona, out):
 * An opening that goes along with an offer, at most MESSAGE_LEDGER_MAX bytes:
 * the counts of all, and as many of the newest leaves as fit. ERR_NOTFOUND:
 * no root is published that others could check it against; ERR_NOMEM.
 */
NODISCARD err ledger_for_offer(
    struct node *n, uint32_t persona, struct buf *out);

/* ---- in the organisation record ---- */

/** ledger_published(n, persona, root): of the live record; false: none. */
bool ledger_published(struct node *n, uint32_t persona, uint8_t root[32]);

/** ledger_can_publish(n, persona): there is a live record, and its slot is
 * free to be written now. */
bool ledger_can_publish(struct node *n, uint32_t persona);

/**
 * ledger_publish(n, persona):
 * The live organisation record again, with ledger_root_now() in it. What
 * becomes of it is told in the log; the next turn tries again.
 */
void ledger_publish(struct node *n, uint32_t persona);

/** ledger_root_into(n, persona, draft): sets "ledger_root" of an organisation
 * as JSON to ledger_root_now(), or takes it out. */
void ledger_root_into(struct node *n, uint32_t persona, json_t *draft);
