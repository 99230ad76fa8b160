/*
 * gossip_net.h: many gossip routers with links of unequal latency, in virtual
 * time and without connections, crypto or hosts: what it takes to see how
 * messages spread. One seed gives one run.
 */
#pragma once

#include "proto/libp2p/gossipsub.h"
#include "tests/unit/test_env.h"

#define GOSSIP_NET_TOPIC "/ohcn/1/test/demand"

enum gossip_net_kind {
	NET_HONEST,
	NET_MUTE, /* takes everything, passes on and announces nothing */
	NET_LIAR, /* announces ids, and never sends a body */
};

struct gossip_net_config {
	uint64_t seed;
	uint32_t nodes;
	uint32_t dials; /* links that each node makes */
	uint32_t latency_min_ms, latency_max_ms;
	uint32_t loss_percent; /* nodes of kind ${bad} after the warm-up */
	enum gossip_net_kind bad;
	uint32_t publishers;
	uint32_t messages; /* that are measured */
	uint32_t every_ms; /* one is published */
	uint32_t warm;     /* messages before those, not measured */
	uint32_t bytes;    /* of a message, at least 8 */
	struct gossip_params params;
};

struct gossip_net_result {
	uint32_t p50_ms, p99_ms, max_ms; /* of deliveries to honest nodes */
	uint32_t missing;                /* deliveries that did not happen */
	uint32_t bodies_percent; /* bodies received per node and message */
	uint32_t pulled_percent; /* of the deliveries, by asking */
	uint32_t retries;
	uint64_t control_bytes; /* per node and message */
	uint32_t
	    bad_percent;     /* of the honest nodes' mesh members, at the end */
	uint32_t below_zero; /* honest nodes' scores below 0 at honest nodes */
};

struct gossip_net_config gossip_net_default(void);
struct gossip_net_result gossip_net_run(const struct gossip_net_config *cf);
