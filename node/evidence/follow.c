#include "node/evidence/follow.h"

#include <stdlib.h>

#include "node/evidence/from_talk.h"
#include "node/mail/mailbox.h"

/* ---- states of conversations ---- */

static enum conversation_result
result_of(const struct outcome *o)
{
	switch ((enum pledge_state)o->pledge) {
	case PLEDGE_NONE: /* nothing was pledged, so nothing is left open */
	case PLEDGE_KEPT:
		return CONVERSATION_KEPT;
	case PLEDGE_PARTLY:
		return CONVERSATION_PARTLY;
	case PLEDGE_BROKEN:
		return CONVERSATION_BROKEN;
	}
	return CONVERSATION_VOID;
}

/* The two sides of the conversation; a manager has none. */
static bool
is_side(const struct holding *h)
{
	return h->talk[0] != '\0' &&
	       (h->role == ROLE_COMPANY || h->role == ROLE_PERSON);
}

static void
step_talk(struct node *n, const struct holding *h)
{
	struct talk *t = mailbox_find(n, h->talk);
	struct held_document c;
	enum mail_outcome outcome = MAIL_FINE;
	err e = OK;

	if (t == NULL || t->persona != h->persona ||
	    documents_read(n, h, &c) != OK)
		return;
	if (h->type == EVIDENCE_AGREEMENT)
		e = mailbox_agree(n, t, h->id,
		    MIN(evidence_due(&c.d.is.agreement),
			node_now(n) / 3600 + CONVERSATION_AGREED_MAX),
		    &outcome);
	else
		e = mailbox_conclude(n, t, c.d.is.outcome.agreement,
		    result_of(&c.d.is.outcome), &outcome);
	/* Told again at a start, in a later state: nothing to do. */
	if (e != OK)
		env_log(&n->env, LOG_UNUSUAL, "talk_not_stepped",
		    "talk=%s why=%s", h->talk, err_name(e));
	else if (outcome != MAIL_FINE && outcome != MAIL_WRONG_STATE &&
		 outcome != MAIL_OVER)
		env_log(&n->env, LOG_UNUSUAL, "talk_not_stepped",
		    "talk=%s why=%s", h->talk, mail_outcome_name(outcome));
}

static void
on_change(
    struct node *n, enum held_change change, const struct holding *h, void *ctx)
{
	(void)ctx;
	if (change == HELD_COMPLETE && is_side(h) &&
	    (h->type == EVIDENCE_AGREEMENT || h->type == EVIDENCE_OUTCOME))
		step_talk(n, h);
}

static err
on_document(
    struct node *n, struct talk *t, enum mail_document kind, struct slice bytes)
{
	return documents_from_talk(n, t, kind, bytes);
}

/* Only of talks that wait for it, agreements first: what they say was
 * complete before a crash that kept the step from being taken. */
static bool
on_held(void *ctx, const struct holding *h)
{
	struct node *n = ctx;
	struct talk *t = is_side(h) ? mailbox_find(n, h->talk) : NULL;

	if (t != NULL && ((h->type == EVIDENCE_AGREEMENT &&
			      (t->c.state == CONVERSATION_TALK ||
				  t->c.state == CONVERSATION_REVEALED)) ||
			     (h->type == EVIDENCE_OUTCOME &&
				 t->c.state == CONVERSATION_AGREED)))
		step_talk(n, h);
	return true;
}

void
documents_follow(struct node *n)
{
	const struct held_filter all = { .complete = true };

	mailbox_on_document(n, on_document);
	documents_listen(n, on_change, NULL);
	documents_each(n, &all, on_held, n);
}

/* ---- pledges ---- */

/* Copies borrow no bytes that anybody looks at. */
struct standing {
	struct node *n;
	bool has_outcome, has_claim;
	const struct holding *holding;
	struct held_document agreement, outcome, claim, one;
};

static bool
on_about(void *ctx, const struct holding *h)
{
	struct standing *s = ctx;

	if ((h->type != EVIDENCE_OUTCOME && h->type != EVIDENCE_ONE_SIDED) ||
	    documents_read(s->n, h, &s->one) != OK ||
	    evidence_belongs(&s->one.d, &s->agreement.d) != EVIDENCE_FINE)
		return true;
	if (h->type == EVIDENCE_OUTCOME &&
	    (!s->has_outcome || evidence_wins(&s->one.d, &s->outcome.d))) {
		s->has_outcome = true;
		s->outcome = s->one;
		s->holding = h;
	}
	/* Of the person's own the first that claims anything. */
	if (h->type == EVIDENCE_ONE_SIDED &&
	    s->one.d.is.one_sided.side == ROLE_PERSON && !s->has_claim) {
		s->has_claim = true;
		s->claim = s->one;
	}
	return true;
}

err
agreement_standing(struct node *n, const struct holding *agreement,
    const struct holding **outcome, enum pledge_standing *standing)
{
	struct standing *s = calloc(1, sizeof(*s));
	const struct held_filter about = { .of_persona = true,
		.persona = agreement->persona,
		.about = agreement->id,
		.complete = true };

	if (s == NULL)
		return ERR_NOMEM;
	s->n = n;
	const err e = documents_read(n, agreement, &s->agreement);
	if (e == OK) {
		documents_each(n, &about, on_about, s);
		*standing = pledge_standing_of(&s->agreement.d,
		    s->has_outcome ? &s->outcome.d : NULL,
		    s->has_claim ? &s->claim.d : NULL,
		    (uint32_t)(node_now(n) / 3600));
		if (outcome != NULL)
			*outcome = s->holding;
	}
	free(s);
	return e;
}
