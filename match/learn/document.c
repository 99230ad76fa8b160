/* Documents and records as plain input of trust and Learnability. */
#include "match/learn/document.h"

/* Keys of an attestation's payload, version 1. */
enum {
	ATTESTATION_KEY = 0,
	ATTESTATION_VOUCHES = 2,
	ATTESTATION_BUDGET = 4,
	ATTESTATION_UNTIL = 6,
};

#define USEFULNESS 200 /* of value, each of five */

uint32_t
learn_month(uint32_t hour)
{
	static const uint16_t before[13] = { 0, 31, 59, 90, 120, 151, 181, 212,
		243, 273, 304, 334, 365 };
	uint32_t day = hour / 24, year = 1970, month = 0;

	for (;;) {
		const bool leap =
		    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		if (day < 365U + leap) {
			/* after February a leap year is one day on */
			while (
			    month < 11 && day >= (uint32_t)before[month + 1] +
						     (leap && month >= 1))
				month++;
			return 12 * (year - 1970) + month;
		}
		day -= 365U + leap;
		year++;
	}
}

/* The terms right above a place; the one with the smallest id. */
static uint32_t
above(const struct vocabulary *v, uint32_t at)
{
	const struct term_list up = at == TERM_NOWHERE
					? (struct term_list){ NULL, 0 }
					: vocabulary_broader(v, at);

	return up.n == 0 ? TERM_NOWHERE : up.at[0];
}

static uint64_t
id_of(const struct vocabulary *v, uint32_t at)
{
	return at == TERM_NOWHERE ? 0 : vocabulary_term(v, at);
}

static void
add_skills(struct learn_event *e, struct learn_term *terms,
    const struct vocabulary *v, const struct evidence_skills *skills,
    bool learned, bool applied)
{
	for (uint16_t i = 0; i < skills->n; i++) {
		const uint32_t at = vocabulary_find(v, skills->at[i].term);
		uint8_t k = 0;
		if (at == TERM_NOWHERE)
			continue;
		const uint64_t term = vocabulary_term(v, at);
		while (k < e->terms_n && terms[k].term != term)
			k++;
		if (k == LEARN_TERMS)
			continue;
		if (k == e->terms_n) {
			const uint32_t group = above(v, at);
			e->terms_n++;
			terms[k] = (struct learn_term){ .term = term,
				.group = id_of(v, group),
				.parent = id_of(v, above(v, group)),
				.gap = LEARN_NOT_TOLD };
		}
		terms[k].learned |= learned;
		terms[k].applied |= applied;
	}
}

static void
set_time(struct learn_event *e, uint32_t from_h, uint32_t to_h)
{
	e->first_day = from_h / 24;
	e->last_day = to_h / 24;
	e->month = learn_month(to_h);
}

static bool
belongs(const struct document *d, enum evidence_type type,
    const struct document *agreement)
{
	return d != NULL && d->is.type == type && d->complete &&
	       evidence_belongs(d, agreement) == EVIDENCE_FINE;
}

static uint8_t
promise_of(uint8_t pledge)
{
	switch (pledge) {
	case PLEDGE_KEPT:
		return LEARN_KEPT;
	case PLEDGE_PARTLY:
		return LEARN_PARTLY;
	case PLEDGE_BROKEN:
		return LEARN_BROKEN;
	default:
		return LEARN_NO_PROMISE;
	}
}

static uint8_t
method_of(uint8_t method)
{
	static const uint8_t methods[] = { [CREDENTIAL_ASSESSED] =
					       LEARN_ASSESSED,
		[CREDENTIAL_OBSERVED] = LEARN_OBSERVED,
		[CREDENTIAL_PEERS] = LEARN_PEERS,
		[CREDENTIAL_COMPLETED] = LEARN_COMPLETED,
		[CREDENTIAL_APPLIED] = LEARN_APPLIED };

	return method < ARRAY_LEN(methods) ? methods[method] : LEARN_CLAIMED;
}

static bool
was_passed(const struct learn_documents *d)
{
	return belongs(d->passed, EVIDENCE_PROGRESS, d->agreement) &&
	       d->passed->is.progress.verb == PROGRESS_PASSED;
}

static void
from_outcome(const struct learn_documents *d, const struct vocabulary *v,
    struct learn_event *e, struct learn_term *terms)
{
	const struct outcome *o = &d->outcome->is.outcome;
	const struct agreement *a = &d->agreement->is.agreement;

	memcpy(e->id, d->outcome->id, EVIDENCE_ID);
	e->value = (uint16_t)(USEFULNESS * o->usefulness);
	e->completion = promise_of(o->completion);
	/* Who ended it early is not told: it is held against nobody. */
	if (o->completion == PLEDGE_NONE && o->result != OUTCOME_ENDED)
		e->completion = LEARN_KEPT;
	e->pledge = promise_of(o->pledge);
	e->opened = a->coverage > 0 && a->coverage <= 1000;
	e->hours = o->hours;
	e->funded = o->invested_hours;
	set_time(e, MAX(a->start, a->made), o->at);
	if (o->began != 0)
		e->first_day = o->began / 24;
	if (o->ended != 0)
		e->last_day = o->ended / 24;
	add_skills(e, terms, v, &o->learned, true, false);
	add_skills(e, terms, v, &o->applied, false, true);
	e->method = method_of(o->method);
	if (o->method == 0)
		e->method = was_passed(d)      ? LEARN_ASSESSED
			    : o->applied.n > 0 ? LEARN_APPLIED
					       : LEARN_COMPLETED;
	if (d->follow_up != NULL && d->follow_up->complete &&
	    evidence_follows(d->follow_up, d->outcome) == EVIDENCE_FINE)
		add_skills(e, terms, v, &d->follow_up->is.follow_up.applied,
		    false, true);
}

bool
learn_from_agreement(const struct learn_documents *d,
    const struct vocabulary *v, uint32_t now_h, struct learn_event *e,
    struct learn_term terms[LEARN_TERMS])
{
	const struct agreement *a = &d->agreement->is.agreement;

	*e = (struct learn_event){ .answer_days = LEARN_NOT_TOLD,
		.terms = terms };
	if (d->agreement->is.type != EVIDENCE_AGREEMENT ||
	    !d->agreement->complete)
		return false;
	memcpy(e->agreement, d->agreement->id, EVIDENCE_ID);
	memcpy(e->learner, a->person, TRUST_KEY);
	memcpy(e->partner, a->company, TRUST_KEY);
	e->kind = a->kind;
	if (a->answer_days != 0)
		e->answer_days = (uint16_t)(a->answer_days - 1);
	if (belongs(d->outcome, EVIDENCE_OUTCOME, d->agreement)) {
		from_outcome(d, v, e, terms);
		return true;
	}
	/* Nobody's word alone counts, but for a pledge that is overdue. */
	if (pledge_standing_of(d->agreement, NULL, d->one_sided, now_h) !=
	    STANDING_CLAIMED)
		return false;
	memcpy(e->id, d->one_sided->id, EVIDENCE_ID);
	e->pledge = promise_of(d->one_sided->is.one_sided.pledge);
	set_time(
	    e, d->one_sided->is.one_sided.at, d->one_sided->is.one_sided.at);
	return true;
}

bool
learn_from_session(const struct document *d, const uint8_t learner[TRUST_KEY],
    const uint8_t partner[TRUST_KEY], const struct vocabulary *v,
    struct learn_event *e, struct learn_term terms[LEARN_TERMS])
{
	const struct session *s = &d->is.session;

	*e = (struct learn_event){ .kind = LEARN_PEER_SESSION,
		.method = LEARN_PEERS,
		.value = 1000,
		.completion = LEARN_KEPT,
		.answer_days = LEARN_NOT_TOLD,
		.terms = terms };
	if (d->is.type != EVIDENCE_SESSION || !d->complete ||
	    !session_attended(d, learner) || !session_attended(d, partner) ||
	    memcmp(learner, partner, TRUST_KEY) == 0)
		return false;
	memcpy(e->id, d->id, EVIDENCE_ID);
	memcpy(e->agreement, d->id, EVIDENCE_ID);
	memcpy(e->learner, learner, TRUST_KEY);
	memcpy(e->partner, partner, TRUST_KEY);
	e->hours = s->minutes / 60;
	set_time(e, s->at, s->at);
	add_skills(e, terms, v, &s->practised, true, false);
	return true;
}

static bool
credential_counts(
    const struct document *d, const struct document *end, uint32_t now_h)
{
	return d->is.type == EVIDENCE_CREDENTIAL && d->complete &&
	       credential_state(d, end, now_h) == EVIDENCE_FINE;
}

bool
learn_from_credential(const struct document *d, const struct document *end,
    const struct vocabulary *v, uint32_t now_h, struct learn_event *e,
    struct learn_term terms[LEARN_TERMS])
{
	const struct credential *c = &d->is.credential;

	*e = (struct learn_event){ .kind = LEARN_COURSE,
		.value = 1000,
		.completion = LEARN_KEPT,
		.answer_days = LEARN_NOT_TOLD,
		.terms = terms };
	if (!credential_counts(d, end, now_h))
		return false;
	e->method = method_of(c->method);
	memcpy(e->id, d->id, EVIDENCE_ID);
	memcpy(e->agreement, d->id, EVIDENCE_ID);
	memcpy(e->learner, c->holder, TRUST_KEY);
	memcpy(e->partner, c->issuer, TRUST_KEY);
	set_time(e, c->issued, c->issued);
	add_skills(e, terms, v, &c->skills, true, false);
	return true;
}

bool
trust_from_credential(const struct document *d, const struct document *end,
    uint32_t now_h, struct trust_attestation *a)
{
	*a = (struct trust_attestation){ .share = TRUST_SHARE, .vouches = 1 };
	if (!credential_counts(d, end, now_h))
		return false;
	memcpy(a->from, d->is.credential.issuer, TRUST_KEY);
	memcpy(a->to, d->is.credential.holder, TRUST_KEY);
	return true;
}

bool
trust_from_linked(const struct document *d, struct trust_link *l)
{
	*l = (struct trust_link){ .a = { 0 } };
	if (d->is.type != EVIDENCE_LINKED || !d->complete)
		return false;
	memcpy(l->a, d->is.linked.a, TRUST_KEY);
	memcpy(l->b, d->is.linked.b, TRUST_KEY);
	return true;
}

static uint64_t
number_of(const struct value *map, uint64_t key)
{
	const struct value *v = value_find(map, key);

	return v == NULL || v->type != VALUE_UINT ? 0 : v->u;
}

bool
trust_from_record(const uint8_t author[TRUST_KEY], const struct value *payload,
    uint32_t now_h, struct trust_attestation *a)
{
	const struct value *key = value_find(payload, ATTESTATION_KEY);
	const uint64_t share = number_of(payload, ATTESTATION_BUDGET);
	const uint64_t vouches = number_of(payload, ATTESTATION_VOUCHES);

	*a = (struct trust_attestation){ .share = 0 };
	if (key == NULL || key->type != VALUE_BIN || key->s.n != TRUST_KEY ||
	    share < 1 || share > TRUST_SHARE || vouches < 1 ||
	    vouches > TRUST_VOUCHES_ALL ||
	    number_of(payload, ATTESTATION_UNTIL) <= now_h)
		return false;
	memcpy(a->from, author, TRUST_KEY);
	memcpy(a->to, key->s.p, TRUST_KEY);
	a->share = (uint16_t)share;
	a->vouches = (uint8_t)vouches;
	return true;
}
