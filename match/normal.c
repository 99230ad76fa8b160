#include "match/normal.h"

#include "proto/base/text.h"

/*
 * The base letters of U+00C0..U+024F and U+1E00..U+1EFF, one a character:
 * '.' is no Latin letter with an accent, '=' has two letters (below). From
 * the decompositions in UnicodeData.txt, and by hand for letters that have
 * none (ø, đ, ł).
 */
static const char latin_first[] =
    "aaaaaa=ceeeeiiiidnooooo.ouuuuy==aaaaaa=ceeeeiiiidnooooo.ouuuuy=y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii==jjkkkllllll."
    ".llnnnnnnn==oooooo==rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
    "bbbb...cc.dddde..ff.....kkll..n.oo..pp....sttt.uu..yyzz.zz.....w"
    "....=========aaiioouuuuuuuuuueaaaa==ggggkkoooo..j...gg.wnnaa==oo"
    "aaaaeeeeiiiioooorrrruuuussttgghhnd..zzaaeeooooooooyylnt...acclts"
    "z..b..eejjqqrryy";
static const char latin_more[] =
    "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
    "mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
    "wwwwwwwwwwxxxxyyzzzzzzhtwyas..=.aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
    "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyyll....";

static const struct {
	uint16_t cp;
	char to[3];
} pairs[] = {
	{ 0x00c6, "ae" },
	{ 0x00de, "th" },
	{ 0x00df, "ss" },
	{ 0x00e6, "ae" },
	{ 0x00fe, "th" },
	{ 0x0132, "ij" },
	{ 0x0133, "ij" },
	{ 0x014a, "ng" },
	{ 0x014b, "ng" },
	{ 0x0152, "oe" },
	{ 0x0153, "oe" },
	{ 0x01c4, "dz" },
	{ 0x01c5, "dz" },
	{ 0x01c6, "dz" },
	{ 0x01c7, "lj" },
	{ 0x01c8, "lj" },
	{ 0x01c9, "lj" },
	{ 0x01ca, "nj" },
	{ 0x01cb, "nj" },
	{ 0x01cc, "nj" },
	{ 0x01e2, "ae" },
	{ 0x01e3, "ae" },
	{ 0x01fc, "ae" },
	{ 0x01fd, "ae" },
	{ 0x1e9e, "ss" },
};

static bool
is_separator(uint32_t cp)
{
	if (cp < 0x80)
		return !((cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') ||
			 (cp >= 'A' && cp <= 'Z') || cp == '+' || cp == '#');
	if (cp < 0xc0)
		return cp != 0xaa && cp != 0xb5 && cp != 0xba;
	return cp == 0xd7 || cp == 0xf7 || (cp >= 0x2000 && cp <= 0x206f) ||
	       (cp >= 0x2190 && cp <= 0x2bff) ||
	       (cp >= 0x3000 && cp <= 0x3003) ||
	       (cp >= 0xfe00 && cp <= 0xfe0f) || cp >= 0x1f000;
}

static bool
is_mark(uint32_t cp) /* of a letter before it: to be left out */
{
	return cp >= 0x300 && cp <= 0x36f;
}

static size_t
utf8_put(uint8_t out[4], uint32_t cp)
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (uint8_t)(0xc0 | cp >> 6);
		out[1] = (uint8_t)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (uint8_t)(0xe0 | cp >> 12);
		out[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | cp >> 18);
	out[1] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (cp & 0x3f));
	return 4;
}

/* The normal form of one letter; 1 to 4 bytes. */
static size_t
fold(uint32_t cp, uint8_t out[4])
{
	char base = '.';

	if (cp >= 'A' && cp <= 'Z')
		return utf8_put(out, cp + 32);
	if (cp >= 0xc0 && cp < 0x250)
		base = latin_first[cp - 0xc0];
	else if (cp >= 0x1e00 && cp < 0x1f00)
		base = latin_more[cp - 0x1e00];
	else if (cp >= 0x391 && cp <= 0x3a9) /* Greek capitals */
		return utf8_put(out, cp + 32);
	else if (cp >= 0x410 && cp <= 0x42f) /* Cyrillic capitals */
		return utf8_put(out, cp + 32);
	else if (cp >= 0x400 && cp <= 0x40f)
		return utf8_put(out, cp + 80);
	if (base == '.')
		return utf8_put(out, cp);
	if (base != '=') {
		out[0] = (uint8_t)base;
		return 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (pairs[i].cp == cp) {
			memcpy(out, pairs[i].to, 2);
			return 2;
		}
	}
	return utf8_put(out, cp);
}

/* The next code point; a byte that is not UTF-8 counts as a space. */
static uint32_t
next(struct slice *text)
{
	uint32_t cp;

	if (utf8_next(text, &cp))
		return cp;
	slice_skip(text, 1);
	return ' ';
}

bool
normal_next(struct slice *text, struct buf *out, size_t *at, size_t *n)
{
	const uint8_t *begin = text->p;
	const uint8_t *word = NULL, *end = NULL;
	bool full = false;

	while (text->n > 0) {
		const uint8_t *here = text->p;
		const uint32_t cp = next(text);
		const bool letter = !is_separator(cp) && !is_mark(cp) &&
				    (word != NULL || (cp != '+' && cp != '#'));
		if (letter) {
			uint8_t bytes[4];
			const size_t bytes_n = fold(cp, bytes);
			if (word == NULL)
				word = here;
			if (!full && buf_put(out, bytes, bytes_n) != OK)
				full = true;
		} else if (word != NULL && !is_mark(cp)) {
			*text =
			    slice_of(here, text->n + (size_t)(text->p - here));
			end = here;
			break;
		}
	}
	if (word == NULL)
		return false;
	if (end == NULL)
		end = text->p;
	*at = (size_t)(word - begin);
	*n = (size_t)(end - word);
	return true;
}

void
normal_put(struct slice text, struct buf *out)
{
	size_t at, n;
	bool first = true;

	while (text.n > 0) {
		const size_t before = out->n;
		if (!first && buf_put_u8(out, ' ') != OK)
			return;
		const size_t start = out->n;
		if (!normal_next(&text, out, &at, &n) || out->n == start) {
			out->n = before;
			return;
		}
		first = false;
	}
}

size_t
normal_letters(struct slice word)
{
	size_t letters = 0;

	for (size_t i = 0; i < word.n; i++)
		letters += (word.p[i] & 0xc0) != 0x80;
	return letters;
}
