#include "crypto/crypto.h"
#include "proto/libp2p/host_internal.h"
#include "proto/libp2p/keys.h"
#include "proto/libp2p/multiaddr.h"

struct host_limits
host_limits_default(void)
{
	return (struct host_limits){
		.memory_bytes = 256 << 20,
		.conns_max = 256,
		.conns_per_ip_max = 16,
		.conns_per_peer_max = 4,
		.events_max = 1024,
		.conn = conn_limits_default(),
	};
}

static void
copy_text(char out[HOST_TEXT_MAX + 1], const char *text)
{
	const size_t n = MIN(strlen(text), (size_t)HOST_TEXT_MAX);

	memcpy(out, text, n);
	out[n] = '\0';
}

static void
set_identity(struct host *h, const uint8_t *secret)
{
	struct buf key = { h->public_key, 0, sizeof(h->public_key) };
	const uint8_t *pub = secret + ED25519_SEED;

	memcpy(h->secret, secret, ED25519_SECRET);
	h->self = peer_id_of_ed25519(pub);
	const err e = peer_key_put_ed25519(&key, pub);
	ASSERT(e == OK);
	h->public_key_n = key.n;
}

static bool
set_protocols(struct host *h, const struct host_config *cf)
{
	static const char *const ours[SERVE_N] = {
		[SERVE_IDENTIFY] = IDENTIFY_PROTOCOL,
		[SERVE_PUSH] = IDENTIFY_PUSH_PROTOCOL,
		[SERVE_PING] = PING_PROTOCOL,
		[SERVE_GOSSIP_12] = GOSSIP_PROTOCOL_12,
		[SERVE_GOSSIP_11] = GOSSIP_PROTOCOL_11,
	};

	ASSERT(cf->protocols_n <= HOST_PROTOCOLS_MAX - SERVE_N);
	h->protocols_n = SERVE_N + cf->protocols_n;
	h->protocols =
	    mem_alloc(&h->mem, h->protocols_n * sizeof(h->protocols[0]));
	if (h->protocols == NULL)
		return false;
	for (size_t i = 0; i < h->protocols_n; i++)
		h->protocols[i] =
		    i < SERVE_N ? ours[i] : cf->protocols[i - SERVE_N];
	return true;
}

struct host *
host_new(const struct host_config *cf, uint64_t now_ms)
{
	ASSERT(cf->limits.conns_max > 0 && cf->limits.conns_max <= 65536);
	struct gossip_params gossip = cf->gossip;
	struct host *h = mem_alloc(cf->mem, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->env = cf->env;
	h->mem = mem_child(cf->mem, cf->limits.memory_bytes);
	h->limits = cf->limits;
	h->next_id = 1;
	h->expiry_ms = now_ms;
	set_identity(h, cf->secret);
	if (cf->psk != NULL)
		memcpy(h->psk, cf->psk, sizeof(h->psk));
	copy_text(h->agent, cf->agent);
	copy_text(h->protocol_version, cf->protocol_version);
	cf->env->random(cf->env->ctx, h->table_key, sizeof(h->table_key));
	table_init(&h->ids, &h->mem, cf->limits.conns_max);
	table_init(&h->peer_ids, &h->mem, cf->limits.conns_max);
	gossip.peers_max = cf->limits.conns_max;
	h->links =
	    mem_alloc(&h->mem, cf->limits.conns_max * sizeof(h->links[0]));
	h->peers =
	    mem_alloc(&h->mem, cf->limits.conns_max * sizeof(h->peers[0]));
	h->gossip = gossip_new(&gossip, cf->env, &h->mem, now_ms);
	if (h->links == NULL || h->peers == NULL || h->gossip == NULL ||
	    !set_protocols(h, cf)) {
		host_free(h);
		return NULL;
	}
	h->conn = (struct conn_config){ .env = cf->env,
		.secret = h->secret,
		.psk = cf->psk == NULL ? NULL : h->psk,
		.limits = cf->limits.conn,
		.protocols = h->protocols,
		.protocols_n = h->protocols_n };
	return h;
}

static void
free_link(struct host_link *l)
{
	struct host *h = l->h;

	host_services_free(l);
	conn_free(l->c);
	h->links[l->slot] = NULL;
	while (h->links_top > 0 && h->links[h->links_top - 1] == NULL)
		h->links_top--;
	(void)table_del(&h->ids, l->id);
	mem_free(&h->mem, l, sizeof(*l) + l->remote_n);
}

void
host_free(struct host *h)
{
	if (h == NULL)
		return;
	struct mem *source = h->mem.parent;
	for (uint32_t i = 0; h->links != NULL && i < h->limits.conns_max; i++)
		if (h->links[i] != NULL)
			host_conn_gone(h, h->links[i]->id, 0);
	while (h->notes_head != NULL) { /* only of peers that are gone */
		struct host_peer *p = h->notes_head->peer;
		const bool last = h->notes_head->type == HOST_PEER_DOWN;
		host_note_drop(h, h->notes_head);
		if (last)
			host_peer_free(h, p);
	}
	mem_free(&h->mem, h->spare, sizeof(*h->spare));
	gossip_free(h->gossip);
	table_fini(&h->ids);
	table_fini(&h->peer_ids);
	mem_free(&h->mem, h->links, h->limits.conns_max * sizeof(h->links[0]));
	mem_free(&h->mem, h->peers, h->limits.conns_max * sizeof(h->peers[0]));
	mem_free(
	    &h->mem, h->protocols, h->protocols_n * sizeof(h->protocols[0]));
	ASSERT(h->mem.used == 0);
	crypto_wipe(h->secret, sizeof(h->secret));
	crypto_wipe(h->psk, sizeof(h->psk));
	mem_free(source, h, sizeof(*h));
}

const struct peer_id *
host_self(const struct host *h)
{
	return &h->self;
}

/* ---- notes: events that wait to be polled ---- */

void
host_note_put(struct host *h, struct host_note *n)
{
	if (n->queued)
		return;
	n->queued = true;
	n->prev = h->notes_tail;
	n->next = NULL;
	if (h->notes_tail == NULL)
		h->notes_head = n;
	else
		h->notes_tail->next = n;
	h->notes_tail = n;
}

void
host_note_drop(struct host *h, struct host_note *n)
{
	if (!n->queued)
		return;
	if (n->prev == NULL)
		h->notes_head = n->next;
	else
		n->prev->next = n->next;
	if (n->next == NULL)
		h->notes_tail = n->prev;
	else
		n->next->prev = n->prev;
	n->queued = false;
	if (n->heap) {
		h->heap_notes--;
		mem_free(&h->mem, n, sizeof(*n));
	}
}

/* Is there room to keep an event of a stream of the application? */
static bool
have_room(struct host *h)
{
	if (h->heap_notes >= h->limits.events_max)
		return false;
	if (h->spare == NULL)
		h->spare = mem_alloc(&h->mem, sizeof(*h->spare));
	return h->spare != NULL;
}

static void
note_stream(struct host_link *l, const struct conn_event *ev)
{
	static const enum host_event_type types[] = {
		[CONN_STREAM_OPENED] = HOST_STREAM_OPENED,
		[CONN_STREAM_READY] = HOST_STREAM_READY,
		[CONN_STREAM_REFUSED] = HOST_STREAM_REFUSED,
		[CONN_STREAM_DATA] = HOST_STREAM_DATA,
		[CONN_STREAM_WRITABLE] = HOST_STREAM_WRITABLE,
		[CONN_STREAM_END] = HOST_STREAM_END,
		[CONN_STREAM_CLOSED] = HOST_STREAM_CLOSED,
	};
	struct host_note *n = l->h->spare;

	l->h->spare = NULL;
	*n = (struct host_note){ .heap = true,
		.type = types[ev->type],
		.conn = l->id,
		.stream = ev->stream,
		.peer = l->peer };
	if (ev->type == CONN_STREAM_OPENED)
		n->value = (uint32_t)(ev->protocol - SERVE_N);
	l->h->heap_notes++;
	host_note_put(l->h, n);
}

static void
drop_stream_notes(struct host_link *l)
{
	struct host_note *next = NULL;

	for (struct host_note *n = l->h->notes_head; n != NULL; n = next) {
		next = n->next;
		if (n->heap && n->conn == l->id)
			host_note_drop(l->h, n);
	}
}

/* ---- connections ---- */

struct host_link *
host_link_find(const struct host *h, host_conn id)
{
	const uint64_t *slot = table_get(&h->ids, id);

	return id == 0 || slot == NULL ? NULL : h->links[*slot];
}

void
host_wake_at(struct host *h, uint64_t at_ms)
{
	h->expiry_ms = MIN(h->expiry_ms, at_ms);
}

/* Something was done with the connection: it may have bytes to send. */
void
host_touch(struct host_link *l)
{
	struct host *h = l->h;

	host_wake_at(h, conn_expiry(l->c));
	if (l->out_queued || !conn_pending(l->c))
		return;
	l->out_queued = true;
	l->out_next = 0;
	if (h->out_tail == 0)
		h->out_head = l->id;
	else
		host_link_find(h, h->out_tail)->out_next = l->id;
	h->out_tail = l->id;
}

static void
out_remove(struct host_link *l)
{
	struct host *h = l->h;
	host_conn *at = &h->out_head;
	host_conn last = 0;

	if (!l->out_queued)
		return;
	while (*at != l->id) {
		last = *at;
		at = &host_link_find(h, *at)->out_next;
	}
	*at = l->out_next;
	if (h->out_tail == l->id)
		h->out_tail = last;
	l->out_queued = false;
}

/* Who has one address of IPv6 has all of its /64. */
static bool
same_ip(const struct multiaddr_ip *a, const struct multiaddr_ip *b)
{
	return a->v6 == b->v6 && memcmp(a->ip, b->ip, a->v6 ? 8 : 4) == 0;
}

/*
 * A slot, unless a limit forbids the connection. One in eight is for those
 * that we dial, so that strangers cannot choose all our peers.
 */
static bool
may_open(struct host *h, bool dialer, bool counted,
    const struct multiaddr_ip *ip, uint32_t *slot)
{
	const uint32_t max = h->limits.conns_max;
	uint32_t same = 0, inbound = 0, free_slot = UINT32_MAX;

	for (uint32_t i = 0; i < max; i++) {
		const struct host_link *l = h->links[i];
		struct multiaddr_ip other;
		if (l == NULL) {
			free_slot = MIN(free_slot, i);
			if (i >= h->links_top)
				break;
			continue;
		}
		inbound += l->dialer ? 0 : 1;
		if (!counted || !l->counted)
			continue;
		if (multiaddr_front_ip(
			slice_of(l->remote, l->remote_n), &other) == OK &&
		    same_ip(&other, ip))
			same++;
	}
	*slot = free_slot;
	return free_slot != UINT32_MAX && (dialer || inbound < max - max / 8) &&
	       (!counted || same < h->limits.conns_per_ip_max);
}

err
host_conn_open(struct host *h, bool dialer, struct slice remote,
    const struct peer_id *expect, uint64_t now_ms, host_conn *id)
{
	struct multiaddr_ip ip;
	uint32_t slot = 0;
	const bool known = multiaddr_front_ip(remote, &ip) == OK;
	const bool counted = !dialer && known && !multiaddr_is_loopback(&ip);
	struct host_link *l = NULL;

	if (remote.n > MULTIADDR_MAX || h->next_id == UINT32_MAX ||
	    !may_open(h, dialer, counted, &ip, &slot))
		goto fail0;
	l = mem_alloc(&h->mem, sizeof(*l) + remote.n);
	if (l == NULL)
		goto fail0;
	l->c = conn_new(&h->conn, &h->mem, dialer, expect, now_ms);
	if (l->c == NULL || table_put(&h->ids, h->next_id, slot) != OK)
		goto fail1;
	l->h = h;
	l->id = *id = h->next_id++;
	l->slot = slot;
	l->dialer = dialer;
	l->counted = counted;
	l->why = "";
	l->since_ms = now_ms;
	l->close = (struct host_note){ .type = HOST_CLOSE, .conn = l->id };
	l->remote_n = (uint16_t)remote.n;
	if (remote.n > 0)
		memcpy(l->remote, remote.p, remote.n);
	h->links[slot] = l;
	h->links_top = MAX(h->links_top, slot + 1);
	h->stats.conns_opened++;
	host_touch(l);
	return OK;
fail1:
	conn_free(l->c);
	mem_free(&h->mem, l, sizeof(*l) + remote.n);
fail0:
	h->stats.conns_refused++;
	return ERR_LIMIT;
}

static void
count_close(struct host_stats *s, bool timed_out, err e)
{
	if (timed_out)
		s->closed_time++;
	else if (e == OK || e == ERR_CLOSED || e == ERR_EXISTS)
		s->closed_ok++;
	else if (e == ERR_AUTH)
		s->closed_auth++;
	else if (e == ERR_LIMIT)
		s->closed_limit++;
	else
		s->closed_peer++;
}

/* The connection is over: its peer leaves it, HOST_CLOSE is said once. */
/* A stream broke its protocol: counted and told; the connection goes on. */
void
host_stream_fault(struct host_link *l, const char *why)
{
	l->h->stats.stream_faults++;
	env_log(l->h->env, LOG_UNUSUAL, "stream_fault",
	    "conn=%" PRIu32 " why=\"%s\"", l->id, why);
}

static void
count_stream_faults(struct host_link *l)
{
	while (l->stream_faults < conn_stream_faults(l->c)) {
		l->stream_faults++;
		host_stream_fault(l, "no protocol is agreed on a stream");
	}
}

void
host_fail(struct host_link *l, err e, const char *why, uint64_t now_ms)
{
	if (l->closing)
		return;
	l->closing = true;
	l->why = why;
	l->error = e == ERR_CLOSED ? OK : e;
	count_close(&l->h->stats, l->timed_out, e);
	conn_close(l->c, now_ms);
	drop_stream_notes(l);
	host_peer_leave(l, now_ms);
	host_services_free(l);
	host_note_put(l->h, &l->close);
	host_touch(l);
}

void
host_conn_close(struct host *h, host_conn id, const char *why, uint64_t now_ms)
{
	struct host_link *l = host_link_find(h, id);

	if (l != NULL)
		host_fail(l, OK, why, now_ms);
}

void
host_conn_gone(struct host *h, host_conn id, uint64_t now_ms)
{
	struct host_link *l = host_link_find(h, id);

	if (l == NULL)
		return;
	if (!l->closing) {
		h->stats.closed_ok++;
		drop_stream_notes(l);
		host_peer_leave(l, now_ms);
	}
	l->closing = true;
	host_note_drop(h, &l->close);
	out_remove(l);
	free_link(l);
}

static void
on_secured(struct host_link *l, const struct peer_id *id, uint64_t now_ms)
{
	if (peer_id_eq(id, &l->h->self)) {
		host_fail(l, ERR_EXISTS, "connected to ourselves", now_ms);
		return;
	}
	if (host_peer_join(l, id) != OK) {
		host_fail(
		    l, ERR_LIMIT, "too many connections to this peer", now_ms);
		return;
	}
	if (!l->peer->identified)
		host_identify_ask(l, now_ms);
}

/* All that the connection has to say, while we can keep it. */
void
host_drain(struct host_link *l, uint64_t now_ms)
{
	struct conn_event ev;

	while (!l->closing) {
		if (!have_room(l->h)) {
			l->stalled = true;
			l->h->any_stalled = true;
			break;
		}
		if (!conn_next(l->c, &ev))
			break;
		if (ev.type == CONN_SECURED)
			on_secured(l, &ev.peer, now_ms);
		else if (ev.type == CONN_STREAM_OPENED && ev.protocol < SERVE_N)
			host_serve(l, ev.stream, ev.protocol, now_ms);
		else if (!host_service_event(l, &ev, now_ms))
			note_stream(l, &ev);
	}
	host_touch(l);
}

void
host_recv(struct host *h, host_conn id, uint64_t now_ms, struct slice *in)
{
	struct host_link *l = host_link_find(h, id);
	size_t before = 0;

	if (l == NULL || l->closing) {
		slice_skip(in, in->n);
		return;
	}
	do {
		before = in->n;
		const err e = conn_recv(l->c, now_ms, in);
		h->stats.bytes_in += before - in->n;
		count_stream_faults(l);
		host_drain(l, now_ms);
		if (e != OK)
			host_fail(l, e, conn_why(l->c), now_ms);
	} while (in->n > 0 && in->n < before && !l->closing);
}

void
host_send(struct host *h, host_conn id, uint64_t now_ms, struct buf *out)
{
	struct host_link *l = host_link_find(h, id);
	const size_t before = out->n;

	if (l == NULL)
		return;
	const err e = conn_send(l->c, now_ms, out);
	h->stats.bytes_out += out->n - before;
	if (e != OK)
		host_fail(l, e, conn_why(l->c), now_ms);
	/* What became writable may fill the connection again. */
	host_drain(l, now_ms);
}

bool
host_next_output(struct host *h, host_conn *id)
{
	host_gossip_flush(h, h->env->mono_ms(h->env->ctx));
	if (h->out_head == 0)
		return false;
	*id = h->out_head;
	out_remove(host_link_find(h, *id));
	return true;
}

/* ---- events ---- */

static void
unstall(struct host *h)
{
	const uint64_t now_ms = h->env->mono_ms(h->env->ctx);

	h->any_stalled = false;
	for (uint32_t i = 0; i < h->links_top; i++) {
		struct host_link *l = h->links[i];
		if (l == NULL || !l->stalled)
			continue;
		l->stalled = false;
		host_drain(l, now_ms);
	}
}

static void
tell(struct host *h, struct host_note *n, struct host_event *ev)
{
	struct host_peer *p = n->peer;

	*ev = (struct host_event){ .type = n->type,
		.conn = n->conn,
		.why = "",
		.stream = n->stream,
		.protocol = n->type == HOST_STREAM_OPENED ? n->value : 0,
		.rtt_ms = n->type == HOST_PING ? n->value : UINT32_MAX };
	if (p != NULL)
		ev->peer = p->id;
	if (n->type == HOST_CLOSE) {
		const struct host_link *l = host_link_find(h, n->conn);
		ev->why = l->why;
		ev->error = l->error;
		if (conn_peer(l->c) != NULL)
			ev->peer = *conn_peer(l->c);
	}
	if (n->type == HOST_PING)
		p->pinging = false;
	host_note_drop(h, n);
	if (ev->type == HOST_PEER_DOWN)
		host_peer_free(h, p);
}

bool
host_next(struct host *h, struct host_event *ev)
{
	if (h->notes_head == NULL && h->any_stalled)
		unstall(h);
	if (h->notes_head != NULL) {
		tell(h, h->notes_head, ev);
		return true;
	}
	*ev = (struct host_event){ .type = HOST_MESSAGE, .why = "" };
	if (!gossip_next(h->gossip, &ev->message))
		return false;
	ev->peer = ev->message.from;
	return true;
}

/* ---- time ---- */

uint64_t
host_expiry(const struct host *h)
{
	return MIN(h->expiry_ms, gossip_expiry(h->gossip));
}

static void
link_on_time(struct host_link *l, uint64_t now_ms)
{
	if (conn_expiry(l->c) <= now_ms) {
		const err e = conn_on_time(l->c, now_ms);
		count_stream_faults(l);
		if (e != OK) {
			l->timed_out = e == ERR_LIMIT;
			host_fail(l, e, conn_why(l->c), now_ms);
			return;
		}
	}
	host_services_time(l, now_ms);
	host_drain(l, now_ms);
}

void
host_on_time(struct host *h, uint64_t now_ms)
{
	gossip_on_time(h->gossip, now_ms);
	if (h->expiry_ms > now_ms)
		return;
	h->expiry_ms = UINT64_MAX;
	for (uint32_t i = 0; i < h->links_top; i++) {
		struct host_link *l = h->links[i];
		if (l == NULL || l->closing)
			continue;
		link_on_time(l, now_ms);
		if (l->closing)
			continue;
		host_wake_at(h, conn_expiry(l->c));
		host_wake_at(h, host_services_expiry(l));
	}
}

/* ---- gossip, as the application sees it ---- */

err
host_subscribe(struct host *h, const char *topic, uint64_t now_ms)
{
	return gossip_subscribe(h->gossip, topic, now_ms);
}

void
host_unsubscribe(struct host *h, const char *topic, uint64_t now_ms)
{
	gossip_unsubscribe(h->gossip, topic, now_ms);
}

err
host_publish(struct host *h, const char *topic, struct slice data, bool flood,
    uint64_t now_ms, uint32_t *sent_to)
{
	return gossip_publish(h->gossip, topic, data, flood, now_ms, sent_to);
}

void
host_verdict(
    struct host *h, uint64_t handle, enum gossip_verdict v, uint64_t now_ms)
{
	gossip_verdict(h->gossip, handle, v, now_ms);
	if (!h->gossip_stalled || gossip_full(h->gossip))
		return;
	h->gossip_stalled = false;
	/* Another one begins each time, so that none waits for ever. */
	for (uint32_t i = 0; i < h->peers_top; i++) {
		const uint32_t at = (h->gossip_turn + i) % h->peers_top;
		if (h->peers[at] != NULL)
			host_gossip_pull(h, h->peers[at], now_ms);
		if (gossip_full(h->gossip)) {
			h->gossip_turn = at + 1;
			break;
		}
	}
}

bool
host_topic(struct host *h, const char *topic, struct gossip_topic *out)
{
	return gossip_topic(h->gossip, topic, out);
}

void
host_stats(const struct host *h, struct host_stats *out)
{
	*out = h->stats;
	out->conns_now = h->ids.n;
	out->peers_now = h->peer_ids.n;
	out->memory_now = h->mem.used;
	out->memory_cap = h->mem.cap;
	gossip_stats(h->gossip, &out->gossip);
}
