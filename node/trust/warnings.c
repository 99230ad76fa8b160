#include "node/trust/warnings.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "node/trust/trust.h"
#include "proto/base/text.h"

#define NAME "trust/warning/"

/* ${n}->warnings */
struct warnings {
	struct warning_held *list[WARNINGS_MAX];
	unsigned n;
	struct arena scratch;
};

static const char *const effects[] = { "off", "mark", "drop" };

const char *
warning_effect_name(enum warning_effect e)
{
	return effects[e];
}

bool
warning_effect_find(const char *name, enum warning_effect *out)
{
	for (unsigned i = 0; i < ARRAY_LEN(effects); i++)
		if (strcmp(effects[i], name) == 0) {
			*out = (enum warning_effect)i;
			return true;
		}
	return false;
}

static void
id_text(const struct warning_held *w, char out[WARNING_ID_TEXT])
{
	if (hex_put(out, WARNING_ID_TEXT, slice_of(w->list.id, WARNING_ID)) !=
	    OK)
		out[0] = 0;
}

static void
vault_name(const struct warning_held *w, char out[VAULT_NAME_MAX + 1])
{
	char id[WARNING_ID_TEXT];

	id_text(w, id);
	(void)snprintf(out, VAULT_NAME_MAX + 1, NAME "%.32s", id);
}

/* ---- what is kept ---- */

static err
keep(struct node *n, const struct warning_held *w)
{
	char name[VAULT_NAME_MAX + 1], *hex = malloc(2 * w->bytes_n + 1);
	json_t *o;
	err e;

	if (hex == NULL)
		return ERR_NOMEM;
	e = hex_put(hex, 2 * w->bytes_n + 1, slice_of(w->bytes, w->bytes_n));
	o = json_pack("{s:s,s:s,s:I}", "bytes", hex, "effect",
	    warning_effect_name(w->effect), "imported",
	    (json_int_t)w->imported_s);
	vault_name(w, name);
	if (e == OK)
		e = o == NULL ? ERR_NOMEM : vault_put(n->vault, name, o);
	json_decref(o);
	free(hex);
	return e;
}

/* Judges; NULL with ${fault}, or, where that is FINE, without memory. */
static struct warning_held *
held_new(struct node *n, struct slice bytes, uint64_t now_s,
    enum evidence_fault *fault)
{
	struct warning_held *w = calloc(1, sizeof(*w));

	*fault = EVIDENCE_FINE;
	if (w == NULL)
		return NULL;
	w->bytes_n = MIN(bytes.n, sizeof(w->bytes));
	memcpy(w->bytes, bytes.p, w->bytes_n);
	*fault = bytes.n > sizeof(w->bytes)
		     ? EVIDENCE_OVERSIZE
		     : warning_open(slice_of(w->bytes, w->bytes_n),
			   slice_str(n->config->node.network), now_s,
			   &n->warnings->scratch, &w->list);
	if (*fault == EVIDENCE_FINE)
		return w;
	free(w);
	return NULL;
}

static bool
on_kept(void *ctx, const char *name, json_t *value)
{
	struct node *n = ctx;
	const char *hex = json_string_value(json_object_get(value, "bytes"));
	const char *effect =
	    json_string_value(json_object_get(value, "effect"));
	uint8_t bytes[WARNING_BYTES_MAX];
	enum evidence_fault fault;
	struct warning_held *w;
	struct buf b = { bytes, 0, sizeof(bytes) };

	(void)name;
	if (hex == NULL || n->warnings->n == WARNINGS_MAX ||
	    hex_get(slice_str(hex), &b) != OK)
		return true;
	w = held_new(n, buf_slice(&b), 0, &fault);
	if (w == NULL)
		return true;
	if (effect == NULL || !warning_effect_find(effect, &w->effect))
		w->effect = WARNING_MARK;
	w->imported_s =
	    (uint64_t)json_integer_value(json_object_get(value, "imported"));
	n->warnings->list[n->warnings->n++] = w;
	return true;
}

err
warnings_open(struct node *n)
{
	struct warnings *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return ERR_NOMEM;
	n->warnings = all;
	all->scratch =
	    arena_of(malloc(WARNING_SCRATCH_BYTES), WARNING_SCRATCH_BYTES);
	if (all->scratch.p == NULL)
		return ERR_NOMEM;
	vault_each(n->vault, NAME, on_kept, n);
	return OK;
}

void
warnings_close(struct node *n)
{
	if (n->warnings == NULL)
		return;
	for (unsigned i = 0; i < n->warnings->n; i++)
		free(n->warnings->list[i]);
	free(n->warnings->scratch.p);
	free(n->warnings);
	n->warnings = NULL;
}

/* ---- changes ---- */

const struct warning_held *
warnings_at(const struct node *n, unsigned i)
{
	return i < n->warnings->n ? n->warnings->list[i] : NULL;
}

const struct warning_held *
warnings_find(const struct node *n, const char *text)
{
	const struct warning_held *found = NULL;
	const size_t len = strlen(text);

	if (len < 6 || len >= WARNING_ID_TEXT)
		return NULL;
	for (unsigned i = 0; i < n->warnings->n; i++) {
		char id[WARNING_ID_TEXT];
		id_text(n->warnings->list[i], id);
		if (strncmp(id, text, len) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = n->warnings->list[i];
	}
	return found;
}

static unsigned
place_of(const struct warnings *all, const struct warning_held *w)
{
	unsigned i = 0;

	while (i < all->n && all->list[i] != w)
		i++;
	ASSERT(i < all->n);
	return i;
}

err
warnings_effect(
    struct node *n, const struct warning_held *w, enum warning_effect effect)
{
	struct warning_held *own = n->warnings->list[place_of(n->warnings, w)];
	const enum warning_effect before = own->effect;

	own->effect = effect;
	const err e = keep(n, own);
	if (e != OK)
		own->effect = before;
	trust_changed(n);
	return e;
}

err
warnings_remove(struct node *n, const struct warning_held *w)
{
	struct warnings *all = n->warnings;
	const unsigned i = place_of(all, w);
	char name[VAULT_NAME_MAX + 1];

	vault_name(w, name);
	TRY(vault_delete(n->vault, name));
	free(all->list[i]);
	all->list[i] = all->list[--all->n];
	trust_changed(n);
	return OK;
}

/* The one that ${w} takes the place of, or the same; NULL: none. */
static const struct warning_held *
earlier(const struct warnings *all, const struct warning_held *w)
{
	for (unsigned i = 0; i < all->n; i++) {
		const struct warning_list *l = &all->list[i]->list;
		if (memcmp(l->issuer, w->list.issuer, ED25519_PUBLIC) == 0 &&
		    slice_eq(l->title, w->list.title))
			return all->list[i];
	}
	return NULL;
}

err
warnings_import(struct node *n, struct slice bytes, enum warning_effect effect,
    const struct warning_held **out, enum evidence_fault *fault)
{
	struct warnings *all = n->warnings;
	struct warning_held *w = held_new(n, bytes, node_now(n), fault);
	const struct warning_held *old;
	err e;

	if (w == NULL)
		return *fault == EVIDENCE_FINE ? ERR_NOMEM : OK;
	w->effect = effect;
	w->imported_s = node_now(n);
	old = earlier(all, w);
	if (old != NULL && old->list.made_h > w->list.made_h) {
		free(w);
		*fault = EVIDENCE_NOT_CONSISTENT;
		return OK;
	}
	if (old == NULL && all->n == WARNINGS_MAX) {
		free(w);
		return ERR_LIMIT;
	}
	e = keep(n, w);
	if (e == OK && old != NULL) {
		if (memcmp(old->list.id, w->list.id, WARNING_ID) == 0) {
			const unsigned i = place_of(all, old);
			free(all->list[i]);
			all->list[i] = all->list[--all->n];
		} else {
			e = warnings_remove(n, old);
		}
	}
	if (e != OK) {
		free(w);
		return e;
	}
	all->list[all->n++] = w;
	trust_changed(n);
	if (out != NULL)
		*out = w;
	return OK;
}

/* ---- what they say ---- */

static const struct warning_entry *
entry_of(const struct warning_held *w, const uint8_t key[ED25519_PUBLIC])
{
	size_t low = 0, high = w->list.entries_n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const int c =
		    memcmp(w->list.entries[mid].key, key, ED25519_PUBLIC);
		if (c == 0)
			return &w->list.entries[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool
warnings_in_force(const struct node *n, const struct warning_held *w)
{
	return w->effect != WARNING_OFF &&
	       w->list.expires_h > node_now(n) / 3600;
}

bool
warnings_block(struct node *n, const uint8_t key[ED25519_PUBLIC])
{
	for (unsigned i = 0; i < n->warnings->n; i++) {
		const struct warning_held *w = n->warnings->list[i];
		if (w->effect == WARNING_DROP && warnings_in_force(n, w) &&
		    entry_of(w, key) != NULL)
			return true;
	}
	return false;
}

json_t *
warnings_of(struct node *n, const uint8_t key[ED25519_PUBLIC])
{
	json_t *list = json_array();

	for (unsigned i = 0; i < n->warnings->n; i++) {
		const struct warning_held *w = n->warnings->list[i];
		const struct warning_entry *e = entry_of(w, key);
		char id[WARNING_ID_TEXT], did[DID_KEY_TEXT];
		if (e == NULL || !warnings_in_force(n, w))
			continue;
		id_text(w, id);
		did_key_put(did, w->list.issuer);
		(void)json_array_append_new(list,
		    json_pack("{s:s%,s:s%,s:s,s:s,s:s%,s:b}", "list", id,
			(size_t)WARNING_SHORT, "title",
			(const char *)w->list.title.p, w->list.title.n,
			"issuer", did, "reason", warning_reason_name(e->reason),
			"text", e->text.n == 0 ? "" : (const char *)e->text.p,
			e->text.n, "drops", w->effect == WARNING_DROP));
	}
	return list;
}

static int
by_key(const void *a, const void *b)
{
	const struct warning_entry *x = a, *y = b;

	return memcmp(x->key, y->key, ED25519_PUBLIC);
}

err
warnings_make(
    struct node *n, uint32_t persona, struct warning_list *l, struct buf *out)
{
	const struct slice net = slice_str(n->config->node.network);
	uint8_t bytes[WARNING_BODY_MAX], sig[ED25519_SIG];
	struct buf body = { bytes, 0, sizeof(bytes) };

	memcpy(l->issuer, persona_get(n, persona)->pub, ED25519_PUBLIC);
	qsort(l->entries, l->entries_n, sizeof(l->entries[0]), by_key);
	TRY(warning_body_write(l, net, &body));
	TRY(signer_sign(
	    n->signer, persona, SIGN_WARNING, 0, net, buf_slice(&body), sig));
	return warning_join(buf_slice(&body), sig, out);
}
