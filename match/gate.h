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
};
#define GATE_KINDS 8

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
	 * held at all), hours a week (HOURS), minor units (PAY).
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

/**
 * gate_pay(p, floor):
 * Is the most that the posting pays at least the floor? Compared in the same
 * currency and period alone, else it is a question. A tenth below is near.
 */
struct gate gate_pay(const struct posting *p, const struct pay *floor);

/** pay_comparable(p, floor): both told, same currency, same period. */
bool pay_comparable(const struct posting *p, const struct pay *floor);

/** gate_name(), gate_state_name(): "must", "ask"; static text. */
const char *gate_name(enum gate_kind kind);
const char *gate_state_name(enum gate_state state);
