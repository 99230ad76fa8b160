/*
 * care/change.h: what puts another file in the place of a store: migration,
 * compaction, repair, restoring a backup. The new file is made and checked
 * beside it, then takes its name in one step; the old one is kept in a
 * folder "store.WHY-20260102T030405Z" beside:
 *
 *   before-vN      before a migration to version N; removed after
 *                  store.keep_days days
 *   before-restore the store that a backup took the place of
 *   broken         before a repair
 *
 * All but the migration are for a store that no node has open, and take the
 * lock that a node would.
 */
#pragma once

#include "node/care/check.h"

/**
 * care_migrate(cs, paths, env, p):
 * At the start of a node: a store of an older version gets a snapshot, then
 * is brought to this one; told in the log. Nothing to do is OK. ERR_IO (no
 * room: nothing was changed), and what store_migrate() may give: the next
 * start goes on where it was.
 */
NODISCARD err care_migrate(struct care_store *cs, const struct paths *paths,
    const struct env *env, struct problem *p);

/**
 * care_lock(dir, fd, p): keep every node out of a store until close(fd).
 * ERR_EXISTS: one has it open; ERR_NOTFOUND: there is no such folder; ERR_IO.
 */
NODISCARD err care_lock(const char *dir, int *fd, struct problem *p);

/*
 * Each gives a ${result} to show, and ERR_CLOSED with ${p} when it could not
 * be done; the store is then as it was. ${news}: as in care/child.h.
 */

/**
 * care_backup(ask, to, news, result, p):
 * Copy the store as it is at this moment, compact, into the folder ${to}
 * (made if need be), then check the copy. Beside a running node.
 * {"dir", "bytes", "records", "faults", "texts"}
 */
NODISCARD err care_backup(const struct care_ask *ask, const char *to,
    const struct care_news *news, json_t **result, struct problem *p);

/** care_compact(ask, news, result, p): {"before", "after"} in bytes. */
NODISCARD err care_compact(const struct care_ask *ask,
    const struct care_news *news, json_t **result, struct problem *p);

/**
 * care_repair(ask, news, result, p):
 * {"records", "own", "floors", "private", "lost", "salvaged", "aside",
 * "texts"}: what is sound in the store, and what lies on pages that its
 * trees no longer lead to, in a store with new indexes. "lost" is null when
 * the trees could not be walked at all; floors and private values, which do
 * not prove themselves, are then gone too.
 */
NODISCARD err care_repair(const struct care_ask *ask,
    const struct care_news *news, json_t **result, struct problem *p);

/**
 * care_restore(ask, from, force, news, result, p):
 * Put the backup in ${from} in the place of the store; ${from} stays. A
 * store that is there is refused without ${force}, and kept aside.
 * {"records", "aside"}
 */
NODISCARD err care_restore(const struct care_ask *ask, const char *from,
    bool force, const struct care_news *news, json_t **result,
    struct problem *p);

/** care_fresh(dir, what, out, p): a new, empty folder "DIR.WHAT". ERR_CLOSED. */
NODISCARD err care_fresh(const char *dir, const char *what,
    char out[PATH_TEXT_MAX], struct problem *p);

/**
 * care_swap(dir, fresh, what, aside, p):
 * The file in ${fresh} takes the name of the one in ${dir}, in one step; the
 * old one gets a second name before, in the folder ${aside}. ${what} NULL: it
 * is not kept. ${fresh} goes. ERR_CLOSED: nothing has changed.
 */
NODISCARD err care_swap(const char *dir, const char *fresh, const char *what,
    char aside[PATH_TEXT_MAX], struct problem *p);

/* What is kept aside. ${what}: "before-v2", "broken", ... */
typedef bool care_aside_fn(void *ctx, const char *dir, const char *what,
    uint64_t made_s, uint64_t bytes);

/** care_each_aside(store, fn, ctx): ERR_IO. */
NODISCARD err care_each_aside(const char *store, care_aside_fn *fn, void *ctx);

/** care_remove(dir): a folder of a store, its files and itself. ERR_IO. */
NODISCARD err care_remove(const char *dir);
/** care_drop(dir): the same of what failed; what stays is said. */
void care_drop(const char *dir);

/**
 * care_tidy(paths, keep_s, now_s, env): remove snapshots of migrations that
 * are older than ${keep_s}; told in the log.
 */
void care_tidy(const struct paths *paths, uint64_t keep_s, uint64_t now_s,
    const struct env *env);

/*
 * After a store was changed behind the node's back (repaired, restored,
 * carried back in time), cursors into what peers have are wrong, and those
 * of peers into ours: a value of this name in the store says so to the next
 * start, which drops them and asks for everything again.
 */
#define CARE_CHANGED "care/changed"
