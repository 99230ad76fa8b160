/*
 * The vocabulary over the API: what is loaded, search, import. Imported
 * directories are remembered (sealed, in the vault) and read again at the
 * next start; the files stay where they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "match/core.h"
#include "node/api_parts.h"
#include "node/api_vocabulary.h"
#include "node/import_vocabulary.h"

#define DIRS_MAX 8

/* ---- what is loaded ---- */

static const char *const type_names[TERM_TYPES] = { "", "skill", "knowledge",
	"interest", "occupation", "purpose" };
static const char *const source_names[TERM_SOURCES] = { "core", "imported",
	"record" };

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
		(void)json_object_set(
		    one, "name", json_object_get(dir, "source"));
		(void)json_array_append_new(sources, one);
	}
	(void)json_object_set_new(o, "sources", sources);
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
		"similar" };
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
	const size_t n = search_labels(t->terms->search, slice_str(q), o, hits,
	    MIN(limit, (size_t)SEARCH_HITS_MAX));
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
		    list, hit_json(t->terms->vocabulary, &hits[i], o.language));
	t->result = json_object();
	(void)json_object_set_new(t->result, "terms", list);
}

void
api_vocabulary_search(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *q = http_query(r, "q"), *type = http_query(r, "type");
	uint64_t limit = 0;
	uint32_t mask = 0;

	if (!http_query_uint(r, "limit", LIST_DEFAULT, SEARCH_HITS_MAX, &limit))
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
		http_fail(
		    r, 422, "E3701", "q", "?q=weld", "nothing to look for");
		return;
	}
	json_t *input = json_object();
	(void)json_object_set_new(input, "q", json_string(q));
	json_uint(input, "language", language_of(n, r));
	json_uint(input, "limit", MAX(limit, 1U));
	json_uint(input, "types", mask);
	task_start(n, r, search_run, input);
}

/* ---- import ---- */

/*
 * Building core and all directories again; on a worker. The news of the
 * progress go to the loop by uv_async.
 */
struct building {
	struct node *n;
	uv_async_t async;
	uv_mutex_t lock;
	char file[128]; /* under the lock, as ${done} */
	uint64_t done;
	uint64_t told;
	json_t *dirs; /* [{"source", "dir"}]; the last one is new */
	bool is_new;  /* a request waits; else it is the start */
	struct vocabulary *vocabulary;
	json_t *report; /* of the last directory */
	json_t *gone;   /* those that could not be read */
	err error;
	char why[200];
};

static void
on_progress(void *ctx, const char *file, uint64_t done)
{
	struct building *b = ctx;

	uv_mutex_lock(&b->lock);
	(void)snprintf(b->file, sizeof(b->file), "%s", file);
	b->done = done;
	uv_mutex_unlock(&b->lock);
	(void)uv_async_send(&b->async);
}

static void
on_news(uv_async_t *async)
{
	struct building *b = CONTAINER_OF(async, struct building, async);
	char file[sizeof(b->file)];
	uint64_t done;

	uv_mutex_lock(&b->lock);
	memcpy(file, b->file, sizeof(file));
	done = b->done;
	uv_mutex_unlock(&b->lock);
	if (done == b->told)
		return;
	b->told = done;
	node_event(b->n, "vocabulary",
	    json_pack("{s:s, s:s, s:I}", "state", "reading", "file", file,
		"done", (json_int_t)done));
}

/* One directory into the builder. */
static err
read_directory(struct building *b, struct vocabulary_builder *builder,
    const json_t *dir, json_t **report)
{
	const struct vocabulary_import_options o = { .progress = on_progress,
		.ctx = b };
	const char *source = json_string_value(json_object_get(dir, "source"));
	const char *path = json_string_value(json_object_get(dir, "dir"));
	const struct vocabulary_sink sink = vocabulary_sink_of(builder);

	if (source == NULL || path == NULL)
		return ERR_FORM;
	return strcmp(source, "esco") == 0
		   ? import_esco(path, sink, &o, report)
		   : import_onet(path, sink, &o, report);
}

static err
build(struct building *b, struct vocabulary_builder *builder)
{
	const size_t n = json_array_size(b->dirs);
	size_t i;
	json_t *dir;

	TRY(core_vocabulary_add(builder));
	json_array_foreach(b->dirs, i, dir)
	{
		json_t *report = NULL;
		const err e = read_directory(b, builder, dir, &report);
		if (b->is_new && i + 1 == n) {
			b->report = report;
			if (e != OK)
				return e;
			continue;
		}
		json_decref(report);
		if (e != OK) /* one of before: go on without it, and tell */
			(void)json_array_append(b->gone, dir);
	}
	return OK;
}

static void
building_run(struct building *b, uint32_t terms_max)
{
	struct vocabulary_limits limits = vocabulary_limits_default;
	struct vocabulary_builder *builder;

	limits.terms_max = terms_max;
	builder = vocabulary_builder_new(&limits);
	if (builder == NULL) {
		b->error = ERR_NOMEM;
		return;
	}
	b->error = build(b, builder);
	if (b->error != OK) {
		vocabulary_builder_free(builder);
		return;
	}
	b->error = vocabulary_builder_finish(builder, &b->vocabulary);
}

static void
on_async_closed(uv_handle_t *h)
{
	struct building *b =
	    CONTAINER_OF((uv_async_t *)h, struct building, async);

	uv_mutex_destroy(&b->lock);
	json_decref(b->dirs);
	json_decref(b->report);
	json_decref(b->gone);
	free(b);
}

static struct building *
building_new(struct node *n, json_t *dirs, bool is_new)
{
	struct building *b = calloc(1, sizeof(*b));

	if (b == NULL || uv_mutex_init(&b->lock) != 0) {
		free(b);
		return NULL;
	}
	b->n = n;
	b->dirs = dirs;
	b->is_new = is_new;
	b->gone = json_array();
	if (uv_async_init(&n->loop, &b->async, on_news) != 0) {
		uv_mutex_destroy(&b->lock);
		json_decref(b->gone);
		free(b);
		return NULL;
	}
	return b;
}

static void
building_end(struct building *b)
{
	uv_close((uv_handle_t *)&b->async, on_async_closed);
}

/* Puts the new vocabulary in place; on the loop. */
static err
building_install(struct building *b)
{
	char hash[2 * VOCABULARY_HASH + 1] = "";
	struct vocabulary *v = b->vocabulary;
	size_t i;
	json_t *dir;

	b->vocabulary = NULL;
	if (b->error != OK)
		return b->error;
	TRY(terms_replace(b->n, v));
	json_array_foreach(b->gone, i, dir)
	    env_log(&b->n->env, LOG_UNUSUAL, "vocabulary_gone",
		"dir=\"%s\" what=\"its terms are not understood "
		"until it is back\"",
		json_string_value(json_object_get(dir, "dir")));
	json_t *o = json_object();
	json_hex(o, "hash", slice_of(vocabulary_hash(v), VOCABULARY_HASH));
	(void)snprintf(hash, sizeof(hash), "%s",
	    json_string_value(json_object_get(o, "hash")));
	env_log(&b->n->env, LOG_INFO, "vocabulary", "terms=%" PRIu32 " hash=%s",
	    vocabulary_size(v), hash);
	(void)json_object_set_new(o, "state", json_string("ready"));
	json_uint(o, "terms", vocabulary_size(v));
	node_event(b->n, "vocabulary", o);
	return OK;
}

static bool building_now; /* one at a time; the loop's thread alone */

static void
import_run(struct job *j)
{
	building_run(j->more, (uint32_t)json_integer_value(
				  json_object_get(j->input, "terms_max")));
}

static void
reply_import(struct job *j, struct building *b)
{
	json_t *o = b->report != NULL ? json_incref(b->report) : json_object();

	(void)json_object_set(o, "gone", b->gone);
	json_uint(
	    o, "terms_in_all", vocabulary_size(j->node->terms->vocabulary));
	json_hex(o, "hash",
	    slice_of(
		vocabulary_hash(j->node->terms->vocabulary), VOCABULARY_HASH));
	http_reply(j->request, 200, o);
}

static void
import_done(struct job *j)
{
	struct building *b = j->more;
	err e = building_install(b);

	building_now = false;
	if (e == OK)
		e = vault_put(j->node->vault, VOCABULARY_DIRS, b->dirs);
	if (e == ERR_NOTFOUND)
		http_fail(j->request, 404, "E3703", "dir",
		    "the directory with the files as published, unpacked",
		    "no such directory, or no file with terms in it");
	else if (e == ERR_LIMIT)
		http_fail(j->request, 422, "E3704", "dir",
		    "raise limits.vocabulary_terms",
		    "the vocabulary is larger than the limits allow");
	else if (e != OK)
		http_fail_err(j->request, e,
		    "the vocabulary cannot be imported: %s", err_name(e));
	else
		reply_import(j, b);
	building_end(b);
	job_end(j);
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
	    (strcmp(source, "esco") != 0 && strcmp(source, "onet") != 0))
		http_fail(r, 422, "E3705", "source", "esco or onet",
		    "the source is missing or not known");
	else if (dir == NULL || dir[0] != '/' || strlen(dir) > 1024)
		http_fail(r, 422, "E3705", "dir",
		    "a directory on the node's machine, from /",
		    "the directory is missing or not absolute");
	else if (building_now)
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
	struct building *b = building_new(n, dirs, true);
	if (b == NULL) {
		json_decref(dirs);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	json_t *input = json_object();
	json_uint(input, "terms_max", n->config->limits.vocabulary_terms);
	building_now = true;
	if (!job_start(n, r, import_run, import_done, input, b)) {
		building_now = false;
		building_end(b);
	}
}

/* ---- at the start ---- */

struct starting {
	uv_work_t work;
	struct building *b;
	uint32_t terms_max;
};

static void
on_start_work(uv_work_t *work)
{
	struct starting *s = CONTAINER_OF(work, struct starting, work);

	building_run(s->b, s->terms_max);
}

static void
on_start_done(uv_work_t *work, int status)
{
	struct starting *s = CONTAINER_OF(work, struct starting, work);
	const err e = building_install(s->b);

	(void)status;
	building_now = false;
	if (e != OK)
		env_log(&s->b->n->env, LOG_UNUSUAL, "vocabulary_not_loaded",
		    "error=%s what=\"the core alone is used\"", err_name(e));
	building_end(s->b);
	free(s);
}

void
vocabulary_reload(struct node *n)
{
	json_t *dirs = vault_get(n->vault, VOCABULARY_DIRS, NULL);

	if (json_array_size(dirs) == 0 || building_now) {
		json_decref(dirs);
		return;
	}
	struct starting *s = calloc(1, sizeof(*s));
	struct building *b = s == NULL ? NULL : building_new(n, dirs, false);
	if (b == NULL) {
		free(s);
		json_decref(dirs);
		return;
	}
	s->b = b;
	s->terms_max = n->config->limits.vocabulary_terms;
	building_now = true;
	const int rc =
	    uv_queue_work(&n->loop, &s->work, on_start_work, on_start_done);
	ASSERT(rc == 0);
}
