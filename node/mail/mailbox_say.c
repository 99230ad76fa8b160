/* What the owner says: mailbox.h. */
#include <stdio.h>
#include <stdlib.h>

#include "node/keys/signer.h"
#include "node/mail/mailbox.h"
#include "node/mail/mailbox_internal.h"
#include "proto/base/text.h"

/* ---- signatures of a company ---- */

struct signing {
	struct node *n;
	uint32_t persona;
};

/* The signer knows what it signs: it gets what stands behind the domain. */
static bool
sign_mail(void *ctx, const uint8_t *p, size_t n, uint8_t sig[ED25519_SIG])
{
	static const struct {
		const char *name;
		enum signer_domain domain;
	} domains[] = { { "ohcn-offer-v1", SIGN_OFFER },
		{ "ohcn-cert-v1", SIGN_CERTIFICATE },
		{ "ohcn-voucher-v1", SIGN_VOUCHER } };
	const struct signing *s = ctx;
	const struct slice net = slice_str(s->n->config->node.network);
	const size_t head = 16 + 1 + net.n;

	for (size_t i = 0; n > head && i < ARRAY_LEN(domains); i++)
		if (memcmp(p, domains[i].name, strlen(domains[i].name) + 1) ==
		    0)
			return signer_sign(s->n->signer, s->persona,
				   domains[i].domain, 0, net,
				   slice_of(p + head, n - head), sig) == OK;
	return false;
}

/* False: its stamp is not worked out. */
static bool
signer_of(struct node *n, uint32_t persona, struct signing *s,
    struct mail_signer *out)
{
	const struct author *a = persona_get(n, persona);

	if (a == NULL || !a->stamped || a->state != PERSONA_LIVE)
		return false;
	*s = (struct signing){ n, persona };
	*out = (struct mail_signer){ .sign = sign_mail, .ctx = s };
	memcpy(out->pub, a->pub, ED25519_PUBLIC);
	memcpy(out->stamp, a->stamp + 1, sizeof(out->stamp));
	return true;
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
	    (json_int_t)mail_now(m));

	if (o != NULL && text.n > 0)
		(void)json_object_set_new(
		    o, "text", json_stringn((const char *)text.p, text.n));
	return o;
}

/* Shows what would be sent of a talk that is as ${t} is. */
static err
try_event(struct mailbox *m, const struct talk *t,
    const struct conversation_event *e, enum mail_outcome *outcome,
    struct buf *bytes)
{
	err full = OK;

	*m->before = t->c;
	*outcome = conversation_step(
	    m->before, e, mail_now(m), &m->scratch, m->actions);
	for (uint32_t i = 0; bytes != NULL && i < m->actions->n; i++)
		if (full == OK && m->actions->list[i].type == CONVERSATION_SEND)
			full = buf_put(bytes, m->actions->list[i].sealed.p,
			    m->actions->list[i].sealed.n);
	crypto_wipe(m->actions, sizeof(*m->actions));
	crypto_wipe(m->before, sizeof(*m->before));
	return full;
}

/* The first word of a talk, which is added if all goes well. */
static err
open_with(struct mailbox *m, struct talk *t, const struct conversation_event *e,
    json_t *line, bool dry, struct talk **out, enum mail_outcome *outcome,
    struct buf *bytes)
{
	err bad = OK;

	if (dry) {
		json_decref(line);
		bad = try_event(m, t, e, outcome, bytes);
	} else {
		bad = talk_step(m, t, e, line, outcome);
	}
	if (dry || bad != OK || *outcome != MAIL_FINE || !talk_add(m, t)) {
		talk_free(t);
		return bad;
	}
	*out = t;
	outgoing_tick(m);
	return OK;
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
	struct talk *t = o->hand;
	err e;

	*out = NULL;
	if (a == NULL || !signer_of(n, o->persona, &with, &signer))
		return ERR_CLOSED;
	if ((t == NULL && talks_full(m)) || m->out_n == OUTBOX_MAX)
		return ERR_LIMIT;
	draw(n, &random);
	const struct conversation_event ev = { .type = CONVERSATION_OWN_OFFER,
		.random = &random,
		.signer = &signer,
		.peer = o->to,
		.key = o->key,
		.terms = o->terms,
		.data = o->ledger };
	json_t *line = said_json(m, "offer", slice_of(NULL, 0));
	if (o->ledger.n > 0)
		mail_put_hex(line, "ledger", o->ledger);
	if (t != NULL && dry) {
		json_decref(line);
		e = try_event(m, t, &ev, outcome, bytes);
	} else if (t != NULL) {
		e = talk_step(m, t, &ev, line, outcome);
		*out = e == OK && *outcome == MAIL_FINE ? t : NULL;
		outgoing_tick(m);
	} else {
		t = talk_new(m, o->persona, true, a->pub);
		e = t == NULL
			? ERR_NOMEM
			: open_with(m, t, &ev, line, dry, out, outcome, bytes);
	}
	crypto_wipe(&random, sizeof(random));
	return e;
}

err
mailbox_hand(struct node *n, const struct mailbox_hand *h, bool dry,
    struct talk **out, enum mail_outcome *outcome, struct buf *bytes)
{
	struct mailbox *m = n->mailbox;
	const struct author *a = persona_get(n, h->persona);
	struct conversation_random random;
	uint8_t secret[ED25519_SECRET];

	*out = NULL;
	if (a == NULL || a->state != PERSONA_LIVE)
		return ERR_CLOSED;
	if (talks_full(m) || m->out_n == OUTBOX_MAX)
		return ERR_LIMIT;
	struct talk *t = talk_new(m, h->persona, false, a->pub);
	if (t == NULL)
		return ERR_NOMEM;
	/* Nothing of the persona is in it. */
	t->has_fresh = true;
	n->env.random(n->env.ctx, t->fresh_seed, sizeof(t->fresh_seed));
	ed25519_keypair(t->fresh_pub, secret, t->fresh_seed);
	crypto_wipe(secret, sizeof(secret));
	draw(n, &random);
	const struct conversation_event ev = { .type = CONVERSATION_OWN_HAND,
		.random = &random,
		.author = t->fresh_pub,
		.peer = h->company,
		.key = h->inbox,
		.id = h->demand,
		.text = h->text,
		.data = h->card,
		.voucher = h->voucher };
	json_t *line = said_json(m, "hand", h->text);
	if (h->card.n > 0)
		mail_put_hex(line, "card", h->card);
	const err e = open_with(m, t, &ev, line, dry, out, outcome, bytes);
	crypto_wipe(&random, sizeof(random));
	return e;
}

err
mailbox_voucher(struct node *n, uint32_t persona,
    const uint8_t company[ED25519_PUBLIC], uint32_t until_h, struct voucher *v)
{
	struct mail_signer signer;
	struct signing with;

	if (!signer_of(n, persona, &with, &signer))
		return ERR_CLOSED;
	memset(v, 0, sizeof(*v));
	n->env.random(n->env.ctx, v->token, sizeof(v->token));
	v->until_h = until_h;
	return voucher_sign(
	    &signer, slice_str(n->config->node.network), company, v);
}

/* An introduction among what was said; false: it is none, or too old. */
static bool
introduction_of(struct mailbox *m, const json_t *line,
    const uint8_t company[ED25519_PUBLIC], struct mailbox_introduction *out)
{
	const char *did = json_string_value(json_object_get(line, "company"));
	const char *by = json_string_value(json_object_get(line, "introducer"));
	const char *from = json_string_value(json_object_get(line, "from"));
	struct voucher *v = &out->voucher;
	uint8_t to[ED25519_PUBLIC];

	v->until_h = (uint32_t)json_number(line, "until");
	return did != NULL && by != NULL && from != NULL &&
	       strcmp(from, "peer") == 0 &&
	       did_key_get(slice_str(did), to) == OK &&
	       memcmp(to, company, sizeof(to)) == 0 &&
	       did_key_get(slice_str(by), v->introducer) == OK &&
	       json_bytes(line, "token", v->token, sizeof(v->token)) &&
	       json_bytes(line, "voucher_sig", v->sig, sizeof(v->sig)) &&
	       json_bytes(line, "inbox", out->inbox, sizeof(out->inbox)) &&
	       voucher_check(slice_str(m->n->config->node.network), company,
		   mail_now(m) / 3600, v);
}

bool
mailbox_introduced(struct node *n, uint32_t persona,
    const uint8_t company[ED25519_PUBLIC], struct mailbox_introduction *out)
{
	struct mailbox *m = n->mailbox;
	bool found = false;

	for (unsigned i = 0; !found && i < m->talks_n; i++) {
		/* What one persona was given another one does not show. */
		if (m->talks[i]->persona != persona)
			continue;
		json_t *said = mailbox_messages(n, m->talks[i]);
		for (size_t k = json_array_size(said); !found && k-- > 0;)
			found = introduction_of(
			    m, json_array_get(said, k), company, out);
		json_decref(said);
	}
	return found;
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
	/* When no one-time key is left, what was begun under an author of its
	 * own goes on under it. */
	if (t->has_fresh && !t->c.company)
		e->author = t->fresh_pub;
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
	if (kind == MAIL_LEDGER && bytes.n <= MAIL_LEDGER_MAX)
		mail_put_hex(line, "ledger", bytes);
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
