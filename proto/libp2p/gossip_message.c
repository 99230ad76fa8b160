#include "crypto/crypto.h"
#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

uint64_t
gossip_id_key(const struct gossip *g, const uint8_t id[GOSSIP_ID])
{
	return hash_siphash(id, GOSSIP_ID, g->secret);
}

void
gossip_gen_turn(struct gossip_table *now, struct gossip_table *old)
{
	table_fini(old);
	old->slots = now->slots;
	old->n = now->n;
	old->cap = now->cap;
	now->slots = NULL;
	now->n = 0;
	now->cap = 0;
}

err
gossip_gen_put(struct gossip_table *now, struct gossip_table *old, uint64_t key,
    uint64_t value)
{
	if (table_put(now, key, value) == OK)
		return OK;
	/* Full, or out of memory: the older half makes room either way. */
	gossip_gen_turn(now, old);
	return table_put(now, key, value);
}

bool
gossip_seen(const struct gossip *g, uint64_t key, enum gossip_fate *fate,
    uint64_t *at_ms)
{
	const uint64_t *v = table_get(&g->seen, key);

	if (v == NULL)
		v = table_get(&g->seen_old, key);
	if (v == NULL)
		return false;
	if (fate != NULL)
		*fate = (enum gossip_fate)(*v & 3);
	if (at_ms != NULL)
		*at_ms = *v >> 2;
	return true;
}

/* What cannot be remembered for want of memory may be delivered twice. */
void
gossip_seen_add(struct gossip *g, uint64_t key, enum gossip_fate fate)
{
	const uint64_t v = g->now_ms << 2 | fate;
	uint64_t *old = table_get(&g->seen_old, key);

	if (old != NULL)
		*old = v;
	else if (gossip_gen_put(&g->seen, &g->seen_old, key, v) != OK)
		g->stats.dropped_pending++;
}

void
gossip_seen_del(struct gossip *g, uint64_t key)
{
	(void)table_del(&g->seen, key);
	(void)table_del(&g->seen_old, key);
}

struct gossip_body *
gossip_body_find(const struct gossip *g, uint64_t key)
{
	const uint64_t *at = table_get(&g->bodies, key);

	return at == NULL ? NULL : (struct gossip_body *)(uintptr_t)*at;
}

static size_t
body_size(const struct gossip_body *b)
{
	return sizeof(*b) + b->frame_n + b->topic_n + 1;
}

struct gossip_body *
gossip_body_new(struct gossip *g, struct slice topic, struct slice data,
    const uint8_t id[GOSSIP_ID], uint64_t key)
{
	const size_t frame_n = rpc_message_size(topic.n, data.n);
	struct gossip_body *b =
	    mem_alloc(g->mem, sizeof(*b) + frame_n + topic.n + 1);

	if (b == NULL)
		return NULL;
	struct buf w = { b->bytes, 0, frame_n };
	b->data_at = (uint32_t)rpc_message_put(&w, topic, data);
	b->data_n = (uint32_t)data.n;
	b->frame_n = (uint32_t)frame_n;
	b->topic_n = (uint16_t)topic.n;
	memcpy(b->bytes + frame_n, topic.p, topic.n);
	memcpy(b->id, id, GOSSIP_ID);
	b->key = key;
	b->topic = gossip_topic_key(g, topic);
	b->refs = 1;
	b->first = GOSSIP_NONE;
	return b;
}

void
gossip_body_release(struct gossip *g, struct gossip_body *b)
{
	ASSERT(b->refs > 0);
	if (--b->refs == 0)
		mem_free(g->mem, b, body_size(b));
}

bool
gossip_body_has_source(const struct gossip_body *b, uint32_t peer)
{
	for (uint32_t i = 0; i < b->sources_n; i++)
		if (b->sources[i] == peer)
			return true;
	return false;
}

/*
 * True: it was none before. More than fit are forgotten: they get it back,
 * which harms nobody.
 */
bool
gossip_body_source(struct gossip_body *b, uint32_t peer)
{
	if (gossip_body_has_source(b, peer))
		return false;
	if (b->sources_n < GOSSIP_SOURCES)
		b->sources[b->sources_n++] = peer;
	return true;
}

static void
forget_in(struct gossip_list *l, uint32_t peer)
{
	for (struct gossip_body *b = l->head; b != NULL; b = b->next) {
		if (b->first == peer)
			b->first = GOSSIP_NONE;
		for (uint32_t i = 0; i < b->sources_n; i++)
			if (b->sources[i] == peer)
				b->sources[i--] = b->sources[--b->sources_n];
	}
}

/* A number that goes to another peer must not stand for the old one. */
void
gossip_sources_forget(struct gossip *g, uint32_t peer)
{
	forget_in(&g->waiting, peer);
	forget_in(&g->cache, peer);
}

static void
list_add(struct gossip_list *l, struct gossip_body *b)
{
	b->prev = l->tail;
	b->next = NULL;
	if (l->tail == NULL)
		l->head = b;
	else
		l->tail->next = b;
	l->tail = b;
	l->n++;
	l->bytes += body_size(b);
}

static void
list_del(struct gossip_list *l, struct gossip_body *b)
{
	if (b->prev == NULL)
		l->head = b->next;
	else
		b->prev->next = b->next;
	if (b->next == NULL)
		l->tail = b->prev;
	else
		b->next->prev = b->prev;
	l->n--;
	l->bytes -= body_size(b);
}

/* Takes over the caller's reference; on an error the caller keeps it. */
err
gossip_wait(struct gossip *g, struct gossip_body *b)
{
	TRY(table_put(&g->bodies, b->key, (uint64_t)(uintptr_t)b));
	b->waiting = true;
	if (b->first != GOSSIP_NONE)
		g->peers[b->first]->pending++;
	list_add(&g->waiting, b);
	if (g->undelivered == NULL)
		g->undelivered = b;
	return OK;
}

/* The caller has the reference again. */
void
gossip_unwait(struct gossip *g, struct gossip_body *b)
{
	if (g->undelivered == b)
		g->undelivered = b->next;
	list_del(&g->waiting, b);
	if (b->first != GOSSIP_NONE)
		g->peers[b->first]->pending--;
	(void)table_del(&g->bodies, b->key);
	b->waiting = false;
}

static void
cache_evict(struct gossip *g)
{
	struct gossip_body *b = g->cache.head;

	list_del(&g->cache, b);
	(void)table_del(&g->bodies, b->key);
	b->cached = false;
	gossip_body_release(g, b);
}

/* With a reference of its own; the oldest make room. */
err
gossip_cache_add(struct gossip *g, struct gossip_body *b)
{
	const size_t size = body_size(b);

	if (size > g->p.cache_bytes_max)
		return ERR_LIMIT;
	while (g->cache.bytes > g->p.cache_bytes_max - size)
		cache_evict(g);
	TRY(table_put(&g->bodies, b->key, (uint64_t)(uintptr_t)b));
	b->refs++;
	b->cached = true;
	b->window = g->beat;
	list_add(&g->cache, b);
	return OK;
}

void
gossip_cache_shift(struct gossip *g)
{
	while (g->cache.head != NULL &&
	       g->beat - g->cache.head->window >= g->p.history_length)
		cache_evict(g);
}

void
gossip_messages_fini(struct gossip *g)
{
	while (g->cache.head != NULL)
		cache_evict(g);
	while (g->waiting.head != NULL) {
		struct gossip_body *b = g->waiting.head;
		gossip_unwait(g, b);
		gossip_body_release(g, b);
	}
}
