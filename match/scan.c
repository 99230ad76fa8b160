#include "match/scan.h"

#include <stdlib.h>

/* ---- the best of many ---- */

static bool
result_before(const struct scan_result *a, const struct scan_result *b)
{
	if (a->excluded != b->excluded)
		return b->excluded;
	if (a->both != b->both)
		return a->both > b->both;
	return memcmp(a->id, b->id, RECORD_ID) < 0;
}

/* Keep the best ${max}, sorted. */
static void
keep_best(
    struct scan_result *out, size_t max, size_t *n, const struct scan_result *r)
{
	if (max == 0 || (*n == max && !result_before(r, &out[max - 1])))
		return;
	size_t lo = 0, hi = *n;
	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;
		if (result_before(&out[mid], r))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (*n < max)
		(*n)++;
	memmove(&out[lo + 1], &out[lo], (*n - lo - 1) * sizeof(*out));
	out[lo] = *r;
}

static void
take(const uint8_t *id, struct score_brief fit, struct score_brief wish,
    bool with_excluded, struct scan_result *out, size_t max, size_t *n,
    struct scan_counts *counts)
{
	struct scan_result r = { .fit = fit.total,
		.wish = wish.total,
		.both = score_both(fit.total, wish.total),
		.excluded = fit.excluded || wish.excluded,
		.near = fit.near || wish.near };

	memcpy(r.id, id, RECORD_ID);
	if (counts != NULL) {
		counts->seen++;
		counts->excluded += r.excluded;
	}
	if (!r.excluded || with_excluded)
		keep_best(out, max, n, &r);
}

err
scan_people(const struct meaning *m, const struct posting *p,
    const struct card_source *people, bool with_excluded,
    struct scan_result *out, size_t max, size_t *n, struct scan_counts *counts)
{
	struct card_item item;
	struct plan *plan;

	*n = 0;
	if (counts != NULL)
		*counts = (struct scan_counts){ 0 };
	TRY(plan_new(m, p, &plan));
	while (people->next(people->ctx, &item))
		take(item.id, plan_fit_brief(plan, item.card),
		    plan_wish_brief(plan, item.card, NULL), with_excluded, out,
		    max, n, counts);
	plan_free(plan);
	return OK;
}

err
scan_postings(const struct meaning *m, const struct card *c,
    const struct wishes *w, const struct posting_source *postings,
    bool with_excluded, struct scan_result *out, size_t max, size_t *n,
    struct scan_counts *counts)
{
	struct posting_item item;
	struct card_plan *plan;
	struct card whole = *c;

	*n = 0;
	if (counts != NULL)
		*counts = (struct scan_counts){ 0 };
	if (w != NULL)
		card_with_wishes(c, w, &whole);
	TRY(card_plan_new(m, &whole, w, &plan));
	while (postings->next(postings->ctx, &item)) {
		const struct card_plan_brief b =
		    card_plan_brief(plan, item.posting);
		take(
		    item.id, b.fit, b.wish, with_excluded, out, max, n, counts);
	}
	card_plan_free(plan);
	return OK;
}

/* ---- who is kept out ---- */

static void
barriers_add(const struct score *s, struct scan_barrier *out, size_t n)
{
	size_t failed = 0, last = 0;

	for (size_t i = 0; i < n; i++) {
		if (s->gates[i].state == GATE_FAIL) {
			out[i].failed++;
			last = i;
			failed++;
		}
		out[i].asked += s->gates[i].state == GATE_ASK;
	}
	if (failed == 1)
		out[last].alone++;
}

err
scan_barriers(const struct meaning *m, const struct posting *p,
    const struct card_source *people, struct scan_barrier *out, size_t *n,
    struct scan_counts *counts)
{
	const struct card nobody = { .region = "zz" };
	struct card_item item;
	struct score s;
	struct plan *plan;

	if (counts != NULL)
		*counts = (struct scan_counts){ 0 };
	TRY(plan_new(m, p, &plan));
	plan_fit(plan, &nobody, &s); /* which gates there are */
	*n = s.gates_n;
	for (size_t i = 0; i < *n; i++)
		out[i] = (struct scan_barrier){ .kind = s.gates[i].kind,
			.term = s.gates[i].term,
			.language = s.gates[i].language };
	while (people->next(people->ctx, &item)) {
		plan_fit(plan, item.card, &s);
		ASSERT(s.gates_n == *n);
		barriers_add(&s, out, *n);
		if (counts != NULL) {
			counts->seen++;
			counts->excluded += s.excluded;
		}
	}
	plan_free(plan);
	return OK;
}

/* ---- counts ---- */

struct tally_entry {
	uint64_t term;
	uint64_t author; /* the first bytes of the key */
	char region[3];
};

struct tally {
	const struct vocabulary *v;
	struct tally_entry *entries;
	size_t n, cap, max;
};

NODISCARD static err
tally_put(
    struct tally *t, uint32_t at, const char region[3], const uint8_t *author)
{
	if (at == TERM_NOWHERE)
		return OK;
	if (t->n == t->cap) {
		const size_t cap =
		    MIN(t->cap == 0 ? (size_t)1024 : t->cap * 2, t->max);
		if (t->n == cap)
			return ERR_LIMIT;
		void *p = realloc(t->entries, cap * sizeof(*t->entries));
		if (p == NULL)
			return ERR_NOMEM;
		t->entries = p;
		t->cap = cap;
	}
	struct tally_entry *e = &t->entries[t->n++];
	e->term = vocabulary_term(t->v, at);
	e->author = get_u64be(author);
	memcpy(e->region, region, 3);
	return OK;
}

static int
tally_order(const void *a, const void *b)
{
	const struct tally_entry *x = a, *y = b;

	if (x->term != y->term)
		return x->term < y->term ? -1 : 1;
	const int d = memcmp(x->region, y->region, 2);
	if (d != 0)
		return d;
	return (x->author > y->author) - (x->author < y->author);
}

static bool
same_cell(const struct tally_entry *a, const struct tally_entry *b)
{
	return a->term == b->term && memcmp(a->region, b->region, 2) == 0;
}

NODISCARD static err
tally_cells(
    struct tally *t, uint32_t k, struct scan_cell *out, size_t max, size_t *n)
{
	*n = 0;
	if (t->n > 0)
		qsort(t->entries, t->n, sizeof(*t->entries), tally_order);
	for (size_t i = 0; i < t->n;) {
		const struct tally_entry *first = &t->entries[i];
		uint32_t authors = 0;
		for (; i < t->n && same_cell(first, &t->entries[i]); i++)
			authors +=
			    &t->entries[i] == first ||
			    t->entries[i].author != t->entries[i - 1].author;
		if (authors < k)
			continue;
		if (*n == max)
			return ERR_MORE;
		struct scan_cell *cell = &out[(*n)++];
		*cell = (struct scan_cell){ .term = first->term,
			.authors = authors };
		memcpy(cell->region, first->region, 3);
	}
	return OK;
}

/*
 * Who holds a term holds what is broader too; and each counts in its region
 * and in all of them together.
 */
static err
tally_up(struct tally *t, uint32_t at, const char *region,
    const uint8_t *author, unsigned depth)
{
	if (at == TERM_NOWHERE || depth > VOCABULARY_DEPTH)
		return OK;
	TRY(tally_put(t, at, region, author));
	TRY(tally_put(t, at, SCAN_EVERYWHERE, author));
	const struct term_list up = vocabulary_broader(t->v, at);
	for (uint32_t i = 0; i < up.n; i++)
		TRY(tally_up(t, up.at[i], region, author, depth + 1));
	return OK;
}

err
scan_count_people(const struct meaning *m, const struct card_source *people,
    enum count_what what, uint32_t k, size_t entries_max, struct scan_cell *out,
    size_t max, size_t *n)
{
	struct tally t = { .v = m->vocabulary, .max = entries_max };
	struct card_item item;
	err e = OK;

	*n = 0;
	while (e == OK && people->next(people->ctx, &item)) {
		const struct card *c = item.card;
		const struct graded_term *terms =
		    what == COUNT_HELD ? c->skills : c->aspirations;
		const uint16_t terms_n =
		    what == COUNT_HELD ? c->skills_n : c->aspirations_n;
		for (uint16_t i = 0; i < terms_n && e == OK; i++)
			e = tally_up(
			    &t, terms[i].at, c->region, item.author, 0);
	}
	if (e == OK)
		e = tally_cells(&t, k, out, max, n);
	free(t.entries);
	return e;
}

/* ---- the next thing to learn ---- */

struct step {
	struct learning_step s;
	bool there;
	bool closes; /* reaches the asked level */
};

struct teaching {
	const struct meaning *m;
	const struct posting *posting;
	const struct card *card;
	struct plan *plan;
	struct score_brief before;
	struct step best[POSTING_REQUIREMENTS_MAX]; /* by requirement */
};

const char *
who_pays_name(enum who_pays p)
{
	static const char *const names[] = { "nobody", "posting", "shared",
		"person", "unknown" };

	return names[p];
}

/* false: not held; a level that is not told counts as the highest. */
static bool
held_level(const struct card *c, uint32_t at, uint8_t *level)
{
	bool held = false;

	*level = 0;
	for (uint16_t i = 0; i < c->skills_n; i++) {
		if (c->skills[i].at != at)
			continue;
		held = true;
		uint8_t told = c->skills[i].level;
		if (told == 0)
			told = LEVEL_MAX;
		*level = MAX(*level, told);
	}
	return held;
}

static bool
may_take(const struct card *c, const struct lesson *l)
{
	bool spoken = l->languages_n == 0 || c->languages_n == 0;

	for (uint16_t i = 0; i < l->languages_n; i++) {
		for (uint16_t k = 0; k < c->languages_n; k++)
			spoken = spoken || l->languages[i].language ==
					       c->languages[k].language;
	}
	if (!spoken)
		return false;
	for (uint16_t i = 0; i < l->needs_n; i++) {
		uint8_t level;
		if (l->needs[i].at == TERM_NOWHERE)
			continue; /* what is not understood gates nobody */
		if (!held_level(c, l->needs[i].at, &level) ||
		    level < l->needs[i].level)
			return false;
	}
	return true;
}

static uint64_t
last_if_none(uint64_t v, bool told)
{
	return told ? v : UINT64_MAX;
}

static bool
told_cost(const struct learning_step *s)
{
	return s->by_posting || s->currency[0] != '\0';
}

/* Is a the cheaper way to one requirement? */
static bool
cheaper(const struct step *a, const struct step *b)
{
	if (a->closes != b->closes)
		return a->closes;
	if (a->s.by_posting != b->s.by_posting)
		return a->s.by_posting;
	const uint64_t ah = last_if_none(a->s.hours, a->s.hours > 0);
	const uint64_t bh = last_if_none(b->s.hours, b->s.hours > 0);
	if (ah != bh)
		return ah < bh;
	const uint64_t ac = last_if_none(a->s.cost, told_cost(&a->s));
	const uint64_t bc = last_if_none(b->s.cost, told_cost(&b->s));
	if (ac != bc)
		return ac < bc;
	return memcmp(a->s.id, b->s.id, RECORD_ID) < 0;
}

/* Is a the better next step, over all requirements? */
static bool
step_before(const struct step *a, const struct step *b)
{
	if (a->s.excluded_after != b->s.excluded_after)
		return b->s.excluded_after;
	if (a->s.after != b->s.after)
		return a->s.after > b->s.after;
	const bool differs = memcmp(a->s.id, b->s.id, RECORD_ID) != 0 ||
			     a->s.by_posting != b->s.by_posting;
	return differs ? cheaper(a, b) : a->s.term < b->s.term;
}

static void
consider(struct step *best, const struct step *s)
{
	const bool helps = s->s.after > s->s.before ||
			   (s->s.excluded_before && !s->s.excluded_after);

	if (helps && (!best->there || cheaper(s, best))) {
		*best = *s;
		best->there = true;
	}
}

static void
set_payer(const struct posting *p, uint32_t at, struct learning_step *s)
{
	uint64_t budget = 0;

	if (s->currency[0] == '\0') {
		s->payer = PAYS_UNKNOWN;
		return;
	}
	if (s->cost == 0) {
		s->payer = PAYS_NOBODY;
		return;
	}
	for (uint16_t i = 0; i < p->invests_n; i++) {
		const struct investment *v = &p->invests[i];
		if (strcmp(v->currency, s->currency) != 0 ||
		    (v->term != 0 && v->at != at))
			continue;
		budget += MIN(v->amount, UINT64_MAX - budget);
	}
	s->paid_by_posting = MIN(budget, s->cost);
	s->payer = budget >= s->cost ? PAYS_POSTING
		   : budget > 0      ? PAYS_SHARED
				     : PAYS_PERSON;
}

static void
run(const struct teaching *t, const struct card *after, struct learning_step *s)
{
	const struct score_brief b = plan_fit_brief(t->plan, after);

	s->before = t->before.total;
	s->excluded_before = t->before.excluded;
	s->after = b.total;
	s->excluded_after = b.excluded;
}

static void
consider_lesson(struct teaching *t, const struct lesson_entry *entry)
{
	const struct lesson *l = entry->lesson;
	struct card after = *t->card;
	bool raised = false;

	if (!may_take(t->card, l))
		return;
	for (uint16_t i = 0; i < l->teaches_n; i++) {
		const struct lesson_item *item = &l->teaches[i];
		uint8_t level, from;
		if (item->at == TERM_NOWHERE)
			continue;
		held_level(t->card, item->at, &level);
		if (level >= item->from && level < item->to)
			raised = card_raise(&after, item->term, item->at,
				     item->to, &from) ||
				 raised;
	}
	if (!raised)
		return;
	struct learning_step s = {
		.hours = l->hours, .weeks = l->weeks, .cost = l->cost
	};
	memcpy(s.id, entry->id, RECORD_ID);
	memcpy(s.currency, l->currency, sizeof(s.currency));
	run(t, &after, &s);
	for (uint16_t i = 0; i < t->posting->requirements_n; i++) {
		const struct requirement *r = &t->posting->requirements[i];
		uint8_t level, reached;
		if (r->at == TERM_NOWHERE)
			continue;
		held_level(t->card, r->at, &level);
		held_level(&after, r->at, &reached);
		if (reached <= level || (r->level > 0 && level >= r->level))
			continue;
		s.term = r->term;
		s.from_level = level;
		s.to_level = reached;
		set_payer(t->posting, r->at, &s);
		consider(&t->best[i],
		    &(struct step){ s, true, reached >= r->level });
	}
}

/* What the posting itself teaches on the job. */
static void
consider_posting(struct teaching *t)
{
	const struct posting *p = t->posting;

	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		for (uint16_t k = 0; k < p->teaches_n; k++) {
			const struct graded_term *g = &p->teaches[k];
			struct card after = *t->card;
			struct learning_step s = { .term = r->term,
				.by_posting = true,
				.payer = PAYS_POSTING };
			uint8_t from;
			s.to_level = MAX(g->level, (uint8_t)1);
			if (r->at == TERM_NOWHERE || g->at != r->at)
				continue;
			held_level(t->card, r->at, &s.from_level);
			if (s.from_level >= s.to_level ||
			    !card_raise(
				&after, r->term, r->at, s.to_level, &from))
				continue;
			for (uint16_t v = 0; v < p->invests_n; v++) {
				if (p->invests[v].term != 0 &&
				    p->invests[v].at == r->at)
					s.hours += p->invests[v].hours;
			}
			run(t, &after, &s);
			consider(&t->best[i],
			    &(struct step){ s, true, s.to_level >= r->level });
		}
	}
}

err
scan_learning_step(const struct meaning *m, const struct posting *p,
    const struct card *c, const struct lesson_source *lessons,
    struct learning_step *out)
{
	struct teaching *t = calloc(1, sizeof(*t));
	const struct step *best = NULL;
	struct lesson_entry entry;

	if (t == NULL)
		return ERR_NOMEM;
	t->m = m;
	t->posting = p;
	t->card = c;
	const err e = plan_new(m, p, &t->plan);
	if (e != OK) {
		free(t);
		return e;
	}
	t->before = plan_fit_brief(t->plan, c);
	consider_posting(t);
	while (lessons->next(lessons->ctx, &entry))
		consider_lesson(t, &entry);
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		if (t->best[i].there &&
		    (best == NULL || step_before(&t->best[i], best)))
			best = &t->best[i];
	}
	if (best != NULL)
		*out = best->s;
	plan_free(t->plan);
	free(t);
	return best != NULL ? OK : ERR_NOTFOUND;
}
