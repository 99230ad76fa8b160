/*
 * api/advice.h: what the handlers of teams, communities and the market share.
 * Their answers are advice from what this node holds: each says how much that
 * is and how old. For a worker.
 */
#pragma once

#include "match/team.h"
#include "node/api/explain.h"

/** advice_view(t, o): "view": {records, oldest_age_s, newest_age_s}. */
void advice_view(const struct task *t, json_t *o);

/** advice_language(code): 0x6465 -> "de". */
json_t *advice_language(uint32_t code);

/** advice_members(t, s, task, view, people, team): [{record, author, ...}] */
json_t *advice_members(struct task *t, const struct label_scope *s,
    const struct team_task *task, const struct team_view *view,
    const struct team_candidate *people, const struct team *team);

/** advice_needs(s, task, people, team): each need, who has it, who could. */
json_t *advice_needs(const struct label_scope *s, const struct team_task *task,
    const struct team_candidate *people, const struct team *team);

/** advice_fields(s, view, fields): [{"term", "label"}] of backgrounds. */
json_t *advice_fields(
    const struct label_scope *s, const struct team_view *view, uint64_t fields);

/** advice_fail(t, e): task_fail() for an error of match/. */
void advice_fail(struct task *t, err e);
