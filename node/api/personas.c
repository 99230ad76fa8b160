/*
 * Personas over the API: the list, a new one, another name, retired and back,
 * revoked for good.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/care/forget.h"
#include "node/keys/intro.h"
#include "node/matcher.h"

static json_t *
persona_json(struct node *n, uint32_t i)
{
	const struct author *a = persona_get(n, i);
	const struct owner_post *card = owner_post(n, i, KIND_PROFILE, 0);
	const struct owner_post *end = owner_post(n, i, KIND_REVOCATION, 0);
	json_t *o = json_object();

	(void)json_object_set_new(o, "name", json_string(a->name));
	json_uint(o, "index", a->index);
	(void)json_object_set_new(
	    o, "state", json_string(persona_state_name(a->state)));
	json_did(o, "did", a->pub);
	json_uint(o, "made", a->made_s);
	json_truth(o, "stamp_ready", a->stamped);
	if (card != NULL)
		json_id(o, "profile", card->id);
	else
		(void)json_object_set_new(o, "profile", json_null());
	if (end != NULL)
		json_id(o, "revocation", end->id);
	else
		(void)json_object_set_new(o, "revocation", json_null());
	json_uint(o, "demands", owner_live(n, i, KIND_DEMAND));
	json_uint(o, "courses", owner_live(n, i, KIND_COURSE));
	if (owner_plan_at(n, i) != 0)
		json_uint(o, "publish_at", owner_plan_at(n, i));
	else
		(void)json_object_set_new(o, "publish_at", json_null());
	json_uint(o, "publish_open_at", publish_open_at(n, i));
	return o;
}

void
api_personas(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *list = json_array();

	for (uint32_t i = 0; i < persona_count(n); i++)
		(void)json_array_append_new(list, persona_json(n, i));
	http_reply(r, 200, json_pack("{s:o}", "personas", list));
}

/* Of the path; false: answered. */
static bool
persona_named(struct node *n, struct http_request *r, uint32_t *index)
{
	const char *name = http_param(r, "name");

	if (persona_find(n, name, index) == OK)
		return true;
	http_fail(r, 404, "E3120", "name", "ohcn persona list",
	    "there is no persona \"%.60s\"", name);
	return false;
}

static void
fail_persona(struct http_request *r, err e, const char *name)
{
	switch ((int)e) {
	case ERR_FORM:
		http_fail(r, 422, "E3121", "name",
		    "a to z, 0 to 9, - and _; at most 32",
		    "\"%.60s\" is no name of a persona", name);
		break;
	case ERR_EXISTS:
		http_fail(r, 409, "E3122", "name", "ohcn persona list",
		    "there is a persona \"%.60s\" already", name);
		break;
	case ERR_LIMIT:
		http_fail(r, 409, "E3123", NULL, "ohcn persona retire NAME",
		    "there are %d personas that publish, or %d in all: as "
		    "many as a node keeps",
		    PERSONAS_LIVE_MAX, PERSONAS_MAX);
		break;
	case ERR_CLOSED:
		http_fail(r, 503, "E3124", NULL, "ohcn down, ohcn up",
		    "the process that holds the keys has ended");
		break;
	default:
		http_fail_err(
		    r, e, "the persona cannot be saved: %s", err_name(e));
	}
}

void
api_persona_add(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t index = 0;
	json_t *body = http_json(r);

	if (body == NULL)
		return;
	const char *name = json_string_value(json_object_get(body, "name"));
	const err e = persona_add(n, name == NULL ? "" : name, &index);
	if (e != OK) {
		fail_persona(r, e, name == NULL ? "" : name);
	} else {
		matcher_own(n->matcher, persona_get(n, index)->pub);
		publisher_start(n->publisher); /* its stamp */
		http_reply(r, 200, persona_json(n, index));
	}
	json_decref(body);
}

void
api_persona_rename(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t index;
	json_t *body = persona_named(n, r, &index) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	const char *name = json_string_value(json_object_get(body, "name"));
	const err e = persona_rename(n, index, name == NULL ? "" : name);
	if (e != OK)
		fail_persona(r, e, name == NULL ? "" : name);
	else
		http_reply(r, 200, persona_json(n, index));
	json_decref(body);
}

void
api_persona_state(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t index;
	json_t *body = persona_named(n, r, &index) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	const char *state = json_string_value(json_object_get(body, "state"));
	const bool retire = state != NULL && strcmp(state, "retired") == 0;
	if (!retire && (state == NULL || strcmp(state, "live") != 0)) {
		http_fail(r, 422, "E3125", "state", "retired or live",
		    "the state is missing or not one to choose");
		json_decref(body);
		return;
	}
	json_decref(body);
	err e = persona_set_state(
	    n, index, retire ? PERSONA_RETIRED : PERSONA_LIVE);
	if (e == OK && retire)
		e = owner_plan_cancel(n, index);
	if (e == ERR_FORM)
		http_fail(r, 409, "E3126", "state",
		    index == 0 ? "ohcn persona revoke, if its key is known to "
				 "others"
			       : "ohcn persona add NAME",
		    index == 0 ? "the first persona does not retire"
			       : "a revoked persona does not come back");
	else if (e != OK)
		fail_persona(r, e, persona_get(n, index)->name);
	else {
		publisher_start(n->publisher);
		http_reply(r, 200, persona_json(n, index));
	}
}

/* ---- for good ---- */

/* The one that was signed beforehand. */
void
api_persona_revocation(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t index;

	if (!persona_named(n, r, &index))
		return;
	json_t *had = persona_value(n, index, PRESIGNED, NULL);
	const json_int_t made =
	    json_integer_value(json_object_get(had, "made"));
	if (had == NULL) {
		http_fail(r, 404, "E3132", "name", "try again in a minute",
		    "none was made yet");
		return;
	}
	json_t *o = json_object();
	(void)json_object_set(o, "bytes_hex", json_object_get(had, "record"));
	json_uint(o, "made", (uint64_t)made);
	json_uint(o, "useful_until",
	    (uint64_t)made +
		(uint64_t)kind_info(KIND_REVOCATION)->lifetime_hours * 3600);
	json_decref(had);
	http_reply(r, 200, o);
}

struct revoking {
	struct node *n;
	struct http_request *r;
	uint32_t persona;
};

static json_t *
advice(struct node *n, uint32_t persona)
{
	return json_sprintf("the name of a new persona is nobody's business: "
			    "ohcn persona add NAME, then profile edit with "
			    "--persona NAME; say nowhere that it was \"%s\"",
	    persona_get(n, persona)->name);
}

static void
on_revoked(void *ctx, const struct publish_result *r)
{
	struct revoking *v = ctx;

	if (r->error != OK) {
		fail_publish(v->r, r);
	} else {
		owner_tick(v->n); /* takes note of it at once */
		json_t *o = json_object();
		(void)json_object_set_new(
		    o, "record", result_json(v->n, KIND_REVOCATION, r));
		json_uint(o, "sent_to", r->sent_to);
		(void)json_object_set_new(
		    o, "persona", persona_json(v->n, v->persona));
		(void)json_object_set_new(o, "next", advice(v->n, v->persona));
		http_reply(v->r, 200, o);
	}
	free(v);
}

static void
revoke(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *body)
{
	const char *reason = json_string_value(json_object_get(body, "reason"));
	const char *confirm =
	    json_string_value(json_object_get(body, "confirm"));
	struct user_payload *p = malloc(sizeof(*p));
	struct revoking *v = malloc(sizeof(*v));
	struct payload_fault f = { 0 };
	json_t *draft = json_pack(
	    "{s:s}", "reason", reason == NULL ? "unspecified" : reason);
	const err e =
	    p == NULL || v == NULL
		? ERR_NOMEM
		: user_payload_read(KIND_REVOCATION, draft, "zz", p, &f);

	json_decref(draft);
	if (e != OK) {
		fail_payload(r, e, &f);
		free(v);
	} else {
		const struct publish_request q = { .persona = persona,
			.kind = KIND_REVOCATION,
			.region = p->region,
			.payload = slice_of(p->bytes, p->n) };
		*v = (struct revoking){ n, r, persona };
		if (json_is_true(json_object_get(body, "dry_run"))) {
			json_t *o = preview_json(n, r, &q);
			free(v);
			if (o != NULL)
				http_reply(r, 200, o);
		} else if (confirm == NULL ||
			   strcmp(confirm, persona_get(n, persona)->name) !=
			       0) {
			free(v);
			http_fail(r, 422, "E3127", "confirm",
			    "the persona's name, once more",
			    "nothing takes a revocation back: say the name "
			    "of the persona to confirm");
		} else {
			owner_publish(n, &q, on_revoked, v);
		}
	}
	free(p);
}

void
api_persona_revoke(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t index;
	json_t *body = persona_named(n, r, &index) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	if (persona_get(n, index)->state == PERSONA_REVOKED)
		http_fail(r, 409, "E3128", "name", "ohcn persona list",
		    "the persona is revoked already");
	else
		revoke(n, r, index, body);
	json_decref(body);
}

void
api_persona_forget(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t index;
	json_t *body = persona_named(n, r, &index) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	const char *confirm =
	    json_string_value(json_object_get(body, "confirm"));
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	json_t *o = forget_json(n, index);
	err e = OK;
	if (!dry && (confirm == NULL ||
			strcmp(confirm, persona_get(n, index)->name) != 0))
		http_fail(r, 422, "E3127", "confirm",
		    "the persona's name, once more",
		    "nothing takes this back: say the name of the persona to "
		    "confirm");
	else if (index == 0)
		http_fail(r, 409, "E3136", "name",
		    "ohcn persona revoke; and to forget all of it, delete the "
		    "key file and your backups: ohcn help forgetting",
		    "the first persona ends with the key itself");
	else if (!dry && (e = forget_begin(n, index)) != OK) {
		if (e == ERR_EXISTS)
			http_fail(r, 409, "E3137", "name", "ohcn persona list",
			    "it is forgotten, or will be in a moment");
		else
			fail_persona(r, e, persona_get(n, index)->name);
	} else {
		json_truth(o, "begun", !dry);
		http_reply(r, dry ? 200 : 202, json_incref(o));
	}
	json_decref(o);
	json_decref(body);
}
