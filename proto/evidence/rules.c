#include "proto/evidence/rules.h"

static bool
same(const uint8_t a[32], const uint8_t b[32])
{
	return memcmp(a, b, 32) == 0;
}

uint32_t
evidence_due(const struct agreement *a)
{
	return a->pledge.kind == 0 ? a->end : MAX(a->end, a->pledge.deadline);
}

/* What a document names as its agreement and parties; NULL: it names none. */
struct names {
	const uint8_t *agreement, *company, *person;
};

static struct names
names_of(const struct evidence *e)
{
	switch (e->type) {
	case EVIDENCE_PROGRESS:
		return (struct names){ e->progress.agreement,
			e->progress.company, e->progress.person };
	case EVIDENCE_OUTCOME:
		return (struct names){ e->outcome.agreement, e->outcome.company,
			e->outcome.person };
	case EVIDENCE_FOLLOW_UP:
		return (struct names){ e->follow_up.agreement,
			e->follow_up.company, e->follow_up.person };
	case EVIDENCE_ONE_SIDED:
		return (struct names){ e->one_sided.agreement,
			e->one_sided.company, e->one_sided.person };
	case EVIDENCE_SESSION:
		return (struct names){ e->session.agreement, NULL, NULL };
	case EVIDENCE_AGREEMENT:
	case EVIDENCE_CREDENTIAL:
	case EVIDENCE_CREDENTIAL_END:
	case EVIDENCE_MOVED:
	case EVIDENCE_LINKED:
		break;
	}
	return (struct names){ NULL, NULL, NULL };
}

static enum evidence_fault
outcome_fits(const struct outcome *o, const struct agreement *a)
{
	const bool pledged = a->pledge.kind != 0;

	return o->kind == a->kind && o->at >= a->made &&
		       strcmp(o->team, a->team) == 0 &&
		       (o->pledge != PLEDGE_NONE) == pledged
		   ? EVIDENCE_FINE
		   : EVIDENCE_CONTRADICTS;
}

enum evidence_fault
evidence_belongs(const struct document *d, const struct document *agreement)
{
	const struct names n = names_of(&d->is);
	const struct agreement *a = &agreement->is.agreement;

	if (agreement->is.type != EVIDENCE_AGREEMENT || n.agreement == NULL ||
	    !same(n.agreement, agreement->id) ||
	    strcmp(d->net, agreement->net) != 0)
		return EVIDENCE_WRONG_REFERENCE;
	if (n.company != NULL &&
	    (!same(n.company, a->company) || !same(n.person, a->person)))
		return EVIDENCE_WRONG_REFERENCE;
	if (!d->complete || !agreement->complete)
		return EVIDENCE_INCOMPLETE;
	if (d->is.type == EVIDENCE_OUTCOME)
		return outcome_fits(&d->is.outcome, a);
	if (d->made < a->made)
		return EVIDENCE_CONTRADICTS;
	if (d->is.type != EVIDENCE_ONE_SIDED)
		return EVIDENCE_FINE;
	if (d->is.one_sided.pledge != PLEDGE_NONE && a->pledge.kind == 0)
		return EVIDENCE_CONTRADICTS;
	return (uint64_t)d->made >= (uint64_t)evidence_due(a) + EVIDENCE_GRACE_H
		   ? EVIDENCE_FINE
		   : EVIDENCE_TOO_EARLY;
}

enum evidence_fault
evidence_follows(
    const struct document *follow_up, const struct document *outcome)
{
	const struct follow_up *f = &follow_up->is.follow_up;
	const struct outcome *o = &outcome->is.outcome;

	if (follow_up->is.type != EVIDENCE_FOLLOW_UP ||
	    outcome->is.type != EVIDENCE_OUTCOME ||
	    !same(f->outcome, outcome->id) ||
	    !same(f->agreement, o->agreement) ||
	    !same(f->company, o->company) || !same(f->person, o->person) ||
	    strcmp(follow_up->net, outcome->net) != 0)
		return EVIDENCE_WRONG_REFERENCE;
	if (!follow_up->complete || !outcome->complete)
		return EVIDENCE_INCOMPLETE;
	return (uint64_t)f->at >= (uint64_t)o->at + EVIDENCE_FOLLOW_H
		   ? EVIDENCE_FINE
		   : EVIDENCE_TOO_EARLY;
}

bool
evidence_wins(const struct document *a, const struct document *b)
{
	if (a->made != b->made)
		return a->made > b->made;
	return memcmp(a->id, b->id, EVIDENCE_ID) < 0;
}

/* How a pledge stands that nobody signed an outcome for. */
static enum pledge_standing
unsettled(const struct document *agreement, const struct document *one_sided,
    uint32_t now_h)
{
	const uint64_t due = evidence_due(&agreement->is.agreement);

	if (one_sided != NULL && one_sided->is.type == EVIDENCE_ONE_SIDED &&
	    evidence_belongs(one_sided, agreement) == EVIDENCE_FINE &&
	    one_sided->is.one_sided.side == ROLE_PERSON &&
	    one_sided->made <= now_h &&
	    (one_sided->is.one_sided.pledge == PLEDGE_PARTLY ||
		one_sided->is.one_sided.pledge == PLEDGE_BROKEN))
		return STANDING_CLAIMED;
	return now_h >= due + EVIDENCE_GRACE_H ? STANDING_OVERDUE
					       : STANDING_OPEN;
}

enum pledge_standing
pledge_standing_of(const struct document *agreement,
    const struct document *outcome, const struct document *one_sided,
    uint32_t now_h)
{
	if (agreement->is.type != EVIDENCE_AGREEMENT || !agreement->complete ||
	    agreement->is.agreement.pledge.kind == 0)
		return STANDING_NONE;
	if (outcome == NULL || outcome->is.type != EVIDENCE_OUTCOME ||
	    evidence_belongs(outcome, agreement) != EVIDENCE_FINE)
		return unsettled(agreement, one_sided, now_h);
	switch ((enum pledge_state)outcome->is.outcome.pledge) {
	case PLEDGE_KEPT:
		return STANDING_KEPT;
	case PLEDGE_PARTLY:
		return STANDING_PARTLY;
	case PLEDGE_BROKEN:
		return STANDING_BROKEN;
	case PLEDGE_NONE:
		break;
	}
	return STANDING_NONE;
}

const char *
pledge_standing_name(enum pledge_standing s)
{
	static const char *const names[] = { "none", "open", "overdue", "kept",
		"partly", "broken", "claimed" };

	ASSERT((unsigned)s < ARRAY_LEN(names));
	return names[s];
}

enum evidence_fault
credential_state(const struct document *credential, const struct document *end,
    uint32_t now_h)
{
	const struct credential *c = &credential->is.credential;

	if (credential->is.type != EVIDENCE_CREDENTIAL)
		return EVIDENCE_WRONG_REFERENCE;
	if (!credential->complete)
		return EVIDENCE_INCOMPLETE;
	if (end != NULL && end->is.type == EVIDENCE_CREDENTIAL_END &&
	    end->complete && strcmp(end->net, credential->net) == 0 &&
	    same(end->is.credential_end.credential, credential->id) &&
	    same(end->is.credential_end.issuer, c->issuer))
		return EVIDENCE_REVOKED;
	return now_h >= c->expires ? EVIDENCE_EXPIRED : EVIDENCE_FINE;
}

bool
session_attended(const struct document *d, const uint8_t key[ED25519_PUBLIC])
{
	if (d->is.type != EVIDENCE_SESSION || !d->complete)
		return false;
	const unsigned role = document_role_of(d, key);
	return role != 0 && (d->signed_by & UINT64_C(1) << role) != 0;
}

/* The party that signs as the company, and the person, of what may move. */
static bool
sides_of(
    const struct evidence *e, const uint8_t **company, const uint8_t **person)
{
	if (e->type != EVIDENCE_AGREEMENT && e->type != EVIDENCE_PROGRESS &&
	    e->type != EVIDENCE_OUTCOME && e->type != EVIDENCE_FOLLOW_UP &&
	    e->type != EVIDENCE_CREDENTIAL)
		return false;
	*company = document_key_of(e, ROLE_COMPANY);
	*person = document_key_of(e, ROLE_PERSON);
	return true;
}

bool
moved_covers(const struct document *moved, const struct document *d)
{
	const struct moved *m = &moved->is.moved;
	const uint8_t *company = NULL, *person = NULL;

	if (moved->is.type != EVIDENCE_MOVED || !moved->complete ||
	    !d->complete || strcmp(moved->net, d->net) != 0 ||
	    !sides_of(&d->is, &company, &person) ||
	    !same(company, m->company) || !same(person, m->from) ||
	    d->made > m->at)
		return false;
	for (size_t i = 0; i < m->refs_n; i++)
		if (same(m->refs[i], d->id))
			return true;
	return m->refs_n == 0;
}
