/*
 * learn/internal.h: what learn/score.c and learn/book.c share. The book
 * holds every outcome that counts with its weight in each series, and the
 * cells: what one counterparty gives one subject in one year, within budget.
 */
#pragma once

#include "match/learn/learnability.h"

/* What is summed. The first four are the parts of a role. */
enum series {
	PERSON_EFFORT = 0,
	PERSON_NOVELTY = 1,
	PERSON_RESPONSE = 2,
	PERSON_COMPLETED = 3,
	COMPANY_INVESTMENT = 0,
	COMPANY_OPENNESS = 1,
	COMPANY_SPEED = 2,
	COMPANY_LIFT = 3,
	SERIES_BASE = 4,   /* independent evidence */
	SERIES_KEPT = 5,   /* promises; not aged */
	SERIES_BROKEN = 6, /* the same */
	PERSON_LEARNED = 7,
	PERSON_USED = 8,
	SERIES = 9,
};

#define LEARN_ROLES        2
#define LEARN_DAY          8      /* hours that a day has */
#define LEARN_PIECES       3      /* of a term: itself, group, parent */
#define NOVELTY_PIECE0     13107U /* 0.2 of a unit */
#define NOVELTY_PIECE1     9830U  /* 0.15 */
#define LEARN_BROKEN_TRUST 4096   /* 1/16: who may say that one was broken */

/* An outcome that counts. */
struct noted {
	const struct learn_event *e;
	uint32_t learner, partner; /* parties of the book */
	uint32_t month;            /* as it ages */
	uint32_t hours;            /* within 8 a day */
	uint32_t base;
	uint32_t weight[LEARN_ROLES][SERIES];
};

/* What ${other} gives ${subject} in one year. */
struct cell {
	uint32_t subject, other, year;
	uint32_t first, n; /* outcomes, in order[role] */
	uint64_t sum[SERIES];
	uint32_t newest[SERIES];
};

struct party {
	uint8_t key[TRUST_KEY];
	uint32_t tau;
	bool anchor;
	uint32_t reference; /* hours that are one unit of its effort */
	uint32_t funding;   /* hours that are one unit of its investment */
};

struct learn_book {
	const struct learn_input *in;
	const struct trust *trust;
	struct party *parties;           /* ascending by key */
	struct noted *notes;             /* by agreement, learner, partner */
	uint32_t *order[LEARN_ROLES];    /* notes by other, year, subject */
	struct cell *cells[LEARN_ROLES]; /* by subject, other, year */
	uint32_t cells_n[LEARN_ROLES];
	uint32_t parties_n, notes_n;
	size_t left_out;
};

/** learn_decay(i): 2^(-i/24) in 1/65536. */
uint32_t learn_decay(uint64_t i);

/** learn_party(b, key): its place; UINT32_MAX: none. ${key} is a party's. */
uint32_t learn_party(const struct learn_book *b, const uint8_t key[TRUST_KEY]);

/* A piece of a term that can be new once; ascending and each once. */
struct piece {
	uint64_t id;
	uint32_t level; /* 0 the term, 1 its group, 2 its parent */
};

/** learn_piece_cmp(a, b): the order of pieces, for qsort() and bsearch(). */
int learn_piece_cmp(const void *a, const void *b);

/** learn_pieces(e, out): those of what was learned; returns how many. */
size_t learn_pieces(
    const struct learn_event *e, struct piece out[LEARN_TERMS * LEARN_PIECES]);

/** learn_piece_size(level): of a unit, in 1/65536. */
static inline uint32_t
learn_piece_size(uint32_t level)
{
	return level == 0 ? NOVELTY_PIECE0 : NOVELTY_PIECE1;
}

/*
 * A flow network, to count what can be counted once only. Nodes are numbers;
 * 0 is the source, 1 the sink.
 */
struct net;

/** net_new(nodes, arcs): room for so many; NULL: no memory. */
struct net *net_new(uint32_t nodes, uint32_t arcs);
void net_free(struct net *n);
void net_arc(struct net *n, uint32_t from, uint32_t to, uint64_t cap);

/** net_push(n): raise the flow to the largest; returns by how much. */
uint64_t net_push(struct net *n);
