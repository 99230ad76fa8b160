/*
 * api/assess.h: what the handlers of assessments share: one made ready to be
 * taken, from a record or the one that is built in.
 */
#pragma once

#include "match/assess.h"
#include "node/api/parts.h"

#define ASSESS_SELF_NAME "self" /* the built-in one */
#define SELF_TERMS_MAX   20
#define RUN_NAME         "assess/run/"
#define RESULT_NAME      "assess/result/"
#define RESULTS_MAX      200

/* An assessment that is open; what it points to lives as long. */
struct paper {
	struct node *node;
	struct store_view *view;
	struct reader rd;
	struct user_payload self; /* the built-in one's bytes */
	struct value payload;
	struct assessment a;
	char name[RECORD_ID_TEXT]; /* CID, or ASSESS_SELF_NAME */
	uint8_t author[RECORD_AUTHOR];
	uint32_t slot;
	uint64_t expires_h; /* 0: built in */
	bool own;
	bool strange;    /* the caller may not know whose it is */
	bool usable;     /* it can be taken, or is external */
	const char *why; /* it is not usable */
	json_t *about;   /* of the built-in one: terms in hex; owned */
	uint32_t language;
};

/**
 * paper_open(n, r, text, about): by id, a part of it, an own external id, or
 * ASSESS_SELF_NAME with the terms it is about (NULL: of the profile's draft).
 * NULL: the request is answered.
 */
struct paper *paper_open(struct node *n, struct http_request *r,
    const char *text, const json_t *about);
/** paper_blank(n, r): nothing is read yet. NULL: the request is answered. */
struct paper *paper_blank(struct node *n, struct http_request *r);
void paper_close(struct paper *p); /* NULL is fine */

/** paper_read(p, s): of a record; false: it is not one. */
NODISCARD bool paper_read(struct paper *p, const struct store_record *s);

/** paper_title(p): a new string. */
json_t *paper_title(const struct paper *p);
struct label_scope paper_scope(const struct paper *p);

/** levels_json(p, answers): what the answers say, a new list. */
json_t *levels_json(
    const struct paper *p, const struct assess_answers *answers);

/**
 * self_draft(n, language, about, out):
 * The built-in assessment about ${about} (terms, URIs, or words that are
 * looked up; of an occupation the skills it needs) as JSON; ${out} gets the
 * terms. NULL: none of it is known.
 */
json_t *self_draft(
    struct node *n, uint32_t language, const json_t *about, json_t **out);
