/*
 * The trees that issuers have put into credentials: each a value of its
 * persona, "tree/" and 16 digits of the credential. A conversation's page
 * refers to their leaves by credential and number; only trees of credentials
 * that the persona has accepted are offered, and with the credential its tree
 * goes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/evidence/claims.h"
#include "node/evidence/claims_internal.h"
#include "node/evidence/documents.h"
#include "node/keys/persona.h"
#include "proto/base/text.h"

#define TREE     "tree/"
#define BEFORE   "trees" /* all of a persona in one value: an earlier version */
#define TREES_N  32
#define NAME_HEX 16

static bool
tree_name(char out[VAULT_NAME_MAX + 1], const char *credential)
{
	if (strlen(credential) < NAME_HEX)
		return false;
	(void)snprintf(
	    out, VAULT_NAME_MAX + 1, TREE "%.*s", NAME_HEX, credential);
	return true;
}

json_t *
claims_tree(struct node *n, uint32_t persona, const char *credential)
{
	char name[VAULT_NAME_MAX + 1];
	json_t *v = tree_name(name, credential)
			? persona_value(n, persona, name, NULL)
			: NULL;
	const char *of = json_string_value(json_object_get(v, "credential"));

	if (of != NULL && strcmp(of, credential) == 0)
		return v;
	json_decref(v);
	return NULL;
}

static bool
is_accepted(struct node *n, uint32_t persona, const char *credential)
{
	uint8_t id[EVIDENCE_ID];
	struct buf b = { id, 0, sizeof(id) };
	const struct holding *h;

	if (hex_get(slice_str(credential), &b) != OK || b.n != sizeof(id))
		return false;
	h = documents_find(n, persona, id);
	return h != NULL && h->complete && h->type == EVIDENCE_CREDENTIAL;
}

/* ---- which there are ---- */

struct trees {
	unsigned n;
	struct {
		char credential[DOCUMENT_ID_TEXT];
		json_int_t at;
	} list[TREES_N];
};

static bool
on_tree(void *ctx, const char *name, json_t *value)
{
	struct trees *s = ctx;
	const char *of =
	    json_string_value(json_object_get(value, "credential"));

	(void)name;
	if (of == NULL || strlen(of) >= DOCUMENT_ID_TEXT)
		return true;
	(void)snprintf(s->list[s->n].credential, DOCUMENT_ID_TEXT, "%s", of);
	s->list[s->n++].at = json_integer_value(json_object_get(value, "at"));
	return s->n < TREES_N;
}

static void
trees_of(struct node *n, uint32_t persona, struct trees *s)
{
	char prefix[PERSONA_VAULT_NAME];

	s->n = 0;
	persona_vault_name(prefix, persona, TREE);
	vault_each(n->vault, prefix, on_tree, s);
}

static void
tree_drop(struct node *n, uint32_t persona, const char *credential)
{
	char name[VAULT_NAME_MAX + 1];

	if (tree_name(name, credential) && persona_drop(n, persona, name) != OK)
		env_log(&n->env, LOG_UNUSUAL, "tree_not_forgotten",
		    "what=\"the leaves of a credential that is forgotten "
		    "cannot be deleted\"");
}

/* Of those that were never accepted the oldest gives way. */
static err
make_room(struct node *n, uint32_t persona, const char *credential)
{
	struct trees *s = calloc(1, sizeof(*s));
	unsigned oldest = TREES_N;
	bool there = false;

	if (s == NULL)
		return ERR_NOMEM;
	trees_of(n, persona, s);
	for (unsigned i = 0; i < s->n; i++) {
		there = there || strcmp(s->list[i].credential, credential) == 0;
		if (!is_accepted(n, persona, s->list[i].credential) &&
		    (oldest == TREES_N || s->list[i].at < s->list[oldest].at))
			oldest = i;
	}
	const bool full = s->n == TREES_N && !there;
	if (full && oldest < TREES_N)
		tree_drop(n, persona, s->list[oldest].credential);
	free(s);
	return full && oldest == TREES_N ? ERR_LIMIT : OK;
}

err
claims_keep_tree(struct node *n, uint32_t persona, const char *credential,
    const uint8_t tree[CLAIM_TREE_ID], const uint8_t key[32],
    const json_t *leaves)
{
	char name[VAULT_NAME_MAX + 1];

	if (!tree_name(name, credential))
		return ERR_FORM;
	TRY(make_room(n, persona, credential));
	json_t *one = json_pack("{s:s,s:I,s:O}", "credential", credential, "at",
	    (json_int_t)node_now(n), "leaves", (json_t *)(uintptr_t)leaves);
	claims_hex_put(one, "tree", tree, CLAIM_TREE_ID);
	claims_hex_put(one, "key", key, 32);
	const err e =
	    one == NULL ? ERR_NOMEM : persona_keep(n, persona, name, one);
	json_decref(one);
	return e;
}

/* ---- the leaves of a conversation ---- */

/* A tree's leaf, with where it stands; NULL: there is none. */
static json_t *
leaf_of(const json_t *tree, size_t at)
{
	const json_t *is = json_array_get(json_object_get(tree, "leaves"), at);
	json_t *leaf = is == NULL ? NULL : json_copy((json_t *)(uintptr_t)is);

	if (leaf == NULL)
		return NULL;
	(void)json_object_set(
	    leaf, "credential", json_object_get(tree, "credential"));
	(void)json_object_set_new(leaf, "claim", json_integer((json_int_t)at));
	return leaf;
}

static json_t *
resolved(struct node *n, uint32_t persona, json_t *one)
{
	const char *of = json_string_value(json_object_get(one, "credential"));
	json_t *tree, *leaf;

	if (of == NULL)
		return json_copy(one);
	tree = claims_tree(n, persona, of);
	leaf = leaf_of(
	    tree, (size_t)json_integer_value(json_object_get(one, "claim")));
	json_decref(tree);
	/* Forgotten, or taken off: its number stays taken. */
	return leaf != NULL ? leaf
			    : json_pack("{s:s,s:s,s:b}", "name", "",
				  "credential", of, "old", 1);
}

static bool
has_number(const json_t *leaves, const char *credential, size_t claim)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)(uintptr_t)leaves, i, one)
	{
		const char *of =
		    json_string_value(json_object_get(one, "credential"));
		if (of != NULL && strcmp(of, credential) == 0 &&
		    (size_t)json_integer_value(json_object_get(one, "claim")) ==
			claim)
			return true;
	}
	return false;
}

json_t *
claims_leaves(struct node *n, uint32_t persona, json_t *page)
{
	json_t *numbered = claims_list(page, "leaves"), *out = json_array();
	struct trees *s = calloc(1, sizeof(*s));
	json_t *one;
	size_t i;

	json_array_foreach(numbered, i, one)
	{
		(void)json_array_append_new(out, resolved(n, persona, one));
	}
	if (s != NULL)
		trees_of(n, persona, s);
	for (unsigned k = 0; s != NULL && k < s->n; k++) {
		const char *of = s->list[k].credential;
		json_t *tree = is_accepted(n, persona, of)
				   ? claims_tree(n, persona, of)
				   : NULL;
		const size_t all =
		    json_array_size(json_object_get(tree, "leaves"));
		for (i = 0; i < all; i++)
			if (!has_number(numbered, of, i))
				(void)json_array_append_new(
				    out, leaf_of(tree, i));
		json_decref(tree);
	}
	free(s);
	return out;
}

/* A page of an earlier version has the leaves themselves. */
bool
claims_refer(json_t *leaves)
{
	bool changed = false;
	json_t *one;
	size_t i;

	json_array_foreach(leaves, i, one)
	{
		if (json_object_get(one, "credential") == NULL ||
		    json_object_size(one) == 2)
			continue;
		(void)json_array_set_new(leaves, i,
		    json_pack("{s:O,s:O}", "credential",
			json_object_get(one, "credential"), "claim",
			json_object_get(one, "claim")));
		changed = true;
	}
	return changed;
}

err
claims_number(json_t *page, const json_t *leaf, unsigned *number)
{
	json_t *numbered = claims_list(page, "leaves");

	*number = (unsigned)json_array_size(numbered);
	if (*number >= CLAIM_LEAVES)
		return ERR_LIMIT;
	return json_array_append_new(
		   numbered, json_pack("{s:O,s:O}", "credential",
				 json_object_get(leaf, "credential"), "claim",
				 json_object_get(leaf, "claim"))) == 0
		   ? OK
		   : ERR_NOMEM;
}

/* ---- from before, and forgetting ---- */

static void
trees_split(struct node *n, uint32_t persona)
{
	json_t *all = persona_value(n, persona, BEFORE, NULL), *one;
	const char *credential;
	bool good = true;

	json_object_foreach(all, credential, one)
	{
		uint8_t tree[CLAIM_TREE_ID], key[32];
		if (claims_hex_get(one, "tree", tree, sizeof(tree)) &&
		    claims_hex_get(one, "key", key, sizeof(key)))
			good = claims_keep_tree(n, persona, credential, tree,
				   key, json_object_get(one, "leaves")) == OK &&
			       good;
		crypto_wipe(key, sizeof(key));
	}
	/* Else at the next start. */
	if (all != NULL && good && persona_drop(n, persona, BEFORE) != OK)
		env_log(&n->env, LOG_UNUSUAL, "trees_not_dropped",
		    "what=\"the vault cannot be written\"");
	json_decref(all);
}

static void
on_change(
    struct node *n, enum held_change change, const struct holding *h, void *ctx)
{
	char id[DOCUMENT_ID_TEXT];

	(void)ctx;
	if (change != HELD_GONE || h->type != EVIDENCE_CREDENTIAL)
		return;
	document_id_text(h->id, id);
	tree_drop(n, h->persona, id);
}

void
claims_trees_open(struct node *n)
{
	for (uint32_t i = 0; i < persona_count(n); i++)
		trees_split(n, i);
	documents_listen(n, on_change, NULL);
}
