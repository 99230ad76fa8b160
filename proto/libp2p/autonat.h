/*
 * autonat.h: AutoNAT v2: can others reach us, at which of our addresses?
 * As a client: asks peers to dial one address and counts their answers. As a
 * server: dials back for others, within narrow limits, and never without
 * having been paid in bytes when the address is not the asker's own.
 *
 * A yes is proven: the nonce of the question has come back on a connection
 * that was made to us. A no is only said; so it takes more of them, and one
 * vote per subnet counts.
 *
 * A state machine over host.h; the dial-back itself runs on a connection of
 * its own, autonat_dial.h, that the driver opens when told.
 * Spec: github.com/libp2p/specs, autonat/autonat-v2.
 */
#pragma once

#include "proto/libp2p/host.h"
#include "proto/libp2p/multiaddr.h"

#define AUTONAT_DIAL_PROTOCOL "/libp2p/autonat/2/dial-request"
#define AUTONAT_BACK_PROTOCOL "/libp2p/autonat/2/dial-back"
#define AUTONAT_ADDRS_MAX     8  /* addresses of ours under test */
#define AUTONAT_VOTES         5  /* the latest, that count */
#define AUTONAT_ADDR_MAX      64 /* bytes of an address that is tested */

struct autonat;

struct autonat_limits {
	uint32_t requests_max;       /* of others, at once */
	uint32_t per_minute;         /* of all others */
	uint32_t per_peer;           /* of one peer, in a minute */
	uint32_t data_min, data_max; /* bytes asked for another's address */
	uint32_t timeout_ms;         /* a whole exchange */
	uint32_t ask_ms;             /* between two questions, while unsure */
	uint32_t again_ms;           /* until an address is tested again */
	bool ipv6;                   /* we can dial such addresses */
	bool private_addrs;          /* test and dial private addresses too */
};

/** autonat_limits_default(): 8, 60, 12, 30 to 100 kB, 15 s, 2 s, 10 min. */
struct autonat_limits autonat_limits_default(void);

struct autonat_config {
	const struct env *env;
	struct mem *mem;
	struct host *host;
	size_t dial_request, dial_back; /* indices in host_config.protocols */
	struct autonat_limits limits;
	bool server;
};

struct autonat *autonat_new(const struct autonat_config *cf, uint64_t now_ms);
void autonat_free(struct autonat *a);

bool autonat_event(
    struct autonat *a, const struct host_event *ev, uint64_t now_ms);
uint64_t autonat_expiry(const struct autonat *a);
void autonat_on_time(struct autonat *a, uint64_t now_ms);

/**
 * autonat_addrs_set(a, addrs, n): what to test, most wanted first, without
 * /p2p; what is known of those that stay is kept. Private ones are left out
 * unless the limits say otherwise, and those that are no IP with TCP.
 */
void autonat_addrs_set(
    struct autonat *a, const struct slice *addrs, size_t n, uint64_t now_ms);

enum autonat_verdict {
	AUTONAT_UNKNOWN,
	AUTONAT_REACHABLE,
	AUTONAT_UNREACHABLE
};

struct autonat_addr {
	struct slice addr; /* borrowed until the next call */
	enum autonat_verdict verdict;
	uint32_t yes, no;  /* of the latest AUTONAT_VOTES */
	uint64_t asked_ms; /* 0: never */
};

/** autonat_addr_at(a, i, out): the i-th address; false past the end. */
bool autonat_addr_at(
    const struct autonat *a, size_t i, struct autonat_addr *out);

/**
 * autonat_verdict(a): REACHABLE: at one address at least; UNREACHABLE: at
 * none, and three said so; UNKNOWN.
 */
enum autonat_verdict autonat_verdict(const struct autonat *a);

enum autonat_news_type {
	AUTONAT_CHANGED, /* the verdict on an address */
	AUTONAT_DIAL,    /* open a socket to ${addr}, then autonat_dial_new() */
};

struct autonat_news {
	enum autonat_news_type type;
	uint32_t id; /* DIAL: for autonat_dialled() */
	uint64_t nonce;
	struct peer_id peer;
	uint8_t addr[AUTONAT_ADDR_MAX];
	size_t addr_n;
};

bool autonat_next(struct autonat *a, struct autonat_news *out);

/* What came of an AUTONAT_DIAL, as on the wire. */
enum autonat_dial_status {
	AUTONAT_DIAL_ERROR = 100,      /* no connection */
	AUTONAT_DIAL_BACK_ERROR = 101, /* connected, the nonce not taken */
	AUTONAT_DIAL_OK = 200,
};

/** autonat_dialled(a, id, status): each DIAL once; a late one is ignored. */
void autonat_dialled(struct autonat *a, uint32_t id,
    enum autonat_dial_status status, uint64_t now_ms);

struct autonat_stats {
	uint64_t asked, yes, no, failed;
	uint64_t served, refused, dialled;
	uint64_t data_bytes; /* that askers paid */
};
void autonat_stats(const struct autonat *a, struct autonat_stats *out);
