/*
 * market.h: who for which, over many gigs and people at once, so that the sum
 * of the values is as large as can be; found by an auction, whose prices say
 * how contested a person is. A gig has seats, a person has places (how many
 * gigs at a time); an edge is a pair that may go together, with its value
 * (the ${both} of score.h). Pairs without an edge never meet.
 *
 * The result is advice over the records that one node holds: it binds nobody.
 * It carries a certificate: a bound that no assignment can exceed, computed
 * from the prices by weak duality and independent of how they were found.
 *
 * Places are whole. Weekly hours do not divide: which small gigs fill a week
 * best is a knapsack in every person (the generalised assignment problem, for
 * which no certificate like this one comes out of prices: they bound it, but
 * the best assignment may lie far below the bound). Whoever calls gives a
 * person so many places that even the longest gigs fit into the hours; so
 * nobody is promised more than there is, and hours may stay unused.
 *
 * Pure and deterministic: the same arrays give the same bytes. Memory: about
 * a byte per edge, 80 per gig and 40 per person, seat and place, beside the
 * arrays.
 * DESIGN section 7; D. Bertsekas, "Auction algorithms" (the method).
 */
#pragma once

#include "proto/base/base.h"

#define MARKET_VALUE_MAX 10000
#define MARKET_EDGES_MAX (UINT32_C(1) << 28)
#define MARKET_NOBODY    UINT32_MAX

struct market_edge {
	uint32_t person;
	int32_t value; /* 0..MARKET_VALUE_MAX; an edge of value 0 never pays */
};

/* Borrowed arrays. A gig names a person once at most. */
struct market {
	uint32_t gigs_n, people_n;
	const uint32_t *start; /* gigs_n + 1 offsets into edges; first is 0 */
	const struct market_edge *edges; /* of gig i: start[i]..start[i + 1] */
	const uint16_t *seats;           /* of each gig; NULL: one each */
	const uint16_t *places;          /* of each person; NULL: one each */
};

struct market_options {
	/*
	 * Stop when the value is proven to lie within this many millionths of
	 * the optimum; 0: until it is proven to be the optimum itself.
	 */
	uint32_t gap_ppm;
	uint64_t bids_max; /* in all rounds; 0: MARKET_BIDS_MAX */
};
#define MARKET_GAP_PPM  1000 /* 0.1 % */
#define MARKET_BIDS_MAX (UINT64_C(1) << 32)

/* One seat taken. */
struct market_pair {
	uint32_t gig, person;
	uint32_t edge; /* its place in ${edges} */
	int32_t value;
};

struct market_result {
	struct market_pair *pairs; /* by gig, then person */
	uint32_t pairs_n;
	int64_t value; /* the sum over the pairs */
	int64_t bound; /* no assignment is worth more than this, proven */
	bool within;   /* the gap asked for is proven */
	bool exact;    /* value == bound: it is an optimum */
	uint32_t rounds;
	uint64_t bids;
	/*
	 * Of each person, in points: what the next best gig would give up to
	 * have this person, as the least prices that fit the outcome say (a
	 * large market: near the least). 0: there is a place left.
	 */
	int32_t *price;
	int32_t step; /* of the round that counts, rounded up */
	/*
	 * Of each person: how many gigs would be better off with this person
	 * at price 0 than with what they have, or have it.
	 */
	uint32_t *wanted;
	/* Of each gig: the most that another seat could still be worth. */
	int32_t *spare;
};

/**
 * market_solve(m, o, out):
 * ${o} NULL: MARKET_GAP_PPM. On OK ${out} owns its arrays: market_free().
 * An auction in rounds, each with a smaller step than the one before until
 * the certificate is good enough or ${bids_max} are spent; then the best
 * round counts and ${within} is false. A round ends: each bid raises a price
 * by the step at least.
 * ERR_FORM: offsets that do not rise, an unknown person, a person twice in
 * one gig, a value out of range; ERR_LIMIT: more than MARKET_EDGES_MAX edges,
 * seats or places; ERR_NOMEM.
 */
NODISCARD err market_solve(const struct market *m,
    const struct market_options *o, struct market_result *out);
void market_free(struct market_result *r);

/**
 * market_bound(m, price):
 * The certificate for any prices >= 0, in points: the sum of all prices times
 * places, and for each gig the best it could gain beyond them with its seats.
 * No assignment of ${m} is worth more (weak duality of linear programs).
 */
int64_t market_bound(const struct market *m, const int32_t *price);

/**
 * market_greedy(m, pairs, n):
 * The best pair first, then the next that still has room; ties by gig, then as
 * its edges stand. What a list per gig comes to; at least half of the optimum. ${pairs}
 * has room for every seat. Returns the value; ERR_NOMEM as -1.
 */
int64_t market_greedy(
    const struct market *m, struct market_pair *pairs, uint32_t *n);
