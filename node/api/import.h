/*
 * api/import.h: an import of demands that nobody waits for at the API: what a
 * feed brings (company/feed.h).
 */
#pragma once

#include "node/api/parts.h"
#include "node/company/feed.h"

/** import_start(n, run): OK: ${done} comes, on the loop. ERR_NOMEM: it does
 * not; what was to be taken is. */
NODISCARD err import_start(struct node *n, const struct import_run *run);
