/* stem_internal.h: what the files of proto/stem share. */
#pragma once

#include "proto/base/arena.h"
#include "proto/stem/stem.h"

enum stem_status { STEM_TAKEN = 0, STEM_REFUSED = 1, STEM_BUSY = 2 };

/**
 * stem_frame_size(n): of the frame of a record of ${n} bytes; 0: too long.
 * stem_frame_put(out, record): ${out} holds the frame's size, padding zeroed.
 */
size_t stem_frame_size(size_t n);
void stem_frame_put(uint8_t *out, struct slice record);

/**
 * stem_frame_get(in, record): the record of a whole frame, borrowed. ERR_MORE;
 * ERR_PEER: not a frame.
 */
NODISCARD err stem_frame_get(struct slice in, struct slice *record);

enum stem_state {
	STEM_FREE,
	STEM_WAITING, /* for a peer */
	STEM_SENDING,
	STEM_SENT,    /* until it is heard, or in vain */
	STEM_LEAVING, /* to be spread; see stem_next() */
	STEM_LEFT,    /* the news is borrowed */
};

#define STEM_TRIED_MAX 8

/* A record under way. */
struct stem_carried {
	enum stem_state state;
	bool own;
	uint32_t route, kind;
	uint8_t id[RECORD_ID];
	uint8_t *frame;
	size_t frame_n, sent;
	struct slice record; /* within the frame */
	struct peer_id from; /* who brought it; n == 0: own */
	struct peer_id to;   /* n == 0: nobody yet */
	struct peer_id tried[STEM_TRIED_MAX];
	uint32_t tried_n;
	uint32_t busy_n;           /* ${to} was busy so often, */
	bool asks_again;           /* and is asked again at ${at_ms} */
	struct host_stream stream; /* conn == 0: none */
	uint64_t began_ms;
	uint64_t at_ms;      /* when the state is over */
	uint64_t embargo_ms; /* of others: spread then */
};

/* A stream on which a peer brings a record. */
struct stem_incoming {
	struct host_stream stream; /* conn == 0: free */
	struct peer_id peer;
	uint64_t at_ms;
	bool answered; /* the peer's side is open still */
};

#define STEM_CHECK_PEERS 128

/* What a peer had verified in this second. */
struct stem_checks {
	struct peer_id peer;
	uint32_t n;
};

struct stem {
	struct stem_config cf;
	struct stem_carried *carried;
	uint32_t carried_n; /* places: own_max + pool_max */
	struct stem_incoming *incoming;
	uint32_t incoming_now;
	struct stem_guards routes[STEM_ROUTES_MAX];
	bool changed[STEM_ROUTES_MAX];
	struct peer_id relays[2];
	bool spreads; /* the lot of this epoch */
	uint8_t key[16];
	uint64_t epoch_end_ms;
	uint64_t began_ms;
	uint32_t checks_left; /* beyond what each peer has */
	uint64_t checks_ms;   /* when they were filled up */
	struct stem_checks checks[STEM_CHECK_PEERS];
	uint32_t checks_n;
	struct stem_stats stats;
	uint8_t *scratch; /* RECORD_SCRATCH_BYTES */
	size_t left;      /* place of the borrowed news + 1; 0: none */
};

/* ---- stem_peers.c: to whom ---- */

/**
 * stem_guard_of(s, route, i, share, now_ms): the guard, drawn or replaced if
 * it must be; NULL: there is none to be had, or too few to choose from yet.
 * ${share}: one of another route will do.
 */
const struct stem_guard *stem_guard_of(
    struct stem *s, uint32_t route, uint32_t i, bool share, uint64_t now_ms);

/** stem_guard_find(s, route, id): NULL: it is none of the route's. */
const struct stem_guard *stem_guard_find(
    const struct stem *s, uint32_t route, const struct peer_id *id);

/** stem_guard_seen(s, route, id, there): it was reached, or not. */
void stem_guard_seen(
    struct stem *s, uint32_t route, const struct peer_id *id, bool there);

/**
 * stem_other(s, c, share, out): a peer by chance that ${c} was not tried with;
 * false: there is none. ${share}: another route's guard will do.
 */
bool stem_other(struct stem *s, const struct stem_carried *c, bool share,
    struct peer_id *out);

/** stem_relay_of(s, from, out): of this epoch, for what comes from ${from}. */
bool stem_relay_of(
    struct stem *s, const struct peer_id *from, struct peer_id *out);

/** stem_epoch(s, now_ms): begin a new one if the last is over. */
void stem_epoch(struct stem *s, uint64_t now_ms);

/** stem_relays_count(s): peers that may be one. */
uint32_t stem_relays_count(struct stem *s);
