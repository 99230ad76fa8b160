/*
 * GET /learn/next: what to learn next without a target, each with who asks
 * for it, who wants it, what leads there and the course that is shortest.
 * Computed here, from the records and the vocabulary that this node holds and
 * the private draft; nobody learns who asked.
 */
#include <stdlib.h>

#include "match/next.h"
#include "node/api/feed.h"

#define K_ORGANISATIONS   3
#define LEADS             3
#define PEOPLE_MAX        200000 /* cards that are looked at */
#define BROADER_STEPS_MAX 2

/* A list of places for match/next.h. */
struct places {
	uint32_t at[NEXT_TERMS_MAX];
	size_t n;
};

static void
put_place(struct places *p, uint32_t at)
{
	if (at != TERM_NOWHERE && p->n < NEXT_TERMS_MAX)
		p->at[p->n++] = at;
}

static void
put_graded(struct places *p, const struct graded_term *terms, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_place(p, terms[i].at);
}

static struct next_list
list_of(const struct places *p)
{
	return (struct next_list){ p->at, p->n };
}

/* ---- the person ---- */

struct asking {
	struct task *t;
	struct card card;
	struct wishes wishes;
	struct places held;
	struct next *next;
	struct next_suggestion best[NEXT_BEST_MAX];
	size_t best_n;
	uint64_t people, demands;
	struct lessons lessons;
};

static bool
read_asking(struct asking *a)
{
	struct task *t = a->t;
	struct user_payload *bytes = malloc(sizeof(*bytes));
	struct payload_fault f = { 0 };
	struct reader rd;
	struct card bare;
	struct value payload;
	err e = bytes == NULL ? ERR_NOMEM : reader_init(&rd);

	if (e != OK) {
		free(bytes);
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
		return false;
	}
	e = user_payload_read(KIND_PROFILE, json_object_get(t->input, "draft"),
	    json_string_value(json_object_get(t->input, "region")), bytes, &f);
	if (e == OK)
		e = wishes_read(
		    json_object_get(t->input, "wishes"), &a->wishes, &f);
	if (e == OK)
		e = value_parse(slice_of(bytes->bytes, bytes->n),
		    &rd.value_scratch, &payload);
	if (e == OK)
		e = card_decode(&payload, bytes->region, &bare);
	if (e == OK) {
		card_with_wishes(&bare, &a->wishes, &a->card);
		card_resolve(&a->card, t->terms->vocabulary);
		wishes_resolve(&a->wishes, t->terms->vocabulary);
	} else {
		task_fail(t, 422, "E3101", "ohcn profile edit",
		    "the draft cannot be used: %s %s", f.path, f.why);
	}
	reader_fini(&rd);
	free(bytes);
	return e == OK;
}

/* Who can a thing can do what it is a case of. */
static void
never_broader(struct asking *a, uint32_t at, unsigned steps)
{
	const struct term_list up =
	    vocabulary_broader(a->t->terms->vocabulary, at);

	for (uint32_t i = 0; i < up.n; i++) {
		next_never(a->next, up.at[i]);
		if (steps > 1)
			never_broader(a, up.at[i], steps - 1);
	}
}

static bool
begin(struct asking *a)
{
	const struct vocabulary *v = a->t->terms->vocabulary;
	const struct next_options o = { .terms = vocabulary_size(v) };

	put_graded(&a->held, a->card.skills, a->card.skills_n);
	if (next_new(&o, a->held.at, a->held.n, &a->next) != OK) {
		task_fail(a->t, 503, "E1901", "try again in a moment",
		    "out of memory");
		return false;
	}
	for (uint32_t at = 0; at < o.terms; at++) {
		const enum term_type type = vocabulary_type(v, at);
		if (type != TERM_SKILL && type != TERM_KNOWLEDGE)
			next_never(a->next, at);
	}
	for (size_t i = 0; i < a->held.n; i++)
		never_broader(a, a->held.at[i], BROADER_STEPS_MAX);
	for (unsigned i = 0; i < a->wishes.unwanted_n; i++)
		next_never(a->next, vocabulary_find(v, a->wishes.unwanted[i]));
	for (unsigned i = 0; i < a->card.aspirations_n; i++)
		next_wish(a->next, a->card.aspirations[i].at);
	return true;
}

/* ---- what is around ---- */

static bool
each_card(struct asking *a, bool weigh)
{
	struct feed *f = feed_open(a->t, KIND_PROFILE, true);
	struct card_source source;
	struct card_item item;

	if (f == NULL)
		return false;
	source = feed_cards(f);
	for (uint64_t n = 0; n < PEOPLE_MAX && source.next(source.ctx, &item);
	     n++) {
		struct places has = { .n = 0 }, wants = { .n = 0 };
		put_graded(&has, item.card->skills, item.card->skills_n);
		put_graded(
		    &wants, item.card->aspirations, item.card->aspirations_n);
		(weigh ? next_weigh_card : next_count_card)(
		    a->next, list_of(&has), list_of(&wants));
		a->people += !weigh;
	}
	feed_close(f);
	return true;
}

static void
each_occupation(struct asking *a, bool weigh)
{
	const struct vocabulary *v = a->t->terms->vocabulary;

	for (uint32_t at = 0; at < vocabulary_size(v); at++) {
		struct places needs = { .n = 0 };
		if (vocabulary_type(v, at) != TERM_OCCUPATION)
			continue;
		for (int essential = 0; essential < 2; essential++) {
			const struct term_list l =
			    vocabulary_needs(v, at, essential == 1);
			for (uint32_t i = 0; i < l.n; i++)
				put_place(&needs, l.at[i]);
		}
		(weigh ? next_weigh_occupation : next_count_occupation)(
		    a->next, list_of(&needs));
	}
}

static bool
each_demand(struct asking *a)
{
	struct feed *f = feed_open(a->t, KIND_DEMAND, true);
	struct posting_source source;
	struct posting_item item;
	err e = OK;

	if (f == NULL)
		return false;
	source = feed_postings(f);
	while (e == OK && source.next(source.ctx, &item)) {
		struct places asks = { .n = 0 };
		const struct posting *p = item.posting;
		if (p->status > POSTING_OPEN)
			continue;
		for (unsigned i = 0; i < p->requirements_n; i++)
			put_place(&asks, p->requirements[i].at);
		put_graded(&asks, p->teaches, p->teaches_n);
		a->demands++;
		e = next_count_demand(
		    a->next, get_u64be(item.author), list_of(&asks));
	}
	feed_close(f);
	if (e == ERR_NOMEM)
		task_fail(a->t, 503, "E1901", "try again in a moment",
		    "out of memory");
	/* More pairs than are counted: what was counted is told. */
	return e != ERR_NOMEM;
}

/* ---- the answer ---- */

/* How much of ${at} the person has. */
static uint8_t
level_held(const struct card *c, uint32_t at)
{
	for (unsigned i = 0; i < c->skills_n; i++)
		if (c->skills[i].at == at)
			return MAX(c->skills[i].level, (uint8_t)1);
	return 0;
}

static bool
can_begin(const struct card *c, const struct lesson *l)
{
	for (unsigned i = 0; i < l->needs_n; i++)
		if (level_held(c, l->needs[i].at) < l->needs[i].level)
			return false;
	return true;
}

/* The shortest course from what the person can do; 0 hours: not told. */
static void
put_course(struct asking *a, uint32_t at, json_t *o)
{
	const struct lesson *best = NULL;
	const uint8_t *id = NULL;

	for (size_t k = 0; k < a->lessons.n; k++) {
		const struct lesson *l = &a->lessons.lessons[k];
		bool teaches = false;
		for (unsigned i = 0; i < l->teaches_n; i++)
			teaches = teaches || (l->teaches[i].at == at &&
						 l->teaches[i].from <= 1);
		if (!teaches || !can_begin(&a->card, l))
			continue;
		if (best != NULL &&
		    (l->hours == 0 ||
			(best->hours != 0 && l->hours >= best->hours)))
			continue;
		best = l;
		id = a->lessons.ids[k];
	}
	if (best == NULL) {
		(void)json_object_set_new(o, "course", json_null());
		return;
	}
	json_t *c = json_object();
	json_id(c, "record", id);
	json_uint(c, "hours", best->hours);
	json_uint(c, "weeks", best->weeks);
	if (best->currency[0] != 0) {
		json_uint(c, "cost", best->cost);
		(void)json_object_set_new(
		    c, "currency", json_string(best->currency));
	}
	(void)json_object_set_new(o, "course", c);
}

/* Held terms that occupations need together with ${at}, most often first. */
static json_t *
leads_json(const struct asking *a, const struct label_scope *s, uint32_t at)
{
	const struct vocabulary *v = a->t->terms->vocabulary;
	unsigned times[NEXT_TERMS_MAX] = { 0 };
	json_t *list = json_array();

	for (uint32_t o = 0; o < vocabulary_size(v); o++) {
		bool needs_it = false;
		if (vocabulary_type(v, o) != TERM_OCCUPATION)
			continue;
		for (int round = 0; round < 4; round++) {
			const struct term_list l =
			    vocabulary_needs(v, o, round % 2 == 1);
			for (uint32_t i = 0; i < l.n; i++) {
				needs_it = needs_it || l.at[i] == at;
				for (size_t h = 0;
				     round > 1 && needs_it && h < a->held.n;
				     h++)
					times[h] += l.at[i] == a->held.at[h];
			}
		}
	}
	for (int k = 0; k < LEADS; k++) {
		size_t best = 0;
		for (size_t h = 1; h < a->held.n; h++)
			if (times[h] > times[best])
				best = h;
		if (a->held.n == 0 || times[best] == 0)
			break;
		(void)json_array_append_new(
		    list, term_json(s, vocabulary_term(v, a->held.at[best])));
		times[best] = 0;
	}
	return list;
}

static void
put_count(json_t *o, const char *key, uint64_t count, uint64_t least)
{
	if (count >= least)
		json_uint(o, key, count);
	else
		(void)json_object_set_new(o, key, json_null());
}

static json_t *
suggestion_json(struct asking *a, const struct label_scope *s,
    const struct next_suggestion *b)
{
	const struct vocabulary *v = a->t->terms->vocabulary;
	json_t *o = term_json(s, vocabulary_term(v, b->at));
	json_t *parts = json_object();

	json_uint(o, "score", b->score * 10000 / NEXT_SCORE_MAX);
	json_uint(parts, "demand",
	    (uint64_t)b->demand * NEXT_DEMAND_WEIGHT * 10000 / NEXT_SCORE_MAX);
	json_uint(parts, "alike",
	    (uint64_t)b->alike * NEXT_ALIKE_WEIGHT * 10000 / NEXT_SCORE_MAX);
	json_uint(parts, "beside",
	    (uint64_t)b->beside * NEXT_BESIDE_WEIGHT * 10000 / NEXT_SCORE_MAX);
	(void)json_object_set_new(o, "parts", parts);
	json_truth(o, "own_aspiration", b->wish);
	put_count(o, "asked_by", b->asked_by, K_ORGANISATIONS);
	put_count(o, "wanted_by", b->wanted_by, NEXT_K);
	json_uint(o, "occupations", b->occupations);
	(void)json_object_set_new(o, "leads", leads_json(a, s, b->at));
	put_course(a, b->at, o);
	return o;
}

static void
next_run(struct task *t)
{
	struct asking *a = calloc(1, sizeof(*a));
	const struct label_scope s = { t->terms->vocabulary,
		(uint32_t)json_integer_value(
		    json_object_get(t->input, "language")),
		{ NULL, NULL } };

	if (a == NULL) {
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
		return;
	}
	a->t = t;
	if (read_asking(a) && begin(a) && each_card(a, false) &&
	    each_demand(a) && lessons_load(t, &a->lessons)) {
		each_occupation(a, false);
		next_turn(a->next);
		each_occupation(a, true);
		if (each_card(a, true)) {
			json_t *list = json_array();
			const size_t limit = (size_t)json_integer_value(
			    json_object_get(t->input, "limit"));
			a->best_n = next_best(a->next, a->best,
			    MIN(limit, (size_t)NEXT_BEST_MAX));
			for (size_t i = 0; i < a->best_n; i++)
				(void)json_array_append_new(
				    list, suggestion_json(a, &s, &a->best[i]));
			t->result = json_object();
			(void)json_object_set_new(
			    t->result, "suggestions", list);
			json_uint(t->result, "skills", a->held.n);
			json_uint(t->result, "people", a->people);
			json_uint(t->result, "demands", a->demands);
			json_uint(t->result, "score_max", 10000);
		}
	}
	lessons_free(&a->lessons);
	next_free(a->next);
	free(a);
}

void
api_learn_next(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint64_t limit = 0;
	uint32_t persona;
	json_t *draft, *wishes;

	if (!persona_asked(n, r, &persona) ||
	    !http_query_range(r, "limit", 1, 10, NEXT_BEST_MAX, &limit))
		return;
	draft = persona_value(n, persona, DRAFT_PROFILE, NULL);
	if (draft == NULL) {
		http_fail(r, 404, "E3104", NULL,
		    "ohcn assess take self, ohcn profile edit, or ohcn "
		    "profile import",
		    "there is no draft yet");
		return;
	}
	json_t *input = json_object();
	(void)json_object_set_new(
	    input, "region", json_string(region_of(n, draft)));
	(void)json_object_set_new(input, "draft", draft);
	wishes = persona_value(n, persona, DRAFT_WISHES, NULL);
	if (wishes != NULL)
		(void)json_object_set_new(input, "wishes", wishes);
	json_uint(input, "limit", limit);
	json_uint(input, "language", language_of(n, r));
	task_start(n, r, next_run, input);
}
