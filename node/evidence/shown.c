#include "node/evidence/shown.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/base/text.h"

#define VALUE_HEX (2 * CLAIM_BYTES + 1)

static bool
is_zero(const uint8_t *p, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= p[i];
	return all == 0;
}

static bool
was_asked(const json_t *asked, struct slice name)
{
	char text[CLAIM_NAME + 1];
	size_t i;
	json_t *one;

	if (name.n > CLAIM_NAME)
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	json_array_foreach((json_t *)(uintptr_t)asked, i, one)
	{
		if (json_is_string(one) &&
		    fact_covers(json_string_value(one), text))
			return true;
	}
	return false;
}

enum evidence_fault
shown_open(struct slice bytes, const struct shown_from *from,
    struct arena *scratch, struct presentation *p, bool *unasked)
{
	struct presentation_for to = { .net = from->net };
	enum evidence_fault f = EVIDENCE_WRONG_NONCE;

	*unasked = false;
	memcpy(to.verifier, from->verifier, ED25519_PUBLIC);
	memcpy(to.nonce, from->nonce, PRESENTATION_NONCE);
	if (!is_zero(to.nonce, PRESENTATION_NONCE))
		f = presentation_open(bytes, &to, from->now_s, scratch, p);
	if (f == EVIDENCE_WRONG_NONCE) {
		memcpy(to.nonce, from->conversation, PRESENTATION_NONCE);
		f = presentation_open(bytes, &to, from->now_s, scratch, p);
		*unasked = true;
	}
	if (f != EVIDENCE_FINE)
		return f;
	if (from->holder != NULL &&
	    memcmp(p->holder, from->holder, ED25519_PUBLIC) != 0)
		return EVIDENCE_WRONG_HOLDER;
	for (size_t i = 0; !*unasked && i < p->claims_n; i++)
		if (!was_asked(from->asked, p->claims[i].name))
			return EVIDENCE_NOT_ASKED;
	return EVIDENCE_FINE;
}

static void
put_bound(json_t *o, const char *key, bool there, uint32_t bound)
{
	(void)json_object_set_new(
	    o, key, there ? json_integer((json_int_t)bound) : json_null());
}

static void
put_value(json_t *o, struct slice bytes)
{
	uint8_t *memory = malloc(VALUE_ARENA_BYTES);
	struct arena scratch = arena_of(memory, VALUE_ARENA_BYTES);
	char hex[VALUE_HEX];
	struct value v;
	json_t *out = NULL;

	if (memory != NULL && value_parse(bytes, &scratch, &v) == OK) {
		if (v.type == VALUE_STR)
			out = json_stringn((const char *)v.s.p, v.s.n);
		else if (v.type == VALUE_BOOL)
			out = json_boolean(v.u != 0);
		else if (v.type == VALUE_UINT && v.u <= INT64_MAX)
			out = json_integer((json_int_t)v.u);
		else if (v.type == VALUE_INT)
			out = json_integer((json_int_t)v.i);
	}
	free(memory);
	if (out != NULL)
		(void)json_object_set_new(o, "value", out);
	else if (hex_put(hex, sizeof(hex), bytes) == OK)
		(void)json_object_set_new(o, "value_hex", json_string(hex));
}

json_t *
shown_leaf(const struct presented *c)
{
	json_t *o = json_object();

	(void)json_object_set_new(
	    o, "name", json_stringn((const char *)c->name.p, c->name.n));
	if (!c->ranged) {
		put_value(o, c->value);
		return o;
	}
	(void)json_object_set_new(o, "max", json_integer((json_int_t)c->max));
	put_bound(o, "at_least", c->has_least, c->least);
	put_bound(o, "at_most", c->has_most, c->most);
	return o;
}
