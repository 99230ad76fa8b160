#include "tests/sim/converge.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/model.h"
#include "tests/sim/swarm.h"
#include "tests/sim/world.h"

#define HOURS      12 /* that pass while the faults last */
#define HOUR_S     40 /* in so many seconds each */
#define STEP       (5 * SIM_SECOND)
#define HEAL_S     3600
#define WINDOW_S   900 /* at the slow pace each has some sessions in it */
#define WINDOWS    8
#define EQUAL_MAX  600 /* bytes of a session that finds no difference */
#define AUTHORS    24
#define AUTHOR_OF  5000
#define EVERYTHING 3 /* nodes at least that keep everything, and publish */

static const char *const regions[] = { "de", "fr", "at", "zz" };
static const uint32_t kinds[] = { KIND_PROFILE, KIND_DEMAND, KIND_COURSE,
	KIND_ATTESTATION };

struct world_state {
	unsigned nodes;    /* in the end */
	unsigned full;     /* nodes that keep everything: the first ones */
	uint64_t until;    /* of the faults */
	unsigned every_ms; /* between two records */
};

static struct prng *
dice(struct sim *s)
{
	return sim_prng(s, PRNG_WORK);
}

/* ---- who is there ---- */

static struct scope
draw_scope(struct sim *s)
{
	struct prng *r = dice(s);
	struct scope sc = scope_all();

	if (prng_chance(r, 300))
		sc.class_mask = (uint32_t)prng_below(r, SCOPE_ALL_CLASSES + 1);
	if (prng_chance(r, 300)) {
		sc.kinds[0] = sc.kinds[1] = 0;
		for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
			if (prng_chance(r, 500))
				sc.kinds[0] |= UINT64_C(1) << kinds[i];
	}
	for (unsigned i = 0; i < 3 && prng_chance(r, 500); i++) {
		const err e = scope_add_region(&sc, regions[prng_below(r, 4)]);
		ASSERT(e == OK);
	}
	if (prng_chance(r, 250))
		sc.since_h = (uint32_t)(SIM_WALL / 3600 + prng_below(r, 8));
	return sc;
}

static void
join(struct sim *s, const struct world_state *w)
{
	struct prng *r = dice(s);
	const struct scope sc = draw_scope(s);
	const bool full = s->nodes_n < w->full;
	const struct sim_node_config cf = { .scope = full ? NULL : &sc,
		.quota = !full && prng_chance(r, 200) ? 60 : 0 };
	const unsigned n = sim_add(s, &cf);

	for (unsigned i = 0; n > 0 && i < 3; i++)
		sim_know(s, n, (unsigned)prng_below(r, n));
	if (n > 0)
		sim_know(s, n, (unsigned)prng_below(r, MIN(n, w->full)));
	sim_wall_step(s, n, (int64_t)prng_below(r, 580) - 290);
}

static void
on_join(struct sim *s, void *ctx, uint64_t number)
{
	(void)number;
	join(s, ctx);
}

/* ---- what is said ---- */

static uint64_t
hour_of(const struct sim *s)
{
	return s->wall_leapt_s / 3600;
}

/* Nothing expires between the end of the faults and the end of the world. */
static uint32_t
lifetime(struct sim *s)
{
	const uint64_t hour = hour_of(s);
	const uint32_t hours = (uint32_t)prng_between(dice(s), 1, 6);

	return prng_chance(dice(s), 400) && hour + hours + 2 < HOURS
		   ? hours
		   : 60 + hours;
}

static void
publish(struct sim *s, const struct world_state *w)
{
	struct prng *r = dice(s);
	const unsigned node = (unsigned)prng_below(r, w->full);
	struct sim_draft d = { .kind = kinds[prng_below(r, ARRAY_LEN(kinds))],
		.hours = lifetime(s),
		.region = regions[prng_chance(r, 500) ? 0 : prng_below(r, 4)],
		.author = AUTHOR_OF + prng_below(r, AUTHORS),
		.deleted = prng_chance(r, 150),
		.careless = prng_chance(r, 100) };

	if (d.kind == KIND_PROFILE)
		d.author =
		    0; /* of the node's owner: its announcer sees to it */
	else if (d.kind == KIND_DEMAND || d.kind == KIND_COURSE)
		d.slot = (uint32_t)prng_below(r, 3);
	if (prng_chance(r, 25))
		d = (struct sim_draft){ .kind = KIND_REVOCATION,
			.author = AUTHOR_OF + prng_below(r, AUTHORS) };
	const err e = sim_publish(s, node, &d, NULL);
	sim_note(s, (uint64_t)-e); /* down, or too many changes in an hour */
}

/* An old record comes to somebody again. */
static void
replay(struct sim *s)
{
	struct prng *r = dice(s);

	if (s->messages_n == 0)
		return;
	const struct message *m = &s->messages[prng_below(r, s->messages_n)];
	struct sim_node *n = s->nodes[prng_below(r, s->nodes_n)];
	/* A card that nobody has heard of is nobody's to replay. */
	if (!n->up || n->store == NULL || m->kind == KIND_PROFILE || !m->acked)
		return;
	judge_submit(n, slice_of(m->bytes, m->n), 0, false, NULL, NULL);
	node_pump(n);
}

static void
on_work(struct sim *s, void *ctx, uint64_t number)
{
	struct world_state *w = ctx;
	struct prng *r = dice(s);

	if (s->now >= w->until)
		return;
	if (number > 0)
		publish(s, w);
	if (prng_chance(r, 250))
		replay(s);
	if (prng_chance(r, 30))
		sim_wall_step(s, (unsigned)prng_below(r, s->nodes_n),
		    (int64_t)prng_below(r, 100) - 50);
	sim_at(s, s->now + SIM_MS * prng_between(r, 1, 2 * w->every_ms),
	    on_work, w, 1);
}

static void
on_hour(struct sim *s, void *ctx, uint64_t number)
{
	(void)ctx;
	(void)number;
	sim_wall_leap(s, 3600);
}

/* ---- what must be ---- */

static struct model_record *
model_of(const struct sim *s, size_t *n)
{
	struct model_record *all = calloc(s->messages_n + 1, sizeof(*all));

	ASSERT(all != NULL);
	*n = 0;
	for (uint32_t i = 0; i < s->messages_n; i++) {
		const struct message *m = &s->messages[i];
		if (!m->acked)
			continue;
		struct model_record *r = &all[(*n)++];
		*r = (struct model_record){ .id = m->id,
			.author = s->authors[m->author].pub,
			.kind = m->kind,
			.slot = m->slot,
			.seq = m->seq,
			.expires_h = m->expires_h };
		memcpy(r->region, m->region, sizeof(r->region));
	}
	return all;
}

/* For --log: all of a slot, and who holds what of it. */
static void
say_slot(struct sim *s, const struct model_record *like)
{
	for (uint32_t i = 0; i < s->messages_n; i++) {
		const struct message *m = &s->messages[i];
		char held[400] = "";
		int n = 0;
		if (m->kind != like->kind || m->slot != like->slot ||
		    memcmp(s->authors[m->author].pub, like->author,
			RECORD_AUTHOR) != 0)
			continue;
		for (unsigned k = 0; k < s->nodes_n && n < 300; k++) {
			struct store_view *view = NULL;
			struct store_record r;
			if (s->nodes[k]->store == NULL ||
			    store_view_open(s->nodes[k]->store, &view) != OK)
				continue;
			if (store_get(view, m->id, &r) == OK)
				n += snprintf(held + n,
				    sizeof(held) - (size_t)n, " %u%s%s", k,
				    r.own ? "o" : "", r.heard ? "" : "!");
			store_view_close(view);
		}
		sim_trace(s,
		    "message %" PRIu32 " of node %u at %" PRIu64
		    " s: seq %" PRIu64 " expires %" PRIu64
		    " region %s%s%s, held by%s",
		    i, m->node, m->at / SIM_SECOND, m->seq, m->expires_h,
		    m->region, m->deleted ? " deleted" : "",
		    m->acked ? "" : " not acked", held);
	}
}

static bool
node_is_right(struct sim *s, struct sim_node *n, const struct model_record *all,
    const enum model_fate *fate, size_t count)
{
	struct store_totals totals;
	struct store_view *view = NULL;
	struct store_record r;
	struct scope scope;
	bool right = true;

	store_scope(n->store, &scope);
	if (store_view_open(n->store, &view) != OK)
		return false;
	err e = store_totals(view, &totals);
	for (size_t i = 0; i < count && right && e == OK; i++) {
		enum model_want want = model_want(fate[i], &all[i], &scope);
		const bool held = store_get(view, all[i].id, &r) == OK;
		/* Revocations get an eighth of a quota. */
		if (want == MODEL_MUST && all[i].kind == KIND_REVOCATION &&
		    n->cf.quota > 0 &&
		    totals.kind[KIND_REVOCATION] >= n->cf.quota / 8)
			want = MODEL_MAY;
		if (want == MODEL_MAY || (want == MODEL_MUST) == held)
			continue;
		right = false;
		if (s->cf.loud)
			say_slot(s, &all[i]);
		(void)snprintf(s->why, sizeof(s->why),
		    "node %u %s a record of kind %" PRIu32 " slot %" PRIu32
		    " seq %" PRIu64 " region %s, fate %d",
		    n->index, held ? "still holds" : "does not hold",
		    all[i].kind, all[i].slot, all[i].seq, all[i].region,
		    (int)fate[i]);
	}
	store_view_close(view);
	return right && e == OK;
}

static bool
all_right(struct sim *s)
{
	const uint64_t now_s = SIM_WALL + s->wall_leapt_s + s->now / SIM_SECOND;
	size_t n = 0;
	struct model_record *all = model_of(s, &n);
	enum model_fate *fate = calloc(n + 1, sizeof(*fate));
	bool right = !s->failed;

	ASSERT(fate != NULL);
	for (size_t i = 0; i < n; i++)
		fate[i] = model_fate(all, n, i, 0, now_s);
	for (unsigned i = 0; i < s->nodes_n && right; i++)
		right = s->nodes[i]->up &&
			node_is_right(s, s->nodes[i], all, fate, n);
	free(fate);
	free(all);
	return right;
}

/* ---- what sync costs ---- */

struct cost {
	uint64_t sessions, bytes, records;
};

static struct cost
cost_of(const struct sim *s)
{
	struct cost c = { 0 };

	for (unsigned i = 0; i < s->nodes_n; i++) {
		const struct syncer_stats st =
		    syncer_stats(s->nodes[i]->syncer);
		c.sessions += st.begun;
		c.bytes += st.bytes_in + st.bytes_out;
		c.records += st.records_out;
	}
	c.bytes /= 2; /* both ends have counted it */
	return c;
}

/* When all agree no record is sent, and a session costs a few bytes. */
static void
come_to_rest(struct sim *s, struct converge_outcome *out)
{
	const uint64_t from = s->now;
	struct cost before = { 0 }, after = { 0 };
	unsigned windows = 0;

	do {
		before = cost_of(s);
		sim_run(s, s->now + WINDOW_S * SIM_SECOND);
		after = cost_of(s);
	} while (!s->failed && after.records > before.records &&
		 ++windows < WINDOWS);
	out->quiet_s = (s->now - from) / SIM_SECOND - WINDOW_S;
	out->sessions = after.sessions - before.sessions;
	if (after.records > before.records)
		sim_fail(s,
		    "%" PRIu64 " records are sent in %u s, though all agree "
		    "since %" PRIu64 " s",
		    after.records - before.records, WINDOW_S,
		    (s->now - from) / SIM_SECOND);
	else if (out->sessions == 0)
		sim_fail(s, "nobody has asked anybody in %u s", WINDOW_S);
	else
		out->bytes_max = (after.bytes - before.bytes) / out->sessions;
	if (out->bytes_max > EQUAL_MAX)
		sim_fail(s, "an equal session takes %" PRIu64 " bytes",
		    out->bytes_max);
	if (!s->failed && !all_right(s))
		sim_fail(s, "after %u s of rest: %.300s", WINDOW_S, s->why);
}

static void
come_right(struct sim *s, struct converge_outcome *out)
{
	const uint64_t healed = s->now;

	while (!s->failed && !all_right(s)) {
		if (s->now > healed + HEAL_S * SIM_SECOND) {
			char what[400];
			(void)snprintf(what, sizeof(what), "%.399s", s->why);
			sim_fail(s, "%u s after the faults %s", HEAL_S, what);
			return;
		}
		sim_run(s, s->now + 20 * SIM_SECOND);
	}
	out->healed_s = (s->now - healed) / SIM_SECOND;
	if (!s->failed)
		come_to_rest(s, out);
}

/* ---- the whole history ---- */

static struct sim_config
config_of(const struct converge_options *o, struct prng *r)
{
	static const enum sim_fault some[] = { FAULT_CUT, FAULT_PARTITION,
		FAULT_ONE_WAY, FAULT_CLOG, FAULT_CRASH, FAULT_SLOW_VERIFY,
		FAULT_DISK, FAULT_JITTER };
	struct sim_config cf = sim_config_default();

	cf.seed = o->seed;
	cf.loud = o->loud;
	cf.lmdb = o->lmdb;
	cf.plant = o->plant;
	cf.fault[FAULT_DRIFT] = 1;
	for (unsigned i = 0; i < ARRAY_LEN(some); i++)
		if (prng_chance(r, 600))
			cf.fault[some[i]] = (uint8_t)prng_between(r, 1, 3);
	return cf;
}

void
converge_world(const struct converge_options *o, struct converge_outcome *out)
{
	struct prng r = prng_of(o->seed, PRNG_SWARM);
	const struct sim_config cf = config_of(o, &r);
	struct world_state w = {
		.nodes = o->nodes != 0 ? o->nodes
				       : (unsigned)prng_between(&r, 12, 40),
		.until = (10 + HOURS * HOUR_S) * SIM_SECOND,
		.every_ms = (unsigned)prng_between(&r, 300, 3000),
	};
	struct sim *s = sim_new(&cf);

	*out = (struct converge_outcome){ .nodes = w.nodes };
	w.full = MAX(EVERYTHING, w.nodes / 4);
	const unsigned first = MAX(w.full, w.nodes * 2 / 3);
	for (unsigned i = 0; i < first; i++)
		join(s, &w);
	for (unsigned i = first; i < w.nodes; i++)
		sim_at(s,
		    prng_between(
			&r, 10 * SIM_SECOND, w.until + 30 * SIM_SECOND),
		    on_join, &w, 0);
	for (unsigned h = 1; h <= HOURS; h++)
		sim_at(s, (10 + h * HOUR_S) * SIM_SECOND, on_hour, NULL, 0);
	sim_run(s, 10 * SIM_SECOND);
	on_work(s, &w, 0);
	faults_start(s, first, w.until);
	while (s->now < w.until && sim_check(s))
		sim_run(s, MIN(w.until, s->now + STEP));
	sim_run(s, w.until + 31 * SIM_SECOND); /* the last have joined */
	faults_end(s, s->nodes_n);
	come_right(s, out);
	(void)sim_check_deep(s);
	out->failed = s->failed;
	(void)snprintf(out->why, sizeof(out->why), "%s", s->why);
	out->messages = s->messages_n;
	out->hash = s->hash;
	sim_free(s);
}
