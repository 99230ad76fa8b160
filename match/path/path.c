#include "match/path/path.h"

#include <stdlib.h>

#include "match/path/time.h"

#define TERMS_MAX     128 /* of the ladder: the gap, and what leads to it */
#define ROUNDS_MAX    8   /* how far needs are followed */
#define EFFECTS_MAX   65536
#define NOTHING       UINT32_MAX
#define WEEK          168
#define TRAINING_TIME 1 /* kinds of an investment, SPEC section 10 */
#define EQUIPMENT     5

/* A term of the ladder. */
struct rung {
	uint64_t term;
	uint32_t at;
	uint16_t goal;  /* of the target; UINT16_MAX: a prerequisite */
	uint8_t held;   /* level today, special cases counted */
	uint8_t reach;  /* after everything that can be taken */
	uint8_t wanted; /* of a goal: the level to reach */
	uint8_t step[LEVEL_MAX + 1]; /* its bit + 1; 0: no step */
};

/* What one taught item of an offer does for one rung. */
struct effect {
	uint16_t rung, item;
};

/* An offer that may help. */
struct helper {
	const struct path_offer *offer;
	uint32_t index; /* in the caller's list; NOTHING: the posting */
	uint32_t effects_from, effects_n;
	uint64_t gives, needs;
	bool usable; /* what it needs can be reached */
};

struct finder {
	const struct meaning *m;
	const struct card *card;
	const struct path_target *target;
	const struct path_offer *offers;
	const struct path_means *means;
	struct path_result *out;

	uint32_t *sorted; /* the offers by id */
	uint32_t sorted_n;
	int8_t *bar; /* of each of the caller's offers; -1: none */
	bool *chosen;
	struct path_offer own; /* what the posting teaches */

	struct rung rungs[TERMS_MAX];
	uint16_t rungs_n;
	struct relate_item asked[TERMS_MAX];
	struct relate_table *table; /* of the rungs */
	struct helper *helpers;
	uint32_t helpers_n;
	struct effect *effects;
	uint32_t effects_n, effects_cap;

	uint16_t free_h[COVER_WEEKS_MAX];
	struct cover_offer *cover;
	uint16_t *cover_helper; /* of each cover offer */
	struct cover_problem problem;
	struct cover_answer answer;
	unsigned steps_n;
};

/* ---- what is held ---- */

static bool
counts(uint8_t via)
{
	return via == VIA_EXACT || via == VIA_NARROWER;
}

static uint8_t
told_level(uint8_t level)
{
	return level == 0 ? LEVEL_MAX : level;
}

static err
table_renew(struct finder *f)
{
	relate_table_free(f->table);
	f->table = NULL;
	for (uint16_t i = 0; i < f->rungs_n; i++)
		f->asked[i] = (struct relate_item){ f->rungs[i].term,
			f->rungs[i].at, 0, 0 };
	return relate_table_new(
	    f->m->vocabulary, f->asked, f->rungs_n, true, &f->table);
}

static void
meet(const struct finder *f, uint64_t term, uint32_t at,
    struct relate_best best[TERMS_MAX])
{
	const struct relate_item held = { term, at, 0, 0 };

	relate_meet(f->table, &held, 1, best);
}

static void
set_held(struct finder *f)
{
	struct relate_best best[TERMS_MAX];

	for (uint16_t r = 0; r < f->rungs_n; r++)
		f->rungs[r].held = 0;
	for (uint16_t i = 0; i < f->card->skills_n; i++) {
		const struct graded_term *s = &f->card->skills[i];
		if (s->at == TERM_NOWHERE)
			continue;
		meet(f, s->term, s->at, best);
		for (uint16_t r = 0; r < f->rungs_n; r++)
			if (counts(best[r].via))
				f->rungs[r].held =
				    MAX(f->rungs[r].held, told_level(s->level));
	}
}

/* ---- the diagnosis ---- */

/* A term that the vocabulary does not have: the same id or nothing. */
static void
diagnose_unknown(
    const struct card *c, const struct path_goal *g, struct path_line *l)
{
	l->state = PATH_UNKNOWN;
	for (uint16_t i = 0; i < c->skills_n; i++) {
		if (c->skills[i].term != g->term)
			continue;
		l->via = VIA_EXACT;
		l->held = g->term;
		l->level = told_level(c->skills[i].level);
		if (l->level >= g->level)
			l->state = PATH_HAVE;
	}
}

static void
consider_held(struct path_line *l, const struct graded_term *s,
    const struct relate_best *b, uint16_t *credit)
{
	const bool was = counts((uint8_t)l->via) && l->held != 0;

	if (counts(b->via)) {
		const uint8_t level = told_level(s->level);
		if (was && (level < l->level ||
			       (level == l->level && b->credit <= *credit)))
			return;
		l->level = level;
	} else if (was || b->credit <= *credit) {
		return;
	}
	l->via = (enum match_via)b->via;
	l->held = s->term;
	*credit = b->credit;
}

/* The goals are the first rungs here, in the order of the target. */
static err
diagnose(struct finder *f)
{
	struct relate_best best[TERMS_MAX];
	uint16_t credit[PATH_TARGET_MAX] = { 0 };

	f->out->lines_n = f->target->n;
	for (uint16_t i = 0; i < f->target->n; i++) {
		const struct path_goal *g = &f->target->goals[i];
		f->out->lines[i] = (struct path_line){ .state = PATH_MISSING,
			.via = VIA_NOTHING,
			.term = g->term,
			.at = g->at,
			.asked = g->level };
		if (g->at == TERM_NOWHERE)
			diagnose_unknown(f->card, g, &f->out->lines[i]);
		else
			f->rungs[f->rungs_n++] = (struct rung){
				.term = g->term, .at = g->at, .goal = i
			};
	}
	TRY(table_renew(f));
	for (uint16_t i = 0; i < f->card->skills_n; i++) {
		const struct graded_term *s = &f->card->skills[i];
		if (s->at == TERM_NOWHERE)
			continue;
		meet(f, s->term, s->at, best);
		for (uint16_t r = 0; r < f->rungs_n; r++) {
			const uint16_t goal = f->rungs[r].goal;
			if (best[r].via != VIA_NOTHING)
				consider_held(&f->out->lines[goal], s, &best[r],
				    &credit[goal]);
		}
	}
	for (uint16_t i = 0; i < f->target->n; i++) {
		struct path_line *l = &f->out->lines[i];
		if (l->state != PATH_UNKNOWN && l->at != TERM_NOWHERE)
			l->state = l->level >= l->asked ? PATH_HAVE
				   : l->level > 0       ? PATH_LEVEL
				   : l->held != 0       ? PATH_NEAR
							: PATH_MISSING;
		l->reachable = l->level;
	}
	return OK;
}

/* ---- which offers can be taken ---- */

static bool
speaks(const struct card *c, const struct spoken_language *l, uint8_t cefr)
{
	for (uint16_t i = 0; i < c->languages_n; i++)
		if (c->languages[i].language == l->language &&
		    (c->languages[i].cefr == 0 || c->languages[i].cefr >= cefr))
			return true;
	return false;
}

static bool
language_fits(const struct finder *f, const struct path_offer *o)
{
	bool any = o->languages_n == 0;
	bool all = true;

	for (uint8_t i = 0; i < o->languages_n; i++) {
		const struct spoken_language *l = &o->languages[i];
		const bool one =
		    f->means->language != 0 ? l->language == f->means->language
		    : f->card->languages_n == 0
			? true
			: speaks(f->card, l, MAX(l->cefr, o->reading_level));
		any = any || one;
		all = all && one;
	}
	return o->speak_all ? all : any;
}

static bool
format_fits(const struct path_means *m, const struct path_offer *o)
{
	uint32_t given = o->formats;

	if (m->formats == 0 || given == 0)
		return true;
	/* what needs no connection by its nature */
	if ((given & (PATH_ON_SITE | PATH_PHONE | PATH_PRINT)) != 0)
		given |= PATH_OFFLINE;
	return (given & m->formats) != 0;
}

static bool
place_fits(const struct finder *f, const struct path_offer *o)
{
	const uint32_t far = o->formats & ~(PATH_ON_SITE | PATH_OFFLINE);

	return (o->formats & PATH_ON_SITE) == 0 || far != 0 ||
	       f->card->region[0] == 0 || strcmp(o->region, "zz") == 0 ||
	       o->region[0] == 0 || strcmp(f->card->region, "zz") == 0 ||
	       strcmp(o->region, f->card->region) == 0;
}

static uint32_t
hours_of(const struct path_offer *o, bool *guessed)
{
	*guessed = o->hours == 0 && o->kind != PATH_ON_THE_JOB;
	if (o->kind == PATH_ON_THE_JOB)
		return 0;
	if (o->hours > 0)
		return MIN(o->hours, COVER_HOURS_MAX);
	if (o->weeks > 0)
		return MIN(o->weeks, (uint32_t)COVER_WEEKS_MAX) * 2;
	return PATH_HOURS_GUESS;
}

/* In weeks; ERR_NOTFOUND: it has begun, or would end too late. */
static err
when(const struct finder *f, const struct path_offer *o, uint16_t *start,
    uint16_t *weeks)
{
	const bool own_pace = o->self_paced || o->weeks == 0;
	const uint64_t now = f->means->now_h;
	const uint32_t least = own_pace ? 1 : o->weeks;

	*start = COVER_ANY_WEEK;
	*weeks = own_pace ? 0 : (uint16_t)MIN(o->weeks, 1000U);
	if (o->start_h != 0 && o->start_h < now && !o->self_paced)
		return ERR_NOTFOUND;
	if (o->start_h > now) {
		const uint64_t w = (o->start_h - now) / WEEK;
		if (w >= f->problem.weeks_n)
			return ERR_NOTFOUND;
		*start = (uint16_t)w;
	}
	if ((*start == COVER_ANY_WEEK ? 0U : *start) + least >
	    f->problem.weeks_n)
		return ERR_NOTFOUND;
	return OK;
}

static bool
is_priced(const struct finder *f, const struct path_offer *o, uint64_t *cost)
{
	const bool course = o->kind == PATH_COURSE || o->kind == PATH_PEERS;

	*cost = 0;
	if (!course || (o->currency[0] != 0 && o->cost == 0))
		return true;
	if (o->currency[0] == 0 || strcmp(o->currency, f->out->currency) != 0)
		return false;
	*cost = o->cost;
	return true;
}

static uint64_t
all_pools(const struct cover_problem *p)
{
	uint64_t sum = p->pool;

	for (uint16_t i = 0; i < p->tied_n; i++)
		sum += p->tied[i];
	return sum;
}

/* The first bar that it hits, or -1. */
static int8_t
bar_of(const struct finder *f, const struct path_offer *o)
{
	uint16_t start, weeks;
	uint64_t cost;
	bool guessed;

	for (uint16_t u = 0; u < f->means->unwanted_n; u++)
		for (uint8_t i = 0; i < o->teaches_n; i++)
			if (o->teaches[i].term == f->means->unwanted[u])
				return PATH_BAR_UNWANTED;
	if (!language_fits(f, o))
		return PATH_BAR_LANGUAGE;
	if (!format_fits(f->means, o))
		return PATH_BAR_FORMAT;
	if (!place_fits(f, o))
		return PATH_BAR_PLACE;
	if (when(f, o, &start, &weeks) != OK)
		return PATH_BAR_DATE;
	if (weeks > 0 &&
	    (hours_of(o, &guessed) + weeks - 1) / weeks > f->out->hours_week)
		return PATH_BAR_HOURS;
	if (is_priced(f, o, &cost) &&
	    (cost >= COVER_COST_MAX ||
		(f->means->has_budget &&
		    cost > f->means->budget + all_pools(&f->problem))))
		return PATH_BAR_BUDGET;
	return -1;
}

/* ---- the ladder ---- */

static uint16_t
rung_of(const struct finder *f, uint32_t at)
{
	for (uint16_t i = 0; i < f->rungs_n; i++)
		if (f->rungs[i].at == at)
			return i;
	return UINT16_MAX;
}

/* Held at this level, as the card has it? Saves a rung. */
static bool
plainly_held(const struct card *c, uint32_t at, uint8_t level)
{
	for (uint16_t i = 0; i < c->skills_n; i++)
		if (c->skills[i].at == at &&
		    told_level(c->skills[i].level) >= level)
			return true;
	return false;
}

static void
want_rung(struct finder *f, uint64_t term, uint32_t at, uint8_t level)
{
	if (at == TERM_NOWHERE || plainly_held(f->card, at, level) ||
	    rung_of(f, at) != UINT16_MAX || f->rungs_n == TERMS_MAX)
		return;
	f->rungs[f->rungs_n++] =
	    (struct rung){ .term = term, .at = at, .goal = UINT16_MAX };
}

/* The gap alone; then what its offers need, and what those need. */
static void
rungs_of_gap(struct finder *f)
{
	f->rungs_n = 0;
	for (uint16_t i = 0; i < f->target->n; i++) {
		const struct path_line *l = &f->out->lines[i];
		if (l->state == PATH_HAVE || l->at == TERM_NOWHERE)
			continue;
		f->rungs[f->rungs_n++] =
		    (struct rung){ .term = l->term, .at = l->at, .goal = i };
		f->out->missing++;
	}
}

/* Does it teach a rung more than is held? Its needs become rungs. */
static bool
choose(struct finder *f, uint16_t rungs_n, const struct path_offer *o)
{
	struct relate_best best[TERMS_MAX];
	bool helps = false;

	for (uint8_t i = 0; i < o->teaches_n; i++) {
		const struct lesson_item *t = &o->teaches[i];
		bool here = false;
		if (t->at == TERM_NOWHERE)
			continue;
		meet(f, t->term, t->at, best);
		for (uint16_t r = 0; r < rungs_n && !here; r++)
			here = counts(best[r].via) && t->to > f->rungs[r].held;
		if (here && t->from > 0)
			want_rung(f, t->term, t->at, t->from);
		helps = helps || here;
	}
	for (uint8_t i = 0; helps && i < o->needs_n; i++)
		want_rung(f, o->needs[i].term, o->needs[i].at,
		    MAX(o->needs[i].level, (uint8_t)1));
	return helps;
}

static err
build_ladder(struct finder *f)
{
	uint16_t before;

	rungs_of_gap(f);
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		before = f->rungs_n;
		TRY(table_renew(f));
		set_held(f);
		for (uint32_t i = 0; i < f->sorted_n; i++) {
			const uint32_t at = f->sorted[i];
			if (!f->chosen[at])
				f->chosen[at] =
				    choose(f, before, &f->offers[at]);
		}
		(void)choose(f, before, &f->own);
		if (f->rungs_n == before)
			return OK;
	}
	TRY(table_renew(f));
	set_held(f);
	return OK;
}

static err
add_effect(struct finder *f, uint16_t rung, uint8_t item)
{
	if (f->effects_n == f->effects_cap) {
		const uint32_t cap =
		    f->effects_cap == 0 ? 1024 : 2 * f->effects_cap;
		void *p = realloc(f->effects, cap * sizeof(*f->effects));
		if (p == NULL)
			return ERR_NOMEM;
		f->effects = p;
		f->effects_cap = cap;
	}
	f->effects[f->effects_n++] = (struct effect){ rung, item };
	return OK;
}

static err
add_helper(struct finder *f, const struct path_offer *o, uint32_t index)
{
	struct relate_best best[TERMS_MAX];
	struct helper *h = &f->helpers[f->helpers_n];

	if (f->effects_n >= EFFECTS_MAX)
		return OK;
	*h = (struct helper){
		.offer = o, .index = index, .effects_from = f->effects_n
	};
	for (uint8_t i = 0; i < o->teaches_n; i++) {
		const struct lesson_item *t = &o->teaches[i];
		if (t->at == TERM_NOWHERE)
			continue;
		meet(f, t->term, t->at, best);
		for (uint16_t r = 0; r < f->rungs_n; r++)
			if (counts(best[r].via) && t->to > f->rungs[r].held)
				TRY(add_effect(f, r, i));
	}
	h->effects_n = f->effects_n - h->effects_from;
	f->helpers_n += h->effects_n > 0;
	return OK;
}

/* The level that a need finds: of its rung, else it is held. */
static uint8_t
level_of(const struct finder *f, uint32_t at, uint8_t level)
{
	const uint16_t r = rung_of(f, at);

	if (at == TERM_NOWHERE || plainly_held(f->card, at, level))
		return LEVEL_MAX;
	return r == UINT16_MAX ? 0 : f->rungs[r].reach;
}

static bool
needs_reached(const struct finder *f, const struct path_offer *o)
{
	for (uint8_t i = 0; i < o->needs_n; i++) {
		const uint8_t level = MAX(o->needs[i].level, (uint8_t)1);
		if (level_of(f, o->needs[i].at, level) < level)
			return false;
	}
	return true;
}

static bool
item_reached(const struct finder *f, const struct lesson_item *t)
{
	return t->from == 0 || level_of(f, t->at, t->from) >= t->from;
}

/* How far everything that can be taken leads. */
static void
set_reach(struct finder *f)
{
	bool more = true;

	for (uint16_t r = 0; r < f->rungs_n; r++)
		f->rungs[r].reach = f->rungs[r].held;
	while (more) {
		more = false;
		for (uint32_t i = 0; i < f->helpers_n; i++) {
			struct helper *h = &f->helpers[i];
			if (!h->usable && !needs_reached(f, h->offer))
				continue;
			h->usable = true;
			for (uint32_t k = 0; k < h->effects_n; k++) {
				const struct effect *e =
				    &f->effects[h->effects_from + k];
				const struct lesson_item *t =
				    &h->offer->teaches[e->item];
				struct rung *r = &f->rungs[e->rung];
				if (t->to <= r->reach || !item_reached(f, t))
					continue;
				r->reach = t->to;
				more = true;
			}
		}
	}
}

/* ---- steps: bits of the cover ---- */

/* The bit of a level, made if need be; -1: there is no room. */
static int
step_of(struct finder *f, uint16_t rung, uint8_t level)
{
	uint8_t *step = &f->rungs[rung].step[level];

	if (*step == 0) {
		if (f->steps_n == COVER_STEPS_MAX)
			return -1;
		*step = (uint8_t)++f->steps_n;
	}
	return *step - 1;
}

static uint64_t
steps_up_to(const struct rung *r, uint8_t level)
{
	uint64_t steps = 0;

	for (uint8_t l = 1; l <= level && l <= LEVEL_MAX; l++)
		if (r->step[l] != 0)
			steps |= UINT64_C(1) << (r->step[l] - 1);
	return steps;
}

/* The step that a need stands for: 0: it is held. false: no room. */
static bool
need_step(struct finder *f, uint32_t at, uint8_t level, uint64_t *steps)
{
	const uint16_t r = rung_of(f, at);

	if (r == UINT16_MAX || f->rungs[r].held >= level ||
	    plainly_held(f->card, at, level))
		return true;
	const int step = step_of(f, r, level);
	if (step >= 0)
		*steps |= UINT64_C(1) << step;
	return step >= 0;
}

/* Does it give a step that there is by now? */
static bool
gives_any(const struct finder *f, const struct helper *h)
{
	for (uint32_t k = 0; k < h->effects_n; k++) {
		const struct effect *e = &f->effects[h->effects_from + k];
		const struct lesson_item *t = &h->offer->teaches[e->item];
		if (steps_up_to(&f->rungs[e->rung], t->to) != 0 &&
		    item_reached(f, t))
			return true;
	}
	return false;
}

/* false: there is no room for all steps that it needs. */
static bool
set_needs(struct finder *f, struct helper *h)
{
	h->needs = 0;
	for (uint8_t i = 0; i < h->offer->needs_n; i++)
		if (!need_step(f, h->offer->needs[i].at,
			MAX(h->offer->needs[i].level, (uint8_t)1), &h->needs))
			return false;
	for (uint32_t k = 0; k < h->effects_n; k++) {
		const struct lesson_item *t =
		    &h->offer->teaches[f->effects[h->effects_from + k].item];
		if (t->from > 0 && item_reached(f, t) &&
		    !need_step(f, t->at, t->from, &h->needs))
			return false;
	}
	return true;
}

static void
set_gives(const struct finder *f, struct helper *h)
{
	h->gives = 0;
	for (uint32_t k = 0; k < h->effects_n; k++) {
		const struct effect *e = &f->effects[h->effects_from + k];
		const struct lesson_item *t = &h->offer->teaches[e->item];
		if (item_reached(f, t))
			h->gives |= steps_up_to(&f->rungs[e->rung], t->to);
	}
}

static uint64_t
goal_steps(const struct finder *f, uint16_t goal)
{
	for (uint16_t r = 0; r < f->rungs_n; r++)
		if (f->rungs[r].goal == goal)
			return steps_up_to(&f->rungs[r], f->rungs[r].wanted);
	return 0;
}

/* The order that a pathway wants. */
static void
add_order(struct finder *f)
{
	for (uint16_t r = 0; r < f->rungs_n; r++) {
		if (f->rungs[r].goal == UINT16_MAX)
			continue;
		uint64_t before = 0;
		for (uint64_t a = f->target->goals[f->rungs[r].goal].after;
		     a != 0; a &= a - 1)
			before |= goal_steps(f, (uint16_t)__builtin_ctzll(a));
		const uint64_t own = steps_up_to(&f->rungs[r], LEVEL_MAX);
		for (uint32_t i = 0; before != 0 && i < f->helpers_n; i++)
			if ((f->helpers[i].gives & own) != 0)
				f->helpers[i].needs |=
				    before & ~f->helpers[i].gives;
	}
}

static void
set_goals(struct finder *f)
{
	for (uint16_t r = 0; r < f->rungs_n; r++) {
		struct rung *g = &f->rungs[r];
		if (g->goal == UINT16_MAX)
			continue;
		struct path_line *l = &f->out->lines[g->goal];
		l->reachable = MAX(l->reachable, g->reach);
		g->wanted = MIN(l->asked, g->reach);
		if (g->wanted <= g->held)
			continue;
		const int step = step_of(f, r, g->wanted);
		if (step >= 0)
			f->problem.goal |= UINT64_C(1) << step;
	}
}

/* Goals first, then what is needed for them, as long as there is room. */
static void
set_steps(struct finder *f)
{
	unsigned before;

	set_goals(f);
	do {
		before = f->steps_n;
		for (uint32_t i = 0; i < f->helpers_n; i++) {
			struct helper *h = &f->helpers[i];
			if (h->usable && gives_any(f, h))
				h->usable = set_needs(f, h);
		}
	} while (f->steps_n != before);
	for (uint32_t i = 0; i < f->helpers_n; i++)
		if (f->helpers[i].usable)
			set_gives(f, &f->helpers[i]);
}

/* ---- money and time ---- */

/* The currency of the amounts: asked for, invested, else the commonest. */
static void
choose_currency(struct finder *f)
{
	char *out = f->out->currency;
	uint32_t most = 0;

	memcpy(out, f->means->currency, sizeof(f->means->currency));
	for (uint16_t i = 0; f->target->posting != NULL && out[0] == 0 &&
			     i < f->target->posting->invests_n;
	     i++)
		memcpy(out, f->target->posting->invests[i].currency, 4);
	if (out[0] != 0)
		return;
	for (uint32_t i = 0; i < f->sorted_n; i++) {
		const char *c = f->offers[f->sorted[i]].currency;
		uint32_t n = 0;
		if (c[0] == 0 || strcmp(c, out) == 0)
			continue;
		for (uint32_t k = 0; k < f->sorted_n; k++)
			n += strcmp(f->offers[f->sorted[k]].currency, c) == 0;
		if (n > most || (n == most && strcmp(c, out) < 0)) {
			most = n;
			memcpy(out, c, 4);
		}
	}
}

static void
set_pools(struct finder *f)
{
	const struct posting *p = f->target->posting;

	for (uint16_t i = 0; p != NULL && i < p->invests_n; i++) {
		const struct investment *v = &p->invests[i];
		if (v->amount == 0 || v->kind == EQUIPMENT ||
		    strcmp(v->currency, f->out->currency) != 0)
			continue;
		const uint64_t most = MIN(v->amount, (uint64_t)COVER_COST_MAX);
		if (v->term == 0)
			f->problem.pool = MIN(f->problem.pool + most,
			    (uint64_t)COVER_COST_MAX * COVER_STEPS_MAX);
		else if (f->problem.tied_n < COVER_POOLS_MAX)
			f->problem.tied[f->problem.tied_n++] = most;
	}
}

/* Which tied pools may pay for an offer: it teaches their term. */
static uint16_t
pools_of(const struct finder *f, const struct helper *h)
{
	const struct posting *p = f->target->posting;
	uint16_t pools = 0, n = 0;

	for (uint16_t i = 0; p != NULL && i < p->invests_n; i++) {
		const struct investment *v = &p->invests[i];
		bool pays = false;
		if (v->amount == 0 || v->kind == EQUIPMENT || v->term == 0 ||
		    strcmp(v->currency, f->out->currency) != 0)
			continue;
		if (n == COVER_POOLS_MAX)
			break;
		for (uint8_t k = 0; k < h->offer->teaches_n; k++)
			pays = pays || h->offer->teaches[k].term == v->term;
		for (uint32_t k = 0; k < h->effects_n; k++)
			pays =
			    pays ||
			    f->rungs[f->effects[h->effects_from + k].rung].at ==
				v->at;
		pools |= (uint16_t)(pays ? 1U << n : 0U);
		n++;
	}
	return pools;
}

static void
set_weeks(struct finder *f)
{
	const struct path_means *m = f->means;
	uint64_t weeks = COVER_WEEKS_MAX;

	if (m->until_h != 0)
		weeks = m->until_h <= m->now_h
			    ? 0
			    : MIN((m->until_h - m->now_h) / WEEK, weeks);
	f->problem.weeks_n = (uint16_t)weeks;
	f->problem.free_h = f->free_h;
	for (uint64_t w = 0; w < COVER_WEEKS_MAX; w++) {
		const uint64_t from = m->now_h + w * WEEK;
		f->free_h[w] = (uint16_t)f->out->hours_week;
		for (uint16_t b = 0; b < m->busy_n; b++)
			if (m->busy[b].from_h < from + WEEK &&
			    m->busy[b].to_h > from)
				f->free_h[w] = 0;
	}
}

static void
add_cover(struct finder *f, uint16_t helper)
{
	const struct helper *h = &f->helpers[helper];
	struct cover_offer *c = &f->cover[f->problem.offers_n];
	bool guessed;

	if (!h->usable || (h->gives & ~h->needs) == 0)
		return;
	*c = (struct cover_offer){ .gives = h->gives,
		.needs = h->needs,
		.hours = hours_of(h->offer, &guessed),
		.start = COVER_ANY_WEEK };
	c->unpriced = !is_priced(f, h->offer, &c->cost);
	if (h->index != NOTHING &&
	    when(f, h->offer, &c->start, &c->weeks) != OK)
		return;
	if (f->problem.tied_n > 0)
		c->pools = pools_of(f, h);
	f->cover_helper[f->problem.offers_n++] = helper;
}

/* ---- the answer ---- */

/* Training time that the company gives. */
static uint32_t
hours_paid(const struct finder *f, const struct path_point *point)
{
	const struct posting *p = f->target->posting;
	uint64_t sum = 0;

	for (uint16_t i = 0; p != NULL && i < p->invests_n; i++) {
		const struct investment *v = &p->invests[i];
		uint64_t of = point->hours;
		if (v->kind != TRAINING_TIME)
			continue;
		for (uint16_t k = 0; v->term != 0 && k < point->taken_n; k++) {
			const struct path_taken *t = &point->taken[k];
			bool tied = false;
			for (uint8_t g = 0; g < t->gains_n; g++)
				tied = tied || t->gains[g].term == v->term;
			if (!tied)
				of -= MIN(of, (uint64_t)t->hours);
		}
		sum += MIN((uint64_t)v->hours, of);
	}
	return (uint32_t)MIN(sum, (uint64_t)point->hours);
}

static void
fill_gains(struct finder *f, const struct helper *h, uint8_t *level,
    struct path_taken *t)
{
	for (uint32_t k = 0; k < h->effects_n; k++) {
		const struct effect *e = &f->effects[h->effects_from + k];
		const struct lesson_item *item = &h->offer->teaches[e->item];
		const struct rung *r = &f->rungs[e->rung];
		if (steps_up_to(r, LEVEL_MAX) == 0 || !item_reached(f, item) ||
		    item->to <= level[e->rung])
			continue;
		uint8_t g = 0;
		while (g < t->gains_n && t->gains[g].term != r->term)
			g++;
		if (g == LESSON_TEACHES_MAX)
			continue;
		if (g == t->gains_n) {
			t->gains[t->gains_n++].term = r->term;
			t->gains[g].from = level[e->rung];
		}
		t->gains[g].to = item->to;
		level[e->rung] = item->to;
	}
}

static void
fill_point(
    struct finder *f, const struct cover_way *way, struct path_point *point)
{
	uint8_t level[TERMS_MAX];

	for (uint16_t r = 0; r < f->rungs_n; r++)
		level[r] = f->rungs[r].held;
	memset(point, 0, sizeof(*point));
	point->cost = way->cost;
	point->paid = way->paid;
	point->unpriced = way->unpriced;
	point->hours = way->hours;
	point->weeks = way->weeks;
	uint64_t left = way->paid;
	for (uint16_t i = 0; i < way->n; i++) {
		struct path_taken *t = &point->taken[point->taken_n++];
		const struct cover_offer *c = &f->cover[way->offers[i]];
		const struct helper *h =
		    &f->helpers[f->cover_helper[way->offers[i]]];
		t->offer = h->index;
		t->from_week = way->from[i];
		t->to_week =
		    (uint16_t)(way->end[i] > way->from[i] ? way->end[i] - 1
							  : way->from[i]);
		t->hours = hours_of(h->offer, &t->hours_guessed);
		t->cost_known = !c->unpriced;
		t->cost = c->cost;
		t->paid = MIN(left, c->cost);
		left -= t->paid;
		t->asks_language =
		    h->index != NOTHING && h->offer->languages_n == 0 &&
		    (f->means->language != 0 || f->card->languages_n > 0);
		t->asks_format = h->index != NOTHING &&
				 f->means->formats != 0 &&
				 h->offer->formats == 0;
		fill_gains(f, h, level, t);
	}
	point->hours_paid = hours_paid(f, point);
}

static void
count_bars(struct finder *f, uint16_t line, struct path_open *open)
{
	const struct path_line *l = &f->out->lines[line];
	struct relate_best best[TERMS_MAX];

	for (uint16_t b = 0; b < PATH_BARS; b++)
		open->example[b] = NOTHING;
	const uint16_t rung = rung_of(f, l->at);
	for (uint32_t i = 0; rung != UINT16_MAX && i < f->sorted_n; i++) {
		const uint32_t at = f->sorted[i];
		const struct path_offer *o = &f->offers[at];
		bool helps = false;
		for (uint8_t k = 0; k < o->teaches_n && !helps; k++) {
			const struct lesson_item *t = &o->teaches[k];
			if (t->at == TERM_NOWHERE || t->to <= l->reachable)
				continue;
			meet(f, t->term, t->at, best);
			helps = counts(best[rung].via);
		}
		if (!helps)
			continue;
		const int8_t bar =
		    f->bar[at] < 0 ? (int8_t)PATH_BAR_NEEDS : f->bar[at];
		open->offers++;
		if (open->barred[bar]++ == 0)
			open->example[bar] = at;
	}
}

/* Steps of a pathway, then the general, then what many need. */
static bool
studied_before(const struct finder *f, const struct path_open *a,
    const struct path_open *b)
{
	const struct path_goal *x = &f->target->goals[a->line];
	const struct path_goal *y = &f->target->goals[b->line];

	if (x->order != y->order)
		return x->order < y->order;
	if (x->must != y->must)
		return x->must;
	if (a->depth != b->depth)
		return a->depth < b->depth;
	if (a->rarity != b->rarity)
		return a->rarity < b->rarity;
	return x->term < y->term;
}

static void
fill_open(struct finder *f)
{
	for (uint16_t i = 0; i < f->out->lines_n; i++) {
		const struct path_line *l = &f->out->lines[i];
		struct path_open o = { .line = i };
		if (l->state == PATH_HAVE || l->reachable >= l->asked)
			continue;
		if (l->at != TERM_NOWHERE) {
			count_bars(f, i, &o);
			o.depth =
			    (uint8_t)vocabulary_depth(f->m->vocabulary, l->at);
			o.rarity = f->m->rarity->sixteenths[l->at];
		}
		uint16_t k = f->out->open_n++;
		for (; k > 0 && studied_before(f, &o, &f->out->open[k - 1]);
		     k--)
			f->out->open[k] = f->out->open[k - 1];
		f->out->open[k] = o;
	}
}

/* ---- a part of the gap ---- */

#define MUST_WORTH    10000U /* more than all weights together */
#define PART_LOOKS_AT 4096U  /* states and labels of one try */

struct part {
	uint16_t lines[PATH_TARGET_MAX]; /* the weightiest first */
	uint16_t n;
	uint64_t whole; /* the steps of all */
	uint64_t best;  /* lines, bits */
	uint32_t worth;
	struct cover_way way;
	bool exact;
};

static uint32_t
worth_of(const struct finder *f, uint16_t line)
{
	const struct path_goal *g = &f->target->goals[line];

	return g->weight + (g->must ? MUST_WORTH : 0U);
}

/* The lines of ${set}, bits of part->lines: can they be closed, and is that
 * better than what was found? */
static err
try_part(struct finder *f, struct part *part, uint64_t set, bool *fits)
{
	struct cover_problem *p = &f->problem;
	uint64_t lines = 0;
	uint32_t worth = 0;

	p->goal = 0;
	for (uint64_t s = set; s != 0; s &= s - 1) {
		const uint16_t line = part->lines[__builtin_ctzll(s)];
		p->goal |= goal_steps(f, line) & part->whole;
		lines |= UINT64_C(1) << line;
		worth += worth_of(f, line);
	}
	*fits = false;
	if (worth < part->worth)
		return OK;
	TRY(cover_solve(p, &f->answer));
	part->exact = part->exact && f->answer.exact;
	*fits = f->answer.ways_n > 0;
	if (!*fits ||
	    (worth == part->worth && f->answer.ways[0].cost >= part->way.cost))
		return OK;
	part->best = lines;
	part->worth = worth;
	part->way = f->answer.ways[0];
	return OK;
}

static void
list_part(struct finder *f, struct part *part)
{
	for (uint16_t i = 0; i < f->out->lines_n; i++) {
		uint16_t k = part->n;
		if ((goal_steps(f, i) & part->whole) == 0 ||
		    f->out->lines[i].reachable < f->out->lines[i].asked)
			continue;
		for (;
		     k > 0 && worth_of(f, i) > worth_of(f, part->lines[k - 1]);
		     k--)
			part->lines[k] = part->lines[k - 1];
		part->lines[k] = i;
		part->n++;
	}
}

/* The whole gap cannot be closed: what of it can. */
static err
solve_part(struct finder *f)
{
	struct cover_problem *p = &f->problem;
	struct part part = { .whole = p->goal, .exact = true };
	uint64_t set = 0;
	err e = OK;
	bool fits;

	list_part(f, &part);
	p->states_max = p->labels_max = PART_LOOKS_AT;
	if (part.n <= PATH_PART_EXACT) {
		for (set = (UINT64_C(1) << part.n) - 1; e == OK && set > 0;
		     set--)
			e = try_part(f, &part, set, &fits);
	} else {
		part.exact = false;
		for (uint16_t i = 0; e == OK && i < part.n; i++) {
			e = try_part(f, &part, set | UINT64_C(1) << i, &fits);
			if (fits)
				set |= UINT64_C(1) << i;
		}
	}
	p->goal = part.whole;
	p->states_max = p->labels_max = 0;
	if (e != OK || part.best == 0)
		return e;
	f->out->part_lines = part.best;
	f->out->part_exact = part.exact;
	fill_point(f, &part.way, &f->out->part);
	return OK;
}

/* Solve; when there is no way, look for what stands in it. */
static err
solve(struct finder *f)
{
	struct cover_problem *p = &f->problem;
	struct cover_answer *a = &f->answer;
	const uint16_t weeks = p->weeks_n;

	if (p->goal == 0) {
		f->out->exact = f->out->whole_front = true;
		if (f->out->missing > 0)
			f->out->block = PATH_BLOCK_NO_OFFER;
		return OK;
	}
	TRY(cover_solve(p, a));
	if (a->ways_n == 0) {
		TRY(solve_part(f));
		a->ways_n = 0; /* those of the last try */
	}
	if (a->ways_n == 0 && p->has_budget) {
		p->has_budget = false;
		TRY(cover_solve(p, a));
		if (a->ways_n > 0) {
			f->out->block = PATH_BLOCK_BUDGET;
			f->out->short_money = a->ways[0].cost - p->budget;
		}
	}
	if (a->ways_n == 0) {
		f->out->block = PATH_BLOCK_DATES;
		if (weeks < COVER_WEEKS_MAX) {
			p->weeks_n = COVER_WEEKS_MAX;
			TRY(cover_solve(p, a));
		}
		if (a->ways_n > 0)
			f->out->short_weeks =
			    (uint16_t)(a->ways[a->ways_n - 1].weeks - weeks);
	}
	f->out->points_n = a->ways_n;
	for (uint16_t i = 0; i < a->ways_n; i++)
		fill_point(f, &a->ways[i], &f->out->points[i]);
	f->out->exact = a->exact;
	f->out->whole_front = a->whole;
	f->out->points_found = a->found;
	f->out->bound = a->bound;
	f->out->bound_always = a->bound_always;
	f->out->states = a->states;
	f->out->ways = a->labels;
	return OK;
}

/* What the target posting itself teaches: nobody has to wait for it. */
static void
own_teaching(struct finder *f)
{
	const struct posting *p = f->target->posting;

	f->own.kind = PATH_ON_THE_JOB;
	for (uint16_t i = 0; p != NULL && i < p->teaches_n; i++)
		f->own.teaches[f->own.teaches_n++] =
		    (struct lesson_item){ p->teaches[i].term, p->teaches[i].at,
			    0, MAX(p->teaches[i].level, (uint8_t)1) };
}

static int
id_order(const void *a, const void *b)
{
	return memcmp(a, b, RECORD_ID);
}

/* The offers by id, so that their order changes nothing. */
static err
sort_offers(struct finder *f, size_t n)
{
	struct keyed {
		uint8_t id[RECORD_ID];
		uint32_t index;
	} *all = malloc((n + 1) * sizeof(*all));

	if (all == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		memcpy(all[i].id, f->offers[i].id, RECORD_ID);
		all[i].index = (uint32_t)i;
	}
	qsort(all, n, sizeof(*all), id_order);
	f->sorted_n = (uint32_t)MIN(n, (size_t)PATH_OFFERS_MAX);
	for (uint32_t i = 0; i < f->sorted_n; i++)
		f->sorted[i] = all[i].index;
	free(all);
	f->out->offers = f->sorted_n;
	f->out->offers_left_out = (uint32_t)(n - f->sorted_n);
	return OK;
}

/* From the offers to the problem. */
static err
build(struct finder *f)
{
	choose_currency(f);
	set_pools(f);
	set_weeks(f);
	f->problem.has_budget = f->means->has_budget;
	f->problem.budget = f->means->budget;
	TRY(build_ladder(f));
	for (uint32_t i = 0; i < f->sorted_n; i++) {
		const uint32_t at = f->sorted[i];
		if (!f->chosen[at])
			continue;
		f->out->offers_useful++;
		f->bar[at] = bar_of(f, &f->offers[at]);
		if (f->bar[at] < 0)
			TRY(add_helper(f, &f->offers[at], at));
	}
	if (f->own.teaches_n > 0)
		TRY(add_helper(f, &f->own, NOTHING));
	set_reach(f);
	set_steps(f);
	f->problem.offers = f->cover;
	for (int order = 1; order >= 0; order--) {
		f->problem.offers_n = 0;
		if (order == 1)
			add_order(f);
		for (uint32_t i = 0; i < f->helpers_n; i++) {
			struct helper *h = &f->helpers[i];
			if (order == 0 && h->usable)
				h->usable = set_needs(f, h);
			add_cover(f, (uint16_t)i);
		}
		if ((f->problem.goal & ~cover_reach(&f->problem)) == 0)
			break; /* else the order cannot be kept */
	}
	f->out->offers_usable = (uint32_t)f->problem.offers_n;
	return OK;
}

/* What is beyond the last step, for want of room, stays open. */
static void
drop_unreached(struct finder *f)
{
	const uint64_t reach = cover_reach(&f->problem);

	for (uint16_t r = 0; r < f->rungs_n; r++) {
		const struct rung *g = &f->rungs[r];
		if (g->goal == UINT16_MAX || g->wanted <= g->held)
			continue;
		const int step = g->step[g->wanted] - 1;
		if (step >= 0 && (reach >> step & 1) != 0) {
			if (g->wanted >= f->out->lines[g->goal].asked)
				f->out->closed++;
			continue;
		}
		if (step >= 0)
			f->problem.goal &= ~(UINT64_C(1) << step);
		f->out->lines[g->goal].reachable = f->out->lines[g->goal].level;
	}
}

static err
find(struct finder *f, size_t n)
{
	f->problem.weeks_n = COVER_WEEKS_MAX;
	memset(f->bar, -1, n + 1);
	own_teaching(f);
	TRY(sort_offers(f, n));
	TRY(diagnose(f));
	TRY(build(f));
	drop_unreached(f);
	TRY(solve(f));
	fill_open(f);
	return OK;
}

err
path_find(const struct meaning *m, const struct card *card,
    const struct path_target *target, const struct path_offer *offers, size_t n,
    const struct path_means *means, struct path_result *out)
{
	struct finder *f = calloc(1, sizeof(*f));
	err e = ERR_NOMEM;

	memset(out, 0, sizeof(*out));
	if (f == NULL)
		return ERR_NOMEM;
	f->m = m;
	f->card = card;
	f->target = target;
	f->offers = offers;
	f->means = means;
	f->out = out;
	out->hours_week = means->hours_week == 0 ? PATH_HOURS_WEEK
						 : MIN(means->hours_week, 168U);
	f->sorted = calloc(n + 1, sizeof(*f->sorted));
	f->bar = malloc(n + 1);
	f->chosen = calloc(n + 1, sizeof(*f->chosen));
	f->helpers = calloc(COVER_OFFERS_MAX, sizeof(*f->helpers));
	f->cover = calloc(COVER_OFFERS_MAX, sizeof(*f->cover));
	f->cover_helper = calloc(COVER_OFFERS_MAX, sizeof(*f->cover_helper));
	if (f->sorted != NULL && f->bar != NULL && f->chosen != NULL &&
	    f->helpers != NULL && f->cover != NULL && f->cover_helper != NULL)
		e = find(f, n);
	relate_table_free(f->table);
	free(f->sorted);
	free(f->bar);
	free(f->chosen);
	free(f->helpers);
	free(f->cover);
	free(f->cover_helper);
	free(f->effects);
	free(f);
	return e;
}
