/*
 * import/parts.h: what the importers are made of: clean text, money, dates,
 * countries, phrases to terms, the lists of a report. Private to
 * node/import/.
 */
#pragma once

#include "node/import/import.h"

/* One draft in the making, with what its report says. */
struct import_draft {
	const struct term_lookup *lookup;
	const struct import_options *o;
	uint32_t language; /* of phrases that do not say */
	json_t *draft;
	json_t *mapped, *unmapped, *messages;
	unsigned phrases; /* of the file, counted for "number" */
	unsigned most;    /* confidence that a phrase may have; 0: any */
	bool failed;
};

void import_draft_init(struct import_draft *d, const struct term_lookup *l,
    const struct import_options *o);
/** import_draft_drop(d): what import_draft_report() did not take. */
void import_draft_drop(struct import_draft *d);

/**
 * import_draft_finish(d, kind): the draft fits the schema of ${kind}, or a
 * message says what not and d->failed is set.
 */
void import_draft_finish(struct import_draft *d, uint32_t kind);

/**
 * import_draft_report(d, into): give "draft" (unless failed), "mapped",
 * "unmapped", "messages" to the object ${into}.
 */
void import_draft_report(struct import_draft *d, json_t *into);

/** import_fail(d, field, hint, fmt...): a message; the draft has failed. */
void import_fail(struct import_draft *d, const char *field, const char *hint,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/** import_note(d, field, hint, fmt...): a message; the draft goes on. */
void import_note(struct import_draft *d, const char *field, const char *hint,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** import_message(list, field, hint, fmt...): to any list of messages. */
void import_message(json_t *list, const char *field, const char *hint,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A phrase and what became of it. */
struct import_term {
	uint64_t term;
	enum term_type type; /* 0: not known */
	json_t *entry;       /* in "mapped", borrowed: to add "level" */
	bool dropped;        /* unmapped since the person said so */
	char hex[17];
};

/**
 * import_term(d, text, language, field, out):
 * Look ${text} up (a URI stands for itself) and list it as mapped or
 * unmapped; what the person decided goes before what is likely. ${language}
 * 0: d->language. false: unmapped.
 */
bool import_term(struct import_draft *d, struct slice text, uint32_t language,
    const char *field, struct import_term *out);

/** import_unmapped(d, text, field): list it so. */
void import_unmapped(
    struct import_draft *d, struct slice text, const char *field);

/**
 * import_skill(list, t, level): {"term", "level"}; a term that is there
 * already keeps the higher level. ${list}: an array.
 */
void import_skill(json_t *list, const struct import_term *t, unsigned level);

/** import_requirement(): as import_skill(); level 0: any; must stays. */
void import_requirement(json_t *list, const struct import_term *t,
    unsigned level, unsigned weight, bool must);

/** import_list(draft, name): the array ${name}, made when missing. */
json_t *import_list(json_t *draft, const char *name);

/* ---- text ---- */

/** slice_trim(s): without white space at both ends. */
struct slice slice_trim(struct slice s);

/**
 * slice_split(rest, separators, out): the next trimmed part that is not
 * empty; parts are not split inside round brackets. false: no more.
 */
bool slice_split(struct slice *rest, const char *separators, struct slice *out);

/** slice_is(s, text): equal, ASCII letters in any case. */
bool slice_is(struct slice s, const char *text);

/** slice_has_word(s, word): a word of ${s} begins with ${word} (any case). */
bool slice_has_word(struct slice s, const char *word);

/** slice_number(s, out): all digits, at most 15 of them. */
bool slice_number(struct slice s, uint64_t *out);

/**
 * clean_text(s, max, cut): valid clean text in one line, white space
 * collapsed, at most ${max} bytes; ${cut} tells if something was left off.
 * NULL: nothing left, or no memory.
 */
json_t *clean_text(struct slice s, size_t max, bool *cut);

/** plain_text(s, max, cut): as clean_text(), HTML tags and entities undone. */
json_t *plain_text(struct slice s, size_t max, bool *cut);

/** text_set(d, name, language, s, max): draft[name][language] = clean text. */
void text_set(struct import_draft *d, const char *name, uint32_t language,
    struct slice s, size_t max);

/* ---- facts ---- */

/**
 * currency_get(s, out, hint): three capital letters. false: ${hint} is a
 * better one, or "".
 */
bool currency_get(struct slice s, char out[4], const char **hint);

/** money_get(s, currency, out): "17.50", "1,500" to minor units. */
bool money_get(struct slice s, const char *currency, uint64_t *out);

/** money_minor(amount, currency): of a JSON number. false: not money. */
bool money_minor(const json_t *amount, const char *currency, uint64_t *out);

/** date_hours(s, out): ISO 8601 date (and time, taken as UTC), unix hours. */
bool date_hours(struct slice s, uint64_t *out);

/** region_get(s, out): "DE", "de-BE", "Germany", "Allemagne" to "de". */
bool region_get(struct slice s, char out[3]);

/** language_get(s): "de", "de-AT", "German", "Deutsch"; 0: not known. */
uint32_t language_get(struct slice s);

/**
 * language_seen(v): the language of the texts in ${v} by their small words:
 * English, German, French or Spanish. 0: too few, or not clear.
 */
uint32_t language_seen(const json_t *v);

/** fluency_get(s): 1 to 7 of a CEFR code or words for it; 0: no such. */
unsigned fluency_get(struct slice s);
