/*
 * stem.h: anonymous publishing, /ohcn/stem/1 of SPEC.md. A record of a person
 * does not begin its life in gossip, where its first peers would see where it
 * comes from. It is handed to one peer, who hands it on, until somebody on
 * the way spreads it as if it were news. After Dandelion++ (Fanti et al.,
 * 2018), with one change: whom a persona hands its own records to is its
 * guard for months, so that a hundred records tell no more than one.
 *
 * What is promised: who runs a share f of all nodes learns where a persona
 * publishes with a probability of about f, once, and not once per record.
 * What is not: nothing here hides who uses the network, nor helps against
 * somebody who sees all wires.
 *
 * Own records: to the first guard of their route; when they have not come
 * back by gossip in time, to the second guard; then to other peers; at last,
 * when nobody passes them on, STEM_SPREAD. Records of others, for a while
 * called an epoch, are handed on to one of two relays, which one is fixed for
 * each peer that they come from, or are spread, if this node's lot for the
 * epoch says so. Who hands a record on watches: if it is not heard by gossip
 * before a random time is over, it is spread, so that nobody can make it
 * vanish.
 *
 * A record that is under way is nowhere but here: it is in no store, and
 * gossip does not know it.
 *
 * A state machine over host.h, as the services of proto/libp2p.
 */
#pragma once

#include "proto/libp2p/host.h"
#include "proto/record/record.h"

#define STEM_PROTOCOL   "/ohcn/stem/1"
#define STEM_ROUTES_MAX 32 /* personas that publish */
#define STEM_GUARDS     2

/* A frame is padded to one of these sizes, in bytes. */
#define STEM_SIZES                                                             \
	{                                                                      \
		512, 1024, 2048, 4096, 8192, 16896                             \
	}
#define STEM_FRAME_MAX 16896

struct stem;

struct stem_limits {
	uint32_t pool_max;     /* records of others under way */
	uint32_t per_peer_max; /* of them, from one peer */
	uint32_t own_max;      /* own records under way */
	size_t bytes_max;      /* of frames, while others' are taken */
	uint32_t streams_max;  /* from others, at once */
	/* Records of others that are verified: of each peer, and beyond that
	 * of all together. */
	uint32_t checks_each, checks_per_s;
	uint32_t timeout_ms; /* of a stream */
	uint32_t dial_ms;    /* of a guard; the host gives up by itself, too */
	uint32_t busy_max;   /* so often a busy guard is asked again */
	uint32_t epoch_ms, epoch_spread_ms;
	uint32_t spread_permille; /* chance that an epoch spreads */
	/* Until a record of others that was handed on is spread: at least so
	 * long, and then so long on average, without memory. */
	uint32_t embargo_min_ms, embargo_mean_ms;
	/* Until an own record takes another way: so long, and up to so much. */
	uint32_t patience_ms, patience_spread_ms;
	uint32_t tries_max; /* ways of an own record */
	/* Until an own record is spread for want of any peer that speaks the
	 * protocol; UINT32_MAX: never. */
	uint32_t alone_ms;
	uint32_t guard_days,
	    guard_spread_days; /* 90, and up to 30 more or less */
	/* Replaced when it was not reached for so long, and in vain so often,
	 * attempts closer together than ${guard_miss_h} counted once. */
	uint32_t guard_gone_h, guard_misses, guard_miss_h;
	/* A guard is drawn from peers in so many parts of the world, or after
	 * so much time from those that are there: who is met first must not
	 * be it for that alone. */
	uint32_t guard_choice, guard_wait_ms;
	uint32_t redraws_max; /* of a route's guards in guard_days */
};

/** stem_limits_default(): the values of SPEC.md, "Stem". */
struct stem_limits stem_limits_default(void);

struct stem_config {
	const struct env *env;
	struct mem *mem;
	struct host *host;
	size_t protocol;  /* its index in host_config.protocols */
	struct slice net; /* of the records; must stay */
	struct stem_limits limits;
};

/** stem_new(cf): NULL: over budget. */
struct stem *stem_new(const struct stem_config *cf, uint64_t now_ms);
void stem_free(struct stem *s);

bool stem_event(struct stem *s, const struct host_event *ev, uint64_t now_ms);
uint64_t stem_expiry(const struct stem *s);
void stem_on_time(struct stem *s, uint64_t now_ms);

/**
 * stem_publish(s, route, bytes, now_ms):
 * Send an own record (copied) on its way. ${route} < STEM_ROUTES_MAX: the
 * persona that it belongs to; personas share no guard while there are others.
 * ERR_EXISTS: it is under way; ERR_LIMIT: no room, try later; ERR_FORM: not a
 * record of this network and time.
 */
NODISCARD err stem_publish(
    struct stem *s, uint32_t route, struct slice bytes, uint64_t now_ms);

/**
 * stem_heard(s, id, bytes): the record came by gossip: it is under way no
 * longer. Not so a copy with other bytes: anybody can forge a signature.
 */
void stem_heard(
    struct stem *s, const uint8_t id[RECORD_ID], struct slice bytes);

enum stem_news_type {
	/* Publish ${bytes} by gossip now, by the mesh and never to all peers,
	 * and store it; ${own}: for want of another way. Not under way any more. */
	STEM_SPREAD,
	STEM_NEW_GUARDS, /* those of ${route} changed: keep them */
};

struct stem_news {
	enum stem_news_type type;
	uint32_t route;
	bool own;
	uint32_t kind;      /* of the record */
	const uint8_t *id;  /* RECORD_ID bytes; as ${bytes}: */
	struct slice bytes; /* borrowed until the next call */
};

bool stem_next(struct stem *s, struct stem_news *out);

/* Whom a persona hands its records to; kept over a restart by the owner. */
struct stem_guard {
	struct peer_id id; /* n == 0: none */
	uint64_t since_s;  /* drawn */
	uint64_t until_s;  /* replaced after that */
	uint64_t gone_s;   /* not reached since; 0: it was there */
	uint64_t missed_s; /* the last attempt that counted */
	uint32_t misses;   /* attempts since ${gone_s} */
	uint16_t addr_n;
	uint8_t addr[PEER_ADDR_MAX]; /* where it was reached */
};
struct stem_guards {
	struct stem_guard v[STEM_GUARDS];
	uint32_t redraws; /* before their time, since ${redraws_s} */
	uint64_t redraws_s;
};

/** stem_guards(s, route, out); stem_guards_set(): from what was kept. */
void stem_guards(const struct stem *s, uint32_t route, struct stem_guards *out);
void stem_guards_set(
    struct stem *s, uint32_t route, const struct stem_guards *g);

/** stem_guards_drop(s, route): the persona is no more. */
void stem_guards_drop(struct stem *s, uint32_t route);

struct stem_stats {
	uint64_t published; /* own records taken */
	uint64_t heard;     /* of them, came back */
	uint64_t tried;     /* ways taken by own records */
	uint64_t fell_back; /* own ones that were spread from here */
	uint64_t taken;     /* of others */
	uint64_t handed_on;
	uint64_t spread;    /* of others, by the lot, or in a circle */
	uint64_t embargoed; /* of others, since nobody did in time */
	uint64_t refused;   /* unsound ones */
	uint64_t busy;      /* told to try elsewhere */
	uint32_t own_now, pool_now;
	uint32_t untaken_now; /* own ones that no peer has taken yet */
	size_t bytes_now;
	uint32_t relays; /* peers that may be one, now */
};
void stem_stats(struct stem *s, struct stem_stats *out);
