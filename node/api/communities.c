/*
 * Communities over the API: drafts, publishing and ending a record, what is
 * known of one. Who takes part is in api/members.c, sessions are in
 * api/sessions.c, suggestions in api/community.c.
 */
#include "node/api/communities.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/api/feed.h"
#include "node/api/postings.h"
#include "node/community/session.h"
#include "node/record/stem_node.h"

/* ---- which one ---- */

uint32_t
community_kind_asked(const struct http_request *r)
{
	return strstr(http_path(r), "/cohorts") != NULL ? KIND_COURSE
							: KIND_COMMUNITY;
}

const char *
community_noun(const struct community_asked *a)
{
	return a->kind == KIND_COURSE ? "cohort" : "community";
}

const char *
community_hint(struct community_asked *a, const char *verb)
{
	(void)snprintf(
	    a->hint, sizeof(a->hint), "ohcn %s %s", community_noun(a), verb);
	return a->hint;
}

bool
community_asked(
    struct node *n, struct http_request *r, struct community_asked *out)
{
	const char *id = http_param(r, "id");

	*out = (struct community_asked){
		.n = n, .r = r, .kind = community_kind_asked(r)
	};
	if (!persona_asked(n, r, &out->persona))
		return false;
	communities_look(n, out->persona);
	if (strlen(id) <= COMMUNITY_NAME_MAX) {
		(void)snprintf(out->name, sizeof(out->name), "%s", id);
		out->value = community_get(n, out->persona, id);
	}
	if (out->value != NULL && community_kind(out->value) != out->kind) {
		json_decref(out->value);
		out->value = NULL;
	}
	if (out->value != NULL) {
		out->known = community_of(n, out->persona, out->value,
				 &out->record) == OK;
		return true;
	}
	out->name[0] = 0;
	const err e = community_named(n, out->kind, id, &out->record);
	out->known = e == OK;
	if (e == OK)
		out->value =
		    community_with(n, out->persona, out->record.id, out->name);
	if (e == ERR_EXISTS)
		http_fail(r, 409, "E3203", "id", "give more characters of it",
		    "\"%.80s\" fits several of them", id);
	else if (e != OK)
		http_fail(r, 404, "E3160", "id",
		    community_hint(out, "list; and with --all"),
		    "there is no %s \"%.80s\"", community_noun(out), id);
	return e == OK;
}

void
community_answered(struct community_asked *a)
{
	json_decref(a->value);
	a->value = NULL;
}

bool
community_founded(struct community_asked *a)
{
	if (json_is_true(json_object_get(a->value, "founded")))
		return true;
	http_fail(a->r, 409, "E3161", "id", community_hint(a, "list"),
	    "this persona has not founded \"%.80s\"", http_param(a->r, "id"));
	return false;
}

/* ---- care: what a person tells of themselves by it ---- */

static void
add_word(json_t *words, const char *text)
{
	(void)json_array_append_new(words, json_string(text));
}

static bool
has_text(const json_t *draft, const char *key)
{
	const json_t *v = json_object_get(draft, key);

	return json_is_string(v) || json_object_size(v) > 0;
}

/* The verdict is "refuse" where the record would lead to the card. */
static json_t *
care_json(struct node *n, uint32_t persona, const json_t *draft)
{
	json_t *words = json_array();
	const char *verdict = "fine";
	const bool person = n->config->node.role == NODE_PERSON;

	if (person && owner_post(n, persona, KIND_PROFILE, 0) != NULL) {
		verdict = "refuse";
		add_word(words,
		    "this persona has a card: whoever reads this knows that "
		    "its author leads the community, and who knows the "
		    "community knows whose card it is; use a persona of its "
		    "own (ohcn persona add NAME)");
	}
	if (person && has_text(draft, "website"))
		add_word(words, "the website may say who you are");
	if (person && has_text(draft, "place"))
		add_word(words, "the place narrows down where you are");
	if (person &&
	    (has_text(draft, "description") || has_text(draft, "rules")))
		add_word(words,
		    "free text: names, employers and habits of writing stay "
		    "readable for everyone");
	if (person && !stem_node_on(n))
		add_word(words,
		    "this node publishes openly (stem.publish): its peers can "
		    "link its network address to this record");
	if (strcmp(verdict, "fine") == 0 && json_array_size(words) > 0)
		verdict = "warn";
	return json_pack("{s:s,s:o,s:b}", "verdict", verdict, "words", words,
	    "enforced", n->config->publish.klint == KLINT_ENFORCE);
}

/* No record says that two personas are one. */
static bool
names_another_persona(struct node *n, uint32_t persona, const json_t *draft)
{
	uint8_t key[ED25519_PUBLIC];
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(draft, "facilitators"), i, one)
	{
		const char *text = json_string_value(one);
		if (text == NULL || did_key_get(slice_str(text), key) != OK)
			continue;
		const struct author *a = persona_of_key(n, key);
		if (a != NULL && a->index != persona)
			return true;
	}
	return false;
}

/* ---- the payload of a draft ---- */

/* What a draft leaves out, and the ids of own demands. */
static json_t *
whole_draft(
    struct node *n, uint32_t persona, uint32_t kind, const json_t *draft)
{
	json_t *out = own_terms_carry(n->terms->vocabulary, kind, draft);
	const json_t *demands = json_object_get(out, "demands");
	const json_t *on = json_object_get(out, "case_demand");

	if (kind == KIND_COURSE) {
		(void)json_object_set_new(out, "type", json_string("cohort"));
		if (json_is_string(on)) {
			json_t *one = json_pack("[O]", on);
			json_t *place = community_demands_put(n, persona, one);
			(void)json_object_set(
			    out, "case_demand", json_array_get(place, 0));
			json_decref(place);
			json_decref(one);
		}
		return out;
	}
	if (json_object_get(out, "facilitators") == NULL) {
		char did[DID_KEY_TEXT];
		did_key_put(did, persona_get(n, persona)->pub);
		(void)json_object_set_new(
		    out, "facilitators", json_pack("[s]", did));
	}
	if (json_object_get(out, "joining") == NULL)
		(void)json_object_set_new(out, "joining", json_string("ask"));
	if (demands != NULL)
		(void)json_object_set_new(
		    out, "demands", community_demands_put(n, persona, demands));
	(void)json_object_del(out, "inbox"); /* the node's own */
	return out;
}

/* False: answered. ${p} may be NULL: it is looked at only. */
static bool
draft_read(struct node *n, struct http_request *r, uint32_t persona,
    uint32_t kind, const json_t *draft, struct user_payload *p)
{
	struct user_payload *own = p == NULL ? malloc(sizeof(*own)) : p;
	struct payload_fault f = { 0 };
	json_t *whole = whole_draft(n, persona, kind, draft);
	const err e = own == NULL ? ERR_NOMEM
				  : user_payload_read(kind, whole,
					region_of(n, draft), own, &f);

	json_decref(whole);
	if (p == NULL)
		free(own);
	if (e != OK) {
		fail_payload(r, e, &f);
		return false;
	}
	if (names_another_persona(n, persona, draft)) {
		http_fail(r, 422, "E3162", "facilitators",
		    "leave it out: it would say that both are one",
		    "one of these keys is another persona of this node");
		return false;
	}
	return true;
}

/* ---- drafts ---- */

static bool
name_asked(struct http_request *r, char out[COMMUNITY_NAME_MAX + 1])
{
	const char *name = http_param(r, "id");

	if (community_name_good(name)) {
		(void)snprintf(out, COMMUNITY_NAME_MAX + 1, "%s", name);
		return true;
	}
	http_fail(r, 422, "E3163", "id", "a to z, 0 to 9 and -; at most 32",
	    "\"%.60s\" is no name for a community", name);
	return false;
}

static void
draft_put(struct node *n, struct http_request *r, uint32_t persona,
    const char *name, const json_t *draft)
{
	const uint32_t kind = community_kind_asked(r);
	json_t *value = community_get(n, persona, name);
	err e = OK;

	if (value != NULL &&
	    (!json_is_true(json_object_get(value, "founded")) ||
		community_kind(value) != kind)) {
		http_fail(r, 409, "E3164", "id", "choose another name",
		    "there is another community or cohort that you call "
		    "\"%s\"",
		    name);
		json_decref(value);
		return;
	}
	if (value == NULL) {
		value = json_pack(
		    "{s:b,s:i,s:[]}", "founded", 1, "slot", -1, "ids");
		if (kind == KIND_COURSE)
			(void)json_object_set_new(value, "cohort", json_true());
	}
	e = community_draft_keep(n, persona, name, draft);
	if (e == OK)
		e = community_keep(n, persona, name, value);
	if (e == OK)
		http_reply(r, 200,
		    json_pack("{s:s,s:O,s:o}", "name", name, "draft", draft,
			"care", care_json(n, persona, draft)));
	else if (e == ERR_LIMIT)
		http_fail(r, 409, "E3165", NULL, "end or leave some of them",
		    "there are %d communities of this persona, as many as a "
		    "node keeps",
		    COMMUNITIES_MAX);
	else
		http_fail_err(
		    r, e, "the draft cannot be kept: %s", err_name(e));
	json_decref(value);
}

void
api_community_put(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	char name[COMMUNITY_NAME_MAX + 1];
	uint32_t persona;
	json_t *body;

	if (!persona_asked(n, r, &persona) || !name_asked(r, name))
		return;
	body = http_json(r);
	if (body == NULL)
		return;
	const json_t *draft = json_object_get(body, "draft");
	if (!json_is_object(draft))
		http_fail(r, 422, "E3101", "draft", "{\"draft\": {...}}",
		    "there is no draft in it");
	else if (draft_read(
		     n, r, persona, community_kind_asked(r), draft, NULL))
		draft_put(n, r, persona, name, draft);
	json_decref(body);
}

/* ---- publishing ---- */

static bool
care_allows(struct http_request *r, const json_t *care, const json_t *body)
{
	if (json_is_true(json_object_get(body, "dry_run")) ||
	    json_is_true(json_object_get(body, "force")) ||
	    !json_is_true(json_object_get(care, "enforced")) ||
	    strcmp(json_string_value(json_object_get(care, "verdict")),
		"refuse") != 0)
		return true;
	http_fail(r, 409, "E3166", NULL,
	    "publish NAME --dry-run; --persona, or --force",
	    "this would tell who you are: %s",
	    json_string_value(
		json_array_get(json_object_get(care, "words"), 0)));
	return false;
}

/* Which slot; kept before it is used, so that none is used for two. */
static bool
slot_taken(struct community_asked *a, bool dry, uint32_t *slot)
{
	const json_int_t had =
	    json_integer_value(json_object_get(a->value, "slot"));
	err e = OK;

	if (had >= 0) {
		*slot = (uint32_t)had;
		return true;
	}
	e = owner_free_slot(a->n, a->persona, a->kind, NULL, slot);
	if (e == OK && !dry) {
		(void)json_object_set_new(
		    a->value, "slot", json_integer((json_int_t)*slot));
		e = community_keep(a->n, a->persona, a->name, a->value);
	}
	if (e == ERR_LIMIT)
		http_fail(a->r, 409, "E3201", NULL,
		    "end some that are no longer needed, and wait until they "
		    "expire",
		    "all %" PRIu32 " slots of the key are in use",
		    kind_info(a->kind)->slots);
	else if (e != OK)
		http_fail_err(a->r, e, "it cannot be kept: %s", err_name(e));
	return e == OK;
}

/* Both have signed, and it is not over. */
static uint64_t
seats_taken(const struct community_asked *a)
{
	struct community_roles all =
	    community_role_list(a->n, a->persona, a->value);
	uint64_t n = 0;

	for (size_t i = 0; i < all.n; i++)
		n += all.list[i].complete && !all.list[i].over;
	free(all.list);
	return n;
}

static void
publish(struct community_asked *a, json_t *draft, const json_t *body)
{
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	struct user_payload *p = malloc(sizeof(*p));
	json_t *care = care_json(a->n, a->persona, draft);
	uint32_t slot = 0;

	if (a->kind == KIND_COURSE)
		json_uint(draft, "filled", seats_taken(a));
	if (p == NULL) {
		http_fail_err(a->r, ERR_NOMEM, "out of memory");
	} else if (a->kind == KIND_COURSE &&
		   owner_live(a->n, a->persona, KIND_ORGANISATION) == 0) {
		http_fail(a->r, 409, "E3191", NULL,
		    "ohcn organisation edit --name ..., ohcn organisation "
		    "publish; with the same --persona",
		    "nobody could ask to join: requests go to the inbox of the "
		    "provider's organisation record, and there is none");
	} else if (draft_read(a->n, a->r, a->persona, a->kind, draft, p) &&
		   care_allows(a->r, care, body) && slot_taken(a, dry, &slot)) {
		const struct publish_request q = { .persona = a->persona,
			.kind = a->kind,
			.slot = slot,
			.region = p->region,
			.payload = slice_of(p->bytes, p->n) };
		json_t *o = dry ? preview_json(a->n, a->r, &q) : json_object();
		if (o != NULL) {
			(void)json_object_set(o, "care", care);
			(void)json_object_set_new(
			    o, "name", json_string(a->name));
			json_uint(o, "slot", slot);
		}
		if (!dry)
			reply_published(a->n, &q, a->r, o);
		else if (o != NULL)
			http_reply(a->r, 200, o);
	}
	json_decref(care);
	free(p);
}

void
api_community_publish(struct http_request *r, void *ctx)
{
	struct community_asked a;
	json_t *body, *draft;

	if (!community_asked(ctx, r, &a))
		return;
	body = community_founded(&a) ? http_json(r) : NULL;
	if (body != NULL) {
		draft = community_draft(a.n, a.persona, a.name);
		if (json_object_get(a.value, "ended") != NULL)
			http_fail(r, 409, "E3167", NULL,
			    "ohcn community found ANOTHER-NAME",
			    "\"%s\" has ended", a.name);
		else if (draft == NULL)
			http_fail(r, 404, "E3104", NULL, "ohcn community edit",
			    "there is no draft of \"%s\"", a.name);
		else
			publish(&a, draft, body);
		json_decref(draft);
	}
	json_decref(body);
	community_answered(&a);
}

/* ---- the end ---- */

void
api_community_end(struct http_request *r, void *ctx)
{
	struct community_asked a;
	json_t *body;

	if (!community_asked(ctx, r, &a))
		return;
	body = community_founded(&a) ? http_json(r) : NULL;
	if (body == NULL) {
		community_answered(&a);
		return;
	}
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	const json_int_t slot =
	    json_integer_value(json_object_get(a.value, "slot"));
	const struct owner_post *post =
	    slot < 0 ? NULL
		     : owner_post(a.n, a.persona, a.kind, (uint32_t)slot);
	err e = OK;
	if (!dry) {
		(void)json_object_set_new(
		    a.value, "ended", json_integer((json_int_t)node_now(a.n)));
		e = community_keep(a.n, a.persona, a.name, a.value);
	}
	if (e != OK) {
		http_fail_err(r, e, "it cannot be kept: %s", err_name(e));
	} else if (post == NULL) {
		http_reply(r, 200,
		    json_pack("{s:s,s:s,s:n}", "name", a.name, "status",
			"ended", "record"));
	} else {
		const struct publish_request q = { .persona = a.persona,
			.kind = a.kind,
			.slot = (uint32_t)slot,
			.region = post->region,
			.deleted = true };
		json_t *o = dry ? preview_json(a.n, r, &q) : json_object();
		if (o != NULL) {
			(void)json_object_set_new(
			    o, "name", json_string(a.name));
			(void)json_object_set_new(
			    o, "status", json_string("ended"));
		}
		if (!dry)
			reply_published(a.n, &q, r, o);
		else if (o != NULL)
			http_reply(r, 200, o);
	}
	json_decref(body);
	community_answered(&a);
}

/* ---- what is known of one ---- */

static json_t *
demand_json(struct node *n, struct reader *rd, struct store_view *view,
    const struct community_demand *d, uint32_t language)
{
	json_t *o = json_object();
	struct store_record s;
	struct slice title;

	json_did(o, "author", d->author);
	json_uint(o, "slot", d->slot);
	const bool live =
	    store_get_slot(view, d->author, KIND_DEMAND, d->slot, &s) == OK &&
	    record_is_live(&s, node_now(n)) && reader_open(rd, &s);
	if (live)
		json_id(o, "id", s.id);
	else
		(void)json_object_set_new(o, "id", json_null());
	if (live && text_pick(value_find(&rd->payload, 2), language, &title))
		json_text(o, "title", title);
	else
		(void)json_object_set_new(o, "title", json_null());
	return o;
}

static json_t *
record_part(struct community_asked *a, json_t **demands)
{
	struct store_view *view = NULL;
	struct store_record s;
	struct reader rd;
	json_t *o = NULL;

	*demands = json_array();
	if (reader_init(&rd) == OK &&
	    store_view_open(a->n->store, &view) == OK && a->known &&
	    store_get_rid(view, a->record.rid, &s) == OK) {
		const uint32_t language = language_of(a->n, a->r);
		o = record_json(
		    &rd, &s, a->n->terms->vocabulary, language, false);
		for (unsigned i = 0; i < a->record.demands_n; i++)
			(void)json_array_append_new(
			    *demands, demand_json(a->n, &rd, view,
					  &a->record.demands[i], language));
	}
	store_view_close(view);
	reader_fini(&rd);
	return o == NULL ? json_null() : o;
}

/* "draft", "published", "ended" of a founder; of others "known", "joined". */
const char *
community_state(const struct community_asked *a)
{
	const bool founded = json_is_true(json_object_get(a->value, "founded"));

	if (a->value == NULL)
		return "known";
	if (json_object_get(a->value, "ended") != NULL)
		return "ended";
	if (founded)
		return a->known ? "published" : "draft";
	if (json_object_get(a->value, "agreement") != NULL)
		return a->known ? "member" : "ended";
	return a->known ? "asked" : "ended";
}

static json_t *
cohort_json(const struct community_record *r)
{
	json_t *o = json_object();

	json_uint(o, "seats", r->seats);
	json_uint(o, "filled", r->filled);
	json_uint(o, "start", r->start_h * 3600);
	json_uint(o, "weeks", r->weeks);
	json_uint(o, "hours", r->hours);
	json_uint(o, "hours_week",
	    r->weeks == 0 ? 0 : (r->hours + r->weeks - 1) / r->weeks);
	json_uint(o, "sessions", r->sessions);
	json_uint(o, "grade", r->grade);
	json_truth(o, "takes_requests", r->has_inbox);
	return o;
}

static json_t *
summary_json(const struct community_asked *a)
{
	json_t *o = json_object(), *names = json_array();

	(void)json_object_set_new(
	    o, "name", a->name[0] == 0 ? json_null() : json_string(a->name));
	(void)json_object_set_new(o, "founded",
	    json_boolean(json_is_true(json_object_get(a->value, "founded"))));
	(void)json_object_set_new(o, "state", json_string(community_state(a)));
	(void)json_object_set_new(o, "title",
	    a->known ? json_string(a->record.title)
		     : json_string(json_string_value(json_object_get(
				       a->value, "title")) != NULL
				       ? json_string_value(
					     json_object_get(a->value, "title"))
				       : ""));
	for (unsigned i = 0; a->known && i < a->record.facilitators_n; i++) {
		char did[DID_KEY_TEXT];
		did_key_put(did, a->record.facilitators[i]);
		(void)json_array_append_new(names, json_string(did));
	}
	if (a->known) {
		json_id(o, "record", a->record.id);
		json_uint(o, "expires", a->record.expires_h * 3600);
	} else {
		(void)json_object_set_new(o, "record", json_null());
		(void)json_object_set_new(o, "expires", json_null());
	}
	(void)json_object_set_new(o, "facilitators", names);
	(void)json_object_set_new(o, "cohort",
	    a->kind == KIND_COURSE && a->known ? cohort_json(&a->record)
					       : json_null());
	return o;
}

/* Figures of this node's own: never who. */
static json_t *
learned_json(struct community_asked *a)
{
	const struct label_scope scope = { a->n->terms->vocabulary,
		language_of(a->n, a->r), { NULL, NULL } };
	struct session_learned l;
	json_t *o = json_object(), *terms = json_array();

	session_learn(a->n, a->persona, a->value, &l);
	json_uint(o, "sessions", l.sessions);
	json_uint(o, "open", l.open);
	json_uint(o, "minutes", l.minutes);
	json_uint(o, "attended", l.attended);
	json_uint(o, "last", (uint64_t)l.last_h * 3600);
	json_uint(o, "outcomes", l.outcomes);
	json_uint(o, "hours", l.hours);
	for (size_t i = 0; i < l.terms_n; i++) {
		json_t *one = term_json(&scope, l.terms[i].term);
		json_uint(one, "sessions", l.terms[i].sessions);
		json_uint(one, "outcomes", l.terms[i].outcomes);
		json_uint(one, "level", l.terms[i].level);
		(void)json_array_append_new(terms, one);
	}
	(void)json_object_set_new(o, "terms", terms);
	return o;
}

void
api_community_get(struct http_request *r, void *ctx)
{
	struct community_asked a;
	json_t *o, *demands, *draft;

	if (!community_asked(ctx, r, &a))
		return;
	o = summary_json(&a);
	draft = a.name[0] == 0 ? NULL : community_draft(a.n, a.persona, a.name);
	(void)json_object_set_new(
	    o, "draft", draft == NULL ? json_null() : draft);
	(void)json_object_set_new(o, "content", record_part(&a, &demands));
	(void)json_object_set_new(o, "demands", demands);
	(void)json_object_set_new(
	    o, "learned", a.value == NULL ? json_null() : learned_json(&a));
	http_reply(r, 200, o);
	community_answered(&a);
}

/* ---- lists ---- */

struct listing {
	struct node *n;
	struct http_request *r;
	uint32_t persona;
	json_t *list;
};

static bool
on_listed(void *ctx, const char *name, json_t *value)
{
	struct listing *l = ctx;
	struct community_asked a = { .n = l->n,
		.r = l->r,
		.persona = l->persona,
		.kind = community_kind_asked(l->r),
		.value = value };

	if (community_kind(value) != a.kind)
		return true;

	(void)snprintf(a.name, sizeof(a.name), "%s", name);
	a.known = community_of(l->n, l->persona, value, &a.record) == OK;
	(void)json_array_append_new(l->list, summary_json(&a));
	return true;
}

static bool
is_cohort(const struct value *payload)
{
	const struct value *type = value_find(payload, 0);

	return type != NULL && type->type == VALUE_UINT &&
	       type->u == COURSE_COHORT;
}

static void
all_run(struct task *t)
{
	const size_t limit =
	    (size_t)json_integer_value(json_object_get(t->input, "limit"));
	const uint32_t language =
	    (uint32_t)json_integer_value(json_object_get(t->input, "language"));
	const bool cohorts = json_is_true(json_object_get(t->input, "cohorts"));
	struct feed *f =
	    feed_open(t, cohorts ? KIND_COURSE : KIND_COMMUNITY, false);
	struct reader rd;

	if (f == NULL)
		return;
	json_t *list = json_array();
	if (reader_init(&rd) != OK)
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
	while (rd.record_scratch.p != NULL && json_array_size(list) < limit &&
	       feed_step(f)) {
		struct slice title = slice_of(NULL, 0);
		json_t *o;
		if (cohorts && !is_cohort(&f->rd.payload))
			continue;
		o = record_json(
		    &rd, &f->s, t->terms->vocabulary, language, false);
		if (o == NULL)
			continue;
		(void)text_pick(
		    value_find(&rd.payload, cohorts ? POSTING_TITLE : 0),
		    language, &title);
		json_text(o, "title", title);
		(void)json_array_append_new(list, o);
	}
	if (t->code == NULL) {
		t->result = json_object();
		json_uint(t->result, "count", json_array_size(list));
		(void)json_object_set_new(t->result, "known", list);
	} else {
		json_decref(list);
	}
	reader_fini(&rd);
	feed_close(f);
}

void
api_communities(struct http_request *r, void *ctx)
{
	struct listing l = { .n = ctx, .r = r };
	uint64_t limit = 0;

	if (!persona_asked(l.n, r, &l.persona))
		return;
	if (http_query(r, "all") != NULL) {
		if (!http_query_range(r, "limit", 1,
			MIN((uint64_t)LIST_DEFAULT,
			    l.n->config->limits.list_rows),
			l.n->config->limits.list_rows, &limit))
			return;
		json_t *input = json_object();
		json_uint(input, "limit", limit);
		json_uint(input, "language", language_of(l.n, r));
		json_truth(
		    input, "cohorts", community_kind_asked(r) == KIND_COURSE);
		task_start(l.n, r, all_run, input);
		return;
	}
	communities_look(l.n, l.persona);
	l.list = json_array();
	communities_each(l.n, l.persona, on_listed, &l);
	json_t *o = json_object();
	json_uint(o, "count", json_array_size(l.list));
	(void)json_object_set_new(o,
	    community_kind_asked(r) == KIND_COURSE ? "cohorts" : "communities",
	    l.list);
	http_reply(r, 200, o);
}
