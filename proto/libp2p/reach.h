/*
 * reach.h: how far an address carries, and who its neighbours are. For every
 * place that takes addresses from strangers: what is said from far away must
 * not have us knock at our own doors, and a thousand peers of one subnet
 * must not count as a thousand.
 *
 * It looks at the IP address at the front alone. A name, or a relay's
 * address, carries as far as what stands there.
 */
#pragma once

#include "proto/libp2p/multiaddr.h"

/* From the nearest on: an address may be told to who is no farther away. */
enum reach {
	REACH_NOWHERE, /* unspecified, multicast, reserved: never dialled */
	REACH_MACHINE, /* loopback */
	REACH_SITE,    /* private, shared and link-local addresses */
	REACH_WORLD,   /* all others, and names */
};

/** reach_of_ip(ip): IPv4 within IPv6 counts as IPv4. */
enum reach reach_of_ip(const struct multiaddr_ip *ip);

/** reach_of(addr): of a binary address; what we cannot read: NOWHERE. */
enum reach reach_of(struct slice addr);

/**
 * reach_may_name(from, addr):
 * May a peer that talks to us from the address ${from} name ${addr} as one
 * to dial? Not when it is nearer to us than the peer itself. ${from} that
 * is no IP address, or is a relay's, counts as far away.
 */
bool reach_may_name(struct slice from, struct slice addr);

/* An IPv4 /24 or an IPv6 /56, as one number; 0: neither. */
typedef uint64_t reach_group;

/** reach_group_of(addr): of the IP address at the front; 0: there is none. */
reach_group reach_group_of(struct slice addr);
