/*
 * own_term.h: terms that no vocabulary has, made by the people who need them.
 * Their URI follows from language and label, so that two who name the same
 * thing alike mean the same term without having met: SPEC section 4.
 */
#pragma once

#include "proto/base/base.h"

#define OWN_TERM_HEAD      "urn:ohcn:own:"
#define OWN_TERM_LABEL_MAX 120 /* bytes, as in the schema */

/**
 * own_term_uri(language, label, out):
 * "urn:ohcn:own:en:pretzel-shaping" appended to ${out}. ERR_FORM: no such
 * language, the label is no clean text of 1 to OWN_TERM_LABEL_MAX bytes,
 * has neither letter nor digit; ERR_MORE: no room.
 */
NODISCARD err own_term_uri(
    uint32_t language, struct slice label, struct buf *out);

/** own_term_is(uri): does it begin like one? */
bool own_term_is(struct slice uri);
