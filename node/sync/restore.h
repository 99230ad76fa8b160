/*
 * restore.h: after a node was made anew from its words or a backup. What its
 * keys have published meanwhile is known to others only: until it was asked
 * for, nothing may be published here, since it would take the place of newer
 * records. So a restored node first syncs; then it finds its personas by
 * their records (PERSONA_GAP unused keys in a row end the search), takes what
 * it finds as its own, and goes on.
 *
 * For the loop's thread.
 */
#pragma once

#include "node/record/owner.h"

#define RESTORE_FILE "restore" /* in the home: it was restored */

/** restore_open(n): is one under way? Once, before anything is published. */
void restore_open(struct node *n);

/** restore_pending(n): nothing may be published yet. */
bool restore_pending(const struct node *n);

/** restore_begin(n): ask the network again. ERR_IO: it would be forgotten
 * over a restart. */
NODISCARD err restore_begin(struct node *n);

/** restore_tick(n): each second. */
void restore_tick(struct node *n);

/**
 * restore_finish(n): with what is here now, without waiting for more.
 * ERR_LIMIT: the node is too busy.
 */
NODISCARD err restore_finish(struct node *n);

/** restore_mark(home, p): of a node that does not run yet. */
NODISCARD err restore_mark(const char *home, struct problem *p);
