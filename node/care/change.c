#define _GNU_SOURCE /* flock */
#include "node/care/change.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIGRATE_ROWS 20000 /* of one transaction */

static const char *const files[] = { "data.mdb", "lock.mdb", "owner.lock" };

/* ---- folders ---- */

err
care_remove(const char *dir)
{
	char path[PATH_TEXT_MAX + 32];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
			return ERR_IO;
	}
	return rmdir(dir) == 0 || errno == ENOENT ? OK : ERR_IO;
}

void
care_drop(const char *dir)
{
	if (care_remove(dir) != OK)
		(void)fprintf(stderr, "ohcn: %s stays\n", dir);
}

err
care_fresh(const char *dir, const char *what, char out[PATH_TEXT_MAX],
    struct problem *p)
{
	if (snprintf(out, PATH_TEXT_MAX, "%s.%s", dir, what) >= PATH_TEXT_MAX ||
	    care_remove(out) != OK || mkdir(out, 0700) != 0) {
		problem_set(
		    p, EXIT_DISK, "E1727", "cannot make a folder %s", out);
		problem_why(p, "%s", strerror(errno));
		return ERR_CLOSED;
	}
	return OK;
}

static void
folder_sync(const char *dir)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
}

static void
name_aside(const char *dir, const char *what, char out[PATH_TEXT_MAX])
{
	const time_t now = time(NULL);
	char when[24];
	struct tm tm;
	struct stat st;
	unsigned i = 0;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	do {
		(void)snprintf(out, PATH_TEXT_MAX, "%s.%s-%s", dir, what, when);
		const size_t n = strlen(out);
		if (i > 0)
			(void)snprintf(out + n, PATH_TEXT_MAX - n, "-%u", i);
	} while (stat(out, &st) == 0 && ++i < 100);
}

err
care_swap(const char *dir, const char *fresh, const char *what,
    char aside[PATH_TEXT_MAX], struct problem *p)
{
	char old[PATH_TEXT_MAX + 32], new[PATH_TEXT_MAX + 32],
	    kept[PATH_TEXT_MAX + 32], lock[PATH_TEXT_MAX + 32];

	(void)snprintf(old, sizeof(old), "%s/data.mdb", dir);
	(void)snprintf(lock, sizeof(lock), "%s/lock.mdb", dir);
	(void)snprintf(new, sizeof(new), "%s/data.mdb", fresh);
	aside[0] = '\0';
	if (what != NULL && access(old, F_OK) == 0) {
		name_aside(dir, what, aside);
		(void)snprintf(kept, sizeof(kept), "%s/data.mdb", aside);
		if (mkdir(aside, 0700) != 0 || link(old, kept) != 0) {
			problem_set(p, EXIT_DISK, "E1728",
			    "cannot keep the old store in %s", aside);
			problem_why(p, "%s", strerror(errno));
			(void)rmdir(aside);
			return ERR_CLOSED;
		}
		folder_sync(aside);
	}
	if (rename(new, old) != 0) {
		problem_set(p, EXIT_DISK, "E1729",
		    "cannot put the new store in the place of %s", old);
		problem_why(p, "%s", strerror(errno));
		return ERR_CLOSED;
	}
	/* It tells of commits of the other file. */
	(void)unlink(lock);
	folder_sync(dir);
	care_drop(fresh);
	return OK;
}

err
care_lock(const char *dir, int *fd, struct problem *p)
{
	char path[PATH_TEXT_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s/owner.lock", dir);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0) {
		const bool absent = errno == ENOENT;
		problem_set(p, absent ? EXIT_NOTFOUND : EXIT_DISK, "E1730",
		    "cannot lock the store in %s: %s", dir, strerror(errno));
		if (absent)
			problem_hint(p, "ohcn up makes one");
		return absent ? ERR_NOTFOUND : ERR_IO;
	}
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return OK;
	(void)close(*fd);
	*fd = -1;
	problem_set(
	    p, EXIT_CONFLICT, "E1731", "a node has the store in %s open", dir);
	problem_why(p, "what it writes meanwhile would be lost");
	problem_hint(p, "ohcn down, then the same again");
	return ERR_EXISTS;
}

/* ---- migration ---- */

static err
snapshot(struct care_store *cs, const struct paths *paths,
    const struct env *env, char out[PATH_TEXT_MAX], struct problem *p)
{
	char what[24];

	TRY(care_room(paths->store, 2 * care_size(paths->store), p));
	(void)snprintf(what, sizeof(what), "before-v%d", STORE_VERSION);
	name_aside(paths->store, what, out);
	const err e = store_backup(cs->store, out);
	if (e == OK) {
		env_log(env, LOG_INFO, "store_snapshot", "dir=%s", out);
		return OK;
	}
	problem_set(p, problem_exit(e), "E1732",
	    "cannot save the store before its migration");
	problem_why(p, "%s", map_why(cs->map));
	problem_hint(p, "make room on the disk; nothing was changed");
	care_drop(out);
	return e;
}

err
care_migrate(struct care_store *cs, const struct paths *paths,
    const struct env *env, struct problem *p)
{
	const struct store_info info = store_info(cs->store);
	const uint64_t begun = env->mono_ms(env->ctx);
	char dir[PATH_TEXT_MAX] = "";
	bool done = false;
	err e = OK;

	if (!info.must_migrate)
		return OK;
	/* One that was cut off has its snapshot already. */
	if (info.version < STORE_VERSION)
		TRY(snapshot(cs, paths, env, dir, p));
	env_log(env, LOG_INFO, "store_migrating",
	    "from=%" PRIu32 " to=%d what=\"do not go back to the older ohcn "
	    "without restoring the snapshot\"",
	    info.version, STORE_VERSION);
	while (e == OK && !done)
		e = store_migrate(
		    cs->store, env->wall_s(env->ctx), MIGRATE_ROWS, &done);
	if (e != OK) {
		problem_set(p, problem_exit(e), "E1733",
		    "the migration of the store was cut off");
		problem_why(p, "%s", store_why(cs->store));
		problem_hint(p, "the next start goes on where it was%s%s",
		    dir[0] != '\0' ? "; the store of before is in " : "", dir);
		return e;
	}
	env_log(env, LOG_INFO, "store_migrated", "to=%d ms=%" PRIu64,
	    STORE_VERSION, env->mono_ms(env->ctx) - begun);
	care_note(paths, "migrated",
	    json_pack("{s:I,s:i,s:i,s:s}", "at",
		(json_int_t)env->wall_s(env->ctx), "from", (int)info.version,
		"to", STORE_VERSION, "snapshot", dir));
	return OK;
}

/* ---- in the child: copies ---- */

struct copying {
	const struct care_ask *ask;
	const char *to;
};

static void
say(struct care_child *c, enum exit_code exit, const char *code,
    const char *what, const char *dir, const char *why)
{
	struct problem p;

	problem_set(&p, exit, code, "cannot %s the store in %s", what, dir);
	problem_why(&p, "%s", why);
	if (exit == EXIT_CONFIG)
		problem_hint(&p, "%s", CARE_OTHER_NET);
	if (exit == EXIT_DAMAGED)
		problem_hint(&p, "ohcn store check, then ohcn store repair");
	if (exit == EXIT_DISK)
		problem_hint(&p, "is there room, and may you write there? "
				 "nothing was changed");
	care_say_problem(c, &p);
}

static void
copy_work(struct care_child *c, void *arg)
{
	const struct copying *k = arg;
	struct map *map = NULL;
	char why[STORE_WHY] = "";

	care_say_progress(c, "copying", 0, 0);
	err e = care_look(k->ask, &map, why);
	if (e == OK) {
		e = map_copy(map, k->to);
		if (e != OK)
			(void)snprintf(why, sizeof(why), "%s", map_why(map));
	}
	map_close(map);
	if (e == OK)
		care_say_result(c,
		    json_pack("{s:I}", "bytes", (json_int_t)care_size(k->to)));
	else
		say(c, e == ERR_NOTFOUND ? EXIT_NOTFOUND : problem_exit(e),
		    "E1734", "copy", k->ask->dir, why);
}

/* A copy in ${to}, checked; ${result} is the check's. */
static err
copy_checked(const struct care_ask *ask, const char *to,
    const struct care_news *news, json_t **result, struct problem *p)
{
	struct copying k = { .ask = ask, .to = to };
	const struct care_ask again = {
		.dir = to, .net = ask->net, .map_size = ask->map_size
	};
	json_t *copied = NULL;

	const err e = care_run(copy_work, &k, news, &copied, p);
	json_decref(copied);
	if (e == ERR_CORRUPT)
		problem_hint(p, "ohcn store check, then ohcn store repair");
	if (e != OK)
		return ERR_CLOSED;
	TRY(care_check(&again, news, result, p));
	(void)json_object_set_new(
	    *result, "bytes", json_integer((json_int_t)care_size(to)));
	return OK;
}

static bool
is_sound(const json_t *checked)
{
	return json_integer_value(json_object_get(checked, "faults")) == 0;
}

err
care_backup(const struct care_ask *ask, const char *to,
    const struct care_news *news, json_t **result, struct problem *p)
{
	struct stat st;
	char file[PATH_TEXT_MAX + 16];

	*result = NULL;
	(void)snprintf(file, sizeof(file), "%s/data.mdb", to);
	if (stat(file, &st) == 0) {
		problem_set(p, EXIT_CONFLICT, "E1735",
		    "there is a store already: %s", file);
		problem_hint(p, "another folder");
		return ERR_CLOSED;
	}
	if (care_room(to, care_size(ask->dir), p) != OK ||
	    copy_checked(ask, to, news, result, p) != OK)
		return ERR_CLOSED;
	(void)json_object_set_new(*result, "dir", json_string(to));
	return OK;
}

static err
damaged_copy(json_t **result, const char *dir, struct problem *p)
{
	problem_set(
	    p, EXIT_DAMAGED, "E1736", "the store in %s is damaged", dir);
	problem_why(p, "%" JSON_INTEGER_FORMAT " faults; the first: %s",
	    json_integer_value(json_object_get(*result, "faults")),
	    json_string_value(
		json_array_get(json_object_get(*result, "texts"), 0)));
	json_decref(*result);
	*result = NULL;
	return ERR_CLOSED;
}

err
care_compact(const struct care_ask *ask, const struct care_news *news,
    json_t **result, struct problem *p)
{
	const uint64_t before = care_size(ask->dir);
	char fresh[PATH_TEXT_MAX], aside[PATH_TEXT_MAX];
	int fd = -1;

	*result = NULL;
	if (care_lock(ask->dir, &fd, p) != OK)
		return ERR_CLOSED;
	err e = care_room(ask->dir, before, p);
	if (e == OK)
		e = care_fresh(ask->dir, "compact", fresh, p);
	if (e == OK) {
		e = copy_checked(ask, fresh, news, result, p);
		if (e == OK && !is_sound(*result)) {
			e = damaged_copy(result, ask->dir, p);
			problem_hint(p, "ohcn store repair");
		}
		if (e == OK)
			e = care_swap(ask->dir, fresh, NULL, aside, p);
		if (e != OK)
			care_drop(fresh);
	}
	(void)close(fd);
	if (e != OK) {
		json_decref(*result);
		*result = NULL;
		return ERR_CLOSED;
	}
	(void)json_object_set_new(
	    *result, "before", json_integer((json_int_t)before));
	(void)json_object_set_new(
	    *result, "after", json_integer((json_int_t)care_size(ask->dir)));
	return OK;
}

/* ---- in the child: marks ---- */

/*
 * The node must learn at its next start that this is not the store that it
 * left. The mark of node and machine stays what it was.
 */
static void
mark_work(struct care_child *c, void *arg)
{
	const struct care_ask *ask = arg;
	const struct map_lmdb_options options = { .map_bytes = ask->map_size };
	struct store_config cf = { .net = slice_str(ask->net) };
	struct map *map = NULL;
	struct map_txn *t = NULL;
	struct store *s = NULL;
	struct slice v;
	char why[STORE_WHY] = "";

	err e = map_lmdb_open(ask->dir, &options, &map, why);
	if (e == OK)
		e = map_begin(map, false, &t);
	if (e == OK) {
		if (map_get(t, TABLE_META, slice_str("mark"), &v) == OK &&
		    v.n == STORE_MARK)
			memcpy(cf.mark, v.p, STORE_MARK);
		map_abort(t);
		e = store_open(map, &cf, &s, why);
	}
	if (e == OK && !store_info(s).must_migrate)
		e = store_private_put(
		    s, slice_str(CARE_CHANGED), slice_str("1"));
	store_close(s);
	map_close(map);
	if (e == OK)
		care_say_result(c, json_object());
	else
		say(c,
		    e == ERR_AUTH       ? EXIT_CONFIG
		    : e == ERR_CONFIG   ? EXIT_NEWER
		    : e == ERR_NOTFOUND ? EXIT_NOTFOUND
					: problem_exit(e),
		    "E1301", "open", ask->dir, why);
}

static err
mark_changed(const struct care_ask *ask, const char *dir,
    const struct care_news *news, struct problem *p)
{
	struct care_ask there = *ask;
	json_t *done = NULL;

	there.dir = dir;
	const err e = care_run(mark_work, &there, news, &done, p);
	json_decref(done);
	return e == OK ? OK : ERR_CLOSED;
}

/* ---- restoring ---- */

static err
restore_into(const struct care_ask *ask, const char *from, const char *fresh,
    const struct care_news *news, json_t **result, struct problem *p)
{
	struct care_ask there = *ask;

	there.dir = from;
	TRY(copy_checked(&there, fresh, news, result, p));
	if (!is_sound(*result)) {
		TRY(damaged_copy(result, from, p));
		return ERR_CLOSED;
	}
	return mark_changed(ask, fresh, news, p);
}

err
care_restore(const struct care_ask *ask, const char *from, bool force,
    const struct care_news *news, json_t **result, struct problem *p)
{
	char fresh[PATH_TEXT_MAX], aside[PATH_TEXT_MAX] = "";
	int fd = -1;

	*result = NULL;
	if (care_size(from) == 0) {
		problem_set(p, EXIT_NOTFOUND, "E1737",
		    "there is no backup of a store in %s", from);
		problem_hint(p, "a folder that `ohcn store backup` made");
		return ERR_CLOSED;
	}
	if (care_lock(ask->dir, &fd, p) != OK)
		return ERR_CLOSED;
	err e = OK;
	if (care_size(ask->dir) > 0 && !force) {
		problem_set(p, EXIT_CONFLICT, "E1738",
		    "there is a store already in %s", ask->dir);
		problem_why(p, "what came after the backup would be missing, "
			       "until peers send it again");
		problem_hint(p, "--force; the store that is there is kept "
				"beside");
		e = ERR_CLOSED;
	}
	if (e == OK)
		e = care_room(ask->dir, care_size(from), p);
	if (e == OK)
		e = care_fresh(ask->dir, "restore", fresh, p);
	if (e == OK) {
		e = restore_into(ask, from, fresh, news, result, p);
		if (e == OK)
			e = care_swap(
			    ask->dir, fresh, "before-restore", aside, p);
		if (e != OK)
			care_drop(fresh);
	}
	(void)close(fd);
	if (e != OK) {
		json_decref(*result);
		*result = NULL;
		return ERR_CLOSED;
	}
	(void)json_object_set_new(*result, "aside", json_string(aside));
	return OK;
}

/* ---- what is kept aside ---- */

static uint64_t
time_of_name(const char *text)
{
	struct tm tm = { 0 };
	int n = 0;

	if (sscanf(text, "%4d%2d%2dT%2d%2d%2dZ%n", &tm.tm_year, &tm.tm_mon,
		&tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n) != 6 ||
	    n != 16)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	const time_t t = timegm(&tm);
	return t < 0 ? 0 : (uint64_t)t;
}

err
care_each_aside(const char *store, care_aside_fn *fn, void *ctx)
{
	char parent[PATH_TEXT_MAX], path[PATH_TEXT_MAX + 300], what[64];
	const char *name = strrchr(store, '/');
	struct dirent *entry;
	bool more = true;

	if (name == NULL)
		return ERR_IO;
	(void)snprintf(
	    parent, sizeof(parent), "%.*s", (int)(name - store), store);
	name++;
	DIR *d = opendir(parent);
	if (d == NULL)
		return ERR_IO;
	while (more && (entry = readdir(d)) != NULL) {
		const size_t n = strlen(name);
		if (strncmp(entry->d_name, name, n) != 0 ||
		    entry->d_name[n] != '.')
			continue;
		/* before-v2-20260102T030405Z */
		const char *rest = entry->d_name + n + 1;
		const char *dash = strstr(rest, "-2");
		if (dash == NULL || (size_t)(dash - rest) >= sizeof(what))
			continue;
		const uint64_t made_s = time_of_name(dash + 1);
		if (made_s == 0)
			continue;
		(void)snprintf(
		    what, sizeof(what), "%.*s", (int)(dash - rest), rest);
		(void)snprintf(
		    path, sizeof(path), "%s/%s", parent, entry->d_name);
		more = fn(ctx, path, what, made_s, care_size(path));
	}
	(void)closedir(d);
	return OK;
}

struct tidying {
	uint64_t keep_s, now_s;
	const struct env *env;
};

static bool
tidy_one(void *ctx, const char *dir, const char *what, uint64_t made_s,
    uint64_t bytes)
{
	const struct tidying *t = ctx;

	if (strncmp(what, "before-v", 8) != 0 || t->now_s < made_s + t->keep_s)
		return true;
	if (care_remove(dir) == OK)
		env_log(t->env, LOG_INFO, "store_snapshot_removed",
		    "dir=%s bytes=%" PRIu64, dir, bytes);
	else
		env_log(
		    t->env, LOG_UNUSUAL, "store_snapshot_stays", "dir=%s", dir);
	return true;
}

void
care_tidy(const struct paths *paths, uint64_t keep_s, uint64_t now_s,
    const struct env *env)
{
	struct tidying t = { keep_s, now_s, env };

	if (care_each_aside(paths->store, tidy_one, &t) != OK)
		env_log(env, LOG_UNUSUAL, "cannot_look_for_snapshots", "x=1");
}
