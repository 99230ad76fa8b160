#include "proto/base/varint.h"

err
varint_get(struct slice in, uint64_t *v, size_t *used)
{
	uint64_t x = 0;

	for (size_t i = 0; i < VARINT_MAX; i++) {
		if (i == in.n)
			return ERR_MORE;
		x |= (uint64_t)(in.p[i] & 0x7f) << (7 * i);
		if ((in.p[i] & 0x80) != 0)
			continue;
		if (i > 0 && in.p[i] == 0)
			return ERR_PEER;
		*v = x;
		*used = i + 1;
		return OK;
	}
	return ERR_PEER;
}

size_t
varint_len(uint64_t v)
{
	size_t n = 1;

	while (v >= 0x80) {
		v >>= 7;
		n++;
	}
	return n;
}

err
varint_put(struct buf *b, uint64_t v)
{
	uint8_t raw[10];
	size_t n = 0;

	ASSERT(v >> 63 == 0);
	while (v >= 0x80) {
		raw[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	raw[n++] = (uint8_t)v;
	return buf_put(b, raw, n);
}
