/*
 * Sessions over the API: proposed, signed by k of n participants, passed on
 * in conversations or as files, listed with what this node says of them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/communities.h"
#include "node/community/pass.h"
#include "node/community/session.h"
#include "proto/base/text.h"

#define HEX_MAX (2 * DOCUMENT_MAX + 1)

/* ---- as JSON ---- */

json_t *
skills_json(const struct label_scope *scope, const struct evidence_skills *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < s->n; i++) {
		json_t *one = term_json(scope, s->at[i].term);
		json_uint(one, "level", s->at[i].level);
		(void)json_array_append_new(list, one);
	}
	return list;
}

/* Also while others have not. */
static bool
has_signed(const struct document *d, const uint8_t key[ED25519_PUBLIC])
{
	const unsigned role = document_role_of(d, key);

	return role != 0 && (d->signed_by & UINT64_C(1) << role) != 0;
}

static json_t *
peers_json(struct node *n, uint32_t persona, const struct document *d)
{
	const struct session *s = &d->is.session;
	const uint8_t *me = persona_get(n, persona)->pub;
	json_t *list = json_array();

	for (unsigned i = 0; i < s->peers_n; i++) {
		json_t *one = json_object();
		json_did(one, "key", s->peers[i]);
		json_truth(
		    one, "me", memcmp(s->peers[i], me, ED25519_PUBLIC) == 0);
		json_truth(one, "signed", has_signed(d, s->peers[i]));
		(void)json_array_append_new(list, one);
	}
	return list;
}

static json_t *
session_json(struct node *n, struct http_request *r, const struct holding *h,
    const struct held_document *held, bool full)
{
	const struct session *s = &held->d.is.session;
	const struct label_scope scope = { n->terms->vocabulary,
		language_of(n, r), { NULL, NULL } };
	char id[DOCUMENT_ID_TEXT], name[COMMUNITY_NAME_MAX + 1];
	json_t *o = json_object();
	unsigned signatures = 0;

	const enum session_fault f =
	    session_judge(n, h->persona, &held->d, name);
	document_id_text(h->id, id);
	for (unsigned i = 0; i < s->peers_n; i++)
		signatures += has_signed(&held->d, s->peers[i]);
	(void)json_object_set_new(o, "id", json_string(id));
	(void)json_object_set_new(
	    o, "community", name[0] == 0 ? json_null() : json_string(name));
	(void)json_object_set_new(o, "title", json_string(s->title));
	json_uint(o, "number", s->number);
	json_uint(o, "at", (uint64_t)s->at * 3600);
	json_uint(o, "minutes", s->minutes);
	json_uint(o, "k", s->k);
	json_uint(o, "participants", s->peers_n);
	json_uint(o, "signed", signatures);
	json_truth(o, "signed_by_me",
	    has_signed(&held->d, persona_get(n, h->persona)->pub));
	json_truth(o, "complete", held->d.complete);
	(void)json_object_set_new(
	    o, "verdict", json_string(session_fault_name(f)));
	(void)json_object_set_new(o, "why", json_string(session_fault_text(f)));
	(void)json_object_set_new(
	    o, "practised", skills_json(&scope, &s->practised));
	if (full) {
		(void)json_object_set_new(
		    o, "keys", peers_json(n, h->persona, &held->d));
		json_hex(o, "document", held->d.bytes);
	}
	return o;
}

/* ---- which one ---- */

static const struct holding *
session_asked(struct node *n, struct http_request *r, uint32_t *persona)
{
	const struct holding *h;
	bool several = false;

	if (!persona_asked(n, r, persona))
		return NULL;
	communities_look(n, *persona);
	h = documents_named(n, *persona, http_param(r, "id"), &several);
	if (h != NULL && h->type == EVIDENCE_SESSION)
		return h;
	http_fail(r, several ? 409 : 404, several ? "E3203" : "E3170", "id",
	    "ohcn session list", "there is no session \"%.80s\"%s",
	    http_param(r, "id"), several ? ", or several begin so" : "");
	return NULL;
}

static void
fail_held(struct http_request *r, err e, enum evidence_fault f)
{
	if (e == OK)
		http_fail(r, 422, "E3171", "document", NULL,
		    "it is refused: %s", evidence_fault_name(f));
	else if (e == ERR_CLOSED)
		http_fail(r, 503, "E3124", NULL, "ohcn down, ohcn up",
		    "the process that holds the keys has ended");
	else
		http_fail_err(r, e, "it cannot be kept: %s", err_name(e));
}

static void
reply_session(struct node *n, struct http_request *r, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], json_t *passed)
{
	const struct holding *h = documents_find(n, persona, id);
	struct held_document held;

	if (h == NULL || documents_read(n, h, &held) != OK) {
		json_decref(passed);
		http_fail_err(r, ERR_NOTFOUND, "it is not held any more");
		return;
	}
	json_t *o = session_json(n, r, h, &held, true);
	(void)json_object_set_new(
	    o, "passed", passed == NULL ? json_array() : passed);
	http_reply(r, 200, o);
}

/* ---- list and show ---- */

struct listing {
	struct node *n;
	struct http_request *r;
	const char *community;
	json_t *list;
};

static bool
on_session(void *ctx, const struct holding *h)
{
	struct listing *l = ctx;
	struct held_document held;

	if (documents_read(l->n, h, &held) != OK)
		return true;
	json_t *one = session_json(l->n, l->r, h, &held, false);
	const char *of = json_string_value(json_object_get(one, "community"));
	if (l->community == NULL ||
	    (of != NULL && strcmp(of, l->community) == 0))
		(void)json_array_append(l->list, one);
	json_decref(one);
	return true;
}

void
api_sessions(struct http_request *r, void *ctx)
{
	struct listing l = {
		.n = ctx, .r = r, .community = http_query(r, "community")
	};
	struct held_filter f = { .type = EVIDENCE_SESSION, .of_persona = true };

	if (!persona_asked(l.n, r, &f.persona))
		return;
	communities_look(l.n, f.persona);
	l.list = json_array();
	documents_each(l.n, &f, on_session, &l);
	json_t *o = json_object();
	json_uint(o, "count", json_array_size(l.list));
	(void)json_object_set_new(o, "sessions", l.list);
	http_reply(r, 200, o);
}

void
api_session(struct http_request *r, void *ctx)
{
	uint32_t persona;
	const struct holding *h = session_asked(ctx, r, &persona);

	if (h != NULL)
		reply_session(ctx, r, persona, h->id, NULL);
}

/* ---- proposing ---- */

static int
by_key(const void *a, const void *b)
{
	return memcmp(a, b, ED25519_PUBLIC);
}

/* Adds a key once; false: too many. */
static bool
peer_add(struct session *s, const uint8_t key[ED25519_PUBLIC])
{
	for (unsigned i = 0; i < s->peers_n; i++)
		if (memcmp(s->peers[i], key, ED25519_PUBLIC) == 0)
			return true;
	if (s->peers_n == EVIDENCE_PEERS)
		return false;
	memcpy(s->peers[s->peers_n++], key, ED25519_PUBLIC);
	return true;
}

/* Everybody with a role that is not over; false: too many. */
static bool
peers_of_community(
    struct node *n, uint32_t persona, const json_t *value, struct session *s)
{
	struct community_roles all = community_role_list(n, persona, value);
	bool good = all.list != NULL;

	for (size_t i = 0; i < all.n; i++)
		if (all.list[i].complete && !all.list[i].over)
			good = good && peer_add(s, all.list[i].person);
	free(all.list);
	return good;
}

/* False: answered. */
static bool
read_peers(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *value, const json_t *body, struct session *s)
{
	const json_t *with = json_object_get(body, "with");
	uint8_t key[ED25519_PUBLIC];
	bool good = peer_add(s, persona_get(n, persona)->pub);
	json_t *one;
	size_t i;

	json_array_foreach(with, i, one)
	{
		const char *text = json_string_value(one);
		if (text == NULL || did_key_get(slice_str(text), key) != OK) {
			http_fail(r, 422, "E3172", "with", "did:key:z6Mk...",
			    "a participant is a key");
			return false;
		}
		const struct author *a = persona_of_key(n, key);
		if (a != NULL && a->index != persona) {
			http_fail(r, 422, "E3162", "with",
			    "leave it out: it would say that both are one",
			    "one of these keys is another persona of this "
			    "node");
			return false;
		}
		good = good && peer_add(s, key);
	}
	if (json_array_size(with) == 0)
		good = good && peers_of_community(n, persona, value, s);
	qsort(s->peers, s->peers_n, ED25519_PUBLIC, by_key);
	if (good && s->peers_n >= 2)
		return true;
	http_fail(r, 422, "E3172", "with",
	    "the keys of those who were there: ohcn community members NAME",
	    good ? "nobody else was there" : "more than %d were there",
	    EVIDENCE_PEERS);
	return false;
}

static bool
read_practised(
    struct http_request *r, const json_t *list, struct evidence_skills *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *term =
		    json_string_value(json_object_get(one, "term"));
		const json_int_t level =
		    json_integer_value(json_object_get(one, "level"));
		char *end = NULL;
		if (term == NULL || strlen(term) != (size_t)2 * TERM_ID ||
		    level < 1 || level > 5 || out->n == EVIDENCE_SKILLS) {
			http_fail(r, 422, "E3173", "practised",
			    "[{\"term\": 16 hexadecimal digits, \"level\": 1 "
			    "to 5}], at most 16",
			    "a skill that was practised has a term and a "
			    "level");
			return false;
		}
		out->at[out->n].term = strtoull(term, &end, 16);
		out->at[out->n++].level = (uint8_t)level;
	}
	return true;
}

static json_int_t
number_of(const json_t *body, const char *key, json_int_t otherwise)
{
	const json_t *v = json_object_get(body, key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

/* False: answered. */
static bool
session_read(struct community_asked *a, const json_t *body, struct session *s)
{
	const uint64_t now_h = node_now(a->n) / 3600;
	const json_int_t minutes = number_of(body, "minutes", 60);
	const json_int_t number = number_of(body, "number", 0);
	const json_int_t ago = number_of(body, "hours_ago", 0);
	const json_int_t at = number_of(body, "at", 0);
	const char *title = json_string_value(json_object_get(body, "title"));

	if (a->known)
		memcpy(s->subject, a->record.id, RECORD_ID);
	else if (a->value != NULL &&
		 !community_bytes(a->value, "subject", s->subject)) {
		http_fail(a->r, 409, "E3174", "community",
		    "ohcn community publish NAME",
		    "\"%s\" was not published yet", a->name);
		return false;
	}
	if (minutes < 1 || minutes > 10000 || number < 0 || number > 65535 ||
	    at < 0 || (uint64_t)at / 3600 > now_h || ago < 0 || ago > 8760) {
		http_fail(a->r, 422, "E3175",
		    minutes < 1 || minutes > 10000 ? "minutes"
		    : number < 0 || number > 65535 ? "number"
						   : "at",
		    "minutes 1 to 10000, number up to 65535, at: when it was "
		    "held",
		    "a number is out of its bounds");
		return false;
	}
	s->minutes = (uint32_t)minutes;
	s->number = (uint16_t)number;
	s->at =
	    (uint32_t)(at == 0 ? now_h - (uint64_t)ago : (uint64_t)at / 3600);
	(void)snprintf(
	    s->title, sizeof(s->title), "%s", title == NULL ? "" : title);
	if (!read_peers(a->n, a->r, a->persona, a->value, body, s) ||
	    !read_practised(
		a->r, json_object_get(body, "practised"), &s->practised))
		return false;
	const json_int_t k =
	    number_of(body, "k", (json_int_t)s->peers_n / 2 + 1);
	if (k < 2 || k > s->peers_n) {
		http_fail(a->r, 422, "E3175", "k", "2 to all participants",
		    "so many cannot have to sign");
		return false;
	}
	s->k = (uint8_t)k;
	a->n->env.random(a->n->env.ctx, s->nonce, sizeof(s->nonce));
	return true;
}

static void
propose(struct community_asked *a, const json_t *body)
{
	struct evidence e = { .type = EVIDENCE_SESSION };
	const struct held_from from = { .persona = a->persona };
	char name[COMMUNITY_NAME_MAX + 1];
	struct held_document held;
	enum evidence_fault f;
	struct holding h;

	if (!session_read(a, body, &e.session))
		return;
	err r = documents_draft(a->n, &e, &held, &f);
	if (r != OK || f != EVIDENCE_FINE) {
		fail_held(a->r, r, f);
		return;
	}
	/* What we would not sign if others proposed it. */
	held.d.signed_by |= UINT64_C(1) << document_role_of(
				&held.d, persona_get(a->n, a->persona)->pub);
	const enum session_fault why =
	    session_judge(a->n, a->persona, &held.d, name);
	if (why != SESSION_FINE) {
		http_fail(a->r, 409, "E3176", NULL,
		    "ohcn community members NAME shows who is in it",
		    "it would not hold: %s", session_fault_text(why));
		return;
	}
	if (json_is_true(json_object_get(body, "dry_run"))) {
		json_t *o = json_object();
		json_hex(o, "document", held.d.bytes);
		(void)json_object_set_new(
		    o, "keys", peers_json(a->n, a->persona, &held.d));
		(void)json_object_set_new(o, "readers",
		    json_string("those who were there: each learns the keys "
				"of all others"));
		http_reply(a->r, 200, o);
		return;
	}
	r = documents_make(a->n, &from, &e, true, &h, &f);
	if (r != OK || f != EVIDENCE_FINE) {
		fail_held(a->r, r, f);
		return;
	}
	json_t *passed = json_is_true(json_object_get(body, "send"))
			     ? session_pass(a->n, a->persona, h.id)
			     : NULL;
	reply_session(a->n, a->r, a->persona, h.id, passed);
}

void
api_session_propose(struct http_request *r, void *ctx)
{
	struct community_asked a = { .n = ctx, .r = r };
	json_t *body;

	if (!persona_asked(a.n, r, &a.persona))
		return;
	body = http_json(r);
	if (body == NULL)
		return;
	const char *name =
	    json_string_value(json_object_get(body, "community"));
	if (name != NULL) {
		communities_look(a.n, a.persona);
		(void)snprintf(a.name, sizeof(a.name), "%s", name);
		a.value = community_get(a.n, a.persona, name);
		a.known = a.value != NULL && community_of(a.n, a.persona,
						 a.value, &a.record) == OK;
	}
	if (name != NULL && a.value == NULL)
		http_fail(r, 404, "E3160", "community", "ohcn community list",
		    "there is no community \"%.80s\" of yours", name);
	else
		propose(&a, body);
	community_answered(&a);
	json_decref(body);
}

/* ---- signing, taking, passing on ---- */

void
api_session_sign(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	char name[COMMUNITY_NAME_MAX + 1];
	struct held_document held;
	enum evidence_fault f;
	struct holding out;
	uint32_t persona;
	const struct holding *h = session_asked(n, r, &persona);
	json_t *body = h == NULL ? NULL : http_json(r);

	if (body == NULL)
		return;
	const bool send = json_is_true(json_object_get(body, "send"));
	json_decref(body);
	if (documents_read(n, h, &held) != OK) {
		http_fail_err(r, ERR_NOTFOUND, "it cannot be read any more");
		return;
	}
	const enum session_fault why = session_judge(n, persona, &held.d, name);
	if (why != SESSION_FINE) {
		http_fail(r, 409, "E3177", NULL, "ohcn session show ID",
		    "it is not signed: %s", session_fault_text(why));
		return;
	}
	const err e = documents_sign(n, persona, h->id, &out, &f);
	if (e != OK || f != EVIDENCE_FINE)
		fail_held(r, e, f);
	else
		reply_session(n, r, persona, out.id,
		    send ? session_pass(n, persona, out.id) : NULL);
}

void
api_session_take(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint8_t raw[DOCUMENT_MAX];
	struct buf bytes = { raw, 0, sizeof(raw) };
	struct held_from from = { .imported = true };
	enum evidence_fault f = EVIDENCE_MALFORMED;
	struct document d;
	struct holding out;
	json_t *body;
	err e = OK;

	if (!persona_asked(n, r, &from.persona))
		return;
	body = http_json(r);
	if (body == NULL)
		return;
	const char *hex = json_string_value(json_object_get(body, "document"));
	if (hex != NULL && strlen(hex) < HEX_MAX &&
	    hex_get(slice_str(hex), &bytes) == OK)
		f = documents_judge(n, buf_slice(&bytes), &d);
	if (f == EVIDENCE_FINE && d.is.type != EVIDENCE_SESSION)
		f = EVIDENCE_UNKNOWN_TYPE;
	if (f == EVIDENCE_FINE)
		e = documents_take(n, &from, buf_slice(&bytes), &out, &f);
	json_decref(body);
	if (e != OK || f != EVIDENCE_FINE)
		fail_held(r, e, f);
	else
		reply_session(n, r, from.persona, out.id, NULL);
}

void
api_session_send(struct http_request *r, void *ctx)
{
	uint32_t persona;
	const struct holding *h = session_asked(ctx, r, &persona);

	if (h != NULL)
		reply_session(
		    ctx, r, persona, h->id, session_pass(ctx, persona, h->id));
}

void
api_session_forget(struct http_request *r, void *ctx)
{
	uint32_t persona;
	const struct holding *h = session_asked(ctx, r, &persona);
	char id[DOCUMENT_ID_TEXT];

	if (h == NULL)
		return;
	document_id_text(h->id, id);
	const err e = documents_forget(ctx, persona, h->id);
	if (e != OK)
		http_fail_err(r, e, "it is still there: %s", err_name(e));
	else
		http_reply(
		    r, 200, json_pack("{s:s,s:b}", "id", id, "forgotten", 1));
}
