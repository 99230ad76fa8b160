/*
 * What is kept of communities: community.h. In the vault, of each persona:
 *   community/NAME        founded: the value itself; joined: {key: place in
 *                         the file of keys, sealed: hex}
 *   community-draft/NAME  the draft of a record
 */
#include "node/community/community.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/community/promise.h"
#include "node/keys/erase.h"
#include "node/keys/vault.h"
#include "node/mail/hand.h"
#include "node/record/owner.h"
#include "proto/base/text.h"

#define NAMES      "community/"
#define DRAFTS     "community-draft/"
#define LOOK_TICKS 10
#define PLAIN_MAX  8192
#define SEALED_MAX (AEAD_NONCE + PLAIN_MAX + AEAD_TAG)
#define ID_HEX     20
#define INBOX      34 /* of the payload */

/* Keys of a course's payload, as in SPEC.md. */
enum {
	COURSE_TITLE = 2,
	COURSE_TEACHES = 4,
	COURSE_HOURS = 8,
	COURSE_SESSIONS = 10,
	COURSE_START = 12,
	COURSE_SEATS = 14,
	COURSE_CASE = 36,
	COURSE_WEEKS = 44,
	COURSE_FACILITATORS = 50,
	COURSE_GRADE = 56,
	COURSE_FILLED = 64,
};

struct communities {
	struct eraser *eraser;
	struct arena record, values;
	uint64_t looked_s;
};

uint64_t
communities_looked(struct node *n, uint64_t now_s)
{
	const uint64_t before = n->communities->looked_s;

	n->communities->looked_s = now_s;
	return before;
}

void
communities_close(struct node *n)
{
	struct communities *c = n->communities;

	if (c == NULL)
		return;
	eraser_close(c->eraser);
	free(c->record.p);
	free(c->values.p);
	free(c);
	n->communities = NULL;
}

/* ---- names ---- */

static bool
name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool
community_name_good(const char *name)
{
	const size_t n = strlen(name);

	if (n == 0 || n > COMMUNITY_NAME_MAX || name[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!name_char(name[i]))
			return false;
	return true;
}

void
community_name_of(char out[COMMUNITY_NAME_MAX + 1], const char *title)
{
	size_t n = 0;

	for (; *title != 0 && n < COMMUNITY_NAME_MAX; title++) {
		const char c = *title >= 'A' && *title <= 'Z'
				   ? (char)(*title - 'A' + 'a')
				   : *title;
		if (name_char(c) && c != '-')
			out[n++] = c;
		else if (n > 0 && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = 0;
	if (n == 0)
		(void)snprintf(out, COMMUNITY_NAME_MAX + 1, "community");
}

/* Of the vault; false: ${name} is none. */
static bool
vault_name(const struct node *n, uint32_t persona, const char *head,
    const char *name, char out[PERSONA_VAULT_NAME])
{
	char tail[PERSONA_VAULT_NAME];

	(void)n;
	if (!community_name_good(name))
		return false;
	(void)snprintf(tail, sizeof(tail), "%s%s", head, name);
	persona_vault_name(out, persona, tail);
	return true;
}

/* ---- sealed under a key that can be erased ---- */

static json_t *
value_seal(struct node *n, uint32_t slot, const uint8_t key[ERASE_KEY],
    const char *name, const json_t *value)
{
	uint8_t sealed[SEALED_MAX];
	char hex[2 * SEALED_MAX + 1];
	char *text = json_dumps(value, JSON_COMPACT);
	const size_t len = text == NULL ? 0 : strlen(text);
	json_t *out = NULL;

	if (text != NULL && len <= PLAIN_MAX) {
		n->env.random(n->env.ctx, sealed, AEAD_NONCE);
		chachapoly_seal(sealed + AEAD_NONCE, (const uint8_t *)text, len,
		    (struct crypto_part){ name, strlen(name) }, sealed, key);
		if (hex_put(hex, sizeof(hex),
			slice_of(sealed, AEAD_NONCE + len + AEAD_TAG)) == OK)
			out = json_pack("{s:I,s:s}", "key", (json_int_t)slot,
			    "sealed", hex);
	}
	if (text != NULL)
		crypto_wipe(text, len);
	free(text);
	return out;
}

static json_t *
value_open(const struct node *n, const char *name, const json_t *kept)
{
	const json_int_t slot =
	    json_integer_value(json_object_get(kept, "key"));
	const char *hex = json_string_value(json_object_get(kept, "sealed"));
	uint8_t sealed[SEALED_MAX], text[PLAIN_MAX], key[ERASE_KEY];
	struct buf b = { sealed, 0, sizeof(sealed) };
	json_t *out = NULL;

	if (hex == NULL || slot < 0 || slot >= ERASE_SLOTS ||
	    hex_get(slice_str(hex), &b) != OK || b.n < AEAD_NONCE + AEAD_TAG ||
	    eraser_get(n->communities->eraser, (uint32_t)slot, key) != OK)
		return NULL;
	if (chachapoly_open(text, sealed + AEAD_NONCE, b.n - AEAD_NONCE,
		(struct crypto_part){ name, strlen(name) }, sealed, key))
		out = json_loadb(
		    (const char *)text, b.n - AEAD_NONCE - AEAD_TAG, 0, NULL);
	crypto_wipe(text, sizeof(text));
	crypto_wipe(key, sizeof(key));
	return out;
}

/* What is kept, as it is meant; takes ${kept}. */
static json_t *
value_of(const struct node *n, const char *name, json_t *kept)
{
	if (json_object_get(kept, "sealed") == NULL)
		return kept;
	json_t *out = value_open(n, name, kept);
	json_decref(kept);
	return out;
}

json_t *
community_get(struct node *n, uint32_t persona, const char *name)
{
	char at[PERSONA_VAULT_NAME];

	if (!vault_name(n, persona, NAMES, name, at))
		return NULL;
	json_t *kept = vault_get(n->vault, at, NULL);
	return kept == NULL ? NULL : value_of(n, at, kept);
}

static err
keep_sealed(struct node *n, const char *at, const json_t *value)
{
	json_t *had = vault_get(n->vault, at, NULL);
	const json_t *place = json_object_get(had, "key");
	uint32_t slot = json_is_integer(place)
			    ? (uint32_t)json_integer_value(place)
			    : ERASE_SLOTS;
	uint8_t key[ERASE_KEY];
	bool fresh = false;
	err e = ERR_NOTFOUND;

	json_decref(had);
	if (slot < ERASE_SLOTS)
		e = eraser_get(n->communities->eraser, slot, key);
	if (e != OK) {
		e = eraser_new(n->communities->eraser, &slot, key);
		fresh = e == OK;
	}
	if (e != OK)
		return e;
	json_t *sealed = value_seal(n, slot, key, at, value);
	e = sealed == NULL ? ERR_LIMIT : vault_put(n->vault, at, sealed);
	json_decref(sealed);
	crypto_wipe(key, sizeof(key));
	if (e != OK && fresh)
		(void)!eraser_wipe(n->communities->eraser, slot);
	return e;
}

struct counting {
	const char *name;
	unsigned n;
	bool there;
};

static bool
on_count(void *ctx, const char *name, json_t *value)
{
	struct counting *c = ctx;

	(void)value;
	c->n++;
	c->there = c->there || strcmp(name, c->name) == 0;
	return true;
}

err
community_keep(
    struct node *n, uint32_t persona, const char *name, const json_t *value)
{
	struct counting c = { .name = name };
	char at[PERSONA_VAULT_NAME];

	if (!vault_name(n, persona, NAMES, name, at))
		return ERR_FORM;
	communities_each(n, persona, on_count, &c);
	if (!c.there && c.n >= COMMUNITIES_MAX)
		return ERR_LIMIT;
	if (json_is_true(json_object_get(value, "founded")))
		return vault_put(n->vault, at, value);
	return keep_sealed(n, at, value);
}

err
community_erase(struct node *n, uint32_t persona, const char *name)
{
	char at[PERSONA_VAULT_NAME], draft[PERSONA_VAULT_NAME];

	if (!vault_name(n, persona, NAMES, name, at) ||
	    !vault_name(n, persona, DRAFTS, name, draft))
		return OK;
	json_t *had = vault_get(n->vault, at, NULL);
	const json_t *place = json_object_get(had, "key");
	const json_int_t slot =
	    json_is_integer(place) ? json_integer_value(place) : -1;
	json_decref(had);
	if (slot >= 0 && slot < ERASE_SLOTS)
		TRY(eraser_wipe(n->communities->eraser, (uint32_t)slot));
	TRY(promises_drop_of(n, persona, name));
	TRY(vault_delete(n->vault, at));
	return vault_delete(n->vault, draft);
}

struct walking {
	const struct node *n;
	size_t head;
	community_fn *fn;
	void *ctx;
};

static bool
on_value(void *ctx, const char *at, json_t *kept)
{
	const struct walking *w = ctx;
	json_t *value = value_of(w->n, at, json_incref(kept));
	bool on = true;

	if (value != NULL) /* NULL: erased, or of a restored backup */
		on = w->fn(w->ctx, at + w->head, value);
	json_decref(value);
	return on;
}

void
communities_each(struct node *n, uint32_t persona, community_fn *fn, void *ctx)
{
	char prefix[PERSONA_VAULT_NAME];

	persona_vault_name(prefix, persona, NAMES);
	struct walking w = { n, strlen(prefix), fn, ctx };
	vault_each(n->vault, prefix, on_value, &w);
}

json_t *
community_draft(struct node *n, uint32_t persona, const char *name)
{
	char at[PERSONA_VAULT_NAME];

	return vault_name(n, persona, DRAFTS, name, at)
		   ? vault_get(n->vault, at, NULL)
		   : NULL;
}

err
community_draft_keep(
    struct node *n, uint32_t persona, const char *name, const json_t *draft)
{
	char at[PERSONA_VAULT_NAME];

	if (!vault_name(n, persona, DRAFTS, name, at))
		return ERR_FORM;
	return draft == NULL ? vault_delete(n->vault, at)
			     : vault_put(n->vault, at, draft);
}

/* ---- ids ---- */

static bool
hex32(const json_t *v, uint8_t out[32])
{
	const char *hex = json_string_value(v);
	struct buf b = { out, 0, 32 };

	return hex != NULL && hex_get(slice_str(hex), &b) == OK && b.n == 32;
}

static json_t *
hex32_json(const uint8_t bytes[32])
{
	char hex[65];
	const err e = hex_put(hex, sizeof(hex), slice_of(bytes, 32));

	ASSERT(e == OK);
	return json_string(hex);
}

bool
community_bytes(const json_t *value, const char *key, uint8_t out[32])
{
	return hex32(json_object_get(value, key), out);
}

void
community_bytes_set(json_t *value, const char *key, const uint8_t bytes[32])
{
	(void)json_object_set_new(value, key, hex32_json(bytes));
}

/* Enough of an id that nobody makes a second one with it. */
static void
short_hex(const uint8_t id[RECORD_ID], char out[ID_HEX + 1])
{
	const err e = hex_put(out, ID_HEX + 1, slice_of(id, ID_HEX / 2));

	ASSERT(e == OK);
}

bool
community_is(const json_t *value, const uint8_t id[RECORD_ID])
{
	char hex[ID_HEX + 1];
	json_t *one;
	size_t i;

	short_hex(id, hex);
	json_array_foreach(json_object_get(value, "ids"), i, one)
	{
		const char *had = json_string_value(one);
		if (had != NULL && strcmp(had, hex) == 0)
			return true;
	}
	return false;
}

bool
community_note(json_t *value, const uint8_t id[RECORD_ID])
{
	json_t *ids = json_object_get(value, "ids");
	char hex[ID_HEX + 1];

	if (community_is(value, id))
		return false;
	if (json_object_get(value, "subject") == NULL)
		community_bytes_set(value, "subject", id);
	if (!json_is_array(ids)) {
		ids = json_array();
		(void)json_object_set_new(value, "ids", ids);
	}
	short_hex(id, hex);
	(void)json_array_append_new(ids, json_string(hex));
	if (json_array_size(ids) > COMMUNITY_IDS)
		(void)json_array_remove(ids, 0);
	return true;
}

struct seeking {
	const uint8_t *id;
	char *name;
	json_t *found;
};

static bool
on_seek(void *ctx, const char *name, json_t *value)
{
	struct seeking *s = ctx;

	if (!community_is(value, s->id))
		return true;
	(void)snprintf(s->name, COMMUNITY_NAME_MAX + 1, "%s", name);
	s->found = json_incref(value);
	return false;
}

json_t *
community_with(struct node *n, uint32_t persona, const uint8_t id[RECORD_ID],
    char name[COMMUNITY_NAME_MAX + 1])
{
	struct seeking s = { id, name, NULL };

	communities_each(n, persona, on_seek, &s);
	return s.found;
}

/* ---- the record ---- */

static unsigned
keys_of(const struct value *map, uint64_t key, uint8_t out[][32])
{
	const struct value *list = value_find(map, key);
	unsigned n = 0;

	if (list == NULL || list->type != VALUE_ARRAY)
		return 0;
	for (uint32_t i = 0; i < list->n && n < COMMUNITY_KEYS; i++)
		if (list->items[i].type == VALUE_BIN &&
		    list->items[i].s.n == 32)
			memcpy(out[n++], list->items[i].s.p, 32);
	return n;
}

static unsigned
demands_of(const struct value *map, struct community_demand out[])
{
	const struct value *list = value_find(map, COMMUNITY_DEMANDS);
	unsigned n = 0;

	if (list == NULL || list->type != VALUE_ARRAY)
		return 0;
	for (uint32_t i = 0; i < list->n && n < COMMUNITY_KEYS; i++) {
		const struct value *author = value_find(&list->items[i], 0);
		const struct value *slot = value_find(&list->items[i], 2);
		if (author == NULL || author->type != VALUE_BIN ||
		    author->s.n != RECORD_AUTHOR || slot == NULL ||
		    slot->type != VALUE_UINT)
			continue;
		memcpy(out[n].author, author->s.p, RECORD_AUTHOR);
		out[n++].slot = (uint32_t)slot->u;
	}
	return n;
}

/* The first language that is there: for those who talk about it. */
static void
title_of(const struct value *map, uint64_t key, char out[COMMUNITY_TITLE + 1])
{
	const struct value *text = value_find(map, key);

	out[0] = 0;
	if (text == NULL || text->type != VALUE_MAP || text->n == 0 ||
	    text->items[1].type != VALUE_STR)
		return;
	const size_t n = MIN(text->items[1].s.n, (size_t)COMMUNITY_TITLE);
	memcpy(out, text->items[1].s.p, n);
	out[n] = 0;
}

static uint64_t
number_of(const struct value *map, uint64_t key)
{
	const struct value *v = value_find(map, key);

	return v != NULL && v->type == VALUE_UINT ? v->u : 0;
}

static void
teaches_of(const struct value *map, struct evidence_skills *out)
{
	const struct value *list = value_find(map, COURSE_TEACHES);

	for (uint32_t i = 0; list != NULL && list->type == VALUE_ARRAY &&
			     i < list->n && out->n < EVIDENCE_SKILLS;
	     i++) {
		const struct value *term = value_find(&list->items[i], 0);
		const uint64_t level = number_of(&list->items[i], 4);
		if (term == NULL || term->type != VALUE_BIN ||
		    term->s.n != TERM_ID || level < 1 || level > 5)
			continue;
		uint64_t id = 0;
		for (size_t k = 0; k < TERM_ID; k++)
			id = id << 8 | term->s.p[k];
		out->at[out->n].term = id;
		out->at[out->n++].level = (uint8_t)level;
	}
}

static void
case_of(const struct value *map, struct community_record *out)
{
	const struct value *v = value_find(map, COURSE_CASE);
	const struct value *author = v == NULL ? NULL : value_find(v, 0);

	if (author == NULL || author->type != VALUE_BIN ||
	    author->s.n != RECORD_AUTHOR)
		return;
	memcpy(out->demands[0].author, author->s.p, RECORD_AUTHOR);
	out->demands[0].slot = (uint32_t)number_of(v, 2);
	out->demands_n = 1;
}

/* Led by its author, too: who signs what is agreed. */
static void
cohort_of(const struct value *map, struct community_record *out)
{
	title_of(map, COURSE_TITLE, out->title);
	out->facilitators_n =
	    keys_of(map, COURSE_FACILITATORS, out->facilitators);
	if (!community_leads(out, out->author)) {
		out->facilitators_n =
		    MIN(out->facilitators_n, COMMUNITY_KEYS - 1u);
		memcpy(out->facilitators[out->facilitators_n++], out->author,
		    RECORD_AUTHOR);
	}
	case_of(map, out);
	out->joining = JOINING_ASK;
	out->seats = number_of(map, COURSE_SEATS);
	out->filled = number_of(map, COURSE_FILLED);
	out->weeks = number_of(map, COURSE_WEEKS);
	out->hours = number_of(map, COURSE_HOURS);
	out->sessions = number_of(map, COURSE_SESSIONS);
	out->start_h = number_of(map, COURSE_START);
	out->grade = (uint16_t)number_of(map, COURSE_GRADE);
	teaches_of(map, &out->teaches);
}

static void
group_of(const struct value *map, struct community_record *out)
{
	title_of(map, 0, out->title);
	out->facilitators_n =
	    keys_of(map, COMMUNITY_FACILITATORS, out->facilitators);
	out->demands_n = demands_of(map, out->demands);
	const struct value *v = value_find(map, COMMUNITY_JOINING);
	out->joining = v != NULL && v->type == VALUE_UINT && v->u >= 1 &&
			       v->u <= JOINING_INVITED
			   ? (enum community_joining)v->u
			   : JOINING_ASK;
	v = value_find(map, INBOX);
	out->has_inbox =
	    v != NULL && v->type == VALUE_BIN && v->s.n == X25519_SIZE;
	if (out->has_inbox)
		memcpy(out->inbox, v->s.p, X25519_SIZE);
}

static err
record_of(
    struct node *n, const struct store_record *s, struct community_record *out)
{
	struct communities *c = n->communities;
	struct record r;
	struct value map;

	if ((s->kind != KIND_COMMUNITY && s->kind != KIND_COURSE) ||
	    s->deleted || s->opaque || s->expires_h <= node_now(n) / 3600)
		return ERR_NOTFOUND;
	arena_reset(&c->values);
	if (record_read(s->bytes, &c->record, &r) != RECORD_FINE ||
	    value_parse(r.payload, &c->values, &map) != OK ||
	    map.type != VALUE_MAP)
		return ERR_FORM;
	if (s->kind == KIND_COURSE && number_of(&map, 0) != COURSE_COHORT)
		return ERR_NOTFOUND;
	*out = (struct community_record){ .kind = s->kind,
		.rid = s->rid,
		.slot = s->slot,
		.made_h = s->seq >> 8,
		.expires_h = s->expires_h };
	memcpy(out->id, s->id, RECORD_ID);
	memcpy(out->author, s->author, RECORD_AUTHOR);
	if (s->kind == KIND_COURSE)
		cohort_of(&map, out);
	else
		group_of(&map, out);
	return OK;
}

/* The inbox of a cohort stands in its author's organisation record. */
static err
with_inbox(struct node *n, struct community_record *r)
{
	if (r->kind == KIND_COURSE)
		r->has_inbox = hand_inbox(n, r->author, r->inbox) == OK;
	return OK;
}

uint32_t
community_kind(const json_t *value)
{
	return json_is_true(json_object_get(value, "cohort")) ? KIND_COURSE
							      : KIND_COMMUNITY;
}

uint8_t
community_agreement(const json_t *value)
{
	return community_kind(value) == KIND_COURSE ? AGREEMENT_COHORT
						    : AGREEMENT_COMMUNITY_ROLE;
}

err
community_at(struct node *n, uint32_t kind, const uint8_t author[RECORD_AUTHOR],
    uint32_t slot, struct community_record *out)
{
	struct store_view *view = NULL;
	struct store_record s;

	TRY(store_view_open(n->store, &view));
	err e = store_get_slot(view, author, kind, slot, &s);
	if (e == OK)
		e = record_of(n, &s, out);
	store_view_close(view);
	return e == OK ? with_inbox(n, out) : e;
}

struct looking {
	struct node *n;
	const char *text;
	uint64_t rid, now_h;
	unsigned found;
};

static bool
on_look(void *ctx, const struct store_record *s)
{
	struct looking *l = ctx;

	struct community_record r;

	if (!s->deleted && s->expires_h > l->now_h &&
	    record_text_is(s->id, l->text) &&
	    (s->kind != KIND_COURSE || record_of(l->n, s, &r) == OK)) {
		l->rid = s->rid;
		l->found++;
	}
	return l->found < 2;
}

err
community_named(struct node *n, uint32_t kind, const char *text,
    struct community_record *out)
{
	struct looking l = { n, text, 0, node_now(n) / 3600, 0 };
	struct store_view *view = NULL;
	struct store_record s;

	TRY(store_view_open(n->store, &view));
	err e = store_each_kind(view, kind, on_look, &l);
	if (e == OK && l.found != 1)
		e = l.found == 0 ? ERR_NOTFOUND : ERR_EXISTS;
	if (e == OK)
		e = store_get_rid(view, l.rid, &s);
	if (e == OK)
		e = record_of(n, &s, out);
	store_view_close(view);
	return e == OK ? with_inbox(n, out) : e;
}

bool
community_leads(
    const struct community_record *r, const uint8_t key[RECORD_AUTHOR])
{
	for (unsigned i = 0; i < r->facilitators_n; i++)
		if (memcmp(r->facilitators[i], key, RECORD_AUTHOR) == 0)
			return true;
	return false;
}

err
community_of(struct node *n, uint32_t persona, const json_t *value,
    struct community_record *out)
{
	const json_int_t slot =
	    json_integer_value(json_object_get(value, "slot"));
	uint8_t author[RECORD_AUTHOR];

	const uint32_t kind = community_kind(value);

	if (slot < 0 || slot >= (json_int_t)kind_info(kind)->slots)
		return ERR_NOTFOUND;
	if (json_is_true(json_object_get(value, "founded")))
		memcpy(author, persona_get(n, persona)->pub, RECORD_AUTHOR);
	else if (!community_bytes(value, "author", author))
		return ERR_NOTFOUND;
	return community_at(n, kind, author, (uint32_t)slot, out);
}

/* ---- own demands ---- */

/* What a demand is called in a record: it is renewed, its place stays. */
static json_t *
place_json(const uint8_t author[RECORD_AUTHOR], uint32_t slot)
{
	char did[DID_KEY_TEXT];

	did_key_put(did, author);
	return json_pack("{s:s,s:I}", "author", did, "slot", (json_int_t)slot);
}

static json_t *
demand_place(struct node *n, uint32_t persona, const char *text)
{
	struct looking l = { n, text, 0, node_now(n) / 3600, 0 };
	struct store_view *view = NULL;
	struct store_record s;
	json_t *out = NULL;
	uint32_t slot;

	if (owner_find(n, persona, KIND_DEMAND, text, &slot) == OK)
		return place_json(persona_get(n, persona)->pub, slot);
	if (store_view_open(n->store, &view) != OK)
		return NULL;
	if (store_each_kind(view, KIND_DEMAND, on_look, &l) == OK &&
	    l.found == 1 && store_get_rid(view, l.rid, &s) == OK)
		out = place_json(s.author, s.slot);
	store_view_close(view);
	return out;
}

json_t *
community_demands_put(struct node *n, uint32_t persona, const json_t *list)
{
	json_t *out = json_array(), *one, *place;
	size_t i;

	json_array_foreach(list, i, one)
	{
		place = json_is_string(one)
			    ? demand_place(n, persona, json_string_value(one))
			    : NULL;
		(void)json_array_append_new(
		    out, place == NULL ? json_incref(one) : place);
	}
	return out;
}

/* ---- time ---- */

/* Names first, since nothing may be changed on the walk. */
struct renewed {
	struct node *n;
	uint32_t persona;
	unsigned count;
	struct {
		char name[COMMUNITY_NAME_MAX + 1];
		uint8_t id[RECORD_ID];
	} list[COMMUNITIES_MAX];
	unsigned old_n;
	char old[COMMUNITIES_MAX][COMMUNITY_NAME_MAX + 1];
};

static bool
on_renewed(void *ctx, const char *name, json_t *value)
{
	struct renewed *l = ctx;
	struct community_record r;

	if (l->old_n < COMMUNITIES_MAX &&
	    json_object_get(value, "welcomes") != NULL)
		(void)snprintf(
		    l->old[l->old_n++], sizeof(l->old[0]), "%s", name);
	if (l->count < COMMUNITIES_MAX &&
	    community_of(l->n, l->persona, value, &r) == OK &&
	    !community_is(value, r.id)) {
		(void)snprintf(l->list[l->count].name,
		    sizeof(l->list[l->count].name), "%s", name);
		memcpy(l->list[l->count++].id, r.id, RECORD_ID);
	}
	return true;
}

void
communities_look(struct node *n, uint32_t persona)
{
	struct renewed l = { .n = n, .persona = persona };

	communities_each(n, persona, on_renewed, &l);
	for (unsigned i = 0; i < l.old_n; i++) {
		json_t *v = community_get(n, persona, l.old[i]);
		if (promises_move(n, persona, l.old[i], v) != OK)
			env_log(&n->env, LOG_UNUSUAL, "community_not_kept",
			    "what=\"promises of before; tried again\"");
		json_decref(v);
	}
	for (unsigned i = 0; i < l.count; i++) {
		json_t *v = community_get(n, persona, l.list[i].name);
		if (v != NULL && community_note(v, l.list[i].id) &&
		    community_keep(n, persona, l.list[i].name, v) != OK)
			env_log(&n->env, LOG_UNUSUAL, "community_not_kept",
			    "what=\"the new id of its record; tried again\"");
		json_decref(v);
	}
}

void
communities_tick(struct node *n)
{
	if (n->communities == NULL || n->ticks % LOOK_TICKS != 0)
		return;
	for (uint32_t i = 0; i < persona_count(n); i++)
		communities_look(n, i);
}

/* ---- life ---- */

err
communities_open(struct node *n)
{
	char path[PATH_TEXT_MAX + 24];
	struct communities *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return ERR_NOMEM;
	n->communities = c;
	c->record =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	c->values = arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	if (c->record.p == NULL || c->values.p == NULL)
		return ERR_NOMEM;
	(void)snprintf(
	    path, sizeof(path), "%s/community.keys", n->paths->private_dir);
	return eraser_open(path, &c->eraser, n->problem);
}
