/* Reading evidence: who, how much each outcome weighs, within which budget. */
#include <stdlib.h>

#include "match/learn/internal.h"

/* floor(65536 · 2^(-i/24)) */
static const uint32_t decay_table[24] = { 65536, 63670, 61857, 60096, 58385,
	56723, 55108, 53540, 52015, 50535, 49096, 47698, 46340, 45021, 43740,
	42494, 41285, 40109, 38967, 37858, 36780, 35733, 34716, 33728 };

static const uint16_t kind_weight[LEARN_KINDS] = { [LEARN_JOB] = 600,
	[LEARN_GIG] = 600,
	[LEARN_TASK] = 600,
	[LEARN_PROJECT] = 600,
	[LEARN_MENTORING] = 1000,
	[LEARN_COURSE] = 1000,
	[LEARN_COHORT] = 1000,
	[LEARN_PEER_SESSION] = 1000,
	[LEARN_COMMUNITY_ROLE] = 600,
	[LEARN_INTERVIEW] = 100 };
static const uint16_t method_weight[LEARN_METHODS] = { [LEARN_ASSESSED] = 1000,
	[LEARN_OBSERVED] = 800,
	[LEARN_PEERS] = 500,
	[LEARN_COMPLETED] = 400,
	[LEARN_APPLIED] = 1000 };

#define RECIPROCAL_MONTHS 6
#define AVAILABLE_DEFAULT 10
#define AVAILABLE_MIN     2
#define AVAILABLE_MAX     20
#define FUNDING_HOURS     20
#define POSITIONS_MAX     1000U
#define OPEN_HOURS        40

uint32_t
learn_decay(uint64_t i)
{
	return i / 24 > 16 ? 0 : decay_table[i % 24] >> (i / 24);
}

static uint32_t
part(uint32_t whole, uint64_t of_one)
{
	return (uint32_t)((uint64_t)whole * of_one / LEARN_ONE);
}

/* ---- parties ---- */

static int
party_cmp(const void *a, const void *b)
{
	return memcmp(((const struct party *)a)->key,
	    ((const struct party *)b)->key, TRUST_KEY);
}

uint32_t
learn_party(const struct learn_book *b, const uint8_t key[TRUST_KEY])
{
	struct party want;
	const struct party *p;

	if (b->parties_n == 0)
		return UINT32_MAX;
	memcpy(want.key, key, TRUST_KEY);
	p = bsearch(&want, b->parties, b->parties_n, sizeof(want), party_cmp);
	return p == NULL ? UINT32_MAX : (uint32_t)(p - b->parties);
}

static void
gather_parties(struct learn_book *b, const struct trust *t)
{
	const struct learn_input *in = b->in;
	uint32_t n = 0;

	for (size_t i = 0; i < in->events_n; i++) {
		memcpy(b->parties[n++].key,
		    trust_party(t, in->events[i].learner), TRUST_KEY);
		memcpy(b->parties[n++].key,
		    trust_party(t, in->events[i].partner), TRUST_KEY);
	}
	qsort(b->parties, n, sizeof(b->parties[0]), party_cmp);
	for (uint32_t i = 0; i < n; i++) {
		struct party *last = &b->parties[MAX(b->parties_n, 1U) - 1];
		if (b->parties_n == 0 || party_cmp(last, &b->parties[i]) != 0)
			b->parties[b->parties_n++] = b->parties[i];
	}
	for (uint32_t i = 0; i < b->parties_n; i++) {
		struct party *p = &b->parties[i];
		p->tau = trust_of(t, p->key);
		p->anchor = trust_is_anchor(t, p->key);
		p->reference = 0;
	}
}

/* By key, of one key the most first. */
static int
positions_cmp(const void *a, const void *b)
{
	const struct learn_positions *x = a, *y = b;
	const int c = memcmp(x->key, y->key, TRUST_KEY);

	return c != 0 ? c : x->n == y->n ? 0 : x->n > y->n ? -1 : 1;
}

/* Whoever posts under many keys asks for as many people in all. */
static err
read_positions(struct learn_book *b, const struct trust *t)
{
	const size_t n = b->in->positions_n;
	struct learn_positions *all = calloc(n + 1, sizeof(*all));

	if (all == NULL)
		return ERR_NOMEM;
	if (n > 0) {
		memcpy(all, b->in->positions, n * sizeof(*all));
		qsort(all, n, sizeof(*all), positions_cmp);
	}
	for (uint32_t i = 0; i < b->parties_n; i++)
		b->parties[i].funding = 0;
	for (size_t i = 0; i < n; i++) {
		const uint32_t at = learn_party(b, trust_party(t, all[i].key));
		if (at == UINT32_MAX ||
		    (i > 0 &&
			memcmp(all[i - 1].key, all[i].key, TRUST_KEY) == 0))
			continue;
		b->parties[at].funding =
		    MIN(b->parties[at].funding + MIN(all[i].n, POSITIONS_MAX),
			POSITIONS_MAX);
	}
	for (uint32_t i = 0; i < b->parties_n; i++)
		b->parties[i].funding =
		    FUNDING_HOURS * MAX(1U, b->parties[i].funding);
	free(all);
	return OK;
}

/* Effort is judged against what was declared. */
static void
read_availability(struct learn_book *b, const struct trust *t)
{
	const struct learn_input *in = b->in;

	for (size_t i = 0; i < in->availability_n; i++) {
		const struct learn_availability *a = &in->availability[i];
		const uint32_t at = learn_party(b, trust_party(t, a->key));
		const uint32_t hours = MAX(
		    AVAILABLE_MIN, MIN((uint32_t)a->hours_week, AVAILABLE_MAX));
		if (at == UINT32_MAX)
			continue;
		if (b->parties[at].reference == 0 ||
		    b->parties[at].reference > hours)
			b->parties[at].reference = hours;
	}
	for (uint32_t i = 0; i < b->parties_n; i++) {
		if (b->parties[i].reference == 0)
			b->parties[i].reference = AVAILABLE_DEFAULT;
	}
}

/* ---- outcomes ---- */

static int
noted_cmp(const void *a, const void *b)
{
	const struct noted *x = a, *y = b;
	int c = memcmp(x->e->agreement, y->e->agreement, 32);

	if (c != 0)
		return c;
	if (x->learner != y->learner)
		return x->learner < y->learner ? -1 : 1;
	if (x->partner != y->partner)
		return x->partner < y->partner ? -1 : 1;
	return memcmp(x->e->id, y->e->id, 32);
}

static bool
same_agreement(const struct noted *x, const struct noted *y)
{
	return memcmp(x->e->agreement, y->e->agreement, 32) == 0 &&
	       x->learner == y->learner && x->partner == y->partner;
}

static bool
well_formed(const struct learn_event *e)
{
	return e->kind < LEARN_KINDS && kind_weight[e->kind] > 0 &&
	       e->method < LEARN_METHODS && e->value <= 1000 &&
	       e->completion <= LEARN_BROKEN && e->pledge <= LEARN_BROKEN &&
	       e->terms_n <= LEARN_TERMS;
}

static void
note_events(struct learn_book *b, const struct trust *t)
{
	const struct learn_input *in = b->in;
	uint32_t n = 0;

	for (size_t i = 0; i < in->events_n; i++) {
		const struct learn_event *e = &in->events[i];
		struct noted x = { .e = e,
			.learner = learn_party(b, trust_party(t, e->learner)),
			.partner = learn_party(b, trust_party(t, e->partner)),
			.month = e->month };
		/* With oneself, or not yet: no evidence. */
		if (well_formed(e) && x.learner != x.partner &&
		    x.month <= in->month)
			b->notes[b->notes_n++] = x;
	}
	qsort(b->notes, b->notes_n, sizeof(b->notes[0]), noted_cmp);
	for (uint32_t i = 0; i < b->notes_n; i++) {
		if (n == 0 || !same_agreement(&b->notes[n - 1], &b->notes[i]))
			b->notes[n++] = b->notes[i];
	}
	b->notes_n = n;
	b->left_out = in->events_n - n;
}

/* ---- weights ---- */

struct pairing {
	uint32_t learner, partner, month;
};

static int
pairing_cmp(const void *a, const void *b)
{
	const struct pairing *x = a, *y = b;

	if (x->learner != y->learner)
		return x->learner < y->learner ? -1 : 1;
	if (x->partner != y->partner)
		return x->partner < y->partner ? -1 : 1;
	return x->month == y->month ? 0 : x->month < y->month ? -1 : 1;
}

/* Did the two meet the other way round within six months? */
static bool
is_reciprocal(const struct pairing *all, uint32_t n, const struct noted *x)
{
	const struct pairing want = { x->partner, x->learner,
		x->month < RECIPROCAL_MONTHS ? 0
					     : x->month - RECIPROCAL_MONTHS };
	uint32_t low = 0, high = n;

	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;
		if (pairing_cmp(&all[mid], &want) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && all[low].learner == x->partner &&
	       all[low].partner == x->learner &&
	       all[low].month <= x->month + RECIPROCAL_MONTHS;
}

static err
weigh_base(struct learn_book *b)
{
	struct pairing *all = calloc((size_t)b->notes_n + 1, sizeof(*all));

	if (all == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < b->notes_n; i++)
		all[i] = (struct pairing){ b->notes[i].learner,
			b->notes[i].partner, b->notes[i].month };
	qsort(all, b->notes_n, sizeof(*all), pairing_cmp);
	for (uint32_t i = 0; i < b->notes_n; i++) {
		struct noted *x = &b->notes[i];
		const struct learn_event *e = x->e;
		const uint64_t days =
		    e->last_day < e->first_day
			? 0
			: (uint64_t)e->last_day - e->first_day + 1;
		x->hours = (uint32_t)MIN((uint64_t)e->hours, LEARN_DAY * days);
		x->base =
		    (uint32_t)((uint64_t)LEARN_ONE * kind_weight[e->kind] *
			       method_weight[e->method] * e->value /
			       1000000000);
		if (is_reciprocal(all, b->notes_n, x))
			x->base /= 2;
	}
	free(all);
	return OK;
}

int
learn_piece_cmp(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	return x->id == y->id ? 0 : x->id < y->id ? -1 : 1;
}

size_t
learn_pieces(
    const struct learn_event *e, struct piece out[LEARN_TERMS * LEARN_PIECES])
{
	size_t n = 0, kept = 0;

	for (uint8_t i = 0; i < e->terms_n; i++) {
		const struct learn_term *t = &e->terms[i];
		const uint64_t group = t->group == 0 ? t->term : t->group;
		if (!t->learned)
			continue;
		out[n++] = (struct piece){ t->term, 0 };
		out[n++] = (struct piece){ group, 1 };
		out[n++] =
		    (struct piece){ t->parent == 0 ? group : t->parent, 2 };
	}
	qsort(out, n, sizeof(out[0]), learn_piece_cmp);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || learn_piece_cmp(&out[kept - 1], &out[i]) != 0)
			out[kept++] = out[i];
	}
	return kept;
}

static uint32_t
novelty_of(const struct noted *x)
{
	struct piece pieces[LEARN_TERMS * LEARN_PIECES];
	const size_t n = learn_pieces(x->e, pieces);
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += part(x->base, learn_piece_size(pieces[i].level));
	return (uint32_t)MIN(sum, (uint64_t)x->base);
}

/* How soon what was learned met a gap; the term that did best. */
static uint32_t
response_of(const struct noted *x)
{
	const struct learn_event *e = x->e;
	uint32_t best = 0;

	for (uint8_t i = 0; i < e->terms_n; i++) {
		const struct learn_term *t = &e->terms[i];
		const bool told = t->gap <= 1000;
		const uint32_t late = told && e->month > t->gap_month
					  ? e->month - t->gap_month
					  : 0;
		const uint32_t gap = told ? t->gap : LEARN_GAP_UNKNOWN;
		/* Half after four months: six steps of the table a month. */
		const uint32_t f = part(
		    LEARN_ONE * gap / 1000, learn_decay(UINT64_C(6) * late));
		if (t->learned && f > best)
			best = f;
	}
	return part(x->base, best);
}

/* ${promise}'s share that was kept, or broken, of a unit. */
static uint32_t
kept_of(uint8_t promise, uint32_t unit, uint8_t whole)
{
	return promise == whole ? unit : promise == LEARN_PARTLY ? unit / 2 : 0;
}

static uint32_t
share_of(uint32_t base, uint32_t hours, uint32_t reference)
{
	return part(
	    base, (uint64_t)LEARN_ONE * MIN(hours, reference) / reference);
}

static void
weigh_promises(const struct learn_book *b, struct noted *x)
{
	const uint32_t unit = LEARN_ONE * kind_weight[x->e->kind] / 1000;
	const uint8_t promise[LEARN_ROLES] = { x->e->completion, x->e->pledge };
	const uint32_t other[LEARN_ROLES] = { x->partner, x->learner };

	for (unsigned r = 0; r < LEARN_ROLES; r++) {
		x->weight[r][SERIES_KEPT] =
		    kept_of(promise[r], unit, LEARN_KEPT);
		if (b->parties[other[r]].tau >= LEARN_BROKEN_TRUST)
			x->weight[r][SERIES_BROKEN] =
			    kept_of(promise[r], unit, LEARN_BROKEN);
	}
}

static void
weigh(const struct learn_book *b, struct noted *x)
{
	const struct learn_event *e = x->e;
	uint32_t *p = x->weight[LEARN_PERSON], *c = x->weight[LEARN_COMPANY];

	p[SERIES_BASE] = c[SERIES_BASE] = x->base;
	p[PERSON_EFFORT] =
	    share_of(x->base, x->hours, b->parties[x->learner].reference);
	p[PERSON_NOVELTY] = novelty_of(x);
	p[PERSON_RESPONSE] = response_of(x);
	p[PERSON_COMPLETED] = kept_of(e->completion, x->base, LEARN_KEPT);
	c[COMPANY_INVESTMENT] = share_of(
	    x->base, MIN(e->funded, x->hours), b->parties[x->partner].funding);
	if (e->opened)
		c[COMPANY_OPENNESS] =
		    x->hours >= OPEN_HOURS ? x->base : x->base / 5;
	/* Half after 14 days. */
	if (e->answer_days != LEARN_NOT_TOLD)
		c[COMPANY_SPEED] = part(
		    x->base, learn_decay((uint64_t)e->answer_days * 12 / 7));
	weigh_promises(b, x);
}

/* ---- learned here, used there ---- */

struct use {
	uint32_t learner, partner, month, note;
	uint64_t term;
	bool learned, applied;
};

static int
use_cmp(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (x->learner != y->learner)
		return x->learner < y->learner ? -1 : 1;
	if (x->term != y->term)
		return x->term < y->term ? -1 : 1;
	if (x->partner != y->partner)
		return x->partner < y->partner ? -1 : 1;
	if (x->month != y->month)
		return x->month < y->month ? -1 : 1;
	return x->note == y->note ? 0 : x->note < y->note ? -1 : 1;
}

/* The best month of two different partners. */
struct two {
	uint32_t partner[2];
	int64_t month[2];
};

static void
two_add(struct two *w, uint32_t partner, int64_t month)
{
	if (w->partner[0] == partner) {
		w->month[0] = MAX(w->month[0], month);
	} else if (month > w->month[0]) {
		w->partner[1] = w->partner[0];
		w->month[1] = w->month[0];
		w->partner[0] = partner;
		w->month[0] = month;
	} else if (month > w->month[1]) {
		w->partner[1] = partner;
		w->month[1] = month;
	}
}

/* The best month of one who is not ${partner}. */
static int64_t
two_other(const struct two *w, uint32_t partner)
{
	return w->partner[0] == partner ? w->month[1] : w->month[0];
}

/* What a use in one outcome says of it, with those of the other partners. */
static void
follow_use(struct learn_book *b, const struct use *u, const struct two *last,
    const struct two *first, int64_t same)
{
	struct noted *x = &b->notes[u->note];
	uint32_t *person = x->weight[LEARN_PERSON];
	uint32_t *lift = &x->weight[LEARN_COMPANY][COMPANY_LIFT];
	const int64_t month = u->month;
	const bool elsewhere = two_other(last, u->partner) >= month;

	if (u->learned && elsewhere)
		person[PERSON_LEARNED] = x->base;
	if (u->applied && two_other(first, u->partner) >= -month)
		person[PERSON_USED] = x->base;
	if (!u->learned || x->e->funded == 0)
		return;
	if (elsewhere)
		*lift = x->base;
	else if (same >= month)
		*lift = MAX(*lift, x->base / 2);
}

/* All uses of one term by one learner. */
static void
follow_term(struct learn_book *b, const struct use *from, const struct use *end)
{
	struct two last = { { UINT32_MAX, UINT32_MAX }, { -1, -1 } };
	struct two first = { { UINT32_MAX, UINT32_MAX },
		{ INT64_MIN, INT64_MIN } };

	for (const struct use *u = from; u < end; u++) {
		if (b->parties[u->partner].tau == 0)
			continue;
		if (u->applied)
			two_add(&last, u->partner, u->month);
		if (u->learned) /* the first: the largest negative */
			two_add(&first, u->partner, -(int64_t)u->month);
	}
	for (const struct use *run = from, *stop; run < end; run = stop) {
		for (stop = run; stop < end && stop->partner == run->partner;
		     stop++)
			;
		const struct use *latest = NULL;
		int64_t other = -1;
		for (const struct use *u = stop; u-- > run && other < 0;) {
			if (!u->applied)
				continue;
			if (latest == NULL)
				latest = u;
			else if (u->note != latest->note)
				other = u->month;
		}
		for (const struct use *u = run; u < stop; u++)
			follow_use(b, u, &last, &first,
			    latest == NULL            ? -1
			    : latest->note == u->note ? other
						      : latest->month);
	}
}

static err
follow_all(struct learn_book *b)
{
	struct use *all =
	    calloc((size_t)b->notes_n * LEARN_TERMS + 1, sizeof(*all));
	size_t n = 0;

	if (all == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < b->notes_n; i++) {
		const struct noted *x = &b->notes[i];
		for (uint8_t k = 0; k < x->e->terms_n; k++) {
			const struct learn_term *t = &x->e->terms[k];
			all[n++] = (struct use){ x->learner, x->partner,
				x->month, i, t->term, t->learned, t->applied };
		}
	}
	qsort(all, n, sizeof(*all), use_cmp);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && all[end].learner == all[i].learner &&
			      all[end].term == all[i].term;
		     end++)
			;
		follow_term(b, &all[i], &all[end]);
	}
	free(all);
	return OK;
}

/* ---- cells: harmonic sums, caps, budgets ---- */

struct slot {
	uint32_t other, year, subject, note;
};

static int
slot_cmp(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->other != y->other)
		return x->other < y->other ? -1 : 1;
	if (x->year != y->year)
		return x->year < y->year ? -1 : 1;
	if (x->subject != y->subject)
		return x->subject < y->subject ? -1 : 1;
	return x->note == y->note ? 0 : x->note < y->note ? -1 : 1;
}

static int
falling_cmp(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x == y ? 0 : x > y ? -1 : 1;
}

/* One cell before its budget. ${room} holds as many weights as it has. */
static void
cell_sum(
    const struct learn_book *b, unsigned role, struct cell *c, uint32_t *room)
{
	for (unsigned s = 0; s < SERIES; s++) {
		uint32_t n = 0;
		for (uint32_t i = 0; i < c->n; i++) {
			const struct noted *x =
			    &b->notes[b->order[role][c->first + i]];
			const uint32_t w = x->weight[role][s];
			if (w == 0)
				continue;
			room[n++] = w;
			c->newest[s] = MAX(c->newest[s], x->month);
		}
		qsort(room, n, sizeof(room[0]), falling_cmp);
		for (uint32_t i = 0; i < n; i++)
			c->sum[s] +=
			    b->in->unbounded ? room[i] : room[i] / (i + 1);
		if (!b->in->unbounded)
			c->sum[s] = MIN(c->sum[s], (uint64_t)LEARN_KAPPA);
	}
}

/* The cells of one counterparty in one year share its budget. */
static void
share_budget(const struct learn_book *b, struct cell *cells, uint32_t n)
{
	if (b->parties[cells[0].other].anchor || b->in->unbounded)
		return;
	for (unsigned s = 0; s < SERIES; s++) {
		uint64_t given = 0;
		for (uint32_t i = 0; i < n; i++)
			given += cells[i].sum[s];
		for (uint32_t i = 0; i < n && given > LEARN_BUDGET; i++)
			cells[i].sum[s] =
			    cells[i].sum[s] * LEARN_BUDGET / given;
	}
}

static int
cell_cmp(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	if (x->subject != y->subject)
		return x->subject < y->subject ? -1 : 1;
	if (x->other != y->other)
		return x->other < y->other ? -1 : 1;
	return x->year == y->year ? 0 : x->year < y->year ? -1 : 1;
}

static void
fill_slots(const struct learn_book *b, unsigned role, struct slot *slots)
{
	for (uint32_t i = 0; i < b->notes_n; i++) {
		const struct noted *x = &b->notes[i];
		slots[i] = role == LEARN_PERSON
			       ? (struct slot){ x->partner, x->month / 12,
					 x->learner, i }
			       : (struct slot){ x->learner, x->month / 12,
					 x->partner, i };
	}
	qsort(slots, b->notes_n, sizeof(slots[0]), slot_cmp);
}

static err
make_cells(struct learn_book *b, unsigned role)
{
	const size_t n = b->notes_n;
	struct slot *slots = calloc(n + 1, sizeof(*slots));
	uint32_t *room = calloc(n + 1, sizeof(*room));
	struct cell *cells = calloc(n + 1, sizeof(*cells));
	uint32_t made = 0, year = 0;

	b->order[role] = calloc(n + 1, sizeof(uint32_t));
	b->cells[role] = cells;
	if (slots == NULL || room == NULL || cells == NULL ||
	    b->order[role] == NULL) {
		free(slots);
		free(room);
		return ERR_NOMEM;
	}
	fill_slots(b, role, slots);
	for (uint32_t i = 0, end; i < n; i = end) {
		struct cell *c = &cells[made];
		*c = (struct cell){ .subject = slots[i].subject,
			.other = slots[i].other,
			.year = slots[i].year,
			.first = i };
		for (end = i; end < n && slots[end].other == c->other &&
			      slots[end].year == c->year &&
			      slots[end].subject == c->subject;
		     end++)
			b->order[role][end] = slots[end].note;
		c->n = end - i;
		cell_sum(b, role, c, room);
		made++;
		if (end == n || slots[end].other != c->other ||
		    slots[end].year != c->year) {
			share_budget(b, &cells[year], made - year);
			year = made;
		}
	}
	b->cells_n[role] = made;
	qsort(cells, made, sizeof(cells[0]), cell_cmp);
	free(slots);
	free(room);
	return OK;
}

err
learn_book_new(const struct learn_input *in, const struct trust *trust,
    struct learn_book **out)
{
	struct learn_book *b;
	err e = OK;

	*out = NULL;
	if (in->events_n > LEARN_EVENTS_MAX)
		return ERR_LIMIT;
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return ERR_NOMEM;
	b->in = in;
	b->trust = trust;
	b->parties = calloc(2 * in->events_n + 1, sizeof(b->parties[0]));
	b->notes = calloc(in->events_n + 1, sizeof(b->notes[0]));
	if (b->parties == NULL || b->notes == NULL) {
		learn_book_free(b);
		return ERR_NOMEM;
	}
	gather_parties(b, trust);
	read_availability(b, trust);
	e = read_positions(b, trust);
	note_events(b, trust);
	if (e == OK)
		e = weigh_base(b);
	for (uint32_t i = 0; e == OK && i < b->notes_n; i++)
		weigh(b, &b->notes[i]);
	if (e == OK)
		e = follow_all(b);
	for (unsigned r = 0; e == OK && r < LEARN_ROLES; r++)
		e = make_cells(b, r);
	if (e != OK) {
		learn_book_free(b);
		return e;
	}
	*out = b;
	return OK;
}

void
learn_book_free(struct learn_book *b)
{
	if (b == NULL)
		return;
	free(b->parties);
	free(b->notes);
	for (unsigned r = 0; r < LEARN_ROLES; r++) {
		free(b->order[r]);
		free(b->cells[r]);
	}
	free(b);
}

size_t
learn_book_left_out(const struct learn_book *b)
{
	return b->left_out;
}
