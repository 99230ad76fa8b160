#include "proto/libp2p/autonat_wire.h"

#include "proto/libp2p/libp2p.pb-c.h"

static err
get_request(const Libp2p__DialRequest *r, struct autonat_message *out)
{
	if (!r->has_nonce)
		return ERR_PEER;
	out->type = AUTONAT_REQUEST;
	out->nonce = r->nonce;
	for (size_t i = 0; i < r->n_addrs && i < AUTONAT_REQUEST_ADDRS; i++)
		out->addrs[out->addrs_n++] = protobuf_slice(&r->addrs[i]);
	return OK;
}

err
autonat_message_get(
    struct protobuf *p, struct slice body, struct autonat_message *out)
{
	ProtobufCMessage *raw = NULL;

	*out = (struct autonat_message){ 0 };
	TRY(protobuf_get(p, &libp2p__autonat_message__descriptor, body, &raw));
	const Libp2p__AutonatMessage *m = (const void *)raw;
	if (m->dial_request != NULL)
		return get_request(m->dial_request, out);
	if (m->dial_response != NULL) {
		const Libp2p__DialResponse *r = m->dial_response;
		out->type = AUTONAT_RESPONSE;
		out->status = r->has_status ? r->status : 0;
		out->index = r->has_addr_idx ? r->addr_idx : 0;
		out->dial_status = r->has_dial_status ? r->dial_status : 0;
	} else if (m->dial_data_request != NULL) {
		const Libp2p__DialDataRequest *r = m->dial_data_request;
		out->type = AUTONAT_DATA_REQUEST;
		out->index = r->has_addr_idx ? r->addr_idx : 0;
		out->bytes = r->has_num_bytes ? r->num_bytes : 0;
	} else if (m->dial_data_response != NULL) {
		out->type = AUTONAT_DATA;
		if (m->dial_data_response->has_data)
			out->data =
			    protobuf_slice(&m->dial_data_response->data);
	}
	return OK;
}

err
autonat_message_put(struct buf *out, const struct autonat_message *m)
{
	Libp2p__AutonatMessage all = LIBP2P__AUTONAT_MESSAGE__INIT;
	Libp2p__DialRequest request = LIBP2P__DIAL_REQUEST__INIT;
	Libp2p__DialResponse response = LIBP2P__DIAL_RESPONSE__INIT;
	Libp2p__DialDataRequest wanted = LIBP2P__DIAL_DATA_REQUEST__INIT;
	Libp2p__DialDataResponse data = LIBP2P__DIAL_DATA_RESPONSE__INIT;
	ProtobufCBinaryData addrs[AUTONAT_REQUEST_ADDRS];

	ASSERT(m->addrs_n <= AUTONAT_REQUEST_ADDRS);
	switch (m->type) {
	case AUTONAT_OTHER:
		break;
	case AUTONAT_REQUEST:
		for (uint32_t i = 0; i < m->addrs_n; i++)
			addrs[i] = protobuf_bytes(m->addrs[i]);
		request.addrs = addrs;
		request.n_addrs = m->addrs_n;
		request.has_nonce = 1;
		request.nonce = m->nonce;
		all.dial_request = &request;
		break;
	case AUTONAT_RESPONSE:
		response.has_status = 1;
		response.status = m->status;
		response.has_addr_idx = response.has_dial_status =
		    m->status == AUTONAT_OK;
		response.addr_idx = m->index;
		response.dial_status = m->dial_status;
		all.dial_response = &response;
		break;
	case AUTONAT_DATA_REQUEST:
		wanted.has_addr_idx = wanted.has_num_bytes = 1;
		wanted.addr_idx = m->index;
		wanted.num_bytes = m->bytes;
		all.dial_data_request = &wanted;
		break;
	case AUTONAT_DATA:
		data.has_data = 1;
		data.data = protobuf_bytes(m->data);
		all.dial_data_response = &data;
		break;
	}
	return frame_put(out, &all.base);
}

err
autonat_back_get(struct slice body, uint64_t *nonce)
{
	uint8_t block[2048];
	struct protobuf p;
	ProtobufCMessage *raw = NULL;

	protobuf_init_block(&p, block, sizeof(block));
	if (protobuf_get(&p, &libp2p__dial_back__descriptor, body, &raw) != OK)
		return ERR_PEER;
	const Libp2p__DialBack *m = (const void *)raw;
	if (!m->has_nonce)
		return ERR_PEER;
	*nonce = m->nonce;
	return OK;
}

err
autonat_back_put(struct buf *out, uint64_t nonce)
{
	Libp2p__DialBack m = LIBP2P__DIAL_BACK__INIT;

	m.has_nonce = 1;
	m.nonce = nonce;
	return frame_put(out, &m.base);
}

err
autonat_back_answer_get(struct slice body)
{
	uint8_t block[2048];
	struct protobuf p;
	ProtobufCMessage *raw = NULL;

	protobuf_init_block(&p, block, sizeof(block));
	if (protobuf_get(
		&p, &libp2p__dial_back_response__descriptor, body, &raw) != OK)
		return ERR_PEER;
	const Libp2p__DialBackResponse *m = (const void *)raw;
	return m->has_status && m->status != 0 ? ERR_PEER : OK;
}

err
autonat_back_answer_put(struct buf *out)
{
	Libp2p__DialBackResponse m = LIBP2P__DIAL_BACK_RESPONSE__INIT;

	m.has_status = 1;
	return frame_put(out, &m.base);
}
