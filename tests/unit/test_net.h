/*
 * test_net.h: hosts that talk to each other in memory and in virtual time.
 * Every wire has a latency, cuts the bytes at random places from the seed,
 * and holds a bounded number of bytes, so that a slow reader is felt.
 *
 * One seed gives one run: nothing reads a clock or a pointer.
 */
#pragma once

#include "proto/libp2p/host.h"
#include "tests/unit/test_env.h"

#define TEST_NET_NODES 128
#define TEST_NET_WIRES 4096
#define TEST_NET_PIPE  65536 /* bytes under way in one direction */
#define TEST_NET_DIALS 256   /* under way */

/* Where an address leads, beside the number of a node. */
#define TEST_NET_REFUSED    (-1)
#define TEST_NET_SILENT     (-2)
#define TEST_NET_SILENCE_MS 5000 /* until the driver gives up */

struct test_net;

struct test_node {
	struct test_net *net;
	unsigned index;
	struct mem mem; /* of this host alone */
	struct host *host;
	uint8_t secret[64];
	bool manual; /* messages are not accepted by themselves */
	uint64_t messages;
	unsigned ups, downs, identified, closes;
	char why[64]; /* of the last HOST_CLOSE */
	err error;
};

struct test_pipe {
	uint8_t *p; /* TEST_NET_PIPE bytes, while there are any */
	size_t n;
	uint64_t ready_ms; /* when what is in it arrives */
};

struct test_wire {
	unsigned node[2];
	host_conn conn[2];        /* 0: gone at this side */
	struct test_pipe pipe[2]; /* from side i to the other */
	bool output[2];           /* host_next_output() has named it */
	bool cut;
};

/* A dial that a host wants and the net carries out. */
struct test_dial {
	bool used;
	unsigned from;
	int to;
	uint64_t at_ms; /* when it is decided */
	struct host_dial dial;
};

struct test_net {
	struct test_env t;
	struct test_node nodes[TEST_NET_NODES];
	unsigned nodes_n;
	struct test_wire wires[TEST_NET_WIRES];
	unsigned wires_n;
	unsigned step_ms; /* and the latency of a wire */
	bool whole;       /* do not cut the bytes */
	/* Carry out what host_next_dial() wants; off unless a test asks. */
	bool dials;
	struct test_dial pending[TEST_NET_DIALS];
	/* NULL: test_net_address() of a node, all others are refused. */
	int (*route)(struct test_net *net, unsigned from, struct slice addr);
	/* Sees every event after the net has; may be NULL. */
	void (*on_event)(
	    struct test_net *net, unsigned node, const struct host_event *ev);
	void *user;
	/*
	 * Services over the host, such as the relay; all or none are set.
	 * event: true: its own alone; output: true: it has sent it; poll:
	 * true: something was done; time: each step.
	 */
	bool (*service_event)(
	    struct test_net *net, unsigned node, const struct host_event *ev);
	bool (*service_output)(
	    struct test_net *net, unsigned node, host_conn conn);
	bool (*service_poll)(struct test_net *net, unsigned node);
	void (*service_time)(struct test_net *net, unsigned node);
};

/** test_net_init(net, seed): no nodes yet; step_ms 5. */
void test_net_init(struct test_net *net, uint64_t seed);
void test_net_fini(struct test_net *net);

/** test_net_config(): what test_net_add() takes; change and pass on. */
struct host_config test_net_config(void);

/** test_net_add(net, cf): a node; env, mem and secret of ${cf} are set. */
unsigned test_net_add(struct test_net *net, const struct host_config *cf);

/**
 * test_net_connect(net, a, b, wire): a dials b. The error of the side that
 * refused, else OK; ${wire} may be NULL. ${a} may be ${b}.
 */
err test_net_connect(
    struct test_net *net, unsigned a, unsigned b, unsigned *wire);

/** test_net_connect_as(...): a shows the address of node ${from} instead. */
err test_net_connect_as(struct test_net *net, unsigned a, unsigned b,
    unsigned from, unsigned *wire);

/** test_net_relay(): as test_net_connect(), both sides call it limited. */
err test_net_relay(
    struct test_net *net, unsigned a, unsigned b, unsigned *wire);

/** test_net_address(node, out): where it listens, "/ip4/10.0.../tcp/4001". */
struct slice test_net_address(unsigned node, uint8_t out[8]);

/** test_net_route(net, from, addr): as without ${route}. */
int test_net_route(struct test_net *net, unsigned from, struct slice addr);

/** test_net_cut(net, wire): both sockets break. */
void test_net_cut(struct test_net *net, unsigned wire);

/** test_net_run(net, ms): let so much time go by. */
void test_net_run(struct test_net *net, uint64_t ms);

/** test_net_id(net, node): its peer id. */
const struct peer_id *test_net_id(const struct test_net *net, unsigned node);
