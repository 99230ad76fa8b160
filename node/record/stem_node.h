/*
 * stem_node.h: anonymous publishing in the node: the stem of proto/stem as a
 * service of network.h, with the guards of each persona kept in the vault.
 *
 * What goes by it: all that a person's node publishes, and profiles in any
 * case; `stem.publish` says otherwise. Full nodes also hand on what others
 * publish.
 */
#pragma once

#include "node/net/network.h"
#include "proto/stem/stem.h"

struct stem_node;

/** stem_node_open(n, w): after personas_open(); ERR_NOMEM. */
NODISCARD err stem_node_open(struct node *n, struct network *w);

/** stem_node_on(n): do own records go by it? By the configuration. */
bool stem_node_on(const struct node *n);

/** stem_node_quiet(n): do all of them, not only profiles? */
bool stem_node_quiet(const struct node *n);

/**
 * stem_node_publish(n, author, bytes):
 * Send an own record by the stem; as stem_publish().
 */
NODISCARD err stem_node_publish(
    struct node *n, const uint8_t author[ED25519_PUBLIC], struct slice bytes);

/** stem_node_on_told(n, fn): ${fn} is called when an own record was told to
 * others by us alone, so that it is to be looked for at one of them. */
typedef void stem_told_fn(struct node *n);
void stem_node_on_told(struct node *n, stem_told_fn *fn);

/** stem_node_relays(n): peers of our own choice that it could go to now. */
uint32_t stem_node_relays(const struct node *n);

/** stem_node_untaken(n): own records that no peer has taken yet. */
uint32_t stem_node_untaken(struct node *n);

/** stem_node_heard(n, r): it came from a peer, by gossip or sync. */
void stem_node_heard(struct node *n, const struct record *r);

/** stem_node_json(n): for the API's status; see API.md. */
json_t *stem_node_json(struct node *n);
