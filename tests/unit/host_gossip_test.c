/* What joins the router to the host: peer exchange, explicit peers, why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/libp2p/multiaddr.h"
#include "tests/unit/test_net.h"

#define T "/ohcn/1/test/demand"

static void
listen_on(struct test_net *net, unsigned node, const char *text)
{
	uint8_t raw[64];
	struct buf b = { raw, 0, sizeof(raw) };

	assert_int_equal(multiaddr_get(slice_str(text), &b), OK);
	const struct slice addr = buf_slice(&b);
	host_listen_set(net->nodes[node].host, &addr, 1);
}

/* The mesh of the hub has room for one; who comes late hears of that one. */
static void
exchange(int32_t trust, unsigned *known, uint64_t *refused)
{
	static struct test_net net;
	struct host_config cf = test_net_config(), small = test_net_config();
	struct slice addrs[PEER_ADDRS_MAX];
	struct host_stats s;

	test_net_init(&net, 11);
	small.gossip.d = small.gossip.d_lo = small.gossip.d_hi = 1;
	small.gossip.d_out = 0;
	const unsigned hub = test_net_add(&net, &small);
	const unsigned first = test_net_add(&net, &cf);
	const unsigned late = test_net_add(&net, &cf);
	listen_on(&net, first, "/ip4/198.51.100.7/tcp/4001");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
		    host_subscribe(net.nodes[i].host, T, net.t.now_ms), OK);
	assert_int_equal(test_net_connect(&net, first, hub, NULL), OK);
	test_net_run(&net, 3000);
	if (trust != 0)
		assert_int_equal(
		    host_peer_app_score(net.nodes[late].host,
			test_net_id(&net, hub), trust * GOSSIP_POINT),
		    OK);
	assert_int_equal(test_net_connect(&net, late, hub, NULL), OK);
	test_net_run(&net, 3000);
	*known = host_peer_addrs(
	    net.nodes[late].host, test_net_id(&net, first), addrs);
	host_stats(net.nodes[hub].host, &s);
	assert_true(s.gossip.exchange_out >= 1);
	host_stats(net.nodes[late].host, &s);
	*refused = s.gossip.exchange_refused;

	/* And both can say why. */
	struct gossip_peer_explain x;
	assert_true(host_peer_explain(
	    net.nodes[late].host, test_net_id(&net, hub), net.t.now_ms, &x));
	assert_int_equal(x.topics_n, 1);
	assert_string_equal(x.topics[0].name, T);
	assert_int_equal(x.topics[0].standing, GOSSIP_BACKOFF);
	assert_true(x.topics[0].backoff_until_ms > net.t.now_ms);
	assert_int_equal(x.score.application, trust * GOSSIP_POINT);
	struct gossip_topic_explain t;
	assert_true(
	    host_topic_explain(net.nodes[late].host, T, net.t.now_ms, &t));
	assert_int_equal(t.standing[GOSSIP_BACKOFF], 1);
	assert_int_equal(t.missing, cf.gossip.d_lo);
	struct host_peer_info info;
	assert_true(host_peer_find(
	    net.nodes[late].host, test_net_id(&net, hub), &info));
	assert_int_equal(info.score, trust);
	test_net_fini(&net);
}

static void
test_exchange(void **state)
{
	unsigned known = 0;
	uint64_t refused = 0;

	(void)state;
	exchange(0, &known, &refused);
	assert_int_equal(known, 0); /* anybody could say anything */
	assert_true(refused >= 1);
	exchange(1000, &known, &refused);
	assert_int_equal(known, 1);
	assert_int_equal(refused, 0);
}

/* An explicit peer is in no mesh, gets everything, and is dialled again. */
static void
test_direct(void **state)
{
	static struct test_net net;
	struct host_config cf = test_net_config();
	struct host_dial dial;
	struct gossip_peer_explain x;
	uint8_t raw[64];
	struct buf addr = { raw, 0, sizeof(raw) };
	uint32_t sent = 0;
	unsigned wire = 0;

	(void)state;
	test_net_init(&net, 12);
	cf.limits.outbound_wanted = 0;
	const unsigned a = test_net_add(&net, &cf);
	const unsigned b = test_net_add(&net, &cf);
	struct host *ha = net.nodes[a].host, *hb = net.nodes[b].host;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
		    host_subscribe(net.nodes[i].host, T, net.t.now_ms), OK);
	assert_int_equal(host_direct_add(ha, test_net_id(&net, b)), OK);
	assert_int_equal(host_direct_add(ha, test_net_id(&net, b)), ERR_EXISTS);
	assert_int_equal(host_direct_add(hb, test_net_id(&net, a)), OK);
	assert_int_equal(test_net_connect(&net, a, b, &wire), OK);
	test_net_run(&net, 2500);
	assert_true(
	    host_peer_explain(ha, test_net_id(&net, b), net.t.now_ms, &x));
	assert_true(x.direct);
	assert_int_equal(x.topics[0].standing, GOSSIP_EXPLICIT);
	assert_int_equal(host_publish(ha, T, slice_str("to an explicit peer"),
			     false, net.t.now_ms, &sent),
	    OK);
	assert_int_equal(sent, 1);
	test_net_run(&net, 100);
	assert_int_equal(net.nodes[b].messages, 1);

	assert_int_equal(
	    multiaddr_get(slice_str("/ip4/10.0.0.1/tcp/4001"), &addr), OK);
	assert_int_equal(host_peer_add(ha, test_net_id(&net, b),
			     buf_slice(&addr), PEER_OPERATOR, net.t.now_ms),
	    OK);
	test_net_cut(&net, wire);
	assert_false(
	    host_peer_explain(ha, test_net_id(&net, b), net.t.now_ms, &x));
	bool dialled = false;
	for (unsigned i = 0; i < 80 && !dialled; i++) {
		test_net_run(&net, 1000);
		while (host_next_dial(ha, &dial)) {
			dialled |= peer_id_eq(&dial.peer, test_net_id(&net, b));
			host_dial_failed(ha, dial.number, net.t.now_ms);
		}
	}
	assert_true(dialled);
	host_direct_del(ha, test_net_id(&net, b));
	test_net_fini(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_direct),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
