/* Greedy cover, local search, prices of sets: see path/cover.h. */
#include "match/path/cover.h"

#define UNPRICED   (UINT64_C(1) << 56) /* dearer than all prices together */
#define ROUNDS_MAX 4

/* ---- sets ---- */

/* The steps that a set gives, each offer after what it needs. */
static uint64_t
closure(const struct cover_problem *p, const uint16_t *set, uint16_t n,
    uint16_t without)
{
	uint64_t have = 0, before;

	do {
		before = have;
		for (uint16_t i = 0; i < n; i++) {
			const struct cover_offer *o = &p->offers[set[i]];
			if (i != without && (o->needs & ~have) == 0)
				have |= o->gives;
		}
	} while (have != before);
	return have;
}

bool
cover_good(const struct cover_problem *p, const uint16_t *set, uint16_t n)
{
	const uint64_t have = closure(p, set, n, UINT16_MAX);

	if ((p->goal & ~have) != 0)
		return false;
	for (uint16_t i = 0; i < n; i++)
		if ((p->offers[set[i]].needs & ~have) != 0)
			return false;
	return true;
}

uint64_t
cover_reach(const struct cover_problem *p)
{
	uint64_t have = 0, before;

	do {
		before = have;
		for (size_t i = 0; i < p->offers_n; i++)
			if ((p->offers[i].needs & ~have) == 0)
				have |= p->offers[i].gives;
	} while (have != before);
	return have;
}

static uint64_t
weight(const struct cover_offer *o, bool by_hours)
{
	if (by_hours)
		return (uint64_t)o->hours * 1000;
	return o->cost + (o->unpriced ? UNPRICED : 0);
}

uint16_t
cover_thin(const struct cover_problem *p, uint16_t *set, uint16_t n)
{
	bool kept[COVER_STEPS_MAX] = { false };

	for (;;) {
		uint16_t worst = UINT16_MAX;
		for (uint16_t i = 0; i < n; i++) {
			if (kept[i])
				continue;
			if (worst == UINT16_MAX ||
			    weight(&p->offers[set[i]], false) >
				weight(&p->offers[set[worst]], false))
				worst = i;
		}
		if (worst == UINT16_MAX)
			return n;
		if ((p->goal & ~closure(p, set, n, worst)) != 0) {
			kept[worst] = true;
			continue;
		}
		for (uint16_t i = worst; i + 1 < n; i++) {
			set[i] = set[i + 1];
			kept[i] = kept[i + 1];
		}
		n--;
	}
}

/* ---- who pays ---- */

struct flow {
	const struct cover_problem *p;
	const struct cover_way *way;
	uint64_t open[COVER_STEPS_MAX]; /* of each offer, not paid yet */
	uint64_t left[COVER_POOLS_MAX];
	uint64_t paid[COVER_STEPS_MAX][COVER_POOLS_MAX];
};

/* Find money for offer i, moving that of others to other pools if need be. */
static uint64_t
draw(struct flow *f, uint16_t i, uint64_t want, uint32_t *seen)
{
	for (uint16_t t = 0; t < f->p->tied_n; t++) {
		if ((f->p->offers[f->way->offers[i]].pools >> t & 1) == 0 ||
		    (*seen >> t & 1) != 0)
			continue;
		*seen |= UINT32_C(1) << t;
		uint64_t got = MIN(want, f->left[t]);
		f->left[t] -= got;
		for (uint16_t k = 0; got == 0 && k < f->way->n; k++) {
			if (k == i || f->paid[k][t] == 0)
				continue;
			const uint64_t moved =
			    draw(f, k, MIN(want, f->paid[k][t]), seen);
			f->paid[k][t] -= moved;
			got = moved;
		}
		if (got > 0) {
			f->paid[i][t] += got;
			return got;
		}
	}
	return 0;
}

static uint64_t
tied_pay(const struct cover_problem *p, const struct cover_way *way)
{
	struct flow f = { .p = p, .way = way };
	uint64_t sum = 0;

	memcpy(f.left, p->tied, p->tied_n * sizeof(*f.left));
	for (uint16_t i = 0; i < way->n; i++) {
		uint64_t open = p->offers[way->offers[i]].cost;
		while (open > 0) {
			uint32_t seen = 0;
			const uint64_t got = draw(&f, i, open, &seen);
			if (got == 0)
				break;
			open -= got;
			sum += got;
		}
	}
	return sum;
}

void
cover_price(const struct cover_problem *p, struct cover_way *way)
{
	uint64_t gross = 0;

	way->hours = 0;
	way->unpriced = 0;
	for (uint16_t i = 0; i < way->n; i++) {
		const struct cover_offer *o = &p->offers[way->offers[i]];
		gross += o->cost;
		way->hours += o->hours;
		way->unpriced = (uint16_t)(way->unpriced + o->unpriced);
	}
	way->paid = p->tied_n == 0 ? 0 : tied_pay(p, way);
	way->paid += MIN(p->pool, gross - way->paid);
	way->cost = gross - way->paid;
}

/* ---- greedy ---- */

uint32_t
cover_harmonic(unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 1; i <= n; i++)
		sum += (UINT64_C(1000000000) + i - 1) / i;
	return (uint32_t)((sum + 999999) / 1000000);
}

/* a/b < c/d, for weights below 2^62 and small divisors. */
static bool
ratio_less(uint64_t a, unsigned b, uint64_t c, unsigned d)
{
	const uint64_t qa = a / b, qc = c / d;

	if (qa != qc)
		return qa < qc;
	return (a % b) * d < (c % d) * b;
}

static unsigned
count_steps(uint64_t steps)
{
	return (unsigned)__builtin_popcountll(steps);
}

/* What its needs will cost at least is not known: their fair share counts. */
static uint64_t
with_needs(const uint64_t *share, const struct cover_offer *o, uint64_t have,
    bool by_hours)
{
	uint64_t sum = weight(o, by_hours);

	for (uint64_t rest = o->needs & ~have; rest != 0; rest &= rest - 1)
		sum += share[__builtin_ctzll(rest)];
	return sum;
}

/* The cheapest way to one step, alone. */
static void
cheapest_each(const struct cover_problem *p, bool by_hours, uint64_t *share)
{
	for (unsigned s = 0; s < COVER_STEPS_MAX; s++)
		share[s] = UNPRICED;
	for (size_t i = 0; i < p->offers_n; i++) {
		const uint64_t w = weight(&p->offers[i], by_hours);
		for (uint64_t g = p->offers[i].gives; g != 0; g &= g - 1) {
			uint64_t *s = &share[__builtin_ctzll(g)];
			*s = MIN(*s, w);
		}
	}
}

/* The offer with the best price for the steps that are owed. */
static size_t
best_offer(const struct cover_problem *p, const uint64_t *share, uint64_t reach,
    uint64_t have, uint64_t owed, bool by_hours)
{
	size_t best = SIZE_MAX;
	uint64_t best_w = 0;
	unsigned best_k = 1;

	for (size_t i = 0; i < p->offers_n; i++) {
		const struct cover_offer *o = &p->offers[i];
		const unsigned k = count_steps(o->gives & ~o->needs & owed);
		if (k == 0 || (o->needs & ~reach) != 0)
			continue;
		const uint64_t w = with_needs(share, o, have, by_hours);
		if (best == SIZE_MAX || ratio_less(w, k, best_w, best_k) ||
		    (!ratio_less(best_w, best_k, w, k) &&
			o->hours < p->offers[best].hours)) {
			best = i;
			best_w = w;
			best_k = k;
		}
	}
	return best;
}

/* Needs that go round in a circle: the cheapest offer that opens it. */
static size_t
opening_offer(const struct cover_problem *p, uint64_t now, bool by_hours)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < p->offers_n; i++) {
		const struct cover_offer *o = &p->offers[i];
		if ((o->needs & ~now) != 0 || (o->gives & ~now) == 0)
			continue;
		if (best == SIZE_MAX ||
		    weight(o, by_hours) < weight(&p->offers[best], by_hours))
			best = i;
	}
	return best;
}

static bool
pick(const struct cover_problem *p, bool by_hours, uint16_t *set, uint16_t *n)
{
	const uint64_t reach = cover_reach(p);
	uint64_t share[COVER_STEPS_MAX];
	uint64_t have = 0, owed = p->goal;

	cheapest_each(p, by_hours, share);
	*n = 0;
	while (owed != 0 || !cover_good(p, set, *n)) {
		const size_t o =
		    owed != 0
			? best_offer(p, share, reach, have, owed, by_hours)
			: opening_offer(
			      p, closure(p, set, *n, UINT16_MAX), by_hours);
		if (o == SIZE_MAX || *n == COVER_STEPS_MAX)
			return false;
		set[(*n)++] = (uint16_t)o;
		have |= p->offers[o].gives & ~p->offers[o].needs;
		owed = (owed | p->offers[o].needs) & ~have;
	}
	return true;
}

static uint64_t
sum_of(const struct cover_problem *p, const uint16_t *set, uint16_t n,
    bool by_hours)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < n; i++)
		sum += weight(&p->offers[set[i]], by_hours);
	return sum;
}

/* Take the other set if it is good and cheaper, after thinning. */
static bool
take_if_cheaper(const struct cover_problem *p, bool by_hours, uint16_t *other,
    uint16_t n, uint16_t *set, uint16_t *set_n)
{
	if (!cover_good(p, other, n))
		return false;
	n = cover_thin(p, other, n);
	if (sum_of(p, other, n, by_hours) >= sum_of(p, set, *set_n, by_hours))
		return false;
	memcpy(set, other, n * sizeof(*set));
	*set_n = n;
	return true;
}

/* One offer for another, and one in addition so that others can go. */
static bool
improve_by(const struct cover_problem *p, bool by_hours, uint16_t o,
    uint16_t *set, uint16_t *n)
{
	const uint64_t w = weight(&p->offers[o], by_hours);
	uint16_t other[COVER_STEPS_MAX + 1];
	bool better = false;

	for (uint16_t i = 0; i < *n; i++) {
		if (w >= weight(&p->offers[set[i]], by_hours))
			continue;
		memcpy(other, set, *n * sizeof(*set));
		other[i] = o;
		better =
		    take_if_cheaper(p, by_hours, other, *n, set, n) || better;
	}
	if (*n == COVER_STEPS_MAX || w >= sum_of(p, set, *n, by_hours) ||
	    count_steps(p->offers[o].gives & p->goal) < 2)
		return better;
	memcpy(other, set, *n * sizeof(*set));
	other[*n] = o;
	return take_if_cheaper(
		   p, by_hours, other, (uint16_t)(*n + 1), set, n) ||
	       better;
}

static void
improve(
    const struct cover_problem *p, bool by_hours, uint16_t *set, uint16_t *n)
{
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		bool better = false;
		for (size_t o = 0; o < p->offers_n; o++)
			if ((p->offers[o].gives & p->goal) != 0)
				better = improve_by(p, by_hours, (uint16_t)o,
					     set, n) ||
					 better;
		if (!better)
			return;
	}
}

/* What greedy without needs makes each step pay; false: a step is lost. */
static bool
step_prices(const struct cover_problem *p, uint64_t price[COVER_STEPS_MAX])
{
	uint64_t owed = p->goal;

	memset(price, 0, COVER_STEPS_MAX * sizeof(*price));
	while (owed != 0) {
		size_t best = SIZE_MAX;
		unsigned best_k = 1;
		for (size_t i = 0; i < p->offers_n; i++) {
			const unsigned k =
			    count_steps(p->offers[i].gives & owed);
			if (k > 0 && (best == SIZE_MAX ||
					 ratio_less(p->offers[i].cost, k,
					     p->offers[best].cost, best_k))) {
				best = i;
				best_k = k;
			}
		}
		if (best == SIZE_MAX)
			return false;
		const uint64_t each = p->offers[best].cost / best_k;
		uint64_t g = p->offers[best].gives & owed;
		owed &= ~g;
		for (; g != 0; g &= g - 1)
			price[__builtin_ctzll(g)] = each;
	}
	return true;
}

static uint64_t
price_of(const uint64_t *price, uint64_t steps)
{
	uint64_t sum = 0;

	for (; steps != 0; steps &= steps - 1)
		sum += price[__builtin_ctzll(steps)];
	return sum;
}

/*
 * Dual fitting: scaled down so that no offer's steps cost more than the
 * offer does, the prices of the steps sum up to less than every cover.
 */
static uint64_t
lower_bound(const struct cover_problem *p)
{
	uint64_t price[COVER_STEPS_MAX], worst = 1;

	if (!step_prices(p, price))
		return 0;
	for (size_t i = 0; i < p->offers_n; i++) {
		const uint64_t cost = p->offers[i].cost;
		const uint64_t steps =
		    price_of(price, p->offers[i].gives & p->goal);
		if (steps > 0 && cost == 0)
			return 0; /* cannot be: what is free comes first */
		if (steps > 0)
			worst = MAX(worst, (steps * 1000 + cost - 1) / cost);
	}
	return price_of(price, p->goal) * 1000 / worst;
}

bool
cover_greedy(const struct cover_problem *p, bool by_hours,
    struct cover_way *way, uint64_t *lower)
{
	*lower = by_hours ? 0 : lower_bound(p);
	way->n = 0;
	if (!pick(p, by_hours, way->offers, &way->n))
		return false;
	way->n = cover_thin(p, way->offers, way->n);
	improve(p, by_hours, way->offers, &way->n);
	cover_price(p, way);
	return true;
}
