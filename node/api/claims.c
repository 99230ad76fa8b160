/*
 * Facts of a persona, and what of them is asked for and shown in sealed
 * conversations, over the API: node/evidence/claims.h.
 */
#include "node/evidence/claims.h"

#include "node/api/parts.h"
#include "node/api/talk.h"

void
api_facts(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;

	if (persona_asked(n, r, &persona))
		http_reply(r, 200, claims_facts(n, persona, language_of(n, r)));
}

void
api_facts_change(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	char why[CLAIMS_WHY] = "";

	if (body == NULL)
		return;
	const json_t *set = json_object_get(body, "set");
	const json_t *remove = json_object_get(body, "remove");
	err e = (set == NULL || json_is_object(set)) &&
			(remove == NULL || json_is_array(remove))
		    ? OK
		    : ERR_FORM;

	if (e == OK)
		e = claims_facts_change(n, persona, set, remove, why);
	json_decref(body);
	if (e == ERR_FORM || e == ERR_LIMIT)
		http_fail(r, 422, "E3530", "set",
		    "{\"set\": {\"name\": \"Lea\"}, \"remove\": [\"phone\"]}",
		    "these facts cannot be kept%s%s",
		    why[0] == '\0' ? "" : ": ", why);
	else if (e != OK)
		http_fail_err(r, e, "the facts cannot be written");
	else
		http_reply(r, 200, claims_facts(n, persona, language_of(n, r)));
}

void
api_talk_claims(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct talk *t = talk_named(n, r);

	if (t != NULL)
		http_reply(r, 200, claims_talk(n, t, language_of(n, r)));
}

/* ERR_FORM and the like have words of their own. */
static void
fail_claims(struct http_request *r, const struct talk *t, err e,
    enum mail_outcome outcome, const char *why)
{
	if (e == ERR_FORM || e == ERR_NOTFOUND || (e == ERR_LIMIT && *why != 0))
		http_fail(r, e == ERR_NOTFOUND ? 404 : 422, "E3531", "leaves",
		    t->c.company ? "ohcn offer ask ID skills languages pay_floor"
				 : "ohcn inbox claims ID shows what there is",
		    "%s", why);
	else if (e == OK && outcome == MAIL_NOT_YET)
		http_fail(r, 409, "E3532", "leaves",
		    "show others, or wait until the company has told who it "
		    "is",
		    "a leaf that tells who you are is shown after the "
		    "company's identity");
	else
		talk_fail(r, e, outcome);
}

void
api_talk_ask(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct talk *t = talk_named(n, r);
	json_t *body = t == NULL ? NULL : http_json(r);
	char why[CLAIMS_WHY];
	enum mail_outcome outcome;

	if (body == NULL)
		return;
	const err e =
	    claims_ask(n, t, json_object_get(body, "names"), &outcome, why);
	json_decref(body);
	if (e != OK || outcome != MAIL_FINE)
		fail_claims(r, t, e, outcome, why);
	else
		http_reply(r, 200, claims_talk(n, t, language_of(n, r)));
}

void
api_talk_disclose(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct talk *t = talk_named(n, r);
	json_t *body = t == NULL ? NULL : http_json(r), *out;
	char why[CLAIMS_WHY];
	enum mail_outcome outcome;

	if (body == NULL)
		return;
	const struct claims_wish w = {
		.leaves = json_object_get(body, "leaves"),
		.unasked = json_is_true(json_object_get(body, "unasked")),
		.dry = json_is_true(json_object_get(body, "dry_run")),
		.language = language_of(n, r),
	};
	const err e = claims_disclose(n, t, &w, &out, &outcome, why);
	if (e != OK || outcome != MAIL_FINE)
		fail_claims(r, t, e, outcome, why);
	else
		http_reply(r, 200, out);
	json_decref(body);
}
