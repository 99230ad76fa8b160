/*
 * keeper.h: the views of trust that this node has (view.h), and the owner's
 * anchors. What is behind trust.h, for the faces.
 */
#pragma once

#include "node/trust/trust.h"
#include "node/trust/view.h"

/**
 * trust_gather(n): what a view is made of; NULL: no memory. Loop's thread.
 */
struct trust_material *trust_gather(struct node *n);

/**
 * trust_current(n): the latest view, if nothing has changed since; it is
 * the caller's to give back. NULL: one is to be made. Loop's thread.
 */
struct trust_view *trust_current(struct node *n);

/** trust_latest(k): the latest view, old or not; NULL: none. Any thread. */
struct trust_view *trust_latest(struct trust_keeper *k);

/** trust_offer(k, v): a newer view; takes a reference of its own. Any thread. */
void trust_offer(struct trust_keeper *k, struct trust_view *v);

/* ---- anchors; the loop's thread ---- */

/** trust_anchors(n, list): the owner's; how many. */
size_t trust_anchors(
    struct node *n, struct trust_anchor list[TRUST_ANCHORS_MAX]);

/** trust_anchor_add(n, key, label): ERR_EXISTS: it only gets the label;
 * ERR_LIMIT: TRUST_ANCHORS_MAX; of the vault. */
NODISCARD err trust_anchor_add(
    struct node *n, const uint8_t key[TRUST_KEY], const char *label);

/** trust_anchor_remove(n, key): ERR_NOTFOUND; of the vault. */
NODISCARD err trust_anchor_remove(struct node *n, const uint8_t key[TRUST_KEY]);
