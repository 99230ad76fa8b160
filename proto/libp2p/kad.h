/*
 * kad.h: Kademlia, libp2p's table that nobody owns: who is near a key, and
 * who provides it. A service over host.h, client and server in one; the
 * wire of /ipfs/kad/1.0.0 under a protocol id of the application's.
 *
 * How to drive it: offer each host event to kad_event(), poll kad_next()
 * until it is empty, re-arm one timer from kad_expiry(). It opens streams
 * by itself and asks for connections through the book of its configuration.
 *
 * What holds against hostile peers: only who has answered us is in the
 * table, a few of one subnet per bucket and in all; a lookup goes along
 * several paths that share no peer, takes at most 20 contacts of an answer
 * and asks a bounded number; whom it hears of is told to the book when it is
 * asked, not before; a provider is the sender itself; every table has a cap.
 *
 * Not here: values. PUT_VALUE and GET_VALUE are refused (the stream is
 * reset): what we store is judged elsewhere, and a table without a judge is
 * a place for strangers' bytes.
 *
 *   kad_core.c       what joins them
 *   kad_message.h    the bytes
 *   kad_table.h      the routing table
 *   kad_providers.h  who provides what: records of others
 *   kad_query.c      a lookup
 *   kad_request.c    one question to one peer
 *   kad_serve.c      the answers we give
 *
 * Spec: github.com/libp2p/specs, kad-dht; our parameters: SPEC.md.
 */
#pragma once

#include "proto/libp2p/host.h"
#include "proto/libp2p/kad_message.h"

#define KAD_TOPIC_KEY 34 /* bytes of a topic's key: a SHA-256 multihash */

struct kad;

struct kad_params {
	uint32_t k;            /* contacts of a bucket and of an answer */
	uint32_t parallel;     /* questions of one lookup under way */
	uint32_t asked_max;    /* peers that one lookup asks */
	uint32_t request_ms;   /* to connect, ask and be answered */
	uint32_t query_ms;     /* of a whole lookup */
	uint32_t refresh_ms;   /* of the routing table */
	uint32_t idle_ms;      /* a peer's stream without a question */
	uint64_t provider_ms;  /* a provider record lives */
	uint64_t republish_ms; /* our own are told again */
	uint32_t queries_max;  /* lookups at once */
	uint32_t requests_max; /* questions under way, of all lookups */
	uint32_t streams_max;  /* that we answer */
	uint32_t streams_per_peer;
	uint32_t rate;          /* questions a second of one stream */
	uint32_t peers_wanted;  /* with fewer connected, look for providers
				   of what we provide; 0: never */
	uint32_t look_ms;       /* between two such looks; doubles in vain */
	uint32_t table_max;     /* contacts in the table */
	uint32_t group_bucket;  /* of one /24 or /56 in a bucket */
	uint32_t group_table;   /* and in the table */
	uint32_t providers_max; /* records of others, in all */
	uint32_t provider_keys; /* keys that they are about */
	uint32_t per_key;       /* records of one key */
	uint32_t per_peer;      /* keys of one provider */
	bool private_too;       /* the subnet rules hold for private and
				   loopback addresses as well */
};

/** kad_params_default(): k 20, 5 parallel, 10 s, 10 min, 48 h, 22 h, ... */
struct kad_params kad_params_default(void);

/* Where addresses go and connections come from; the host, as a rule. */
struct kad_book {
	void *ctx;
	/* ${teller} says that ${id} is at ${addr} (without /p2p). */
	void (*add)(void *ctx, const struct peer_id *teller,
	    const struct peer_id *id, struct slice addr, uint64_t now_ms);
	/* A connection is wanted; HOST_PEER_UP follows, or nothing. */
	err (*connect)(void *ctx, const struct peer_id *id, uint64_t now_ms);
};

struct kad_config {
	struct host *host;
	const struct env *env;
	struct mem *mem;
	const char *protocol;  /* "/ohcn/NET/kad/1.0.0"; must outlive it */
	size_t protocol_index; /* of it in the host's list */
	struct kad_book book;
	struct kad_params params;
};

/** kad_new(cf, now_ms): a client; NULL: over budget. */
struct kad *kad_new(const struct kad_config *cf, uint64_t now_ms);
void kad_free(struct kad *k);

/**
 * kad_server_set(k, on, now_ms): answer others, or be a client only. Tells
 * the host, so that identify says so; a client's open streams are reset.
 */
void kad_server_set(struct kad *k, bool on, uint64_t now_ms);
bool kad_is_server(const struct kad *k);

/** kad_event(k, ev, now_ms): true: the event was of a stream of ours. */
bool kad_event(struct kad *k, const struct host_event *ev, uint64_t now_ms);

uint64_t kad_expiry(const struct kad *k);
void kad_on_time(struct kad *k, uint64_t now_ms);

/**
 * kad_addrs_set(k, addrs, n): where others reach us: binary, without /p2p;
 * copied as far as they fit into a contact.
 */
void kad_addrs_set(struct kad *k, const struct slice *addrs, size_t n);

enum kad_lookup {
	KAD_CLOSEST,   /* the k closest that answer; key: any bytes */
	KAD_PEER,      /* one peer's addresses; key: its id */
	KAD_PROVIDERS, /* key: a multihash */
};

/**
 * kad_lookup(k, what, key, now_ms, query):
 * Begin; KAD_FOUND and at last KAD_DONE with the number ${query} follow.
 * ERR_FORM: no such key; ERR_LIMIT: too many at once; ERR_NOTFOUND: the
 * table is empty and nobody could be asked.
 */
NODISCARD err kad_lookup(struct kad *k, enum kad_lookup what, struct slice key,
    uint64_t now_ms, uint32_t *query);

/** kad_topic_key(name, out): the key of a topic, for what follows. */
void kad_topic_key(struct slice name, uint8_t out[KAD_TOPIC_KEY]);

/**
 * kad_provide(k, key, now_ms): say that we provide ${key}, now and again, for
 * as long as ${k} lives. A client says nothing while it is one. ERR_FORM;
 * ERR_LIMIT: KAD_PROVIDE_MAX are there. ERR_EXISTS: it is one of ours.
 */
#define KAD_PROVIDE_MAX 16
NODISCARD err kad_provide(struct kad *k, struct slice key, uint64_t now_ms);

enum kad_event_type {
	KAD_FOUND, /* ${contact}: an answer of ${query} */
	KAD_DONE,  /* ${error}: OK; ERR_NOTFOUND; ERR_CLOSED: nobody answered */
};

struct kad_event {
	enum kad_event_type type;
	uint32_t query;
	err error;
	uint32_t asked; /* DONE: peers that were asked */
	struct kad_contact contact;
};

bool kad_next(struct kad *k, struct kad_event *ev);

/* A row of the routing table, for people. */
struct kad_peer_info {
	struct kad_contact contact;
	uint32_t bucket;      /* leading bits shared with us */
	uint64_t answered_ms; /* last */
	uint32_t failures;    /* since then */
};

/** kad_peer_at(k, i, out): the i-th contact; false past the end. */
bool kad_peer_at(const struct kad *k, uint32_t i, struct kad_peer_info *out);

struct kad_stats {
	uint64_t asked, answered, failed; /* questions of ours */
	uint64_t served, refused;         /* questions of others */
	uint64_t lookups, provider_records_in, provider_records_refused;
	uint64_t contacts_refused; /* by the subnet rules */
	uint32_t table_now, queries_now, requests_now, streams_now;
	uint32_t providers_now;
};
void kad_stats(const struct kad *k, struct kad_stats *out);
