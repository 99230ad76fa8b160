/*
 * prng.h: random numbers of the simulator: splitmix64. Each concern draws
 * from a stream of its own that follows from the seed, so that one more draw
 * in one of them leaves all others as they were.
 */
#pragma once

#include "proto/base/base.h"

struct prng {
	uint64_t state;
};

/* The streams; that of node i is PRNG_NODE + i. */
enum prng_stream {
	PRNG_SWARM, /* what world it is */
	PRNG_NET,   /* latencies, splits */
	PRNG_FAULT,
	PRNG_WORK, /* what is published, when and by whom */
	PRNG_ATTACK,
	PRNG_NODE = 1000,
};

/** prng_of(seed, stream): independent for all practical purposes. */
struct prng prng_of(uint64_t seed, uint64_t stream);

/** prng_next(p): 64 bits. */
uint64_t prng_next(struct prng *p);

/** prng_below(p, n): in [0, n), n > 0. */
uint64_t prng_below(struct prng *p, uint64_t n);

/** prng_between(p, low, high): in [low, high]. */
uint64_t prng_between(struct prng *p, uint64_t low, uint64_t high);

/** prng_chance(p, permille): true so often. */
bool prng_chance(struct prng *p, unsigned permille);

/** prng_fill(p, out, n): n bytes. */
void prng_fill(struct prng *p, uint8_t *out, size_t n);

/** prng_mix(a, b): one number of two: for hashes over a history. */
uint64_t prng_mix(uint64_t a, uint64_t b);
