/*
 * market_bench [--json]: who for which over many gigs and people: the auction
 * of match/market.h beside greedy (the best pair first) and, of the small ones
 * and where it is installed, the optimum of LEMON's network simplex. Edges: 30 per
 * gig; in "popular" some people are drawn far more often than others;
 * values 1..10000, of which a part is the person's own. "slack" has three
 * people a gig, "tight" one, "short" fewer; "equal" has the same value on
 * every edge, the worst case of an auction. The gap is the proven one; times
 * are of this thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "match/market.h"
#ifdef OHCN_LEMON
#include "tests/bench/rivals_lemon.h"
#endif

#define EDGES          30
#define LEMON_GIGS_MAX 10000 /* 100,000 take it many seconds */

static bool json;

struct sample {
	struct market m;
	uint32_t *start;
	struct market_edge *edges;
	uint16_t *seats, *places;
};

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t seed;

static uint32_t
chance(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 11) % below);
}

static void *
need(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		abort();
	return p;
}

enum shape { EVEN, POPULAR, EQUAL };

/* A gig takes a person once. */
static bool
has(const struct market_edge *e, uint32_t n, uint32_t person)
{
	for (uint32_t i = 0; i < n; i++)
		if (e[i].person == person)
			return true;
	return false;
}

static void
sample_make(struct sample *s, uint32_t gigs, uint32_t people, enum shape shape,
    uint16_t rooms)
{
	uint16_t *quality = need(people, sizeof(*quality));
	uint32_t n = 0;

	seed = 88172645463325252U;
	*s = (struct sample){ 0 };
	s->start = need(gigs + 1, sizeof(*s->start));
	s->edges = need((size_t)gigs * EDGES, sizeof(*s->edges));
	s->seats = need(gigs, sizeof(*s->seats));
	s->places = need(people, sizeof(*s->places));
	for (uint32_t j = 0; j < people; j++) {
		quality[j] = (uint16_t)chance(4000);
		s->places[j] = (uint16_t)(1 + chance(rooms));
	}
	for (uint32_t i = 0; i < gigs; i++) {
		s->seats[i] = (uint16_t)(1 + chance(rooms));
		const uint32_t from = n;
		while (n - from < EDGES) {
			uint32_t j = chance(people);
			if (shape == POPULAR) /* low numbers more often */
				j = (uint32_t)((uint64_t)j * chance(people) /
					       people);
			if (has(&s->edges[from], n - from, j))
				continue;
			s->edges[n++] = (struct market_edge){ j,
				shape == EQUAL ? 8000
					       : (int32_t)(quality[j] + 1 +
							   chance(6000)) };
		}
		s->start[i + 1] = n;
	}
	free(quality);
	s->m = (struct market){ gigs, people, s->start, s->edges,
		rooms > 1 ? s->seats : NULL, rooms > 1 ? s->places : NULL };
}

static void
sample_free(struct sample *s)
{
	free(s->start);
	free(s->edges);
	free(s->seats);
	free(s->places);
}

static void
figure(const char *name, const char *what, double value, const char *unit,
    const char *goal)
{
	if (json)
		printf("{\"name\":\"market.%s.%s\",\"value\":%.6g,"
		       "\"unit\":\"%s\"%s%s}\n",
		    name, what, value, unit,
		    goal == NULL ? "" : ",\"goal\":", goal == NULL ? "" : goal);
}

/* Another program's optimum beside ours, where it does not take too long. */
static void
beside(const char *name, const struct sample *s, const struct market_result *r)
{
#ifdef OHCN_LEMON
	if (s->m.gigs_n > LEMON_GIGS_MAX)
		return;
	const uint32_t edges = s->start[s->m.gigs_n];
	struct rival_edge *copy = need(edges, sizeof(*copy));
	for (uint32_t e = 0; e < edges; e++)
		copy[e] = (struct rival_edge){ s->edges[e].person,
			s->edges[e].value };
	const struct rival_market m = { s->m.gigs_n, s->m.people_n, s->start,
		copy, s->m.seats, s->m.places };
	const double t = now();
	const int64_t best = rival_lemon(&m);
	const double seconds = now() - t;
	free(copy);
	if (best < 0 || best < r->value || best > r->bound) {
		(void)fprintf(stderr,
		    "%s: LEMON says %lld, ours is %lld of "
		    "%lld at most\n",
		    name, (long long)best, (long long)r->value,
		    (long long)r->bound);
		abort();
	}
	const double below = (double)(best - r->value) / (double)best * 100;
	figure(name, "lemon_s", seconds, "s", NULL);
	figure(name, "below_lemon_percent", below, "%", "0.1");
	if (!json)
		printf("  LEMON's network simplex: %.3f s; ours is %.5f %% "
		       "below its optimum\n",
		    seconds, below);
#else
	(void)s;
	(void)r;
	if (!json && strcmp(name, "slack.10k") == 0)
		printf("  SKIP LEMON: liblemon-dev is not installed\n");
#endif
}

static void
run(const char *name, uint32_t gigs, uint32_t people, enum shape shape,
    uint16_t rooms, bool goal)
{
	const struct market_options o = { .gap_ppm = MARKET_GAP_PPM,
		.bids_max = UINT64_C(2000000000) };
	struct market_result r;
	struct market_pair *pairs;
	struct sample s;
	uint32_t n;

	sample_make(&s, gigs, people, shape, rooms);
	pairs = need((size_t)gigs * rooms, sizeof(*pairs));
	double t = now();
	if (market_solve(&s.m, &o, &r) != OK)
		abort();
	const double auction = now() - t;
	t = now();
	const int64_t greedy = market_greedy(&s.m, pairs, &n);
	const double sorted = now() - t;
	const double gap =
	    (double)(r.bound - r.value) / (double)MAX(r.bound, 1) * 100;
	const double lost =
	    (double)(r.value - greedy) / (double)MAX(r.value, 1) * 100;

	figure(name, "s", auction, "s", goal ? "1" : NULL);
	figure(name, "gap_percent", gap, "%", "0.1");
	figure(name, "greedy_s", sorted, "s", NULL);
	figure(name, "greedy_below_percent", lost, "%", NULL);
	if (!json)
		printf("%-16s %7u %7u %9.3f %9.5f %6u %11llu %9.3f %9.3f%s\n",
		    name, gigs, people, auction, gap, r.rounds,
		    (unsigned long long)r.bids, sorted, lost,
		    r.within ? "" : "  not proven");
	beside(name, &s, &r);
	market_free(&r);
	free(pairs);
	sample_free(&s);
}

int
main(int argc, char **argv)
{
	json = argc > 1 && strcmp(argv[1], "--json") == 0;
	if (!json)
		printf("%-16s %7s %7s %9s %9s %6s %11s %9s %9s\n", "market",
		    "gigs", "people", "s", "gap %", "rounds", "bids",
		    "greedy s", "loses %");
	run("slack.10k", 10000, 30000, EVEN, 1, false);
	run("tight.10k", 10000, 10000, EVEN, 1, false);
	run("short.10k", 10000, 7000, EVEN, 1, false);
	run("slack.100k", 100000, 300000, EVEN, 1, true);
	run("popular.100k", 100000, 300000, POPULAR, 1, true);
	run("rooms.100k", 100000, 300000, EVEN, 3, true);
	run("tight.100k", 100000, 100000, EVEN, 1, false);
	run("short.100k", 100000, 70000, EVEN, 1, false);
	run("equal.10k", 10000, 7000, EQUAL, 1, false);
	return 0;
}
