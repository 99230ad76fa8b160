/*
 * protobuf.h: protobuf-c within bounds. Unpacking takes its memory from a
 * budget and at most a cap given per job; what a message claims to hold can
 * therefore never cost more than the caller allowed.
 *
 * What was unpacked borrows nothing from the input and lives until
 * protobuf_fini(): do not call the generated *_free_unpacked(). Unknown
 * fields are kept by protobuf-c within the same cap and otherwise ignored.
 * Check a length prefix against the protocol's limit before you unpack.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "proto/base/mem.h"

struct protobuf_block;

struct protobuf {
	ProtobufCAllocator allocator;
	struct mem *mem; /* NULL: the caller's block is all there is */
	size_t left;     /* bytes that may still be taken from mem */
	struct protobuf_block *blocks;
	uint8_t *at; /* rest of the current block */
	size_t rest;
	bool limited; /* an allocation was refused */
};

/** protobuf_init(p, mem, cap): take at most ${cap} bytes from ${mem}. */
void protobuf_init(struct protobuf *p, struct mem *mem, size_t cap);

/** protobuf_init_block(p, block, n): live in the caller's ${n} bytes. */
void protobuf_init_block(struct protobuf *p, void *block, size_t n);

/** protobuf_fini(p): forget all that was unpacked. */
void protobuf_fini(struct protobuf *p);

/**
 * protobuf_get(p, type, in, out):
 * Unpack the whole of ${in}: ${type} is a generated descriptor such as
 * libp2p__rpc__descriptor, ${out} becomes the generated struct. OK;
 * ERR_LIMIT: it needs more than the cap; ERR_PEER: malformed. Several
 * messages may be unpacked into one ${p}; the cap counts for all of them.
 */
NODISCARD err protobuf_get(struct protobuf *p,
    const ProtobufCMessageDescriptor *type, struct slice in,
    ProtobufCMessage **out);

/** protobuf_put(out, m): append the packed message; ERR_MORE: no room. */
NODISCARD err protobuf_put(struct buf *out, const ProtobufCMessage *m);

static inline struct slice
protobuf_slice(const ProtobufCBinaryData *b)
{
	return slice_of(b->data, b->len);
}

/** protobuf_bytes(s): to pack with; protobuf-c does not write through it. */
ProtobufCBinaryData protobuf_bytes(struct slice s);
