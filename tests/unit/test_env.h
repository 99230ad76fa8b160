/*
 * test_env.h: a world for tests: a clock that stands still until it is set,
 * randomness from a seed, memory from the heap that counts what is alive,
 * and a log that fails the test when it says "broken".
 */
#pragma once

#include "proto/base/env.h"
#include "proto/base/mem.h"

struct test_env {
	struct env env; /* pass &t.env; it must not move */
	struct mem mem; /* pass &t.mem; no cap unless the test sets one */
	uint64_t now_ms;
	uint64_t wall_s;
	uint64_t seed;   /* state of the generator */
	size_t blocks;   /* allocations that are alive */
	uint64_t takes;  /* allocations ever made */
	size_t peak;     /* most bytes alive at once */
	unsigned broken; /* log lines of level LOG_BROKEN */
	bool loud;       /* print the log */
};

/** test_env_init(t, seed): now_ms 1000, wall_s 1800000000. */
void test_env_init(struct test_env *t, uint64_t seed);

/** test_env_check(t): aborts when memory is alive or LOG_BROKEN was said. */
void test_env_check(const struct test_env *t);

/** test_random(t): the next 64 bits of the seeded generator. */
uint64_t test_random(struct test_env *t);

/** test_below(t, n): a number in [0, n), n > 0. */
size_t test_below(struct test_env *t, size_t n);
