/*
 * api/talk.h: what handlers about something in a sealed conversation share.
 */
#pragma once

#include "node/mail/mailbox.h"

/** talk_named(n, r): of {id} in the path; NULL: there is none, answered. */
struct talk *talk_named(struct node *n, struct http_request *r);

/** talk_json(n, t): as GET /talks has it. */
json_t *talk_json(struct node *n, struct talk *t);

/** talk_demand_json(n, t, language): whose demand an offer to this node names,
 * as GET /talks has it; null: there is no offer, or it is one's own. */
json_t *talk_demand_json(struct node *n, struct talk *t, uint32_t language);

/** talk_ledger_json(n, t, language, said): of a person, what the company told
 * of its ledger, checked now, as GET /talks/ID has it; null: nothing. ${said}:
 * mailbox_messages(). */
json_t *talk_ledger_json(struct node *n, const struct talk *t,
    uint32_t language, const json_t *said);

/** talk_card_json(payload): a profile's, of a hand; null if it is none. */
json_t *talk_card_json(struct slice payload);

/** talk_fail(r, e, outcome): what mailbox_say() and the like gave, which was
 * not OK and MAIL_FINE: answers the request. */
void talk_fail(struct http_request *r, err e, enum mail_outcome o);

/**
 * card_find(n, r, text, rid, author, key): the card of that id (or a part of
 * it) that takes offers: its author and the key they are sealed to. false:
 * answered.
 */
bool card_find(struct node *n, struct http_request *r, const char *text,
    uint64_t *rid, uint8_t author[ED25519_PUBLIC], uint8_t key[X25519_SIZE]);
