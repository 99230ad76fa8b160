#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/asked.h"

/* ---- made ready ---- */

NODISCARD static err
make_rows(struct asked_kernel *k)
{
	const uint32_t n = k->entries_n;
	struct asked_row *row = NULL;

	for (uint16_t i = 0; i < k->parts.held_n; i++) {
		for (uint8_t level = 0; level < 8; level++)
			k->adequacy[i][level] = (uint16_t)level_adequacy(
			    level, k->parts.held[i].level);
	}
	k->rows = calloc((size_t)n + 1, sizeof(*k->rows));
	k->row_of =
	    calloc((size_t)k->ix->shape->places_n + 1, sizeof(*k->row_of));
	if (k->rows == NULL || k->row_of == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct relate_entry *e = &k->entries[i];
		if (row == NULL || row->at != e->at) {
			row = &k->rows[k->rows_n++];
			*row = (struct asked_row){ .at = e->at, .from = i };
			k->row_of[e->at] = k->rows_n;
		}
		for (unsigned l = 0; l < ASKED_LEVELS; l++) {
			const uint32_t credit = (uint32_t)e->credit *
						k->adequacy[e->item][l] /
						CREDIT_MAX;
			row->credit[l] = MAX(row->credit[l], (uint16_t)credit);
		}
	}
	k->rows[k->rows_n].from = n;
	return OK;
}

NODISCARD static err
make_wants(struct asked_kernel *k)
{
	k->want_filter =
	    calloc(k->ix->shape->places_n / 64 + 1, sizeof(*k->want_filter));
	if (k->want_filter == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < k->wants_n; i++) {
		const uint32_t at = k->wants[i].at;
		k->want_filter[at / 64] |= UINT64_C(1) << at % 64;
	}
	return OK;
}

/* Each gate is asked with every sort of posting that it can tell apart. */
static void
place_gates(struct asked_kernel *k, const struct card *c)
{
	const struct {
		const char *region;
		uint8_t *bits;
	} of[] = { { c->region, &k->remote_same }, { "zz", &k->remote_silent },
		{ c->region[0] == 'x' ? "yy" : "xx", &k->remote_other } };

	k->region = forward_region(c->region);
	for (unsigned i = 0; i < ARRAY_LEN(of); i++) {
		struct posting p = { .type = 0 };
		memcpy(p.region, of[i].region, 3);
		for (p.remote = 0; p.remote < 4; p.remote++) {
			if (gate_place(&p, c).state != GATE_FAIL)
				*of[i].bits |= (uint8_t)(1U << p.remote);
		}
	}
}

static void
make_gates(struct asked_kernel *k, const struct card *c, const struct wishes *w)
{
	const uint32_t hours = w != NULL && w->hours_week_max > 0
				   ? w->hours_week_max
				   : card_hours_max(c->hours);
	struct posting p = { .region = "zz" };

	place_gates(k, c);
	for (unsigned i = 0; i < 32; i++) {
		p.type = i % 8;
		p.direction = (uint8_t)(i / 8);
		if (gate_seeks(&p, c).state != GATE_FAIL)
			k->kind_pass |= 1U << i;
		p.contract = (uint8_t)i;
		if (w == NULL || gate_contract(&p, w).state != GATE_FAIL)
			k->contract_pass |= 1U << i;
	}
	for (uint32_t h = 0; h < UINT8_MAX; h++)
		k->hours_pass[h] =
		    gate_hours(h, card_hours_max(c->hours)).state !=
			GATE_FAIL &&
		    gate_hours(h, hours).state != GATE_FAIL;
	k->hours_pass[UINT8_MAX] = true; /* or more: not told apart */
	k->speaks.languages_n = c->languages_n;
	memcpy(k->speaks.languages, c->languages, sizeof(c->languages));
}

err
asked_kernel_new(const struct index *ix, const struct card_plan *plan,
    const struct card *c, const struct wishes *w, const struct index_filter *f,
    struct asked_kernel **out)
{
	struct asked_kernel *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (k == NULL)
		return ERR_NOMEM;
	k->ix = ix;
	k->plan = plan;
	k->filter = f;
	card_plan_parts(plan, &k->parts);
	k->entries = relate_entries(k->parts.fit, &k->entries_n);
	k->wants = relate_entries(k->parts.wish, &k->wants_n);
	make_gates(k, c, w);
	err e = make_rows(k);
	if (e == OK)
		e = make_wants(k);
	if (e != OK) {
		asked_kernel_free(k);
		return e;
	}
	*out = k;
	return OK;
}

void
asked_kernel_free(struct asked_kernel *k)
{
	if (k == NULL)
		return;
	free(k->rows);
	free(k->row_of);
	free(k->want_filter);
	free(k);
}

/* ---- filter and gates ---- */

static inline bool
bit_wanted(uint32_t mask, uint32_t bit)
{
	return mask == 0 || (mask >> (bit & 31) & 1) != 0;
}

/* As index_filter_posting(); what costs more to read is left to it. */
bool
asked_wanted(const struct asked_kernel *k, const struct forward_posting_view *v)
{
	const struct index_filter *f = k->filter;
	bool ok = f->regions_n == 0;

	for (uint16_t i = 0; i < f->regions_n && !ok; i++)
		ok = forward_region(f->regions[i]) == v->region;
	return ok && bit_wanted(f->remote, v->remote) &&
	       bit_wanted(f->types, v->type) &&
	       bit_wanted(f->contracts, v->contract) &&
	       (f->hours_max == 0 ||
		   (v->hours != 0 &&
		       (v->hours <= f->hours_max || v->hours == UINT8_MAX)));
}

bool
asked_passes(const struct asked_kernel *k, const struct forward_posting_view *v)
{
	const uint8_t *at = v->languages;
	const uint8_t remote = v->region == REGION_NOT_TOLD ? k->remote_silent
			       : v->region == k->region     ? k->remote_same
							    : k->remote_other;
	const unsigned kind = v->type > POSTING_COMMUNITY_ROLE
				  ? 0
				  : (unsigned)v->direction * 8 + v->type;

	if ((v->status != 0 && v->status != POSTING_OPEN) ||
	    (remote >> v->remote & 1) == 0 || (k->kind_pass >> kind & 1) == 0 ||
	    !k->hours_pass[v->hours] ||
	    (k->contract_pass >> (v->contract & 31) & 1) == 0)
		return false;
	for (uint16_t i = 0; i < v->languages_n; i++) {
		const struct spoken_language need = forward_language(&at);
		if (gate_language(&need, &k->speaks).state == GATE_FAIL)
			return false;
	}
	return true;
}

/* ---- the score at most ---- */

/* What a posting asks for in one place. */
struct asked_item {
	uint32_t at;
	uint8_t weight, level;
	bool must;
};

static inline struct asked_item
asked_item(const uint8_t *requirements, uint16_t i, bool wide)
{
	const size_t place = wide ? 4 : 2;
	const uint8_t *r = requirements + i * (place + 2);

	return (struct asked_item){ forward_place(r, 0, wide), r[place],
		r[place + 1] & 127, r[place + 1] >> 7 != 0 };
}

/* Requirements, met as well as can be. */
struct asked_sum {
	uint64_t earned, most;
	uint32_t taken; /* rarity * credit */
	uint16_t n;     /* those that are understood */
	bool missing;
};

static struct asked_sum
asked_meet(const struct asked_kernel *k, const struct forward_posting_view *v)
{
	const bool wide = k->ix->form.wide;
	const uint32_t places = k->ix->shape->places_n;
	const uint8_t *told = k->ix->shape->told;
	const uint8_t *rarity = k->ix->m.rarity->sixteenths;
	struct asked_sum s = { 0 };

	for (uint16_t i = 0; i < v->requirements_n; i++) {
		const struct asked_item a =
		    asked_item(v->requirements, i, wide);
		uint32_t credit = 0;
		if (a.at >= places)
			continue; /* not understood */
		if (k->row_of[a.at] != 0)
			credit =
			    k->rows[k->row_of[a.at] - 1]
				.credit[a.level < ASKED_LEVELS ? a.level : 0];
		uint32_t weight = (uint32_t)a.weight * told[a.at];
		if (told[a.at] == 0) { /* an ask, unless it is met in full */
			if (credit == CREDIT_MAX)
				weight = (uint32_t)a.weight * rarity[a.at];
		} else if (credit == 0 && a.must) {
			s.missing = true;
		}
		s.earned += (uint64_t)weight * credit;
		s.most += (uint64_t)weight * CREDIT_MAX;
		s.taken += rarity[a.at] * credit;
		s.n++;
	}
	return s;
}

/* What the skills earn, each where it earns most; rarity * credit. */
static uint32_t
asked_given(const struct asked_kernel *k, const struct forward_posting_view *v)
{
	uint16_t used[CARD_SKILLS_MAX];
	const struct card_plan_parts *p = &k->parts;
	uint32_t sum = 0;

	memset(used, 0, p->skills_n * sizeof(used[0]));
	for (uint16_t i = 0; i < v->requirements_n; i++) {
		const struct asked_item a =
		    asked_item(v->requirements, i, k->ix->form.wide);
		if (a.at >= k->ix->shape->places_n || k->row_of[a.at] == 0)
			continue;
		const struct asked_row *row = &k->rows[k->row_of[a.at] - 1];
		const uint8_t level = a.level < 8 ? a.level : 0;
		for (uint32_t e = row[0].from; e < row[1].from; e++) {
			const uint16_t item = k->entries[e].item;
			if (item >= p->skills_n)
				continue;
			const uint32_t credit = (uint32_t)k->entries[e].credit *
						k->adequacy[item][level] /
						CREDIT_MAX;
			uint16_t *u = &used[p->held_first[item]];
			*u = MAX(*u, (uint16_t)credit);
		}
	}
	for (uint16_t i = 0; i < p->skills_n; i++)
		sum += (uint32_t)p->held_rarity[i] * used[i];
	return sum;
}

static uint32_t
first_want(const struct asked_kernel *k, uint32_t at)
{
	uint32_t lo = 0, hi = k->wants_n;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		if (k->wants[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* One thing that a posting gives: raise the wants that it meets. */
static void
want_raise(const struct asked_kernel *k, uint32_t at, uint8_t level,
    uint8_t group, uint16_t *best)
{
	if (at >= k->ix->shape->places_n ||
	    (k->want_filter[at / 64] >> at % 64 & 1) == 0)
		return;
	for (uint32_t i = first_want(k, at);
	     i < k->wants_n && k->wants[i].at == at; i++) {
		const struct relate_entry *e = &k->wants[i];
		const struct relate_item *want = &k->parts.wanted[e->item];
		const uint32_t credit =
		    e->credit * level_adequacy(want->level, level) / CREDIT_MAX;
		if (want->group == group)
			best[e->item] = MAX(best[e->item], (uint16_t)credit);
	}
}

static void
asked_wants(const struct asked_kernel *k, const struct forward_posting_view *v,
    struct offer_facts *f)
{
	uint16_t best[CARD_ASPIRATIONS_MAX + CARD_PURPOSES_MAX] = { 0 };
	const bool wide = k->ix->form.wide;
	const size_t place = wide ? 4 : 2;

	for (uint16_t i = 0; i < v->teaches_n; i++) {
		const uint8_t *t = v->teaches + i * (place + 1);
		want_raise(k, forward_place(t, 0, wide), t[place], 0, best);
	}
	for (uint16_t i = 0; i < v->purposes_n; i++)
		want_raise(k, forward_place(v->purposes, i, wide), 0, 1, best);
	for (uint16_t i = 0; i < k->parts.wanted_n; i++) {
		if (k->parts.wanted[i].group != 0) {
			f->purpose = MAX(f->purpose, best[i]);
			continue;
		}
		f->second = MAX(f->second, MIN(f->first, best[i]));
		f->first = MAX(f->first, best[i]);
	}
	if (v->tied) /* what in is not looked at */
		f->first = f->second = CREDIT_MAX;
}

static int32_t
wish_of(const struct asked_kernel *k, const struct offer_facts *f)
{
	const struct wish_sum s = card_plan_wish_sum(k->plan, f);

	return (int32_t)((uint64_t)s.earned * SCORE_MAX /
			 ((uint64_t)s.weight * CREDIT_MAX));
}

int32_t
asked_both(const struct asked_kernel *k, const struct forward_posting_view *v,
    int32_t least, bool *missing)
{
	const struct asked_sum s = asked_meet(k, v);
	const uint32_t most = k->parts.rarity * CREDIT_MAX;
	struct offer_facts f = { .uses = -1,
		.invested = v->invested,
		.hours = v->hours,
		.contract = v->contract,
		.purposes = v->purposes_n > 0 };

	*missing = s.missing;
	const int32_t fit = fit_of_share(s.earned, s.most);
	if (2 * fit < least)
		return 2 * fit;
	asked_wants(k, v, &f);
	if (s.n > 0 && most > 0)
		f.uses = (int16_t)(MIN(s.taken, most) / k->parts.rarity);
	const int32_t both = score_both(fit, wish_of(k, &f));
	if (both < least || f.uses <= 0)
		return both;
	f.uses = (int16_t)(MIN(s.taken, asked_given(k, v)) / k->parts.rarity);
	return score_both(fit, wish_of(k, &f));
}
