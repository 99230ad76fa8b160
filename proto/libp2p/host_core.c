#include "crypto/crypto.h"
#include "proto/libp2p/host_internal.h"
#include "proto/libp2p/keys.h"

struct host_limits
host_limits_default(void)
{
	return (struct host_limits){
		.memory_bytes = 256 << 20,
		.conns_max = 256,
		.conns_per_ip_max = 8,
		.conns_per_net_max = 16,
		.conns_per_wide_max = 32,
		.conns_per_peer_max = 4,
		.half_open_max = 16,
		.handshakes_per_s = 32,
		.grace_ms = 30000,
		.outbound_wanted = 8,
		.dials_max = 16,
		.feeler_ms = 120000,
		.streams_per_peer_max = 64,
		.streams_per_protocol_max = 32,
		.events_max = 1024,
		.unread_ms = 20000,
		.conn = conn_limits_default(),
		.known = peer_store_limits_default(),
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

bool
host_runs_limited(const struct host *h, size_t protocol)
{
	return protocol < SERVE_GOSSIP_12 ||
	       (protocol >= SERVE_N &&
		   (h->flags[protocol - SERVE_N] & HOST_PROTOCOL_LIMITED) != 0);
}

/* An id that nobody can ask for stands where a protocol is off. */
static void
set_answered(struct host *h, size_t i)
{
	const bool on =
	    i < SERVE_N || (h->flags[i - SERVE_N] & HOST_PROTOCOL_OFF) == 0;

	h->answered[i] = on ? h->protocols[i] : "";
	h->answered_limited[i] =
	    on && host_runs_limited(h, i) ? h->protocols[i] : "";
}

void
host_protocol_set(struct host *h, size_t i, bool on, uint64_t now_ms)
{
	ASSERT(i < h->protocols_n - SERVE_N);
	const uint8_t was = h->flags[i];

	if (on)
		h->flags[i] &= (uint8_t)~HOST_PROTOCOL_OFF;
	else
		h->flags[i] |= HOST_PROTOCOL_OFF;
	if (h->flags[i] == was)
		return;
	set_answered(h, SERVE_N + i);
	host_identify_push(h, now_ms);
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
	const char **all =
	    mem_alloc(&h->mem, 3 * h->protocols_n * sizeof(all[0]));
	if (all == NULL)
		return false;
	h->protocols = all;
	h->answered = all + h->protocols_n;
	h->answered_limited = all + 2 * h->protocols_n;
	for (size_t i = 0; i < h->protocols_n; i++)
		all[i] = i < SERVE_N ? ours[i] : cf->protocols[i - SERVE_N];
	for (size_t i = 0; i < cf->protocols_n && cf->protocol_flags != NULL;
	     i++)
		h->flags[i] = cf->protocol_flags[i];
	for (size_t i = 0; i < h->protocols_n; i++)
		set_answered(h, i);
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
	h->says = 1;
	h->expiry_ms = now_ms;
	set_identity(h, cf->secret);
	if (cf->psk != NULL)
		memcpy(h->psk, cf->psk, sizeof(h->psk));
	h->visitors = cf->visitors == NULL ? "" : cf->visitors;
	h->visitors_alone = cf->visitors_alone;
	if (cf->exchanges)
		h->exchanges = mem_alloc(
		    &h->mem, HOST_EXCHANGES_MAX * sizeof(h->exchanges[0]));
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
	h->known = peer_store_new(&cf->limits.known, cf->env, &h->mem);
	host_dials_init(h, now_ms);
	h->handshakes = 2000ULL * cf->limits.handshakes_per_s;
	h->handshakes_ms = now_ms;
	if (h->links == NULL || h->peers == NULL || h->gossip == NULL ||
	    h->known == NULL || (cf->exchanges && h->exchanges == NULL) ||
	    !set_protocols(h, cf)) {
		host_free(h);
		return NULL;
	}
	uint8_t key[X25519_SIZE];
	cf->env->random(cf->env->ctx, key, sizeof(key));
	noise_static_init(&h->noise, h->secret, key);
	crypto_wipe(key, sizeof(key));
	h->conn = (struct conn_config){ .env = cf->env,
		.noise = &h->noise,
		.secret = h->secret,
		.psk = cf->psk == NULL ? NULL : h->psk,
		.limits = cf->limits.conn,
		.protocols = h->answered,
		.protocols_n = h->protocols_n };
	h->conn_limited = h->conn;
	h->conn_limited.protocols = h->answered_limited;
	host_gossip_init(h);
	return h;
}

static void
free_link(struct host_link *l)
{
	struct host *h = l->h;

	host_services_free(l);
	host_apps_free(l);
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
	mem_free(&h->mem, h->protocols,
	    3 * h->protocols_n * sizeof(h->protocols[0]));
	mem_free(&h->mem, h->exchanges,
	    HOST_EXCHANGES_MAX * sizeof(h->exchanges[0]));
	peer_store_free(h->known);
	ASSERT(h->mem.used == 0);
	crypto_wipe(h->secret, sizeof(h->secret));
	crypto_wipe(&h->noise, sizeof(h->noise));
	crypto_wipe(h->psk, sizeof(h->psk));
	mem_free(source, h, sizeof(*h));
}

const uint8_t *
host_psk(const struct host *h)
{
	return h->conn.psk;
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

static struct host_link *
new_link(struct host *h, const struct host_conn_config *cf, uint64_t now_ms)
{
	const size_t n = cf->remote.n;
	struct host_link *l = mem_alloc(&h->mem, sizeof(*l) + n);

	if (l == NULL)
		return NULL;
	*l = (struct host_link){ .h = h,
		.id = h->next_id,
		.dialer = cf->dialer,
		.limited = cf->limited,
		.why = "",
		.since_ms = now_ms,
		.close = { .type = HOST_CLOSE, .conn = h->next_id },
		.remote_n = (uint16_t)n };
	if (n > 0)
		memcpy(l->remote, cf->remote.p, n);
	l->c = conn_new(cf->limited ? &h->conn_limited : &h->conn, &h->mem,
	    cf->dialer, cf->expect, now_ms);
	if (l->c != NULL)
		return l;
	mem_free(&h->mem, l, sizeof(*l) + n);
	return NULL;
}

static err
open_link(struct host *h, const struct host_conn_config *cf, uint64_t now_ms,
    struct host_link **out)
{
	struct host_link *l = NULL;
	uint32_t slot = 0;

	if (cf->remote.n > MULTIADDR_MAX || h->next_id == UINT32_MAX ||
	    !host_may_open(h, cf, now_ms, &slot))
		goto fail0;
	l = new_link(h, cf, now_ms);
	if (l == NULL)
		goto fail0;
	if (table_put(&h->ids, h->next_id, slot) != OK)
		goto fail1;
	h->next_id++;
	l->slot = slot;
	h->links[slot] = l;
	h->links_top = MAX(h->links_top, slot + 1);
	h->stats.conns_opened++;
	host_touch(l);
	*out = l;
	return OK;
fail1:
	conn_free(l->c);
	mem_free(&h->mem, l, sizeof(*l) + l->remote_n);
fail0:
	h->stats.conns_refused++;
	return ERR_LIMIT;
}

err
host_conn_open(struct host *h, const struct host_conn_config *cf,
    uint64_t now_ms, host_conn *id)
{
	struct host_conn_config own = *cf;
	struct host_link *l = NULL;
	struct peer_id expect = { 0 };
	const struct host_round *round = NULL;

	if (cf->dial != 0) {
		TRY(host_dial_taken(h, cf->dial, &expect, &round));
		if (own.expect == NULL && expect.n > 0)
			own.expect = &expect;
	}
	const err e = open_link(h, &own, now_ms, &l);
	if (e != OK) {
		host_dial_refused(h, cf->dial, now_ms);
		return e;
	}
	*id = l->id;
	l->dial = cf->dial;
	l->feeler = round != NULL && round->feeler;
	l->once = round != NULL && round->once;
	if (cf->dial != 0)
		host_dial_stands(h, cf->dial, l->id);
	return OK;
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

/* The connection is over: its peer leaves it, HOST_CLOSE is said once. */
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
	host_dial_lost(l, e, now_ms);
	drop_stream_notes(l);
	host_peer_leave(l, now_ms);
	host_services_free(l);
	host_apps_free(l);
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
		host_dial_lost(l, ERR_CLOSED, now_ms);
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
	host_dial_secured(l, id, now_ms);
	if (!l->peer->identified || (l->peer->partly && !l->limited))
		host_identify_ask(l, now_ms);
	if (!l->limited)
		host_gossip_open(l->h, l->peer, now_ms);
}

/* Of a stream of the application's. */
static void
app_event(struct host_link *l, const struct conn_event *ev)
{
	if (ev->type == CONN_STREAM_OPENED &&
	    host_app_opened(l, ev->stream, ev->protocol) != OK) {
		l->h->stats.streams_refused++;
		conn_stream_reset(l->c, ev->stream);
		return;
	}
	if (ev->type == CONN_STREAM_CLOSED)
		host_app_closed(l, ev->stream);
	note_stream(l, ev);
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
			app_event(l, &ev);
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
	if (h->dials.unreachable_n > 0) {
		*ev = (struct host_event){ .type = HOST_UNREACHABLE,
			.peer = h->dials.unreachable[--h->dials.unreachable_n],
			.why = "" };
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
	host_gossip_attend(h, now_ms);
	if (h->expiry_ms > now_ms)
		return;
	h->expiry_ms = UINT64_MAX;
	host_dials_time(h, now_ms);
	host_manage_time(h, now_ms);
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

static void
count_conns(const struct host *h, struct host_stats *out)
{
	struct peer_store_stats known;

	for (uint32_t i = 0; i < h->links_top; i++) {
		const struct host_link *l = h->links[i];
		if (l == NULL)
			continue;
		out->conns_in += l->dialer ? 0 : 1;
		out->conns_out += l->dialer ? 1 : 0;
		out->conns_limited += l->limited ? 1 : 0;
		out->half_open += l->peer == NULL && !l->closing ? 1 : 0;
	}
	for (uint32_t i = 0; i < h->peers_top; i++)
		if (h->peers[i] != NULL && host_peer_is_ours(h->peers[i]))
			out->peers_out++;
	peer_store_stats(h->known, &known);
	out->known_peers = known.peers;
	out->known_addrs = known.addrs;
	out->known_records = known.records;
	out->known_bytes = known.bytes;
}

void
host_stats(const struct host *h, struct host_stats *out)
{
	*out = h->stats;
	out->conns_now = h->ids.n;
	out->peers_now = h->peer_ids.n;
	out->dials_now = h->dials.attempts_n;
	out->memory_now = h->mem.used;
	out->memory_cap = h->mem.cap;
	count_conns(h, out);
	gossip_stats(h->gossip, &out->gossip);
}
