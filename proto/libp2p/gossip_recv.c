#include "proto/base/varint.h"
#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

#define BREACH_MALFORMED 10 /* an RPC that cannot be read counts as so many */

bool
gossip_topic_is_valid(struct slice topic)
{
	return topic.n > 0 && topic.n <= GOSSIP_TOPIC_MAX &&
	       memchr(topic.p, 0, topic.n) == NULL;
}

/* A peer wants a topic; at most topics_per_peer_max are remembered. */
void
gossip_wants_add(struct gossip *g, struct gossip_peer *p, uint64_t key)
{
	if (gossip_wants(p, key))
		return;
	if (p->wants_n == p->wants_cap) {
		const uint32_t cap =
		    MIN(MAX(4u, 2u * p->wants_cap), g->p.topics_per_peer_max);
		uint64_t *bigger =
		    cap == p->wants_cap
			? NULL
			: mem_alloc(g->mem, cap * sizeof(*bigger));
		if (bigger == NULL) {
			g->stats.topics_ignored++;
			return;
		}
		if (p->wants_n > 0)
			memcpy(bigger, p->wants, p->wants_n * sizeof(*bigger));
		mem_free(g->mem, p->wants, p->wants_cap * sizeof(*bigger));
		p->wants = bigger;
		p->wants_cap = (uint16_t)cap;
	}
	p->wants[p->wants_n++] = key;
	const struct gossip_slot_topic *t = gossip_topic_find(g, key);
	if (t != NULL) {
		p->topics |= gossip_topic_bit(g, t);
		p->greet |= gossip_topic_bit(g, t);
	}
}

static void
wants_del(struct gossip *g, struct gossip_peer *p, uint64_t key)
{
	struct gossip_slot_topic *t = gossip_topic_find(g, key);

	for (uint32_t i = 0; i < p->wants_n; i++)
		if (p->wants[i] == key)
			p->wants[i--] = p->wants[--p->wants_n];
	if (t == NULL)
		return;
	p->topics &= ~gossip_topic_bit(g, t);
	p->greet &= ~gossip_topic_bit(g, t);
	gossip_member_del(g, t, p);
}

static err
on_subscription(struct gossip *g, struct gossip_peer *p, struct slice in)
{
	struct rpc_field f;
	struct slice topic = { NULL, 0 };
	bool subscribe = false;
	err e;

	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number == SUB_SUBSCRIBE) {
			/* As protobuf-c has it: any wire type will do. */
			subscribe = f.wire == WIRE_VARINT && f.value != 0;
		} else if (f.number == SUB_TOPIC) {
			if (f.wire != WIRE_BYTES)
				return ERR_PEER;
			topic = f.bytes;
		}
	}
	if (e != ERR_MORE)
		return e;
	if (!gossip_topic_is_valid(topic))
		g->stats.topics_ignored++;
	else if (subscribe)
		gossip_wants_add(g, p, gossip_topic_key(g, topic));
	else
		wants_del(g, p, gossip_topic_key(g, topic));
	return OK;
}

/* Tell the mesh not to send us a large message that we just got. */
static void
say_idontwant(struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_body *b)
{
	const struct rpc_ids ids = { CONTROL_IDONTWANT, { NULL, 0 }, b->id, 1 };

	if (b->data_n < g->p.idontwant_bytes_min)
		return;
	for (uint32_t i = 0; i < t->members_n; i++) {
		struct gossip_peer *p = g->peers[t->members[i]];
		if (p->v12 && !gossip_body_has_source(b, p->number))
			(void)gossip_say_ids(g, p, &ids);
	}
}

/* It came before: who is at fault, or was in time, shows only now. */
static void
take_duplicate(struct gossip *g, struct gossip_peer *p,
    struct gossip_slot_topic *t, uint64_t key, enum gossip_fate fate,
    uint64_t at_ms)
{
	const struct gossip_topic_score *s = gossip_topic_params(g, t->key);
	struct gossip_body *b = gossip_body_find(g, key);

	g->stats.duplicates++;
	p->counts.duplicates++;
	t->duplicates++;
	if (fate == FATE_REJECTED)
		gossip_score_invalid(g, p, t->key);
	if (fate == FATE_ACCEPTED)
		gossip_score_brought(g, p, t->key);
	if (b == NULL)
		return;
	gossip_was_late(g, p, b);
	if (gossip_body_source(b, p->number) && fate == FATE_ACCEPTED &&
	    g->now_ms - at_ms <= s->mesh_window_ms)
		gossip_score_mesh(g, p, t->key);
}

static void
take_message(struct gossip *g, struct gossip_peer *p,
    struct gossip_slot_topic *t, struct slice data)
{
	enum gossip_fate fate = FATE_OPEN;
	uint8_t id[GOSSIP_ID];
	uint64_t at_ms = 0;

	gossip_id(id, data);
	const uint64_t key = gossip_id_key(g, id);
	gossip_pull_done(g, p, key);
	if (gossip_seen(g, key, &fate, &at_ms)) {
		take_duplicate(g, p, t, key, fate, at_ms);
		return;
	}
	struct gossip_body *b =
	    gossip_full(g) || p->pending >= g->p.pending_per_peer_max ||
		    gossip_body_find(g, key) != NULL
		? NULL
		: gossip_body_new(g, topic_name(t), data, id, key);
	if (b != NULL) {
		b->from = p->id;
		b->first = p->number;
	}
	if (b == NULL || gossip_wait(g, b) != OK) {
		/* Not marked as seen: it may come again, or by IHAVE. */
		g->stats.dropped_pending++;
		p->counts.dropped_pending++;
		if (b != NULL)
			gossip_body_release(g, b);
		return;
	}
	(void)gossip_body_source(b, p->number);
	gossip_seen_add(g, key, FATE_OPEN);
	say_idontwant(g, t, b);
}

static err
on_message(struct gossip *g, struct gossip_peer *p, struct slice in)
{
	struct rpc_field f;
	struct slice topic = { NULL, 0 }, data = { NULL, 0 };
	bool is_signed = false;
	err e;

	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number > MESSAGE_KEY)
			continue;
		if (f.wire != WIRE_BYTES)
			return ERR_PEER;
		if (f.number == MESSAGE_DATA)
			data = f.bytes;
		else if (f.number == MESSAGE_TOPIC)
			topic = f.bytes;
		else
			is_signed = true;
	}
	if (e != ERR_MORE)
		return e;
	g->stats.messages_in++;
	struct gossip_slot_topic *t = gossip_our_topic(g, topic);
	if (t == NULL) {
		g->stats.unwanted++;
		p->counts.unwanted++;
	} else if (is_signed) {
		g->stats.signed_refused++;
		p->counts.signed_refused++;
		gossip_score_invalid(g, p, t->key);
	} else if (data.n > g->p.message_bytes_max) {
		g->stats.oversize++;
		p->counts.oversize++;
		gossip_score_invalid(g, p, t->key);
	} else {
		take_message(g, p, t, data);
	}
	return OK;
}

/* Nothing that a peer of so bad a score says counts but what it wants. */
static bool
is_graylisted(const struct gossip *g, const struct gossip_peer *p)
{
	return !p->direct && p->score < g->p.score.graylist_threshold;
}

static err
on_rpc(struct gossip *g, struct gossip_peer *p, struct slice in)
{
	const bool gray = is_graylisted(g, p);
	struct rpc_field f;
	err e;

	g->stats.rpc_in++;
	p->counts.rpcs++;
	g->stats.graylisted += gray;
	p->counts.graylisted += gray;
	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number > RPC_CONTROL)
			continue; /* extensions of later versions */
		if (f.wire != WIRE_BYTES)
			return ERR_PEER;
		if (f.number == RPC_SUBSCRIPTION)
			TRY(on_subscription(g, p, f.bytes));
		else if (gray)
			continue;
		else if (f.number == RPC_PUBLISH)
			TRY(on_message(g, p, f.bytes));
		else
			TRY(gossip_on_control(g, p, f.bytes));
	}
	return e == ERR_MORE ? OK : e;
}

/* Length of the frame at the front, head included; 0: head incomplete. */
static err
frame_length(const struct gossip *g, struct slice in, size_t *head, size_t *n)
{
	uint64_t len = 0;

	*n = 0;
	const err e = varint_get(in, &len, head);
	if (e == ERR_MORE)
		return OK;
	if (e != OK)
		return e;
	if (len > g->p.rpc_bytes_max)
		return ERR_LIMIT;
	*n = *head + (size_t)len;
	return OK;
}

/* One step: a whole frame, or a piece of one set aside. */
static err
recv_step(struct gossip *g, struct gossip_peer *p, struct slice *in)
{
	size_t head = 0, n = 0;

	if (p->in.n == 0) {
		TRY(frame_length(g, *in, &head, &n));
		if (n > 0 && n <= in->n) {
			const struct slice rpc =
			    slice_of(in->p + head, n - head);
			slice_skip(in, n);
			return on_rpc(g, p, rpc);
		}
	}
	TRY(frame_length(g, queue_peek(&p->in), &head, &n));
	const size_t want = n == 0 ? 1 : MIN(in->n, n - p->in.n);
	TRY(queue_put(&p->in, in->p, want));
	slice_skip(in, want);
	TRY(frame_length(g, queue_peek(&p->in), &head, &n));
	if (n == 0 || p->in.n < n)
		return OK;
	const err e =
	    on_rpc(g, p, slice_of(queue_peek(&p->in).p + head, n - head));
	queue_skip(&p->in, n);
	return e;
}

err
gossip_recv(struct gossip *g, uint32_t peer, uint64_t now_ms, struct slice *in)
{
	ASSERT(peer < g->p.peers_max && g->peers[peer] != NULL);
	struct gossip_peer *p = g->peers[peer];

	gossip_clock(g, now_ms);
	while (in->n > 0 && !gossip_full(g) &&
	       p->pending < g->p.pending_per_peer_max) {
		const err e = recv_step(g, p, in);
		if (e != OK) {
			g->stats.protocol_errors++;
			gossip_score_breach(g, p, BREACH_MALFORMED);
			return e;
		}
	}
	return OK;
}

void
gossip_recv_reset(struct gossip *g, uint32_t peer)
{
	ASSERT(peer < g->p.peers_max && g->peers[peer] != NULL);
	queue_fini(&g->peers[peer]->in);
}
