/*
 * forget.h: a persona is forgotten: its key is revoked, which withdraws all
 * that it has published, and all that this node keeps of it is erased: talks
 * and their keys, receive keys, documents, facts and claims, communities,
 * drafts, wishes, badges, its ledger, conflicts with another device, the tokens
 * of the API that speak for it alone, its name, also in the log of what tokens
 * did. Nothing takes it back.
 *
 * What stays: that there was one (its index is never used again, so that its
 * key is not made anew for another name), its public key, by way of which
 * nodes it spoke, as long as the revocation may have to be said again, and for
 * two weeks its one-time keys.
 *
 * It is begun by a mark in the vault and goes on from there, tick by tick,
 * also after a crash: first the revocation is on the disk, then all else is
 * erased, then the mark. For the loop's thread.
 */
#pragma once

#include "node/node.h"

/** forget_begin(n, persona): ERR_FORM: the first one, which ends with the key
 * file; ERR_EXISTS: it is forgotten, or will be; of the vault. */
NODISCARD err forget_begin(struct node *n, uint32_t persona);

/** forget_tick(n): each second. */
void forget_tick(struct node *n);

/** forget_json(n, persona): {persona, records, talks, documents, communities,
 * values, stays[]}: what would go, and what stays. */
json_t *forget_json(struct node *n, uint32_t persona);
