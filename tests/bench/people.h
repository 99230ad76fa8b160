/*
 * people.h: as many people and postings as a benchmark wants, made up but
 * shaped like ESCO: 13,900 skills under 640 groups, 3,000 occupations that
 * need about 41 of them each, 40 skills that a third of all have. Every
 * record follows from the seed and its number alone, so that ten million
 * need no memory and every rival gets the same.
 */
#pragma once

#include "match/score.h"

#define PEOPLE_SKILLS      13900
#define PEOPLE_GROUPS      640
#define PEOPLE_OCCUPATIONS 3000
#define PEOPLE_NEEDS       41
#define PEOPLE_TRANSVERSAL 40
#define PEOPLE_PURPOSES    30
#define PEOPLE_REGIONS     40

enum people_order {
	PEOPLE_SHUFFLED,    /* as they come out of a network */
	PEOPLE_CLUSTERED,   /* one occupation after the other */
	PEOPLE_ADVERSARIAL, /* nobody has anything but transversal skills */
};

struct people_world {
	struct vocabulary *v;
	struct meaning m;
	uint64_t seed;
	enum people_order order;
	uint64_t count; /* of people; orders them when clustered */
	/* places; of an occupation the first third of its needs are essential */
	uint32_t skills[PEOPLE_SKILLS];
	uint32_t needs[PEOPLE_OCCUPATIONS][PEOPLE_NEEDS];
	uint32_t purposes[PEOPLE_PURPOSES];
	uint64_t popularity[PEOPLE_OCCUPATIONS]; /* summed up */
};

/**
 * people_world_new(seed, order, count, flat):
 * ${flat}: skills without any links, so that only the same term meets itself.
 * Aborts when there is no memory, as all of this file does.
 */
struct people_world *people_world_new(
    uint64_t seed, enum people_order order, uint64_t count, bool flat);
void people_world_free(struct people_world *w);

/* The ${i}-th of them, resolved. */
void people_card(const struct people_world *w, uint64_t i, struct card *out);
void people_posting(
    const struct people_world *w, uint64_t i, struct posting *out);

/** people_id(kind, i, id): of a card (0) or posting (1); as random as a hash. */
void people_id(unsigned kind, uint64_t i, uint8_t id[RECORD_ID]);

/** people_region(i): "de", ...; the first ones have most people. */
const char *people_region(unsigned i);
