/*
 * The vocabulary over the API: what is loaded, search, import. Imported
 * directories are remembered (sealed, in the vault) and read again at the
 * next start; the files stay where they are.
 */
#include <stdlib.h>

#include "match/protected.h"
#include "node/api/parts.h"
#include "node/vocabulary_load.h"

#define DIRS_MAX 8

/* ---- what is loaded ---- */

static const char *const type_names[TERM_TYPES] = { "", "skill", "knowledge",
	"interest", "occupation", "purpose" };
static const char *const source_names[TERM_SOURCES] = { "core", "imported",
	"record" };

/* What the hash is made of, so that two nodes can name what differs. */
static json_t *
parts_json(const struct vocabulary *v)
{
	uint32_t n;
	const struct vocabulary_part *parts = vocabulary_parts(v, &n);
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++) {
		json_t *o = json_object();
		(void)json_object_set_new(
		    o, "name", json_string(parts[i].name));
		json_uint(o, "rows", parts[i].n);
		json_hex(o, "hash", slice_of(parts[i].hash, VOCABULARY_HASH));
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* What an import brought: the row "NAME terms" of the parts of the hash. */
static void
source_json(json_t *one, const struct vocabulary *v, const char *name)
{
	static const struct {
		const char *name, *licence;
	} licences[] = { { "esco", "EU, 2011/833/EU" },
		{ "onet", "CC BY 4.0" } };
	char want[48];
	uint32_t n;
	const struct vocabulary_part *parts = vocabulary_parts(v, &n);

	(void)json_object_set_new(one, "name", json_string(name));
	(void)snprintf(want, sizeof(want), "%.40s terms", name);
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(parts[i].name, want) == 0)
			json_uint(one, "terms", parts[i].n);
	for (size_t i = 0; i < ARRAY_LEN(licences); i++)
		if (strcmp(licences[i].name, name) == 0)
			(void)json_object_set_new(
			    one, "licence", json_string(licences[i].licence));
}

static void
describe_run(struct task *t)
{
	const struct vocabulary *v = t->terms->vocabulary;
	const struct vocabulary_counts *c = vocabulary_counts(v);
	json_t *o = json_object(), *types = json_object();
	json_t *languages = json_object(), *sources;
	uint64_t by_source[TERM_SOURCES] = { 0 };

	json_hex(o, "hash", slice_of(vocabulary_hash(v), VOCABULARY_HASH));
	json_hex(o, "rarity_hash",
	    slice_of(t->meaning.rarity->hash, VOCABULARY_HASH));
	json_uint(o, "terms", vocabulary_size(v));
	for (int i = TERM_SKILL; i < TERM_TYPES; i++)
		json_uint(types, type_names[i], c->types[i]);
	(void)json_object_set_new(o, "types", types);
	for (uint32_t i = 0; i < vocabulary_labels(v); i++) {
		char code[4];
		if (!language_put(code, vocabulary_label_at(v, i).language))
			continue;
		const json_int_t have =
		    json_integer_value(json_object_get(languages, code));
		(void)json_object_set_new(
		    languages, code, json_integer(have + 1));
	}
	(void)json_object_set_new(o, "languages", languages);
	for (uint32_t i = 0; i < vocabulary_size(v); i++)
		by_source[vocabulary_source(v, i)]++;
	sources = json_array();
	(void)json_array_append_new(sources,
	    json_pack("{s:s, s:s, s:I, s:s}", "name", "core", "version",
		OHCN_VERSION, "terms", (json_int_t)by_source[SOURCE_CORE],
		"licence", "Apache-2.0"));
	json_t *dirs = json_object_get(t->input, "directories"), *dir;
	size_t i;
	json_array_foreach(dirs, i, dir)
	{
		json_t *one = json_deep_copy(dir);
		const char *name =
		    json_string_value(json_object_get(dir, "source"));
		if (name != NULL)
			source_json(one, v, name);
		(void)json_array_append_new(sources, one);
	}
	(void)json_object_set_new(o, "sources", sources);
	(void)json_object_set_new(o, "parts", parts_json(v));
	json_uint(o, "terms_imported", by_source[SOURCE_IMPORTED]);
	json_uint(o, "filtered", c->protected_n);
	json_uint(o, "dangling", c->dangling_n);
	t->result = o;
}

void
api_vocabulary(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *input = json_object();
	json_t *dirs = vault_get(n->vault, VOCABULARY_DIRS, NULL);

	(void)json_object_set_new(
	    input, "directories", dirs == NULL ? json_array() : dirs);
	task_start(n, r, describe_run, input);
}

/* ---- search ---- */

static json_t *
hit_json(
    const struct vocabulary *v, const struct search_hit *h, uint32_t language)
{
	static const char *const ways[] = { "exact", "prefix", "words",
		"similar", "some" };
	struct label_scope s = { v, language, { NULL, NULL } };
	char code[4] = "";
	json_t *o = term_json(&s, vocabulary_term(v, h->at));

	json_text(o, "uri", vocabulary_uri(v, h->at));
	(void)json_object_set_new(
	    o, "type", json_string(type_names[vocabulary_type(v, h->at)]));
	(void)json_object_set_new(o, "source",
	    json_string(source_names[vocabulary_source(v, h->at)]));
	json_text(o, "matched", h->label);
	(void)language_put(code, h->language);
	(void)json_object_set_new(o, "language", json_string(code));
	(void)json_object_set_new(o, "match", json_string(ways[h->way]));
	json_uint(o, "typos", h->typos);
	json_truth(o, "preferred", h->preferred);
	return o;
}

/* Labels with all of the words; then some of them, if there is room. */
static size_t
search_all(const struct terms *t, struct slice q, struct search_options o,
    struct search_hit *hits, size_t max)
{
	struct search_hit some[SEARCH_HITS_MAX];
	size_t n = search_labels(t->search, q, o, hits, max);
	const size_t more =
	    n < max ? search_some(t->search, q, o, some, max) : 0;

	for (size_t i = 0; i < more && n < max; i++) {
		size_t k = 0;
		while (k < n && hits[k].at != some[i].at)
			k++;
		if (k == n)
			hits[n++] = some[i];
	}
	return n;
}

static void
search_run(struct task *t)
{
	struct search_hit hits[SEARCH_HITS_MAX];
	const char *q = json_string_value(json_object_get(t->input, "q"));
	const struct search_options o = {
		.language = (uint32_t)json_integer_value(
		    json_object_get(t->input, "language")),
		.type_mask = (uint32_t)json_integer_value(
		    json_object_get(t->input, "types")),
	};
	const size_t limit =
	    (size_t)json_integer_value(json_object_get(t->input, "limit"));
	const bool never = label_is_protected(0, slice_str(q));
	const size_t n = never ? 0
			       : search_all(t->terms, slice_str(q), o, hits,
				     MIN(limit, (size_t)SEARCH_HITS_MAX));
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
		    list, hit_json(t->terms->vocabulary, &hits[i], o.language));
	t->result = json_object();
	(void)json_object_set_new(t->result, "terms", list);
	json_truth(t->result, "protected", never);
}

void
api_vocabulary_search(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *q = http_query(r, "q"), *type = http_query(r, "type");
	uint64_t limit = 0;
	uint32_t mask = 0;

	if (!http_query_range(
		r, "limit", 1, LIST_DEFAULT, SEARCH_HITS_MAX, &limit))
		return;
	for (int i = TERM_SKILL; type != NULL && i < TERM_TYPES; i++)
		if (strcmp(type, type_names[i]) == 0)
			mask = 1U << i;
	if (type != NULL && type[0] != 0 && mask == 0) {
		http_fail(r, 422, "E3702", "type",
		    "skill, knowledge, interest, occupation or purpose",
		    "there is no type \"%.40s\"", type);
		return;
	}
	if (q == NULL || q[0] == 0) {
		http_fail(r, 422, "E3701", "q", "a word, such as welding",
		    "nothing to look for");
		return;
	}
	json_t *input = json_object();
	(void)json_object_set_new(input, "q", json_string(q));
	json_uint(input, "language", language_of(n, r));
	json_uint(input, "limit", limit);
	json_uint(input, "types", mask);
	task_start(n, r, search_run, input);
}

/* ---- import ---- */

struct import {
	bool is_new;
	struct node *n;
	struct http_request *r;
	json_t *dirs;
};

/* A broken file: where, and what to do. */
static void
fail_fault(struct http_request *r, const json_t *fault)
{
	const char *column =
	    json_string_value(json_object_get(fault, "column"));

	http_fail(r, 422, "E3708", "dir",
	    json_string_value(json_object_get(fault, "hint")),
	    "%s, line %" JSON_INTEGER_FORMAT "%s%s: %s",
	    json_string_value(json_object_get(fault, "file")),
	    json_integer_value(json_object_get(fault, "line")),
	    column[0] == 0 ? "" : ", column ", column,
	    json_string_value(json_object_get(fault, "message")));
}

/* The new directory, the last, beside others of its kind: both count. */
static void
warn_twice(const json_t *dirs, json_t *o)
{
	const size_t n = json_array_size(dirs);
	const json_t *new = json_array_get(dirs, n - 1);
	const char *source = json_string_value(json_object_get(new, "source"));
	json_t *warnings = json_object_get(o, "warnings");

	if (!json_is_array(warnings)) {
		warnings = json_array();
		(void)json_object_set_new(o, "warnings", warnings);
	}
	for (size_t i = 0; i + 1 < n; i++) {
		const json_t *dir = json_array_get(dirs, i);
		const char *other =
		    json_string_value(json_object_get(dir, "source"));
		if (strcmp(source, other) == 0)
			(void)json_array_append_new(warnings,
			    json_sprintf("%s of %s is in force as well; to "
					 "remove it: ohcn vocabulary remove %s",
				source,
				json_string_value(json_object_get(dir, "dir")),
				json_string_value(
				    json_object_get(dir, "dir"))));
	}
}

static void
on_loaded(void *ctx, err e, json_t *report, json_t *gone)
{
	struct import *m = ctx;
	struct node *n = m->n;

	if (e == OK)
		e = vault_put(n->vault, VOCABULARY_DIRS, m->dirs);
	const json_t *fault =
	    json_array_get(json_object_get(report, "errors"), 0);
	if (e == ERR_FORM && fault != NULL) {
		fail_fault(m->r, fault);
	} else if (e == ERR_NOTFOUND) {
		http_fail(m->r, 404, "E3703", "dir",
		    "the directory with the files as published, unpacked",
		    "no such directory, or no file with terms in it");
	} else if (e == ERR_LIMIT) {
		http_fail(m->r, 422, "E3704", "dir",
		    "raise limits.vocabulary_terms",
		    "the vocabulary is larger than the limits allow");
	} else if (e != OK) {
		http_fail_err(m->r, e, "the vocabulary cannot be imported: %s",
		    err_name(e));
	} else {
		json_t *o =
		    report != NULL ? json_incref(report) : json_object();
		const struct vocabulary *v = n->terms->vocabulary;
		(void)json_object_set(o, "gone", gone);
		if (m->is_new)
			warn_twice(m->dirs, o);
		json_uint(o, "terms_in_all", vocabulary_size(v));
		json_hex(
		    o, "hash", slice_of(vocabulary_hash(v), VOCABULARY_HASH));
		http_reply(m->r, 200, o);
	}
	json_decref(m->dirs);
	free(m);
}

/* Takes ${dirs}. ${is_new}: the last of them has to succeed. */
static void
start_load(struct node *n, struct http_request *r, json_t *dirs, bool is_new)
{
	struct import *m = malloc(sizeof(*m));

	if (m == NULL) {
		json_decref(dirs);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	*m = (struct import){ is_new, n, r, dirs };
	vocabulary_load(n, json_deep_copy(dirs), is_new, on_loaded, m);
}

/* The remembered directories with one more, or again, at the end. */
static json_t *
directories_with(struct node *n, const char *source, const char *dir)
{
	json_t *had = vault_get(n->vault, VOCABULARY_DIRS, NULL), *one;
	json_t *list = json_array();
	size_t i;

	json_array_foreach(had, i, one)
	{
		const char *path =
		    json_string_value(json_object_get(one, "dir"));
		if (path != NULL && strcmp(path, dir) != 0)
			(void)json_array_append(list, one);
	}
	json_decref(had);
	(void)json_array_append_new(
	    list, json_pack("{s:s, s:s}", "source", source, "dir", dir));
	return list;
}

/* false: answered. */
static bool
check_import(struct http_request *r, const char *source, const char *dir)
{
	if (source == NULL ||
	    (strcmp(source, "esco") != 0 && strcmp(source, "onet") != 0 &&
		strcmp(source, "crosswalk") != 0))
		http_fail(r, 422, "E3705", "source", "esco, onet or crosswalk",
		    "the source is missing or not known");
	else if (dir == NULL || dir[0] != '/' || strlen(dir) > 1024)
		http_fail(r, 422, "E3705", "dir",
		    "a directory on the node's machine, from /",
		    "the directory is missing or not absolute");
	else if (vocabulary_loading())
		http_fail(r, 409, "E3706", NULL, "try again in a minute",
		    "a vocabulary is being read already");
	else
		return true;
	return false;
}

void
api_vocabulary_import(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r);
	const char *source = json_string_value(json_object_get(body, "source"));
	const char *dir = json_string_value(json_object_get(body, "dir"));

	if (body == NULL)
		return;
	if (!check_import(r, source, dir)) {
		json_decref(body);
		return;
	}
	json_t *dirs = directories_with(n, source, dir);
	json_decref(body);
	if (json_array_size(dirs) > DIRS_MAX) {
		json_decref(dirs);
		http_fail(r, 422, "E3707", NULL, NULL,
		    "%d directories are imported already", DIRS_MAX);
		return;
	}
	start_load(n, r, dirs, true);
}

/* ---- removal ---- */

void
api_vocabulary_remove(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r), *one;
	const char *name = json_string_value(json_object_get(body, "name"));
	json_t *had = vault_get(n->vault, VOCABULARY_DIRS, NULL);
	json_t *list = json_array();
	size_t i;

	if (body == NULL) {
		json_decref(had);
		json_decref(list);
		return;
	}
	json_array_foreach(had, i, one)
	{
		const char *dir =
		    json_string_value(json_object_get(one, "dir"));
		const char *source =
		    json_string_value(json_object_get(one, "source"));
		if (name == NULL || dir == NULL || source == NULL ||
		    (strcmp(dir, name) != 0 && strcmp(source, name) != 0))
			(void)json_array_append(list, one);
	}
	const bool found = json_array_size(list) < json_array_size(had);
	json_decref(had);
	if (!found)
		http_fail(r, 404, "E3709", "name",
		    "esco, onet, crosswalk or a directory: ohcn vocabulary "
		    "list",
		    "no imported vocabulary is called so");
	else if (vocabulary_loading())
		http_fail(r, 409, "E3706", NULL, "try again in a minute",
		    "a vocabulary is being read already");
	json_decref(body);
	if (!found || vocabulary_loading()) {
		json_decref(list);
		return;
	}
	start_load(n, r, list, false);
}
