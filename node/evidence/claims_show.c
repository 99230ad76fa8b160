/* What a person shows: claims_disclose() of claims.h. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "node/evidence/claims.h"
#include "node/evidence/claims_internal.h"
#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "proto/base/text.h"

#define SHOWN_NOTED 64

static json_t *
without_credentials(const json_t *leaves)
{
	json_t *out = json_array(), *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)leaves, i, one)
	{
		if (!claims_of_credential(one))
			(void)json_array_append(out, one);
	}
	return out;
}

/* ---- to show ---- */

struct showing {
	struct node *n;
	struct talk *t;
	const struct claims_wish *w;
	json_t *page, *leaves, *learned, *held;
	size_t numbered;        /* of ${leaves}, before this */
	const char *credential; /* of all of them; NULL: the own tree */
	uint64_t mask;
	bool identity; /* one of them tells who one is */
	size_t n_choices;
	struct claim_choice choices[2 * PRESENTATION_CLAIMS];
	char *why;
};

static err
no(struct showing *s, err e, const char *leaf, const char *what)
{
	(void)snprintf(s->why, CLAIMS_WHY, "%.70s: %s", leaf, what);
	return e;
}

/* As the user names it: by its name, a part of it, or a term's label. */
static bool
leaf_named(struct showing *s, const json_t *leaf, const char *wanted)
{
	const char *name = claims_leaf_name(leaf), *part = strchr(name, ':');
	char label[CLAIM_NAME * 2];

	if (fact_covers(wanted, name))
		return true;
	if (part == NULL || strncmp(wanted, name, (size_t)(part - name)) != 0 ||
	    wanted[part - name] != ':' ||
	    !claims_label(s->n, s->w->language, name, label))
		return false;
	return strcasecmp(wanted + (part - name) + 1, label) == 0;
}

static err
add_choice(struct showing *s, const char *name, unsigned number,
    enum claim_side side, uint32_t bound, uint32_t value)
{
	if (s->n_choices == ARRAY_LEN(s->choices))
		return no(s, ERR_LIMIT, name, "too many at once");
	s->choices[s->n_choices++] =
	    (struct claim_choice){ number, side, bound, value };
	return OK;
}

/* A number: both bounds of one's choice, or the number itself. */
static err
add_bounds(struct showing *s, const json_t *leaf, const json_t *wish,
    unsigned number, json_t *learned)
{
	const json_t *least = json_object_get(wish, "at_least");
	const json_t *most = json_object_get(wish, "at_most");
	const json_int_t v =
	    json_integer_value(json_object_get(leaf, "number"));
	const bool exact = least == NULL && most == NULL;
	const json_int_t low = exact ? v : json_integer_value(least);
	const json_int_t high = exact ? v : json_integer_value(most);

	if ((least != NULL &&
		(!json_is_integer(least) || low > v || low < 0)) ||
	    (most != NULL &&
		(!json_is_integer(most) || high < v ||
		    high > json_integer_value(json_object_get(leaf, "max")))))
		return no(s, ERR_FORM, claims_leaf_name(leaf),
		    "that bound does not hold, so it cannot be shown");
	(void)json_object_set(learned, "max", json_object_get(leaf, "max"));
	if (exact || least != NULL) {
		TRY(add_choice(s, claims_leaf_name(leaf), number,
		    CLAIM_AT_LEAST, (uint32_t)low, (uint32_t)v));
		(void)json_object_set_new(
		    learned, "at_least", json_integer(low));
	}
	if (exact || most != NULL) {
		TRY(add_choice(s, claims_leaf_name(leaf), number, CLAIM_AT_MOST,
		    (uint32_t)high, (uint32_t)v));
		(void)json_object_set_new(
		    learned, "at_most", json_integer(high));
	}
	return OK;
}

/* Its place among the claims of its tree. */
static unsigned
claim_number(const struct showing *s, size_t at)
{
	const json_t *leaf = json_array_get(s->leaves, at);
	unsigned number = 0;

	if (claims_of_credential(leaf))
		return (unsigned)json_integer_value(
		    json_object_get(leaf, "claim"));
	for (size_t i = 0; i < at; i++)
		if (!claims_of_credential(json_array_get(s->leaves, i)))
			number++;
	return number;
}

static err
add_leaf(struct showing *s, size_t at, const json_t *wish)
{
	const json_t *leaf = json_array_get(s->leaves, at);
	const char *of = json_string_value(json_object_get(leaf, "credential"));
	const unsigned number = claim_number(s, at);

	if (json_is_true(json_object_get(leaf, "taken")))
		return no(s, ERR_FORM, claims_leaf_name(leaf), "named twice");
	(void)json_object_set_new(
	    (json_t *)(uintptr_t)leaf, "taken", json_true());
	if (s->mask != 0 && ((of == NULL) != (s->credential == NULL) ||
				(of != NULL && strcmp(of, s->credential) != 0)))
		return no(s, ERR_FORM, claims_leaf_name(leaf),
		    "from another tree than the ones before: show leaves of a "
		    "credential by themselves");
	s->credential = of;
	s->identity = s->identity || fact_is_identity(claims_leaf_name(leaf));
	unsigned bit = (unsigned)at;
	if (at >= s->numbered && claims_number(s->page, leaf, &bit) != OK)
		return no(s, ERR_LIMIT, claims_leaf_name(leaf),
		    "a conversation has room for 64 different leaves");
	s->mask |= UINT64_C(1) << bit;
	json_t *learned = json_pack("{s:s}", "name", claims_leaf_name(leaf));
	claims_label_add(s->n, s->w->language, learned);
	(void)json_object_set_new(
	    learned, "credential", of == NULL ? json_null() : json_string(of));
	(void)json_array_append_new(s->learned, learned);
	if (json_object_get(leaf, "number") != NULL)
		return add_bounds(s, leaf, wish, number, learned);
	if (json_object_get(wish, "at_least") != NULL ||
	    json_object_get(wish, "at_most") != NULL)
		return no(s, ERR_FORM, claims_leaf_name(leaf), "not a number");
	(void)json_object_set(learned, "value", json_object_get(leaf, "value"));
	return add_choice(s, claims_leaf_name(leaf), number, 0, 0, 0);
}

/* All that one entry of the wish names. */
static err
add_wish(struct showing *s, const json_t *wish)
{
	const char *wanted = json_string_value(json_object_get(wish, "leaf"));
	const json_t *asked = json_object_get(s->page, "asked");
	unsigned found = 0;

	if (wanted == NULL)
		return no(s, ERR_FORM, "leaf", "which one is missing");
	for (size_t i = 0; i < json_array_size(s->leaves); i++) {
		const json_t *leaf = json_array_get(s->leaves, i);
		if (json_is_true(json_object_get(leaf, "old")) ||
		    !leaf_named(s, leaf, wanted))
			continue;
		if (!s->w->unasked &&
		    !claims_is_asked(asked, claims_leaf_name(leaf)))
			return no(s, ERR_FORM, claims_leaf_name(leaf),
			    "was not asked for; say so if you want to show it "
			    "all the same");
		TRY(add_leaf(s, i, wish));
		found++;
	}
	return found > 0 ? OK
			 : no(s, ERR_NOTFOUND, wanted, "there is no such leaf");
}

struct signing {
	struct node *n;
	uint32_t persona;
};

static bool
sign_presentation(
    void *ctx, struct slice net, struct slice body, uint8_t sig[ED25519_SIG])
{
	const struct signing *s = ctx;

	return signer_sign(s->n->signer, s->persona, SIGN_PRESENTATION, 0, net,
		   body, sig) == OK;
}

/* The tree that the leaves are of. */
static err
tree_of(struct showing *s, struct fact_tree *tree)
{
	uint8_t id[CLAIM_TREE_ID], key[32];
	json_t *all = NULL, *leaves = NULL;
	err e = ERR_CORRUPT;

	if (s->credential != NULL) {
		all = claims_tree(s->n, s->t->persona, s->credential);
		const json_t *one = all;
		leaves = json_incref(json_object_get(one, "leaves"));
		if (claims_hex_get(one, "tree", id, sizeof(id)) &&
		    claims_hex_get(one, "key", key, sizeof(key)))
			e = OK;
	} else if (claims_hex_get(s->page, "tree", id, sizeof(id))) {
		leaves = without_credentials(s->leaves);
		e = signer_claim_key(s->n->signer, s->t->persona, id, key);
	}
	if (e == OK)
		e = facts_tree(leaves, key, id, tree);
	crypto_wipe(key, sizeof(key));
	s->held = leaves; /* the texts of the claims */
	json_decref(all);
	return e;
}

static err
write_presentation(struct showing *s, struct buf *out)
{
	const struct author *a = persona_get(s->n, s->t->persona);
	struct fact_tree *tree = malloc(sizeof(*tree));
	void *memory = malloc(PRESENTATION_SCRATCH_BYTES);
	struct arena scratch = arena_of(memory, PRESENTATION_SCRATCH_BYTES);
	struct signing with = { s->n, s->t->persona };
	struct presentation_signer by = { .sign = sign_presentation,
		.ctx = &with };
	struct presentation_for to = { .net = slice_str(
					   s->n->config->node.network),
		.made = (uint32_t)(node_now(s->n) / 3600) };
	err e = tree == NULL || memory == NULL || a == NULL ? ERR_NOMEM : OK;

	memcpy(to.verifier, s->t->c.peer, ED25519_PUBLIC);
	memcpy(to.nonce, s->w->unasked ? s->t->c.id : s->t->c.peer_nonce,
	    PRESENTATION_NONCE);
	if (e == OK) {
		memcpy(by.holder, a->pub, ED25519_PUBLIC);
		e = tree_of(s, tree);
	}
	if (e == OK)
		e = presentation_write_by(&tree->tree, tree->claims, s->choices,
		    s->n_choices, &to, &by, &scratch, out);
	if (e == ERR_LIMIT || e == ERR_MORE)
		e = no(s, ERR_LIMIT, "presentation",
		    "too much for one: show fewer leaves at once");
	if (tree != NULL)
		crypto_wipe(tree, sizeof(*tree));
	free(tree);
	free(memory);
	return e;
}

/* In words, beside the leaves: what comes along with them. */
static json_t *
also_learned(const struct showing *s)
{
	const struct author *a = persona_get(s->n, s->t->persona);
	json_t *list = json_array();
	char did[DID_KEY_TEXT], text[240];

	did_key_put(did, a->pub);
	(void)snprintf(text, sizeof(text),
	    "that %s says so: it is signed by this persona's key for this one "
	    "receiver, who can show it to others; it cannot be denied",
	    did);
	(void)json_array_append_new(list, json_string(text));
	if (s->t->c.by_hand)
		(void)json_array_append_new(list,
		    json_string("that whoever raised this hand is the author "
				"of that persona's card"));
	(void)json_array_append_new(list,
	    json_string(s->credential == NULL
			    ? "that there are at most 16, 32 or 64 claims in "
			      "all, and nothing of what the others are"
			    : "which credential it stands in, if they hold "
			      "it: others who saw the same tree can tell that "
			      "it was you"));
	return list;
}

static json_t *
said_json(const struct showing *s, struct slice bytes)
{
	json_t *o = json_object();
	char id[TALK_ID_TEXT], did[DID_KEY_TEXT];

	talk_id_text(s->t, id);
	did_key_put(did, s->t->c.peer);
	(void)json_object_set_new(o, "talk", json_string(id));
	(void)json_object_set_new(o, "to", json_string(did));
	(void)json_object_set_new(o, "dry_run", json_boolean(s->w->dry));
	(void)json_object_set_new(o, "asked", json_boolean(!s->w->unasked));
	(void)json_object_set(o, "they_learn", s->learned);
	(void)json_object_set_new(o, "they_also_learn", also_learned(s));
	(void)json_object_set_new(
	    o, "bytes", json_integer((json_int_t)bytes.n));
	claims_hex_put(o, "presentation_hex", bytes.p, bytes.n);
	return o;
}

static void
note_shown(struct showing *s, json_t *list)
{
	char name[VAULT_NAME_MAX + 1];
	size_t i;
	json_t *one;

	json_array_foreach(s->learned, i, one)
	{
		json_t *shown = json_copy(one);
		(void)json_object_del(shown, "value");
		(void)json_object_del(shown, "label");
		(void)json_object_set_new(
		    shown, "at", json_integer((json_int_t)node_now(s->n)));
		if (json_array_size(list) >= SHOWN_NOTED)
			(void)json_array_remove(list, 0);
		(void)json_array_append_new(list, shown);
	}
	claims_name_put(name, s->t, 'w', 0);
	if (vault_put(s->n->vault, name, list) != OK)
		env_log(&s->n->env, LOG_UNUSUAL, "shown_not_noted",
		    "what=\"leaves were shown, and the list of them cannot be "
		    "written\"");
}

/* The owner's yes is to these alone: whatever else was approved and not shown
 * is so no longer. */
static err
send_approved(struct showing *s, struct slice bytes, enum mail_outcome *outcome)
{
	enum mail_outcome back;

	TRY(mailbox_approve(s->n, s->t, s->mask, outcome));
	if (*outcome != MAIL_FINE)
		return OK;
	const err e = mailbox_disclose(
	    s->n, s->t, s->mask, bytes, slice_of(NULL, 0), outcome);
	if ((e != OK || *outcome != MAIL_FINE) &&
	    mailbox_approve(s->n, s->t, 0, &back) != OK)
		env_log(&s->n->env, LOG_UNUSUAL, "approval_stays",
		    "what=\"leaves that were not sent are still approved\"");
	return e;
}

/* The numbers of the leaves are kept before anything refers to them. */
static err
send_presentation(
    struct showing *s, struct slice bytes, enum mail_outcome *outcome)
{
	json_t *list = claims_shown(s->n, s->t, s->page);
	err e = claims_page_put(s->n, s->t, s->page);

	if (e == OK)
		e = send_approved(s, bytes, outcome);
	if (e == OK && *outcome == MAIL_FINE)
		note_shown(s, list);
	json_decref(list);
	return e;
}

static err
show_all(struct showing *s, json_t **out, enum mail_outcome *outcome)
{
	uint8_t bytes[PRESENTATION_MAX];
	struct buf b = { bytes, 0, sizeof(bytes) };
	unsigned left_out;
	size_t i;
	json_t *wish;

	TRY(claims_page_renew(s->n, s->t, s->page, &left_out));
	s->leaves = claims_leaves(s->n, s->t->persona, s->page);
	s->numbered = json_array_size(claims_list(s->page, "leaves"));
	json_array_foreach((json_t *)(uintptr_t)s->w->leaves, i, wish)
	{
		TRY(add_wish(s, wish));
	}
	if (s->n_choices == 0)
		return no(s, ERR_FORM, "leaves", "there is nothing to show");
	TRY(write_presentation(s, &b));
	if (s->identity && !s->t->c.peer_opened) {
		*outcome = MAIL_NOT_YET;
		return OK;
	}
	if (!s->w->dry) {
		TRY(send_presentation(s, buf_slice(&b), outcome));
		if (*outcome != MAIL_FINE)
			return OK;
	}
	*out = said_json(s, buf_slice(&b));
	return OK;
}

err
claims_disclose(struct node *n, struct talk *t, const struct claims_wish *w,
    json_t **out, enum mail_outcome *outcome, char why[CLAIMS_WHY])
{
	struct showing s = { .n = n, .t = t, .w = w, .why = why };

	*out = NULL;
	*outcome = MAIL_FINE;
	why[0] = '\0';
	if (t->c.company || conversation_is_over(t->c.state)) {
		*outcome = t->c.company ? MAIL_WRONG_STATE : MAIL_OVER;
		return OK;
	}
	s.page = claims_page(n, t);
	s.learned = json_array();
	const err e = show_all(&s, out, outcome);
	json_decref(s.learned);
	json_decref(s.held);
	json_decref(s.leaves);
	json_decref(s.page);
	return e;
}
