/*
 * What the vault keeps of the talks:
 *   talk/NAME/h     head: persona, times, counts
 *   talk/NAME/s0..  the state (conversation_save()), sealed under the key in
 *                   the head's slot of talks.keys, in pieces of hexadecimal
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
#define ITEMS   (PIECES + 2 + 2 * CONVERSATION_ACTIONS_MAX + ARRIVED)
#define FRESH   (2 + ED25519_SEED + STAMP_WORK_BYTES)
#define BLOB    (4 + CONVERSATION_SAVED_MAX + FRESH + AEAD_TAG)

static void
id_text(const uint8_t name[TALK_NAME], char out[TALK_ID_TEXT])
{
	const err e = hex_put(out, TALK_ID_TEXT, slice_of(name, TALK_NAME));
	ASSERT(e == OK);
}

void
talk_id_text(const struct talk *t, char out[TALK_ID_TEXT])
{
	id_text(t->name, out);
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
	json_t *o = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
	    "persona", (json_int_t)t->persona, "begun", (json_int_t)t->begun_s,
	    "changed", (json_int_t)t->changed_s, "ended",
	    (json_int_t)t->ended_s, "messages", (json_int_t)t->messages_n,
	    "from", (json_int_t)t->messages_from, "pieces",
	    (json_int_t)t->chunks_n, "sent", (json_int_t)t->sent_n, "pledge",
	    (json_int_t)t->pledge, "slot", (json_int_t)t->slot);

	if (o == NULL)
		return NULL;
	(void)json_object_set_new(
	    o, "bytes", json_integer((json_int_t)t->bytes));
	/* What is left to be shown when the state cannot be opened. */
	(void)json_object_set_new(o, "company", json_boolean(t->c.company));
	(void)json_object_set_new(o, "by_hand", json_boolean(t->c.by_hand));
	mail_put_hex(o, "id", slice_of(t->c.id, CONVERSATION_ID));
	mail_put_hex(o, "peer", slice_of(t->c.peer, ED25519_PUBLIC));
	if (t->has_introducer) {
		mail_put_hex(
		    o, "introducer", slice_of(t->introducer, ED25519_PUBLIC));
		mail_put_hex(o, "token", slice_of(t->token, VOUCHER_TOKEN));
		(void)json_object_set_new(
		    o, "introduced", json_boolean(t->introduced));
	}
	return o;
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

/* State and what else is secret. */
static err
blob_write(struct mailbox *m, const struct talk *t, struct buf *out)
{
	uint8_t head[4] = { 0 };
	uint8_t fresh[FRESH] = { t->has_fresh, t->fresh_stamped };
	err e = buf_put(out, head, sizeof(head));

	if (e == OK)
		e = conversation_save(&t->c, &m->values, out);
	put_u32be(out->p, (uint32_t)(out->n - sizeof(head)));
	memcpy(fresh + 2, t->fresh_seed, ED25519_SEED);
	memcpy(fresh + 2 + ED25519_SEED, t->fresh_stamp, STAMP_WORK_BYTES);
	if (e == OK)
		e = buf_put(out, fresh, sizeof(fresh));
	crypto_wipe(fresh, sizeof(fresh));
	crypto_wipe(m->values.p, VALUE_ARENA_BYTES);
	arena_reset(&m->values);
	return e;
}

/* One key seals one state: the nonce may be a constant. */
static const uint8_t no_nonce[AEAD_NONCE];

/* Under a new key: the old one goes when this is on the disk. */
static err
put_state(struct mailbox *m, struct keeping *k, struct talk *t, uint32_t *slot)
{
	uint8_t *bytes = calloc(1, BLOB), *sealed = malloc(BLOB);
	struct buf out = { bytes, 0, BLOB - AEAD_TAG };
	const uint32_t had = t->chunks_n;
	uint8_t key[ERASE_KEY];
	err e = bytes == NULL || sealed == NULL ? ERR_NOMEM : OK;
	bool good = true;

	*slot = UINT32_MAX;
	if (e == OK)
		e = blob_write(m, t, &out);
	if (e == OK && out.n + AEAD_TAG > (size_t)PIECES * PIECE)
		e = ERR_LIMIT;
	if (e == OK)
		e = eraser_new(m->eraser, slot, key);
	if (e == OK) {
		const size_t n = out.n + AEAD_TAG;
		chachapoly_seal(sealed, bytes, out.n,
		    (struct crypto_part){ t->name, TALK_NAME }, no_nonce, key);
		t->chunks_n = (uint32_t)((n + PIECE - 1) / PIECE);
		for (uint32_t i = 0; good && i < t->chunks_n; i++) {
			const size_t at = (size_t)i * PIECE;
			good = put(k, t, 's', i,
			    hex_json(sealed + at, MIN(n - at, PIECE)));
		}
		for (uint32_t i = t->chunks_n; good && i < had; i++)
			(void)put(k, t, 's', i, NULL); /* it is shorter now */
	}
	crypto_wipe(key, sizeof(key));
	if (bytes != NULL)
		crypto_wipe(bytes, BLOB);
	free(bytes);
	free(sealed);
	return e == OK && !good ? ERR_NOMEM : e;
}

_Static_assert(ARRIVED *PIECE >= MAIL_DOCUMENT_MAX, "it has room");

static bool
put_arrived(struct keeping *k, const struct talk *t, const struct arrived *a)
{
	bool good = true;

	for (size_t at = 0; good && at < a->n; at += PIECE)
		good = put(k, t, 'd', (uint32_t)(at / PIECE),
		    json_pack("{s:i,s:i,s:I,s:o}", "what", (int)a->what, "kind",
			(int)a->kind, "line", (json_int_t)t->messages_n - 1,
			"bytes",
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
			a->line = (uint32_t)json_number(v, "line");
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

static size_t
line_bytes(const json_t *line)
{
	return line == NULL ? 0 : json_dumpb(line, NULL, 0, JSON_COMPACT);
}

/* The oldest words give way, so that one talk fills no disk. */
static void
trim_history(struct mailbox *m, struct talk *t, size_t add)
{
	while (t->messages_from < t->messages_n &&
	       (t->bytes + add > TALK_BYTES ||
		   t->messages_n - t->messages_from >= TALK_MESSAGES)) {
		char name[VAULT_NAME_MAX + 1];
		name_put(name, t->name, 'm', t->messages_from % TALK_MESSAGES);
		json_t *v = vault_get(m->n->vault, name, NULL);
		const size_t n = line_bytes(v);
		json_decref(v);
		if (vault_delete(m->n->vault, name) != OK)
			return; /* it is overwritten sooner or later */
		t->bytes -= MIN(t->bytes, n);
		t->messages_from++;
	}
}

/* What is to be sent, and whose key it is sent under. */
static bool
put_sends(struct mailbox *m, struct keeping *k, const struct talk *t,
    json_t *const *sends, const struct outgoing *o, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct once once = once_of(m, &o[i]);
		if (!put(k, t, 'o', o[i].number, json_incref(sends[i])))
			return false;
		if (o[i].by == ENVELOPE_BY_COMPANY)
			continue;
		ASSERT(k->n < ITEMS);
		once_name(k->list[k->n].name, &once);
		k->list[k->n].value = k->values[k->n] = once_json(&once);
		if (k->values[k->n++] == NULL)
			return false;
	}
	return true;
}

err
talk_keep(struct mailbox *m, struct talk *t, json_t *said, json_t *const *sends,
    const struct outgoing *o, unsigned n, const struct arrived *a)
{
	struct keeping k = { .n = 0 };
	const size_t add = line_bytes(said);
	const uint32_t old = t->slot;
	uint32_t slot;

	trim_history(m, t, add);
	const struct talk was = { .messages_n = t->messages_n,
		.chunks_n = t->chunks_n,
		.sent_n = t->sent_n,
		.bytes = t->bytes };
	err e = put_state(m, &k, t, &slot);
	bool good = e == OK;

	t->slot = slot;
	if (good && said != NULL) {
		good = put(&k, t, 'm', t->messages_n++ % TALK_MESSAGES,
		    json_incref(said));
		t->bytes += add;
	}
	good = good && put_sends(m, &k, t, sends, o, n);
	if (good && a != NULL && a->what != ARRIVED_NOTHING)
		good = put_arrived(&k, t, a);
	t->sent_n += n;
	good = good && put(&k, t, 'h', 0, head_json(t));
	if (e == OK)
		e = good ? vault_put_all(m->n->vault, k.list, k.n) : ERR_NOMEM;
	for (unsigned i = 0; i < k.n; i++)
		json_decref(k.values[i]);
	if (e != OK) {
		t->messages_n = was.messages_n;
		t->chunks_n = was.chunks_n;
		t->sent_n = was.sent_n;
		t->bytes = was.bytes;
		t->slot = old;
	}
	/* What nothing needs any more. */
	if (eraser_wipe(m->eraser, e == OK ? old : slot) != OK)
		env_log(&m->n->env, LOG_BROKEN, "key_not_erased",
		    "what=\"the disk refuses; it is tried again at the next "
		    "start\"");
	return e;
}

void
line_mark(struct mailbox *m, const struct talk *t, uint32_t line,
    const char *key, json_t *value)
{
	char name[VAULT_NAME_MAX + 1];

	name_put(name, t->name, 'm', line % TALK_MESSAGES);
	json_t *v = vault_get(m->n->vault, name, NULL);
	if (v == NULL || line < t->messages_from) {
		json_decref(value);
	} else {
		(void)json_object_set_new(v, key, value);
		if (vault_put(m->n->vault, name, v) != OK)
			env_log(&m->n->env, LOG_UNUSUAL, "line_not_marked",
			    "what=\"the vault cannot be written\"");
	}
	json_decref(v);
}

void
talk_forget(struct mailbox *m, const struct talk *t)
{
	char id[TALK_ID_TEXT], name[VAULT_NAME_MAX + 1];

	talk_id_text(t, id);
	(void)snprintf(name, sizeof(name), NAMES "%s/", id);
	/* First what makes the rest useless. */
	if (eraser_wipe(m->eraser, t->slot) != OK)
		env_log(&m->n->env, LOG_BROKEN, "key_not_erased",
		    "what=\"the disk refuses; it is tried again at the next "
		    "start\"");
	if (vault_delete_all(m->n->vault, name) != OK)
		env_log(&m->n->env, LOG_UNUSUAL, "talk_not_forgotten",
		    "what=\"the disk refuses; it is tried again at the next "
		    "start\"");
}

/* ---- loading ---- */

uint64_t
json_number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

bool
json_bytes(const json_t *o, const char *key, uint8_t *out, size_t n)
{
	const char *hex = json_string_value(json_object_get(o, key));
	struct buf b = { out, 0, n };

	return hex != NULL && hex_get(slice_str(hex), &b) == OK && b.n == n;
}

static bool
pieces_load(struct mailbox *m, const struct talk *t, struct buf *out)
{
	char name[VAULT_NAME_MAX + 1];
	bool good = t->chunks_n <= PIECES;

	for (uint32_t i = 0; good && i < t->chunks_n; i++) {
		name_put(name, t->name, 's', i);
		json_t *v = vault_get(m->n->vault, name, NULL);
		const char *text = json_string_value(v);
		good = text != NULL && hex_get(slice_str(text), out) == OK;
		json_decref(v);
	}
	return good;
}

static bool
blob_read(struct mailbox *m, struct talk *t, struct slice s)
{
	const size_t n = s.n < 4 ? SIZE_MAX : get_u32be(s.p);
	uint8_t secret[ED25519_SECRET];

	if (s.n < 4 + FRESH || n != s.n - 4 - FRESH ||
	    conversation_load(slice_of(s.p + 4, n), &m->values, &t->c) != OK)
		return false;
	const uint8_t *fresh = s.p + 4 + n;
	t->has_fresh = fresh[0] == 1;
	t->fresh_stamped = fresh[1] == 1;
	memcpy(t->fresh_seed, fresh + 2, ED25519_SEED);
	memcpy(t->fresh_stamp, fresh + 2 + ED25519_SEED, STAMP_WORK_BYTES);
	if (t->has_fresh)
		ed25519_keypair(t->fresh_pub, secret, t->fresh_seed);
	crypto_wipe(secret, sizeof(secret));
	return true;
}

/* ERR_NOTFOUND: its key was erased. */
static err
state_open(
    struct mailbox *m, struct talk *t, struct slice sealed, uint8_t plain[BLOB])
{
	const struct crypto_part ad = { t->name, TALK_NAME };
	uint8_t key[ERASE_KEY];

	if (t->slot == UINT32_MAX) /* of an earlier version */
		return conversation_load(sealed, &m->values, &t->c);
	TRY(eraser_get(m->eraser, t->slot, key));
	/* If it does not open, another one's key lies there now. */
	const bool opened =
	    sealed.n > AEAD_TAG &&
	    chachapoly_open(plain, sealed.p, sealed.n, ad, no_nonce, key);
	crypto_wipe(key, sizeof(key));
	if (!opened)
		return ERR_NOTFOUND;
	return blob_read(m, t, slice_of(plain, sealed.n - AEAD_TAG))
		   ? OK
		   : ERR_CORRUPT;
}

static err
state_load(struct mailbox *m, struct talk *t)
{
	uint8_t *bytes = calloc(1, BLOB), *plain = calloc(1, BLOB);
	struct buf out = { bytes, 0, BLOB };
	err e = bytes == NULL || plain == NULL ? ERR_NOMEM : OK;

	if (e == OK)
		e = pieces_load(m, t, &out)
			? state_open(m, t, buf_slice(&out), plain)
			: ERR_CORRUPT;
	crypto_wipe(m->values.p, VALUE_ARENA_BYTES);
	arena_reset(&m->values);
	if (bytes != NULL)
		crypto_wipe(bytes, BLOB);
	if (plain != NULL)
		crypto_wipe(plain, BLOB);
	free(bytes);
	free(plain);
	return e;
}

static void
head_read(struct talk *t, const json_t *head)
{
	const json_t *slot = json_object_get(head, "slot");

	t->persona = (uint32_t)json_number(head, "persona");
	t->begun_s = json_number(head, "begun");
	t->changed_s = json_number(head, "changed");
	t->ended_s = json_number(head, "ended");
	t->messages_n = (uint32_t)json_number(head, "messages");
	t->messages_from = (uint32_t)json_number(head, "from");
	t->chunks_n = (uint32_t)json_number(head, "pieces");
	t->sent_n = (uint32_t)json_number(head, "sent");
	t->pledge = json_number(head, "pledge");
	t->bytes = json_number(head, "bytes");
	t->slot =
	    slot == NULL ? UINT32_MAX : (uint32_t)json_integer_value(slot);
	t->has_introducer = json_bytes(
	    head, "introducer", t->introducer, sizeof(t->introducer));
	(void)json_bytes(head, "token", t->token, sizeof(t->token));
	t->introduced = json_is_true(json_object_get(head, "introduced"));
	if (t->messages_n - t->messages_from > TALK_MESSAGES)
		t->messages_from = t->messages_n - TALK_MESSAGES;
}

/* Of a backup that was restored: the words are there, the keys are not. */
static bool
close_keyless(struct mailbox *m, struct talk *t, const json_t *head)
{
	static const uint8_t nobody[ED25519_PUBLIC];

	conversation_init(&t->c, slice_str(m->n->config->node.network),
	    json_is_true(json_object_get(head, "company")), nobody, 0);
	t->c.by_hand = json_is_true(json_object_get(head, "by_hand"));
	t->c.state = CONVERSATION_CLOSED;
	t->c.deadline_h = 0;
	if (t->ended_s == 0)
		t->ended_s = mail_now(m);
	t->slot = UINT32_MAX;
	return json_bytes(head, "id", t->c.id, sizeof(t->c.id)) &&
	       json_bytes(head, "peer", t->c.peer, sizeof(t->c.peer)) &&
	       talk_keep(m, t, NULL, NULL, NULL, 0, NULL) == OK;
}

/* What can be told of it without its state. */
static void
keep_damaged(
    struct mailbox *m, const uint8_t id[TALK_NAME], const json_t *head, err why)
{
	const json_t *slot = json_object_get(head, "slot");
	struct damaged *d = &m->damaged[m->damaged_n++];
	char text[TALK_ID_TEXT];

	*d = (struct damaged){ .slot = UINT32_MAX, .why = why };
	memcpy(d->name, id, TALK_NAME);
	if (json_is_integer(slot))
		d->slot = (uint32_t)json_integer_value(slot);
	d->begun_s = json_number(head, "begun");
	d->company = json_is_true(json_object_get(head, "company"));
	d->has_head = json_bytes(head, "peer", d->peer, sizeof(d->peer));
	id_text(id, text);
	env_log(&m->n->env, LOG_BROKEN, "talk_not_read",
	    "what=\"a conversation in the vault cannot be read; its key is "
	    "kept\" talk=%s why=%s",
	    text, err_name(why));
}

static void
load_talk(struct mailbox *m, const uint8_t id[TALK_NAME])
{
	char name[VAULT_NAME_MAX + 1];
	struct talk *t = calloc(1, sizeof(*t));
	err e = ERR_NOMEM;

	name_put(name, id, 'h', 0);
	json_t *head = vault_get(m->n->vault, name, NULL);
	if (t != NULL) {
		memcpy(t->name, id, TALK_NAME);
		head_read(t, head);
		e = head != NULL && t->persona < PERSONAS_MAX ? state_load(m, t)
							      : ERR_CORRUPT;
	}
	if (e == ERR_NOTFOUND)
		e = close_keyless(m, t, head) ? OK : ERR_CORRUPT;
	if (e != OK || !talk_add(m, t)) {
		talk_free(t);
		keep_damaged(m, id, head, e);
	}
	json_decref(head);
}

const struct damaged *
damaged_find(const struct mailbox *m, const uint8_t name[TALK_NAME])
{
	for (unsigned i = 0; i < m->damaged_n; i++)
		if (memcmp(m->damaged[i].name, name, TALK_NAME) == 0)
			return &m->damaged[i];
	return NULL;
}

/* Of one whose head is gone nobody knows the slot: then all are needed. */
static bool
is_needed(const struct mailbox *m, uint32_t slot)
{
	for (unsigned i = 0; i < m->damaged_n; i++)
		if (m->damaged[i].slot == slot ||
		    m->damaged[i].slot == UINT32_MAX)
			return true;
	return false;
}

/* Cut off between two keys: what nothing is sealed under is of no use. */
static void
wipe_unused(struct mailbox *m)
{
	uint8_t key[ERASE_KEY];

	for (uint32_t slot = 0; slot < ERASE_SLOTS; slot++) {
		bool used = is_needed(m, slot);
		for (unsigned i = 0; !used && i < m->talks_n; i++)
			used = m->talks[i]->slot == slot;
		if (!used && eraser_get(m->eraser, slot, key) == OK)
			(void)!eraser_wipe(m->eraser, slot);
	}
	crypto_wipe(key, sizeof(key));
}

struct names {
	unsigned ids_n, out_n;
	uint8_t ids[TALKS_MAX][TALK_NAME];
	uint8_t out_ids[OUTBOX_MAX][TALK_NAME];
	uint32_t out[OUTBOX_MAX];
};

static void
add_id(struct names *s, const uint8_t id[TALK_NAME])
{
	for (unsigned i = 0; i < s->ids_n; i++)
		if (memcmp(s->ids[i], id, TALK_NAME) == 0)
			return;
	if (s->ids_n < TALKS_MAX)
		memcpy(s->ids[s->ids_n++], id, TALK_NAME);
}

/* Also of values that do not open: such a talk is damaged, not gone. */
static bool
on_name(void *ctx, struct slice full, struct slice sealed)
{
	struct names *s = ctx;
	uint8_t id[TALK_NAME];
	struct buf b = { id, 0, sizeof(id) };
	char name[VAULT_NAME_MAX + 1];

	(void)sealed;
	if (full.n > VAULT_NAME_MAX ||
	    full.n < strlen(NAMES) + 2 * TALK_NAME + 2 ||
	    memcmp(full.p, NAMES, strlen(NAMES)) != 0)
		return true;
	memcpy(name, full.p, full.n);
	name[full.n] = '\0';
	const char *hex = name + strlen(NAMES);
	if (hex_get(slice_of((const uint8_t *)hex, 2 * TALK_NAME), &b) != OK)
		return true;
	const char *what = hex + 2 * TALK_NAME + 1;
	if (what[0] == 'h' || what[0] == 's')
		add_id(s, id);
	if (what[0] == 'o' && s->out_n < OUTBOX_MAX) {
		memcpy(s->out_ids[s->out_n], id, sizeof(id));
		s->out[s->out_n++] = (uint32_t)strtoul(what + 1, NULL, 10);
	}
	return true;
}

static void
load_outgoing(struct mailbox *m, const uint8_t talk[TALK_NAME], uint32_t number)
{
	struct outgoing *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return;
	memcpy(o->talk, talk, TALK_NAME);
	o->number = number;
	json_t *v = outgoing_get(m, o);
	o->persona = (uint32_t)json_number(v, "persona");
	o->slot = (uint32_t)json_number(v, "slot");
	o->line = (uint32_t)json_number(v, "line");
	o->by = json_object_get(v, "record") != NULL ? ENVELOPE_BY_ONE_TIME
		: json_is_true(json_object_get(v, "fresh"))
		    ? ENVELOPE_BY_FRESH
		    : ENVELOPE_BY_COMPANY;
	/* The author's key is in the state, which cannot be read now. */
	const bool later =
	    o->by == ENVELOPE_BY_FRESH && damaged_find(m, talk) != NULL;
	if (json_bytes(v, "author", o->author, sizeof(o->author)) && !later &&
	    o->persona < PERSONAS_MAX && m->out_n < OUTBOX_MAX)
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
	const err e = vault_each_sealed(m->n->vault, on_name, s);
	if (e != OK) {
		free(s);
		return e;
	}
	for (unsigned i = 0; i < s->ids_n; i++)
		load_talk(m, s->ids[i]);
	wipe_unused(m);
	once_load(m);
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

err
outgoing_put(struct mailbox *m, const struct outgoing *o, const json_t *v)
{
	char name[VAULT_NAME_MAX + 1];

	name_put(name, o->talk, 'o', o->number);
	return vault_put(m->n->vault, name, v);
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

/* ---- damaged ones ---- */

static json_t *
damaged_json(const struct damaged *d)
{
	char id[TALK_ID_TEXT], did[DID_KEY_TEXT];
	json_t *o = json_object();

	id_text(d->name, id);
	did_key_put(did, d->peer);
	(void)json_object_set_new(o, "id", json_string(id));
	(void)json_object_set_new(o, "side",
	    d->has_head ? json_string(d->company ? "company" : "person")
			: json_null());
	(void)json_object_set_new(
	    o, "peer", d->has_head ? json_string(did) : json_null());
	(void)json_object_set_new(o, "begun",
	    d->has_head ? json_integer((json_int_t)d->begun_s) : json_null());
	(void)json_object_set_new(o, "what",
	    json_string("a conversation that is kept here cannot be read"));
	(void)json_object_set_new(o, "why",
	    json_string(
		d->why == ERR_NOMEM
		    ? "there was no memory for it when the node started"
		    : "a value of it in the vault is missing or was changed"));
	(void)json_object_set_new(o, "try",
	    json_string("start the node again; stop it and put a copy of its "
			"private folder back; or give the conversation up: "
			"ohcn inbox answer ID --close"));
	return o;
}

json_t *
mailbox_damaged(struct node *n)
{
	const struct mailbox *m = n->mailbox;
	json_t *list = json_array();

	for (unsigned i = 0; i < m->damaged_n; i++)
		(void)json_array_append_new(list, damaged_json(&m->damaged[i]));
	return list;
}

static err
damaged_at(const struct mailbox *m, const char *text, unsigned *at)
{
	const size_t len = strlen(text);
	unsigned found = 0;

	for (unsigned i = 0; i < m->damaged_n && len >= 4; i++) {
		char id[TALK_ID_TEXT];
		id_text(m->damaged[i].name, id);
		if (strncmp(id, text, len) != 0)
			continue;
		*at = i;
		found++;
	}
	return found == 1 ? OK : found == 0 ? ERR_NOTFOUND : ERR_EXISTS;
}

bool
mailbox_is_damaged(struct node *n, const char *text)
{
	unsigned at;

	return damaged_at(n->mailbox, text, &at) == OK;
}

err
mailbox_give_up(struct node *n, const char *text)
{
	struct mailbox *m = n->mailbox;
	char id[TALK_ID_TEXT], name[VAULT_NAME_MAX + 1];
	unsigned at;

	TRY(damaged_at(m, text, &at));
	const struct damaged *d = &m->damaged[at];
	if (d->slot != UINT32_MAX)
		TRY(eraser_wipe(m->eraser, d->slot));
	id_text(d->name, id);
	(void)snprintf(name, sizeof(name), NAMES "%s/", id);
	TRY(vault_delete_all(n->vault, name));
	memmove(&m->damaged[at], &m->damaged[at + 1],
	    (--m->damaged_n - at) * sizeof(*m->damaged));
	wipe_unused(m); /* its key, if nobody knew which */
	return OK;
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

	for (uint32_t i = t->messages_from; i < t->messages_n; i++) {
		name_put(name, t->name, 'm', i % TALK_MESSAGES);
		json_t *v = vault_get(n->vault, name, NULL);
		if (v != NULL)
			(void)json_array_append_new(list, v);
	}
	return list;
}
