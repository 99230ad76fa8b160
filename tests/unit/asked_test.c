/*
 * What the index takes a posting for before it scores it: never less than the
 * score, and the score itself where no private wishes are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "index_world.h"
#include "match/index/asked.h"

#define POSTINGS 1500

static struct world world;
static struct index_world *w;

static int
setup(void **state)
{
	uint64_t seed = 77;
	uint8_t id[RECORD_ID] = { 0 };

	(void)state;
	world_open(&world);
	w = calloc(1, sizeof(*w));
	assert_non_null(w);
	index_world_open(w, &world, INDEX_POSTINGS, 4096);
	for (uint32_t i = 0; i < POSTINGS; i++) {
		static struct posting p;
		posting_random(&world, &seed, &p);
		put_u32be(id, i);
		index_world_put_posting(w, id, &p);
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	index_world_close(w);
	free(w);
	world_close(&world);
	return 0;
}

/* A card with private wishes now and then. */
struct asking {
	struct card card;
	struct wishes wishes, *w;
	struct card_plan *plan;
	struct asked_kernel *kernel;
};

static void
asking_open(struct asking *a, uint64_t *seed, bool private)
{
	card_random(&world, seed, &a->card);
	wishes_random(&world, seed, &a->wishes);
	a->w = private ? &a->wishes : NULL;
	assert_int_equal(card_plan_new(&world.m, &a->card, a->w, &a->plan), OK);
	assert_int_equal(
	    asked_kernel_new(w->ix, a->plan, &a->card, a->w, NULL, &a->kernel),
	    OK);
}

static void
asking_close(struct asking *a)
{
	asked_kernel_free(a->kernel);
	card_plan_free(a->plan);
}

static void
test_kernel(void **state)
{
	const struct forward_form f = forward_form(world.v);
	uint8_t bytes[FORWARD_MAX];
	struct forward_posting_view v;
	uint64_t seed = 3;
	size_t equal = 0, shut = 0;

	(void)state;
	for (int k = 0; k < 40; k++) {
		struct asking a;
		asking_open(&a, &seed, k % 2 != 0);
		for (size_t i = 0; i < w->n; i += 3) {
			const struct card_plan_brief b =
			    card_plan_brief(a.plan, &w->postings[i]);
			const int32_t both =
			    score_both(b.fit.total, b.wish.total);
			const bool excluded = b.fit.excluded || b.wish.excluded;
			bool missing;
			(void)forward_put_posting(&f, &w->postings[i], bytes);
			forward_view_posting(bytes, f.wide, &v);
			const int32_t most =
			    asked_both(a.kernel, &v, -1, &missing);
			assert_true(most >= both);
			if (a.w == NULL && !v.tied)
				assert_int_equal(most, both);
			/* whom a gate keeps out was excluded, for certain */
			if (missing || !asked_passes(a.kernel, &v)) {
				assert_true(excluded);
				shut++;
			}
			equal += most == both;
			/* with something to beat it may stop early */
			const int32_t early =
			    asked_both(a.kernel, &v, both, &missing);
			assert_true(early >= both);
			assert_true(asked_both(a.kernel, &v, most + 1,
					&missing) <= most);
		}
		asking_close(&a);
	}
	assert_true(equal > 0 && shut > 0);
}

static void
test_reach(void **state)
{
	struct asked_wishes *wishes = malloc(sizeof(*wishes));
	static struct posting p;
	uint64_t seed = 4;
	int64_t above = 0, all = 0;

	(void)state;
	assert_int_equal(index_settle(w->ix), OK);
	assert_int_equal(index_load(w->ix, true), OK); /* the tail is full */
	assert_int_equal(index_load(w->ix, false), OK);
	assert_int_equal(w->ix->segments_n, 1);
	const struct segment *s = w->ix->segments[0];
	for (int k = 0; k < 30; k++) {
		struct asking a;
		asking_open(&a, &seed, k % 2 != 0);
		asked_wishes(a.kernel, wishes);
		struct asked_reach r;
		int16_t block[BLOCK_RECORDS], early[BLOCK_RECORDS];
		assert_int_equal(asked_reach_new(a.kernel, wishes, s, &r), OK);
		for (uint32_t i = 0; i < s->n; i++) {
			forward_posting(
			    &w->ix->form, s->bytes + s->offsets[i], &p);
			const struct card_plan_brief b =
			    card_plan_brief(a.plan, &p);
			const int32_t both =
			    score_both(b.fit.total, b.wish.total);
			const uint32_t in = i % BLOCK_RECORDS;
			if (in == 0)
				asked_reach_block(
				    &r, wishes, i / BLOCK_RECORDS, -1, block);
			const int32_t most = block[in];
			assert_true(most >= both);
			assert_true(r.both[i / BLOCK_RECORDS] >= most);
			assert_true(r.both[i / BLOCK_RECORDS] <= SCORE_MAX);
			/* with something to beat it may say less */
			asked_reach_block(
			    &r, wishes, i / BLOCK_RECORDS, both, early);
			assert_int_equal(early[in], most);
			asked_reach_block(
			    &r, wishes, i / BLOCK_RECORDS, most + 1, early);
			assert_int_equal(early[in], -1);
			above += most - both;
			all += both;
		}
		asked_reach_free(&r);
		asking_close(&a);
	}
	/* bounds that say nothing would be right as well */
	assert_true(above < all / 4);
	free(wishes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_reach),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
