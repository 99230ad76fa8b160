#include "node/mail/mailbox.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/intro.h"
#include "node/mail/mailbox_internal.h"
#include "node/signer.h"
#include "proto/base/text.h"
#include "proto/mail/inbox.h"

#define RIDS_MAX     (1U << 20)
#define PENDING_MAX  4096
#define KEYS_A_TICK  1500 /* tries; about a tenth of a second */
#define KEYS_MAX     (SIGNER_KEYS_MAX + TALKS_MAX * CONVERSATION_RECEIVE_KEYS)
#define LOOK_TICKS   10
#define HOUR_PLEDGED 3000 /* an hour counts like so many minor units */

_Static_assert(KEYS_MAX <= ENVELOPE_KEYS_MAX, "all of them can be tried");

/* ---- numbers of records ---- */

static bool
rids_put(struct rids *q, uint64_t rid, size_t max)
{
	if (q->at > 0 && q->at == q->n)
		q->at = q->n = 0;
	if (q->n == q->cap) {
		const size_t cap = q->cap == 0 ? 64 : 2 * q->cap;
		uint64_t *more =
		    q->n >= max ? NULL : realloc(q->list, cap * sizeof(*more));
		if (more == NULL)
			return false;
		q->list = more;
		q->cap = cap;
	}
	q->list[q->n++] = rid;
	return true;
}

static void
mail_put(struct mailbox *m, uint64_t rid)
{
	if (!rids_put(&m->queue, rid, RIDS_MAX))
		m->stats.lost++;
}

/* The oldest gives way: it is the next to expire. */
static void
pending_put(struct mailbox *m, uint64_t rid)
{
	struct rids *p = &m->pending;

	for (size_t i = 0; i < p->n; i++)
		if (p->list[i] == rid)
			return;
	if (p->n == PENDING_MAX) {
		memmove(p->list, p->list + 1, (p->n - 1) * sizeof(*p->list));
		p->n--;
		m->stats.lost++;
	}
	if (!rids_put(p, rid, PENDING_MAX))
		m->stats.lost++;
}

/* ---- life ---- */

err
mailbox_open(struct node *n)
{
	struct mailbox *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return ERR_NOMEM;
	n->mailbox = m;
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
	if (m->values.p == NULL || m->scratch.p == NULL ||
	    m->record.p == NULL || m->actions == NULL || m->before == NULL ||
	    m->keys == NULL || m->arrived == NULL || m->blocked == NULL)
		return ERR_NOMEM;
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
	t->begun_s = node_now(m->n);
	conversation_init(&t->c, slice_str(m->n->config->node.network), company,
	    own, node_now(m->n) / 3600);
	return t;
}

void
talk_free(struct talk *t)
{
	if (t == NULL)
		return;
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
	free(m->queue.list);
	free(m->pending.list);
	free(m->values.p);
	free(m->scratch.p);
	free(m->record.p);
	free(m->actions);
	free(m->before);
	free(m->keys);
	free(m->arrived);
	free(m->blocked);
	free(m);
	n->mailbox = NULL;
}

bool
talk_add(struct mailbox *m, struct talk *t)
{
	if (m->talks_n == TALKS_MAX)
		return false;
	m->talks[m->talks_n++] = t;
	return true;
}

void
mailbox_stored(struct node *n, uint64_t rid)
{
	if (n->mailbox != NULL)
		mail_put(n->mailbox, rid);
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
mailbox_on_trust(struct node *n, mailbox_trust_fn *fn)
{
	n->mailbox->hooks.trust = fn;
}

void
mailbox_stats(const struct node *n, struct mailbox_stats *out)
{
	const struct mailbox *m = n->mailbox;

	*out = m->stats;
	out->talks = m->talks_n;
	out->queued = (unsigned)(m->queue.n - m->queue.at);
	out->pending = (unsigned)m->pending.n;
	out->outbox = m->out_n;
}

const char *
talk_asks(const struct talk *t)
{
	const struct conversation *c = &t->c;

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

static json_t *
shown(struct mailbox *m, const struct message *msg)
{
	char text[MESSAGE_TEXT_MAX + 1];
	struct buf b = { (uint8_t *)text, 0, sizeof(text) };
	json_t *o = json_pack("{s:s,s:s,s:I}", "from", "peer", "type",
	    message_type_name(msg->type), "at", (json_int_t)node_now(m->n));

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
	if (o != NULL && msg->type == MESSAGE_DISCLOSE)
		mail_put_hex(o, "presentation", msg->presentation);
	if (o != NULL && msg->type == MESSAGE_INTRODUCTION) {
		char did[DID_KEY_TEXT];
		did_key_put(did, msg->introduction.company);
		(void)json_object_set_new(o, "company", json_string(did));
	}
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
	return json_pack("{s:s,s:s,s:I,s:s,s:I}", "from", "peer", "type",
	    "document", "at", (json_int_t)node_now(m->n), "document",
	    mail_document_name(a->document), "bytes", (json_int_t)a->data.n);
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

/* Outside of any step: whoever is told may begin one. */
static void
hand_over(struct mailbox *m, struct talk *t)
{
	struct arrived *a = m->arrived;
	const struct slice bytes = slice_of(a->bytes, a->n);

	if (a->what == ARRIVED_NOTHING)
		return;
	/* A step that it begins uses another room. */
	m->arrived = calloc(1, sizeof(*m->arrived));
	if (m->arrived == NULL) { /* told of it after the next start */
		m->arrived = a;
		return;
	}
	if (a->what == ARRIVED_DOCUMENT && m->hooks.document != NULL)
		m->hooks.document(m->n, t, a->kind, bytes);
	if (a->what == ARRIVED_LEAVES && m->hooks.presentation != NULL)
		m->hooks.presentation(m->n, t, bytes);
	if (a->what == ARRIVED_ASK && m->hooks.ask != NULL)
		m->hooks.ask(m->n, t, bytes);
	arrived_drop(m, t);
	crypto_wipe(a, sizeof(*a));
	free(a);
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

static void
tell(struct mailbox *m, const struct talk *t, const char *what)
{
	char id[TALK_ID_TEXT];

	talk_id_text(t, id);
	node_event_to(m->n, "talk", t->c.company ? SCOPE_OFFER : SCOPE_INBOX,
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

/* What is to be sent goes into ${o} and ${sends}; how many, or -1. */
static int
collect(struct mailbox *m, struct talk *t,
    struct outgoing o[CONVERSATION_ACTIONS_MAX],
    json_t *sends[CONVERSATION_ACTIONS_MAX], json_t **heard)
{
	const struct conversation_actions *a = m->actions;
	int n = 0;

	for (uint32_t i = 0; i < a->n; i++) {
		if (a->list[i].type == CONVERSATION_SHOW)
			*heard = shown(m, &a->message);
		if (a->list[i].type == CONVERSATION_DOCUMENT_WHOLE)
			*heard = shown_document(m, &a->list[i]);
		if (a->list[i].type != CONVERSATION_SEND)
			continue;
		o[n] = (struct outgoing){ .number = t->sent_n + (uint32_t)n };
		sends[n] =
		    m->out_n + (unsigned)n < OUTBOX_MAX
			? outgoing_of(m, t, &a->list[i], o, (unsigned)n, &o[n])
			: NULL;
		if (sends[n] == NULL)
			return -1 - n;
		n++;
	}
	return n;
}

static void
queue_sends(struct mailbox *m, const struct outgoing *o, int n)
{
	for (int i = 0; i < n; i++) {
		struct outgoing *kept = malloc(sizeof(*kept));
		if (kept == NULL)
			return; /* sent after the next start */
		*kept = o[i];
		m->out[m->out_n++] = kept;
	}
}

/* The new state with all that comes of it is on the disk, or nothing is. */
static err
keep_step(struct mailbox *m, struct talk *t, json_t *said)
{
	struct outgoing o[CONVERSATION_ACTIONS_MAX];
	json_t *sends[CONVERSATION_ACTIONS_MAX], *heard = NULL;
	const uint64_t ended = t->ended_s, changed = t->changed_s;
	const int got = collect(m, t, o, sends, &heard);
	const int n = got < 0 ? -1 - got : got;
	const uint64_t now = node_now(m->n);
	err e = got < 0 ? ERR_LIMIT : OK;

	t->changed_s = now;
	if (conversation_is_over(t->c.state) && t->ended_s == 0)
		t->ended_s = now;
	if (e == OK)
		e = talk_keep(m, t, heard != NULL ? heard : said, sends, o,
		    (unsigned)n, m->arrived);
	if (e == OK)
		queue_sends(m, o, n);
	else {
		t->ended_s = ended;
		t->changed_s = changed;
	}
	for (int i = 0; i < n; i++)
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
	*outcome = conversation_step(
	    &t->c, e, node_now(m->n), &m->scratch, m->actions);
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
			tell(m, t,
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

/* ---- an envelope ---- */

struct letter {
	uint64_t rid;
	uint8_t author[RECORD_AUTHOR];
	uint8_t company[RECORD_AUTHOR]; /* of its certificate */
	bool certified;
	size_t sealed_n;
	uint8_t sealed[ENVELOPE_SEALED_MAX];
};

/* False: nothing to be tried. */
static bool
letter_get(struct mailbox *m, uint64_t rid, struct letter *l)
{
	struct store_view *view = NULL;
	struct store_record s;
	struct record r;
	struct slice sealed;
	bool good = false;

	if (store_view_open(m->n->store, &view) != OK)
		return false;
	if (store_get_rid(view, rid, &s) == OK && s.kind == KIND_ENVELOPE &&
	    !s.deleted && !s.opaque && s.expires_h * 3600 > node_now(m->n) &&
	    record_read(s.bytes, &m->record, &r) == RECORD_FINE &&
	    r.stamp.n > 0 &&
	    envelope_sealed(r.payload, &m->values, &sealed) == OK) {
		l->rid = rid;
		memcpy(l->author, r.author, RECORD_AUTHOR);
		l->certified = r.stamp.p[0] == STAMP_CERTIFICATE &&
			       r.stamp.n == STAMP_CERTIFICATE_BYTES;
		if (l->certified)
			memcpy(l->company, r.stamp.p + 1, RECORD_AUTHOR);
		l->sealed_n = sealed.n;
		memcpy(l->sealed, sealed.p, sealed.n);
		good = true;
	}
	store_view_close(view);
	arena_reset(&m->values);
	return good;
}

/* The intro keys: their secrets are the signer's. */
static size_t
intro_keys(struct mailbox *m, const struct letter *l)
{
	uint8_t pubs[SIGNER_KEYS_MAX][X25519_SIZE];
	uint8_t shared[SIGNER_KEYS_MAX][X25519_SIZE];
	unsigned n = 0;

	if (intro_at(m->n, 0) == NULL ||
	    signer_shared_all(m->n->signer, l->sealed, pubs, shared, &n) != OK)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		struct envelope_key *k = &m->keys[i];
		memset(k, 0, sizeof(*k));
		memcpy(k->pub, pubs[i], X25519_SIZE);
		memcpy(k->secret, shared[i], X25519_SIZE);
		k->shared = true;
	}
	crypto_wipe(shared, sizeof(shared));
	return n;
}

static bool
gave_away(const struct conversation *c, const uint8_t author[RECORD_AUTHOR])
{
	for (uint32_t i = 0; i < c->authors_n; i++)
		if (memcmp(c->authors[i].pub, author, RECORD_AUTHOR) == 0)
			return true;
	return false;
}

/* May an envelope like this be for that talk? */
static bool
may_be_for(const struct talk *t, const struct letter *l, bool known)
{
	const struct conversation *c = &t->c;

	if (!c->company)
		return !l->certified &&
		       memcmp(c->peer, l->author, RECORD_AUTHOR) == 0;
	if (l->certified && memcmp(c->own, l->company, RECORD_AUTHOR) != 0)
		return false;
	return !known || gave_away(c, l->author);
}

/* All keys that may open it; ${ours}: some day one of ours may. */
static size_t
keys_for(struct mailbox *m, const struct letter *l, bool *ours)
{
	size_t n = l->certified ? 0 : intro_keys(m, l);
	bool known = false;

	*ours = false;
	for (unsigned i = 0; i < m->talks_n && l->certified; i++)
		known = known || gave_away(&m->talks[i]->c, l->author);
	for (unsigned i = 0; i < m->talks_n; i++) {
		const struct talk *t = m->talks[i];
		if (conversation_is_over(t->c.state) ||
		    !may_be_for(t, l, known))
			continue;
		*ours = true;
		n += conversation_keys(&t->c, i + 1, m->keys + n);
	}
	return n;
}

/* ---- an offer of a stranger ---- */

static uint64_t
pledge_worth(const struct offer_terms *terms)
{
	if (!terms->has_pledge)
		return 0;
	return terms->pledge.amount +
	       (uint64_t)terms->pledge.hours * HOUR_PLEDGED;
}

static uint32_t
trust_in(
    struct mailbox *m, uint32_t persona, const uint8_t author[RECORD_AUTHOR])
{
	return m->hooks.trust == NULL
		   ? 0
		   : MIN(m->hooks.trust(m->n, persona, author), INBOX_ONE);
}

static struct inbox_item
item_of(struct mailbox *m, const struct talk *t)
{
	struct inbox_item i = { .persona = t->persona,
		.trust = trust_in(m, t->persona, t->c.peer),
		.pledge = t->pledge,
		.received_h = t->begun_s / 3600,
		.open = t->c.state == CONVERSATION_OFFERED ||
			t->c.state == CONVERSATION_SEEN };

	memcpy(i.id, t->c.id, CONVERSATION_ID);
	memcpy(i.sender, t->c.peer, RECORD_AUTHOR);
	return i;
}

/* By the rules of inbox.h; who has to go for it is ignored. */
static bool
let_in(struct mailbox *m, const struct message *msg,
    const uint8_t author[RECORD_AUTHOR], uint32_t persona, uint64_t pledge)
{
	const struct inbox_limits limits = inbox_limits_standard();
	struct inbox_item *items = calloc(TALKS_MAX, sizeof(*items));
	unsigned *of = calloc(TALKS_MAX, sizeof(*of));
	struct inbox_item offer = { .persona = persona,
		.trust = trust_in(m, persona, author),
		.pledge = pledge,
		.received_h = node_now(m->n) / 3600,
		.open = true };
	enum inbox_outcome o = INBOX_NO_PLACE;
	enum mail_outcome ignored;
	size_t n = 0, place = 0;

	memcpy(offer.id, msg->conversation, CONVERSATION_ID);
	memcpy(offer.sender, author, RECORD_AUTHOR);
	if (items != NULL && of != NULL && m->talks_n < TALKS_MAX) {
		for (unsigned i = 0; i < m->talks_n; i++) {
			if (m->talks[i]->c.company)
				continue;
			of[n] = i;
			items[n++] = item_of(m, m->talks[i]);
		}
		o = inbox_offer(&limits,
		    (const uint8_t(*)[RECORD_AUTHOR])m->blocked, m->blocked_n,
		    items, n, &offer, &place);
	}
	if (o == INBOX_REPLACE) {
		const struct conversation_event e = {
			.type = CONVERSATION_OWN_IGNORE
		};
		if (talk_step(m, m->talks[of[place]], &e, NULL, &ignored) != OK)
			o = INBOX_NO_PLACE;
	}
	if (o != INBOX_KEEP && o != INBOX_REPLACE) {
		m->stats.kept_out++;
		env_log(&m->n->env, LOG_INFO, "offer_kept_out", "why=%s",
		    inbox_outcome_name(o));
	}
	free(items);
	free(of);
	return o == INBOX_KEEP || o == INBOX_REPLACE;
}

static enum mail_outcome
begin(struct mailbox *m, const struct envelope_opened *o,
    const struct author *persona, uint64_t pledge)
{
	const struct conversation_event e = { .type = CONVERSATION_RECEIVE,
		.opened = o };
	struct talk *t = talk_new(m, persona->index, false, persona->pub);
	enum mail_outcome outcome = MAIL_TOO_MANY;

	if (t == NULL)
		return outcome;
	t->pledge = pledge;
	if (talk_step(m, t, &e, NULL, &outcome) != OK)
		outcome = MAIL_TOO_MANY;
	if (outcome != MAIL_FINE || !talk_add(m, t))
		talk_free(t);
	return outcome;
}

/* It opened with an intro key. */
static enum mail_outcome
from_stranger(struct mailbox *m, const struct envelope_opened *o)
{
	const struct intro_key *k = intro_find(m->n, o->pub);
	const struct author *p =
	    k == NULL ? NULL : persona_get(m->n, k->persona);
	const struct conversation_event e = { .type = CONVERSATION_RECEIVE,
		.opened = o };
	enum mail_outcome outcome = MAIL_FOREIGN;
	struct message msg;
	struct offer_terms terms;

	if (p == NULL)
		return MAIL_FOREIGN;
	arena_reset(&m->values);
	const err read = message_read(o->message, &m->values, &msg);
	if (read != OK)
		return read == ERR_NOTFOUND ? MAIL_UNKNOWN : MAIL_MALFORMED;
	crypto_wipe(msg.authors, sizeof(msg.authors));
	for (unsigned i = 0; i < m->talks_n; i++) {
		struct talk *t = m->talks[i];
		/* Of this persona and this company: others may have chosen
		 * the same id. */
		if (t->c.company || t->persona != p->index ||
		    memcmp(t->c.peer, o->author, RECORD_AUTHOR) != 0 ||
		    memcmp(t->c.id, msg.conversation, CONVERSATION_ID) != 0)
			continue;
		return talk_step(m, t, &e, NULL, &outcome) == OK
			   ? outcome
			   : MAIL_TOO_MANY;
	}
	if (msg.type == MESSAGE_WITHDRAW)
		return MAIL_EARLY;
	if (msg.type != MESSAGE_OFFER)
		return MAIL_FOREIGN;
	arena_reset(&m->values);
	const err good = offer_terms_read(msg.offer.terms, &m->values, &terms);
	if (good != OK)
		return good == ERR_NOTFOUND ? MAIL_UNKNOWN : MAIL_MALFORMED;
	const uint64_t pledge = pledge_worth(&terms);
	if (!let_in(m, &msg, o->author, p->index, pledge))
		return MAIL_OVER;
	return begin(m, o, p, pledge);
}

/* How many keys it took. */
static size_t
try_one(struct mailbox *m, uint64_t rid)
{
	struct letter l;
	uint8_t plain[ENVELOPE_PLAIN_MAX];
	struct envelope_opened o;
	enum mail_outcome outcome = MAIL_FOREIGN;
	bool ours = false;

	if (!letter_get(m, rid, &l))
		return 1;
	const size_t n = keys_for(m, &l, &ours);
	m->stats.tried++;
	const err e = envelope_open(slice_of(l.sealed, l.sealed_n),
	    slice_str(m->n->config->node.network), l.author, m->keys, n, plain,
	    &o);
	if (e == OK) {
		const uint64_t tag = m->keys[o.key].tag;
		const struct conversation_event ev = {
			.type = CONVERSATION_RECEIVE, .opened = &o
		};
		m->stats.opened++;
		if (tag == 0)
			outcome = from_stranger(m, &o);
		else if (talk_step(m, m->talks[tag - 1], &ev, NULL, &outcome) !=
			 OK)
			outcome = MAIL_TOO_MANY;
		if (outcome == MAIL_FINE)
			m->stats.taken++;
		else
			m->stats.refused++;
		crypto_wipe(plain, sizeof(plain));
		crypto_wipe(&o, sizeof(o));
	}
	crypto_wipe(m->keys, n * sizeof(*m->keys));
	crypto_wipe(m->values.p, VALUE_ARENA_BYTES);
	arena_reset(&m->values);
	if ((e == ERR_NOTFOUND && ours) ||
	    (e == OK && (outcome == MAIL_EARLY || outcome == MAIL_TOO_MANY)))
		pending_put(m, rid);
	return n + 1;
}

/* ---- time ---- */

static bool
on_envelope(void *ctx, const struct store_record *r)
{
	mail_put(ctx, r->rid);
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
try_queue(struct mailbox *m)
{
	size_t keys = 0;

	if (m->again) {
		m->again = false;
		for (size_t i = 0; i < m->pending.n; i++)
			mail_put(m, m->pending.list[i]);
		m->pending.n = m->pending.at = 0;
	}
	while (m->queue.at < m->queue.n && keys < KEYS_A_TICK)
		keys += try_one(m, m->queue.list[m->queue.at++]);
}

static void
time_goes(struct mailbox *m)
{
	static const struct conversation_event e = { .type =
							 CONVERSATION_TIME };
	const uint64_t now = node_now(m->n);
	enum mail_outcome ignored;

	for (unsigned i = m->talks_n; i-- > 0;) {
		struct talk *t = m->talks[i];
		if (conversation_expiry(&t->c) <= now &&
		    talk_step(m, t, &e, NULL, &ignored) != OK)
			continue;
		if (t->ended_s == 0 || now < t->ended_s + TALK_KEPT_S)
			continue;
		talk_forget(m, t);
		talk_free(t);
		m->talks[i] = m->talks[--m->talks_n];
	}
}

void
mailbox_tick(struct node *n, bool expires)
{
	struct mailbox *m = n->mailbox;

	if (m == NULL)
		return;
	if (m->scan)
		scan(m);
	if (!m->handed)
		hand_over_left(m);
	try_queue(m);
	outgoing_tick(m);
	if (expires && n->ticks % LOOK_TICKS == 0)
		time_goes(m);
}
