/*
 * rivals_lemon.h: the assignment of match/market.h by LEMON's network simplex
 * (C++, Boost licence), which is exact; for market_bench alone.
 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As struct market, whose header C++ does not read. */
struct rival_edge {
	uint32_t person;
	int32_t value;
};
struct rival_market {
	uint32_t gigs_n, people_n;
	const uint32_t *start;
	const struct rival_edge *edges;
	const uint16_t *seats, *places; /* NULL: one each */
};

/** rival_lemon(m): the largest value that an assignment has; -1: failed. */
int64_t rival_lemon(const struct rival_market *m);

#ifdef __cplusplus
}
#endif
