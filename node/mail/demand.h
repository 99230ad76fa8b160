/*
 * mail/demand.h: whose demand an offer names. The id in an offer is the
 * sender's word: it may be that of anybody's demand, so that a stranger looks
 * like the company that a person has heard of. Whose record it is, and whether
 * that is the sender, is looked up in what this node holds. SPEC.md, "Inbox".
 */
#pragma once

#include "node/node.h"
#include "store/store.h"

enum demand_whose {
	DEMAND_NONE,    /* the offer names none */
	DEMAND_UNKNOWN, /* not held here, or it has changed since */
	DEMAND_SENDER,  /* the sender's own key posted it */
	DEMAND_PARTY,   /* a key of the same organisation: both sides say so */
	DEMAND_ANOTHER, /* somebody else's */
};

/** demand_whose_name(w): "none", "unknown", "sender", "party", "another". */
const char *demand_whose_name(enum demand_whose w);

struct demand_named {
	enum demand_whose whose;
	uint64_t rid; /* of the record; 0: it is not held */
	uint8_t author[RECORD_AUTHOR];
	/* That it was posted for, as both sides say. */
	bool has_organisation;
	uint8_t organisation[RECORD_AUTHOR];
};

/**
 * demand_look(n, id, sender, out):
 * Of the demand with that id (zeros: none) and who sent the offer. What cannot
 * be read is DEMAND_UNKNOWN. Some reads of the store: not for each frame.
 */
void demand_look(struct node *n, const uint8_t id[RECORD_ID],
    const uint8_t sender[RECORD_AUTHOR], struct demand_named *out);
