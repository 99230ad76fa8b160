/*
 * salvage.h: records from the raw file of a damaged store, into a sound one:
 * the last resort of a repair, after store_repair() has taken what the trees
 * lead to.
 */
#pragma once

#include "store/pages.h"

struct store_salvaged {
	uint64_t found;  /* values that look like a row of a record */
	uint64_t wanted; /* of those: sound, signed, and not there yet */
	uint64_t stored; /* of those: newest of their slots, and alive */
};

/**
 * store_salvage(s, file, now_s, progress, ctx, out):
 * Every record on any leaf of ${file} (pages.h) whose id and signature hold
 * is put into ${s} like one that comes from a peer; the owner's stay the
 * owner's. What was replaced, deleted or expired before loses again by the
 * same rules; what was evicted for want of room may come back. About 60
 * microseconds for each that ${s} does not have yet.
 * OK; ERR_CLOSED (${progress} said stop); errors as store_apply().
 */
NODISCARD err store_salvage(struct store *s, struct slice file, uint64_t now_s,
    pages_progress_fn *progress, void *ctx, struct store_salvaged *out);
