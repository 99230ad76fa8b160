/* What the host remembers of those who left, and tells of those it knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "tests/unit/test_net.h"

static struct test_net net; /* large: not on the stack */

static unsigned
add(void)
{
	struct host_config cf = test_net_config();

	cf.limits.outbound_wanted = 0;
	return test_net_add(&net, &cf);
}

static bool
left_at(uint32_t i, unsigned node, struct host_left *out)
{
	return host_left_at(net.nodes[0].host, i, out) &&
	       peer_id_eq(&out->id, test_net_id(&net, node));
}

static void
test_who_left_and_why(void **state)
{
	struct host_left l;
	unsigned wire = 0;

	(void)state;
	test_net_init(&net, 1);
	for (unsigned i = 0; i < 3; i++)
		(void)add();
	struct host *h = net.nodes[0].host;
	assert_false(host_left_at(h, 0, &l));
	assert_int_equal(test_net_connect(&net, 1, 0, &wire), OK);
	assert_int_equal(test_net_connect(&net, 2, 0, NULL), OK);
	test_net_run(&net, 2000);
	assert_false(host_left_at(h, 0, &l));
	test_net_cut(&net, wire);
	test_net_run(&net, 1000);
	assert_true(left_at(0, 1, &l));
	assert_string_equal(l.why, "the connection was cut");
	assert_false(host_left_at(h, 1, &l));
	host_conn_close(h, host_peer_conn(h, test_net_id(&net, 2), 0),
	    "told to go", net.t.now_ms);
	test_net_run(&net, 1000);
	assert_true(left_at(0, 2, &l));
	assert_string_equal(l.why, "told to go");
	assert_int_equal(l.error, OK);
	const uint64_t at = l.at_ms;
	assert_true(left_at(1, 1, &l));
	assert_true(l.at_ms < at);
	test_net_fini(&net);
}

/* One that keeps coming and going fills the ring and no more. */
static void
test_the_ring_is_bounded(void **state)
{
	struct host_left l;
	unsigned wire = 0;

	(void)state;
	test_net_init(&net, 2);
	(void)add();
	(void)add();
	(void)add();
	assert_int_equal(test_net_connect(&net, 2, 0, &wire), OK);
	test_net_run(&net, 500);
	test_net_cut(&net, wire);
	test_net_run(&net, 100);
	for (unsigned i = 0; i < HOST_LEFT_MAX; i++) {
		assert_true(host_left_at(net.nodes[0].host, i, &l));
		assert_int_equal(test_net_connect(&net, 1, 0, &wire), OK);
		test_net_run(&net, 500);
		test_net_cut(&net, wire);
		test_net_run(&net, 100);
	}
	for (unsigned i = 0; i < HOST_LEFT_MAX; i++)
		assert_true(left_at(i, 1, &l));
	assert_false(host_left_at(net.nodes[0].host, HOST_LEFT_MAX, &l));
	test_net_fini(&net);
}

static void
test_what_is_known(void **state)
{
	struct host_known_peer k;
	struct peer_id id = { 0 };
	uint8_t at[8];
	unsigned found = 0;

	(void)state;
	test_net_init(&net, 3);
	(void)add();
	(void)add();
	struct host *h = net.nodes[0].host;
	id = *test_net_id(&net, 1);
	assert_int_equal(host_peer_add(h, &id, test_net_address(1, at),
			     PEER_DISK, net.t.now_ms),
	    OK);
	for (uint32_t i = 0; host_known_peer_at(h, i, &k); i++) {
		if (k.id.n == 0)
			continue;
		found++;
		assert_true(peer_id_eq(&k.id, &id));
		assert_int_equal(k.source, PEER_DISK);
		assert_int_equal(k.addrs_n, 1);
		assert_false(k.proven);
		assert_int_equal(k.seen_ms, 0);
	}
	assert_int_equal(found, 1);
	test_net_fini(&net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_left_and_why),
		cmocka_unit_test(test_the_ring_is_bounded),
		cmocka_unit_test(test_what_is_known),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
