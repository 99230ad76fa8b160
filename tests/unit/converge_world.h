/*
 * converge_world.h: a handful of nodes without a network, for property tests
 * of sync and store together: histories of records that conflict, expire,
 * are deleted, moved, revoked, duplicated, replayed and reordered, between
 * nodes of different scopes and clocks that crash, are replaced, are cut off
 * and join late; then sessions of proto/sync between all pairs until nothing
 * changes. What each must hold is said by tests/sim/model.h.
 *
 * The seed is the history. Signatures are not checked: all here are good.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Bugs planted in the driver, which a test of histories must find. */
enum converge_plant {
	CONVERGE_SOUND,
	CONVERGE_NO_WINNER,      /* a beaten record is just refused */
	CONVERGE_FLOOR_LOST,     /* a crash forgets the floors */
	CONVERGE_REFUSED_LOST,   /* what a peer has refused is offered again */
	CONVERGE_REFUSED_KEPT,   /* or not, though the peer has it by now */
	CONVERGE_UNHEARD_SERVED, /* own cards are given out at once */
	CONVERGE_SCOPE_IGNORED,  /* the items are all that is held */
	CONVERGE_BODY_LOST,      /* now and then a body is not sent */
	CONVERGE_PLANTS
};
const char *converge_plant_name(enum converge_plant p);

struct converge_result {
	bool failed;
	char why[300];
	/* what happened */
	unsigned nodes, records, sessions, cut, rounds;
	unsigned long held, stale, revoked, expired, refused, beaten, evicted;
	/* the most bytes of a session between two that are equal */
	unsigned equal_bytes;
};

/** converge_run(seed, plant, out): one history. */
void converge_run(
    uint64_t seed, enum converge_plant plant, struct converge_result *out);
