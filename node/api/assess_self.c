/*
 * The assessment that is built in: a person says how well they can what, in
 * words that name what one has done, so that it is of use before any peer is
 * there. It is an assessment like any other, made for the terms asked about.
 */
#include <stdlib.h>

#include "node/api/assess.h"

struct words {
	const char *language;
	const char *title;
	const char *rate; /* before and after the label */
	const char *levels[ASSESS_LEVELS];
	const char *done;
	const char *deeds[4]; /* for levels 2 to 5 */
};

static const struct words all_words[] = {
	{ "en", "What I can do, in my own judgement",
	    "How well can you do this",
	    { "not at all yet", "I have taken first steps",
		"with help from somebody", "on my own",
		"also when it is difficult or new",
		"others come to me to learn it" },
	    "What of this have you done",
	    { "I have done it with somebody's help",
		"I have done it on my own, more than once",
		"I have solved a case that was out of the ordinary",
		"I have taught it, or been responsible for how it is done" } },
	{ "de", "Was ich kann, nach eigenem Urteil", "Wie gut können Sie das",
	    { "noch gar nicht", "erste Schritte habe ich gemacht",
		"mit Hilfe von jemandem", "selbstständig",
		"auch wenn es schwierig oder neu ist",
		"andere lernen es von mir" },
	    "Was davon haben Sie schon getan",
	    { "Ich habe es mit Hilfe getan",
		"Ich habe es mehrmals allein getan",
		"Ich habe einen ungewöhnlichen Fall gelöst",
		"Ich habe es gelehrt oder war dafür verantwortlich" } },
	{ "fr", "Ce que je sais faire, selon moi",
	    "À quel point savez-vous faire ceci",
	    { "pas encore", "j'ai fait les premiers pas",
		"avec l'aide de quelqu'un", "en autonomie",
		"même si c'est difficile ou nouveau",
		"d'autres l'apprennent de moi" },
	    "Qu'avez-vous déjà fait",
	    { "Je l'ai fait avec de l'aide", "Je l'ai fait seul plusieurs fois",
		"J'ai résolu un cas hors de l'ordinaire",
		"Je l'ai enseigné, ou j'en étais responsable" } },
	{ "es", "Lo que sé hacer, a mi juicio", "Qué tan bien sabe hacer esto",
	    { "todavía nada", "he dado los primeros pasos",
		"con ayuda de alguien", "por mi cuenta",
		"también si es difícil o nuevo", "otros lo aprenden de mí" },
	    "Qué de esto ha hecho ya",
	    { "Lo he hecho con ayuda", "Lo he hecho solo varias veces",
		"He resuelto un caso fuera de lo común",
		"Lo he enseñado, o he sido responsable de ello" } },
};

static const struct words *
words_of(uint32_t language)
{
	for (size_t i = 0; i < ARRAY_LEN(all_words); i++)
		if (language_code(slice_str(all_words[i].language)) == language)
			return &all_words[i];
	return &all_words[0];
}

/* ---- what it is about ---- */

struct terms_found {
	uint32_t at[SELF_TERMS_MAX];
	size_t n;
};

static void
put_term(struct terms_found *f, uint32_t at)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->at[i] == at)
			return;
	if (f->n < SELF_TERMS_MAX)
		f->at[f->n++] = at;
}

/* An occupation stands for the skills it needs. */
static void
put_place(struct terms_found *f, const struct vocabulary *v, uint32_t at)
{
	if (vocabulary_type(v, at) != TERM_OCCUPATION) {
		put_term(f, at);
		return;
	}
	for (int essential = 1; essential >= 0; essential--) {
		const struct term_list l =
		    vocabulary_needs(v, at, essential == 1);
		for (uint32_t i = 0; i < l.n; i++)
			put_term(f, l.at[i]);
	}
}

static void
put_words(struct terms_found *f, const struct node *n, uint32_t language,
    const char *text)
{
	const struct vocabulary *v = n->terms->vocabulary;
	const struct search_options o = { language, 1U << TERM_SKILL |
							1U << TERM_KNOWLEDGE |
							1U << TERM_OCCUPATION };
	struct search_hit hit;
	uint32_t at = TERM_NOWHERE;
	char *end = NULL;

	if (strlen(text) == 2UL * TERM_ID) {
		const uint64_t term = strtoull(text, &end, 16);
		at = *end == 0 ? vocabulary_find(v, term) : TERM_NOWHERE;
	}
	if (at == TERM_NOWHERE && strchr(text, ':') != NULL)
		at = vocabulary_find(v, term_of_uri(slice_str(text)));
	if (at == TERM_NOWHERE &&
	    search_labels(n->terms->search, slice_str(text), o, &hit, 1) == 1)
		at = hit.at;
	if (at != TERM_NOWHERE)
		put_place(f, v, at);
}

/* ---- the draft ---- */

static json_t *
text_json(const char *language, const char *text)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, language, json_string(text));
	return o;
}

static json_t *
prompt_json(const struct words *w, const char *question, struct slice label)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, w->language,
	    json_sprintf(
		"%s: %.*s?", question, (int)label.n, (const char *)label.p));
	return o;
}

static json_t *
options_json(const struct words *w, const char *const *texts, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
		    list, text_json(w->language, texts[i]));
	return list;
}

static void
put_items(
    json_t *items, const struct words *w, const char *term, struct slice label)
{
	(void)json_array_append_new(
	    items, json_pack("{s:s,s:s,s:o,s:o}", "term", term, "type",
		       "self-rating", "prompt", prompt_json(w, w->rate, label),
		       "options", options_json(w, w->levels, ASSESS_LEVELS)));
	(void)json_array_append_new(items,
	    json_pack("{s:s,s:s,s:o,s:o,s:[i,i,i,i]}", "term", term, "type",
		"checklist", "prompt", prompt_json(w, w->done, label),
		"options", options_json(w, w->deeds, 4), "levels", 2, 3, 4, 5));
}

json_t *
self_draft(struct node *n, uint32_t language, const json_t *about, json_t **out)
{
	const struct vocabulary *v = n->terms->vocabulary;
	const struct words *w = words_of(language);
	struct terms_found f = { .n = 0 };
	json_t *measures, *items, *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)about, i, one)
	{
		const json_t *term = json_object_get(one, "term");
		const char *text = json_string_value(
		    json_is_object(term) ? json_object_get(term, "term")
		    : term != NULL       ? term
					 : one);
		if (text == NULL)
			text = json_string_value(json_object_get(one, "uri"));
		if (text != NULL)
			put_words(&f, n, language, text);
	}
	*out = json_array();
	if (f.n == 0)
		return NULL;
	measures = json_array();
	items = json_array();
	for (size_t k = 0; k < f.n; k++) {
		char term[2 * TERM_ID + 1];
		const struct slice label = vocabulary_label(
		    v, f.at[k], language_code(slice_str(w->language)), NULL);
		term_text(term, vocabulary_term(v, f.at[k]));
		(void)json_array_append_new(*out, json_string(term));
		(void)json_array_append_new(
		    measures, json_pack("{s:s}", "term", term));
		put_items(items, w, term, label);
	}
	/* What people say of themselves is sure to 600 at most; a rating at
	 * either end is, and is not asked about further. */
	return json_pack("{s:o,s:o,s:o,s:b,s:{s:i}}", "title",
	    text_json(w->language, w->title), "measures", measures, "items",
	    items, "adaptive", 1, "stop", "confidence", 600);
}
