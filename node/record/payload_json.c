#include "node/record/payload_json.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "node/base/problem.h"
#include "proto/base/text.h"
#include "proto/record/names.h"

#define HEX_MAX      (2 * 4096 + 1) /* the longest: what is sealed */
#define UNKNOWN_KEYS "_unknown_keys"

/* ---- the short forms of single values ---- */

/* Fields of 32 bytes that hold an author's key, not a hash or a sealing key. */
static bool
is_author_key(const char *name)
{
	static const char *const names[] = { "organisation", "posting_keys",
		"co_authors", "facilitators", "author", "key",
		/* of documents */
		"company", "person", "manager", "issuer", "holder", "peers",
		"from", "to", "a", "b" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool
is_cefr(const char *name)
{
	return strcmp(name, "cefr") == 0 || strcmp(name, "reading_level") == 0;
}

unsigned
cefr_level(struct slice text)
{
	if (text.n == 2) {
		const int letter = toupper(text.p[0]);
		const int digit = text.p[1];
		if (letter >= 'A' && letter <= 'C' &&
		    (digit == '1' || digit == '2'))
			return (unsigned)((letter - 'A') * 2 + (digit - '0'));
		return 0;
	}
	static const char native[] = "native";
	if (text.n != sizeof(native) - 1)
		return 0;
	for (size_t i = 0; i < text.n; i++)
		if (tolower(text.p[i]) != native[i])
			return 0;
	return 7;
}

void
payload_fault_text(const struct payload_fault *f, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s%s%s%s%s%s", f->path,
	    f->path[0] != 0 ? ": " : "", f->why, f->hint[0] != 0 ? " (" : "",
	    f->hint, f->hint[0] != 0 ? ")" : "");
}

/* ---- to JSON ---- */

static json_t *fields_to_json(const struct field *fields, const struct value *v,
    const struct payload_labels *labels);

static json_t *
slice_to_json(struct slice s)
{
	return json_stringn(s.n == 0 ? "" : (const char *)s.p, s.n);
}

static json_t *
term_to_json(struct slice s)
{
	char hex[2 * TERM_ID + 1];

	if (s.n != TERM_ID || hex_put(hex, sizeof(hex), s) != OK)
		return NULL;
	return json_string(hex);
}

static json_t *
label_to_json(struct slice term, const struct payload_labels *labels)
{
	struct slice label;

	if (labels == NULL || term.n != TERM_ID ||
	    !labels->label(labels->ctx, get_u64be(term.p), &label))
		return NULL;
	return slice_to_json(label);
}

static json_t *
bytes_to_json(const char *name, struct slice s)
{
	char text[HEX_MAX];

	if (s.n == RECORD_AUTHOR && is_author_key(name)) {
		did_key_put(text, s.p);
		return json_string(text);
	}
	return hex_put(text, sizeof(text), s) == OK ? json_string(text) : NULL;
}

static json_t *
text_to_json(const struct value *v)
{
	json_t *o = json_object();
	char letters[4];

	for (uint32_t i = 0; v->type == VALUE_MAP && i < v->n; i++) {
		const struct value *text = &v->items[2 * i + 1];
		if (!language_put(letters, v->items[2 * i].u) ||
		    text->type != VALUE_STR ||
		    json_object_set_new(o, letters, slice_to_json(text->s)) !=
			0) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

static json_t *
choice_to_json(const struct field *f, uint64_t number)
{
	json_t *names;

	if (f->type == FIELD_CHOICE) {
		for (const struct field_choice *c = f->choices; c->name; c++)
			if (c->number == number)
				return json_string(c->name);
		return NULL;
	}
	names = json_array();
	for (const struct field_choice *c = f->choices; c->name; c++)
		if ((number & c->number) != 0)
			(void)json_array_append_new(
			    names, json_string(c->name));
	return names;
}

static json_t *list_to_json(const struct field *f, const struct value *v,
    const struct payload_labels *labels);

static json_t *
value_to_json(const struct field *f, const char *name, const struct value *v,
    const struct payload_labels *labels)
{
	char letters[4];
	json_t *label, *o;

	switch (f->type) {
	case FIELD_UINT:
	case FIELD_INT:
		return json_integer(
		    v->type == VALUE_INT ? v->i : (json_int_t)v->u);
	case FIELD_BOOL:
		return json_boolean(v->u != 0);
	case FIELD_STR:
	case FIELD_REGION:
	case FIELD_CURRENCY:
		return slice_to_json(v->s);
	case FIELD_TEXT:
		return text_to_json(v);
	case FIELD_BYTES:
		return bytes_to_json(name, v->s);
	case FIELD_TERM:
		label = label_to_json(v->s, labels);
		if (label == NULL || strcmp(name, "term") == 0) {
			json_decref(label);
			return term_to_json(v->s);
		}
		o = json_object();
		(void)json_object_set_new(o, "term", term_to_json(v->s));
		(void)json_object_set_new(o, "label", label);
		return o;
	case FIELD_LANGUAGE:
		return language_put(letters, v->u) ? json_string(letters)
						   : NULL;
	case FIELD_CHOICE:
	case FIELD_BITS:
		return choice_to_json(f, v->u);
	case FIELD_LIST:
		return list_to_json(f, v, labels);
	case FIELD_MAP:
		return fields_to_json(f->fields, v, labels);
	}
	return NULL;
}

static json_t *
list_to_json(const struct field *f, const struct value *v,
    const struct payload_labels *labels)
{
	json_t *list = json_array();

	/* items have no name of their own: the list's says what they are */
	for (uint32_t i = 0; i < v->n; i++)
		if (json_array_append_new(
			list, value_to_json(f->element, f->name, &v->items[i],
				  labels)) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *
fields_to_json(const struct field *fields, const struct value *v,
    const struct payload_labels *labels)
{
	json_t *o = json_object(), *unknown = NULL;

	for (uint32_t i = 0; i < v->n; i++) {
		const uint64_t key = v->items[2 * i].u;
		const struct value *item = &v->items[2 * i + 1];
		const struct field *f = field_by_key(fields, key);
		if (f == NULL) {
			if (unknown == NULL)
				unknown = json_array();
			(void)json_array_append_new(
			    unknown, json_integer((json_int_t)key));
			continue;
		}
		if (json_object_set_new(o, f->name,
			value_to_json(f, f->name, item, labels)) != 0)
			goto fail;
		if (f->type != FIELD_TERM || strcmp(f->name, "term") != 0)
			continue;
		json_t *label = label_to_json(item->s, labels);
		if (label != NULL)
			(void)json_object_set_new(o, "label", label);
	}
	if (unknown != NULL)
		(void)json_object_set_new(o, UNKNOWN_KEYS, unknown);
	return o;
fail:
	json_decref(unknown);
	json_decref(o);
	return NULL;
}

err
payload_to_json(const struct schema *s, const struct value *payload,
    const struct payload_labels *labels, json_t **out)
{
	struct schema_fault fault;

	*out = NULL;
	if (schema_check(s, payload, &fault) == SCHEMA_BAD)
		return ERR_FORM;
	*out = fields_to_json(s->fields, payload, labels);
	return *out == NULL ? ERR_NOMEM : OK;
}

/* ---- from JSON ---- */

struct reader {
	struct arena *arena;
	struct payload_fault *fault;
	err error; /* ERR_LIMIT when the arena was too small */
	uint32_t items;
};

static bool __attribute__((format(printf, 3, 4)))
refuse(struct reader *r, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->fault->why, sizeof(r->fault->why), fmt, ap);
	va_end(ap);
	(void)snprintf(r->fault->hint, sizeof(r->fault->hint), "%s", hint);
	return false;
}

static bool __attribute__((format(printf, 2, 3)))
refuse_hint(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->fault->hint, sizeof(r->fault->hint), fmt, ap);
	va_end(ap);
	return false;
}

static size_t __attribute__((format(printf, 2, 3)))
step(struct reader *r, const char *fmt, ...)
{
	const size_t n = strlen(r->fault->path);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(
	    r->fault->path + n, sizeof(r->fault->path) - n, fmt, ap);
	va_end(ap);
	return n;
}

static void *
take(struct reader *r, size_t n)
{
	void *p = arena_alloc(r->arena, n == 0 ? 1 : n);

	if (p == NULL) {
		r->error = ERR_LIMIT;
		(void)refuse(
		    r, "leave something out", "is larger than a record may be");
	}
	return p;
}

/* Room for the values of a container. */
static struct value *
take_values(struct reader *r, size_t n)
{
	if (n > VALUE_ITEMS_MAX || r->items > VALUE_ITEMS_MAX - n) {
		r->error = ERR_LIMIT;
		(void)refuse(
		    r, "leave something out", "is more than a record may hold");
		return NULL;
	}
	r->items += (uint32_t)n;
	return take(r, n * sizeof(struct value));
}

static const char *
json_kind(const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
		return "a whole number";
	case JSON_REAL:
		return "a number with a fraction";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

static bool
get_string(
    struct reader *r, const json_t *j, const char *what, struct slice *out)
{
	if (!json_is_string(j))
		return refuse(r, "", "must be %s, not %s", what, json_kind(j));
	*out = slice_of(json_string_value(j), json_string_length(j));
	if (!text_is_clean(*out))
		return refuse(r, "put spaces in place of line breaks and tabs",
		    "has control or direction characters");
	return true;
}

static bool
read_number(
    struct reader *r, const struct field *f, const json_t *j, struct value *out)
{
	if (json_is_string(j) && is_cefr(f->name)) {
		const unsigned level = cefr_level(
		    slice_of(json_string_value(j), json_string_length(j)));
		if (level == 0)
			return refuse(r, "write 1 to 7 or A1 to C2, native",
			    "\"%.40s\" is no level of a language",
			    json_string_value(j));
		*out = value_uint(level);
		return true;
	}
	if (!json_is_integer(j))
		return refuse(r,
		    json_is_string(j) ? "leave out the quotation marks" : "",
		    "must be a whole number, not %s", json_kind(j));
	*out = value_int(json_integer_value(j));
	return true;
}

static bool
read_bool(struct reader *r, const json_t *j, struct value *out)
{
	if (json_is_boolean(j))
		*out = value_uint(json_is_true(j));
	else if (json_is_integer(j) && json_integer_value(j) >= 0 &&
		 json_integer_value(j) <= 1)
		*out = value_uint((uint64_t)json_integer_value(j));
	else
		return refuse(r, "write true or false",
		    "must be true or false, not %s", json_kind(j));
	return true;
}

/* "DE" and "de" to the code; 0: neither. */
static uint32_t
language_of(struct slice s)
{
	uint8_t lower[3];

	if (s.n > sizeof(lower))
		return 0;
	for (size_t i = 0; i < s.n; i++)
		lower[i] = (uint8_t)tolower(s.p[i]);
	return language_code(slice_of(lower, s.n));
}

static bool
read_language(struct reader *r, const json_t *j, struct value *out)
{
	struct slice s;

	if (!get_string(r, j, "a language like \"de\"", &s))
		return false;
	const uint32_t code = language_of(s);
	if (code == 0)
		return refuse(r, "write the ISO 639 code, like \"de\"",
		    "\"%.40s\" is no language code", json_string_value(j));
	*out = value_uint(code);
	return true;
}

/* Pairs of a text by code, since maps are canonical only in order. */
static void
insert_pair(struct value *pairs, size_t n, uint64_t key, struct value v)
{
	size_t at = n;

	for (; at > 0 && pairs[2 * (at - 1)].u > key; at--) {
		pairs[2 * at] = pairs[2 * at - 2];
		pairs[2 * at + 1] = pairs[2 * at - 1];
	}
	pairs[2 * at] = value_uint(key);
	pairs[2 * at + 1] = v;
}

static bool
read_text(struct reader *r, const json_t *j, struct value *out)
{
	size_t n = 0;
	const char *name;
	json_t *item;
	struct slice s;

	if (json_is_string(j)) {
		(void)refuse(r, "", "needs a language");
		return refuse_hint(
		    r, "write {\"en\": \"%.60s\"}", json_string_value(j));
	}
	if (!json_is_object(j))
		return refuse(r, "write {\"en\": \"...\"}",
		    "must be a text by language, not %s", json_kind(j));
	struct value *pairs = take_values(r, 2 * json_object_size(j));
	if (pairs == NULL)
		return false;
	json_object_foreach((json_t *)(uintptr_t)j, name, item)
	{
		const uint32_t code = language_of(slice_str(name));
		if (code == 0)
			return refuse(r, "use ISO 639 codes, like \"de\"",
			    "\"%.40s\" is no language code", name);
		const size_t at = step(r, ".%s", name);
		for (size_t i = 0; i < n; i++)
			if (pairs[2 * i].u == code)
				return refuse(
				    r, "keep one of them", "is there twice");
		if (!get_string(r, item, "text", &s))
			return false;
		r->fault->path[at] = 0;
		insert_pair(pairs, n++, code, value_str(s));
	}
	*out = value_map(pairs, n);
	return true;
}

static bool
read_bytes(struct reader *r, const struct field *f, const char *name,
    const json_t *j, struct value *out)
{
	struct slice s;
	const size_t max = (size_t)f->max;
	const bool id = max == RECORD_ID && f->min == f->max;

	if (!get_string(r, j, "a text of its bytes", &s))
		return false;
	uint8_t *bytes = take(r, max);
	if (bytes == NULL)
		return false;
	struct buf b = { bytes, 0, max };
	err e = hex_get(s, &b);
	if (e == OK && b.n < (size_t)f->min)
		e = ERR_FORM;
	if (e != OK && id && did_key_get(s, bytes) == OK)
		b.n = RECORD_AUTHOR, e = OK;
	if (e != OK && id && record_id_get(s, bytes) == OK)
		b.n = RECORD_ID, e = OK;
	if (e != OK && is_author_key(name))
		return refuse(
		    r, "write did:key:z6Mk... or 64 hex digits", "is no key");
	if (e != OK) {
		(void)refuse(r, "", "is not bytes in hexadecimal");
		return refuse_hint(r,
		    "write %" PRId64 " to %" PRId64 " hexadecimal digits",
		    2 * f->min, 2 * f->max);
	}
	*out = value_bin(buf_slice(&b));
	return true;
}

static bool
read_term(struct reader *r, const json_t *j, struct value *out)
{
	struct slice s;

	if (json_is_object(j)) {
		const json_t *inner = json_object_get(j, "term");
		if (inner == NULL)
			inner = json_object_get(j, "uri");
		if (inner == NULL || json_is_object(inner))
			return refuse(
			    r, "write {\"term\": \"...\"}", "names no term");
		j = inner;
	}
	if (!get_string(r, j, "a term", &s))
		return false;
	uint8_t *bytes = take(r, TERM_ID);
	if (bytes == NULL)
		return false;
	struct buf b = { bytes, 0, TERM_ID };
	if (s.n > 0 && memchr(s.p, ':', s.n) != NULL)
		put_u64be(bytes, term_of_uri(s));
	else if (s.n != 2 * TERM_ID || hex_get(s, &b) != OK)
		return refuse(r,
		    "write its URI, like \"urn:ohcn:welding\", or its 16 "
		    "hexadecimal digits",
		    "\"%.40s\" is no term", json_string_value(j));
	*out = value_bin(slice_of(bytes, TERM_ID));
	return true;
}

/* Region and currency: the case is put right, the rest is checked later. */
static bool
read_letters(struct reader *r, const json_t *j, const char *what,
    int (*to)(int), struct value *out)
{
	struct slice s;

	if (!get_string(r, j, what, &s))
		return false;
	if (s.n > 3)
		return refuse(r, "", "must be %s, not \"%.40s\"", what,
		    json_string_value(j));
	uint8_t *letters = take(r, s.n);
	if (letters == NULL)
		return false;
	for (size_t i = 0; i < s.n; i++)
		letters[i] = (uint8_t)to(s.p[i]);
	*out = value_str(slice_of(letters, s.n));
	return true;
}

static bool
choice_number(
    struct reader *r, const struct field *f, const json_t *j, uint64_t *number)
{
	struct slice s;
	size_t n = 0;

	if (!get_string(r, j, "one of the names", &s))
		return false;
	for (const struct field_choice *c = f->choices; c->name; c++, n++)
		if (slice_eq_str(s, c->name)) {
			*number = c->number;
			return true;
		}
	(void)refuse(r, "", "\"%.40s\" is not known", json_string_value(j));
	const char *near = nearest_name(json_string_value(j),
	    &f->choices[0].name, n, sizeof(struct field_choice));
	if (near != NULL)
		return refuse_hint(r, "did you mean \"%s\"?", near);
	char *p = r->fault->hint;
	size_t room = sizeof(r->fault->hint);
	for (const struct field_choice *c = f->choices; c->name; c++) {
		const int k = snprintf(p, room, "%s%s",
		    c == f->choices ? "one of: " : ", ", c->name);
		if (k < 0 || (size_t)k >= room)
			break;
		p += k;
		room -= (size_t)k;
	}
	return false;
}

static bool
read_choice(
    struct reader *r, const struct field *f, const json_t *j, struct value *out)
{
	uint64_t number = 0, one = 0;
	size_t i;
	json_t *item;

	if (f->type == FIELD_CHOICE) {
		if (!choice_number(r, f, j, &number))
			return false;
		*out = value_uint(number);
		return true;
	}
	if (!json_is_array(j))
		return refuse(r, "write [\"...\"]",
		    "must be a list of names, not %s", json_kind(j));
	json_array_foreach(j, i, item)
	{
		const size_t at = step(r, "[%zu]", i);
		if (!choice_number(r, f, item, &one))
			return false;
		r->fault->path[at] = 0;
		number |= one;
	}
	if (number == 0)
		return refuse(r, "leave the field out", "is an empty list");
	*out = value_uint(number);
	return true;
}

static bool read_fields(struct reader *r, const struct field *fields,
    const json_t *j, struct value *out);
static bool read_list(struct reader *r, const struct field *f, const json_t *j,
    struct value *out);

static bool
read_value(struct reader *r, const struct field *f, const char *name,
    const json_t *j, struct value *out)
{
	struct slice s;

	switch (f->type) {
	case FIELD_UINT:
	case FIELD_INT:
		return read_number(r, f, j, out);
	case FIELD_BOOL:
		return read_bool(r, j, out);
	case FIELD_STR:
		if (!get_string(r, j, "text", &s))
			return false;
		*out = value_str(s);
		return true;
	case FIELD_TEXT:
		return read_text(r, j, out);
	case FIELD_BYTES:
		return read_bytes(r, f, name, j, out);
	case FIELD_TERM:
		return read_term(r, j, out);
	case FIELD_LANGUAGE:
		return read_language(r, j, out);
	case FIELD_REGION:
		return read_letters(
		    r, j, "a region of two letters", tolower, out);
	case FIELD_CURRENCY:
		return read_letters(
		    r, j, "a currency of three letters", toupper, out);
	case FIELD_CHOICE:
	case FIELD_BITS:
		return read_choice(r, f, j, out);
	case FIELD_LIST:
		return read_list(r, f, j, out);
	case FIELD_MAP:
		return read_fields(r, f->fields, j, out);
	}
	return refuse(r, "", "has no rule");
}

static bool
read_list(
    struct reader *r, const struct field *f, const json_t *j, struct value *out)
{
	size_t i;
	json_t *item;

	if (!json_is_array(j))
		return refuse(
		    r, "write [...]", "must be a list, not %s", json_kind(j));
	if (json_array_size(j) == 0)
		return refuse(r, "leave the field out", "is an empty list");
	struct value *items = take_values(r, json_array_size(j));
	if (items == NULL)
		return false;
	json_array_foreach(j, i, item)
	{
		const size_t at = step(r, "[%zu]", i);
		if (!read_value(r, f->element, f->name, item, &items[i]))
			return false;
		r->fault->path[at] = 0;
	}
	*out = value_array(items, json_array_size(j));
	return true;
}

static bool
check_names(struct reader *r, const struct field *fields, const json_t *j)
{
	const char *name;
	json_t *item;
	bool has_term = false;
	size_t n = 0;

	for (const struct field *f = fields; f->name != NULL; f++, n++)
		has_term = has_term || strcmp(f->name, "term") == 0;
	json_object_foreach((json_t *)(uintptr_t)j, name, item)
	{
		if (field_find(fields, slice_str(name)) != NULL ||
		    (has_term && strcmp(name, "label") == 0))
			continue;
		(void)step(
		    r, "%s%.40s", r->fault->path[0] == 0 ? "" : ".", name);
		if (strcmp(name, UNKNOWN_KEYS) == 0)
			return refuse(r, "update ohcn, then edit it",
			    "was written by a newer version");
		(void)refuse(r, "leave it out", "is not a known name");
		const char *near = nearest_name(
		    name, &fields[0].name, n, sizeof(struct field));
		if (near != NULL)
			return refuse_hint(r, "did you mean \"%s\"?", near);
		return false;
	}
	return true;
}

static bool
read_fields(struct reader *r, const struct field *fields, const json_t *j,
    struct value *out)
{
	size_t n = 0;

	if (!json_is_object(j))
		return refuse(r, "write {...}", "must be an object, not %s",
		    json_kind(j));
	if (!check_names(r, fields, j))
		return false;
	size_t usual = 0;
	for (const struct field *f = fields; f->name != NULL; f++)
		usual += f->usual != 0;
	struct value *pairs = take_values(r, 2 * (json_object_size(j) + usual));
	if (pairs == NULL)
		return false;
	for (const struct field *f = fields; f->name != NULL; f++) {
		const json_t *item = json_object_get(j, f->name);
		struct value v;
		if (item == NULL || json_is_null(item)) {
			if (f->usual != 0)
				insert_pair(
				    pairs, n++, f->key, value_uint(f->usual));
			continue;
		}
		const size_t at =
		    step(r, "%s%s", r->fault->path[0] == 0 ? "" : ".", f->name);
		if (!read_value(r, f, f->name, item, &v))
			return false;
		r->fault->path[at] = 0;
		insert_pair(pairs, n++, f->key, v);
	}
	*out = value_map(pairs, n);
	return true;
}

err
payload_from_json(const struct schema *s, const json_t *in, struct arena *arena,
    struct value *out, struct payload_fault *fault)
{
	struct reader r = { arena, fault, ERR_FORM, 1 };
	struct schema_fault bounds;

	*fault = (struct payload_fault){ { 0 }, { 0 }, { 0 } };
	if (!read_fields(&r, s->fields, in, out))
		return r.error;
	if (schema_check(s, out, &bounds) == SCHEMA_OK)
		return OK;
	(void)snprintf(fault->path, sizeof(fault->path), "%s", bounds.path);
	(void)snprintf(fault->why, sizeof(fault->why), "%s", bounds.why);
	return ERR_FORM;
}
