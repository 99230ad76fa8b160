/*
 * import/csv.h: tables of demands or courses: RFC 4180 with quoted fields
 * over several lines, UTF-8 with or without a byte order mark, separated by
 * comma, semicolon or tab (seen from the header row).
 *
 * Demands: external_id, type, title, title_LL, description,
 * description_LL, region, place, remote, skills, teaches, invests, hours (a
 * week), contract, pay_min, pay_max, currency, period, languages, seats,
 * status, purposes, start, occupation, experience, website, salary.
 * Courses: external_id, type, title, title_LL, description, description_LL,
 * teaches, needs, hours, weeks, sessions, cost, currency, languages, formats,
 * self_paced, start, seats, credential, website, region, place, duration.
 * Columns may be called otherwise, as import/words.h knows, and a map decides
 * first. "salary" holds pay in one cell ("3000-3500 EUR/month"); a place may
 * name the region ("Lyon, France"). Of a demand without "skills", those that
 * the description names are taken with a lower weight, and the level of a
 * language that it asks for, if there are no "languages" (prose.h). What is not understood there is left out
 * with a message.
 *
 * Cells that are lists are separated by ';', or without one by commas, bars
 * and lines:
 *   skills     "welding:3!*80; blueprint reading:2": level after the colon,
 *              '!' a must, '*' the weight 1 to 100 (default 50)
 *   teaches    demands "welding:3"; courses "python:1-3" (from-to) or ":3"
 *   invests    "course-budget 1500 EUR; training-time 40h; mentoring 20h;
 *              certificate; equipment 900 EUR"
 *   languages  "de:B2; en"; courses "de; en"
 * Money is in units with a point or comma ("17.50"); drafts have minor ones.
 */
#pragma once

#include "node/import/import.h"

/**
 * import_csv(kind, file, lookup, o, report):
 * ${kind}: KIND_DEMAND, KIND_COURSE or KIND_STATISTIC (import/statistic.h;
 * a row of the report is then a record, or a row that failed). ${report}: {"accepted", "ready",
 * "failed", "delimiter", "rows": [{"row" (its first line), "external_id",
 * "state": "ready" | "failed" | "held", "draft", "region", "field",
 * "message", "hint", "messages", "mapped", "unmapped"}], "messages",
 * "ignored_columns", "columns": [{"name", "as"}] (those that are called
 * otherwise)}. "field", "message" and "hint" are those of the first
 * message. Unless o->allow_partial, one failed row makes the good ones
 * "held" and "accepted" false. The same external_id twice is an error.
 * ERR_FORM: no table ("messages" say why); ERR_LIMIT: rows or bytes;
 * ERR_NOMEM.
 */
NODISCARD err import_csv(uint32_t kind, struct slice file,
    const struct term_lookup *lookup, const struct import_options *o,
    json_t **report);
