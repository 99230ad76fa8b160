#include "node/keys/vault.h"

#include <stdlib.h>
#include <string.h>

#include "node/keys/vault_internal.h"

#define TABLE      VAULT_TABLE
#define SEALED_MAX MAP_VALUE_MAX
#define TEXT_MAX   (SEALED_MAX - AEAD_NONCE - AEAD_TAG)

err
vault_map_open(const char *path, struct map **out, char why[MAP_WHY])
{
	const struct map_lmdb_options options = { .map_bytes = VAULT_BYTES,
		.create = true };

	return map_lmdb_open(path, &options, out, why);
}

/* After a shredding whose last step failed the file is opened when it is
 * needed. */
static err
begin(struct vault *v, bool write, struct map_txn **txn)
{
	char why[MAP_WHY] = "";

	if (v->map == NULL)
		TRY(vault_map_open(v->path, &v->map, why));
	return map_begin(v->map, write, txn);
}

err
vault_open(const char *path, const uint8_t key[AEAD_KEY], const struct env *env,
    struct vault **out, struct problem *p)
{
	char why[MAP_WHY] = "";
	struct vault *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return ERR_NOMEM;
	ASSERT(strlen(path) < sizeof(v->path));
	memcpy(v->path, path, strlen(path));
	const err e = vault_map_open(path, &v->map, why);
	if (e != OK) {
		problem_set(p, problem_exit(e), "E1201",
		    "cannot open the private data in %s", path);
		problem_why(p, "%s", why);
		free(v);
		return e;
	}
	vault_tidy(path);
	v->env = env;
	memcpy(v->key, key, AEAD_KEY);
	*out = v;
	return OK;
}

void
vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	/* What fails here is done after the next start. */
	if (v->replaced || v->deleted)
		(void)!vault_shred(v);
	map_close(v->map);
	crypto_wipe(v, sizeof(*v));
	free(v);
}

static json_t *
unseal(const struct vault *v, struct slice name, struct slice sealed)
{
	uint8_t text[SEALED_MAX];

	if (sealed.n < AEAD_NONCE + AEAD_TAG || sealed.n > SEALED_MAX)
		return NULL;
	const size_t n = sealed.n - AEAD_NONCE;
	if (!chachapoly_open(text, sealed.p + AEAD_NONCE, n,
		(struct crypto_part){ name.p, name.n }, sealed.p, v->key))
		return NULL;
	/* Whatever could be put can be got, texts with NUL among them. */
	json_t *value = json_loadb((const char *)text, n - AEAD_TAG,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	crypto_wipe(text, sizeof(text));
	return value;
}

json_t *
vault_get(struct vault *v, const char *name, bool *bad)
{
	struct map_txn *txn = NULL;
	struct slice sealed;
	json_t *value = NULL;

	if (begin(v, false, &txn) != OK)
		return NULL;
	if (map_get(txn, TABLE, slice_str(name), &sealed) == OK) {
		value = unseal(v, slice_str(name), sealed);
		if (value == NULL && bad != NULL)
			*bad = true;
	}
	map_abort(txn);
	return value;
}

static err
put_one(
    struct vault *v, struct map_txn *txn, const char *name, const json_t *value)
{
	uint8_t sealed[SEALED_MAX];
	const struct slice key = slice_str(name);
	struct slice before;

	ASSERT(key.n >= 1 && key.n <= VAULT_NAME_MAX);
	if (value == NULL) {
		const err e = map_del(txn, TABLE, key);
		v->deleted = v->deleted || e == OK;
		return e == ERR_NOTFOUND ? OK : e;
	}
	v->replaced = v->replaced || map_get(txn, TABLE, key, &before) == OK;
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	if (text == NULL)
		return ERR_NOMEM;
	const size_t n = strlen(text);
	err e = n > TEXT_MAX ? ERR_LIMIT : OK;
	if (e == OK) {
		v->env->random(v->env->ctx, sealed, AEAD_NONCE);
		chachapoly_seal(sealed + AEAD_NONCE, (const uint8_t *)text, n,
		    (struct crypto_part){ key.p, key.n }, sealed, v->key);
		e = map_put(txn, TABLE, key,
		    slice_of(sealed, AEAD_NONCE + n + AEAD_TAG), MAP_PUT);
	}
	crypto_wipe(text, n);
	free(text);
	return e;
}

err
vault_put_all(struct vault *v, const struct vault_item *items, size_t n)
{
	struct map_txn *txn = NULL;
	err e = OK;

	TRY(begin(v, true, &txn));
	for (size_t i = 0; i < n && e == OK; i++)
		e = put_one(v, txn, items[i].name, items[i].value);
	if (e == OK)
		return map_commit(txn);
	map_abort(txn);
	return e;
}

err
vault_put(struct vault *v, const char *name, const json_t *value)
{
	struct map_txn *txn = NULL;

	if (value == NULL)
		return ERR_NOMEM;
	TRY(begin(v, true, &txn));
	const err e = put_one(v, txn, name, value);
	if (e == OK)
		return map_commit(txn);
	map_abort(txn);
	return e;
}

err
vault_delete(struct vault *v, const char *name)
{
	struct map_txn *txn = NULL;

	TRY(begin(v, true, &txn));
	const err e = map_del(txn, TABLE, slice_str(name));
	v->deleted = v->deleted || e == OK;
	if (e == OK)
		return map_commit(txn);
	map_abort(txn);
	return e == ERR_NOTFOUND ? OK : e;
}

void
vault_each(struct vault *v, const char *prefix,
    bool (*fn)(void *ctx, const char *name, json_t *value), void *ctx)
{
	const struct slice want = slice_str(prefix);
	struct map_txn *txn = NULL;
	struct map_cursor *c = NULL;
	struct slice key, sealed;

	if (begin(v, false, &txn) != OK)
		return;
	if (map_cursor_open(txn, TABLE, &c) != OK) {
		map_abort(txn);
		return;
	}
	err e = map_cursor_seek(c, want, &key, &sealed);
	bool more = true;
	while (more && e == OK && key.n >= want.n && key.n <= VAULT_NAME_MAX &&
	       memcmp(key.p, want.p, want.n) == 0) {
		char name[VAULT_NAME_MAX + 1];
		memcpy(name, key.p, key.n);
		name[key.n] = 0;
		json_t *value = unseal(v, key, sealed);
		if (value != NULL)
			more = fn(ctx, name, value);
		json_decref(value);
		e = map_cursor_next(c, &key, &sealed);
	}
	map_cursor_close(c);
	map_abort(txn);
}

err
vault_each_sealed(struct vault *v,
    bool (*fn)(void *ctx, struct slice name, struct slice sealed), void *ctx)
{
	struct map_txn *txn = NULL;
	struct map_cursor *c = NULL;
	struct slice name, sealed;

	TRY(begin(v, false, &txn));
	err e = map_cursor_open(txn, TABLE, &c);
	if (e != OK) {
		map_abort(txn);
		return e;
	}
	do {
		e = map_cursor_next(c, &name, &sealed);
	} while (e == OK && fn(ctx, name, sealed));
	map_cursor_close(c);
	map_abort(txn);
	return e == ERR_NOTFOUND ? OK : e;
}

err
vault_put_sealed(struct vault *v, struct slice name, struct slice sealed)
{
	struct map_txn *txn = NULL;

	if (name.n < 1 || name.n > VAULT_NAME_MAX || sealed.n > SEALED_MAX)
		return ERR_AUTH;
	json_t *value = unseal(v, name, sealed);
	if (value == NULL)
		return ERR_AUTH;
	json_decref(value);
	TRY(begin(v, true, &txn));
	const err e = map_put(txn, TABLE, name, sealed, MAP_PUT);
	if (e == OK)
		return map_commit(txn);
	map_abort(txn);
	return e;
}

err
vault_delete_all(struct vault *v, const char *prefix)
{
	const struct slice want = slice_str(prefix);
	struct map_txn *txn = NULL;
	struct map_cursor *c = NULL;
	struct slice name, sealed;

	TRY(begin(v, true, &txn));
	err e = map_cursor_open(txn, TABLE, &c);
	if (e != OK) {
		map_abort(txn);
		return e;
	}
	e = map_cursor_seek(c, want, &name, &sealed);
	while (e == OK && name.n >= want.n &&
	       memcmp(name.p, want.p, want.n) == 0) {
		uint8_t copy[MAP_KEY_MAX];
		memcpy(copy, name.p, name.n);
		e = map_del(txn, TABLE, slice_of(copy, name.n));
		v->deleted = v->deleted || e == OK;
		if (e == OK)
			e = map_cursor_next(c, &name, &sealed);
	}
	map_cursor_close(c);
	if (e == OK || e == ERR_NOTFOUND)
		return map_commit(txn);
	map_abort(txn);
	return e;
}
