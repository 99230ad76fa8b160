/*
 * Words to terms in the labels of a vocabulary. Five ways, the surest first:
 * the whole label; the same words in other forms or another order ("Kunden
 * beraten" for "Kundenberatung"); a label that stands in the words, the less
 * sure the more words it leaves over; what a person would be shown while
 * typing; labels with some of the words, the rare ones first. The last is
 * never sure enough to be taken without being asked, but makes others less
 * sure that have fewer of the words.
 */
#include <stdio.h>

#include "match/normal.h"
#include "match/stem.h"
#include "node/import/import.h"

#define WORDS_BYTES_MIN  6 /* shorter is too easily the beginning of another */
#define WORDS_CONFIDENCE 70
#define EXACT_CONFIDENCE 100
#define FORMS_CONFIDENCE 85 /* of two or more words */
#define FORM_CONFIDENCE  75 /* of one word */
#define FORM_LESS        3  /* of each word in another form */
#define FORMS_MAX        3U
#define TYPED_CONFIDENCE 40 /* typed so, a list would show it */
#define TYPO_CONFIDENCE  35
#define SOME_CONFIDENCE  45 /* of all that the words can say */
#define SOME_LEAST       10 /* less is no guess */
#define DOUBT            20 /* less, of what is not the best of these */
#define DOUBT_MORE       40 /* nor one of the next */
#define OTHER_LANGUAGE   10 /* less, of a label in another language */
#define HEAD_MISSING     15 /* less, of each word before the last ones */
#define EXACT_HITS       (TERM_GUESSES_MAX + 1)
#define PHRASE_WORDS     8
#define PHRASE_BYTES     192
#define FORM_LETTERS     5 /* of a stem that stands alone */
#define PART_LETTERS     4 /* of a part of a compound */
#define COMPOUND_BYTES   32
#define TEXT_HITS        16U /* of a sentence */

#define GERMAN 0x6465U

struct guesses {
	struct term_guess list[TERM_GUESSES_MAX];
	size_t n;
};

/* Ordered by confidence, each term once; the first of equals stays first. */
static void
guess_add(struct guesses *g, uint64_t term, unsigned confidence)
{
	size_t at = 0;

	while (at < g->n && g->list[at].term != term)
		at++;
	if (at < g->n && g->list[at].confidence >= confidence)
		return;
	if (at == g->n) {
		if (g->n == TERM_GUESSES_MAX &&
		    g->list[g->n - 1].confidence >= confidence)
			return;
		if (g->n < TERM_GUESSES_MAX)
			g->n++;
		at = g->n - 1;
	}
	while (at > 0 && g->list[at - 1].confidence < confidence) {
		g->list[at] = g->list[at - 1];
		at--;
	}
	g->list[at] = (struct term_guess){ term, confidence };
}

/* ---- a phrase as the words that say something ---- */

struct phrase {
	uint8_t bytes[PHRASE_BYTES];
	struct slice words[PHRASE_WORDS]; /* in normal form */
	uint32_t from[PHRASE_WORDS];      /* where they stand in the text */
	size_t n;
	bool cut; /* there are more words */
};

/* Words that people put around a skill: they name none. */
static bool
is_padding(struct slice word)
{
	static const char *const words[] = { "ability", "able", "advanced",
		"basic", "experience", "experienced", "excellent", "first",
		"good", "knowledge", "proficiency", "proficient", "proven",
		"skills", "skill", "solid", "strong", "very", "years",
		"microsoft", "ausgezeichnete", "anwenderkenntnisse",
		"erfahrung", "erfahrungen", "erste", "fundierte", "gute",
		"guter", "gutes", "grundkenntnisse", "kenntnis", "kenntnisse",
		"kenntnissen", "mehrjahrige", "sehr", "sichere", "sicherer",
		"umgang", "connaissance", "connaissances", "experiencia",
		"conocimiento", "conocimientos" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (word.n == strlen(words[i]) &&
		    memcmp(word.p, words[i], word.n) == 0)
			return true;
	return false;
}

static void
phrase_make(struct phrase *p, struct slice text, uint32_t language)
{
	const uint8_t *begin = text.p;
	struct buf b = { p->bytes, 0, sizeof(p->bytes) };

	p->n = 0;
	p->cut = false;
	while (text.n > 0) {
		const uint8_t *here = text.p;
		const size_t start = b.n;
		size_t at, n;
		if (!normal_next(&text, &b, &at, &n))
			break;
		const struct slice word = { p->bytes + start, b.n - start };
		if (word.n == 0 || b.n == b.cap || p->n == PHRASE_WORDS) {
			p->cut = true;
			break;
		}
		if (stem_is_filler(word, language) || is_padding(word))
			continue;
		p->from[p->n] = (uint32_t)((size_t)(here - begin) + at);
		p->words[p->n++] = word;
	}
}

/* ---- the same words in other forms ---- */

struct stems {
	struct slice list[PHRASE_WORDS];
	struct slice whole[PHRASE_WORDS]; /* the words they are of */
	size_t n;
};

static void
stems_of(struct stems *s, const struct phrase *p, uint32_t language)
{
	s->n = p->n;
	for (size_t i = 0; i < p->n; i++) {
		s->whole[i] = p->words[i];
		s->list[i] = stem_of(p->words[i], language);
	}
}

/* The same stems, in any order; ${forms}: words that differ all the same. */
static bool
stems_equal(const struct stems *a, const struct stems *b, unsigned *forms)
{
	bool used[PHRASE_WORDS] = { false };

	*forms = 0;
	if (a->n != b->n || a->n == 0)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		size_t k = 0;
		while (
		    k < b->n && (used[k] || !slice_eq(a->list[i], b->list[k])))
			k++;
		if (k == b->n)
			return false;
		used[k] = true;
		*forms += !slice_eq(a->whole[i], b->whole[k]);
	}
	return true;
}

/* Terms with a label of exactly these stems. */
static void
find_stems(const struct term_source_search *s, const struct stems *want,
    uint32_t language, unsigned confidence, struct guesses *g)
{
	struct search_hit hits[SEARCH_HITS_MAX];
	struct phrase label;
	struct stems have;
	char query[SEARCH_QUERY_MAX];
	unsigned forms;
	size_t n = 0;

	for (size_t i = 0; i < want->n; i++) {
		if (n + want->list[i].n + 2 > sizeof(query))
			return;
		if (i > 0)
			query[n++] = ' ';
		memcpy(query + n, want->list[i].p, want->list[i].n);
		n += want->list[i].n;
	}
	const size_t found = search_labels(s->index, slice_of(query, n),
	    (struct search_options){ .language = language }, hits,
	    SEARCH_HITS_MAX);
	for (size_t i = 0; i < found; i++) {
		if (hits[i].language != language || hits[i].typos > 0)
			continue;
		phrase_make(&label, hits[i].label, language);
		if (label.cut)
			continue;
		stems_of(&have, &label, language);
		/* "driving" is nearer to "driving" than to "driver" */
		if (stems_equal(want, &have, &forms))
			guess_add(g, vocabulary_term(s->vocabulary, hits[i].at),
			    confidence - MIN(forms, FORMS_MAX) * FORM_LESS);
	}
}

/* "Kundenberatung" as "Kunden" and "Beratung", wherever a label has both. */
static void
find_split(const struct term_source_search *s, struct slice word,
    uint32_t language, struct guesses *g)
{
	if (word.n > COMPOUND_BYTES)
		return;
	for (size_t i = PART_LETTERS; i + PART_LETTERS <= word.n; i++) {
		const struct slice a = slice_of(word.p, i);
		const struct slice b = slice_of(word.p + i, word.n - i);
		const struct stems parts = { .list = { stem_of(a, language),
						 stem_of(b, language) },
			.whole = { a, b },
			.n = 2 };
		find_stems(s, &parts, language, FORM_CONFIDENCE, g);
		if (g->n > 0)
			return;
	}
}

/* One word of two, "Kunden" and "Berat", as a label may have it. */
static void
find_one(const struct term_source_search *s, struct slice a, const char *link,
    struct slice b, uint32_t language, struct guesses *g)
{
	char bytes[2 * COMPOUND_BYTES + 2];

	if (a.n < PART_LETTERS || b.n < PART_LETTERS || a.n > COMPOUND_BYTES ||
	    b.n > COMPOUND_BYTES)
		return;
	const int n = snprintf(bytes, sizeof(bytes), "%.*s%s%.*s", (int)a.n,
	    (const char *)a.p, link, (int)b.n, (const char *)b.p);
	const struct slice word = slice_of(bytes, (size_t)n);
	const struct stems one = {
		.list = { word }, .whole = { word }, .n = 1
	};
	find_stems(s, &one, language, FORM_CONFIDENCE, g);
}

/* "Beratung von Kunden", "Kunden beraten" as "Kundenberatung"; "Planung von
 * Schichten" as "Schichtplanung". */
static void
find_joined(const struct term_source_search *s, const struct phrase *p,
    uint32_t language, struct guesses *g)
{
	static const char *const links[] = { "", "s", "n" };

	for (size_t i = 0; i < 2; i++) {
		const struct slice a = p->words[i];
		const struct slice b = stem_of(p->words[1 - i], language);
		for (size_t k = 0; k < ARRAY_LEN(links) && g->n == 0; k++)
			find_one(s, a, links[k], b, language, g);
		if (g->n == 0)
			find_one(s, stem_of(a, language), "", b, language, g);
	}
}

static void
find_forms(const struct term_source_search *s, const struct phrase *p,
    uint32_t language, struct guesses *g)
{
	struct stems stems;

	if (p->n == 0 || p->cut)
		return;
	stems_of(&stems, p, language);
	if (p->n > 1 || stems.list[0].n >= FORM_LETTERS)
		find_stems(s, &stems, language,
		    p->n > 1 ? FORMS_CONFIDENCE : FORM_CONFIDENCE, g);
	if (language != GERMAN || g->n > 0)
		return;
	if (p->n == 1)
		find_split(s, p->words[0], language, g);
	else if (p->n == 2)
		find_joined(s, p, language, g);
}

/* ---- some of the words, by how rare they are ---- */

struct some {
	struct search_hit hits[TERM_GUESSES_MAX];
	size_t n;
};

/* Less sure: others have more of the words, or rarer ones. */
static unsigned
doubt(const struct some *some, uint32_t at)
{
	if (some->n == 0 || some->hits[0].at == at)
		return 0;
	for (size_t i = 1; i < some->n; i++)
		if (some->hits[i].at == at)
			return DOUBT;
	return DOUBT_MORE;
}

/* "Leiter einer Bäckerei" for "Bäckereileiter": never without being asked. */
static void
add_some(const struct term_source_search *s, const struct some *some,
    struct guesses *g)
{
	for (size_t i = 0; i < some->n; i++) {
		const unsigned sure =
		    SOME_CONFIDENCE * some->hits[i].share / 1000;
		if (sure >= SOME_LEAST)
			guess_add(g,
			    vocabulary_term(s->vocabulary, some->hits[i].at),
			    sure);
	}
}

/* ---- a label that stands in the words ---- */

/*
 * Words that are left over make it less sure. Where the label ends the
 * phrase they say which ("gas welding" is welding); in front of others it is
 * but what they are about ("welding inspector" is no welder).
 */
static void
find_inside(const struct term_source_search *s, struct slice text,
    const struct phrase *p, struct search_options o, const struct some *some,
    struct guesses *g)
{
	struct search_found found[TERM_GUESSES_MAX];
	const size_t n =
	    search_text(s->index, text, o, found, TERM_GUESSES_MAX);

	for (size_t i = 0; i < n; i++) {
		unsigned sure = found[i].confidence / 10U;
		size_t inside = 0, first = p->n, last = 0;
		for (size_t k = 0; k < p->n; k++) {
			if (p->from[k] < found[i].from ||
			    p->from[k] >= found[i].to)
				continue;
			first = MIN(first, k);
			last = k;
			inside++;
		}
		if (inside == 0 && p->n > 0)
			continue; /* "of", "good": not what was meant */
		if (p->n > 0 && last + 1 == p->n && !p->cut)
			sure -= MIN(sure, (unsigned)first * HEAD_MISSING);
		else if (p->n > 0)
			sure = sure * (unsigned)inside / (unsigned)p->n;
		if (inside < p->n)
			sure -= MIN(sure, doubt(some, found[i].at));
		guess_add(g, vocabulary_term(s->vocabulary, found[i].at), sure);
	}
}

/*
 * "forklift driving" for "driving a forklift": the same words in another
 * order, if no second term has them as well. Others are only shown.
 */
static void
find_typed(const struct term_source_search *s, struct slice text,
    struct search_options o, const struct some *some, struct guesses *g)
{
	struct search_hit hits[TERM_GUESSES_MAX];

	if (text.n < WORDS_BYTES_MIN)
		return;
	const size_t n =
	    search_labels(s->index, text, o, hits, TERM_GUESSES_MAX);
	for (size_t i = 0; i < n; i++) {
		const bool typo =
		    hits[i].typos > 0 || hits[i].way == SEARCH_TYPO;
		const bool alone =
		    i == 0 && (n == 1 || hits[1].way != hits[0].way);
		unsigned sure = typo                 ? TYPO_CONFIDENCE
				: alone && g->n == 0 ? WORDS_CONFIDENCE
						     : TYPED_CONFIDENCE;
		if (!typo)
			sure -= MIN(sure, doubt(some, hits[i].at));
		guess_add(g, vocabulary_term(s->vocabulary, hits[i].at), sure);
	}
}

static size_t
guess_in_search(void *ctx, struct slice text, uint32_t language,
    struct term_guess *out, size_t max)
{
	const struct term_source_search *s = ctx;
	const struct search_options o = { .language = language };
	struct search_hit hits[EXACT_HITS];
	struct guesses g = { .n = 0 };
	struct phrase p;
	struct some some;
	bool certain = false;

	const size_t n = search_labels(s->index, text, o, hits, EXACT_HITS);
	for (size_t i = 0; i < n && hits[i].way == SEARCH_EXACT; i++) {
		guess_add(&g, vocabulary_term(s->vocabulary, hits[i].at),
		    language == 0 || hits[i].language == language
			? EXACT_CONFIDENCE
			: EXACT_CONFIDENCE - OTHER_LANGUAGE);
		certain = certain || hits[i].preferred;
	}
	some.n = certain ? 0
			 : search_some(
			       s->index, text, o, some.hits, TERM_GUESSES_MAX);
	if (g.n == 0) {
		phrase_make(&p, text, language);
		find_forms(s, &p, language, &g);
		find_inside(s, text, &p, o, &some, &g);
		find_typed(s, text, o, &some, &g);
	}
	add_some(s, &some, &g);
	const size_t taken = MIN(g.n, max);
	memcpy(out, g.list, taken * sizeof(*out));
	return taken;
}

static bool
describe_in_search(void *ctx, uint64_t term, uint32_t language,
    struct slice *uri, struct slice *label, enum term_type *type)
{
	const struct term_source_search *s = ctx;
	const uint32_t at = vocabulary_find(s->vocabulary, term);

	if (at == TERM_NOWHERE)
		return false;
	*uri = vocabulary_uri(s->vocabulary, at);
	*label = vocabulary_label(s->vocabulary, at, language, NULL);
	*type = vocabulary_type(s->vocabulary, at);
	return true;
}

static size_t
find_in_search(void *ctx, struct slice text, uint32_t language,
    struct term_found *out, size_t max)
{
	const struct term_source_search *s = ctx;
	struct search_found found[TEXT_HITS];
	const size_t n = search_text(s->index, text,
	    (struct search_options){ .language = language }, found,
	    MIN(max, TEXT_HITS));

	for (size_t i = 0; i < n; i++)
		out[i] = (struct term_found){ vocabulary_term(
						  s->vocabulary, found[i].at),
			found[i].from, found[i].to, found[i].confidence / 10U };
	return n;
}

struct term_lookup
term_lookup_of_search(const struct term_source_search *s)
{
	return (struct term_lookup){ guess_in_search, describe_in_search,
		(void *)(uintptr_t)s, find_in_search };
}
