#include "match/exposure.h"

#include <stdlib.h>

/* A shuffle that is fixed for list and record: splitmix64 over both. */
static uint64_t
shuffle(const uint8_t key[8], const uint8_t id[RECORD_ID])
{
	uint64_t x = 0;

	for (size_t at = 0; at < 8 + RECORD_ID; at += 8) {
		uint64_t word = 0;
		for (size_t i = at; i < at + 8 && i < 8 + RECORD_ID; i++)
			word = word << 8 | (i < 8 ? key[i] : id[i - 8]);
		x = (x ^ word) + UINT64_C(0x9e3779b97f4a7c15);
		x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
		x ^= x >> 31;
	}
	return x;
}

struct entry {
	struct scan_result r;
	uint64_t shuffle;
	uint16_t load;
	bool placed;
};

static bool
entry_before(const struct entry *a, const struct entry *b)
{
	if (a->load != b->load)
		return a->load < b->load;
	return a->shuffle < b->shuffle; /* of the same: as they stand */
}

/* Whom to show next: of those near the best that is left. */
static size_t
next_entry(const struct entry *all, size_t n, size_t left, int32_t band)
{
	size_t best = left;

	for (size_t i = left + 1; i < n; i++) {
		if (all[i].placed)
			continue;
		if (all[i].r.excluded ||
		    all[left].r.both - all[i].r.both > band)
			break;
		if (entry_before(&all[i], &all[best]))
			best = i;
	}
	return best;
}

err
exposure_order(struct scan_result *list, size_t n, int32_t band,
    const uint8_t key[8], const uint16_t *loads, struct exposure_place *places)
{
	struct entry *all;
	size_t left = 0;

	if (n > EXPOSURE_LIST_MAX)
		return ERR_LIMIT;
	band = MAX(MIN(band, EXPOSURE_BAND_MAX), 0);
	all = calloc(n + 1, sizeof(*all));
	if (all == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		all[i] = (struct entry){ list[i], shuffle(key, list[i].id),
			loads == NULL ? 0 : loads[i], false };
	for (size_t i = 0; i < n; i++) {
		while (all[left].placed)
			left++;
		const size_t at = band == 0 || all[left].r.excluded
				      ? left
				      : next_entry(all, n, left, band);
		all[at].placed = true;
		list[i] = all[at].r;
		if (places != NULL)
			places[i] = (struct exposure_place){ (uint16_t)at,
				all[at].load, all[i].r.both - all[at].r.both };
	}
	free(all);
	return OK;
}

static int
count_order(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t
exposure_gini(uint32_t *counts, size_t n)
{
	uint64_t sum = 0, below = 0;

	/* 1 - (2 * area under the curve of shares), the area by its steps */
	qsort(counts, n, sizeof(*counts), count_order);
	for (size_t i = 0; i < n; i++) {
		below += 2 * sum + counts[i];
		sum += counts[i];
	}
	if (sum == 0)
		return 0;
	const uint64_t whole = sum * n;
	return (uint32_t)((whole - below) * 1000 / whole);
}
