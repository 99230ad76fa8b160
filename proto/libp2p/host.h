/*
 * host.h: a libp2p node without its sockets. Joins connections with
 * identify, ping, gossipsub and the application's own protocols; keeps what
 * is known of each peer; counts everything. node/ moves bytes between it and
 * TCP; the simulator and the fuzzers do the same in memory.
 *
 * How to drive it: call host_recv(), host_on_time() and the verbs below;
 * then poll host_next() until it is empty, send with host_send() for each
 * connection that host_next_output() names, and open a socket for each dial
 * of host_next_dial(). Re-arm one timer from host_expiry().
 *
 * Whom to be connected with is decided here: addresses come in by
 * host_peer_add(), from whatever source; the host keeps them within bounds
 * (peer_store.h), keeps up the wanted number of peers of its own choice,
 * backs off, and trims what others opened when there are too many.
 */
#pragma once

#include "proto/libp2p/conn.h"
#include "proto/libp2p/gossipsub.h"
#include "proto/libp2p/peer_store.h"

struct host;

typedef uint32_t host_conn; /* a connection; 0 is none; never reused */

/* A stream of an application protocol. */
struct host_stream {
	host_conn conn;
	uint32_t stream;
};

struct host_limits {
	size_t memory_bytes; /* all of the host */
	uint32_t conns_max;  /* both; 1/8 is for those we dial */
	/* Inbound; loopback is excepted from all, a LAN from the wide two. */
	uint32_t conns_per_ip_max;   /* per IPv4 or IPv6 /64 */
	uint32_t conns_per_net_max;  /* per IPv4 /24 or IPv6 /48 */
	uint32_t conns_per_wide_max; /* per IPv4 /16 or IPv6 /32 */
	uint32_t conns_per_peer_max;
	uint32_t half_open_max;    /* inbound, not yet secured */
	uint32_t handshakes_per_s; /* inbound; 0: any; a burst of twice that */
	/* Above the high mark inbound peers are closed down to the low one,
	 * the least useful first; 0: 7/8 of what they may have, and 3/4. */
	uint32_t inbound_low, inbound_high;
	uint32_t grace_ms;        /* a new connection is not trimmed */
	uint32_t outbound_wanted; /* peers of our own choice */
	uint32_t dials_max;       /* at once; at most HOST_DIALS_MAX */
	uint32_t feeler_ms;       /* between tries of unproven addresses */
	/* Streams of application protocols that one peer may have open with
	 * us: in all, and per protocol. */
	uint32_t streams_per_peer_max;
	uint32_t streams_per_protocol_max;
	uint32_t events_max; /* events that wait to be polled */
	uint32_t unread_ms;  /* who reads no gossip of ours so long is cut */
	struct conn_limits conn;
	struct peer_store_limits known;
};

#define HOST_DIALS_MAX 32

/* Of an application protocol; see host_config. */
enum host_protocol_flag {
	HOST_PROTOCOL_LIMITED = 1, /* runs on limited connections too */
	HOST_PROTOCOL_OFF = 2,     /* off until host_protocol_set() */
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
	const uint8_t *protocol_flags; /* of each; NULL: none */
	/* Peers whose agent begins so only look around: gossip_visitor(). A
	 * string constant; NULL: none. Alone: they are told of nobody. */
	const char *visitors;
	bool visitors_alone;
	bool exchanges; /* host_next_exchange() tells who named whom */
	struct host_limits limits;
	struct gossip_params gossip;
};

#define HOST_EXCHANGES_MAX 256 /* that wait; more are not told of */

/** host_new(cf): everything is copied; NULL: over budget. */
struct host *host_new(const struct host_config *cf, uint64_t now_ms);
void host_free(struct host *h);

/** host_psk(h): the key of the private network, for connections beside the
 * host; NULL: none. */
const uint8_t *host_psk(const struct host *h);

/** host_self(h): our own peer id. */
const struct peer_id *host_self(const struct host *h);

/**
 * host_listen_set(h, addrs, n): what identify tells others; binary
 * multiaddrs without /p2p. At most 16; copied. Sends identify push.
 */
void host_listen_set(struct host *h, const struct slice *addrs, size_t n);

/**
 * host_protocol_set(h, i, on, now_ms): whether we answer the ${i}-th protocol
 * of the config from now on; open streams stay. Sends identify push.
 */
void host_protocol_set(struct host *h, size_t i, bool on, uint64_t now_ms);

/* A connection that stands. */
struct host_conn_config {
	bool dialer;
	struct slice remote;          /* its binary multiaddr; copied */
	const struct peer_id *expect; /* who has to be there; NULL: anyone, or
					 the peer of ${dial} */
	/* It goes through a relay with limits: gossip and protocols without
	 * HOST_PROTOCOL_LIMITED do not run on it. */
	bool limited;
	uint32_t dial; /* number of the host_next_dial() it comes from, or 0 */
};

/**
 * host_conn_open(h, cf, now_ms, id):
 * A socket is connected. ERR_LIMIT: refuse it (close the socket); ERR_EXISTS:
 * of a dial: no longer needed, the peer is connected; ERR_CLOSED: of a dial
 * that is not known (any more). No id is made then, and the dial is over
 * without host_dial_failed().
 */
NODISCARD err host_conn_open(struct host *h, const struct host_conn_config *cf,
    uint64_t now_ms, host_conn *id);

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
	HOST_PING,        /* ${rtt_ms} of a host_ping() */
	HOST_UNREACHABLE, /* ${peer} of a host_connect(): every address failed */
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

/* ---- whom to be connected with ---- */

/**
 * host_peer_add(h, id, addr, source, now_ms):
 * ${addr} (binary, with or without a /p2p of its own, copied) may reach
 * ${id}. ${id} NULL: whom /p2p names, or of the operator's and the
 * bootstrap's alone anyone. OK: kept, or known already. ERR_FORM: malformed,
 * or nothing that can be dialled; ERR_EXISTS: it is we; ERR_AUTH: nothing
 * that a far peer may name (our machine, our LAN); ERR_LIMIT: no room for it.
 */
NODISCARD err host_peer_add(struct host *h, const struct peer_id *id,
    struct slice addr, enum peer_source source, uint64_t now_ms);

/**
 * host_peer_told(h, teller, id, addr, source, now_ms): as host_peer_add(),
 * when it is known which connected peer said so: how far away it is says
 * what it may name. Without that the farthest connected peer counts.
 */
NODISCARD err host_peer_told(struct host *h, const struct peer_id *teller,
    const struct peer_id *id, struct slice addr, enum peer_source source,
    uint64_t now_ms);

/**
 * host_peer_record_add(h, teller, envelope, source, now_ms, id):
 * A signed peer record. Verified; its addresses are added, and the record
 * kept when it is the newest. ${teller} may be NULL; ${id}, if not NULL, gets
 * the peer. ERR_PEER malformed; ERR_AUTH; ERR_NOTFOUND: a kind of key that we
 * do not know; ERR_EXISTS: an older one, or ours; ERR_LIMIT.
 */
NODISCARD err host_peer_record_add(struct host *h, const struct peer_id *teller,
    struct slice envelope, enum peer_source source, uint64_t now_ms,
    struct peer_id *id);

/** host_peer_record(h, id): the newest signed record of the peer, ours for
 * our own id; empty: none. Borrowed until the next host_ call. */
struct slice host_peer_record(struct host *h, const struct peer_id *id);

/**
 * host_peer_addrs(h, id, out): addresses known of the peer, the best first;
 * borrowed until the next host_ call. How many there are.
 */
uint32_t host_peer_addrs(
    struct host *h, const struct peer_id *id, struct slice out[PEER_ADDRS_MAX]);

/** host_peer_forget(h, id): drop what is known of it, unless connected. */
void host_peer_forget(struct host *h, const struct peer_id *id);

/**
 * host_peer_protect(h, id, on): a connected peer that is not trimmed. Calls
 * count; they end with the connection.
 */
void host_peer_protect(struct host *h, const struct peer_id *id, bool on);

/**
 * host_connect(h, id, now_ms):
 * Ask for a connection; host_next_dial() follows, then HOST_PEER_UP or
 * HOST_UNREACHABLE. ERR_EXISTS: there is one (not limited), or it is we;
 * ERR_NOTFOUND: no address is known; ERR_LIMIT: too many are asked for.
 */
NODISCARD err host_connect(
    struct host *h, const struct peer_id *id, uint64_t now_ms);

/**
 * host_connect_once(h, id, now_ms):
 * As host_connect(), to ask the peer something: others have named it, so it
 * counts as none of our own choice, and is closed again when such connections
 * are more than an eighth of all and it has nothing to do. ERR_LIMIT as well
 * when they are a quarter.
 */
NODISCARD err host_connect_once(
    struct host *h, const struct peer_id *id, uint64_t now_ms);

/**
 * host_hold(h, on): while on, nobody is dialled but whom host_connect() asks
 * for: no wanted number, no bootstrap, no looks at strangers. For a node that
 * pays for each byte. Off at first.
 */
void host_hold(struct host *h, bool on);

/* A connection that the host wants. */
struct host_dial {
	uint32_t number;     /* for host_conn_config.dial; never 0 */
	struct peer_id peer; /* n == 0: whoever is there */
	uint16_t addr_n;
	uint8_t addr[PEER_ADDR_MAX]; /* binary, without /p2p at the end */
	/* Strangers told of it: a name may only lead out into the world, or
	 * whoever owns the name chooses a door in our house. */
	bool world;
};

/**
 * host_next_dial(h, out):
 * Dial this one now and answer by host_conn_open() with the number, or by
 * host_dial_failed(). False: none for now. Goes by env->mono_ms.
 */
bool host_next_dial(struct host *h, struct host_dial *out);

/** host_dial_failed(h, number, now_ms): nobody answered; the next address. */
void host_dial_failed(struct host *h, uint32_t number, uint64_t now_ms);

/**
 * host_resumed(h, now_ms): the machine was asleep, or its network has
 * changed: every connection has a few seconds to prove that it lives, and
 * what was backing off is tried again.
 */
void host_resumed(struct host *h, uint64_t now_ms);

/* What is worth keeping over a restart. */
struct host_known {
	struct peer_id id;
	struct slice addr; /* binary, without /p2p; borrowed */
	bool anchor;       /* we are connected to it by our own choice */
	bool proven;       /* it has answered there */
	uint64_t seen_ms;  /* last time that it was there; 0: never */
};

/* Peer exchange: ${teller} has named ${id}, which is in the peer store. */
struct host_exchange {
	struct peer_id teller, id;
};

/** host_next_exchange(h, out): if the configuration asks for them. */
bool host_next_exchange(struct host *h, struct host_exchange *out);

/** host_known_at(h, i, out): the i-th known address, in no order. */
bool host_known_at(struct host *h, uint32_t i, struct host_known *out);

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

#define HOST_LEFT_MAX 64 /* of those who left are remembered */

/* A peer whose last connection is gone. */
struct host_left {
	struct peer_id id;
	uint64_t at_ms;
	const char *why; /* static text */
	err error;       /* OK: one of us left in order */
};

/** host_left_at(h, i, out): the i-th to the last; false past the end. */
bool host_left_at(const struct host *h, uint32_t i, struct host_left *out);

/* What the peer store has of a peer. */
struct host_known_peer {
	struct peer_id id; /* n == 0: the place is free, or has no name */
	enum peer_source source;
	bool proven;      /* it has answered at one of its addresses */
	uint32_t addrs_n; /* host_peer_addrs() has them */
	uint32_t fails;   /* rounds of dials in a row that failed */
	uint64_t next_ms; /* it is not dialled before */
	uint64_t seen_ms; /* last time that it was there; 0: never */
};

/** host_known_peer_at(h, i, out): the i-th place; false past the end. */
bool host_known_peer_at(
    const struct host *h, uint32_t i, struct host_known_peer *out);

/*
 * Streams of the application: as conn_stream_*(). A limited connection is
 * taken only for protocols of ours that are flagged for it.
 */
NODISCARD err host_stream_open(struct host *h, const struct peer_id *peer,
    const char *protocol, uint64_t now_ms, struct host_stream *out);
/** host_stream_open_on(): on this connection, limited or not. */
NODISCARD err host_stream_open_on(struct host *h, host_conn conn,
    const char *protocol, uint64_t now_ms, struct host_stream *out);
NODISCARD err host_stream_write(
    struct host *h, struct host_stream s, struct slice in, size_t *taken);
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
	bool limited;  /* all its connections go through relays */
	bool identified;
	const char *agent;   /* "" until identified; cut at 128 bytes */
	struct slice remote; /* binary multiaddr of the oldest connection */
	uint32_t rtt_ms;     /* UINT32_MAX: unknown */
	uint32_t conns;
	uint64_t since_ms;
	uint32_t addrs_n;
	struct slice addrs[HOST_ADDRS_MAX]; /* its listen addresses */
	struct slice observed; /* where it sees us; empty: it does not say */
	bool gossips;          /* has a gossip stream to us or from us */
	uint32_t meshes;       /* topics in which it is in our mesh */
	int32_t score;         /* gossip score in whole points, cut at +-10^6 */
};

/** host_peer_at(h, i, out): the i-th connected peer; false past the end. */
bool host_peer_at(struct host *h, uint32_t i, struct host_peer_info *out);
bool host_peer_find(
    struct host *h, const struct peer_id *id, struct host_peer_info *out);
/* A secured connection. */
struct host_conn_info {
	struct peer_id peer;
	bool dialer, limited;
	struct slice remote; /* borrowed until the next host_ call */
	uint64_t since_ms;
};

/** host_conn_find(h, conn, out): false: unknown, closing or not secured. */
bool host_conn_find(
    const struct host *h, host_conn conn, struct host_conn_info *out);

/** host_peer_conn(h, id, i): the i-th connection of the peer, oldest first;
 * 0 past the end. */
host_conn host_peer_conn(
    const struct host *h, const struct peer_id *id, uint32_t i);

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
	uint64_t streams_refused; /* of the peers': over a limit of ours */
	uint64_t trimmed;         /* connections closed to make room */
	uint64_t dials, dials_failed, dials_done;
	uint32_t conns_now, peers_now;
	uint32_t conns_in, conns_out, conns_limited, half_open;
	uint32_t peers_out; /* reached by our own choice */
	uint32_t dials_now;
	uint64_t exchange_refused; /* records of peer exchange: of no use */
	uint32_t known_peers, known_addrs, known_records;
	size_t known_bytes;
	size_t memory_now, memory_cap;
	struct gossip_stats gossip;
};
void host_stats(const struct host *h, struct host_stats *out);

/** host_topic(h, topic, out): subscribed peers and mesh of one topic. */
bool host_topic(struct host *h, const char *topic, struct gossip_topic *out);
