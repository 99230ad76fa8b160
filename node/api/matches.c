/*
 * Matching over the API, for the person of this node (demands and courses)
 * and for its demands (people): lists, one pair explained, two compared. All
 * of it is computed here, on a worker, from what the store holds and, for the
 * person, from the private draft. Both directions are the same code: see
 * api/desk.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/exposure.h"
#include "node/api/desk.h"
#include "node/api/door.h"
#include "node/api/postings.h"

/* ---- one entry of a list ---- */

/* The pair on the desk, which scored ${res}; NULL: failed. */
static json_t *
entry_json(struct desk *d, const struct scan_result *res)
{
	struct learning_step step;
	bool there;

	if (!desk_score(d) || !desk_step(d, &step, &there))
		return NULL;
	json_t *o = json_object();
	desk_who(d, o);
	desk_result(o, res);
	(void)json_object_set_new(
	    o, "missing", missing_json(&d->scope, &d->score[0]));
	(void)json_object_set_new(
	    o, "ask", ask_json(&d->scope, &d->score[0], &d->score[1]));
	(void)json_object_set_new(
	    o, "gates", missed_json(&d->scope, &d->score[0], &d->score[1]));
	if (d->ask->for_person) {
		(void)json_object_set_new(
		    o, "teaches", teaches_json(&d->scope, &d->posting));
		(void)json_object_set_new(
		    o, "pays", pays_json(&d->scope, &d->posting));
		(void)json_object_set_new(
		    o, "gives", gives_json(&d->scope, &d->score[1]));
	}
	(void)json_object_set_new(o, "next_step",
	    there ? step_json(d->t, &d->scope, &step, &d->rd2) : json_null());
	door_put(d, there ? &step : NULL, o);
	return o;
}

static json_t *
entries_json(
    struct desk *d, const struct found *h, const struct exposure_place *turns)
{
	json_t *list = json_array();

	for (size_t i = 0; i < MIN(h->n, d->ask->limit); i++) {
		if (!desk_take_hit(d, &h->list[i]))
			continue;
		json_t *o = entry_json(d, &h->list[i]);
		if (o == NULL) {
			json_decref(list);
			return NULL;
		}
		json_uint(
		    o, "rank", turns == NULL ? i + 1 : turns[i].exact + 1U);
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* ---- lists ---- */

/* What a list was made from. */
static json_t *
view_json(const struct found *h)
{
	json_t *o = json_object();

	json_uint(o, "known", h->known);
	(void)json_object_set_new(o, "passed_filter",
	    h->counted ? json_integer((json_int_t)h->counts.seen)
		       : json_null());
	(void)json_object_set_new(
	    o, "by", json_string(h->by_index ? "index" : "scan"));
	return o;
}

static json_t *
age_json(const struct task *t, uint64_t made_h)
{
	const uint64_t made = made_h * 3600;

	if (made_h == 0)
		return json_null();
	return json_integer(
	    t->now_s > made ? (json_int_t)(t->now_s - made) : 0);
}

/* A result is only as good as what this node has heard of. */
static void
put_view(const struct task *t, json_t *o)
{
	struct store_stat stat;

	if (store_stat(t->view, &stat) != OK)
		return;
	json_uint(o, "records", stat.totals.records);
	(void)json_object_set_new(
	    o, "oldest_age_s", age_json(t, stat.oldest_h));
	(void)json_object_set_new(
	    o, "newest_age_s", age_json(t, stat.newest_h));
	(void)json_object_set_new(o, "index", matcher_json(t->matcher));
}

/* How many to look at for a list in which people take turns. */
static size_t
turn_pool(size_t limit)
{
	return MAX(limit, MIN(4 * limit, (size_t)EXPOSURE_LIST_MAX));
}

/*
 * People who are nearly as good take turns (match/exposure.h). What it came to
 * goes into ${o}; a list that is too long for it stays as it is.
 */
static bool
take_turns(struct desk *d, struct found *h, int32_t band,
    struct exposure_place **turns, json_t *o)
{
	json_t *said = json_object();
	size_t moved = 0;

	if (h->n > EXPOSURE_LIST_MAX) {
		json_decref(said);
		return true;
	}
	*turns = calloc(h->n + 1, sizeof(**turns));
	if (*turns == NULL || exposure_order(h->list, h->n, band, d->own_id,
				  NULL, *turns) != OK) {
		json_decref(said);
		find_fail(d->t, ERR_NOMEM);
		return false;
	}
	for (size_t i = 0; i < MIN(h->n, d->ask->limit); i++)
		moved += (*turns)[i].exact != i;
	json_uint(said, "points", (uint64_t)band);
	json_uint(said, "moved", moved);
	(void)json_object_set_new(o, "turns", said);
	return true;
}

/* One list into ${o} as ${key}, its view into "view"; false: failed. */
static bool
put_list(struct desk *d, enum match_list list, const char *key, json_t *o,
    struct found *counts)
{
	const struct match_ask *ask = d->ask;
	const int32_t turn = ask->reach || list != MATCH_PEOPLE ? 0 : ask->turn;
	const struct find_options options = { .filter = &ask->filter,
		.max = ask->reach  ? REACH_POOL
		       : turn == 0 ? ask->limit
				   : turn_pool(ask->limit),
		.all = ask->all || ask->reach,
		.scan = ask->scan };
	struct exposure_place *turns = NULL;
	struct found h;
	json_t *out = NULL;

	if (!desk_search(d, list, &options, &h))
		return false;
	if (ask->reach)
		out = reach_json(d, &h);
	else if (turn == 0 || take_turns(d, &h, turn, &turns, o))
		out = entries_json(d, &h, turns);
	free(turns);
	if (out != NULL) {
		(void)json_object_set_new(o, key, out);
		(void)json_object_set_new(
		    json_object_get(o, "view"), key, view_json(&h));
		*counts = h;
	}
	found_free(&h);
	return out != NULL;
}

/* Whom most fail first; equal ones as the explanation has them. */
static void
barriers_sort(struct find_barriers *b)
{
	for (size_t i = 1; i < b->n; i++) {
		const struct scan_barrier v = b->list[i];
		size_t k = i;
		for (; k > 0 && b->list[k - 1].failed < v.failed; k--)
			b->list[k] = b->list[k - 1];
		b->list[k] = v;
	}
}

static json_t *
barriers_json(const struct label_scope *s, struct find_barriers *b)
{
	json_t *list = json_array();

	barriers_sort(b);
	for (size_t i = 0; i < b->n; i++) {
		const struct scan_barrier *v = &b->list[i];
		char text[TERM_LABEL_MAX + 40];
		if (v->failed == 0)
			continue;
		gate_text(s, v->kind, v->term, v->language, text, sizeof(text));
		json_t *o = json_object();
		(void)json_object_set_new(
		    o, "gate", json_string(gate_name(v->kind)));
		(void)json_object_set_new(o, "label", json_string(text));
		if (v->term != 0)
			(void)json_object_set_new(
			    o, "term", term_json(s, v->term));
		json_uint(o, "people", v->failed);
		json_uint(o, "alone", v->alone);
		json_uint(o, "asked", v->asked);
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* What a demand's list has beside it; false: failed. */
static bool
put_barriers(struct desk *d, json_t *o)
{
	struct label_scope s = { d->t->terms->vocabulary, d->ask->language,
		{ NULL, NULL } };
	struct find_barriers *b = malloc(sizeof(*b));
	bool good = b != NULL;

	if (!good)
		find_fail(d->t, ERR_NOMEM);
	if (good)
		good = find_barriers(
		    d->t, &d->posting, &d->ask->filter, d->ask->scan, b);
	if (good) {
		scope_add(&s, KIND_DEMAND, &d->own);
		(void)json_object_set_new(
		    o, "excluded_by", barriers_json(&s, b));
		json_uint(o, "excluded_by_of", b->looked_at);
	}
	free(b);
	return good;
}

static bool
put_lists(struct desk *d, json_t *o)
{
	const struct match_filter *f = &d->ask->filter;
	struct found counts = { 0 }, courses = { 0 };

	if (!d->ask->for_person) {
		if (!put_list(d, MATCH_PEOPLE, "candidates", o, &counts) ||
		    !put_barriers(d, o))
			return false;
		(void)json_object_set_new(o, "demand", desk_demand_json(d));
	} else {
		if (f->demands &&
		    !put_list(d, MATCH_DEMANDS, "matches", o, &counts))
			return false;
		/* Beside demands courses are no lane of reach. */
		if (f->courses && !(d->ask->reach && f->demands) &&
		    !put_list(d, MATCH_COURSES, "learning", o, &courses))
			return false;
		json_uint(o, "courses", d->lessons.n);
		json_uint(o, "courses_left_out", d->lessons.left_out);
	}
	json_uint(
	    o, "scanned", counts.counted ? counts.counts.seen : counts.known);
	(void)json_object_set_new(o, "excluded",
	    counts.counted ? json_integer((json_int_t)counts.counts.excluded)
			   : json_null());
	put_view(d->t, json_object_get(o, "view"));
	return true;
}

static void
list_run(struct task *t)
{
	struct desk *d = desk_open(t);
	json_t *o;

	if (d == NULL)
		return;
	o = json_object();
	(void)json_object_set_new(o, "view", json_object());
	(void)json_object_set_new(
	    o, "lane", json_string(d->ask->reach ? "reach" : "list"));
	hashes_json(t, o);
	json_uint(o, "score_max", SCORE_MAX);
	if (put_lists(d, o))
		t->result = o;
	else
		json_decref(o);
	desk_close(d);
}

/* ---- one and two ---- */

/* The explanation, and what stands beside it; NULL: failed. */
static json_t *
explain_with_door(struct desk *d)
{
	struct learning_step step;
	bool there;
	json_t *o = desk_explain(d);

	if (o != NULL && desk_step(d, &step, &there)) {
		door_put(d, there ? &step : NULL, o);
		return o;
	}
	json_decref(o);
	return NULL;
}

static void
explain_run(struct task *t)
{
	struct desk *d = desk_open(t);

	if (d == NULL)
		return;
	if (desk_find(d, d->ask->record[0]))
		t->result = explain_with_door(d);
	desk_close(d);
}

static json_t *
compare_side(struct desk *d, const char *record)
{
	return desk_find(d, record) ? explain_with_door(d) : NULL;
}

static bool
same_line(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "of", "kind", "label", "term" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const json_t *x = json_object_get(a, keys[i]);
		const json_t *y = json_object_get(b, keys[i]);
		if (x != y && (x == NULL || y == NULL || !json_equal(x, y)))
			return false;
	}
	return true;
}

static const json_t *
find_line(const json_t *terms, const json_t *line)
{
	size_t i;
	json_t *v;

	json_array_foreach(terms, i, v) if (same_line(v, line)) return v;
	return NULL;
}

static json_t *
row_json(const json_t *a, const json_t *b)
{
	const json_t *any = a != NULL ? a : b;
	json_t *o = json_object();
	static const char *const keys[] = { "of", "kind", "label", "term" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_object_get(any, keys[i]) != NULL)
			(void)json_object_set(
			    o, keys[i], json_object_get(any, keys[i]));
	(void)json_object_set_new(o, "a",
	    a == NULL ? json_null() : json_copy(json_object_get(a, "points")));
	(void)json_object_set_new(o, "b",
	    b == NULL ? json_null() : json_copy(json_object_get(b, "points")));
	return o;
}

/* Every line of either, the two points side by side. */
static json_t *
rows_json(const json_t *a, const json_t *b)
{
	const json_t *x = json_object_get(a, "terms");
	const json_t *y = json_object_get(b, "terms");
	json_t *list = json_array(), *v;
	size_t i;

	json_array_foreach(x, i, v)(void)
	    json_array_append_new(list, row_json(v, find_line(y, v)));
	json_array_foreach(y, i, v) if (find_line(x, v) == NULL)(void)
	    json_array_append_new(list, row_json(NULL, v));
	return list;
}

/* As in a list: who is not excluded, then the score, then the id. */
static const char *
ahead(const json_t *a, const json_t *b)
{
	const bool xa = json_is_true(json_object_get(a, "excluded"));
	const bool xb = json_is_true(json_object_get(b, "excluded"));
	const json_int_t d = json_integer_value(json_object_get(a, "score")) -
			     json_integer_value(json_object_get(b, "score"));
	uint8_t ia[RECORD_ID], ib[RECORD_ID];

	if (xa != xb)
		return xb ? "a" : "b";
	if (d != 0)
		return d > 0 ? "a" : "b";
	if (record_id_get(
		slice_str(json_string_value(json_object_get(a, "record"))),
		ia) != OK ||
	    record_id_get(
		slice_str(json_string_value(json_object_get(b, "record"))),
		ib) != OK)
		return "a";
	return memcmp(ia, ib, RECORD_ID) <= 0 ? "a" : "b";
}

static void
compare_run(struct task *t)
{
	struct desk *d = desk_open(t);
	json_t *a = NULL, *b = NULL;

	if (d == NULL)
		return;
	a = compare_side(d, d->ask->record[0]);
	if (a != NULL)
		b = compare_side(d, d->ask->record[1]);
	if (a != NULL && b != NULL) {
		t->result = json_object();
		hashes_json(t, t->result);
		(void)json_object_set_new(
		    t->result, "ahead", json_string(ahead(a, b)));
		(void)json_object_set_new(t->result, "rows", rows_json(a, b));
		(void)json_object_set(t->result, "a", a);
		(void)json_object_set(t->result, "b", b);
	}
	json_decref(a);
	json_decref(b);
	desk_close(d);
}

/* ---- the requests ---- */

/* What all requests have in common; NULL: answered. */
static struct match_ask *
ask_new(struct node *n, struct http_request *r, bool for_person)
{
	const char *all = http_query(r, "all"), *lane = http_query(r, "lane");
	const char *scan = http_query(r, "scan");
	const char *exact = http_query(r, "exact");
	struct match_ask *ask = calloc(1, sizeof(*ask));
	uint64_t limit = 0;

	if (ask == NULL) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return NULL;
	}
	if (!http_query_range(r, "limit", 1,
		MIN((uint64_t)LIST_DEFAULT, n->config->limits.list_rows),
		n->config->limits.list_rows, &limit) ||
	    !filter_read(r, &ask->filter)) {
		free(ask);
		return NULL;
	}
	ask->for_person = for_person;
	ask->limit = limit;
	ask->language = language_of(n, r);
	ask->all = all != NULL && strcmp(all, "0") != 0;
	ask->scan = scan != NULL && strcmp(scan, "0") != 0;
	if (!for_person && (exact == NULL || strcmp(exact, "0") == 0))
		ask->turn = (int32_t)n->config->match.turn_points;
	ask->reach = lane != NULL && strcmp(lane, "reach") == 0;
	if (lane == NULL || ask->reach || lane[0] == '\0' ||
	    strcmp(lane, "list") == 0)
		return ask;
	http_fail(r, 422, "E3406", "lane", "list or reach",
	    "there is no lane \"%.40s\"", lane);
	free(ask);
	return NULL;
}

static void
ask_record(struct match_ask *ask, size_t i, const char *text)
{
	(void)snprintf(
	    ask->record[i], MATCH_ID_TEXT, "%s", text == NULL ? "" : text);
}

/* Draft and wishes for a worker; NULL: answered. */
static json_t *
person_input(struct node *n, struct http_request *r)
{
	uint32_t persona;
	json_t *draft, *wishes, *input;

	if (!persona_asked(n, r, &persona))
		return NULL;
	draft = persona_value(n, persona, DRAFT_PROFILE, NULL);
	wishes = persona_value(n, persona, DRAFT_WISHES, NULL);
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

/* A demand that is not published, from the body; NULL: answered. */
static json_t *
draft_input(struct node *n, struct http_request *r)
{
	json_t *body = http_json(r), *input;
	json_t *draft = json_object_get(body, "demand");

	if (body == NULL)
		return NULL;
	if (!json_is_object(draft)) {
		json_decref(body);
		http_fail(r, 422, "E3404", "demand", "ohcn help demand post",
		    "the demand is missing");
		return NULL;
	}
	input = json_object();
	(void)json_object_set_new(
	    input, "region", json_string(region_of(n, draft)));
	(void)json_object_set(input, "draft", draft);
	json_decref(body);
	return input;
}

/* Which own demand; false: answered. */
static bool
demand_rid(
    struct node *n, struct http_request *r, const char *text, uint64_t *rid)
{
	uint32_t persona, slot = 0;

	if (!persona_asked(n, r, &persona))
		return false;
	if (text == NULL || text[0] == 0) {
		http_fail(r, 422, "E3404", "demand", "ohcn demand list",
		    "the demand is missing");
		return false;
	}
	if (!find_post(n, r, persona, KIND_DEMAND, text, &slot))
		return false;
	*rid = owner_post(n, persona, KIND_DEMAND, slot)->rid;
	return true;
}

static void
start_for_person(struct node *n, struct http_request *r, task_run *run,
    const char *a, const char *b)
{
	json_t *input = person_input(n, r);
	struct match_ask *ask = input == NULL ? NULL : ask_new(n, r, true);

	if (ask == NULL) {
		json_decref(input);
		return;
	}
	ask_record(ask, 0, a);
	ask_record(ask, 1, b);
	task_start_with(n, r, run, input, ask);
}

static void
start_for_demand(struct node *n, struct http_request *r, task_run *run,
    const char *demand, const char *a, const char *b)
{
	uint64_t rid = 0;
	struct match_ask *ask =
	    demand_rid(n, r, demand, &rid) ? ask_new(n, r, false) : NULL;

	if (ask == NULL)
		return;
	ask->rid = rid;
	ask_record(ask, 0, a);
	ask_record(ask, 1, b);
	task_start_with(n, r, run, NULL, ask);
}

static void
start_for_draft(
    struct node *n, struct http_request *r, task_run *run, const char *record)
{
	json_t *input = draft_input(n, r);
	struct match_ask *ask = input == NULL ? NULL : ask_new(n, r, false);

	if (ask == NULL) {
		json_decref(input);
		return;
	}
	ask_record(ask, 0, record);
	task_start_with(n, r, run, input, ask);
}

void
api_matches(struct http_request *r, void *ctx)
{
	start_for_person(ctx, r, list_run, NULL, NULL);
}

void
api_match(struct http_request *r, void *ctx)
{
	start_for_person(ctx, r, explain_run, http_param(r, "record"), NULL);
}

void
api_candidates(struct http_request *r, void *ctx)
{
	start_for_demand(ctx, r, list_run, http_query(r, "demand"), NULL, NULL);
}

void
api_candidate(struct http_request *r, void *ctx)
{
	start_for_demand(ctx, r, explain_run, http_param(r, "demand"),
	    http_param(r, "record"), NULL);
}

void
api_candidates_draft(struct http_request *r, void *ctx)
{
	start_for_draft(ctx, r, list_run, NULL);
}

void
api_candidate_draft(struct http_request *r, void *ctx)
{
	start_for_draft(ctx, r, explain_run, http_param(r, "record"));
}

void
api_compare(struct http_request *r, void *ctx)
{
	const char *a = http_query(r, "a"), *b = http_query(r, "b");
	const char *demand = http_query(r, "demand");

	if (a == NULL || b == NULL || a[0] == '\0' || b[0] == '\0')
		http_fail(r, 422, "E3407",
		    a == NULL || a[0] == '\0' ? "a" : "b",
		    "ohcn match compare A B", "two records are compared");
	else if (demand == NULL || demand[0] == '\0')
		start_for_person(ctx, r, compare_run, a, b);
	else
		start_for_demand(ctx, r, compare_run, demand, a, b);
}
