/*
 * Bundles of advisers over the API: made and signed by the adviser; reviewed
 * part by part by the person, on the person's own node. Nothing is published
 * by either.
 */
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/company/bundle.h"

static const char *const drafts[][2] = { { "profile", DRAFT_PROFILE },
	{ "wishes", DRAFT_WISHES } };

/* Is it a profile, or wishes? False: answered. */
static bool
fits(struct node *n, struct http_request *r, bool wishes, const json_t *draft)
{
	struct payload_fault f = { 0 };
	struct user_payload *p = malloc(sizeof(*p));
	struct wishes w;
	const err e = p == NULL ? ERR_NOMEM
		      : wishes  ? wishes_read(draft, &w, &f)
				: user_payload_read(KIND_PROFILE, draft,
				      region_of(n, draft), p, &f);

	free(p);
	if (e != OK)
		fail_payload(r, e, &f);
	return e == OK;
}

void
api_bundle_make(struct http_request *r, void *ctx)
{
	static const char *const taken[] = { "note", "profile", "wishes",
		"results", "path", "for" };
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	json_t *file = NULL, *content;

	if (body == NULL)
		return;
	content = json_pack("{s:I}", "made", (json_int_t)node_now(n));
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (json_object_get(body, taken[i]) != NULL)
			(void)json_object_set(
			    content, taken[i], json_object_get(body, taken[i]));
	const json_t *profile = json_object_get(content, "profile");
	const json_t *wishes = json_object_get(content, "wishes");
	if ((profile == NULL || fits(n, r, false, profile)) &&
	    (wishes == NULL || fits(n, r, true, wishes))) {
		const err e = bundle_make(n, persona, content, &file);
		if (e == ERR_LIMIT)
			http_fail(r, 413, "E3621", NULL, NULL,
			    "a bundle has at most %d bytes", BUNDLE_MAX);
		else if (e != OK)
			http_fail_err(r, e, "the bundle cannot be signed");
		else
			http_reply(r, 200, file);
	}
	json_decref(content);
	json_decref(body);
}

/* One part a line: what is there, what is proposed. */
static void
differences(json_t *list, const char *which, const json_t *present,
    const json_t *proposed)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)proposed, key, value)
	{
		json_t *had = json_object_get(present, key);
		json_t *o = json_object();
		(void)json_object_set_new(
		    o, "part", json_sprintf("%s.%s", which, key));
		(void)json_object_set_new(
		    o, "present", had == NULL ? json_null() : json_incref(had));
		(void)json_object_set(o, "proposed", value);
		json_truth(o, "same", had != NULL && json_equal(had, value));
		(void)json_array_append_new(list, o);
	}
}

static bool
accepted(const json_t *accept, const char *part)
{
	size_t i;
	json_t *v;

	json_array_foreach((json_t *)(uintptr_t)accept, i, v)
	{
		if (json_is_string(v) &&
		    strcmp(json_string_value(v), part) == 0)
			return true;
	}
	return false;
}

/* What is accepted, into the drafts; both or none. */
static bool
take(struct node *n, struct http_request *r, uint32_t persona, json_t *parts,
    const json_t *accept)
{
	json_t *next[ARRAY_LEN(drafts)], *part;
	bool changed[ARRAY_LEN(drafts)] = { false }, good = true;
	size_t i, known = 0;

	for (size_t k = 0; k < ARRAY_LEN(drafts); k++) {
		next[k] = persona_value(n, persona, drafts[k][1], NULL);
		if (next[k] == NULL)
			next[k] = json_object();
	}
	json_array_foreach(parts, i, part)
	{
		const char *name =
		    json_string_value(json_object_get(part, "part"));
		const size_t k = strncmp(name, "wishes.", 7) == 0 ? 1 : 0;
		const bool yes = accepted(accept, name);
		json_truth(part, "taken", yes);
		if (!yes)
			continue;
		known++;
		changed[k] = true;
		(void)json_object_set(next[k], strchr(name, '.') + 1,
		    json_object_get(part, "proposed"));
	}
	if (known != json_array_size(accept)) {
		http_fail(r, 422, "E3623", "accept", "profile.skills",
		    "the bundle has no such part");
		good = false;
	}
	for (size_t k = 0; good && k < ARRAY_LEN(drafts); k++)
		good = !changed[k] || fits(n, r, k == 1, next[k]);
	for (size_t k = 0; good && k < ARRAY_LEN(drafts); k++) {
		const err e =
		    changed[k] ? persona_keep(n, persona, drafts[k][1], next[k])
			       : OK;
		good = e == OK;
		if (!good)
			http_fail_err(r, e, "the draft cannot be saved");
	}
	for (size_t k = 0; k < ARRAY_LEN(drafts); k++)
		json_decref(next[k]);
	return good;
}

static bool
is_for_us(const struct node *n, uint32_t persona, const json_t *content)
{
	const char *whom = json_string_value(json_object_get(content, "for"));
	uint8_t key[ED25519_PUBLIC];

	return whom == NULL ||
	       (did_key_get(slice_str(whom), key) == OK &&
		   memcmp(key, persona_get(n, persona)->pub, sizeof(key)) == 0);
}

static void
review(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *content, const uint8_t adviser[ED25519_PUBLIC],
    const json_t *accept)
{
	json_t *parts = json_array(), *o;

	for (size_t k = 0; k < ARRAY_LEN(drafts); k++) {
		json_t *present = persona_value(n, persona, drafts[k][1], NULL);
		differences(parts, drafts[k][0], present,
		    json_object_get(content, drafts[k][0]));
		json_decref(present);
	}
	if (!is_for_us(n, persona, content)) {
		http_fail(r, 422, "E3622", "for", "--persona NAME",
		    "the bundle was made for another key");
		json_decref(parts);
		return;
	}
	if (!take(n, r, persona, parts, accept)) {
		json_decref(parts);
		return;
	}
	o = json_object();
	json_did(o, "adviser", adviser);
	json_uint(o, "made",
	    (uint64_t)json_integer_value(json_object_get(content, "made")));
	const char *note = json_string_value(json_object_get(content, "note"));
	(void)json_object_set_new(
	    o, "note", json_string(note == NULL ? "" : note));
	(void)json_object_set_new(o, "parts", parts);
	json_t *results = json_object_get(content, "results");
	(void)json_object_set_new(o, "results",
	    json_is_array(results) ? json_incref(results) : json_array());
	json_t *path = json_object_get(content, "path");
	(void)json_object_set_new(
	    o, "path", path == NULL ? json_null() : json_incref(path));
	http_reply(r, 200, o);
}

void
api_bundle_review(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	uint8_t adviser[ED25519_PUBLIC];
	json_t *content = NULL;

	if (body == NULL)
		return;
	const err e =
	    bundle_open(n, json_object_get(body, "bundle"), &content, adviser);
	if (e == OK)
		review(n, r, persona, content, adviser,
		    json_object_get(body, "accept"));
	else
		http_fail(r, 422, "E3620", "bundle",
		    "the file as the adviser gave it",
		    e == ERR_AUTH ? "the bundle is not signed by whom it names"
		    : e == ERR_PEER ? "the bundle is of another network"
				    : "this is not a bundle of an adviser");
	json_decref(content);
	json_decref(body);
}
