/*
 * sync_node.h: sync.h within this node: its pipeline judges, a worker of the
 * loop lists and calculates, its transport sends; what is known of peers is
 * kept in the vault over a restart.
 */
#pragma once

#include "node/node.h"
#include "node/sync/sync.h"

/** sync_open(n): n->syncer; host, store, vault and pipeline exist. */
NODISCARD err sync_open(struct node *n);

/** sync_job_queue(loop, job): as syncer_config.work, on a worker of ${loop}. */
NODISCARD err sync_job_queue(uv_loop_t *loop, struct syncer_job *job);

/** sync_save(n): what peers agreed with us, and up to where. */
void sync_save(struct node *n);

/** sync_json(n): for the status. */
json_t *sync_json(const struct node *n);

/** sync_peer_json(p): of one peer. */
json_t *sync_peer_json(const struct syncer_peer *p);
