#include "node/company/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/access/scope.h"
#include "node/base/json.h"
#include "node/company/fetch.h"
#include "node/keys/persona.h"
#include "node/keys/vault.h"
#include "proto/base/text.h"

#define PREFIX       "feed/"
#define IDS_PREFIX   "feed-ids/"
#define IDS_CHUNK    200
#define EVERY_USUAL  (6 * 3600)
#define EVERY_MAX    (30 * 86400)
#define BACK_OFF_S   900
#define ASK_FROM     4 /* known ones: of fewer, half is not much */
#define ERRORS_SHOWN 20

struct feed {
	uint32_t persona;
	char name[FEED_NAME_MAX + 1];
	json_t *v; /* as it lies in the vault */
};

/* The one that is being read. */
struct reading {
	struct feed *feed;
	bool busy, dry, archive_all; /* the owner has said yes */
	uint64_t asked;              /* to how many */
	feed_done *done;
	void *ctx;
	struct fetch fetch;
	uv_work_t work;
	char *text; /* of the file */
	uint8_t hash[32];
	json_t *known; /* external ids, as keys */
};

struct feeds {
	import_start_fn *import;
	struct node *n;
	struct feed list[FEEDS_MAX];
	unsigned count;
	struct reading now;
	struct feed_stats stats;
};

/* ---- the vault ---- */

static bool
is_name(const char *name)
{
	const size_t n = strlen(name);

	return n >= 1 && n <= FEED_NAME_MAX && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static err
feed_keep(struct node *n, const struct feed *f)
{
	char own[PERSONA_VAULT_NAME];

	(void)snprintf(own, sizeof(own), PREFIX "%s", f->name);
	return persona_keep(n, f->persona, own, f->v);
}

static void
ids_name(char out[PERSONA_VAULT_NAME], const struct feed *f, unsigned chunk)
{
	(void)snprintf(
	    out, PERSONA_VAULT_NAME, IDS_PREFIX "%s/%u", f->name, chunk);
}

static json_t *
ids_load(struct node *n, const struct feed *f)
{
	json_t *all = json_object();

	for (unsigned i = 0; i * IDS_CHUNK < FEED_IDS_MAX; i++) {
		char own[PERSONA_VAULT_NAME];
		ids_name(own, f, i);
		json_t *list = persona_value(n, f->persona, own, NULL), *one;
		size_t k;
		json_array_foreach(json_object_get(list, "ids"), k, one)(void)
		    json_object_set_new(
			all, json_string_value(one), json_true());
		json_decref(list);
	}
	return all;
}

static err
ids_keep(struct node *n, const struct feed *f, const json_t *all)
{
	void *it = json_object_iter((json_t *)(uintptr_t)all);
	err e = OK;

	for (unsigned i = 0; e == OK && i * IDS_CHUNK < FEED_IDS_MAX; i++) {
		char own[PERSONA_VAULT_NAME];
		json_t *list = json_array();
		for (unsigned k = 0; it != NULL && k < IDS_CHUNK; k++) {
			(void)json_array_append_new(
			    list, json_string(json_object_iter_key(it)));
			it =
			    json_object_iter_next((json_t *)(uintptr_t)all, it);
		}
		ids_name(own, f, i);
		const bool none = json_array_size(list) == 0;
		json_t *o = json_pack("{s:o}", "ids", list);
		e = none ? persona_drop(n, f->persona, own)
			 : persona_keep(n, f->persona, own, o);
		if (none && e == ERR_NOTFOUND)
			e = OK;
		json_decref(o);
	}
	return e;
}

/* ---- one ---- */

static struct feed *
find(const struct node *n, uint32_t persona, const char *name)
{
	struct feeds *s = n->feeds;

	for (unsigned i = 0; i < s->count; i++)
		if (s->list[i].persona == persona &&
		    strcmp(s->list[i].name, name) == 0)
			return &s->list[i];
	return NULL;
}

static uint64_t
number_of(const json_t *o, const char *key)
{
	const json_int_t v = json_integer_value(json_object_get(o, key));

	return v < 0 ? 0 : (uint64_t)v;
}

static json_t *
shown(struct node *n, const struct feed *f)
{
	static const char *const inner[] = { "etag", "modified", "hash" };
	json_t *o = json_copy(f->v), *known = ids_load(n, f);

	for (size_t i = 0; i < ARRAY_LEN(inner); i++)
		(void)json_object_del(o, inner[i]);
	(void)json_object_set_new(o, "name", json_string(f->name));
	json_truth(o, "busy", n->feeds->now.busy && n->feeds->now.feed == f);
	json_uint(o, "known", json_object_size(known));
	json_decref(known);
	return o;
}

json_t *
feeds_json(struct node *n, uint32_t persona)
{
	const struct feeds *s = n->feeds;
	json_t *list = json_array();

	for (unsigned i = 0; i < s->count; i++)
		if (s->list[i].persona == persona)
			(void)json_array_append_new(
			    list, shown(n, &s->list[i]));
	return list;
}

json_t *
feed_json(struct node *n, uint32_t persona, const char *name)
{
	const struct feed *f = find(n, persona, name);

	return f == NULL ? NULL : shown(n, f);
}

/* What the owner set, into ${v}; false: ${field} and ${why}. */
static bool
take_settings(const struct node *n, const json_t *what, json_t *v,
    const char **field, const char **why)
{
	const char *url = json_string_value(json_object_get(what, "url"));
	const char *format = json_string_value(json_object_get(what, "format"));
	const json_t *every = json_object_get(what, "every");
	const json_t *region = json_object_get(what, "region");
	const json_t *map = json_object_get(what, "map");
	const json_t *archive = json_object_get(what, "archive");
	const char *at = json_string_value(region);

	*field = "url";
	*why = "http:// or https:// without a password in it, or file:NAME in "
	       "feeds.directory";
	if (url == NULL || !fetch_url_good(url))
		return false;
	*field = "format";
	*why = "csv, jobposting or ndjson";
	if (format == NULL)
		format = "jobposting";
	if (strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0 &&
	    strcmp(format, "jobposting") != 0)
		return false;
	*field = "every";
	*why = "seconds, feeds.least_interval to 30 days";
	if (every != NULL &&
	    (!json_is_integer(every) ||
		json_integer_value(every) <
		    (json_int_t)n->config->feeds.least_interval_s ||
		json_integer_value(every) > EVERY_MAX))
		return false;
	*field = "region";
	*why = "a country of two letters";
	if (region != NULL && (at == NULL || strlen(at) != 2))
		return false;
	*field = "map";
	*why = "lines \"name = column\", at most 2000 bytes";
	if (map != NULL &&
	    (!json_is_string(map) || json_string_length(map) > 2000))
		return false;
	(void)json_object_set_new(v, "url", json_string(url));
	(void)json_object_set_new(v, "format", json_string(format));
	(void)json_object_set_new(v, "every",
	    json_integer(
		every == NULL ? EVERY_USUAL : json_integer_value(every)));
	(void)json_object_set_new(
	    v, "region", at == NULL ? json_null() : json_string(at));
	(void)json_object_set_new(v, "map",
	    map == NULL ? json_null() : json_string(json_string_value(map)));
	json_truth(v, "archive", archive == NULL || json_is_true(archive));
	return true;
}

static void
forget_marks(json_t *v)
{
	(void)json_object_set_new(v, "etag", json_string(""));
	(void)json_object_set_new(v, "modified", json_string(""));
	(void)json_object_set_new(v, "hash", json_string(""));
}

err
feed_set(struct node *n, uint32_t persona, const char *name, const json_t *what,
    const char **field, const char **why)
{
	struct feeds *s = n->feeds;
	struct feed *f = find(n, persona, name);

	*field = "name";
	*why = "a-z 0-9 - _, at most 24";
	if (!is_name(name))
		return ERR_FORM;
	if (f != NULL && s->now.busy && s->now.feed == f)
		return ERR_CLOSED;
	json_t *v = f != NULL
			? json_copy(f->v)
			: json_pack("{s:I,s:{},s:n,s:i,s:n,s:[],s:[]}", "made",
			      (json_int_t)node_now(n), "decisions", "last",
			      "fails", 0, "ask", "review", "errors");
	if (!take_settings(n, what, v, field, why)) {
		json_decref(v);
		return ERR_FORM;
	}
	if (f == NULL && s->count == FEEDS_MAX) {
		json_decref(v);
		return ERR_LIMIT;
	}
	forget_marks(v);
	json_uint(v, "next", node_now(n));
	struct feed one = { .persona = persona, .v = v };
	(void)snprintf(one.name, sizeof(one.name), "%s", name);
	const err e = feed_keep(n, &one);
	if (e != OK) {
		json_decref(v);
		return e;
	}
	if (f == NULL)
		f = &s->list[s->count++];
	else
		json_decref(f->v);
	*f = one;
	return OK;
}

err
feed_remove(struct node *n, uint32_t persona, const char *name)
{
	struct feeds *s = n->feeds;
	struct feed *f = find(n, persona, name);
	char own[PERSONA_VAULT_NAME];
	json_t *none = json_object();

	if (f == NULL || s->now.busy) {
		json_decref(none);
		return f == NULL ? ERR_NOTFOUND : ERR_CLOSED;
	}
	err e = ids_keep(n, f, none);
	json_decref(none);
	(void)snprintf(own, sizeof(own), PREFIX "%s", f->name);
	if (e == OK)
		e = persona_drop(n, persona, own);
	if (e != OK)
		return e;
	json_decref(f->v);
	*f = s->list[--s->count];
	return OK;
}

err
feeds_forget(struct node *n, uint32_t persona)
{
	struct feeds *s = n->feeds;

	if (s == NULL)
		return OK;
	if (s->now.busy)
		return ERR_MORE;
	for (size_t i = s->count; i-- > 0;) {
		if (s->list[i].persona != persona)
			continue;
		json_decref(s->list[i].v);
		s->list[i] = s->list[--s->count];
	}
	return OK;
}

err
feed_review(struct node *n, uint32_t persona, const char *name,
    const json_t *decisions, bool archive)
{
	struct feed *f = find(n, persona, name);

	if (f == NULL)
		return ERR_NOTFOUND;
	json_t *v = json_deep_copy(f->v);
	json_t *all = json_object_get(v, "decisions");
	if (decisions != NULL)
		(void)json_object_update(all, (json_t *)(uintptr_t)decisions);
	if (json_object_size(all) > FEED_WORDS_MAX) {
		json_decref(v);
		return ERR_LIMIT;
	}
	const json_t *ask = json_object_get(v, "ask");
	if (archive && json_is_object(ask))
		json_uint(v, "allowed", number_of(ask, "missing"));
	forget_marks(v);
	json_uint(v, "next", node_now(n));
	json_t *old = f->v;
	f->v = v;
	const err e = feed_keep(n, f);
	if (e != OK) {
		f->v = old;
		old = v;
	}
	json_decref(old);
	return e;
}

/* ---- the end of a reading ---- */

static void
next_time(struct node *n, json_t *v, bool failed)
{
	const uint64_t every = number_of(v, "every");
	const uint64_t fails = number_of(v, "fails");
	uint64_t wait = every;
	uint8_t draw[4];

	if (failed && fails < 16)
		wait = MIN(every, (uint64_t)BACK_OFF_S << MIN(fails, 10U));
	n->env.random(n->env.ctx, draw, sizeof(draw));
	wait += get_u32be(draw) % (wait / 10 + 1);
	json_uint(v, "next", node_now(n) + wait);
}

static void
finish(struct feeds *s, const char *result, const char *why, json_t *counts)
{
	struct reading *r = &s->now;
	struct feed *f = r->feed;
	const bool failed = strcmp(result, "failed") == 0;
	feed_done *done = r->done;
	json_t *last = counts != NULL ? counts : json_object();

	(void)json_object_set_new(last, "result", json_string(result));
	(void)json_object_set_new(last, "why", json_string(why));
	json_uint(last, "at", node_now(s->n));
	if (r->dry || s->n->stopping) { /* it is read when we are back */
		json_t *o = shown(s->n, f);
		(void)json_object_set_new(o, "last", last);
		json_truth(o, "dry_run", r->dry);
		r->busy = false;
		if (done != NULL)
			done(r->ctx, o);
		else
			json_decref(o);
	} else {
		(void)json_object_set_new(f->v, "last", last);
		json_uint(
		    f->v, "fails", failed ? number_of(f->v, "fails") + 1 : 0);
		next_time(s->n, f->v, failed);
		if (feed_keep(s->n, f) != OK)
			env_log(&s->n->env, LOG_UNUSUAL, "feed_not_kept", "-");
		s->stats.failed += failed;
		s->stats.unchanged += strcmp(result, "unchanged") == 0;
		s->stats.changed += strcmp(result, "read") == 0;
		s->stats.asked += strcmp(result, "asks") == 0;
		if (failed)
			env_log(&s->n->env, LOG_UNUSUAL, "feed_failed",
			    "name=%s why=\"%s\"", f->name, why);
		node_event_of(s->n, "feed", f->persona,
		    SCOPE_DEMAND | SCOPE_PUBLISH,
		    json_pack("{s:s,s:s}", "name", f->name, "result", result));
		r->busy = false;
		if (done != NULL)
			done(r->ctx, shown(s->n, f));
	}
	free(r->text);
	free(r->fetch.bytes);
	json_decref(r->known);
	r->text = NULL;
	r->fetch.bytes = NULL;
	r->known = NULL;
}

/* ---- what the rows say ---- */

struct counted {
	uint64_t created, updated, unchanged, archived, errors, held, good;
	json_t *in_file; /* external ids, as keys */
	json_t *review, *errors_list;
};

static void
take_words(struct counted *c, const json_t *row)
{
	const json_t *one;
	size_t i, k;

	json_array_foreach(json_object_get(row, "unmapped"), i, one)
	{
		const char *why =
		    json_string_value(json_object_get(one, "why"));
		const json_t *text = json_object_get(one, "text"), *had;
		bool there = false;
		if (why == NULL || strcmp(why, "unsure") != 0)
			continue;
		json_array_foreach(c->review, k, had) there =
		    there || json_equal(json_object_get(had, "text"), text);
		if (there || json_array_size(c->review) >= FEED_WORDS_MAX / 4)
			continue;
		json_t *o = json_object();
		(void)json_object_set(o, "text", (json_t *)(uintptr_t)text);
		(void)json_object_set(
		    o, "alternatives", json_object_get(one, "alternatives"));
		(void)json_array_append_new(c->review, o);
	}
}

static void
take_row(struct counted *c, const json_t *known, const json_t *row)
{
	const char *state = json_string_value(json_object_get(row, "state"));
	const char *id = json_string_value(json_object_get(row, "external_id"));
	const bool held = json_is_true(json_object_get(row, "held"));

	if (state == NULL)
		return;
	if (strcmp(state, "archived") == 0) {
		c->archived++;
		return;
	}
	c->created += strcmp(state, "created") == 0;
	c->updated += strcmp(state, "updated") == 0;
	c->unchanged += strcmp(state, "unchanged") == 0;
	if (held) {
		c->held++;
		take_words(c, row);
	} else if (strcmp(state, "error") == 0) {
		c->errors++;
		if (json_array_size(c->errors_list) < ERRORS_SHOWN) {
			json_t *o = json_object();
			(void)json_object_set_new(o, "external_id",
			    id == NULL ? json_null() : json_string(id));
			const char *said =
			    json_string_value(json_object_get(row, "message"));
			(void)json_object_set_new(o, "message",
			    json_sprintf("%.200s", said == NULL ? "" : said));
			(void)json_array_append_new(c->errors_list, o);
		}
	}
	c->good += held || strcmp(state, "error") != 0;
	/* What is broken or waits is not missing. What is as it was, and was
	 * not known, came another way: it does not become the feed's. */
	if (id != NULL && id[0] != '\0' &&
	    (strcmp(state, "created") == 0 ||
		json_object_get(known, id) != NULL))
		(void)json_object_set_new(c->in_file, id, json_true());
}

static void
count_rows(struct counted *c, const json_t *known, const json_t *reply)
{
	const json_t *row;
	size_t i;

	*c = (struct counted){ .in_file = json_object(),
		.review = json_array(),
		.errors_list = json_array() };
	json_array_foreach(json_object_get(reply, "rows"), i, row)
	    take_row(c, known, row);
}

static void
counted_drop(struct counted *c)
{
	json_decref(c->in_file);
	json_decref(c->review);
	json_decref(c->errors_list);
}

static json_t *
counts_json(const struct counted *c)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "created",
	    (json_int_t)c->created, "updated", (json_int_t)c->updated,
	    "unchanged", (json_int_t)c->unchanged, "archived",
	    (json_int_t)c->archived, "errors", (json_int_t)c->errors, "held",
	    (json_int_t)c->held);
}

/* ---- first a dry run, then what may be done of it ---- */

static void on_done(void *ctx, const json_t *reply, const char *why);
static void on_looked(void *ctx, const json_t *reply, const char *why);

static json_t *
import_body(const struct reading *r, bool dry, bool archive)
{
	const json_t *v = r->feed->v;
	json_t *in = json_object();

	(void)json_object_set(in, "format", json_object_get(v, "format"));
	(void)json_object_set_new(in, "data", json_string(r->text));
	(void)json_object_set(in, "decisions", json_object_get(v, "decisions"));
	if (json_is_string(json_object_get(v, "region")))
		(void)json_object_set(
		    in, "region", json_object_get(v, "region"));
	if (json_is_string(json_object_get(v, "map")))
		(void)json_object_set(in, "map", json_object_get(v, "map"));
	json_truth(in, "dry_run", dry);
	json_truth(in, "archive_missing", archive);
	return in;
}

static void
run_import(struct feeds *s, bool dry, bool archive, import_done *done)
{
	const struct import_run run = { .persona = s->now.feed->persona,
		.input = import_body(&s->now, dry, archive),
		.archived = json_copy(s->now.known),
		.hold_unsure = true,
		.done = done,
		.ctx = s };

	if (s->import(s->n, &run) != OK)
		finish(s, "failed", "out of memory", NULL);
}

static uint64_t
missing_of(const json_t *known, const json_t *in_file)
{
	const char *id;
	const json_t *v;
	uint64_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)known, id, v) n +=
	    json_object_get(in_file, id) == NULL;
	return n;
}

/* May what is missing be archived? */
static bool
may_archive(struct feeds *s, const struct counted *c)
{
	json_t *v = s->now.feed->v;
	const uint64_t known = json_object_size(s->now.known);
	const uint64_t missing = missing_of(s->now.known, c->in_file);
	/* What was asked and not answered stays so, also if it is less now. */
	const bool much =
	    missing > 0 &&
	    (c->good == 0 || json_is_object(json_object_get(v, "ask")) ||
		(known >= ASK_FROM && 2 * missing >= known));

	if (!json_is_true(json_object_get(v, "archive"))) {
		(void)json_object_set_new(v, "ask", json_null());
		return false;
	}
	if (!much || missing <= number_of(v, "allowed")) {
		(void)json_object_set_new(v, "ask", json_null());
		return true;
	}
	(void)json_object_set_new(v, "ask",
	    json_pack("{s:I,s:I}", "missing", (json_int_t)missing, "known",
		(json_int_t)known));
	return false;
}

static void
on_looked(void *ctx, const json_t *reply, const char *why)
{
	struct feeds *s = ctx;
	struct counted c;

	if (reply == NULL) {
		finish(s, "failed", why, NULL);
		return;
	}
	count_rows(&c, s->now.known, reply);
	if (s->now.dry) {
		json_t *counts = counts_json(&c);
		(void)json_object_set(counts, "review", c.review);
		finish(s, "read", "", counts);
	} else {
		run_import(s, false, may_archive(s, &c), on_done);
	}
	counted_drop(&c);
}

static void
on_done(void *ctx, const json_t *reply, const char *why)
{
	struct feeds *s = ctx;
	struct reading *r = &s->now;
	json_t *v = r->feed->v;
	const bool asks = json_is_object(json_object_get(v, "ask"));
	struct counted c;
	char hex[65] = "";
	const char *id;
	json_t *yes;

	if (reply == NULL) {
		finish(s, "failed", why, NULL);
		return;
	}
	count_rows(&c, r->known, reply);
	/* What is asked about stays known. */
	if (asks || !json_is_true(json_object_get(v, "archive")))
		json_object_foreach(r->known, id, yes)(void)
		    json_object_set(c.in_file, id, yes);
	if (ids_keep(s->n, r->feed, c.in_file) != OK)
		env_log(&s->n->env, LOG_UNUSUAL, "feed_not_kept", "-");
	(void)json_object_set(v, "review", c.review);
	(void)json_object_set(v, "errors", c.errors_list);
	if (!asks)
		(void)json_object_del(v, "allowed");
	/* What waits or failed is looked at again the next time. */
	forget_marks(v);
	if (c.errors == 0 && c.held == 0 && !asks &&
	    hex_put(hex, sizeof(hex), slice_of(r->hash, 32)) == OK) {
		(void)json_object_set_new(v, "hash", json_string(hex));
		(void)json_object_set_new(
		    v, "etag", json_string(r->fetch.etag));
		(void)json_object_set_new(
		    v, "modified", json_string(r->fetch.modified));
	}
	json_t *counts = counts_json(&c);
	const bool held = c.held > 0;
	counted_drop(&c);
	finish(s, asks || held ? "asks" : "read",
	    asks   ? "much is missing that was there: nothing is archived "
		     "until you say so"
	    : held ? "words of unsure meaning wait for a review"
		   : "",
	    counts);
}

/* ---- a reading begins ---- */

static void
on_fetch(uv_work_t *w)
{
	struct reading *r = w->data;
	struct fetch *f = &r->fetch;

	fetch_run(f);
	if (f->outcome != FETCH_GOOD)
		return;
	const struct crypto_part whole = { f->bytes, f->n };
	hash_blake2b(r->hash, 32, "ohcn-feed-file", &whole, 1);
	r->text = f->n == 0 || memchr(f->bytes, 0, f->n) != NULL
		      ? NULL
		      : malloc(f->n + 1);
	if (r->text != NULL) {
		memcpy(r->text, f->bytes, f->n);
		r->text[f->n] = '\0';
	}
}

static void
on_fetched(uv_work_t *w, int status)
{
	struct reading *r = w->data;
	struct feeds *s =
	    (struct feeds *)(void *)((char *)r - offsetof(struct feeds, now));
	const char *had =
	    json_string_value(json_object_get(r->feed->v, "hash"));
	char hex[65] = "";

	(void)status;
	if (s->n->stopping || r->fetch.outcome == FETCH_FAILED) {
		finish(s, "failed",
		    r->fetch.why[0] != '\0' ? r->fetch.why : "it was ended",
		    NULL);
		return;
	}
	if (r->fetch.outcome == FETCH_GOOD &&
	    hex_put(hex, sizeof(hex), slice_of(r->hash, 32)) != OK)
		hex[0] = '\0';
	if (!r->dry &&
	    (r->fetch.outcome == FETCH_SAME ||
		(had != NULL && had[0] != '\0' && strcmp(had, hex) == 0))) {
		finish(s, "unchanged", "", NULL);
		return;
	}
	json_t *text = r->text == NULL ? NULL : json_string(r->text);
	json_decref(text);
	if (text == NULL)
		finish(s, "failed", "it is empty, or no UTF-8 text", NULL);
	else
		run_import(s, true, true, on_looked);
}

err
feed_sync(struct node *n, uint32_t persona, const char *name, bool dry,
    feed_done *done, void *ctx)
{
	struct feeds *s = n->feeds;
	struct feed *f = find(n, persona, name);
	struct reading *r = &s->now;
	const struct config *c = n->config;

	if (f == NULL)
		return ERR_NOTFOUND;
	if (r->busy || n->stopping)
		return ERR_CLOSED;
	*r = (struct reading){ .feed = f,
		.busy = true,
		.dry = dry,
		.done = done,
		.ctx = ctx,
		.known = ids_load(n, f),
		.fetch = { .allow_private = c->feeds.allow_private,
		    .bytes_max = c->limits.body_bytes,
		    .seconds_max = 60 } };
	(void)snprintf(r->fetch.url, sizeof(r->fetch.url), "%s",
	    json_string_value(json_object_get(f->v, "url")));
	(void)snprintf(r->fetch.directory, sizeof(r->fetch.directory), "%s",
	    c->feeds.directory);
	if (config_proxied(c))
		(void)snprintf(r->fetch.proxy, sizeof(r->fetch.proxy),
		    "socks5h://%s", c->network.socks5);
	if (!dry) {
		const char *etag =
		    json_string_value(json_object_get(f->v, "etag"));
		const char *at =
		    json_string_value(json_object_get(f->v, "modified"));
		(void)snprintf(r->fetch.etag, sizeof(r->fetch.etag), "%s",
		    etag == NULL ? "" : etag);
		(void)snprintf(r->fetch.modified, sizeof(r->fetch.modified),
		    "%s", at == NULL ? "" : at);
	}
	r->work.data = r;
	const int rc = uv_queue_work(&n->loop, &r->work, on_fetch, on_fetched);
	ASSERT(rc == 0);
	return OK;
}

/* ---- life ---- */

void
feeds_tick(struct node *n)
{
	struct feeds *s = n->feeds;

	if (s == NULL || s->now.busy || n->stopping)
		return;
	for (unsigned i = 0; i < s->count; i++) {
		struct feed *f = &s->list[i];
		if (number_of(f->v, "next") > node_now(n) ||
		    !persona_may_publish(n, f->persona))
			continue;
		const err e =
		    feed_sync(n, f->persona, f->name, false, NULL, NULL);
		if (e != OK)
			env_log(&n->env, LOG_UNUSUAL, "feed_failed", "name=%s",
			    f->name);
		return;
	}
}

struct loading {
	struct feeds *s;
	uint32_t persona;
};

static bool
on_feed(void *ctx, const char *name, json_t *value)
{
	struct loading *l = ctx;
	const char *last = strrchr(name, '/') + 1;

	if (l->s->count == FEEDS_MAX || !is_name(last) ||
	    !json_is_string(json_object_get(value, "url")))
		return true;
	struct feed *f = &l->s->list[l->s->count++];
	*f = (struct feed){ .persona = l->persona, .v = json_incref(value) };
	(void)snprintf(f->name, sizeof(f->name), "%s", last);
	return true;
}

err
feeds_open(struct node *n, import_start_fn *import)
{
	struct feeds *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NOMEM;
	s->n = n;
	s->import = import;
	n->feeds = s;
	for (uint32_t i = 0; i < persona_count(n); i++) {
		char prefix[PERSONA_VAULT_NAME];
		struct loading l = { s, i };
		persona_vault_name(prefix, i, PREFIX);
		vault_each(n->vault, prefix, on_feed, &l);
	}
	return OK;
}

void
feeds_stop(struct node *n)
{
	if (n->feeds != NULL)
		atomic_store(&n->feeds->now.fetch.stop, true);
}

void
feeds_close(struct node *n)
{
	struct feeds *s = n->feeds;

	n->feeds = NULL;
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->count; i++)
		json_decref(s->list[i].v);
	free(s);
}

void
feed_stats(const struct node *n, struct feed_stats *out)
{
	*out = n->feeds->stats;
	out->feeds = n->feeds->count;
	for (unsigned i = 0; i < n->feeds->count; i++)
		out->failing += number_of(n->feeds->list[i].v, "fails") > 0;
}
