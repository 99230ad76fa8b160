/*
 * card.h: what matching reads of a profile, a demand and a course, decoded
 * from their payloads into fixed arrays, with each term's place in a
 * vocabulary snapshot beside its id.
 *
 * Decoding expects a payload that its schema accepts and answers ERR_FORM to
 * anything else; what is over a maximum here is left out and counted in
 * ${left_out}. A decoded struct must be resolved against the snapshot that it
 * is then scored with.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"
#include "proto/record/value.h"

#define CARD_SKILLS_MAX          96
#define CARD_ASPIRATIONS_MAX     32
#define CARD_PURPOSES_MAX        16
#define CARD_LANGUAGES_MAX       16
#define POSTING_REQUIREMENTS_MAX 64
#define POSTING_TEACHES_MAX      32
#define POSTING_INVESTS_MAX      16
#define LESSON_TEACHES_MAX       32
#define LESSON_NEEDS_MAX         32

#define LEVEL_MAX   5 /* 0: not told, or any */
#define CEFR_NATIVE 7 /* A1 = 1 ... C2 = 6 */

/* A term with a level. */
struct graded_term {
	uint64_t term;
	uint32_t at; /* its place, TERM_NOWHERE: not understood */
	uint8_t level;
};

struct spoken_language {
	uint32_t language;
	uint8_t cefr; /* 0: not told */
};

enum place { PLACE_UNKNOWN, PLACE_ON_SITE, PLACE_EITHER, PLACE_REMOTE };

/* Bits of what a card seeks and offers. */
#define SEEKS_JOB       1U
#define SEEKS_GIG       2U
#define SEEKS_PROJECT   4U
#define SEEKS_TASK      8U
#define SEEKS_MENTORING 16U
#define SEEKS_COACHING  32U
#define SEEKS_PEERS     64U
#define SEEKS_COURSE    128U

/* The public card of a person. */
struct card {
	char region[3]; /* from the record's header; "zz": not told */
	uint8_t remote; /* enum place */
	uint8_t hours;  /* bucket 1..5, 0: not told */
	uint32_t seeks, offers;
	uint16_t skills_n, aspirations_n, purposes_n, languages_n;
	uint16_t left_out;
	struct graded_term skills[CARD_SKILLS_MAX];
	struct graded_term aspirations[CARD_ASPIRATIONS_MAX];
	struct graded_term purposes[CARD_PURPOSES_MAX];
	struct spoken_language languages[CARD_LANGUAGES_MAX];
};

/** card_hours_max(bucket): 5, 10, 20, 30; 5 -> 168; 0 -> 0 (not told). */
uint32_t card_hours_max(uint8_t bucket);

struct requirement {
	uint64_t term;
	uint32_t at;
	uint8_t level;  /* 0: any */
	uint8_t weight; /* 1..100 */
	bool must;
};
#define REQUIREMENT_WEIGHT_DEFAULT 50

enum posting_type {
	POSTING_JOB = 1,
	POSTING_GIG,
	POSTING_PROJECT,
	POSTING_TASK,
	POSTING_MENTORING,
	POSTING_COMMUNITY_ROLE,
};
enum posting_status {
	POSTING_OPEN = 1,
	POSTING_PAUSED,
	POSTING_FILLED,
	POSTING_WITHDRAWN,
};

enum posting_direction { POSTING_SEEKS_MENTOR = 1, POSTING_OFFERS_MENTORING };

struct investment {
	uint32_t kind;
	uint32_t hours;
	uint64_t amount; /* minor units */
	char currency[4];
	uint64_t term; /* 0: not tied to one */
	uint32_t at;
};

struct pay {
	uint64_t min, max; /* minor units; 0: not told */
	char currency[4];  /* "": not told */
	uint32_t period;   /* as in the schema; 0: not told */
};

/* A demand. */
struct posting {
	char region[3];
	uint8_t type;      /* enum posting_type, 0: not told */
	uint8_t status;    /* enum posting_status; not told counts as open */
	uint8_t remote;    /* enum place; hybrid is PLACE_ON_SITE */
	uint8_t direction; /* of mentoring: enum posting_direction; 0: none */
	uint8_t contract;  /* as in the schema; 0: not told */
	uint32_t guaranteed_hours; /* a week */
	uint32_t hours_day, days_week;
	uint32_t start; /* hour in which it begins; 0: not told */
	uint32_t weeks; /* how long; 0: not told */
	bool zone_told;
	int16_t time_zone; /* minutes east of UTC */
	struct pay pay;
	struct graded_term occupation; /* term 0: none */
	uint16_t requirements_n, teaches_n, invests_n, languages_n, purposes_n;
	uint16_t left_out;
	struct requirement requirements[POSTING_REQUIREMENTS_MAX];
	struct graded_term teaches[POSTING_TEACHES_MAX];
	struct investment invests[POSTING_INVESTS_MAX];
	struct spoken_language languages[CARD_LANGUAGES_MAX];
	struct graded_term purposes[CARD_PURPOSES_MAX];
};

/** posting_hours_week(p): day by days, else guaranteed; 0: not told. */
uint32_t posting_hours_week(const struct posting *p);

/** posting_end(p): the hour after its last week; 0: not told. */
uint64_t posting_end(const struct posting *p);

struct lesson_item {
	uint64_t term;
	uint32_t at;
	uint8_t from, to; /* levels; 0: not told */
};

/* A course. */
struct lesson {
	uint8_t type;
	bool self_paced;
	uint32_t hours, weeks; /* 0: not told */
	uint64_t cost;         /* minor units; 0 with a currency: free */
	char currency[4];      /* "": the cost is not told */
	uint16_t teaches_n, needs_n, languages_n;
	uint16_t left_out;
	struct lesson_item teaches[LESSON_TEACHES_MAX];
	struct graded_term needs[LESSON_NEEDS_MAX];
	struct spoken_language languages[CARD_LANGUAGES_MAX];
};

#define WISHES_UNWANTED_MAX 32
#define WISHES_SKILLS_MAX   64

/* What a person wants and never publishes; only on the person's own node. */
struct wishes {
	struct pay floor;        /* ${min} of it; 0: none */
	uint32_t hours_week_max; /* from the calendar; 0: none */
	uint32_t hours_day_max, days_week_max;
	uint32_t contract_mask;         /* 1 << contract type; 0: any */
	uint32_t free_from, free_until; /* hours; 0: not told */
	bool zone_told;
	int16_t time_zone;       /* minutes east of UTC */
	uint32_t zone_shift_max; /* minutes that work may lie off */
	uint16_t unwanted_n, skills_n;
	uint64_t unwanted[WISHES_UNWANTED_MAX];       /* never offer me this */
	struct graded_term skills[WISHES_SKILLS_MAX]; /* not on the card */
};

/*
 * Decode a payload. ${region} is the two letters of the record's header. The
 * result is not resolved yet. ERR_FORM: not the shape that the schema wants.
 */
NODISCARD err card_decode(
    const struct value *payload, const char *region, struct card *out);
NODISCARD err posting_decode(
    const struct value *payload, const char *region, struct posting *out);
NODISCARD err lesson_decode(const struct value *payload, struct lesson *out);

/* Look every term up in ${v}; to be repeated for another snapshot. */
void card_resolve(struct card *c, const struct vocabulary *v);
void posting_resolve(struct posting *p, const struct vocabulary *v);
void lesson_resolve(struct lesson *l, const struct vocabulary *v);
void wishes_resolve(struct wishes *w, const struct vocabulary *v);

/**
 * card_with_wishes(c, w, out):
 * The card with the private skills added: what the person's own node scores.
 * What is over CARD_SKILLS_MAX is left out.
 */
void card_with_wishes(
    const struct card *c, const struct wishes *w, struct card *out);

/**
 * card_raise(c, term, at, level, from):
 * Let the card hold the term at ${level} at least; ${from} is the level that
 * it had (0: not held, or not told). false: no room for another skill.
 */
bool card_raise(
    struct card *c, uint64_t term, uint32_t at, uint8_t level, uint8_t *from);
