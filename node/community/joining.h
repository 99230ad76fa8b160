/*
 * community/joining.h: how a persona comes into a community:
 *
 *   member                          who founded it
 *   asks: a hand, under a fresh  →  sees a request, by whom is not told
 *     key, to the record's inbox
 *   sees the terms of a role     ←  welcomes: an offer of kind community-role
 *   accepts: interest, and the   →  its node makes the agreement of just
 *     key it takes part under         these terms, signed
 *   accepts it: signs            →  the role is held by both
 *
 * The key is told as a line of text, "did:key:..."; that it is the member's
 * shows when it signs. Everything is said on the owner's word: the agreement
 * goes out by itself because its terms were welcomed. SPEC.md, 20.
 */
#pragma once

#include "node/community/pass.h"

/* What a role asks for. */
struct role_terms {
	uint8_t kind; /* community_agreement() */
	const char *role;
	uint32_t hours_week, weeks;
	const char *note; /* "" if none */
};

#define ROLE_HOURS_WEEK 80
#define ROLE_WEEKS      520

/** joining_is_request(n, t, persona, value): a hand raised for it? */
bool joining_is_request(const struct node *n, const struct talk *t,
    uint32_t persona, const json_t *value);

/** joining_key(n, t, key): the last key that the other side told; false:
 * none. */
bool joining_key(
    struct node *n, const struct talk *t, uint8_t key[ED25519_PUBLIC]);

/**
 * joining_welcome(n, t, terms, dry, outcome): answers a request. Errors of
 * mailbox_offer(); ERR_FORM: the terms do not fit.
 */
NODISCARD err joining_welcome(struct node *n, struct talk *t,
    const struct role_terms *terms, bool dry, enum mail_outcome *outcome);

/** joining_offered(t, role, hours_week, weeks): what the talk's offer says of
 * a role; false: it offers another one, or does not tell these numbers. */
bool joining_offered(const struct talk *t, const char *role,
    uint32_t *hours_week, uint32_t *weeks);

/** joining_find(n, persona, value, out): the agreement on a role in what is
 * kept of a joined community that waits for the persona's signature; false:
 * none. Also if it is not ours to sign: community_role_judge(). */
bool joining_find(struct node *n, uint32_t persona, const json_t *value,
    struct holding *out, struct held_document *held);

/** joining_leaves(agreement, out): the line of text by which somebody says that
 * the role of that agreement is left: "leave:" and 64 digits. */
#define JOINING_LEAVES (6 + DOCUMENT_ID_TEXT)
void joining_leaves(
    const uint8_t agreement[EVIDENCE_ID], char out[JOINING_LEAVES]);

/** joining_tick(n): each second: agreements for those who accepted; the end of
 * roles whose holders said that they leave; promises that are void go. */
void joining_tick(struct node *n);
