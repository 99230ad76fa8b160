/*
 * score.h: how well a posting and a person go together, in integers from 0 to
 * 10000, with an explanation whose lines add up to the score exactly. A score
 * is a function of posting, card, wishes, vocabulary snapshot and rarity
 * table and of nothing else; the hashes of the last two name it.
 *
 * fit:  what the posting sees of the person.
 * wish: what the person sees in the posting; with private wishes only on the
 *       person's own node.
 *
 * What is unknown about a person is neutral and says "ask"; it is never a
 * failure. Scores never order people by anything but fit and wish.
 * SPEC: DESIGN section 7.
 */
#pragma once

#include "match/gate.h"
#include "match/relate.h"

#define SCORE_MAX     10000
#define SCORE_NEUTRAL 5000 /* when nothing is asked or known */
#define CREDIT_MAX    1000

enum line_kind {
	/* of a fit */
	LINE_REQUIREMENT,
	LINE_OVERLAP, /* the cube root of the share that is met */
	/* of a wish */
	LINE_USES, /* the share of the person's skills that is called for */
	LINE_ASPIRATION, /* the posting teaches what is wanted */
	LINE_PURPOSE,
	LINE_PAY,
	LINE_HOURS,
	LINE_CONTRACT,
	LINE_INVESTMENT,
	LINE_UNWANTED, /* negative points */
	/* of both */
	LINE_NEUTRAL, /* nothing is asked; in a wish: what is not known */
};

/* One term of the sum. */
struct score_line {
	enum line_kind kind;
	enum match_via via;
	uint64_t asked; /* term id; 0: the line is about no term */
	uint64_t held;  /* the term that earned the credit; 0: none */
	uint8_t asked_level, held_level;
	bool must;
	bool ask;        /* unknown: counted as neither */
	uint16_t credit; /* 0..CREDIT_MAX */
	uint32_t weight;
	int32_t points;      /* these add up to the score */
	int32_t points_most; /* with full credit */
};

#define SCORE_LINES_MAX (POSTING_REQUIREMENTS_MAX + 12)
#define SCORE_GATES_MAX (POSTING_REQUIREMENTS_MAX + CARD_LANGUAGES_MAX + 16)
#define SCORE_NOT_UNDERSTOOD_MAX                                               \
	(POSTING_REQUIREMENTS_MAX + CARD_SKILLS_MAX + 128)

struct score {
	int32_t total; /* 0..SCORE_MAX: the sum of all points */
	bool excluded; /* a gate failed; kept with its reasons */
	bool near;     /* a gate is nearly missed */
	uint16_t lines_n, gates_n, not_understood_n, unused_n;
	struct score_line lines[SCORE_LINES_MAX];
	struct gate gates[SCORE_GATES_MAX];
	/* Terms outside the vocabulary, from either side. */
	uint64_t not_understood[SCORE_NOT_UNDERSTOOD_MAX];
	/* Understood terms of the card (fit: skills) that earned nothing. */
	uint64_t unused[CARD_SKILLS_MAX + WISHES_SKILLS_MAX];
};

/* What the terms mean; a score is printed with both hashes. */
struct meaning {
	const struct vocabulary *vocabulary;
	const struct rarity *rarity; /* for this vocabulary */
};

/**
 * score_fit(m, posting, card, out):
 * Both resolved against ${m}. Cost: a microsecond or so per requirement and
 * skill; for many cards use a plan (below), which gives the same result.
 * ERR_NOMEM.
 */
NODISCARD err score_fit(const struct meaning *m, const struct posting *p,
    const struct card *c, struct score *out);

/** score_wish(m, posting, card, wishes, out): ${wishes} may be NULL. */
NODISCARD err score_wish(const struct meaning *m, const struct posting *p,
    const struct card *c, const struct wishes *w, struct score *out);

/** score_both(fit, wish): their harmonic mean, rounded down. */
int32_t score_both(int32_t fit, int32_t wish);

/*
 * A fit depends on the share of the requirements alone, by weight, that is
 * met: on the sum of weight * credit over the lines that count, and the sum
 * of weight * CREDIT_MAX. A quarter is the share itself, three quarters its
 * cube root: the first things in common tell most, as two people describe the
 * same work with lists of different length.
 */
#define FIT_SHARE_PARTS   1
#define FIT_OVERLAP_PARTS 3

/**
 * fit_of_share(earned, most):
 * The fit, of ${earned} <= ${most}, ${most} a multiple of CREDIT_MAX and
 * below 2^33; SCORE_NEUTRAL when ${most} is 0. Never falls as ${earned}
 * grows.
 */
int32_t fit_of_share(uint64_t earned, uint64_t most);

/** overlap_credit(earned, most): floor(CREDIT_MAX * cbrt(earned / most)). */
uint32_t overlap_credit(uint64_t earned, uint64_t most);

/*
 * A posting made ready for many cards, or a card for many postings: which
 * held terms earn how much for which asked term.
 */
struct plan;

/** plan_new(m, p, out): borrows all three. ERR_NOMEM. */
NODISCARD err plan_new(
    const struct meaning *m, const struct posting *p, struct plan **out);
void plan_free(struct plan *plan);

/** plan_fit(plan, c, out): the same bytes as score_fit(). */
void plan_fit(const struct plan *plan, const struct card *c, struct score *out);

/** plan_wish(plan, c, w, out): the same bytes as score_wish(). */
void plan_wish(const struct plan *plan, const struct card *c,
    const struct wishes *w, struct score *out);

/* A score without its explanation, for scans. */
struct score_brief {
	int32_t total;
	bool excluded, near;
};
struct score_brief plan_fit_brief(
    const struct plan *plan, const struct card *c);
struct score_brief plan_wish_brief(
    const struct plan *plan, const struct card *c, const struct wishes *w);

/*
 * What a plan is made of, for an index of cards. All borrowed from the plan:
 * the understood requirements, heaviest first, and what the posting gives.
 */
struct plan_parts {
	const struct relate_item *asked;
	const struct requirement *const *of;
	const uint32_t *weight;
	const uint8_t *rarity;
	const bool *tells; /* else an ask, unless met in full */
	uint16_t asked_n, given_n;
	const struct relate_table *fit;
	const struct relate_item *given; /* group 0: to learn, 1: a purpose */
	const struct relate_table *wish;
};
void plan_parts(const struct plan *plan, struct plan_parts *out);

/**
 * plan_wish_most(plan, kind, learn, purpose, uses, skilled):
 * No card of the kind whose aspirations earn ${learn} at most, its purposes
 * ${purpose} and its LINE_USES ${uses} (0..CREDIT_MAX), has a larger wish,
 * without private wishes. Of a card with skills, uses is at most the sum of
 * credit * rarity over the requirements, over the sum of rarity over its
 * skills. ${skilled}: of the cards with skills alone.
 */
#define WISH_KINDS    6 /* aspirations, 2 stands for more; has it purposes? */
#define WISH_KIND_ANY WISH_KINDS
#define WISH_KIND(aspirations, purposes)                                       \
	((uint8_t)(MIN((aspirations), 2) * 2 + (purposes)))
int32_t plan_wish_most(const struct plan *plan, uint8_t kind, uint32_t learn,
    uint32_t purpose, uint32_t uses, bool skilled);

/* What a wish without private wishes is made of, on the side of a card. */
struct wish_facts {
	uint8_t aspirations; /* understood; 2 stands for more */
	bool purposes;       /* some are understood */
	uint8_t hours;       /* bucket */
	/* the best credits, the second best, and the best of the purposes */
	uint16_t first, second, purpose;
	int16_t uses; /* credit of LINE_USES, -1: there is none */
};

/** plan_wish_total(plan, facts): the total of plan_wish_brief(). */
int32_t plan_wish_total(const struct plan *plan, const struct wish_facts *f);

/*
 * The same from the other side: one card, made ready for many postings. The
 * results are those of a plan.
 */
struct card_plan;

/** card_plan_new(m, c, w, out): borrows all; ${w} may be NULL. ERR_NOMEM. */
NODISCARD err card_plan_new(const struct meaning *m, const struct card *c,
    const struct wishes *w, struct card_plan **out);
void card_plan_free(struct card_plan *plan);
struct score_brief card_plan_fit_brief(
    const struct card_plan *plan, const struct posting *p);

/** card_plan_brief(plan, p): both of them, in less time. */
struct card_plan_brief {
	struct score_brief fit, wish;
};
struct card_plan_brief card_plan_brief(
    const struct card_plan *plan, const struct posting *p);

/*
 * Held are skills, then purposes. Group 0 of the wanted is to learn, group 1
 * are purposes. All borrowed from the plan.
 */
struct card_plan_parts {
	const struct relate_item *held, *wanted;
	uint16_t held_n, skills_n, wanted_n;
	const uint16_t *held_first; /* of a skill: who has its place first */
	const uint8_t *held_rarity; /* of a skill; 0 unless it is the first */
	uint32_t rarity;            /* of all skills; 0: there are none */
	const struct relate_table *fit, *wish;
};
void card_plan_parts(const struct card_plan *plan, struct card_plan_parts *out);

/* What a wish is made of, on the side of a posting. */
struct offer_facts {
	/* the best credits of aspirations, the second best, of purposes */
	uint16_t first, second, purpose;
	int16_t uses;      /* credit of LINE_USES, -1: there is none */
	uint16_t invested; /* investment_credit() */
	uint32_t hours;    /* a week; 0: not told */
	uint8_t contract;
	bool purposes; /* it names some */
};

/*
 * The lines together; the wish is earned * SCORE_MAX / (weight * CREDIT_MAX).
 * Where private wishes are, they stand for no less than it, since what pays
 * enough and what is not wanted is not among the facts.
 */
struct wish_sum {
	uint32_t earned, weight;
};
struct wish_sum card_plan_wish_sum(
    const struct card_plan *plan, const struct offer_facts *f);

/** investment_credit(p): what LINE_INVESTMENT earns. */
uint32_t investment_credit(const struct posting *p);

/* The one change to a card that would help most. */
struct change {
	uint64_t term;
	uint8_t from_level, to_level; /* from 0: not held yet */
	int32_t before, after;        /* fit, each from a run */
	bool excluded_before, excluded_after;
};

/**
 * score_change(plan, c, out):
 * Of all single skills that could be added or raised: the one that lifts an
 * exclusion, else raises fit most, with the fewest levels, then the smallest
 * term. Each candidate is scored, so the answer is true. false: none helps.
 */
bool score_change(
    const struct plan *plan, const struct card *c, struct change *out);

/** line_name(kind): "requirement"; static text. */
const char *line_name(enum line_kind kind);
