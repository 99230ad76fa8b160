#include "node/evidence/sheet.h"

#include <stdlib.h>

#include "proto/record/value.h"

enum { VERSION = 0, NET = 2, CREDENTIAL = 4, TREE = 6, KEY = 8, CLAIMS = 10 };

static struct slice
text_slice(const json_t *v)
{
	return slice_of(
	    (const uint8_t *)json_string_value(v), json_string_length(v));
}

static bool
put_leaf(const json_t *leaf, struct value items[3], struct value *out)
{
	const json_t *name = json_object_get(leaf, "name");
	const json_t *value = json_object_get(leaf, "value");
	const json_t *number = json_object_get(leaf, "number");
	const json_t *max = json_object_get(leaf, "max");

	if (!fact_name_is(json_string_value(name)))
		return false;
	items[0] = value_str(text_slice(name));
	if (json_is_boolean(value))
		items[1] = (struct value){ .type = VALUE_BOOL,
			.u = json_is_true(value) };
	else if (json_is_string(value))
		items[1] = value_str(text_slice(value));
	else if (json_is_integer(number) && json_is_integer(max)) {
		items[1] = value_int(json_integer_value(number));
		items[2] = value_int(json_integer_value(max));
	} else
		return false;
	*out = value_array(items, value == NULL ? 3 : 2);
	return true;
}

err
sheet_write(const struct sheet *s, struct slice net, struct buf *out)
{
	struct value items[CLAIM_LEAVES][3], list[CLAIM_LEAVES];
	const size_t n = json_array_size(s->leaves);

	if (n < 1 || n > CLAIM_LEAVES)
		return ERR_LIMIT;
	for (size_t i = 0; i < n; i++)
		if (!put_leaf(json_array_get(s->leaves, i), items[i], &list[i]))
			return ERR_FORM;
	struct value pairs[12] = { value_uint(VERSION), value_uint(1),
		value_uint(NET), value_str(net), value_uint(CREDENTIAL),
		value_bin(slice_of(s->credential, EVIDENCE_ID)),
		value_uint(TREE), value_bin(slice_of(s->tree, CLAIM_TREE_ID)),
		value_uint(KEY), value_bin(slice_of(s->key, 32)),
		value_uint(CLAIMS), value_array(list, n) };
	const struct value map = value_map(pairs, 6);
	return value_write(&map, out) == OK ? OK : ERR_LIMIT;
}

/* ---- reading ---- */

static bool
bytes_at(const struct value *map, uint64_t key, uint8_t *out, size_t n)
{
	const struct value *v = value_find(map, key);

	if (v == NULL || v->type != VALUE_BIN || v->s.n != n)
		return false;
	memcpy(out, v->s.p, n);
	return true;
}

static json_t *
leaf_of(const struct value *v)
{
	json_t *value = NULL;

	if (v->type != VALUE_ARRAY || (v->n != 2 && v->n != 3) ||
	    v->items[0].type != VALUE_STR)
		return NULL;
	json_t *o = json_object();
	(void)json_object_set_new(o, "name",
	    json_stringn((const char *)v->items[0].s.p, v->items[0].s.n));
	if (v->n == 3 && v->items[1].type == VALUE_UINT &&
	    v->items[2].type == VALUE_UINT &&
	    v->items[2].u <= CLAIM_RANGE_MAX &&
	    v->items[1].u <= v->items[2].u) {
		(void)json_object_set_new(
		    o, "number", json_integer((json_int_t)v->items[1].u));
		value = json_integer((json_int_t)v->items[2].u);
		(void)json_object_set_new(o, "max", value);
	} else if (v->n == 2 && v->items[1].type == VALUE_BOOL) {
		value = json_boolean(v->items[1].u != 0);
		(void)json_object_set_new(o, "value", value);
	} else if (v->n == 2 && v->items[1].type == VALUE_STR) {
		value = json_stringn(
		    (const char *)v->items[1].s.p, v->items[1].s.n);
		(void)json_object_set_new(o, "value", value);
	}
	if (value != NULL &&
	    fact_name_is(json_string_value(json_object_get(o, "name"))))
		return o;
	json_decref(o);
	return NULL;
}

static bool
read_map(const struct value *map, struct slice net, struct sheet *s)
{
	const struct value *version = value_find(map, VERSION);
	const struct value *of = value_find(map, NET);
	const struct value *claims = value_find(map, CLAIMS);

	if (version == NULL || version->type != VALUE_UINT || version->u != 1 ||
	    of == NULL || of->type != VALUE_STR || !slice_eq(of->s, net) ||
	    !bytes_at(map, CREDENTIAL, s->credential, EVIDENCE_ID) ||
	    !bytes_at(map, TREE, s->tree, CLAIM_TREE_ID) ||
	    !bytes_at(map, KEY, s->key, 32) || claims == NULL ||
	    claims->type != VALUE_ARRAY || claims->n < 1 ||
	    claims->n > CLAIM_LEAVES)
		return false;
	for (uint32_t i = 0; i < map->n; i++)
		if (map->items[2 * i].u % 2 == 0 &&
		    map->items[2 * i].u > CLAIMS)
			return false;
	for (uint32_t i = 0; i < claims->n; i++) {
		json_t *leaf = leaf_of(&claims->items[i]);
		if (leaf == NULL)
			return false;
		(void)json_array_append_new(s->leaves, leaf);
	}
	return true;
}

err
sheet_read(struct slice bytes, struct slice net, struct sheet *s)
{
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct value map;
	err e = ERR_FORM;

	*s = (struct sheet){ .leaves = json_array() };
	if (memory == NULL || s->leaves == NULL)
		e = ERR_NOMEM;
	else if (bytes.n <= SHEET_MAX &&
		 value_parse(bytes, &arena, &map) == OK &&
		 map.type == VALUE_MAP && read_map(&map, net, s))
		e = OK;
	if (memory != NULL)
		crypto_wipe(memory, VALUE_ARENA_BYTES);
	free(memory);
	if (e == OK)
		return OK;
	json_decref(s->leaves);
	crypto_wipe(s, sizeof(*s));
	return e;
}

bool
sheet_fits(const struct sheet *s, const uint8_t id[EVIDENCE_ID],
    const struct credential *c)
{
	struct fact_tree *t = malloc(sizeof(*t));
	const bool fits = t != NULL &&
			  memcmp(s->credential, id, EVIDENCE_ID) == 0 &&
			  facts_tree(s->leaves, s->key, s->tree, t) == OK &&
			  memcmp(t->tree.root, c->claims, 32) == 0;

	if (t != NULL)
		crypto_wipe(t, sizeof(*t));
	free(t);
	return fits;
}
