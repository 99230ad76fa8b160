/* What parses writes back to the same bytes; a strict prefix asks for more. */
#include <stdlib.h>

#include "proto/base/varint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t raw[VARINT_MAX + 1];
	struct buf b = { raw, 0, sizeof(raw) };
	uint64_t v = 0;
	size_t used = 0;

	if (varint_get(slice_of(data, size), &v, &used) != OK)
		return 0;
	ASSERT(used <= size && used <= VARINT_MAX);
	ASSERT(varint_put(&b, v) == OK);
	ASSERT(slice_eq(buf_slice(&b), slice_of(data, used)));
	ASSERT(varint_get(slice_of(data, used - 1), &v, &used) == ERR_MORE);
	return 0;
}
