/*
 * keyfile.h: the secrets of a node in one file, sealed by a passphrase with
 * Argon2id (crypto/keys.h). It is written once and never overwritten.
 *
 *   sealed( "ohcnsec1" | version u8 = 1 | flags u8 = 0 | seed 32
 *           | node seed 32 | private-data key 32 | created u64be )
 */
#pragma once

#include "crypto/keys.h"
#include "node/base/problem.h"

struct key_material {
	uint8_t seed[SEED_SIZE];         /* of the personas */
	uint8_t node_seed[ED25519_SEED]; /* of the libp2p key; random */
	uint8_t private_key[AEAD_KEY];   /* of the private data at rest */
	uint64_t created;                /* seconds since 1970 */
	bool guarded; /* not in the file: the passphrase is not the empty one */
};

#define PASSPHRASE_MAX 1024

/** key_material_new(out, seed, now): ${seed} may be NULL: random. */
void key_material_new(
    struct key_material *out, const uint8_t seed[SEED_SIZE], uint64_t now);
void key_material_wipe(struct key_material *km);

/*
 * The secrets as bytes, before they are sealed: in the key file and in a
 * backup of the node. key_material_get(): false: not such bytes.
 */
#define KEY_MATERIAL_BYTES (8 + 1 + 1 + SEED_SIZE + ED25519_SEED + AEAD_KEY + 8)
void key_material_put(
    uint8_t out[KEY_MATERIAL_BYTES], const struct key_material *km);
NODISCARD bool key_material_get(
    const uint8_t in[KEY_MATERIAL_BYTES], struct key_material *km);

/**
 * keyfile_cost(target_ms): a cost that takes about that long here, never
 * below SEAL_OPS_MIN and SEAL_MEM_KIB_MIN. Takes up to a second.
 */
struct seal_cost keyfile_cost(unsigned target_ms);

/**
 * keyfile_create(path, km, pass, pass_n, cost, p):
 * ERR_EXISTS: there is a file, left as it is; ERR_IO; ERR_NOMEM. On an
 * error nothing is there.
 */
NODISCARD err keyfile_create(const char *path, const struct key_material *km,
    const char *pass, size_t pass_n, struct seal_cost cost, struct problem *p);

/**
 * keyfile_open(path, pass, pass_n, out, p):
 * ERR_NOTFOUND; ERR_IO; ERR_AUTH: wrong passphrase or changed file;
 * ERR_CORRUPT: cut short or not such a file; ERR_LIMIT: asks for a cost that
 * we refuse; ERR_NOMEM. ${out} is wiped on an error.
 */
NODISCARD err keyfile_open(const char *path, const char *pass, size_t pass_n,
    struct key_material *out, struct problem *p);

/* Where the passphrase comes from; the first that is given is taken. */
struct passphrase_source {
	bool none;        /* --no-passphrase: the empty one */
	const char *file; /* --passphrase-file, else $OHCN_PASSPHRASE_FILE */
	bool twice;       /* a new one: ask on the terminal a second time */
};

/**
 * passphrase_get(source, out, n, p):
 * From a file (its first line) or the terminal, without echo. ERR_AUTH:
 * nothing to ask, an empty one without ${none}, the two differ; ERR_IO.
 */
NODISCARD err passphrase_get(const struct passphrase_source *source,
    char out[PASSPHRASE_MAX], size_t *n, struct problem *p);
