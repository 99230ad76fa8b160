/*
 * Any bytes as the file of a store: the page check ends and stays within
 * them; where it finds nothing wrong the pages add up; what is salvaged lies
 * in the file. The corpus has pages of 512 bytes, which LMDB itself would not
 * choose on our machines, so that a small file has all there is.
 */
#include <stdlib.h>

#include "store/pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
	uint64_t faults;
	struct slice file;
};

static void
on_fault(void *ctx, const char *text)
{
	struct told *t = ctx;

	ASSERT(text[0] != '\0');
	t->faults++;
}

static bool
on_value(void *ctx, struct slice key, struct slice value)
{
	const struct told *t = ctx;
	const uint8_t *end = t->file.p + t->file.n;

	ASSERT(key.n == 8 && key.p >= t->file.p && key.p + key.n <= end);
	ASSERT(value.n >= 4 && value.p >= t->file.p &&
	       value.n <= (size_t)(end - value.p));
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct told t = { .file = slice_of(data, size) };
	struct pages_report r, again;
	uint64_t found;

	ASSERT(pages_check(t.file, on_fault, NULL, &t, &r) == OK);
	ASSERT(t.faults == MIN(r.faults, 1000));
	if (r.faults == 0)
		ASSERT(r.used + r.unused + r.lost == r.pages &&
		       r.pages <= size / 512 + 64);
	ASSERT(pages_check(t.file, NULL, NULL, NULL, &again) == OK);
	ASSERT(memcmp(&r, &again, sizeof(r)) == 0);
	pages_salvage(t.file, 8, 4, on_value, &t, &found);
	return 0;
}
