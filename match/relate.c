#include "match/relate.h"

#include <stdlib.h>

static const uint16_t narrower_credit[NARROWER_STEPS + 1] = { 0, 900, 800,
	700 };
static const uint16_t broader_credit[BROADER_STEPS + 1] = { 0, 500, 250 };

struct relate_table {
	const struct relate_item *items;
	uint16_t items_n;
	bool asked;
	uint32_t places_n;
	uint32_t n, cap;
	struct relate_entry *entries; /* by place, item */
	uint64_t *filter;             /* a bit for each place with entries */
};

const char *
via_name(enum match_via via)
{
	static const char *const names[] = { "nothing", "exact", "narrower",
		"broader", "related", "sibling" };

	return names[via];
}

uint32_t
level_adequacy(uint8_t asked, uint8_t held)
{
	if (asked == 0 || held == 0 || held >= asked)
		return CREDIT_MAX;
	return (uint32_t)held * CREDIT_MAX / asked;
}

NODISCARD static err
put(struct relate_table *t, uint32_t at, uint16_t item, enum match_via via,
    uint16_t credit)
{
	if (t->n == t->cap) {
		const uint32_t cap = t->cap == 0 ? 256 : t->cap * 2;
		void *p = realloc(t->entries, cap * sizeof(*t->entries));
		if (p == NULL)
			return ERR_NOMEM;
		t->entries = p;
		t->cap = cap;
	}
	t->entries[t->n++] =
	    (struct relate_entry){ at, item, credit, (uint8_t)via };
	return OK;
}

/*
 * The places above or below, by steps. They are kept as entries with credit
 * for ${steps_max} steps at most; those of the last step are the frontier.
 */
NODISCARD static err
put_steps(struct relate_table *t, const struct vocabulary *v, uint16_t item,
    bool down)
{
	/* who holds what is below an asked term holds a special case */
	const bool special = down == t->asked;
	const uint32_t steps = special ? NARROWER_STEPS : BROADER_STEPS;
	const uint16_t *credit = special ? narrower_credit : broader_credit;
	const enum match_via via = special ? VIA_NARROWER : VIA_BROADER;
	uint32_t from = t->n, to;

	for (uint32_t step = 1; step <= steps; step++) {
		to = t->n;
		for (uint32_t i = from; i < to || step == 1; i++) {
			const uint32_t at =
			    step == 1 ? t->items[item].at : t->entries[i].at;
			const struct term_list l =
			    down ? vocabulary_narrower(v, at)
				 : vocabulary_broader(v, at);
			for (uint32_t k = 0; k < l.n; k++)
				TRY(put(t, l.at[k], item, via, credit[step]));
			if (step == 1)
				break;
		}
		from = to;
	}
	return OK;
}

NODISCARD static err
put_beside(struct relate_table *t, const struct vocabulary *v, uint16_t item)
{
	const uint32_t at = t->items[item].at;
	const struct term_list related = vocabulary_related(v, at);
	const struct term_list up = vocabulary_broader(v, at);

	for (uint32_t i = 0; i < related.n; i++)
		TRY(put(t, related.at[i], item, VIA_RELATED, RELATED_CREDIT));
	for (uint32_t i = 0; i < up.n; i++) {
		const struct term_list l = vocabulary_narrower(v, up.at[i]);
		if (l.n > SIBLINGS_MAX)
			continue;
		for (uint32_t k = 0; k < l.n; k++) {
			if (l.at[k] != at)
				TRY(put(t, l.at[k], item, VIA_SIBLING,
				    SIBLING_CREDIT));
		}
	}
	return OK;
}

/*
 * By place; those of one place stay in the order of the items. ${other} has
 * as much room.
 */
static void
sort_entries(
    struct relate_entry *entries, struct relate_entry *other, uint32_t n)
{
	struct relate_entry *from = entries, *to = other;

	for (unsigned shift = 0; shift < 32; shift += 8) {
		uint32_t counts[257] = { 0 };
		for (uint32_t i = 0; i < n; i++)
			counts[(from[i].at >> shift & 255) + 1]++;
		if (n == 0 || counts[(from[0].at >> shift & 255) + 1] == n)
			continue;
		for (unsigned k = 1; k < 257; k++)
			counts[k] += counts[k - 1];
		for (uint32_t i = 0; i < n; i++)
			to[counts[from[i].at >> shift & 255]++] = from[i];
		struct relate_entry *const t = from;
		from = to;
		to = t;
	}
	if (from != entries)
		memcpy(entries, from, n * sizeof(*entries));
}

static bool
entry_better(const struct relate_entry *a, const struct relate_entry *b)
{
	if (a->credit != b->credit)
		return a->credit > b->credit;
	return a->via < b->via;
}

NODISCARD static err
fill(struct relate_table *t, const struct vocabulary *v)
{
	for (uint16_t i = 0; i < t->items_n; i++) {
		ASSERT(t->items[i].at < t->places_n);
		TRY(put(t, t->items[i].at, i, VIA_EXACT, CREDIT_MAX));
		TRY(put_steps(t, v, i, true));
		TRY(put_steps(t, v, i, false));
		TRY(put_beside(t, v, i));
	}
	struct relate_entry *other = malloc((t->n + 1) * sizeof(*other));
	if (other == NULL)
		return ERR_NOMEM;
	sort_entries(t->entries, other, t->n);
	free(other);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct relate_entry *e = &t->entries[i];
		struct relate_entry *last = &t->entries[kept - (kept > 0)];
		if (kept > 0 && last->at == e->at && last->item == e->item) {
			if (entry_better(e, last))
				*last = *e;
			continue;
		}
		t->entries[kept++] = *e;
		t->filter[e->at / 64] |= UINT64_C(1) << e->at % 64;
	}
	t->n = kept;
	return OK;
}

err
relate_table_new(const struct vocabulary *v, const struct relate_item *items,
    uint16_t n, bool asked, struct relate_table **out)
{
	struct relate_table *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL)
		return ERR_NOMEM;
	*t = (struct relate_table){ .items = items,
		.items_n = n,
		.asked = asked,
		.places_n = vocabulary_size(v) };
	t->filter = calloc(t->places_n / 64 + 1, sizeof(*t->filter));
	const err e = t->filter == NULL ? ERR_NOMEM : fill(t, v);
	if (e != OK) {
		relate_table_free(t);
		return e;
	}
	*out = t;
	return OK;
}

void
relate_table_free(struct relate_table *t)
{
	if (t == NULL)
		return;
	free(t->entries);
	free(t->filter);
	free(t);
}

/* Is b better than a? Never a question of which came first. */
static bool
better(const struct relate_best *a, const struct relate_best *b)
{
	if (a->credit != b->credit)
		return b->credit > a->credit;
	if (a->via != b->via)
		return a->via == VIA_NOTHING || b->via < a->via;
	if (a->term != b->term)
		return b->term < a->term;
	return b->level > a->level;
}

static uint32_t
first_entry(const struct relate_table *t, uint32_t at)
{
	uint32_t lo = 0, hi = t->n;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		if (t->entries[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void
relate_meet_used(const struct relate_table *t, const struct relate_item *others,
    uint16_t n, struct relate_best *best, uint16_t *used)
{
	if (used != NULL)
		memset(used, 0, (t->asked ? n : t->items_n) * sizeof(*used));
	memset(best, 0, (t->asked ? t->items_n : n) * sizeof(*best));
	for (uint16_t i = 0; i < n; i++) {
		const uint32_t at = others[i].at;
		ASSERT(at < t->places_n);
		if ((t->filter[at / 64] >> at % 64 & 1) == 0)
			continue;
		for (uint32_t k = first_entry(t, at);
		     k < t->n && t->entries[k].at == at; k++) {
			const struct relate_entry *e = &t->entries[k];
			const uint16_t a = t->asked ? e->item : i;
			const struct relate_item *asked =
			    t->asked ? &t->items[a] : &others[i];
			const struct relate_item *held =
			    t->asked ? &others[i] : &t->items[e->item];
			if (asked->group != held->group)
				continue;
			const struct relate_best b = {
				.credit =
				    (uint16_t)(e->credit *
					       level_adequacy(
						   asked->level, held->level) /
					       CREDIT_MAX),
				.via = e->via,
				.level = held->level,
				.term = held->term,
			};
			if (b.credit > 0 && better(&best[a], &b))
				best[a] = b;
			const uint16_t h = t->asked ? i : e->item;
			if (used != NULL)
				used[h] = MAX(used[h], b.credit);
		}
	}
}

void
relate_meet(const struct relate_table *t, const struct relate_item *others,
    uint16_t n, struct relate_best *best)
{
	relate_meet_used(t, others, n, best, NULL);
}

const struct relate_entry *
relate_entries(const struct relate_table *t, uint32_t *n)
{
	*n = t->n;
	return t->entries;
}
