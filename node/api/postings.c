/*
 * Own demands and courses over the API: list, post, change, close.
 * Importing many at once is in api/import.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/postings.h"

const char *
status_name(unsigned status)
{
	static const char *const names[] = { "open", "open", "paused", "filled",
		"withdrawn" };

	return status < ARRAY_LEN(names) ? names[status] : "open";
}

/* ---- listing ---- */

static json_t *
post_json(struct node *n, struct reader *rd, struct store_view *view,
    uint32_t persona, uint32_t kind, uint32_t slot, uint32_t language)
{
	const struct owner_post *p = owner_post(n, persona, kind, slot);
	struct store_record s;
	struct slice title;

	if (p == NULL || store_get_rid(view, p->rid, &s) != OK)
		return NULL;
	json_t *o = record_json(rd, &s, n->terms->vocabulary, language, false);
	if (o == NULL)
		return NULL;
	if (text_pick(
		value_find(&rd->payload,
		    kind == KIND_DEMAND || kind == KIND_COURSE ? POSTING_TITLE
							       : 0),
		language, &title))
		json_text(o, "title", title);
	if (p->external_id[0] != 0)
		(void)json_object_set_new(
		    o, "external_id", json_string(p->external_id));
	else
		(void)json_object_set_new(o, "external_id", json_null());
	(void)json_object_set_new(o, "status",
	    json_string(kind == KIND_DEMAND ? status_name(p->status) : "open"));
	json_id(o, "record", p->id);
	json_truth(o, "busy", p->busy);
	return o;
}

void
list_posts(
    struct node *n, struct http_request *r, uint32_t kind, const char *name)
{
	const char *status = http_query(r, "status");
	struct store_view *view = NULL;
	struct reader rd;
	uint32_t persona;
	json_t *list, *o;

	if (!persona_asked(n, r, &persona))
		return;
	if (reader_init(&rd) != OK || store_view_open(n->store, &view) != OK) {
		reader_fini(&rd);
		http_fail_err(r, ERR_LIMIT, "the node is too busy");
		return;
	}
	list = json_array();
	for (uint32_t slot = 0; slot < kind_info(kind)->slots; slot++) {
		json_t *one = post_json(
		    n, &rd, view, persona, kind, slot, language_of(n, r));
		const char *has =
		    json_string_value(json_object_get(one, "status"));
		if (one == NULL)
			continue;
		if (status == NULL || status[0] == 0 ||
		    strcmp(status, "all") == 0 || strcmp(status, has) == 0)
			(void)json_array_append_new(list, one);
		else
			json_decref(one);
	}
	store_view_close(view);
	reader_fini(&rd);
	o = json_object();
	json_uint(o, "count", json_array_size(list));
	(void)json_object_set_new(o, name, list);
	http_reply(r, 200, o);
}

void
api_demands(struct http_request *r, void *ctx)
{
	list_posts(ctx, r, KIND_DEMAND, "demands");
}

void
api_courses(struct http_request *r, void *ctx)
{
	list_posts(ctx, r, KIND_COURSE, "courses");
}

/* ---- posting one ---- */

static void
external_of(const json_t *draft, char out[OWNER_EXTERNAL_MAX + 1])
{
	const char *text =
	    json_string_value(json_object_get(draft, "external_id"));

	(void)snprintf(
	    out, OWNER_EXTERNAL_MAX + 1, "%s", text == NULL ? "" : text);
}

/* Which slot a posting takes; false: answered. */
static bool
take_slot(struct node *n, struct http_request *r, uint32_t persona,
    uint32_t kind, const json_t *draft, uint32_t *slot, bool *created)
{
	char external[OWNER_EXTERNAL_MAX + 1];

	external_of(draft, external);
	*created = owner_find_external(n, persona, kind, external, slot) != OK;
	if (!*created || owner_free_slot(n, persona, kind, NULL, slot) == OK)
		return true;
	http_fail(r, 409, "E3201", NULL,
	    "close some that are no longer needed, and wait until they expire",
	    "all %" PRIu32 " slots of the key are in use",
	    kind_info(kind)->slots);
	return false;
}

static void
post_one(struct node *n, struct http_request *r, uint32_t kind,
    const json_t *draft, bool dry)
{
	uint32_t persona;
	struct user_payload *p = malloc(sizeof(*p));
	struct payload_fault f = { 0 };
	uint32_t slot = 0;
	bool created = false;
	if (!persona_asked(n, r, &persona)) {
		free(p);
		return;
	}
	json_t *whole = own_terms_carry(n->terms->vocabulary, kind, draft);
	const err e = p == NULL ? ERR_NOMEM
				: user_payload_read(
				      kind, whole, region_of(n, draft), p, &f);
	json_decref(whole);
	if (e != OK) {
		fail_payload(r, e, &f);
	} else if (take_slot(n, r, persona, kind, draft, &slot, &created)) {
		const struct publish_request q = { .persona = persona,
			.kind = kind,
			.slot = slot,
			.region = p->region,
			.payload = slice_of(p->bytes, p->n) };
		json_t *o = dry ? preview_json(n, r, &q) : json_object();
		if (o != NULL) {
			json_uint(o, "slot", slot);
			(void)json_object_set_new(o, "state",
			    json_string(created ? "created" : "updated"));
		}
		if (!dry)
			reply_published(n, &q, r, o);
		else if (o != NULL)
			http_reply(r, 200, o);
	}
	free(p);
}

static void
post(struct node *n, struct http_request *r, uint32_t kind, const char *name)
{
	json_t *body = http_json(r);

	if (body == NULL)
		return;
	const json_t *draft = json_object_get(body, name);
	if (draft == NULL)
		http_fail(
		    r, 422, "E3101", name, NULL, "there is no %s in it", name);
	else
		post_one(n, r, kind, draft,
		    json_is_true(json_object_get(body, "dry_run")));
	json_decref(body);
}

void
api_demands_post(struct http_request *r, void *ctx)
{
	post(ctx, r, KIND_DEMAND, "demand");
}

void
api_courses_post(struct http_request *r, void *ctx)
{
	post(ctx, r, KIND_COURSE, "course");
}

void
api_pathways_post(struct http_request *r, void *ctx)
{
	post(ctx, r, KIND_PATHWAY, "pathway");
}

void
post_draft(struct node *n, struct http_request *r, uint32_t kind,
    const json_t *draft, bool dry)
{
	post_one(n, r, kind, draft, dry);
}

/* ---- closing ---- */

bool
find_post(struct node *n, struct http_request *r, uint32_t persona,
    uint32_t kind, const char *text, uint32_t *slot)
{
	const err e = owner_find(n, persona, kind, text, slot);

	if (e == ERR_EXISTS)
		http_fail(r, 409, "E3203", "id", "give more characters of it",
		    "\"%s\" fits several of them", text);
	else if (e != OK)
		http_fail(r, 404, "E3202", "id",
		    kind == KIND_DEMAND       ? "ohcn demand list"
		    : kind == KIND_ASSESSMENT ? "ohcn assess list"
		    : kind == KIND_PATHWAY    ? "ohcn pathway list"
					      : "ohcn course list",
		    "there is no own %s \"%s\"", kind_info(kind)->name, text);
	return e == OK;
}

/* Puts or replaces one integer of a map; ${pairs} has room for one more. */
static struct value
map_with(
    const struct value *map, struct value *pairs, uint64_t key, uint64_t number)
{
	uint32_t n = 0, i = 0;

	for (; i < map->n && map->items[2 * i].u < key; i++, n++) {
		pairs[2 * n] = map->items[2 * i];
		pairs[2 * n + 1] = map->items[2 * i + 1];
	}
	pairs[2 * n] = value_uint(key);
	pairs[2 * n + 1] = value_uint(number);
	n++;
	if (i < map->n && map->items[2 * i].u == key)
		i++;
	for (; i < map->n; i++, n++) {
		pairs[2 * n] = map->items[2 * i];
		pairs[2 * n + 1] = map->items[2 * i + 1];
	}
	return value_map(pairs, (size_t)n * 2 <= VALUE_ITEMS_MAX ? n : 0);
}

err
demand_with_status(struct node *n, uint32_t persona, uint32_t slot,
    unsigned status, int64_t filled, struct user_payload *out)
{
	const struct owner_post *p = owner_post(n, persona, KIND_DEMAND, slot);
	struct value pairs[2 * 128], more[2 * 128];
	struct store_view *view = NULL;
	struct store_record s;
	struct reader rd;

	if (p == NULL)
		return ERR_NOTFOUND;
	TRY(reader_init(&rd));
	err e = store_view_open(n->store, &view);
	if (e == OK)
		e = store_get_rid(view, p->rid, &s);
	if (e == OK && (!reader_open(&rd, &s) || rd.payload.n > 120))
		e = ERR_FORM;
	if (e == OK) {
		struct buf bytes = { out->bytes, 0, sizeof(out->bytes) };
		struct value v =
		    map_with(&rd.payload, pairs, POSTING_STATUS_KEY, status);
		if (filled >= 0)
			v = map_with(
			    &v, more, POSTING_FILLED_KEY, (uint64_t)filled);
		e = value_write(&v, &bytes);
		out->n = bytes.n;
		memcpy(out->region, s.region, sizeof(out->region));
	}
	store_view_close(view);
	reader_fini(&rd);
	return e;
}

static unsigned
status_number(const char *name)
{
	for (unsigned i = POSTING_OPEN; i <= POSTING_WITHDRAWN; i++)
		if (name != NULL && strcmp(name, status_name(i)) == 0)
			return i;
	return 0;
}

/* Publishes the end of a posting, or shows it. */
static void
reply_closed(struct node *n, struct http_request *r,
    const struct publish_request *q, const char *status, const json_t *body)
{
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	json_t *o = dry ? preview_json(n, r, q) : json_object();

	if (o == NULL)
		return; /* answered */
	json_uint(o, "slot", q->slot);
	(void)json_object_set_new(o, "status", json_string(status));
	if (dry)
		http_reply(r, 200, o);
	else
		reply_published(n, q, r, o);
}

static void
close_demand(struct node *n, struct http_request *r, uint32_t persona,
    uint32_t slot, const json_t *body)
{
	const unsigned status =
	    status_number(json_string_value(json_object_get(body, "status")));
	const json_t *filled = json_object_get(body, "filled");
	const json_int_t count =
	    json_is_integer(filled) ? json_integer_value(filled) : -1;

	if (status == 0 || (filled != NULL && (count < 0 || count > 10000))) {
		http_fail(r, 422, "E3101", status == 0 ? "status" : "filled",
		    status == 0 ? "filled, withdrawn, paused or open"
				: "a number from 0 to 10000",
		    "%s is missing or not a known value",
		    status == 0 ? "status" : "filled");
		return;
	}
	struct user_payload *p = malloc(sizeof(*p));
	const err e =
	    p == NULL ? ERR_NOMEM
		      : demand_with_status(n, persona, slot, status, count, p);
	if (e != OK) {
		http_fail_err(
		    r, e, "the demand cannot be changed: %s", err_name(e));
	} else {
		const struct publish_request q = { .persona = persona,
			.kind = KIND_DEMAND,
			.slot = slot,
			.region = p->region,
			.payload = slice_of(p->bytes, p->n) };
		reply_closed(n, r, &q, status_name(status), body);
	}
	free(p);
}

void
api_demands_close(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona, slot = 0;
	json_t *body;

	if (!persona_asked(n, r, &persona))
		return;
	body = http_json(r);
	if (body == NULL)
		return;
	if (find_post(n, r, persona, KIND_DEMAND, http_param(r, "id"), &slot))
		close_demand(n, r, persona, slot, body);
	json_decref(body);
}

/* A course has no status: it is taken back. */
static void
take_back(struct node *n, struct http_request *r, uint32_t kind)
{
	uint32_t persona, slot = 0;
	json_t *body;

	if (!persona_asked(n, r, &persona))
		return;
	body = http_json(r);
	if (body == NULL)
		return;
	if (find_post(n, r, persona, kind, http_param(r, "id"), &slot)) {
		const struct publish_request q = { .persona = persona,
			.kind = kind,
			.slot = slot,
			.region = owner_post(n, persona, kind, slot)->region,
			.deleted = true };
		reply_closed(n, r, &q, "withdrawn", body);
	}
	json_decref(body);
}

void
api_courses_close(struct http_request *r, void *ctx)
{
	take_back(ctx, r, KIND_COURSE);
}

void
api_assessments_close(struct http_request *r, void *ctx)
{
	take_back(ctx, r, KIND_ASSESSMENT);
}

void
api_pathways_close(struct http_request *r, void *ctx)
{
	take_back(ctx, r, KIND_PATHWAY);
}
