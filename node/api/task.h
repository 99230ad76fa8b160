/*
 * task.h: an API request whose answer takes longer than the loop may wait:
 * it runs on a worker thread, with a view of the store and the vocabulary of
 * the moment, and replies from the loop.
 */
#pragma once

#include "node/keys/persona.h"

struct task;
struct matcher;

#define TASK_VIEWS_MAX 8

/*
 * On a worker thread. Reads ${t}->input, the store through ${t}->view, the
 * terms; sets ${t}->result, or calls task_fail().
 */
typedef void task_run(struct task *t);

/* On the loop, when there was no error: replies. ${t} goes after it. */
typedef void task_done(struct task *t);

struct task {
	uv_work_t work;
	struct node *node; /* for the loop's thread alone */
	struct http_request *request;
	task_run *run;
	task_done *done; /* NULL: ${result} is the reply */
	json_t *input;   /* owned; may be NULL */
	void *more;      /* owned: free()d at the end; may be NULL */
	uint64_t now_s;
	uint8_t author[ED25519_PUBLIC]; /* of the persona that was asked */
	uint8_t own[PERSONAS_MAX][ED25519_PUBLIC]; /* of all personas */
	uint32_t own_n;
	struct terms *terms;
	struct store_view *view;
	struct store_view *older[TASK_VIEWS_MAX]; /* see task_renew_view() */
	unsigned older_n;
	struct matcher *matcher;
	struct trust_keeper *trust; /* for trust_latest() */
	struct meaning meaning;     /* of ${terms} */

	json_t *result;
	unsigned status;  /* 200, or the error's */
	const char *code; /* NULL: no error */
	char detail[256];
	char hint[128];
};

/** task_start(n, r, run, input): takes ${input}; always replies. */
void task_start(
    struct node *n, struct http_request *r, task_run *run, json_t *input);

/** task_start_with(n, r, run, input, more): takes ${more} as well. */
void task_start_with(struct node *n, struct http_request *r, task_run *run,
    json_t *input, void *more);

/** task_start_then(n, r, run, done, input): ${done} replies. */
void task_start_then(struct node *n, struct http_request *r, task_run *run,
    task_done *done, json_t *input);

/**
 * task_renew_view(t, view): from now on ${t}->view is ${view}, which is
 * taken; what borrows the one before stays readable until the task ends.
 * Where that was done TASK_VIEWS_MAX times, ${view} is closed instead.
 */
void task_renew_view(struct task *t, struct store_view *view);

/** task_owns(t, author): is it one of our personas? Any thread. */
bool task_owns(const struct task *t, const uint8_t author[ED25519_PUBLIC]);

/** task_fail(t, status, code, hint, fmt, ...): instead of a result. */
void task_fail(struct task *t, unsigned status, const char *code,
    const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
