/*
 * host.h: a libp2p node without its sockets. Joins connections with
 * identify, ping, gossipsub and the application's own protocols; keeps what
 * is known of each peer; counts everything. node/ moves bytes between it and
 * TCP; the simulator and the fuzzers do the same in memory.
 *
 * How to drive it: call host_recv(), host_on_time() and the verbs below;
 * then poll host_next() until it is empty, and send with host_send() for
 * each connection that host_next_output() names. Re-arm one timer from
 * host_expiry().
 */
#pragma once

#include "proto/libp2p/conn.h"
#include "proto/libp2p/gossipsub.h"

struct host;

typedef uint32_t host_conn; /* a connection; 0 is none; never reused */

/* A stream of an application protocol. */
struct host_stream {
	host_conn conn;
	uint32_t stream;
};

struct host_limits {
	size_t memory_bytes;       /* all of the host */
	uint32_t conns_max;        /* both; 1/8 is for those we dial */
	uint32_t conns_per_ip_max; /* inbound, per IPv4 or IPv6 /64,
				      loopback excepted */
	uint32_t conns_per_peer_max;
	uint32_t events_max; /* events that wait to be polled */
	struct conn_limits conn;
};

struct host_limits host_limits_default(void);

struct host_config {
	const struct env *env;
	struct mem *mem;       /* where everything comes from */
	const uint8_t *secret; /* Ed25519 node key, copied */
	const uint8_t
	    *psk;          /* of a private network, 32 bytes, copied; or NULL */
	const char *agent; /* identify's agentVersion: "ohcn/0.1.0" */
	const char *protocol_version; /* identify's protocolVersion */
	/* Application protocols that we answer; string constants. */
	const char *const *protocols;
	size_t protocols_n;
	struct host_limits limits;
	struct gossip_params gossip;
};

/** host_new(cf): everything is copied; NULL: over budget. */
struct host *host_new(const struct host_config *cf, uint64_t now_ms);
void host_free(struct host *h);

/** host_self(h): our own peer id. */
const struct peer_id *host_self(const struct host *h);

/**
 * host_listen_set(h, addrs, n): what identify tells others; binary
 * multiaddrs without /p2p. At most 16; copied. Sends identify push.
 */
void host_listen_set(struct host *h, const struct slice *addrs, size_t n);

/**
 * host_conn_open(h, dialer, remote, expect, id):
 * A socket is connected. ${remote}: its binary multiaddr (for limits, for
 * identify's observedAddr). ${expect}: the peer id dialled, or NULL.
 * ERR_LIMIT: refuse it (close the socket); no id is made.
 */
NODISCARD err host_conn_open(struct host *h, bool dialer, struct slice remote,
    const struct peer_id *expect, uint64_t now_ms, host_conn *id);

/**
 * host_recv(h, id, now_ms, in): as conn_recv(); when it stops early, drain
 * events and output, and call again with the rest. Errors are not returned:
 * a connection that failed says so by HOST_CLOSE.
 */
void host_recv(struct host *h, host_conn id, uint64_t now_ms, struct slice *in);

/** host_send(h, id, now_ms, out): append bytes for the socket. */
void host_send(struct host *h, host_conn id, uint64_t now_ms, struct buf *out);

/**
 * host_next_output(h, id): a connection with bytes to send; each once, and
 * again when host_send() left some or there are new ones. Also moves what
 * gossip has queued to the connections, by the time of env->mono_ms.
 */
bool host_next_output(struct host *h, host_conn *id);

/** host_conn_gone(h, id): the socket is closed; the id is dead after this. */
void host_conn_gone(struct host *h, host_conn id, uint64_t now_ms);

/** host_conn_close(h, id, why): say goodbye; HOST_CLOSE follows. */
void host_conn_close(
    struct host *h, host_conn id, const char *why, uint64_t now_ms);

uint64_t host_expiry(const struct host *h);
void host_on_time(struct host *h, uint64_t now_ms);

enum host_event_type {
	HOST_PEER_UP,       /* first connection to ${peer} is secured */
	HOST_PEER_DOWN,     /* last connection to ${peer} is gone */
	HOST_IDENTIFIED,    /* identify arrived; host_peer_info() has it; of
			       pushes a few in ten seconds are told */
	HOST_CLOSE,         /* flush host_send(), then close the socket; its
			       streams are gone, no event of them follows */
	HOST_MESSAGE,       /* a gossip message waits for host_verdict() */
	HOST_STREAM_OPENED, /* by the peer; ${protocol} indexes the config's */
	HOST_STREAM_READY,  /* ours is negotiated */
	HOST_STREAM_REFUSED,
	HOST_STREAM_DATA,
	HOST_STREAM_WRITABLE,
	HOST_STREAM_END,
	HOST_STREAM_CLOSED,
	HOST_PING, /* ${rtt_ms} of a host_ping() */
};

struct host_event {
	enum host_event_type type;
	host_conn conn;
	struct peer_id peer;
	const char *why;               /* CLOSE: static text */
	err error;                     /* CLOSE: OK when we or the peer left */
	uint32_t stream;               /* STREAM_*: with ${conn} */
	size_t protocol;               /* STREAM_OPENED */
	uint32_t rtt_ms;               /* PING; UINT32_MAX: it failed */
	struct gossip_message message; /* MESSAGE; borrowed until verdict */
};

bool host_next(struct host *h, struct host_event *ev);

/* Gossip. Topics are UTF-8 of at most GOSSIP_TOPIC_MAX bytes. */
NODISCARD err host_subscribe(
    struct host *h, const char *topic, uint64_t now_ms);
void host_unsubscribe(struct host *h, const char *topic, uint64_t now_ms);

/**
 * host_publish(h, topic, data, flood, now_ms, sent_to):
 * Send a message of our own; the outcome as of gossip_publish(): OK accepted
 * or, with 0 in ${sent_to}, queued; ERR_MORE would block; ERR_EXISTS seen
 * already; ERR_LIMIT too big.
 */
NODISCARD err host_publish(struct host *h, const char *topic, struct slice data,
    bool flood, uint64_t now_ms, uint32_t *sent_to);

/**
 * host_verdict(h, handle, verdict): of a HOST_MESSAGE; each exactly once.
 * GOSSIP_FORGET when our own queues were full: the message may come again.
 */
void host_verdict(
    struct host *h, uint64_t handle, enum gossip_verdict v, uint64_t now_ms);

/**
 * host_peer_app_score(h, id, points): P5, what the application thinks of a
 * peer, as gossip_application_score().
 */
NODISCARD err host_peer_app_score(
    struct host *h, const struct peer_id *id, int32_t points);

/**
 * host_direct_add(h, id): an explicit peer of gossip, as gossip_direct_add();
 * the host dials it again when it is gone and its address is known.
 */
NODISCARD err host_direct_add(struct host *h, const struct peer_id *id);
void host_direct_del(struct host *h, const struct peer_id *id);

/**
 * host_peer_explain(h, id, now_ms, out): what the router thinks of a peer;
 * false: it is not connected or has no gossip stream of ours.
 */
bool host_peer_explain(struct host *h, const struct peer_id *id,
    uint64_t now_ms, struct gossip_peer_explain *out);

/** host_topic_explain(h, topic, now_ms, out): as gossip_topic_explain(). */
bool host_topic_explain(struct host *h, const char *topic, uint64_t now_ms,
    struct gossip_topic_explain *out);

/* Streams of the application: as conn_stream_*(). */
NODISCARD err host_stream_open(struct host *h, const struct peer_id *peer,
    const char *protocol, uint64_t now_ms, struct host_stream *out);
NODISCARD err host_stream_write(
    struct host *h, struct host_stream s, struct slice in, size_t *taken);
size_t host_stream_room(struct host *h, struct host_stream s);
struct slice host_stream_read(struct host *h, struct host_stream s);
void host_stream_consume(struct host *h, struct host_stream s, size_t n);
bool host_stream_ended(struct host *h, struct host_stream s);
void host_stream_close(struct host *h, struct host_stream s);
void host_stream_reset(struct host *h, struct host_stream s);

/** host_ping(h, peer): one ping; HOST_PING follows. */
NODISCARD err host_ping(
    struct host *h, const struct peer_id *peer, uint64_t now_ms);

#define HOST_PROTOCOLS_MAX 64
#define HOST_ADDRS_MAX     16

/* What is known of a connected peer; borrowed until the next host_ call. */
struct host_peer_info {
	struct peer_id id;
	bool outbound; /* we dialled the oldest connection */
	bool identified;
	const char *agent;   /* "" until identified; cut at 128 bytes */
	struct slice remote; /* binary multiaddr of the oldest connection */
	uint32_t rtt_ms;     /* UINT32_MAX: unknown */
	uint32_t conns;
	uint64_t since_ms;
	uint32_t addrs_n;
	struct slice addrs[HOST_ADDRS_MAX]; /* its listen addresses */
	bool gossips;    /* has a gossip stream to us or from us */
	uint32_t meshes; /* topics in which it is in our mesh */
	int32_t score;   /* gossip score in whole points, cut at +-10^6 */
};

/** host_peer_at(h, i, out): the i-th connected peer; false past the end. */
bool host_peer_at(struct host *h, uint32_t i, struct host_peer_info *out);
bool host_peer_find(
    struct host *h, const struct peer_id *id, struct host_peer_info *out);
/** host_peer_speaks(h, id, protocol): per its identify. */
bool host_peer_speaks(
    struct host *h, const struct peer_id *id, const char *protocol);

/* Counters since start and current sizes; all monotone but the *_now. */
struct host_stats {
	uint64_t bytes_in, bytes_out;
	uint64_t conns_opened, conns_refused;
	uint64_t closed_ok, closed_peer, closed_auth, closed_limit, closed_time;
	/* Streams that broke their protocol, and cost the stream alone. */
	uint64_t stream_faults;
	uint32_t conns_now, peers_now;
	size_t memory_now, memory_cap;
	struct gossip_stats gossip;
};
void host_stats(const struct host *h, struct host_stats *out);

/** host_topic(h, topic, out): subscribed peers and mesh of one topic. */
bool host_topic(struct host *h, const char *topic, struct gossip_topic *out);
