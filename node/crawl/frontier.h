/*
 * crawl/frontier.h: what a crawl knows while it goes on: the peers it has
 * heard of, which of them wait for a visit and until when, who named whom,
 * what the visits found. It lies in an ordered map on disk (store/map.h), so
 * that a crawl of millions of peers takes no memory for them, and one that was
 * killed goes on from its last commit.
 *
 * Peers have the names under which they are published: 128 bits of BLAKE2b
 * over the crawl's random key and the peer id. Ids, addresses and the key are
 * in this map alone, which is deleted when the crawl is complete.
 *
 * One thread. Everything between two commits is one transaction.
 */
#pragma once

#include <jansson.h>

#include "node/base/problem.h"
#include "proto/base/env.h"
#include "proto/libp2p/peer_store.h"

#define FRONTIER_KEY       32
#define FRONTIER_NAME      16
#define FRONTIER_NAME_TEXT 27  /* base32, with zero */
#define FRONTIER_GROUP_MAX 256 /* peers of one subnet that are visited */

enum frontier_source {
	FRONTIER_SEED,
	FRONTIER_NODE, /* the running node of this home knows it */
	FRONTIER_DHT,
	FRONTIER_PROVIDER, /* an edge alone: a member of the network */
	FRONTIER_EXCHANGE,
	FRONTIER_LAN,
};
const char *frontier_source_name(enum frontier_source s);

enum frontier_state {
	FRONTIER_WAITING,
	FRONTIER_ANSWERED,
	FRONTIER_UNREACHABLE,
	FRONTIER_OPTED_OUT,
	FRONTIER_FOREIGN, /* of another network */
};
const char *frontier_state_name(enum frontier_state s);

struct frontier_name {
	uint8_t b[FRONTIER_NAME];
};

struct frontier_addr {
	uint16_t n;
	uint8_t bytes[PEER_ADDR_MAX];
};

struct frontier_peer {
	struct frontier_name name;
	enum frontier_state state;
	enum frontier_source source;
	uint32_t depth, attempts, named_by;
	uint32_t first_s, answered_s; /* answered_s 0: never */
	uint32_t ready_s;             /* its place in the queue */
	uint64_t ready_n;             /* 0: it has none */
	struct peer_id id;            /* n == 0: opted out, forgotten */
	uint32_t addrs_n;
	struct frontier_addr addrs[PEER_ADDRS_MAX];
};

/* Kept over restarts. */
struct frontier_totals {
	uint64_t begin_s, worked_s, runs;
	uint64_t peers, waiting, answered, unreachable, opted_out, foreign;
	uint64_t visits, dials, edges, questions;
	/* Not taken in: no room (peers_max), too many of one subnet, nothing
	 * that can be dialled, addresses that the teller may not name. */
	uint64_t no_room, crowded, undiallable, unnameable;
};

struct frontier;

struct frontier_config {
	const struct env *env;
	const char *dir; /* of the map; its parent exists */
	bool create;     /* anew; else it must be there */
	uint64_t peers_max;
	uint32_t group_pause_s; /* between calls into one subnet */
};

/**
 * frontier_open(cf, out, p):
 * ERR_NOTFOUND: there is nothing to go on with; ERR_EXISTS: another process
 * has it open; ERR_CORRUPT, ERR_IO, ERR_NOMEM. ${p} says it.
 */
NODISCARD err frontier_open(
    const struct frontier_config *cf, struct frontier **out, struct problem *p);
void frontier_close(struct frontier *f); /* without a commit */

/** frontier_commit(f): what was done is on the disk. ERR_IO, ERR_LIMIT: the
 * disk is full; what came since the last commit is lost. */
NODISCARD err frontier_commit(struct frontier *f);

/** frontier_limits(f, peers_max, group_pause_s): as in the config, later. */
void frontier_limits(
    struct frontier *f, uint64_t peers_max, uint32_t group_pause_s);

struct frontier_totals *frontier_totals(struct frontier *f);
/** frontier_key(f): of the names; FRONTIER_KEY bytes. */
const uint8_t *frontier_key(const struct frontier *f);
struct frontier_name frontier_name_of(
    const struct frontier *f, const struct peer_id *id);
void frontier_name_put(
    char out[FRONTIER_NAME_TEXT], const struct frontier_name *name);

/** frontier_note(f, key, o): a JSON object of the caller's, kept. */
NODISCARD err frontier_note(
    struct frontier *f, const char *key, const json_t *o);
/** frontier_noted(f, key): a new reference, or NULL. */
json_t *frontier_noted(struct frontier *f, const char *key);

/**
 * frontier_add(f, id, addrs, n, source, depth, now_s):
 * Heard of a peer. One that is known gets the new addresses while it waits.
 * OK; ERR_EXISTS: it was known; ERR_LIMIT: it is not taken in, and counted;
 * ERR_FORM: no address that can be dialled, counted; the map's errors.
 */
NODISCARD err frontier_add(struct frontier *f, const struct peer_id *id,
    const struct slice *addrs, uint32_t n, enum frontier_source source,
    uint32_t depth, uint64_t now_s);

/** frontier_get(f, name, out): ERR_NOTFOUND. */
NODISCARD err frontier_get(struct frontier *f, const struct frontier_name *name,
    struct frontier_peer *out);

/**
 * frontier_next(f, now_s, out): whom to visit now. It stays in the queue, as
 * taken, until frontier_done() or frontier_later(). ERR_NOTFOUND: nobody.
 */
NODISCARD err frontier_next(
    struct frontier *f, uint64_t now_s, struct frontier_peer *out);

/** frontier_done(f, p): its visit is over; p->state is not WAITING. Who has
 * opted out is forgotten but for the name. */
NODISCARD err frontier_done(struct frontier *f, struct frontier_peer *p);
/** frontier_later(f, p, at_s): not now, again at ${at_s}. */
NODISCARD err frontier_later(
    struct frontier *f, struct frontier_peer *p, uint64_t at_s);

/** frontier_edge(f, from, to, source): ERR_EXISTS: it was there. */
NODISCARD err frontier_edge(struct frontier *f,
    const struct frontier_name *from, const struct frontier_name *to,
    enum frontier_source source);

/** frontier_visit(f, o): the next visit, as a JSON object. */
NODISCARD err frontier_visit(struct frontier *f, const json_t *o);
/** frontier_info(f, name, o): what the peer says of itself. */
NODISCARD err frontier_info(
    struct frontier *f, const struct frontier_name *name, const json_t *o);
/** frontier_info_of(f, name): a new reference, or NULL. */
json_t *frontier_info_of(struct frontier *f, const struct frontier_name *name);

/* Walks, in the order of names or numbers; false ends them. */
typedef bool frontier_peer_fn(void *ctx, const struct frontier_peer *p);
typedef bool frontier_visit_fn(void *ctx, uint64_t number, const json_t *o);
typedef bool frontier_edge_fn(void *ctx, const struct frontier_name *from,
    const struct frontier_name *to, enum frontier_source source);
NODISCARD err frontier_each_peer(
    struct frontier *f, frontier_peer_fn *fn, void *ctx);
NODISCARD err frontier_each_visit(
    struct frontier *f, frontier_visit_fn *fn, void *ctx);
NODISCARD err frontier_each_edge(
    struct frontier *f, frontier_edge_fn *fn, void *ctx);

/* Room for sorting more than memory holds: keys of at most 64 bytes, each
 * kept once, walked in order; frontier_sort_clear() forgets them. */
NODISCARD err frontier_sort_add(struct frontier *f, struct slice key);
typedef bool frontier_sort_fn(void *ctx, struct slice key);
NODISCARD err frontier_sort_each(
    struct frontier *f, frontier_sort_fn *fn, void *ctx);
NODISCARD err frontier_sort_clear(struct frontier *f);
