/*
 * kad_net.h: hosts with Kademlia in virtual time. Every node has a service;
 * what it wants dialled is dialled, if it was told the address of a node of
 * the net, and that node is not deaf.
 */
#pragma once

#include "proto/libp2p/kad.h"
#include "tests/unit/test_net.h"

#define KAD_NET_PROTOCOL "/ohcn/test/kad/1.0.0"

struct kad_net_node {
	struct kad *kad;
	bool deaf; /* no connection to it or from it any more */
	/* Its book: addresses that it was told, those of nodes by number. */
	bool known[TEST_NET_NODES];
	unsigned first; /* + 1: it stays connected to this one */
	uint64_t next_ms[TEST_NET_NODES]; /* not dialled before */
	unsigned told, strangers;         /* additions; of nobody in the net */
	/* Wants of a connection; of one that is not there, for lookups. */
	unsigned dials;
	/* The answer to its last kad_lookup(). */
	struct kad_contact found[KAD_CLOSER_MAX];
	unsigned found_n, done, asked;
	err error;
};

struct kad_net {
	struct test_net net;
	struct kad_net_node nodes[TEST_NET_NODES];
	/* Connections that are asked for. */
	unsigned from[4096], to[4096], wanted_n;
	unsigned peers_wanted; /* of those it was told, by itself */
};

/** kad_net_new(seed): no nodes yet. */
struct kad_net *kad_net_new(uint64_t seed);
void kad_net_free(struct kad_net *n);

/** kad_net_add(n, params, server): a node; its number. */
unsigned kad_net_add(
    struct kad_net *n, const struct kad_params *params, bool server);

/** kad_net_tell(n, a, b): ${b} is the bootstrap peer of ${a}. */
void kad_net_tell(struct kad_net *n, unsigned a, unsigned b);

/** kad_net_run(n, ms): let so much time go by. */
void kad_net_run(struct kad_net *n, uint64_t ms);

/** kad_net_peers(n, node): how many it is connected with. */
unsigned kad_net_peers(struct kad_net *n, unsigned node);

/** kad_net_contact(n, node): its true contact. */
struct kad_contact kad_net_contact(struct kad_net *n, unsigned node);
