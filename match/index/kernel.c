#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/internal.h"

err
fit_kernel_new(
    const struct plan *plan, const struct index *ix, struct fit_kernel **out)
{
	struct fit_kernel *k = calloc(1, sizeof(*k));
	const uint32_t places = ix->shape->places_n;
	struct plan_parts p;

	*out = NULL;
	if (k == NULL)
		return ERR_NOMEM;
	plan_parts(plan, &p);
	k->wide = ix->form.wide;
	k->asked_n = p.asked_n;
	k->weight = p.weight;
	k->rarity = p.rarity;
	k->place_rarity = ix->m.rarity->sixteenths;
	k->entries = relate_entries(p.fit, &k->entries_n);
	k->filter = calloc(places / 64 + 1, sizeof(*k->filter));
	k->first = malloc(((size_t)places + 1) * sizeof(*k->first));
	if (k->filter == NULL || k->first == NULL) {
		fit_kernel_free(k);
		return ERR_NOMEM;
	}
	for (uint32_t i = k->entries_n; i-- > 0;) {
		const uint32_t at = k->entries[i].at;
		k->first[at] = i;
		k->filter[at / 64] |= UINT64_C(1) << at % 64;
	}
	for (uint16_t i = 0; i < p.asked_n; i++) {
		if (!p.tells[i])
			k->asks |= UINT64_C(1) << i;
		else if (p.of[i]->must)
			k->must |= UINT64_C(1) << i;
		k->most += (uint64_t)p.weight[i] * CREDIT_MAX;
		for (uint8_t level = 0; level < 8; level++)
			k->adequacy[i][level] =
			    (uint16_t)level_adequacy(p.asked[i].level, level);
	}
	k->all_tell = k->asks == 0;
	*out = k;
	return OK;
}

void
fit_kernel_free(struct fit_kernel *k)
{
	if (k == NULL)
		return;
	free(k->filter);
	free(k->first);
	free(k);
}

/* One held term: raise what it earns; the most that it earns anywhere. */
static inline uint32_t
earn(const struct fit_kernel *k, uint32_t at, uint8_t level, uint16_t *best)
{
	uint32_t most = 0;

	if ((k->filter[at / 64] >> at % 64 & 1) == 0)
		return 0;
	for (uint32_t i = k->first[at];
	     i < k->entries_n && k->entries[i].at == at; i++) {
		const struct relate_entry *e = &k->entries[i];
		const uint32_t credit = (uint32_t)e->credit *
					k->adequacy[e->item][level & 7] /
					CREDIT_MAX;
		if (credit > best[e->item])
			best[e->item] = (uint16_t)credit;
		most = MAX(most, credit);
	}
	return most;
}

struct kernel_result
fit_kernel_run(const struct fit_kernel *k, const struct forward_card_view *v)
{
	uint16_t best[POSTING_REQUIREMENTS_MAX];
	uint64_t earned = 0, most = k->most;
	uint64_t given = 0, taken = 0, all = 0;
	const size_t purposes = (size_t)v->skills_n + v->aspirations_n;
	struct kernel_result r = { .uses = -1 };

	memset(best, 0, k->asked_n * sizeof(best[0]));
	for (size_t i = 0; i < v->skills_n; i++) {
		const uint32_t at = forward_place(v->places, i, k->wide);
		const uint32_t rarity = k->place_rarity[at];
		all += rarity;
		given += (uint64_t)rarity *
			 earn(k, at, forward_level(v->levels, i), best);
	}
	for (size_t i = 0; i < v->purposes_n; i++)
		(void)earn(k, forward_place(v->places, purposes + i, k->wide),
		    0, best);
	for (uint16_t i = 0; i < k->asked_n; i++) {
		if ((k->asks >> i & 1) != 0 && best[i] < CREDIT_MAX)
			most -= (uint64_t)k->weight[i] * CREDIT_MAX;
		else
			earned += (uint64_t)k->weight[i] * best[i];
		taken += (uint64_t)k->rarity[i] * best[i];
		if (best[i] == 0 && (k->must >> i & 1) != 0)
			r.missing = true;
	}
	r.earned = earned;
	r.most = most;
	if (k->asked_n > 0 && all > 0)
		r.uses = (int32_t)(MIN(given, taken) / all);
	return r;
}
