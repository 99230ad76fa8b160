/*
 * vocabulary_load.h: reading the core and the imported directories into a
 * new vocabulary, on a worker, with "vocabulary" events about the progress.
 * The directories are remembered (sealed, in the vault) and read again at the
 * next start; the files stay where they are.
 *
 * For the loop's thread.
 */
#pragma once

#include "node/node.h"

#define VOCABULARY_DIRS "vocabulary/directories" /* name in the vault */
/* [{"uri", "type", "labels": {LANGUAGE: TEXT}, "broader": [TERM], "same_as":
 * [TERM]}], terms as hexadecimal digits. */
#define VOCABULARY_OWN "vocabulary/own"

/*
 * ${report}: of the last directory, if it is new; ${gone}: those of before
 * that could not be read. Both are borrowed and may be NULL. ERR_NOTFOUND,
 * ERR_FORM (a file is broken; "errors" of ${report} tell where), ERR_LIMIT,
 * ERR_IO, ERR_NOMEM: nothing has changed.
 */
typedef void vocabulary_loaded(void *ctx, err e, json_t *report, json_t *gone);

/**
 * vocabulary_load(n, dirs, is_new, done, ctx):
 * ${dirs}: [{"source": "esco" | "onet" | "crosswalk", "dir"}], taken. With ${is_new} the
 * last of them has to succeed; the others are left out when they cannot be
 * read. Not while vocabulary_loading().
 */
void vocabulary_load(struct node *n, json_t *dirs, bool is_new,
    vocabulary_loaded *done, void *ctx);

/** vocabulary_load_own(n, dirs, own, done, ctx): the same with own terms that
 * are not in the vault yet; takes both. vocabulary_load() has those of it. */
void vocabulary_load_own(struct node *n, json_t *dirs, json_t *own,
    vocabulary_loaded *done, void *ctx);

bool vocabulary_loading(void);

/**
 * vocabulary_reload(n):
 * At the start: the directories that were imported before. Until they are
 * read the core alone is understood.
 */
void vocabulary_reload(struct node *n);
