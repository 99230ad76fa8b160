/*
 * outcome.h: what can come of a record, and the verdict that each outcome
 * gives to gossip. Names and verdicts are part of the standard: SPEC.md,
 * "Outcomes". The numbers are ours, for tables and metrics.
 */
#pragma once

#include "proto/base/base.h"

enum record_outcome {
	RECORD_FINE, /* passed the checks so far; not a final outcome */

	/* accept */
	RECORD_STORED,  /* it changed the store */
	RECORD_RELAYED, /* verified, outside our scope, not seen before */

	/* reject: whoever sent it is at fault */
	RECORD_OVERSIZE,
	RECORD_MALFORMED,     /* not the shape of a record */
	RECORD_NOT_CANONICAL, /* not canonical msgpack */
	RECORD_WRONG_NET,
	RECORD_WRONG_CLASS, /* its kind does not belong to the topic */
	RECORD_BAD_TIMES,   /* seq and expires contradict the kind's rules */
	RECORD_BAD_SLOT,    /* slot >= K(kind) */
	RECORD_BAD_STAMP,
	RECORD_BAD_SIGNATURE,
	RECORD_BAD_PAYLOAD, /* violates the schema of a known version */

	/* ignore: nobody is at fault */
	RECORD_UNKNOWN_VERSION,
	RECORD_UNKNOWN_KIND,
	RECORD_UNKNOWN_SIGTYPE,
	RECORD_UNKNOWN_FLAG,
	RECORD_UNKNOWN_STAMP,
	RECORD_FROM_FUTURE,
	RECORD_EXPIRED,
	RECORD_DUPLICATE,
	RECORD_STALE,   /* the slot's winner or floor is above it */
	RECORD_REVOKED, /* its author's key is revoked */
	RECORD_OUT_OF_SCOPE,
	RECORD_RATE_LIMITED,
	RECORD_QUEUE_FULL,
};
#define RECORD_OUTCOMES (RECORD_QUEUE_FULL + 1)

enum record_verdict { VERDICT_ACCEPT, VERDICT_IGNORE, VERDICT_REJECT };

/** record_verdict(o): of a final outcome; RECORD_FINE is a caller's bug. */
enum record_verdict record_verdict(enum record_outcome o);

/** record_outcome_name(o): "bad-stamp"; static, as in SPEC.md. */
const char *record_outcome_name(enum record_outcome o);

/** record_verdict_name(v): "accept", "ignore" or "reject". */
const char *record_verdict_name(enum record_verdict v);
