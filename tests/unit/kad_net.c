#include "tests/unit/kad_net.h"

#include <stdlib.h>

static struct slice
address_of(unsigned node, uint8_t out[8])
{
	const uint8_t a[8] = { 4, 10, 0, (uint8_t)(node >> 8), (uint8_t)node, 6,
		0x0f, 0xa1 };

	memcpy(out, a, sizeof(a));
	return slice_of(out, 8);
}

static unsigned
node_of(const struct kad_net *n, const struct peer_id *id)
{
	for (unsigned i = 0; i < n->net.nodes_n; i++)
		if (peer_id_eq(test_net_id(&n->net, i), id))
			return i;
	return TEST_NET_NODES;
}

struct who {
	struct kad_net *n;
	unsigned node;
};

static struct who who[TEST_NET_NODES];

static void
book_add(void *ctx, const struct peer_id *teller, const struct peer_id *id,
    struct slice addr, uint64_t now_ms)
{
	const struct who *w = ctx;
	struct kad_net_node *me = &w->n->nodes[w->node];
	const unsigned other = node_of(w->n, id);
	uint8_t raw[8];

	(void)now_ms;
	ASSERT(teller->n > 0);
	me->told++;
	if (other < TEST_NET_NODES && slice_eq(addr, address_of(other, raw)))
		me->known[other] = true;
	else
		me->strangers++;
}

static err
book_connect(void *ctx, const struct peer_id *id, uint64_t now_ms)
{
	const struct who *w = ctx;
	struct kad_net *n = w->n;
	struct kad_net_node *me = &n->nodes[w->node];
	const unsigned other = node_of(n, id);

	(void)now_ms;
	me->dials++;
	if (other == TEST_NET_NODES || !me->known[other] ||
	    n->wanted_n == ARRAY_LEN(n->from))
		return OK; /* nobody answers there */
	n->from[n->wanted_n] = w->node;
	n->to[n->wanted_n++] = other;
	return OK;
}

static void
on_event(struct test_net *net, unsigned node, const struct host_event *ev)
{
	struct kad_net *n = net->user;

	(void)kad_event(n->nodes[node].kad, ev, net->t.now_ms);
}

struct kad_net *
kad_net_new(uint64_t seed)
{
	struct kad_net *n = calloc(1, sizeof(*n));

	ASSERT(n != NULL);
	test_net_init(&n->net, seed);
	n->net.step_ms = 20;
	n->net.on_event = on_event;
	n->net.user = n;
	return n;
}

void
kad_net_free(struct kad_net *n)
{
	for (unsigned i = 0; i < n->net.nodes_n; i++)
		kad_free(n->nodes[i].kad);
	test_net_fini(&n->net);
	free(n);
}

unsigned
kad_net_add(struct kad_net *n, const struct kad_params *params, bool server)
{
	static const char *const protocols[] = { KAD_NET_PROTOCOL };
	static const uint8_t flags[] = { HOST_PROTOCOL_OFF };
	struct host_config hc = test_net_config();
	uint8_t raw[8];

	hc.protocols = protocols;
	hc.protocol_flags = flags;
	hc.protocols_n = 1;
	const unsigned node = test_net_add(&n->net, &hc);
	struct test_node *t = &n->net.nodes[node];
	const struct slice addr = address_of(node, raw);
	who[node] = (struct who){ n, node };
	const struct kad_config cf = {
		.host = t->host,
		.env = &n->net.t.env,
		.mem = &t->mem,
		.protocol = KAD_NET_PROTOCOL,
		.protocol_index = 0,
		.book = { &who[node], book_add, book_connect },
		.params = *params,
	};
	struct kad *k = kad_new(&cf, n->net.t.now_ms);
	ASSERT(k != NULL);
	n->nodes[node].kad = k;
	host_listen_set(t->host, &addr, 1);
	kad_addrs_set(k, &addr, 1);
	kad_server_set(k, server, n->net.t.now_ms);
	return node;
}

void
kad_net_tell(struct kad_net *n, unsigned a, unsigned b)
{
	n->nodes[a].known[b] = true;
	n->nodes[a].first = b + 1;
}

unsigned
kad_net_peers(struct kad_net *n, unsigned node)
{
	struct host_stats s;

	host_stats(n->net.nodes[node].host, &s);
	return s.peers_now;
}

struct kad_contact
kad_net_contact(struct kad_net *n, unsigned node)
{
	struct kad_contact c = { .id = *test_net_id(&n->net, node) };
	uint8_t raw[8];

	(void)kad_contact_add(&c, address_of(node, raw));
	return c;
}

static void
connect_two(struct kad_net *n, unsigned a, unsigned b)
{
	struct host_peer_info info;

	if (a == b || n->nodes[a].deaf || n->nodes[b].deaf ||
	    n->net.t.now_ms < n->nodes[a].next_ms[b] ||
	    host_peer_find(
		n->net.nodes[a].host, test_net_id(&n->net, b), &info))
		return;
	n->nodes[a].next_ms[b] = n->net.t.now_ms + 2000;
	(void)test_net_connect(&n->net, a, b, NULL);
}

/* Its bootstrap peer, and at random some of those that it knows. */
static void
keep_up(struct kad_net *n, unsigned node)
{
	if (n->nodes[node].first > 0)
		connect_two(n, node, n->nodes[node].first - 1);
	if (kad_net_peers(n, node) >= n->peers_wanted)
		return;
	const unsigned other = (unsigned)test_below(&n->net.t, n->net.nodes_n);
	if (n->nodes[node].known[other])
		connect_two(n, node, other);
}

static void
poll_kad(struct kad_net *n, unsigned node)
{
	struct kad_net_node *me = &n->nodes[node];
	struct kad_event ev;

	while (kad_next(me->kad, &ev)) {
		if (ev.type == KAD_FOUND && me->found_n < KAD_CLOSER_MAX)
			me->found[me->found_n++] = ev.contact;
		if (ev.type == KAD_DONE) {
			me->done++;
			me->error = ev.error;
			me->asked = ev.asked;
		}
	}
}

void
kad_net_run(struct kad_net *n, uint64_t ms)
{
	const uint64_t end = n->net.t.now_ms + ms;
	unsigned turns = 0;

	while (n->net.t.now_ms < end) {
		for (unsigned i = 0; i < n->wanted_n; i++)
			connect_two(n, n->from[i], n->to[i]);
		n->wanted_n = 0;
		test_net_run(&n->net, n->net.step_ms);
		for (unsigned i = 0; i < n->net.nodes_n; i++) {
			if (kad_expiry(n->nodes[i].kad) <= n->net.t.now_ms)
				kad_on_time(n->nodes[i].kad, n->net.t.now_ms);
			poll_kad(n, i);
			if (turns % 8 == 0)
				keep_up(n, i);
		}
		turns++;
	}
}
