/*
 * relay.h: circuit relay v2. As a client: keeps reservations at relays,
 * connects through them and accepts those who come through them. As a
 * service (off by default): carries bytes for others, little and not for
 * long. A state machine over host.h; it opens no socket.
 *
 * A circuit becomes a connection of the host (a host_conn that is limited)
 * whose bytes travel on a stream to the relay. Both ends run Noise over it:
 * the relay sees who talks to whom, and no more. Nobody is asked to keep
 * more than one chunk per circuit; a slow end is felt at the other.
 *
 * How to drive it, beside what host.h says: offer each event to
 * relay_event(); when host_next_output() names a connection, ask
 * relay_output() first; poll relay_next() until it is empty, and the host
 * again after that, since it moves bytes; re-arm a timer by relay_expiry().
 *
 * Spec: github.com/libp2p/specs, relay/circuit-v2.
 */
#pragma once

#include "proto/libp2p/host.h"
#include "proto/libp2p/multiaddr.h"

#define RELAY_HOP_PROTOCOL  "/libp2p/circuit/relay/0.2.0/hop"
#define RELAY_STOP_PROTOCOL "/libp2p/circuit/relay/0.2.0/stop"
#define RELAY_MESSAGE_MAX   4096
#define RELAY_RELAYS_MAX    8 /* at which we hold a reservation */
#define RELAY_ADDRS_MAX     8 /* of a relay, that we keep */

struct relay;

struct relay_limits {
	/* The service. */
	uint32_t reservations_max;
	uint32_t reservations_per_ip_max; /* IPv4, or /64 of IPv6 */
	uint32_t circuits_max;
	uint32_t circuits_per_peer_max;
	uint32_t requests_max; /* not answered yet */
	uint32_t ttl_s;        /* of a reservation */
	uint32_t duration_s;   /* of a circuit */
	uint64_t data_bytes;   /* of a circuit, in each direction */
	/* The client. */
	uint32_t own_max;     /* circuits that end here, both ways */
	uint32_t timeout_ms;  /* for each exchange */
	bool loopback_exempt; /* per-ip limits: not for 127.0.0.1 */
};

/** relay_limits_default(): those of go-libp2p; 32 circuits of our own. */
struct relay_limits relay_limits_default(void);

struct relay_config {
	const struct env *env;
	struct mem *mem;
	struct host *host;
	const uint8_t *secret; /* signs vouchers; copied */
	size_t hop, stop;      /* their indices in host_config.protocols */
	struct relay_limits limits;
	bool service; /* carry for others; see relay_service_set() */
};

/** relay_new(cf, now_ms): NULL: no memory. */
struct relay *relay_new(const struct relay_config *cf, uint64_t now_ms);
void relay_free(struct relay *r);

/** relay_event(r, ev, now_ms): true: it was the relay's alone. */
bool relay_event(struct relay *r, const struct host_event *ev, uint64_t now_ms);

/** relay_output(r, conn, now_ms): true: a circuit, and it is sent. */
bool relay_output(struct relay *r, host_conn conn, uint64_t now_ms);

uint64_t relay_expiry(const struct relay *r);
void relay_on_time(struct relay *r, uint64_t now_ms);

/**
 * relay_service_set(r, on): start or stop carrying for others. Circuits that
 * stand go on to their end. ${addrs}: see relay_addrs_set().
 */
void relay_service_set(struct relay *r, bool on);

/**
 * relay_addrs_set(r, addrs, n): where we can be reached, without /p2p: what
 * we tell those who reserve. Copied; more than RELAY_ADDRS_MAX are dropped.
 */
void relay_addrs_set(struct relay *r, const struct slice *addrs, size_t n);

/**
 * relay_reserve(r, peer, now_ms):
 * Hold a reservation at a connected peer, renewed until relay_release().
 * ERR_NOTFOUND: not connected; ERR_EXISTS: held or asked for; ERR_LIMIT.
 * RELAY_RESERVED or RELAY_LOST follows.
 */
NODISCARD err relay_reserve(
    struct relay *r, const struct peer_id *peer, uint64_t now_ms);
void relay_release(struct relay *r, const struct peer_id *peer);

/**
 * relay_dial(r, relay, target, dial, now_ms):
 * Connect to ${target} through the connected peer ${relay}; ${dial} is the
 * number of host_next_dial(), or 0. ERR_NOTFOUND: no connection to the
 * relay; ERR_LIMIT. RELAY_DIALLED follows on OK.
 */
NODISCARD err relay_dial(struct relay *r, const struct peer_id *relay,
    const struct peer_id *target, uint32_t dial, uint64_t now_ms);

/**
 * relay_addr_split(addr, relay_addr, relay, target):
 * Of "RELAY/p2p/R/p2p-circuit[/p2p/T]": what is before /p2p/R (may be empty),
 * R, and T (n == 0 when it is not said). ERR_NOTFOUND: not such an address;
 * ERR_FORM.
 */
NODISCARD err relay_addr_split(struct slice addr, struct slice *relay_addr,
    struct peer_id *relay, struct peer_id *target);

enum relay_event_type {
	RELAY_RESERVED, /* or renewed: relay_addrs() has changed */
	RELAY_LOST,     /* the reservation at ${peer}: ${why} */
	RELAY_ACCEPTED, /* ${conn} with ${peer} came through ${relay} */
	RELAY_DIALLED,  /* ${conn} with ${peer}, or ${error} and ${why} */
};

struct relay_news {
	enum relay_event_type type;
	struct peer_id peer, relay;
	host_conn conn;
	uint32_t dial;
	err error;
	const char *why; /* static text */
};

/** relay_next(r, now_ms, out): also moves on what had to wait. */
bool relay_next(struct relay *r, uint64_t now_ms, struct relay_news *out);

/**
 * relay_addrs(r, out, n, space): our addresses through relays, at most
 * ${n}, each ".../p2p/RELAY/p2p-circuit", their bytes in ${space}.
 */
size_t relay_addrs(
    const struct relay *r, struct slice *out, size_t n, struct buf *space);

/* A reservation of ours. */
struct relay_held {
	struct peer_id relay;
	bool held;        /* false: being asked for */
	uint64_t until_s; /* as the relay says; UTC */
	uint32_t limit_s; /* of a circuit; 0: none */
	uint64_t limit_bytes;
};
bool relay_held_at(const struct relay *r, size_t i, struct relay_held *out);

struct relay_stats {
	uint32_t reservations_now, circuits_now, own_now;
	uint64_t reservations, circuits, bytes; /* carried for others */
	uint64_t refused;                       /* requests that we refused */
	uint64_t cut_bytes, cut_time;           /* circuits ended by a limit */
	uint64_t accepted, dialled, failed;     /* of our own */
};
void relay_stats(const struct relay *r, struct relay_stats *out);
