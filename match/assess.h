/*
 * assess.h: taking an assessment: which item comes next, and what the answers
 * say about each measured term. A pure state machine: the same assessment and
 * answers give the same items and levels everywhere, in whichever order the
 * answers came; integers alone.
 *
 * Every answer shifts the odds of the six levels (0: none yet, 1..5) by fixed
 * tables; the level told is the median, with how sure that is. What people
 * say of themselves (self-rating, checklist) counts, but never gives more
 * than ASSESS_OWN_WORD_MAX of confidence.
 * SPEC: "Assessments".
 */
#pragma once

#include "match/card.h"
#include "proto/record/result.h"

#define ASSESS_MEASURES_MAX   32
#define ASSESS_ITEMS_MAX      128
#define ASSESS_OPTIONS_MAX    16
#define ASSESS_LEVELS         6 /* 0..5 */
#define ASSESS_CONFIDENCE_MAX 1000
#define ASSESS_OWN_WORD_MAX   600
#define ASSESS_CONFIDENT      800 /* enough, if the assessment does not say */
#define ASSESS_SALT           16
#define ASSESS_KEY_HASH       16
#define ASSESS_EXTERNAL_KEY   32
#define ASSESS_NUMBER_MAX     INT64_C(1000000000000)
#define ASSESS_DONE           UINT16_MAX /* no further item */

enum assess_type {
	ASSESS_SINGLE = 1,
	ASSESS_MULTIPLE,
	ASSESS_NUMBER,
	ASSESS_SELF,
	ASSESS_CHECKLIST,
};

struct assess_measure {
	uint64_t term;
	uint8_t from, to; /* levels that it tells apart */
};

struct assess_item {
	uint8_t measure; /* number of the measure */
	uint8_t type;    /* enum assess_type */
	uint8_t options_n;
	bool hidden; /* the key is a hash */
	uint8_t level;
	uint8_t levels[ASSESS_OPTIONS_MAX]; /* of a checklist */
	int64_t key, tolerance;
	uint8_t key_hash[ANSWER_HASH];
};

/* What of an assessment's payload decides. */
struct assessment {
	uint16_t measures_n, items_n;
	bool adaptive, external;
	uint16_t items_max;  /* of one term */
	uint16_t confidence; /* that is enough */
	uint8_t salt[ANSWER_SALT];
	uint8_t external_key[ED25519_PUBLIC];
	struct assess_measure measures[ASSESS_MEASURES_MAX];
	struct assess_item items[ASSESS_ITEMS_MAX];
};

/**
 * assess_decode(payload, out, why):
 * ERR_FORM: not what the schema wants, or a thing that cannot be taken: an
 * item about a term that is not measured, without a key, ...; ${why} (may be
 * NULL) is then static text.
 */
NODISCARD err assess_decode(
    const struct value *payload, struct assessment *out, const char **why);

enum assess_state {
	ASSESS_OPEN,    /* not asked, or not answered yet */
	ASSESS_SKIPPED, /* left out: says nothing */
	ASSESS_UNKNOWN, /* "I do not know": as a wrong answer */
	ASSESS_GIVEN,
};

struct assess_answer {
	uint8_t state; /* enum assess_state */
	/* SINGLE: number of the option, from 0; MULTIPLE, CHECKLIST: sum of
	 * 2^number; NUMBER: the number; SELF: 0..5 */
	int64_t value;
};

/* All zero: nothing answered yet. */
struct assess_answers {
	struct assess_answer of[ASSESS_ITEMS_MAX];
};

/**
 * assess_answer(a, answers, item, answer):
 * Put an answer down, or replace it. ERR_NOTFOUND: no such item; ERR_FORM:
 * not an answer to it (out of range; or "unknown" where one rates oneself).
 */
NODISCARD err assess_answer(const struct assessment *a,
    struct assess_answers *answers, unsigned item, struct assess_answer answer);

/** assess_right(a, item, answer): of an item with a key; else false. */
bool assess_right(
    const struct assessment *a, unsigned item, struct assess_answer answer);

/**
 * assess_next(a, answers):
 * The number of the item to ask, or ASSESS_DONE. Adaptive: of the term that
 * is not sure enough and has the fewest answers, the open item nearest to its
 * level now. Not adaptive: the first open one.
 */
uint16_t assess_next(
    const struct assessment *a, const struct assess_answers *answers);

enum assess_basis {
	ASSESS_NOTHING, /* no answer says anything: the level is not known */
	ASSESS_OWN_WORD,
	ASSESS_ANSWERS,  /* at least one item with a key */
	ASSESS_ASSESSOR, /* an external one's signed result */
};

struct assess_level {
	uint64_t term;
	uint8_t level;       /* 0: below what it measures, or not known */
	uint8_t low, high;   /* 8 of 10 such people are in between */
	uint8_t basis;       /* enum assess_basis */
	uint16_t confidence; /* in thousandths, that it is this level */
	uint16_t items;      /* answers that count */
};

/** assess_levels(a, answers, out): ${a}->measures_n of them. */
void assess_levels(const struct assessment *a,
    const struct assess_answers *answers,
    struct assess_level out[ASSESS_MEASURES_MAX]);

/** assess_basis_name(b): "own-word"; static text. */
const char *assess_basis_name(enum assess_basis b);

/* ---- signed results of others: proto/record/result.h ---- */

/* Whose result it should be. */
struct assess_expected {
	const struct assessment *assessment; /* NULL: not known here */
	const uint8_t *author; /* RECORD_AUTHOR bytes: of the assessment */
	uint32_t slot;
	const uint8_t *person; /* ED25519_PUBLIC bytes */
	const char *net;
	uint64_t now_s;
};

enum assess_refusal {
	ASSESS_ACCEPTED,
	ASSESS_OTHER_NET,
	ASSESS_OTHER_PERSON,
	ASSESS_NO_ASSESSMENT, /* not known, or it names another one */
	ASSESS_NOT_EXTERNAL,
	ASSESS_OTHER_ASSESSOR, /* not the key that the assessment names */
	ASSESS_EXPIRED,
	ASSESS_FROM_FUTURE,
	ASSESS_NOT_MEASURED, /* a term or level that it does not measure */
};

/** assess_result_judge(r, e): of a result that assess_result_read() took. */
enum assess_refusal assess_result_judge(
    const struct assess_result *r, const struct assess_expected *e);

/** assess_refusal_text(r): a sentence; static text. */
const char *assess_refusal_text(enum assess_refusal r);
