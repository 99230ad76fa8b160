/*
 * What another device with the same key has published over ours: both
 * versions, and the owner's choice; and the end of a restoration.
 */
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/record/conflict.h"
#include "node/sync/restore.h"

struct listing {
	struct node *n;
	struct http_request *r;
	struct reader rd;
	struct store_view *view;
	json_t *list;
};

static json_t *
version_json(struct listing *l, const struct store_record *s)
{
	return record_json(
	    &l->rd, s, l->n->terms->vocabulary, language_of(l->n, l->r), false);
}

/* A record that the store does not hold any more. */
static json_t *
mine_json(struct listing *l, struct slice bytes)
{
	struct record r;

	if (bytes.n == 0 ||
	    record_read(bytes, &l->rd.record_scratch, &r) != RECORD_FINE)
		return json_null();
	uint8_t id[RECORD_ID], author[RECORD_AUTHOR];
	memcpy(id, r.id, RECORD_ID);
	memcpy(author, r.author, RECORD_AUTHOR);
	const struct store_record s = { .id = id,
		.author = author,
		.bytes = bytes,
		.seq = r.seq,
		.expires_h = r.expires_h,
		.kind = r.kind,
		.slot = r.slot,
		.region = { r.region[0], r.region[1], '\0' },
		.deleted = record_deleted(&r),
		.own = true };
	json_t *o = version_json(l, &s);
	return o == NULL ? json_null() : o;
}

static bool
on_conflict(void *ctx, const struct conflict *c)
{
	struct listing *l = ctx;
	const struct author *a = persona_get(l->n, c->persona);
	const struct kind_info *kind = kind_info(c->kind);
	struct store_record s;

	if (a == NULL || kind == NULL)
		return true;
	json_t *o = json_object(), *theirs = NULL;
	(void)json_object_set_new(o, "persona", json_string(a->name));
	(void)json_object_set_new(o, "kind", json_string(kind->name));
	json_uint(o, "slot", c->slot);
	json_uint(o, "noted", c->noted_s);
	(void)json_object_set_new(o, "mine", mine_json(l, c->mine));
	if (store_get_slot(l->view, a->pub, c->kind, c->slot, &s) == OK)
		theirs = version_json(l, &s);
	(void)json_object_set_new(
	    o, "theirs", theirs == NULL ? json_null() : theirs);
	(void)json_array_append_new(l->list, o);
	return true;
}

void
api_conflicts(struct http_request *r, void *ctx)
{
	struct listing l = { .n = ctx, .r = r, .list = json_array() };

	if (reader_init(&l.rd) != OK ||
	    store_view_open(l.n->store, &l.view) != OK) {
		reader_fini(&l.rd);
		json_decref(l.list);
		http_fail_err(r, ERR_LIMIT, "the node is too busy");
		return;
	}
	conflict_each(l.n, on_conflict, &l);
	store_view_close(l.view);
	reader_fini(&l.rd);
	http_reply(r, 200,
	    json_pack("{s:o, s:b}", "conflicts", l.list, "restoring",
		restore_pending(l.n)));
}

/* ---- the choice ---- */

struct looking {
	uint32_t persona, kind, slot;
	uint8_t *bytes;
	size_t n;
	bool found;
};

static bool
on_look(void *ctx, const struct conflict *c)
{
	struct looking *l = ctx;

	if (c->persona != l->persona || c->kind != l->kind ||
	    c->slot != l->slot)
		return true;
	l->found = true;
	l->bytes = c->mine.n == 0 ? NULL : malloc(c->mine.n);
	l->n = l->bytes == NULL ? 0 : c->mine.n;
	if (l->n > 0)
		memcpy(l->bytes, c->mine.p, l->n);
	return false;
}

static void
keep_mine(struct node *n, struct http_request *r, const struct looking *l)
{
	struct reader rd;
	struct record mine;

	if (reader_init(&rd) != OK) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	if (l->n == 0 || record_read(slice_of(l->bytes, l->n),
			     &rd.record_scratch, &mine) != RECORD_FINE) {
		http_fail(r, 409, "E3131", "keep",
		    "publish it once more from its draft or file",
		    "the version of this node was too large to be kept");
	} else {
		const struct publish_request q = { .persona = l->persona,
			.kind = l->kind,
			.slot = l->slot,
			.region = mine.region,
			.deleted = record_deleted(&mine),
			.payload = mine.payload };
		reply_published(n, &q, r, json_pack("{s:s}", "kept", "mine"));
	}
	reader_fini(&rd);
}

static void
keep_theirs(struct node *n, struct http_request *r, const struct looking *l)
{
	const err e = conflict_forget(n, l->persona, l->kind, l->slot);

	if (e != OK) {
		http_fail_err(
		    r, e, "the choice cannot be saved: %s", err_name(e));
		return;
	}
	owner_settle(n, l->persona, l->kind, l->slot);
	http_reply(r, 200, json_pack("{s:s}", "kept", "theirs"));
}

static uint32_t
kind_of_name(const char *name)
{
	for (uint32_t k = 0; name != NULL && k < STORE_KINDS; k++)
		if (kind_info(k) != NULL &&
		    strcmp(kind_info(k)->name, name) == 0)
			return k;
	return UINT32_MAX;
}

void
api_conflict_keep(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct looking l = { .persona = 0 };
	json_t *body = persona_asked(n, r, &l.persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	const char *keep = json_string_value(json_object_get(body, "keep"));
	l.kind = kind_of_name(json_string_value(json_object_get(body, "kind")));
	l.slot = (uint32_t)json_integer_value(json_object_get(body, "slot"));
	conflict_each(n, on_look, &l);
	if (keep == NULL ||
	    (strcmp(keep, "mine") != 0 && strcmp(keep, "theirs") != 0))
		http_fail(r, 422, "E3130", "keep", "mine or theirs",
		    "which of the two is missing");
	else if (!l.found)
		http_fail(r, 404, "E3129", "kind", "ohcn persona conflicts",
		    "there are no two versions of that");
	else if (strcmp(keep, "mine") == 0)
		keep_mine(n, r, &l);
	else
		keep_theirs(n, r, &l);
	free(l.bytes);
	json_decref(body);
}

/* ---- restoring ---- */

void
api_restore(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r);
	err e = OK;

	if (body == NULL)
		return;
	if (!restore_pending(n))
		e = restore_begin(n);
	if (e == OK && json_is_true(json_object_get(body, "now")))
		e = restore_finish(n);
	json_decref(body);
	if (e != OK)
		http_fail_err(
		    r, e, "it cannot be restored now: %s", err_name(e));
	else
		http_reply(r, 200,
		    json_pack("{s:b}", "restoring", restore_pending(n)));
}
