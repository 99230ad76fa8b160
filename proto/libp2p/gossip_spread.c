/*
 * Who gets a body, and who its id. A member of the mesh starts as eager. Each
 * body sent earns it a little credit; word that it had the body already (its
 * IDONTWANT, or the same body from it) costs more. Without credit it is lazy:
 * it gets the id at once, and a question of its for the body gives all the
 * credit back. What remains are the links over which messages arrive first,
 * a tree and a few spare branches, found by nothing but what v1.2 says anyway.
 */
#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

/* A link where less than 2 of 5 bodies are of use ends up lazy. */
#define CREDIT_MAX   24
#define CREDIT_NEW   4 /* four bodies too late, and a new member is lazy */
#define CREDIT_ASKED 6
#define CREDIT_SENT  2
#define CREDIT_LATE  3
#define ANNOUNCE_IDS 64 /* ids of one IHAVE that tells at once */
#define ANNOUNCES    8  /* of those per heartbeat; go takes 10 of all kinds */

static uint32_t
slot_of(const struct gossip *g, const struct gossip_slot_topic *t)
{
	return (uint32_t)(t - g->topics);
}

bool
gossip_is_lazy(const struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_peer *p)
{
	return g->p.lazy.on && (p->lazy & gossip_topic_bit(g, t)) != 0;
}

void
gossip_make_eager(struct gossip *g, const struct gossip_slot_topic *t,
    struct gossip_peer *p, bool asked)
{
	p->lazy &= ~gossip_topic_bit(g, t);
	p->credit[slot_of(g, t)] = asked ? CREDIT_ASKED : CREDIT_NEW;
}

/* It had the body that we sent, or asks us not to send it. */
void
gossip_was_late(
    struct gossip *g, struct gossip_peer *p, const struct gossip_body *b)
{
	const struct gossip_slot_topic *t = gossip_topic_find(g, b->topic);
	const uint64_t mark = b->key ^ p->salt;

	if (t == NULL ||
	    (!table_del(&g->pushed, mark) && !table_del(&g->pushed_old, mark)))
		return;
	uint8_t *credit = &p->credit[slot_of(g, t)];
	*credit = *credit > CREDIT_LATE ? (uint8_t)(*credit - CREDIT_LATE) : 0;
	if (*credit == 0)
		p->lazy |= gossip_topic_bit(g, t);
}

/* What finds no room is told with all the history at the next heartbeat. */
static bool
push(struct gossip *g, const struct gossip_slot_topic *t, struct gossip_peer *p,
    struct gossip_body *b)
{
	if (!gossip_queue_body(g, p, b)) {
		p->greet |= gossip_topic_bit(g, t);
		return false;
	}
	if (b->data_n < g->p.lazy.bytes_min || !g->p.lazy.on || b->ours)
		return true;
	uint8_t *credit = &p->credit[slot_of(g, t)];
	*credit = (uint8_t)MIN(*credit + CREDIT_SENT, CREDIT_MAX);
	if (gossip_gen_put(&g->pushed, &g->pushed_old, b->key ^ p->salt, 0) !=
	    OK)
		g->stats.control_ignored++;
	return true;
}

/* ---- ids at once ---- */

/* One IHAVE for the topic of the first; what is left stays in ${news}. */
static size_t
announce_one(
    struct gossip *g, struct gossip_peer *p, struct gossip_news *news, size_t n)
{
	const uint64_t topic = news[0].topic;
	const struct gossip_slot_topic *t = gossip_topic_find(g, topic);
	uint8_t ids[ANNOUNCE_IDS * GOSSIP_ID];
	struct rpc_ids ihave = { CONTROL_IHAVE, { NULL, 0 }, ids, 0 };
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (news[i].topic != topic || ihave.n == ANNOUNCE_IDS)
			news[kept++] = news[i];
		else if (!gossip_is_unwanted(
			     g, p, gossip_id_key(g, news[i].id)))
			memcpy(
			    ids + ihave.n++ * GOSSIP_ID, news[i].id, GOSSIP_ID);
	}
	if (t == NULL || ihave.n == 0)
		return kept;
	ihave.topic = topic_name(t);
	p->announces++;
	p->counts.announced += (uint32_t)ihave.n;
	g->stats.announced += ihave.n;
	if (!gossip_say_ids(g, p, &ihave))
		p->greet |= gossip_topic_bit(g, t);
	return kept;
}

/* Everything that waits for the peer, as far as this heartbeat allows. */
static void
announce_flush(struct gossip *g, struct gossip_peer *p)
{
	struct gossip_news news[GOSSIP_NEWS_MAX];
	size_t n = p->announce.n / sizeof(news[0]);

	if (n == 0 || p->announces >= ANNOUNCES)
		return;
	memcpy(news, queue_peek(&p->announce).p, n * sizeof(news[0]));
	queue_skip(&p->announce, p->announce.n);
	while (n > 0 && p->announces < ANNOUNCES)
		n = announce_one(g, p, news, n);
	if (n > 0 && queue_put(&p->announce, news, n * sizeof(news[0])) != OK)
		g->stats.control_ignored++;
	p->announce_ms = g->now_ms + g->p.lazy.announce_ms;
}

/* When may it be told? After its last IHAVE, or after a heartbeat. */
static uint64_t
announce_at(const struct gossip *g, const struct gossip_peer *p)
{
	return p->announces >= ANNOUNCES ? MAX(p->announce_ms, g->heartbeat_ms)
					 : p->announce_ms;
}

/* False: no room; it should get the body. */
static bool
announce(struct gossip *g, const struct gossip_slot_topic *t,
    struct gossip_peer *p, const struct gossip_body *b)
{
	struct gossip_news news = { .topic = t->key };

	memcpy(news.id, b->id, GOSSIP_ID);
	if (queue_put(&p->announce, &news, sizeof(news)) != OK)
		return false;
	g->announce_ms = MIN(g->announce_ms, MAX(g->now_ms, announce_at(g, p)));
	return true;
}

/* Those whose time has come; called often, does nothing before. */
void
gossip_announce_due(struct gossip *g)
{
	if (g->now_ms < g->announce_ms)
		return;
	g->announce_ms = UINT64_MAX;
	for (uint32_t i = 0; i < g->peers_top; i++) {
		struct gossip_peer *p = g->peers[i];
		if (p == NULL || p->announce.n == 0)
			continue;
		if (announce_at(g, p) <= g->now_ms)
			announce_flush(g, p);
		if (p->announce.n > 0)
			g->announce_ms = MIN(g->announce_ms, announce_at(g, p));
	}
}

/* ---- bodies ---- */

/* One of those who should have it: the body or, to a lazy one, the id. */
static void
forward_to(struct gossip *g, const struct gossip_slot_topic *t,
    struct gossip_peer *p, struct gossip_body *b)
{
	if (gossip_body_has_source(b, p->number))
		return;
	if (gossip_is_unwanted(g, p, b->key))
		g->stats.idontwant_saved++;
	else if (gossip_is_lazy(g, t, p) && b->data_n >= g->p.lazy.bytes_min &&
		 announce(g, t, p, b))
		return;
	else if (push(g, t, p, b))
		g->stats.forwarded++;
}

/* Explicit peers are in no mesh and get everything. */
static uint32_t
to_direct(struct gossip *g, const struct gossip_slot_topic *t,
    struct gossip_body *b, uint32_t *targets)
{
	uint32_t sent = 0;

	for (uint32_t i = 0; i < g->peers_top && g->direct_n > 0; i++) {
		struct gossip_peer *p = g->peers[i];
		if (p == NULL || !p->direct ||
		    (p->topics & gossip_topic_bit(g, t)) == 0 ||
		    gossip_body_has_source(b, i) ||
		    gossip_is_unwanted(g, p, b->key))
			continue;
		++*targets;
		sent += push(g, t, p, b);
	}
	return sent;
}

/* A few outside the mesh hear of it now, not at the heartbeat. */
static void
tell_others(
    struct gossip *g, const struct gossip_slot_topic *t, struct gossip_body *b)
{
	if (!g->p.lazy.on || g->p.lazy.others == 0 ||
	    b->data_n < g->p.lazy.bytes_min)
		return;
	const uint32_t n =
	    gossip_pick_others(g, t, false, g->p.score.gossip_threshold);
	const uint32_t want = MIN(n, g->p.lazy.others);
	gossip_shuffle(g, n, want);
	for (uint32_t i = 0; i < want; i++) {
		struct gossip_peer *p = g->peers[g->pick[i]];
		if (!p->direct && !gossip_body_has_source(b, p->number) &&
		    !gossip_is_unwanted(g, p, b->key))
			(void)announce(g, t, p, b);
	}
}

static void
forward(struct gossip *g, struct gossip_body *b)
{
	struct gossip_slot_topic *t = gossip_topic_find(g, b->topic);
	uint32_t targets = 0;

	if (t == NULL || !t->subscribed)
		return;
	t->first++;
	for (uint32_t i = 0; i < t->members_n; i++)
		forward_to(g, t, g->peers[t->members[i]], b);
	g->stats.forwarded += to_direct(g, t, b, &targets);
	tell_others(g, t, b);
	gossip_announce_due(g);
}

/* ---- verdicts ---- */

static void
praise(struct gossip *g, const struct gossip_body *b)
{
	if (b->first != GOSSIP_NONE)
		gossip_score_first(g, g->peers[b->first], b->topic);
	for (uint32_t i = 0; i < b->sources_n; i++) {
		struct gossip_peer *p = g->peers[b->sources[i]];
		gossip_score_brought(g, p, b->topic);
		if (b->sources[i] != b->first)
			gossip_score_mesh(g, p, b->topic);
	}
}

/* Whoever sent it, not the first alone; who has hung up since as well. */
static void
blame(struct gossip *g, const struct gossip_body *b)
{
	for (uint32_t i = 0; i < b->sources_n; i++)
		gossip_score_invalid(g, g->peers[b->sources[i]], b->topic);
	if (b->first == GOSSIP_NONE)
		gossip_score_invalid_gone(g, &b->from, b->topic);
}

void
gossip_verdict(
    struct gossip *g, uint64_t handle, enum gossip_verdict v, uint64_t now_ms)
{
	struct gossip_body *b = gossip_body_find(g, handle);

	ASSERT(b != NULL && b->waiting && b->delivered);
	gossip_clock(g, now_ms);
	gossip_unwait(g, b);
	switch (v) {
	case GOSSIP_ACCEPT:
		g->stats.accepted++;
		gossip_seen_add(g, b->key, FATE_ACCEPTED);
		praise(g, b);
		forward(g, b);
		if (gossip_cache_add(g, b) != OK)
			g->stats.dropped_queue++;
		break;
	case GOSSIP_REJECT:
		g->stats.rejected++;
		gossip_seen_add(g, b->key, FATE_REJECTED);
		blame(g, b);
		break;
	case GOSSIP_FORGET:
		gossip_seen_del(g, b->key);
		g->stats.ignored++;
		break;
	case GOSSIP_IGNORE:
		gossip_seen_add(g, b->key, FATE_IGNORED);
		g->stats.ignored++;
		if (b->first != GOSSIP_NONE)
			g->peers[b->first]->counts.ignored++;
		break;
	}
	gossip_body_release(g, b);
}

/* ---- our own ---- */

/* Queue it for the mesh or fanout, for others too when that is thin. */
static uint32_t
spread(struct gossip *g, const struct gossip_slot_topic *t,
    struct gossip_body *b, bool flood, uint32_t *targets)
{
	const uint32_t others =
	    gossip_pick_others(g, t, false, g->p.score.publish_threshold);
	const uint32_t thin = g->p.d - MIN(g->p.d, t->members_n);
	const uint32_t more = flood ? others : MIN(others, thin);
	uint32_t sent = 0;

	for (uint32_t i = 0; i < t->members_n; i++)
		sent += push(g, t, g->peers[t->members[i]], b);
	gossip_shuffle(g, others, more);
	for (uint32_t i = 0; i < more; i++)
		sent += push(g, t, g->peers[g->pick[i]], b);
	*targets = t->members_n + more;
	return sent + to_direct(g, t, b, targets);
}

err
gossip_publish(struct gossip *g, const char *topic, struct slice data,
    bool flood, uint64_t now_ms, uint32_t *sent_to)
{
	uint8_t id[GOSSIP_ID];
	struct slice name;
	uint32_t targets = 0;

	*sent_to = 0;
	gossip_clock(g, now_ms);
	TRY(gossip_topic_check(topic, &name));
	if (data.n > g->p.message_bytes_max)
		return ERR_LIMIT;
	gossip_id(id, data);
	const uint64_t key = gossip_id_key(g, id);
	if (gossip_seen(g, key, NULL, NULL) || gossip_body_find(g, key) != NULL)
		return ERR_EXISTS;
	struct gossip_slot_topic *t =
	    gossip_topic_find(g, gossip_topic_key(g, name));
	if (t == NULL)
		TRY(gossip_topic_new(g, name, &t));
	t->published_ms = MAX(1u, g->now_ms);
	if (!t->subscribed)
		gossip_fill(g, t, g->p.d, false);

	struct gossip_body *b = gossip_body_new(g, name, data, id, key);
	if (b == NULL)
		return ERR_MORE;
	b->ours = true;
	*sent_to = spread(g, t, b, flood, &targets);
	err e = targets > 0 && *sent_to == 0 ? ERR_MORE : OK;
	/* Once it is out, that it cannot be told is no reason to repeat it. */
	if (e == OK && gossip_cache_add(g, b) != OK && *sent_to == 0)
		e = ERR_MORE;
	if (e == OK) {
		gossip_seen_add(g, key, FATE_ACCEPTED);
		g->stats.published++;
	}
	gossip_body_release(g, b);
	return e;
}
