/*
 * relay_internal.h: what the files of the relay share; nobody else includes
 * it.
 *
 *   relay_core.c     flows, events, time; circuits of our own
 *   relay_client.c   reservations that we hold, circuits that we ask for
 *   relay_service.c  what we carry for others
 */
#pragma once

#include "proto/libp2p/relay.h"
#include "proto/libp2p/relay_wire.h"

#define RELAY_UNPACKED_MAX 32768
#define RELAY_CHUNK        8192 /* bytes of a circuit under way */
#define RELAY_LINGER_MS    10000
#define RELAY_ADDR_MAX     128 /* bytes of an address that we keep */
#define RELAY_NEWS_MAX     256
#define RELAY_SWEEP_MS     1000

enum flow_kind {
	/* The service: ${a} to the asker, ${b} to the target. */
	FLOW_REQUEST, /* nothing asked yet */
	FLOW_CALLING, /* the target was asked */
	FLOW_BRIDGE,
	FLOW_SERVED, /* refused or answered: until the stream is closed */
	/* The client: ${a} to the relay. */
	FLOW_RESERVE,
	FLOW_DIAL,
	FLOW_STOP, /* somebody comes; not said yet who */
	FLOW_OWN,  /* a circuit that ends here */
	FLOW_LAST, /* its last bytes */
};

/* One exchange, or one circuit. */
struct flow {
	struct flow *next, **back;
	enum flow_kind kind;
	struct host_stream a, b;
	struct peer_id peer, other; /* asker and target; relay and target */
	uint64_t deadline_ms;
	uint64_t from_a, from_b; /* bytes */
	bool a_ended, b_ended;
	uint64_t retry_ms; /* to go on without an event; UINT64_MAX */
	host_conn conn;
	uint32_t dial;
	bool stalled; /* the host has events to be polled first */
	uint8_t *out; /* RELAY_CHUNK bytes, while some wait */
	size_t out_at, out_n;
};

struct relay_guest {
	struct peer_id peer; /* n == 0: free */
	struct multiaddr_ip ip;
	bool counted; /* against the limit per ip */
	uint64_t until_ms;
};

struct relay_own {
	struct peer_id relay; /* n == 0: free */
	bool held, asking;
	uint64_t until_s, renew_ms, end_ms;
	uint32_t limit_s;
	uint64_t limit_bytes;
	uint32_t addrs_n;
	uint16_t addr_n[RELAY_ADDRS_MAX];
	uint8_t addr[RELAY_ADDRS_MAX][RELAY_ADDR_MAX];
};

struct news_item {
	struct news_item *next;
	struct relay_news news;
};

struct relay {
	const struct env *env;
	struct mem *mem;
	struct host *host;
	uint8_t secret[64];
	size_t hop, stop;
	struct relay_limits limits;
	bool service;
	struct flow *flows;
	uint32_t requests_n, bridges_n, own_n; /* of the flows */
	struct relay_guest *guests; /* reservations_max; NULL: never served */
	struct relay_own own[RELAY_RELAYS_MAX];
	uint16_t addr_n[RELAY_ADDRS_MAX];
	uint8_t addr[RELAY_ADDRS_MAX][RELAY_ADDR_MAX];
	uint32_t addrs_n;
	struct news_item *news, **news_end;
	uint32_t news_n;
	bool any_stalled;
	uint64_t sweep_ms;
	struct relay_stats stats;
	uint8_t *scratch; /* RELAY_UNPACKED_MAX */
};

/* relay_core.c */
struct flow *relay_flow_add(struct relay *r, enum flow_kind kind,
    struct host_stream a, uint64_t deadline_ms);
void relay_flow_turn(struct relay *r, struct flow *f, enum flow_kind kind);
void relay_flow_free(struct relay *r, struct flow *f);
void relay_flow_reset(struct relay *r, struct flow *f, uint64_t now_ms);
void relay_flow_answered(struct relay *r, struct flow *f, uint64_t now_ms);
void relay_tell(struct relay *r, const struct relay_news *news);
err relay_say(struct relay *r, struct host_stream s, bool stop,
    const struct relay_message *m);
err relay_hear(
    struct relay *r, struct host_stream s, bool stop, struct relay_message *m);
err relay_own_open(struct relay *r, struct flow *f, bool dialer,
    const struct peer_id *peer, bool limited, uint64_t now_ms);
void relay_own_start(struct relay *r, struct flow *f, uint64_t now_ms);

/* relay_client.c */
bool relay_client_opened(
    struct relay *r, const struct host_event *ev, uint64_t now_ms);
void relay_client_read(struct relay *r, struct flow *f, uint64_t now_ms);
void relay_client_failed(
    struct relay *r, struct flow *f, const char *why, uint64_t now_ms);
void relay_client_peer_down(struct relay *r, const struct peer_id *peer);
void relay_client_on_time(struct relay *r, uint64_t now_ms);
uint64_t relay_client_expiry(const struct relay *r);

/* relay_service.c */
bool relay_service_opened(
    struct relay *r, const struct host_event *ev, uint64_t now_ms);
void relay_service_read(
    struct relay *r, struct flow *f, bool on_b, uint64_t now_ms);
void relay_service_bridge(struct relay *r, struct flow *f, uint64_t now_ms);
void relay_service_lost(struct relay *r, struct flow *f, uint64_t now_ms);
void relay_service_peer_down(struct relay *r, const struct peer_id *peer);
uint64_t relay_service_expiry(const struct relay *r);
void relay_service_on_time(struct relay *r, uint64_t now_ms);
