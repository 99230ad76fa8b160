#include "node/fetch_node.h"

#include <stdlib.h>

struct search_work {
	uv_work_t work;
	struct fetch_search *q;
};

static void
submit(void *ctx, struct slice bytes, judge_done *done, void *done_ctx)
{
	const struct node *n = ctx;

	pipeline_submit(n->pipeline, bytes, 0, false, done, done_ctx);
}

static void
on_search(uv_work_t *work)
{
	fetch_search_run(CONTAINER_OF(work, struct search_work, work)->q);
}

static void
on_searched(uv_work_t *work, int status)
{
	struct search_work *w = CONTAINER_OF(work, struct search_work, work);

	(void)status; /* nothing cancels it */
	fetch_search_done(w->q);
	free(w);
}

static err
search(void *ctx, struct fetch_search *q)
{
	struct node *n = ctx;
	struct search_work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NOMEM;
	w->q = q;
	const int rc =
	    uv_queue_work(&n->loop, &w->work, on_search, on_searched);
	ASSERT(rc == 0);
	return OK;
}

static void
wake(void *ctx)
{
	transport_wake(((struct node *)ctx)->transport);
}

struct fetch *
fetch_node(struct node *n, uint64_t behind_h)
{
	const struct fetch_config cf = {
		.host = n->host,
		.env = &n->env,
		.store = n->store,
		.net = slice_str(n->config->node.network),
		.submit = submit,
		.search = search,
		.wake = wake,
		.ctx = n,
	};
	return fetch_new(&cf, behind_h);
}
