#include "proto/libp2p/gossipsub.h"

#include "crypto/crypto.h"
#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

#define MARKS_MAX     65536 /* per generation, of IWANT and IDONTWANT */
#define CONTROL_MIN   16384 /* holds the longest hello */
#define HEARTBEAT_1ST 100   /* ms; then at a random phase */

static struct gossip_score_params
score_default(void)
{
	const uint32_t slow = gossip_decay(600000);

	return (struct gossip_score_params){
		/*
		 * A member that does nothing never comes to the opportunistic
		 * threshold; one invalid message outweighs all the good that
		 * can be earned; P3 is off.
		 */
		.topic = {
			.weight = GOSSIP_POINT,
			.mesh_time_weight = 2,
			.mesh_time_quantum_ms = 1000,
			.mesh_time_cap = 500,
			.first_weight = GOSSIP_POINT,
			.first_decay = gossip_decay(120000),
			.first_cap = 50,
			.mesh_decay = slow,
			.mesh_cap = 100,
			.mesh_threshold = 10,
			.mesh_window_ms = 400,
			.mesh_activation_ms = 60000,
			.failure_decay = slow,
			.invalid_weight = -100 * GOSSIP_POINT,
			.invalid_decay = gossip_decay(3600000),
		},
		.topics_cap = 90 * GOSSIP_POINT,
		.application_weight = GOSSIP_POINT,
		.ip = { { 32, 64, 3, -50 * GOSSIP_POINT },
		    { 24, 56, 8, -5 * GOSSIP_POINT } },
		.behaviour_weight = -10 * GOSSIP_POINT,
		.behaviour_threshold = 6,
		.behaviour_decay = slow,
		.slow_weight = -GOSSIP_POINT / 5,
		.slow_threshold = 20,
		.slow_decay = gossip_decay(30000),
		.decay_to_zero = 10000,
		.retain_ms = 6 * 3600000,
		.retain_max = 1024,
		.gossip_threshold = -500 * GOSSIP_POINT,
		.publish_threshold = -1000 * GOSSIP_POINT,
		.graylist_threshold = -2500 * GOSSIP_POINT,
		.exchange_threshold = 1000 * GOSSIP_POINT,
		.opportunistic_threshold = 5 * GOSSIP_POINT / 2,
	};
}

struct gossip_params
gossip_params_default(void)
{
	return (struct gossip_params){
		.d = 8,
		.d_lo = 6,
		.d_hi = 12,
		.d_lazy = 8,
		.d_out = 3,
		.d_score = 5,
		.score = score_default(),
		.opportunistic_beats = 60,
		.silent_messages = 30,
		.silent_ms = 20000,
		.opportunistic_peers = 2,
		.lazy = { .on = true,
		    .bytes_min = 256,
		    .others = 4,
		    .pull_ms = 200,
		    .retry_ms = 500,
		    .announce_ms = 125 },
		.heartbeat_ms = 1000,
		.history_length = 6,
		.history_gossip = 3,
		.fanout_ttl_ms = 60000,
		.seen_ttl_ms = 120000,
		.prune_backoff_ms = 60000,
		.unsubscribe_backoff_ms = 10000,
		.graft_flood_ms = 10000,
		.direct_connect_ms = 60000,
		.exchange_peers = 16,
		.iwant_followup_ms = 5000,
		.gossip_retransmission = 3,
		.gossip_factor_percent = 25,
		.message_bytes_max = 65536,
		.rpc_bytes_max = 1 << 20,
		.peers_max = 1024,
		.topics_max = 32,
		.topics_per_peer_max = 100,
		.seen_max = 131072,
		.cache_bytes_max = 8 << 20,
		.pending_max = 4096,
		.pending_bytes_max = 4 << 20,
		.pending_per_peer_max = 256,
		.pulls_max = 16384,
		.ihave_ids_max = 1000,
		.ihave_messages_max = 16,
		.iwant_ids_max = 1000,
		.idontwant_ids_max = 1000,
		.idontwant_bytes_min = 256,
		.peer_queue_bytes = 1 << 18,
		.direct_max = 64,
		.exchange_max = 64,
	};
}

static void
tables_init(struct gossip *g)
{
	const struct gossip_params *p = &g->p;
	const uint32_t bodies =
	    p->pending_max +
	    (uint32_t)(p->cache_bytes_max / sizeof(struct gossip_body)) + 1;

	table_init(&g->bodies, g->mem, bodies);
	table_init(&g->seen, g->mem, MAX(1u, p->seen_max / 2));
	table_init(&g->seen_old, g->mem, MAX(1u, p->seen_max / 2));
	table_init(&g->unwanted, g->mem, MARKS_MAX);
	table_init(&g->unwanted_old, g->mem, MARKS_MAX);
	table_init(&g->served, g->mem, MARKS_MAX);
	table_init(&g->served_old, g->mem, MARKS_MAX);
	table_init(&g->pushed, g->mem, MARKS_MAX);
	table_init(&g->pushed_old, g->mem, MARKS_MAX);
	table_init(&g->backoff, g->mem, 4 * p->peers_max + 64);
	table_init(&g->pulls.by_key, g->mem, p->pulls_max);
	table_init(&g->retained, g->mem, p->score.retain_max);
	table_init(&g->applied, g->mem, p->score.retain_max);
	table_init(&g->ip_counts, g->mem, p->peers_max * GOSSIP_IP_GROUPS + 1);
}

static void
score_check(const struct gossip_score_params *s)
{
	const int32_t most = GOSSIP_WEIGHT_MAX;

	gossip_topic_score_check(&s->topic);
	ASSERT(s->topics_cap >= 0);
	ASSERT(s->application_weight >= 0 && s->application_weight <= most);
	ASSERT(s->behaviour_weight <= 0 && s->behaviour_weight >= -most);
	ASSERT(s->slow_weight <= 0 && s->slow_weight >= -most);
	for (size_t i = 0; i < GOSSIP_IP_GROUPS; i++)
		ASSERT(s->ip[i].weight <= 0 && s->ip[i].weight >= -most);
	ASSERT(s->behaviour_decay < GOSSIP_DECAY_UNIT);
	ASSERT(s->slow_decay < GOSSIP_DECAY_UNIT);
	ASSERT(s->retain_max > 0);
	ASSERT(s->gossip_threshold <= 0);
	ASSERT(s->publish_threshold <= s->gossip_threshold);
	ASSERT(s->graylist_threshold <= s->publish_threshold);
	ASSERT(s->exchange_threshold >= 0 && s->opportunistic_threshold >= 0);
}

struct gossip *
gossip_new(const struct gossip_params *params, const struct env *env,
    struct mem *mem, uint64_t now_ms)
{
	const struct gossip_params *p = params;

	ASSERT(p->d > 0 && p->d_lo <= p->d && p->d <= p->d_hi);
	ASSERT(p->peers_max > 0 && p->peers_max <= 65536);
	ASSERT(p->topics_max > 0 && p->topics_max <= GOSSIP_TOPICS);
	ASSERT(p->topics_per_peer_max > 0 && p->topics_per_peer_max <= 65535);
	ASSERT(p->heartbeat_ms > 0 && p->history_length > 0);
	ASSERT(p->history_gossip <= p->history_length);
	ASSERT(p->pulls_max > 0 && p->lazy.retry_ms > 0);
	score_check(&p->score);

	struct gossip *g = mem_alloc(mem, sizeof(*g));
	if (g == NULL)
		return NULL;
	g->p = *p;
	g->env = env;
	g->mem = mem;
	/* Peers who send half a long RPC and wait cannot have all of it. */
	g->in_mem = mem_child(mem, mem->cap / 4);
	g->members_max = 2 * p->d_hi;
	g->ready_head = GOSSIP_NONE;
	g->ready_tail = GOSSIP_NONE;
	g->now_ms = now_ms;
	g->announce_ms = UINT64_MAX;
	g->seen_turn_ms = now_ms + p->seen_ttl_ms;
	tables_init(g);
	g->peers = mem_alloc(mem, p->peers_max * sizeof(*g->peers));
	g->pick = mem_alloc(mem, p->peers_max * sizeof(*g->pick));
	g->topics = mem_alloc(mem, p->topics_max * sizeof(*g->topics));
	g->direct = mem_alloc(mem, MAX(1u, p->direct_max) * sizeof(*g->direct));
	if (g->peers == NULL || g->pick == NULL || g->topics == NULL ||
	    g->direct == NULL) {
		gossip_free(g);
		return NULL;
	}
	env->random(env->ctx, g->secret, sizeof(g->secret));
	g->heartbeat_ms =
	    now_ms + HEARTBEAT_1ST + env_random_below(env, p->heartbeat_ms);
	return g;
}

void
gossip_free(struct gossip *g)
{
	if (g == NULL)
		return;
	for (uint32_t i = 0; g->peers != NULL && i < g->p.peers_max; i++)
		if (g->peers[i] != NULL)
			gossip_peer_down(g, i);
	for (uint32_t i = 0; g->topics != NULL && i < g->p.topics_max; i++)
		if (g->topics[i].key != 0)
			gossip_topic_drop(g, &g->topics[i]);
	gossip_messages_fini(g);
	gossip_pull_fini(g);
	gossip_score_fini(g);
	gossip_told_fini(g);
	struct gossip_table *tables[] = { &g->bodies, &g->seen, &g->seen_old,
		&g->unwanted, &g->unwanted_old, &g->served, &g->served_old,
		&g->pushed, &g->pushed_old, &g->backoff };
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		table_fini(tables[i]);
	mem_free(g->mem, g->peers, g->p.peers_max * sizeof(*g->peers));
	mem_free(g->mem, g->pick, g->p.peers_max * sizeof(*g->pick));
	mem_free(g->mem, g->topics, g->p.topics_max * sizeof(*g->topics));
	mem_free(
	    g->mem, g->direct, MAX(1u, g->p.direct_max) * sizeof(*g->direct));
	crypto_wipe(g->secret, sizeof(g->secret));
	mem_free(g->mem, g, sizeof(*g));
}

uint64_t
gossip_topic_key(const struct gossip *g, struct slice topic)
{
	const uint64_t key = hash_siphash(topic.p, topic.n, g->secret);

	return key == 0 ? 1 : key; /* 0 is a free slot */
}

uint64_t
gossip_peer_key(const struct gossip *g, const struct peer_id *id)
{
	return hash_siphash(id->bytes, id->n, g->secret);
}

struct gossip_slot_topic *
gossip_topic_find(const struct gossip *g, uint64_t key)
{
	for (uint32_t i = 0; i < g->p.topics_max; i++)
		if (g->topics[i].key == key)
			return &g->topics[i];
	return NULL;
}

bool
gossip_wants(const struct gossip_peer *p, uint64_t key)
{
	for (uint32_t i = 0; i < p->wants_n; i++)
		if (p->wants[i] == key)
			return true;
	return false;
}

err
gossip_topic_check(const char *topic, struct slice *name)
{
	*name = slice_str(topic);
	return name->n == 0 || name->n > GOSSIP_TOPIC_MAX ? ERR_FORM : OK;
}

static bool
is_owed(const struct gossip *g, const struct gossip_slot_topic *t)
{
	for (uint32_t i = 0; i < g->peers_top; i++)
		if (g->peers[i] != NULL &&
		    (g->peers[i]->owed & gossip_topic_bit(g, t)) != 0)
			return true;
	return false;
}

static bool
older(const struct gossip *g, const struct gossip_slot_topic *a,
    const struct gossip_slot_topic *b)
{
	const bool owed_a = is_owed(g, a), owed_b = is_owed(g, b);

	return owed_a != owed_b ? owed_b : a->published_ms < b->published_ms;
}

/*
 * A free slot; else the fanout topic that was published to longest ago. One
 * that we left and that somebody has not heard of yet comes last.
 */
static struct gossip_slot_topic *
topic_slot(struct gossip *g)
{
	struct gossip_slot_topic *oldest = NULL;

	for (uint32_t i = 0; i < g->p.topics_max; i++) {
		struct gossip_slot_topic *t = &g->topics[i];
		if (t->key == 0)
			return t;
		if (!t->subscribed && (oldest == NULL || older(g, t, oldest)))
			oldest = t;
	}
	if (oldest != NULL)
		gossip_topic_drop(g, oldest);
	return oldest;
}

err
gossip_topic_new(
    struct gossip *g, struct slice name, struct gossip_slot_topic **out)
{
	struct gossip_slot_topic *t = topic_slot(g);

	if (t == NULL)
		return ERR_LIMIT;
	t->members = mem_alloc(g->mem, g->members_max * sizeof(t->members[0]));
	if (t->members == NULL)
		return ERR_LIMIT;
	t->key = gossip_topic_key(g, name);
	t->name_n = (uint16_t)name.n;
	memcpy(t->name, name.p, name.n);
	t->name[name.n] = '\0';
	for (uint32_t i = 0; i < g->peers_top; i++)
		if (g->peers[i] != NULL && gossip_wants(g->peers[i], t->key))
			g->peers[i]->topics |= gossip_topic_bit(g, t);
	*out = t;
	return OK;
}

/* Give the slot back; says nothing to anybody. */
void
gossip_topic_drop(struct gossip *g, struct gossip_slot_topic *t)
{
	const uint64_t bit = gossip_topic_bit(g, t);

	for (uint32_t i = 0; i < g->peers_top; i++)
		if (g->peers[i] != NULL) {
			g->peers[i]->topics &= ~bit;
			g->peers[i]->meshes &= ~bit;
			g->peers[i]->greet &= ~bit;
			g->peers[i]->owed &= ~bit;
			g->peers[i]->lazy &= ~bit;
		}
	mem_free(g->mem, t->members, g->members_max * sizeof(t->members[0]));
	*t = (struct gossip_slot_topic){ 0 };
}

static bool
is_direct(const struct gossip *g, uint64_t key)
{
	for (uint32_t i = 0; i < g->direct_n; i++)
		if (g->direct[i].key == key)
			return true;
	return false;
}

err
gossip_peer_up(struct gossip *g, uint32_t peer, const struct peer_id *id,
    bool outbound, bool v12)
{
	ASSERT(peer < g->p.peers_max && g->peers[peer] == NULL);
	struct gossip_peer *p = mem_alloc(g->mem, sizeof(*p));

	if (p == NULL)
		return ERR_LIMIT;
	const size_t control =
	    MAX((size_t)CONTROL_MIN, (size_t)g->p.peer_queue_bytes / 4);
	p->id = *id;
	p->outbound = outbound;
	p->v12 = v12;
	p->number = peer;
	p->salt = env_random_u64(g->env);
	p->id_key = gossip_peer_key(g, id);
	p->direct = is_direct(g, p->id_key);
	queue_init(&p->in, &g->in_mem, (size_t)g->p.rpc_bytes_max + 16);
	queue_init(&p->control, g->mem, control);
	queue_init(&p->messages, g->mem, g->p.peer_queue_bytes);
	queue_init(
	    &p->announce, g->mem, GOSSIP_NEWS_MAX * sizeof(struct gossip_news));
	if (gossip_say_hello(g, p) != OK) {
		mem_free(g->mem, p, sizeof(*p));
		return ERR_LIMIT;
	}
	g->peers[peer] = p;
	g->peers_top = MAX(g->peers_top, peer + 1);
	gossip_score_up(g, p);
	return OK;
}

void
gossip_peer_down(struct gossip *g, uint32_t peer)
{
	ASSERT(peer < g->p.peers_max && g->peers[peer] != NULL);
	struct gossip_peer *p = g->peers[peer];

	gossip_unready(g, p);
	for (uint32_t i = 0; i < g->p.topics_max; i++)
		if (g->topics[i].key != 0)
			gossip_member_del(g, &g->topics[i], p);
	gossip_score_down(g, p);
	gossip_queue_drop(g, p);
	queue_fini(&p->in);
	mem_free(g->mem, p->wants, p->wants_cap * sizeof(p->wants[0]));
	gossip_sources_forget(g, peer);
	gossip_pull_forget(g, peer);
	mem_free(g->mem, p, sizeof(*p));
	g->peers[peer] = NULL;
	while (g->peers_top > 0 && g->peers[g->peers_top - 1] == NULL)
		g->peers_top--;
}

bool
gossip_full(const struct gossip *g)
{
	return g->waiting.n >= g->p.pending_max ||
	       g->waiting.bytes >= g->p.pending_bytes_max;
}

bool
gossip_next(struct gossip *g, struct gossip_message *m)
{
	struct gossip_body *b = g->undelivered;

	if (b == NULL)
		return false;
	g->undelivered = b->next;
	b->delivered = true;
	g->stats.delivered++;
	*m = (struct gossip_message){ .handle = b->key,
		.from = b->from,
		.topic = (const char *)b->bytes + b->frame_n,
		.data = slice_of(b->bytes + b->data_at, b->data_n) };
	memcpy(m->id, b->id, GOSSIP_ID);
	return true;
}

/* The fanout becomes the mesh, as far as no backoff forbids it. */
static void
graft_fanout(struct gossip *g, struct gossip_slot_topic *t, uint64_t now_ms)
{
	for (uint32_t i = t->members_n; i-- > 0;) {
		struct gossip_peer *p = g->peers[t->members[i]];
		if (p->score < 0 || gossip_in_backoff(g, t->key, p, now_ms) ||
		    !gossip_say_graft(g, p, t))
			gossip_member_del(g, t, p);
		else
			gossip_score_joined(g, p, t->key);
	}
}

/* Who has no room for it is told at a heartbeat. */
static void
tell_state(struct gossip *g, const struct gossip_slot_topic *t)
{
	for (uint32_t i = 0; i < g->peers_top; i++) {
		struct gossip_peer *p = g->peers[i];
		if (p == NULL)
			continue;
		if (gossip_say_subscription(g, p, t))
			p->owed &= ~gossip_topic_bit(g, t);
		else
			p->owed |= gossip_topic_bit(g, t);
	}
}

err
gossip_subscribe(struct gossip *g, const char *topic, uint64_t now_ms)
{
	struct slice name;

	gossip_clock(g, now_ms);
	TRY(gossip_topic_check(topic, &name));
	struct gossip_slot_topic *t =
	    gossip_topic_find(g, gossip_topic_key(g, name));
	if (t != NULL && t->subscribed)
		return ERR_EXISTS;
	if (t == NULL)
		TRY(gossip_topic_new(g, name, &t));
	t->subscribed = true;
	tell_state(g, t);
	graft_fanout(g, t, now_ms);
	gossip_fill(g, t, g->p.d, false);
	return OK;
}

void
gossip_unsubscribe(struct gossip *g, const char *topic, uint64_t now_ms)
{
	struct gossip_slot_topic *t =
	    gossip_topic_find(g, gossip_topic_key(g, slice_str(topic)));

	gossip_clock(g, now_ms);
	if (t == NULL || !t->subscribed)
		return;
	while (t->members_n > 0)
		gossip_prune(g, t, g->peers[t->members[0]],
		    g->p.unsubscribe_backoff_ms, true);
	t->subscribed = false;
	t->own_score = false;
	t->published_ms = 0;
	tell_state(g, t);
	if (!is_owed(g, t))
		gossip_topic_drop(g, t);
}

/* ---- explicit peers ---- */

static void
direct_mark(struct gossip *g, uint64_t key, bool direct)
{
	for (uint32_t i = 0; i < g->peers_top; i++) {
		struct gossip_peer *p = g->peers[i];
		if (p == NULL || p->id_key != key)
			continue;
		p->direct = direct;
		for (uint32_t k = 0; k < g->p.topics_max && direct; k++)
			if (g->topics[k].subscribed &&
			    (p->meshes >> k & 1) != 0)
				gossip_prune(g, &g->topics[k], p,
				    g->p.prune_backoff_ms, false);
	}
}

err
gossip_direct_add(struct gossip *g, const struct peer_id *id)
{
	const uint64_t key = gossip_peer_key(g, id);

	if (is_direct(g, key))
		return ERR_EXISTS;
	if (g->direct_n >= g->p.direct_max)
		return ERR_LIMIT;
	g->direct[g->direct_n++] = (struct gossip_direct){ *id, key, 0 };
	direct_mark(g, key, true);
	return OK;
}

void
gossip_direct_del(struct gossip *g, const struct peer_id *id)
{
	const uint64_t key = gossip_peer_key(g, id);

	for (uint32_t i = 0; i < g->direct_n; i++)
		if (g->direct[i].key == key) {
			g->direct[i] = g->direct[--g->direct_n];
			direct_mark(g, key, false);
			return;
		}
}

static bool
is_there(const struct gossip *g, uint64_t key)
{
	for (uint32_t i = 0; i < g->peers_top; i++)
		if (g->peers[i] != NULL && g->peers[i]->id_key == key)
			return true;
	return false;
}

bool
gossip_next_direct(struct gossip *g, uint64_t now_ms, struct peer_id *id)
{
	for (uint32_t i = 0; i < g->direct_n; i++) {
		struct gossip_direct *d = &g->direct[i];
		if (d->dial_ms > now_ms || is_there(g, d->key))
			continue;
		d->dial_ms = now_ms + g->p.direct_connect_ms;
		*id = d->id;
		return true;
	}
	return false;
}

void
gossip_stats(const struct gossip *g, struct gossip_stats *out)
{
	*out = g->stats;
	out->seen_now = g->seen.n + g->seen_old.n;
	out->cached_now = g->cache.n;
	out->pending_now = g->waiting.n;
	out->pulls_now = g->pulls.by_key.n;
	out->retained_now = g->retained.n;
}

bool
gossip_topic(
    const struct gossip *g, const char *topic, struct gossip_topic *out)
{
	const uint64_t key = gossip_topic_key(g, slice_str(topic));
	const struct gossip_slot_topic *t = gossip_topic_find(g, key);

	*out = (struct gossip_topic){ 0 };
	for (uint32_t i = 0; i < g->peers_top; i++)
		if (g->peers[i] != NULL && gossip_wants(g->peers[i], key))
			out->peers++;
	if (t == NULL)
		return out->peers > 0;
	out->subscribed = t->subscribed;
	out->mesh = t->subscribed ? t->members_n : 0;
	out->fanout = t->subscribed ? 0 : t->members_n;
	return true;
}

uint32_t
gossip_peer_meshes(const struct gossip *g, uint32_t peer)
{
	uint32_t n = 0;

	if (peer >= g->p.peers_max || g->peers[peer] == NULL)
		return 0;
	for (uint32_t i = 0; i < g->p.topics_max; i++)
		if (g->topics[i].subscribed &&
		    (g->peers[peer]->meshes >> i & 1) != 0)
			n++;
	return n;
}
