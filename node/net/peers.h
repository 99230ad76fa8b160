/*
 * peers.h: the peers that a node knows, over restarts: gives the host the
 * bootstrap list and what was remembered, keeps what proved good (sealed, in
 * the vault), and tells the host when the machine was asleep. Whom to dial,
 * and when, is the host's to decide.
 */
#pragma once

#include "node/node.h"

#define PEERS_ANCHORS 2 /* peers of our own choice to go back to first */

struct peers *peers_new(struct node *n);
void peers_free(struct peers *p);

/** peers_start(p): hand out what is known. */
void peers_start(struct peers *p);

/** peers_tick(p): each second. */
void peers_tick(struct peers *p);

/** peers_save(p): now and then, and at shutdown while peers are connected. */
void peers_save(struct peers *p);
