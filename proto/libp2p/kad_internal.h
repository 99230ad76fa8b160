/*
 * kad_internal.h: what the files of Kademlia share; nobody else includes it.
 */
#pragma once

#include "proto/base/env.h"
#include "proto/libp2p/kad.h"
#include "proto/libp2p/kad_providers.h"
#include "proto/libp2p/kad_table.h"

#define KAD_PATHS     3  /* of a lookup; they share no peer */
#define KAD_PATH_MAX  32 /* candidates of one */
#define KAD_FOUND_MAX 20 /* results of a lookup */

/* ---- a question to one peer ---- */

enum kad_why {
	KAD_FOR_LOOKUP,
	KAD_FOR_PROBE,   /* does it answer? then it may enter the table */
	KAD_FOR_PROVIDE, /* ADD_PROVIDER: nobody answers */
};

enum kad_request_state {
	REQUEST_FREE,
	REQUEST_CONNECTING,
	REQUEST_ASKED,
	REQUEST_LINGERS, /* all is said; the peer has to close its side */
};

struct kad_request {
	enum kad_request_state state;
	enum kad_why why;
	uint32_t query;
	struct peer_id peer;
	struct host_stream stream;
	uint64_t deadline_ms;
	uint32_t type;
	uint8_t key_n;
	uint8_t key[KAD_KEY_MAX];
};

/* ---- a lookup ---- */

enum kad_candidate_state { HEARD, ASKED, ANSWERED, FAILED };

struct kad_candidate {
	struct kad_point point;
	struct peer_id teller; /* n == 0: our own table */
	enum kad_candidate_state state;
	struct kad_contact contact;
};

/* What is done with what it finds. */
enum kad_purpose {
	KAD_FOR_CALLER,
	KAD_FOR_REFRESH,
	KAD_TO_PROVIDE,
	KAD_TO_CONNECT,
};

struct kad_path {
	uint32_t n;
	struct kad_candidate *c[KAD_PATH_MAX]; /* nearest first */
};

struct kad_query {
	uint32_t id;
	enum kad_lookup what;
	enum kad_purpose purpose;
	bool done;
	err error;
	uint8_t key_n;
	uint8_t key[KAD_KEY_MAX];
	struct kad_point target;
	uint64_t deadline_ms;
	uint64_t retry_ms; /* UINT64_MAX: not waiting for a place */
	uint32_t asked, pending, answered;
	uint32_t turn; /* path that asks next */
	struct kad_path paths[KAD_PATHS];
	uint32_t found_n, told; /* results, and how many were polled */
	struct kad_contact found[KAD_FOUND_MAX];
	struct peer_id found_teller[KAD_FOUND_MAX];
};

/* ---- a stream that we answer ---- */

struct kad_served {
	bool used;
	struct host_stream stream;
	struct peer_id peer;
	uint64_t last_ms;
	uint64_t second_ms; /* when the count began */
	uint32_t count;     /* questions since then */
	bool waiting;       /* for the next second */
	uint8_t *out;       /* the rest of an answer; NULL: none */
	uint32_t out_n, out_at;
};

/* A key of ours. */
struct kad_own {
	uint8_t key_n; /* 0: a free place */
	uint8_t key[KAD_MULTIHASH_MAX];
	uint64_t next_ms;
	uint64_t pause_ms; /* before it is told again; grows */
};

struct kad {
	struct host *host;
	const struct env *env;
	struct mem *mem;
	const char *protocol;
	size_t protocol_index;
	struct kad_book book;
	struct kad_params params;
	bool server;
	struct kad_contact self;
	struct kad_table table;
	struct kad_providers providers;
	struct kad_own own[KAD_PROVIDE_MAX];
	struct kad_request *requests; /* requests_max */
	struct kad_query **queries;   /* queries_max */
	struct kad_served *served;    /* streams_max */
	uint32_t next_query;
	uint64_t refresh_ms; /* the next one */
	uint64_t expire_ms;
	uint64_t look_ms, look_pause_ms;
	uint32_t look_turn;
	struct kad_stats stats;
	/* Scratch: never in use over a call. */
	struct kad_message in, out;
	uint8_t in_key[KAD_KEY_MAX];
	uint8_t bytes[KAD_MESSAGE_MAX + 16];
};

/* kad_core.c */

/**
 * kad_contact_of(k, id, for_remote, out): what we tell of a connected peer,
 * or of ourselves, to one who talks to us from ${for_remote} (empty: all);
 * false: it is neither.
 */
bool kad_contact_of(struct kad *k, const struct peer_id *id,
    struct slice for_remote, struct kad_contact *out);

/** kad_contact_for(in, remote, out): addresses that carry so far. */
void kad_contact_for(
    const struct kad_contact *in, struct slice remote, struct kad_contact *out);

/** kad_remote(k, id, out): where a connected peer talks from; copied. */
struct slice kad_remote(
    struct kad *k, const struct peer_id *id, uint8_t out[MULTIADDR_MAX]);

/** kad_own_find(k, key): one of ours, or NULL. */
struct kad_own *kad_own_find(struct kad *k, struct slice key);

/* kad_request.c */

/**
 * kad_ask(k, peer, why, query, type, key, now_ms): false: not now, or it
 * cannot be reached; nothing follows. True: kad_query_answer() or
 * kad_query_failed() follows for a lookup's.
 */
bool kad_ask(struct kad *k, const struct peer_id *peer, enum kad_why why,
    uint32_t query, enum kad_type type, struct slice key, uint64_t now_ms);

/** kad_probe(k, peer, now_ms): unless it is known, or has no place. */
void kad_probe(struct kad *k, const struct peer_id *peer, uint64_t now_ms);

bool kad_request_event(
    struct kad *k, const struct host_event *ev, uint64_t now_ms);
void kad_requests_up(
    struct kad *k, const struct peer_id *peer, uint64_t now_ms);
/** kad_requests_gone(): ${conn} is closed, or with 0 the peer unreachable. */
void kad_requests_gone(
    struct kad *k, host_conn conn, const struct peer_id *peer, uint64_t now_ms);
void kad_requests_time(struct kad *k, uint64_t now_ms);
uint64_t kad_requests_expiry(const struct kad *k);
void kad_requests_free(struct kad *k);

/* kad_query.c */

err kad_query_new(struct kad *k, enum kad_purpose purpose, enum kad_lookup what,
    struct slice key, uint64_t now_ms, uint32_t *id);
void kad_query_answer(struct kad *k, uint32_t id, const struct peer_id *peer,
    const struct kad_message *m, uint64_t now_ms);
void kad_query_failed(
    struct kad *k, uint32_t id, const struct peer_id *peer, uint64_t now_ms);
void kad_queries_time(struct kad *k, uint64_t now_ms);
uint64_t kad_queries_expiry(const struct kad *k);
bool kad_queries_next(struct kad *k, struct kad_event *ev);
void kad_queries_free(struct kad *k);

/* kad_serve.c */

bool kad_serve_event(
    struct kad *k, const struct host_event *ev, uint64_t now_ms);
/** kad_serve_gone(): of a closed connection, or of a peer with conn 0. */
void kad_serve_gone(struct kad *k, host_conn conn, const struct peer_id *peer);
void kad_serve_time(struct kad *k, uint64_t now_ms);
uint64_t kad_serve_expiry(const struct kad *k);
void kad_serve_free(struct kad *k);
