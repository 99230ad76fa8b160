#include "tests/unit/test_net.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"

void
test_net_init(struct test_net *net, uint64_t seed)
{
	memset(net, 0, sizeof(*net));
	test_env_init(&net->t, seed);
	net->step_ms = 5;
}

static void
wire_gone(struct test_net *net, struct test_wire *w, int side)
{
	if (w->conn[side] == 0)
		return;
	host_conn_gone(
	    net->nodes[w->node[side]].host, w->conn[side], net->t.now_ms);
	w->conn[side] = 0;
	w->output[side] = false;
}

void
test_net_fini(struct test_net *net)
{
	for (unsigned i = 0; i < net->nodes_n; i++) {
		host_free(net->nodes[i].host);
		ASSERT(net->nodes[i].mem.used == 0);
	}
	for (unsigned i = 0; i < net->wires_n; i++) {
		free(net->wires[i].pipe[0].p);
		free(net->wires[i].pipe[1].p);
	}
	test_env_check(&net->t);
}

struct host_config
test_net_config(void)
{
	struct host_config cf = {
		.agent = "test/1",
		.protocol_version = "test",
		.limits = host_limits_default(),
		.gossip = gossip_params_default(),
	};

	/* Many connect in the same instant here. */
	cf.limits.half_open_max = UINT32_MAX;
	cf.limits.handshakes_per_s = 0;
	cf.limits.conns_per_ip_max = 16;
	return cf;
}

unsigned
test_net_add(struct test_net *net, const struct host_config *cf)
{
	ASSERT(net->nodes_n < TEST_NET_NODES);
	const unsigned index = net->nodes_n++;
	struct test_node *n = &net->nodes[index];
	uint8_t seed[ED25519_SEED] = { 0 }, pub[ED25519_PUBLIC];
	struct host_config own = *cf;

	n->net = net;
	n->index = index;
	n->mem = mem_child(&net->t.mem, SIZE_MAX / 2);
	put_u32be(seed, index + 1);
	ed25519_keypair(pub, n->secret, seed);
	own.env = &net->t.env;
	own.mem = &n->mem;
	own.secret = n->secret;
	n->host = host_new(&own, net->t.now_ms);
	ASSERT(n->host != NULL);
	return index;
}

struct slice
test_net_address(unsigned node, uint8_t out[8])
{
	const uint8_t a[8] = { 4, 10, 0, (uint8_t)(node >> 8), (uint8_t)node, 6,
		0x0f, 0xa1 };

	memcpy(out, a, sizeof(a));
	return slice_of(out, 8);
}

static err
join(struct test_net *net, unsigned a, unsigned b, unsigned from,
    const struct host_conn_config *from_a, unsigned *wire)
{
	ASSERT(net->wires_n < TEST_NET_WIRES);
	struct test_wire *w = &net->wires[net->wires_n];
	uint8_t at_a[8];
	const struct host_conn_config to_b = { .remote =
						   test_net_address(from, at_a),
		.limited = from_a->limited };

	*w = (struct test_wire){ .node = { a, b } };
	TRY(host_conn_open(
	    net->nodes[a].host, from_a, net->t.now_ms, &w->conn[0]));
	const err e = host_conn_open(
	    net->nodes[b].host, &to_b, net->t.now_ms, &w->conn[1]);
	if (e != OK) {
		host_conn_gone(net->nodes[a].host, w->conn[0], net->t.now_ms);
		return e;
	}
	if (wire != NULL)
		*wire = net->wires_n;
	net->wires_n++;
	return OK;
}

err
test_net_connect(struct test_net *net, unsigned a, unsigned b, unsigned *wire)
{
	uint8_t at_b[8];
	const struct host_conn_config from_a = { .dialer = true,
		.remote = test_net_address(b, at_b) };

	return join(net, a, b, a, &from_a, wire);
}

err
test_net_connect_as(
    struct test_net *net, unsigned a, unsigned b, unsigned from, unsigned *wire)
{
	uint8_t at_b[8];
	const struct host_conn_config from_a = { .dialer = true,
		.remote = test_net_address(b, at_b) };

	return join(net, a, b, from, &from_a, wire);
}

err
test_net_relay(struct test_net *net, unsigned a, unsigned b, unsigned *wire)
{
	uint8_t at_b[8];
	const struct host_conn_config from_a = { .dialer = true,
		.limited = true,
		.remote = test_net_address(b, at_b) };

	return join(net, a, b, a, &from_a, wire);
}

int
test_net_route(struct test_net *net, unsigned from, struct slice addr)
{
	uint8_t at[8];

	(void)from;
	for (unsigned i = 0; i < net->nodes_n; i++)
		if (slice_eq(addr, test_net_address(i, at)))
			return (int)i;
	return TEST_NET_REFUSED;
}

/* What a host wants to dial. */
static void
take_dials(struct test_net *net, struct test_node *n)
{
	struct host_dial dial;

	while (net->dials && host_next_dial(n->host, &dial)) {
		const struct slice addr = slice_of(dial.addr, dial.addr_n);
		struct test_dial *d = net->pending;
		while (d->used)
			ASSERT(++d < net->pending + TEST_NET_DIALS);
		*d = (struct test_dial){ .used = true,
			.from = n->index,
			.to = net->route == NULL
				  ? test_net_route(net, n->index, addr)
				  : net->route(net, n->index, addr),
			.at_ms = net->t.now_ms + net->step_ms,
			.dial = dial };
		if (d->to == TEST_NET_SILENT)
			d->at_ms = net->t.now_ms + TEST_NET_SILENCE_MS;
	}
}

static void
decide_dials(struct test_net *net)
{
	for (unsigned i = 0; i < TEST_NET_DIALS; i++) {
		struct test_dial *d = &net->pending[i];
		if (!d->used || d->at_ms > net->t.now_ms)
			continue;
		d->used = false;
		const struct host_conn_config cf = { .dialer = true,
			.remote = slice_of(d->dial.addr, d->dial.addr_n),
			.dial = d->dial.number };
		if (d->to < 0 || join(net, d->from, (unsigned)d->to, d->from,
				     &cf, NULL) != OK)
			host_dial_failed(net->nodes[d->from].host,
			    d->dial.number, net->t.now_ms);
	}
}

void
test_net_cut(struct test_net *net, unsigned wire)
{
	net->wires[wire].cut = true;
	wire_gone(net, &net->wires[wire], 0);
	wire_gone(net, &net->wires[wire], 1);
}

const struct peer_id *
test_net_id(const struct test_net *net, unsigned node)
{
	return host_self(net->nodes[node].host);
}

static void
send_side(struct test_net *net, struct test_wire *w, int side)
{
	struct test_pipe *pipe = &w->pipe[side];

	/* A TCP stack would not take crumbs either. */
	if (w->conn[side] == 0 || TEST_NET_PIPE - pipe->n < 2048)
		return;
	if (pipe->p == NULL)
		pipe->p = malloc(TEST_NET_PIPE);
	ASSERT(pipe->p != NULL);
	struct buf out = { pipe->p, pipe->n, TEST_NET_PIPE };
	w->output[side] = false;
	if (pipe->n == 0)
		pipe->ready_ms = net->t.now_ms + net->step_ms;
	host_send(
	    net->nodes[w->node[side]].host, w->conn[side], net->t.now_ms, &out);
	pipe->n = out.n;
}

static struct test_wire *
wire_of(struct test_net *net, unsigned node, host_conn conn, int *side)
{
	for (unsigned i = 0; i < net->wires_n; i++)
		for (*side = 0; *side < 2; ++*side)
			if (net->wires[i].node[*side] == node &&
			    net->wires[i].conn[*side] == conn)
				return &net->wires[i];
	/* A circuit, which has none. */
	ASSERT(net->service_output != NULL);
	return NULL;
}

static void
on_close(struct test_net *net, struct test_node *n, const struct host_event *ev)
{
	int side = 0;
	struct test_wire *w = wire_of(net, n->index, ev->conn, &side);

	n->closes++;
	n->error = ev->error;
	(void)snprintf(n->why, sizeof(n->why), "%s", ev->why);
	if (w == NULL)
		return;
	send_side(net, w, side);
	wire_gone(net, w, side);
}

static void
poll_host(struct test_net *net, struct test_node *n)
{
	struct host_event ev;
	host_conn conn = 0;
	int side = 0;

	while (host_next(n->host, &ev)) {
		n->ups += ev.type == HOST_PEER_UP;
		n->downs += ev.type == HOST_PEER_DOWN;
		n->identified += ev.type == HOST_IDENTIFIED;
		n->messages += ev.type == HOST_MESSAGE;
		if (ev.type == HOST_CLOSE)
			on_close(net, n, &ev);
		if (net->service_event != NULL &&
		    net->service_event(net, n->index, &ev))
			continue;
		if (net->on_event != NULL)
			net->on_event(net, n->index, &ev);
		if (ev.type == HOST_MESSAGE && !n->manual)
			host_verdict(n->host, ev.message.handle, GOSSIP_ACCEPT,
			    net->t.now_ms);
	}
	take_dials(net, n);
	while (host_next_output(n->host, &conn)) {
		if (net->service_output != NULL &&
		    net->service_output(net, n->index, conn))
			continue;
		struct test_wire *w = wire_of(net, n->index, conn, &side);
		if (w == NULL)
			continue;
		w->output[side] = true;
		send_side(net, w, side);
	}
}

static void
poll_node(struct test_net *net, struct test_node *n)
{
	do
		poll_host(net, n);
	while (net->service_poll != NULL && net->service_poll(net, n->index));
}

/* What has arrived at the other side of a direction. */
static void
deliver(struct test_net *net, struct test_wire *w, int side)
{
	struct test_pipe *pipe = &w->pipe[side];
	const int to = 1 - side;
	size_t at = 0;

	if (pipe->n == 0 || pipe->ready_ms > net->t.now_ms)
		return;
	while (at < pipe->n && w->conn[to] != 0) {
		size_t n = pipe->n - at;
		if (!net->whole && test_below(&net->t, 4) == 0)
			n = 1 + test_below(&net->t, n);
		struct slice in = slice_of(pipe->p + at, n);
		host_recv(net->nodes[w->node[to]].host, w->conn[to],
		    net->t.now_ms, &in);
		at += n - in.n;
		poll_node(net, &net->nodes[w->node[to]]);
		if (in.n == n)
			break;
	}
	if (w->conn[to] == 0)
		at = pipe->n;
	memmove(pipe->p, pipe->p + at, pipe->n - at);
	pipe->n -= at;
	pipe->ready_ms = net->t.now_ms + net->step_ms;
	if (pipe->n == 0) { /* thousands of wires are silent */
		free(pipe->p);
		pipe->p = NULL;
	}
}

static void
step(struct test_net *net)
{
	net->t.now_ms += net->step_ms;
	decide_dials(net);
	for (unsigned i = 0; i < net->wires_n; i++)
		for (int side = 0; side < 2; side++) {
			struct test_wire *w = &net->wires[i];
			if (w->cut)
				continue;
			deliver(net, w, side);
			if (w->output[side])
				send_side(net, w, side);
			/* The other side has hung up and all is read. */
			if (w->conn[side] == 0 && w->pipe[side].n == 0)
				wire_gone(net, w, 1 - side);
		}
	for (unsigned i = 0; i < net->nodes_n; i++) {
		struct test_node *n = &net->nodes[i];
		if (host_expiry(n->host) <= net->t.now_ms)
			host_on_time(n->host, net->t.now_ms);
		if (net->service_time != NULL)
			net->service_time(net, i);
		poll_node(net, n);
	}
}

void
test_net_run(struct test_net *net, uint64_t ms)
{
	const uint64_t end = net->t.now_ms + ms;

	for (unsigned i = 0; i < net->nodes_n; i++)
		poll_node(net, &net->nodes[i]);
	while (net->t.now_ms < end)
		step(net);
}
