#include "node/api/task.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void
on_work(uv_work_t *work)
{
	struct task *t = CONTAINER_OF(work, struct task, work);

	t->run(t);
}

static void
on_done(uv_work_t *work, int status)
{
	struct task *t = CONTAINER_OF(work, struct task, work);

	(void)status;
	if (t->code != NULL) {
		http_fail(t->request, t->status, t->code, NULL,
		    t->hint[0] == 0 ? NULL : t->hint, "%s", t->detail);
		json_decref(t->result);
	} else if (t->done != NULL) {
		t->done(t);
		json_decref(t->result);
	} else {
		http_reply(t->request, t->status, t->result);
	}
	for (unsigned i = 0; i < t->older_n; i++)
		store_view_close(t->older[i]);
	store_view_close(t->view);
	terms_give(t->node, t->terms);
	json_decref(t->input);
	free(t->more);
	free(t);
}

static void
start(struct node *n, struct http_request *r, task_run *run, task_done *done,
    json_t *input, void *more)
{
	uint32_t persona;
	struct task *t;

	if (!persona_asked(n, r, &persona)) {
		free(more);
		json_decref(input);
		return;
	}
	t = calloc(1, sizeof(*t));
	if (t == NULL || store_view_open(n->store, &t->view) != OK) {
		free(t);
		free(more);
		json_decref(input);
		http_fail(r, 503, "E1901", NULL, "try again in a moment",
		    "the node is too busy");
		return;
	}
	t->node = n;
	t->request = r;
	t->run = run;
	t->done = done;
	t->input = input;
	t->more = more;
	t->now_s = node_now(n);
	t->status = 200;
	t->matcher = n->matcher;
	t->trust = n->trust;
	t->terms = terms_take(n);
	t->meaning = (struct meaning){ t->terms->vocabulary,
		vocabulary_rarity(t->terms->vocabulary) };
	memcpy(t->author, persona_get(n, persona)->pub, sizeof(t->author));
	for (; t->own_n < persona_count(n); t->own_n++)
		memcpy(t->own[t->own_n], persona_get(n, t->own_n)->pub,
		    sizeof(t->author));
	const int rc = uv_queue_work(&n->loop, &t->work, on_work, on_done);
	ASSERT(rc == 0);
}

void
task_start(struct node *n, struct http_request *r, task_run *run, json_t *input)
{
	start(n, r, run, NULL, input, NULL);
}

void
task_start_with(struct node *n, struct http_request *r, task_run *run,
    json_t *input, void *more)
{
	start(n, r, run, NULL, input, more);
}

void
task_start_then(struct node *n, struct http_request *r, task_run *run,
    task_done *done, json_t *input)
{
	start(n, r, run, done, input, NULL);
}

bool
task_owns(const struct task *t, const uint8_t author[ED25519_PUBLIC])
{
	for (uint32_t i = 0; i < t->own_n; i++)
		if (memcmp(t->own[i], author, ED25519_PUBLIC) == 0)
			return true;
	return false;
}

void
task_renew_view(struct task *t, struct store_view *view)
{
	if (t->older_n == TASK_VIEWS_MAX) {
		store_view_close(view);
		return;
	}
	t->older[t->older_n++] = t->view;
	t->view = view;
}

void
task_fail(struct task *t, unsigned status, const char *code, const char *hint,
    const char *fmt, ...)
{
	va_list ap;

	t->status = status;
	t->code = code;
	(void)snprintf(
	    t->hint, sizeof(t->hint), "%s", hint == NULL ? "" : hint);
	va_start(ap, fmt);
	(void)vsnprintf(t->detail, sizeof(t->detail), fmt, ap);
	va_end(ap);
}
