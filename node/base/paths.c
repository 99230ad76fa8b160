#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/base/paths.h"

#define SOCKET_PATH_MAX 107 /* sun_path without its zero, on Linux */

static err
join(char out[PATH_TEXT_MAX], const char *dir, const char *name,
    struct problem *p)
{
	if (snprintf(out, PATH_TEXT_MAX, "%s%s%s", dir,
		name[0] == '\0' ? "" : "/", name) < PATH_TEXT_MAX)
		return OK;
	problem_set(
	    p, EXIT_CONFIG, "E1201", "the path %.100s... is too long", dir);
	problem_hint(p, "a shorter directory with --home");
	return ERR_CONFIG;
}

/* $NAME/ohcn if the variable holds an absolute path, else $HOME/rest. */
static err
xdg(char out[PATH_TEXT_MAX], const char *variable, const char *rest,
    struct problem *p)
{
	const char *dir = getenv(variable), *home = getenv("HOME");
	char base[PATH_TEXT_MAX];

	if (dir != NULL && dir[0] == '/')
		return join(out, dir, "ohcn", p);
	if (home == NULL || home[0] != '/') {
		problem_set(p, EXIT_CONFIG, "E1202",
		    "cannot tell where the data should lie");
		problem_why(p, "neither OHCN_HOME nor HOME is set");
		problem_hint(p, "--home DIRECTORY");
		return ERR_CONFIG;
	}
	TRY(join(base, home, rest, p));
	return join(out, base, "ohcn", p);
}

static err
check_socket(const char *path, struct problem *p)
{
	if (strlen(path) <= SOCKET_PATH_MAX)
		return OK;
	problem_set(p, EXIT_CONFIG, "E1201",
	    "the path of the API's socket is longer than %d bytes",
	    SOCKET_PATH_MAX);
	problem_why(p, "%s", path);
	problem_hint(p, "--set api.socket=/tmp/NAME.sock, or a shorter --home");
	return ERR_CONFIG;
}

err
paths_find(struct paths *out, const char *home, struct problem *p)
{
	char config_dir[PATH_TEXT_MAX], state[PATH_TEXT_MAX];
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	*out = (struct paths){ 0 };
	if (home == NULL || home[0] == '\0')
		home = getenv("OHCN_HOME");
	if (home != NULL && home[0] != '\0') {
		char *real = realpath(home, NULL);
		char cwd[PATH_TEXT_MAX];
		err e;

		/* A node in the background has another current directory. */
		if (real != NULL) {
			e = join(out->home, real, "", p);
			free(real);
		} else if (home[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL) {
			e = join(out->home, home, "", p);
		} else {
			e = join(out->home, cwd, home, p);
		}
		TRY(e);
		TRY(join(out->runtime, out->home, "run", p));
		TRY(join(config_dir, out->home, "", p));
		TRY(join(state, out->home, "", p));
	} else {
		TRY(xdg(out->home, "XDG_DATA_HOME", ".local/share", p));
		TRY(xdg(config_dir, "XDG_CONFIG_HOME", ".config", p));
		TRY(xdg(state, "XDG_STATE_HOME", ".local/state", p));
		if (runtime != NULL && runtime[0] == '/')
			TRY(join(out->runtime, runtime, "ohcn", p));
		else
			TRY(join(out->runtime, out->home, "run", p));
	}
	TRY(join(out->config, config_dir, "ohcn.conf", p));
	TRY(join(out->key, out->home, "key", p));
	TRY(join(out->store, out->home, "store", p));
	TRY(join(out->private_dir, out->home, "private", p));
	TRY(join(out->socket, out->runtime, "api.sock", p));
	TRY(join(out->token, out->runtime, "token", p));
	TRY(join(out->log, state, "ohcn.log", p));
	return OK;
}

err
paths_override(struct paths *paths, const struct config *c, struct problem *p)
{
	if (c->api.socket[0] != '\0')
		TRY(join(paths->socket, c->api.socket, "", p));
	if (c->api.token_file[0] != '\0')
		TRY(join(paths->token, c->api.token_file, "", p));
	return check_socket(paths->socket, p);
}

static err
make_one(const char *path, struct problem *p)
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return OK;
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return OK;
	problem_set(p, EXIT_DISK, "E1203", "cannot make the directory %s: %s",
	    path, strerror(errno));
	return ERR_IO;
}

/* With the directories above it; those that exist are left as they are. */
static err
make_all(const char *path, struct problem *p)
{
	char part[PATH_TEXT_MAX];

	for (size_t i = 1; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		TRY(make_one(part, p));
	}
	return make_one(path, p);
}

static err
make_parent(const char *path, struct problem *p)
{
	char part[PATH_TEXT_MAX];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return OK;
	memcpy(part, path, (size_t)(slash - path));
	part[slash - path] = '\0';
	return make_all(part, p);
}

err
paths_make(const struct paths *paths, struct problem *p)
{
	TRY(make_all(paths->home, p));
	TRY(make_all(paths->runtime, p));
	TRY(make_all(paths->store, p));
	TRY(make_all(paths->private_dir, p));
	TRY(make_parent(paths->config, p));
	return make_parent(paths->log, p);
}

static err
io_problem(struct problem *p, const char *what, const char *path)
{
	problem_set(p, EXIT_DISK, "E1204", "cannot %s %s: %s", what, path,
	    strerror(errno));
	if (errno == ENOSPC)
		problem_hint(p, "make room on the disk; nothing was changed");
	return ERR_IO;
}

static err
sync_parent(const char *path, struct problem *p)
{
	char dir[PATH_TEXT_MAX];
	const char *slash = strrchr(path, '/');
	int fd, bad;

	snprintf(dir, sizeof(dir), "%.*s",
	    slash == NULL ? 1 : (int)MAX(slash - path, 1),
	    slash == NULL ? "." : path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return io_problem(p, "open", dir);
	bad = fsync(fd);
	close(fd);
	return bad == 0 ? OK : io_problem(p, "sync", dir);
}

static err
write_all(int fd, struct slice bytes)
{
	while (bytes.n > 0) {
		const ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		slice_skip(&bytes, (size_t)n);
	}
	return OK;
}

/* ${fresh}: the name must not exist; link() decides that atomically. */
static err
file_put(const char *path, struct slice bytes, unsigned mode, bool fresh,
    struct problem *p)
{
	char temporary[PATH_TEXT_MAX + 16];
	err e = OK;
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	fd = mkstemp(temporary);
	if (fd < 0)
		return io_problem(p, "write beside", path);
	if (fchmod(fd, (mode_t)mode) != 0 || write_all(fd, bytes) != OK ||
	    fsync(fd) != 0)
		e = io_problem(p, "write", path);
	if (close(fd) != 0 && e == OK)
		e = io_problem(p, "write", path);
	if (e == OK && fresh && link(temporary, path) != 0) {
		if (errno == EEXIST) {
			problem_set(p, EXIT_CONFLICT, "E1205",
			    "%s exists and is left as it is", path);
			e = ERR_EXISTS;
		} else {
			e = io_problem(p, "make", path);
		}
	}
	if (e == OK && !fresh && rename(temporary, path) != 0)
		e = io_problem(p, "replace", path);
	if (fresh || e != OK)
		unlink(temporary);
	return e == OK ? sync_parent(path, p) : e;
}

err
file_replace(
    const char *path, struct slice bytes, unsigned mode, struct problem *p)
{
	return file_put(path, bytes, mode, false, p);
}

err
file_create(
    const char *path, struct slice bytes, unsigned mode, struct problem *p)
{
	return file_put(path, bytes, mode, true, p);
}

err
file_read(const char *path, size_t max, struct slice *out, struct problem *p)
{
	const bool standard = strcmp(path, "-") == 0;
	FILE *f = standard ? stdin : fopen(path, "re");
	size_t cap = MIN(max, (size_t)65536) + 1, n = 0;
	uint8_t *bytes;
	err e = OK;

	*out = (struct slice){ 0 };
	if (f == NULL) {
		const bool absent = errno == ENOENT;

		problem_set(p, absent ? EXIT_NOTFOUND : EXIT_USAGE, "E1206",
		    "cannot read %s: %s", path, strerror(errno));
		return absent ? ERR_NOTFOUND : ERR_IO;
	}
	bytes = malloc(cap + 1);
	while (bytes != NULL) {
		n += fread(bytes + n, 1, cap - n, f);
		if (n < cap || n > max)
			break;
		cap = MIN(cap * 2, max + 1);
		uint8_t *more = realloc(bytes, cap + 1);
		if (more == NULL)
			free(bytes);
		bytes = more;
	}
	if (bytes == NULL) {
		problem_set(
		    p, EXIT_TEMPORARY, "E1206", "no memory for %s", path);
		e = ERR_NOMEM;
	} else if (ferror(f) != 0) {
		problem_set(p, EXIT_USAGE, "E1206", "cannot read %s: %s", path,
		    strerror(errno));
		e = ERR_IO;
	} else if (n > max) {
		problem_set(p, EXIT_USAGE, "E1207",
		    "%s is larger than %zu bytes", path, max);
		e = ERR_LIMIT;
	}
	if (!standard)
		fclose(f);
	if (e != OK) {
		free(bytes);
		return e;
	}
	bytes[n] = '\0';
	*out = slice_of(bytes, n);
	return OK;
}
