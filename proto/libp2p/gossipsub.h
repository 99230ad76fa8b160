/*
 * gossipsub.h: the gossipsub router, /meshsub/1.1.0 and /meshsub/1.2.0, in
 * StrictNoSign mode: messages carry data and topic alone, and the message id
 * is SHA-256 of the data. It exchanges RPC frames (length-prefixed protobuf)
 * with peers by number and knows neither connections nor what a message
 * means: whoever drives it gives a verdict on each.
 *
 * Invariants: every table, queue and buffer a peer can fill has a bound in
 * struct gossip_params; a full one is a counted drop or back-pressure. What
 * is not there yet: peer exchange (PX records in a PRUNE are skipped, ours
 * carry none) and peer scoring (a verdict of reject is counted, no more).
 *
 * Spec: github.com/libp2p/specs, pubsub/gossipsub v1.0, v1.1, v1.2.
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

/* Everything that bounds or paces the router; defaults are libp2p's. */
struct gossip_params {
	uint32_t d, d_lo, d_hi, d_lazy, d_out;
	uint32_t heartbeat_ms;
	uint32_t history_length, history_gossip; /* heartbeats */
	uint32_t fanout_ttl_ms;
	uint32_t seen_ttl_ms;
	uint32_t prune_backoff_ms, unsubscribe_backoff_ms;
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
	uint32_t ihave_ids_max, ihave_messages_max; /* per peer and heartbeat */
	uint32_t iwant_ids_max;                     /* per peer and heartbeat */
	uint32_t idontwant_ids_max;                 /* per peer and heartbeat */
	uint32_t idontwant_bytes_min; /* announce from this size on */
	uint32_t peer_queue_bytes;    /* unsent RPC bytes per peer */
};

/** gossip_params_default(): go-libp2p-pubsub's pace, D_lo 5 included. */
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
	uint32_t seen_now, cached_now, pending_now;
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
 * gossip_peer_down(g, peer): forget it and what waits for it; the number is
 * free again. Its backoffs stay, so that coming back does not shorten them.
 */
void gossip_peer_down(struct gossip *g, uint32_t peer);

/**
 * gossip_recv(g, peer, now_ms, in):
 * Take bytes of the stream that the peer writes, cut anywhere; ${in} is
 * advanced over what was taken. OK with bytes left: gossip_full(), call
 * again after verdicts. ERR_PEER: malformed RPC; ERR_LIMIT: an RPC over
 * rpc_bytes_max, or no memory for one. After an error take the peer down.
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
 * A message of our own: to the mesh, or to the fanout without subscription;
 * with ${flood} to every peer that wants the topic. ERR_EXISTS: seen before;
 * ERR_LIMIT: too big, no memory, or every queue full (then nothing is kept);
 * ERR_FORM: bad topic. ${sent_to}: peers it was queued for; 0 is no error,
 * those who come within the history are told by IHAVE.
 */
NODISCARD err gossip_publish(struct gossip *g, const char *topic,
    struct slice data, bool flood, uint64_t now_ms, uint32_t *sent_to);

/** gossip_expiry(g): the next heartbeat. */
uint64_t gossip_expiry(const struct gossip *g);

/** gossip_on_time(g, now_ms): does nothing before gossip_expiry(). */
void gossip_on_time(struct gossip *g, uint64_t now_ms);

void gossip_stats(const struct gossip *g, struct gossip_stats *out);

/** gossip_topic(g, topic, out): false: nobody told us of it, nor are we in. */
bool gossip_topic(
    const struct gossip *g, const char *topic, struct gossip_topic *out);

/** gossip_peer_meshes(g, peer): in how many of our meshes it is. */
uint32_t gossip_peer_meshes(const struct gossip *g, uint32_t peer);
