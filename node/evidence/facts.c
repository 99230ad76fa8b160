#include "node/evidence/facts.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/record/schema.h"

#define LEVELS 5
#define CEFR   7
#define HOURS  168

/* ---- names ---- */

static bool
name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool
fact_name_is(const char *text)
{
	const size_t n = text == NULL ? 0 : strlen(text);
	bool part = false;

	if (n == 0 || n > CLAIM_NAME)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == ':' ? !part : !name_character(text[i]))
			return false;
		part = text[i] != ':';
	}
	return part;
}

bool
fact_covers(const char *asked, const char *name)
{
	const size_t n = strlen(asked);

	return n > 0 && strncmp(name, asked, n) == 0 &&
	       (name[n] == '\0' || name[n] == ':');
}

bool
fact_is_identity(const char *name)
{
	static const char *const those[] = { "name", "email", "phone",
		"address", "website" };

	for (size_t i = 0; i < ARRAY_LEN(those); i++)
		if (fact_covers(those[i], name))
			return true;
	return false;
}

/* ---- the owner's own ---- */

static err
refuse(char why[FACTS_WHY], const char *name, const char *what)
{
	(void)snprintf(why, FACTS_WHY, "%.64s: %s", name, what);
	return ERR_FORM;
}

static bool
number_of(const json_t *v, uint32_t *number, uint32_t *max)
{
	const json_t *n = json_object_get(v, "number");
	const json_t *m = json_object_get(v, "max");

	if (!json_is_integer(n) || !json_is_integer(m) ||
	    json_integer_value(m) < 1 ||
	    json_integer_value(m) > CLAIM_RANGE_MAX ||
	    json_integer_value(n) < 0 ||
	    json_integer_value(n) > json_integer_value(m))
		return false;
	*number = (uint32_t)json_integer_value(n);
	*max = (uint32_t)json_integer_value(m);
	return true;
}

static bool
text_is(const json_t *v)
{
	const struct slice s = slice_of(
	    (const uint8_t *)json_string_value(v), json_string_length(v));

	return json_is_string(v) && s.n >= 1 && s.n <= FACT_TEXT &&
	       text_is_clean(s);
}

err
facts_check(const json_t *own, char why[FACTS_WHY])
{
	const char *name;
	json_t *v;
	uint32_t number, max;

	if (!json_is_object(own))
		return refuse(why, "facts", "an object is needed");
	if (json_object_size(own) > FACTS_OWN) {
		(void)refuse(why, "facts", "at most 24 of your own");
		return ERR_LIMIT;
	}
	json_object_foreach((json_t *)(uintptr_t)own, name, v)
	{
		if (!fact_name_is(name))
			return refuse(why, name,
			    "a name has 1 to 64 of a-z A-Z 0-9 _ - and ':'");
		if (!json_is_boolean(v) && !text_is(v) &&
		    !number_of(v, &number, &max))
			return refuse(why, name,
			    "a text of up to 200 bytes, true, false, or a "
			    "number 0..max with max up to 1000");
	}
	return OK;
}

/* ---- leaves ---- */

struct gathering {
	json_t *list;
	unsigned left_out;
};

static bool
is_there(const json_t *list, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		const char *has =
		    json_string_value(json_object_get(one, "name"));
		if (has != NULL && strcmp(has, name) == 0)
			return true;
	}
	return false;
}

/* The first one of a name counts; takes ${leaf}. */
static void
add(struct gathering *g, json_t *leaf)
{
	const char *name = json_string_value(json_object_get(leaf, "name"));

	if (name == NULL || is_there(g->list, name))
		json_decref(leaf);
	else if (json_array_size(g->list) >= CLAIM_LEAVES) {
		g->left_out++;
		json_decref(leaf);
	} else
		(void)json_array_append_new(g->list, leaf);
}

static void
add_number(struct gathering *g, const char *name, uint32_t number, uint32_t max)
{
	add(g, json_pack("{s:s,s:I,s:I}", "name", name, "number",
		   (json_int_t)MIN(number, max), "max", (json_int_t)max));
}

static void
add_own(struct gathering *g, const json_t *own)
{
	const char *name;
	json_t *v;
	uint32_t number, max;

	json_object_foreach((json_t *)(uintptr_t)own, name, v)
	{
		if (number_of(v, &number, &max))
			add_number(g, name, number, max);
		else
			add(g,
			    json_pack("{s:s,s:O}", "name", name, "value", v));
	}
}

/* How many minor units are a step of a pay floor, by period. */
static const uint32_t steps[] = { 0, 100, 1000, 5000, 10000, 100000, 100000 };

static const char *
choice(const char *field, const char *inner, uint32_t number)
{
	const struct field *f =
	    field_find(schema_latest(KIND_DEMAND)->fields, slice_str(field));

	if (f != NULL && inner != NULL)
		f = field_find(f->fields, slice_str(inner));
	for (const struct field_choice *c = f == NULL ? NULL : f->choices;
	     c != NULL && c->name != NULL; c++)
		if (c->number == number)
			return c->name;
	return NULL;
}

static void
add_wishes(struct gathering *g, const struct wishes *w)
{
	char name[CLAIM_NAME + 1];
	const char *period = choice("pay", "period", w->floor.period);

	if (w->floor.min > 0 && w->floor.period < ARRAY_LEN(steps) &&
	    period != NULL) {
		const uint64_t step = steps[w->floor.period];
		/* Rounded up: "at most" is then true of the floor itself. */
		const uint64_t count = (w->floor.min + step - 1) / step;
		(void)snprintf(name, sizeof(name), "pay_floor:%.3s:%s",
		    w->floor.currency, period);
		if (count <= CLAIM_RANGE_MAX)
			add_number(g, name, (uint32_t)count, CLAIM_RANGE_MAX);
	}
	if (w->hours_week_max > 0)
		add_number(g, "hours_week", w->hours_week_max, HOURS);
	for (uint32_t i = 1; i < 32; i++) {
		const char *contract = choice("contract", NULL, i);
		if ((w->contract_mask >> i & 1U) == 0 || contract == NULL)
			continue;
		(void)snprintf(name, sizeof(name), "contracts:%s", contract);
		add(g, json_pack("{s:s,s:b}", "name", name, "value", 1));
	}
}

/* Lists of a card: a name of what, a number. */
static void
add_list(struct gathering *g, const json_t *card, const char *list,
    const char *what, const char *number, uint32_t max)
{
	char name[CLAIM_NAME + 1];
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(card, list), i, one)
	{
		const char *text =
		    json_string_value(json_object_get(one, what));
		if (text == NULL || strlen(text) > 32)
			continue;
		(void)snprintf(name, sizeof(name), "%s:%s", list, text);
		add_number(g, name,
		    (uint32_t)json_integer_value(json_object_get(one, number)),
		    max);
	}
}

json_t *
facts_leaves(const json_t *own, const json_t *card, const struct wishes *w,
    unsigned *left_out)
{
	struct gathering g = { json_array(), 0 };
	char name[CLAIM_NAME + 1];

	if (own != NULL)
		add_own(&g, own);
	if (w != NULL)
		add_wishes(&g, w);
	add_list(&g, card, "languages", "language", "cefr", CEFR);
	for (uint16_t i = 0; w != NULL && i < w->skills_n; i++) {
		(void)snprintf(name, sizeof(name), "skills:%016" PRIx64,
		    w->skills[i].term);
		add_number(&g, name, w->skills[i].level, LEVELS);
	}
	add_list(&g, card, "skills", "term", "level", LEVELS);
	add_list(&g, card, "aspirations", "term", "level", LEVELS);
	*left_out = g.left_out;
	return g.list;
}

/* ---- over time ---- */

static bool
leaf_is(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "name", "value", "number", "max" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const json_t *x = json_object_get(a, keys[i]);
		const json_t *y = json_object_get(b, keys[i]);
		if ((x == NULL) != (y == NULL) ||
		    (x != NULL && !json_equal(x, y)))
			return false;
	}
	return true;
}

static bool
holds(const json_t *list, const json_t *leaf)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		if (!json_is_true(json_object_get(one, "old")) &&
		    json_object_get(one, "credential") == NULL &&
		    leaf_is(one, leaf))
			return true;
	}
	return false;
}

bool
facts_renew(json_t *sheet, const json_t *now)
{
	bool changed = false;
	size_t i;
	json_t *one;

	json_array_foreach(sheet, i, one)
	{
		if (json_is_true(json_object_get(one, "old")) ||
		    json_object_get(one, "credential") != NULL ||
		    holds(now, one))
			continue;
		(void)json_object_set_new(one, "old", json_true());
		changed = true;
	}
	json_array_foreach((json_t *)(uintptr_t)now, i, one)
	{
		if (holds(sheet, one) || json_array_size(sheet) >= CLAIM_LEAVES)
			continue;
		(void)json_array_append_new(sheet, json_deep_copy(one));
		changed = true;
	}
	return changed;
}

/* ---- a tree ---- */

static err
put_value(const json_t *leaf, const uint8_t key[32],
    const uint8_t id[CLAIM_TREE_ID], struct fact_tree *t)
{
	const json_t *v = json_object_get(leaf, "value");
	struct buf out = { t->room[t->n], 0, CLAIM_ROOM };
	struct value value;
	uint32_t number, max;

	if (json_is_boolean(v))
		value =
		    (struct value){ .type = VALUE_BOOL, .u = json_is_true(v) };
	else if (text_is(v))
		value =
		    value_str(slice_of((const uint8_t *)json_string_value(v),
			json_string_length(v)));
	else if (number_of(leaf, &number, &max)) {
		TRY(claim_range_write_keyed(
		    key, id, (unsigned)t->n, number, max, &out));
		t->claims[t->n].value = buf_slice(&out);
		return OK;
	} else
		return ERR_FORM;
	TRY(value_write(&value, &out));
	t->claims[t->n].value = buf_slice(&out);
	return OK;
}

err
facts_tree(const json_t *leaves, const uint8_t key[32],
    const uint8_t id[CLAIM_TREE_ID], struct fact_tree *out)
{
	size_t i;
	json_t *one;

	out->n = 0;
	json_array_foreach((json_t *)(uintptr_t)leaves, i, one)
	{
		const char *name =
		    json_string_value(json_object_get(one, "name"));
		if (out->n == CLAIM_LEAVES || !fact_name_is(name))
			return ERR_FORM;
		out->claims[out->n].name = slice_str(name);
		TRY(put_value(one, key, id, out));
		out->n++;
	}
	return claim_tree_build_keyed(&out->tree, key, id, out->claims, out->n);
}
