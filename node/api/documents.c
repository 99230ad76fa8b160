/* Documents of the vault over the API: list, show, import, sign, send, forget;
 * and what all handlers about documents share. */
#include <stdio.h>
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/api/choose.h"
#include "node/api/document.h"
#include "node/evidence/follow.h"
#include "node/evidence/from_talk.h"
#include "node/keys/persona.h"
#include "proto/base/text.h"

/* ---- what went wrong ---- */

static const char *
hint_of(enum evidence_fault f)
{
	switch ((unsigned)f) {
	case EVIDENCE_BAD_ORDER:
		return "the company signs first";
	case EVIDENCE_BAD_ROLE:
		return "this persona does not sign it: ohcn document show ID";
	case EVIDENCE_INCOMPLETE:
		return "it counts when all who must have signed: ohcn document "
		       "show ID";
	case EVIDENCE_WRONG_REFERENCE:
		return "it names another agreement, outcome or side than this "
		       "conversation's";
	case EVIDENCE_CONTRADICTS:
		return "kind, team and pledge are those of the agreement, and "
		       "nothing is older than it";
	case EVIDENCE_TOO_EARLY:
		return "one side alone may speak 30 days after all was due; a "
		       "follow-up comes 26 weeks after the outcome";
	case EVIDENCE_BAD_TIMES:
		return "it begins before it ends, and ends after it was made; "
		       "a pledge is due after that";
	case EVIDENCE_FROM_FUTURE:
		return "it states a time that is still to come; look at the "
		       "clocks";
	case EVIDENCE_BAD_SIGNATURE:
		return "it was changed after it was signed, or somebody else "
		       "signed it";
	case EVIDENCE_WRONG_NET:
		return "it was made in another network";
	case EVIDENCE_BAD_BODY:
		return "amount and currency go together; hours of learning are "
		       "within the hours";
	case EVIDENCE_OVERSIZE:
		return "a document has at most 3,072 bytes";
	default:
		return NULL;
	}
}

void
document_fail(struct http_request *r, err e, enum evidence_fault f)
{
	if (e == ERR_LIMIT)
		http_fail(r, 409, "E3941", NULL,
		    "ohcn document forget ID, or the settings evidence.*",
		    "there is no room for more documents");
	else if (e == ERR_CLOSED)
		http_fail(r, 409, "E3942", NULL, "start the node again",
		    "the process that signs has ended");
	else if (e != OK)
		http_fail_err(
		    r, e, "the document cannot be kept: %s", err_name(e));
	else
		http_fail(r, 422, "E3943", NULL, hint_of(f),
		    "the document is refused: %s", evidence_fault_name(f));
}

/* ---- which one ---- */

const struct holding *
document_named(struct node *n, struct http_request *r, uint32_t *persona)
{
	const char *id = http_param(r, "id");
	const struct holding *h = NULL;
	bool several = false, asked = http_query(r, "persona") != NULL;

	if (!persona_asked(n, r, persona))
		return NULL;
	h = documents_named(n, *persona, id, &several);
	/* Nobody named a persona: whoever has it, if it is one alone. */
	for (uint32_t i = 0; !asked && !several && i < persona_count(n); i++) {
		const struct holding *other =
		    i == *persona ? NULL : documents_named(n, i, id, &several);
		if (other != NULL && h != NULL)
			several = true;
		if (other != NULL && h == NULL) {
			h = other;
			*persona = i;
			break;
		}
	}
	if (h == NULL || several) {
		http_fail(r, 404, "E3944", "id", "ohcn document list",
		    "there is no document \"%.64s\", or several begin so", id);
		return NULL;
	}
	return h;
}

/* ---- list and one ---- */

struct listing {
	struct node *n;
	struct http_request *r;
	json_t *list;
};

static bool
on_listed(void *ctx, const struct holding *h)
{
	struct listing *l = ctx;
	json_t *o = document_json(l->n, l->r, h, false);

	if (o != NULL)
		(void)json_array_append_new(l->list, o);
	return json_array_size(l->list) < l->n->config->limits.list_rows;
}

static uint32_t
type_named(const char *name)
{
	for (uint32_t t = 1; t <= EVIDENCE_TYPES; t++)
		if (strcmp(evidence_type_name(t), name) == 0)
			return t;
	return 0;
}

static json_t *
refusals_json(struct node *n, bool of_persona, uint32_t persona)
{
	const struct document_refusal *f;
	json_t *list = json_array();

	for (unsigned i = 0; (f = documents_refusal(n, i)) != NULL; i++)
		if (!of_persona || f->persona == persona)
			(void)json_array_append_new(list,
			    json_pack("{s:I,s:s,s:s,s:s}", "at",
				(json_int_t)f->at_s, "talk", f->talk, "persona",
				persona_get(n, f->persona)->name, "fault",
				evidence_fault_name(f->fault)));
	return list;
}

void
api_documents(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *type = http_query(r, "type");
	struct listing l = { n, r, json_array() };
	struct held_filter f = { .talk = http_query(r, "talk"),
		.of_persona = http_query(r, "persona") != NULL,
		.complete = http_query(r, "complete") != NULL };

	f.type = type == NULL ? 0 : type_named(type);
	if (type != NULL && f.type == 0) {
		json_decref(l.list);
		http_fail(r, 400, "E3945", "type",
		    "agreement, progress, outcome, follow-up, one-sided, "
		    "session, credential, credential-end, moved, linked",
		    "there is no such type of document");
		return;
	}
	if (!persona_asked(n, r, &f.persona)) {
		json_decref(l.list);
		return;
	}
	documents_each(n, &f, on_listed, &l);
	http_reply(r, 200,
	    json_pack("{s:o,s:I,s:I,s:o}", "documents", l.list, "held",
		(json_int_t)documents_count(n), "room",
		(json_int_t)n->config->evidence.documents, "refused",
		refusals_json(n, f.of_persona, f.persona)));
}

void
api_document(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = document_named(n, r, &persona);
	json_t *o = h == NULL ? NULL : document_json(n, r, h, true);

	if (h != NULL && o == NULL)
		http_fail_err(r, ERR_CORRUPT, "the document cannot be read");
	else if (o != NULL)
		http_reply(r, 200, o);
}

/*
 * What has routes of its own that are the owner's stays so: a credential, and
 * the proof that two personas are one. False: answered.
 */
static bool
is_allowed(struct http_request *r, const struct holding *h)
{
	return (h->type != EVIDENCE_CREDENTIAL && h->type != EVIDENCE_LINKED) ||
	       http_need(r, SCOPE_OWNER);
}

void
api_document_forget(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = document_named(n, r, &persona);
	char id[DOCUMENT_ID_TEXT];

	if (h == NULL || !is_allowed(r, h))
		return;
	const struct holding gone = *h;
	const err e = documents_forget(n, persona, gone.id);
	document_id_text(gone.id, id);
	if (e != OK)
		http_fail_err(r, e, "the document cannot be forgotten");
	else
		http_reply(r, 200, json_pack("{s:s}", "forgotten", id));
}

/* The bytes of a file: {"bytes_hex"}. */
void
api_document_import(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint8_t raw[DOCUMENT_MAX + 1];
	struct buf bytes = { raw, 0, sizeof(raw) };
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	enum evidence_fault f = EVIDENCE_OVERSIZE;
	struct holding h;

	if (body == NULL)
		return;
	const char *hex = json_string_value(json_object_get(body, "bytes_hex"));
	const err form =
	    hex == NULL ? ERR_FORM : hex_get(slice_str(hex), &bytes);
	json_decref(body);
	if (form == ERR_FORM) {
		http_fail(r, 422, "E3946", "bytes_hex",
		    "a file that ohcn document export wrote",
		    "these are no bytes in hexadecimal");
		return;
	}
	const struct held_from from = { .persona = persona, .imported = true };
	const err e = form != OK
			  ? OK
			  : documents_take(n, &from, buf_slice(&bytes), &h, &f);
	if (e != OK || f != EVIDENCE_FINE)
		document_fail(r, e, f);
	else
		http_reply(r, 200, document_json(n, r, &h, true));
}

/* ---- sending ---- */

/* ${t} may be NULL. What it takes; NULL: sent. */
static const char *
send_document(struct node *n, const struct holding *h, struct talk *t)
{
	struct held_document c;
	enum mail_outcome outcome = MAIL_FINE;

	if (h->talk[0] == '\0')
		return "it belongs to no conversation: ohcn document export";
	if (t == NULL)
		return "its conversation is no longer there: ohcn document "
		       "export";
	if (documents_read(n, h, &c) != OK)
		return "it cannot be read";
	const err e = mailbox_say_document(
	    n, t, mail_document_of(h->type), c.d.bytes, &outcome);
	if (e != OK)
		return err_name(e);
	return outcome == MAIL_FINE ? NULL : mail_outcome_name(outcome);
}

void
document_send_reply(
    struct node *n, struct http_request *r, const struct holding *h)
{
	const struct holding held = *h;
	struct talk *t =
	    held.talk[0] == '\0' ? NULL : mailbox_find(n, held.talk);
	const char *why = send_document(n, &held, t);
	json_t *o = json_pack(
	    "{s:b,s:s}", "sent", why == NULL, "why", why == NULL ? "" : why);

	(void)json_object_set_new(
	    o, "document", document_json(n, r, &held, true));
	(void)json_object_set_new(o, "talk",
	    t == NULL ? json_null()
		      : json_string(conversation_state_name(t->c.state)));
	http_reply(r, 200, o);
}

void
api_document_send(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = document_named(n, r, &persona);
	struct held_document c;
	struct talk *t;

	if (h == NULL || !is_allowed(r, h))
		return;
	t = h->talk[0] == '\0' ? NULL : mailbox_find(n, h->talk);
	if (t != NULL && documents_read(n, h, &c) == OK) {
		const enum evidence_fault f =
		    document_fits_talk(n, t, &c.d, true);
		if (f != EVIDENCE_FINE) {
			document_fail(r, OK, f);
			return;
		}
	}
	document_send_reply(n, r, h);
}

/* ---- before anything is done ---- */

static void
reply_dry(struct node *n, struct http_request *r, const struct document *d,
    uint32_t persona, const struct talk *t)
{
	char talk[TALK_ID_TEXT] = "";
	json_t *o = json_object();

	if (t != NULL)
		talk_id_text(t, talk);
	(void)json_object_set_new(
	    o, "document", draft_json(n, r, d, persona, talk));
	(void)json_object_set_new(o, "differences",
	    t != NULL && d->is.type == EVIDENCE_AGREEMENT
		? pledge_differences(n, t, &d->is.agreement)
		: json_array());
	(void)json_object_set_new(o, "everybody_sees",
	    json_string(
		t == NULL ? "nothing: it is not sent"
		: t->c.company
		    ? "that your posting key sent somebody an envelope, and "
		      "when; neither to whom nor what"
		    : "an envelope under a key of its own, and when; neither "
		      "from whom nor to whom nor what"));
	(void)json_object_set_new(o, "other_side_sees",
	    json_string(
		t == NULL
		    ? "nothing, until you export it and hand it over"
		    : "all of it, signed by this persona: it can be shown to "
		      "others, and not be denied"));
	http_reply(r, 200, o);
}

static void
fail_differs(struct http_request *r, const json_t *list, bool company)
{
	char fields[200] = "";
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const size_t used = strlen(fields);
		(void)snprintf(fields + used, sizeof(fields) - used, "%s%s",
		    i == 0 ? "" : ", ",
		    json_string_value(json_object_get(one, "field")));
	}
	http_fail(r, 409, "E3947", "pledge",
	    company ? "--changed-pledge, if that is what you mean; the other "
		      "side is told"
		    : "--changed-pledge, if you agree to it all the same",
	    "the pledge is not that of the offer: %s", fields);
}

/* False: answered. */
static bool
pledge_said(struct node *n, struct http_request *r, const struct talk *t,
    const struct document *d, bool known)
{
	if (t == NULL || d->is.type != EVIDENCE_AGREEMENT || known)
		return true;
	json_t *list = pledge_differences(n, t, &d->is.agreement);
	const bool same = json_array_size(list) == 0;
	if (!same)
		fail_differs(r, list, t->c.company);
	json_decref(list);
	return same;
}

/* ---- signing ---- */

void
api_document_sign(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = document_named(n, r, &persona);
	json_t *body = h == NULL || !is_allowed(r, h) ? NULL : http_json(r);
	enum evidence_fault f = EVIDENCE_FINE;
	struct held_document c;
	struct holding now;

	if (body == NULL)
		return;
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	const bool known =
	    json_is_true(json_object_get(body, "changed_pledge"));
	json_decref(body);
	struct talk *t = h->talk[0] == '\0' ? NULL : mailbox_find(n, h->talk);
	err e = documents_read(n, h, &c);
	if (e == OK && h->role == 0)
		f = EVIDENCE_BAD_ROLE;
	if (e == OK && f == EVIDENCE_FINE && t != NULL)
		f = document_fits_talk(n, t, &c.d, false);
	if (e != OK || f != EVIDENCE_FINE) {
		document_fail(r, e, f);
		return;
	}
	if (!pledge_said(n, r, t, &c.d, known || h->role != ROLE_PERSON))
		return;
	if (dry) {
		reply_dry(n, r, &c.d, persona, t);
		return;
	}
	e = documents_sign(n, persona, c.d.id, &now, &f);
	if (e != OK || f != EVIDENCE_FINE)
		document_fail(r, e, f);
	else
		document_send_reply(n, r, &now);
}

/* ---- a new one ---- */

/* "welding:3" is {term, level}; false: answered. */
static bool
skill_read(struct node *n, struct http_request *r, const char *key,
    const char *text, json_t **out)
{
	size_t length = strlen(text);
	uint8_t level = 0;
	struct term_choice c;
	char digits[2 * TERM_ID + 1], near[300] = "";

	if (!level_cut(text, &length, &level) || level == 0) {
		http_fail(r, 422, "E3948", key, "as in welding:3",
		    "\"%.80s\" has no level of 1 to 5", text);
		return false;
	}
	const bool found =
	    term_choose(n->terms, text, length, 0, language_of(n, r), &c);
	const bool sure = found && c.guessed_of == NULL;
	if (sure) {
		term_text(digits, vocabulary_term(n->terms->vocabulary, c.at));
		*out =
		    json_pack("{s:s,s:i}", "term", digits, "level", (int)level);
	} else {
		terms_text(c.guessed_of, near, sizeof(near));
		http_fail(r, 422, "E3948", key,
		    near[0] == '\0' ? "ohcn vocabulary search WORD" : near,
		    "no skill is called just \"%.*s\"", (int)MIN(length, 80U),
		    text);
	}
	json_decref(c.guessed_of);
	return sure;
}

static bool
skills_read(struct node *n, struct http_request *r, json_t *content)
{
	static const char *const keys[] = { "teaches", "applied", "learned",
		"reached", "practised" };

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		json_t *list = json_object_get(content, keys[k]);
		for (size_t i = 0; i < json_array_size(list); i++) {
			const char *text =
			    json_string_value(json_array_get(list, i));
			json_t *one = NULL;
			if (text == NULL)
				continue;
			if (!skill_read(n, r, keys[k], text, &one))
				return false;
			(void)json_array_set_new(list, i, one);
		}
	}
	return true;
}

/* The content as a document without signatures; false: answered. */
static bool
write_plan(struct node *n, struct http_request *r,
    const struct document_plan *p, struct evidence *out)
{
	void *memory = malloc(PAYLOAD_ARENA_BYTES);
	struct arena arena = arena_of(memory, PAYLOAD_ARENA_BYTES);
	uint8_t body[DOCUMENT_MAX], whole[DOCUMENT_MAX];
	struct buf b = { body, 0, sizeof(body) };
	struct buf w = { whole, 0, sizeof(whole) };
	struct payload_fault f = { .path = "" };
	enum evidence_fault fault = EVIDENCE_OVERSIZE;
	struct document d;
	struct value map;

	json_uint(p->content, "version", 1);
	json_uint(p->content, "type", p->type);
	(void)json_object_set_new(
	    p->content, "net", json_string(n->config->node.network));
	err e = memory == NULL ? ERR_NOMEM
			       : payload_from_json(document_schema(p->type),
				     p->content, &arena, &map, &f);
	if (e == OK && value_write(&map, &b) == OK &&
	    document_wrap(buf_slice(&b), &w) == OK)
		fault = documents_judge(n, buf_slice(&w), &d);
	free(memory);
	if (e != OK)
		fail_payload(r, e, &f);
	else if (fault != EVIDENCE_FINE)
		document_fail(r, OK, fault);
	else
		*out = d.is;
	return e == OK && fault == EVIDENCE_FINE;
}

/* Does it fit what it names? Within a conversation that knows more. */
static enum evidence_fault
plan_fits(
    struct node *n, const struct document_plan *p, const struct document *d)
{
	struct document whole = *d;
	const uint64_t mine =
	    UINT64_C(1) << document_role_of(d, persona_get(n, p->persona)->pub);

	if (mine == 1)
		return EVIDENCE_BAD_ROLE;
	whole.signed_by |= mine; /* as it will be */
	if (p->talk != NULL && !p->silent)
		return document_fits_talk(n, p->talk, &whole, true);
	whole.complete = true;
	if (p->base == NULL)
		return EVIDENCE_FINE;
	return d->is.type == EVIDENCE_FOLLOW_UP
		   ? evidence_follows(&whole, p->base)
		   : evidence_belongs(&whole, p->base);
}

void
document_plan_run(
    struct node *n, struct http_request *r, struct document_plan *p)
{
	char talk[TALK_ID_TEXT] = "";
	struct held_document draft;
	struct evidence e;
	enum evidence_fault f;
	struct holding h;

	if (!skills_read(n, r, p->content) || !write_plan(n, r, p, &e))
		return;
	err bad = documents_draft(n, &e, &draft, &f);
	if (bad == OK && f == EVIDENCE_FINE)
		f = plan_fits(n, p, &draft.d);
	if (bad != OK || f != EVIDENCE_FINE) {
		document_fail(r, bad, f);
		return;
	}
	if (!pledge_said(n, r, p->talk, &draft.d, p->changed_pledge))
		return;
	if (p->dry) {
		reply_dry(
		    n, r, &draft.d, p->persona, p->silent ? NULL : p->talk);
		return;
	}
	if (p->talk != NULL)
		talk_id_text(p->talk, talk);
	const struct held_from from = { .persona = p->persona, .talk = talk };
	bad = documents_make(n, &from, &e, true, &h, &f);
	if (bad != OK || f != EVIDENCE_FINE)
		document_fail(r, bad, f);
	else if (p->silent)
		http_reply(r, 200,
		    json_pack("{s:b,s:s,s:o,s:n}", "sent", false, "why",
			"one side alone has said it: it lies with you, to be "
			"shown",
			"document", document_json(n, r, &h, true), "talk"));
	else
		document_send_reply(n, r, &h);
}

/* ---- two personas of one owner ---- */

/* Signed by both, held by each of the two: whoever is shown it knows. */
static enum evidence_fault
link_personas(struct node *n, uint32_t a, uint32_t b, const struct evidence *e,
    struct holding *out, err *error)
{
	const struct held_from first = { .persona = a, .own = true };
	const struct held_from second = { .persona = b, .own = true };
	enum evidence_fault f = EVIDENCE_FINE;
	struct held_document c;

	*error = documents_make(n, &first, e, true, out, &f);
	if (*error != OK || f != EVIDENCE_FINE)
		return f;
	*error = documents_read(n, out, &c);
	if (*error == OK)
		*error = documents_take(n, &second, c.d.bytes, NULL, &f);
	if (*error == OK && f == EVIDENCE_FINE)
		*error = documents_sign(n, b, c.d.id, out, &f);
	if (*error == OK && f == EVIDENCE_FINE)
		*error = documents_read(n, out, &c);
	if (*error == OK && f == EVIDENCE_FINE)
		*error = documents_take(n, &first, c.d.bytes, out, &f);
	return f;
}

void
api_personas_link(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r);
	struct evidence e = { .type = EVIDENCE_LINKED };
	struct held_document draft;
	struct holding h;
	uint32_t a, b;
	err error;

	if (body == NULL)
		return;
	const char *with = json_string_value(json_object_get(body, "with"));
	const bool found = with != NULL &&
			   persona_find(n, http_param(r, "name"), &a) == OK &&
			   persona_find(n, with, &b) == OK && a != b;
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	json_decref(body);
	if (!found) {
		http_fail(r, 404, "E3954", "with", "ohcn persona list",
		    "these are not two personas of yours");
		return;
	}
	memcpy(e.linked.a, persona_get(n, a)->pub, ED25519_PUBLIC);
	memcpy(e.linked.b, persona_get(n, b)->pub, ED25519_PUBLIC);
	e.linked.at = (uint32_t)(node_now(n) / 3600);
	enum evidence_fault f;
	if (dry) {
		error = documents_draft(n, &e, &draft, &f);
		if (error == OK && f == EVIDENCE_FINE)
			reply_dry(n, r, &draft.d, a, NULL);
	} else {
		f = link_personas(n, a, b, &e, &h, &error);
		if (error == OK && f == EVIDENCE_FINE)
			document_send_reply(n, r, &h);
	}
	if (error != OK || f != EVIDENCE_FINE)
		document_fail(r, error, f);
}
