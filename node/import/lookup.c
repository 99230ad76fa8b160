/* Words to terms in the labels of a vocabulary. */
#include "node/import/import.h"

#define WORDS_BYTES_MIN  6 /* shorter is too easily the beginning of another */
#define WORDS_CONFIDENCE 70

/* "forklift driving" for "driving a forklift": the same words in another
 * order, if no second term has them as well. */
static bool
find_words(const struct term_source_search *s, struct slice text,
    struct search_options o, uint64_t *term, unsigned *confidence)
{
	struct search_hit hits[2];

	if (text.n < WORDS_BYTES_MIN)
		return false;
	const size_t n = search_labels(s->index, text, o, hits, 2);
	if (n == 0 || hits[0].typos > 0 || hits[0].way == SEARCH_TYPO ||
	    (n == 2 && hits[1].way == hits[0].way))
		return false;
	*term = vocabulary_term(s->vocabulary, hits[0].at);
	*confidence = WORDS_CONFIDENCE;
	return true;
}

static bool
find_in_search(void *ctx, struct slice text, uint32_t language, uint64_t *term,
    unsigned *confidence)
{
	const struct term_source_search *s = ctx;
	const struct search_options o = { .language = language };
	struct search_hit hit;
	struct search_found found;

	if (search_labels(s->index, text, o, &hit, 1) == 1 &&
	    hit.way == SEARCH_EXACT) {
		*term = vocabulary_term(s->vocabulary, hit.at);
		*confidence =
		    hit.language == language || language == 0 ? 100 : 90;
		return true;
	}
	if (search_text(s->index, text, o, &found, 1) == 1) {
		*term = vocabulary_term(s->vocabulary, found.at);
		*confidence = found.confidence / 10U;
		return true;
	}
	return find_words(s, text, o, term, confidence);
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

struct term_lookup
term_lookup_of_search(const struct term_source_search *s)
{
	return (struct term_lookup){ find_in_search, describe_in_search,
		(void *)(uintptr_t)s };
}
