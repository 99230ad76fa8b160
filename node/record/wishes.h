/*
 * wishes.h: what a person wants and publishes to nobody (struct wishes), from
 * its JSON form in the vault. Any thread.
 */
#pragma once

#include "match/card.h"
#include "node/record/payload_json.h"

/** wishes_schema(): of the JSON form of struct wishes. */
const struct schema *wishes_schema(void);

/** wishes_read(in, out, f): ${in} NULL: none. ERR_FORM with ${f}. */
NODISCARD err wishes_read(
    const json_t *in, struct wishes *out, struct payload_fault *f);
