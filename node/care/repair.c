/*
 * Repair: what is sound goes into a new store beside the damaged one. First
 * by its trees, as far as they lead; then, where pages are damaged or LMDB
 * dies of them, from every leaf that there is, since a tree that is broken
 * near its root hides most of what is sound.
 */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "node/care/change.h"
#include "store/salvage.h"

#define LOST_KEPT 1000 /* texts of a report */

struct repairing {
	const struct care_ask *ask;
	const char *fresh;
	bool raw; /* LMDB cannot be let near the old file */
	struct care_child *c;
	struct store_repaired report;
	struct store_salvaged salvaged;
	struct map *map;     /* of the new store */
	struct store *store; /* the new one */
};

/* ---- in the child ---- */

static void
on_lost(void *ctx, const char *text)
{
	struct repairing *r = ctx;

	care_say_fault(r->c, text);
}

static bool
on_salvage(void *ctx, uint64_t done, uint64_t all)
{
	struct repairing *r = ctx;

	care_say_progress(r->c, "salvage", done, all);
	return true;
}

/* The mark of node and machine, so that the store has not "moved". */
static void
mark_of(struct map *map, uint8_t mark[STORE_MARK])
{
	struct map_txn *t = NULL;
	struct slice v;

	if (map_begin(map, false, &t) != OK)
		return;
	if (map_get(t, TABLE_META, slice_str("mark"), &v) == OK &&
	    v.n == STORE_MARK)
		memcpy(mark, v.p, STORE_MARK);
	map_abort(t);
}

static struct store_config
new_config(const struct repairing *r)
{
	struct store_config cf = { .net = slice_str(r->ask->net) };

	crypto_random(cf.random, sizeof(cf.random));
	return cf;
}

static err
open_new(struct repairing *r, char why[STORE_WHY])
{
	const struct map_lmdb_options options = { .map_bytes = r->ask->map_size,
		.create = true };

	return map_lmdb_open(r->fresh, &options, &r->map, why);
}

/* By the trees of the old one. */
static err
by_trees(struct repairing *r, char why[STORE_WHY])
{
	struct store_config cf = new_config(r);
	struct map *old = NULL;

	care_say_progress(r->c, "trees", 0, 0);
	TRY(care_look(r->ask, &old, why));
	mark_of(old, cf.mark);
	err e = open_new(r, why);
	if (e == OK)
		e = store_repair(old, r->map, &cf, on_lost, r, &r->report, why);
	map_close(old);
	return e == OK ? store_open(r->map, &cf, &r->store, why) : e;
}

static err
without_trees(struct repairing *r, char why[STORE_WHY])
{
	const struct store_config cf = new_config(r);

	TRY(open_new(r, why));
	return store_open(r->map, &cf, &r->store, why);
}

/* Does the old file have damaged pages? Then its leaves are looked through. */
static err
by_leaves(struct repairing *r)
{
	struct pages_report pages;
	struct care_file f = { .fd = -1 };

	err e = care_file_open(r->ask->dir, &f);
	if (e == OK && !r->raw)
		e = pages_check(f.bytes, NULL, NULL, NULL, &pages);
	if (e == OK && (r->raw || pages.faults > 0))
		e = store_salvage(r->store, f.bytes, (uint64_t)time(NULL),
		    on_salvage, r, &r->salvaged);
	care_file_close(&f);
	return e;
}

static err
totals_of(struct store *s, struct store_totals *out)
{
	struct store_view *v = NULL;

	TRY(store_view_open(s, &v));
	const err e = store_totals(v, out);
	store_view_close(v);
	return e;
}

static void
repair_work(struct care_child *c, void *arg)
{
	struct repairing *r = arg;
	struct store_totals totals = { 0 };
	struct problem p;
	char why[STORE_WHY] = "";

	r->c = c;
	err e = r->raw ? without_trees(r, why) : by_trees(r, why);
	if (e == OK)
		e = by_leaves(r);
	if (e == OK)
		e = store_private_put(
		    r->store, slice_str(CARE_CHANGED), slice_str("1"));
	if (e == OK)
		e = totals_of(r->store, &totals);
	if (e != OK && why[0] == '\0' && r->store != NULL)
		(void)snprintf(why, sizeof(why), "%s", store_why(r->store));
	store_close(r->store);
	map_close(r->map);
	if (e == OK) {
		/* Without its trees nobody knows how much there was. */
		json_t *lost =
		    r->raw
			? json_null()
			: json_integer((json_int_t)(r->report.lost -
						    MIN(r->report.lost,
							r->salvaged.stored)));
		care_say_result(
		    c, json_pack("{s:I,s:I,s:I,s:I,s:o,s:I}", "records",
			   (json_int_t)totals.records, "own",
			   (json_int_t)totals.own, "floors",
			   (json_int_t)totals.floors, "private",
			   (json_int_t)r->report.private, "lost", lost,
			   "salvaged", (json_int_t)r->salvaged.stored));
		return;
	}
	problem_set(&p,
	    e == ERR_AUTH      ? EXIT_CONFIG
	    : e == ERR_CONFIG  ? EXIT_NEWER
	    : e == ERR_CORRUPT ? EXIT_DAMAGED
			       : problem_exit(e),
	    "E1740", "the store in %s cannot be repaired", r->ask->dir);
	problem_why(&p, "%s", why[0] != '\0' ? why : err_name(e));
	if (e == ERR_AUTH)
		problem_hint(&p, "%s", CARE_OTHER_NET);
	if (e == ERR_IO || e == ERR_LIMIT)
		problem_hint(&p, "is the disk full? nothing was changed");
	care_say_problem(c, &p);
}

/* ---- in the parent ---- */

struct keeping {
	const struct care_news *news;
	json_t *texts;
};

static void
keep_progress(void *ctx, const char *stage, uint64_t done, uint64_t all)
{
	const struct keeping *k = ctx;

	if (k->news->progress != NULL)
		k->news->progress(k->news->ctx, stage, done, all);
}

static void
keep_lost(void *ctx, const char *text)
{
	const struct keeping *k = ctx;

	if (json_array_size(k->texts) < LOST_KEPT)
		(void)json_array_append_new(k->texts, json_string(text));
	if (k->news->fault != NULL)
		k->news->fault(k->news->ctx, text);
}

/* Is there an empty file where the new store was begun? Then anew. */
static err
again(const char *fresh, struct problem *p)
{
	if (care_remove(fresh) == OK)
		return OK;
	problem_set(p, EXIT_DISK, "E1727", "cannot remove %s", fresh);
	return ERR_CLOSED;
}

static err
repair_into(const struct care_ask *ask, const char *fresh,
    const struct care_news *news, json_t **result, struct problem *p)
{
	struct repairing r = { .ask = ask, .fresh = fresh };
	struct problem first;

	err e = care_run(repair_work, &r, news, result, p);
	/*
	 * Whatever LMDB said of a broken tree: without it then. Not for what
	 * is sound but of another net, or of a newer ohcn.
	 */
	if (e == OK || p->exit == EXIT_CONFIG || p->exit == EXIT_NEWER ||
	    p->exit == EXIT_NOTFOUND)
		return e;
	first = *p;
	TRY(again(fresh, p));
	r.raw = true;
	e = care_run(repair_work, &r, news, result, p);
	if (e == OK &&
	    json_integer_value(json_object_get(*result, "records")) == 0) {
		json_decref(*result);
		*result = NULL;
		*p = first;
		problem_hint(p, "nothing of it can be saved: ohcn store "
				"restore DIR, or move it away and let peers "
				"send everything again");
		return ERR_CLOSED;
	}
	return e;
}

err
care_repair(const struct care_ask *ask, const struct care_news *news,
    json_t **result, struct problem *p)
{
	struct keeping k = { .news = news, .texts = json_array() };
	const struct care_news mine = { keep_progress, keep_lost, &k };
	char fresh[PATH_TEXT_MAX], aside[PATH_TEXT_MAX];
	int fd = -1;

	*result = NULL;
	if (care_lock(ask->dir, &fd, p) != OK) {
		json_decref(k.texts);
		return ERR_CLOSED;
	}
	err e = care_room(ask->dir, care_size(ask->dir), p);
	if (e == OK)
		e = care_fresh(ask->dir, "repair", fresh, p);
	if (e == OK) {
		e = repair_into(ask, fresh, &mine, result, p);
		if (e == OK)
			e = care_swap(ask->dir, fresh, "broken", aside, p);
		if (e != OK)
			care_drop(fresh);
	}
	(void)close(fd);
	if (e == OK) {
		(void)json_object_set_new(*result, "aside", json_string(aside));
		(void)json_object_set(*result, "texts", k.texts);
	} else {
		json_decref(*result);
		*result = NULL;
	}
	json_decref(k.texts);
	return e == OK ? OK : ERR_CLOSED;
}
