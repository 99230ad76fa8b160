/*
 * converge.h: worlds of nodes that keep different things: classes, kinds,
 * regions, horizons, as many as they have room for; with histories of
 * conflicting, expired, deleted, moved, revoked, replayed records, crashes,
 * partitions, wrong clocks and nodes that join at any time. Afterwards each
 * holds what model.h computes, nothing that was deleted is back, and sync
 * sends no record any more.
 */
#pragma once

#include "tests/sim/sim.h"

struct converge_options {
	uint64_t seed;
	unsigned nodes; /* 0: the seed says, 12 to 40 */
	unsigned plant;
	bool loud, lmdb;
};

struct converge_outcome {
	bool failed;
	char why[512];
	unsigned nodes;
	uint32_t messages;
	uint64_t healed_s;  /* until all held what they should */
	uint64_t quiet_s;   /* until sync had no record to send */
	uint64_t sessions;  /* in the quiet time after that */
	uint64_t bytes_max; /* of one of these, on average of a node */
	uint64_t hash;
};

void converge_world(
    const struct converge_options *o, struct converge_outcome *out);
