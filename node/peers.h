/*
 * peers.h: whom to be connected with: the bootstrap list, those that the
 * operator names, and those we met before. Dials with back-off, remembers
 * addresses over restarts (sealed, in the vault). Finding strangers (DHT,
 * mDNS, peer exchange) is not here yet.
 */
#pragma once

#include "node/node.h"

#define PEERS_KNOWN_MAX 256 /* addresses remembered */
#define PEERS_WANTED    8   /* connections that we keep up by ourselves */

struct peers *peers_new(struct node *n);
void peers_free(struct peers *p);

/** peers_start(p): read what was known, begin to dial. */
void peers_start(struct peers *p);

/** peers_identified(p, id): remember where it listens. */
void peers_identified(struct peers *p, const struct peer_id *id);

/** peers_tick(p): each second: dial who is missing. */
void peers_tick(struct peers *p);

/** peers_save(p): at shutdown. */
void peers_save(struct peers *p);
