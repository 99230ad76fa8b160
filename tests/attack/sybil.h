/*
 * sybil.h: attackers that look like honest peers: a real host that joins the
 * topics, and does with messages what its brain says.
 */
#pragma once

#include "tests/sim/sim.h"

struct sybil_brain {
	uint64_t silent_from; /* passes nothing on from this time */
	/* Passes on all but what this author (by its key) has signed. */
	bool censors;
	uint8_t censored[32];
};

/** Actor; its brain is a struct sybil_brain, shared by all of an attack. */
extern const struct sim_actor sybil;

/** sybil_accept(): an event callback that passes on whatever it gets. */
bool sybil_accept(
    struct sim *s, unsigned node, void *brain, const struct host_event *ev);
