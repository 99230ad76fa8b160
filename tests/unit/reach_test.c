/* How far addresses carry, and which of them are neighbours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/libp2p/reach.h"

#define P2P "/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"

static struct slice
binary(const char *text, uint8_t raw[MULTIADDR_MAX])
{
	struct buf b = { raw, 0, MULTIADDR_MAX };

	if (text[0] != '\0' && multiaddr_get(slice_str(text), &b) != OK)
		fail_msg("%s", text);
	return buf_slice(&b);
}

static void
test_reach(void **state)
{
	static const struct {
		const char *addr;
		enum reach reach;
	} cases[] = {
		{ "/ip4/0.0.0.0/tcp/1", REACH_NOWHERE },
		{ "/ip4/224.0.0.251/tcp/1", REACH_NOWHERE },
		{ "/ip4/255.255.255.255/tcp/1", REACH_NOWHERE },
		{ "/ip4/127.1.2.3/tcp/1", REACH_MACHINE },
		{ "/ip4/10.1.2.3/tcp/1", REACH_SITE },
		{ "/ip4/172.16.0.1/tcp/1", REACH_SITE },
		{ "/ip4/172.32.0.1/tcp/1", REACH_WORLD },
		{ "/ip4/192.168.0.1/udp/1/quic-v1", REACH_SITE },
		{ "/ip4/169.254.0.1/tcp/1", REACH_SITE },
		{ "/ip4/100.64.0.1/tcp/1", REACH_SITE },
		{ "/ip4/192.0.2.1/tcp/1", REACH_WORLD },
		{ "/ip6/::/tcp/1", REACH_NOWHERE },
		{ "/ip6/::1/tcp/1", REACH_MACHINE },
		{ "/ip6/::2/tcp/1", REACH_NOWHERE },
		{ "/ip6/fe80::1/tcp/1", REACH_SITE },
		{ "/ip6zone/eth0/ip6/fe80::1/tcp/1", REACH_SITE },
		{ "/ip6/fd00::1/tcp/1", REACH_SITE },
		{ "/ip6/fec0::1/tcp/1", REACH_SITE },
		{ "/ip6/ff02::fb/tcp/1", REACH_NOWHERE },
		{ "/ip6/::ffff:127.0.0.1/tcp/1", REACH_MACHINE },
		{ "/ip6/2001:db8::1/tcp/1", REACH_WORLD },
		{ "/dns4/example.org/tcp/1", REACH_WORLD },
		{ "/ip4/10.0.0.1/tcp/1" P2P "/p2p-circuit", REACH_SITE },
		{ "", REACH_NOWHERE },
	};
	uint8_t raw[MULTIADDR_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (reach_of(binary(cases[i].addr, raw)) != cases[i].reach)
			fail_msg("%s", cases[i].addr);
}

static void
test_naming(void **state)
{
	static const struct {
		const char *from, *addr;
		bool may;
	} cases[] = {
		{ "/ip4/192.0.2.1/tcp/1", "/ip4/198.51.100.1/tcp/1", true },
		{ "/ip4/192.0.2.1/tcp/1", "/ip4/10.0.0.1/tcp/1", false },
		{ "/ip4/192.0.2.1/tcp/1", "/ip4/127.0.0.1/tcp/1", false },
		{ "/ip4/10.0.0.2/tcp/1", "/ip4/10.0.0.1/tcp/1", true },
		{ "/ip4/10.0.0.2/tcp/1", "/ip4/127.0.0.1/tcp/1", false },
		{ "/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/1", true },
		{ "/ip4/127.0.0.1/tcp/1", "/ip4/0.0.0.0/tcp/1", false },
		{ "/ip4/10.0.0.2/tcp/1" P2P "/p2p-circuit",
		    "/ip4/10.0.0.1/tcp/1", false },
		{ "/ip4/127.0.0.1/tcp/1" P2P "/p2p-circuit",
		    "/ip4/192.0.2.1/tcp/1", true },
		{ "", "/ip4/10.0.0.1/tcp/1", false },
		{ "", "/dns/example.org/tcp/1", true },
	};
	uint8_t a[MULTIADDR_MAX], b[MULTIADDR_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (reach_may_name(binary(cases[i].from, a),
			binary(cases[i].addr, b)) != cases[i].may)
			fail_msg("%s %s", cases[i].from, cases[i].addr);
}

static void
test_groups(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.255/tcp/9", true },
		{ "/ip4/192.0.2.1/tcp/1", "/ip4/192.0.3.1/tcp/1", false },
		{ "/ip4/192.0.2.1/tcp/1", "/ip6/::ffff:192.0.2.7/tcp/1", true },
		{ "/ip6/2001:db8:0:100::1/tcp/1",
		    "/ip6/2001:db8:0:1ff::9/tcp/1", true },
		{ "/ip6/2001:db8:0:100::1/tcp/1",
		    "/ip6/2001:db8:0:200::1/tcp/1", false },
	};
	uint8_t a[MULTIADDR_MAX], b[MULTIADDR_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const reach_group x = reach_group_of(binary(cases[i].a, a));
		const reach_group y = reach_group_of(binary(cases[i].b, b));
		if (x == 0 || y == 0 || (x == y) != cases[i].same)
			fail_msg("%s %s", cases[i].a, cases[i].b);
	}
	assert_true(reach_group_of(binary("/dns4/example.org/tcp/1", a)) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_naming),
		cmocka_unit_test(test_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
