/*
 * gossip_internal.h: what the files of the router share; nobody else
 * includes it.
 *
 *   gossip_router.c   life and death, topics, subscriptions
 *   gossip_spread.c   who gets a body, who its id: publishing, verdicts
 *   gossip_recv.c     a peer's frames: subscriptions and messages
 *   gossip_control.c  GRAFT, PRUNE, IWANT, IDONTWANT; peer exchange
 *   gossip_pull.c     IHAVE, and the bodies that we ask for
 *   gossip_send.c     the queues towards peers
 *   gossip_mesh.c     the heartbeat: mesh, fanout, IHAVE
 *   gossip_score.c    what peers did, P1 to P7
 *   gossip_id.c       the message id
 *   gossip_message.c  bodies: waiting, cached; ids seen
 *   gossip_explain.c  why things are as they are
 *
 * Topic names and message ids become 64-bit SipHash keys under a secret of
 * this router; so a peer's topics cost 8 bytes each, whatever it calls them,
 * and no two can be made to collide.
 */
#pragma once

#include "proto/libp2p/gossip_table.h"
#include "proto/libp2p/gossipsub.h"

#define GOSSIP_NONE    UINT32_MAX
#define GOSSIP_TOPICS  64 /* bits of a mask */
#define GOSSIP_SOURCES 16 /* who else sent a message, remembered */
/* Bytes of a control frame that we compose: rust-libp2p ends the stream of who
 * sends it one of more than 16 KiB. */
#define GOSSIP_FRAME      16384
#define GOSSIP_ASKED      8    /* peers remembered that announced an id */
#define GOSSIP_NEWS_MAX   256  /* ids that wait for one peer's IHAVE */
#define GOSSIP_RECORD_MAX 4096 /* bytes of a signed peer record */

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
	bool ours;
	uint8_t sources_n;
	uint32_t first; /* the peer that it came from first; NONE: it left */
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
	bool own_score;        /* ${score} is in force */
	struct gossip_topic_score score;
	uint64_t first, duplicates; /* bodies */
	/* When a stranger was last let into a full mesh, and after how many
	 * messages. */
	uint64_t tried_ms, tried_at;
	uint32_t *members; /* mesh, or fanout while not subscribed */
	uint32_t members_n;
};

/* What a peer did in one topic; counters in millionths. */
struct gossip_deeds {
	uint64_t topic;    /* key */
	uint64_t since_ms; /* in our mesh; 0: it is not */
	uint64_t first, mesh, failure, invalid;
	/* How many messages the topic had when it last brought one, or came
	 * into the mesh; and has it brought any? */
	uint64_t brought_at;
	bool brought;
	uint8_t silences; /* in a row for which it lost its place */
};

/* What is known of a peer id, and kept when it left and that is bad. */
struct gossip_record {
	struct gossip_deeds *deeds;
	uint16_t deeds_n, deeds_cap;
	uint64_t breaches, slow; /* millionths */
	uint64_t forget_ms;      /* of who left */
	int64_t score;           /* of who left */
};

struct gossip_peer {
	struct peer_id id;
	bool outbound, v12;
	bool direct;    /* explicit */
	bool visitor;   /* see gossip_visitor() */
	bool names;     /* it may be told of others */
	bool ready;     /* in the list for gossip_next_output() */
	uint8_t missed; /* questions that it did not answer in time */
	uint32_t ready_next;
	uint32_t number;
	uint64_t salt;   /* random: what is remembered of this session */
	uint64_t id_key; /* of the peer id: what outlives a session */
	uint64_t topics; /* bit per slot: it wants the topic */
	uint64_t meshes; /* bit per slot: it is a member */
	uint64_t greet;  /* bit per slot: tell it the history */
	uint64_t owed;   /* bit per slot: it lacks our subscription's state */
	uint64_t lazy;   /* bit per slot: ids instead of bodies */
	uint8_t credit[GOSSIP_TOPICS]; /* per slot: 0 makes it lazy */
	uint64_t *wants;               /* keys of all its topics */
	uint16_t wants_n, wants_cap;
	struct queue in;       /* a cut RPC */
	struct queue control;  /* frames to send before messages */
	struct queue messages; /* pointers to bodies */
	struct queue announce; /* struct gossip_news: ids that it is told */
	uint64_t announce_ms;  /* not before this */
	size_t messages_bytes;
	uint32_t sent; /* bytes of the first body already sent */
	uint32_t pending;
	uint64_t ip[GOSSIP_IP_GROUPS]; /* keys of its groups; 0: none */
	struct gossip_record record;
	int64_t score;
	struct gossip_peer_counts counts;
	uint32_t broken; /* promises, since they were last added up */
	/* Since the last heartbeat. */
	uint32_t ihaves, ihave_ids, iwant_ids, idontwant_ids, announces;
};

/* An id that waits for the next IHAVE to a peer. */
struct gossip_news {
	uint64_t topic; /* key */
	uint8_t id[GOSSIP_ID];
};

struct gossip_direct {
	struct peer_id id;
	uint64_t key;
	uint64_t dial_ms;
};

/* An id that peers have and we lack: gossip_pull.c. */
struct gossip_pull {
	struct gossip_pull *prev, *next;
	uint64_t key, due_ms;
	uint8_t id[GOSSIP_ID];
	uint8_t stage;
	uint8_t asked_n, peers_n; /* the first asked_n are asked */
	uint8_t rounds;
	uint16_t peers[GOSSIP_ASKED];
};

/* All of a stage wait equally long: the oldest is due first. */
enum {
	PULL_WAIT,   /* for the body to come by itself */
	PULL_RETRY,  /* for an answer; then others are asked */
	PULL_GIVEUP, /* nobody is left to ask */
	PULL_STAGES
};

struct gossip_pulls {
	struct gossip_table by_key;
	struct gossip_pull *head[PULL_STAGES], *tail[PULL_STAGES];
};

/* A received peer record. */
struct gossip_told {
	struct gossip_told *next;
	struct peer_id from, id;
	uint32_t n;
	uint8_t record[];
};

struct gossip {
	struct gossip_params p;
	const struct env *env;
	struct mem *mem;
	struct mem in_mem; /* of ${mem}: the cut RPCs of all peers */
	uint8_t secret[16];
	uint64_t now_ms;                  /* the latest that we were told */
	struct gossip_peer **peers;       /* by number */
	uint32_t peers_top;               /* numbers in use are below */
	uint32_t *pick;                   /* scratch: peers_max numbers */
	struct gossip_slot_topic *topics; /* topics_max of them */
	uint32_t members_max;
	uint32_t ready_head, ready_tail;
	struct gossip_table bodies; /* key -> struct gossip_body * */
	struct gossip_list waiting, cache;
	struct gossip_body *undelivered; /* first of waiting not handed out */
	struct gossip_table seen, seen_old; /* ids; what became of them */
	struct gossip_table unwanted, unwanted_old; /* IDONTWANT of peers */
	struct gossip_table pushed, pushed_old;     /* bodies to mesh members */
	struct gossip_table served, served_old;     /* IWANT per id and peer */
	struct gossip_table backoff; /* topic and peer -> until */
	struct gossip_pulls pulls;
	uint64_t announce_ms; /* the first that waits; UINT64_MAX: none */
	struct gossip_table retained;  /* id -> struct gossip_record * */
	struct gossip_table applied;   /* id -> P5 */
	struct gossip_table ip_counts; /* group -> peers */
	uint64_t decay_ms;
	struct gossip_direct *direct; /* direct_max */
	uint32_t direct_n;
	struct slice (*record)(void *ctx, const struct peer_id *id);
	void *record_ctx;
	struct gossip_told *told_head, *told_tail, *told_out;
	uint32_t told_n;
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

static inline void
gossip_clock(struct gossip *g, uint64_t now_ms)
{
	g->now_ms = MAX(g->now_ms, now_ms);
}

/* gossip_router.c */
uint64_t gossip_topic_key(const struct gossip *g, struct slice topic);
uint64_t gossip_peer_key(const struct gossip *g, const struct peer_id *id);
struct gossip_slot_topic *gossip_topic_find(
    const struct gossip *g, uint64_t key);
static inline uint64_t
gossip_topic_bit(const struct gossip *g, const struct gossip_slot_topic *t)
{
	return (uint64_t)1 << (t - g->topics);
}
NODISCARD err gossip_topic_new(
    struct gossip *g, struct slice name, struct gossip_slot_topic **out);
NODISCARD err gossip_topic_check(const char *topic, struct slice *name);
void gossip_topic_drop(struct gossip *g, struct gossip_slot_topic *t);
bool gossip_wants(const struct gossip_peer *p, uint64_t key);

/* gossip_spread.c */
bool gossip_is_lazy(const struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_peer *p);
void gossip_make_eager(struct gossip *g, const struct gossip_slot_topic *t,
    struct gossip_peer *p, bool asked);
void gossip_was_late(
    struct gossip *g, struct gossip_peer *p, const struct gossip_body *b);
void gossip_announce_due(struct gossip *g);

/* gossip_id.c */
void gossip_id(uint8_t id[GOSSIP_ID], struct slice data);

/* gossip_message.c */
uint64_t gossip_id_key(const struct gossip *g, const uint8_t id[GOSSIP_ID]);

/* What became of a message, with its id among those seen. */
enum gossip_fate { FATE_OPEN, FATE_ACCEPTED, FATE_REJECTED, FATE_IGNORED };
/** gossip_seen(): false: never; ${fate} and its time may be NULL. */
bool gossip_seen(const struct gossip *g, uint64_t key, enum gossip_fate *fate,
    uint64_t *at_ms);
void gossip_seen_add(struct gossip *g, uint64_t key, enum gossip_fate fate);
void gossip_seen_del(struct gossip *g, uint64_t key);
struct gossip_body *gossip_body_find(const struct gossip *g, uint64_t key);
struct gossip_body *gossip_body_new(struct gossip *g, struct slice topic,
    struct slice data, const uint8_t id[GOSSIP_ID], uint64_t key);
void gossip_body_release(struct gossip *g, struct gossip_body *b);
bool gossip_body_source(struct gossip_body *b, uint32_t peer);
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
void gossip_queue_cancel(
    struct gossip *g, struct gossip_peer *p, const struct gossip_body *b);
bool gossip_is_unwanted(
    const struct gossip *g, const struct gossip_peer *p, uint64_t key);
NODISCARD err gossip_say_hello(struct gossip *g, struct gossip_peer *p);
bool gossip_say_subscription(
    struct gossip *g, struct gossip_peer *p, const struct gossip_slot_topic *t);
bool gossip_say_graft(
    struct gossip *g, struct gossip_peer *p, const struct gossip_slot_topic *t);
void gossip_say_prune(struct gossip *g, struct gossip_peer *p,
    struct slice topic, uint64_t backoff_ms, struct slice peers);
struct rpc_ids;
bool gossip_say_ids(
    struct gossip *g, struct gossip_peer *p, const struct rpc_ids *ids);

/* gossip_pull.c */
NODISCARD err gossip_on_ihave(
    struct gossip *g, struct gossip_peer *p, struct slice in);
void gossip_pull_done(struct gossip *g, struct gossip_peer *p, uint64_t id_key);
void gossip_pull_forget(struct gossip *g, uint32_t peer);
void gossip_pull_due(struct gossip *g);
uint64_t gossip_pull_expiry(const struct gossip *g);
void gossip_pull_forgive(struct gossip *g);
void gossip_pull_fini(struct gossip *g);

/* gossip_recv.c */
bool gossip_topic_is_valid(struct slice topic);
void gossip_wants_add(struct gossip *g, struct gossip_peer *p, uint64_t key);

/* gossip_control.c */
NODISCARD err gossip_on_control(
    struct gossip *g, struct gossip_peer *p, struct slice in);
struct gossip_slot_topic *gossip_our_topic(
    const struct gossip *g, struct slice topic);
void gossip_prune(struct gossip *g, struct gossip_slot_topic *t,
    struct gossip_peer *p, uint64_t backoff_ms, bool exchange);
void gossip_told_fini(struct gossip *g);

/* gossip_mesh.c */
bool gossip_member_add(
    struct gossip *g, struct gossip_slot_topic *t, struct gossip_peer *p);
void gossip_member_del(
    struct gossip *g, struct gossip_slot_topic *t, struct gossip_peer *p);
uint64_t gossip_backoff(
    const struct gossip *g, uint64_t topic, const struct gossip_peer *p);
bool gossip_in_backoff(const struct gossip *g, uint64_t topic,
    const struct gossip_peer *p, uint64_t now_ms);
void gossip_backoff_set(struct gossip *g, uint64_t topic,
    const struct gossip_peer *p, uint64_t until_ms);
void gossip_fill(struct gossip *g, struct gossip_slot_topic *t, uint32_t to,
    bool outbound_only);
uint32_t gossip_pick_others(const struct gossip *g,
    const struct gossip_slot_topic *t, bool members_too, int64_t score_min);
void gossip_shuffle(const struct gossip *g, uint32_t n, uint32_t want);
int64_t gossip_median(
    const struct gossip *g, const struct gossip_slot_topic *t);

/* gossip_score.c */
const struct gossip_topic_score *gossip_topic_params(
    const struct gossip *g, uint64_t topic);
void gossip_topic_score_check(const struct gossip_topic_score *s);
void gossip_deeds_score(const struct gossip *g, const struct gossip_deeds *d,
    struct gossip_score_parts *out);
void gossip_score_parts(const struct gossip *g, const struct gossip_peer *p,
    struct gossip_score_parts *out);
void gossip_score_update(struct gossip *g, struct gossip_peer *p);
void gossip_score_up(struct gossip *g, struct gossip_peer *p);
void gossip_score_down(struct gossip *g, struct gossip_peer *p);
void gossip_score_joined(
    struct gossip *g, struct gossip_peer *p, uint64_t topic);
void gossip_score_left(struct gossip *g, struct gossip_peer *p, uint64_t topic);
void gossip_score_first(
    struct gossip *g, struct gossip_peer *p, uint64_t topic);
void gossip_score_brought(
    struct gossip *g, struct gossip_peer *p, uint64_t topic);
bool gossip_brings(const struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_peer *p);
struct gossip_deeds *gossip_deeds_find(
    const struct gossip_peer *p, uint64_t topic);
void gossip_score_mesh(struct gossip *g, struct gossip_peer *p, uint64_t topic);
void gossip_score_invalid(
    struct gossip *g, struct gossip_peer *p, uint64_t topic);
void gossip_score_invalid_gone(
    struct gossip *g, const struct peer_id *id, uint64_t topic);
void gossip_score_breach(
    struct gossip *g, struct gossip_peer *p, uint32_t times);
void gossip_score_slow(struct gossip *g, struct gossip_peer *p);
void gossip_scores_beat(struct gossip *g);
uint32_t gossip_same_ip(
    const struct gossip *g, const struct gossip_peer *p, size_t group);
void gossip_record_fini(struct gossip *g, struct gossip_record *r);
void gossip_score_fini(struct gossip *g);
