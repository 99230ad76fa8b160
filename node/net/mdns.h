/*
 * mdns.h: the sockets of multicast DNS: joins the groups on every interface
 * that is up, sends and reads for the machine of proto/libp2p/mdns.h, hands
 * over whom it finds. Interfaces that come and go are followed.
 */
#pragma once

#include "node/node.h"
#include "proto/libp2p/mdns.h"

struct mdns_sockets;

/**
 * mdns_on_link(from, at, mask): is ${from} in the subnet of an interface with
 * the address ${at} and the netmask ${mask}, or a link-local address?
 */
bool mdns_on_link(const struct sockaddr *from, const struct sockaddr *at,
    const struct sockaddr *mask);

/**
 * mdns_sockets_new(n, changed, ctx): opens nothing yet. ${changed}: another
 * interface is there. NULL: no memory.
 */
struct mdns_sockets *mdns_sockets_new(
    struct node *n, void (*changed)(void *ctx), void *ctx);

/**
 * mdns_sockets_start(s): false: no socket could be opened (the port is held
 * by a program that does not share it), which is logged.
 */
bool mdns_sockets_start(struct mdns_sockets *s);

/** mdns_sockets_addrs(s, addrs, n): what we announce. */
void mdns_sockets_addrs(
    struct mdns_sockets *s, const struct slice *addrs, size_t n);

uint64_t mdns_sockets_expiry(const struct mdns_sockets *s);
void mdns_sockets_on_time(struct mdns_sockets *s, uint64_t now_ms);
void mdns_sockets_drain(struct mdns_sockets *s, uint64_t now_ms);
void mdns_sockets_stats(const struct mdns_sockets *s, struct mdns_stats *out);

/** mdns_sockets_stop(s): closes; free when the loop has run out. */
void mdns_sockets_stop(struct mdns_sockets *s);
void mdns_sockets_free(struct mdns_sockets *s);
