/*
 * The care of the store and of the whole node: what goes into a backup.
 */
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/care/backup.h"
#include "node/care/keeper.h"
#include "node/care/stat.h"

void
api_backup(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct store_view *view = NULL;
	struct bytes out = { 0 };

	err e = store_view_open(n->store, &view);
	if (e == OK)
		e = backup_collect(n->vault, view, &out);
	store_view_close(view);
	if (e == OK)
		http_reply_bytes(
		    r, 200, "application/octet-stream", slice_of(out.p, out.n));
	else
		http_fail_err(
		    r, e, "the backup cannot be put together: %s", err_name(e));
	free(out.p);
}

/* How much of it is this node's, and waits: not for everybody. */
static void
own_drop(json_t *o)
{
	static const char *const tables[] = { "own", "hidden", "private" };
	json_t *list = json_object_get(o, "tables"), *one;

	(void)json_object_del(o, "own");
	for (size_t i = json_array_size(list); i-- > 0;) {
		one = json_object_get(json_array_get(list, i), "name");
		for (size_t k = 0; k < ARRAY_LEN(tables); k++)
			if (json_string_value(one) != NULL &&
			    strcmp(json_string_value(one), tables[k]) == 0) {
				(void)json_array_remove(list, i);
				break;
			}
	}
}

void
api_store(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct store_view *view = NULL;
	json_t *o = NULL;

	err e = store_view_open(n->store, &view);
	if (e == OK)
		e = care_stat(view, n->map, &o);
	store_view_close(view);
	if (e != OK) {
		http_fail_err(
		    r, e, "the store cannot be read: %s", err_name(e));
		return;
	}
	if (strange(r))
		own_drop(o);
	(void)json_object_set_new(o, "dir", json_string(n->paths->store));
	(void)json_object_set_new(o, "care", care_notes(n->paths));
	http_reply(r, 200, o);
}

static void
reply_task(struct http_request *r, struct node *n, err e)
{
	if (e == ERR_EXISTS)
		http_fail(r, 409, "E3801", NULL, "GET /api/v1/store/task",
		    "another task on the store is running");
	else if (e != OK)
		http_fail_err(
		    r, e, "the task cannot be started: %s", err_name(e));
	else
		http_reply(r, 202, keeper_task(n));
}

void
api_store_check(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r);

	if (body == NULL)
		return;
	const bool signatures =
	    json_is_true(json_object_get(body, "signatures"));
	json_decref(body);
	reply_task(r, n, keeper_check(n, signatures));
}

void
api_store_backup(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r);

	if (body == NULL)
		return;
	const char *dir = json_string_value(json_object_get(body, "dir"));
	if (dir == NULL || dir[0] != '/')
		http_fail(r, 422, "E3802", "dir", "/mnt/stick/store",
		    "\"dir\" is the full path of a folder on this machine");
	else
		reply_task(r, n, keeper_backup(n, dir));
	json_decref(body);
}

void
api_store_task(struct http_request *r, void *ctx)
{
	json_t *task = keeper_task(ctx);

	if (task == NULL)
		http_fail(r, 404, "E3803", NULL, "POST /api/v1/store/check",
		    "no task has been started yet");
	else
		http_reply(r, 200, task);
}
