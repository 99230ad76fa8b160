/*
 * hand.h: whom a hand for a demand goes to, and what card it may show. A hand
 * goes to the organisation of the demand, to the key that its record has for
 * what strangers write (`inbox`, renewed like a persona's intro key). SPEC 19.
 */
#pragma once

#include "node/keys/persona.h"

#define HAND_CARD_MAX 1024

struct hand_target {
	uint8_t demand[RECORD_ID];
	uint8_t company[ED25519_PUBLIC]; /* the organisation's key */
	uint8_t inbox[X25519_SIZE];
};

/**
 * hand_target(n, text, out): by id of a demand's record or a part of it.
 * ERR_NOTFOUND: no live one; ERR_EXISTS: it fits several; ERR_CLOSED: its
 * organisation is not known here, does not name the demand's key, or has no
 * inbox.
 */
NODISCARD err hand_target(
    struct node *n, const char *text, struct hand_target *out);

/** hand_taken(n, persona): has it a live record that tells an inbox: of an
 * organisation, a community? Others get no hands. */
bool hand_taken(struct node *n, uint32_t persona);

/** hand_inbox(n, company, inbox): of an organisation's record. ERR_CLOSED. */
NODISCARD err hand_inbox(struct node *n, const uint8_t company[ED25519_PUBLIC],
    uint8_t inbox[X25519_SIZE]);

/**
 * hand_card(n, persona, out): the published card's payload, without its key
 * for offers, which would name the persona. ERR_NOTFOUND: none is published;
 * ERR_MORE: over HAND_CARD_MAX.
 */
NODISCARD err hand_card(struct node *n, uint32_t persona, struct buf *out);
