/*
 * swarm.h: worlds that the seed makes up: how many nodes, which faults exist
 * and how strong they are, what is published. First the faults rage, and
 * nothing may break; then they end, and everything must come right within a
 * bounded time.
 */
#pragma once

#include "tests/sim/sim.h"

struct swarm_options {
	uint64_t seed;
	unsigned nodes;    /* 0: the seed says */
	unsigned active_s; /* of faults; 0: the seed says */
	uint32_t without;  /* 1 << enum sim_fault: classes that are left out */
	bool lmdb, loud, calm; /* calm: no faults at all */
	unsigned plant;
};

struct swarm_result {
	bool failed;
	char why[512];
	uint64_t hash, events;
	uint8_t fault[SIM_FAULTS]; /* what was there */
	unsigned nodes, active_s;
	uint32_t messages;
	uint64_t healed_s; /* until all stores agreed */
	uint64_t world_s;  /* virtual time in all */
};

void swarm_run(const struct swarm_options *o, struct swarm_result *r);

/** swarm_shrink(o): smallest options that still fail; told on stdout. */
void swarm_shrink(struct swarm_options *o);

/* fault.c: what the swarm does to its nodes. */

/** faults_start(s, nodes, until): the first ${nodes} nodes are struck. */
void faults_start(struct sim *s, unsigned nodes, uint64_t until);
/** faults_end(s, nodes): everything is well again. */
void faults_end(struct sim *s, unsigned nodes);

/** evil_actor(): passes on what it hears, now and then with a byte changed;
 * its brain is a bool: go on? */
const struct sim_actor *evil_actor(void);
