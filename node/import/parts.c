#include "node/import/parts.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/base/text.h"

#define CONFIDENCE_MIN   50
#define CONFIDENCE_LABEL 90 /* words that are a whole label */
#define WORDS_MAX        280

/* ---- the report ---- */

void
import_draft_init(struct import_draft *d, const struct term_lookup *l,
    const struct import_options *o)
{
	*d = (struct import_draft){ .lookup = l, .o = o };
	d->language = o->language != 0           ? o->language
		      : o->language_default != 0 ? o->language_default
						 : VOCABULARY_ENGLISH;
	d->draft = json_object();
	d->mapped = json_array();
	d->unmapped = json_array();
	d->messages = json_array();
}

void
import_draft_drop(struct import_draft *d)
{
	json_decref(d->draft);
	json_decref(d->mapped);
	json_decref(d->unmapped);
	json_decref(d->messages);
	d->draft = d->mapped = d->unmapped = d->messages = NULL;
}

static void __attribute__((format(printf, 4, 0))) message_add(json_t *list,
    const char *field, const char *hint, const char *fmt, va_list ap)
{
	char text[320];
	json_t *m = json_object();

	/* words of the file may be cut inside a character: then leave it off */
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	json_t *message = json_string(text);
	for (size_t n = strlen(text); message == NULL && n > 0;) {
		text[--n] = 0;
		message = json_string(text);
	}
	(void)json_object_set_new(m, "field", json_string(field));
	(void)json_object_set_new(m, "message", message);
	if (hint != NULL && hint[0] != 0)
		(void)json_object_set_new(m, "hint", json_string(hint));
	(void)json_array_append_new(list, m);
}

void
import_message(
    json_t *list, const char *field, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message_add(list, field, hint, fmt, ap);
	va_end(ap);
}

void
import_fail(struct import_draft *d, const char *field, const char *hint,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message_add(d->messages, field, hint, fmt, ap);
	va_end(ap);
	d->failed = true;
}

void
import_note(struct import_draft *d, const char *field, const char *hint,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message_add(d->messages, field, hint, fmt, ap);
	va_end(ap);
}

void
import_draft_finish(struct import_draft *d, uint32_t kind)
{
	struct payload_fault fault;
	struct value payload;
	uint8_t *bytes;

	if (d->failed)
		return;
	bytes = malloc(PAYLOAD_ARENA_BYTES);
	if (bytes == NULL) {
		import_fail(d, "", "", "out of memory");
		return;
	}
	struct arena arena = arena_of(bytes, PAYLOAD_ARENA_BYTES);
	if (payload_from_json(
		schema_latest(kind), d->draft, &arena, &payload, &fault) != OK)
		import_fail(d, fault.path, fault.hint, "%s", fault.why);
	free(bytes);
}

void
import_draft_report(struct import_draft *d, json_t *into)
{
	if (!d->failed)
		(void)json_object_set(into, "draft", d->draft);
	(void)json_object_set(into, "mapped", d->mapped);
	(void)json_object_set(into, "unmapped", d->unmapped);
	(void)json_object_set(into, "messages", d->messages);
}

/* ---- phrases to terms ---- */

static bool
is_uri(struct slice s)
{
	static const char *const heads[] = { "urn:", "http://", "https://" };

	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		const size_t n = strlen(heads[i]);
		if (s.n > n && memcmp(s.p, heads[i], n) == 0)
			return memchr(s.p, ' ', s.n) == NULL;
	}
	return false;
}

static json_t *
unmapped_add(struct import_draft *d, struct slice text, const char *field)
{
	json_t *t = clean_text(text, WORDS_MAX, NULL), *entry;

	if (t == NULL)
		return NULL;
	entry = json_object();
	(void)json_object_set_new(entry, "text", t);
	(void)json_object_set_new(entry, "field", json_string(field));
	(void)json_object_set_new(entry, "number", json_integer(d->phrases));
	(void)json_array_append_new(d->unmapped, entry);
	return entry;
}

void
import_unmapped(struct import_draft *d, struct slice text, const char *field)
{
	(void)unmapped_add(d, text, field);
}

/* "term" and what is known about it. */
static enum term_type
put_term(const struct import_draft *d, json_t *e, uint64_t term,
    uint32_t language, struct slice uri)
{
	struct slice label = { NULL, 0 };
	enum term_type type = 0;
	char hex[17];

	(void)snprintf(hex, sizeof(hex), "%016" PRIx64, term);
	(void)json_object_set_new(e, "term", json_string(hex));
	if (d->lookup->describe != NULL &&
	    !d->lookup->describe(
		d->lookup->ctx, term, language, &uri, &label, &type))
		type = 0;
	if (uri.n > 0)
		(void)json_object_set_new(
		    e, "uri", clean_text(uri, TERM_URI_MAX, NULL));
	if (label.n > 0)
		(void)json_object_set_new(
		    e, "label", clean_text(label, TERM_LABEL_MAX, NULL));
	return type;
}

/* "alternatives": the guesses, but for ${taken} (0: all). */
static void
put_guesses(const struct import_draft *d, json_t *e, uint32_t language,
    const struct term_guess *g, size_t n, uint64_t taken)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		if (g[i].term == taken ||
		    json_array_size(list) == TERM_GUESSES_MAX - 1)
			continue;
		json_t *a = json_object();
		(void)put_term(d, a, g[i].term, language, slice_of(NULL, 0));
		(void)json_object_set_new(
		    a, "confidence", json_integer((json_int_t)g[i].confidence));
		(void)json_array_append_new(list, a);
	}
	(void)json_object_set_new(e, "alternatives", list);
}

/* A term that a person names: its number, its URI or its whole label. */
static bool
term_named(const struct import_draft *d, struct slice s, uint32_t language,
    uint64_t *term)
{
	struct term_guess g;
	size_t i = 0;

	while (i < s.n && isxdigit(s.p[i]))
		i++;
	if (s.n == 16 && i == 16) {
		*term = 0;
		for (i = 0; i < s.n; i++)
			*term = *term << 4 |
				(uint64_t)(isdigit(s.p[i])
					       ? s.p[i] - '0'
					       : tolower(s.p[i]) - 'a' + 10);
		return *term != 0;
	}
	if (is_uri(s)) {
		*term = term_of_uri(s);
		return true;
	}
	if (d->lookup->guess(d->lookup->ctx, s, language, &g, 1) == 0 ||
	    g.confidence < CONFIDENCE_LABEL)
		return false;
	*term = g.term;
	return true;
}

/* What the person said about these words; NULL: nothing. */
static const json_t *
decision_on(const struct import_draft *d, struct slice text)
{
	json_t *key;
	const json_t *said;

	if (d->o->decisions == NULL)
		return NULL;
	key = clean_text(text, WORDS_MAX, NULL);
	said = key == NULL
		   ? NULL
		   : json_object_get(d->o->decisions, json_string_value(key));
	json_decref(key);
	return said;
}

bool
import_term(struct import_draft *d, struct slice text, uint32_t language,
    const char *field, struct import_term *out)
{
	const unsigned least =
	    d->o->confidence_min != 0 ? d->o->confidence_min : CONFIDENCE_MIN;
	struct term_guess g[TERM_GUESSES_MAX] = { { 0, 0 } };
	size_t n = 0;
	struct slice uri = { NULL, 0 };
	json_t *e;

	*out = (struct import_term){ 0 };
	text = slice_trim(text);
	d->phrases++;
	if (language == 0)
		language = d->language;
	const json_t *said = decision_on(d, text);
	if (is_uri(text)) {
		g[n++] = (struct term_guess){ term_of_uri(text), 100 };
		uri = text;
	} else {
		n = d->lookup->guess(
		    d->lookup->ctx, text, language, g, TERM_GUESSES_MAX);
	}
	for (size_t i = 0; i < n && d->most != 0; i++)
		g[i].confidence = MIN(g[i].confidence, d->most);
	bool take = n > 0 && (g[0].confidence >= least || json_is_true(said));
	out->term = g[0].term;
	if (json_is_string(said)) {
		const struct slice named =
		    slice_of(json_string_value(said), json_string_length(said));
		take = term_named(d, slice_trim(named), language, &out->term);
		uri = is_uri(named) ? named : slice_of(NULL, 0);
		if (!take)
			import_note(d, field,
			    "write a term, its URI or its whole label",
			    "\"%.*s\", decided for \"%.*s\", is no known term",
			    (int)MIN(named.n, 60U), (const char *)named.p,
			    (int)MIN(text.n, 60U), (const char *)text.p);
	}
	out->dropped = json_is_false(said);
	if (!take || out->dropped) {
		e = unmapped_add(d, text, field);
		if (e == NULL)
			return false;
		(void)json_object_set_new(e, "why",
		    json_string(out->dropped ? "dropped"
				: n > 0      ? "unsure"
					     : "unknown"));
		put_guesses(d, e, language, g, n, 0);
		return false;
	}
	(void)snprintf(out->hex, sizeof(out->hex), "%016" PRIx64, out->term);
	e = json_object();
	(void)json_object_set_new(e, "text", clean_text(text, WORDS_MAX, NULL));
	out->type = put_term(d, e, out->term, language, uri);
	(void)json_object_set_new(e, "field", json_string(field));
	(void)json_object_set_new(e, "confidence",
	    json_integer(
		json_is_string(said) ? 100 : (json_int_t)g[0].confidence));
	(void)json_object_set_new(e, "decided", json_boolean(said != NULL));
	(void)json_object_set_new(e, "number", json_integer(d->phrases));
	put_guesses(d, e, language, g, n, out->term);
	(void)json_array_append_new(d->mapped, e);
	out->entry = e;
	return true;
}

json_t *
import_list(json_t *draft, const char *name)
{
	json_t *list = json_object_get(draft, name);

	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(draft, name, list);
	}
	return list;
}

/* The object of ${list} with this term, made when missing. */
static json_t *
item_of(json_t *list, const char *hex)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		const char *term =
		    json_string_value(json_object_get(item, "term"));
		if (term != NULL && strcmp(term, hex) == 0)
			return item;
	}
	item = json_object();
	(void)json_object_set_new(item, "term", json_string(hex));
	(void)json_array_append_new(list, item);
	return item;
}

static void
set_larger(json_t *o, const char *name, unsigned n)
{
	if (json_integer_value(json_object_get(o, name)) < (json_int_t)n)
		(void)json_object_set_new(o, name, json_integer(n));
}

void
import_skill(json_t *list, const struct import_term *t, unsigned level)
{
	set_larger(item_of(list, t->hex), "level", level);
}

void
import_requirement(json_t *list, const struct import_term *t, unsigned level,
    unsigned weight, bool must)
{
	json_t *item = item_of(list, t->hex);

	set_larger(item, "level", level);
	set_larger(item, "weight", weight);
	if (must)
		(void)json_object_set_new(item, "must", json_true());
}

void
text_set(struct import_draft *d, const char *name, uint32_t language,
    struct slice s, size_t max)
{
	char letters[4];
	bool cut = false;
	json_t *text, *o = json_object_get(d->draft, name);

	if (!language_put(letters, language))
		(void)snprintf(letters, sizeof(letters), "en");
	text = plain_text(s, max, &cut);
	if (text == NULL)
		return;
	if (cut)
		import_note(d, name, "", "was shortened to %zu bytes", max);
	if (o == NULL) {
		o = json_object();
		(void)json_object_set_new(d->draft, name, o);
	}
	(void)json_object_set_new(o, letters, text);
}
