/* Texts, money, dates, countries and languages as people write them. */
#include <ctype.h>
#include <stdlib.h>

#include "node/import/parts.h"
#include "proto/base/text.h"

struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && isspace(s.p[0]))
		slice_skip(&s, 1);
	while (s.n > 0 && isspace(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
slice_split(struct slice *rest, const char *separators, struct slice *out)
{
	while (rest->n > 0) {
		size_t n = 0;
		int depth = 0;
		for (; n < rest->n; n++) {
			const int c = rest->p[n];
			depth += c == '(';
			depth -= c == ')' && depth > 0;
			if (depth == 0 && c != 0 && strchr(separators, c))
				break;
		}
		*out = slice_trim(slice_of(rest->p, n));
		slice_skip(rest, n < rest->n ? n + 1 : n);
		if (out->n > 0)
			return true;
	}
	return false;
}

bool
slice_is(struct slice s, const char *text)
{
	if (s.n != strlen(text))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (tolower(s.p[i]) != tolower((unsigned char)text[i]))
			return false;
	return true;
}

bool
slice_has_word(struct slice s, const char *word)
{
	const size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.n; i++) {
		if (i > 0 && (isalnum(s.p[i - 1]) || s.p[i - 1] >= 0x80))
			continue;
		if (slice_is(slice_of(s.p + i, n), word))
			return true;
	}
	return false;
}

bool
slice_number(struct slice s, uint64_t *out)
{
	*out = 0;
	if (s.n == 0 || s.n > 15)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!isdigit(s.p[i]))
			return false;
		*out = *out * 10 + (uint64_t)(s.p[i] - '0');
	}
	return true;
}

static bool
is_blank(uint32_t cp)
{
	return cp <= 0x20 || cp == 0xa0 || cp == 0x2028 || cp == 0x2029 ||
	       cp == 0x85;
}

json_t *
clean_text(struct slice s, size_t max, bool *cut)
{
	char *out = malloc(s.n + 1);
	size_t n = 0;
	bool gap = false;

	if (cut != NULL)
		*cut = false;
	if (out == NULL)
		return NULL;
	while (s.n > 0) {
		const uint8_t *from = s.p;
		uint32_t cp;
		if (!utf8_next(&s, &cp)) {
			slice_skip(&s, 1); /* a broken byte is left out */
			continue;
		}
		const size_t size = (size_t)(s.p - from);
		if (is_blank(cp)) {
			gap = n > 0;
			continue;
		}
		if (!text_is_clean(slice_of(from, size)))
			continue;
		if (n + gap + size > max) {
			if (cut != NULL)
				*cut = true;
			break;
		}
		if (gap)
			out[n++] = ' ';
		gap = false;
		memcpy(out + n, from, size);
		n += size;
	}
	json_t *text = n == 0 ? NULL : json_stringn(out, n);
	free(out);
	return text;
}

/* A code point as UTF-8; its length. */
static size_t
utf8_put(uint64_t c, char out[4])
{
	static const uint8_t heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	const size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)(heads[n] | c);
	return n;
}

/* The code point of "#252" or "#xfc"; 0: none that a text may have. */
static uint64_t
code_point(struct slice s)
{
	const bool hex = s.n > 2 && tolower(s.p[1]) == 'x';
	uint64_t c = 0;

	slice_skip(&s, hex ? 2 : 1);
	for (size_t i = 0; i < s.n; i++) {
		if (hex ? !isxdigit(s.p[i]) : !isdigit(s.p[i]))
			return 0;
		c = c * (hex ? 16 : 10) +
		    (uint64_t)(isdigit(s.p[i]) ? s.p[i] - '0'
					       : tolower(s.p[i]) - 'a' + 10);
	}
	if (c < ' ' || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return c;
}

#define ENTITY_BYTES 10U /* "&#x1f600;" and one more */

/*
 * An entity at the front of ${s}: what it stands for to ${out}, how long that
 * is, and its own length in ${n}; 0: there is none that is known.
 */
static size_t
entity_at(struct slice s, size_t *n, char out[4])
{
	static const struct {
		const char *name, *text;
	} known[] = { { "amp", "&" }, { "lt", "<" }, { "gt", ">" },
		{ "quot", "\"" }, { "apos", "'" }, { "nbsp", " " },
		{ "auml", "ä" }, { "ouml", "ö" }, { "uuml", "ü" },
		{ "Auml", "Ä" }, { "Ouml", "Ö" }, { "Uuml", "Ü" },
		{ "szlig", "ß" }, { "eacute", "é" }, { "egrave", "è" },
		{ "ecirc", "ê" }, { "euml", "ë" }, { "Eacute", "É" },
		{ "agrave", "à" }, { "aacute", "á" }, { "acirc", "â" },
		{ "iacute", "í" }, { "icirc", "î" }, { "iuml", "ï" },
		{ "oacute", "ó" }, { "ocirc", "ô" }, { "uacute", "ú" },
		{ "ugrave", "ù" }, { "ucirc", "û" }, { "ccedil", "ç" },
		{ "ntilde", "ñ" }, { "Ntilde", "Ñ" }, { "euro", "€" },
		{ "pound", "£" }, { "ndash", "–" }, { "mdash", "—" },
		{ "hellip", "…" }, { "bull", "•" }, { "middot", "·" },
		{ "rsquo", "’" }, { "lsquo", "‘" }, { "rdquo", "”" },
		{ "ldquo", "“" }, { "bdquo", "„" } };
	const uint8_t *end = memchr(s.p, ';', MIN(s.n, ENTITY_BYTES));

	if (end == NULL)
		return 0;
	*n = (size_t)(end - s.p) + 1;
	const struct slice name = slice_of(s.p + 1, *n - 2);
	if (name.n > 1 && name.p[0] == '#') {
		const uint64_t c = code_point(name);
		return c == 0 ? 0 : utf8_put(c, out);
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (name.n == strlen(known[i].name) &&
		    memcmp(name.p, known[i].name, name.n) == 0) {
			memcpy(out, known[i].text, strlen(known[i].text));
			return strlen(known[i].text);
		}
	return 0;
}

json_t *
plain_text(struct slice s, size_t max, bool *cut)
{
	/* an entity is no shorter than what it stands for */
	char *out = malloc(s.n + 4);
	size_t n = 0, size, closes = s.n;
	const uint8_t *begin = s.p;

	if (out == NULL)
		return NULL;
	/* Behind the last '>' no tag ends: none is looked for again and again. */
	while (closes > 0 && begin[closes - 1] != '>')
		closes--;
	while (s.n > 0) {
		const uint8_t *close =
		    s.p[0] == '<' && s.n > 1 && s.p < begin + closes &&
			    (isalpha(s.p[1]) || s.p[1] == '/')
			? memchr(s.p, '>', s.n)
			: NULL;
		const size_t put =
		    s.p[0] == '&' ? entity_at(s, &size, out + n) : 0;
		if (close != NULL) {
			out[n++] = ' ';
			slice_skip(&s, (size_t)(close - s.p) + 1);
		} else if (put > 0) {
			n += put;
			slice_skip(&s, size);
		} else {
			out[n++] = (char)s.p[0];
			slice_skip(&s, 1);
		}
	}
	json_t *text = clean_text(slice_of(out, n), max, cut);
	free(out);
	return text;
}

/* ---- money ---- */

bool
currency_get(struct slice s, char out[4], const char **hint)
{
	static const struct {
		const char *word, *code;
	} wrong[] = { { "EURO", "EUR" }, { "EUROS", "EUR" },
		{ "\xe2\x82\xac", "EUR" }, { "$", "USD" }, { "US$", "USD" },
		{ "DOLLAR", "USD" }, { "\xc2\xa3", "GBP" }, { "POUND", "GBP" },
		{ "STG", "GBP" }, { "SFR", "CHF" }, { "FR.", "CHF" },
		{ "FRANKEN", "CHF" }, { "FRANCS", "CHF" }, { "ZLOTY", "PLN" },
		{ "KRONE", "DKK" }, { "YEN", "JPY" } };

	*hint = "";
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (slice_is(s, wrong[i].word)) {
			*hint = wrong[i].code;
			return false;
		}
	if (s.n != 3)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!isalpha(s.p[i]))
			return false;
		out[i] = (char)toupper(s.p[i]);
	}
	out[3] = 0;
	return true;
}

/* Digits behind the point, where it is not two: ISO 4217. */
static unsigned
currency_digits(const char *currency)
{
	static const char none[] =
	    "JPY KRW VND CLP ISK UGX XAF XOF XPF RWF PYG";
	static const char three[] = "BHD KWD JOD OMR TND IQD LYD";

	if (strstr(none, currency) != NULL)
		return 0;
	return strstr(three, currency) != NULL ? 3 : 2;
}

/*
 * "1,500" and "1.500" are thousands, "17,5" and "17.50" are fractions: the
 * last mark is a thousands mark when three digits follow it. With three minor
 * digits that cannot be told, so there a mark is always a fraction.
 */
bool
money_get(struct slice s, const char *currency, uint64_t *out)
{
	const unsigned digits = currency_digits(currency);
	size_t mark = s.n;
	uint64_t whole = 0, part = 0;
	unsigned part_n = 0;

	s = slice_trim(s);
	mark = s.n;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '.' || s.p[i] == ',')
			mark = i;
	if (mark < s.n && s.n - mark - 1 == 3 && digits != 3)
		mark = s.n;
	if (s.n == 0 || s.n > 15 || !isdigit(s.p[0]) ||
	    s.n - mark > 1 + (size_t)MAX(digits, 1U))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (isdigit(s.p[i]) && i < mark)
			whole = whole * 10 + (uint64_t)(s.p[i] - '0');
		else if (isdigit(s.p[i])) {
			part = part * 10 + (uint64_t)(s.p[i] - '0');
			part_n++;
		} else if (s.p[i] != '.' && s.p[i] != ',' && s.p[i] != '\'' &&
			   s.p[i] != ' ')
			return false;
	}
	if (part_n > digits)
		return false;
	for (unsigned i = 0; i < digits; i++)
		whole *= 10;
	for (; part_n < digits; part_n++)
		part *= 10;
	*out = whole + part;
	return true;
}

bool
money_minor(const json_t *amount, const char *currency, uint64_t *out)
{
	double scaled = json_number_value(amount);

	if (json_is_string(amount))
		return money_get(slice_of(json_string_value(amount),
				     json_string_length(amount)),
		    currency, out);
	if (!json_is_number(amount) || scaled < 0 || scaled > 1e12)
		return false;
	for (unsigned i = currency_digits(currency); i > 0; i--)
		scaled *= 10;
	*out = (uint64_t)(scaled + 0.5);
	return true;
}

/* ---- dates ---- */

bool
date_hours(struct slice s, uint64_t *out)
{
	static const unsigned before[] = { 0, 31, 59, 90, 120, 151, 181, 212,
		243, 273, 304, 334 };
	uint64_t y, m, d, h = 0;

	if (s.n < 10 || s.p[4] != '-' || s.p[7] != '-' ||
	    !slice_number(slice_of(s.p, 4), &y) ||
	    !slice_number(slice_of(s.p + 5, 2), &m) ||
	    !slice_number(slice_of(s.p + 8, 2), &d) || y < 1970 || y > 2200 ||
	    m < 1 || m > 12 || d < 1)
		return false;
	if (s.n >= 13 && (!slice_number(slice_of(s.p + 11, 2), &h) || h > 23 ||
			     (s.p[10] != 'T' && s.p[10] != ' ')))
		return false;
	const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	const unsigned length =
	    m == 2 ? 28U + leap : 30U + (m < 8 ? m % 2 : (m + 1) % 2);
	if (d > length)
		return false;
	const uint64_t leaps = (y - 1) / 4 - (y - 1) / 100 + (y - 1) / 400 -
			       (1969 / 4 - 1969 / 100 + 1969 / 400);
	const uint64_t days =
	    (y - 1970) * 365 + leaps + before[m - 1] + (leap && m > 2) + d - 1;
	*out = days * 24 + h;
	return true;
}

/* ---- countries and languages ---- */

/* One of the names, separated by '|', in any case. */
static bool
is_one_of(struct slice s, const char *names)
{
	struct slice rest = slice_str(names), name;

	while (slice_split(&rest, "|", &name)) {
		if (name.n != s.n)
			continue;
		size_t i = 0;
		while (i < s.n && tolower(s.p[i]) == tolower(name.p[i]))
			i++;
		if (i == s.n)
			return true;
	}
	return false;
}

bool
region_get(struct slice s, char out[3])
{
	/* the countries of the vocabulary's languages and neighbours */
	static const struct {
		const char *names, *code;
	} countries[] = {
		{ "Germany|Deutschland|Allemagne|Alemania|DEU", "de" },
		{ "Austria|Österreich|Autriche|AUT", "at" },
		{ "Switzerland|Schweiz|Suisse|Suiza|Svizzera|CHE", "ch" },
		{ "France|Frankreich|Francia|FRA", "fr" },
		{ "Spain|Spanien|Espagne|España|ESP", "es" },
		{ "United Kingdom|Great Britain|England|Scotland|Wales|UK|"
		  "Vereinigtes Königreich|Royaume-Uni|Reino Unido|GBR",
		    "gb" },
		{ "Ireland|Irland|Irlande|Irlanda|IRL", "ie" },
		{ "United States|United States of America|USA|Vereinigte "
		  "Staaten|États-Unis|Estados Unidos",
		    "us" },
		{ "Belgium|Belgien|Belgique|Bélgica|BEL", "be" },
		{ "Netherlands|Niederlande|Pays-Bas|Países Bajos|NLD", "nl" },
		{ "Italy|Italien|Italie|Italia|ITA", "it" },
		{ "Portugal|PRT", "pt" },
		{ "Poland|Polen|Pologne|Polonia|Polska|POL", "pl" },
		{ "Denmark|Dänemark|Danemark|Dinamarca|DNK", "dk" },
		{ "Luxembourg|Luxemburg|Luxemburgo|LUX", "lu" },
		{ "Mexico|Mexiko|Mexique|México|MEX", "mx" },
		{ "Canada|Kanada|Canadá|CAN", "ca" },
		{ "India|Indien|Inde|IND", "in" },
		{ "Kenya|Kenia|KEN", "ke" },
		{ "Czechia|Czech Republic|Tschechien|CZE", "cz" },
	};

	s = slice_trim(s);
	for (size_t i = 0; i < ARRAY_LEN(countries); i++)
		if (is_one_of(s, countries[i].names)) {
			memcpy(out, countries[i].code, 3);
			return true;
		}
	if (s.n < 2 || (s.n > 2 && s.p[2] != '-') || !isalpha(s.p[0]) ||
	    !isalpha(s.p[1]) || s.p[0] >= 0x80)
		return false;
	out[0] = (char)tolower(s.p[0]);
	out[1] = (char)tolower(s.p[1]);
	out[2] = 0;
	return true;
}

uint32_t
language_get(struct slice s)
{
	static const struct {
		const char *names, *code;
	} known[] = {
		{ "English|Englisch|Anglais|Inglés", "en" },
		{ "German|Deutsch|Allemand|Alemán", "de" },
		{ "French|Französisch|Français|Francés", "fr" },
		{ "Spanish|Spanisch|Espagnol|Español|Castellano", "es" },
		{ "Italian|Italienisch|Italien|Italiano", "it" },
		{ "Portuguese|Portugiesisch|Portugais|Portugués|Português",
		    "pt" },
		{ "Dutch|Niederländisch|Néerlandais|Neerlandés|Nederlands",
		    "nl" },
		{ "Polish|Polnisch|Polonais|Polaco|Polski", "pl" },
		{ "Turkish|Türkisch|Turc|Turco|Türkçe", "tr" },
		{ "Arabic|Arabisch|Arabe|Árabe", "ar" },
		{ "Russian|Russisch|Russe|Ruso", "ru" },
		{ "Ukrainian|Ukrainisch|Ukrainien|Ucraniano", "uk" },
		{ "Romanian|Rumänisch|Roumain|Rumano|Română", "ro" },
		{ "Catalan|Katalanisch|Català|Catalán", "ca" },
		{ "Basque|Baskisch|Euskera|Euskara", "eu" },
		{ "Swiss German|Schweizerdeutsch|Suisse allemand", "gsw" },
		{ "Chinese|Chinesisch|Chinois|Chino|Mandarin", "zh" },
		{ "Hindi", "hi" },
		{ "Urdu", "ur" },
		{ "Bengali", "bn" },
		{ "Punjabi", "pa" },
		{ "Swahili|Suaheli|Kiswahili", "sw" },
		{ "Persian|Persisch|Farsi|Dari", "fa" },
		{ "Vietnamese|Vietnamesisch|Vietnamien", "vi" },
		{ "Tigrinya", "ti" },
		{ "Somali", "so" },
		{ "Kurdish|Kurdisch|Kurde", "ku" },
		{ "Croatian|Kroatisch|Croate|Croata", "hr" },
		{ "Serbian|Serbisch|Serbe|Serbio", "sr" },
		{ "Greek|Griechisch|Grec|Griego", "el" },
		{ "Czech|Tschechisch|Tchèque|Checo", "cs" },
		{ "Hungarian|Ungarisch|Hongrois|Húngaro", "hu" },
		{ "Welsh|Walisisch|Cymraeg", "cy" },
		{ "Wolof", "wo" },
		{ "Japanese|Japanisch|Japonais|Japonés", "ja" },
	};
	uint8_t lower[3];
	size_t n = 0;

	s = slice_trim(s);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (is_one_of(s, known[i].names))
			return language_code(slice_str(known[i].code));
	while (n < s.n && n < 3 && isalpha(s.p[n])) {
		lower[n] = (uint8_t)tolower(s.p[n]);
		n++;
	}
	if (n < s.n && s.p[n] != '-' && s.p[n] != '_')
		return 0;
	return language_code(slice_of(lower, n));
}

unsigned
fluency_get(struct slice s)
{
	/* the first that fits counts, so longer words come first */
	static const struct {
		const char *word;
		unsigned level;
	} words[] = {
		{ "limited working", 3 },
		{ "full professional", 5 },
		{ "native", 7 },
		{ "mother", 7 },
		{ "bilingual", 7 },
		{ "mutter", 7 },
		{ "langue maternelle", 7 },
		{ "maternelle", 7 },
		{ "lengua materna", 7 },
		{ "nativ", 7 },
		{ "very good", 5 },
		{ "sehr gut", 5 },
		{ "fluent", 5 },
		{ "flie", 5 },
		{ "courant", 5 },
		{ "fluid", 5 },
		{ "verhandlungssicher", 5 },
		{ "advanced", 5 },
		{ "avanc", 5 },
		{ "avanz", 5 },
		{ "fortgeschritten", 4 },
		{ "professional", 4 },
		{ "good", 4 },
		{ "gut", 4 },
		{ "bon", 4 },
		{ "buen", 4 },
		{ "conversational", 3 },
		{ "intermedi", 3 },
		{ "interm\xc3\xa9", 3 },
		{ "mittel", 3 },
		{ "elementary", 2 },
		{ "basic", 2 },
		{ "grund", 2 },
		{ "notions", 2 },
		{ "b\xc3\xa1sic", 2 },
		{ "basico", 2 },
		{ "limited", 2 },
		{ "beginner", 1 },
		{ "anf\xc3\xa4nger", 1 },
		{ "d\xc3\xa9"
		  "butant",
		    1 },
		{ "principiante", 1 },
	};

	for (size_t i = 0; i + 2 <= s.n; i++) {
		const unsigned level = cefr_level(slice_of(s.p + i, 2));
		if (level != 0 && (i == 0 || !isalnum(s.p[i - 1])) &&
		    (i + 2 == s.n || !isalnum(s.p[i + 2])))
			return level;
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_has_word(s, words[i].word))
			return words[i].level;
	return 0;
}
