/*
 * paths.h: where things lie. With a home (--home or OHCN_HOME) everything is
 * below that directory; otherwise in the XDG directories. The directories
 * are made with mode 0700.
 */
#pragma once

#include "node/base/config.h"

#define PATH_TEXT_MAX 512

struct paths {
	char home[PATH_TEXT_MAX];        /* the data directory */
	char config[PATH_TEXT_MAX];      /* ohcn.conf, the user's own file */
	char key[PATH_TEXT_MAX];         /* the sealed key file */
	char store[PATH_TEXT_MAX];       /* directory of the public store */
	char private_dir[PATH_TEXT_MAX]; /* sealed drafts, private data */
	char socket[PATH_TEXT_MAX];      /* of the API */
	char token[PATH_TEXT_MAX];       /* of the API over TCP */
	char log[PATH_TEXT_MAX];         /* of a node in the background */
	char runtime[PATH_TEXT_MAX];     /* directory of socket and token */
};

/**
 * paths_find(out, home, p):
 * ${home} is what --home gave, or NULL. Reads the environment; makes
 * nothing. ERR_CONFIG: no home can be told, or a path is too long (a Unix
 * socket's holds 107 bytes).
 */
NODISCARD err paths_find(
    struct paths *out, const char *home, struct problem *p);

/** paths_override(paths, c, p): api.socket and api.token_file, if set. */
NODISCARD err paths_override(
    struct paths *paths, const struct config *c, struct problem *p);

/** paths_make(paths, p): make the directories, 0700; ERR_IO. */
NODISCARD err paths_make(const struct paths *paths, struct problem *p);

/**
 * file_replace(path, bytes, mode, p):
 * Write beside, fsync, rename, fsync the directory. ERR_IO: nothing changed.
 */
NODISCARD err file_replace(
    const char *path, struct slice bytes, unsigned mode, struct problem *p);

/** file_create(path, bytes, mode, p): the same, but ERR_EXISTS if it is. */
NODISCARD err file_create(
    const char *path, struct slice bytes, unsigned mode, struct problem *p);

/**
 * file_read(path, max, out, p):
 * ${out->p} is malloc'ed with a zero byte after the end, the caller frees it
 * ("-" is standard input). ERR_NOTFOUND, ERR_LIMIT (over ${max}), ERR_IO.
 */
NODISCARD err file_read(
    const char *path, size_t max, struct slice *out, struct problem *p);
