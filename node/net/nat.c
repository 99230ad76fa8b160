#include "node/net/nat.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/net/discovery.h"
#include "node/net/portmap.h"
#include "proto/libp2p/observed.h"
#include "proto/libp2p/reach.h"

#define TICK_MS      1000
#define SETTLE_MS    3000 /* before a relay is asked: AutoNAT may answer */
#define WAITS_MAX    16   /* dials through relays not connected yet */
#define WAIT_MS      8000
#define CALLS_MAX    8
#define CALL_MS      20000
#define BACKOFFS_MAX 16
#define BACKOFF_MS   10000 /* after a refusal; doubles */
#define LEASE_S      3600
#define ADDRS_MAX    8
#define ADDR_BYTES   32 /* /ip6/tcp needs 21 */

/* A dial of the host's that has to reach a relay first. */
struct wait {
	uint32_t number; /* 0: free */
	struct peer_id relay, target;
	uint64_t until_ms;
};

/* Somebody waits for a connection through a relay. */
struct call {
	transport_dialled *done; /* NULL: free */
	void *ctx;
	struct peer_id peer;
	uint64_t until_ms;
};

struct backoff {
	struct peer_id relay;
	uint64_t until_ms;
	unsigned fails;
};

struct addrs {
	size_t n;
	struct slice at[ADDRS_MAX];
	uint8_t raw[ADDRS_MAX][ADDR_BYTES];
};

struct nat {
	struct node *n;
	struct network *w;
	struct relay *relay;
	struct autonat *autonat;
	struct dcutr *dcutr;
	struct dialbacks *dialbacks;
	struct portmap *portmap; /* NULL: not asked for */
	struct observed observed;
	struct wait waits[WAITS_MAX];
	struct call calls[CALLS_MAX];
	struct backoff backoffs[BACKOFFS_MAX];
	uint32_t backoffs_at;
	uint64_t begun_ms, tick_ms;
	bool announce;
	/* What network.h borrows of addresses(). */
	struct addrs confirmed;
	uint8_t circuits[2048];
};

static uint64_t
now_of(const struct nat *t)
{
	return t->n->env.mono_ms(t->n->env.ctx);
}

/* ---- our own addresses ---- */

static void
addrs_put(struct addrs *a, const struct multiaddr_ip *ip)
{
	struct buf b = { NULL, 0, ADDR_BYTES };

	if (a->n == ADDRS_MAX || ip->port == 0 ||
	    reach_of_ip(ip) != REACH_WORLD)
		return;
	b.p = a->raw[a->n];
	if (multiaddr_put_ip_tcp(&b, ip) != OK)
		return;
	for (size_t i = 0; i < a->n; i++)
		if (slice_eq(a->at[i], buf_slice(&b)))
			return;
	a->at[a->n++] = buf_slice(&b);
}

/* Public addresses of our interfaces: what we announce by ourselves. */
static void
put_interfaces(struct nat *t, struct addrs *a)
{
	struct multiaddr_ip ip;

	for (size_t i = 0; network_address_at(t->w, i, &ip); i++)
		addrs_put(a, &ip);
}

static void
put_mapped(struct nat *t, struct addrs *a)
{
	struct portmap_status s;

	if (t->portmap == NULL)
		return;
	portmap_status(t->portmap, &s);
	if (s.method != PORTMAP_NONE)
		addrs_put(a, &s.external);
}

static void
put_observed(struct nat *t, struct addrs *a)
{
	struct multiaddr_ip ip;

	for (size_t i = 0;
	     i < 4 && observed_at(&t->observed, i, now_of(t), &ip) > 0; i++)
		addrs_put(a, &ip);
}

/* Somebody may have forwarded the port that we listen on by hand. */
static void
put_forwarded(struct nat *t, struct addrs *a)
{
	struct multiaddr_ip ip, own;

	if (observed_at(&t->observed, 0, now_of(t), &ip) == 0)
		return;
	for (size_t i = 0; transport_listen_ip(t->n->transport, i, &own); i++)
		if (own.v6 == ip.v6) {
			ip.port = own.port;
			addrs_put(a, &ip);
			return;
		}
}

static void
update_addresses(struct nat *t)
{
	struct addrs test = { 0 }, punch = { 0 }, own = { 0 };
	struct autonat_addr a;
	struct multiaddr_ip ip;

	put_interfaces(t, &own);
	test = own;
	for (size_t i = 0; i < test.n; i++)
		test.at[i].p = test.raw[i];
	put_mapped(t, &test);
	put_observed(t, &test);
	put_forwarded(t, &test);
	autonat_addrs_set(t->autonat, test.at, test.n, now_of(t));
	put_mapped(t, &punch);
	put_observed(t, &punch);
	put_interfaces(t, &punch);
	dcutr_addrs_set(t->dcutr, punch.at, punch.n);
	for (size_t i = 0; autonat_addr_at(t->autonat, i, &a); i++)
		if (a.verdict == AUTONAT_REACHABLE &&
		    multiaddr_ip_tcp(a.addr, &ip) == OK)
			addrs_put(&own, &ip);
	relay_addrs_set(t->relay, own.at, own.n);
}

enum autonat_verdict
nat_verdict(const struct nat *t)
{
	return autonat_verdict(t->autonat);
}

/* Is there an address that may work as far as we know? */
static bool
may_be_reached(struct nat *t)
{
	struct addrs own = { 0 };
	const enum autonat_verdict v = nat_verdict(t);

	put_interfaces(t, &own);
	return v == AUTONAT_REACHABLE || (v == AUTONAT_UNKNOWN && own.n > 0);
}

/* Beside the addresses of interfaces: what is confirmed, and relays. */
static uint32_t
on_addresses(void *ctx, struct slice *out, uint32_t max)
{
	struct nat *t = ctx;
	struct autonat_addr a;
	struct multiaddr_ip ip;
	struct buf space = { t->circuits, 0, sizeof(t->circuits) };
	uint32_t n = 0;

	t->confirmed = (struct addrs){ 0 };
	for (size_t i = 0; autonat_addr_at(t->autonat, i, &a); i++)
		if (a.verdict == AUTONAT_REACHABLE &&
		    multiaddr_ip_tcp(a.addr, &ip) == OK &&
		    !network_has_address(t->w, &ip))
			addrs_put(&t->confirmed, &ip);
	for (size_t i = 0; i < t->confirmed.n && n < max; i++)
		out[n++] = t->confirmed.at[i];
	if (!may_be_reached(t))
		n += (uint32_t)relay_addrs(
		    t->relay, out + n, MIN(max - n, 2 * NAT_RELAYS), &space);
	return n;
}

/* An address of an interface that AutoNAT has refuted. */
static bool
on_hides(void *ctx, struct slice addr)
{
	struct nat *t = ctx;
	struct autonat_addr a;

	for (size_t i = 0; autonat_addr_at(t->autonat, i, &a); i++)
		if (slice_eq(a.addr, addr))
			return a.verdict == AUTONAT_UNREACHABLE;
	return false;
}

/* ---- relays ---- */

static struct backoff *
backoff_of(struct nat *t, const struct peer_id *relay)
{
	for (size_t i = 0; i < BACKOFFS_MAX; i++)
		if (peer_id_eq(&t->backoffs[i].relay, relay))
			return &t->backoffs[i];
	return NULL;
}

static void
back_off(struct nat *t, const struct peer_id *relay)
{
	struct backoff *b = backoff_of(t, relay);

	if (b == NULL) {
		b = &t->backoffs[t->backoffs_at++ % BACKOFFS_MAX];
		*b = (struct backoff){ .relay = *relay };
	}
	b->until_ms = now_of(t) + ((uint64_t)BACKOFF_MS << MIN(b->fails, 6U));
	b->fails++;
}

static bool
is_operator_relay(const struct nat *t, const struct peer_id *id)
{
	const struct config_list *l = &t->n->config->relay.peers;

	for (size_t i = 0; i < l->n; i++) {
		uint8_t raw[MULTIADDR_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		struct peer_id named;
		if (multiaddr_get(slice_str(l->v[i]), &b) == OK &&
		    multiaddr_peer(buf_slice(&b), &named) == OK &&
		    peer_id_eq(&named, id))
			return true;
	}
	return false;
}

/* Asks one more relay; ${named}: of those that the operator names alone. */
static bool
reserve_one(struct nat *t, bool named)
{
	const uint64_t now = now_of(t);
	struct host_peer_info info;

	for (uint32_t i = 0; host_peer_at(t->n->host, i, &info); i++) {
		const struct peer_id id = info.id;
		const struct backoff *b = backoff_of(t, &id);
		if (info.limited || (b != NULL && b->until_ms > now) ||
		    (named && !is_operator_relay(t, &id)) ||
		    !host_peer_speaks(t->n->host, &id, RELAY_HOP_PROTOCOL))
			continue;
		const err e = relay_reserve(t->relay, &id, now);
		if (e == OK)
			return true;
		if (e != ERR_EXISTS)
			back_off(t, &id);
	}
	return false;
}

static void
seek_relays(struct nat *t)
{
	struct relay_held held;
	size_t n = 0;

	if (!t->n->config->relay.client || now_of(t) - t->begun_ms < SETTLE_MS)
		return;
	while (relay_held_at(t->relay, n, &held)) {
		if (may_be_reached(t)) {
			relay_release(t->relay, &held.relay);
			t->announce = true;
			continue;
		}
		n++;
	}
	if (!may_be_reached(t) && n < NAT_RELAYS && !reserve_one(t, true))
		(void)reserve_one(t, false);
}

static void
on_relay_news(struct nat *t, const struct relay_news *r, uint64_t now_ms)
{
	char id[PEER_ID_TEXT_MAX];
	struct backoff *b = NULL;

	peer_id_put(id, &r->peer);
	switch (r->type) {
	case RELAY_RESERVED:
		b = backoff_of(t, &r->relay);
		if (b != NULL)
			b->fails = 0;
		env_log(&t->n->env, LOG_INFO, "relay_reserved", "relay=%s", id);
		t->announce = true;
		return;
	case RELAY_LOST:
		back_off(t, &r->relay);
		env_log(&t->n->env, LOG_INFO, "relay_lost",
		    "relay=%s why=\"%s\"", id, r->why);
		t->announce = true;
		return;
	case RELAY_ACCEPTED:
		env_log(
		    &t->n->env, LOG_INFO, "circuit_accepted", "peer=%s", id);
		if (t->n->config->nat.hole_punching &&
		    !config_proxied(t->n->config))
			dcutr_inbound(t->dcutr, r->conn, &r->peer, now_ms);
		return;
	case RELAY_DIALLED:
		env_log(&t->n->env, LOG_INFO, "circuit_dialled",
		    "peer=%s error=%s why=\"%s\"", id, err_name(r->error),
		    r->why);
		if (r->error != OK && r->dial != 0)
			host_dial_failed(t->n->host, r->dial, now_ms);
		return;
	}
}

/* ---- dials through relays ---- */

static void
wait_end(struct nat *t, struct wait *w, uint64_t now_ms)
{
	const uint32_t number = w->number;

	*w = (struct wait){ 0 };
	host_dial_failed(t->n->host, number, now_ms);
}

/* The relay of some dials is there. */
static void
relay_up(struct nat *t, const struct peer_id *relay, uint64_t now_ms)
{
	for (size_t i = 0; i < WAITS_MAX; i++) {
		struct wait *w = &t->waits[i];
		if (w->number == 0 || !peer_id_eq(&w->relay, relay))
			continue;
		if (relay_dial(
			t->relay, relay, &w->target, w->number, now_ms) != OK)
			wait_end(t, w, now_ms);
		else
			*w = (struct wait){ 0 };
	}
}

/* True: it is a circuit; it will be answered. */
static bool
on_dial(void *ctx, const struct host_dial *d, uint64_t now_ms)
{
	struct nat *t = ctx;
	struct slice at = { NULL, 0 };
	struct peer_id relay, target;
	struct wait *w = NULL;
	const err e = relay_addr_split(
	    slice_of(d->addr, d->addr_n), &at, &relay, &target);

	if (e == ERR_NOTFOUND)
		return false;
	if (target.n == 0)
		target = d->peer;
	if (e != OK || target.n == 0 ||
	    peer_id_eq(&relay, host_self(t->n->host)))
		goto fail;
	if (relay_dial(t->relay, &relay, &target, d->number, now_ms) == OK)
		return true;
	for (size_t i = 0; i < WAITS_MAX && w == NULL; i++)
		if (t->waits[i].number == 0)
			w = &t->waits[i];
	if (w == NULL)
		goto fail;
	if (at.n > 0)
		(void)!host_peer_add(
		    t->n->host, &relay, at, PEER_EXCHANGE, now_ms);
	if (host_connect(t->n->host, &relay, now_ms) != OK)
		goto fail;
	*w = (struct wait){ d->number, relay, target, now_ms + WAIT_MS };
	return true;
fail:
	host_dial_failed(t->n->host, d->number, now_ms);
	return true;
}

/* ---- calls of the owner's ---- */

static void
calls_end(struct nat *t, const struct peer_id *peer, err e, const char *why)
{
	for (size_t i = 0; i < CALLS_MAX; i++) {
		const struct call c = t->calls[i];
		if (c.done == NULL || !peer_id_eq(&c.peer, peer))
			continue;
		t->calls[i] = (struct call){ 0 };
		c.done(c.ctx, e, why);
	}
}

err
nat_connect(struct nat *t, const char *addr, transport_dialled *done, void *ctx)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct slice at = { NULL, 0 };
	struct peer_id relay, target;
	struct call *c = NULL;
	const uint64_t now = now_of(t);

	if (multiaddr_get(slice_str(addr), &b) != OK)
		return ERR_NOTFOUND;
	const err e = relay_addr_split(buf_slice(&b), &at, &relay, &target);
	if (e != OK)
		return e;
	if (target.n == 0)
		return ERR_FORM;
	for (size_t i = 0; i < CALLS_MAX && c == NULL; i++)
		if (t->calls[i].done == NULL)
			c = &t->calls[i];
	if (c == NULL)
		return ERR_LIMIT;
	/* "ADDR/p2p/RELAY/p2p-circuit": where the host looks for it. */
	TRY(host_peer_add(t->n->host, &target,
	    multiaddr_strip_peer(buf_slice(&b)), PEER_OPERATOR, now));
	const err asked = host_connect(t->n->host, &target, now);
	if (asked == ERR_EXISTS) {
		done(ctx, ERR_EXISTS, "");
		return OK;
	}
	TRY(asked);
	*c = (struct call){ done, ctx, target, now + CALL_MS };
	network_wake(t->w);
	return OK;
}

/* ---- events ---- */

static void
on_identified(struct nat *t, const struct host_event *ev, uint64_t now_ms)
{
	struct host_peer_info info;
	struct host_conn_info conn;
	struct multiaddr_ip seen, from;

	/* Seen of a connection from any other port, it is of no use. */
	if (!host_peer_find(t->n->host, &ev->peer, &info) ||
	    !transport_from_port(t->n->transport, ev->conn) ||
	    multiaddr_ip_tcp(info.observed, &seen) != OK ||
	    reach_of_ip(&seen) != REACH_WORLD ||
	    !host_conn_find(t->n->host, ev->conn, &conn) ||
	    multiaddr_front_ip(conn.remote, &from) != OK)
		return;
	observed_add(&t->observed, &seen, &from, now_ms);
	update_addresses(t);
}

static bool
on_event(void *ctx, const struct host_event *ev, uint64_t now_ms)
{
	struct nat *t = ctx;

	if (ev->type == HOST_IDENTIFIED)
		on_identified(t, ev, now_ms);
	if (ev->type == HOST_PEER_UP)
		relay_up(t, &ev->peer, now_ms);
	if (ev->type == HOST_PEER_UP)
		calls_end(t, &ev->peer, OK, "");
	if (ev->type == HOST_UNREACHABLE)
		calls_end(t, &ev->peer, ERR_CLOSED,
		    "the relay or the peer "
		    "does not answer");
	if (ev->type == HOST_UNREACHABLE)
		for (size_t i = 0; i < WAITS_MAX; i++)
			if (t->waits[i].number != 0 &&
			    peer_id_eq(&t->waits[i].relay, &ev->peer))
				wait_end(t, &t->waits[i], now_ms);
	return relay_event(t->relay, ev, now_ms) ||
	       autonat_event(t->autonat, ev, now_ms) ||
	       dcutr_event(t->dcutr, ev, now_ms);
}

static bool
on_output(void *ctx, host_conn conn, uint64_t now_ms)
{
	struct nat *t = ctx;

	return relay_output(t->relay, conn, now_ms);
}

static uint64_t
on_expiry(const void *ctx)
{
	const struct nat *t = ctx;

	return MIN(MIN(relay_expiry(t->relay), autonat_expiry(t->autonat)),
	    MIN(dcutr_expiry(t->dcutr), t->tick_ms));
}

static void
on_time(void *ctx, uint64_t now_ms)
{
	struct nat *t = ctx;

	if (relay_expiry(t->relay) <= now_ms)
		relay_on_time(t->relay, now_ms);
	if (autonat_expiry(t->autonat) <= now_ms)
		autonat_on_time(t->autonat, now_ms);
	if (dcutr_expiry(t->dcutr) <= now_ms)
		dcutr_on_time(t->dcutr, now_ms);
	if (t->tick_ms > now_ms)
		return;
	t->tick_ms = now_ms + TICK_MS;
	for (size_t i = 0; i < WAITS_MAX; i++)
		if (t->waits[i].number != 0 && t->waits[i].until_ms <= now_ms)
			wait_end(t, &t->waits[i], now_ms);
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (t->calls[i].done != NULL && t->calls[i].until_ms <= now_ms)
			calls_end(
			    t, &t->calls[i].peer, ERR_CLOSED, "nobody answers");
	update_addresses(t);
	network_announce(t->w); /* interfaces come and go */
	seek_relays(t);
}

static void
on_dialled_back(void *ctx, uint32_t id, enum autonat_dial_status status)
{
	struct nat *t = ctx;

	autonat_dialled(t->autonat, id, status, now_of(t));
	network_wake(t->w);
}

static void
on_punch(struct nat *t, const struct dcutr_news *d)
{
	char id[PEER_ID_TEXT_MAX];

	peer_id_put(id, &d->peer);
	if (d->type == DCUTR_DONE) {
		env_log(&t->n->env, LOG_INFO, "hole_punch",
		    "peer=%s result=%s tries=%" PRIu32 " why=\"%s\"", id,
		    d->error == OK ? "direct" : "relayed", d->tries, d->why);
		return;
	}
	for (size_t i = 0; i < d->addrs_n; i++) {
		const struct transport_punch p = { .peer = d->peer,
			.addr = slice_of(d->addr[i], d->addr_n[i]),
			.dialer = d->dialer,
			.from_port = d->punch };
		if (transport_punch(t->n->transport, &p) != OK)
			env_log(&t->n->env, LOG_UNUSUAL, "punch_not_dialled",
			    "peer=%s", id);
	}
}

static void
on_drain(void *ctx, uint64_t now_ms)
{
	struct nat *t = ctx;
	struct relay_news r;
	struct autonat_news a;
	struct dcutr_news d;

	while (relay_next(t->relay, now_ms, &r))
		on_relay_news(t, &r, now_ms);
	while (autonat_next(t->autonat, &a)) {
		if (a.type == AUTONAT_DIAL) {
			dialbacks_start(t->dialbacks, &a, on_dialled_back, t);
			continue;
		}
		t->announce = true;
		if (nat_verdict(t) != AUTONAT_UNKNOWN)
			discovery_reachable(t->n->discovery,
			    nat_verdict(t) == AUTONAT_REACHABLE);
	}
	while (dcutr_next(t->dcutr, &d))
		on_punch(t, &d);
	if (t->announce) {
		t->announce = false;
		update_addresses(t);
		network_announce(t->w);
	}
}

/* ---- life ---- */

static void
on_stop(void *ctx)
{
	struct nat *t = ctx;

	for (size_t i = 0; i < CALLS_MAX; i++)
		if (t->calls[i].done != NULL)
			calls_end(t, &t->calls[i].peer, ERR_CLOSED,
			    "the node is stopping");
	portmap_stop(t->portmap);
	dialbacks_stop(t->dialbacks);
}

static void
on_free(void *ctx)
{
	struct nat *t = ctx;

	portmap_free(t->portmap);
	dialbacks_free(t->dialbacks);
	relay_free(t->relay);
	autonat_free(t->autonat);
	dcutr_free(t->dcutr);
	free(t);
}

err
nat_open(struct node *n, struct network *w)
{
	struct nat *t = calloc(1, sizeof(*t));
	const uint64_t now = n->env.mono_ms(n->env.ctx);
	const struct relay_config rc = { .env = &n->env,
		.mem = &n->mem,
		.host = n->host,
		.secret = n->node_secret,
		.hop = NETWORK_HOP,
		.stop = NETWORK_STOP,
		.limits = relay_limits_default(),
		.service = n->config->relay.service != 0 };
	const struct autonat_config ac = { .env = &n->env,
		.mem = &n->mem,
		.host = n->host,
		.dial_request = NETWORK_AUTONAT,
		.dial_back = NETWORK_AUTONAT_BACK,
		.limits = autonat_limits_default(),
		/* dials that go around a proxy would tell who we are */
		.server =
		    n->config->nat.answer != 0 && !config_proxied(n->config) };
	const struct dcutr_config dc = { .env = &n->env,
		.mem = &n->mem,
		.host = n->host,
		.protocol = NETWORK_DCUTR,
		.limits = dcutr_limits_default() };

	if (t == NULL)
		return ERR_NOMEM;
	t->n = n;
	t->w = w;
	t->begun_ms = t->tick_ms = now;
	t->relay = relay_new(&rc, now);
	t->autonat = autonat_new(&ac, now);
	t->dcutr = dcutr_new(&dc, now);
	t->dialbacks = dialbacks_new(n);
	if (t->relay == NULL || t->autonat == NULL || t->dcutr == NULL ||
	    t->dialbacks == NULL) {
		on_free(t);
		return ERR_NOMEM;
	}
	n->nat = t;
	const struct network_service s = { .name = "nat",
		.ctx = t,
		.event = on_event,
		.output = on_output,
		.dial = on_dial,
		.expiry = on_expiry,
		.on_time = on_time,
		.drain = on_drain,
		.addresses = on_addresses,
		.hides = on_hides,
		.stop = on_stop,
		.free = on_free };
	network_service_add(w, &s);
	return OK;
}

static void
on_mapped(void *ctx)
{
	struct nat *t = ctx;
	struct portmap_status s;
	char text[MULTIADDR_TEXT_MAX] = "";
	uint8_t raw[ADDR_BYTES];
	struct buf b = { raw, 0, sizeof(raw) };

	portmap_status(t->portmap, &s);
	if (s.method != PORTMAP_NONE &&
	    multiaddr_put_ip_tcp(&b, &s.external) == OK &&
	    multiaddr_put(text, sizeof(text), buf_slice(&b)) != OK)
		text[0] = '\0';
	env_log(&t->n->env, LOG_INFO, "port_mapping",
	    "method=%s addr=%s why=\"%s\"", portmap_method_name(s.method), text,
	    s.why);
	update_addresses(t);
	network_wake(t->w);
}

static void
add_relays(struct nat *t)
{
	const struct config_list *l = &t->n->config->relay.peers;
	const uint64_t now = now_of(t);

	for (size_t i = 0; i < l->n; i++) {
		uint8_t raw[MULTIADDR_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		struct peer_id id;
		if (multiaddr_get(slice_str(l->v[i]), &b) == OK &&
		    multiaddr_peer(buf_slice(&b), &id) == OK &&
		    host_peer_add(t->n->host, NULL, buf_slice(&b),
			PEER_BOOTSTRAP, now) == OK)
			(void)!host_connect(t->n->host, &id, now);
	}
}

void
nat_start(struct nat *t)
{
	struct portmap_config pc = { .loop = &t->n->loop,
		.lifetime_s = LEASE_S,
		.gateway = t->n->config->nat.gateway,
		.changed = on_mapped,
		.ctx = t };
	struct multiaddr_ip ip;

	add_relays(t);
	/* A port on loopback is nobody else's business. */
	for (size_t i = 0; transport_listen_ip(t->n->transport, i, &ip); i++)
		if (!ip.v6 && !multiaddr_is_loopback(&ip) && pc.port == 0)
			pc.port = ip.port;
	if (!t->n->config->nat.port_mapping || pc.port == 0 ||
	    config_proxied(t->n->config))
		return;
	if (portmap_new(&pc, &t->portmap) != OK)
		env_log(&t->n->env, LOG_UNUSUAL, "no_port_mapping",
		    "why=\"no thread for it\"");
}

/* ---- what the owner is told ---- */

static void
put(json_t *o, const char *name, json_t *v)
{
	(void)json_object_set_new(o, name, v);
}

static void
put_number(json_t *o, const char *name, uint64_t v)
{
	put(o, name, json_integer((json_int_t)v));
}

static json_t *
addr_json(struct slice addr)
{
	char text[MULTIADDR_TEXT_MAX];

	return json_string(
	    multiaddr_put(text, sizeof(text), addr) == OK ? text : "");
}

static json_t *
announced_json(const struct nat *t)
{
	json_t *list = json_array();
	struct slice addr;

	for (size_t i = 0; network_announced_at(t->w, i, &addr); i++)
		(void)json_array_append_new(list, addr_json(addr));
	return list;
}

static json_t *
ip_json(const struct multiaddr_ip *ip)
{
	uint8_t raw[ADDR_BYTES];
	struct buf b = { raw, 0, sizeof(raw) };

	return multiaddr_put_ip_tcp(&b, ip) == OK ? addr_json(buf_slice(&b))
						  : json_string("");
}

static json_t *
tested_json(const struct nat *t)
{
	static const char *const names[] = { "unknown", "reachable",
		"unreachable" };
	json_t *list = json_array();
	struct autonat_addr a;

	for (size_t i = 0; autonat_addr_at(t->autonat, i, &a); i++) {
		json_t *o = json_object();
		put(o, "address", addr_json(a.addr));
		put(o, "state", json_string(names[a.verdict]));
		put_number(o, "yes", a.yes);
		put_number(o, "no", a.no);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
observed_json(const struct nat *t)
{
	json_t *list = json_array();
	struct multiaddr_ip ip;
	uint32_t votes = 0;

	for (size_t i = 0;
	     (votes = observed_at(&t->observed, i, now_of(t), &ip)) > 0; i++) {
		json_t *o = json_object();
		put(o, "address", ip_json(&ip));
		put_number(o, "subnets", votes);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
mapping_json(const struct nat *t)
{
	json_t *o = json_object();
	struct portmap_status s = { .why = "nat.port_mapping is off, or this "
					   "node listens on loopback alone" };

	if (t->portmap != NULL)
		portmap_status(t->portmap, &s);
	put(o, "method", json_string(portmap_method_name(s.method)));
	put(o, "address",
	    s.method == PORTMAP_NONE ? json_string("") : ip_json(&s.external));
	put(o, "why", json_string(s.why));
	return o;
}

static json_t *
relays_json(const struct nat *t)
{
	json_t *list = json_array();
	struct relay_held held;
	char id[PEER_ID_TEXT_MAX];

	for (size_t i = 0; relay_held_at(t->relay, i, &held); i++) {
		json_t *o = json_object();
		peer_id_put(id, &held.relay);
		put(o, "peer_id", json_string(id));
		put(o, "held", json_boolean(held.held));
		put_number(o, "until", held.until_s);
		put_number(o, "limit_seconds", held.limit_s);
		put_number(o, "limit_bytes", held.limit_bytes);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void
figures(const struct nat *t, json_t *o)
{
	json_t *service = json_object(), *punch = json_object();
	json_t *answers = json_object();
	struct relay_stats rs;
	struct dcutr_stats ds;
	struct autonat_stats as;

	relay_stats(t->relay, &rs);
	dcutr_stats(t->dcutr, &ds);
	autonat_stats(t->autonat, &as);
	put_number(o, "circuits", rs.own_now);
	put(service, "on", json_boolean(t->n->config->relay.service != 0));
	put_number(service, "reservations", rs.reservations_now);
	put_number(service, "circuits", rs.circuits_now);
	put_number(service, "bytes", rs.bytes);
	put_number(service, "refused", rs.refused);
	put(o, "relay_service", service);
	put_number(punch, "tried", ds.tried);
	put_number(punch, "punched", ds.punched);
	put_number(punch, "direct", ds.direct);
	put_number(punch, "failed", ds.failed);
	put(o, "hole_punching", punch);
	put_number(answers, "asked", as.asked);
	put_number(answers, "served", as.served);
	put_number(answers, "refused", as.refused);
	put(o, "autonat", answers);
}

/* The first address that was confirmed; false: none. */
static bool
first_confirmed(const struct nat *t, struct autonat_addr *out)
{
	for (size_t i = 0; autonat_addr_at(t->autonat, i, out); i++)
		if (out->verdict == AUTONAT_REACHABLE)
			return true;
	return false;
}

/* In a sentence: can others reach us, how do we know, what can be tried. */
static void
sentences(struct nat *t, json_t *o)
{
	char text[MULTIADDR_TEXT_MAX + 200], addr[MULTIADDR_TEXT_MAX] = "";
	const char *hint = "";
	struct autonat_addr a = { 0 };
	struct relay_held held;
	unsigned relays = 0;

	for (size_t i = 0; relay_held_at(t->relay, i, &held); i++)
		relays += held.held ? 1 : 0;
	if (first_confirmed(t, &a)) {
		if (multiaddr_put(addr, sizeof(addr), a.addr) != OK)
			addr[0] = '\0';
		(void)snprintf(text, sizeof(text),
		    "others reach this node at %s: %u of %u peers that tried "
		    "came through",
		    addr, (unsigned)a.yes, (unsigned)(a.yes + a.no));
	} else if (nat_verdict(t) == AUTONAT_UNREACHABLE) {
		(void)snprintf(text, sizeof(text),
		    "nobody who tried came through to this node; %s",
		    relays > 0 ? "it is reached through relays"
			       : "it can only call others itself");
		hint = observed_symmetric(&t->observed, now_of(t))
			   ? "forward the TCP port in the router; it changes "
			     "ports, so holes cannot be punched"
			   : "forward the TCP port in the router, or allow "
			     "UPnP or NAT-PMP there";
	} else {
		(void)snprintf(text, sizeof(text),
		    "not known whether others can reach this node: %s%s",
		    autonat_addr_at(t->autonat, 0, &a)
			? "too few peers have tried yet"
			: "it knows no public address of its own",
		    relays > 0 ? "; relays hold a place for it" : "");
		hint = "wait until it has some peers";
	}
	put(o, "state",
	    json_string(first_confirmed(t, &a)                  ? "reachable"
			: nat_verdict(t) == AUTONAT_UNREACHABLE ? "unreachable"
								: "unknown"));
	put(o, "text", json_string(text));
	put(o, "hint", json_string(hint));
}

json_t *
nat_json(struct nat *t)
{
	json_t *o = json_object();

	sentences(t, o);
	put(o, "announced", announced_json(t));
	put(o, "tested", tested_json(t));
	put(o, "observed", observed_json(t));
	put(o, "ports_change",
	    json_boolean(observed_symmetric(&t->observed, now_of(t))));
	put(o, "mapping", mapping_json(t));
	put(o, "relays", relays_json(t));
	figures(t, o);
	return o;
}
