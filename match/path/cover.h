/*
 * path/cover.h: the arithmetic below path.h: offers give and need steps, cost
 * money and take weeks; which sets of them give all steps of the goal, and
 * which of these sets are not both dearer and slower than another? It knows
 * nothing of terms, people or records.
 *
 * A set of offers is good when it can be ordered so that each offer has the
 * steps that it needs before it, together they give the goal, and none can be
 * left out. Its cost is what the pools do not pay; offers without a price
 * count first (fewer are cheaper). Its weeks are those of path/time.h.
 *
 * Exact: branch and bound over the owed steps, best first, with the exact
 * cost-to-go where the lattice has at most ${states_max} states. If it ends
 * within its limits, the answer says so and is the optimum. Else greedy and
 * local search, with a bound that the instance proves (dual fitting).
 * The same problem gives the same answer on every machine.
 */
#pragma once

#include "proto/base/base.h"

#define COVER_STEPS_MAX  64
#define COVER_OFFERS_MAX 4097
#define COVER_POOLS_MAX  16
#define COVER_WEEKS_MAX  520
#define COVER_WAYS_MAX   5
#define COVER_COST_MAX   (UINT64_C(1) << 46)
#define COVER_HOURS_MAX  100000U
#define COVER_ANY_WEEK   UINT16_MAX
#define COVER_NEVER      UINT16_MAX

struct cover_offer {
	uint64_t gives; /* steps; with one the lower ones of the same ladder */
	uint64_t needs;
	uint64_t cost;  /* up to COVER_COST_MAX */
	uint32_t hours; /* up to COVER_HOURS_MAX */
	uint16_t start; /* week, or COVER_ANY_WEEK */
	uint16_t weeks; /* 0: at one's own pace, from ${start} on */
	uint16_t pools; /* bits: the tied pools that may pay for it */
	bool unpriced;  /* ${cost} is 0 */
};

struct cover_problem {
	uint64_t goal;
	const struct cover_offer *offers;
	size_t offers_n;        /* up to COVER_OFFERS_MAX */
	const uint16_t *free_h; /* hours that are free in each week */
	uint16_t weeks_n;       /* up to COVER_WEEKS_MAX: done by then */
	uint64_t pool;          /* pays for anything */
	uint64_t tied[COVER_POOLS_MAX];
	uint16_t tied_n;
	bool has_budget;
	uint64_t budget;
	uint32_t states_max, labels_max; /* 0: a million, 128 Ki */
};

/* A good set, in the order in which its offers start. */
struct cover_way {
	uint64_t cost, paid; /* by the person, by the pools */
	uint32_t hours;
	uint16_t unpriced, weeks, n;
	uint16_t offers[COVER_STEPS_MAX];
	uint16_t from[COVER_STEPS_MAX];
	uint16_t end[COVER_STEPS_MAX]; /* the week after the last */
};

struct cover_answer {
	uint16_t
	    ways_n;     /* 0: there is none, or (not ${exact}) none was found */
	uint16_t found; /* before all but five were left out */
	bool exact;     /* the first is the cheapest; none: there is none */
	bool whole;     /* every way of the front was found */
	uint32_t bound, bound_always; /* thousandths, 0: none is known */
	uint64_t states, labels;
	struct cover_way ways[COVER_WAYS_MAX];
};

/** cover_solve(p, out): ERR_NOMEM; a bad problem is the caller's bug. */
NODISCARD err cover_solve(
    const struct cover_problem *p, struct cover_answer *out);

/** cover_reach(p): the steps that can be reached at all. */
uint64_t cover_reach(const struct cover_problem *p);

/** cover_good(p, set, n): can it be ordered, does it give the goal? */
bool cover_good(const struct cover_problem *p, const uint16_t *set, uint16_t n);

/**
 * cover_price(p, way): sets cost, paid, unpriced and hours of its offers. The
 * tied pools pay as much as they can in any way, then the free one.
 */
void cover_price(const struct cover_problem *p, struct cover_way *way);

/* ---- parts of it, in path/greedy.c ---- */

/**
 * cover_greedy(p, way, lower):
 * Greedy by cost (by hours with ${by_hours}), then local search. ${lower}: no
 * good set has a smaller sum of prices (0 with ${by_hours}). false: none was
 * found. Neither budget nor weeks count. ERR_NOMEM is false, too.
 */
bool cover_greedy(const struct cover_problem *p, bool by_hours,
    struct cover_way *way, uint64_t *lower);

/** cover_thin(p, set, n): leave out what can be, dearest first. */
uint16_t cover_thin(const struct cover_problem *p, uint16_t *set, uint16_t n);

/** cover_harmonic(n): 1000 * H_n, rounded up. */
uint32_t cover_harmonic(unsigned n);
