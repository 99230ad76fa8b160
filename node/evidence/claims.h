/*
 * claims.h: what a person shows of itself in a sealed conversation, leaf by
 * leaf, and what a company has been shown. The leaves are those of facts.h;
 * each conversation has a tree of its own with a random id, so that no two
 * companies can compare roots, and its key comes from the signer process,
 * which keeps the claim secret. Beside it stand the leaves of trees that an
 * issuer has put into a credential (credentials.h).
 *
 * Nothing is shown but by claims_disclose(), each time for the leaves that it
 * names; what was asked for is no more than a question. What a company was
 * shown is worth what stands behind the root: the holder's own word, or a
 * credential that it holds and that is good now.
 *
 * In the vault: "facts" of a persona, "tree/..." of each credential;
 * "talk/NAME/c": of a conversation, the person's leaves and references to
 * those of credentials, by number, or the company's last ask and what was
 * refused; "talk/NAME/w": what was shown; "talk/NAME/v...": presentations that
 * came. They go with the conversation. For the loop's thread.
 */
#pragma once

#include "node/evidence/facts.h"
#include "node/mail/mailbox.h"

#define CLAIMS_KEPT 64 /* presentations of one conversation */
#define CLAIMS_WHY  200

/** claims_open(n): after mailbox_open(). */
void claims_open(struct node *n);

/** claims_facts(n, persona, language): {"own", "leaves", "left_out"}. */
json_t *claims_facts(struct node *n, uint32_t persona, uint32_t language);

/**
 * claims_facts_change(n, persona, set, remove, why):
 * ${set}: as facts_check(), may be NULL; ${remove}: a list of names, may be
 * NULL. ERR_FORM, ERR_LIMIT with ${why}; errors of the vault.
 */
NODISCARD err claims_facts_change(struct node *n, uint32_t persona,
    const json_t *set, const json_t *remove, char why[CLAIMS_WHY]);

/**
 * claims_ask(n, t, names, outcome, why):
 * Company: which claims one would like to see: 1..16 names. ERR_FORM with
 * ${why}; errors and outcomes of mailbox_ask().
 */
NODISCARD err claims_ask(struct node *n, struct talk *t, const json_t *names,
    enum mail_outcome *outcome, char why[CLAIMS_WHY]);

/**
 * claims_talk(n, t, language):
 * Person: {"side", "asked", "leaves", "left_out"}: what may be shown, what was
 * asked for, what has been shown. Company: {"side", "asked", "shown",
 * "refused"}: what was verified, each with what it is worth. ERR as NULL: no
 * memory.
 */
json_t *claims_talk(struct node *n, struct talk *t, uint32_t language);

/* What is to be shown. */
struct claims_wish {
	/* [{"leaf": NAME, "at_least", "at_most"}]; a name that covers several
	 * (facts.h) means all of them; "skills:welding" by the label. */
	const json_t *leaves;
	bool unasked; /* also what was not asked for */
	bool dry;     /* nothing is approved or sent */
	uint32_t language;
};

/**
 * claims_disclose(n, t, w, out, outcome, why):
 * Person: the owner says yes to these. ${out}: what the other side then knows,
 * also of a dry run; set if OK and MAIL_FINE. ERR_FORM, ERR_LIMIT (too much
 * for one presentation), ERR_NOTFOUND (no such leaf) with ${why}; errors and
 * outcomes of mailbox_disclose(). MAIL_NOT_YET: a leaf tells who one is
 * (fact_is_identity()), and the company has not opened its own identity.
 */
NODISCARD err claims_disclose(struct node *n, struct talk *t,
    const struct claims_wish *w, json_t **out, enum mail_outcome *outcome,
    char why[CLAIMS_WHY]);

/**
 * claims_keep_tree(n, persona, credential, tree, key, leaves):
 * Leaves that an issuer put into a credential of this persona: shown to
 * nobody, and in no conversation's list, before it is accepted; forgotten with
 * it. ERR_LIMIT: too large, or there are 32 of accepted ones; ERR_FORM: not an
 * id; errors of the vault.
 */
NODISCARD err claims_keep_tree(struct node *n, uint32_t persona,
    const char *credential, const uint8_t tree[CLAIM_TREE_ID],
    const uint8_t key[32], const json_t *leaves);
