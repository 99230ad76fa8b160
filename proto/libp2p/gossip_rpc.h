/*
 * gossip_rpc.h: the bytes of gossipsub's RPC frames: a reader that walks the
 * fields of a protobuf message in place, and writers for the frames we send.
 *
 * The one protobuf of libp2p that is not unpacked by protobuf-c: this is the
 * path of every message, and a reader that allocates nothing cannot be made
 * to allocate by a frame of many small fields. It accepts what protobuf-c
 * accepts; the schema stands in libp2p.proto.
 *
 * Spec: gossipsub v1.0 to v1.2, "Protobuf"; protobuf.dev, encoding.
 */
#pragma once

#include "proto/base/base.h"

/* Field numbers. */
enum {
	RPC_SUBSCRIPTION = 1,
	RPC_PUBLISH = 2,
	RPC_CONTROL = 3,
	SUB_SUBSCRIBE = 1,
	SUB_TOPIC = 2,
	MESSAGE_FROM = 1,
	MESSAGE_DATA = 2,
	MESSAGE_SEQNO = 3,
	MESSAGE_TOPIC = 4,
	MESSAGE_SIGNATURE = 5,
	MESSAGE_KEY = 6,
	CONTROL_IHAVE = 1,
	CONTROL_IWANT = 2,
	CONTROL_GRAFT = 3,
	CONTROL_PRUNE = 4,
	CONTROL_IDONTWANT = 5,
	CONTROL_TOPIC = 1, /* of IHAVE, GRAFT, PRUNE */
	IHAVE_IDS = 2,
	IWANT_IDS = 1, /* and of IDONTWANT */
	PRUNE_PEERS = 2,
	PRUNE_BACKOFF = 3,
	PRUNE_PEER_ID = 1, /* of PRUNE_PEERS */
	PRUNE_PEER_RECORD = 2,
};

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct rpc_field {
	uint32_t number;
	uint8_t wire;
	uint64_t value;     /* WIRE_VARINT */
	struct slice bytes; /* WIRE_BYTES, borrowed from the input */
};

/**
 * rpc_field_next(in, f):
 * Take the next field off the front of ${in}. OK; ERR_MORE: ${in} is empty,
 * the message ends here; ERR_PEER: malformed.
 */
NODISCARD err rpc_field_next(struct slice *in, struct rpc_field *f);

/* A list of ids in an IHAVE, IWANT or IDONTWANT; see rpc_ids_size(). */
struct rpc_ids {
	uint32_t kind;      /* CONTROL_IHAVE, _IWANT, _IDONTWANT */
	struct slice topic; /* IHAVE */
	const uint8_t *ids; /* n × 32 bytes */
	size_t n;
};

/*
 * Whole frames, length prefix included. Each x_size() is exact, and x_put()
 * needs that much room in ${b} (an ASSERT).
 */
/* Subscriptions go several to a frame: rpc_frame_put() of their sizes first. */
size_t rpc_subscription_size(size_t topic_n);
void rpc_subscription_put(struct buf *b, bool subscribe, struct slice topic);
#define RPC_FRAME_HEAD_MAX 9
void rpc_frame_put(struct buf *b, size_t n);

size_t rpc_message_size(size_t topic_n, size_t data_n);
/** rpc_message_put(): returns where in the frame the data is. */
size_t rpc_message_put(struct buf *b, struct slice topic, struct slice data);

size_t rpc_ids_size(const struct rpc_ids *ids);
void rpc_ids_put(struct buf *b, const struct rpc_ids *ids);

#define RPC_GRAFT_MAX 160 /* bytes of the longest GRAFT, PRUNE without peers */
void rpc_graft_put(struct buf *b, struct slice topic);
/** rpc_prune_put(): ${peers} are fields made by rpc_peer_put(), or empty. */
void rpc_prune_put(
    struct buf *b, struct slice topic, uint64_t backoff_s, struct slice peers);
size_t rpc_peer_size(struct slice id, struct slice record);
void rpc_peer_put(struct buf *b, struct slice id, struct slice record);
