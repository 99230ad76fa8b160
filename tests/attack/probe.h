/*
 * probe.h: what spies do beside listening. A probe is a connection of its own
 * to an honest node that subscribes to nothing and so is told nothing by
 * itself: it asks by crafted IWANT for records that nobody has spread yet,
 * whose bytes a spy was handed, and it watches what the node subscribes to.
 */
#pragma once

#include "tests/sim/sim.h"

struct probes;

struct probes_config {
	struct sim *s;
	unsigned honest;   /* nodes [0, honest) are probed, */
	unsigned machines; /* by nodes from ${honest} on */
	/* Node ${target} has sent the record that was asked for as ${number}. */
	void (*answered)(void *ctx, unsigned target, uint32_t number);
	void *ctx;
};

/** probes_new(cf): the handshakes take a while; then sim_run(). */
struct probes *probes_new(const struct probes_config *cf);
void probes_free(struct probes *p);

/**
 * probes_ask(p, bytes, number, first): ask ${first} and up to 40 others
 * whether they have this record, now and at the next call of
 * probes_again().
 */
void probes_ask(
    struct probes *p, struct slice bytes, uint32_t number, unsigned first);
void probes_again(struct probes *p);

struct probes_stats {
	unsigned ready;         /* nodes that speak with us */
	uint64_t asked;         /* IWANT */
	uint64_t answers;       /* records in answer */
	uint64_t subscriptions; /* changed since probes_settle() */
};
struct probes_stats probes_stats(const struct probes *p);

/** probes_settle(p): what is told of subscriptions is news from now on. */
void probes_settle(struct probes *p);
