/*
 * xapi.h: progress as a statement of xAPI 1.0.3 and back: what a learning
 * system writes about a learner. The verbs are ADL's and cmi5's; "initialized"
 * is started, "satisfied" is completed. The actor is the person's did:key, as
 * the name of an account; who imports a statement says that it is about them.
 * Nothing of the statement but verb, score, duration and time is taken: it is
 * signed by both sides here or it is one side's word, whoever wrote it.
 */
#pragma once

#include <jansson.h>

#include "proto/evidence/document.h"

#define XAPI_WHY 120

/** xapi_write(d): of a document of type progress: the caller's; NULL: none. */
json_t *xapi_write(const struct document *d);

/**
 * xapi_read(statement, content, why):
 * Put "verb", "minutes", "score" and "at" of one statement (or of a list with
 * one) into ${content}, in the form of the API. ERR_FORM: ${why} says what is
 * wrong; ${content} is then as before.
 */
NODISCARD err xapi_read(
    const json_t *statement, json_t *content, char why[XAPI_WHY]);
