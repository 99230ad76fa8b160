/*
 * Whatever a file of records holds: any split of it gives the same records
 * and the same stretches of damage, none lies outside the file, and what was
 * found is found again when it is written anew.
 */
#include <stdlib.h>

#include "proto/record/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	uint64_t records, bytes, damaged, hash, begin, end;
};

static void
note(struct sum *s, const struct record_file_item *item)
{
	if (item->event == RECORD_FILE_RECORD) {
		s->records++;
		s->bytes += item->record.n;
		for (size_t i = 0; i < item->record.n; i++)
			s->hash = s->hash * 31 + item->record.p[i];
	} else if (item->event == RECORD_FILE_DAMAGE) {
		s->damaged += item->bytes;
	}
}

static struct sum
read_all(const uint8_t *data, size_t size, size_t step, struct buf *copy)
{
	struct record_file f = { 0 };
	struct record_file_item item;
	struct sum s = { 0 };
	size_t given = MIN(step, size);

	do {
		struct slice in =
		    slice_of(data + f.offset, given - (size_t)f.offset);
		const size_t before = in.n;
		record_file_next(&f, &in, given == size, &item);
		ASSERT(in.p + in.n == data + given);
		ASSERT(f.offset + in.n == given && in.n <= before);
		note(&s, &item);
		if (item.event == RECORD_FILE_MORE) {
			ASSERT(given < size && in.n < RECORD_FILE_WINDOW);
			given += MIN(step, size - given);
		} else if (item.event == RECORD_FILE_RECORD && copy != NULL) {
			ASSERT(record_file_add(copy, item.record) == OK);
		}
	} while (item.event != RECORD_FILE_DONE);
	ASSERT(f.offset == size);
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t room = size + RECORD_FILE_HEAD_MAX + RECORD_FILE_END;
	struct buf copy = { malloc(room), 0, room };

	ASSERT(copy.p != NULL);
	ASSERT(record_file_head(&copy, slice_str("fuzz")) == OK);
	const struct sum whole = read_all(data, size, size + 1, &copy);
	ASSERT(record_file_end(&copy, whole.records) == OK);
	for (size_t step = 1; step < size; step = step * 3 + 1) {
		const struct sum s = read_all(data, size, step, NULL);
		ASSERT(s.records == whole.records && s.hash == whole.hash);
		ASSERT(s.damaged == whole.damaged);
	}
	const struct sum again = read_all(copy.p, copy.n, copy.n, NULL);
	ASSERT(again.records == whole.records && again.hash == whole.hash);
	ASSERT(again.damaged == 0);
	free(copy.p);
	return 0;
}
