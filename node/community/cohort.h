/*
 * community/cohort.h: the end of a cohort: who was there, and a certificate
 * for those who were there often enough. What counts are sessions that are
 * complete and that the participant signed; a word of the provider alone is no
 * presence. The certificate is a credential (evidence/credentials.h) with the
 * record as its subject, the grade of the record (101 to 401), the skills it
 * teaches, and up to EVIDENCE_REFS of those sessions as what it rests on.
 */
#pragma once

#include "node/community/role.h"
#include "node/evidence/credentials.h"

struct cohort_member {
	uint8_t key[ED25519_PUBLIC];
	char talk[HELD_TALK];
	uint32_t attended; /* sessions that count and that they signed */
	bool certified;    /* a certificate of this cohort is there already */
	uint16_t refs_n;
	uint8_t refs[EVIDENCE_REFS][EVIDENCE_ID]; /* the last ones */
};

struct cohort_roll {
	uint32_t held; /* sessions that count */
	struct cohort_member *list;
	size_t n;
};

/** cohort_roll(n, persona, value): of who has, or had, a place that both
 * signed; free() its list. An empty one also without memory. */
struct cohort_roll cohort_roll(
    struct node *n, uint32_t persona, const json_t *value);

/* How it is to end. */
struct cohort_end {
	uint32_t needed; /* sessions that one has to have attended */
	uint32_t days;   /* for how long the certificate is good */
	uint16_t grade;  /* 0: none */
	uint8_t method;  /* enum credential_method */
	bool dry;
};

enum cohort_given {
	COHORT_ISSUED,
	COHORT_TOO_FEW, /* sessions attended */
	COHORT_HAS_ONE,
	COHORT_NOT_GIVEN, /* as the other fields say */
};

/**
 * cohort_certify(n, persona, r, m, end, ids, outcome, why):
 * Issue one to a participant, in their conversation if it is still there. ${r}
 * is the cohort's record. ${ids} as of credentials_issue(), or NULL; the
 * caller's.
 */
enum cohort_given cohort_certify(struct node *n, uint32_t persona,
    const struct community_record *r, const struct cohort_member *m,
    const struct cohort_end *end, json_t **ids, enum mail_outcome *outcome,
    char why[CREDENTIALS_WHY]);
