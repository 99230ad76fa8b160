/*
 * rings.h: rings of fake keys against Learnability: 300 honest people, 30
 * companies, 4 anchors, and k fakes that vouch and sign for each other in a
 * topology, tied to the honest by a few attack edges. What the ring gains is
 * measured part by part beside the bound P5 of SPEC.md, section 21.
 */
#pragma once

#include <stdio.h>

#include "match/learn/learnability.h"

enum ring_topology {
	RING_CLIQUE, /* all sign for all (12 each) */
	RING_STAR,   /* one hub signs for all */
	RING_CHAIN,  /* each signs for the next and vouches for it */
	RING_TREE,   /* each vouches and signs for two below */
	RING_DUPED,  /* honest companies sign whatever the ring wants */
	RING_MILL,   /* a certified provider sells outcomes, back-dated too */
	RING_SPLIT,  /* the mill splits into as many keys as it likes */
	RING_PAIR,   /* two rings that sign for each other */
	RING_TOPOLOGIES,
};

struct ring_case {
	enum ring_topology topology;
	unsigned fakes;       /* 2..1000 */
	unsigned edges;       /* attack edges, 0..8 */
	enum learn_role role; /* what the fakes want to look like */
	uint64_t seed;
	bool unbounded; /* planted: no budgets, no caps */
};

struct ring_result {
	/* In 1/2^32 of a unit; of I, last: the same. */
	uint64_t gained[LEARN_PARTS + 1];
	uint64_t bound;       /* P5 with the tau that the ring has */
	uint64_t promise;     /* P5 from the attack edges alone */
	uint64_t tau, inflow; /* of the ring, in 1/65536 */
	uint32_t best;        /* the highest L of a fake */
	unsigned over;        /* fakes with L >= 0.3 */
	unsigned outcome_edges, attestation_edges;
	uint32_t honest; /* median L of the honest people */
	/* Someone honest who never met the ring has another score by it. */
	bool disturbed;
	bool holds; /* all bounds */
};

const char *ring_topology_name(enum ring_topology t);

/** rings_run(c, out): ERR_NOMEM, ERR_LIMIT. */
NODISCARD err rings_run(const struct ring_case *c, struct ring_result *out);

/** rings_print(c, r, out): one line. */
void rings_print(
    const struct ring_case *c, const struct ring_result *r, FILE *out);
