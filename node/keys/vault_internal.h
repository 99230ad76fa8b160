/* vault_internal.h: what vault.c and vault_shred.c share. */
#pragma once

#include "crypto/crypto.h"
#include "proto/base/env.h"
#include "store/map.h"

#define VAULT_BYTES (UINT64_C(1) << 30) /* address space */
#define VAULT_TABLE 0
#define VAULT_PATH  4096

struct vault {
	struct map *map; /* NULL: it could not be opened again */
	const struct env *env;
	char path[VAULT_PATH];
	uint8_t key[AEAD_KEY];
	bool replaced, deleted; /* values, since the file was made anew */
	uint64_t shredded_ms;   /* when it was, or the first vault_tick() */
};

/** vault_map_open(path, out, why): as map_lmdb_open(). */
NODISCARD err vault_map_open(
    const char *path, struct map **out, char why[MAP_WHY]);

/** vault_tidy(path): after a shredding that was cut short. The map is open,
 * so nobody else's is. */
void vault_tidy(const char *path);
