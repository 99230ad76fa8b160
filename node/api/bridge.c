/*
 * Which occupation is meant: by an occupation of another vocabulary, or by a
 * title in somebody's own words: GET /vocabulary/bridge. Suggestions with a
 * confidence, for a person to review; nothing is linked by them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/bridge.h"
#include "match/normal.h"
#include "match/stem.h"
#include "node/api/choose.h"

#define ABOUT_MAX 1000 /* bytes of what is said beside a title */
#define LIMIT     5
#define SURE      500 /* of 1000: worth a link, after a look */
#define SIDES     3

static const struct {
	const char *name, *head;
} sides[SIDES] = { { "esco", "http://data.europa.eu/esco/" },
	{ "onet", "urn:onet:" }, { "core", "urn:ohcn:" } };

/* One request; ${more} of its task. */
struct bridge_ask {
	char term[TERM_URI_MAX + 1]; /* "": by title */
	char title[TERM_LABEL_MAX + 1];
	char about[ABOUT_MAX + 1];
	int to; /* of sides; -1: the first that has occupations */
	uint32_t language;
	uint64_t limit;
};

static int
side_of(const struct vocabulary *v, uint32_t at)
{
	const struct slice uri = vocabulary_uri(v, at);

	for (int i = 0; i < SIDES; i++)
		if (uri.n > strlen(sides[i].head) &&
		    memcmp(uri.p, sides[i].head, strlen(sides[i].head)) == 0)
			return i;
	return -1;
}

static bool
is_in(struct term_list l, uint32_t at)
{
	for (uint32_t i = 0; i < l.n; i++)
		if (l.at[i] == at)
			return true;
	return false;
}

/* Does one of the words of ${text} have this stem? */
static bool
has_stem(struct slice text, struct slice stem)
{
	uint8_t space[TERM_NOTE_MAX];
	size_t at, n;

	while (text.n > 0) {
		struct buf word = { space, 0, sizeof(space) };
		if (!normal_next(&text, &word, &at, &n))
			return false;
		if (slice_eq(
			stem_of(buf_slice(&word), VOCABULARY_ENGLISH), stem))
			return true;
	}
	return false;
}

/* Is it said of an occupation: in a title, its description, a skill? */
static bool
is_said(const struct vocabulary *v, uint32_t at, struct slice stem)
{
	const struct term_list needs = vocabulary_needs(v, at, true);

	for (uint32_t i = labels_from(v, at);
	     i < vocabulary_labels(v) && vocabulary_label_at(v, i).at == at;
	     i++)
		if (has_stem(vocabulary_label_at(v, i).text, stem))
			return true;
	for (uint32_t i = 0; i < needs.n; i++)
		if (has_stem(vocabulary_label(
				 v, needs.at[i], VOCABULARY_ENGLISH, NULL),
			stem))
			return true;
	return has_stem(vocabulary_description(v, at), stem);
}

/*
 * A share among candidates says nothing where all are far: of words the part
 * that is said of the occupation counts, in thousandths.
 */
static uint32_t
words_met(const struct vocabulary *v, uint32_t at, const char *title)
{
	struct slice text = slice_str(title);
	uint8_t space[TERM_LABEL_MAX];
	uint32_t all = 0, met = 0;
	size_t skipped, n;

	while (text.n > 0) {
		struct buf word = { space, 0, sizeof(space) };
		if (!normal_next(&text, &word, &skipped, &n))
			break;
		if (stem_is_filler(buf_slice(&word), VOCABULARY_ENGLISH))
			continue;
		all++;
		met += is_said(
		    v, at, stem_of(buf_slice(&word), VOCABULARY_ENGLISH));
	}
	return all == 0 ? 0 : met * 1000 / all;
}

static json_t *
hits_json(const struct task *t, const struct label_scope *s, uint32_t from,
    const char *title, const struct bridge_hit *hits, size_t n)
{
	const struct vocabulary *v = t->terms->vocabulary;
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const uint32_t sure =
		    from != TERM_NOWHERE
			? hits[i].confidence
			: hits[i].confidence * words_met(v, hits[i].at, title) /
			      1000;
		json_t *o = term_json(s, vocabulary_term(v, hits[i].at));
		json_text(o, "uri", vocabulary_uri(v, hits[i].at));
		json_uint(o, "confidence", sure);
		json_truth(o, "sure", sure >= SURE);
		json_truth(o, "linked",
		    from != TERM_NOWHERE &&
			is_in(vocabulary_close(v, from), hits[i].at));
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* Tries the sides in turn, but for the one of the term. */
static err
find(const struct task *t, const struct bridge_ask *ask, uint32_t from,
    int from_side, struct bridge **b, int *to)
{
	err e = ERR_NOTFOUND;

	for (int i = 0; i < SIDES && e == ERR_NOTFOUND; i++) {
		if (i == from_side || (ask->to >= 0 && i != ask->to))
			continue;
		struct bridge_options o = { .to = slice_str(sides[i].head) };
		if (from == TERM_NOWHERE) {
			o.title = slice_str(ask->title);
			o.text = slice_str(ask->about);
		} else {
			o.from = slice_str(
			    from_side < 0 ? "" : sides[from_side].head);
		}
		e = bridge_new(t->terms->vocabulary, &o, b);
		*to = i;
	}
	return e;
}

/* false: task_fail() was called. */
static bool
term_asked(struct task *t, const struct bridge_ask *ask, struct term_choice *c)
{
	*c = (struct term_choice){ TERM_NOWHERE, TERM_NOWHERE, NULL };
	if (ask->term[0] == '\0' ||
	    term_choose(t->terms, ask->term, strlen(ask->term),
		1U << TERM_OCCUPATION, ask->language, c))
		return true;
	task_fail(t, 404, "E3716",
	    "ohcn vocabulary search --meaning, for a title in your own words",
	    "no occupation is called \"%.80s\"", ask->term);
	return false;
}

static void
bridge_run(struct task *t)
{
	const struct bridge_ask *ask = t->more;
	const struct label_scope s = { t->terms->vocabulary, ask->language,
		{ NULL, NULL } };
	struct bridge_hit hits[BRIDGE_HITS_MAX];
	struct bridge *b = NULL;
	struct term_choice c;
	int to = 0;

	if (!term_asked(t, ask, &c))
		return;
	const int side =
	    c.at == TERM_NOWHERE ? -1 : side_of(t->terms->vocabulary, c.at);
	const err e = find(t, ask, c.at, side, &b, &to);
	if (e == OK) {
		const size_t n = bridge_find(b, c.at, hits, ask->limit);
		t->result = json_object();
		(void)json_object_set_new(t->result, "term",
		    c.at == TERM_NOWHERE
			? json_null()
			: term_json(
			      &s, vocabulary_term(t->terms->vocabulary, c.at)));
		(void)json_object_set_new(t->result, "guessed_of",
		    c.guessed_of == NULL ? json_null()
					 : json_incref(c.guessed_of));
		(void)json_object_set_new(
		    t->result, "to", json_string(sides[to].name));
		(void)json_object_set_new(t->result, "suggestions",
		    hits_json(t, &s, c.at, ask->title, hits, n));
		(void)json_object_set_new(t->result, "note",
		    json_string("suggestions to review: nothing is linked; "
				"English words alone are compared"));
	} else if (e == ERR_NOTFOUND) {
		task_fail(t, 404, "E3717", "ohcn vocabulary import esco DIR",
		    "no other vocabulary with occupations is here");
	} else {
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
	}
	bridge_free(b);
	json_decref(c.guessed_of);
}

/* false: answered. */
static bool
ask_read(struct http_request *r, struct bridge_ask *ask)
{
	const char *term = http_query(r, "term"), *to = http_query(r, "to");
	const char *title = http_query(r, "title");
	const char *about = http_query(r, "about");

	ask->to = -1;
	for (int i = 0; to != NULL && i < SIDES; i++)
		if (strcmp(to, sides[i].name) == 0)
			ask->to = i;
	if (to != NULL && to[0] != '\0' && ask->to < 0) {
		http_fail(r, 422, "E3718", "to", "esco, onet or core",
		    "there is no vocabulary \"%.40s\"", to);
		return false;
	}
	if ((term == NULL || term[0] == '\0') ==
		(title == NULL || title[0] == '\0') ||
	    (term != NULL && strlen(term) > TERM_URI_MAX) ||
	    (title != NULL && strlen(title) > TERM_LABEL_MAX) ||
	    (about != NULL && strlen(about) > ABOUT_MAX)) {
		http_fail(r, 422, "E3718", "term",
		    "an occupation, or a title of up to 200 bytes",
		    "one term or one title is needed");
		return false;
	}
	(void)snprintf(
	    ask->term, sizeof(ask->term), "%s", term == NULL ? "" : term);
	(void)snprintf(
	    ask->title, sizeof(ask->title), "%s", title == NULL ? "" : title);
	(void)snprintf(
	    ask->about, sizeof(ask->about), "%s", about == NULL ? "" : about);
	return http_query_range(
	    r, "limit", 1, LIMIT, BRIDGE_HITS_MAX, &ask->limit);
}

void
api_vocabulary_bridge(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct bridge_ask *ask = calloc(1, sizeof(*ask));

	if (ask == NULL) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	ask->language = language_of(n, r);
	if (ask_read(r, ask))
		task_start_with(n, r, bridge_run, NULL, ask);
	else
		free(ask);
}
