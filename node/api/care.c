/*
 * The care of the store and of the whole node: what goes into a backup.
 */
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/backup.h"

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
