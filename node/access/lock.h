/*
 * lock.h: the keys are forgotten when the owner is away: after keys.idle_lock
 * without an act of the owner's (a call that could change something, by
 * whatever token), or at once by lock_now(). The signer then wipes seed,
 * persona keys and receive keys (signer_lock()); relaying, sync, search and
 * reading go on. Acts that sign or open are answered with 423 until the
 * passphrase was given; what was due to be published stays due, what waited for its stamp waits for
 * the passphrase as well; letters stay
 * sealed in the store, as long as they and the keys they are for last (the
 * store's quota bounds them), and are opened then.
 *
 * Only where the key file has a passphrase. What it does not do: the key of
 * the private data stays in the node, which needs it to run, so drafts and
 * talks can be read by whoever reads the memory of the node; keys of talks
 * that are under way lie there.
 *
 * For the loop's thread.
 */
#pragma once

#include "node/node.h"

/** lock_tick(n): each second. */
void lock_tick(struct node *n);

/** lock_now(n): ERR_CONFIG: the key file has no passphrase; ERR_CLOSED. */
NODISCARD err lock_now(struct node *n);

/** lock_may_act(ctx, r, keys): of struct http_access; the context is the node. */
bool lock_may_act(void *ctx, struct http_request *r, bool keys);

/** lock_json(n): {locked, since, idle_lock, guarded, waiting: publications
 * that wait for it, or for their stamp} */
json_t *lock_json(const struct node *n);

/**
 * lock_open(n, km, orders): the seed is here again; what waited is published.
 * ${orders}: ${n}->lock_orders when the passphrase was given. ERR_EXISTS: it
 * was locked since, and stays so; else as signer_unlock().
 */
NODISCARD err lock_open(
    struct node *n, const struct key_material *km, uint64_t orders);
