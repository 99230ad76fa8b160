/*
 * normal.h: the normal form in which labels and queries are compared.
 * Letters of the Latin script become lower case without accents (ä -> a,
 * ß -> ss, œ -> oe), Greek and Cyrillic ones lower case; other scripts stay
 * as they are. Anything that is no letter or digit separates words, but for
 * + and # after a letter (C++, C#). Words are separated by one space.
 */
#pragma once

#include "proto/base/base.h"

/**
 * normal_put(text, out):
 * Append the normal form of ${text}. What is not UTF-8 separates words. Stops
 * at the first character for which ${out} has no room.
 */
void normal_put(struct slice text, struct buf *out);

/*
 * Word by word, for those who need to know where a word stood. ${text} moves
 * behind the word; ${at} is the number of bytes skipped before it and ${n}
 * its bytes in the text. The word is appended to ${out}, cut when too long.
 * false: there is no further word.
 */
bool normal_next(struct slice *text, struct buf *out, size_t *at, size_t *n);

/** normal_letters(word): characters (not bytes) of UTF-8 text. */
size_t normal_letters(struct slice word);
