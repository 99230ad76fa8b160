#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

#define UNWANTED_BEATS 3
#define MISSED_BEATS   8
#define SLEPT_BEATS    5  /* so late we did not run at all */
#define BROKEN_IDS     64 /* as many as one IWANT of ours has */
#define BROKEN_MAX     10
#define BACKOFF_BEATS  15
#define SILENT_BEATS   5 /* one silent member of a topic goes, at most */
#define SILENCES_MAX   4

bool
gossip_member_add(
    struct gossip *g, struct gossip_slot_topic *t, struct gossip_peer *p)
{
	if (t->members_n >= g->members_max)
		return false;
	ASSERT((p->meshes & gossip_topic_bit(g, t)) == 0);
	p->meshes |= gossip_topic_bit(g, t);
	t->members[t->members_n++] = p->number;
	gossip_make_eager(g, t, p, false);
	if (t->subscribed)
		gossip_score_joined(g, p, t->key);
	return true;
}

void
gossip_member_del(
    struct gossip *g, struct gossip_slot_topic *t, struct gossip_peer *p)
{
	if ((p->meshes & gossip_topic_bit(g, t)) == 0)
		return;
	p->meshes &= ~gossip_topic_bit(g, t);
	if (t->subscribed)
		gossip_score_left(g, p, t->key);
	for (uint32_t i = 0; i < t->members_n; i++)
		if (t->members[i] == p->number) {
			t->members[i] = t->members[--t->members_n];
			return;
		}
	ASSERT(false);
}

/* Until when; 0: there is none. */
uint64_t
gossip_backoff(
    const struct gossip *g, uint64_t topic, const struct gossip_peer *p)
{
	const uint64_t *until = table_get(&g->backoff, topic ^ p->id_key);

	return until == NULL ? 0 : *until;
}

bool
gossip_in_backoff(const struct gossip *g, uint64_t topic,
    const struct gossip_peer *p, uint64_t now_ms)
{
	return gossip_backoff(g, topic, p) > now_ms;
}

static bool
is_over(void *ctx, const struct gossip_slot *s)
{
	const uint64_t *now_ms = ctx;

	return s->value <= *now_ms;
}

/* Never shortens one. When the table is full, a peer may be grafted early. */
void
gossip_backoff_set(struct gossip *g, uint64_t topic,
    const struct gossip_peer *p, uint64_t until_ms)
{
	const uint64_t *old = table_get(&g->backoff, topic ^ p->id_key);

	if (old != NULL && *old >= until_ms)
		return;
	if (table_put(&g->backoff, topic ^ p->id_key, until_ms) != OK)
		g->stats.control_ignored++;
}

/* The first ${want} of the picked become a random sample of all n. */
void
gossip_shuffle(const struct gossip *g, uint32_t n, uint32_t want)
{
	for (uint32_t i = 0; i < MIN(n, want) && n - i > 1; i++) {
		const uint32_t j =
		    i + (uint32_t)env_random_below(g->env, n - i);
		const uint32_t swap = g->pick[i];
		g->pick[i] = g->pick[j];
		g->pick[j] = swap;
	}
}

/*
 * All who want the topic and have the score go to g->pick, explicit peers
 * and visitors excepted; returns how many.
 */
uint32_t
gossip_pick_others(const struct gossip *g, const struct gossip_slot_topic *t,
    bool members_too, int64_t score_min)
{
	const uint64_t bit = gossip_topic_bit(g, t);
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->peers_top; i++) {
		const struct gossip_peer *p = g->peers[i];
		if (p == NULL || (p->topics & bit) == 0 || p->direct ||
		    p->visitor || p->score < score_min)
			continue;
		if (members_too || (p->meshes & bit) == 0)
			g->pick[n++] = i;
	}
	return n;
}

/* May it be grafted? One heartbeat of slack, since clocks differ. */
static bool
is_free(const struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_peer *p)
{
	const uint64_t slack_ms = g->p.heartbeat_ms;

	return !t->subscribed || !gossip_in_backoff(g, t->key, p,
				     g->now_ms - MIN(g->now_ms, slack_ms));
}

static bool
graft(struct gossip *g, struct gossip_slot_topic *t, struct gossip_peer *p)
{
	if (t->members_n >= g->members_max ||
	    (t->subscribed && !gossip_say_graft(g, p, t)))
		return false;
	return gossip_member_add(g, t, p);
}

/* Random new members until there are ${to}; grafted when we are in. */
void
gossip_fill(struct gossip *g, struct gossip_slot_topic *t, uint32_t to,
    bool outbound_only)
{
	const uint32_t all = gossip_pick_others(
	    g, t, false, t->subscribed ? 0 : g->p.score.publish_threshold);
	uint32_t n = 0;

	for (uint32_t i = 0; i < all; i++) {
		const struct gossip_peer *p = g->peers[g->pick[i]];
		if (is_free(g, t, p) && (!outbound_only || p->outbound))
			g->pick[n++] = g->pick[i];
	}
	gossip_shuffle(g, n, n);
	for (uint32_t i = 0; i < n && t->members_n < to; i++)
		(void)graft(g, t, g->peers[g->pick[i]]);
}

static uint32_t
outbound_members(
    const struct gossip *g, const struct gossip_slot_topic *t, uint32_t first_n)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < first_n; i++)
		n += g->peers[t->members[i]]->outbound ? 1 : 0;
	return n;
}

static void
swap_members(struct gossip_slot_topic *t, uint32_t a, uint32_t b)
{
	const uint32_t swap = t->members[a];

	t->members[a] = t->members[b];
	t->members[b] = swap;
}

/* Members by score, the best first; those of equal score at random. */
static void
sort_members(struct gossip *g, struct gossip_slot_topic *t)
{
	for (uint32_t i = 0; i + 1 < t->members_n; i++)
		swap_members(t, i,
		    i + (uint32_t)env_random_below(g->env, t->members_n - i));
	for (uint32_t i = 1; i < t->members_n; i++)
		for (uint32_t k = i;
		     k > 0 && g->peers[t->members[k]]->score >
				  g->peers[t->members[k - 1]]->score;
		     k--)
			swap_members(t, k, k - 1);
}

/*
 * Keep d of them: d_score by their score, the others at random, and at least
 * d_out dialled by us if there are.
 */
static void
trim(struct gossip *g, struct gossip_slot_topic *t)
{
	const uint32_t d = g->p.d;

	sort_members(g, t);
	for (uint32_t i = MIN(d, g->p.d_score); i < d; i++)
		swap_members(t, i,
		    i + (uint32_t)env_random_below(g->env, t->members_n - i));
	uint32_t out = outbound_members(g, t, d);
	uint32_t from = d;
	for (uint32_t i = d; i-- > 0 && out < g->p.d_out;) {
		if (g->peers[t->members[i]]->outbound)
			continue;
		while (from < t->members_n &&
		       !g->peers[t->members[from]]->outbound)
			from++;
		if (from == t->members_n)
			break;
		swap_members(t, i, from);
		out++;
	}
	while (t->members_n > d)
		gossip_prune(g, t, g->peers[t->members[t->members_n - 1]],
		    g->p.prune_backoff_ms, true);
}

static void
prune_negative(struct gossip *g, struct gossip_slot_topic *t)
{
	for (uint32_t i = t->members_n; i-- > 0;) {
		struct gossip_peer *p = g->peers[t->members[i]];
		if (p->score < 0)
			gossip_prune(g, t, p, g->p.prune_backoff_ms, false);
	}
}

/* Of the members' scores; the lower one of two in the middle. */
int64_t
gossip_median(const struct gossip *g, const struct gossip_slot_topic *t)
{
	const uint32_t n = t->members_n;

	for (uint32_t i = 0; i < n; i++) {
		const int64_t s = g->peers[t->members[i]]->score;
		uint32_t below = 0, same = 0;
		for (uint32_t k = 0; k < n; k++) {
			const int64_t other = g->peers[t->members[k]]->score;
			below += other < s;
			same += other == s;
		}
		if (below <= (n - 1) / 2 && (n - 1) / 2 < below + same)
			return s;
	}
	return 0;
}

/* The worst leave for those who came, if that costs no outbound member. */
static void
drop_worst(struct gossip *g, struct gossip_slot_topic *t)
{
	sort_members(g, t);
	uint32_t out = outbound_members(g, t, t->members_n);
	for (uint32_t i = t->members_n; i-- > 0 && t->members_n > g->p.d;) {
		struct gossip_peer *p = g->peers[t->members[i]];
		if (p->score >= g->p.score.opportunistic_threshold)
			break;
		if (p->outbound && out <= g->p.d_out)
			continue;
		out -= p->outbound ? 1 : 0;
		gossip_prune(g, t, p, g->p.prune_backoff_ms, true);
	}
}

static bool
fell_silent(const struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_peer *p)
{
	return g->p.silent_messages > 0 && t->first >= g->p.silent_messages &&
	       !gossip_brings(g, t, p);
}

/* A mesh that does poorly gets members that do better than most of it. */
static void
graft_better(struct gossip *g, struct gossip_slot_topic *t)
{
	const int64_t median = gossip_median(g, t);
	uint32_t more = 0;

	if (g->p.opportunistic_beats == 0 ||
	    g->beat % g->p.opportunistic_beats != 0 || t->members_n < 2 ||
	    median >= g->p.score.opportunistic_threshold)
		return;
	const uint32_t n = gossip_pick_others(g, t, false, median + 1);
	gossip_shuffle(g, n, n);
	for (uint32_t i = 0; i < n && more < g->p.opportunistic_peers; i++) {
		struct gossip_peer *p = g->peers[g->pick[i]];
		if (!is_free(g, t, p) || fell_silent(g, t, p) ||
		    !graft(g, t, p))
			continue;
		g->stats.opportunistic++;
		more++;
	}
	if (more > 0)
		drop_worst(g, t);
}

/* The one member that has been silent the longest while others spoke. */
static struct gossip_peer *
silent_member(const struct gossip *g, const struct gossip_slot_topic *t)
{
	struct gossip_peer *worst = NULL;
	uint64_t most = g->p.silent_messages;

	for (uint32_t i = 0; i < t->members_n; i++) {
		struct gossip_peer *p = g->peers[t->members[i]];
		const struct gossip_deeds *d = gossip_deeds_find(p, t->key);
		if (d == NULL || t->first < d->brought_at + most ||
		    g->now_ms - d->since_ms < g->p.silent_ms)
			continue;
		most = t->first - d->brought_at;
		worst = p;
	}
	return worst;
}

/*
 * Silence is no breach: somebody at the edge of the network hears all of us.
 * It makes room for another, for longer each time.
 */
static void
replace_silent(struct gossip *g, struct gossip_slot_topic *t)
{
	struct gossip_peer *p = NULL;

	if (g->p.silent_messages == 0 || g->beat % SILENT_BEATS != 0 ||
	    (p = silent_member(g, t)) == NULL)
		return;
	struct gossip_deeds *d = gossip_deeds_find(p, t->key);
	const uint64_t backoff_ms = (uint64_t)g->p.prune_backoff_ms
				    << MIN(d->silences, SILENCES_MAX);
	d->silences = (uint8_t)MIN(d->silences + 1, SILENCES_MAX);
	g->stats.silent++;
	gossip_prune(g, t, p, backoff_ms, true);
	gossip_fill(g, t, MIN(g->p.d, t->members_n + 1), false);
}

static void
maintain_mesh(struct gossip *g, struct gossip_slot_topic *t)
{
	prune_negative(g, t);
	replace_silent(g, t);
	if (t->members_n < g->p.d_lo)
		gossip_fill(g, t, g->p.d, false);
	if (t->members_n >= g->p.d_hi && t->members_n > g->p.d)
		trim(g, t);
	if (t->members_n >= g->p.d_lo) {
		const uint32_t out = outbound_members(g, t, t->members_n);
		if (out < g->p.d_out)
			gossip_fill(
			    g, t, t->members_n + g->p.d_out - out, true);
	}
	graft_better(g, t);
}

/* A topic that we left stays as long as somebody has not heard of it. */
static bool
pay(struct gossip *g, const struct gossip_slot_topic *t)
{
	const uint64_t bit = gossip_topic_bit(g, t);
	bool owed = false;

	for (uint32_t i = 0; i < g->peers_top; i++) {
		struct gossip_peer *p = g->peers[i];
		if (p == NULL || (p->owed & bit) == 0)
			continue;
		if (gossip_say_subscription(g, p, t))
			p->owed &= ~bit;
		else
			owed = true;
	}
	return owed;
}

static void
maintain_fanout(struct gossip *g, struct gossip_slot_topic *t)
{
	for (uint32_t i = t->members_n; i-- > 0;) {
		struct gossip_peer *p = g->peers[t->members[i]];
		if (p->score < g->p.score.publish_threshold)
			gossip_member_del(g, t, p);
	}
	gossip_fill(g, t, g->p.d, false);
}

/* The newest ids of a topic that are younger than ${windows}. */
static size_t
recent_ids(const struct gossip *g, const struct gossip_slot_topic *t,
    uint32_t windows, uint8_t *out, size_t max)
{
	size_t n = 0;

	for (const struct gossip_body *b = g->cache.tail;
	     b != NULL && g->beat - b->window < windows && n < max; b = b->prev)
		if (b->topic == t->key)
			memcpy(out + n++ * GOSSIP_ID, b->id, GOSSIP_ID);
	return n;
}

static void
tell(struct gossip *g, const struct gossip_slot_topic *t, const uint32_t *peers,
    uint32_t peers_n, const uint8_t *ids, size_t n)
{
	const struct rpc_ids ihave = { CONTROL_IHAVE, topic_name(t), ids, n };

	for (uint32_t i = 0; i < peers_n && n > 0; i++)
		(void)gossip_say_ids(g, g->peers[peers[i]], &ihave);
}

/*
 * IHAVE to some who are not in the mesh; and once the whole history to who
 * has just told us of the topic, in the mesh or not: what was sent before it
 * came reaches it by no other way.
 */
static void
emit_gossip(struct gossip *g, const struct gossip_slot_topic *t)
{
	const uint64_t bit = gossip_topic_bit(g, t);
	const size_t max = MIN(g->p.ihave_ids_max, g->cache.n);
	uint8_t *ids = max == 0 ? NULL : mem_alloc(g->mem, max * GOSSIP_ID);

	if (ids != NULL) {
		const uint32_t n = gossip_pick_others(
		    g, t, false, g->p.score.gossip_threshold);
		const uint32_t want = MAX(g->p.d_lazy,
		    (uint32_t)((uint64_t)n * g->p.gossip_factor_percent / 100));
		gossip_shuffle(g, n, want);
		tell(g, t, g->pick, MIN(n, want), ids,
		    recent_ids(g, t, g->p.history_gossip, ids, max));
	}
	const uint32_t all =
	    gossip_pick_others(g, t, true, g->p.score.gossip_threshold);
	uint32_t n = 0;
	for (uint32_t i = 0; i < all; i++) {
		struct gossip_peer *p = g->peers[g->pick[i]];
		if ((p->greet & bit) != 0)
			g->pick[n++] = g->pick[i];
		p->greet &= ~bit;
	}
	if (ids != NULL && n > 0)
		tell(g, t, g->pick, n, ids,
		    recent_ids(g, t, g->p.history_length, ids, max));
	mem_free(g->mem, ids, max * GOSSIP_ID);
}

/* Promises broken since the last time: one breach for what one IWANT asks. */
static void
count_broken(struct gossip *g, struct gossip_peer *p)
{
	if (p->broken > 0)
		gossip_score_breach(
		    g, p, MIN(BROKEN_MAX, 1 + p->broken / BROKEN_IDS));
	p->broken = 0;
}

static void
turn_tables(struct gossip *g)
{
	for (uint32_t i = 0; i < g->peers_top; i++) {
		struct gossip_peer *p = g->peers[i];
		if (p == NULL)
			continue;
		p->ihaves = 0;
		p->ihave_ids = 0;
		p->iwant_ids = 0;
		p->idontwant_ids = 0;
		p->announces = 0;
		if (g->beat % MISSED_BEATS == 0)
			p->missed /= 2;
		count_broken(g, p);
	}
	uint64_t slack_ms = g->now_ms - MIN(g->now_ms, g->p.heartbeat_ms);
	if (g->now_ms >= g->seen_turn_ms) {
		gossip_gen_turn(&g->seen, &g->seen_old);
		g->seen_turn_ms = g->now_ms + g->p.seen_ttl_ms;
	}
	if (g->beat % UNWANTED_BEATS == 0) {
		gossip_gen_turn(&g->unwanted, &g->unwanted_old);
		gossip_gen_turn(&g->pushed, &g->pushed_old);
	}
	if (g->beat % g->p.history_length == 0)
		gossip_gen_turn(&g->served, &g->served_old);
	if (g->beat % BACKOFF_BEATS == 0)
		table_sweep(&g->backoff, is_over, &slack_ms);
}

uint64_t
gossip_expiry(const struct gossip *g)
{
	return MIN(MIN(g->heartbeat_ms, g->announce_ms), gossip_pull_expiry(g));
}

static void
maintain(struct gossip *g, struct gossip_slot_topic *t)
{
	const bool owed = pay(g, t);

	if (t->subscribed)
		maintain_mesh(g, t);
	else if (t->published_ms != 0 &&
		 g->now_ms - t->published_ms < g->p.fanout_ttl_ms)
		maintain_fanout(g, t);
	else if (!owed) {
		gossip_topic_drop(g, t);
		return;
	}
	emit_gossip(g, t);
}

static void
heartbeat(struct gossip *g)
{
	if (g->now_ms - g->heartbeat_ms > SLEPT_BEATS * g->p.heartbeat_ms)
		gossip_pull_forgive(g);
	turn_tables(g);
	gossip_scores_beat(g);
	for (uint32_t i = 0; i < g->p.topics_max; i++)
		if (g->topics[i].key != 0)
			maintain(g, &g->topics[i]);
	g->beat++;
	gossip_cache_shift(g);
	g->heartbeat_ms += g->p.heartbeat_ms;
	if (g->heartbeat_ms <= g->now_ms) /* we slept: do not catch up */
		g->heartbeat_ms = g->now_ms + g->p.heartbeat_ms;
}

void
gossip_on_time(struct gossip *g, uint64_t now_ms)
{
	gossip_clock(g, now_ms);
	if (g->now_ms >= g->heartbeat_ms)
		heartbeat(g);
	gossip_pull_due(g);
	gossip_announce_due(g);
}
