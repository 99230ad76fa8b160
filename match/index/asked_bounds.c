#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/asked.h"

#define TAKEN_PARTS 4   /* of a sixteenth of a bit */
#define WANT_PARTS  250 /* of a whole credit */
#define WANT_STEP   (CREDIT_MAX / WANT_PARTS)

/* ---- classes ---- */

enum { ASKS_NOTHING, ASKS_UNTOLD, ASKS_TOLD };
#define ASKS           3
#define PURPOSES       2
#define HOURS_STEPS    6
#define HOURS_STEP     10
#define INVESTED_STEPS 5
#define INVESTED_STEP  (CREDIT_MAX / (INVESTED_STEPS - 1))
#define CLASS(invested, hours, purposes, asks)                                 \
	((((invested)*HOURS_STEPS + (hours)) * PURPOSES + (purposes)) * ASKS + \
	    (asks))

static unsigned
asks_of(const struct index *ix, const struct forward_posting_view *v)
{
	const size_t place = ix->form.wide ? 4 : 2;
	unsigned asks = ASKS_NOTHING;

	for (uint16_t i = 0; i < v->requirements_n; i++) {
		const uint32_t at = forward_place(
		    v->requirements + i * (place + 2), 0, ix->form.wide);
		if (at >= ix->shape->places_n)
			continue;
		asks = ix->shape->told[at] != 0 ? ASKS_TOLD
						: MAX(asks, ASKS_UNTOLD);
		if (asks == ASKS_TOLD)
			break;
	}
	return asks;
}

uint8_t
asked_class(const struct index *ix, const uint8_t *bytes)
{
	struct forward_posting_view v;

	forward_view_posting(bytes, ix->form.wide, &v);
	const unsigned invested =
	    (v.invested + INVESTED_STEP - 1U) / INVESTED_STEP;
	const unsigned hours =
	    MIN((v.hours + HOURS_STEP - 1U) / HOURS_STEP, HOURS_STEPS - 1U);
	return (uint8_t)CLASS(
	    invested, hours, v.purposes_n > 0 ? 1U : 0U, asks_of(ix, &v));
}

/* A contract that is wanted, if some are. */
static uint8_t
wanted_contract(const struct asked_kernel *k)
{
	for (uint8_t c = 1; c < 32; c++) {
		if ((k->contract_pass >> c & 1) != 0)
			return c;
	}
	return 32; /* told by the same bit as 0 */
}

static uint64_t
rounded_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

static void
class_wish(const struct asked_kernel *k, unsigned class, struct asked_wishes *w)
{
	const unsigned asks = class % ASKS;
	const unsigned hours = class / (ASKS * PURPOSES) % HOURS_STEPS;
	const bool uses = asks != ASKS_NOTHING && k->parts.rarity > 0;
	struct offer_facts f = {
		.invested = (uint16_t)(class / (ASKS * PURPOSES * HOURS_STEPS) *
				       INVESTED_STEP),
		.hours = hours == 0 ? 0 : (hours - 1) * HOURS_STEP + 1,
		.contract = wanted_contract(k),
		.purposes = class / ASKS % PURPOSES != 0,
		.uses = uses ? 0 : -1,
	};
	const struct wish_sum s = card_plan_wish_sum(k->plan, &f);

	w->base[class] = s.earned;
	w->part[class] =
	    rounded_up((uint64_t)SCORE_MAX << 32, s.weight * CREDIT_MAX);
	if (!uses)
		return;
	f.uses = CREDIT_MAX;
	w->uses[class] = card_plan_wish_sum(k->plan, &f).earned - s.earned;
	w->use_slope = rounded_up((uint64_t)w->uses[class] << 16,
	    (uint64_t)k->parts.rarity * TAKEN_PARTS);
}

/* What one more credit of each sort is worth, whatever the class. */
static void
want_worth(const struct asked_kernel *k, struct asked_wishes *w)
{
	struct offer_facts f = { .uses = -1, .purposes = true };
	const uint32_t none = card_plan_wish_sum(k->plan, &f).earned;

	f.first = CREDIT_MAX;
	w->first = card_plan_wish_sum(k->plan, &f).earned - none;
	f.second = CREDIT_MAX;
	w->second = card_plan_wish_sum(k->plan, &f).earned - none - w->first;
	f.first = f.second = 0;
	f.purpose = CREDIT_MAX;
	w->purpose = card_plan_wish_sum(k->plan, &f).earned - none;
}

void
asked_wishes(const struct asked_kernel *k, struct asked_wishes *out)
{
	*out = (struct asked_wishes){ 0 };
	for (unsigned class = 0; class < ASKED_CLASSES; class ++)
		class_wish(k, class, out);
	want_worth(k, out);
	for (uint32_t i = 0; i < 256; i++) {
		const uint64_t share =
		    MIN((uint64_t)(i << 8 | 255), (uint64_t)SHARE_UNITS);
		out->fits[i] = fit_of_share(share, SHARE_UNITS);
	}
}

/* ---- sums ---- */

/* ${credit} of what a card can tell: no sum is over 16 bits. */
static void
list_add(const struct segment *s, const struct list *l, uint32_t credit,
    uint32_t taken, uint32_t *restrict sums)
{
	const uint32_t *restrict e = s->shares + l->from;
	const uint32_t part = (uint32_t)rounded_up(credit << 16, CREDIT_MAX);

	for (uint32_t i = 0; i < l->n; i++)
		sums[e[i] >> 16] +=
		    (((e[i] & UINT16_MAX) * part + UINT16_MAX) & 0xffff0000U) +
		    taken;
}

/* Of what it cannot, after all others: it adds what it adds, or nothing. */
static void
list_add_untold(const struct segment *s, const struct list *l, uint32_t credit,
    uint32_t taken, uint32_t *sums)
{
	const uint32_t *e = s->shares + l->from;

	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t *sum = &sums[e[i] >> 16];
		const uint32_t share =
		    credit < CREDIT_MAX ? 0 : e[i] & UINT16_MAX;
		const uint32_t all =
		    MIN((*sum >> 16) + share, (uint32_t)UINT16_MAX);
		*sum = all << 16 | ((*sum & UINT16_MAX) + taken);
	}
}

static uint64_t
sums_make(const struct asked_kernel *k, const struct segment *s, bool told,
    uint32_t *sums)
{
	const uint8_t *rarity = k->ix->m.rarity->sixteenths;
	uint64_t entries = 0;

	for (uint32_t i = 0; i < k->rows_n; i++) {
		const struct asked_row *row = &k->rows[i];
		if ((k->ix->shape->told[row->at] != 0) != told)
			continue;
		for (uint32_t at = s->list_from[row->at];
		     at < s->list_from[row->at + 1]; at++) {
			const struct list *l = &s->lists[at];
			if (l->feature >= ASKED_LEVELS)
				continue;
			const uint32_t credit = row->credit[l->feature];
			const uint32_t taken = (uint32_t)rounded_up(
			    (uint64_t)rarity[row->at] * credit * TAKEN_PARTS,
			    CREDIT_MAX);
			(told ? list_add : list_add_untold)(
			    s, l, credit, taken, sums);
			entries += l->n;
		}
	}
	return entries;
}

static uint64_t
wants_make(const struct asked_kernel *k, struct asked_reach *r)
{
	const struct segment *s = r->s;
	uint64_t entries = 0;

	for (uint32_t i = 0; i < k->wants_n; i++) {
		const struct relate_entry *w = &k->wants[i];
		const bool purpose = k->parts.wanted[w->item].group != 0;
		const struct list *l = segment_list(
		    s, w->at, purpose ? FEATURE_PURPOSE : FEATURE_TEACHES);
		const uint8_t credit =
		    (uint8_t)rounded_up(w->credit, WANT_STEP);
		uint8_t *to = purpose ? r->care : r->learn;
		uint8_t *most = purpose ? r->care_most : r->learn_most;
		for (uint32_t at = 0; l != NULL && at < l->n; at++) {
			const uint32_t p = s->shares[l->from + at] >> 16;
			uint8_t *block = &most[p / BLOCK_RECORDS];
			to[p] = MAX(to[p], credit);
			*block = MAX(*block, credit);
		}
		entries += l != NULL ? l->n : 0;
	}
	return entries;
}

/* ---- bounds ---- */

static inline uint32_t
wish_of(const struct asked_wishes *w, uint32_t taken, uint8_t class,
    uint32_t learn, uint32_t care)
{
	const uint32_t wants =
	    (learn * (w->first + w->second) + care * w->purpose) / WANT_PARTS;
	const uint64_t uses =
	    MIN((taken * w->use_slope >> 16) + 1, w->uses[class]);
	const uint64_t wish =
	    (w->base[class] + wants + uses) * w->part[class] >> 32;

	/* of a block, wants may be of another class */
	return (uint32_t)MIN(wish, (uint64_t)SCORE_MAX);
}

static inline uint32_t
fit_of(const struct asked_wishes *w, uint32_t share, uint8_t class)
{
	if (class % ASKS == ASKS_TOLD)
		return share == 0 ? 0 : (uint32_t)w->fits[share >> 8];
	return share == 0 ? SCORE_NEUTRAL : SCORE_MAX;
}

/* As score_both(); no wish is 0, since what nobody knows earns half. */
static inline int32_t
both_of(uint32_t fit, uint32_t wish)
{
	return (int32_t)(2 * fit * wish / (fit + wish));
}

void
asked_reach_block(const struct asked_reach *r, const struct asked_wishes *w,
    uint32_t block, int32_t least, int16_t *both)
{
	const uint32_t first = block * BLOCK_RECORDS;
	const uint32_t n = MIN(r->s->n - first, (uint32_t)BLOCK_RECORDS);
	const uint8_t *class = r->s->classes + first;
	const uint32_t *sums = r->sums + first;
	const uint8_t *learn = r->learn + first, *care = r->care + first;
	const uint32_t enough = least <= 0 ? 0 : (uint32_t)least / 2;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t fit = fit_of(w, sums[i] >> 16, class[i]);
		both[i] = -1;
		if (fit < enough)
			continue; /* the score is below twice that */
		const int32_t b =
		    both_of(fit, wish_of(w, sums[i] & UINT16_MAX, class[i],
				     learn[i], care[i]));
		if (b >= least)
			both[i] = (int16_t)b;
	}
}

/* The largest of both halves. */
static uint32_t
sums_most(const uint32_t *sums)
{
	int32_t share = 0, taken = 0;

	for (unsigned i = 0; i < BLOCK_RECORDS; i++) {
		const int32_t a = (int32_t)(sums[i] >> 1);
		const int32_t b = (int32_t)(sums[i] & UINT16_MAX);
		share = MAX(share, a);
		taken = MAX(taken, b);
	}
	return ((uint32_t)share << 1 & 0xffff0000U) | (uint32_t)taken;
}

static void
block_bounds(const struct asked_wishes *w, struct asked_reach *r)
{
	const struct segment *s = r->s;

	for (uint32_t b = 0; b < s->blocks_n; b++) {
		const uint32_t first = b * BLOCK_RECORDS;
		const uint32_t end = MIN(first + BLOCK_RECORDS, s->n);
		const uint32_t most = sums_most(r->sums + first);
		int32_t both = -1;
		/* those of one class lie together */
		for (uint32_t i = first; i < end; i++) {
			if (i > first && s->classes[i] == s->classes[i - 1])
				continue;
			const uint8_t class = s->classes[i];
			const int32_t one =
			    both_of(fit_of(w, most >> 16, class),
				wish_of(w, most & UINT16_MAX, class,
				    r->learn_most[b], r->care_most[b]));
			both = MAX(both, one);
			if (s->classes[i] == s->classes[end - 1])
				break;
		}
		r->both[b] = (int16_t)both;
	}
}

err
asked_reach_new(const struct asked_kernel *k, const struct asked_wishes *w,
    const struct segment *s, struct asked_reach *out)
{
	const size_t room = ((size_t)s->blocks_n + 1) * BLOCK_RECORDS;

	*out = (struct asked_reach){ .s = s };
	out->sums = calloc(room, sizeof(*out->sums) + 2);
	out->both = calloc((size_t)s->blocks_n + 1, sizeof(*out->both) + 2);
	if (out->sums == NULL || out->both == NULL)
		return ERR_NOMEM;
	out->learn = (uint8_t *)(out->sums + room);
	out->care = out->learn + room;
	out->learn_most = (uint8_t *)(out->both + s->blocks_n + 1);
	out->care_most = out->learn_most + s->blocks_n + 1;
	out->entries = sums_make(k, s, true, out->sums);
	out->entries += sums_make(k, s, false, out->sums);
	out->entries += wants_make(k, out);
	block_bounds(w, out);
	return OK;
}

void
asked_reach_free(struct asked_reach *r)
{
	free(r->sums);
	free(r->both);
}
