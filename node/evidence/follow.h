/*
 * follow.h: what a complete document changes in its conversation: an
 * agreement that all have signed makes it AGREED until what was agreed is
 * due, its outcome makes it CONCLUDED.
 */
#pragma once

#include "node/evidence/documents.h"
#include "proto/evidence/rules.h"

/** documents_follow(n): from now on, and for what was complete before; takes
 * the documents of conversations. Once, after mailbox_open(). */
void documents_follow(struct node *n);

/**
 * agreement_standing(n, agreement, outcome, standing):
 * How its pledge stands, by all that is held for that persona. ${outcome}
 * (may be NULL): the holding of the outcome that counts; NULL: there is none.
 * ERR_NOTFOUND: it cannot be read.
 */
NODISCARD err agreement_standing(struct node *n,
    const struct holding *agreement, const struct holding **outcome,
    enum pledge_standing *standing);
