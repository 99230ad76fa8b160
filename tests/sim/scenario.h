/*
 * scenario.h: ready-made worlds that are measured: how long messages take,
 * how many copies of a body a node gets. Two sets of gossip parameters can be
 * compared in one run: same seed, same world.
 */
#pragma once

#include "tests/sim/sim.h"

struct scenario {
	const char *name;
	const char *what;
	unsigned nodes, degree; /* each node dials half its degree */
	unsigned publishers;
	unsigned messages, per_s;
	unsigned text; /* bytes of description in each record */
	unsigned warm_s, drain_s;
};

/** scenario_find(name): NULL. */
const struct scenario *scenario_find(const char *name);
/** scenario_at(i): NULL past the end. */
const struct scenario *scenario_at(unsigned i);

struct scenario_result {
	struct sim_measure m;
	uint64_t hash, events;
	unsigned long wall_ms; /* real time; not part of any history */
	unsigned long rss_kb;  /* most of the process so far */
	bool failed;
	char why[512];
};

struct scenario_options {
	uint64_t seed;
	unsigned nodes, messages; /* 0: the scenario's */
	const char *params;       /* a name of params_find() */
	bool lmdb, loud;
};

void scenario_run(const struct scenario *c, const struct scenario_options *o,
    struct scenario_result *r);

/** params_by_name(name, out): "default", ...; false: no such set. */
bool params_by_name(const char *name, struct gossip_params *out);
/** params_name(i): NULL past the end. */
const char *params_name(unsigned i);
