/*
 * gossipsub.h: the gossipsub router, /meshsub/1.1.0 and /meshsub/1.2.0, in
 * StrictNoSign mode: messages carry data and topic alone, and the message id
 * is SHA-256 of the data. It exchanges RPC frames (length-prefixed protobuf)
 * with peers by number and knows neither connections nor what a message
 * means: whoever drives it gives a verdict on each.
 *
 * It keeps a score of each peer (v1.1, P1 to P7), a mesh per topic by that
 * score, and sends bodies to those mesh members to whom ours tend to be the
 * first; the others get the id at once and ask (struct gossip_params, lazy).
 *
 * Invariants: every table, queue and buffer a peer can fill has a bound in
 * struct gossip_params; a full one is a counted drop or back-pressure. All
 * scores are integers: the same history gives the same bits everywhere.
 *
 * Spec: github.com/libp2p/specs, pubsub/gossipsub v1.0, v1.1, v1.2; what we
 * chose where it leaves a choice: SPEC.md section 12.
 */
#pragma once

#include "proto/base/env.h"
#include "proto/base/mem.h"
#include "proto/libp2p/peer_id.h"

#define GOSSIP_TOPIC_MAX 128 /* bytes of a topic */
#define GOSSIP_ID        32  /* bytes of our message ids */

struct gossip;

enum gossip_verdict {
	GOSSIP_ACCEPT, /* pass it on */
	GOSSIP_IGNORE, /* drop it; nobody is at fault */
	GOSSIP_REJECT, /* drop it; whoever sent it is at fault */
	GOSSIP_FORGET, /* drop it as if never seen: our own queue is full or
			  the time is not right; it may come again */
};

/*
 * Scores, weights and thresholds are in thousandths: GOSSIP_POINT is 1.0.
 * What is counted (deliveries, breaches) decays; a decay is the millionths
 * that are left after a second, from gossip_decay(). A counter stops at 1000.
 */
#define GOSSIP_POINT      1000
#define GOSSIP_DECAY_UNIT 1000000
#define GOSSIP_WEIGHT_MAX (1000 * GOSSIP_POINT) /* of any weight, absolute */
#define GOSSIP_IP_GROUPS  2

/* How a peer does in one topic; times the topic's weight it adds up. */
struct gossip_topic_score {
	int32_t weight; /* of the topic; 0: the topic does not count */
	/* P1: time in our mesh, in quanta; weight >= 0. */
	int32_t mesh_time_weight;
	uint32_t mesh_time_quantum_ms, mesh_time_cap;
	/* P2: messages that it was the first to deliver; weight >= 0. */
	int32_t first_weight;
	uint32_t first_decay, first_cap;
	/*
	 * P3: too few messages delivered while in our mesh, squared; P3b: what
	 * was lacking when it left. Weights <= 0; 0 is off, as by default: a
	 * topic with few messages punishes the honest.
	 */
	int32_t mesh_weight;
	uint32_t mesh_decay, mesh_cap, mesh_threshold;
	uint32_t mesh_window_ms;     /* a copy so late still counts */
	uint32_t mesh_activation_ms; /* in the mesh before P3 begins */
	int32_t failure_weight;
	uint32_t failure_decay;
	/* P4: messages that were rejected, squared; weight <= 0. */
	int32_t invalid_weight;
	uint32_t invalid_decay;
};

struct gossip_score_params {
	struct gossip_topic_score topic; /* gossip_topic_score_set() differs */
	int32_t topics_cap;              /* all topics add at most this */
	int32_t application_weight;      /* P5: times the application's score */
	/*
	 * P6: more peers than the threshold in one group of addresses; the
	 * excess squared. Group 0 is meant for one machine or line, group 1
	 * for a subnet; loopback never counts, private networks in group 0
	 * alone. Weights <= 0.
	 */
	struct {
		uint8_t ip4_bits, ip6_bits;
		uint32_t threshold;
		int32_t weight;
	} ip[GOSSIP_IP_GROUPS];
	/* P7: breaches above the threshold, squared; weight <= 0. */
	int32_t behaviour_weight;
	uint32_t behaviour_threshold, behaviour_decay;
	/* Bodies dropped since its queue was full, above the threshold. */
	int32_t slow_weight;
	uint32_t slow_threshold, slow_decay;
	uint32_t decay_to_zero; /* millionths: a counter below is 0 */
	/* A bad score is remembered so long, of so many who left. */
	uint32_t retain_ms, retain_max;
	/* Below: no gossip with it; nothing of ours to it; ignored wholly. */
	int32_t gossip_threshold, publish_threshold, graylist_threshold;
	int32_t exchange_threshold;      /* from here on its peers are taken */
	int32_t opportunistic_threshold; /* a mesh's median; see below */
};

/**
 * gossip_decay(ms): millionths that are left after a second when a counter is
 * to fall to a hundredth within ${ms}, at least 1000.
 */
uint32_t gossip_decay(uint64_t ms);

/* Everything that bounds or paces the router. */
struct gossip_params {
	uint32_t d, d_lo, d_hi, d_lazy, d_out, d_score;
	struct gossip_score_params score;
	/* Every so many heartbeats a mesh of poor scores gets new members. */
	uint32_t opportunistic_beats, opportunistic_peers;
	/*
	 * A member that has brought nothing, neither a good body nor the id
	 * of one, for so long and while so many came, makes room for another;
	 * a full mesh of others lets a stranger in once in silent_ms.
	 * silent_messages 0: neither. (Ours: sybils that only listen.)
	 */
	uint32_t silent_messages, silent_ms;
	/*
	 * Bodies to few, ids to many. Members of the mesh begin as eager: they
	 * get bodies. One to whom our bodies come too late becomes lazy: it
	 * gets the id at once, asks when the body does not come, and is then
	 * eager again. off: every member gets every body (plain gossipsub).
	 */
	struct {
		bool on;
		uint32_t bytes_min;   /* smaller bodies go to all members */
		uint32_t others;      /* non-members told at once, too */
		uint32_t pull_ms;     /* wait for a body before we ask */
		uint32_t retry_ms;    /* then for each answer */
		uint32_t announce_ms; /* between two IHAVE to one peer */
	} lazy;
	uint32_t heartbeat_ms;
	uint32_t history_length, history_gossip; /* heartbeats */
	uint32_t fanout_ttl_ms;
	uint32_t seen_ttl_ms;
	uint32_t prune_backoff_ms, unsubscribe_backoff_ms;
	uint32_t graft_flood_ms;    /* GRAFT so soon after PRUNE counts twice */
	uint32_t direct_connect_ms; /* between two calls for explicit peers */
	uint32_t exchange_peers;    /* in a PRUNE that we send or take */
	uint32_t iwant_followup_ms;
	uint32_t gossip_retransmission;
	uint32_t gossip_factor_percent;
	/* Bounds on what peers can fill. */
	uint32_t message_bytes_max; /* data of one message */
	uint32_t rpc_bytes_max;     /* one incoming RPC frame */
	uint32_t peers_max;
	uint32_t topics_max; /* we subscribe or publish to; 64 at most */
	uint32_t topics_per_peer_max; /* a peer may tell us of */
	uint32_t seen_max;            /* ids remembered */
	uint32_t cache_bytes_max;     /* bodies kept for IWANT */
	uint32_t pending_max;         /* messages that wait for a verdict */
	uint32_t pending_bytes_max;
	uint32_t pending_per_peer_max; /* of one peer; then it has to wait */
	uint32_t pulls_max; /* announced ids whose bodies we wait for */
	uint32_t ihave_ids_max, ihave_messages_max; /* per peer and heartbeat */
	uint32_t iwant_ids_max;                     /* per peer and heartbeat */
	uint32_t idontwant_ids_max;                 /* per peer and heartbeat */
	uint32_t idontwant_bytes_min; /* announce from this size on */
	uint32_t peer_queue_bytes;    /* unsent RPC bytes per peer */
	uint32_t direct_max;          /* explicit peers */
	uint32_t exchange_max; /* received records that wait to be taken */
};

/** gossip_params_default(): the values of SPEC.md section 12. */
struct gossip_params gossip_params_default(void);

/* A message that waits for its verdict. */
struct gossip_message {
	uint64_t handle;
	struct peer_id from; /* who handed it to us, not who made it */
	const char *topic;
	struct slice data;
	uint8_t id[GOSSIP_ID];
};

struct gossip_stats {
	uint64_t rpc_in, rpc_out;
	uint64_t messages_in; /* bodies received, duplicates included */
	uint64_t duplicates;
	uint64_t delivered; /* handed out for a verdict */
	uint64_t accepted, ignored, rejected;
	uint64_t forwarded; /* bodies sent on, per peer */
	uint64_t published;
	uint64_t dropped_queue;   /* not sent: a peer's queue was full */
	uint64_t dropped_pending; /* not handed out: too many wait */
	uint64_t signed_refused; /* messages with from, seqno, signature, key */
	uint64_t ihave_in, iwant_in, iwant_served, graft_in, prune_in;
	uint64_t idontwant_in, idontwant_saved;
	uint64_t protocol_errors;  /* RPC frames that cost the connection */
	uint64_t oversize;         /* messages over message_bytes_max */
	uint64_t unwanted;         /* for a topic that is not ours */
	uint64_t topics_ignored;   /* over topics_per_peer_max or too long */
	uint64_t control_ignored;  /* ids over a bound per heartbeat */
	uint64_t backoff_breached; /* GRAFT before the backoff was over */
	uint64_t promises_broken;  /* IHAVE, our IWANT, and then nothing */
	uint64_t graylisted;       /* RPC frames ignored for the score */
	uint64_t score_ignored;    /* IHAVE, IWANT, GRAFT of poor scores */
	uint64_t announced;        /* ids told at once instead of a body */
	uint64_t pulled, pull_retries; /* bodies we asked for; asked again */
	uint64_t exchange_out, exchange_in, exchange_refused; /* records */
	uint64_t opportunistic; /* grafts since the mesh scored badly */
	uint64_t silent;        /* members that made room for others */
	uint32_t seen_now, cached_now, pending_now, pulls_now, retained_now;
};

struct gossip_topic {
	uint32_t peers;  /* that told us of the topic */
	uint32_t mesh;   /* of them in our mesh */
	uint32_t fanout; /* when we publish without being subscribed */
	bool subscribed;
};

#define GOSSIP_PROTOCOL_11 "/meshsub/1.1.0"
#define GOSSIP_PROTOCOL_12 "/meshsub/1.2.0"

/**
 * gossip_new(params, env, mem, now_ms):
 * A router whose memory comes from ${mem}, a few KiB as long as nobody is
 * there. ${env} and ${mem} must outlive it; ${params} are copied. NULL: over
 * budget. Free with gossip_free().
 */
struct gossip *gossip_new(const struct gossip_params *params,
    const struct env *env, struct mem *mem, uint64_t now_ms);
void gossip_free(struct gossip *g);

/**
 * gossip_peer_up(g, peer, id, outbound, v12):
 * From now on bytes can be exchanged with ${peer}, a number below peers_max
 * of the caller's choice that is not in use. ${outbound}: we dialled it.
 * ${v12}: it speaks 1.2 (IDONTWANT), else 1.1. The first bytes for it are
 * all our subscriptions. ERR_LIMIT: over budget.
 */
NODISCARD err gossip_peer_up(struct gossip *g, uint32_t peer,
    const struct peer_id *id, bool outbound, bool v12);

/**
 * gossip_peer_ip(g, peer, ip): where it is, 4 or 16 bytes, for P6; any other
 * length: nowhere that counts. May change.
 */
void gossip_peer_ip(struct gossip *g, uint32_t peer, struct slice ip);

/**
 * gossip_visitor(g, peer, names): it only looks around and forwards nothing:
 * it gets a place in no mesh and no messages. ${names}: when it asks for a
 * place it is told of others like anyone for whom there is no room.
 */
void gossip_visitor(struct gossip *g, uint32_t peer, bool names);

/**
 * gossip_peer_down(g, peer): forget it and what waits for it; the number is
 * free again. Its backoffs stay, and its score if that is below 0, so that
 * coming back does not better them.
 */
void gossip_peer_down(struct gossip *g, uint32_t peer);

/**
 * gossip_recv(g, peer, now_ms, in):
 * Take bytes of the stream that the peer writes, cut anywhere; ${in} is
 * advanced over what was taken. OK with bytes left: gossip_full(), or too
 * many of this peer wait; call again after verdicts. ERR_PEER: malformed RPC;
 * ERR_LIMIT: an RPC over rpc_bytes_max, or no memory for one. After an error
 * take the peer down.
 */
NODISCARD err gossip_recv(
    struct gossip *g, uint32_t peer, uint64_t now_ms, struct slice *in);

/**
 * gossip_recv_reset(g, peer): the peer's stream was replaced by a new one;
 * forget the cut RPC at the end of the old one.
 */
void gossip_recv_reset(struct gossip *g, uint32_t peer);

/** gossip_full(g): do as many messages wait for a verdict as may? */
bool gossip_full(const struct gossip *g);

/**
 * gossip_send(g, peer, out): append bytes for the stream that we write to
 * ${peer}, as fit; control before messages. False: there are none left.
 */
bool gossip_send(struct gossip *g, uint32_t peer, struct buf *out);

/**
 * gossip_next_output(g, peer): a peer for which bytes came up since it was
 * last named here; false: none. Call gossip_send() for it.
 */
bool gossip_next_output(struct gossip *g, uint32_t *peer);

/**
 * gossip_next(g, m): the next message that needs a verdict, in order of
 * arrival; false: none. ${m} stays valid until gossip_verdict() for it.
 */
bool gossip_next(struct gossip *g, struct gossip_message *m);

/**
 * gossip_verdict(g, handle, v, now_ms):
 * Exactly once per message of gossip_next(), in any order. ACCEPT sends it
 * to the mesh, never back to those who sent it meanwhile, and keeps it for
 * IWANT. The id of an accepted, ignored or rejected one is remembered for
 * seen_ttl_ms up to twice that; of a forgotten one it is not.
 */
void gossip_verdict(
    struct gossip *g, uint64_t handle, enum gossip_verdict v, uint64_t now_ms);

/**
 * gossip_subscribe(g, topic, now_ms): join; ${topic} is 1..GOSSIP_TOPIC_MAX
 * bytes, copied. ERR_EXISTS: already; ERR_LIMIT: topics_max or no memory;
 * ERR_FORM: empty or too long.
 */
NODISCARD err gossip_subscribe(
    struct gossip *g, const char *topic, uint64_t now_ms);

/** gossip_unsubscribe(g, topic, now_ms): leave; unknown topics are fine. */
void gossip_unsubscribe(struct gossip *g, const char *topic, uint64_t now_ms);

/**
 * gossip_publish(g, topic, data, flood, now_ms, sent_to):
 * A message of our own: to the mesh, or to the fanout without subscription,
 * and to explicit peers; with ${flood} to every peer that wants the topic and
 * whose score is at publish_threshold or above. The outcome:
 *   OK, *sent_to > 0   accepted: it waits in the queues of so many peers
 *   OK, *sent_to == 0  queued: nobody was there; those who come while the
 *                      cache has it (history_length) are told by IHAVE
 *   ERR_MORE           would block: every queue is full or there is no
 *                      memory; nothing is kept, try again later
 *   ERR_EXISTS         seen before; ERR_LIMIT: too big, or no slot for the
 *                      topic; ERR_FORM: bad topic
 * A peer whose queue was full while others took it is told by IHAVE.
 */
NODISCARD err gossip_publish(struct gossip *g, const char *topic,
    struct slice data, bool flood, uint64_t now_ms, uint32_t *sent_to);

/** gossip_expiry(g): the next heartbeat, announcement or question. */
uint64_t gossip_expiry(const struct gossip *g);

/** gossip_on_time(g, now_ms): does nothing before gossip_expiry(). */
void gossip_on_time(struct gossip *g, uint64_t now_ms);

void gossip_stats(const struct gossip *g, struct gossip_stats *out);

/** gossip_topic(g, topic, out): false: nobody told us of it, nor are we in. */
bool gossip_topic(
    const struct gossip *g, const char *topic, struct gossip_topic *out);

/** gossip_peer_meshes(g, peer): in how many of our meshes it is. */
uint32_t gossip_peer_meshes(const struct gossip *g, uint32_t peer);

/**
 * gossip_topic_score_set(g, topic, params): other parameters than the
 * default for a topic that we are subscribed to, until we leave it.
 * ERR_NOTFOUND: we are not.
 */
NODISCARD err gossip_topic_score_set(struct gossip *g, const char *topic,
    const struct gossip_topic_score *params);

/**
 * gossip_application_score(g, id, points): P5 of a peer, in thousandths,
 * within +-10^9, connected or not; 0 forgets. ERR_LIMIT: the table (as many
 * as retain_max) is full.
 */
NODISCARD err gossip_application_score(
    struct gossip *g, const struct peer_id *id, int32_t points);

/** gossip_score(g, peer): the score in thousandths; 0: no such peer. */
int64_t gossip_score(const struct gossip *g, uint32_t peer);

/**
 * gossip_direct_add(g, id): an explicit peer: never in a mesh, always sent
 * every message of its topics, never graylisted. Both sides should do it.
 * ERR_EXISTS: it is one; ERR_LIMIT: direct_max.
 */
NODISCARD err gossip_direct_add(struct gossip *g, const struct peer_id *id);
void gossip_direct_del(struct gossip *g, const struct peer_id *id);

/**
 * gossip_next_direct(g, now_ms, id): an explicit peer that is not there and
 * should be dialled; each once per direct_connect_ms, the first time at once.
 */
bool gossip_next_direct(struct gossip *g, uint64_t now_ms, struct peer_id *id);

/* A peer that another one told us of when it pruned us. */
struct gossip_exchange {
	struct peer_id from; /* who told */
	struct peer_id id;
	struct slice record; /* signed envelope, unverified */
};

/**
 * gossip_exchange_set(g, record, ctx): where the signed peer records for our
 * PRUNEs come from: an envelope of at most 4096 bytes, borrowed until the
 * next call, or an empty slice. NULL: we give no peers.
 */
void gossip_exchange_set(struct gossip *g,
    struct slice (*record)(void *ctx, const struct peer_id *id), void *ctx);

/**
 * gossip_next_exchange(g, x): a received record; valid until the next call;
 * false: none. Verify it before any use.
 */
bool gossip_next_exchange(struct gossip *g, struct gossip_exchange *x);

/* Why a peer is, or is not, in our mesh of a topic. */
enum gossip_standing {
	GOSSIP_MEMBER,     /* it is */
	GOSSIP_NOT_OURS,   /* we are not subscribed */
	GOSSIP_NOT_WANTED, /* it did not tell us that it wants the topic */
	GOSSIP_EXPLICIT,   /* explicit peers get everything without a mesh */
	GOSSIP_POOR_SCORE, /* its score is below 0 */
	GOSSIP_BACKOFF,    /* one of us pruned the other; until a time */
	GOSSIP_MESH_FULL,  /* there are D members or more */
	GOSSIP_NOT_CHOSEN, /* nothing against it: a heartbeat may graft it */
};

/** gossip_standing_text(s): a few English words; static. */
const char *gossip_standing_text(enum gossip_standing s);

/* Parts of a score, in thousandths; they add up to ${total}. */
struct gossip_score_parts {
	int64_t mesh_time;   /* P1 */
	int64_t first;       /* P2 */
	int64_t mesh;        /* P3 */
	int64_t failure;     /* P3b */
	int64_t invalid;     /* P4 */
	int64_t capped;      /* what topics_cap took away */
	int64_t application; /* P5 */
	int64_t colocation;  /* P6 */
	int64_t behaviour;   /* P7 */
	int64_t slow;
	int64_t total;
};

/* Since the peer's stream is up. */
struct gossip_peer_counts {
	uint64_t rpcs;
	uint32_t first;      /* it was the first with a good message */
	uint32_t duplicates; /* bodies that we had already */
	uint32_t invalid;    /* rejected */
	uint32_t ignored;
	uint32_t sent;      /* bodies to it */
	uint32_t announced; /* ids to it in the place of bodies */
	uint32_t asked;     /* ids that we asked it for */
	uint32_t promises_broken;
	uint32_t backoff_breached;
	/* Drops by reason. */
	uint32_t dropped_queue;   /* to it: its queue was full */
	uint32_t dropped_pending; /* of it: too many wait for a verdict */
	uint32_t unwanted;        /* for a topic that is not ours */
	uint32_t oversize;
	uint32_t signed_refused;
	uint32_t control_ignored; /* over a bound per heartbeat */
	uint32_t score_ignored;   /* gossip or GRAFT of a poor score */
	uint32_t graylisted;      /* whole RPCs */
};

struct gossip_peer_topic {
	char name[GOSSIP_TOPIC_MAX + 1];
	enum gossip_standing standing;
	uint64_t backoff_until_ms;       /* 0: none */
	uint64_t member_since_ms;        /* 0: it is no member */
	bool eager;                      /* a member that gets bodies at once */
	struct gossip_score_parts score; /* P1 to P4, weighted */
};

struct gossip_peer_explain {
	struct peer_id id;
	bool outbound, v12, direct;
	struct gossip_score_parts score;
	/* On which side of the thresholds it is. */
	bool gossips, publishes, graylisted, exchanges;
	struct gossip_peer_counts counts;
	uint32_t topics_told; /* topics that it says it wants */
	uint32_t pending;     /* messages of it that wait for a verdict */
	size_t queued_bytes;  /* for it, unsent */
	uint32_t same_ip[GOSSIP_IP_GROUPS]; /* peers there, itself included */
	uint32_t topics_n;                  /* of ours, subscribed or fanout */
	struct gossip_peer_topic topics[64];
};

/** gossip_peer_explain(g, peer, now_ms, out): false: no such peer. */
bool gossip_peer_explain(const struct gossip *g, uint32_t peer, uint64_t now_ms,
    struct gossip_peer_explain *out);

struct gossip_topic_explain {
	bool subscribed;
	uint32_t peers, mesh, fanout;
	uint32_t eager;    /* mesh members that get bodies at once */
	uint32_t outbound; /* mesh members that we dialled */
	uint32_t d, d_lo, d_hi, d_out; /* what is wanted */
	/* The subscribed peers by standing, indexed by it. */
	uint32_t standing[GOSSIP_NOT_CHOSEN + 1];
	int64_t median; /* score of the mesh, thousandths */
	/* What is missing for a healthy mesh; all 0: nothing. */
	uint32_t missing;           /* members below D_lo */
	uint32_t missing_outbound;  /* of those that we dialled */
	uint32_t missing_peers;     /* subscribed peers to choose from, to D */
	bool poor;                  /* the median is below the threshold */
	uint64_t first, duplicates; /* bodies since we subscribed */
};

/** gossip_topic_explain(g, topic, now_ms, out): false as gossip_topic(). */
bool gossip_topic_explain(const struct gossip *g, const char *topic,
    uint64_t now_ms, struct gossip_topic_explain *out);
