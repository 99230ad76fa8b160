/*
 * facts.h: what a person may one day show of itself, as a list of leaves: the
 * card's skills and languages, the wishes that are on no card (pay floor,
 * hours), and facts of the owner's own: name, e-mail, certificates. Nothing of
 * it is shown here, and nothing of it is true because it stands here.
 *
 * A leaf, as JSON: {"name", "value"} with a text or a truth value, or
 * {"name", "number", "max"}: a number 0..max of which bounds can be shown.
 * Names have parts with ':' between: who asks for "skills" asks for all that
 * begin with "skills:". SPEC.md, "Claims", "Names".
 *
 * Pure: no node, no vault.
 */
#pragma once

#include <jansson.h>

#include "match/card.h"
#include "proto/evidence/claim.h"

#define FACT_TEXT  200 /* bytes of a text */
#define FACTS_OWN  24  /* of the owner's own */
#define FACTS_WHY  160
#define CLAIM_ROOM 512 /* bytes of one value in a tree */

/** fact_name_is(text): 1..64 bytes of a-z A-Z 0-9 _ - and single ':' between. */
bool fact_name_is(const char *text);

/** fact_covers(asked, name): who asks for ${asked} asks for ${name} too. */
bool fact_covers(const char *asked, const char *name);

/** fact_is_identity(name): name, email, phone, address, website and what
 * begins like them: shown last, after the company's own. */
bool fact_is_identity(const char *name);

/**
 * facts_check(own, why): an object {"NAME": text | true | false | {"number",
 * "max"}} of at most FACTS_OWN. ERR_FORM, ERR_LIMIT: ${why} says what.
 */
NODISCARD err facts_check(const json_t *own, char why[FACTS_WHY]);

/**
 * facts_leaves(own, card, w, left_out):
 * All leaves there are now, a new list of at most CLAIM_LEAVES: first the
 * owner's own, then wishes, languages, skills, aspirations. ${card}: a
 * profile's payload in the form of payload_json.h, NULL: none; ${w} NULL:
 * none. ${left_out}: how many there is no room for.
 */
json_t *facts_leaves(const json_t *own, const json_t *card,
    const struct wishes *w, unsigned *left_out);

/**
 * facts_renew(sheet, now):
 * Bring a list up to date of which numbers were given out: what is new or has
 * changed is appended, what has changed or gone gets "old": true. Returns
 * whether it is another list now. What there is no room for stays out; leaves
 * with a "credential" are not looked at.
 */
bool facts_renew(json_t *sheet, const json_t *now);

/* A tree's claims, in the order of the leaves. */
struct fact_tree {
	struct claim_tree tree;
	struct claim claims[CLAIM_LEAVES];
	size_t n;
	uint8_t room[CLAIM_LEAVES][CLAIM_ROOM];
};

/**
 * facts_tree(leaves, key, id, out):
 * ${leaves}' texts are borrowed. ERR_FORM: not such leaves. Wipe it.
 */
NODISCARD err facts_tree(const json_t *leaves, const uint8_t key[32],
    const uint8_t id[CLAIM_TREE_ID], struct fact_tree *out);
