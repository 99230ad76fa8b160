/*
 * path.h: from what a person can do to a target: the gap, and the cheapest
 * set and order of offers (courses, peer groups, mentoring, gigs that teach,
 * what the posting itself teaches) that closes it.
 *
 * What counts as held: the term itself or a special case of it (relate.h), at
 * the asked level; a level that is not told is enough. The general case, a
 * neighbour or a sibling is near and stays in the gap. An offer that teaches
 * a special case teaches the general one.
 *
 * Levels: what has to be learned is a ladder of steps (term, level). There is
 * a step for each level that the target asks, that an offer needs before
 * (needs, from), and, where nothing reaches the asked level, the highest that
 * can be reached. An offer gives all steps of its terms up to its level.
 *
 * "Exact" and what is promised: path/cover.h, time: path/time.h. No clock, no
 * floats; the order of the offers changes nothing. Memory: malloc, some MiB,
 * bounded by the limits below.
 */
#pragma once

#include "match/score.h"

#define PATH_TARGET_MAX  64 /* skills of a target */
#define PATH_OTHER_MAX   8
#define PATH_OFFERS_MAX  4096 /* offers looked at */
#define PATH_POINTS_MAX  5    /* ways to choose from */
#define PATH_TAKEN_MAX   64   /* offers on one way */
#define PATH_BUSY_MAX    32   /* busy times */
#define PATH_PART_EXACT  6    /* skills of a gap of which all parts are tried */
#define PATH_HOURS_WEEK  5    /* hours of learning a week, if not told */
#define PATH_HOURS_GUESS 20 /* of an offer that tells neither hours nor weeks */
#define PATH_LEVEL_OWN   3  /* asked by an occupation: on one's own */

/* ---- what can be taken ---- */

enum path_offer_kind {
	PATH_COURSE,
	PATH_PEERS, /* a peer group or cohort */
	PATH_MENTORING,
	PATH_WORK, /* a gig, project, task or apprenticeship that teaches */
	PATH_ON_THE_JOB, /* the target posting teaches it: no application waits */
};
#define PATH_OFFER_KINDS 5

/* Formats: the bits of a course, SPEC section 10. */
#define PATH_ONLINE  1U
#define PATH_ON_SITE 2U
#define PATH_PHONE   4U
#define PATH_PRINT   8U
#define PATH_AUDIO   16U
#define PATH_VIDEO   32U
#define PATH_OFFLINE 64U /* can be taken without a connection */

struct path_offer {
	uint8_t id[RECORD_ID]; /* of the record */
	enum path_offer_kind kind;
	bool self_paced;
	bool speak_all;        /* all languages are needed, else one of them */
	uint8_t reading_level; /* CEFR 1..6; 0: not told */
	uint8_t teaches_n, needs_n, languages_n;
	char region[3];        /* where, if on site alone; "zz": not told */
	uint32_t formats;      /* 0: not told */
	uint32_t hours, weeks; /* 0: not told */
	uint64_t start_h;      /* unix hour; 0: any time */
	uint64_t cost;         /* minor units */
	char currency[4];      /* "": the cost is not told */
	struct lesson_item teaches[LESSON_TEACHES_MAX];
	struct graded_term needs[LESSON_NEEDS_MAX];
	struct spoken_language languages[CARD_LANGUAGES_MAX];
};

/**
 * path_offer_of_course(id, region, payload, v, out):
 * ${payload} as its schema accepts it, else ERR_FORM. Terms are resolved.
 */
NODISCARD err path_offer_of_course(const uint8_t id[RECORD_ID],
    const char *region, const struct value *payload, const struct vocabulary *v,
    struct path_offer *out);

/**
 * path_offer_of_posting(id, payload, posting, out):
 * An open demand that teaches: mentoring that is offered, gigs, projects,
 * tasks, roles in communities, apprenticeships and internships. What is a
 * must in it is needed before. ${posting}: resolved, of ${payload}.
 * ERR_NOTFOUND: it teaches nothing, or is none of these; ERR_FORM.
 */
NODISCARD err path_offer_of_posting(const uint8_t id[RECORD_ID],
    const struct value *payload, const struct posting *posting,
    struct path_offer *out);

/* ---- the target ---- */

struct path_goal {
	uint64_t term;
	uint32_t at;    /* TERM_NOWHERE: not understood */
	uint8_t level;  /* 1..5 */
	uint8_t weight; /* 1..100 */
	bool must;
	uint8_t order;  /* of a pathway: its step; else 0 */
	uint64_t after; /* goals (bits) that a pathway wants before */
};

struct path_target {
	uint16_t n;
	uint16_t left_out; /* over PATH_TARGET_MAX: the least weighty */
	struct path_goal goals[PATH_TARGET_MAX];
	/* Of a posting: what it asks for that cannot be learned as such, an
	 * occupation, a purpose: its place. */
	uint16_t other_n;
	uint32_t other[PATH_OTHER_MAX];
	/* Of a posting: what it teaches and invests; else NULL, borrowed. */
	const struct posting *posting;
};

/** path_target_posting(v, p, out): skills asked for; any level becomes 1. */
void path_target_posting(const struct vocabulary *v, const struct posting *p,
    struct path_target *out);

/**
 * path_target_occupation(m, at, level, out):
 * The essential skills of an occupation, at ${level} (0: PATH_LEVEL_OWN), the
 * rarest when there are too many. ERR_NOTFOUND: it names none.
 */
NODISCARD err path_target_occupation(const struct meaning *m, uint32_t at,
    uint8_t level, struct path_target *out);

/** path_target_skill(v, term, level, out): ${level} 0: PATH_LEVEL_OWN. */
void path_target_skill(const struct vocabulary *v, uint64_t term, uint8_t level,
    struct path_target *out);

/**
 * path_target_pathway(v, payload, out):
 * The skills of the steps of a pathway record that are not optional, each
 * after the skills of the steps that its step needs. ERR_FORM.
 */
NODISCARD err path_target_pathway(const struct vocabulary *v,
    const struct value *payload, struct path_target *out);

/* ---- what a person can give ---- */

struct path_means {
	uint32_t hours_week; /* of learning; 0: PATH_HOURS_WEEK */
	bool has_budget;
	uint64_t budget;   /* minor units of ${currency} */
	char currency[4];  /* "": that of the posting's investments, else of
	                      * most offers that would help */
	uint32_t language; /* 0: the card's languages count */
	uint32_t formats;  /* that one can use; 0: any */
	uint64_t now_h;    /* unix hours */
	uint64_t until_h;  /* everything is done by then; 0: no end */
	uint16_t busy_n;
	struct {
		uint64_t from_h, to_h; /* weeks that this touches are lost */
	} busy[PATH_BUSY_MAX];
	/* Never offer these terms; borrowed. */
	const uint64_t *unwanted;
	uint16_t unwanted_n;
};

/* ---- the answer ---- */

enum path_state {
	PATH_HAVE,    /* held, or a special case of it */
	PATH_LEVEL,   /* held, but not at the level */
	PATH_NEAR,    /* something near is held */
	PATH_MISSING, /* nothing of it is known */
	PATH_UNKNOWN, /* the vocabulary does not know the term */
};
#define PATH_STATES 5

/* One skill of the target, as it is today. */
struct path_line {
	enum path_state state;
	enum match_via via;
	uint64_t term, held; /* ${held}: what counts or is near; 0: nothing */
	uint32_t at;
	uint8_t asked, level; /* ${level}: of ${term} today; 0: none */
	uint8_t reachable;    /* level after all offers that can be taken */
};

/* Why an offer that would help cannot be taken. */
enum path_bar {
	PATH_BAR_LANGUAGE,
	PATH_BAR_FORMAT,
	PATH_BAR_PLACE,
	PATH_BAR_DATE,  /* has begun, or ends too late */
	PATH_BAR_HOURS, /* more hours a week than there are */
	PATH_BAR_BUDGET,
	PATH_BAR_NEEDS, /* needs what no offer teaches */
	PATH_BAR_UNWANTED,
};
#define PATH_BARS 8

/* A skill of the gap that stays open. */
struct path_open {
	uint16_t line;               /* of the diagnosis */
	uint32_t offers;             /* that teach it at all */
	uint32_t barred[PATH_BARS];  /* of these, by the first bar they hit */
	uint32_t example[PATH_BARS]; /* the offer with the smallest id */
	uint8_t depth;               /* in the hierarchy */
	uint8_t rarity;              /* sixteenths of a bit */
};

struct path_taken {
	uint32_t offer;     /* index into the caller's offers; UINT32_MAX: the
	                      * posting itself, PATH_ON_THE_JOB */
	uint16_t from_week; /* 0: the week of ${now_h} */
	uint16_t to_week;   /* the last one */
	uint32_t hours;
	bool hours_guessed, cost_known, asks_language, asks_format;
	uint64_t cost, paid; /* price; ${paid}: by the company of the target */
	uint8_t gains_n;
	struct {
		uint64_t term;
		uint8_t from, to; /* levels */
	} gains[LESSON_TEACHES_MAX];
};

/* One way; no other is both cheaper and faster. */
struct path_point {
	uint64_t cost;     /* what the person pays, of prices that are told */
	uint64_t paid;     /* by the company */
	uint16_t unpriced; /* offers without a price in the currency */
	uint32_t hours,
	    hours_paid; /* ${hours_paid}: training time of the company */
	uint16_t weeks; /* until the last is done */
	uint16_t taken_n;
	struct path_taken taken[PATH_TAKEN_MAX]; /* by start */
};

/* What keeps every way from being taken, the least of which helps. */
enum path_block {
	PATH_BLOCK_NOTHING,
	PATH_BLOCK_NO_OFFER, /* nothing of the gap is taught by anybody */
	PATH_BLOCK_BUDGET,
	PATH_BLOCK_DATES, /* until, hours a week, busy weeks, starts */
};

struct path_result {
	char currency[4]; /* of all amounts; "": nothing has a price */
	uint32_t hours_week;
	uint16_t lines_n, open_n, points_n;
	uint16_t missing; /* skills of the gap */
	uint16_t closed;  /* of these closed by each of the points */
	struct path_line lines[PATH_TARGET_MAX];
	struct path_open open[PATH_TARGET_MAX]; /* in the order to study them */
	struct path_point points[PATH_POINTS_MAX]; /* cheapest first */
	enum path_block block;
	uint64_t short_money; /* PATH_BLOCK_BUDGET: so much more would do */
	uint16_t short_weeks; /* PATH_BLOCK_DATES: done so many weeks later; 0:
	                       * not even without an end */
	/*
	 * With a block: what can be closed all the same, within the budget and
	 * in time. Must-haves count before all others, then weight, then the
	 * cost. ${part_lines}: the lines that are closed, bits; 0: none can be.
	 * ${part_exact}: no other part is better (up to PATH_PART_EXACT skills;
	 * else the weightiest first, each that still fits).
	 */
	struct path_point part;
	uint64_t part_lines;
	bool part_exact;
	bool exact;       /* the first point is the cheapest that there is */
	bool whole_front; /* no way is missing between the points that were
	                   * found, see ${points_found} */
	uint16_t points_found;
	/* If not exact: cost is at most this many thousandths of the optimum's,
	 * as this instance proves, and as every one does (H_n). */
	uint32_t bound, bound_always;
	uint32_t offers, offers_useful, offers_usable, offers_left_out;
	uint64_t states, ways; /* looked at */
};

/**
 * path_find(m, card, target, offers, n, means, out):
 * All resolved against ${m}; ${card} with the private skills. What is over
 * PATH_OFFERS_MAX is left out (largest ids) and counted. ERR_NOMEM.
 */
NODISCARD err path_find(const struct meaning *m, const struct card *card,
    const struct path_target *target, const struct path_offer *offers, size_t n,
    const struct path_means *means, struct path_result *out);

/**
 * path_card_after(card, target, offers, point, out):
 * The card of somebody who has gone all the way: all that the offers teach
 * counts, also what is not asked. What there is no room for is left out.
 */
void path_card_after(const struct card *card, const struct path_target *target,
    const struct path_offer *offers, const struct path_point *point,
    struct card *out);

/* ---- what a way is worth ---- */

#define PATH_FIT_UNLOCKED 7500

struct path_value {
	uint64_t seen; /* postings looked at */
	uint64_t
	    unlocked;    /* out of reach before, in reach now: no gate fails and
	                    * fit is at least PATH_FIT_UNLOCKED */
	uint64_t raised; /* fit is higher than before */
};

/**
 * path_counter_new(m, before, after, out), path_counter_add(), ..._free():
 * Count one resolved posting after the other. Borrows all. ERR_NOMEM.
 */
struct path_counter;
NODISCARD err path_counter_new(const struct meaning *m,
    const struct card *before, const struct card *after,
    struct path_counter **out);
void path_counter_add(struct path_counter *c, const struct posting *p);
struct path_value path_counter_value(const struct path_counter *c);
void path_counter_free(struct path_counter *c);

/* Fit after the cheapest way, and who pays for it. */
enum path_payer {
	PATH_PAYS_NOBODY, /* it is free, or there is nothing to learn */
	PATH_PAYS_COMPANY,
	PATH_PAYS_SHARED,
	PATH_PAYS_PERSON,
	PATH_PAYS_UNKNOWN, /* a price is not told */
};

struct path_reach {
	int32_t before, after; /* fit */
	bool excluded_before, excluded_after;
	enum path_payer payer;
	uint64_t cost, paid; /* by the person, by the company */
	char currency[4];
	uint32_t hours;
	uint16_t weeks, steps; /* ${steps}: offers */
	uint16_t missing, closed;
	bool exact;
};

/**
 * path_reach(m, p, card, offers, n, means, out):
 * The first point of path_find() for the posting. Without a way ${after} is
 * ${before} and ${steps} 0. ERR_NOMEM.
 */
NODISCARD err path_reach(const struct meaning *m, const struct posting *p,
    const struct card *card, const struct path_offer *offers, size_t n,
    const struct path_means *means, struct path_reach *out);

/* "course", "have", "language", "company"; static text. */
const char *path_offer_kind_name(enum path_offer_kind kind);
const char *path_state_name(enum path_state state);
const char *path_bar_name(enum path_bar bar);
const char *path_payer_name(enum path_payer payer);
