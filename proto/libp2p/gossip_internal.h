/*
 * gossip_internal.h: what the files of the router share; nobody else
 * includes it.
 *
 *   gossip_router.c   life and death, topics, publishing, verdicts
 *   gossip_recv.c     what a peer's RPC does
 *   gossip_send.c     the queues towards peers
 *   gossip_mesh.c     the heartbeat: mesh, fanout, IHAVE
 *   gossip_id.c       the message id
 *   gossip_message.c  bodies: waiting, cached; ids seen
 *
 * Topic names and message ids become 64-bit SipHash keys under a secret of
 * this router; so a peer's topics cost 8 bytes each, whatever it calls them,
 * and no two can be made to collide.
 */
#pragma once

#include "proto/libp2p/gossip_table.h"
#include "proto/libp2p/gossipsub.h"

#define GOSSIP_NONE    UINT32_MAX
#define GOSSIP_TOPICS  64    /* bits of a mask */
#define GOSSIP_SOURCES 16    /* who else sent a message, remembered */
#define GOSSIP_FRAME   65536 /* bytes of a frame that we compose */
#define GOSSIP_ASKED   3     /* peers asked for one id at a time */

/* One body. Held by: waiting or the cache (once), and queues to peers. */
struct gossip_body {
	struct gossip_body *prev, *next; /* in the waiting list or the cache */
	uint64_t key;                    /* of the id; the public handle */
	uint64_t topic;                  /* key of the topic */
	uint32_t refs;
	uint32_t window; /* heartbeat at which it was cached */
	uint32_t frame_n, data_at, data_n;
	uint16_t topic_n;
	bool waiting;   /* for its verdict */
	bool delivered; /* by gossip_next() */
	bool cached;
	uint8_t sources_n;
	uint32_t sources[GOSSIP_SOURCES]; /* peers by number */
	struct peer_id from;
	uint8_t id[GOSSIP_ID];
	uint8_t bytes[]; /* the frame, then the topic and a zero */
};

struct gossip_list {
	struct gossip_body *head, *tail;
	uint32_t n;
	size_t bytes;
};

/* A topic that we are in, or publish to. */
struct gossip_slot_topic {
	uint64_t key; /* 0: the slot is free */
	bool subscribed;
	uint16_t name_n;
	char name[GOSSIP_TOPIC_MAX + 1];
	uint64_t published_ms; /* last time; for the fanout's end */
	uint32_t *members;     /* mesh, or fanout while not subscribed */
	uint32_t members_n;
};

struct gossip_peer {
	struct peer_id id;
	bool outbound, v12;
	bool ready; /* in the list for gossip_next_output() */
	uint32_t ready_next;
	uint32_t number;
	uint64_t salt;   /* random: what is remembered of this session */
	uint64_t id_key; /* of the peer id: what outlives a session */
	uint64_t topics; /* bit per slot: it wants the topic */
	uint64_t meshes; /* bit per slot: it is a member */
	uint64_t greet;  /* bit per slot: tell it the history */
	uint64_t *wants; /* keys of all its topics */
	uint16_t wants_n, wants_cap;
	struct queue in;       /* a cut RPC */
	struct queue control;  /* frames to send before messages */
	struct queue messages; /* pointers to bodies */
	size_t messages_bytes;
	uint32_t sent; /* bytes of the first body already sent */
	/* Since the last heartbeat. */
	uint32_t ihaves, ihave_ids, iwant_ids, idontwant_ids;
};

struct gossip {
	struct gossip_params p;
	const struct env *env;
	struct mem *mem;
	struct mem in_mem; /* of ${mem}: the cut RPCs of all peers */
	uint8_t secret[16];
	struct gossip_peer **peers;       /* by number */
	uint32_t peers_top;               /* numbers in use are below */
	uint32_t *pick;                   /* scratch: peers_max numbers */
	struct gossip_slot_topic *topics; /* topics_max of them */
	uint32_t members_max;
	uint32_t ready_head, ready_tail;
	struct gossip_table bodies; /* key -> struct gossip_body * */
	struct gossip_list waiting, cache;
	struct gossip_body *undelivered; /* first of waiting not handed out */
	struct gossip_table seen, seen_old;         /* two generations of ids */
	struct gossip_table unwanted, unwanted_old; /* IDONTWANT of peers */
	struct gossip_table served, served_old;     /* IWANT per id and peer */
	struct gossip_table asked;   /* id -> deadline and peer */
	struct gossip_table backoff; /* topic and peer -> until */
	uint64_t seen_turn_ms;
	uint64_t heartbeat_ms; /* the next one */
	uint32_t beat;         /* heartbeats so far */
	struct gossip_stats stats;
};

static inline struct slice
topic_name(const struct gossip_slot_topic *t)
{
	return slice_of(t->name, t->name_n);
}

/* gossip_router.c */
uint64_t gossip_topic_key(const struct gossip *g, struct slice topic);
struct gossip_slot_topic *gossip_topic_find(
    const struct gossip *g, uint64_t key);
static inline uint64_t
gossip_topic_bit(const struct gossip *g, const struct gossip_slot_topic *t)
{
	return (uint64_t)1 << (t - g->topics);
}
void gossip_topic_drop(struct gossip *g, struct gossip_slot_topic *t);
bool gossip_wants(const struct gossip_peer *p, uint64_t key);

/* gossip_id.c */
void gossip_id(uint8_t id[GOSSIP_ID], struct slice data);

/* gossip_message.c */
uint64_t gossip_id_key(const struct gossip *g, const uint8_t id[GOSSIP_ID]);
bool gossip_seen(const struct gossip *g, uint64_t key);
void gossip_seen_add(struct gossip *g, uint64_t key);
void gossip_seen_del(struct gossip *g, uint64_t key);
struct gossip_body *gossip_body_find(const struct gossip *g, uint64_t key);
struct gossip_body *gossip_body_new(struct gossip *g, struct slice topic,
    struct slice data, const uint8_t id[GOSSIP_ID], uint64_t key);
void gossip_body_release(struct gossip *g, struct gossip_body *b);
void gossip_body_source(struct gossip_body *b, uint32_t peer);
bool gossip_body_has_source(const struct gossip_body *b, uint32_t peer);
NODISCARD err gossip_wait(struct gossip *g, struct gossip_body *b);
void gossip_unwait(struct gossip *g, struct gossip_body *b);
NODISCARD err gossip_cache_add(struct gossip *g, struct gossip_body *b);
void gossip_cache_shift(struct gossip *g);
void gossip_messages_fini(struct gossip *g);
void gossip_sources_forget(struct gossip *g, uint32_t peer);

/* Two generations of a set: put, test, and let the older one go. */
NODISCARD err gossip_gen_put(struct gossip_table *now, struct gossip_table *old,
    uint64_t key, uint64_t value);
void gossip_gen_turn(struct gossip_table *now, struct gossip_table *old);

/* gossip_send.c */
void gossip_ready(struct gossip *g, struct gossip_peer *p);
void gossip_unready(struct gossip *g, struct gossip_peer *p);
bool gossip_queue_body(
    struct gossip *g, struct gossip_peer *p, struct gossip_body *b);
void gossip_queue_drop(struct gossip *g, struct gossip_peer *p);
bool gossip_is_unwanted(
    const struct gossip *g, const struct gossip_peer *p, uint64_t key);
NODISCARD err gossip_say_hello(struct gossip *g, struct gossip_peer *p);
void gossip_say_subscription(struct gossip *g, struct gossip_peer *p,
    const struct gossip_slot_topic *t, bool subscribe);
void gossip_say_graft(
    struct gossip *g, struct gossip_peer *p, const struct gossip_slot_topic *t);
void gossip_say_prune(struct gossip *g, struct gossip_peer *p,
    struct slice topic, uint64_t backoff_ms);
struct rpc_ids;
void gossip_say_ids(
    struct gossip *g, struct gossip_peer *p, const struct rpc_ids *ids);

/* gossip_recv.c */
void gossip_asked_forget(struct gossip *g, uint32_t peer);
void gossip_asked_expire(struct gossip *g, uint64_t now_ms);

/* gossip_mesh.c */
bool gossip_member_add(
    struct gossip *g, struct gossip_slot_topic *t, struct gossip_peer *p);
void gossip_member_del(
    struct gossip *g, struct gossip_slot_topic *t, struct gossip_peer *p);
bool gossip_in_backoff(const struct gossip *g, uint64_t topic,
    const struct gossip_peer *p, uint64_t now_ms);
void gossip_backoff_set(struct gossip *g, uint64_t topic,
    const struct gossip_peer *p, uint64_t until_ms);
void gossip_fill(struct gossip *g, struct gossip_slot_topic *t, uint32_t to,
    bool outbound_only, uint64_t now_ms);
uint32_t gossip_pick_others(
    struct gossip *g, const struct gossip_slot_topic *t, bool members_too);
void gossip_shuffle(struct gossip *g, uint32_t n, uint32_t want);
