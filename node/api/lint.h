/*
 * api/lint.h: is a card one of many? What match/klint.h says of a draft, among
 * the cards that this node holds, in words and as JSON, before it is published;
 * and the draft as proposed. For a worker.
 */
#pragma once

#include "node/api/task.h"

/**
 * lint_run(t):
 * ${t}->input: {draft, region, coarsen, language_code}. The result: {lint, draft},
 * "draft" being what is to be published: with coarsen the proposal, if there
 * is one, and ${lint} is then about that. Or task_fail().
 */
void lint_run(struct task *t);

/** lint_refuses(lint): is it not to be published unless forced? */
bool lint_refuses(const json_t *lint);
