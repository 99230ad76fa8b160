/* cover_solve(): see path/cover.h. */
#include "match/path/cover.h"

#include <stdlib.h>

#include "match/path/time.h"

#define UNPRICED     (UINT64_C(1) << 56) /* dearer than all prices together */
#define STATES_MAX   (1U << 20)
#define LABELS_MAX   (1U << 17)
#define FOUND_MAX    64
#define DENSE_STEPS  20 /* so many steps without needs are a plain array */
#define NOBODY       UINT32_MAX
#define NO_COST      UINT64_MAX
#define BUCKETS_BITS 16
#define WORK_MAX     (UINT64_C(1) << 26) /* looks at offers, each phase */

/* ---- the problem, made ready ---- */

/* An offer with its steps renumbered and what the tied pools pay taken off. */
struct item {
	uint64_t gives, needs; /* gives nothing that it needs */
	uint64_t weight;       /* at least this is what the person pays */
	uint32_t hours;        /* of the weeks */
	uint16_t dated_end;    /* 0: no start */
	uint16_t offer;        /* in the problem */
	bool rigid;
};

/* Cost-to-go of a state: the steps given so far and those owed. */
struct memo {
	uint64_t have, owed;
	uint64_t weight; /* + 1; 0: free */
	uint32_t hours;
};

/* The same where nothing needs anything: at the index of the steps given. */
struct dense_memo {
	uint64_t weight; /* + 1; 0: not known yet */
	uint32_t hours;
};

/* A set of offers that has begun: its last offer and the rest. */
struct label {
	uint64_t have, owed;
	uint64_t sum;   /* of weights; of a plan: what the person pays */
	uint64_t bound; /* what it will cost at least */
	uint64_t mark;  /* equal for equal sets */
	uint32_t hours, hours_bound;
	uint32_t parent, next; /* ${next}: of the same bucket */
	uint16_t item, n, dated_end;
	uint16_t weeks; /* it will take at least */
	bool plan;      /* complete, and its weeks are true */
	bool dead;      /* another one is as good */
};

struct solver {
	const struct cover_problem *p;
	struct time_table time;
	struct item *items;
	uint32_t items_n;
	uint64_t goal;
	uint8_t renamed[COVER_STEPS_MAX];
	unsigned steps_n;
	uint32_t *by_step; /* items that give a step, those of step 0 first */
	uint32_t step_from[COVER_STEPS_MAX + 1];
	bool needs, circles, rigid, unpriced; /* is or does any offer */

	struct memo *memo; /* a table, open addressing */
	uint32_t memo_cap, memo_n, states_max;
	struct dense_memo *dense; /* NULL: there are needs, or many steps */
	bool memo_full;
	uint64_t share[COVER_STEPS_MAX]; /* when the memo is full */
	uint32_t share_hours[COVER_STEPS_MAX];

	struct label *labels;
	uint32_t labels_n, labels_cap, labels_max;
	uint32_t *heap;
	uint32_t heap_n;
	uint32_t *buckets;
	bool full, unsure;
	uint64_t work;

	struct cover_way found[FOUND_MAX];
	uint16_t found_n;
	uint64_t proven; /* no way costs less than this */
	err error;
};

/* What the person pays when weights sum up to this and the free pool pays. */
static uint64_t
net_of(const struct cover_problem *p, uint64_t sum)
{
	const uint64_t money = sum % UNPRICED;

	return sum - MIN(money, p->pool);
}

static uint64_t
rename_steps(const struct solver *s, uint64_t steps)
{
	uint64_t out = 0;

	for (; steps != 0; steps &= steps - 1)
		out |= UINT64_C(1) << s->renamed[__builtin_ctzll(steps)];
	return out;
}

/* Steps that lead to the goal: it, and what offers need that give such. */
static uint64_t
wanted_steps(const struct cover_problem *p, uint64_t reach)
{
	uint64_t wanted = p->goal, before;

	do {
		before = wanted;
		for (size_t i = 0; i < p->offers_n; i++) {
			const struct cover_offer *o = &p->offers[i];
			if ((o->needs & ~reach) == 0 &&
			    (o->gives & ~o->needs & wanted) != 0)
				wanted |= o->needs;
		}
	} while (wanted != before);
	return wanted;
}

/* Few offers first: the step with the fewest ways branches least. */
static void
number_steps(struct solver *s, uint64_t wanted, uint64_t reach)
{
	uint32_t ways[COVER_STEPS_MAX] = { 0 };
	uint64_t left = wanted;

	for (size_t i = 0; i < s->p->offers_n; i++) {
		const struct cover_offer *o = &s->p->offers[i];
		if ((o->needs & ~reach) != 0)
			continue;
		for (uint64_t g = o->gives & ~o->needs; g != 0; g &= g - 1)
			ways[__builtin_ctzll(g)]++;
	}
	while (left != 0) {
		unsigned best = (unsigned)__builtin_ctzll(left);
		for (uint64_t l = left; l != 0; l &= l - 1) {
			const unsigned at = (unsigned)__builtin_ctzll(l);
			if (ways[at] < ways[best])
				best = at;
		}
		s->renamed[best] = (uint8_t)s->steps_n++;
		left &= ~(UINT64_C(1) << best);
	}
}

static uint64_t
tied_most(const struct cover_problem *p, const struct cover_offer *o)
{
	uint64_t sum = 0;

	for (uint16_t t = 0; t < p->tied_n; t++)
		if ((o->pools >> t & 1) != 0)
			sum += MIN(p->tied[t], COVER_COST_MAX);
	return MIN(sum, o->cost);
}

static void
make_items(struct solver *s, uint64_t wanted, uint64_t reach)
{
	for (size_t i = 0; i < s->p->offers_n; i++) {
		const struct cover_offer *o = &s->p->offers[i];
		const uint64_t gives = o->gives & ~o->needs & wanted;
		if (gives == 0 || (o->needs & ~reach) != 0)
			continue;
		const bool dated = o->start != COVER_ANY_WEEK;
		const uint32_t least =
		    o->weeks > 0 ? o->weeks : MIN(o->hours, 1U);
		s->items[s->items_n++] = (struct item){
			.gives = rename_steps(s, gives),
			.needs = rename_steps(s, o->needs & wanted),
			.weight = o->cost - tied_most(s->p, o) +
				  (o->unpriced ? UNPRICED : 0),
			.hours = time_hours(o),
			.dated_end =
			    (uint16_t)(dated ? MIN(o->start + least,
						   COVER_WEEKS_MAX + 1U)
					     : 0),
			.offer = (uint16_t)i,
			.rigid = o->weeks > 0 || dated,
		};
		s->needs = s->needs || o->needs != 0;
		s->rigid = s->rigid || o->weeks > 0 || dated;
		s->unpriced = s->unpriced || o->unpriced;
	}
}

/* Can steps need each other in a circle? */
static bool
has_circle(const struct solver *s)
{
	uint64_t before[COVER_STEPS_MAX] = { 0 }; /* needed on some way to it */

	for (uint32_t i = 0; i < s->items_n; i++)
		for (uint64_t g = s->items[i].gives; g != 0; g &= g - 1)
			before[__builtin_ctzll(g)] |= s->items[i].needs;
	for (unsigned k = 0; k < s->steps_n; k++)
		for (unsigned x = 0; x < s->steps_n; x++)
			if ((before[x] >> k & 1) != 0)
				before[x] |= before[k];
	for (unsigned x = 0; x < s->steps_n; x++)
		if ((before[x] >> x & 1) != 0)
			return true;
	return false;
}

/* Is b as good as a in every respect? Then a is never needed. */
static bool
beaten(const struct solver *s, const struct item *a, const struct item *b)
{
	const struct cover_offer *x = &s->p->offers[a->offer];
	const struct cover_offer *y = &s->p->offers[b->offer];
	const bool same_time = x->weeks == y->weeks && x->start == y->start;

	if ((a->gives & ~b->gives) != 0 || (b->needs & ~a->needs) != 0 ||
	    b->weight > a->weight || b->hours > a->hours || !same_time ||
	    x->pools != y->pools || y->cost > x->cost)
		return false;
	return b->gives != a->gives || b->needs != a->needs ||
	       b->weight != a->weight || b->hours != a->hours ||
	       y->cost != x->cost || b->offer < a->offer;
}

static void
drop_beaten(struct solver *s)
{
	uint32_t kept = 0;

	/* order by what an order may depend on stays untouched */
	if (s->circles || (s->rigid && s->needs) || s->p->tied_n > 0)
		return;
	for (uint32_t i = 0; i < s->items_n; i++) {
		bool out = false;
		for (uint32_t k = 0; k < s->items_n && !out; k++)
			out = k != i && s->items[k].offer != UINT16_MAX &&
			      beaten(s, &s->items[i], &s->items[k]);
		if (out)
			s->items[i].offer = UINT16_MAX;
	}
	for (uint32_t i = 0; i < s->items_n; i++)
		if (s->items[i].offer != UINT16_MAX)
			s->items[kept++] = s->items[i];
	s->items_n = kept;
}

static void
index_steps(struct solver *s)
{
	uint32_t n = 0;

	for (unsigned b = 0; b < s->steps_n; b++) {
		s->step_from[b] = n;
		s->share[b] = NO_COST;
		s->share_hours[b] = UINT32_MAX;
		for (uint32_t i = 0; i < s->items_n; i++) {
			const struct item *t = &s->items[i];
			const unsigned k =
			    (unsigned)__builtin_popcountll(t->gives);
			if ((t->gives >> b & 1) == 0)
				continue;
			s->by_step[n++] = i;
			s->share[b] = MIN(s->share[b], t->weight / k);
			s->share_hours[b] =
			    MIN(s->share_hours[b], t->hours / k);
		}
	}
	s->step_from[s->steps_n] = n;
}

/* ---- the exact cost-to-go ---- */

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static struct memo *
memo_slot(struct memo *table, uint32_t cap, uint64_t have, uint64_t owed)
{
	uint32_t at = (uint32_t)mix(have * 31 + mix(owed)) & (cap - 1);

	while (table[at].weight != 0 &&
	       (table[at].have != have || table[at].owed != owed))
		at = (at + 1) & (cap - 1);
	return &table[at];
}

static void
memo_grow(struct solver *s)
{
	const uint32_t cap = s->memo_cap == 0 ? 4096 : s->memo_cap * 2;
	struct memo *table = NULL;

	if (s->memo_n < s->states_max)
		table = calloc(cap, sizeof(*table));
	if (table == NULL) {
		s->memo_full = true; /* no memory is no disaster here */
		return;
	}
	for (uint32_t i = 0; i < s->memo_cap; i++)
		if (s->memo[i].weight != 0)
			*memo_slot(table, cap, s->memo[i].have,
			    s->memo[i].owed) = s->memo[i];
	free(s->memo);
	s->memo = table;
	s->memo_cap = cap;
}

/* Without needs; ${have} is no cover yet and not known. */
static void
dense_cost_to_go(struct solver *s, uint64_t have)
{
	const unsigned b = (unsigned)__builtin_ctzll(s->goal & ~have);
	struct dense_memo best = { NO_COST, UINT32_MAX };

	for (uint32_t k = s->step_from[b]; k < s->step_from[b + 1]; k++) {
		const struct item *t = &s->items[s->by_step[k]];
		struct dense_memo *rest = &s->dense[have | t->gives];
		if (rest->weight == 0) {
			dense_cost_to_go(s, have | t->gives);
			if (s->memo_full)
				return;
		}
		if (rest->weight == NO_COST)
			continue;
		best.weight = MIN(best.weight, rest->weight + t->weight);
		best.hours = MIN(best.hours, rest->hours + t->hours);
	}
	s->work += s->step_from[b + 1] - s->step_from[b];
	s->memo_full = s->memo_full || s->work > WORK_MAX;
	s->dense[have] = best;
	s->memo_n++;
}

/* false: there is no room for it. */
static bool
dense_new(struct solver *s)
{
	const uint64_t all = (UINT64_C(1) << s->steps_n) - 1;

	s->dense = calloc(all + 1, sizeof(*s->dense));
	if (s->dense == NULL)
		return false;
	/* what gives the goal is free, whatever it gives besides: without
	 * needs there are no other steps */
	s->dense[s->goal].weight = 1;
	return true;
}

/* Depth: each call has one step more, so COVER_STEPS_MAX at most. */
static struct memo
cost_to_go(struct solver *s, uint64_t have, uint64_t owed)
{
	struct memo best = { have, owed, NO_COST, UINT32_MAX };
	const struct memo *known;

	if (owed == 0)
		return (struct memo){ have, owed, 1, 0 };
	if (s->dense != NULL) {
		if (s->dense[have].weight == 0)
			dense_cost_to_go(s, have);
		best.weight = s->dense[have].weight;
		best.hours = s->dense[have].hours;
		return best;
	}
	if (s->memo_cap > 0) {
		known = memo_slot(s->memo, s->memo_cap, have, owed);
		if (known->weight != 0)
			return *known;
	}
	const unsigned b = (unsigned)__builtin_ctzll(owed);
	for (uint32_t k = s->step_from[b]; k < s->step_from[b + 1]; k++) {
		const struct item *t = &s->items[s->by_step[k]];
		s->memo_full = s->memo_full || ++s->work > WORK_MAX;
		if (s->memo_full)
			return best;
		const uint64_t after = have | t->gives;
		const struct memo rest =
		    cost_to_go(s, after, (owed | t->needs) & ~after);
		if (s->memo_full)
			return best;
		if (rest.weight != NO_COST)
			best.weight = MIN(best.weight, rest.weight + t->weight);
		if (rest.hours != UINT32_MAX)
			best.hours = MIN(best.hours, rest.hours + t->hours);
	}
	if (s->memo_n * 2 >= s->memo_cap)
		memo_grow(s);
	if (s->memo_full)
		return best;
	*memo_slot(s->memo, s->memo_cap, have, owed) = best;
	s->memo_n++;
	return best;
}

static void
memo_fill(struct solver *s)
{
	if (!s->needs && s->steps_n <= DENSE_STEPS &&
	    (UINT32_C(1) << s->steps_n) <= s->states_max && !dense_new(s))
		s->memo_full = true;
	(void)cost_to_go(s, 0, s->goal);
	if (s->memo_full) {
		free(s->memo);
		s->memo = NULL;
		s->memo_cap = 0;
	}
}

/* At least this much is to come; false: the goal cannot be reached. */
static bool
to_come(struct solver *s, uint64_t have, uint64_t owed, uint64_t *weight,
    uint32_t *hours)
{
	*weight = 0;
	*hours = 0;
	if (owed == 0)
		return true;
	if (!s->memo_full) {
		const struct memo m = cost_to_go(s, have, owed);
		if (!s->memo_full) {
			*weight = m.weight - 1;
			*hours = m.hours;
			return m.weight != NO_COST;
		}
	}
	for (; owed != 0; owed &= owed - 1) {
		const unsigned b = (unsigned)__builtin_ctzll(owed);
		if (s->share[b] == NO_COST)
			return false;
		*weight += s->share[b];
		*hours += s->share_hours[b];
	}
	return true;
}

/* ---- labels, best first ---- */

static bool
before(const struct solver *s, uint32_t x, uint32_t y)
{
	const struct label *a = &s->labels[x], *b = &s->labels[y];

	if (a->bound != b->bound)
		return a->bound < b->bound;
	if (a->weeks != b->weeks)
		return a->weeks < b->weeks;
	if (a->hours_bound != b->hours_bound)
		return a->hours_bound < b->hours_bound;
	if (a->plan != b->plan)
		return a->plan;
	if (a->n != b->n)
		return a->plan ? a->n < b->n : a->n > b->n;
	return x < y;
}

static void
heap_put(struct solver *s, uint32_t label)
{
	uint32_t at = s->heap_n++;

	while (at > 0 && before(s, label, s->heap[(at - 1) / 2])) {
		s->heap[at] = s->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	s->heap[at] = label;
}

static uint32_t
heap_take(struct solver *s)
{
	const uint32_t top = s->heap[0], last = s->heap[--s->heap_n];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= s->heap_n)
			break;
		if (child + 1 < s->heap_n &&
		    before(s, s->heap[child + 1], s->heap[child]))
			child++;
		if (!before(s, s->heap[child], last))
			break;
		s->heap[at] = s->heap[child];
		at = child;
	}
	s->heap[at] = last;
	return top;
}

/* The offers of a label, ascending. */
static uint16_t
offers_of(const struct solver *s, uint32_t label, uint16_t *out)
{
	uint16_t n = 0;

	for (uint32_t l = label; s->labels[l].parent != NOBODY;
	     l = s->labels[l].parent) {
		const uint16_t o = s->items[s->labels[l].item].offer;
		uint16_t k = n++;
		for (; k > 0 && out[k - 1] > o; k--)
			out[k] = out[k - 1];
		out[k] = o;
	}
	return n;
}

/* Are the offers with weeks of a also in b? */
static bool
rigid_within(const struct solver *s, uint32_t a, uint32_t b)
{
	for (uint32_t l = a; s->labels[l].parent != NOBODY;
	     l = s->labels[l].parent) {
		bool found = !s->items[s->labels[l].item].rigid;
		for (uint32_t k = b; s->labels[k].parent != NOBODY && !found;
		     k = s->labels[k].parent)
			found = s->labels[k].item == s->labels[l].item;
		if (!found)
			return false;
	}
	return true;
}

static bool
same_set(const struct solver *s, uint32_t a, uint32_t b)
{
	uint16_t x[COVER_STEPS_MAX + 1], y[COVER_STEPS_MAX + 1];
	const uint16_t n = offers_of(s, a, x);

	return n == offers_of(s, b, y) && memcmp(x, y, n * sizeof(*x)) == 0;
}

/* Does a make b, of the same state, superfluous? */
static bool
covers(const struct solver *s, uint32_t a, uint32_t b)
{
	const struct label *x = &s->labels[a], *y = &s->labels[b];

	if (x->mark == y->mark && same_set(s, a, b))
		return true;
	if (s->circles || s->p->tied_n > 0 || (s->rigid && s->needs))
		return false;
	if (s->unpriced && s->p->has_budget &&
	    x->sum % UNPRICED > y->sum % UNPRICED)
		return false;
	return x->sum <= y->sum && x->hours <= y->hours &&
	       (!s->rigid || rigid_within(s, a, b));
}

/* Put it among the others of its state; false: it is superfluous. */
static bool
enter(struct solver *s, uint32_t label)
{
	struct label *l = &s->labels[label];
	uint32_t *bucket =
	    &s->buckets[mix(l->have + mix(l->owed)) >> (64 - BUCKETS_BITS)];

	for (uint32_t k = *bucket; k != NOBODY; k = s->labels[k].next) {
		struct label *o = &s->labels[k];
		if (o->have != l->have || o->owed != l->owed || o->dead)
			continue;
		if (covers(s, k, label))
			return false;
		if (covers(s, label, k))
			o->dead = true;
	}
	l->next = *bucket;
	*bucket = label;
	return true;
}

static uint32_t
label_new(struct solver *s)
{
	if (s->full || s->labels_n == s->labels_max) {
		s->full = true;
		return NOBODY;
	}
	if (s->labels_n == s->labels_cap) {
		const uint32_t cap =
		    MIN(MAX(s->labels_cap * 2, 1024U), s->labels_max);
		void *labels = realloc(s->labels, cap * sizeof(*s->labels));
		if (labels != NULL)
			s->labels = labels;
		void *heap = realloc(s->heap, cap * sizeof(*s->heap));
		if (heap != NULL)
			s->heap = heap;
		if (labels == NULL || heap == NULL) {
			s->error = ERR_NOMEM;
			s->full = true;
			return NOBODY;
		}
		s->labels_cap = cap;
	}
	return s->labels_n++;
}

static uint16_t
fastest(const struct solver *s)
{
	return s->found_n == 0 ? COVER_NEVER : s->found[s->found_n - 1].weeks;
}

/* Set bounds; false: it leads nowhere, or to nothing new. */
static bool
bound(struct solver *s, struct label *l)
{
	const struct cover_problem *p = s->p;
	uint64_t weight;
	uint32_t hours;

	if (!to_come(s, l->have, l->owed, &weight, &hours))
		return false;
	l->bound = net_of(p, l->sum + weight);
	l->hours_bound = l->hours + hours;
	const uint16_t least = time_least(&s->time, l->hours_bound);
	if (least == COVER_NEVER)
		return false;
	l->weeks = MAX(least, l->dated_end);
	if (l->weeks > p->weeks_n || l->weeks >= fastest(s))
		return false;
	return !p->has_budget || net_of(p, l->sum) % UNPRICED <= p->budget;
}

static void
extend(struct solver *s, uint32_t from, uint32_t item)
{
	const struct item *t = &s->items[item];

	s->full = s->full || ++s->work > WORK_MAX;
	const uint32_t at = label_new(s);

	if (at == NOBODY)
		return;
	const struct label *f = &s->labels[from];
	struct label *l = &s->labels[at];
	*l = (struct label){
		.have = f->have | t->gives,
		.sum = f->sum + t->weight,
		.mark = f->mark + mix(item + 1U),
		.hours = f->hours + t->hours,
		.parent = from,
		.next = NOBODY,
		.item = (uint16_t)item,
		.n = (uint16_t)(f->n + 1),
		.dated_end = MAX(f->dated_end, t->dated_end),
	};
	l->owed = (f->owed | t->needs) & ~l->have;
	if (l->n > COVER_STEPS_MAX || !bound(s, l) || !enter(s, at)) {
		s->labels_n--;
		return;
	}
	heap_put(s, at);
}

static bool
taken(const struct solver *s, uint32_t label, uint32_t item)
{
	for (uint32_t l = label; s->labels[l].parent != NOBODY;
	     l = s->labels[l].parent)
		if (s->labels[l].item == item)
			return true;
	return false;
}

/* Needs went round in a circle: whatever can be taken now and is new. */
static void
open_circle(struct solver *s, uint32_t label)
{
	uint64_t have = 0, was;

	do {
		was = have;
		for (uint32_t l = label; s->labels[l].parent != NOBODY;
		     l = s->labels[l].parent) {
			const struct item *t = &s->items[s->labels[l].item];
			if ((t->needs & ~have) == 0)
				have |= t->gives;
		}
	} while (have != was);
	for (uint32_t i = 0; i < s->items_n && !s->full; i++)
		if ((s->items[i].needs & ~have) == 0 &&
		    (s->items[i].gives & ~have) != 0 && !taken(s, label, i))
			extend(s, label, i);
}

/* All steps are given: what it costs and takes in truth. */
static void
complete(struct solver *s, uint32_t label)
{
	struct cover_way way = { 0 };
	bool sure = true;

	way.n = offers_of(s, label, way.offers);
	if (!cover_good(s->p, way.offers, way.n)) {
		open_circle(s, label);
		return;
	}
	const uint16_t n = way.n;
	if (cover_thin(s->p, way.offers, n) < n)
		return; /* the smaller set is found on its own */
	cover_price(s->p, &way);
	if (s->p->has_budget && way.cost > s->p->budget)
		return;
	const bool fits = time_plan(s->p, &way, &sure);
	s->unsure = s->unsure || !sure;
	if (!fits || way.weeks >= fastest(s))
		return;
	const uint32_t at = label_new(s);
	if (at == NOBODY)
		return;
	s->labels[at] = s->labels[label];
	s->labels[at].plan = true;
	s->labels[at].bound = way.cost + way.unpriced * UNPRICED;
	s->labels[at].weeks = way.weeks;
	s->labels[at].hours_bound = way.hours;
	heap_put(s, at);
}

static void
record(struct solver *s, uint32_t label)
{
	struct cover_way *way = &s->found[s->found_n];
	bool sure;

	way->n = offers_of(s, label, way->offers);
	cover_price(s->p, way);
	if (time_plan(s->p, way, &sure) && way->weeks < fastest(s))
		s->found_n++;
}

static void
search(struct solver *s)
{
	struct label *root;
	const uint32_t at = label_new(s);

	if (at == NOBODY)
		return;
	root = &s->labels[at];
	*root =
	    (struct label){ .owed = s->goal, .parent = NOBODY, .next = NOBODY };
	if (!bound(s, root))
		return;
	s->proven = root->bound;
	heap_put(s, at);
	while (s->heap_n > 0 && !s->full && s->found_n < FOUND_MAX) {
		const uint32_t l = heap_take(s);
		if (s->labels[l].dead || s->labels[l].weeks >= fastest(s))
			continue;
		if (s->found_n == 0)
			s->proven = s->labels[l].bound;
		if (s->labels[l].plan) {
			record(s, l);
		} else if (s->labels[l].owed == 0) {
			complete(s, l);
		} else {
			const unsigned b =
			    (unsigned)__builtin_ctzll(s->labels[l].owed);
			for (uint32_t k = s->step_from[b];
			     k < s->step_from[b + 1] && !s->full; k++)
				extend(s, l, s->by_step[k]);
		}
	}
	s->full = s->full || s->found_n == FOUND_MAX;
}

/* ---- the answer ---- */

/* Greedy by cost and by hours, where the search gave up. */
static void
rescue(struct solver *s, struct cover_answer *out)
{
	uint64_t lower, none;
	bool sure = true;

	for (int by_hours = 0; by_hours < 2; by_hours++) {
		struct cover_way *way = &out->ways[out->ways_n];
		if (!cover_greedy(s->p, by_hours != 0, way,
			by_hours != 0 ? &none : &lower) ||
		    (s->p->has_budget && way->cost > s->p->budget) ||
		    !time_plan(s->p, way, &sure))
			continue;
		const struct cover_way *first = &out->ways[0];
		if (out->ways_n == 1 && first->unpriced == way->unpriced &&
		    first->cost == way->cost && way->weeks < first->weeks) {
			out->ways[0] = *way;
			continue;
		}
		if (out->ways_n == 0 || way->weeks < first->weeks)
			out->ways_n++;
	}
	out->found = out->ways_n;
	if (out->ways_n == 0)
		return;
	const struct cover_way *way = &out->ways[0];
	const uint64_t price = way->cost + way->paid;
	if (s->p->pool == 0 && s->p->tied_n == 0)
		lower = MAX(lower, s->proven % UNPRICED);
	if (way->unpriced == 0 && lower > 0)
		out->bound = (uint32_t)MIN(
		    (price * 1000 + lower - 1) / lower, (uint64_t)UINT32_MAX);
	else if (way->unpriced == 0 && price == 0)
		out->bound = 1000;
	if (!s->needs)
		out->bound_always =
		    cover_harmonic((unsigned)__builtin_popcountll(s->goal));
}

static void
answer(struct solver *s, struct cover_answer *out)
{
	out->states = s->memo_n;
	out->labels = s->labels_n;
	out->exact = !s->unsure && (!s->full || s->found_n > 0);
	out->whole = !s->full && !s->unsure;
	out->found = s->found_n;
	if (s->found_n == 0 && s->full) {
		rescue(s, out);
		return;
	}
	out->ways_n = MIN(s->found_n, (uint16_t)COVER_WAYS_MAX);
	for (uint16_t i = 0; i < out->ways_n; i++) {
		const unsigned last = s->found_n - 1U, of = out->ways_n - 1U;
		out->ways[i] = s->found[of == 0 ? 0 : (i * last + of / 2) / of];
	}
}

NODISCARD static err
prepare(struct solver *s)
{
	const struct cover_problem *p = s->p;
	const uint64_t reach = cover_reach(p);
	const uint64_t wanted = wanted_steps(p, reach);

	s->items = calloc(p->offers_n + 1, sizeof(*s->items));
	s->buckets = malloc(sizeof(*s->buckets) << BUCKETS_BITS);
	if (s->items == NULL || s->buckets == NULL)
		return ERR_NOMEM;
	memset(s->buckets, 0xff, sizeof(*s->buckets) << BUCKETS_BITS);
	number_steps(s, wanted, reach);
	s->goal = rename_steps(s, p->goal);
	make_items(s, wanted, reach);
	s->circles = has_circle(s);
	drop_beaten(s);
	s->by_step =
	    malloc(((size_t)s->items_n * s->steps_n + 1) * sizeof(*s->by_step));
	if (s->by_step == NULL)
		return ERR_NOMEM;
	index_steps(s);
	time_table_init(&s->time, p);
	return OK;
}

err
cover_solve(const struct cover_problem *p, struct cover_answer *out)
{
	struct solver *s = calloc(1, sizeof(*s));

	ASSERT(p->offers_n <= COVER_OFFERS_MAX &&
	       p->weeks_n <= COVER_WEEKS_MAX && p->tied_n <= COVER_POOLS_MAX);
	memset(out, 0, sizeof(*out));
	if (s == NULL)
		return ERR_NOMEM;
	s->p = p;
	s->states_max = p->states_max == 0 ? STATES_MAX : p->states_max;
	s->labels_max = p->labels_max == 0 ? LABELS_MAX : p->labels_max;
	err e = prepare(s);
	if (e == OK) {
		memo_fill(s);
		s->work = 0;
		search(s);
		e = s->error;
	}
	if (e == OK)
		answer(s, out);
	free(s->items);
	free(s->by_step);
	free(s->memo);
	free(s->dense);
	free(s->labels);
	free(s->heap);
	free(s->buckets);
	free(s);
	return e;
}
