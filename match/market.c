#include "match/market.h"

#include <stdlib.h>

/*
 * Prices are kept in parts of a point, so that a step can be so small that
 * the sum of all steps stays below one point: then the result is an optimum.
 */
#define PARTS        (INT32_C(1) << 17)
#define STEP_LESS    4  /* each round's step is the one before by this */
#define STEP_COARSE  32 /* the round ahead of all: so many first steps */
#define SETTLE_EDGES (UINT32_C(1) << 22) /* looked at for the least prices */
#define LOWER_BY     4                   /* last steps below the last prices */
#define FETCHED      32                  /* edges of a gig */
#define AHEAD        4 /* gigs of the queue that are fetched meanwhile */

#define HELD 1U /* of an edge: a seat of its gig has the person now */

/* One place of a person. Those of a person are a heap, cheapest first. */
struct place {
	int32_t price;
	uint32_t gig, edge; /* MARKET_NOBODY: free, to be had from ${price} */
};

/*
 * The edges of a gig that gained most when it last looked at all of them, and
 * what no other edge gains: prices only rise, so while the two best of these
 * are above the rest, a bid need not look at the others.
 */
#define SHORT_LIST 4
struct short_list {
	uint32_t person[SHORT_LIST], edge[SHORT_LIST];
	int32_t value[SHORT_LIST];
	int32_t rest;
	uint32_t n; /* 0: not looked yet */
};

struct auction {
	const struct market *m;
	struct short_list *lists; /* by gig */
	uint32_t seats_n, places_n;
	uint8_t *flags;  /* by edge */
	int32_t *price;  /* by person: of the cheapest place */
	int32_t *next;   /* by person: a price to come */
	uint32_t *first; /* by person: its places; people_n + 1 */
	struct place *places;
	uint16_t *open;  /* by gig: seats to bid for */
	uint32_t *queue; /* gigs with open seats, each once: a ring */
	uint32_t head, queued;
	uint64_t bids, bids_max;
	bool many;     /* some gig has more seats than one: HELD is kept up */
	int32_t lower; /* the round begins at the last one's prices less this */
};
#define FROM_NOTHING INT32_MAX

/* ---- what comes in ---- */

static uint16_t
seats_of(const struct market *m, uint32_t gig)
{
	return m->seats == NULL ? 1 : m->seats[gig];
}

static uint16_t
places_of(const struct market *m, uint32_t person)
{
	return m->places == NULL ? 1 : m->places[person];
}

/* ${seen}: people_n zeros, used up. */
NODISCARD static err
edges_check(const struct market *m, uint32_t *seen)
{
	if (m->start[0] != 0)
		return ERR_FORM;
	for (uint32_t i = 0; i < m->gigs_n; i++) {
		if (m->start[i + 1] < m->start[i])
			return ERR_FORM;
		if (m->start[i + 1] > MARKET_EDGES_MAX)
			return ERR_LIMIT;
		for (uint32_t e = m->start[i]; e < m->start[i + 1]; e++) {
			const struct market_edge *x = &m->edges[e];
			if (x->person >= m->people_n || x->value < 0 ||
			    x->value > MARKET_VALUE_MAX ||
			    seen[x->person] == i + 1)
				return ERR_FORM;
			seen[x->person] = i + 1;
		}
	}
	return OK;
}

/* A place more than a person has edges is of no use; neither is a seat. */
NODISCARD static err
rooms_count(struct auction *a)
{
	uint64_t seats = 0, places = 0;

	for (uint32_t i = 0; i < a->m->gigs_n; i++) {
		seats += seats_of(a->m, i);
		a->many = a->many || seats_of(a->m, i) > 1;
	}
	for (uint32_t i = 0; i < a->m->people_n; i++)
		places += places_of(a->m, i);
	if (seats > MARKET_EDGES_MAX || places > MARKET_EDGES_MAX)
		return ERR_LIMIT;
	a->seats_n = (uint32_t)seats;
	a->places_n = (uint32_t)places;
	return OK;
}

static void
auction_fini(struct auction *a)
{
	free(a->flags);
	free(a->lists);
	free(a->price);
	free(a->next);
	free(a->first);
	free(a->places);
	free(a->open);
	free(a->queue);
}

NODISCARD static err
auction_init(struct auction *a, const struct market *m)
{
	const size_t edges = m->gigs_n == 0 ? 0 : m->start[m->gigs_n];

	a->m = m;
	a->flags = calloc(edges + 1, 1);
	a->lists = calloc((size_t)m->gigs_n + 1, sizeof(*a->lists));
	a->price = calloc((size_t)m->people_n + 1, sizeof(*a->price));
	a->next = calloc((size_t)m->people_n + 1, sizeof(*a->next));
	a->first = calloc((size_t)m->people_n + 1, sizeof(*a->first));
	a->places = calloc((size_t)a->places_n + 1, sizeof(*a->places));
	a->open = calloc((size_t)m->gigs_n + 1, sizeof(*a->open));
	a->queue = calloc((size_t)m->gigs_n + 1, sizeof(*a->queue));
	if (a->flags == NULL || a->lists == NULL || a->price == NULL ||
	    a->next == NULL || a->first == NULL || a->places == NULL ||
	    a->open == NULL || a->queue == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < m->people_n; i++)
		a->first[i + 1] = a->first[i] + places_of(m, i);
	return OK;
}

/* ---- one round ---- */

/* All places are free; the prices begin where ${lower} says. */
static void
auction_reset(struct auction *a)
{
	const struct market *m = a->m;

	memset(a->flags, 0, m->gigs_n == 0 ? 0 : m->start[m->gigs_n]);
	for (uint32_t i = 0; i < m->people_n; i++) {
		const int32_t from =
		    a->price[i] > a->lower ? a->price[i] - a->lower : 0;
		for (uint32_t k = a->first[i]; k < a->first[i + 1]; k++)
			a->places[k] = (struct place){ from, MARKET_NOBODY, 0 };
		/* no place, no bid */
		a->price[i] = a->first[i] == a->first[i + 1] ? INT32_MAX : from;
	}
	a->head = a->queued = 0;
	for (uint32_t i = 0; i < m->gigs_n; i++)
		a->lists[i].n = 0;
	for (uint32_t i = 0; i < m->gigs_n; i++) {
		a->open[i] = seats_of(m, i);
		if (a->open[i] > 0)
			a->queue[a->queued++] = i;
	}
}

static void
queue_put(struct auction *a, uint32_t gig)
{
	uint32_t at = a->head + a->queued++;

	if (at >= a->m->gigs_n)
		at -= a->m->gigs_n;
	a->queue[at] = gig;
}

static uint32_t
queue_take(struct auction *a)
{
	const uint32_t gig = a->queue[a->head];

	if (++a->head == a->m->gigs_n)
		a->head = 0;
	a->queued--;
	return gig;
}

/* The root has become dearer: down with it. */
static void
heap_sink(struct place *heap, uint32_t n)
{
	uint32_t at = 0, child;

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && heap[child + 1].price < heap[child].price)
			child++;
		if (heap[at].price <= heap[child].price)
			return;
		const struct place p = heap[at];
		heap[at] = heap[child];
		heap[child] = p;
		at = child;
	}
}

/* The gig takes the cheapest place of the person, whose edge it is. */
static void
place_take(struct auction *a, uint32_t gig, uint32_t person, uint32_t edge,
    int32_t price)
{
	struct place *heap = &a->places[a->first[person]];

	if (heap[0].gig != MARKET_NOBODY) {
		const uint32_t loser = heap[0].gig;
		if (a->many)
			a->flags[heap[0].edge] &= (uint8_t)~HELD;
		if (a->open[loser]++ == 0 && loser != gig)
			queue_put(a, loser);
	}
	heap[0] = (struct place){ price, gig, edge };
	if (a->many)
		a->flags[edge] |= HELD;
	heap_sink(heap, a->first[person + 1] - a->first[person]);
	a->price[person] = heap[0].price;
}

/* Look at all edges: the short list and the rest. */
static void
look(const struct auction *a, uint32_t gig, struct short_list *l)
{
	const struct market *m = a->m;
	const uint32_t end = m->start[gig + 1];
	int32_t gains[SHORT_LIST + 1] = { 0 };
	uint32_t edges[SHORT_LIST + 1] = { 0 };

	for (uint32_t e = m->start[gig]; e < end; e++) {
		const struct market_edge x = m->edges[e];
		const int32_t gain = x.value * PARTS - a->price[x.person];
		uint32_t i = SHORT_LIST;
		if (gain <= gains[SHORT_LIST])
			continue;
		for (; i > 0 && gains[i - 1] < gain; i--) {
			gains[i] = gains[i - 1];
			edges[i] = edges[i - 1];
		}
		gains[i] = gain;
		edges[i] = e;
	}
	l->rest = gains[SHORT_LIST];
	for (l->n = 0; l->n < SHORT_LIST && gains[l->n] > 0; l->n++) {
		const struct market_edge x = m->edges[edges[l->n]];
		l->person[l->n] = x.person;
		l->value[l->n] = x.value;
		l->edge[l->n] = edges[l->n];
	}
}

/* The best edges for another seat of a gig. */
struct offer {
	int32_t best, second; /* gains; 0: none */
	uint32_t person, edge;
};

static void
offer_add(struct offer *o, int32_t gain, uint32_t person, uint32_t edge)
{
	if (gain > o->best) {
		o->second = o->best;
		*o = (struct offer){ gain, o->best, person, edge };
	} else if (gain > o->second) {
		o->second = gain;
	}
}

/*
 * Of the short list; true: no other edge can be among the two best. With a
 * single seat, a gig that bids holds nobody.
 */
static bool
offer_short(
    const struct auction *a, const struct short_list *l, struct offer *o)
{
	*o = (struct offer){ 0 };
	for (uint32_t i = 0; i < l->n; i++) {
		if (!a->many || (a->flags[l->edge[i]] & HELD) == 0)
			offer_add(o,
			    l->value[i] * PARTS - a->price[l->person[i]],
			    l->person[i], l->edge[i]);
	}
	return l->n > 0 && o->second >= l->rest;
}

/* Of all edges. */
static void
offer_all(const struct auction *a, uint32_t gig, struct offer *o)
{
	const struct market *m = a->m;

	*o = (struct offer){ 0 };
	for (uint32_t e = m->start[gig]; e < m->start[gig + 1]; e++) {
		const struct market_edge x = m->edges[e];
		if (!a->many || (a->flags[e] & HELD) == 0)
			offer_add(o, x.value * PARTS - a->price[x.person],
			    x.person, e);
	}
}

/*
 * One bid of a gig: for whom it gains most, so much that the second best
 * would be as good, and a step more. false: nobody is worth the price.
 */
static bool
bid(struct auction *a, uint32_t gig, int32_t step)
{
	struct short_list *l = &a->lists[gig];
	struct offer o;

	if (!offer_short(a, l, &o)) {
		look(a, gig, l);
		if (!offer_short(a, l, &o))
			offer_all(a, gig, &o);
	}
	if (o.best == 0)
		return false;
	a->bids++;
	place_take(a, gig, o.person, o.edge,
	    a->price[o.person] + (o.best - o.second) + step);
	return true;
}

static uint32_t
queue_at(const struct auction *a, uint32_t ahead)
{
	const uint32_t at = a->head + ahead;

	return a->queue[at >= a->m->gigs_n ? at - a->m->gigs_n : at];
}

/*
 * Bids are little work on memory that lies far apart: what the next gigs will
 * look at is fetched in three steps, each of which needs the one before.
 */
static void
fetch_ahead(const struct auction *a)
{
	const struct market *m = a->m;

	if (a->queued <= 3 * AHEAD)
		return;
	const uint32_t gig = queue_at(a, 3 * AHEAD);
	__builtin_prefetch(&a->lists[gig]);
	__builtin_prefetch(&a->lists[gig].rest);
	__builtin_prefetch(&m->start[gig]);

	const uint32_t middle = queue_at(a, 2 * AHEAD);
	const struct short_list *l = &a->lists[middle];
	const uint32_t first = m->start[middle];
	const uint32_t end = MIN(m->start[middle + 1], first + FETCHED);
	for (uint32_t i = 0; i < l->n; i++) {
		__builtin_prefetch(&a->price[l->person[i]]);
		__builtin_prefetch(&a->first[l->person[i]]);
	}
	for (uint32_t e = first; e < end; e += 8)
		__builtin_prefetch(&m->edges[e]);

	l = &a->lists[queue_at(a, AHEAD)];
	for (uint32_t i = 0; i < MIN(l->n, UINT32_C(2)); i++)
		__builtin_prefetch(&a->places[a->first[l->person[i]]]);
}

/* Where it was not kept up. */
static void
mark_held(struct auction *a)
{
	for (uint32_t i = 0; i < a->places_n && !a->many; i++) {
		if (a->places[i].gig != MARKET_NOBODY)
			a->flags[a->places[i].edge] |= HELD;
	}
}

/* false: the bids are used up. */
static bool
round_run(struct auction *a, int32_t step)
{
	auction_reset(a);
	while (a->queued > 0) {
		const uint32_t gig = queue_take(a);
		fetch_ahead(a);
		while (a->open[gig] > 0) {
			if (a->bids >= a->bids_max)
				return false;
			if (!bid(a, gig, step)) {
				a->open[gig] = 0;
				break;
			}
			a->open[gig]--;
		}
	}
	return true;
}

/* ---- the certificate ---- */

/* The sum of the largest ${k} of the gains that are above 0. */
static int64_t
best_gains(const struct market *m, uint32_t gig, const int32_t *price,
    int32_t parts, int32_t *top)
{
	const uint32_t k = seats_of(m, gig);
	uint32_t n = 0;
	int64_t sum = 0;

	for (uint32_t e = m->start[gig]; e < m->start[gig + 1]; e++) {
		const struct market_edge x = m->edges[e];
		const int32_t gain = x.value * parts - price[x.person];
		if (gain <= 0 || places_of(m, x.person) == 0 ||
		    (n == k && (k == 0 || gain <= top[n - 1])))
			continue;
		if (n < k)
			n++;
		else
			sum -= top[n - 1];
		sum += gain;
		uint32_t i = n - 1;
		for (; i > 0 && top[i - 1] < gain; i--)
			top[i] = top[i - 1];
		top[i] = gain;
	}
	return sum;
}

static uint32_t
most_edges(const struct market *m)
{
	uint32_t most = 1;

	for (uint32_t i = 0; i < m->gigs_n; i++)
		most = MAX(most, m->start[i + 1] - m->start[i]);
	return most;
}

/* In parts; ${top} has room for most_edges(). */
static int64_t
bound_of(
    const struct market *m, const int32_t *price, int32_t parts, int32_t *top)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < m->people_n; i++)
		if (places_of(m, i) > 0)
			sum += (int64_t)places_of(m, i) * price[i];
	for (uint32_t i = 0; i < m->gigs_n; i++)
		sum += best_gains(m, i, price, parts, top);
	return sum;
}

int64_t
market_bound(const struct market *m, const int32_t *price)
{
	int32_t *top = malloc(most_edges(m) * sizeof(*top));
	int64_t bound = -1;

	if (top != NULL)
		bound = bound_of(m, price, 1, top);
	free(top);
	return bound;
}

/* ---- the least prices ---- */

/*
 * A price need be no more than what the others would pay for the person, given
 * what they have. Then whoever has the person gains more, and would pay less
 * for others in turn. false: nothing has moved.
 */
static bool
prices_lower(struct auction *a)
{
	const struct market *m = a->m;
	bool moved = false;

	memset(a->next, 0, (size_t)m->people_n * sizeof(*a->next));
	for (uint32_t i = 0; i < m->gigs_n; i++) {
		int32_t least = INT32_MAX;
		uint32_t held = 0;
		for (uint32_t e = m->start[i]; e < m->start[i + 1]; e++) {
			const struct market_edge x = m->edges[e];
			if ((a->flags[e] & HELD) == 0)
				continue;
			held++;
			least =
			    MIN(least, x.value * PARTS - a->price[x.person]);
		}
		least = held < seats_of(m, i) ? 0 : MAX(least, 0);
		for (uint32_t e = m->start[i]; e < m->start[i + 1]; e++) {
			const struct market_edge x = m->edges[e];
			if ((a->flags[e] & HELD) == 0)
				a->next[x.person] = MAX(
				    a->next[x.person], x.value * PARTS - least);
		}
	}
	for (uint32_t i = 0; i < m->people_n; i++)
		if (a->price[i] != INT32_MAX && a->next[i] < a->price[i]) {
			a->price[i] = a->next[i];
			moved = true;
		}
	return moved;
}

/* As far as the work allows; each step on the way is true as well. */
static void
prices_settle(struct auction *a)
{
	const uint32_t edges =
	    a->m->gigs_n == 0 ? 0 : a->m->start[a->m->gigs_n];
	uint32_t rounds = SETTLE_EDGES / (edges + 1);

	while (rounds > 0 && prices_lower(a))
		rounds--;
}

/* ---- what comes out ---- */

static int64_t
value_of(const struct auction *a)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < a->places_n; i++)
		if (a->places[i].gig != MARKET_NOBODY)
			sum += a->m->edges[a->places[i].edge].value;
	return sum;
}

NODISCARD static err
result_init(const struct auction *a, struct market_result *r)
{
	const struct market *m = a->m;

	*r = (struct market_result){ .bound = INT64_MAX, .value = -1 };
	r->pairs =
	    calloc((size_t)MIN(a->seats_n, a->places_n) + 1, sizeof(*r->pairs));
	r->price = calloc((size_t)m->people_n + 1, sizeof(*r->price));
	r->wanted = calloc((size_t)m->people_n + 1, sizeof(*r->wanted));
	r->spare = calloc((size_t)m->gigs_n + 1, sizeof(*r->spare));
	return r->pairs == NULL || r->price == NULL || r->wanted == NULL ||
		       r->spare == NULL
		   ? ERR_NOMEM
		   : OK;
}

void
market_free(struct market_result *r)
{
	free(r->pairs);
	free(r->price);
	free(r->wanted);
	free(r->spare);
	*r = (struct market_result){ 0 };
}

static int
pair_order(const void *a, const void *b)
{
	const struct market_pair *x = a, *y = b;

	if (x->gig != y->gig)
		return x->gig < y->gig ? -1 : 1;
	return (x->person > y->person) - (x->person < y->person);
}

/*
 * What the gig gains by its seats: the least of them, 0 when one is open; and
 * the most that another seat would.
 */
static int32_t
gains_of(const struct auction *a, uint32_t gig, struct market_result *r)
{
	const struct market *m = a->m;
	const uint32_t from = r->pairs_n;
	int32_t least = INT32_MAX, spare = 0;

	for (uint32_t e = m->start[gig]; e < m->start[gig + 1]; e++) {
		const struct market_edge x = m->edges[e];
		if (a->price[x.person] == INT32_MAX)
			continue;
		const int32_t gain = x.value * PARTS - a->price[x.person];
		if ((a->flags[e] & HELD) == 0) {
			spare = MAX(spare, gain);
			continue;
		}
		least = MIN(least, gain);
		r->pairs[r->pairs_n++] =
		    (struct market_pair){ gig, x.person, e, x.value };
	}
	r->spare[gig] = spare / PARTS;
	if (r->pairs_n - from > 1)
		qsort(&r->pairs[from], r->pairs_n - from, sizeof(*r->pairs),
		    pair_order);
	return r->pairs_n - from < seats_of(m, gig) ? 0 : MAX(least, 0);
}

/* The round's outcome becomes the result. */
static void
result_take(const struct auction *a, int32_t step, struct market_result *r)
{
	const struct market *m = a->m;

	r->pairs_n = 0;
	r->step = (step + PARTS - 1) / PARTS;
	memset(r->wanted, 0, (size_t)m->people_n * sizeof(*r->wanted));
	for (uint32_t i = 0; i < m->people_n; i++)
		r->price[i] = places_of(m, i) == 0 ? 0 : a->price[i] / PARTS;
	for (uint32_t i = 0; i < m->gigs_n; i++) {
		const int32_t gain = gains_of(a, i, r);
		for (uint32_t e = m->start[i]; e < m->start[i + 1]; e++) {
			const struct market_edge x = m->edges[e];
			r->wanted[x.person] +=
			    (a->flags[e] & HELD) != 0 ||
			    (int64_t)x.value * PARTS > (int64_t)gain + step;
		}
	}
}

static bool
gap_within(int64_t value, int64_t bound, uint32_t ppm)
{
	return (bound - value) * 1000000 <= bound * (int64_t)ppm;
}

/* ---- all of it ---- */

/* The mean of what each seat could have at best, in points. */
static int64_t
mean_value(const struct market *m)
{
	int64_t sum = 0, n = 0;

	for (uint32_t i = 0; i < m->gigs_n; i++) {
		int32_t best = 0;
		for (uint32_t e = m->start[i]; e < m->start[i + 1]; e++)
			best = MAX(best, m->edges[e].value);
		sum += best;
		n += best > 0;
	}
	return n == 0 ? 0 : sum / n;
}

/*
 * The first step is such that all seats together stay within the gap, if
 * most of them can be filled. The last is so small that they stay below one
 * point, as far as a part of a point allows.
 */
static int32_t
first_step(const struct auction *a, uint32_t ppm)
{
	const int64_t wide =
	    mean_value(a->m) * PARTS / 1000000 * MAX(ppm, UINT32_C(1000));

	return (int32_t)MIN(MAX(wide, 1), 64 * (int64_t)PARTS);
}

/* Somebody is free and has a price: nobody was to begin with that. */
static bool
price_for_nothing(const struct auction *a)
{
	for (uint32_t i = 0; i < a->places_n; i++)
		if (a->places[i].gig == MARKET_NOBODY && a->places[i].price > 0)
			return true;
	return false;
}

/* One round, and what it proves; false: the bids are used up. */
static bool
round_judge(struct auction *a, int32_t step, uint32_t ppm, int32_t *top,
    struct market_result *out)
{
	const bool whole = round_run(a, step);
	mark_held(a);
	const int64_t value = value_of(a);
	const int64_t bound = bound_of(a->m, a->price, PARTS, top);

	out->rounds++;
	out->bound = MIN(out->bound, bound / PARTS);
	/* a price that nobody pays would be told to people: not this round */
	if (value > out->value && !price_for_nothing(a)) {
		out->value = value;
		prices_settle(a);
		result_take(a, step, out);
	}
	out->within =
	    out->value >= 0 && gap_within(out->value, out->bound, ppm);
	return whole;
}

/*
 * Where there are few places for the seats, prices rise far; then a round with
 * large steps goes first, and each round begins a little below the prices of
 * the last. If somebody who had a price then is left over, the prices say
 * nothing, and the round is held again from nothing.
 */
NODISCARD static err
rounds_run(struct auction *a, uint32_t ppm, struct market_result *out)
{
	const int32_t last =
	    MAX(PARTS / (int32_t)MIN(a->seats_n + 1, (uint32_t)PARTS), 1);
	const bool crowded = a->places_n < a->seats_n + a->seats_n / 2;
	int32_t step = first_step(a, ppm) * (crowded ? STEP_COARSE : 1);
	int32_t *top = malloc(most_edges(a->m) * sizeof(*top));

	if (top == NULL)
		return ERR_NOMEM;
	a->lower = FROM_NOTHING;
	for (;;) {
		bool whole = round_judge(a, step, ppm, top, out);
		if (whole && !out->within && price_for_nothing(a)) {
			a->lower = FROM_NOTHING;
			whole = round_judge(a, step, ppm, top, out);
		}
		if (out->within || !whole || step <= last)
			break;
		a->lower = crowded ? step * LOWER_BY : FROM_NOTHING;
		step = MAX(step / (crowded && out->rounds == 1 ? STEP_COARSE
							       : STEP_LESS),
		    last);
	}
	free(top);
	out->exact = out->value == out->bound;
	out->bids = a->bids;
	return OK;
}

err
market_solve(const struct market *m, const struct market_options *o,
    struct market_result *out)
{
	const uint32_t ppm = o == NULL ? MARKET_GAP_PPM : o->gap_ppm;
	struct auction a = { .m = m };
	uint32_t *seen = calloc((size_t)m->people_n + 1, sizeof(*seen));
	err e = ERR_NOMEM;

	*out = (struct market_result){ 0 };
	a.bids_max =
	    o == NULL || o->bids_max == 0 ? MARKET_BIDS_MAX : o->bids_max;
	if (seen != NULL)
		e = edges_check(m, seen);
	free(seen);
	if (e == OK)
		e = rooms_count(&a);
	if (e == OK)
		e = auction_init(&a, m);
	if (e == OK)
		e = result_init(&a, out);
	if (e == OK)
		e = rounds_run(&a, ppm, out);
	auction_fini(&a);
	if (e != OK)
		market_free(out);
	return e;
}

/* ---- the best pair first ---- */

/* Edges by value, the largest first, then in their order; by counting. */
static uint32_t *
edges_sorted(const struct market *m, uint32_t edges)
{
	uint32_t *order = malloc(((size_t)edges + 1) * sizeof(*order));
	uint32_t *at = calloc(MARKET_VALUE_MAX + 2, sizeof(*at));

	if (order != NULL && at != NULL) {
		for (uint32_t e = 0; e < edges; e++)
			at[MARKET_VALUE_MAX - m->edges[e].value + 1]++;
		for (uint32_t v = 0; v <= MARKET_VALUE_MAX; v++)
			at[v + 1] += at[v];
		for (uint32_t e = 0; e < edges; e++)
			order[at[MARKET_VALUE_MAX - m->edges[e].value]++] = e;
	} else {
		free(order);
		order = NULL;
	}
	free(at);
	return order;
}

int64_t
market_greedy(const struct market *m, struct market_pair *pairs, uint32_t *n)
{
	const uint32_t edges = m->gigs_n == 0 ? 0 : m->start[m->gigs_n];
	uint32_t *order = edges_sorted(m, edges);
	uint32_t *gig_of = malloc(((size_t)edges + 1) * sizeof(*gig_of));
	uint16_t *seats = calloc((size_t)m->gigs_n + 1, sizeof(*seats));
	uint16_t *places = calloc((size_t)m->people_n + 1, sizeof(*places));
	int64_t value = -1;

	*n = 0;
	if (order == NULL || gig_of == NULL || seats == NULL || places == NULL)
		goto out;
	value = 0;
	for (uint32_t i = 0; i < m->gigs_n; i++) {
		seats[i] = seats_of(m, i);
		for (uint32_t e = m->start[i]; e < m->start[i + 1]; e++)
			gig_of[e] = i;
	}
	for (uint32_t i = 0; i < m->people_n; i++)
		places[i] = places_of(m, i);
	for (uint32_t i = 0; i < edges; i++) {
		const uint32_t e = order[i], gig = gig_of[e];
		const struct market_edge x = m->edges[e];
		if (x.value == 0 || seats[gig] == 0 || places[x.person] == 0)
			continue;
		seats[gig]--;
		places[x.person]--;
		pairs[(*n)++] =
		    (struct market_pair){ gig, x.person, e, x.value };
		value += x.value;
	}
out:
	free(order);
	free(gig_of);
	free(seats);
	free(places);
	return value;
}
