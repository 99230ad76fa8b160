#include "node/community/promise.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/keys/vault.h"
#include "proto/base/text.h"

#define PROMISES  "community-promise/"
#define LEFT      "community-left/"
#define TALK_HEX  32
#define LEFT_HEX  32
#define MOVED_MAX 512 /* of a value of before: it held at most 160 */

static bool
is_hex(const char *text, size_t n)
{
	return strlen(text) == n && strspn(text, "0123456789abcdef") == n;
}

/* False: no name of a conversation. */
static bool
promise_name(uint32_t persona, const char *talk, char out[PERSONA_VAULT_NAME])
{
	char tail[PERSONA_VAULT_NAME];

	if (!is_hex(talk, TALK_HEX))
		return false;
	(void)snprintf(tail, sizeof(tail), PROMISES "%s", talk);
	persona_vault_name(out, persona, tail);
	return true;
}

json_t *
promise_get(struct node *n, uint32_t persona, const char *talk)
{
	char at[PERSONA_VAULT_NAME];

	return promise_name(persona, talk, at) ? vault_get(n->vault, at, NULL)
					       : NULL;
}

struct counting {
	const char *talk;
	uint64_t n;
	bool there;
};

static bool
on_count(void *ctx, const char *talk, json_t *promise)
{
	struct counting *c = ctx;

	(void)promise;
	c->n++;
	c->there = c->there || strcmp(talk, c->talk) == 0;
	return true;
}

err
promise_keep(
    struct node *n, uint32_t persona, const char *talk, const json_t *promise)
{
	struct counting c = { .talk = talk };
	char at[PERSONA_VAULT_NAME];

	if (!promise_name(persona, talk, at))
		return ERR_FORM;
	promise_each(n, persona, on_count, &c);
	if (!c.there && c.n >= n->config->community.promises)
		return ERR_LIMIT;
	return vault_put(n->vault, at, promise);
}

err
promise_drop(struct node *n, uint32_t persona, const char *talk)
{
	char at[PERSONA_VAULT_NAME];

	return promise_name(persona, talk, at) ? vault_delete(n->vault, at)
					       : OK;
}

struct walking {
	size_t head;
	promise_fn *fn;
	void *ctx;
};

static bool
on_value(void *ctx, const char *at, json_t *value)
{
	const struct walking *w = ctx;

	return w->fn(w->ctx, at + w->head, value);
}

void
promise_each(struct node *n, uint32_t persona, promise_fn *fn, void *ctx)
{
	char prefix[PERSONA_VAULT_NAME];

	persona_vault_name(prefix, persona, PROMISES);
	struct walking w = { strlen(prefix), fn, ctx };
	vault_each(n->vault, prefix, on_value, &w);
}

/* ---- of one group ---- */

struct naming {
	const char *community;
	unsigned n;
	char talks[64][TALK_HEX + 1];
};

static bool
on_named(void *ctx, const char *talk, json_t *promise)
{
	struct naming *l = ctx;
	const char *of =
	    json_string_value(json_object_get(promise, "community"));

	if (of != NULL && strcmp(of, l->community) == 0)
		(void)snprintf(
		    l->talks[l->n++], sizeof(l->talks[0]), "%s", talk);
	return l->n < ARRAY_LEN(l->talks);
}

err
promises_drop_of(struct node *n, uint32_t persona, const char *name)
{
	struct naming l;

	do {
		l = (struct naming){ .community = name };
		promise_each(n, persona, on_named, &l);
		for (unsigned i = 0; i < l.n; i++)
			TRY(promise_drop(n, persona, l.talks[i]));
	} while (l.n > 0);
	return OK;
}

/* ---- what was one value before ---- */

/* Those whose agreement has gone out are done with. */
static size_t
items_of(
    json_t *value, uint32_t persona, const char *name, struct vault_item *items)
{
	const char *talk;
	json_t *terms;
	size_t n = 0;

	json_object_foreach(json_object_get(value, "welcomes"), talk, terms)
	{
		char at[PERSONA_VAULT_NAME];
		if (n == MOVED_MAX || !json_is_object(terms) ||
		    json_is_true(json_object_get(terms, "sent")) ||
		    !promise_name(persona, talk, at))
			continue;
		(void)json_object_set_new(
		    terms, "community", json_string(name));
		(void)snprintf(items[n].name, sizeof(items[n].name), "%s", at);
		items[n++].value = terms;
	}
	return n;
}

err
promises_move(struct node *n, uint32_t persona, const char *name, json_t *value)
{
	struct vault_item *items;
	char tail[PERSONA_VAULT_NAME];
	err e = OK;

	if (!json_is_true(json_object_get(value, "founded")) ||
	    json_object_get(value, "welcomes") == NULL)
		return OK;
	items = calloc(MOVED_MAX + 1, sizeof(*items));
	json_t *less = json_copy(value);
	if (items == NULL || less == NULL) {
		e = ERR_NOMEM;
	} else {
		size_t count = items_of(value, persona, name, items);
		(void)json_object_del(less, "welcomes");
		(void)snprintf(tail, sizeof(tail), "community/%s", name);
		persona_vault_name(items[count].name, persona, tail);
		items[count].value = less;
		e = vault_put_all(n->vault, items, count + 1);
	}
	free(items);
	json_decref(less);
	return e;
}

/* ---- roles that were left ---- */

static void
left_name(uint32_t persona, const uint8_t agreement[EVIDENCE_ID],
    char out[PERSONA_VAULT_NAME])
{
	char tail[PERSONA_VAULT_NAME], hex[LEFT_HEX + 1];
	const err e =
	    hex_put(hex, sizeof(hex), slice_of(agreement, LEFT_HEX / 2));

	ASSERT(e == OK);
	(void)snprintf(tail, sizeof(tail), LEFT "%s", hex);
	persona_vault_name(out, persona, tail);
}

uint64_t
left_get(struct node *n, uint32_t persona, const uint8_t agreement[EVIDENCE_ID])
{
	char at[PERSONA_VAULT_NAME];

	left_name(persona, agreement, at);
	json_t *v = vault_get(n->vault, at, NULL);
	const json_int_t s = json_integer_value(json_object_get(v, "at"));
	json_decref(v);
	return s > 0 ? (uint64_t)s : 0;
}

err
left_keep(struct node *n, uint32_t persona,
    const uint8_t agreement[EVIDENCE_ID], uint64_t at_s)
{
	char at[PERSONA_VAULT_NAME];

	if (left_get(n, persona, agreement) != 0)
		return OK;
	left_name(persona, agreement, at);
	json_t *v = json_pack("{s:I}", "at", (json_int_t)at_s);
	const err e = v == NULL ? ERR_NOMEM : vault_put(n->vault, at, v);
	json_decref(v);
	return e;
}

err
left_drop(
    struct node *n, uint32_t persona, const uint8_t agreement[EVIDENCE_ID])
{
	char at[PERSONA_VAULT_NAME];

	left_name(persona, agreement, at);
	return vault_delete(n->vault, at);
}
