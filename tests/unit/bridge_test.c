/* Stems, bags and the bridge between two vocabularies of occupations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/bag.h"
#include "match/bridge.h"
#include "match/stem.h"

#define EN 0x656e
#define DE 0x6465
#define FR 0x6672
#define ES 0x6573

static void
test_stems(void **state)
{
	static const struct {
		uint32_t language;
		const char *a, *b;
		bool same;
	} cases[] = {
		{ EN, "welder", "welding", true },
		{ EN, "nurses", "nurse", true },
		{ EN, "technologies", "technology", true },
		{ EN, "running", "runner", true },
		{ EN, "cook", "book", false }, { EN, "bus", "bu", false },
		{ DE, "schweisser", "schweisserin", true },
		{ DE, "backen", "backe", true }, { DE, "koch", "kuche", false },
		{ FR, "soudeur", "soudeuse", true },
		{ ES, "soldador", "soldadora", true },
		{ 0x7472, "kaynak", "kaynakci", false }, /* no rules */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const bool same =
		    slice_eq(stem_of(slice_str(cases[i].a), cases[i].language),
			stem_of(slice_str(cases[i].b), cases[i].language));
		if (same != cases[i].same)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
	assert_true(stem_is_filler(slice_str("of"), EN));
	assert_true(stem_is_filler(slice_str("und"), DE));
	assert_false(stem_is_filler(slice_str("und"), EN));
	assert_false(stem_is_filler(slice_str("o"), EN));
}

/* The same sum as by hand, and rarer stems count more. */
static void
test_bags(void **state)
{
	static const char *const texts[] = { "welder of pipes", "pipe fitter",
		"cook", "cook of cooks" };
	struct bag bags[4] = { { 0 } }, q = { 0 };
	struct stems *s = stems_new();
	struct bag_field *f;
	uint64_t scores[4] = { 0 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(
		    bag_text(&bags[i], s, slice_str(texts[i]), EN, 1, true),
		    OK);
		bag_settle(&bags[i]);
	}
	assert_int_equal(bags[0].n, 2);
	assert_int_equal(bags[3].n, 1);
	assert_int_equal(bags[3].items[0].weight, 2);
	assert_int_equal(stems_count(s), 4);
	assert_int_equal(bag_field_new(bags, 4, stems_count(s), &f), OK);
	assert_int_equal(
	    bag_text(&q, s, slice_str("Welding pipes, unknown"), EN, 1, false),
	    OK);
	bag_settle(&q);
	assert_int_equal(q.n, 2);
	bag_field_score(f, &q, scores);
	assert_true(scores[0] > scores[1] && scores[1] > 0);
	assert_int_equal(scores[2], 0);
	assert_true(bag_field_idf(f, 0) > bag_field_idf(f, 1));
	for (int i = 0; i < 4; i++)
		bag_free(&bags[i]);
	bag_free(&q);
	bag_field_free(f);
	stems_free(s);
}

struct job {
	const char *uri, *label, *other, *text;
	uint32_t isco;
};

static const struct job jobs[] = {
	{ "e:1", "pipe welder", "welding operative", "joins metal pipes",
	    7212 },
	{ "e:2", "sheet roofer", "brazier", "joins sheets", 7212 },
	{ "e:3", "pastry cook", "confectioner", "bakes cakes", 7512 },
	{ "o:1", "Welders", "Pipe Welder", "Weld or join metal parts.", 0 },
	{ "o:2", "Bakers", "Pastry Chef", "Bake cakes and bread.", 0 },
	{ "o:3", "Sheet Workers", "Roofer", "Lay sheets on roofs.", 0 },
};

static struct vocabulary *
jobs_vocabulary(size_t shift)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	struct vocabulary *v;

	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		const struct job *j = &jobs[(i * 5 + shift) % ARRAY_LEN(jobs)];
		const struct term_label labels[] = {
			{ EN, true, slice_str(j->label) },
			{ EN, false, slice_str(j->other) },
		};
		const struct term_entry e = { .uri = slice_str(j->uri),
			.type = TERM_OCCUPATION,
			.source = SOURCE_IMPORTED,
			.isco = j->isco,
			.description = slice_str(j->text),
			.labels = labels,
			.labels_n = 2 };
		assert_int_equal(vocabulary_builder_add(b, &e), OK);
	}
	assert_int_equal(vocabulary_builder_finish(b, &v), OK);
	return v;
}

static uint32_t
place(const struct vocabulary *v, const char *uri)
{
	return vocabulary_find(v, term_of_uri(slice_str(uri)));
}

static void
test_bridge(void **state)
{
	struct bridge_options o = { slice_str("e:"), slice_str("o:"), false };
	struct bridge_hit first[8], hits[8];
	struct bridge *b;
	size_t first_n = 0;

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		struct vocabulary *v = jobs_vocabulary(shift);
		assert_int_equal(bridge_new(v, &o, &b), OK);
		size_t n = bridge_find(b, place(v, "e:1"), hits, 8);
		assert_true(n >= 1 && hits[0].at == place(v, "o:1"));
		assert_true(hits[0].confidence > 500);
		/* any order of entries: the same answer */
		if (shift == 0) {
			memcpy(first, hits, sizeof(first));
			first_n = n;
		}
		assert_int_equal(n, first_n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(first[i].score, hits[i].score);
		n = bridge_find(b, place(v, "e:3"), hits, 8);
		assert_true(n >= 1 && hits[0].at == place(v, "o:2"));
		for (size_t i = 1; i < n; i++)
			assert_true(hits[i].score <= hits[i - 1].score);
		assert_int_equal(bridge_find(b, place(v, "o:1"), hits, 8), 0);
		bridge_free(b);
		vocabulary_free(v);
	}
}

/* An occupation that says little of itself hears its relatives. */
static void
test_relatives(void **state)
{
	struct bridge_options o = { slice_str("e:"), slice_str("o:"), true };
	struct bridge_hit alone[8], hits[8];
	struct vocabulary *v = jobs_vocabulary(0);
	struct bridge *b;
	uint32_t with = 0, without = 0;

	(void)state;
	assert_int_equal(bridge_new(v, &o, &b), OK);
	const size_t m = bridge_find(b, place(v, "e:2"), alone, 8);
	bridge_free(b);
	o.alone = false;
	assert_int_equal(bridge_new(v, &o, &b), OK);
	const size_t n = bridge_find(b, place(v, "e:2"), hits, 8);
	bridge_free(b);
	for (size_t i = 0; i < m; i++)
		if (alone[i].at == place(v, "o:1"))
			without = alone[i].score;
	for (size_t i = 0; i < n; i++)
		if (hits[i].at == place(v, "o:1"))
			with = hits[i].score;
	assert_true(with > without);
	/* in somebody's own words: a title of the other side, and none */
	const struct vocabulary_label l = vocabulary_label_at(v, 0);
	struct bridge_options words = { .to = slice_str("o:"),
		.title = l.text };
	for (uint32_t i = 0; i < vocabulary_labels(v); i++)
		if (vocabulary_label_at(v, i).at == place(v, "o:1"))
			words.title = vocabulary_label_at(v, i).text;
	assert_int_equal(bridge_new(v, &words, &b), OK);
	assert_true(bridge_find(b, TERM_NOWHERE, hits, 8) >= 1);
	assert_int_equal(hits[0].at, place(v, "o:1"));
	bridge_free(b);
	words.title = slice_str("xqzzyq");
	assert_int_equal(bridge_new(v, &words, &b), OK);
	assert_int_equal(bridge_find(b, TERM_NOWHERE, hits, 8), 0);
	bridge_free(b);
	o.to = slice_str("nobody:");
	assert_int_equal(bridge_new(v, &o, &b), ERR_NOTFOUND);
	vocabulary_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stems),
		cmocka_unit_test(test_bags),
		cmocka_unit_test(test_bridge),
		cmocka_unit_test(test_relatives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
