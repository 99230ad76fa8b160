/*
 * transport.h: TCP for a sans-IO host: listens, dials, moves bytes between
 * libuv's sockets and host_recv() / host_send(), keeps the host's timer, and
 * hands the host's events to the node. All the thinking is in the host.
 *
 * A socket is read only as fast as the host takes it, and written with one
 * outstanding write at a time, so that a slow peer's bytes wait in the host's
 * bounded queues and nowhere else.
 */
#pragma once

#include <uv.h>

#include "node/problem.h"
#include "proto/libp2p/host.h"
#include "proto/libp2p/multiaddr.h"

struct transport;

struct transport_config {
	uv_loop_t *loop;
	const struct env *env;
	struct host *host;
	unsigned dials_max;       /* at once */
	unsigned dial_timeout_ms; /* until the TCP connection stands */
	/* Every event of the host but HOST_CLOSE; must not call back into
	 * transport_ functions other than transport_wake(). */
	void (*event)(void *ctx, const struct host_event *ev);
	/* After the host was driven, whatever for; may be NULL. */
	void (*after)(void *ctx);
	void *ctx;
};

struct transport *transport_new(const struct transport_config *cf);

/**
 * transport_listen(t, addr, p):
 * ${addr}: "/ip4/0.0.0.0/tcp/4141", port 0 for any. ERR_FORM: not such an
 * address; ERR_EXISTS: the port is in use; ERR_IO. ${p} says it in words.
 */
NODISCARD err transport_listen(
    struct transport *t, const char *addr, struct problem *p);

/** transport_listen_at(t, i, out): the i-th address, with its real port. */
bool transport_listen_at(
    const struct transport *t, size_t i, char out[MULTIADDR_TEXT_MAX]);

/* OK: connected (the handshake goes on); else ERR_NOTFOUND name, ERR_CLOSED
 * refused or timed out, ERR_LIMIT, ERR_EXISTS connected already. */
typedef void transport_dialled(void *ctx, err e, const char *why);

/**
 * transport_dial(t, addr, done, ctx):
 * Dial a multiaddr (text) with or without /p2p. ${done} may be NULL and is
 * called once, from the loop. ERR_FORM: not an address that TCP can reach;
 * ERR_LIMIT: too many dials under way; ${done} is then not called.
 */
NODISCARD err transport_dial(
    struct transport *t, const char *addr, transport_dialled *done, void *ctx);

/** transport_wake(t): call after any host_ call outside an event. */
void transport_wake(struct transport *t);

/** transport_stop(t): close everything; free after the loop has run out. */
void transport_stop(struct transport *t);
void transport_free(struct transport *t);
