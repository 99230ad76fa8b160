/*
 * esco.h: ESCO 1.2.0 as the evaluations read it: a vocabulary snapshot with
 * skills, groups and occupations, and each occupation as a posting; and the
 * people of task T2, made from occupations. English labels alone.
 */
#pragma once

#include "match/score.h"

struct esco_skill {
	uint64_t term;
	uint32_t at;          /* its place */
	uint64_t group;       /* the first broader term, 0: none */
	uint32_t same_n;      /* skills of that group, this one included */
	const uint32_t *same; /* their numbers */
};

struct esco_occupation {
	uint64_t term;
	char isco[8];
	char label[96];
	uint32_t *essential, *optional; /* numbers of skills */
	size_t essential_n, optional_n;
};

struct esco {
	struct vocabulary *v;
	struct meaning m;
	struct esco_skill *skills;
	size_t skills_n;
	struct esco_occupation *occupations;
	size_t occupations_n;
	struct posting *postings; /* by occupation */
	uint32_t *by_group;
};

/** esco_open(): NULL: the data is not there, or is not what it was. */
struct esco *esco_open(void);
void esco_close(struct esco *e);

/*
 * A person made from an occupation: each of its essential skills with chance
 * ${keep}, each optional one with a third of that, in hundredths; of these
 * each with chance ${drift} replaced by another skill of its group, as two
 * people name the same thing differently; and ${noise} hundredths of their
 * number more from another occupation.
 */
struct esco_person {
	unsigned keep, noise, drift;
};

/** esco_person(e, s, of, seed, out): resolved; at least one skill. */
void esco_person(const struct esco *e, const struct esco_person *s, size_t of,
    uint64_t *seed, struct card *out);
