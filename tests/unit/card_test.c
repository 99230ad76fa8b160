#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/card.h"
#include "match/vocabulary/record.h"
#include "match_world.h"
#include "proto/record/kind.h"
#include "proto/record/schema.h"

#define DE 0x6465

/* Written as pairs of key and value; terms are borrowed. */
static uint8_t terms[8][TERM_ID];

static struct value
term(size_t i)
{
	memset(terms[i], 0, TERM_ID);
	terms[i][7] = (uint8_t)(i + 1);
	return value_bin(slice_of(terms[i], TERM_ID));
}

#define MAP(a)       value_map((a), ARRAY_LEN(a) / 2)
#define LIST(a)      value_array((a), ARRAY_LEN(a))
#define U(n)         value_uint(n)
#define TEXT(string) value_str(slice_str(string))

/* A payload that the schema accepts, or the test is wrong. */
static void
accepted(uint32_t kind, const struct value *payload)
{
	struct schema_fault fault;

	if (schema_check(schema_latest(kind), payload, &fault) != SCHEMA_OK)
		fail_msg("%s %s", fault.path, fault.why);
}

static void
test_profile(void **state)
{
	struct value skill[] = { U(0), term(0), U(2), U(3) };
	struct value wanted[] = { U(0), term(1), U(2), U(2) };
	struct value language[] = { U(0), U(DE), U(2), U(7) };
	struct value skills[] = { MAP(skill) };
	struct value aspirations[] = { MAP(wanted) };
	struct value purposes[] = { term(2) };
	struct value languages[] = { MAP(language) };
	struct value pairs[] = { U(0), LIST(skills), U(2), LIST(aspirations),
		U(4), LIST(purposes), U(6), U(3), U(8), LIST(languages), U(10),
		U(2), U(12), U(SEEKS_JOB | SEEKS_MENTORING), U(14),
		U(SEEKS_PEERS) };
	const struct value payload = MAP(pairs);
	struct card c;

	(void)state;
	accepted(KIND_PROFILE, &payload);
	assert_int_equal(card_decode(&payload, "de", &c), OK);
	assert_string_equal(c.region, "de");
	assert_int_equal(c.skills_n, 1);
	assert_int_equal(c.skills[0].term, 1);
	assert_int_equal(c.skills[0].level, 3);
	assert_int_equal(c.skills[0].at, TERM_NOWHERE);
	assert_int_equal(c.aspirations[0].term, 2);
	assert_int_equal(c.aspirations[0].level, 2);
	assert_int_equal(c.purposes[0].term, 3);
	assert_int_equal(c.hours, 3);
	assert_int_equal(card_hours_max(c.hours), 20);
	assert_int_equal(c.languages[0].language, DE);
	assert_int_equal(c.languages[0].cefr, CEFR_NATIVE);
	assert_int_equal(c.remote, PLACE_EITHER);
	assert_int_equal(c.seeks, SEEKS_JOB | SEEKS_MENTORING);
	assert_int_equal(c.offers, SEEKS_PEERS);
	assert_int_equal(c.left_out, 0);
}

static void
test_demand(void **state)
{
	struct value title[] = { U(DE), TEXT("Schweißer") };
	struct value hard[] = { U(0), term(0), U(2), U(3), U(4), U(80), U(6),
		{ .type = VALUE_UINT, .u = 1 } };
	struct value soft[] = { U(0), term(1), U(4), U(20) };
	struct value taught[] = { U(0), term(2), U(2), U(2) };
	struct value invest[] = { U(0), U(2), U(2), U(40), U(4), U(50000), U(6),
		TEXT("EUR"), U(8), term(3) };
	struct value pay[] = { U(0), U(1500), U(2), U(1800), U(4), TEXT("EUR"),
		U(6), U(1) };
	struct value language[] = { U(0), U(DE), U(2), U(4) };
	struct value requirements[] = { MAP(hard), MAP(soft) };
	struct value teaches[] = { MAP(taught) };
	struct value invests[] = { MAP(invest) };
	struct value languages[] = { MAP(language) };
	struct value purposes[] = { term(4) };
	struct value pairs[] = { U(0), U(POSTING_GIG), U(2), MAP(title), U(6),
		LIST(requirements), U(8), LIST(teaches), U(10), LIST(invests),
		U(12), U(2), U(14), U(12), U(16), U(4), U(18), U(5), U(24),
		U(2), U(28), MAP(pay), U(38), U(1), U(44), LIST(languages),
		U(54), LIST(purposes), U(58), term(5) };
	const struct value payload = MAP(pairs);
	struct posting p;

	(void)state;
	accepted(KIND_DEMAND, &payload);
	assert_int_equal(posting_decode(&payload, "fr", &p), OK);
	assert_int_equal(p.type, POSTING_GIG);
	assert_int_equal(p.requirements_n, 2);
	assert_true(p.requirements[0].must && !p.requirements[1].must);
	assert_int_equal(p.requirements[0].level, 3);
	assert_int_equal(p.requirements[1].level, 0);
	assert_int_equal(p.requirements[1].weight, 20);
	assert_int_equal(p.teaches[0].term, 3);
	assert_int_equal(p.invests[0].hours, 40);
	assert_int_equal(p.invests[0].amount, 50000);
	assert_string_equal(p.invests[0].currency, "EUR");
	assert_int_equal(p.invests[0].term, 4);
	assert_int_equal(p.contract, 2);
	assert_int_equal(posting_hours_week(&p), 20);
	assert_int_equal(p.remote, PLACE_ON_SITE); /* hybrid */
	assert_int_equal(p.pay.max, 1800);
	assert_int_equal(p.pay.period, 1);
	assert_int_equal(p.status, POSTING_OPEN);
	assert_int_equal(p.languages[0].cefr, 4);
	assert_int_equal(p.purposes[0].term, 5);
	assert_int_equal(p.occupation.term, 6);
}

static void
test_course(void **state)
{
	struct value title[] = { U(DE), TEXT("Kurs") };
	struct value teach[] = { U(0), term(0), U(2), U(1), U(4), U(3) };
	struct value need[] = { U(0), term(1), U(2), U(2) };
	struct value cost[] = { U(0), U(9900), U(2), TEXT("EUR") };
	struct value teaches[] = { MAP(teach) };
	struct value needs[] = { MAP(need) };
	struct value languages[] = { U(DE) };
	struct value pairs[] = { U(0), U(2), U(2), MAP(title), U(4),
		LIST(teaches), U(6), LIST(needs), U(8), U(30), U(16), U(1),
		U(18), LIST(languages), U(28), MAP(cost), U(44), U(6) };
	const struct value payload = MAP(pairs);
	struct lesson l;

	(void)state;
	accepted(KIND_COURSE, &payload);
	assert_int_equal(lesson_decode(&payload, &l), OK);
	assert_int_equal(l.teaches[0].term, 1);
	assert_int_equal(l.teaches[0].from, 1);
	assert_int_equal(l.teaches[0].to, 3);
	assert_int_equal(l.needs[0].level, 2);
	assert_int_equal(l.hours, 30);
	assert_true(l.self_paced);
	assert_int_equal(l.languages[0].language, DE);
	assert_int_equal(l.cost, 9900);
	assert_string_equal(l.currency, "EUR");
	assert_int_equal(l.weeks, 6);
}

/* As many of everything as the schema allows fit into the arrays. */
static void
test_maxima(void **state)
{
	static const struct {
		uint32_t kind;
		const char *field;
		size_t room;
	} cases[] = {
		{ KIND_PROFILE, "skills", CARD_SKILLS_MAX },
		{ KIND_PROFILE, "aspirations", CARD_ASPIRATIONS_MAX },
		{ KIND_PROFILE, "purposes", CARD_PURPOSES_MAX },
		{ KIND_PROFILE, "languages", CARD_LANGUAGES_MAX },
		{ KIND_DEMAND, "requirements", POSTING_REQUIREMENTS_MAX },
		{ KIND_DEMAND, "teaches", POSTING_TEACHES_MAX },
		{ KIND_DEMAND, "invests", POSTING_INVESTS_MAX },
		{ KIND_DEMAND, "languages", CARD_LANGUAGES_MAX },
		{ KIND_DEMAND, "purposes", CARD_PURPOSES_MAX },
		{ KIND_COURSE, "teaches", LESSON_TEACHES_MAX },
		{ KIND_COURSE, "needs", LESSON_NEEDS_MAX },
		{ KIND_COURSE, "languages", CARD_LANGUAGES_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct field *f =
		    field_find(schema_latest(cases[i].kind)->fields,
			slice_str(cases[i].field));
		assert_non_null(f);
		if ((size_t)f->max > cases[i].room)
			fail_msg("%s: %d", cases[i].field, (int)f->max);
	}
}

static void
test_wrong_shapes(void **state)
{
	struct value no_term[] = { U(2), U(3) };
	struct value high[] = { U(0), term(0), U(2), U(6) };
	struct value list_no_term[] = { MAP(no_term) };
	struct value list_high[] = { MAP(high) };
	struct value list_number[] = { U(7) };
	struct value a[] = { U(0), LIST(list_no_term) };
	struct value b[] = { U(0), LIST(list_high) };
	struct value c[] = { U(0), LIST(list_number) };
	struct value d[] = { U(0), U(1) };
	struct value e[] = { U(6), TEXT("up-to-5") };
	const struct value wrong[] = { MAP(a), MAP(b), MAP(c), MAP(d), MAP(e),
		U(3), LIST(list_number) };
	struct card card;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		if (card_decode(&wrong[i], "de", &card) != ERR_FORM)
			fail_msg("case %zu", i);
	}
}

/* Private skills count on the person's own node, up to the room there is. */
static void
test_with_wishes(void **state)
{
	static struct wishes w;
	static struct card c, whole;

	(void)state;
	c.skills_n = CARD_SKILLS_MAX - 1;
	w.skills_n = 2;
	w.skills[0].term = 77;
	card_with_wishes(&c, &w, &whole);
	assert_int_equal(whole.skills_n, CARD_SKILLS_MAX);
	assert_int_equal(whole.skills[CARD_SKILLS_MAX - 1].term, 77);
	assert_int_equal(whole.left_out, 1);
}

/* Terms that arrive in records. */
static void
test_vocabulary_record(void **state)
{
	struct value labels[] = { U(DE), TEXT("Roggenbrot"), U(0x656e),
		TEXT("rye bread") };
	struct value protect[] = { U(DE), TEXT("Religion") };
	struct value core = term(0);
	put_u64be(terms[0], slug_term("baking-bread"));
	struct value broader[] = { core };
	struct value rye[] = { U(0), TEXT("https://example.org/rye"), U(2),
		U(TERM_SKILL), U(4), MAP(labels), U(6), LIST(broader) };
	struct value bad[] = { U(0), TEXT("https://example.org/no"), U(2),
		U(TERM_SKILL), U(4), MAP(protect) };
	struct value entries[] = { MAP(rye), MAP(bad) };
	struct value name[] = { U(DE), TEXT("Brot") };
	struct value pairs[] = { U(0), LIST(entries), U(2), MAP(name) };
	struct value own[] = { U(0), TEXT("https://example.org/own"), U(2),
		MAP(name) };
	struct value owns[] = { MAP(own) };
	struct value card[] = { U(18), LIST(owns) };
	const struct value payload = MAP(pairs), profile = MAP(card);
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	struct vocabulary *v = NULL;

	(void)state;
	accepted(KIND_VOCABULARY, &payload);
	accepted(KIND_PROFILE, &profile);
	assert_int_equal(core_vocabulary_add(b), OK);
	assert_int_equal(vocabulary_add_record(b, &payload), OK);
	assert_int_equal(
	    vocabulary_add_own_terms(b, &profile, PROFILE_OWN_TERMS), OK);
	assert_int_equal(vocabulary_add_own_terms(b, &profile, 99), OK);
	assert_int_equal(vocabulary_add_record(b, &profile), ERR_FORM);
	assert_int_equal(vocabulary_builder_finish(b, &v), OK);
	const uint32_t at = vocabulary_find(
	    v, term_of_uri(slice_str("https://example.org/rye")));
	assert_int_not_equal(at, TERM_NOWHERE);
	assert_int_equal(vocabulary_source(v, at), SOURCE_RECORD);
	assert_true(
	    slice_eq_str(vocabulary_label(v, at, DE, NULL), "Roggenbrot"));
	assert_int_equal(vocabulary_broader(v, at).n, 1);
	assert_int_equal(vocabulary_broader(v, at).at[0],
	    vocabulary_find(v, slug_term("baking-bread")));
	assert_int_not_equal(
	    vocabulary_find(
		v, term_of_uri(slice_str("https://example.org/own"))),
	    TERM_NOWHERE);
	assert_int_equal(vocabulary_counts(v)->protected_n, 1);
	vocabulary_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_demand),
		cmocka_unit_test(test_course),
		cmocka_unit_test(test_maxima),
		cmocka_unit_test(test_wrong_shapes),
		cmocka_unit_test(test_with_wishes),
		cmocka_unit_test(test_vocabulary_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
