#include "node/import/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/base/text.h"

#define CONFIDENCE_MIN 50

/* ---- the report ---- */

void
import_draft_init(struct import_draft *d, const struct term_lookup *l,
    const struct import_options *o)
{
	*d = (struct import_draft){ .lookup = l, .o = o };
	d->language = o->language != 0 ? o->language : VOCABULARY_ENGLISH;
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

void
import_unmapped(struct import_draft *d, struct slice text, const char *field)
{
	json_t *t = clean_text(text, 280, NULL), *entry;

	if (t == NULL)
		return;
	entry = json_object();
	(void)json_object_set_new(entry, "text", t);
	(void)json_object_set_new(entry, "field", json_string(field));
	(void)json_array_append_new(d->unmapped, entry);
}

bool
import_term(struct import_draft *d, struct slice text, uint32_t language,
    const char *field, struct import_term *out)
{
	const unsigned least =
	    d->o->confidence_min != 0 ? d->o->confidence_min : CONFIDENCE_MIN;
	unsigned confidence = 0;
	struct slice uri = { NULL, 0 }, label = { NULL, 0 };

	*out = (struct import_term){ 0 };
	text = slice_trim(text);
	if (language == 0)
		language = d->language;
	if (is_uri(text)) {
		out->term = term_of_uri(text);
		confidence = 100;
		uri = text;
	} else if (!d->lookup->find(d->lookup->ctx, text, language, &out->term,
		       &confidence) ||
		   confidence < least) {
		import_unmapped(d, text, field);
		return false;
	}
	if (d->lookup->describe != NULL &&
	    !d->lookup->describe(
		d->lookup->ctx, out->term, language, &uri, &label, &out->type))
		out->type = 0;
	(void)snprintf(out->hex, sizeof(out->hex), "%016" PRIx64, out->term);
	json_t *e = json_object();
	(void)json_object_set_new(e, "text", clean_text(text, 280, NULL));
	(void)json_object_set_new(e, "term", json_string(out->hex));
	if (uri.n > 0)
		(void)json_object_set_new(
		    e, "uri", clean_text(uri, TERM_URI_MAX, NULL));
	if (label.n > 0)
		(void)json_object_set_new(
		    e, "label", clean_text(label, TERM_LABEL_MAX, NULL));
	(void)json_object_set_new(e, "field", json_string(field));
	(void)json_object_set_new(
	    e, "confidence", json_integer((json_int_t)confidence));
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
