/*
 * shown.h: a presentation that came in a conversation, judged: whether it
 * answers what was asked, by whom it has to be, and what it then shows.
 *
 * Beside presentation_open(): it answers the ask that was sent last, and shows
 * nothing but claims that were asked for; or it is of its holder's own accord,
 * with the conversation's id as its nonce, and may show any. Where the
 * conversation began with an offer to a card, the holder is that card's
 * author. Pure. SPEC.md, 19 and 20.
 */
#pragma once

#include "node/evidence/facts.h"

struct shown_from {
	struct slice net;
	const uint8_t *verifier;     /* our key in that conversation */
	const uint8_t *holder;       /* who it has to be; NULL: anybody */
	const uint8_t *nonce;        /* of our last ask; zeros: none */
	const uint8_t *conversation; /* its id, 16 bytes */
	const json_t *asked;         /* names of the last ask; NULL: none */
	uint64_t now_s;
};

/**
 * shown_open(bytes, from, scratch, p, unasked):
 * EVIDENCE_FINE: ${p} borrows ${bytes}, ${unasked}: of the holder's own
 * accord. Else what presentation_open() says, EVIDENCE_WRONG_HOLDER or
 * EVIDENCE_NOT_ASKED.
 */
enum evidence_fault shown_open(struct slice bytes,
    const struct shown_from *from, struct arena *scratch,
    struct presentation *p, bool *unasked);

/** shown_leaf(c): {"name", "value"} or {"name", "max", "at_least",
 * "at_most"} (null: not shown); a value that is neither text, number nor
 * truth is hexadecimal under "value_hex". */
json_t *shown_leaf(const struct presented *c);
