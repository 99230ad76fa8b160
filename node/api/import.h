/*
 * api/import.h: an import of demands that nobody waits for at the API: what a
 * feed brings.
 */
#pragma once

#include "node/api/parts.h"

/* ${reply}: as POST /demands/import answers, borrowed; NULL: the file as a
 * whole is of no use, and ${why} says why. */
typedef void import_done(void *ctx, const json_t *reply, const char *why);

struct import_run {
	uint32_t persona;
	json_t *input;    /* as the body of POST /demands/import; taken */
	json_t *archived; /* external ids as keys: these alone may be archived;
			     taken */
	bool hold_unsure; /* rows with words of unsure meaning are held back */
	import_done *done;
	void *ctx;
};

/** import_start(n, run): OK: ${done} comes, on the loop. ERR_NOMEM: it does
 * not; what was to be taken is. */
NODISCARD err import_start(struct node *n, const struct import_run *run);
