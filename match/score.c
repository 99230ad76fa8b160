#include "match/score.h"

#include <stdlib.h>

#define GIVEN_MAX                                                              \
	(POSTING_TEACHES_MAX + POSTING_INVESTS_MAX + CARD_PURPOSES_MAX)
#define HELD_MAX   (CARD_SKILLS_MAX + CARD_PURPOSES_MAX)
#define WANTED_MAX (CARD_ASPIRATIONS_MAX + CARD_PURPOSES_MAX)

enum { GROUP_LEARN, GROUP_PURPOSE };

/* Weights of a wish's parts. */
#define WEIGHT_ASPIRATION_FIRST  21
#define WEIGHT_ASPIRATION_SECOND 9
#define WEIGHT_PURPOSE           20
#define WEIGHT_PAY               25
#define WEIGHT_HOURS             10
#define WEIGHT_CONTRACT          10
#define WEIGHT_INVESTMENT        15
#define WEIGHT_UNKNOWN           20 /* always there, half earned */
#define WEIGHT_USES              60

/* Terms with a place, of one side. */
struct asked_side {
	struct relate_item items[POSTING_REQUIREMENTS_MAX];
	const struct requirement *of[POSTING_REQUIREMENTS_MAX];
	uint32_t weight[POSTING_REQUIREMENTS_MAX];
	uint8_t rarity[POSTING_REQUIREMENTS_MAX];
	bool tells[POSTING_REQUIREMENTS_MAX]; /* a card can tell about it */
	uint16_t n;
};
struct held_side {
	struct relate_item items[HELD_MAX]; /* skills, then purposes */
	uint16_t first[CARD_SKILLS_MAX];    /* of a skill: who has its place */
	uint8_t rarity[CARD_SKILLS_MAX];    /* 0 unless it is the first */
	uint16_t n, skills_n;
	uint32_t all; /* the sum of rarity */
};

/* How two of them meet. */
struct meeting {
	struct relate_best best[POSTING_REQUIREMENTS_MAX];
	uint16_t used[HELD_MAX];
};
struct given_side {
	struct relate_item items[GIVEN_MAX];
	uint16_t n;
};
struct wanted_side {
	struct relate_item items[WANTED_MAX]; /* aspirations, then purposes */
	uint16_t n, aspirations_n;
};

struct plan {
	struct meaning m;
	const struct posting *posting;
	struct asked_side asked;
	struct given_side given;
	struct relate_table *fit;  /* of asked */
	struct relate_table *wish; /* of given */
};

struct card_plan {
	struct meaning m;
	const struct card *card;
	const struct wishes *wishes;
	struct held_side held;
	struct wanted_side wanted;
	struct relate_table *fit;  /* of held */
	struct relate_table *wish; /* of wanted */
};

const char *
line_name(enum line_kind kind)
{
	static const char *const names[] = { "requirement", "overlap", "uses",
		"aspiration", "purpose", "pay", "hours", "contract",
		"investment", "unwanted", "neutral" };

	return names[kind];
}

/* ---- the sides ---- */

static bool
asked_before(const struct asked_side *s, uint16_t i, uint16_t j)
{
	const struct requirement *a = s->of[i], *b = s->of[j];

	if (s->weight[i] != s->weight[j])
		return s->weight[i] > s->weight[j];
	if (a->term != b->term)
		return a->term < b->term;
	if (a->level != b->level)
		return a->level > b->level;
	return a->must && !b->must;
}

static void
asked_swap(struct asked_side *s, uint16_t i, uint16_t j)
{
	const struct relate_item item = s->items[i];
	const struct requirement *of = s->of[i];
	const uint32_t weight = s->weight[i];
	const uint8_t rarity = s->rarity[i];
	const bool tells = s->tells[i];

	s->items[i] = s->items[j];
	s->of[i] = s->of[j];
	s->weight[i] = s->weight[j];
	s->rarity[i] = s->rarity[j];
	s->tells[i] = s->tells[j];
	s->items[j] = item;
	s->of[j] = of;
	s->weight[j] = weight;
	s->rarity[j] = rarity;
	s->tells[j] = tells;
}

/* The requirements that are understood. */
static void
asked_take(
    const struct meaning *m, const struct posting *p, struct asked_side *s)
{
	s->n = 0;
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		if (r->at == TERM_NOWHERE)
			continue;
		ASSERT(r->at < m->rarity->n);
		const enum term_type type =
		    vocabulary_type(m->vocabulary, r->at);
		const uint16_t n = s->n++;
		s->items[n] = (struct relate_item){ r->term, r->at, r->level,
			GROUP_LEARN };
		s->of[n] = r;
		s->rarity[n] = m->rarity->sixteenths[r->at];
		s->weight[n] = (uint32_t)r->weight * s->rarity[n];
		s->tells[n] = type == TERM_SKILL || type == TERM_KNOWLEDGE;
	}
}

/* Heaviest first, as they are explained. */
static void
asked_make(
    const struct meaning *m, const struct posting *p, struct asked_side *s)
{
	asked_take(m, p, s);
	for (uint16_t i = 1; i < s->n; i++) {
		for (uint16_t k = i; k > 0 && asked_before(s, k, k - 1); k--)
			asked_swap(s, k, k - 1);
	}
}

static void
held_make(const struct meaning *m, const struct card *c, struct held_side *s)
{
	s->n = 0;
	s->all = 0;
	for (uint16_t i = 0; i < c->skills_n; i++) {
		const struct graded_term *t = &c->skills[i];
		if (t->at == TERM_NOWHERE)
			continue;
		ASSERT(t->at < m->rarity->n);
		const uint16_t n = s->n++;
		s->items[n] = (struct relate_item){ t->term, t->at, t->level,
			GROUP_LEARN };
		uint16_t first = 0;
		while (s->items[first].at != t->at)
			first++;
		s->first[n] = first;
		s->rarity[n] = first == n ? m->rarity->sixteenths[t->at] : 0;
		s->all += s->rarity[n];
	}
	s->skills_n = s->n;
	for (uint16_t i = 0; i < c->purposes_n; i++) {
		const struct graded_term *t = &c->purposes[i];
		if (t->at != TERM_NOWHERE)
			s->items[s->n++] = (struct relate_item){ t->term, t->at,
				0, GROUP_LEARN };
	}
}

static void
given_make(const struct posting *p, struct given_side *s)
{
	s->n = 0;
	for (uint16_t i = 0; i < p->teaches_n; i++) {
		const struct graded_term *t = &p->teaches[i];
		if (t->at != TERM_NOWHERE)
			s->items[s->n++] = (struct relate_item){ t->term, t->at,
				t->level, GROUP_LEARN };
	}
	for (uint16_t i = 0; i < p->invests_n; i++) {
		const struct investment *v = &p->invests[i];
		if (v->term != 0 && v->at != TERM_NOWHERE)
			s->items[s->n++] = (struct relate_item){ v->term, v->at,
				0, GROUP_LEARN };
	}
	for (uint16_t i = 0; i < p->purposes_n; i++) {
		const struct graded_term *t = &p->purposes[i];
		if (t->at != TERM_NOWHERE)
			s->items[s->n++] = (struct relate_item){ t->term, t->at,
				0, GROUP_PURPOSE };
	}
}

static void
wanted_make(const struct card *c, struct wanted_side *s)
{
	s->n = 0;
	for (uint16_t i = 0; i < c->aspirations_n; i++) {
		const struct graded_term *t = &c->aspirations[i];
		if (t->at != TERM_NOWHERE)
			s->items[s->n++] = (struct relate_item){ t->term, t->at,
				t->level, GROUP_LEARN };
	}
	s->aspirations_n = s->n;
	for (uint16_t i = 0; i < c->purposes_n; i++) {
		const struct graded_term *t = &c->purposes[i];
		if (t->at != TERM_NOWHERE)
			s->items[s->n++] = (struct relate_item){ t->term, t->at,
				0, GROUP_PURPOSE };
	}
}

/* ---- sums of lines ---- */

/* Lines with weight and credit; the score is their weighted mean. */
struct sum {
	struct score_line lines[SCORE_LINES_MAX];
	uint16_t n;
};

static bool
line_counts(const struct score_line *l)
{
	return !l->ask && l->weight > 0;
}

uint32_t
overlap_credit(uint64_t earned, uint64_t most)
{
	uint64_t lo = 0, hi = CREDIT_MAX;

	ASSERT(earned <= most && most < UINT64_C(1) << 33);
	while (lo < hi) {
		const uint64_t c = (lo + hi + 1) / 2;
		if (c * c * c * most <=
		    earned * CREDIT_MAX * CREDIT_MAX * CREDIT_MAX)
			lo = c;
		else
			hi = c - 1;
	}
	return (uint32_t)lo;
}

int32_t
fit_of_share(uint64_t earned, uint64_t most)
{
	const uint64_t parts = FIT_SHARE_PARTS + FIT_OVERLAP_PARTS;

	if (most == 0)
		return SCORE_NEUTRAL;
	const uint64_t overlap = overlap_credit(earned, most);
	return (
	    int32_t)((FIT_SHARE_PARTS * earned +
			 FIT_OVERLAP_PARTS * (most / CREDIT_MAX) * overlap) *
		     SCORE_MAX / (parts * most));
}

struct share {
	uint64_t earned, most;
};

static struct share
lines_met(const struct score_line *lines, uint16_t n)
{
	struct share s = { 0, 0 };

	for (uint16_t i = 0; i < n; i++) {
		if (!line_counts(&lines[i]))
			continue;
		s.earned += (uint64_t)lines[i].weight * lines[i].credit;
		s.most += (uint64_t)lines[i].weight * CREDIT_MAX;
	}
	return s;
}

/* 10000 times the mean, rounded down; -1: nothing counts. */
static int32_t
lines_total(const struct score_line *lines, uint16_t n)
{
	const struct share s = lines_met(lines, n);

	return s.most == 0 ? -1 : (int32_t)(s.earned * SCORE_MAX / s.most);
}

/*
 * Share the total out so that it comes out exactly: everybody's share rounded
 * down, what is left to those with the largest remainders, earlier first.
 */
static void
lines_share(struct score_line *lines, uint16_t n, int32_t total)
{
	uint64_t rest[SCORE_LINES_MAX];
	uint64_t most = 0;
	int32_t left = total;

	for (uint16_t i = 0; i < n; i++) {
		if (line_counts(&lines[i]))
			most += (uint64_t)lines[i].weight * CREDIT_MAX;
	}
	for (uint16_t i = 0; i < n; i++) {
		struct score_line *l = &lines[i];
		rest[i] = 0;
		l->points = l->points_most = 0;
		if (!line_counts(l))
			continue;
		const uint64_t share =
		    (uint64_t)l->weight * l->credit * SCORE_MAX;
		l->points = (int32_t)(share / most);
		rest[i] = share % most;
		left -= l->points;
		l->points_most = (int32_t)((uint64_t)l->weight * CREDIT_MAX *
					   SCORE_MAX / most);
	}
	for (; left > 0; left--) {
		uint16_t at = 0;
		for (uint16_t i = 1; i < n; i++) {
			if (rest[i] > rest[at])
				at = i;
		}
		ASSERT(rest[at] > 0);
		rest[at] = 0;
		lines[at].points++;
		lines[at].points_most =
		    MAX(lines[at].points, lines[at].points_most);
	}
}

/* ---- fit ---- */

static struct score_line
requirement_line(
    const struct asked_side *s, uint16_t i, const struct relate_best *b)
{
	return (struct score_line){
		.kind = LINE_REQUIREMENT,
		.via = (enum match_via)b->via,
		.asked = s->of[i]->term,
		.held = b->term,
		.asked_level = s->of[i]->level,
		.held_level = b->level,
		.must = s->of[i]->must,
		/* a card says nothing of it: a question, unless it does */
		.ask = !s->tells[i] && b->credit < CREDIT_MAX,
		.credit = b->credit,
		.weight = s->weight[i],
	};
}

static struct gate
must_gate(const struct score_line *l)
{
	struct gate g = { .kind = GATE_MUST, .term = l->asked };
	const bool level_known = l->asked_level == 0 || l->held_level != 0;

	if (l->held_level < l->asked_level && l->credit > 0 && level_known)
		g.short_by = (uint64_t)l->asked_level - l->held_level;
	if (l->ask)
		g.state = GATE_ASK;
	else if (l->credit == 0)
		g.state = GATE_FAIL;
	else if (g.short_by > 0 ||
		 (l->via != VIA_EXACT && l->via != VIA_NARROWER))
		g.state = GATE_NEAR;
	else if (!level_known)
		g.state = GATE_ASK;
	else
		g.state = GATE_PASS;
	return g;
}

struct gates {
	struct gate *out; /* NULL: only what comes of them */
	uint16_t n;
	bool excluded, near;
};

static void
gate_put(struct gates *gs, struct gate g)
{
	if (gs->out != NULL) {
		ASSERT(gs->n < SCORE_GATES_MAX);
		gs->out[gs->n++] = g;
	}
	gs->excluded = gs->excluded || g.state == GATE_FAIL;
	gs->near = gs->near || g.state == GATE_NEAR;
}

/* In an order that depends on the posting alone. */
static void
fit_gates(const struct posting *p, const struct card *c,
    const struct score_line *lines, uint16_t n, struct gates *gs)
{
	gate_put(gs, gate_status(p));
	gate_put(gs, gate_seeks(p, c));
	for (uint16_t i = 0; i < n; i++) {
		if (lines[i].must)
			gate_put(gs, must_gate(&lines[i]));
	}
	for (uint16_t i = 0; i < p->languages_n; i++)
		gate_put(gs, gate_language(&p->languages[i], c));
	gate_put(gs, gate_place(p, c));
	gate_put(
	    gs, gate_hours(posting_hours_week(p), card_hours_max(c->hours)));
}

static struct score_line
neutral_line(int32_t points)
{
	return (struct score_line){
		.kind = LINE_NEUTRAL, .points = points, .points_most = points
	};
}

static struct score_brief
fit_brief(const struct posting *p, const struct card *c,
    const struct asked_side *s, const struct relate_best *best)
{
	struct score_line lines[POSTING_REQUIREMENTS_MAX];
	struct gates gs = { 0 };

	for (uint16_t i = 0; i < s->n; i++)
		lines[i] = requirement_line(s, i, &best[i]);
	fit_gates(p, c, lines, s->n, &gs);
	const struct share share = lines_met(lines, s->n);
	return (struct score_brief){ fit_of_share(share.earned, share.most),
		gs.excluded, gs.near };
}

static int
u64_order(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Ascending, each once. */
static void
unique_terms(uint64_t *terms, uint16_t *n)
{
	uint16_t kept = 0;

	if (*n > 0)
		qsort(terms, *n, sizeof(*terms), u64_order);
	for (uint16_t i = 0; i < *n; i++) {
		if (kept == 0 || terms[kept - 1] != terms[i])
			terms[kept++] = terms[i];
	}
	*n = kept;
}

static void
not_understood(struct score *out, const struct graded_term *t, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (t[i].at == TERM_NOWHERE &&
		    out->not_understood_n < SCORE_NOT_UNDERSTOOD_MAX)
			out->not_understood[out->not_understood_n++] =
			    t[i].term;
	}
}

static void
fit_leftovers(const struct posting *p, const struct card *c, struct score *out)
{
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		const struct graded_term t = { r->term, r->at, r->level };
		not_understood(out, &t, 1);
	}
	not_understood(out, c->skills, c->skills_n);
	unique_terms(out->not_understood, &out->not_understood_n);
	for (uint16_t i = 0; i < c->skills_n; i++) {
		bool used = c->skills[i].at == TERM_NOWHERE;
		for (uint16_t k = 0; k < out->lines_n && !used; k++)
			used = out->lines[k].credit > 0 &&
			       out->lines[k].held == c->skills[i].term;
		if (!used)
			out->unused[out->unused_n++] = c->skills[i].term;
	}
	unique_terms(out->unused, &out->unused_n);
}

static void
fit_explain(const struct posting *p, const struct card *c,
    const struct asked_side *s, const struct relate_best *best,
    struct score *out)
{
	struct gates gs = { .out = out->gates };

	memset(out, 0, sizeof(*out));
	for (uint16_t i = 0; i < s->n; i++)
		out->lines[i] = requirement_line(s, i, &best[i]);
	out->lines_n = s->n;
	fit_gates(p, c, out->lines, out->lines_n, &gs);
	out->gates_n = gs.n;
	out->excluded = gs.excluded;
	out->near = gs.near;
	const struct share met = lines_met(out->lines, out->lines_n);
	out->total = fit_of_share(met.earned, met.most);
	if (met.most > 0) {
		out->lines[out->lines_n++] = (struct score_line){
			.kind = LINE_OVERLAP,
			.weight = (uint32_t)(met.most / CREDIT_MAX) *
				  FIT_OVERLAP_PARTS,
			.credit =
			    (uint16_t)overlap_credit(met.earned, met.most),
		};
		ASSERT(lines_total(out->lines, out->lines_n) == out->total);
		lines_share(out->lines, out->lines_n, out->total);
	} else {
		out->lines[out->lines_n++] = neutral_line(SCORE_NEUTRAL);
	}
	fit_leftovers(p, c, out);
}

/* ---- wish ---- */

static void
sum_put(struct sum *s, enum line_kind kind, uint32_t weight, uint32_t credit)
{
	ASSERT(s->n < SCORE_LINES_MAX && credit <= CREDIT_MAX);
	s->lines[s->n++] = (struct score_line){
		.kind = kind, .weight = weight, .credit = (uint16_t)credit
	};
}

static void
sum_put_met(struct sum *s, enum line_kind kind, uint32_t weight,
    const struct relate_item *asked, const struct relate_best *b)
{
	sum_put(s, kind, weight, b->credit);
	struct score_line *l = &s->lines[s->n - 1];
	l->via = (enum match_via)b->via;
	l->asked = asked->term;
	l->asked_level = asked->level;
	l->held = b->term;
	l->held_level = b->level;
}

/* The index of the best met item of a group besides ${except}; -1: none. */
static int
best_of(const struct wanted_side *w, const struct relate_best *best,
    uint8_t group, int except)
{
	int at = -1;

	for (int i = 0; i < w->n; i++) {
		if (w->items[i].group != group || i == except)
			continue;
		if (at < 0 || best[i].credit > best[at].credit ||
		    (best[i].credit == best[at].credit &&
			(w->items[i].term < w->items[at].term ||
			    (w->items[i].term == w->items[at].term &&
				w->items[i].level > w->items[at].level))))
			at = i;
	}
	return at;
}

/* Most that is learnt in work time counts by hours up to a week's worth. */
uint32_t
investment_credit(const struct posting *p)
{
	uint32_t credit = p->invests_n > 0 ? 250 : 0;
	uint64_t hours = 0;

	for (uint16_t i = 0; i < p->invests_n; i++) {
		hours += p->invests[i].hours;
		if (p->invests[i].amount > 0)
			credit = MAX(credit, 500U);
	}
	return MAX(credit, (uint32_t)MIN(hours, UINT64_C(40)) * 25);
}

static uint32_t
pay_credit(const struct posting *p, const struct pay *floor)
{
	const uint64_t most = MAX(p->pay.min, p->pay.max);
	const uint64_t least = pay_floor(p, floor);
	/* in thousandths of the floor; amounts are below 2^53 */
	const uint64_t part = MIN(
	    MIN(most, UINT64_C(1) << 53) * CREDIT_MAX / least, UINT64_C(2000));

	if (most < least)
		return (uint32_t)(part * 7 / 10);
	return (uint32_t)(700 + (MAX(part, UINT64_C(1000)) - 1000) * 3 / 10);
}

/*
 * Of what the person can do, by rarity, how much the posting calls for: each
 * skill by the most that it earns, and all together no more than what the
 * requirements take up. -1: nobody can tell.
 */
static int32_t
uses_credit(const struct asked_side *asked, const struct held_side *held,
    const struct meeting *meeting)
{
	uint16_t used[CARD_SKILLS_MAX] = { 0 };
	uint64_t given = 0, taken = 0;

	if (asked->n == 0 || held->all == 0)
		return -1;
	for (uint16_t i = 0; i < held->skills_n; i++) {
		uint16_t *u = &used[held->first[i]];
		*u = MAX(*u, meeting->used[i]);
	}
	for (uint16_t i = 0; i < held->skills_n; i++)
		given += (uint64_t)held->rarity[i] * used[i];
	for (uint16_t i = 0; i < asked->n; i++)
		taken += (uint64_t)asked->rarity[i] * meeting->best[i].credit;
	return (int32_t)(MIN(given, taken) / held->all);
}

static void
wish_lines(const struct posting *p, const struct card *c,
    const struct wishes *w, const struct wanted_side *wanted,
    const struct relate_best *best, int32_t uses, struct sum *s)
{
	s->n = 0;
	sum_put(s, LINE_NEUTRAL, WEIGHT_UNKNOWN, CREDIT_MAX / 2);
	if (uses >= 0)
		sum_put(s, LINE_USES, WEIGHT_USES, (uint32_t)uses);
	const int first = best_of(wanted, best, GROUP_LEARN, -1);
	if (first >= 0) {
		sum_put_met(s, LINE_ASPIRATION, WEIGHT_ASPIRATION_FIRST,
		    &wanted->items[first], &best[first]);
		const int second = best_of(wanted, best, GROUP_LEARN, first);
		if (second >= 0)
			sum_put_met(s, LINE_ASPIRATION,
			    WEIGHT_ASPIRATION_SECOND, &wanted->items[second],
			    &best[second]);
	}
	const int purpose = best_of(wanted, best, GROUP_PURPOSE, -1);
	if (purpose >= 0 && p->purposes_n > 0)
		sum_put_met(s, LINE_PURPOSE, WEIGHT_PURPOSE,
		    &wanted->items[purpose], &best[purpose]);
	if (w != NULL && pay_comparable(p, &w->floor))
		sum_put(s, LINE_PAY, WEIGHT_PAY, pay_credit(p, &w->floor));
	const uint32_t need = posting_hours_week(p);
	const uint32_t hours = w != NULL && w->hours_week_max > 0
				   ? w->hours_week_max
				   : card_hours_max(c->hours);
	if (need > 0 && hours > 0)
		sum_put(s, LINE_HOURS, WEIGHT_HOURS,
		    need <= hours ? CREDIT_MAX : hours * CREDIT_MAX / need);
	if (w != NULL && w->contract_mask != 0 && p->contract != 0)
		sum_put(s, LINE_CONTRACT, WEIGHT_CONTRACT,
		    (w->contract_mask >> (p->contract & 31) & 1) * CREDIT_MAX);
	sum_put(s, LINE_INVESTMENT, WEIGHT_INVESTMENT, investment_credit(p));
}

/*
 * The largest mean of lines that may be there or not: whatever the card, some
 * choice of them with these credits is at least as good as its lines. The
 * best choice is of the largest credits, however many.
 */
static int32_t
lines_most(const struct sum *always, const struct sum *maybe)
{
	struct share s = lines_met(always->lines, always->n);
	bool taken[SCORE_LINES_MAX] = { false };
	int32_t most =
	    s.most == 0 ? 0 : (int32_t)(s.earned * SCORE_MAX / s.most);

	for (uint16_t n = 0; n < maybe->n; n++) {
		uint16_t at = UINT16_MAX;
		for (uint16_t i = 0; i < maybe->n; i++) {
			if (!taken[i] &&
			    (at == UINT16_MAX || maybe->lines[i].credit >
						     maybe->lines[at].credit))
				at = i;
		}
		const struct score_line *l = &maybe->lines[at];
		taken[at] = true;
		s.earned += (uint64_t)l->weight * l->credit;
		s.most += (uint64_t)l->weight * CREDIT_MAX;
		most = MAX(most, (int32_t)(s.earned * SCORE_MAX / s.most));
	}
	return most;
}

static bool
unwanted(
    const struct meaning *m, const struct wishes *w, uint64_t term, uint32_t at)
{
	for (uint16_t i = 0; i < w->unwanted_n; i++) {
		if (w->unwanted[i] == term ||
		    (at != TERM_NOWHERE &&
			vocabulary_find(m->vocabulary, w->unwanted[i]) == at))
			return at != TERM_NOWHERE;
	}
	return false;
}

/*
 * What of ${total} is lost because the work consists of what the person never
 * wants to be offered; in proportion to the weight of those requirements.
 */
static int32_t
unwanted_points(const struct meaning *m, const struct wishes *w,
    const struct posting *p, int32_t total)
{
	uint64_t bad = 0, all = 0;

	if (w == NULL || w->unwanted_n == 0)
		return 0;
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		if (r->at == TERM_NOWHERE)
			continue;
		const uint64_t weight =
		    (uint64_t)r->weight * m->rarity->sixteenths[r->at];
		all += weight;
		if (unwanted(m, w, r->term, r->at))
			bad += weight;
	}
	return all == 0 ? 0 : (int32_t)((uint64_t)total * bad / all);
}

static void
wish_gates(const struct meaning *m, const struct posting *p,
    const struct card *c, const struct wishes *w, struct gates *gs)
{
	const uint32_t hours = w != NULL && w->hours_week_max > 0
				   ? w->hours_week_max
				   : card_hours_max(c->hours);

	gate_put(gs, gate_status(p));
	gate_put(gs, gate_seeks(p, c));
	gate_put(gs, gate_place(p, c));
	gate_put(gs, gate_hours(posting_hours_week(p), hours));
	if (w == NULL)
		return;
	gate_put(gs, gate_pay(p, &w->floor));
	gate_put(gs, gate_contract(p, w));
	gate_put(gs, gate_day(p, w));
	gate_put(gs, gate_days(p, w));
	gate_put(gs, gate_zone(p, w));
	gate_put(gs, gate_start(p, w));
	gate_put(gs, gate_end(p, w));
	if (unwanted(m, w, p->occupation.term, p->occupation.at))
		gate_put(gs, (struct gate){ .kind = GATE_UNWANTED,
				 .state = GATE_FAIL,
				 .term = p->occupation.term });
	uint64_t terms[POSTING_REQUIREMENTS_MAX];
	uint16_t n = 0;
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		if (r->must && unwanted(m, w, r->term, r->at))
			terms[n++] = r->term;
	}
	unique_terms(terms, &n);
	for (uint16_t i = 0; i < n; i++)
		gate_put(gs, (struct gate){ .kind = GATE_UNWANTED,
				 .state = GATE_FAIL,
				 .term = terms[i] });
}

static struct score_brief
wish_brief(const struct meaning *m, const struct posting *p,
    const struct card *c, const struct wishes *w,
    const struct wanted_side *wanted, const struct relate_best *best,
    int32_t uses)
{
	struct sum s;
	struct gates gs = { 0 };

	wish_lines(p, c, w, wanted, best, uses, &s);
	wish_gates(m, p, c, w, &gs);
	const int32_t total = lines_total(s.lines, s.n);
	return (struct score_brief){ total - unwanted_points(m, w, p, total),
		gs.excluded, gs.near };
}

static void
wish_leftovers(const struct posting *p, const struct card *c, struct score *out)
{
	not_understood(out, p->teaches, p->teaches_n);
	not_understood(out, p->purposes, p->purposes_n);
	not_understood(out, c->aspirations, c->aspirations_n);
	not_understood(out, c->purposes, c->purposes_n);
	for (uint16_t i = 0; i < p->invests_n; i++) {
		const struct investment *v = &p->invests[i];
		const struct graded_term t = { v->term, v->at, 0 };
		if (v->term != 0)
			not_understood(out, &t, 1);
	}
	unique_terms(out->not_understood, &out->not_understood_n);
	const struct graded_term *t = c->aspirations;
	for (uint16_t i = 0; i < c->aspirations_n; i++) {
		bool used = t[i].at == TERM_NOWHERE;
		for (uint16_t k = 0; k < out->lines_n && !used; k++)
			used = out->lines[k].credit > 0 &&
			       out->lines[k].asked == t[i].term;
		if (!used)
			out->unused[out->unused_n++] = t[i].term;
	}
	unique_terms(out->unused, &out->unused_n);
}

static void
wish_explain(const struct meaning *m, const struct posting *p,
    const struct card *c, const struct wishes *w,
    const struct wanted_side *wanted, const struct relate_best *best,
    int32_t uses, struct score *out)
{
	struct gates gs = { .out = out->gates };
	struct sum s;

	memset(out, 0, sizeof(*out));
	wish_lines(p, c, w, wanted, best, uses, &s);
	wish_gates(m, p, c, w, &gs);
	const int32_t total = lines_total(s.lines, s.n);
	lines_share(s.lines, s.n, total);
	memcpy(out->lines, s.lines, s.n * sizeof(s.lines[0]));
	out->lines_n = s.n;
	const int32_t lost = unwanted_points(m, w, p, total);
	if (lost > 0)
		out->lines[out->lines_n++] =
		    (struct score_line){ .kind = LINE_UNWANTED,
			    .points = -lost };
	out->total = total - lost;
	out->gates_n = gs.n;
	out->excluded = gs.excluded;
	out->near = gs.near;
	wish_leftovers(p, c, out);
}

int32_t
score_both(int32_t fit, int32_t wish)
{
	if (fit <= 0 || wish <= 0)
		return 0;
	return (int32_t)(2 * (int64_t)fit * wish / ((int64_t)fit + wish));
}

/* ---- plans ---- */

err
plan_new(const struct meaning *m, const struct posting *p, struct plan **out)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	err e;

	*out = NULL;
	if (plan == NULL)
		return ERR_NOMEM;
	plan->m = *m;
	plan->posting = p;
	asked_make(m, p, &plan->asked);
	given_make(p, &plan->given);
	e = relate_table_new(
	    m->vocabulary, plan->asked.items, plan->asked.n, true, &plan->fit);
	if (e == OK)
		e = relate_table_new(m->vocabulary, plan->given.items,
		    plan->given.n, false, &plan->wish);
	if (e != OK) {
		plan_free(plan);
		return e;
	}
	*out = plan;
	return OK;
}

void
plan_free(struct plan *plan)
{
	if (plan == NULL)
		return;
	relate_table_free(plan->fit);
	relate_table_free(plan->wish);
	free(plan);
}

/* Returns the credit of LINE_USES. */
static int32_t
plan_meet_fit(
    const struct plan *plan, const struct card *c, struct meeting *out)
{
	struct held_side held;

	held_make(&plan->m, c, &held);
	relate_meet_used(plan->fit, held.items, held.n, out->best, out->used);
	return uses_credit(&plan->asked, &held, out);
}

static void
plan_meet_wish(const struct plan *plan, const struct card *c,
    struct wanted_side *wanted, struct relate_best best[WANTED_MAX])
{
	wanted_make(c, wanted);
	relate_meet(plan->wish, wanted->items, wanted->n, best);
}

void
plan_fit(const struct plan *plan, const struct card *c, struct score *out)
{
	struct meeting meeting;

	(void)plan_meet_fit(plan, c, &meeting);
	fit_explain(plan->posting, c, &plan->asked, meeting.best, out);
}

struct score_brief
plan_fit_brief(const struct plan *plan, const struct card *c)
{
	struct meeting meeting;

	(void)plan_meet_fit(plan, c, &meeting);
	return fit_brief(plan->posting, c, &plan->asked, meeting.best);
}

void
plan_wish(const struct plan *plan, const struct card *c, const struct wishes *w,
    struct score *out)
{
	struct relate_best best[WANTED_MAX];
	struct wanted_side wanted;
	struct meeting meeting;

	plan_meet_wish(plan, c, &wanted, best);
	wish_explain(&plan->m, plan->posting, c, w, &wanted, best,
	    plan_meet_fit(plan, c, &meeting), out);
}

struct score_brief
plan_wish_brief(
    const struct plan *plan, const struct card *c, const struct wishes *w)
{
	struct relate_best best[WANTED_MAX];
	struct wanted_side wanted;
	struct meeting meeting;

	plan_meet_wish(plan, c, &wanted, best);
	return wish_brief(&plan->m, plan->posting, c, w, &wanted, best,
	    plan_meet_fit(plan, c, &meeting));
}

err
score_fit(const struct meaning *m, const struct posting *p,
    const struct card *c, struct score *out)
{
	struct plan *plan;

	TRY(plan_new(m, p, &plan));
	plan_fit(plan, c, out);
	plan_free(plan);
	return OK;
}

err
score_wish(const struct meaning *m, const struct posting *p,
    const struct card *c, const struct wishes *w, struct score *out)
{
	struct plan *plan;

	TRY(plan_new(m, p, &plan));
	plan_wish(plan, c, w, out);
	plan_free(plan);
	return OK;
}

err
card_plan_new(const struct meaning *m, const struct card *c,
    const struct wishes *w, struct card_plan **out)
{
	struct card_plan *plan = calloc(1, sizeof(*plan));
	err e;

	*out = NULL;
	if (plan == NULL)
		return ERR_NOMEM;
	plan->m = *m;
	plan->card = c;
	plan->wishes = w;
	held_make(m, c, &plan->held);
	wanted_make(c, &plan->wanted);
	e = relate_table_new(
	    m->vocabulary, plan->held.items, plan->held.n, false, &plan->fit);
	if (e == OK)
		e = relate_table_new(m->vocabulary, plan->wanted.items,
		    plan->wanted.n, true, &plan->wish);
	if (e != OK) {
		card_plan_free(plan);
		return e;
	}
	*out = plan;
	return OK;
}

void
card_plan_free(struct card_plan *plan)
{
	if (plan == NULL)
		return;
	relate_table_free(plan->fit);
	relate_table_free(plan->wish);
	free(plan);
}

static int32_t
card_plan_meet_fit(const struct card_plan *plan, const struct posting *p,
    struct asked_side *asked, struct meeting *out)
{
	asked_take(&plan->m, p, asked); /* sums know no order */
	relate_meet_used(
	    plan->fit, asked->items, asked->n, out->best, out->used);
	return uses_credit(asked, &plan->held, out);
}

struct score_brief
card_plan_fit_brief(const struct card_plan *plan, const struct posting *p)
{
	struct asked_side asked;
	struct meeting meeting;

	(void)card_plan_meet_fit(plan, p, &asked, &meeting);
	return fit_brief(p, plan->card, &asked, meeting.best);
}

static struct score_brief
card_plan_wish(
    const struct card_plan *plan, const struct posting *p, int32_t uses)
{
	struct relate_best best[WANTED_MAX];
	struct given_side given;

	given_make(p, &given);
	relate_meet(plan->wish, given.items, given.n, best);
	return wish_brief(
	    &plan->m, p, plan->card, plan->wishes, &plan->wanted, best, uses);
}

struct card_plan_brief
card_plan_brief(const struct card_plan *plan, const struct posting *p)
{
	struct asked_side asked;
	struct meeting meeting;
	const int32_t uses = card_plan_meet_fit(plan, p, &asked, &meeting);

	return (struct card_plan_brief){
		fit_brief(p, plan->card, &asked, meeting.best),
		card_plan_wish(plan, p, uses),
	};
}

/* ---- for an index ---- */

void
plan_parts(const struct plan *plan, struct plan_parts *out)
{
	*out = (struct plan_parts){ .asked = plan->asked.items,
		.of = plan->asked.of,
		.weight = plan->asked.weight,
		.rarity = plan->asked.rarity,
		.tells = plan->asked.tells,
		.asked_n = plan->asked.n,
		.fit = plan->fit,
		.given = plan->given.items,
		.given_n = plan->given.n,
		.wish = plan->wish };
}

void
card_plan_parts(const struct card_plan *plan, struct card_plan_parts *out)
{
	*out = (struct card_plan_parts){ .held = plan->held.items,
		.held_n = plan->held.n,
		.skills_n = plan->held.skills_n,
		.held_first = plan->held.first,
		.held_rarity = plan->held.rarity,
		.wanted = plan->wanted.items,
		.wanted_n = plan->wanted.n,
		.rarity = plan->held.all,
		.fit = plan->fit,
		.wish = plan->wish };
}

int32_t
plan_wish_most(const struct plan *plan, uint8_t kind, uint32_t learn,
    uint32_t purpose, uint32_t uses, bool skilled)
{
	const struct posting *p = plan->posting;
	const bool any = kind == WISH_KIND_ANY;
	struct sum always, maybe, *wants = any ? &maybe : &always;

	always.n = maybe.n = 0;
	sum_put(&always, LINE_NEUTRAL, WEIGHT_UNKNOWN, CREDIT_MAX / 2);
	sum_put(
	    &always, LINE_INVESTMENT, WEIGHT_INVESTMENT, investment_credit(p));
	if (plan->asked.n > 0)
		sum_put(
		    skilled ? &always : &maybe, LINE_USES, WEIGHT_USES, uses);
	if (any || kind >= WISH_KIND(1, 0))
		sum_put(wants, LINE_ASPIRATION, WEIGHT_ASPIRATION_FIRST, learn);
	if (any || kind >= WISH_KIND(2, 0))
		sum_put(
		    wants, LINE_ASPIRATION, WEIGHT_ASPIRATION_SECOND, learn);
	if (p->purposes_n > 0 && (any || kind % 2 != 0))
		sum_put(wants, LINE_PURPOSE, WEIGHT_PURPOSE, purpose);
	if (posting_hours_week(p) > 0)
		sum_put(&maybe, LINE_HOURS, WEIGHT_HOURS, CREDIT_MAX);
	return lines_most(&always, &maybe);
}

static void
wish_sum_put(struct wish_sum *s, uint32_t weight, uint32_t credit)
{
	s->weight += weight;
	s->earned += weight * credit;
}

int32_t
plan_wish_total(const struct plan *plan, const struct wish_facts *f)
{
	const struct posting *p = plan->posting;
	const uint32_t need = posting_hours_week(p);
	const uint32_t hours = card_hours_max(f->hours);
	struct wish_sum s = { 0, 0 };

	wish_sum_put(&s, WEIGHT_UNKNOWN, CREDIT_MAX / 2);
	if (f->uses >= 0)
		wish_sum_put(&s, WEIGHT_USES, (uint32_t)f->uses);
	if (f->aspirations > 0)
		wish_sum_put(&s, WEIGHT_ASPIRATION_FIRST, f->first);
	if (f->aspirations > 1)
		wish_sum_put(&s, WEIGHT_ASPIRATION_SECOND, f->second);
	if (f->purposes && p->purposes_n > 0)
		wish_sum_put(&s, WEIGHT_PURPOSE, f->purpose);
	if (need > 0 && hours > 0)
		wish_sum_put(&s, WEIGHT_HOURS,
		    need <= hours ? CREDIT_MAX : hours * CREDIT_MAX / need);
	wish_sum_put(&s, WEIGHT_INVESTMENT, investment_credit(p));
	return (int32_t)((uint64_t)s.earned * SCORE_MAX /
			 (s.weight * (uint64_t)CREDIT_MAX));
}

struct wish_sum
card_plan_wish_sum(const struct card_plan *plan, const struct offer_facts *f)
{
	const struct wishes *w = plan->wishes;
	const uint32_t hours = w != NULL && w->hours_week_max > 0
				   ? w->hours_week_max
				   : card_hours_max(plan->card->hours);
	struct wish_sum s = { 0, 0 };

	wish_sum_put(&s, WEIGHT_UNKNOWN, CREDIT_MAX / 2);
	wish_sum_put(&s, WEIGHT_INVESTMENT, f->invested);
	if (f->uses >= 0)
		wish_sum_put(&s, WEIGHT_USES, (uint32_t)f->uses);
	if (plan->wanted.aspirations_n > 0)
		wish_sum_put(&s, WEIGHT_ASPIRATION_FIRST, f->first);
	if (plan->wanted.aspirations_n > 1)
		wish_sum_put(&s, WEIGHT_ASPIRATION_SECOND, f->second);
	if (plan->wanted.n > plan->wanted.aspirations_n && f->purposes)
		wish_sum_put(&s, WEIGHT_PURPOSE, f->purpose);
	if (f->hours > 0 && hours > 0)
		wish_sum_put(&s, WEIGHT_HOURS,
		    f->hours <= hours ? CREDIT_MAX
				      : hours * CREDIT_MAX / f->hours);
	if (w != NULL && w->contract_mask != 0 && f->contract != 0)
		wish_sum_put(&s, WEIGHT_CONTRACT,
		    (w->contract_mask >> (f->contract & 31) & 1) * CREDIT_MAX);
	if (w != NULL && w->floor.min > 0)
		wish_sum_put(&s, WEIGHT_PAY, CREDIT_MAX);
	return s;
}

/* ---- what would change it ---- */

/* Is a the better change? */
static bool
change_before(const struct change *a, const struct change *b)
{
	const int a_levels = a->to_level - a->from_level;
	const int b_levels = b->to_level - b->from_level;

	if (a->excluded_after != b->excluded_after)
		return b->excluded_after;
	if (a->after != b->after)
		return a->after > b->after;
	if (a_levels != b_levels)
		return a_levels < b_levels;
	return a->term < b->term;
}

bool
score_change(const struct plan *plan, const struct card *c, struct change *out)
{
	const struct score_brief before = plan_fit_brief(plan, c);
	bool found = false;

	for (uint16_t i = 0; i < plan->asked.n; i++) {
		const struct relate_item *item = &plan->asked.items[i];
		struct card other = *c;
		struct change ch = { .term = item->term,
			.to_level = MAX(item->level, (uint8_t)1),
			.before = before.total,
			.excluded_before = before.excluded };
		if (!plan->asked.tells[i] ||
		    !card_raise(&other, item->term, item->at, ch.to_level,
			&ch.from_level))
			continue;
		const struct score_brief after = plan_fit_brief(plan, &other);
		ch.after = after.total;
		ch.excluded_after = after.excluded;
		const bool helps = ch.after > ch.before ||
				   (ch.excluded_before && !ch.excluded_after);
		if (helps && (!found || change_before(&ch, out))) {
			*out = ch;
			found = true;
		}
	}
	return found;
}
