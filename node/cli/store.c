/*
 * cli/store.c: the care of the store: stat, check, repair, compact, backup,
 * restore, clean. They look at the files themselves, beside a node that runs
 * or without one; with --api they ask that node.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "node/care/change.h"
#include "node/care/stat.h"
#include "node/cli/commands.h"

#define POLL_MS      300
#define FAULTS_SHOWN 20

/* ---- news of what takes long ---- */

struct telling {
	struct cli *cli;
	bool lines;    /* one JSON object a line, for a program */
	bool terminal; /* progress in one place */
	bool shown;
	unsigned faults;
	time_t last;
	char stage[32];
};

static void
tell_progress(void *ctx, const char *stage, uint64_t done, uint64_t all)
{
	struct telling *t = ctx;
	const time_t now = time(NULL);
	const bool same = strcmp(t->stage, stage) == 0;

	if (t->lines) {
		json_t *o = json_pack("{s:s,s:I,s:I}", "stage", stage, "done",
		    (json_int_t)done, "all", (json_int_t)all);
		(void)json_dumpf(o, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		(void)fflush(stdout);
		json_decref(o);
	} else if (!t->cli->quiet && !t->cli->json &&
		   (!same || (t->terminal && now != t->last))) {
		char share[16] = "";
		if (all > 0)
			(void)snprintf(share, sizeof(share), " %u %%",
			    (unsigned)(done * 100 / all));
		(void)fprintf(stderr, "%s%s%s%s", t->terminal ? "\r" : "",
		    stage, share, t->terminal ? "        " : "\n");
		(void)fflush(stderr);
		t->shown = t->terminal;
		t->last = now;
	}
	(void)snprintf(t->stage, sizeof(t->stage), "%s", stage);
}

static void
tell_fault(void *ctx, const char *text)
{
	struct telling *t = ctx;

	if (t->lines) {
		json_t *o = json_pack("{s:s}", "fault", text);
		(void)json_dumpf(o, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		(void)fflush(stdout);
		json_decref(o);
		return;
	}
	if (t->cli->json)
		return;
	if (t->shown)
		(void)fputs("\r\033[K", stderr);
	t->shown = false;
	if (t->faults++ < FAULTS_SHOWN)
		output_line(&t->cli->out, "%s", text);
	else if (t->faults == FAULTS_SHOWN + 1)
		output_line(&t->cli->out, "... (all of them: --json)");
}

static void
tell_end(struct telling *t)
{
	if (t->shown)
		(void)fputs("\r\033[K", stderr);
	t->shown = false;
}

static struct care_news
news_of(struct telling *t, struct cli *cli)
{
	*t = (struct telling){ .cli = cli,
		.lines = cli_flag(cli, "lines") != NULL,
		.terminal = isatty(STDERR_FILENO) == 1 };
	return (struct care_news){ tell_progress, tell_fault, t };
}

static struct care_ask
ask_of(const struct cli *cli)
{
	return (struct care_ask){ .dir = cli->paths.store,
		.net = cli->config.node.network,
		.map_size = cli->config.store.map_size };
}

/* With --lines the last one is the result or the problem. */
static int
end_lines(const struct cli *cli, json_t *result, const struct problem *p)
{
	json_t *o = result != NULL
			? json_pack("{s:O}", "result", result)
			: json_pack("{s:{s:i,s:s,s:s,s:s,s:s}}", "problem",
			      "exit", (int)p->exit, "code", p->code, "what",
			      p->what, "why", p->why, "hint", p->hint);
	const int code = result != NULL ? EXIT_DONE : (int)p->exit;

	(void)cli;
	(void)json_dumpf(o, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	json_decref(o);
	json_decref(result);
	return code;
}

/* ---- through the API, for a node elsewhere ---- */

static bool
is_elsewhere(const struct cli *cli)
{
	return cli->api != NULL || getenv("OHCN_API") != NULL;
}

/* Start a task there and follow it; ${result} is its result. */
static int
follow(struct cli *cli, const char *path, json_t *body, json_t **result)
{
	const struct timespec nap = { 0, POLL_MS * 1000000L };
	struct telling t;
	const struct care_news news = news_of(&t, cli);
	struct problem p = { 0 };
	json_t *job = NULL;
	int code = cli_call(cli, "POST", path, body, &job);

	while (code == EXIT_DONE) {
		const json_t *problem = json_object_get(job, "problem");
		const json_t *done = json_object_get(job, "result");

		news.progress(&t, json_str(job, "stage"),
		    (uint64_t)json_int(job, "done"),
		    (uint64_t)json_int(job, "all"));
		if (json_is_object(done)) {
			*result = json_incref((json_t *)(uintptr_t)done);
			break;
		}
		if (json_is_object(problem)) {
			problem_set(&p,
			    (enum exit_code)json_int(problem, "exit"),
			    json_str(problem, "code"), "%s",
			    json_str(problem, "what"));
			problem_why(&p, "%s", json_str(problem, "why"));
			problem_hint(&p, "%s", json_str(problem, "hint"));
			code = cli_fail(cli, &p);
			break;
		}
		(void)nanosleep(&nap, NULL);
		json_decref(job);
		job = NULL;
		code = cli_call(cli, "GET", "/api/v1/store/task", NULL, &job);
	}
	tell_end(&t);
	json_decref(job);
	return code;
}

/* ---- stat ---- */

struct stat_work {
	const struct care_ask *ask;
	const struct config *config;
};

static void
stat_work(struct care_child *c, void *arg)
{
	const struct stat_work *w = arg;
	const struct store_config cf = { .net = slice_str(w->ask->net),
		.max_bytes = w->config->store.quota_bytes,
		.max_records = w->config->store.quota_records,
		.read_only = true };
	struct map *map = NULL;
	struct store *s = NULL;
	struct store_view *v = NULL;
	struct problem p;
	json_t *result = NULL;
	char why[STORE_WHY] = "";

	err e = care_look(w->ask, &map, why);
	if (e == OK)
		e = store_open(map, &cf, &s, why);
	if (e == OK && store_info(s).must_migrate) {
		result = json_pack("{s:i,s:b}", "version",
		    (int)store_info(s).version, "must_migrate", 1);
	} else if (e == OK) {
		e = store_view_open(s, &v);
		if (e == OK)
			e = care_stat(v, map, &result);
		store_view_close(v);
	}
	store_close(s);
	map_close(map);
	if (e == OK) {
		care_say_result(c, result);
		return;
	}
	problem_set(&p,
	    e == ERR_NOTFOUND  ? EXIT_NOTFOUND
	    : e == ERR_AUTH    ? EXIT_CONFIG
	    : e == ERR_CONFIG  ? EXIT_NEWER
	    : e == ERR_CORRUPT ? EXIT_DAMAGED
			       : problem_exit(e),
	    "E1301", "cannot open the store in %s", w->ask->dir);
	problem_why(&p, "%s", why[0] != '\0' ? why : err_name(e));
	problem_hint(&p, "%s",
	    e == ERR_NOTFOUND  ? "ohcn up makes one"
	    : e == ERR_CORRUPT ? "ohcn store check"
	    : e == ERR_AUTH    ? CARE_OTHER_NET
	    : e == ERR_IO      ? CARE_MAY_YOU
			       : "");
	care_say_problem(c, &p);
}

static void show_line(struct cli *cli, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
show_line(struct cli *cli, const char *name, const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	output_line(&cli->out, "%-9s %s", name, text);
}

static void
show_kinds(struct cli *cli, const json_t *kinds)
{
	char text[400] = "";
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)kinds, name, v)
	{
		const size_t n = strlen(text);
		if (json_integer_value(v) > 0)
			(void)snprintf(text + n, sizeof(text) - n,
			    "%s%" JSON_INTEGER_FORMAT " %s", n == 0 ? "" : ", ",
			    json_integer_value(v), name);
	}
	show_line(cli, "kinds", "%s", text[0] == '\0' ? "none" : text);
}

/* When something was last done, or never. */
static void
show_note(struct cli *cli, const json_t *notes, const char *key,
    const char *name, const char *never)
{
	const json_t *o = json_object_get(notes, key);
	char when[32];

	if (!json_is_object(o)) {
		show_line(cli, name, "%s", never);
		return;
	}
	time_text(when, sizeof(when), json_int(o, "at"));
	if (json_object_get(o, "faults") != NULL)
		show_line(cli, name, "%s UTC, %" PRId64 " faults", when,
		    json_int(o, "faults"));
	else
		show_line(cli, name, "%s UTC, %s", when,
		    json_str(
			o, json_object_get(o, "dir") != NULL ? "dir" : "file"));
}

static void
show_sizes(struct cli *cli, const json_t *s)
{
	const json_t *file = json_object_get(s, "file");
	const json_t *quota = json_object_get(s, "quota");
	const json_t *sample = json_object_get(s, "sample");
	char a[32], b[32], c[32];

	size_text(a, sizeof(a), (uint64_t)json_int(s, "bytes"));
	size_text(b, sizeof(b), (uint64_t)json_int(quota, "bytes"));
	show_line(cli, "records",
	    "%" PRId64 " in %s; own %" PRId64 ", floors %" PRId64
	    ", evicted %" PRId64,
	    json_int(s, "records"), a, json_int(s, "own"),
	    json_int(s, "floors"), json_int(s, "evicted"));
	show_kinds(cli, json_object_get(s, "kinds"));
	if (json_int(quota, "bytes") > 0 || json_int(quota, "records") > 0)
		show_line(cli, "quota", "%s, %" PRId64 " records", b,
		    json_int(quota, "records"));
	show_line(cli, "sample", "%.4g %% of authors%s",
	    100 * json_real_value(json_object_get(sample, "share")),
	    json_yes(sample, "evicting") ? ", others are leaving" : "");
	size_text(a, sizeof(a), (uint64_t)json_int(file, "bytes"));
	size_text(b, sizeof(b), (uint64_t)json_int(file, "free"));
	size_text(c, sizeof(c), (uint64_t)json_int(file, "map"));
	show_line(cli, "file", "%s, %s of it free; may grow to %s", a, b, c);
}

static void
show_stat(struct cli *cli, const json_t *s)
{
	const json_t *notes = json_object_get(s, "care");
	char a[32], b[32];

	show_line(cli, "store", "%s", json_str(s, "dir"));
	show_line(cli, "version", "%" PRId64 "%s", json_int(s, "version"),
	    json_yes(s, "must_migrate")
		? ", of an older ohcn: the next `ohcn up` migrates it"
		: "");
	if (json_yes(s, "must_migrate"))
		return;
	show_sizes(cli, s);
	if (json_int(s, "records") > 0) {
		time_text(a, sizeof(a), json_int(s, "oldest"));
		time_text(b, sizeof(b), json_int(s, "newest"));
		show_line(cli, "made", "from %s to %s UTC", a, b);
	}
	if (json_int(s, "next_expiry") > 0) {
		time_text(a, sizeof(a), json_int(s, "next_expiry"));
		show_line(cli, "expires", "the first at %s UTC", a);
	}
	show_line(cli, "readers", "%" PRId64, json_int(s, "readers"));
	show_note(cli, notes, "check", "checked", "never: ohcn store check");
	show_note(cli, notes, "store_backup", "saved",
	    "never: ohcn store backup DIR");
	show_note(cli, notes, "node_backup", "backup",
	    "never: ohcn backup create FILE");
	if (json_yes(notes, "compact_next"))
		show_line(cli, "next", "compacted at the next start");
}

int
run_store_stat(struct cli *cli)
{
	struct telling t;
	struct problem p;
	json_t *result = NULL, *status = NULL;
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	const bool runs = is_elsewhere(cli) || node_answers(cli, &status);
	json_decref(status);
	if (runs) {
		code = cli_call(cli, "GET", "/api/v1/store", NULL, &result);
		if (code != EXIT_DONE)
			return code;
	} else {
		const struct care_ask ask = ask_of(cli);
		const struct care_news news = news_of(&t, cli);
		struct stat_work w = { &ask, &cli->config };
		if (care_run(stat_work, &w, &news, &result, &p) != OK)
			return cli_fail(cli, &p);
		(void)json_object_set_new(
		    result, "dir", json_string(cli->paths.store));
		(void)json_object_set_new(
		    result, "care", care_notes(&cli->paths));
	}
	if (cli_show(cli, result))
		return EXIT_DONE;
	show_stat(cli, result);
	json_decref(result);
	return EXIT_DONE;
}

/* ---- check ---- */

static void
show_check(struct cli *cli, const json_t *r)
{
	const int64_t faults = json_int(r, "faults");

	if (json_object_get(r, "records") != NULL)
		output_line(&cli->out,
		    "%" PRId64 " records, %" PRId64 " index entries, %" PRId64
		    " pages%s: %s",
		    json_int(r, "records"), json_int(r, "entries"),
		    json_int(json_object_get(r, "pages"), "all"),
		    json_int(r, "signatures") > 0 ? ", all signatures" : "",
		    faults == 0 ? "all is well" : "damaged");
	const int64_t mine = json_int(r, "private_faults");
	if (faults > mine)
		output_line(&cli->out,
		    "%" PRId64
		    " faults; the cure: ohcn down, ohcn store repair, ohcn up",
		    faults - mine);
	if (mine > 0)
		output_line(&cli->out,
		    "%" PRId64
		    " faults in the private data (drafts, plans); the cure: "
		    "ohcn backup restore FILE, in a new --home",
		    mine);
}

static int
end_check(struct cli *cli, json_t *result)
{
	const int64_t faults = json_int(result, "faults");

	if (!cli_show(cli, result)) {
		show_check(cli, result);
		json_decref(result);
	}
	return faults == 0 ? EXIT_DONE : EXIT_DAMAGED;
}

int
run_store_check(struct cli *cli)
{
	struct telling t;
	struct problem p;
	json_t *result = NULL;
	const bool signatures = cli_flag(cli, "signatures") != NULL;
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (is_elsewhere(cli)) {
		code = follow(cli, "/api/v1/store/check",
		    json_pack("{s:b}", "signatures", signatures), &result);
		return code == EXIT_DONE ? end_check(cli, result) : code;
	}
	const struct care_news news = news_of(&t, cli);
	struct care_ask ask = ask_of(cli);
	ask.signatures = signatures;
	ask.quick = cli_flag(cli, "quick") != NULL;
	if (cli->words_n > 0)
		ask.dir = cli->words[0];
	else
		ask.private = cli->paths.private_dir;
	const err e = care_check(&ask, &news, &result, &p);
	tell_end(&t);
	if (e == OK && cli->words_n == 0 && !ask.quick)
		care_note(&cli->paths, "check",
		    json_pack("{s:I,s:I,s:I,s:b}", "at", (json_int_t)time(NULL),
			"faults", (json_int_t)json_int(result, "faults"),
			"records", (json_int_t)json_int(result, "records"),
			"signatures", (int)signatures));
	if (t.lines)
		return end_lines(cli, result, &p);
	return e == OK ? end_check(cli, result) : cli_fail(cli, &p);
}

/* ---- backup ---- */

static int
end_backup(struct cli *cli, json_t *result)
{
	struct problem p;
	char size[32];
	const int64_t faults = json_int(result, "faults");

	if (faults > 0) {
		problem_set(&p, EXIT_DAMAGED, "E1736",
		    "the store is damaged, and so is its copy in %s",
		    json_str(result, "dir"));
		problem_why(&p, "%" PRId64 " faults; the first: %s", faults,
		    any_text(
			json_array_get(json_object_get(result, "texts"), 0)));
		problem_hint(&p, "ohcn store check");
		json_decref(result);
		return cli_fail(cli, &p);
	}
	size_text(size, sizeof(size), (uint64_t)json_int(result, "bytes"));
	if (cli_show(cli, result))
		return EXIT_DONE;
	output_line(&cli->out, "%" PRId64 " records, %s, checked: %s",
	    json_int(result, "records"), size, json_str(result, "dir"));
	output_note(&cli->out,
	    "Keys and private data are not in it: ohcn backup create FILE.");
	json_decref(result);
	return EXIT_DONE;
}

int
run_store_backup(struct cli *cli)
{
	struct telling t;
	struct problem p;
	json_t *result = NULL;
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (is_elsewhere(cli)) {
		code = follow(cli, "/api/v1/store/backup",
		    json_pack("{s:s}", "dir", cli->words[0]), &result);
		return code == EXIT_DONE ? end_backup(cli, result) : code;
	}
	const struct care_news news = news_of(&t, cli);
	const struct care_ask ask = ask_of(cli);
	const err e = care_backup(&ask, cli->words[0], &news, &result, &p);
	tell_end(&t);
	if (e == OK && json_int(result, "faults") == 0)
		care_note(&cli->paths, "store_backup",
		    json_pack("{s:I,s:s}", "at", (json_int_t)time(NULL), "dir",
			cli->words[0]));
	if (t.lines)
		return end_lines(cli, result, &p);
	return e == OK ? end_backup(cli, result) : cli_fail(cli, &p);
}

/* ---- what needs the node to be down ---- */

int
run_store_restore(struct cli *cli)
{
	struct telling t;
	struct problem p;
	json_t *result = NULL;
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (paths_make(&cli->paths, &p) != OK)
		return cli_fail(cli, &p);
	const struct care_news news = news_of(&t, cli);
	const struct care_ask ask = ask_of(cli);
	const err e = care_restore(&ask, cli->words[0],
	    cli_flag(cli, "force") != NULL, &news, &result, &p);
	tell_end(&t);
	if (e != OK)
		return cli_fail(cli, &p);
	if (cli_show(cli, result))
		return EXIT_DONE;
	output_line(&cli->out, "%" PRId64 " records are in place",
	    json_int(result, "records"));
	if (json_str(result, "aside")[0] != '\0')
		output_line(&cli->out, "the store of before: %s",
		    json_str(result, "aside"));
	output_note(&cli->out, "next: ohcn up; peers send what came after");
	json_decref(result);
	return EXIT_DONE;
}

static void
show_repair(struct cli *cli, const json_t *r)
{
	output_line(&cli->out,
	    "kept      %" PRId64 " records, own %" PRId64 ", floors %" PRId64,
	    json_int(r, "records"), json_int(r, "own"), json_int(r, "floors"));
	if (json_int(r, "salvaged") > 0)
		output_line(&cli->out,
		    "of those  %" PRId64 " from pages that nothing led to",
		    json_int(r, "salvaged"));
	if (json_is_integer(json_object_get(r, "lost")))
		output_line(&cli->out, "lost      %" PRId64 " records",
		    json_int(r, "lost"));
	else
		output_line(&cli->out, "lost      nobody can tell: the trees "
				       "that led to them are broken");
	output_line(&cli->out, "old one   %s", json_str(r, "aside"));
	output_note(&cli->out,
	    "next: ohcn up. What is lost comes back from peers; own records "
	    "that were\nnever sent do not. When all is well: ohcn store "
	    "clean.");
}

int
run_store_repair(struct cli *cli)
{
	struct telling t;
	struct problem p;
	json_t *result = NULL;
	const int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	const struct care_news news = news_of(&t, cli);
	const struct care_ask ask = ask_of(cli);
	const err e = care_repair(&ask, &news, &result, &p);
	tell_end(&t);
	if (e != OK)
		return cli_fail(cli, &p);
	if (cli_show(cli, result))
		return EXIT_DONE;
	show_repair(cli, result);
	json_decref(result);
	return EXIT_DONE;
}

static void
show_compact(struct cli *cli, const json_t *r)
{
	char before[32], after[32];

	size_text(before, sizeof(before), (uint64_t)json_int(r, "before"));
	size_text(after, sizeof(after), (uint64_t)json_int(r, "after"));
	output_line(&cli->out, "%s before, %s now", before, after);
}

int
run_store_compact(struct cli *cli)
{
	struct telling t;
	struct problem p;
	json_t *result = NULL, *status = NULL;
	const int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (node_answers(cli, &status)) {
		json_decref(status);
		care_note(&cli->paths, "compact_next", json_true());
		if (!cli_tell(cli, json_pack("{s:b}", "at_next_start", 1)))
			output_note(&cli->out,
			    "The node runs: it will be done at its next "
			    "start (ohcn down, ohcn up).");
		return EXIT_DONE;
	}
	const struct care_news news = news_of(&t, cli);
	const struct care_ask ask = ask_of(cli);
	const err e = care_compact(&ask, &news, &result, &p);
	tell_end(&t);
	if (e != OK)
		return cli_fail(cli, &p);
	care_note(&cli->paths, "compact_next", json_false());
	if (cli_show(cli, result))
		return EXIT_DONE;
	show_compact(cli, result);
	json_decref(result);
	return EXIT_DONE;
}

/* ---- what is kept aside ---- */

struct cleaning {
	json_t *list;
	struct table *table;
};

static bool
on_aside(void *ctx, const char *dir, const char *what, uint64_t made_s,
    uint64_t bytes)
{
	struct cleaning *k = ctx;
	char when[32], size[32];
	const char *row[4] = { what, when, size, dir };

	time_text(when, sizeof(when), (int64_t)made_s);
	size_text(size, sizeof(size), bytes);
	table_add(k->table, row);
	(void)json_array_append_new(k->list,
	    json_pack("{s:s,s:s,s:I,s:I}", "dir", dir, "what", what, "made",
		(json_int_t)made_s, "bytes", (json_int_t)bytes));
	return true;
}

int
run_store_clean(struct cli *cli)
{
	static const char *const heads[] = { "what", "made (UTC)", "size",
		"folder" };
	struct cleaning k = { 0 };
	json_t *one;
	size_t i, removed = 0;
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	k.list = json_array();
	k.table = table_new(heads, 4);
	if (care_each_aside(cli->paths.store, on_aside, &k) != OK ||
	    json_array_size(k.list) == 0) {
		table_free(k.table);
		if (!cli_tell(cli,
			json_pack("{s:o,s:i}", "kept", k.list, "removed", 0)))
			output_line(&cli->out, "nothing is kept aside");
		return EXIT_DONE;
	}
	if (cli->json)
		table_free(k.table);
	else
		table_print(k.table, &cli->out);
	if (cli_flag(cli, "dry-run") == NULL &&
	    cli_confirm(cli, "remove all of them?")) {
		json_array_foreach(k.list, i, one) removed +=
		    care_remove(json_str(one, "dir")) == OK;
	}
	if (!cli_tell(cli, json_pack("{s:o,s:i}", "kept", k.list, "removed",
			       (int)removed)))
		output_line(&cli->out, "%zu removed%s", removed,
		    removed > 0 || cli_flag(cli, "dry-run") != NULL
			? ""
			: "; --yes removes them");
	return EXIT_DONE;
}
