/*
 * Learning paths: the cheapest set among 400 courses for gaps of 8 to 20
 * skills, beside greedy and, where it is installed, GLPK; processor time.
 */
#include "tests/bench/bench.h"
#include "tests/unit/path_glpk.h"

#define COURSES 400
#define ROUNDS  20

/* As in match_world.c, which is not linked here. */
uint64_t
chance(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 11) % below;
}

static struct cover_offer offers[COURSES];
static uint16_t free_h[COVER_WEEKS_MAX];
static struct cover_answer answer;

struct sums {
	double ours, slowest, greedy, glpk, ratio, worst;
	unsigned exact, differ, points;
};

static void
one(unsigned gap, bool needs, uint64_t *seed, struct sums *s)
{
	struct cover_problem p = { .offers = offers,
		.offers_n = COURSES,
		.free_h = free_h,
		.weeks_n = COVER_WEEKS_MAX,
		.goal = (UINT64_C(1) << gap) - 1 };
	struct cover_way way;
	uint64_t lower;

	random_cover(seed, gap, needs, COURSES, offers);
	double t = thread_now();
	must(cover_solve(&p, &answer) == OK, "cover_solve");
	t = thread_now() - t;
	s->ours += t;
	s->slowest = t > s->slowest ? t : s->slowest;
	s->exact += answer.exact;
	s->points += answer.found;
	t = thread_now();
	must(cover_greedy(&p, false, &way, &lower), "cover_greedy");
	s->greedy += thread_now() - t;
	const double ratio = (double)way.cost / (double)answer.ways[0].cost;
	s->ratio += ratio;
	s->worst = ratio > s->worst ? ratio : s->worst;
#ifdef OHCN_GLPK
	t = thread_now();
	const uint64_t best = glpk_cheapest(&p);
	s->glpk += thread_now() - t;
	s->differ += best != answer.ways[0].cost;
#endif
}

static void
row(unsigned gap, bool needs)
{
	struct sums s = { 0 };
	uint64_t seed = 88172645463325252U + gap;
	char name[40];

	for (unsigned i = 0; i < ROUNDS; i++)
		one(gap, needs, &seed, &s);
	(void)snprintf(
	    name, sizeof(name), "path.gap%u%s", gap, needs ? ".needs" : "");
	if (bench_json) {
		printf("{\"name\": \"%s\", \"unit\": \"ms\", \"value\": %.4f, "
		       "\"slowest\": %.4f, \"exact\": %u, \"of\": %d, "
		       "\"greedy_ms\": %.4f, \"greedy_ratio\": %.4f, "
		       "\"glpk_ms\": %.4f, \"differ\": %u}\n",
		    name, s.ours / ROUNDS * 1e3, s.slowest * 1e3, s.exact,
		    ROUNDS, s.greedy / ROUNDS * 1e3, s.ratio / ROUNDS,
		    s.glpk / ROUNDS * 1e3, s.differ);
		return;
	}
	printf("%-18s %9.3f %9.3f %6u/%d %7.1f %9.3f %7.3f %7.3f", name,
	    s.ours / ROUNDS * 1e3, s.slowest * 1e3, s.exact, ROUNDS,
	    (double)s.points / ROUNDS, s.greedy / ROUNDS * 1e3,
	    s.ratio / ROUNDS, s.worst);
#ifdef OHCN_GLPK
	printf(" %9.3f %6u\n", s.glpk / ROUNDS * 1e3, s.differ);
#else
	printf(" %9s %6s\n", "-", "-");
#endif
}

int
main(int argc, char **argv)
{
	bench_json = argc > 1 && strcmp(argv[1], "--json") == 0;
	for (unsigned w = 0; w < COVER_WEEKS_MAX; w++)
		free_h[w] = 40;
	if (!bench_json)
		printf("%-18s %9s %9s %9s %7s %9s %7s %7s %9s %6s\n",
		    "400 courses", "ms", "slowest", "exact", "points",
		    "greedy ms", "/opt", "worst", "GLPK ms", "differ");
	for (unsigned gap = 8; gap <= 20; gap += 4) {
		row(gap, false);
		row(gap, true);
	}
#ifndef OHCN_GLPK
	if (!bench_json)
		printf("SKIP path/glpk: libglpk-dev is not installed\n");
#endif
	return 0;
}
