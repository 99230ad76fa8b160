/*
 * A team for a demand or for a list of skills: GET /team. A proposal made
 * here from the cards that this node holds; nobody is asked or told.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/advice.h"
#include "node/api/choose.h"
#include "node/api/feed.h"
#include "node/api/find.h"
#include "node/api/postings.h"

#define TEAM_SIZE         6 /* people, if nothing is said */
#define TEAM_DIVERSITY    10
#define OCCUPATION_SKILLS 5     /* that an occupation stands for */
#define TEAM_ONE_PASS     50000 /* cards; of more each need is searched for */
#define SKILLS_TEXT       2048

/* One request; ${more} of its task. */
struct team_ask {
	uint64_t rid; /* of the own demand; 0: skills */
	char skills[SKILLS_TEXT];
	uint64_t size, times, diversity, hours;
	bool one_language;
	uint32_t of_all; /* this one; 0: whichever is best */
	uint32_t language;
};

struct forming {
	struct task *t;
	const struct team_ask *ask;
	struct posting posting;
	struct reader rd, card_rd;
	struct label_scope scope;
	uint8_t demand_id[RECORD_ID];
	struct team_need needs[TEAM_NEEDS_MAX];
	size_t needs_n;
	size_t left_out; /* requirements over the maximum */
	json_t *read;    /* words that are no skill's name: what was taken */
	struct team_view *view;
	struct team_pool *pool;
	struct team_candidate *people;
	size_t people_n;
	uint64_t looked_at, known;
	bool by_index;
	struct team team;
};

/* ---- what is needed ---- */

static void
need_add(struct forming *f, const struct team_need *need)
{
	for (size_t i = 0; i < f->needs_n; i++)
		if (f->needs[i].term == need->term)
			return;
	if (f->needs_n == TEAM_NEEDS_MAX)
		f->left_out++;
	else
		f->needs[f->needs_n++] = *need;
}

/* What is rare tells more, as in a score. */
static uint32_t
weight_of(const struct forming *f, uint32_t at, uint32_t weight)
{
	return weight * (at == TERM_NOWHERE
				? RARITY_MIN
				: f->t->meaning.rarity->sixteenths[at]);
}

static bool
needs_of_demand(struct forming *f)
{
	struct task *t = f->t;
	struct store_record r;
	bool musts = false;

	if (store_get_rid(t->view, f->ask->rid, &r) != OK ||
	    !reader_open(&f->rd, &r) ||
	    posting_decode(&f->rd.payload, r.region, &f->posting) != OK) {
		task_fail(t, 409, "E3403", "try again in a moment",
		    "the demand has just been changed");
		return false;
	}
	posting_resolve(&f->posting, t->terms->vocabulary);
	scope_add(&f->scope, KIND_DEMAND, &f->rd.payload);
	memcpy(f->demand_id, r.id, RECORD_ID);
	for (uint16_t i = 0; i < f->posting.requirements_n; i++)
		musts = musts || f->posting.requirements[i].must;
	for (uint16_t i = 0; i < f->posting.requirements_n; i++) {
		const struct requirement *q = &f->posting.requirements[i];
		const bool twice = q->must || !musts;
		need_add(f, &(struct team_need){ .term = q->term,
				.at = q->at,
				.level = q->level,
				.times = (uint8_t)(twice ? f->ask->times : 1),
				.must = q->must,
				.weight = weight_of(f, q->at, q->weight) });
	}
	return true;
}

/* That ${text} was taken as ${terms}, and why; takes both lists. */
static void
read_put(struct forming *f, const char *text, size_t n, uint32_t occupation,
    json_t *terms, json_t *guessed_of)
{
	json_t *o = json_object();

	json_text(o, "text", slice_of(text, n));
	(void)json_object_set_new(o, "occupation",
	    occupation == TERM_NOWHERE
		? json_null()
		: term_json(&f->scope,
		      vocabulary_term(f->t->terms->vocabulary, occupation)));
	(void)json_object_set_new(o, "terms", terms);
	(void)json_object_set_new(
	    o, "guessed_of", guessed_of == NULL ? json_null() : guessed_of);
	(void)json_array_append_new(f->read, o);
}

/* How much a skill tells of an occupation. */
static uint32_t
telling(const struct forming *f, uint32_t at, const struct term_need *need)
{
	return weight_of(f, at,
	    need->weight == 0 ? REQUIREMENT_WEIGHT_DEFAULT : need->weight);
}

/*
 * An occupation stands for the skills that tell most of it; together they
 * weigh as one. false: the vocabulary does not say what it takes.
 */
static bool
need_of_occupation(struct forming *f, uint32_t occupation,
    const struct team_need *like, const char *text, size_t n)
{
	const struct vocabulary *v = f->t->terms->vocabulary;
	const struct term_list all = vocabulary_needs(v, occupation, true);
	uint32_t best[OCCUPATION_SKILLS];
	uint32_t worth[OCCUPATION_SKILLS];
	size_t best_n = 0;

	for (uint32_t i = 0; i < all.n; i++) {
		const struct term_need one =
		    vocabulary_need(v, occupation, true, i);
		const uint32_t w = telling(f, all.at[i], &one);
		size_t k = best_n;
		while (k > 0 && worth[k - 1] < w)
			k--;
		if (k == OCCUPATION_SKILLS)
			continue;
		best_n = MIN(best_n + 1, (size_t)OCCUPATION_SKILLS);
		for (size_t m = best_n - 1; m > k; m--) {
			best[m] = best[m - 1];
			worth[m] = worth[m - 1];
		}
		best[k] = all.at[i];
		worth[k] = w;
	}
	json_t *terms = json_array();
	for (size_t i = 0; i < best_n; i++) {
		struct team_need need = *like;
		need.at = best[i];
		need.term = vocabulary_term(v, best[i]);
		need.weight =
		    MAX(weight_of(f, best[i], REQUIREMENT_WEIGHT_DEFAULT) /
			    (uint32_t)best_n,
			1U);
		need_add(f, &need);
		(void)json_array_append_new(
		    terms, term_json(&f->scope, need.term));
	}
	read_put(f, text, n, occupation, terms, NULL);
	return best_n > 0;
}

/* No skill is called so: what may be meant is for the asker to say. */
static void
need_unknown(
    struct forming *f, const char *text, size_t n, const struct term_choice *c)
{
	char near[100], hint[128] = "ohcn vocabulary search WORD";

	if (c->guessed_of != NULL) {
		terms_text(c->guessed_of, near, sizeof(near));
		(void)snprintf(hint, sizeof(hint), "one of: %s", near);
	}
	task_fail(f->t, 422, "E3421", hint, "no skill is called \"%.*s\"",
	    (int)MIN(n, (size_t)80), text);
}

/* "welding:3!": a label or a term, a level, a must. */
static bool
need_of_text(struct forming *f, const char *text, size_t n)
{
	const uint32_t mask = 1U << TERM_SKILL | 1U << TERM_KNOWLEDGE;
	const struct vocabulary *v = f->t->terms->vocabulary;
	struct team_need need = { .times = (uint8_t)f->ask->times };
	struct term_choice c;
	bool good = false;

	if (n > 0 && text[n - 1] == '!') {
		need.must = true;
		n--;
	}
	if (!level_cut(text, &n, &need.level)) {
		task_fail(f->t, 422, "E3421",
		    "1 beginner to 5 expert, as in NAME:3",
		    "the level of \"%.*s\" cannot be that",
		    (int)MIN(n, (size_t)80), text);
		return false;
	}
	(void)term_choose(f->t->terms, text, n, mask, f->ask->language, &c);
	if (c.other != TERM_NOWHERE &&
	    vocabulary_type(v, c.other) == TERM_OCCUPATION)
		good = need_of_occupation(f, c.other, &need, text, n);
	else if (c.at != TERM_NOWHERE && json_array_size(c.guessed_of) <= 1) {
		need.at = c.at;
		need.term = vocabulary_term(v, need.at);
		need.weight = weight_of(f, need.at, REQUIREMENT_WEIGHT_DEFAULT);
		need_add(f, &need);
		if (c.guessed_of != NULL)
			read_put(f, text, n, TERM_NOWHERE,
			    json_pack("[o]", term_json(&f->scope, need.term)),
			    json_incref(c.guessed_of));
		good = true;
	}
	if (!good)
		need_unknown(f, text, n, &c);
	json_decref(c.guessed_of);
	return good;
}

static bool
needs_of_skills(struct forming *f)
{
	const char *at = f->ask->skills;

	while (*at != '\0') {
		const size_t n = strcspn(at, ",");
		size_t from = 0, to = n;
		while (from < to && at[from] == ' ')
			from++;
		while (to > from && at[to - 1] == ' ')
			to--;
		if (to > from && !need_of_text(f, at + from, to - from))
			return false;
		at += n + (at[n] == ',');
	}
	return true;
}

/* ---- who could be in it ---- */

static bool
failed(struct gate g)
{
	return g.state == GATE_FAIL;
}

/* What the demand asks of each: a must may be held by another in the team. */
static bool
kept_out(const struct forming *f, const struct card *c)
{
	const struct posting *p = &f->posting;

	if (f->ask->rid == 0)
		return false;
	for (uint16_t i = 0; i < p->languages_n; i++)
		if (failed(gate_language(&p->languages[i], c)))
			return true;
	return failed(gate_seeks(p, c)) || failed(gate_place(p, c)) ||
	       failed(
		   gate_hours(posting_hours_week(p), card_hours_max(c->hours)));
}

static void
look_at(struct forming *f, const uint8_t *id, const struct card *c)
{
	struct team_candidate one;

	f->looked_at++;
	if (team_look(f->view, id, c, &one) && !kept_out(f, c))
		team_pool_add(f->pool, &one);
}

/* All of them. */
static bool
look_at_all(struct forming *f, struct feed *feed)
{
	struct card_source source = feed_cards(feed);
	struct card_item item;

	while (source.next(source.ctx, &item))
		look_at(f, item.id, item.card);
	return true;
}

static int
hit_order(const void *a, const void *b)
{
	const struct scan_result *x = a, *y = b;

	return memcmp(x->id, y->id, RECORD_ID);
}

/* The best for each need, by the index; each card is looked at once. */
static bool
look_for_each(struct forming *f)
{
	static const struct match_filter none;
	const size_t each = team_pool_each(f->pool) * 2;
	struct scan_result *all = calloc(each * f->needs_n + 1, sizeof(*all));
	const struct find_options o = { .filter = &none, .max = each };
	size_t n = 0;
	bool good = all != NULL;

	if (!good)
		advice_fail(f->t, ERR_NOMEM);
	for (size_t i = 0; i < f->needs_n && good; i++) {
		struct posting p = f->posting;
		struct found h;
		p.requirements_n = 1;
		p.requirements[0] = (struct requirement){ f->needs[i].term,
			f->needs[i].at, f->needs[i].level,
			REQUIREMENT_WEIGHT_DEFAULT, false };
		good = find_people(f->t, &p, &o, &h);
		if (!good)
			break;
		f->by_index = h.by_index;
		for (size_t k = 0; k < h.n; k++)
			all[n++] = h.list[k];
		found_free(&h);
	}
	qsort(all, good ? n : 0, sizeof(*all), hit_order);
	for (size_t i = 0; i < n && good; i++) {
		struct store_record r;
		struct card c;
		if ((i > 0 && hit_order(&all[i - 1], &all[i]) == 0) ||
		    store_get(f->t->view, all[i].id, &r) != OK ||
		    !reader_open(&f->card_rd, &r) ||
		    card_decode(&f->card_rd.payload, r.region, &c) != OK)
			continue;
		card_resolve(&c, f->t->terms->vocabulary);
		look_at(f, all[i].id, &c);
	}
	free(all);
	return good;
}

static bool
gather(struct forming *f)
{
	struct feed *feed = feed_open(f->t, KIND_PROFILE, true);
	bool good;

	if (feed == NULL)
		return false;
	f->known = feed->n;
	good =
	    f->known > TEAM_ONE_PASS ? look_for_each(f) : look_at_all(f, feed);
	feed_close(feed);
	if (!good)
		return false;
	f->people = calloc(TEAM_CANDIDATES_MAX, sizeof(*f->people));
	if (f->people == NULL) {
		advice_fail(f->t, ERR_NOMEM);
		return false;
	}
	f->people_n = team_pool_take(f->pool, f->people);
	return true;
}

/* ---- the answer ---- */

static uint8_t
hours_bucket(uint64_t hours)
{
	uint8_t bucket = 0;

	while (hours > 0 && bucket < 5 && card_hours_max(bucket) < hours)
		bucket++;
	return bucket;
}

static void
put_proof(const struct team *team, json_t *o)
{
	char text[160];
	const int64_t least =
	    team->bound == 0
		? 1000
		: (int64_t)((double)team->worth * 1000 / (double)team->bound);

	json_truth(o, "exact", team->exact);
	json_uint(o, "at_least", (uint64_t)MAX(MIN(least, 1000), 632));
	if (team->exact)
		(void)snprintf(text, sizeof(text),
		    "proven: no team of this size from these candidates is "
		    "better");
	else
		(void)snprintf(text, sizeof(text),
		    "at least %" PRId64 ".%" PRId64 " %% of the best team "
		    "of this size from these candidates",
		    MAX(least, 632) / 10, MAX(least, 632) % 10);
	(void)json_object_set_new(o, "guarantee", json_string(text));
}

static json_t *
demand_json(const struct forming *f)
{
	json_t *o = json_object();
	struct slice title;

	if (f->ask->rid == 0) {
		json_decref(o);
		return json_null();
	}
	json_id(o, "id", f->demand_id);
	if (text_pick(value_find(&f->rd.payload, POSTING_TITLE),
		f->ask->language, &title))
		json_text(o, "title", title);
	else
		(void)json_object_set_new(o, "title", json_string(""));
	return o;
}

static json_t *
team_json(struct forming *f, const struct team_task *task)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, "members",
	    advice_members(
		f->t, &f->scope, task, f->view, f->people, &f->team));
	(void)json_object_set_new(
	    o, "needs", advice_needs(&f->scope, task, f->people, &f->team));
	(void)json_object_set(o, "read_as", f->read);
	json_uint(o, "covered", f->team.covered);
	json_truth(o, "musts", f->team.musts);
	put_proof(&f->team, o);
	(void)json_object_set_new(
	    o, "language", advice_language(f->team.language));
	(void)json_object_set_new(o, "fields",
	    advice_fields(&f->scope, f->view, f->team.backgrounds));
	json_uint(o, "size_max", task->size_max);
	json_uint(o, "candidates", f->people_n);
	json_uint(o, "looked_at", f->looked_at);
	json_uint(o, "known", f->known);
	json_uint(o, "needs_left_out", f->left_out);
	(void)json_object_set_new(
	    o, "by", json_string(f->by_index ? "index" : "scan"));
	hashes_json(f->t, o);
	advice_view(f->t, o);
	return o;
}

static void
form(struct forming *f)
{
	const struct team_task task = { .needs = f->needs,
		.needs_n = f->needs_n,
		.size_max = f->ask->size,
		.diversity = (uint32_t)f->ask->diversity,
		.one_language = f->ask->one_language,
		.language = f->ask->of_all,
		.hours_each = hours_bucket(f->ask->hours) };
	json_t *demand = demand_json(f);
	err e = team_view_new(&f->t->meaning, f->needs, f->needs_n, &f->view);

	if (e == OK)
		e = team_pool_new(f->needs_n, &f->pool);
	if (e != OK)
		advice_fail(f->t, e);
	else if (gather(f)) {
		e = team_form(&task, f->people, f->people_n, &f->team);
		if (e != OK) {
			advice_fail(f->t, e);
		} else {
			f->t->result = team_json(f, &task);
			(void)json_object_set(f->t->result, "demand", demand);
		}
	}
	json_decref(demand);
}

static void
team_run(struct task *t)
{
	struct forming *f = calloc(1, sizeof(*f));

	if (f == NULL || reader_init(&f->rd) != OK ||
	    reader_init(&f->card_rd) != OK) {
		if (f != NULL)
			reader_fini(&f->rd);
		free(f);
		advice_fail(t, ERR_NOMEM);
		return;
	}
	f->t = t;
	f->ask = t->more;
	f->read = json_array();
	f->scope = (struct label_scope){ t->terms->vocabulary, f->ask->language,
		{ NULL, NULL } };
	if (f->ask->rid != 0 ? needs_of_demand(f) : needs_of_skills(f)) {
		if (f->needs_n == 0)
			task_fail(t, 422, "E3422", "ohcn help team form",
			    "nothing is asked for, so nobody can be chosen");
		else
			form(f);
	}
	team_view_free(f->view);
	team_pool_free(f->pool);
	free(f->people);
	json_decref(f->read);
	reader_fini(&f->rd);
	reader_fini(&f->card_rd);
	free(f);
}

/* ---- the request ---- */

/* "any": all share one; "de": this one; "none": no matter. */
static bool
language_read(struct http_request *r, struct team_ask *ask)
{
	const char *text = http_query(r, "language");

	ask->one_language = true;
	if (text == NULL || text[0] == '\0' || strcmp(text, "any") == 0)
		return true;
	ask->one_language = strcmp(text, "none") != 0;
	if (!ask->one_language)
		return true;
	ask->of_all = language_code(slice_str(text));
	if (ask->of_all == 0)
		http_fail(r, 422, "E3423", "language",
		    "any, none or a code as de", "\"%.40s\" is no language",
		    text);
	return ask->of_all != 0;
}

static bool
what_read(struct node *n, struct http_request *r, struct team_ask *ask)
{
	const char *demand = http_query(r, "demand");
	const char *skills = http_query(r, "skills");
	uint32_t persona, slot = 0;

	if (!persona_asked(n, r, &persona))
		return false;
	if (demand != NULL && demand[0] != '\0') {
		if (!find_post(n, r, persona, KIND_DEMAND, demand, &slot))
			return false;
		ask->rid = owner_post(n, persona, KIND_DEMAND, slot)->rid;
		return true;
	}
	if (skills == NULL || skills[0] == '\0' ||
	    strlen(skills) >= sizeof(ask->skills)) {
		http_fail(r, 422, "E3422", "demand", "ohcn help team form",
		    skills == NULL || skills[0] == '\0'
			? "a demand or a list of skills is needed"
			: "the list of skills is too long");
		return false;
	}
	(void)snprintf(ask->skills, sizeof(ask->skills), "%s", skills);
	return true;
}

void
api_team(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct team_ask *ask = calloc(1, sizeof(*ask));

	if (ask == NULL) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	ask->language = language_of(n, r);
	if (!what_read(n, r, ask) || !language_read(r, ask) ||
	    !http_query_range(
		r, "size", 1, TEAM_SIZE, TEAM_SIZE_MAX, &ask->size) ||
	    !http_query_range(
		r, "redundancy", 1, 1, TEAM_TIMES_MAX, &ask->times) ||
	    !http_query_uint(
		r, "diversity", TEAM_DIVERSITY, 1000, &ask->diversity) ||
	    !http_query_range(r, "hours", 1, 0, 168, &ask->hours)) {
		free(ask);
		return;
	}
	task_start_with(n, r, team_run, NULL, ask);
}
