#include "node/api/door.h"

#include <stdlib.h>

#include "node/trust/keeper.h"

static bool
is_taught(const struct posting *p, const struct learning_step *step,
    const struct score_line *l)
{
	for (uint16_t i = 0; i < p->teaches_n; i++)
		if (p->teaches[i].term == l->asked &&
		    (p->teaches[i].level == 0 ||
			p->teaches[i].level >= l->asked_level))
			return true;
	return step != NULL && step->term == l->asked &&
	       step->to_level >= l->asked_level;
}

size_t
door_missing(const struct score *s, const struct posting *p,
    const struct learning_step *step, struct learn_missing *out,
    uint64_t *terms)
{
	uint64_t weight = 0;
	size_t n = 0;

	for (uint16_t i = 0; i < s->lines_n; i++)
		if (s->lines[i].kind == LINE_REQUIREMENT && !s->lines[i].ask)
			weight += s->lines[i].weight;
	for (uint16_t i = 0; i < s->lines_n; i++) {
		const struct score_line *l = &s->lines[i];
		if (l->kind != LINE_REQUIREMENT || l->ask || !l->must ||
		    l->credit >= CREDIT_MAX || weight == 0)
			continue;
		terms[n] = l->asked;
		out[n++] = (struct learn_missing){
			.share =
			    (uint16_t)(l->weight * UINT64_C(10000) / weight),
			.near = l->credit,
			.taught = is_taught(p, step, l),
		};
	}
	return n;
}

static json_t *
door_json(const struct trust_view *v, struct desk *d,
    const struct learning_step *step)
{
	struct learn_missing missing[SCORE_LINES_MAX];
	uint64_t terms[SCORE_LINES_MAX];
	const bool own = d->ask->for_person;
	const uint8_t *person = own ? d->t->author : d->r.author;
	const uint8_t *company = own ? d->r.author : d->t->author;
	const size_t n =
	    door_missing(&d->score[0], &d->posting, step, missing, terms);
	const uint32_t fit = (uint32_t)MAX(d->score[0].total, 0);
	struct learnability p, c;
	json_t *o, *list;
	size_t taught = 0;

	for (size_t i = 0; i < n; i++)
		taught += missing[i].taught;
	if (taught == 0 ||
	    learnability_of(v->book, person, LEARN_PERSON, &p) != OK ||
	    learnability_of(v->book, company, LEARN_COMPANY, &c) != OK)
		return json_null();
	o = json_object();
	list = json_array();
	for (size_t i = 0; i < n; i++)
		if (missing[i].taught)
			(void)json_array_append_new(
			    list, term_json(&d->scope, terms[i]));
	json_uint(o, "fit", fit);
	json_uint(
	    o, "door", learnability_door(fit, missing, n, p.score, c.score));
	(void)json_object_set_new(o, "taught", list);
	json_uint(o, "person_permille", (uint64_t)p.score * 1000 / LEARN_ONE);
	json_uint(o, "company_permille", (uint64_t)c.score * 1000 / LEARN_ONE);
	return o;
}

void
door_put(struct desk *d, const struct learning_step *step, json_t *o)
{
	struct trust_view *v = trust_latest(d->t->trust);

	(void)json_object_set_new(
	    o, "door", v == NULL ? json_null() : door_json(v, d, step));
	(void)json_object_set_new(o, "warned",
	    v == NULL ? json_array() : trust_view_warned(v, d->r.author));
	trust_view_give(v);
}
