/*
 * network.h: the node's part of the libp2p network put together: the host,
 * the transport that moves its bytes, the services on top of the host (each
 * a state machine of its own, see proto/libp2p), and what is announced as
 * our addresses. run.c opens it, and keeps what is the node's own: records,
 * sync, the API.
 *
 * To hook a service in: a row in enum network_protocol and in the table of
 * network.c for each protocol that it answers; make it in
 * network_services_open(); hand it to network_service_add().
 */
#pragma once

#include "node/node.h"

#define NETWORK_SERVICES_MAX 16

/* The application protocols of the host, by their index. */
enum network_protocol {
	NETWORK_SYNC,
	NETWORK_NO_CRAWL, /* a sign: no stream of it is answered */
	NETWORK_KAD,
	NETWORK_HOP,
	NETWORK_STOP,
	NETWORK_AUTONAT,
	NETWORK_AUTONAT_BACK,
	NETWORK_DCUTR,
	NETWORK_STEM,
	NETWORK_PROTOCOLS,
};

/* A state machine that lives on the host's events. Any function but event()
 * may be NULL. */
struct network_service {
	const char *name;
	void *ctx;
	/* Each event of the host, until one service says it was its own. */
	bool (*event)(void *ctx, const struct host_event *ev, uint64_t now_ms);
	uint64_t (*expiry)(const void *ctx); /* when to call on_time() */
	void (*on_time)(void *ctx, uint64_t now_ms);
	/* After each of the above: x_next() and what the node does with it. */
	void (*drain)(void *ctx, uint64_t now_ms);
	/* Output of a connection that is no socket; true: sent. */
	bool (*output)(void *ctx, host_conn conn, uint64_t now_ms);
	/* A dial of the host's; true: it is answered by this service. */
	bool (*dial)(void *ctx, const struct host_dial *d, uint64_t now_ms);
	/* An address of ours that is known not to work from outside. */
	bool (*hides)(void *ctx, struct slice addr);
	/* Addresses to announce beside those we listen on; borrowed until
	 * the next call. */
	uint32_t (*addresses)(void *ctx, struct slice *out, uint32_t max);
	/* What is announced now, for services that say it themselves. */
	void (*announced)(void *ctx, const struct slice *addrs, size_t n);
	void (*stop)(void *ctx); /* sockets and timers of its own: close */
	void (*free)(void *ctx); /* the host is still there */
};

struct network;

/**
 * network_open(n, event):
 * Makes n->host, n->transport, n->network; listens. ${event}: what no service
 * takes. ERR_LIMIT, ERR_NOMEM, or as transport_listen(); n->problem says it.
 */
NODISCARD err network_open(
    struct node *n, void (*event)(void *ctx, const struct host_event *ev));

/** network_service_add(w, s): copied; before the loop runs. */
void network_service_add(struct network *w, const struct network_service *s);

/**
 * network_wake(w): after any call of a service or the host outside an event:
 * as transport_wake(), and re-arms the services' timer.
 */
void network_wake(struct network *w);

/** network_address_at(w, i, out): the i-th address of an interface that we
 * listen on, announced or not; false past the end. */
bool network_address_at(struct network *w, size_t i, struct multiaddr_ip *out);
bool network_has_address(struct network *w, const struct multiaddr_ip *ip);

/** network_announce(w): our addresses may have changed. */
void network_announce(struct network *w);

/** network_announced_at(w, i, out): what we announce; borrowed. */
bool network_announced_at(const struct network *w, size_t i, struct slice *out);

/** network_stop(w): with the transport; free after the loop has run out. */
void network_stop(struct network *w);
void network_free(struct network *w); /* host and transport too */
