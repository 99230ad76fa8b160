#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/community.h"
#include "match_world.h"

#define MANY 160

static struct world world;
static struct card cards[MANY];

static int
open_world(void **state)
{
	(void)state;
	world_open(&world);
	return 0;
}

static int
close_world(void **state)
{
	(void)state;
	world_close(&world);
	return 0;
}

static void
purpose_of(const char *slug, struct community_purpose *out)
{
	out->term = slug_term(slug);
	out->at = vocabulary_find(world.v, out->term);
	assert_int_not_equal(out->at, TERM_NOWHERE);
}

/* All of it: ${way} 0 as they stand, 1 from the end. */
static struct community *
gather(const char *purpose, size_t n, const struct posting *postings,
    size_t postings_n, int way)
{
	struct community_purpose p;
	const struct team_need *needs;
	struct community *c;
	size_t needs_n;

	purpose_of(purpose, &p);
	assert_int_equal(community_new(&world.m, &p, &c), OK);
	for (size_t i = 0; i < postings_n; i++)
		community_posting(c, &postings[i]);
	for (size_t i = 0; i < n; i++)
		community_ask(c, &cards[i]);
	assert_int_equal(community_needs(c, &needs, &needs_n), OK);
	assert_true(needs_n <= COMMUNITY_NEEDS_MAX);
	for (size_t k = 0; k < n; k++) {
		const size_t i = way == 0 ? k : n - 1 - k;
		uint8_t id[RECORD_ID] = { (uint8_t)(i >> 8), (uint8_t)i };
		assert_int_equal(community_add(c, id, &cards[i]), OK);
	}
	return c;
}

static void
random_people(uint64_t *seed, size_t n)
{
	static const char *const skills[] = { "welding:3", "first-aid:2",
		"teamwork cooking:2", "project-management:3", "python:3",
		"agile-working" };
	static const char *const wants[] = { "welding", "python:2",
		"moderation", "first-aid" };
	static const char *const regions[] = { "de", "de", "fr", "zz" };

	for (size_t i = 0; i < n; i++) {
		char text[200];
		(void)snprintf(text, sizeof(text), "%s; %s; %s",
		    skills[chance(seed, ARRAY_LEN(skills))],
		    wants[chance(seed, ARRAY_LEN(wants))],
		    chance(seed, 4) > 0 ? "climate-protection" : "");
		card_of(&world, text, &cards[i]);
		memcpy(cards[i].region,
		    regions[chance(seed, ARRAY_LEN(regions))], 3);
		cards[i].remote = (uint8_t)chance(seed, 4);
		cards[i].languages_n = (uint16_t)chance(seed, 3);
		for (uint16_t k = 0; k < cards[i].languages_n; k++)
			cards[i].languages[k] = (struct spoken_language){
				(uint32_t)(1 + chance(seed, 3)),
				(uint8_t)chance(seed, 7),
			};
	}
}

static bool
has_language(const struct card *c, uint32_t language)
{
	bool any = c->languages_n == 0;

	for (uint16_t i = 0; i < c->languages_n; i++)
		any = any || (c->languages[i].language == language &&
				 (c->languages[i].cefr == 0 ||
				     c->languages[i].cefr >= 3));
	return any;
}

/* All on site in one region, or all from anywhere. */
static bool
can_meet(const struct community_result *r, const struct team *t)
{
	bool far = true, near = true;
	const char *region = NULL;

	for (size_t i = 0; i < t->members_n; i++) {
		const uint8_t *id = r->people[t->members[i]].id;
		const struct card *c = &cards[id[0] << 8 | id[1]];
		far = far && c->remote != PLACE_ON_SITE;
		if (strcmp(c->region, "zz") == 0)
			continue;
		near =
		    near && (region == NULL || strcmp(region, c->region) == 0);
		region = c->region;
	}
	return far || near;
}

static void
check_cells(const struct community_result *r)
{
	bool in[MANY] = { false };
	size_t placed = 0;

	for (size_t i = 0; i < r->cells_n; i++) {
		const struct team *t = &r->cells[i].team;
		assert_in_range(
		    t->members_n, COMMUNITY_CELL_MIN, COMMUNITY_CELL_MAX);
		for (size_t k = 0; k < t->members_n; k++) {
			const uint8_t *id = r->people[t->members[k]].id;
			const size_t at = (size_t)(id[0] << 8 | id[1]);
			assert_false(in[at]);
			in[at] = true;
			placed++;
			assert_true(has_language(&cards[at], t->language) ||
				    t->language == 0);
			assert_int_not_equal(cards[at].purposes_n, 0);
		}
		assert_true(can_meet(r, t));
	}
	assert_int_equal(placed + r->waiting + r->unconnected, r->people_n);
}

static void
test_cells(void **state)
{
	uint64_t seed = 31;

	(void)state;
	for (int round = 0; round < 30; round++) {
		const size_t n = chance(&seed, MANY);
		struct community_result r[2];
		struct community *c[2];
		size_t interested = 0;
		random_people(&seed, n);
		for (size_t i = 0; i < n; i++)
			interested += cards[i].purposes_n > 0;
		for (int way = 0; way < 2; way++) {
			c[way] = gather("climate-protection", n, NULL, 0, way);
			assert_int_equal(community_cells(c[way],
					     5 + (size_t)round % 8, &r[way]),
			    OK);
			check_cells(&r[way]);
			assert_int_equal(r[way].seen, n);
			assert_int_equal(r[way].interested, interested);
		}
		assert_int_equal(r[0].cells_n, r[1].cells_n);
		for (size_t i = 0; i < r[0].cells_n; i++)
			assert_memory_equal(&r[0].cells[i].team,
			    &r[1].cells[i].team, sizeof(struct team));
		community_free(c[0]);
		community_free(c[1]);
	}
}

/* What postings ask comes first, then what people want to learn. */
static void
test_needs(void **state)
{
	struct community_purpose p;
	const struct team_need *needs;
	struct posting posting[2];
	struct community *c;
	size_t n;

	(void)state;
	posting_of(&world, "first-aid:2*80; ; climate-protection", &posting[0]);
	posting_of(&world, "cooking:2; ;", &posting[1]); /* another purpose */
	card_of(
	    &world, "welding; python python; climate-protection", &cards[0]);
	card_of(&world, "welding; cooking; ", &cards[1]);
	purpose_of("climate-protection", &p);
	assert_int_equal(community_new(&world.m, &p, &c), OK);
	community_posting(c, &posting[0]);
	community_posting(c, &posting[1]);
	community_ask(c, &cards[0]);
	community_ask(c, &cards[1]);
	assert_int_equal(community_needs(c, &needs, &n), OK);
	assert_int_equal(n, 2);
	assert_int_equal(needs[0].term, slug_term("first-aid"));
	assert_int_equal(needs[0].level, 2);
	assert_int_equal(needs[1].term, slug_term("python"));
	assert_true(needs[0].weight > needs[1].weight);
	community_free(c);
}

/* What is asked for everywhere, or around another purpose, is no need of it. */
static void
test_own_needs(void **state)
{
	static const char *const asked[] = {
		("first-aid:2 teamwork; ; "
		 "climate-protection"),
		"first-aid:2 teamwork; ; climate-protection",
		"project-management:2; ; clean-energy", /* beside it */
		"python:2; ; biodiversity",             /* a sibling */
		"python:2; ; healthy-planet",           /* the wider cause */
		"teamwork; ; ", "teamwork; ; ", "teamwork; ; ", "teamwork; ; ",
		"teamwork; ; " };
	struct community_purpose p;
	const struct team_need *needs;
	struct posting posting;
	struct community *c;
	size_t n;

	(void)state;
	purpose_of("climate-protection", &p);
	assert_int_equal(community_new(&world.m, &p, &c), OK);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		posting_of(&world, asked[i], &posting);
		community_posting(c, &posting);
	}
	for (size_t i = 0; i < 30; i++) { /* one of 30 is not typical */
		card_of(&world,
		    i == 0 ? "; cooking; climate-protection"
			   : "; ; climate-protection",
		    &cards[0]);
		community_ask(c, &cards[0]);
	}
	assert_int_equal(community_needs(c, &needs, &n), OK);
	assert_int_equal(n, 2);
	assert_int_equal(needs[0].term, slug_term("first-aid"));
	assert_int_equal(needs[1].term, slug_term("project-management"));
	community_free(c);
}

/* What nobody in a cell can do is named, and who wants to learn it. */
static void
test_missing(void **state)
{
	struct community_result r;
	const struct team *t;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		card_of(&world,
		    i == 2 ? "teamwork; python; climate-protection"
			   : "teamwork; ; climate-protection",
		    &cards[i]);
	struct community *c = gather("climate-protection", 6, NULL, 0, 0);
	assert_int_equal(community_cells(c, 8, &r), OK);
	assert_int_equal(r.cells_n, 1);
	assert_int_equal(r.waiting, 0);
	t = &r.cells[0].team;
	assert_int_equal(t->members_n, 6);
	assert_true(t->cover[0].missing);
	assert_true(t->cover[0].learner_is);
	assert_int_equal(r.people[t->members[t->cover[0].learner]].id[1], 2);
	assert_int_equal(community_cells(c, 4, &r), ERR_LIMIT);
	community_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_own_needs),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
