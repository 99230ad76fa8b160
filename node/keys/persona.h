/*
 * persona.h: the personas of this node. Each is a key of its own, derived
 * from the seed (crypto/keys.h), which nobody without the seed can tell to
 * belong to the others; each has its own records, drafts, plans and stamp.
 * Persona 0 is there from the start and is meant where none is named.
 *
 * Names are private: they lie in the vault and never leave the node. Indexes
 * are consecutive and never used again, so that the seed alone finds all
 * personas anew (PERSONA_GAP). SPEC.md, 11.
 *
 * Secrets are not here: see signer.h. For the loop's thread.
 */
#pragma once

#include "node/node.h"

#define PERSONAS_LIVE_MAX 8  /* that publish */
#define PERSONA_GAP       20 /* unused keys in a row that end a search */
#define PERSONA_FIRST     "main"

/** persona_get(n, index): NULL: there is none. Valid while the node runs. */
const struct author *persona_get(const struct node *n, uint32_t index);

/** persona_count(n): indexes below it are personas, of whatever state. */
uint32_t persona_count(const struct node *n);

/** persona_may_publish(n, index): it is live. */
bool persona_may_publish(const struct node *n, uint32_t index);

/** persona_state_name(state): live, retired, revoked. */
const char *persona_state_name(enum persona_state state);

/** persona_of_key(n, pub): NULL: not a key of ours. */
const struct author *persona_of_key(
    const struct node *n, const uint8_t pub[ED25519_PUBLIC]);

/**
 * persona_of_one_time(n, author, index): whose one-time key is it? As the
 * mailbox says (mailbox_persona()), which is told to ${n}->one_time; false:
 * nobody's.
 */
bool persona_of_one_time(const struct node *n,
    const uint8_t author[ED25519_PUBLIC], uint32_t *index);

/** persona_find(n, name, index): by name, in any state. ERR_NOTFOUND. */
NODISCARD err persona_find(
    const struct node *n, const char *name, uint32_t *index);

/** What stands in the log of what tokens did, with the index: names change. */
#define PERSONA_NOTE "persona #"

/**
 * persona_asked(n, r, index): of ?persona=NAME; without, the one that the
 * caller's token is for, else 0. False: there is no such persona, or the token
 * is for another one, and the request is answered.
 */
bool persona_asked(
    const struct node *n, struct http_request *r, uint32_t *index);

/** persona_may(r, index): does the caller's token speak for it? */
bool persona_may(const struct http_request *r, uint32_t index);

/**
 * persona_vault_name(out, index, name):
 * Where the persona's value ${name} lies in the vault: ${name} itself for
 * persona 0, "p/INDEX/NAME" for others.
 */
#define PERSONA_VAULT_NAME 61
void persona_vault_name(
    char out[PERSONA_VAULT_NAME], uint32_t index, const char *name);

/** persona_value(n, index, name, bad): as vault_get() of that name. */
json_t *persona_value(
    struct node *n, uint32_t index, const char *name, bool *bad);

/** persona_keep(n, index, name, value): as vault_put(). */
NODISCARD err persona_keep(
    struct node *n, uint32_t index, const char *name, const json_t *value);

/** persona_drop(n, index, name): as vault_delete(). */
NODISCARD err persona_drop(struct node *n, uint32_t index, const char *name);

#define PRESIGNED "revocation" /* its value: {made, record: hex} */

/**
 * personas_open(n): the list of the vault, or persona 0 alone. Once, after
 * vault and signer. ERR_CORRUPT: the list cannot be read; ERR_CLOSED: no
 * signer.
 */
NODISCARD err personas_open(struct node *n);

/**
 * persona_add(n, name, index):
 * The next key. ERR_FORM: not a name; ERR_EXISTS: the name is taken;
 * ERR_LIMIT: PERSONAS_MAX or PERSONAS_LIVE_MAX; errors of vault and signer.
 */
NODISCARD err persona_add(struct node *n, const char *name, uint32_t *index);

/** persona_restore(n, name, index): as persona_add(), of a key that was used
 * before: one too many is retired, and a name that is taken gets an end. */
NODISCARD err persona_restore(
    struct node *n, const char *name, uint32_t *index);

/** persona_rename(n, index, name): ERR_FORM (also for a name that begins as
 * those of forgotten personas do), ERR_EXISTS, of the vault. */
NODISCARD err persona_rename(struct node *n, uint32_t index, const char *name);

/**
 * persona_unname(n, index): its name is forgotten; it is called "forgotten-"
 * and its index from now on. Of the vault.
 */
NODISCARD err persona_unname(struct node *n, uint32_t index);

/** persona_is_unnamed(n, index): by persona_unname(), now or at any time. */
bool persona_is_unnamed(const struct node *n, uint32_t index);

/**
 * persona_set_state(n, index, state): ERR_FORM: it is revoked, or persona 0
 * would retire; ERR_LIMIT: too many live ones; of the vault.
 */
NODISCARD err persona_set_state(
    struct node *n, uint32_t index, enum persona_state state);
