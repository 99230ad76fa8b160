#include "proto/libp2p/frame.h"

#include "proto/base/varint.h"

err
frame_get(struct slice in, size_t max, struct slice *body, size_t *used)
{
	uint64_t n = 0;
	size_t head = 0;

	TRY(varint_get(in, &n, &head));
	if (n > max)
		return ERR_PEER;
	if (in.n - head < n)
		return ERR_MORE;
	*body = slice_of(in.p + head, (size_t)n);
	*used = head + (size_t)n;
	return OK;
}

err
frame_put(struct buf *out, const ProtobufCMessage *m)
{
	const struct buf before = *out;

	err e = varint_put(out, protobuf_c_message_get_packed_size(m));
	if (e == OK)
		e = protobuf_put(out, m);
	if (e != OK)
		*out = before;
	return e;
}
