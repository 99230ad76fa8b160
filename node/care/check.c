#define _XOPEN_SOURCE 700
#include "node/care/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/pages.h"

#define BATCH   512            /* signatures between two views */
#define PRIVATE "private data" /* a stage */

/* ---- in the child ---- */

err
care_file_open(const char *dir, struct care_file *out)
{
	char path[PATH_TEXT_MAX + 16];
	struct stat st;

	*out = (struct care_file){ .fd = -1 };
	(void)snprintf(path, sizeof(path), "%s/data.mdb", dir);
	out->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (out->fd < 0)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	if (fstat(out->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return ERR_IO;
	if (st.st_size == 0)
		return OK;
	void *p =
	    mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, out->fd, 0);
	if (p == MAP_FAILED)
		return ERR_IO;
	out->bytes = slice_of(p, (size_t)st.st_size);
	return OK;
}

void
care_file_close(struct care_file *f)
{
	if (f->bytes.n > 0)
		(void)munmap((void *)(uintptr_t)f->bytes.p, f->bytes.n);
	if (f->fd >= 0)
		(void)close(f->fd);
	*f = (struct care_file){ .fd = -1 };
}

err
care_look(const struct care_ask *ask, struct map **map, char why[STORE_WHY])
{
	const struct map_lmdb_options options = {
		.map_bytes = MAX(ask->map_size, care_size(ask->dir)),
		.read_only = true,
	};

	return map_lmdb_open(ask->dir, &options, map, why);
}

struct checking {
	struct care_child *c;
	const struct care_ask *ask;
	const char *stage;
	uint64_t faults, private_faults;
	struct pages_report pages;
	struct store_report report;
	uint64_t signatures, after, all;
	unsigned in_view;
	struct arena scratch;
	unsigned version;
};

static void
on_fault(void *ctx, const char *text)
{
	struct checking *k = ctx;

	char more[256];

	k->faults++;
	if (strcmp(k->stage, PRIVATE) != 0) {
		care_say_fault(k->c, text);
		return;
	}
	k->private_faults++;
	(void)snprintf(more, sizeof(more), "%s: %.200s", PRIVATE, text);
	care_say_fault(k->c, more);
}

static bool
on_progress(void *ctx, uint64_t done, uint64_t all)
{
	struct checking *k = ctx;

	care_say_progress(k->c, k->stage, done, all);
	return true;
}

static void
say_io(struct checking *k, err e, const char *dir, const char *why)
{
	struct problem p;

	problem_set(&p, e == ERR_NOTFOUND ? EXIT_NOTFOUND : problem_exit(e),
	    "E1725", "cannot read the store in %s", dir);
	problem_why(&p, "%s", why);
	if (e == ERR_IO)
		problem_hint(&p, "%s", CARE_MAY_YOU);
	care_say_problem(k->c, &p);
}

/* The pages as they are now; ${map}, if any, holds them still. */
static err
check_pages(struct checking *k, const char *dir, const char *stage,
    struct map *map, struct pages_report *report)
{
	struct map_txn *t = NULL;
	struct care_file f = { .fd = -1 };
	err e = map == NULL ? OK : map_begin(map, false, &t);

	k->stage = stage;
	care_say_progress(k->c, stage, 0, 0);
	if (e == OK)
		e = care_file_open(dir, &f);
	if (e == OK)
		e = pages_check(f.bytes, on_fault, on_progress, k, report);
	if (e == OK)
		k->faults +=
		    report->faults - MIN(report->faults, STORE_FAULTS_TOLD);
	care_file_close(&f);
	if (t != NULL)
		map_abort(t);
	return e;
}

static bool
on_signed(void *ctx, const struct store_record *s)
{
	struct checking *k = ctx;
	struct record r;
	char text[80];

	arena_reset(&k->scratch);
	enum record_outcome o = record_read(s->bytes, &k->scratch, &r);
	if (o == RECORD_FINE)
		o = record_verify(&r, &k->scratch);
	if (o != RECORD_FINE) {
		(void)snprintf(text, sizeof(text),
		    "record %" PRIu64 ": its signature does not hold (%s)",
		    s->rid, record_outcome_name(o));
		on_fault(k, text);
	}
	k->signatures++;
	k->after = s->rid;
	return ++k->in_view < BATCH;
}

/* In short views: pages that a view can see are not reused meanwhile. */
static err
check_signatures(struct checking *k, struct store *s)
{
	err e = OK;

	k->scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	if (k->scratch.p == NULL)
		return ERR_NOMEM;
	do {
		struct store_view *v = NULL;
		care_say_progress(
		    k->c, "signatures", k->signatures, k->report.records);
		k->in_view = 0;
		e = store_view_open(s, &v);
		if (e == OK)
			e = store_each_arrival(v, k->after, on_signed, k);
		store_view_close(v);
	} while (e == OK && k->in_view == BATCH);
	free(k->scratch.p);
	return e;
}

static err
check_records(struct checking *k, struct store *s)
{
	struct store_view *v = NULL;

	care_say_progress(k->c, "records", 0, 0);
	TRY(store_view_open(s, &v));
	const err e = store_check(v, STORE_CHECK, on_fault, k, &k->report);
	store_view_close(v);
	TRY(e);
	return k->ask->signatures ? check_signatures(k, s) : OK;
}

/* false: a problem was said instead. */
static bool
check_store(struct checking *k, struct map *map)
{
	const struct store_config cf = { .net = slice_str(k->ask->net),
		.read_only = true };
	struct store *s = NULL;
	struct problem p;
	char why[STORE_WHY] = "";

	err e = store_open(map, &cf, &s, why);
	if (e == ERR_CORRUPT) {
		on_fault(k, why);
		return true;
	}
	if (e != OK) {
		problem_set(&p,
		    e == ERR_AUTH     ? EXIT_CONFIG
		    : e == ERR_CONFIG ? EXIT_NEWER
				      : problem_exit(e),
		    "E1301", "cannot open the store in %s", k->ask->dir);
		problem_why(&p, "%s", why);
		if (e == ERR_AUTH)
			problem_hint(&p, "%s", CARE_OTHER_NET);
		care_say_problem(k->c, &p);
		return false;
	}
	k->version = store_info(s).version;
	if (!store_info(s).must_migrate)
		e = check_records(k, s);
	store_close(s);
	/* LMDB has many words for a tree that makes no sense. */
	if (e != OK && e != ERR_NOMEM) {
		on_fault(k, "the store cannot be read to its end");
		return true;
	}
	if (e != OK)
		say_io(k, e, k->ask->dir, err_name(e));
	return e == OK;
}

static json_t *
result_of(const struct checking *k, bool complete)
{
	return json_pack("{s:I,s:I,s:b,s:i,s:I,s:I,s:I,s:{s:I,s:I,s:I,s:I}}",
	    "faults", (json_int_t)k->faults, "private_faults",
	    (json_int_t)k->private_faults, "complete", complete, "version",
	    (int)k->version, "records", (json_int_t)k->report.records,
	    "entries", (json_int_t)k->report.entries, "signatures",
	    (json_int_t)k->signatures, "pages", "all",
	    (json_int_t)k->pages.pages, "used", (json_int_t)k->pages.used,
	    "free", (json_int_t)k->pages.unused, "lost",
	    (json_int_t)k->pages.lost);
}

/* The pages of the private data; what is in them is sealed. */
static void
check_private(struct checking *k)
{
	const struct care_ask ask = { .dir = k->ask->private,
		.map_size = UINT64_C(1) << 30 };
	struct pages_report report;
	struct map *map = NULL;
	char why[STORE_WHY] = "";

	if (ask.dir == NULL || care_size(ask.dir) == 0)
		return;
	k->stage = PRIVATE;
	err e = care_look(&ask, &map, why);
	if (e == OK)
		e = check_pages(k, ask.dir, PRIVATE, map, &report);
	else if (e == ERR_CORRUPT)
		on_fault(k, why);
	map_close(map);
}

static void
check_work(struct care_child *c, void *arg)
{
	struct checking k = { .c = c, .ask = arg, .stage = "" };
	struct map *map = NULL;
	char why[STORE_WHY] = "";
	bool said = false;

	err e = care_look(k.ask, &map, why);
	if (e == ERR_CORRUPT) {
		on_fault(&k, why);
		/* LMDB refuses it: then nobody writes it either. */
		e = check_pages(&k, k.ask->dir, "pages", NULL, &k.pages);
		if (e == OK)
			care_say_result(c, result_of(&k, false));
		else
			say_io(&k, e, k.ask->dir, err_name(e));
		return;
	}
	if (e == OK)
		e = check_pages(&k, k.ask->dir, "pages", map, &k.pages);
	if (e == OK && !k.ask->quick)
		said = !check_store(&k, map);
	else if (e != OK)
		say_io(&k, e, k.ask->dir, why[0] ? why : err_name(e));
	map_close(map);
	if (e != OK || said)
		return;
	check_private(&k);
	care_say_result(c, result_of(&k, true));
}

/* For a file that LMDB dies of: where it is damaged. */
static void
pages_work(struct care_child *c, void *arg)
{
	struct checking k = { .c = c, .ask = arg };
	const err e = check_pages(&k, k.ask->dir, "pages", NULL, &k.pages);

	if (e == OK)
		care_say_result(c, result_of(&k, false));
	else
		say_io(&k, e, k.ask->dir, err_name(e));
}

/* ---- in the parent ---- */

struct keeping {
	const struct care_news *news;
	json_t *texts;
	bool pages_done;
};

static void
keep_progress(void *ctx, const char *stage, uint64_t done, uint64_t all)
{
	struct keeping *k = ctx;

	k->pages_done = strcmp(stage, "pages") != 0;
	if (k->news->progress != NULL)
		k->news->progress(k->news->ctx, stage, done, all);
}

static void
keep_fault(void *ctx, const char *text)
{
	struct keeping *k = ctx;

	if (json_array_size(k->texts) < STORE_FAULTS_TOLD)
		(void)json_array_append_new(k->texts, json_string(text));
	if (k->news->fault != NULL)
		k->news->fault(k->news->ctx, text);
}

err
care_check(const struct care_ask *ask, const struct care_news *news,
    json_t **result, struct problem *p)
{
	struct keeping k = { .news = news, .texts = json_array() };
	const struct care_news mine = { keep_progress, keep_fault, &k };
	union {
		const struct care_ask *in;
		void *out;
	} arg = { ask };
	char text[1100];

	err e = care_run(check_work, arg.out, &mine, result, p);
	if (e == ERR_CORRUPT) {
		(void)snprintf(text, sizeof(text), "%s (%s)", p->what, p->why);
		keep_fault(&k, text);
		e = k.pages_done
			? OK
			: care_run(pages_work, arg.out, &mine, result, p);
		if (e == ERR_CORRUPT) /* it cannot even be read */
			e = OK;
		if (e == OK && *result == NULL)
			*result = json_pack("{s:b}", "complete", false);
	}
	if (e == OK) {
		const json_int_t said =
		    json_integer_value(json_object_get(*result, "faults"));
		(void)json_object_set_new(*result, "faults",
		    json_integer(
			MAX(said, (json_int_t)json_array_size(k.texts))));
		(void)json_object_set(*result, "texts", k.texts);
	}
	json_decref(k.texts);
	return e == OK || e == ERR_CLOSED ? e : ERR_CLOSED;
}
