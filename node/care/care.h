/*
 * care.h: what the care of a store needs outside it: the mark of this
 * machine, room on the disk, and the memory of when it was last checked and
 * saved (a small file "care" in the home).
 */
#pragma once

#include <jansson.h>

#include "node/base/paths.h"
#include "store/store.h"

/* The hint for a store of a network other than that of the settings. */
#define CARE_OTHER_NET                                                         \
	"node.network in the settings file, or --set node.network=NAME"

/* The hint if it cannot be read. */
#define CARE_MAY_YOU                                                           \
	"may you read it, and write in its folder? A lock file is kept there"

/* A store that is open, and the map that it lies in. */
struct care_store {
	struct map *map;
	struct store *store;
};

/**
 * care_store_open(out, paths, config, author, create, p):
 * The store of the node in ${paths}, as its node opens it. ERR_EXISTS: a
 * node has it open; ERR_NOTFOUND: there is none, and not ${create}; the
 * others of map_lmdb_open() and store_open(), all said in ${p}.
 */
NODISCARD err care_store_open(struct care_store *out, const struct paths *paths,
    const struct config *config, const uint8_t author[ED25519_PUBLIC],
    bool create, struct problem *p);

/** care_store_close(cs): what is open of it. */
void care_store_close(struct care_store *cs);

/** care_mark(author, mark): of this author on this machine. */
void care_mark(const uint8_t author[ED25519_PUBLIC], uint8_t mark[STORE_MARK]);

/**
 * care_room(path, bytes, p):
 * Is there room for ${bytes} on the disk of ${path} (which may be yet to be
 * made), and a little over? ERR_IO with ${p}: how much is, and how much
 * would be needed.
 */
NODISCARD err care_room(const char *path, uint64_t bytes, struct problem *p);

/** care_size(dir): bytes that its data.mdb takes on the disk; 0: none. */
uint64_t care_size(const char *dir);

/** care_note(paths, what, value): remember; takes ${value}. Best effort. */
void care_note(const struct paths *paths, const char *what, json_t *value);

/** care_notes(paths): all that is remembered; an object. */
json_t *care_notes(const struct paths *paths);
