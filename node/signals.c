#include "node/signals.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "match/signal/week.h"
#include "proto/record/value.h"

#define FIRST_TICK  30
#define EACH_TICKS  600
#define SAVE_TICKS  3600
#define BEFORE_MAX  4 /* weeks: an older one is no week before */
#define FILE_MAX    (SIGNAL_WEEK_ROWS_MAX * SIGNAL_ROW_BYTES_MAX)
#define WEEKS_TO_GO 100 /* files of old weeks removed at once */
#define COST_SHARE  20  /* counting takes a 20th of the time at most */

struct signals {
	struct env env;
	char dir[PATH_TEXT_MAX];
	bool have_dir;
	uint32_t keep_weeks, rows_max;
	struct signal_limits limits;

	/* under ${lock}: the counters and what follows from them */
	uv_mutex_t lock;
	struct signal_table *table;
	uint8_t vocabulary[VOCABULARY_HASH]; /* that it was counted by */
	const struct vocabulary *v; /* the table's, by name: it may be gone */
	uint64_t next_rid, evicted;
	struct signal_release *release;
	struct signal_release *other; /* with a larger k */
	bool changed, unsaved;
	uint64_t released_ns, cost_ns;
	struct signal_week before; /* the week before the one at hand */

	/* under ${small} */
	uv_mutex_t small;
	bool building;
	struct signal_stats stats;
	uint64_t refreshed_s;

	/* of the loop */
	uv_work_t work;
	struct node *n;
	struct store_view *view; /* of the work */
	struct terms *terms;
	uint64_t now_s;
	bool busy, stopping, save;
	uint64_t ticks;
};

/* ---- files ---- */

static bool
path_of(const struct signals *s, uint32_t week, char out[PATH_TEXT_MAX])
{
	char text[SIGNAL_WEEK_TEXT];

	week_text(week, text);
	const int n = snprintf(out, PATH_TEXT_MAX, "%s/%s.week", s->dir, text);
	return s->have_dir && n > 0 && n < PATH_TEXT_MAX;
}

NODISCARD static err
week_load(const struct signals *s, uint32_t week, struct signal_week *out)
{
	char path[PATH_TEXT_MAX];
	struct slice bytes;
	struct problem p;

	if (!path_of(s, week, path))
		return ERR_NOTFOUND;
	TRY(file_read(path, FILE_MAX, &bytes, &p));
	const err e = signal_week_read(bytes, out);
	free((void *)(uintptr_t)bytes.p);
	if (e == OK && out->week != week) {
		free(out->rows);
		return ERR_FORM;
	}
	if (e == ERR_FORM)
		env_log(&s->env, LOG_UNUSUAL, "signal_week_damaged", "path=%s",
		    path);
	return e;
}

static void
week_save(struct signals *s)
{
	char path[PATH_TEXT_MAX];
	struct problem p = { 0 };
	struct buf b;

	if (!s->unsaved || s->release == NULL ||
	    !path_of(s, s->release->week, path))
		return;
	if (signal_week_write(s->release, s->rows_max, &b) != OK)
		return;
	if (file_replace(path, buf_slice(&b), 0600, &p) == OK)
		s->unsaved = false;
	else
		env_log(&s->env, LOG_UNUSUAL, "signal_week_not_written",
		    "path=%s", path);
	free(b.p);
}

/* Files of weeks that are over for longer than they are kept. */
static void
weeks_clean(const struct signals *s, uint32_t week)
{
	char oldest[SIGNAL_WEEK_TEXT], path[PATH_TEXT_MAX];
	const struct dirent *d;
	DIR *dir = s->have_dir ? opendir(s->dir) : NULL;
	unsigned gone = 0;

	if (dir == NULL)
		return;
	week_text(week > s->keep_weeks ? week - s->keep_weeks : 0, oldest);
	while ((d = readdir(dir)) != NULL && gone < WEEKS_TO_GO) {
		unsigned year, number;
		int used = 0;
		/* names sort as the weeks do */
		if (sscanf(d->d_name, "%4u-W%2u.week%n", &year, &number,
			&used) != 2 ||
		    d->d_name[used] != 0 || used == 0 ||
		    strncmp(d->d_name, oldest, SIGNAL_WEEK_TEXT - 1) >= 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", s->dir, d->d_name) <
			(int)sizeof(path) &&
		    unlink(path) == 0)
			gone++;
	}
	(void)closedir(dir);
}

err
signals_weeks(struct signals *s, uint32_t from, uint32_t to,
    bool (*fn)(void *ctx, const struct signal_week *w), void *ctx)
{
	bool on = true;

	for (uint32_t week = from; week < to && on; week++) {
		struct signal_week w;
		const err e = week_load(s, week, &w);
		if (e == ERR_NOMEM)
			return e;
		if (e != OK)
			continue;
		on = fn(ctx, &w);
		free(w.rows);
	}
	return OK;
}

/* ---- counting; on a worker, under the lock ---- */

struct counting {
	struct signals *s;
	struct arena record_scratch, value_scratch;
	uint64_t now_h;
	struct store_view *view;
};

static bool
on_arrival(void *ctx, const struct store_record *r)
{
	struct counting *c = ctx;
	struct signal_record one = { .rid = r->rid,
		.kind = r->kind,
		.slot = r->slot,
		.author = r->author,
		.made_h = r->seq >> 8,
		.expires_h = r->expires_h };
	struct value payload;
	struct record rec;

	if (r->kind == KIND_REVOCATION) {
		signal_remove_author(c->s->table, r->author);
		c->s->changed = true;
		return true;
	}
	if (r->kind != KIND_PROFILE && r->kind != KIND_ORGANISATION &&
	    r->kind != KIND_DEMAND && r->kind != KIND_COURSE)
		return true;
	memcpy(one.region, r->region, sizeof(one.region));
	arena_reset(&c->value_scratch);
	if (!r->deleted && !r->opaque && !r->kept && r->expires_h > c->now_h &&
	    record_read(r->bytes, &c->record_scratch, &rec) == RECORD_FINE &&
	    value_parse(rec.payload, &c->value_scratch, &payload) == OK &&
	    payload.type == VALUE_MAP)
		one.payload = &payload;
	/* What does not fit is counted as left out. */
	(void)!signal_put(c->s->table, &one);
	c->s->changed = true;
	return true;
}

static bool
is_held(void *ctx, uint64_t rid)
{
	const struct counting *c = ctx;
	struct store_record r;

	return store_get_rid(c->view, rid, &r) == OK && !r.kept;
}

static void
set_building(struct signals *s, bool building)
{
	uv_mutex_lock(&s->small);
	s->building = building;
	uv_mutex_unlock(&s->small);
}

NODISCARD static err
begin_anew(struct signals *s, const struct vocabulary *v, uint32_t week)
{
	signal_table_free(s->table);
	s->table = NULL;
	s->next_rid = 0;
	s->changed = true;
	TRY(signal_table_new(
	    v, &s->limits, env_random_u64(&s->env), week, &s->table));
	memcpy(s->vocabulary, vocabulary_hash(v), VOCABULARY_HASH);
	s->v = v;
	return OK;
}

/* The week that was the last before ${week}, as far as it is there. */
static void
load_before(struct signals *s, uint32_t week)
{
	free(s->before.rows);
	s->before = (struct signal_week){ 0 };
	for (uint32_t back = 1; back <= BEFORE_MAX && back <= week; back++)
		if (week_load(s, week - back, &s->before) == OK)
			return;
}

/* Monday: what was shown last of the old week is what stays of it. */
static void
turn_week(struct signals *s, uint32_t week)
{
	week_save(s);
	signal_set_week(s->table, week);
	s->changed = true;
	load_before(s, week);
	weeks_clean(s, week);
}

NODISCARD static err
count_arrivals(struct signals *s, struct counting *c)
{
	struct store_totals totals;

	c->record_scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	c->value_scratch =
	    arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	err e = c->record_scratch.p == NULL || c->value_scratch.p == NULL
		    ? ERR_NOMEM
		    : store_totals(c->view, &totals);
	if (e == OK && s->next_rid != totals.next_rid)
		e = store_each_arrival(c->view,
		    s->next_rid == 0 ? 0 : s->next_rid - 1, on_arrival, c);
	if (e == OK) {
		const bool left = s->evicted != totals.evicted;
		s->next_rid = totals.next_rid;
		s->evicted = totals.evicted;
		if (signal_sweep(s->table, c->now_h, left ? is_held : NULL, c) >
		    0)
			s->changed = true;
	}
	free(c->record_scratch.p);
	free(c->value_scratch.p);
	return e;
}

NODISCARD static err
refresh(struct signals *s, struct store_view *view, const struct terms *terms,
    uint64_t now_s)
{
	const struct vocabulary *v = terms->vocabulary;
	const uint32_t week = week_of_hour(now_s / 3600);
	struct counting c = { .s = s, .now_h = now_s / 3600, .view = view };
	const bool anew =
	    s->table == NULL || s->v != v ||
	    memcmp(s->vocabulary, vocabulary_hash(v), VOCABULARY_HASH) != 0;
	err e = OK;

	if (anew) {
		set_building(s, true);
		e = begin_anew(s, v, week);
		if (e == OK && s->release == NULL)
			load_before(s, week);
	}
	if (e == OK && week != signal_week(s->table))
		turn_week(s, week);
	if (e == OK)
		e = count_arrivals(s, &c);
	if (anew)
		set_building(s, false);
	if (e != OK) {
		/* Half counted is not counted: from the beginning next time. */
		signal_table_free(s->table);
		s->table = NULL;
		return e;
	}
	const uint64_t begun = uv_hrtime();
	if (!s->changed && s->release != NULL)
		return OK;
	if (s->release != NULL && s->release->week == week && !anew &&
	    begun - s->released_ns < COST_SHARE * s->cost_ns)
		return OK; /* of a moment ago */
	struct signal_release *r;
	TRY(signal_release_new(s->table, 0, s->before.rows, s->before.n, &r));
	signal_release_free(s->release);
	s->release = r;
	s->changed = false;
	s->unsaved = true;
	s->released_ns = uv_hrtime();
	s->cost_ns = s->released_ns - begun;
	uv_mutex_lock(&s->small);
	signal_stats(s->table, &s->stats);
	s->refreshed_s = now_s;
	uv_mutex_unlock(&s->small);
	return OK;
}

err
signals_take(struct signals *s, struct store_view *view,
    const struct terms *terms, uint64_t now_s, uint32_t k_people,
    const struct signal_release **out)
{
	if (uv_mutex_trylock(&s->lock) != 0) {
		uv_mutex_lock(&s->small);
		const bool building = s->building;
		uv_mutex_unlock(&s->small);
		if (building)
			return ERR_LIMIT;
		uv_mutex_lock(&s->lock);
	}
	err e = refresh(s, view, terms, now_s);
	*out = s->release;
	if (e == OK && k_people > SIGNAL_K_PEOPLE) {
		signal_release_free(s->other);
		s->other = NULL;
		e = signal_release_new(
		    s->table, k_people, s->before.rows, s->before.n, &s->other);
		*out = s->other;
	}
	if (e != OK)
		uv_mutex_unlock(&s->lock);
	return e;
}

void
signals_give(struct signals *s, const struct signal_release *r)
{
	if (r == s->other) {
		signal_release_free(s->other);
		s->other = NULL;
	}
	uv_mutex_unlock(&s->lock);
}

void
signals_stats(
    struct signals *s, struct signal_stats *out, uint64_t *refreshed_s)
{
	uv_mutex_lock(&s->small);
	*out = s->stats;
	*refreshed_s = s->refreshed_s;
	uv_mutex_unlock(&s->small);
}

/* ---- now and then ---- */

static void
on_work(uv_work_t *work)
{
	struct signals *s = CONTAINER_OF(work, struct signals, work);

	uv_mutex_lock(&s->lock);
	const err e = refresh(s, s->view, s->terms, s->now_s);
	if (e == OK && s->save)
		week_save(s);
	uv_mutex_unlock(&s->lock);
	if (e != OK)
		env_log(&s->env, LOG_UNUSUAL, "signals_not_counted", "error=%s",
		    err_name(e));
}

static void
on_worked(uv_work_t *work, int status)
{
	struct signals *s = CONTAINER_OF(work, struct signals, work);

	(void)status;
	store_view_close(s->view);
	s->view = NULL;
	terms_give(s->n, s->terms);
	s->terms = NULL;
	s->busy = false;
}

void
signals_tick(struct node *n)
{
	struct signals *s = n->signals;

	if (s == NULL || s->stopping)
		return;
	s->ticks++;
	if (s->busy || (s->ticks != FIRST_TICK && s->ticks % EACH_TICKS != 0))
		return;
	if (store_view_open(n->store, &s->view) != OK)
		return; /* in ten minutes */
	s->terms = terms_take(n);
	s->now_s = node_now(n);
	s->save = s->ticks % SAVE_TICKS == 0;
	s->busy = true;
	if (uv_queue_work(&n->loop, &s->work, on_work, on_worked) != 0)
		on_worked(&s->work, 0);
}

void
signals_stop(struct node *n)
{
	if (n->signals != NULL)
		n->signals->stopping = true;
}

/* ---- the whole ---- */

err
signals_open(struct node *n)
{
	struct signals *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NOMEM;
	s->n = n;
	s->env = n->env;
	s->keep_weeks = n->config->signals.weeks;
	s->rows_max = n->config->signals.week_rows;
	s->limits.records_max = n->config->signals.records;
	s->limits.cells_max = n->config->signals.records;
	s->limits.shares_max = 2 * n->config->signals.records;
	if (uv_mutex_init(&s->lock) != 0) {
		free(s);
		return ERR_NOMEM;
	}
	if (uv_mutex_init(&s->small) != 0) {
		uv_mutex_destroy(&s->lock);
		free(s);
		return ERR_NOMEM;
	}
	const int len =
	    snprintf(s->dir, sizeof(s->dir), "%s/signals", n->paths->home);
	struct stat st;
	s->have_dir = len > 0 && len < (int)sizeof(s->dir) &&
		      s->keep_weeks > 0 &&
		      (mkdir(s->dir, 0700) == 0 ||
			  (stat(s->dir, &st) == 0 && S_ISDIR(st.st_mode)));
	if (!s->have_dir && s->keep_weeks > 0)
		env_log(&n->env, LOG_UNUSUAL, "signals_no_directory",
		    "path=%s what=\"no weeks are kept\"", s->dir);
	n->signals = s;
	return OK;
}

void
signals_free(struct signals *s)
{
	if (s == NULL)
		return;
	week_save(s);
	signal_table_free(s->table);
	signal_release_free(s->release);
	signal_release_free(s->other);
	free(s->before.rows);
	uv_mutex_destroy(&s->lock);
	uv_mutex_destroy(&s->small);
	free(s);
}
