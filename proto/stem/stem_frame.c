#include "proto/base/varint.h"
#include "proto/stem/stem_internal.h"

static const size_t sizes[] = STEM_SIZES;

size_t
stem_frame_size(size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (varint_len(n) + n <= sizes[i])
			return sizes[i];
	return 0;
}

void
stem_frame_put(uint8_t *out, struct slice record)
{
	const size_t size = stem_frame_size(record.n);
	struct buf b = { out, 0, size };

	ASSERT(size > 0);
	memset(out, 0, size);
	ASSERT(varint_put(&b, record.n) == OK);
	ASSERT(buf_put(&b, record.p, record.n) == OK);
}

err
stem_frame_get(struct slice in, struct slice *record)
{
	uint64_t n = 0;
	size_t used = 0;

	TRY(varint_get(in, &n, &used));
	if (n == 0 || n > RECORD_BYTES_MAX)
		return ERR_PEER;
	const size_t size = stem_frame_size((size_t)n);
	ASSERT(size > 0);
	if (in.n < size)
		return ERR_MORE;
	*record = slice_of(in.p + used, (size_t)n);
	for (size_t i = used + (size_t)n; i < size; i++)
		if (in.p[i] != 0)
			return ERR_PEER;
	return in.n == size ? OK : ERR_PEER;
}
