#include "proto/libp2p/relay_internal.h"

#define TTL_MIN_S 60 /* what a relay may say is believed within these */
#define TTL_MAX_S 86400

static const uint8_t circuit_part[2] = { 0xa2, 0x02 };

/* ---- reservations ---- */

/* Half of the time that is left, for another try. */
static uint64_t
try_again(const struct relay_own *o, uint64_t now_ms)
{
	return o->end_ms <= now_ms ? now_ms
				   : now_ms + 1 + (o->end_ms - now_ms) / 2;
}

static struct relay_own *
held_of(struct relay *r, const struct peer_id *relay)
{
	for (size_t i = 0; i < RELAY_RELAYS_MAX; i++)
		if (r->own[i].relay.n > 0 &&
		    peer_id_eq(&r->own[i].relay, relay))
			return &r->own[i];
	return NULL;
}

static err
ask(struct relay *r, struct relay_own *o, uint64_t now_ms)
{
	const struct relay_message m = { .type = HOP_RESERVE };
	struct host_stream s;

	TRY(host_stream_open(
	    r->host, &o->relay, RELAY_HOP_PROTOCOL, now_ms, &s));
	struct flow *f =
	    relay_flow_add(r, FLOW_RESERVE, s, now_ms + r->limits.timeout_ms);
	if (f == NULL || relay_say(r, s, false, &m) != OK) {
		host_stream_reset(r->host, s);
		if (f != NULL)
			relay_flow_free(r, f);
		return ERR_LIMIT;
	}
	f->peer = o->relay;
	o->asking = true;
	return OK;
}

err
relay_reserve(struct relay *r, const struct peer_id *peer, uint64_t now_ms)
{
	struct relay_own *place = NULL;

	if (held_of(r, peer) != NULL)
		return ERR_EXISTS;
	for (size_t i = 0; i < RELAY_RELAYS_MAX && place == NULL; i++)
		if (r->own[i].relay.n == 0)
			place = &r->own[i];
	if (place == NULL)
		return ERR_LIMIT;
	*place = (struct relay_own){
		.relay = *peer, .renew_ms = UINT64_MAX, .end_ms = UINT64_MAX
	};
	const err e = ask(r, place, now_ms);
	if (e != OK)
		*place = (struct relay_own){ 0 };
	return e;
}

/* No longer held, for whatever reason. */
static void
own_end(struct relay *r, struct relay_own *o)
{
	if (o->held)
		host_peer_protect(r->host, &o->relay, false);
	*o = (struct relay_own){ 0 };
}

void
relay_release(struct relay *r, const struct peer_id *peer)
{
	struct relay_own *o = held_of(r, peer);

	if (o != NULL)
		own_end(r, o);
}

static void
own_lost(struct relay *r, struct relay_own *o, err e, const char *why)
{
	const struct relay_news news = { .type = RELAY_LOST,
		.peer = o->relay,
		.relay = o->relay,
		.error = e,
		.why = why };

	own_end(r, o);
	relay_tell(r, &news);
}

void
relay_client_peer_down(struct relay *r, const struct peer_id *peer)
{
	struct relay_own *o = held_of(r, peer);

	if (o != NULL)
		own_lost(r, o, ERR_CLOSED, "the connection to it is gone");
}

/* Keeps "ADDR/p2p/RELAY/p2p-circuit" of what a relay may be reached at. */
static void
keep_addr(struct relay_own *o, struct slice addr)
{
	struct buf b = { NULL, 0, RELAY_ADDR_MAX };
	struct peer_id id;
	struct multiaddr_ip ip;
	struct multiaddr_dns dns;

	if (o->addrs_n == RELAY_ADDRS_MAX || addr.n > RELAY_ADDR_MAX)
		return;
	/* Some say it with the part that we append. */
	if (addr.n > 2 && memcmp(addr.p + addr.n - 2, circuit_part, 2) == 0)
		addr.n -= 2;
	const err has = multiaddr_peer(addr, &id);
	if ((has == OK && !peer_id_eq(&id, &o->relay)) ||
	    (has != OK && has != ERR_NOTFOUND))
		return;
	addr = multiaddr_strip_peer(addr);
	if (multiaddr_ip_tcp(addr, &ip) != OK &&
	    multiaddr_dns_tcp(addr, &dns) != OK)
		return; /* nothing that TCP reaches */
	b.p = o->addr[o->addrs_n];
	if (buf_put(&b, addr.p, addr.n) == OK &&
	    multiaddr_put_peer(&b, &o->relay) == OK &&
	    buf_put(&b, circuit_part, sizeof(circuit_part)) == OK)
		o->addr_n[o->addrs_n++] = (uint16_t)b.n;
}

static void
reserved(struct relay *r, struct relay_own *o, const struct flow *f,
    const struct relay_message *m, uint64_t now_ms)
{
	const uint64_t now_s = r->env->wall_s(r->env->ctx);
	uint64_t ttl_s = m->expire_s > now_s ? m->expire_s - now_s : 0;
	struct host_conn_info info;

	ttl_s = MIN(MAX(ttl_s, (uint64_t)TTL_MIN_S), (uint64_t)TTL_MAX_S);
	if (!o->held)
		host_peer_protect(r->host, &o->relay, true);
	o->held = true;
	o->until_s = now_s + ttl_s;
	o->end_ms = now_ms + ttl_s * 1000;
	o->renew_ms = now_ms + ttl_s * 750;
	o->limit_s = m->has_limit ? m->limit_s : 0;
	o->limit_bytes = m->has_limit ? m->limit_bytes : 0;
	o->addrs_n = 0;
	for (uint32_t i = 0; i < m->addrs_n; i++)
		keep_addr(o, m->addrs[i]);
	/* It does not know its addresses; we know one that works. */
	if (o->addrs_n == 0 && host_conn_find(r->host, f->a.conn, &info) &&
	    info.dialer)
		keep_addr(o, info.remote);
	const struct relay_news news = {
		.type = RELAY_RESERVED, .peer = o->relay, .relay = o->relay
	};
	relay_tell(r, &news);
}

bool
relay_held_at(const struct relay *r, size_t i, struct relay_held *out)
{
	for (size_t k = 0; k < RELAY_RELAYS_MAX; k++) {
		const struct relay_own *o = &r->own[k];
		if (o->relay.n == 0 || i-- > 0)
			continue;
		*out = (struct relay_held){ .relay = o->relay,
			.held = o->held,
			.until_s = o->until_s,
			.limit_s = o->limit_s,
			.limit_bytes = o->limit_bytes };
		return true;
	}
	return false;
}

size_t
relay_addrs(
    const struct relay *r, struct slice *out, size_t n, struct buf *space)
{
	size_t got = 0;

	/* One of each relay first, so that one relay cannot fill the list. */
	for (size_t turn = 0; turn < RELAY_ADDRS_MAX; turn++)
		for (size_t i = 0; i < RELAY_RELAYS_MAX && got < n; i++) {
			const struct relay_own *o = &r->own[i];
			const size_t at = space->n;
			if (!o->held || turn >= o->addrs_n ||
			    buf_put(space, o->addr[turn], o->addr_n[turn]) !=
				OK)
				continue;
			out[got++] = slice_of(space->p + at, o->addr_n[turn]);
		}
	return got;
}

/* ---- circuits ---- */

err
relay_addr_split(struct slice addr, struct slice *relay_addr,
    struct peer_id *relay, struct peer_id *target)
{
	const struct slice whole = addr;
	struct multiaddr_part part, last = { 0 };
	const uint8_t *before_last = addr.p, *before = addr.p;

	*target = (struct peer_id){ 0 };
	for (;;) {
		before = addr.p;
		TRY(multiaddr_next(&addr, &part));
		if (part.code == MULTIADDR_P2P_CIRCUIT)
			break;
		last = part;
		before_last = before;
	}
	if (last.code != MULTIADDR_P2P ||
	    peer_id_parse(last.value, relay) != OK)
		return ERR_FORM;
	*relay_addr = slice_of(whole.p, (size_t)(before_last - whole.p));
	if (addr.n == 0)
		return OK;
	TRY(multiaddr_next(&addr, &part));
	if (part.code != MULTIADDR_P2P || addr.n != 0 ||
	    peer_id_parse(part.value, target) != OK)
		return ERR_FORM; /* a circuit in a circuit, or past its end */
	return OK;
}

err
relay_dial(struct relay *r, const struct peer_id *relay,
    const struct peer_id *target, uint32_t dial, uint64_t now_ms)
{
	const struct relay_message m = {
		.type = HOP_CONNECT, .has_peer = true, .peer = *target
	};
	struct host_stream s;

	if (peer_id_eq(target, host_self(r->host)) || peer_id_eq(target, relay))
		return ERR_FORM;
	TRY(host_stream_open(r->host, relay, RELAY_HOP_PROTOCOL, now_ms, &s));
	struct flow *f =
	    relay_flow_add(r, FLOW_DIAL, s, now_ms + r->limits.timeout_ms);
	if (f == NULL || relay_say(r, s, false, &m) != OK) {
		host_stream_reset(r->host, s);
		if (f != NULL)
			relay_flow_free(r, f);
		return ERR_LIMIT;
	}
	f->peer = *relay;
	f->other = *target;
	f->dial = dial;
	return OK;
}

static bool
is_limited(const struct relay_message *m)
{
	return m->has_limit && (m->limit_s != 0 || m->limit_bytes != 0);
}

/* The end of a dial: ${e} OK: f->conn is the circuit. */
static void
dialled(struct relay *r, const struct flow *f, err e, const char *why)
{
	const struct relay_news news = { .type = RELAY_DIALLED,
		.peer = f->other,
		.relay = f->peer,
		.conn = e == OK ? f->conn : 0,
		.dial = f->dial,
		.error = e,
		.why = why };

	if (e == OK)
		r->stats.dialled++;
	else
		r->stats.failed++;
	relay_tell(r, &news);
}

static void
dial_answered(struct relay *r, struct flow *f, const struct relay_message *m,
    uint64_t now_ms)
{
	const struct peer_id target = f->other;

	if (m->type != HOP_STATUS || m->status != RELAY_OK) {
		host_stream_reset(r->host, f->a);
		relay_client_failed(r, f,
		    relay_status_text(m->type == HOP_STATUS ? m->status : 0),
		    now_ms);
		return;
	}
	const err e =
	    relay_own_open(r, f, true, &target, is_limited(m), now_ms);
	if (e != OK) {
		/* The host has ended the dial itself. */
		f->dial = 0;
		dialled(r, f, e, "not wanted any more");
		relay_flow_reset(r, f, now_ms);
		return;
	}
	dialled(r, f, OK, "");
	relay_own_start(r, f, now_ms);
}

/* Circuits that a relay has brought us, or is about to. */
static uint32_t
brought_by(const struct relay *r, const struct peer_id *relay)
{
	uint32_t n = 0;

	for (const struct flow *f = r->flows; f != NULL; f = f->next)
		n += (f->kind == FLOW_STOP || f->kind == FLOW_OWN) &&
		     peer_id_eq(&f->peer, relay);
	return n;
}

/* A stop stream: only of relays that hold a place for us. */
bool
relay_client_opened(
    struct relay *r, const struct host_event *ev, uint64_t now_ms)
{
	const struct host_stream s = { ev->conn, ev->stream };

	if (ev->protocol != r->stop)
		return false;
	const struct relay_own *o = held_of(r, &ev->peer);
	struct flow *f = NULL;
	/* Some room is left for circuits that we ask for, and no relay takes
	 * the room of the others. */
	if (o != NULL && o->held &&
	    brought_by(r, &ev->peer) < MAX(r->limits.own_max / 2, 1U) &&
	    r->own_n < r->limits.own_max - r->limits.own_max / 4)
		f = relay_flow_add(
		    r, FLOW_STOP, s, now_ms + r->limits.timeout_ms);
	if (f == NULL)
		host_stream_reset(r->host, s);
	else
		f->peer = ev->peer;
	return true;
}

static void
stop_read(struct relay *r, struct flow *f, const struct relay_message *m,
    uint64_t now_ms)
{
	struct relay_message answer = { .type = STOP_STATUS,
		.status = RELAY_OK };

	if (m->type != STOP_CONNECT)
		answer.status = RELAY_UNEXPECTED;
	else if (!m->has_peer || peer_id_eq(&m->peer, host_self(r->host)))
		answer.status = RELAY_MALFORMED;
	else if (relay_own_open(r, f, false, &m->peer, is_limited(m), now_ms) !=
		 OK)
		answer.status = RELAY_LIMIT;
	if (relay_say(r, f->a, true, &answer) != OK) {
		relay_flow_reset(r, f, now_ms);
		return;
	}
	if (answer.status != RELAY_OK) {
		relay_flow_answered(r, f, now_ms);
		return;
	}
	const struct relay_news news = { .type = RELAY_ACCEPTED,
		.peer = f->other,
		.relay = f->peer,
		.conn = f->conn };
	r->stats.accepted++;
	relay_tell(r, &news);
	relay_own_start(r, f, now_ms);
}

/* A reservation or a dial that came to nothing; its stream is done for. */
void
relay_client_failed(
    struct relay *r, struct flow *f, const char *why, uint64_t now_ms)
{
	struct relay_own *o = held_of(r, &f->peer);

	if (f->kind == FLOW_DIAL) {
		dialled(r, f, ERR_CLOSED, why);
	} else if (f->kind == FLOW_RESERVE && o != NULL) {
		o->asking = false;
		/* A place that we hold is ours until it ends. */
		if (!o->held)
			own_lost(r, o, ERR_CLOSED, why);
		else
			o->renew_ms = try_again(o, now_ms);
	}
	relay_flow_reset(r, f, now_ms);
}

void
relay_client_read(struct relay *r, struct flow *f, uint64_t now_ms)
{
	struct relay_message m;
	const err e = relay_hear(r, f->a, f->kind == FLOW_STOP, &m);

	if (e == ERR_MORE)
		return;
	if (e != OK) {
		relay_client_failed(
		    r, f, "the relay does not speak the protocol", now_ms);
	} else if (f->kind == FLOW_STOP) {
		stop_read(r, f, &m, now_ms);
	} else if (f->kind == FLOW_DIAL) {
		dial_answered(r, f, &m, now_ms);
	} else if (m.type == HOP_STATUS && m.status == RELAY_OK &&
		   m.has_reservation) {
		struct relay_own *o = held_of(r, &f->peer);
		if (o != NULL) {
			o->asking = false;
			reserved(r, o, f, &m, now_ms);
		}
		relay_flow_answered(r, f, now_ms);
	} else {
		relay_client_failed(r, f,
		    relay_status_text(m.type == HOP_STATUS ? m.status : 0),
		    now_ms);
	}
}

/* ---- time ---- */

uint64_t
relay_client_expiry(const struct relay *r)
{
	uint64_t at = UINT64_MAX;

	for (size_t i = 0; i < RELAY_RELAYS_MAX; i++)
		if (r->own[i].held)
			at = MIN(at, MIN(r->own[i].renew_ms, r->own[i].end_ms));
	return at;
}

void
relay_client_on_time(struct relay *r, uint64_t now_ms)
{
	for (size_t i = 0; i < RELAY_RELAYS_MAX; i++) {
		struct relay_own *o = &r->own[i];
		if (!o->held)
			continue;
		if (o->end_ms <= now_ms) {
			own_lost(r, o, ERR_CLOSED, "it was not renewed");
			continue;
		}
		if (o->renew_ms > now_ms)
			continue;
		o->renew_ms = UINT64_MAX;
		if (!o->asking && ask(r, o, now_ms) != OK)
			o->renew_ms = try_again(o, now_ms);
	}
}
