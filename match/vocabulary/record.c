#include "match/vocabulary/record.h"

/* Keys of the payloads, version 0: proto/record/schema_tables.c. */
enum {
	VOCABULARY_TERMS = 0,
	ENTRY_URI = 0,
	ENTRY_TYPE = 2,
	OWN_LABELS = 2,
	ENTRY_LABELS = 4,
	ENTRY_BROADER = 6,
	ENTRY_RELATED = 8,
	ENTRY_SAME_AS = 10,
};

#define LABELS_MAX 8 /* languages in a text map */
#define LINKS_MAX  32

NODISCARD static err
labels_get(const struct value *map, uint64_t key,
    struct term_label out[LABELS_MAX], size_t *n)
{
	const struct value *v = value_find(map, key);

	*n = 0;
	if (v == NULL || v->type != VALUE_MAP || v->n > LABELS_MAX)
		return ERR_FORM;
	for (uint32_t i = 0; i < v->n; i++) {
		const struct value *language = &v->items[2 * i];
		const struct value *text = &v->items[2 * i + 1];
		if (language->type != VALUE_UINT || language->u > UINT32_MAX ||
		    text->type != VALUE_STR)
			return ERR_FORM;
		out[(*n)++] =
		    (struct term_label){ (uint32_t)language->u, true, text->s };
	}
	return OK;
}

NODISCARD static err
links_get(
    const struct value *map, uint64_t key, uint64_t out[LINKS_MAX], size_t *n)
{
	const struct value *v = value_find(map, key);

	*n = 0;
	if (v == NULL)
		return OK;
	if (v->type != VALUE_ARRAY || v->n > LINKS_MAX)
		return ERR_FORM;
	for (uint32_t i = 0; i < v->n; i++) {
		const struct value *term = &v->items[i];
		if (term->type != VALUE_BIN || term->s.n != TERM_ID)
			return ERR_FORM;
		out[(*n)++] = get_u64be(term->s.p);
	}
	return OK;
}

/* What the builder does not want is left out; no room is an error. */
NODISCARD static err
add(struct vocabulary_builder *b, const struct term_entry *e)
{
	const err r = vocabulary_builder_add(b, e);

	return r == ERR_FORM ? OK : r;
}

NODISCARD static err
add_entry(struct vocabulary_builder *b, const struct value *map)
{
	struct term_label labels[LABELS_MAX];
	uint64_t broader[LINKS_MAX], related[LINKS_MAX], same_as[LINKS_MAX];
	struct term_entry e = { .source = SOURCE_RECORD,
		.labels = labels,
		.broader = broader,
		.related = related,
		.same_as = same_as };

	if (map->type != VALUE_MAP)
		return ERR_FORM;
	const struct value *uri = value_find(map, ENTRY_URI);
	const struct value *type = value_find(map, ENTRY_TYPE);
	if (uri == NULL || uri->type != VALUE_STR || type == NULL ||
	    type->type != VALUE_UINT || type->u > TERM_PURPOSE)
		return ERR_FORM;
	e.uri = uri->s;
	e.type = (enum term_type)type->u;
	TRY(labels_get(map, ENTRY_LABELS, labels, &e.labels_n));
	TRY(links_get(map, ENTRY_BROADER, broader, &e.broader_n));
	TRY(links_get(map, ENTRY_RELATED, related, &e.related_n));
	TRY(links_get(map, ENTRY_SAME_AS, same_as, &e.same_as_n));
	return add(b, &e);
}

err
vocabulary_add_record(struct vocabulary_builder *b, const struct value *payload)
{
	if (payload->type != VALUE_MAP)
		return ERR_FORM;
	const struct value *list = value_find(payload, VOCABULARY_TERMS);
	if (list == NULL || list->type != VALUE_ARRAY)
		return ERR_FORM;
	for (uint32_t i = 0; i < list->n; i++)
		TRY(add_entry(b, &list->items[i]));
	return OK;
}

err
vocabulary_add_own_terms(
    struct vocabulary_builder *b, const struct value *payload, uint64_t key)
{
	if (payload->type != VALUE_MAP)
		return ERR_FORM;
	const struct value *list = value_find(payload, key);
	if (list == NULL)
		return OK;
	if (list->type != VALUE_ARRAY)
		return ERR_FORM;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *map = &list->items[i];
		struct term_label labels[LABELS_MAX];
		struct term_entry e = { .source = SOURCE_RECORD,
			.type = TERM_SKILL,
			.labels = labels };
		if (map->type != VALUE_MAP)
			return ERR_FORM;
		const struct value *uri = value_find(map, ENTRY_URI);
		if (uri == NULL || uri->type != VALUE_STR)
			return ERR_FORM;
		e.uri = uri->s;
		TRY(labels_get(map, OWN_LABELS, labels, &e.labels_n));
		TRY(add(b, &e));
	}
	return OK;
}
