#include "tests/unit/gossip_net.h"

#include <stdlib.h>

#include "proto/base/varint.h"

#define LINKS_MAX 64 /* of one node */
#define FRAME_MAX (1 << 20)

struct end {
	uint32_t node, number; /* the other node, and what it calls us */
	uint32_t latency_ms;
};

struct net_node {
	struct gossip *g;
	enum gossip_net_kind kind;
	struct end ends[LINKS_MAX];
	uint32_t ends_n;
	uint64_t timer_ms; /* the earliest timer under way */
};

/* Bytes that arrive, or with n == 0 a timer. */
struct net_event {
	uint64_t at_ms, order;
	uint32_t node, from;
	size_t n;
	uint8_t *bytes;
};

struct net {
	const struct gossip_net_config *cf;
	struct test_env t;
	struct net_node *nodes;
	struct net_event *heap;
	size_t heap_n, heap_cap;
	uint64_t order;
	uint64_t *born;   /* by message */
	uint32_t *delays; /* by message and node; UINT32_MAX: not there */
	uint64_t control_bytes;
	bool bad; /* the bad nodes are bad now */
};

static bool
before(const struct net_event *a, const struct net_event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void
heap_put(struct net *net, struct net_event e)
{
	if (net->heap_n == net->heap_cap) {
		net->heap_cap = MAX((size_t)1024, 2 * net->heap_cap);
		net->heap =
		    realloc(net->heap, net->heap_cap * sizeof(*net->heap));
		ASSERT(net->heap != NULL);
	}
	size_t i = net->heap_n++;
	e.order = net->order++;
	for (; i > 0 && before(&e, &net->heap[(i - 1) / 2]); i = (i - 1) / 2)
		net->heap[i] = net->heap[(i - 1) / 2];
	net->heap[i] = e;
}

static struct net_event
heap_take(struct net *net)
{
	const struct net_event first = net->heap[0];
	const struct net_event e = net->heap[--net->heap_n];
	size_t i = 0;

	for (size_t k = 1; k < net->heap_n; k = 2 * i + 1) {
		if (k + 1 < net->heap_n &&
		    before(&net->heap[k + 1], &net->heap[k]))
			k++;
		if (!before(&net->heap[k], &e))
			break;
		net->heap[i] = net->heap[k];
		i = k;
	}
	net->heap[i] = e;
	return first;
}

static void
judge(struct net *net, uint32_t node)
{
	struct net_node *n = &net->nodes[node];
	struct gossip_message m;

	while (gossip_next(n->g, &m)) {
		const uint32_t k = get_u32be(m.data.p);
		ASSERT(k < net->cf->warm + net->cf->messages);
		net->delays[(size_t)k * net->cf->nodes + node] =
		    (uint32_t)(net->t.now_ms - net->born[k]);
		gossip_verdict(n->g, m.handle,
		    net->bad && n->kind == NET_MUTE ? GOSSIP_IGNORE
						    : GOSSIP_ACCEPT,
		    net->t.now_ms);
	}
}

/* Whole frames; without those that carry a body if the node is a liar. */
static size_t
censor(struct net *net, const struct net_node *n, uint8_t *bytes, size_t size)
{
	size_t kept = 0;

	for (size_t at = 0; at < size;) {
		uint64_t len = 0;
		size_t head = 0;
		const err e =
		    varint_get(slice_of(bytes + at, size - at), &len, &head);
		ASSERT(e == OK);
		const size_t frame = head + (size_t)len;
		const bool body = len > 0 && bytes[at + head] == 0x12;
		if (!body)
			net->control_bytes += frame;
		if (!body || !net->bad || n->kind != NET_LIAR) {
			memmove(bytes + kept, bytes + at, frame);
			kept += frame;
		}
		at += frame;
	}
	return kept;
}

static void
flush(struct net *net, uint32_t node)
{
	static uint8_t bytes[FRAME_MAX];
	struct net_node *n = &net->nodes[node];
	uint32_t peer;

	while (gossip_next_output(n->g, &peer)) {
		struct buf out = { bytes, 0, sizeof(bytes) };
		const bool more = gossip_send(n->g, peer, &out);
		ASSERT(!more);
		out.n = censor(net, n, bytes, out.n);
		if (out.n == 0)
			continue;
		struct net_event e = { .at_ms = net->t.now_ms +
						n->ends[peer].latency_ms,
			.node = n->ends[peer].node,
			.from = n->ends[peer].number,
			.n = out.n,
			.bytes = malloc(out.n) };
		ASSERT(e.bytes != NULL);
		memcpy(e.bytes, bytes, out.n);
		heap_put(net, e);
	}
	const uint64_t at = MAX(gossip_expiry(n->g), net->t.now_ms + 1);
	if (at < n->timer_ms) {
		n->timer_ms = at;
		heap_put(net, (struct net_event){ .at_ms = at, .node = node });
	}
}

static void
run_until(struct net *net, uint64_t end)
{
	while (net->heap_n > 0 && net->heap[0].at_ms <= end) {
		struct net_event e = heap_take(net);
		struct net_node *n = &net->nodes[e.node];
		net->t.now_ms = e.at_ms;
		if (e.n == 0) {
			if (n->timer_ms != e.at_ms)
				continue; /* an earlier one took its place */
			n->timer_ms = UINT64_MAX;
			gossip_on_time(n->g, net->t.now_ms);
		} else {
			struct slice in = slice_of(e.bytes, e.n);
			while (in.n > 0) {
				const err took = gossip_recv(
				    n->g, e.from, net->t.now_ms, &in);
				ASSERT(took == OK);
				judge(net, e.node);
			}
			free(e.bytes);
		}
		flush(net, e.node);
	}
	net->t.now_ms = end;
}

static struct peer_id
id_of(uint32_t i)
{
	struct peer_id id = { .n = 38 };

	put_u32be(id.bytes + 34, i);
	return id;
}

static bool
is_linked(const struct net_node *n, uint32_t other)
{
	for (uint32_t i = 0; i < n->ends_n; i++)
		if (n->ends[i].node == other)
			return true;
	return false;
}

static void
join(struct net *net, uint32_t a, uint32_t b)
{
	struct net_node *na = &net->nodes[a], *nb = &net->nodes[b];
	const struct peer_id ida = id_of(a), idb = id_of(b);

	if (a == b || is_linked(na, b) || na->ends_n == LINKS_MAX ||
	    nb->ends_n == LINKS_MAX)
		return;
	const uint32_t span =
	    net->cf->latency_max_ms - net->cf->latency_min_ms + 1;
	const uint32_t latency =
	    net->cf->latency_min_ms + (uint32_t)test_below(&net->t, span);
	na->ends[na->ends_n] = (struct end){ b, nb->ends_n, latency };
	nb->ends[nb->ends_n] = (struct end){ a, na->ends_n, latency };
	err e = gossip_peer_up(na->g, na->ends_n++, &idb, true, true);
	ASSERT(e == OK);
	e = gossip_peer_up(nb->g, nb->ends_n++, &ida, false, true);
	ASSERT(e == OK);
}

static void
net_init(struct net *net, const struct gossip_net_config *cf)
{
	const size_t all = cf->warm + cf->messages;

	memset(net, 0, sizeof(*net));
	net->cf = cf;
	test_env_init(&net->t, cf->seed);
	net->nodes = calloc(cf->nodes, sizeof(*net->nodes));
	net->born = calloc(all, sizeof(*net->born));
	net->delays = malloc(all * cf->nodes * sizeof(*net->delays));
	ASSERT(net->nodes != NULL && net->born != NULL && net->delays != NULL);
	memset(net->delays, 0xff, all * cf->nodes * sizeof(*net->delays));
	for (uint32_t i = 0; i < cf->nodes; i++) {
		struct net_node *n = &net->nodes[i];
		n->timer_ms = UINT64_MAX;
		n->kind = test_below(&net->t, 100) < cf->loss_percent
			      ? cf->bad
			      : NET_HONEST;
		n->g = gossip_new(
		    &cf->params, &net->t.env, &net->t.mem, net->t.now_ms);
		ASSERT(n->g != NULL);
		const err e =
		    gossip_subscribe(n->g, GOSSIP_NET_TOPIC, net->t.now_ms);
		ASSERT(e == OK);
	}
	for (uint32_t i = 0; i < cf->nodes; i++)
		for (uint32_t k = 0; k < cf->dials; k++)
			join(net, i, (uint32_t)test_below(&net->t, cf->nodes));
	for (uint32_t i = 0; i < cf->nodes; i++)
		flush(net, i);
}

static void
publish(struct net *net, uint32_t k)
{
	uint8_t data[65536] = { 0 };
	uint32_t node = 0, sent = 0;

	do
		node = (uint32_t)test_below(
		    &net->t, MIN(net->cf->publishers, net->cf->nodes));
	while (net->nodes[node].kind != NET_HONEST);
	put_u32be(data, k);
	net->born[k] = net->t.now_ms;
	const err e = gossip_publish(net->nodes[node].g, GOSSIP_NET_TOPIC,
	    slice_of(data, net->cf->bytes), false, net->t.now_ms, &sent);
	ASSERT(e == OK);
	net->delays[(size_t)k * net->cf->nodes + node] = 0;
	flush(net, node);
}

static int
by_size(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* What the honest nodes think of those around them. */
static void
sum_up_peers(const struct net *net, struct gossip_net_result *r)
{
	uint32_t members = 0, bad = 0;

	for (uint32_t i = 0; i < net->cf->nodes; i++) {
		const struct net_node *n = &net->nodes[i];
		for (uint32_t k = 0; k < n->ends_n && n->kind == NET_HONEST;
		     k++) {
			const bool good =
			    net->nodes[n->ends[k].node].kind == NET_HONEST;
			const uint32_t in = gossip_peer_meshes(n->g, k);
			members += in;
			bad += good ? 0 : in;
			r->below_zero += good && gossip_score(n->g, k) < 0;
		}
	}
	r->bad_percent = members == 0 ? 0 : bad * 100 / members;
}

static void
sum_up(struct net *net, struct gossip_net_result *r)
{
	const struct gossip_net_config *cf = net->cf;
	uint32_t *all = malloc((size_t)cf->messages * cf->nodes * sizeof(*all));
	size_t n = 0;

	ASSERT(all != NULL);
	for (uint32_t k = cf->warm; k < cf->warm + cf->messages; k++)
		for (uint32_t i = 0; i < cf->nodes; i++) {
			const uint32_t d =
			    net->delays[(size_t)k * cf->nodes + i];
			if (net->nodes[i].kind != NET_HONEST)
				continue;
			if (d == UINT32_MAX)
				r->missing++;
			else
				all[n++] = d;
		}
	qsort(all, n, sizeof(*all), by_size);
	if (n > 0) {
		r->p50_ms = all[n / 2];
		r->p99_ms = all[n * 99 / 100];
		r->max_ms = all[n - 1];
	}
	free(all);
	sum_up_peers(net, r);
}

static struct gossip_stats
stats_of(const struct net *net)
{
	struct gossip_stats sum = { 0 };

	for (uint32_t i = 0; i < net->cf->nodes; i++) {
		struct gossip_stats s;
		if (net->nodes[i].kind != NET_HONEST)
			continue;
		gossip_stats(net->nodes[i].g, &s);
		sum.messages_in += s.messages_in;
		sum.pulled += s.pulled;
		sum.pull_retries += s.pull_retries;
	}
	return sum;
}

struct gossip_net_config
gossip_net_default(void)
{
	return (struct gossip_net_config){
		.seed = 1,
		.nodes = 100,
		.dials = 10,
		.latency_min_ms = 20,
		.latency_max_ms = 150,
		.publishers = 40,
		.messages = 200,
		.every_ms = 50,
		.warm = 100,
		.bytes = 1000,
		.params = gossip_params_default(),
	};
}

struct gossip_net_result
gossip_net_run(const struct gossip_net_config *cf)
{
	struct gossip_net_result r = { 0 };
	struct gossip_stats start = { 0 };
	uint64_t control = 0;
	static struct net net;

	net_init(&net, cf);
	run_until(&net, net.t.now_ms + 5000);
	for (uint32_t k = 0; k < cf->warm + cf->messages; k++) {
		if (k == cf->warm) {
			start = stats_of(&net);
			control = net.control_bytes;
			net.bad = true;
		}
		publish(&net, k);
		run_until(&net, net.t.now_ms + cf->every_ms);
	}
	run_until(&net, net.t.now_ms + 15000);
	const struct gossip_stats end = stats_of(&net);
	sum_up(&net, &r);
	const uint64_t pairs = (uint64_t)cf->messages * cf->nodes;
	r.bodies_percent =
	    (uint32_t)((end.messages_in - start.messages_in) * 100 / pairs);
	r.pulled_percent =
	    (uint32_t)((end.pulled - start.pulled) * 100 / pairs);
	r.retries = (uint32_t)(end.pull_retries - start.pull_retries);
	r.control_bytes = (net.control_bytes - control) / pairs;
	while (net.heap_n > 0)
		free(heap_take(&net).bytes);
	for (uint32_t i = 0; i < cf->nodes; i++)
		gossip_free(net.nodes[i].g);
	test_env_check(&net.t);
	free(net.heap);
	free(net.nodes);
	free(net.born);
	free(net.delays);
	return r;
}
