#include "match/index.h"

#include "match/index_asked.h"

#define TAKEN_PARTS 4 /* of a sixteenth of a bit */

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
wants_make(const struct asked_kernel *k, const struct segment *s,
    struct asked_room *room)
{
	uint64_t entries = 0;

	for (uint32_t i = 0; i < k->wants_n; i++) {
		const struct relate_entry *w = &k->wants[i];
		const bool purpose = k->parts.wanted[w->item].group != 0;
		const struct list *l = segment_list(
		    s, w->at, purpose ? FEATURE_PURPOSE : FEATURE_TEACHES);
		const uint8_t credit = (uint8_t)rounded_up(w->credit, 4);
		uint8_t *to = purpose ? room->care : room->learn;
		for (uint32_t at = 0; l != NULL && at < l->n; at++) {
			const uint32_t p = s->shares[l->from + at] >> 16;
			if (room->learn[p] == 0 && room->care[p] == 0)
				room->given[room->given_n++] = p;
			to[p] = MAX(to[p], credit);
		}
		entries += l != NULL ? l->n : 0;
	}
	return entries;
}

/* ---- bounds ---- */

static inline int16_t
both_of(
    const struct asked_wishes *w, uint32_t sum, uint8_t class, uint32_t wants)
{
	const unsigned asks = class % ASKS;
	const uint64_t uses =
	    MIN(((sum & UINT16_MAX) * w->use_slope >> 16) + 1, w->uses[class]);
	const uint32_t wish =
	    (uint32_t)((w->base[class] + wants + uses) * w->part[class] >> 32);
	const uint32_t fit = asks == ASKS_TOLD ? (uint32_t)w->fits[sum >> 24]
			     : sum >> 16 == 0  ? SCORE_NEUTRAL
					       : SCORE_MAX;

	if (sum >> 16 == 0 && asks == ASKS_TOLD)
		return 0;
	return (int16_t)(2 * fit * wish / (fit + wish));
}

uint64_t
asked_bounds(const struct asked_kernel *k, const struct asked_wishes *w,
    const struct segment *s, struct asked_room *room, int16_t *both)
{
	uint64_t entries = sums_make(k, s, true, room->sums);

	entries += sums_make(k, s, false, room->sums);
	entries += wants_make(k, s, room);
	for (uint32_t i = 0; i < s->n; i++)
		both[i] = both_of(w, room->sums[i], s->classes[i], 0);
	for (uint32_t i = 0; i < room->given_n; i++) {
		const uint32_t p = room->given[i];
		const uint32_t wants =
		    (uint32_t)(rounded_up((uint64_t)room->learn[p] * 4 *
					      (w->first + w->second),
				   CREDIT_MAX) +
			       rounded_up(
				   (uint64_t)room->care[p] * 4 * w->purpose,
				   CREDIT_MAX));
		both[p] = both_of(w, room->sums[p], s->classes[p], wants);
		room->learn[p] = room->care[p] = 0;
	}
	room->given_n = 0;
	memset(room->sums, 0, s->n * sizeof(*room->sums));
	return entries;
}
