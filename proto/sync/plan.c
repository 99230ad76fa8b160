#include "proto/sync/session.h"

/* Costs in bytes, to choose how a range is reconciled. */
#define COST_SPAN   40 /* of the message LIST or ASK without ids */
#define COST_TURNS  40 /* of one pair of turns more */
#define COST_DIFFER 17 /* coded symbols for one difference, about */
/* Estimates are cut here; their squares and sums stay far below 2^64. */
#define ESTIMATE_MAX ((uint64_t)1 << 22)

/* ---- small things ---- */

static void
want(struct sync *s, uint64_t v)
{
	if (s->figures.peer_take_only)
		return;
	/* What is left over comes with the next session. */
	if (s->figures.wanted >= s->cf.limits.wants ||
	    !ids_push(s, &s->wants, v))
		s->partial = true;
	else
		s->figures.wanted++;
}

size_t
plan_memory(const struct sync *s)
{
	size_t left = SIZE_MAX;

	for (const struct mem *m = s->mem; m != NULL; m = m->parent)
		left = MIN(left, m->cap - m->used);
	return left;
}

static void
give_all(struct sync *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		bit_set(s->give, i);
}

static void
work_start(struct sync *s, enum work kind)
{
	s->work = kind;
	s->worked = s->told = false;
	s->phase = PHASE_WORK;
}

static void *
table_new(struct sync *s, struct set_table *t, size_t n)
{
	void *memory = mem_alloc_raw(s->mem, set_table_bytes(n));

	if (memory == NULL)
		session_fail(s, SYNC_NO_MEMORY);
	else
		set_table_make(t, memory, n, s->cf.secret);
	return memory;
}

bool
plan_answer(struct sync *s, const struct wire_bound *from,
    const struct wire_bound *to, bool ask)
{
	if (s->answers == NULL)
		s->answers =
		    mem_alloc(s->mem, WIRE_RANGES_MAX * sizeof(*s->answers));
	if (s->answers == NULL) {
		session_fail(s, SYNC_NO_MEMORY);
		return false;
	}
	struct answer *last =
	    s->answers_n == 0 ? NULL : &s->answers[s->answers_n - 1];
	if (last != NULL && last->ask == ask &&
	    wire_bound_cmp(&last->to, from) == 0) {
		last->to = *to;
		return true;
	}
	if (s->answers_n == WIRE_RANGES_MAX) {
		session_fail(s, SYNC_TOO_MUCH);
		return false;
	}
	s->answers[s->answers_n++] =
	    (struct answer){ .from = *from, .to = *to, .ask = ask };
	return true;
}

/* Where range i ends. */
static struct wire_bound
range_end(const struct sync *s, size_t i)
{
	if (i + 1 < s->ranges_n)
		return s->ranges[i + 1].from;
	return (struct wire_bound){ .hour = WIRE_HOUR_END };
}

/* ---- what the peer named ---- */

bool
plan_asked(struct sync *s)
{
	struct set_table t;
	const size_t n = s->asked.n;
	void *memory = table_new(s, &t, n);

	if (memory == NULL)
		return false;
	if (s->asked_refuse && s->refused == NULL) {
		s->refused = mem_alloc(s->mem, s->bits);
		if (s->refused == NULL) {
			mem_free(s->mem, memory, set_table_bytes(n));
			session_fail(s, SYNC_NO_MEMORY);
			return false;
		}
	}
	for (size_t i = 0; i < n; i++)
		set_table_put(&t, s->asked.v[i]);
	for (size_t i = 0; i < s->set.n; i++)
		if (set_table_find(&t, s->set.values[i]))
			bit_set(s->asked_refuse ? s->refused : s->give, i);
	mem_free(s->mem, memory, set_table_bytes(n));
	ids_free(s, &s->asked);
	return true;
}

/* What of a table was not found among ours is wanted. */
static void
want_rest(struct sync *s, const struct set_table *t)
{
	size_t at = 0;
	uint64_t v;

	while (set_table_rest(t, &at, &v))
		want(s, v);
}

bool
plan_list(struct sync *s, const struct wire_bound *from,
    const struct wire_bound *to, struct slice ids)
{
	const size_t n = ids.n / WIRE_VALUE, end = set_at(&s->set, to);
	struct set_table t;
	void *memory = table_new(s, &t, n);

	if (memory == NULL)
		return false;
	set_table_put_all(&t, ids);
	for (size_t i = set_at(&s->set, from); i < end; i++)
		if (!set_table_find(&t, s->set.values[i]))
			bit_set(s->give, i);
	want_rest(s, &t);
	mem_free(s->mem, memory, set_table_bytes(n));
	return true;
}

/* ---- ranges of ours ---- */

static bool
cut_ranges(struct sync *s)
{
	size_t at[WIRE_RANGES_MAX];

	s->ranges = mem_alloc(s->mem, WIRE_RANGES_MAX * sizeof(*s->ranges));
	if (s->ranges == NULL) {
		session_fail(s, SYNC_NO_MEMORY);
		return false;
	}
	s->ranges_n = set_cut(&s->set, at);
	for (size_t i = 0; i < s->ranges_n; i++) {
		const size_t end = i + 1 < s->ranges_n ? at[i + 1] : s->set.n;
		s->ranges[i].from = set_between(&s->set, at[i]);
		s->ranges[i].print = set_print(&s->set, at[i], end);
	}
	/* The first begins at the beginning, wherever our items do. */
	s->ranges[0].from = (struct wire_bound){ .hour = 0 };
	s->ranges_done = true;
	s->decoding = true;
	s->plan.ranges = true;
	return true;
}

/* ---- arrivals of the peer's ---- */

/*
 * The peer says what it got since we last met. If what we lack of that, and
 * what we got since and it does not name, are the whole difference of the
 * roots, then we are done; else ranges find it.
 */
static bool
plan_fresh(struct sync *s)
{
	const uint32_t *fresh = s->set_in.fresh;
	const size_t fresh_n = s->set_in.fresh_known ? s->set_in.fresh_n : 0;
	uint64_t sum = s->root.sum, count = s->set.n, v;
	struct set_table t;
	size_t at = 0;
	void *memory = table_new(s, &t, s->fresh.n);
	bool fine = true;

	if (memory == NULL)
		return false;
	for (size_t i = 0; i < s->fresh.n; i++)
		set_table_put(&t, s->fresh.v[i]);
	for (size_t i = 0; i < s->set.n; i++)
		(void)set_table_find(&t, s->set.values[i]);
	while (set_table_rest(&t, &at, &v)) {
		sum += v;
		count++;
	}
	for (size_t i = 0; i < fresh_n; i++) {
		if (set_table_find(&t, s->set.values[fresh[i]]))
			continue;
		sum -= s->set.values[fresh[i]];
		count--;
	}
	if (sum != s->fresh_sum || count != s->fresh_count) {
		fine = cut_ranges(s);
	} else {
		for (size_t i = 0; i < fresh_n; i++)
			if (!set_table_find(&t, s->set.values[fresh[i]]))
				bit_set(s->give, fresh[i]);
		want_rest(s, &t);
	}
	mem_free(s->mem, memory, set_table_bytes(s->fresh.n));
	ids_free(s, &s->fresh);
	return fine;
}

/* ---- ranges of the peer's ---- */

enum way { WAY_EQUAL, WAY_GIVE, WAY_LIST, WAY_ASK, WAY_CODED };

struct choice {
	enum way way;
	uint64_t differences; /* about */
	size_t from, to;      /* positions of our items */
};

/* Compares range i with ours. */
static struct choice
compare(const struct sync *s, size_t i)
{
	const struct wire_bound end = range_end(s, i);
	const struct set_print *theirs = &s->ranges[i].print;
	struct choice c = { .from = set_at(&s->set, &s->ranges[i].from),
		.to = set_at(&s->set, &end) };
	const struct set_print ours = set_print(&s->set, c.from, c.to);

	c.differences = MIN(set_difference(&ours, theirs), ESTIMATE_MAX);
	if (c.differences == 0)
		c.way = WAY_EQUAL;
	else if (theirs->count == 0)
		c.way = WAY_GIVE;
	else
		c.way = WAY_LIST;
	return c;
}

/*
 * How a range that differs is reconciled. Estimates scatter: were each range
 * judged by its own, those with estimates too low would be coded, and the
 * symbols be too few. So a range counts for as much as is usual for its size,
 * unless it is clearly less.
 */
static enum way
choose(const struct sync *s, const struct choice *c, size_t i, uint64_t sum,
    uint64_t items)
{
	const uint64_t n = c->to - c->from, m = s->ranges[i].print.count;
	const uint64_t list = COST_SPAN + n * WIRE_VALUE;
	const uint64_t ask = COST_TURNS + COST_SPAN + m * WIRE_VALUE;
	const uint64_t usual = sum * MIN(n + m, items) / items;
	uint64_t d = c->differences;

	if (d > usual / 8)
		d = MAX(d, usual);
	if (n == 0 || list <= MIN(ask, d * COST_DIFFER))
		return WAY_LIST;
	return ask <= d * COST_DIFFER ? WAY_ASK : WAY_CODED;
}

static void
choose_all(const struct sync *s, struct choice *c)
{
	uint64_t sum = 0, items = 1;

	for (size_t i = 0; i < s->ranges_n; i++) {
		c[i] = compare(s, i);
		if (c[i].way != WAY_LIST)
			continue;
		sum += c[i].differences;
		items += c[i].to - c[i].from + s->ranges[i].print.count;
	}
	for (size_t i = 0; i < s->ranges_n; i++)
		if (c[i].way == WAY_LIST)
			c[i].way = choose(s, &c[i], i, sum, items);
}

/* Symbols for the ranges that are to be coded. */
static size_t
choices_symbols(const struct choice *c, size_t n)
{
	uint64_t sum = 0, squares = 0, deviation = 0;

	for (size_t i = 0; i < n; i++) {
		if (c[i].way != WAY_CODED)
			continue;
		sum += c[i].differences;
		squares += c[i].differences * c[i].differences;
	}
	/* Of one estimate half of its size; of all the root of the squares. */
	for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1)
		if ((deviation + bit) * (deviation + bit) <= squares)
			deviation += bit;
	return sum == 0 ? 0 : coded_enough(sum, deviation / 2);
}

/*
 * A few symbols more than there are differences are needed however few these
 * are: are lists of those ranges shorter, they are listed. And so are the
 * worst ranges when they would take too many symbols.
 */
static size_t
choices_fit(const struct sync *s, struct choice *c, size_t n)
{
	/* Half of the memory that is left, and lists if that is too little. */
	const size_t most =
	    MIN(s->cf.limits.symbols, plan_memory(s) / 2 / WIRE_CELL);
	size_t symbols = choices_symbols(c, n);
	uint64_t list = 0;

	for (size_t i = 0; i < n; i++)
		if (c[i].way == WAY_CODED)
			list += COST_SPAN +
				(uint64_t)(c[i].to - c[i].from) * WIRE_VALUE;
	for (size_t i = 0; i < n && list <= symbols * WIRE_CELL; i++)
		if (c[i].way == WAY_CODED)
			c[i].way = WAY_LIST;
	symbols = choices_symbols(c, n);
	while (symbols > 0 && symbols >= most) {
		struct choice *worst = NULL;
		for (size_t i = 0; i < n; i++)
			if (c[i].way == WAY_CODED &&
			    (worst == NULL ||
				c[i].differences > worst->differences))
				worst = &c[i];
		worst->way = WAY_LIST;
		symbols = choices_symbols(c, n);
	}
	return symbols;
}

/* Memory for symbols [first, end) of ours, to be computed. */
static bool
cells_new(struct sync *s, size_t first, size_t end)
{
	const size_t n = end - first;

	coded_cells_free(s);
	s->cells.sum = mem_alloc(s->mem, n * sizeof(uint64_t));
	s->cells.check = mem_alloc(s->mem, n * sizeof(uint32_t));
	s->cells.first = first;
	s->cells.end = end;
	s->cells_cap = n;
	if (s->cells.sum != NULL && s->cells.check != NULL)
		return true;
	session_fail(s, SYNC_NO_MEMORY);
	return false;
}

static bool
plan_ranges(struct sync *s)
{
	struct choice c[WIRE_RANGES_MAX] = { { WAY_EQUAL, 0, 0, 0 } };

	choose_all(s, c);
	const size_t symbols = choices_fit(s, c, s->ranges_n);
	for (size_t i = 0; i < s->ranges_n; i++) {
		const struct wire_bound end = range_end(s, i);
		if (c[i].way == WAY_GIVE)
			give_all(s, c[i].from, c[i].to);
		else if (c[i].way == WAY_CODED)
			bit_set(s->coded_ranges, i);
		else if ((c[i].way == WAY_LIST || c[i].way == WAY_ASK) &&
			 !plan_answer(
			     s, &s->ranges[i].from, &end, c[i].way == WAY_ASK))
			return false;
	}
	if (symbols == 0)
		return true;
	s->coding = true;
	if (!cells_new(s, 0, symbols))
		return false;
	work_start(s, WORK_ENCODE);
	return true;
}

/* ---- coded symbols ---- */

static bool
plan_more(struct sync *s)
{
	if (!cells_new(s, s->cells.end, s->more_upto))
		return false;
	work_start(s, WORK_ENCODE);
	return true;
}

/* Without symbols: lists of those ranges. */
static bool
coded_give_up(struct sync *s)
{
	s->decoding = false;
	left_free(s);
	coded_cells_free(s);
	for (size_t i = 0; i < s->ranges_n; i++) {
		const struct wire_bound end = range_end(s, i);
		if (bit_get(s->coded_ranges, i) &&
		    !plan_answer(s, &s->ranges[i].from, &end, true))
			return false;
	}
	return true;
}

static bool
plan_coded(struct sync *s)
{
	const size_t n = s->cells.end;

	if (s->cells_lost)
		return coded_give_up(s);
	s->left.sum = mem_alloc_raw(s->mem, n * sizeof(uint64_t));
	s->left.check = mem_alloc_raw(s->mem, n * sizeof(uint32_t));
	s->scratch = mem_alloc_raw(s->mem, coded_scratch(n));
	s->found.values = mem_alloc_raw(s->mem, n * sizeof(uint64_t));
	s->left.end = n;
	if (s->left.sum == NULL || s->left.check == NULL ||
	    s->scratch == NULL || s->found.values == NULL)
		return coded_give_up(s);
	work_start(s, WORK_DECODE);
	return true;
}

/* They did not decode: more of them, or lists. */
static bool
coded_again(struct sync *s)
{
	const size_t n = s->cells.end;

	if (s->tries++ == TRIES_MAX || 2 * n + 16 > s->cf.limits.symbols)
		return coded_give_up(s);
	s->more_upto = 2 * n + 16;
	s->plan.more = true;
	return true;
}

/* What only we have is given, what only they have is wanted. */
static bool
coded_use(struct sync *s)
{
	const struct coded_found *f = &s->found;
	const uint64_t *minus = f->values + s->left.end - f->minus;
	struct set_table t;
	void *memory = table_new(s, &t, f->minus);
	size_t at = 0;
	uint64_t v;

	if (memory == NULL)
		return false;
	for (size_t i = 0; i < f->minus; i++)
		set_table_put(&t, minus[i]);
	for (size_t i = 0; i < s->set.n; i++)
		if (set_table_find(&t, s->set.values[i]))
			bit_set(s->give, i);
	const bool lie = set_table_rest(&t, &at, &v);
	mem_free(s->mem, memory, set_table_bytes(f->minus));
	if (lie) {
		session_fail(s, SYNC_BAD_CODED);
		return false;
	}
	for (size_t i = 0; i < f->plus; i++)
		want(s, f->values[i]);
	s->decoding = false;
	return true;
}

/* ---- work, on any thread ---- */

/* Ours of the coded ranges, into or off the symbols. */
static void
code(struct sync *s, struct coded *c, bool add)
{
	for (size_t i = 0; i < s->ranges_n; i++) {
		const struct wire_bound end = range_end(s, i);
		if (!bit_get(s->coded_ranges, i))
			continue;
		const size_t to = set_at(&s->set, &end);
		for (size_t k = set_at(&s->set, &s->ranges[i].from); k < to;
		     k++) {
			if (add)
				coded_add(c, s->set.values[k]);
			else
				coded_sub(c, s->set.values[k]);
		}
	}
}

void
work(struct sync *s)
{
	uint8_t salt[SET_SALT];
	const size_t n = s->left.end;

	switch (s->work) {
	case WORK_START:
		session_salt(s, salt);
		set_values(salt, s->set.items, s->set.n, s->values);
		s->root = set_print(&s->set, 0, s->set.n);
		break;
	case WORK_ENCODE:
		code(s, &s->cells, true);
		break;
	case WORK_DECODE:
		memcpy(s->left.sum, s->cells.sum, n * sizeof(uint64_t));
		memcpy(s->left.check, s->cells.check, n * sizeof(uint32_t));
		code(s, &s->left, false);
		s->found_all = coded_decode(&s->left, s->scratch, &s->found);
		break;
	}
}

/* ---- turns ---- */

static void
plan_started(struct sync *s)
{
	s->phase = PHASE_SPEAK;
	if (!s->cf.dialer) {
		s->plan.welcome = true;
		return;
	}
	s->figures.equal =
	    s->root.count == s->peer_count && s->root.sum == s->peer_sum;
	if (s->figures.equal)
		return;
	if (s->set_in.fresh_known && s->peer_fresh > 0)
		s->plan.fresh = true;
	else
		(void)cut_ranges(s);
}

void
plan_worked(struct sync *s)
{
	s->worked = false;
	s->phase = PHASE_SPEAK;
	if (s->work == WORK_START) {
		plan_started(s);
	} else if (s->work == WORK_DECODE) {
		const bool fine = s->found_all ? coded_use(s) : coded_again(s);
		left_free(s);
		if (fine && !s->decoding)
			coded_cells_free(s);
	}
}

void
plan_turn(struct sync *s)
{
	const struct heard *h = &s->heard;

	s->phase = PHASE_SPEAK;
	if (s->plan.close != SYNC_CLOSE_NONE)
		return;
	if (h->hello || h->welcome) {
		s->phase = PHASE_ITEMS;
		s->told = false;
		return;
	}
	if (h->done && (s->said_done || !h->record)) {
		session_over(s);
		return;
	}
	/* Whoever had symbols from us, and wants no more, has read them. */
	if (s->coding && !h->more) {
		s->coding = false;
		coded_cells_free(s);
	}
	if (s->decoding && !h->coded)
		s->decoding = false;
	if (h->fresh)
		(void)plan_fresh(s);
	else if (h->ranges)
		(void)plan_ranges(s);
	else if (h->coded)
		(void)plan_coded(s);
	else if (h->more)
		(void)plan_more(s);
}
