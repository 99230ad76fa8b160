#include "proto/libp2p/relay_wire.h"

#include "proto/libp2p/libp2p.pb-c.h"

static err
get_peer(const Libp2p__CircuitPeer *p, struct relay_message *out)
{
	if (p == NULL)
		return OK;
	if (!p->has_id ||
	    peer_id_parse(protobuf_slice(&p->id), &out->peer) != OK)
		return ERR_PEER;
	out->has_peer = true;
	return OK;
}

static void
get_limit(const Libp2p__CircuitLimit *l, struct relay_message *out)
{
	if (l == NULL)
		return;
	out->has_limit = true;
	out->limit_s = l->has_duration ? l->duration : 0;
	out->limit_bytes = l->has_data ? l->data : 0;
}

static void
get_reservation(const Libp2p__CircuitReservation *r, struct relay_message *out)
{
	if (r == NULL)
		return;
	out->has_reservation = true;
	out->expire_s = r->has_expire ? r->expire : 0;
	if (r->has_voucher)
		out->voucher = protobuf_slice(&r->voucher);
	for (size_t i = 0; i < r->n_addrs && i < RELAY_WIRE_ADDRS; i++)
		out->addrs[out->addrs_n++] = protobuf_slice(&r->addrs[i]);
}

err
relay_message_get(
    struct protobuf *p, bool stop, struct slice body, struct relay_message *out)
{
	ProtobufCMessage *m = NULL;

	*out = (struct relay_message){ 0 };
	TRY(protobuf_get(p,
	    stop ? &libp2p__stop_message__descriptor
		 : &libp2p__hop_message__descriptor,
	    body, &m));
	if (stop) {
		const Libp2p__StopMessage *s = (const void *)m;
		if (!s->has_type)
			return ERR_PEER;
		out->type = s->type;
		out->status = s->has_status ? s->status : 0;
		get_limit(s->limit, out);
		return get_peer(s->peer, out);
	}
	const Libp2p__HopMessage *s = (const void *)m;
	if (!s->has_type)
		return ERR_PEER;
	out->type = s->type;
	out->status = s->has_status ? s->status : 0;
	get_limit(s->limit, out);
	get_reservation(s->reservation, out);
	return get_peer(s->peer, out);
}

err
relay_message_put(struct buf *out, bool stop, const struct relay_message *m)
{
	Libp2p__HopMessage hop = LIBP2P__HOP_MESSAGE__INIT;
	Libp2p__StopMessage end = LIBP2P__STOP_MESSAGE__INIT;
	Libp2p__CircuitPeer peer = LIBP2P__CIRCUIT_PEER__INIT;
	Libp2p__CircuitLimit limit = LIBP2P__CIRCUIT_LIMIT__INIT;
	Libp2p__CircuitReservation r = LIBP2P__CIRCUIT_RESERVATION__INIT;
	ProtobufCBinaryData addrs[RELAY_WIRE_ADDRS];

	ASSERT(m->addrs_n <= RELAY_WIRE_ADDRS);
	peer.has_id = 1;
	peer.id = protobuf_bytes(peer_id_slice(&m->peer));
	limit.has_duration = limit.has_data = 1;
	limit.duration = m->limit_s;
	limit.data = m->limit_bytes;
	for (uint32_t i = 0; i < m->addrs_n; i++)
		addrs[i] = protobuf_bytes(m->addrs[i]);
	r.has_expire = 1;
	r.expire = m->expire_s;
	r.n_addrs = m->addrs_n;
	r.addrs = addrs;
	r.has_voucher = m->voucher.n > 0;
	r.voucher = protobuf_bytes(m->voucher);
	if (stop) {
		end.has_type = 1;
		end.type = m->type;
		end.has_status = m->status != 0;
		end.status = m->status;
		end.peer = m->has_peer ? &peer : NULL;
		end.limit = m->has_limit ? &limit : NULL;
		return frame_put(out, &end.base);
	}
	hop.has_type = 1;
	hop.type = m->type;
	hop.has_status = m->status != 0;
	hop.status = m->status;
	hop.peer = m->has_peer ? &peer : NULL;
	hop.limit = m->has_limit ? &limit : NULL;
	hop.reservation = m->has_reservation ? &r : NULL;
	return frame_put(out, &hop.base);
}

const char *
relay_status_text(uint32_t status)
{
	switch (status) {
	case RELAY_OK:
		return "ok";
	case RELAY_REFUSED:
		return "the relay refuses reservations";
	case RELAY_LIMIT:
		return "the relay is at a limit";
	case RELAY_DENIED:
		return "the relay does not let us";
	case RELAY_FAILED:
		return "the relay cannot reach the peer";
	case RELAY_NO_RESERVATION:
		return "the peer has no reservation at the relay";
	case RELAY_MALFORMED:
	case RELAY_UNEXPECTED:
		return "the relay did not understand us";
	default:
		return "the relay answers what we do not know";
	}
}
