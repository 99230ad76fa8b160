/*
 * mail/inbox.h: which offers a person's node keeps, and which hands a
 * company's: pure rules over what is there. They decide what the owner is
 * shown, never what is relayed; nothing is answered to what is dropped.
 * SPEC.md, "Inbox".
 */
#pragma once

#include "proto/record/names.h"

#define INBOX_ONE 65536 /* 1.0 of trust, Q16.16 */

/* All of them for each persona by itself: if two shared a place, a pledge that
 * counts or a window, whoever fills the one's would see the other one drop the
 * same, and know that they are of one node. */
struct inbox_limits {
	uint32_t places;         /* open offers kept: 50 */
	uint32_t strangers;      /* of these for senders with trust 0: 20 */
	uint32_t open_company;   /* open offers of one company: 1 */
	uint32_t window_offers;  /* new offers of one company: 3 ... */
	uint32_t window_hours;   /* ... in so many hours: 168 */
	uint32_t stranger_hands; /* company: open hands without voucher: 200 */
};

/** inbox_limits_standard(): the numbers above. */
struct inbox_limits inbox_limits_standard(void);

/** inbox_limits_shared(room, hands): of a persona that has room for so many
 * open offers, and ${hands} if it takes them: the numbers above, or less. */
struct inbox_limits inbox_limits_shared(uint32_t room, bool hands);

/* An offer or a hand, as far as the rules look at it. */
struct inbox_item {
	uint8_t id[RECORD_ID];         /* breaks ties */
	uint8_t sender[RECORD_AUTHOR]; /* the company of an offer */
	uint32_t persona;
	uint32_t trust;  /* of the sender as seen from here, 0..INBOX_ONE */
	uint64_t pledge; /* its worth in one unit for all, 0: none */
	uint64_t received_h;
	bool open; /* unanswered, not ignored; others count for the window */
	bool introduced; /* hand: a voucher of somebody known */
};

enum inbox_outcome {
	INBOX_KEEP,
	INBOX_REPLACE, /* keep it and drop *${place}, the least */
	INBOX_BLOCKED,
	INBOX_NO_PLEDGE,    /* a stranger has to pledge something */
	INBOX_OPEN_ALREADY, /* its last offer is still unanswered */
	INBOX_TOO_MANY,     /* too many of this company to this persona */
	INBOX_NO_PLACE,     /* less than all that are there */
};

/** inbox_outcome_name(o): "no-pledge"; static. */
const char *inbox_outcome_name(enum inbox_outcome o);

/**
 * inbox_offer(l, blocked, blocked_n, items, n, offer, place):
 * May ${offer}, not among ${items}, come in? ${blocked} are keys of 32 bytes.
 * ${place}: an index into ${items}, set on INBOX_REPLACE alone.
 */
NODISCARD enum inbox_outcome inbox_offer(const struct inbox_limits *l,
    const uint8_t (*blocked)[RECORD_AUTHOR], size_t blocked_n,
    const struct inbox_item *items, size_t n, const struct inbox_item *offer,
    size_t *place);

/** inbox_hand(l, items, n, hand): the same for a company and a hand: one that
 * was introduced always comes in; strangers up to a number. */
NODISCARD enum inbox_outcome inbox_hand(const struct inbox_limits *l,
    const struct inbox_item *items, size_t n, const struct inbox_item *hand);

/** inbox_rank(offer, median): trust * min(1, pledge / median), Q16.16; of a
 * stranger min(1, pledge / median). ${median} of the pledges that are there. */
uint32_t inbox_rank(const struct inbox_item *offer, uint64_t median);
