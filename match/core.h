/*
 * core.h: the vocabulary that ships in the program, core_vocabulary.tsv: a
 * few hundred terms of our own wording over all major groups of ISCO-08, in
 * English, German, French and Spanish.
 *
 * Columns: slug, type, isco, en, de, fr, es, broader, related, same_as;
 * labels are separated by "|" (the first is preferred), slugs by ",", same_as
 * by " ". The URI of a term is urn:ohcn:<slug>. For an occupation `related`
 * lists the skills it needs. Lines that begin with # are comments.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"

extern const unsigned char core_vocabulary_tsv[];
extern const size_t core_vocabulary_tsv_size;

/**
 * vocabulary_add_tsv(b, tsv, source, line):
 * Add every line of a table in the form above. On an error ${line} (may be
 * NULL) is the number of the line, from 1; the lines before it are added.
 * ERR_FORM: a header or line that is not of this form; else as
 * vocabulary_builder_add().
 */
NODISCARD err vocabulary_add_tsv(struct vocabulary_builder *b, struct slice tsv,
    enum term_source source, unsigned *line);

/** core_vocabulary_add(b): the built-in table, as SOURCE_CORE. */
NODISCARD err core_vocabulary_add(struct vocabulary_builder *b);

/** core_vocabulary_new(out): a snapshot of the core alone. ERR_NOMEM. */
NODISCARD err core_vocabulary_new(struct vocabulary **out);
