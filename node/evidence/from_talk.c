#include "node/evidence/from_talk.h"

#include "node/keys/persona.h"
#include "node/mail/mailbox.h"
#include "proto/evidence/rules.h"

enum mail_document
mail_document_of(enum evidence_type type)
{
	switch (type) {
	case EVIDENCE_AGREEMENT:
		return MAIL_AGREEMENT;
	case EVIDENCE_PROGRESS:
		return MAIL_PROGRESS;
	case EVIDENCE_OUTCOME:
		return MAIL_OUTCOME;
	case EVIDENCE_SESSION:
		return MAIL_SESSION;
	case EVIDENCE_CREDENTIAL:
		return MAIL_CREDENTIAL;
	case EVIDENCE_FOLLOW_UP:
	case EVIDENCE_ONE_SIDED:
	case EVIDENCE_CREDENTIAL_END:
	case EVIDENCE_MOVED:
	case EVIDENCE_LINKED:
		break;
	}
	return MAIL_OTHER;
}

/* Who talks: the persona, the other side, and which of them sent ${d}. */
struct sides {
	struct node *n;
	const struct talk *t;
	const struct document *d;
	const uint8_t *me, *peer;
	unsigned mine;   /* my role in it; 0: none */
	uint64_t sender; /* bit of the sender's role; 0: none */
	bool held;       /* already, for this persona */
};

static bool
is_key(const uint8_t a[ED25519_PUBLIC], const uint8_t b[ED25519_PUBLIC])
{
	return memcmp(a, b, ED25519_PUBLIC) == 0;
}

/* What has two sides: they are mine and the peer's. A person whose hand was
 * raised under another key is known by the agreement alone. */
static bool
between_us(const struct sides *s, const uint8_t *company, const uint8_t *person)
{
	const struct conversation *c = &s->t->c;

	if (c->company)
		return is_key(company, s->me) &&
		       (is_key(person, s->peer) || c->by_hand);
	return is_key(person, s->me) && is_key(company, s->peer);
}

static enum evidence_fault
fits_agreement(const struct sides *s)
{
	const struct agreement *a = &s->d->is.agreement;

	if (s->mine == 0)
		return EVIDENCE_FINE; /* of others */
	if (!between_us(s, a->company, a->person))
		return EVIDENCE_WRONG_REFERENCE;
	if ((s->d->signed_by & 1U << ROLE_COMPANY) == 0)
		return EVIDENCE_INCOMPLETE;
	return s->held || s->mine == ROLE_PERSON ||
		       (s->mine == ROLE_COMPANY && s->sender != 0 &&
			   s->sender == UINT64_C(1) << s->mine)
		   ? EVIDENCE_FINE
		   : EVIDENCE_WRONG_REFERENCE;
}

/* What it names is held, complete, and of this conversation. */
static bool
base_of(const struct sides *s, const uint8_t id[EVIDENCE_ID],
    struct held_document *out)
{
	char talk[TALK_ID_TEXT];
	const struct holding *h = documents_find(s->n, s->t->persona, id);

	talk_id_text(s->t, talk);
	return h != NULL && strcmp(h->talk, talk) == 0 &&
	       documents_read(s->n, h, out) == OK;
}

/* It will be judged for good when all have signed: is it sound till then? */
static enum evidence_fault
fits_base(const struct sides *s, const uint8_t id[EVIDENCE_ID], bool follow_up)
{
	struct document whole = *s->d;
	struct held_document base;

	if (!base_of(s, id, &base))
		return EVIDENCE_WRONG_REFERENCE;
	if (s->sender != 0 && (s->d->signed_by & s->sender) == 0)
		return EVIDENCE_INCOMPLETE;
	whole.complete = true;
	return follow_up ? evidence_follows(&whole, &base.d)
			 : evidence_belongs(&whole, &base.d);
}

static bool
is_set(const uint8_t id[EVIDENCE_ID])
{
	static const uint8_t none[EVIDENCE_ID];

	return memcmp(id, none, EVIDENCE_ID) != 0;
}

static enum evidence_fault
fits_progress(const struct sides *s)
{
	const struct progress *p = &s->d->is.progress;

	if (is_set(p->agreement))
		return fits_base(s, p->agreement, false);
	if (!between_us(s, p->company, p->person))
		return EVIDENCE_WRONG_REFERENCE;
	return (s->d->signed_by & s->sender) != 0 ? EVIDENCE_FINE
						  : EVIDENCE_INCOMPLETE;
}

/* One that two sign: an issuer and a holder, two keys of somebody. */
static enum evidence_fault
fits_pair(const struct sides *s, const uint8_t *first, const uint8_t *second)
{
	const uint8_t *other = is_key(first, s->me) ? second : first;

	if (s->held)
		return EVIDENCE_FINE;
	if (!is_key(other, s->peer))
		return EVIDENCE_WRONG_REFERENCE;
	return (s->d->signed_by & s->sender) != 0 ? EVIDENCE_FINE
						  : EVIDENCE_INCOMPLETE;
}

static bool
is_about_me(const struct sides *s)
{
	const struct evidence *e = &s->d->is;

	return s->mine != 0 || (e->type == EVIDENCE_ONE_SIDED &&
				   (is_key(e->one_sided.company, s->me) ||
				       is_key(e->one_sided.person, s->me)));
}

enum evidence_fault
document_fits_talk(
    struct node *n, const struct talk *t, const struct document *d, bool own)
{
	const uint8_t *me = persona_get(n, t->persona)->pub;
	struct sides s = { .n = n,
		.t = t,
		.d = d,
		.me = me,
		.peer = t->c.peer,
		.mine = document_role_of(d, me),
		.held = documents_find(n, t->persona, d->id) != NULL };
	const unsigned theirs = own ? s.mine : document_role_of(d, t->c.peer);
	const struct evidence *e = &d->is;

	if (theirs != 0)
		s.sender = UINT64_C(1) << theirs;
	if (!is_about_me(&s))
		return d->complete ? EVIDENCE_FINE : EVIDENCE_INCOMPLETE;
	switch (e->type) {
	case EVIDENCE_AGREEMENT:
		return fits_agreement(&s);
	case EVIDENCE_PROGRESS:
		return fits_progress(&s);
	case EVIDENCE_OUTCOME:
		return fits_base(&s, e->outcome.agreement, false);
	case EVIDENCE_FOLLOW_UP:
		return fits_base(&s, e->follow_up.outcome, true);
	case EVIDENCE_ONE_SIDED:
		return fits_base(&s, e->one_sided.agreement, false);
	case EVIDENCE_SESSION:
		return d->signed_by != 0 ? EVIDENCE_FINE : EVIDENCE_INCOMPLETE;
	case EVIDENCE_CREDENTIAL:
		return fits_pair(
		    &s, e->credential.issuer, e->credential.holder);
	case EVIDENCE_CREDENTIAL_END:
		return EVIDENCE_FINE;
	case EVIDENCE_MOVED:
		return fits_pair(&s, e->moved.company, e->moved.to);
	case EVIDENCE_LINKED:
		return fits_pair(&s, e->linked.a, e->linked.b);
	}
	return EVIDENCE_UNKNOWN_TYPE;
}

static err
refused(struct node *n, const struct held_from *from, enum evidence_fault f)
{
	documents_refused(n, from, f);
	return ERR_FORM;
}

err
documents_from_talk(
    struct node *n, struct talk *t, enum mail_document kind, struct slice bytes)
{
	char talk[TALK_ID_TEXT];
	const struct held_from from = { .persona = t->persona, .talk = talk };
	enum evidence_fault f;
	struct document d;

	talk_id_text(t, talk);
	f = documents_judge(n, bytes, &d);
	if (f == EVIDENCE_FINE && mail_document_of(d.is.type) != kind)
		f = EVIDENCE_UNKNOWN_TYPE;
	if (f == EVIDENCE_FINE)
		f = document_fits_talk(n, t, &d, false);
	if (f != EVIDENCE_FINE)
		return refused(n, &from, f);
	const err e = documents_take(n, &from, bytes, NULL, &f);
	if (e == OK && f != EVIDENCE_FINE)
		return refused(n, &from, f);
	if (e != OK)
		env_log(&n->env, LOG_UNUSUAL, "document_not_kept",
		    "talk=%s why=%s", talk, err_name(e));
	return e;
}
