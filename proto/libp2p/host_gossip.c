#include "proto/libp2p/host_internal.h"
#include "proto/libp2p/multiaddr.h"

#define CHUNK       16384
#define NAMED_SCORE (1000 * GOSSIP_POINT)
#define TRIES_MAX   3 /* a peer that resets our stream is asked again */

/* Where the router should believe the peer to be. */
static void
tell_ip(struct host *h, const struct host_peer *p, const struct host_link *l)
{
	struct multiaddr_ip ip;

	if (multiaddr_front_ip(slice_of(l->remote, l->remote_n), &ip) == OK)
		gossip_peer_ip(
		    h->gossip, p->number, slice_of(ip.ip, ip.v6 ? 16 : 4));
}

/*
 * Whom the operator or the bootstrap list names may tell us of others when it
 * has no room for us, unless the application thinks otherwise of it.
 */
static void
trust_named(struct host *h, const struct host_peer *p, uint64_t now_ms)
{
	const struct known_peer *known = peer_store_find(h->known, &p->id);
	struct gossip_peer_explain x;

	if (known == NULL ||
	    (known->source != PEER_OPERATOR && known->source != PEER_BOOTSTRAP))
		return;
	if (gossip_peer_explain(h->gossip, p->number, now_ms, &x) &&
	    x.score.application == 0 &&
	    gossip_application_score(h->gossip, &p->id, NAMED_SCORE) != OK)
		env_log(h->env, LOG_UNUSUAL, "gossip_scores_full", "%s", "");
}

/* It says itself, by its agent, that it only looks around. */
void
host_gossip_visitor(struct host *h, const struct host_peer *p)
{
	const size_t n = strlen(h->visitors);

	if (n > 0 && p->gossip_up && p->agent != NULL &&
	    strncmp(p->agent, h->visitors, n) == 0)
		gossip_visitor(h->gossip, p->number, !h->visitors_alone);
}

/* Our stream to the peer, in the newest version that it speaks. */
void
host_gossip_open(struct host *h, struct host_peer *p, uint64_t now_ms)
{
	while (p->out_link == NULL && host_peer_link(p) != NULL &&
	       p->gossip_tries < TRIES_MAX) {
		const bool v12 =
		    !p->refused_12 && host_peer_says(h, p, GOSSIP_PROTOCOL_12);
		const bool v11 =
		    !p->refused_11 && host_peer_says(h, p, GOSSIP_PROTOCOL_11);
		struct host_link *l = host_peer_link(p);
		uint32_t stream = 0;

		if (!v12 && !v11)
			return;
		p->gossip_tries++;
		if (conn_stream_open(l->c,
			v12 ? GOSSIP_PROTOCOL_12 : GOSSIP_PROTOCOL_11, now_ms,
			&stream) != OK)
			return;
		if (host_service_add(
			l, SERVICE_GOSSIP_OUT, stream, UINT64_MAX) == NULL ||
		    gossip_peer_up(
			h->gossip, p->number, &p->id, l->dialer, v12) != OK) {
			struct host_service *s = host_service_find(l, stream);
			if (s != NULL)
				host_service_reset(l, s);
			else
				conn_stream_reset(l->c, stream);
			return;
		}
		tell_ip(h, p, l);
		trust_named(h, p, now_ms);
		p->gossip_up = true;
		host_gossip_visitor(h, p);
		p->out_link = l;
		p->out_stream = stream;
		host_gossip_pull(h, p, now_ms);
	}
}

/* The router forgets the peer; its inbound stream may stay and wait. */
void
host_gossip_down(struct host *h, struct host_peer *p)
{
	if (p->gossip_up)
		gossip_peer_down(h->gossip, p->number);
	p->gossip_up = false;
	p->has_left = false;
	p->out_link = NULL;
}

/* A new stream of the peer's replaces the one it had, wherever that was. */
void
host_gossip_inbound(struct host_link *l, uint32_t stream, uint64_t now_ms)
{
	struct host_peer *p = l->peer;

	if (p->in_link != NULL) {
		struct host_link *old = p->in_link;
		struct host_service *s = host_service_find(old, p->in_stream);
		p->in_link = NULL;
		if (p->gossip_up)
			gossip_recv_reset(l->h->gossip, p->number);
		if (s != NULL)
			host_service_reset(old, s);
		host_touch(old);
	}
	if (host_service_add(l, SERVICE_GOSSIP_IN, stream, UINT64_MAX) ==
	    NULL) {
		conn_stream_reset(l->c, stream);
		return;
	}
	p->in_link = l;
	p->in_stream = stream;
	host_gossip_pull(l->h, p, now_ms);
}

/* Bytes of the peer's stream go to the router, as far as it takes them. */
void
host_gossip_pull(struct host *h, struct host_peer *p, uint64_t now_ms)
{
	while (p->gossip_up && p->in_link != NULL) {
		struct host_link *l = p->in_link;
		struct slice in = conn_stream_read(l->c, p->in_stream);
		const size_t n = in.n;

		if (n == 0)
			break;
		const err e = gossip_recv(h->gossip, p->number, now_ms, &in);
		if (e != OK) {
			host_fail(l, e,
			    e == ERR_LIMIT ? "gossip: RPC too long"
					   : "gossip: malformed RPC",
			    now_ms);
			return; /* p may be gone */
		}
		if (in.n > 0)
			h->gossip_stalled = true;
		conn_stream_consume(l->c, p->in_stream, n - in.n);
		host_touch(l);
		if (in.n > 0 || n == 0)
			break;
	}
}

/*
 * There was no memory for bytes that the router has given: after a gap the
 * peer could not make sense of the rest, so a new stream has to do.
 */
static void
start_over(struct host *h, struct host_peer *p, uint64_t now_ms)
{
	struct host_link *l = p->out_link;
	struct host_service *s = host_service_find(l, p->out_stream);

	host_gossip_down(h, p);
	if (s != NULL)
		host_service_reset(l, s);
	host_gossip_open(h, p, now_ms);
}

/* The time runs from the first write that was short to the next that is not. */
static void
note_unread(struct host_peer *p, bool is_short, bool moved, uint64_t now_ms)
{
	struct host_service *s = host_service_find(p->out_link, p->out_stream);
	struct host *h = p->out_link->h;

	if (s == NULL)
		return;
	if (!is_short) {
		s->deadline_ms = UINT64_MAX;
	} else if (moved || s->deadline_ms == UINT64_MAX) {
		s->deadline_ms = now_ms + h->limits.unread_ms;
		host_wake_at(h, s->deadline_ms);
	}
}

/*
 * Fill our stream from the router. One byte more than there is room is taken
 * and kept, so that the write is short and the connection tells when to go
 * on.
 */
void
host_gossip_push(struct host *h, struct host_peer *p, uint64_t now_ms)
{
	uint8_t bytes[CHUNK];

	while (p->gossip_up && p->out_link != NULL) {
		struct host_link *l = p->out_link;
		const size_t room = conn_stream_room(l->c, p->out_stream);
		struct buf out = { bytes, 0, MIN(room + 1, sizeof(bytes)) };
		size_t taken = 0;

		if (p->has_left)
			bytes[out.n++] = p->left;
		(void)gossip_send(h->gossip, p->number, &out);
		if (out.n == 0)
			break;
		p->has_left = false;
		const err e = conn_stream_write(
		    l->c, p->out_stream, buf_slice(&out), &taken);
		if (e == ERR_LIMIT || (e == OK && out.n - taken > 1)) {
			start_over(h, p, now_ms);
			break;
		}
		if (e != OK)
			break; /* closed: an event says so */
		host_touch(l);
		note_unread(p, taken<out.n, taken> 0, now_ms);
		if (taken < out.n) {
			p->has_left = true;
			p->left = bytes[taken];
			break;
		}
	}
}

void
host_gossip_flush(struct host *h, uint64_t now_ms)
{
	uint32_t number;

	while (gossip_next_output(h->gossip, &number))
		if (h->peers[number] != NULL)
			host_gossip_push(h, h->peers[number], now_ms);
}

/* One of the two streams is closed, reset or refused. */
void
host_gossip_lost(
    struct host_link *l, struct host_service *s, bool refused, uint64_t now_ms)
{
	struct host_peer *p = l->peer;
	const enum service_kind kind = s->kind;
	const uint32_t stream = s->stream;

	host_service_del(l, s);
	if (kind == SERVICE_GOSSIP_IN) {
		if (p->in_link != l || p->in_stream != stream)
			return;
		p->in_link = NULL;
		if (p->gossip_up)
			gossip_recv_reset(l->h->gossip, p->number);
		return;
	}
	if (p->out_link != l || p->out_stream != stream)
		return;
	if (refused && !p->refused_12 &&
	    host_peer_says(l->h, p, GOSSIP_PROTOCOL_12))
		p->refused_12 = true;
	else if (refused)
		p->refused_11 = true;
	host_gossip_down(l->h, p);
	host_gossip_open(l->h, p, now_ms);
}

/* ---- peers of peers ---- */

static struct slice
record_of(void *ctx, const struct peer_id *id)
{
	return host_peer_record(ctx, id);
}

void
host_gossip_init(struct host *h)
{
	gossip_exchange_set(h->gossip, record_of, h);
}

static void
note_exchange(
    struct host *h, const struct peer_id *teller, const struct peer_id *id)
{
	if (h->exchanges != NULL && h->exchanges_n < HOST_EXCHANGES_MAX)
		h->exchanges[h->exchanges_n++] =
		    (struct host_exchange){ *teller, *id };
}

bool
host_next_exchange(struct host *h, struct host_exchange *out)
{
	if (h->exchanges == NULL || h->exchanges_n == 0)
		return false;
	*out = h->exchanges[--h->exchanges_n];
	return true;
}

/*
 * Records that came with a PRUNE go to the peer store, which verifies them
 * and says what is worth a place; explicit peers that are gone are dialled.
 */
void
host_gossip_attend(struct host *h, uint64_t now_ms)
{
	struct gossip_exchange x;
	struct peer_id id;

	while (gossip_next_exchange(h->gossip, &x)) {
		const err e = host_peer_record_add(
		    h, &x.from, x.record, PEER_EXCHANGE, now_ms, &id);
		if (e != OK)
			h->stats.exchange_refused++;
		if (e == OK || (e == ERR_EXISTS && !peer_id_eq(&id, &h->self)))
			note_exchange(h, &x.from, &id);
	}
	while (gossip_next_direct(h->gossip, now_ms, &id)) {
		const err e = host_connect(h, &id, now_ms);
		if (e != OK) /* its turn comes again */
			env_log(h->env, LOG_DEBUG, "explicit_peer_away",
			    "why=%s", err_name(e));
	}
}

/* ---- as the application sees it ---- */

err
host_peer_app_score(struct host *h, const struct peer_id *id, int32_t points)
{
	return gossip_application_score(h->gossip, id, points);
}

err
host_direct_add(struct host *h, const struct peer_id *id)
{
	TRY(host_dials_direct(h, id, true));
	const err e = gossip_direct_add(h->gossip, id);
	if (e != OK && e != ERR_EXISTS)
		(void)!host_dials_direct(h, id, false);
	return e;
}

void
host_direct_del(struct host *h, const struct peer_id *id)
{
	(void)!host_dials_direct(h, id, false);
	gossip_direct_del(h->gossip, id);
}

bool
host_peer_explain(struct host *h, const struct peer_id *id, uint64_t now_ms,
    struct gossip_peer_explain *out)
{
	const struct host_peer *p = host_peer_lookup(h, id);

	return p != NULL && p->gossip_up &&
	       gossip_peer_explain(h->gossip, p->number, now_ms, out);
}

bool
host_topic_explain(struct host *h, const char *topic, uint64_t now_ms,
    struct gossip_topic_explain *out)
{
	return gossip_topic_explain(h->gossip, topic, now_ms, out);
}

/* Whole points, for a reader. */
int32_t
host_gossip_score(const struct host *h, const struct host_peer *p)
{
	const int64_t most = 1000000;
	const int64_t score = gossip_score(h->gossip, p->number) / GOSSIP_POINT;

	return (int32_t)MIN(most, MAX(-most, score));
}
