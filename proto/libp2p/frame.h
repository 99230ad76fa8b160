/*
 * frame.h: the messages of small protocols, protobufs behind a varint with
 * their length, read where they lie: in the unread bytes of a stream. What
 * waits there is bounded by the stream's window, so nothing is copied.
 */
#pragma once

#include "proto/libp2p/protobuf.h"

/**
 * frame_get(in, max, body, used):
 * The first message of ${in}. OK: ${body} is its protobuf, ${used} the bytes
 * with its length. ERR_MORE: not all of it is here; ERR_PEER: malformed, or
 * longer than ${max}, which is known before it is here.
 */
NODISCARD err frame_get(
    struct slice in, size_t max, struct slice *body, size_t *used);

/** frame_put(out, m): append length and message; ERR_MORE: neither fits. */
NODISCARD err frame_put(struct buf *out, const ProtobufCMessage *m);
