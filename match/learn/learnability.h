/*
 * learnability.h: willingness to learn (of a person) and willingness to
 * invest in learning (of a company), from what two sides signed together.
 *
 * A person: effort, novelty, response, follow-through. A company: investment,
 * openness, loop speed, lift. Each part is a saturating sum over budgeted,
 * capped evidence, weighted by the viewer's trust in the counterparty, so for
 * each part the bounds P1 to P8 of SPEC.md, "Trust and Learnability", hold:
 * however many keys a ring makes, what it gains is bounded by what honest
 * parties gave it.
 *
 * It is one viewer's number with the viewer's own anchors; it opens doors
 * (learnability_door()), never lowers a match, orders no list of people and
 * is never published. Evidence only adds; what was signed as broken takes
 * its share off, told apart.
 *
 * Pure integer arithmetic, no clock: the same input gives the same bytes,
 * whatever its order, however often an item stands in it.
 */
#pragma once

#include "match/trust.h"

#define LEARN_ONE UINT32_C(65536) /* one full unit of evidence; also L = 1 */
#define LEARN_KAPPA                                                            \
	UINT32_C(65536) /* what one counterparty counts for at most */
#define LEARN_BETA UINT32_C(65536) /* X = BETA is half of a part */
#define LEARN_BUDGET                                                           \
	(16 * UINT32_C(65536)) /* of one counterparty in one year */
#define LEARN_TERMS       16
#define LEARN_EVENTS_MAX  65536 /* in all */
#define LEARN_SUBJECT_MAX 512   /* trusted ones of one learner */
#define LEARN_NOT_TOLD    UINT16_MAX
#define LEARN_GAP_UNKNOWN 300 /* thousandths, where no statistic exists */
#define LEARN_PARTS       4

enum learn_role { LEARN_PERSON = 0, LEARN_COMPANY = 1 };

/* As an agreement's; another number is not counted. */
enum learn_kind {
	LEARN_JOB = 1,
	LEARN_GIG = 2,
	LEARN_TASK = 3,
	LEARN_PROJECT = 4,
	LEARN_MENTORING = 5,
	LEARN_COURSE = 6,
	LEARN_COHORT = 7,
	LEARN_PEER_SESSION = 8,
	LEARN_COMMUNITY_ROLE = 9,
	LEARN_INTERVIEW = 10,
};
#define LEARN_KINDS 11

/* How it is known; a claim of one's own weighs nothing. */
enum learn_method {
	LEARN_CLAIMED = 0,
	LEARN_ASSESSED = 1,
	LEARN_OBSERVED = 2,
	LEARN_PEERS = 3,
	LEARN_COMPLETED = 4,
	LEARN_APPLIED = 5,
};
#define LEARN_METHODS 6

/* What became of a promise. */
enum learn_promise {
	LEARN_NO_PROMISE = 0,
	LEARN_KEPT = 1,
	LEARN_PARTLY = 2,
	LEARN_BROKEN = 3,
};

struct learn_term {
	uint64_t term;
	/*
	 * The terms one and two broader-links above it; 0: none. Of several
	 * the one with the smallest id.
	 */
	uint64_t group, parent;
	bool learned, applied;
	/*
	 * How much the term was sought beyond what was on offer in the
	 * learner's region, as a percentile in thousandths; NOT_TOLD: no
	 * statistic. And the month in which that first appeared.
	 */
	uint16_t gap;
	uint32_t gap_month;
};

/*
 * One outcome that both sides signed. Of several with one agreement and the
 * same parties the one with the smallest id counts.
 */
struct learn_event {
	uint8_t id[32];
	uint8_t agreement[32];
	uint8_t learner[TRUST_KEY]; /* the person */
	uint8_t partner[TRUST_KEY]; /* company, school, mentor, peer */
	uint8_t kind;               /* enum learn_kind */
	uint8_t method;             /* enum learn_method */
	uint16_t value;             /* 0..1000 */
	uint8_t completion;         /* the learner's promise, learn_promise */
	uint8_t pledge;             /* the partner's */
	bool opened;          /* accepted though a must-have was missing */
	uint16_t answer_days; /* until the partner answered; or NOT_TOLD */
	uint32_t hours;       /* worked and learned, in all */
	uint32_t funded;      /* of them paid for by the partner */
	uint32_t first_day, last_day;   /* days since 1970, both included */
	uint32_t month;                 /* since January 1970 = 0: it ended */
	const struct learn_term *terms; /* borrowed; LEARN_TERMS at most */
	uint8_t terms_n;
};

/* What a learner declared: hours a week. Of several the least counts. */
struct learn_availability {
	uint8_t key[TRUST_KEY];
	uint16_t hours_week;
};

/*
 * For how many people a key's postings ask. Of several of one key the most
 * counts; those of the keys of one party are added.
 */
struct learn_positions {
	uint8_t key[TRUST_KEY];
	uint32_t n;
};

/* Borrowed arrays; all events are verified. */
struct learn_input {
	const struct learn_event *events;
	size_t events_n;
	const struct learn_availability *availability;
	size_t availability_n;
	const struct learn_positions *positions;
	size_t positions_n;
	uint32_t month; /* now */
	/*
	 * For tests that must see a bound broken: counts without budgets and
	 * caps. Never set elsewhere.
	 */
	bool unbounded;
};

enum learn_confidence {
	LEARN_NO_CONFIDENCE = 0,
	LEARN_LOW = 1,
	LEARN_MODERATE = 2,
	LEARN_HIGH = 3,
};

struct learn_part {
	uint64_t x;     /* the sum, in 1/2^32 of a unit */
	uint32_t score; /* x / (x + BETA), in 1/65536; below LEARN_ONE */
};

struct learnability {
	enum learn_role role;
	struct learn_part parts[LEARN_PARTS]; /* order of learn_part_name() */
	/* What broken promises leave of it, in 1/65536; LEARN_ONE: all. */
	uint32_t promise;
	uint64_t kept, broken; /* that it rests on, in 1/2^32 of a unit */
	uint32_t score;        /* in 1/65536, below LEARN_ONE */
	/*
	 * Independent evidence: the trusted counterparties, each worth at most
	 * 1, in 1/65536; and how many they are.
	 */
	uint32_t independent;
	uint32_t counterparties;
	enum learn_confidence confidence;
};

/** learn_part_name(role, i): "effort", ...; i < LEARN_PARTS. */
const char *learn_part_name(enum learn_role role, unsigned i);

/** learn_part_weight(role, i): in hundredths; they sum to 100. */
unsigned learn_part_weight(enum learn_role role, unsigned i);

/** learn_confidence_name(c): "none", "low", "moderate", "high". */
const char *learn_confidence_name(enum learn_confidence c);

struct learn_book; /* the evidence, read and budgeted */

/**
 * learn_book_new(in, trust, out):
 * Read all evidence. ${in}'s arrays and ${trust} are borrowed until
 * learn_book_free(). ERR_LIMIT: more than LEARN_EVENTS_MAX events; ERR_NOMEM.
 */
NODISCARD err learn_book_new(const struct learn_input *in,
    const struct trust *trust, struct learn_book **out);

void learn_book_free(struct learn_book *b); /* NULL is fine */

/** learn_book_left_out(b): events that do not count, by form or party. */
size_t learn_book_left_out(const struct learn_book *b);

/**
 * learnability_of(b, key, role, out):
 * The score of ${key}, or of the party that it is linked to. Without
 * evidence all is 0. ERR_LIMIT: more than LEARN_SUBJECT_MAX outcomes of one
 * learner with parties that the viewer trusts (of a company: of any one
 * learner with it); ERR_NOMEM.
 */
NODISCARD err learnability_of(const struct learn_book *b,
    const uint8_t key[TRUST_KEY], enum learn_role role,
    struct learnability *out);

/* What one counterparty adds, part by part; the sum of each is the part's x. */
struct learn_source {
	uint8_t key[TRUST_KEY]; /* of the party */
	uint32_t trust;
	uint32_t events;
	uint64_t x[LEARN_PARTS];
};

/**
 * learn_sources(b, key, role, out, cap, n):
 * The counterparties whom the viewer trusts, the largest sum of weighted x
 * first, then by key. At most ${cap} are written, ${n}: how many there are.
 */
NODISCARD err learn_sources(const struct learn_book *b,
    const uint8_t key[TRUST_KEY], enum learn_role role,
    struct learn_source *out, size_t cap, size_t *n);

/* What an outcome is worth: the score with it less the score without it. */
struct learn_contribution {
	uint8_t id[32];
	uint8_t counterparty[TRUST_KEY];
	int32_t points;             /* of score, in 1/65536; broken: below 0 */
	int32_t parts[LEARN_PARTS]; /* of each part's score */
};

/**
 * learn_contributions(in, trust, key, role, out, cap, n, rest):
 * For each outcome of ${key} with a trusted counterparty what the score loses
 * without it, computed by leaving it out; largest first, then by id. ${rest}:
 * the score less the sum of all points, as parts saturate and two may stand
 * for each other; it is shown. At most ${cap} are written, ${n}: how many
 * there are. Each is a book of its own: time grows with the square. ERR_LIMIT:
 * as the two functions above, and more than LEARN_SUBJECT_MAX outcomes.
 */
NODISCARD err learn_contributions(const struct learn_input *in,
    const struct trust *trust, const uint8_t key[TRUST_KEY],
    enum learn_role role, struct learn_contribution *out, size_t cap, size_t *n,
    int32_t *rest);

/* Seen in the evidence; shown, and never part of the score. */
struct learn_hints {
	bool one_month;  /* 3 outcomes or more, all of one month */
	bool alone;      /* all with one counterparty, 3 or more */
	bool captive;    /* over 80 % of a counterparty's, 5 or more, are with
			    parties that have no other counterparty */
	bool reciprocal; /* with some counterparty it signed in both roles */
};

void learn_hints_of(const struct learn_book *b, const uint8_t key[TRUST_KEY],
    enum learn_role role, struct learn_hints *out);

/* A must-have that is missing. */
struct learn_missing {
	uint16_t share; /* of the posting's weight, in 1/10000 */
	uint16_t near;  /* similarity to what is held, in thousandths */
	bool taught;    /* the posting teaches it, or an offer that fits does */
};

/**
 * learnability_door(fit, missing, n, person, company):
 * ${fit} (0..10000) and what a willing pair would add to it: of each missing
 * term that is taught its share · near · the geometric mean of both scores
 * (in 1/65536). Never less than ${fit}, never over 10000. It is shown beside
 * the fit as a door that opens, and changes neither fit nor order.
 */
uint32_t learnability_door(uint32_t fit, const struct learn_missing *missing,
    size_t n, uint32_t person, uint32_t company);
