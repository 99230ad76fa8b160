/*
 * community.h: cells of a few people around a purpose. It starts from what
 * people say they care about, keeps those who can meet (a common language,
 * and a region or remote work), and cuts the connected part into cells of 5
 * to 12 people that cover as much as they can of what the purpose needs, with
 * what each cell still lacks named, and who in it could learn that.
 *
 * Proposals only: nobody is enrolled, asked or told; a person stands in one
 * cell at most, so that no few carry all. Pure and deterministic.
 */
#pragma once

#include "match/team.h"

#define COMMUNITY_PEOPLE_MAX   4096 /* looked at more closely */
#define COMMUNITY_NEEDS_MAX    8
#define COMMUNITY_CELLS_MAX    64
#define COMMUNITY_CELL_MIN     5
#define COMMUNITY_CELL_MAX     12
#define COMMUNITY_INTEREST_MIN 300 /* credit of relate.h */

/* A purpose (or interest), with whatever is near it in the vocabulary. */
struct community_purpose {
	uint64_t term;
	uint32_t at; /* never TERM_NOWHERE */
};

struct community;

/** community_new(m, p, out): ${m} is borrowed. ERR_NOMEM. */
NODISCARD err community_new(const struct meaning *m,
    const struct community_purpose *p, struct community **out);
void community_free(struct community *c);

/*
 * Tell it what there is, in any order, also what has nothing to do with the
 * purpose: a need is what its postings ask for, or those who care want to
 * learn, no less often than all others do. All cards twice: first for the needs (community_ask), then, after community_needs(),
 * for the people (community_add).
 */
void community_posting(struct community *c, const struct posting *p);
void community_ask(struct community *c, const struct card *card);

/**
 * community_needs(c, out):
 * At most COMMUNITY_NEEDS_MAX, heaviest first: postings of this purpose (of a
 * special case, or one beside it, by so much less) count four times as much
 * as a person who wants to learn it, what is rare more; what one in 20 at
 * least does not say, or weighs an eighth of the first, is left out. Ends the first part. ERR_NOMEM.
 */
NODISCARD err community_needs(
    struct community *c, const struct team_need **out, size_t *n);

/** community_add(c, id, card): of over COMMUNITY_PEOPLE_MAX interested people
 * those with the smallest ids stay. ERR_NOMEM. */
NODISCARD err community_add(
    struct community *c, const uint8_t id[RECORD_ID], const struct card *card);

struct community_cell {
	struct team team; /* members: places in the people */
	uint32_t part;    /* which connected part, the largest is 0 */
};

struct community_result {
	const struct team_candidate *people; /* sorted by id; borrowed */
	size_t people_n;
	size_t seen, interested;
	size_t parts;       /* connected ones with at least two people */
	size_t unconnected; /* who cannot meet anybody here */
	size_t waiting;     /* connected, but in no cell */
	size_t cells_n;
	struct community_cell *cells;
};

/**
 * community_cells(c, size, out):
 * ${size}: people in a cell, COMMUNITY_CELL_MIN..MAX. ${out} lives as long as
 * ${c}. ERR_LIMIT; ERR_NOMEM.
 */
NODISCARD err community_cells(
    struct community *c, size_t size, struct community_result *out);
