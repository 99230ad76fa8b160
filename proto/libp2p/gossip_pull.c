/*
 * What others announced and we lack. An id waits a little for its body, that
 * may be under way from an eager peer; then one who announced it is asked;
 * when that one is silent two others, then four, then all that are left. So
 * those who announce and do not deliver delay a message by a few short
 * waits, whoever they are and however early they come.
 */
#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"

#define WANT_CHUNK 64 /* ids of one IWANT that we send */
#define MISSED_MAX 250

/* IWANTs that are made up peer by peer, ids gathered as long as it lasts. */
struct wanting {
	struct gossip_peer *to;
	size_t n;
	uint8_t ids[WANT_CHUNK * GOSSIP_ID];
};

static void
want_flush(struct gossip *g, struct wanting *w)
{
	const struct rpc_ids iwant = { CONTROL_IWANT, { NULL, 0 }, w->ids,
		w->n };

	if (w->n > 0)
		(void)gossip_say_ids(g, w->to, &iwant);
	w->n = 0;
}

static void
want(struct gossip *g, struct wanting *w, struct gossip_peer *p,
    const uint8_t id[GOSSIP_ID])
{
	if (w->to != p || w->n == WANT_CHUNK)
		want_flush(g, w);
	w->to = p;
	memcpy(w->ids + w->n++ * GOSSIP_ID, id, GOSSIP_ID);
	p->counts.asked++;
}

static void
pull_link(struct gossip *g, struct gossip_pull *q, uint8_t stage, uint64_t due)
{
	struct gossip_pulls *l = &g->pulls;

	q->stage = stage;
	q->due_ms = due;
	q->prev = l->tail[stage];
	q->next = NULL;
	if (q->prev == NULL)
		l->head[stage] = q;
	else
		q->prev->next = q;
	l->tail[stage] = q;
}

static void
pull_unlink(struct gossip *g, struct gossip_pull *q)
{
	struct gossip_pulls *l = &g->pulls;

	if (q->prev == NULL)
		l->head[q->stage] = q->next;
	else
		q->prev->next = q->next;
	if (q->next == NULL)
		l->tail[q->stage] = q->prev;
	else
		q->next->prev = q->prev;
}

static void
pull_del(struct gossip *g, struct gossip_pull *q)
{
	pull_unlink(g, q);
	(void)table_del(&g->pulls.by_key, q->key);
	mem_free(g->mem, q, sizeof(*q));
}

static struct gossip_pull *
pull_find(const struct gossip *g, uint64_t key)
{
	const uint64_t *at = table_get(&g->pulls.by_key, key);

	return at == NULL ? NULL : (struct gossip_pull *)(uintptr_t)*at;
}

static struct gossip_pull *
pull_new(struct gossip *g, uint64_t key, const uint8_t id[GOSSIP_ID])
{
	struct gossip_pull *q = NULL;

	if (g->pulls.by_key.n < g->p.pulls_max)
		q = mem_alloc(g->mem, sizeof(*q));
	if (q == NULL ||
	    table_put(&g->pulls.by_key, key, (uint64_t)(uintptr_t)q) != OK) {
		mem_free(g->mem, q, sizeof(*q));
		return NULL;
	}
	q->key = key;
	memcpy(q->id, id, GOSSIP_ID);
	pull_link(g, q, PULL_WAIT,
	    g->now_ms + (g->p.lazy.on ? g->p.lazy.pull_ms : 0));
	return q;
}

/*
 * Another one has it. When there are too many, one who is not yet asked is
 * replaced at random, so that the first to come cannot keep the others out.
 */
static void
pull_offer(struct gossip *g, struct gossip_pull *q, uint32_t peer)
{
	for (uint32_t i = 0; i < q->peers_n; i++)
		if (q->peers[i] == peer)
			return;
	if (q->peers_n < GOSSIP_ASKED)
		q->peers[q->peers_n++] = (uint16_t)peer;
	else if (q->asked_n < GOSSIP_ASKED)
		q->peers[q->asked_n +
			 env_random_below(g->env, GOSSIP_ASKED - q->asked_n)] =
		    (uint16_t)peer;
}

/* The most reliable of those not yet asked comes next. */
static void
pull_choose(struct gossip *g, struct gossip_pull *q)
{
	uint32_t best = q->asked_n;

	for (uint32_t i = best + 1; i < q->peers_n; i++) {
		const struct gossip_peer *a = g->peers[q->peers[i]];
		const struct gossip_peer *b = g->peers[q->peers[best]];
		if (a->missed < b->missed)
			best = i;
	}
	const uint16_t swap = q->peers[q->asked_n];
	q->peers[q->asked_n] = q->peers[best];
	q->peers[best] = swap;
}

/* Ask 1, 2, 4 ... more; or begin to wait for the end. */
static void
pull_ask(struct gossip *g, struct gossip_pull *q, struct wanting *w)
{
	const uint32_t more = 1u << MIN(q->rounds, 3);
	uint32_t n = 0;

	for (; n < more && q->asked_n < q->peers_n; n++) {
		pull_choose(g, q);
		want(g, w, g->peers[q->peers[q->asked_n++]], q->id);
	}
	pull_unlink(g, q);
	if (n == 0) {
		pull_link(
		    g, q, PULL_GIVEUP, g->now_ms + g->p.iwant_followup_ms);
		return;
	}
	if (q->rounds > 0)
		g->stats.pull_retries++;
	q->rounds++;
	pull_link(g, q, PULL_RETRY, g->now_ms + g->p.lazy.retry_ms);
}

static void
pull_missed(struct gossip *g, const struct gossip_pull *q)
{
	for (uint32_t i = 0; i < q->asked_n; i++) {
		struct gossip_peer *p = g->peers[q->peers[i]];
		if (p->missed < MISSED_MAX)
			p->missed++;
	}
}

/* Nobody brought it. Who could not, since we do not read, is not to blame. */
static void
pull_broken(struct gossip *g, struct gossip_pull *q)
{
	for (uint32_t i = 0; i < q->asked_n; i++) {
		struct gossip_peer *p = g->peers[q->peers[i]];
		if (gossip_full(g) || p->pending >= g->p.pending_per_peer_max)
			continue;
		g->stats.promises_broken++;
		p->broken++;
		p->counts.promises_broken++;
	}
	pull_del(g, q);
}

/* We slept: what was asked for before is nobody's fault. */
void
gossip_pull_forgive(struct gossip *g)
{
	for (unsigned i = 0; i < PULL_STAGES; i++)
		while (g->pulls.head[i] != NULL)
			pull_del(g, g->pulls.head[i]);
}

void
gossip_pull_due(struct gossip *g)
{
	struct wanting w = { NULL, 0, { 0 } };
	struct gossip_pull *q = NULL;

	while ((q = g->pulls.head[PULL_WAIT]) != NULL && q->due_ms <= g->now_ms)
		pull_ask(g, q, &w);
	while (
	    (q = g->pulls.head[PULL_RETRY]) != NULL && q->due_ms <= g->now_ms) {
		pull_missed(g, q);
		pull_ask(g, q, &w);
	}
	while (
	    (q = g->pulls.head[PULL_GIVEUP]) != NULL && q->due_ms <= g->now_ms)
		pull_broken(g, q);
	want_flush(g, &w);
}

uint64_t
gossip_pull_expiry(const struct gossip *g)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; i < PULL_STAGES; i++)
		if (g->pulls.head[i] != NULL)
			at = MIN(at, g->pulls.head[i]->due_ms);
	return at;
}

/* The body is there; who brought it may be one that we asked. */
void
gossip_pull_done(struct gossip *g, struct gossip_peer *p, uint64_t id_key)
{
	struct gossip_pull *q = pull_find(g, id_key);

	if (q == NULL)
		return;
	for (uint32_t i = 0; i < q->asked_n; i++)
		if (q->peers[i] == p->number) {
			g->stats.pulled++;
			p->missed /= 2;
		}
	pull_del(g, q);
}

static void
forget_peer(struct gossip_pull *q, uint32_t peer)
{
	for (uint32_t i = 0; i < q->peers_n; i++) {
		if (q->peers[i] != peer)
			continue;
		memmove(q->peers + i, q->peers + i + 1,
		    (q->peers_n - i - 1u) * sizeof(q->peers[0]));
		q->peers_n--;
		if (i < q->asked_n)
			q->asked_n--;
		return;
	}
}

void
gossip_pull_forget(struct gossip *g, uint32_t peer)
{
	for (unsigned i = 0; i < PULL_STAGES; i++)
		for (struct gossip_pull *q = g->pulls.head[i]; q != NULL;) {
			struct gossip_pull *next = q->next;
			forget_peer(q, peer);
			if (q->peers_n == 0)
				pull_del(g, q);
			q = next;
		}
}

void
gossip_pull_fini(struct gossip *g)
{
	gossip_pull_forgive(g);
	table_fini(&g->pulls.by_key);
}

/* One id that a peer announced and that we have not seen. */
static void
offered(struct gossip *g, struct gossip_peer *p, const uint8_t id[GOSSIP_ID],
    uint64_t key, struct wanting *w)
{
	struct gossip_pull *q = pull_find(g, key);

	if (q == NULL)
		q = pull_new(g, key, id);
	if (q == NULL) {
		/* Full: ask without a note; that costs a duplicate, never a
		 * message. */
		g->stats.control_ignored++;
		want(g, w, p, id);
		return;
	}
	pull_offer(g, q, p->number);
	if (q->stage == PULL_GIVEUP || q->due_ms <= g->now_ms)
		pull_ask(g, q, w);
}

static void
ignored(struct gossip *g, struct gossip_peer *p)
{
	g->stats.control_ignored++;
	p->counts.control_ignored++;
}

/* Is there reason to listen to this IHAVE? */
static bool
listens(struct gossip *g, struct gossip_peer *p, struct slice topic)
{
	if (gossip_our_topic(g, topic) == NULL)
		return false;
	if (p->score < g->p.score.gossip_threshold && !p->direct) {
		g->stats.score_ignored++;
		p->counts.score_ignored++;
		return false;
	}
	if (p->ihaves++ < g->p.ihave_messages_max)
		return true;
	ignored(g, p);
	return false;
}

err
gossip_on_ihave(struct gossip *g, struct gossip_peer *p, struct slice in)
{
	struct slice topic = { NULL, 0 }, rest = in;
	struct wanting w = { NULL, 0, { 0 } };
	struct rpc_field f;
	err e;

	g->stats.ihave_in++;
	while ((e = rpc_field_next(&rest, &f)) == OK)
		if (f.number == CONTROL_TOPIC || f.number == IHAVE_IDS) {
			if (f.wire != WIRE_BYTES)
				return ERR_PEER;
			if (f.number == CONTROL_TOPIC)
				topic = f.bytes;
		}
	if (e != ERR_MORE)
		return e;
	if (!listens(g, p, topic))
		return OK;
	while (rpc_field_next(&in, &f) == OK) {
		if (f.number != IHAVE_IDS || f.bytes.n != GOSSIP_ID)
			continue;
		const uint64_t key = gossip_id_key(g, f.bytes.p);
		enum gossip_fate fate = FATE_OPEN;
		if (gossip_seen(g, key, &fate, NULL)) {
			if (fate == FATE_ACCEPTED)
				gossip_score_brought(
				    g, p, gossip_topic_key(g, topic));
			continue;
		}
		if (p->ihave_ids >= g->p.ihave_ids_max) {
			ignored(g, p);
			continue;
		}
		p->ihave_ids++;
		offered(g, p, f.bytes.p, key, &w);
	}
	want_flush(g, &w);
	return OK;
}
