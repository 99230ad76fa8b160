/*
 * Learning paths over the API: from the private draft to a demand, an
 * occupation, a skill or a pathway, by the courses and the demands that teach
 * which this node holds. On a worker; without any offer the vocabulary alone
 * says what to study in which order.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/choose.h"
#include "node/api/desk.h"
#include "node/api/path_json.h"
#include "node/base/since.h"

#define COURSES_MAX 3072  /* the newest; the rest of the offers are demands */
#define DEMANDS_MAX 20000 /* looked at for what they teach, and counted */
#define TEXT_MAX    300

enum target_kind {
	TARGET_OCCUPATION,
	TARGET_DEMAND,
	TARGET_SKILL,
	TARGET_PATHWAY
};
static const char *const target_names[] = { "occupation", "demand", "skill",
	"pathway" };

/* ${more} of the task; begins as desk.h wants it. */
struct path_ask {
	struct match_ask match;
	enum target_kind kind;
	char text[TEXT_MAX];
	uint8_t level;
	struct path_means means;
};

struct path_desk {
	struct desk *d;
	struct task *t;
	const struct path_ask *ask;
	struct path_target target;
	struct path_result result;
	struct path_offer *offers;
	size_t offers_n, offers_cap;
	struct card after;
	struct path_value value;
	char name[TEXT_MAX];
	char id[RECORD_ID_TEXT]; /* of a demand or pathway */
	json_t *guess;           /* when the text was not a label */
};

/* ---- the target ---- */

/* What is meant by the text; what is guessed is told. */
static uint32_t
find_term(struct path_desk *p, uint32_t types, uint32_t *other)
{
	struct term_choice c;

	(void)term_choose(p->t->terms, p->ask->text, strlen(p->ask->text),
	    types, p->ask->match.language, &c);
	p->guess = c.guessed_of;
	*other = c.other;
	return c.at;
}

static void
name_of_term(struct path_desk *p, uint32_t at)
{
	const struct slice label = vocabulary_label(
	    p->t->terms->vocabulary, at, p->ask->match.language, NULL);

	(void)snprintf(p->name, sizeof(p->name), "%.*s",
	    (int)MIN(label.n, sizeof(p->name) - 1), (const char *)label.p);
}

static bool
no_term(struct path_desk *p, const char *what, uint32_t other)
{
	const struct vocabulary *v = p->t->terms->vocabulary;
	char hint[200];

	if (other != TERM_NOWHERE &&
	    vocabulary_type(v, other) == TERM_OCCUPATION) {
		(void)snprintf(hint, sizeof(hint),
		    "ohcn path --occupation \"%.80s\"", p->ask->text);
		task_fail(p->t, 404, "E3431", hint,
		    "\"%.80s\" is an occupation, no %s", p->ask->text, what);
	} else {
		(void)snprintf(hint, sizeof(hint),
		    "ohcn vocabulary search%s \"%.80s\"",
		    strcmp(what, "occupation") == 0 ? " --meaning" : "",
		    p->ask->text);
		task_fail(p->t, 404, "E3431", hint, "no %s is called \"%.80s\"",
		    what, p->ask->text);
	}
	return false;
}

static bool
target_occupation(struct path_desk *p)
{
	uint32_t other;
	const uint32_t at = find_term(p, 1U << TERM_OCCUPATION, &other);

	if (at == TERM_NOWHERE)
		return no_term(p, "occupation", other);
	name_of_term(p, at);
	if (path_target_occupation(
		&p->t->meaning, at, p->ask->level, &p->target) == OK)
		return true;
	task_fail(p->t, 422, "E3432", "ohcn vocabulary import DIR",
	    "the vocabulary does not say what \"%.80s\" needs", p->name);
	return false;
}

static bool
target_skill(struct path_desk *p)
{
	uint32_t other;
	const uint32_t at =
	    find_term(p, 1U << TERM_SKILL | 1U << TERM_KNOWLEDGE, &other);

	/* "nurse" is the occupation rather than a nurse tree */
	if (at == TERM_NOWHERE || other != TERM_NOWHERE)
		return no_term(p, "skill", other);
	name_of_term(p, at);
	path_target_skill(p->t->terms->vocabulary,
	    vocabulary_term(p->t->terms->vocabulary, at), p->ask->level,
	    &p->target);
	return true;
}

static void
name_of_record(struct path_desk *p, const struct value *payload, uint64_t key,
    const uint8_t id[RECORD_ID])
{
	struct slice title = slice_str("");

	(void)text_pick(
	    value_find(payload, key), p->ask->match.language, &title);
	(void)snprintf(p->name, sizeof(p->name), "%.*s",
	    (int)MIN(title.n, sizeof(p->name) - 1), (const char *)title.p);
	record_id_put(p->id, id);
}

static bool
target_demand(struct path_desk *p)
{
	struct desk *d = p->d;

	if (!desk_find(d, p->ask->text))
		return false;
	if (d->r.kind != KIND_DEMAND) {
		task_fail(p->t, 422, "E3433", "ohcn record list --kind demand",
		    "\"%.80s\" is no demand", p->ask->text);
		return false;
	}
	name_of_record(p, &d->rd.payload, 2, d->r.id);
	path_target_posting(p->t->terms->vocabulary, &d->posting, &p->target);
	return true;
}

static bool
target_pathway(struct path_desk *p)
{
	struct desk *d = p->d;
	struct store_record r;

	if (!find_record(p->t, p->ask->text, KIND_PATHWAY, &r))
		return false;
	if (r.deleted || !reader_open(&d->rd, &r) ||
	    path_target_pathway(
		p->t->terms->vocabulary, &d->rd.payload, &p->target) != OK) {
		task_fail(p->t, 422, "E3402", NULL,
		    "this record is withdrawn or cannot be interpreted");
		return false;
	}
	scope_add(&d->scope, KIND_PATHWAY, &d->rd.payload);
	name_of_record(p, &d->rd.payload, 0, r.id);
	return true;
}

static bool
open_target(struct path_desk *p)
{
	bool good = false;
	char hint[128];

	p->d->scope = (struct label_scope){ p->t->terms->vocabulary,
		p->ask->match.language, { NULL, NULL } };
	switch (p->ask->kind) {
	case TARGET_OCCUPATION:
		good = target_occupation(p);
		break;
	case TARGET_DEMAND:
		good = target_demand(p);
		break;
	case TARGET_SKILL:
		good = target_skill(p);
		break;
	case TARGET_PATHWAY:
		good = target_pathway(p);
		break;
	}
	if (good && p->target.n == 0 && p->target.other_n > 0) {
		name_of_term(p, p->target.other[0]);
		(void)snprintf(hint, sizeof(hint),
		    "ohcn path --occupation \"%.80s\"", p->name);
		task_fail(p->t, 422, "E3432", hint,
		    "it asks for no skill, but for \"%.80s\"", p->name);
		return false;
	}
	if (good && p->target.n == 0) {
		task_fail(p->t, 422, "E3432", NULL, "\"%.80s\" names no skill",
		    p->name);
		return false;
	}
	return good;
}

/* ---- offers ---- */

static bool
add_offer(struct path_desk *p, const struct path_offer *o)
{
	if (p->offers_n == p->offers_cap) {
		const size_t cap = p->offers_cap == 0 ? 64 : 2 * p->offers_cap;
		void *more = realloc(p->offers, cap * sizeof(*p->offers));
		if (more == NULL) {
			find_fail(p->t, ERR_NOMEM);
			return false;
		}
		p->offers = more;
		p->offers_cap = cap;
	}
	p->offers[p->offers_n++] = *o;
	return true;
}

/* The newest of a kind, one after the other: what they offer. */
static bool
load_offers(struct path_desk *p, uint32_t kind, size_t most, size_t looked_at)
{
	struct feed *f = feed_open(p->t, kind, kind == KIND_DEMAND);
	struct posting_item item;
	struct path_offer o;
	size_t taken = 0;
	bool good = true;

	if (f == NULL)
		return false;
	const struct posting_source source = feed_postings(f);
	f->at = f->n - MIN(f->n, looked_at);
	while (good && taken < most && source.next(source.ctx, &item)) {
		const err e = kind == KIND_COURSE
				  ? path_offer_of_course(f->s.id, f->s.region,
					&f->rd.payload, f->vocabulary, &o)
				  : path_offer_of_posting(f->s.id,
					&f->rd.payload, item.posting, &o);
		if (e != OK)
			continue;
		taken++;
		good = add_offer(p, &o);
	}
	feed_close(f);
	return good;
}

/* What a step is called, and by whom it is. */
static void
put_offer(void *ctx, uint32_t offer, json_t *o)
{
	struct path_desk *p = ctx;
	struct store_record r;
	struct slice title;

	json_id(o, "id", p->offers[offer].id);
	if (store_get(p->t->view, p->offers[offer].id, &r) != OK ||
	    !reader_open(&p->d->rd2, &r))
		return;
	if (text_pick(value_find(&p->d->rd2.payload, 2), p->ask->match.language,
		&title))
		json_text(o, "title", title);
	json_did(o, "author", r.author);
	json_t *provider = organisation_name(p->t->view, r.author,
	    &(struct value){ .type = VALUE_MAP }, &p->d->rd2,
	    p->ask->match.language);
	(void)json_object_set_new(
	    o, "provider", provider == NULL ? json_null() : provider);
}

/* ---- demands that the way opens ---- */

static bool
count_value(struct path_desk *p)
{
	struct path_counter *counter;
	struct posting_item item;
	struct feed *f;

	path_card_after(&p->d->person.card, &p->target, p->offers,
	    &p->result.points[0], &p->after);
	const err e = path_counter_new(
	    &p->t->meaning, &p->d->person.card, &p->after, &counter);
	if (e != OK) {
		find_fail(p->t, e);
		return false;
	}
	f = feed_open(p->t, KIND_DEMAND, true);
	if (f != NULL) {
		const struct posting_source source = feed_postings(f);
		f->at = f->n - MIN(f->n, (size_t)DEMANDS_MAX);
		while (source.next(source.ctx, &item))
			path_counter_add(counter, item.posting);
		p->value = path_counter_value(counter);
	}
	feed_close(f);
	path_counter_free(counter);
	return f != NULL;
}

/* ---- the task ---- */

static json_t *
target_json(const struct path_desk *p)
{
	json_t *o = json_object();

	(void)json_object_set_new(
	    o, "kind", json_string(target_names[p->ask->kind]));
	(void)json_object_set_new(o, "name", json_string(p->name));
	(void)json_object_set_new(
	    o, "id", p->id[0] == 0 ? json_null() : json_string(p->id));
	(void)json_object_set_new(o, "guessed_of",
	    p->guess == NULL ? json_null() : json_incref(p->guess));
	return o;
}

static bool
answer(struct path_desk *p)
{
	struct path_means means = p->ask->means;
	const struct wishes *w = &p->d->person.wishes;

	means.unwanted = w->unwanted;
	means.unwanted_n = w->unwanted_n;
	if (!load_offers(p, KIND_COURSE, COURSES_MAX, COURSES_MAX) ||
	    !load_offers(
		p, KIND_DEMAND, PATH_OFFERS_MAX - COURSES_MAX, DEMANDS_MAX))
		return false;
	const err e = path_find(&p->t->meaning, &p->d->person.card, &p->target,
	    p->offers, p->offers_n, &means, &p->result);
	if (e != OK) {
		find_fail(p->t, e);
		return false;
	}
	const bool way = p->result.points_n > 0;
	if (way && !count_value(p))
		return false;
	const struct path_view v = { .scope = &p->d->scope,
		.target = &p->target,
		.offers = p->offers,
		.means = &means,
		.result = &p->result,
		.value = way ? &p->value : NULL,
		.name = p->name,
		.demand = p->ask->kind == TARGET_DEMAND ? p->id : NULL,
		.hours_assumed = means.hours_week == 0,
		.now_s = p->t->now_s,
		.who = put_offer,
		.ctx = p };
	p->t->result = path_json(&v);
	(void)json_object_set_new(p->t->result, "target", target_json(p));
	json_truth(p->t->result, "profile",
	    json_object_size(json_object_get(p->t->input, "draft")) > 0);
	hashes_json(p->t, p->t->result);
	return true;
}

static void
path_run(struct task *t)
{
	struct path_desk *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		find_fail(t, ERR_NOMEM);
		return;
	}
	p->t = t;
	p->ask = t->more;
	p->d = desk_open(t);
	if (p->d != NULL && open_target(p))
		(void)answer(p);
	desk_close(p->d);
	json_decref(p->guess);
	free(p->offers);
	free(p);
}

/* ---- the request ---- */

static bool
bad(struct http_request *r, const char *field, const char *hint)
{
	http_fail(r, 422, "E3434", field, hint, "%s: \"%.60s\" is not one",
	    field, http_query(r, field));
	return false;
}

/* "python:3": the level behind the last colon. */
static bool
cut_level(struct http_request *r, struct path_ask *ask)
{
	size_t n = strlen(ask->text);

	if (!level_cut(ask->text, &n, &ask->level)) {
		http_fail(r, 422, "E3434", target_names[ask->kind],
		    "1 beginner to 5 expert, as in NAME:3",
		    "the level behind \"%.*s\" cannot be %.20s",
		    (int)(strrchr(ask->text, ':') - ask->text), ask->text,
		    strrchr(ask->text, ':') + 1);
		return false;
	}
	ask->text[n] = '\0';
	return true;
}

static bool
read_target(struct http_request *r, struct path_ask *ask)
{
	const char *found = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_LEN(target_names); i++) {
		const char *q = http_query(r, target_names[i]);
		if (q == NULL || q[0] == '\0')
			continue;
		ask->kind = (enum target_kind)i;
		found = q;
		n++;
	}
	if (n != 1 || strlen(found) >= sizeof(ask->text)) {
		http_fail(r, 422, "E3430", "occupation",
		    "one of occupation, demand, skill, pathway", "%s",
		    n == 0 ? "a path to what?" : "a path to one thing");
		return false;
	}
	(void)snprintf(ask->text, sizeof(ask->text), "%s", found);
	if (ask->kind == TARGET_SKILL || ask->kind == TARGET_OCCUPATION)
		return cut_level(r, ask);
	return true;
}

static bool
read_money(struct http_request *r, struct path_means *m)
{
	const char *budget = http_query(r, "budget");
	const char *currency = http_query(r, "currency");
	struct pay pay;
	char text[64];

	if (currency == NULL)
		currency = "";
	(void)snprintf(text, sizeof(text), "%.40s%.4s/total",
	    budget == NULL ? "0" : budget, currency);
	if (budget == NULL && currency[0] == '\0')
		return true;
	if (filter_pay_get(text, &pay) != OK)
		return budget == NULL
			   ? bad(r, "currency", "three letters, such as EUR")
			   : bad(r, "budget",
				 "an amount and a currency: 300 and EUR");
	memcpy(m->currency, pay.currency, sizeof(m->currency));
	m->has_budget = budget != NULL;
	m->budget = pay.min;
	return true;
}

static bool
read_formats(struct http_request *r, struct path_means *m)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} all[] = { { "online", PATH_ONLINE }, { "on-site", PATH_ON_SITE },
		{ "phone", PATH_PHONE }, { "print", PATH_PRINT },
		{ "audio", PATH_AUDIO }, { "video", PATH_VIDEO },
		{ "offline", PATH_OFFLINE } };
	const char *at = http_query(r, "format");

	while (at != NULL && *at != '\0') {
		const size_t n = strcspn(at, ",");
		uint32_t bit = 0;
		for (size_t i = 0; i < ARRAY_LEN(all); i++)
			if (strlen(all[i].name) == n &&
			    memcmp(all[i].name, at, n) == 0)
				bit = all[i].bit;
		if (bit == 0)
			return bad(r, "format",
			    "online,on-site,phone,print,audio,video,offline");
		m->formats |= bit;
		at += n + (at[n] == ',');
	}
	return true;
}

/* "2026-12-21..2027-01-03": both days are lost. */
static bool
read_busy_one(const char *text, size_t n, uint64_t now_s, struct path_means *m)
{
	char from[24], to[24];
	const char *dots = strstr(text, "..");
	uint64_t a, b;

	if (dots == NULL || (size_t)(dots - text) >= n ||
	    (size_t)(dots - text) >= sizeof(from) ||
	    n - (size_t)(dots - text) - 2 >= sizeof(to) ||
	    m->busy_n == PATH_BUSY_MAX)
		return false;
	(void)snprintf(from, sizeof(from), "%.*s", (int)(dots - text), text);
	(void)snprintf(to, sizeof(to), "%.*s",
	    (int)(n - (size_t)(dots - text) - 2), dots + 2);
	if (since_read(from, now_s, &a) != OK ||
	    since_read(to, now_s, &b) != OK || b < a)
		return false;
	m->busy[m->busy_n].from_h = a;
	m->busy[m->busy_n++].to_h = strchr(to, 'T') == NULL ? b + 24 : b;
	return true;
}

static bool
read_time(struct http_request *r, uint64_t now_s, struct path_means *m)
{
	const char *until = http_query(r, "until"), *at = http_query(r, "busy");
	uint64_t hours = 0;

	m->now_h = now_s / 3600;
	if (!http_query_range(r, "hours", 1, 0, 168, &hours))
		return false;
	m->hours_week = (uint32_t)hours;
	if (until != NULL && until[0] != '\0' &&
	    (since_read(until, now_s, &m->until_h) != OK ||
		m->until_h <= m->now_h))
		return bad(r, "until", "a day to come, such as 2027-06-30");
	while (at != NULL && *at != '\0') {
		const size_t n = strcspn(at, ",");
		if (!read_busy_one(at, n, now_s, m))
			return bad(r, "busy", "2026-12-21..2027-01-03");
		at += n + (at[n] == ',');
	}
	return true;
}

static bool
read_language(struct http_request *r, struct path_means *m)
{
	const char *text = http_query(r, "language");

	if (text == NULL || text[0] == '\0')
		return true;
	m->language = language_code(slice_str(text));
	return m->language != 0 ||
	       bad(r, "language", "two letters, such as de");
}

/* Draft and wishes; without a profile everything is missing. */
static json_t *
profile_input(struct node *n, uint32_t persona)
{
	json_t *draft = persona_value(n, persona, DRAFT_PROFILE, NULL);
	json_t *wishes = persona_value(n, persona, DRAFT_WISHES, NULL);
	json_t *input = json_object();

	if (draft == NULL)
		draft = json_object();
	(void)json_object_set_new(
	    input, "region", json_string(region_of(n, draft)));
	(void)json_object_set_new(input, "draft", draft);
	if (wishes != NULL)
		(void)json_object_set_new(input, "wishes", wishes);
	return input;
}

void
api_path(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	struct path_ask *ask;

	if (!persona_asked(n, r, &persona))
		return;
	ask = calloc(1, sizeof(*ask));
	if (ask == NULL) {
		http_fail(r, 503, "E1901", NULL, "try again in a moment",
		    "out of memory");
		return;
	}
	ask->match.for_person = true;
	ask->match.language = language_of(n, r);
	if (!read_target(r, ask) || !read_money(r, &ask->means) ||
	    !read_formats(r, &ask->means) ||
	    !read_time(r, node_now(n), &ask->means) ||
	    !read_language(r, &ask->means)) {
		free(ask);
		return;
	}
	task_start_with(n, r, path_run, profile_input(n, persona), ask);
}
