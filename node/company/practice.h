/*
 * company/practice.h: how far a company's practice of investing in people
 * goes, 1 (begins) to 5 (leads), from what both sides signed. The number in
 * an organisation record is its own word; this is what can be shown. Not a
 * score to sort by: a list of what is there and what is lacking.
 * SPEC.md, 20, "Practice level". Pure.
 */
#pragma once

#include "proto/evidence/ledger.h"

#define PRACTICE_LEVELS   5
#define PRACTICE_CRITERIA 12

/* What is known; of a stranger's ledger the counts alone. */
struct practice_facts {
	struct ledger_counts counts;
	bool documents;      /* the three below are known */
	uint32_t people;     /* different ones, of pledges kept */
	uint32_t learned;    /* outcomes in which skills were learned */
	uint32_t follow_ups; /* signed half a year later */
};

struct practice_criterion {
	unsigned level;   /* that needs it */
	const char *what; /* "pledges-kept" */
	uint32_t need, have;
	bool known, met;
};

struct practice {
	unsigned shown; /* 0..5: all criteria up to it are met */
	unsigned allow; /* the same if what is unknown were met */
	unsigned n;
	struct practice_criterion criteria[PRACTICE_CRITERIA];
};

/** practice_of(facts, out). */
void practice_of(const struct practice_facts *facts, struct practice *out);
