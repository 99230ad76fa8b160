/*
 * protected.h: attributes of a person on which nobody may be matched: age,
 * sex, religion, ethnicity, disability, marital status, nationality,
 * politics, sexual orientation, health, union membership. Terms that name one
 * never get into a vocabulary.
 */
#pragma once

#include "proto/base/base.h"

/**
 * label_is_protected(language, text):
 * Lists for en, de, fr and es; a label in any other language is held against
 * all four. A label is protected when it consists of listed words and of
 * words that only fill ("religion", "my age", "union member"), not when it
 * names work that has to do with them ("history of religion").
 */
bool label_is_protected(uint32_t language, struct slice text);
