#include "proto/libp2p/kad_message.h"

#include "proto/base/varint.h"
#include "proto/libp2p/libp2p.pb-c.h"
#include "proto/libp2p/multiaddr.h"
#include "proto/libp2p/protobuf.h"

/* Enough for 20 contacts with 16 addresses each; a peer's claims end here. */
#define UNPACKED_MAX 65536
#define CONNECTED    1

bool
kad_contact_add(struct kad_contact *c, struct slice addr)
{
	struct peer_id id;

	if (addr.n == 0 || addr.n > MULTIADDR_MAX ||
	    multiaddr_check(addr) != OK)
		return false;
	const err e = multiaddr_peer(addr, &id);
	if (e == OK && !peer_id_eq(&id, &c->id))
		return false;
	if (e != OK && e != ERR_NOTFOUND)
		return false;
	addr = multiaddr_strip_peer(addr);
	if (addr.n == 0 || addr.n > UINT8_MAX || c->addrs_n == KAD_ADDRS_MAX ||
	    addr.n + 1 > sizeof(c->addrs) - c->used)
		return false;
	for (uint32_t i = 0; i < c->addrs_n; i++)
		if (slice_eq(kad_contact_addr(c, i), addr))
			return false;
	c->addrs[c->used++] = (uint8_t)addr.n;
	memcpy(c->addrs + c->used, addr.p, addr.n);
	c->used = (uint8_t)(c->used + addr.n);
	c->addrs_n++;
	return true;
}

struct slice
kad_contact_addr(const struct kad_contact *c, uint32_t i)
{
	const uint8_t *at = c->addrs;

	ASSERT(i < c->addrs_n);
	while (i-- > 0)
		at += 1 + *at;
	return slice_of(at + 1, *at);
}

/* ---- reading ---- */

static bool
contact_get(const Libp2p__KadPeer *m, struct kad_contact *out)
{
	*out = (struct kad_contact){ 0 };
	if (!m->has_id || peer_id_parse(protobuf_slice(&m->id), &out->id) != OK)
		return false;
	out->connected = m->has_connection && m->connection == CONNECTED;
	for (size_t i = 0; i < m->n_addrs; i++)
		(void)kad_contact_add(out, protobuf_slice(&m->addrs[i]));
	return true;
}

static uint32_t
contacts_get(
    Libp2p__KadPeer **from, size_t n, struct kad_contact out[KAD_CLOSER_MAX])
{
	uint32_t kept = 0;

	for (size_t i = 0; i < n && kept < KAD_CLOSER_MAX; i++)
		kept += contact_get(from[i], &out[kept]);
	return kept;
}

err
kad_message_get(struct slice in, struct mem *mem, struct kad_message *out,
    uint8_t key[KAD_KEY_MAX])
{
	struct protobuf pb;
	ProtobufCMessage *base = NULL;

	if (in.n > KAD_MESSAGE_MAX)
		return ERR_LIMIT;
	protobuf_init(&pb, mem, UNPACKED_MAX);
	err e = protobuf_get(&pb, &libp2p__kad_message__descriptor, in, &base);
	if (e != OK)
		goto fail1;
	const Libp2p__KadMessage *m =
	    CONTAINER_OF(base, Libp2p__KadMessage, base);
	e = ERR_LIMIT;
	if (m->has_key && m->key.len > KAD_KEY_MAX)
		goto fail1;
	/* proto3 leaves a zero out. */
	out->type = m->has_type ? m->type : KAD_PUT_VALUE;
	out->key = slice_of(key, m->has_key ? m->key.len : 0);
	if (out->key.n > 0)
		memcpy(key, m->key.data, out->key.n);
	out->closer_n =
	    contacts_get(m->closer_peers, m->n_closer_peers, out->closer);
	out->providers_n = contacts_get(
	    m->provider_peers, m->n_provider_peers, out->providers);
	e = OK;
fail1:
	protobuf_fini(&pb);
	return e;
}

/* ---- writing ---- */

/* A contact as protobuf-c wants it to pack. */
struct packed {
	Libp2p__KadPeer peer;
	ProtobufCBinaryData addrs[KAD_ADDRS_MAX];
};

static void
contacts_put(const struct kad_contact *from, uint32_t n,
    struct packed packed[KAD_CLOSER_MAX], Libp2p__KadPeer *out[KAD_CLOSER_MAX])
{
	for (uint32_t i = 0; i < n; i++) {
		struct packed *p = &packed[i];
		p->peer = (Libp2p__KadPeer)LIBP2P__KAD_PEER__INIT;
		p->peer.has_id = 1;
		p->peer.id = protobuf_bytes(peer_id_slice(&from[i].id));
		p->peer.has_connection = from[i].connected;
		p->peer.connection = from[i].connected ? CONNECTED : 0;
		for (uint32_t a = 0; a < from[i].addrs_n; a++)
			p->addrs[a] =
			    protobuf_bytes(kad_contact_addr(&from[i], a));
		p->peer.n_addrs = from[i].addrs_n;
		p->peer.addrs = p->addrs;
		out[i] = &p->peer;
	}
}

/* Any message that we make fits. */
_Static_assert(
    2 * KAD_CLOSER_MAX *
		(PEER_ID_MAX + KAD_ADDRS_BYTES + KAD_ADDRS_MAX * 2 + 12) +
	    KAD_KEY_MAX + 16 <=
	KAD_MESSAGE_MAX,
    "kad message");

err
kad_message_put(struct buf *out, const struct kad_message *m)
{
	struct packed packed[2][KAD_CLOSER_MAX];
	Libp2p__KadPeer *list[2][KAD_CLOSER_MAX];
	Libp2p__KadMessage pb = LIBP2P__KAD_MESSAGE__INIT;
	const struct buf before = *out;

	ASSERT(m->closer_n <= KAD_CLOSER_MAX);
	ASSERT(m->providers_n <= KAD_CLOSER_MAX);
	ASSERT(m->key.n <= KAD_KEY_MAX);
	contacts_put(m->closer, m->closer_n, packed[0], list[0]);
	contacts_put(m->providers, m->providers_n, packed[1], list[1]);
	pb.has_type = 1;
	pb.type = m->type;
	pb.has_key = m->key.n > 0;
	pb.key = protobuf_bytes(m->key);
	pb.n_closer_peers = m->closer_n;
	pb.closer_peers = list[0];
	pb.n_provider_peers = m->providers_n;
	pb.provider_peers = list[1];

	const size_t n = libp2p__kad_message__get_packed_size(&pb);
	ASSERT(n <= KAD_MESSAGE_MAX);
	err e = varint_put(out, n);
	if (e == OK)
		e = protobuf_put(out, &pb.base);
	if (e != OK)
		*out = before;
	return e;
}
