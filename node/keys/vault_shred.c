/*
 * What was deleted from a database lies in its file until its page is used
 * again, and under a key that still opens it. So the file is made anew from
 * what is there, and the old one overwritten.
 *
 *   fresh/data.mdb   made, synced     -> data.mdb by rename()
 *   data.old         the old file, a second name of it until then
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/keys/vault.h"
#include "node/keys/vault_internal.h"

#define AFTER_DELETED_MS  60000
#define AFTER_REPLACED_MS 3600000
#define AT_MOST_EACH_MS   60000

static bool
path_of(char out[VAULT_PATH], const char *folder, const char *name)
{
	const int n = snprintf(out, VAULT_PATH, "%s/%s", folder, name);

	return n > 0 && n < VAULT_PATH;
}

/* False: it may still be there. */
static bool
overwrite(const char *path)
{
	static const uint8_t zeros[65536] = { 0 };
	const int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return false;
	bool good = fstat(fd, &st) == 0;
	for (off_t left = good ? st.st_size : 0; good && left > 0;) {
		const size_t n = (size_t)MIN(left, (off_t)sizeof(zeros));
		const ssize_t wrote = write(fd, zeros, n);
		good = wrote > 0;
		left -= good ? wrote : 0;
	}
	good = good && fsync(fd) == 0;
	(void)close(fd);
	return good && unlink(path) == 0;
}

static void
fresh_remove(const char *fresh)
{
	static const char *const rest[] = { "lock.mdb", "owner.lock" };
	char file[VAULT_PATH];

	if (path_of(file, fresh, "data.mdb") && access(file, F_OK) == 0)
		(void)overwrite(file);
	for (size_t i = 0; i < ARRAY_LEN(rest); i++)
		if (path_of(file, fresh, rest[i]))
			(void)unlink(file);
	(void)rmdir(fresh);
}

static err
folder_sync(const char *path)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return ERR_IO;
	const bool good = fsync(fd) == 0;
	(void)close(fd);
	return good ? OK : ERR_IO;
}

void
vault_tidy(const char *path)
{
	char old[VAULT_PATH], data[VAULT_PATH], fresh[VAULT_PATH];
	struct stat a, b;

	if (!path_of(old, path, "data.old") ||
	    !path_of(data, path, "data.mdb") || !path_of(fresh, path, "fresh"))
		return;
	if (access(fresh, F_OK) == 0)
		fresh_remove(fresh);
	if (lstat(old, &a) != 0 || lstat(data, &b) != 0)
		return;
	if (a.st_ino == b.st_ino && a.st_dev == b.st_dev)
		(void)unlink(old);        /* the rename did not come to pass */
	else if (folder_sync(path) == OK) /* else it may still be needed */
		(void)overwrite(old);
}

static err
copy_all(struct map_txn *from, struct map_txn *to)
{
	struct map_cursor *c = NULL;
	struct slice name, sealed;

	TRY(map_cursor_open(from, VAULT_TABLE, &c));
	err e = map_cursor_next(c, &name, &sealed);
	while (e == OK) {
		e = map_put(to, VAULT_TABLE, name, sealed, MAP_PUT);
		if (e == OK)
			e = map_cursor_next(c, &name, &sealed);
	}
	map_cursor_close(c);
	return e == ERR_NOTFOUND ? OK : e;
}

/* Synced on return. */
static err
fresh_make(struct vault *v, const char *fresh)
{
	struct map_txn *from = NULL, *to = NULL;
	char why[MAP_WHY] = "";
	struct map *map = NULL;

	TRY(vault_map_open(fresh, &map, why));
	err e = map_begin(v->map, false, &from);
	if (e == OK)
		e = map_begin(map, true, &to);
	if (e == OK)
		e = copy_all(from, to);
	if (e == OK)
		e = map_commit(to);
	else
		map_abort(to);
	map_abort(from);
	map_close(map);
	return e;
}

err
vault_shred(struct vault *v)
{
	char old[VAULT_PATH], data[VAULT_PATH], fresh[VAULT_PATH];
	char made[VAULT_PATH], why[MAP_WHY] = "";

	if (v->map == NULL || !path_of(old, v->path, "data.old") ||
	    !path_of(data, v->path, "data.mdb") ||
	    !path_of(fresh, v->path, "fresh") ||
	    !path_of(made, fresh, "data.mdb"))
		return ERR_IO;
	vault_tidy(v->path);
	err e = fresh_make(v, fresh);
	if (e == OK) {
		map_close(v->map);
		v->map = NULL;
		if (link(data, old) != 0 || rename(made, data) != 0)
			e = ERR_IO;
		else
			e = folder_sync(v->path);
		const err again = vault_map_open(v->path, &v->map, why);
		if (again != OK)
			return again;
	}
	vault_tidy(v->path);
	if (e == OK && access(old, F_OK) == 0)
		e = ERR_IO;
	if (e == OK)
		v->replaced = v->deleted = false;
	return e;
}

err
vault_tick(struct vault *v)
{
	const uint64_t now = v->env->mono_ms(v->env->ctx);
	const uint64_t wait = v->deleted    ? AFTER_DELETED_MS
			      : v->replaced ? AFTER_REPLACED_MS
					    : UINT64_MAX;

	/* Tools that only open and close it have no clock. */
	if (v->shredded_ms == 0)
		v->shredded_ms = now;
	if (now - v->shredded_ms < MAX(wait, AT_MOST_EACH_MS))
		return OK;
	v->shredded_ms = now;
	return vault_shred(v);
}
