#include "node/care/keeper.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/care/change.h"
#include "node/keys/persona.h"
#include "node/keys/vault.h"

#define MINUTE     60 /* ticks */
#define REMEMBER   600
#define DAY        86400
#define LOOK_AFTER 5            /* ticks from a start after a cut-off */
#define STATE      "care/store" /* in the vault */
#define LINE_BYTES (1U << 20)   /* of what the process says */
#define ARGUMENTS  16

/* A process that works on the store. */
struct keeper_task {
	uv_process_t process;
	uv_pipe_t out;
	bool running;
	unsigned open_handles;
	char what[16];
	char line[LINE_BYTES];
	size_t line_n;
	char stage[32];
	uint64_t done, all;
	json_t *faults, *result;
	struct problem problem;
};

struct keeper {
	struct node *n;
	bool moved, changed, cut_off;
	bool damaged; /* the last check of this run found faults */
	uint64_t ticks;
	uint64_t authors_ppm; /* as it was told last; 0: never */
	struct keeper_task task;
};

/* ---- opening ---- */

void
keeper_before(struct node *n)
{
	const struct care_ask ask = { .dir = n->paths->store,
		.net = n->config->node.network,
		.map_size = n->config->store.map_size };
	const struct care_news none = { 0 };
	struct problem p;
	json_t *notes = care_notes(n->paths), *result = NULL;
	const bool asked = json_is_true(json_object_get(notes, "compact_next"));

	json_decref(notes);
	if (!asked)
		return;
	if (care_compact(&ask, &none, &result, &p) == OK)
		env_log(&n->env, LOG_INFO, "store_compacted",
		    "before=%" JSON_INTEGER_FORMAT
		    " after=%" JSON_INTEGER_FORMAT,
		    json_integer_value(json_object_get(result, "before")),
		    json_integer_value(json_object_get(result, "after")));
	else
		env_log(&n->env, LOG_UNUSUAL, "store_not_compacted",
		    "what=\"%s\" why=\"%s\"", p.what, p.why);
	json_decref(result);
	care_note(n->paths, "compact_next", json_false());
}

static uint64_t
next_rid(struct store *s)
{
	struct store_view *v = NULL;
	struct store_totals t = { 0 };

	if (store_view_open(s, &v) != OK)
		return 0;
	const err e = store_totals(v, &t);
	store_view_close(v);
	return e == OK ? t.next_rid : 0;
}

/* How far the store was, so that one that has gone back in time shows. */
static void
remember(struct node *n)
{
	const uint64_t rid = next_rid(n->store);
	json_t *o = json_pack("{s:I}", "next_rid", (json_int_t)rid);

	if (rid != 0 && vault_put(n->vault, STATE, o) != OK)
		env_log(&n->env, LOG_UNUSUAL, "store_state_not_saved",
		    "rid=%" PRIu64, rid);
	json_decref(o);
}

static bool
was_marked(struct node *n)
{
	struct store_view *v = NULL;
	struct slice value;

	if (store_view_open(n->store, &v) != OK)
		return false;
	const bool marked =
	    store_private_get(v, slice_str(CARE_CHANGED), &value) == OK;
	store_view_close(v);
	return marked;
}

static bool
went_back(struct node *n)
{
	json_t *o = vault_get(n->vault, STATE, NULL);
	const json_int_t before =
	    json_integer_value(json_object_get(o, "next_rid"));

	json_decref(o);
	return before > 0 && next_rid(n->store) < (uint64_t)before;
}

/*
 * Cursors say up to where we have what a peer has, and the name of our store
 * what a peer has of us. If the store is not what we left, both are wrong.
 */
static err
settle(struct node *n, struct keeper *k)
{
	const bool marked = was_marked(n);

	k->changed = marked || went_back(n);
	if (!k->changed && !k->moved && !store_info(n->store).created)
		return OK;
	TRY(vault_delete_all(n->vault, "sync/"));
	TRY(vault_delete_all(n->vault, "fetch/"));
	if (marked)
		TRY(store_private_delete(n->store, slice_str(CARE_CHANGED)));
	if (k->changed)
		env_log(&n->env, LOG_UNUSUAL, "store_changed",
		    "what=\"the store was repaired, restored or is older than "
		    "the last one; peers are asked for everything again\"");
	return OK;
}

static void
tell(struct node *n, const struct keeper *k)
{
	if (k->cut_off)
		env_log(&n->env, LOG_INFO, "store_was_cut_off",
		    "what=\"nothing acknowledged is lost; LMDB needs no "
		    "recovery; it is checked in a moment\"");
	if (k->moved)
		env_log(&n->env, LOG_UNUSUAL, "store_moved",
		    "what=\"this store comes from another machine or key; if "
		    "the node there still runs, stop one of the two: what "
		    "they publish contradicts\"");
}

err
keeper_open(struct node *n)
{
	struct keeper *k = calloc(1, sizeof(*k));
	struct care_store cs;

	if (k == NULL)
		return ERR_NOMEM;
	k->n = n;
	n->keeper = k;
	TRY(care_store_open(&cs, n->paths, n->config, persona_get(n, 0)->pub,
	    true, n->problem));
	n->map = cs.map;
	n->store = cs.store;
	const struct store_info info = store_info(n->store);
	k->cut_off = !info.created && !info.clean;
	k->moved = info.moved;
	tell(n, k);
	TRY(care_migrate(&cs, n->paths, &n->env, n->problem));
	const err e = settle(n, k);
	if (e != OK) {
		problem_set(n->problem, problem_exit(e), "E1739",
		    "cannot write to the store or the private data");
		problem_why(n->problem, "%s", store_why(n->store));
		return e;
	}
	care_tidy(n->paths, n->config->store.keep_days * (uint64_t)DAY,
	    node_now(n), &n->env);
	return OK;
}

/* ---- tasks ---- */

static void
task_ended(struct keeper_task *t)
{
	if (--t->open_handles == 0)
		t->running = false;
}

static void
on_closed(uv_handle_t *h)
{
	task_ended(h->data);
}

static void
on_stage(void *ctx, const char *stage, uint64_t done, uint64_t all)
{
	struct keeper_task *t = ctx;

	(void)snprintf(t->stage, sizeof(t->stage), "%s", stage);
	t->done = done;
	t->all = all;
}

static void
on_fault(void *ctx, const char *text)
{
	struct keeper_task *t = ctx;

	if (json_array_size(t->faults) < STORE_FAULTS_TOLD)
		(void)json_array_append_new(t->faults, json_string(text));
}

static void
take_lines(struct keeper_task *t)
{
	const struct care_news news = { on_stage, on_fault, t };
	char *end;

	while ((end = memchr(t->line, '\n', t->line_n)) != NULL) {
		const size_t n = (size_t)(end - t->line) + 1;
		*end = '\0';
		(void)care_line(t->line, &news, &t->result, &t->problem);
		memmove(t->line, t->line + n, t->line_n - n);
		t->line_n -= n;
	}
	if (t->line_n == sizeof(t->line))
		t->line_n = 0; /* none of ours */
}

static void
on_room(uv_handle_t *h, size_t wanted, uv_buf_t *buf)
{
	struct keeper_task *t = h->data;

	(void)wanted;
	*buf = uv_buf_init(
	    t->line + t->line_n, (unsigned)(sizeof(t->line) - t->line_n));
}

static void
on_out(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct keeper_task *t = s->data;

	(void)buf;
	if (n > 0) {
		t->line_n += (size_t)n;
		take_lines(t);
	} else if (n < 0 && !uv_is_closing((uv_handle_t *)s)) {
		uv_close((uv_handle_t *)s, on_closed);
	}
}

static void
on_exit_(uv_process_t *process, int64_t status, int signal)
{
	struct keeper_task *t = process->data;
	struct keeper *k = CONTAINER_OF(t, struct keeper, task);
	const json_t *faults = json_object_get(t->result, "faults");

	if (t->result == NULL && t->problem.what[0] == '\0')
		problem_set(&t->problem, EXIT_TEMPORARY, "E1723",
		    "the process that works on the store ended without a word "
		    "(%s %d)",
		    signal != 0 ? "signal" : "exit code",
		    signal != 0 ? signal : (int)status);
	if (t->result != NULL && strcmp(t->what, "check") == 0) {
		k->damaged = json_integer_value(faults) > 0;
		env_log(&k->n->env, k->damaged ? LOG_UNUSUAL : LOG_INFO,
		    "store_checked", "faults=%" JSON_INTEGER_FORMAT,
		    json_integer_value(faults));
	} else if (t->result == NULL && !k->n->stopping) {
		env_log(&k->n->env, LOG_UNUSUAL, "store_task_failed",
		    "what=%s why=\"%s\"", t->what, t->problem.what);
	}
	uv_close((uv_handle_t *)process, on_closed);
}

/* `ohcn store ... --lines` of this very program, on this very home. */
static err
task_begin(struct node *n, const char *what, const char *word, const char *flag)
{
	struct keeper_task *t = &n->keeper->task;
	char net[64], map[64];
	char *args[ARGUMENTS];
	size_t at = 0;

	if (t->running)
		return ERR_EXISTS;
	json_decref(t->faults);
	json_decref(t->result);
	t->faults = json_array();
	t->result = NULL;
	t->line_n = 0;
	t->stage[0] = '\0';
	t->done = t->all = 0;
	t->problem = (struct problem){ .exit = EXIT_DONE };
	(void)snprintf(t->what, sizeof(t->what), "%s", what);
	(void)snprintf(
	    net, sizeof(net), "node.network=%s", n->config->node.network);
	(void)snprintf(map, sizeof(map), "store.map_size=%" PRIu64,
	    n->config->store.map_size);
	const char *const list[] = { "ohcn", "--home", n->paths->home, "--set",
		net, "--set", map, "store", what, "--lines",
		flag != NULL ? flag : word, flag != NULL ? word : NULL };
	for (size_t i = 0; i < ARRAY_LEN(list) && list[i] != NULL; i++)
		args[at++] = (char *)(uintptr_t)list[i];
	args[at] = NULL;
	uv_stdio_container_t io[3] = { { .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		    .data.stream = (uv_stream_t *)&t->out },
		{ .flags = UV_IGNORE } };
	const uv_process_options_t options = { .exit_cb = on_exit_,
		.file = "/proc/self/exe",
		.args = args,
		.stdio_count = 3,
		.stdio = io };
	if (uv_pipe_init(&n->loop, &t->out, 0) != 0)
		return ERR_IO;
	t->out.data = t->process.data = t;
	t->running = true;
	t->open_handles = 2;
	if (uv_spawn(&n->loop, &t->process, &options) != 0) {
		uv_close((uv_handle_t *)&t->process, on_closed);
		uv_close((uv_handle_t *)&t->out, on_closed);
		return ERR_IO;
	}
	(void)uv_read_start((uv_stream_t *)&t->out, on_room, on_out);
	return OK;
}

err
keeper_check(struct node *n, bool signatures)
{
	return task_begin(n, "check", NULL, signatures ? "--signatures" : NULL);
}

err
keeper_backup(struct node *n, const char *dir)
{
	return task_begin(n, "backup", dir, NULL);
}

static json_t *
problem_json(const struct problem *p)
{
	return json_pack("{s:i,s:s,s:s,s:s,s:s}", "exit", (int)p->exit, "code",
	    p->code, "what", p->what, "why", p->why, "hint", p->hint);
}

json_t *
keeper_task(const struct node *n)
{
	const struct keeper_task *t =
	    n->keeper == NULL ? NULL : &n->keeper->task;

	if (t == NULL || t->what[0] == '\0')
		return NULL;
	json_t *o =
	    json_pack("{s:s,s:b,s:s,s:I,s:I,s:O}", "what", t->what, "running",
		(int)t->running, "stage", t->stage, "done", (json_int_t)t->done,
		"all", (json_int_t)t->all, "faults", t->faults);
	if (o != NULL && !t->running && t->result != NULL)
		(void)json_object_set(o, "result", t->result);
	else if (o != NULL && !t->running)
		(void)json_object_set_new(
		    o, "problem", problem_json(&t->problem));
	return o;
}

/* ---- life ---- */

static void
clear_readers(struct node *n)
{
	unsigned live, cleared;

	if (map_lmdb_readers(n->map, &live, &cleared) == OK && cleared > 0)
		env_log(&n->env, LOG_INFO, "store_readers_cleared",
		    "cleared=%u live=%u", cleared, live);
}

uint64_t
keeper_authors_ppm(const struct node *n)
{
	uint32_t below = SCOPE_EVERYBODY;
	struct scope s;

	store_scope(n->store, &s);
	for (unsigned i = 0; i < SCOPE_SAMPLES; i++)
		below = MIN(below, s.samples[i].below);
	return ((uint64_t)below * 1000000 + UINT32_MAX / 2) / UINT32_MAX;
}

/* A store that keeps fewer authors, or more again, says so once. */
static void
tell_sample(struct node *n)
{
	struct keeper *k = n->keeper;
	const uint64_t now = keeper_authors_ppm(n);
	const uint64_t before = k->authors_ppm == 0 ? 1000000 : k->authors_ppm;

	k->authors_ppm = now;
	if (now != before)
		env_log(&n->env, LOG_INFO,
		    now < before ? "store_narrowed" : "store_widened",
		    "authors_percent=%" PRIu64 ".%" PRIu64
		    " quota_bytes=%" PRIu64 " quota_records=%" PRIu64,
		    now / 10000, now / 1000 % 10, n->config->store.quota_bytes,
		    n->config->store.quota_records);
}

void
keeper_tick(struct node *n)
{
	struct keeper *k = n->keeper;

	if (k == NULL || n->stopping)
		return;
	k->ticks++;
	tell_sample(n);
	if (k->ticks % MINUTE == 0)
		clear_readers(n);
	if (k->ticks % REMEMBER == 1)
		remember(n);
	if (k->ticks % DAY == 0)
		care_tidy(n->paths, n->config->store.keep_days * (uint64_t)DAY,
		    node_now(n), &n->env);
	if (k->cut_off && k->ticks == LOOK_AFTER && !k->task.running &&
	    keeper_check(n, false) != OK)
		env_log(&n->env, LOG_UNUSUAL, "store_not_checked", "after=%s",
		    "cut_off");
}

void
keeper_stop(struct node *n)
{
	struct keeper *k = n->keeper;

	if (k == NULL)
		return;
	if (n->store != NULL && n->vault != NULL)
		remember(n);
	if (k->task.running && uv_is_active((uv_handle_t *)&k->task.process))
		(void)uv_process_kill(&k->task.process, SIGKILL);
}

void
keeper_free(struct keeper *k)
{
	if (k == NULL)
		return;
	json_decref(k->task.faults);
	json_decref(k->task.result);
	free(k);
}

static void
warn(json_t *list, const char *code, const char *text, const char *hint)
{
	(void)json_array_append_new(
	    list, json_pack("{s:s,s:s,s:s}", "code", code, "text", text, "hint",
		      hint));
}

void
keeper_warnings(const struct node *n, json_t *list)
{
	const struct keeper *k = n->keeper;

	if (k == NULL)
		return;
	if (k->moved)
		warn(list, "store-moved",
		    "the store was copied here from another machine or key",
		    "if the node there still runs, stop one of the two for "
		    "good");
	if (k->changed)
		warn(list, "store-changed",
		    "the store was repaired or restored; what is missing is "
		    "asked for from peers",
		    "wait; ohcn store clean when all is there");
	if (k->damaged)
		warn(list, "store-damaged", "the store is damaged",
		    "ohcn down, ohcn store repair, ohcn up");
}
