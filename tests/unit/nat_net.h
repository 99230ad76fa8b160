/*
 * nat_net.h: hosts of test_net.h with the services that bring peers together
 * through relays and NATs. Dials are played: an AutoNAT dial-back reaches the
 * asker when it is said to be open; a punched hole opens when both dial.
 */
#pragma once

#include "proto/libp2p/autonat.h"
#include "proto/libp2p/dcutr.h"
#include "proto/libp2p/relay.h"
#include "tests/unit/test_net.h"

#define NAT_NODES 24
#define NAT_NEWS  32
#define ECHO      "/test/echo"  /* runs on limited connections */
#define PLAIN     "/test/plain" /* does not */

enum nat_protocol {
	NAT_HOP,
	NAT_STOP,
	NAT_DIAL,
	NAT_BACK,
	NAT_PUNCH,
	NAT_ECHO,
	NAT_PLAIN
};

struct nat_node {
	struct relay *relay;
	struct autonat *autonat;
	struct dcutr *dcutr;
	bool open; /* dial-backs to it succeed */
	struct relay_news news[NAT_NEWS];
	unsigned news_n;
	struct dcutr_news punches[NAT_NEWS];
	unsigned punches_n;
	struct autonat_news dials[NAT_NEWS];
	unsigned dials_n;
	unsigned changed;
	/* The streams of the application. */
	size_t echoed, got;
	struct host_stream opened; /* the last by a peer */
	struct host_event last;    /* of its streams */
	unsigned refused, closed;
	bool deaf; /* reads no stream */
	/* What it writes on each stream that is opened to it, ${cut} bytes at
	 * a time, instead of any service; hostile.p NULL: it is none. */
	struct slice hostile;
	size_t cut;
	struct slice left; /* of the last stream */
};

struct nat_net {
	struct test_net net;
	struct nat_node nodes[NAT_NODES];
	bool lies;              /* who cannot dial back says that it did */
	bool holes;             /* simultaneous dials meet */
	bool mute;              /* dial-backs are not done, nor answered */
	uint32_t punch_pending; /* node + 1 that has dialled */
	struct dcutr_news punch;
};

extern struct nat_net nat;

struct nat_options {
	bool service;
	struct relay_limits relay;
	struct autonat_limits autonat;
	struct dcutr_limits dcutr;
};

void nat_init(uint64_t seed);
void nat_fini(void);
struct nat_options nat_options(void);
unsigned nat_add(const struct nat_options *o);
void nat_run(uint64_t ms);

/** nat_circuit(a, b): the first circuit from a to b at a; 0: none. */
host_conn nat_circuit(unsigned a, unsigned b);

/** nat_echo(node): read what waits on the last stream, no longer deaf. */
void nat_echo(unsigned node);

/** nat_address(node, out): where test_net has it. */
struct slice nat_address(unsigned node, uint8_t out[8]);
