/*
 * peer_record.h: where a peer listens, signed by its own key, so that others
 * may pass it on. Only the newest counts: the sequence number says which.
 *
 * Domain "libp2p-peer-record" and type 03 01, as go, js and rust have it (the
 * text of RFC 0003 names others, which nobody uses).
 * Spec: github.com/libp2p/specs, RFC 0003.
 */
#pragma once

#include "proto/libp2p/envelope.h"

#define PEER_RECORD_ADDRS_MAX 16 /* more are left out and left alone */

struct peer_record {
	struct peer_id id; /* who signed it */
	uint64_t seq;
	uint32_t addrs_n;
	struct slice addrs[PEER_RECORD_ADDRS_MAX]; /* borrow from the room */
};

/**
 * peer_record_seal(out, secret, seq, addrs, n): append the envelope of our
 * own record; addresses that do not fit are left out. ERR_MORE: no room.
 */
NODISCARD err peer_record_seal(struct buf *out, const uint8_t *secret,
    uint64_t seq, const struct slice *addrs, uint32_t n);

/**
 * peer_record_open(envelope, room, out): verify one; the peer it names has
 * to be the one that signed it (ERR_AUTH). Addresses are not looked at.
 * Errors as signed_envelope_open().
 */
NODISCARD err peer_record_open(struct slice envelope,
    uint8_t room[ENVELOPE_ROOM], struct peer_record *out);
