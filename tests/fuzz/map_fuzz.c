/*
 * The two maps of store/ side by side: the bytes are a program of puts,
 * deletions, look-ups, cursors, readers, commits and aborts. LMDB and memory
 * answer the same at each step, a reader sees what was there when it began,
 * and what is left in the end is the same. LMDB is emptied, not made anew,
 * so that it also lives long.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/test_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TABLES 3

struct program {
	const uint8_t *p;
	size_t n;
};

/* One backend and what is open in it. */
struct side {
	struct map *map;
	struct map_txn *write, *read;
	struct map_cursor *cursor; /* of the writer */
};

static struct test_map lmdb;
static uint8_t value[MAP_VALUE_MAX];

static uint8_t
take(struct program *p)
{
	if (p->n == 0)
		return 0;
	p->n--;
	return *p->p++;
}

static void
clean_up(void)
{
	test_map_close(&lmdb);
}

static void
empty(struct map *m)
{
	struct map_txn *t;
	struct map_cursor *c;
	struct slice key, v;

	ASSERT(map_begin(m, true, &t) == OK);
	for (unsigned table = 0; table < TABLES; table++) {
		ASSERT(map_cursor_open(t, table, &c) == OK);
		while (map_cursor_seek(c, slice_of(NULL, 0), &key, &v) == OK) {
			uint8_t copy[MAP_KEY_MAX];
			memcpy(copy, key.p, key.n);
			ASSERT(map_del(t, table, slice_of(copy, key.n)) == OK);
		}
		map_cursor_close(c);
	}
	ASSERT(map_commit(t) == OK);
}

/* Few keys, so that they meet: of 1 to 64 bytes, some prefixes of others. */
static struct slice
key_of(struct program *p, uint8_t raw[MAP_KEY_MAX])
{
	const uint8_t b = take(p);
	const size_t n = b & 0x80 ? 1 + (size_t)(b & 63) : 1 + (size_t)(b & 1);

	memset(raw, b & 0x80 ? 7 : b >> 3, n);
	raw[n - 1] = (uint8_t)(b >> 1);
	return slice_of(raw, n);
}

static struct slice
value_of(struct program *p)
{
	const uint8_t a = take(p), b = take(p);
	const size_t n = a < 200 ? a / 4 : MIN((size_t)b * 90, MAP_VALUE_MAX);

	memset(value, b, n);
	return slice_of(value, n);
}

static void
check_pair(const struct slice *a, const struct slice *b)
{
	ASSERT(slice_eq(a[0], b[0]) && slice_eq(a[1], b[1]));
}

static void
end(struct side *s, bool keep)
{
	map_cursor_close(s->cursor);
	s->cursor = NULL;
	if (s->write == NULL)
		return;
	if (keep)
		ASSERT(map_commit(s->write) == OK);
	else
		map_abort(s->write);
	s->write = NULL;
}

static err
walk(struct side *s, uint8_t how, struct slice from, struct slice pair[2])
{
	switch (how % 4) {
	case 0:
		return map_cursor_seek(s->cursor, from, &pair[0], &pair[1]);
	case 1:
		return map_cursor_prev(s->cursor, &pair[0], &pair[1]);
	default:
		return map_cursor_next(s->cursor, &pair[0], &pair[1]);
	}
}

/* One step on one side; what it gave goes into ${pair}. */
static err
step(struct side *s, uint8_t op, struct program *p, struct slice pair[2])
{
	uint8_t raw[MAP_KEY_MAX];
	const unsigned table = (op >> 4) % TABLES;
	struct slice key;

	pair[0] = pair[1] = slice_of(NULL, 0);
	if (s->write == NULL)
		ASSERT(map_begin(s->map, true, &s->write) == OK);
	switch (op % 10) {
	case 0:
	case 1:
	case 2:
		key = key_of(p, raw);
		return map_put(s->write, table, key, value_of(p),
		    op & 0x80 ? MAP_APPEND : MAP_PUT);
	case 3:
		return map_del(s->write, table, key_of(p, raw));
	case 4:
		return map_get(s->write, table, key_of(p, raw), &pair[1]);
	case 5:
		end(s, (op & 0x80) == 0);
		return OK;
	case 6:
		map_cursor_close(s->cursor);
		return map_cursor_open(s->write, table, &s->cursor);
	case 7:
		map_abort(s->read);
		return map_begin(s->map, false, &s->read);
	case 8:
		return s->read == NULL
			   ? OK
			   : map_get(s->read, table, key_of(p, raw), &pair[1]);
	default:
		if (s->cursor == NULL)
			return OK;
		return walk(s, op >> 4, key_of(p, raw), pair);
	}
}

static void
compare_all(struct side s[2])
{
	struct map_txn *t[2];
	struct map_cursor *c[2];

	for (unsigned i = 0; i < 2; i++)
		ASSERT(map_begin(s[i].map, false, &t[i]) == OK);
	for (unsigned table = 0; table < TABLES; table++) {
		struct slice pair[2][2] = { 0 };
		err e[2] = { OK, OK };
		for (unsigned i = 0; i < 2; i++)
			ASSERT(map_cursor_open(t[i], table, &c[i]) == OK);
		while (e[0] == OK) {
			for (unsigned i = 0; i < 2; i++)
				e[i] = map_cursor_next(
				    c[i], &pair[i][0], &pair[i][1]);
			ASSERT(e[0] == e[1]);
			if (e[0] == OK)
				check_pair(pair[0], pair[1]);
		}
		ASSERT(e[0] == ERR_NOTFOUND);
		for (unsigned i = 0; i < 2; i++)
			map_cursor_close(c[i]);
	}
	for (unsigned i = 0; i < 2; i++)
		map_abort(t[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct program p = { data, size };
	struct side s[2] = { 0 };

	if (size > 1 << 14)
		return 0;
	if (lmdb.map == NULL) {
		test_map_open(&lmdb, TEST_LMDB);
		ASSERT(atexit(clean_up) == 0);
	}
	empty(lmdb.map);
	s[0].map = lmdb.map;
	ASSERT(map_memory_open(256 << 20, &s[1].map) == OK);
	while (p.n > 0) {
		const uint8_t op = take(&p);
		struct program again = p;
		struct slice pair[2][2];
		const err a = step(&s[0], op, &p, pair[0]);
		const err b = step(&s[1], op, &again, pair[1]);
		ASSERT(a == b);
		check_pair(pair[0], pair[1]);
	}
	for (unsigned i = 0; i < 2; i++) {
		map_abort(s[i].read);
		end(&s[i], true);
	}
	compare_all(s);
	map_close(s[1].map);
	return 0;
}
