/*
 * dcutr.h: from a relayed connection to a direct one: both ends tell each
 * other where the world sees them, and dial at the same moment, so that each
 * NAT takes the other's packet for an answer. TCP alone.
 *
 * B is the inbound end of the relayed connection and acts; A, who dialled,
 * reacts. For what runs on the new connection A is the dialer, B the
 * listener, whoever's packet came first. First B tries A's public addresses
 * alone; then three rounds of CONNECT and SYNC. After success the relayed
 * connection is closed.
 *
 * A state machine over host.h; the driver dials when told: from the port
 * that it listens on, or no hole is punched.
 * Spec: github.com/libp2p/specs, relay/DCUtR.
 */
#pragma once

#include "proto/libp2p/host.h"
#include "proto/libp2p/multiaddr.h"

#define DCUTR_PROTOCOL    "/libp2p/dcutr"
#define DCUTR_MESSAGE_MAX 4096
#define DCUTR_ADDRS_MAX   8  /* that we send, or dial, of one peer */
#define DCUTR_ADDR_MAX    64 /* bytes of one; ip and port need 21 */
#define DCUTR_TRIES       3

struct dcutr;

struct dcutr_limits {
	uint32_t upgrades_max; /* at once */
	uint32_t timeout_ms;   /* of an exchange */
	uint32_t dial_ms;      /* of a dial, until the next try */
	uint32_t grace_ms;     /* of the relayed connection after success */
	bool private_addrs;    /* dial private addresses too: for tests */
};

/** dcutr_limits_default(): 32, 10 s, 5 s, 1 s, false. */
struct dcutr_limits dcutr_limits_default(void);

struct dcutr_config {
	const struct env *env;
	struct mem *mem;
	struct host *host;
	size_t protocol; /* its index in host_config.protocols */
	struct dcutr_limits limits;
};

struct dcutr *dcutr_new(const struct dcutr_config *cf, uint64_t now_ms);
void dcutr_free(struct dcutr *d);

bool dcutr_event(struct dcutr *d, const struct host_event *ev, uint64_t now_ms);
uint64_t dcutr_expiry(const struct dcutr *d);
void dcutr_on_time(struct dcutr *d, uint64_t now_ms);

/**
 * dcutr_addrs_set(d, addrs, n): where the world may see us: observed and
 * mapped addresses, without /p2p. Without any, no hole is punched.
 */
void dcutr_addrs_set(struct dcutr *d, const struct slice *addrs, size_t n);

/**
 * dcutr_inbound(d, conn, peer, now_ms): a circuit was accepted: we are B.
 * Nothing happens when the table is full, or a direct connection exists.
 */
void dcutr_inbound(struct dcutr *d, host_conn conn, const struct peer_id *peer,
    uint64_t now_ms);

enum dcutr_news_type {
	DCUTR_DIAL, /* dial all ${addrs} now; see ${punch} and ${dialer} */
	DCUTR_DONE, /* ${error} OK: a direct connection stands */
};

struct dcutr_news {
	enum dcutr_news_type type;
	struct peer_id peer;
	host_conn relayed;
	bool punch;  /* bind to the port that we listen on */
	bool dialer; /* our role above TCP, for host_conn_open() */
	uint32_t tries;
	err error;
	const char *why; /* static text */
	size_t addrs_n;
	uint8_t addr[DCUTR_ADDRS_MAX][DCUTR_ADDR_MAX];
	size_t addr_n[DCUTR_ADDRS_MAX];
};

bool dcutr_next(struct dcutr *d, struct dcutr_news *out);

struct dcutr_stats {
	uint64_t tried, punched, direct, failed;
	uint32_t now;
};
void dcutr_stats(const struct dcutr *d, struct dcutr_stats *out);
