/*
 * relay_wire.h: the messages of circuit relay v2, hop and stop, to and from
 * bytes.
 */
#pragma once

#include "proto/libp2p/frame.h"
#include "proto/libp2p/peer_id.h"

#define RELAY_WIRE_ADDRS 16 /* of a reservation that we look at */

enum relay_hop_type { HOP_RESERVE, HOP_CONNECT, HOP_STATUS };
enum relay_stop_type { STOP_CONNECT, STOP_STATUS };

enum relay_status {
	RELAY_OK = 100,
	RELAY_REFUSED = 200,
	RELAY_LIMIT = 201,
	RELAY_DENIED = 202,
	RELAY_FAILED = 203,
	RELAY_NO_RESERVATION = 204,
	RELAY_MALFORMED = 400,
	RELAY_UNEXPECTED = 401,
};

/* Either protocol's; what is absent is zero. */
struct relay_message {
	uint32_t type;
	uint32_t status;
	bool has_peer; /* and it is sound */
	struct peer_id peer;
	bool has_limit;
	uint32_t limit_s;
	uint64_t limit_bytes;
	bool has_reservation;
	uint64_t expire_s;
	struct slice voucher;
	uint32_t addrs_n;
	struct slice addrs[RELAY_WIRE_ADDRS];
};

/**
 * relay_message_get(p, stop, body, out): ${stop}: of the stop protocol. Lives
 * as long as ${p}. ERR_PEER: malformed, without a type, or with a peer whose
 * id is none; ERR_LIMIT: more than ${p} may hold.
 */
NODISCARD err relay_message_get(struct protobuf *p, bool stop,
    struct slice body, struct relay_message *out);

/** relay_message_put(out, stop, m): with its length; ERR_MORE. */
NODISCARD err relay_message_put(
    struct buf *out, bool stop, const struct relay_message *m);

/** relay_status_text(status): static text. */
const char *relay_status_text(uint32_t status);
