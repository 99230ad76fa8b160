#include "node/record/labels.h"

#include <stdio.h>

bool
text_pick(const struct value *map, uint32_t language, struct slice *out)
{
	const struct value *found = NULL;

	if (map == NULL || map->type != VALUE_MAP || map->n == 0)
		return false;
	if (language != 0)
		found = value_find(map, language);
	if (found == NULL)
		found = value_find(map, VOCABULARY_ENGLISH);
	if (found == NULL)
		found = &map->items[1];
	if (found->type != VALUE_STR)
		return false;
	*out = found->s;
	return true;
}

/* A label counts only if its URI hashes to the term. */
static bool
own_label(const struct value *terms, uint64_t term, uint32_t language,
    struct slice *out)
{
	if (terms == NULL || terms->type != VALUE_ARRAY)
		return false;
	for (uint32_t i = 0; i < terms->n; i++) {
		const struct value *uri = value_find(&terms->items[i], 0);
		if (uri != NULL && uri->type == VALUE_STR &&
		    term_of_uri(uri->s) == term)
			return text_pick(
			    value_find(&terms->items[i], 2), language, out);
	}
	return false;
}

bool
scope_label(const struct label_scope *s, uint64_t term, struct slice *out)
{
	const uint32_t at = vocabulary_find(s->vocabulary, term);

	if (at != TERM_NOWHERE) {
		*out = vocabulary_label(s->vocabulary, at, s->language, NULL);
		return true;
	}
	return own_label(s->own[0], term, s->language, out) ||
	       own_label(s->own[1], term, s->language, out);
}

static bool
on_label(void *ctx, uint64_t term, struct slice *label)
{
	const struct label_scope *s = ctx;

	return scope_label(s, term, label);
}

struct payload_labels
scope_labels(struct label_scope *s)
{
	return (struct payload_labels){ on_label, s };
}

void
scope_add(struct label_scope *s, uint32_t kind, const struct value *payload)
{
	const struct schema *schema = schema_latest(kind);
	const struct field *f =
	    schema == NULL || kind == KIND_VOCABULARY
		? NULL
		: field_find(schema->fields, slice_str("terms"));

	if (f == NULL || payload->type != VALUE_MAP)
		return;
	s->own[s->own[0] == NULL ? 0 : 1] = value_find(payload, f->key);
}

void
term_text(char out[2 * TERM_ID + 1], uint64_t term)
{
	(void)snprintf(out, 2 * TERM_ID + 1, "%016" PRIx64, term);
}

json_t *
term_json(const struct label_scope *s, uint64_t term)
{
	char text[2 * TERM_ID + 1];
	struct slice label;
	json_t *o = json_object();

	term_text(text, term);
	(void)json_object_set_new(o, "term", json_string(text));
	if (scope_label(s, term, &label))
		json_text(o, "label", label);
	else
		(void)json_object_set_new(o, "label", json_null());
	return o;
}
