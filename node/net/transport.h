/*
 * transport.h: TCP and WebSocket for a sans-IO host: listens, dials (directly
 * or through a SOCKS 5 proxy), moves bytes between libuv's sockets and
 * host_recv() / host_send(), keeps the host's timer, and hands the host's
 * events to the node. All the thinking is in the host.
 *
 * Not here: TLS. A WebSocket that browsers reach from an https page needs it
 * (/tls/ws): put a web server in front that hands on to our /ws, and announce
 * the outer address. We do not dial /tls/ws or /wss.
 *
 * With a proxy every dial goes through it, names included: nothing is looked
 * up here but the proxy's own name, and there is no way around it. Each peer
 * gets its own user name there, so that Tor keeps their circuits apart.
 *
 * A socket is read only as fast as the host takes it, and written with one
 * outstanding write at a time, so that a slow peer's bytes wait in the host's
 * bounded queues and nowhere else.
 */
#pragma once

#include <uv.h>

#include "node/base/problem.h"
#include "proto/libp2p/host.h"
#include "proto/libp2p/multiaddr.h"

struct transport;

/* A SOCKS 5 proxy. */
struct transport_proxy {
	const char *host; /* an address, or a name to be looked up */
	uint16_t port;
	const char *user, *password; /* both or neither; NULL: none wanted */
};

struct transport_config {
	uv_loop_t *loop;
	const struct env *env;
	struct host *host;
	unsigned dials_max;       /* at once */
	unsigned dial_timeout_ms; /* until TCP, proxy and WebSocket stand */
	const struct transport_proxy *proxy; /* borrowed; NULL: none */
	/* Every event of the host; must not call back into transport_
	 * functions other than transport_wake() and transport_punch(). */
	void (*event)(void *ctx, const struct host_event *ev);
	/* Output of a connection that is no socket of ours; true: it was
	 * sent. May be NULL. */
	bool (*output)(void *ctx, host_conn conn);
	/* A dial of the host's: true: it is somebody else's to answer. May
	 * be NULL. */
	bool (*dial)(void *ctx, const struct host_dial *dial);
	/* After the host was driven, whatever for; may be NULL. */
	void (*after)(void *ctx);
	void *ctx;
};

struct transport *transport_new(const struct transport_config *cf);

/**
 * transport_listen(t, addr, p):
 * ${addr}: "/ip4/0.0.0.0/tcp/4141" or "/ip4/0.0.0.0/tcp/4142/ws", port 0 for
 * any. ERR_FORM: not such an address; ERR_EXISTS: the port is in use; ERR_IO. ${p} says it in words.
 */
NODISCARD err transport_listen(
    struct transport *t, const char *addr, struct problem *p);

/** transport_listen_at(t, i, out): the i-th address, with its real port. */
bool transport_listen_at(
    const struct transport *t, size_t i, char out[MULTIADDR_TEXT_MAX]);

/* OK: connected, and the peer has shown its key; else ERR_NOTFOUND name,
 * ERR_CLOSED refused, timed out or failed in the handshake, ERR_LIMIT,
 * ERR_EXISTS connected already. */
typedef void transport_dialled(void *ctx, err e, const char *why);

/**
 * transport_cannot_dial(t, addr): why not, as static text; NULL: it can be
 * tried. ${addr} is binary, with or without /p2p.
 */
const char *transport_cannot_dial(const struct transport *t, struct slice addr);

/**
 * transport_dial(t, addr, done, ctx):
 * Dial a multiaddr (text) with or without /p2p. ${done} may be NULL and is
 * called once, from the loop. ERR_FORM: see transport_cannot_dial();
 * ERR_LIMIT: too many dials under way; ${done} is then not called.
 */
NODISCARD err transport_dial(
    struct transport *t, const char *addr, transport_dialled *done, void *ctx);

/** transport_listen_ip(t, i, out): the i-th plain TCP listener. */
bool transport_listen_ip(
    const struct transport *t, size_t i, struct multiaddr_ip *out);

/* One side of a simultaneous open; see dcutr.h. */
struct transport_punch {
	struct peer_id peer;
	struct slice addr; /* binary, an IP address with TCP */
	bool dialer;       /* the role above TCP, whoever comes first */
	bool from_port;    /* from the port that we listen on, or not at all */
};

/**
 * transport_punch(t, p): dial, and tell nobody what comes of it but the
 * host. ERR_FORM: not such an address; ERR_LIMIT; ERR_IO: not from the port.
 */
NODISCARD err transport_punch(
    struct transport *t, const struct transport_punch *p);

/**
 * transport_from_port(t, conn):
 * Does the other side see the port that we listen on? It dialled us, or we
 * dialled from there, as we do where the whole world may be: then a NAT
 * shows it the address that others can come in by.
 */
bool transport_from_port(const struct transport *t, host_conn conn);

/** transport_wake(t): call after any host_ call outside an event. */
void transport_wake(struct transport *t);

/** transport_stop(t): close everything; free after the loop has run out. */
void transport_stop(struct transport *t);
void transport_free(struct transport *t);
