/* What a way is worth: the card after it, demands that open, reach. */
#include <stdlib.h>

#include "match/path/path.h"

static void
raise_by(struct card *c, const struct lesson_item *items, uint8_t n)
{
	for (uint8_t i = 0; i < n; i++) {
		uint8_t from;
		if (items[i].at != TERM_NOWHERE)
			(void)card_raise(
			    c, items[i].term, items[i].at, items[i].to, &from);
	}
}

void
path_card_after(const struct card *card, const struct path_target *target,
    const struct path_offer *offers, const struct path_point *point,
    struct card *out)
{
	*out = *card;
	for (uint16_t i = 0; i < point->taken_n; i++) {
		const struct path_taken *t = &point->taken[i];
		const struct posting *p = target->posting;
		if (t->offer != UINT32_MAX) {
			raise_by(out, offers[t->offer].teaches,
			    offers[t->offer].teaches_n);
			continue;
		}
		for (uint16_t k = 0; p != NULL && k < p->teaches_n; k++)
			raise_by(out,
			    &(struct lesson_item){ p->teaches[k].term,
				p->teaches[k].at, 0,
				MAX(p->teaches[k].level, (uint8_t)1) },
			    1);
	}
}

/* ---- demands ---- */

struct path_counter {
	struct card_plan *before, *after;
	struct path_value value;
};

err
path_counter_new(const struct meaning *m, const struct card *before,
    const struct card *after, struct path_counter **out)
{
	struct path_counter *c = calloc(1, sizeof(*c));
	err e =
	    c == NULL ? ERR_NOMEM : card_plan_new(m, before, NULL, &c->before);

	*out = NULL;
	if (e == OK)
		e = card_plan_new(m, after, NULL, &c->after);
	if (e != OK) {
		path_counter_free(c);
		return e;
	}
	*out = c;
	return OK;
}

static bool
in_reach(const struct score_brief *b)
{
	return !b->excluded && b->total >= PATH_FIT_UNLOCKED;
}

void
path_counter_add(struct path_counter *c, const struct posting *p)
{
	const struct score_brief before = card_plan_fit_brief(c->before, p);
	const struct score_brief after = card_plan_fit_brief(c->after, p);

	c->value.seen++;
	c->value.unlocked += !in_reach(&before) && in_reach(&after);
	c->value.raised += after.total > before.total;
}

struct path_value
path_counter_value(const struct path_counter *c)
{
	return c->value;
}

void
path_counter_free(struct path_counter *c)
{
	if (c == NULL)
		return;
	card_plan_free(c->before);
	card_plan_free(c->after);
	free(c);
}

/* ---- reach ---- */

static enum path_payer
payer_of(const struct path_point *p)
{
	if (p->unpriced > 0)
		return PATH_PAYS_UNKNOWN;
	bool company = p->paid > 0;
	for (uint16_t i = 0; i < p->taken_n; i++)
		company = company || p->taken[i].offer == UINT32_MAX;
	if (p->cost == 0)
		return company ? PATH_PAYS_COMPANY : PATH_PAYS_NOBODY;
	return p->paid == 0 ? PATH_PAYS_PERSON : PATH_PAYS_SHARED;
}

struct reaching {
	struct path_target target;
	struct path_result result;
	struct card after;
};

static err
reach(const struct meaning *m, const struct posting *p, const struct card *card,
    const struct path_offer *offers, size_t n, const struct path_means *means,
    struct reaching *r, struct path_reach *out)
{
	const struct path_result *res = &r->result;
	struct plan *plan;

	TRY(plan_new(m, p, &plan));
	const struct score_brief before = plan_fit_brief(plan, card);
	out->before = out->after = before.total;
	out->excluded_before = out->excluded_after = before.excluded;
	path_target_posting(m->vocabulary, p, &r->target);
	const err e =
	    path_find(m, card, &r->target, offers, n, means, &r->result);
	if (e == OK) {
		out->missing = res->missing;
		out->exact = res->exact;
		memcpy(out->currency, res->currency, sizeof(out->currency));
	}
	if (e == OK && res->points_n > 0 && res->block == PATH_BLOCK_NOTHING) {
		const struct path_point *point = &res->points[0];
		path_card_after(card, &r->target, offers, point, &r->after);
		const struct score_brief b = plan_fit_brief(plan, &r->after);
		out->after = b.total;
		out->excluded_after = b.excluded;
		out->closed = res->closed;
		out->payer = payer_of(point);
		out->cost = point->cost;
		out->paid = point->paid;
		out->hours = point->hours;
		out->weeks = point->weeks;
		out->steps = point->taken_n;
	}
	plan_free(plan);
	return e;
}

err
path_reach(const struct meaning *m, const struct posting *p,
    const struct card *card, const struct path_offer *offers, size_t n,
    const struct path_means *means, struct path_reach *out)
{
	struct reaching *r = malloc(sizeof(*r));

	memset(out, 0, sizeof(*out));
	if (r == NULL)
		return ERR_NOMEM;
	const err e = reach(m, p, card, offers, n, means, r, out);
	free(r);
	return e;
}
