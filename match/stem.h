/*
 * stem.h: words of titles and phrases brought to a common stem, so that
 * "welder", "welders" and "welding" meet; and words that say nothing. Made for
 * finding, not for grammar: a stem is no word. Rules of our own for English,
 * German, French and Spanish; other languages stay as they are.
 * Works on the normal form of normal.h.
 */
#pragma once

#include "proto/base/base.h"

/** stem_of(word, language): the beginning of ${word} that counts. */
struct slice stem_of(struct slice word, uint32_t language);

/** stem_is_filler(word, language): "of", "und", "de": says nothing. */
bool stem_is_filler(struct slice word, uint32_t language);
