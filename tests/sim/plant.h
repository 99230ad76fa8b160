/*
 * plant.h: bugs planted on purpose, so that it is known that the simulator
 * would see them. Each lies in the simulator's own layer, in parameters, or
 * between a public function and its callers; production code has none.
 */
#pragma once

#include <stdbool.h>

enum plant {
	PLANT_NONE,
	PLANT_ACK_EARLY,      /* acknowledged before the commit */
	PLANT_STORE_LOST,     /* a restart begins with an empty store */
	PLANT_COMMIT_LIES,    /* a full disk says that it has written */
	PLANT_INDEX_HOLE,     /* some entries of the time index are left out */
	PLANT_FLOOR_LOST,     /* what was deleted may come back */
	PLANT_STALE_STORED,   /* an older record replaces a newer one */
	PLANT_REVOCATION_OFF, /* a revoked key goes on */
	PLANT_SIGNATURE_OFF,  /* under load nobody looks at signatures */
	PLANT_STALE_ACCEPTED, /* gossip is told to pass on what is stale */
	PLANT_SEEN_SHORT,     /* messages seen are forgotten at once */
	PLANT_IWANT_DEAF,     /* IWANT is never answered */
	PLANT_BACKOFF_EVER,   /* who was pruned is never grafted again */
	PLANT_QUEUE_OPEN,     /* the queue of judging has no bound */
	PLANT_SYNC_HOLE,      /* sync does not list a quarter of the records */
	PLANT_EXPIRY_MONO,    /* expiry by the monotonic clock */
	PLANT_EXPIRY_OFF,     /* nothing expires */
	PLANT_KEEPALIVE_OFF,  /* silent peers are never missed */
	PLANT_ANNOUNCE_ONCE,  /* what nobody heard is not said again */
	PLANTS_OF_SWARM,      /* those so far a swarm must find */
	PLANT_ID_UNSIGNED = PLANTS_OF_SWARM, /* message ids leave the signature
						out: for tests/attack */
	/* For the worlds of converge.h: */
	PLANT_NO_WINNER,    /* a beaten record is refused, not answered */
	PLANT_REFUSED_LOST, /* what a peer has refused is offered again */
	/* For tests/attack: */
	PLANT_STEM_SHOWN, /* own records under way are in sync and answer IWANT,
			     and their author subscribes to a topic for them */
	PLANTS
};

/** plant_set(p): from now on; one at a time. */
void plant_set(enum plant p);
bool planted(enum plant p);

/** plant_name(p): "ack-early"; plant_by_name(): PLANTS: no such. */
const char *plant_name(enum plant p);
enum plant plant_by_name(const char *name);
