#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/sums.h"

/* ---- a posting made ready ---- */

/* An entry of the table, by rank. */
struct ranked {
	uint32_t rank;
	uint16_t item, credit;
};

/* What ${weight} of ${all} is in units, of a code, rounded up. */
static uint32_t
units_of(uint64_t weight, uint64_t all, uint32_t code)
{
	const uint64_t most = all * SUM_CODES;

	return all == 0
		   ? 0
		   : (uint32_t)((weight * code * SUM_UNITS + most - 1) / most);
}

static void
set_worth(struct sum_plan *p, const struct plan_parts *parts)
{
	for (uint16_t i = 0; i < parts->asked_n; i++) {
		if (parts->tells[i])
			p->told += parts->weight[i];
		else
			p->asks += parts->weight[i];
		p->rarity += parts->rarity[i];
	}
	for (uint16_t i = 0; i < parts->asked_n; i++) {
		const uint64_t weight = parts->tells[i] ? parts->weight[i] : 0;
		for (uint32_t code = 0; code <= SUM_CODES; code++)
			p->worth[i][code] =
			    units_of(weight, p->told, code) << 16 |
			    units_of(parts->rarity[i], p->rarity, code);
	}
}

/* The codes of a credit, by the level that is held at most. */
static void
set_codes(const struct plan_parts *parts, uint16_t item, uint32_t credit,
    uint8_t code[4])
{
	static const uint8_t levels[4] = { 1, 2, 3, 0 };

	for (unsigned i = 0; i < 4; i++) {
		const uint32_t earned =
		    credit *
		    level_adequacy(parts->asked[item].level, levels[i]) /
		    CREDIT_MAX;
		code[i] = (uint8_t)((earned * SUM_CODES + CREDIT_MAX - 1) /
				    CREDIT_MAX);
	}
}

/* Least significant byte first; ${other} has as much room. */
static struct ranked *
sort_ranked(struct ranked *from, struct ranked *other, uint32_t n)
{
	for (unsigned pass = 0; pass < 4; pass++) {
		const unsigned shift = pass == 3 ? 0 : pass * 8;
		uint32_t counts[257] = { 0 };
		for (uint32_t i = 0; i < n; i++) {
			const uint32_t key =
			    pass == 3 ? from[i].item : from[i].rank;
			counts[(key >> shift & 255) + 1]++;
		}
		for (unsigned k = 1; k < 257; k++)
			counts[k] += counts[k - 1];
		for (uint32_t i = 0; i < n; i++) {
			const uint32_t key =
			    pass == 3 ? from[i].item : from[i].rank;
			other[counts[key >> shift & 255]++] = from[i];
		}
		struct ranked *const t = from;
		from = other;
		other = t;
	}
	return from;
}

NODISCARD static err
run_put(struct sum_plan *p, const struct plan_parts *parts,
    const struct ranked *first, const struct ranked *last, uint32_t credit)
{
	if (p->runs_n == p->runs_cap) {
		const uint32_t cap = p->runs_cap == 0 ? 64 : p->runs_cap * 2;
		void *runs = realloc(p->runs, cap * sizeof(*p->runs));
		if (runs == NULL)
			return ERR_NOMEM;
		p->runs = runs;
		p->runs_cap = cap;
	}
	struct sum_run *r = &p->runs[p->runs_n++];
	*r =
	    (struct sum_run){ first->rank, last->rank + 1, first->item, { 0 } };
	set_codes(parts, first->item, credit, r->code);
	return OK;
}

/*
 * Runs of neighbours with a credit. Those in between that earn more do no
 * harm, as the best counts; they have a run of their own.
 */
NODISCARD static err
runs_of_credit(struct sum_plan *p, const struct plan_parts *parts,
    const struct ranked *e, uint32_t n, uint32_t credit)
{
	uint32_t first = n, last = n;

	for (uint32_t i = 0; i <= n; i++) {
		const bool goes_on = i < n && i > 0 && first < n &&
				     e[i].rank == e[i - 1].rank + 1 &&
				     e[i].credit >= credit;
		if (!goes_on && first < n) {
			TRY(run_put(p, parts, &e[first], &e[last], credit));
			first = n;
		}
		if (i < n && e[i].credit == credit) {
			first = first < n ? first : i;
			last = i;
		}
	}
	return OK;
}

/* The larger credits first. */
NODISCARD static err
runs_of_item(struct sum_plan *p, const struct plan_parts *parts,
    const struct ranked *e, uint32_t n)
{
	uint32_t below = CREDIT_MAX + 1;

	for (;;) {
		uint32_t credit = 0;
		for (uint32_t i = 0; i < n; i++) {
			if (e[i].credit < below)
				credit = MAX(credit, (uint32_t)e[i].credit);
		}
		if (credit == 0)
			return OK;
		TRY(runs_of_credit(p, parts, e, n, credit));
		below = credit;
	}
}

NODISCARD static err
make_runs(
    struct sum_plan *p, const struct index *ix, const struct plan_parts *parts)
{
	uint32_t n, at = 0;
	const struct relate_entry *e = relate_entries(parts->fit, &n);
	struct ranked *room = malloc(((size_t)n * 2 + 1) * sizeof(*room));
	err r = room == NULL ? ERR_NOMEM : OK;

	for (uint32_t i = 0; i < n && r == OK; i++)
		room[i] = (struct ranked){ ix->shape->rank[e[i].at], e[i].item,
			e[i].credit };
	const struct ranked *sorted =
	    r == OK ? sort_ranked(room, room + n, n) : NULL;
	for (uint16_t i = 0; i < parts->asked_n && r == OK; i++) {
		const uint32_t first = at;
		while (at < n && sorted[at].item == i)
			at++;
		p->runs_from[i] = p->runs_n;
		r = runs_of_item(p, parts, sorted + first, at - first);
	}
	p->runs_from[parts->asked_n] = p->runs_n;
	free(room);
	return r;
}

err
sum_plan_new(const struct index *ix, const struct plan_parts *parts,
    struct sum_plan **out)
{
	struct sum_plan *p = calloc(1, sizeof(*p));

	*out = NULL;
	if (p == NULL)
		return ERR_NOMEM;
	p->items_n = parts->asked_n;
	set_worth(p, parts);
	const err e = make_runs(p, ix, parts);
	if (e != OK) {
		sum_plan_free(p);
		return e;
	}
	*out = p;
	return OK;
}

void
sum_plan_free(struct sum_plan *p)
{
	if (p == NULL)
		return;
	free(p->runs);
	free(p);
}

/* ---- a segment ---- */

err
sums_new(const struct sum_plan *plan, struct sums **out)
{
	struct sums *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return ERR_NOMEM;
	s->plan = plan;
	s->spans = malloc(((size_t)plan->runs_n + 1) * sizeof(*s->spans));
	if (s->spans == NULL) {
		sums_free(s);
		return ERR_NOMEM;
	}
	*out = s;
	return OK;
}

void
sums_free(struct sums *s)
{
	if (s == NULL)
		return;
	free(s->dense);
	free(s->spans);
	free(s->kept);
	free(s);
}

NODISCARD static err
dense_put(struct sums *s, const uint32_t *masks, uint16_t item, uint32_t worth)
{
	uint32_t at = s->dense_n;

	if (s->dense_n == s->dense_cap) {
		const uint32_t cap = s->dense_cap == 0 ? 32 : s->dense_cap * 2;
		void *p = realloc(s->dense, cap * sizeof(*s->dense));
		if (p == NULL)
			return ERR_NOMEM;
		s->dense = p;
		s->dense_cap = cap;
	}
	for (; at > 0 && (s->dense[at - 1].item > item ||
			     (s->dense[at - 1].item == item &&
				 s->dense[at - 1].worth < worth));
	     at--)
		s->dense[at] = s->dense[at - 1];
	s->dense[at] = (struct sum_dense){ masks, item, worth, 0 };
	s->dense_n++;
	return OK;
}

/* What a dense list is worth to each requirement that it can meet. */
NODISCARD static err
dense_open(struct sums *s, const struct plan_parts *parts,
    const struct fit_kernel *k, uint32_t number)
{
	const uint32_t *masks =
	    s->cards->masks + (size_t)number * s->cards->words_n;
	const uint32_t at = s->cards->dense[number];
	uint8_t code[4];

	if ((k->filter[at / 64] >> at % 64 & 1) == 0)
		return OK;
	for (uint32_t i = k->first[at];
	     i < k->entries_n && k->entries[i].at == at; i++) {
		const struct relate_entry *e = &k->entries[i];
		set_codes(parts, e->item, e->credit, code);
		TRY(dense_put(
		    s, masks, e->item, s->plan->worth[e->item][code[3]]));
	}
	return OK;
}

err
sums_open(struct sums *s, const struct plan_parts *parts,
    const struct fit_kernel *kernel, const struct cards *cards)
{
	s->cards = cards;
	s->dense_n = 0;
	s->dense_most = 0;
	s->dense_items = 0;
	for (uint32_t i = 0; i < cards->dense_n; i++)
		TRY(dense_open(s, parts, kernel, i));
	for (uint32_t i = 0; i < s->dense_n; i++) {
		s->dense_items |= UINT64_C(1) << s->dense[i].item;
		if (i == 0 || s->dense[i].item != s->dense[i - 1].item)
			s->dense_most += s->dense[i].worth;
	}
	return OK;
}

/* ---- a chunk ---- */

void
sums_find(struct sums *s, uint32_t chunk)
{
	const struct sum_plan *p = s->plan;

	s->spans_n = 0;
	s->entries = 0;
	memset(s->item_entries, 0, sizeof(s->item_entries));
	for (uint32_t i = 0; i < p->runs_n; i++) {
		struct sum_span *to = &s->spans[s->spans_n];
		to->entries = cards_list(&s->cards->held, chunk,
		    p->runs[i].first, p->runs[i].end, &to->n);
		to->run = i;
		__builtin_prefetch(to->entries);
		s->entries += to->n;
		s->item_entries[p->runs[i].item] += to->n;
		s->spans_n += to->n > 0;
	}
}

err
sums_keep(struct sums *s, const uint32_t pass[CHUNK_WORDS])
{
	uint16_t *to = s->kept;
	uint32_t spans = 0;

	if (s->entries > s->kept_cap) {
		to = realloc(s->kept, s->entries * 2 * sizeof(*to));
		if (to == NULL)
			return ERR_NOMEM;
		s->kept = to;
		s->kept_cap = s->entries * 2;
	}
	s->entries = 0;
	memset(s->item_entries, 0, sizeof(s->item_entries));
	for (uint32_t k = 0; k < s->spans_n; k++) {
		const struct sum_span from = s->spans[k];
		uint32_t n = 0;
		for (uint32_t i = 0; i < from.n; i++) {
			const unsigned e = from.entries[i];
			to[n] = (uint16_t)e;
			n += pass[e >> 7] >> (e >> 2 & 31) & 1;
		}
		s->spans[spans] = (struct sum_span){ to, n, from.run };
		spans += n > 0;
		to += n;
		s->entries += n;
		s->item_entries[s->plan->runs[from.run].item] += n;
	}
	s->spans_n = spans;
	return OK;
}

bool
sums_must(const struct sums *s, uint64_t must, uint16_t *item)
{
	*item = UINT16_MAX;
	must &= ~s->dense_items;
	for (uint16_t i = 0; must >> i != 0 && i < s->plan->items_n; i++) {
		if ((must >> i & 1) == 0)
			continue;
		if (s->item_entries[i] == 0)
			return false;
		if (*item == UINT16_MAX ||
		    s->item_entries[i] < s->item_entries[*item])
			*item = i;
	}
	return true;
}

static void
span_add(struct sums *restrict s, const struct sum_span *span,
    const uint32_t *restrict worth, const uint8_t code[4])
{
	const uint16_t base = (uint16_t)(s->tag << 8);
	const uint16_t codes[4] = { (uint16_t)(base + code[0]),
		(uint16_t)(base + code[1]), (uint16_t)(base + code[2]),
		(uint16_t)(base + code[3]) };

	for (uint32_t i = 0; i < span->n; i++) {
		const unsigned e = span->entries[i], card = e >> 2;
		const uint16_t old = MAX(s->best[card], base);
		const uint16_t now = MAX(old, codes[e & 3]);
		s->best[card] = now;
		s->sum[card] += worth[now - base] - worth[old - base];
	}
}

void
sums_add(struct sums *s)
{
	const struct sum_plan *p = s->plan;
	uint16_t item = UINT16_MAX;

	for (uint32_t i = 0; i < s->spans_n; i++) {
		const struct sum_run *r = &p->runs[s->spans[i].run];
		if (r->item != item) {
			item = r->item;
			if (++s->tag > UINT8_MAX) {
				memset(s->best, 0, sizeof(s->best));
				s->tag = 1;
			}
		}
		span_add(s, &s->spans[i], p->worth[item], r->code);
	}
}

/* For each byte, which of eight cards it stands for. */
#define ROW(n)                                                                 \
	{                                                                      \
		-((n)&1U), -((n) >> 1 & 1U), -((n) >> 2 & 1U),                 \
		    -((n) >> 3 & 1U), -((n) >> 4 & 1U), -((n) >> 5 & 1U),      \
		    -((n) >> 6 & 1U), -((n) >> 7 & 1U)                         \
	}
#define ROWS_4(n)  ROW(n), ROW((n) + 1), ROW((n) + 2), ROW((n) + 3)
#define ROWS_16(n) ROWS_4(n), ROWS_4((n) + 4), ROWS_4((n) + 8), ROWS_4((n) + 12)
#define ROWS_64(n)                                                             \
	ROWS_16(n), ROWS_16((n) + 16), ROWS_16((n) + 32), ROWS_16((n) + 48)
static const uint32_t spread[256][8] = { ROWS_64(0), ROWS_64(64), ROWS_64(128),
	ROWS_64(192) };

static void
word_add(uint32_t *restrict to, uint32_t word, uint32_t worth)
{
	for (unsigned b = 0; b < 4; b++) {
		const uint32_t *row = spread[word >> 8 * b & 255];
		for (unsigned i = 0; i < 8; i++)
			to[8 * b + i] += row[i] & worth;
	}
}

WIDE void
sums_add_dense(struct sums *s, uint32_t chunk, const uint32_t pass[CHUNK_WORDS],
    uint32_t from, uint32_t to)
{
	for (uint32_t w = from; w < to; w++) {
		uint32_t seen = ~pass[w];
		if (pass[w] == 0)
			continue;
		for (uint32_t d = 0; d < s->dense_n; d++) {
			const struct sum_dense *l = &s->dense[d];
			if (d > 0 && l->item != l[-1].item)
				seen = ~pass[w];
			const uint32_t word = l->masks[chunk * CHUNK_WORDS + w];
			word_add(&s->sum[w * 32], word & ~seen, l->worth);
			seen |= word;
		}
	}
}

uint32_t
sums_dense(const struct sums *s, uint32_t card)
{
	uint32_t sum = 0, item = UINT32_MAX;

	for (uint32_t d = 0; d < s->dense_n; d++) {
		const struct sum_dense *l = &s->dense[d];
		if (l->item == item ||
		    (l->masks[card / 32] >> card % 32 & 1) == 0)
			continue;
		sum += l->worth;
		item = l->item;
	}
	return sum;
}

uint32_t
sums_dense_word(const struct sums *s, uint32_t word, uint64_t items)
{
	uint32_t all = UINT32_MAX;

	for (uint32_t d = 0; d < s->dense_n;) {
		const uint16_t item = s->dense[d].item;
		const bool asked = (items >> item & 1) != 0;
		uint32_t any = 0;
		for (; d < s->dense_n && s->dense[d].item == item; d++)
			any |= asked ? s->dense[d].masks[word] : 0;
		all &= asked ? any : UINT32_MAX;
	}
	return all;
}

void
sums_word(struct sums *s, uint32_t word)
{
	uint32_t seen = 0;

	for (uint32_t d = 0; d < s->dense_n; d++) {
		struct sum_dense *l = &s->dense[d];
		if (d > 0 && l->item != l[-1].item)
			seen = 0;
		l->word = l->masks[word] & ~seen;
		seen |= l->word;
	}
}

void
sums_clear(struct sums *s)
{
	for (uint32_t k = 0; k < s->spans_n; k++) {
		const struct sum_span *span = &s->spans[k];
		for (uint32_t i = 0; i < span->n; i++)
			s->sum[span->entries[i] >> 2] = 0;
	}
}

void
sums_clear_all(struct sums *s)
{
	memset(s->sum, 0, sizeof(s->sum));
}
