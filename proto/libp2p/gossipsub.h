/*
 * gossipsub.h: the gossipsub router, /meshsub/1.1.0 and /meshsub/1.2.0, in
 * StrictNoSign mode: messages carry data and topic alone, and the message id
 * is SHA-256 of the data. It exchanges RPC frames (length-prefixed protobuf)
 * with peers by number and knows neither connections nor what a message
 * means: whoever drives it gives a verdict on each.
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
	uint32_t topics_max;          /* we subscribe to */
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
	uint64_t protocol_errors; /* RPC frames that cost the connection */
	uint32_t seen_now, cached_now, pending_now;
};

struct gossip_topic {
	uint32_t peers;  /* that told us of the topic */
	uint32_t mesh;   /* of them in our mesh */
	uint32_t fanout; /* when we publish without being subscribed */
	bool subscribed;
};
