/*
 * Results of assessments over the API: those taken here and those that an
 * external assessor signed; and what of them goes into the private draft of
 * the profile, which nobody sees before it is published.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/assess.h"
#include "node/keys/signer.h"
#include "proto/base/text.h"

#define DAYS_DEFAULT 365
#define DAYS_MAX     400

static bool
on_result(void *ctx, const char *name, json_t *value)
{
	(void)name;
	(void)json_array_append((json_t *)ctx, value);
	return true;
}

void
api_assessment_results(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *list = json_array(), *o = json_object();

	vault_each(n->vault, RESULT_NAME, on_result, list);
	json_uint(o, "count", json_array_size(list));
	(void)json_object_set_new(o, "results", list);
	http_reply(r, 200, o);
}

/* ---- signed ones of others ---- */

static json_t *
stated_json(const struct paper *p, const struct assess_result *res)
{
	struct label_scope s = paper_scope(p);
	json_t *list = json_array();

	for (unsigned i = 0; i < res->levels_n; i++) {
		json_t *o = term_json(&s, res->levels[i].term);
		json_uint(o, "level", res->levels[i].level);
		if (res->levels[i].confidence > 0)
			json_uint(o, "confidence", res->levels[i].confidence);
		else
			(void)json_object_set_new(o, "confidence", json_null());
		(void)json_object_set_new(o, "basis",
		    json_string(assess_basis_name(ASSESS_ASSESSOR)));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void
keep_result(struct node *n, struct http_request *r, const struct paper *p,
    const struct assess_result *res, const uint8_t id[RECORD_ID],
    const char *hex)
{
	char name[VAULT_NAME_MAX + 1], text[17];
	json_t *o = json_object(), *old;

	(void)snprintf(text, sizeof(text), "%016" PRIx64, get_u64be(id));
	(void)snprintf(name, sizeof(name), RESULT_NAME "x-%s", text);
	old = vault_get(n->vault, name, NULL);
	json_truth(o, "known_before", old != NULL);
	json_decref(old);
	(void)json_object_set_new(o, "id", json_sprintf("x-%s", text));
	(void)json_object_set_new(o, "assessment", json_string(p->name));
	(void)json_object_set_new(o, "title", paper_title(p));
	json_uint(o, "taken", res->taken_h * 3600);
	json_uint(o, "expires", res->expires_h * 3600);
	(void)json_object_set_new(o, "source", json_string("external"));
	json_did(o, "assessor", res->assessor);
	(void)json_object_set_new(o, "levels", stated_json(p, res));
	(void)json_object_set_new(o, "signed", json_string(hex));
	const err e = vault_put(n->vault, name, o);
	if (e == OK) {
		http_reply(r, 200, o);
		return;
	}
	json_decref(o);
	http_fail_err(r, e, "the result cannot be saved: %s", err_name(e));
}

/* The live assessment of an author's slot. */
static bool
open_slot(struct paper *p, const struct assess_result *res)
{
	struct store_record s;

	return store_get_slot(p->view, res->author, KIND_ASSESSMENT, res->slot,
		   &s) == OK &&
	       paper_read(p, &s) && p->usable;
}

static void
judge(struct node *n, struct http_request *r, struct paper *p,
    const struct assess_result *res, const uint8_t id[RECORD_ID],
    const char *hex)
{
	const bool known = open_slot(p, res);
	const struct author *own = persona_of_key(n, res->person);
	const struct assess_expected e = {
		.assessment = known ? &p->a : NULL,
		.author = known ? p->author : res->author,
		.slot = res->slot,
		/* Of whichever persona of ours it names. */
		.person = (own != NULL ? own : persona_get(n, 0))->pub,
		.net = n->config->node.network,
		.now_s = node_now(n),
	};
	const enum assess_refusal refusal = assess_result_judge(res, &e);

	if (refusal == ASSESS_ACCEPTED)
		keep_result(n, r, p, res, id, hex);
	else
		http_fail(r, 422, "E3515", "result",
		    refusal == ASSESS_NO_ASSESSMENT ? "ohcn sync now" : NULL,
		    "the result is refused: %s", assess_refusal_text(refusal));
}

void
api_assessment_import(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint8_t bytes[ASSESS_RESULT_MAX], id[RECORD_ID];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct assess_result res;
	json_t *body = http_json(r);
	const char *hex = json_string_value(json_object_get(body, "result"));
	struct paper *p;

	if (body == NULL)
		return;
	p = paper_blank(n, r);
	if (p != NULL) {
		err e = hex == NULL ? ERR_FORM : hex_get(slice_str(hex), &out);
		if (e == OK)
			e = assess_result_read(
			    buf_slice(&out), &p->rd.value_scratch, &res, id);
		if (e == OK)
			judge(n, r, p, &res, id, hex);
		else
			http_fail(r, 422, "E3515", "result",
			    "the file that the assessor gave, unchanged",
			    e == ERR_AUTH
				? "the result is refused: its signature is "
				  "not of the assessor that it names"
				: "this is not a signed result");
	}
	paper_close(p);
	json_decref(body);
}

/* ---- signing, for assessors ---- */

static bool
levels_read(const json_t *list, struct assess_result *out)
{
	size_t i;
	json_t *v;

	if (!json_is_array(list) || json_array_size(list) == 0 ||
	    json_array_size(list) > RESULT_LEVELS_MAX)
		return false;
	json_array_foreach((json_t *)(uintptr_t)list, i, v)
	{
		const char *text =
		    json_string_value(json_object_get(v, "term"));
		const json_int_t level =
		    json_integer_value(json_object_get(v, "level"));
		const json_int_t sure =
		    json_integer_value(json_object_get(v, "confidence"));
		char *end = NULL;
		uint64_t term = 0;
		if (text == NULL || level < 0 || level > LEVEL_MAX ||
		    sure < 0 || sure > RESULT_CONFIDENCE_MAX)
			return false;
		if (strchr(text, ':') != NULL)
			term = term_of_uri(slice_str(text));
		else if (strlen(text) == 2UL * TERM_ID)
			term = strtoull(text, &end, 16);
		if (term == 0 || (end != NULL && *end != 0))
			return false;
		out->levels[i] = (struct assess_stated){ term, (uint8_t)level,
			(uint16_t)sure };
	}
	out->levels_n = (uint16_t)json_array_size(list);
	return true;
}

static void
sign_result(struct node *n, struct http_request *r, struct assess_result *res,
    const struct assess_expected *e)
{
	uint8_t bytes[ASSESS_RESULT_MAX];
	char hex[2 * ASSESS_RESULT_MAX + 1];
	struct buf out = { bytes, 0, sizeof(bytes) };
	const enum assess_refusal refusal = assess_result_judge(res, e);

	if (refusal != ASSESS_ACCEPTED) {
		http_fail(r, 422, "E3518", NULL, "ohcn assess show ID",
		    "nobody would accept it: %s", assess_refusal_text(refusal));
		return;
	}
	const struct author *by = persona_of_key(n, res->assessor);
	struct signer_use with = { n->signer, by->index, SIGN_RESULT,
		slice_str(n->config->node.network) };
	const struct record_signing signing = { by->pub, signer_sign_as,
		&with };
	const err wrong = assess_result_sign_with(res, &signing, &out);
	if (wrong == ERR_CLOSED) {
		http_fail_err(r, wrong,
		    "the process that holds the keys has ended: start "
		    "the node again");
		return;
	}
	if (wrong != OK || hex_put(hex, sizeof(hex), buf_slice(&out)) != OK) {
		http_fail_err(r, ERR_FORM,
		    "the result cannot be signed: a "
		    "term twice, or a bad period");
		return;
	}
	json_t *o = json_object();
	(void)json_object_set_new(o, "result", json_string(hex));
	json_did(o, "person", res->person);
	json_uint(o, "expires", res->expires_h * 3600);
	http_reply(r, 200, o);
}

void
api_assessment_sign(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	struct assess_result res = { .levels_n = 0 };

	if (body == NULL)
		return;
	struct paper *p = paper_open(n, r, http_param(r, "id"), NULL);
	if (p == NULL) {
		json_decref(body);
		return;
	}
	const char *person = json_string_value(json_object_get(body, "person"));
	const json_t *days = json_object_get(body, "days");
	const json_int_t for_days =
	    days == NULL ? DAYS_DEFAULT : json_integer_value(days);
	if (person == NULL || did_key_get(slice_str(person), res.person) != OK)
		http_fail(r, 422, "E3518", "person", "ohcn key show",
		    "person is not a did:key");
	else if (!levels_read(json_object_get(body, "levels"), &res))
		http_fail(r, 422, "E3518", "levels",
		    "[{\"term\": \"urn:ohcn:welding\", \"level\": 3}]",
		    "levels is not a list of terms with levels 0 to 5");
	else if (for_days < 1 || for_days > DAYS_MAX)
		http_fail(r, 422, "E3518", "days", NULL, "days must be 1 to %d",
		    DAYS_MAX);
	else {
		const struct assess_expected e = { &p->a, p->author, p->slot,
			res.person, n->config->node.network, node_now(n) };
		(void)snprintf(
		    res.net, sizeof(res.net), "%s", n->config->node.network);
		memcpy(res.assessor, persona_get(n, persona)->pub,
		    sizeof(res.assessor));
		memcpy(res.author, p->author, sizeof(res.author));
		res.slot = p->slot;
		res.taken_h = node_now(n) / 3600;
		res.expires_h = res.taken_h + (uint64_t)for_days * 24;
		for (size_t i = 0; i < ASSESS_NONCE; i += 8)
			put_u64be(res.nonce + i, env_random_u64(&n->env));
		sign_result(n, r, &res, &e);
	}
	paper_close(p);
	json_decref(body);
}

/* ---- into the draft ---- */

static json_t *
skill_in(json_t *skills, const char *term)
{
	size_t i;
	json_t *v;

	json_array_foreach(skills, i, v)
	{
		const json_t *t = json_object_get(v, "term");
		const char *has = json_string_value(
		    json_is_object(t) ? json_object_get(t, "term") : t);
		char text[2 * TERM_ID + 1];
		if (has != NULL && strchr(has, ':') != NULL) {
			term_text(text, term_of_uri(slice_str(has)));
			has = text;
		}
		if (has != NULL && strcmp(has, term) == 0)
			return v;
	}
	return NULL;
}

static bool
is_chosen(const json_t *only, const char *term)
{
	size_t i;
	json_t *v;

	if (!json_is_array(only))
		return true;
	json_array_foreach((json_t *)(uintptr_t)only, i, v)
	{
		if (json_is_string(v) &&
		    strcmp(json_string_value(v), term) == 0)
			return true;
	}
	return false;
}

/* Skills of the result, at level 1 or more, into ${skills}; what changed. */
static json_t *
put_skills(json_t *skills, const json_t *result, const json_t *body)
{
	const json_int_t least =
	    json_integer_value(json_object_get(body, "min_confidence"));
	json_t *changes = json_array(), *v;
	size_t i;

	json_array_foreach(json_object_get(result, "levels"), i, v)
	{
		const char *term =
		    json_string_value(json_object_get(v, "term"));
		const json_int_t level =
		    json_integer_value(json_object_get(v, "level"));
		const json_t *sure = json_object_get(v, "confidence");
		json_t *has, *o;
		if (term == NULL || level < 1 ||
		    (json_is_integer(sure) &&
			json_integer_value(sure) < least) ||
		    !is_chosen(json_object_get(body, "terms"), term))
			continue;
		has = skill_in(skills, term);
		o = json_object();
		(void)json_object_set_new(o, "term", json_string(term));
		(void)json_object_set(o, "label", json_object_get(v, "label"));
		(void)json_object_set_new(o, "from",
		    json_integer(
			json_integer_value(json_object_get(has, "level"))));
		(void)json_object_set_new(o, "to", json_integer(level));
		(void)json_array_append_new(changes, o);
		if (has == NULL)
			(void)json_array_append_new(
			    skills, json_pack("{s:s,s:I}", "term", term,
					"level", level));
		else
			(void)json_object_set_new(
			    has, "level", json_integer(level));
	}
	return changes;
}

static bool
fits(struct node *n, struct http_request *r, bool private, const json_t *draft)
{
	struct payload_fault f = { 0 };
	struct wishes w;
	err e = ERR_NOMEM;

	if (private) {
		e = wishes_read(draft, &w, &f);
	} else {
		struct user_payload *p = malloc(sizeof(*p));
		if (p != NULL)
			e = user_payload_read(
			    KIND_PROFILE, draft, region_of(n, draft), p, &f);
		free(p);
	}
	if (e != OK)
		fail_payload(r, e, &f);
	return e == OK;
}

static void
apply(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *result, const json_t *body)
{
	const bool private = json_is_true(json_object_get(body, "private"));
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	const char *name = private ? DRAFT_WISHES : DRAFT_PROFILE;
	json_t *draft = persona_value(n, persona, name, NULL);
	json_t *skills, *changes;
	err e = OK;

	if (draft == NULL)
		draft = json_object();
	skills = json_object_get(draft, "skills");
	if (!json_is_array(skills)) {
		skills = json_array();
		(void)json_object_set_new(draft, "skills", skills);
	}
	changes = put_skills(skills, result, body);
	if (json_array_size(skills) == 0)
		(void)json_object_del(draft, "skills");
	if (!fits(n, r, private, draft)) {
		json_decref(changes);
	} else if (!dry && (e = persona_keep(n, persona, name, draft)) != OK) {
		json_decref(changes);
		http_fail_err(
		    r, e, "the draft cannot be saved: %s", err_name(e));
	} else {
		json_t *o = json_object();
		(void)json_object_set_new(o, "changes", changes);
		(void)json_object_set_new(
		    o, "draft", json_string(private ? "wishes" : "profile"));
		json_truth(o, "saved", !dry);
		http_reply(r, 200, o);
	}
	json_decref(draft);
}

void
api_assessment_apply(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	char name[VAULT_NAME_MAX + 1];
	const char *id = http_param(r, "id");
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	json_t *result = NULL;

	if (body == NULL)
		return;
	if (snprintf(name, sizeof(name), RESULT_NAME "%s", id) <
	    (int)sizeof(name))
		result = vault_get(n->vault, name, NULL);
	if (result == NULL) {
		http_fail(r, 404, "E3519", "id", "ohcn assess result",
		    "there is no result \"%.40s\"", id);
	} else if (json_is_true(json_object_get(body, "forget"))) {
		const err e = vault_delete(n->vault, name);
		if (e == OK)
			http_reply(r, 200, json_pack("{s:b}", "forgotten", 1));
		else
			http_fail_err(r, e, "it cannot be forgotten");
	} else {
		const json_int_t expires =
		    json_integer_value(json_object_get(result, "expires"));
		if (expires != 0 && (uint64_t)expires <= node_now(n))
			http_fail(r, 409, "E3515", "id", NULL,
			    "the result has expired");
		else
			apply(n, r, persona, result, body);
	}
	json_decref(result);
	json_decref(body);
}
