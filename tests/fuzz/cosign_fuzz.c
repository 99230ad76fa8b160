/*
 * What a co-signature stands for does not depend on the co-signatures: the id
 * of a payload is that of the payload without them, which is canonical too.
 */
#include <stdlib.h>

#include "proto/record/cosign.h"
#include "proto/record/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];
static uint8_t more_bytes[RECORD_SCRATCH_BYTES];
static uint8_t rest_bytes[RECORD_BODY_MAX];

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t author[RECORD_AUTHOR] = { 1 };
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	struct arena more = arena_of(more_bytes, sizeof(more_bytes));
	struct buf rest = { rest_bytes, 0, sizeof(rest_bytes) };
	uint8_t id[COSIGN_ID], again[COSIGN_ID];
	struct value map;
	uint32_t n = 0;

	if (cosign_id(KIND_COURSE, author, "de", 1, 0, slice_of(data, size),
		&scratch, id) != OK)
		return 0;
	ASSERT(value_parse(slice_of(data, size), &more, &map) == OK);
	ASSERT(map.type == VALUE_MAP);
	for (uint32_t i = 0; i < map.n; i++) {
		if (map.items[2 * i].u == COSIGN_KEY)
			continue;
		map.items[2 * n] = map.items[2 * i];
		map.items[2 * n + 1] = map.items[2 * i + 1];
		n++;
	}
	map.n = n;
	ASSERT(value_write(&map, &rest) == OK);
	ASSERT(cosign_id(KIND_COURSE, author, "de", 1, 0, buf_slice(&rest),
		   &scratch, again) == OK);
	ASSERT(memcmp(id, again, sizeof(id)) == 0);
	ASSERT(cosign_id(KIND_PATHWAY, author, "de", 1, 0, buf_slice(&rest),
		   &scratch, again) == OK);
	ASSERT(memcmp(id, again, sizeof(id)) != 0);
	return 0;
}
