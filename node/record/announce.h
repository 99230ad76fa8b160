/*
 * announce.h: telling the network of own records that are stored: by gossip,
 * or, what is to be quiet, by the stem (proto/stem). One that nobody was
 * there to hear is told again each second; one that is hidden until it comes
 * back from a peer (store_is_hidden()), and has not, every ten minutes: if it
 * was lost on its way, it would be lost for good.
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
	/* Whose records they are: the i-th author; NULL past the end. */
	const uint8_t *(*author_at)(void *ctx, uint32_t i);
	/* Of an author that is none of these: a one-time key. NULL: no such
	 * keys. What it does not know is nobody's: apart from all others. */
	bool (*one_time)(void *ctx, const uint8_t *author, uint32_t *i);
	/* Send ${r} by the stem: OK: it will be; ERR_EXISTS: it is under way;
	 * else later. NULL: no stem. */
	err (*quietly)(void *ctx, const struct store_record *r);
	void *ctx;
	/* What one author says and what the next one does lie so far apart,
	 * and at most twice as far: else it would show that both are here. */
	uint32_t gap_ms;
	bool flood; /* to all peers of the topic; never what is hidden */
};

/** announcer_new(cf): NULL: no memory. The parts of ${cf} must outlive it. */
struct announcer *announcer_new(const struct announce_config *cf);
void announcer_free(struct announcer *a);

/**
 * announce_stored(a, rid, quiet): a record of our own was stored. To how many
 * peers it went; 0: it waits, or, then ${quiet}, it goes by the stem.
 */
uint32_t announce_stored(struct announcer *a, uint64_t rid, bool *quiet);

/** announce_again(a, id): nobody heard of it: tell it again. */
void announce_again(struct announcer *a, const uint8_t id[RECORD_ID]);

/** announce_tick(a): each second. */
void announce_tick(struct announcer *a);

/** announce_waiting(a): records that nobody has heard of. */
size_t announce_waiting(const struct announcer *a);
