/*
 * The index against the linear scan where a segment has several chunks
 * (match/index/cards.h): the people of the benchmarks, made again for every
 * scan from their numbers, so that nothing of the index is in what it is
 * compared with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/index/cards.h"
#include "match/index/index.h"
#include "match_world.h"
#include "tests/bench/people.h"

#define PEOPLE (2 * CHUNK_CARDS + 4000) /* three chunks */
#define NOBODY UINT32_MAX
#define MOST   50

struct crowd {
	struct people_world *w;
	struct world world; /* the same, for match_world.h */
	struct index *ix;
	uint32_t *number; /* of whom an id stands for now; NOBODY: removed */
	/* the scan */
	uint32_t at;
	const struct index_filter *filter;
	uint8_t id[RECORD_ID];
	struct card card;
};

/* Now and then somebody odd: unknown terms, skills told twice. */
static void
person(const struct crowd *c, uint32_t number, struct card *out)
{
	uint64_t seed = number + 1;

	if (number % 16 == 0)
		card_random(&c->world, &seed, out);
	else
		people_card(c->w, number, out);
}

static void
put(struct crowd *c, uint32_t i, uint32_t number)
{
	uint8_t id[RECORD_ID];

	people_id(0, i, id);
	person(c, number, &c->card);
	assert_int_equal(index_put_card(c->ix, id, &c->card), OK);
	c->number[i] = number;
}

static void
take_away(struct crowd *c, uint32_t i)
{
	uint8_t id[RECORD_ID];

	people_id(0, i, id);
	assert_int_equal(index_remove(c->ix, id), c->number[i] != NOBODY);
	c->number[i] = NOBODY;
}

static void
crowd_open(struct crowd *c, enum people_order order)
{
	struct index_limits limits = index_limits_default;
	struct index_stat stat;

	*c = (struct crowd){ .w = people_world_new(3, order, PEOPLE, false) };
	c->world = (struct world){ c->w->v, c->w->m };
	c->number = malloc(PEOPLE * sizeof(*c->number));
	assert_non_null(c->number);
	limits.seed = 11;
	assert_int_equal(
	    index_new(&c->w->m, INDEX_PEOPLE, &limits, &c->ix), OK);
	assert_int_equal(index_load(c->ix, true), OK);
	for (uint32_t i = 0; i < PEOPLE; i++)
		put(c, i, i);
	assert_int_equal(index_load(c->ix, false), OK);
	index_stat(c->ix, &stat);
	assert_int_equal(stat.segments, 1);
	assert_int_equal(stat.blocks, 3);
}

static void
crowd_close(struct crowd *c)
{
	index_free(c->ix);
	free(c->number);
	people_world_free(c->w);
}

static bool
next_person(void *ctx, struct card_item *item)
{
	struct crowd *c = ctx;

	for (; c->at < PEOPLE; c->at++) {
		if (c->number[c->at] == NOBODY)
			continue;
		person(c, c->number[c->at], &c->card);
		if (c->filter != NULL &&
		    !index_filter_card(c->filter, &c->card))
			continue;
		people_id(0, c->at++, c->id);
		*item = (struct card_item){ c->id, c->id, &c->card };
		return true;
	}
	return false;
}

/* What is best of few is the beginning of what is best of many. */
static void
compare(const struct scan_result *want, size_t want_n,
    const struct scan_result *got, size_t got_n, size_t max)
{
	assert_int_equal(got_n, MIN(want_n, max));
	for (size_t i = 0; i < got_n; i++) {
		assert_memory_equal(want[i].id, got[i].id, RECORD_ID);
		assert_int_equal(want[i].fit, got[i].fit);
		assert_int_equal(want[i].wish, got[i].wish);
		assert_int_equal(want[i].both, got[i].both);
		assert_int_equal(want[i].excluded, got[i].excluded);
		assert_int_equal(want[i].near, got[i].near);
	}
}

/* How many there were. */
static size_t
search(struct crowd *c, const struct posting *p, const struct index_filter *f,
    bool with_excluded)
{
	static const size_t many[] = { 1, 10, MOST };
	struct scan_result want[MOST], got[MOST];
	const struct card_source source = { next_person, c };
	struct index_snapshot *s;
	size_t want_n, got_n;

	c->at = 0;
	c->filter = f;
	assert_int_equal(scan_people(&c->w->m, p, &source, with_excluded, want,
			     MOST, &want_n, NULL),
	    OK);
	assert_int_equal(index_snapshot_new(c->ix, &s), OK);
	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		assert_int_equal(index_people(s, p, f, with_excluded, got,
				     many[i], &got_n, NULL),
		    OK);
		compare(want, want_n, got, got_n, many[i]);
	}
	index_snapshot_free(c->ix, s);
	return want_n;
}

/* Removals and updates all over, the newest in a tail. */
static void
change(struct crowd *c)
{
	uint64_t seed = 77;

	for (unsigned i = 0; i < 1500; i++)
		take_away(c, (uint32_t)chance(&seed, PEOPLE));
	for (uint32_t i = 0; i < 1500; i++)
		put(c, (uint32_t)chance(&seed, PEOPLE), PEOPLE + i);
}

/* Those who are best now, so that others must take their places. */
static void
remove_best(struct crowd *c, const struct posting *p)
{
	struct scan_result best[MOST];
	struct index_snapshot *s;
	size_t n;

	assert_int_equal(index_snapshot_new(c->ix, &s), OK);
	assert_int_equal(
	    index_people(s, p, NULL, false, best, MOST, &n, NULL), OK);
	index_snapshot_free(c->ix, s);
	for (uint32_t i = 0; i < PEOPLE; i++) {
		uint8_t id[RECORD_ID];
		people_id(0, i, id);
		for (size_t k = 0; k < n; k += 2) {
			if (memcmp(id, best[k].id, RECORD_ID) == 0)
				take_away(c, i);
		}
	}
}

static const char german[][3] = { "de" };
static const uint32_t swahili[] = { 0x7377 };
static const struct index_filter filters[] = {
	{ .regions = german, .regions_n = 1, .hours = 1U << 5 },
	{ .languages = swahili, .languages_n = 1, .seeks = SEEKS_TASK },
	{ .hours = 1U << 1, .remote = 1U << 3 },
};

static void
test_shuffled(void **state)
{
	struct crowd c;
	struct posting p;
	uint64_t seed = 5;
	size_t found = 0;

	(void)state;
	crowd_open(&c, PEOPLE_SHUFFLED);
	people_posting(c.w, 1, &p);
	assert_int_equal(search(&c, &p, NULL, false), MOST);
	change(&c);
	remove_best(&c, &p);
	assert_int_equal(search(&c, &p, NULL, false), MOST);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		people_posting(c.w, 2 + i, &p);
		p.requirements[i].must = true;
		found += search(&c, &p, &filters[i], i == 1);
	}
	assert_true(found > 0);
	people_posting(c.w, 9, &p);
	for (uint16_t i = 0; i < p.requirements_n; i++)
		p.requirements[i].must = i < 2;
	(void)search(&c, &p, NULL, true);
	posting_random(&c.world, &seed, &p);
	(void)search(&c, &p, NULL, true);
	crowd_close(&c);
}

static void
test_adversarial(void **state)
{
	struct crowd c;
	struct posting p;

	(void)state;
	crowd_open(&c, PEOPLE_ADVERSARIAL);
	change(&c);
	assert_int_equal(index_settle(c.ix), OK);
	for (uint64_t i = 0; i < 2; i++) {
		people_posting(c.w, i, &p);
		p.requirements[0].must = i == 1;
		assert_true(
		    search(&c, &p, i == 0 ? NULL : &filters[0], i == 1) > 0);
	}
	crowd_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shuffled),
		cmocka_unit_test(test_adversarial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
