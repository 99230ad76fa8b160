/*
 * address.h: what may be concluded from a multiaddr alone: how it is dialled,
 * in which order addresses are tried, which ones belong to one owner.
 * Nothing is looked up. How far away an address reaches: reach.h.
 */
#pragma once

#include "proto/libp2p/reach.h"

/* How a connection is made. */
enum address_kind {
	ADDRESS_TCP, /* onion services too */
	ADDRESS_WEBSOCKET,
	ADDRESS_CIRCUIT, /* through a relay */
	ADDRESS_OTHER,   /* UDP, QUIC, a socket file: nothing that we dial */
};

/** address_kind(addr): ADDRESS_OTHER when malformed, too. */
enum address_kind address_kind(struct slice addr);

/** address_ip(addr, out): the IP and port it begins with, if any. */
bool address_ip(struct slice addr, struct multiaddr_ip *out);

/**
 * address_rank(addr): smaller ones are tried first: near before far, TCP
 * before WebSocket, relays last.
 */
unsigned address_rank(struct slice addr);

/* Parts of the address space that tend to have one owner. */
enum address_scope {
	ADDRESS_HOST, /* an IPv4 address, an IPv6 /64 */
	ADDRESS_NET,  /* /24, /48 */
	ADDRESS_WIDE, /* /16, /32 */
};

/** address_same(a, b, scope): do both lie in one such part? */
bool address_same(const struct multiaddr_ip *a, const struct multiaddr_ip *b,
    enum address_scope scope);
