/*
 * company/shortlist.h: saved lists of candidates for a need: who was looked
 * at, how far one is with them, what the team has noted, and who of the team
 * (by the name of their token) said so.
 *
 * A candidate is the author of a card, whose one card lies in slot 0: so the
 * list follows renewals. Of who has withdrawn the card nothing is kept, but of
 * those with whom one is further than an offer: they agreed to be known. That
 * somebody fell out is told once, without a word of who.
 *
 * In the vault, per persona: shortlists/NAME {demand, made, by} and
 * shortlist/NAME/AUTHOR {author, state, note, added, changed, by}. For the
 * loop's thread.
 */
#pragma once

#include "node/node.h"

#define SHORTLISTS_MAX     32 /* of one persona */
#define SHORTLIST_NAME_MAX 24
#define SHORTLIST_MAX      250 /* candidates of one */
#define SHORTLIST_NOTE_MAX 500
#define SHORTLIST_STATES   "new, contacted, talking, agreed, declined, hired"

/** shortlist_is_state(text). */
bool shortlist_is_state(const char *text);

/** shortlists_json(n, persona): [{name, made, by, demand, candidates}]. */
json_t *shortlists_json(struct node *n, uint32_t persona);

/**
 * shortlist_json(n, persona, name):
 * {name, made, by, demand{slot, external_id, title}, candidates[{author, card,
 * gone, state, note, added, changed, by, talk}], dropped}; NULL: there is none.
 * ${dropped}: how many fell out since one looked last, which this ends.
 */
json_t *shortlist_json(struct node *n, uint32_t persona, const char *name);

/**
 * shortlist_new(n, persona, name, demand, by): ${demand} {slot, external_id,
 * title} is kept as it is. ERR_FORM: not a name; ERR_EXISTS; ERR_LIMIT; ERR_IO.
 */
NODISCARD err shortlist_new(struct node *n, uint32_t persona, const char *name,
    const json_t *demand, const char *by);

/** shortlist_remove(n, persona, name): with all in it. ERR_NOTFOUND; ERR_IO. */
NODISCARD err shortlist_remove(
    struct node *n, uint32_t persona, const char *name);

/**
 * shortlist_set(n, persona, name, author, state, note, by):
 * A candidate, new or changed; ${state}, ${note} NULL: as it is. ERR_NOTFOUND:
 * no such list; ERR_LIMIT: SHORTLIST_MAX; ERR_IO.
 */
NODISCARD err shortlist_set(struct node *n, uint32_t persona, const char *name,
    const uint8_t author[ED25519_PUBLIC], const char *state, const char *note,
    const char *by);

/** shortlist_drop(n, persona, name, author): ERR_NOTFOUND; ERR_IO. */
NODISCARD err shortlist_drop(struct node *n, uint32_t persona, const char *name,
    const uint8_t author[ED25519_PUBLIC]);

/**
 * shortlist_find(n, persona, name, text, author):
 * Who is meant: a did:key, or the id of the card now, or a part of it.
 * ERR_NOTFOUND; ERR_EXISTS: several.
 */
NODISCARD err shortlist_find(struct node *n, uint32_t persona, const char *name,
    const char *text, uint8_t author[ED25519_PUBLIC]);

/** shortlists_offered(n, persona, author, by): an offer went there: who was
 * new in a list is contacted. */
void shortlists_offered(struct node *n, uint32_t persona,
    const uint8_t author[ED25519_PUBLIC], const char *by);
