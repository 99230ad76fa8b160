/*
 * vault.h: the private data of this node at rest: drafts, wishes, plans. It
 * lies in an environment of its own, every value sealed under the private
 * key of the key file, so that forgetting the key forgets the data.
 *
 *   value = nonce 12 || ChaCha20-Poly1305(JSON text), the name as its ad
 *
 * What is deleted or replaced is gone from the file, too, some time later
 * (vault_tick()) or when the vault is closed: the file is made anew from what
 * is left, and the old one overwritten. What cannot be promised stands in
 * erase.h.
 *
 * Small and rare writes: each is on the disk when the call returns. For the
 * loop's thread.
 */
#pragma once

#include <jansson.h>

#include "crypto/crypto.h"
#include "node/base/problem.h"
#include "proto/base/env.h"

#define VAULT_NAME_MAX 60 /* bytes of a name */

struct vault;

/**
 * vault_open(path, key, env, out, p):
 * ${key} is copied. ERR_EXISTS: another node has it open; ERR_CORRUPT;
 * ERR_IO.
 */
NODISCARD err vault_open(const char *path, const uint8_t key[AEAD_KEY],
    const struct env *env, struct vault **out, struct problem *p);
void vault_close(struct vault *v); /* wipes the key; NULL is fine */

/**
 * vault_tick(v): each second: vault_shred() a minute after something was
 * deleted, and an hour after something was replaced. Errors of it.
 */
NODISCARD err vault_tick(struct vault *v);

/**
 * vault_shred(v): make the file anew, overwrite the old one. A crash at any
 * moment leaves a whole file, and what is left of the other is overwritten
 * when the vault is opened. Not within vault_each(). ERR_IO, ERR_CORRUPT,
 * ERR_NOMEM: what was deleted may still be on the disk.
 */
NODISCARD err vault_shred(struct vault *v);

/**
 * vault_get(v, name): a new reference, or NULL: absent. ${bad}, if not NULL,
 * becomes true when a value is there and cannot be opened.
 */
json_t *vault_get(struct vault *v, const char *name, bool *bad);

/** vault_put(v, name, value): ERR_LIMIT: over 20,452 bytes of JSON; ERR_IO. */
NODISCARD err vault_put(struct vault *v, const char *name, const json_t *value);

/* For vault_put_all(). ${value} NULL: the name is deleted. */
struct vault_item {
	char name[VAULT_NAME_MAX + 1];
	const json_t *value;
};

/** vault_put_all(v, items, n): all of them or none. Errors of vault_put(). */
NODISCARD err vault_put_all(
    struct vault *v, const struct vault_item *items, size_t n);
NODISCARD err vault_delete(struct vault *v, const char *name);

/** vault_each(v, prefix, fn, ctx): names in order; false ends the walk. */
void vault_each(struct vault *v, const char *prefix,
    bool (*fn)(void *ctx, const char *name, json_t *value), void *ctx);

/**
 * vault_each_sealed(v, fn, ctx): all values as they lie there, for a backup;
 * false ends the walk. ERR_IO, ERR_CORRUPT, ERR_NOMEM.
 */
NODISCARD err vault_each_sealed(struct vault *v,
    bool (*fn)(void *ctx, struct slice name, struct slice sealed), void *ctx);

/**
 * vault_put_sealed(v, name, sealed): from a backup, under the same key.
 * ERR_AUTH: it does not open; ERR_IO.
 */
NODISCARD err vault_put_sealed(
    struct vault *v, struct slice name, struct slice sealed);

/** vault_delete_all(v, prefix): every name that begins with it. ERR_IO. */
NODISCARD err vault_delete_all(struct vault *v, const char *prefix);
