/* Skills in running text; see import/prose.h. */
#include "node/import/prose.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/import/words.h"

#define LINE_BYTES       4000
#define PIECE_WORDS      6  /* a phrase that may be a term as a whole */
#define PHRASE_LEAST     75 /* percent, of such a phrase */
#define FOUND_LEAST      60 /* percent, of a label inside other words */
#define FOUND_MAX        8  /* of a piece */
#define PAIR_TAIL        4  /* bytes of "management" in "Zeitmanagement" */
#define PAIR_MOST        32 /* bytes of such a tail: each costs a guess */
#define TAG_BYTES        4096
#define WEIGHT_PROSE     30 /* of a requirement found in running text */
#define WEIGHT_WISHED    10 /* "of advantage" */
#define REQUIREMENTS_MAX 64
#define LANGUAGES_MAX    16

static const char *const not_words[] = { "not", "no", "without", "nicht",
	"kein", "keine", "keinen", "keiner", "keinerlei", "ohne", "pas", "sans",
	"aucune", "sin", NULL };
static const char *const wish_words[] = { "plus", "ideally", "preferred",
	"desirable", "advantage", "advantageous", "nice", "bonus", "vorteil",
	"vorteilhaft", "wünschenswert", "idealerweise", "gerne",
	"optimalerweise", "souhaité", "souhaitée", "idéalement", "atout",
	"deseable", "valorará", "valorable", "idealmente", NULL };
static const char *const offer_words[] = { "offer", "benefits", "perks",
	"bieten", "benefit", "vorteile", "angebot", "offrons", "avantages",
	"ofrecemos", "beneficios", NULL };
static const char *const task_words[] = { "aufgaben", "profil", "profile",
	"anforderungen", "qualifikation", "qualifikationen", "requirements",
	"responsibilities", "tasks", "duties", "role", "skills", "missions",
	"compétences", "funciones", "requisitos", "perfil", NULL };
static const char *const fluent_words[] = { "fluent", "fluently", "native",
	"fließend", "fließende", "fließendes", "verhandlungssicher",
	"verhandlungssichere", "verhandlungssicheres", "muttersprache",
	"muttersprachlich", "courant", "couramment", "fluido", NULL };

static bool
is_word_byte(int c)
{
	return isalnum(c) || c >= 0x80;
}

static bool
next_word(struct slice *rest, struct slice *word)
{
	size_t n = 0;

	while (rest->n > 0 && !is_word_byte(rest->p[0]))
		slice_skip(rest, 1);
	while (n < rest->n && is_word_byte(rest->p[n]))
		n++;
	*word = slice_of(rest->p, n);
	slice_skip(rest, n);
	return n > 0;
}

static size_t
words_in(struct slice s)
{
	struct slice word;
	size_t n = 0;

	while (next_word(&s, &word))
		n++;
	return n;
}

static bool
has_word(struct slice s, const char *const *list)
{
	struct slice word;

	while (next_word(&s, &word))
		for (size_t i = 0; list[i] != NULL; i++)
			if (slice_is(word, list[i]))
				return true;
	return false;
}

/* "B2" as a word of its own, or a word for somebody fluent. */
static bool
tells_level(struct slice s)
{
	struct slice rest = s, word;

	while (next_word(&rest, &word))
		if (word.n == 2 && strchr("ABCabc", word.p[0]) != NULL &&
		    (word.p[1] == '1' || word.p[1] == '2'))
			return true;
	return has_word(s, fluent_words);
}

/* The first language that ${s} names, in words: "de" may mean anything. */
static uint32_t
language_in(struct slice s)
{
	struct spoken spoken;
	struct slice word;

	while (next_word(&s, &word))
		if (word.n > 3 && spoken_get(word, &spoken))
			return spoken.language;
	return 0;
}

/* ---- terms ---- */

static bool
has_term(const struct import_draft *d, uint64_t term)
{
	char hex[17];
	size_t i;
	json_t *e;

	(void)snprintf(hex, sizeof(hex), "%016" PRIx64, term);
	json_array_foreach(d->mapped, i, e)
	{
		const char *have =
		    json_string_value(json_object_get(e, "term"));
		if (have != NULL && strcmp(have, hex) == 0)
			return true;
	}
	return false;
}

static bool
is_skill(const struct import_draft *d, uint64_t term)
{
	struct slice uri, label;
	enum term_type type;

	return d->lookup->describe != NULL &&
	       d->lookup->describe(
		   d->lookup->ctx, term, d->language, &uri, &label, &type) &&
	       (type == TERM_SKILL || type == TERM_KNOWLEDGE);
}

static void
take(struct prose *p, struct import_draft *d, struct slice text, uint64_t term,
    unsigned sure, bool wished, const char *field)
{
	struct import_term t;
	const struct prose_hit hit = { &t, wished };

	if (p->take == NULL || p->taken == PROSE_TERMS || !is_skill(d, term) ||
	    has_term(d, term))
		return;
	d->most = MIN(sure, PROSE_MOST);
	if (import_term(d, text, 0, field, &t)) {
		p->taken++;
		p->take(p->ctx, &hit);
	}
	d->most = 0;
}

bool
prose_pair(const struct import_draft *d, struct slice text,
    struct slice pair[2], char *bytes, size_t cap)
{
	static const char *const links[] = { "- und ", "- oder ", "- & ", "-/",
		"- u. ", "- bzw. " };
	struct term_guess g;
	unsigned best = 0;

	text = slice_trim(text);
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		const size_t n = strlen(links[i]);
		size_t at = 0;
		while (
		    at + n <= text.n && memcmp(text.p + at, links[i], n) != 0)
			at++;
		const struct slice head = slice_of(text.p, at);
		if (at == 0 || at + n >= text.n || words_in(head) != 1)
			continue;
		const struct slice last =
		    slice_of(text.p + at + n, text.n - at - n);
		const uint8_t *space = memchr(last.p, ' ', last.n);
		const size_t word =
		    space != NULL ? (size_t)(space - last.p) : last.n;
		if (head.n + word > cap)
			return false;
		memcpy(bytes, head.p, head.n);
		for (size_t k = PAIR_TAIL; k + 2 <= word && k <= PAIR_MOST;
		     k++) {
			char copy[128];
			const struct slice tail =
			    slice_of(last.p + word - k, k);
			if ((tail.p[0] & 0xc0) == 0x80 ||
			    head.n + k > sizeof(copy))
				continue;
			memcpy(copy, head.p, head.n);
			memcpy(copy + head.n, tail.p, k);
			const struct slice whole = slice_of(copy, head.n + k);
			if (d->lookup->guess(d->lookup->ctx, whole, d->language,
				&g, 1) == 0 ||
			    g.confidence < PHRASE_LEAST || g.confidence <= best)
				continue;
			best = g.confidence;
			memcpy(bytes, copy, whole.n);
			pair[0] = slice_of(bytes, whole.n);
		}
		if (best > 0)
			pair[1] = last;
		return best > 0;
	}
	return false;
}

/* A phrase of a list, or a part of a sentence. */
static void
read_piece(
    struct prose *p, struct import_draft *d, struct slice s, const char *field)
{
	struct term_found found[FOUND_MAX];
	struct term_guess g;
	uint32_t language;
	const bool wished = has_word(s, wish_words);

	if (p->speak != NULL && tells_level(s) &&
	    (language = language_in(s)) != 0) {
		const unsigned level = fluency_get(s);
		if (!wished && level != 0)
			p->speak(p->ctx, language, level);
		return;
	}
	if (words_in(s) <= PIECE_WORDS &&
	    d->lookup->guess(d->lookup->ctx, s, d->language, &g, 1) > 0 &&
	    g.confidence >= PHRASE_LEAST && is_skill(d, g.term)) {
		take(p, d, s, g.term, g.confidence, wished, field);
		return;
	}
	const size_t n = d->lookup->find == NULL
			     ? 0
			     : d->lookup->find(d->lookup->ctx, s, d->language,
				   found, FOUND_MAX);
	for (size_t i = 0; i < n; i++)
		if (found[i].confidence >= FOUND_LEAST)
			take(p, d,
			    slice_of(s.p + found[i].from,
				found[i].to - found[i].from),
			    found[i].term, found[i].confidence, wished, field);
}

/* The next part up to a comma or an "and". */
static bool
next_piece(struct slice *rest, struct slice *out)
{
	static const char *const links[] = { " and ", " und ", " sowie ",
		" or ", " oder ", " et ", " ou ", " y ", " & ", " / ", " • ",
		" – ", " - " };

	while (rest->n > 0) {
		size_t at = 0, skip = 0;
		for (; at < rest->n && skip == 0; at++) {
			const int c = rest->p[at];
			/* "gas- und wasser-" is one phrase */
			const bool open = at > 0 && rest->p[at - 1] == '-';
			if (c == ',' || c == '|' || c == ':')
				skip = 1;
			for (size_t i = 0; !open && i < ARRAY_LEN(links); i++) {
				const size_t n = strlen(links[i]);
				if (at + n <= rest->n &&
				    memcmp(rest->p + at, links[i], n) == 0)
					skip = n;
			}
			if (skip > 0)
				break;
		}
		*out = slice_trim(slice_of(rest->p, at));
		slice_skip(rest, MIN(at + skip, rest->n));
		if (out->n > 0)
			return true;
	}
	return false;
}

/* Nothing more is sought, or too much was looked at. */
static bool
is_done(const struct prose *p)
{
	return p->pieces >= PROSE_PIECES ||
	       (p->speak == NULL && p->taken >= PROSE_TERMS);
}

static void
read_sentence(
    struct prose *p, struct import_draft *d, struct slice s, const char *field)
{
	struct slice piece, pair[2];
	char bytes[128];
	uint32_t before = 0;
	const uint8_t *from = s.p;

	if (has_word(s, not_words) || has_word(s, offer_words))
		return;
	while (!is_done(p) && next_piece(&s, &piece)) {
		p->pieces++;
		if (p->speak != NULL && before != 0 &&
		    !has_word(piece, wish_words) && language_in(piece) == 0 &&
		    fluency_get(piece) != 0 &&
		    (tells_level(piece) ||
			memchr(from, ':', (size_t)(piece.p - from)) != NULL)) {
			/* "Deutsch: Muttersprache", "English - B2" */
			p->speak(p->ctx, before, fluency_get(piece));
			before = 0;
			continue;
		}
		before = words_in(piece) == 1 ? language_in(piece) : 0;
		from = piece.p + piece.n;
		if (!prose_pair(d, piece, pair, bytes, sizeof(bytes))) {
			read_piece(p, d, piece, field);
			continue;
		}
		read_piece(p, d, pair[0], field);
		read_piece(p, d, pair[1], field);
	}
}

/* ---- lines ---- */

/* The next sentence: to a full stop before a space, "!", "?" or ";". */
static bool
next_sentence(struct slice *rest, struct slice *out)
{
	while (rest->n > 0) {
		size_t at = 0;
		while (at < rest->n && strchr("!?;", rest->p[at]) == NULL &&
		       !(rest->p[at] == '.' && at > 2 &&
			   (at + 1 == rest->n || rest->p[at + 1] == ' ')))
			at++;
		*out = slice_trim(slice_of(rest->p, at));
		slice_skip(rest, MIN(at + 1, rest->n));
		if (out->n > 0)
			return true;
	}
	return false;
}

/* Where a tag at the front of ${s} ends a line: its length; 0: it is none. */
static size_t
break_at(struct slice s)
{
	static const char *const inside[] = { "b", "i", "u", "em", "strong",
		"span", "a", "font", "small", "mark" };
	size_t from = 1, n = 0;
	const uint8_t *close;

	if (s.p[0] == '\n' || s.p[0] == '\r')
		return 1;
	if (s.p[0] != '<' || s.n < 3)
		return 0;
	from += s.p[1] == '/';
	while (from + n < s.n && isalnum(s.p[from + n]))
		n++;
	close = memchr(s.p, '>', MIN(s.n, TAG_BYTES));
	if (n == 0 || close == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(inside); i++)
		if (slice_is(slice_of(s.p + from, n), inside[i]))
			return 0;
	return (size_t)(close - s.p) + 1;
}

/* A heading says what the lines below it are about; "Skills: welding" has
 * its line with it. */
static bool
is_heading(struct slice s)
{
	return words_in(s) <= 5 &&
	       (s.p[s.n - 1] == ':' || has_word(s, offer_words) ||
		   (has_word(s, task_words) && memchr(s.p, ':', s.n) == NULL));
}

/* ... and ends what was offered above it. */
static bool
begins_tasks(struct slice s)
{
	const uint8_t *colon = memchr(s.p, ':', s.n);

	return colon != NULL &&
	       has_word(slice_of(s.p, (size_t)(colon - s.p)), task_words);
}

static void
read_lines(struct prose *p, struct import_draft *d, struct slice text,
    const char *field)
{
	bool offers = false;

	while (text.n > 0 && !is_done(p)) {
		size_t at = 0, skip = 0;
		while (at < text.n && (skip = break_at(slice_of(
					   text.p + at, text.n - at))) == 0)
			at++;
		json_t *plain =
		    plain_text(slice_of(text.p, at), LINE_BYTES, NULL);
		slice_skip(&text, at + skip);
		if (plain == NULL)
			continue;
		struct slice line = slice_of(json_string_value(plain),
				 json_string_length(plain)),
			     sentence;
		if (is_heading(line))
			offers = has_word(line, offer_words);
		else {
			offers = offers && !begins_tasks(line);
			while (!offers && next_sentence(&line, &sentence))
				read_sentence(p, d, sentence, field);
		}
		json_decref(plain);
	}
}

void
prose_read(struct prose *p, struct import_draft *d, struct slice text,
    const char *field)
{
	json_t *inner = NULL;

	if (text.n > PROSE_BYTES) {
		size_t n = PROSE_BYTES;
		while (n > 0 && (text.p[n] & 0xc0) == 0x80)
			n--;
		text = slice_of(text.p, n);
		import_note(d, field, "name the skills in a list",
		    "only the first %d bytes of the text were read",
		    PROSE_BYTES);
	}
	/* some write the tags of a description as entities */
	for (size_t i = 0; inner == NULL && i + 4 <= text.n; i++)
		if (memcmp(text.p + i, "&lt;", 4) == 0)
			inner = plain_text(text, text.n + 1, NULL);
	if (inner != NULL)
		text = slice_of(
		    json_string_value(inner), json_string_length(inner));
	read_lines(p, d, text, field);
	json_decref(inner);
	if (p->pieces >= PROSE_PIECES && !p->told) {
		p->told = true;
		import_note(d, field, "name the skills in a list",
		    "only the first %d phrases of the texts were read",
		    PROSE_PIECES);
	}
	if (p->taken >= PROSE_TERMS && !p->told_terms) {
		p->told_terms = true;
		import_note(d, field, "name the skills in a list",
		    "running text gives at most %d skills: if it names more, "
		    "they were left out",
		    PROSE_TERMS);
	}
}

/* ---- what a demand makes of it ---- */

void
prose_requirement(void *ctx, const struct prose_hit *hit)
{
	struct import_draft *d = ctx;

	if (json_array_size(json_object_get(d->draft, "requirements")) ==
	    REQUIREMENTS_MAX)
		return;
	import_requirement(import_list(d->draft, "requirements"), hit->term, 0,
	    hit->wished ? WEIGHT_WISHED : WEIGHT_PROSE, false);
}

void
prose_language(void *ctx, uint32_t language, unsigned level)
{
	struct import_draft *d = ctx;
	json_t *list = import_list(d->draft, "languages"), *have;
	char letters[4];
	size_t i;

	if (!language_put(letters, language) ||
	    json_array_size(list) == LANGUAGES_MAX)
		return;
	json_array_foreach(list, i, have)
	{
		if (strcmp(json_string_value(json_object_get(have, "language")),
			letters) == 0)
			return;
	}
	(void)json_array_append_new(list,
	    json_pack("{s:s, s:i}", "language", letters, "cefr", (int)level));
	import_note(d, "description",
	    "who knows it less is left out; list the languages to say it "
	    "otherwise",
	    "the text asks for the language \"%s\"", letters);
}
