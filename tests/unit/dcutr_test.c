/*
 * dcutr: from a circuit to a direct connection, in virtual time; node 0 is
 * the relay, A (1) comes through it to B (2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/nat_net.h"

enum { R, A, B };

static const struct peer_id *
id_of(unsigned i)
{
	return test_net_id(&nat.net, i);
}

static void
tell_addrs(unsigned node)
{
	uint8_t raw[8];
	const struct slice addr = nat_address(node, raw);

	dcutr_addrs_set(nat.nodes[node].dcutr, &addr, 1);
}

static host_conn
setup(bool holes, bool addrs)
{
	struct nat_options o = nat_options();
	uint8_t raw[8];

	nat_init(5);
	nat.holes = holes;
	o.service = true;
	(void)nat_add(&o);
	o.service = false;
	for (unsigned i = A; i <= B; i++) {
		(void)nat_add(&o);
		assert_int_equal(test_net_connect(&nat.net, i, R, NULL), OK);
		if (addrs)
			tell_addrs(i);
	}
	const struct slice addr = nat_address(R, raw);
	relay_addrs_set(nat.nodes[R].relay, &addr, 1);
	nat_run(500);
	assert_int_equal(
	    relay_reserve(nat.nodes[B].relay, id_of(R), nat.net.t.now_ms), OK);
	nat_run(500);
	assert_int_equal(relay_dial(nat.nodes[A].relay, id_of(R), id_of(B), 0,
			     nat.net.t.now_ms),
	    OK);
	nat_run(300);
	const host_conn c = nat_circuit(A, B);
	assert_int_not_equal(c, 0);
	return c;
}

static const struct dcutr_news *
find(unsigned node, enum dcutr_news_type type)
{
	for (unsigned i = nat.nodes[node].punches_n; i-- > 0;)
		if (nat.nodes[node].punches[i].type == type)
			return &nat.nodes[node].punches[i];
	return NULL;
}

static void
a_hole_is_punched(void **state)
{
	struct host_conn_info info;
	struct dcutr_stats s;

	(void)state;
	const host_conn c = setup(true, true);
	nat_run(3000);
	const struct dcutr_news *a = find(A, DCUTR_DIAL);
	const struct dcutr_news *b = find(B, DCUTR_DIAL);
	assert_non_null(a);
	assert_non_null(b);
	/* A is the dialer above TCP, B is not; both from the port. */
	assert_true(a->punch && b->punch);
	assert_true(a->dialer);
	assert_false(b->dialer);
	assert_int_equal(a->addrs_n, 1);
	assert_int_equal(a->addr[0][4], B);
	assert_int_equal(b->addr[0][4], A);
	assert_non_null(find(B, DCUTR_DONE));
	assert_int_equal(find(B, DCUTR_DONE)->error, OK);
	assert_int_equal(find(B, DCUTR_DONE)->tries, 1);
	/* The relayed one is gone, the peers are still connected. */
	nat_run(3000);
	assert_false(host_conn_find(nat.net.nodes[A].host, c, &info));
	assert_int_equal(nat.net.nodes[A].downs, 0);
	assert_int_equal(nat.net.nodes[B].downs, 0);
	const host_conn direct =
	    host_peer_conn(nat.net.nodes[A].host, id_of(B), 0);
	assert_true(host_conn_find(nat.net.nodes[A].host, direct, &info));
	assert_false(info.limited);
	assert_true(info.dialer);
	dcutr_stats(nat.nodes[B].dcutr, &s);
	assert_int_equal(s.punched, 1);
	assert_int_equal(s.now, 0);
	nat_fini();
}

static void
three_tries_and_no_more(void **state)
{
	struct dcutr_stats s;
	struct host_conn_info info;
	unsigned dials = 0;

	(void)state;
	const host_conn c = setup(false, true);
	nat_run(40000);
	for (unsigned i = 0; i < nat.nodes[A].punches_n; i++)
		dials += nat.nodes[A].punches[i].type == DCUTR_DIAL;
	assert_int_equal(dials, 3);
	assert_non_null(find(B, DCUTR_DONE));
	assert_int_equal(find(B, DCUTR_DONE)->error, ERR_CLOSED);
	assert_int_equal(find(B, DCUTR_DONE)->tries, 3);
	assert_string_equal(find(B, DCUTR_DONE)->why, "no packet came through");
	/* They stay on the relay. */
	assert_true(host_conn_find(nat.net.nodes[A].host, c, &info));
	dcutr_stats(nat.nodes[B].dcutr, &s);
	assert_int_equal(s.tried, 3);
	assert_int_equal(s.failed, 1);
	nat_fini();
}

static void
without_addresses_nothing_is_tried(void **state)
{
	(void)state;
	(void)setup(true, false);
	nat_run(5000);
	assert_null(find(A, DCUTR_DIAL));
	assert_null(find(B, DCUTR_DIAL));
	assert_string_equal(
	    find(B, DCUTR_DONE)->why, "we do not know our own address");
	nat_fini();
}

/* A has a public address: B dials it alone, without any round. */
static void
public_peers_are_dialled(void **state)
{
	uint8_t raw[8];

	(void)state;
	nat_init(6);
	struct nat_options o = nat_options();
	o.service = true;
	(void)nat_add(&o);
	o.service = false;
	(void)nat_add(&o);
	(void)nat_add(&o);
	tell_addrs(B);
	const struct slice own = nat_address(A, raw);
	host_listen_set(nat.net.nodes[A].host, &own, 1);
	for (unsigned i = A; i <= B; i++)
		assert_int_equal(test_net_connect(&nat.net, i, R, NULL), OK);
	nat_run(500);
	assert_int_equal(
	    relay_reserve(nat.nodes[B].relay, id_of(R), nat.net.t.now_ms), OK);
	nat_run(500);
	assert_int_equal(relay_dial(nat.nodes[A].relay, id_of(R), id_of(B), 0,
			     nat.net.t.now_ms),
	    OK);
	nat_run(1000);
	const struct dcutr_news *d = find(B, DCUTR_DIAL);
	assert_non_null(d);
	assert_false(d->punch);
	assert_true(d->dialer);
	assert_int_equal(d->addr[0][4], A);
	assert_int_equal(test_net_connect(&nat.net, B, A, NULL), OK);
	nat_run(1000);
	assert_int_equal(find(B, DCUTR_DONE)->error, OK);
	assert_int_equal(find(B, DCUTR_DONE)->tries, 0);
	nat_fini();
}

/* Who is connected directly may not have us dial others. */
static void
direct_peers_may_not_ask(void **state)
{
	struct host_stream s;

	(void)state;
	(void)setup(false, true);
	assert_int_equal(host_stream_open(nat.net.nodes[A].host, id_of(R),
			     DCUTR_PROTOCOL, nat.net.t.now_ms, &s),
	    OK);
	/* type CONNECT with an address, then SYNC */
	static const uint8_t bytes[] = { 0x0c, 0x08, 0x64, 0x12, 0x08, 4, 45, 1,
		2, 3, 6, 0x0f, 0xa1, 0x03, 0x08, 0xac, 0x02 };
	size_t taken = 0;
	assert_int_equal(host_stream_write(nat.net.nodes[A].host, s,
			     slice_of(bytes, sizeof(bytes)), &taken),
	    OK);
	nat_run(1000);
	assert_null(find(R, DCUTR_DIAL));
	nat_fini();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hole_is_punched),
		cmocka_unit_test(three_tries_and_no_more),
		cmocka_unit_test(without_addresses_nothing_is_tried),
		cmocka_unit_test(public_peers_are_dialled),
		cmocka_unit_test(direct_peers_may_not_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
