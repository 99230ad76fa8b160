/*
 * Matching over the API: postings for the person of this node, people for
 * the demands of this node. All of it is computed here, on a worker, from
 * what the store holds and, for the person, from the private draft.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/explain.h"
#include "node/api/feed.h"
#include "node/api/postings.h"

/* ---- what the requests have in common ---- */

static void
fail_scan(struct task *t, err e)
{
	if (e == ERR_NOMEM)
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
	else
		task_fail(
		    t, 500, "E3904", NULL, "matching failed: %s", err_name(e));
}

static uint64_t
number_of(const struct task *t, const char *key)
{
	const json_int_t v = json_integer_value(json_object_get(t->input, key));

	return v > 0 ? (uint64_t)v : 0;
}

static struct label_scope
scope_of(const struct task *t)
{
	return (struct label_scope){ t->terms->vocabulary,
		(uint32_t)number_of(t, "language"), { NULL, NULL } };
}

/* false: answered. */
static bool
common_input(struct node *n, struct http_request *r, json_t *input)
{
	const char *all = http_query(r, "all");
	uint64_t limit = 0;

	if (!http_query_uint(r, "limit",
		MIN((uint64_t)LIST_DEFAULT, n->config->limits.list_rows),
		n->config->limits.list_rows, &limit)) {
		json_decref(input);
		return false;
	}
	json_uint(input, "limit", MAX(limit, 1U));
	json_uint(input, "language", language_of(n, r));
	json_truth(input, "all", all != NULL && strcmp(all, "0") != 0);
	return true;
}

/* The person of this node as the draft and the wishes say; on a worker. */
static bool
read_person(struct task *t, struct person *out, struct value *payload,
    struct user_payload *bytes, struct reader *rd)
{
	const json_t *draft = json_object_get(t->input, "draft");
	const json_t *wishes = json_object_get(t->input, "wishes");
	struct payload_fault f = { 0 };
	struct card card;
	err e = user_payload_read(KIND_PROFILE, draft,
	    json_string_value(json_object_get(t->input, "region")), bytes, &f);

	if (e == OK)
		e = wishes_read(wishes, &out->wishes, &f);
	if (e != OK) {
		task_fail(t, 422, "E3101", "ohcn profile edit",
		    "the draft cannot be used: %s %s", f.path, f.why);
		return false;
	}
	arena_reset(&rd->value_scratch);
	e = value_parse(
	    slice_of(bytes->bytes, bytes->n), &rd->value_scratch, payload);
	if (e == OK)
		e = card_decode(payload, bytes->region, &card);
	if (e != OK) {
		task_fail(t, 422, "E3101", "ohcn profile edit",
		    "the draft cannot be matched: %s", err_name(e));
		return false;
	}
	out->has_wishes = wishes != NULL;
	card_with_wishes(&card, &out->wishes, &out->card);
	card_resolve(&out->card, t->terms->vocabulary);
	wishes_resolve(&out->wishes, t->terms->vocabulary);
	return true;
}

/* Everything that a worker of this file may need. */
struct desk {
	struct person person;
	struct posting posting;
	struct card card;
	struct lessons lessons;
	struct reader rd, rd2, own_rd;
	struct user_payload bytes;
	struct value own; /* the profile's or the demand's payload */
	struct score score[2];
	struct scan_result *results;
	size_t results_n;
	struct scan_counts counts;
};

static struct desk *
desk_new(struct task *t)
{
	const size_t limit = MAX(number_of(t, "limit"), (uint64_t)1);
	struct desk *d = calloc(1, sizeof(*d));

	if (d != NULL &&
	    (reader_init(&d->rd) != OK || reader_init(&d->rd2) != OK ||
		reader_init(&d->own_rd) != OK ||
		(d->results = calloc(limit, sizeof(*d->results))) == NULL)) {
		reader_fini(&d->rd);
		reader_fini(&d->rd2);
		reader_fini(&d->own_rd);
		free(d);
		d = NULL;
	}
	if (d == NULL)
		fail_scan(t, ERR_NOMEM);
	return d;
}

static void
desk_free(struct desk *d)
{
	lessons_free(&d->lessons);
	reader_fini(&d->rd);
	reader_fini(&d->rd2);
	reader_fini(&d->own_rd);
	free(d->results);
	free(d);
}

/* The posting of a record that ${rd} has open. */
static bool
take_posting(struct task *t, struct reader *rd, const struct store_record *s,
    struct posting *out)
{
	if (!reader_open(rd, s) ||
	    posting_decode(&rd->payload, s->region, out) != OK)
		return false;
	posting_resolve(out, t->terms->vocabulary);
	return true;
}

static json_t *
list_reply(struct task *t, const struct desk *d, const char *name, json_t *list)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, name, list);
	hashes_json(t, o);
	json_uint(o, "scanned", d->counts.seen);
	json_uint(o, "excluded", d->counts.excluded);
	json_uint(o, "score_max", SCORE_MAX);
	return o;
}

static void
put_result(json_t *o, const struct scan_result *r)
{
	json_id(o, "record", r->id);
	json_uint(o, "score", (uint64_t)MAX(r->both, 0));
	json_uint(o, "fit", (uint64_t)MAX(r->fit, 0));
	json_uint(o, "wish", (uint64_t)MAX(r->wish, 0));
	json_truth(o, "excluded", r->excluded);
	json_truth(o, "near", r->near);
}

static void
put_title(json_t *o, const struct reader *rd, uint32_t language)
{
	struct slice title;

	if (text_pick(
		value_find(&rd->payload, POSTING_TITLE), language, &title))
		json_text(o, "title", title);
	else
		(void)json_object_set_new(o, "title", json_string(""));
}

/* ---- postings for a person ---- */

static void
put_posting(struct task *t, struct desk *d, struct label_scope *s,
    const struct store_record *r, json_t *o)
{
	put_title(o, &d->rd, s->language);
	(void)json_object_set_new(o, "region", json_string(r->region));
	json_did(o, "author", r->author);
	json_uint(o, "expires", r->expires_h * 3600);
	json_t *name = organisation_name(
	    t->view, r->author, &d->rd.payload, &d->rd2, s->language);
	(void)json_object_set_new(
	    o, "organisation", name == NULL ? json_null() : name);
}

/* The next step, if any; false: out of memory. */
static bool
find_step(struct task *t, struct desk *d, const struct card *c,
    struct learning_step *step, bool *there)
{
	const struct lesson_source source = lessons_source(&d->lessons);
	const err e =
	    scan_learning_step(&t->meaning, &d->posting, c, &source, step);

	*there = e == OK;
	if (e == OK || e == ERR_NOTFOUND)
		return true;
	fail_scan(t, e);
	return false;
}

static bool
match_json(
    struct task *t, struct desk *d, const struct scan_result *res, json_t *list)
{
	struct label_scope s = scope_of(t);
	struct learning_step step;
	struct store_record r;
	bool there = false;

	if (store_get(t->view, res->id, &r) != OK ||
	    !take_posting(t, &d->rd, &r, &d->posting))
		return true; /* cannot be: it was just read */
	scope_add(&s, KIND_DEMAND, &d->rd.payload);
	scope_add(&s, KIND_PROFILE, &d->own);
	const err e =
	    score_fit(&t->meaning, &d->posting, &d->person.card, &d->score[0]);
	if (e != OK) {
		fail_scan(t, e);
		return false;
	}
	if (!find_step(t, d, &d->person.card, &step, &there))
		return false;
	json_t *o = json_object();
	put_result(o, res);
	put_posting(t, d, &s, &r, o);
	(void)json_object_set_new(o, "teaches", teaches_json(&s, &d->posting));
	(void)json_object_set_new(o, "pays", pays_json(&s, &d->posting));
	(void)json_object_set_new(o, "missing", missing_json(&s, &d->score[0]));
	(void)json_object_set_new(o, "next_step",
	    there ? step_json(t, &s, &step, &d->rd2) : json_null());
	(void)json_array_append_new(list, o);
	return true;
}

static void
matches_run(struct task *t)
{
	struct desk *d = desk_new(t);
	struct feed *f = NULL;
	json_t *list = json_array();
	err e = OK;

	if (d == NULL ||
	    !read_person(t, &d->person, &d->own, &d->bytes, &d->own_rd) ||
	    !lessons_load(t, &d->lessons) ||
	    (f = feed_open(t, KIND_DEMAND, true)) == NULL)
		goto out;
	const struct posting_source source = feed_postings(f);
	e = scan_postings(&t->meaning, &d->person.card,
	    d->person.has_wishes ? &d->person.wishes : NULL, &source,
	    json_is_true(json_object_get(t->input, "all")), d->results,
	    number_of(t, "limit"), &d->results_n, &d->counts);
	feed_close(f);
	if (e != OK) {
		fail_scan(t, e);
		goto out;
	}
	for (size_t i = 0; i < d->results_n; i++)
		if (!match_json(t, d, &d->results[i], list))
			goto out;
	t->result = list_reply(t, d, "matches", list);
	json_uint(t->result, "courses", d->lessons.n);
	json_uint(t->result, "courses_left_out", d->lessons.left_out);
	list = NULL;
out:
	json_decref(list);
	if (d != NULL)
		desk_free(d);
}

static void
match_run(struct task *t)
{
	struct desk *d = desk_new(t);
	struct label_scope s = scope_of(t);
	struct learning_step step;
	struct store_record r;
	bool there = false;
	json_t *o = NULL;

	if (d == NULL ||
	    !read_person(t, &d->person, &d->own, &d->bytes, &d->own_rd) ||
	    !find_record(t,
		json_string_value(json_object_get(t->input, "record")),
		KIND_DEMAND, &r))
		goto out;
	if (!take_posting(t, &d->rd, &r, &d->posting)) {
		task_fail(t, 422, "E3402", NULL,
		    "this record is withdrawn or cannot be interpreted");
		goto out;
	}
	scope_add(&s, KIND_DEMAND, &d->rd.payload);
	scope_add(&s, KIND_PROFILE, &d->own);
	if (!lessons_load(t, &d->lessons) ||
	    !find_step(t, d, &d->person.card, &step, &there))
		goto out;
	o = json_object();
	json_id(o, "record", r.id);
	put_posting(t, d, &s, &r, o);
	const err e = explain_pair(
	    t, &s, &d->posting, &d->person, there ? &step : NULL, &d->rd2, o);
	if (e != OK) {
		fail_scan(t, e);
		goto out;
	}
	t->result = o;
	o = NULL;
out:
	json_decref(o);
	if (d != NULL)
		desk_free(d);
}

/* Draft and wishes for a worker; NULL: answered. */
static json_t *
person_input(struct node *n, struct http_request *r)
{
	json_t *draft = vault_get(n->vault, DRAFT_PROFILE, NULL);
	json_t *wishes = vault_get(n->vault, DRAFT_WISHES, NULL);
	json_t *input;

	if (draft == NULL) {
		json_decref(wishes);
		http_fail(r, 409, "E3401", NULL,
		    "ohcn profile import FILE, or ohcn profile edit",
		    "there is no profile to match with yet");
		return NULL;
	}
	input = json_object();
	(void)json_object_set_new(
	    input, "region", json_string(region_of(n, draft)));
	(void)json_object_set_new(input, "draft", draft);
	if (wishes != NULL)
		(void)json_object_set_new(input, "wishes", wishes);
	return input;
}

void
api_matches(struct http_request *r, void *ctx)
{
	json_t *input = person_input(ctx, r);

	if (input != NULL && common_input(ctx, r, input))
		task_start(ctx, r, matches_run, input);
}

void
api_match(struct http_request *r, void *ctx)
{
	json_t *input = person_input(ctx, r);

	if (input == NULL || !common_input(ctx, r, input))
		return;
	(void)json_object_set_new(
	    input, "record", json_string(http_param(r, "record")));
	task_start(ctx, r, match_run, input);
}

/* ---- people for a demand ---- */

/* The own demand of the request; its payload stays open in ${own_rd}. */
static bool
own_demand(struct task *t, struct desk *d, struct store_record *r)
{
	if (store_get_rid(t->view, number_of(t, "rid"), r) == OK &&
	    take_posting(t, &d->own_rd, r, &d->posting)) {
		d->own = d->own_rd.payload;
		return true;
	}
	task_fail(t, 409, "E3403", "try again in a moment",
	    "the demand has just been changed");
	return false;
}

static bool
candidate_json(
    struct task *t, struct desk *d, const struct scan_result *res, json_t *list)
{
	struct label_scope s = scope_of(t);
	struct store_record r;

	if (store_get(t->view, res->id, &r) != OK || !reader_open(&d->rd, &r) ||
	    card_decode(&d->rd.payload, r.region, &d->card) != OK)
		return true; /* cannot be: it was just read */
	card_resolve(&d->card, t->terms->vocabulary);
	scope_add(&s, KIND_DEMAND, &d->own);
	scope_add(&s, KIND_PROFILE, &d->rd.payload);
	err e = score_fit(&t->meaning, &d->posting, &d->card, &d->score[0]);
	if (e == OK)
		e = score_wish(
		    &t->meaning, &d->posting, &d->card, NULL, &d->score[1]);
	if (e != OK) {
		fail_scan(t, e);
		return false;
	}
	json_t *o = json_object();
	put_result(o, res);
	json_did(o, "author", r.author);
	(void)json_object_set_new(o, "region", json_string(r.region));
	json_uint(o, "expires", r.expires_h * 3600);
	(void)json_object_set_new(o, "missing", missing_json(&s, &d->score[0]));
	(void)json_object_set_new(
	    o, "ask", ask_json(&s, &d->score[0], &d->score[1]));
	(void)json_array_append_new(list, o);
	return true;
}

static json_t *
barriers_json(
    const struct label_scope *s, const struct scan_barrier *b, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		char text[TERM_LABEL_MAX + 40];
		if (b[i].failed == 0)
			continue;
		gate_text(
		    s, b[i].kind, b[i].term, b[i].language, text, sizeof(text));
		json_t *o = json_object();
		(void)json_object_set_new(
		    o, "gate", json_string(gate_name(b[i].kind)));
		(void)json_object_set_new(o, "label", json_string(text));
		if (b[i].term != 0)
			(void)json_object_set_new(
			    o, "term", term_json(s, b[i].term));
		json_uint(o, "people", b[i].failed);
		json_uint(o, "alone", b[i].alone);
		json_uint(o, "asked", b[i].asked);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void
put_demand(struct task *t, const struct desk *d, const struct store_record *r,
    json_t *o)
{
	json_t *demand = json_object();

	json_id(demand, "id", r->id);
	put_title(demand, &d->own_rd, (uint32_t)number_of(t, "language"));
	(void)json_object_set_new(o, "demand", demand);
}

static void
candidates_run(struct task *t)
{
	struct scan_barrier barriers[SCAN_BARRIERS_MAX];
	struct desk *d = desk_new(t);
	struct label_scope s = scope_of(t);
	struct feed *f = NULL;
	struct store_record r;
	json_t *list = json_array();
	size_t barriers_n = 0;

	if (d == NULL || !own_demand(t, d, &r) ||
	    (f = feed_open(t, KIND_PROFILE, true)) == NULL)
		goto out;
	struct card_source source = feed_cards(f);
	err e = scan_people(&t->meaning, &d->posting, &source,
	    json_is_true(json_object_get(t->input, "all")), d->results,
	    number_of(t, "limit"), &d->results_n, &d->counts);
	if (e == OK) {
		source = feed_cards(f);
		e = scan_barriers(&t->meaning, &d->posting, &source, barriers,
		    &barriers_n, NULL);
	}
	feed_close(f);
	if (e != OK) {
		fail_scan(t, e);
		goto out;
	}
	for (size_t i = 0; i < d->results_n; i++)
		if (!candidate_json(t, d, &d->results[i], list))
			goto out;
	t->result = list_reply(t, d, "candidates", list);
	list = NULL;
	put_demand(t, d, &r, t->result);
	scope_add(&s, KIND_DEMAND, &d->own);
	(void)json_object_set_new(
	    t->result, "excluded_by", barriers_json(&s, barriers, barriers_n));
out:
	json_decref(list);
	if (d != NULL)
		desk_free(d);
}

static void
candidate_run(struct task *t)
{
	struct desk *d = desk_new(t);
	struct label_scope s = scope_of(t);
	struct learning_step step;
	struct store_record demand, r;
	bool there = false;
	json_t *o = NULL;

	if (d == NULL || !own_demand(t, d, &demand) ||
	    !find_record(t,
		json_string_value(json_object_get(t->input, "record")),
		KIND_PROFILE, &r))
		goto out;
	if (!reader_open(&d->rd, &r) || r.deleted ||
	    card_decode(&d->rd.payload, r.region, &d->person.card) != OK) {
		task_fail(t, 422, "E3402", NULL,
		    "this record is withdrawn or cannot be interpreted");
		goto out;
	}
	card_resolve(&d->person.card, t->terms->vocabulary);
	scope_add(&s, KIND_DEMAND, &d->own);
	scope_add(&s, KIND_PROFILE, &d->rd.payload);
	if (!lessons_load(t, &d->lessons) ||
	    !find_step(t, d, &d->person.card, &step, &there))
		goto out;
	o = json_object();
	json_id(o, "record", r.id);
	json_did(o, "author", r.author);
	(void)json_object_set_new(o, "region", json_string(r.region));
	put_demand(t, d, &demand, o);
	put_title(o, &d->own_rd, s.language);
	const err e = explain_pair(
	    t, &s, &d->posting, &d->person, there ? &step : NULL, &d->rd2, o);
	if (e != OK) {
		fail_scan(t, e);
		goto out;
	}
	t->result = o;
	o = NULL;
out:
	json_decref(o);
	if (d != NULL)
		desk_free(d);
}

/* Which demand; NULL: answered. */
static json_t *
demand_input(struct node *n, struct http_request *r, const char *text)
{
	uint32_t slot = 0;

	if (text == NULL || text[0] == 0) {
		http_fail(r, 422, "E3404", "demand", "ohcn demand list",
		    "the demand is missing");
		return NULL;
	}
	if (!find_post(n, r, KIND_DEMAND, text, &slot))
		return NULL;
	json_t *input = json_object();
	json_uint(input, "rid", owner_post(n, KIND_DEMAND, slot)->rid);
	return input;
}

void
api_candidates(struct http_request *r, void *ctx)
{
	json_t *input = demand_input(ctx, r, http_query(r, "demand"));

	if (input != NULL && common_input(ctx, r, input))
		task_start(ctx, r, candidates_run, input);
}

void
api_candidate(struct http_request *r, void *ctx)
{
	json_t *input = demand_input(ctx, r, http_param(r, "demand"));

	if (input == NULL || !common_input(ctx, r, input))
		return;
	(void)json_object_set_new(
	    input, "record", json_string(http_param(r, "record")));
	task_start(ctx, r, candidate_run, input);
}
