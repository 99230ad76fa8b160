/* Documents as JSON with words: api/document.h. */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/document.h"
#include "node/evidence/follow.h"
#include "node/keys/persona.h"

/* ---- what it says ---- */

static json_t *
content_json(
    struct node *n, const struct http_request *r, const struct document *d)
{
	struct label_scope scope = { .vocabulary = n->terms->vocabulary,
		.language = language_of(n, r) };
	const struct payload_labels labels = scope_labels(&scope);
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct value map;
	json_t *o = NULL;

	if (memory != NULL && value_parse(d->body, &arena, &map) == OK &&
	    payload_to_json(document_schema(d->is.type), &map, &labels, &o) !=
		OK)
		o = NULL;
	free(memory);
	return o;
}

static const char *
role_word(unsigned role)
{
	switch (role) {
	case ROLE_COMPANY:
		return "company";
	case ROLE_PERSON:
		return "person";
	case ROLE_MANAGER:
		return "manager";
	default:
		return "peer";
	}
}

/* Of a session the keys say more; of the rest the role. */
static json_t *
roles_json(const struct document *d, uint64_t roles)
{
	json_t *list = json_array();

	for (unsigned role = 1; role < ROLE_PEER + EVIDENCE_PEERS; role++) {
		const uint8_t *key = document_key_of(&d->is, role);
		if ((roles & UINT64_C(1) << role) == 0 || key == NULL)
			continue;
		json_t *o = json_pack("{s:s}", "role", role_word(role));
		json_did(o, "key", key);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static bool
waits_for_me(const struct holding *h)
{
	const uint64_t mine = UINT64_C(1) << h->role;
	const bool after_company =
	    (h->type == EVIDENCE_AGREEMENT || h->type == EVIDENCE_CREDENTIAL) &&
	    h->role == ROLE_PERSON;

	return h->role != 0 && (h->signed_by & mine) == 0 &&
	       (!after_company || (h->signed_by & 1U << ROLE_COMPANY) != 0);
}

static const char *
origin_word(enum held_origin origin)
{
	switch (origin) {
	case HELD_OWN:
		return "own";
	case HELD_SHOWN:
		return "shown";
	case HELD_IMPORTED:
		return "imported";
	}
	return "";
}

/* ---- a pledge beside the offer's ---- */

static void
differ(json_t *list, const char *field, json_t *offer, json_t *agreement)
{
	if (!json_equal(offer, agreement))
		(void)json_array_append_new(
		    list, json_pack("{s:s,s:O,s:O}", "field", field, "offer",
			      offer, "agreement", agreement));
	json_decref(offer);
	json_decref(agreement);
}

static json_t *
number(uint64_t v)
{
	return v == 0 ? json_null() : json_integer((json_int_t)v);
}

static json_t *
words(const char *p, size_t n)
{
	return n == 0 ? json_null() : json_stringn(p, n);
}

static json_t *
choice_of(const struct field *fields, const char *name, uint64_t v)
{
	const struct field *f = field_find(fields, slice_str(name));

	for (const struct field_choice *c = f->choices; c->name != NULL; c++)
		if (c->number == v)
			return json_string(c->name);
	return json_null();
}

static const struct field *
pledge_fields_of(void)
{
	return field_find(
	    document_schema(EVIDENCE_AGREEMENT)->fields, slice_str("pledge"))
	    ->fields;
}

static void
compare(json_t *list, const struct mail_pledge *o, const struct pledge *p)
{
	const struct field *fields = pledge_fields_of();

	differ(list, "kind", choice_of(fields, "kind", (uint64_t)o->kind),
	    choice_of(fields, "kind", p->kind));
	differ(list, "hours", number(o->hours), number(p->hours));
	differ(list, "amount", number(o->amount), number(p->amount));
	differ(list, "currency", words(o->currency, strlen(o->currency)),
	    words(p->currency, strlen(p->currency)));
	differ(list, "deadline", number(o->deadline_h), number(p->deadline));
	differ(list, "conditions",
	    words((const char *)o->conditions.p, o->conditions.n),
	    words(p->conditions, strlen(p->conditions)));
}

json_t *
pledge_differences(
    struct node *n, const struct talk *t, const struct agreement *a)
{
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	json_t *list = json_array();
	struct offer_terms terms = { .has_pledge = false };

	(void)n;
	if (memory != NULL && t->c.terms_n > 0 &&
	    offer_terms_read(
		slice_of(t->c.terms, t->c.terms_n), &arena, &terms) == OK) {
		const struct mail_pledge none = { .hours = 0 };
		if (terms.has_pledge || a->pledge.kind != 0)
			compare(list, terms.has_pledge ? &terms.pledge : &none,
			    &a->pledge);
	}
	free(memory);
	return list;
}

/* ---- one ---- */

static void
agreement_more(struct node *n, const struct holding *h,
    const struct document *d, json_t *o)
{
	const struct holding *outcome = NULL;
	enum pledge_standing standing;
	struct talk *t = h->talk[0] == '\0' ? NULL : mailbox_find(n, h->talk);
	char id[DOCUMENT_ID_TEXT];

	if (agreement_standing(n, h, &outcome, &standing) == OK)
		(void)json_object_set_new(
		    o, "standing", json_string(pledge_standing_name(standing)));
	json_uint(o, "due", evidence_due(&d->is.agreement));
	if (outcome != NULL)
		document_id_text(outcome->id, id);
	(void)json_object_set_new(
	    o, "outcome", outcome == NULL ? json_null() : json_string(id));
	(void)json_object_set_new(o, "differences",
	    t == NULL ? json_array()
		      : pledge_differences(n, t, &d->is.agreement));
}

static json_t *
head_json(struct node *n, const struct holding *h, const struct document *d)
{
	static const uint8_t none[EVIDENCE_ID];
	char id[DOCUMENT_ID_TEXT], about[DOCUMENT_ID_TEXT];
	json_t *o = json_object();

	document_id_text(h->id, id);
	document_id_text(h->about, about);
	(void)json_object_set_new(o, "id", json_string(id));
	(void)json_object_set_new(
	    o, "type", json_string(evidence_type_name(h->type)));
	(void)json_object_set_new(
	    o, "persona", json_string(persona_get(n, h->persona)->name));
	(void)json_object_set_new(o, "role",
	    h->role == 0 ? json_null() : json_string(role_word(h->role)));
	(void)json_object_set_new(
	    o, "origin", json_string(origin_word(h->origin)));
	(void)json_object_set_new(o, "talk", json_string(h->talk));
	(void)json_object_set_new(o, "about",
	    memcmp(h->about, none, EVIDENCE_ID) == 0 ? json_null()
						     : json_string(about));
	json_truth(o, "complete", h->complete);
	(void)json_object_set_new(
	    o, "asks", json_string(waits_for_me(h) ? "sign" : ""));
	(void)json_object_set_new(o, "needed", roles_json(d, h->needed));
	(void)json_object_set_new(o, "signed", roles_json(d, h->signed_by));
	json_uint(o, "made", (uint64_t)h->made * 3600);
	json_uint(o, "came", h->came_s);
	json_uint(o, "changed", h->changed_s);
	return o;
}

json_t *
document_json(struct node *n, const struct http_request *r,
    const struct holding *h, bool full)
{
	struct held_document c;

	if (documents_read(n, h, &c) != OK)
		return NULL;
	json_t *o = head_json(n, h, &c.d);
	json_t *content = content_json(n, r, &c.d);
	(void)json_object_set_new(
	    o, "content", content == NULL ? json_null() : content);
	if (full && h->type == EVIDENCE_AGREEMENT)
		agreement_more(n, h, &c.d, o);
	if (full)
		json_hex(o, "bytes_hex", c.d.bytes);
	return o;
}

json_t *
draft_json(struct node *n, const struct http_request *r,
    const struct document *d, uint32_t persona, const char *talk)
{
	const uint8_t *me = persona_get(n, persona)->pub;
	struct holding h = { .type = d->is.type,
		.origin = HELD_OWN,
		.persona = persona,
		.role = document_role_of(d, me),
		.made = d->made,
		.needed = d->needed,
		.signed_by = d->signed_by };
	json_t *content = content_json(n, r, d);

	memcpy(h.id, d->id, EVIDENCE_ID);
	(void)snprintf(h.talk, sizeof(h.talk), "%s", talk);
	json_t *o = head_json(n, &h, d);
	(void)json_object_set_new(
	    o, "content", content == NULL ? json_null() : content);
	json_hex(o, "bytes_hex", d->bytes);
	return o;
}
