/*
 * autonat_wire.h: the messages of AutoNAT v2 to and from bytes.
 */
#pragma once

#include "proto/libp2p/frame.h"

#define AUTONAT_MESSAGE_MAX   8192 /* bytes, on the stream of a request */
#define AUTONAT_BACK_MAX      1024 /* on the stream of a dial-back */
#define AUTONAT_REQUEST_ADDRS 50   /* of a request that we look at */

enum autonat_message_type {
	AUTONAT_OTHER, /* none of those we know */
	AUTONAT_REQUEST,
	AUTONAT_RESPONSE,
	AUTONAT_DATA_REQUEST,
	AUTONAT_DATA,
};

enum autonat_response {
	AUTONAT_INTERNAL = 0,
	AUTONAT_REJECTED = 100,
	AUTONAT_REFUSED = 101,
	AUTONAT_OK = 200,
};

struct autonat_message {
	enum autonat_message_type type;
	/* REQUEST */
	uint64_t nonce;
	uint32_t addrs_n;
	struct slice addrs[AUTONAT_REQUEST_ADDRS];
	/* RESPONSE; ${index} of DATA_REQUEST too */
	uint32_t status, index, dial_status;
	uint64_t bytes;    /* DATA_REQUEST */
	struct slice data; /* DATA */
};

/**
 * autonat_message_get(p, body, out): lives as long as ${p}. ERR_PEER:
 * malformed, or a request without a nonce; ERR_LIMIT: too much for ${p}.
 */
NODISCARD err autonat_message_get(
    struct protobuf *p, struct slice body, struct autonat_message *out);

/** autonat_message_put(out, m): with its length; ERR_MORE. */
NODISCARD err autonat_message_put(
    struct buf *out, const struct autonat_message *m);

/** autonat_back_get(body, nonce): of a dial-back; ERR_PEER. */
NODISCARD err autonat_back_get(struct slice body, uint64_t *nonce);
NODISCARD err autonat_back_put(struct buf *out, uint64_t nonce);

/** autonat_back_answer_get(body): OK: the nonce was taken; else ERR_PEER. */
NODISCARD err autonat_back_answer_get(struct slice body);
NODISCARD err autonat_back_answer_put(struct buf *out);
