#include "node/community/cohort.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/community/session.h"

struct rolling {
	struct node *n;
	uint32_t persona;
	const json_t *value;
	struct cohort_roll *roll;
};

static struct cohort_member *
member_of(struct cohort_roll *roll, const uint8_t key[ED25519_PUBLIC])
{
	for (size_t i = 0; i < roll->n; i++)
		if (memcmp(roll->list[i].key, key, ED25519_PUBLIC) == 0)
			return &roll->list[i];
	return NULL;
}

static void
attended(struct cohort_member *m, const uint8_t id[EVIDENCE_ID])
{
	m->attended++;
	if (m->refs_n == EVIDENCE_REFS) {
		memmove(m->refs[0], m->refs[1],
		    (EVIDENCE_REFS - 1) * sizeof(m->refs[0]));
		m->refs_n--;
	}
	memcpy(m->refs[m->refs_n++], id, EVIDENCE_ID);
}

static bool
on_session(void *ctx, const struct holding *h)
{
	struct rolling *r = ctx;
	char name[COMMUNITY_NAME_MAX + 1];
	struct held_document held;
	const struct session *s = &held.d.is.session;

	if (!h->complete || documents_read(r->n, h, &held) != OK ||
	    !community_is(r->value, s->subject) ||
	    session_judge(r->n, r->persona, &held.d, name) != SESSION_FINE)
		return true;
	r->roll->held++;
	for (unsigned i = 0; i < s->peers_n; i++) {
		struct cohort_member *m = member_of(r->roll, s->peers[i]);
		if (m != NULL &&
		    (held.d.signed_by & UINT64_C(1) << (ROLE_PEER + i)) != 0)
			attended(m, h->id);
	}
	return true;
}

static bool
on_credential(void *ctx, const struct holding *h)
{
	struct rolling *r = ctx;
	struct held_document held;
	const struct credential *c = &held.d.is.credential;

	if (documents_read(r->n, h, &held) != OK ||
	    !community_is(r->value, c->subject) ||
	    memcmp(c->issuer, persona_get(r->n, r->persona)->pub,
		ED25519_PUBLIC) != 0)
		return true;
	const enum credential_standing s = credentials_standing(r->n, h, &held);
	struct cohort_member *m = member_of(r->roll, c->holder);
	if (m != NULL && s != CREDENTIAL_ENDED && s != CREDENTIAL_OVER)
		m->certified = true;
	return true;
}

struct cohort_roll
cohort_roll(struct node *n, uint32_t persona, const json_t *value)
{
	struct community_roles all = community_role_list(n, persona, value);
	struct cohort_roll roll = { 0,
		calloc(MAX(all.n, (size_t)1), sizeof(*roll.list)), 0 };
	struct rolling r = { n, persona, value, &roll };
	struct held_filter f = {
		.type = EVIDENCE_SESSION, .of_persona = true, .persona = persona
	};

	for (size_t i = 0; i < all.n && roll.list != NULL; i++) {
		const struct community_role *role = &all.list[i];
		if (!role->complete || member_of(&roll, role->person) != NULL)
			continue;
		struct cohort_member *m = &roll.list[roll.n++];
		memcpy(m->key, role->person, ED25519_PUBLIC);
		memcpy(m->talk, role->talk, sizeof(m->talk));
	}
	free(all.list);
	documents_each(n, &f, on_session, &r);
	f.type = EVIDENCE_CREDENTIAL;
	documents_each(n, &f, on_credential, &r);
	return roll;
}

static enum mail_outcome
send_to(struct node *n, uint32_t persona, const char *talk, const char *id)
{
	struct talk *t = talk[0] == '\0' ? NULL : mailbox_find(n, talk);
	const struct holding *h =
	    id == NULL ? NULL : documents_named(n, persona, id, NULL);
	enum mail_outcome outcome = MAIL_OVER;
	char why[CREDENTIALS_WHY];

	if (t == NULL || h == NULL || conversation_is_over(t->c.state) ||
	    documents_place(n, persona, h->id, talk) != OK)
		return MAIL_OVER; /* it is passed on as a file */
	const err e = credentials_send(n, persona, h->id, t, &outcome, why);
	return e == OK ? outcome : MAIL_OVER;
}

enum cohort_given
cohort_certify(struct node *n, uint32_t persona,
    const struct community_record *r, const struct cohort_member *m,
    const struct cohort_end *end, json_t **ids, enum mail_outcome *outcome,
    char why[CREDENTIALS_WHY])
{
	struct credential_order o = { .persona = persona,
		.days = end->days,
		.copies = 1,
		.dry = end->dry };
	enum evidence_fault f = EVIDENCE_FINE;

	*ids = NULL;
	*outcome = MAIL_FINE;
	why[0] = '\0';
	if (m->certified)
		return COHORT_HAS_ONE;
	if (m->attended < end->needed)
		return COHORT_TOO_FEW;
	memcpy(o.c.holder, m->key, ED25519_PUBLIC);
	memcpy(o.c.subject, r->id, RECORD_ID);
	(void)snprintf(o.c.title, sizeof(o.c.title), "%s", r->title);
	o.c.skills = r->teaches;
	o.c.method = end->method;
	o.c.grade = end->grade;
	o.c.refs_n = m->refs_n;
	memcpy(o.c.refs, m->refs, sizeof(o.c.refs));
	const err e = credentials_issue(n, &o, ids, &f, outcome, why);
	if (e == OK && f == EVIDENCE_FINE) {
		if (!end->dry)
			*outcome = send_to(n, persona, m->talk,
			    json_string_value(json_array_get(*ids, 0)));
		return COHORT_ISSUED;
	}
	if (why[0] == '\0')
		(void)snprintf(why, CREDENTIALS_WHY, "%s",
		    e != OK ? err_name(e) : evidence_fault_name(f));
	return COHORT_NOT_GIVEN;
}
