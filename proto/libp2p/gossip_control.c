/*
 * GRAFT and PRUNE with peer exchange, IWANT and IDONTWANT. IHAVE is in
 * gossip_pull.c.
 */
#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

#define QUIET_TIMES    10                   /* silent_ms, without a message */
#define BACKOFF_MAX_S  3600                 /* what a peer may impose on us */
#define EXCHANGE_BYTES (GOSSIP_FRAME - 512) /* of the peers in a PRUNE */

static void
ignored(struct gossip *g, struct gossip_peer *p)
{
	g->stats.control_ignored++;
	p->counts.control_ignored++;
}

/* A list of ids in a control message: calls ${each} for those of our size. */
typedef void id_fn(
    struct gossip *g, struct gossip_peer *p, const uint8_t id[GOSSIP_ID]);

static err
for_ids(struct gossip *g, struct gossip_peer *p, struct slice in, id_fn *each)
{
	struct rpc_field f;
	err e;

	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number != IWANT_IDS)
			continue;
		if (f.wire != WIRE_BYTES)
			return ERR_PEER;
		if (f.bytes.n == GOSSIP_ID)
			each(g, p, f.bytes.p);
	}
	return e == ERR_MORE ? OK : e;
}

/* The topic of a control message if we are in it; others are ignored. */
struct gossip_slot_topic *
gossip_our_topic(const struct gossip *g, struct slice topic)
{
	struct gossip_slot_topic *t =
	    gossip_topic_is_valid(topic)
		? gossip_topic_find(g, gossip_topic_key(g, topic))
		: NULL;

	return t != NULL && t->subscribed ? t : NULL;
}

static void
on_iwant(struct gossip *g, struct gossip_peer *p, const uint8_t id[GOSSIP_ID])
{
	const uint64_t key = gossip_id_key(g, id);
	struct gossip_body *b = gossip_body_find(g, key);
	const uint64_t mark = key ^ p->salt;

	if (p->score < g->p.score.gossip_threshold && !p->direct) {
		g->stats.score_ignored++;
		p->counts.score_ignored++;
		return;
	}
	if (p->iwant_ids >= g->p.iwant_ids_max) {
		ignored(g, p);
		return;
	}
	p->iwant_ids++;
	if (b == NULL || !b->cached)
		return;
	const uint64_t *n = table_get(&g->served, mark);
	if (n == NULL)
		n = table_get(&g->served_old, mark);
	const uint64_t times = n == NULL ? 0 : *n;
	if (times >= g->p.gossip_retransmission ||
	    gossip_gen_put(&g->served, &g->served_old, mark, times + 1) != OK) {
		ignored(g, p);
		return;
	}
	(void)table_del(&g->unwanted, mark);
	(void)table_del(&g->unwanted_old, mark);
	const struct gossip_slot_topic *t = gossip_topic_find(g, b->topic);
	if (t != NULL && (p->meshes & gossip_topic_bit(g, t)) != 0)
		gossip_make_eager(g, t, p, true);
	if (gossip_queue_body(g, p, b))
		g->stats.iwant_served++;
}

static void
on_idontwant(
    struct gossip *g, struct gossip_peer *p, const uint8_t id[GOSSIP_ID])
{
	const uint64_t key = gossip_id_key(g, id);
	struct gossip_body *b = gossip_body_find(g, key);

	if (p->idontwant_ids >= g->p.idontwant_ids_max) {
		ignored(g, p);
		return;
	}
	p->idontwant_ids++;
	g->stats.idontwant_in++;
	/* Without room for the mark it gets a duplicate, no more. */
	if (gossip_gen_put(&g->unwanted, &g->unwanted_old, key ^ p->salt, 0) !=
	    OK)
		g->stats.control_ignored++;
	if (b == NULL)
		return;
	gossip_was_late(g, p, b);
	if (p->messages.n > 0)
		gossip_queue_cancel(g, p, b);
}

/* ---- peers for who is pruned ---- */

/* Others of the topic that do well, with their records; returns how many. */
static uint32_t
exchange_put(struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_peer *to, struct buf *out)
{
	const uint32_t n = gossip_pick_others(g, t, true, 0);
	uint32_t put = 0;

	gossip_shuffle(g, n, n);
	for (uint32_t i = 0; i < n && put < g->p.exchange_peers; i++) {
		const struct gossip_peer *p = g->peers[g->pick[i]];
		if (p->id_key == to->id_key)
			continue;
		const struct slice record = g->record(g->record_ctx, &p->id);
		const struct slice id = peer_id_slice(&p->id);
		if (record.n == 0 || record.n > GOSSIP_RECORD_MAX ||
		    rpc_peer_size(id, record) > buf_room(out))
			continue;
		rpc_peer_put(out, id, record);
		put++;
	}
	return put;
}

/* Out of the mesh if it is in; it may not come back before the time. */
void
gossip_prune(struct gossip *g, struct gossip_slot_topic *t,
    struct gossip_peer *p, uint64_t backoff_ms, bool exchange)
{
	struct buf peers = { NULL, 0, EXCHANGE_BYTES };

	gossip_member_del(g, t, p);
	gossip_backoff_set(g, t->key, p, g->now_ms + backoff_ms);
	if (exchange && g->record != NULL && p->score >= 0)
		peers.p = mem_alloc(g->mem, EXCHANGE_BYTES);
	if (peers.p != NULL)
		g->stats.exchange_out += exchange_put(g, t, p, &peers);
	gossip_say_prune(g, p, topic_name(t), backoff_ms, buf_slice(&peers));
	mem_free(g->mem, peers.p, EXCHANGE_BYTES);
}

void
gossip_visitor(struct gossip *g, uint32_t peer, bool names)
{
	ASSERT(peer < g->p.peers_max && g->peers[peer] != NULL);
	struct gossip_peer *p = g->peers[peer];

	p->visitor = true;
	p->names = names;
	for (uint32_t i = 0; i < g->p.topics_max; i++)
		if (g->topics[i].key != 0 && (p->meshes >> i & 1) != 0)
			gossip_prune(
			    g, &g->topics[i], p, g->p.prune_backoff_ms, names);
}

void
gossip_exchange_set(struct gossip *g,
    struct slice (*record)(void *ctx, const struct peer_id *id), void *ctx)
{
	g->record = record;
	g->record_ctx = ctx;
}

/* One of the peers that we are told of waits to be taken. */
static void
told_add(struct gossip *g, const struct gossip_peer *p,
    const struct peer_id *id, struct slice record)
{
	struct gossip_told *x = NULL;

	if (g->told_n < g->p.exchange_max)
		x = mem_alloc(g->mem, sizeof(*x) + record.n);
	if (x == NULL) {
		g->stats.exchange_refused++;
		return;
	}
	x->from = p->id;
	x->id = *id;
	x->n = (uint32_t)record.n;
	memcpy(x->record, record.p, record.n);
	if (g->told_tail == NULL)
		g->told_head = x;
	else
		g->told_tail->next = x;
	g->told_tail = x;
	g->told_n++;
	g->stats.exchange_in++;
}

static void
told_free(struct gossip *g, struct gossip_told *x)
{
	if (x != NULL)
		mem_free(g->mem, x, sizeof(*x) + x->n);
}

bool
gossip_next_exchange(struct gossip *g, struct gossip_exchange *out)
{
	struct gossip_told *x = g->told_head;

	told_free(g, g->told_out);
	g->told_out = x;
	if (x == NULL)
		return false;
	g->told_head = x->next;
	if (g->told_head == NULL)
		g->told_tail = NULL;
	g->told_n--;
	*out = (struct gossip_exchange){ .from = x->from,
		.id = x->id,
		.record = slice_of(x->record, x->n) };
	return true;
}

void
gossip_told_fini(struct gossip *g)
{
	struct gossip_exchange x;

	while (gossip_next_exchange(g, &x))
		;
}

/* A peer without a record is of no use: nobody has signed its addresses. */
static err
on_told(struct gossip *g, struct gossip_peer *p, struct slice in, bool take)
{
	struct slice id = { NULL, 0 }, record = { NULL, 0 };
	struct peer_id peer;
	struct rpc_field f;
	err e;

	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number != PRUNE_PEER_ID && f.number != PRUNE_PEER_RECORD)
			continue;
		if (f.wire != WIRE_BYTES)
			return ERR_PEER;
		if (f.number == PRUNE_PEER_ID)
			id = f.bytes;
		else
			record = f.bytes;
	}
	if (e != ERR_MORE)
		return e;
	if (take && record.n > 0 && record.n <= GOSSIP_RECORD_MAX &&
	    peer_id_parse(id, &peer) == OK)
		told_add(g, p, &peer, record);
	else
		g->stats.exchange_refused++;
	return OK;
}

/* ---- the mesh as others want it ---- */

static err
graft_topic(struct slice in, struct slice *topic)
{
	struct rpc_field f;
	err e;

	while ((e = rpc_field_next(&in, &f)) == OK)
		if (f.number == CONTROL_TOPIC) {
			if (f.wire != WIRE_BYTES)
				return ERR_PEER;
			*topic = f.bytes;
		}
	return e == ERR_MORE ? OK : e;
}

/* Before its time is over; so soon after the PRUNE that it is a flood? */
static void
graft_early(struct gossip *g, struct gossip_peer *p, uint64_t until_ms)
{
	const uint64_t gone = g->p.prune_backoff_ms -
			      MIN(g->p.graft_flood_ms, g->p.prune_backoff_ms);
	const bool flood = until_ms > g->now_ms + gone;

	g->stats.backoff_breached++;
	p->counts.backoff_breached++;
	gossip_score_breach(g, p, flood ? 2 : 1);
}

/*
 * A mesh of d members of which enough bring messages takes a stranger only
 * now and then: many who come and stay silent shall not fill it up to d_hi.
 */
static bool
lets_in(
    struct gossip *g, struct gossip_slot_topic *t, const struct gossip_peer *p)
{
	uint32_t bring = 0;

	if (g->p.silent_messages == 0 || t->members_n < g->p.d ||
	    gossip_brings(g, t, p))
		return true;
	for (uint32_t i = 0; i < t->members_n; i++)
		bring += gossip_brings(g, t, g->peers[t->members[i]]) ? 1 : 0;
	if (bring < g->p.d_lo)
		return true;
	/* The last one has had its chance; in a quiet topic after a while. */
	const uint64_t ms = g->now_ms - t->tried_ms;
	if (ms < g->p.silent_ms ||
	    (t->first - t->tried_at < g->p.silent_messages &&
		ms < QUIET_TIMES * (uint64_t)g->p.silent_ms))
		return false;
	t->tried_ms = g->now_ms;
	t->tried_at = t->first;
	return true;
}

static err
on_graft(struct gossip *g, struct gossip_peer *p, struct slice in)
{
	const uint64_t backoff_ms = g->p.prune_backoff_ms;
	struct slice name = { NULL, 0 };

	g->stats.graft_in++;
	TRY(graft_topic(in, &name));
	struct gossip_slot_topic *t = gossip_our_topic(g, name);
	if (t == NULL)
		return OK;
	gossip_wants_add(g, p, t->key);
	if ((p->topics & gossip_topic_bit(g, t)) == 0)
		return OK; /* it has told us of too many topics */
	if ((p->meshes & gossip_topic_bit(g, t)) != 0)
		return OK;
	const uint64_t until = gossip_backoff(g, t->key, p);
	if (p->direct) {
		gossip_prune(g, t, p, backoff_ms, false);
	} else if (until > g->now_ms) {
		graft_early(g, p, until);
		gossip_prune(g, t, p, backoff_ms, false);
	} else if (p->score < 0) {
		g->stats.score_ignored++;
		p->counts.score_ignored++;
		gossip_prune(g, t, p, backoff_ms, false);
	} else if (p->visitor) {
		gossip_prune(g, t, p, backoff_ms, p->names);
	} else if ((t->members_n >= g->p.d_hi && !p->outbound) ||
		   !lets_in(g, t, p) || !gossip_member_add(g, t, p)) {
		gossip_prune(g, t, p, backoff_ms, true);
	}
	return OK;
}

static uint64_t
prune_backoff(const struct gossip *g, uint64_t seconds)
{
	return seconds == 0 ? g->p.prune_backoff_ms
			    : MIN(seconds, BACKOFF_MAX_S) * 1000;
}

static err
on_prune(struct gossip *g, struct gossip_peer *p, struct slice in)
{
	struct slice name = { NULL, 0 }, rest = in;
	uint64_t backoff_s = 0;
	uint32_t peers = 0;
	struct rpc_field f;
	err e;

	g->stats.prune_in++;
	while ((e = rpc_field_next(&rest, &f)) == OK) {
		if (f.number == PRUNE_BACKOFF) {
			if (f.wire != WIRE_VARINT)
				return ERR_PEER;
			backoff_s = f.value;
		} else if (f.number == CONTROL_TOPIC ||
			   f.number == PRUNE_PEERS) {
			if (f.wire != WIRE_BYTES)
				return ERR_PEER;
			if (f.number == CONTROL_TOPIC)
				name = f.bytes;
		}
	}
	if (e != ERR_MORE)
		return e;
	struct gossip_slot_topic *t = gossip_our_topic(g, name);
	if (t != NULL) {
		gossip_member_del(g, t, p);
		gossip_backoff_set(
		    g, t->key, p, g->now_ms + prune_backoff(g, backoff_s));
	}
	const bool take =
	    t != NULL && p->score >= g->p.score.exchange_threshold;
	while (rpc_field_next(&in, &f) == OK)
		if (f.number == PRUNE_PEERS)
			TRY(on_told(g, p, f.bytes,
			    take && peers++ < g->p.exchange_peers));
	return OK;
}

err
gossip_on_control(struct gossip *g, struct gossip_peer *p, struct slice in)
{
	struct rpc_field f;
	err e;

	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number > CONTROL_IDONTWANT)
			continue;
		if (f.wire != WIRE_BYTES)
			return ERR_PEER;
		switch (f.number) {
		case CONTROL_IHAVE:
			TRY(gossip_on_ihave(g, p, f.bytes));
			break;
		case CONTROL_IWANT:
			g->stats.iwant_in++;
			TRY(for_ids(g, p, f.bytes, on_iwant));
			break;
		case CONTROL_GRAFT:
			TRY(on_graft(g, p, f.bytes));
			break;
		case CONTROL_PRUNE:
			TRY(on_prune(g, p, f.bytes));
			break;
		default:
			TRY(for_ids(g, p, f.bytes, on_idontwant));
			break;
		}
	}
	return e == ERR_MORE ? OK : e;
}
