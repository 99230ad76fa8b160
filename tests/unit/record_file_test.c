/*
 * Files of records: what was written is read, in windows of any size; of a
 * damaged file all that is sound, and where the rest lay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/record/file.h"
#include "test_env.h"
#include "test_records.h"

#define RECORDS 20

struct made {
	uint8_t bytes[2][16384];
	size_t n[2], at[RECORDS]; /* of records in the first one */
};

/* Two files with the same records, the second for another network. */
static void
make(struct made *m)
{
	for (int i = 0; i < 2; i++) {
		struct buf b = { m->bytes[i], 0, sizeof(m->bytes[i]) };
		assert_int_equal(record_file_head(&b,
				     slice_str(i == 0 ? TEST_NET : "other")),
		    OK);
		for (uint32_t k = 0; k < RECORDS; k++) {
			const struct test_record t = { .author = 1 + k % 3,
				.kind = KIND_DEMAND,
				.slot = k };
			uint8_t room[RECORD_BYTES_MAX];
			const size_t n =
			    test_record_make(&t, room, sizeof(room));
			if (i == 0)
				m->at[k] = b.n;
			assert_int_equal(
			    record_file_add(&b, slice_of(room, n)), OK);
		}
		assert_int_equal(record_file_end(&b, RECORDS), OK);
		m->n[i] = b.n;
	}
}

struct seen {
	unsigned heads, records, damages;
	uint64_t damaged; /* bytes */
	uint64_t first;   /* offset of the first damage */
	const char *why;  /* of the first one */
	uint64_t hash;
};

/* Reads with windows that grow by ${step} bytes. */
static struct seen
read_all(const uint8_t *bytes, size_t n, size_t step)
{
	struct record_file f = { 0 };
	struct record_file_item item;
	struct seen s = { 0 };
	size_t given = MIN(step, n);

	do {
		struct slice in =
		    slice_of(bytes + f.offset, given - (size_t)f.offset);
		record_file_next(&f, &in, given == n, &item);
		if (item.event == RECORD_FILE_MORE) {
			assert_true(given < n);
			given = MIN(given + step, n);
		} else if (item.event == RECORD_FILE_NET) {
			s.heads++;
		} else if (item.event == RECORD_FILE_RECORD) {
			s.records++;
			for (size_t i = 0; i < item.record.n; i++)
				s.hash = s.hash * 31 + item.record.p[i];
		} else if (item.event == RECORD_FILE_DAMAGE) {
			if (s.damages == 0) {
				s.first = item.offset;
				s.why = item.why;
			}
			s.damages++;
			s.damaged += item.bytes;
		}
	} while (item.event != RECORD_FILE_DONE);
	assert_int_equal(f.offset, n);
	assert_int_equal(f.records, s.records);
	return s;
}

static void
test_sound(void **state)
{
	static struct made m;
	static uint8_t both[2 * sizeof(m.bytes[0])];

	(void)state;
	make(&m);
	memcpy(both, m.bytes[0], m.n[0]);
	memcpy(both + m.n[0], m.bytes[1], m.n[1]);
	const struct seen whole = read_all(both, m.n[0] + m.n[1], SIZE_MAX / 2);
	assert_int_equal(whole.heads, 2);
	assert_int_equal(whole.records, 2 * RECORDS);
	assert_int_equal(whole.damages, 0);
	for (size_t step = 1; step < 800; step += step < 40 ? 1 : 97) {
		const struct seen s = read_all(both, m.n[0] + m.n[1], step);
		assert_int_equal(s.damages, 0);
		assert_int_equal(s.records, 2 * RECORDS);
		assert_int_equal(s.hash, whole.hash);
	}
}

/* Cut anywhere: what lies before the cut is there, and it is told. */
static void
test_cut(void **state)
{
	static struct made m;

	(void)state;
	make(&m);
	for (size_t n = 0; n < m.n[0]; n++) {
		const struct seen s = read_all(m.bytes[0], n, 500);
		unsigned whole = 0;
		while (whole < RECORDS &&
		       (whole + 1 < RECORDS ? m.at[whole + 1]
					    : m.n[0] - RECORD_FILE_END) <= n)
			whole++;
		assert_int_equal(s.records, whole);
		assert_true(s.damages > 0);
		assert_true(s.first <= n);
	}
}

/* A byte that is wrong costs one record at most; a longer stretch its own. */
static void
test_garbled(void **state)
{
	static struct made m;
	static uint8_t bad[sizeof(m.bytes[0])];

	(void)state;
	make(&m);
	const size_t from = m.at[0], to = m.n[0] - RECORD_FILE_END;
	for (size_t at = from; at < to; at++) {
		for (unsigned bit = 0; bit < 8; bit += 3) {
			memcpy(bad, m.bytes[0], m.n[0]);
			bad[at] ^= (uint8_t)(1U << bit);
			const struct seen s = read_all(bad, m.n[0], 777);
			assert_in_range(s.records, RECORDS - 1, RECORDS);
			assert_int_equal(s.damages > 0, s.records < RECORDS);
		}
	}
	for (size_t n = 10; n < to - from; n += 131) {
		memcpy(bad, m.bytes[0], m.n[0]);
		memset(bad + from, 0xff, n);
		const struct seen s = read_all(bad, m.n[0], 4096);
		unsigned touched = 1;
		while (touched < RECORDS && m.at[touched] < from + n)
			touched++;
		assert_in_range(s.records, RECORDS - touched, RECORDS);
		assert_int_equal(s.first, from);
	}
}

static void
test_refused(void **state)
{
	static struct made m;
	static uint8_t bad[2 * sizeof(m.bytes[0])];
	struct seen s;

	(void)state;
	make(&m);
	s = read_all((const uint8_t *)"", 0, 1);
	assert_string_equal(s.why, "the file is empty");
	s = read_all((const uint8_t *)"hello, these are no records", 27, 3);
	assert_string_equal(s.why, "this is no file of records");
	assert_int_equal(s.damaged, 27);
	memcpy(bad, m.bytes[0], m.n[0]);
	bad[8] = 2;
	s = read_all(bad, m.n[0], 99999);
	assert_string_equal(s.why, "the file is of another version");
	assert_int_equal(s.records, 0);
	/* a record is missing as a whole: the end tells */
	memcpy(bad, m.bytes[0], m.at[3]);
	memcpy(bad + m.at[3], m.bytes[0] + m.at[4], m.n[0] - m.at[4]);
	s = read_all(bad, m.n[0] - (m.at[4] - m.at[3]), 99999);
	assert_string_equal(s.why, "records are missing before the end");
	assert_int_equal(s.records, RECORDS - 1);
	/* the first of two files has no end */
	memcpy(bad, m.bytes[0], m.n[0] - RECORD_FILE_END);
	memcpy(bad + m.n[0] - RECORD_FILE_END, m.bytes[1], m.n[1]);
	s = read_all(bad, m.n[0] + m.n[1] - RECORD_FILE_END, 99999);
	assert_string_equal(s.why, "the end of the file before it lacks");
	assert_int_equal(s.records, 2 * RECORDS);
	assert_int_equal(s.damages, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_garbled),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
