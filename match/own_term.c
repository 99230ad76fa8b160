#include "match/own_term.h"

#include "proto/base/text.h"
#include "proto/record/names.h"

#define NO_BREAK_SPACE 0xa0

/* Capitals of the Latin-1, Greek and Cyrillic alphabets. */
static uint32_t
small(uint32_t cp)
{
	if ((cp >= 'A' && cp <= 'Z') ||
	    (cp >= 0xc0 && cp <= 0xde && cp != 0xd7) ||
	    (cp >= 0x391 && cp <= 0x3a9) || (cp >= 0x410 && cp <= 0x42f))
		return cp + 32;
	return cp >= 0x400 && cp <= 0x40f ? cp + 80 : cp;
}

static bool
is_word(uint32_t cp)
{
	return (cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9') ||
	       (cp >= 0x80 && cp != NO_BREAK_SPACE);
}

/* A letter that small() has changed: two bytes at most. */
NODISCARD static err
put(struct buf *out, uint32_t cp)
{
	if (cp < 0x80)
		return buf_put_u8(out, (uint8_t)cp);
	ASSERT(cp < 0x800);
	TRY(buf_put_u8(out, (uint8_t)(0xc0 | cp >> 6)));
	return buf_put_u8(out, (uint8_t)(0x80 | (cp & 0x3f)));
}

err
own_term_uri(uint32_t language, struct slice label, struct buf *out)
{
	static const char head[] = OWN_TERM_HEAD;
	char code[4];
	bool gap = false, first = true, named = false;

	if (!language_put(code, language) || label.n == 0 ||
	    label.n > OWN_TERM_LABEL_MAX || !text_is_clean(label))
		return ERR_FORM;
	TRY(buf_put(out, head, sizeof(head) - 1));
	TRY(buf_put(out, code, strlen(code)));
	TRY(buf_put_u8(out, ':'));
	while (label.n > 0) {
		const uint8_t *here = label.p;
		uint32_t cp;
		if (!utf8_next(&label, &cp))
			return ERR_FORM;
		const uint32_t to = small(cp);
		if (!is_word(to) && to != '+' && to != '#') {
			gap = true;
			continue;
		}
		if (gap && !first)
			TRY(buf_put_u8(out, '-'));
		gap = first = false;
		named = named || is_word(to);
		if (to != cp)
			TRY(put(out, to));
		else
			TRY(buf_put(out, here, (size_t)(label.p - here)));
	}
	return named ? OK : ERR_FORM;
}

bool
own_term_is(struct slice uri)
{
	static const char head[] = OWN_TERM_HEAD;

	return uri.n >= sizeof(head) &&
	       memcmp(uri.p, head, sizeof(head) - 1) == 0;
}
