/*
 * next.h: what to learn next when there is no target: ranked from what is
 * asked for, what people who can the same want to learn, and what goes with
 * what one can do. Integers alone; the order in which cards, occupations and
 * demands come changes nothing.
 *
 * Three parts, each in millionths of the best term's:
 * - demand: organisations that ask for it, more when the rest is held already;
 * - alike: of the people who can the same and cannot yet do this, how many
 *   want to; a term that fewer than ${k} people want plays no part;
 * - beside: what occupations need together with what is held: resource
 *   allocation, the overlap squared and each held term by df^-5/8.
 *
 * Used in two rounds: next_count_*() with everything, then next_turn(), then
 * next_weigh_*() with the same again, then next_best().
 * Figures: tests/eval/next_eval.c. SPEC: nothing, no two nodes must agree.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"

#define NEXT_HELD_MAX  256
#define NEXT_BEST_MAX  64
#define NEXT_TERMS_MAX 512 /* of one card, demand or occupation */
#define NEXT_K         10

#define NEXT_ALIKE_WEIGHT  400
#define NEXT_BESIDE_WEIGHT 200
#define NEXT_DEMAND_WEIGHT 400
#define NEXT_WISH_WEIGHT   200 /* the person's own aspiration */
#define NEXT_PART_MAX      1000000
#define NEXT_SCORE_MAX     (UINT64_C(1200) * NEXT_PART_MAX)

struct next_options {
	uint32_t terms;     /* places are below this */
	uint32_t k;         /* people; 0: NEXT_K */
	uint32_t asked_max; /* (organisation, term) pairs; 0: a million */
};

struct next;

/**
 * next_new(o, held, held_n, out): ${held}: places, each once, copied; those
 * over NEXT_HELD_MAX are left out. About 40 bytes a term. ERR_NOMEM.
 */
NODISCARD err next_new(const struct next_options *o, const uint32_t *held,
    size_t held_n, struct next **out);
void next_free(struct next *n); /* NULL is fine */

/** next_never(n, at): never suggest it. */
void next_never(struct next *n, uint32_t at);
/** next_wish(n, at): the person wants it anyhow. */
void next_wish(struct next *n, uint32_t at);

/* Places outside the terms are skipped; of each list, what is over
 * NEXT_TERMS_MAX is. */
struct next_list {
	const uint32_t *at;
	size_t n;
};

/* First round. ${author}: any number that stands for the organisation. */
void next_count_card(
    struct next *n, struct next_list has, struct next_list wants);
void next_count_occupation(struct next *n, struct next_list needs);
/** ERR_LIMIT: the pairs are used up, this demand is left out; ERR_NOMEM. */
NODISCARD err next_count_demand(
    struct next *n, uint64_t author, struct next_list asks);

void next_turn(struct next *n);

/* Second round. */
void next_weigh_card(
    struct next *n, struct next_list has, struct next_list wants);
void next_weigh_occupation(struct next *n, struct next_list needs);

struct next_suggestion {
	uint32_t at;
	uint64_t score; /* the parts by their weights; NEXT_SCORE_MAX at most */
	uint32_t demand, alike, beside; /* 0..NEXT_PART_MAX */
	bool wish;
	uint32_t asked_by;    /* organisations */
	uint32_t wanted_by;   /* people; 0: fewer than k */
	uint32_t occupations; /* that need it and something that is held */
};

/** next_best(n, out, max): best first, then by place; the number of them. */
size_t next_best(struct next *n, struct next_suggestion *out, size_t max);
