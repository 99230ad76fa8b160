/*
 * label_words.h: terms that have some of the words of a phrase among their
 * labels, the rarest words counting most (BM25 over stems, a language by
 * itself). Words of compounding languages also count by the words they are
 * made of: "Schichtleiter" meets "Leiter". For phrases that no label has as a
 * whole; search.h finds those. Not sure enough to be taken unasked.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"

#define LABEL_WORDS_BYTES 128 /* of a phrase that are looked at */

struct label_words;

/**
 * label_words_new(v, out):
 * Over all labels of ${v}, which must live longer. Some tens of bytes a
 * label. ERR_NOMEM.
 */
NODISCARD err label_words_new(
    const struct vocabulary *v, struct label_words **out);
void label_words_free(struct label_words *w);

struct label_words_hit {
	uint32_t at;    /* the term's place */
	uint16_t share; /* 1..1000, of the most that a label could have */
};

/**
 * label_words_find(w, text, language, type_mask, hits, max):
 * Of the labels in ${language}, at most ${max} terms, each once, best first,
 * on a tie the smaller place. ${type_mask}: 1 << enum term_type, 0: any.
 * Returns the number of hits; 0 also when memory is short.
 */
size_t label_words_find(const struct label_words *w, struct slice text,
    uint32_t language, uint32_t type_mask, struct label_words_hit *hits,
    size_t max);
