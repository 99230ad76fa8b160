/*
 * Sealed conversations over the API: the list, one of them with what was
 * said, an offer to a person, and what the owner says next.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/api/postings.h"
#include "node/api/talk.h"
#include "node/api/template.h"
#include "node/company/ledger.h"
#include "node/company/shortlist.h"
#include "node/mail/mailbox.h"
#include "node/trust/keeper.h"
#include "node/trust/warnings.h"
#include "proto/base/text.h"

#define INTRO_KEY   16 /* of a profile's payload, as in SPEC.md */
#define DEMAND_TYPE 0  /* of a demand's */
#define TRUST_TICKS 10 /* what is told of a peer's trust is at most so old */

static const struct schema terms_form = { 0, 1, offer_terms_fields };

/* ---- as JSON ---- */

static json_t *
terms_json(struct slice bytes)
{
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct value map;
	json_t *o = NULL;

	if (memory != NULL && bytes.n > 0 &&
	    value_parse(bytes, &arena, &map) == OK &&
	    payload_to_json(&terms_form, &map, NULL, &o) != OK)
		o = NULL;
	free(memory);
	return o == NULL ? json_null() : o;
}

static json_t *
identity_json(const uint8_t *p, uint32_t n, bool open)
{
	json_t *o = open ? json_stringn((const char *)p, n) : NULL;

	return o == NULL ? json_null() : o;
}

static json_t *
hand_json(const struct talk *t)
{
	json_t *o;

	if (!t->c.by_hand)
		return json_null();
	o = json_object();
	json_hex(o, "demand", slice_of(t->c.demand, RECORD_ID));
	if (t->has_introducer)
		json_did(o, "introducer", t->introducer);
	else
		(void)json_object_set_new(o, "introducer", json_null());
	json_truth(o, "introducer_known", t->introduced);
	return o;
}

/* Cards as words. */
static json_t *
said_json(
    struct node *n, const struct talk *t, uint32_t language, json_t **opened)
{
	json_t *list = mailbox_messages(n, t), *one;
	uint8_t raw[RECORD_BODY_MAX];
	size_t i;

	*opened = talk_ledger_json(n, t, language, list);
	json_array_foreach(list, i, one)
	{
		const char *hex =
		    json_string_value(json_object_get(one, "card"));
		(void)json_object_del(one, "ledger");
		struct buf b = { raw, 0, sizeof(raw) };
		if (hex != NULL && hex_get(slice_str(hex), &b) == OK)
			(void)json_object_set_new(
			    one, "card", talk_card_json(buf_slice(&b)));
		/* A voucher is for the node alone. */
		(void)json_object_del(one, "token");
		(void)json_object_del(one, "voucher_sig");
	}
	return list;
}

/* What came and could not be stored so far. */
static json_t *
waiting_json(const struct talk *t)
{
	const struct talk_waiting *w = &t->waiting;

	if (w->tries == 0)
		return json_null();
	return json_pack("{s:s,s:s,s:i,s:i}", "what", w->what, "why",
	    err_name(w->why), "tries", (int)w->tries, "of", (int)WAITING_TRIES);
}

/* A list is asked for again and again, and each peer's Learnability and own
 * record take a while: once for a view, or a few seconds. */
static json_t *
peer_trust_json(struct node *n, struct talk *t)
{
	struct trust_view *v = trust_latest(n->trust);
	const uint64_t view = v == NULL ? 0 : v->number;

	trust_view_give(v);
	if (t->trust == NULL || t->trust_view != view ||
	    n->ticks - t->trust_ticks >= TRUST_TICKS) {
		json_decref(t->trust);
		t->trust = trust_peer_json(
		    n, t->c.peer, t->c.company ? LEARN_PERSON : LEARN_COMPANY);
		t->trust_view = view;
		t->trust_ticks = n->ticks;
	}
	json_t *o = json_copy(t->trust);
	/* Cheap, and the owner may just have taken a list. */
	(void)json_object_set_new(o, "warnings", warnings_of(n, t->c.peer));
	return o;
}

json_t *
talk_json(struct node *n, struct talk *t)
{
	const struct conversation *c = &t->c;
	/* None: of a backup that was restored without it. */
	const struct author *p = persona_get(n, t->persona);
	char id[TALK_ID_TEXT];
	json_t *o = json_object();

	talk_id_text(t, id);
	(void)json_object_set_new(o, "id", json_string(id));
	(void)json_object_set_new(
	    o, "side", json_string(c->company ? "company" : "person"));
	(void)json_object_set_new(
	    o, "persona", json_string(p == NULL ? "" : p->name));
	(void)json_object_set_new(
	    o, "state", json_string(conversation_state_name(c->state)));
	(void)json_object_set_new(o, "asks", json_string(talk_asks(t)));
	json_did(o, "peer", c->peer);
	json_uint(o, "begun", t->begun_s);
	json_uint(o, "changed", t->changed_s);
	if (conversation_is_over(c->state))
		(void)json_object_set_new(o, "ends", json_null());
	else
		json_uint(o, "ends", conversation_expiry(c));
	json_uint(o, "messages", t->messages_n);
	(void)json_object_set_new(
	    o, "offer", terms_json(slice_of(c->terms, c->terms_n)));
	(void)json_object_set_new(o, "demand", talk_demand_json(n, t, 0));
	(void)json_object_set_new(o, "hand", hand_json(t));
	json_truth(o, "own_committed", c->own_committed);
	json_truth(o, "own_opened", c->own_opened);
	json_truth(o, "peer_committed", c->peer_committed);
	json_truth(o, "peer_opened", c->peer_opened);
	(void)json_object_set_new(o, "peer_identity",
	    identity_json(
		c->peer_identity, c->peer_identity_n, c->peer_opened));
	(void)json_object_set_new(o, "trust", peer_trust_json(n, t));
	json_truth(o, "quiet", talk_is_quiet(n, t));
	(void)json_object_set_new(o, "waiting", waiting_json(t));
	return o;
}

/* What a token needs for it. */
static unsigned
scope_of(const struct talk *t)
{
	return t->c.company ? SCOPE_OFFER : SCOPE_INBOX;
}

/* Of an inbox: companies that one relies on, the others, what is quiet. */
#define TURNS 3
static unsigned
turn_of(struct node *n, struct talk *t)
{
	if (talk_is_quiet(n, t))
		return 2;
	return t->c.company || trust_of_key(n, t->c.peer) > 0 ? 0 : 1;
}

/* Of envelopes that opened; those that there were. */
static json_t *
outcomes_json(const struct mailbox_stats *s)
{
	json_t *o = json_object();

	for (int i = 0; i < MAIL_OUTCOMES; i++)
		if (s->outcome[i] > 0)
			json_uint(o, mail_outcome_name((enum mail_outcome)i),
			    s->outcome[i]);
	return o;
}

void
api_talks(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *side = http_query(r, "side");
	json_t *list = json_array();
	struct talk *t;

	for (unsigned turn = 0; turn < TURNS; turn++)
		for (unsigned i = 0; (t = mailbox_at(n, i)) != NULL; i++)
			if (http_may(r, scope_of(t)) &&
			    persona_may(r, t->persona) &&
			    turn_of(n, t) == turn &&
			    (side == NULL ||
				strcmp(side,
				    t->c.company ? "company" : "person") == 0))
				(void)json_array_append_new(
				    list, talk_json(n, t));
	struct mailbox_stats s;
	mailbox_stats(n, &s);
	http_reply(r, 200,
	    json_pack("{s:o,s:o,s:o,s:o,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}}",
		"talks", list, "outcomes", outcomes_json(&s), "damaged",
		http_may(r, SCOPE_INBOX) && http_caller(r)->only == 0
		    ? mailbox_damaged(n)
		    : json_array(),
		"blocked",
		http_may(r, SCOPE_INBOX) && http_caller(r)->only == 0
		    ? mailbox_blocked(n)
		    : json_array(),
		"envelopes", "tried", (json_int_t)s.tried, "opened",
		(json_int_t)s.opened, "taken", (json_int_t)s.taken, "refused",
		(json_int_t)s.refused, "kept_out", (json_int_t)s.kept_out,
		"lost", (json_int_t)s.lost, "queued", (json_int_t)s.queued,
		"to_send", (json_int_t)s.outbox));
}

static void
fail_damaged(struct http_request *r, const char *id)
{
	http_fail(r, 409, "E3148", "id",
	    "ohcn inbox list says what can be done",
	    "the conversation \"%.40s\" is kept, but cannot be read", id);
}

struct talk *
talk_named(struct node *n, struct http_request *r)
{
	const char *id = http_param(r, "id");
	struct talk *t = mailbox_find(n, id);

	/* Of another persona is as if it were not there. */
	if (t != NULL && !persona_may(r, t->persona))
		t = NULL;
	else if (t == NULL && mailbox_is_damaged(n, id)) {
		fail_damaged(r, id);
		return NULL;
	}
	if (t == NULL)
		http_fail(r, 404, "E3140", "id",
		    "ohcn inbox list, ohcn offer list",
		    "there is no conversation \"%.40s\", or several begin so",
		    id);
	else if (!http_need(r, scope_of(t)))
		return NULL;
	return t;
}

void
api_talk(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct talk *t = talk_named(n, r);

	if (t == NULL)
		return;
	json_t *o = talk_json(n, t), *opened;
	(void)json_object_set_new(
	    o, "said", said_json(n, t, language_of(n, r), &opened));
	(void)json_object_set_new(o, "ledger", opened);
	http_reply(r, 200, o);
}

/* ---- why not ---- */

static const char *
hint_of(enum mail_outcome o)
{
	switch ((unsigned)o) {
	case MAIL_WRONG_STATE:
		return "its state says what comes next: ohcn inbox show ID, "
		       "ohcn offer show ID";
	case MAIL_NOT_YET:
		return "both sides commit to an identity first, then the "
		       "company opens its own, then the person";
	case MAIL_NO_AUTHOR:
		return "each answer needs a one-time key of the company's: "
		       "wait for its next message";
	case MAIL_NO_KEY:
		return "the other side has told no key yet";
	case MAIL_OVER:
		return "it has ended";
	default:
		return "a text has at most 2,400 bytes in 32 lines, an "
		       "identity 1,024 bytes";
	}
}

void
talk_fail(struct http_request *r, err e, enum mail_outcome o)
{
	if (e == ERR_CLOSED)
		http_fail(r, 409, "E3141", NULL, "ohcn persona list",
		    "the proof of work of this key is still under way, or its "
		    "process has ended");
	else if (e == ERR_LIMIT)
		http_fail(r, 409, "E3142", NULL,
		    "wait until others have ended, or close some",
		    "there are as many conversations, or envelopes under way, "
		    "as a node keeps");
	else if (e != OK)
		http_fail_err(
		    r, e, "the conversation cannot be kept: %s", err_name(e));
	else
		http_fail(r, 409, "E3143", NULL, hint_of(o),
		    "this cannot be said now: %s", mail_outcome_name(o));
}

/* ---- an offer ---- */

struct wanted {
	const char *text;
	uint64_t rid;
	unsigned found;
};

static bool
on_card(void *ctx, const struct store_record *s)
{
	struct wanted *w = ctx;

	if (!s->deleted && record_text_is(s->id, w->text)) {
		w->rid = s->rid;
		w->found++;
	}
	return w->found < 2;
}

/* The card's author and its key for offers. False: answered. */
bool
card_find(struct node *n, struct http_request *r, const char *text,
    uint64_t *rid, uint8_t author[ED25519_PUBLIC], uint8_t key[X25519_SIZE])
{
	struct wanted w = { text, 0, 0 };
	struct store_view *view = NULL;
	struct store_record s;
	struct reader rd;
	bool good = false;

	if (reader_init(&rd) == OK && store_view_open(n->store, &view) == OK &&
	    store_each_kind(view, KIND_PROFILE, on_card, &w) == OK &&
	    w.found == 1 && store_get_rid(view, w.rid, &s) == OK &&
	    record_is_live(&s, node_now(n)) && reader_open(&rd, &s)) {
		const struct value *v = value_find(&rd.payload, INTRO_KEY);
		good = v != NULL && v->s.n == X25519_SIZE;
		memcpy(author, s.author, ED25519_PUBLIC);
		*rid = w.rid;
		if (good)
			memcpy(key, v->s.p, X25519_SIZE);
	}
	store_view_close(view);
	reader_fini(&rd);
	if (!good)
		http_fail(r, 404, "E3144", "to",
		    "ohcn candidate list --demand ID shows cards",
		    w.found > 1 ? "\"%.80s\" fits several cards"
				: "there is no card \"%.80s\" that takes "
				  "offers",
		    text);
	return good;
}

/* What the demand says already: its id, title and kind of work. */
static bool
terms_of_demand(struct node *n, struct http_request *r, uint32_t persona,
    const char *text, const struct template_use *use, json_t *terms)
{
	static const char *const types[] = { "job", "job", "gig", "project",
		"task", "mentoring", "community-role" };
	struct store_view *view = NULL;
	const struct owner_post *post;
	struct store_record s;
	struct reader rd = { 0 };
	struct slice title;
	uint32_t slot;

	if (!find_post(n, r, persona, KIND_DEMAND, text, &slot))
		return false;
	post = owner_post(n, persona, KIND_DEMAND, slot);
	if (post != NULL && use->name != NULL) {
		struct template_use all = *use;
		all.demand_rid = post->rid;
		if (!template_into_terms(n, r, persona, &all, terms))
			return false;
	}
	if (post == NULL || reader_init(&rd) != OK ||
	    store_view_open(n->store, &view) != OK) {
		reader_fini(&rd);
		http_fail_err(r, ERR_LIMIT, "the demand cannot be read now");
		return false;
	}
	json_hex(terms, "demand", slice_of(post->id, RECORD_ID));
	if (store_get_rid(view, post->rid, &s) == OK && reader_open(&rd, &s)) {
		const struct value *type = value_find(&rd.payload, DEMAND_TYPE);
		if (json_object_get(terms, "role") == NULL &&
		    text_pick(value_find(&rd.payload, POSTING_TITLE),
			language_of(n, r), &title))
			json_text(terms, "role", title);
		if (json_object_get(terms, "activity") == NULL)
			(void)json_object_set_new(terms, "activity",
			    json_string(
				type != NULL && type->u < ARRAY_LEN(types)
				    ? types[type->u]
				    : "job"));
	}
	store_view_close(view);
	reader_fini(&rd);
	return true;
}

/* The signed bytes of the terms; false: answered. */
static bool
terms_write(struct http_request *r, const json_t *terms, struct buf *out)
{
	void *memory = malloc(PAYLOAD_ARENA_BYTES);
	void *check = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, PAYLOAD_ARENA_BYTES);
	struct arena values = arena_of(check, VALUE_ARENA_BYTES);
	struct payload_fault f = { .path = "" };
	struct offer_terms t;
	struct value map;
	err e = memory == NULL || check == NULL ? ERR_NOMEM : OK;

	if (e == OK)
		e = payload_from_json(&terms_form, terms, &arena, &map, &f);
	if (e == OK)
		e = value_write(&map, out);
	if (e == OK && offer_terms_read(buf_slice(out), &values, &t) != OK) {
		f = (struct payload_fault){ .path = "pledge",
			.why = "hours or an amount, and a currency with an "
			       "amount" };
		e = ERR_FORM;
	}
	free(memory);
	free(check);
	if (e != OK)
		fail_payload(r, e, &f);
	return e == OK;
}

static void
reply_dry(struct http_request *r, const json_t *terms, bool opened,
    struct slice sealed)
{
	json_t *o = json_object();

	json_truth(o, "ledger", opened);

	(void)json_object_set(o, "offer", (json_t *)(uintptr_t)terms);
	json_uint(o, "sealed_bytes", sealed.n);
	json_hex(o, "sealed_hex", sealed);
	(void)json_object_set_new(o, "everybody_sees",
	    json_string("that your posting key sent somebody an envelope of "
			"this size, and when; neither to whom nor what"));
	(void)json_object_set_new(o, "person_sees",
	    json_string("the offer, signed by your posting key: it can be "
			"shown to others, and not be denied"));
	http_reply(r, 200, o);
}

static void
offer_send(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *body, json_t *terms)
{
	const char *demand = json_string_value(json_object_get(body, "demand"));
	const char *to = json_string_value(json_object_get(body, "to"));
	const char *name = json_string_value(json_object_get(body, "hand"));
	struct talk *hand = name == NULL ? NULL : mailbox_find(n, name);
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	struct template_use use = { .name = json_string_value(
					json_object_get(body, "template")) };
	uint8_t author[ED25519_PUBLIC], key[X25519_SIZE];
	uint8_t raw[MESSAGE_TERMS_MAX], sealed[ENVELOPE_SEALED_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	struct buf bytes = { sealed, 0, sizeof(sealed) };
	uint8_t proof[MESSAGE_LEDGER_MAX];
	struct buf opened = { proof, 0, sizeof(proof) };
	enum mail_outcome outcome;
	struct talk *t;

	if (name != NULL && (hand == NULL || !hand->c.by_hand ||
				!persona_may(r, hand->persona))) {
		http_fail(r, 404, "E3140", "hand", "ohcn offer list",
		    "there is no hand \"%.40s\"", name);
		return;
	}
	if (demand == NULL || (to == NULL && hand == NULL)) {
		http_fail(r, 422, "E3145", demand == NULL ? "demand" : "to",
		    "a demand of yours and the id of a card",
		    "an offer is for a demand and to somebody");
		return;
	}
	if ((hand == NULL &&
		!card_find(n, r, to, &use.card_rid, author, key)) ||
	    !terms_of_demand(n, r, persona, demand, &use, terms) ||
	    !terms_write(r, terms, &out))
		return;
	if (!json_is_false(json_object_get(body, "ledger")) &&
	    ledger_for_offer(
		n, hand == NULL ? persona : hand->persona, &opened) != OK)
		opened.n = 0;
	const struct mailbox_offer o = { .ledger = buf_slice(&opened),
		.persona = hand == NULL ? persona : hand->persona,
		.hand = hand,
		.to = author,
		.key = key,
		.terms = buf_slice(&out) };
	const err e = mailbox_offer(n, &o, dry, &t, &outcome, &bytes);
	if (e != OK || outcome != MAIL_FINE)
		talk_fail(r, e, outcome);
	else if (dry)
		reply_dry(r, terms, opened.n > 0, buf_slice(&bytes));
	else {
		char id[TALK_ID_TEXT];
		talk_id_text(t, id);
		http_note(r, "offered %s for %.40s", id, demand);
		if (hand == NULL)
			shortlists_offered(
			    n, persona, author, http_caller(r)->name);
		http_reply(r, 200, talk_json(n, t));
	}
}

void
api_talk_offer(struct http_request *r, void *ctx)
{
	static const char *const taken[] = { "activity", "role", "pledge",
		"note" };
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	json_t *terms;

	if (body == NULL)
		return;
	terms = json_object();
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (json_object_get(body, taken[i]) != NULL)
			(void)json_object_set(
			    terms, taken[i], json_object_get(body, taken[i]));
	offer_send(n, r, persona, body, terms);
	json_decref(terms);
	json_decref(body);
}

/* ---- what the owner says ---- */

static const struct {
	const char *name;
	enum conversation_event_type type;
	bool needs_text;
} sayings[] = {
	{ "seen", CONVERSATION_OWN_SEEN, false },
	{ "interest", CONVERSATION_OWN_INTEREST, false },
	{ "text", CONVERSATION_OWN_TEXT, true },
	{ "commit", CONVERSATION_OWN_COMMIT, true },
	{ "open", CONVERSATION_OWN_OPEN, false },
	{ "withdraw", CONVERSATION_OWN_WITHDRAW, false },
	{ "ignore", CONVERSATION_OWN_IGNORE, false },
	{ "close", CONVERSATION_OWN_CLOSE, false },
	{ "block", CONVERSATION_OWN_BLOCK, false },
};

static void
say(struct node *n, struct http_request *r, struct talk *t, const json_t *body)
{
	const char *action = json_string_value(json_object_get(body, "say"));
	const json_t *text = json_object_get(body, "text");
	const struct slice said =
	    json_is_string(text)
		? slice_of((const uint8_t *)json_string_value(text),
		      json_string_length(text))
		: slice_of(NULL, 0);
	enum mail_outcome outcome;
	size_t i = 0;

	while (i < ARRAY_LEN(sayings) &&
	       (action == NULL || strcmp(action, sayings[i].name) != 0))
		i++;
	if (i == ARRAY_LEN(sayings)) {
		http_fail(r, 422, "E3146", "say",
		    "seen, interest, text, commit, open, withdraw, ignore, "
		    "close or block",
		    "what to say is missing, or not one to choose");
		return;
	}
	if (sayings[i].needs_text && said.n == 0) {
		http_fail(r, 422, "E3147", "text",
		    "the words, or of commit the identity",
		    "there is nothing to say");
		return;
	}
	const err e = mailbox_say(n, t, sayings[i].type, said, &outcome);
	if (e != OK || outcome != MAIL_FINE)
		talk_fail(r, e, outcome);
	else {
		http_note(r, "%s", action);
		http_reply(r, 200, talk_json(n, t));
	}
}

/* Nothing can be said in one that cannot be read; it can be given up. False:
 * it is none. */
static bool
give_up(struct node *n, struct http_request *r)
{
	const char *id = http_param(r, "id");

	if (mailbox_find(n, id) != NULL || !mailbox_is_damaged(n, id))
		return false;
	json_t *body = http_need(r, SCOPE_INBOX) ? http_json(r) : NULL;
	if (body == NULL)
		return true; /* answered */
	const char *word = json_string_value(json_object_get(body, "say"));
	const bool closes = word != NULL && strcmp(word, "close") == 0;
	const err e = closes ? mailbox_give_up(n, id) : OK;
	if (closes && e == OK)
		http_reply(
		    r, 200, json_pack("{s:s,s:b}", "id", id, "given_up", 1));
	else if (closes)
		http_fail_err(r, e, "what is left of it cannot be erased: %s",
		    err_name(e));
	else
		fail_damaged(r, id);
	json_decref(body);
	return true;
}

void
api_talk_say(struct http_request *r, void *ctx)
{
	struct node *n = ctx;

	if (give_up(n, r))
		return;
	struct talk *t = talk_named(n, r);
	json_t *body = t == NULL ? NULL : http_json(r);

	if (body == NULL)
		return;
	say(n, r, t, body);
	json_decref(body);
}
