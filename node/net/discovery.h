/*
 * discovery.h: how a node finds strangers: Kademlia and multicast DNS hooked
 * into the network (network.h). Whom it hears of goes to the host's peer
 * store; whom to dial is the host's to decide.
 *
 * With kad.mode "auto" a node is a client until it has proof that others
 * can reach it: somebody has connected to it from outside of this machine,
 * or AutoNAT said so.
 */
#pragma once

#include "node/node.h"
#include "proto/libp2p/kad.h"
#include "proto/libp2p/mdns.h"

struct discovery;

/** discovery_protocol(net, out): "/ohcn/NET/kad/1.0.0". */
#define DISCOVERY_PROTOCOL_MAX 48
void discovery_protocol(const char *net, char out[DISCOVERY_PROTOCOL_MAX]);

struct discovery_config {
	struct node *n;
	const char *protocol;  /* of Kademlia; outlives it */
	size_t protocol_index; /* of it in the host's list */
	/* The interfaces of the machine have changed. */
	void (*changed)(void *ctx);
	void *ctx;
};

/** discovery_new(cf): NULL: over budget, or out of memory. */
struct discovery *discovery_new(const struct discovery_config *cf);

/** discovery_start(d): sockets of mDNS; what fails is logged, no more. */
void discovery_start(struct discovery *d);

/* Its side of struct network_service; ${ctx} is the struct discovery. */
bool discovery_event(void *ctx, const struct host_event *ev, uint64_t now_ms);
uint64_t discovery_expiry(const void *ctx);
void discovery_on_time(void *ctx, uint64_t now_ms);
void discovery_drain(void *ctx, uint64_t now_ms);
void discovery_announced(void *ctx, const struct slice *addrs, size_t n);
void discovery_stop(void *ctx);
void discovery_free(void *ctx);

/** discovery_reachable(d, yes): what AutoNAT found out. */
void discovery_reachable(struct discovery *d, bool yes);

/* What a lookup has found; ${error} as of KAD_DONE, ERR_CLOSED at the end. */
typedef void discovery_found(void *ctx, err error,
    const struct kad_contact *found, uint32_t n, uint32_t asked);

/**
 * discovery_lookup(d, what, key, done, ctx):
 * ${done} is called once, later, from the loop. As kad_lookup(); ERR_NOTFOUND
 * also: kad.mode is off; ${done} is then not called.
 */
NODISCARD err discovery_lookup(struct discovery *d, enum kad_lookup what,
    struct slice key, discovery_found *done, void *ctx);

/** discovery_addrs(d, out): what is announced; borrowed; how many. */
uint32_t discovery_addrs(
    const struct discovery *d, struct slice out[HOST_ADDRS_MAX]);

/** discovery_kad(d): NULL: kad.mode is off. */
const struct kad *discovery_kad(const struct discovery *d);

/** discovery_mdns(d, out): false: mdns.mode is off, or without sockets. */
bool discovery_mdns(const struct discovery *d, struct mdns_stats *out);
