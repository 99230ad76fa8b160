#include "node/api/lint.h"

#include <stdio.h>
#include <stdlib.h>

#include "match/klint.h"
#include "node/api/feed.h"
#include "node/api/find.h"

static const char *const list_names[KLINT_LISTS] = { "skills", "aspirations",
	"purposes", "languages" };

struct lint {
	struct task *t;
	struct label_scope labels;
	struct user_payload bytes;
	struct reader rd; /* of the payload */
	struct card card;
	struct klint_report report;
};

/* ---- counting ---- */

static bool
see_all(struct task *t, struct klint *k)
{
	struct matcher_hold hold;
	struct store_view *view;
	struct card_item item;

	if (matcher_hold(t->matcher, t->terms, MATCH_PEOPLE, &hold, &view)) {
		struct index_walk walk = { .s = hold.snapshot };
		store_view_close(view);
		while (index_next_card(&walk, &item))
			klint_see(k, item.card);
		matcher_release(t->matcher, &hold);
		return true;
	}
	struct feed *f = feed_open(t, KIND_PROFILE, true);
	if (f == NULL)
		return false;
	const struct card_source source = feed_cards(f);
	while (source.next(source.ctx, &item))
		klint_see(k, item.card);
	feed_close(f);
	return true;
}

/* The draft into ${l}->card, and what is to be said of it. */
static bool
measure(struct lint *l, const json_t *draft)
{
	struct payload_fault fault = { 0 };
	struct klint *k = NULL;
	const char *region =
	    json_string_value(json_object_get(l->t->input, "region"));
	err e =
	    user_payload_read(KIND_PROFILE, draft, region, &l->bytes, &fault);

	if (e == OK) {
		arena_reset(&l->rd.value_scratch);
		e = value_parse(slice_of(l->bytes.bytes, l->bytes.n),
		    &l->rd.value_scratch, &l->rd.payload);
	}
	if (e == OK)
		e = card_decode(&l->rd.payload, l->bytes.region, &l->card);
	if (e == OK) {
		card_resolve(&l->card, l->t->terms->vocabulary);
		e = klint_new(&l->t->meaning, &l->card, &k);
	}
	if (e != OK) {
		if (e == ERR_NOMEM)
			find_fail(l->t, e);
		else
			task_fail(l->t, 422, "E3101", "ohcn profile edit",
			    "the draft cannot be used: %s %s", fault.path,
			    fault.why);
		return false;
	}
	const bool seen = see_all(l->t, k);
	if (seen)
		klint_report(k, &l->report);
	klint_free(k);
	return seen;
}

/* ---- the draft as proposed ---- */

/* What to put in the place of an entry; NULL: nothing. */
static json_t *
entry_after(const struct lint *l, const struct klint_item *item, json_t *entry)
{
	json_t *out = json_copy(entry);
	char text[2 * TERM_ID + 1];

	if (item->act == KLINT_REPLACE) {
		term_text(text,
		    vocabulary_term(l->t->terms->vocabulary, item->becomes));
		if (item->list == KLINT_PURPOSE) {
			json_decref(out);
			return json_string(text);
		}
		(void)json_object_set_new(out, "term", json_string(text));
	}
	if (item->level_after != item->level)
		(void)json_object_set_new(out,
		    item->list == KLINT_LANGUAGE ? "cefr" : "level",
		    json_integer(item->level_after));
	return out;
}

static bool
term_is_in(const json_t *list, const json_t *entry)
{
	const json_t *term =
	    json_is_object(entry) ? json_object_get(entry, "term") : entry;
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		if (json_is_object(one))
			one = json_object_get(one, "term");
		if (one != NULL && json_equal(one, term))
			return true;
	}
	return false;
}

/* Of what was measured last; NULL: no memory. */
static json_t *
draft_after(const struct lint *l)
{
	json_t *lists[KLINT_LISTS], *draft = NULL, *out;

	if (payload_to_json(schema_latest(KIND_PROFILE), &l->rd.payload, NULL,
		&draft) != OK)
		return NULL;
	for (int i = 0; i < KLINT_LISTS; i++)
		lists[i] = json_array();
	for (uint16_t i = 0; i < l->report.items_n; i++) {
		const struct klint_item *item = &l->report.items[i];
		json_t *entry = json_array_get(
		    json_object_get(draft, list_names[item->list]),
		    item->number);
		if (item->act == KLINT_DROP || entry == NULL)
			continue;
		entry = entry_after(l, item, entry);
		if (term_is_in(lists[item->list], entry))
			json_decref(entry);
		else
			(void)json_array_append_new(lists[item->list], entry);
	}
	for (int i = 0; i < KLINT_LISTS; i++) {
		if (json_array_size(lists[i]) > 0)
			(void)json_object_set(draft, list_names[i], lists[i]);
		else
			(void)json_object_del(draft, list_names[i]);
		json_decref(lists[i]);
	}
	/* the words of own terms that are left out must not stay */
	(void)json_object_del(draft, "terms");
	(void)json_object_set_new(draft, "region",
	    json_string(l->report.to_nowhere ? "zz" : l->card.region));
	out = own_terms_carry(l->t->terms->vocabulary, KIND_PROFILE, draft);
	json_decref(draft);
	return out;
}

/* ---- in words ---- */

static json_t *
item_json(const struct lint *l, const struct klint_item *item)
{
	char code[4] = "";
	json_t *o;

	if (item->list == KLINT_LANGUAGE) {
		(void)language_put(code, item->term);
		o = json_pack("{s:s,s:s}", "language", code, "label", code);
	} else {
		o = term_json(&l->labels, item->term);
	}
	(void)json_object_set_new(
	    o, "list", json_string(list_names[item->list]));
	return o;
}

/* The name of an item, for a sentence; a new string. */
static json_t *
item_name(const struct lint *l, const struct klint_item *item)
{
	char code[4] = "";
	struct slice label;

	if (item->list == KLINT_LANGUAGE) {
		(void)language_put(code, item->term);
		return json_sprintf("the language %s", code);
	}
	if (!scope_label(&l->labels, item->term, &label))
		return json_string("a term of your own");
	return json_sprintf("%s%.*s",
	    item->list == KLINT_ASPIRATION ? "the wish for " : "", (int)label.n,
	    (const char *)label.p);
}

static const char *
where_text(const struct lint *l, char out[24])
{
	if (strcmp(l->card.region, "zz") == 0)
		(void)snprintf(out, 24, "anywhere");
	else
		(void)snprintf(out, 24, "in region %s", l->card.region);
	return out;
}

/* "about 40 other people in region de show both welding and cooking" */
static json_t *
count_text(const struct lint *l)
{
	const struct klint_report *r = &l->report;
	const struct klint_number *now = &r->now;
	char where[24];
	json_t *a, *b, *out;

	(void)where_text(l, where);
	if (now->a == KLINT_NONE)
		return json_sprintf(
		    "%" PRIu64 " other people %s have a card", now->k, where);
	a = item_name(l, &r->items[now->a]);
	b = item_name(l, &r->items[now->b]);
	if (now->a == now->b)
		out = json_sprintf("about %" PRIu64 " other people %s show %s",
		    now->k, where, json_string_value(a));
	else
		out = json_sprintf("about %" PRIu64
				   " other people %s show both %s and %s",
		    now->k, where, json_string_value(a), json_string_value(b));
	json_decref(a);
	json_decref(b);
	return out;
}

static void
newcomer_words(const struct lint *l, json_t *words)
{
	const struct klint_report *r = &l->report;
	char where[24];

	(void)json_array_append_new(
	    words, json_sprintf("only %" PRIu64
				" cards of others are known here (%" PRIu64
				" %s), too few to hide among",
		       r->known, r->in_region, where_text(l, where)));
	if (r->verdict == KLINT_FINE)
		(void)json_array_append_new(words,
		    json_string(
			"this card is safe enough even for the first person: "
			"it shows a country, at most 5 common terms in coarse "
			"levels, and no name, employer, date or text, so what "
			"it says is true of many who have no card yet"));
	else
		(void)json_array_append_new(words,
		    json_string(
			"a newcomer's card should show at most 5 terms of the "
			"built-in vocabulary, with levels 1, 3 or 5 (basic, "
			"working, expert): more could tell who you are"));
}

static json_t *
words_json(const struct lint *l)
{
	const struct klint_report *r = &l->report;
	json_t *words = json_array();

	if (r->newcomer) {
		newcomer_words(l, words);
		return words;
	}
	(void)json_array_append_new(words, count_text(l));
	if (r->verdict == KLINT_FINE)
		(void)json_array_append_new(words,
		    json_string("no other pair on this card is rarer: it is "
				"one of many"));
	else
		(void)json_array_append_new(words,
		    json_sprintf("who knows both of you may recognise you; it "
				 "should be %d or more, and under %d it is "
				 "not published unless forced",
			KLINT_WARN, KLINT_REFUSE));
	if (r->now.expected < r->now.seen)
		(void)json_array_append_new(words,
		    json_sprintf("%" PRIu64 " were seen; only as many count "
				 "as the vocabulary lets expect, for cards "
				 "can be made up",
			r->now.seen));
	return words;
}

/* ---- the proposal ---- */

static json_t *
step_words(const struct lint *l, const struct klint_item *item)
{
	json_t *name = item_name(l, item), *out;
	struct slice label;

	if (item->act == KLINT_DROP) {
		out = json_sprintf("leave out %s", json_string_value(name));
	} else if (item->act == KLINT_REPLACE) {
		label = vocabulary_label(l->t->terms->vocabulary, item->becomes,
		    l->labels.language, NULL);
		out = json_sprintf("say %.*s instead of %s", (int)label.n,
		    (const char *)label.p, json_string_value(name));
	} else {
		out = json_sprintf("%s at level %d instead of %d",
		    json_string_value(name), item->level_after, item->level);
	}
	json_decref(name);
	return out;
}

static void
add_step(const struct lint *l, const struct klint_item *item, json_t *steps,
    json_t *words)
{
	static const char *const acts[] = { "level", "replace", "drop" };
	json_t *o;

	if (item->act == KLINT_KEEP && item->level_after == item->level)
		return;
	o = item_json(l, item);
	(void)json_object_set_new(o, "do", json_string(acts[item->act]));
	if (item->act == KLINT_REPLACE)
		(void)json_object_set_new(o, "by",
		    term_json(
			&l->labels, vocabulary_term(l->t->terms->vocabulary,
					item->becomes)));
	if (item->act != KLINT_DROP)
		json_uint(o, "level", item->level_after);
	(void)json_array_append_new(steps, o);
	(void)json_array_append_new(words, step_words(l, item));
}

static json_t *
proposal_json(const struct lint *l)
{
	const struct klint_report *r = &l->report;
	json_t *o, *steps, *words;

	if (!r->proposal)
		return json_null();
	o = json_object();
	steps = json_array();
	words = json_array();
	for (uint16_t i = 0; i < r->items_n; i++)
		add_step(l, &r->items[i], steps, words);
	if (r->to_nowhere)
		(void)json_array_append_new(
		    words, json_string("do not tell the region"));
	(void)json_object_set_new(o, "steps", steps);
	(void)json_object_set_new(o, "words", words);
	json_truth(o, "region_left_out", r->to_nowhere);
	json_truth(o, "cheapest", r->cheapest);
	if (r->newcomer)
		(void)json_object_set_new(o, "k", json_null());
	else
		json_uint(o, "k", r->k_proposed);
	return o;
}

static json_t *
items_json(const struct lint *l)
{
	const struct klint_report *r = &l->report;
	json_t *list = json_array(), *o;

	for (uint16_t i = 0; i < r->items_n; i++) {
		const struct klint_item *item = &r->items[i];
		o = item_json(l, item);
		json_uint(o, "k_without", item->k_dropped);
		if (item->broader != TERM_NOWHERE) {
			(void)json_object_set_new(o, "broader",
			    term_json(&l->labels,
				vocabulary_term(
				    l->t->terms->vocabulary, item->broader)));
			json_uint(o, "k_broader", item->k_broader);
		}
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
lint_json(const struct lint *l)
{
	static const char *const verdicts[] = { "fine", "warn", "refuse" };
	const struct klint_report *r = &l->report;
	json_t *o = json_object(), *pair = json_array();

	(void)json_object_set_new(
	    o, "verdict", json_string(verdicts[r->verdict]));
	json_truth(o, "newcomer", r->newcomer);
	json_uint(o, "k", r->now.k);
	json_uint(o, "seen", r->now.seen);
	json_uint(o, "expected", r->now.expected);
	json_uint(o, "known", r->known);
	json_uint(o, "in_region", r->in_region);
	(void)json_object_set_new(o, "region", json_string(l->card.region));
	if (r->now.a != KLINT_NONE)
		(void)json_array_append_new(
		    pair, item_json(l, &r->items[r->now.a]));
	if (r->now.b != KLINT_NONE && r->now.b != r->now.a)
		(void)json_array_append_new(
		    pair, item_json(l, &r->items[r->now.b]));
	(void)json_object_set_new(o, "pair", pair);
	(void)json_object_set_new(o, "words", words_json(l));
	json_uint(o, "k_without_region", r->k_nowhere);
	(void)json_object_set_new(o, "items", items_json(l));
	(void)json_object_set_new(o, "proposal", proposal_json(l));
	return o;
}

bool
lint_refuses(const json_t *lint)
{
	const char *verdict =
	    json_string_value(json_object_get(lint, "verdict"));

	return verdict == NULL || strcmp(verdict, "refuse") == 0;
}

/* ---- all of it ---- */

/* The proposal instead, measured again. */
static json_t *
coarsen(struct lint *l, json_t *lint, json_t **draft)
{
	json_t *coarse = draft_after(l), *again;

	if (coarse == NULL) {
		find_fail(l->t, ERR_NOMEM);
		return lint;
	}
	json_decref(*draft);
	*draft = coarse;
	if (!measure(l, coarse))
		return lint;
	scope_add(&l->labels, KIND_PROFILE, &l->rd.payload);
	again = lint_json(l);
	(void)json_object_set(
	    again, "coarsened", json_object_get(lint, "proposal"));
	json_decref(lint);
	return again;
}

void
lint_run(struct task *t)
{
	struct lint *l = calloc(1, sizeof(*l));
	json_t *draft = json_incref(json_object_get(t->input, "draft"));

	if (l == NULL || reader_init(&l->rd) != OK) {
		free(l);
		json_decref(draft);
		find_fail(t, ERR_NOMEM);
		return;
	}
	l->t = t;
	l->labels.vocabulary = t->terms->vocabulary;
	l->labels.language = (uint32_t)json_integer_value(
	    json_object_get(t->input, "language_code"));
	if (measure(l, draft)) {
		scope_add(&l->labels, KIND_PROFILE, &l->rd.payload);
		json_t *lint = lint_json(l);
		(void)json_object_set_new(lint, "coarsened", json_null());
		l->labels.own[0] = NULL;
		if (json_is_true(json_object_get(t->input, "coarsen")) &&
		    l->report.proposal)
			lint = coarsen(l, lint, &draft);
		t->result =
		    json_pack("{s:o,s:O}", "lint", lint, "draft", draft);
	}
	json_decref(draft);
	reader_fini(&l->rd);
	free(l);
}
