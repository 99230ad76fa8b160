#include "node/evidence/credentials.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/base/json.h"
#include "node/credential/report.h"
#include "node/evidence/claims.h"
#include "node/evidence/from_talk.h"
#include "node/evidence/sheet.h"
#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "node/record/labels.h"
#include "proto/base/text.h"
#include "proto/evidence/rules.h"

#define SHEETS   "sheet/" /* of an issuer, by 16 digits of the credential */
#define BADGES   "badge/"
#define NAME_HEX 16
#define DAYS_MAX (EVIDENCE_VALID_H / 24)
#define ROOM     (2 * SHEET_MAX + 1)

static err
say_why(char why[CREDENTIALS_WHY], err e, const char *what)
{
	(void)snprintf(why, CREDENTIALS_WHY, "%s", what);
	return e;
}

/* ---- how one stands ---- */

const char *
credential_standing_name(enum credential_standing s)
{
	static const char *const names[] = { "proposed", "good", "expired",
		"revoked" };

	ASSERT((unsigned)s < ARRAY_LEN(names));
	return names[s];
}

struct search_end {
	struct node *n;
	const struct document *credential;
	uint8_t id[EVIDENCE_ID];
	bool found;
};

static bool
on_end(void *ctx, const struct holding *h)
{
	struct search_end *s = ctx;
	struct held_document *d = malloc(sizeof(*d));

	if (d != NULL && documents_read(s->n, h, d) == OK &&
	    memcmp(d->d.is.credential_end.issuer,
		s->credential->is.credential.issuer, ED25519_PUBLIC) == 0) {
		s->found = true;
		memcpy(s->id, h->id, EVIDENCE_ID);
	}
	free(d);
	return !s->found;
}

/* The end that this persona knows; whoever told another persona did not tell
 * this one. */
static bool
end_of(struct node *n, const struct holding *h,
    const struct document *credential, uint8_t id[EVIDENCE_ID])
{
	struct search_end s = { .n = n, .credential = credential };
	const struct held_filter f = { .type = EVIDENCE_CREDENTIAL_END,
		.of_persona = true,
		.persona = h->persona,
		.about = h->id,
		.complete = true };

	documents_each(n, &f, on_end, &s);
	memcpy(id, s.id, EVIDENCE_ID);
	return s.found;
}

enum credential_standing
credentials_standing(
    struct node *n, const struct holding *h, const struct held_document *d)
{
	uint8_t end[EVIDENCE_ID];

	if (end_of(n, h, &d->d, end))
		return CREDENTIAL_ENDED;
	if (!d->d.complete)
		return CREDENTIAL_PROPOSED;
	return d->d.is.credential.expires <= node_now(n) / 3600
		   ? CREDENTIAL_OVER
		   : CREDENTIAL_GOOD;
}

/* ---- sheets of the issuer ---- */

static void
short_name(char out[VAULT_NAME_MAX + 1], const char *head,
    const uint8_t id[EVIDENCE_ID])
{
	char hex[DOCUMENT_ID_TEXT];

	document_id_text(id, hex);
	(void)snprintf(out, VAULT_NAME_MAX + 1, "%s%.*s", head, NAME_HEX, hex);
}

static err
sheet_keep(struct node *n, uint32_t persona, const struct sheet *s)
{
	uint8_t *bytes = malloc(SHEET_MAX);
	char *hex = malloc(ROOM), name[VAULT_NAME_MAX + 1];
	struct buf out = { bytes, 0, SHEET_MAX };
	err e = bytes == NULL || hex == NULL ? ERR_NOMEM : OK;

	if (e == OK)
		e = sheet_write(s, slice_str(n->config->node.network), &out);
	if (e == OK)
		e = hex_put(hex, ROOM, buf_slice(&out));
	if (e == OK) {
		json_t *v = json_string(hex);
		short_name(name, SHEETS, s->credential);
		e = persona_keep(n, persona, name, v);
		json_decref(v);
	}
	if (bytes != NULL)
		crypto_wipe(bytes, SHEET_MAX);
	free(bytes);
	free(hex);
	return e;
}

/* Hexadecimal; NULL: none. */
static json_t *
sheet_of(struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID])
{
	char name[VAULT_NAME_MAX + 1];

	short_name(name, SHEETS, id);
	return persona_value(n, persona, name, NULL);
}

/* What comes from an issuer: kept if it is of a credential that is held. OK:
 * see ${f}; else it is to be tried again. */
static err
sheet_take(struct node *n, uint32_t persona, struct slice bytes,
    enum evidence_fault *f)
{
	struct held_document *d = malloc(sizeof(*d));
	char id[DOCUMENT_ID_TEXT];
	struct sheet s;
	err e = OK;

	if (d == NULL)
		return ERR_NOMEM;
	*f = EVIDENCE_MALFORMED;
	if (sheet_read(bytes, slice_str(n->config->node.network), &s) != OK) {
		free(d);
		return OK;
	}
	*f = EVIDENCE_WRONG_REFERENCE;
	const struct holding *h = documents_find(n, persona, s.credential);
	if (h != NULL && h->type == EVIDENCE_CREDENTIAL &&
	    h->role == ROLE_PERSON && documents_read(n, h, d) == OK &&
	    sheet_fits(&s, h->id, &d->d.is.credential)) {
		document_id_text(h->id, id);
		e = claims_keep_tree(n, persona, id, s.tree, s.key, s.leaves);
		*f = e == OK ? EVIDENCE_FINE : EVIDENCE_OVERSIZE;
		if (e == ERR_LIMIT || e == ERR_FORM)
			e = OK; /* no later try would do */
	}
	json_decref(s.leaves);
	crypto_wipe(&s, sizeof(s));
	free(d);
	return e;
}

err
credentials_from_talk(
    struct node *n, struct talk *t, enum mail_document kind, struct slice bytes)
{
	char talk[TALK_ID_TEXT];
	const struct held_from from = { .persona = t->persona, .talk = talk };

	/* A document is a list; a sheet is a map. */
	if (kind != MAIL_OTHER || bytes.n == 0 || bytes.p[0] < 0x80 ||
	    bytes.p[0] > 0x8f)
		return documents_from_talk(n, t, kind, bytes);
	enum evidence_fault f = EVIDENCE_FINE;
	const err e = sheet_take(n, t->persona, bytes, &f);
	talk_id_text(t, talk);
	if (e == OK && f != EVIDENCE_FINE)
		documents_refused(n, &from, f);
	return e;
}

void
credentials_open(struct node *n)
{
	mailbox_on_document(n, credentials_from_talk);
}

/* ---- to issue ---- */

static err
tree_make(
    struct node *n, const json_t *claims, struct sheet *s, uint8_t root[32])
{
	struct fact_tree *t = malloc(sizeof(*t));
	unsigned left_out;

	if (t == NULL)
		return ERR_NOMEM;
	n->env.random(n->env.ctx, s->tree, sizeof(s->tree));
	n->env.random(n->env.ctx, s->key, sizeof(s->key));
	s->leaves = facts_leaves(claims, NULL, NULL, &left_out);
	const err e = facts_tree(s->leaves, s->key, s->tree, t);
	memcpy(root, t->tree.root, 32);
	crypto_wipe(t, sizeof(*t));
	free(t);
	return e;
}

/* ---- who is on the other side ---- */

struct party {
	struct node *n;
	const uint8_t *company; /* we */
	uint8_t person[ED25519_PUBLIC];
	struct held_document *d;
	unsigned found; /* different ones */
};

static bool
on_agreement(void *ctx, const struct holding *h)
{
	struct party *p = ctx;
	const struct agreement *a = &p->d->d.is.agreement;

	if (documents_read(p->n, h, p->d) != OK ||
	    memcmp(a->company, p->company, ED25519_PUBLIC) != 0 ||
	    (p->found > 0 && memcmp(a->person, p->person, ED25519_PUBLIC) == 0))
		return true;
	memcpy(p->person, a->person, ED25519_PUBLIC);
	p->found++;
	return true;
}

bool
credentials_holder_in(
    struct node *n, const struct talk *t, uint8_t holder[ED25519_PUBLIC])
{
	const struct author *me = persona_get(n, t->persona);
	char talk[TALK_ID_TEXT];

	talk_id_text(t, talk);
	if (!t->c.by_hand || !t->c.company) {
		memcpy(holder, t->c.peer, ED25519_PUBLIC);
		return true;
	}
	struct party p = { .n = n,
		.company = me == NULL ? t->c.own : me->pub,
		.d = malloc(sizeof(*p.d)) };
	const struct held_filter f = { .type = EVIDENCE_AGREEMENT,
		.of_persona = true,
		.persona = t->persona,
		.talk = talk,
		.complete = true };
	if (p.d != NULL)
		documents_each(n, &f, on_agreement, &p);
	free(p.d);
	memcpy(holder, p.person, ED25519_PUBLIC);
	return p.found == 1;
}

static bool
is_with(struct node *n, const struct talk *t, const uint8_t key[ED25519_PUBLIC])
{
	uint8_t holder[ED25519_PUBLIC];

	return credentials_holder_in(n, t, holder) &&
	       memcmp(holder, key, ED25519_PUBLIC) == 0;
}

static bool
send_bytes(struct node *n, struct talk *t, enum mail_document kind,
    struct slice bytes, enum mail_outcome *outcome, err *e)
{
	*e = mailbox_say_document(n, t, kind, bytes, outcome);
	return *e == OK && *outcome == MAIL_FINE;
}

static bool
send_hex(struct node *n, struct talk *t, const json_t *hex,
    enum mail_outcome *outcome, err *e)
{
	const char *text = json_string_value(hex);
	uint8_t *bytes = malloc(SHEET_MAX);
	struct buf b = { bytes, 0, SHEET_MAX };

	*e = bytes == NULL || text == NULL ? ERR_NOMEM
					   : hex_get(slice_str(text), &b);
	const bool sent =
	    *e == OK && send_bytes(n, t, MAIL_OTHER, buf_slice(&b), outcome, e);
	if (bytes != NULL)
		crypto_wipe(bytes, SHEET_MAX);
	free(bytes);
	return sent;
}

static json_t *
dry_json(const struct held_document *d, const json_t *claims)
{
	char id[DOCUMENT_ID_TEXT];
	json_t *o = json_object();

	document_id_text(d->d.id, id);
	json_hex(o, "document", d->d.bytes);
	(void)json_object_set_new(o, "id", json_string(id));
	(void)json_object_set_new(
	    o, "claims", claims == NULL ? json_null() : json_deep_copy(claims));
	return o;
}

static err
issue_one(struct node *n, const struct credential_order *o, json_t *out,
    enum evidence_fault *fault, enum mail_outcome *outcome)
{
	const struct author *a = persona_get(n, o->persona);
	struct held_document *d = malloc(sizeof(*d));
	struct evidence *e = malloc(sizeof(*e));
	char talk[TALK_ID_TEXT] = "", id[DOCUMENT_ID_TEXT];
	struct sheet s = { .leaves = NULL };
	struct holding h;
	err r = d == NULL || e == NULL || a == NULL ? ERR_NOMEM : OK;

	if (r != OK)
		goto out;
	*e = (struct evidence){ .type = EVIDENCE_CREDENTIAL };
	e->credential = o->c;
	memcpy(e->credential.issuer, a->pub, ED25519_PUBLIC);
	n->env.random(n->env.ctx, e->credential.nonce, EVIDENCE_NONCE);
	e->credential.issued = (uint32_t)(node_now(n) / 3600);
	e->credential.expires = e->credential.issued + o->days * 24;
	if (o->claims != NULL)
		r = tree_make(n, o->claims, &s, e->credential.claims);
	if (r == OK && o->dry) {
		r = documents_draft(n, e, d, fault);
		if (r == OK && *fault == EVIDENCE_FINE)
			(void)json_array_append_new(out, dry_json(d, s.leaves));
		goto out;
	}
	if (o->talk != NULL)
		talk_id_text(o->talk, talk);
	const struct held_from from = { .persona = o->persona, .talk = talk };
	if (r == OK)
		r = documents_make(n, &from, e, true, &h, fault);
	if (r != OK || *fault != EVIDENCE_FINE)
		goto out;
	memcpy(s.credential, h.id, EVIDENCE_ID);
	if (s.leaves != NULL)
		r = sheet_keep(n, o->persona, &s);
	document_id_text(h.id, id);
	(void)json_array_append_new(out, json_string(id));
	if (r == OK && o->talk != NULL) {
		char why[CREDENTIALS_WHY];
		r = credentials_send(
		    n, o->persona, h.id, o->talk, outcome, why);
	}
out:
	json_decref(s.leaves);
	crypto_wipe(&s, sizeof(s));
	free(d);
	free(e);
	return r;
}

err
credentials_issue(struct node *n, const struct credential_order *o,
    json_t **out, enum evidence_fault *fault, enum mail_outcome *outcome,
    char why[CREDENTIALS_WHY])
{
	char text[FACTS_WHY];
	err e = OK;

	*out = NULL;
	*fault = EVIDENCE_FINE;
	*outcome = MAIL_FINE;
	why[0] = '\0';
	if (o->days < 1 || o->days > DAYS_MAX)
		return say_why(why, ERR_FORM, "valid for 1 to 3650 days");
	if (o->copies < 1 || o->copies > CREDENTIAL_COPIES ||
	    (o->copies > 1 && o->claims == NULL))
		return say_why(why, ERR_FORM,
		    "1 to 10 copies, and several only with claims: each has a "
		    "tree of its own");
	if (o->claims != NULL && facts_check(o->claims, text) != OK)
		return say_why(why, ERR_FORM, text);
	if (o->claims != NULL && json_object_size(o->claims) == 0)
		return say_why(why, ERR_FORM, "there are no claims");
	/* Before it is made: it could not be sent. */
	if (o->talk != NULL && !is_with(n, o->talk, o->c.holder))
		return say_why(why, ERR_FORM,
		    "the holder is not the other side of this conversation, "
		    "nor has signed an agreement in it");
	*out = json_array();
	for (unsigned i = 0; i < o->copies && e == OK &&
			     *fault == EVIDENCE_FINE && *outcome == MAIL_FINE;
	     i++)
		e = issue_one(n, o, *out, fault, outcome);
	return e;
}

/* ---- to accept, to show ---- */

/* To the conversation it belongs to, if that is still there. */
static err
send_back(struct node *n, const struct holding *h, enum mail_document kind,
    bool *sent, enum mail_outcome *outcome)
{
	struct talk *t = h->talk[0] == '\0' ? NULL : mailbox_find(n, h->talk);
	struct held_document *d = malloc(sizeof(*d));
	err e = d == NULL ? ERR_NOMEM : OK;

	*sent = false;
	*outcome = MAIL_FINE;
	if (e == OK && t != NULL && t->persona == h->persona &&
	    !conversation_is_over(t->c.state)) {
		e = documents_read(n, h, d);
		if (e == OK)
			*sent = send_bytes(n, t, kind, d->d.bytes, outcome, &e);
	}
	free(d);
	return e;
}

err
credentials_accept(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], bool *sent, enum mail_outcome *outcome,
    enum evidence_fault *fault)
{
	const struct holding *found = documents_find(n, persona, id);
	struct holding h;

	*sent = false;
	*outcome = MAIL_FINE;
	*fault = EVIDENCE_BAD_ROLE;
	if (found != NULL && found->role != ROLE_PERSON)
		return OK;
	TRY(documents_sign(n, persona, id, &h, fault));
	if (*fault != EVIDENCE_FINE)
		return OK;
	return send_back(n, &h, MAIL_CREDENTIAL, sent, outcome);
}

err
credentials_send(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], struct talk *t, enum mail_outcome *outcome,
    char why[CREDENTIALS_WHY])
{
	const struct holding *found = documents_find(n, persona, id);
	struct held_document *d = malloc(sizeof(*d));
	uint8_t end[EVIDENCE_ID];
	struct holding h = { .role = 0 };
	err e = OK;

	*outcome = MAIL_FINE;
	if (d == NULL)
		return ERR_NOMEM;
	if (found == NULL || found->type != EVIDENCE_CREDENTIAL)
		e = ERR_NOTFOUND;
	else
		h = *found;
	if (e == OK && t->persona != persona)
		e = say_why(why, ERR_FORM,
		    "the conversation is another persona's: showing it there "
		    "would link the two");
	if (e == OK)
		e = documents_read(n, &h, d);
	if (e == OK && !d->d.complete && h.role != ROLE_COMPANY)
		e = say_why(why, ERR_FORM,
		    "it is not accepted yet: ohcn credential "
		    "accept");
	const bool with_holder =
	    e == OK && is_with(n, t, d->d.is.credential.holder);
	if (e == OK && !d->d.complete && !with_holder)
		e = say_why(why, ERR_FORM,
		    "its holder has not accepted it, and is not the other "
		    "side of this conversation, nor has signed an agreement "
		    "in it");
	const bool ended = e == OK && end_of(n, &h, &d->d, end);
	const bool to_holder = h.role == ROLE_COMPANY && with_holder;
	if (e == OK &&
	    send_bytes(n, t, MAIL_CREDENTIAL, d->d.bytes, outcome, &e)) {
		json_t *sheet = to_holder ? sheet_of(n, persona, id) : NULL;
		if (sheet != NULL)
			(void)send_hex(n, t, sheet, outcome, &e);
		json_decref(sheet);
		found = ended ? documents_find(n, persona, end) : NULL;
		if (e == OK && found != NULL &&
		    documents_read(n, found, d) == OK)
			(void)send_bytes(
			    n, t, MAIL_OTHER, d->d.bytes, outcome, &e);
	}
	free(d);
	return e;
}

err
credentials_revoke(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], enum credential_end_reason reason,
    bool *sent, enum mail_outcome *outcome, enum evidence_fault *fault)
{
	const struct holding *found = documents_find(n, persona, id);
	const struct author *a = persona_get(n, persona);
	struct evidence *e = calloc(1, sizeof(*e));
	struct holding h;
	err r = OK;

	*sent = false;
	*outcome = MAIL_FINE;
	*fault = EVIDENCE_FINE;
	if (e == NULL)
		return ERR_NOMEM;
	if (found == NULL)
		r = ERR_NOTFOUND;
	else if (found->type != EVIDENCE_CREDENTIAL ||
		 found->role != ROLE_COMPANY)
		r = ERR_FORM;
	if (r == OK) {
		const struct held_from from = { .persona = persona,
			.talk = found->talk };
		*e = (struct evidence){ .type = EVIDENCE_CREDENTIAL_END };
		memcpy(e->credential_end.issuer, a->pub, ED25519_PUBLIC);
		memcpy(e->credential_end.credential, id, EVIDENCE_ID);
		e->credential_end.at = (uint32_t)(node_now(n) / 3600);
		e->credential_end.reason = (uint8_t)reason;
		r = documents_make(n, &from, e, true, &h, fault);
	}
	free(e);
	if (r != OK || *fault != EVIDENCE_FINE)
		return r;
	return send_back(n, &h, MAIL_OTHER, sent, outcome);
}

/* ---- as JSON ---- */

static json_t *
content_of(struct node *n, const struct document *d, uint32_t language)
{
	struct label_scope scope = { n->terms->vocabulary, language,
		{ NULL, NULL } };
	const struct payload_labels labels = scope_labels(&scope);
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct value map;
	json_t *o = NULL;

	if (memory == NULL || value_parse(d->body, &arena, &map) != OK ||
	    payload_to_json(document_schema(d->is.type), &map, &labels, &o) !=
		OK)
		o = NULL;
	free(memory);
	return o;
}

json_t *
credentials_json(struct node *n, const struct holding *h, uint32_t language)
{
	struct held_document *d = malloc(sizeof(*d));
	char id[DOCUMENT_ID_TEXT];
	uint8_t end[EVIDENCE_ID];
	json_t *o = NULL;

	if (d == NULL || h->type != EVIDENCE_CREDENTIAL ||
	    documents_read(n, h, d) != OK) {
		free(d);
		return NULL;
	}
	json_t *content = content_of(n, &d->d, language);
	document_id_text(h->id, id);
	o = json_pack("{s:s,s:s,s:s,s:o?,s:s}", "id", id, "role",
	    h->role == ROLE_COMPANY  ? "issuer"
	    : h->role == ROLE_PERSON ? "holder"
				     : "none",
	    "standing", credential_standing_name(credentials_standing(n, h, d)),
	    "content", content, "talk", h->talk);
	json_truth(o, "accepted", (d->d.signed_by & 1U << ROLE_PERSON) != 0);
	json_truth(o, "waits_for_you",
	    h->role == ROLE_PERSON && !d->d.complete &&
		!end_of(n, h, &d->d, end));
	json_t *sheet =
	    h->role == ROLE_COMPANY ? sheet_of(n, h->persona, h->id) : NULL;
	json_truth(o, "sheet", sheet != NULL);
	json_decref(sheet);
	free(d);
	return o;
}

struct listing {
	struct node *n;
	json_t *list;
	uint32_t language;
};

static bool
on_listed(void *ctx, const struct holding *h)
{
	struct listing *l = ctx;
	json_t *o = credentials_json(l->n, h, l->language);

	if (o != NULL)
		(void)json_array_append_new(l->list, o);
	return true;
}

static bool
on_badge(void *ctx, const char *name, json_t *value)
{
	json_t *list = ctx;
	struct credential_view v;
	char why[JCS_WHY];

	if (credential_read(value, &v, why) == CREDENTIAL_FINE) {
		json_t *o = credential_view_json(&v);
		(void)json_object_set_new(
		    o, "held_as", json_string(strrchr(name, '/') + 1));
		(void)json_array_append_new(list, o);
	}
	return true;
}

json_t *
credentials_list(struct node *n, uint32_t persona, uint32_t language)
{
	struct listing l = { n, json_array(), language };
	const struct held_filter f = { .type = EVIDENCE_CREDENTIAL,
		.of_persona = true,
		.persona = persona };
	char prefix[PERSONA_VAULT_NAME];
	json_t *badges = json_array();

	documents_each(n, &f, on_listed, &l);
	persona_vault_name(prefix, persona, BADGES);
	vault_each(n->vault, prefix, on_badge, badges);
	return json_pack("{s:o,s:o}", "credentials", l.list, "badges", badges);
}

/* ---- files ---- */

json_t *
credentials_file(
    struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID])
{
	const struct holding *found = documents_find(n, persona, id);
	struct held_document *d = malloc(sizeof(*d));
	uint8_t end[EVIDENCE_ID];
	json_t *o = NULL;

	if (d == NULL || found == NULL || found->type != EVIDENCE_CREDENTIAL)
		goto out;
	const struct holding h = *found;
	if (documents_read(n, &h, d) != OK)
		goto out;
	o = json_pack("{s:s,s:n,s:n}", "ohcn", "credential/1", "end", "sheet");
	json_hex(o, "document", d->d.bytes);
	if (h.role == ROLE_COMPANY) {
		json_t *sheet = sheet_of(n, persona, id);
		if (sheet != NULL)
			(void)json_object_set_new(o, "sheet", sheet);
	}
	found =
	    end_of(n, &h, &d->d, end) ? documents_find(n, persona, end) : NULL;
	if (found != NULL && documents_read(n, found, d) == OK)
		json_hex(o, "end", d->d.bytes);
out:
	free(d);
	return o;
}

static err
take_hex(struct node *n, uint32_t persona, const json_t *hex, struct holding *h,
    enum evidence_fault *fault)
{
	uint8_t bytes[DOCUMENT_MAX];
	struct buf b = { bytes, 0, sizeof(bytes) };
	const char *text = json_string_value(hex);
	const struct held_from from = { .persona = persona, .imported = true };

	*fault = EVIDENCE_MALFORMED;
	if (text == NULL || hex_get(slice_str(text), &b) != OK)
		return OK;
	return documents_take(n, &from, buf_slice(&b), h, fault);
}

err
credentials_take_file(struct node *n, uint32_t persona, const json_t *file,
    uint8_t id[EVIDENCE_ID], enum evidence_fault *fault,
    char why[CREDENTIALS_WHY])
{
	const char *what = json_string_value(json_object_get(file, "ohcn"));
	const json_t *end = json_object_get(file, "end");
	const char *sheet = json_string_value(json_object_get(file, "sheet"));
	struct holding h;

	why[0] = '\0';
	*fault = EVIDENCE_FINE;
	if (what == NULL || strcmp(what, "credential/1") != 0)
		return say_why(
		    why, ERR_FORM, "it is no file of ohcn credential export");
	TRY(take_hex(n, persona, json_object_get(file, "document"), &h, fault));
	if (*fault != EVIDENCE_FINE)
		return OK;
	if (h.type != EVIDENCE_CREDENTIAL)
		return say_why(why, ERR_FORM, "the document is no credential");
	memcpy(id, h.id, EVIDENCE_ID);
	if (json_is_string(end)) {
		TRY(take_hex(n, persona, end, &h, fault));
		if (*fault != EVIDENCE_FINE)
			return OK;
	}
	if (sheet != NULL && h.role != ROLE_COMPANY) {
		uint8_t *bytes = malloc(SHEET_MAX);
		struct buf b = { bytes, 0, SHEET_MAX };
		err e = OK;
		if (bytes == NULL)
			return ERR_NOMEM;
		*fault = EVIDENCE_MALFORMED;
		if (hex_get(slice_str(sheet), &b) == OK)
			e = sheet_take(n, persona, buf_slice(&b), fault);
		crypto_wipe(bytes, SHEET_MAX);
		free(bytes);
		return e;
	}
	return OK;
}

/* ---- the W3C form ---- */

static bool
name_term(void *ctx, uint64_t term, struct slice *uri, struct slice *label)
{
	const struct node *n = ctx;
	const struct vocabulary *v = n->terms->vocabulary;
	const uint32_t at = vocabulary_find(v, term);

	if (at == TERM_NOWHERE)
		return false;
	*uri = vocabulary_uri(v, at);
	*label = vocabulary_label(v, at, language_code(slice_str("en")), NULL);
	return true;
}

struct signing {
	struct node *n;
	uint32_t persona;
};

static bool
sign_badge(
    void *ctx, struct slice text, uint64_t created_s, uint8_t sig[ED25519_SIG])
{
	const struct signing *s = ctx;
	uint8_t *bytes =
	    text.n > SIGNER_BYTES_MAX - 8 ? NULL : malloc(text.n + 8);
	bool good = bytes != NULL;

	if (good) {
		put_u64be(bytes, created_s);
		memcpy(bytes + 8, text.p, text.n);
		good = signer_sign(s->n->signer, s->persona, SIGN_BADGE, 0,
			   slice_str(s->n->config->node.network),
			   slice_of(bytes, text.n + 8), sig) == OK;
	}
	free(bytes);
	return good;
}

static err
badge_make(struct node *n, const struct holding *h,
    const struct held_document *d, json_t **out, char why[CREDENTIALS_WHY])
{
	const struct credential_names names = { name_term, n };
	struct signing with = { n, h->persona };
	struct proof_signer by = { .sign = sign_badge, .ctx = &with };
	char text[JCS_WHY];

	memcpy(by.key, persona_get(n, h->persona)->pub, ED25519_PUBLIC);
	TRY(credential_write(&d->d.is.credential, h->id, &names, out));
	const err e = proof_create_by(*out, &by, node_now(n), text);
	if (e == OK)
		return OK;
	json_decref(*out);
	*out = NULL;
	return say_why(why, e == ERR_AUTH ? ERR_FORM : e,
	    e == ERR_AUTH ? "the process that holds the keys did not sign it: "
			    "larger than 16 KiB, or it has ended"
			  : text);
}

err
credentials_badge(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], json_t **out, char why[CREDENTIALS_WHY])
{
	const struct holding *found = documents_find(n, persona, id);
	struct held_document *d = malloc(sizeof(*d));
	uint8_t end[EVIDENCE_ID];
	err e = OK;

	*out = NULL;
	why[0] = '\0';
	if (d == NULL)
		return ERR_NOMEM;
	if (found == NULL || found->type != EVIDENCE_CREDENTIAL) {
		free(d);
		return ERR_NOTFOUND;
	}
	const struct holding h = *found;
	e = documents_read(n, &h, d);
	if (e == OK && h.role != ROLE_COMPANY)
		e = say_why(why, ERR_FORM,
		    "only its issuer can sign the W3C form: ask for it");
	if (e == OK && end_of(n, &h, &d->d, end))
		e = say_why(why, ERR_FORM, "it has been taken back");
	if (e == OK && !d->d.complete)
		e = say_why(why, ERR_FORM, "its holder has not accepted it");
	if (e == OK)
		e = badge_make(n, &h, d, out, why);
	free(d);
	return e;
}

static bool
count(void *ctx, const char *name, json_t *value)
{
	unsigned *n = ctx;

	(void)name;
	(void)value;
	(*n)++;
	return true;
}

err
credentials_keep_badge(struct node *n, uint32_t persona, const json_t *badge,
    char name[17], char why[CREDENTIALS_WHY])
{
	char full[VAULT_NAME_MAX + 1], prefix[PERSONA_VAULT_NAME];
	uint8_t id[EVIDENCE_ID];
	char text[JCS_WHY];
	struct slice bytes;
	unsigned have = 0;

	if (jcs_write(badge, &bytes, text) != OK)
		return say_why(why, ERR_FORM, text);
	const struct crypto_part part = { bytes.p, bytes.n };
	hash_blake2b(id, sizeof(id), "ohcn-badge-held", &part, 1);
	free((void *)(uintptr_t)bytes.p);
	if (bytes.n > BADGE_MAX)
		return say_why(why, ERR_LIMIT, "larger than 16 KiB");
	persona_vault_name(prefix, persona, BADGES);
	vault_each(n->vault, prefix, count, &have);
	short_name(full, BADGES, id);
	memcpy(name, full + strlen(BADGES), NAME_HEX);
	name[NAME_HEX] = '\0';
	json_t *had = persona_value(n, persona, full, NULL);
	json_decref(had);
	if (had == NULL && have >= BADGES_MAX)
		return say_why(why, ERR_LIMIT,
		    "64 are held already: ohcn credential forget one");
	return persona_keep(n, persona, full, badge);
}

static bool
badge_name(char out[VAULT_NAME_MAX + 1], const char *name)
{
	if (strlen(name) != NAME_HEX ||
	    strspn(name, "0123456789abcdef") != NAME_HEX)
		return false;
	(void)snprintf(out, VAULT_NAME_MAX + 1, BADGES "%s", name);
	return true;
}

json_t *
credentials_badge_named(struct node *n, uint32_t persona, const char *name)
{
	char full[VAULT_NAME_MAX + 1];

	return badge_name(full, name) ? persona_value(n, persona, full, NULL)
				      : NULL;
}

err
credentials_badge_forget(struct node *n, uint32_t persona, const char *name)
{
	char full[VAULT_NAME_MAX + 1];

	return badge_name(full, name) ? persona_drop(n, persona, full) : OK;
}
