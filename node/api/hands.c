/*
 * Hands over the API: raised for a demand without an offer and without a
 * name; and introductions, which are given in a talk and shown with a hand.
 */
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/api/talk.h"
#include "node/mail/hand.h"

#define INTRODUCTION_HOURS 720

static void
fail_target(struct http_request *r, err e, const char *text)
{
	if (e == ERR_NOTFOUND || e == ERR_EXISTS)
		http_fail(r, 404, "E3540", "demand",
		    "ohcn match list shows ids of demands",
		    e == ERR_EXISTS ? "\"%.80s\" fits several demands"
				    : "there is no demand \"%.80s\"",
		    text);
	else if (e == ERR_CLOSED)
		http_fail(r, 409, "E3541", "demand",
		    "wait until its record arrives, or until it publishes "
		    "one: ohcn organisation publish",
		    "the demand's organisation has told no inbox that this "
		    "node knows");
	else
		http_fail_err(r, e, "the demand cannot be read now");
}

/* False: answered. */
static bool
card_asked(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *body, struct buf *card)
{
	const err e = json_is_true(json_object_get(body, "card"))
			  ? hand_card(n, persona, card)
			  : OK;

	if (e == OK)
		return true;
	http_fail(r, 409, "E3542", "card",
	    "raise it without --card, or publish a card first",
	    e == ERR_MORE ? "the card is too long to go with a hand"
			  : "this persona has no card to show");
	return false;
}

json_t *
talk_card_json(struct slice payload)
{
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct value map;
	json_t *o = NULL;

	if (memory == NULL || payload.n == 0 ||
	    value_parse(payload, &arena, &map) != OK ||
	    payload_to_json(schema_latest(KIND_PROFILE), &map, NULL, &o) != OK)
		o = NULL;
	free(memory);
	return o == NULL ? json_null() : o;
}

static void
reply_dry(struct http_request *r, const struct hand_target *to,
    const struct mailbox_hand *h, struct slice sealed)
{
	json_t *o = json_object();

	json_hex(o, "demand", slice_of(to->demand, RECORD_ID));
	json_did(o, "company", to->company);
	(void)json_object_set_new(o, "card", talk_card_json(h->card));
	if (h->voucher != NULL)
		json_did(o, "introducer", h->voucher->introducer);
	else
		(void)json_object_set_new(o, "introducer", json_null());
	json_uint(o, "sealed_bytes", sealed.n);
	json_hex(o, "sealed_hex", sealed);
	(void)json_object_set_new(o, "everybody_sees",
	    json_string("that somebody, under a key that is used for this "
			"alone, sent an envelope of this size, and when; "
			"neither who, to whom nor for which demand"));
	(void)json_object_set_new(o, "company_sees",
	    json_string(
		h->card.n > 0
		    ? "the demand, your words and your card: whoever holds "
		      "that card from elsewhere can tell whose hand this is"
		    : "the demand and your words, and nothing of who you "
		      "are"));
	http_reply(r, 200, o);
}

static void
raise_hand(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *body)
{
	const char *demand = json_string_value(json_object_get(body, "demand"));
	const char *text = json_string_value(json_object_get(body, "text"));
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	uint8_t raw[RECORD_BODY_MAX], sealed[ENVELOPE_SEALED_MAX];
	struct buf card = { raw, 0, sizeof(raw) };
	struct buf bytes = { sealed, 0, sizeof(sealed) };
	struct mailbox_introduction by;
	struct hand_target to;
	enum mail_outcome outcome;
	struct talk *t;

	if (demand == NULL) {
		http_fail(r, 422, "E3543", "demand", "the id of a demand",
		    "a hand is raised for a demand");
		return;
	}
	err e = hand_target(n, demand, &to);
	if (e != OK) {
		fail_target(r, e, demand);
		return;
	}
	struct mailbox_hand h = { .persona = persona,
		.company = to.company,
		.inbox = to.inbox,
		.demand = to.demand,
		.text = text == NULL ? slice_of(NULL, 0) : slice_str(text) };
	if (!card_asked(n, r, persona, body, &card))
		return;
	h.card = buf_slice(&card);
	if (json_is_true(json_object_get(body, "introduced"))) {
		if (!mailbox_introduced(n, persona, to.company, &by)) {
			http_fail(r, 409, "E3544", "introduced",
			    "ohcn inbox list shows who talks with you",
			    "nobody has introduced this persona to that "
			    "company, or it is too long ago");
			return;
		}
		h.voucher = &by.voucher;
	}
	e = mailbox_hand(n, &h, dry, &t, &outcome, &bytes);
	if (e != OK || outcome != MAIL_FINE)
		talk_fail(r, e, outcome);
	else if (dry)
		reply_dry(r, &to, &h, buf_slice(&bytes));
	else
		http_reply(r, 200, talk_json(n, t));
}

void
api_hand_raise(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	raise_hand(n, r, persona, body);
	json_decref(body);
}

/* ---- introductions ---- */

static void
introduce(
    struct node *n, struct http_request *r, struct talk *t, const json_t *body)
{
	const char *did = json_string_value(json_object_get(body, "company"));
	const char *text = json_string_value(json_object_get(body, "text"));
	uint8_t company[ED25519_PUBLIC], inbox[X25519_SIZE];
	enum mail_outcome outcome;
	struct voucher v;

	if (did == NULL || did_key_get(slice_str(did), company) != OK) {
		http_fail(r, 422, "E3545", "company",
		    "did:key:..., as in the record of the organisation",
		    "whom to introduce to is missing, or no key");
		return;
	}
	if (hand_inbox(n, company, inbox) != OK) {
		http_fail(r, 409, "E3541", "company",
		    "wait until its record arrives",
		    "that organisation has told no inbox that this node "
		    "knows");
		return;
	}
	/* The voucher would tell which persona the hand was of. */
	if (t->has_fresh) {
		http_fail(r, 409, "E3546", NULL,
		    "introduce in a talk that they began",
		    "you raised your hand here without a name: a voucher "
		    "carries the key of your persona");
		return;
	}
	err e = mailbox_voucher(n, t->persona, company,
	    (uint32_t)(node_now(n) / 3600 + INTRODUCTION_HOURS), &v);
	if (e == OK)
		e = mailbox_introduce(n, t, company, inbox, &v,
		    text == NULL ? slice_of(NULL, 0) : slice_str(text),
		    &outcome);
	if (e != OK || outcome != MAIL_FINE)
		talk_fail(r, e, outcome);
	else
		http_reply(r, 200, talk_json(n, t));
}

void
api_talk_introduce(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct talk *t = talk_named(n, r);
	json_t *body = t == NULL ? NULL : http_json(r);

	if (body == NULL)
		return;
	introduce(n, r, t, body);
	json_decref(body);
}
