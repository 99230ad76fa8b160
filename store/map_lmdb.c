/*
 * What Debian's LMDB 0.9.24 asks for: no DUPSORT (several bugs in repeated
 * deletes), default durability, MDB_NOTLS since views move between threads,
 * a map size that is fixed at open. It has no page checksums, so that damage
 * inside a page is for store_check() to find.
 */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/map.h"

#define PATH_BYTES 1024
/* A crash may leave pages at the end of the file unwritten that the last
 * commit took and gave back; more than these are a truncated file. */
#define TAIL_PAGES 64

struct lmdb {
	struct map map;
	MDB_env *env;
	MDB_dbi tables[MAP_TABLES];
	uint64_t map_bytes;
	uint64_t page_bytes;
	uint64_t last_page; /* the file is known to reach it; the writer's */
	int lock_fd;
	bool read_only;
	char path[PATH_BYTES];
	char why[MAP_WHY];
};

struct lmdb_txn {
	struct map_txn txn;
	MDB_txn *t;
};

struct lmdb_cursor {
	struct map_cursor cursor;
	MDB_cursor *c;
	bool placed;
	bool fresh;       /* ${c} stands on ${key} */
	uint64_t changes; /* of the transaction when it was placed */
	size_t key_n;
	uint8_t key[MAP_KEY_MAX];
};

static struct lmdb *
lmdb_of(const struct map *m)
{
	union {
		const struct map *in;
		struct map *out;
	} u = { m };
	return CONTAINER_OF(u.out, struct lmdb, map);
}

static MDB_txn *
txn_of(struct map_txn *t)
{
	return CONTAINER_OF(t, struct lmdb_txn, txn)->t;
}

static err
err_from_lmdb(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return OK;
	case MDB_NOTFOUND:
		return ERR_NOTFOUND;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case MDB_READERS_FULL:
		return ERR_LIMIT;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return ERR_CORRUPT;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

/* Say in words what ${doing} met; the error. For open and writer alone. */
static err
explain(struct lmdb *m, const char *doing, int rc)
{
	if (rc == MDB_SUCCESS)
		return OK;
	if (rc == ENOSPC || rc == EDQUOT || rc == EFBIG)
		snprintf(m->why, sizeof(m->why),
		    "%s: the disk is full; nothing was changed; "
		    "make room and try again",
		    doing);
	else if (rc == EIO) /* LMDB's word for a write cut short as well */
		snprintf(m->why, sizeof(m->why),
		    "%s: the disk is full or broken; nothing was changed; "
		    "make room and look into the system's log",
		    doing);
	else if (rc == MDB_MAP_FULL)
		snprintf(m->why, sizeof(m->why),
		    "%s: the store has reached its map size; nothing was "
		    "changed; raise the map size and restart",
		    doing);
	else if (rc == MDB_PANIC)
		snprintf(m->why, sizeof(m->why),
		    "%s: an earlier write failed half-way; restart the node",
		    doing);
	else
		snprintf(
		    m->why, sizeof(m->why), "%s: %s", doing, mdb_strerror(rc));
	return err_from_lmdb(rc);
}

static MDB_val
val_of(struct slice s)
{
	union {
		const uint8_t *in;
		void *out; /* LMDB reads it, whatever its type says */
	} u = { s.p };
	return (MDB_val){ s.n, u.out };
}

static struct slice
slice_of_val(MDB_val v)
{
	return slice_of(v.mv_data, v.mv_size);
}

/* ---- transactions ---- */

static err
lmdb_begin(struct map *map, bool write, struct map_txn **txn)
{
	struct lmdb *m = lmdb_of(map);
	struct lmdb_txn *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NOMEM;
	const int rc =
	    mdb_txn_begin(m->env, NULL, write ? 0 : MDB_RDONLY, &t->t);
	if (rc != MDB_SUCCESS) {
		free(t);
		return write ? explain(m, "begin to write", rc)
			     : err_from_lmdb(rc);
	}
	*txn = &t->txn;
	return OK;
}

static void
lmdb_abort(struct map_txn *txn)
{
	struct lmdb_txn *t = CONTAINER_OF(txn, struct lmdb_txn, txn);

	mdb_txn_abort(t->t);
	free(t);
}

/*
 * Pages that a commit took and gave back at the end of the file are never
 * written, so that the file may be shorter than LMDB says. Make it as long,
 * so that a short file at the next open is a damaged one.
 */
static void
file_extend(struct lmdb *m)
{
	MDB_envinfo info;
	struct stat st;
	mdb_filehandle_t fd;

	if (mdb_env_info(m->env, &info) != MDB_SUCCESS ||
	    info.me_last_pgno <= m->last_page ||
	    mdb_env_get_fd(m->env, &fd) != MDB_SUCCESS || fstat(fd, &st) != 0)
		return;
	m->last_page = info.me_last_pgno;
	const off_t want =
	    (off_t)(((uint64_t)info.me_last_pgno + 1) * m->page_bytes);
	if (st.st_size < want && ftruncate(fd, want) != 0)
		m->last_page = 0; /* try again after the next commit */
}

static err
lmdb_commit(struct map_txn *txn)
{
	struct lmdb_txn *t = CONTAINER_OF(txn, struct lmdb_txn, txn);
	struct lmdb *m = lmdb_of(txn->map);
	const bool write = txn->write;
	const int rc = mdb_txn_commit(t->t); /* frees it either way */

	free(t);
	if (!write)
		return err_from_lmdb(rc);
	if (rc == MDB_SUCCESS)
		file_extend(m);
	return explain(m, "commit", rc);
}

static err
lmdb_get(
    struct map_txn *txn, unsigned table, struct slice key, struct slice *value)
{
	MDB_val k = val_of(key), v;

	TRY(err_from_lmdb(
	    mdb_get(txn_of(txn), lmdb_of(txn->map)->tables[table], &k, &v)));
	*value = slice_of_val(v);
	return OK;
}

static err
lmdb_put(struct map_txn *txn, unsigned table, struct slice key,
    struct slice value, enum map_put how)
{
	struct lmdb *m = lmdb_of(txn->map);
	MDB_val k = val_of(key), v = val_of(value);
	int rc = MDB_KEYEXIST;

	if (how == MAP_APPEND)
		rc = mdb_put(txn_of(txn), m->tables[table], &k, &v, MDB_APPEND);
	if (rc == MDB_KEYEXIST) /* not above all others: the hint was wrong */
		rc = mdb_put(txn_of(txn), m->tables[table], &k, &v, 0);
	return explain(m, "write", rc);
}

static err
lmdb_del(struct map_txn *txn, unsigned table, struct slice key)
{
	struct lmdb *m = lmdb_of(txn->map);
	MDB_val k = val_of(key);
	const int rc = mdb_del(txn_of(txn), m->tables[table], &k, NULL);

	return rc == MDB_NOTFOUND ? ERR_NOTFOUND : explain(m, "delete", rc);
}

/* ---- cursors ---- */

static struct lmdb_cursor *
cursor_of(struct map_cursor *c)
{
	return CONTAINER_OF(c, struct lmdb_cursor, cursor);
}

static err
lmdb_cursor_open(struct map_txn *txn, unsigned table, struct map_cursor **c)
{
	struct lmdb_cursor *lc = calloc(1, sizeof(*lc));

	if (lc == NULL)
		return ERR_NOMEM;
	const int rc = mdb_cursor_open(
	    txn_of(txn), lmdb_of(txn->map)->tables[table], &lc->c);
	if (rc != MDB_SUCCESS) {
		free(lc);
		return err_from_lmdb(rc);
	}
	*c = &lc->cursor;
	return OK;
}

static err
cursor_place(struct lmdb_cursor *c, int rc, MDB_val k, MDB_val v,
    struct slice *key, struct slice *value)
{
	/* after an end LMDB's cursor has moved; ours has not */
	c->fresh = rc == MDB_SUCCESS;
	TRY(err_from_lmdb(rc));
	if (k.mv_size < 1 || k.mv_size > sizeof(c->key))
		return ERR_CORRUPT;
	c->placed = true;
	c->changes = c->cursor.txn->changes;
	c->key_n = k.mv_size;
	memcpy(c->key, k.mv_data, k.mv_size);
	*key = slice_of_val(k);
	*value = slice_of_val(v);
	return OK;
}

static err
lmdb_cursor_seek(struct map_cursor *cursor, struct slice from,
    struct slice *key, struct slice *value)
{
	struct lmdb_cursor *c = cursor_of(cursor);
	MDB_val k = val_of(from), v = { 0, NULL };
	const int rc = mdb_cursor_get(
	    c->c, &k, &v, from.n == 0 ? MDB_FIRST : MDB_SET_RANGE);

	return cursor_place(c, rc, k, v, key, value);
}

/* Put LMDB's cursor on the first key >= ours; false: there is none. */
static int
cursor_again(struct lmdb_cursor *c, MDB_val *k, MDB_val *v)
{
	*k = val_of(slice_of(c->key, c->key_n));
	return mdb_cursor_get(c->c, k, v, MDB_SET_RANGE);
}

static err
lmdb_cursor_next(
    struct map_cursor *cursor, struct slice *key, struct slice *value)
{
	struct lmdb_cursor *c = cursor_of(cursor);
	MDB_val k = { 0, NULL }, v = { 0, NULL };
	int rc;

	if (!c->placed) {
		rc = mdb_cursor_get(c->c, &k, &v, MDB_FIRST);
	} else if (c->fresh && c->changes == cursor->txn->changes) {
		rc = mdb_cursor_get(c->c, &k, &v, MDB_NEXT);
	} else {
		rc = cursor_again(c, &k, &v);
		if (rc == MDB_SUCCESS &&
		    slice_eq(slice_of_val(k), slice_of(c->key, c->key_n)))
			rc = mdb_cursor_get(c->c, &k, &v, MDB_NEXT);
	}
	return cursor_place(c, rc, k, v, key, value);
}

static err
lmdb_cursor_prev(
    struct map_cursor *cursor, struct slice *key, struct slice *value)
{
	struct lmdb_cursor *c = cursor_of(cursor);
	MDB_val k = { 0, NULL }, v = { 0, NULL };
	int rc = MDB_SUCCESS;
	bool last = !c->placed;

	if (!last && !(c->fresh && c->changes == cursor->txn->changes)) {
		rc = cursor_again(c, &k, &v);
		last = rc == MDB_NOTFOUND; /* all are below it */
	}
	if (last)
		rc = mdb_cursor_get(c->c, &k, &v, MDB_LAST);
	else if (rc == MDB_SUCCESS)
		rc = mdb_cursor_get(c->c, &k, &v, MDB_PREV);
	return cursor_place(c, rc, k, v, key, value);
}

static void
lmdb_cursor_close(struct map_cursor *cursor)
{
	struct lmdb_cursor *c = cursor_of(cursor);

	mdb_cursor_close(c->c);
	free(c);
}

/* ---- the environment ---- */

/* Pages on LMDB's own list of free ones: table 0, values start with a count. */
static int
free_pages(MDB_env *env, uint64_t *pages)
{
	MDB_txn *t;
	MDB_cursor *c;
	MDB_val k, v;

	*pages = 0;
	int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &t);
	if (rc != MDB_SUCCESS)
		return rc;
	rc = mdb_cursor_open(t, 0, &c);
	if (rc == MDB_SUCCESS) {
		while (
		    (rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == MDB_SUCCESS) {
			size_t n = 0;
			memcpy(&n, v.mv_data, MIN(sizeof(n), v.mv_size));
			*pages += n;
		}
		mdb_cursor_close(c);
	}
	mdb_txn_abort(t);
	return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

static err
lmdb_table_stats(
    struct map_txn *txn, unsigned table, struct map_table_stats *out)
{
	MDB_stat st;

	TRY(err_from_lmdb(
	    mdb_stat(txn_of(txn), lmdb_of(txn->map)->tables[table], &st)));
	out->rows = st.ms_entries;
	out->bytes = ((uint64_t)st.ms_branch_pages + st.ms_leaf_pages +
			 st.ms_overflow_pages) *
		     st.ms_psize;
	return OK;
}

static err
lmdb_stats(struct map *map, struct map_stats *out)
{
	struct lmdb *m = lmdb_of(map);
	MDB_envinfo info;
	MDB_stat stat_main;
	struct stat st;
	mdb_filehandle_t fd;
	uint64_t unused;

	TRY(err_from_lmdb(free_pages(m->env, &unused)));
	if (mdb_env_info(m->env, &info) != MDB_SUCCESS ||
	    mdb_env_stat(m->env, &stat_main) != MDB_SUCCESS ||
	    mdb_env_get_fd(m->env, &fd) != MDB_SUCCESS || fstat(fd, &st) != 0)
		return ERR_IO;
	const uint64_t all = (uint64_t)info.me_last_pgno + 1;
	out->used_bytes = (all - MIN(all, unused)) * stat_main.ms_psize;
	out->file_bytes = (uint64_t)st.st_size;
	out->max_bytes = info.me_mapsize;
	return OK;
}

static err
lmdb_sync(struct map *map)
{
	struct lmdb *m = lmdb_of(map);
	return err_from_lmdb(mdb_env_sync(m->env, 1));
}

static bool
path_join(char out[PATH_BYTES], const char *folder, const char *name)
{
	const int n = snprintf(out, PATH_BYTES, "%s/%s", folder, name);
	return n > 0 && n < PATH_BYTES;
}

static int
folder_sync(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	const int rc = fsync(fd) == 0 ? 0 : errno;
	close(fd);
	return rc;
}

/* Compacted if that works: it does not after a leak of pages. */
static int
copy_to(MDB_env *env, int fd)
{
	int rc = mdb_env_copyfd2(env, fd, MDB_CP_COMPACT);

	if (rc != MDB_SUCCESS && rc != ENOSPC) {
		if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
			return errno;
		rc = mdb_env_copyfd2(env, fd, 0);
	}
	if (rc == MDB_SUCCESS && fsync(fd) != 0)
		rc = errno;
	return rc;
}

static err
lmdb_copy(struct map *map, const char *path)
{
	struct lmdb *m = lmdb_of(map);
	char file[PATH_BYTES];

	if (!path_join(file, path, "data.mdb"))
		return ERR_LIMIT;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return explain(m, path, errno);
	const int fd =
	    open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		if (errno != EEXIST)
			return explain(m, file, errno);
		snprintf(m->why, sizeof(m->why),
		    "%.100s: exists already; choose another folder", file);
		return ERR_EXISTS;
	}
	int rc = copy_to(m->env, fd);
	if (close(fd) != 0 && rc == 0)
		rc = errno;
	if (rc == 0)
		rc = folder_sync(path);
	if (rc != 0)
		unlink(file);
	return explain(m, "copy", rc);
}

static const char *
lmdb_why(const struct map *map)
{
	return lmdb_of(map)->why;
}

static void
lmdb_close(struct map *map)
{
	struct lmdb *m = lmdb_of(map);

	if (m->env != NULL)
		mdb_env_close(m->env);
	if (m->lock_fd >= 0)
		close(m->lock_fd); /* this lets the lock go */
	free(m);
}

/* ---- open ---- */

/* One opener at a time: LMDB would let several in, our writer would not. */
static err
owner_lock(struct lmdb *m)
{
	char file[PATH_BYTES], owner[24] = { 0 };

	if (!path_join(file, m->path, "owner.lock"))
		return ERR_LIMIT;
	m->lock_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (m->lock_fd < 0)
		return explain(m, file, errno);
	if (flock(m->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return explain(m, file, errno);
		const ssize_t n = read(m->lock_fd, owner, sizeof(owner) - 1);
		owner[n > 0 ? (size_t)n : 0] = '\0';
		snprintf(m->why, sizeof(m->why),
		    "%.100s: another process%s%.12s has this store open; stop "
		    "it first",
		    m->path, owner[0] ? " " : "", owner);
		return ERR_EXISTS;
	}
	const int n = snprintf(owner, sizeof(owner), "%ld", (long)getpid());
	if (ftruncate(m->lock_fd, 0) != 0 ||
	    write(m->lock_fd, owner, (size_t)n) != n)
		return explain(m, file, errno); /* ENOSPC and the like */
	return OK;
}

static err
folder_open(struct lmdb *m, bool create, bool *present)
{
	char file[PATH_BYTES];
	struct stat st;

	if (create && mkdir(m->path, 0700) != 0 && errno != EEXIST)
		return explain(m, m->path, errno);
	if (!path_join(file, m->path, "data.mdb"))
		return ERR_LIMIT;
	*present = stat(file, &st) == 0;
	if (!*present && errno != ENOENT)
		return explain(m, file, errno);
	if (!*present && !create) {
		snprintf(m->why, sizeof(m->why), "%.150s: there is no store",
		    m->path);
		return ERR_NOTFOUND;
	}
	if (*present && !S_ISREG(st.st_mode)) {
		snprintf(m->why, sizeof(m->why), "%.150s: not a file", file);
		return ERR_CORRUPT;
	}
	/* an empty file is what a crash in the first open leaves */
	*present = *present && st.st_size > 0;
	return OK;
}

/* A page beyond the end of the file would be a SIGBUS when it is read. */
static err
length_check(struct lmdb *m)
{
	MDB_envinfo info;
	MDB_stat stat_main;
	struct stat st;
	mdb_filehandle_t fd;

	if (mdb_env_info(m->env, &info) != MDB_SUCCESS ||
	    mdb_env_stat(m->env, &stat_main) != MDB_SUCCESS ||
	    mdb_env_get_fd(m->env, &fd) != MDB_SUCCESS || fstat(fd, &st) != 0)
		return explain(m, m->path, errno);
	const uint64_t page = stat_main.ms_psize;
	m->page_bytes = page;
	const uint64_t want = ((uint64_t)info.me_last_pgno + 1) * page;
	const uint64_t have = (uint64_t)st.st_size;
	if (have >= want || m->read_only)
		return OK;
	if (want - have > TAIL_PAGES * page || have < want / 2) {
		snprintf(m->why, sizeof(m->why),
		    "%.80s: the file is cut short, %" PRIu64 " of %" PRIu64
		    " bytes; restore a backup or move it away",
		    m->path, have, want);
		return ERR_CORRUPT;
	}
	if (ftruncate(fd, (off_t)want) != 0)
		return explain(m, m->path, errno);
	return OK;
}

static err
env_open(struct lmdb *m, const struct map_lmdb_options *o)
{
	int dead, rc = mdb_env_create(&m->env);

	if (rc == MDB_SUCCESS)
		rc = mdb_env_set_mapsize(m->env, (size_t)m->map_bytes);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_set_maxdbs(m->env, MAP_TABLES);
	if (rc == MDB_SUCCESS && o->readers_max > 0)
		rc = mdb_env_set_maxreaders(m->env, o->readers_max);
	if (rc == MDB_SUCCESS)
		rc = mdb_env_open(m->env, m->path,
		    MDB_NOTLS | (m->read_only ? MDB_RDONLY : 0), 0600);
	if (rc == MDB_SUCCESS && !m->read_only)
		rc = mdb_reader_check(m->env, &dead);
	if (err_from_lmdb(rc) == ERR_CORRUPT) {
		snprintf(m->why, sizeof(m->why),
		    "%.80s/data.mdb: damaged, or not a store of ohcn (%s); "
		    "restore a backup or move it away",
		    m->path, mdb_strerror(rc));
		return ERR_CORRUPT;
	}
	return explain(m, m->path, rc);
}

static int
tables_open(struct lmdb *m, MDB_txn *t, unsigned flags)
{
	for (unsigned i = 0; i < MAP_TABLES; i++) {
		char name[16];
		snprintf(name, sizeof(name), "ohcn-%u", i);
		const int rc = mdb_dbi_open(t, name, flags, &m->tables[i]);
		if (rc != MDB_SUCCESS)
			return rc;
	}
	return MDB_SUCCESS;
}

/* Another program's environment has tables, but not ours: leave it alone. */
static err
tables_begin(struct lmdb *m)
{
	MDB_txn *t;
	MDB_stat st = { 0 };

	int rc = mdb_txn_begin(m->env, NULL, m->read_only ? MDB_RDONLY : 0, &t);
	if (rc != MDB_SUCCESS)
		return explain(m, m->path, rc);
	MDB_dbi top;
	rc = mdb_dbi_open(t, NULL, 0, &top);
	if (rc == MDB_SUCCESS)
		rc = mdb_stat(t, top, &st);
	if (rc == MDB_SUCCESS)
		rc = tables_open(
		    m, t, st.ms_entries == 0 && !m->read_only ? MDB_CREATE : 0);
	if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE) {
		mdb_txn_abort(t);
		snprintf(m->why, sizeof(m->why),
		    "%.80s/data.mdb: the database of another program; choose "
		    "another folder",
		    m->path);
		return ERR_CORRUPT;
	}
	if (rc != MDB_SUCCESS) {
		mdb_txn_abort(t);
		return explain(m, m->path, rc);
	}
	return explain(m, m->path, mdb_txn_commit(t));
}

static err
lmdb_start(struct lmdb *m, const struct map_lmdb_options *o)
{
	bool present = false;

	m->read_only = o->read_only;
	TRY(folder_open(m, o->create && !o->read_only, &present));
	if (!m->read_only)
		TRY(owner_lock(m));
	TRY(env_open(m, o));
	TRY(length_check(m));
	TRY(tables_begin(m));
	if (present || m->read_only)
		return OK;
	return explain(m, m->path, folder_sync(m->path));
}

err
map_lmdb_open(const char *path, const struct map_lmdb_options *options,
    struct map **map, char why[MAP_WHY])
{
	static const struct map_ops ops = {
		.begin = lmdb_begin,
		.commit = lmdb_commit,
		.abort = lmdb_abort,
		.get = lmdb_get,
		.put = lmdb_put,
		.del = lmdb_del,
		.cursor_open = lmdb_cursor_open,
		.cursor_seek = lmdb_cursor_seek,
		.cursor_next = lmdb_cursor_next,
		.cursor_prev = lmdb_cursor_prev,
		.cursor_close = lmdb_cursor_close,
		.table_stats = lmdb_table_stats,
		.stats = lmdb_stats,
		.sync = lmdb_sync,
		.copy = lmdb_copy,
		.why = lmdb_why,
		.close = lmdb_close,
	};
	const uint64_t page = 65536; /* a multiple of any page size */

	*map = NULL;
	why[0] = '\0';
	struct lmdb *m = calloc(1, sizeof(*m));
	if (m == NULL)
		return ERR_NOMEM;
	m->map.ops = &ops;
	m->lock_fd = -1;
	m->map_bytes =
	    (MAX(options->map_bytes, 16 * page) + page - 1) / page * page;
	const size_t n = strlen(path);
	if (n >= PATH_BYTES - 16) {
		snprintf(why, MAP_WHY, "the path is too long");
		free(m);
		return ERR_CONFIG;
	}
	memcpy(m->path, path, n + 1);

	const err e = lmdb_start(m, options);
	if (e != OK) {
		memcpy(why, m->why, MAP_WHY);
		lmdb_close(&m->map);
		return e;
	}
	m->why[0] = '\0';
	*map = &m->map;
	return OK;
}

static int
count_reader(const char *line, void *ctx)
{
	unsigned *lines = ctx;

	(void)line;
	++*lines;
	return 0;
}

err
map_lmdb_readers(struct map *map, unsigned *live, unsigned *cleared)
{
	int dead = 0;
	unsigned lines = 0;

	*live = *cleared = 0;
	if (map->ops->close != lmdb_close)
		return ERR_CONFIG;
	struct lmdb *m = lmdb_of(map);
	if (mdb_reader_check(m->env, &dead) != MDB_SUCCESS ||
	    mdb_reader_list(m->env, count_reader, &lines) < 0)
		return ERR_IO;
	/* one line is the head, or says that there are none */
	*live = lines > 0 ? lines - 1 : 0;
	*cleared = dead > 0 ? (unsigned)dead : 0;
	return OK;
}
