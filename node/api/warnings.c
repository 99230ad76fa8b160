/*
 * Blocks and warning lists over the API. A block is the owner's own word; a
 * list is somebody else's, imported by the owner, and does nothing but mark
 * unless told to.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/trust.h"
#include "node/mail/mailbox.h"
#include "node/trust/warnings.h"
#include "proto/base/text.h"

#define MAKE_DAYS 180

/* ---- blocks ---- */

void
api_blocks(struct http_request *r, void *ctx)
{
	http_reply(r, 200,
	    json_pack("{s:o,s:I}", "blocked", mailbox_blocked(ctx), "most",
		(json_int_t)BLOCKED_MAX));
}

static void
change_block(struct node *n, struct http_request *r, bool add)
{
	json_t *body = http_json(r);
	uint8_t key[ED25519_PUBLIC];
	char did[DID_KEY_TEXT];

	if (body == NULL)
		return;
	if (key_asked(n, r, "key",
		json_string_value(json_object_get(body, "key")), key)) {
		const err e =
		    add ? mailbox_block(n, key) : mailbox_unblock(n, key);
		did_key_put(did, key);
		if (e == OK || e == ERR_EXISTS)
			http_reply(r, 200,
			    json_pack("{s:s,s:s}", "key", did, "state",
				e == ERR_EXISTS ? "there already"
				: add           ? "blocked"
						: "removed"));
		else if (e == ERR_LIMIT)
			http_fail(r, 409, "E3720", NULL,
			    "ohcn block remove KEY",
			    "there are %d blocks, as many as there can be",
			    BLOCKED_MAX);
		else
			http_fail(r, 404, "E3721", "key", "ohcn block list",
			    "it is not blocked");
	}
	json_decref(body);
}

void
api_block_add(struct http_request *r, void *ctx)
{
	change_block(ctx, r, true);
}

void
api_block_remove(struct http_request *r, void *ctx)
{
	change_block(ctx, r, false);
}

/* ---- lists ---- */

static json_t *
list_json(struct node *n, const struct warning_held *w)
{
	const struct warning_list *l = &w->list;
	char id[WARNING_ID_TEXT];
	json_t *o = json_object();

	if (hex_put(id, sizeof(id), slice_of(l->id, WARNING_ID)) != OK)
		id[0] = 0;
	id[WARNING_SHORT] = 0;
	(void)json_object_set_new(o, "id", json_string(id));
	json_text(o, "title", l->title);
	json_did(o, "issuer", l->issuer);
	json_share(o, "issuer_trust", trust_of_key(n, l->issuer));
	json_uint(o, "made", (uint64_t)l->made_h * 3600);
	json_uint(o, "expires", (uint64_t)l->expires_h * 3600);
	json_truth(o, "expired", l->expires_h <= node_now(n) / 3600);
	json_uint(o, "imported", w->imported_s);
	(void)json_object_set_new(
	    o, "effect", json_string(warning_effect_name(w->effect)));
	json_uint(o, "keys", l->entries_n);
	return o;
}

void
api_warnings(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const struct warning_held *w;
	json_t *list = json_array();

	for (unsigned i = 0; (w = warnings_at(n, i)) != NULL; i++)
		(void)json_array_append_new(list, list_json(n, w));
	http_reply(r, 200,
	    json_pack(
		"{s:o,s:I}", "lists", list, "most", (json_int_t)WARNINGS_MAX));
}

static const struct warning_held *
list_named(struct node *n, struct http_request *r)
{
	const char *id = http_param(r, "id");
	const struct warning_held *w = warnings_find(n, id);

	if (w == NULL)
		http_fail(r, 404, "E3722", "id", "ohcn warning list",
		    "there is no list \"%.64s\", or several begin so", id);
	return w;
}

void
api_warning(struct http_request *r, void *ctx)
{
	const struct warning_held *w = list_named(ctx, r);
	json_t *o, *list;

	if (w == NULL)
		return;
	o = list_json(ctx, w);
	list = json_array();
	for (size_t i = 0; i < w->list.entries_n; i++) {
		const struct warning_entry *e = &w->list.entries[i];
		json_t *one = json_object();
		json_did(one, "key", e->key);
		(void)json_object_set_new(
		    one, "reason", json_string(warning_reason_name(e->reason)));
		json_text(one, "text", e->text);
		json_uint(one, "since", (uint64_t)e->since_h * 3600);
		(void)json_array_append_new(list, one);
	}
	(void)json_object_set_new(o, "entries", list);
	http_reply(r, 200, o);
}

static void
fail_list(struct http_request *r, err e, enum evidence_fault f)
{
	if (e == ERR_LIMIT)
		http_fail(r, 409, "E3723", NULL, "ohcn warning remove ID",
		    "there are %d lists, as many as there can be",
		    WARNINGS_MAX);
	else if (e != OK)
		http_fail_err(r, e, "the list cannot be kept: %s", err_name(e));
	else
		http_fail(r, 422, "E3724", "list",
		    f == EVIDENCE_NOT_CONSISTENT
			? "a later list of that issuer is here"
			: "ask who gave it to you for the file as it was made",
		    "it is no good warning list: %s", evidence_fault_name(f));
}

/* Of the body, "mark" without; false: answered. */
static bool
effect_asked(
    struct http_request *r, const json_t *body, enum warning_effect *out)
{
	const char *name = json_string_value(json_object_get(body, "effect"));

	*out = WARNING_MARK;
	if (name == NULL || warning_effect_find(name, out))
		return true;
	http_fail(r, 422, "E3725", "effect", "off, mark or drop",
	    "\"%.40s\" is no effect", name);
	return false;
}

void
api_warning_import(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r);
	const char *hex = json_string_value(json_object_get(body, "list"));
	uint8_t bytes[WARNING_BYTES_MAX + 1];
	struct buf b = { bytes, 0, sizeof(bytes) };
	const struct warning_held *w = NULL;
	enum evidence_fault fault = EVIDENCE_OVERSIZE;
	enum warning_effect effect;

	if (body == NULL)
		return;
	if (effect_asked(r, body, &effect)) {
		const err read =
		    hex == NULL ? ERR_FORM : hex_get(slice_str(hex), &b);
		err e = OK;
		if (read == ERR_FORM)
			fault = EVIDENCE_MALFORMED;
		if (read == OK)
			e = warnings_import(
			    n, buf_slice(&b), effect, &w, &fault);
		if (w != NULL)
			http_reply(r, 200, list_json(n, w));
		else
			fail_list(r, e, fault);
	}
	json_decref(body);
}

void
api_warning_effect(struct http_request *r, void *ctx)
{
	const struct warning_held *w = list_named(ctx, r);
	json_t *body = w == NULL ? NULL : http_json(r);
	enum warning_effect effect;

	if (body == NULL)
		return;
	if (effect_asked(r, body, &effect)) {
		const err e = warnings_effect(ctx, w, effect);
		if (e == OK)
			http_reply(r, 200, list_json(ctx, w));
		else
			fail_list(r, e, EVIDENCE_FINE);
	}
	json_decref(body);
}

void
api_warning_remove(struct http_request *r, void *ctx)
{
	const struct warning_held *w = list_named(ctx, r);

	if (w == NULL)
		return;
	json_t *o = list_json(ctx, w);
	const err e = warnings_remove(ctx, w);
	if (e == OK) {
		http_reply(r, 200, o);
		return;
	}
	json_decref(o);
	fail_list(r, e, EVIDENCE_FINE);
}

/* ---- making one ---- */

/* What an entry borrows lies in ${keys} and in the body. */
static const char *
entries_read(
    const json_t *list, uint8_t (*keys)[ED25519_PUBLIC], struct warning_list *l)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		const char *did =
		    json_string_value(json_object_get(one, "key"));
		const char *reason =
		    json_string_value(json_object_get(one, "reason"));
		const char *text =
		    json_string_value(json_object_get(one, "text"));
		struct warning_entry *e = &l->entries[l->entries_n];
		if (l->entries_n == WARNING_ENTRIES)
			return "a list has at most 128 keys";
		if (did == NULL || did_key_get(slice_str(did), keys[i]) != OK)
			return "an entry has no did:key";
		e->key = keys[i];
		e->reason =
		    (uint8_t)(reason == NULL ? 0 : warning_reason_find(reason));
		if (e->reason == 0)
			return "a reason is one of impersonation, "
			       "broken-pledges, fake-outcomes, fraud, spam, "
			       "harassment, other";
		if (text != NULL)
			e->text = slice_str(text);
		l->entries_n++;
	}
	return l->entries_n == 0 ? "there are no entries" : NULL;
}

void
api_warning_make(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	const char *title = json_string_value(json_object_get(body, "title"));
	const json_t *days = json_object_get(body, "days");
	struct warning_list *l = calloc(1, sizeof(*l));
	uint8_t(*keys)[ED25519_PUBLIC] = calloc(WARNING_ENTRIES, 32);
	uint8_t bytes[WARNING_BYTES_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	const char *why = NULL;
	err e = OK;

	if (body != NULL && (l == NULL || keys == NULL)) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
	} else if (body != NULL) {
		l->made_h = (uint32_t)(node_now(n) / 3600);
		l->expires_h =
		    l->made_h + 24 * (uint32_t)(days == NULL
						    ? MAKE_DAYS
						    : json_integer_value(days));
		l->title = slice_str(title == NULL ? "" : title);
		why = entries_read(json_object_get(body, "entries"), keys, l);
		if (why == NULL)
			e = warnings_make(n, persona, l, &out);
		if (why != NULL)
			http_fail(r, 422, "E3726", "entries", NULL, "%s", why);
		else if (e != OK)
			http_fail(r, 422, "E3727", NULL,
			    "a title of up to 120 bytes, 1 to 400 days, no "
			    "key twice and not your own, texts of up to 200 "
			    "bytes",
			    "it cannot be made: %s", err_name(e));
		else {
			json_t *o = json_object();
			json_hex(o, "list", buf_slice(&out));
			json_did(o, "issuer", l->issuer);
			json_uint(o, "keys", l->entries_n);
			json_uint(o, "expires", (uint64_t)l->expires_h * 3600);
			(void)json_object_set_new(o, "everybody_sees",
			    json_string(
				"nothing: it is a file for whom you give it "
				"to. Whoever has it sees that your persona "
				"says this, can show it to others, and you "
				"cannot deny it"));
			http_reply(r, 200, o);
		}
	}
	json_decref(body);
	free(l);
	free(keys);
}
