/*
 * backup.h: a whole node in one file, sealed by a passphrase: its keys,
 * private data, own records, settings, and the peers that it knew. Not in it:
 * the records of others, which come again from the network, and vocabularies
 * that were imported from files (where they lie is).
 *
 *   file  = header of crypto/stream.h ("ohcnback", version 1) | piece ...
 *   piece = n u32be | n bytes of a sealed item
 *   item  = type u8 | bytes:
 *     0 begin      nothing: the passphrase is right if it opens
 *     1 manifest   JSON {"made", "made_by", "network", "author", "peer_id"}
 *     2 keys       as in the key file, before it is sealed (keyfile.h)
 *     3 settings   the text of ohcn.conf
 *     4 network    the text of swarm.key, of a private network
 *     5 private    length of a name u8 | name | value as the vault seals it
 *     6 record     1 if others have it already, else 0 | record
 *     7 end        nothing
 * The begin comes first, then the manifest, the end last, in the final piece;
 * nothing follows it. Other types are left out when reading.
 *
 * Between node and command line the items 5 and 6 travel as "type u8 | n
 * u32be | n bytes", an end last (GET /api/v1/backup): the node has forgotten
 * the keys by then, the command line knows nothing else.
 */
#pragma once

#include <jansson.h>

#include "node/base/paths.h"
#include "node/keys/keyfile.h"
#include "node/keys/vault.h"
#include "store/store.h"

#define BACKUP_VERSION  1
#define BACKUP_MAX      (UINT64_C(1) << 30) /* bytes of a file */
#define BACKUP_ITEM_MAX 65536

enum backup_item {
	BACKUP_BEGIN,
	BACKUP_MANIFEST,
	BACKUP_KEYS,
	BACKUP_SETTINGS,
	BACKUP_NETWORK,
	BACKUP_PRIVATE,
	BACKUP_RECORD,
	BACKUP_END,
};

/* Bytes that grow; zero is empty, free(p). */
struct bytes {
	uint8_t *p;
	size_t n, cap;
};

/**
 * backup_collect(v, view, out):
 * The items 5, 6 and the end, as they travel. ERR_LIMIT: over BACKUP_MAX;
 * ERR_NOMEM; ERR_CORRUPT, ERR_IO of the store.
 */
NODISCARD err backup_collect(
    struct vault *v, struct store_view *view, struct bytes *out);

/* What a backup holds; slices point into ${memory}. */
struct backup {
	json_t *manifest;
	struct key_material keys;
	struct slice settings, network; /* empty: none */
	struct slice items;             /* 5, 6 and the end, as they travel */
	uint32_t private_n, records_n;
	struct bytes memory;
};

/**
 * backup_save(path, b, pass, pass_n, cost, replace, p):
 * Write ${b} (its manifest, keys, settings, network, items), to the disk,
 * then read it again to the end. ERR_EXISTS: there is a file, and not
 * ${replace}; ERR_IO: no room, or it cannot be written; ERR_NOMEM; ERR_FORM:
 * ${b}->items are not what they should be. On an error no file is there, or
 * the one of before.
 */
NODISCARD err backup_save(const char *path, const struct backup *b,
    const char *pass, size_t pass_n, struct seal_cost cost, bool replace,
    struct problem *p);

/**
 * backup_load(path, pass, pass_n, out, p):
 * All of it, checked to the end. ERR_NOTFOUND; ERR_IO; ERR_AUTH: the wrong
 * passphrase (or its beginning was changed); ERR_CORRUPT: changed, cut, or
 * not a backup; ERR_CONFIG: of a newer version; ERR_NOMEM. backup_free() it.
 */
NODISCARD err backup_load(const char *path, const char *pass, size_t pass_n,
    struct backup *out, struct problem *p);

/** backup_free(b): wipes what is secret. */
void backup_free(struct backup *b);

/**
 * backup_next(in, type, bytes):
 * The next of ${items}. ERR_NOTFOUND: the end, and nothing after it;
 * ERR_FORM: not items.
 */
NODISCARD err backup_next(
    struct slice *in, enum backup_item *type, struct slice *bytes);

struct backup_restored {
	uint32_t private_n, records_n;
	uint32_t expired_n; /* own records whose time has passed since */
};

/**
 * backup_restore(b, paths, pass, pass_n, cost, now_s, out, p):
 * Make a node of it in ${paths}, where none may be: ERR_EXISTS. The key file
 * is sealed with ${pass} and written last, so that a node without it is an
 * unfinished one. ERR_IO, ERR_NOMEM, ERR_CORRUPT; what was made is taken
 * away again.
 */
NODISCARD err backup_restore(const struct backup *b, const struct paths *paths,
    const char *pass, size_t pass_n, struct seal_cost cost, uint64_t now_s,
    struct backup_restored *out, struct problem *p);
