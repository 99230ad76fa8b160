/*
 * Coaches that this node knows of, and how it knows. Three things are told
 * apart: a certificate that this node holds and that is good now; a course or
 * pathway whose author publishes them as its coach, and which they signed too;
 * and what a card says of itself. Credentials are not gossiped, so there is no
 * list of all certified coaches anywhere: this one is what was shown here.
 */
#include <stdlib.h>

#include "node/api/choose.h"
#include "node/api/feed.h"
#include "node/api/task.h"
#include "node/evidence/credentials.h"
#include "node/trust/trust.h"
#include "proto/record/cosign.h"

#define COACHES_MAX    4096
#define ROLE_COACH     5  /* of a co-signature, as in SPEC.md */
#define NAMED_MAX      8  /* records shown of one coach */
#define PROFILE_OFFERS 14 /* key of a profile's payload */

/* ---- on the loop: what is held ---- */

struct certificates {
	struct node *n;
	json_t *list;
	bool all; /* those that are over or taken back, too */
};

static void
add_term(json_t *list, uint64_t term)
{
	char text[17];

	(void)snprintf(text, sizeof(text), "%016" PRIx64, term);
	(void)json_array_append_new(list, json_string(text));
}

static bool
on_certificate(void *ctx, const struct holding *h)
{
	struct certificates *c = ctx;
	struct held_document *d = malloc(sizeof(*d));
	char id[DOCUMENT_ID_TEXT];

	if (d == NULL || documents_read(c->n, h, d) != OK) {
		free(d);
		return true;
	}
	const struct credential *is = &d->d.is.credential;
	const enum credential_standing standing =
	    credentials_standing(c->n, h, d);
	if (is->coach && d->d.complete &&
	    (c->all || standing == CREDENTIAL_GOOD)) {
		json_t *o = json_object(), *skills = json_array();
		for (size_t i = 0; i < is->skills.n; i++)
			add_term(skills, is->skills.at[i].term);
		(void)json_object_set_new(o, "skills", skills);
		(void)json_object_set_new(o, "standing",
		    json_string(credential_standing_name(standing)));
		document_id_text(h->id, id);
		json_did(o, "holder", is->holder);
		json_did(o, "issuer", is->issuer);
		json_uint(o, "grade", is->grade);
		(void)json_object_set_new(o, "title", json_string(is->title));
		(void)json_object_set_new(o, "credential", json_string(id));
		json_uint(o, "until", (uint64_t)is->expires * 3600);
		json_uint(o, "trust", trust_of_key(c->n, is->issuer));
		(void)json_array_append_new(c->list, o);
	}
	free(d);
	return true;
}

/* ---- on a worker ---- */

/* By key: {did, card, region, languages, skills, offers, certificates,
 * named_by}. */
static json_t *
coach_of(json_t *all, const uint8_t key[ED25519_PUBLIC])
{
	char did[DID_KEY_TEXT];

	did_key_put(did, key);
	json_t *o = json_object_get(all, did);
	if (o != NULL || json_object_size(all) >= COACHES_MAX)
		return o;
	o = json_pack("{s:s,s:n,s:n,s:[],s:[],s:b,s:[],s:[]}", "did", did,
	    "card", "region", "languages", "skills", "offers", 0,
	    "certificates", "named_by");
	(void)json_object_set_new(all, did, o);
	return o;
}

static void
add_certificates(json_t *all, const json_t *held)
{
	uint8_t key[ED25519_PUBLIC];
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)(uintptr_t)held, i, one)
	{
		const char *did =
		    json_string_value(json_object_get(one, "holder"));
		json_t *c =
		    did != NULL && did_key_get(slice_str(did), key) == OK
			? coach_of(all, key)
			: NULL;
		if (c != NULL)
			(void)json_array_append(
			    json_object_get(c, "certificates"), one);
	}
}

static void
add_named(json_t *all, const struct feed *f, const struct cosignature *s)
{
	json_t *c = coach_of(all, s->key);
	json_t *list = json_object_get(c, "named_by");

	if (c == NULL || json_array_size(list) >= NAMED_MAX)
		return;
	json_t *o = json_object();
	json_did(o, "author", f->s.author);
	json_id(o, "record", f->s.id);
	json_uint(o, "until", s->until_h * 3600);
	(void)json_array_append_new(list, o);
}

/* Courses or pathways that somebody signed as their coach. */
static bool
walk_named(struct task *t, uint32_t kind, json_t *all)
{
	struct feed *f = feed_open(t, kind, false);
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena scratch = arena_of(memory, VALUE_ARENA_BYTES);
	struct cosignature list[COSIGN_MAX];
	size_t n;

	if (f == NULL || memory == NULL) {
		feed_close(f);
		free(memory);
		return false;
	}
	while (feed_step(f)) {
		if (cosign_check(
			&f->rd.r, t->now_s / 3600, &scratch, list, &n) != OK)
			continue;
		for (size_t i = 0; i < n; i++)
			if (list[i].result == COSIGN_GOOD &&
			    list[i].role == ROLE_COACH)
				add_named(all, f, &list[i]);
	}
	feed_close(f);
	free(memory);
	return true;
}

/* What the card says of itself. */
static void
add_card(json_t *o, const struct card *card)
{
	json_t *languages = json_array(), *skills = json_array();
	char text[4];

	for (size_t i = 0; i < card->languages_n; i++)
		if (language_put(text, card->languages[i].language))
			(void)json_array_append_new(
			    languages, json_string(text));
	for (size_t i = 0; i < card->skills_n; i++)
		add_term(skills, card->skills[i].term);
	(void)json_object_set_new(o, "languages", languages);
	(void)json_object_set_new(o, "skills", skills);
}

static bool
walk_cards(struct task *t, bool own_word, json_t *all)
{
	struct feed *f = feed_open(t, KIND_PROFILE, false);

	if (f == NULL)
		return false;
	while (feed_step(f)) {
		char did[DID_KEY_TEXT];
		const struct value *v =
		    value_find(&f->rd.payload, PROFILE_OFFERS);
		const bool offers = v != NULL && (v->u & SEEKS_COACHING) != 0;
		did_key_put(did, f->s.author);
		json_t *o = offers && own_word ? coach_of(all, f->s.author)
					       : json_object_get(all, did);
		if (o == NULL)
			continue;
		json_id(o, "card", f->s.id);
		(void)json_object_set_new(
		    o, "region", json_string(f->rd.r.region));
		json_truth(o, "offers", offers);
		if (card_decode(&f->rd.payload, f->s.region, &f->card) == OK)
			add_card(o, &f->card);
	}
	feed_close(f);
	return true;
}

static json_int_t
grade_of(const json_t *coach)
{
	json_int_t best = 0;
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(coach, "certificates"), i, one)
	{
		const char *standing =
		    json_string_value(json_object_get(one, "standing"));
		if (strcmp(standing, "good") == 0)
			best = MAX(best,
			    json_integer_value(json_object_get(one, "grade")));
	}
	return best;
}

/* Certificates first, the higher grade first; then who is named; then key. */
static int
compare(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	const json_int_t by_grade = grade_of(y) - grade_of(x);
	const size_t nx = json_array_size(json_object_get(x, "named_by"));
	const size_t ny = json_array_size(json_object_get(y, "named_by"));

	if (by_grade != 0)
		return by_grade > 0 ? 1 : -1;
	if ((nx > 0) != (ny > 0))
		return nx > 0 ? -1 : 1;
	return strcmp(json_string_value(json_object_get(x, "did")),
	    json_string_value(json_object_get(y, "did")));
}

static bool
has_text(const json_t *list, const char *text)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		if (strcmp(json_string_value(one), text) == 0)
			return true;
	}
	return false;
}

/* By what the card says, or a certificate that is listed. */
static bool
has_skill(const json_t *coach, const char *term)
{
	size_t i;
	json_t *one;

	if (has_text(json_object_get(coach, "skills"), term))
		return true;
	json_array_foreach(json_object_get(coach, "certificates"), i, one)
	{
		if (has_text(json_object_get(one, "skills"), term))
			return true;
	}
	return false;
}

/* ${term}: NULL: any. */
static json_t *
choose(const json_t *all, const json_t *input, const char *term)
{
	const char *language =
	    json_string_value(json_object_get(input, "language"));
	const char *region =
	    json_string_value(json_object_get(input, "region"));
	const json_int_t grade =
	    json_integer_value(json_object_get(input, "grade"));
	const size_t limit =
	    (size_t)json_integer_value(json_object_get(input, "limit"));
	json_t **sorted =
	    calloc(MAX(json_object_size(all), (size_t)1), sizeof(json_t *));
	json_t *list = json_array(), *one;
	const char *did;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)all, did, one)
	{
		const char *of =
		    json_string_value(json_object_get(one, "region"));
		if ((term != NULL && !has_skill(one, term)) ||
		    (language != NULL &&
			!has_text(json_object_get(one, "languages"), language)))
			continue;
		if (sorted != NULL && grade_of(one) >= grade &&
		    (region == NULL || (of != NULL && strcmp(of, region) == 0)))
			sorted[n++] = one;
	}
	if (sorted != NULL)
		qsort(sorted, n, sizeof(*sorted), compare);
	for (size_t i = 0; i < n && i < limit; i++)
		(void)json_array_append(list, sorted[i]);
	free(sorted);
	return list;
}

/* false: task_fail() was called. ${out}: empty if no skill was asked for. */
static bool
skill_asked(struct task *t, char out[17], json_t **guess)
{
	const char *text =
	    json_string_value(json_object_get(t->input, "skill"));
	struct term_choice chosen;

	out[0] = '\0';
	*guess = NULL;
	if (text == NULL)
		return true;
	if (!term_choose(t->terms, text, strlen(text),
		1U << TERM_SKILL | 1U << TERM_KNOWLEDGE, 0, &chosen)) {
		task_fail(t, 404, "E3606", "ohcn vocabulary search WORDS",
		    "no skill is called \"%.80s\"", text);
		return false;
	}
	(void)snprintf(out, 17, "%016" PRIx64,
	    vocabulary_term(t->terms->vocabulary, chosen.at));
	*guess = chosen.guessed_of;
	return true;
}

static void
coaches_run(struct task *t)
{
	char term[17];
	json_t *guess;

	if (!skill_asked(t, term, &guess))
		return;
	json_t *all = json_object();

	add_certificates(all, json_object_get(t->input, "held"));
	if (walk_named(t, KIND_COURSE, all) &&
	    walk_named(t, KIND_PATHWAY, all) &&
	    walk_cards(
		t, json_is_true(json_object_get(t->input, "all")), all)) {
		t->result = json_pack(
		    "{s:I}", "known", (json_int_t)json_object_size(all));
		(void)json_object_set_new(t->result, "coaches",
		    choose(all, t->input, term[0] == '\0' ? NULL : term));
		if (guess != NULL)
			(void)json_object_set(t->result, "guessed_of", guess);
	} else if (t->code == NULL) {
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
	}
	json_decref(guess);
	json_decref(all);
}

void
api_coaches(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint64_t limit = 0, grade = 0;
	struct certificates c = { n, NULL, http_query(r, "all") != NULL };
	const char *language = http_query(r, "language");
	uint32_t persona;
	json_t *input;

	if (!persona_asked(n, r, &persona) ||
	    !http_query_range(r, "limit", 1,
		MIN((uint64_t)LIST_DEFAULT, n->config->limits.list_rows),
		n->config->limits.list_rows, &limit) ||
	    !http_query_range(r, "grade", 0, 0, 499, &grade))
		return;
	if (language != NULL && language_code(slice_str(language)) == 0) {
		http_fail(r, 422, "E3434", "language",
		    "two letters, such as de", "language: \"%.60s\" is not one",
		    language);
		return;
	}
	const struct held_filter f = { .type = EVIDENCE_CREDENTIAL,
		.of_persona = true,
		.persona = persona,
		.complete = true };
	c.list = json_array();
	documents_each(n, &f, on_certificate, &c);
	input = json_pack(
	    "{s:o,s:b}", "held", c.list, "all", http_query(r, "all") != NULL);
	json_uint(input, "limit", limit);
	json_uint(input, "grade", grade);
	if (http_query(r, "region") != NULL)
		(void)json_object_set_new(
		    input, "region", json_string(http_query(r, "region")));
	if (language != NULL)
		(void)json_object_set_new(
		    input, "language", json_string(language));
	if (http_query(r, "skill") != NULL)
		(void)json_object_set_new(
		    input, "skill", json_string(http_query(r, "skill")));
	task_start(n, r, coaches_run, input);
}
