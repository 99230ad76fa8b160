/*
 * pages.h: the file of an LMDB environment page by page, without LMDB: it
 * has no checksums, and walks into a damaged tree until it crashes. Looked
 * at are both heads, every page of every tree (its number, kind, bounds,
 * entries, order of keys, place between the keys above), long values, the
 * list of free pages, and that no page is used twice. What the values hold
 * is for store_check().
 *
 * The layout is that of LMDB 0.9 on a machine with 64 bits. Nothing is
 * changed, nothing is believed: any bytes will do as a file.
 */
#pragma once

#include "store/store.h"

struct pages_report {
	uint64_t pages;  /* of the file, as its head says */
	uint64_t used;   /* heads and trees */
	uint64_t unused; /* on the list of free pages */
	uint64_t lost;   /* neither: wasted, harmless */
	uint64_t entries;
	uint64_t faults; /* 0: all is well */
};

/** Called now and then; false stops the work. */
typedef bool pages_progress_fn(void *ctx, uint64_t done, uint64_t all);

/**
 * pages_check(file, fn, progress, ctx, report):
 * ${file}: all of data.mdb. If somebody may write it meanwhile, the caller
 * holds a read transaction that began before ${file} was mapped, so that the
 * pages of the newest head stay as they are. ${fn} is told the first
 * STORE_FAULTS_TOLD faults; it and ${progress} may be NULL.
 * OK (also with faults); ERR_CLOSED (stopped); ERR_NOMEM (a bit per page).
 */
NODISCARD err pages_check(struct slice file, store_fault_fn *fn,
    pages_progress_fn *progress, void *ctx, struct pages_report *report);

/* Bytes that were the value of a key; false stops the work. */
typedef bool pages_value_fn(void *ctx, struct slice key, struct slice value);

/**
 * pages_salvage(file, key_n, min, fn, ctx, found):
 * Every value of at least ${min} bytes whose key has ${key_n}, on whatever
 * leaf it stands, trees or not: what a tree that is broken no longer leads
 * to, and also what was replaced or deleted and not yet written over, so
 * that the caller must judge what it is. ${found} counts them.
 */
void pages_salvage(struct slice file, size_t key_n, size_t min,
    pages_value_fn *fn, void *ctx, uint64_t *found);
