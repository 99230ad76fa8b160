/*
 * Who takes part in a community, over the API: to ask for it, to welcome, to
 * accept, the list, and to leave and forget.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/api/communities.h"
#include "node/api/document.h"
#include "node/community/joining.h"
#include "node/community/promise.h"
#include "node/community/session.h"
#include "node/evidence/from_talk.h"

#define LEAVE_TEXT 1000

static void
fail_said(struct http_request *r, err e, enum mail_outcome outcome)
{
	if (e == OK)
		http_fail(r, 409, "E3180", NULL,
		    "ohcn community show NAME, ohcn inbox show ID",
		    "that cannot be said now: %s", mail_outcome_name(outcome));
	else if (e == ERR_CLOSED)
		http_fail(r, 503, "E3181", NULL, "try again in some seconds",
		    "the stamp of the key is still being worked out");
	else
		http_fail_err(r, e, "nothing was said: %s", err_name(e));
}

static struct talk *
talk_of(struct node *n, const json_t *value)
{
	const char *name = json_string_value(json_object_get(value, "talk"));

	return name == NULL ? NULL : mailbox_find(n, name);
}

/* What a request says of the community in its path. */
static void
answer(struct http_request *r, void *ctx,
    void (*say)(struct community_asked *a, const json_t *body))
{
	struct community_asked a;
	json_t *body;

	if (!community_asked(ctx, r, &a))
		return;
	body = http_json(r);
	if (body != NULL)
		say(&a, body);
	json_decref(body);
	community_answered(&a);
}

/* ---- to ask ---- */

static void
join_keep(struct community_asked *a, const char *name, struct talk *t)
{
	char talk[TALK_ID_TEXT];
	json_t *v = json_pack("{s:b,s:b,s:I,s:[],s:s,s:I}", "founded", 0,
	    "cohort", a->kind == KIND_COURSE, "slot",
	    (json_int_t)a->record.slot, "ids", "title", a->record.title,
	    "asked", (json_int_t)node_now(a->n));

	talk_id_text(t, talk);
	(void)json_object_set_new(v, "talk", json_string(talk));
	community_bytes_set(v, "author", a->record.author);
	(void)community_note(v, a->record.id);
	const err e = community_keep(a->n, a->persona, name, v);
	json_decref(v);
	if (e != OK)
		http_fail_err(a->r, e,
		    "it was asked, but cannot be kept here: %s", err_name(e));
	else
		http_reply(a->r, 200,
		    json_pack("{s:s,s:s,s:s}", "name", name, "state", "asked",
			"talk", talk));
}

/* False: answered. */
static bool
may_join(struct community_asked *a, const char *name)
{
	json_t *had = community_get(a->n, a->persona, name);
	const bool taken = had != NULL;

	json_decref(had);
	if (!a->known || !a->record.has_inbox)
		http_fail(a->r, 409, "E3182", NULL,
		    community_hint(a, "show ID"),
		    "it has ended, or takes no requests");
	else if (a->value != NULL)
		http_fail(a->r, 409, "E3183", NULL, community_hint(a, "list"),
		    "this persona is in it, or has asked, as \"%s\"", a->name);
	else if (persona_of_key(a->n, a->record.author) != NULL)
		http_fail(a->r, 409, "E3183", NULL, "--persona NAME",
		    "it is one of this node's own");
	else if (taken)
		http_fail(a->r, 409, "E3164", "name", "--name ANOTHER",
		    "there is another one that you call \"%s\"", name);
	else
		return true;
	return false;
}

static void
join(struct community_asked *a, const json_t *body)
{
	const char *text = json_string_value(json_object_get(body, "text"));
	const char *said = json_string_value(json_object_get(body, "name"));
	char name[COMMUNITY_NAME_MAX + 1];
	struct mailbox_introduction intro;
	enum mail_outcome outcome;
	struct talk *t;

	community_name_of(name, said != NULL ? said : a->record.title);
	if (!may_join(a, name))
		return;
	const bool introduced =
	    mailbox_introduced(a->n, a->persona, a->record.author, &intro);
	if (a->record.joining == JOINING_INVITED && !introduced) {
		http_fail(a->r, 409, "E3184", NULL,
		    "ask a member for an introduction",
		    "one gets in by invitation alone");
		return;
	}
	const struct mailbox_hand h = { .persona = a->persona,
		.company = a->record.author,
		.inbox = a->record.inbox,
		.demand = a->record.id,
		.text = slice_str(text == NULL ? "" : text),
		.voucher = introduced ? &intro.voucher : NULL };
	if (json_is_true(json_object_get(body, "dry_run"))) {
		http_reply(a->r, 200,
		    json_pack("{s:s,s:s,s:s,s:s}", "name", name, "text",
			text == NULL ? "" : text, "everybody_sees",
			"an envelope by a key that is used once; neither from "
			"whom nor to whom",
			"facilitator_sees",
			"that somebody would like to join, and these words; "
			"which key you take part under when you accept"));
		return;
	}
	const err e = mailbox_hand(a->n, &h, false, &t, &outcome, NULL);
	if (e != OK || outcome != MAIL_FINE)
		fail_said(a->r, e, outcome);
	else
		join_keep(a, name, t);
}

void
api_community_join(struct http_request *r, void *ctx)
{
	answer(r, ctx, join);
}

/* ---- the list ---- */

static json_t *
request_json(struct node *n, const struct talk *t)
{
	char talk[TALK_ID_TEXT];
	uint8_t key[ED25519_PUBLIC];
	json_t *o = json_object(), *said = mailbox_messages(n, t);
	const char *text =
	    json_string_value(json_object_get(json_array_get(said, 0), "text"));

	talk_id_text(t, talk);
	(void)json_object_set_new(o, "talk", json_string(talk));
	(void)json_object_set_new(
	    o, "state", json_string(conversation_state_name(t->c.state)));
	json_uint(o, "since", t->begun_s);
	(void)json_object_set_new(
	    o, "text", json_string(text == NULL ? "" : text));
	json_truth(o, "introduced", t->introduced);
	json_t *promise = promise_get(n, t->persona, talk);
	json_truth(o, "welcomed", t->c.state != CONVERSATION_HAND);
	json_truth(o, "waiting",
	    t->c.state == CONVERSATION_HAND &&
		json_object_get(promise, "waiting") != NULL);
	json_decref(promise);
	if (joining_key(n, t, key))
		json_did(o, "key", key);
	else
		(void)json_object_set_new(o, "key", json_null());
	json_decref(said);
	return o;
}

static json_t *
requests_json(struct community_asked *a)
{
	json_t *list = json_array();
	struct talk *t;

	for (unsigned i = 0; (t = mailbox_at(a->n, i)) != NULL; i++)
		if (joining_is_request(a->n, t, a->persona, a->value) &&
		    !conversation_is_over(t->c.state) &&
		    t->c.state != CONVERSATION_AGREED &&
		    t->c.state != CONVERSATION_CONCLUDED)
			(void)json_array_append_new(
			    list, request_json(a->n, t));
	return list;
}

static json_t *
role_json(struct community_asked *a, const struct community_role *role)
{
	char id[DOCUMENT_ID_TEXT];
	const uint8_t *me = persona_get(a->n, a->persona)->pub;
	json_t *o = json_object();

	document_id_text(role->agreement, id);
	json_did(o, "key", role->person);
	json_truth(o, "me", memcmp(role->person, me, ED25519_PUBLIC) == 0);
	json_did(o, "facilitator", role->company);
	(void)json_object_set_new(o, "role", json_string(role->title));
	json_uint(o, "hours", role->hours);
	json_uint(o, "start", (uint64_t)role->start * 3600);
	json_uint(o, "end", (uint64_t)role->end * 3600);
	json_truth(o, "complete", role->complete);
	json_truth(o, "over", role->over);
	(void)json_object_set_new(o, "agreement", json_string(id));
	(void)json_object_set_new(o, "talk", json_string(role->talk));
	return o;
}

static json_t *
roles_json(struct community_asked *a)
{
	struct community_roles all =
	    community_role_list(a->n, a->persona, a->value);
	json_t *out = json_array();

	for (size_t i = 0; i < all.n; i++)
		(void)json_array_append_new(out, role_json(a, &all.list[i]));
	free(all.list);
	return out;
}

void
api_community_members(struct http_request *r, void *ctx)
{
	struct community_asked a;

	if (!community_asked(ctx, r, &a))
		return;
	json_t *o = json_object();
	(void)json_object_set_new(
	    o, "name", a.name[0] == 0 ? json_null() : json_string(a.name));
	(void)json_object_set_new(
	    o, "requests", a.value == NULL ? json_array() : requests_json(&a));
	(void)json_object_set_new(
	    o, "members", a.value == NULL ? json_array() : roles_json(&a));
	http_reply(r, 200, o);
	community_answered(&a);
}

/* ---- to welcome ---- */

struct seats {
	const char *name;
	uint64_t n;
};

static bool
on_promised(void *ctx, const char *talk, json_t *promise)
{
	struct seats *s = ctx;
	const char *of =
	    json_string_value(json_object_get(promise, "community"));

	(void)talk;
	s->n += of != NULL && strcmp(of, s->name) == 0 &&
		json_object_get(promise, "waiting") == NULL;
	return true;
}

/* Promised ones count, too: a seat is not given twice. */
static bool
is_full(struct community_asked *a)
{
	struct seats s = { .name = a->name };
	struct community_roles all =
	    community_role_list(a->n, a->persona, a->value);

	promise_each(a->n, a->persona, on_promised, &s);
	for (size_t i = 0; i < all.n; i++)
		s.n += !all.list[i].over;
	free(all.list);
	return a->record.seats != 0 && s.n >= a->record.seats;
}

static void
welcome(struct community_asked *a, const json_t *body)
{
	const char *talk = json_string_value(json_object_get(body, "talk"));
	const char *role = json_string_value(json_object_get(body, "role"));
	const char *note = json_string_value(json_object_get(body, "note"));
	const json_t *hours = json_object_get(body, "hours_week");
	const json_t *weeks = json_object_get(body, "weeks");
	const struct community_record *rec = &a->record;
	const json_int_t of_weeks =
	    rec->weeks > 0 ? (json_int_t)rec->weeks : 26;
	const json_int_t of_hours =
	    (json_int_t)rec->hours > of_weeks
		? ((json_int_t)rec->hours + of_weeks - 1) / of_weeks
		: 1;
	const json_int_t h =
	    hours == NULL ? of_hours : json_integer_value(hours);
	const json_int_t w =
	    weeks == NULL ? of_weeks : json_integer_value(weeks);
	struct talk *t = talk == NULL ? NULL : mailbox_find(a->n, talk);
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	char id[TALK_ID_TEXT];
	enum mail_outcome outcome;

	if (role == NULL && a->kind == KIND_COURSE)
		role = "Participant";
	if (t == NULL || !joining_is_request(a->n, t, a->persona, a->value)) {
		http_fail(a->r, 404, "E3185", "talk",
		    community_hint(a, "members NAME"),
		    "there is no such request");
		return;
	}
	if (json_object_get(a->value, "ended") != NULL || !a->known) {
		http_fail(a->r, 409, "E3167", NULL, NULL, "\"%s\" has ended",
		    a->name);
		return;
	}
	if (role == NULL || role[0] == 0 || strlen(role) > EVIDENCE_TITLE ||
	    h < 1 || h > ROLE_HOURS_WEEK || w < 1 || w > ROLE_WEEKS ||
	    (note != NULL && strlen(note) > 400)) {
		http_fail(a->r, 422, "E3186", "role",
		    "--role \"Treasurer\" --hours-week 2 --weeks 26",
		    "a role has a name, 1 to %d hours a week and 1 to %d "
		    "weeks",
		    ROLE_HOURS_WEEK, ROLE_WEEKS);
		return;
	}
	/* One promise a request: the agreement is made of just that. */
	if (t->c.state != CONVERSATION_HAND) {
		fail_said(a->r, OK, MAIL_WRONG_STATE);
		return;
	}
	if (a->kind == KIND_COURSE && is_full(a) &&
	    !json_is_true(json_object_get(body, "over"))) {
		http_fail(a->r, 409, "E3192", NULL,
		    "ohcn cohort wait NAME REQUEST; or --over",
		    "all %" PRIu64 " seats are promised or taken", rec->seats);
		return;
	}
	const struct role_terms terms = { community_agreement(a->value), role,
		(uint32_t)h, (uint32_t)w, note == NULL ? "" : note };
	talk_id_text(t, id);
	/* The promise is kept before it is given. */
	json_t *promise = json_pack("{s:s,s:b,s:s,s:I,s:I}", "community",
	    a->name, "cohort", a->kind == KIND_COURSE, "role", role,
	    "hours_week", h, "weeks", w);
	err e = dry ? OK : promise_keep(a->n, a->persona, id, promise);
	json_decref(promise);
	if (e == ERR_LIMIT) {
		http_fail(a->r, 409, "E3190", NULL,
		    "wait until those you welcomed have signed; "
		    "community.promises in the configuration",
		    "%" PRIu32 " people are welcomed or waiting, as many as "
		    "are kept",
		    a->n->config->community.promises);
		return;
	}
	if (e == OK)
		e = joining_welcome(a->n, t, &terms, dry, &outcome);
	if (e != OK || outcome != MAIL_FINE)
		fail_said(a->r, e, outcome);
	else
		http_reply(a->r, 200,
		    json_pack("{s:s,s:s,s:s,s:I,s:I,s:b}", "name", a->name,
			"talk", id, "role", role, "hours_week", h, "weeks", w,
			"dry_run", dry));
}

void
api_community_welcome(struct http_request *r, void *ctx)
{
	struct community_asked a;
	json_t *body;

	if (!community_asked(ctx, r, &a))
		return;
	body = community_founded(&a) ? http_json(r) : NULL;
	if (body != NULL)
		welcome(&a, body);
	json_decref(body);
	community_answered(&a);
}

/* ---- to accept ---- */

static void
reply_step(
    struct community_asked *a, const char *step, bool dry, const char *tells)
{
	http_reply(a->r, 200,
	    json_pack("{s:s,s:s,s:b,s:s}", "name", a->name, "step", step,
		"dry_run", dry, "tells", tells));
}

/* Is it what was offered: the role, its hours and weeks, and no more? */
static bool
is_as_offered(
    struct community_asked *a, struct talk *t, const struct held_document *held)
{
	const struct agreement *d = &held->d.is.agreement;
	uint32_t hours, weeks;
	json_t *differs = pledge_differences(a->n, t, d);
	const bool same = json_array_size(differs) == 0;

	json_decref(differs);
	return same &&
	       document_fits_talk(a->n, t, &held->d, false) == EVIDENCE_FINE &&
	       joining_offered(t, d->title, &hours, &weeks) &&
	       d->hours == hours * weeks && d->end - d->start == weeks * 168;
}

static void
accept_role(struct community_asked *a, struct talk *t, const struct holding *h,
    const struct held_document *held, bool dry)
{
	const struct agreement *d = &held->d.is.agreement;
	enum mail_outcome outcome = MAIL_WRONG_STATE;
	const enum role_fault why = community_role_judge(a->n, a->persona, d);
	struct held_document whole;
	struct holding out;
	enum evidence_fault f;

	if (why != ROLE_FINE || !community_is(a->value, d->subject)) {
		http_fail(a->r, 409, "E3187", NULL,
		    community_hint(a, "show NAME"),
		    "the role is not accepted: %s",
		    why == ROLE_FINE ? "it is of another community"
				     : role_fault_text(why));
		return;
	}
	if (!is_as_offered(a, t, held)) {
		http_fail(a->r, 409, "E3187", NULL,
		    "ohcn agreement list; ohcn agreement sign ID if you agree",
		    "the agreement is not what was offered");
		return;
	}
	if (dry) {
		char tells[400];
		(void)snprintf(tells, sizeof(tells),
		    "your signature under the agreement: \"%s\", %" PRIu32
		    " hours in all, for %" PRIu32
		    " weeks; both sides can show it",
		    d->title, d->hours, (d->end - d->start) / 168);
		reply_step(a, "signed", true, tells);
		return;
	}
	err e = documents_sign(a->n, a->persona, h->id, &out, &f);
	if (e == OK && f != EVIDENCE_FINE)
		e = ERR_FORM;
	if (e == OK)
		e = documents_read(a->n, &out, &whole);
	if (e == OK)
		e = mailbox_say_document(
		    a->n, t, MAIL_AGREEMENT, whole.d.bytes, &outcome);
	if (e != OK || outcome != MAIL_FINE) {
		fail_said(a->r, e, outcome);
		return;
	}
	community_bytes_set(a->value, "agreement", out.id);
	e = community_keep(a->n, a->persona, a->name, a->value);
	if (e != OK)
		http_fail_err(a->r, e, "signed, but not kept: %s", err_name(e));
	else
		reply_step(a, "signed", false, "your signature");
}

static void
accept_offer(struct community_asked *a, struct talk *t, bool dry)
{
	char did[DID_KEY_TEXT];
	enum mail_outcome outcome = MAIL_FINE;
	err e = OK;

	did_key_put(did, persona_get(a->n, a->persona)->pub);
	if (dry) {
		reply_step(a, "interested", true, did);
		return;
	}
	if (t->c.state == CONVERSATION_OFFERED)
		e = mailbox_say(a->n, t, CONVERSATION_OWN_SEEN,
		    slice_of(NULL, 0), &outcome);
	if (e == OK && outcome == MAIL_FINE)
		e = mailbox_say(a->n, t, CONVERSATION_OWN_INTEREST,
		    slice_str(did), &outcome);
	if (e != OK || outcome != MAIL_FINE)
		fail_said(a->r, e, outcome);
	else
		reply_step(a, "interested", false, did);
}

static void
accept_next(struct community_asked *a, const json_t *body)
{
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	struct talk *t = talk_of(a->n, a->value);
	struct held_document held;
	struct holding h;

	if (a->value == NULL ||
	    json_is_true(json_object_get(a->value, "founded"))) {
		http_fail(a->r, 409, "E3188", NULL,
		    community_hint(a, "join ID"),
		    "this persona has not asked to join it");
	} else if (!a->known) {
		http_fail(a->r, 409, "E3167", NULL,
		    community_hint(a, "leave NAME"), "\"%s\" has ended",
		    a->name);
	} else if (t == NULL) {
		http_fail(a->r, 409, "E3189", NULL,
		    community_hint(a, "leave NAME"),
		    "the conversation has ended");
	} else if (joining_find(a->n, a->persona, a->value, &h, &held)) {
		accept_role(a, t, &h, &held, dry);
	} else if (t->c.state == CONVERSATION_OFFERED ||
		   t->c.state == CONVERSATION_SEEN) {
		accept_offer(a, t, dry);
	} else {
		reply_step(
		    a, "waiting", dry, "nothing: it is the other side's turn");
	}
}

void
api_community_accept(struct http_request *r, void *ctx)
{
	answer(r, ctx, accept_next);
}

/* ---- to leave, and to forget ---- */

struct forgetting {
	struct node *n;
	const json_t *value;
	size_t count;
	uint8_t ids[256][EVIDENCE_ID];
};

static bool
on_forget(void *ctx, const struct holding *h)
{
	struct forgetting *f = ctx;
	struct held_document held;
	const uint8_t *subject = NULL;

	if (f->count == ARRAY_LEN(f->ids))
		return false;
	if (documents_read(f->n, h, &held) == OK)
		subject = h->type == EVIDENCE_SESSION
			      ? held.d.is.session.subject
			  : h->type == EVIDENCE_AGREEMENT
			      ? held.d.is.agreement.subject
			      : NULL;
	if (subject != NULL && community_is(f->value, subject))
		memcpy(f->ids[f->count++], h->id, EVIDENCE_ID);
	return true;
}

/* What hangs on an agreement as well: outcomes, progress. */
static bool
on_about(void *ctx, const struct holding *h)
{
	struct forgetting *f = ctx;

	if (f->count < ARRAY_LEN(f->ids))
		memcpy(f->ids[f->count++], h->id, EVIDENCE_ID);
	return f->count < ARRAY_LEN(f->ids);
}

static err
forget_documents(struct community_asked *a, size_t *gone)
{
	struct held_filter filter = { .of_persona = true,
		.persona = a->persona };
	struct forgetting *f = calloc(1, sizeof(*f));
	err e = f == NULL ? ERR_NOMEM : OK;

	*gone = 0;
	do {
		if (e != OK)
			break;
		f->n = a->n;
		f->value = a->value;
		f->count = 0;
		filter.about = NULL;
		documents_each(a->n, &filter, on_forget, f);
		const size_t named = f->count;
		for (size_t i = 0; i < named; i++) {
			filter.about = f->ids[i];
			documents_each(a->n, &filter, on_about, f);
		}
		for (size_t i = f->count; i-- > 0 && e == OK;) {
			e = documents_forget(a->n, a->persona, f->ids[i]);
			if (e == OK)
				e = left_drop(a->n, a->persona, f->ids[i]);
		}
		*gone += f->count;
	} while (e == OK && f->count > 0);
	free(f);
	return e;
}

static void
leave(struct community_asked *a, const json_t *body)
{
	const bool forget = json_is_true(json_object_get(body, "forget"));
	const char *text = json_string_value(json_object_get(body, "text"));
	struct talk *t = talk_of(a->n, a->value);
	enum mail_outcome outcome = MAIL_FINE;
	uint8_t agreement[EVIDENCE_ID];
	size_t gone = 0;
	bool told = false;
	err e = OK;

	if (a->value == NULL ||
	    json_is_true(json_object_get(a->value, "founded"))) {
		http_fail(a->r, 409, "E3188", NULL,
		    community_hint(a, "end NAME ends one of yours"),
		    "this persona takes no part in it");
		return;
	}
	const bool has = community_bytes(a->value, "agreement", agreement);
	if (t != NULL && text != NULL && text[0] != 0) {
		char line[JOINING_LEAVES] = "", said[LEAVE_TEXT + sizeof(line)];
		if (has)
			joining_leaves(agreement, line);
		(void)snprintf(
		    said, sizeof(said), "%.*s\n%s", LEAVE_TEXT - 2, text, line);
		e = mailbox_say(
		    a->n, t, CONVERSATION_OWN_TEXT, slice_str(said), &outcome);
		told = e == OK && outcome == MAIL_FINE;
		if (!told) {
			fail_said(a->r, e, outcome);
			return;
		}
	}
	if (t != NULL && !conversation_is_over(t->c.state))
		e = mailbox_say(a->n, t, CONVERSATION_OWN_CLOSE,
		    slice_of(NULL, 0), &outcome);
	if (e == OK && forget) {
		e = forget_documents(a, &gone);
		if (e == OK)
			e = community_erase(a->n, a->persona, a->name);
	} else if (e == OK) {
		if (has)
			e = community_role_leave(a->n, a->persona, agreement);
		(void)json_object_set_new(a->value, "ended",
		    json_integer((json_int_t)node_now(a->n)));
		if (e == OK)
			e = community_keep(a->n, a->persona, a->name, a->value);
	}
	if (e != OK)
		http_fail_err(
		    a->r, e, "not all of it is done: %s", err_name(e));
	else
		http_reply(a->r, 200,
		    json_pack("{s:s,s:b,s:b,s:I}", "name", a->name, "told",
			told, "forgotten", forget, "documents",
			(json_int_t)gone));
}

void
api_community_leave(struct http_request *r, void *ctx)
{
	answer(r, ctx, leave);
}
