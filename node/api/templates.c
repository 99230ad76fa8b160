/*
 * Offer templates over the API: kept, shown, and filled in for one demand and
 * one card when an offer is sent with the name of one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/postings.h"
#include "node/api/template.h"
#include "node/company/template.h"
#include "proto/record/names.h"

void
api_templates(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;

	if (persona_asked(n, r, &persona))
		http_reply(r, 200,
		    json_pack("{s:o,s:s,s:i}", "templates",
			templates_json(n, persona), "places", template_places(),
			"max", TEMPLATES_MAX));
}

static void
fail_missing(struct http_request *r, const char *name)
{
	http_fail(r, 404, "E3170", "template", "ohcn offer template list",
	    "there is no template \"%.40s\"", name);
}

void
api_template(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	uint32_t persona;
	json_t *o;

	if (!persona_asked(n, r, &persona))
		return;
	if ((o = template_json(n, persona, name)) == NULL)
		fail_missing(r, name);
	else
		http_reply(r, 200, o);
}

void
api_template_put(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	struct payload_fault f = { .path = "" };

	if (body == NULL)
		return;
	const err e = template_keep(n, persona, name, body, &f);
	json_decref(body);
	if (e == ERR_LIMIT)
		http_fail(r, 409, "E3172", NULL, "ohcn offer template remove",
		    "there are %d templates, as many as a persona has",
		    TEMPLATES_MAX);
	else if (e == ERR_FORM)
		http_fail(r, 422, "E3171", f.path,
		    f.hint[0] == '\0' ? NULL : f.hint, "%s: %s", f.path, f.why);
	else if (e != OK)
		http_fail_err(r, e, "the template cannot be kept");
	else
		http_reply(r, 200, template_json(n, persona, name));
}

void
api_template_remove(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	uint32_t persona;

	if (!persona_asked(n, r, &persona))
		return;
	const err e = template_drop(n, persona, name);
	if (e == ERR_NOTFOUND)
		fail_missing(r, name);
	else if (e != OK)
		http_fail_err(r, e, "the template cannot be removed");
	else
		http_reply(r, 200, json_pack("{s:s}", "removed", name));
}

/* ---- filled in ---- */

/* A record's payload with labels; ${region} (may be NULL) of its header. */
static json_t *
payload_of(struct node *n, struct store_view *view, uint64_t rid,
    uint32_t language, json_t **region)
{
	struct store_record s;
	struct reader rd;
	json_t *whole = NULL, *payload = NULL;

	if (reader_init(&rd) == OK && rid != 0 &&
	    store_get_rid(view, rid, &s) == OK)
		whole =
		    record_json(&rd, &s, n->terms->vocabulary, language, false);
	reader_fini(&rd);
	if (json_is_object(json_object_get(whole, "payload")))
		payload = json_incref(json_object_get(whole, "payload"));
	if (region != NULL)
		*region = json_incref(json_object_get(whole, "region"));
	json_decref(whole);
	return payload;
}

bool
template_into_terms(struct node *n, struct http_request *r, uint32_t persona,
    const struct template_use *use, json_t *terms)
{
	json_t *t = template_json(n, persona, use->name);
	json_t *draft = persona_value(n, persona, DRAFT_ORGANISATION, NULL);
	const json_t *names = json_object_get(draft, "name");
	struct payload_fault f = { .path = "" };
	struct store_view *view = NULL;
	json_t *demand = NULL, *card = NULL, *region = NULL;
	char code[4] = "";

	if (t == NULL) {
		fail_missing(r, use->name);
		json_decref(draft);
		return false;
	}
	const uint32_t language = language_of(n, r);
	if (store_view_open(n->store, &view) == OK) {
		demand =
		    payload_of(n, view, use->demand_rid, language, &region);
		card = payload_of(n, view, use->card_rid, language, NULL);
	}
	store_view_close(view);
	if (language != 0)
		(void)language_put(code, language);
	const char *company = json_string_value(json_object_get(names, code));
	if (company == NULL)
		company = json_string_value(json_object_iter_value(
		    json_object_iter((json_t *)(uintptr_t)names)));
	json_t *facts = template_facts(
	    demand, card, company, code[0] == '\0' ? NULL : code);
	if (json_is_string(region))
		(void)json_object_set(facts, "region", region);
	const err e = template_fill(t, facts, node_now(n) / 3600, terms, &f);
	if (e != OK)
		http_fail(r, 422, "E3173", f.path,
		    f.hint[0] == '\0' ? NULL : f.hint,
		    "the template \"%s\" cannot be filled in: %s", use->name,
		    f.why);
	json_decref(facts);
	json_decref(region);
	json_decref(demand);
	json_decref(card);
	json_decref(draft);
	json_decref(t);
	return e == OK;
}
