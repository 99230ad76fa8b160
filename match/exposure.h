/*
 * exposure.h: no few people on top of every list. Within a stated distance of
 * points a list may be put into another order, so that people who are nearly
 * as good are seen as well: those who stand on fewer other lists come first,
 * then a shuffle that is fixed for list and record. It hides nobody, changes
 * no score and can be turned off; the exact order is always at hand.
 *
 * For every place i: the entry there is at most ${band} points below the
 * exact i-th entry, and nobody is overtaken by somebody more than ${band}
 * points worse. Pure and deterministic.
 */
#pragma once

#include "match/scan.h"

#define EXPOSURE_BAND_MAX     1000 /* points of SCORE_MAX */
#define EXPOSURE_BAND_DEFAULT 200
#define EXPOSURE_LIST_MAX     4096

/* Where an entry was, and why it moved. */
struct exposure_place {
	uint16_t exact; /* place in the exact list, from 0 */
	uint16_t load;  /* as given */
	int32_t below; /* points below the exact entry of this place; <= band */
};

/**
 * exposure_order(list, n, band, key, loads, places):
 * ${list} comes in the exact order (excluded ones last: they stay where they
 * are). ${key}: 8 bytes that name the list, e.g. of the demand's id; another
 * key is another shuffle. ${loads}: of each entry, on how many other lists it
 * stands, as far as is known; NULL: not known. ${places}: what became of
 * each, in the new order; may be NULL. ${band} 0 leaves all as it is.
 * ERR_LIMIT: more than EXPOSURE_LIST_MAX; ERR_NOMEM.
 */
NODISCARD err exposure_order(struct scan_result *list, size_t n, int32_t band,
    const uint8_t key[8], const uint16_t *loads, struct exposure_place *places);

/**
 * exposure_gini(counts, n): inequality of how often each was shown, in
 * thousandths: 0 all alike, near 1000 one has all. Sorts ${counts}.
 */
uint32_t exposure_gini(uint32_t *counts, size_t n);
