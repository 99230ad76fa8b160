#include "proto/libp2p/peer_record.h"

#include "crypto/crypto.h"
#include "proto/libp2p/libp2p.pb-c.h"
#include "proto/libp2p/protobuf.h"

#define DOMAIN "libp2p-peer-record"

static const uint8_t type[] = { 0x03, 0x01 };

err
peer_record_seal(struct buf *out, const uint8_t *secret, uint64_t seq,
    const struct slice *addrs, uint32_t n)
{
	const struct peer_id id = peer_id_of_ed25519(secret + ED25519_SEED);
	Libp2p__AddressInfo infos[PEER_RECORD_ADDRS_MAX];
	Libp2p__AddressInfo *list[PEER_RECORD_ADDRS_MAX];
	Libp2p__PeerRecord m = LIBP2P__PEER_RECORD__INIT;
	uint8_t bytes[ENVELOPE_PAYLOAD_MAX];
	struct buf payload = { bytes, 0, sizeof(bytes) };

	m.has_peer_id = m.has_seq = 1;
	m.peer_id = protobuf_bytes(peer_id_slice(&id));
	m.seq = seq;
	m.addresses = list;
	for (; m.n_addresses < MIN(n, (uint32_t)PEER_RECORD_ADDRS_MAX);
	     m.n_addresses++) {
		Libp2p__AddressInfo *info = &infos[m.n_addresses];
		libp2p__address_info__init(info);
		info->has_multiaddr = 1;
		info->multiaddr = protobuf_bytes(addrs[m.n_addresses]);
		list[m.n_addresses] = info;
	}
	while (libp2p__peer_record__get_packed_size(&m) > sizeof(bytes))
		m.n_addresses--;
	TRY(protobuf_put(&payload, &m.base));
	return signed_envelope_seal(out, secret, DOMAIN,
	    slice_of(type, sizeof(type)), buf_slice(&payload));
}

err
peer_record_open(
    struct slice envelope, uint8_t room[ENVELOPE_ROOM], struct peer_record *out)
{
	ProtobufCMessage *base = NULL;
	struct protobuf pb;
	struct envelope e;

	TRY(signed_envelope_open(
	    envelope, DOMAIN, slice_of(type, sizeof(type)), room, &e));
	*out = (struct peer_record){ .id = e.signer };
	if (e.payload.n > ENVELOPE_PAYLOAD_MAX)
		return ERR_LIMIT;
	/* The room is taken once more for what is in the payload. */
	uint8_t copy[ENVELOPE_PAYLOAD_MAX];
	if (e.payload.n > 0)
		memcpy(copy, e.payload.p, e.payload.n);
	protobuf_init_block(&pb, room, ENVELOPE_ROOM);
	TRY(protobuf_get(&pb, &libp2p__peer_record__descriptor,
	    slice_of(copy, e.payload.n), &base));
	const Libp2p__PeerRecord *m =
	    CONTAINER_OF(base, Libp2p__PeerRecord, base);
	if (!m->has_peer_id || !m->has_seq)
		return ERR_PEER;
	if (!slice_eq(protobuf_slice(&m->peer_id), peer_id_slice(&out->id)))
		return ERR_AUTH;
	out->seq = m->seq;
	for (size_t i = 0;
	     i < m->n_addresses && out->addrs_n < PEER_RECORD_ADDRS_MAX; i++)
		if (m->addresses[i]->has_multiaddr)
			out->addrs[out->addrs_n++] =
			    protobuf_slice(&m->addresses[i]->multiaddr);
	return OK;
}
