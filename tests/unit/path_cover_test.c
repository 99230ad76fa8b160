/*
 * The arithmetic of paths: equal to trying everything, for small problems;
 * bounded and within its bound for large ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/path/time.h"
#include "tests/unit/path_glpk.h"

#define WEEKS 60

/* ---- trying everything, written in another way ---- */

struct brute_point {
	uint64_t unpriced, cost;
	unsigned weeks;
};

struct brute {
	const struct cover_problem *p;
	unsigned set[16], n;
	/* of the schedule */
	unsigned order[16], end[16];
	unsigned best;
	struct brute_point points[4096];
	size_t points_n;
};

static uint64_t
brute_steps(const struct cover_problem *p, const unsigned *set, unsigned n,
    unsigned without)
{
	uint64_t have = 0;

	for (unsigned round = 0; round <= n; round++)
		for (unsigned i = 0; i < n; i++)
			if (i != without && (p->offers[set[i]].needs & have) ==
						p->offers[set[i]].needs)
				have |= p->offers[set[i]].gives;
	return have;
}

static bool
brute_good(const struct cover_problem *p, const unsigned *set, unsigned n)
{
	if ((brute_steps(p, set, n, 99) & p->goal) != p->goal)
		return false;
	for (unsigned i = 0; i < n; i++)
		if ((brute_steps(p, set, n, i) & p->goal) == p->goal)
			return false; /* it can be left out */
	return true;
}

/* One order, week by week; 999: it does not work. */
static unsigned
brute_serial(struct brute *b)
{
	const struct cover_problem *p = b->p;
	unsigned left[WEEKS], from[16] = { 0 }, last = 0;
	bool placed[16] = { false };

	for (unsigned w = 0; w < p->weeks_n; w++)
		left[w] = p->free_h[w];
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned k = 0; k < b->n; k++) {
			const unsigned i = b->order[k];
			const struct cover_offer *o = &p->offers[b->set[i]];
			const bool dated =
			    o->weeks > 0 && o->start != UINT16_MAX;
			unsigned ready = o->start == UINT16_MAX ? 0 : o->start;
			if (dated != (pass == 0))
				continue;
			for (unsigned s = 0; !dated && s < 64; s++) {
				unsigned soon = 999;
				if ((o->needs >> s & 1) == 0)
					continue;
				for (unsigned x = 0; x < b->n; x++) {
					const struct cover_offer *q =
					    &p->offers[b->set[x]];
					if (x == i || !placed[x] ||
					    (q->gives >> s & 1) == 0)
						continue;
					unsigned at = b->end[x];
					if (o->weeks == 0 && q->weeks == 0 &&
					    q->hours > 0)
						at--;
					soon = at < soon ? at : soon;
				}
				if (soon == 999)
					return 999;
				ready = soon > ready ? soon : ready;
			}
			if (o->weeks == 0) {
				unsigned need = o->hours, w = ready;
				b->end[i] = ready;
				for (; need > 0 && w < p->weeks_n; w++) {
					const unsigned h =
					    need < left[w] ? need : left[w];
					left[w] -= h;
					need -= h;
					b->end[i] = w + 1;
				}
				if (need > 0)
					return 999;
			} else {
				const unsigned r =
				    (o->hours + o->weeks - 1) / o->weeks;
				unsigned w = ready;
				for (;; w++) {
					bool fits = w + o->weeks <= p->weeks_n;
					if (!fits)
						return 999;
					for (unsigned x = w; x < w + o->weeks;
					     x++)
						fits = fits && left[x] >= r &&
						       left[x] > 0;
					if (fits)
						break;
					if (dated)
						return 999;
				}
				for (unsigned x = w; x < w + o->weeks; x++)
					left[x] -= r;
				from[i] = w;
				b->end[i] = w + o->weeks;
			}
			placed[i] = true;
			last = b->end[i] > last ? b->end[i] : last;
		}
	}
	/* those with a start: was everything there in time? */
	for (unsigned i = 0; i < b->n; i++) {
		const struct cover_offer *o = &p->offers[b->set[i]];
		for (unsigned s = 0; s < 64; s++) {
			bool there = false;
			if (o->weeks == 0 || o->start == UINT16_MAX ||
			    (o->needs >> s & 1) == 0)
				continue;
			for (unsigned x = 0; x < b->n; x++)
				there = there ||
					(x != i &&
					    (p->offers[b->set[x]].gives >> s &
						1) != 0 &&
					    b->end[x] <= from[i]);
			if (!there)
				return 999;
		}
	}
	return last;
}

static void
brute_orders(struct brute *b, unsigned depth)
{
	if (depth == b->n) {
		const unsigned w = brute_serial(b);
		b->best = w < b->best ? w : b->best;
		return;
	}
	for (unsigned i = depth; i < b->n; i++) {
		const unsigned a = b->order[depth];
		b->order[depth] = b->order[i];
		b->order[i] = a;
		brute_orders(b, depth + 1);
		b->order[i] = b->order[depth];
		b->order[depth] = a;
	}
}

/* The most that tied pools can pay: each split of the set by pools. */
static uint64_t
brute_tied(const struct brute *b)
{
	uint64_t best = UINT64_MAX, all = 0;

	/* max flow = min cut over the sets of offers */
	for (unsigned cut = 0; cut < 1U << b->n; cut++) {
		uint64_t sum = 0;
		unsigned pools = 0;
		for (unsigned i = 0; i < b->n; i++) {
			if ((cut >> i & 1) != 0)
				sum += b->p->offers[b->set[i]].cost;
			else
				pools |= b->p->offers[b->set[i]].pools;
		}
		for (unsigned t = 0; t < b->p->tied_n; t++)
			if ((pools >> t & 1) != 0)
				sum += b->p->tied[t];
		best = sum < best ? sum : best;
	}
	(void)all;
	return best;
}

static void
brute_set(struct brute *b)
{
	struct brute_point q = { 0 };
	uint64_t gross = 0;

	for (unsigned i = 0; i < b->n; i++) {
		gross += b->p->offers[b->set[i]].cost;
		q.unpriced += b->p->offers[b->set[i]].unpriced;
		b->order[i] = i;
	}
	gross -= brute_tied(b);
	q.cost = gross > b->p->pool ? gross - b->p->pool : 0;
	if (b->p->has_budget && q.cost > b->p->budget)
		return;
	b->best = 999;
	brute_orders(b, 0);
	q.weeks = b->best;
	if (q.weeks != 999)
		b->points[b->points_n++] = q;
}

static int
by_cost(const void *x, const void *y)
{
	const struct brute_point *a = x, *b = y;

	if (a->unpriced != b->unpriced)
		return a->unpriced < b->unpriced ? -1 : 1;
	if (a->cost != b->cost)
		return a->cost < b->cost ? -1 : 1;
	return (a->weeks > b->weeks) - (a->weeks < b->weeks);
}

/* All good sets; the front, cheapest first. */
static void
brute_front(struct brute *b)
{
	size_t kept = 0;

	b->points_n = 0;
	for (unsigned set = 0; set < 1U << b->p->offers_n; set++) {
		b->n = 0;
		if (__builtin_popcount(set) > 6)
			continue;
		for (unsigned i = 0; i < b->p->offers_n; i++)
			if ((set >> i & 1) != 0)
				b->set[b->n++] = i;
		if (brute_good(b->p, b->set, b->n))
			brute_set(b);
	}
	qsort(b->points, b->points_n, sizeof(b->points[0]), by_cost);
	for (size_t i = 0; i < b->points_n; i++)
		if (kept == 0 || b->points[i].weeks < b->points[kept - 1].weeks)
			b->points[kept++] = b->points[i];
	b->points_n = kept;
}

/* ---- random problems ---- */

struct kind {
	const char *name;
	bool needs, rigid, dated, tied, pool, budget, unpriced, free, busy;
};

static void
random_offers(uint64_t *seed, const struct kind *k, unsigned steps, size_t n,
    struct cover_offer *offers)
{
	for (size_t i = 0; i < n; i++) {
		struct cover_offer *o = &offers[i];
		*o = (struct cover_offer){ .start = COVER_ANY_WEEK };
		for (unsigned g = (unsigned)chance(seed, 3) + 1; g > 0; g--)
			o->gives |= UINT64_C(1) << chance(seed, steps);
		if (k->needs && chance(seed, 3) == 0)
			o->needs = UINT64_C(1) << chance(seed, steps);
		o->needs &= ~o->gives;
		o->cost = chance(seed, 20) * 10;
		if (k->free && chance(seed, 2) == 0)
			o->cost = 0;
		if (k->unpriced && chance(seed, 4) == 0) {
			o->unpriced = true;
			o->cost = 0;
		}
		o->hours = (uint32_t)chance(seed, 25) + 1;
		if (k->rigid && chance(seed, 2) == 0) {
			o->weeks = (uint16_t)(chance(seed, 4) + 1);
			if (k->dated && chance(seed, 2) == 0)
				o->start = (uint16_t)chance(seed, 8);
		} else if (k->dated && chance(seed, 4) == 0) {
			o->start = (uint16_t)chance(seed, 8);
		}
		if (k->tied)
			o->pools = (uint16_t)chance(seed, 8);
	}
}

static void
check_way(const struct cover_problem *p, const struct cover_way *way)
{
	struct cover_way again = *way;

	assert_true(cover_good(p, way->offers, way->n));
	cover_price(p, &again);
	assert_int_equal(again.cost, way->cost);
	for (uint16_t i = 0; i < way->n; i++) {
		assert_true(way->end[i] <= way->weeks);
		assert_true(i == 0 || way->from[i - 1] <= way->from[i]);
	}
}

static void
try_kind(const struct kind *k, unsigned rounds)
{
	uint16_t free_h[WEEKS];
	struct cover_offer offers[9];
	struct brute *b = calloc(1, sizeof(*b));
	struct cover_answer *a = calloc(1, sizeof(*a));
	uint64_t seed = UINT64_C(88172645463325252);
	unsigned there = 0, more = 0;

	assert_true(b != NULL && a != NULL);
	for (unsigned r = 0; r < rounds; r++) {
		const unsigned steps = (unsigned)chance(&seed, 4) + 2;
		struct cover_problem p = { .offers = offers,
			.offers_n = 5 + chance(&seed, 5),
			.free_h = free_h,
			.weeks_n = (uint16_t)(6 + chance(&seed, 30)) };
		p.goal = (UINT64_C(1) << steps) - 1;
		if (chance(&seed, 2) == 0)
			p.goal &= ~(UINT64_C(1) << chance(&seed, steps));
		random_offers(&seed, k, steps, p.offers_n, offers);
		for (unsigned w = 0; w < WEEKS; w++)
			free_h[w] =
			    (uint16_t)(k->busy && chance(&seed, 4) == 0 ? 0
									: 8);
		if (k->pool)
			p.pool = chance(&seed, 30) * 10;
		if (k->tied) {
			p.tied_n = 3;
			for (unsigned t = 0; t < 3; t++)
				p.tied[t] = chance(&seed, 15) * 10;
		}
		p.has_budget = k->budget;
		p.budget = chance(&seed, 30) * 10;
		b->p = &p;
		brute_front(b);
		assert_int_equal(cover_solve(&p, a), OK);
		for (uint16_t i = 0; i < a->ways_n; i++)
			check_way(&p, &a->ways[i]);
		if (!a->exact || !a->whole || a->found != b->points_n)
			fail_msg("%s %u: exact %d whole %d found %u, not %zu",
			    k->name, r, a->exact, a->whole, a->found,
			    b->points_n);
		there += a->found > 0;
		more += a->found > 1;
		for (uint16_t i = 0; a->found <= COVER_WAYS_MAX && i < a->found;
		     i++) {
			const struct cover_way *w = &a->ways[i];
			const struct brute_point *q = &b->points[i];
			if (w->cost != q->cost || w->unpriced != q->unpriced ||
			    w->weeks != q->weeks)
				fail_msg("%s %u.%u: cost %u weeks %u, not %u "
					 "%u",
				    k->name, r, i, (unsigned)w->cost, w->weeks,
				    (unsigned)q->cost, q->weeks);
		}
	}
	/* the problems must be worth something */
	assert_true(there > rounds / 4 && there < rounds);
	assert_true(k->dated || more > 0);
	free(a);
	free(b);
}

static void
test_brute_force(void **state)
{
	static const struct kind kinds[] = {
		{ .name = "plain" },
		{ .name = "needs", .needs = true },
		{ .name = "free", .needs = true, .free = true },
		{ .name = "pool", .pool = true, .needs = true },
		{ .name = "tied", .pool = true, .tied = true },
		{ .name = "tied needs", .tied = true, .needs = true },
		{ .name = "budget", .budget = true, .unpriced = true },
		{ .name = "weeks", .rigid = true },
		{ .name = "dated", .rigid = true, .dated = true, .busy = true },
		{ .name = "weeks needs", .rigid = true, .needs = true },
		{ "all", true, true, true, true, true, true, true, true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		try_kind(&kinds[i], 150);
}

/* ---- beyond the limits ---- */

static void
test_bounded(void **state)
{
	static struct cover_offer offers[200];
	static uint16_t free_h[COVER_WEEKS_MAX];
	static struct cover_answer small, whole;
	uint64_t seed = 31;
	unsigned bounded = 0, dearer = 0;

	(void)state;
	for (unsigned w = 0; w < COVER_WEEKS_MAX; w++)
		free_h[w] = 40;
	for (unsigned r = 0; r < 12; r++) {
		struct cover_problem p = { .offers = offers,
			.offers_n = 60 + 10 * r,
			.free_h = free_h,
			.weeks_n = COVER_WEEKS_MAX,
			.goal = (UINT64_C(1) << 17) - 1 };
		random_cover(&seed, 17, r % 3 == 2, p.offers_n, offers);
		assert_int_equal(cover_solve(&p, &whole), OK);
		assert_true(whole.exact && whole.ways_n > 0);
		p.states_max = 50;
		p.labels_max = 40;
		assert_int_equal(cover_solve(&p, &small), OK);
		assert_true(small.labels <= 40);
		if (small.exact)
			continue;
		bounded++;
		assert_true(small.ways_n > 0);
		const struct cover_way *w = &small.ways[0];
		const uint64_t best = whole.ways[0].cost;
		check_way(&p, w);
		assert_true(w->cost >= best);
		dearer += w->cost > best;
		/* both bounds are true */
		assert_true(small.bound >= 1000);
		assert_true(w->cost * 1000 <= best * small.bound);
		if (r % 3 == 2) {
			assert_int_equal(small.bound_always, 0);
		} else {
			assert_int_equal(
			    small.bound_always, cover_harmonic(17));
			assert_true(
			    w->cost * 1000 <= best * small.bound_always);
		}
	}
	assert_true(bounded > 6 && dearer > 0);
	assert_int_equal(cover_harmonic(1), 1000);
	assert_int_equal(cover_harmonic(4), 2084); /* 2.08333 */
}

/* The largest problem that there may be ends, and within its bounds. */
static void
test_largest(void **state)
{
	static struct cover_offer offers[1500];
	static uint16_t free_h[COVER_WEEKS_MAX];
	static struct cover_answer a;
	uint64_t seed = 5;
	struct cover_problem p = { .offers = offers,
		.offers_n = ARRAY_LEN(offers),
		.free_h = free_h,
		.weeks_n = COVER_WEEKS_MAX,
		.states_max = 20000,
		.labels_max = 5000,
		.goal = UINT64_MAX };

	(void)state;
	for (unsigned w = 0; w < COVER_WEEKS_MAX; w++)
		free_h[w] = 40;
	random_cover(&seed, 64, true, p.offers_n, offers);
	assert_int_equal(cover_solve(&p, &a), OK);
	assert_false(a.exact);
	assert_true(a.ways_n > 0);
	check_way(&p, &a.ways[0]);
	assert_true(a.bound >= 1000 && a.bound < cover_harmonic(64));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_brute_force),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
