#define _XOPEN_SOURCE 700
#include "node/care/care.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "proto/record/scope.h"

#define SPARE_BYTES (UINT64_C(4) << 20) /* a disk is never filled to the end */

void
care_mark(const uint8_t author[ED25519_PUBLIC], uint8_t mark[STORE_MARK])
{
	struct slice id = { NULL, 0 };
	const bool known = file_read("/etc/machine-id", 256, &id, NULL) == OK;
	const struct crypto_part parts[] = { { author, ED25519_PUBLIC },
		{ known ? id.p : NULL, known ? id.n : 0 } };

	hash_blake2b(mark, STORE_MARK, "ohcn-mark-v1", parts, 2);
	if (known)
		free((void *)(uintptr_t)id.p);
}

err
care_store_open(struct care_store *out, const struct paths *paths,
    const struct config *config, const uint8_t author[ED25519_PUBLIC],
    bool create, struct problem *p)
{
	const struct map_lmdb_options options = {
		.map_bytes = config->store.map_size,
		.create = create,
	};
	struct store_config cf = {
		.net = slice_str(config->node.network),
		.max_bytes = config->store.quota_bytes,
		.max_records = config->store.quota_records,
	};
	char why[STORE_WHY] = "";
	struct scope scope;

	*out = (struct care_store){ 0 };
	TRY(config_scope(config, (uint64_t)time(NULL), &scope, p));
	cf.scope = &scope;
	err e = map_lmdb_open(paths->store, &options, &out->map, why);
	if (e == OK) {
		crypto_random(cf.random, sizeof(cf.random));
		care_mark(author, cf.mark);
		e = store_open(out->map, &cf, &out->store, why);
	}
	if (e == OK)
		return OK;
	care_store_close(out);
	problem_set(p,
	    e == ERR_CONFIG     ? EXIT_NEWER
	    : e == ERR_CORRUPT  ? EXIT_DAMAGED
	    : e == ERR_EXISTS   ? EXIT_CONFLICT
	    : e == ERR_AUTH     ? EXIT_CONFIG
	    : e == ERR_NOTFOUND ? EXIT_NOTFOUND
				: problem_exit(e),
	    "E1301", "cannot open the store in %s", paths->store);
	problem_why(p, "%s", why);
	if (e == ERR_AUTH)
		problem_hint(p, "%s", CARE_OTHER_NET);
	if (e == ERR_CORRUPT)
		problem_hint(p, "ohcn store check, then ohcn store repair");
	return e;
}

void
care_store_close(struct care_store *cs)
{
	store_close(cs->store);
	map_close(cs->map);
	*cs = (struct care_store){ 0 };
}

/* Of the nearest folder above that exists. */
static bool
free_bytes(const char *path, uint64_t *out)
{
	char part[PATH_TEXT_MAX];
	struct statvfs fs;

	(void)snprintf(part, sizeof(part), "%s", path);
	while (statvfs(part, &fs) != 0) {
		char *slash = strrchr(part, '/');
		if (errno != ENOENT && errno != ENOTDIR)
			return false;
		if (slash == NULL)
			(void)snprintf(part, sizeof(part), ".");
		else if (slash == part)
			part[1] = '\0';
		else
			*slash = '\0';
	}
	*out = (uint64_t)fs.f_bavail * fs.f_frsize;
	return true;
}

static void
size_put(char out[32], uint64_t n)
{
	if (n >= UINT64_C(10) << 20)
		(void)snprintf(out, 32, "%" PRIu64 " MiB", n >> 20);
	else
		(void)snprintf(out, 32, "%" PRIu64 " KiB", (n + 1023) >> 10);
}

err
care_room(const char *path, uint64_t bytes, struct problem *p)
{
	char have[32], need[32];
	uint64_t is = 0;

	if (!free_bytes(path, &is) || is >= bytes + SPARE_BYTES)
		return OK;
	size_put(have, is);
	size_put(need, bytes + SPARE_BYTES);
	problem_set(
	    p, EXIT_DISK, "E1720", "too little room on the disk of %s", path);
	problem_why(p, "%s are free, %s are needed", have, need);
	problem_hint(p, "make room, or choose another disk; nothing was "
			"changed");
	return ERR_IO;
}

uint64_t
care_size(const char *dir)
{
	char file[PATH_TEXT_MAX + 16];
	struct stat st;

	(void)snprintf(file, sizeof(file), "%s/data.mdb", dir);
	return stat(file, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void
notes_path(const struct paths *paths, char out[PATH_TEXT_MAX + 16])
{
	(void)snprintf(out, PATH_TEXT_MAX + 16, "%s/care", paths->home);
}

json_t *
care_notes(const struct paths *paths)
{
	char path[PATH_TEXT_MAX + 16];

	notes_path(paths, path);
	json_t *o = json_load_file(path, 0, NULL);
	if (json_is_object(o))
		return o;
	json_decref(o);
	return json_object();
}

void
care_note(const struct paths *paths, const char *what, json_t *value)
{
	char path[PATH_TEXT_MAX + 16];
	json_t *o = care_notes(paths);

	notes_path(paths, path);
	(void)json_object_set_new(o, what, value);
	char *text = json_dumps(o, JSON_COMPACT);
	if (text != NULL &&
	    file_replace(path, slice_str(text), 0600, NULL) != OK)
		(void)fprintf(stderr, "ohcn: cannot write %s\n", path);
	free(text);
	json_decref(o);
}
