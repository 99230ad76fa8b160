/*
 * peer_store.h: the peers we have heard of and where they may be reached.
 * What others say fills it, so all is bounded: peers, addresses of each,
 * bytes, and the share of each source. Hearsay never pushes out what was
 * proven, what the operator named, or hearsay that has not been tried; so
 * neither one talkative source nor one network can take the places of all
 * others. It opens no connection: host.h decides whom to dial.
 *
 * An address is PROVEN when the peer has answered there. Times are those of
 * env->mono_ms. Not here: filtering by who said it (host_peer_told()).
 */
#pragma once

#include "proto/base/env.h"
#include "proto/base/mem.h"
#include "proto/libp2p/address.h"

#define PEER_ADDR_MAX   256  /* bytes of an address that is kept */
#define PEER_ADDRS_MAX  8    /* of one peer, whatever the limits say */
#define PEER_RECORD_MAX 2048 /* bytes of a signed record that is kept */

/* Where an address was heard of; the first two are kept for ever. */
enum peer_source {
	PEER_OPERATOR,   /* named at run time: "peer add" */
	PEER_BOOTSTRAP,  /* of the configuration */
	PEER_INVITATION, /* a link or a QR code that a person took in */
	PEER_DISK,       /* known before the restart */
	PEER_LAN,        /* mDNS */
	PEER_RECORD,     /* a signed record of the peer's own */
	PEER_IDENTIFY,   /* the peer said it of itself, unsigned */
	PEER_EXCHANGE,   /* gossip's peer exchange */
	PEER_DHT,
	PEER_SOURCES,
};

const char *peer_source_name(enum peer_source s);

struct peer_store_limits {
	uint32_t peers_max;
	uint32_t addrs_max;      /* of one peer; at most PEER_ADDRS_MAX */
	uint32_t per_source_max; /* peers unproven, per hearsay source */
	uint32_t per_net_max;    /* peers unproven, per IPv4 /24, IPv6 /56 */
	size_t bytes_max;        /* all of it */
};

/** peer_store_limits_default(): 1,024 peers, 8, 256, 32, 1 MiB. */
struct peer_store_limits peer_store_limits_default(void);

struct known_addr {
	struct known_addr *next;
	enum peer_source source;
	bool proven;
	uint8_t fails;     /* dials in a row that failed */
	uint32_t dial;     /* the dial under way, or 0 */
	uint32_t round;    /* of the peer's, in which it was tried last */
	uint64_t heard_ms; /* last time that a source named it */
	uint64_t seen_ms;  /* last time that the peer was there; 0: never */
	uint64_t next_ms;  /* not to be dialled before */
	reach_group net;   /* 0: none that counts */
	uint16_t n;
	uint8_t bytes[];
};

struct known_peer {
	struct peer_id id; /* n == 0: of an address without a name */
	uint64_t key;
	uint32_t slot;
	enum peer_source source; /* the best that named it */
	bool connected;          /* set by the host: it is not dropped */
	bool asked;              /* host_connect() waits */
	bool once;               /* for a question, by host_connect_once() */
	bool pinned;             /* an explicit peer: wanted, kept */
	uint32_t dials;          /* under way: it is not dropped either */
	uint8_t fails;           /* rounds of dials in a row that failed */
	uint32_t round;
	uint64_t next_ms;
	uint64_t asked_ms;
	uint64_t heard_ms;
	uint64_t up_ms; /* since when it is connected */
	struct known_addr *addrs;
	uint32_t addrs_n;
	uint64_t record_seq;
	uint16_t record_n;
	uint8_t *record; /* the signed envelope as it came */
};

struct peer_store;

/** peer_store_new(limits, env, mem): NULL: over budget. */
struct peer_store *peer_store_new(const struct peer_store_limits *limits,
    const struct env *env, struct mem *mem);
void peer_store_free(struct peer_store *s);

/**
 * peer_store_add(s, id, addr, source, now_ms, out):
 * ${id} NULL: an address without a name. ${addr} without /p2p at its end.
 * OK: it is there now, ${out} (may be NULL) gets the peer. ERR_FORM: nothing
 * that can be dialled, or too long; ERR_LIMIT: there is no room for it.
 */
NODISCARD err peer_store_add(struct peer_store *s, const struct peer_id *id,
    struct slice addr, enum peer_source source, uint64_t now_ms,
    struct known_peer **out);

/**
 * peer_store_record(s, p, seq, record): keep a record that was verified.
 * ERR_EXISTS: it is not newer; ERR_LIMIT: too long, or no room.
 */
NODISCARD err peer_store_record(struct peer_store *s, struct known_peer *p,
    uint64_t seq, struct slice record);

struct known_peer *peer_store_find(
    const struct peer_store *s, const struct peer_id *id);

/** peer_store_at(s, slot): NULL: a free slot. Slots: peer_store_top(). */
struct known_peer *peer_store_at(const struct peer_store *s, uint32_t slot);
uint32_t peer_store_top(const struct peer_store *s);

/**
 * peer_store_name(s, p, id): who is behind an address without a name. When
 * that peer is known already, it gets the addresses. The peer from now on;
 * it stays without a name when there is no memory.
 */
struct known_peer *peer_store_name(
    struct peer_store *s, struct known_peer *p, const struct peer_id *id);

/** peer_store_proven(s, p, a, now_ms): the peer is there. */
void peer_store_proven(struct peer_store *s, struct known_peer *p,
    struct known_addr *a, uint64_t now_ms);

/** peer_store_drop(s, p): unless it is connected or being dialled. */
void peer_store_drop(struct peer_store *s, struct known_peer *p);

/** peer_store_drop_addr(s, p, a): and the peer with its last one, unless it
 * is in use. True: the peer is gone. */
bool peer_store_drop_addr(
    struct peer_store *s, struct known_peer *p, struct known_addr *a);

/** peer_store_kept(p): is it one that the operator wants? */
bool peer_store_kept(const struct known_peer *p);

/** peer_store_is_proven(p): has it answered at any of its addresses? */
bool peer_store_is_proven(const struct known_peer *p);

/** peer_store_sweep(s, now_ms): what has been silent for too long goes. */
void peer_store_sweep(struct peer_store *s, uint64_t now_ms);

struct peer_store_stats {
	uint32_t peers, addrs, records;
	size_t bytes;
	uint64_t refused; /* additions without room */
	uint64_t evicted;
	uint32_t by_source[PEER_SOURCES];
};
void peer_store_stats(const struct peer_store *s, struct peer_store_stats *out);
