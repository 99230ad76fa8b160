/*
 * heap.h: the events of the simulator in a binary heap, ordered by time and
 * then by the number under which they were put in, so that events of the same
 * moment happen in the order of their making.
 */
#pragma once

#include "tests/sim/sim.h"

enum event_kind {
	EVENT_CALL,     /* sim_at(), and the swarm's faults */
	EVENT_TIMER,    /* node: its host's expiry */
	EVENT_TICK,     /* node: each second of its clock */
	EVENT_ACTOR,    /* node: the actor's tick */
	EVENT_VERIFIED, /* node: a record is judged up to its signature */
	EVENT_COMMIT,   /* node: what waits is written */
	EVENT_SYNC_JOB, /* node: a job of sync is done */
	EVENT_DIALLED,  /* node, the other one: a dial is decided */
	EVENT_ARRIVE,   /* wire, side: bytes from that side arrive */
	EVENT_ROOM,     /* wire, side: that side may send again */
	EVENT_GONE,     /* wire, side: that side learns that it is over */
};

struct event {
	uint64_t at, number;
	enum event_kind kind;
	uint32_t a, b;   /* node or wire; side or other node */
	uint32_t serial; /* of the life or the wire it is meant for */
	sim_call *fn;    /* CALL */
	void *ctx;
	uint64_t value;
};

struct heap {
	struct event *v;
	size_t n, cap;
	uint64_t next_number;
};

/** heap_put(h, e): e.number is set here. */
void heap_put(struct heap *h, struct event e);

/** heap_first(h): NULL: none. */
const struct event *heap_first(const struct heap *h);
struct event heap_take(struct heap *h);
void heap_free(struct heap *h);
