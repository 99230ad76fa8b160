/*
 * evidence.h: what two sides, or an issuer, state about working and learning
 * together, as plain structs: agreement, progress, outcome, follow-up,
 * one-sided statement, session, credential, its end, "moved", "linked". How
 * they travel and who signed is document.h; what may be concluded from several
 * of them is rules.h. SPEC.md, "Evidence".
 *
 * Evidence is never gossiped. It lies in the vault of those who signed it and
 * is shown inside sealed conversations.
 *
 * In all structs: times are unix hours; an optional field that is absent is
 * zero (number, choice, bytes) or empty (text, list); text is UTF-8 with a
 * terminating zero; keys are Ed25519. "company" is the side that invests or
 * hosts (a company, a school, a mentor, a community), "person" the side that
 * works and learns; both are author keys, so they may be personas.
 */
#pragma once

#include "crypto/crypto.h"
#include "proto/record/names.h"

#define EVIDENCE_ID       32 /* BLAKE2b-256 of a document's body */
#define EVIDENCE_NONCE    16
#define EVIDENCE_SKILLS   16 /* in a list */
#define EVIDENCE_PEERS    16 /* participants of a session */
#define EVIDENCE_REFS     8  /* documents that a credential rests on */
#define EVIDENCE_TITLE    120
#define EVIDENCE_TEAM     80
#define EVIDENCE_TEXT     280
#define EVIDENCE_GRACE_H  720   /* 30 days after the deadline: one-sided */
#define EVIDENCE_FOLLOW_H 4368  /* 26 weeks after the outcome: follow-up */
#define EVIDENCE_VALID_H  87600 /* a credential says no more than 3650 days */

enum evidence_type {
	EVIDENCE_AGREEMENT = 1,
	EVIDENCE_PROGRESS = 2,
	EVIDENCE_OUTCOME = 3,
	EVIDENCE_FOLLOW_UP = 4,
	EVIDENCE_ONE_SIDED = 5,
	EVIDENCE_SESSION = 6,
	EVIDENCE_CREDENTIAL = 7,
	EVIDENCE_CREDENTIAL_END = 8,
	EVIDENCE_MOVED = 9,
	EVIDENCE_LINKED = 10,
};
#define EVIDENCE_TYPES 10

/** evidence_type_name(t): "agreement", "one-sided"; NULL: no type. */
const char *evidence_type_name(uint32_t t);

enum agreement_kind {
	AGREEMENT_JOB = 1,
	AGREEMENT_GIG = 2,
	AGREEMENT_TASK = 3,
	AGREEMENT_PROJECT = 4,
	AGREEMENT_MENTORING = 5,
	AGREEMENT_COURSE = 6,
	AGREEMENT_COHORT = 7,
	AGREEMENT_PEER_SESSION = 8,
	AGREEMENT_COMMUNITY_ROLE = 9,
};

enum pledge_state {
	PLEDGE_NONE = 0, /* the agreement has no pledge */
	PLEDGE_KEPT = 1,
	PLEDGE_PARTLY = 2,
	PLEDGE_BROKEN = 3,
};

enum outcome_result {
	OUTCOME_HIRED = 1,
	OUTCOME_DELIVERED = 2,
	OUTCOME_EXTENDED = 3,
	OUTCOME_ENDED = 4, /* before its time, without delivery */
};

enum progress_verb {
	PROGRESS_STARTED = 1,
	PROGRESS_PROGRESSED = 2,
	PROGRESS_COMPLETED = 3,
	PROGRESS_PASSED = 4,
	PROGRESS_FAILED = 5,
	PROGRESS_WAIVED = 6,
};

enum credential_method {
	CREDENTIAL_ASSESSED = 1,  /* an assessment was passed */
	CREDENTIAL_OBSERVED = 2,  /* seen at work */
	CREDENTIAL_PEERS = 3,     /* peers, k of n */
	CREDENTIAL_COMPLETED = 4, /* was there to the end, no more */
	CREDENTIAL_APPLIED = 5,   /* of an outcome alone: used at work */
};

struct evidence_skill {
	uint64_t term;
	uint8_t level; /* 1..5 */
};

struct evidence_skills {
	uint16_t n;
	struct evidence_skill at[EVIDENCE_SKILLS];
};

/* What the company invests; kinds are those of a demand's `invests`. */
struct pledge {
	uint8_t kind; /* 1..5; 0: there is no pledge */
	uint32_t hours;
	uint64_t amount;  /* in minor units of ${currency} */
	char currency[4]; /* present with an amount */
	uint64_t term;
	uint32_t deadline; /* the hour by which it is to be kept */
	char conditions[EVIDENCE_TEXT + 1];
};

/* Signed by the company, then the person; by a manager where one is named. */
struct agreement {
	uint8_t company[ED25519_PUBLIC];
	uint8_t person[ED25519_PUBLIC];
	uint8_t nonce[EVIDENCE_NONCE]; /* random: tells two agreements apart */
	uint8_t kind;                  /* enum agreement_kind */
	uint32_t made, start, end;     /* made <= end, start <= end */
	uint32_t hours;                /* planned, in all */
	uint8_t subject[RECORD_ID];    /* demand, course, community; optional */
	char title[EVIDENCE_TITLE + 1];
	struct pledge pledge;
	uint8_t terms_hash[32];         /* terms_hash() of a text; optional */
	struct evidence_skills teaches; /* a learning goal; optional */
	/*
	 * Of the must-haves, what share the person met, in thousandths + 1; 0:
	 * not told. Both sign it, so that openness can be judged later.
	 */
	uint16_t coverage;
	uint16_t answer_days; /* from the person's interest on, + 1; 0: - */
	uint8_t manager[ED25519_PUBLIC]; /* who must permit it; optional */
	char team[EVIDENCE_TEAM + 1];    /* the lending team, with a manager */
};

/* Signed by both to count; by the person alone it is their own word. */
struct progress {
	uint8_t agreement[EVIDENCE_ID]; /* optional if there is a subject */
	uint8_t company[ED25519_PUBLIC];
	uint8_t person[ED25519_PUBLIC];
	uint16_t number;            /* 1, 2, ... within the agreement */
	uint8_t verb;               /* enum progress_verb */
	uint32_t at;                /* hour */
	uint32_t minutes;           /* spent since the last one; 0: not told */
	bool scored;                /* there is a score */
	int16_t score;              /* -1000..1000: xAPI's -1..1 */
	uint8_t subject[RECORD_ID]; /* the course; optional */
	struct evidence_skills reached;
};

/* Signed by both. One agreement has one outcome: evidence_wins(). */
struct outcome {
	uint8_t agreement[EVIDENCE_ID];
	uint8_t company[ED25519_PUBLIC];
	uint8_t person[ED25519_PUBLIC];
	uint8_t kind; /* the agreement's */
	uint32_t at;
	uint8_t result;             /* enum outcome_result */
	uint8_t usefulness;         /* 1..5: how useful it was to the person */
	uint8_t usefulness_company; /* 1..5: to the company; optional */
	uint32_t hours;             /* worked and learned, in all */
	uint32_t invested_hours;    /* of them paid for learning */
	uint64_t invested_amount;
	char currency[4];
	struct evidence_skills applied; /* skills used, at which level */
	struct evidence_skills learned;
	/* A demand's contract types 1..7, 8: none; 0: not told. */
	uint8_t contract_before, contract_after;
	uint8_t pledge;               /* enum pledge_state */
	uint16_t pledge_share;        /* of PARTLY, 1..999 thousandths */
	char team[EVIDENCE_TEAM + 1]; /* the lending team of the agreement */
	uint32_t began, ended;        /* hours, began <= ended <= at; 0: - */
	uint8_t method;     /* enum credential_method: how skills are known */
	uint8_t completion; /* enum pledge_state: what the person undertook */
};

enum follow_up_place {
	FOLLOW_UP_HERE = 1,  /* still with the company, same role */
	FOLLOW_UP_MOVED = 2, /* with the company, another role */
	FOLLOW_UP_ELSEWHERE = 3,
};

/* Signed by both, EVIDENCE_FOLLOW_H after the outcome or later. */
struct follow_up {
	uint8_t agreement[EVIDENCE_ID];
	uint8_t outcome[EVIDENCE_ID];
	uint8_t company[ED25519_PUBLIC];
	uint8_t person[ED25519_PUBLIC];
	uint32_t at;
	uint8_t place;      /* enum follow_up_place */
	uint8_t contract;   /* as contract_after */
	uint8_t usefulness; /* 1..5, seen from now */
	struct evidence_skills applied;
};

/*
 * What one side states when the other signs no outcome. It weighs nothing in
 * a score of its own; that a company broke a pledge is concluded only beside
 * the agreement that both signed: rules.h.
 */
struct one_sided {
	uint8_t agreement[EVIDENCE_ID];
	uint8_t company[ED25519_PUBLIC];
	uint8_t person[ED25519_PUBLIC];
	uint8_t side; /* who states it: enum document_role, 1 or 2 */
	uint32_t at;  /* EVIDENCE_GRACE_H after the deadline or later */
	uint8_t pledge;
	uint32_t hours;
	char text[EVIDENCE_TEXT + 1];
};

/* Signed by at least ${k} of the participants; who did not sign was not. */
struct session {
	uint8_t nonce[EVIDENCE_NONCE];
	uint16_t peers_n; /* 2..EVIDENCE_PEERS, ascending, each once */
	uint8_t peers[EVIDENCE_PEERS][ED25519_PUBLIC];
	uint8_t k; /* 2..peers_n */
	uint32_t at;
	uint32_t minutes;
	uint8_t subject[RECORD_ID];     /* community or course; optional */
	uint8_t agreement[EVIDENCE_ID]; /* optional */
	uint16_t number;                /* of a series; 0: none */
	char title[EVIDENCE_TITLE + 1];
	struct evidence_skills practised;
};

/* Signed by the issuer, accepted by the holder's signature. */
struct credential {
	uint8_t issuer[ED25519_PUBLIC];
	uint8_t holder[ED25519_PUBLIC];
	uint8_t nonce[EVIDENCE_NONCE];
	char title[EVIDENCE_TITLE + 1];
	struct evidence_skills skills; /* at least one, or a grade */
	uint8_t method;                /* enum credential_method */
	uint32_t issued, expires;
	uint16_t grade;             /* 101..499: coach, pathway; 0: none */
	bool coach;                 /* the holder may coach at that grade */
	uint8_t subject[RECORD_ID]; /* pathway, course, assessment; optional */
	uint16_t refs_n;
	uint8_t refs[EVIDENCE_REFS][EVIDENCE_ID]; /* what it rests on */
	uint8_t claims[32]; /* root of a claim tree; optional */
};

enum credential_end_reason {
	CREDENTIAL_END_UNSPECIFIED = 1,
	CREDENTIAL_END_MISTAKE = 2,
	CREDENTIAL_END_REPLACED = 3,
	CREDENTIAL_END_MISUSE = 4,
};

/* The issuer takes a credential back; final. */
struct credential_end {
	uint8_t issuer[ED25519_PUBLIC];
	uint8_t credential[EVIDENCE_ID];
	uint32_t at;
	uint8_t reason;
};

/*
 * The counterparty states that what it signed with one key of a person goes
 * on under another one: after a lost device. Signed by the company and the
 * new key; never published, since it links the two.
 */
struct moved {
	uint8_t company[ED25519_PUBLIC];
	uint8_t from[ED25519_PUBLIC];
	uint8_t to[ED25519_PUBLIC];
	uint32_t at;
	uint16_t refs_n; /* what moves; none: all that the company signed */
	uint8_t refs[EVIDENCE_REFS][EVIDENCE_ID];
};

/* Two keys that say of themselves that they are one party; both sign. */
struct linked {
	uint8_t a[ED25519_PUBLIC], b[ED25519_PUBLIC];
	uint32_t at;
};

/* Any of them. */
struct evidence {
	enum evidence_type type;
	union {
		struct agreement agreement;
		struct progress progress;
		struct outcome outcome;
		struct follow_up follow_up;
		struct one_sided one_sided;
		struct session session;
		struct credential credential;
		struct credential_end credential_end;
		struct moved moved;
		struct linked linked;
	};
};

/** terms_hash(out, text): BLAKE2b-256("ohcn-terms-v1"; text). */
void terms_hash(uint8_t out[32], struct slice text);
