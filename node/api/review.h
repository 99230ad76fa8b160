/*
 * api/review.h: what a person decides about an import: "decisions" and
 * "min_confidence" in the body, the same for résumés, demands and courses.
 */
#pragma once

#include "node/http/http.h"
#include "node/import/import.h"

#define REVIEW_DECISIONS_MAX 10000

/**
 * review_check(r, body): both are absent or of the right form. false: the
 * request is answered (422, E3109).
 */
bool review_check(struct http_request *r, const json_t *body);

/** review_options(body, o): into the options; borrowed from ${body}. */
void review_options(const json_t *body, struct import_options *o);
