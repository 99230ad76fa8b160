/*
 * keeper.h: the node's care of its own store: opens it (with a migration, a
 * compaction that was asked for, what follows from a store that was carried
 * here or changed meanwhile), clears away readers that ended without a word,
 * removes old snapshots, and runs a check or a backup in a process of its
 * own when the API asks, or after a start that follows a cut-off.
 *
 * All functions are for the loop's thread.
 */
#pragma once

#include "node/node.h"

struct keeper;

/**
 * keeper_before(n): first of all, before anything is open: the compaction
 * that `ohcn store compact` asked for. Failing it is told in the log.
 */
void keeper_before(struct node *n);

/**
 * keeper_open(n): sets ${n}->map, ${n}->store and ${n}->keeper; the vault
 * must be open. Errors with ${n}->problem set.
 */
NODISCARD err keeper_open(struct node *n);

/**
 * keeper_authors_ppm(n): the share of authors that the store keeps, in
 * millionths: below a million it was full. Other nodes keep other authors.
 */
uint64_t keeper_authors_ppm(const struct node *n);

/** keeper_tick(n): each second. Logs it when that share has changed. */
void keeper_tick(struct node *n);

/** keeper_stop(n): end what runs. */
void keeper_stop(struct node *n);

/** keeper_free(k): when the loop has run its closings. NULL is fine. */
void keeper_free(struct keeper *k);

/** keeper_warnings(n, list): what `ohcn status` should say of the store. */
void keeper_warnings(const struct node *n, json_t *list);

/**
 * keeper_check(n, signatures) / keeper_backup(n, dir): begin it. ERR_EXISTS:
 * another task runs; ERR_IO: no process can be started.
 */
NODISCARD err keeper_check(struct node *n, bool signatures);
NODISCARD err keeper_backup(struct node *n, const char *dir);

/**
 * keeper_task(n): the task that runs or ran last: {"what", "running",
 * "stage", "done", "all", "faults"[], "result" | "problem"}; NULL: none.
 */
json_t *keeper_task(const struct node *n);
