/*
 * host_internal.h: what the files of the host share; nobody else includes
 * it.
 *
 *   host_core.c     connections, limits, events, time
 *   host_peer.c     peers: what is known of them, several connections each
 *   host_dial.c     whom to dial, and where
 *   host_manage.c   how many from where, who is trimmed, waking up
 *   host_record.c   signed peer records, ours and those of others
 *   host_service.c  identify, push, ping: the streams that we answer
 *   host_gossip.c   the two streams that join a peer to the router
 *   host_stream.c   the application's streams
 */
#pragma once

#include "proto/libp2p/gossip_table.h"
#include "proto/libp2p/host.h"
#include "proto/libp2p/identify.h"
#include "proto/libp2p/noise.h"
#include "proto/libp2p/ping.h"

#define HOST_TEXT_MAX     128 /* bytes kept of an agent's name */
#define HOST_SERVICES_MAX 12  /* streams of ours on one connection */
#define HOST_ADDR_MAX     256 /* bytes of one address that we keep */
#define HOST_OBSERVED_MAX 64  /* bytes of an observed one that we keep */
#define HOST_DIRECT_MAX   32  /* host_direct_add() */
#define HOST_ASKED_MAX    64  /* host_connect() that wait */

/* The protocols that the host answers itself; the application's follow. */
enum {
	SERVE_IDENTIFY,
	SERVE_PUSH,
	SERVE_PING,
	SERVE_GOSSIP_12,
	SERVE_GOSSIP_11,
	SERVE_N,
};

/* An event that waits; within what it is about, so that none gets lost. */
struct host_note {
	struct host_note *prev, *next;
	bool queued;
	bool heap; /* of the application's streams: counted and freed */
	enum host_event_type type;
	host_conn conn;
	uint32_t stream;
	uint32_t value; /* protocol or rtt */
	struct host_peer *peer;
};

enum service_kind {
	SERVICE_IDENTIFY, /* we ask */
	SERVICE_ANSWER,   /* we told, by identify or push: only to be closed */
	SERVICE_PUSHED,   /* the peer pushes */
	SERVICE_ECHO,
	SERVICE_PING,
	SERVICE_GOSSIP_IN,
	SERVICE_GOSSIP_OUT,
};

/* A stream that the host itself reads or writes. */
struct host_service {
	struct host_service *next;
	enum service_kind kind;
	uint32_t stream;
	/* Then reset, or for GOSSIP_OUT the connection; UINT64_MAX: lives
	 * on. */
	uint64_t deadline_ms;
	bool fresh_addrs, fresh_protocols; /* lists of it came already */
	union {
		struct identify_reader *reader;
		struct ping *ping;
	} u;
};

/* A stream of the application's that the peer has opened. */
struct host_app {
	struct host_app *next;
	uint32_t stream;
	uint32_t protocol;
};

struct host_link {
	struct host *h;
	host_conn id;
	uint32_t slot;
	struct conn *c;
	struct host_peer *peer;    /* NULL before it is secured */
	struct host_link *sibling; /* the peer's next younger connection */
	struct host_service *services;
	uint32_t services_n;
	struct host_app *apps;
	bool dialer;
	bool limited;  /* through a relay with limits */
	bool feeler;   /* dialled only to see who is there */
	bool once;     /* by host_connect_once(): others have named it */
	uint32_t dial; /* whose attempt it is, until it is secured */
	bool closing;  /* HOST_CLOSE is said */
	bool timed_out;
	bool stalled; /* events wait for room among ours */
	bool out_queued;
	uint32_t stream_faults; /* of conn_stream_faults() that are counted */
	host_conn out_next;
	struct host_note close;
	const char *why;
	err error;
	uint64_t since_ms;
	uint16_t remote_n;
	uint8_t remote[];
};

struct host_peer {
	struct peer_id id;
	uint64_t key;
	uint32_t number;         /* index into h->peers, and the router's */
	struct host_link *links; /* oldest first */
	uint32_t links_n;
	bool identified;
	bool partly;   /* over a limited connection: what it speaks there */
	uint32_t said; /* h->says when identify went to it; 0: not yet */
	bool gone;     /* only its last note is left */
	struct host_note up, down, told, pinged;
	bool pinging;
	uint32_t tells; /* HOST_IDENTIFIED since ${tells_ms} */
	uint64_t tells_ms;
	/* What identify said. */
	uint64_t *speaks; /* keys of protocols */
	uint16_t speaks_n;
	uint32_t protects; /* host_peer_protect() */
	uint8_t observed_n;
	uint8_t observed[HOST_OBSERVED_MAX]; /* where it sees us */
	uint16_t addrs_size;
	uint8_t *addrs; /* length u16be, bytes, and so on */
	char *agent;    /* NULL: "" */
	/* Gossip. */
	bool gossip_up; /* the router knows it */
	bool refused_12, refused_11;
	uint8_t gossip_tries;
	bool has_left;
	uint8_t left; /* a byte taken from the router and not yet written */
	struct host_link *out_link, *in_link;
	uint32_t out_stream, in_stream;
};

/* The addresses of one peer are tried one after the other. */
struct host_round {
	struct known_peer *peer; /* NULL: free */
	uint64_t next_ms;        /* then one more address, beside the others */
	bool feeler, once;
};

/* One address that is being dialled. */
struct host_attempt {
	uint32_t number; /* 0: free */
	struct host_round *round;
	struct known_addr *addr;
	host_conn conn; /* once the socket stands */
};

struct host_dials {
	struct host_round rounds[HOST_DIALS_MAX];
	struct host_attempt attempts[HOST_DIALS_MAX];
	uint32_t attempts_n;
	uint32_t number; /* last given */
	bool due;        /* there may be something to dial */
	bool held;       /* nobody but who is asked for */
	uint64_t at_ms;  /* when there may be again */
	uint64_t feeler_ms, sweep_ms;
	/* host_connect() that came to nothing, to be told. */
	struct peer_id unreachable[HOST_ASKED_MAX];
	uint32_t unreachable_n, asked_n;
	/* Explicit peers of gossip: dialled again whenever they are gone. */
	struct peer_id direct[HOST_DIRECT_MAX];
	uint32_t direct_n;
};

struct host {
	const struct env *env;
	struct mem mem;
	uint8_t secret[64];
	uint8_t psk[32]; /* zero when there is none */
	uint8_t table_key[16];
	struct peer_id self;
	uint8_t public_key[64];
	size_t public_key_n;
	char agent[HOST_TEXT_MAX + 1];
	char protocol_version[HOST_TEXT_MAX + 1];
	const char **protocols; /* ours, then the application's */
	size_t protocols_n;
	/* What connections answer: "" where one is off, or not for the kind. */
	const char **answered, **answered_limited;
	uint8_t flags[HOST_PROTOCOLS_MAX]; /* of the application's */
	struct host_limits limits;
	struct conn_config conn, conn_limited;
	struct noise_static noise;
	struct peer_store *known;
	struct host_dials dials;
	uint8_t listen[HOST_ADDRS_MAX][HOST_ADDR_MAX];
	uint16_t listen_n[HOST_ADDRS_MAX];
	uint32_t listens;
	uint8_t record[PEER_RECORD_MAX]; /* of ours, signed */
	size_t record_n;
	uint64_t record_seq;
	struct gossip *gossip;
	bool gossip_stalled; /* a peer's bytes wait for verdicts */
	uint32_t gossip_turn;
	struct host_link **links; /* conns_max */
	uint32_t links_top;
	struct gossip_table ids;  /* connection id -> slot */
	struct host_peer **peers; /* conns_max */
	uint32_t peers_top;
	struct gossip_table peer_ids; /* key of the id -> number */
	uint32_t says;                /* changes of what identify says, and 1 */
	host_conn next_id;
	struct host_note *notes_head, *notes_tail;
	uint32_t heap_notes;
	struct host_note *spare; /* so that an event taken can be kept */
	host_conn out_head, out_tail;
	bool any_stalled;
	uint64_t handshakes, handshakes_ms; /* thousandths left */
	uint64_t manage_ms; /* when to look for connections to trim */
	uint64_t expiry_ms; /* not later than the true one */
	struct host_stats stats;
	struct host_left left[HOST_LEFT_MAX]; /* a ring */
	uint64_t left_n;                      /* ever */
	const char *visitors;                 /* "": none */
	bool visitors_alone;
	struct host_exchange *exchanges; /* NULL: nobody asks */
	uint32_t exchanges_n;
};

/* host_explain.c */
void host_left_note(struct host *h, const struct host_link *last,
    const struct peer_id *id, uint64_t now_ms);

/* host_core.c */
struct host_link *host_link_find(const struct host *h, host_conn id);
void host_touch(struct host_link *l);
void host_drain(struct host_link *l, uint64_t now_ms);
void host_fail(struct host_link *l, err e, const char *why, uint64_t now_ms);
void host_stream_fault(struct host_link *l, const char *why);
void host_note_put(struct host *h, struct host_note *n);
void host_note_drop(struct host *h, struct host_note *n);
void host_wake_at(struct host *h, uint64_t at_ms);
bool host_runs_limited(const struct host *h, size_t protocol);

/* host_peer.c */
err host_peer_join(struct host_link *l, const struct peer_id *id);
void host_peer_leave(struct host_link *l, uint64_t now_ms);
void host_peer_free(struct host *h, struct host_peer *p);
struct host_peer *host_peer_lookup(
    const struct host *h, const struct peer_id *id);
bool host_peer_says(
    const struct host *h, const struct host_peer *p, const char *protocol);
uint64_t host_key(const struct host *h, struct slice s);
void host_peer_learn(struct host *h, struct host_peer *p,
    const struct identify *m, bool fresh_addrs, bool fresh_protocols);

struct host_link *host_peer_link(const struct host_peer *p);
/** host_once_count(h): connections by host_connect_once(). */
uint32_t host_once_count(const struct host *h);
bool host_peer_is_ours(const struct host_peer *p);
void host_peer_fill(const struct host *h, const struct host_peer *p,
    struct host_peer_info *out);

/* host_dial.c */
void host_dials_init(struct host *h, uint64_t now_ms);
err host_dial_taken(struct host *h, uint32_t number, struct peer_id *expect,
    const struct host_round **round);
void host_dial_stands(struct host *h, uint32_t number, host_conn conn);
void host_dial_refused(struct host *h, uint32_t number, uint64_t now_ms);
void host_dial_lost(struct host_link *l, err e, uint64_t now_ms);
void host_dial_secured(
    struct host_link *l, const struct peer_id *id, uint64_t now_ms);
void host_dial_peer_down(
    struct host *h, const struct peer_id *id, uint64_t now_ms);
void host_dials_time(struct host *h, uint64_t now_ms);
void host_dials_learn(struct host_link *l, struct slice addr, uint64_t now_ms);

void host_dials_resume(struct host *h, uint64_t now_ms);
bool host_is_direct(const struct host *h, const struct peer_id *id);
err host_dials_direct(struct host *h, const struct peer_id *id, bool on);

/* host_record.c */
void host_own_record(struct host *h);

/* host_manage.c */
bool host_may_open(struct host *h, const struct host_conn_config *cf,
    uint64_t now_ms, uint32_t *slot);
void host_manage_time(struct host *h, uint64_t now_ms);
err host_app_opened(struct host_link *l, uint32_t stream, size_t protocol);
void host_app_closed(struct host_link *l, uint32_t stream);
void host_apps_free(struct host_link *l);

/* host_service.c */
void host_identify_push(struct host *h, uint64_t now_ms);
void host_serve(
    struct host_link *l, uint32_t stream, size_t protocol, uint64_t now_ms);
bool host_service_event(
    struct host_link *l, const struct conn_event *ev, uint64_t now_ms);
void host_services_time(struct host_link *l, uint64_t now_ms);
uint64_t host_services_expiry(const struct host_link *l);
void host_services_free(struct host_link *l);
void host_identify_ask(struct host_link *l, uint64_t now_ms);
struct host_service *host_service_add(struct host_link *l,
    enum service_kind kind, uint32_t stream, uint64_t deadline_ms);
struct host_service *host_service_find(struct host_link *l, uint32_t stream);
void host_service_del(struct host_link *l, struct host_service *s);
void host_service_reset(struct host_link *l, struct host_service *s);

/* host_gossip.c */
void host_gossip_open(struct host *h, struct host_peer *p, uint64_t now_ms);
void host_gossip_inbound(struct host_link *l, uint32_t stream, uint64_t now_ms);
void host_gossip_pull(struct host *h, struct host_peer *p, uint64_t now_ms);
void host_gossip_push(struct host *h, struct host_peer *p, uint64_t now_ms);
void host_gossip_flush(struct host *h, uint64_t now_ms);
void host_gossip_lost(
    struct host_link *l, struct host_service *s, bool refused, uint64_t now_ms);
void host_gossip_down(struct host *h, struct host_peer *p);
void host_gossip_visitor(struct host *h, const struct host_peer *p);
void host_gossip_init(struct host *h);
void host_gossip_attend(struct host *h, uint64_t now_ms);
int32_t host_gossip_score(const struct host *h, const struct host_peer *p);
