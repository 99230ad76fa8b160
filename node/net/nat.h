/*
 * nat.h: how others reach this node, and it them, when a router is in
 * between: puts together observed addresses, port mapping, AutoNAT, relays
 * and hole punching (all in proto/libp2p but the mapping) as one service of
 * network.h. What is announced, when a relay is asked for a place, and what
 * the status says of all that, is decided here.
 *
 *   confirmed by AutoNAT        announced; no relay
 *   refuted, or nothing public  places at NAT_RELAYS relays, announced
 */
#pragma once

#include "node/net/network.h"
#include "proto/libp2p/autonat.h"
#include "proto/libp2p/dcutr.h"
#include "proto/libp2p/relay.h"

#define NAT_RELAYS 2 /* at which we want a place while not reachable */

struct nat;

/** nat_open(n, w): makes the services, adds itself to ${w}; ERR_NOMEM. */
NODISCARD err nat_open(struct node *n, struct network *w);

/** nat_start(t): the node listens: ask the router. */
void nat_start(struct nat *t);

/** nat_verdict(t): can others reach us without a relay? */
enum autonat_verdict nat_verdict(const struct nat *t);

/**
 * nat_connect(t, addr, done, ctx): as transport_dial(), of an address through
 * a relay. ERR_NOTFOUND: it is another kind of address.
 */
NODISCARD err nat_connect(
    struct nat *t, const char *addr, transport_dialled *done, void *ctx);

/** nat_json(t): for the API's status; see API.md. NULL: no memory. */
json_t *nat_json(struct nat *t);

/* ---- nat_dialback.c ---- */

struct dialbacks;

/** dialbacks_new(n): the sockets by which we test others; NULL: no memory. */
struct dialbacks *dialbacks_new(struct node *n);

/**
 * dialbacks_start(d, news, done, ctx): ${news} is an AUTONAT_DIAL. ${done}
 * comes once, from the loop, unless dialbacks_stop() is called before.
 */
typedef void dialback_done(
    void *ctx, uint32_t id, enum autonat_dial_status status);
void dialbacks_start(struct dialbacks *d, const struct autonat_news *news,
    dialback_done *done, void *ctx);
void dialbacks_stop(struct dialbacks *d);
void dialbacks_free(struct dialbacks *d);
