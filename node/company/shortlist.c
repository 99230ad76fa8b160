#include "node/company/shortlist.h"

#include <stdio.h>
#include <string.h>

#include "node/base/json.h"
#include "node/keys/persona.h"
#include "node/keys/vault.h"
#include "node/mail/mailbox.h"
#include "node/record/owner.h"
#include "proto/base/text.h"
#include "proto/record/names.h"

#define HEADS      "shortlists/" /* each list */
#define PREFIX     "shortlist/"  /* who is on it */
#define KEY_DIGITS 16            /* of an author, in a name of the vault */

static const char *const states[] = { "new", "contacted", "talking", "agreed",
	"declined", "hired" };

bool
shortlist_is_state(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (strcmp(states[i], text) == 0)
			return true;
	return false;
}

/* ---- names ---- */

static bool
is_name(const char *name)
{
	const size_t n = strlen(name);

	return n >= 1 && n <= SHORTLIST_NAME_MAX && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

/* Of a list (${author} NULL) or of a candidate in it. */
static bool
vault_name(char out[PERSONA_VAULT_NAME], uint32_t persona, const char *name,
    const uint8_t *author)
{
	char own[PERSONA_VAULT_NAME], digits[KEY_DIGITS + 1] = "";

	if (!is_name(name))
		return false;
	if (author != NULL)
		(void)snprintf(
		    digits, sizeof(digits), "%016" PRIx64, get_u64be(author));
	(void)snprintf(own, sizeof(own), "%s%s%s%s",
	    author == NULL ? HEADS : PREFIX, name, author == NULL ? "" : "/",
	    digits);
	persona_vault_name(out, persona, own);
	return true;
}

static json_t *
head_of(struct node *n, uint32_t persona, const char *name)
{
	char full[PERSONA_VAULT_NAME];

	return vault_name(full, persona, name, NULL)
		   ? vault_get(n->vault, full, NULL)
		   : NULL;
}

static bool
author_of(const json_t *candidate, uint8_t author[ED25519_PUBLIC])
{
	const char *did =
	    json_string_value(json_object_get(candidate, "author"));

	return did != NULL && did_key_get(slice_str(did), author) == OK;
}

/* ---- walks ---- */

struct walk {
	const char *below;
	json_t *list;
	json_t *names; /* NULL: not wanted */
};

static bool
on_value(void *ctx, const char *name, json_t *value)
{
	struct walk *w = ctx;

	(void)json_array_append(w->list, value);
	if (w->names != NULL)
		(void)json_array_append_new(
		    w->names, json_string(name + strlen(w->below)));
	return true;
}

/* Values right below ${below}; ${names} may be NULL. */
static json_t *
values(struct node *n, uint32_t persona, const char *below, json_t *names)
{
	char prefix[PERSONA_VAULT_NAME];
	struct walk w = { prefix, json_array(), names };

	persona_vault_name(prefix, persona, below);
	vault_each(n->vault, prefix, on_value, &w);
	return w.list;
}

static json_t *
candidates_of(struct node *n, uint32_t persona, const char *name)
{
	char below[sizeof(PREFIX) + SHORTLIST_NAME_MAX + 1];

	(void)snprintf(below, sizeof(below), PREFIX "%s/", name);
	return values(n, persona, below, NULL);
}

/* ---- what has become of a card ---- */

enum card_state { CARD_LIVE, CARD_GONE, CARD_EXPIRED, CARD_UNKNOWN };

static enum card_state
card_of(struct node *n, struct store_view *view,
    const uint8_t author[ED25519_PUBLIC], uint8_t id[RECORD_ID])
{
	struct store_record s;

	if (store_get_slot(view, author, KIND_PROFILE, 0, &s) != OK)
		return CARD_UNKNOWN;
	if (s.deleted)
		return CARD_GONE;
	if (s.expires_h * 3600 <= node_now(n))
		return CARD_EXPIRED;
	memcpy(id, s.id, RECORD_ID);
	return CARD_LIVE;
}

/* Is one further with them than an offer that nobody answered? */
static bool
is_known(const char *state)
{
	return strcmp(state, "talking") == 0 || strcmp(state, "agreed") == 0 ||
	       strcmp(state, "hired") == 0;
}

/* The newest conversation with the card's author. */
static json_t *
talk_of(struct node *n, uint32_t persona, const uint8_t author[ED25519_PUBLIC])
{
	const struct talk *found = NULL, *t;
	char id[TALK_ID_TEXT];

	for (unsigned i = 0; (t = mailbox_at(n, i)) != NULL; i++)
		if (t->c.company && t->persona == persona &&
		    memcmp(t->c.peer, author, ED25519_PUBLIC) == 0 &&
		    (found == NULL || t->begun_s > found->begun_s))
			found = t;
	if (found == NULL)
		return json_null();
	talk_id_text(found, id);
	return json_pack("{s:s,s:s}", "id", id, "state",
	    conversation_state_name(found->c.state));
}

/* One as it is shown; NULL: its card was withdrawn, and it is forgotten. */
static json_t *
shown(struct node *n, uint32_t persona, const char *name,
    struct store_view *view, const json_t *candidate)
{
	static const char *const gone[] = { NULL, "withdrawn", "expired",
		"unknown" };
	const char *state =
	    json_string_value(json_object_get(candidate, "state"));
	uint8_t author[ED25519_PUBLIC], id[RECORD_ID];

	if (!author_of(candidate, author) || state == NULL)
		return NULL;
	const enum card_state card = card_of(n, view, author, id);
	if (card == CARD_GONE && !is_known(state)) {
		if (shortlist_drop(n, persona, name, author) != OK)
			env_log(
			    &n->env, LOG_UNUSUAL, "candidate_not_dropped", "-");
		return NULL;
	}
	json_t *o = json_copy((json_t *)(uintptr_t)candidate);
	if (card == CARD_LIVE)
		json_id(o, "card", id);
	else
		(void)json_object_set_new(o, "card", json_null());
	(void)json_object_set_new(o, "gone",
	    gone[card] == NULL ? json_null() : json_string(gone[card]));
	(void)json_object_set_new(o, "talk", talk_of(n, persona, author));
	return o;
}

/* ---- lists ---- */

json_t *
shortlists_json(struct node *n, uint32_t persona)
{
	json_t *names = json_array();
	json_t *heads = values(n, persona, HEADS, names), *head;
	size_t i;

	json_array_foreach(heads, i, head)
	{
		const char *name = json_string_value(json_array_get(names, i));
		json_t *all = candidates_of(n, persona, name);
		(void)json_object_set_new(head, "name", json_string(name));
		json_uint(head, "candidates", json_array_size(all));
		json_decref(all);
	}
	json_decref(names);
	return heads;
}

json_t *
shortlist_json(struct node *n, uint32_t persona, const char *name)
{
	json_t *head = head_of(n, persona, name), *all, *one;
	json_t *list = json_array();
	struct store_view *view = NULL;
	uint64_t dropped = 0;
	size_t i;

	if (head == NULL || store_view_open(n->store, &view) != OK) {
		json_decref(head);
		json_decref(list);
		return NULL;
	}
	all = candidates_of(n, persona, name);
	json_array_foreach(all, i, one)
	{
		json_t *o = shown(n, persona, name, view, one);
		if (o == NULL)
			dropped++;
		else
			(void)json_array_append_new(list, o);
	}
	store_view_close(view);
	json_decref(all);
	(void)json_object_set_new(head, "name", json_string(name));
	(void)json_object_set_new(head, "candidates", list);
	json_uint(head, "dropped", dropped);
	return head;
}

err
shortlist_new(struct node *n, uint32_t persona, const char *name,
    const json_t *demand, const char *by)
{
	char full[PERSONA_VAULT_NAME];

	if (!vault_name(full, persona, name, NULL))
		return ERR_FORM;
	json_t *had = head_of(n, persona, name);
	json_t *all = values(n, persona, HEADS, NULL);
	const bool is_full = json_array_size(all) >= SHORTLISTS_MAX;
	json_decref(all);
	json_decref(had);
	if (had != NULL)
		return ERR_EXISTS;
	if (is_full)
		return ERR_LIMIT;
	json_t *head = json_pack("{s:O,s:I,s:s}", "demand", demand, "made",
	    (json_int_t)node_now(n), "by", by);
	const err e = vault_put(n->vault, full, head);
	json_decref(head);
	return e;
}

err
shortlist_remove(struct node *n, uint32_t persona, const char *name)
{
	char full[PERSONA_VAULT_NAME], below[PERSONA_VAULT_NAME + 1];
	json_t *had = head_of(n, persona, name);

	if (had == NULL || !vault_name(full, persona, name, NULL))
		return ERR_NOTFOUND;
	json_decref(had);
	(void)snprintf(below, sizeof(below), "%s/", full);
	TRY(vault_delete_all(n->vault, below));
	return vault_delete(n->vault, full);
}

/* ---- candidates ---- */

err
shortlist_set(struct node *n, uint32_t persona, const char *name,
    const uint8_t author[ED25519_PUBLIC], const char *state, const char *note,
    const char *by)
{
	char full[PERSONA_VAULT_NAME];
	json_t *head = head_of(n, persona, name);

	if (head == NULL || !vault_name(full, persona, name, author))
		return ERR_NOTFOUND;
	json_decref(head);
	json_t *o = vault_get(n->vault, full, NULL);
	if (o == NULL) {
		json_t *all = candidates_of(n, persona, name);
		const bool is_full = json_array_size(all) >= SHORTLIST_MAX;
		json_decref(all);
		if (is_full)
			return ERR_LIMIT;
		o = json_pack("{s:s,s:s,s:I}", "state", states[0], "note", "",
		    "added", (json_int_t)node_now(n));
		json_did(o, "author", author);
	}
	if (state != NULL)
		(void)json_object_set_new(o, "state", json_string(state));
	if (note != NULL)
		(void)json_object_set_new(o, "note", json_string(note));
	(void)json_object_set_new(o, "by", json_string(by));
	json_uint(o, "changed", node_now(n));
	const err e = vault_put(n->vault, full, o);
	json_decref(o);
	return e;
}

err
shortlist_drop(struct node *n, uint32_t persona, const char *name,
    const uint8_t author[ED25519_PUBLIC])
{
	char full[PERSONA_VAULT_NAME];
	json_t *o = vault_name(full, persona, name, author)
			? vault_get(n->vault, full, NULL)
			: NULL;

	if (o == NULL)
		return ERR_NOTFOUND;
	json_decref(o);
	return vault_delete(n->vault, full);
}

err
shortlist_find(struct node *n, uint32_t persona, const char *name,
    const char *text, uint8_t author[ED25519_PUBLIC])
{
	json_t *head = head_of(n, persona, name);
	struct store_view *view = NULL;
	uint8_t key[ED25519_PUBLIC], id[RECORD_ID];
	const bool is_did = did_key_get(slice_str(text), key) == OK;
	unsigned found = 0;
	json_t *all, *one;
	size_t i;

	if (head == NULL || store_view_open(n->store, &view) != OK) {
		json_decref(head);
		return ERR_NOTFOUND;
	}
	json_decref(head);
	all = candidates_of(n, persona, name);
	json_array_foreach(all, i, one)
	{
		uint8_t who[ED25519_PUBLIC];
		if (!author_of(one, who) ||
		    (is_did ? memcmp(who, key, sizeof(who)) != 0
			    : card_of(n, view, who, id) != CARD_LIVE ||
				  !record_text_is(id, text)))
			continue;
		memcpy(author, who, sizeof(who));
		found++;
	}
	json_decref(all);
	store_view_close(view);
	return found == 1 ? OK : found == 0 ? ERR_NOTFOUND : ERR_EXISTS;
}

void
shortlists_offered(struct node *n, uint32_t persona,
    const uint8_t author[ED25519_PUBLIC], const char *by)
{
	json_t *names = json_array();
	json_t *heads = values(n, persona, HEADS, names);
	char full[PERSONA_VAULT_NAME];

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		json_t *o = vault_name(full, persona, name, author)
				? vault_get(n->vault, full, NULL)
				: NULL;
		const char *state =
		    json_string_value(json_object_get(o, "state"));
		if (state != NULL && strcmp(state, states[0]) == 0 &&
		    shortlist_set(
			n, persona, name, author, states[1], NULL, by) != OK)
			env_log(
			    &n->env, LOG_UNUSUAL, "shortlist_not_kept", "-");
		json_decref(o);
	}
	json_decref(heads);
	json_decref(names);
}
