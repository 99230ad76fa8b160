/*
 * tests/vectors/scores.json, which another program made from SPEC.md's text:
 * the same terms, rarities, lines and totals.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "match/score.h"

static json_t *vectors;
static struct vocabulary *v;
static struct meaning m;

static uint64_t
term_named(const char *name)
{
	char uri[80];

	(void)snprintf(uri, sizeof(uri), "urn:test:%s", name);
	return term_of_uri(slice_str(uri));
}

static enum term_type
type_named(const char *name)
{
	static const char *const names[TERM_TYPES] = { "", "skill", "knowledge",
		"interest", "occupation", "purpose" };

	for (unsigned i = 1; i < TERM_TYPES; i++) {
		if (strcmp(names[i], name) == 0)
			return (enum term_type)i;
	}
	fail_msg("no type %s", name);
	return TERM_SKILL;
}

static const char *
string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int64_t
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static size_t
terms_of(const json_t *list, uint64_t *out)
{
	size_t i;
	const json_t *name;

	json_array_foreach(list, i, name) out[i] =
	    term_named(json_string_value(name));
	return json_array_size(list);
}

static void
add(struct vocabulary_builder *b, const json_t *o)
{
	uint64_t broader[8], related[8], needed[8];
	struct term_need needs[8];
	char uri[80];
	const struct term_label label = { VOCABULARY_ENGLISH, true,
		slice_str(string(o, "name")) };

	(void)snprintf(uri, sizeof(uri), "urn:test:%s", string(o, "name"));
	const size_t n = terms_of(json_object_get(o, "needs"), needed);
	for (size_t i = 0; i < n; i++)
		needs[i] = (struct term_need){ needed[i], true };
	const struct term_entry e = { .uri = slice_str(uri),
		.type = type_named(string(o, "type")),
		.source = SOURCE_CORE,
		.labels = &label,
		.labels_n = 1,
		.broader = broader,
		.broader_n = terms_of(json_object_get(o, "broader"), broader),
		.related = related,
		.related_n = terms_of(json_object_get(o, "related"), related),
		.needs = needs,
		.needs_n = n };
	assert_int_equal(vocabulary_builder_add(b, &e), OK);
}

static int
setup(void **state)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	size_t i;
	const json_t *o;

	(void)state;
	vectors = json_load_file(
	    OHCN_SOURCE_DIR "/tests/vectors/scores.json", 0, NULL);
	assert_non_null(vectors);
	json_array_foreach(json_object_get(vectors, "vocabulary"), i, o)
	    add(b, o);
	assert_int_equal(vocabulary_builder_finish(b, &v), OK);
	m = (struct meaning){ v, vocabulary_rarity(v) };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vocabulary_free(v);
	json_decref(vectors);
	return 0;
}

static void
test_terms(void **state)
{
	size_t i;
	const json_t *o;

	(void)state;
	json_array_foreach(json_object_get(vectors, "vocabulary"), i, o)
	{
		const uint64_t term = term_named(string(o, "name"));
		char hex[17];
		(void)snprintf(hex, sizeof(hex), "%016" PRIx64, term);
		assert_string_equal(hex, string(o, "term"));
		const uint32_t at = vocabulary_find(v, term);
		assert_int_not_equal(at, TERM_NOWHERE);
		if (m.rarity->sixteenths[at] != number(o, "rarity"))
			fail_msg("%s: rarity %u", string(o, "name"),
			    m.rarity->sixteenths[at]);
	}
}

static uint16_t
graded_of(const json_t *list, struct graded_term *out)
{
	size_t i;
	const json_t *o;

	json_array_foreach(list, i, o)
	{
		const bool plain = json_is_string(o);
		const json_t *name = plain ? o : json_array_get(o, 0);
		out[i] = (struct graded_term){ .term = term_named(
						   json_string_value(name)),
			.level = (uint8_t)(plain ? 0
						 : json_integer_value(
						       json_array_get(o, 1))) };
	}
	return (uint16_t)json_array_size(list);
}

static void
posting_from(const json_t *o, struct posting *p)
{
	const json_t *list = json_object_get(o, "requirements"), *r;
	size_t i;

	*p = (struct posting){ .region = "zz",
		.occupation.at = TERM_NOWHERE,
		.guaranteed_hours = (uint32_t)number(o, "hours") };
	json_array_foreach(list, i, r) p->requirements[p->requirements_n++] =
	    (struct requirement){
		    .term = term_named(json_string_value(json_array_get(r, 0))),
		    .level = (uint8_t)json_integer_value(json_array_get(r, 1)),
		    .weight = (uint8_t)json_integer_value(json_array_get(r, 2)),
	    };
	p->teaches_n = graded_of(json_object_get(o, "teaches"), p->teaches);
	p->purposes_n = graded_of(json_object_get(o, "purposes"), p->purposes);
	if (number(o, "invest_hours") > 0) {
		p->invests_n = 1;
		p->invests[0] = (struct investment){ .kind = 1,
			.hours = (uint32_t)number(o, "invest_hours") };
	}
	posting_resolve(p, v);
}

static void
card_from(const json_t *o, struct card *c)
{
	*c = (struct card){ .region = "zz",
		.hours = (uint8_t)number(o, "hours") };
	c->skills_n = graded_of(json_object_get(o, "skills"), c->skills);
	c->aspirations_n =
	    graded_of(json_object_get(o, "aspirations"), c->aspirations);
	c->purposes_n = graded_of(json_object_get(o, "purposes"), c->purposes);
	card_resolve(c, v);
}

static bool
names_term(const json_t *name, uint64_t term)
{
	return json_is_string(name)
		   ? term_named(json_string_value(name)) == term
		   : term == 0;
}

static void
compare(size_t at, const struct score *s, const json_t *lines, int64_t total)
{
	if (s->total != total)
		fail_msg("case %zu: %d, not %" PRId64, at, s->total, total);
	assert_int_equal(s->lines_n, json_array_size(lines));
	for (uint16_t i = 0; i < s->lines_n; i++) {
		const struct score_line *l = &s->lines[i];
		const json_t *o = json_array_get(lines, i);
		if (strcmp(line_name(l->kind), string(o, "kind")) != 0 ||
		    l->weight != number(o, "weight") ||
		    l->credit != number(o, "credit") ||
		    l->points != number(o, "points") ||
		    strcmp(via_name(l->via), string(o, "via")) != 0 ||
		    l->ask != json_is_true(json_object_get(o, "ask")) ||
		    !names_term(json_object_get(o, "asked"), l->asked) ||
		    !names_term(json_object_get(o, "held"), l->held))
			fail_msg("case %zu, line %u: %s %u %u %d", at, i,
			    line_name(l->kind), l->weight, l->credit,
			    l->points);
	}
}

static void
test_cases(void **state)
{
	size_t i;
	const json_t *o;

	(void)state;
	json_array_foreach(json_object_get(vectors, "cases"), i, o)
	{
		struct posting p;
		struct card c;
		static struct score fit, wish;
		posting_from(json_object_get(o, "posting"), &p);
		card_from(json_object_get(o, "card"), &c);
		assert_int_equal(score_fit(&m, &p, &c, &fit), OK);
		assert_int_equal(score_wish(&m, &p, &c, NULL, &wish), OK);
		compare(
		    i, &fit, json_object_get(o, "fit_lines"), number(o, "fit"));
		compare(i, &wish, json_object_get(o, "wish_lines"),
		    number(o, "wish"));
		assert_int_equal(
		    score_both(fit.total, wish.total), number(o, "both"));
	}
	assert_true(i >= 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_cases),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
