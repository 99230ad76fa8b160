/*
 * Cells of people around a purpose: GET /communities/suggest. A proposal made
 * here from the cards and demands that this node holds; nobody is enrolled.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/community.h"
#include "node/api/advice.h"
#include "node/api/choose.h"
#include "node/api/feed.h"

#define COMMUNITY_CELL   8      /* people, if nothing is said */
#define COMMUNITY_LOOKED 200000 /* cards and demands, each, at most */

/* One request; ${more} of its task. */
struct community_ask {
	char purpose[TERM_LABEL_MAX + 1];
	uint64_t size;
	uint32_t language;
};

struct suggesting {
	struct task *t;
	const struct community_ask *ask;
	struct label_scope scope;
	struct community_purpose purpose;
	json_t *guess; /* when the purpose is called otherwise */
	struct community *c;
	const struct team_need *needs;
	size_t needs_n;
	uint64_t known;
};

/* A feed of at most so many, evenly chosen. */
static struct feed *
some(struct task *t, uint32_t kind)
{
	struct feed *f = feed_open(t, kind, true);

	if (f != NULL)
		f->step = f->n / COMMUNITY_LOOKED + 1;
	return f;
}

static bool
read_needs(struct suggesting *s, struct feed *cards)
{
	struct feed *demands = some(s->t, KIND_DEMAND);
	struct posting_item posting;
	struct card_item card;

	if (demands == NULL)
		return false;
	const struct posting_source postings = feed_postings(demands);
	while (postings.next(postings.ctx, &posting))
		community_posting(s->c, posting.posting);
	feed_close(demands);
	const struct card_source source = feed_cards(cards);
	while (source.next(source.ctx, &card))
		community_ask(s->c, card.card);
	const err e = community_needs(s->c, &s->needs, &s->needs_n);
	if (e != OK)
		advice_fail(s->t, e);
	return e == OK;
}

static bool
read_people(struct suggesting *s, struct feed *cards)
{
	const struct card_source source = feed_cards(cards);
	struct card_item item;
	err e = OK;

	while (e == OK && source.next(source.ctx, &item))
		e = community_add(s->c, item.id, item.card);
	if (e != OK)
		advice_fail(s->t, e);
	return e == OK;
}

static json_t *
cell_json(struct suggesting *s, const struct team_view *view,
    const struct community_result *r, const struct community_cell *cell)
{
	const struct team_task task = { .needs = s->needs,
		.needs_n = s->needs_n,
		.size_max = COMMUNITY_CELL_MAX };
	json_t *o = json_object(), *missing = json_array();

	(void)json_object_set_new(o, "members",
	    advice_members(
		s->t, &s->scope, &task, view, r->people, &cell->team));
	(void)json_object_set_new(
	    o, "needs", advice_needs(&s->scope, &task, r->people, &cell->team));
	for (size_t i = 0; i < s->needs_n; i++)
		if (cell->team.cover[i].missing)
			(void)json_array_append_new(
			    missing, term_json(&s->scope, s->needs[i].term));
	(void)json_object_set_new(o, "missing", missing);
	json_uint(o, "covered", cell->team.covered);
	(void)json_object_set_new(
	    o, "language", advice_language(cell->team.language));
	(void)json_object_set_new(o, "fields",
	    advice_fields(&s->scope, view, cell->team.backgrounds));
	json_uint(o, "part", cell->part);
	return o;
}

static json_t *
result_json_of(struct suggesting *s, const struct team_view *view,
    const struct community_result *r)
{
	json_t *o = json_object(), *cells = json_array();
	json_t *needs = json_array();

	for (size_t i = 0; i < r->cells_n; i++)
		(void)json_array_append_new(
		    cells, cell_json(s, view, r, &r->cells[i]));
	for (size_t i = 0; i < s->needs_n; i++) {
		json_t *one = term_json(&s->scope, s->needs[i].term);
		json_uint(one, "level", s->needs[i].level);
		json_uint(one, "weight", s->needs[i].weight);
		(void)json_array_append_new(needs, one);
	}
	(void)json_object_set_new(
	    o, "purpose", term_json(&s->scope, s->purpose.term));
	(void)json_object_set_new(o, "guessed_of",
	    s->guess == NULL ? json_null() : json_incref(s->guess));
	(void)json_object_set_new(o, "needs", needs);
	(void)json_object_set_new(o, "cells", cells);
	json_uint(o, "interested", r->interested);
	json_uint(o, "parts", r->parts);
	json_uint(o, "waiting", r->waiting);
	json_uint(o, "unconnected", r->unconnected);
	json_uint(o, "looked_at", r->seen);
	json_uint(o, "known", s->known);
	(void)json_object_set_new(o, "note",
	    json_string("a proposal from what this node holds; nobody is "
			"enrolled, asked or told"));
	hashes_json(s->t, o);
	advice_view(s->t, o);
	return o;
}

static void
suggest(struct suggesting *s)
{
	struct feed *cards = some(s->t, KIND_PROFILE);
	struct community_result r;
	struct team_view *view = NULL;
	err e;

	if (cards == NULL)
		return;
	s->known = cards->n;
	const bool good = read_needs(s, cards) && read_people(s, cards);
	feed_close(cards);
	if (!good)
		return;
	e = community_cells(s->c, s->ask->size, &r);
	if (e == OK)
		e = team_view_new(&s->t->meaning, s->needs, s->needs_n, &view);
	if (e == OK)
		s->t->result = result_json_of(s, view, &r);
	else
		advice_fail(s->t, e);
	team_view_free(view);
}

/* A purpose before a skill of the same name, and both before a guess. */
static bool
choose_purpose(struct suggesting *s, const char *text, uint32_t mask)
{
	struct term_choice purpose, any;
	const size_t n = strlen(text);

	(void)term_choose(s->t->terms, text, n, 1U << TERM_PURPOSE,
	    s->ask->language, &purpose);
	(void)term_choose(s->t->terms, text, n, mask, s->ask->language, &any);
	const bool other =
	    purpose.at == TERM_NOWHERE ||
	    (purpose.guessed_of != NULL && any.guessed_of == NULL);
	s->purpose.at = other ? any.at : purpose.at;
	s->guess = json_incref(other ? any.guessed_of : purpose.guessed_of);
	json_decref(purpose.guessed_of);
	json_decref(any.guessed_of);
	return s->purpose.at != TERM_NOWHERE;
}

static void
community_run(struct task *t)
{
	const uint32_t mask = 1U << TERM_PURPOSE | 1U << TERM_INTEREST |
			      1U << TERM_SKILL | 1U << TERM_KNOWLEDGE;
	struct suggesting s = { .t = t, .ask = t->more };
	const char *text = s.ask->purpose;

	s.scope = (struct label_scope){ t->terms->vocabulary, s.ask->language,
		{ NULL, NULL } };
	if (!choose_purpose(&s, text, mask)) {
		task_fail(t, 422, "E3424", "ohcn vocabulary search WORD",
		    "no purpose is called \"%.80s\"", text);
		return;
	}
	s.purpose.term = vocabulary_term(t->terms->vocabulary, s.purpose.at);
	const err e = community_new(&t->meaning, &s.purpose, &s.c);
	if (e != OK)
		advice_fail(t, e);
	else
		suggest(&s);
	community_free(s.c);
	json_decref(s.guess);
}

void
api_community_suggest(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *purpose = http_query(r, "purpose");
	struct community_ask *ask;

	if (purpose == NULL || purpose[0] == '\0' ||
	    strlen(purpose) > TERM_LABEL_MAX) {
		http_fail(r, 422, "E3425", "purpose",
		    "ohcn community suggest --purpose \"climate protection\"",
		    "the purpose is missing");
		return;
	}
	ask = calloc(1, sizeof(*ask));
	if (ask == NULL) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	ask->language = language_of(n, r);
	(void)snprintf(ask->purpose, sizeof(ask->purpose), "%s", purpose);
	if (!http_query_range(r, "size", COMMUNITY_CELL_MIN, COMMUNITY_CELL,
		COMMUNITY_CELL_MAX, &ask->size)) {
		free(ask);
		return;
	}
	task_start_with(n, r, community_run, NULL, ask);
}
