/*
 * sheet.h: the leaves that an issuer stands for, handed to the holder: a tree
 * made by the issuer, who thus knows all that is in it (a holder's own tree
 * could hide a leaf among the decoys). Whoever has a sheet can show its leaves
 * only as the credential's holder: a presentation is signed.
 *
 *   sheet = map { 0: 1, 2: net, 4: credential's id 32, 6: tree 16, 8: key 32,
 *                 10: [[name, text | truth] | [name, number, max], ...] }
 *
 * Canonical msgpack of at most SHEET_MAX bytes. Leaves as JSON: facts.h. Pure.
 * SPEC.md, "Claims", "Sheets".
 */
#pragma once

#include "node/evidence/facts.h"

#define SHEET_MAX 8192

struct sheet {
	uint8_t credential[EVIDENCE_ID];
	uint8_t tree[CLAIM_TREE_ID];
	uint8_t key[32];
	json_t *leaves; /* the caller's */
};

/** sheet_write(s, net, out): ERR_FORM, ERR_LIMIT, ERR_NOMEM. */
NODISCARD err sheet_write(
    const struct sheet *s, struct slice net, struct buf *out);

/** sheet_read(bytes, net, s): ERR_FORM: not a sheet, or of another network;
 * ERR_NOMEM. */
NODISCARD err sheet_read(struct slice bytes, struct slice net, struct sheet *s);

/** sheet_fits(s, id, c): it is of the credential ${c} with that id, and gives
 * its root. */
bool sheet_fits(const struct sheet *s, const uint8_t id[EVIDENCE_ID],
    const struct credential *c);
