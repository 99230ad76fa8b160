#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/normal.h"
#include "match/search.h"
#include "match_world.h"

#define EN 0x656e
#define DE 0x6465
#define FR 0x6672
#define ES 0x6573

static struct world world;
static struct search_index *index_of_core;

static int
setup(void **state)
{
	(void)state;
	world_open(&world);
	return search_index_new(world.v, &index_of_core) == OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	search_index_free(index_of_core);
	world_close(&world);
	return 0;
}

static void
test_normal(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" }, { "  --  ", "" },
		{ "Baking Bread", "baking bread" },
		{ "Öffentliches  Reden", "offentliches reden" },
		{ "Straße, groß", "strasse gross" },
		{ "œuvre ÇÉÈÊ", "oeuvre ceee" }, { "año ¿qué?", "ano que" },
		{ "C++/C# and F#", "c++ c# and f#" }, { "# +1", "1" },
		{ "Łódź Đà Nẵng", "lodz da nang" },
		{ "e\xcc\x81"
		  "cole",
		    "ecole" }, /* a combining accent */
		{ "МОСКВА Ёлка", "москва ёлка" }, { "ΑΘΗΝΑ", "αθηνα" },
		{ "料理 人", "料理 人" },
		{ "a\xff"
		  "b",
		    "a b" }, /* not UTF-8 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t space[64];
		struct buf b = { space, 0, sizeof(space) };
		normal_put(slice_str(cases[i].text), &b);
		if (!slice_eq_str(buf_slice(&b), cases[i].want))
			fail_msg("%s -> %.*s", cases[i].text, (int)b.n,
			    (const char *)b.p);
	}
	/* no room: whole words that fit, or the part of one */
	uint8_t space[6];
	struct buf b = { space, 0, sizeof(space) };
	normal_put(slice_str("ab cd efgh"), &b);
	assert_true(b.n <= sizeof(space));
	assert_memory_equal(space, "ab cd", 5);
}

/* What people type, and what they mean. */
static void
test_labels(void **state)
{
	static const struct {
		const char *query;
		uint32_t language;
		const char *slug;
		enum search_way way;
	} cases[] = {
		{ "teamwork", EN, "teamwork", SEARCH_EXACT },
		{ "TeamWork ", EN, "teamwork", SEARCH_EXACT },
		{ "welding", EN, "welding", SEARCH_EXACT },
		{ "forklift tr", EN, "forklift-driving", SEARCH_BEGINS },
		{ "truck forklift", EN, "forklift-driving", SEARCH_WORDS },
		{ "elderly", EN, "care-of-older-people", SEARCH_BEGINS },
		{ "carpentri", EN, "carpentry", SEARCH_TYPO },
		{ "weldnig", EN, "welding", SEARCH_TYPO }, /* a swap */
		{ "wleding", EN, "welding", SEARCH_TYPO },
		{ "electical installation", EN, "electrical-installation",
		    SEARCH_TYPO },
		{ "negociating", EN, "negotiation", SEARCH_TYPO },
		{ "öffentliches reden", DE, "public-speaking", SEARCH_EXACT },
		{ "offentliches red", DE, "public-speaking", SEARCH_BEGINS },
		{ "Ofentliches Reden", DE, "public-speaking", SEARCH_TYPO },
		{ "verhandlungsfürung", DE, "negotiation", SEARCH_TYPO },
		{ "Einfuhlungsvermogen", DE, "empathy", SEARCH_EXACT },
		{ "prise de parole", FR, "public-speaking", SEARCH_BEGINS },
		{ "ecoute active", FR, "active-listening", SEARCH_EXACT },
		{ "redaction clare", FR, "writing-texts", SEARCH_TYPO },
		{ "résolusion de conflits", FR, "conflict-resolution",
		    SEARCH_TYPO },
		{ "comunicacion", ES, "communication", SEARCH_EXACT },
		{ "escucha ativa", ES, "active-listening", SEARCH_TYPO },
		{ "trabajo equipo", ES, "teamwork", SEARCH_WORDS },
		{ "oratora", ES, "public-speaking", SEARCH_TYPO },
	};
	struct search_hit hits[5];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const size_t n = search_labels(index_of_core,
		    slice_str(cases[i].query),
		    (struct search_options){ cases[i].language, 0 }, hits, 5);
		if (n == 0 ||
		    vocabulary_term(world.v, hits[0].at) !=
			slug_term(cases[i].slug) ||
		    hits[0].way != cases[i].way)
			fail_msg("%s: %zu hits, first %.*s (%d)",
			    cases[i].query, n, n > 0 ? (int)hits[0].label.n : 0,
			    n > 0 ? (const char *)hits[0].label.p : "",
			    n > 0 ? (int)hits[0].way : 0);
	}
}

/* Some of the words, in other forms; the rare ones say more. */
static void
test_some(void **state)
{
	static const struct {
		const char *query;
		uint32_t language;
		const char *slug; /* the first; NULL: none */
	} cases[] = {
		{ "forklifts of qqqqqq", EN, "forklift-driving" },
		{ "speakers in public places", EN, "public-speaking" },
		{ "Verhandler und Verhandlungsführung", DE, "negotiation" },
		{ "Staplerfahrer", DE, "forklift-driver" },
		/* a compound alone, of which only a part is known */
		{ "Gabelstaplerwesen", DE, "forklift-driving" },
		{ "resolution des problemes et conflits", FR,
		    "conflict-resolution" },
		{ "equipos y trabajar", ES, "teamwork" },
		{ "qqqqqq", EN, NULL }, { "of the and", EN, NULL },
		{ "", EN, NULL },
		{ "welding", 0x7a7aU, NULL }, /* no such language */
	};
	struct search_hit hits[5], one;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct slice query = slice_str(cases[i].query);
		const struct search_options o = { cases[i].language, 0 };
		const size_t n = search_some(index_of_core, query, o, hits, 5);
		if ((n == 0) != (cases[i].slug == NULL) ||
		    (n > 0 && vocabulary_term(world.v, hits[0].at) !=
				  slug_term(cases[i].slug)))
			fail_msg("%s: %zu hits, first %.*s", cases[i].query, n,
			    n > 0 ? (int)hits[0].label.n : 0,
			    n > 0 ? (const char *)hits[0].label.p : "");
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(hits[k].way, SEARCH_SOME);
			assert_in_range(hits[k].share, 1, 1000);
			assert_true(2 * hits[k].share >= hits[0].share);
			assert_true(
			    k == 0 || hits[k].share <= hits[k - 1].share);
			for (size_t j = 0; j < k; j++)
				assert_int_not_equal(hits[k].at, hits[j].at);
		}
		assert_int_equal(
		    search_some(index_of_core, query, o, &one, 1), n > 0);
		assert_true(n == 0 || one.at == hits[0].at);
	}
	/* of no other type */
	const struct search_options o = { EN, 1U << TERM_PURPOSE };
	const size_t n = search_some(
	    index_of_core, slice_str("driving public health"), o, hits, 5);
	assert_true(n > 0);
	for (size_t k = 0; k < n; k++)
		assert_int_equal(
		    vocabulary_type(world.v, hits[k].at), TERM_PURPOSE);
}

static void
test_nothing_found(void **state)
{
	static const char *const queries[] = { "", "   ", "?!", "qqqqqqqq",
		"wlg", "welding qqqqqqqq", "\xff\xfe" };
	struct search_hit hits[5];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		if (search_labels(index_of_core, slice_str(queries[i]),
			(struct search_options){ EN, 0 }, hits, 5) != 0)
			fail_msg("%s", queries[i]);
	}
	assert_int_equal(search_labels(index_of_core, slice_str("welding"),
			     (struct search_options){ EN, 0 }, hits, 0),
	    0);
}

/* Each term once, in order, of the wanted type; any prefix of any label. */
static void
test_order(void **state)
{
	struct search_hit hits[SEARCH_HITS_MAX], less[SEARCH_HITS_MAX];

	(void)state;
	for (char c = 'a'; c <= 'z'; c++) {
		const struct search_options o = { EN, 1U << TERM_SKILL };
		const size_t n = search_labels(
		    index_of_core, slice_of(&c, 1), o, hits, SEARCH_HITS_MAX);
		const size_t m =
		    search_labels(index_of_core, slice_of(&c, 1), o, less, 7);
		assert_int_equal(m, MIN(n, (size_t)7));
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(
			    vocabulary_type(world.v, hits[i].at), TERM_SKILL);
			assert_true(i == 0 || hits[i].way >= hits[i - 1].way);
			for (size_t k = 0; k < i; k++)
				assert_int_not_equal(hits[k].at, hits[i].at);
			if (i < m)
				assert_int_equal(hits[i].at, less[i].at);
		}
	}
	/* a label finds its term by its whole text */
	for (uint32_t i = 0; i < vocabulary_labels(world.v); i += 5) {
		const struct vocabulary_label l =
		    vocabulary_label_at(world.v, i);
		const size_t n = search_labels(index_of_core, l.text,
		    (struct search_options){ l.language, 0 }, hits, 16);
		bool found = false;
		for (size_t k = 0; k < n; k++)
			found = found || (hits[k].at == l.at &&
					     hits[k].way == SEARCH_EXACT);
		if (!found)
			fail_msg("%.*s", (int)l.text.n, (const char *)l.text.p);
	}
}

/* What an importer reads out of a sentence. */
static void
test_text(void **state)
{
	static const struct {
		uint32_t language;
		const char *text;
		const char *slugs[4]; /* found with at least 500 */
	} cases[] = {
		{ EN, "I did public speaking, welding and first aid.",
		    { "public-speaking", "first-aid", "welding" } },
		{ EN, "Forklift truck driver wanted; SQL, Python programming",
		    { "forklift-driving", "python" } },
		{ DE, "Erfahrung: Verhandlungsführungen, öffentliches Reden",
		    { "public-speaking", "negotiation" } },
		{ DE, "Teamfähigkeit sowie Verhandlungsführung",
		    { "teamwork", "negotiation" } },
		{ FR, "Bonne écoute active, travail en équipe et négociation",
		    { "active-listening", "teamwork", "negotiation" } },
		{ ES, "Trabajo en equipo, hablar en público y negociación",
		    { "teamwork", "public-speaking", "negotiation" } },
		{ EN, "nothing of this zzz qqq", { NULL } },
		{ EN, "", { NULL } },
	};
	struct search_found found[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct slice text = slice_str(cases[i].text);
		const size_t n = search_text(index_of_core, text,
		    (struct search_options){ cases[i].language, 0 }, found, 16);
		for (size_t k = 0; k < n; k++) {
			assert_true(found[k].from < found[k].to &&
				    found[k].to <= text.n);
			assert_true(k == 0 || found[k].confidence <=
						  found[k - 1].confidence);
		}
		for (size_t w = 0; w < 4 && cases[i].slugs[w] != NULL; w++) {
			bool there = false;
			for (size_t k = 0; k < n; k++)
				there =
				    there ||
				    (vocabulary_term(world.v, found[k].at) ==
					    slug_term(cases[i].slugs[w]) &&
					found[k].confidence >= 500);
			if (!there)
				fail_msg("%s: no %s", cases[i].text,
				    cases[i].slugs[w]);
		}
		if (cases[i].slugs[0] == NULL)
			assert_true(n == 0 || found[0].confidence < 500);
	}
}

/* ---- against a naive search ---- */

#define NAIVE_MAX 64

/* Changes, additions, omissions, swaps; of q to w or to a beginning of it. */
static unsigned
naive_distance(struct slice q, struct slice w, bool prefix)
{
	unsigned d[64][64];

	assert_true(q.n < 64 && w.n < 64);
	for (size_t i = 0; i <= q.n; i++)
		for (size_t j = 0; j <= w.n; j++) {
			unsigned c = (unsigned)(i + j);
			if (i > 0 && j > 0) {
				c = d[i - 1][j - 1] +
				    (q.p[i - 1] != w.p[j - 1]);
				c = MIN(c, d[i - 1][j] + 1);
				c = MIN(c, d[i][j - 1] + 1);
			}
			if (i > 1 && j > 1 && q.p[i - 1] == w.p[j - 2] &&
			    q.p[i - 2] == w.p[j - 1])
				c = MIN(c, d[i - 2][j - 2] + 1);
			d[i][j] = c;
		}
	unsigned best = d[q.n][w.n];
	for (size_t j = 0; prefix && j <= w.n; j++)
		best = MIN(best, d[q.n][j]);
	return best;
}

static bool
next_word(struct slice *rest, struct slice *word)
{
	size_t n = 0;

	while (n < rest->n && rest->p[n] != ' ')
		n++;
	*word = slice_of(rest->p, n);
	slice_skip(rest, n < rest->n ? n + 1 : n);
	return n > 0;
}

/* way * 100 + typos of one label; 10000: no hit. */
static unsigned
naive_key(struct slice query, struct slice label)
{
	struct slice rest = query, q, w;
	unsigned typos = 0;

	while (next_word(&rest, &q)) {
		const size_t letters = normal_letters(q);
		const unsigned max = letters >= 8 ? 2 : letters >= 4 ? 1 : 0;
		struct slice words = label;
		unsigned best = 100;
		while (next_word(&words, &w)) {
			unsigned d = naive_distance(q, w, rest.n == 0);
			if (w.n >= q.n && memcmp(w.p, q.p, q.n) == 0)
				d = 0;
			best = MIN(best, d);
		}
		if (best > max)
			return 10000;
		typos += best;
	}
	if (typos > 0)
		return SEARCH_TYPO * 100 + typos;
	if (slice_eq(label, query))
		return SEARCH_EXACT * 100;
	return label.n >= query.n && memcmp(label.p, query.p, query.n) == 0
		   ? SEARCH_BEGINS * 100
		   : SEARCH_WORDS * 100;
}

static int
key_order(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static void
compare_naive(struct slice text)
{
	static unsigned keys[4096];
	const uint32_t size = vocabulary_size(world.v);
	struct search_hit hits[NAIVE_MAX];
	uint8_t space[SEARCH_QUERY_MAX], label_space[2 * TERM_LABEL_MAX];
	struct buf query = { space, 0, sizeof(space) };

	normal_put(text, &query);
	if (query.n == 0)
		return;
	assert_true(size <= ARRAY_LEN(keys));
	for (uint32_t i = 0; i < size; i++)
		keys[i] = 10000;
	for (uint32_t i = 0; i < vocabulary_labels(world.v); i++) {
		const struct vocabulary_label l =
		    vocabulary_label_at(world.v, i);
		struct buf label = { label_space, 0, sizeof(label_space) };
		normal_put(l.text, &label);
		keys[l.at] = MIN(keys[l.at],
		    naive_key(buf_slice(&query), buf_slice(&label)));
	}
	const size_t n = search_labels(
	    index_of_core, text, (struct search_options){ 0 }, hits, NAIVE_MAX);
	for (size_t i = 0; i < n; i++)
		if (keys[hits[i].at] != hits[i].way * 100 + hits[i].typos)
			fail_msg("\"%.*s\": \"%.*s\" way %d typos %u, want %u",
			    (int)text.n, (const char *)text.p,
			    (int)hits[i].label.n, (const char *)hits[i].label.p,
			    (int)hits[i].way, hits[i].typos, keys[hits[i].at]);
	qsort(keys, size, sizeof(*keys), key_order);
	size_t want = 0;
	while (want < NAIVE_MAX && want < size && keys[want] < 10000)
		want++;
	assert_int_equal(n, want);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(keys[i], hits[i].way * 100 + hits[i].typos);
}

/* Parts of labels with letters changed, left out, added and swapped. */
static void
test_as_naive(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int round = 0; round < 60; round++) {
		const struct vocabulary_label l = vocabulary_label_at(world.v,
		    (uint32_t)chance(&seed, vocabulary_labels(world.v)));
		uint8_t text[80];
		size_t n = MIN(l.text.n, (size_t)40);
		const size_t from = chance(&seed, n);
		n = 1 + chance(&seed, n - from);
		memcpy(text, l.text.p + from, n);
		for (uint64_t k = chance(&seed, 3); k > 0; k--) {
			const size_t at = chance(&seed, n);
			const uint8_t c = (uint8_t)('a' + chance(&seed, 26));
			switch (chance(&seed, 4)) {
			case 0:
				text[at] = c;
				break;
			case 1:
				memmove(text + at + 1, text + at, n - at);
				text[at] = c;
				n++;
				break;
			case 2:
				if (n > 1) {
					memmove(text + at, text + at + 1,
					    n - at - 1);
					n--;
				}
				break;
			default:
				if (at + 1 < n) {
					const uint8_t first = text[at];
					text[at] = text[at + 1];
					text[at + 1] = first;
				}
			}
		}
		compare_naive(slice_of(text, n));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_some),
		cmocka_unit_test(test_nothing_found),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_as_naive),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
