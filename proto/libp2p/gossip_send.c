#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

#define IDS_PER_FRAME ((GOSSIP_FRAME - 256) / 34)

void
gossip_ready(struct gossip *g, struct gossip_peer *p)
{
	if (p->ready)
		return;
	p->ready = true;
	p->ready_next = GOSSIP_NONE;
	if (g->ready_tail == GOSSIP_NONE)
		g->ready_head = p->number;
	else
		g->peers[g->ready_tail]->ready_next = p->number;
	g->ready_tail = p->number;
}

void
gossip_unready(struct gossip *g, struct gossip_peer *p)
{
	uint32_t *at = &g->ready_head;
	uint32_t last = GOSSIP_NONE;

	if (!p->ready)
		return;
	while (*at != p->number) {
		last = *at;
		at = &g->peers[*at]->ready_next;
	}
	*at = p->ready_next;
	if (g->ready_tail == p->number)
		g->ready_tail = last;
	p->ready = false;
}

bool
gossip_next_output(struct gossip *g, uint32_t *peer)
{
	if (g->ready_head == GOSSIP_NONE)
		return false;
	*peer = g->ready_head;
	gossip_unready(g, g->peers[*peer]);
	return true;
}

bool
gossip_is_unwanted(
    const struct gossip *g, const struct gossip_peer *p, uint64_t key)
{
	return table_get(&g->unwanted, key ^ p->salt) != NULL ||
	       table_get(&g->unwanted_old, key ^ p->salt) != NULL;
}

static struct gossip_body *
first_body(const struct gossip_peer *p)
{
	const struct slice s = queue_peek(&p->messages);
	struct gossip_body *b = NULL;

	if (s.n > 0)
		memcpy(&b, s.p, sizeof(b));
	return b;
}

static void
drop_first(struct gossip *g, struct gossip_peer *p)
{
	struct gossip_body *b = first_body(p);

	p->messages_bytes -= b->frame_n;
	p->sent = 0;
	queue_skip(&p->messages, sizeof(b));
	gossip_body_release(g, b);
}

void
gossip_queue_drop(struct gossip *g, struct gossip_peer *p)
{
	while (p->messages.n > 0)
		drop_first(g, p);
	queue_fini(&p->messages);
	queue_fini(&p->control);
	queue_fini(&p->announce);
}

/* Take a body out of the queue, unless a part of it is sent. */
void
gossip_queue_cancel(
    struct gossip *g, struct gossip_peer *p, const struct gossip_body *b)
{
	struct gossip_body *one = NULL;
	uint8_t *at = p->messages.p + p->messages.at;
	size_t n = p->messages.n;

	for (; n > 0; at += sizeof(one), n -= sizeof(one)) {
		memcpy(&one, at, sizeof(one));
		if (one != b)
			continue;
		if (p->sent > 0 && n == p->messages.n)
			return;
		memmove(at, at + sizeof(one), n - sizeof(one));
		p->messages.n -= sizeof(one);
		p->messages_bytes -= one->frame_n;
		gossip_body_release(g, one);
		g->stats.idontwant_saved++;
		return;
	}
}

/* A quarter of a peer's queue is kept for control. */
bool
gossip_queue_body(
    struct gossip *g, struct gossip_peer *p, struct gossip_body *b)
{
	const size_t max = g->p.peer_queue_bytes / 4 * 3;

	if ((p->messages.n > 0 && p->messages_bytes + b->frame_n > max) ||
	    queue_put(&p->messages, &b, sizeof(b)) != OK) {
		g->stats.dropped_queue++;
		p->counts.dropped_queue++;
		gossip_score_slow(g, p);
		return false;
	}
	b->refs++;
	p->messages_bytes += b->frame_n;
	gossip_ready(g, p);
	return true;
}

static size_t
copy(struct buf *out, struct slice from)
{
	const size_t n = MIN(buf_room(out), from.n);

	if (n > 0)
		memcpy(out->p + out->n, from.p, n);
	out->n += n;
	return n;
}

/*
 * Control is a run of whole frames, so it may go whenever no body is half
 * sent, and a body may go whenever control is empty.
 */
bool
gossip_send(struct gossip *g, uint32_t peer, struct buf *out)
{
	ASSERT(peer < g->p.peers_max && g->peers[peer] != NULL);
	struct gossip_peer *p = g->peers[peer];

	while (buf_room(out) > 0) {
		struct gossip_body *b = first_body(p);
		if (p->sent == 0 && p->control.n > 0) {
			queue_skip(
			    &p->control, copy(out, queue_peek(&p->control)));
			continue;
		}
		if (b == NULL)
			return false;
		if (p->sent == 0 && gossip_is_unwanted(g, p, b->key)) {
			g->stats.idontwant_saved++;
			drop_first(g, p);
			continue;
		}
		p->sent += (uint32_t)copy(
		    out, slice_of(b->bytes + p->sent, b->frame_n - p->sent));
		if (p->sent == b->frame_n) {
			g->stats.rpc_out++;
			p->counts.sent++;
			drop_first(g, p);
		}
	}
	return p->control.n > 0 || p->messages.n > 0;
}

/* Room for a control frame of at most n bytes; false: dropped and counted. */
static bool
control_begin(struct gossip *g, struct gossip_peer *p, size_t n, struct buf *b)
{
	uint8_t *at = NULL;

	if (queue_reserve(&p->control, n, &at) != OK) {
		g->stats.dropped_queue++;
		p->counts.dropped_queue++;
		return false;
	}
	*b = (struct buf){ at, 0, n };
	return true;
}

static void
control_end(struct gossip *g, struct gossip_peer *p, const struct buf *b)
{
	queue_commit(&p->control, b->n);
	g->stats.rpc_out++;
	gossip_ready(g, p);
}

err
gossip_say_hello(struct gossip *g, struct gossip_peer *p)
{
	struct buf b;
	size_t n = 0;

	for (uint32_t i = 0; i < g->p.topics_max; i++)
		if (g->topics[i].subscribed)
			n += rpc_subscription_size(g->topics[i].name_n);
	if (n == 0)
		return OK;
	if (!control_begin(g, p, n + RPC_FRAME_HEAD_MAX, &b))
		return ERR_LIMIT;
	rpc_frame_put(&b, n);
	for (uint32_t i = 0; i < g->p.topics_max; i++)
		if (g->topics[i].subscribed)
			rpc_subscription_put(
			    &b, true, topic_name(&g->topics[i]));
	control_end(g, p, &b);
	return OK;
}

bool
gossip_say_subscription(
    struct gossip *g, struct gossip_peer *p, const struct gossip_slot_topic *t)
{
	const size_t n = rpc_subscription_size(t->name_n);
	struct buf b;

	if (!control_begin(g, p, n + RPC_FRAME_HEAD_MAX, &b))
		return false;
	rpc_frame_put(&b, n);
	rpc_subscription_put(&b, t->subscribed, topic_name(t));
	control_end(g, p, &b);
	return true;
}

bool
gossip_say_graft(
    struct gossip *g, struct gossip_peer *p, const struct gossip_slot_topic *t)
{
	struct buf b;

	if (!control_begin(g, p, RPC_GRAFT_MAX, &b))
		return false;
	rpc_graft_put(&b, topic_name(t));
	control_end(g, p, &b);
	return true;
}

/* ${peers} are left out where there is no room for them. */
void
gossip_say_prune(struct gossip *g, struct gossip_peer *p, struct slice topic,
    uint64_t backoff_ms, struct slice peers)
{
	struct buf b;

	if (peers.n + RPC_GRAFT_MAX > queue_room(&p->control))
		peers = slice_of(NULL, 0);
	if (!control_begin(g, p, RPC_GRAFT_MAX + peers.n, &b))
		return;
	rpc_prune_put(&b, topic, (backoff_ms + 999) / 1000, peers);
	control_end(g, p, &b);
}

/*
 * Split, so that no frame exceeds what the strictest peers accept. False: no
 * room for all.
 */
bool
gossip_say_ids(
    struct gossip *g, struct gossip_peer *p, const struct rpc_ids *all)
{
	for (size_t at = 0; at < all->n; at += IDS_PER_FRAME) {
		struct rpc_ids part = *all;
		struct buf b;

		part.ids = all->ids + at * GOSSIP_ID;
		part.n = MIN(all->n - at, (size_t)IDS_PER_FRAME);
		if (!control_begin(g, p, rpc_ids_size(&part), &b))
			return false;
		rpc_ids_put(&b, &part);
		control_end(g, p, &b);
	}
	return true;
}
