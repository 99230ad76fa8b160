#include "proto/libp2p/identify.h"

#include "proto/base/varint.h"
#include "proto/libp2p/libp2p.pb-c.h"
#include "proto/libp2p/protobuf.h"

/*
 * Unpacked, a message of 8 KiB may grow: protobuf-c keeps 16 bytes and a copy
 * for each of its fields. This much is enough for any sane one.
 */
#define UNPACKED_MAX 32768

static void
set(ProtobufCBinaryData *to, protobuf_c_boolean *has, struct slice from)
{
	if (from.p == NULL)
		return;
	*to = protobuf_bytes(from);
	*has = 1;
}

err
identify_put(struct buf *out, const struct identify *id)
{
	ProtobufCBinaryData addrs[IDENTIFY_ADDRS_MAX];
	ProtobufCBinaryData protocols[IDENTIFY_PROTOCOLS_MAX];
	Libp2p__Identify m = LIBP2P__IDENTIFY__INIT;
	const struct buf before = *out;

	ASSERT(id->addrs_n <= IDENTIFY_ADDRS_MAX);
	ASSERT(id->protocols_n <= IDENTIFY_PROTOCOLS_MAX);
	for (uint32_t i = 0; i < id->addrs_n; i++)
		addrs[i] = protobuf_bytes(id->addrs[i]);
	for (uint32_t i = 0; i < id->protocols_n; i++)
		protocols[i] = protobuf_bytes(id->protocols[i]);
	set(&m.public_key, &m.has_public_key, id->public_key);
	set(&m.observed_addr, &m.has_observed_addr, id->observed);
	set(&m.protocol_version, &m.has_protocol_version, id->protocol_version);
	set(&m.agent_version, &m.has_agent_version, id->agent);
	set(&m.signed_peer_record, &m.has_signed_peer_record, id->record);
	m.n_listen_addrs = id->addrs_n;
	m.listen_addrs = addrs;
	m.n_protocols = id->protocols_n;
	m.protocols = protocols;

	size_t n = libp2p__identify__get_packed_size(&m);
	while (n > IDENTIFY_SEND_MAX - VARINT_MAX && m.n_listen_addrs > 0) {
		m.n_listen_addrs--;
		n = libp2p__identify__get_packed_size(&m);
	}
	if (n > IDENTIFY_SEND_MAX - VARINT_MAX && id->record.p != NULL) {
		m.has_signed_peer_record = 0;
		n = libp2p__identify__get_packed_size(&m);
	}
	if (n > IDENTIFY_SEND_MAX - VARINT_MAX)
		return ERR_MORE;
	err e = varint_put(out, n);
	if (e == OK)
		e = protobuf_put(out, &m.base);
	if (e != OK)
		*out = before;
	return e;
}

void
identify_reader_init(struct identify_reader *r, struct mem *mem)
{
	*r = (struct identify_reader){ .mem = mem };
	queue_init(&r->in, mem, IDENTIFY_MESSAGE_MAX + VARINT_MAX);
}

static void
forget(struct identify_reader *r)
{
	mem_free(r->mem, r->block, UNPACKED_MAX);
	r->block = NULL;
}

void
identify_reader_fini(struct identify_reader *r)
{
	queue_fini(&r->in);
	forget(r);
}

bool
identify_at_end(const struct identify_reader *r)
{
	return r->in.n == 0;
}

static struct slice
get(protobuf_c_boolean has, const ProtobufCBinaryData *b)
{
	/* Present but empty is told from absent by the pointer. */
	return !has              ? slice_of(NULL, 0)
	       : b->data == NULL ? slice_of("", 0)
				 : protobuf_slice(b);
}

static err
unpack(struct identify_reader *r, struct slice in, struct identify *out)
{
	struct protobuf pb;
	ProtobufCMessage *base = NULL;

	r->block = mem_alloc(r->mem, UNPACKED_MAX);
	if (r->block == NULL)
		return ERR_LIMIT;
	protobuf_init_block(&pb, r->block, UNPACKED_MAX);
	TRY(protobuf_get(&pb, &libp2p__identify__descriptor, in, &base));
	const Libp2p__Identify *m = CONTAINER_OF(base, Libp2p__Identify, base);
	*out = (struct identify){
		.public_key = get(m->has_public_key, &m->public_key),
		.agent = get(m->has_agent_version, &m->agent_version),
		.protocol_version =
		    get(m->has_protocol_version, &m->protocol_version),
		.observed = get(m->has_observed_addr, &m->observed_addr),
		.record =
		    get(m->has_signed_peer_record, &m->signed_peer_record),
	};
	for (size_t i = 0; i < m->n_listen_addrs; i++)
		if (out->addrs_n < IDENTIFY_ADDRS_MAX)
			out->addrs[out->addrs_n++] =
			    protobuf_slice(&m->listen_addrs[i]);
	for (size_t i = 0; i < m->n_protocols; i++)
		if (out->protocols_n < IDENTIFY_PROTOCOLS_MAX)
			out->protocols[out->protocols_n++] =
			    protobuf_slice(&m->protocols[i]);
	return OK;
}

/* Bytes of the message at the front, head included; 0: not known yet. */
static err
length(const struct identify_reader *r, size_t *head, size_t *n)
{
	uint64_t len = 0;
	const err e = varint_get(queue_peek(&r->in), &len, head);

	*n = 0;
	if (e == ERR_MORE)
		return OK;
	TRY(e);
	if (len > IDENTIFY_MESSAGE_MAX)
		return ERR_LIMIT;
	*n = *head + (size_t)len;
	return OK;
}

err
identify_recv(struct identify_reader *r, struct slice *in, struct identify *out)
{
	size_t head = 0, n = 0;

	forget(r);
	while (in->n > 0) {
		TRY(length(r, &head, &n));
		const size_t want = n == 0 ? 1 : MIN(in->n, n - r->in.n);
		TRY(queue_put(&r->in, in->p, want));
		slice_skip(in, want);
		TRY(length(r, &head, &n));
		if (n == 0 || r->in.n < n)
			continue;
		if (++r->messages > IDENTIFY_MESSAGES_MAX)
			return ERR_LIMIT;
		const err e = unpack(
		    r, slice_of(queue_peek(&r->in).p + head, n - head), out);
		queue_skip(&r->in, n);
		return e;
	}
	return ERR_MORE;
}
