/*
 * from_talk.h: documents that come by a sealed conversation. What is let in
 * fits what both sides have said before:
 *
 *   agreement   the peer and the persona are its two sides, and the company
 *               has signed it; to a company it comes only if it is held
 *   progress, outcome, one-sided
 *               of an agreement of this conversation that all have signed
 *   follow-up   of an outcome of it that both have signed
 *   session     the persona was there
 *   credential  the persona is to accept it, and the issuer has signed
 *   moved, linked
 *               the peer is the other one who signs
 *   others'     complete documents about neither are shown, no more
 *
 * Everything else is refused by the name of its fault and changes nothing.
 * SPEC.md, 19 and 20.
 */
#pragma once

#include "node/evidence/documents.h"
#include "proto/mail/message.h"

struct talk;

/**
 * documents_from_talk(n, t, kind, bytes):
 * One is whole; ${kind} is what the peer calls it. OK: it is held. ERR_FORM:
 * refused: documents_refusal() names the fault. ERR_LIMIT: no room; ERR_IO,
 * ERR_NOMEM: it is to be tried again (mailbox.h). What becomes complete by it may
 * step ${t} (AGREED, CONCLUDED): not to be called within a step.
 */
err documents_from_talk(struct node *n, struct talk *t, enum mail_document kind,
    struct slice bytes);

/**
 * document_fits_talk(n, t, d):
 * The rules above: of what comes, and, before it goes out, of what the owner
 * would send (then ${own}).
 */
NODISCARD enum evidence_fault document_fits_talk(
    struct node *n, const struct talk *t, const struct document *d, bool own);

/** mail_document_of(type): what a conversation calls a document. */
enum mail_document mail_document_of(enum evidence_type type);
