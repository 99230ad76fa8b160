#include "node/keys/persona.h"

#include <stdio.h>
#include <string.h>

#include "node/keys/signer.h"
#include "node/keys/vault.h"

#define LIST "personas"

#define FORGOTTEN "forgotten-" /* and the index: nobody chooses such a name */

static const char *const states[] = { "live", "retired", "revoked" };

/* ---- looking ---- */

const struct author *
persona_get(const struct node *n, uint32_t index)
{
	return index < n->authors_n ? &n->authors[index] : NULL;
}

uint32_t
persona_count(const struct node *n)
{
	return n->authors_n;
}

bool
persona_may_publish(const struct node *n, uint32_t index)
{
	return index < n->authors_n && n->authors[index].state == PERSONA_LIVE;
}

bool
persona_of_one_time(
    const struct node *n, const uint8_t author[ED25519_PUBLIC], uint32_t *index)
{
	return n->one_time != NULL && n->one_time(n, author, index);
}

const struct author *
persona_of_key(const struct node *n, const uint8_t pub[ED25519_PUBLIC])
{
	for (uint32_t i = 0; i < n->authors_n; i++)
		if (memcmp(n->authors[i].pub, pub, ED25519_PUBLIC) == 0)
			return &n->authors[i];
	return NULL;
}

err
persona_find(const struct node *n, const char *name, uint32_t *index)
{
	for (uint32_t i = 0; i < n->authors_n; i++)
		if (strcmp(n->authors[i].name, name) == 0) {
			*index = i;
			return OK;
		}
	return ERR_NOTFOUND;
}

bool
persona_asked(const struct node *n, struct http_request *r, uint32_t *index)
{
	const char *name = http_query(r, "persona");
	const uint32_t only = http_caller(r)->only;
	const bool none = name == NULL || name[0] == 0;

	*index = none && only > 0 ? only - 1 : 0;
	const bool found = none || persona_find(n, name, index) == OK;
	if (only > 0 && (!found || *index != only - 1)) {
		http_fail(r, 403, "E2020", "persona",
		    "a token of that persona: ohcn token add NAME --persona "
		    "PERSONA",
		    "the token \"%s\" is for another persona",
		    http_caller(r)->name);
		return false;
	}
	if (found) { /* for the log of what tokens did */
		http_note(r, PERSONA_NOTE "%u", (unsigned)*index);
		return true;
	}
	http_fail(r, 404, "E3120", "persona", "ohcn persona list",
	    "there is no persona \"%s\"", name);
	return false;
}

const char *
persona_state_name(enum persona_state state)
{
	return states[state];
}

bool
persona_may(const struct http_request *r, uint32_t index)
{
	const uint32_t only = http_caller(r)->only;

	return only == 0 || index == only - 1;
}

/* ---- the private data of one ---- */

void
persona_vault_name(
    char out[PERSONA_VAULT_NAME], uint32_t index, const char *name)
{
	if (index == 0)
		(void)snprintf(out, PERSONA_VAULT_NAME, "%s", name);
	else
		(void)snprintf(
		    out, PERSONA_VAULT_NAME, "p/%" PRIu32 "/%s", index, name);
}

json_t *
persona_value(struct node *n, uint32_t index, const char *name, bool *bad)
{
	char full[PERSONA_VAULT_NAME];

	persona_vault_name(full, index, name);
	return vault_get(n->vault, full, bad);
}

err
persona_keep(
    struct node *n, uint32_t index, const char *name, const json_t *value)
{
	char full[PERSONA_VAULT_NAME];

	persona_vault_name(full, index, name);
	return vault_put(n->vault, full, value);
}

err
persona_drop(struct node *n, uint32_t index, const char *name)
{
	char full[PERSONA_VAULT_NAME];

	persona_vault_name(full, index, name);
	return vault_delete(n->vault, full);
}

/* ---- the list ---- */

static bool
is_name(const char *name)
{
	const size_t n = strlen(name);

	return n >= 1 && n <= PERSONA_NAME_MAX && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

/* Whoever had a name like that could not be told from those forgotten, and
 * would be in the way of one. */
static bool
may_choose(const char *name)
{
	return is_name(name) &&
	       strncmp(name, FORGOTTEN, sizeof(FORGOTTEN) - 1) != 0;
}

static unsigned
live_count(const struct node *n)
{
	unsigned live = 0;

	for (uint32_t i = 0; i < n->authors_n; i++)
		live += n->authors[i].state == PERSONA_LIVE;
	return live;
}

static err
save(struct node *n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n->authors_n; i++) {
		const struct author *a = &n->authors[i];
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s, s:I}", "name", a->name, "state",
			      states[a->state], "made", (json_int_t)a->made_s));
	}
	const err e = vault_put(n->vault, LIST, list);
	json_decref(list);
	return e;
}

static err
append(
    struct node *n, const char *name, enum persona_state state, uint64_t made_s)
{
	struct author *a = &n->authors[n->authors_n];

	*a = (struct author){
		.index = n->authors_n, .state = state, .made_s = made_s
	};
	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	TRY(signer_public(n->signer, a->index, a->pub));
	n->authors_n++;
	return OK;
}

static err
take_one(struct node *n, const json_t *one)
{
	const char *name = json_string_value(json_object_get(one, "name"));
	const char *state = json_string_value(json_object_get(one, "state"));
	const json_int_t made =
	    json_integer_value(json_object_get(one, "made"));

	if (name == NULL || state == NULL || !is_name(name) ||
	    n->authors_n == PERSONAS_MAX)
		return ERR_CORRUPT;
	for (unsigned s = 0; s < ARRAY_LEN(states); s++)
		if (strcmp(state, states[s]) == 0)
			return append(n, name, (enum persona_state)s,
			    made > 0 ? (uint64_t)made : 0);
	return ERR_CORRUPT;
}

err
personas_open(struct node *n)
{
	bool bad = false;
	json_t *list = vault_get(n->vault, LIST, &bad), *one;
	size_t i;
	err e = OK;

	n->authors_n = 0;
	if (list == NULL && !bad)
		return append(n, PERSONA_FIRST, PERSONA_LIVE, 0);
	json_array_foreach(list, i, one)
	{
		if (e == OK)
			e = take_one(n, one);
	}
	json_decref(list);
	if (e == OK && n->authors_n == 0)
		e = ERR_CORRUPT;
	if (e == ERR_CORRUPT) {
		problem_set(n->problem, EXIT_DAMAGED, "E1321",
		    "the list of personas cannot be read");
		problem_why(n->problem, "the private data is damaged, or the "
					"key file is another one");
		problem_hint(n->problem, "ohcn backup restore FILE");
	}
	return e;
}

err
persona_add(struct node *n, const char *name, uint32_t *index)
{
	if (!may_choose(name))
		return ERR_FORM;
	if (persona_find(n, name, index) == OK)
		return ERR_EXISTS;
	if (n->authors_n == PERSONAS_MAX || live_count(n) >= PERSONAS_LIVE_MAX)
		return ERR_LIMIT;
	*index = n->authors_n;
	TRY(append(n, name, PERSONA_LIVE, node_now(n)));
	const err e = save(n);
	if (e != OK)
		n->authors_n--;
	return e;
}

err
persona_restore(struct node *n, const char *name, uint32_t *index)
{
	char free_name[PERSONA_NAME_MAX + 1];

	if (n->authors_n == PERSONAS_MAX)
		return ERR_LIMIT;
	(void)snprintf(free_name, sizeof(free_name), "%s%s", name,
	    persona_find(n, name, index) == OK ? "-found" : "");
	*index = n->authors_n;
	TRY(append(n, free_name,
	    live_count(n) < PERSONAS_LIVE_MAX ? PERSONA_LIVE : PERSONA_RETIRED,
	    node_now(n)));
	const err e = save(n);
	if (e != OK)
		n->authors_n--;
	return e;
}

static err
name_put(struct node *n, uint32_t index, const char *name)
{
	char before[PERSONA_NAME_MAX + 1];

	memcpy(before, n->authors[index].name, sizeof(before));
	(void)snprintf(n->authors[index].name, sizeof(before), "%s", name);
	const err e = save(n);
	if (e != OK)
		memcpy(n->authors[index].name, before, sizeof(before));
	return e;
}

err
persona_rename(struct node *n, uint32_t index, const char *name)
{
	uint32_t other;

	ASSERT(index < n->authors_n);
	if (!may_choose(name))
		return ERR_FORM;
	if (persona_find(n, name, &other) == OK)
		return other == index ? OK : ERR_EXISTS;
	return name_put(n, index, name);
}

bool
persona_is_unnamed(const struct node *n, uint32_t index)
{
	const struct author *a = persona_get(n, index);

	return a != NULL && a->state == PERSONA_REVOKED &&
	       strncmp(a->name, FORGOTTEN, sizeof(FORGOTTEN) - 1) == 0;
}

err
persona_unname(struct node *n, uint32_t index)
{
	char name[PERSONA_NAME_MAX + 1];
	uint32_t other;

	if (persona_is_unnamed(n, index))
		return OK;
	(void)snprintf(name, sizeof(name), FORGOTTEN "%u", (unsigned)index);
	/* An earlier version let such names be chosen. */
	for (unsigned i = 2; persona_find(n, name, &other) == OK; i++)
		(void)snprintf(
		    name, sizeof(name), FORGOTTEN "%u-%u", (unsigned)index, i);
	return name_put(n, index, name);
}

err
persona_set_state(struct node *n, uint32_t index, enum persona_state state)
{
	ASSERT(index < n->authors_n);
	const enum persona_state before = n->authors[index].state;

	if (state == before)
		return OK;
	if (before == PERSONA_REVOKED ||
	    (index == 0 && state == PERSONA_RETIRED))
		return ERR_FORM;
	if (state == PERSONA_LIVE && live_count(n) >= PERSONAS_LIVE_MAX)
		return ERR_LIMIT;
	n->authors[index].state = state;
	const err e = save(n);
	if (e != OK)
		n->authors[index].state = before;
	return e;
}
