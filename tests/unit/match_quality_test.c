/*
 * Does the score find the right demand? A small form of task T2, of which
 * `./dev eval t2` prints the whole: people made from ESCO occupations look for
 * the demand of their own among all. Needs the data beside the source folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/eval/eval.h"
#include "tests/eval/t2.h"

#define QUERIES 40

struct means {
	double coverage, fit, both;
};

static void
measure(const struct esco *e, const struct esco_person *s, struct means *out)
{
	static double coverage[4096], fit[4096], both[4096];
	uint64_t seed = 7;

	assert_true(e->occupations_n <= 4096);
	*out = (struct means){ 0 };
	for (int q = 0; q < QUERIES; q++) {
		const size_t of = (size_t)eval_chance(&seed, e->occupations_n);
		struct card c;
		esco_person(e, s, of, &seed, &c);
		for (size_t i = 0; i < e->occupations_n; i++)
			coverage[i] = t2_coverage(&e->postings[i], &c);
		t2_ours(&e->m, e->postings, e->occupations_n, &c, fit, both);
		out->coverage += t2_mark(e, of, coverage).mrr / QUERIES;
		out->fit += t2_mark(e, of, fit).mrr / QUERIES;
		out->both += t2_mark(e, of, both).mrr / QUERIES;
	}
}

static void
test_quality(void **state)
{
	static const struct esco_person settings[] = {
		{ 60, 30, 0 },
		{ 30, 50, 40 },
		{ 15, 50, 60 },
	};
	struct esco *e = esco_open();

	(void)state;
	if (e == NULL) {
		print_message("SKIP match/data: no ../shared/data\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct esco_person *s = &settings[i];
		struct means r;
		measure(e, s, &r);
		print_message("keep %u noise %u drift %u: mean reciprocal "
			      "rank: coverage %.3f, fit %.3f, both %.3f\n",
		    s->keep, s->noise, s->drift, r.coverage, r.fit, r.both);
		/* where all use the same words there is little to gain */
		assert_true(r.both > r.coverage);
		assert_true(r.both > (s->drift == 0 ? 0.8 : 0.2));
	}
	esco_close(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quality),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
