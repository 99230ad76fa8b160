#include "node/keys/intro.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/keys/erase.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "proto/base/text.h"
#include "proto/record/value.h"

#define NAMES      "intro/"
#define LOOK_TICKS 60 /* seconds between looks for keys to erase */

struct held {
	struct intro_key key;
	uint32_t slot; /* of the eraser */
};

struct intro {
	struct eraser *eraser;
	unsigned n;
	struct held held[SIGNER_KEYS_MAX];
};

static void
name_of(const uint8_t pub[X25519_SIZE], char out[VAULT_NAME_MAX + 1])
{
	(void)snprintf(
	    out, VAULT_NAME_MAX + 1, NAMES "%016" PRIx64, get_u64be(pub));
}

/* ---- what lies in the vault ---- */

static bool
hex_exactly(const json_t *o, const char *key, uint8_t *out, size_t n)
{
	const char *hex = json_string_value(json_object_get(o, key));
	struct buf b = { out, 0, n };

	return hex != NULL && hex_get(slice_str(hex), &b) == OK && b.n == n;
}

struct loading {
	struct node *n;
	unsigned dead; /* values that nobody opens any more */
	char names[SIGNER_KEYS_MAX][VAULT_NAME_MAX + 1];
};

static bool
load_one(struct node *n, const json_t *value)
{
	struct intro *in = n->intro;
	struct held *h = &in->held[in->n];
	uint8_t wrap[ERASE_KEY], sealed[SIGNER_SEALED], pub[X25519_SIZE];
	const json_int_t made =
	    json_integer_value(json_object_get(value, "made"));
	const json_int_t persona =
	    json_integer_value(json_object_get(value, "persona"));
	const json_int_t slot =
	    json_integer_value(json_object_get(value, "slot"));

	if (in->n == SIGNER_KEYS_MAX || made <= 0 || persona < 0 ||
	    persona >= PERSONAS_MAX || slot < 0 || slot >= ERASE_SLOTS ||
	    !hex_exactly(value, "sealed", sealed, sizeof(sealed)) ||
	    eraser_get(in->eraser, (uint32_t)slot, wrap) != OK)
		return false;
	const err e = signer_receive_load(n->signer, wrap, sealed, pub);
	crypto_wipe(wrap, sizeof(wrap));
	if (e != OK)
		return false;
	*h = (struct held){ { (uint32_t)persona, (uint64_t)made,
				(uint64_t)made + INTRO_KEEP_S, { 0 } },
		(uint32_t)slot };
	memcpy(h->key.pub, pub, sizeof(pub));
	in->n++;
	return true;
}

static bool
on_value(void *ctx, const char *name, json_t *value)
{
	struct loading *l = ctx;

	if (!load_one(l->n, value) && l->dead < SIGNER_KEYS_MAX)
		(void)snprintf(
		    l->names[l->dead++], VAULT_NAME_MAX + 1, "%s", name);
	return true;
}

err
intro_open(struct node *n)
{
	char path[PATH_TEXT_MAX + 16];
	struct intro *in = calloc(1, sizeof(*in));
	struct loading *l = calloc(1, sizeof(*l));
	err e = ERR_NOMEM;

	if (in == NULL || l == NULL)
		goto out;
	(void)snprintf(
	    path, sizeof(path), "%s/erase.keys", n->paths->private_dir);
	e = eraser_open(path, &in->eraser, n->problem);
	if (e != OK)
		goto out;
	n->intro = in;
	l->n = n;
	vault_each(n->vault, NAMES, on_value, l);
	/* of a restored backup, or cut off while it was erased */
	for (unsigned i = 0; i < l->dead && e == OK; i++)
		e = vault_delete(n->vault, l->names[i]);
	free(l);
	return e;
out:
	free(l);
	free(in);
	return e;
}

void
intro_load_again(struct node *n)
{
	struct loading *l = calloc(1, sizeof(*l));

	if (n->intro == NULL || l == NULL) {
		free(l);
		return;
	}
	crypto_wipe(n->intro->held, sizeof(n->intro->held));
	n->intro->n = 0;
	l->n = n;
	vault_each(n->vault, NAMES, on_value, l);
	free(l);
}

void
intro_close(struct node *n)
{
	if (n->intro == NULL)
		return;
	eraser_close(n->intro->eraser);
	free(n->intro);
	n->intro = NULL;
}

/* ---- making and erasing ---- */

static err
put_value(
    struct node *n, const struct held *h, const uint8_t sealed[SIGNER_SEALED])
{
	char name[VAULT_NAME_MAX + 1], hex[2 * SIGNER_SEALED + 1];

	name_of(h->key.pub, name);
	TRY(hex_put(hex, sizeof(hex), slice_of(sealed, SIGNER_SEALED)));
	json_t *value = json_pack("{s:I, s:I, s:I, s:s}", "persona",
	    (json_int_t)h->key.persona, "made", (json_int_t)h->key.made_s,
	    "slot", (json_int_t)h->slot, "sealed", hex);
	const err e =
	    value == NULL ? ERR_NOMEM : vault_put(n->vault, name, value);
	json_decref(value);
	return e;
}

static err
make(struct node *n, uint32_t persona, struct held **out)
{
	struct intro *in = n->intro;
	struct held *h = &in->held[in->n];
	uint8_t wrap[ERASE_KEY], sealed[SIGNER_SEALED];

	if (in->n == SIGNER_KEYS_MAX)
		return ERR_LIMIT;
	*h = (struct held){ { persona, node_now(n), node_now(n) + INTRO_KEEP_S,
	    { 0 } } };
	TRY(eraser_new(in->eraser, &h->slot, wrap));
	err e = signer_receive_new(n->signer, wrap, h->key.pub, sealed);
	crypto_wipe(wrap, sizeof(wrap));
	if (e == OK) {
		e = put_value(n, h, sealed);
		if (e != OK)
			(void)!signer_receive_drop(n->signer, h->key.pub);
	}
	if (e != OK) {
		(void)!eraser_wipe(in->eraser, h->slot);
		return e;
	}
	in->n++;
	*out = h;
	return OK;
}

/* First what makes the rest useless, then the rest. */
static bool
erase_at(struct node *n, unsigned i)
{
	struct intro *in = n->intro;
	char name[VAULT_NAME_MAX + 1];

	if (eraser_wipe(in->eraser, in->held[i].slot) != OK) {
		env_log(&n->env, LOG_BROKEN, "key_not_erased",
		    "what=\"the disk refuses; it is tried again\"");
		return false;
	}
	(void)!signer_receive_drop(n->signer, in->held[i].key.pub);
	name_of(in->held[i].key.pub, name);
	(void)!vault_delete(n->vault, name); /* nobody opens it any more */
	in->held[i] = in->held[--in->n];
	return true;
}

void
intro_tick(struct node *n, bool expires)
{
	const uint64_t now = node_now(n);

	if (n->intro == NULL || !expires || n->ticks % LOOK_TICKS != 0)
		return;
	for (unsigned i = n->intro->n; i-- > 0;)
		if (now >= n->intro->held[i].key.erased_s)
			(void)erase_at(n, i);
}

unsigned
intro_erase(struct node *n, uint32_t persona)
{
	unsigned left = 0;

	for (unsigned i = n->intro == NULL ? 0 : n->intro->n; i-- > 0;)
		if (n->intro->held[i].key.persona == persona)
			left += !erase_at(n, i);
	return left;
}

/* ---- asking ---- */

err
intro_current(struct node *n, uint32_t persona, uint8_t out[X25519_SIZE])
{
	const uint64_t now = node_now(n);
	struct held *best = NULL;

	if (n->intro == NULL)
		return ERR_CLOSED;
	for (unsigned i = 0; i < n->intro->n; i++) {
		struct held *h = &n->intro->held[i];
		/* One that was made in the future was made by a clock that
		 * ran ahead: it would be kept too long. */
		if (h->key.persona == persona && h->key.made_s <= now &&
		    now - h->key.made_s < INTRO_ROTATE_S &&
		    (best == NULL || h->key.made_s > best->key.made_s))
			best = h;
	}
	if (best == NULL)
		TRY(make(n, persona, &best));
	memcpy(out, best->key.pub, X25519_SIZE);
	return OK;
}

const struct intro_key *
intro_at(const struct node *n, unsigned i)
{
	return n->intro != NULL && i < n->intro->n ? &n->intro->held[i].key
						   : NULL;
}

const struct intro_key *
intro_find(const struct node *n, const uint8_t pub[X25519_SIZE])
{
	const struct intro_key *k;

	for (unsigned i = 0; (k = intro_at(n, i)) != NULL; i++)
		if (memcmp(k->pub, pub, X25519_SIZE) == 0)
			return k;
	return NULL;
}

err
intro_shared(struct node *n, const uint8_t pub[X25519_SIZE],
    const uint8_t peer[X25519_SIZE], uint8_t out[X25519_SIZE])
{
	return intro_find(n, pub) == NULL
		   ? ERR_NOTFOUND
		   : signer_shared(n->signer, pub, peer, out);
}

/* ---- into a record ---- */

uint32_t
intro_field(uint32_t kind)
{
	switch (kind) {
	case KIND_PROFILE:
		return PROFILE_INTRO;
	case KIND_COMMUNITY:
		return COMMUNITY_INBOX;
	case KIND_ORGANISATION:
		return ORGANISATION_INBOX;
	default:
		return 0;
	}
}

static err
put_key(uint32_t field, const struct value *map, const uint8_t pub[X25519_SIZE],
    struct buf *out)
{
	struct value pairs[2 * 64];
	uint32_t n = 0;
	bool put = false;

	if (map->type != VALUE_MAP || map->n > 62)
		return ERR_FORM;
	for (uint32_t i = 0; i <= map->n; i++) {
		const bool end = i == map->n;
		const uint64_t key = end ? UINT64_MAX : map->items[2 * i].u;
		if (!put && key >= field) {
			pairs[2 * n] = value_uint(field);
			pairs[2 * n + 1] =
			    value_bin(slice_of(pub, X25519_SIZE));
			n++;
			put = true;
		}
		if (end || key == field)
			continue;
		pairs[2 * n] = map->items[2 * i];
		pairs[2 * n + 1] = map->items[2 * i + 1];
		n++;
	}
	const struct value with = value_map(pairs, n);
	return value_write(&with, out);
}

err
intro_put(uint32_t field, struct slice payload, const uint8_t pub[X25519_SIZE],
    struct buf *out)
{
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct value map;

	if (memory == NULL)
		return ERR_NOMEM;
	err e = value_parse(payload, &arena, &map);
	if (e == OK)
		e = put_key(field, &map, pub, out);
	free(memory);
	return e;
}

err
intro_into(struct node *n, uint32_t persona, uint32_t kind,
    struct slice payload, struct buf *out)
{
	uint8_t pub[X25519_SIZE];

	TRY(intro_current(n, persona, pub));
	return intro_put(intro_field(kind), payload, pub, out);
}
