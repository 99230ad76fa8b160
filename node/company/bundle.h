/*
 * company/bundle.h: what an adviser prepares for a person: a draft of the
 * profile, wishes, signed results of assessments, a path, a note. One file,
 * signed by the adviser's key; the person looks at each part beside the
 * present draft, takes what they choose, and publishes themselves. The adviser
 * never holds the person's seed. SPEC.md, 20, "Bundles of advisers".
 *
 *   file    {"ohcn_bundle": 1, "net", "adviser": did, "content": text,
 *            "signature": hex}
 *   content JSON text of {"for": did | null, "made", "note", "profile",
 *            "wishes", "results": [hex], "path"}
 */
#pragma once

#include "node/node.h"

#define BUNDLE_MAX 65536 /* bytes of the content */

/** bundle_make(n, persona, content, out): ${out} is the file, the caller's.
 * ERR_LIMIT: too large; ERR_CLOSED: no signer; ERR_NOMEM. */
NODISCARD err bundle_make(
    struct node *n, uint32_t persona, const json_t *content, json_t **out);

/**
 * bundle_open(n, file, content, adviser):
 * ${content} is the caller's. ERR_FORM: not a bundle; ERR_PEER: of another
 * network; ERR_AUTH: not signed by whom it names.
 */
NODISCARD err bundle_open(const struct node *n, const json_t *file,
    json_t **content, uint8_t adviser[ED25519_PUBLIC]);
