/*
 * What must hold: at any time (safety), and some time after the faults have
 * ended (convergence). The oracle is naive on purpose: it knows every message
 * that was acknowledged and works out what a store should hold.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/world.h"

#define MISSED_AFTER   (120 * SIM_SECOND) /* keep-alives and time-outs */
#define EXPIRED_LATE_S 300                /* expiry runs each minute */
#define EXPIRES_SOON_S 900 /* such a record need not be everywhere */

/* The rule once more, apart from record_beats(), which may be planted. */
static bool
beats(uint64_t a_seq, const uint8_t *a_id, uint64_t b_seq, const uint8_t *b_id)
{
	return a_seq != b_seq ? a_seq > b_seq
			      : memcmp(a_id, b_id, RECORD_ID) < 0;
}

/* ---- at any time ---- */

static void
check_bounds(struct sim_node *n)
{
	struct sim *s = n->s;
	const struct host_limits *limits =
	    n->cf.limits != NULL ? n->cf.limits : &s->cf.limits;
	struct host_stats st;

	host_stats(n->host, &st);
	if (n->memory_peak > limits->memory_bytes + 65536)
		sim_fail(s, "node %u: its host holds %zu bytes", n->index,
		    n->memory_peak);
	if (st.gossip.pending_now > s->cf.gossip.pending_max)
		sim_fail(s, "node %u: %" PRIu32 " messages wait", n->index,
		    st.gossip.pending_now);
	if (n->jobs_n > s->cf.queue_max)
		sim_fail(s, "node %u: %u records under judgement", n->index,
		    n->jobs_n);
	if (st.conns_now > limits->conns_max)
		sim_fail(s, "node %u: %" PRIu32 " connections", n->index,
		    st.conns_now);
	if (st.gossip.accepted != n->accepts)
		sim_fail(s,
		    "node %u: gossip passed on %" PRIu64
		    " messages, but %" PRIu64 " were fit for it",
		    n->index, st.gossip.accepted, n->accepts);
}

static void
check_meshes(struct sim_node *n)
{
	for (unsigned c = 0; c < RECORD_CLASSES; c++) {
		struct gossip_topic t;
		char name[TOPIC_TEXT];
		sim_topic((enum record_class)c, name);
		if (!host_topic(n->host, name, &t))
			continue;
		if (t.mesh > t.peers || t.mesh > 2 * n->s->cf.gossip.d_hi)
			sim_fail(n->s,
			    "node %u: %" PRIu32 " of %" PRIu32
			    " peers in the mesh of %s",
			    n->index, t.mesh, t.peers, name);
	}
}

/* Who has died without a word is missed after a while. */
static void
check_peers(struct sim_node *n)
{
	struct sim *s = n->s;

	for (unsigned i = 0; i < s->nodes_n; i++) {
		const struct sim_node *o = s->nodes[i];
		const struct peer_id id =
		    peer_id_of_ed25519(o->secret + ED25519_SEED);
		struct host_peer_info info;
		if (!o->up && s->now > o->down_at + MISSED_AFTER &&
		    host_peer_find(n->host, &id, &info))
			sim_fail(s,
			    "node %u is still connected to node %u, which died "
			    "%" PRIu64 " s ago",
			    n->index, i, (s->now - o->down_at) / SIM_SECOND);
	}
}

bool
sim_check(struct sim *s)
{
	for (unsigned i = 0; i < s->nodes_n; i++) {
		struct sim_node *n = s->nodes[i];
		if (!n->up || n->cf.actor != NULL || n->store == NULL)
			continue;
		check_bounds(n);
		check_meshes(n);
		check_peers(n);
	}
	return !s->failed;
}

/* ---- what was acknowledged is there ---- */

static bool
is_revoked(struct store_view *view, const struct author *a)
{
	struct store_record r;

	return store_get_slot(view, a->pub, KIND_REVOCATION, 0, &r) == OK;
}

static bool
has_acked(const struct sim_node *n, uint32_t m)
{
	return m / 8 < n->acked_n && (n->acked[m / 8] >> m % 8 & 1) != 0;
}

static bool
same_slot(const struct message *a, const struct message *b)
{
	return a->author == b->author && a->kind == b->kind &&
	       a->slot == b->slot;
}

/* Not held, but for a reason: something better, revoked, or expired. */
static bool
is_excused(struct sim_node *n, struct store_view *view, const struct message *m)
{
	const struct sim *s = n->s;
	const struct author *a = &s->authors[m->author];
	struct store_record r;

	if (m->expires_h * 3600 <= n->wall_max_s + EXPIRED_LATE_S ||
	    is_revoked(view, a))
		return true;
	if (store_get_slot(view, a->pub, m->kind, m->slot, &r) == OK)
		return beats(r.seq, r.id, m->seq, m->id);
	/* It was replaced, and what replaced it has expired. */
	for (uint32_t i = 0; i < s->messages_n; i++) {
		const struct message *o = &s->messages[i];
		if (has_acked(n, i) && same_slot(o, m) &&
		    beats(o->seq, o->id, m->seq, m->id))
			return true;
	}
	return false;
}

/*
 * What it holds must not be beaten by something that it held before; but for
 * what lies beside an own record that is on its way (store.h).
 */
static void
check_forward(struct sim_node *n, uint32_t held)
{
	struct sim *s = n->s;
	const struct message *m = &s->messages[held];

	/* What had expired by its clock, which was set back, is new again. */
	if (m->expires_h * 3600 <= n->wall_max_s + EXPIRED_LATE_S)
		return;
	for (uint32_t i = 0; i < s->messages_n; i++) {
		const struct message *o = &s->messages[i];
		if (has_acked(n, i) &&
		    sim_delivered(s, held, n->index) <
			sim_delivered(s, i, n->index) &&
		    o->author == m->author && o->kind == m->kind &&
		    o->slot == m->slot && beats(o->seq, o->id, m->seq, m->id))
			sim_fail(s,
			    "node %u has gone back from message %" PRIu32
			    " to %" PRIu32,
			    n->index, i, held);
	}
}

void
check_acked(struct sim_node *n)
{
	struct sim *s = n->s;
	struct store_view *view = NULL;
	struct store_record r;

	if (n->cf.quota > 0)
		return; /* it may evict whom it likes */
	const err e = store_view_open(n->store, &view);
	ASSERT(e == OK);
	for (uint32_t i = 0; i < s->messages_n && i / 8 < n->acked_n; i++) {
		if (!has_acked(n, i))
			continue;
		const struct message *m = &s->messages[i];
		if (store_get(view, m->id, &r) == OK) {
			if (store_get_slot(view, s->authors[m->author].pub,
				m->kind, m->slot, &r) == OK &&
			    memcmp(r.id, m->id, RECORD_ID) == 0)
				check_forward(n, i);
		} else if (!is_excused(n, view, m)) {
			sim_fail(s,
			    "node %u has lost message %" PRIu32
			    ", which it had acknowledged",
			    n->index, i);
		}
	}
	store_view_close(view);
}

struct walk {
	struct sim_node *n;
	uint64_t now_s;
};

static bool
on_held(void *ctx, const struct store_record *r)
{
	struct walk *w = ctx;

	if (r->expires_h * 3600 + EXPIRED_LATE_S < w->now_s)
		sim_fail(w->n->s,
		    "node %u holds a record that expired %" PRIu64 " s ago",
		    w->n->index, w->now_s - r->expires_h * 3600);
	return true;
}

static void
on_fault(void *ctx, const char *text)
{
	struct sim_node *n = ctx;

	sim_fail(n->s, "node %u: %s", n->index, text);
}

static void
check_store(struct sim_node *n)
{
	struct walk w = { n, sim_wall_s(n->s, n->index) };
	struct store_view *view = NULL;
	struct store_report report;

	err e = store_view_open(n->store, &view);
	ASSERT(e == OK);
	e = store_check(view, STORE_CHECK, on_fault, n, &report);
	/* A clock that was set, a full disk: expiry has not run yet. */
	if (e == OK && n->ticks > 120 && n->wall_wrong_s == 0 &&
	    n->expired_at + 120 * SIM_SECOND > n->s->now &&
	    n->set_at + 120 * SIM_SECOND < n->s->now)
		e = store_each_arrival(view, 0, on_held, &w);
	if (e != OK)
		sim_fail(n->s, "node %u: reading its store: %s", n->index,
		    err_name(e));
	store_view_close(view);
}

bool
sim_check_deep(struct sim *s)
{
	for (unsigned i = 0; i < s->nodes_n && sim_check(s); i++) {
		struct sim_node *n = s->nodes[i];
		if (!n->up || n->store == NULL || n->cf.actor != NULL)
			continue;
		check_acked(n);
		check_store(n);
	}
	return !s->failed;
}

/* ---- convergence ---- */

static const struct message *
revocation_of(const struct sim *s, uint32_t author)
{
	const struct message *first = NULL;

	for (uint32_t i = 0; i < s->messages_n; i++) {
		const struct message *m = &s->messages[i];
		if (m->acked && m->author == author &&
		    m->kind == KIND_REVOCATION &&
		    (first == NULL ||
			beats(m->seq, m->id, first->seq, first->id)))
			first = m;
	}
	return first;
}

/* Should every store hold it? */
static bool
is_expected(const struct sim *s, const struct message *m)
{
	const uint64_t now_s = SIM_WALL + s->wall_leapt_s + s->now / SIM_SECOND;
	const struct message *revocation = revocation_of(s, m->author);

	if (!m->acked || m->expect_none ||
	    m->expires_h * 3600 < now_s + EXPIRES_SOON_S)
		return false;
	if (revocation != NULL)
		return m == revocation;
	for (uint32_t i = 0; i < s->messages_n; i++) {
		const struct message *o = &s->messages[i];
		if (o->acked && o->author == m->author && o->kind == m->kind &&
		    o->slot == m->slot && beats(o->seq, o->id, m->seq, m->id))
			return false;
	}
	return true;
}

/* Messages that a node must not hold any more: beaten ones. */
static bool
is_wrong(const struct sim *s, const struct message *m)
{
	const uint64_t now_s = SIM_WALL + s->wall_leapt_s + s->now / SIM_SECOND;

	/* Who never saw the one that beats it, and has expired, may hold it. */
	for (uint32_t i = 0; i < s->messages_n; i++) {
		const struct message *o = &s->messages[i];
		if (o->acked && o->author == m->author && o->kind == m->kind &&
		    o->slot == m->slot &&
		    o->expires_h * 3600 < now_s + EXPIRES_SOON_S)
			return false;
	}
	return m->acked && !m->expect_none &&
	       m->expires_h * 3600 > now_s + EXPIRES_SOON_S &&
	       !is_expected(s, m);
}

static bool
node_converged(struct sim_node *n, const uint8_t *what)
{
	struct sim *s = n->s;
	struct store_view *view = NULL;
	struct store_record r;
	bool good = true;

	if (store_view_open(n->store, &view) != OK)
		return false;
	for (uint32_t i = 0; i < s->messages_n && good; i++) {
		const bool held = store_get(view, s->messages[i].id, &r) == OK;
		if ((what[i] == 1 && held) || (what[i] == 2 && !held) ||
		    what[i] == 0)
			continue;
		good = false;
		(void)snprintf(s->why, sizeof(s->why),
		    "node %u %s message %" PRIu32 " of node %u, kind %" PRIu32
		    " slot %" PRIu32 "%s, published at %" PRIu64 " s",
		    n->index, held ? "still holds" : "does not hold", i,
		    s->messages[i].node, s->messages[i].kind,
		    s->messages[i].slot,
		    s->messages[i].deleted ? " (deleted)" : "",
		    s->messages[i].at / SIM_SECOND);
	}
	store_view_close(view);
	return good;
}

bool
sim_converged(struct sim *s)
{
	uint8_t *what = calloc(1, s->messages_n + 1);
	bool good = true;

	ASSERT(what != NULL);
	if (!s->failed)
		s->why[0] = '\0';
	for (uint32_t i = 0; i < s->messages_n; i++)
		what[i] = is_expected(s, &s->messages[i]) ? 1
			  : is_wrong(s, &s->messages[i])  ? 2
							  : 0;
	for (unsigned i = 0; i < s->nodes_n && good; i++) {
		struct sim_node *n = s->nodes[i];
		if (n->store == NULL || n->cf.actor != NULL)
			continue;
		good = n->up && node_converged(n, what);
	}
	free(what);
	return good && !s->failed;
}
