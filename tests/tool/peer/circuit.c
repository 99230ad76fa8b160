/*
 * circuit.c: relays in the test peer: a client always, with "relay" a
 * service as well.
 */
#include <string.h>

#include "proto/libp2p/relay.h"
#include "tests/tool/peer/peer.h"

#define DIALS_MAX 4

/* A dial through a relay; the relay may have to be reached first. */
struct circuit {
	bool used, asked;
	struct peer_id relay, target;
};

static struct relay *relay;
static uv_timer_t timer;
static struct circuit circuits[DIALS_MAX];

bool
circuit_open(const uint8_t *secret, size_t hop, size_t stop, bool service,
    const struct slice *addrs, size_t n)
{
	const struct relay_config cf = {
		.env = &peer.env,
		.mem = &peer.mem,
		.host = peer.host,
		.secret = secret,
		.hop = hop,
		.stop = stop,
		.limits = relay_limits_default(),
		.service = service,
	};

	(void)uv_timer_init(&peer.loop, &timer);
	relay = relay_new(&cf, peer_now());
	if (relay == NULL)
		return false;
	relay_addrs_set(relay, addrs, n);
	return true;
}

void
circuit_close(void)
{
	uv_close((uv_handle_t *)&timer, NULL);
}

void
circuit_free(void)
{
	relay_free(relay);
}

bool
circuit_output(void *ctx, host_conn conn)
{
	(void)ctx;
	return relay_output(relay, conn, peer_now());
}

static void
end(struct circuit *c, const char *why)
{
	c->used = false;
	printf("{\"event\":\"done\",\"command\":\"dial\",\"error\":\"%s\"}\n",
	    why);
}

static void
ask(struct circuit *c)
{
	c->asked = true;
	if (relay_dial(relay, &c->relay, &c->target, 0, peer_now()) != OK)
		end(c, "the relay could not be asked");
}

static void
on_news(const struct relay_news *r)
{
	if (r->type == RELAY_RESERVED || r->type == RELAY_LOST)
		printf("{\"event\":\"reserve\",\"peer\":\"%s\","
		       "\"good\":%s,\"why\":\"%s\"}\n",
		    peer_id_text(&r->peer),
		    r->type == RELAY_RESERVED ? "true" : "false",
		    r->why == NULL ? "" : r->why);
	if (r->type != RELAY_DIALLED)
		return;
	for (size_t i = 0; i < DIALS_MAX; i++)
		if (circuits[i].used && circuits[i].asked &&
		    peer_id_eq(&circuits[i].target, &r->peer))
			end(&circuits[i], r->error == OK ? "ok" : r->why);
}

void
circuit_drain(void)
{
	struct relay_news r;

	while (relay_next(relay, peer_now(), &r))
		on_news(&r);
}

bool
circuit_event(const struct host_event *ev)
{
	for (size_t i = 0; i < DIALS_MAX && ev->type == HOST_PEER_UP; i++)
		if (circuits[i].used && !circuits[i].asked &&
		    peer_id_eq(&circuits[i].relay, &ev->peer))
			ask(&circuits[i]);
	return relay_event(relay, ev, peer_now());
}

static void
on_timer(uv_timer_t *t)
{
	(void)t;
	relay_on_time(relay, peer_now());
	transport_wake(peer.transport);
}

void
circuit_pumped(void)
{
	if (relay == NULL || uv_is_closing((uv_handle_t *)&timer))
		return;
	const uint64_t at = relay_expiry(relay), now = peer_now();
	if (at == UINT64_MAX)
		(void)uv_timer_stop(&timer);
	else
		(void)uv_timer_start(
		    &timer, on_timer, at > now ? at - now : 0, 0);
}

static void
on_relay_dialled(void *ctx, err e, const char *why)
{
	struct circuit *c = ctx;

	if (e != OK && e != ERR_EXISTS && c->used && !c->asked)
		end(c, why);
}

err
circuit_dial(const char *addr)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct slice at = { NULL, 0 };
	struct circuit *c = NULL;
	struct host_peer_info info;
	struct peer_id to, target;

	TRY(multiaddr_get(slice_str(addr), &b));
	TRY(relay_addr_split(buf_slice(&b), &at, &to, &target));
	for (size_t i = 0; i < DIALS_MAX; i++)
		if (!circuits[i].used)
			c = &circuits[i];
	if (target.n == 0 || c == NULL)
		return target.n == 0 ? ERR_FORM : ERR_LIMIT;
	*c = (struct circuit){ .used = true, .relay = to, .target = target };
	if (host_peer_find(peer.host, &to, &info)) {
		ask(c);
		return OK;
	}
	/* "ADDR/p2p/RELAY" of the text itself */
	char first[MULTIADDR_TEXT_MAX];
	(void)snprintf(first, sizeof(first), "%s", addr);
	*strstr(first, "/p2p-circuit") = 0;
	const err e =
	    transport_dial(peer.transport, first, on_relay_dialled, c);
	c->used = e == OK;
	return e;
}

err
circuit_reserve(const struct peer_id *id)
{
	return relay_reserve(relay, id, peer_now());
}
