/*
 * Kademlia against whatever a peer says. The first byte chooses: the bytes
 * as one message (it reads back as it is written); or a server that hears
 * them on a stream; or a client whose question they answer, told at any cut.
 * Memory and tables stay within their bounds, and it all ends.
 */
#include <stdlib.h>

#include "proto/base/varint.h"
#include "tests/unit/kad_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX (3U << 20) /* of a node, whatever it hears */

static void
check_contact(const struct kad_contact *c)
{
	ASSERT(c->id.n > 0 && c->addrs_n <= KAD_ADDRS_MAX);
	for (uint32_t i = 0; i < c->addrs_n; i++)
		ASSERT(kad_contact_addr(c, i).n > 0);
}

static void
one_message(const uint8_t *data, size_t size)
{
	static struct kad_message m, again;
	static uint8_t bytes[KAD_MESSAGE_MAX + VARINT_MAX];
	struct buf b = { bytes, 0, sizeof(bytes) };
	uint8_t key[KAD_KEY_MAX], key2[KAD_KEY_MAX];
	struct test_env t;
	uint64_t len = 0;
	size_t head = 0;

	test_env_init(&t, 1);
	if (kad_message_get(slice_of(data, size), &t.mem, &m, key) == OK) {
		ASSERT(m.closer_n <= KAD_CLOSER_MAX &&
		       m.providers_n <= KAD_CLOSER_MAX);
		for (uint32_t i = 0; i < m.closer_n; i++)
			check_contact(&m.closer[i]);
		for (uint32_t i = 0; i < m.providers_n; i++)
			check_contact(&m.providers[i]);
		ASSERT(kad_message_put(&b, &m) == OK);
		ASSERT(varint_get(buf_slice(&b), &len, &head) == OK);
		ASSERT(kad_message_get(slice_of(bytes + head, (size_t)len),
			   &t.mem, &again, key2) == OK);
		ASSERT(again.type == m.type && slice_eq(again.key, m.key));
		ASSERT(again.closer_n == m.closer_n &&
		       again.providers_n == m.providers_n);
		ASSERT(memcmp(again.closer, m.closer,
			   m.closer_n * sizeof(m.closer[0])) == 0);
	}
	test_env_check(&t);
}

/* What the one who lies does with streams. */
struct liar {
	const uint8_t *data;
	size_t size;
	struct host_stream mine;
	bool ready;
};

static struct liar liar;

/* Node 1 lies; node 0 is ours. */
static void
on_event(struct test_net *net, unsigned node, const struct host_event *ev)
{
	struct kad_net *n = net->user;
	const struct host_stream s = { ev->conn, ev->stream };
	struct host *h = net->nodes[1].host;
	size_t taken = 0;

	if (node == 0) {
		(void)kad_event(n->nodes[0].kad, ev, net->t.now_ms);
		return;
	}
	if (ev->type == HOST_STREAM_OPENED) {
		/* In two pieces, so that one is cut somewhere. */
		const size_t half = liar.size / 2;
		(void)!host_stream_write(
		    h, s, slice_of(liar.data, half), &taken);
		(void)!host_stream_write(
		    h, s, slice_of(liar.data + half, liar.size - half), &taken);
		host_stream_close(h, s);
	}
	if (ev->type == HOST_STREAM_DATA || ev->type == HOST_STREAM_END)
		host_stream_consume(h, s, host_stream_read(h, s).n);
}

static void
with_liar(bool asks, const uint8_t *data, size_t size)
{
	const struct kad_params params = kad_params_default();
	struct kad_net *n = kad_net_new(1);
	struct kad_stats stats;
	uint32_t query = 0;
	size_t taken = 0;

	liar = (struct liar){ .data = data, .size = size };
	(void)kad_net_add(n, &params, true);
	(void)kad_net_add(n, &params, true);
	n->net.on_event = on_event;
	kad_net_tell(n, 0, 1);
	kad_net_run(n, 1000);
	if (asks &&
	    host_stream_open(n->net.nodes[1].host, test_net_id(&n->net, 0),
		KAD_NET_PROTOCOL, n->net.t.now_ms, &liar.mine) == OK) {
		(void)!host_stream_write(n->net.nodes[1].host, liar.mine,
		    slice_of(data, size), &taken);
		host_stream_close(n->net.nodes[1].host, liar.mine);
	} else if (kad_lookup(n->nodes[0].kad, KAD_CLOSEST,
		       slice_str("somewhere"), n->net.t.now_ms, &query) != OK) {
		query = 0;
	}
	n->net.step_ms = 50; /* time goes by faster from here on */
	kad_net_run(n, 70000);
	ASSERT(query == 0 || n->nodes[0].done == 1);
	ASSERT(n->net.nodes[0].mem.used <= MEMORY_MAX);
	kad_stats(n->nodes[0].kad, &stats);
	ASSERT(stats.table_now <= 1);
	ASSERT(stats.providers_now <= 1);
	ASSERT(n->nodes[0].told <=
	       (params.asked_max + KAD_CLOSER_MAX) * KAD_ADDRS_MAX * 8);
	kad_net_free(n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 20000)
		return 0;
	if (data[0] % 64 == 1)
		with_liar(true, data + 1, size - 1);
	else if (data[0] % 64 == 2)
		with_liar(false, data + 1, size - 1);
	else
		one_message(data + 1, size - 1);
	return 0;
}
