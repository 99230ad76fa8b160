/*
 * api/document.h: documents of the vault as JSON with words, and what the
 * handlers about them share: writing one from the JSON of a user, signing,
 * sending, showing before anything is done.
 */
#pragma once

#include "node/api/parts.h"
#include "node/api/talk.h"
#include "node/evidence/documents.h"

/** document_json(n, r, h, full): {id, type, ... content}; ${full}: with the
 * bytes and, of an agreement, how it stands. NULL: it cannot be read. */
json_t *document_json(struct node *n, const struct http_request *r,
    const struct holding *h, bool full);

/** draft_json(n, r, d, persona, talk): the same of what is not held yet. */
json_t *draft_json(struct node *n, const struct http_request *r,
    const struct document *d, uint32_t persona, const char *talk);

/** document_named(n, r, persona): of {id} in the path and ?persona=; NULL:
 * answered. */
const struct holding *document_named(
    struct node *n, struct http_request *r, uint32_t *persona);

/** document_fail(r, e, f): what documents_take() and the like gave, which was
 * not OK and EVIDENCE_FINE: answers the request. */
void document_fail(struct http_request *r, err e, enum evidence_fault f);

/** pledge_differences(n, t, a): [{field, offer, agreement}]: what the pledge
 * of an agreement says other than the offer it follows. */
json_t *pledge_differences(
    struct node *n, const struct talk *t, const struct agreement *a);

/* What is to be made of a user's JSON. */
struct document_plan {
	uint32_t persona;
	struct talk *talk;           /* NULL: none */
	const struct document *base; /* agreement or outcome; NULL */
	enum evidence_type type;
	json_t *content; /* fields of the type; the caller's */
	bool dry;
	bool changed_pledge; /* the owner knows that it differs */
	bool silent;         /* it is not sent: one-sided */
};

/**
 * document_plan_run(n, r, p):
 * Put in what needs no word of the user (version, type, network), resolve
 * names of skills, judge, show or sign, keep and send: answers the request.
 */
void document_plan_run(
    struct node *n, struct http_request *r, struct document_plan *p);

/** document_send_reply(n, r, h): send what is held to its conversation;
 * {document, sent, why}: answers the request. */
void document_send_reply(
    struct node *n, struct http_request *r, const struct holding *h);
