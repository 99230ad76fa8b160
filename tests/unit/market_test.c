#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/market.h"
#include "match_world.h"

#define SIDE_MAX  14
#define EDGES_MAX (SIDE_MAX * SIDE_MAX)

/* A small market, and room for what a solver needs. */
struct small {
	struct market m;
	uint32_t start[SIDE_MAX + 1];
	struct market_edge edges[EDGES_MAX];
	uint16_t seats[SIDE_MAX], places[SIDE_MAX];
};

struct shape {
	uint32_t gigs, people;
	uint32_t density; /* percent */
	int32_t value;    /* the largest */
	uint16_t rooms;   /* seats and places up to this */
	bool equal;       /* all values alike */
};

static void
small_make(struct small *s, const struct shape *f, uint64_t *seed)
{
	uint32_t n = 0;

	s->start[0] = 0;
	for (uint32_t i = 0; i < f->gigs; i++) {
		s->seats[i] = (uint16_t)chance(seed, f->rooms + 1U);
		for (uint32_t j = 0; j < f->people; j++) {
			if (chance(seed, 100) >= f->density)
				continue;
			s->edges[n++] = (struct market_edge){ j,
				f->equal ? f->value
					 : (int32_t)chance(
					       seed, (uint64_t)f->value + 1) };
		}
		s->start[i + 1] = n;
	}
	for (uint32_t j = 0; j < f->people; j++)
		s->places[j] = (uint16_t)chance(seed, f->rooms + 1U);
	s->m = (struct market){ f->gigs, f->people, s->start, s->edges,
		f->rooms > 1 ? s->seats : NULL,
		f->rooms > 1 ? s->places : NULL };
}

static uint32_t
seats_of(const struct market *m, uint32_t i)
{
	return m->seats == NULL ? 1 : m->seats[i];
}

static uint32_t
places_of(const struct market *m, uint32_t j)
{
	return m->places == NULL ? 1 : m->places[j];
}

/*
 * The optimum by another way: flow along the longest augmenting path (Bellman
 * and Ford), one unit at a time, until none is worth anything.
 */
static int64_t
optimum(const struct market *m)
{
	static bool used[EDGES_MAX];
	uint32_t gig_left[SIDE_MAX], person_left[SIDE_MAX];
	int64_t total = 0;

	memset(used, 0, sizeof(used));
	for (uint32_t i = 0; i < m->gigs_n; i++)
		gig_left[i] = seats_of(m, i);
	for (uint32_t j = 0; j < m->people_n; j++)
		person_left[j] = places_of(m, j);
	for (;;) {
		int64_t gig[SIDE_MAX], person[SIDE_MAX], best = 0;
		int64_t into_gig[SIDE_MAX], into_person[SIDE_MAX];
		int64_t last = -1;
		bool moved = true;
		for (uint32_t i = 0; i < m->gigs_n; i++) {
			gig[i] = gig_left[i] > 0 ? 0 : INT64_MIN / 2;
			into_gig[i] = -1;
		}
		for (uint32_t j = 0; j < m->people_n; j++) {
			person[j] = INT64_MIN / 2;
			into_person[j] = -1;
		}
		while (moved) {
			moved = false;
			for (uint32_t i = 0; i < m->gigs_n; i++)
				for (uint32_t e = m->start[i];
				     e < m->start[i + 1]; e++) {
					const uint32_t j = m->edges[e].person;
					const int64_t v = m->edges[e].value;
					if (!used[e] && gig[i] >= 0 - 1000000 &&
					    gig[i] + v > person[j]) {
						person[j] = gig[i] + v;
						into_person[j] = e;
						moved = true;
					}
					if (used[e] &&
					    person[j] >= 0 - 1000000 &&
					    person[j] - v > gig[i]) {
						gig[i] = person[j] - v;
						into_gig[i] = e;
						moved = true;
					}
				}
		}
		for (uint32_t j = 0; j < m->people_n; j++)
			if (person_left[j] > 0 && person[j] > best) {
				best = person[j];
				last = j;
			}
		if (last < 0)
			return total;
		total += best;
		person_left[last]--;
		for (uint32_t j = (uint32_t)last;;) {
			const uint32_t e = (uint32_t)into_person[j];
			uint32_t i = 0;
			used[e] = true;
			while (m->start[i + 1] <= e)
				i++;
			if (into_gig[i] < 0) {
				gig_left[i]--;
				break;
			}
			used[into_gig[i]] = false;
			j = m->edges[into_gig[i]].person;
		}
	}
}

/* Nobody twice, nothing over its room, and the sum is the value. */
static void
check_pairs(const struct market *m, const struct market_pair *pairs, uint32_t n,
    int64_t value)
{
	uint32_t gig[SIDE_MAX] = { 0 }, person[SIDE_MAX] = { 0 };
	int64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct market_pair *p = &pairs[i];
		assert_in_range(p->edge, m->start[p->gig],
		    (uint64_t)m->start[p->gig + 1] - 1);
		assert_int_equal(m->edges[p->edge].person, p->person);
		assert_int_equal(m->edges[p->edge].value, p->value);
		for (uint32_t k = 0; k < i; k++)
			assert_int_not_equal(pairs[k].edge, p->edge);
		gig[p->gig]++;
		person[p->person]++;
		sum += p->value;
	}
	for (uint32_t i = 0; i < m->gigs_n; i++)
		assert_true(gig[i] <= seats_of(m, i));
	for (uint32_t j = 0; j < m->people_n; j++)
		assert_true(person[j] <= places_of(m, j));
	assert_int_equal(sum, value);
}

/* Weak duality, written down once more: by trying all numbers of seats. */
static int64_t
dual(const struct market *m, const int32_t *price)
{
	int64_t sum = 0;

	for (uint32_t j = 0; j < m->people_n; j++)
		sum += (int64_t)places_of(m, j) * price[j];
	for (uint32_t i = 0; i < m->gigs_n; i++) {
		bool taken[EDGES_MAX] = { false };
		for (uint32_t k = 0; k < seats_of(m, i); k++) {
			int64_t best = 0;
			uint32_t at = 0;
			for (uint32_t e = m->start[i]; e < m->start[i + 1];
			     e++) {
				const int64_t gain = m->edges[e].value -
						     price[m->edges[e].person];
				if (!taken[e] && gain > best &&
				    places_of(m, m->edges[e].person) > 0) {
					best = gain;
					at = e;
				}
			}
			if (best == 0)
				break;
			taken[at] = true;
			sum += best;
		}
	}
	return sum;
}

static void
check_market(const struct market *m, uint32_t ppm)
{
	const struct market_options o = { .gap_ppm = ppm };
	const int64_t best = optimum(m);
	struct market_pair pairs[EDGES_MAX];
	struct market_result r, again;
	uint32_t n;

	assert_int_equal(market_solve(m, &o, &r), OK);
	check_pairs(m, r.pairs, r.pairs_n, r.value);
	assert_true(r.bound >= best);
	assert_true(r.value <= best);
	assert_true(r.within);
	assert_true((r.bound - r.value) * 1000000 <= r.bound * (int64_t)ppm);
	if (ppm == 0) {
		assert_int_equal(r.value, best);
		assert_true(r.exact);
	}
	for (uint32_t j = 0; j < m->people_n; j++)
		assert_true(r.price[j] >= 0);
	assert_int_equal(market_bound(m, r.price), dual(m, r.price));
	assert_true(market_bound(m, r.price) >= best);
	/* once more: the same bytes */
	assert_int_equal(market_solve(m, &o, &again), OK);
	assert_int_equal(again.pairs_n, r.pairs_n);
	assert_memory_equal(again.pairs, r.pairs, r.pairs_n * sizeof(*r.pairs));
	assert_memory_equal(
	    again.price, r.price, m->people_n * sizeof(*r.price));
	market_free(&again);
	market_free(&r);
	const int64_t greedy = market_greedy(m, pairs, &n);
	check_pairs(m, pairs, n, greedy);
	assert_true(greedy * 2 >= best);
}

static void
test_against_flow(void **state)
{
	static const struct shape shapes[] = {
		{ 1, 1, 100, 10000, 1, false },
		{ 6, 12, 60, 10000, 1, false }, /* slack */
		{ 9, 9, 50, 10000, 1, false },  /* tight */
		{ 12, 7, 70, 10000, 1, false }, /* short */
		{ 9, 9, 20, 10000, 1, false },  /* few edges */
		{ 9, 9, 60, 3, 1, false },      /* many equal values */
		{ 9, 6, 80, 500, 1, true },     /* all equal */
		{ 6, 8, 60, 10000, 3, false },  /* seats and places */
		{ 8, 8, 50, 2, 3, false },
		{ 8, 5, 90, 300, 4, true },
		{ 0, 4, 50, 10, 1, false },
		{ 4, 0, 50, 10, 1, false },
	};
	uint64_t seed = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		for (int round = 0; round < 20; round++) {
			struct small s;
			small_make(&s, &shapes[i], &seed);
			check_market(&s.m, 0);
			check_market(&s.m, MARKET_GAP_PPM);
		}
}

/* Three want one person: who has the worse way out pays, the price says it. */
static void
test_prices(void **state)
{
	static const uint32_t start[] = { 0, 2, 4, 6 };
	static const struct market_edge edges[] = { { 0, 9000 }, { 1, 8000 },
		{ 0, 9000 }, { 2, 5000 }, { 0, 9000 }, { 3, 7000 } };
	const struct market m = { 3, 4, start, edges, NULL, NULL };
	const struct market_options o = { 0 };
	struct market_result r;

	(void)state;
	assert_int_equal(market_solve(&m, &o, &r), OK);
	assert_int_equal(r.value, 9000 + 8000 + 7000);
	assert_true(r.exact);
	assert_int_equal(r.pairs[1].gig, 1);
	assert_int_equal(r.pairs[1].person, 0);
	/* the next best would give up 2000 for it: that much and no more */
	assert_int_equal(r.price[0], 2000);
	assert_int_equal(r.wanted[0], 3);
	assert_int_equal(r.price[2], 0);
	assert_int_equal(r.wanted[2], 0);
	market_free(&r);
}

static void
test_seats_are_for_different_people(void **state)
{
	static const uint32_t start[] = { 0, 2 };
	static const struct market_edge edges[] = { { 0, 9000 }, { 1, 10 } };
	static const uint16_t seats[] = { 3 }, places[] = { 5, 5 };
	const struct market m = { 1, 2, start, edges, seats, places };
	struct market_result r;

	(void)state;
	assert_int_equal(market_solve(&m, NULL, &r), OK);
	assert_int_equal(r.pairs_n, 2);
	assert_int_equal(r.value, 9010);
	market_free(&r);
}

static void
test_bids_are_bounded(void **state)
{
	const struct shape f = { 12, 7, 90, 8000, 1, true };
	const struct market_options o = { .gap_ppm = 0, .bids_max = 20 };
	struct market_result r;
	struct small s;
	uint64_t seed = 3;

	(void)state;
	small_make(&s, &f, &seed);
	assert_int_equal(market_solve(&s.m, &o, &r), OK);
	assert_int_equal(r.bids, 20);
	assert_false(r.within);
	check_pairs(&s.m, r.pairs, r.pairs_n, r.value);
	assert_true(r.bound >= optimum(&s.m)); /* what it says is true still */
	market_free(&r);
}

static void
test_refused(void **state)
{
	static const struct market_edge edges[] = { { 0, 5 }, { 1, 5 } };
	static const struct market_edge twice[] = { { 1, 5 }, { 1, 6 } };
	static const struct market_edge large[] = { { 0, MARKET_VALUE_MAX + 1 },
		{ 1, 1 } };
	static const struct market_edge below[] = { { 0, -1 }, { 1, 1 } };
	static const uint32_t good[] = { 0, 2 }, falls[] = { 0, 2, 1 };
	const struct {
		struct market m;
		err want;
	} rows[] = {
		{ { 1, 2, good, edges, NULL, NULL }, OK },
		{ { 1, 1, good, edges, NULL, NULL }, ERR_FORM },
		{ { 1, 2, good, twice, NULL, NULL }, ERR_FORM },
		{ { 1, 2, good, large, NULL, NULL }, ERR_FORM },
		{ { 1, 2, good, below, NULL, NULL }, ERR_FORM },
		{ { 2, 2, falls, edges, NULL, NULL }, ERR_FORM },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct market_result r;
		assert_int_equal(
		    market_solve(&rows[i].m, NULL, &r), rows[i].want);
		market_free(&r);
	}
}

/* Larger than the flow can do: the certificate alone, on a random market. */
static void
test_certificate(void **state)
{
	enum { GIGS = 600, PEOPLE = 500, DEGREE = 12 };
	static uint32_t start[GIGS + 1];
	static struct market_edge edges[GIGS * DEGREE];
	static uint16_t places[PEOPLE];
	struct market m = { GIGS, PEOPLE, start, edges, NULL, places };
	struct market_result r;
	uint64_t seed = 11;
	uint32_t n = 0;

	(void)state;
	for (uint32_t j = 0; j < PEOPLE; j++)
		places[j] = (uint16_t)chance(&seed, 3);
	for (uint32_t i = 0; i < GIGS; i++) {
		const uint32_t from = (uint32_t)chance(&seed, PEOPLE);
		for (uint32_t k = 0; k < DEGREE; k++)
			edges[n++] = (struct market_edge){
				(from + k * 37) % PEOPLE,
				(int32_t)chance(&seed, 10001),
			};
		start[i + 1] = n;
	}
	assert_int_equal(market_solve(&m, NULL, &r), OK);
	assert_true(r.within);
	assert_true(r.bound >= r.value);
	assert_true((r.bound - r.value) * 1000 <= r.bound);
	/* prices in whole points prove nearly as much */
	assert_true(market_bound(&m, r.price) >= r.value);
	assert_true(market_bound(&m, r.price) <= r.bound + GIGS + PEOPLE);
	market_free(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_flow),
		cmocka_unit_test(test_prices),
		cmocka_unit_test(test_seats_are_for_different_people),
		cmocka_unit_test(test_bids_are_bounded),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
