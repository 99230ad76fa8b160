/*
 * community/session.h: sessions of communities and cohorts: documents that k
 * of n participants sign (evidence/documents.h). Here is what a node of its
 * own accord says of one: whose it is, whether it may be signed, whether it
 * counts, and what a group has learned, as figures without names.
 *
 * A participant's key is told to the other participants: who does not want
 * that takes part under a persona made for it.
 */
#pragma once

#include "node/community/role.h"

/* What is wrong with a session that is sound as a document. */
enum session_fault {
	SESSION_FINE,
	SESSION_NOT_MINE,  /* the persona is no participant */
	SESSION_UNKNOWN,   /* of a community or course that we are not in */
	SESSION_NOT_OF_US, /* nobody who leads it, or is known to be in it,
				has signed: a stranger's word */
	SESSION_STRANGERS, /* it names participants without a role in it */
	SESSION_AFTER_END, /* held after the end of the community */
	SESSION_OUTSIDE,   /* held when the persona had no role in it */
};

/** session_fault_text(f): in words; "" for SESSION_FINE. */
const char *session_fault_text(enum session_fault f);
/** session_fault_name(f): "not-of-us". */
const char *session_fault_name(enum session_fault f);

/**
 * session_judge(n, persona, d, name):
 * Of a document of type session. ${name}: the community it is of, "" if it is
 * of none; one without a subject is SESSION_FINE: between peers.
 */
enum session_fault session_judge(struct node *n, uint32_t persona,
    const struct document *d, char name[COMMUNITY_NAME_MAX + 1]);

#define LEARNED_TERMS 64

/* What a group has done, of what this node holds. */
struct session_learned {
	uint32_t sessions, minutes; /* complete ones */
	uint32_t attended;          /* signatures, all sessions together */
	uint32_t open;              /* not complete yet */
	uint32_t outcomes, hours;   /* of roles */
	uint32_t last_h;            /* hour of the last session */
	size_t terms_n;
	struct {
		uint64_t term;
		uint32_t sessions, outcomes; /* in which it was practised */
		uint8_t level;               /* the highest */
	} terms[LEARNED_TERMS];
};

/** session_learn(n, persona, value, out): of a community. */
void session_learn(struct node *n, uint32_t persona, const json_t *value,
    struct session_learned *out);
