/*
 * signal/week.h: what was shown in a week, as bytes to keep: so that a series
 * outlives the records it was counted from. Only what a release shows is in
 * it; no count below its threshold is ever written down.
 *
 *   "OHCNSIG1", u32 week, u32 k of people, u32 rows,
 *   rows: term (8 bytes), region (2), industry (1), what is there (1: a bit a
 *   measure, 64 pay, 128 time to fill), then varints: each measure that is
 *   there, of companies also how many of them; pay as n and three quartiles,
 *   currency (3 bytes), period (1 byte); time to fill as n and quartiles,
 *   a fingerprint of all that (32 bytes)
 *
 * Numbers are big-endian, varints as in multiformats. Rows are in order.
 */
#pragma once

#include "match/signal/signal.h"

#define SIGNAL_WEEK_ROWS_MAX 100000
#define SIGNAL_ROW_BYTES_MAX 160

struct signal_week {
	uint32_t week, k_people;
	size_t n;
	struct signal_row *rows;
};

/**
 * signal_week_write(r, rows_max, out):
 * ${out} is malloc'ed, the caller frees ${out->p}. When there are more than
 * ${rows_max} rows (at most SIGNAL_WEEK_ROWS_MAX) those with the largest
 * counts are written, in order. ERR_NOMEM.
 */
NODISCARD err signal_week_write(
    const struct signal_release *r, size_t rows_max, struct buf *out);

/**
 * signal_week_read(bytes, out):
 * ${out->rows} is malloc'ed. Whatever is read would be written with the same
 * bytes. ERR_FORM: not such a file, or damaged; ERR_NOMEM.
 */
NODISCARD err signal_week_read(struct slice bytes, struct signal_week *out);
