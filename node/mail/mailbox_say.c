/* What the owner says, and its way out: mailbox.h. */
#include <stdio.h>
#include <stdlib.h>

#include "node/mail/mailbox.h"
#include "node/mail/mailbox_internal.h"
#include "node/publish.h"
#include "node/signer.h"
#include "proto/base/text.h"

#define ENVELOPE_SLOTS 512
#define AGAIN_TICKS    10 /* until what could not be published is tried again */
#define RECORD_HEX     (2 * RECORD_BYTES_MAX + 1)

/* ---- signatures of a company ---- */

struct signing {
	struct node *n;
	uint32_t persona;
};

/* The signer knows what it signs: it gets what stands behind the domain. */
static bool
sign_mail(void *ctx, const uint8_t *p, size_t n, uint8_t sig[ED25519_SIG])
{
	const struct signing *s = ctx;
	const struct slice net = slice_str(s->n->config->node.network);
	const size_t head = 16 + 1 + net.n;
	const bool offer = n > head && memcmp(p, "ohcn-offer-v1", 14) == 0;

	if (n <= head || (!offer && memcmp(p, "ohcn-cert-v1", 13) != 0))
		return false;
	return signer_sign(s->n->signer, s->persona,
		   offer ? SIGN_OFFER : SIGN_CERTIFICATE, 0, net,
		   slice_of(p + head, n - head), sig) == OK;
}

/* False: its stamp is not worked out. */
static bool
signer_of(struct node *n, uint32_t persona, struct signing *s,
    struct mail_signer *out)
{
	const struct author *a = persona_get(n, persona);

	if (a == NULL || !a->stamped)
		return false;
	*s = (struct signing){ n, persona };
	*out = (struct mail_signer){ .sign = sign_mail, .ctx = s };
	memcpy(out->pub, a->pub, ED25519_PUBLIC);
	memcpy(out->stamp, a->stamp + 1, sizeof(out->stamp));
	return true;
}

/* ---- what is to be sent ---- */

static bool
slot_taken(const struct mailbox *m, const struct outgoing *others, unsigned n,
    struct store_view *view, const uint8_t author[ED25519_PUBLIC],
    uint32_t slot)
{
	struct store_record r;

	for (unsigned i = 0; i < n; i++) /* parts of one document */
		if (!others[i].one_time && others[i].slot == slot)
			return true;
	for (unsigned i = 0; i < m->out_n; i++)
		if (!m->out[i]->one_time && m->out[i]->slot == slot &&
		    memcmp(m->out[i]->author, author, ED25519_PUBLIC) == 0)
			return true;
	return store_get_slot(view, author, KIND_ENVELOPE, slot, &r) == OK &&
	       r.expires_h * 3600 > node_now(m->n);
}

/* ENVELOPE_SLOTS: all carry an envelope that is still alive. */
static uint32_t
free_slot(const struct mailbox *m, const struct outgoing *others, unsigned n,
    const uint8_t author[ED25519_PUBLIC])
{
	struct store_view *view = NULL;
	uint32_t slot = 0;

	if (store_view_open(m->n->store, &view) != OK)
		return ENVELOPE_SLOTS;
	while (slot < ENVELOPE_SLOTS &&
	       slot_taken(m, others, n, view, author, slot))
		slot++;
	store_view_close(view);
	return slot;
}

void
mail_put_hex(json_t *o, const char *key, struct slice bytes)
{
	char hex[RECORD_HEX];

	if (hex_put(hex, sizeof(hex), bytes) == OK)
		(void)json_object_set_new(o, key, json_string(hex));
}

/* A person's record is made at once: its key is then forgotten. */
static bool
put_record(struct mailbox *m, const struct conversation_action *a,
    struct slice payload, json_t *o)
{
	uint8_t raw[RECORD_BYTES_MAX], pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	struct buf out = { raw, 0, sizeof(raw) };
	const uint64_t seq = record_next_seq(node_now(m->n), 0);
	const struct record_draft d = {
		.net = slice_str(m->n->config->node.network),
		.kind = KIND_ENVELOPE,
		.region = "zz",
		.slot = 0,
		.seq = seq,
		.expires_h = MIN(a->expires_h, (seq >> 8) + ENVELOPE_HOURS),
		.stamp = slice_of(a->stamp, sizeof(a->stamp)),
		.pv = ENVELOPE_PV,
		.payload = payload,
	};

	ed25519_keypair(pub, secret, a->seed);
	const err e = record_make(&d, pub, secret, &out);
	crypto_wipe(secret, sizeof(secret));
	if (e == OK)
		mail_put_hex(o, "record", buf_slice(&out));
	return e == OK;
}

json_t *
outgoing_of(struct mailbox *m, const struct talk *t,
    const struct conversation_action *a, const struct outgoing *others,
    unsigned others_n, struct outgoing *o)
{
	uint8_t raw[ENVELOPE_PAYLOAD_MAX];
	struct buf payload = { raw, 0, sizeof(raw) };
	json_t *out = json_object();
	bool good = out != NULL && a->by != ENVELOPE_BY_FRESH &&
		    envelope_payload(a->sealed, &payload) == OK;

	memcpy(o->talk, t->name, TALK_NAME);
	memcpy(o->author, a->author, ED25519_PUBLIC);
	o->persona = t->persona;
	o->one_time = a->by == ENVELOPE_BY_ONE_TIME;
	if (good && o->one_time) {
		good = put_record(m, a, buf_slice(&payload), out);
	} else if (good) {
		o->slot = free_slot(m, others, others_n, a->author);
		good = o->slot < ENVELOPE_SLOTS;
		mail_put_hex(out, "payload", buf_slice(&payload));
	}
	if (!good) {
		json_decref(out);
		return NULL;
	}
	(void)json_object_set_new(
	    out, "persona", json_integer((json_int_t)o->persona));
	(void)json_object_set_new(
	    out, "slot", json_integer((json_int_t)o->slot));
	mail_put_hex(out, "author", slice_of(o->author, ED25519_PUBLIC));
	return out;
}

/* ---- publishing ---- */

static void
outgoing_end(struct mailbox *m, struct outgoing *o)
{
	outgoing_drop(m, o);
	for (unsigned i = 0; i < m->out_n; i++)
		if (m->out[i] == o) {
			m->out[i] = m->out[--m->out_n];
			break;
		}
	free(o);
}

struct sending {
	struct node *n;
	struct outgoing *o;
};

static void
on_sent(void *ctx, const struct publish_result *r)
{
	struct sending *s = ctx;
	struct mailbox *m = s->n->mailbox;

	if (m == NULL) {
		free(s);
		return;
	}
	s->o->busy = false;
	s->o->after = s->n->ticks + AGAIN_TICKS;
	if (r->error == OK) {
		outgoing_end(m, s->o);
	} else if (r->error == ERR_FORM) { /* it will never be taken */
		if (r->outcome != RECORD_DUPLICATE)
			env_log(&s->n->env, LOG_UNUSUAL, "envelope_refused",
			    "why=\"%s\"", r->why);
		outgoing_end(m, s->o);
	}
	free(s);
}

static bool
bytes_of(const json_t *v, const char *key, struct buf *out)
{
	const char *hex = json_string_value(json_object_get(v, key));

	return hex != NULL && hex_get(slice_str(hex), out) == OK && out->n > 0;
}

static void
publish(struct mailbox *m, struct outgoing *o)
{
	uint8_t raw[RECORD_BYTES_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct sending *s = malloc(sizeof(*s));
	json_t *v = outgoing_get(m, o);

	o->after = m->n->ticks + AGAIN_TICKS;
	if (s == NULL || !bytes_of(v, o->one_time ? "record" : "payload", &b)) {
		json_decref(v);
		free(s);
		return;
	}
	json_decref(v);
	*s = (struct sending){ m->n, o };
	o->busy = true;
	if (o->one_time) {
		publish_made(m->n, buf_slice(&b), on_sent, s);
		return;
	}
	const struct publish_request q = { .persona = o->persona,
		.kind = KIND_ENVELOPE,
		.slot = o->slot,
		.region = "zz",
		.payload = buf_slice(&b),
		.lifetime_hours = ENVELOPE_HOURS };
	publish_record(m->n, &q, on_sent, s);
}

/* One by one: each may end within the call, and the list changes then. */
void
outgoing_tick(struct mailbox *m)
{
	for (unsigned i = 0; i < m->out_n;) {
		struct outgoing *o = m->out[i];
		if (!o->busy && o->after <= m->n->ticks && !m->n->restoring)
			publish(m, o);
		if (i < m->out_n && m->out[i] == o)
			i++;
	}
}

bool
mailbox_persona(
    const struct node *n, const uint8_t author[ED25519_PUBLIC], uint32_t *index)
{
	const struct mailbox *m = n->mailbox;

	for (unsigned i = 0; m != NULL && i < m->out_n; i++)
		if (memcmp(m->out[i]->author, author, ED25519_PUBLIC) == 0) {
			*index = m->out[i]->persona;
			return true;
		}
	/* After that it is a used one of some talk. */
	for (unsigned i = 0; m != NULL && i < m->talks_n; i++)
		for (uint32_t k = 0; k < m->talks[i]->c.authors_n; k++)
			if (!m->talks[i]->c.company &&
			    memcmp(m->talks[i]->c.authors[k].pub, author,
				ED25519_PUBLIC) == 0) {
				*index = m->talks[i]->persona;
				return true;
			}
	return false;
}

/* ---- what the owner says ---- */

static void
draw(struct node *n, struct conversation_random *r)
{
	n->env.random(n->env.ctx, (uint8_t *)r, sizeof(*r));
}

static json_t *
said_json(struct mailbox *m, const char *type, struct slice text)
{
	json_t *o = json_pack("{s:s,s:s,s:I}", "from", "me", "type", type, "at",
	    (json_int_t)node_now(m->n));

	if (o != NULL && text.n > 0)
		(void)json_object_set_new(
		    o, "text", json_stringn((const char *)text.p, text.n));
	return o;
}

/* Shows what would be sent; the talk is the caller's to throw away. */
static void
try_offer(struct mailbox *m, struct talk *t, const struct conversation_event *e,
    enum mail_outcome *outcome, struct buf *bytes)
{
	*outcome = conversation_step(
	    &t->c, e, node_now(m->n), &m->scratch, m->actions);
	for (uint32_t i = 0; bytes != NULL && i < m->actions->n; i++)
		if (m->actions->list[i].type == CONVERSATION_SEND &&
		    buf_put(bytes, m->actions->list[i].sealed.p,
			m->actions->list[i].sealed.n) != OK)
			*outcome = MAIL_BAD_REQUEST;
	crypto_wipe(m->actions, sizeof(*m->actions));
}

err
mailbox_offer(struct node *n, const struct mailbox_offer *o, bool dry,
    struct talk **out, enum mail_outcome *outcome, struct buf *bytes)
{
	struct mailbox *m = n->mailbox;
	const struct author *a = persona_get(n, o->persona);
	struct conversation_random random;
	struct mail_signer signer;
	struct signing with;
	err e = OK;

	*out = NULL;
	if (a == NULL || !signer_of(n, o->persona, &with, &signer))
		return ERR_CLOSED;
	if (m->talks_n == TALKS_MAX || m->out_n == OUTBOX_MAX)
		return ERR_LIMIT;
	struct talk *t = talk_new(m, o->persona, true, a->pub);
	if (t == NULL)
		return ERR_NOMEM;
	draw(n, &random);
	const struct conversation_event ev = { .type = CONVERSATION_OWN_OFFER,
		.random = &random,
		.signer = &signer,
		.peer = o->to,
		.key = o->key,
		.terms = o->terms };
	if (dry)
		try_offer(m, t, &ev, outcome, bytes);
	else
		e = talk_step(m, t, &ev,
		    said_json(m, "offer", slice_of(NULL, 0)), outcome);
	crypto_wipe(&random, sizeof(random));
	if (dry || e != OK || *outcome != MAIL_FINE || !talk_add(m, t)) {
		talk_free(t);
		return e;
	}
	*out = t;
	outgoing_tick(m);
	return OK;
}

/* An event with its line for the history, which is taken. */
static err
say(struct mailbox *m, struct talk *t, struct conversation_event *e,
    unsigned envelopes, json_t *line, enum mail_outcome *outcome)
{
	struct conversation_random random;
	struct mail_signer signer;
	struct signing with;
	err refused = OK;

	if (envelopes > 0 && t->c.company &&
	    !signer_of(m->n, t->persona, &with, &signer))
		refused = ERR_CLOSED;
	else if (m->out_n + envelopes > OUTBOX_MAX)
		refused = ERR_LIMIT;
	if (refused != OK) {
		json_decref(line);
		return refused;
	}
	draw(m->n, &random);
	e->random = &random;
	e->signer = &signer;
	const err kept = talk_step(m, t, e, line, outcome);
	crypto_wipe(&random, sizeof(random));
	if (kept == OK && envelopes > 0)
		outgoing_tick(m);
	return kept;
}

static const char *
type_said(enum conversation_event_type type)
{
	switch ((unsigned)type) {
	case CONVERSATION_OWN_INTEREST:
		return "interest";
	case CONVERSATION_OWN_TEXT:
		return "text";
	case CONVERSATION_OWN_COMMIT:
		return "commit";
	case CONVERSATION_OWN_OPEN:
		return "open";
	case CONVERSATION_OWN_WITHDRAW:
		return "withdraw";
	default:
		return NULL; /* without a word */
	}
}

err
mailbox_say(struct node *n, struct talk *t, enum conversation_event_type type,
    struct slice said, enum mail_outcome *outcome)
{
	struct mailbox *m = n->mailbox;
	const bool commits = type == CONVERSATION_OWN_COMMIT;
	const char *word = type_said(type);
	struct conversation_event e = { .type = type };
	json_t *line = NULL;

	if (commits)
		e.data = said;
	else
		e.text = said;
	if (word != NULL)
		line = said_json(m, word, e.text);
	if (commits && line != NULL)
		(void)json_object_set_new(line, "identity",
		    json_stringn((const char *)said.p, said.n));
	return say(m, t, &e, word != NULL, line, outcome);
}

err
mailbox_ask(struct node *n, struct talk *t, struct slice names,
    enum mail_outcome *outcome)
{
	struct conversation_event e = { .type = CONVERSATION_OWN_ASK,
		.text = names };
	json_t *line = said_json(n->mailbox, "ask", slice_of(NULL, 0));
	json_t *list = json_array();
	size_t from = 0;

	for (size_t i = 0; i <= names.n; i++)
		if (i == names.n || names.p[i] == '\n') {
			(void)json_array_append_new(
			    list, json_stringn(
				      (const char *)names.p + from, i - from));
			from = i + 1;
		}
	(void)json_object_set_new(line, "leaves", list);
	return say(n->mailbox, t, &e, 1, line, outcome);
}

err
mailbox_approve(
    struct node *n, struct talk *t, uint64_t leaves, enum mail_outcome *outcome)
{
	struct conversation_event e = { .type = CONVERSATION_OWN_APPROVE,
		.leaves = leaves };

	return say(n->mailbox, t, &e, 0, NULL, outcome);
}

err
mailbox_disclose(struct node *n, struct talk *t, uint64_t leaves,
    struct slice presentation, struct slice text, enum mail_outcome *outcome)
{
	struct conversation_event e = { .type = CONVERSATION_OWN_DISCLOSE,
		.leaves = leaves,
		.data = presentation,
		.text = text };
	json_t *line = said_json(n->mailbox, "disclose", text);

	mail_put_hex(line, "presentation", presentation);
	return say(n->mailbox, t, &e, 1, line, outcome);
}

err
mailbox_say_document(struct node *n, struct talk *t, enum mail_document kind,
    struct slice bytes, enum mail_outcome *outcome)
{
	struct conversation_event e = { .type = CONVERSATION_OWN_DOCUMENT,
		.document = kind,
		.data = bytes };
	json_t *line = said_json(n->mailbox, "document", slice_of(NULL, 0));

	(void)json_object_set_new(
	    line, "document", json_string(mail_document_name(kind)));
	(void)json_object_set_new(
	    line, "bytes", json_integer((json_int_t)bytes.n));
	return say(n->mailbox, t, &e,
	    (unsigned)((bytes.n + MAIL_PART_MAX - 1) / MAIL_PART_MAX), line,
	    outcome);
}

err
mailbox_introduce(struct node *n, struct talk *t,
    const uint8_t company[ED25519_PUBLIC], const uint8_t inbox[X25519_SIZE],
    const struct voucher *v, struct slice text, enum mail_outcome *outcome)
{
	struct conversation_event e = { .type = CONVERSATION_OWN_INTRODUCTION,
		.peer = company,
		.key = inbox,
		.voucher = v,
		.text = text };
	json_t *line = said_json(n->mailbox, "introduction", text);
	char did[DID_KEY_TEXT];

	did_key_put(did, company);
	(void)json_object_set_new(line, "company", json_string(did));
	return say(n->mailbox, t, &e, 1, line, outcome);
}

err
mailbox_agree(struct node *n, struct talk *t, const uint8_t id[RECORD_ID],
    uint64_t until_h, enum mail_outcome *outcome)
{
	struct conversation_event e = {
		.type = CONVERSATION_AGREE, .id = id, .until_h = until_h
	};

	return say(n->mailbox, t, &e, 0, NULL, outcome);
}

err
mailbox_conclude(struct node *n, struct talk *t, const uint8_t id[RECORD_ID],
    enum conversation_result result, enum mail_outcome *outcome)
{
	struct conversation_event e = {
		.type = CONVERSATION_CONCLUDE, .id = id, .result = result
	};

	return say(n->mailbox, t, &e, 0, NULL, outcome);
}
