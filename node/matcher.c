#include "node/matcher.h"

#include <stdlib.h>

#include "crypto/crypto.h"
#include "match/course.h"
#include "node/keys/persona.h"
#include "node/record/reader.h"
#include "node/vocabulary_load.h"

#define BUILD_CHUNK 4096  /* records read through one view */
#define GONE_MAX    65536 /* news of removals that wait; over it: build again */
#define RETRY_TICKS 60    /* after a build that failed */
#define SPARE_PARTS 10    /* of the limit: room again for who was left out */
#define AGAIN_TICKS 600   /* between two builds for who was left out */

/* The indexes for one vocabulary. */
struct stock {
	struct terms *terms; /* taken and given back on the loop's thread */
	struct meaning meaning;
	struct index *index[MATCH_LISTS];
	uint64_t last_rid;  /* all up to it are there */
	uint64_t left_out;  /* not taken: over the limit, or no memory */
	unsigned users;     /* workers; under ${lock} of the matcher */
	struct stock *next; /* of those that are to be freed */
};

struct gone_news {
	enum match_list list;
	uint8_t id[RECORD_ID];
};

struct matcher {
	struct node *n;
	/* Own keys; only ever more, counted under ${news}. */
	uint8_t own[PERSONAS_MAX][RECORD_AUTHOR];
	uint32_t own_n;

	/* Of the loop's thread. */
	uv_work_t work;
	bool busy;             /* ${work} runs */
	struct stock *planned; /* what it builds; NULL: it looks after */
	err built;
	uint64_t began_ms;
	unsigned wait_ticks; /* before the next build */
	uint64_t ticks, built_tick;
	struct stock *retired;

	bool stopping; /* atomic */

	/* Who changes the indexes or the stock holds this; never the loop,
	 * which only tries. */
	uv_mutex_t lock;
	struct stock *stock; /* NULL: none is ready */
	struct reader rd;

	/* Short; inside of ${lock} or without it. */
	uv_mutex_t news;
	struct gone_news *gone;
	size_t gone_n, gone_cap;
	bool stale; /* news were lost */
	uint64_t last_rid;
	struct matcher_stats stats;
};

uint32_t
match_list_kind(enum match_list list)
{
	static const uint32_t kinds[MATCH_LISTS] = { KIND_PROFILE, KIND_DEMAND,
		KIND_COURSE };

	return kinds[list];
}

const char *
matcher_state_name(enum matcher_state s)
{
	static const char *const names[] = { "waiting", "building", "ready",
		"off" };

	return names[s];
}

static bool
list_of(uint32_t kind, enum match_list *list)
{
	for (int i = 0; i < MATCH_LISTS; i++)
		if (match_list_kind((enum match_list)i) == kind) {
			*list = (enum match_list)i;
			return true;
		}
	return false;
}

static bool
is_stopping(struct matcher *m)
{
	return __atomic_load_n(&m->stopping, __ATOMIC_RELAXED);
}

/* ---- a stock ---- */

/* On the loop's thread; nobody uses it. */
static void
stock_free(struct node *n, struct stock *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < MATCH_LISTS; i++)
		if (s->index[i] != NULL)
			index_free(s->index[i]);
	terms_give(n, s->terms);
	free(s);
}

static struct stock *
stock_new(struct node *n)
{
	struct index_limits limits = index_limits_default;
	struct stock *s = calloc(1, sizeof(*s));
	err e = OK;

	if (s == NULL)
		return NULL;
	s->terms = terms_take(n);
	s->meaning = (struct meaning){ s->terms->vocabulary,
		vocabulary_rarity(s->terms->vocabulary) };
	limits.records_max = n->config->limits.match_records;
	crypto_random((uint8_t *)&limits.seed, sizeof(limits.seed));
	for (int i = 0; i < MATCH_LISTS && e == OK; i++)
		e = index_new(&s->meaning,
		    i == MATCH_PEOPLE ? INDEX_PEOPLE : INDEX_POSTINGS, &limits,
		    &s->index[i]);
	if (e == OK)
		return s;
	stock_free(n, s);
	return NULL;
}

/* ---- following the store ---- */

struct walk {
	struct matcher *m;
	struct stock *s;
	struct reader *rd;
	uint64_t now_s, added;
	size_t left; /* records of this chunk */
	uint32_t own_n;
};

static err
put_record(struct walk *w, const struct store_record *r, enum match_list list)
{
	struct index *ix = w->s->index[list];
	union {
		struct card card;
		struct posting posting;
	} is;

	if (list == MATCH_PEOPLE) {
		TRY(card_decode(&w->rd->payload, r->region, &is.card));
		card_resolve(&is.card, w->s->meaning.vocabulary);
		return index_put_card(ix, r->id, &is.card);
	}
	TRY(list == MATCH_COURSES
		? course_posting(&w->rd->payload, r->region, &is.posting)
		: posting_decode(&w->rd->payload, r->region, &is.posting));
	posting_resolve(&is.posting, w->s->meaning.vocabulary);
	return index_put_posting(ix, r->id, &is.posting);
}

static bool
is_own(const struct walk *w, const uint8_t author[RECORD_AUTHOR])
{
	for (uint32_t i = 0; i < w->own_n; i++)
		if (memcmp(w->m->own[i], author, RECORD_AUTHOR) == 0)
			return true;
	return false;
}

static bool
on_arrival(void *ctx, const struct store_record *r)
{
	struct walk *w = ctx;
	enum match_list list;

	w->s->last_rid = r->rid;
	if (list_of(r->kind, &list) && !r->opaque &&
	    record_is_live(r, w->now_s) && !is_own(w, r->author) &&
	    reader_open(w->rd, r)) {
		const err e = put_record(w, r, list);
		w->added += e == OK;
		w->s->left_out += e == ERR_LIMIT || e == ERR_NOMEM;
	}
	return --w->left > 0;
}

/* What has arrived since, ${max} at most; ${more}: there may be more. */
static err
follow(struct matcher *m, struct stock *s, struct reader *rd,
    struct store_view *view, size_t max, bool *more)
{
	struct walk w = {
		.m = m, .s = s, .rd = rd, .now_s = node_now(m->n), .left = max
	};
	uv_mutex_lock(&m->news);
	w.own_n = m->own_n;
	uv_mutex_unlock(&m->news);
	const err e = store_each_arrival(view, s->last_rid, on_arrival, &w);

	*more = w.left == 0;
	uv_mutex_lock(&m->news);
	m->stats.added += w.added;
	uv_mutex_unlock(&m->news);
	return e;
}

static struct gone_news *
take_gone(struct matcher *m, size_t *n)
{
	struct gone_news *list;

	uv_mutex_lock(&m->news);
	list = m->gone;
	*n = m->gone_n;
	m->gone = NULL;
	m->gone_n = m->gone_cap = 0;
	uv_mutex_unlock(&m->news);
	return list;
}

static uint64_t
remove_gone(struct stock *s, struct store_view *view,
    const struct gone_news *list, size_t n)
{
	struct store_record r;
	uint64_t removed = 0;

	/* It may have come again since. */
	for (size_t i = 0; i < n; i++)
		if (store_get(view, list[i].id, &r) == ERR_NOTFOUND)
			removed +=
			    index_remove(s->index[list[i].list], list[i].id);
	return removed;
}

static void
tell_stats(struct matcher *m, const struct stock *s, uint64_t removed)
{
	struct index_stat stat[MATCH_LISTS];

	for (int i = 0; i < MATCH_LISTS; i++)
		index_stat(s->index[i], &stat[i]);
	uv_mutex_lock(&m->news);
	m->last_rid = s->last_rid;
	m->stats.left_out = s->left_out;
	m->stats.removed += removed;
	m->stats.bytes = m->stats.segments = 0;
	for (int i = 0; i < MATCH_LISTS; i++) {
		m->stats.records[i] = stat[i].records;
		m->stats.bytes += stat[i].bytes;
		m->stats.segments += stat[i].segments;
	}
	uv_mutex_unlock(&m->news);
}

/*
 * The stock becomes what the store holds; ${view} is of that moment. What is
 * told to be gone is looked up in a view that was opened after the telling,
 * so that what came again stays. Under ${lock}.
 */
static err
catch_up(struct matcher *m, struct stock *s, struct store_view **view)
{
	bool more = true;
	size_t n;
	struct gone_news *gone = take_gone(m, &n);
	err e = store_view_open(m->n->store, view);
	uint64_t removed = 0;

	if (e == OK) {
		removed = remove_gone(s, *view, gone, n);
		while (e == OK && more)
			e = follow(m, s, &m->rd, *view, SIZE_MAX, &more);
	} else {
		uv_mutex_lock(&m->news);
		m->stale = m->stale || n > 0;
		uv_mutex_unlock(&m->news);
	}
	free(gone);
	if (e != OK) {
		store_view_close(*view);
		*view = NULL;
		return e;
	}
	tell_stats(m, s, removed);
	return OK;
}

/* ---- building, on a worker ---- */

static err
build_chunk(struct matcher *m, struct stock *s, struct reader *rd, bool *more)
{
	struct store_view *view;
	struct store_totals totals;

	TRY(store_view_open(m->n->store, &view));
	err e = store_totals(view, &totals);
	if (e == OK)
		e = follow(m, s, rd, view, BUILD_CHUNK, more);
	store_view_close(view);
	uv_mutex_lock(&m->news);
	m->stats.of = totals.next_rid;
	m->stats.done = s->last_rid;
	uv_mutex_unlock(&m->news);
	return e;
}

static err
build_all(struct matcher *m, struct stock *s, struct reader *rd)
{
	bool more = true;

	for (int i = 0; i < MATCH_LISTS; i++)
		TRY(index_load(s->index[i], true));
	while (more) {
		if (is_stopping(m))
			return ERR_CLOSED;
		TRY(build_chunk(m, s, rd, &more));
	}
	for (int i = 0; i < MATCH_LISTS; i++) {
		if (is_stopping(m))
			return ERR_CLOSED;
		TRY(index_load(s->index[i], false));
		TRY(index_settle(s->index[i]));
	}
	return OK;
}

static err
build(struct matcher *m, struct stock *s)
{
	struct reader rd;

	TRY(reader_init(&rd));
	const err e = build_all(m, s, &rd);
	reader_fini(&rd);
	if (e != OK)
		return e;
	tell_stats(m, s, 0);
	uv_mutex_lock(&m->lock);
	m->stock = s;
	uv_mutex_unlock(&m->lock);
	return OK;
}

/* ---- looking after, on a worker ---- */

static void
run_jobs(struct matcher *m, struct index *ix)
{
	struct index_job *job;

	while (!is_stopping(m)) {
		uv_mutex_lock(&m->lock);
		const err e = index_job_new(ix, &job);
		uv_mutex_unlock(&m->lock);
		if (e != OK)
			return;
		const err ran = index_job_run(job);
		uv_mutex_lock(&m->lock);
		index_job_finish(ix, job);
		uv_mutex_unlock(&m->lock);
		if (ran != OK)
			return;
	}
}

static void
look_after(struct matcher *m)
{
	struct store_view *view = NULL;

	uv_mutex_lock(&m->lock);
	struct stock *s = m->stock;
	if (s != NULL) {
		s->users++;
		if (catch_up(m, s, &view) == OK)
			store_view_close(view);
	}
	uv_mutex_unlock(&m->lock);
	if (s == NULL)
		return;
	for (int i = 0; i < MATCH_LISTS; i++)
		run_jobs(m, s->index[i]);
	uv_mutex_lock(&m->lock);
	tell_stats(m, s, 0);
	s->users--;
	uv_mutex_unlock(&m->lock);
}

/* ---- the loop's side ---- */

static void
on_work(uv_work_t *work)
{
	struct matcher *m = CONTAINER_OF(work, struct matcher, work);

	if (m->planned != NULL)
		m->built = build(m, m->planned);
	else
		look_after(m);
}

static void
retire(struct matcher *m, struct stock *s)
{
	s->next = m->retired;
	m->retired = s;
}

static void
set_state(struct matcher *m, enum matcher_state state)
{
	uv_mutex_lock(&m->news);
	m->stats.state = state;
	uv_mutex_unlock(&m->news);
}

static void
on_built(struct matcher *m)
{
	struct node *n = m->n;
	struct stock *s = m->planned;
	struct matcher_stats st;
	const uint64_t took = n->env.mono_ms(n->env.ctx) - m->began_ms;

	m->planned = NULL;
	m->built_tick = m->ticks;
	if (m->built != OK) {
		retire(m, s);
		m->wait_ticks = RETRY_TICKS;
		set_state(m, MATCHER_WAITING);
		if (m->built != ERR_CLOSED)
			env_log(&n->env, LOG_UNUSUAL, "match_index_failed",
			    "error=%s what=\"searches look at each record\"",
			    err_name(m->built));
		return;
	}
	uv_mutex_lock(&m->news);
	m->stats.state = MATCHER_READY;
	m->stats.builds++;
	m->stats.build_ms = took;
	st = m->stats;
	uv_mutex_unlock(&m->news);
	env_log(&n->env, LOG_INFO, "match_index",
	    "people=%" PRIu64 " demands=%" PRIu64 " courses=%" PRIu64
	    " ms=%" PRIu64 " bytes=%" PRIu64,
	    st.records[MATCH_PEOPLE], st.records[MATCH_DEMANDS],
	    st.records[MATCH_COURSES], took, st.bytes);
}

static void
on_done(uv_work_t *work, int status)
{
	struct matcher *m = CONTAINER_OF(work, struct matcher, work);

	(void)status;
	m->busy = false;
	if (m->planned != NULL)
		on_built(m);
}

static void
start_work(struct matcher *m)
{
	m->busy = true;
	const int rc = uv_queue_work(&m->n->loop, &m->work, on_work, on_done);
	ASSERT(rc == 0);
}

static void
start_build(struct matcher *m)
{
	m->planned = stock_new(m->n);
	if (m->planned == NULL) {
		m->wait_ticks = RETRY_TICKS;
		return;
	}
	m->began_ms = m->n->env.mono_ms(m->n->env.ctx);
	uv_mutex_lock(&m->news);
	m->stale = false;
	m->stats.state = MATCHER_BUILDING;
	m->stats.done = m->stats.of = 0;
	uv_mutex_unlock(&m->news);
	start_work(m);
}

/* Those that nobody uses any more. Under ${lock}. */
static void
free_retired(struct matcher *m)
{
	struct stock **at = &m->retired;

	while (*at != NULL) {
		struct stock *s = *at;
		if (s->users > 0) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		stock_free(m->n, s);
	}
}

/* Is it of no use any more, or could it hold more? Under ${lock}. */
static bool
is_outdated(struct matcher *m)
{
	const uint64_t max = m->n->config->limits.match_records;
	struct matcher_stats st;
	uint64_t most = 0;
	bool stale;

	uv_mutex_lock(&m->news);
	stale = m->stale;
	st = m->stats;
	uv_mutex_unlock(&m->news);
	for (int i = 0; i < MATCH_LISTS; i++)
		most = MAX(most, st.records[i]);
	return m->stock->terms != m->n->terms || stale ||
	       (st.left_out > 0 && most < max - max / SPARE_PARTS &&
		   m->ticks > m->built_tick + AGAIN_TICKS);
}

static bool
is_behind(struct matcher *m)
{
	struct store_view *view;
	struct store_totals totals;
	uint64_t last;
	bool gone;

	uv_mutex_lock(&m->news);
	last = m->last_rid;
	gone = m->gone_n > 0;
	uv_mutex_unlock(&m->news);
	if (gone)
		return true;
	if (store_view_open(m->n->store, &view) != OK)
		return false;
	const err e = store_totals(view, &totals);
	store_view_close(view);
	return e == OK && totals.next_rid > last + 1;
}

void
matcher_tick(struct matcher *m)
{
	bool wants_build;

	m->ticks++;
	if (m->stats.state == MATCHER_OFF) /* for good: no lock is needed */
		return;
	if (is_stopping(m) || uv_mutex_trylock(&m->lock) != 0)
		return;
	if (!m->busy && m->stock != NULL && is_outdated(m)) {
		retire(m, m->stock);
		m->stock = NULL;
		set_state(m, MATCHER_WAITING);
	}
	free_retired(m); /* before another one is built */
	wants_build = m->stock == NULL;
	uv_mutex_unlock(&m->lock);
	if (m->busy)
		return;
	if (!wants_build && is_behind(m))
		start_work(m);
	else if (wants_build && m->wait_ticks > 0)
		m->wait_ticks--;
	else if (wants_build && !vocabulary_loading())
		start_build(m);
}

void
matcher_own(struct matcher *m, const uint8_t author[RECORD_AUTHOR])
{
	uv_mutex_lock(&m->news);
	if (m->own_n < PERSONAS_MAX)
		memcpy(m->own[m->own_n++], author, RECORD_AUTHOR);
	m->stale = m->stale || m->stock != NULL;
	uv_mutex_unlock(&m->news);
}

struct matcher *
matcher_new(struct node *n)
{
	struct matcher *m = calloc(1, sizeof(*m));

	if (m == NULL || reader_init(&m->rd) != OK ||
	    uv_mutex_init(&m->lock) != 0) {
		if (m != NULL)
			reader_fini(&m->rd);
		free(m);
		return NULL;
	}
	if (uv_mutex_init(&m->news) != 0)
		abort(); /* the system has nothing left at start-up */
	m->n = n;
	for (uint32_t i = 0; i < persona_count(n); i++)
		matcher_own(m, persona_get(n, i)->pub);
	if (n->config->limits.match_records == 0)
		m->stats.state = MATCHER_OFF;
	return m;
}

void
matcher_stop(struct matcher *m)
{
	if (m != NULL)
		__atomic_store_n(&m->stopping, true, __ATOMIC_RELAXED);
}

void
matcher_free(struct matcher *m)
{
	if (m == NULL)
		return;
	ASSERT(!m->busy);
	if (m->stock != NULL)
		retire(m, m->stock);
	m->stock = NULL;
	free_retired(m);
	ASSERT(m->retired == NULL);
	uv_mutex_destroy(&m->lock);
	uv_mutex_destroy(&m->news);
	reader_fini(&m->rd);
	free(m->gone);
	free(m);
}

void
matcher_gone(struct matcher *m, const struct store_gone *gone)
{
	enum match_list list;

	if (m == NULL || !list_of(gone->kind, &list))
		return;
	uv_mutex_lock(&m->news);
	if (m->gone_n == m->gone_cap && m->gone_cap < GONE_MAX) {
		const size_t cap = MAX((size_t)64, 2 * m->gone_cap);
		void *more = realloc(m->gone, cap * sizeof(*m->gone));
		if (more != NULL) {
			m->gone = more;
			m->gone_cap = cap;
		}
	}
	if (m->gone_n < m->gone_cap) {
		struct gone_news *g = &m->gone[m->gone_n++];
		g->list = list;
		memcpy(g->id, gone->id, RECORD_ID);
	} else {
		m->stale = true;
	}
	uv_mutex_unlock(&m->news);
}

/* ---- searching, on workers ---- */

bool
matcher_hold(struct matcher *m, const struct terms *terms, enum match_list list,
    struct matcher_hold *out, struct store_view **view)
{
	struct index_snapshot *snapshot;
	bool good = false;

	uv_mutex_lock(&m->lock);
	struct stock *s = m->stock;
	if (s != NULL && s->terms == terms && catch_up(m, s, view) == OK) {
		good = index_snapshot_new(s->index[list], &snapshot) == OK;
		if (good) {
			s->users++;
			*out = (struct matcher_hold){ s, list, snapshot };
		} else {
			store_view_close(*view);
		}
	}
	uv_mutex_unlock(&m->lock);
	if (!good)
		return false;
	uv_mutex_lock(&m->news);
	m->stats.searches++;
	uv_mutex_unlock(&m->news);
	return true;
}

void
matcher_release(struct matcher *m, struct matcher_hold *hold)
{
	uv_mutex_lock(&m->lock);
	index_snapshot_free(hold->stock->index[hold->list],
	    (struct index_snapshot *)(uintptr_t)hold->snapshot);
	hold->stock->users--;
	uv_mutex_unlock(&m->lock);
}

void
matcher_stats(struct matcher *m, struct matcher_stats *out)
{
	uv_mutex_lock(&m->news);
	*out = m->stats;
	uv_mutex_unlock(&m->news);
}
