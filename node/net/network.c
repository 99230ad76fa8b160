#include "node/net/network.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "node/base/env.h"
#include "node/net/discovery.h"
#include "node/net/swarm_key.h"
#include "proto/libp2p/autonat.h"
#include "proto/libp2p/dcutr.h"
#include "proto/libp2p/relay.h"
#include "proto/stem/stem.h"
#include "proto/sync/sync.h"

#define AGENT            "ohcn/" OHCN_VERSION
#define CRAWL_AGENT      "ohcn-crawler/" /* those who crawl say so */
#define PROTOCOL_VERSION "ohcn/1"
#define DIAL_TIMEOUT_MS  10000
#define PROXY_TIMEOUT_MS 60000 /* Tor may take long to build a circuit */
#define DIALS_MAX        16

/* The addresses that identify tells; see host_listen_set(). */
struct announced {
	uint8_t raw[HOST_ADDRS_MAX][MULTIADDR_MAX];
	struct slice addrs[HOST_ADDRS_MAX];
	size_t n;
};

struct network {
	struct node *n;
	void (*event)(void *ctx, const struct host_event *ev);
	struct network_service services[NETWORK_SERVICES_MAX];
	uint32_t services_n;
	uv_timer_t timer; /* of the services */
	struct announced announced;
	bool stopping;
	char kad_protocol[DISCOVERY_PROTOCOL_MAX]; /* names the network */
	const char *protocols[NETWORK_PROTOCOLS];
	uint8_t protocol_flags[NETWORK_PROTOCOLS];
	const uint8_t *psk; /* of a private network; NULL: none */
	uint8_t psk_room[PSK_SIZE];
	struct transport_proxy proxy;
	char proxy_host[256];
};

/* Those whose name depends on the network are filled in. */
static const char *const protocols[NETWORK_PROTOCOLS] = {
	[NETWORK_SYNC] = SYNC_PROTOCOL,
	[NETWORK_NO_CRAWL] = SYNC_NO_CRAWL,
	[NETWORK_HOP] = RELAY_HOP_PROTOCOL,
	[NETWORK_STOP] = RELAY_STOP_PROTOCOL,
	[NETWORK_AUTONAT] = AUTONAT_DIAL_PROTOCOL,
	[NETWORK_AUTONAT_BACK] = AUTONAT_BACK_PROTOCOL,
	[NETWORK_DCUTR] = DCUTR_PROTOCOL,
	[NETWORK_STEM] = STEM_PROTOCOL,
};

static const uint8_t protocol_flags[NETWORK_PROTOCOLS] = {
	[NETWORK_NO_CRAWL] = HOST_PROTOCOL_OFF,
	[NETWORK_KAD] = HOST_PROTOCOL_OFF,
	[NETWORK_HOP] = HOST_PROTOCOL_OFF, /* see relay_service_set() */
	[NETWORK_DCUTR] = HOST_PROTOCOL_LIMITED,
};

static uint64_t
now_of(const struct network *w)
{
	return w->n->env.mono_ms(w->n->env.ctx);
}

/* ---- services ---- */

static void
drain(struct network *w, uint64_t now_ms)
{
	for (uint32_t i = 0; i < w->services_n; i++)
		if (w->services[i].drain != NULL)
			w->services[i].drain(w->services[i].ctx, now_ms);
}

static void
on_event(void *ctx, const struct host_event *ev)
{
	struct network *w = ctx;
	const uint64_t now_ms = now_of(w);

	for (uint32_t i = 0; i < w->services_n; i++)
		if (w->services[i].event(w->services[i].ctx, ev, now_ms)) {
			drain(w, now_ms);
			return;
		}
	w->event(w->n, ev);
	drain(w, now_ms);
}

static bool
on_output(void *ctx, host_conn conn)
{
	struct network *w = ctx;
	const uint64_t now_ms = now_of(w);

	for (uint32_t i = 0; i < w->services_n; i++)
		if (w->services[i].output != NULL &&
		    w->services[i].output(w->services[i].ctx, conn, now_ms))
			return true;
	return false;
}

static bool
on_dial(void *ctx, const struct host_dial *d)
{
	struct network *w = ctx;
	const uint64_t now_ms = now_of(w);

	for (uint32_t i = 0; i < w->services_n; i++)
		if (w->services[i].dial != NULL &&
		    w->services[i].dial(w->services[i].ctx, d, now_ms))
			return true;
	return false;
}

static void
on_timer(uv_timer_t *timer)
{
	struct network *w = CONTAINER_OF(timer, struct network, timer);
	const uint64_t now_ms = now_of(w);

	for (uint32_t i = 0; i < w->services_n; i++) {
		const struct network_service *s = &w->services[i];
		if (s->expiry != NULL && s->on_time != NULL &&
		    s->expiry(s->ctx) <= now_ms)
			s->on_time(s->ctx, now_ms);
	}
	network_wake(w);
}

/* Whatever was done may have changed when a service wants to be called. */
static void
on_pumped(void *ctx)
{
	struct network *w = ctx;
	const uint64_t now_ms = now_of(w);
	uint64_t at = UINT64_MAX;

	if (w->stopping)
		return;
	for (uint32_t i = 0; i < w->services_n; i++)
		if (w->services[i].expiry != NULL)
			at = MIN(at, w->services[i].expiry(w->services[i].ctx));
	if (at == UINT64_MAX)
		(void)uv_timer_stop(&w->timer);
	else
		(void)uv_timer_start(
		    &w->timer, on_timer, at > now_ms ? at - now_ms : 0, 0);
}

void
network_service_add(struct network *w, const struct network_service *s)
{
	ASSERT(w->services_n < NETWORK_SERVICES_MAX);
	w->services[w->services_n++] = *s;
}

void
network_wake(struct network *w)
{
	if (w->stopping)
		return;
	drain(w, now_of(w));
	transport_wake(w->n->transport); /* and on_pumped() */
}

static void
on_changed(void *ctx)
{
	network_announce(ctx);
}

/* Those of proto/libp2p that run on the host. */
static err
network_services_open(struct network *w)
{
	struct node *n = w->n;
	const struct discovery_config dc = {
		.n = n,
		.protocol = w->kad_protocol,
		.protocol_index = NETWORK_KAD,
		.changed = on_changed,
		.ctx = w,
	};
	struct network_service s = {
		.name = "discovery",
		.event = discovery_event,
		.expiry = discovery_expiry,
		.on_time = discovery_on_time,
		.drain = discovery_drain,
		.announced = discovery_announced,
		.stop = discovery_stop,
		.free = discovery_free,
	};

	s.ctx = n->discovery = discovery_new(&dc);
	if (s.ctx == NULL)
		return ERR_NOMEM;
	network_service_add(w, &s);
	return OK;
}

/* ---- the host and its transport ---- */

static struct gossip_params
gossip_params(const struct config *c)
{
	struct gossip_params g = gossip_params_default();

	g.d = c->gossip.d;
	g.d_lo = c->gossip.d_lo;
	g.d_hi = c->gossip.d_hi;
	g.d_lazy = c->gossip.d_lazy;
	g.heartbeat_ms = c->gossip.heartbeat_ms;
	g.peers_max = c->peers.max;
	g.message_bytes_max = RECORD_BYTES_MAX;
	g.cache_bytes_max = (uint32_t)c->limits.message_cache_bytes;
	g.pending_max = c->limits.pending_messages;
	return g;
}

static err
open_psk(struct network *w)
{
	struct node *n = w->n;
	char print[PSK_FINGERPRINT_TEXT];

	if (n->config->network.psk_file[0] == '\0')
		return OK;
	TRY(swarm_key_read(
	    n->config->network.psk_file, w->psk_room, n->problem));
	w->psk = w->psk_room;
	psk_fingerprint(print, w->psk);
	env_log(&n->env, LOG_INFO, "private_network",
	    "fingerprint=%s what=\"peers without this key are refused\"",
	    print);
	return OK;
}

static err
open_host(struct network *w)
{
	struct node *n = w->n;
	const struct config *c = n->config;
	struct host_config hc = {
		.env = &n->env,
		.mem = &n->mem,
		.secret = n->node_secret,
		.psk = w->psk,
		.agent = AGENT,
		.protocol_version = PROTOCOL_VERSION,
		.protocols = w->protocols,
		.protocols_n = NETWORK_PROTOCOLS,
		.protocol_flags = w->protocol_flags,
		.visitors = CRAWL_AGENT,
		.visitors_alone = c->crawl.allow == 0,
		.limits = host_limits_default(),
		.gossip = gossip_params(c),
	};

	n->mem = mem_heap(c->peers.memory);
	memcpy(w->protocols, protocols, sizeof(protocols));
	memcpy(w->protocol_flags, protocol_flags, sizeof(protocol_flags));
	if (c->crawl.allow == 0) /* a sign in identify: no stream is served */
		w->protocol_flags[NETWORK_NO_CRAWL] = 0;
	if (c->node.mode == NODE_LIGHT) { /* it asks and is not asked */
		w->protocol_flags[NETWORK_SYNC] = HOST_PROTOCOL_OFF;
		w->protocol_flags[NETWORK_STEM] = HOST_PROTOCOL_OFF;
	}
	discovery_protocol(c->node.network, w->kad_protocol);
	w->protocols[NETWORK_KAD] = w->kad_protocol;
	hc.limits.memory_bytes = c->peers.memory;
	hc.limits.conns_max = c->peers.max;
	hc.limits.conns_per_ip_max = c->peers.per_ip_max;
	hc.limits.conns_per_net_max = c->peers.per_net_max;
	hc.limits.conns_per_wide_max = 2 * c->peers.per_net_max;
	hc.limits.outbound_wanted = c->peers.outbound;
	hc.limits.known.peers_max = c->peers.known;
	hc.limits.known.bytes_max = (size_t)c->peers.known * 1024;
	n->host = host_new(&hc, n->env.mono_ms(n->env.ctx));
	if (n->host == NULL) {
		problem_set(n->problem, EXIT_CONFIG, "E1302",
		    "peers.memory is too small to start with");
		problem_hint(n->problem, "--set peers.memory=64MiB");
		return ERR_LIMIT;
	}
	return OK;
}

/*
 * Who comes through a proxy does not want to be found: without an address
 * that was asked for, only this machine is listened to (an onion service
 * hands on to it).
 */
static err
listen_all(struct network *w)
{
	struct node *n = w->n;
	const struct config *c = n->config;

	if (config_proxied(c) && config_is_default(c, "listen.addresses"))
		return transport_listen(
		    n->transport, "/ip4/127.0.0.1/tcp/4141", n->problem);
	for (size_t i = 0; i < c->listen.addresses.n; i++)
		TRY(transport_listen(
		    n->transport, c->listen.addresses.v[i], n->problem));
	return OK;
}

static err
open_transport(struct network *w)
{
	struct node *n = w->n;
	const struct config *c = n->config;
	const bool proxied = config_proxied(c);
	struct transport_config tc = {
		.loop = &n->loop,
		.env = &n->env,
		.host = n->host,
		.dials_max = DIALS_MAX,
		.dial_timeout_ms = proxied ? PROXY_TIMEOUT_MS : DIAL_TIMEOUT_MS,
		.event = on_event,
		.output = on_output,
		.dial = on_dial,
		.after = on_pumped,
		.ctx = w,
	};
	if (proxied) {
		if (!config_proxy(c, w->proxy_host, &w->proxy.port))
			return ERR_CONFIG; /* config_check() has told */
		w->proxy.host = w->proxy_host;
		if (c->network.socks5_user[0] != '\0') {
			w->proxy.user = c->network.socks5_user;
			w->proxy.password = c->network.socks5_password;
		}
		tc.proxy = &w->proxy;
	}
	n->transport = transport_new(&tc);
	return n->transport == NULL ? ERR_NOMEM : listen_all(w);
}

err
network_open(
    struct node *n, void (*event)(void *ctx, const struct host_event *ev))
{
	struct network *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NOMEM;
	n->network = w;
	w->n = n;
	w->event = event;
	(void)uv_timer_init(&n->loop, &w->timer);
	TRY(open_psk(w));
	TRY(open_host(w));
	TRY(network_services_open(w));
	return open_transport(w);
}

/* ---- what we announce ---- */

/* Interface addresses that we listen on, whatever becomes of them. */
struct own {
	struct multiaddr_ip ip[HOST_ADDRS_MAX];
	size_t n;
};

/* The wildcard stands for every interface of the machine. */
static void
add_interfaces(struct own *o, const struct multiaddr_ip *any, bool internal)
{
	uv_interface_address_t *list = NULL;
	int count = 0;

	if (uv_interface_addresses(&list, &count) != 0)
		return;
	for (int i = 0; i < count; i++) {
		struct multiaddr_ip ip = *any;
		const bool v6 = list[i].address.address4.sin_family == AF_INET6;
		if (v6 != any->v6 || (list[i].is_internal != 0) != internal)
			continue;
		if (v6)
			memcpy(ip.ip, &list[i].address.address6.sin6_addr, 16);
		else
			memcpy(ip.ip, &list[i].address.address4.sin_addr, 4);
		if (v6 && ip.ip[0] == 0xfe && (ip.ip[1] & 0xc0) == 0x80)
			continue; /* link-local: useless without a zone */
		if (o->n < HOST_ADDRS_MAX)
			o->ip[o->n++] = ip;
	}
	uv_free_interface_addresses(list, count);
}

static void
add_listener(struct own *o, const struct multiaddr_ip *ip)
{
	static const uint8_t any[16];
	const size_t before = o->n;

	if (memcmp(ip->ip, any, ip->v6 ? 16 : 4) != 0) {
		if (o->n < HOST_ADDRS_MAX)
			o->ip[o->n++] = *ip;
		return;
	}
	add_interfaces(o, ip, false);
	if (o->n == before) /* a machine without a network */
		add_interfaces(o, ip, true);
}

static void
own_addresses(struct network *w, struct own *o)
{
	struct multiaddr_ip ip;

	o->n = 0;
	for (size_t i = 0; transport_listen_ip(w->n->transport, i, &ip); i++)
		add_listener(o, &ip);
}

/* The same of the listeners to WebSocket. */
static void
own_websockets(struct network *w, struct own *o)
{
	char text[MULTIADDR_TEXT_MAX];

	o->n = 0;
	for (size_t i = 0; transport_listen_at(w->n->transport, i, text); i++) {
		uint8_t raw[MULTIADDR_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		struct multiaddr_route at;
		if (multiaddr_get(slice_str(text), &b) == OK &&
		    multiaddr_route(buf_slice(&b), &at) == OK && at.websocket)
			add_listener(o, &at.ip);
	}
}

bool
network_address_at(struct network *w, size_t i, struct multiaddr_ip *out)
{
	struct own o;

	own_addresses(w, &o);
	if (i >= o.n)
		return false;
	*out = o.ip[i];
	return true;
}

bool
network_has_address(struct network *w, const struct multiaddr_ip *ip)
{
	struct own o;

	own_addresses(w, &o);
	for (size_t i = 0; i < o.n; i++)
		if (o.ip[i].v6 == ip->v6 && o.ip[i].port == ip->port &&
		    memcmp(o.ip[i].ip, ip->ip, ip->v6 ? 16 : 4) == 0)
			return true;
	return false;
}

static void
announce_one(struct network *w, struct announced *a,
    const struct multiaddr_ip *ip, bool websocket)
{
	struct buf b = { NULL, 0, MULTIADDR_MAX };

	if (a->n == HOST_ADDRS_MAX)
		return;
	b.p = a->raw[a->n];
	if (multiaddr_put_ip_tcp(&b, ip) != OK ||
	    (websocket && multiaddr_put_ws(&b) != OK))
		return;
	for (uint32_t i = 0; i < w->services_n; i++)
		if (w->services[i].hides != NULL &&
		    w->services[i].hides(w->services[i].ctx, buf_slice(&b)))
			return;
	a->addrs[a->n++] = buf_slice(&b);
}

/* What services know of: mapped ports, relays. */
static void
announce_services(struct network *w, struct announced *a)
{
	struct slice more[HOST_ADDRS_MAX];

	for (uint32_t i = 0; i < w->services_n; i++) {
		const struct network_service *s = &w->services[i];
		const uint32_t n =
		    s->addresses == NULL
			? 0
			: s->addresses(s->ctx, more, HOST_ADDRS_MAX);
		for (uint32_t k = 0; k < n && a->n < HOST_ADDRS_MAX; k++) {
			if (more[k].n > MULTIADDR_MAX)
				continue;
			memcpy(a->raw[a->n], more[k].p, more[k].n);
			a->addrs[a->n] = slice_of(a->raw[a->n], more[k].n);
			a->n++;
		}
	}
}

/* What the settings say. */
static void
announce_set(const struct config *c, struct announced *a)
{
	for (size_t i = 0; i < c->listen.announce.n; i++) {
		struct buf b = { NULL, 0, MULTIADDR_MAX };
		if (a->n == HOST_ADDRS_MAX)
			return;
		b.p = a->raw[a->n];
		if (multiaddr_get(slice_str(c->listen.announce.v[i]), &b) == OK)
			a->addrs[a->n++] = multiaddr_strip_peer(buf_slice(&b));
	}
}

void
network_announce(struct network *w)
{
	struct announced *a = &w->announced;
	struct own o;

	a->n = 0;
	announce_set(w->n->config, a);
	/* behind a proxy nobody is told where we are, unless told to */
	if (a->n == 0 && !config_proxied(w->n->config)) {
		own_addresses(w, &o);
		for (size_t i = 0; i < o.n; i++)
			announce_one(w, a, &o.ip[i], false);
		own_websockets(w, &o);
		for (size_t i = 0; i < o.n; i++)
			announce_one(w, a, &o.ip[i], true);
	}
	if (!config_proxied(w->n->config))
		announce_services(w, a);
	host_listen_set(w->n->host, a->addrs, a->n);
	for (uint32_t i = 0; i < w->services_n; i++)
		if (w->services[i].announced != NULL)
			w->services[i].announced(
			    w->services[i].ctx, a->addrs, a->n);
}

bool
network_announced_at(const struct network *w, size_t i, struct slice *out)
{
	if (i >= w->announced.n)
		return false;
	*out = w->announced.addrs[i];
	return true;
}

/* ---- the end ---- */

void
network_stop(struct network *w)
{
	struct node *n = w->n;

	if (w->stopping)
		return;
	for (uint32_t i = 0; i < w->services_n; i++)
		if (w->services[i].stop != NULL)
			w->services[i].stop(w->services[i].ctx);
	if (n->transport != NULL)
		transport_stop(n->transport);
	w->stopping = true;
	uv_close((uv_handle_t *)&w->timer, NULL);
}

void
network_free(struct network *w)
{
	if (w == NULL)
		return;
	struct node *n = w->n;
	for (uint32_t i = w->services_n; i-- > 0;)
		if (w->services[i].free != NULL)
			w->services[i].free(w->services[i].ctx);
	transport_free(n->transport);
	host_free(n->host);
	crypto_wipe(w->psk_room, sizeof(w->psk_room));
	free(w);
}
