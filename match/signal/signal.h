/*
 * signal.h: what is asked for, held, wanted and taught, counted exactly over
 * the records that are held: by term (and everything broader), region and
 * industry. Counts are kept up as records come and go; counting anew gives
 * the same. signal_release() says what of it may be shown.
 *
 * Demands and courses count for a company: the organisation that the record
 * names, if that organisation's own record is held and is of the author or
 * lists the author as a posting key; else the author itself. Their industry
 * is that company's ISIC section; where none is told, the ISCO major group
 * of the demand's occupation. Cards tell no industry: people are counted by
 * region alone.
 *
 * The term 0 stands for all terms together: who holds, asks for or teaches
 * anything that is understood.
 *
 * People count once each: a card sits in the one slot that its author has.
 * Memory: malloc, bounded by struct signal_limits; a record that does not
 * fit is left out as a whole and counted. Not here: weeks that have passed
 * (signal/week.h), forecasts (forecast.h), noise (noise.h).
 */
#pragma once

#include "match/vocabulary/vocabulary.h"
#include "proto/record/value.h"

#define SIGNAL_EVERYWHERE  "zz" /* all regions together */
#define SIGNAL_UNTOLD      "??" /* of records that say zz */
#define SIGNAL_PLACES_MAX  1000 /* what one posting counts for, at most */
#define SIGNAL_CLOSURE_MAX 4096 /* terms a record counts for */

enum signal_measure {
	/* people */
	SIGNAL_SUPPLY, /* who hold the term */
	SIGNAL_WANTED, /* who want to learn it */
	/* of companies */
	SIGNAL_DEMAND, /* open places that require it */
	SIGNAL_TAUGHT, /* courses that teach it */
	SIGNAL_OPENED, /* places whose demand began in the week */
	SIGNAL_FILLED, /* places told filled in the week */
};
#define SIGNAL_MEASURES (SIGNAL_FILLED + 1)
#define SIGNAL_PEOPLE   (SIGNAL_WANTED + 1) /* the first so many */

/** signal_measure_name(m): "supply"; static text. */
const char *signal_measure_name(enum signal_measure m);

/*
 * Industries, one byte: 0 all of them, 1..21 the ISIC sections A..U, 22..31
 * the ISCO major groups 0..9 where no section is told, 32 neither is told.
 */
#define SECTOR_ALL     0
#define SECTOR_ISIC_A  1
#define SECTOR_ISCO_0  22
#define SECTOR_UNKNOWN 32
#define SECTORS        33

/** sector_of_isic(industry): of a section, division, group or class ("C",
 * "10", "1071") of ISIC rev. 4; SECTOR_UNKNOWN: none of them. */
uint8_t sector_of_isic(struct slice industry);
/** sector_name(s): "all", "C", "isco-2", "unknown"; static text. */
const char *sector_name(uint8_t sector);
/** sector_title(s): "manufacturing"; static text. */
const char *sector_title(uint8_t sector);
/** sector_find(text, out): by name in any case; false: no such one. */
bool sector_find(const char *text, uint8_t *out);

/* ---- weeks ---- */

#define SIGNAL_WEEK_TEXT 10 /* "2026-W47" and a zero */

/** week_of_hour(h): ISO weeks since the one of 1970-01-01. */
uint32_t week_of_hour(uint64_t hour);
/** week_begins(w): its first unix hour (Monday, UTC); of week 0: 0. */
uint64_t week_begins(uint32_t week);
/** week_text(w, out): as ISO 8601 writes it. */
void week_text(uint32_t week, char out[SIGNAL_WEEK_TEXT]);

/* ---- distributions ---- */

/*
 * Amounts by size, in bins of a quarter of an octave (19 % wide); merging two
 * is adding them. Values from 1 on; what is above the last bin is in it.
 */
#define SIGNAL_BINS 160
struct signal_bins {
	uint32_t n;
	uint32_t bin[SIGNAL_BINS];
};
uint32_t signal_bin(uint64_t value);
/** signal_bin_value(bin): its geometric middle. */
uint64_t signal_bin_value(uint32_t bin);
void signal_bins_add(struct signal_bins *b, uint64_t value);
void signal_bins_merge(struct signal_bins *to, const struct signal_bins *b);
/** signal_bins_quantile(b, permille): 0 when empty. */
uint64_t signal_bins_quantile(const struct signal_bins *b, uint32_t permille);

/* ---- counters ---- */

struct signal_limits {
	uint32_t records_max; /* counted records */
	uint32_t cells_max;   /* term x region x industry */
	uint32_t shares_max;  /* a company in a cell */
};
extern const struct signal_limits signal_limits_default;

struct signal_table;

/**
 * signal_table_new(v, limits, seed, week, out):
 * ${v} is borrowed; another snapshot needs another table. ${seed} is random.
 * ${week}: which week opened and filled places are counted for. ERR_NOMEM.
 */
NODISCARD err signal_table_new(const struct vocabulary *v,
    const struct signal_limits *limits, uint64_t seed, uint32_t week,
    struct signal_table **out);
void signal_table_free(struct signal_table *t); /* NULL is fine */

/* A verified record of kind profile, organisation, demand or course. */
struct signal_record {
	uint64_t rid; /* its number; of two in a slot the larger is newer */
	uint32_t kind, slot;
	const uint8_t *author;
	char region[3];
	uint64_t made_h, expires_h;
	const struct value *payload; /* NULL: a tombstone, or unreadable */
};

/**
 * signal_put(t, r):
 * Count ${r} in place of what its slot had. Other kinds change nothing.
 * ERR_LIMIT: no room, it is not counted (see signal_stats); ERR_NOMEM: as
 * ERR_LIMIT.
 */
NODISCARD err signal_put(struct signal_table *t, const struct signal_record *r);

/** signal_remove(t, author, kind, slot): OK also when nothing is there. */
void signal_remove(struct signal_table *t, const uint8_t *author, uint32_t kind,
    uint32_t slot);

/** signal_remove_author(t, author): all of a revoked key. */
void signal_remove_author(struct signal_table *t, const uint8_t *author);

/**
 * signal_sweep(t, now_h, held, ctx):
 * Remove what has expired and, unless ${held} is NULL, what it says is not
 * held any more. Returns how many.
 */
size_t signal_sweep(struct signal_table *t, uint64_t now_h,
    bool (*held)(void *ctx, uint64_t rid), void *ctx);

/** signal_set_week(t, week): count opened and filled places for it. */
void signal_set_week(struct signal_table *t, uint32_t week);
uint32_t signal_week(const struct signal_table *t);

struct signal_stats {
	uint64_t bytes; /* of memory, near enough */
	uint32_t records, cells, shares, employers;
	uint64_t left_out; /* did not fit, since the table was made */
};
void signal_stats(const struct signal_table *t, struct signal_stats *out);

/* The exact counts of one cell: for tests and for signal_release(). */
struct signal_counts {
	uint32_t people[SIGNAL_PEOPLE];
	/* by measure - SIGNAL_PEOPLE */
	uint32_t amount[SIGNAL_MEASURES - SIGNAL_PEOPLE];
	uint32_t companies[SIGNAL_MEASURES - SIGNAL_PEOPLE];
};

/** signal_counts(t, at, region, sector, out): false: nothing there. */
bool signal_counts(const struct signal_table *t, uint32_t at,
    const char region[3], uint8_t sector, struct signal_counts *out);

/* ---- what may be shown ---- */

#define SIGNAL_K_PEOPLE    10
#define SIGNAL_K_COMPANIES 3
#define SIGNAL_SHARE       80 /* per cent */
#define SIGNAL_STEP        5

struct signal_quartiles {
	uint32_t n; /* postings; 0: not shown */
	uint64_t low, middle, high;
};

/* A cell of which something may be shown. Plain data, as a week keeps it. */
struct signal_row {
	uint64_t term;
	char region[3];
	uint8_t sector;
	uint8_t shown; /* 1 << measure */
	/* By measure; 0 where it is not shown. */
	uint32_t amount[SIGNAL_MEASURES];
	uint32_t companies[SIGNAL_MEASURES - SIGNAL_PEOPLE];
	/* Of open and filled demands that tell it, in the currency and for
	 * the period that most of them have. */
	struct signal_quartiles pay; /* minor units */
	char currency[4];
	uint8_t period;
	/* Of filled demands that tell since when: hours from `since` to the
	 * record that says filled. */
	struct signal_quartiles fill;
};

struct signal_release {
	uint32_t week;
	uint32_t k_people, k_companies;
	uint64_t hidden;        /* counts, not 0, that are not shown */
	uint64_t complementary; /* of them: large enough, but telling */
	bool pay_left_out;      /* too many postings for their pay */
	size_t n;
	struct signal_row *rows; /* by term, region, industry */
};

/** signal_row_order(a, b): as they lie in a release. */
int signal_row_order(const struct signal_row *a, const struct signal_row *b);

/** signal_find(rows, n, term, region, sector): NULL: none. */
const struct signal_row *signal_find(const struct signal_row *rows, size_t n,
    uint64_t term, const char region[3], uint8_t sector);

/**
 * signal_release_new(t, k_people, before, before_n, out):
 * What may be shown of the counts as they are now.
 *
 * - A count of people below ${k_people} (raised to SIGNAL_K_PEOPLE) is not
 *   shown; nor one of companies below SIGNAL_K_COMPANIES of them, or with
 *   one of them above SIGNAL_SHARE per cent of it.
 * - Nor are others from which one of those could be found: with the totals
 *   over regions and industries no count that is not shown is determined by
 *   those that are. Of people also: what a total leaves for its parts that
 *   are not shown is 0 or at least k; a term that differs from a broader one
 *   by fewer than k people is not shown; nor is the smallest of the narrower
 *   ones when all that are shown leave fewer than k of the broader one.
 * - People are shown in steps of SIGNAL_STEP, and a count stays as it was
 *   shown in ${before} (the release of the week before; may be NULL) until
 *   it differs by SIGNAL_STEP: who compares weeks sees no single arrival.
 *
 * ERR_NOMEM.
 */
NODISCARD err signal_release_new(struct signal_table *t, uint32_t k_people,
    const struct signal_row *before, size_t before_n,
    struct signal_release **out);
void signal_release_free(struct signal_release *r); /* NULL is fine */
