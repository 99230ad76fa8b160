#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/scan.h"
#include "match_world.h"

#define PEOPLE 500

static struct world world;

struct people {
	struct card cards[PEOPLE];
	uint8_t ids[PEOPLE][RECORD_ID];
	size_t n, at;
	size_t step; /* the walk through them; coprime with n */
};

static bool
next_card(void *ctx, struct card_item *item)
{
	struct people *p = ctx;

	if (p->at == p->n) {
		p->at = 0;
		return false;
	}
	const size_t i = p->at++ * p->step % p->n;
	*item = (struct card_item){ p->ids[i], p->ids[i], &p->cards[i] };
	return true;
}

struct postings {
	struct posting rows[PEOPLE];
	uint8_t ids[PEOPLE][RECORD_ID];
	size_t n, at;
};

static bool
next_posting(void *ctx, struct posting_item *item)
{
	struct postings *p = ctx;

	if (p->at == p->n) {
		p->at = 0;
		return false;
	}
	const size_t i = p->at++;
	*item = (struct posting_item){ p->ids[i], p->ids[i], &p->rows[i] };
	return true;
}

struct lessons {
	struct lesson rows[8];
	uint8_t ids[8][RECORD_ID];
	size_t n, at;
};

static bool
next_lesson(void *ctx, struct lesson_entry *item)
{
	struct lessons *l = ctx;

	if (l->at == l->n) {
		l->at = 0;
		return false;
	}
	const size_t i = l->at++;
	*item = (struct lesson_entry){ l->ids[i], &l->rows[i] };
	return true;
}

static void
random_id(uint64_t *seed, uint8_t id[RECORD_ID])
{
	for (size_t i = 0; i < RECORD_ID; i++)
		id[i] = (uint8_t)chance(seed, 256);
}

static struct people people;
static struct postings postings;

static int
setup(void **state)
{
	uint64_t seed = 31;

	(void)state;
	world_open(&world);
	people = (struct people){ .n = PEOPLE, .step = 1 };
	postings = (struct postings){ .n = PEOPLE };
	for (size_t i = 0; i < PEOPLE; i++) {
		card_random(&world, &seed, &people.cards[i]);
		posting_random(&world, &seed, &postings.rows[i]);
		random_id(&seed, people.ids[i]);
		random_id(&seed, postings.ids[i]);
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

static int
best_first(const void *a, const void *b)
{
	const struct scan_result *x = a, *y = b;

	if (x->excluded != y->excluded)
		return x->excluded - y->excluded;
	if (x->both != y->both)
		return y->both - x->both;
	return memcmp(x->id, y->id, RECORD_ID);
}

/* Every person, scored one by one and sorted: what the scan has to say. */
static void
test_people(void **state)
{
	const struct card_source source = { next_card, &people };
	struct scan_result all[PEOPLE], top[20], again[20];
	struct scan_counts counts;
	size_t n;

	(void)state;
	for (size_t k = 0; k < 20; k++) {
		const struct posting *p = &postings.rows[k];
		const bool with = k % 2 == 0;
		size_t wanted = 0, out = 0;
		for (size_t i = 0; i < PEOPLE; i++) {
			struct scan_result r = { 0 };
			static struct score f, w;
			assert_int_equal(
			    score_fit(&world.m, p, &people.cards[i], &f), OK);
			assert_int_equal(
			    score_wish(&world.m, p, &people.cards[i], NULL, &w),
			    OK);
			memcpy(r.id, people.ids[i], RECORD_ID);
			r.both = score_both(f.total, w.total);
			r.fit = f.total;
			r.wish = w.total;
			r.excluded = f.excluded || w.excluded;
			out += r.excluded;
			if (with || !r.excluded)
				all[wanted++] = r;
		}
		qsort(all, wanted, sizeof(all[0]), best_first);
		people.step = 1;
		assert_int_equal(scan_people(&world.m, p, &source, with, top,
				     20, &n, &counts),
		    OK);
		assert_int_equal(n, MIN(wanted, (size_t)20));
		assert_int_equal(counts.seen, PEOPLE);
		assert_int_equal(counts.excluded, out);
		for (size_t i = 0; i < n; i++) {
			assert_memory_equal(top[i].id, all[i].id, RECORD_ID);
			assert_int_equal(top[i].both, all[i].both);
			assert_int_equal(top[i].fit, all[i].fit);
			assert_int_equal(top[i].wish, all[i].wish);
		}
		/* in another order */
		people.step = 37;
		size_t m;
		assert_int_equal(scan_people(&world.m, p, &source, with, again,
				     20, &m, NULL),
		    OK);
		assert_int_equal(m, n);
		for (size_t i = 0; i < n; i++)
			assert_memory_equal(top[i].id, again[i].id, RECORD_ID);
		people.step = 1;
	}
}

static void
test_postings(void **state)
{
	const struct posting_source source = { next_posting, &postings };
	struct scan_result all[PEOPLE], top[10];
	uint64_t seed = 37;
	size_t n;

	(void)state;
	for (size_t k = 0; k < 20; k++) {
		struct wishes w;
		struct card whole;
		wishes_random(&world, &seed, &w);
		card_with_wishes(&people.cards[k], &w, &whole);
		for (size_t i = 0; i < PEOPLE; i++) {
			struct scan_result r = { 0 };
			static struct score f, s;
			assert_int_equal(
			    score_fit(&world.m, &postings.rows[i], &whole, &f),
			    OK);
			assert_int_equal(score_wish(&world.m, &postings.rows[i],
					     &whole, &w, &s),
			    OK);
			memcpy(r.id, postings.ids[i], RECORD_ID);
			r.both = score_both(f.total, s.total);
			r.excluded = f.excluded || s.excluded;
			all[i] = r;
		}
		qsort(all, PEOPLE, sizeof(all[0]), best_first);
		assert_int_equal(scan_postings(&world.m, &people.cards[k], &w,
				     &source, true, top, 10, &n, NULL),
		    OK);
		assert_int_equal(n, 10);
		for (size_t i = 0; i < n; i++)
			assert_memory_equal(top[i].id, all[i].id, RECORD_ID);
	}
}

static void
test_ties_go_by_id(void **state)
{
	static struct people same;
	const struct card_source source = { next_card, &same };
	struct scan_result top[3];
	struct posting p;
	size_t n;

	(void)state;
	same = (struct people){ .n = 5, .step = 3 };
	posting_of(&world, "welding:3", &p);
	for (size_t i = 0; i < 5; i++) {
		card_of(&world, "welding:3", &same.cards[i]);
		same.ids[i][0] = (uint8_t)(10 - i);
	}
	assert_int_equal(
	    scan_people(&world.m, &p, &source, false, top, 3, &n, NULL), OK);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(top[i].id[0], 6 + i);
	assert_int_equal(
	    scan_people(&world.m, &p, &source, false, top, 0, &n, NULL), OK);
	assert_int_equal(n, 0);
}

/* "Which requirement keeps how many people out?" */
static void
test_barriers(void **state)
{
	static struct people some;
	const struct card_source source = { next_card, &some };
	struct scan_barrier out[SCAN_BARRIERS_MAX];
	struct scan_counts counts;
	struct posting p;
	size_t n;

	(void)state;
	some = (struct people){ .n = 5, .step = 1 };
	card_of(&world, "welding:3 first-aid:2", &some.cards[0]);
	card_of(&world, "welding:3", &some.cards[1]);
	card_of(&world, "cooking:3", &some.cards[2]);
	card_of(&world, "first-aid:2 welding:1", &some.cards[3]);
	card_of(&world, "welding:3", &some.cards[4]);
	posting_of(&world, "welding:2! first-aid:1!", &p);
	p.languages_n = 1;
	p.languages[0] = (struct spoken_language){ 0x6465, 4 };
	some.cards[4].languages_n = 1;
	some.cards[4].languages[0] = (struct spoken_language){ 0x6672, 7 };
	assert_int_equal(
	    scan_barriers(&world.m, &p, &source, out, &n, &counts), OK);
	assert_int_equal(counts.seen, 5);
	assert_int_equal(counts.excluded, 3);
	unsigned checked = 0;
	for (size_t i = 0; i < n; i++) {
		if (out[i].kind == GATE_LANGUAGE) {
			assert_int_equal(out[i].failed, 1);
			assert_int_equal(out[i].alone, 0);
			assert_int_equal(out[i].asked, 4);
			checked++;
		} else if (out[i].kind == GATE_MUST &&
			   out[i].term == slug_term("welding")) {
			assert_int_equal(out[i].failed, 1);
			assert_int_equal(out[i].alone, 0);
			checked++;
		} else if (out[i].kind == GATE_MUST) {
			assert_int_equal(out[i].failed, 3);
			assert_int_equal(out[i].alone, 1);
			checked++;
		} else {
			assert_int_equal(out[i].failed, 0);
		}
	}
	assert_int_equal(checked, 3);
}

/* The count in a cell; 0: it is not shown. */
static uint32_t
cell(const struct scan_cell *out, size_t n, uint64_t term, const char *region)
{
	for (size_t i = 0; i < n; i++)
		if (out[i].term == term && strcmp(out[i].region, region) == 0)
			return out[i].authors;
	return 0;
}

static void
test_counts(void **state)
{
	static struct people some;
	const struct card_source source = { next_card, &some };
	const uint64_t welding = slug_term("welding");
	const uint64_t cooking = slug_term("cooking");
	struct scan_cell out[64];
	size_t n;

	(void)state;
	some = (struct people){ .n = 12, .step = 5 };
	for (size_t i = 0; i < 12; i++) {
		/* the same twice is one person */
		card_of(&world,
		    i < 10 ? "welding:3 welding:2 ?own; python:2"
			   : "welding:1 cooking:3",
		    &some.cards[i]);
		memcpy(some.cards[i].region, i == 11 ? "fr" : "de", 3);
		some.ids[i][0] = (uint8_t)(i + 1);
	}
	assert_int_equal(scan_count_people(&world.m, &source, COUNT_HELD, 10,
			     1000, out, 64, &n),
	    OK);
	/* No cell below ten is shown; all regions together are one more. */
	assert_int_equal(cell(out, n, welding, "de"), 11);
	assert_int_equal(cell(out, n, welding, "fr"), 0);
	assert_int_equal(cell(out, n, welding, SCAN_EVERYWHERE), 12);
	assert_int_equal(cell(out, n, cooking, SCAN_EVERYWHERE), 0);
	for (size_t i = 0; i < n; i++)
		assert_true(out[i].authors >= 10);
	/* Who can weld counts for what is broader than welding. */
	const struct term_list up =
	    vocabulary_broader(world.v, vocabulary_find(world.v, welding));
	assert_true(up.n > 0);
	assert_int_equal(
	    cell(out, n, vocabulary_term(world.v, up.at[0]), "de"), 11);
	assert_int_equal(scan_count_people(&world.m, &source, COUNT_HELD, 1,
			     1000, out, 64, &n),
	    OK);
	assert_int_equal(cell(out, n, welding, "fr"), 1);
	assert_int_equal(cell(out, n, cooking, "de"), 1);
	assert_int_equal(cell(out, n, cooking, SCAN_EVERYWHERE), 2);
	assert_int_equal(scan_count_people(&world.m, &source, COUNT_WANTED, 10,
			     1000, out, 64, &n),
	    OK);
	assert_int_equal(cell(out, n, slug_term("python"), "de"), 10);
	assert_int_equal(cell(out, n, welding, "de"), 0);
	assert_int_equal(scan_count_people(&world.m, &source, COUNT_HELD, 1,
			     1000, out, 3, &n),
	    ERR_MORE);
	some.at = 0;
	assert_int_equal(
	    scan_count_people(&world.m, &source, COUNT_HELD, 1, 5, out, 64, &n),
	    ERR_LIMIT);
	some.at = 0;
}

static void
add_lesson(struct lessons *l, const char *slug, uint8_t from, uint8_t to,
    uint32_t hours, uint64_t cost, const char *currency)
{
	const size_t i = l->n++;
	struct lesson *row = &l->rows[i];

	*row = (struct lesson){ .hours = hours, .cost = cost, .teaches_n = 1 };
	memcpy(row->currency, currency, strlen(currency));
	row->teaches[0] = (struct lesson_item){ slug_term(slug), 0, from, to };
	l->ids[i][0] = (uint8_t)(i + 1);
	lesson_resolve(row, world.v);
}

/* One next step for a person who wants a certain job. */
static void
test_learning_step(void **state)
{
	static struct lessons l;
	const struct lesson_source source = { next_lesson, &l };
	struct learning_step s;
	struct posting p;
	struct card c;

	(void)state;
	l = (struct lessons){ .n = 0 };
	posting_of(&world, "welding:3*80 first-aid:1*20!", &p);
	card_of(&world, "welding:1", &c);
	assert_int_equal(
	    scan_learning_step(&world.m, &p, &c, &source, &s), ERR_NOTFOUND);

	/* the shorter of two that reach level 3; free, but too steep */
	add_lesson(&l, "welding", 1, 3, 80, 90000, "EUR");
	add_lesson(&l, "welding", 1, 3, 60, 90000, "EUR");
	add_lesson(&l, "welding", 1, 2, 5, 0, "EUR");
	add_lesson(&l, "welding", 2, 5, 1, 0, "EUR");
	add_lesson(&l, "cooking", 0, 5, 1, 0, "EUR");
	assert_int_equal(scan_learning_step(&world.m, &p, &c, &source, &s), OK);
	assert_int_equal(s.id[0], 2);
	assert_true(s.term == slug_term("welding"));
	assert_int_equal(s.from_level, 1);
	assert_int_equal(s.to_level, 3);
	assert_true(s.after > s.before);
	assert_true(s.excluded_before && s.excluded_after);
	assert_int_equal(s.payer, PAYS_PERSON);

	/* what excludes comes first */
	add_lesson(&l, "first-aid", 0, 1, 8, 5000, "EUR");
	assert_int_equal(scan_learning_step(&world.m, &p, &c, &source, &s), OK);
	assert_int_equal(s.id[0], 6);
	assert_true(s.excluded_before && !s.excluded_after);

	/* who pays for it */
	p.invests_n = 1;
	p.invests[0] =
	    (struct investment){ .kind = 2, .amount = 2000, .currency = "EUR" };
	assert_int_equal(scan_learning_step(&world.m, &p, &c, &source, &s), OK);
	assert_int_equal(s.payer, PAYS_SHARED);
	assert_int_equal(s.paid_by_posting, 2000);
	p.invests[0].amount = 9000;
	assert_int_equal(scan_learning_step(&world.m, &p, &c, &source, &s), OK);
	assert_int_equal(s.payer, PAYS_POSTING);
	assert_int_equal(s.paid_by_posting, 5000);
	p.invests[0].term = slug_term("cooking");
	posting_resolve(&p, world.v);
	assert_int_equal(scan_learning_step(&world.m, &p, &c, &source, &s), OK);
	assert_int_equal(s.payer, PAYS_PERSON);

	/* taught on the job */
	p.teaches_n = 1;
	p.teaches[0] = (struct graded_term){ slug_term("first-aid"), 0, 2 };
	posting_resolve(&p, world.v);
	assert_int_equal(scan_learning_step(&world.m, &p, &c, &source, &s), OK);
	assert_true(s.by_posting);
	assert_int_equal(s.payer, PAYS_POSTING);

	/* a course that needs what the person lacks is no step */
	l.n = 0;
	p.teaches_n = 0;
	add_lesson(&l, "welding", 1, 3, 60, 90000, "EUR");
	l.rows[0].needs_n = 1;
	l.rows[0].needs[0] =
	    (struct graded_term){ slug_term("blueprint-reading"), 0, 1 };
	lesson_resolve(&l.rows[0], world.v);
	assert_int_equal(
	    scan_learning_step(&world.m, &p, &c, &source, &s), ERR_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_postings),
		cmocka_unit_test(test_ties_go_by_id),
		cmocka_unit_test(test_barriers),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_learning_step),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
