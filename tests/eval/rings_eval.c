/*
 * rings_eval: what rings of fakes gain, beside the proved bound, in all
 * topologies, sizes and numbers of attack edges, for people and companies;
 * fails where a bound is exceeded. `./dev rings`.
 *
 * --seed N: other honest people and other targets of the attack.
 * --planted: count without budgets and caps; fails unless bounds are exceeded.
 */
#include <stdlib.h>

#include "tests/eval/rings.h"

static void
head(void)
{
	(void)printf(
	    "edges: outcomes of honest parties with fakes + attestations of "
	    "issuers for them\n"
	    "tau: the ring's in all. X: the ring's sum by part and for I; then "
	    "the bound\nP5 with that tau, and from the edges alone; the best "
	    "L of a fake, how many\nhave 0.3 or more (mark: at most as many "
	    "as attack edges)\n\n"
	    "%-14s %-7s %5s %7s %5s | %-34s | %7s %7s | %5s %4s\n",
	    "topology", "role", "fakes", "edges", "tau", "X: parts 1 2 3 4, I",
	    "bound", "edges'", "best", ">=.3");
}

int
main(int argc, char **argv)
{
	static const unsigned fakes[] = { 10, 100, 1000 };
	static const unsigned edges[] = { 0, 1, 2, 4, 8 };
	bool planted = false, json = false;
	unsigned cases = 0, exceeded = 0;
	double tightest = 0;
	uint64_t seed = 1;

	for (int i = 1; i < argc; i++) {
		planted |= strcmp(argv[i], "--planted") == 0;
		json |= strcmp(argv[i], "--json") == 0;
		if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 10);
	}
	if (!json)
		head();
	for (unsigned n = 0; n < RING_TOPOLOGIES * 2; n++) {
		for (size_t f = 0; f < ARRAY_LEN(fakes) * ARRAY_LEN(edges);
		     f++) {
			const struct ring_case c = {
				.topology = (enum ring_topology)(n / 2),
				.role = n % 2 ? LEARN_COMPANY : LEARN_PERSON,
				.fakes = fakes[f / ARRAY_LEN(edges)],
				.edges = edges[f % ARRAY_LEN(edges)],
				.seed = 1000 * seed + f,
				.unbounded = planted,
			};
			struct ring_result r;
			const err e = rings_run(&c, &r);
			if (e != OK) {
				(void)fprintf(
				    stderr, "rings: %s\n", err_name(e));
				return 1;
			}
			cases++;
			exceeded += !r.holds;
			for (unsigned i = 0; i <= LEARN_PARTS; i++) {
				if (r.bound > 0 &&
				    (double)r.gained[i] / (double)r.bound >
					tightest)
					tightest = (double)r.gained[i] /
						   (double)r.bound;
			}
			if (!json)
				rings_print(&c, &r, stdout);
		}
	}
	if (json)
		(void)printf("{\"name\":\"rings.of_bound\",\"value\":%.3f,"
			     "\"unit\":\"share\",\"goal\":1}\n",
		    tightest);
	else
		(void)printf("\n%u cases, %u exceed a bound; the most that was "
			     "gained is %.0f %% of its bound\n",
		    cases, exceeded, 100 * tightest);
	return planted ? exceeded == 0 : exceeded > 0;
}
