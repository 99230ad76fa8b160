/*
 * gate.h: conditions that a score does not express: a posting that is closed,
 * a language, a place. What is not known about a person or a posting is a
 * question, never a failure.
 */
#pragma once

#include "match/card.h"

enum gate_kind {
	GATE_STATUS,   /* the posting is open */
	GATE_KIND,     /* the person seeks (or offers) this kind */
	GATE_MUST,     /* a must-have, one gate each */
	GATE_LANGUAGE, /* a language, one gate each */
	GATE_PLACE,    /* region, or remote */
	GATE_HOURS,    /* a week */
	GATE_PAY,      /* at least the private floor */
	GATE_UNWANTED, /* "never offer me this" */
	/* private wishes alone */
	GATE_CONTRACT, /* one of those that are wanted */
	GATE_DAY,      /* hours a day */
	GATE_DAYS,     /* days a week */
	GATE_ZONE,     /* time zone, of work that is not on site */
	GATE_START,    /* not before the person is free */
	GATE_END,      /* nor after that */
};
#define GATE_KINDS 14

enum gate_state {
	GATE_PASS,
	GATE_ASK,  /* unknown: ask, counts as passed */
	GATE_NEAR, /* nearly: shown, not excluded */
	GATE_FAIL, /* excluded */
};

struct gate {
	enum gate_kind kind;
	enum gate_state state;
	uint64_t term;     /* of GATE_MUST and GATE_UNWANTED */
	uint32_t language; /* of GATE_LANGUAGE */
	/*
	 * By how much it is missed: levels (MUST, LANGUAGE; 0 with FAIL: not
	 * held at all), hours a week (HOURS), minor units for the posting's
	 * period (PAY), hours (DAY), days (DAYS, START, END), minutes (ZONE).
	 */
	uint64_t short_by;
};

/** gate_status(p): fails unless the posting is open. */
struct gate gate_status(const struct posting *p);

/**
 * gate_seeks(p, c):
 * Does the person seek this kind of work; for a posting that seeks a mentor:
 * offer mentoring? A role in a community is open to everybody.
 */
struct gate gate_seeks(const struct posting *p, const struct card *c);

/**
 * gate_language(need, c):
 * One level of CEFR below is near. A card that names no language at all is a
 * question; one that names others is not.
 */
struct gate gate_language(
    const struct spoken_language *need, const struct card *c);

/** gate_place(p, c): same region for work on site, anywhere for remote. */
struct gate gate_place(const struct posting *p, const struct card *c);

/** gate_hours(need, max): hours a week, 0: not told; a quarter over is near. */
struct gate gate_hours(uint32_t need, uint32_t max);

/*
 * The private calendar. What the person does not limit passes; what the
 * posting does not tell is a question.
 * DAY: an hour over is near. DAYS: a day over is near. ZONE: an hour over is
 * near; on site it passes. START: two weeks early is near. END: one week late
 * is near. CONTRACT: there is nothing near.
 */
struct gate gate_contract(const struct posting *p, const struct wishes *w);
struct gate gate_day(const struct posting *p, const struct wishes *w);
struct gate gate_days(const struct posting *p, const struct wishes *w);
struct gate gate_zone(const struct posting *p, const struct wishes *w);
struct gate gate_start(const struct posting *p, const struct wishes *w);
struct gate gate_end(const struct posting *p, const struct wishes *w);

/**
 * gate_pay(p, floor):
 * Is the most that the posting pays at least the floor? Compared in the same
 * currency alone, else it is a question. A tenth below is near.
 */
struct gate gate_pay(const struct posting *p, const struct pay *floor);

/**
 * pay_floor(p, floor):
 * The floor for the period of the posting's pay, rounded up; 0: no floor, no
 * pay, another currency, or no exact way between the periods. Exact are: the
 * same period; a year as 12 months; and between hour, day, week and total by
 * what the posting tells of hours a day, hours a week and weeks.
 */
uint64_t pay_floor(const struct posting *p, const struct pay *floor);

/** pay_comparable(p, floor): pay_floor() is not 0. */
bool pay_comparable(const struct posting *p, const struct pay *floor);

/** gate_name(), gate_state_name(): "must", "ask"; static text. */
const char *gate_name(enum gate_kind kind);
const char *gate_state_name(enum gate_state state);
