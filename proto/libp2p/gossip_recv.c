#include "proto/base/varint.h"
#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

#define BACKOFF_MAX_MS 3600000 /* what a peer may impose on us */
#define WANT_CHUNK     64      /* ids of one IWANT that we send */

/* Where the n-th peer asked for an id is noted. */
static uint64_t
asked_key(uint64_t id_key, uint32_t n)
{
	return id_key + n * 0x9e3779b97f4a7c15u;
}

static uint32_t
asked_peer(uint64_t value)
{
	return (uint32_t)(value & 0xffff);
}

struct asked_drop {
	struct gossip *g;
	uint64_t now_ms;
	uint32_t peer;
};

static bool
asked_is_late(void *ctx, const struct gossip_slot *s)
{
	const struct asked_drop *d = ctx;

	if (s->value >> 16 > d->now_ms)
		return false;
	d->g->stats.promises_broken++;
	return true;
}

static bool
asked_is_of(void *ctx, const struct gossip_slot *s)
{
	const struct asked_drop *d = ctx;

	return asked_peer(s->value) == d->peer;
}

void
gossip_asked_expire(struct gossip *g, uint64_t now_ms)
{
	struct asked_drop d = { g, now_ms, 0 };

	table_sweep(&g->asked, asked_is_late, &d);
}

void
gossip_asked_forget(struct gossip *g, uint32_t peer)
{
	struct asked_drop d = { g, 0, peer };

	table_sweep(&g->asked, asked_is_of, &d);
}

/*
 * May we ask this peer for the id now? A few peers at a time, so that one
 * who never delivers does not keep us from those who do.
 */
static bool
ask(struct gossip *g, const struct gossip_peer *p, uint64_t id_key,
    uint64_t now_ms)
{
	const uint64_t until = now_ms + g->p.iwant_followup_ms;

	for (uint32_t n = 0; n < GOSSIP_ASKED; n++) {
		const uint64_t *v = table_get(&g->asked, asked_key(id_key, n));
		if (v == NULL) {
			/* Full: ask without a note; that costs a duplicate,
			 * never a message. */
			if (table_put(&g->asked, asked_key(id_key, n),
				until << 16 | p->number) != OK)
				g->stats.control_ignored++;
			return true;
		}
		if (asked_peer(*v) == p->number)
			return false;
	}
	return false;
}

static void
asked_done(struct gossip *g, uint64_t id_key)
{
	for (uint32_t n = 0; n < GOSSIP_ASKED && g->asked.n > 0; n++)
		(void)table_del(&g->asked, asked_key(id_key, n));
}

static bool
topic_is_valid(struct slice topic)
{
	return topic.n > 0 && topic.n <= GOSSIP_TOPIC_MAX &&
	       memchr(topic.p, 0, topic.n) == NULL;
}

/* A peer wants a topic; at most topics_per_peer_max are remembered. */
static void
wants_add(struct gossip *g, struct gossip_peer *p, uint64_t key)
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
	if (!topic_is_valid(topic))
		g->stats.topics_ignored++;
	else if (subscribe)
		wants_add(g, p, gossip_topic_key(g, topic));
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
			gossip_say_ids(g, p, &ids);
	}
}

static void
take_message(struct gossip *g, struct gossip_peer *p,
    const struct gossip_slot_topic *t, struct slice data)
{
	uint8_t id[GOSSIP_ID];

	gossip_id(id, data);
	const uint64_t key = gossip_id_key(g, id);
	asked_done(g, key);
	if (gossip_seen(g, key)) {
		struct gossip_body *b = gossip_body_find(g, key);
		g->stats.duplicates++;
		if (b != NULL && b->waiting)
			gossip_body_source(b, p->number);
		return;
	}
	struct gossip_body *b =
	    gossip_full(g) || gossip_body_find(g, key) != NULL
		? NULL
		: gossip_body_new(g, topic_name(t), data, id, key);
	if (b == NULL || gossip_wait(g, b) != OK) {
		/* Not marked as seen: it may come again, or by IHAVE. */
		g->stats.dropped_pending++;
		if (b != NULL)
			gossip_body_release(g, b);
		return;
	}
	b->from = p->id;
	gossip_body_source(b, p->number);
	gossip_seen_add(g, key);
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
	const struct gossip_slot_topic *t =
	    topic_is_valid(topic)
		? gossip_topic_find(g, gossip_topic_key(g, topic))
		: NULL;
	if (is_signed)
		g->stats.signed_refused++;
	else if (t == NULL || !t->subscribed)
		g->stats.unwanted++;
	else if (data.n > g->p.message_bytes_max)
		g->stats.oversize++;
	else
		take_message(g, p, t, data);
	return OK;
}

/* A list of ids in a control message: calls ${each} for those of our size. */
typedef void id_fn(struct gossip *g, struct gossip_peer *p,
    const uint8_t id[GOSSIP_ID], uint64_t now_ms);

static err
for_ids(struct gossip *g, struct gossip_peer *p, struct slice in,
    uint32_t number, id_fn *each, uint64_t now_ms)
{
	struct rpc_field f;
	err e;

	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number != number)
			continue;
		if (f.wire != WIRE_BYTES)
			return ERR_PEER;
		if (f.bytes.n == GOSSIP_ID)
			each(g, p, f.bytes.p, now_ms);
	}
	return e == ERR_MORE ? OK : e;
}

/* Topic and, for a PRUNE, backoff of a control message. */
static err
control_head(
    struct slice in, bool prune, struct slice *topic, uint64_t *backoff_s)
{
	struct rpc_field f;
	err e;

	*topic = slice_of(NULL, 0);
	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number == CONTROL_TOPIC) {
			if (f.wire != WIRE_BYTES)
				return ERR_PEER;
			*topic = f.bytes;
		} else if (prune && f.number == PRUNE_BACKOFF) {
			if (f.wire != WIRE_VARINT)
				return ERR_PEER;
			*backoff_s = f.value;
		}
	}
	return e == ERR_MORE ? OK : e;
}

/* The topic of a control message if we are in it; others are ignored. */
static struct gossip_slot_topic *
our_topic(const struct gossip *g, struct slice topic)
{
	struct gossip_slot_topic *t =
	    topic_is_valid(topic)
		? gossip_topic_find(g, gossip_topic_key(g, topic))
		: NULL;

	return t != NULL && t->subscribed ? t : NULL;
}

static err
on_ihave(
    struct gossip *g, struct gossip_peer *p, struct slice in, uint64_t now_ms)
{
	struct slice topic;
	struct rpc_field f;
	uint8_t want[WANT_CHUNK * GOSSIP_ID];
	struct rpc_ids iwant = { CONTROL_IWANT, { NULL, 0 }, want, 0 };
	err e;

	g->stats.ihave_in++;
	TRY(control_head(in, false, &topic, NULL));
	const bool ours = our_topic(g, topic) != NULL;
	const bool listen = ours && p->ihaves < g->p.ihave_messages_max;
	if (ours && !listen)
		g->stats.control_ignored++;
	p->ihaves += ours ? 1 : 0;
	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number != IHAVE_IDS)
			continue;
		if (f.wire != WIRE_BYTES)
			return ERR_PEER;
		if (!listen || f.bytes.n != GOSSIP_ID)
			continue;
		const uint64_t key = gossip_id_key(g, f.bytes.p);
		if (gossip_seen(g, key))
			continue;
		if (p->ihave_ids >= g->p.ihave_ids_max) {
			g->stats.control_ignored++;
			continue;
		}
		p->ihave_ids++;
		if (!ask(g, p, key, now_ms))
			continue;
		memcpy(want + iwant.n++ * GOSSIP_ID, f.bytes.p, GOSSIP_ID);
		if (iwant.n == WANT_CHUNK) {
			gossip_say_ids(g, p, &iwant);
			iwant.n = 0;
		}
	}
	if (iwant.n > 0)
		gossip_say_ids(g, p, &iwant);
	return e == ERR_MORE ? OK : e;
}

static void
on_iwant(struct gossip *g, struct gossip_peer *p, const uint8_t id[GOSSIP_ID],
    uint64_t now_ms)
{
	const uint64_t key = gossip_id_key(g, id);
	struct gossip_body *b = gossip_body_find(g, key);
	const uint64_t mark = key ^ p->salt;

	(void)now_ms;
	if (p->iwant_ids >= g->p.iwant_ids_max) {
		g->stats.control_ignored++;
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
		g->stats.control_ignored++;
		return;
	}
	(void)table_del(&g->unwanted, mark);
	(void)table_del(&g->unwanted_old, mark);
	if (gossip_queue_body(g, p, b))
		g->stats.iwant_served++;
}

static void
on_idontwant(struct gossip *g, struct gossip_peer *p,
    const uint8_t id[GOSSIP_ID], uint64_t now_ms)
{
	(void)now_ms;
	if (p->idontwant_ids >= g->p.idontwant_ids_max) {
		g->stats.control_ignored++;
		return;
	}
	p->idontwant_ids++;
	g->stats.idontwant_in++;
	/* Without room for the mark it gets a duplicate, no more. */
	if (gossip_gen_put(&g->unwanted, &g->unwanted_old,
		gossip_id_key(g, id) ^ p->salt, 0) != OK)
		g->stats.control_ignored++;
}

static err
on_graft(
    struct gossip *g, struct gossip_peer *p, struct slice in, uint64_t now_ms)
{
	struct slice name;

	g->stats.graft_in++;
	TRY(control_head(in, false, &name, NULL));
	struct gossip_slot_topic *t = our_topic(g, name);
	if (t == NULL)
		return OK;
	wants_add(g, p, t->key);
	if ((p->topics & gossip_topic_bit(g, t)) == 0)
		return OK; /* it has told us of too many topics */
	if ((p->meshes & gossip_topic_bit(g, t)) != 0)
		return OK;
	const bool early = gossip_in_backoff(g, t->key, p, now_ms);
	const bool full = t->members_n >= g->p.d_hi && !p->outbound;
	if (early)
		g->stats.backoff_breached++;
	if (early || full || !gossip_member_add(g, t, p)) {
		gossip_backoff_set(
		    g, t->key, p, now_ms + g->p.prune_backoff_ms);
		gossip_say_prune(g, p, topic_name(t), g->p.prune_backoff_ms);
	}
	return OK;
}

static err
on_prune(
    struct gossip *g, struct gossip_peer *p, struct slice in, uint64_t now_ms)
{
	struct slice name;
	uint64_t backoff_s = 0;

	g->stats.prune_in++;
	TRY(control_head(in, true, &name, &backoff_s));
	struct gossip_slot_topic *t = our_topic(g, name);
	if (t == NULL)
		return OK;
	const uint64_t ms = backoff_s == 0 ? g->p.prune_backoff_ms
			    : backoff_s > BACKOFF_MAX_MS / 1000
				? BACKOFF_MAX_MS
				: backoff_s * 1000;
	gossip_member_del(g, t, p);
	gossip_backoff_set(g, t->key, p, now_ms + ms);
	return OK;
}

static err
on_control(
    struct gossip *g, struct gossip_peer *p, struct slice in, uint64_t now_ms)
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
			TRY(on_ihave(g, p, f.bytes, now_ms));
			break;
		case CONTROL_IWANT:
			g->stats.iwant_in++;
			TRY(for_ids(
			    g, p, f.bytes, IWANT_IDS, on_iwant, now_ms));
			break;
		case CONTROL_GRAFT:
			TRY(on_graft(g, p, f.bytes, now_ms));
			break;
		case CONTROL_PRUNE:
			TRY(on_prune(g, p, f.bytes, now_ms));
			break;
		default:
			TRY(for_ids(
			    g, p, f.bytes, IWANT_IDS, on_idontwant, now_ms));
			break;
		}
	}
	return e == ERR_MORE ? OK : e;
}

static err
on_rpc(
    struct gossip *g, struct gossip_peer *p, struct slice in, uint64_t now_ms)
{
	struct rpc_field f;
	err e;

	g->stats.rpc_in++;
	while ((e = rpc_field_next(&in, &f)) == OK) {
		if (f.number > RPC_CONTROL)
			continue; /* extensions of later versions */
		if (f.wire != WIRE_BYTES)
			return ERR_PEER;
		if (f.number == RPC_SUBSCRIPTION)
			TRY(on_subscription(g, p, f.bytes));
		else if (f.number == RPC_PUBLISH)
			TRY(on_message(g, p, f.bytes));
		else
			TRY(on_control(g, p, f.bytes, now_ms));
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
recv_step(
    struct gossip *g, struct gossip_peer *p, uint64_t now_ms, struct slice *in)
{
	size_t head = 0, n = 0;

	if (p->in.n == 0) {
		TRY(frame_length(g, *in, &head, &n));
		if (n > 0 && n <= in->n) {
			const struct slice rpc =
			    slice_of(in->p + head, n - head);
			slice_skip(in, n);
			return on_rpc(g, p, rpc, now_ms);
		}
	}
	TRY(frame_length(g, queue_peek(&p->in), &head, &n));
	const size_t want = n == 0 ? 1 : MIN(in->n, n - p->in.n);
	TRY(queue_put(&p->in, in->p, want));
	slice_skip(in, want);
	TRY(frame_length(g, queue_peek(&p->in), &head, &n));
	if (n == 0 || p->in.n < n)
		return OK;
	const err e = on_rpc(
	    g, p, slice_of(queue_peek(&p->in).p + head, n - head), now_ms);
	queue_skip(&p->in, n);
	return e;
}

err
gossip_recv(struct gossip *g, uint32_t peer, uint64_t now_ms, struct slice *in)
{
	ASSERT(peer < g->p.peers_max && g->peers[peer] != NULL);

	while (in->n > 0 && !gossip_full(g)) {
		const err e = recv_step(g, g->peers[peer], now_ms, in);
		if (e != OK) {
			g->stats.protocol_errors++;
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
