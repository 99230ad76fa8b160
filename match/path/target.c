/* What is to be reached: see path.h. */
#include "match/path/path.h"

/* Keys of a pathway, version 0. */
enum {
	PATHWAY_STEPS = 4,
	STEP_SKILLS = 2,
	STEP_NEEDS = 8,
	STEP_OPTIONAL = 14,
	ITEM_TERM = 0,
	ITEM_LEVEL = 2,
};
#define PATHWAY_STEPS_MAX 64

/* Add a goal, or raise the one that is there; its number, or MAX. */
static uint16_t
add_goal(struct path_target *t, const struct path_goal *g)
{
	for (uint16_t i = 0; i < t->n; i++) {
		struct path_goal *had = &t->goals[i];
		if (g->at == TERM_NOWHERE ? had->term != g->term
					  : had->at != g->at)
			continue;
		had->level = MAX(had->level, g->level);
		had->weight = MAX(had->weight, g->weight);
		had->must = had->must || g->must;
		return i;
	}
	if (t->n == PATH_TARGET_MAX) {
		t->left_out++;
		return PATH_TARGET_MAX;
	}
	t->goals[t->n] = *g;
	return t->n++;
}

/* Nobody learns to be a purpose, nor an occupation as one thing. */
static bool
is_learnable(const struct vocabulary *v, uint32_t at)
{
	if (at == TERM_NOWHERE)
		return true;
	const enum term_type type = vocabulary_type(v, at);
	return type == TERM_SKILL || type == TERM_KNOWLEDGE;
}

void
path_target_posting(const struct vocabulary *v, const struct posting *p,
    struct path_target *out)
{
	memset(out, 0, sizeof(*out));
	out->posting = p;
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		if (!is_learnable(v, r->at)) {
			if (out->other_n < PATH_OTHER_MAX)
				out->other[out->other_n++] = r->at;
			continue;
		}
		(void)add_goal(out, &(struct path_goal){ .term = r->term,
					.at = r->at,
					.level = MAX(r->level, (uint8_t)1),
					.weight = r->weight,
					.must = r->must });
	}
}

err
path_target_occupation(const struct meaning *m, uint32_t at, uint8_t level,
    struct path_target *out)
{
	struct term_list l = vocabulary_needs(m->vocabulary, at, true);

	memset(out, 0, sizeof(*out));
	if (l.n == 0)
		l = vocabulary_needs(m->vocabulary, at, false);
	if (l.n == 0)
		return ERR_NOTFOUND;
	for (uint32_t i = 0; i < l.n; i++) {
		const struct path_goal g = {
			.term = vocabulary_term(m->vocabulary, l.at[i]),
			.at = l.at[i],
			.level = level == 0 ? PATH_LEVEL_OWN : level,
			.weight = REQUIREMENT_WEIGHT_DEFAULT,
		};
		uint16_t least = 0;
		if (out->n < PATH_TARGET_MAX) {
			(void)add_goal(out, &g);
			continue;
		}
		out->left_out++;
		for (uint16_t k = 1; k < out->n; k++)
			if (m->rarity->sixteenths[out->goals[k].at] <
			    m->rarity->sixteenths[out->goals[least].at])
				least = k;
		if (m->rarity->sixteenths[out->goals[least].at] <
		    m->rarity->sixteenths[g.at])
			out->goals[least] = g;
	}
	return OK;
}

void
path_target_skill(const struct vocabulary *v, uint64_t term, uint8_t level,
    struct path_target *out)
{
	memset(out, 0, sizeof(*out));
	(void)add_goal(out, &(struct path_goal){ .term = term,
				.at = vocabulary_find(v, term),
				.level = level == 0 ? PATH_LEVEL_OWN : level,
				.weight = REQUIREMENT_WEIGHT_DEFAULT });
}

static bool
flag(const struct value *map, uint64_t key)
{
	const struct value *v = value_find(map, key);

	return v != NULL && v->u != 0;
}

/* The skills of one step, after those of the steps that it needs. */
static err
add_step(const struct vocabulary *v, const struct value *step, uint8_t number,
    uint64_t *of_step, struct path_target *out)
{
	const struct value *skills = value_find(step, STEP_SKILLS);
	const struct value *needs = value_find(step, STEP_NEEDS);
	uint64_t after = 0;

	for (uint32_t i = 0; needs != NULL && i < needs->n; i++) {
		if (needs->type != VALUE_ARRAY ||
		    needs->items[i].type != VALUE_UINT)
			return ERR_FORM;
		if (needs->items[i].u < number) /* a later one says nothing */
			after |= of_step[needs->items[i].u];
	}
	for (uint32_t i = 0; skills != NULL && i < skills->n; i++) {
		if (skills->type != VALUE_ARRAY ||
		    skills->items[i].type != VALUE_MAP)
			return ERR_FORM;
		const struct value *term =
		    value_find(&skills->items[i], ITEM_TERM);
		const struct value *level =
		    value_find(&skills->items[i], ITEM_LEVEL);
		if (term == NULL || term->type != VALUE_BIN ||
		    term->s.n != TERM_ID || level == NULL || level->u < 1 ||
		    level->u > LEVEL_MAX)
			return ERR_FORM;
		const uint64_t t = get_u64be(term->s.p);
		const uint16_t at =
		    add_goal(out, &(struct path_goal){ .term = t,
				      .at = vocabulary_find(v, t),
				      .level = (uint8_t)level->u,
				      .weight = REQUIREMENT_WEIGHT_DEFAULT,
				      .order = number });
		if (at == PATH_TARGET_MAX)
			continue;
		/* of a skill that came before, the first step counts */
		if (out->goals[at].order == number)
			out->goals[at].after |= after & ~(UINT64_C(1) << at);
		of_step[number] |= UINT64_C(1) << at;
	}
	return OK;
}

err
path_target_pathway(const struct vocabulary *v, const struct value *payload,
    struct path_target *out)
{
	const struct value *steps;
	uint64_t of_step[PATHWAY_STEPS_MAX] = { 0 };

	memset(out, 0, sizeof(*out));
	if (payload->type != VALUE_MAP)
		return ERR_FORM;
	steps = value_find(payload, PATHWAY_STEPS);
	if (steps == NULL || steps->type != VALUE_ARRAY ||
	    steps->n > PATHWAY_STEPS_MAX)
		return ERR_FORM;
	for (uint32_t i = 0; i < steps->n; i++) {
		if (steps->items[i].type != VALUE_MAP)
			return ERR_FORM;
		if (!flag(&steps->items[i], STEP_OPTIONAL))
			TRY(add_step(
			    v, &steps->items[i], (uint8_t)i, of_step, out));
	}
	return OK;
}
