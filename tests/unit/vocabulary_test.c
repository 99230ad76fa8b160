#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/core.h"
#include "match/protected.h"

#define EN 0x656e
#define DE 0x6465
#define FR 0x6672
#define ES 0x6573

static uint64_t
term(const char *uri)
{
	return term_of_uri(slice_str(uri));
}

static uint64_t
core_term(const char *slug)
{
	char uri[80];

	snprintf(uri, sizeof(uri), "urn:ohcn:%s", slug);
	return term(uri);
}

/* A short entry: one English label, at most two links of each kind. */
struct row {
	const char *uri, *label;
	enum term_type type;
	enum term_source source;
	const char *broader, *related, *same_as, *needs;
	uint32_t language; /* 0: English */
};

static err
add(struct vocabulary_builder *b, const struct row *r)
{
	const struct term_label label = { r->language != 0 ? r->language : EN,
		true, slice_str(r->label) };
	const uint64_t broader = term(r->broader != NULL ? r->broader : "");
	const uint64_t related = term(r->related != NULL ? r->related : "");
	const uint64_t same = term(r->same_as != NULL ? r->same_as : "");
	const struct term_need need = { term(r->needs != NULL ? r->needs : ""),
		true };

	return vocabulary_builder_add(
	    b, &(struct term_entry){ .uri = slice_str(r->uri),
		   .type = r->type != 0 ? r->type : TERM_SKILL,
		   .source = r->source,
		   .labels = &label,
		   .labels_n = 1,
		   .broader = &broader,
		   .broader_n = r->broader != NULL,
		   .related = &related,
		   .related_n = r->related != NULL,
		   .same_as = &same,
		   .same_as_n = r->same_as != NULL,
		   .needs = &need,
		   .needs_n = r->needs != NULL });
}

static struct vocabulary *
build(const struct row *rows, size_t n, size_t shift)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	struct vocabulary *v = NULL;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(add(b, &rows[(i * 7 + shift) % n]), OK);
	assert_int_equal(vocabulary_builder_finish(b, &v), OK);
	return v;
}

static bool
has(struct term_list l, uint32_t at)
{
	for (uint32_t i = 0; i < l.n; i++) {
		if (l.at[i] == at)
			return true;
	}
	return false;
}

static const struct row small[] = {
	{ "x:cook", "cooking" },
	{ "x:bake", "baking", .broader = "x:cook", .related = "x:pastry" },
	{ "x:pastry", "pastry making", .broader = "x:cook" },
	{ "x:bread", "baking bread", .broader = "x:bake" },
	{ "x:baker", "baker", TERM_OCCUPATION, .needs = "x:bread" },
	{ "x:chef", "chef", TERM_OCCUPATION, .needs = "x:cook" },
	{ "x:food", "food for all", TERM_PURPOSE },
	{ "y:backen", "Backen", TERM_SKILL, SOURCE_IMPORTED,
	    .same_as = "x:bake", .language = DE },
	{ "z:firin", "ekmek", TERM_SKILL, SOURCE_RECORD, .same_as = "x:bread",
	    .language = 0x7472 },
	{ "z:sourdough", "sourdough", TERM_SKILL, SOURCE_RECORD,
	    .broader = "x:bread" },
};

static void
test_links(void **state)
{
	(void)state;
	struct vocabulary *v = build(small, ARRAY_LEN(small), 0);
	const uint32_t cook = vocabulary_find(v, term("x:cook"));
	const uint32_t bake = vocabulary_find(v, term("x:bake"));
	const uint32_t pastry = vocabulary_find(v, term("x:pastry"));
	const uint32_t bread = vocabulary_find(v, term("x:bread"));
	const uint32_t baker = vocabulary_find(v, term("x:baker"));
	const uint32_t sourdough = vocabulary_find(v, term("z:sourdough"));

	assert_int_equal(vocabulary_size(v), 8);
	assert_int_equal(vocabulary_find(v, term("x:nobody")), TERM_NOWHERE);
	assert_true(has(vocabulary_broader(v, bake), cook));
	assert_true(has(vocabulary_narrower(v, cook), bake));
	assert_int_equal(vocabulary_narrower(v, cook).n, 2);
	assert_true(has(vocabulary_related(v, bake), pastry));
	assert_true(has(vocabulary_related(v, pastry), bake));
	assert_true(has(vocabulary_needs(v, baker, true), bread));
	assert_int_equal(vocabulary_needs(v, baker, false).n, 0);
	assert_int_equal(vocabulary_depth(v, cook), 0);
	assert_int_equal(vocabulary_depth(v, sourdough), 3);
	assert_int_equal(vocabulary_type(v, baker), TERM_OCCUPATION);

	/* what is said to be the same is one place */
	assert_int_equal(vocabulary_find(v, term("y:backen")), bake);
	assert_int_equal(vocabulary_find(v, term("z:firin")), bread);
	assert_true(vocabulary_term(v, bake) == term("x:bake"));
	assert_true(slice_eq_str(vocabulary_uri(v, bake), "x:bake"));
	vocabulary_free(v);
}

static void
test_labels(void **state)
{
	static const struct {
		const char *uri;
		uint32_t language;
		const char *want;
		uint32_t found;
	} cases[] = {
		{ "x:bake", EN, "baking", EN },
		{ "x:bake", DE, "Backen", DE },
		{ "x:bake", FR, "baking", EN },         /* falls back */
		{ "z:firin", 0x7472, "ekmek", 0x7472 }, /* a record's label */
		{ "z:firin", EN, "baking bread", EN },
		{ "z:sourdough", DE, "sourdough", EN },
	};

	(void)state;
	struct vocabulary *v = build(small, ARRAY_LEN(small), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t found = 0;
		const struct slice got =
		    vocabulary_label(v, vocabulary_find(v, term(cases[i].uri)),
			cases[i].language, &found);
		if (!slice_eq_str(got, cases[i].want) ||
		    found != cases[i].found)
			fail_msg("%s: %.*s", cases[i].uri, (int)got.n,
			    (const char *)got.p);
	}
	vocabulary_free(v);
}

static void
test_order_and_hash(void **state)
{
	(void)state;
	struct vocabulary *v = build(small, ARRAY_LEN(small), 0);
	for (size_t shift = 1; shift < ARRAY_LEN(small); shift++) {
		struct vocabulary *w = build(small, ARRAY_LEN(small), shift);
		assert_memory_equal(
		    vocabulary_hash(v), vocabulary_hash(w), VOCABULARY_HASH);
		assert_memory_equal(vocabulary_rarity(v)->hash,
		    vocabulary_rarity(w)->hash, VOCABULARY_HASH);
		vocabulary_free(w);
	}
	struct vocabulary *less = build(small, ARRAY_LEN(small) - 3, 0);
	assert_memory_not_equal(
	    vocabulary_hash(v), vocabulary_hash(less), VOCABULARY_HASH);
	vocabulary_free(less);
	vocabulary_free(v);
}

/* What a stranger's record may not do to terms of better sources. */
static void
test_records_are_bounded(void **state)
{
	static const struct row rows[] = {
		{ "x:a", "welding" },
		{ "x:b", "surgery" },
		{ "y:c", "brazing", TERM_SKILL, SOURCE_IMPORTED },
		/* ties two core terms together: one tie holds */
		{ "z:e", "everything", TERM_SKILL, SOURCE_RECORD,
		    .same_as = "x:a" },
		{ "z:e", "everything", TERM_SKILL, SOURCE_RECORD,
		    .same_as = "x:b" },
		/* speaks for a core term */
		{ "x:b", "butchery", TERM_INTEREST, SOURCE_RECORD,
		    .broader = "x:a" },
		{ "x:b", "cirugía", TERM_SKILL, SOURCE_RECORD, .language = ES },
	};

	(void)state;
	for (size_t shift = 0; shift < ARRAY_LEN(rows); shift++) {
		struct vocabulary_builder *b =
		    vocabulary_builder_new(&vocabulary_limits_default);
		struct vocabulary *v = NULL;
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			assert_int_equal(
			    add(b, &rows[(i + shift) % ARRAY_LEN(rows)]), OK);
		assert_int_equal(vocabulary_builder_finish(b, &v), OK);
		const uint32_t a = vocabulary_find(v, term("x:a"));
		const uint32_t s = vocabulary_find(v, term("x:b"));
		assert_int_not_equal(a, s);
		assert_int_equal(vocabulary_counts(v)->same_refused_n, 1);
		assert_int_equal(vocabulary_broader(v, s).n, 0);
		assert_int_equal(vocabulary_type(v, s), TERM_SKILL);
		assert_true(
		    slice_eq_str(vocabulary_label(v, s, EN, NULL), "surgery"));
		assert_true(
		    slice_eq_str(vocabulary_label(v, s, ES, NULL), "cirugía"));
		for (uint32_t i = 0; i < vocabulary_labels(v); i++)
			assert_false(slice_eq_str(
			    vocabulary_label_at(v, i).text, "butchery"));
		vocabulary_free(v);
	}
}

static void
test_circles(void **state)
{
	static const struct row rows[] = {
		{ "x:top", "top", .broader = "z:evil" },
		{ "x:mid", "mid", .broader = "x:top" },
		{ "z:evil", "evil", TERM_SKILL, SOURCE_RECORD,
		    .broader = "x:mid" },
		{ "x:self", "self", .broader = "x:self" },
		{ "x:lost", "lost", .broader = "x:nowhere" },
	};

	(void)state;
	struct vocabulary *v = build(rows, ARRAY_LEN(rows), 0);
	assert_int_equal(vocabulary_counts(v)->cycle_links_n, 1);
	assert_int_equal(vocabulary_counts(v)->dangling_n, 1);
	assert_int_equal(
	    vocabulary_depth(v, vocabulary_find(v, term("z:evil"))), 0);
	assert_int_equal(
	    vocabulary_depth(v, vocabulary_find(v, term("x:mid"))), 2);
	vocabulary_free(v);
}

static void
test_depth_is_bounded(void **state)
{
	(void)state;
	char uris[40][8], labels[40][8];
	struct row rows[40];
	for (size_t i = 0; i < 40; i++) {
		snprintf(uris[i], sizeof(uris[i]), "x:%zu", i);
		snprintf(labels[i], sizeof(labels[i]), "t%zu", i);
		rows[i] = (struct row){ uris[i], labels[i],
			.broader = i > 0 ? uris[i - 1] : NULL };
	}
	struct vocabulary *v = build(rows, 40, 0);
	for (uint32_t at = 0; at < 40; at++)
		assert_true(vocabulary_depth(v, at) <= VOCABULARY_DEPTH);
	assert_true(vocabulary_counts(v)->cycle_links_n > 0);
	vocabulary_free(v);
}

static void
test_refused(void **state)
{
	(void)state;
	const struct vocabulary_limits limits = { 2, 3, 2, 60 };
	struct vocabulary_builder *b = vocabulary_builder_new(&limits);
	const struct term_label label = { EN, true, slice_str("sewing") };
	struct term_entry e = { .uri = slice_str("x:sew"),
		.type = TERM_SKILL,
		.labels = &label,
		.labels_n = 1 };
	struct term_label bad = label;

	e.term = 1;
	assert_int_equal(vocabulary_builder_add(b, &e), ERR_FORM);
	e.term = term("x:sew");
	e.labels_n = 0;
	assert_int_equal(vocabulary_builder_add(b, &e), ERR_FORM);
	e.labels_n = 1;
	e.labels = &bad;
	bad.text = slice_str("se\nwing");
	assert_int_equal(vocabulary_builder_add(b, &e), ERR_FORM);
	bad.text = label.text;
	bad.language = 3;
	assert_int_equal(vocabulary_builder_add(b, &e), ERR_FORM);
	e.labels = &label;
	e.type = 6;
	assert_int_equal(vocabulary_builder_add(b, &e), ERR_FORM);
	e.type = TERM_SKILL;
	assert_int_equal(vocabulary_builder_add(b, &e), OK);
	assert_int_equal(vocabulary_builder_add(b, &e), OK);
	assert_int_equal(vocabulary_builder_add(b, &e), ERR_LIMIT);
	struct vocabulary *v = NULL;
	assert_int_equal(vocabulary_builder_finish(b, &v), OK);
	assert_int_equal(vocabulary_size(v), 1);
	vocabulary_free(v);
}

static const struct vocabulary_part *
part(const struct vocabulary *v, const char *name)
{
	uint32_t n;
	const struct vocabulary_part *parts = vocabulary_parts(v, &n);

	for (uint32_t i = 0; i < n; i++)
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	return NULL;
}

/* A baker of one vocabulary, and what another says about it. */
static struct vocabulary *
two_origins(bool other_first, uint8_t level, bool twice)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	const struct term_label label = { EN, true, slice_str("baker") };
	const struct term_label german = { DE, true, slice_str("Bäcker") };
	const struct term_need need = { term("x:bread"), true, level, 80 };
	const struct term_need vague = { .term = term("x:bread") };
	const uint64_t close = term("y:cook");
	const struct term_entry ours = { .uri = slice_str("x:baker"),
		.type = TERM_OCCUPATION,
		.source = SOURCE_IMPORTED,
		.zone = 2,
		.description = slice_str("Makes bread."),
		.labels = &label,
		.labels_n = 1,
		.needs = &need,
		.needs_n = 1,
		.close = &close,
		.close_n = 1 };
	const struct term_entry theirs = { .uri = slice_str("y:baker"),
		.type = TERM_OCCUPATION,
		.source = SOURCE_IMPORTED,
		.labels = &german,
		.labels_n = 1,
		.needs = &vague,
		.needs_n = 1 };
	const struct row others[] = { { "x:bread", "bread" },
		{ "y:cook", "cook", TERM_OCCUPATION, SOURCE_IMPORTED } };
	struct vocabulary *v = NULL;

	for (int i = 0; i < (twice ? 4 : 2); i++) {
		const bool other = (i % 2 == 0) == other_first;
		assert_int_equal(
		    vocabulary_builder_origin(b, other ? "y" : "x"), OK);
		assert_int_equal(
		    vocabulary_builder_add(b, other ? &theirs : &ours), OK);
		assert_int_equal(add(b, &others[other]), OK);
	}
	assert_int_equal(vocabulary_builder_origin(b, "crosswalk"), OK);
	assert_int_equal(vocabulary_builder_link(b, SOURCE_IMPORTED,
			     term("x:baker"), term("y:baker"), TERM_SAME),
	    OK);
	assert_int_equal(vocabulary_builder_link(b, SOURCE_IMPORTED,
			     term("x:baker"), term("y:gone"), TERM_SAME),
	    OK);
	assert_int_equal(vocabulary_builder_link(b, SOURCE_IMPORTED,
			     term("x:gone"), term("x:baker"), TERM_CLOSE),
	    OK);
	assert_int_equal(vocabulary_builder_finish(b, &v), OK);
	return v;
}

static void
test_profiles_and_parts(void **state)
{
	struct vocabulary *v = two_origins(false, 4, false);
	struct vocabulary *same = two_origins(true, 4, true);
	struct vocabulary *differs = two_origins(false, 3, false);
	const uint32_t baker = vocabulary_find(v, term("x:baker"));
	const uint32_t bread = vocabulary_find(v, term("x:bread"));
	const uint32_t cook = vocabulary_find(v, term("y:cook"));
	uint32_t n, m;

	(void)state;
	assert_int_equal(vocabulary_find(v, term("y:baker")), baker);
	assert_int_equal(vocabulary_find(v, term("y:gone")), TERM_NOWHERE);
	assert_int_equal(vocabulary_counts(v)->loose_n, 2);
	assert_int_equal(vocabulary_needs(v, baker, true).n, 1);
	assert_int_equal(vocabulary_needs(v, baker, false).n, 0);
	const struct term_need need = vocabulary_need(v, baker, true, 0);
	assert_true(need.term == vocabulary_term(v, bread));
	assert_int_equal(need.level, 4);
	assert_int_equal(need.weight, 80);
	assert_int_equal(vocabulary_zone(v, baker), 2);
	assert_true(
	    slice_eq_str(vocabulary_description(v, baker), "Makes bread."));
	assert_int_equal(vocabulary_description(v, bread).n, 0);
	assert_true(has(vocabulary_close(v, baker), cook));
	assert_true(has(vocabulary_close(v, cook), baker));
	assert_int_equal(vocabulary_close(v, bread).n, 0);

	/* any order, and what came twice: the same hash of the same parts */
	assert_memory_equal(
	    vocabulary_hash(v), vocabulary_hash(same), VOCABULARY_HASH);
	const struct vocabulary_part *a = vocabulary_parts(v, &n);
	const struct vocabulary_part *b = vocabulary_parts(same, &m);
	assert_int_equal(n, m);
	assert_memory_equal(a, b, n * sizeof(*a));
	assert_int_equal(part(v, "x labels en")->n, 2);
	assert_int_equal(part(v, "y labels de")->n, 1);
	assert_int_equal(part(v, "crosswalk same")->n, 2);

	/* another level is another hash, and the part that differs tells */
	assert_memory_not_equal(
	    vocabulary_hash(v), vocabulary_hash(differs), VOCABULARY_HASH);
	b = vocabulary_parts(differs, &m);
	assert_int_equal(n, m);
	for (uint32_t i = 0; i < n; i++) {
		const bool equal = memcmp(&a[i], &b[i], sizeof(a[i])) == 0;
		assert_int_equal(equal, strcmp(a[i].name, "x needs") != 0);
	}
	vocabulary_free(v);
	vocabulary_free(same);
	vocabulary_free(differs);
}

static void
test_protected(void **state)
{
	static const struct {
		uint32_t language;
		const char *label;
		bool want;
	} cases[] = {
		{ EN, "religion", true },
		{ EN, "Age", true },
		{ EN, "my sexual orientation", true },
		{ EN, "trade union member", true },
		{ EN, "health status", true },
		{ EN, "Muslim women", true },
		{ EN, "marital status", true },
		{ EN, "political party", true },
		{ EN, "woman", true },
		{ DE, "Frau", true },
		{ FR, "femmes", true },
		{ EN, "women's studies", false },
		{ EN, "history of religion", false },
		{ EN, "health care", false },
		{ EN, "trade union law", false },
		{ EN, "working with disabled people in sport", false },
		{ EN, "packaging", false },
		{ DE, "Schwerbehinderung", true },
		{ DE, "Religionszugehörigkeit", true },
		{ DE, "Gewerkschaftsmitglied", true },
		{ DE, "Familienstand: ledig", true },
		{ DE, "Altenpflege", false },
		{ FR, "état de santé", true },
		{ FR, "nationalité", true },
		{ FR, "soins de santé", false },
		{ ES, "orientación sexual", true },
		{ ES, "discapacidad", true },
		{ ES, "educación sexual", false },
		{ 0x6e6c, "homosexual",
		    true }, /* no list for Dutch: all four */
		{ 0x6e6c, "timmerman", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (label_is_protected(cases[i].language,
			slice_str(cases[i].label)) != cases[i].want)
			fail_msg("%s", cases[i].label);
	}

	static const struct row rows[] = {
		{ "x:age", "age" },
		{ "x:weld", "welding" },
	};
	struct vocabulary *v = build(rows, 2, 0);
	assert_int_equal(vocabulary_size(v), 1);
	assert_int_equal(vocabulary_counts(v)->protected_n, 1);
	assert_int_equal(vocabulary_find(v, term("x:age")), TERM_NOWHERE);
	vocabulary_free(v);
}

static void
test_log2(void **state)
{
	static const struct {
		uint64_t n;
		uint32_t want;
	} cases[] = {
		{ 1, 0 },
		{ 2, 16 },
		{ 3, 25 },
		{ 4, 32 },
		{ 5, 37 },
		{ 7, 44 },
		{ 10, 53 },
		{ 89, 103 },
		{ 3040, 185 },
		{ 1U << 31, 496 },
		{ UINT64_C(1) << 63, 1008 },
		{ UINT64_MAX, 1023 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(log2_sixteenths(cases[i].n), cases[i].want);
}

static void
test_rarity(void **state)
{
	(void)state;
	struct vocabulary *v = NULL;
	assert_int_equal(core_vocabulary_new(&v), OK);
	const struct rarity *r = vocabulary_rarity(v);
	assert_int_equal(r->n, vocabulary_size(v));
	for (uint32_t i = 0; i < r->n; i++)
		assert_true(r->sixteenths[i] >= RARITY_MIN);
	/* the general says less than the special */
	const uint32_t general = vocabulary_find(v, core_term("communication"));
	const uint32_t special =
	    vocabulary_find(v, core_term("interpreting-speech"));
	assert_true(r->sixteenths[general] < r->sixteenths[special]);
	vocabulary_free(v);
}

static void
test_core(void **state)
{
	(void)state;
	struct vocabulary *v = NULL;
	assert_int_equal(core_vocabulary_new(&v), OK);
	const struct vocabulary_counts *c = vocabulary_counts(v);
	assert_int_equal(c->protected_n, 0);
	assert_int_equal(c->dangling_n, 0);
	assert_int_equal(c->cycle_links_n, 0);
	assert_int_equal(c->same_refused_n, 0);
	assert_true(c->types[TERM_SKILL] + c->types[TERM_KNOWLEDGE] +
			c->types[TERM_INTEREST] + c->types[TERM_PURPOSE] >=
		    400);
	assert_true(c->types[TERM_INTEREST] >= 20);
	assert_true(c->types[TERM_PURPOSE] >= 20);

	/* every term in four languages, occupations of all major groups */
	static const uint32_t languages[] = { EN, DE, FR, ES };
	unsigned majors = 0;
	for (uint32_t at = 0; at < vocabulary_size(v); at++) {
		for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
			uint32_t found = 0;
			vocabulary_label(v, at, languages[i], &found);
			assert_int_equal(found, languages[i]);
		}
		if (vocabulary_type(v, at) == TERM_OCCUPATION) {
			majors |= 1U << vocabulary_isco(v, at) / 1000;
			assert_true(vocabulary_needs(v, at, true).n >= 5);
		}
	}
	assert_int_equal(majors, 0x3ff);
	/* an ESCO id of the same thing is understood without ESCO */
	assert_int_equal(
	    vocabulary_find(v, term("http://data.europa.eu/esco/skill/"
				    "60c78287-22eb-4103-9c8c-28deaa460da0")),
	    vocabulary_find(v, core_term("teamwork")));
	vocabulary_free(v);
}

static void
test_tsv_faults(void **state)
{
#define HEAD "slug\ttype\tisco\ten\tde\tfr\tes\tbroader\trelated\tsame_as\n"
	static const struct {
		const char *tsv;
		err want;
		unsigned line;
	} cases[] = {
		{ "", ERR_FORM, 0 },
		{ "slug\ttype\n", ERR_FORM, 1 },
		{ HEAD, OK, 1 },
		{ HEAD "# note\na\tskill\t*\tx\ty\tz\tw\t\t\t\n", OK, 3 },
		{ HEAD "a\tskill\t*\tx\ty\tz\tw\t\t\n", ERR_FORM, 2 },
		{ HEAD "a\tSkill\t*\tx\ty\tz\tw\t\t\t\n", ERR_FORM, 2 },
		{ HEAD "a\tskill\t*\tx||q\ty\tz\tw\t\t\t\n", ERR_FORM, 2 },
		{ HEAD "a\tskill\t*\tx\ty\tz\tw\tb,,c\t\t\n", ERR_FORM, 2 },
		{ HEAD "\tskill\t*\tx\ty\tz\tw\t\t\t\n", ERR_FORM, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vocabulary_builder *b =
		    vocabulary_builder_new(&vocabulary_limits_default);
		unsigned line = 99;
		const err e = vocabulary_add_tsv(
		    b, slice_str(cases[i].tsv), SOURCE_CORE, &line);
		if (e != cases[i].want || line != cases[i].line)
			fail_msg("case %zu: %s, line %u", i, err_name(e), line);
		vocabulary_builder_free(b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_order_and_hash),
		cmocka_unit_test(test_records_are_bounded),
		cmocka_unit_test(test_circles),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_profiles_and_parts),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_log2),
		cmocka_unit_test(test_rarity),
		cmocka_unit_test(test_core),
		cmocka_unit_test(test_tsv_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
