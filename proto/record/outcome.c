#include "proto/record/outcome.h"

static const struct {
	const char *name;
	enum record_verdict verdict;
} outcomes[RECORD_OUTCOMES] = {
	[RECORD_FINE] = { "fine", VERDICT_IGNORE },
	[RECORD_STORED] = { "stored", VERDICT_ACCEPT },
	[RECORD_RELAYED] = { "relayed", VERDICT_ACCEPT },
	[RECORD_OVERSIZE] = { "oversize", VERDICT_REJECT },
	[RECORD_MALFORMED] = { "malformed", VERDICT_REJECT },
	[RECORD_NOT_CANONICAL] = { "not-canonical", VERDICT_REJECT },
	[RECORD_WRONG_NET] = { "wrong-net", VERDICT_REJECT },
	[RECORD_WRONG_CLASS] = { "wrong-class", VERDICT_REJECT },
	[RECORD_BAD_TIMES] = { "bad-times", VERDICT_REJECT },
	[RECORD_BAD_SLOT] = { "bad-slot", VERDICT_REJECT },
	[RECORD_BAD_STAMP] = { "bad-stamp", VERDICT_REJECT },
	[RECORD_BAD_SIGNATURE] = { "bad-signature", VERDICT_REJECT },
	[RECORD_BAD_PAYLOAD] = { "bad-payload", VERDICT_REJECT },
	[RECORD_UNKNOWN_VERSION] = { "unknown-version", VERDICT_IGNORE },
	[RECORD_UNKNOWN_KIND] = { "unknown-kind", VERDICT_IGNORE },
	[RECORD_UNKNOWN_SIGTYPE] = { "unknown-sigtype", VERDICT_IGNORE },
	[RECORD_UNKNOWN_FLAG] = { "unknown-flag", VERDICT_IGNORE },
	[RECORD_UNKNOWN_STAMP] = { "unknown-stamp", VERDICT_IGNORE },
	[RECORD_FROM_FUTURE] = { "from-future", VERDICT_IGNORE },
	[RECORD_EXPIRED] = { "expired", VERDICT_IGNORE },
	[RECORD_DUPLICATE] = { "duplicate", VERDICT_IGNORE },
	[RECORD_STALE] = { "stale", VERDICT_IGNORE },
	[RECORD_REVOKED] = { "revoked", VERDICT_IGNORE },
	[RECORD_OUT_OF_SCOPE] = { "out-of-scope", VERDICT_IGNORE },
	[RECORD_RATE_LIMITED] = { "rate-limited", VERDICT_IGNORE },
	[RECORD_QUEUE_FULL] = { "queue-full", VERDICT_IGNORE },
};

enum record_verdict
record_verdict(enum record_outcome o)
{
	ASSERT(o > RECORD_FINE && o < RECORD_OUTCOMES);
	return outcomes[o].verdict;
}

const char *
record_outcome_name(enum record_outcome o)
{
	ASSERT(o < RECORD_OUTCOMES);
	return outcomes[o].name;
}

const char *
record_verdict_name(enum record_verdict v)
{
	static const char *const names[] = { "accept", "ignore", "reject" };

	return names[v];
}
