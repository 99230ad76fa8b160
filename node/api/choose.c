#include "node/api/choose.h"

#include <stdio.h>

#include "match/card.h"
#include "match/protected.h"

static bool
is_digits(const char *text, size_t n, uint64_t *out)
{
	*out = 0;
	if (n != (size_t)2 * TERM_ID)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char c = text[i];
		if (c >= '0' && c <= '9')
			*out = *out << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*out = *out << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	return true;
}

static bool
is_of(const struct vocabulary *v, uint32_t at, uint32_t mask)
{
	return at != TERM_NOWHERE &&
	       (mask == 0 ||
		   (mask & UINT32_C(1) << vocabulary_type(v, at)) != 0);
}

bool
term_choose(const struct terms *t, const char *text, size_t n, uint32_t mask,
    uint32_t language, struct term_choice *out)
{
	const struct vocabulary *v = t->vocabulary;
	const struct search_options any = { .language = language };
	const struct search_options o = { language, mask };
	const struct slice words = slice_of(text, n);
	struct search_hit hits[CHOOSE_MAX], same;
	uint64_t term;

	*out = (struct term_choice){ TERM_NOWHERE, TERM_NOWHERE, NULL };
	if (is_digits(text, n, &term))
		out->at = vocabulary_find(v, term);
	if (out->at == TERM_NOWHERE && memchr(text, ':', n) != NULL)
		out->at = vocabulary_find(v, term_of_uri(words));
	if (out->at != TERM_NOWHERE) {
		if (is_of(v, out->at, mask))
			return true;
		out->other = out->at;
		out->at = TERM_NOWHERE;
		return false;
	}
	if (label_is_protected(0, words))
		return false; /* nothing near it is meant */
	const size_t hits_n =
	    search_labels(t->search, words, o, hits, CHOOSE_MAX);
	if (hits_n > 0)
		out->at = hits[0].at;
	if (hits_n > 0 && hits[0].way == SEARCH_EXACT)
		return true;
	if (mask != 0 && search_labels(t->search, words, any, &same, 1) == 1 &&
	    same.way == SEARCH_EXACT)
		out->other = same.at;
	if (hits_n == 0)
		return false;
	const struct label_scope s = { v, language, { NULL, NULL } };
	out->guessed_of = json_array();
	for (size_t i = 0; i < hits_n; i++)
		(void)json_array_append_new(out->guessed_of,
		    term_json(&s, vocabulary_term(v, hits[i].at)));
	return true;
}

void
terms_text(const json_t *list, char *out, size_t cap)
{
	size_t i, n = 0;
	json_t *one;

	out[0] = '\0';
	json_array_foreach(list, i, one)
	{
		const char *label =
		    json_string_value(json_object_get(one, "label"));
		if (n < cap)
			n += (size_t)snprintf(out + n, cap - n, "%s%s",
			    i == 0 ? "" : ", ", label == NULL ? "?" : label);
	}
}

bool
level_cut(const char *text, size_t *n, uint8_t *level)
{
	size_t from = *n;
	uint32_t v = 0;

	while (from > 0 && text[from - 1] >= '0' && text[from - 1] <= '9')
		from--;
	if (from == *n || from < 2 || text[from - 1] != ':')
		return true;
	for (size_t i = from; i < *n && v < 1000; i++)
		v = v * 10 + (uint32_t)(text[i] - '0');
	if (v < 1 || v > LEVEL_MAX)
		/* urn:isco:2221 is a name with a number in it */
		return memchr(text, ':', from - 1) != NULL;
	*level = (uint8_t)v;
	*n = from - 1;
	return true;
}
