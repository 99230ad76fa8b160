/*
 * attack.h: attacks on a simulated network, each with the marks that it must
 * meet (the simulator is tests/sim/sim.h; `./dev attack` is the command
 * line). An attack builds a world, lets its attackers loose, measures, and
 * says so by attack_most(), attack_least() and attack_figure().
 *
 *   mesh.c     sybils in meshes      flood.c   too many messages
 *   records.c  old, forged, kept     bomb.c    peers that cost memory
 *              back; a split net     sybil.c   attackers that seem honest
 *   ring.c     fakes that praise each other
 *   spy.c      who published what?          probe.c   what spies ask for
 *
 * With ${defenceless} the defence that an attack is about is switched off;
 * marks must then be missed, or the attack shows nothing.
 */
#pragma once

#include "tests/sim/sim.h"

#define ATTACK_MARKS 24

enum attack_sense {
	ATTACK_MOST,   /* value <= reach */
	ATTACK_LEAST,  /* value >= reach */
	ATTACK_FIGURE, /* there is no mark */
};

struct attack_mark {
	const char *what, *unit; /* static */
	uint64_t value, reach;   /* times ${scale} */
	uint32_t scale;          /* 1, or 1000: printed with three digits */
	enum attack_sense sense;
	bool full_size; /* not judged in smaller worlds */
};

/* What came of a mark. */
enum attack_outcome {
	ATTACK_MET,
	ATTACK_MISSED,
	ATTACK_NOT_JUDGED, /* a figure, or the world is too small */
};

struct attack_result {
	struct attack_mark marks[ATTACK_MARKS];
	unsigned marks_n;
	uint64_t hash;
	char why[512]; /* an invariant broke; "" */
};

struct attack_options {
	uint64_t seed;
	unsigned percent; /* of the nodes; 100: as in the table */
	bool defenceless;
	bool loud;
};

struct attack {
	const char *name, *what;
	/* NULL: cannot be run yet, and ${what} says why. */
	void (*run)(const struct attack_options *o, struct attack_result *r);
	bool has_defence; /* one that ${defenceless} switches off */
};

/** attack_at(i): NULL past the end. */
const struct attack *attack_at(unsigned i);

/** attack_most(r, what, unit, scale, value, reach): reach or less. */
void attack_most(struct attack_result *r, const char *what, const char *unit,
    uint32_t scale, uint64_t value, uint64_t reach);
void attack_least(struct attack_result *r, const char *what, const char *unit,
    uint32_t scale, uint64_t value, uint64_t reach);

/** attack_figure(r, what, unit, scale, value): for the reader alone. */
void attack_figure(struct attack_result *r, const char *what, const char *unit,
    uint32_t scale, uint64_t value);

/**
 * attack_full_size(r): the last mark is judged at 100 percent alone: it is
 * about proportions that a small world does not have.
 */
void attack_full_size(struct attack_result *r);

/** attack_outcome(m, percent): in a world of that size. */
enum attack_outcome attack_outcome(
    const struct attack_mark *m, unsigned percent);

/* ---- what most worlds have ---- */

/* Nodes by number: honest ones first, the publishers first of them. */
struct attack_world {
	struct sim *s;
	unsigned publishers, honest, sybils;
};

/* Degrees as in the evaluation of gossipsub v1.1 (arXiv 2007.02754). */
struct attack_plan {
	unsigned publishers, honest, sybils; /* at 100 percent */
	unsigned degree;                     /* honest to honest */
	unsigned sybil_degree;               /* honest nodes per sybil */
	const struct sim_actor *actor;       /* of the sybils */
	void *brain;
	unsigned machines; /* that the sybils share; 0: each its own */
	bool sybils_later; /* the caller adds them: attack_sybils() */
};

/** attack_world_new(o, plan, cf, w): ${cf} NULL: sim_config_default(). */
void attack_world_new(const struct attack_options *o,
    const struct attack_plan *plan, const struct sim_config *cf,
    struct attack_world *w);
void attack_sybils(const struct attack_options *o,
    const struct attack_plan *plan, struct attack_world *w);
void attack_world_end(struct attack_world *w, struct attack_result *r);

/** attack_publish(w, n, per_s): records of the publishers in turn; runs. */
void attack_publish(struct attack_world *w, unsigned n, unsigned per_s);

/** attack_delivery(w, r, from, to, least, p99_ms): marks of messages. */
void attack_delivery(struct attack_world *w, struct attack_result *r,
    uint32_t from, uint32_t to, uint64_t least_milli, uint64_t p99_ms);

/** attack_undefended(cf): scores, quotas and lazy gossip switched off. */
void attack_undefended(struct sim_config *cf);

/** attack_is_sybil(p): by its address. */
bool attack_is_sybil(const struct host_peer_info *p);

/** attack_sybil_ip(i): the attacker's i-th machine, each in a /24 of its own,
 * 250 of them in a /16. */
uint32_t attack_sybil_ip(unsigned i);

/** attack_sybil_share(w): sybils in honest meshes, of 100,000. */
uint64_t attack_sybil_share(struct attack_world *w);

/** attack_heard_by(w, node, from, to): of these messages, of 100,000. */
uint64_t attack_heard_by(
    struct attack_world *w, unsigned node, uint32_t from, uint32_t to);

/** attack_reached(w, m, us): honest nodes that had it so soon, of 100,000. */
uint64_t attack_reached(struct attack_world *w, uint32_t message, uint64_t us);

/** attack_honest_outbound(w, node): honest peers that it dialled and has in
 * its mesh: of the topic that has the fewest. */
unsigned attack_honest_outbound(struct attack_world *w, unsigned node);
