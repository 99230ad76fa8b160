/*
 * What may be shown of the counters: small cells out, then what would tell
 * them, then people in steps. signal.h says what it promises; here is how.
 *
 * Of one term and measure the places by region and industry, with the totals
 * of both, are a table whose rows and columns each give one equation. Every
 * cell stands in one row's and one column's equation, so a cell that is not
 * shown is an edge between the two. What the shown cells determine are just
 * the bridges of that graph (Gusfield 1988): hide further cells until there
 * is none.
 */
#include "match/signal/signal.h"

#include <stdlib.h>

#include "match/signal/internal.h"
#include "proto/record/kind.h"

#define REGIONS_MAX 680 /* two letters each, and those not told */
#define TUPLES_MAX  2000000

enum state { ZERO, SHOWN, SMALL, TELLING };

struct work {
	uint64_t key;
	const struct cell *cell;
	uint32_t largest[COMPANY_COUNTS];
	uint8_t state[SIGNAL_MEASURES];
};

struct release {
	struct signal_table *t;
	uint32_t k;
	struct work *work;
	size_t n;
	bool changed;
	/* one term's table */
	size_t rows_n;
	int32_t at[REGIONS_MAX][SECTORS]; /* places in ${work}, -1: none */
	bool in_side[REGIONS_MAX + SECTORS];
	uint32_t order[REGIONS_MAX + SECTORS], low[REGIONS_MAX + SECTORS];
	uint32_t clock;
	unsigned measure;
	size_t bridge_row, bridge_sector;
	bool bridge;
};

static uint32_t
amount_of(const struct work *w, unsigned measure)
{
	return measure < SIGNAL_PEOPLE
		   ? w->cell->counts.people[measure]
		   : w->cell->counts.amount[measure - SIGNAL_PEOPLE];
}

static uint32_t
place_of(const struct work *w)
{
	return (uint32_t)(w->key >> 32);
}

/* Its id; 0 of all terms together. */
static uint64_t
term_at(const struct vocabulary *v, uint32_t at)
{
	return at < vocabulary_size(v) ? vocabulary_term(v, at) : 0;
}

static uint8_t
sector_of(const struct work *w)
{
	return (uint8_t)w->key;
}

static bool
is_everywhere(const struct work *w)
{
	return (w->key >> 16 & 0xffff) == ('z' << 8 | 'z');
}

static bool
is_hidden(const struct work *w, unsigned measure)
{
	return w->state[measure] >= SMALL;
}

static void
hide(struct release *r, struct work *w)
{
	w->state[r->measure] = TELLING;
	r->changed = true;
}

static int
by_key(const void *a, const void *b)
{
	const struct work *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static struct work *
find(const struct release *r, uint64_t key)
{
	const struct work wanted = { .key = key };

	return r->n == 0
		   ? NULL
		   : bsearch(&wanted, r->work, r->n, sizeof(*r->work), by_key);
}

/* ---- cells that are small by themselves ---- */

NODISCARD static err
collect(struct release *r)
{
	const struct signal_table *t = r->t;

	r->work = malloc(MAX(t->cells_n, 1U) * sizeof(*r->work));
	if (r->work == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < t->cells_rows; i++)
		if (t->cells[i].used != 0)
			r->work[r->n++] = (struct work){ .key = t->cells[i].key,
				.cell = &t->cells[i] };
	if (r->n > 0)
		qsort(r->work, r->n, sizeof(*r->work), by_key);
	/* From a cell's place in the table to its place here. */
	uint32_t *where = malloc(t->cells_rows * sizeof(*where));
	if (where == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < r->n; i++)
		where[r->work[i].cell - t->cells] = (uint32_t)i;
	for (size_t i = 0; i < t->shares_rows; i++) {
		const struct share *s = &t->shares[i];
		if (s->used == 0)
			continue;
		const struct cell *c = signal_cell(t, s->key);
		ASSERT(c != NULL); /* a share is of a cell that counts */
		struct work *w = &r->work[where[c - t->cells]];
		for (unsigned m = 0; m < COMPANY_COUNTS; m++)
			w->largest[m] = MAX(w->largest[m], s->amount[m]);
	}
	free(where);
	return OK;
}

static void
hide_small(struct release *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct work *w = &r->work[i];
		for (unsigned m = 0; m < SIGNAL_MEASURES; m++) {
			const uint32_t amount = amount_of(w, m);
			bool small = amount < r->k;
			if (m >= SIGNAL_PEOPLE) {
				const unsigned c = m - SIGNAL_PEOPLE;
				small = w->cell->counts.companies[c] <
					    SIGNAL_K_COMPANIES ||
					(uint64_t)w->largest[c] * 100 >
					    (uint64_t)amount * SIGNAL_SHARE;
			}
			w->state[m] = amount == 0 ? ZERO
				      : small     ? SMALL
						  : SHOWN;
		}
	}
}

/* ---- people: one line of regions and their total ---- */

static void
people_line(struct release *r, size_t from, size_t to)
{
	struct work *total = NULL, *smallest = NULL;
	uint64_t hidden = 0, hidden_n = 0;

	for (size_t i = from; i < to; i++) {
		struct work *w = &r->work[i];
		if (sector_of(w) != SECTOR_ALL || w->state[r->measure] == ZERO)
			continue;
		if (is_everywhere(w)) {
			total = w;
		} else if (is_hidden(w, r->measure)) {
			hidden_n++;
			hidden += amount_of(w, r->measure);
		} else if (smallest == NULL ||
			   amount_of(w, r->measure) <
			       amount_of(smallest, r->measure)) {
			smallest = w;
		}
	}
	if (total == NULL)
		return;
	const bool open =
	    is_hidden(total, r->measure)
		? hidden_n == 0
		: hidden_n == 1 || (hidden_n > 0 && hidden < r->k);
	if (!open)
		return;
	if (smallest != NULL)
		hide(r, smallest);
	else if (!is_hidden(total, r->measure))
		hide(r, total);
}

/* A term and a broader one that differ by a few people. */
static void
people_broader(struct release *r, struct work *w)
{
	const uint32_t at = place_of(w);
	const uint32_t have = amount_of(w, r->measure);
	/* How many people there are at all anybody knows: not the last one. */
	const size_t n = at < vocabulary_size(r->t->v)
			     ? signal_closure(r->t, &at, 1) - 1
			     : 0;

	for (size_t i = 0; i < n; i++) {
		const struct work *up = find(r,
		    (w->key & UINT32_MAX) | (uint64_t)r->t->closure[i] << 32);
		if (r->t->closure[i] == at || up == NULL ||
		    up->state[r->measure] != SHOWN)
			continue;
		const uint32_t rest = amount_of(up, r->measure) - have;
		if (rest > 0 && rest < r->k) {
			hide(r, w);
			return;
		}
	}
}

/* What is left of a broader term when all shown narrower ones are taken. */
static void
people_narrower(struct release *r, const struct work *w)
{
	const struct term_list down = vocabulary_narrower(r->t->v, place_of(w));
	const uint64_t all = amount_of(w, r->measure);
	struct work *smallest = NULL;
	uint64_t shown = 0;

	for (uint32_t i = 0; i < down.n && shown < all; i++) {
		struct work *part =
		    find(r, (w->key & UINT32_MAX) | (uint64_t)down.at[i] << 32);
		if (part == NULL || part->state[r->measure] != SHOWN)
			continue;
		shown += amount_of(part, r->measure);
		if (smallest == NULL || amount_of(part, r->measure) <
					    amount_of(smallest, r->measure))
			smallest = part;
	}
	if (smallest != NULL && shown < all && all - shown < r->k)
		hide(r, smallest);
}

static void
hide_people(struct release *r)
{
	do {
		r->changed = false;
		for (size_t i = 0, to; i < r->n; i = to) {
			for (to = i; to < r->n && place_of(&r->work[to]) ==
						      place_of(&r->work[i]);)
				to++;
			people_line(r, i, to);
		}
		for (size_t i = 0; i < r->n; i++) {
			struct work *w = &r->work[i];
			if (sector_of(w) != SECTOR_ALL ||
			    w->state[r->measure] != SHOWN)
				continue;
			if (place_of(w) < vocabulary_size(r->t->v))
				people_narrower(r, w);
			people_broader(r, w);
		}
	} while (r->changed);
}

/* ---- companies: a table of regions and industries ---- */

static struct work *
at(const struct release *r, size_t row, size_t sector)
{
	const int32_t i = r->at[row][sector];

	return i < 0 || r->work[i].state[r->measure] == ZERO ? NULL
							     : &r->work[i];
}

static bool
is_edge(const struct release *r, size_t row, size_t sector)
{
	const struct work *w = at(r, row, sector);

	return w != NULL && is_hidden(w, r->measure);
}

/* Nodes: the rows, then the columns. One deep walk; Tarjan's low numbers. */
static void
walk(struct release *r, size_t node, size_t parent)
{
	const bool row = node < r->rows_n;
	const size_t n = row ? SECTORS : r->rows_n;

	r->order[node] = r->low[node] = ++r->clock;
	for (size_t i = 0; i < n && !r->bridge; i++) {
		const size_t to = row ? r->rows_n + i : i;
		if (to == parent || !(row ? is_edge(r, node, i)
					  : is_edge(r, i, node - r->rows_n)))
			continue;
		if (r->order[to] != 0) {
			r->low[node] = MIN(r->low[node], r->order[to]);
			continue;
		}
		walk(r, to, node);
		r->low[node] = MIN(r->low[node], r->low[to]);
		if (!r->bridge && r->low[to] > r->order[node]) {
			r->bridge = true;
			r->bridge_row = row ? node : to;
			r->bridge_sector = (row ? to : node) - r->rows_n;
		}
	}
}

static bool
find_bridge(struct release *r)
{
	memset(r->order, 0, sizeof(r->order));
	r->clock = 0;
	r->bridge = false;
	for (size_t i = 0; i < r->rows_n && !r->bridge; i++)
		if (r->order[i] == 0)
			walk(r, i, SIZE_MAX);
	return r->bridge;
}

/* All that hangs together with the bridge's row without the bridge. */
static void
mark_side(struct release *r, size_t node)
{
	const bool row = node < r->rows_n;
	const size_t n = row ? SECTORS : r->rows_n;

	r->in_side[node] = true;
	for (size_t i = 0; i < n; i++) {
		const size_t to = row ? r->rows_n + i : i;
		const size_t the_row = row ? node : i;
		const size_t sector = row ? i : node - r->rows_n;
		if (!r->in_side[to] && is_edge(r, the_row, sector) &&
		    !(the_row == r->bridge_row && sector == r->bridge_sector))
			mark_side(r, to);
	}
}

/* Hide the smallest cell that ties both sides together once more. */
static bool
mend(struct release *r)
{
	struct work *best = NULL;
	bool best_ties = false;

	memset(r->in_side, 0, sizeof(r->in_side));
	mark_side(r, r->bridge_row);
	for (size_t row = 0; row < r->rows_n; row++)
		for (size_t s = 0; s < SECTORS; s++) {
			struct work *w = at(r, row, s);
			if (w == NULL || is_hidden(w, r->measure))
				continue;
			const bool ties =
			    r->in_side[row] != r->in_side[r->rows_n + s];
			if (best == NULL || (ties && !best_ties) ||
			    (ties == best_ties &&
				amount_of(w, r->measure) <
				    amount_of(best, r->measure))) {
				best = w;
				best_ties = ties;
			}
		}
	if (best != NULL)
		hide(r, best);
	return best != NULL;
}

/* The cells of one term, [from, to), as a table. */
static void
lay_out(struct release *r, size_t from, size_t to)
{
	uint64_t region = UINT64_MAX;

	r->rows_n = 0;
	for (size_t i = from; i < to; i++) {
		if (r->work[i].key >> 16 != region) {
			if (r->rows_n == REGIONS_MAX)
				break;
			region = r->work[i].key >> 16;
			memset(r->at[r->rows_n++], 0xff, sizeof(r->at[0]));
		}
		r->at[r->rows_n - 1][sector_of(&r->work[i])] = (int32_t)i;
	}
}

static void
hide_of_companies(struct release *r)
{
	for (size_t i = 0, to; i < r->n; i = to) {
		bool any[SIGNAL_MEASURES] = { false };
		for (to = i; to < r->n &&
			     place_of(&r->work[to]) == place_of(&r->work[i]);
		     to++)
			for (unsigned m = SIGNAL_PEOPLE; m < SIGNAL_MEASURES;
			     m++)
				any[m] |= is_hidden(&r->work[to], m);
		lay_out(r, i, to);
		for (r->measure = SIGNAL_PEOPLE; r->measure < SIGNAL_MEASURES;
		     r->measure++)
			while (any[r->measure] && find_bridge(r) && mend(r))
				;
	}
}

/* ---- rows ---- */

int
signal_row_order(const struct signal_row *a, const struct signal_row *b)
{
	if (a->term != b->term)
		return a->term < b->term ? -1 : 1;
	const int d = memcmp(a->region, b->region, 2);
	if (d != 0)
		return d;
	return (int)a->sector - (int)b->sector;
}

static int
row_order(const void *a, const void *b)
{
	return signal_row_order(a, b);
}

const struct signal_row *
signal_find(const struct signal_row *rows, size_t n, uint64_t term,
    const char region[3], uint8_t sector)
{
	struct signal_row wanted = { .term = term, .sector = sector };

	memcpy(wanted.region, region, 2);
	return n == 0 ? NULL
		      : bsearch(&wanted, rows, n, sizeof(*rows), row_order);
}

/* As it was shown a week ago, unless it has moved by a step. */
static uint32_t
stepped(uint32_t amount, uint32_t k, uint32_t before)
{
	if (before >= k && before % SIGNAL_STEP == 0 &&
	    (amount > before ? amount - before : before - amount) < SIGNAL_STEP)
		return before;
	return MAX((amount + SIGNAL_STEP / 2) / SIGNAL_STEP * SIGNAL_STEP, k);
}

static void
fill_row(const struct release *r, const struct work *w,
    const struct signal_row *before, size_t before_n, struct signal_row *out)
{
	*out = (struct signal_row){ .term = term_at(r->t->v, place_of(w)),
		.region = { (char)(w->key >> 24), (char)(w->key >> 16), 0 },
		.sector = sector_of(w) };
	const struct signal_row *last =
	    signal_find(before, before_n, out->term, out->region, out->sector);
	for (unsigned m = 0; m < SIGNAL_MEASURES; m++) {
		if (w->state[m] != SHOWN)
			continue;
		out->shown |= (uint8_t)(1U << m);
		out->amount[m] = amount_of(w, m);
		if (m < SIGNAL_PEOPLE)
			out->amount[m] = stepped(out->amount[m], r->k,
			    last == NULL ? 0 : last->amount[m]);
		else
			out->companies[m - SIGNAL_PEOPLE] =
			    w->cell->counts.companies[m - SIGNAL_PEOPLE];
	}
}

NODISCARD static err
make_rows(const struct release *r, const struct signal_row *before,
    size_t before_n, struct signal_release *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < r->n; i++) {
		bool any = false;
		for (unsigned m = 0; m < SIGNAL_MEASURES; m++) {
			any |= r->work[i].state[m] == SHOWN;
			out->hidden += is_hidden(&r->work[i], m);
			out->complementary += r->work[i].state[m] == TELLING;
		}
		shown += any;
	}
	out->rows = calloc(MAX(shown, 1U), sizeof(*out->rows));
	if (out->rows == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < r->n; i++) {
		fill_row(r, &r->work[i], before, before_n, &out->rows[out->n]);
		out->n += out->rows[out->n].shown != 0;
		if (out->n == shown)
			break;
	}
	if (out->n > 0)
		qsort(out->rows, out->n, sizeof(*out->rows), row_order);
	return OK;
}

/* ---- pay, and time to fill ---- */

/* What one posting says in one row. */
struct tuple {
	uint32_t row, group; /* 0: time to fill; else currency and period */
	uint64_t company;
	uint32_t bin;
};

struct tuples {
	struct tuple *v;
	size_t n, cap;
	bool full;
};

static int
tuple_order(const void *a, const void *b)
{
	const struct tuple *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return (x->company > y->company) - (x->company < y->company);
}

NODISCARD static err
tuple_put(struct tuples *t, const struct tuple *one)
{
	if (t->n == t->cap) {
		const size_t cap = t->cap == 0 ? 4096 : 2 * t->cap;
		t->full = t->n >= TUPLES_MAX;
		if (t->full)
			return OK;
		struct tuple *more = realloc(t->v, cap * sizeof(*more));
		if (more == NULL)
			return ERR_NOMEM;
		t->v = more;
		t->cap = cap;
	}
	t->v[t->n++] = *one;
	return OK;
}

static uint32_t
pay_group(const struct entry *e)
{
	uint32_t g = 1;

	for (size_t i = 0; i < 3; i++)
		g = g << 5 | (uint32_t)((uint8_t)e->currency[i] & 31);
	return g << 3 | (e->pay_period & 7);
}

static void
group_pay(uint32_t group, struct signal_row *row)
{
	row->period = group & 7;
	for (unsigned i = 0; i < 3; i++)
		row->currency[i] = (char)('@' + (group >> (13 - 5 * i) & 31));
	row->currency[3] = 0;
}

NODISCARD static err
tuples_of(struct release *r, const struct entry *e,
    const struct signal_release *out, struct tuples *t)
{
	const size_t n = signal_closure(r->t, e->at, e->held_n);
	const bool told = memcmp(e->region, SIGNAL_EVERYWHERE, 2) != 0;
	const char untold[3] = SIGNAL_UNTOLD;
	char region[3] = { e->region[0], e->region[1], 0 };

	if (!told)
		memcpy(region, untold, 3);
	for (size_t i = 0; i < 4 * n && !t->full; i++) {
		const struct signal_row *row = signal_find(out->rows, out->n,
		    term_at(r->t->v, r->t->closure[i / 4]),
		    (i & 1) != 0 ? region : SIGNAL_EVERYWHERE,
		    (i & 2) != 0 ? e->sector : SECTOR_ALL);
		if (row == NULL)
			continue;
		struct tuple one = { .row = (uint32_t)(row - out->rows),
			.company = e->company };
		if (e->pay_bin < SIGNAL_BINS) {
			one.group = pay_group(e);
			one.bin = e->pay_bin;
			TRY(tuple_put(t, &one));
		}
		if (e->fill_hours > 0) {
			one.group = 0;
			one.bin = signal_bin(e->fill_hours);
			TRY(tuple_put(t, &one));
		}
	}
	return OK;
}

static struct signal_quartiles
quartiles(const struct tuple *v, size_t n)
{
	struct signal_bins bins = { 0 };

	for (size_t i = 0; i < n; i++) {
		bins.n++;
		bins.bin[v[i].bin]++;
	}
	return (struct signal_quartiles){ bins.n,
		signal_bins_quantile(&bins, 250),
		signal_bins_quantile(&bins, 500),
		signal_bins_quantile(&bins, 750) };
}

/* Postings of one row and group, by company. */
static void
take_group(const struct tuple *v, size_t n, struct signal_row *row)
{
	size_t companies = 0, largest = 0;

	for (size_t i = 0, to; i < n; i = to) {
		for (to = i; to < n && v[to].company == v[i].company;)
			to++;
		companies++;
		largest = MAX(largest, to - i);
	}
	if (companies < SIGNAL_K_COMPANIES || largest * 100 > n * SIGNAL_SHARE)
		return;
	if (v[0].group == 0) {
		row->fill = quartiles(v, n);
	} else if (n > row->pay.n) {
		row->pay = quartiles(v, n);
		group_pay(v[0].group, row);
	}
}

NODISCARD static err
add_quartiles(struct release *r, struct signal_release *out)
{
	struct tuples t = { .v = NULL };
	err e = OK;

	for (size_t i = 0; i < r->t->entries_rows && e == OK; i++) {
		const struct entry *one = r->t->entries[i];
		if (one != NULL && one->counted && one->kind == KIND_DEMAND &&
		    (one->pay_bin < SIGNAL_BINS || one->fill_hours > 0))
			e = tuples_of(r, one, out, &t);
	}
	out->pay_left_out = t.full;
	if (e == OK && !t.full && t.n > 0) {
		qsort(t.v, t.n, sizeof(*t.v), tuple_order);
		for (size_t i = 0, to; i < t.n; i = to) {
			for (to = i; to < t.n && t.v[to].row == t.v[i].row &&
				     t.v[to].group == t.v[i].group;)
				to++;
			take_group(&t.v[i], to - i, &out->rows[t.v[i].row]);
		}
	}
	free(t.v);
	return e;
}

/* ---- all of it ---- */

err
signal_release_new(struct signal_table *t, uint32_t k_people,
    const struct signal_row *before, size_t before_n,
    struct signal_release **out)
{
	struct release *r = calloc(1, sizeof(*r));
	struct signal_release *x = calloc(1, sizeof(*x));
	err e = r == NULL || x == NULL ? ERR_NOMEM : OK;

	*out = NULL;
	if (e == OK) {
		r->t = t;
		r->k = MAX(k_people, (uint32_t)SIGNAL_K_PEOPLE);
		e = collect(r);
	}
	if (e == OK) {
		hide_small(r);
		for (r->measure = 0; r->measure < SIGNAL_PEOPLE; r->measure++)
			hide_people(r);
		hide_of_companies(r);
		x->week = t->week;
		x->k_people = r->k;
		x->k_companies = SIGNAL_K_COMPANIES;
		e = make_rows(r, before, before_n, x);
	}
	if (e == OK)
		e = add_quartiles(r, x);
	if (e == OK) {
		*out = x;
		x = NULL;
	}
	signal_release_free(x);
	if (r != NULL)
		free(r->work);
	free(r);
	return e;
}

void
signal_release_free(struct signal_release *r)
{
	if (r == NULL)
		return;
	free(r->rows);
	free(r);
}
