/*
 * nat: what a hostile peer writes on the streams of the relay, AutoNAT and
 * DCUtR, in both roles. The first byte chooses who opens which stream, the
 * second how the rest is cut; the rest is what the peer says.
 *
 * Properties: nothing leaks, nothing is logged as our own fault, memory
 * stays within bounds, and however the bytes are cut, the same comes of it.
 * What the codecs take apart they put together again.
 */
#include <stdlib.h>

#include "proto/libp2p/autonat_wire.h"
#include "proto/libp2p/relay_wire.h"
#include "tests/unit/nat_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MEMORY_MAX (8U << 20)

enum { OURS, PEER, OTHER };

struct outcome {
	struct relay_stats relay;
	struct autonat_stats autonat;
	struct dcutr_stats dcutr;
	unsigned news, dials, punches;
};

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static void
their_stream(unsigned choice, struct slice bytes)
{
	static const char *const protocols[] = { RELAY_HOP_PROTOCOL,
		RELAY_STOP_PROTOCOL, AUTONAT_DIAL_PROTOCOL,
		AUTONAT_BACK_PROTOCOL, DCUTR_PROTOCOL };
	struct nat_node *p = &nat.nodes[PEER];

	if (host_stream_open(nat.net.nodes[PEER].host,
		test_net_id(&nat.net, OURS), protocols[choice % 5],
		nat.net.t.now_ms, &p->opened) == OK)
		p->left = bytes;
}

/* Something of ours that the peer answers. */
static void
our_stream(unsigned choice)
{
	struct nat_node *o = &nat.nodes[OURS];
	const struct peer_id *peer = test_net_id(&nat.net, PEER);
	const uint64_t now = nat.net.t.now_ms;
	uint8_t raw[8];
	const struct slice addr = nat_address(OURS, raw);

	switch (choice % 3) {
	case 0:
		check(relay_reserve(o->relay, peer, now) == OK);
		break;
	case 1:
		check(relay_dial(o->relay, peer, test_net_id(&nat.net, OTHER),
			  0, now) == OK);
		break;
	default:
		autonat_addrs_set(o->autonat, &addr, 1, now);
		break;
	}
}

static void
run(const uint8_t *data, size_t n, size_t cut, struct outcome *out)
{
	struct nat_options o = nat_options();
	uint8_t raw[8];

	nat_init(3);
	nat.net.whole = true;
	o.service = true;
	for (unsigned i = 0; i < 3; i++)
		(void)nat_add(&o);
	for (unsigned i = PEER; i <= OTHER; i++)
		check(test_net_connect(&nat.net, i, OURS, NULL) == OK);
	const struct slice addr = nat_address(OURS, raw);
	dcutr_addrs_set(nat.nodes[OURS].dcutr, &addr, 1);
	relay_addrs_set(nat.nodes[OURS].relay, &addr, 1);
	nat_run(300);
	nat.net.step_ms = 100;
	nat.nodes[PEER].hostile = slice_of(data + 2, n - 2);
	nat.nodes[PEER].cut = cut;
	if (data[0] & 0x10) /* OTHER holds a place that PEER may call */
		check(relay_reserve(nat.nodes[OTHER].relay,
			  test_net_id(&nat.net, OURS), nat.net.t.now_ms) == OK);
	if (data[0] & 0x20)
		our_stream(data[0]);
	else
		their_stream(data[0], nat.nodes[PEER].hostile);
	/* Longer than the slowest writer takes. */
	nat_run(6000);
	for (unsigned i = 0; i < 3; i++)
		check(nat.net.nodes[i].mem.used < MEMORY_MAX);
	nat_run(20000);
	*out = (struct outcome){ .news = nat.nodes[OURS].news_n,
		.dials = nat.nodes[OURS].dials_n,
		.punches = nat.nodes[OURS].punches_n };
	relay_stats(nat.nodes[OURS].relay, &out->relay);
	autonat_stats(nat.nodes[OURS].autonat, &out->autonat);
	dcutr_stats(nat.nodes[OURS].dcutr, &out->dcutr);
	nat_fini();
}

static void
check_hop(struct slice body, bool stop)
{
	static uint8_t one[32768], two[32768], bytes[16384];
	struct protobuf p, q;
	struct relay_message m, again;
	struct buf b = { bytes, 0, sizeof(bytes) };
	struct slice inner = { NULL, 0 };
	size_t used = 0;

	protobuf_init_block(&p, one, sizeof(one));
	if (relay_message_get(&p, stop, body, &m) != OK)
		return;
	check(relay_message_put(&b, stop, &m) == OK);
	check(frame_get(buf_slice(&b), sizeof(bytes), &inner, &used) == OK);
	check(used == b.n);
	protobuf_init_block(&q, two, sizeof(two));
	check(relay_message_get(&q, stop, inner, &again) == OK);
	check(m.type == again.type && m.status == again.status &&
	      m.has_peer == again.has_peer && m.has_limit == again.has_limit &&
	      m.limit_bytes == again.limit_bytes &&
	      peer_id_eq(&m.peer, &again.peer));
	if (!stop)
		check(
		    m.addrs_n == again.addrs_n && m.expire_s == again.expire_s);
}

static void
check_autonat(struct slice body)
{
	static uint8_t one[65536], two[65536], bytes[65536];
	struct protobuf p, q;
	struct autonat_message m, again;
	struct buf b = { bytes, 0, sizeof(bytes) };
	struct slice inner = { NULL, 0 };
	size_t used = 0;

	protobuf_init_block(&p, one, sizeof(one));
	if (autonat_message_get(&p, body, &m) != OK)
		return;
	check(autonat_message_put(&b, &m) == OK);
	check(frame_get(buf_slice(&b), sizeof(bytes), &inner, &used) == OK);
	protobuf_init_block(&q, two, sizeof(two));
	check(autonat_message_get(&q, inner, &again) == OK);
	check(m.type == again.type && m.nonce == again.nonce &&
	      m.addrs_n == again.addrs_n && m.status == again.status &&
	      m.bytes == again.bytes && slice_eq(m.data, again.data));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct outcome whole, cut;

	if (n < 2 || n > 20000)
		return 0;
	check_hop(slice_of(data + 2, n - 2), false);
	check_hop(slice_of(data + 2, n - 2), true);
	check_autonat(slice_of(data + 2, n - 2));
	run(data, n, SIZE_MAX, &whole);
	/* As many pieces as go into the time that it takes; see run(). */
	run(data, n, MAX((size_t)1 + data[1] % 64, n / 40 + 1), &cut);
	check(whole.news == cut.news && whole.dials == cut.dials &&
	      whole.punches == cut.punches);
	check(whole.relay.refused == cut.relay.refused &&
	      whole.relay.reservations == cut.relay.reservations &&
	      whole.relay.circuits == cut.relay.circuits &&
	      whole.relay.accepted == cut.relay.accepted &&
	      whole.relay.failed == cut.relay.failed);
	check(whole.autonat.served == cut.autonat.served &&
	      whole.autonat.refused == cut.autonat.refused &&
	      whole.autonat.yes == cut.autonat.yes);
	check(whole.dcutr.tried == cut.dcutr.tried);
	return 0;
}
