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
	/* DUPLICATE of a hidden record (store_is_hidden()), which nobody has
	 * sent us before: all others take it for news, so must its author. */
	bool came_back;
	bool over_quota; /* QUEUE_FULL: the store has to make room first */
	/* QUEUE_FULL since the store could not be written: why; else NULL. */
	const char *broken;
};

typedef void judge_done(void *ctx, const struct judge_result *r);

/* A record between its arrival and its outcome. */
struct judging {
	struct record record;
	bool own;      /* in: from the owner, not from a peer */
	bool verified; /* the signature is known to be good */
	bool parsed;   /* out: a record of this net and time */
	bool returned; /* by the store: see judge_result.came_back */
	enum record_outcome outcome;
	uint64_t rid; /* DUPLICATE: of the record that is held */
};

/**
 * judge_before(view, bytes, rules, scratch, j):
 * The checks before the signature, cheapest first. ${j}->record borrows
 * ${bytes}. True: go on with record_verify(), unless ${j}->verified, and then
 * with store_apply(). False: ${j}->outcome is final; ${j}->parsed tells
 * whether it was the store that had something against it.
 */
NODISCARD bool judge_before(struct store_view *view, struct slice bytes,
    const struct record_rules *rules, struct arena *scratch, struct judging *j);

/**
 * judge_copy(first, copy):
 * ${copy} has the same bytes as ${first}, whose outcome is known, and came
 * while that was under way. True: ${copy}'s outcome is set. False: its
 * signature is good (${copy}->verified), but the store must hear of it, since
 * one of the two is ours.
 */
NODISCARD bool judge_copy(const struct judging *first, struct judging *copy);

/**
 * judge_verdict(r): what gossip is told. What depends on our clock or on how
 * busy we are says nothing of the message: it is forgotten, so that it may
 * come again.
 */
enum gossip_verdict judge_verdict(const struct judge_result *r);
