/* Agreements of a conversation, and what is said about them: progress,
 * outcome, follow-up, one side's statement. */
#include <stdlib.h>

#include "node/api/document.h"
#include "node/evidence/follow.h"
#include "node/evidence/xapi.h"
#include "node/keys/persona.h"

static uint32_t
now_h(const struct node *n)
{
	return (uint32_t)(node_now(n) / 3600);
}

/* What of a request is no field of the document. */
static json_t *
content_of(const json_t *body, struct document_plan *p)
{
	static const char *const others[] = { "dry_run", "changed_pledge" };
	json_t *o = json_deep_copy(body);

	p->dry = json_is_true(json_object_get(body, "dry_run"));
	p->changed_pledge =
	    json_is_true(json_object_get(body, "changed_pledge"));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		(void)json_object_del(o, others[i]);
	return o;
}

static void
set_if_absent(json_t *o, const char *key, json_t *value)
{
	if (json_object_get(o, key) == NULL)
		(void)json_object_set(o, key, value);
	json_decref(value);
}

static void
did_if_absent(json_t *o, const char *key, const uint8_t pub[ED25519_PUBLIC])
{
	if (json_object_get(o, key) == NULL)
		json_did(o, key, pub);
}

/* ---- an agreement ---- */

/* What the offer says already. */
static void
take_offer(const struct talk *t, json_t *o)
{
	static const struct schema form = { 0, 1, offer_terms_fields };
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	json_t *offer = NULL, *v;
	struct value map;

	if (memory != NULL && t->c.terms_n > 0 &&
	    value_parse(slice_of(t->c.terms, t->c.terms_n), &arena, &map) ==
		OK &&
	    payload_to_json(&form, &map, NULL, &offer) == OK) {
		static const char *const from[] = { "activity", "role",
			"demand", "pledge" };
		static const char *const to[] = { "kind", "title", "subject",
			"pledge" };
		for (size_t i = 0; i < ARRAY_LEN(from); i++)
			if ((v = json_object_get(offer, from[i])) != NULL)
				set_if_absent(o, to[i], json_incref(v));
	}
	json_decref(offer);
	free(memory);
	/* "pledge": null says that there is none. */
	if (json_is_null(json_object_get(o, "pledge")))
		(void)json_object_del(o, "pledge");
}

void
api_agreement_propose(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct talk *t = talk_named(n, r);
	uint8_t nonce[EVIDENCE_NONCE];
	json_t *body = NULL;

	if (t == NULL)
		return;
	if (!t->c.company) {
		http_fail(r, 409, "E3950", NULL,
		    "say what you would like in the conversation: ohcn inbox "
		    "answer ID --text",
		    "the company writes the agreement and signs it first");
		return;
	}
	if ((body = http_json(r)) == NULL)
		return;
	struct document_plan p = {
		.persona = t->persona, .talk = t, .type = EVIDENCE_AGREEMENT
	};
	p.content = content_of(body, &p);
	take_offer(t, p.content);
	did_if_absent(p.content, "company", persona_get(n, t->persona)->pub);
	if (!t->c.by_hand)
		did_if_absent(p.content, "person", t->c.peer);
	n->env.random(n->env.ctx, nonce, sizeof(nonce));
	json_hex(p.content, "nonce", slice_of(nonce, sizeof(nonce)));
	json_uint(p.content, "made", now_h(n));
	set_if_absent(p.content, "start", json_integer(now_h(n)));
	if (json_object_get(p.content, "person") == NULL)
		http_fail(r, 422, "E3951", "person",
		    "ask for the did:key of the persona that is to sign",
		    "a hand was raised under a key of its own");
	else
		document_plan_run(n, r, &p);
	json_decref(p.content);
	json_decref(body);
}

/* ---- what is said about one ---- */

/* The agreement of {id}, for which all have signed; false: answered. */
static bool
base_read(struct node *n, struct http_request *r, enum evidence_type type,
    struct holding *h, struct held_document *out)
{
	uint32_t persona;
	const struct holding *held = document_named(n, r, &persona);

	if (held == NULL)
		return false;
	*h = *held;
	if (held->type != type || documents_read(n, held, out) != OK) {
		http_fail(r, 409, "E3952", "id", "ohcn agreement list",
		    "this is no %s", evidence_type_name(type));
		return false;
	}
	if (!held->complete) {
		document_fail(r, OK, EVIDENCE_INCOMPLETE);
		return false;
	}
	return true;
}

static void
put_base(const struct node *n, const uint8_t company[ED25519_PUBLIC],
    const uint8_t person[ED25519_PUBLIC], const uint8_t agreement[EVIDENCE_ID],
    json_t *o)
{
	json_did(o, "company", company);
	json_did(o, "person", person);
	json_hex(o, "agreement", slice_of(agreement, EVIDENCE_ID));
	set_if_absent(o, "at", json_integer(now_h(n)));
}

struct said_about {
	struct holding h;
	struct held_document base;
	struct document_plan plan;
};

/* ${type} about the agreement of {id}; NULL: answered. */
static struct said_about *
begin_about(struct node *n, struct http_request *r, enum evidence_type type)
{
	struct said_about *s = calloc(1, sizeof(*s));
	json_t *body;

	if (s == NULL) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return NULL;
	}
	if (!base_read(n, r, EVIDENCE_AGREEMENT, &s->h, &s->base) ||
	    (body = http_json(r)) == NULL) {
		free(s);
		return NULL;
	}
	s->plan = (struct document_plan){ .persona = s->h.persona,
		.talk =
		    s->h.talk[0] == '\0' ? NULL : mailbox_find(n, s->h.talk),
		.base = &s->base.d,
		.type = type };
	s->plan.content = content_of(body, &s->plan);
	json_decref(body);
	const struct agreement *a = &s->base.d.is.agreement;
	put_base(n, a->company, a->person, s->base.d.id, s->plan.content);
	return s;
}

static void
end_about(struct node *n, struct http_request *r, struct said_about *s)
{
	document_plan_run(n, r, &s->plan);
	json_decref(s->plan.content);
	free(s);
}

struct numbering {
	struct node *n;
	uint16_t last;
};

static bool
on_progress(void *ctx, const struct holding *h)
{
	struct numbering *s = ctx;
	struct held_document c;

	if (documents_read(s->n, h, &c) == OK)
		s->last = MAX(s->last, c.d.is.progress.number);
	return true;
}

/* A statement of a learning system, if there is one; false: answered. */
static bool
take_xapi(struct http_request *r, json_t *content)
{
	json_t *statement = json_incref(json_object_get(content, "xapi"));
	char why[XAPI_WHY];

	if (statement == NULL)
		return true;
	(void)json_object_del(content, "xapi");
	(void)json_object_del(content, "at");
	const err e = xapi_read(statement, content, why);
	json_decref(statement);
	if (e != OK)
		http_fail(r, 422, "E3953", "xapi",
		    "one statement of xAPI 1.0 as JSON",
		    "the statement cannot be taken: %s", why);
	return e == OK;
}

void
api_progress_xapi(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = document_named(n, r, &persona);
	struct held_document c;

	if (h == NULL)
		return;
	json_t *o = documents_read(n, h, &c) == OK ? xapi_write(&c.d) : NULL;
	if (o == NULL)
		http_fail(r, 409, "E3952", "id", "ohcn progress list",
		    "this is no progress");
	else
		http_reply(r, 200, o);
}

void
api_progress_report(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct said_about *s = begin_about(n, r, EVIDENCE_PROGRESS);
	struct numbering last = { n, 0 };

	if (s == NULL)
		return;
	if (!take_xapi(r, s->plan.content)) {
		json_decref(s->plan.content);
		free(s);
		return;
	}
	set_if_absent(s->plan.content, "at", json_integer(now_h(n)));
	const struct held_filter f = { .type = EVIDENCE_PROGRESS,
		.of_persona = true,
		.persona = s->h.persona,
		.about = s->h.id };
	documents_each(n, &f, on_progress, &last);
	set_if_absent(s->plan.content, "number", json_integer(last.last + 1));
	end_about(n, r, s);
}

static const char *
kind_name(uint8_t kind)
{
	const struct field *f = field_find(
	    document_schema(EVIDENCE_AGREEMENT)->fields, slice_str("kind"));

	for (const struct field_choice *c = f->choices; c->name != NULL; c++)
		if (c->number == kind)
			return c->name;
	return NULL;
}

void
api_outcome_propose(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct said_about *s = begin_about(n, r, EVIDENCE_OUTCOME);

	if (s == NULL)
		return;
	const struct agreement *a = &s->base.d.is.agreement;
	const char *kind = kind_name(a->kind);
	if (kind != NULL)
		(void)json_object_set_new(
		    s->plan.content, "kind", json_string(kind));
	if (a->team[0] != '\0')
		(void)json_object_set_new(
		    s->plan.content, "team", json_string(a->team));
	end_about(n, r, s);
}

/* One side alone: it lies with who says it. */
void
api_agreement_claim(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct said_about *s = begin_about(n, r, EVIDENCE_ONE_SIDED);

	if (s == NULL)
		return;
	s->plan.silent = true;
	(void)json_object_set_new(s->plan.content, "side",
	    json_string(s->h.role == ROLE_COMPANY ? "company" : "person"));
	end_about(n, r, s);
}

void
api_follow_up(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct holding h;
	struct held_document base;
	json_t *body;

	if (!base_read(n, r, EVIDENCE_OUTCOME, &h, &base) ||
	    (body = http_json(r)) == NULL)
		return;
	struct document_plan p = { .persona = h.persona,
		.talk = h.talk[0] == '\0' ? NULL : mailbox_find(n, h.talk),
		.base = &base.d,
		.type = EVIDENCE_FOLLOW_UP };
	const struct outcome *o = &base.d.is.outcome;
	p.content = content_of(body, &p);
	put_base(n, o->company, o->person, o->agreement, p.content);
	json_hex(p.content, "outcome", slice_of(h.id, EVIDENCE_ID));
	document_plan_run(n, r, &p);
	json_decref(p.content);
	json_decref(body);
}

/* ---- keys that are one party's ---- */

/* What was signed with an old key goes on under a new one: the company says
 * so in the conversation with the new key. */
void
api_talk_moved(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct talk *t = talk_named(n, r);
	json_t *body;

	if (t == NULL)
		return;
	if (!t->c.company) {
		http_fail(r, 409, "E3950", NULL,
		    "ask for it in the conversation",
		    "the company states that a key has moved");
		return;
	}
	if ((body = http_json(r)) == NULL)
		return;
	struct document_plan p = {
		.persona = t->persona, .talk = t, .type = EVIDENCE_MOVED
	};
	p.content = content_of(body, &p);
	did_if_absent(p.content, "company", persona_get(n, t->persona)->pub);
	if (!t->c.by_hand)
		did_if_absent(p.content, "to", t->c.peer);
	set_if_absent(p.content, "at", json_integer(now_h(n)));
	document_plan_run(n, r, &p);
	json_decref(p.content);
	json_decref(body);
}
