/*
 * team.h: a few people who together can do what is needed. Needs come with
 * weight, level, must and redundancy; what a person does for a need is a
 * credit from relate.h, level counted. The worth of a team is a monotone
 * submodular sum, so that greedy choice has at least 1 - 1/e of the most that
 * is possible under the size limit; a swap search improves on it, and up to
 * TEAM_EXACT_NEEDS needs without redundancy a subset table finds the best; else
 * a bounded search over all teams proves it when it gets through.
 *
 * Proposals only: nobody is enrolled, asked or told. Backgrounds are what a
 * person can do (fields of the vocabulary), never who a person is.
 * Integer and deterministic; the order of the candidates changes nothing but
 * by ${id}. DESIGN section 7, reference: submodular cover.
 */
#pragma once

#include "match/score.h"

#define TEAM_NEEDS_MAX       48
#define TEAM_CANDIDATES_MAX  1024
#define TEAM_SIZE_MAX        16
#define TEAM_TIMES_MAX       3
#define TEAM_BACKGROUNDS_MAX 64
#define TEAM_EXACT_NEEDS     12
#define TEAM_WEIGHT_MAX      1000000

/* What has to be covered. */
struct team_need {
	uint64_t term;
	uint32_t at;
	uint8_t level;   /* 0: any */
	uint8_t times;   /* by so many people; 1..TEAM_TIMES_MAX */
	bool must;       /* first of all: somebody with it (team_passes()) */
	uint32_t weight; /* 1..TEAM_WEIGHT_MAX */
};

/* Who could be in it; filled by team_look(). */
struct team_candidate {
	uint8_t id[RECORD_ID];
	uint16_t load;         /* other things going on; less comes first */
	uint8_t hours;         /* bucket of the card; 0: not told */
	bool excluded;         /* by a gate: never chosen */
	bool languages_known;  /* the card names some */
	uint64_t backgrounds;  /* bit per background */
	uint32_t languages[8]; /* spoken at B1 or better, or level not told */
	uint8_t languages_n;
	uint16_t credit[TEAM_NEEDS_MAX]; /* 0..CREDIT_MAX, level counted */
	bool holds[TEAM_NEEDS_MAX];      /* passes a must */
	bool wants[TEAM_NEEDS_MAX];      /* an aspiration of the card */
};

struct team_task {
	const struct team_need *needs;
	size_t needs_n;
	size_t size_max; /* 1..TEAM_SIZE_MAX */
	/*
	 * Points for each further background in the team, in thousandths of
	 * the weight of all needs, 0..1000. What the field is does not matter.
	 */
	uint32_t diversity;
	bool one_language;  /* all share a language */
	uint32_t language;  /* this one; 0: whichever gives the best team */
	uint8_t hours_each; /* least bucket of each; 0: any. Not told: taken */
};

struct team_cover {
	uint16_t best;    /* credit of the best member */
	uint16_t second;  /* of the next: what is left when the best goes */
	uint8_t held_by;  /* members who pass it as a must would */
	uint16_t by;      /* place in ${members} of the best; if best > 0 */
	bool missing;     /* nobody has it fully */
	bool fragile;     /* fewer than ${times} people hold it */
	bool learner_is;  /* somebody in the team could learn it: */
	uint16_t learner; /* wants it, else is nearest; place in ${members} */
};

struct team {
	uint16_t members[TEAM_SIZE_MAX]; /* places in the candidates */
	int64_t gain[TEAM_SIZE_MAX];     /* what each adds, in this order */
	size_t members_n;
	int64_t worth;     /* the sum of the gains */
	uint32_t covered;  /* of the needs by weight, in thousandths */
	int64_t bound;     /* no team of this size is worth more, proven */
	bool exact;        /* worth == bound, or the subset table says so */
	bool musts;        /* all must-haves are there */
	uint32_t language; /* of all; 0: not asked, or none found */
	uint64_t backgrounds;
	uint32_t swaps; /* how many the search made */
	struct team_cover cover[TEAM_NEEDS_MAX];
};

/* Needs made ready to look at many cards; one user at a time. */
struct team_view;

/**
 * team_view_new(m, needs, n, out): ${m} and ${needs} are borrowed. Needs
 * without a place in the vocabulary earn nothing and stay missing. ERR_NOMEM;
 * ERR_LIMIT: more than TEAM_NEEDS_MAX.
 */
NODISCARD err team_view_new(const struct meaning *m,
    const struct team_need *needs, size_t n, struct team_view **out);
void team_view_free(struct team_view *v);

/** team_look(v, id, card, out): load 0; false: the card has none of it; all
 * is filled in even then. */
bool team_look(const struct team_view *v, const uint8_t id[RECORD_ID],
    const struct card *c, struct team_candidate *out);

/** team_background(v, n): the n-th background's term id; 0: none. */
uint64_t team_background(const struct team_view *v, size_t n);

/*
 * The best candidates of many cards: for each of ${n} needs, and for the sum,
 * as many as fit into TEAM_CANDIDATES_MAX together. The order in which they
 * come changes nothing. ERR_NOMEM; ERR_LIMIT.
 */
struct team_pool;
NODISCARD err team_pool_new(size_t n, struct team_pool **out);
void team_pool_free(struct team_pool *p);
void team_pool_add(struct team_pool *p, const struct team_candidate *c);
/** team_pool_each(p): how many of each need it keeps. */
size_t team_pool_each(const struct team_pool *p);
/** team_pool_take(p, out): sorted by id, TEAM_CANDIDATES_MAX at most; returns
 * how many. */
size_t team_pool_take(const struct team_pool *p, struct team_candidate *out);

/**
 * team_form(task, candidates, n, out):
 * No two candidates with the same id. ERR_LIMIT: sizes over the maximum;
 * ERR_NOMEM. No candidate at all is a team of nobody.
 */
NODISCARD err team_form(const struct team_task *t,
    const struct team_candidate *candidates, size_t n, struct team *out);

/**
 * team_of(t, candidates, members, n, out):
 * What a given team covers and lacks; ${members} are different places in the
 * candidates, ${n} at most TEAM_SIZE_MAX. Nothing is claimed about others:
 * ${bound} is the worth. ERR_LIMIT; ERR_NOMEM.
 */
NODISCARD err team_of(const struct team_task *t,
    const struct team_candidate *candidates, const uint16_t *members, size_t n,
    struct team *out);

/** team_worth(t, candidates, members, n): of any set, for checks. */
int64_t team_worth(const struct team_task *t,
    const struct team_candidate *candidates, const uint16_t *members, size_t n);
