#include "proto/libp2p/envelope.h"
#include "proto/libp2p/libp2p.pb-c.h"
#include "proto/libp2p/relay_internal.h"

#define VOUCHER_DOMAIN "libp2p-relay-rsvp"

static const uint8_t voucher_type[2] = { 0x03, 0x02 };

static void
refuse(
    struct relay *r, struct flow *f, enum relay_status status, uint64_t now_ms)
{
	const struct relay_message m = { .type = HOP_STATUS, .status = status };

	r->stats.refused++;
	if (relay_say(r, f->a, false, &m) != OK)
		relay_flow_reset(r, f, now_ms);
	else
		relay_flow_answered(r, f, now_ms);
}

/* Nobody alone keeps the others from asking. */
static uint32_t
relay_requests_of(const struct relay *r, const struct peer_id *peer)
{
	uint32_t n = 0;

	for (const struct flow *f = r->flows; f != NULL; f = f->next)
		n += (f->kind == FLOW_REQUEST || f->kind == FLOW_CALLING ||
			 f->kind == FLOW_SERVED) &&
		     peer_id_eq(&f->peer, peer);
	return n;
}

bool
relay_service_opened(
    struct relay *r, const struct host_event *ev, uint64_t now_ms)
{
	const struct host_stream s = { ev->conn, ev->stream };

	if (ev->protocol != r->hop)
		return false;
	struct flow *f = NULL;
	if (r->service && relay_requests_of(r, &ev->peer) <
			      MAX(r->limits.requests_max / 4, 2U))
		f = relay_flow_add(
		    r, FLOW_REQUEST, s, now_ms + r->limits.timeout_ms);
	if (f == NULL) {
		r->stats.refused++;
		host_stream_reset(r->host, s);
		return true;
	}
	f->peer = ev->peer;
	return true;
}

/* ---- reservations ---- */

static struct relay_guest *
guest_of(const struct relay *r, const struct peer_id *peer)
{
	for (uint32_t i = 0; i < r->limits.reservations_max; i++)
		if (r->guests[i].peer.n > 0 &&
		    peer_id_eq(&r->guests[i].peer, peer))
			return &r->guests[i];
	return NULL;
}

static bool
same_ip(const struct relay_guest *a, const struct relay_guest *b)
{
	return a->counted && b->counted && a->ip.v6 == b->ip.v6 &&
	       memcmp(a->ip.ip, b->ip.ip, a->ip.v6 ? 8 : 4) == 0;
}

/* A place for it, or NULL when a limit forbids it. */
static struct relay_guest *
guest_place(struct relay *r, const struct relay_guest *wanted)
{
	struct relay_guest *place = guest_of(r, &wanted->peer);
	uint32_t same = 0;

	for (uint32_t i = 0; i < r->limits.reservations_max; i++) {
		struct relay_guest *g = &r->guests[i];
		if (g->peer.n == 0)
			place = place == NULL ? g : place;
		else if (!peer_id_eq(&g->peer, &wanted->peer))
			same += same_ip(g, wanted) ? 1 : 0;
	}
	return same < r->limits.reservations_per_ip_max ? place : NULL;
}

static void
guest_end(struct relay *r, struct relay_guest *g)
{
	host_peer_protect(r->host, &g->peer, false);
	*g = (struct relay_guest){ 0 };
}

static err
voucher_put(struct relay *r, struct buf *out, const struct peer_id *peer,
    uint64_t until_s)
{
	Libp2p__Voucher v = LIBP2P__VOUCHER__INIT;
	uint8_t bytes[160];
	struct buf b = { bytes, 0, sizeof(bytes) };

	v.has_relay = v.has_peer = v.has_expiration = 1;
	v.relay = protobuf_bytes(peer_id_slice(host_self(r->host)));
	v.peer = protobuf_bytes(peer_id_slice(peer));
	v.expiration = until_s;
	TRY(protobuf_put(&b, &v.base));
	return signed_envelope_seal(out, r->secret, VOUCHER_DOMAIN,
	    slice_of(voucher_type, sizeof(voucher_type)), buf_slice(&b));
}

/* Our addresses with our id behind. */
static void
say_addrs(const struct relay *r, struct relay_message *m,
    uint8_t raw[RELAY_ADDRS_MAX][RELAY_ADDR_MAX])
{
	for (uint32_t i = 0; i < r->addrs_n; i++) {
		struct buf b = { raw[i], 0, RELAY_ADDR_MAX };
		if (buf_put(&b, r->addr[i], r->addr_n[i]) == OK &&
		    multiaddr_put_peer(&b, host_self(r->host)) == OK)
			m->addrs[m->addrs_n++] = buf_slice(&b);
	}
}

static void
reserve(struct relay *r, struct flow *f, uint64_t now_ms)
{
	struct relay_guest wanted = { .peer = f->peer,
		.until_ms = now_ms + r->limits.ttl_s * UINT64_C(1000) };
	uint8_t raw[RELAY_ADDRS_MAX][RELAY_ADDR_MAX], sealed[512];
	struct buf voucher = { sealed, 0, sizeof(sealed) };
	struct host_conn_info info;
	struct relay_message m = {
		.type = HOP_STATUS,
		.status = RELAY_OK,
		.has_reservation = true,
		.expire_s = r->env->wall_s(r->env->ctx) + r->limits.ttl_s,
		.has_limit = true,
		.limit_s = r->limits.duration_s,
		.limit_bytes = r->limits.data_bytes,
	};

	if (!host_conn_find(r->host, f->a.conn, &info) || info.limited) {
		refuse(r, f, RELAY_DENIED, now_ms);
		return;
	}
	wanted.counted =
	    multiaddr_front_ip(info.remote, &wanted.ip) == OK &&
	    !(r->limits.loopback_exempt && multiaddr_is_loopback(&wanted.ip));
	struct relay_guest *g = guest_place(r, &wanted);
	if (g == NULL) {
		refuse(r, f, RELAY_REFUSED, now_ms);
		return;
	}
	say_addrs(r, &m, raw);
	if (voucher_put(r, &voucher, &f->peer, m.expire_s) == OK)
		m.voucher = buf_slice(&voucher);
	if (relay_say(r, f->a, false, &m) != OK) {
		relay_flow_reset(r, f, now_ms);
		return;
	}
	if (g->peer.n == 0) {
		host_peer_protect(r->host, &f->peer, true);
		r->stats.reservations++;
	}
	*g = wanted;
	relay_flow_answered(r, f, now_ms);
}

void
relay_service_peer_down(struct relay *r, const struct peer_id *peer)
{
	struct relay_guest *g = guest_of(r, peer);

	if (g != NULL)
		guest_end(r, g);
}

uint64_t
relay_service_expiry(const struct relay *r)
{
	uint64_t at = UINT64_MAX;

	for (uint32_t i = 0; i < r->limits.reservations_max; i++)
		if (r->guests[i].peer.n > 0)
			at = MIN(at, r->guests[i].until_ms);
	return at;
}

void
relay_service_on_time(struct relay *r, uint64_t now_ms)
{
	for (uint32_t i = 0; i < r->limits.reservations_max; i++)
		if (r->guests[i].peer.n > 0 && r->guests[i].until_ms <= now_ms)
			guest_end(r, &r->guests[i]);
}

/* ---- circuits ---- */

static uint32_t
circuits_of(const struct relay *r, const struct peer_id *peer)
{
	uint32_t n = 0;

	for (const struct flow *f = r->flows; f != NULL; f = f->next)
		if ((f->kind == FLOW_BRIDGE || f->kind == FLOW_CALLING) &&
		    (peer_id_eq(&f->peer, peer) || peer_id_eq(&f->other, peer)))
			n++;
	return n;
}

static void
call(struct relay *r, struct flow *f, const struct peer_id *to, uint64_t now_ms)
{
	const struct relay_message m = { .type = STOP_CONNECT,
		.has_peer = true,
		.peer = f->peer,
		.has_limit = true,
		.limit_s = r->limits.duration_s,
		.limit_bytes = r->limits.data_bytes };
	struct host_conn_info info;

	if (!host_conn_find(r->host, f->a.conn, &info) || info.limited) {
		refuse(r, f, RELAY_DENIED, now_ms);
		return;
	}
	const struct relay_guest *guest = guest_of(r, to);
	if (guest == NULL || guest->until_ms <= now_ms ||
	    peer_id_eq(to, &f->peer)) {
		refuse(r, f, RELAY_NO_RESERVATION, now_ms);
		return;
	}
	if (r->bridges_n >= r->limits.circuits_max ||
	    circuits_of(r, to) >= r->limits.circuits_per_peer_max ||
	    circuits_of(r, &f->peer) >= r->limits.circuits_per_peer_max) {
		refuse(r, f, RELAY_LIMIT, now_ms);
		return;
	}
	if (host_stream_open(r->host, to, RELAY_STOP_PROTOCOL, now_ms, &f->b) !=
	    OK) {
		f->b = (struct host_stream){ 0 };
		refuse(r, f, RELAY_FAILED, now_ms);
		return;
	}
	if (relay_say(r, f->b, true, &m) != OK) {
		host_stream_reset(r->host, f->b);
		f->b = (struct host_stream){ 0 };
		refuse(r, f, RELAY_FAILED, now_ms);
		return;
	}
	f->other = *to;
	relay_flow_turn(r, f, FLOW_CALLING);
	f->deadline_ms = now_ms + r->limits.timeout_ms;
}

/* One direction; false: it is over, and so is the flow. */
static bool
move(struct relay *r, struct flow *f, bool from_b, uint64_t now_ms)
{
	const struct host_stream from = from_b ? f->b : f->a;
	const struct host_stream to = from_b ? f->a : f->b;
	uint64_t *count = from_b ? &f->from_b : &f->from_a;
	const uint64_t max =
	    r->limits.data_bytes == 0 ? UINT64_MAX : r->limits.data_bytes;

	for (;;) {
		const struct slice in = host_stream_read(r->host, from);
		const size_t n = (size_t)MIN((uint64_t)in.n, max - *count);
		size_t taken = 0;
		if (n == 0 && in.n > 0) {
			r->stats.cut_bytes++;
			relay_flow_reset(r, f, now_ms);
			return false;
		}
		if (n == 0)
			break;
		const err e =
		    host_stream_write(r->host, to, slice_of(in.p, n), &taken);
		if (e == ERR_LIMIT)
			f->retry_ms = now_ms + 100;
		if (taken == 0)
			return true; /* goes on when there is room */
		host_stream_consume(r->host, from, taken);
		*count += taken;
		r->stats.bytes += taken;
	}
	bool *ended = from_b ? &f->b_ended : &f->a_ended;
	if (!*ended && host_stream_ended(r->host, from)) {
		*ended = true;
		host_stream_close(r->host, to);
	}
	return true;
}

void
relay_service_bridge(struct relay *r, struct flow *f, uint64_t now_ms)
{
	if (!move(r, f, false, now_ms) || !move(r, f, true, now_ms))
		return;
	if (f->a_ended && f->b_ended)
		relay_flow_free(r, f); /* both are closed both ways */
}

/* The target has answered. */
static void
called(struct relay *r, struct flow *f, uint64_t now_ms)
{
	const struct relay_message ok = { .type = HOP_STATUS,
		.status = RELAY_OK,
		.has_limit = true,
		.limit_s = r->limits.duration_s,
		.limit_bytes = r->limits.data_bytes };
	struct relay_message m;
	const err e = relay_hear(r, f->b, true, &m);

	if (e == ERR_MORE)
		return;
	if (e != OK || m.type != STOP_STATUS || m.status != RELAY_OK ||
	    r->bridges_n >= r->limits.circuits_max) {
		host_stream_reset(r->host, f->b);
		relay_service_lost(r, f, now_ms);
		return;
	}
	if (relay_say(r, f->a, false, &ok) != OK) {
		relay_flow_reset(r, f, now_ms);
		return;
	}
	relay_flow_turn(r, f, FLOW_BRIDGE);
	r->stats.circuits++;
	f->deadline_ms = r->limits.duration_s == 0
			     ? UINT64_MAX
			     : now_ms + r->limits.duration_s * UINT64_C(1000);
	relay_service_bridge(r, f, now_ms);
}

void
relay_service_read(struct relay *r, struct flow *f, bool on_b, uint64_t now_ms)
{
	struct relay_message m;

	if (f->kind == FLOW_CALLING) {
		if (on_b)
			called(r, f, now_ms);
		return; /* what the asker says already has to wait */
	}
	const err e = relay_hear(r, f->a, false, &m);
	if (e == ERR_MORE)
		return;
	if (e != OK)
		refuse(r, f, RELAY_MALFORMED, now_ms);
	else if (m.type == HOP_RESERVE)
		reserve(r, f, now_ms);
	else if (m.type == HOP_CONNECT && m.has_peer)
		call(r, f, &m.peer, now_ms);
	else
		refuse(r, f,
		    m.type == HOP_CONNECT ? RELAY_MALFORMED : RELAY_UNEXPECTED,
		    now_ms);
}

/* A stream of it is gone: the asker's, or the target's. */
void
relay_service_lost(struct relay *r, struct flow *f, uint64_t now_ms)
{
	struct host_conn_info info;

	if (f->kind == FLOW_CALLING &&
	    host_conn_find(r->host, f->a.conn, &info)) {
		host_stream_reset(r->host, f->b);
		f->b = (struct host_stream){ 0 };
		refuse(r, f, RELAY_FAILED, now_ms);
		return;
	}
	relay_flow_reset(r, f, now_ms);
}
