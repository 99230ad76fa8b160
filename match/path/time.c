#include "match/path/time.h"

#define ORDERS_MAX 4000 /* placements tried in one plan */

void
time_table_init(struct time_table *t, const struct cover_problem *p)
{
	t->weeks_n = p->weeks_n;
	t->before[0] = 0;
	for (uint16_t w = 0; w < p->weeks_n; w++)
		t->before[w + 1] = t->before[w] + p->free_h[w];
}

uint16_t
time_least(const struct time_table *t, uint64_t hours)
{
	uint16_t lo = 0, hi = t->weeks_n;

	if (hours > t->before[hi])
		return COVER_NEVER;
	while (lo < hi) {
		const uint16_t mid = (uint16_t)((lo + hi) / 2);
		if (t->before[mid] < hours)
			lo = (uint16_t)(mid + 1);
		else
			hi = mid;
	}
	return lo;
}

/* Hours in each of its weeks. */
static uint32_t
rate(const struct cover_offer *o)
{
	return (o->hours + o->weeks - 1) / o->weeks;
}

uint32_t
time_hours(const struct cover_offer *o)
{
	return o->weeks == 0 ? o->hours : rate(o) * o->weeks;
}

struct plan_state {
	const struct cover_problem *p;
	const struct cover_way *way;
	uint32_t left[COVER_WEEKS_MAX];
	uint16_t from[COVER_STEPS_MAX], end[COVER_STEPS_MAX];
	bool placed[COVER_STEPS_MAX];
	/* to be ordered; the others are dated or fill up */
	uint16_t chain[COVER_STEPS_MAX];
	uint16_t chain_n;
	uint32_t fill_hours; /* of those that fill up */
	uint16_t fixed_end;  /* of those with a start */
	uint32_t tries;
	bool any_order; /* all at one's own pace: every order ends alike */
	bool found;
	uint16_t best;
	uint32_t best_left[COVER_WEEKS_MAX];
	uint16_t best_from[COVER_STEPS_MAX], best_end[COVER_STEPS_MAX];
};

static const struct cover_offer *
offer(const struct plan_state *s, uint16_t i)
{
	return &s->p->offers[s->way->offers[i]];
}

static bool
is_dated(const struct cover_offer *o)
{
	return o->weeks > 0 && o->start != COVER_ANY_WEEK;
}

/* Does it neither need nor give what another one needs? */
static bool
fills_up(const struct plan_state *s, uint16_t i)
{
	if (offer(s, i)->weeks > 0 || offer(s, i)->needs != 0 ||
	    offer(s, i)->start != COVER_ANY_WEEK)
		return false;
	for (uint16_t k = 0; k < s->way->n; k++)
		if (k != i && (offer(s, k)->needs & offer(s, i)->gives) != 0)
			return false;
	return true;
}

/* The week in which i may begin; COVER_NEVER: what it needs is not placed. */
static uint16_t
ready_week(const struct plan_state *s, uint16_t i)
{
	const bool own_pace = offer(s, i)->weeks == 0;
	uint16_t ready = 0;

	if (own_pace && offer(s, i)->start != COVER_ANY_WEEK)
		ready = offer(s, i)->start;

	for (uint64_t rest = offer(s, i)->needs; rest != 0; rest &= rest - 1) {
		const uint64_t step = rest & (~rest + 1);
		uint16_t first = COVER_NEVER;
		for (uint16_t k = 0; k < s->way->n; k++) {
			const struct cover_offer *o = offer(s, k);
			if (k == i || !s->placed[k] || (o->gives & step) == 0)
				continue;
			uint16_t at = s->end[k];
			if (own_pace && o->weeks == 0 && o->hours > 0)
				at--;
			first = MIN(first, at);
		}
		if (first == COVER_NEVER)
			return COVER_NEVER;
		ready = MAX(ready, first);
	}
	return ready;
}

static void
take(struct plan_state *s, uint16_t i, bool back)
{
	const uint32_t r = rate(offer(s, i));

	for (uint16_t w = s->from[i]; w < s->end[i]; w++)
		s->left[w] = back ? s->left[w] + r : s->left[w] - r;
}

static bool
has_room(const struct plan_state *s, const struct cover_offer *o, uint32_t from)
{
	if (from + o->weeks > s->p->weeks_n)
		return false;
	for (uint32_t w = from; w < from + o->weeks; w++)
		if (s->left[w] < rate(o) || s->left[w] == 0)
			return false;
	return true;
}

/* Fill free hours from ${ready} on; the week after the last, or NEVER. */
static uint16_t
fill(struct plan_state *s, uint32_t hours, uint16_t ready, uint16_t *from)
{
	uint16_t w = ready;

	*from = ready;
	if (hours == 0)
		return ready;
	while (w < s->p->weeks_n && s->left[w] == 0)
		w++;
	*from = w;
	for (; w < s->p->weeks_n; w++) {
		const uint32_t h = MIN(hours, s->left[w]);
		s->left[w] -= h;
		hours -= h;
		if (hours == 0)
			return (uint16_t)(w + 1);
	}
	return COVER_NEVER;
}

static bool
place(struct plan_state *s, uint16_t i, uint16_t ready)
{
	const struct cover_offer *o = offer(s, i);

	if (o->weeks == 0) {
		s->end[i] = fill(s, o->hours, ready, &s->from[i]);
	} else {
		uint32_t w = ready;
		while (w + o->weeks <= s->p->weeks_n && !has_room(s, o, w))
			w++;
		if (w + o->weeks > s->p->weeks_n)
			return false;
		s->from[i] = (uint16_t)w;
		s->end[i] = (uint16_t)(w + o->weeks);
		take(s, i, false);
	}
	s->placed[i] = s->end[i] != COVER_NEVER;
	return s->placed[i];
}

/* Those with a start: room for all, whatever the order. */
static bool
place_dated(struct plan_state *s)
{
	for (uint16_t i = 0; i < s->way->n; i++) {
		const struct cover_offer *o = offer(s, i);
		if (!is_dated(o))
			continue;
		if (!has_room(s, o, o->start))
			return false;
		s->from[i] = o->start;
		s->end[i] = (uint16_t)(o->start + o->weeks);
		s->fixed_end = MAX(s->fixed_end, s->end[i]);
		s->placed[i] = true;
		take(s, i, false);
	}
	return true;
}

/* All of the chain is placed: are the dated ones in time, and what is it? */
static void
finish(struct plan_state *s)
{
	uint16_t last = s->fixed_end, from;

	for (uint16_t i = 0; i < s->way->n; i++)
		if (is_dated(offer(s, i)) && ready_week(s, i) > s->from[i])
			return;
	for (uint16_t i = 0; i < s->chain_n; i++)
		last = MAX(last, s->end[s->chain[i]]);
	uint32_t left[COVER_WEEKS_MAX];
	memcpy(left, s->left, s->p->weeks_n * sizeof(*left));
	const uint16_t end = fill(s, s->fill_hours, 0, &from);
	memcpy(s->left, left, s->p->weeks_n * sizeof(*left));
	if (end == COVER_NEVER)
		return;
	last = MAX(last, end);
	if (s->found && last >= s->best)
		return;
	s->found = true;
	s->best = last;
	memcpy(s->best_left, s->left, sizeof(s->left));
	memcpy(s->best_from, s->from, sizeof(s->from));
	memcpy(s->best_end, s->end, sizeof(s->end));
}

static void
try_orders(struct plan_state *s, uint16_t depth)
{
	uint32_t left[COVER_WEEKS_MAX];

	if (depth == s->chain_n) {
		finish(s);
		return;
	}
	memcpy(left, s->left, s->p->weeks_n * sizeof(*left));
	for (uint16_t c = 0; c < s->chain_n; c++) {
		const uint16_t i = s->chain[c];
		if (s->placed[i] || (s->found && s->any_order))
			continue;
		const uint16_t ready = ready_week(s, i);
		if (ready == COVER_NEVER || s->tries >= ORDERS_MAX)
			continue;
		s->tries++;
		if (place(s, i, ready) && !(s->found && s->end[i] >= s->best))
			try_orders(s, (uint16_t)(depth + 1));
		s->placed[i] = false;
		memcpy(s->left, left, s->p->weeks_n * sizeof(*left));
	}
}

/* Place the ones that fill up, in the order of the set, for good. */
static void
place_fillers(struct plan_state *s)
{
	memcpy(s->from, s->best_from, sizeof(s->from));
	memcpy(s->end, s->best_end, sizeof(s->end));
	memcpy(s->left, s->best_left, sizeof(s->left));
	for (uint16_t i = 0; i < s->way->n; i++)
		if (fills_up(s, i))
			s->end[i] = fill(s, offer(s, i)->hours, 0, &s->from[i]);
}

static void
sort_by_start(struct cover_way *way)
{
	for (uint16_t i = 1; i < way->n; i++) {
		const uint16_t o = way->offers[i], f = way->from[i],
			       e = way->end[i];
		uint16_t k = i;
		for (; k > 0; k--) {
			const uint16_t j = (uint16_t)(k - 1);
			if (way->from[j] < f ||
			    (way->from[j] == f && way->end[j] < e) ||
			    (way->from[j] == f && way->end[j] == e &&
				way->offers[j] < o))
				break;
			way->offers[k] = way->offers[j];
			way->from[k] = way->from[j];
			way->end[k] = way->end[j];
		}
		way->offers[k] = o;
		way->from[k] = f;
		way->end[k] = e;
	}
}

bool
time_plan(const struct cover_problem *p, struct cover_way *way, bool *sure)
{
	struct plan_state s = { .p = p, .way = way, .any_order = true };

	for (uint16_t w = 0; w < p->weeks_n; w++)
		s.left[w] = p->free_h[w];
	if (!place_dated(&s))
		return false;
	for (uint16_t i = 0; i < way->n; i++) {
		s.any_order = s.any_order && offer(&s, i)->weeks == 0 &&
			      offer(&s, i)->start == COVER_ANY_WEEK;
		if (is_dated(offer(&s, i)))
			continue;
		if (fills_up(&s, i))
			s.fill_hours += offer(&s, i)->hours;
		else
			s.chain[s.chain_n++] = i;
	}
	try_orders(&s, 0);
	if (s.tries >= ORDERS_MAX)
		*sure = false;
	if (!s.found)
		return false;
	place_fillers(&s);
	memcpy(way->from, s.from, sizeof(s.from));
	memcpy(way->end, s.end, sizeof(s.end));
	way->weeks = s.best;
	sort_by_start(way);
	return true;
}
