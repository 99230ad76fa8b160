/*
 * What a cohort has beyond a community, over the API: the waiting list, the
 * end of somebody's place, and the certificates at the end of all.
 */
#include <stdlib.h>

#include "node/api/communities.h"
#include "node/api/talk.h"
#include "node/community/cohort.h"
#include "node/community/joining.h"
#include "node/community/promise.h"

#define GRADE_MIN 101
#define GRADE_MAX 401
#define DAYS      730

static void
answer(struct http_request *r, void *ctx,
    void (*say)(struct community_asked *a, const json_t *body))
{
	struct community_asked a;
	json_t *body;

	if (!community_asked(ctx, r, &a))
		return;
	body = community_founded(&a) ? http_json(r) : NULL;
	if (body != NULL)
		say(&a, body);
	json_decref(body);
	community_answered(&a);
}

/* ---- the waiting list ---- */

static void
wait_for(struct community_asked *a, const json_t *body)
{
	const char *talk = json_string_value(json_object_get(body, "talk"));
	struct talk *t = talk == NULL ? NULL : mailbox_find(a->n, talk);
	char id[TALK_ID_TEXT];

	if (t == NULL || t->c.state != CONVERSATION_HAND ||
	    !joining_is_request(a->n, t, a->persona, a->value)) {
		http_fail(a->r, 404, "E3185", "talk",
		    community_hint(a, "members NAME"),
		    "there is no such request that is still open");
		return;
	}
	talk_id_text(t, id);
	json_t *p = json_pack("{s:s,s:I}", "community", a->name, "waiting",
	    (json_int_t)node_now(a->n));
	const err e = promise_keep(a->n, a->persona, id, p);
	json_decref(p);
	if (e == ERR_LIMIT)
		http_fail(a->r, 409, "E3190", NULL,
		    "community.promises in the configuration",
		    "as many are welcomed or waiting as are kept");
	else if (e != OK)
		http_fail_err(a->r, e, "it cannot be kept: %s", err_name(e));
	else
		http_reply(a->r, 200,
		    json_pack("{s:s,s:s,s:b}", "name", a->name, "talk", id,
			"waiting", 1));
}

void
api_community_wait(struct http_request *r, void *ctx)
{
	answer(r, ctx, wait_for);
}

/* ---- the end of a place ---- */

static void
release(struct community_asked *a, const json_t *body)
{
	const char *text = json_string_value(json_object_get(body, "key"));
	struct community_roles all;
	uint8_t key[ED25519_PUBLIC];
	json_int_t ended = 0;
	err e = OK;

	if (text == NULL || did_key_get(slice_str(text), key) != OK) {
		http_fail(a->r, 422, "E3172", "key", "did:key:z6Mk...",
		    "whose place it is: a key is needed");
		return;
	}
	all = community_role_list(a->n, a->persona, a->value);
	for (size_t i = 0; i < all.n && e == OK; i++) {
		if (all.list[i].over ||
		    memcmp(all.list[i].person, key, ED25519_PUBLIC) != 0)
			continue;
		e = community_role_leave(
		    a->n, a->persona, all.list[i].agreement);
		ended++;
	}
	free(all.list);
	if (e != OK)
		http_fail_err(a->r, e, "it cannot be kept: %s", err_name(e));
	else if (ended == 0)
		http_fail(a->r, 404, "E3193", "key",
		    community_hint(a, "members NAME"),
		    "nobody with that key has a role here that is not over");
	else
		http_reply(a->r, 200,
		    json_pack("{s:s,s:s,s:I}", "name", a->name, "key", text,
			"ended", ended));
}

void
api_community_release(struct http_request *r, void *ctx)
{
	answer(r, ctx, release);
}

/* ---- the certificates ---- */

static json_t *
given_json(struct community_asked *a, const struct cohort_member *m,
    const struct cohort_end *end)
{
	static const char *const words[] = { "issued", "too-few", "has-one",
		"not-given" };
	char why[CREDENTIALS_WHY];
	enum mail_outcome outcome;
	json_t *ids, *o = json_object();

	const enum cohort_given g = cohort_certify(
	    a->n, a->persona, &a->record, m, end, &ids, &outcome, why);
	json_did(o, "key", m->key);
	json_uint(o, "attended", m->attended);
	(void)json_object_set_new(o, "given", json_string(words[g]));
	(void)json_object_set_new(o, "why", json_string(why));
	const bool real = g == COHORT_ISSUED && !end->dry;
	(void)json_object_set_new(o, "credential",
	    real ? json_incref(json_array_get(ids, 0)) : json_null());
	(void)json_object_set_new(o, "sent",
	    real ? json_string(mail_outcome_name(outcome)) : json_null());
	json_decref(ids);
	return o;
}

/* False: answered. */
static bool
end_read(struct community_asked *a, const json_t *body, uint32_t held,
    struct cohort_end *out)
{
	const json_t *needed = json_object_get(body, "sessions");
	const json_t *grade = json_object_get(body, "grade");
	const json_t *days = json_object_get(body, "days");
	const json_int_t n =
	    needed == NULL ? held / 2 + 1 : json_integer_value(needed);
	const json_int_t g =
	    grade == NULL ? a->record.grade : json_integer_value(grade);
	const json_int_t d = days == NULL ? DAYS : json_integer_value(days);

	if (n < 1 || n > 1000 || d < 1 || d > 3650 ||
	    (g != 0 && (g < GRADE_MIN || g > GRADE_MAX))) {
		http_fail(a->r, 422, "E3194",
		    n < 1 || n > 1000   ? "sessions"
		    : d < 1 || d > 3650 ? "days"
					: "grade",
		    "sessions 1 to 1000, grade 101 to 401, days 1 to 3650",
		    "a number is out of its bounds");
		return false;
	}
	*out = (struct cohort_end){ .needed = (uint32_t)n,
		.days = (uint32_t)d,
		.grade = (uint16_t)g,
		.method = json_is_true(json_object_get(body, "assessed"))
			      ? CREDENTIAL_ASSESSED
			      : CREDENTIAL_COMPLETED,
		.dry = json_is_true(json_object_get(body, "dry_run")) };
	return true;
}

static void
finish(struct community_asked *a, const json_t *body)
{
	struct cohort_roll roll;
	struct cohort_end end;

	if (!a->known) {
		http_fail(a->r, 409, "E3167", NULL,
		    "ohcn credential issue; certificates name the record, so "
		    "finish first, then ohcn cohort end",
		    "\"%s\" has no live record", a->name);
		return;
	}
	roll = cohort_roll(a->n, a->persona, a->value);
	if (roll.held == 0) {
		http_fail(a->r, 409, "E3195", NULL,
		    "ohcn session propose NAME --send; then ohcn session list",
		    "no session of \"%s\" counts yet: nobody is known to have "
		    "been there",
		    a->name);
	} else if (end_read(a, body, roll.held, &end)) {
		json_t *o = json_object(), *list = json_array();
		for (size_t i = 0; i < roll.n; i++)
			(void)json_array_append_new(
			    list, given_json(a, &roll.list[i], &end));
		(void)json_object_set_new(o, "name", json_string(a->name));
		json_uint(o, "held", roll.held);
		json_uint(o, "needed", end.needed);
		json_uint(o, "grade", end.grade);
		json_truth(o, "dry_run", end.dry);
		(void)json_object_set_new(o, "participants", list);
		http_reply(a->r, 200, o);
	}
	free(roll.list);
}

void
api_cohort_finish(struct http_request *r, void *ctx)
{
	answer(r, ctx, finish);
}
