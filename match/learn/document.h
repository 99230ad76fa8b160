/*
 * learn/document.h: from signed documents and attestation records to the
 * plain input of trust.h and learnability.h. It judges what a document says
 * beside others (proto/evidence/rules.h); all documents come from
 * document_open(), found fine. SPEC.md, "From documents".
 *
 * What no document says is not made up: gaps come from statistics, by the
 * caller.
 */
#pragma once

#include "match/learn/learnability.h"
#include "match/vocabulary/vocabulary.h"
#include "proto/evidence/rules.h"
#include "proto/record/value.h"

/* The documents of one agreement; all but it may be NULL. */
struct learn_documents {
	const struct document *agreement;
	const struct document *outcome; /* the one that wins */
	const struct document *passed;  /* progress: it was passed */
	const struct document *follow_up;
	const struct document *one_sided;
};

/**
 * learn_from_agreement(d, v, now_h, e, terms):
 * The outcome of an agreement as evidence, or, without one, the broken or
 * partly kept pledge that the person states. What does not belong to the
 * agreement is as if it were not there. False: it is no evidence (yet).
 * ${v} gives the terms above those that were learned, terms that it lacks are
 * left out. ${e}->terms borrows ${terms}.
 */
bool learn_from_agreement(const struct learn_documents *d,
    const struct vocabulary *v, uint32_t now_h, struct learn_event *e,
    struct learn_term terms[LEARN_TERMS]);

/**
 * learn_from_session(d, learner, partner, v, e, terms):
 * What one participant learned with another; false: it is not complete, or one
 * of them did not sign. A viewer takes all ordered pairs: then each counts
 * half, as it is mutual.
 */
bool learn_from_session(const struct document *d,
    const uint8_t learner[TRUST_KEY], const uint8_t partner[TRUST_KEY],
    const struct vocabulary *v, struct learn_event *e,
    struct learn_term terms[LEARN_TERMS]);

/**
 * learn_from_credential(d, end, v, now_h, e, terms):
 * ${end}: its end, or NULL. False: it does not count now.
 */
bool learn_from_credential(const struct document *d, const struct document *end,
    const struct vocabulary *v, uint32_t now_h, struct learn_event *e,
    struct learn_term terms[LEARN_TERMS]);

/** trust_from_credential(d, end, now_h, a): its issuer vouches for its holder
 * itself; false: it does not count now. */
bool trust_from_credential(const struct document *d, const struct document *end,
    uint32_t now_h, struct trust_attestation *a);

/** trust_from_linked(d, l): false: not both have signed. */
bool trust_from_linked(const struct document *d, struct trust_link *l);

/**
 * trust_from_record(author, payload, now_h, a):
 * Of the payload of an attestation record, pv 1, that holds and whose schema
 * was checked. False: it is over, or not the shape.
 */
bool trust_from_record(const uint8_t author[TRUST_KEY],
    const struct value *payload, uint32_t now_h, struct trust_attestation *a);

/** learn_month(hour): months from January 1970 to a unix hour, in UTC. */
uint32_t learn_month(uint32_t hour);
