/*
 * api/door.h: what a willing pair could reach beside a fit
 * (learnability_door()), and whom a warning list names. Both are shown beside
 * a result and change neither its score nor its place. For a worker.
 */
#pragma once

#include "match/learn/learnability.h"
#include "node/api/desk.h"

struct trust_view;

/**
 * door_missing(s, p, step, out): the must-haves that ${s}, a fit, lacks.
 * ${step} (may be NULL) is an offer that teaches one. ${out} has
 * SCORE_LINES_MAX; returns how many; ${terms} (of the same size) are theirs.
 */
size_t door_missing(const struct score *s, const struct posting *p,
    const struct learning_step *step, struct learn_missing *out,
    uint64_t *terms);

/** door_put(d, step, o): "door" (null: no must-have is missing and taught)
 * and "warned" of the pair on the desk. */
void door_put(struct desk *d, const struct learning_step *step, json_t *o);
