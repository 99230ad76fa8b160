#include "proto/libp2p/gossip_rpc.h"

#define ID 32 /* bytes of a message id */

/* Protobuf's varint: up to ten bytes, need not be minimal. */
static err
get_varint(struct slice *in, uint64_t *v)
{
	uint64_t x = 0;

	for (size_t i = 0; i < 10; i++) {
		if (i >= in->n)
			return ERR_PEER;
		x |= (uint64_t)(in->p[i] & 0x7f) << (7 * i);
		if ((in->p[i] & 0x80) == 0) {
			slice_skip(in, i + 1);
			*v = x;
			return OK;
		}
	}
	return ERR_PEER;
}

static err
take(struct slice *in, uint64_t n, struct slice *out)
{
	if (n > in->n)
		return ERR_PEER;
	*out = slice_of(in->p, (size_t)n);
	slice_skip(in, (size_t)n);
	return OK;
}

err
rpc_field_next(struct slice *in, struct rpc_field *f)
{
	uint64_t tag = 0;

	if (in->n == 0)
		return ERR_MORE;
	TRY(get_varint(in, &tag));
	/* A number that cannot be is an unknown field, as to protobuf-c. */
	*f = (struct rpc_field){ .number = (uint32_t)MIN(tag >> 3, UINT32_MAX),
		.wire = (uint8_t)(tag & 7) };
	switch (f->wire) {
	case WIRE_VARINT:
		return get_varint(in, &f->value);
	case WIRE_FIXED64:
		return take(in, 8, &f->bytes);
	case WIRE_BYTES:
		TRY(get_varint(in, &f->value));
		return take(in, f->value, &f->bytes);
	case WIRE_FIXED32:
		return take(in, 4, &f->bytes);
	default: /* groups went out of use before libp2p began */
		return ERR_PEER;
	}
}

/* What cannot fail: the caller made room by the matching x_size(). */
static void
put(struct buf *b, const void *p, size_t n)
{
	const err e = buf_put(b, p, n);
	ASSERT(e == OK);
}

/* All 64 bits, where multiformats' varint has 63. */
static void
put_varint(struct buf *b, uint64_t v)
{
	uint8_t raw[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		raw[n++] = (uint8_t)(v | 0x80);
	raw[n++] = (uint8_t)v;
	put(b, raw, n);
}

static size_t
varint_size(uint64_t v)
{
	size_t n = 1;

	for (; v >= 0x80; v >>= 7)
		n++;
	return n;
}

/* The head of a field that holds n bytes; all our field numbers are small. */
static void
put_head(struct buf *b, uint32_t number, size_t n)
{
	put_varint(b, (uint64_t)number << 3 | WIRE_BYTES);
	put_varint(b, n);
}

static void
put_bytes(struct buf *b, uint32_t number, struct slice s)
{
	put_head(b, number, s.n);
	put(b, s.p, s.n);
}

static size_t
field_size(size_t n)
{
	return 1 + varint_size(n) + n;
}

static size_t
frame_size(size_t n)
{
	return varint_size(n) + n;
}

size_t
rpc_subscription_size(size_t topic_n)
{
	return field_size(2 + field_size(topic_n));
}

void
rpc_subscription_put(struct buf *b, bool subscribe, struct slice topic)
{
	const size_t inner = 2 + field_size(topic.n);

	put_head(b, RPC_SUBSCRIPTION, inner);
	put_varint(b, SUB_SUBSCRIBE << 3 | WIRE_VARINT);
	put_varint(b, subscribe ? 1 : 0);
	put_bytes(b, SUB_TOPIC, topic);
}

static size_t
message_inner(size_t topic_n, size_t data_n)
{
	return field_size(data_n) + field_size(topic_n);
}

void
rpc_frame_put(struct buf *b, size_t n)
{
	put_varint(b, n);
}

size_t
rpc_message_size(size_t topic_n, size_t data_n)
{
	return frame_size(field_size(message_inner(topic_n, data_n)));
}

size_t
rpc_message_put(struct buf *b, struct slice topic, struct slice data)
{
	const size_t inner = message_inner(topic.n, data.n);
	const size_t start = b->n;

	put_varint(b, field_size(inner));
	put_head(b, RPC_PUBLISH, inner);
	put_head(b, MESSAGE_DATA, data.n);
	const size_t at = b->n - start;
	put(b, data.p, data.n);
	put_bytes(b, MESSAGE_TOPIC, topic);
	return at;
}

static size_t
ids_inner(const struct rpc_ids *ids)
{
	const size_t topic =
	    ids->kind == CONTROL_IHAVE ? field_size(ids->topic.n) : 0;

	return topic + ids->n * field_size(ID);
}

size_t
rpc_ids_size(const struct rpc_ids *ids)
{
	return frame_size(field_size(field_size(ids_inner(ids))));
}

void
rpc_ids_put(struct buf *b, const struct rpc_ids *ids)
{
	const size_t inner = ids_inner(ids);
	const bool ihave = ids->kind == CONTROL_IHAVE;

	put_varint(b, field_size(field_size(inner)));
	put_head(b, RPC_CONTROL, field_size(inner));
	put_head(b, ids->kind, inner);
	if (ihave)
		put_bytes(b, CONTROL_TOPIC, ids->topic);
	for (size_t i = 0; i < ids->n; i++)
		put_bytes(b, ihave ? IHAVE_IDS : IWANT_IDS,
		    slice_of(ids->ids + i * ID, ID));
}

void
rpc_graft_put(struct buf *b, struct slice topic)
{
	const size_t inner = field_size(topic.n);

	put_varint(b, field_size(field_size(inner)));
	put_head(b, RPC_CONTROL, field_size(inner));
	put_head(b, CONTROL_GRAFT, inner);
	put_bytes(b, CONTROL_TOPIC, topic);
}

void
rpc_prune_put(
    struct buf *b, struct slice topic, uint64_t backoff_s, struct slice peers)
{
	const size_t inner =
	    field_size(topic.n) + peers.n + 1 + varint_size(backoff_s);

	put_varint(b, field_size(field_size(inner)));
	put_head(b, RPC_CONTROL, field_size(inner));
	put_head(b, CONTROL_PRUNE, inner);
	put_bytes(b, CONTROL_TOPIC, topic);
	put(b, peers.p, peers.n);
	put_varint(b, PRUNE_BACKOFF << 3 | WIRE_VARINT);
	put_varint(b, backoff_s);
}

size_t
rpc_peer_size(struct slice id, struct slice record)
{
	return field_size(field_size(id.n) + field_size(record.n));
}

void
rpc_peer_put(struct buf *b, struct slice id, struct slice record)
{
	put_head(b, PRUNE_PEERS, field_size(id.n) + field_size(record.n));
	put_bytes(b, PRUNE_PEER_ID, id);
	put_bytes(b, PRUNE_PEER_RECORD, record);
}
