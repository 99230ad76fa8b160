#include "proto/libp2p/gossipsub.h"

#include "crypto/crypto.h"
#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

#define MARKS_MAX     65536 /* per generation, of IWANT and IDONTWANT */
#define ASKED_MAX     16384
#define CONTROL_MIN   16384 /* holds the longest hello */
#define HEARTBEAT_1ST 100   /* ms; then at a random phase */

struct gossip_params
gossip_params_default(void)
{
	return (struct gossip_params){
		.d = 6,
		.d_lo = 5,
		.d_hi = 12,
		.d_lazy = 6,
		.d_out = 2,
		.heartbeat_ms = 1000,
		.history_length = 5,
		.history_gossip = 3,
		.fanout_ttl_ms = 60000,
		.seen_ttl_ms = 120000,
		.prune_backoff_ms = 60000,
		.unsubscribe_backoff_ms = 10000,
		.iwant_followup_ms = 3000,
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
		.ihave_ids_max = 5000,
		.ihave_messages_max = 10,
		.iwant_ids_max = 5000,
		.idontwant_ids_max = 1000,
		.idontwant_bytes_min = 1024,
		.peer_queue_bytes = 1 << 18,
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
	table_init(&g->asked, g->mem, ASKED_MAX);
	table_init(&g->backoff, g->mem, 4 * p->peers_max + 64);
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
	g->seen_turn_ms = now_ms + p->seen_ttl_ms;
	tables_init(g);
	g->peers = mem_alloc(mem, p->peers_max * sizeof(*g->peers));
	g->pick = mem_alloc(mem, p->peers_max * sizeof(*g->pick));
	g->topics = mem_alloc(mem, p->topics_max * sizeof(*g->topics));
	if (g->peers == NULL || g->pick == NULL || g->topics == NULL) {
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
	struct gossip_table *tables[] = { &g->bodies, &g->seen, &g->seen_old,
		&g->unwanted, &g->unwanted_old, &g->served, &g->served_old,
		&g->asked, &g->backoff };
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		table_fini(tables[i]);
	mem_free(g->mem, g->peers, g->p.peers_max * sizeof(*g->peers));
	mem_free(g->mem, g->pick, g->p.peers_max * sizeof(*g->pick));
	mem_free(g->mem, g->topics, g->p.topics_max * sizeof(*g->topics));
	crypto_wipe(g->secret, sizeof(g->secret));
	mem_free(g->mem, g, sizeof(*g));
}

uint64_t
gossip_topic_key(const struct gossip *g, struct slice topic)
{
	const uint64_t key = hash_siphash(topic.p, topic.n, g->secret);

	return key == 0 ? 1 : key; /* 0 is a free slot */
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

static err
topic_check(const char *topic, struct slice *name)
{
	*name = slice_str(topic);
	return name->n == 0 || name->n > GOSSIP_TOPIC_MAX ? ERR_FORM : OK;
}

/* A free slot; else the fanout topic that was published to longest ago. */
static struct gossip_slot_topic *
topic_slot(struct gossip *g)
{
	struct gossip_slot_topic *oldest = NULL;

	for (uint32_t i = 0; i < g->p.topics_max; i++) {
		struct gossip_slot_topic *t = &g->topics[i];
		if (t->key == 0)
			return t;
		if (!t->subscribed &&
		    (oldest == NULL || t->published_ms < oldest->published_ms))
			oldest = t;
	}
	if (oldest != NULL)
		gossip_topic_drop(g, oldest);
	return oldest;
}

static err
topic_new(struct gossip *g, struct slice name, struct gossip_slot_topic **out)
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
		}
	mem_free(g->mem, t->members, g->members_max * sizeof(t->members[0]));
	*t = (struct gossip_slot_topic){ 0 };
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
	p->id_key = hash_siphash(id->bytes, id->n, g->secret);
	queue_init(&p->in, &g->in_mem, (size_t)g->p.rpc_bytes_max + 16);
	queue_init(&p->control, g->mem, control);
	queue_init(&p->messages, g->mem, g->p.peer_queue_bytes);
	if (gossip_say_hello(g, p) != OK) {
		mem_free(g->mem, p, sizeof(*p));
		return ERR_LIMIT;
	}
	g->peers[peer] = p;
	g->peers_top = MAX(g->peers_top, peer + 1);
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
	gossip_queue_drop(g, p);
	queue_fini(&p->in);
	mem_free(g->mem, p->wants, p->wants_cap * sizeof(p->wants[0]));
	gossip_sources_forget(g, peer);
	gossip_asked_forget(g, peer);
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

static void
forward(struct gossip *g, struct gossip_body *b)
{
	const struct gossip_slot_topic *t = gossip_topic_find(g, b->topic);

	if (t == NULL || !t->subscribed)
		return;
	for (uint32_t i = 0; i < t->members_n; i++) {
		struct gossip_peer *p = g->peers[t->members[i]];
		if (gossip_body_has_source(b, p->number))
			continue;
		if (gossip_is_unwanted(g, p, b->key))
			g->stats.idontwant_saved++;
		else if (gossip_queue_body(g, p, b))
			g->stats.forwarded++;
	}
}

void
gossip_verdict(
    struct gossip *g, uint64_t handle, enum gossip_verdict v, uint64_t now_ms)
{
	struct gossip_body *b = gossip_body_find(g, handle);

	(void)now_ms;
	ASSERT(b != NULL && b->waiting && b->delivered);
	gossip_unwait(g, b);
	switch (v) {
	case GOSSIP_ACCEPT:
		g->stats.accepted++;
		forward(g, b);
		if (gossip_cache_add(g, b) != OK)
			g->stats.dropped_queue++;
		break;
	case GOSSIP_REJECT:
		g->stats.rejected++;
		break;
	case GOSSIP_FORGET:
		gossip_seen_del(g, b->key);
		g->stats.ignored++;
		break;
	case GOSSIP_IGNORE:
		g->stats.ignored++;
		break;
	}
	gossip_body_release(g, b);
}

/* The fanout becomes the mesh, as far as no backoff forbids it. */
static void
graft_fanout(struct gossip *g, struct gossip_slot_topic *t, uint64_t now_ms)
{
	for (uint32_t i = t->members_n; i-- > 0;) {
		struct gossip_peer *p = g->peers[t->members[i]];
		if (gossip_in_backoff(g, t->key, p, now_ms))
			gossip_member_del(g, t, p);
		else
			gossip_say_graft(g, p, t);
	}
}

err
gossip_subscribe(struct gossip *g, const char *topic, uint64_t now_ms)
{
	struct slice name;

	TRY(topic_check(topic, &name));
	struct gossip_slot_topic *t =
	    gossip_topic_find(g, gossip_topic_key(g, name));
	if (t != NULL && t->subscribed)
		return ERR_EXISTS;
	if (t == NULL)
		TRY(topic_new(g, name, &t));
	t->subscribed = true;
	for (uint32_t i = 0; i < g->peers_top; i++)
		if (g->peers[i] != NULL)
			gossip_say_subscription(g, g->peers[i], t, true);
	graft_fanout(g, t, now_ms);
	gossip_fill(g, t, g->p.d, false, now_ms);
	return OK;
}

void
gossip_unsubscribe(struct gossip *g, const char *topic, uint64_t now_ms)
{
	struct gossip_slot_topic *t =
	    gossip_topic_find(g, gossip_topic_key(g, slice_str(topic)));
	const uint32_t backoff_ms = g->p.unsubscribe_backoff_ms;

	if (t == NULL || !t->subscribed)
		return;
	for (uint32_t i = 0; i < t->members_n; i++) {
		struct gossip_peer *p = g->peers[t->members[i]];
		gossip_say_prune(g, p, topic_name(t), backoff_ms);
		gossip_backoff_set(g, t->key, p, now_ms + backoff_ms);
	}
	for (uint32_t i = 0; i < g->peers_top; i++)
		if (g->peers[i] != NULL)
			gossip_say_subscription(g, g->peers[i], t, false);
	gossip_topic_drop(g, t);
}

/* Queue it for the mesh or fanout, for others too when that is thin. */
static uint32_t
spread(struct gossip *g, const struct gossip_slot_topic *t,
    struct gossip_body *b, bool flood, uint32_t *targets)
{
	const uint32_t others = gossip_pick_others(g, t, false);
	const uint32_t thin = g->p.d - MIN(g->p.d, t->members_n);
	const uint32_t more = flood ? others : MIN(others, thin);
	uint32_t sent = 0;

	for (uint32_t i = 0; i < t->members_n; i++)
		sent += gossip_queue_body(g, g->peers[t->members[i]], b);
	gossip_shuffle(g, others, more);
	for (uint32_t i = 0; i < more; i++)
		sent += gossip_queue_body(g, g->peers[g->pick[i]], b);
	*targets = t->members_n + more;
	return sent;
}

err
gossip_publish(struct gossip *g, const char *topic, struct slice data,
    bool flood, uint64_t now_ms, uint32_t *sent_to)
{
	uint8_t id[GOSSIP_ID];
	struct slice name;
	uint32_t targets = 0;

	*sent_to = 0;
	TRY(topic_check(topic, &name));
	if (data.n > g->p.message_bytes_max)
		return ERR_LIMIT;
	gossip_id(id, data);
	const uint64_t key = gossip_id_key(g, id);
	if (gossip_seen(g, key) || gossip_body_find(g, key) != NULL)
		return ERR_EXISTS;
	struct gossip_slot_topic *t =
	    gossip_topic_find(g, gossip_topic_key(g, name));
	if (t == NULL)
		TRY(topic_new(g, name, &t));
	t->published_ms = now_ms;
	if (!t->subscribed)
		gossip_fill(g, t, g->p.d, false, now_ms);

	struct gossip_body *b = gossip_body_new(g, name, data, id, key);
	if (b == NULL)
		return ERR_LIMIT;
	*sent_to = spread(g, t, b, flood, &targets);
	err e = targets > 0 && *sent_to == 0 ? ERR_LIMIT : OK;
	if (e == OK) {
		e = gossip_cache_add(g, b);
		if (*sent_to > 0) /* it is out: that it cannot be told is
				     no reason to send it again */
			e = OK;
	}
	if (e == OK) {
		gossip_seen_add(g, key);
		g->stats.published++;
	}
	gossip_body_release(g, b);
	return e;
}

void
gossip_stats(const struct gossip *g, struct gossip_stats *out)
{
	*out = g->stats;
	out->seen_now = g->seen.n + g->seen_old.n;
	out->cached_now = g->cache.n;
	out->pending_now = g->waiting.n;
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
