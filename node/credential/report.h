/*
 * credential/report.h: what a credential says, and what is to be thought of
 * it, as JSON: the same for the command line and the API.
 */
#pragma once

#include "node/credential/credential.h"

/** credential_view_json(v): what it says; nothing of it is judged. */
json_t *credential_view_json(const struct credential_view *v);

/**
 * credential_check_json(c): {valid, outcome, proof, signed_by, signed_at,
 * status, credential}; "credential" is null if its form was wrong.
 */
json_t *credential_check_json(const struct credential_check *c);

/** credential_outcome(c): the name of its fault, or of the proof's. */
const char *credential_outcome(const struct credential_check *c);
