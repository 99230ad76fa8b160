/*
 * care/child.h: work on a store in a process of its own, since LMDB may
 * crash, stop for good or call abort() on a damaged file: the end of that
 * process is then a finding, not the end of ours. It tells its news line by
 * line, each a JSON object, through a pipe:
 *
 *   {"stage", "done", "all"} | {"fault"} | {"problem": {...}} | {"result"}
 *
 * Not from a process with threads: the node starts `ohcn store ... --lines`
 * instead, which prints the same lines.
 */
#pragma once

#include <jansson.h>

#include "node/base/problem.h"
#include "store/store.h"

/* ---- in the child ---- */

struct care_child;

void care_say_progress(
    struct care_child *c, const char *stage, uint64_t done, uint64_t all);
void care_say_fault(struct care_child *c, const char *text);
void care_say_problem(struct care_child *c, const struct problem *p);
/** care_say_result(c, result): takes ${result}; the last word. */
void care_say_result(struct care_child *c, json_t *result);

/** What the child does; it says a result or a problem, then returns. */
typedef void care_work(struct care_child *c, void *arg);

/* ---- in the parent ---- */

/* Each may be NULL. */
struct care_news {
	void (*progress)(
	    void *ctx, const char *stage, uint64_t done, uint64_t all);
	void (*fault)(void *ctx, const char *text);
	void *ctx;
};

/**
 * care_run(work, arg, news, result, p):
 * Run it and wait. OK: ${result}. ERR_CLOSED: the child said a problem, it
 * is in ${p}. ERR_CORRUPT: it crashed, or was silent for ten minutes and has
 * been killed; ${p} says which, in which stage. ERR_IO, ERR_NOMEM: it could
 * not be started.
 */
NODISCARD err care_run(care_work *work, void *arg, const struct care_news *news,
    json_t **result, struct problem *p);

/** care_line(line, news, result, p): one line of it; false: none of ours. */
bool care_line(const char *line, const struct care_news *news, json_t **result,
    struct problem *p);
