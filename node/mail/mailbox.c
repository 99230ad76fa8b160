#include "node/mail/mailbox.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/keys/intro.h"
#include "node/keys/signer.h"
#include "node/mail/mailbox_internal.h"
#include "proto/base/text.h"
#include "proto/mail/inbox.h"

#define KEYS_MAX       (SIGNER_KEYS_MAX + TALKS_MAX * CONVERSATION_RECEIVE_KEYS)
#define LOOK_TICKS     10
#define DEMAND_TICKS   10 /* whose it is, is so old at most */
#define CLOCK          "mail/clock"
#define CLOCK_TICKS    600
#define CLOCK_LEAP_S   (45 * 86400) /* away so long: is the clock right? */
#define HOLD_TICKS     3600
#define WAIT_TICKS     UINT64_C(10) /* doubled each time */
#define WAIT_TICKS_MAX 3600

_Static_assert(TALKS_MAX + 2 <= ERASE_SLOTS, "each state has a key");
_Static_assert(KEYS_MAX <= ENVELOPE_KEYS_MAX, "all of them can be tried");

/* ---- time ---- */

uint64_t
mail_now(const struct mailbox *m)
{
	const uint64_t now = node_now(m->n);

	return m->leapt ? MIN(now, m->sane_s + m->n->ticks - m->sane_ticks)
			: now;
}

/* Whoever was away for long, or woke up with a wrong clock, waits an hour
 * before talks end by it. */
static void
clock_load(struct mailbox *m)
{
	json_t *v = vault_get(m->n->vault, CLOCK, NULL);
	const uint64_t then = (uint64_t)json_integer_value(v);
	const uint64_t now = node_now(m->n);

	json_decref(v);
	m->sane_ticks = m->n->ticks;
	m->leapt = then > 0 && now > then + CLOCK_LEAP_S;
	m->sane_s = m->leapt ? then : now;
	m->hold_until = m->leapt ? m->n->ticks + HOLD_TICKS : 0;
}

static void
clock_tick(struct mailbox *m, bool expires)
{
	const uint64_t now = node_now(m->n);

	if (!expires || m->n->ticks < m->hold_until) {
		m->leapt = true;
		return;
	}
	m->leapt = false;
	m->sane_s = now;
	m->sane_ticks = m->n->ticks;
	if (m->n->ticks % CLOCK_TICKS != 1)
		return;
	json_t *v = json_integer((json_int_t)now);
	if (vault_put(m->n->vault, CLOCK, v) != OK)
		env_log(&m->n->env, LOG_UNUSUAL, "clock_not_kept",
		    "what=\"the vault cannot be written\"");
	json_decref(v);
}

/* ---- life ---- */

err
mailbox_open(struct node *n)
{
	struct mailbox *m = calloc(1, sizeof(*m));
	char path[PATH_TEXT_MAX + 16];

	if (m == NULL)
		return ERR_NOMEM;
	n->mailbox = m;
	n->one_time = mailbox_persona;
	m->n = n;
	m->values = arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	m->scratch =
	    arena_of(malloc(CONVERSATION_SCRATCH), CONVERSATION_SCRATCH);
	m->record =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	m->actions = calloc(1, sizeof(*m->actions));
	m->before = calloc(1, sizeof(*m->before));
	m->keys = calloc(KEYS_MAX, sizeof(*m->keys));
	m->arrived = calloc(1, sizeof(*m->arrived));
	m->blocked = calloc(BLOCKED_MAX, RECORD_AUTHOR);
	m->once = calloc(ONCE_MAX, sizeof(*m->once));
	m->tokens = calloc(TOKENS_MAX, sizeof(*m->tokens));
	m->tombs = calloc(TOMBS_MAX, sizeof(*m->tombs));
	m->damaged = calloc(TALKS_MAX, sizeof(*m->damaged));
	if (m->values.p == NULL || m->scratch.p == NULL ||
	    m->record.p == NULL || m->actions == NULL || m->before == NULL ||
	    m->keys == NULL || m->arrived == NULL || m->blocked == NULL ||
	    m->once == NULL || m->tokens == NULL || m->tombs == NULL ||
	    m->damaged == NULL)
		return ERR_NOMEM;
	(void)snprintf(
	    path, sizeof(path), "%s/talks.keys", n->paths->private_dir);
	TRY(eraser_open(path, &m->eraser, n->problem));
	clock_load(m);
	m->scan = true;
	return mailbox_load(m);
}

struct talk *
talk_new(struct mailbox *m, uint32_t persona, bool company,
    const uint8_t own[ED25519_PUBLIC])
{
	struct talk *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	m->n->env.random(m->n->env.ctx, t->name, sizeof(t->name));
	t->persona = persona;
	t->begun_s = mail_now(m);
	t->slot = UINT32_MAX;
	conversation_init(&t->c, slice_str(m->n->config->node.network), company,
	    own, mail_now(m) / 3600);
	return t;
}

void
talk_free(struct talk *t)
{
	if (t == NULL)
		return;
	json_decref(t->trust);
	crypto_wipe(t, sizeof(*t));
	free(t);
}

void
mailbox_close(struct node *n)
{
	struct mailbox *m = n->mailbox;

	if (m == NULL)
		return;
	for (unsigned i = 0; i < m->talks_n; i++)
		talk_free(m->talks[i]);
	for (unsigned i = 0; i < m->out_n; i++)
		free(m->out[i]);
	for (unsigned i = 0; i < LETTERS_QUEUES; i++)
		free(m->letters[i].list);
	outgoing_stop(m);
	eraser_close(m->eraser);
	free(m->values.p);
	free(m->scratch.p);
	free(m->record.p);
	free(m->actions);
	free(m->before);
	free(m->keys);
	free(m->arrived);
	free(m->blocked);
	free(m->once);
	free(m->tokens);
	free(m->tombs);
	free(m->damaged);
	free(m);
	n->mailbox = NULL;
}

bool
talks_full(const struct mailbox *m)
{
	return m->talks_n + m->damaged_n >= TALKS_MAX;
}

bool
talk_add(struct mailbox *m, struct talk *t)
{
	if (talks_full(m))
		return false;
	m->talks[m->talks_n++] = t;
	return true;
}

struct talk *
talk_of_name(struct mailbox *m, const uint8_t name[TALK_NAME])
{
	for (unsigned i = 0; i < m->talks_n; i++)
		if (memcmp(m->talks[i]->name, name, TALK_NAME) == 0)
			return m->talks[i];
	return NULL;
}

struct talk *
mailbox_at(struct node *n, unsigned i)
{
	return i < n->mailbox->talks_n ? n->mailbox->talks[i] : NULL;
}

struct talk *
mailbox_find(struct node *n, const char *text)
{
	struct talk *found = NULL, *t;
	const size_t len = strlen(text);

	if (len < 4 || len >= TALK_ID_TEXT)
		return NULL;
	for (unsigned i = 0; (t = mailbox_at(n, i)) != NULL; i++) {
		char id[TALK_ID_TEXT];
		talk_id_text(t, id);
		if (strncmp(id, text, len) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = t;
	}
	return found;
}

void
mailbox_on_document(struct node *n, mailbox_document_fn *fn)
{
	n->mailbox->hooks.document = fn;
}

void
mailbox_on_presentation(struct node *n, mailbox_bytes_fn *fn)
{
	n->mailbox->hooks.presentation = fn;
}

void
mailbox_on_ask(struct node *n, mailbox_bytes_fn *fn)
{
	n->mailbox->hooks.ask = fn;
}

void
mailbox_on_rule(struct node *n, mailbox_rule_fn *fn)
{
	n->mailbox->hooks.rule = fn;
}

void
mailbox_on_trust(struct node *n, mailbox_trust_fn *fn)
{
	n->mailbox->hooks.trust = fn;
}

void
mailbox_on_hands(struct node *n, mailbox_hands_fn *fn)
{
	n->mailbox->hooks.hands = fn;
}

void
mailbox_stats(const struct node *n, struct mailbox_stats *out)
{
	const struct mailbox *m = n->mailbox;

	*out = m->stats;
	out->talks = m->talks_n;
	out->damaged = m->damaged_n;
	out->queued =
	    (unsigned)(letters_n(m, LETTERS_NEW) + letters_n(m, LETTERS_OURS) +
		       letters_n(m, LETTERS_OTHERS));
	out->pending = (unsigned)(letters_n(m, PENDING_OURS) +
				  letters_n(m, PENDING_EARLY) +
				  letters_n(m, PENDING_OTHERS));
	out->outbox = m->out_n;
}

const char *
talk_asks(const struct talk *t)
{
	const struct conversation *c = &t->c;

	if (c->state == CONVERSATION_HAND)
		return c->company ? "hand" : "";
	if (c->state == CONVERSATION_OFFERED || c->state == CONVERSATION_SEEN)
		return c->company ? "" : "offer";
	if (c->state == CONVERSATION_INTERESTED)
		return c->company ? "interest" : "";
	if (conversation_is_over(c->state) || c->own_opened)
		return "";
	if (c->company ? c->peer_committed : c->peer_opened)
		return "open";
	return c->peer_committed && !c->own_committed ? "commit" : "";
}

/* ---- a step ---- */

static void
show_did(json_t *o, const char *key, const uint8_t pub[ED25519_PUBLIC])
{
	char did[DID_KEY_TEXT];

	did_key_put(did, pub);
	(void)json_object_set_new(o, key, json_string(did));
}

static void
show_introduction(json_t *o, const struct message *msg)
{
	const struct voucher *v = &msg->introduction.voucher;

	show_did(o, "company", msg->introduction.company);
	show_did(o, "introducer", v->introducer);
	mail_put_hex(
	    o, "inbox", slice_of(msg->introduction.inbox, X25519_SIZE));
	mail_put_hex(o, "token", slice_of(v->token, VOUCHER_TOKEN));
	mail_put_hex(o, "voucher_sig", slice_of(v->sig, ED25519_SIG));
	(void)json_object_set_new(
	    o, "until", json_integer((json_int_t)v->until_h));
}

static void
show_hand(json_t *o, const struct message *msg)
{
	if (msg->hand.card.n > 0)
		mail_put_hex(o, "card", msg->hand.card);
	if (msg->hand.introduced)
		show_did(o, "introducer", msg->hand.voucher.introducer);
}

static json_t *
shown(struct mailbox *m, const struct message *msg)
{
	char text[MESSAGE_TEXT_MAX + 1];
	struct buf b = { (uint8_t *)text, 0, sizeof(text) };
	json_t *o = json_pack("{s:s,s:s,s:I}", "from", "peer", "type",
	    message_type_name(msg->type), "at", (json_int_t)mail_now(m));

	if (o != NULL && message_text_get(msg, &b) == OK && b.n > 0)
		(void)json_object_set_new(o, "text", json_stringn(text, b.n));
	if (o != NULL && msg->type == MESSAGE_ASK) {
		json_t *names = json_array();
		for (uint32_t i = 0; i < msg->ask.n; i++)
			(void)json_array_append_new(names,
			    json_stringn((const char *)msg->ask.leaves[i].p,
				msg->ask.leaves[i].n));
		(void)json_object_set_new(o, "leaves", names);
	}
	if (o != NULL && msg->type == MESSAGE_OFFER && msg->offer.ledger.n > 0)
		mail_put_hex(o, "ledger", msg->offer.ledger);
	if (o != NULL && msg->type == MESSAGE_DISCLOSE)
		mail_put_hex(o, "presentation", msg->presentation);
	if (o != NULL && msg->type == MESSAGE_INTRODUCTION)
		show_introduction(o, msg);
	if (o != NULL && msg->type == MESSAGE_HAND)
		show_hand(o, msg);
	if (o != NULL && msg->type == MESSAGE_OPEN) {
		json_t *who = json_stringn(
		    (const char *)msg->open.identity.p, msg->open.identity.n);
		if (who != NULL) /* NULL: not text */
			(void)json_object_set_new(o, "identity", who);
	}
	crypto_wipe(text, sizeof(text));
	return o;
}

static json_t *
shown_document(struct mailbox *m, const struct conversation_action *a)
{
	json_t *o = json_pack("{s:s,s:s,s:I,s:s,s:I}", "from", "peer", "type",
	    "document", "at", (json_int_t)mail_now(m), "document",
	    mail_document_name(a->document), "bytes", (json_int_t)a->data.n);

	/* A proof stays with the talk: it is checked whenever it is shown. */
	if (a->document == MAIL_LEDGER && a->data.n <= MAIL_LEDGER_MAX)
		mail_put_hex(o, "ledger", a->data);
	return o;
}

/* What others judge is taken out of the step: they are told after it. */
static void
take_arrived(struct mailbox *m)
{
	const struct conversation_actions *a = m->actions;
	struct arrived *to = m->arrived;
	struct buf out = { to->bytes, 0, sizeof(to->bytes) };
	err e = OK;

	to->what = ARRIVED_NOTHING;
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->list[i].type == CONVERSATION_DOCUMENT_WHOLE) {
			to->what = ARRIVED_DOCUMENT;
			to->kind = a->list[i].document;
			e = buf_put(&out, a->list[i].data.p, a->list[i].data.n);
		}
		if (a->list[i].type != CONVERSATION_SHOW)
			continue;
		if (a->message.type == MESSAGE_DISCLOSE) {
			to->what = ARRIVED_LEAVES;
			e = buf_put(&out, a->message.presentation.p,
			    a->message.presentation.n);
		} else if (a->message.type == MESSAGE_ASK) {
			to->what = ARRIVED_ASK;
			for (uint32_t k = 0; e == OK && k < a->message.ask.n;
			     k++) {
				const struct slice s = a->message.ask.leaves[k];
				if (k > 0)
					e = buf_put(&out, "\n", 1);
				if (e == OK)
					e = buf_put(&out, s.p, s.n);
			}
		}
	}
	to->n = out.n;
	if (e != OK)
		to->what = ARRIVED_NOTHING;
}

static const char *
arrived_name(const struct arrived *a)
{
	switch (a->what) {
	case ARRIVED_DOCUMENT:
		return mail_document_name(a->kind);
	case ARRIVED_LEAVES:
		return "presentation";
	case ARRIVED_ASK:
		return "ask";
	case ARRIVED_NOTHING:
		break;
	}
	return "";
}

/* It stays in the vault and is handed over again; not for ever. */
static void
hand_over_failed(
    struct mailbox *m, struct talk *t, const struct arrived *a, err why)
{
	struct talk_waiting *w = &t->waiting;
	char id[TALK_ID_TEXT];

	talk_id_text(t, id);
	w->tries++;
	w->why = why;
	w->what = arrived_name(a);
	w->after = m->n->ticks + MIN(WAIT_TICKS << MIN(w->tries - 1, 20U),
				     (uint64_t)WAIT_TICKS_MAX);
	if (w->tries < WAITING_TRIES) {
		env_log(&m->n->env, LOG_UNUSUAL, "arrived_not_kept",
		    "what=\"something that came by a conversation cannot be "
		    "stored: it is tried again\" talk=%s it=%s why=%s tries=%u",
		    id, w->what, err_name(why), w->tries);
		if (w->tries == 1)
			talk_tell(m, t, "waits");
		return;
	}
	env_log(&m->n->env, LOG_BROKEN, "arrived_lost",
	    "what=\"something that came by a conversation could not be "
	    "stored: the other side has to send it again\" talk=%s it=%s "
	    "why=%s",
	    id, w->what, err_name(why));
	m->stats.not_kept++;
	if (a->what != ARRIVED_NOTHING)
		line_mark(
		    m, t, a->line, "not_kept", json_string(err_name(why)));
	arrived_drop(m, t);
	*w = (struct talk_waiting){ .tries = 0 };
	m->again = true;
	talk_tell(m, t, "not-kept");
}

static err
tell_hook(struct mailbox *m, struct talk *t, const struct arrived *a)
{
	const struct slice bytes = slice_of(a->bytes, a->n);
	const struct mailbox_hooks *h = &m->hooks;

	if (a->what == ARRIVED_DOCUMENT && h->document != NULL)
		return h->document(m->n, t, a->kind, bytes);
	if (a->what == ARRIVED_LEAVES && h->presentation != NULL)
		return h->presentation(m->n, t, bytes);
	if (a->what == ARRIVED_ASK && h->ask != NULL)
		return h->ask(m->n, t, bytes);
	return OK;
}

/* Outside of any step: whoever is told may begin one. */
static void
hand_over(struct mailbox *m, struct talk *t)
{
	struct arrived *a = m->arrived;

	if (a->what == ARRIVED_NOTHING)
		return;
	/* A step that it begins uses another room. */
	m->arrived = calloc(1, sizeof(*m->arrived));
	if (m->arrived == NULL) {
		m->arrived = a;
		hand_over_failed(m, t, a, ERR_NOMEM);
		return;
	}
	const err e = tell_hook(m, t, a);
	if (e != OK && e != ERR_FORM) {
		hand_over_failed(m, t, a, e);
	} else {
		arrived_drop(m, t);
		m->again = m->again || t->waiting.tries > 0;
		t->waiting = (struct talk_waiting){ .tries = 0 };
	}
	crypto_wipe(a, sizeof(*a));
	free(a);
}

/* What could not be stored: is there room now? */
static void
hand_over_again(struct mailbox *m)
{
	for (unsigned i = 0; i < m->talks_n; i++) {
		struct talk *t = m->talks[i];
		if (t->waiting.tries == 0 || t->waiting.after > m->n->ticks)
			continue;
		if (arrived_load(m, t, m->arrived))
			hand_over(m, t);
		else /* nothing is left of it, or the vault cannot be read */
			hand_over_failed(m, t, m->arrived, ERR_IO);
	}
}

/* What came just before the last end of this process. */
static void
hand_over_left(struct mailbox *m)
{
	m->handed = true;
	for (unsigned i = 0; i < m->talks_n; i++)
		if (arrived_load(m, m->talks[i], m->arrived))
			hand_over(m, m->talks[i]);
}

const struct demand_named *
talk_demand(struct node *n, struct talk *t)
{
	if (t->c.company || t->c.terms_n == 0)
		t->demand = (struct demand_named){ .whose = DEMAND_NONE };
	else if (t->demand_again <= n->ticks) {
		demand_look(n, t->c.demand, t->c.peer, &t->demand);
		t->demand_again = n->ticks + DEMAND_TICKS;
	}
	return &t->demand;
}

bool
talk_is_quiet(struct node *n, struct talk *t)
{
	const char *why;

	if (t->c.company || n->mailbox->hooks.rule == NULL ||
	    (t->c.state != CONVERSATION_OFFERED &&
		t->c.state != CONVERSATION_SEEN))
		return false;
	const struct mailbox_asked a = { .author = t->c.peer,
		.pledge = t->pledge,
		.foreign = talk_demand(n, t)->whose == DEMAND_ANOTHER };
	return n->mailbox->hooks.rule(n, &a, &why) != MAILBOX_SHOWN;
}

void
talk_tell(struct mailbox *m, struct talk *t, const char *what)
{
	char id[TALK_ID_TEXT];

	if (talk_is_quiet(m->n, t))
		return;
	talk_id_text(t, id);
	node_event_of(m->n, "talk", t->persona,
	    t->c.company ? SCOPE_OFFER : SCOPE_INBOX,
	    json_pack("{s:s,s:s,s:s,s:s,s:s}", "id", id, "side",
		t->c.company ? "company" : "person", "state",
		conversation_state_name(t->c.state), "asks", talk_asks(t),
		"what", what));
}

static void
block(struct mailbox *m, const uint8_t peer[RECORD_AUTHOR])
{
	for (unsigned i = 0; i < m->blocked_n; i++)
		if (memcmp(m->blocked[i], peer, RECORD_AUTHOR) == 0)
			return;
	if (m->blocked_n == BLOCKED_MAX) { /* the oldest gives way */
		memmove(m->blocked, m->blocked + 1,
		    (BLOCKED_MAX - 1) * sizeof(*m->blocked));
		m->blocked_n--;
	}
	memcpy(m->blocked[m->blocked_n++], peer, RECORD_AUTHOR);
	blocked_keep(m);
}

static unsigned
blocked_at(const struct mailbox *m, const uint8_t key[RECORD_AUTHOR])
{
	unsigned i = 0;

	while (
	    i < m->blocked_n && memcmp(m->blocked[i], key, RECORD_AUTHOR) != 0)
		i++;
	return i;
}

bool
mailbox_is_blocked(struct node *n, const uint8_t key[ED25519_PUBLIC])
{
	return blocked_at(n->mailbox, key) < n->mailbox->blocked_n;
}

err
mailbox_block(struct node *n, const uint8_t key[ED25519_PUBLIC])
{
	if (mailbox_is_blocked(n, key))
		return ERR_EXISTS;
	if (n->mailbox->blocked_n == BLOCKED_MAX)
		return ERR_LIMIT;
	block(n->mailbox, key);
	return OK;
}

err
mailbox_unblock(struct node *n, const uint8_t key[ED25519_PUBLIC])
{
	struct mailbox *m = n->mailbox;
	const unsigned i = blocked_at(m, key);

	if (i == m->blocked_n)
		return ERR_NOTFOUND;
	m->blocked_n--;
	memmove(m->blocked[i], m->blocked[i + 1],
	    (m->blocked_n - i) * sizeof(*m->blocked));
	blocked_keep(m);
	return OK;
}

static void
carry_out(struct mailbox *m, struct talk *t)
{
	const struct conversation_actions *a = m->actions;

	for (uint32_t i = 0; i < a->n; i++)
		switch (a->list[i].type) {
		case CONVERSATION_KEYS_CHANGED:
			m->again = true;
			break;
		case CONVERSATION_BLOCK:
			block(m, t->c.peer);
			break;
		case CONVERSATION_SEND:
		case CONVERSATION_SHOW:
		case CONVERSATION_DOCUMENT_WHOLE:
		case CONVERSATION_ASK_OWNER:
		case CONVERSATION_ENDED:
			break;
		}
}

/* What is to be sent goes into ${o} and ${sends}. */
static err
collect(struct mailbox *m, struct talk *t,
    struct outgoing o[CONVERSATION_ACTIONS_MAX],
    json_t *sends[CONVERSATION_ACTIONS_MAX], unsigned *n, json_t **heard)
{
	const struct conversation_actions *a = m->actions;

	for (uint32_t i = 0; i < a->n; i++) {
		if (a->list[i].type == CONVERSATION_SHOW)
			*heard = shown(m, &a->message);
		if (a->list[i].type == CONVERSATION_DOCUMENT_WHOLE)
			*heard = shown_document(m, &a->list[i]);
		if (a->list[i].type != CONVERSATION_SEND)
			continue;
		o[*n] = (struct outgoing){ .number = t->sent_n + *n,
			.line = t->messages_n };
		if (m->out_n + *n >= OUTBOX_MAX)
			return ERR_LIMIT;
		TRY(outgoing_of(m, t, &a->list[i], o, *n, &o[*n], &sends[*n]));
		(*n)++;
	}
	return OK;
}

static void
queue_sends(struct mailbox *m, const struct outgoing *o, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct once once = once_of(m, &o[i]);
		struct outgoing *kept = malloc(sizeof(*kept));
		if (o[i].by != ENVELOPE_BY_COMPANY)
			(void)once_add(m, &once); /* there is room */
		if (kept == NULL)
			return; /* sent after the next start */
		*kept = o[i];
		m->out[m->out_n++] = kept;
	}
}

static bool
sends_still(const struct mailbox *m, const struct talk *t)
{
	for (unsigned i = 0; i < m->out_n; i++)
		if (memcmp(m->out[i]->talk, t->name, TALK_NAME) == 0)
			return true;
	return false;
}

/* The new state with all that comes of it is on the disk, or nothing is. */
static err
keep_step(struct mailbox *m, struct talk *t, json_t *said)
{
	struct outgoing o[CONVERSATION_ACTIONS_MAX];
	json_t *sends[CONVERSATION_ACTIONS_MAX], *heard = NULL;
	uint8_t fresh[ED25519_SEED];
	const uint64_t ended = t->ended_s, changed = t->changed_s;
	const uint64_t now = mail_now(m);
	unsigned n = 0;
	err e = collect(m, t, o, sends, &n, &heard);

	if (e == OK && m->once_n + n > ONCE_MAX)
		e = ERR_LIMIT;

	t->changed_s = now;
	if (conversation_is_over(t->c.state) && t->ended_s == 0)
		t->ended_s = now;
	/* Nothing will go out under its own author any more. */
	memcpy(fresh, t->fresh_seed, sizeof(fresh));
	const bool last =
	    t->has_fresh && t->ended_s != 0 && n == 0 && !sends_still(m, t);
	if (last) {
		t->has_fresh = false;
		crypto_wipe(t->fresh_seed, sizeof(t->fresh_seed));
	}
	if (e == OK)
		e = talk_keep(m, t, heard != NULL ? heard : said, sends, o, n,
		    m->arrived);
	if (e == OK)
		queue_sends(m, o, n);
	else {
		t->ended_s = ended;
		t->changed_s = changed;
		t->has_fresh = t->has_fresh || last;
		memcpy(t->fresh_seed, fresh, sizeof(fresh));
	}
	crypto_wipe(fresh, sizeof(fresh));
	for (unsigned i = 0; i < n; i++)
		json_decref(sends[i]);
	json_decref(heard);
	return e;
}

err
talk_step(struct mailbox *m, struct talk *t, const struct conversation_event *e,
    json_t *said, enum mail_outcome *outcome)
{
	err kept = OK;

	*m->before = t->c;
	*outcome =
	    conversation_step(&t->c, e, mail_now(m), &m->scratch, m->actions);
	if (*outcome != MAIL_FINE) {
		json_decref(said);
		said = NULL;
	}
	take_arrived(m);
	if (m->actions->changed) {
		kept = keep_step(m, t, said);
		if (kept != OK)
			t->c = *m->before;
		else {
			carry_out(m, t);
			talk_tell(m, t,
			    e->type == CONVERSATION_RECEIVE ? "received"
			    : e->type == CONVERSATION_TIME  ? "time"
							    : "said");
		}
	}
	json_decref(said);
	crypto_wipe(m->actions, sizeof(*m->actions));
	crypto_wipe(m->before, sizeof(*m->before));
	if (kept == OK && *outcome == MAIL_FINE)
		hand_over(m, t);
	return kept;
}

/* ---- time ---- */

static bool
on_envelope(void *ctx, const struct store_record *r)
{
	letters_put(ctx, LETTERS_NEW, r->rid);
	return true;
}

/* All that lie in the store: once, at the start. */
static void
scan(struct mailbox *m)
{
	struct store_view *view = NULL;

	if (store_view_open(m->n->store, &view) != OK)
		return;
	m->scan = store_each_kind(view, KIND_ENVELOPE, on_envelope, m) != OK;
	store_view_close(view);
}

static void
talk_drop(struct mailbox *m, unsigned i)
{
	talk_forget(m, m->talks[i]);
	talk_free(m->talks[i]);
	m->talks[i] = m->talks[--m->talks_n];
}

/* False: one of them is under way. */
static bool
sends_drop(struct mailbox *m, const struct talk *t)
{
	for (unsigned i = 0; i < m->out_n; i++)
		if (memcmp(m->out[i]->talk, t->name, TALK_NAME) == 0 &&
		    (m->out[i]->busy || m->stamping != NULL))
			return false;
	for (unsigned i = m->out_n; i-- > 0;) {
		struct outgoing *o = m->out[i];
		if (memcmp(o->talk, t->name, TALK_NAME) != 0)
			continue;
		outgoing_drop(m, o);
		m->out[i] = m->out[--m->out_n];
		free(o);
	}
	return true;
}

unsigned
mailbox_forget(struct node *n, uint32_t persona)
{
	struct mailbox *m = n->mailbox;
	unsigned left = 0;

	for (unsigned i = m == NULL ? 0 : m->talks_n; i-- > 0;) {
		if (m->talks[i]->persona != persona)
			continue;
		if (sends_drop(m, m->talks[i]))
			talk_drop(m, i);
		else
			left++;
	}
	/* and who began those that were forgotten before */
	if (m != NULL && tombs_forget(m, persona) != OK)
		left++;
	return left;
}

void
talks_trim(struct mailbox *m)
{
	for (;;) {
		unsigned ended = 0, oldest = TALKS_MAX;
		for (unsigned i = 0; i < m->talks_n; i++) {
			const struct talk *t = m->talks[i];
			if (t->ended_s == 0)
				continue;
			ended++;
			if (!sends_still(m, t) &&
			    (oldest == TALKS_MAX ||
				t->ended_s < m->talks[oldest]->ended_s))
				oldest = i;
		}
		if (ended <= ENDED_MAX || oldest == TALKS_MAX ||
		    tomb_make(m, m->talks[oldest]) != OK)
			return;
		talk_drop(m, oldest);
	}
}

static void
time_goes(struct mailbox *m)
{
	static const struct conversation_event e = { .type =
							 CONVERSATION_TIME };
	const uint64_t now = mail_now(m);
	enum mail_outcome ignored;

	for (unsigned i = m->talks_n; i-- > 0;) {
		struct talk *t = m->talks[i];
		if (conversation_expiry(&t->c) <= now &&
		    talk_step(m, t, &e, NULL, &ignored) != OK)
			continue;
		if (t->ended_s == 0 || now < t->ended_s + TALK_KEPT_S)
			continue;
		if (!sends_still(m, t))
			talk_drop(m, i);
	}
}

void
mailbox_tick(struct node *n, bool expires)
{
	struct mailbox *m = n->mailbox;

	if (m == NULL)
		return;
	/* Letters stay sealed in the store; then all of them are looked at. */
	if (signer_is_shut(n->signer)) {
		m->scan = true;
		return;
	}
	if (m->scan)
		scan(m);
	if (!m->handed)
		hand_over_left(m);
	hand_over_again(m);
	clock_tick(m, expires);
	letters_tick(m);
	outgoing_tick(m);
	talks_trim(m);
	if (m->leapt || n->ticks % LOOK_TICKS != 0)
		return;
	time_goes(m);
	once_tick(m);
}
