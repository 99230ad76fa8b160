/*
 * gaps.h: how much a learned term is sought beyond what is on offer in the
 * learner's region, as this node's own statistics show it (node/signals.h):
 * for the part "response" of Learnability. Where a group is too small to be
 * shown nothing is told, and the part takes its middling value.
 */
#pragma once

#include "node/trust/evidence.h"
#include "store/store.h"

struct signals;
struct terms;

/* Where a learner is that has no card: the owner's personas. */
struct gap_own {
	const struct learn_availability *personas; /* their keys */
	size_t n;
	const char *region;
};

/**
 * gaps_fill(e, own, view, signals, terms, now_s, told, n):
 * Set gap and gap_month of the learned terms of all events. The region of a
 * learner is that of its card; of the owner's personas without one the
 * node's. ${signals} NULL, or busy with its first count: nothing is told.
 * ${told} of ${n} learned terms got one. ERR_NOMEM.
 */
NODISCARD err gaps_fill(struct evidence_set *e, const struct gap_own *own,
    struct store_view *view, struct signals *signals, const struct terms *terms,
    uint64_t now_s, size_t *told, size_t *n);

/**
 * gap_share(rows, n, row):
 * Of the terms of a region whose gap is shown, how many have a smaller one
 * than ${row}: 0..1000; -1: it has none itself. Pure.
 */
struct signal_row;
int gap_share(
    const struct signal_row *rows, size_t n, const struct signal_row *row);
