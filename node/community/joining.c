#include "node/community/joining.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/community/promise.h"
#include "proto/base/text.h"

#define TICKS 3

bool
joining_is_request(const struct node *n, const struct talk *t, uint32_t persona,
    const json_t *value)
{
	(void)n;
	return t->c.company && t->c.by_hand && t->persona == persona &&
	       community_is(value, t->c.demand);
}

/* A line of its own that is a key. */
static bool
line_key(const char *text, uint8_t key[ED25519_PUBLIC])
{
	bool found = false;

	while (text != NULL && *text != 0) {
		const size_t n = strcspn(text, "\n");
		if (did_key_get(slice_of(text, n), key) == OK)
			found = true;
		text += n + (text[n] == '\n');
	}
	return found;
}

bool
joining_key(struct node *n, const struct talk *t, uint8_t key[ED25519_PUBLIC])
{
	json_t *said = mailbox_messages(n, t), *one;
	bool found = false;
	size_t i;

	json_array_foreach(said, i, one)
	{
		uint8_t k[ED25519_PUBLIC];
		const char *from =
		    json_string_value(json_object_get(one, "from"));
		const char *text =
		    json_string_value(json_object_get(one, "text"));
		if (from != NULL && strcmp(from, "peer") == 0 && text != NULL &&
		    line_key(text, k)) {
			memcpy(key, k, ED25519_PUBLIC);
			found = true;
		}
	}
	json_decref(said);
	return found;
}

err
joining_welcome(struct node *n, struct talk *t, const struct role_terms *terms,
    bool dry, enum mail_outcome *outcome)
{
	uint8_t raw[MESSAGE_TERMS_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	char note[600];
	struct offer_terms o = { .activity = terms->kind,
		.role = slice_str(terms->role),
		.has_demand = true };
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct talk *same;
	err e = memory == NULL ? ERR_NOMEM : OK;

	(void)snprintf(note, sizeof(note),
	    "%" PRIu32 " hours a week for %" PRIu32 " weeks%s%s",
	    terms->hours_week, terms->weeks, terms->note[0] == 0 ? "" : ". ",
	    terms->note);
	o.note = slice_str(note);
	memcpy(o.demand, t->c.demand, RECORD_ID);
	if (e == OK)
		e = offer_terms_write(&o, &arena, &out);
	free(memory);
	if (e != OK)
		return e;
	const struct mailbox_offer offer = {
		.persona = t->persona, .terms = buf_slice(&out), .hand = t
	};
	return mailbox_offer(n, &offer, dry, &same, outcome, NULL);
}

bool
joining_offered(const struct talk *t, const char *role, uint32_t *hours_week,
    uint32_t *weeks)
{
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct offer_terms o;
	char note[64] = "";
	bool same = memory != NULL &&
		    offer_terms_read(
			slice_of(t->c.terms, t->c.terms_n), &arena, &o) == OK &&
		    slice_eq(o.role, slice_str(role));

	if (same) {
		memcpy(note, o.note.p, MIN(o.note.n, sizeof(note) - 1));
		same = sscanf(note, "%" SCNu32 " hours a week for %" SCNu32,
			   hours_week, weeks) == 2 &&
		       *hours_week <= ROLE_HOURS_WEEK && *weeks <= ROLE_WEEKS;
	}
	free(memory);
	return same;
}

/* ---- the agreement that was promised ---- */

static json_int_t
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static uint8_t
promised_kind(const json_t *terms)
{
	return json_is_true(json_object_get(terms, "cohort"))
		   ? AGREEMENT_COHORT
		   : AGREEMENT_COMMUNITY_ROLE;
}

static err
make_agreement(struct node *n, struct talk *t, const json_t *terms,
    const uint8_t person[ED25519_PUBLIC], struct holding *out)
{
	const char *role = json_string_value(json_object_get(terms, "role"));
	const uint32_t now_h = (uint32_t)(node_now(n) / 3600);
	char talk[TALK_ID_TEXT];
	const struct held_from from = { .persona = t->persona, .talk = talk };
	struct evidence e = { .type = EVIDENCE_AGREEMENT };
	struct agreement *a = &e.agreement;
	enum evidence_fault f;

	talk_id_text(t, talk);
	a->kind = promised_kind(terms);
	a->made = a->start = now_h;
	a->end = now_h + (uint32_t)number(terms, "weeks") * 168;
	a->hours =
	    (uint32_t)(number(terms, "weeks") * number(terms, "hours_week"));
	memcpy(a->company, persona_get(n, t->persona)->pub, ED25519_PUBLIC);
	memcpy(a->person, person, ED25519_PUBLIC);
	memcpy(a->subject, t->c.demand, RECORD_ID);
	(void)snprintf(
	    a->title, sizeof(a->title), "%s", role == NULL ? "" : role);
	n->env.random(n->env.ctx, a->nonce, sizeof(a->nonce));
	TRY(documents_make(n, &from, &e, true, out, &f));
	return f == EVIDENCE_FINE ? OK : ERR_FORM;
}

struct waiting {
	struct node *n;
	const struct talk *t;
	uint8_t kind;
	struct holding *out;
	struct held_document held;
};

/* Our own, on a role in that community: whatever else the talk has is not
 * what was promised. */
static bool
on_waiting(void *ctx, const struct holding *h)
{
	struct waiting *w = ctx;
	const struct agreement *a = &w->held.d.is.agreement;

	if (h->role != ROLE_COMPANY ||
	    documents_read(w->n, h, &w->held) != OK || a->kind != w->kind ||
	    memcmp(a->subject, w->t->c.demand, RECORD_ID) != 0)
		return true;
	*w->out = *h;
	return false;
}

/* One that is made already, or a new one; then it is sent. */
static bool
promise_kept(struct node *n, struct talk *t, const json_t *terms)
{
	char talk[TALK_ID_TEXT];
	const struct held_filter filter = { .type = EVIDENCE_AGREEMENT,
		.of_persona = true,
		.persona = t->persona,
		.talk = talk };
	uint8_t key[ED25519_PUBLIC];
	struct held_document held;
	struct holding h = { .type = 0 };
	enum mail_outcome outcome;

	if (!joining_key(n, t, key))
		return false;
	talk_id_text(t, talk);
	struct waiting w = {
		.n = n, .t = t, .kind = promised_kind(terms), .out = &h
	};
	documents_each(n, &filter, on_waiting, &w);
	if (h.type == 0 && make_agreement(n, t, terms, key, &h) != OK) {
		env_log(&n->env, LOG_UNUSUAL, "role_not_agreed",
		    "talk=%.8s what=\"the agreement cannot be made\"", talk);
		return true; /* as it is it never will be */
	}
	return documents_read(n, &h, &held) == OK &&
	       mailbox_say_document(
		   n, t, MAIL_AGREEMENT, held.d.bytes, &outcome) == OK &&
	       outcome == MAIL_FINE;
}

struct promises {
	struct node *n;
	char talk[TALK_ID_TEXT];
	json_t *terms;
	bool over;
};

/* The first one whose answer has come, or whose conversation is over. */
static bool
on_promise(void *ctx, const char *talk, json_t *terms)
{
	struct promises *p = ctx;
	const struct talk *t = mailbox_find(p->n, talk);

	if (t == NULL ? mailbox_is_damaged(p->n, talk)
		      : !conversation_is_over(t->c.state) &&
			    (json_object_get(terms, "waiting") != NULL ||
				(t->c.state != CONVERSATION_INTERESTED &&
				    t->c.state != CONVERSATION_TALK &&
				    t->c.state != CONVERSATION_REVEALED &&
				    t->c.state != CONVERSATION_AGREED)))
		return true;
	(void)snprintf(p->talk, sizeof(p->talk), "%s", talk);
	p->over = t == NULL || conversation_is_over(t->c.state) ||
		  t->c.state == CONVERSATION_AGREED;
	p->terms = json_incref(terms);
	return false;
}

static void
drop(struct node *n, uint32_t persona, const char *talk)
{
	if (promise_drop(n, persona, talk) != OK)
		env_log(&n->env, LOG_UNUSUAL, "community_not_kept",
		    "what=\"an agreement may be sent twice\"");
}

/* One a tick: what is kept is walked again after each change. */
static void
promises_tick(struct node *n, uint32_t persona)
{
	struct promises p = { .n = n };

	promise_each(n, persona, on_promise, &p);
	struct talk *t =
	    p.terms == NULL || p.over ? NULL : mailbox_find(n, p.talk);
	if (p.over || (t != NULL && promise_kept(n, t, p.terms)))
		drop(n, persona, p.talk);
	json_decref(p.terms);
}

/* ---- who leaves with a word ---- */

struct leaving {
	struct node *n;
	const struct talk *t;
	const json_t *said;
	uint8_t agreement[EVIDENCE_ID];
	bool found;
};

static bool
has_line(const char *text, const char *line)
{
	while (text != NULL && *text != 0) {
		const size_t n = strcspn(text, "\n");
		if (slice_eq(slice_of(text, n), slice_str(line)))
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

static bool
on_left(void *ctx, const struct holding *h)
{
	struct leaving *l = ctx;
	char line[JOINING_LEAVES];
	json_t *one;
	size_t i;

	joining_leaves(h->id, line);
	json_array_foreach(l->said, i, one)
	{
		const char *from =
		    json_string_value(json_object_get(one, "from"));
		if (from == NULL || strcmp(from, "peer") != 0 ||
		    !has_line(
			json_string_value(json_object_get(one, "text")), line))
			continue;
		memcpy(l->agreement, h->id, EVIDENCE_ID);
		l->found = true;
		return false;
	}
	return true;
}

/* What a member said since we looked: a role that is left ends now. */
static void
leavings_look(struct node *n, const struct talk *t)
{
	char talk[TALK_ID_TEXT];
	const struct held_filter f = { .type = EVIDENCE_AGREEMENT,
		.of_persona = true,
		.persona = t->persona,
		.talk = talk };
	struct leaving l = { .n = n, .t = t };
	json_t *said = mailbox_messages(n, t);

	talk_id_text(t, talk);
	l.said = said;
	documents_each(n, &f, on_left, &l);
	json_decref(said);
	if (l.found && left_keep(n, t->persona, l.agreement, node_now(n)) != OK)
		env_log(&n->env, LOG_UNUSUAL, "community_not_kept",
		    "what=\"that somebody has left\"");
}

void
joining_leaves(const uint8_t agreement[EVIDENCE_ID], char out[JOINING_LEAVES])
{
	char id[DOCUMENT_ID_TEXT];

	document_id_text(agreement, id);
	(void)snprintf(out, JOINING_LEAVES, "leave:%s", id);
}

void
joining_tick(struct node *n)
{
	const struct talk *t;

	if (n->communities == NULL || n->ticks % TICKS != 0)
		return;
	for (uint32_t i = 0; i < persona_count(n); i++)
		promises_tick(n, i);
	const uint64_t since = communities_looked(n, node_now(n));
	for (unsigned i = 0; (t = mailbox_at(n, i)) != NULL; i++)
		if (t->c.company && t->c.state == CONVERSATION_AGREED &&
		    t->changed_s >= since)
			leavings_look(n, t);
}

/* ---- a member's side ---- */

struct seeking {
	struct node *n;
	const json_t *value;
	struct holding *out;
	struct held_document *held;
	bool found;
};

static bool
on_offered(void *ctx, const struct holding *h)
{
	struct seeking *s = ctx;
	const struct agreement *a = &s->held->d.is.agreement;

	if (h->complete || h->role != ROLE_PERSON ||
	    documents_read(s->n, h, s->held) != OK ||
	    a->kind != community_agreement(s->value))
		return true;
	*s->out = *h;
	s->found = true;
	return false;
}

bool
joining_find(struct node *n, uint32_t persona, const json_t *value,
    struct holding *out, struct held_document *held)
{
	const struct held_filter f = { .type = EVIDENCE_AGREEMENT,
		.of_persona = true,
		.persona = persona,
		.talk = json_string_value(json_object_get(value, "talk")) };
	struct seeking s = { n, value, out, held, false };

	if (f.talk != NULL)
		documents_each(n, &f, on_offered, &s);
	return s.found;
}
