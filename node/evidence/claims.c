#include "node/evidence/claims.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/evidence/claims_internal.h"
#include "node/keys/persona.h"
#include "node/record/labels.h"
#include "node/record/reader.h"
#include "node/record/wishes.h"
#include "proto/base/text.h"

#define FACTS "facts"

/* ---- the vault ---- */

void
claims_name_put(char out[VAULT_NAME_MAX + 1], const struct talk *t, char what,
    unsigned number)
{
	char id[TALK_ID_TEXT];

	talk_id_text(t, id);
	if (what != 'v')
		(void)snprintf(out, VAULT_NAME_MAX + 1, "talk/%s/%c", id, what);
	else
		(void)snprintf(
		    out, VAULT_NAME_MAX + 1, "talk/%s/v%06u", id, number);
}

json_t *
claims_page(struct node *n, const struct talk *t)
{
	char name[VAULT_NAME_MAX + 1];

	claims_name_put(name, t, 'c', 0);
	json_t *o = vault_get(n->vault, name, NULL);
	return o != NULL ? o : json_object();
}

err
claims_page_put(struct node *n, const struct talk *t, const json_t *page)
{
	char name[VAULT_NAME_MAX + 1];

	claims_name_put(name, t, 'c', 0);
	return vault_put(n->vault, name, page);
}

json_t *
claims_shown(struct node *n, const struct talk *t, json_t *page)
{
	char name[VAULT_NAME_MAX + 1];

	claims_name_put(name, t, 'w', 0);
	json_t *list = vault_get(n->vault, name, NULL);
	/* An earlier version had it on the page. */
	if (list == NULL)
		list = json_incref(claims_list(page, "shown"));
	(void)json_object_del(page, "shown");
	return list;
}

bool
claims_hex_get(const json_t *o, const char *key, uint8_t *out, size_t n)
{
	const char *text = json_string_value(json_object_get(o, key));
	struct buf b = { out, 0, n };

	return text != NULL && hex_get(slice_str(text), &b) == OK && b.n == n;
}

void
claims_hex_put(json_t *o, const char *key, const uint8_t *p, size_t n)
{
	char hex[2 * PRESENTATION_MAX + 1];

	if (hex_put(hex, sizeof(hex), slice_of(p, n)) == OK)
		(void)json_object_set_new(o, key, json_string(hex));
}

json_t *
claims_list(json_t *o, const char *key)
{
	json_t *list = json_object_get(o, key);

	if (!json_is_array(list)) {
		(void)json_object_set_new(o, key, json_array());
		list = json_object_get(o, key);
	}
	return list;
}

const char *
claims_leaf_name(const json_t *leaf)
{
	const char *name = json_string_value(json_object_get(leaf, "name"));

	return name == NULL ? "" : name;
}

/* ---- what there is to show ---- */

/* The card as it was drafted, its terms in one form; NULL: none. */
static json_t *
card_of(struct node *n, uint32_t persona)
{
	json_t *draft = persona_value(n, persona, DRAFT_PROFILE, NULL);
	struct user_payload *p = malloc(sizeof(*p));
	struct payload_fault f;
	struct reader rd;
	json_t *out = NULL;

	if (draft != NULL && p != NULL && reader_init(&rd) == OK) {
		if (user_payload_read(KIND_PROFILE, draft, region_of(n, draft),
			p, &f) != OK ||
		    value_parse(slice_of(p->bytes, p->n), &rd.value_scratch,
			&rd.payload) != OK ||
		    payload_to_json(schema_latest(KIND_PROFILE), &rd.payload,
			NULL, &out) != OK)
			out = NULL;
		reader_fini(&rd);
	}
	json_decref(draft);
	free(p);
	return out;
}

static json_t *
leaves_now(struct node *n, uint32_t persona, unsigned *left_out)
{
	json_t *own = persona_value(n, persona, FACTS, NULL);
	json_t *card = card_of(n, persona);
	json_t *said = persona_value(n, persona, DRAFT_WISHES, NULL);
	struct wishes *w = malloc(sizeof(*w));
	struct payload_fault f;
	const bool wishes = w != NULL && wishes_read(said, w, &f) == OK;
	json_t *list = facts_leaves(own, card, wishes ? w : NULL, left_out);

	json_decref(own);
	json_decref(card);
	json_decref(said);
	free(w);
	return list;
}

/* The label of a leaf that names a term; false: none known. */
bool
claims_label(struct node *n, uint32_t language, const char *name,
    char out[CLAIM_NAME * 2])
{
	const struct label_scope scope = { n->terms->vocabulary, language,
		{ NULL, NULL } };
	const char *hex = strchr(name, ':');
	uint8_t raw[TERM_ID];
	struct buf b = { raw, 0, sizeof(raw) };
	struct slice label;

	if (hex == NULL || strlen(hex + 1) != 2 * TERM_ID ||
	    hex_get(slice_str(hex + 1), &b) != OK ||
	    !scope_label(&scope, get_u64be(raw), &label))
		return false;
	(void)snprintf(out, (size_t)CLAIM_NAME * 2, "%.*s",
	    (int)MIN(label.n, (size_t)CLAIM_NAME), (const char *)label.p);
	return true;
}

void
claims_label_add(struct node *n, uint32_t language, json_t *leaf)
{
	char label[CLAIM_NAME * 2];

	(void)json_object_set_new(leaf, "label",
	    claims_label(n, language, claims_leaf_name(leaf), label)
		? json_string(label)
		: json_null());
}

json_t *
claims_facts(struct node *n, uint32_t persona, uint32_t language)
{
	unsigned left_out;
	json_t *leaves = leaves_now(n, persona, &left_out), *one;
	json_t *own = persona_value(n, persona, FACTS, NULL);
	size_t i;

	json_array_foreach(leaves, i, one)
	{
		claims_label_add(n, language, one);
		(void)json_object_set_new(one, "own",
		    json_boolean(
			json_object_get(own, claims_leaf_name(one)) != NULL));
	}
	return json_pack("{s:o,s:o,s:I}", "own",
	    own == NULL ? json_object() : own, "leaves", leaves, "left_out",
	    (json_int_t)left_out);
}

err
claims_facts_change(struct node *n, uint32_t persona, const json_t *set,
    const json_t *remove, char why[CLAIMS_WHY])
{
	json_t *own = persona_value(n, persona, FACTS, NULL), *v;
	char text[FACTS_WHY] = "";
	const char *name;
	size_t i;

	if (own == NULL)
		own = json_object();
	json_object_foreach((json_t *)(uintptr_t)set, name, v)
	{
		(void)json_object_set(own, name, v);
	}
	json_array_foreach((json_t *)(uintptr_t)remove, i, v)
	{
		if (json_is_string(v))
			(void)json_object_del(own, json_string_value(v));
	}
	err e = facts_check(own, text);
	(void)snprintf(why, CLAIMS_WHY, "%s", text);
	if (e == OK)
		e = persona_keep(n, persona, FACTS, own);
	json_decref(own);
	return e;
}

/* ---- the person's page of a conversation ---- */

bool
claims_of_credential(const json_t *leaf)
{
	return json_object_get(leaf, "credential") != NULL;
}

/*
 * Up to date: leaves keep their numbers, which the state of the conversation
 * refers to; when they change, the tree gets a new id.
 */
err
claims_page_renew(
    struct node *n, const struct talk *t, json_t *page, unsigned *left_out)
{
	json_t *now = leaves_now(n, t->persona, left_out);
	json_t *leaves = claims_list(page, "leaves");
	uint8_t tree[CLAIM_TREE_ID];
	bool changed;

	if (t->c.approved == 0 && t->c.disclosed == 0) {
		/* Nothing refers to a number yet. */
		changed = !json_equal(leaves, now);
		(void)json_object_set(page, "leaves", now);
	} else {
		changed = facts_renew(leaves, now);
		changed = claims_refer(leaves) || changed;
	}
	json_decref(now);
	if (!changed && claims_hex_get(page, "tree", tree, sizeof(tree)))
		return OK;
	n->env.random(n->env.ctx, tree, sizeof(tree));
	claims_hex_put(page, "tree", tree, sizeof(tree));
	return claims_page_put(n, t, page);
}

bool
claims_is_asked(const json_t *asked, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)(uintptr_t)asked, i, one)
	{
		if (json_is_string(one) &&
		    fact_covers(json_string_value(one), name))
			return true;
	}
	return false;
}

static json_t *
talk_of_person(struct node *n, struct talk *t, uint32_t language)
{
	json_t *page = claims_page(n, t), *out = json_array(), *one;
	json_t *asked = claims_list(page, "asked");
	unsigned left_out;
	size_t i;

	if (claims_page_renew(n, t, page, &left_out) != OK)
		env_log(&n->env, LOG_UNUSUAL, "leaves_not_kept",
		    "what=\"the leaves of a conversation cannot be written\"");
	const size_t numbered = json_array_size(claims_list(page, "leaves"));
	json_t *leaves = claims_leaves(n, t->persona, page);
	json_array_foreach(leaves, i, one)
	{
		const bool shown =
		    i < numbered && (t->c.disclosed >> i & 1U) != 0;
		if ((json_is_true(json_object_get(one, "old")) && !shown) ||
		    claims_leaf_name(one)[0] == '\0')
			continue;
		json_t *leaf = json_deep_copy(one);
		claims_label_add(n, language, leaf);
		(void)json_object_set_new(leaf, "asked",
		    json_boolean(
			claims_is_asked(asked, claims_leaf_name(one))));
		(void)json_object_set_new(leaf, "shown", json_boolean(shown));
		(void)json_array_append_new(out, leaf);
	}
	json_t *said = json_pack("{s:s,s:O,s:o,s:o,s:I}", "side", "person",
	    "asked", asked, "leaves", out, "shown", claims_shown(n, t, page),
	    "left_out", (json_int_t)left_out);
	json_decref(leaves);
	json_decref(page);
	return said;
}

/* ---- to ask ---- */

static err
names_text(const json_t *names, struct buf *out, char why[CLAIMS_WHY])
{
	size_t i;
	json_t *one;

	if (json_array_size(names) < 1 ||
	    json_array_size(names) > MESSAGE_LEAVES_MAX) {
		(void)snprintf(why, CLAIMS_WHY, "1 to 16 names of claims");
		return ERR_FORM;
	}
	json_array_foreach((json_t *)(uintptr_t)names, i, one)
	{
		const char *name = json_string_value(one);
		if (name == NULL || !fact_name_is(name)) {
			(void)snprintf(why, CLAIMS_WHY,
			    "%.64s: not the name of a claim, such as skills, "
			    "languages, pay_floor, name",
			    name == NULL ? "?" : name);
			return ERR_FORM;
		}
		if (i > 0)
			TRY(buf_put(out, "\n", 1));
		TRY(buf_put(out, name, strlen(name)));
	}
	return OK;
}

err
claims_ask(struct node *n, struct talk *t, const json_t *names,
    enum mail_outcome *outcome, char why[CLAIMS_WHY])
{
	uint8_t text[MESSAGE_LEAVES_MAX * (CLAIM_NAME + 1)];
	struct buf out = { text, 0, sizeof(text) };

	why[0] = '\0';
	*outcome = MAIL_WRONG_STATE;
	if (!t->c.company)
		return OK;
	TRY(names_text(names, &out, why));
	TRY(mailbox_ask(n, t, buf_slice(&out), outcome));
	if (*outcome != MAIL_FINE)
		return OK;
	json_t *page = claims_page(n, t);
	(void)json_object_set(page, "asked", (json_t *)(uintptr_t)names);
	const err e = claims_page_put(n, t, page);
	json_decref(page);
	return e;
}

json_t *
claims_talk(struct node *n, struct talk *t, uint32_t language)
{
	return t->c.company ? claims_of_company(n, t, language)
			    : talk_of_person(n, t, language);
}

void
claims_open(struct node *n)
{
	claims_trees_open(n);
	mailbox_on_ask(n, claims_on_ask);
	mailbox_on_presentation(n, claims_on_presentation);
}
