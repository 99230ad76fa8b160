/*
 * import/cells.h: one cell of a row into one field of the draft. An empty
 * cell or a missing column sets nothing. What is wrong fails the draft
 * (import_fail) where a field would say something else than the cell; what is
 * merely not understood in a free cell is noted and left out. The forms of
 * the cells are told in csv.h. Private to rows.c; cells.c, cell_terms.c
 * (lists of terms) and cell_money.c have the functions.
 */
#pragma once

#include "node/import/sheet.h"

/* For messages ("%.*s"): as much of a cell as is worth showing. */
#define SHOWN(s) (int)MIN((s).n, 60), (const char *)(s).p

/* ---- single values: cells.c ---- */

/** cell_text(d, t, column, name, max): d[name] = clean text, ${max} bytes. */
void cell_text(struct import_draft *d, const struct sheet *t,
    const char *column, const char *name, size_t max);

/** cell_texts(d, t): title and description, in each language there is. */
void cell_texts(struct import_draft *d, const struct sheet *t);

/**
 * cell_number(d, t, column, name): d[name] = a whole number, else the draft
 * fails. "hours" may be "38,5" or "40 Std.": rounded, halves up, and noted.
 */
void cell_number(struct import_draft *d, const struct sheet *t,
    const char *column, const char *name);

/** cell_date(d, t): "start", ISO 8601 or 31.12.2026, in unix hours. */
void cell_date(struct import_draft *d, const struct sheet *t);

/** cell_yes(d, t, column): yes or no in the four languages, else a failure. */
void cell_yes(
    struct import_draft *d, const struct sheet *t, const char *column);

/**
 * cell_choice(d, t, name, get): one of our words, as ${get} finds it (NULL:
 * none); else the text as it stands, for the schema to judge.
 */
void cell_choice(struct import_draft *d, const struct sheet *t,
    const char *name, const char *(*get)(struct slice));

/** cell_contract(d, t): a choice; "full time" is noted and left out. */
void cell_contract(struct import_draft *d, const struct sheet *t);

/** cell_duration(d, t): "40 hours", "6 weeks" to hours or weeks, if unset. */
void cell_duration(struct import_draft *d, const struct sheet *t);

/** cell_languages(d, t): with levels for demands, without for courses. */
void cell_languages(struct import_draft *d, const struct sheet *t);

/** cell_formats(d, t): how a course is held; words for on-site are one. */
void cell_formats(struct import_draft *d, const struct sheet *t);

/* ---- lists of terms: cell_terms.c ---- */

/**
 * cell_requirements(d, t): "skills" of a demand. An unknown term is listed as
 * unmapped; an unknown must-have fails the draft.
 */
void cell_requirements(struct import_draft *d, const struct sheet *t);

/** cell_skills(d, t, column): {"term", "level"}; without a level: 3. */
void cell_skills(
    struct import_draft *d, const struct sheet *t, const char *column);

/** cell_taught(d, t): "teaches" of a course, {"term", "from", "to"}. */
void cell_taught(struct import_draft *d, const struct sheet *t);

/** cell_purposes(d, t): terms alone. */
void cell_purposes(struct import_draft *d, const struct sheet *t);

/* ---- money: cell_money.c ---- */

/** cell_pay(d, t): pay_min, pay_max, currency and period; all or a failure. */
void cell_pay(struct import_draft *d, const struct sheet *t);

/**
 * cell_salary(d, t): pay in one cell, unless cell_pay() found some. What it
 * does not say is not guessed: noted and left out.
 */
void cell_salary(struct import_draft *d, const struct sheet *t);

/** cell_cost(d, t): of a course, the currency in its own column or behind. */
void cell_cost(struct import_draft *d, const struct sheet *t);

/** cell_invests(d, t): what an employer puts into learning, see csv.h. */
void cell_invests(struct import_draft *d, const struct sheet *t);
