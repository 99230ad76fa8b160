/*
 * api/choose.h: which term a person means by what was typed: its 16 digits,
 * its URI, a label, or what is near one. A guess is never silent: who asks
 * gets what else it may be, and what of another type is called just so.
 */
#pragma once

#include "node/api/parts.h"

#define CHOOSE_MAX 5 /* guesses */

struct term_choice {
	uint32_t at;    /* TERM_NOWHERE: nothing is near */
	uint32_t other; /* another type's, called just so; or TERM_NOWHERE */
	json_t *guessed_of; /* [{term, label}], best first, ${at} among them;
			     * the caller's; NULL: it is called just so */
};

/**
 * term_choose(t, text, n, mask, language, out):
 * ${mask} of types (1 << enum term_type, 0: any). true: there is one.
 */
bool term_choose(const struct terms *t, const char *text, size_t n,
    uint32_t mask, uint32_t language, struct term_choice *out);

/** terms_text(list, out, cap): "A, B" of [{label}]. */
void terms_text(const json_t *list, char *out, size_t cap);

/**
 * level_cut(text, n, level):
 * "welding:3": the level behind the last colon is cut off ${n}; ${level}
 * stays without one. false: there is a number that is no level.
 */
bool level_cut(const char *text, size_t *n, uint8_t *level);
