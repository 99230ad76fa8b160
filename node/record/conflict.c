#include "node/record/conflict.h"

#include <stdio.h>

#include "node/keys/vault.h"
#include "proto/base/text.h"

#define CONFLICTS "conflict/"
#define MINE_MAX  9000 /* bytes of a record that is kept beside theirs */

static void
conflict_name(char out[VAULT_NAME_MAX + 1], uint32_t persona, uint32_t kind,
    uint32_t slot)
{
	(void)snprintf(out, VAULT_NAME_MAX + 1,
	    CONFLICTS "%" PRIu32 "/%" PRIu32 "/%" PRIu32, persona, kind, slot);
}

void
conflict_note(struct node *n, uint32_t persona, const struct record *mine)
{
	char name[VAULT_NAME_MAX + 1], hex[2 * MINE_MAX + 1] = "";

	if (mine->bytes.n <= MINE_MAX &&
	    hex_put(hex, sizeof(hex), mine->bytes) != OK)
		hex[0] = '\0';
	json_t *o = json_pack(
	    "{s:I, s:s}", "noted", (json_int_t)node_now(n), "mine", hex);
	conflict_name(name, persona, mine->kind, mine->slot);
	if (o == NULL || vault_put(n->vault, name, o) != OK)
		env_log(&n->env, LOG_BROKEN, "conflict_not_saved",
		    "kind=%s slot=%" PRIu32, kind_info(mine->kind)->name,
		    mine->slot);
	json_decref(o);
	env_log(&n->env, LOG_UNUSUAL, "published_elsewhere",
	    "kind=%s slot=%" PRIu32
	    " what=\"another device has this key: ohcn persona conflicts\"",
	    kind_info(mine->kind)->name, mine->slot);
	node_event(n, "conflict",
	    json_pack("{s:s, s:s, s:I}", "persona",
		persona_get(n, persona)->name, "kind",
		kind_info(mine->kind)->name, "slot", (json_int_t)mine->slot));
}

struct walking {
	bool (*fn)(void *ctx, const struct conflict *c);
	void *ctx;
};

static bool
on_conflict(void *ctx, const char *name, json_t *value)
{
	struct walking *w = ctx;
	uint8_t raw[MINE_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct conflict c = { .noted_s = (uint64_t)json_integer_value(
				  json_object_get(value, "noted")) };
	const char *hex = json_string_value(json_object_get(value, "mine"));

	if (sscanf(name, CONFLICTS "%" SCNu32 "/%" SCNu32 "/%" SCNu32,
		&c.persona, &c.kind, &c.slot) != 3)
		return true;
	if (hex != NULL && hex_get(slice_str(hex), &b) == OK)
		c.mine = buf_slice(&b);
	return w->fn(w->ctx, &c);
}

void
conflict_each(
    struct node *n, bool (*fn)(void *ctx, const struct conflict *c), void *ctx)
{
	struct walking w = { fn, ctx };

	vault_each(n->vault, CONFLICTS, on_conflict, &w);
}

err
conflict_forget(struct node *n, uint32_t persona, uint32_t kind, uint32_t slot)
{
	char name[VAULT_NAME_MAX + 1];

	conflict_name(name, persona, kind, slot);
	return vault_delete(n->vault, name);
}

err
conflict_forget_all(struct node *n, uint32_t persona)
{
	char prefix[VAULT_NAME_MAX + 1];

	(void)snprintf(
	    prefix, sizeof(prefix), CONFLICTS "%" PRIu32 "/", persona);
	return vault_delete_all(n->vault, prefix);
}

bool
conflict_any(struct node *n, uint32_t persona, uint32_t kind, uint32_t slot)
{
	char name[VAULT_NAME_MAX + 1];

	conflict_name(name, persona, kind, slot);
	json_t *o = vault_get(n->vault, name, NULL);
	json_decref(o);
	return o != NULL;
}
