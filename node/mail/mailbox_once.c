/*
 * What counts once, and what has ended: the keys of answers, whose record is
 * somewhere on its way for two weeks and has to leave by the same guard each
 * time; tokens of vouchers; and talks that are forgotten. In the vault:
 *   mail/by/KEY      a key: of which persona, until when; before version 1 of
 *                    mail/token also a token, with zeros behind it
 *   mail/token/TOKEN a token: whose, until when
 *   mail/over/NAME   a talk that is forgotten
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/mail/mailbox.h"
#include "node/mail/mailbox_internal.h"
#include "proto/base/text.h"

#define ONCE   "mail/by/"
#define TOKENS "mail/token/"
#define OVER   "mail/over/"

/* ---- keys ---- */

const struct once *
once_find(const struct mailbox *m, const uint8_t key[ED25519_PUBLIC])
{
	for (unsigned i = 0; i < m->once_n; i++)
		if (memcmp(m->once[i].key, key, ED25519_PUBLIC) == 0)
			return &m->once[i];
	return NULL;
}

struct once
once_of(const struct mailbox *m, const struct outgoing *o)
{
	struct once once = { .persona = o->persona,
		.until_h = (uint32_t)(node_now(m->n) / 3600 + ENVELOPE_HOURS) };

	memcpy(once.key, o->author, ED25519_PUBLIC);
	return once;
}

bool
once_add(struct mailbox *m, const struct once *o)
{
	for (unsigned i = 0; i < m->once_n; i++)
		if (memcmp(m->once[i].key, o->key, ED25519_PUBLIC) == 0) {
			m->once[i].until_h =
			    MAX(m->once[i].until_h, o->until_h);
			return true;
		}
	if (m->once_n == ONCE_MAX)
		return false;
	m->once[m->once_n++] = *o;
	return true;
}

void
once_name(char out[VAULT_NAME_MAX + 1], const struct once *o)
{
	char hex[33];
	const err e = hex_put(hex, sizeof(hex), slice_of(o->key, 16));

	ASSERT(e == OK);
	(void)snprintf(out, VAULT_NAME_MAX + 1, ONCE "%s", hex);
}

json_t *
once_json(const struct once *o)
{
	json_t *v = json_pack("{s:I,s:I}", "persona", (json_int_t)o->persona,
	    "until", (json_int_t)o->until_h);

	mail_put_hex(v, "key", slice_of(o->key, ED25519_PUBLIC));
	return v;
}

bool
mailbox_persona(
    const struct node *n, const uint8_t author[ED25519_PUBLIC], uint32_t *index)
{
	const struct once *o =
	    n->mailbox == NULL ? NULL : once_find(n->mailbox, author);

	if (o == NULL)
		return false;
	*index = o->persona;
	return true;
}

/* No Ed25519 key ends like that but one in 2^128. */
static bool
was_token(const struct once *o)
{
	static const uint8_t none[ED25519_PUBLIC - VOUCHER_TOKEN];

	return memcmp(o->key + VOUCHER_TOKEN, none, sizeof(none)) == 0;
}

static bool
on_once(void *ctx, const char *name, json_t *value)
{
	struct once o = { .persona = (uint32_t)json_number(value, "persona"),
		.until_h = (uint32_t)json_number(value, "until") };

	(void)name;
	if (json_bytes(value, "key", o.key, sizeof(o.key)) &&
	    o.persona < PERSONAS_MAX)
		(void)once_add(ctx, &o);
	return true;
}

/* ---- tokens ---- */

static void
token_name(char out[VAULT_NAME_MAX + 1], const struct token *t)
{
	char hex[2 * VOUCHER_TOKEN + 1];
	const err e =
	    hex_put(hex, sizeof(hex), slice_of(t->token, VOUCHER_TOKEN));

	ASSERT(e == OK);
	(void)snprintf(out, VAULT_NAME_MAX + 1, TOKENS "%s", hex);
}

bool
token_is_used(const struct mailbox *m, const uint8_t token[VOUCHER_TOKEN])
{
	for (unsigned i = 0; i < m->tokens_n; i++)
		if (memcmp(m->tokens[i].token, token, VOUCHER_TOKEN) == 0)
			return true;
	for (unsigned i = 0; i < m->talks_n; i++)
		if (m->talks[i]->has_introducer &&
		    memcmp(m->talks[i]->token, token, VOUCHER_TOKEN) == 0)
			return true;
	return false;
}

static bool
has_room(const struct mailbox *m, const uint8_t introducer[ED25519_PUBLIC])
{
	unsigned of = 0;

	for (unsigned i = 0; i < m->tokens_n; i++)
		of += memcmp(m->tokens[i].introducer, introducer,
			  ED25519_PUBLIC) == 0;
	return m->tokens_n < TOKENS_MAX && of < TOKENS_EACH;
}

static err
token_put(struct mailbox *m, const struct token *t)
{
	char name[VAULT_NAME_MAX + 1];
	json_t *o = json_pack("{s:I}", "until", (json_int_t)t->until_h);

	mail_put_hex(o, "introducer", slice_of(t->introducer, ED25519_PUBLIC));
	token_name(name, t);
	const err e = o == NULL ? ERR_NOMEM : vault_put(m->n->vault, name, o);
	json_decref(o);
	return e;
}

bool
token_keep(struct mailbox *m, const struct voucher *v)
{
	struct token t = { .until_h = v->until_h };

	memcpy(t.token, v->token, VOUCHER_TOKEN);
	memcpy(t.introducer, v->introducer, ED25519_PUBLIC);
	if (!has_room(m, t.introducer) || token_put(m, &t) != OK)
		return false;
	m->tokens[m->tokens_n++] = t;
	return true;
}

static bool
on_token(void *ctx, const char *name, json_t *value)
{
	struct mailbox *m = ctx;
	struct token t = { .until_h = (uint32_t)json_number(value, "until") };
	struct buf b = { t.token, 0, sizeof(t.token) };

	if (m->tokens_n < TOKENS_MAX &&
	    hex_get(slice_str(name + strlen(TOKENS)), &b) == OK &&
	    b.n == VOUCHER_TOKEN &&
	    json_bytes(value, "introducer", t.introducer, sizeof(t.introducer)))
		m->tokens[m->tokens_n++] = t;
	return true;
}

/* What stood among the keys: they block no sends any more. Whose they are was
 * not written down. */
static void
tokens_move(struct mailbox *m)
{
	char name[VAULT_NAME_MAX + 1];

	for (unsigned i = m->once_n; i-- > 0;) {
		struct token t = { .until_h = m->once[i].until_h };
		if (!was_token(&m->once[i]))
			continue;
		memcpy(t.token, m->once[i].key, VOUCHER_TOKEN);
		/* Cut off between the two, or the disk full: done again. */
		if (m->tokens_n < TOKENS_MAX && !token_is_used(m, t.token)) {
			if (token_put(m, &t) != OK)
				continue;
			m->tokens[m->tokens_n++] = t;
		}
		once_name(name, &m->once[i]);
		(void)!vault_delete(m->n->vault, name);
		m->once[i] = m->once[--m->once_n];
	}
}

/* ---- talks that are forgotten ---- */

static void
tomb_name(char out[VAULT_NAME_MAX + 1], const struct tomb *t)
{
	char hex[TALK_ID_TEXT];
	const err e = hex_put(hex, sizeof(hex), slice_of(t->name, TALK_NAME));

	ASSERT(e == OK);
	(void)snprintf(out, VAULT_NAME_MAX + 1, OVER "%s", hex);
}

bool
tomb_find(const struct mailbox *m, const uint8_t id[CONVERSATION_ID],
    const uint8_t sender[RECORD_AUTHOR], uint32_t persona)
{
	for (unsigned i = 0; i < m->tombs_n; i++)
		if (m->tombs[i].persona == persona &&
		    memcmp(m->tombs[i].id, id, CONVERSATION_ID) == 0 &&
		    memcmp(m->tombs[i].sender, sender, RECORD_AUTHOR) == 0)
			return true;
	return false;
}

static void
tomb_drop(struct mailbox *m, unsigned i)
{
	char name[VAULT_NAME_MAX + 1];

	tomb_name(name, &m->tombs[i]);
	(void)!vault_delete(m->n->vault, name); /* read again: dropped again */
	m->tombs_n--;
	memmove(m->tombs + i, m->tombs + i + 1,
	    (m->tombs_n - i) * sizeof(*m->tombs));
}

err
tomb_make(struct mailbox *m, const struct talk *t)
{
	char name[VAULT_NAME_MAX + 1];
	struct tomb o = { .persona = t->persona,
		.company = t->c.company,
		.begun_s = t->begun_s,
		.until_s = t->ended_s + TALK_KEPT_S };

	/* It can be begun again by a first message of the peer alone. */
	if (t->c.company != t->c.by_hand)
		return OK;
	memcpy(o.name, t->name, sizeof(o.name));
	memcpy(o.id, t->c.id, sizeof(o.id));
	memcpy(o.sender, t->c.peer, sizeof(o.sender));
	json_t *v = json_pack("{s:I,s:b,s:I,s:I}", "persona",
	    (json_int_t)o.persona, "company", o.company, "begun",
	    (json_int_t)o.begun_s, "until", (json_int_t)o.until_s);
	if (v == NULL)
		return ERR_NOMEM;
	mail_put_hex(v, "id", slice_of(o.id, sizeof(o.id)));
	mail_put_hex(v, "sender", slice_of(o.sender, sizeof(o.sender)));
	tomb_name(name, &o);
	const err e = vault_put(m->n->vault, name, v);
	json_decref(v);
	if (e != OK)
		return e;
	if (m->tombs_n == TOMBS_MAX) /* the oldest is the next to expire */
		tomb_drop(m, 0);
	m->tombs[m->tombs_n++] = o;
	return OK;
}

err
tombs_forget(struct mailbox *m, uint32_t persona)
{
	char name[VAULT_NAME_MAX + 1];

	for (unsigned i = m->tombs_n; i-- > 0;) {
		if (m->tombs[i].persona != persona)
			continue;
		tomb_name(name, &m->tombs[i]);
		TRY(vault_delete(m->n->vault, name));
		tomb_drop(m, i);
	}
	return OK;
}

static bool
on_tomb(void *ctx, const char *name, json_t *value)
{
	struct mailbox *m = ctx;
	struct tomb o = { .persona = (uint32_t)json_number(value, "persona"),
		.company = json_is_true(json_object_get(value, "company")),
		.begun_s = json_number(value, "begun"),
		.until_s = json_number(value, "until") };
	struct buf b = { o.name, 0, sizeof(o.name) };

	if (m->tombs_n < TOMBS_MAX &&
	    hex_get(slice_str(name + strlen(OVER)), &b) == OK &&
	    b.n == TALK_NAME && json_bytes(value, "id", o.id, sizeof(o.id)) &&
	    json_bytes(value, "sender", o.sender, sizeof(o.sender)))
		m->tombs[m->tombs_n++] = o;
	return true;
}

static int
by_end(const void *a, const void *b)
{
	const struct tomb *x = a, *y = b;

	return x->until_s < y->until_s ? -1 : x->until_s > y->until_s;
}

/* ---- all ---- */

void
once_load(struct mailbox *m)
{
	vault_each(m->n->vault, ONCE, on_once, m);
	vault_each(m->n->vault, TOKENS, on_token, m);
	tokens_move(m);
	vault_each(m->n->vault, OVER, on_tomb, m);
	qsort(m->tombs, m->tombs_n, sizeof(*m->tombs), by_end);
}

void
once_tick(struct mailbox *m)
{
	const uint64_t now = mail_now(m);
	char name[VAULT_NAME_MAX + 1];

	for (unsigned i = m->once_n; i-- > 0;) {
		/* An hour and a day more: it may still be told again. */
		if (m->once[i].until_h + UINT64_C(25) > now / 3600)
			continue;
		once_name(name, &m->once[i]);
		if (vault_delete(m->n->vault, name) == OK)
			m->once[i] = m->once[--m->once_n];
	}
	for (unsigned i = m->tokens_n; i-- > 0;) {
		if (m->tokens[i].until_h + UINT64_C(25) > now / 3600)
			continue;
		token_name(name, &m->tokens[i]);
		if (vault_delete(m->n->vault, name) == OK)
			m->tokens[i] = m->tokens[--m->tokens_n];
	}
	while (m->tombs_n > 0 && m->tombs[0].until_s <= now)
		tomb_drop(m, 0);
}
