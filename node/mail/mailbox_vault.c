/*
 * What the vault keeps of the talks:
 *   talk/NAME/h     head: persona, times, counts
 *   talk/NAME/s0..  the state (conversation_save()), in pieces of hexadecimal
 *   talk/NAME/m...  a message that was said
 *   talk/NAME/o...  a record that is still to be published
 *   talk/NAME/d...  what came whole, until somebody has been told
 *   blocked         did:key of those who are blocked
 * NAME is drawn here: the peer chooses the id of the conversation, and may
 * choose one twice.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/mail/mailbox.h"
#include "node/mail/mailbox_internal.h"
#include "proto/base/text.h"

#define NAMES   "talk/"
#define BLOCKED "blocked"
#define PIECE   9000 /* bytes of a state in one value */
#define PIECES  8
#define ARRIVED 2 /* values of what is to be handed over */
#define ITEMS   (PIECES + 2 + CONVERSATION_ACTIONS_MAX + ARRIVED)

void
talk_id_text(const struct talk *t, char out[TALK_ID_TEXT])
{
	const err e = hex_put(out, TALK_ID_TEXT, slice_of(t->name, TALK_NAME));
	ASSERT(e == OK);
}

static void
name_put(char out[VAULT_NAME_MAX + 1], const uint8_t talk[TALK_NAME], char what,
    uint32_t number)
{
	char hex[TALK_ID_TEXT];
	const err e = hex_put(hex, sizeof(hex), slice_of(talk, TALK_NAME));

	ASSERT(e == OK);
	if (what == 'h')
		(void)snprintf(out, VAULT_NAME_MAX + 1, NAMES "%s/h", hex);
	else
		(void)snprintf(out, VAULT_NAME_MAX + 1, NAMES "%s/%c%06" PRIu32,
		    hex, what, number);
}

/* ---- keeping ---- */

static json_t *
hex_json(const uint8_t *p, size_t n)
{
	char *text = malloc(2 * n + 1);
	json_t *o = NULL;

	if (text == NULL)
		return NULL;
	if (hex_put(text, 2 * n + 1, slice_of(p, n)) == OK)
		o = json_string(text);
	crypto_wipe(text, 2 * n + 1);
	free(text);
	return o;
}

static json_t *
head_json(const struct talk *t)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "persona",
	    (json_int_t)t->persona, "begun", (json_int_t)t->begun_s, "changed",
	    (json_int_t)t->changed_s, "ended", (json_int_t)t->ended_s,
	    "messages", (json_int_t)t->messages_n, "pieces",
	    (json_int_t)t->chunks_n, "sent", (json_int_t)t->sent_n, "pledge",
	    (json_int_t)t->pledge);
}

struct keeping {
	struct vault_item list[ITEMS];
	json_t *values[ITEMS];
	unsigned n;
};

/* Takes ${value}; NULL here is no memory. */
static bool
put(struct keeping *k, const struct talk *t, char what, uint32_t number,
    json_t *value)
{
	ASSERT(k->n < ITEMS);
	name_put(k->list[k->n].name, t->name, what, number);
	k->list[k->n].value = k->values[k->n] = value;
	k->n++;
	return value != NULL;
}

static bool
put_state(struct mailbox *m, struct keeping *k, struct talk *t)
{
	uint8_t *bytes = malloc(CONVERSATION_SAVED_MAX);
	struct buf out = { bytes, 0, CONVERSATION_SAVED_MAX };
	const uint32_t had = t->chunks_n;
	bool good = bytes != NULL &&
		    conversation_save(&t->c, &m->values, &out) == OK &&
		    out.n <= (size_t)PIECES * PIECE;

	if (good) {
		t->chunks_n = (uint32_t)((out.n + PIECE - 1) / PIECE);
		for (uint32_t i = 0; good && i < t->chunks_n; i++) {
			const size_t at = (size_t)i * PIECE;
			good = put(k, t, 's', i,
			    hex_json(bytes + at, MIN(out.n - at, PIECE)));
		}
		for (uint32_t i = t->chunks_n; good && i < had; i++) {
			(void)put(k, t, 's', i, NULL); /* it is shorter now */
		}
	}
	crypto_wipe(m->values.p, VALUE_ARENA_BYTES);
	arena_reset(&m->values);
	if (bytes != NULL)
		crypto_wipe(bytes, CONVERSATION_SAVED_MAX);
	free(bytes);
	return good;
}

_Static_assert(ARRIVED *PIECE >= MAIL_DOCUMENT_MAX, "it has room");

static bool
put_arrived(struct keeping *k, const struct talk *t, const struct arrived *a)
{
	bool good = true;

	for (size_t at = 0; good && at < a->n; at += PIECE)
		good = put(k, t, 'd', (uint32_t)(at / PIECE),
		    json_pack("{s:i,s:i,s:o}", "what", (int)a->what, "kind",
			(int)a->kind, "bytes",
			hex_json(a->bytes + at, MIN(a->n - at, PIECE))));
	return good;
}

bool
arrived_load(struct mailbox *m, const struct talk *t, struct arrived *a)
{
	struct buf out = { a->bytes, 0, sizeof(a->bytes) };
	bool more = true;

	a->what = ARRIVED_NOTHING;
	for (uint32_t i = 0; more && i < ARRIVED; i++) {
		char name[VAULT_NAME_MAX + 1];
		name_put(name, t->name, 'd', i);
		json_t *v = vault_get(m->n->vault, name, NULL);
		const char *hex =
		    json_string_value(json_object_get(v, "bytes"));
		more = hex != NULL && hex_get(slice_str(hex), &out) == OK;
		if (more) {
			a->what = (enum arrived_what)json_integer_value(
			    json_object_get(v, "what"));
			a->kind = (enum mail_document)json_integer_value(
			    json_object_get(v, "kind"));
		}
		json_decref(v);
	}
	a->n = out.n;
	return a->what != ARRIVED_NOTHING;
}

void
arrived_drop(struct mailbox *m, const struct talk *t)
{
	struct vault_item gone[ARRIVED] = { 0 };

	for (uint32_t i = 0; i < ARRIVED; i++)
		name_put(gone[i].name, t->name, 'd', i);
	if (vault_put_all(m->n->vault, gone, ARRIVED) != OK)
		env_log(&m->n->env, LOG_UNUSUAL, "arrived_not_cleared",
		    "what=\"it is handed over once more after a restart\"");
}

err
talk_keep(struct mailbox *m, struct talk *t, json_t *said, json_t *const *sends,
    const struct outgoing *o, unsigned n, const struct arrived *a)
{
	struct keeping k = { .n = 0 };
	const struct talk was = { .messages_n = t->messages_n,
		.chunks_n = t->chunks_n,
		.sent_n = t->sent_n };
	bool good = put_state(m, &k, t);

	/* The oldest words give way. */
	if (good && said != NULL)
		good = put(&k, t, 'm', t->messages_n++ % TALK_MESSAGES,
		    json_incref(said));
	for (unsigned i = 0; good && i < n; i++)
		good = put(&k, t, 'o', o[i].number, json_incref(sends[i]));
	if (a != NULL && a->what != ARRIVED_NOTHING)
		good = good && put_arrived(&k, t, a);
	t->sent_n += n;
	good = good && put(&k, t, 'h', 0, head_json(t));
	const err e =
	    good ? vault_put_all(m->n->vault, k.list, k.n) : ERR_NOMEM;
	for (unsigned i = 0; i < k.n; i++)
		json_decref(k.values[i]);
	if (e != OK) {
		t->messages_n = was.messages_n;
		t->chunks_n = was.chunks_n;
		t->sent_n = was.sent_n;
	}
	return e;
}

void
talk_forget(struct mailbox *m, const struct talk *t)
{
	char id[TALK_ID_TEXT], name[VAULT_NAME_MAX + 1];

	talk_id_text(t, id);
	(void)snprintf(name, sizeof(name), NAMES "%s/", id);
	if (vault_delete_all(m->n->vault, name) != OK)
		env_log(&m->n->env, LOG_UNUSUAL, "talk_not_forgotten",
		    "what=\"the disk refuses; it is tried again at the next "
		    "start\"");
}

/* ---- loading ---- */

static uint64_t
number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static bool
state_load(struct mailbox *m, struct talk *t, uint32_t pieces)
{
	uint8_t *bytes = malloc(CONVERSATION_SAVED_MAX);
	struct buf out = { bytes, 0, CONVERSATION_SAVED_MAX };
	char name[VAULT_NAME_MAX + 1];
	bool good = bytes != NULL && pieces <= PIECES;

	for (uint32_t i = 0; good && i < pieces; i++) {
		name_put(name, t->name, 's', i);
		json_t *v = vault_get(m->n->vault, name, NULL);
		const char *text = json_string_value(v);
		good = text != NULL && hex_get(slice_str(text), &out) == OK;
		json_decref(v);
	}
	good =
	    good && conversation_load(buf_slice(&out), &m->values, &t->c) == OK;
	crypto_wipe(m->values.p, VALUE_ARENA_BYTES);
	arena_reset(&m->values);
	if (bytes != NULL)
		crypto_wipe(bytes, CONVERSATION_SAVED_MAX);
	free(bytes);
	return good;
}

static void
load_talk(struct mailbox *m, const uint8_t id[TALK_NAME])
{
	char name[VAULT_NAME_MAX + 1];
	struct talk *t = calloc(1, sizeof(*t));

	name_put(name, id, 'h', 0);
	json_t *head = vault_get(m->n->vault, name, NULL);
	if (t != NULL) {
		memcpy(t->name, id, TALK_NAME);
		t->persona = (uint32_t)number(head, "persona");
		t->begun_s = number(head, "begun");
		t->changed_s = number(head, "changed");
		t->ended_s = number(head, "ended");
		t->messages_n = (uint32_t)number(head, "messages");
		t->chunks_n = (uint32_t)number(head, "pieces");
		t->sent_n = (uint32_t)number(head, "sent");
		t->pledge = number(head, "pledge");
	}
	json_decref(head);
	if (t == NULL || t->persona >= PERSONAS_MAX ||
	    !state_load(m, t, t->chunks_n) || !talk_add(m, t)) {
		if (t != NULL)
			crypto_wipe(t, sizeof(*t));
		free(t);
		env_log(&m->n->env, LOG_UNUSUAL, "talk_not_read",
		    "what=\"a conversation in the vault cannot be read\"");
	}
}

struct names {
	unsigned ids_n, out_n;
	uint8_t ids[TALKS_MAX][TALK_NAME];
	uint8_t out_ids[OUTBOX_MAX][TALK_NAME];
	uint32_t out[OUTBOX_MAX];
};

static bool
on_name(void *ctx, const char *name, json_t *value)
{
	struct names *s = ctx;
	uint8_t id[TALK_NAME];
	struct buf b = { id, 0, sizeof(id) };
	const char *hex = name + strlen(NAMES);

	(void)value;
	if (strlen(hex) < 2 * TALK_NAME + 2 ||
	    hex_get(slice_of((const uint8_t *)hex, 2 * TALK_NAME), &b) != OK)
		return true;
	const char *what = hex + 2 * TALK_NAME + 1;
	if (what[0] == 'h' && s->ids_n < TALKS_MAX)
		memcpy(s->ids[s->ids_n++], id, sizeof(id));
	if (what[0] == 'o' && s->out_n < OUTBOX_MAX) {
		memcpy(s->out_ids[s->out_n], id, sizeof(id));
		s->out[s->out_n++] = (uint32_t)strtoul(what + 1, NULL, 10);
	}
	return true;
}

static void
load_outgoing(
    struct mailbox *m, const uint8_t id[TALK_NAME], uint32_t number_of)
{
	struct outgoing *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return;
	memcpy(o->talk, id, TALK_NAME);
	o->number = number_of;
	json_t *v = outgoing_get(m, o);
	const char *hex = json_string_value(json_object_get(v, "author"));
	struct buf b = { o->author, 0, sizeof(o->author) };
	o->persona = (uint32_t)number(v, "persona");
	o->slot = (uint32_t)number(v, "slot");
	o->one_time = json_object_get(v, "record") != NULL;
	if (hex != NULL && hex_get(slice_str(hex), &b) == OK &&
	    b.n == sizeof(o->author) && o->persona < PERSONAS_MAX &&
	    m->out_n < OUTBOX_MAX)
		m->out[m->out_n++] = o;
	else
		free(o);
	json_decref(v);
}

static void
load_blocked(struct mailbox *m)
{
	json_t *list = vault_get(m->n->vault, BLOCKED, NULL), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *did = json_string_value(one);
		if (did != NULL && m->blocked_n < BLOCKED_MAX &&
		    did_key_get(slice_str(did), m->blocked[m->blocked_n]) == OK)
			m->blocked_n++;
	}
	json_decref(list);
}

err
mailbox_load(struct mailbox *m)
{
	struct names *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NOMEM;
	/* No reading within a walk. */
	vault_each(m->n->vault, NAMES, on_name, s);
	for (unsigned i = 0; i < s->ids_n; i++)
		load_talk(m, s->ids[i]);
	for (unsigned i = 0; i < s->out_n; i++)
		load_outgoing(m, s->out_ids[i], s->out[i]);
	load_blocked(m);
	free(s);
	return OK;
}

/* ---- what is to be sent, who is blocked, what was said ---- */

json_t *
outgoing_get(struct mailbox *m, const struct outgoing *o)
{
	char name[VAULT_NAME_MAX + 1];

	name_put(name, o->talk, 'o', o->number);
	return vault_get(m->n->vault, name, NULL);
}

void
outgoing_drop(struct mailbox *m, const struct outgoing *o)
{
	char name[VAULT_NAME_MAX + 1];

	name_put(name, o->talk, 'o', o->number);
	if (vault_delete(m->n->vault, name) != OK)
		env_log(&m->n->env, LOG_UNUSUAL, "outbox_not_cleared",
		    "what=\"it is sent once more after a restart, which "
		    "changes nothing\"");
}

json_t *
mailbox_blocked(struct node *n)
{
	const struct mailbox *m = n->mailbox;
	json_t *list = json_array();

	for (unsigned i = 0; i < m->blocked_n; i++) {
		char did[DID_KEY_TEXT];
		did_key_put(did, m->blocked[i]);
		(void)json_array_append_new(list, json_string(did));
	}
	return list;
}

void
blocked_keep(struct mailbox *m)
{
	json_t *list = mailbox_blocked(m->n);

	if (vault_put(m->n->vault, BLOCKED, list) != OK)
		env_log(&m->n->env, LOG_UNUSUAL, "block_not_kept",
		    "what=\"the list of who is blocked cannot be written\"");
	json_decref(list);
}

json_t *
mailbox_messages(struct node *n, const struct talk *t)
{
	json_t *list = json_array();
	char name[VAULT_NAME_MAX + 1];
	uint32_t i =
	    t->messages_n > TALK_MESSAGES ? t->messages_n - TALK_MESSAGES : 0;

	for (; i < t->messages_n; i++) {
		name_put(name, t->name, 'm', i % TALK_MESSAGES);
		json_t *v = vault_get(n->vault, name, NULL);
		if (v != NULL)
			(void)json_array_append_new(list, v);
	}
	return list;
}
