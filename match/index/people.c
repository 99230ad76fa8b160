#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/people.h"

#define SEED_CARDS      64 /* of the first chunk, those who promise most */
#define BOUND_WIDTH     32
#define CANDIDATE_WIDTH 8
#define PREFETCH        4   /* candidates ahead */
#define GATES_FIRST     100 /* entries that are worth to ask all gates first */
#define GATES_LATE      48  /* candidates that are, afterwards */

/* ---- records ---- */

static void
take(struct search *s, const uint8_t *id, const uint8_t *bytes)
{
	s->counts.records_scored++;
	forward_card(&s->ix->form, bytes, &s->card);
	const struct score_brief f = plan_fit_brief(s->plan, &s->card);
	const struct score_brief w = plan_wish_brief(s->plan, &s->card, NULL);
	struct scan_result r = { .fit = f.total,
		.wish = w.total,
		.both = score_both(f.total, w.total),
		.excluded = f.excluded || w.excluded,
		.near = f.near || w.near };
	memcpy(r.id, id, RECORD_ID);
	if (r.excluded == s->excluded)
		top_put(&s->top, &r);
}

static void
look_at(struct search *s, const uint8_t *id, const uint8_t *bytes)
{
	struct forward_card_view v;

	s->counts.records_read++;
	forward_view_card(bytes, s->ix->form.wide, &v);
	if (s->filter != NULL && !view_wanted(s->filter, &v))
		return;
	if (!s->excluded && !view_passes(s, &v))
		return;
	if (v.twice) {
		take(s, id, bytes);
		return;
	}
	const struct kernel_result r = fit_kernel_run(s->kernel, &v);
	if (r.missing && !s->excluded)
		return;
	const int32_t fit = fit_of_share(r.earned, r.most);
	if (top_wants(&s->top, score_both(fit, view_wish(s, &v, r.uses)), id))
		take(s, id, bytes);
}

static void
open_tail(struct search *s, const struct part *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (!dead_at(p->dead, i))
			look_at(s, p->tail->ids[i], p->tail->records[i]);
	}
}

static void
look_at_card(struct search *s, uint32_t card)
{
	const struct segment *seg = s->part->segment;

	if (!dead_at(s->part->dead, card))
		look_at(s, seg->ids[card], segment_card(seg, card));
}

/* ---- candidates ---- */

static bool
passes(const struct search *s, uint32_t at)
{
	return (s->pass[at / 32] >> at % 32 & 1) != 0;
}

/* It has been looked at. */
static void
set_done(struct search *s, uint32_t at)
{
	s->pass[at / 32] &= ~(1U << at % 32);
}

/* What its LINE_USES earns at most. */
static int32_t
uses_most(const struct search *s, uint32_t sum, uint32_t rarity)
{
	const uint64_t taken =
	    (uint64_t)SUM_TAKEN(sum) * s->plan_sums->rarity * CREDIT_MAX;
	const uint64_t all = (uint64_t)rarity * SUM_UNITS;

	if (s->plan_sums->items_n == 0)
		return -1;
	if (all == 0 || s->plan_sums->rarity == 0)
		return CREDIT_MAX;
	return (int32_t)MIN(taken / all, (uint64_t)CREDIT_MAX);
}

/* May a card with such a sum enter? */
static inline bool
sum_enters(const struct search *s, const struct limit *l, uint32_t sum,
    uint32_t rarity)
{
	const uint32_t uses = l->uses[SUM_FIT(sum) >> FIT_BITS];

	if (uses > USES)
		return false;
	if (uses == 0 || rarity == 0 || s->plan_sums->rarity == 0)
		return true; /* to be looked at more closely */
	return (uint64_t)SUM_TAKEN(sum) * s->plan_sums->rarity * USES >
	       (uint64_t)(uses - 1) * rarity * SUM_UNITS;
}

static uint8_t
kind_of(const struct search *s, uint32_t card)
{
	const uint8_t kind = s->kinds[(card - s->first) / 32];

	return kind != WISH_KIND_ANY ? kind
				     : s->cards->groups[group_of(s, card)].kind;
}

/* What a card with such a sum may come to. */
static int32_t
bound_of(struct search *s, uint32_t card, uint32_t sum)
{
	return score_both(fit_most(s, SUM_FIT(sum)),
	    wish_bound(s, want_of(s, card), kind_of(s, card),
		gates_hours(s, card),
		uses_most(s, sum, s->cards->rarity[card])));
}

/* A card whose sum, with dense lists, lets it in. */
static void
try_sum(struct search *s, uint32_t card, uint32_t sum)
{
	const int32_t both = bound_of(s, card, sum);

	if (both >= top_least(&s->top))
		s->candidates[s->candidates_n++] =
		    (struct candidate){ card, both };
}

/* May any card of its word enter? Spares a look at the card's own rarity. */
static inline bool
word_enters(
    const struct search *s, const struct limit *l, uint32_t card, uint32_t sum)
{
	return SUM_FIT(sum) >= l->fit &&
	       sum_enters(s, l, sum, s->cards->rarity_least[card / 32]);
}

/* ${summed}: its dense lists are in the sum. */
static inline void
try_card(struct search *s, uint32_t card, bool summed)
{
	const struct sums *sums = s->sums;
	const uint8_t kind = s->kinds[(card - s->first) / 32];
	const struct limit *l = limit_most(s, kind);
	uint32_t sum = sums->sum[card - s->first];
	const uint32_t most = sum + (summed ? 0 : sums->dense_most);

	if (!word_enters(s, l, card, most))
		return;
	if (s->wish.want_all != 0) {
		l = &s->wish.limits[WANT_CLASS(want_of(s, card))][kind];
		if (!word_enters(s, l, card, most))
			return;
	}
	const uint32_t rarity = s->cards->rarity[card];
	if (!sum_enters(s, l, most, rarity))
		return;
	if (!summed && sums->dense_n > 0) {
		sum += sums_dense(sums, card);
		if (!sum_enters(s, l, sum, rarity))
			return;
	}
	try_sum(s, card, sum);
}

static uint32_t
candidate_step(const struct candidate *c)
{
	return (uint32_t)c->both / CANDIDATE_WIDTH;
}

/* The larger bounds first, in steps; where they are then. */
static const struct candidate *
sort_candidates(struct search *s)
{
	uint32_t counts[SCORE_MAX / CANDIDATE_WIDTH + 1] = { 0 };
	const uint32_t last = ARRAY_LEN(counts) - 1;
	struct candidate *sorted = s->candidates + CHUNK_CARDS;

	if (s->candidates_n < 2)
		return s->candidates;
	for (uint32_t i = 0; i < s->candidates_n; i++)
		counts[last - candidate_step(&s->candidates[i])]++;
	for (uint32_t k = 0, at = 0; k <= last; k++) {
		at += counts[k];
		counts[k] = at - counts[k];
	}
	for (uint32_t i = 0; i < s->candidates_n; i++) {
		const struct candidate *c = &s->candidates[i];
		sorted[counts[last - candidate_step(c)]++] = *c;
	}
	return sorted;
}

/* Where the bytes of those ${n} begin lies far apart, and so do the bytes. */
static void
prefetch_card(const struct segment *seg, const struct candidate *c, uint32_t n)
{
	if (n > 2 * PREFETCH) {
		const uint32_t card = c[2 * PREFETCH].card;
		__builtin_prefetch(&seg->starts[card]);
		__builtin_prefetch(&seg->blocks[card / BLOCK_RECORDS]);
	}
	if (n > PREFETCH) {
		const uint8_t *bytes = segment_card(seg, c[PREFETCH].card);
		__builtin_prefetch(bytes);
		__builtin_prefetch(bytes + 64);
	}
}

/* Of few candidates it costs less to find out from their records. */
static void
keep_passing(struct search *s)
{
	uint32_t kept = 0;

	if (s->candidates_n < GATES_LATE || s->gated == UINT32_MAX)
		return;
	for (uint32_t i = 0; i < s->candidates_n; i++) {
		const uint32_t at = s->candidates[i].card - s->first;
		gates_line(s, at / 32 / LINE_WORDS);
		if (passes(s, at))
			s->candidates[kept++] = s->candidates[i];
	}
	s->candidates_n = kept;
}

/* The best bounds first, so that the others need not be read. */
static void
look_at_candidates(struct search *s)
{
	const struct segment *seg = s->part->segment;

	keep_passing(s);
	const struct candidate *c = sort_candidates(s);

	for (uint32_t i = 0; i < s->candidates_n; i++, c++) {
		const int32_t least = top_least(&s->top);
		prefetch_card(seg, c, s->candidates_n - i);
		if ((int32_t)candidate_step(c) < least / CANDIDATE_WIDTH)
			break;
		if (c->both >= least &&
		    top_wants(&s->top, c->both, seg->ids[c->card]))
			look_at_card(s, c->card);
	}
	s->candidates_n = 0;
}

/* ---- a chunk ---- */

static uint32_t
chunk_cards(const struct search *s)
{
	return MIN(s->part->segment->n - s->first, CHUNK_CARDS);
}

/* The sums of a word of cards at most, each half by itself. */
WIDE static uint32_t
word_most(const uint32_t *sum)
{
	int32_t fit = 0, taken = 0;

	for (unsigned i = 0; i < 32; i++) {
		const int32_t f = (int32_t)sum[i];
		const int32_t t = (int32_t)SUM_TAKEN(sum[i]);
		fit = MAX(fit, f);
		taken = MAX(taken, t);
	}
	return SUM_FIT((uint32_t)fit) << 16 | (uint32_t)taken;
}

/* The cards of a word whose dense lists are in the sums. */
static void
try_word(struct search *s, uint32_t word)
{
	const struct limit *l = limit_most(s, s->kinds[word]);
	const uint32_t from = word * 32;
	const uint32_t to = MIN(from + 32, chunk_cards(s));
	const uint32_t *sum = s->sums->sum;
	const uint16_t *rarity = &s->cards->rarity[s->first];
	uint32_t least = UINT32_MAX, left = s->pass[word];

	if (left == 0)
		return;
	for (uint32_t i = from; i < to; i++)
		least = MIN(least, (uint32_t)rarity[i]);
	if (!sum_enters(s, l, word_most(sum + from), least))
		return;
	for (; left != 0; left &= left - 1) {
		const uint32_t i = from + (uint32_t)__builtin_ctz(left);
		if (sum_enters(s, l, sum[i], rarity[i]))
			try_sum(s, s->first + i, sum[i]);
	}
}

/* The largest rarity of a card that may enter by its dense lists alone; -1:
 * nobody may. */
static int32_t
rarity_most(const struct search *s, const struct limit *l)
{
	const uint32_t sum = s->sums->dense_most;
	const uint32_t uses = l->uses[SUM_FIT(sum) >> FIT_BITS];
	const uint64_t taken =
	    (uint64_t)SUM_TAKEN(sum) * s->plan_sums->rarity * USES;

	if (uses > USES)
		return -1;
	if (uses <= 1 || s->plan_sums->rarity == 0)
		return UINT16_MAX;
	return (int32_t)MIN(
	    taken / ((uint64_t)(uses - 1) * SUM_UNITS), (uint64_t)UINT16_MAX);
}

/*
 * The items without whose dense lists the others do not suffice, for who is
 * in no other list that counts.
 */
static uint64_t
items_needed(const struct search *s, const struct limit *l, uint32_t rarity)
{
	const struct sums *sums = s->sums;
	const uint64_t must = s->excluded ? 0 : s->kernel->must;
	uint64_t items = 0;

	for (uint32_t d = 0; d < sums->dense_n; d++) {
		const struct sum_dense *at = &sums->dense[d];
		const uint64_t bit = UINT64_C(1) << at->item;
		if (d > 0 && at->item == at[-1].item)
			continue;
		/* where the least credit counts nothing, a list may be unseen */
		if (((must & bit) != 0 &&
			s->plan_sums->worth[at->item][1] > 0) ||
		    !sum_enters(s, l, sums->dense_most - at->worth, rarity))
			items |= bit;
	}
	return items;
}

/* Of a word of the chunk those of a class of wants. */
static inline uint32_t
class_word(const struct search *s, unsigned class, uint32_t word)
{
	const uint32_t at = s->first % WANTS_CARDS / 32 + word;

	if (s->wish.want_all == 0)
		return UINT32_MAX;
	return ((class & WANT_LEARNS) != 0 ? s->learns[at] : ~s->learns[at]) &
	       ((class & WANT_CARES) != 0 ? s->cares[at] : ~s->cares[at]);
}

/* The cards of a word whose bits are set: who of them may enter. */
static void
try_dense_cards(
    struct search *s, const struct limit *l, uint32_t word, uint32_t left)
{
	const uint32_t *sum = &s->sums->sum[word * 32];
	const uint32_t first = s->first + word * 32;
	const uint16_t *rarity = &s->cards->rarity[first];

	sums_word(s->sums, first / 32);
	for (; left != 0; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctz(left);
		const uint32_t dense = sums_of(s->sums, i);
		if (sum[i] == 0 && /* else it is tried by itself */
		    sum_enters(s, l, dense, rarity[i]))
			try_sum(s, first + i, dense);
	}
}

/* Of the cards [from, to) of the chunk those of a class of wants. */
static void
try_dense(
    struct search *s, unsigned class, uint8_t kind, uint32_t from, uint32_t to)
{
	const struct limit *l = &s->wish.limits[class][kind];
	const int32_t most = rarity_most(s, l);
	const uint16_t *rarity = &s->cards->rarity_least[s->first / 32];
	uint64_t items = 0;
	uint32_t of = UINT32_MAX; /* whose ${items} these are */

	for (uint32_t word = from / 32; word * 32 < to; word++) {
		uint32_t left = class_word(s, class, word);
		if (rarity[word] > most)
			break; /* and so are all that follow */
		if (from > word * 32)
			left &= UINT32_MAX << from % 32;
		if (to < word * 32 + 32)
			left &= ~(UINT32_MAX << to % 32);
		if (left == 0)
			continue;
		if (rarity[word] != of) {
			of = rarity[word];
			items = items_needed(s, l, of);
		}
		left &= sums_dense_word(s->sums, s->first / 32 + word, items);
		if (left == 0)
			continue;
		gates_line(s, word / LINE_WORDS);
		left &= s->pass[word];
		if (left != 0)
			try_dense_cards(s, l, word, left);
	}
}

/*
 * In each group those come first who can do least: for them little is much.
 * Who may enter by dense lists alone is among them.
 */
static void
try_few_skilled(struct search *s)
{
	const uint32_t end = s->first + chunk_cards(s);

	for (uint32_t i = s->group_first; i < s->group_end; i++) {
		const struct card_group *g = &s->cards->groups[i];
		const uint32_t from = MAX(g->first, s->first) - s->first;
		const uint32_t to = MIN(group_end(s, i), end) - s->first;
		if (s->passes[i] == 0)
			continue;
		if (s->wish.want_all != 0)
			wants_open(s, s->first / WANTS_CARDS);
		for (unsigned class = 0; class < WANT_CLASSES; class ++) {
			if ((class & ~WANT_CLASS(s->wish.want_all)) == 0)
				try_dense(s, class, g->kind, from, to);
		}
	}
}

/* All others: they are in a list of the item, or of any (UINT16_MAX). */
static void
try_spans(struct search *s, uint16_t item, bool summed)
{
	const struct sums *sums = s->sums;
	uint32_t *sum = s->sums->sum;

	for (uint32_t k = 0; k < sums->spans_n; k++) {
		const struct sum_span *span = &sums->spans[k];
		if (item != UINT16_MAX &&
		    s->plan_sums->runs[span->run].item != item)
			continue;
		for (uint32_t i = 0; i < span->n; i++) {
			const uint32_t card = span->entries[i] >> 2;
			if (sum[card] != 0 &&
			    (s->gated != UINT32_MAX || passes(s, card)))
				try_card(s, s->first + card, summed);
			sum[card] = 0;
		}
	}
}

/* With ${summed} all of it has been summed up with the dense lists. */
static void
try_chunk(struct search *s, uint16_t must, bool summed)
{
	limits_open(s, WISH_KIND_ANY);
	for (uint32_t i = s->group_first; i < s->group_end; i++) {
		if (s->passes[i] != 0)
			limits_open(s, s->cards->groups[i].kind);
	}
	if (summed && must == UINT16_MAX) {
		for (uint32_t w = 0; w * 32 < chunk_cards(s); w++)
			try_word(s, w);
	} else if (must != UINT16_MAX) {
		try_spans(s, must, summed);
	} else {
		try_few_skilled(s);
		try_spans(s, UINT16_MAX, false);
	}
	if (summed)
		sums_clear_all(s->sums);
	else if (must != UINT16_MAX)
		sums_clear(s->sums);
	look_at_candidates(s);
}

/* Who is in a list of the item, or of any (UINT16_MAX), each once. */
static uint32_t
listed_cards(struct search *s, uint16_t item, uint16_t *out)
{
	const struct sums *sums = s->sums;
	uint32_t n = 0, left[CHUNK_WORDS];

	memcpy(left, s->pass, sizeof(left));
	for (uint32_t k = 0; k < sums->spans_n; k++) {
		const struct sum_span *span = &sums->spans[k];
		if (item != UINT16_MAX &&
		    s->plan_sums->runs[span->run].item != item)
			continue;
		for (uint32_t i = 0; i < span->n; i++) {
			const uint32_t at = span->entries[i] >> 2;
			if ((left[at / 32] >> at % 32 & 1) != 0)
				out[n++] = (uint16_t)at;
			left[at / 32] &= ~(1U << at % 32);
		}
	}
	return n;
}

/* By what they may come to, the most first; ${other} has as much room. */
static void
sort_by_bound(struct search *s, const uint16_t *cards, uint32_t n,
    uint16_t *other, bool summed)
{
	uint32_t counts[SCORE_MAX / BOUND_WIDTH + 1] = { 0 };
	const uint32_t last = ARRAY_LEN(counts) - 1;
	uint16_t *keys = other + n;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t card = s->first + cards[i];
		const uint32_t sum = s->sums->sum[cards[i]] +
				     (summed ? 0 : sums_dense(s->sums, card));
		keys[i] = (uint16_t)(last - (uint32_t)bound_of(s, card, sum) /
						BOUND_WIDTH);
		counts[keys[i]]++;
	}
	for (uint32_t k = 0, at = 0; k <= last; k++) {
		at += counts[k];
		counts[k] = at - counts[k];
	}
	for (uint32_t i = 0; i < n; i++)
		other[counts[keys[i]]++] = cards[i];
}

/*
 * In the first chunk those who promise most are looked at before all others, so
 * that there is somebody with whom these are compared. Where few are in a
 * list of their own, the dense ones are summed up as well.
 */
NODISCARD static err
seed_chunk(struct search *s, uint32_t chunk, uint16_t must, bool *summed)
{
	uint16_t *cards = calloc(CHUNK_CARDS * 3, sizeof(*cards));
	uint32_t looked = 0;

	if (cards == NULL)
		return ERR_NOMEM;
	uint32_t n = listed_cards(s, must, cards);
	if (n < SEED_CARDS && must == UINT16_MAX && s->sums->dense_n > 0) {
		sums_add_dense(s->sums, chunk, s->pass, 0, CHUNK_WORDS);
		*summed = true;
		n = 0;
		for (uint32_t i = 0; i < chunk_cards(s); i++) {
			if (s->sums->sum[i] != 0 && passes(s, i))
				cards[n++] = (uint16_t)i;
		}
	}
	const uint16_t *sorted = cards + n;
	sort_by_bound(s, cards, n, cards + n, *summed);
	for (uint32_t i = 0; i < n; i++) {
		if (looked >= SEED_CARDS && top_least(&s->top) >= 0)
			break;
		set_done(s, sorted[i]);
		look_at_card(s, s->first + sorted[i]);
		looked++;
	}
	free(cards);
	return OK;
}

/* ---- the search ---- */

/* A chunk that is to be looked at, and how much it promises. */
struct stop {
	uint32_t part, chunk;
	uint64_t promise;
};

NODISCARD static err
part_open(struct search *s, uint32_t part)
{
	if (s->part == &s->s->parts[part])
		return OK;
	s->part = &s->s->parts[part];
	s->cards = s->part->segment->cards;
	s->wants_chunk = UINT32_MAX;
	free(s->passes);
	s->passes = malloc((size_t)s->cards->groups_n + 1);
	if (s->passes == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < s->cards->groups_n; i++)
		s->passes[i] = gates_region(s, s->cards->groups[i].region);
	return sums_open(s->sums, &s->parts, s->kernel, s->cards);
}

/* Goes on with this chunk of the segment. */
static void
chunk_open(struct search *s, uint32_t chunk)
{
	const struct cards *c = s->cards;
	uint32_t i;

	s->first = chunk * CHUNK_CARDS;
	const uint32_t end = s->first + chunk_cards(s);
	s->group_first = group_of(s, s->first);
	for (i = s->group_first; i < c->groups_n && c->groups[i].first < end;
	     i++) {
		const uint32_t from = MAX(c->groups[i].first, s->first);
		const uint32_t to = MIN(group_end(s, i), end);
		const uint32_t word = (from - s->first) / 32;
		memset(s->kinds + word,
		    s->passes[i] != 0 ? c->groups[i].kind : KIND_CLOSED,
		    (to - s->first + 31) / 32 - word);
		if (from % 32 != 0)
			s->kinds[word] = WISH_KIND_ANY;
	}
	s->group_end = i;
}

/* How many cards of the chunk are in a group where somebody may pass. */
static uint32_t
cards_open(const struct search *s)
{
	const uint32_t end = s->first + chunk_cards(s);
	uint32_t n = 0;

	for (uint32_t i = s->group_first; i < s->group_end; i++) {
		const uint32_t from = MAX(s->cards->groups[i].first, s->first);
		n += s->passes[i] != 0 ? MIN(group_end(s, i), end) - from : 0;
	}
	return n;
}

/* By how much of what is asked is held as it is asked. */
static uint64_t
promise_of(const struct search *s, uint32_t chunk, uint32_t open)
{
	const struct sum_plan *p = s->plan_sums;
	uint64_t sum = 1;

	for (uint16_t i = 0; i < p->items_n; i++) {
		uint32_t n = 0;
		if (p->runs_from[i] == p->runs_from[i + 1])
			continue;
		const struct sum_run *r = &p->runs[p->runs_from[i]];
		(void)cards_list(&s->cards->held, chunk, r->first, r->end, &n);
		sum += (uint64_t)n * SUM_FIT(p->worth[i][SUM_CODES]);
	}
	return sum * open / CHUNK_CARDS;
}

NODISCARD static err
visit(struct search *s, const struct stop *at, bool seed)
{
	uint16_t must = UINT16_MAX;
	bool summed = false;

	TRY(part_open(s, at->part));
	chunk_open(s, at->chunk);
	s->counts.blocks_opened++;
	sums_find(s->sums, at->chunk);
	s->counts.entries += s->sums->entries;
	if (!s->excluded && !sums_must(s->sums, s->kernel->must, &must))
		return OK; /* nobody has it */
	s->gated = 0;
	if (seed || s->sums->entries > GATES_FIRST) {
		gates_chunk(s);
		TRY(sums_keep(s->sums, s->pass));
		if (!s->excluded && !sums_must(s->sums, s->kernel->must, &must))
			return OK; /* nobody who passes has it */
	}
	sums_add(s->sums);
	if (seed)
		TRY(seed_chunk(s, at->chunk, must, &summed));
	try_chunk(s, must, summed);
	return OK;
}

static int
stop_order(const void *a, const void *b)
{
	const struct stop *x = a, *y = b;

	if (x->promise != y->promise)
		return x->promise > y->promise ? -1 : 1;
	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return (x->chunk > y->chunk) - (x->chunk < y->chunk);
}

NODISCARD static err
find_stops(struct search *s, struct stop *stops, uint32_t *n)
{
	*n = 0;
	for (uint32_t i = 0; i < s->s->parts_n; i++) {
		if (s->s->parts[i].segment == NULL)
			continue;
		TRY(part_open(s, i));
		const uint32_t chunks = s->cards->held.chunks_n;
		s->counts.blocks += chunks;
		for (uint32_t k = 0; k < chunks; k++) {
			chunk_open(s, k);
			const uint32_t open = cards_open(s);
			if (open > 0)
				stops[(*n)++] = (struct stop){ i, k,
					promise_of(s, k, open) };
		}
	}
	return OK;
}

NODISCARD static err
visit_all(struct search *s)
{
	uint32_t most = 1, n, best = 0;

	for (uint32_t i = 0; i < s->s->parts_n; i++)
		most += s->s->parts[i].n / CHUNK_CARDS + 1;
	struct stop *stops = malloc(most * sizeof(*stops));
	if (stops == NULL)
		return ERR_NOMEM;
	err e = find_stops(s, stops, &n);
	for (uint32_t i = 1; i < n && e == OK; i++) {
		if (stop_order(&stops[i], &stops[best]) < 0)
			best = i;
	}
	if (e == OK && n > 0)
		e = visit(s, &stops[best], true);
	for (uint32_t i = 0; i < n && e == OK; i++) {
		if (i != best)
			e = visit(s, &stops[i], false);
	}
	free(stops);
	return e;
}

NODISCARD static err
search_run(struct search *s)
{
	gates_make(s);
	s->part = NULL;
	limits_begin(s);
	if (!s->excluded && gate_status(s->posting).state == GATE_FAIL)
		return OK;
	for (uint32_t i = 0; i < s->s->parts_n; i++) {
		if (s->s->parts[i].tail != NULL)
			open_tail(s, &s->s->parts[i]);
	}
	return visit_all(s);
}

NODISCARD static err
search_start(struct search *s)
{
	TRY(plan_new(&s->ix->m, s->posting, &s->plan));
	plan_parts(s->plan, &s->parts);
	TRY(fit_kernel_new(s->plan, s->ix, &s->kernel));
	TRY(wish_bounds_make(s));
	TRY(sum_plan_new(s->ix, &s->parts, &s->plan_sums));
	TRY(sums_new(s->plan_sums, &s->sums));
	s->candidates = malloc(2 * CHUNK_CARDS * sizeof(*s->candidates));
	return s->candidates == NULL ? ERR_NOMEM : OK;
}

static void
search_end(struct search *s)
{
	wish_bounds_end(s);
	free(s->passes);
	free(s->candidates);
	sums_free(s->sums);
	sum_plan_free(s->plan_sums);
	fit_kernel_free(s->kernel);
	plan_free(s->plan);
}

err
index_people(const struct index_snapshot *s, const struct posting *p,
    const struct index_filter *f, bool with_excluded, struct scan_result *out,
    size_t max, size_t *n, struct index_counts *counts)
{
	struct search *x = calloc(1, sizeof(*x));

	*n = 0;
	if (x == NULL)
		return ERR_NOMEM;
	ASSERT(s->ix->kind == INDEX_PEOPLE);
	x->s = s;
	x->ix = s->ix;
	x->posting = p;
	x->filter = f;
	x->top = (struct top){ out, max, 0 };
	err e = search_start(x);
	if (e == OK && max > 0)
		e = search_run(x);
	if (e == OK)
		*n = x->top.n;
	if (e == OK && with_excluded && *n < max) {
		/* all who may come are there; now those who may not */
		x->excluded = true;
		x->top = (struct top){ out + *n, max - *n, 0 };
		e = search_run(x);
		*n += e == OK ? x->top.n : 0;
	}
	x->counts.records = s->live;
	if (counts != NULL)
		*counts = x->counts;
	search_end(x);
	free(x);
	return e;
}
