/*
 * claims_internal.h: what claims.c (facts, a conversation's page),
 * claims_show.c (the person), claims_trees.c (leaves of credentials) and
 * claims_seen.c (what comes) share.
 */
#pragma once

#include "node/evidence/claims.h"
#include "node/keys/vault.h"

/* A conversation's page, {} if there is none; and where presentations lie. */
json_t *claims_page(struct node *n, const struct talk *t);
err claims_page_put(struct node *n, const struct talk *t, const json_t *page);
/** claims_name_put(out, t, what, number): 'c': the page, 'v': what came, 'w':
 * what was shown. */
void claims_name_put(char out[VAULT_NAME_MAX + 1], const struct talk *t,
    char what, unsigned number);

/** claims_page_renew(n, t, page, left_out): a person's leaves are up to date
 * and kept. */
err claims_page_renew(
    struct node *n, const struct talk *t, json_t *page, unsigned *left_out);

/** claims_shown(n, t, page): what was shown, oldest first: a new list. It
 * leaves the page, if it stands there. */
json_t *claims_shown(struct node *n, const struct talk *t, json_t *page);

/* ---- claims_trees.c ---- */

void claims_trees_open(struct node *n);

/** claims_tree(n, persona, credential): {"tree", "key", "leaves", ...}; NULL:
 * none. */
json_t *claims_tree(struct node *n, uint32_t persona, const char *credential);

/**
 * claims_leaves(n, persona, page):
 * All there are, a new list: first those with a number in this conversation,
 * in its order, then those of accepted credentials that have none yet. One
 * that is gone has the name "".
 */
json_t *claims_leaves(struct node *n, uint32_t persona, json_t *page);

/** claims_number(page, leaf, number): a leaf of a credential gets a number;
 * to be kept before anything refers to it. ERR_LIMIT: all are taken. */
err claims_number(json_t *page, const json_t *leaf, unsigned *number);

/** claims_refer(leaves): references instead of what an earlier version kept;
 * was there any? */
bool claims_refer(json_t *leaves);

/* ---- claims.c ---- */

bool claims_hex_get(const json_t *o, const char *key, uint8_t *out, size_t n);
void claims_hex_put(json_t *o, const char *key, const uint8_t *p, size_t n);
/** claims_list(o, key): made if it is not there. */
json_t *claims_list(json_t *o, const char *key);

const char *claims_leaf_name(const json_t *leaf);
bool claims_of_credential(const json_t *leaf);
bool claims_is_asked(const json_t *asked, const char *name);
/** claims_label(n, language, name, out): of the term in a leaf's name. */
bool claims_label(struct node *n, uint32_t language, const char *name,
    char out[CLAIM_NAME * 2]);
void claims_label_add(struct node *n, uint32_t language, json_t *leaf);

mailbox_bytes_fn claims_on_ask, claims_on_presentation;
json_t *claims_of_company(struct node *n, struct talk *t, uint32_t language);
