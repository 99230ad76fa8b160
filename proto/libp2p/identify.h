/*
 * identify.h: the messages by which peers tell each other who they are, what
 * they speak and where they listen, /ipfs/id/1.0.0 and its push. The bytes
 * alone; host.h opens the streams and keeps what was said.
 *
 * A peer may cut what it says into several length-prefixed messages on one
 * stream; each is read by itself and the lists add up.
 *
 * Spec: github.com/libp2p/specs, identify.
 */
#pragma once

#include "proto/base/mem.h"

#define IDENTIFY_PROTOCOL      "/ipfs/id/1.0.0"
#define IDENTIFY_PUSH_PROTOCOL "/ipfs/id/push/1.0.0"
#define IDENTIFY_MESSAGE_MAX   8192 /* bytes of one that we accept */
#define IDENTIFY_MESSAGES_MAX  10   /* on one stream */
#define IDENTIFY_SEND_MAX      4096 /* rust-libp2p takes no more in all */
#define IDENTIFY_ADDRS_MAX     16   /* of one message; more are dropped */
#define IDENTIFY_PROTOCOLS_MAX 128

/* One message. p == NULL: the field is absent. */
struct identify {
	struct slice public_key; /* PublicKey protobuf */
	struct slice agent, protocol_version;
	struct slice observed; /* binary multiaddr: where it sees us */
	struct slice record;   /* signed peer record, peer_record.h; unverified */
	uint32_t addrs_n, protocols_n;
	struct slice addrs[IDENTIFY_ADDRS_MAX];
	struct slice protocols[IDENTIFY_PROTOCOLS_MAX];
};

/**
 * identify_put(out, id):
 * Append one message with its length prefix, at most IDENTIFY_SEND_MAX
 * bytes: addresses at the end that do not fit are left out, and then the
 * signed record. ERR_MORE: no room in ${out}, or over the maximum without.
 */
NODISCARD err identify_put(struct buf *out, const struct identify *id);

/* Reads the messages of one stream. */
struct identify_reader {
	struct queue in;
	uint32_t messages;
	struct mem *mem;
	void *block; /* what the last message points into */
};

void identify_reader_init(struct identify_reader *r, struct mem *mem);
void identify_reader_fini(struct identify_reader *r);

/**
 * identify_recv(r, in, out):
 * Take bytes, cut anywhere, until a message is complete. OK: ${out} has it,
 * valid until the next call for ${r}; call again with the rest. ERR_MORE:
 * all of ${in} was taken. ERR_PEER: malformed; ERR_LIMIT: too long, too many
 * messages, or no memory.
 */
NODISCARD err identify_recv(
    struct identify_reader *r, struct slice *in, struct identify *out);

/** identify_at_end(r): may the stream end here, between two messages? */
bool identify_at_end(const struct identify_reader *r);
