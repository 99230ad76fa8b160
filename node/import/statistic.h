/*
 * import/statistic.h: a table of official or other aggregate figures, a row
 * each, to drafts of statistic records of up to STATISTIC_FIGURES figures.
 * Behind import_csv(KIND_STATISTIC, ...); private to node/import/.
 *
 * Columns: value (must), term, isco, industry, region, period, start, end,
 * n, low, high. What they share is told beside the file (import_options
 * about): measure, title, basis, unit, scale, currency, pay_period, source,
 * external_id, description, terms, hidden_below.
 *
 *   value    123, -4, 12.5 (with a scale), 1,234.5 is not taken; ":", "..",
 *            "-", "NA" and nothing: missing, the row is passed over
 *   period   2026, 2026-Q3, 2026-11, 2026-W47, 2026-11-22
 *   region   ISO 3166 or a country's name; EL and UK as Eurostat has them
 *   industry ISIC or NACE: a section or digits; isco: one to four digits
 */
#pragma once

#include "node/import/sheet.h"

#define STATISTIC_FIGURES 200

/** statistic_row(t): the cells at hand are a row: keep its figure, or report
 * what is wrong with it. */
void statistic_row(struct sheet *t);

/** statistic_settle(t): the figures become records, in t->rows. */
void statistic_settle(struct sheet *t);
