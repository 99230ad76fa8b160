#include "proto/record/schema.h"

#include <stdarg.h>
#include <stdio.h>

#include "proto/record/names.h"

#define LANGUAGES_MAX 8

const struct field *
field_by_key(const struct field *fields, uint64_t key)
{
	for (const struct field *f = fields; f->name != NULL; f++)
		if (f->key == key)
			return f;
	return NULL;
}

const struct field *
field_find(const struct field *fields, struct slice name)
{
	for (const struct field *f = fields; f->name != NULL; f++)
		if (slice_eq_str(name, f->name))
			return f;
	return NULL;
}

/* One step of the path to a value: a field, a language, or an index. */
struct step {
	const char *name; /* NULL: an index */
	uint32_t index;
	char letters[4]; /* what ${name} points to, of a language */
};
#define STEPS_MAX 16 /* a schema is not as deep; a value is VALUE_DEPTH_MAX */

/*
 * The check in progress: where it is, and whether to interpret. The path is
 * put into words for a fault alone, since most payloads have none.
 */
struct checker {
	struct schema_fault *fault;
	struct step steps[STEPS_MAX];
	size_t depth;
	bool opaque;
};

static void __attribute__((format(printf, 2, 3)))
path_add(struct schema_fault *fault, const char *fmt, ...)
{
	const size_t n = strlen(fault->path);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(fault->path + n, SCHEMA_PATH_MAX - n, fmt, ap);
	va_end(ap);
}

static bool __attribute__((format(printf, 2, 3)))
refuse(struct checker *c, const char *fmt, ...)
{
	va_list ap;

	for (size_t i = 0; i < c->depth; i++)
		if (c->steps[i].name == NULL)
			path_add(c->fault, "[%" PRIu32 "]", c->steps[i].index);
		else
			path_add(c->fault, "%s%s", i == 0 ? "" : ".",
			    c->steps[i].name);
	va_start(ap, fmt);
	(void)vsnprintf(c->fault->why, SCHEMA_PATH_MAX, fmt, ap);
	va_end(ap);
	return false;
}

/* Goes one step down; c->depth-- leads back. */
static struct step *
step(struct checker *c, const char *name, uint32_t index)
{
	ASSERT(c->depth < STEPS_MAX);
	struct step *s = &c->steps[c->depth++];
	s->name = name;
	s->index = index;
	return s;
}

static bool check_fields(
    struct checker *c, const struct field *fields, const struct value *v);

static bool
check_number(struct checker *c, const struct field *f, const struct value *v)
{
	int64_t n = 0;

	if (v->type == VALUE_UINT && v->u <= FIELD_INTEGER_MAX)
		n = (int64_t)v->u;
	else if (v->type == VALUE_INT && v->i >= -FIELD_INTEGER_MAX)
		n = v->i;
	else
		return refuse(c, "must be a whole number below 2^53");
	if (n < f->min || n > f->max)
		return refuse(
		    c, "must be %" PRId64 " to %" PRId64, f->min, f->max);
	return true;
}

static bool
check_letters(struct checker *c, const struct value *v, size_t n, char from,
    char to, const char *what)
{
	if (v->type != VALUE_STR || v->s.n != n)
		return refuse(c, "must be %s", what);
	for (size_t i = 0; i < n; i++)
		if (v->s.p[i] < (uint8_t)from || v->s.p[i] > (uint8_t)to)
			return refuse(c, "must be %s", what);
	return true;
}

static bool
check_size(struct checker *c, const struct field *f, enum value_type type,
    const struct value *v)
{
	if (v->type != type)
		return refuse(
		    c, "must be %s", type == VALUE_BIN ? "bytes" : "text");
	if (v->s.n < (uint64_t)f->min || v->s.n > (uint64_t)f->max)
		return refuse(c, "must have %" PRId64 " to %" PRId64 " bytes",
		    f->min, f->max);
	return true;
}

/* Bytes of certain sizes alone: the numbers of the choices. */
static bool
check_bytes(struct checker *c, const struct field *f, const struct value *v)
{
	if (!check_size(c, f, VALUE_BIN, v))
		return false;
	if (f->choices == NULL)
		return true;
	for (const struct field_choice *o = f->choices; o->name != NULL; o++)
		if (v->s.n == o->number)
			return true;
	return refuse(c, "must have one of the sizes allowed");
}

static bool
check_text(struct checker *c, const struct field *f, const struct value *v)
{
	if (v->type != VALUE_MAP)
		return refuse(c, "must be a text by language");
	if (v->n < 1 || v->n > LANGUAGES_MAX)
		return refuse(c, "must have 1 to %d languages", LANGUAGES_MAX);
	for (uint32_t i = 0; i < v->n; i++) {
		char letters[4];
		if (!language_put(letters, v->items[2 * i].u))
			return refuse(c, "has a key that is no language code");
		struct step *s = step(c, NULL, 0);
		memcpy(s->letters, letters, sizeof(letters));
		s->name = s->letters;
		if (!check_size(c, f, VALUE_STR, &v->items[2 * i + 1]))
			return false;
		c->depth--;
	}
	return true;
}

static bool
check_choice(struct checker *c, const struct field *f, const struct value *v)
{
	uint64_t all = 0;

	for (const struct field_choice *o = f->choices; o->name != NULL; o++)
		if (v->type == VALUE_UINT && v->u == o->number)
			return true;
		else
			all |= o->number;
	if (f->type == FIELD_BITS && v->type == VALUE_UINT && v->u != 0 &&
	    (v->u & ~all) == 0)
		return true;
	return refuse(c, "is not one of the known choices");
}

static bool check_list(
    struct checker *c, const struct field *f, const struct value *v);

static bool
check_value(struct checker *c, const struct field *f, const struct value *v)
{
	char letters[4];

	switch (f->type) {
	case FIELD_UINT:
	case FIELD_INT:
		return check_number(c, f, v);
	case FIELD_BOOL:
		if (v->type == VALUE_UINT && v->u <= 1)
			return true;
		return refuse(c, "must be 0 or 1");
	case FIELD_STR:
		return check_size(c, f, VALUE_STR, v);
	case FIELD_TEXT:
		return check_text(c, f, v);
	case FIELD_BYTES:
		return check_bytes(c, f, v);
	case FIELD_TERM:
		if (v->type == VALUE_BIN && v->s.n == TERM_ID)
			return true;
		return refuse(c, "must be a term: 8 bytes");
	case FIELD_LANGUAGE:
		if (v->type == VALUE_UINT && language_put(letters, v->u))
			return true;
		return refuse(c, "must be a language code");
	case FIELD_REGION:
		return check_letters(
		    c, v, 2, 'a', 'z', "a region: two lower-case letters");
	case FIELD_CURRENCY:
		return check_letters(
		    c, v, 3, 'A', 'Z', "a currency: three capital letters");
	case FIELD_CHOICE:
	case FIELD_BITS:
		return check_choice(c, f, v);
	case FIELD_LIST:
		return check_list(c, f, v);
	case FIELD_MAP:
		if (v->type != VALUE_MAP)
			return refuse(c, "must be a map");
		return check_fields(c, f->fields, v);
	}
	return refuse(c, "has no rule");
}

static bool
check_list(struct checker *c, const struct field *f, const struct value *v)
{
	if (v->type != VALUE_ARRAY)
		return refuse(c, "must be a list");
	if (v->n < (uint64_t)f->min || v->n > (uint64_t)f->max)
		return refuse(c, "must have %" PRId64 " to %" PRId64 " items",
		    f->min, f->max);
	for (uint32_t i = 0; i < v->n; i++) {
		(void)step(c, NULL, i);
		if (!check_value(c, f->element, &v->items[i]))
			return false;
		c->depth--;
	}
	return true;
}

static bool
check_fields(
    struct checker *c, const struct field *fields, const struct value *v)
{
	for (uint32_t i = 0; i < v->n; i++) {
		const uint64_t key = v->items[2 * i].u;
		const struct field *f = field_by_key(fields, key);
		if (f == NULL) {
			c->opaque = c->opaque || key % 2 == 0;
			continue;
		}
		(void)step(c, f->name, 0);
		if (!check_value(c, f, &v->items[2 * i + 1]))
			return false;
		c->depth--;
	}
	for (const struct field *f = fields; f->name != NULL; f++) {
		if (!f->required || value_find(v, f->key) != NULL)
			continue;
		(void)step(c, f->name, 0);
		return refuse(c, "is missing");
	}
	return true;
}

enum schema_result
schema_check(const struct schema *s, const struct value *payload,
    struct schema_fault *fault)
{
	struct checker c;

	c.fault = fault;
	c.depth = 0;
	c.opaque = false;
	fault->path[0] = fault->why[0] = 0;
	if (payload->type != VALUE_MAP) {
		(void)refuse(&c, "must be a map");
		return SCHEMA_BAD;
	}
	if (!check_fields(&c, s->fields, payload))
		return SCHEMA_BAD;
	return c.opaque ? SCHEMA_OPAQUE : SCHEMA_OK;
}
