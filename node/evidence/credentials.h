/*
 * credentials.h: what somebody stands for about somebody: issued by one, held
 * by the other, shown to third ones, taken back by the first. The native
 * documents of proto/evidence (credential and its end), kept and signed by
 * documents.h; beside them the leaves that an issuer put behind a root
 * (sheet.h), and the W3C form of a credential (node/credential/), which its
 * issuer signs and anybody may hold.
 *
 * Nothing of it is gossiped. So an end reaches who holds the credential only
 * by a conversation or a file: a verifier who got neither does not know it.
 * For the loop's thread.
 */
#pragma once

#include "node/evidence/documents.h"
#include "node/evidence/facts.h"
#include "node/mail/mailbox.h"

#define CREDENTIALS_WHY   200
#define CREDENTIAL_COPIES 10
#define BADGES_MAX        64    /* W3C ones that a persona holds */
#define BADGE_MAX         16384 /* bytes of one as JSON */

/** credentials_open(n): after documents_follow(). Ends and sheets that come in
 * conversations are then taken: by credentials_from_talk(). */
void credentials_open(struct node *n);

/** credentials_from_talk(n, t, kind, bytes): a sheet, or any document: as a
 * mailbox_document_fn. */
NODISCARD err credentials_from_talk(struct node *n, struct talk *t,
    enum mail_document kind, struct slice bytes);

/* How a native one stands; "good" alone counts. */
enum credential_standing {
	CREDENTIAL_PROPOSED, /* a signature is missing */
	CREDENTIAL_GOOD,
	CREDENTIAL_OVER,  /* expired */
	CREDENTIAL_ENDED, /* taken back by its issuer */
};

/** credential_standing_name(s): "proposed", "good", "expired", "revoked". */
const char *credential_standing_name(enum credential_standing s);

/** credentials_standing(n, h, d): of what documents_read() gave. */
enum credential_standing credentials_standing(
    struct node *n, const struct holding *h, const struct held_document *d);

/* What is to be issued. */
struct credential_order {
	uint32_t persona;     /* the issuer */
	struct talk *talk;    /* it is sent there; NULL: to a file */
	struct credential c;  /* all but issuer, nonce, times, claims */
	uint32_t days;        /* from now on */
	const json_t *claims; /* leaves: as facts_check(); NULL: none */
	unsigned copies;      /* 1..CREDENTIAL_COPIES: each with a tree of its
				  own, so that two verifiers cannot compare */
	bool dry;
};

/**
 * credentials_issue(n, o, out, fault, outcome, why):
 * ${out}: a list of ids (hexadecimal), or of a dry run of what would be
 * signed; the caller's. OK: see ${fault} and, of a conversation, ${outcome}:
 * what was issued is held even if it could not be sent. ERR_FORM, ERR_LIMIT
 * with ${why}; errors of documents_make().
 */
NODISCARD err credentials_issue(struct node *n,
    const struct credential_order *o, json_t **out, enum evidence_fault *fault,
    enum mail_outcome *outcome, char why[CREDENTIALS_WHY]);

/**
 * credentials_accept(n, persona, id, sent, outcome, fault):
 * The holder signs, and the issuer gets that by the conversation it came in,
 * if there is one: ${sent}. Errors of documents_sign(), mailbox_say().
 */
NODISCARD err credentials_accept(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], bool *sent, enum mail_outcome *outcome,
    enum evidence_fault *fault);

/**
 * credentials_holder_in(n, t, holder):
 * Whom a credential that is given in that conversation is for: the other side,
 * or, where it raised a hand under a key for that alone, the one person with
 * whom an agreement was signed there. false: none, or several.
 */
bool credentials_holder_in(
    struct node *n, const struct talk *t, uint8_t holder[ED25519_PUBLIC]);

/**
 * credentials_send(n, persona, id, t, outcome, why):
 * Show one to the other side of a conversation of the same persona, with its
 * end if there is one; an issuer's with its sheet. ERR_NOTFOUND; ERR_FORM
 * with ${why}: of another persona; not complete, and not to its holder.
 */
NODISCARD err credentials_send(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], struct talk *t, enum mail_outcome *outcome,
    char why[CREDENTIALS_WHY]);

/**
 * credentials_revoke(n, persona, id, reason, sent, outcome, fault):
 * For good. ERR_FORM: not issued by that persona.
 */
NODISCARD err credentials_revoke(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], enum credential_end_reason reason,
    bool *sent, enum mail_outcome *outcome, enum evidence_fault *fault);

/** credentials_json(n, h, language): {id, ..., standing}; NULL: not one. */
json_t *credentials_json(
    struct node *n, const struct holding *h, uint32_t language);

/** credentials_list(n, persona, language): {"credentials", "badges"}. */
json_t *credentials_list(struct node *n, uint32_t persona, uint32_t language);

/**
 * credentials_file(n, persona, id): what is given away as a file: {"ohcn":
 * "credential/1", "document", "end", "sheet"} in hexadecimal; the sheet alone
 * to the issuer. NULL: not held.
 */
json_t *credentials_file(
    struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID]);

/** credentials_take_file(n, persona, file, id, fault, why): errors and faults
 * of documents_take(); ERR_FORM with ${why}. */
NODISCARD err credentials_take_file(struct node *n, uint32_t persona,
    const json_t *file, uint8_t id[EVIDENCE_ID], enum evidence_fault *fault,
    char why[CREDENTIALS_WHY]);

/**
 * credentials_badge(n, persona, id, out, why):
 * The W3C form, signed now by its issuer, who is this persona. ERR_NOTFOUND;
 * ERR_FORM with ${why}: of another issuer; ended; too large for the signer
 * (16 KiB).
 */
NODISCARD err credentials_badge(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], json_t **out, char why[CREDENTIALS_WHY]);

/** credentials_keep_badge(n, persona, badge, name, why): one of others, which
 * has been verified; ${name}: by which it is listed. ERR_LIMIT. */
NODISCARD err credentials_keep_badge(struct node *n, uint32_t persona,
    const json_t *badge, char name[17], char why[CREDENTIALS_WHY]);

/** credentials_badge_named(n, persona, name): a new reference; NULL. */
json_t *credentials_badge_named(
    struct node *n, uint32_t persona, const char *name);

/** credentials_badge_forget(n, persona, name): OK also if it is not there. */
NODISCARD err credentials_badge_forget(
    struct node *n, uint32_t persona, const char *name);
