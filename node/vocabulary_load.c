#include "node/vocabulary_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "match/core.h"
#include "node/import/vocabulary.h"
#include "node/keys/vault.h"
#include "proto/base/text.h"

#define OWN_LINKS_MAX 8

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
	json_t *own;  /* VOCABULARY_OWN */
	bool is_new;
	uint32_t terms_max;
	uv_work_t work;
	vocabulary_loaded *done_fn;
	void *ctx;
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
	TRY(vocabulary_builder_origin(builder, source));
	if (strcmp(source, "crosswalk") == 0)
		return import_crosswalk(path, sink, &o, report);
	return strcmp(source, "esco") == 0
		   ? import_esco(path, sink, &o, report)
		   : import_onet(path, sink, &o, report);
}

static bool
is_crosswalk(const json_t *dir)
{
	const char *source = json_string_value(json_object_get(dir, "source"));

	return source != NULL && strcmp(source, "crosswalk") == 0;
}

/* A list of hexadecimal terms. */
static size_t
links_get(const json_t *list, uint64_t out[OWN_LINKS_MAX])
{
	size_t i, n = 0;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		const char *text = json_string_value(one);
		if (text != NULL && n < OWN_LINKS_MAX)
			out[n++] = strtoull(text, NULL, 16);
	}
	return n;
}

/* What its owner named, when no vocabulary had it. */
static err
add_own(struct vocabulary_builder *builder, const json_t *list)
{
	static const char *const types[TERM_TYPES] = { "", "skill", "knowledge",
		"interest", "occupation", "purpose" };
	size_t i;
	json_t *own;

	if (json_array_size(list) > 0)
		TRY(vocabulary_builder_origin(builder, "own"));
	json_array_foreach(list, i, own)
	{
		uint64_t broader[OWN_LINKS_MAX], same_as[OWN_LINKS_MAX];
		struct term_label labels[OWN_LINKS_MAX];
		struct term_entry e = { .source = SOURCE_IMPORTED,
			.type = TERM_SKILL,
			.labels = labels,
			.broader = broader,
			.same_as = same_as };
		const char *uri =
		    json_string_value(json_object_get(own, "uri"));
		const char *type =
		    json_string_value(json_object_get(own, "type"));
		const char *code;
		json_t *text;
		e.uri = slice_str(uri == NULL ? "" : uri);
		for (int k = TERM_SKILL; type != NULL && k < TERM_TYPES; k++)
			if (strcmp(type, types[k]) == 0)
				e.type = (enum term_type)k;
		json_object_foreach(json_object_get(own, "labels"), code, text)
		{
			if (e.labels_n < OWN_LINKS_MAX && json_is_string(text))
				labels[e.labels_n++] = (struct term_label){
					language_code(slice_str(code)), true,
					slice_str(json_string_value(text))
				};
		}
		e.broader_n =
		    links_get(json_object_get(own, "broader"), broader);
		e.same_as_n =
		    links_get(json_object_get(own, "same_as"), same_as);
		const err r = vocabulary_builder_add(builder, &e);
		if (r != OK && r != ERR_FORM)
			return r;
	}
	return OK;
}

/* Crosswalks link what the other directories have: they come last. */
static err
build(struct building *b, struct vocabulary_builder *builder)
{
	const size_t n = json_array_size(b->dirs);

	TRY(core_vocabulary_add(builder));
	for (size_t k = 0; k < 2 * n; k++) {
		const size_t i = k % n;
		const json_t *dir = json_array_get(b->dirs, i);
		json_t *report = NULL;
		if (is_crosswalk(dir) != (k >= n))
			continue;
		const err e = read_directory(b, builder, dir, &report);
		if (b->is_new && i + 1 == n) {
			b->report = report;
			if (e != OK)
				return e;
			continue;
		}
		json_decref(report);
		if (e != OK) /* one of before: go on without it, and tell */
			(void)json_array_append(
			    b->gone, json_array_get(b->dirs, i));
	}
	return add_own(builder, b->own);
}

static void
building_run(struct building *b)
{
	struct vocabulary_limits limits = vocabulary_limits_default;
	struct vocabulary_builder *builder;

	limits.terms_max = b->terms_max;
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
	json_decref(b->own);
	json_decref(b->report);
	json_decref(b->gone);
	free(b);
}

static struct building *
building_new(struct node *n)
{
	struct building *b = calloc(1, sizeof(*b));

	if (b == NULL || uv_mutex_init(&b->lock) != 0) {
		free(b);
		return NULL;
	}
	b->gone = json_array();
	if (uv_async_init(&n->loop, &b->async, on_news) != 0) {
		uv_mutex_destroy(&b->lock);
		json_decref(b->gone);
		free(b);
		return NULL;
	}
	b->n = n;
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
	const err e = hex_put(
	    hash, sizeof(hash), slice_of(vocabulary_hash(v), VOCABULARY_HASH));
	ASSERT(e == OK);
	env_log(&b->n->env, LOG_INFO, "vocabulary", "terms=%" PRIu32 " hash=%s",
	    vocabulary_size(v), hash);
	node_event(b->n, "vocabulary",
	    json_pack("{s:s, s:I, s:s}", "state", "ready", "terms",
		(json_int_t)vocabulary_size(v), "hash", hash));
	return OK;
}

static bool building_now; /* one at a time; the loop's thread alone */

bool
vocabulary_loading(void)
{
	return building_now;
}

static void
on_build_work(uv_work_t *work)
{
	building_run(CONTAINER_OF(work, struct building, work));
}

static void
on_build_done(uv_work_t *work, int status)
{
	struct building *b = CONTAINER_OF(work, struct building, work);
	const err e = building_install(b);

	(void)status;
	building_now = false;
	b->done_fn(b->ctx, e, b->report, b->gone);
	building_end(b);
}

static void
load(struct node *n, json_t *dirs, json_t *own, bool is_new,
    vocabulary_loaded *done, void *ctx)
{
	struct building *b = building_new(n);

	ASSERT(!building_now);
	if (b == NULL) {
		json_decref(dirs);
		json_decref(own);
		done(ctx, ERR_NOMEM, NULL, NULL);
		return;
	}
	b->dirs = dirs;
	b->own = own;
	b->is_new = is_new;
	b->terms_max = n->config->limits.vocabulary_terms;
	b->done_fn = done;
	b->ctx = ctx;
	building_now = true;
	const int rc =
	    uv_queue_work(&n->loop, &b->work, on_build_work, on_build_done);
	ASSERT(rc == 0);
}

void
vocabulary_load(struct node *n, json_t *dirs, bool is_new,
    vocabulary_loaded *done, void *ctx)
{
	load(n, dirs, vault_get(n->vault, VOCABULARY_OWN, NULL), is_new, done,
	    ctx);
}

void
vocabulary_load_own(struct node *n, json_t *dirs, json_t *own,
    vocabulary_loaded *done, void *ctx)
{
	load(n, dirs, own, false, done, ctx);
}

static void
on_reloaded(void *ctx, err e, json_t *report, json_t *gone)
{
	struct node *n = ctx;

	(void)report;
	(void)gone; /* told one by one */
	if (e != OK)
		env_log(&n->env, LOG_UNUSUAL, "vocabulary_not_loaded",
		    "error=%s what=\"the core alone is used\"", err_name(e));
}

void
vocabulary_reload(struct node *n)
{
	json_t *dirs = vault_get(n->vault, VOCABULARY_DIRS, NULL);
	json_t *own = vault_get(n->vault, VOCABULARY_OWN, NULL);

	if ((json_array_size(dirs) == 0 && json_array_size(own) == 0) ||
	    building_now)
		json_decref(dirs);
	else
		vocabulary_load(n, dirs == NULL ? json_array() : dirs, false,
		    on_reloaded, n);
	json_decref(own);
}
