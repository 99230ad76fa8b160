/*
 * intro.h: the receive keys of the personas (X25519), to which others seal
 * what is for them. Random and never derived from the seed: each stands in
 * the persona's card as `intro_key` for a week and opens what was sealed to it
 * for two weeks more; then its secret is erased, and nobody opens any more
 * what was recorded on the way, not even with the seed. So what was not
 * opened in time is lost, and so is what was under way when a node is
 * restored from words or from a backup (they are not in it).
 *
 * The secrets are the signer's (signer.h); the vault has them sealed under a
 * key of which one half lies in a file of its own (erase.h), where it is
 * overwritten. SPEC.md, 11.
 *
 * For the loop's thread.
 */
#pragma once

#include "node/keys/persona.h"

#define INTRO_ROTATE_S (7 * 86400)
#define INTRO_KEEP_S   (21 * 86400) /* from when it was made */

struct intro_key {
	uint32_t persona;
	uint64_t made_s, erased_s; /* erased_s: when it will be */
	uint8_t pub[X25519_SIZE];
};

/** intro_load_again(n): after signer_unlock(): the signer has them again. */
void intro_load_again(struct node *n);

/** intro_open(n): load what is there. Once, after the personas. */
NODISCARD err intro_open(struct node *n);
void intro_close(struct node *n);

/**
 * intro_tick(n, expires): each second: rotates, erases. ${expires} false:
 * the clock has leapt, nothing is erased for now.
 */
void intro_tick(struct node *n, bool expires);

/**
 * intro_current(n, persona, out):
 * The key that a card which is made now carries; makes one when there is none
 * or the last one is a week old. ERR_LIMIT: of keys; ERR_CLOSED: no signer;
 * ERR_IO.
 */
NODISCARD err intro_current(
    struct node *n, uint32_t persona, uint8_t out[X25519_SIZE]);

/** intro_at(n, i): the i-th live key of any persona; NULL past the end. */
const struct intro_key *intro_at(const struct node *n, unsigned i);

/** intro_find(n, pub): NULL: none of ours, or erased. */
const struct intro_key *intro_find(
    const struct node *n, const uint8_t pub[X25519_SIZE]);

/**
 * intro_shared(n, pub, peer, out):
 * The X25519 secret of one of our keys and the key ${peer} of a sender. Errors
 * of signer_shared(). All keys at once: signer_shared_all().
 */
NODISCARD err intro_shared(struct node *n, const uint8_t pub[X25519_SIZE],
    const uint8_t peer[X25519_SIZE], uint8_t out[X25519_SIZE]);

/* Keys of the payloads, as in SPEC.md. */
#define PROFILE_INTRO      16
#define COMMUNITY_INBOX    34
#define ORGANISATION_INBOX 12

/** intro_field(kind): the key of the payload under which records of that
 * kind tell a receive key; 0: they tell none. */
uint32_t intro_field(uint32_t kind);

/** intro_put(field, payload, pub, out): the payload with that key. */
NODISCARD err intro_put(uint32_t field, struct slice payload,
    const uint8_t pub[X25519_SIZE], struct buf *out);

/**
 * intro_into(n, persona, kind, payload, out):
 * The payload with the persona's current key in it; ${kind} has a field for
 * it. Errors of intro_current(); ERR_FORM: not a payload; ERR_MORE: no room in
 * ${out}.
 */
NODISCARD err intro_into(struct node *n, uint32_t persona, uint32_t kind,
    struct slice payload, struct buf *out);

/** intro_erase(n, persona): all keys of a persona at once: it is revoked. How
 * many the disk refused to erase: to be asked again. */
unsigned intro_erase(struct node *n, uint32_t persona);
