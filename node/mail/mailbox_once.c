/*
 * What counts once, and what has ended: the keys of answers, whose record is
 * somewhere on its way for two weeks and has to leave by the same guard each
 * time; tokens of vouchers; and talks that are forgotten. In the vault:
 *   mail/by/KEY      a key or token: of which persona, until when
 *   mail/over/NAME   a talk that is forgotten
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/mail/mailbox.h"
#include "node/mail/mailbox_internal.h"
#include "proto/base/text.h"

#define ONCE "mail/by/"
#define OVER "mail/over/"

/* ---- keys and tokens ---- */

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

/* ---- both ---- */

void
once_load(struct mailbox *m)
{
	vault_each(m->n->vault, ONCE, on_once, m);
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
	while (m->tombs_n > 0 && m->tombs[0].until_s <= now)
		tomb_drop(m, 0);
}
