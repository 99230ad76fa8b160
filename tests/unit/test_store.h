/*
 * test_store.h: maps for tests: a folder that is removed again, and a map
 * that wraps another one and fails an operation of one's choice.
 */
#pragma once

#include "store/store.h"

#define TEST_PATH 256

/** test_folder_make(out): a new empty folder under /tmp. */
void test_folder_make(char out[TEST_PATH]);

/** test_folder_remove(path): it and what is in it. */
void test_folder_remove(const char *path);

enum test_backend { TEST_MEMORY, TEST_LMDB };

struct test_map {
	enum test_backend backend;
	struct map *map;
	char folder[TEST_PATH];
};

/** test_map_open(t, backend): an empty map of 256 MiB; fails the test. */
void test_map_open(struct test_map *t, enum test_backend backend);

/** test_map_reopen(t): close and open again (memory: nothing happens). */
void test_map_reopen(struct test_map *t);
void test_map_close(struct test_map *t);

/*
 * Passes everything on to ${inner}; the operation number ${fail_at} (from 1;
 * 0: none) and no other gives ERR_IO instead. A commit that fails aborts.
 */
struct test_faulty {
	struct map map; /* pass &f.map */
	struct map *inner;
	unsigned count;
	unsigned fail_at;
};

/** test_faulty_init(f, inner): map_close(&f->map) leaves ${inner} open. */
void test_faulty_init(struct test_faulty *f, struct map *inner);
