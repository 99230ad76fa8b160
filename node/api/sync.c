/*
 * Sync over the API: what peers have agreed with us, and a session now.
 */
#include "node/api/parts.h"
#include "node/care/keeper.h"
#include "node/sync/light.h"
#include "node/sync/sync_node.h"

/* Where its work stands for a node that has nothing to compare but by it. */
static json_t *
scope_json(const struct node *n)
{
	json_t *o = json_object(), *classes = json_array();
	json_t *regions = json_array();
	struct scope s;

	store_scope(n->store, &s);
	for (unsigned c = 0; c < RECORD_CLASSES; c++)
		if ((s.class_mask >> c & 1) != 0)
			(void)json_array_append_new(classes,
			    json_string(class_name((enum record_class)c)));
	for (unsigned i = 0; i < s.regions_n; i++)
		(void)json_array_append_new(
		    regions, json_stringn((const char *)s.regions[i], 2));
	(void)json_object_set_new(o, "classes", classes);
	(void)json_object_set_new(o, "regions", regions);
	if (s.since_h > 0)
		json_uint(o, "since", (uint64_t)s.since_h * 3600);
	else
		(void)json_object_set_new(o, "since", json_null());
	json_uint(o, "authors_ppm", keeper_authors_ppm(n));
	return o;
}

void
api_sync(struct http_request *r, void *ctx)
{
	const struct node *n = ctx;
	json_t *list = json_array(), *o = sync_json(n);
	struct syncer_peer p;

	for (unsigned i = 0; i < n->config->limits.list_rows &&
			     syncer_peer_at(n->syncer, i, &p);
	     i++)
		(void)json_array_append_new(list, sync_peer_json(&p));
	(void)json_object_set_new(o, "peers", list);
	(void)json_object_set_new(o, "scope", scope_json(n));
	(void)json_object_set_new(
	    o, "light", n->light == NULL ? json_null() : light_json(n->light));
	http_reply(r, 200, o);
}

/* With whom it may be begun; ${id} NULL: with as many as there is room. */
static err
begin(struct node *n, const struct peer_id *id, json_t *begun)
{
	char text[PEER_ID_TEXT_MAX];
	struct syncer_peer p;
	err e = ERR_NOTFOUND;

	for (unsigned i = 0; syncer_peer_at(n->syncer, i, &p); i++) {
		if (!p.connected || (id != NULL && !peer_id_eq(id, &p.id)))
			continue;
		e = syncer_now(n->syncer, &p.id);
		if (e == ERR_LIMIT)
			break;
		if (e != OK)
			continue;
		peer_id_put(text, &p.id);
		(void)json_array_append_new(begun, json_string(text));
	}
	return json_array_size(begun) > 0 ? OK : e;
}

static void
begin_light(struct node *n, struct http_request *r)
{
	if (light_now(n->light) != OK) {
		http_fail(r, 409, "E3402", NULL,
		    "a larger light.day_bytes, or tomorrow",
		    "the budget of today is used up");
		return;
	}
	json_t *o = json_object();
	(void)json_object_set_new(o, "begun", json_array());
	json_truth(o, "light", true);
	http_reply(r, 202, o);
}

void
api_sync_now(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r), *begun;
	const char *peer = json_string_value(json_object_get(body, "peer_id"));
	struct peer_id id;

	if (body == NULL)
		return;
	if (n->light != NULL) {
		begin_light(n, r);
	} else if (peer != NULL && peer_id_get(slice_str(peer), &id) != OK) {
		http_fail(r, 422, "E3401", "peer_id", "ohcn peer list",
		    "this is not a peer's id");
	} else {
		begun = json_array();
		const err e = begin(n, peer == NULL ? NULL : &id, begun);
		json_t *o = json_object();
		(void)json_object_set_new(o, "begun", begun);
		json_truth(o, "light", false);
		if (e == OK) {
			http_reply(r, 202, o);
		} else {
			json_decref(o);
			http_fail(r, e == ERR_NOTFOUND ? 404 : 409, "E3401",
			    NULL,
			    e == ERR_NOTFOUND ? "ohcn peer list"
					      : "ohcn sync status",
			    e == ERR_NOTFOUND && peer == NULL
				? "no peer is connected that speaks sync"
			    : e == ERR_NOTFOUND
				? "no such peer is connected and speaks sync"
			    : e == ERR_EXISTS
				? "a session with it is under way"
				: "as many sessions as may be are under way");
		}
	}
	json_decref(body);
}
