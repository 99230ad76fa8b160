/*
 * Own terms over the API: what no vocabulary has, made here by its name, and
 * known from then on like any other. They lie in the vault and are built into
 * the vocabulary; records that use one carry its URI and labels.
 */
#include <stdlib.h>

#include "match/own_term.h"
#include "match/protected.h"
#include "node/api/choose.h"
#include "node/vocabulary_load.h"
#include "proto/base/text.h"

#define OWN_MAX   256 /* terms */
#define LINKS_MAX 8   /* of a kind */

static const char *const type_names[TERM_TYPES] = { "", "skill", "knowledge",
	"interest", "occupation", "purpose" };

/* ---- in records ---- */

uint32_t
labels_from(const struct vocabulary *v, uint32_t at)
{
	uint32_t lo = 0, hi = vocabulary_labels(v);

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		if (vocabulary_label_at(v, mid).at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* {uri, labels} as a record has it. */
static json_t *
carried(const struct vocabulary *v, uint32_t at)
{
	json_t *o = json_object(), *labels = json_object();

	json_text(o, "uri", vocabulary_uri(v, at));
	for (uint32_t i = labels_from(v, at); i < vocabulary_labels(v); i++) {
		const struct vocabulary_label l = vocabulary_label_at(v, i);
		char code[4];
		if (l.at != at)
			break;
		if (l.preferred && language_put(code, l.language) &&
		    json_object_size(labels) < 8)
			json_text(labels, code, l.text);
	}
	(void)json_object_set_new(o, "labels", labels);
	return o;
}

/* Own terms that are named anywhere in ${in}, each once. */
static void
gather(const struct vocabulary *v, const json_t *in, json_t *out)
{
	const char *text = json_string_value(in), *key;
	char uri[TERM_URI_MAX + 1];
	uint32_t at = TERM_NOWHERE;
	json_t *one;
	size_t i;

	json_array_foreach(in, i, one) gather(v, one, out);
	if (json_is_object(in)) {
		void *iter = json_object_iter((json_t *)(uintptr_t)in);
		for (; iter != NULL; iter = json_object_iter_next(
					 (json_t *)(uintptr_t)in, iter)) {
			key = json_object_iter_key(iter);
			if (strcmp(key, "terms") != 0)
				gather(v, json_object_iter_value(iter), out);
		}
	}
	if (text == NULL)
		return;
	if (strlen(text) == (size_t)2 * TERM_ID &&
	    strspn(text, "0123456789abcdef") == (size_t)2 * TERM_ID)
		at = vocabulary_find(v, strtoull(text, NULL, 16));
	else if (own_term_is(slice_str(text)))
		at = vocabulary_find(v, term_of_uri(slice_str(text)));
	if (at == TERM_NOWHERE || !own_term_is(vocabulary_uri(v, at)))
		return;
	one = carried(v, at);
	(void)snprintf(uri, sizeof(uri), "%s",
	    json_string_value(json_object_get(one, "uri")));
	if (json_object_get(out, uri) == NULL)
		(void)json_object_set(out, uri, one);
	json_decref(one);
}

json_t *
own_terms_carry(const struct vocabulary *v, uint32_t kind, const json_t *draft)
{
	const struct schema *schema = schema_latest(kind);
	json_t *copy = json_copy((json_t *)(uintptr_t)draft);
	json_t *had = json_object_get(draft, "terms");
	json_t *used = json_object(), *list, *one;
	const char *uri;
	size_t i;

	if (!json_is_object(copy) || schema == NULL ||
	    kind == KIND_VOCABULARY ||
	    field_find(schema->fields, slice_str("terms")) == NULL) {
		json_decref(used);
		return copy;
	}
	gather(v, draft, used);
	json_array_foreach(had, i, one)
	{
		uri = json_string_value(json_object_get(one, "uri"));
		if (uri != NULL) /* what its writer says of it counts */
			(void)json_object_del(used, uri);
	}
	if (json_object_size(used) > 0) {
		list = json_is_array(had) ? json_copy(had) : json_array();
		json_object_foreach(used, uri, one)(void)
		    json_array_append(list, one);
		(void)json_object_set_new(copy, "terms", list);
	}
	json_decref(used);
	return copy;
}

/* ---- the list ---- */

static json_t *
own_list(struct node *n)
{
	json_t *list = vault_get(n->vault, VOCABULARY_OWN, NULL);

	return json_is_array(list) ? list : json_array();
}

static json_t *
term_shown(struct node *n, const struct label_scope *s, const json_t *own)
{
	const char *uri = json_string_value(json_object_get(own, "uri"));
	json_t *o = term_json(s, term_of_uri(slice_str(uri)));
	const uint32_t at =
	    vocabulary_find(n->terms->vocabulary, term_of_uri(slice_str(uri)));
	static const char *const links[] = { "broader", "same_as" };

	(void)json_object_update(o, (json_t *)(uintptr_t)own);
	for (size_t k = 0; k < ARRAY_LEN(links); k++) {
		const json_t *had = json_object_get(own, links[k]);
		json_t *list = json_array(), *one;
		size_t i;
		json_array_foreach(had, i, one)
		{
			const uint64_t term =
			    strtoull(json_string_value(one), NULL, 16);
			(void)json_array_append_new(list, term_json(s, term));
		}
		(void)json_object_set_new(o, links[k], list);
	}
	/* another vocabulary's name for it counts, where both are known */
	(void)json_object_set_new(o, "joined",
	    json_boolean(at != TERM_NOWHERE && !own_term_is(vocabulary_uri(
						   n->terms->vocabulary, at))));
	return o;
}

void
api_terms(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const struct label_scope s = { n->terms->vocabulary, language_of(n, r),
		{ NULL, NULL } };
	json_t *own = own_list(n), *list = json_array(), *one;
	size_t i;

	json_array_foreach(own, i, one)(void)
	    json_array_append_new(list, term_shown(n, &s, one));
	json_decref(own);
	http_reply(r, 200,
	    json_pack("{s:I, s:o}", "count", (json_int_t)json_array_size(list),
		"terms", list));
}

/* ---- changes ---- */

struct term_change {
	struct node *n;
	struct http_request *r;
	json_t *own; /* the new list */
	char uri[TERM_URI_MAX + 1];
};

static void
on_built(void *ctx, err e, json_t *report, json_t *gone)
{
	struct term_change *c = ctx;
	struct node *n = c->n;

	(void)report;
	if (e == OK)
		e = vault_put(n->vault, VOCABULARY_OWN, c->own);
	if (e != OK) {
		http_fail_err(
		    c->r, e, "the vocabulary cannot be built: %s", err_name(e));
	} else {
		const struct label_scope s = { n->terms->vocabulary,
			language_of(n, c->r), { NULL, NULL } };
		json_t *o = json_object(), *one;
		size_t i;
		json_array_foreach(c->own, i,
		    one) if (strcmp(json_string_value(json_object_get(one,
					"uri")),
				 c->uri) == 0)
		{
			json_decref(o);
			o = term_shown(n, &s, one);
		}
		json_uint(o, "count", json_array_size(c->own));
		json_uint(
		    o, "terms_in_all", vocabulary_size(n->terms->vocabulary));
		(void)json_object_set(o, "gone", gone);
		http_reply(c->r, 200, o);
	}
	json_decref(c->own);
	free(c);
}

/* Takes ${own}. */
static void
put_list(struct node *n, struct http_request *r, json_t *own, const char *uri)
{
	struct term_change *c = calloc(1, sizeof(*c));
	json_t *dirs = vault_get(n->vault, VOCABULARY_DIRS, NULL);

	if (c == NULL) {
		json_decref(own);
		json_decref(dirs);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	*c = (struct term_change){ .n = n, .r = r, .own = own };
	(void)snprintf(c->uri, sizeof(c->uri), "%s", uri);
	vocabulary_load_own(n, dirs == NULL ? json_array() : dirs,
	    json_deep_copy(own), on_built, c);
}

static bool
busy(struct http_request *r)
{
	if (vocabulary_loading())
		http_fail(r, 409, "E3706", NULL, "try again in a minute",
		    "a vocabulary is being read already");
	return vocabulary_loading();
}

/* One that is linked to: called just so, or its URI; false: answered. */
static bool
link_put(struct node *n, struct http_request *r, const char *field,
    const char *text, uint32_t language, json_t *list)
{
	struct term_choice c;
	char digits[2 * TERM_ID + 1], near[300];
	uint64_t term = 0;

	const bool found =
	    term_choose(n->terms, text, strlen(text), 0, language, &c);
	const bool good = found && c.guessed_of == NULL;
	const bool foreign =
	    !good && strchr(text, ':') != NULL && strcmp(field, "same_as") == 0;
	if (good)
		term = vocabulary_term(n->terms->vocabulary, c.at);
	else if (foreign) /* of a vocabulary that is not here yet */
		term = term_of_uri(slice_str(text));
	if (good || foreign) {
		term_text(digits, term);
		(void)json_array_append_new(list, json_string(digits));
	} else {
		char hint[340] = "ohcn vocabulary search WORD";
		terms_text(c.guessed_of, near, sizeof(near));
		if (near[0] != '\0')
			(void)snprintf(hint, sizeof(hint), "one of: %s", near);
		http_fail(r, 422, "E3711", field, hint,
		    "no term is called \"%.80s\"", text);
	}
	json_decref(c.guessed_of);
	return good || foreign;
}

/* A word, or a list of them; false: answered. */
static bool
links_read(struct node *n, struct http_request *r, const json_t *body,
    const char *field, uint32_t language, json_t *own)
{
	const json_t *said = json_object_get(body, field);
	json_t *list = json_array();
	const size_t all = json_is_array(said) ? json_array_size(said) : 1;

	for (size_t i = 0; said != NULL && i < all; i++) {
		const char *text = json_string_value(
		    json_is_array(said) ? json_array_get(said, i) : said);
		if (text == NULL || text[0] == '\0' || all > LINKS_MAX) {
			http_fail(r, 422, "E3711", field,
			    "a name or a URI, or a list of up to 8",
			    "%s is no name of a term", field);
			json_decref(list);
			return false;
		}
		if (!link_put(n, r, field, text, language, list)) {
			json_decref(list);
			return false;
		}
	}
	(void)json_object_set_new(own, field, list);
	return true;
}

/* Nothing that is known, and nothing that nobody is matched by. */
static bool
label_check(struct node *n, struct http_request *r, const json_t *body,
    const char *label, uint32_t language, struct buf *uri)
{
	struct term_choice c;
	char digits[2 * TERM_ID + 1];

	if (label == NULL || language == 0 ||
	    own_term_uri(language, slice_str(label), uri) != OK) {
		http_fail(r, 422, "E3710", language == 0 ? "lang" : "label",
		    language == 0 ? "two letters, such as en"
				  : "up to 120 bytes with a letter in it",
		    language == 0 ? "the language of the name is missing"
				  : "this is no name of a term");
		return false;
	}
	if (label_is_protected(0, slice_str(label))) {
		http_fail(r, 422, "E3712", "label", "leave it out",
		    "\"%.80s\" is never used: nobody is matched by it", label);
		return false;
	}
	const bool known =
	    term_choose(n->terms, label, strlen(label), 0, language, &c) &&
	    c.guessed_of == NULL && json_object_get(body, "same_as") == NULL;
	json_decref(c.guessed_of);
	if (!known || own_term_is(vocabulary_uri(n->terms->vocabulary, c.at)))
		return true;
	term_text(digits, vocabulary_term(n->terms->vocabulary, c.at));
	http_fail(r, 409, "E3713", "label",
	    "use it; or --same-as URI for one that means the same",
	    "\"%.80s\" is a term already: %s", label, digits);
	return false;
}

static enum term_type
type_of(const json_t *body)
{
	const char *text = json_string_value(json_object_get(body, "type"));

	if (text == NULL)
		return TERM_SKILL;
	for (int i = TERM_SKILL; i < TERM_TYPES; i++)
		if (strcmp(text, type_names[i]) == 0)
			return (enum term_type)i;
	return 0;
}

/* The own term of the body; NULL: answered. */
static json_t *
own_read(struct node *n, struct http_request *r, const json_t *body,
    char uri[TERM_URI_MAX + 1])
{
	const char *label = json_string_value(json_object_get(body, "label"));
	const char *lang = json_string_value(json_object_get(body, "lang"));
	const uint32_t language =
	    lang == NULL ? language_of(n, r) : language_code(slice_str(lang));
	const enum term_type type = type_of(body);
	struct buf out = { (uint8_t *)uri, 0, TERM_URI_MAX };
	char code[4] = "";

	if (type == 0) {
		http_fail(r, 422, "E3702", "type",
		    "skill, knowledge, interest, occupation or purpose",
		    "there is no such type");
		return NULL;
	}
	if (!label_check(n, r, body, label, language, &out))
		return NULL;
	uri[out.n] = '\0';
	(void)language_put(code, language);
	json_t *own = json_pack("{s:s, s:s, s:{s:s}}", "uri", uri, "type",
	    type_names[type], "labels", code, label);
	if (links_read(n, r, body, "broader", language, own) &&
	    links_read(n, r, body, "same_as", language, own))
		return own;
	json_decref(own);
	return NULL;
}

void
api_terms_add(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	char uri[TERM_URI_MAX + 1];
	json_t *body = http_json(r), *own, *had, *list, *one;
	size_t i;

	if (body == NULL)
		return;
	own = busy(r) ? NULL : own_read(n, r, body, uri);
	json_decref(body);
	if (own == NULL)
		return;
	had = own_list(n);
	list = json_array();
	json_array_foreach(had, i,
	    one) if (strcmp(json_string_value(json_object_get(one, "uri")),
			 uri) != 0)(void) json_array_append(list, one);
	json_decref(had);
	(void)json_array_append_new(list, own);
	if (json_array_size(list) > OWN_MAX) {
		json_decref(list);
		http_fail(r, 422, "E3714", NULL, "ohcn term remove NAME",
		    "there are %d own terms already", OWN_MAX);
		return;
	}
	put_list(n, r, list, uri);
}

static bool
is_called(const json_t *own, const char *name)
{
	const char *uri = json_string_value(json_object_get(own, "uri"));
	char digits[2 * TERM_ID + 1];
	const char *code;
	json_t *label;

	term_text(digits, term_of_uri(slice_str(uri)));
	if (strcmp(uri, name) == 0 || strcmp(digits, name) == 0)
		return true;
	json_object_foreach(json_object_get(own, "labels"), code, label)
	{
		uint8_t space[TERM_URI_MAX];
		struct buf out = { space, 0, sizeof(space) };
		if (own_term_uri(language_code(slice_str(code)),
			slice_str(name), &out) == OK &&
		    slice_eq(buf_slice(&out), slice_str(uri)))
			return true;
	}
	return false;
}

void
api_terms_remove(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r), *had, *list, *one;
	const char *name = json_string_value(json_object_get(body, "name"));
	size_t i;

	if (body == NULL)
		return;
	had = own_list(n);
	list = json_array();
	json_array_foreach(
	    had, i, one) if (name == NULL || !is_called(one, name))(void)
	    json_array_append(list, one);
	const bool found = json_array_size(list) < json_array_size(had);
	json_decref(had);
	json_decref(body);
	if (!found)
		http_fail(r, 404, "E3715", "name", "ohcn term list",
		    "no own term is called so");
	if (!found || busy(r))
		json_decref(list);
	else
		put_list(n, r, list, "");
}
