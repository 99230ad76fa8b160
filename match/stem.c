#include "match/stem.h"

#define EN 0x656eU
#define DE 0x6465U
#define FR 0x6672U
#define ES 0x6573U

#define STEM_MIN 4 /* letters that stay */

/* Endings are tried in order; the first that fits is cut off, once. */
static const char *const english[] = { "ational", "ization", "isation", "ation",
	"ment", "ness", "ings", "ing", "ers", "or", "er", "ed", "ion", "ist",
	"ian", "ive", "al", "ly", "ry", "y", "e", NULL };
static const char *const german[] = { "erinnen", "erin", "innen", "ungen",
	"ung", "ern", "in", "en", "er", "es", "em", "e", "n", "s", NULL };
static const char *const french[] = { "atrices", "atrice", "ateurs", "ateur",
	"trices", "trice", "teurs", "teur", "euses", "euse", "eurs", "eur",
	"ieres", "iere", "iers", "ier", "ments", "ment", "ions", "ion", "ees",
	"es", "ee", "er", "e", "s", NULL };
static const char *const spanish[] = { "adoras", "adora", "adores", "ador",
	"iones", "ion", "eras", "era", "eros", "ero", "mente", "istas", "ista",
	"as", "os", "es", "ar", "er", "ir", "a", "o", "e", "s", NULL };

static bool
ends(struct slice s, const char *with)
{
	const size_t n = strlen(with);

	return s.n >= n && memcmp(s.p + s.n - n, with, n) == 0;
}

static struct slice
cut(struct slice s, const char *const *endings)
{
	for (size_t i = 0; endings[i] != NULL; i++) {
		const size_t n = strlen(endings[i]);
		if (s.n >= n + STEM_MIN && ends(s, endings[i]))
			return slice_of(s.p, s.n - n);
	}
	return s;
}

static bool
is_vowel(uint8_t c)
{
	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

/* "running" lost "ing": "runn" is "run". */
static struct slice
undouble(struct slice s)
{
	if (s.n > STEM_MIN && s.p[s.n - 1] == s.p[s.n - 2] &&
	    !is_vowel(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* "technologies", "processes", "nurses": to the singular, or near it. */
static struct slice
singular(struct slice s)
{
	if (s.n > 4 && ends(s, "ies"))
		s.n -= 2; /* "i" stands for "y" */
	else if (s.n > 4 && ends(s, "sses"))
		s.n -= 2;
	else if (s.n > 3 && ends(s, "s") && !ends(s, "ss") && !ends(s, "us"))
		s.n--;
	if (s.n > STEM_MIN && s.p[s.n - 1] == 'i')
		s.n--;
	return s;
}

struct slice
stem_of(struct slice word, uint32_t language)
{
	switch (language) {
	case EN:
		return undouble(cut(singular(word), english));
	case DE:
		return undouble(cut(word, german));
	case FR:
		return undouble(cut(word, french));
	case ES:
		return cut(word, spanish);
	default:
		return word;
	}
}

static bool
is_listed(struct slice word, const char *list)
{
	while (*list != 0) {
		const size_t n = strcspn(list, " ");
		if (n == word.n && memcmp(list, word.p, n) == 0)
			return true;
		list += n + (list[n] == ' ');
	}
	return false;
}

bool
stem_is_filler(struct slice word, uint32_t language)
{
	switch (language) {
	case EN:
		return is_listed(word,
		    "a an the and or of for to in on at by with from as is are "
		    "be all other except any etc not such including");
	case DE:
		return is_listed(word,
		    "der die das des dem den ein eine einer eines und oder von "
		    "vom zu zum zur im in am an auf aus bei fur mit nach uber "
		    "m w d");
	case FR:
		return is_listed(word,
		    "le la les l un une des du de d et ou en au aux a dans sur "
		    "pour par avec sans h f");
	case ES:
		return is_listed(word,
		    "el la los las un una unos unas de del y o u e en a al con "
		    "sin para por sobre");
	default:
		return false;
	}
}
