/*
 * Profile, wishes and organisation over the API: private drafts in the
 * vault, and what of them is published.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/lint.h"
#include "node/api/parts.h"
#include "node/api/review.h"
#include "node/company/ledger.h"
#include "node/import/resume.h"
#include "node/import/text.h"

/* ---- drafts ---- */

static void
set_or_null(json_t *o, const char *key, json_t *v)
{
	(void)json_object_set_new(o, key, v == NULL ? json_null() : v);
}

/* A payload of a user's, written back in the canonical form with labels. */
static json_t *
with_labels(
    struct node *n, struct http_request *r, uint32_t kind, const json_t *draft)
{
	struct user_payload *p = malloc(sizeof(*p));
	struct payload_fault f = { 0 };
	struct reader rd;
	json_t *out = NULL;

	if (draft == NULL || p == NULL || reader_init(&rd) != OK) {
		free(p);
		return NULL;
	}
	if (user_payload_read(kind, draft, region_of(n, draft), p, &f) == OK &&
	    value_parse(slice_of(p->bytes, p->n), &rd.value_scratch,
		&rd.payload) == OK) {
		struct label_scope scope = { n->terms->vocabulary,
			language_of(n, r), { NULL, NULL } };
		scope_add(&scope, kind, &rd.payload);
		const struct payload_labels labels = scope_labels(&scope);
		if (payload_to_json(
			schema_latest(kind), &rd.payload, &labels, &out) == OK)
			(void)json_object_set_new(
			    out, "region", json_string(p->region));
	}
	reader_fini(&rd);
	free(p);
	return out;
}

/* The published record of slot 0, as GET /records has it, or null. */
static json_t *
published_json(
    struct node *n, struct http_request *r, uint32_t persona, uint32_t kind)
{
	const struct owner_post *p = owner_post(n, persona, kind, 0);
	struct store_view *view = NULL;
	struct store_record s;
	struct reader rd;
	json_t *o = NULL;

	if (p == NULL || reader_init(&rd) != OK)
		return json_null();
	if (store_view_open(n->store, &view) == OK &&
	    store_get_rid(view, p->rid, &s) == OK)
		o = record_json(
		    &rd, &s, n->terms->vocabulary, language_of(n, r), false);
	store_view_close(view);
	reader_fini(&rd);
	return o == NULL ? json_null() : o;
}

/* Errors are answered; false then. */
static bool
draft_keep(struct node *n, struct http_request *r, uint32_t persona,
    const char *name, const json_t *value)
{
	const err e = persona_keep(n, persona, name, value);

	if (e == ERR_LIMIT)
		http_fail(r, 413, "E3103", NULL, "shorten it",
		    "the draft is larger than 16 KiB");
	else if (e != OK)
		http_fail_err(
		    r, e, "the draft cannot be saved: %s", err_name(e));
	return e == OK;
}

/* The stored draft; NULL: answered. */
static json_t *
draft_take(struct node *n, struct http_request *r, uint32_t persona,
    const char *name, const char *hint)
{
	bool bad = false;
	json_t *draft = persona_value(n, persona, name, &bad);

	if (draft != NULL)
		return draft;
	if (bad)
		http_fail(r, 500, "E3105", NULL, "was the key file replaced?",
		    "the draft is there and cannot be opened");
	else
		http_fail(r, 404, "E3104", NULL, hint, "there is no draft yet");
	return NULL;
}

/* Checks a draft against its schema; false: answered. */
static bool
draft_check(
    struct node *n, struct http_request *r, uint32_t kind, const json_t *draft)
{
	struct user_payload *p = malloc(sizeof(*p));
	struct payload_fault f = { 0 };
	const err e = p == NULL ? ERR_NOMEM
				: user_payload_read(
				      kind, draft, region_of(n, draft), p, &f);

	free(p);
	if (e != OK)
		fail_payload(r, e, &f);
	return e == OK;
}

/* ---- profile ---- */

void
api_profile_get(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *o, *draft;

	if (!persona_asked(n, r, &persona))
		return;
	o = json_object();
	draft = persona_value(n, persona, DRAFT_PROFILE, NULL);

	json_t *shown = with_labels(n, r, KIND_PROFILE, draft);
	/* One that an older version took is shown as it is. */
	set_or_null(o, "draft", shown != NULL ? shown : json_incref(draft));
	json_decref(draft);
	set_or_null(o, "wishes", persona_value(n, persona, DRAFT_WISHES, NULL));
	(void)json_object_set_new(
	    o, "published", published_json(n, r, persona, KIND_PROFILE));
	if (owner_plan_at(n, persona) != 0)
		json_uint(o, "publish_at", owner_plan_at(n, persona));
	else
		(void)json_object_set_new(o, "publish_at", json_null());
	http_reply(r, 200, o);
}

static bool
wishes_check(struct http_request *r, const json_t *wishes)
{
	struct payload_fault f = { 0 };
	struct wishes w;
	const err e = wishes_read(wishes, &w, &f);

	if (e == OK)
		return true;
	char path[SCHEMA_PATH_MAX + 8];
	(void)snprintf(path, sizeof(path), "wishes%s%s",
	    f.path[0] == 0 || f.path[0] == '[' ? "" : ".", f.path);
	http_fail(r, 422, "E3101", path, f.hint[0] == 0 ? NULL : f.hint,
	    "%s %s", path, f.why);
	return false;
}

void
api_profile_put(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	json_t *draft = json_object_get(body, "draft");
	json_t *wishes = json_object_get(body, "wishes");
	if (draft == NULL && wishes == NULL) {
		http_fail(r, 422, "E3101", "draft", "{\"draft\": {...}}",
		    "neither a draft nor wishes are in it");
		json_decref(body);
		return;
	}
	bool good = (draft == NULL || draft_check(n, r, KIND_PROFILE, draft)) &&
		    (wishes == NULL || wishes_check(r, wishes));
	if (good && draft != NULL)
		good = draft_keep(n, r, persona, DRAFT_PROFILE, draft);
	if (good && wishes != NULL)
		good = draft_keep(n, r, persona, DRAFT_WISHES, wishes);
	json_decref(body);
	if (good)
		api_profile_get(r, ctx);
}

/* On a worker. */
static void
import_run(struct job *j)
{
	const struct term_source_search search = { j->terms->vocabulary,
		j->terms->search };
	const struct term_lookup lookup = term_lookup_of_search(&search);
	struct import_options o = {
		.language = (uint32_t)json_integer_value(
		    json_object_get(j->input, "language_code")),
		.language_default = (uint32_t)json_integer_value(
		    json_object_get(j->input, "language_default")),
		.region =
		    json_string_value(json_object_get(j->input, "region")),
	};
	json_t *data = json_object_get(j->input, "data");
	json_t *parsed = NULL;

	review_options(j->input, &o);
	const char *format =
	    json_string_value(json_object_get(j->input, "format"));
	if (format != NULL && strcmp(format, "text") == 0) {
		j->error =
		    json_is_string(data)
			? import_text_resume(slice_of(json_string_value(data),
						 json_string_length(data)),
			      &lookup, &o, &j->result)
			: ERR_FORM;
		return;
	}
	if (json_is_string(data)) {
		parsed = json_loadb(json_string_value(data),
		    json_string_length(data), JSON_REJECT_DUPLICATES, NULL);
		data = parsed;
	}
	j->error = data == NULL ? ERR_FORM
				: import_resume(data, &lookup, &o, &j->result);
	json_decref(parsed);
}

static void
import_done(struct job *j)
{
	struct node *n = j->node;
	const bool dry = json_is_true(json_object_get(j->input, "dry_run"));
	json_t *draft = json_object_get(j->result, "draft");
	json_t *region = json_object_get(j->result, "region");

	if (j->error != OK) {
		const json_t *said =
		    json_array_get(json_object_get(j->result, "messages"), 0);
		const json_t *m = json_object_get(said, "message");
		const char *hint =
		    json_string_value(json_object_get(said, "hint"));
		http_fail(j->request, j->error == ERR_FORM ? 422 : 500, "E3106",
		    "data",
		    hint != NULL && hint[0] != 0
			? hint
			: "a JSON Resume, https://jsonresume.org/schema, or "
			  "format \"text\"",
		    "%s",
		    json_is_string(m) ? json_string_value(m)
				      : "this is not a JSON Resume");
		job_end(j);
		return;
	}
	if (json_is_string(region) && json_is_object(draft))
		(void)json_object_set(draft, "region", region);
	const uint32_t persona = (uint32_t)json_integer_value(
	    json_object_get(j->input, "persona_index"));
	if (!dry && !draft_keep(n, j->request, persona, DRAFT_PROFILE, draft)) {
		job_end(j);
		return;
	}
	json_truth(j->result, "saved", !dry);
	http_reply(j->request, 200, json_incref(j->result));
	job_end(j);
}

void
api_profile_import(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	const char *format = json_string_value(json_object_get(body, "format"));

	if (body == NULL)
		return;
	if (format != NULL && strcmp(format, "jsonresume") != 0 &&
	    strcmp(format, "text") != 0) {
		http_fail(r, 422, "E3107", "format", "jsonresume or text",
		    "the format \"%s\" is not known", format);
		json_decref(body);
		return;
	}
	if (!review_check(r, body)) {
		json_decref(body);
		return;
	}
	if (!json_is_string(json_object_get(body, "region")))
		(void)json_object_set_new(
		    body, "region", json_string(n->config->node.region));
	const char *lang = http_query(r, "lang");
	json_uint(body, "persona_index", persona);
	json_uint(body,
	    lang != NULL && lang[0] != 0 ? "language_code" : "language_default",
	    language_of(n, r));
	(void)job_start(n, r, import_run, import_done, body, NULL);
}

/* ---- publishing ---- */

/* A person's card waits; somebody who publishes at once after editing could
 * be recognised by the time. */
static void
plan_profile(struct node *n, struct http_request *r,
    const struct publish_request *q, json_t *lint)
{
	const uint64_t at =
	    owner_draw_time(n, q->persona, n->config->publish.delay_s);
	json_t *o = preview_json(n, r, q);

	if (o == NULL)
		return;
	const err e = owner_plan(n, q, at);
	if (e != OK) {
		json_decref(o);
		http_fail_err(
		    r, e, "the plan cannot be saved: %s", err_name(e));
		return;
	}
	json_uint(o, "publish_at", at);
	json_uint(o, "sent_to", 0);
	(void)json_object_set(o, "lint", lint);
	http_reply(r, 202, o);
}

static void
publish_profile(struct node *n, struct http_request *r,
    const struct publish_request *q, bool now, json_t *lint)
{
	if (!now && n->config->publish.delay_s > 0) {
		plan_profile(n, r, q, lint);
		return;
	}
	const err e = owner_plan_cancel(n, q->persona);
	if (e != OK) {
		http_fail_err(r, e, "the earlier plan cannot be removed");
		return;
	}
	json_t *o = json_object();
	(void)json_object_set_new(o, "publish_at", json_null());
	(void)json_object_set(o, "lint", lint);
	reply_published(n, q, r, o);
}

/* Publish slot 0 of a kind from its draft. */
static void
publish_draft(struct node *n, struct http_request *r, uint32_t persona,
    uint32_t kind, const json_t *draft, const json_t *body, json_t *lint)
{
	struct user_payload *p = malloc(sizeof(*p));
	struct payload_fault f = { 0 };
	json_t *whole = own_terms_carry(n->terms->vocabulary, kind, draft);
	const err e = p == NULL ? ERR_NOMEM
				: user_payload_read(
				      kind, whole, region_of(n, draft), p, &f);

	json_decref(whole);
	if (e != OK) {
		fail_payload(r, e, &f);
		free(p);
		return;
	}
	const struct publish_request q = { .persona = persona,
		.kind = kind,
		.region = p->region,
		.payload = slice_of(p->bytes, p->n) };
	if (json_is_true(json_object_get(body, "dry_run"))) {
		json_t *o = preview_json(n, r, &q);
		if (o != NULL) {
			(void)json_object_set_new(o, "publish_at", json_null());
			if (lint != NULL)
				(void)json_object_set(o, "lint", lint);
			http_reply(r, 200, o);
		}
	} else if (kind == KIND_PROFILE) {
		publish_profile(
		    n, r, &q, json_is_true(json_object_get(body, "now")), lint);
	} else {
		reply_published(n, &q, r, NULL);
	}
	free(p);
}

/* Is it one of many? Else it goes nowhere, but for those who know. */
static bool
lint_allows(struct node *n, struct http_request *r, const json_t *body,
    const json_t *lint)
{
	json_t *words = json_object_get(lint, "words");

	if (json_is_true(json_object_get(body, "dry_run")) ||
	    json_is_true(json_object_get(body, "force")) ||
	    n->config->publish.klint == KLINT_ONLY_WARN || !lint_refuses(lint))
		return true;
	if (json_is_true(json_object_get(lint, "newcomer")))
		http_fail(r, 409, "E3141", NULL,
		    "ohcn profile publish --coarsen, after --dry-run",
		    "it shows more than a newcomer's card should: %s",
		    json_string_value(json_array_get(words, 1)));
	else
		http_fail(r, 409, "E3140", NULL,
		    "ohcn profile publish --coarsen, after --dry-run",
		    "this card could be recognised: %s",
		    json_string_value(json_array_get(words, 0)));
	return false;
}

static void
profile_linted(struct task *t)
{
	json_t *lint = json_object_get(t->result, "lint");
	const json_t *body = json_object_get(t->input, "body");

	json_truth(
	    lint, "enforced", t->node->config->publish.klint == KLINT_ENFORCE);
	if (lint_allows(t->node, t->request, body, lint))
		publish_draft(t->node, t->request,
		    (uint32_t)json_integer_value(
			json_object_get(t->input, "persona_index")),
		    KIND_PROFILE, json_object_get(t->result, "draft"), body,
		    lint);
}

/* On a worker: as many cards are counted as there are. */
static void
profile_lint(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *draft, json_t *body)
{
	json_t *whole =
	    own_terms_carry(n->terms->vocabulary, KIND_PROFILE, draft);
	json_t *input = json_object();

	if (!draft_check(n, r, KIND_PROFILE, whole)) {
		json_decref(whole);
		json_decref(input);
		return;
	}
	(void)json_object_set_new(input, "draft", whole);
	(void)json_object_set_new(
	    input, "region", json_string(region_of(n, draft)));
	(void)json_object_set(input, "body", body);
	json_truth(
	    input, "coarsen", json_is_true(json_object_get(body, "coarsen")));
	json_uint(input, "persona_index", persona);
	json_uint(input, "language_code", language_of(n, r));
	task_start_then(n, r, lint_run, profile_linted, input);
}

void
api_profile_publish(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	json_t *draft = draft_take(n, r, persona, DRAFT_PROFILE,
	    "ohcn profile edit, or ohcn profile import");
	if (draft != NULL)
		profile_lint(n, r, persona, draft, body);
	json_decref(draft);
	json_decref(body);
}

void
api_profile_forget(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	json_t *o;
	err e = OK;

	if (body == NULL)
		return;
	const bool draft = json_is_true(json_object_get(body, "draft"));
	json_decref(body);
	e = owner_plan_cancel(n, persona);
	if (e == OK && draft)
		e = persona_drop(n, persona, DRAFT_PROFILE);
	if (e == OK && draft)
		e = persona_drop(n, persona, DRAFT_WISHES);
	if (e != OK) {
		http_fail_err(r, e, "the private data cannot be changed: %s",
		    err_name(e));
		return;
	}
	o = json_object();
	json_truth(o, "draft_deleted", draft);
	const struct owner_post *p = owner_post(n, persona, KIND_PROFILE, 0);
	if (p == NULL) {
		(void)json_object_set_new(o, "record", json_null());
		json_uint(o, "sent_to", 0);
		http_reply(r, 200, o);
		return;
	}
	/* It has to outlive what it takes back. */
	const struct publish_request q = { .persona = persona,
		.kind = KIND_PROFILE,
		.region = p->region,
		.deleted = true };
	reply_published(n, &q, r, o);
}

/* ---- organisation ---- */

/* The draft, or a first one from the configuration; a new reference. */
static json_t *
organisation_draft(struct node *n, uint32_t persona)
{
	json_t *draft = persona_value(n, persona, DRAFT_ORGANISATION, NULL);

	/* The node's name is of its first persona alone. */
	if (draft != NULL || persona != 0 || n->config->node.name[0] == 0)
		return draft;
	const char *language = n->config->node.language;
	char code[4] = "en";
	if (language != NULL)
		(void)snprintf(code, sizeof(code), "%.*s",
		    (int)MIN(strcspn(language, "-_"), (size_t)3), language);
	return json_pack("{s:{s:s}}", "name", code, n->config->node.name);
}

void
api_organisation_get(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *o, *draft;

	if (!persona_asked(n, r, &persona))
		return;
	o = json_object();
	draft = organisation_draft(n, persona);
	json_t *shown = with_labels(n, r, KIND_ORGANISATION, draft);
	/* One that an older version took is shown as it is. */
	set_or_null(o, "draft", shown != NULL ? shown : json_incref(draft));
	json_decref(draft);
	(void)json_object_set_new(
	    o, "published", published_json(n, r, persona, KIND_ORGANISATION));
	http_reply(r, 200, o);
}

void
api_organisation_put(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	json_t *draft = json_object_get(body, "draft");

	if (body == NULL)
		return;
	if (draft == NULL)
		http_fail(r, 422, "E3101", "draft", "{\"draft\": {...}}",
		    "there is no draft in it");
	else if (draft_check(n, r, KIND_ORGANISATION, draft) &&
		 draft_keep(n, r, persona, DRAFT_ORGANISATION, draft))
		api_organisation_get(r, ctx);
	json_decref(body);
}

void
api_organisation_publish(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	json_t *draft = organisation_draft(n, persona);
	if (draft == NULL)
		http_fail(r, 404, "E3104", NULL,
		    "ohcn organisation edit, or set node.name",
		    "there is no draft yet");
	else {
		ledger_root_into(n, persona, draft);
		publish_draft(
		    n, r, persona, KIND_ORGANISATION, draft, body, NULL);
	}
	json_decref(draft);
	json_decref(body);
}
