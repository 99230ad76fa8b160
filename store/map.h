/*
 * map.h: ordered maps in transactions: what the record log needs from a
 * database, with two backends: LMDB on disk (map_lmdb.c) and memory
 * (map_memory.c, for tests and the simulator). One set of tests runs on both.
 *
 * A map has MAP_TABLES tables. A table holds pairs of a key (1..64 bytes,
 * ordered as memcmp(), a proper prefix first) and a value (0..20 KiB).
 * One write transaction at a time; any number of read transactions, also on
 * other threads than the writer. A reader sees the state at its begin.
 *
 * Slices that a map hands out live until the transaction ends; in a write
 * transaction only until its next put or del.
 */
#pragma once

#include "proto/base/base.h"

#define MAP_TABLES    12
#define MAP_KEY_MAX   64
#define MAP_VALUE_MAX 20480
#define MAP_WHY       192 /* bytes of an explanation, zero included */

enum map_put {
	MAP_PUT,    /* insert or replace */
	MAP_APPEND, /* the same; a hint that the key is above all others */
};

struct map_stats {
	uint64_t used_bytes; /* pages or memory in use */
	uint64_t file_bytes; /* on disk; 0 in memory */
	uint64_t max_bytes;  /* map size, or the cap of memory */
};

struct map_table_stats {
	uint64_t rows;
	uint64_t bytes; /* of pages or memory that the table takes */
};

struct map;
struct map_txn;
struct map_cursor;

/*
 * The operations of a backend; a test may wrap another map's. What each must
 * do is said at the functions below, which call them and check arguments.
 */
struct map_ops {
	err (*begin)(struct map *m, bool write, struct map_txn **txn);
	err (*commit)(struct map_txn *t);
	void (*abort)(struct map_txn *t);
	err (*get)(struct map_txn *t, unsigned table, struct slice key,
	    struct slice *v);
	err (*put)(struct map_txn *t, unsigned table, struct slice key,
	    struct slice value, enum map_put how);
	err (*del)(struct map_txn *t, unsigned table, struct slice key);
	err (*cursor_open)(
	    struct map_txn *t, unsigned table, struct map_cursor **c);
	err (*cursor_seek)(struct map_cursor *c, struct slice from,
	    struct slice *key, struct slice *value);
	err (*cursor_next)(
	    struct map_cursor *c, struct slice *key, struct slice *value);
	err (*cursor_prev)(
	    struct map_cursor *c, struct slice *key, struct slice *value);
	void (*cursor_close)(struct map_cursor *c);
	err (*table_stats)(
	    struct map_txn *t, unsigned table, struct map_table_stats *out);
	err (*stats)(struct map *m, struct map_stats *out);
	err (*sync)(struct map *m);
	err (*copy)(struct map *m, const char *path);
	const char *(*why)(const struct map *m);
	void (*close)(struct map *m);
};

/* First member of each backend's own struct, and of its transactions. */
struct map {
	const struct map_ops *ops;
};
struct map_txn {
	struct map *map;
	bool write;
	err failed;       /* of a put or del: nothing of it can be kept */
	uint64_t changes; /* puts and dels so far, so that cursors look anew */
};
struct map_cursor {
	struct map_txn *txn;
};

struct map_lmdb_options {
	/* Address space, the hard limit of the file; rounded up to pages. */
	uint64_t map_bytes;
	unsigned readers_max; /* read transactions at once; 0: 126 */
	bool create;          /* make directory and file when absent */
	/* To look at it beside its owner, who may write meanwhile: no lock is
	 * taken and nothing written; a write transaction gets ERR_IO. */
	bool read_only;
};

/**
 * map_lmdb_open(path, options, map, why):
 * Open the LMDB environment in directory ${path}; its parent must exist. One
 * opener at a time, guarded by a lock on <path>/owner.lock. Each commit is on
 * the disk when it returns. On an error ${why} says in words what and what to
 * do.
 * OK; ERR_EXISTS (open elsewhere, also in this process); ERR_NOTFOUND (absent
 * and not ${create}); ERR_CORRUPT (foreign, damaged or truncated file);
 * ERR_IO; ERR_NOMEM (address space).
 */
NODISCARD err map_lmdb_open(const char *path,
    const struct map_lmdb_options *options, struct map **map,
    char why[MAP_WHY]);

/**
 * map_lmdb_readers(m, live, cleared):
 * Read transactions that are open, in all processes; those of processes that
 * have ended are cleared away, since they keep pages from being reused. To be
 * called each minute. OK; ERR_IO; ERR_CONFIG (not of LMDB).
 */
NODISCARD err map_lmdb_readers(
    struct map *m, unsigned *live, unsigned *cleared);

/**
 * map_memory_open(max_bytes, map):
 * An empty map that takes at most about ${max_bytes} of memory, overhead
 * and pages that readers still hold included. OK; ERR_NOMEM.
 */
NODISCARD err map_memory_open(uint64_t max_bytes, struct map **map);

/** map_close(m): all transactions must have ended; NULL is fine. */
void map_close(struct map *m);

/**
 * map_begin(m, write, txn):
 * A write transaction must begin, work and end on one thread; there is one
 * at a time (a second one waits on LMDB, is a caller's bug in memory). A read
 * transaction may move between threads, used by one at a time.
 * OK; ERR_LIMIT (too many readers); ERR_IO; ERR_NOMEM.
 */
NODISCARD err map_begin(struct map *m, bool write, struct map_txn **txn);

/**
 * map_commit(t):
 * End a transaction and keep what it wrote: all of it or, on an error,
 * nothing. Cursors of it must be closed before. After any error of a put or
 * del the transaction is broken: commit then gives that error again and
 * keeps nothing.
 * OK; ERR_LIMIT (the map or its budget is full); ERR_IO (disk full or
 * broken: map_why()); the map stays usable.
 */
NODISCARD err map_commit(struct map_txn *t);

/** map_abort(t): end it, forget what it wrote; NULL is fine. */
void map_abort(struct map_txn *t);

/** map_get(t, table, key, value): OK; ERR_NOTFOUND; ERR_IO; ERR_CORRUPT. */
NODISCARD err map_get(
    struct map_txn *t, unsigned table, struct slice key, struct slice *value);

/**
 * map_put(t, table, key, value, how):
 * ${value} may not lie in this map. OK; ERR_LIMIT (full); ERR_IO; ERR_CORRUPT.
 */
NODISCARD err map_put(struct map_txn *t, unsigned table, struct slice key,
    struct slice value, enum map_put how);

/** map_del(t, table, key): OK; ERR_NOTFOUND (harmless); as map_put(). */
NODISCARD err map_del(struct map_txn *t, unsigned table, struct slice key);

/*
 * A cursor stands on a key, or at first before all of them. It stays right
 * when its transaction writes: next and prev go on from the key that it
 * stood on, present or not. ERR_NOTFOUND: the end was reached; the cursor
 * stays where it was.
 */
NODISCARD err map_cursor_open(
    struct map_txn *t, unsigned table, struct map_cursor **c);
/** map_cursor_seek(c, from, ...): the first key >= from; empty: the first. */
NODISCARD err map_cursor_seek(struct map_cursor *c, struct slice from,
    struct slice *key, struct slice *value);
NODISCARD err map_cursor_next(
    struct map_cursor *c, struct slice *key, struct slice *value);
/** map_cursor_prev(): before the first seek: the last key of the table. */
NODISCARD err map_cursor_prev(
    struct map_cursor *c, struct slice *key, struct slice *value);
void map_cursor_close(struct map_cursor *c);

/** map_table_stats(t, table, out): at once; in memory by counting. OK; ERR_IO. */
NODISCARD err map_table_stats(
    struct map_txn *t, unsigned table, struct map_table_stats *out);

/** map_stats(m, out): OK; ERR_IO. Walks LMDB's list of free pages. */
NODISCARD err map_stats(struct map *m, struct map_stats *out);

/** map_sync(m): all commits are on the disk when it returns. OK; ERR_IO. */
NODISCARD err map_sync(struct map *m);

/**
 * map_copy(m, path):
 * Copy the last committed state into a new environment in directory ${path},
 * compacted, while readers and the writer go on; on the disk when it returns.
 * OK; ERR_EXISTS (there is a store already); ERR_IO (map_why()); ERR_CONFIG
 * (in memory: cannot).
 */
NODISCARD err map_copy(struct map *m, const char *path);

/** map_why(m): the last error of open, writer or copy in words; or "". */
const char *map_why(const struct map *m);
