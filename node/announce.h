/*
 * announce.h: telling the network of own records that are stored. One that
 * nobody was there to hear is told again each second; a card that has not
 * come back to us from any peer is told again every ten minutes, since until
 * then sync does not show it (sync.h): if it was lost on its way, it
 * would be lost for good.
 *
 * Without a loop of its own, so that the simulator drives it as well.
 */
#pragma once

#include "proto/libp2p/host.h"
#include "store/store.h"

#define ANNOUNCE_MAX 65536 /* records that wait; sync has the others */

struct announcer;

struct announce_config {
	struct host *host;
	const struct env *env;
	struct store *store;
	struct slice net;
	/* Whose cards they are: the i-th author of ours; NULL past the end. */
	const uint8_t *(*author_at)(void *ctx, uint32_t i);
	void *ctx;
	/* What one author says and what the next one does lie so far apart,
	 * and at most twice as far: else it would show that both are here. */
	uint32_t gap_ms;
	bool flood; /* to all peers of the topic; never done for a card */
};

/** announcer_new(cf): NULL: no memory. The parts of ${cf} must outlive it. */
struct announcer *announcer_new(const struct announce_config *cf);
void announcer_free(struct announcer *a);

/**
 * announce_stored(a, r, rid): a record of our own was stored. To how many
 * peers it went; 0: it waits.
 */
uint32_t announce_stored(
    struct announcer *a, const struct record *r, uint64_t rid);

/** announce_tick(a): each second. */
void announce_tick(struct announcer *a);

/** announce_waiting(a): records that nobody has heard of. */
size_t announce_waiting(const struct announcer *a);
