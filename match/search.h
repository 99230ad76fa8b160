/*
 * search.h: labels as one types: prefixes, accents left out, typing errors;
 * and free text to terms, for importers.
 * Labels and queries are compared in their normal form (normal.h).
 */
#pragma once

#include "match/vocabulary/vocabulary.h"

#define SEARCH_HITS_MAX  64    /* results of one search */
#define SEARCH_QUERY_MAX 128   /* bytes that are looked at */
#define SEARCH_WORDS_MAX 12    /* words of a query that are looked at */
#define SEARCH_TEXT_MAX  65536 /* bytes of a text that are looked at */

struct search_index;

/**
 * search_index_new(v, out):
 * An index over all labels of ${v}, which must live longer. About a hundred
 * bytes a label. ERR_NOMEM.
 */
NODISCARD err search_index_new(
    const struct vocabulary *v, struct search_index **out);
void search_index_free(struct search_index *s);

enum search_way {      /* best first */
	SEARCH_EXACT,  /* the whole label */
	SEARCH_BEGINS, /* the label begins like this */
	SEARCH_WORDS,  /* each word begins a word of the label */
	SEARCH_TYPO,   /* as above, with typing errors */
	SEARCH_SOME,   /* some of the words: search_some() alone */
};

struct search_hit {
	uint32_t at; /* the term's place */
	enum search_way way;
	unsigned typos;
	unsigned share; /* SEARCH_SOME: 1..1000, of all the words */
	bool preferred;
	uint32_t language;
	struct slice label; /* the one that matched; borrowed from ${v} */
};

struct search_options {
	uint32_t language;  /* preferred among equals; 0: none */
	uint32_t type_mask; /* 1 << enum term_type, 0: any */
};

/**
 * search_labels(s, query, o, hits, max):
 * At most ${max} (and SEARCH_HITS_MAX) terms, each once with its best label,
 * best first: way, fewer typos, asked language, preferred, shorter label,
 * more common term, place. The last word may be unfinished. One typing error
 * (change, add, leave out, swap) is forgiven in words of 4 letters, two in
 * words of 8. Returns the number of hits.
 */
size_t search_labels(const struct search_index *s, struct slice query,
    struct search_options o, struct search_hit *hits, size_t max);

/**
 * search_some(s, query, o, hits, max):
 * Terms with labels in ${o}.language (0: English) that have some of the
 * words, for when no label has them all: those with rare words and with more
 * of them first (label_words.h). Whole words in any ending; no beginnings, no
 * typing errors. At most ${max} (and SEARCH_HITS_MAX), and none that is less
 * than half as good as the first. ${label} is the term's name, ${share} says
 * how good. Returns the number of hits.
 */
size_t search_some(const struct search_index *s, struct slice query,
    struct search_options o, struct search_hit *hits, size_t max);

struct search_found {
	uint32_t at;
	uint32_t from, to;   /* bytes of the text: [from, to) */
	uint16_t confidence; /* 0..1000 */
	struct slice label;
	uint32_t language;
};

/**
 * search_text(s, text, o, found, max):
 * Terms that a text names: at each word the longest label that stands there,
 * word by word (the last word of a label may have an ending of up to two
 * letters more or less). Confidence: longer labels, the asked language and
 * preferred labels count more; a label of one short word is little. Each term
 * once, at its most confident place; ordered by confidence, then position.
 * Returns the number found, at most ${max}.
 */
size_t search_text(const struct search_index *s, struct slice text,
    struct search_options o, struct search_found *found, size_t max);
