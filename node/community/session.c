#include "node/community/session.h"

#include <stdlib.h>

#include "proto/evidence/rules.h"

const char *
session_fault_text(enum session_fault f)
{
	switch (f) {
	case SESSION_FINE:
		break;
	case SESSION_NOT_MINE:
		return "this persona is none of its participants";
	case SESSION_UNKNOWN:
		return "it is of a community that this persona is not in";
	case SESSION_NOT_OF_US:
		return "nobody who leads that community or is known to be in "
		       "it has signed: a stranger's word";
	case SESSION_STRANGERS:
		return "it names participants who have no role in the "
		       "community";
	case SESSION_AFTER_END:
		return "it says it was held after the community had ended";
	case SESSION_OUTSIDE:
		return "it says it was held when this persona had no role in "
		       "the community";
	}
	return "";
}

const char *
session_fault_name(enum session_fault f)
{
	static const char *const names[] = { "fine", "not-mine", "unknown",
		"not-of-us", "strangers", "after-end", "outside" };

	return f < ARRAY_LEN(names) ? names[f] : "unknown";
}

static bool
is_key(const uint8_t a[ED25519_PUBLIC], const uint8_t b[ED25519_PUBLIC])
{
	return memcmp(a, b, ED25519_PUBLIC) == 0;
}

static bool
has_signed(const struct document *d, unsigned peer)
{
	return (d->signed_by & UINT64_C(1) << (ROLE_PEER + peer)) != 0;
}

static bool
has_role(const struct community_roles *all, const uint8_t key[ED25519_PUBLIC])
{
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].complete && is_key(all->list[i].person, key))
			return true;
	return false;
}

/* On the node of who founded it everybody who takes part is known. */
static enum session_fault
judge_founded(struct node *n, uint32_t persona, const json_t *value,
    const struct document *d, const struct community_roles *all)
{
	const struct session *s = &d->is.session;
	const uint8_t *me = persona_get(n, persona)->pub;
	struct community_record r;
	const bool live = community_of(n, persona, value, &r) == OK;

	for (unsigned i = 0; i < s->peers_n; i++) {
		if (is_key(s->peers[i], me) ||
		    (live && community_leads(&r, s->peers[i])))
			continue;
		if (!has_role(all, s->peers[i]))
			return SESSION_STRANGERS;
		if (community_role_at(all, s->peers[i], s->at) == NULL)
			return SESSION_OUTSIDE;
	}
	return SESSION_FINE;
}

/* A member knows whoever leads it, and itself. */
static enum session_fault
judge_joined(struct node *n, uint32_t persona, const json_t *value,
    const struct document *d, const struct community_roles *all)
{
	const struct session *s = &d->is.session;
	const uint8_t *me = persona_get(n, persona)->pub;
	struct community_record r;
	const bool live = community_of(n, persona, value, &r) == OK;

	if (!has_role(all, me))
		return SESSION_UNKNOWN;
	const struct community_role *role = community_role_at(all, me, s->at);
	if (role == NULL)
		return SESSION_OUTSIDE;
	for (unsigned i = 0; i < s->peers_n; i++)
		if (has_signed(d, i) &&
		    (is_key(s->peers[i], role->company) ||
			(live && community_leads(&r, s->peers[i]))))
			return SESSION_FINE;
	/* The member's own proposal: others judge it. */
	for (unsigned i = 0; i < s->peers_n; i++)
		if (has_signed(d, i) && is_key(s->peers[i], me) &&
		    (d->signed_by & ~(UINT64_C(1) << (ROLE_PEER + i))) == 0)
			return SESSION_FINE;
	return SESSION_NOT_OF_US;
}

enum session_fault
session_judge(struct node *n, uint32_t persona, const struct document *d,
    char name[COMMUNITY_NAME_MAX + 1])
{
	static const uint8_t none[RECORD_ID];
	const struct session *s = &d->is.session;

	name[0] = 0;
	if (document_role_of(d, persona_get(n, persona)->pub) == 0)
		return SESSION_NOT_MINE;
	if (memcmp(s->subject, none, RECORD_ID) == 0)
		return SESSION_FINE;
	json_t *value = community_with(n, persona, s->subject, name);
	if (value == NULL)
		return SESSION_UNKNOWN;
	const json_int_t ended =
	    json_integer_value(json_object_get(value, "ended"));
	struct community_roles all = community_role_list(n, persona, value);
	enum session_fault f = json_is_true(json_object_get(value, "founded"))
				   ? judge_founded(n, persona, value, d, &all)
				   : judge_joined(n, persona, value, d, &all);
	free(all.list);
	if (ended > 0 && s->at > (uint64_t)ended / 3600)
		f = SESSION_AFTER_END;
	json_decref(value);
	return f;
}

/* ---- what the group learned ---- */

struct learning {
	struct node *n;
	uint32_t persona;
	const json_t *value;
	struct session_learned *out;
};

static void
learn_terms(struct session_learned *l, const struct evidence_skills *skills,
    bool outcome)
{
	for (unsigned i = 0; i < skills->n; i++) {
		size_t at = 0;
		while (
		    at < l->terms_n && l->terms[at].term != skills->at[i].term)
			at++;
		if (at == LEARNED_TERMS)
			continue;
		if (at == l->terms_n)
			l->terms[l->terms_n++].term = skills->at[i].term;
		l->terms[at].sessions += !outcome;
		l->terms[at].outcomes += outcome;
		l->terms[at].level =
		    MAX(l->terms[at].level, skills->at[i].level);
	}
}

static bool
on_session(void *ctx, const struct holding *h)
{
	struct learning *l = ctx;
	char name[COMMUNITY_NAME_MAX + 1];
	struct held_document held;
	const struct session *s = &held.d.is.session;

	if (documents_read(l->n, h, &held) != OK ||
	    !community_is(l->value, s->subject) ||
	    session_judge(l->n, l->persona, &held.d, name) != SESSION_FINE)
		return true;
	if (!held.d.complete) {
		l->out->open++;
		return true;
	}
	l->out->sessions++;
	l->out->minutes += s->minutes;
	l->out->last_h = MAX(l->out->last_h, s->at);
	for (unsigned i = 0; i < s->peers_n; i++)
		l->out->attended += has_signed(&held.d, i);
	learn_terms(l->out, &s->practised, false);
	return true;
}

static bool
on_outcome(void *ctx, const struct holding *h)
{
	struct learning *l = ctx;
	struct held_document held, base;
	const struct holding *a;

	if (!h->complete || documents_read(l->n, h, &held) != OK)
		return true;
	a = documents_find(l->n, l->persona, held.d.is.outcome.agreement);
	if (a == NULL || documents_read(l->n, a, &base) != OK ||
	    base.d.is.agreement.kind != community_agreement(l->value) ||
	    !community_is(l->value, base.d.is.agreement.subject) ||
	    evidence_belongs(&held.d, &base.d) != EVIDENCE_FINE)
		return true;
	l->out->outcomes++;
	l->out->hours += held.d.is.outcome.hours;
	learn_terms(l->out, &held.d.is.outcome.learned, true);
	learn_terms(l->out, &held.d.is.outcome.applied, true);
	return true;
}

void
session_learn(struct node *n, uint32_t persona, const json_t *value,
    struct session_learned *out)
{
	struct held_filter f = {
		.type = EVIDENCE_SESSION, .of_persona = true, .persona = persona
	};
	struct learning l = { n, persona, value, out };

	*out = (struct session_learned){ 0 };
	documents_each(n, &f, on_session, &l);
	f.type = EVIDENCE_OUTCOME;
	documents_each(n, &f, on_outcome, &l);
}
