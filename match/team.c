#include "match/team.h"

#include <stdlib.h>

/*
 * The worth of a team: for each need the best member counts 5, a second 2, a
 * third 1 (as far as the need wants several), each with weight times credit;
 * and something for each field that somebody is at home in. Sums of such
 * "best k of" are monotone and submodular. A must that somebody holds is
 * worth more than everything else together.
 */
static const int64_t shares[TEAM_TIMES_MAX] = { 5, 2, 1 };

#define SWAPS_MAX       256
#define LANGUAGES_TRIED 16
#define SEARCH_MAX      200000 /* candidates looked at by the bounded search */

/* A task with values instead of credits, for those who may be chosen. */
struct form {
	const struct team_task *t;
	const struct team_candidate *all;
	size_t n;
	uint16_t who[TEAM_CANDIDATES_MAX]; /* places in ${all} */
	int64_t *value;                    /* n x needs_n */
	int64_t field;                     /* each further one */
};

struct state {
	int64_t top[TEAM_NEEDS_MAX][TEAM_TIMES_MAX]; /* best values so far */
	uint64_t fields;
	int64_t worth;
};

/* Places in ${who} of a form. */
struct set {
	uint16_t who[TEAM_SIZE_MAX];
	size_t n;
	int64_t worth;
};

/* ---- worth ---- */

static int64_t
bits(uint64_t x)
{
	return __builtin_popcountll(x);
}

static int64_t
must_worth(const struct team_task *t)
{
	int64_t sum = 1;

	for (size_t i = 0; i < t->needs_n; i++)
		sum += (int64_t)t->needs[i].weight * CREDIT_MAX * 8;
	return sum + (int64_t)t->diversity * sum / 1000 * TEAM_BACKGROUNDS_MAX;
}

static int64_t
field_worth(const struct team_task *t)
{
	int64_t sum = 0;

	for (size_t i = 0; i < t->needs_n; i++)
		sum += t->needs[i].weight;
	return sum * shares[0] * t->diversity;
}

static void
form_fill(struct form *f)
{
	const int64_t must = must_worth(f->t);

	f->field = field_worth(f->t);
	for (size_t c = 0; c < f->n; c++) {
		const struct team_candidate *x = &f->all[f->who[c]];
		int64_t *row = &f->value[c * f->t->needs_n];
		for (size_t i = 0; i < f->t->needs_n; i++) {
			const struct team_need *need = &f->t->needs[i];
			row[i] = (int64_t)need->weight * x->credit[i] +
				 (need->must && x->holds[i] ? must : 0);
		}
	}
}

static size_t
times_of(const struct team_need *need)
{
	return MIN(MAX(need->times, (uint8_t)1), (uint8_t)TEAM_TIMES_MAX);
}

/* What somebody would add. */
static int64_t
gain_of(const struct form *f, const struct state *s, size_t who)
{
	const int64_t *row = &f->value[who * f->t->needs_n];
	int64_t sum =
	    f->field * bits(f->all[f->who[who]].backgrounds & ~s->fields);

	for (size_t i = 0; i < f->t->needs_n; i++) {
		const size_t times = times_of(&f->t->needs[i]);
		int64_t v = row[i];
		for (size_t k = 0; k < times && v > 0; k++)
			if (v > s->top[i][k]) { /* the one before moves down */
				sum += shares[k] * (v - s->top[i][k]);
				v = s->top[i][k];
			}
	}
	return sum;
}

static int64_t
state_add(const struct form *f, struct state *s, size_t who)
{
	const int64_t *row = &f->value[who * f->t->needs_n];
	const int64_t gain = gain_of(f, s, who);

	for (size_t i = 0; i < f->t->needs_n; i++) {
		int64_t v = row[i];
		for (size_t k = 0; k < TEAM_TIMES_MAX; k++)
			if (v > s->top[i][k]) {
				const int64_t before = s->top[i][k];
				s->top[i][k] = v;
				v = before;
			}
	}
	s->fields |= f->all[f->who[who]].backgrounds;
	s->worth += gain;
	return gain;
}

static void
state_of(const struct form *f, const struct set *set, size_t without,
    struct state *s)
{
	*s = (struct state){ 0 };
	for (size_t i = 0; i < set->n; i++)
		if (i != without)
			(void)state_add(f, s, set->who[i]);
}

static bool
set_has(const struct set *s, size_t who)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->who[i] == who)
			return true;
	return false;
}

/* The largest gain; of equals who has less to do, then the smaller id. */
static bool
best_gain(const struct form *f, const struct state *s, const struct set *set,
    size_t *who, int64_t *gain)
{
	*gain = 0;
	for (size_t c = 0; c < f->n; c++) {
		const int64_t g = set_has(set, c) ? 0 : gain_of(f, s, c);
		if (g > *gain ||
		    (g == *gain && g > 0 &&
			f->all[f->who[c]].load < f->all[f->who[*who]].load)) {
			*gain = g;
			*who = c;
		}
	}
	return *gain > 0;
}

/* ---- a bound: what has been reached and the best gains from there ---- */

static int64_t
bound_at(const struct form *f, const struct state *s, size_t more)
{
	int64_t top[TEAM_SIZE_MAX] = { 0 }, sum = s->worth;

	for (size_t c = 0; c < f->n; c++) {
		int64_t g = gain_of(f, s, c);
		for (size_t i = 0; i < more && g > 0; i++)
			if (g > top[i]) {
				const int64_t before = top[i];
				top[i] = g;
				g = before;
			}
	}
	for (size_t i = 0; i < more; i++)
		sum += top[i];
	return sum;
}

/* ---- greedy, then swaps ---- */

static int64_t
greedy(const struct form *f, struct set *set)
{
	struct state s = { 0 };
	int64_t bound = bound_at(f, &s, f->t->size_max), gain;
	size_t who = 0;

	set->n = 0;
	while (set->n < f->t->size_max && best_gain(f, &s, set, &who, &gain)) {
		(void)state_add(f, &s, who);
		set->who[set->n++] = (uint16_t)who;
		bound = MIN(bound, bound_at(f, &s, f->t->size_max));
	}
	set->worth = s.worth;
	return bound;
}

/* The one swap that helps most; false: none does. */
static bool
swap_once(const struct form *f, struct set *set)
{
	int64_t best = set->worth;
	size_t out = 0, in = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct state s;
		state_of(f, set, i, &s);
		for (size_t c = 0; c < f->n; c++) {
			const int64_t worth = s.worth + gain_of(f, &s, c);
			if (worth > best && !set_has(set, c)) {
				best = worth;
				out = i;
				in = c;
			}
		}
	}
	if (best == set->worth)
		return false;
	set->who[out] = (uint16_t)in;
	set->worth = best;
	return true;
}

/* ---- exact: a table over subsets of the needs ---- */

struct subsets {
	size_t items_n, size;
	uint8_t item[TEAM_EXACT_NEEDS];
	int64_t *best;  /* by subset: what one person can do of it at most */
	uint16_t *who;  /* by subset: that person */
	int64_t *worth; /* by people, subset */
	uint16_t *part; /* by people, subset: what the last one does of it */
};

/* Only needs that somebody can do something for; false: it does not fit. */
static bool
subsets_fit(const struct form *f, struct subsets *x)
{
	x->items_n = 0;
	if (f->field > 0)
		return false;
	for (size_t i = 0; i < f->t->needs_n; i++) {
		bool any = false;
		for (size_t c = 0; c < f->n && !any; c++)
			any = f->value[c * f->t->needs_n + i] > 0;
		if (!any)
			continue;
		if (times_of(&f->t->needs[i]) > 1 ||
		    x->items_n == TEAM_EXACT_NEEDS)
			return false;
		x->item[x->items_n++] = (uint8_t)i;
	}
	return true;
}

static void
subsets_people(const struct form *f, struct subsets *x, int64_t *sum)
{
	const uint32_t all = UINT32_C(1) << x->items_n;

	memset(x->best, 0, all * sizeof(*x->best));
	for (size_t c = 0; c < f->n; c++) {
		const int64_t *row = &f->value[c * f->t->needs_n];
		sum[0] = 0;
		for (uint32_t s = 1; s < all; s++) {
			sum[s] =
			    sum[s & (s - 1)] + row[x->item[__builtin_ctz(s)]];
			if (sum[s] > x->best[s] ||
			    (sum[s] == x->best[s] && sum[s] > 0 &&
				f->all[f->who[c]].load <
				    f->all[f->who[x->who[s]]].load)) {
				x->best[s] = sum[s];
				x->who[s] = (uint16_t)c;
			}
		}
	}
}

/*
 * With k people a subset is done best by giving one of them a part that
 * holds its lowest need and the others the rest.
 */
static void
subsets_table(struct subsets *x)
{
	const uint32_t all = UINT32_C(1) << x->items_n;

	memset(x->worth, 0, all * sizeof(*x->worth));
	for (size_t k = 1; k <= x->size; k++) {
		int64_t *now = &x->worth[k * all];
		const int64_t *before = &x->worth[(k - 1) * all];
		now[0] = 0;
		for (uint32_t s = 1; s < all; s++) {
			const uint32_t low = s & -s, rest = s ^ low;
			uint32_t sub = rest;
			now[s] = -1;
			for (;;) { /* low with each subset of the rest */
				const int64_t w =
				    x->best[low | sub] + before[rest ^ sub];
				if (w > now[s]) {
					now[s] = w;
					x->part[k * all + s] =
					    (uint16_t)(low | sub);
				}
				if (sub == 0)
					break;
				sub = (sub - 1) & rest;
			}
		}
	}
}

static void
subsets_read(const struct subsets *x, struct set *out)
{
	const uint32_t all = UINT32_C(1) << x->items_n;
	uint32_t s = all - 1;

	out->n = 0;
	for (size_t k = x->size; k > 0 && s != 0; k--) {
		const uint32_t part = x->part[k * all + s];
		if (x->best[part] > 0 && !set_has(out, x->who[part]))
			out->who[out->n++] = x->who[part];
		s ^= part;
	}
}

/* ERR_NOTFOUND: too many needs, or several people for one. */
NODISCARD static err
exact(const struct form *f, struct set *out)
{
	struct subsets x = { .size = f->t->size_max };
	struct state s;
	err e = ERR_NOMEM;

	if (!subsets_fit(f, &x))
		return ERR_NOTFOUND;
	const size_t all = (size_t)1 << x.items_n;
	int64_t *sum = malloc(all * sizeof(*sum));
	x.best = malloc(all * sizeof(*x.best));
	x.who = calloc(all, sizeof(*x.who));
	x.worth = malloc(all * (x.size + 1) * sizeof(*x.worth));
	x.part = calloc(all * (x.size + 1), sizeof(*x.part));
	if (sum != NULL && x.best != NULL && x.who != NULL && x.worth != NULL &&
	    x.part != NULL) {
		subsets_people(f, &x, sum);
		subsets_table(&x);
		subsets_read(&x, out);
		state_of(f, out, SIZE_MAX, &s);
		out->worth = s.worth;
		e = OK;
	}
	free(sum);
	free(x.best);
	free(x.who);
	free(x.worth);
	free(x.part);
	return e;
}

/* ---- exact: all teams, as far as they can be better ---- */

struct search {
	const struct form *f;
	struct set best, now;
	size_t looked;
	bool whole; /* nothing was left out for want of time */
};

/*
 * All teams with what is chosen and some of the candidates from ${from} on,
 * unless even the best gains from here do not reach what is known.
 */
static void
search_from(struct search *x, const struct state *s, size_t from)
{
	const struct form *f = x->f;
	const size_t more = f->t->size_max - x->now.n;
	int64_t top[TEAM_SIZE_MAX] = { 0 }, sum = s->worth;

	if (s->worth > x->best.worth) {
		x->best = x->now;
		x->best.worth = s->worth;
	}
	if (more == 0)
		return;
	x->looked += f->n - from;
	if (x->looked > SEARCH_MAX) {
		x->whole = false;
		return;
	}
	for (size_t c = from; c < f->n; c++) {
		int64_t g = gain_of(f, s, c);
		for (size_t i = 0; i < more && g > 0; i++)
			if (g > top[i]) {
				const int64_t before = top[i];
				top[i] = g;
				g = before;
			}
	}
	for (size_t i = 0; i < more; i++)
		sum += top[i];
	if (sum <= x->best.worth)
		return;
	for (size_t c = from; c < f->n && x->whole; c++) {
		struct state with = *s;
		if (state_add(f, &with, c) == 0)
			continue;
		x->now.who[x->now.n++] = (uint16_t)c;
		search_from(x, &with, c + 1);
		x->now.n--;
	}
}

/* ---- who may be chosen ---- */

static bool
speaks(const struct team_candidate *c, uint32_t language)
{
	if (language == 0 || !c->languages_known)
		return true; /* not told: to be asked */
	for (uint8_t i = 0; i < c->languages_n; i++)
		if (c->languages[i] == language)
			return true;
	return false;
}

static void
form_choose(struct form *f, uint32_t language, size_t n)
{
	f->n = 0;
	for (size_t i = 0; i < n; i++) {
		const struct team_candidate *c = &f->all[i];
		const bool hours = f->t->hours_each == 0 || c->hours == 0 ||
				   c->hours >= f->t->hours_each;
		if (!c->excluded && hours && speaks(c, language))
			f->who[f->n++] = (uint16_t)i;
	}
	form_fill(f);
}

/* The languages that most candidates speak; more than there is room: true. */
static bool
languages_of(const struct form *f, size_t n, uint32_t *out, size_t *out_n)
{
	uint32_t seen[TEAM_CANDIDATES_MAX], count[TEAM_CANDIDATES_MAX];
	size_t seen_n = 0;
	bool more = false;

	for (size_t c = 0; c < n; c++)
		for (uint8_t k = 0; k < f->all[c].languages_n; k++) {
			const uint32_t l = f->all[c].languages[k];
			size_t i = 0;
			while (i < seen_n && seen[i] != l)
				i++;
			if (i == seen_n && seen_n == ARRAY_LEN(seen)) {
				more = true;
				continue;
			}
			if (i == seen_n) {
				seen[seen_n] = l;
				count[seen_n++] = 0;
			}
			count[i]++;
		}
	for (*out_n = 0; *out_n < LANGUAGES_TRIED && seen_n > 0; seen_n--) {
		size_t best = 0;
		for (size_t i = 1; i < seen_n; i++)
			if (count[i] > count[best] ||
			    (count[i] == count[best] && seen[i] < seen[best]))
				best = i;
		out[(*out_n)++] = seen[best];
		seen[best] = seen[seen_n - 1];
		count[best] = count[seen_n - 1];
	}
	return more || seen_n > 0;
}

/* ---- what comes out ---- */

static void
cover_need(const struct team_task *t, const struct team_candidate *all,
    struct team *out, size_t need)
{
	struct team_cover *c = &out->cover[need];
	uint32_t learner = 0;

	*c = (struct team_cover){ 0 };
	for (size_t i = 0; i < out->members_n; i++) {
		const struct team_candidate *m = &all[out->members[i]];
		const uint16_t credit = m->credit[need];
		c->held_by += m->holds[need];
		if (credit > c->best) {
			c->second = c->best;
			c->best = credit;
			c->by = (uint16_t)i;
		} else if (credit > c->second) {
			c->second = credit;
		}
		/* who wants to, then who is nearest */
		const uint32_t near =
		    m->wants[need] ? CREDIT_MAX + 1U + credit : credit;
		if (!m->holds[need] && near > learner) {
			learner = near;
			c->learner = (uint16_t)i;
			c->learner_is = true;
		}
	}
	c->missing = c->held_by == 0;
	c->fragile = c->held_by > 0 && c->held_by < times_of(&t->needs[need]);
}

/* In the order in which each adds most. */
static void
team_fill(const struct form *f, const struct set *set, struct team *out)
{
	const struct team_task *t = f->t;
	struct state s = { 0 };
	struct set left = *set;
	uint64_t sum = 0, most = 0;

	out->members_n = 0;
	while (left.n > 0) {
		size_t best = 0;
		int64_t gain = -1;
		for (size_t i = 0; i < left.n; i++) {
			const int64_t g = gain_of(f, &s, left.who[i]);
			if (g > gain ||
			    (g == gain && left.who[i] < left.who[best])) {
				gain = g;
				best = i;
			}
		}
		out->members[out->members_n] = f->who[left.who[best]];
		out->gain[out->members_n++] = gain;
		(void)state_add(f, &s, left.who[best]);
		left.who[best] = left.who[--left.n];
	}
	out->worth = s.worth;
	out->backgrounds = s.fields;
	out->musts = true;
	for (size_t i = 0; i < t->needs_n; i++) {
		cover_need(t, f->all, out, i);
		sum += (uint64_t)t->needs[i].weight * out->cover[i].best;
		most += t->needs[i].weight;
		if (t->needs[i].must && out->cover[i].missing)
			out->musts = false;
	}
	out->covered = most == 0 ? 0 : (uint32_t)(sum / most);
}

/* The best team of those who may be chosen. ${f} is filled. */
NODISCARD static err
solve(const struct form *f, struct team *out)
{
	struct set set, other;
	int64_t bound = greedy(f, &set);
	uint32_t swaps = 0;

	while (swaps < SWAPS_MAX && set.worth < bound && swap_once(f, &set))
		swaps++;
	if (set.worth < bound) {
		const err e = exact(f, &other);
		if (e == OK && other.worth > set.worth)
			set = other;
		if (e == OK) {
			bound = set.worth;
		} else if (e != ERR_NOTFOUND) {
			return e;
		} else {
			struct search x = {
				.f = f, .best = set, .whole = true
			};
			const struct state s = { 0 };
			search_from(&x, &s, 0);
			set = x.best;
			if (x.whole)
				bound = set.worth;
		}
	}
	*out = (struct team){ .bound = bound, .swaps = swaps };
	team_fill(f, &set, out);
	out->exact = out->worth == bound;
	return OK;
}

/* The same in each language; the best of them. */
NODISCARD static err
solve_languages(struct form *f, size_t n, struct team *out)
{
	uint32_t languages[LANGUAGES_TRIED];
	size_t languages_n = 0;
	int64_t bound = 0;
	const bool more = languages_of(f, n, languages, &languages_n);

	if (languages_n == 0) { /* nobody says */
		form_choose(f, 0, n);
		return solve(f, out);
	}
	*out = (struct team){ .worth = -1 };
	for (size_t i = 0; i < languages_n; i++) {
		struct team one;
		form_choose(f, languages[i], n);
		TRY(solve(f, &one));
		one.language = languages[i];
		bound = MAX(bound, one.bound);
		if (one.worth > out->worth)
			*out = one;
	}
	if (more) { /* whatever they are, no better than without the rule */
		struct set set;
		form_choose(f, 0, n);
		bound = MAX(bound, greedy(f, &set));
	}
	out->bound = bound;
	out->exact = out->worth == bound;
	return OK;
}

NODISCARD static err
task_check(const struct team_task *t, size_t n)
{
	if (n > TEAM_CANDIDATES_MAX || t->needs_n > TEAM_NEEDS_MAX ||
	    t->size_max == 0 || t->size_max > TEAM_SIZE_MAX ||
	    t->diversity > 1000)
		return ERR_LIMIT;
	for (size_t i = 0; i < t->needs_n; i++)
		if (t->needs[i].weight > TEAM_WEIGHT_MAX)
			return ERR_LIMIT;
	return OK;
}

NODISCARD static err
form_new(const struct team_task *t, const struct team_candidate *all, size_t n,
    struct form **out)
{
	struct form *f;

	*out = NULL;
	TRY(task_check(t, n));
	f = calloc(1, sizeof(*f));
	if (f != NULL)
		f->value = calloc(n * t->needs_n + 1, sizeof(*f->value));
	if (f == NULL || f->value == NULL) {
		free(f);
		return ERR_NOMEM;
	}
	f->t = t;
	f->all = all;
	*out = f;
	return OK;
}

static void
form_free(struct form *f)
{
	free(f->value);
	free(f);
}

err
team_form(const struct team_task *t, const struct team_candidate *candidates,
    size_t n, struct team *out)
{
	struct form *f;
	err e;

	*out = (struct team){ 0 };
	TRY(form_new(t, candidates, n, &f));
	if (t->one_language && t->language == 0) {
		e = solve_languages(f, n, out);
	} else {
		form_choose(f, t->one_language ? t->language : 0, n);
		e = solve(f, out);
		out->language = t->one_language ? t->language : 0;
	}
	form_free(f);
	return e;
}

err
team_of(const struct team_task *t, const struct team_candidate *candidates,
    const uint16_t *members, size_t n, struct team *out)
{
	struct set set = { .n = n };
	struct form *f;

	*out = (struct team){ 0 };
	if (n > TEAM_SIZE_MAX)
		return ERR_LIMIT;
	TRY(form_new(t, candidates, n, &f));
	f->n = n;
	for (size_t i = 0; i < n; i++) {
		f->who[i] = members[i];
		set.who[i] = (uint16_t)i;
	}
	form_fill(f);
	team_fill(f, &set, out);
	out->bound = out->worth;
	form_free(f);
	return OK;
}

int64_t
team_worth(const struct team_task *t, const struct team_candidate *candidates,
    const uint16_t *members, size_t n)
{
	const int64_t must = must_worth(t);
	uint64_t fields = 0;
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		fields |= candidates[members[i]].backgrounds;
	for (size_t need = 0; need < t->needs_n; need++) {
		const struct team_need *x = &t->needs[need];
		int64_t top[TEAM_TIMES_MAX] = { 0 };
		for (size_t i = 0; i < n; i++) {
			const struct team_candidate *c =
			    &candidates[members[i]];
			int64_t v = (int64_t)x->weight * c->credit[need] +
				    (x->must && c->holds[need] ? must : 0);
			for (size_t k = 0; k < times_of(x); k++)
				if (v > top[k]) {
					const int64_t before = top[k];
					top[k] = v;
					v = before;
				}
		}
		for (size_t k = 0; k < times_of(x); k++)
			sum += shares[k] * top[k];
	}
	return sum + bits(fields) * field_worth(t);
}
