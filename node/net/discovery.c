#include "node/net/discovery.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/net/mdns.h"

#define KAD_MEMORY  (8U << 20)
#define TOPIC_NAME  32
#define WAITING_MAX 4 /* lookups for the API at once */

/* A lookup of the API's. */
struct waiting {
	uint32_t query; /* 0: a free place */
	discovery_found *done;
	void *ctx;
	uint32_t n;
	struct kad_contact found[KAD_CLOSER_MAX];
};

struct discovery {
	struct node *n;
	struct mem mem;
	struct kad *kad;           /* NULL: off */
	bool told;                 /* AutoNAT has an answer, and it counts */
	struct mdns_sockets *mdns; /* NULL: off */
	bool mdns_runs;
	struct waiting waiting[WAITING_MAX];
	uint32_t addrs_n;
	struct announced {
		uint16_t n;
		uint8_t bytes[MULTIADDR_MAX];
	} addrs[HOST_ADDRS_MAX];
};

void
discovery_protocol(const char *net, char out[DISCOVERY_PROTOCOL_MAX])
{
	const int n =
	    snprintf(out, DISCOVERY_PROTOCOL_MAX, "/ohcn/%s/kad/1.0.0", net);

	ASSERT(n > 0 && n < DISCOVERY_PROTOCOL_MAX);
}

/* ---- the book of Kademlia: the host's peer store ---- */

static void
book_add(void *ctx, const struct peer_id *teller, const struct peer_id *id,
    struct slice addr, uint64_t now_ms)
{
	struct discovery *d = ctx;

	/* Refused ones are counted by the store; hearsay may be wrong. */
	(void)!host_peer_told(d->n->host, teller, id, addr, PEER_DHT, now_ms);
}

static err
book_connect(void *ctx, const struct peer_id *id, uint64_t now_ms)
{
	struct discovery *d = ctx;

	return host_connect_once(d->n->host, id, now_ms);
}

/* ---- client or server ---- */

static void
server_set(struct discovery *d, bool on, const char *why)
{
	const uint64_t now_ms = d->n->env.mono_ms(d->n->env.ctx);

	if (d->kad == NULL || kad_is_server(d->kad) == on)
		return;
	kad_server_set(d->kad, on, now_ms);
	env_log(&d->n->env, LOG_INFO, "kad_mode", "server=%s why=\"%s\"",
	    on ? "yes" : "no", why);
}

void
discovery_reachable(struct discovery *d, bool yes)
{
	if (d->n->config->kad.mode != KAD_MODE_AUTO)
		return;
	d->told = true;
	server_set(d, yes, "reachability was tested");
}

/* Who came to us from another machine has found the way. */
static void
note_inbound(struct discovery *d, const struct host_event *ev)
{
	struct host_conn_info conn;

	if (d->kad == NULL || d->told || kad_is_server(d->kad) ||
	    d->n->config->kad.mode != KAD_MODE_AUTO ||
	    !host_conn_find(d->n->host, ev->conn, &conn))
		return;
	if (!conn.dialer && !conn.limited &&
	    reach_of(conn.remote) > REACH_MACHINE)
		server_set(d, true, "a peer has connected to us");
}

/* ---- the service ---- */

bool
discovery_event(void *ctx, const struct host_event *ev, uint64_t now_ms)
{
	struct discovery *d = ctx;

	if (ev->type == HOST_PEER_UP || ev->type == HOST_IDENTIFIED)
		note_inbound(d, ev);
	return d->kad != NULL && kad_event(d->kad, ev, now_ms);
}

uint64_t
discovery_expiry(const void *ctx)
{
	const struct discovery *d = ctx;
	uint64_t at = UINT64_MAX;

	if (d->kad != NULL)
		at = kad_expiry(d->kad);
	if (d->mdns_runs)
		at = MIN(at, mdns_sockets_expiry(d->mdns));
	return at;
}

void
discovery_on_time(void *ctx, uint64_t now_ms)
{
	struct discovery *d = ctx;

	if (d->kad != NULL && kad_expiry(d->kad) <= now_ms)
		kad_on_time(d->kad, now_ms);
	if (d->mdns_runs && mdns_sockets_expiry(d->mdns) <= now_ms)
		mdns_sockets_on_time(d->mdns, now_ms);
}

static struct waiting *
waiting_of(struct discovery *d, uint32_t query)
{
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (d->waiting[i].query == query)
			return &d->waiting[i];
	return NULL;
}

static void
finish(struct waiting *w, err e, uint32_t asked)
{
	w->query = 0;
	w->done(w->ctx, e, w->found, w->n, asked);
}

static void
note_result(struct discovery *d, const struct kad_event *ev)
{
	struct waiting *w = waiting_of(d, ev->query);

	ASSERT(w != NULL); /* nobody else asks for results */
	if (ev->type == KAD_DONE)
		finish(w, ev->error, ev->asked);
	else if (w->n < KAD_CLOSER_MAX)
		w->found[w->n++] = ev->contact;
}

err
discovery_lookup(struct discovery *d, enum kad_lookup what, struct slice key,
    discovery_found *done, void *ctx)
{
	struct waiting *w = waiting_of(d, 0);

	if (d->kad == NULL)
		return ERR_NOTFOUND;
	if (w == NULL)
		return ERR_LIMIT;
	w->n = 0;
	w->done = done;
	w->ctx = ctx;
	return kad_lookup(
	    d->kad, what, key, d->n->env.mono_ms(d->n->env.ctx), &w->query);
}

void
discovery_drain(void *ctx, uint64_t now_ms)
{
	struct discovery *d = ctx;
	struct kad_event ev;

	while (d->kad != NULL && kad_next(d->kad, &ev))
		note_result(d, &ev);
	if (d->mdns_runs)
		mdns_sockets_drain(d->mdns, now_ms);
}

void
discovery_announced(void *ctx, const struct slice *addrs, size_t n)
{
	struct discovery *d = ctx;

	d->addrs_n = 0;
	for (size_t i = 0; i < n && i < HOST_ADDRS_MAX; i++) {
		struct announced *a = &d->addrs[d->addrs_n];
		if (addrs[i].n == 0 || addrs[i].n > sizeof(a->bytes))
			continue;
		memcpy(a->bytes, addrs[i].p, addrs[i].n);
		a->n = (uint16_t)addrs[i].n;
		d->addrs_n++;
	}
	if (d->kad != NULL)
		kad_addrs_set(d->kad, addrs, n);
	if (d->mdns != NULL)
		mdns_sockets_addrs(d->mdns, addrs, n);
}

void
discovery_stop(void *ctx)
{
	struct discovery *d = ctx;

	if (d->mdns != NULL)
		mdns_sockets_stop(d->mdns);
	d->mdns_runs = false;
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (d->waiting[i].query != 0)
			finish(&d->waiting[i], ERR_CLOSED, 0);
}

void
discovery_free(void *ctx)
{
	struct discovery *d = ctx;

	if (d == NULL)
		return;
	if (d->kad != NULL)
		kad_free(d->kad);
	mdns_sockets_free(d->mdns);
	d->n->discovery = NULL;
	free(d);
}

/* What all of a network provide: whoever looks for peers looks for it. */
static err
provide_network(struct discovery *d)
{
	char name[TOPIC_NAME];
	uint8_t key[KAD_TOPIC_KEY];

	(void)snprintf(
	    name, sizeof(name), "ohcn/%s", d->n->config->node.network);
	kad_topic_key(slice_str(name), key);
	return kad_provide(d->kad, slice_of(key, sizeof(key)),
	    d->n->env.mono_ms(d->n->env.ctx));
}

static err
open_kad(struct discovery *d, const struct discovery_config *own)
{
	struct node *n = d->n;
	const struct kad_config cf = {
		.host = n->host,
		.env = &n->env,
		.mem = &d->mem,
		.protocol = own->protocol,
		.protocol_index = own->protocol_index,
		.book = { d, book_add, book_connect },
		.params = kad_params_default(),
	};

	d->mem = mem_child(&n->mem, KAD_MEMORY);
	d->kad = kad_new(&cf, n->env.mono_ms(n->env.ctx));
	if (d->kad == NULL)
		return ERR_LIMIT;
	if (n->config->kad.mode == KAD_MODE_SERVER)
		server_set(d, true, "kad.mode");
	return provide_network(d);
}

struct discovery *
discovery_new(const struct discovery_config *cf)
{
	struct node *n = cf->n;
	struct discovery *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->n = n;
	if (n->config->kad.mode != KAD_MODE_OFF && open_kad(d, cf) != OK)
		goto fail1;
	/* multicast would tell the neighbours what the proxy hides */
	if (n->config->mdns.mode != MDNS_MODE_OFF &&
	    !config_proxied(n->config)) {
		d->mdns = mdns_sockets_new(n, cf->changed, cf->ctx);
		if (d->mdns == NULL)
			goto fail1;
	}
	return d;
fail1:
	if (d->kad != NULL)
		kad_free(d->kad);
	free(d);
	return NULL;
}

void
discovery_start(struct discovery *d)
{
	if (d->mdns != NULL)
		d->mdns_runs = mdns_sockets_start(d->mdns);
}

uint32_t
discovery_addrs(const struct discovery *d, struct slice out[HOST_ADDRS_MAX])
{
	for (uint32_t i = 0; i < d->addrs_n; i++)
		out[i] = slice_of(d->addrs[i].bytes, d->addrs[i].n);
	return d->addrs_n;
}

const struct kad *
discovery_kad(const struct discovery *d)
{
	return d->kad;
}

bool
discovery_mdns(const struct discovery *d, struct mdns_stats *out)
{
	if (!d->mdns_runs)
		return false;
	mdns_sockets_stats(d->mdns, out);
	return true;
}
