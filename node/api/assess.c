/*
 * Assessments over the API: what there is, one of them, publishing an own
 * one. Taking them is in api/assess_take.c, results are in api/assess_result.c.
 */
#include "node/api/assess.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/api/postings.h"

#define TITLE       0
#define DESCRIPTION 1
#define MINUTES     10
#define LIST_MAX    1000

static const char *const type_names[] = { "", "single-choice",
	"multiple-choice", "number", "self-rating", "checklist" };

/* ---- opening ---- */

struct label_scope
paper_scope(const struct paper *p)
{
	struct label_scope s = { p->node->terms->vocabulary, p->language,
		{ NULL, NULL } };

	scope_add(&s, KIND_ASSESSMENT, &p->payload);
	return s;
}

json_t *
paper_title(const struct paper *p)
{
	struct slice title;

	if (!text_pick(value_find(&p->payload, TITLE), p->language, &title))
		return json_string("");
	return json_stringn((const char *)title.p, title.n);
}

bool
paper_read(struct paper *p, const struct store_record *s)
{
	if (s->kind != KIND_ASSESSMENT || s->deleted ||
	    (p->strange && store_is_hidden(s)) ||
	    !record_is_live(s, node_now(p->node)) || !reader_open(&p->rd, s))
		return false;
	p->payload = p->rd.payload;
	p->usable = assess_decode(&p->payload, &p->a, &p->why) == OK;
	record_id_put(p->name, s->id);
	memcpy(p->author, s->author, RECORD_AUTHOR);
	p->slot = s->slot;
	p->expires_h = s->expires_h;
	p->own = persona_of_key(p->node, s->author) != NULL;
	return true;
}

void
paper_close(struct paper *p)
{
	if (p == NULL)
		return;
	store_view_close(p->view);
	reader_fini(&p->rd);
	json_decref(p->about);
	free(p);
}

struct paper *
paper_blank(struct node *n, struct http_request *r)
{
	struct paper *p = calloc(1, sizeof(*p));

	if (p != NULL) {
		p->node = n;
		p->language = language_of(n, r);
		p->strange = strange(r);
		if (reader_init(&p->rd) == OK &&
		    store_view_open(n->store, &p->view) == OK)
			return p;
		paper_close(p);
	}
	http_fail_err(r, ERR_LIMIT, "the node is too busy");
	return NULL;
}

/* Those that fit a text. */
struct looking {
	const char *text;
	uint64_t rid, now_s;
	unsigned found;
};

static bool
on_look(void *ctx, const struct store_record *s)
{
	struct looking *l = ctx;

	if (!s->deleted && record_is_live(s, l->now_s) &&
	    record_text_is(s->id, l->text)) {
		l->rid = s->rid;
		l->found++;
	}
	return l->found < 2;
}

static bool
open_record(struct paper *p, struct http_request *r, const char *text)
{
	struct looking l = { text, 0, node_now(p->node), 0 };
	struct store_record s;
	uint32_t persona, slot = 0;

	if (!persona_asked(p->node, r, &persona))
		return false;
	/* Whoever may not know which are ours cannot find out by a name. */
	if (http_may(r, SCOPE_OWN) && owner_find_external(p->node, persona,
					  KIND_ASSESSMENT, text, &slot) == OK) {
		l.rid =
		    owner_post(p->node, persona, KIND_ASSESSMENT, slot)->rid;
		l.found = 1;
	} else if (store_each_kind(p->view, KIND_ASSESSMENT, on_look, &l) !=
		   OK) {
		l.found = 0;
	}
	if (l.found == 1 && store_get_rid(p->view, l.rid, &s) == OK &&
	    paper_read(p, &s))
		return true;
	if (l.found > 1)
		http_fail(r, 409, "E3203", "id", "give more characters of it",
		    "\"%.80s\" fits several of them", text);
	else
		http_fail(r, 404, "E3202", "id", "ohcn assess list",
		    "there is no assessment \"%.80s\"", text);
	return false;
}

static bool
open_self(struct paper *p, struct http_request *r, const json_t *about)
{
	struct node *n = p->node;
	struct payload_fault f = { 0 };
	json_t *profile = NULL, *draft;
	err e;

	if (about == NULL) {
		uint32_t persona;
		if (!persona_asked(n, r, &persona))
			return false;
		profile = persona_value(n, persona, DRAFT_PROFILE, NULL);
		about = json_object_get(profile, "skills");
	}
	draft = self_draft(n, p->language, about, &p->about);
	json_decref(profile);
	if (draft == NULL) {
		http_fail(r, 422, "E3511", "about",
		    "ohcn assess take self --about \"nurse, excel\"",
		    "nothing that is known was named to assess");
		return false;
	}
	e = user_payload_read(
	    KIND_ASSESSMENT, draft, n->config->node.region, &p->self, &f);
	json_decref(draft);
	if (e != OK) {
		fail_payload(r, e, &f);
		return false;
	}
	arena_reset(&p->rd.value_scratch);
	e = value_parse(slice_of(p->self.bytes, p->self.n),
	    &p->rd.value_scratch, &p->payload);
	if (e == OK)
		e = assess_decode(&p->payload, &p->a, &p->why);
	if (e != OK)
		http_fail_err(
		    r, e, "the built-in assessment is broken: %s", err_name(e));
	p->usable = e == OK;
	(void)snprintf(p->name, sizeof(p->name), ASSESS_SELF_NAME);
	return e == OK;
}

struct paper *
paper_open(struct node *n, struct http_request *r, const char *text,
    const json_t *about)
{
	struct paper *p = paper_blank(n, r);

	if (p == NULL)
		return NULL;
	if (strcmp(text, ASSESS_SELF_NAME) == 0 ? open_self(p, r, about)
						: open_record(p, r, text))
		return p;
	paper_close(p);
	return NULL;
}

/* ---- as JSON ---- */

static json_t *
head_json(const struct paper *p)
{
	const struct value *minutes = value_find(&p->payload, MINUTES);
	struct label_scope s = paper_scope(p);
	json_t *o = json_object(), *measures = json_array();

	(void)json_object_set_new(o, "id", json_string(p->name));
	(void)json_object_set_new(o, "title", paper_title(p));
	for (unsigned i = 0; i < p->a.measures_n; i++) {
		json_t *m = term_json(&s, p->a.measures[i].term);
		json_uint(m, "from", p->a.measures[i].from);
		json_uint(m, "to", p->a.measures[i].to);
		(void)json_array_append_new(measures, m);
	}
	(void)json_object_set_new(o, "measures", measures);
	json_uint(o, "items", p->a.items_n);
	json_truth(o, "adaptive", p->a.adaptive);
	json_truth(o, "external", p->a.external);
	if (!p->strange)
		json_truth(o, "own", p->own);
	json_truth(o, "usable", p->usable);
	if (!p->usable)
		(void)json_object_set_new(o, "why", json_string(p->why));
	if (minutes != NULL)
		json_uint(o, "minutes", minutes->u);
	if (p->expires_h != 0) {
		json_did(o, "author", p->author);
		json_uint(o, "slot", p->slot);
		json_uint(o, "expires", p->expires_h * 3600);
	}
	return o;
}

json_t *
levels_json(const struct paper *p, const struct assess_answers *answers)
{
	struct assess_level out[ASSESS_MEASURES_MAX];
	struct label_scope s = paper_scope(p);
	json_t *list = json_array();

	assess_levels(&p->a, answers, out);
	for (unsigned i = 0; i < p->a.measures_n; i++) {
		json_t *o = term_json(&s, out[i].term);
		json_uint(o, "level", out[i].level);
		json_uint(o, "confidence", out[i].confidence);
		json_uint(o, "low", out[i].low);
		json_uint(o, "high", out[i].high);
		(void)json_object_set_new(
		    o, "basis", json_string(assess_basis_name(out[i].basis)));
		json_uint(o, "items", out[i].items);
		(void)json_array_append_new(list, o);
	}
	return list;
}

struct listing {
	struct paper *p;
	json_t *list;
};

static bool
on_listed(void *ctx, const struct store_record *s)
{
	struct listing *l = ctx;

	if (paper_read(l->p, s))
		(void)json_array_append_new(l->list, head_json(l->p));
	return json_array_size(l->list) < LIST_MAX;
}

void
api_assessments(struct http_request *r, void *ctx)
{
	struct paper *p = paper_blank(ctx, r);
	json_t *o;

	if (p == NULL)
		return;
	struct listing l = { p, json_array() };
	const err e = store_each_kind(p->view, KIND_ASSESSMENT, on_listed, &l);
	paper_close(p);
	if (e != OK) {
		json_decref(l.list);
		http_fail_err(r, e, "the store cannot be read");
		return;
	}
	o = json_object();
	json_uint(o, "count", json_array_size(l.list));
	(void)json_object_set_new(o, "assessments", l.list);
	(void)json_object_set_new(o, "built_in",
	    json_pack("[{s:s,s:s}]", "id", ASSESS_SELF_NAME, "title",
		"what you can do, in your own judgement: for the terms or "
		"the occupation that you name"));
	http_reply(r, 200, o);
}

void
api_assessment(struct http_request *r, void *ctx)
{
	struct paper *p = paper_open(ctx, r, http_param(r, "id"), NULL);
	const struct value *external;
	struct slice text;

	if (p == NULL)
		return;
	json_t *o = head_json(p);
	if (text_pick(value_find(&p->payload, DESCRIPTION), p->language, &text))
		json_text(o, "description", text);
	external = value_find(&p->payload, 14);
	if (p->a.external && external != NULL) {
		json_text(o, "url", value_find(external, 0)->s);
		json_did(o, "assessor", p->a.external_key);
	}
	unsigned count[ARRAY_LEN(type_names)] = { 0 };
	for (unsigned i = 0; i < p->a.items_n; i++)
		count[p->a.items[i].type]++;
	json_t *types = json_object();
	for (size_t i = 1; i < ARRAY_LEN(type_names); i++)
		if (count[i] > 0)
			json_uint(types, type_names[i], count[i]);
	(void)json_object_set_new(o, "types", types);
	http_reply(r, 200, o);
	paper_close(p);
}

/* ---- publishing ---- */

/* Puts hashes in the place of keys; false: a key cannot be hidden. */
static bool
hide_keys(struct node *n, json_t *draft, size_t *bad)
{
	uint8_t salt[ANSWER_SALT], hash[ANSWER_HASH];
	json_t *item, *key;
	size_t i;

	for (i = 0; i < sizeof(salt); i += 8)
		put_u64be(salt + i, env_random_u64(&n->env));
	json_hex(draft, "salt", slice_of(salt, sizeof(salt)));
	json_array_foreach(json_object_get(draft, "items"), i, item)
	{
		key = json_object_get(item, "key");
		*bad = i;
		if (key == NULL)
			continue;
		if (!json_is_integer(key) ||
		    json_object_get(item, "tolerance") != NULL)
			return false;
		answer_hash(hash, salt, (unsigned)i, json_integer_value(key));
		json_hex(item, "key_hash", slice_of(hash, sizeof(hash)));
		(void)json_object_del(item, "key");
	}
	return true;
}

/* What the schema takes and nobody could take; false: answered. */
static bool
can_be_taken(struct node *n, struct http_request *r, const json_t *draft)
{
	struct paper *p = paper_blank(n, r);
	struct payload_fault f = { 0 };
	bool good = false;
	err e;

	if (p == NULL)
		return false;
	e = user_payload_read(
	    KIND_ASSESSMENT, draft, region_of(n, draft), &p->self, &f);
	if (e != OK)
		fail_payload(r, e, &f);
	else if (value_parse(slice_of(p->self.bytes, p->self.n),
		     &p->rd.value_scratch, &p->payload) != OK ||
		 assess_decode(&p->payload, &p->a, &p->why) != OK)
		http_fail(r, 422, "E3516", "assessment",
		    "proto/SPEC.md, \"Assessments\"",
		    "nobody could take it: %s",
		    p->why == NULL ? "it is no payload" : p->why);
	else
		good = true;
	paper_close(p);
	return good;
}

void
api_assessments_post(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r), *draft;
	size_t bad = 0;

	if (body == NULL)
		return;
	draft = json_object_get(body, "assessment");
	if (!json_is_object(draft))
		http_fail(r, 422, "E3101", "assessment", NULL,
		    "there is no assessment in it");
	else if (json_is_true(json_object_get(body, "hide_keys")) &&
		 !hide_keys(n, draft, &bad))
		http_fail(r, 422, "E3517", "hide_keys",
		    "leave out the tolerance, or --hide-keys",
		    "items[%zu]: only the key itself can be hidden, without "
		    "a tolerance",
		    bad);
	else if (can_be_taken(n, r, draft))
		post_draft(n, r, KIND_ASSESSMENT, draft,
		    json_is_true(json_object_get(body, "dry_run")));
	json_decref(body);
}
