/*
 * judge.h: what the pipeline decides, without its threads: the checks of a
 * record before its signature, and the verdict that gossip gets for an
 * outcome. The node's pipeline and the simulator share it.
 */
#pragma once

#include "proto/libp2p/gossipsub.h"
#include "store/store.h"

/* What became of a submitted record; valid during the call. */
struct judge_result {
	enum record_outcome outcome;
	const struct record *record; /* NULL: it was not even readable */
	uint64_t rid;                /* STORED, DUPLICATE */
	bool over_quota; /* QUEUE_FULL, and not only for the moment */
	/* QUEUE_FULL since the store could not be written: why; else NULL. */
	const char *broken;
};

typedef void judge_done(void *ctx, const struct judge_result *r);

/* A record between its arrival and its outcome. */
struct judging {
	struct record record;
	bool own;      /* in: from the owner, not from a peer */
	bool verified; /* out: the signature is not needed, bytes are ours */
	enum record_outcome outcome;
	uint64_t rid; /* DUPLICATE: of the record that is held */
};

/**
 * judge_before(store, bytes, rules, scratch, j):
 * The checks before the signature, cheapest first. ${j}->record borrows
 * ${bytes}. True: go on with record_verify(), unless ${j}->verified, and then
 * with store_apply(). False: ${j}->outcome is final.
 */
NODISCARD bool judge_before(struct store *store, struct slice bytes,
    const struct record_rules *rules, struct arena *scratch, struct judging *j);

/**
 * judge_verdict(r): what gossip is told. What depends on our clock or on how
 * busy we are says nothing of the message: it is forgotten, so that it may
 * come again.
 */
enum gossip_verdict judge_verdict(const struct judge_result *r);
