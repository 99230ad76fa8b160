#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

#define UNWANTED_BEATS 3
#define BACKOFF_BEATS  15

bool
gossip_member_add(
    struct gossip *g, struct gossip_slot_topic *t, struct gossip_peer *p)
{
	if (t->members_n >= g->members_max)
		return false;
	ASSERT((p->meshes & gossip_topic_bit(g, t)) == 0);
	p->meshes |= gossip_topic_bit(g, t);
	t->members[t->members_n++] = p->number;
	return true;
}

void
gossip_member_del(
    struct gossip *g, struct gossip_slot_topic *t, struct gossip_peer *p)
{
	if ((p->meshes & gossip_topic_bit(g, t)) == 0)
		return;
	p->meshes &= ~gossip_topic_bit(g, t);
	for (uint32_t i = 0; i < t->members_n; i++)
		if (t->members[i] == p->number) {
			t->members[i] = t->members[--t->members_n];
			return;
		}
	ASSERT(false);
}

bool
gossip_in_backoff(const struct gossip *g, uint64_t topic,
    const struct gossip_peer *p, uint64_t now_ms)
{
	const uint64_t *until = table_get(&g->backoff, topic ^ p->id_key);

	return until != NULL && *until > now_ms;
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
gossip_shuffle(struct gossip *g, uint32_t n, uint32_t want)
{
	for (uint32_t i = 0; i < MIN(n, want) && n - i > 1; i++) {
		const uint32_t j =
		    i + (uint32_t)env_random_below(g->env, n - i);
		const uint32_t swap = g->pick[i];
		g->pick[i] = g->pick[j];
		g->pick[j] = swap;
	}
}

/* All who want the topic go to g->pick; returns how many. */
uint32_t
gossip_pick_others(
    struct gossip *g, const struct gossip_slot_topic *t, bool members_too)
{
	const uint64_t bit = gossip_topic_bit(g, t);
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->peers_top; i++) {
		const struct gossip_peer *p = g->peers[i];
		if (p == NULL || (p->topics & bit) == 0)
			continue;
		if (members_too || (p->meshes & bit) == 0)
			g->pick[n++] = i;
	}
	return n;
}

/* Random new members until there are ${to}; grafted when we are in. */
void
gossip_fill(struct gossip *g, struct gossip_slot_topic *t, uint32_t to,
    bool outbound_only, uint64_t now_ms)
{
	const uint32_t all = gossip_pick_others(g, t, false);
	uint32_t n = 0;

	for (uint32_t i = 0; i < all; i++) {
		const struct gossip_peer *p = g->peers[g->pick[i]];
		/* One heartbeat of slack, since clocks differ. */
		if (t->subscribed &&
		    gossip_in_backoff(
			g, t->key, p, now_ms - MIN(now_ms, g->p.heartbeat_ms)))
			continue;
		if (!outbound_only || p->outbound)
			g->pick[n++] = g->pick[i];
	}
	gossip_shuffle(g, n, to);
	for (uint32_t i = 0; i < n && t->members_n < to; i++) {
		struct gossip_peer *p = g->peers[g->pick[i]];
		if (gossip_member_add(g, t, p) && t->subscribed)
			gossip_say_graft(g, p, t);
	}
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

/* Keep a random ${d}, at least d_out of them dialled by us if there are. */
static void
trim(struct gossip *g, struct gossip_slot_topic *t, uint64_t now_ms)
{
	const uint32_t d = g->p.d;

	for (uint32_t i = 0; i < d; i++)
		swap_members(t, i,
		    i + (uint32_t)env_random_below(g->env, t->members_n - i));
	uint32_t out = outbound_members(g, t, d);
	uint32_t from = d;
	for (uint32_t i = 0; i < d && out < g->p.d_out; i++) {
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
	while (t->members_n > d) {
		struct gossip_peer *p = g->peers[t->members[t->members_n - 1]];
		gossip_member_del(g, t, p);
		gossip_backoff_set(
		    g, t->key, p, now_ms + g->p.prune_backoff_ms);
		gossip_say_prune(g, p, topic_name(t), g->p.prune_backoff_ms);
	}
}

static void
maintain_mesh(struct gossip *g, struct gossip_slot_topic *t, uint64_t now_ms)
{
	if (t->members_n < g->p.d_lo)
		gossip_fill(g, t, g->p.d, false, now_ms);
	if (t->members_n >= g->p.d_hi && t->members_n > g->p.d)
		trim(g, t, now_ms);
	if (t->members_n >= g->p.d_lo) {
		const uint32_t out = outbound_members(g, t, t->members_n);
		if (out < g->p.d_out)
			gossip_fill(g, t, t->members_n + g->p.d_out - out, true,
			    now_ms);
	}
}

static void
maintain_fanout(struct gossip *g, struct gossip_slot_topic *t, uint64_t now_ms)
{
	if (now_ms - t->published_ms >= g->p.fanout_ttl_ms)
		gossip_topic_drop(g, t);
	else
		gossip_fill(g, t, g->p.d, false, now_ms);
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
		gossip_say_ids(g, g->peers[peers[i]], &ihave);
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
		const uint32_t n = gossip_pick_others(g, t, false);
		const uint32_t want = MAX(g->p.d_lazy,
		    (uint32_t)((uint64_t)n * g->p.gossip_factor_percent / 100));
		gossip_shuffle(g, n, want);
		tell(g, t, g->pick, MIN(n, want), ids,
		    recent_ids(g, t, g->p.history_gossip, ids, max));
	}
	const uint32_t all = gossip_pick_others(g, t, true);
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

static void
turn_tables(struct gossip *g, uint64_t now_ms)
{
	for (uint32_t i = 0; i < g->peers_top; i++) {
		struct gossip_peer *p = g->peers[i];
		if (p == NULL)
			continue;
		p->ihaves = 0;
		p->ihave_ids = 0;
		p->iwant_ids = 0;
		p->idontwant_ids = 0;
	}
	uint64_t slack_ms = now_ms - MIN(now_ms, g->p.heartbeat_ms);
	gossip_asked_expire(g, now_ms);
	if (now_ms >= g->seen_turn_ms) {
		gossip_gen_turn(&g->seen, &g->seen_old);
		g->seen_turn_ms = now_ms + g->p.seen_ttl_ms;
	}
	if (g->beat % UNWANTED_BEATS == 0)
		gossip_gen_turn(&g->unwanted, &g->unwanted_old);
	if (g->beat % g->p.history_length == 0)
		gossip_gen_turn(&g->served, &g->served_old);
	if (g->beat % BACKOFF_BEATS == 0)
		table_sweep(&g->backoff, is_over, &slack_ms);
}

uint64_t
gossip_expiry(const struct gossip *g)
{
	return g->heartbeat_ms;
}

void
gossip_on_time(struct gossip *g, uint64_t now_ms)
{
	if (now_ms < g->heartbeat_ms)
		return;
	turn_tables(g, now_ms);
	for (uint32_t i = 0; i < g->p.topics_max; i++) {
		struct gossip_slot_topic *t = &g->topics[i];
		if (t->key == 0)
			continue;
		if (t->subscribed)
			maintain_mesh(g, t, now_ms);
		else
			maintain_fanout(g, t, now_ms);
		if (t->key != 0)
			emit_gossip(g, t);
	}
	g->beat++;
	gossip_cache_shift(g);
	g->heartbeat_ms += g->p.heartbeat_ms;
	if (g->heartbeat_ms <= now_ms) /* we slept: do not catch up */
		g->heartbeat_ms = now_ms + g->p.heartbeat_ms;
}
