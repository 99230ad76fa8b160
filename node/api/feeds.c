/*
 * Feeds over the API: set, shown, read now, what waits for the owner's word.
 */
#include "node/api/parts.h"
#include "node/company/feed.h"

static void
fail_missing(struct http_request *r, const char *name)
{
	http_fail(r, 404, "E3180", "name", "ohcn feed list",
	    "there is no feed \"%.40s\"", name);
}

static void
fail_busy(struct http_request *r)
{
	http_fail(r, 409, "E3183", NULL, "try again in a moment",
	    "a feed is being read");
}

void
api_feeds(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;

	if (persona_asked(n, r, &persona))
		http_reply(r, 200,
		    json_pack("{s:o}", "feeds", feeds_json(n, persona)));
}

void
api_feed(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	uint32_t persona;

	if (!persona_asked(n, r, &persona))
		return;
	json_t *o = feed_json(n, persona, name);
	if (o == NULL)
		fail_missing(r, name);
	else
		http_reply(r, 200, o);
}

void
api_feed_set(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name"), *field = NULL, *why = NULL;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	const err e = feed_set(n, persona, name, body, &field, &why);
	json_decref(body);
	if (e == ERR_FORM)
		http_fail(r, 422, "E3181", field, why, "%s: %s", field, why);
	else if (e == ERR_LIMIT)
		http_fail(r, 409, "E3182", NULL, "ohcn feed remove",
		    "there are %d feeds, as many as a node has", FEEDS_MAX);
	else if (e == ERR_CLOSED)
		fail_busy(r);
	else if (e != OK)
		http_fail_err(r, e, "the feed cannot be kept");
	else
		http_reply(r, 200, feed_json(n, persona, name));
}

void
api_feed_remove(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	uint32_t persona;

	if (!persona_asked(n, r, &persona))
		return;
	const err e = feed_remove(n, persona, name);
	if (e == ERR_NOTFOUND)
		fail_missing(r, name);
	else if (e == ERR_CLOSED)
		fail_busy(r);
	else if (e != OK)
		http_fail_err(r, e, "the feed cannot be removed");
	else
		http_reply(r, 200, json_pack("{s:s}", "removed", name));
}

static void
on_synced(void *ctx, json_t *o)
{
	http_reply(ctx, 200, o);
}

void
api_feed_sync(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	json_decref(body);
	const err e = feed_sync(n, persona, name, dry, on_synced, r);
	if (e == ERR_NOTFOUND)
		fail_missing(r, name);
	else if (e == ERR_CLOSED)
		fail_busy(r);
	else if (e != OK)
		http_fail_err(r, e, "the feed cannot be read");
}

void
api_feed_review(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name"), *words;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	json_t *said = json_object_get(body, "decisions"), *v;

	if (body == NULL)
		return;
	if (said != NULL && !json_is_object(said)) {
		http_fail(r, 422, "E3109", "decisions",
		    "{\"words\": true, false or \"term\"}",
		    "decisions are an object");
		json_decref(body);
		return;
	}
	json_object_foreach(said, words, v)
	{
		if (json_is_boolean(v) ||
		    (json_string_length(v) > 0 && json_string_length(v) <= 200))
			continue;
		http_fail(r, 422, "E3109", "decisions",
		    "true, false, or a term, its URI or whole label",
		    "what was decided about \"%.60s\" is none of these", words);
		json_decref(body);
		return;
	}
	const err e = feed_review(n, persona, name, said,
	    json_is_true(json_object_get(body, "archive")));
	json_decref(body);
	if (e == ERR_NOTFOUND)
		fail_missing(r, name);
	else if (e == ERR_LIMIT)
		http_fail(r, 409, "E3182", "decisions", NULL,
		    "a feed keeps what was decided of %d words",
		    FEED_WORDS_MAX);
	else if (e != OK)
		http_fail_err(r, e, "the feed cannot be kept");
	else
		http_reply(r, 200, feed_json(n, persona, name));
}
